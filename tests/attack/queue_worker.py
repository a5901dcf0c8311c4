"""Annotators who race over one queue and are killed at random: each is a process that comes back.

    queue_worker.py FOLDER NAME URL N SEED LOG

URL is "-" for SQLite. LOG gets a line ``row annotator`` after each answer that the queue has acknowledged.
"""

import os
import random
import signal
import sys
import time

from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.queue.queue import Queue

EMPTY = {"state": "empty", "weight": 1.0, "instances": [], "regions": []}


def work(q: Queue, who: str, rng: random.Random, log: int) -> None:
    """Take, answer, skip rarely, sometimes answer twice; ends when nothing is left for this annotator."""
    while True:
        tasks = q.take(who, rng.choice((1, 1, 3)), seat=str(os.getpid()))
        if not tasks:
            if q.progress().is_done or not q.progress().open:
                return
            time.sleep(0.01)
            continue
        task = tasks[0]
        if rng.random() < 0.05:
            q.renew(tasks, who, seat=str(os.getpid()))
        q.submit(task, who, EMPTY, seconds=rng.random())
        os.write(log, f"{task.row_id} {who}\n".encode())
        if rng.random() < 0.05:
            q.submit(task, who, EMPTY)


def main(folder: str, name: str, url: str, n: int, seed: int, path: str) -> None:
    rng = random.Random(seed)
    q = Queue(Dataset(folder), name=name, url=None if url == "-" else url)
    log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    lives: dict[int, str] = {}

    def begin(who: str) -> None:
        child = os.fork()
        if child == 0:
            code = 1
            try:
                work(q, who, random.Random(rng.random()), log)
                code = 0
            finally:
                os._exit(code)
        lives[child] = who

    for i in range(n):
        begin(f"annotator-{i}")
    kills = 0
    while lives:
        time.sleep(rng.random() * 0.05)
        done, status = os.waitpid(-1, os.WNOHANG)
        if done:
            who = lives.pop(done)
            if os.WIFSIGNALED(status):
                begin(who)
            elif os.WEXITSTATUS(status):
                raise SystemExit(f"{who} failed")
        elif lives and rng.random() < 0.5:
            os.kill(rng.choice(list(lives)), signal.SIGKILL)
            kills += 1
    print(kills)  # noqa: T201  # the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:4], int(sys.argv[4]), int(sys.argv[5]), sys.argv[6])
