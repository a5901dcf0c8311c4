"""A fit in a process of its own: ``python -m nbalabel.learn.embed.worker FOLDER``.

Reads ``rows.npy`` and ``job.json`` from the folder, writes ``points.npy`` and the fitted reducer. The folder
is private and temporary; the process that started this one makes and removes it, and holds the other end of
standard input: when that closes, that process is gone, and this one removes the folder and ends.
"""

from __future__ import annotations

import json
import os
import pickle
import shutil
import sys
import threading
from pathlib import Path

import numpy as np


def work(folder: Path) -> None:
    """Fit what ``job.json`` asks for."""
    from .reducers import fit  # loads OpenMP, whose threads sleep while they wait, see main

    job = json.loads((folder / "job.json").read_text())
    rows = np.load(folder / "rows.npy", mmap_mode="r", allow_pickle=False)
    reducer, points = fit(job["method"], rows, job["seed"], **job["arguments"])
    (folder / "reducer.pickle").write_bytes(pickle.dumps(reducer))
    np.save(folder / "points.npy", points, allow_pickle=False)


def _end_with_parent(folder: Path) -> None:
    """Remove the folder and end when nobody holds the other end of standard input any more."""

    def watch() -> None:
        while os.read(0, 1):  # sys.stdin has a lock, which Python may not leave to a thread when it ends
            pass
        shutil.rmtree(folder, ignore_errors=True)
        os._exit(1)  # nobody waits for a result

    threading.Thread(target=watch, daemon=True, name="nbalabel-parent").start()


if __name__ == "__main__":
    _end_with_parent(Path(sys.argv[1]))
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # beside a notebook that computes too
    work(Path(sys.argv[1]))
