"""What scatter, table and histogram of many rows cost the kernel, and send to the page.

``python benchmarks/large_views.py [1e6 3e6 1e7]``: images with two coordinates, a number and a category of
seven values, the last of them on 40 images. 10^6 by default; each size runs in a process of its own. CPU
seconds are the kernel's, bytes those of one message. ``views.py`` measures the page's own work.
"""

from __future__ import annotations

import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import nbalabel as nl
from nbalabel.core.tables.schema import empty
from nbalabel.widgets.bridge.port import plain
from nbalabel.widgets.workspace.clauses import Clause
from nbalabel.widgets.workspace.selection import unpack

NAMES = ["file", "depth", "habitat"]
FIRST = [["depth", True]]


def table(n: int) -> pd.DataFrame:
    """Images with coordinates in 40 clusters."""
    rng = np.random.default_rng(0)
    cluster = rng.integers(40, size=n, dtype=np.int8)
    middle = rng.normal(size=(40, 2)).astype(np.float32) * 4
    points = middle[cluster] + rng.normal(size=(n, 2)).astype(np.float32)
    kind = (cluster % 6).astype(np.int8)
    kind[rng.integers(n, size=40)] = 6
    habitats = ["coral reef", "seagrass", "sandy flat", "mangrove", "rocky slope", "open blue", "wreck"]
    return pd.DataFrame(
        {
            "file": pd.Series(np.char.mod("f%d", np.arange(n)), dtype="str"),
            "width": 1920,
            "height": 1080,
            "habitat": pd.Categorical.from_codes(kind, habitats),
            "east": points[:, 0],
            "north": points[:, 1],
            "depth": rng.gamma(4, 8, n).astype(np.float32),
        }
    )


class Steps:
    """Prints the CPU seconds of each step and the bytes of what it sends."""

    def __call__(self, name: str, call: Callable[[], Any]) -> Any:
        """Take one step; returns what it gives."""
        start = time.process_time()
        result = call()
        seconds = time.process_time() - start
        sent = f"{self.size(result) / 1e6:.2f} MB" if isinstance(result, tuple) else ""
        print(f"| {name} | {seconds:.2f} s | {sent} |", flush=True)
        return result

    def size(self, reply: tuple[Any, Any]) -> int:
        """Bytes of a reply: its buffers, and what goes as JSON."""
        return sum(len(part) for part in reply[1]) + len(json.dumps(plain(reply[0])))


def measure(n: int) -> None:
    """Every step at one size."""
    step = Steps()
    with tempfile.TemporaryDirectory() as folder:
        tables = nl.Tables.of(table(n), empty("instances", ["fish"]), ["fish"], None)
        ws = nl.Workspace(tables.save(f"{folder}/large.nbal"))
        del tables
        print(f"\n## {n:,} rows\n\n| step | CPU | sent |\n|---|---|---|")
        scatter(ws, n, step)
        rows(ws, step)
        histogram(ws, n, step)
        states: list[tuple[Any, list[bytes]]] = []
        ws.selection.receive(
            {"kind": "selection", "op": "ready"}, [], lambda head, parts=(): states.append((head, parts))
        )
        step("selection: its state with one clause", lambda: states[0])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"\nlargest memory of the process, with the table made and saved in it: {peak:.1f} GB")


def scatter(ws: nl.Workspace, n: int, step: Steps) -> None:
    """From nothing to the first picture; a filter, a lasso, and closer looks."""
    view = nl.Scatter(ws, x="east", y="north", color="habitat")

    def window(left: float, bottom: float, right: float, top: float) -> Any:
        return view.window(limits=[left, bottom, right, top], columns=512, rows=340, rev=ws.rev)

    def first() -> Any:
        view.describe()
        view.cloud(rev=ws.rev)
        return window(0, 0, 1, 1)

    step("scatter: first picture", first)
    deep = np.asarray(ws.frame("images")["depth"] > 30)
    ws.put(Clause("other", "images", deep))
    step("scatter: picture after a filter of another view, half of the rows", lambda: window(0, 0, 1, 1))
    ring = [3 * f(k / 60 * 2 * math.pi) for k in range(60) for f in (math.cos, math.sin)]
    found = step("scatter: lasso of 60 corners", lambda: view.inside(shape="lasso", corners=ring, rev=ws.rev))
    ws.put(Clause(view.source, "images", unpack(found[1][0], n)))
    step("scatter: picture with the lasso's points marked", lambda: window(0, 0, 1, 1))
    ws.clear()
    step("scatter: zoom, a fifth of both axes", lambda: window(0.4, 0.4, 0.6, 0.6))
    step("scatter: zoom, a hundredth", lambda: window(0.5, 0.5, 0.51, 0.51))
    step("scatter: static picture", lambda: view.picture() and None)
    view.close()


def rows(ws: nl.Workspace, step: Steps) -> None:
    """A table's first page, sorted and filtered, as the page asks for it."""
    view = nl.Table(ws, columns=NAMES, thumbnails=False)
    step("table: described", lambda: view.describe(names=NAMES) and None)
    shown = {"kind": "range", "lo": 20, "hi": 40, "missing": "out"}

    def keep(filters: dict[str, Any], sort: list[list[Any]]) -> Any:
        return view.keep(filters=filters, search="", search_in=[], sort=sort, names=NAMES)

    step("table: a filter, to its first rows", lambda: keep({"depth": shown}, []))
    step("table: the same once more, another range", lambda: keep({"depth": {**shown, "hi": 30}}, []))
    step("table: sorted by a number, first rows", lambda: keep({}, FIRST))
    step("table: the first part of that order", lambda: view.order(sort=FIRST))
    view.close()


def histogram(ws: nl.Workspace, n: int, step: Steps) -> None:
    """Bars, and bars of what a brush in another view leaves."""
    made: list[Any] = []
    step("histogram: made", lambda: made.append(nl.Histogram(ws, "depth", of="images", split="habitat")))
    ws.put(Clause("other", "images", np.arange(n) % 3 == 0))
    step("histogram: counted again after a brush", made[0].recount)
    made[0].close()


def main() -> None:
    if os.environ.get("LARGE_VIEWS_CHILD"):
        measure(int(float(sys.argv[1])))
        return
    for n in sys.argv[1:] or ["1e6"]:
        environment = {**os.environ, "LARGE_VIEWS_CHILD": "1", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, str(Path(__file__)), n]
        subprocess.run(command, env=environment, check=True)


if __name__ == "__main__":
    main()
