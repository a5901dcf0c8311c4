"""Predictions made by other processes and by a cluster are those made here, whatever dies on the way."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, StorageError
from nbalabel.engine.shards import Shards
from nbalabel.engine.step import MakeShard
from nbalabel.learn.prediction import inference, records
from nbalabel.learn.prediction.predict import Predicting
from nbalabel.learn.prediction.resumable import shards_in

pytest.importorskip("ultralytics")
N = 150
"""Images: three parts."""


@pytest.fixture(scope="module")
def tables(shapes: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> nl.Tables:
    """The tables of ``conftest`` with image files."""
    folder = tmp_path_factory.mktemp("pictures")
    made = shapes(N, height=48, width=48)
    for image_id, pixels in made.pixels.items():
        Image.fromarray(pixels).save(folder / f"{image_id}.png")
    return nl.Tables.of(made.images, made.instances, made.labels, folder)


@pytest.fixture(scope="module")
def here(made: Path, tables: nl.Tables) -> nl.Run:
    return nl.Yolo(made).predict(tables, imgsz=64)


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Dask's own cluster on this machine: two workers, each a process."""
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as made,
    ):
        yield made


def same(run: nl.Run, other: nl.Run, vectors: type = np.float32) -> None:
    """All but the name of the run is equal, to the last bit; vectors as what they are saved as."""
    pd.testing.assert_frame_equal(
        *(r.predictions.drop(columns="origin") for r in (run, other)), check_exact=True
    )
    assert len(run.predictions) > 100
    assert run.predicted_ids.tolist() == other.predicted_ids.tolist()
    for name in ("image", "instance"):
        one, two = (getattr(r.embeddings, name) for r in (run, other))
        assert one.astype(vectors).tobytes() == two.astype(vectors).tobytes()
    pd.testing.assert_frame_equal(run.failed, other.failed)


def test_processes_and_threads_find_the_same_to_the_last_bit(
    model: Any, tables: nl.Tables, here: nl.Run, tmp_path: Path
) -> None:
    apart = model.predict(tables, imgsz=64, on=2)
    same(apart, here)
    assert sum(one["images"] for one in apart.arguments["workers"].values()) == N
    with ThreadPoolExecutor(2) as threads:
        same(model.predict(tables, imgsz=64, on=threads, folder=tmp_path / "run"), here)
    same(nl.Run.load(tmp_path / "run", tables), here, np.float16)
    assert not (tmp_path / "run" / "parts").exists()


@pytest.mark.slow
def test_dask_finds_the_same_to_the_last_bit(
    model: Any, tables: nl.Tables, here: nl.Run, client: Any, tmp_path: Path
) -> None:
    same(model.predict(tables, imgsz=64, on=client, folder=tmp_path / "a"), here)
    again = model.predict(tables, imgsz=64, on=client, folder=tmp_path / "b")  # nothing is remembered
    same(again, here)
    assert sum(one["images"] for one in again.arguments["workers"].values()) == N


