"""Sharper masks on images that were not trained on: ``python benchmarks/refine.py nuclei PATH``, or reef.

A model is trained on the first labels (``--steps``; or ``--weights`` of an earlier run, which ``--save``
wrote), predicts on the test images, and each method of refining is measured against the true masks there:
mean IoU, how many masks reach an IoU of 0.5, 0.75 and 0.9, mean boundary IoU, how many get worse by more than
0.02, mAP, and processor milliseconds per mask, what is learned included.

Two rows bound the others: the best of all masks that were made, chosen by the truth, and the true mask as far
as it lies within the band in which an outline may move.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
from growth import WORLDS, World

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.core.snapping.bands import METHODS
from nbalabel.core.snapping.patches import patches

SCORE = 0.15
EDGE = 0.02  # width of a boundary, share of the image's diagonal
HEAD = (
    "| | mean IoU | >= 0.5 | >= 0.75 | >= 0.9 | boundary IoU | worse | mAP50-95 | ms a mask "
    "| >= 0.75 by group |\n|---|---|---|---|---|---|---|---|---|---|"
)


def measured(name: str, run: nl.Run, world: World, before: np.ndarray | None, seconds: float) -> np.ndarray:
    """Print one row; returns the IoU of each prediction on the test images."""
    rows, labels = on_test(run, world)
    iou = nl.match(rows, labels, world.truth.images.loc[world.test]).predictions["iou"].to_numpy()
    cost = f"{1e3 * seconds / max(len(run.predictions), 1):.1f}" if seconds else ""
    average = f"{run.evaluate(images=world.test, tables=world.truth).map:.3f}"
    line(name, iou, world, rows, before, f"{boundary_iou(rows, labels, world).mean():.3f}", average, cost)
    return iou


def line(
    name: str,
    iou: np.ndarray,
    world: World,
    rows: pd.DataFrame,
    before: np.ndarray | None,
    boundary: str = "",
    average: str = "",
    cost: str = "",
) -> None:
    """Print one row of the table from the IoU of each prediction on the test images."""
    groups = world.truth.images[world.by].loc[rows["image_id"]].astype(str).to_numpy()
    right = {str(g): round(float((iou[groups == g] >= 0.75).mean()), 3) for g in np.unique(groups)}
    worse = "" if before is None else f"{(iou < before - 0.02).mean():.3f}"
    shares = " | ".join(f"{(iou >= least).mean():.3f}" for least in (0.5, 0.75, 0.9))
    print(
        f"| {name} | {iou.mean():.3f} | {shares} | {boundary} | {worse} | {average} | {cost} | {right} |",
        flush=True,
    )


def on_test(run: nl.Run, world: World) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Predictions and true instances of the test images."""
    rows, labels = run.predictions, world.truth.instances
    return rows[rows["image_id"].isin(world.test)], labels[labels["image_id"].isin(world.test)]


def on_images(
    rows: pd.DataFrame, labels: pd.DataFrame, world: World
) -> Iterator[tuple[int, list[int], np.ndarray, np.ndarray]]:
    """Of each image: its id, its predictions' positions and masks, and the true mask of each."""
    where = rows["image_id"].to_numpy()
    for image_id in np.unique(where):
        height, width = world.truth.images.loc[image_id, ["height", "width"]].astype(int)
        at = np.flatnonzero(where == image_id)
        masks = np.stack([rle.decode(mask, height, width) for mask in rows["mask"].iloc[at]])
        same = labels[labels["image_id"] == image_id]
        true = np.zeros((len(same) + 1, height, width), bool)
        for k, mask in enumerate(same["mask"]):
            true[k] = rle.decode(mask, height, width)
        a, b = masks.reshape(len(at), -1).astype(np.float32), true.reshape(len(true), -1).astype(np.float32)
        shared = a @ b.T
        iou = shared / (a.sum(axis=1)[:, None] + b.sum(axis=1) - shared)
        iou[rows["label"].iloc[at].to_numpy()[:, None] != np.append(same["label"].to_numpy(), "")[None]] = 0
        yield int(image_id), at.tolist(), masks, true[iou.argmax(axis=1)]


