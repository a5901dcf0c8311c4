"""What other packages say of the same labels and predictions, for ``suspects.py``; with a Python of its own.

``python suspects_peers.py IN.json OUT.json``; needs cleanlab and fiftyone. Both compare boxes. FiftyOne's
``compute_mistakenness`` keeps its samples in MongoDB, so its two formulas are called directly, on matches
made the way it asks for: boxes, greedy by confidence, IoU 0.5, any label.
"""

from __future__ import annotations

import contextlib
import io
import json
import sys

import numpy as np


def objectlab(images: list[dict], n_labels: int) -> dict:
    """Scores of cleanlab: per label the lower of badly located and swapped, per prediction overlooked."""
    from cleanlab.object_detection import rank

    labels = [
        {"bboxes": np.array(i["boxes"]).reshape(-1, 4), "labels": np.array(i["labels"], int)} for i in images
    ]
    found = []
    for image in images:
        rows = np.column_stack([np.array(image["p_boxes"]).reshape(-1, 4), np.array(image["p_scores"])])
        codes = np.array(image["p_labels"], int)
        by_label = np.empty(n_labels, dtype=object)
        for k in range(n_labels):
            by_label[k] = rows[codes == k].reshape(-1, 5)
        found.append(by_label)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        over = rank.compute_overlooked_box_scores(labels=labels, predictions=found)
        bad = rank.compute_badloc_box_scores(labels=labels, predictions=found)
        swap = rank.compute_swap_box_scores(labels=labels, predictions=found)
    of_labels, of_found = [], []
    for image, o, b, s in zip(images, over, bad, swap, strict=True):
        worst = np.fmin(np.asarray(b, float), np.asarray(s, float))
        of_labels.append(np.nan_to_num(worst, nan=1.0).tolist())
        order = np.argsort(
            np.array(image["p_labels"], int), kind="stable"
        )  # cleanlab joins label after label
        scores = np.ones(len(order))
        flat = np.nan_to_num(np.asarray(o, float).ravel(), nan=1.0)
        scores[order[: len(flat)]] = flat[: len(order)]
        of_found.append(scores.tolist())
    return {"labels": of_labels, "found": of_found}


def mistakenness(images: list[dict]) -> dict:
    """FiftyOne per label: mistakenness of class and of place; NaN where unmatched, possibly spurious."""
    from fiftyone.brain.internal.core import mistakenness as fo

    out = []
    for image in images:
        boxes, found = (np.array(image[n], float).reshape(-1, 4) for n in ("boxes", "p_boxes"))
        scores = np.array(image["p_scores"])
        iou = _ious(boxes, found)
        classes, places = np.full(len(boxes), np.nan), np.full(len(boxes), np.nan)
        matched = np.zeros(len(found), bool)
        for p in np.argsort(-scores, kind="stable"):
            open_to = np.flatnonzero(np.isnan(classes) & (iou[:, p] >= 0.5))
            if not len(open_to):
                continue
            g = open_to[iou[open_to, p].argmax()]
            matched[p] = True
            m = float(image["labels"][g] == image["p_labels"][p])
            classes[g] = fo._compute_mistakenness_class_conf(scores[p], m)
            places[g] = fo._compute_mistakenness_loc_conf(scores[p], iou[g, p])
        out.append({"class": classes.tolist(), "place": places.tolist(), "matched": matched.tolist()})
    return {"images": out}


def _ious(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    low = np.maximum(a[:, None, :2], b[None, :, :2])
    high = np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.prod(np.maximum(high - low, 0), axis=2)
    area = [np.prod(x[:, 2:] - x[:, :2], axis=1) for x in (a, b)]
    return both / np.maximum(area[0][:, None] + area[1][None] - both, 1e-9)


def main() -> None:
    with open(sys.argv[1]) as file:
        given = json.load(file)
    said = {}
    for name, ask in (
        ("objectlab", lambda: objectlab(given["images"], given["n_labels"])),
        ("fiftyone", lambda: mistakenness(given["images"])),
    ):
        try:
            said[name] = ask()
        except Exception as error:  # noqa: BLE001  # a peer that fails is reported, not hidden
            said[name] = {"error": repr(error)[:500]}
    with open(sys.argv[2], "w") as file:
        json.dump(said, file)


if __name__ == "__main__":
    main()
