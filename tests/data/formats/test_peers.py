"""What the tools a format is named after get back from what we write, read with their own code."""

import json
import types
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw

import nbalabel as nl
from nbalabel.core.errors import LossWarning
from nbalabel.core.geometry.masks import rle
from nbalabel.data.tables.tables import Tables

from .conftest import make_tables

SIZE = (40, 60)
ROW, COLUMN = np.mgrid[: SIZE[0], : SIZE[1]]
BLOB = np.hypot(ROW - 18, COLUMN - 30) < 14
LEFT_AND_RIGHT = (COLUMN < 4) | (COLUMN > 50)
WHOLE: dict[str, np.ndarray] = {
    "a blob": BLOB,
    "a ring": BLOB & (np.hypot(ROW - 18, COLUMN - 30) > 6),
    "many holes": BLOB & ~((ROW % 4 == 1) & (COLUMN % 3 == 1)),
    "one pixel": (ROW == 7) & (COLUMN == 9),
    "a thin column": (COLUMN == 5) & (ROW > 3),
    "a thin diagonal": (COLUMN == ROW + 3) | (COLUMN == ROW + 4),
    "touching corners": ((ROW < 8) & (COLUMN < 9))
    | ((ROW >= 8) & (ROW < 20) & (COLUMN >= 9) & (COLUMN < 14)),
    "the whole image": np.ones(SIZE, bool),
    "the last corner": (ROW > 35) & (COLUMN > 55),
}
APART: dict[str, np.ndarray] = {
    "islands": LEFT_AND_RIGHT,
    "an atoll": WHOLE["a ring"] | WHOLE["the last corner"],
}


def tables_of(shapes: dict[str, np.ndarray], folder: Path) -> Tables:
    folder.mkdir()
    return make_tables([[(0, mask)] for mask in shapes.values()], folder)


def ultralytics_masks(folder: Path) -> list[np.ndarray]:
    data = pytest.importorskip("ultralytics.data.utils")
    masks = []
    for image in sorted((folder / "images" / "train").rglob("*.png"), key=number):
        label = data.img2label_paths([str(image)])[0]
        found = data.verify_image_label((str(image), label, "", False, 3, 0, 0, False))
        (segment,) = found[3]
        scale = np.array(SIZE[::-1], np.float32)
        masks.append(data.polygon2mask(SIZE, [segment * scale]).astype(bool))
    return masks


def number(path: Path) -> int:
    return int(path.stem.split()[-1])


def test_ultralytics_gets_every_mask_of_one_part_back_exactly(tmp_path: Path) -> None:
    tables = tables_of(WHOLE, tmp_path / "in")
    assert nl.write_yolo(tables, tmp_path / "out").loss.empty
    for (name, mask), found in zip(WHOLE.items(), ultralytics_masks(tmp_path / "out"), strict=True):
        np.testing.assert_array_equal(found, mask, err_msg=name)


def test_ultralytics_training_loader_gets_them_back_too(tmp_path: Path) -> None:
    dataset = pytest.importorskip("ultralytics.data.dataset")
    augment = pytest.importorskip("ultralytics.data.augment")
    shapes = {name: mask for name, mask in WHOLE.items() if name not in ("one pixel", "a thin column")}
    nl.write_yolo(tables_of(shapes, tmp_path / "in"), tmp_path / "out", images="copy")
    loader = dataset.YOLODataset(
        img_path=str(tmp_path / "out" / "images" / "train"),
        data={"names": {0: "a", 1: "b", 2: "c"}, "channels": 3},
        task="segment",
        imgsz=max(SIZE),
        augment=False,
        rect=False,
        hyp=types.SimpleNamespace(mask_ratio=1, overlap_mask=False, bgr=0.0, task="segment"),
    )
    loader.transforms = augment.Compose(
        [
            augment.Format(
                bbox_format="xywh", normalize=True, return_mask=True, mask_ratio=1, mask_overlap=False
            )
        ]
    )
    found = {number(Path(item["im_file"])): item["masks"].numpy()[0].astype(bool) for item in loader}
    for i, (name, mask) in enumerate(shapes.items(), 1):
        np.testing.assert_array_equal(found[i], mask, err_msg=name)


def test_the_loss_of_islands_is_what_ultralytics_loses(tmp_path: Path) -> None:
    tables = tables_of(APART, tmp_path / "in")
    with pytest.warns(LossWarning, match="as ultralytics draws it"):
        report = nl.write_yolo(tables, tmp_path / "out")
    found = [rle.encode(mask) for mask in ultralytics_masks(tmp_path / "out")]
    expected = rle.iou_pairs(tables.instances["mask"].tolist(), found)
    assert report.loss["iou"].sort_index().tolist() == pytest.approx(expected.tolist())
    assert 0.9 < expected.min() < expected.max() < 1
    assert nl.read_yolo(tmp_path / "out").instances["mask"].tolist() == found


