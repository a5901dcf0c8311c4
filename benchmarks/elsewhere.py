"""What predicting elsewhere costs: ``python benchmarks/elsewhere.py`` (two cores; some minutes).

The same network on the same images of the generated reef: in this process, in one and two processes of
nbalabel's, and by one and two workers of a Dask cluster on this machine. Each process uses one thread.
Counted are CPU seconds, which say more than wall seconds on a machine that others use, too: ``cpu`` is the
sum over the workers, ``busiest`` the one that did most; starting processes is not part of it, loading the
network is. The ways alternate; medians are printed. Results are compared, to the last bit.

``on a cluster, freed memory given back``: as Dask's nanny has it by default, without `engine.memory`.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
import warnings
from collections import defaultdict
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("OMP_NUM_THREADS", "1")

import distributed
import pandas as pd

import nbalabel as nl

WAYS = ("here", "1 process", "2 processes", "Dask, 1 worker", "Dask, 2 workers")
BACK = "Dask, 1 worker, freed memory given back"


def predicted(
    way: str, ds: nl.Dataset, model: nl.Yolo, asked: dict[str, Any]
) -> tuple[nl.Run, dict[str, float]]:
    """Predict in one way: the Run, and CPU seconds in all and of the busiest worker, and wall seconds."""
    with tempfile.TemporaryDirectory() as folder:
        if way == "here":
            began, cpu = time.perf_counter(), time.process_time()
            run = model.predict(ds, **asked)
            wall, cpu = time.perf_counter() - began, time.process_time() - cpu
            return run, {"cpu": cpu, "busiest": cpu, "wall": wall}
        n = int(way.partition(", ")[2][0] if "Dask" in way else way[0])
        began = time.perf_counter()
        if "Dask" not in way:
            run = model.predict(ds, **asked, on=n, folder=folder)
        else:
            with (
                distributed.LocalCluster(
                    n_workers=n, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
                ) as cluster,
                distributed.Client(cluster) as client,
            ):
                if way == BACK:
                    client.run(give_back)
                began = time.perf_counter()
                run = model.predict(ds, **asked, on=client, folder=folder)
        wall = time.perf_counter() - began
    by_worker = pd.DataFrame(run.arguments["workers"]).T
    cpu = by_worker["cpu_seconds"]
    return run, {"cpu": float(cpu.sum()), "busiest": float(cpu.max()), "wall": wall}


def give_back() -> None:
    """In a worker: leave memory as the nanny set it."""
    from nbalabel.engine import workers

    mock.patch.object(workers, "keep_freed_memory", return_value=False).start()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--images", type=int, default=256)
    parser.add_argument("--imgsz", type=int, default=256)
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    took: dict[str, list[dict[str, float]]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as folder,
        nl.demo.reef(Path(folder) / "reef.nbal", n_images=options.images, size=256) as ds,
    ):
        model = nl.Yolo("starter")
        asked = {"imgsz": options.imgsz, "batch": 8, "labels": {model.labels[0]: ds.labels[0]}}
        model.predict(ds, ds.images.index[:8], **asked)
        first: Any = None
        for _ in range(options.repeats):
            for way in (*WAYS, BACK):
                run, seconds = predicted(way, ds, model, asked)
                took[way].append(seconds)
                found = run.predictions.drop(columns="origin")
                first = found if first is None else first
                pd.testing.assert_frame_equal(found, first, check_exact=True)
                print(f"{way:42}" + "  ".join(f"{k} {v:6.1f} s" for k, v in seconds.items()), flush=True)
    here = statistics.median(one["cpu"] for one in took["here"])
    print(f"\n{len(first):,} predictions on {options.images} images, equal in every way. Medians:")
    print(f"{'':42}{'CPU s':>8}{'of here':>9}{'busiest':>9}{'wall s':>8}")
    for way, rows in took.items():
        cpu, busiest, wall = (statistics.median(r[k] for r in rows) for k in ("cpu", "busiest", "wall"))
        print(f"{way:42}{cpu:8.1f}{cpu / here:9.2f}{busiest:9.1f}{wall:8.1f}")
    for way in ("2 processes", "Dask, 2 workers"):
        one = way.replace("2 ", "1 ").replace("processes", "process").replace("workers", "worker")
        ratio = statistics.median(
            a["busiest"] / b["busiest"] for a, b in zip(took[one], took[way], strict=True)
        )
        print(f"{way}: {ratio:.2f} times one, by the busiest")


if __name__ == "__main__":
    main()
