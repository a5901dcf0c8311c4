"""Run-length masks against pycocotools in the same run: encode, decode, overlap, trace.

python benchmarks/rle.py            100 masks of each of three sizes, on 640 x 480 pixels
python benchmarks/rle.py --quick    fewer rounds
"""

from __future__ import annotations

import argparse
import statistics
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools import mask as coco
from report import Row, median_seconds, show

from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.outlines.polygon import polygons_to_rle, rle_to_polygons, rles_to_polygons

HEIGHT, WIDTH, MASKS = 480, 640, 100
SIZES = {"small": (6, 20), "medium": (20, 60), "large": (80, 200)}
Task = Callable[[], Any]


@dataclass(frozen=True)
class Race:
    """The same task by pycocotools and by nbalabel, for ``n`` masks or pairs."""

    task: str
    peer: Task
    ours: Task
    target: str
    n: int = MASKS


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="3 rounds instead of 15")
    rounds = 3 if parser.parse_args().quick else 15
    # pycocotools.mask.decode is behind NumPy 2's __array__.
    warnings.filterwarnings("ignore", message="__array__ implementation", category=DeprecationWarning)
    for size, radius in SIZES.items():
        masks = patches(MASKS, *radius)
        width = round(float(np.mean(rle.boxes(rle.encode_many(masks), HEIGHT)[:, 2])))
        races = [*pixels(masks), *measures(masks), *polygons(masks)]
        title = f"One {size} mask, about {width} pixels across, on {WIDTH} x {HEIGHT}"
        show(title, [run(race, rounds) for race in races])


def patches(n: int, smallest: int, largest: int) -> np.ndarray:
    """Patches with wavy edges, ``(n, 480, 640)`` bool."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    out = np.empty((n, HEIGHT, WIDTH), bool)
    for mask in out:
        row, column, radius = rng.integers(60, 420), rng.integers(60, 580), rng.integers(smallest, largest)
        angle = np.arctan2(y - row, x - column)
        reach = radius * (1 + 0.2 * np.sin(3 * angle + rng.random()) + 0.1 * np.sin(7 * angle))
        mask[:] = (y - row) ** 2 + (x - column) ** 2 < reach**2
    return out


def run(race: Race, rounds: int) -> Row:
    """Medians of rounds in which both alternate, so that a busy machine slows both."""
    pairs = [(median_seconds(race.peer, 1), median_seconds(race.ours, 1)) for _ in range(rounds)]
    peer, ours = (statistics.median(side) for side in zip(*pairs, strict=True))
    return Row(
        race.task, micro(ours / race.n), f"pycocotools {micro(peer / race.n)}", peer / ours, race.target
    )


def micro(seconds: float) -> str:
    return f"{seconds * 1e6:.3g} µs"


def pixels(masks: np.ndarray) -> list[Race]:
    """Encode and decode."""
    tall = [np.asfortranarray(mask) for mask in masks]
    tall_bytes = [mask.view(np.uint8) for mask in tall]
    objects = [coco.encode(mask) for mask in tall_bytes]
    strings = [o["counts"] for o in objects]

    def peer_encode() -> None:
        for mask in tall_bytes:
            coco.encode(mask)

    def peer_encode_rows() -> None:
        for mask in masks:
            coco.encode(np.asfortranarray(mask, dtype=np.uint8))

    def peer_decode() -> None:
        for o in objects:
            coco.decode(o)

    return [
        Race("encode, Fortran order", peer_encode, lambda: [rle.encode(m) for m in tall], ">= 1x"),
        Race("encode, C order", peer_encode_rows, lambda: rle.encode_many(masks), ">= 1x"),
        Race("decode", peer_decode, lambda: [rle.decode(s, HEIGHT, WIDTH) for s in strings], ">= 1x"),
        Race(
            "decode_crop, against decode",
            peer_decode,
            lambda: [rle.decode_crop(s, HEIGHT, WIDTH) for s in strings],
            ">= 5x where small",
        ),
    ]


def measures(masks: np.ndarray) -> list[Race]:
    """Areas, boxes, overlap."""
    strings = rle.encode_many(masks)
    objects = [{"size": [HEIGHT, WIDTH], "counts": s} for s in strings]
    others = objects[1:] + objects[:1]
    many, many_others = strings * 50, (strings[1:] + strings[:1]) * 50
    none = [0] * len(masks)

    def peer_pairs() -> None:
        for p, q in zip(objects, others, strict=True):
            coco.iou([p], [q], [0])

    def ours_trusted() -> np.ndarray:
        return rle.iou(strings, strings, HEIGHT, WIDTH, trusted=True)

    def peer_iou() -> np.ndarray:
        matrix: np.ndarray = coco.iou(objects, objects, none)
        return matrix

    square = len(masks) ** 2
    return [
        Race("areas", lambda: coco.area(objects), lambda: rle.areas(strings), ""),
        Race("boxes", lambda: coco.toBbox(objects), lambda: rle.boxes(strings, HEIGHT), ""),
        Race("iou of 100 with 100, a pair, masks trusted", peer_iou, ours_trusted, ">= 1x", square),
        Race(
            "iou of 100 with 100, a pair, masks checked first",
            peer_iou,
            lambda: rle.iou(strings, strings, HEIGHT, WIDTH),
            "",
            square,
        ),
        Race(
            "iou_pairs of 5,000, against a call for each of 5,000 pairs",
            lambda: [peer_pairs() for _ in range(50)],
            lambda: rle.iou_pairs(many, many_others),
            ">= 1x",
            len(many),
        ),
    ]


def polygons(masks: np.ndarray) -> list[Race]:
    """Polygons to masks; and back, which pycocotools does not offer."""
    strings = rle.encode_many(masks)
    outlines = [[p.exterior.ravel().tolist() for p in ps] for ps in rles_to_polygons(strings, HEIGHT, WIDTH)]

    def peer_draw() -> None:
        for outline in outlines:
            coco.merge(coco.frPyObjects(outline, HEIGHT, WIDTH))

    def trace_each() -> None:
        for string in strings:
            rle_to_polygons(string, HEIGHT, WIDTH)

    return [
        Race("polygons_to_rle", peer_draw, lambda: [polygons_to_rle(o, HEIGHT, WIDTH) for o in outlines], ""),
        Race(
            "rles_to_polygons, 1,000 at once, against drawing them",
            lambda: [peer_draw() for _ in range(10)],
            lambda: rles_to_polygons(strings * 10, HEIGHT, WIDTH),
            "",
            10 * len(masks),
        ),
        Race("rle_to_polygons one by one, against drawing", peer_draw, trace_each, ""),
    ]


if __name__ == "__main__":
    main()
