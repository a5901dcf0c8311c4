"""The promise: what a call acknowledged survives any crash, and two writers lose nothing of each other."""

import json
import os
import random
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pandas as pd
import pytest

from nbalabel.core.tables import schema
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.tables.tables import Tables

WORKER = Path(__file__).with_name("crash_worker.py")
LABELS = ("cod", "ling")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")


class Worker:
    """The warm process; one child at a time."""

    def __init__(self) -> None:
        environment = {**os.environ, "OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"}
        self.process = subprocess.Popen(
            [sys.executable, str(WORKER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def start(self, *command: object) -> int:
        self.process.stdin.write("\t".join(map(str, command)) + "\n")
        self.process.stdin.flush()
        return self.read()["pid"]

    def read(self) -> dict:
        line = self.process.stdout.readline()
        assert line, "the worker itself died"
        return json.loads(line)

    def read_until_gone(self) -> list[dict]:
        said = []
        while (message := self.read())["kind"] != "gone":
            said.append(message)
        return said

    def close(self) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


@pytest.fixture
def worker():
    it = Worker()
    yield it
    it.close()


def make(folder: Path, n_images: int = 6) -> None:
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(n_images)], "width": 16, "height": 16})
    ds = Tables.of(images, schema.empty("instances", LABELS), LABELS).save(folder)
    ds.close()


def content(ds) -> dict:
    rows = zip(ds.instances["image_id"], ds.instances["label"], ds.instances["x"], strict=True)
    return {
        "weights": [float(w) for w in ds.images["weight"]],
        "instances": sorted([int(i), str(label), float(x)] for i, label, x in rows),
    }


@pytest.mark.slow
def test_nothing_acknowledged_is_lost_when_the_process_is_killed_200_times(tmp_path, worker):
    folder, rng = tmp_path / "x.nbal", random.Random(7)
    make(folder)
    expected, committed, used = None, {}, set()
    n_recovered, n_commits, n_acknowledged = 0, 0, 0
    for round_ in range(200):
        pid = worker.start("edit", folder, round_)
        said = [worker.read() for _ in range(rng.choice([0, 0, 1, 3, 5, 8, 12, 18]))]
        time.sleep(rng.uniform(0, 0.03))
        os.kill(pid, signal.SIGKILL)
        allowed = [expected] if expected else []
        in_flight = None
        for message in said + worker.read_until_gone():
            if message["kind"] == "try":
                in_flight = message
                continue
            n_acknowledged += 1
            in_flight, allowed = None, [message["content"]]
            if message["what"] == "commit":
                n_commits += 1
                committed[message["version"]] = message["content"]
            created = message.get("created", [])
            assert not used & set(created), "an id was used twice"
            used |= set(created)
        if in_flight:
            allowed.append(in_flight["content"])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ds = Dataset(folder)
        found = content(ds)
        assert not allowed or found in allowed, f"round {round_}"
        n_recovered += bool(ds.status())
        assert set(committed) <= set(ds.versions.index)
        expected = found
        ds.close()
    ds = Dataset(folder)
    assert set(ds.verify()) >= set(committed)
    for version_id, was in committed.items():
        assert content(ds.version(version_id)) == was
    ds.close()
    assert n_acknowledged > 400
    assert n_commits > 50
    assert n_recovered > 50


@pytest.mark.slow
def test_two_writers_racing_100_times_lose_nothing_and_conflicts_name_the_rows(tmp_path):
    folder, rng = tmp_path / "x.nbal", random.Random(3)
    make(folder, n_images=12)
    first, second = Worker(), Worker()
    n_merged = n_conflicts = 0
    for round_ in range(100):
        shared = rng.sample(range(12), rng.randint(0, 2))
        rest = [i for i in range(12) if i not in shared]
        mine, theirs = rest[:3] + shared, rest[3:6] + shared
        go = tmp_path / f"go-{round_}"
        for worker, rows, value in ((first, mine, 2 * round_ + 2), (second, theirs, 2 * round_ + 3)):
            worker.start("race", folder, go, json.dumps(sorted(rows)), value)
            assert worker.read()["kind"] == "ready"
        go.touch()
        said = [worker.read_until_gone() for worker in (first, second)]
        assert all(messages[-1]["kind"] == "done" for messages in said), said
        conflicts = [messages[-1]["conflict"] for messages in said if messages[-1]["conflict"]]
        assert conflicts == ([sorted(shared)] if shared else [])
        n_conflicts += bool(conflicts)
        ds = Dataset(folder)
        lineage = [m.id for m in ds._session.store.lineage(ds.version_id)]
        assert {messages[-1]["version"] for messages in said} <= set(lineage)
        weight = ds.images["weight"]
        winner = next((m for m in said if m[-1]["conflict"]), None)
        assert (weight[mine[:3]] == 2 * round_ + 2).all()
        assert (weight[theirs[:3]] == 2 * round_ + 3).all()
        if winner is not None:
            assert (weight[shared] == (2 * round_ + 2 if winner is said[0] else 2 * round_ + 3)).all()
        n_merged += not shared
        ds.close()
    first.close()
    second.close()
    assert n_merged > 15
    assert n_conflicts > 40
    assert len(Dataset(folder).verify()) == 201
