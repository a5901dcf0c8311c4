"""Kills at every call to the system, in edits, commits, merges, refreshes, shortcuts and saves of one folder.

Complements ``test_crash.py``, which kills at random times: here the process ends at the n-th call
itself, before or after it, so that no window is too short to be hit.
"""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import pandas as pd
import pytest

from nbalabel.core.errors import StorageError
from nbalabel.core.tables import schema
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.tables.tables import Tables

WORKER = Path(__file__).with_name("kill_worker.py")
LABELS = ("cod", "ling")
THEIRS = 5
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL")


@pytest.fixture
def worker():
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "ARROW_IO_THREADS": "1"}
    command = [sys.executable, str(WORKER)]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment) as process:

        def run(*words: object) -> list[dict]:
            process.stdin.write("\t".join(map(str, words)) + "\n")
            process.stdin.flush()
            said = []
            for line in process.stdout:
                message = json.loads(line)
                if message["kind"] == "gone":
                    return said
                said.append(message)
            raise AssertionError("the worker itself died")

        yield run


def content(ds) -> dict:
    rows = zip(ds.instances["image_id"], ds.instances["label"], ds.instances["x"], strict=True)
    return {
        "weights": [float(w) for w in ds.images["weight"].drop(THEIRS)],
        "instances": sorted([int(i), str(label), float(x)] for i, label, x in rows),
    }


def quietly(folder: Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Dataset(folder)


def brought_back(folder: Path) -> Dataset:
    """The session that was killed; work of the other one, killed in the middle as well, is committed."""
    sessions = [quietly(folder)]
    while sessions[-1].status():
        sessions.append(quietly(folder))
    mine = sessions[-1]
    for ds in sessions[:-1]:
        rows = ds._session.net.tables
        if set(rows) == {"images"} and rows["images"].updated_ids.tolist() == [THEIRS]:
            ds.commit("theirs, brought back")
        else:
            mine = ds
    for ds in sessions:
        if ds is not mine:
            ds.close()
    return mine


def check_saved(path: Path, want: dict, *, acknowledged: bool) -> None:
    """A saved dataset is whole; one whose saving was killed is whole, or none, and can be saved again."""
    try:
        saved = quietly(path)
    except StorageError:
        assert not acknowledged, path
        saved = Tables.of(
            pd.DataFrame({"file": ["a"], "width": 1, "height": 1}), schema.empty("instances"), []
        ).save(path)
        saved.verify()
        saved.close()
        return
    assert content(saved) == want, path
    saved.verify()
    saved.close()


def test_nothing_acknowledged_is_lost_whatever_call_a_kill_falls_on(tmp_path, worker, rounds, rng):
    folder = tmp_path / "x.nbal"
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(6)], "width": 16, "height": 16})
    Tables.of(images, schema.empty("instances", LABELS), LABELS).save(folder).close()
    n_rounds, expected, theirs = rounds(8, 200), None, {1.0}
    committed, used, n_killed, killed_in = dict[str, dict](), set[int](), 0, dict[str, int]()
    for round_ in range(n_rounds):
        said = worker(folder, rng.randrange(2**32), rng.randrange(1, 400), rng.choice(["before", "after"]))
        assert not [m for m in said if m["kind"] == "failed"], said
        where = f"round {round_}: {[(m['what'], m['kind'], m.get('version')) for m in said]}, {said[-2:]}"
        in_flight, allowed = None, [expected] if expected else []
        for message in said:
            if message["kind"] == "try":
                in_flight = message
                continue
            in_flight, allowed = None, [message["content"]]
            if message["what"] == "commit":
                committed[message["version"]] = message["content"]
            elif message["what"] == "theirs":
                theirs = {float(message["value"])}
            elif message["what"] == "save":
                check_saved(Path(message["path"]), message["content"], acknowledged=True)
            created = set(message.get("created", []))
            assert not used & created, "an id was used twice"
            used |= created
        if in_flight:
            n_killed += 1
            killed_in[in_flight["what"]] = killed_in.get(in_flight["what"], 0) + 1
            allowed.append(in_flight["content"])
            if in_flight["what"] == "theirs":
                theirs |= {float(in_flight["value"])}
            if in_flight["what"] == "save":
                check_saved(Path(in_flight["path"]), in_flight["content"], acknowledged=False)
        ds = brought_back(folder)
        expected = content(ds)
        assert not allowed or expected in allowed, where
        assert set(committed) <= set(ds.versions.index), where
        assert not list(folder.rglob(".part-*")), where
        if ds.version("HEAD").images.loc[THEIRS, "weight"] not in theirs:
            raise AssertionError(f"{where}: what the other session committed is gone")
        if round_ % 10 == 9 or round_ == n_rounds - 1:
            ds.verify()
        ds.close()
    ds = quietly(folder)
    for version_id, was in committed.items():
        assert content(ds.version(version_id)) == was
    ds.close()
    assert n_killed > n_rounds // 4
    print(f"{n_rounds} rounds, killed within {killed_in}, {len(committed)} commits")  # noqa: T201
