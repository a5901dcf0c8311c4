"""Predicting in other processes or on a cluster: a call is a part, and writes it to the folder of the Run."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import local
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.progress import Bar
from ...core.tables.schema import LabeledImages
from ...core.urls import local_path
from ...engine.run import On, run
from . import inference
from .resumable import Part, Parts

Opener: TypeAlias = Callable[[], inference.Finder]
"""Makes a network ready to predict, in a worker; can be pickled."""

_HELD = local()


@dataclass(frozen=True)
class Made:
    """What a worker says of a part: its results stay in the folder.

    Attributes:
        worker: host and process.
        images: images predicted on.
        failed: images that could not be read.
        seconds: how long it took.
        cpu_seconds: how much of a processor it took.
    """

    worker: str
    images: int
    failed: int
    seconds: float
    cpu_seconds: float


@dataclass(frozen=True)
class MakePart:
    """Predict on the images of one part and write it, in a worker.

    Attributes:
        open: makes the network; it is kept for the parts that follow.
        tables: tables without rows; each call brings the rows of its images.
        settings: how to predict.
        batch: images at once.
        folder: of the Run; every worker reaches it by this path.
        fingerprint: of the prediction.
    """

    open: Opener
    tables: Any
    settings: inference.Settings
    batch: int
    folder: Path
    fingerprint: str

    def __call__(self, number: int, images: pd.DataFrame) -> Made:
        """Make part ``number``, unless it is there."""
        began, cpu = time.perf_counter(), time.process_time()
        worker = f"{socket.gethostname()}:{os.getpid()}"
        parts = Parts.of(self.folder, self.fingerprint)
        if parts.has(number):
            return Made(worker, 0, 0, 0.0, 0.0)
        tables, ids = replace(self.tables, images=images), images.index.to_numpy(np.int64)
        bar = Bar(disable=True)
        part = inference.part_of(self._finder(), tables, ids, self.settings, self.batch, bar)
        parts.put(number, part)
        took = time.perf_counter() - began, time.process_time() - cpu
        return Made(worker, len(ids), len(part.failed), *took)

    def _finder(self) -> inference.Finder:
        """The network of this thread: networks are not made for several threads at once."""
        if getattr(_HELD, "fingerprint", None) != self.fingerprint:
            _HELD.finder, _HELD.fingerprint = self.open(), self.fingerprint
        finder: inference.Finder = _HELD.finder
        return finder


def predict(
    make: MakePart, tables: LabeledImages, ids: npt.NDArray[np.int64], parts: Parts, on: On
) -> tuple[Part, bool, pd.DataFrame]:
    """Have workers make the parts that are missing.

    Args:
        make: what a worker does.
        tables: the tables of the images.
        ids: ids of the images predicted on.
        parts: of the folder.
        on: where to run; see :func:`nbalabel.engine.run.run`.

    Returns:
        What was found, whether it was interrupted before the end, and what each worker did.
    """
    cut = inference.cuts(ids)
    done = {number for number in range(len(cut)) if parts.has(number)}
    made: list[Made] = []
    missing = ((n, tables.images.loc[chosen]) for n, chosen in enumerate(cut) if n not in done)
    interrupted = False
    with Bar(total=len(ids), desc="predicting", unit="image", delay=1, leave=False) as bar:
        bar.update(sum(len(cut[number]) for number in done))
        try:
            for number, one in run(make, missing, on):
                done.add(number)
                made.append(one)
                bar.set_postfix_str(_said(made), refresh=False)
                bar.update(len(cut[number]))
        except KeyboardInterrupt:
            interrupted = True
    return inference.gathered(parts, done), interrupted, by_worker(made)


def by_worker(made: list[Made]) -> pd.DataFrame:
    """Images, images that failed and seconds of each worker."""
    names = [field.name for field in fields(Made)]
    return pd.DataFrame([vars(one) for one in made], columns=names).groupby("worker").sum()


def _said(made: list[Made]) -> str:
    failed, workers = sum(one.failed for one in made), {one.worker for one in made}
    return f"{len(workers)} workers" + (f", {failed} failed" if failed else "")


def without_rows(tables: LabeledImages) -> Any:
    """The same tables without a row, which can be pickled: a worker reads pictures through them.

    Raises:
        DataError: these tables cannot go to another process.
    """
    subset = getattr(tables, "subset", None)
    if subset is None:
        raise DataError(
            f"on= takes a Dataset, a Version or Tables, whose pictures other processes can read; got "
            f"{type(tables).__name__}"
        )
    return subset(tables.images.index[:0])


@contextmanager
def place(folder: str | Path | None, on: On) -> Iterator[Path]:
    """Where parts are kept: the folder of the Run, or for processes of this machine a temporary one.

    Raises:
        DataError: a cluster, and no folder that all its workers reach.
    """
    if folder is not None:
        yield local_path(folder).expanduser().absolute()
    elif isinstance(on, int):
        with TemporaryDirectory(prefix="nbalabel-parts-") as made:
            yield Path(made)
    else:
        raise DataError(
            "on= needs folder= for a cluster: a folder that this notebook and every worker reach by the same "
            'path; predict(ds, folder="runs/7", on=client)'
        )
