"""Parts of a prediction joined to one: in memory, or many embeddings in a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import StorageError
from nbalabel.engine.shards import Kept, Shard, Shards
from nbalabel.learn.prediction import inference, resumable
from nbalabel.learn.prediction.resumable import Part, gather


def part(number: int, n: int, d: int = 3) -> Part:
    """``n`` predictions on two images; some parts have none, and do not know how many numbers there are."""
    rng = np.random.default_rng(number)
    rows = pd.DataFrame(
        {"image_id": np.full(n, 2 * number), "code": np.arange(n) % 3, "score": rng.random(n)}
    )
    instance = rng.random((n, d), np.float32) if n else np.zeros((0, 0), np.float32)
    ids = np.array([2 * number, 2 * number + 1])
    return Part(rows, ids, rng.random((2, d), np.float32), instance, {100 + number: "no image"})


PARTS = [part(number, n) for number, n in enumerate((4, 0, 7, 1, 0))]


def same(one: Part, other: Part) -> None:
    pd.testing.assert_frame_equal(one.rows, other.rows)
    assert one.image_ids.tolist() == other.image_ids.tolist()
    assert one.image.tolist() == other.image.tolist()
    assert one.instance.tolist() == other.instance.tolist()
    assert one.failed == other.failed


@pytest.mark.parametrize("most", [0, 50, 100, 10_000])
def test_embeddings_joined_in_a_file_are_those_joined_in_memory(
    most: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumable, "_IN_MEMORY", most)
    expected = gather(PARTS)
    assert not isinstance(expected.instance, np.memmap)
    found = gather(PARTS, tmp_path)
    assert isinstance(found.instance, np.memmap) == (most < 12 * 12)
    same(found, expected)
    assert len(found.rows) == len(found.instance) == 12
    assert not list(tmp_path.iterdir())  # the file ends with the array


def test_no_embeddings_need_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumable, "_IN_MEMORY", 0)
    assert gather([part(0, 0, 0)], tmp_path).instance.shape == (0, 0)


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resumable, "_IN_MEMORY", 0)

    def full(**_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(resumable, "TemporaryFile", full)
    with pytest.raises(
        StorageError, match=r"bytes of embeddings cannot be written to .* No space left on device"
    ):
        gather(PARTS, tmp_path)


def test_predictions_of_other_codes_are_left_out_with_their_embeddings() -> None:
    shards = [one.shard() for one in PARTS]
    found = inference.gathered(shards, {0, 2})
    everything = inference.gathered(shards)
    kept = everything.rows["code"].isin([0, 2]).to_numpy()
    assert 0 < kept.sum() < len(kept)
    assert found.rows["score"].tolist() == everything.rows["score"][kept].tolist()
    assert found.instance.tolist() == everything.instance[kept].tolist()
    assert found.image.tolist() == everything.image.tolist()


def test_shards_in_a_folder_are_read_when_they_are_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shards = Shards(tmp_path / "parts", "a")
    for number in (0, 1, 5):
        shards.put(number, Shard(arrays={"at": np.array([number])}))
    read: list[int] = []
    get = shards.get
    monkeypatch.setattr(shards, "get", lambda number: read.append(number) or get(number))
    kept = Kept(shards, [0, 1, 5])
    assert (len(kept), read) == (3, [])
    assert kept[-1].arrays["at"].tolist() == [5]
    assert [shard.arrays["at"].item() for shard in kept[:2]] == [0, 1]
    assert read == [5, 0, 1]


def test_a_run_whose_embeddings_were_joined_in_a_file_is_the_same_and_mapped(
    model: Any, shapes: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables = shapes(6, height=48, width=48)
    expected = model.predict(tables, imgsz=64)
    monkeypatch.setattr(resumable, "_IN_MEMORY", 1000)
    found = model.predict(tables, imgsz=64, folder=tmp_path / "run")
    pd.testing.assert_frame_equal(*(run.predictions.drop(columns="origin") for run in (found, expected)))
    for name in ("image", "instance"):
        one, other = (getattr(run.embeddings, name) for run in (found, expected))
        assert one.tobytes() == other.astype(np.float16).tobytes()
    assert len(found.predictions) > 5
    assert found.tables is not None
    assert found.evaluate().map == expected.evaluate().map
    assert nl.Run.load(tmp_path / "run").id == found.id
    found.verify()  # it is the run in the folder
    assert not (tmp_path / "run" / "parts").exists()
