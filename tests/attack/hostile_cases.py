"""Files of every format nobody should trust: valid ones to damage, and bombs built on purpose."""

import base64
import io
import json
import os
import random
import struct
import zlib
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.data.formats import read_coco_results
from nbalabel.data.formats.labelstudio.pack import packed


@dataclass
class Case:
    """A folder for a reader, and what was done to it."""

    reader: str
    folder: Path
    what: str


def _results(folder: Path) -> Any:
    known = nl.read_coco(folder / "known.json", boxes="mask")
    return read_coco_results(folder / "results.json", known, boxes="mask")


READERS: dict[str, Callable[[Path], Any]] = {
    "coco": lambda f: nl.read_coco(f / "instances.json", boxes="mask"),
    "coco images": lambda f: nl.read_coco(f / "instances.json", f / "images", boxes="mask"),
    "results": _results,
    "yolo": lambda f: nl.read_yolo(f, boxes="mask"),
    "labelme": lambda f: nl.read_labelme(f, skip=["point", "line"]),
    "cvat": lambda f: nl.read_cvat(f, skip=["points", "tag"]),
    "labelstudio": lambda f: nl.read_labelstudio(f, skip=["relation"], several="all"),
    "voc": nl.read_voc,
    "datumaro": lambda f: nl.read_datumaro(f, skip=["label"]),
    "labelbox": lambda f: nl.read_labelbox(f / "a.json", masks=f, several="last"),
    "semantic": lambda f: nl.read_semantic(f / "images", f / "masks"),
    "maps": lambda f: nl.read_label_maps(f / "images", f / "masks"),
    "masks": lambda f: nl.read_instance_masks(f / "images", f / "masks"),
}


