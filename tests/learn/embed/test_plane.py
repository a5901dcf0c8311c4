import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nbalabel.core.errors import DataError, FallbackWarning, ModelError
from nbalabel.learn.embed import plane, reducers
from nbalabel.learn.embed.plane import Projection, project
from nbalabel.learn.embed.reducers import Pca


def _two_groups(n: int, d: int = 16) -> np.ndarray:
    rows = np.random.default_rng(0).normal(size=(n, d)).astype(np.float32)
    rows[: n // 2, 0] += 25
    return rows


def _apart(points: np.ndarray) -> bool:
    """Whether the halves keep further from each other than from themselves."""
    a, b = points[: len(points) // 2], points[len(points) // 2 :]
    spread = max(np.linalg.norm(part - part.mean(axis=0), axis=1).mean() for part in (a, b))
    return bool(np.linalg.norm(a.mean(axis=0) - b.mean(axis=0)) > 2 * spread)


@given(
    hnp.arrays(
        np.float32, st.tuples(st.integers(3, 12), st.integers(2, 12)), elements=st.floats(-9, 9, width=32)
    )
)
def test_pca_keeps_as_much_variance_as_the_singular_values_say(rows: np.ndarray) -> None:
    singular = np.linalg.svd(rows - rows.mean(axis=0), compute_uv=False)
    kept = np.square(project(rows, "pca").points).sum()
    assert kept == pytest.approx(np.square(singular[:2]).sum(), rel=1e-2, abs=1e-2)


@pytest.mark.slow
def test_neighbours_stay_together_and_new_rows_join_them() -> None:
    pytest.importorskip("pacmap")
    rows = _two_groups(60)
    found = project(rows, "pacmap")
    assert found.method == "pacmap"
    assert found.points.shape == (60, 2)
    assert found.points.dtype == np.float32
    assert _apart(found.points)
    assert _apart(found.transform(rows[::3]))


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_few_points_are_laid_out_by_pca(n: int) -> None:
    rows = np.eye(5, dtype=np.float32)[:n]
    if n:
        with pytest.warns(FallbackWarning, match=f"umap needs 4 points, got {n}: laid out by PCA"):
            found = project(rows)
    else:
        found = project(rows)
    assert found.points.shape == (n, 2)
    assert np.isfinite(found.points).all()
    assert found.ready


def test_rows_that_are_no_numbers_get_no_point() -> None:
    rows = _two_groups(10)
    rows[3, 1], rows[7, 2] = np.nan, np.inf
    found = project(rows, "pca")
    assert np.flatnonzero(np.isnan(found.points).any(axis=1)).tolist() == [3, 7]
    assert np.isnan(found.transform(rows[3:4])).all()
    assert np.isnan(project(np.full((4, 2), np.nan), "umap").points).all()


def test_columns_that_never_change_do_no_harm() -> None:
    rows = np.ones((6, 4), np.float32)
    assert not project(rows, "pca").points.any()
    rows[:, 2] = np.arange(6)
    np.testing.assert_allclose(project(rows, "pca").points[:, 0], np.arange(6) - 2.5, atol=1e-5)


def test_pca_turns_the_same_way_every_time() -> None:
    rows = _two_groups(12)
    np.testing.assert_allclose(np.abs(Pca.fit(-rows).axes), np.abs(Pca.fit(rows).axes), atol=1e-4)
    np.testing.assert_allclose(Pca.fit(-rows).axes, Pca.fit(rows).axes, atol=1e-4)


@pytest.mark.slow
def test_a_fit_in_the_background_shows_pca_first_and_calls_back() -> None:
    pytest.importorskip("umap")
    rows = _two_groups(40)
    rows[5] = np.nan
    called: list[Projection] = []
    done = threading.Event()
    found = project(rows, "umap", background=True)
    assert not found.ready
    np.testing.assert_array_equal(found.points, project(rows, "pca").points)
    found.on_ready(lambda projection: (called.append(projection), done.set()))
    assert done.wait(600)
    found.wait(10)
    assert called == [found]
    assert found.method == "umap"
    assert np.flatnonzero(np.isnan(found.points[:, 0])).tolist() == [5]
    assert _apart(found.points[6:34])
    assert np.isfinite(found.transform(rows[:2])).all()
    found.on_ready(called.append)
    assert len(called) == 2


def test_a_fit_that_fails_in_the_background_says_why_and_keeps_pca() -> None:
    found = project(_two_groups(20), "umap", background=True, no_such_argument=1)
    with pytest.raises(ModelError, match="no_such_argument"):
        found.wait(600)
    assert found.ready
    assert found.method == "pca"


def test_a_fit_that_cannot_be_read_back_is_an_error_and_not_a_wait_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def loads(_: bytes) -> None:
        raise ImportWarning("as with -W error")

    monkeypatch.setattr("nbalabel.learn.embed.plane.pickle", SimpleNamespace(loads=loads))
    found = project(_two_groups(20), "umap", background=True)
    with pytest.raises(ModelError, match="cannot be read back: ImportWarning: as with -W error"):
        found.wait(600)
    assert found.ready
    assert found.method == "pca"


def test_a_fit_in_the_background_can_be_cancelled() -> None:
    found = project(_two_groups(20), "umap", background=True)
    with pytest.raises(TimeoutError, match="not done after 0"):
        found.wait(0)
    found.cancel()
    assert found.wait(0).method == "pca"


def test_wrong_arguments_are_refused() -> None:
    with pytest.raises(DataError, match="method must be one of pca, umap, pacmap, got 'tsne'"):
        project(np.eye(3), "tsne")
    with pytest.raises(DataError, match=r"must be a matrix \(n, d\), got shape \(3,\)"):
        project(np.ones(3), "pca")
    with pytest.raises(DataError, match="pca takes no further arguments, got n_neighbors"):
        project(np.eye(3), "pca", n_neighbors=3)
    with pytest.raises(DataError, match="cannot lay out rows of 2 dimensions"):
        project(np.eye(3), "pca").transform(np.eye(2))


def test_a_fit_in_the_background_ends_with_the_program_that_asked_for_it():
    code = (
        "import numpy as np\nfrom nbalabel.learn.embed.plane import project\n"
        "rows = np.random.default_rng(0).normal(size=(4000, 32)).astype(np.float32)\n"
        "print(project(rows, background=True)._job.process.pid)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    worker = int(done.stdout)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(worker) and psutil.Process(worker).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the worker outlived its program"
        time.sleep(0.05)


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="there are no signals that cannot be caught")
def test_a_fit_ends_with_its_parent_even_if_that_is_killed(tmp_path: Path) -> None:
    pytest.importorskip("umap")
    code = (
        "import sys, time, numpy as np\nfrom nbalabel.learn.embed.plane import project\n"
        "rows = np.random.default_rng(0).normal(size=(400, 32)).astype(np.float32)\n"
        "job = project(rows, background=True, n_epochs=10**9)._job\n"
        "print(job.process.pid, flush=True)\ntime.sleep(600)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert parent.stdout is not None
    with parent:
        worker = int(parent.stdout.readline())
        assert list(tmp_path.glob("nbalabel-project-*")), "the fit has a folder"
        _wait(lambda: psutil.Process(worker).cpu_times().user > 2)  # it has begun
        parent.send_signal(signal.SIGKILL)
    _wait(lambda: not _is_running(worker))
    assert not list(tmp_path.glob("nbalabel-project-*")), "and its folder is gone, too"


def test_a_forked_child_that_lives_on_does_not_keep_the_fit_of_its_dead_parent() -> None:
    job = SimpleNamespace(_finalizer=SimpleNamespace(detach=lambda: None))
    read, write = os.pipe()
    job.process = SimpleNamespace(stdin=os.fdopen(os.dup(write), "wb", buffering=0))
    os.close(write)
    plane._Job.after_fork(job)  # type: ignore[arg-type]  # what a child does with its copy
    assert os.read(read, 1) == b"", "nobody holds the other end"
    os.close(read)


@pytest.mark.parametrize("d", [8, 60])
def test_of_many_rows_some_are_fitted_and_the_others_lie_among_them(
    monkeypatch: pytest.MonkeyPatch, d: int
) -> None:
    seen: list[int] = []

    def fit(rows: np.ndarray, seed: int, **_: object) -> tuple[Pca, np.ndarray]:
        seen.append(len(rows))
        return reducers._fit_pca(rows, seed)

    monkeypatch.setattr(reducers, "MOST", 50)
    monkeypatch.setattr(reducers, "_PART", 16)
    monkeypatch.setitem(reducers.FITS, "umap", fit)
    rows = np.random.default_rng(0).normal(size=(200, d)).astype(np.float32)
    rows[7, 2] = np.nan
    found = project(rows, "umap")
    assert seen == [50]
    assert np.flatnonzero(np.isnan(found.points[:, 0])).tolist() == [7]
    known = np.delete(np.arange(200), 7)
    np.testing.assert_allclose(found.points[known], found.transform(rows[known]), atol=1e-4)
    assert (reducers.fewer_columns(rows[known], 0) is not None) == (d > 50)


def _is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


def _wait(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)
