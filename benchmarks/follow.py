"""Masks carried by optical flow against their truth: ``benchmarks/follow.py reef`` or ``... pictures PATH``.

On the generated reef fish move on their own, and sequences have ten frames. For ``pictures``, 16 images of a
COCO file (``PATH/instances.json``, ``PATH/images``) are moved as a whole: shifted, turned, scaled and bent
smoothly, 21 frames each, with noise and changing light; so the truth is known at distances up to 20.

Masks are carried from the first frame to the last, and from the last to the first, with ``least=0``, so that
none is given up. Beside them two controls: the mask stays where it is; the mask is moved, from image to
image, by the mean flow in its box. Where the truth is no longer on the picture, nothing is compared. The
second table is what a reviewer who answers once for each mask gets of those above a score; the third whether
``nl.refine`` helps; the fourth what the questions of ``nl.propagate`` get, of masks carried from frame 0.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import pandas as pd

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.learn.follow.flows import Flows
from nbalabel.learn.follow.inputs import working_size
from nbalabel.learn.follow.sequences import sequences

DISTANCES = (1, 2, 5, 9, 10, 15, 20)
N_PICTURES, N_FRAMES = 16, 21
RIGHT = 0.75
LEAST_AREA = 64


@dataclass
class World:
    """Sequences whose truth is known: every mask has a ``track``, the same on all frames of its group."""

    images: pd.DataFrame
    truth: pd.DataFrame
    labels: tuple[str, ...]
    root: Path

    def from_frame(self, frame: int) -> nl.Tables:
        """Tables in which only the images of one frame have instances, and no image is complete."""
        on = self.images.index[self.images["frame"] == frame]
        own = self.truth[self.truth["image_id"].isin(on) & (self.truth["area"] >= LEAST_AREA)]
        return nl.Tables.of(self.images.assign(state="partial"), own, self.labels, self.root)


def reef(folder: Path, seed: int, _path: Path | None) -> World:
    """The generated reef: ten frames a sequence, all of them labeled."""
    with nl.demo.reef(folder / "reef.nbal", n_images=600, n_labeled=24, n_test=60, seed=seed) as ds:
        truth = nl.demo.truth(ds)
    return World(truth.images, truth.instances, truth.labels, truth.image_root)


def pictures(folder: Path, seed: int, path: Path | None) -> World:
    """Real pictures under a known smooth motion."""
    tables = nl.read_coco(path / "instances.json", images=path / "images")
    rng = np.random.default_rng(seed)
    some = tables.instances.groupby("image_id").filter(lambda rows: (rows["area"] >= LEAST_AREA).any())
    ids = np.sort(rng.choice(some["image_id"].unique(), N_PICTURES, replace=False))
    images, truth = [], []
    for image_id in ids.tolist():
        pixels = np.asarray(tables.read_image(image_id))
        height, width = pixels.shape[:2]
        own = tables.instances[(tables.instances["image_id"] == image_id) & ~tables.instances["crowd"]]
        own = own[own["area"] >= LEAST_AREA].head(12)
        masks = [rle.decode(mask, height, width).astype(np.uint8) * 255 for mask in own["mask"]]
        motion = Motion(rng, height, width)
        for frame in range(N_FRAMES):
            at = motion.at(frame)
            seen = cv2.remap(pixels, *at, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT).astype(np.float32)
            light = 1 + 0.1 * np.sin(frame / 4 + motion.phase)
            seen = np.clip(seen * light + rng.normal(0, 3, seen.shape), 0, 255).astype(np.uint8)
            name = f"{image_id}-{frame:02}.jpg"
            cv2.imwrite(str(folder / name), seen[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])
            for track, (label, mask) in enumerate(zip(own["label"], masks, strict=True)):
                moved = cv2.remap(mask, *at, cv2.INTER_LINEAR) > 127
                if moved.sum() >= LEAST_AREA / 2:
                    truth.append((len(images), str(label), rle.encode(moved), track))
            images.append((name, width, height, str(image_id), frame))
    frame = pd.DataFrame(images, columns=["file", "width", "height", "group", "frame"])
    rows = pd.DataFrame(truth, columns=["image_id", "label", "mask", "track"])
    whole = nl.Tables.of(frame, rows, tables.labels, folder)
    return World(whole.images, whole.instances, whole.labels, folder)


class Motion:
    """A smooth motion of a whole picture, which grows with the frame."""

    def __init__(self, rng: np.random.Generator, height: int, width: int) -> None:
        self.shift = rng.normal(0, 0.004, 2) * [width, height]
        self.turn, self.zoom = rng.normal(0, 0.006), rng.normal(0, 0.004)
        self.bend = 0.012 * max(height, width)
        self.waves = rng.uniform(1.0, 2.5, (2, 2)) * 2 * np.pi / np.array([height, width])
        self.phase, self.tempo = rng.uniform(0, 6), rng.uniform(0.1, 0.4)
        self.rows, self.columns = np.mgrid[:height, :width].astype(np.float64)
        self.middle = np.array([height, width]) / 2

    def at(self, frame: int) -> tuple[np.ndarray, np.ndarray]:
        """Where each pixel of a frame lies on the original picture: x and y."""
        angle, scale = self.turn * frame, np.exp(self.zoom * frame)
        y, x = self.rows - self.middle[0], self.columns - self.middle[1]
        cos, sin = scale * np.cos(angle), scale * np.sin(angle)
        bent = self.bend * (np.sin(self.tempo * frame + self.phase) - np.sin(self.phase))
        wave = [np.sin(w[0] * self.rows + w[1] * self.columns + self.phase) for w in self.waves]
        column = cos * x - sin * y + self.middle[1] + self.shift[0] * frame + bent * wave[0]
        row = sin * x + cos * y + self.middle[0] + self.shift[1] * frame + bent * wave[1]
        return column.astype(np.float32), row.astype(np.float32)


def moved_by_mean(tables: nl.Tables, parents: pd.DataFrame, *, later: bool) -> dict[tuple[int, int], bytes]:
    """The second control: masks by (parent, image), each shifted by the mean flow in its box."""
    out = {}
    size = working_size(tables, parents)
    for chain in sequences(tables.images, parents["image_id"].unique()):
        own = parents[parents["image_id"].isin(chain.image_ids)]
        height, width = chain.sizes[0].tolist()
        home = {i: rle.decode(mask, height, width).astype(np.uint8) for i, mask in own["mask"].items()}
        boxes = own[["x", "y", "w", "h"]].to_numpy(np.float32)
        shifts = np.zeros((len(own), 2), np.float32)
        order = range(len(chain) - 1) if later else range(len(chain) - 2, -1, -1)
        with Flows(tables, chain, size) as flows:
            for place in order:
                ahead, _ = flows.between(place, keep=False).toward(later=later)
                image_id = int(chain.image_ids[place + 1 if later else place])
                for row, (parent, mask) in enumerate(home.items()):
                    x, y, w, h = boxes[row]
                    rows, columns = np.mgrid[y : y + h, x : x + w].astype(np.float32)
                    shifts[row] += ahead.at(np.stack([columns, rows], -1) + shifts[row]).mean(axis=(0, 1))
                    matrix = np.array([[1, 0, shifts[row][0]], [0, 1, shifts[row][1]]], np.float64)
                    out[parent, image_id] = rle.encode(
                        cv2.warpAffine(mask * 255, matrix, (width, height)) > 127
                    )
    return out


def compared(world: World) -> tuple[pd.DataFrame, list[nl.Run], float]:
    """One row a parent and image with its truth: distance, IoU of the mask carried and of the controls."""
    found, runs, seconds = [], [], 0.0
    true = world.truth.merge(world.images[["group", "frame"]], left_on="image_id", right_index=True)
    true["group"] = true["group"].astype(str)
    last = int(world.images["frame"].max())
    for frame, later in ((0, True), (last, False)):
        tables = world.from_frame(frame)
        direction = "forward" if later else "backward"
        began = time.process_time()
        run = nl.follow(tables, tables.instances, least=0.0, direction=direction, embed=False)
        seconds += time.process_time() - began
        runs.append(run)
        start = true.loc[tables.instances.index, ["group", "track", "mask", "frame"]]
        pairs = start.reset_index(names="parent").merge(true, on=["group", "track"], suffixes=("_home", ""))
        pairs = pairs[pairs["frame"] != pairs["frame_home"]]
        carried = run.predictions.set_index(["parent", "image_id"])["mask"].to_dict()
        mean = moved_by_mean(tables, tables.instances, later=later)
        keys = list(zip(pairs["parent"], pairs["image_id"], strict=True))
        for name, masks in (
            ("flow", [carried.get(key) for key in keys]),
            ("stays", pairs["mask_home"].tolist()),
            ("mean", [mean[key] for key in keys]),
        ):
            pairs[name] = [
                0.0 if a is None else float(rle.iou_pairs([a], [b])[0])
                for a, b in zip(masks, pairs["mask"], strict=True)
            ]
        pairs["distance"] = (pairs["frame"] - pairs["frame_home"]).abs()
        found.append(pairs[["parent", "image_id", "distance", "flow", "stays", "mean"]])
    return pd.concat(found, ignore_index=True), runs, seconds


def judged(run: nl.Run, world: World) -> pd.DataFrame:
    """The predictions, with ``true``: the IoU with the mask of the parent's own track on that image."""
    rows = run.predictions
    track, group = world.truth["track"], world.images["group"].astype(str)
    key = pd.DataFrame(
        {"image_id": world.truth["image_id"], "track": track, "mask": world.truth["mask"]}
    ).drop_duplicates(["image_id", "track"])
    there = dict(zip(zip(key["image_id"], key["track"], strict=True), key["mask"], strict=True))
    masks = [there.get((i, track[p])) for i, p in zip(rows["image_id"], rows["parent"], strict=True)]
    iou = [
        0.0 if b is None else float(rle.iou_pairs([a], [b])[0])
        for a, b in zip(rows["mask"], masks, strict=True)
    ]
    return rows.assign(true=iou, sequence=group[rows["image_id"]].to_numpy())


