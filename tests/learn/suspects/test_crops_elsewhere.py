"""Crops described by other processes and by a cluster have the vectors that they have here."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.learn.suspects.crops import describing
from tests.engine.test_step import Interrupted

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def ds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[nl.Dataset]:
    folder = tmp_path_factory.mktemp("reef") / "reef.nbal"
    with nl.demo.reef(folder, n_images=48, n_labeled=40, n_test=0, size=96) as made:
        yield made


@pytest.fixture(scope="module")
def run(ds: nl.Dataset) -> nl.Run:
    return nl.demo.simulated_run(ds)


@pytest.fixture(scope="module")
def here(ds: nl.Dataset, run: nl.Run) -> nl.InstanceEmbeddings:
    return nl.instance_embeddings(ds, run)


def same(one: nl.InstanceEmbeddings, other: nl.InstanceEmbeddings) -> None:
    """Equal to the last bit."""
    assert one.instance_vectors.tobytes() == other.instance_vectors.tobytes()
    assert one.prediction_vectors.tobytes() == other.prediction_vectors.tobytes()
    pd.testing.assert_frame_equal(one.instances, other.instances, check_exact=True)
    assert len(one.instances) > 50


def test_processes_and_threads_describe_the_same_to_the_last_bit(
    ds: nl.Dataset, run: nl.Run, here: nl.InstanceEmbeddings, tmp_path: Path
) -> None:
    same(nl.instance_embeddings(ds, run, on=2), here)
    with ThreadPoolExecutor(2) as threads:
        same(nl.instance_embeddings(run, on=threads, folder=tmp_path), nl.instance_embeddings(run))
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_dask_describes_the_same(
    ds: nl.Dataset, run: nl.Run, here: nl.InstanceEmbeddings, tmp_path: Path
) -> None:
    distributed = pytest.importorskip("distributed")
    with (
        distributed.LocalCluster(
            n_workers=2, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
        ) as cluster,
        distributed.Client(cluster) as client,
    ):
        same(nl.instance_embeddings(ds, run, on=client, folder=tmp_path), here)


def test_what_one_began_another_ends(
    ds: nl.Dataset, run: nl.Run, here: nl.InstanceEmbeddings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        nl.instance_embeddings(ds, run, on=Interrupted(1), folder=tmp_path)
    made: list[int] = []
    plain = describing.cut

    def counted(tables: Any, image_ids: Any, *more: Any) -> Any:
        made.append(len(image_ids))
        return plain(tables, image_ids, *more)

    monkeypatch.setattr(describing, "cut", counted)
    same(nl.instance_embeddings(ds, run, folder=tmp_path), here)
    assert len(made) == 2  # of three parts
