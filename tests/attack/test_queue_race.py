"""Annotators race over one queue and are killed at random: no task is lost, nobody answers one twice."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from nbalabel.data.queue.queue import Queue
from nbalabel.data.tables.tables import Tables

WORKER = Path(__file__).with_name("queue_worker.py")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="needs fork and SIGKILL"),
]


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str | None:
    return None if request.param == "sqlite" else request.getfixturevalue("postgres")


def test_no_task_is_lost_and_every_acknowledged_answer_is_there(tmp_path, url, rounds, rng):
    n, people = rounds(200, 2000), rounds(4, 8)
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(n)], "width": 8, "height": 8})
    ds = Tables.of(images, pd.DataFrame({"image_id": [], "label": [], "mask": []}), ["cod"]).save(
        tmp_path / "t.nbal"
    )
    q = Queue(ds, ds.images, redundancy=2, url=url)
    ds.close()
    log = tmp_path / "acknowledged"
    command = [
        sys.executable,
        str(WORKER),
        str(ds.folder),
        q.name,
        url or "-",
        str(people),
        str(rng.randrange(10**6)),
    ]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*command, str(log)], capture_output=True, text=True, timeout=1200, env=environment)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0, "nobody was killed"

    found = q.sql.do(
        lambda run: run(
            "SELECT t.row_id, a.annotator FROM nbl_answers a JOIN nbl_tasks t ON t.task_id = a.task_id "
            "WHERE a.queue_id = ?",
            (q.number,),
        )
    )
    assert len(found) == len(set(found)), "somebody answered a task twice"
    acknowledged = {(int(row), who) for row, who in (line.split() for line in log.read_text().splitlines())}
    assert acknowledged <= set(found)
    assert pd.Series([row for row, _ in found]).value_counts().reindex(range(n)).tolist() == [2] * n
    assert q.progress().is_done
    q.close()
