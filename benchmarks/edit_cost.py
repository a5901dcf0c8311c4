"""CPU seconds of one edit with the Bar on the page, by number of pending changes and of labels.

``python benchmarks/edit_cost.py`` (about 8 minutes, mostly to make the pending changes). An edit is a method
call or an assignment in a frame, plus the workspace's refresh after it, which updates the Bar (what undo
would do, how much is uncommitted). The CPU time of the process does not include waiting for the disk.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
from report import Row, human, show

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.widgets.bar import Bar

PENDING = (10, 1_000, 4_000, 16_000)
LABELS = (10, 1_000, 10_000)
TIMES = 9


class Bench:
    """A dataset with a Bar, and edits that never repeat."""

    def __init__(self, folder: Path, n_images: int, n_labels: int) -> None:
        mask = np.zeros((32, 32), np.uint8)
        mask[4:9, 4:9] = 1
        self.mask = rle.encode(mask)
        self.labels = [f"label {i}" for i in range(n_labels)]
        images = pd.DataFrame({"file": [f"{i}.png" for i in range(n_images)], "width": 32, "height": 32})
        named = [self.labels[i % n_labels] for i in range(n_images)]
        instances = pd.DataFrame({"image_id": range(n_images), "label": named, "mask": self.mask})
        self.ds = nl.Tables.of(images, instances, self.labels).save(folder)
        self.ws = nl.Workspace(self.ds)
        self.bar = Bar(self.ws)
        self.n = 0

    def weight(self) -> None:
        """One image's weight."""
        self.ds.set([self.n], table="images", weight=2.0 + self.n)

    def assigned(self) -> None:
        """The same in the frame."""
        self.ds.images.loc[self.n, "weight"] = 2.0 + self.n
        self.ds.sync()

    def label(self) -> None:
        """One mask's label."""
        self.ds.set([self.n], label=self.labels[(self.n + 1) % len(self.labels)])

    def created(self) -> None:
        """One mask more."""
        one = pd.DataFrame({"image_id": [self.n], "label": [self.labels[0]], "mask": [self.mask]})
        self.ds.add_instances(one)

    def undone(self) -> None:
        """The last edit taken back."""
        self.ds.undo()

    def cost(self, edit: Callable[[], None]) -> float:
        """CPU seconds of an edit and of the messages to the page after it; the median of a few."""
        took = []
        for _ in range(TIMES):
            self.ws.refresh()
            start = time.process_time()
            edit()
            self.ws.refresh()
            took.append(time.process_time() - start)
            self.n += 1
        return statistics.median(took)

    def fill(self, n: int) -> None:
        """Make ``n`` pending changes; every second one adds a mask."""
        while len(self.ds._copy.session.pending) < n:
            for _ in range(min(n, 100)):
                (self.created if self.n % 2 else self.weight)()
                self.n += 1
        self.ds.status()


def rows_of(bench: Bench, what: str) -> list[Row]:
    """One row per edit."""
    edits = [bench.weight, bench.assigned, bench.label, bench.created, bench.undone]
    said = [(edit.__doc__ or "").rstrip(".").lower() for edit in edits]
    return [Row(f"{text}, {what}", human(bench.cost(edit))) for text, edit in zip(said, edits, strict=True)]


def main() -> None:
    """Measure and print."""
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for n in PENDING:
            bench = Bench(Path(folder) / f"pending-{n}", n + 10 * TIMES, 10)
            bench.fill(n)
            rows += rows_of(bench, f"{n:,} changes pending")
        for n in LABELS:
            bench = Bench(Path(folder) / f"labels-{n}", 10_000, n)
            rows += rows_of(bench, f"{n:,} labels")
    show("CPU time of one edit with the Bar on the page", rows)


if __name__ == "__main__":
    main()