def print_curves(found: pd.DataFrame) -> None:
    print("| frames away | masks | carried: IoU | >= 0.5 | >= 0.75 | stays: IoU | >= 0.5 | >= 0.75 "
          "| mean flow: IoU | >= 0.5 | >= 0.75 |")  # fmt: skip
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for distance in DISTANCES:
        rows = found[found["distance"] == distance]
        if len(rows):
            cells = [
                f"{iou.mean():.3f} | {(iou >= 0.5).mean():.3f} | {(iou >= 0.75).mean():.3f}"
                for iou in (rows[name] for name in ("flow", "stays", "mean"))
            ]
            print(f"| {distance} | {len(rows)} | {' | '.join(cells)} |", flush=True)


def print_scores(rows: pd.DataFrame, n_parents: int) -> None:
    print("\n| score from | answers | IoU >= 0.75 | masks per answer | share >= 0.5 | right per parent |")
    print("|---|---|---|---|---|---|")
    for least in (0.0, 0.5, 0.6, 0.7, 0.8, 0.9):
        some = rows[rows["score"] >= least]
        right = int((some["true"] >= RIGHT).sum())
        print(
            f"| {least} | {len(some)} | {right} | {right / max(len(some), 1):.3f} "
            f"| {(some['true'] >= 0.5).mean():.3f} | {right / n_parents:.2f} |",
            flush=True,
        )