def boundary_iou(rows: pd.DataFrame, labels: pd.DataFrame, world: World) -> np.ndarray:
    """IoU of the inner boundaries of each prediction and of its true mask, a 50th of the diagonal wide.

    Source: B. Cheng et al., Boundary IoU, CVPR 2021.
    """
    out = np.zeros(len(rows))
    for _, at, masks, true in on_images(rows, labels, world):
        for place, a, b in zip(at, map(inner, masks), map(inner, true), strict=True):
            out[place] = (a & b).sum() / max((a | b).sum(), 1)
    return out


def inner(mask: np.ndarray) -> np.ndarray:
    """The pixels of a mask that lie near its outline."""
    width = max(round(EDGE * float(np.hypot(*mask.shape))), 1)
    padded = np.pad(mask.astype(np.uint8), 1)
    return mask & (cv2.erode(padded, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1] == 0)


def bound(rows: pd.DataFrame, labels: pd.DataFrame, world: World) -> np.ndarray:
    """IoU of the true masks as far as they lie within the bands: the best that can be done there."""
    out = np.zeros(len(rows))
    for image_id, at, _, true in on_images(rows, labels, world):
        pixels = np.asarray(world.truth.read_image(image_id))
        for k, patch, window in patches(pixels, rows["mask"].iloc[at].tolist(), np.ones(len(at), bool)):
            byte, part = patch.mask.astype(np.uint8), true[k][window]
            inside = cv2.distanceTransform(np.pad(byte, 1), cv2.DIST_L2, 5)[1:-1, 1:-1]
            outside = cv2.distanceTransform(1 - byte, cv2.DIST_L2, 5)
            best = (part & (outside <= patch.reach) | (inside > patch.reach)) & (patch.mask | ~patch.others)
            both = (best & part).sum()
            out[at[k]] = both / (best.sum() + true[k].sum() - both)
    return out


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", choices=list(WORLDS))
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=600)
    parser.add_argument(
        "--weights", type=Path, help="of a model trained on these labels, instead of training"
    )
    parser.add_argument("--flips", action="store_true", help="average the masks of mirrored images")
    parser.add_argument("--save", type=Path, help="where to write the weights of the training")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = WORLDS[options.data](Path(folder) / "world.nbal", options.seed, options.path)
        model = nl.Yolo(options.weights or "yolo11n-seg.yaml")
        if options.weights is None:
            model.train(world.ds, imgsz=world.imgsz, seed=options.seed, steps=options.steps)
            if options.save is not None:
                model.save(options.save)
        labeled = world.ds.images.query("state == 'complete' and split != 'test'").index
        images: pd.Index = world.test.union(labeled)
        began = time.process_time()
        asked = {"images": images, "score": SCORE, "max_detections": 100, "embed": False}
        run = model.predict(world.ds, **asked, flips=options.flips)
        seconds = time.process_time() - began
        print(HEAD)
        made = [measured("as predicted", run, world, None, seconds)]
        before = made[0]
        for method in ("auto", *METHODS):
            began = time.process_time()
            refined = nl.refine(run, method=method, tables=world.ds)
            made.append(measured(method, refined, world, before, time.process_time() - began))
        rows, labels = on_test(run, world)
        line("best of these masks", np.max(made, axis=0), world, rows, before)
        line("truth within the band", bound(rows, labels, world), world, rows, before)
        bare = world.ds.images.assign(state="unlabeled")
        nothing = nl.Tables.of(bare, world.ds.instances.iloc[:0], world.ds.labels, world.ds.image_root)
        measured("auto, nothing labeled", nl.refine(run, tables=nothing), world, before, 0)
        world.ds.close()


if __name__ == "__main__":
    main()
