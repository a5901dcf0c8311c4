"""The first model of a project: ``python benchmarks/start.py nuclei PATH`` or ``reef``.

A project starts with a few labeled images. Which model makes the best first proposals? ``nl.Watershed`` (no
network), a YOLO from random weights (``yolo11n-seg.yaml``), or one from other weights, such as those that
come with nbalabel (``starter``); each as it is and with ``nl.refine``. Worlds and test images are those of
``growth.py``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import growth

import nbalabel as nl

RESULTS = Path(__file__).with_name("start.jsonl")


def watershed(world: growth.World, seed: int, _steps: int) -> tuple[nl.Run, nl.Run]:
    model = nl.Watershed()
    trained = model.train(world.ds, seed=seed)
    return trained, model.predict(world.ds, images=_measured(world), score=0.01)


def yolo(start: str) -> Callable[[growth.World, int, int], tuple[nl.Run, nl.Run]]:
    """A YOLO that starts from these weights."""

    def train(world: growth.World, seed: int, steps: int) -> tuple[nl.Run, nl.Run]:
        model = nl.Yolo(start)
        trained = model.train(world.ds, imgsz=world.imgsz, seed=seed, steps=steps)
        return trained, model.predict(world.ds, images=_measured(world), score=0.01, embed=False)

    return train


def _measured(world: growth.World) -> list[int]:
    """Test images, and the complete ones that refine learns from."""
    labeled = world.ds.images.query("state == 'complete' and split != 'test'").index
    return world.test.union(labeled).tolist()


def measure(arm: str, world: growth.World, run: nl.Run, facts: dict) -> dict:
    """One line of results: mAP on the test images, by group."""
    metrics = run.evaluate(images=world.test, tables=world.truth)
    groups = world.truth.images.loc[world.test].groupby(world.by, observed=True).groups
    by = {
        str(group): round(run.evaluate(images=ids, tables=world.truth).map, 3)
        for group, ids in groups.items()
        if world.truth.instances["image_id"].isin(ids).any()
    }
    return {**facts, "arm": arm, "map": round(metrics.map, 4), "map50": round(metrics.map50, 4), "by": by}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", choices=list(growth.WORLDS))
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, nargs="+", default=[300], help="of the networks")
    parser.add_argument(
        "--arms", nargs="+", default=["watershed"], help="watershed, or what nl.Yolo starts from"
    )
    parser.add_argument("--labeled", type=int, help="learn from this many of the labeled images only")
    parser.add_argument("--plain", action="store_true", help="without nl.refine")
    parser.add_argument("--results", type=Path, default=RESULTS)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = growth.WORLDS[given.data](Path(folder) / "world.nbal", given.seed, given.path)
        labeled = world.ds.images.query("weight > 0").index
        world.ds.images.loc[labeled[given.labeled :] if given.labeled else [], "weight"] = 0
        for arm in given.arms:
            for steps in given.steps if arm != "watershed" else [0]:
                began = time.perf_counter()
                made = watershed if arm == "watershed" else yolo(arm)
                trained, run = made(world, given.seed, steps)
                name = Path(arm).stem if arm.endswith(".npz") else arm
                facts = {
                    "data": given.data,
                    "seed": given.seed,
                    "steps": steps,
                    "f1": trained.arguments.get("f1"),
                }
                facts |= {
                    "labeled": trained.n_images,
                    "training": round(trained.seconds),
                    "seconds": round(time.perf_counter() - began),
                }
                rows = [measure(name, world, run, facts)]
                if not given.plain:
                    rows.append(measure(f"{name}, refined", world, nl.refine(run, tables=world.ds), facts))
                for row in rows:
                    print(row, flush=True)
                    with given.results.open("a") as file:
                        file.write(json.dumps(row) + "\n")
        world.ds.close()


if __name__ == "__main__":
    main()
