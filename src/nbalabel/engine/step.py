"""A step: work on many images, cut into parts, each made here or elsewhere and kept as a shard."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import local
from typing import Any, Protocol, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..core.errors import DataError
from ..core.progress import Bar
from ..core.urls import local_path
from .run import On, run
from .shards import Kept, Shard, Shards

_MOST_PARTS = 20_000

Argument = TypeVar("Argument")
_Taken = TypeVar("_Taken", contravariant=True)
Tell: TypeAlias = Callable[[int], object]
"""Called with a number of images that are done, or could not be done."""

_HELD = local()


class Step(Protocol[_Taken]):
    """What is done with a part; can be pickled where it is to go elsewhere."""

    def open(self) -> Any:
        """What is kept for the parts that follow, such as a network; None for nothing."""

    def make(self, held: Any, argument: _Taken, tell: Tell) -> Shard:
        """Make the shard of one part: the same one for the same argument, wherever it runs."""


@dataclass(frozen=True)
class Done:
    """What became of the parts.

    Attributes:
        shards: those that are done, in the order of the parts; those in a folder are read when looked at.
        interrupted: whether it was interrupted before the end.
        workers: what each worker did, the columns of :class:`Made`; no rows here.
    """

    shards: Sequence[Shard]
    interrupted: bool
    workers: pd.DataFrame

    def whole(self) -> list[Shard]:
        """All shards, in memory.

        Raises:
            KeyboardInterrupt: it was interrupted before the end.
        """
        if self.interrupted:
            raise KeyboardInterrupt
        return list(self.shards)


@dataclass(frozen=True)
class Made:
    """What a worker says of a part: what it made stays in the folder.

    Attributes:
        worker: host and process.
        images: images of the part.
        failed: images that could not be read.
        seconds: how long it took.
        cpu_seconds: how much of a processor it took.
        opening: how much of that was for what is kept for the parts that follow: packages and a network are
            loaded once per worker.
    """

    worker: str
    images: int
    failed: int
    seconds: float
    cpu_seconds: float
    opening: float


@dataclass(frozen=True)
class MakeShard:
    """Make one part and write its shard, in a worker.

    Attributes:
        step: what is done.
        folder: of the shards; every worker reaches it by this path.
        fingerprint: of the work.
        of: its kind.
    """

    step: Step[Any]
    folder: Path
    fingerprint: str
    of: str

    def __call__(self, number: int, argument: tuple[int, Any]) -> Made:
        """Make part ``number``, unless it is there."""
        began, cpu = time.perf_counter(), time.process_time()
        worker = f"{socket.gethostname()}:{os.getpid()}"
        shards = Shards.begun(self.folder, self.fingerprint, self.of)
        if shards.has(number):
            return Made(worker, 0, 0, 0.0, 0.0, 0.0)
        images, given = argument
        held = self._held()
        opened = time.process_time() - cpu
        shard = self.step.make(held, given, lambda _: None)
        shards.put(number, shard)
        took = time.perf_counter() - began, time.process_time() - cpu, opened
        return Made(worker, images, len(shard.failed), *took)

    def _held(self) -> Any:
        """What this thread holds for the step: networks are not made for several threads at once."""
        if getattr(_HELD, "of", None) != (self.of, self.fingerprint):
            _HELD.value, _HELD.of = self.step.open(), (self.of, self.fingerprint)
        return _HELD.value


def cuts(ids: npt.NDArray[np.int64], size: int) -> list[npt.NDArray[np.int64]]:
    """The images of each part, in order: ``size``, and more where there would be more than 20,000 parts.

    Example:
        >>> [part.tolist() for part in cuts(np.arange(5), 2)]
        [[0, 1], [2, 3], [4]]
    """
    size = max(size, -(-len(ids) // _MOST_PARTS))
    return [ids[begin : begin + size] for begin in range(0, len(ids), size)]


@contextmanager
def place(folder: str | Path | None, on: On) -> Iterator[Path | None]:
    """Where shards are kept: below the folder given; in memory here; temporarily for processes of ours.

    Raises:
        DataError: a cluster, and no folder that all its workers reach.
    """
    if folder is not None:
        yield local_path(folder).expanduser().absolute()
    elif on is None:
        yield None
    elif isinstance(on, int):
        with TemporaryDirectory(prefix="nbalabel-parts-") as made:
            yield Path(made)
    else:
        raise DataError(
            "on= needs folder= for a cluster: a folder that this notebook and every worker reach by the same "
            'path; folder="runs/7", on=client'
        )


def make(
    step: Step[Argument],
    argument: Callable[[int], Argument],
    sizes: Sequence[int],
    shards: Shards,
    on: On,
    desc: str,
    unit: str = "image",
) -> Done:
    """Make the parts that are missing.

    Args:
        step: what is done with each.
        argument: gives the argument of a part by its number; asked for one by one.
        sizes: images of each part.
        shards: where they are kept; in a folder, where they are made elsewhere.
        on: where to run; None is here. See :func:`nbalabel.engine.run.run`.
        desc: what the bar says.
        unit: what is counted, where it is not images.
    """
    done = {number for number in range(len(sizes)) if shards.has(number)}
    missing = [number for number in range(len(sizes)) if number not in done]
    made: list[Made] = []
    interrupted = False
    with Bar(total=sum(sizes), desc=desc, unit=unit, delay=1, leave=False) as bar:
        bar.update(sum(sizes[number] for number in done))
        try:
            if on is None:
                for number in _here(step, argument, missing, shards, bar):
                    done.add(number)
            else:
                calls = ((number, (sizes[number], argument(number))) for number in missing)
                for number, one in run(_task(step, shards), calls, on):
                    done.add(number)
                    made.append(one)
                    bar.set_postfix_str(_said(made), refresh=False)
                    bar.update(sizes[number])
        except KeyboardInterrupt:
            interrupted = True
            done |= {number for number in missing if shards.has(number)}
    return Done(Kept(shards, sorted(done)), interrupted, by_worker(made))


def _here(
    step: Step[Argument], argument: Callable[[int], Argument], missing: list[int], shards: Shards, bar: Bar
) -> Iterator[int]:
    held = step.open() if missing else None
    for number in missing:
        shards.put(number, step.make(held, argument(number), bar.update))
        yield number


def _task(step: Step[Any], shards: Shards) -> MakeShard:
    if shards.folder is None:
        raise AssertionError("what is made elsewhere needs a folder")
    return MakeShard(step, shards.folder, shards.fingerprint, shards.of)


def by_worker(made: list[Made]) -> pd.DataFrame:
    """Sums of :class:`Made` by worker."""
    names = [field.name for field in fields(Made)]
    return pd.DataFrame([vars(one) for one in made], columns=names).groupby("worker").sum()


def said_of(workers: pd.DataFrame) -> dict[str, Any]:
    """What each worker did, for the arguments of a Run; nothing where all was made here."""
    return {"workers": workers.round(2).to_dict("index")} if len(workers) else {}


def _said(made: list[Made]) -> str:
    failed, workers = sum(one.failed for one in made), {one.worker for one in made}
    return f"{len(workers)} worker{'s' * (len(workers) != 1)}" + (f", {failed} failed" if failed else "")
