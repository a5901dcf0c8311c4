"""COCO files of the size of val2017 to tables with masks and back, against pycocotools in the same run.

python benchmarks/coco_io.py            36,000 instances on 5,000 images, 500,000 predictions
python benchmarks/coco_io.py --quick    a tenth of it
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from pycocotools.coco import COCO
from report import Row, against, human, median_seconds, show

from nbalabel.data.formats import (
    read_coco,
    read_coco_results,
    read_labelme,
    read_yolo,
    write_coco,
    write_labelme,
    write_yolo,
)
from nbalabel.data.tables.tables import Tables

WIDTH, HEIGHT = 640, 480


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each, of which the median is shown")
    arguments = parser.parse_args()
    os.environ["TQDM_DISABLE"] = "1"
    scale = 10 if arguments.quick else 1
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "polygons.json").write_bytes(orjson.dumps(synthesize(5000 // scale, 36_000 // scale)))
        tables, rows = _reading(folder / "polygons.json", arguments.repeat)
        rows += _writing(tables, folder, arguments.repeat)
        rows.append(_results(tables, folder, 500_000 // scale, arguments.repeat))
        rows += _folders(tables, folder)
    show(f"COCO, {len(tables.instances):,} instances on {len(tables.images):,} images", rows)


def synthesize(n_images: int, n_instances: int, seed: int = 0) -> dict[str, Any]:
    """A document like val2017: an eighth of the instances in parts, from a few pixels to half the image."""
    rng = np.random.default_rng(seed)
    image_ids = np.sort(rng.integers(0, n_images, n_instances)) + 1
    annotations = [_annotation(i + 1, int(image_id), rng) for i, image_id in enumerate(image_ids)]
    images = [
        {
            "license": 4,
            "file_name": f"{i:012d}.jpg",
            "coco_url": f"http://images.cocodataset.org/val2017/{i:012d}.jpg",
            "height": HEIGHT,
            "width": WIDTH,
            "date_captured": "2013-11-14 17:02:52",
            "flickr_url": f"http://farm7.staticflickr.com/6116/{i:012d}_z.jpg",
            "id": i,
        }
        for i in range(1, n_images + 1)
    ]
    categories = [{"supercategory": "thing", "id": i, "name": f"label {i}"} for i in range(1, 81)]
    return {"info": {"year": 2017}, "images": images, "annotations": annotations, "categories": categories}


def _annotation(instance_id: int, image_id: int, rng: np.random.Generator) -> dict[str, Any]:
    parts = [_polygon(rng) for _ in range(1 if rng.random() < 0.88 else rng.integers(2, 4))]
    corners = np.concatenate(parts)
    low, high = corners.min(axis=0), corners.max(axis=0)
    return {
        "segmentation": [part.ravel().tolist() for part in parts],
        "area": float(np.prod(high - low).round(4)) * 0.6,
        "iscrowd": 0,
        "image_id": image_id,
        "bbox": [*low.tolist(), *(high - low).round(2).tolist()],
        "category_id": int(rng.integers(1, 81)),
        "id": instance_id,
    }


def _polygon(rng: np.random.Generator) -> np.ndarray:
    k = int(np.clip(rng.lognormal(3.1, 0.7), 4, 200))
    radius = float(np.clip(rng.lognormal(3.2, 0.9), 3, 180)) * (0.6 + 0.4 * rng.random(k))
    angle = np.sort(rng.uniform(0, 2 * np.pi, k))
    points = (
        rng.uniform((0, 0), (WIDTH, HEIGHT))
        + np.stack([np.cos(angle), np.sin(angle)], axis=1) * radius[:, None]
    )
    return np.clip(points, 0, (WIDTH, HEIGHT)).round(2)


def _reading(path: Path, repeat: int) -> tuple[Tables, list[Row]]:
    """Time nbalabel and pycocotools in turn, so that a busy machine slows both."""
    tables, masks = read_coco(path), pycocotools_masks(path)
    assert tables.instances["mask"].tolist() == [masks[i] for i in tables.instances.index]
    seconds = _in_turn(
        lambda: read_coco(path), lambda: pycocotools_masks(path), lambda: _quietly(path), repeat=repeat
    )
    ours, theirs, index = seconds
    task = "read polygons to tables with RLE masks"
    return tables, [
        against(task, ours, "pycocotools with masks", theirs, "<= 0.7 of its time (>= 1.4x)"),
        against(task, ours, "pycocotools without masks", index),
    ]


def _in_turn(*runs: Callable[[], object], repeat: int) -> list[float]:
    seconds: list[list[float]] = [[] for _ in runs]
    for _ in range(repeat):
        for run, found in zip(runs, seconds, strict=True):
            gc.collect()
            start = time.perf_counter()
            kept = run()
            found.append(time.perf_counter() - start)
            del kept
    return [statistics.median(found) for found in seconds]


def pycocotools_masks(path: Path) -> dict[int, bytes]:
    """Every mask as users of pycocotools get it."""
    coco = _quietly(path)
    return {a["id"]: coco.annToRLE(a)["counts"] for a in coco.dataset["annotations"]}


def _quietly(path: Path) -> COCO:
    with contextlib.redirect_stdout(io.StringIO()):
        return COCO(str(path))


def _writing(tables: Tables, folder: Path, repeat: int) -> list[Row]:
    out = folder / "rle.json"
    write = median_seconds(lambda: write_coco(tables, out), repeat)
    document = json.loads(out.read_bytes())
    peer = median_seconds(lambda: (folder / "peer.json").write_text(json.dumps(document)), repeat)
    read = median_seconds(lambda: read_coco(out), repeat)
    return [
        against(
            "write tables with RLE masks", write, "json.dumps of the finished document", peer, "<= 0.5 s"
        ),
        Row("read them again", human(read)),
    ]


def _results(tables: Tables, folder: Path, n: int, repeat: int) -> Row:
    rng = np.random.default_rng(1)
    rows = tables.instances.iloc[rng.integers(0, len(tables.instances), n)]
    masks = [{"size": [HEIGHT, WIDTH], "counts": mask.decode()} for mask in rows["mask"]]
    boxes = rows[["x", "y", "w", "h"]].to_numpy().astype(float).round(2).tolist()
    ids = [c["id"] for c in tables.info["categories"]]
    columns = zip(
        rows["image_id"].tolist(), rows["label"].cat.codes, boxes, rng.random(n).tolist(), masks, strict=True
    )
    found = [
        {"image_id": i, "category_id": ids[c], "bbox": b, "score": round(s, 4), "segmentation": m}
        for i, c, b, s, m in columns
    ]
    path = folder / "results.json"
    path.write_bytes(orjson.dumps(found))
    del found, masks
    ours = median_seconds(lambda: read_coco_results(path, tables), min(repeat, 3))
    return Row(f"read {n:,} predictions with RLE masks ({path.stat().st_size / 1e6:.0f} MB)", human(ours))


def _folders(tables: Tables, folder: Path) -> list[Row]:
    """Formats with one file per image, on a tenth of the images; label files only."""
    images = tables.images.iloc[::10]
    rows = tables.instances[tables.instances["image_id"].isin(images.index) & (tables.instances["area"] > 0)]
    some = Tables.of(images, rows, tables.labels)
    n = f"{len(some.instances):,} instances, exact outlines"
    yolo = median_seconds(lambda: write_yolo(some, folder / "yolo", images="none"), 1)
    labelme = median_seconds(lambda: write_labelme(some, folder / "labelme", images="none"), 1)
    again = median_seconds(lambda: read_labelme(folder / "labelme"), 1)
    _blank_images(folder / "yolo")
    lines = median_seconds(lambda: read_yolo(folder / "yolo"), 1)
    return [
        Row(f"write YOLO, {n}", human(yolo)),
        Row(f"read YOLO, {n}", human(lines)),
        Row(f"write LabelMe, {n}", human(labelme)),
        Row(f"read LabelMe, {n}", human(again)),
    ]


def _blank_images(folder: Path) -> None:
    from PIL import Image

    buffer = io.BytesIO()
    Image.new("L", (WIDTH, HEIGHT)).save(buffer, "PNG")
    for label in (folder / "labels").rglob("*.txt"):
        image = Path(str(label).replace("/labels/", "/images/")).with_suffix(".png")
        image.parent.mkdir(parents=True, exist_ok=True)
        image.write_bytes(buffer.getvalue())


if __name__ == "__main__":
    main()
