"""Damaged files end in Tables or in one of nbalabel's errors, never in another exception."""

import copy
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, FormatError, NbalabelError, UnsafePathError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.formats import read_coco_results
from nbalabel.data.formats.labelme.shapes import encode_pixels
from nbalabel.data.formats.labelstudio.pack import packed
from nbalabel.data.tables.tables import Tables

from .conftest import make_tables

Fresh = Callable[[], Path]
fuzz = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=4)
    | st.sampled_from(["../a.png", "/a.png", "1e999", "222", "04", "polygon", 1e308, -1, 10**18, [], {}]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


def places(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The paths of everything inside a JSON document."""
    items: Any = ()
    if isinstance(document, dict | list):
        items = document.items() if isinstance(document, dict) else enumerate(document)
    return [at, *(place for key, value in items for place in places(value, (*at, key)))]


@st.composite
def damaged(draw: st.DrawFn, document: Any) -> Any:
    """The document with one to three values replaced, removed or repeated."""
    document = copy.deepcopy(document)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.sampled_from(places(document)))
        if not at:
            return draw(values)
        parent = document
        for key in at[:-1]:
            parent = parent[key]
        action = draw(st.sampled_from(["replace", "remove", "repeat"]))
        if action == "replace":
            parent[at[-1]] = draw(values)
        elif action == "remove":
            del parent[at[-1]]
        elif isinstance(parent, list):
            parent.append(copy.deepcopy(parent[at[-1]]))
        if not document:
            return document
    return document


def survives(read: Callable[[], object]) -> None:
    try:
        found = read()
    except NbalabelError:
        return
    assert isinstance(found, Tables | pd.DataFrame)


PARTS = [[0, 0, 2, 0, 2, 2], [1, 1, 3, 1, 3, 3]]
COUNTS = {"size": [3, 4], "counts": [1, 2, 9]}
STRING = {"size": [2, 2], "counts": "112"}
COCO = {
    "info": {"year": 2024},
    "images": [
        {"id": 1, "file_name": "a.png", "width": 4, "height": 3, "date": "may", "nbalabel": {"weight": 2}},
        {"id": 2, "file_name": "b/c.png", "width": 2, "height": 2},
    ],
    "annotations": [
        {"id": 1, "image_id": 1, "category_id": 1, "segmentation": PARTS, "bbox": [0, 0, 2, 2]},
        {"id": 2, "image_id": 1, "category_id": 2, "segmentation": COUNTS, "iscrowd": 1},
        {"id": 3, "image_id": 2, "category_id": 1, "segmentation": STRING, "area": 1.5, "score": 0.5},
        {
            "id": 4,
            "image_id": 2,
            "category_id": 1,
            "bbox": [0, 0, 1, 1],
            "nbalabel": {"source": "human"},
            "d": [{}],
        },
    ],
    "categories": [{"id": 1, "name": "fish"}, {"id": 2, "name": "ray", "supercategory": "fish"}],
}


@fuzz
@given(damaged(COCO))
def test_damaged_coco(fresh: Fresh, document: Any) -> None:
    file = fresh() / "a.json"
    file.write_bytes(json.dumps(document).encode("utf-8", "replace"))
    survives(lambda: nl.read_coco(file, boxes="mask"))


@fuzz
@given(damaged(COCO["annotations"]))
def test_damaged_coco_results(fresh: Fresh, document: Any) -> None:
    folder = fresh()
    (folder / "gt.json").write_bytes(orjson.dumps({**COCO, "annotations": []}))
    tables = nl.read_coco(folder / "gt.json")
    (folder / "a.json").write_bytes(json.dumps(document).encode("utf-8", "replace"))
    survives(lambda: read_coco_results(folder / "a.json", tables, boxes="mask"))


SHAPES = {
    "version": "5.5.0",
    "flags": {"clear": True},
    "shapes": [
        {"label": "fish", "points": [[0, 0], [3, 0], [3, 3]], "group_id": 1, "flags": {"ripe": True}},
        {"label": "fish", "points": [[0, 0], [1, 1]], "group_id": 1, "shape_type": "rectangle"},
        {"label": "ray", "points": [[2, 2], [3, 2]], "shape_type": "circle", "attributes": {"age": 3}},
        {
            "label": "ray",
            "points": [[1, 1], [2, 1]],
            "shape_type": "mask",
            "mask": encode_pixels(np.ones((1, 2), bool)),
        },
    ],
    "imagePath": "a.png",
    "imageData": None,
    "imageHeight": 5,
    "imageWidth": 6,
}


@fuzz
@given(damaged(SHAPES))
def test_damaged_labelme(fresh: Fresh, document: Any) -> None:
    folder = fresh()
    (folder / "a.json").write_bytes(json.dumps(document).encode("utf-8", "replace"))
    survives(lambda: nl.read_labelme(folder))


SHAPE_ATTRIBUTES = {"rle": "0, 4", "left": "1", "top": "0", "width": "2", "height": "2", "label": "ray"}
SHAPE_ATTRIBUTES |= {"z_order": "1", "occluded": "1", "group_id": "2", "points": "0,0;3,0;3,3"}
SHAPE_ATTRIBUTES |= {"xtl": "0", "ytl": "0", "xbr": "2", "ybr": "2", "rotation": "9"}
SHAPE_ATTRIBUTES |= {"cx": "2", "cy": "2", "rx": "1", "ry": "1"}
texts = st.sampled_from(["", "-1", "1e400", "nan", "9" * 30, "1,2", "1,2;3", "0, -4", "4", "\u0664", "x"])


@fuzz
@given(st.sampled_from(["mask", "polygon", "box", "ellipse", "tag", "x"]), st.data())
def test_damaged_cvat(fresh: Fresh, kind: str, data: st.DataObject) -> None:
    file = fresh() / "a.xml"
    given = {**SHAPE_ATTRIBUTES, **data.draw(st.dictionaries(st.sampled_from(list(SHAPE_ATTRIBUTES)), texts))}
    for name in data.draw(st.lists(st.sampled_from(list(SHAPE_ATTRIBUTES)), max_size=2, unique=True)):
        del given[name]
    attributes = " ".join(f'{name}="{text}"' for name, text in given.items())
    image = f'<image name="a.png" width="4" height="{data.draw(texts | st.just("3"))}">'
    text = f"<annotations>{image}<{kind} {attributes}/></image></annotations>"
    cut = data.draw(st.integers(len(text) // 2, len(text)) | st.just(len(text)))
    file.write_bytes(text[:cut].encode())
    survives(lambda: nl.read_cvat(file))


TASKS = [
    {
        "data": {"image": "a.png", "nb_size": [4, 3]},
        "annotations": [
            {
                "completed_by": {"id": 3},
                "result": [
                    {
                        "id": "nb1",
                        "type": "brushlabels",
                        "original_width": 4,
                        "original_height": 3,
                        "value": {
                            "format": "rle",
                            "rle": packed(rle.encode(np.eye(3, 4)), 3, 4),
                            "brushlabels": ["ray"],
                        },
                    },
                    {"id": "nb1", "type": "choices", "from_name": "age", "value": {"choices": ["old"]}},
                    {"id": "q", "type": "choices", "from_name": "sky", "value": {"choices": ["sun", "fog"]}},
                    {
                        "id": "nb2",
                        "type": "ellipselabels",
                        "original_width": 4,
                        "original_height": 3,
                        "value": {"x": 50, "y": 50, "radiusX": 9, "radiusY": 9, "ellipselabels": ["ray"]},
                    },
                ],
            }
        ],
    }
]


@fuzz
@given(damaged(TASKS))
def test_damaged_labelstudio(fresh: Fresh, document: Any) -> None:
    file = fresh() / "tasks.json"
    file.write_bytes(json.dumps(document).encode("utf-8", "replace"))
    survives(lambda: nl.read_labelstudio(file))


ANSWER = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=4)
    | st.sampled_from(["file", "net"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=6,
)
ANSWERS = st.dictionaries(st.text(max_size=6) | st.sampled_from(["split", "weight", "nb_id", "seen"]), ANSWER)


@fuzz
@given(ANSWERS, ANSWERS)
def test_answers_of_any_kind_in_datumaro_and_labelbox(fresh: Fresh, of_image: Any, of_row: Any) -> None:
    folder = fresh()
    box = {"id": 0, "type": "bbox", "bbox": [0, 0, 2, 2], "label_id": 0, "attributes": of_row}
    item = {"id": "a", "attr": of_image, "annotations": [box], "image": {"path": "a.png", "size": [3, 4]}}
    document = {"categories": {"label": {"labels": [{"name": "ray"}]}}, "items": [item]}
    (folder / "annotations").mkdir()
    file = folder / "annotations" / "default.json"
    file.write_bytes(
        json.dumps(document, allow_nan=False, default=str).encode() if plain(document) else b"{}"
    )
    survives(lambda: nl.read_datumaro(folder))
    row = {"dataRow": {"globalKey": "a.png"}}
    lines = [{**row, "name": name, "answer": value} for name, value in of_image.items()]
    said = [{"name": name, "answer": value} for name, value in of_row.items()]
    lines.append(
        {
            **row,
            "name": "ray",
            "bbox": {"left": 0, "top": 0, "width": 2, "height": 2},
            "classifications": said,
        }
    )
    text = "\n".join(json.dumps(line) for line in lines if plain(line))
    (folder / "annotations.ndjson").write_text(text)
    (folder / "images.json").write_text(json.dumps([{"file": "a.png", "width": 4, "height": 3}]))
    survives(lambda: nl.read_labelbox(folder))


def plain(value: Any) -> bool:
    """Whether JSON has this value."""
    try:
        json.dumps(value, allow_nan=False).encode()
    except ValueError:
        return False
    return True


words = st.lists(st.sampled_from(["0", "1", "0.5", "nan", "-1", "1e400", "\n", "x"]))


@fuzz
@given(st.text(max_size=80) | words.map(" ".join))
def test_damaged_yolo_lines(fresh: Fresh, text: str) -> None:
    folder = fresh()
    Image.new("RGB", (4, 3)).save(folder / "a.png")
    (folder / "a.txt").write_bytes(text.encode("utf-8", "replace"))
    survives(lambda: nl.read_yolo(folder, labels=["fish", "ray"], boxes="mask"))


YAML = {"path": ".", "train": "images/train", "val": ["images/val"], "names": {0: "fish", 1: "ray"}, "nc": 2}


@fuzz
@given(damaged(YAML).map(json.dumps) | st.text(max_size=60))
def test_damaged_data_yaml(fresh: Fresh, text: str) -> None:
    folder = fresh()
    for split in ("train", "val"):
        (folder / "images" / split).mkdir(parents=True)
    (folder / "data.yaml").write_bytes(text.encode("utf-8", "replace"))
    survives(lambda: nl.read_yolo(folder))


@fuzz
@given(st.data())
@pytest.mark.parametrize("mode", ["L", "RGB", "P", "I;16"])
def test_damaged_mask_files(fresh: Fresh, mode: str, data: st.DataObject) -> None:
    folder = fresh()
    file = folder / "a.png"
    Image.fromarray(np.arange(12, dtype=np.uint8).reshape(3, 4)).convert(mode).save(file)
    content = bytearray(file.read_bytes())
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    kept = data.draw(st.integers(0, len(content))) if data.draw(st.booleans()) else len(content)
    file.write_bytes(content[:kept])
    survives(lambda: nl.read_label_maps(None, folder))
    survives(lambda: nl.read_semantic(None, folder, labels=["fish"]))


@fuzz
@given(damaged({"labels": ["fish"], "instances": [{"file": "a.png", "value": 1, "label": "fish"}]}))
def test_damaged_sidecars(fresh: Fresh, document: Any) -> None:
    folder = fresh()
    Image.fromarray(np.eye(3, dtype=np.uint8)).save(folder / "a.png")
    (folder / "instances.json").write_bytes(json.dumps(document).encode("utf-8", "replace"))
    (folder / "labels.json").write_bytes(json.dumps(document).encode("utf-8", "replace"))
    survives(lambda: nl.read_label_maps(None, folder))
    survives(lambda: nl.read_semantic(None, folder))


@fuzz
@given(st.lists(st.text(min_size=1, max_size=6), min_size=3, max_size=3))
def test_labels_of_any_text_stay_inside_the_folder(fresh: Fresh, labels: list[str]) -> None:
    folder = fresh()
    tables = make_tables([[(0, np.ones((2, 2), bool))]], fresh())
    try:
        tables = Tables.of(
            tables.images,
            tables.instances.assign(label=labels[0]),
            labels,
            tables.image_root,
        )
    except DataError:
        return
    try:
        nl.write_instance_masks(tables, folder, images="copy")
    except NbalabelError:
        return
    assert len(list(folder.rglob("*.png"))) == 2
    assert nl.read_instance_masks(folder / "images", folder / "masks").labels == tuple(labels)


LAUGHS = "a: &a [x, x]\n" + "".join(
    f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True)
)


def test_yaml_aliases_which_grow_without_bounds_are_refused(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text(LAUGHS + "names: *i\n")
    with pytest.raises(FormatError, match=r"data\.yaml is not YAML: aliases"):
        nl.read_yolo(tmp_path)


@pytest.mark.parametrize(
    "names", ["names: 0x" + "f" * 9000, "names: [0x" + "f" * 9000 + "]", "names: {a: " + "b" * 9000 + "}"]
)
def test_messages_do_not_repeat_what_a_file_holds_at_length(tmp_path: Path, names: str) -> None:
    (tmp_path / "data.yaml").write_text(names)
    with pytest.raises(FormatError) as caught:
        nl.read_yolo(tmp_path)
    assert len(str(caught.value)) < 600


def yolo_folder(folder: Path) -> Path:
    Image.new("RGB", (4, 3)).save(folder / "a.png")
    return folder / "a.txt"


def test_pipes_and_devices_are_not_read(tmp_path: Path) -> None:
    os.mkfifo(yolo_folder(tmp_path))
    with pytest.raises(FormatError, match=r"a\.txt must be a file, it is a folder, pipe or device"):
        nl.read_yolo(tmp_path, labels=["fish"])


def test_links_out_of_the_folder_are_not_followed(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("0 0 0 1 0 1 1")
    (tmp_path / "in").mkdir()
    yolo_folder(tmp_path / "in").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(UnsafePathError, match="a link leads out of it"):
        nl.read_yolo(tmp_path / "in", labels=["fish"])
    (tmp_path / "in" / "a.json").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(UnsafePathError, match="a link leads out of it"):
        nl.read_labelme(tmp_path / "in")


def test_images_of_absurd_sizes_are_refused_before_anything_is_drawn(tmp_path: Path) -> None:
    image = {**COCO["images"][0], "width": 2**31 - 1, "height": 2**31 - 1}  # type: ignore[index]
    annotations = [{"id": 1, "image_id": 1, "category_id": 1, "segmentation": PARTS}]
    (tmp_path / "a.json").write_text(json.dumps({**COCO, "images": [image], "annotations": annotations}))
    with pytest.raises(FormatError, match="must have fewer than 536,870,912 pixels"):
        nl.read_coco(tmp_path / "a.json")


def test_fields_too_deep_to_be_kept_are_refused(tmp_path: Path) -> None:
    deep = "[" * 500 + "]" * 500
    text = json.dumps({**COCO, "annotations": [], "info": "DEEP"}).replace('"DEEP"', deep)
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(FormatError, match="nested too deeply"):
        nl.read_coco(tmp_path / "a.json")
