"""A dataset with pictures, and a vendor who edits what was handed out."""

import zipfile
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.data.tables.tables import Tables

SIZE = 32


def square(x: int, y: int = 4, side: int = 8) -> bytes:
    mask = np.zeros((SIZE, SIZE), dtype=bool)
    mask[y : y + side, x : x + side] = True
    return rle.encode(mask)


@pytest.fixture
def ds(tmp_path: Path):
    """Eight pictures of 32 x 32; 2 instances on each of the first six, all complete; two unlabeled ones."""
    root = tmp_path / "pictures"
    for i in range(1, 9):
        (root / f"dive{i % 2}").mkdir(parents=True, exist_ok=True)
        pixels = np.full((SIZE, SIZE, 3), 20 * i, np.uint8)
        Image.fromarray(pixels).save(root / f"dive{i % 2}" / f"{i}.png")
    images = pd.DataFrame(
        {
            "file": [f"dive{i % 2}/{i}.png" for i in range(1, 9)],
            "width": SIZE,
            "height": SIZE,
            "state": ["complete"] * 6 + ["unlabeled"] * 2,
            "weight": [1.0] * 6 + [0.0] * 2,
        },
        index=pd.RangeIndex(1, 9),
    )
    instances = pd.DataFrame(
        {
            "image_id": np.repeat(np.arange(1, 7), 2),
            "label": ["cod", "ling"] * 6,
            "mask": [square(2), square(18)] * 6,
            "source": "human",
            "ripe": [True, False] * 6,
            "note": "",
        },
        index=pd.RangeIndex(101, 113),
    )
    dataset = Tables.of(images, instances, ["cod", "ling"], root).save(tmp_path / "fish.nbal")
    yield dataset
    dataset.close()


def parsed(text: bytes) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314  # our own file


def edited(source: Path, target: Path, edit: Callable[[ET.Element], object]) -> Path:
    """A package as CVAT exports it after a vendor's edits: labels alone, no manifest."""
    with zipfile.ZipFile(source) as archive:
        root = parsed(archive.read("annotations.xml"))
    edit(root)
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("annotations.xml", ET.tostring(root))
    return target


def shape(root: ET.Element, nb_id: int) -> ET.Element:
    """The shape with that id."""
    found = [s for s in root.iter() if s.findtext("attribute[@name='nb_id']") == str(nb_id)]
    return found[0]


def remove(root: ET.Element, nb_id: int) -> None:
    for image in root.iter("image"):
        for one in list(image):
            if one.findtext("attribute[@name='nb_id']") == str(nb_id):
                image.remove(one)


def draw(root: ET.Element, file: str, label: str, x: int, y: int = 20, side: int = 6) -> ET.Element:
    """A new box, as a vendor draws it."""
    image = next(i for i in root.iter("image") if i.get("name") == file)
    box = ET.SubElement(image, "polygon", label=label)
    box.set("points", f"{x},{y};{x + side},{y};{x + side},{y + side};{x},{y + side}")
    return box


def what(back: nl.Delivery) -> dict[int, str]:
    rows = back.report.instances.dropna(subset="instance_id")
    return dict(zip(rows["instance_id"].tolist(), rows["what"], strict=True))