def test_foreign_yolo_polygons_are_read_as_ultralytics_reads_them(tmp_path: Path) -> None:
    pytest.importorskip("ultralytics.data.utils")
    rng = np.random.default_rng(5)
    lines = [" ".join(["0", *(f"{v:.6f}" for v in rng.uniform(0, 0.98, 2 * k))]) for k in range(3, 23)]
    for i, line in enumerate(lines, 1):
        image, label = (tmp_path / kind / "train" / f"image {i}" for kind in ("images", "labels"))
        for path in (image, label):
            path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", SIZE[::-1]).save(image.with_suffix(".png"))
        label.with_suffix(".txt").write_text(line)
    tables = nl.read_yolo(tmp_path, labels=["a"])
    order = tables.images["file"].map(lambda file: number(Path(file))).to_dict()
    ours = {order[i]: m for i, m in zip(tables.instances["image_id"], tables.instances["mask"], strict=True)}
    for i, mask in enumerate(ultralytics_masks(tmp_path), 1):
        np.testing.assert_array_equal(rle.decode(ours[i], *SIZE), mask)


def test_supervision_gets_every_mask_of_one_part_back_exactly(tmp_path: Path) -> None:
    yolo = pytest.importorskip("supervision.dataset.formats.yolo")
    nl.write_yolo(tables_of(WHOLE, tmp_path / "in"), tmp_path / "out")
    labels = sorted((tmp_path / "out" / "labels" / "train").rglob("*.txt"), key=number)
    for (name, mask), file in zip(WHOLE.items(), labels, strict=True):
        found = yolo.yolo_annotations_to_detections(
            lines=file.read_text().splitlines(), resolution_wh=SIZE[::-1], with_masks=True
        )
        np.testing.assert_array_equal(found.mask[0], mask, err_msg=name)


def shape_to_mask(shape: dict[str, Any]) -> np.ndarray:
    """LabelMe's own function where it is installed, else what its documentation says it does."""
    kind, points = shape["shape_type"], [tuple(point) for point in shape["points"]]
    try:
        from labelme.utils.shape import shape_to_mask as theirs
    except ImportError:
        image = Image.new("L", SIZE[::-1])
        pen = ImageDraw.Draw(image)
        if kind == "circle":
            (x, y), radius = points[0], float(np.hypot(*np.subtract(*points)))
            pen.ellipse((x - radius, y - radius, x + radius, y + radius), outline=1, fill=1)
        elif kind == "rectangle":
            pen.rectangle([*np.min(points, axis=0), *np.max(points, axis=0)], outline=1, fill=1)
        else:
            pen.polygon(points, outline=1, fill=1)
        return np.asarray(image) > 0
    return np.asarray(theirs(SIZE, shape["points"], kind), bool)


def test_labelme_gets_every_mask_back_exactly_islands_included(tmp_path: Path) -> None:
    shapes = {**WHOLE, **APART}
    assert nl.write_labelme(tables_of(shapes, tmp_path / "in"), tmp_path / "out").loss.empty
    files = sorted((tmp_path / "out").rglob("*.json"), key=number)
    for (name, mask), file in zip(shapes.items(), files, strict=True):
        document = json.loads(file.read_text())
        assert len({shape["group_id"] for shape in document["shapes"]}) == 1
        found = np.any([shape_to_mask(shape) for shape in document["shapes"]], axis=0)
        np.testing.assert_array_equal(found, mask, err_msg=name)


@pytest.mark.parametrize("kind", ["polygon", "rectangle", "circle"])
def test_foreign_labelme_shapes_are_read_as_labelme_reads_them(tmp_path: Path, kind: str) -> None:
    rng = np.random.default_rng(7)
    height, width = SIZE
    for i in range(20):
        n = 2 if kind != "polygon" else 3 + i
        points = rng.uniform((-9, -9), (width + 9, height + 9), (n, 2)).tolist()
        shape = {"label": "a", "points": points, "shape_type": kind}
        document = {"shapes": [shape], "imagePath": f"{i}.png", "imageHeight": height, "imageWidth": width}
        (tmp_path / "a.json").write_text(json.dumps(document))
        found = nl.read_labelme(tmp_path).instances["mask"].iloc[0]
        np.testing.assert_array_equal(rle.decode(found, *SIZE), shape_to_mask(shape))


def test_simplified_outlines_report_what_the_tools_get(tmp_path: Path) -> None:
    tables = tables_of({"a": BLOB, "b": WHOLE["many holes"]}, tmp_path / "in")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)
        report = nl.write_yolo(tables, tmp_path / "out", tolerance=1.5)
    found = [rle.encode(mask) for mask in ultralytics_masks(tmp_path / "out")]
    expected = rle.iou_pairs(tables.instances["mask"].tolist(), found)
    assert report.loss["iou"].sort_index().tolist() == pytest.approx(expected.tolist())
