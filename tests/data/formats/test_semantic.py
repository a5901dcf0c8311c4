"""Semantic masks to instances."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, FormatError, LossWarning
from nbalabel.core.geometry.masks import rle

from .conftest import make_tables

SEA = np.array(
    [
        [1, 1, 1, 0, 0, 2],
        [1, 0, 1, 0, 2, 0],
        [1, 1, 1, 0, 0, 0],
        [0, 0, 0, 0, 0, 1],
    ],
    np.uint8,
)


def folders(root: Path, masks: dict[str, np.ndarray], images: tuple[str, ...] = ()) -> tuple[Path, Path]:
    """An image folder and a mask folder; images without a mask are named besides."""
    (root / "images").mkdir()
    (root / "masks").mkdir()
    for name, mask in masks.items():
        Image.fromarray(mask).save(root / "masks" / f"{name}.png")
        Image.new("RGB", mask.shape[1::-1]).save(root / "images" / f"{name}.jpg")
    for name in images:
        Image.new("RGB", (6, 4)).save(root / "images" / f"{name}.jpg")
    return root / "images", root / "masks"


def test_each_connected_region_becomes_an_instance(tmp_path: Path) -> None:
    images, masks = folders(tmp_path, {"a": SEA})
    tables = nl.read_semantic(images, masks, labels=["fish", "ray"])
    assert tables.labels == ("fish", "ray")
    assert tables.instances["label"].tolist() == ["fish", "fish", "ray"]
    assert tables.instances["area"].tolist() == [8, 1, 2]
    apart = nl.read_semantic(images, masks, labels=["fish", "ray"], connectivity=4)
    assert apart.instances["area"].tolist() == [8, 1, 1, 1]


def test_small_regions_are_dropped_and_holes_filled_on_request(tmp_path: Path) -> None:
    images, masks = folders(tmp_path, {"a": SEA})
    tables = nl.read_semantic(images, masks, labels=["fish", "ray"], min_area=2, fill_holes=True)
    assert tables.instances["area"].tolist() == [9, 2]
    kept = nl.read_semantic(images, masks, labels=["fish", "ray"], fill_holes=0)
    assert kept.instances["area"].tolist() == [8, 1, 2]


def test_blank_masks_are_verified_and_missing_ones_are_not(tmp_path: Path) -> None:
    images, masks = folders(tmp_path, {"a": SEA, "b": SEA * 0}, images=("c",))
    tables = nl.read_semantic(images, masks, labels=["fish", "ray"])
    assert tables.images["state"].tolist() == ["complete", "empty", "unlabeled"]
    assert tables.images["weight"].tolist() == [1, 1, 0]
    vouched = nl.read_semantic(images, masks, labels=["fish", "ray"], unannotated="empty")
    assert vouched.images["state"].tolist() == ["complete", "empty", "empty"]


def test_a_deepfish_mask_of_0_and_255_is_read_with_its_value(tmp_path: Path) -> None:
    images, masks = folders(tmp_path, {"a": (SEA == 1).astype(np.uint8) * 255})
    assert len(nl.read_semantic(images, masks, labels={255: "fish"}).instances) == 2


def test_several_values_may_share_a_label_and_some_be_ignored(tmp_path: Path) -> None:
    images, masks = folders(tmp_path, {"a": SEA})
    both = nl.read_semantic(images, masks, labels={1: "animal", 2: "animal"})
    assert both.instances["area"].tolist() == [8, 2, 1]
    one = nl.read_semantic(images, masks, labels={1: "fish"}, ignore=[2])
    assert one.instances["area"].tolist() == [8, 1]


def test_values_without_a_name_are_refused_naming_the_files(tmp_path: Path) -> None:
    images, masks = folders(tmp_path, {"a": SEA})
    with pytest.raises(FormatError, match=r"no label, background or ignored: a\.png: 2"):
        nl.read_semantic(images, masks, labels=["fish"])
    with pytest.raises(FormatError, match=r"no labels\.json"):
        nl.read_semantic(images, masks)
    with pytest.raises(DataError, match="must be a list or a mapping"):
        nl.read_semantic(images, masks, labels="fish")


def test_color_masks_are_named_by_their_colors(tmp_path: Path) -> None:
    colors = np.array([[0, 0, 0], [255, 0, 0], [0, 9, 255]], np.uint8)
    images, masks = folders(tmp_path, {"a": colors[SEA]})
    tables = nl.read_semantic(
        images, masks, labels={(255, 0, 0): "fish", (0, 9, 255): "ray"}, background=[(0, 0, 0)]
    )
    assert tables.instances["label"].tolist() == ["fish", "fish", "ray"]
    with pytest.raises(FormatError, match="name its labels by their colors"):
        nl.read_semantic(images, masks, labels=["fish", "ray"])


def test_palette_masks_are_read_by_index_or_by_color(tmp_path: Path) -> None:
    images, masks = folders(tmp_path, {"a": SEA})
    palette = Image.fromarray(SEA, mode=None).convert("P")
    palette.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0])
    Image.frombytes("P", palette.size, SEA.tobytes()).save(masks / "a.png")
    assert len(nl.read_semantic(images, masks, labels=["fish", "ray"]).instances) == 3


def test_masks_without_image_or_of_another_size_are_refused(tmp_path: Path) -> None:
    images, masks = folders(tmp_path, {"a": SEA})
    Image.fromarray(SEA).save(masks / "b.png")
    with pytest.raises(FormatError, match=r"1 masks in .* have no image.*b\.png"):
        nl.read_semantic(images, masks, labels=["fish", "ray"])
    (masks / "b.png").unlink()
    Image.fromarray(SEA[:2]).save(masks / "a.png")
    with pytest.raises(FormatError, match="6 x 2 pixels, its image 6 x 4"):
        nl.read_semantic(images, masks, labels=["fish", "ray"])


def test_masks_can_stand_for_their_images(tmp_path: Path) -> None:
    _, masks = folders(tmp_path, {"a": SEA})
    tables = nl.read_semantic(None, masks, labels=["fish", "ray"])
    assert tables.image_root is None
    assert tables.images["file"].tolist() == ["a.png"]
    assert len(tables.instances) == 3


def test_what_overlaps_touches_or_falls_apart_is_reported(tmp_path: Path) -> None:
    left, right, apart = (np.zeros((3, 6), bool) for _ in range(3))
    left[:, :2], right[:, 2:4], apart[0, 5], apart[2, 5] = True, True, True, True
    tables = make_tables([[(0, left), (0, right), (1, apart)]])
    with pytest.warns(LossWarning, match="3 of 3 masks come back different"):
        report = nl.write_semantic(tables, tmp_path)
    assert report.loss["iou"].tolist() == [0.5, 0.5, 0.5]
    back = nl.read_semantic(None, tmp_path / "masks")
    assert back.instances["mask"].tolist()[0] == rle.encode(left | right)


def test_touching_things_are_parted_by_distance(tmp_path: Path) -> None:
    y, x = np.mgrid[:30, :44]
    mask = (np.hypot(x - 13, y - 14) < 10) | (np.hypot(x - 29, y - 14) < 10)
    images, masks = folders(tmp_path, {"a": mask.astype(np.uint8)})
    options = {"labels": ["cell"]}
    assert len(nl.read_semantic(images, masks, **options).instances) == 1
    tables = nl.read_semantic(images, masks, split="distance", **options)
    assert len(tables.instances) == 2
    assert (rle.decode(rle.union(tables.instances["mask"].tolist(), 30, 44), 30, 44) == mask).all()
    assert len(nl.read_semantic(images, masks, split="distance", depth=9, **options).instances) == 1
    with pytest.raises(DataError, match="split must be"):
        nl.read_semantic(images, masks, split="watershed", **options)
