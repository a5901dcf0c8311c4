"""Sharper masks on images that were not trained on: ``python benchmarks/refine.py nuclei PATH``, or reef.

A model is trained on the first labels (``--steps``, or ``--weights`` of an earlier run), predicts on the test
images, and each method of refining is measured against the true masks there: how many masks reach an IoU of
0.5, 0.75 and 0.9, how many get worse by more than 0.02, mAP, and processor milliseconds per mask.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from growth import WORLDS, World

import nbalabel as nl
from nbalabel.core.snapping.bands import METHODS

SCORE = 0.15


def measured(name: str, run: nl.Run, world: World, before: np.ndarray | None, seconds: float) -> np.ndarray:
    """Print one row; returns the IoU of each prediction on the test images."""
    rows = run.predictions[run.predictions["image_id"].isin(world.test)]
    labels = world.truth.instances[world.truth.instances["image_id"].isin(world.test)]
    iou = nl.match(rows, labels, world.truth.images.loc[world.test]).predictions["iou"].to_numpy()
    groups = world.truth.images[world.by].loc[rows["image_id"]].astype(str).to_numpy()
    right = {str(g): round(float((iou[groups == g] >= 0.75).mean()), 3) for g in np.unique(groups)}
    worse = 0.0 if before is None else float((iou < before - 0.02).mean())
    cost = 1e3 * seconds / max(len(run.predictions), 1)
    print(
        f"| {name} | {iou.mean():.3f} | {(iou >= 0.5).mean():.3f} | {(iou >= 0.75).mean():.3f} "
        f"| {(iou >= 0.9).mean():.3f} | {worse:.3f} "
        f"| {run.evaluate(images=world.test, tables=world.truth).map:.3f} | {cost:.1f} | {right} |",
        flush=True,
    )
    return iou


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", choices=list(WORLDS))
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument("--weights", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = WORLDS[options.data](Path(folder) / "world.nbal", options.seed, options.path)
        model = nl.Yolo(options.weights or "yolo11n-seg.yaml")
        if options.weights is None:
            model.train(world.ds, imgsz=world.imgsz, seed=options.seed, steps=options.steps)
        labeled = world.ds.images.query("state == 'complete' and split != 'test'").index
        images: pd.Index = world.test.union(labeled)
        run = model.predict(world.ds, images=images, score=SCORE, max_detections=100, embed=False)
        print("| | mean IoU | >= 0.5 | >= 0.75 | >= 0.9 | worse | mAP50-95 | ms a mask | >= 0.75 by group |")
        print("|---|---|---|---|---|---|---|---|---|")
        before = measured("as predicted", run, world, None, 0)
        for method in ("auto", *METHODS):
            began = time.process_time()
            refined = nl.refine(run, method=method, tables=world.ds)
            measured(method, refined, world, before, time.process_time() - began)
        bare = world.ds.images.assign(state="unlabeled")
        nothing = nl.Tables.of(bare, world.ds.instances.iloc[:0], world.ds.labels, world.ds.image_root)
        measured("auto, nothing labeled", nl.refine(run, tables=nothing), world, before, 0)
        world.ds.close()


if __name__ == "__main__":
    main()
