import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from nbalabel.core.cores import cores
from nbalabel.core.errors import DataError, ModelError
from nbalabel.data.images.remote import places
from nbalabel.engine.memory import keep_freed_memory
from nbalabel.engine.run import run
from tests.engine import tasks


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers find the tasks by name."""
    paths = [str(Path(__file__).parents[2]), *filter(None, [os.environ.get("PYTHONPATH")])]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(paths))


def test_results_come_with_their_numbers_from_threads_and_processes() -> None:
    calls = [(n, n + 1) for n in range(7)]
    expected = {n: (n + 1) ** 2 for n in range(7)}
    with ThreadPoolExecutor(2) as threads:
        assert dict(run(tasks.square, calls, threads)) == expected
        assert threads.submit(int).result() == 0  # not shut down: it is not ours
    assert dict(run(tasks.square, calls, 2)) == expected


class Cluster:
    """Two workers; each call takes 200 looks at its future."""

    asked = 0

    def nthreads(self) -> dict[str, int]:
        self.asked += 1
        return {"a": 1, "b": 1}

    def submit(self, fn: Any, *arguments: Any) -> Any:
        return Slow(fn(*arguments))


class Slow:
    def __init__(self, value: Any) -> None:
        self.value, self.looks = value, 0

    def done(self) -> bool:
        self.looks += 1
        return self.looks > 200

    def exception(self) -> None:
        return None

    def result(self) -> Any:
        return self.value

    def cancel(self) -> None:
        raise AssertionError("it was not interrupted")


def test_a_cluster_is_not_asked_for_its_size_at_every_look(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nbalabel.engine.run._PAUSE", 0.0)
    now = iter(0.01 * n for n in range(10_000))
    monkeypatch.setattr("nbalabel.engine.workers.time.monotonic", lambda: next(now))
    cluster = Cluster()
    assert len(dict(run(tasks.square, ((n, n) for n in range(9)), cluster))) == 9
    assert 2 <= cluster.asked <= 10  # of some 600 looks, in six seconds of this clock


def test_arguments_are_taken_as_workers_become_free() -> None:
    taken: list[int] = []

    def calls() -> Iterator[tuple[int, int]]:
        for n in range(100):
            taken.append(n)
            yield n, n

    with ThreadPoolExecutor(2) as threads:
        results = run(tasks.square, calls(), threads)
        next(results)
        assert len(taken) <= 5
        assert len(dict(results)) == 99


def test_calls_of_a_process_that_died_are_made_again(tmp_path: Path) -> None:
    found = dict(run(tasks.dies_once, ((n, tmp_path) for n in range(8)), 2))
    assert found == {n: n for n in range(8)}
    assert (tmp_path / "died").exists()


def test_a_call_that_ends_its_process_each_time_stops_nothing_else(tmp_path: Path) -> None:
    found: list[int] = []
    with pytest.raises(ModelError, match="call 1 failed 3 times, the last time alone"):
        found += [n for n, _ in run(tasks.dies, ((n, tmp_path) for n in range(6)), 2)]
    done = {path.name for path in tmp_path.glob("*.done")}
    assert done == {f"{n}.done" for n in (0, 2, 3, 4, 5)}


def test_an_error_of_ours_is_raised_at_once() -> None:
    with pytest.raises(DataError, match="number 0 is none"):
        dict(run(tasks.complains, [(0, 0)], 1))


@pytest.mark.parametrize("on", [0, -1, True, "two", object()])
def test_nothing_to_run_on_is_refused(on: object) -> None:
    with pytest.raises(DataError, match="on must be a number of processes"):
        dict(run(tasks.square, [(0, 0)], on))


def test_processes_share_the_cores_and_take_over_what_the_session_allows(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(places, "_ALLOWED", [])
    places.allow_images_from("https://example.org/reef/")
    assert dict(run(tasks.allowed, [(0, 0)], 1)) == {0: ("https://example.org/reef/",)}
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert dict(run(tasks.threads, [(0, 0)], 1)) == {0: str(cores())}
    assert dict(run(tasks.threads, [(0, 0)], 2)) == {0: str(max(1, cores() // 2))}
    monkeypatch.setenv("OMP_NUM_THREADS", "1")  # what the session may take is the most
    assert dict(run(tasks.threads, [(0, 0)], 1)) == {0: "1"}


def test_processes_end_with_the_iteration_and_with_their_parent(tmp_path: Path) -> None:
    code = f"""
from tests.engine import tasks
from pathlib import Path
from nbalabel.engine.run import run
if __name__ == "__main__":
    list(run(tasks.waits, ((n, Path({str(tmp_path)!r})) for n in range(2)), 2))
"""
    script = tmp_path / "script.py"
    script.write_text(code)
    parent = subprocess.Popen([sys.executable, str(script)])
    try:
        pids = wait_for(lambda: working(tmp_path) if parent.poll() is None else [])
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    assert len(pids) >= 1
    assert wait_for(lambda: not any(alive(pid) for pid in pids))


def test_an_interrupt_ends_processes_at_once(tmp_path: Path) -> None:
    results = run(tasks.waits, ((n, tmp_path) for n in range(2)), 2)
    with pytest.raises(KeyboardInterrupt):
        interrupted_after(results, tmp_path)
    pids = working(tmp_path)
    assert pids
    assert wait_for(lambda: not any(alive(pid) for pid in pids))


def interrupted_after(results: Iterator[Any], folder: Path) -> None:
    """Ask for a result, and interrupt as soon as a worker is at work."""
    import _thread
    import threading

    def interrupt() -> None:
        wait_for(lambda: list(folder.glob("*.pid")))
        _thread.interrupt_main()

    threading.Thread(target=interrupt, daemon=True).start()
    next(results)


def working(folder: Path) -> list[int]:
    """Processes that are at work."""
    return [int(path.stem) for path in folder.glob("*.pid")]


def wait_for(condition: Callable[[], Any], seconds: float = 60.0) -> Any:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError("it did not happen in time")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0] != "Z"
    except OSError:
        return False


def test_freed_memory_is_kept_where_the_c_library_can() -> None:
    assert keep_freed_memory() == sys.platform.startswith("linux")
