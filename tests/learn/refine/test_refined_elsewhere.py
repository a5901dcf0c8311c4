"""Masks refined by other processes and by a cluster are those refined here, whatever dies on the way."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.learn.refine import candidates
from tests.engine.test_step import Interrupted
from tests.learn.refine.test_refine import Cells

pytest.importorskip("cv2")
N = 40
"""Images: three parts, and two more of the shaken masks."""


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> nl.Tables:
    """Blurred discs on disk, half of the images labeled."""
    folder, cells = tmp_path_factory.mktemp("pictures"), Cells(N, 16)
    for image_id, pixels in cells.pixels.items():
        Image.fromarray(pixels).save(folder / f"{image_id}.png")
    return nl.Tables.of(cells.images, cells.instances, cells.labels, folder)


@pytest.fixture(scope="module")
def run(tables: nl.Tables) -> nl.Run:
    return Cells(N, 16).run().matched_to(tables)


@pytest.fixture(scope="module")
def here(run: nl.Run) -> nl.Run:
    return nl.refine(run)


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


def same(run: nl.Run, other: nl.Run) -> None:
    """All but the name of the run is equal, to the last bit."""
    pd.testing.assert_frame_equal(
        *(r.predictions.drop(columns="origin") for r in (run, other)), check_exact=True
    )
    assert run.predictions["refined"].sum() > 100


def test_processes_and_threads_refine_the_same_to_the_last_bit(
    run: nl.Run, tables: nl.Tables, here: nl.Run, tmp_path: Path
) -> None:
    same(nl.refine(run, on=2), here)
    with ThreadPoolExecutor(2) as threads:
        same(nl.refine(run, on=threads, folder=tmp_path / "run"), here)
    same(nl.Run.load(tmp_path / "run", tables), here)
    assert not (tmp_path / "run" / "refining").exists()


@pytest.mark.slow
def test_dask_refines_the_same_and_a_killed_worker_costs_nothing(
    run: nl.Run, here: nl.Run, client: Any, tmp_path: Path
) -> None:
    same(nl.refine(run, on=client, folder=tmp_path / "a"), here)
    pids = list(client.run(os.getpid).values())

    def kill() -> None:
        while not list(tmp_path.glob("b/refining/*.arrow")):
            time.sleep(0.01)
        os.kill(pids[0], signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    same(nl.refine(run, on=client, folder=tmp_path / "b"), here)
    killer.join(10)


def test_what_one_began_another_ends(
    run: nl.Run, here: nl.Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(KeyboardInterrupt):
        nl.refine(run, on=Interrupted(3), folder=tmp_path)
    assert len(list((tmp_path / "refining").glob("*.arrow"))) == 3
    made: list[int] = []
    plain = candidates.Making.make

    def counted(step: Any, held: None, part: Any, tell: Any) -> Any:
        made.extend(part.ids.tolist())
        return plain(step, held, part, tell)

    monkeypatch.setattr(candidates.Making, "make", counted)
    same(nl.refine(run, folder=tmp_path), here)
    assert len(made) == 32  # of 72 images, labeled ones counted three times


def test_other_predictions_begin_anew(run: nl.Run, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        nl.refine(run, on=Interrupted(1), folder=tmp_path)
    some = run.query("score > 0.6")
    same_rows = nl.refine(run, rows=some)
    found = nl.refine(run, rows=some, folder=tmp_path)
    assert found.predictions["mask"].tolist() == same_rows.predictions["mask"].tolist()


def test_masks_on_a_broken_picture_stay(run: nl.Run, tables: nl.Tables, tmp_path: Path) -> None:
    for name in tables.images["file"]:
        data = (Path(str(tables.image_root)) / name).read_bytes()
        (tmp_path / name).write_bytes(data if name != "20.png" else data[:60])
    broken = nl.Tables.of(tables.images, tables.instances, tables.labels, tmp_path)
    found = nl.refine(run, method="grabcut", tables=broken, on=1).predictions
    there = (found["image_id"] == 20).to_numpy()
    assert not found["refined"][there].any()
    assert found["refined"][~there].all()


def test_instances_are_refined_elsewhere_too(tables: nl.Tables, tmp_path: Path) -> None:
    coarse = pd.DataFrame(Cells(N, 16).coarse).drop(columns="score")
    bought = nl.Tables.of(tables.images, coarse, tables.labels, tables.image_root)
    expected = nl.refine(bought, method="snap").rows
    assert len(expected) > 100
    pd.testing.assert_frame_equal(nl.refine(bought, method="snap", on=2).rows, expected)
    with ThreadPoolExecutor(2) as threads:
        found = nl.refine(bought, method="snap", on=threads, folder=tmp_path)
    pd.testing.assert_frame_equal(found.rows, expected)
    assert not (tmp_path / "refining").exists()


def test_what_cannot_go_elsewhere_is_named(run: nl.Run) -> None:
    with pytest.raises(DataError, match=r"nl.refine\(run, rows=...\) takes the rows"):
        nl.refine(run, on=run.predictions)
    with ThreadPoolExecutor(1) as threads, pytest.raises(DataError, match="on= needs folder= for a cluster"):
        nl.refine(run, on=threads)
    with pytest.raises(DataError, match=r"on= takes a Dataset, a Version or Tables.*got Cells"):
        nl.refine(Cells(3, 1).run(), on=1)
    with pytest.raises(DataError, match="on must be a number of processes"):
        nl.refine(run, on=0)
