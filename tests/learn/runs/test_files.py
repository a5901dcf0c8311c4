"""A saved Run is mapped: what comes out is what went in, can be written to, and damage is told."""

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

import nbalabel as nl
from nbalabel.core.errors import CorruptError, DataError, StorageError
from nbalabel.core.pieces.column import MappedMasks, MappedTexts
from nbalabel.core.tables.schema import conform, empty
from nbalabel.learn.embed.pooling import Embeddings
from nbalabel.learn.runs import table_files
from nbalabel.learn.runs.run import Run

OLD = Path(__file__).parent / "format_1"


@pytest.fixture
def run(shapes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Seven masks and more in shards of three, with columns of one's own."""
    monkeypatch.setattr(table_files, "_SHARD_ROWS", 3)
    tables = shapes(4)
    rows = tables.instances.assign(score=0.5, source="model", status="proposed", origin="run-1", note="é")
    rows["things"] = pd.Series([[1], {"a": 2}] * len(rows), dtype=object).iloc[: len(rows)].to_numpy()
    rows["n"] = pd.array([1, None] * len(rows), dtype="Int16")[: len(rows)]
    predictions = conform(rows, "predictions", tables.labels)
    ids = predictions.index.to_numpy(np.int64)
    vectors = np.random.default_rng(0).normal(size=(len(rows), 5)).astype(np.float32)
    embeddings = Embeddings(np.arange(4), vectors[:4], ids, vectors)
    labels, nothing = tables.labels, empty("instances", tables.labels)
    return Run(
        "run-1", "predict", labels=labels, predictions=predictions, missed=nothing, embeddings=embeddings
    )


def test_tables_come_back_as_they_were_and_stay_in_their_files(run: Run, tmp_path: Path) -> None:
    again = Run.load(run.save(tmp_path))
    assert len(list(tmp_path.glob("predictions.masks-*.arrow"))) == -(-len(run.predictions) // 3) > 1
    assert isinstance(again.predictions["mask"].array, MappedMasks)
    assert isinstance(again.predictions["origin"].array, MappedTexts)
    for name in ("predictions", "missed", "curves", "failed"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(run, name))
    assert again.predicted_ids.tolist() == run.predicted_ids.tolist()


@pytest.mark.parametrize("index", [[5, 2, 9], [4, 5, 6], [-1, 0, 1], []])
def test_ids_of_any_order_come_back(run: Run, tmp_path: Path, index: list[int]) -> None:
    rows = run.predictions.iloc[: len(index)]
    rows.index = pd.Index(index, dtype=np.int64, name="prediction_id")
    again = Run.load(replace(run, predictions=rows, embeddings=Embeddings.none()).save(tmp_path))
    pd.testing.assert_frame_equal(again.predictions, rows)


def test_what_is_written_on_predictions_works_and_never_reaches_the_files(run: Run, tmp_path: Path) -> None:
    again, mask = Run.load(run.save(tmp_path)), run.predictions["mask"].iloc[1]
    first, last = again.predictions.index[[0, -1]]
    again.predictions.loc[first, ["score", "matched", "n"]] = [0.25, True, 7]
    again.predictions.loc[first, "mask"] = mask
    again.predictions.loc[last, "origin"] = "me"
    again.predictions.loc[last, "label"] = run.labels[0]
    again.predictions.iloc[1, again.predictions.columns.get_loc("matched_id")] = 3
    assert again.predictions.loc[first, "mask"] == mask
    assert again.predictions.loc[first, "score"] == 0.25
    assert again.predictions["matched_id"].tolist()[1] == 3
    other = replace(again, predictions=again.predictions.assign(score=1.0))
    assert (other.predictions["score"] == 1).all()
    assert again.predictions["score"].iloc[0] == 0.25
    assert again.query("score < 0.5").index.tolist() == [first]
    assert again.predictions.groupby("label", observed=True)["score"].mean().notna().all()
    pd.testing.assert_frame_equal(Run.load(tmp_path).predictions, run.predictions)
    Run.load(tmp_path).verify()


def test_rows_are_picked_without_reading_their_masks(run: Run, tmp_path: Path) -> None:
    again = Run.load(run.save(tmp_path))
    order = np.random.default_rng(0).permutation(len(run.predictions))
    picked = again.predictions.iloc[order].query("score > 0")
    assert picked["mask"].array._held is None, "nothing was read"
    assert picked["mask"].tolist() == run.predictions["mask"].iloc[order].tolist()
    ids = again.predictions.index[[-1, 0]]
    assert again.predictions.loc[ids, "mask"].tolist() == run.predictions.loc[ids, "mask"].tolist()


def test_a_run_of_the_earlier_format_opens_equal_and_saves_as_the_present_one(tmp_path: Path) -> None:
    folder = shutil.copytree(OLD, tmp_path / "old")
    old = Run.load(folder)
    assert old.predictions["area"].tolist() == [42, 42, 42, 42]
    assert nl.decode_mask(old.predictions["mask"].iloc[0], 40, 40).sum() == 42
    assert old.predictions["score"].tolist() == pytest.approx([0.9, 0.4, 0.7, 0.2])
    assert old.predictions["n"].isna().tolist() == [False, True, False, False]
    assert (old.id, old.curves["loss"].tolist()) == ("predict-20260101-000000-abcdef", [2.0, 1.5])
    assert old.missed.index.tolist() == [7, 9]
    old.verify()
    old.save(folder)
    assert {path.suffix for path in folder.iterdir()} == {".json", ".arrow", ".npy"}
    new = Run.load(folder)
    for name in ("predictions", "missed", "curves", "failed"):
        pd.testing.assert_frame_equal(getattr(new, name), getattr(old, name))
    np.testing.assert_allclose(new.embeddings.instance, old.embeddings.instance, rtol=1e-3)
    assert (new.id, new.labels, new.version, new.arguments) == (
        old.id,
        old.labels,
        old.version,
        old.arguments,
    )


def test_a_run_is_replaced_at_once(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = Run.load(run.save(tmp_path))
    other = replace(run, predictions=run.predictions.iloc[:2], embeddings=Embeddings.none())

    def full(*_: object) -> None:
        raise OSError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr("nbalabel.learn.runs.vector_files.write", full)
        with pytest.raises(OSError, match="the disk is full"):
            other.save(tmp_path)
    pd.testing.assert_frame_equal(Run.load(tmp_path).predictions, run.predictions)
    other.save(tmp_path)
    pd.testing.assert_frame_equal(Run.load(tmp_path).predictions, other.predictions)
    pd.testing.assert_frame_equal(before.predictions, run.predictions), "a run that is open stays whole"
    assert len(list(tmp_path.glob("predictions.*.arrow"))) == 2, "files of the run before are gone"


def test_leftovers_of_a_save_that_died_are_swept_and_other_files_stay(run: Run, tmp_path: Path) -> None:
    run.save(tmp_path)
    left = [tmp_path / f"missed.{'0' * 40}.arrow", tmp_path / "predictions.masks-0.12ab.part"]
    mine = [tmp_path / "notes.txt", tmp_path / "my.part", tmp_path / "young.npy"]
    for path in (*left, *mine):
        path.write_text("x")
        os.utime(path, (time.time() - 7200,) * 2)
    fresh = tmp_path / f"missed.{'1' * 40}.arrow"
    fresh.write_text("another process writes it now")
    run.save(tmp_path)
    assert not any(path.exists() for path in left)
    assert all(path.exists() for path in (*mine, fresh))


def test_damaged_masks_are_told_when_they_are_looked_at_and_by_verify(run: Run, tmp_path: Path) -> None:
    run.save(tmp_path)
    path = next(tmp_path.glob("predictions.masks-1.*.arrow"))
    data = bytearray(path.read_bytes())
    array = table_files._batch(path)[0].column(0)
    at = data.find(array.buffers()[1].to_pybytes())
    data[at + 8 : at + 16] = (1 << 40).to_bytes(8, "little")
    path.write_bytes(data)
    again = Run.load(tmp_path)
    assert again.predictions["mask"].iloc[:3].tolist() == run.predictions["mask"].iloc[:3].tolist()
    for look in (
        lambda: again.predictions["mask"].iloc[3],
        lambda: again.predictions["mask"].iloc[[0, 4]].tolist(),
        lambda: again.predictions["mask"].tolist(),
    ):
        with pytest.raises(CorruptError, match=r"predictions\.masks-1\..* is damaged"):
            look()
    with pytest.raises(StorageError, match=r"predictions\.masks-1\.\w+\.arrow is damaged"):
        again.verify()


def test_verify_finds_a_changed_number(run: Run, tmp_path: Path) -> None:
    run.save(tmp_path)
    path = next(tmp_path.glob("instance.*.npy"))
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(StorageError, match=r"instance\.\w+\.npy is damaged"):
        Run.load(tmp_path).verify()
    with pytest.raises(DataError, match="was not loaded from a folder"):
        run.verify()


@pytest.mark.parametrize("name", ["../secret.arrow", "/etc/passwd", "a.b.arrow", 3, None])
def test_names_that_lead_elsewhere_are_refused(run: Run, tmp_path: Path, name: object) -> None:
    run.save(tmp_path)
    facts = json.loads((tmp_path / "run.json").read_text())
    facts["tables"]["predictions"]["masks"] = [name]
    (tmp_path / "run.json").write_text(json.dumps(facts))
    with pytest.raises(StorageError, match="no whole run"):
        Run.load(tmp_path)


def test_files_of_two_runs_do_not_make_one(run: Run, tmp_path: Path) -> None:
    run.save(tmp_path)
    facts = json.loads((tmp_path / "run.json").read_text())
    facts["tables"]["predictions"]["masks"].pop()
    (tmp_path / "run.json").write_text(json.dumps(facts))
    with pytest.raises(StorageError, match=r"no whole run.*rows of"):
        Run.load(tmp_path)


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda rng: rng.normal(size=(50, 8)), np.float16),
        (lambda rng: rng.normal(size=(50, 8)) * 1e-2, np.float16),
        (lambda rng: rng.normal(size=(50, 8)) + 1000, np.float32),
        (lambda rng: rng.normal(size=(50, 8)) * 1e6, np.float32),
        (lambda rng: rng.normal(size=(50, 8)) * 1e-8, np.float32),
        (lambda _: np.full((50, 8), np.nan), np.float16),
        (lambda _: np.zeros((0, 0)), np.float16),
    ],
)
def test_vectors_are_halved_where_their_neighbours_stay(
    run: Run, tmp_path: Path, make: Any, kind: type
) -> None:
    vectors = make(np.random.default_rng(0)).astype(np.float32)
    ids = np.arange(len(vectors))
    again = Run.load(replace(run, embeddings=Embeddings(ids, vectors, ids, vectors)).save(tmp_path))
    assert again.embeddings.instance.dtype == kind
    assert again.embeddings.instances(ids).dtype == np.float32
    spread = np.nan_to_num(vectors.std(), nan=1) if vectors.size else 1
    np.testing.assert_allclose(again.embeddings.images(ids), vectors, atol=spread / 100)