@pytest.mark.slow
def test_a_worker_of_dask_that_is_killed_costs_nothing(
    model: Any, tables: nl.Tables, here: nl.Run, client: Any, tmp_path: Path
) -> None:
    pids = list(client.run(os.getpid).values())

    def kill() -> None:
        while not list(tmp_path.glob("run/parts/*.arrow")):
            time.sleep(0.01)
        os.kill(pids[0], signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    run = model.predict(tables, imgsz=64, batch=1, on=client, folder=tmp_path / "run")
    killer.join(10)
    same(run, model.predict(tables, imgsz=64, batch=1))


@pytest.mark.parametrize("name", ["Watershed", "MaskRCNN"])
@pytest.mark.filterwarnings("ignore:no pretrained weights")
@pytest.mark.filterwarnings("ignore:the proposals")
def test_other_models_go_elsewhere_too(name: str, tables: nl.Tables, tmp_path: Path) -> None:
    few = tables.subset(tables.images.index[:6])
    if name == "MaskRCNN":
        pytest.importorskip("torchvision")
        model: Any = nl.MaskRCNN("resnet18", device="cpu")
        model.train(few, steps=1, imgsz=64, batch=2, regions=4)
        more = {"score": 0.0, "max_detections": 5}
    else:
        model, more = nl.Watershed(), {}
        model.train(few)
    with ThreadPoolExecutor(1) as threads:
        found = model.predict(few, on=threads, folder=tmp_path / "run", **more)
    kept = model.predict(few, **more)
    frames = [run.predictions.drop(columns="origin") for run in (found, kept)]
    pd.testing.assert_frame_equal(*frames, check_exact=True)
    assert len(frames[0])


def test_a_broken_picture_costs_one_row(model: Any, tables: nl.Tables, tmp_path: Path) -> None:
    for name in tables.images["file"].iloc[:3]:
        data = (Path(str(tables.image_root)) / name).read_bytes()
        (tmp_path / name).write_bytes(data if name != "1.png" else data[:60])
    few = nl.Tables.of(tables.images.iloc[:3], tables.instances.iloc[:0], tables.labels, tmp_path)
    run = model.predict(few, imgsz=64, on=1)
    assert run.failed["image_id"].tolist() == [1]
    assert run.predicted_ids.tolist() == [0, 2]


class Reluctant(Executor):
    """Runs calls here, and is interrupted after one of them."""

    def __init__(self, calls: int) -> None:
        self.left = calls

    def submit(self, fn: Any, /, *arguments: Any, **_: Any) -> Future[Any]:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        future: Future[Any] = Future()
        future.set_result(fn(*arguments))
        return future


def test_what_one_began_another_ends(
    model: Any, tables: nl.Tables, here: nl.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = model.predict(tables, imgsz=64, on=Reluctant(2), folder=tmp_path)
    assert begun.interrupted
    assert len(list((tmp_path / "parts").glob("*.arrow"))) == 2
    made: list[np.ndarray] = []
    plain = inference.part_of
    monkeypatch.setattr(inference, "part_of", lambda *a: made.append(a[2]) or plain(*a))
    same(model.predict(tables, imgsz=64, folder=tmp_path), here)
    assert np.concatenate(made).tolist() == tables.images.index[128:].tolist()


def test_a_worker_that_comes_late_disturbs_no_other_prediction(tables: nl.Tables, tmp_path: Path) -> None:
    shards_in(tmp_path, "new")
    settings = inference.Settings(64, 0.1, 0.7, 300, embed=True)
    late = MakeShard(Predicting(dict, settings, 8), tmp_path / "parts", "old", "prediction")
    with pytest.raises(StorageError, match="does not hold the parts of this prediction any more"):
        late(0, (N, (tables, tables.images.index.to_numpy())))
    assert Shards.begun(tmp_path / "parts", "new").folder == tmp_path / "parts"


def test_a_cluster_needs_a_folder_and_tables_that_travel(model: Any, tables: nl.Tables, shapes: Any) -> None:
    with ThreadPoolExecutor(1) as threads, pytest.raises(DataError, match="on= needs folder= for a cluster"):
        model.predict(tables, imgsz=64, on=threads)
    with pytest.raises(DataError, match=r"on= takes a Dataset, a Version or Tables.*got Shapes"):
        model.predict(shapes(2), imgsz=64, on=1)


def test_a_call_brings_the_rows_of_its_images_only(model: Any, tables: nl.Tables, tmp_path: Path) -> None:
    import pickle

    sizes = []

    class Weighed(Reluctant):
        def submit(self, fn: Any, /, *arguments: Any, **more: Any) -> Future[Any]:
            sizes.append(len(pickle.dumps(arguments)))
            return super().submit(fn, *arguments, **more)

    model.predict(tables, imgsz=64, on=Weighed(9), folder=tmp_path)
    whole = len(pickle.dumps(tables))
    assert len(sizes) == 3
    assert max(sizes) < whole / 2


def test_predictions_elsewhere_are_refined_elsewhere(
    model: Any, tables: nl.Tables, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("cv2")
    few = tables.subset(tables.images.index[:20])
    asked: list[Any] = []
    plain = records.sharpened
    monkeypatch.setattr(records, "sharpened", lambda *a, **m: asked.append(m["on"]) or plain(*a, **m))
    with ThreadPoolExecutor(1) as threads:
        found = model.predict(few, imgsz=64, refine=True, on=threads, folder=tmp_path)
        assert asked == [threads]
    kept = nl.refine(model.predict(few, imgsz=64))
    frames = [run.predictions.drop(columns="origin") for run in (found, kept)]
    pd.testing.assert_frame_equal(*frames, check_exact=True)
    assert not list(tmp_path.glob("*/*.arrow"))
