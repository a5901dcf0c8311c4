"""Parts of a step: made here or elsewhere, kept in memory or in a folder, continued from there."""

from __future__ import annotations

import os
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import DataError, StorageError
from nbalabel.engine.shards import Shard, Shards
from nbalabel.engine.step import Done, MakeShard, cuts, make, place
from tests.engine.tasks import Doubling


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find the step by name."""
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


def doubled(on: Any, folder: Path | None, ids: Any = range(7), step: Any = None) -> Done:
    parts = cuts(np.array(ids), 2)
    shards = Shards(folder, "these", "doubling")
    return make(step or Doubling(), parts.__getitem__, [len(p) for p in parts], shards, on, "doubling")


def values(done: Done) -> list[int]:
    return [int(v) for shard in done.shards for v in shard.rows["value"]]


def test_parts_are_the_same_here_and_elsewhere_and_in_order(tmp_path: Path) -> None:
    expected = [0, 2, 4, 8, 10, 12]
    runs = [doubled(None, None), doubled(None, tmp_path / "a"), doubled(2, tmp_path / "b")]
    with ThreadPoolExecutor(2) as threads:
        runs.append(doubled(threads, tmp_path / "c"))
    for done in runs:
        assert values(done) == expected
        assert {k: v for shard in done.shards for k, v in shard.failed.items()} == {3: "3 cannot be doubled"}
        assert [shard.arrays["ids"].tolist() for shard in done.shards] == [[0, 1], [2], [4, 5], [6]]
    assert not len(runs[0].workers)
    assert runs[2].workers["images"].sum() == 7
    assert runs[2].workers["failed"].sum() == 1


class Interrupted(Executor):
    """Runs some calls here, then is interrupted."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def submit(self, fn: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        future: Future[Any] = Future()
        future.set_result(fn(*arguments))
        return future


def test_what_one_began_another_ends(tmp_path: Path) -> None:
    begun = doubled(Interrupted(3), tmp_path / "x")
    assert begun.interrupted
    assert values(begun) == [0, 2, 4, 8, 10]
    with pytest.raises(KeyboardInterrupt):
        begun.whole()
    step = Doubling()
    assert values(doubled(None, tmp_path / "x", step=step)) == [0, 2, 4, 8, 10, 12]
    assert step.made == [6]


def test_a_worker_that_comes_late_is_refused(tmp_path: Path) -> None:
    late = MakeShard(Doubling(), tmp_path, "others", "doubling")
    Shards(tmp_path, "these", "doubling")
    with pytest.raises(StorageError, match="does not hold the parts of this doubling any more"):
        late(0, (1, np.array([1])))


def test_files_of_someone_else_stay(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(StorageError, match="no parts of a doubling"):
        Shards(tmp_path, "these", "doubling")
    assert (tmp_path / "thesis.txt").read_text() == "mine"


def test_a_shard_comes_back_as_it_was(tmp_path: Path) -> None:
    shards = Shards(tmp_path / "x", "these", "doubling")
    rows = pd.DataFrame({"n": np.array([1, 2], np.int32), "share": np.array([0.5, np.nan], np.float32)})
    shards.put(3, Shard(rows, {"a": np.zeros((0, 4), np.float32)}, {7: "gone"}))
    assert shards.has(3)
    assert not shards.has(2)
    again = shards.get(3)
    pd.testing.assert_frame_equal(again.rows, rows)
    assert (again.arrays["a"].shape, again.arrays["a"].dtype) == ((0, 4), np.float32)
    assert again.failed == {7: "gone"}
    shards.clear()
    assert not (tmp_path / "x").exists()


def test_a_cluster_needs_a_folder() -> None:
    with ThreadPoolExecutor(1) as threads, pytest.raises(DataError, match="on= needs folder= for a cluster"):
        place(None, threads).__enter__()


def test_there_are_never_more_than_20_000_parts() -> None:
    assert len(cuts(np.arange(50_000), 2)) == 16_667
    assert sum(map(len, cuts(np.arange(50_000), 2))) == 50_000
