"""``raters``: how far several annotators agree."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ...core.errors import DataError
from ...core.tables.opinions import GivesOpinions
from ...core.tables.schema import LabeledImages
from ..runs.frozen_tables import Snapshot
from ..runs.run import new_id
from .compared import Raters
from .opinions import Opinions, opinions_by, opinions_of
from .units import units_of


def raters(
    of: Mapping[str, LabeledImages] | Sequence[LabeledImages] | LabeledImages | GivesOpinions,
    *,
    by: str | None = None,
    looked: Mapping[str, Iterable[int]] | None = None,
    iou: float = 0.5,
    draws: int = 1000,
    seed: int = 0,
) -> Raters:
    """Compare what several annotators drew: whether it is there, what it is called, where its outline runs.

    Instances are joined to units by place alone: pairs of different annotators, those of the highest mask IoU
    first, unless one annotator would be in a unit twice. Then labels and outlines are compared.

    An annotator looked at an image that is complete or empty in their table, or on which they have an
    instance. In a shared table (``by``) a complete image counts as looked at by all. Crowds, instances that
    are only proposed, and what lies to more than half in a crowd or a region to ignore of anybody are left
    out, as are images that fewer than two looked at.

    Args:
        of: annotator -> Dataset, Version or Tables; or several of these, which are named by their version; or
            one of them, whose instances say in column ``by`` who drew them; or a Queue of images. Images of
            different datasets are the same if their files have the same name.
        by: column of instances with the name of the annotator, such as "origin" or a column of your own; rows
            without a name are left out.
        looked: annotator -> ids of the images that they looked at, in their table, where states do not say
            so: always where annotators share a table and each labeled a part of it.
        iou: least mask IoU of a pair that joins a unit, above 0, at most 1.
        draws: draws of images for the 95% intervals; 0: no intervals.
        seed: of the draws.

    Raises:
        DataError: fewer than two annotators, no image that two looked at, no image that two tables share,
            images of different size, or an option out of range.
        UnknownNameError: there is no column ``by``, or ``looked`` names somebody else.

    Source: D. Tschirschwitz, V. Rodehorst, KaLOS, CVPR 2026, https://arxiv.org/abs/2603.27197;
        A. Kirillov et al., Panoptic segmentation, CVPR 2019, https://arxiv.org/abs/1801.00868

    Example:
        >>> import nbalabel as nl, tempfile
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=12, n_test=0)
        >>> r = nl.raters({"ana": ds, "truth": nl.demo.truth(ds)})
        >>> r.n_images, r.alpha.value, r.existence.value, r.outline.value
        (12, 1.0, 1.0, 1.0)
        >>> ds.close()
    """
    if not 0 < iou <= 1:
        raise DataError(f"iou must lie above 0 and be 1 at most, got {iou}")
    if draws < 0:
        raise DataError(f"draws must be 0 or more, got {draws}")
    if isinstance(of, GivesOpinions):
        looked = of.looked() if looked is None else looked
        of = of.opinions()
    opinions = _opinions(of, by, looked)
    return Raters(new_id("raters"), iou, draws, seed, opinions, units_of(opinions, iou))


def _opinions(of: Any, by: str | None, looked: Mapping[str, Iterable[int]] | None) -> Opinions:
    if isinstance(of, Mapping):
        tables = dict(of)
    elif isinstance(of, Sequence) and not isinstance(of, str):
        tables = dict(zip(_names(of), of, strict=True))
    elif by is None:
        raise DataError(
            f"one {type(of).__name__} has many annotators only if a column says who drew what: "
            'raters(ds, by="annotator"); or give several: raters({"ana": a, "bo": b})'
        )
    else:
        return opinions_by(Snapshot.of(_checked(of, "of")), by, looked)
    if by is not None:
        raise DataError("by= names a column of one table; several tables have an annotator each")
    if len(tables) < 2:
        raise DataError(f"agreement takes two annotators or more, got {len(tables)}")
    frozen: dict[str, LabeledImages] = {
        str(name): Snapshot.of(_checked(t, f"of {name}")) for name, t in tables.items()
    }
    return opinions_of(frozen, looked)


def _checked(tables: Any, what: str) -> Any:
    if not all(hasattr(tables, name) for name in ("images", "instances", "labels")):
        raise DataError(f"expected a Dataset, a Version or Tables {what}, got {type(tables).__name__}")
    return tables


def _names(tables: Sequence[Any]) -> list[str]:
    """A name for each: its version, or its number; versions of the same name are numbered."""
    found: list[str] = []
    for number, table in enumerate(tables, 1):
        name = str(getattr(table, "version_id", None) or f"tables {number}")
        found.append(name if name not in found else f"{name} ({number})")
    return found
