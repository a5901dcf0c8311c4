"""A queue of 100,000 tasks, handed out to 8 workers at once, and answered.

``python benchmarks/team_queue.py [--postgres URL] [--tasks N]`` (about 6 minutes). Each worker is a process
that asks without any pause, so that somebody waits for somebody all the time; a real annotator asks once in
many seconds. Times are of the wall, waiting included. Then each asks ten
times a second. For comparison, SQLite's own way of waiting.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import pandas as pd
from report import Row, human, show

from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.queue.database import sqlite
from nbalabel.data.queue.handing import hand_out
from nbalabel.data.queue.queue import Queue
from nbalabel.data.tables.tables import Tables

WORKERS = 8
EMPTY = {"state": "empty", "weight": 1.0, "instances": [], "regions": []}
Times = list[float]


def hand(folder: str, name: str, url: str | None, who: int, n: int, lock: bool, out: Any) -> None:
    """Take tasks as fast as they come, without answering them."""
    if not lock:
        sqlite.fcntl = None
    q = Queue(Dataset(folder), name=name, url=url)
    times: Times = []
    cpu = time.process_time()
    while len(times) < n:
        started = time.perf_counter()
        if not hand_out(q.sql, q.number, f"annotator-{who}", "", ("label",), 1, time.time()):
            break
        times.append(time.perf_counter() - started)
    out.put((times, time.process_time() - cpu))


def paced(folder: str, name: str, url: str | None, who: int, n: int, lock: bool, out: Any) -> None:
    """Take tasks without answering them, ten times a second: still far more often than people do."""
    assert lock
    q = Queue(Dataset(folder), name=name, url=url)
    times: Times = []
    cpu = time.process_time()
    for _ in range(n):
        time.sleep(0.1)
        started = time.perf_counter()
        hand_out(q.sql, q.number, f"annotator-{who}", "", ("label",), 1, time.time())
        times.append(time.perf_counter() - started)
    out.put((times, time.process_time() - cpu))


def work(folder: str, name: str, url: str | None, who: int, n: int, lock: bool, out: Any) -> None:
    """Take a task, answer it, take the next; the times are of taking."""
    if not lock:
        sqlite.fcntl = None
    q = Queue(Dataset(folder), name=name, url=url)
    times: Times = []
    cpu = time.process_time()
    for _ in range(n):
        started = time.perf_counter()
        (task,) = q.take(f"annotator-{who}")
        times.append(time.perf_counter() - started)
        q.submit(task, f"annotator-{who}", EMPTY, seconds=3.0)
    out.put((times, time.process_time() - cpu))


def race(target: Any, q: Queue, url: str | None, n: int, *, lock: bool = True) -> tuple[Times, float, float]:
    """Times of all workers, seconds of the wall, seconds of processors."""
    out = multiprocessing.get_context("spawn").Queue()
    places = [(str(q.ds.folder), q.name, url, who, n, lock, out) for who in range(WORKERS)]
    workers = [multiprocessing.get_context("spawn").Process(target=target, args=args) for args in places]
    started = time.perf_counter()
    for worker in workers:
        worker.start()
    found = [out.get() for _ in workers]
    for worker in workers:
        worker.join()
    took = [seconds for times, _ in found for seconds in times]
    return took, time.perf_counter() - started, sum(cpu for _, cpu in found)


def rows(what: str, found: tuple[Times, float, float], target: str = "") -> list[Row]:
    times, wall, cpu = found
    slow = statistics.quantiles(times, n=20)[-1]
    each = f"{human(statistics.median(times))}, {human(slow)}, {human(max(times))}"
    return [
        Row(f"{what}: median, 95%, slowest of {len(times):,}", each, target=target),
        Row(
            f"{what}: wall and processor time per task",
            f"{human(wall / len(times))}, {human(cpu / len(times))}",
        ),
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--postgres", help="url of an empty database")
    parser.add_argument("--tasks", type=int, default=100_000)
    given = parser.parse_args()
    n = given.tasks
    out: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        images = pd.DataFrame({"file": [f"{i}.png" for i in range(n)], "width": 64, "height": 64})
        none = pd.DataFrame({"image_id": [], "label": [], "mask": []})
        ds = Tables.of(images, none, ["cod"]).save(Path(folder) / "team.nbal")
        for url in [None, *([given.postgres] if given.postgres else [])]:
            kind = "SQLite" if url is None else "PostgreSQL"
            started = time.perf_counter()
            q = Queue(ds, ds.images, name="all", url=url)
            out.append(Row(f"{kind}: {n:,} tasks put into a queue", human(time.perf_counter() - started)))
            found = race(hand, q, url, n)
            assert len(found[0]) == n, "each task once"
            out += rows(f"{kind}: a task handed out, {WORKERS} workers", found, "<= 5 ms")
            slow = Queue(ds, ds.images, name="slow", url=url)
            found = race(paced, slow, url, 100)
            out += rows(
                f"{kind}: a task handed out, {WORKERS} workers, each 10 in a second", found, "<= 5 ms"
            )[:1]
            twice = Queue(ds, ds.images, redundancy=2, name="twice", url=url)
            found = race(work, twice, url, 250)
            out += rows(f"{kind}: the next task after an answer, {WORKERS} workers", found, "<= 5 ms")
        again = Queue(ds, ds.images, name="again")
        found = race(hand, again, None, n // 100, lock=False)
        out += rows(f"SQLite waiting in its own way: a task handed out, {WORKERS} workers", found)
        ds.close()
    show("A queue for a team", out)


if __name__ == "__main__":
    main()
