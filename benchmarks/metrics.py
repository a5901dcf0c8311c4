"""Mask AP of many predictions, against faster-coco-eval and pycocotools in the same run.

python benchmarks/metrics.py            500,000 predictions against 36,000 labels on 5,000 images
python benchmarks/metrics.py --quick    a tenth of it
"""

from __future__ import annotations

import argparse
import contextlib
import io
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
from report import Row, against, human, median_seconds, show
from synthetic_detections import Detections, generate, to_coco

from nbalabel import evaluate, match, read_coco
from nbalabel.data.formats.coco.results import read_coco_results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a tenth of the size")
    parser.add_argument("--repeat", type=int, default=3, help="runs of each, of which the median is shown")
    arguments = parser.parse_args()
    scale = 10 if arguments.quick else 1
    data = generate(5000 // scale, 36_000 // scale)
    with tempfile.TemporaryDirectory() as folder:
        truth, found = Path(folder, "truth.json"), Path(folder, "found.json")
        for path, document in zip((truth, found), to_coco(data), strict=True):
            path.write_bytes(orjson.dumps(document))
        rows = _measure(data, truth, found, arguments.repeat)
    n, m = len(data.predictions), len(data.instances)
    show(f"Mask AP of {n:,} predictions against {m:,} labels on {len(data.images):,} images", rows)


def _measure(data: Detections, truth: Path, found: Path, repeat: int) -> list[Row]:
    args = (data.predictions, data.instances, data.images, data.labels)
    ours = evaluate(*args)
    tables = median_seconds(lambda: evaluate(*args), repeat)
    boxes = median_seconds(lambda: evaluate(*args, kind="box"), repeat)
    matching = median_seconds(lambda: match(*args[:3]), repeat)
    files = median_seconds(lambda: _from_json(truth, found), repeat)
    peer = median_seconds(lambda: _faster_coco_eval(truth, found), repeat)
    start = time.perf_counter()
    theirs = _pycocotools(truth, found)
    slow = time.perf_counter() - start
    evaluation = _faster_coco_eval(truth, found, evaluation_only=True)
    name = "faster-coco-eval (JSON in)"
    return [
        against("evaluate masks, from tables in memory", tables, name, peer, ">= 6x"),
        against("evaluate masks, from JSON", files, name, peer, ">= 3x"),
        against("evaluate masks, its evaluate + accumulate alone", tables, "faster-coco-eval", evaluation),
        against("evaluate masks, from tables in memory", tables, "pycocotools (JSON in)", slow),
        Row("evaluate boxes, from tables in memory", human(boxes)),
        Row("match: TP, FP, FN and IoU columns", human(matching), target="<= 3 s"),
        _difference("faster-coco-eval", ours.precision, _faster_coco_eval(truth, found)),
        _difference("pycocotools", ours.precision, theirs),
    ]


def _difference(peer: str, ours: np.ndarray, theirs: Any) -> Row:
    """Largest difference of the precision arrays; above the target the benchmark fails."""
    largest = float(np.abs(ours - theirs.eval["precision"]).max())
    if largest > 1e-9:
        raise SystemExit(f"the precision array differs from {peer} by {largest}")
    return Row("largest difference of the precision array", f"{largest:.1e}", peer, target="<= 1e-9")


def _from_json(truth: Path, found: Path) -> Any:
    tables = read_coco(truth)
    predictions = read_coco_results(found, tables)
    return evaluate(predictions, tables.instances, tables.images, tables.labels)


def _silent(run: Callable[[], Any]) -> Any:
    with contextlib.redirect_stdout(io.StringIO()):
        return run()


def _faster_coco_eval(truth: Path, found: Path, *, evaluation_only: bool = False) -> Any:
    """The evaluation, or the seconds it took without reading the files."""
    from faster_coco_eval import COCO, COCOeval_faster

    def run() -> Any:
        labels = COCO(str(truth))
        ev = COCOeval_faster(labels, labels.loadRes(str(found)), "segm")
        start = time.perf_counter()
        ev.evaluate()
        ev.accumulate()
        return time.perf_counter() - start if evaluation_only else ev

    return _silent(run)


def _pycocotools(truth: Path, found: Path) -> Any:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    def run() -> Any:
        labels = COCO(str(truth))
        ev = COCOeval(labels, labels.loadRes(str(found)), "segm")
        ev.evaluate()
        ev.accumulate()
        return ev

    return _silent(run)


if __name__ == "__main__":
    main()
