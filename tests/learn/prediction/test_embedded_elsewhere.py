"""Vectors made by other processes and by a cluster are those made here."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.learn.prediction import embed
from tests.engine.test_step import Interrupted

pytest.importorskip("ultralytics")
N = 150
"""Images: three parts."""


@pytest.fixture(scope="module")
def tables(shapes: Callable[..., Any], tmp_path_factory: pytest.TempPathFactory) -> nl.Tables:
    """The tables of ``conftest`` with image files; ids are in no order."""
    folder = tmp_path_factory.mktemp("pictures")
    made = shapes(N, height=48, width=48)
    for image_id, pixels in made.pixels.items():
        Image.fromarray(pixels).save(folder / f"{image_id}.png")
    images = made.images.sample(frac=1.0, random_state=0)
    return nl.Tables.of(images, made.instances, made.labels, folder)


@pytest.fixture(scope="module")
def here(made: Path, tables: nl.Tables) -> nl.Embeddings:
    return nl.Yolo(made).embed(tables, imgsz=64)


def same(one: nl.Embeddings, other: nl.Embeddings) -> None:
    """Equal to the last bit."""
    for name in ("image_ids", "image", "instance_ids", "instance"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes()
    assert len(one.instance) > 100


def test_processes_and_threads_embed_the_same_to_the_last_bit(
    model: Any, tables: nl.Tables, here: nl.Embeddings, tmp_path: Path
) -> None:
    same(model.embed(tables, imgsz=64, on=2), here)
    with ThreadPoolExecutor(2) as threads:
        same(model.embed(tables, imgsz=64, on=threads, folder=tmp_path), here)
        with pytest.raises(DataError, match="on= needs folder= for a cluster"):
            model.embed(tables, imgsz=64, on=threads)
    assert not list(tmp_path.iterdir())
    assert here.image_ids.tolist() == tables.images.index.tolist()


@pytest.mark.slow
def test_dask_embeds_the_same(model: Any, tables: nl.Tables, here: nl.Embeddings, tmp_path: Path) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        same(model.embed(tables, imgsz=64, on=client, folder=tmp_path), here)


def test_what_one_began_another_ends(
    model: Any, tables: nl.Tables, here: nl.Embeddings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        model.embed(tables, imgsz=64, on=Interrupted(2), folder=tmp_path)
    made: list[int] = []
    plain = embed._Embedding.make

    def counted(step: Any, held: Any, argument: Any, tell: Any) -> Any:
        made.extend(argument[1].tolist())
        return plain(step, held, argument, tell)

    monkeypatch.setattr(embed._Embedding, "make", counted)
    same(model.embed(tables, imgsz=64, folder=tmp_path), here)
    assert made == tables.images.index[128:].tolist()


def test_predictions_are_embedded_elsewhere_as_here(model: Any, tables: nl.Tables, tmp_path: Path) -> None:
    run = model.predict(tables, imgsz=64)
    with ThreadPoolExecutor(1) as threads:
        same(
            nl.embed(run, model, imgsz=64, on=threads, folder=tmp_path),
            nl.embed(run, model, imgsz=64),
        )


@pytest.mark.filterwarnings("ignore:no pretrained weights")
@pytest.mark.parametrize("name", ["Watershed", "resnet18"])
def test_other_models_embed_elsewhere_too(name: str, tables: nl.Tables, tmp_path: Path) -> None:
    few = tables.subset(tables.images.index[:6])
    model: Any = name
    if name == "Watershed":
        model = nl.Watershed()
        model.train(few)
    else:
        pytest.importorskip("torchvision")
    with ThreadPoolExecutor(1) as threads:
        found = nl.embed(few, model, imgsz=64, on=threads, folder=tmp_path)
    expected = nl.embed(few, model, imgsz=64)
    np.testing.assert_array_equal(found.image, expected.image)
    np.testing.assert_array_equal(found.instance, expected.instance)


def test_a_broken_picture_has_no_vectors(model: Any, tables: nl.Tables, tmp_path: Path) -> None:
    for name in tables.images["file"].iloc[:3]:
        data = (Path(str(tables.image_root)) / name).read_bytes()
        (tmp_path / name).write_bytes(data)
    first = tables.images.iloc[:3]
    (tmp_path / first["file"].iloc[1]).write_bytes(b"no picture")
    few = nl.Tables.of(first, tables.instances.iloc[:0], tables.labels, tmp_path)
    assert model.embed(few, imgsz=64, on=1).image_ids.tolist() == first.index[[0, 2]].tolist()
