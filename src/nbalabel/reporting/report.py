"""``report``: one page about a dataset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..core.errors import DataError
from ..core.tables.schema import LabeledImages
from ..learn.runs.run import Run
from .numbers.gathered import gather, last_of
from .numbers.quality import runs_of
from .page.pictures import pictures
from .value import Report


def report(
    ds: LabeledImages,
    runs: Run | Sequence[Run] | Mapping[str, Run] | None = None,
    *,
    test: Any = None,
    before: str | None = None,
    after: str | None = None,
    title: str | None = None,
    draws: int = 400,
    seed: int = 0,
) -> Report:
    """One page about a dataset: rounds, quality, what is labeled, who did what, what changed, what lacks.

        r = nl.report(ds, runs=[first, second])     # shows itself in a notebook
        r.save("report.html")                       # one file, no scripts, nothing from elsewhere
        r.rounds, r.quality, r.labels, r.people     # the same numbers as DataFrames

    Runs are measured against the labels of the test images as they are now; what nobody knows is left out, as
    in :meth:`Run.evaluate`. Intervals are 95 % bootstrap intervals by image, from the same draws for every
    run (:func:`map_intervals`).

    Args:
        ds: a Dataset; of a Version or Tables, all that needs a history is left out.
        runs: predictions in the order of the rounds, or by name; None: those saved in ``ds.runs_folder``.
        test: images to measure on, rows or ids; None: those of split test, else val.
        before: version to compare from; None: the first.
        after: version to compare to; None: the working copy.
        title: heading; None: the name of the folder.
        draws: of the bootstrap.
        seed: of the bootstrap and of what is likely missing.

    Raises:
        UnknownNameError: there are no such versions or images.
        DataError: draws are below 2, or versions are to be compared where there are none.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=8, n_test=6, size=96)
        >>> r = nl.report(ds, runs=nl.demo.simulated_run(ds), draws=50)
        >>> len(r.rounds), len(r.quality), list(r.labels.index)
        (1, 1, ['fish'])
        >>> ds.close()
    """
    if draws < 2:
        raise DataError(f"draws must be 2 or more, got {draws}")
    named = runs_of(ds, runs)
    numbers = gather(ds, named, test=test, before=before, after=after, draws=draws, seed=seed)
    folder = getattr(ds, "folder", None)
    name = title if title is not None else Path(folder).stem if folder is not None else "Tables"
    return Report(name, numbers, pictures(ds, last_of(named), numbers))