def print_refined(runs: list[nl.Run], world: World) -> None:
    """Whether outlines moved to edges of the picture help, where the score is 0.5 or more."""
    print("\n| outlines | mean IoU | >= 0.75 | >= 0.9 |")
    print("|---|---|---|---|")
    for method in ("as carried", "auto", "level 0.35"):
        made = []
        for run in runs:
            kept = replace(run, predictions=run.query("score >= 0.5"))
            made.append(judged(kept if method == "as carried" else nl.refine(kept, method=method), world))
        iou = pd.concat(made)["true"]
        print(f"| {method} | {iou.mean():.3f} | {(iou >= 0.75).mean():.3f} | {(iou >= 0.9).mean():.3f} |")


def print_propagated(run: nl.Run, world: World) -> None:
    rows = judged(run, world)
    right = rows["true"] >= RIGHT
    print("\n| score from | answers | masks accepted | right | masks per answer |")
    print("|---|---|---|---|---|")
    for least in (0.5, 0.7, 0.8):
        p = nl.propagate(run, min_score=least, min_area=0, known=None, target_quality=0.85, journal=False)
        while (question := p.ask()) is not None:
            p.tell(question, [bool(right[i]) for i in question.ids])
        n = len(p.accepted)
        share = right[p.accepted.index].mean() if n else float("nan")
        print(f"| {least} | {p.n_answers} | {n} | {share:.3f} | {n / max(p.n_answers, 1):.2f} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", choices=["reef", "pictures"])
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = (reef if options.data == "reef" else pictures)(Path(folder), options.seed, options.path)
        found, runs, seconds = compared(world)
        print_curves(found)
        masks = sum(len(run.predictions) for run in runs)
        images = sum(len(run.predicted_ids) for run in runs)
        size = runs[0].arguments["imgsz"]
        print(
            f"\n{masks} masks on {images} images in {seconds:.0f} s of one processor: "
            f"{1e3 * seconds / images:.0f} ms an image, {1e3 * seconds / masks:.1f} ms a mask; "
            f"flow at {size} pixels at most"
        )
        parents = sum(run.arguments["parents"] for run in runs)
        print_scores(pd.concat([judged(run, world) for run in runs]), parents)
        print_refined(runs, world)
        tables = world.from_frame(0)
        print_propagated(nl.follow(tables, tables.instances, least=0.5), world)


if __name__ == "__main__":
    main()
