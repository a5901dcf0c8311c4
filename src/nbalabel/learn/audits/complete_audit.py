"""``nl.completeness_audit``: is anything missing? Asked about parts of images drawn at random."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...core.certificate import fingerprints
from ...core.errors import DataError, UnknownNameError, first
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages
from ..propagate.state.ledger import UNKNOWN
from ..runs.frozen_tables import state_of
from .asked import Audit, Facts
from .begin import Terms, begin, prints_of
from .rows import Rows, strata_of
from .statements import TILES
from .tiles import tiles_of


def completeness_audit(
    tables: LabeledImages,
    images: Any = None,
    *,
    tile: int = 256,
    target_quality: float = 0.95,
    alpha: float = 0.05,
    estimate: bool = False,
    width: float | None = None,
    by: str | None = None,
    each: int = 0,
    budget: int | None = None,
    repeats: float = 0.0,
    seed: int = 0,
    name: str | None = None,
    journal: str | Path | bool = True,
    **options: Any,
) -> Audit:
    """Is anything missing on images that are said to be complete? Ask about parts of them, drawn at random.

        t = nl.completeness_audit(ds)             # tiles of all complete and empty images
        nl.Verify(t, context=0.2)                 # yes: nothing is missing in this tile
        ds.certify(t)

    Images are cut into tiles. A tile shows its masks in outline, and its own edge. The answer is yes where
    everything whose middle lies in the tile has a mask. The statement is about the share of tiles with
    nothing missing, by the bounds of :func:`nbalabel.audit`; it says in how many tiles something is missing
    at most, not how many instances that are.

    Args:
        tables: a Dataset, a Version or Tables.
        images: ids or rows of images; None takes all that are complete or empty.
        tile: longest side of a tile, pixels, 16 or more. Larger tiles take fewer answers, and things are
            overlooked more easily.
        target_quality: share of tiles with nothing missing to show, within 0..1.
        alpha: probability that the statement is wrong, within 0..1.
        estimate: no target: state the share with an interval.
        width: width of the interval at which an estimate ends, 0..1; None: 0.1, or none with a budget.
        by: a column of images, such as "group": `Audit.strata` has an interval for each of its values.
        each: answers wanted for each value of ``by``.
        budget: most answers to ask for; None sets no limit.
        repeats: tiles answered before that are mixed in again per tile asked about, 0..1.
        seed: seed of the random order.
        name: name of the set, for the certificate; None makes one.
        journal: as in :func:`nbalabel.audit`.
        **options: ``n_samples``, most tiles per question (15).

    Raises:
        DataError: no image is labeled all over, or a number is out of range.
        UnknownNameError: images or the column do not exist.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=40, n_labeled=30, n_test=2, size=96)
        >>> t = nl.completeness_audit(ds, tile=48, target_quality=0.9)
        >>> while (question := t.ask()) is not None:
        ...     t.tell(question, [True] * len(question.ids), annotator="anna")
        >>> t.statement.split(" (")[0]
        'Of the 128 tiles at least 90% have nothing missing'
        >>> ds.close()
    """
    if tile < 16:
        raise DataError(f"tile must be 16 pixels or more, got {tile}")
    chosen = _chosen(tables.images, images)
    table = tiles_of(tables, chosen, tile)
    if not len(table):
        raise DataError("all of these images lie in regions to ignore: there is nothing to ask about")
    strata, names = strata_of(table, by, tables)
    found = Rows(table, np.full(len(table), UNKNOWN, np.int8), strata, names, "instances")
    ids, prints = fingerprints(tables.instances[tables.instances["image_id"].isin(chosen.index)])
    many = f"{len(table):,} tiles of {len(chosen):,} images"
    what = f"{many}, {tile} pixels or less a side; right means nothing is missing in it"
    facts = Facts(name or many, what, _RULES, ids, prints, **state_of(tables), words=TILES)
    places = prints_of(table[["image_id", *"xywh"]].to_numpy(np.uint64))
    terms = Terms(
        target_quality=target_quality,
        alpha=alpha,
        estimate=estimate,
        width=width,
        each=each,
        budget=budget,
        repeats=repeats,
        seed=seed,
        journal=journal,
        options=options,
    )
    return begin(found, facts, tables, f"{prints_of(prints)} tiles {places} by {by} {names}", terms)


def _chosen(images: pd.DataFrame, given: Any) -> pd.DataFrame:
    if given is None:
        whole = images[labeled_all_over(images)]
        if not len(whole):
            raise DataError("no image is complete or empty: ds.mark_complete(images) says which are")
        return whole
    ids = given.index if isinstance(given, pd.DataFrame | pd.Series) else pd.Index(given)
    lost = ids[~ids.isin(images.index)]
    if len(lost):
        raise UnknownNameError(f"there are no images {first(lost)}")
    return images.loc[ids]


_RULES = (
    "Yes: everything whose middle lies inside the frame has a mask. How good the masks are does not matter "
    "here.\n"
    "No: something whose middle lies inside the frame has no mask."
)
