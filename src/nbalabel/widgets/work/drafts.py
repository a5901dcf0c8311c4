"""Drafts: the image of a task as a dataset of its own, until its answer is in the queue."""

from __future__ import annotations

import hashlib
import shutil
import warnings
from collections.abc import Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

from ...core.errors import CorruptError, RecoveryWarning
from ...core.tables.ahead import ahead
from ...data.dataset.dataset import Dataset
from ...data.dataset.dataset import open as open_dataset
from ...data.folder.import_tables import import_tables
from ...data.images.files import locate
from ...data.queue.queue import Queue
from ...data.queue.task import Task


class Drafts:
    """Drafts of one annotator at one queue. They are made ahead in a thread, and kept until they are dropped.

    Args:
        queue: gives what work begins from.
        annotator: whose drafts these are.
        folder: where they are kept; None: in the dataset's folder.
    """

    def __init__(self, queue: Queue, annotator: str, folder: Path | None = None) -> None:
        self._queue, self._who = queue, annotator
        name = hashlib.sha256(f"{queue.sql.place}\n{annotator}".encode()).hexdigest()[:12]
        self._folder = (folder or queue.ds.folder / "queues" / "drafts") / f"{queue.name}-{name}"
        self._ahead: dict[int, Future[Any]] = {}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="nbalabel-drafts")

    def open(self, task: Task) -> Dataset:
        """The draft of a task, as it was left if there is one."""
        ahead = self._ahead.pop(task.job, None)
        if ahead is not None:
            ahead.exception()  # made again below if it failed
        place = self._place(task)
        try:
            return _opened(self._made(task, place))
        except CorruptError:
            place.rename(place.with_name(f"{place.name}-damaged"))  # kept, and no reason not to work
            return _opened(self._made(task, place))

    def prefetch(self, tasks: Iterable[Task]) -> None:
        """Make drafts and read pictures in a thread, so that nobody waits for them later."""
        for task in tasks:
            if task.job not in self._ahead:
                self._ahead[task.job] = self._thread.submit(self._get_ready, task)

    def drop(self, draft: Dataset) -> None:
        """Remove a draft whose answer is in the queue."""
        draft.close()
        try:
            self._thread.submit(shutil.rmtree, draft.folder, ignore_errors=True)
        except RuntimeError:  # Python is ending, and threads take no more work
            shutil.rmtree(draft.folder, ignore_errors=True)

    def settle(self) -> None:
        """Wait until the thread has done what it was asked to."""
        self._thread.submit(_nothing).result()

    def close(self) -> None:
        """End the thread once it is done; drafts stay."""
        self._thread.shutdown(wait=False)

    def _place(self, task: Task) -> Path:
        # A queue that was begun anew numbers its jobs from 1 again: the draft of another image is not its.
        return self._folder / f"{task.job}-{task.step}-{task.image_id}-{task.version}.nbal"

    def _get_ready(self, task: Task) -> None:
        self._made(task, self._place(task))
        tables = self._queue.version(task.version)
        picture = locate(tables.image_root, str(tables.images.loc[task.image_id, "file"]))
        if isinstance(picture, Path):
            picture.read_bytes()  # the system keeps it in memory
        else:
            list(ahead(tables, [task.image_id]))

    def _made(self, task: Task, place: Path) -> Path:
        if not place.exists():
            tables, _ = self._queue.tables(task)
            import_tables(tables, place, f"task {task.task}", self._who, copy_images=False, overwrite=False)
        return place


def _opened(place: Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RecoveryWarning)  # a draft is there to be gone on with
        return open_dataset(place)


def _nothing() -> None:
    """Work for a thread that is only waited for."""
