"""A fit in a process of its own: ``python -m nbalabel.learn.embed.worker FOLDER``.

Reads ``rows.npy`` and ``job.json`` from the folder, writes ``points.npy`` and the fitted reducer. The folder
is private and temporary; the process that started this one makes and removes it.
"""

from __future__ import annotations

import json
import os
import pickle
import sys
from pathlib import Path

import numpy as np


def work(folder: Path) -> None:
    """Fit what ``job.json`` asks for."""
    from .reducers import FITS  # loads OpenMP, whose threads sleep while they wait, see main

    job = json.loads((folder / "job.json").read_text())
    rows = np.load(folder / "rows.npy", allow_pickle=False)
    reducer, points = FITS[job["method"]](rows, job["seed"], **job["arguments"])
    (folder / "reducer.pickle").write_bytes(pickle.dumps(reducer))
    np.save(folder / "points.npy", points, allow_pickle=False)


if __name__ == "__main__":
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # beside a notebook that computes too
    work(Path(sys.argv[1]))