def png(pixels: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    return buffer.getvalue()


def hollow_png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG that claims a size; its checksums are right."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


def blank_png(width: int, height: int) -> bytes:
    """All of its pixels are there, compressed a thousand times."""
    packer = zlib.compressobj(9)
    row = bytes(width + 1)
    body = b"".join(packer.compress(row) for _ in range(height)) + packer.flush()
    return hollow_png(width, height, body)


MASK = np.zeros((12, 16), np.uint8)
MASK[2:6, 3:9] = 1
PHOTO = png(np.full((12, 16, 3), 90, np.uint8))
STRING = {"size": [12, 16], "counts": "`04P3"}
POLYGON = [[1, 1, 9, 1, 9, 8, 1, 8]]


def coco() -> dict[str, Any]:
    images = [
        {
            "id": 1,
            "file_name": "a.png",
            "width": 16,
            "height": 12,
            "nbalabel": {"weight": 0.5},
            "when": "may",
        },
        {"id": 2, "file_name": "b.png", "width": 16, "height": 12},
    ]
    counts = {"size": [12, 16], "counts": [12, 12, 168]}
    annotations = [
        {
            "id": 1,
            "image_id": 1,
            "category_id": 1,
            "segmentation": POLYGON,
            "bbox": [1, 1, 8, 7],
            "score": 0.5,
        },
        {"id": 2, "image_id": 1, "category_id": 2, "segmentation": counts, "iscrowd": 1, "area": 3},
        {"id": 3, "image_id": 2, "category_id": 1, "bbox": [0, 0, 3, 3], "nbalabel": {"source": "human"}},
        {"id": 4, "image_id": 2, "category_id": 1, "segmentation": counts, "tags": [{"a": [1]}]},
    ]
    categories = [{"id": 1, "name": "fish"}, {"id": 2, "name": "ray", "supercategory": "fish"}]
    return {"info": {"year": 2024}, "images": images, "annotations": annotations, "categories": categories}


def labelme() -> dict[str, Any]:
    mask = base64.b64encode(png(np.ones((3, 4), np.uint8))).decode()
    shapes = [
        {"label": "fish", "points": [[0, 0], [9, 0], [9, 9]], "group_id": 1, "flags": {"ripe": True}},
        {"label": "fish", "points": [[2, 2], [5, 5]], "group_id": 1, "shape_type": "rectangle"},
        {"label": "ray", "points": [[6, 6], [8, 6]], "shape_type": "circle", "attributes": {"age": 3}},
        {"label": "ray", "points": [[1, 1], [4, 3]], "shape_type": "mask", "mask": mask},
    ]
    return {"flags": {"x": True}, "shapes": shapes, "imagePath": "a.png", "imageHeight": 12, "imageWidth": 16}


YAML = "path: .\ntrain: images/train\nval: [images/val]\nnames:\n  0: fish\n  1: ray\nnc: 2\n"
LINES = "0 0.1 0.1 0.9 0.1 0.9 0.8\n1 0.5 0.5 0.2 0.2\n"


def datumaro() -> dict[str, Any]:
    shapes: list[dict[str, Any]] = [
        {"type": "mask", "rle": {"size": [12, 16], "counts": rle.encode(MASK).decode()}, "z_order": 1},
        {"type": "polygon", "points": [1, 1, 9, 1, 9, 8], "group": 2},
        {"type": "bbox", "bbox": [1, 1, 4, 5], "attributes": {"nb_id": 7, "age": 3, "is_crowd": True}},
        {"type": "ellipse", "points": [1, 1, 9, 8], "attributes": {"kind": {"a": [1]}}},
        {"type": "label"},
    ]
    listed = [{"id": i, "label_id": i % 2, **shape} for i, shape in enumerate(shapes)]
    first = {"id": "a", "annotations": listed, "image": {"path": "a.png", "size": [12, 16]}}
    first["attr"] = {"weather": "fog", "seen": ["net", "rope"], "depth": 3}
    second = {"id": "b", "image": {"path": "b.png", "size": [12, 16]}}
    label = {"labels": [{"name": "fish", "parent": ""}, {"name": "ray"}], "attributes": []}
    return {"categories": {"label": label}, "items": [first, second], "infos": {}}


def label_studio() -> list[dict[str, Any]]:
    brush = packed(rle.encode(MASK), 12, 16)
    values: list[tuple[str, str, dict[str, Any]]] = [
        ("nb7", "brushlabels", {"format": "rle", "rle": brush, "brushlabels": ["fish"]}),
        ("b", "polygonlabels", {"points": [[10, 10], [50, 10], [50, 60]], "polygonlabels": ["ray"]}),
        ("c", "rectanglelabels", {"x": 5, "y": 9, "width": 40, "height": 30, "rectanglelabels": ["ray"]}),
        ("d", "ellipselabels", {"x": 50, "y": 50, "radiusX": 9, "radiusY": 20, "rotation": 9}),
        ("d", "labels", {"labels": ["fish"]}),
        ("b", "choices", {"choices": ["true"]}),
        ("b", "number", {"number": 3}),
        ("b", "choices", {"choices": ["net", "hook"]}),
        ("nb_image_weather", "choices", {"choices": ["sun"]}),
        ("i", "choices", {"choices": ["a", "none of these"]}),
    ]
    size = {"original_width": 16, "original_height": 12, "image_rotation": 0}
    results = [{"id": i, "type": t, "value": v, "from_name": t, **size} for i, t, v in values]
    first = {"data": {"image": "/data/upload/1/0a1b2c3d-a.png"}, "annotations": [{"result": results}]}
    second = {
        "data": {"image": "x", "nb_file": "b.png", "nb_size": [16, 12]},
        "predictions": [{"result": []}],
    }
    return [first, second]


CVAT = """<?xml version="1.0" encoding="utf-8"?>
<annotations><version>1.1</version><meta><task><labels>
<label><name>fish</name><attributes>
<attribute><name>age</name><input_type>number</input_type><values>0
9
1</values></attribute>
<attribute><name>ripe</name><input_type>checkbox</input_type><values>false
true</values></attribute>
<attribute><name>kind</name><input_type>select</input_type><values>a
b</values></attribute>
</attributes></label><label><name>ray</name></label>
<label><name>nb_image</name><type>tag</type><attributes>
<attribute><name>weather</name><input_type>select</input_type><values>__undefined__
sun</values></attribute>
<attribute><name>seen: net</name><input_type>checkbox</input_type></attribute>
<attribute><name>seen: none of these</name><input_type>checkbox</input_type></attribute>
</attributes></label></labels></task></meta>
<image id="0" name="a.png" subset="train" width="16" height="12">
<mask label="fish" occluded="1" rle="2, 3, 1" left="3" top="2" width="3" height="2" z_order="1">
<attribute name="nb_id">7</attribute><attribute name="age">3</attribute>
<attribute name="ripe">true</attribute><attribute name="kind">b</attribute></mask>
<polygon label="ray" points="1,1;9,1;9,8.5" group_id="2"/><tag label="fish"/>
<tag label="nb_image"><attribute name="weather">sun</attribute>
<attribute name="seen: net">true</attribute></tag>
</image><image id="1" name="b.png" width="16" height="12">
<box label="fish" xtl="1" ytl="1" xbr="4.5" ybr="6" rotation="20.5"/>
<ellipse label="ray" cx="5" cy="5" rx="3" ry="2"/><points label="ray" points="1,1"/>
</image></annotations>
"""


def valid(reader: str) -> dict[str, bytes]:
    """Files that the reader takes, by their names."""
    photos = {"images/a.png": PHOTO, "images/b.png": PHOTO}
    if reader.startswith("coco"):
        return {"instances.json": json.dumps(coco()).encode(), **photos}
    if reader == "results":
        predictions = [{**a, "score": 0.5} for a in coco()["annotations"]]
        return {"known.json": json.dumps(coco()).encode(), "results.json": json.dumps(predictions).encode()}
    if reader == "yolo":
        files = {f"images/{s}/{s}.png": PHOTO for s in ("train", "val")}
        labels = {f"labels/{s}/{s}.txt": LINES.encode() for s in ("train", "val")}
        return {"data.yaml": YAML.encode(), **files, **labels}
    if reader == "labelme":
        return {"a.json": json.dumps(labelme()).encode(), "a.png": PHOTO, "labels.txt": b"fish\nray\n"}
    if reader == "cvat":
        return {"annotations.xml": CVAT.encode()}
    if reader == "labelstudio":
        choices = (
            '<Choices name="choices" toName="i" choice="multiple" perRegion="true"><Choice value="net"/>'
        )
        config = f"<View>{choices}</Choices></View>".encode()
        return {"tasks.json": json.dumps(label_studio()).encode(), "config.xml": config}
    if reader == "voc":
        one = "<bndbox><xmin>4</xmin><ymin>3</ymin><xmax>9</xmax><ymax>6</ymax></bndbox></object>"
        said = "<attributes><attribute><name>nb_id</name><value>7</value></attribute></attributes>"
        objects = f"<object><name>fish</name><difficult>1</difficult>{said}{one}<object><name>ray</name>{one}"
        size = "<size><width>16</width><height>12</height></size>"
        xml = f"<annotation><filename>a.png</filename>{size}{objects}</annotation>".encode()
        pictures = {f"Segmentation{kind}/a.png": png(MASK) for kind in ("Object", "Class")}
        lists = {"labelmap.txt": b"background:0,0,0::\nfish:128,0,0::\nray:0,128,0::\n"}
        lists["ImageSets/Main/train.txt"] = b"a\n"
        return {"Annotations/a.xml": xml, "JPEGImages/a.png": PHOTO, **pictures, **lists}
    if reader == "datumaro":
        return {"annotations/train.json": json.dumps(datumaro()).encode(), "images/train/a.png": PHOTO}
    if reader == "labelbox":
        mask = base64.b64encode(png(MASK)).decode()
        box = {"left": 1, "top": 2, "width": 5, "height": 4}
        objects = [
            {"feature_id": "f", "name": "fish", "mask": {"url": "x"}},
            {"name": "ray", "bounding_box": box, "classifications": [{"name": "a", "answer": {"name": "b"}}]},
            {"name": "ray", "polygon": [{"x": 1, "y": 1}, {"x": 9, "y": 1}, {"x": 9, "y": 8}]},
            {"uuid": "6e62616c-6162-4c00-8000-000000000007", "name": "fish", "mask": {"png": mask}},
        ]
        line = {"data_row": {"global_key": "a.png"}, "media_attributes": {"height": 12, "width": 16}}
        about = [{"name": "seen", "checklist_answers": [{"name": "net", "classifications": [{"name": "a"}]}]}]
        line["projects"] = {
            "p": {"labels": [{"annotations": {"objects": objects, "classifications": about}}]}
        }
        return {"a.json": json.dumps(line).encode(), "f.png": png(MASK)}
    if reader == "semantic":
        return {**photos, "masks/a.png": png(MASK), "masks/labels.json": b'["fish"]'}
    if reader == "maps":
        entry = {"file": "a.png", "value": 1, "label": "fish"}
        sidecar = json.dumps({"labels": ["fish"], "instances": [entry]}).encode()
        return {**photos, "masks/a.png": png(MASK), "masks/instances.json": sidecar}
    return {**photos, "masks/a/fish/1.png": png(MASK * 255), "masks/a/ray/2.png": png(MASK * 255)}


HOSTILE: list[Any] = [
    None, True, -1, 0, 1, 2**31, 2**53, 2**63, 2**64 - 1, 10**18, 1e308, -1e308, 0.5, 1e-300,
    "", " ", "../a.png", "/etc/passwd", "..\\a.png", "C:\\a.png", "a\x00.png", "a/../../b.png",
    "file:///etc/passwd",
    "a" * 300,
    "a/" * 3000 + "a.png", "\ud800", "\u202e", "1e999", "polygon", "mask", "NaN", "x" * 100_000,
    [], {}, [[]], [None], {"counts": "222"}, {"size": [10**6, 10**6], "counts": "1"},
    [[1e9, 1e9, 2e9, 1e9, 2e9, 2e9]],
    list(range(3000)), {str(i): i for i in range(500)},
]  # fmt: skip
TOKENS = [
    b"NaN", b"-Infinity", b"1e999", b"9" * 400, b"0x" + b"f" * 6000, b"[" * 2000, b"{" * 300, b"\x00",
    b"\xff\xfe",
    b"\xef\xbb\xbf", b"\r", b"*a", b"&a ", b"!!python/name:os.system ", b"<<: ", b"? ", b"'", b'"', b"\n",
    b": ",
    b"- ",
    b"<!DOCTYPE a>", b"<!ENTITY a 'b'>", b"&lt;", b"&a;", b"<image>", b"</mask>", b"<track/>",
    b"../", b"-0.1", b"1.005", b"nan", b"1" * 30, b"\xe2\x80\xa8", b"7:" * 500,
]  # fmt: skip


def damage(folder: Path, rng: random.Random) -> Case:
    """Valid files, one or two of them damaged in one to three ways."""
    reader = rng.choice(list(READERS))
    files: dict[str, bytes] = valid(reader)
    what = [reader]
    links: dict[str, str] = {}
    for _ in range(rng.randint(1, 3)):
        name = rng.choice([n for n in files for _ in range(1 if n.startswith("images") else 4)])
        kind = rng.choice(["values"] * 5 + ["tokens"] * 2 + ["bytes"] * 3 + ["cut", "size", "place"])
        if kind == "values" and name.endswith(".json"):
            files[name] = _values(files[name], rng)
        elif kind == "size" and name.endswith(".png"):
            sides = [0, 1, 12, 16, 2**15, 2**16, 2**31 - 1, 2**32 - 1]
            files[name] = hollow_png(rng.choice(sides), rng.choice(sides), rng.randbytes(9))
        elif kind == "place":
            links[name] = rng.choice(
                ["/etc/passwd", "/dev/zero", "pipe", "loop", "folder", "../" * 9 + "etc"]
            )
        else:
            files[name] = _bytes(files[name], rng, kind)
        what.append(f"{kind} of {name}{links.get(name, '')}")
    lay(folder, files, links)
    return Case(reader, folder, ", ".join(what))


def lay(folder: Path, files: dict[str, bytes], links: dict[str, str] | None = None) -> None:
    """Write files; instead of some, links, pipes and folders."""
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        to = (links or {}).get(name)
        if to is None:
            path.write_bytes(data)
        elif to == "pipe":
            os.mkfifo(path)
        elif to == "folder":
            path.mkdir()
        else:
            path.symlink_to(path.name if to == "loop" else to)


def _places(document: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if len(at) > 20:
        return [at]
    items: Any = document.items() if isinstance(document, dict) else ()
    items = enumerate(document) if isinstance(document, list) else items
    return [at, *(place for key, value in items for place in _places(value, (*at, key)))]


def _values(data: bytes, rng: random.Random) -> bytes:
    """The JSON document with a value replaced, removed or repeated; broken JSON with bytes changed."""
    try:
        return _changed(json.loads(data), rng)
    except (ValueError, RecursionError):
        return _bytes(data, rng, "bytes")


def _changed(document: Any, rng: random.Random) -> bytes:
    at = rng.choice(_places(document))
    value = deepcopy(rng.choice(HOSTILE))
    if not at:
        return json.dumps(value).encode()
    parent = document
    for key in at[:-1]:
        parent = parent[key]
    action = rng.choice(["replace", "replace", "remove", "repeat", "nest"])
    if action == "remove":
        del parent[at[-1]]
    elif action == "repeat" and isinstance(parent, list):
        parent += [deepcopy(parent[at[-1]])] * rng.choice([1, 50])
    elif action == "nest":
        parent[at[-1]] = "DEEP"
        deep = b"[" * (depth := rng.choice([3, 260, 900])) + b"]" * depth
        return json.dumps(document).encode().replace(b'"DEEP"', deep)
    else:
        parent[at[-1]] = value
    return json.dumps(document).encode()


def _bytes(data: bytes, rng: random.Random, kind: str) -> bytes:
    changed = bytearray(data)
    for _ in range(rng.choice([1, 1, 2, 8])):
        at = rng.randint(0, max(len(changed) - 1, 0))
        if kind == "cut":
            del changed[at : at + rng.choice([1, 5, len(changed)])]
        elif kind == "tokens" or not changed:
            changed[at : at + rng.choice([0, 1, 5])] = rng.choice(TOKENS)
        else:
            changed[at] = rng.choice([changed[at] ^ 1 << rng.randint(0, 7), rng.randint(0, 255), 0, 255])
    return bytes(changed)


def _bomb(reader: str, change: Callable[[dict[str, bytes]], None]) -> Callable[[Path], Case]:
    def make(folder: Path) -> Case:
        files = valid(reader)
        change(files)
        lay(folder, files)
        return Case(reader, folder, reader)

    return make


def _json(reader: str, name: str, change: Callable[[Any], None]) -> Callable[[Path], Case]:
    def apply(files: dict[str, bytes]) -> None:
        document = json.loads(files[name])
        change(document)
        files[name] = json.dumps(document).encode()

    return _bomb(reader, apply)


def _zigzag(points: int, width: float, height: float) -> list[float]:
    return [v for i in range(points) for v in (i % 2 * width, height * i / points)]


def _laughs() -> bytes:
    levels = [f"l{i}: &l{i} [{', '.join([f'*l{i - 1}'] * 9)}]" for i in range(1, 10)]
    return "\n".join(["l0: &l0 [lol, lol, lol]", *levels, "names: *l9", "train: *l9"]).encode()


def _sized(document: Any, width: int, height: int) -> None:
    for image in document["images"]:
        image.update(width=width, height=height)


def _huge_coco(document: Any) -> None:
    _sized(document, 2**31 - 1, 2**31 - 1)


def _wide_zigzag(document: Any) -> None:
    _sized(document, 20_000, 20_000)
    document["annotations"] = [
        {"id": i, "image_id": 1, "category_id": 1, "segmentation": [_zigzag(200, 2e4, 2e4)]} for i in range(3)
    ]


def _far(document: Any) -> None:
    _sized(document, 1, 2**29 - 1)
    document["annotations"][0]["segmentation"] = [[8e9, 8e9, 8e9 + 3, 8e9, 8e9 + 3, 8e9 + 3]]
    del document["annotations"][1:]


def _labelme_zigzag(document: Any) -> None:
    document.update(imageWidth=20_000, imageHeight=20_000)
    points = np.array(_zigzag(240, 2e4, 2e4)).reshape(-1, 2).tolist()
    document["shapes"] = [{"label": "fish", "points": points} for _ in range(2)]


def _labelme_whole(document: Any) -> None:
    document.update(imageWidth=23_000, imageHeight=23_000)
    corners = [[0, 0], [23_000, 23_000]]
    document["shapes"] = [{"label": "fish", "points": corners, "shape_type": "rectangle"} for _ in range(3)]
    document["shapes"] += [{"label": "ray", "points": corners, "shape_type": "circle"}]


def _labelme_pngs(document: Any) -> None:
    document.update(imageWidth=9_000, imageHeight=9_000)
    mask = base64.b64encode(blank_png(9_000, 9_000)).decode()
    shape = {"label": "fish", "points": [[0, 0], [8999, 8999]], "shape_type": "mask", "mask": mask}
    document["shapes"] = [shape] * 6


def _checkered(files: dict[str, bytes]) -> None:
    board = (np.indices((6_000, 6_000)).sum(axis=0) % 2).astype(np.uint8)
    files.clear()
    photo = png(np.zeros((6_000, 6_000), np.uint8))
    files.update({"images/a.png": photo, "masks/a.png": png(board), "masks/labels.json": b'["fish"]'})


def _set(name: str, data: bytes) -> Callable[[dict[str, bytes]], None]:
    return lambda files: files.__setitem__(name, data)


def _yolo_zigzag(files: dict[str, bytes]) -> None:
    line = "0 " + " ".join(f"{v:.4f}" for v in _zigzag(1500, 0.999, 0.999))
    files["images/train/train.png"] = hollow_png(20_000, 20_000)
    files["labels/train/train.txt"] = f"{line}\n{line}\n".encode()


def _xml_laughs() -> bytes:
    entities = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 9}">' for i in range(1, 10))
    head = f'<!DOCTYPE annotations [<!ENTITY l0 "lol">{entities}]>'
    return f'<?xml version="1.0"?>{head}<annotations><version>&l9;</version></annotations>'.encode()


def _cvat_masks(width: int, height: int, n: int) -> bytes:
    place = f'left="0" top="0" width="{width}" height="{height}"'
    mask = f'<mask label="fish" rle="0, {width * height}" {place}/>'
    image = f'<image id="0" name="a.png" width="{min(width, 20_000)}" height="{min(height, 20_000)}">'
    return f"<annotations>{image}{mask * n}</image></annotations>".encode()


BOMBS: dict[str, Callable[[Path], Case]] = {
    "yaml of a billion laughs": _bomb("yolo", _set("data.yaml", _laughs())),
    "yaml nested deeply": _bomb("yolo", _set("data.yaml", b"names: " + b"[" * 100_000)),
    "yaml with a number of a megabit": _bomb(
        "yolo", _set("data.yaml", b"names: [0x" + b"f" * 250_000 + b"]")
    ),
    "yaml too large": _bomb("yolo", _set("data.yaml", b"names: [" + b"a, " * 2_000_000 + b"]")),
    "yaml of many names": _bomb(
        "yolo", _set("data.yaml", b"names: [" + b", ".join(b"a%d" % i for i in range(10_000)) + b"]")
    ),
    "yaml with a name too long": _bomb("yolo", _set("data.yaml", b"train: " + b"a" * 5000 + b"\nnames: [a]")),
    "polygons across a large image": _json("coco", "instances.json", _wide_zigzag),
    "images of 2^62 pixels": _json("coco", "instances.json", _huge_coco),
    "a polygon far beyond 32 bits": _json("coco", "instances.json", _far),
    "json nested deeply": _bomb("coco", _set("instances.json", b'{"images":' + b"[" * 500_000)),
    "yolo polygons across a large image": _bomb("yolo", _yolo_zigzag),
    "labelme polygons across a large image": _json("labelme", "a.json", _labelme_zigzag),
    "labelme shapes as large as can be": _json("labelme", "a.json", _labelme_whole),
    "labelme masks that unpack to a gigabyte": _json("labelme", "a.json", _labelme_pngs),
    "masks that unpack to too much": _bomb(
        "semantic",
        lambda files: files.update(
            {"images/a.png": hollow_png(30_000, 17_000), "masks/a.png": blank_png(30_000, 17_000)}
        ),
    ),
    "a mask of a checkerboard": _bomb("semantic", _checkered),
    "xml of a billion laughs": _bomb("cvat", _set("annotations.xml", _xml_laughs())),
    "xml nested deeply": _bomb("cvat", _set("annotations.xml", b"<annotations>" + b"<image>" * 200_000)),
    "cvat masks of a hundred million pixels each": _bomb(
        "cvat", _set("annotations.xml", _cvat_masks(9_000, 10_000, 40))
    ),
    "a cvat mask of 2^62 pixels": _bomb("cvat", _set("annotations.xml", _cvat_masks(2**31, 2**31, 1))),
}
