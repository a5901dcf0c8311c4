"""Seconds and memory of ``import nbalabel`` in fresh interpreters, against the peers that are installed."""

from __future__ import annotations

import importlib.util
import json
import statistics
import subprocess
import sys

from report import Row, human, show

CODE = """
import json, time, resource
start = time.perf_counter()
import {module}
seconds = time.perf_counter() - start
print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""
PEERS = ("pandas", "pycocotools.coco", "supervision", "datumaro", "fiftyone", "ultralytics")


def measure(module: str, repeat: int = 7) -> tuple[float, float]:
    """Median seconds and MiB over fresh interpreters (the first, which fills the file cache, is left out)."""
    runs = []
    for _ in range(repeat + 1):
        done = subprocess.run(
            [sys.executable, "-c", CODE.format(module=module)], capture_output=True, check=True, text=True
        )
        runs.append(json.loads(done.stdout.splitlines()[-1]))
    seconds, memory = zip(*runs[1:], strict=True)
    return statistics.median(seconds), statistics.median(memory)


def main() -> None:
    rows = []
    for module in ("nbalabel", "nbalabel.data.dataset.dataset", *PEERS):
        if importlib.util.find_spec(module.split(".")[0]) is None:
            continue
        seconds, memory = measure(module)
        target = "<= 600 ms, <= 120 MB" if module == "nbalabel" else ""
        rows.append(Row(f"import {module}", f"{human(seconds)}, {memory:.0f} MiB", target=target))
    show("Import", rows)


if __name__ == "__main__":
    main()
