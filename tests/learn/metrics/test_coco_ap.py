"""Metrics against pycocotools: the whole arrays, on random tables full of ties and on real images."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from nbalabel.core.errors import DataError, MaskError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform
from nbalabel.learn.metrics.coco_ap import Metrics, evaluate

# pycocotools predates NumPy 2's copy keyword.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

HEIGHT, WIDTH = 128, 160
LABELS = ("fish", "crab", "eel")
IMAGES = conform(
    pd.DataFrame({"file": ["a", "b", "c"], "width": WIDTH, "height": HEIGHT}, index=[3, 5, 11]), "images"
)


def cocoeval(
    predictions: pd.DataFrame,
    instances: pd.DataFrame,
    images: pd.DataFrame,
    labels: tuple[str, ...],
    *,
    kind: str = "mask",
    with_boxes: bool = False,
    label_area: str = "area",
    max_detections: tuple[int, ...] = (1, 10, 100),
) -> COCOeval:
    """Run COCOeval over all images; ``with_boxes`` writes results that carry a ``bbox`` beside the mask."""
    size = {i: [int(h), int(w)] for i, h, w in zip(images.index, images.height, images.width, strict=True)}
    number = {name: k + 1 for k, name in enumerate(labels)}
    box = ["x", "y", "w", "h"]

    def record(row: Any, image: int) -> dict[str, Any]:
        rle = {"size": size[image], "counts": row["mask"].decode()}
        return {"image_id": image, "category_id": number[row["label"]], "segmentation": rle}

    annotations = [
        {
            **record(row, int(row["image_id"])),
            "id": k + 1,
            "iscrowd": int(row["crowd"]),
            "area": float(row[label_area]),
            "bbox": [float(row[c]) for c in box],
        }
        for k, (_, row) in enumerate(instances.iterrows())
    ]
    results = [
        {**record(row, int(row["image_id"])), "score": float(row["score"])}
        for _, row in predictions.iterrows()
    ]
    if with_boxes or kind == "box":
        for result, sides in zip(results, predictions[box].to_numpy(float).tolist(), strict=True):
            result["bbox"] = sides
            if kind == "box":
                del result["segmentation"]
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO()
        truth.dataset = {
            "info": {},
            "images": [{"id": int(i), "height": s[0], "width": s[1]} for i, s in size.items()],
            "annotations": annotations,
            "categories": [{"id": k, "name": name} for name, k in number.items()],
        }
        truth.createIndex()
        found = truth.loadRes(results) if results else COCO()
        ev = COCOeval(truth, found, "segm" if kind == "mask" else "bbox")
        ev.params.imgIds = [int(i) for i in images.index]
        ev.params.catIds = list(number.values())
        ev.params.maxDets = list(max_detections)
        ev.evaluate()
        ev.accumulate()
        if len(max_detections) == 3:
            ev.summarize()
    return ev


def assert_equal(ours: Metrics, theirs: COCOeval) -> None:
    """The whole arrays to 1e-9, and the twelve numbers to 1e-6."""
    np.testing.assert_allclose(ours.precision, theirs.eval["precision"], rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours.recall, theirs.eval["recall"], rtol=0, atol=1e-9)
    if ours.max_detections == (1, 10, 100):
        np.testing.assert_allclose(ours.summary.fillna(-1).to_numpy(), theirs.stats, rtol=0, atol=1e-6)


# Coordinates in steps of 16 pixels: many equal IoUs, and areas that lie exactly on 32 * 32 and 96 * 96.
CORNER = st.integers(0, 6)
SIDE = st.sampled_from([0, 1, 2, 2, 3, 6])
SHAPE = st.tuples(st.sampled_from(IMAGES.index.tolist()), st.sampled_from(LABELS), CORNER, CORNER, SIDE, SIDE)
TRUTH = st.lists(st.tuples(SHAPE, st.booleans() | st.just(False)), max_size=12)
FOUND = st.lists(st.tuples(SHAPE, st.sampled_from([0.25, 0.5, 0.75])), min_size=1, max_size=25)


def table(rows: list[Any], extra: str) -> pd.DataFrame:
    """Rectangles as an instance table; ``extra`` names what comes with each: crowd or score."""
    masks = []
    for (_, _, x, y, w, h), _ in rows:
        mask = np.zeros((HEIGHT, WIDTH), bool)
        mask[16 * y : 16 * (y + h), 16 * x : 16 * (x + w)] = True
        masks.append(rle.encode(mask))
    columns = {
        "image_id": [row[0][0] for row in rows],
        "label": [row[0][1] for row in rows],
        "mask": masks,
        extra: [row[1] for row in rows],
    }
    name = "predictions" if extra == "score" else "instances"
    heights = np.full(len(rows), HEIGHT)
    return conform(pd.DataFrame(columns, index=np.arange(len(rows)) * 7 + 2), name, LABELS, heights)


@settings(max_examples=150, deadline=None)
@given(TRUTH, FOUND, st.sampled_from(["mask", "box"]), st.booleans())
def test_arrays_equal_pycocotools_with_crowds_ties_and_empty_masks(truth, found, kind, with_boxes):
    instances, predictions = table(truth, "crowd"), table(found, "score")
    area = "box" if with_boxes or kind == "box" else "mask"
    ours = evaluate(predictions, instances, IMAGES, LABELS, kind=kind, area=area)
    assert_equal(ours, cocoeval(predictions, instances, IMAGES, LABELS, kind=kind, with_boxes=with_boxes))


@settings(max_examples=40, deadline=None)
@given(TRUTH, FOUND)
def test_a_limit_on_detections_keeps_the_best_scored_of_each_image_and_label(truth, found):
    instances, predictions = table(truth, "crowd"), table(found, "score")
    ours = evaluate(predictions, instances, IMAGES, LABELS, max_detections=(2, 1))
    assert_equal(ours, cocoeval(predictions, instances, IMAGES, LABELS, max_detections=(1, 2)))


def scattered(n: int, seed: int, noise: float) -> tuple[pd.DataFrame, pd.DataFrame]:
    """A few hundred rectangles with odd sides and continuous scores: long precision curves."""
    rng = np.random.default_rng(seed)
    x, y = rng.integers(0, WIDTH - 8, n), rng.integers(0, HEIGHT - 8, n)
    w, h = rng.integers(3, 60, n), rng.integers(3, 60, n)
    image, label = rng.choice(IMAGES.index, n), rng.choice(LABELS, n)

    def frame(x, y, w, h, image, label, **extra):
        masks = np.zeros((len(x), HEIGHT, WIDTH), bool)
        for mask, a, b, c, d in zip(masks, np.maximum(x, 0), np.maximum(y, 0), x + w, y + h, strict=True):
            mask[b:d, a:c] = True
        columns = {"image_id": image, "label": label, "mask": rle.encode_many(masks), **extra}
        name = "predictions" if "score" in extra else "instances"
        return conform(pd.DataFrame(columns), name, LABELS, np.full(len(x), HEIGHT))

    instances = frame(x, y, w, h, image, label, crowd=rng.random(n) < 0.1)
    again = rng.integers(0, n, 3 * n)
    moved = [(v[again] + rng.normal(0, noise, 3 * n)).astype(int) for v in (x, y, w, h)]
    moved[2:] = [np.maximum(v, 1) for v in moved[2:]]
    score = rng.random(3 * n).astype(np.float32)
    return frame(*moved, image[again], label[again], score=score), instances


@pytest.mark.parametrize("kind", ["mask", "box"])
@pytest.mark.parametrize("noise", [0.6, 3.0])
def test_long_precision_curves_equal_pycocotools(kind, noise):
    predictions, instances = scattered(150, seed=4, noise=noise)
    ours = evaluate(predictions, instances, IMAGES, LABELS, kind=kind)
    assert 0.05 < ours.map < 0.95
    assert_equal(ours, cocoeval(predictions, instances, IMAGES, LABELS, kind=kind))


def test_the_order_of_tied_scores_is_the_order_of_rows():
    predictions, instances = scattered(80, seed=9, noise=2.0)
    predictions = predictions.assign(score=predictions.score.round(1))
    shuffled = predictions.sample(frac=1, random_state=1)
    for rows in (predictions, shuffled):
        assert_equal(evaluate(rows, instances, IMAGES, LABELS), cocoeval(rows, instances, IMAGES, LABELS))


def test_results_with_boxes_take_the_box_area_only_when_asked():
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[:40, :2] = mask[:2, :40] = True  # an L: 156 pixels, in a box of 1600
    rows = {"image_id": [3], "label": ["fish"], "mask": [rle.encode(mask)]}
    instances = conform(pd.DataFrame(rows), "instances", LABELS, np.array([HEIGHT]))
    off = {**rows, "image_id": [5], "score": [0.9]}
    predictions = conform(pd.DataFrame(off), "predictions", LABELS, np.array([HEIGHT]))
    predictions = pd.concat([predictions, predictions.assign(image_id=3, score=np.float32(0.5))])
    by_mask = evaluate(predictions, instances, IMAGES, LABELS)
    by_box = evaluate(predictions, instances, IMAGES, LABELS, area="box")
    assert by_mask.summary.APs == pytest.approx(0.5)  # the false positive counts as small
    assert by_box.summary.APs == pytest.approx(1.0)  # by its box it is medium
    assert_equal(by_mask, cocoeval(predictions, instances, IMAGES, LABELS))
    assert_equal(by_box, cocoeval(predictions, instances, IMAGES, LABELS, with_boxes=True))


def test_labels_may_be_sorted_by_a_column_of_their_own():
    predictions, instances = scattered(40, seed=2, noise=1.0)
    instances = instances.assign(coco_area=instances.area * 3.5)
    ours = evaluate(predictions, instances, IMAGES, LABELS, label_area="coco_area")
    assert_equal(ours, cocoeval(predictions, instances, IMAGES, LABELS, label_area="coco_area"))
    assert ours.summary.APs != evaluate(predictions, instances, IMAGES, LABELS).summary.APs


def test_only_rows_of_the_evaluation_set_and_the_listed_labels_count():
    predictions, instances = scattered(60, seed=5, noise=1.0)
    ours = evaluate(predictions, instances, [3, 11, 400], LABELS[:2])
    here = IMAGES.loc[[3, 11]]
    kept = [f[f.image_id.isin(here.index) & f.label.isin(LABELS[:2])] for f in (predictions, instances)]
    assert_equal(ours, cocoeval(*kept, here, LABELS[:2]))
    assert ours.n_images == 3


def test_nothing_to_find_is_missing_and_nothing_found_is_zero():
    predictions, instances = scattered(30, seed=6, noise=1.0)
    none = evaluate(predictions, instances.iloc[:0], IMAGES, LABELS)
    assert (none.precision == -1).all()
    assert none.summary.isna().all()
    assert np.isnan(none.map)
    missed = evaluate(predictions.iloc[:0], instances, IMAGES, LABELS)
    assert missed.map == missed.map50 == missed.summary.AR100 == 0
    assert set(np.unique(missed.precision)) <= {-1.0, 0.0}
    assert evaluate(predictions.iloc[:0], instances.iloc[:0], IMAGES, LABELS).summary.isna().all()


def test_per_label_averages_to_the_summary_and_counts_rows():
    predictions, instances = scattered(90, seed=7, noise=1.0)
    ours = evaluate(predictions, instances, IMAGES, LABELS)
    assert ours.per_label.index.tolist() == list(LABELS)
    assert ours.per_label.AP.mean() == pytest.approx(ours.map)
    assert ours.per_label.AP50.mean() == pytest.approx(ours.map50)
    assert ours.per_label.AR.mean() == pytest.approx(ours.summary.AR100)
    people = instances[~instances.crowd].label.value_counts()
    assert ours.per_label.instances.to_dict() == people.to_dict()
    assert ours.per_label.predictions.to_dict() == predictions.label.value_counts().to_dict()


def test_a_notebook_shows_the_twelve_numbers():
    predictions, instances = scattered(30, seed=8, noise=1.0)
    ours = evaluate(predictions, instances)
    shown = ours._repr_html_()
    assert all(name in shown for name in ours.summary.index)
    assert f"{ours.map:.3f}" in shown
    assert f"{ours.map:.3f}" in str(ours)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"iou_thresholds": [0.0]}, "iou_thresholds must be numbers in"),
        ({"iou_thresholds": []}, "iou_thresholds must be numbers in"),
        ({"max_detections": (0,)}, "max_detections must be whole numbers"),
        ({"kind": "polygon"}, "kind must be 'mask' or 'box'"),
        ({"labels": ["fish", "crab", "fish"]}, "labels must be unique"),
        ({"area": "acreage"}, "no column 'acreage'"),
        ({"label_area": "coco_area"}, "no column 'coco_area'"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, message):
    predictions, instances = scattered(5, seed=1, noise=1.0)
    with pytest.raises(DataError, match=message):
        evaluate(predictions, instances, IMAGES, **arguments)


def test_a_prediction_without_score_is_refused_by_its_id():
    predictions, instances = scattered(5, seed=1, noise=1.0)
    predictions.loc[4, "score"] = np.nan
    with pytest.raises(DataError, match=r"1 of 15 have none: 4"):
        evaluate(predictions, instances)


def test_masks_of_another_image_size_are_refused_by_their_ids():
    predictions, instances = scattered(5, seed=1, noise=1.0)
    small = rle.encode(np.ones((HEIGHT // 2, WIDTH // 2), bool))
    wrong = predictions.index[predictions.image_id == instances.image_id.iloc[0]][0]
    label = predictions.label.loc[wrong]
    image = predictions.image_id.loc[wrong]
    instances = instances[(instances.image_id == image) & (instances.label == label)]
    predictions["mask"] = [small if i == wrong else m for i, m in predictions["mask"].items()]
    predictions = conform(predictions, "predictions", LABELS)
    with pytest.raises(MaskError, match=rf"predictions {wrong} \({HEIGHT * WIDTH // 4} pixels\)"):
        evaluate(predictions, instances)


@pytest.mark.parametrize(("name", "n_images"), [("coco_tiny", 40), ("nuclei", 12)])
def test_perturbed_real_masks_equal_pycocotools(shared_data, name, n_images):
    predictions, instances, images, labels = perturbed(shared_data / name / "instances.json", n_images)
    options = {"label_area": "coco_area"}
    masks = evaluate(predictions, instances, images, labels, **options)
    assert 0.1 < masks.map < 0.95
    assert_equal(masks, cocoeval(predictions, instances, images, labels, **options))
    boxes = evaluate(predictions, instances, images, labels, kind="box", **options)
    assert_equal(boxes, cocoeval(predictions, instances, images, labels, kind="box", **options))
    trap = evaluate(predictions, instances, images, labels, area="box", **options)
    assert_equal(trap, cocoeval(predictions, instances, images, labels, with_boxes=True, **options))


def perturbed(path: Path, n_images: int) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, tuple[str, ...]]:
    """Real labels of some images, and predictions made of them: moved, shrunk, grown, renamed, dropped."""
    data = json.loads(path.read_text())
    rng = np.random.default_rng(3)
    sizes = {i["id"]: (i["height"], i["width"]) for i in data["images"][:n_images]}
    names = {c["id"]: c["name"] for c in data["categories"]}
    rows, found = [], []
    for record in data["annotations"]:
        if record["image_id"] in sizes:
            mask = _mask(record["segmentation"], *sizes[record["image_id"]])
            row = {
                "image_id": record["image_id"],
                "label": names[record["category_id"]],
                "mask": rle.encode(mask),
            }
            rows.append({**row, "crowd": bool(record["iscrowd"]), "coco_area": record["area"]})
            for _ in range(rng.poisson(1.6)):
                other = rng.choice(list(names.values())) if rng.random() < 0.1 else row["label"]
                bent = rle.encode(_bend(mask, rng))
                found.append(
                    {**row, "label": other, "mask": bent, "score": np.float32(rng.random().__round__(2))}
                )
    labels = tuple(names.values())
    height, width = np.array(list(sizes.values())).T
    images = pd.DataFrame({"file": "x", "height": height, "width": width}, index=list(sizes))

    def conformed(rows: list[dict[str, Any]], name: str) -> pd.DataFrame:
        frame = pd.DataFrame(rows)
        return conform(frame, name, labels, np.array([sizes[i][0] for i in frame.image_id]))

    return conformed(found, "predictions"), conformed(rows, "instances"), conform(images, "images"), labels


def _mask(segmentation: Any, height: int, width: int) -> np.ndarray:
    if isinstance(segmentation, list):
        segmentation = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
    elif isinstance(segmentation["counts"], list):
        segmentation = coco_mask.frPyObjects(segmentation, height, width)
    return coco_mask.decode(segmentation).astype(bool)


def _bend(mask: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Moved by up to two pixels, and grown or shrunk by one ring."""
    moved = np.roll(mask, rng.integers(-2, 3, 2), axis=(0, 1))
    ring = [np.roll(moved, shift, axis) for shift in (-1, 1) for axis in (0, 1)]
    kinds = (moved, np.logical_or.reduce([moved, *ring]), np.logical_and.reduce([moved, *ring]))
    return kinds[rng.integers(0, 3)]