def test_a_loaded_run_takes_part_like_any_other(shapes: Callable[..., Any], tmp_path: Path) -> None:
    made = shapes(6)
    ds = nl.Tables.of(made.images, made.instances, made.labels).save(tmp_path / "ds.nbal")
    rows = ds.instances.assign(score=np.float32(0.9), source="model", status="proposed", origin="run-9")
    rows.index = pd.RangeIndex(10, 10 + len(rows))
    rows.iloc[0, rows.columns.get_loc("label")] = next(x for x in ds.labels if x != rows["label"].iloc[0])
    made = Run("run-9", "predict", labels=ds.labels, predictions=conform(rows, "predictions", ds.labels))
    whole = made.matched_to(ds)
    loaded = Run.load(whole.save(tmp_path / "run"), ds)
    assert loaded.evaluate().map50 == whole.evaluate().map50 > 0
    pd.testing.assert_frame_equal(loaded.matched_to(ds).predictions, whole.matched_to(ds).predictions)
    pd.testing.assert_frame_equal(loaded.outcomes(), whole.outcomes())
    where = "split.isna() and score > 0"
    pd.testing.assert_frame_equal(loaded.query(where), whole.query(where))
    assert nl.Workspace(ds, loaded).run is loaded
    nl.explore(ds, loaded)
    before = len(ds.instances)
    ds.accept(loaded.query("score > 0.5"), overlap="allow")
    assert len(ds.instances) == before + 1, "the others are there already"
    assert pa.array(ds.instances["mask"]).null_count == 0
