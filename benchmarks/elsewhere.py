"""What steps cost elsewhere: ``python benchmarks/elsewhere.py [predict|refine]`` (two cores; some minutes).

The same step on the same images of the generated reef: in this process, in one and two processes of
nbalabel's, and by one and two workers of a Dask cluster on this machine. Each process uses one thread.
Counted are CPU seconds, which say more than wall seconds on a machine that others use, too. ``opening`` is
what a worker needs once, to import packages and load a network; ``rest`` is all else, of this process and of
all workers, and ``path`` that of this process and of the worker that did most: the critical path. Starting
processes is not part of it. The ways alternate; medians are printed. Results are compared, to the last bit.

``on a cluster, freed memory given back``: as Dask's nanny has it by default, without `engine.memory`.

``predict --ray PYTHON`` measures Ray Data with one and two actors, too, on the same parts: that Python has
ray[data] and nbalabel with the models (``benchmarks/elsewhere_ray.py``). Its wall seconds hold the start of
the actors, as nbalabel's hold that of its processes; those of Dask begin when its workers are there.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
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


def _predict(ds: nl.Dataset, images: int) -> Any:
    model = nl.Yolo("starter")
    labels = {model.labels[0]: ds.labels[0]}
    chosen = ds.images.index[:images]
    return lambda **where: model.predict(ds, chosen, imgsz=256, batch=8, labels=labels, **where)


def _refine(ds: nl.Dataset, images: int) -> Any:
    run = nl.demo.simulated_run(ds)
    rows = run.predictions[run.predictions["image_id"].isin(ds.images.index[:images])]
    return lambda **where: nl.refine(run, rows=rows, **where)


STEPS = {"predict": _predict, "refine": _refine}


def made(way: str, asked: Any) -> tuple[Any, dict[str, float]]:
    """Run a step in one way: what it made, and CPU seconds as the head of this file names them, and wall."""
    with tempfile.TemporaryDirectory() as folder:
        if way == "here":
            began, cpu = time.perf_counter(), time.process_time()
            run = asked()
            wall, cpu = time.perf_counter() - began, time.process_time() - cpu
            return run, {"opening": 0.0, "rest": cpu, "path": cpu, "wall": wall}
        n = int(way.partition(", ")[2][0] if "Dask" in way else way[0])
        began, cpu = time.perf_counter(), time.process_time()
        if "Dask" not in way:
            run = asked(on=n, folder=folder)
        else:
            with (
                distributed.LocalCluster(
                    n_workers=n, threads_per_worker=1, dashboard_address=None, host="127.0.0.1"
                ) as cluster,
                distributed.Client(cluster) as client,
            ):
                if way == BACK:
                    client.run(give_back)
                began, cpu = time.perf_counter(), time.process_time()
                run = asked(on=client, folder=folder)
        wall, cpu = time.perf_counter() - began, time.process_time() - cpu
    workers = run.arguments.get("refined", run.arguments)["workers"]
    by_worker = pd.DataFrame(workers).T
    opening = by_worker["opening"]
    rest = by_worker["cpu_seconds"] - opening
    return run, {
        "opening": float(opening.max()),
        "rest": float(rest.sum()) + cpu,
        "path": float(rest.max()) + cpu,
        "wall": wall,
    }


def by_ray(python: str, ds: nl.Dataset, images: int, actors: int) -> tuple[pd.DataFrame, dict[str, float]]:
    """A prediction by Ray Data: its rows, and what it cost."""
    with tempfile.TemporaryDirectory() as folder:
        model, out = Path(folder) / "model.npz", Path(folder) / "out"
        out.mkdir()
        nl.Yolo("starter").save(model)
        script = str(Path(__file__).with_name("elsewhere_ray.py"))
        asked = [python, script, str(ds.folder), str(model), str(images), str(actors), str(out)]
        done = subprocess.run(asked, capture_output=True, text=True)
        if done.returncode:
            raise SystemExit(f"{python} failed:\n{done.stderr[-2000:]}")
        rows = pd.concat([pd.read_parquet(file) for file in out.glob("*.parquet")])
        return rows, json.loads(done.stdout.splitlines()[-1])


def sorted_rows(found: pd.DataFrame) -> pd.DataFrame:
    """Image, label, score and mask of predictions, in one order."""
    plain = {
        "image_id": found["image_id"].to_numpy("int64"),
        "label": found["label"].astype(str).to_numpy(object),
        "score": found["score"].to_numpy("float32"),
        "mask": found["mask"].to_numpy(object),
    }
    return pd.DataFrame(plain).sort_values(["image_id", "score", "mask"], ignore_index=True)


def give_back() -> None:
    """In a worker: leave memory as the nanny set it."""
    from nbalabel.engine import workers

    mock.patch.object(workers, "keep_freed_memory", return_value=False).start()


def tell(way: str, seconds: dict[str, float]) -> None:
    """Print what one repetition cost."""
    print(f"{way:42}" + "  ".join(f"{k} {v:6.1f} s" for k, v in seconds.items()), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=STEPS, nargs="?", default="predict")
    parser.add_argument("--images", type=int, default=512)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument(
        "--ray", help="a Python that has ray[data] and nbalabel with the models: measure Ray Data"
    )
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    took: dict[str, list[dict[str, float]]] = defaultdict(list)
    with (
        tempfile.TemporaryDirectory() as folder,
        nl.demo.reef(Path(folder) / "reef.nbal", n_images=options.images, size=256) as ds,
    ):
        asked, first = STEPS[options.step](ds, options.images), None
        STEPS[options.step](ds, 8)()
        for _ in range(options.repeats):
            for way in (*WAYS, *([BACK] if options.step == "predict" else [])):
                run, seconds = made(way, asked)
                took[way].append(seconds)
                found = run.predictions.drop(columns="origin")
                first = found if first is None else first
                pd.testing.assert_frame_equal(found, first, check_exact=True)
                tell(way, seconds)
            for n in (1, 2) if options.ray and options.step == "predict" else ():
                way = f"Ray Data, {n} actor{'s' if n > 1 else ''}"
                rows, seconds = by_ray(options.ray, ds, options.images, n)
                took[way].append(seconds)
                pd.testing.assert_frame_equal(sorted_rows(rows), sorted_rows(first), check_exact=True)
                tell(way, seconds)
    here = statistics.median(one["rest"] for one in took["here"])
    print(f"\n{options.step}: {len(first):,} rows on {options.images} images, equal. Medians, CPU s:")
    print(f"{'':42}{'opening':>9}{'rest':>8}{'of here':>9}{'path':>8}{'wall s':>8}")
    for way, rows in took.items():
        opening, rest, path, wall = (
            statistics.median(r[k] for r in rows) for k in ("opening", "rest", "path", "wall")
        )
        print(f"{way:42}{opening:9.1f}{rest:8.1f}{rest / here:9.2f}{path:8.1f}{wall:8.1f}")
    for two, one in (("2 processes", "1 process"), ("Dask, 2 workers", "Dask, 1 worker")):
        ratio = statistics.median(a["path"] / b["path"] for a, b in zip(took[one], took[two], strict=True))
        print(f"{two}: {ratio:.2f} times one, by the critical path")


if __name__ == "__main__":
    main()
