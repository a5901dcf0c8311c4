"""Label maps and one file per instance."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, FormatError, LossWarning, UnsafePathError
from nbalabel.core.geometry.masks import rle

from .conftest import make_tables

IDS = np.array([[0, 7, 7], [300, 300, 0]])


def save(path: Path, values: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(values).save(path)


@pytest.mark.parametrize("kind", ["16 bit", "rgb"])
def test_label_maps_number_instances_in_16_bits_or_in_colors(tmp_path: Path, kind: str) -> None:
    rgb = np.stack([IDS & 255, IDS >> 8, IDS >> 16], axis=-1).astype(np.uint8)
    save(tmp_path / "a.png", IDS.astype(np.uint16) if kind == "16 bit" else rgb)
    tables = nl.read_label_maps(None, tmp_path, label="cell")
    assert tables.instances["mask"].tolist() == [rle.encode(IDS == 7), rle.encode(IDS == 300)]
    assert tables.instances["label"].tolist() == ["cell", "cell"]


def test_labels_can_follow_from_values(tmp_path: Path) -> None:
    save(tmp_path / "a.png", IDS.astype(np.uint16))
    tables = nl.read_label_maps(None, tmp_path, label=lambda value: f"class {value // 100}")
    assert tables.labels == ("class 0", "class 3")
    assert nl.read_label_maps(None, tmp_path).labels == ("object",)


def test_many_instances_are_written_in_16_bits(tmp_path: Path) -> None:
    dots = [np.arange(600).reshape(20, 30) == i for i in range(600)]
    tables = make_tables([[(0, dot) for dot in dots]])
    report = nl.write_label_maps(tables, tmp_path)
    assert report.loss.empty
    back = nl.read_label_maps(None, tmp_path / "masks")
    assert back.instances["mask"].tolist() == tables.instances["mask"].tolist()


def test_a_sidecar_that_lacks_a_value_is_refused(tmp_path: Path) -> None:
    nl.write_label_maps(make_tables([[(0, np.eye(3, dtype=bool))]]), tmp_path)
    save(next((tmp_path / "masks").rglob("*.png")), np.full((3, 3), 9, np.uint8))
    with pytest.raises(FormatError, match="no label for value 9"):
        nl.read_label_maps(None, tmp_path / "masks")


def test_unlabeled_images_get_no_mask_file_and_come_back_unlabeled(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    tables = make_tables([[], []], tmp_path / "in", state=["unlabeled", "empty"])
    for write, read in (
        (nl.write_label_maps, nl.read_label_maps),
        (nl.write_semantic, nl.read_semantic),
        (nl.write_instance_masks, nl.read_instance_masks),
    ):
        out = tmp_path / write.__name__
        write(tables, out, images="copy")
        assert read(out / "images", out / "masks").images["state"].tolist() == ["unlabeled", "empty"]


def test_one_file_per_instance_in_the_folders_of_the_data_science_bowl(tmp_path: Path) -> None:
    for name in ("n1", "n2"):
        save(tmp_path / name / "images" / f"{name}.png", np.zeros((3, 3, 3), np.uint8))
        for i in range(2):
            save(
                tmp_path / name / "masks" / f"m{i}.png",
                (np.eye(3)[i : i + 1].repeat(3, 0) * 255).astype(np.uint8),
            )
    tables = nl.read_instance_masks(tmp_path, tmp_path, pattern="{image}/masks/{instance}", label="nucleus")
    assert tables.images["file"].tolist() == ["n1/images/n1.png", "n2/images/n2.png"]
    assert tables.instances["image_id"].tolist() == [1, 1, 2, 2]
    assert tables.instances["area"].tolist() == [3] * 4
    assert tables.labels == ("nucleus",)


def test_a_flat_pattern_is_written_and_read(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    tables = make_tables([[(2, np.eye(3, dtype=bool)), (0, np.ones((3, 3), bool))]], tmp_path / "in")
    pattern = "{image}_{label}_{instance}"
    nl.write_instance_masks(tables, tmp_path / "out", images="copy", pattern=pattern)
    names = sorted(p.name for p in (tmp_path / "out" / "masks").rglob("*.png"))
    assert names == ["image 1_fish_00000002.png", "image 1_ray%2Fmanta_00000001.png"]
    back = nl.read_instance_masks(tmp_path / "out" / "images", tmp_path / "out" / "masks", pattern=pattern)
    assert back.instances["mask"].tolist() == tables.instances["mask"].tolist()
    assert back.instances["label"].tolist() == ["ray/manta", "fish"]


def test_masks_that_fit_no_image_or_no_pattern_are_refused(tmp_path: Path) -> None:
    save(tmp_path / "images" / "a.png", np.zeros((3, 3), np.uint8))
    save(tmp_path / "masks" / "b" / "1.png", np.ones((3, 3), np.uint8))
    with pytest.raises(FormatError, match=r"no image, or several.*b/1\.png"):
        nl.read_instance_masks(tmp_path / "images", tmp_path / "masks", pattern="{image}/{instance}")
    with pytest.raises(FormatError, match=r"are not named.*b/1\.png"):
        nl.read_instance_masks(tmp_path / "images", tmp_path / "masks")
    with pytest.raises(DataError, match=r"pattern must have \{image\}"):
        nl.read_instance_masks(tmp_path / "images", tmp_path / "masks", pattern="{name}")
    with pytest.raises(DataError, match=r"\{image\} and \{instance\}"):
        nl.write_instance_masks(make_tables([[]]), tmp_path, pattern="{image}")


def test_empty_masks_are_reported_as_lost(tmp_path: Path) -> None:
    tables = make_tables([[(0, np.zeros((3, 3), bool))]])
    with pytest.warns(LossWarning, match="an empty mask is no instance"):
        report = nl.write_instance_masks(tables, tmp_path)
    assert report.loss["iou"].tolist() == [0.0]
    assert report.n_instances == 0
    assert "worst IoU 0.000" in repr(report)


def test_file_names_that_leave_the_folder_are_never_written(tmp_path: Path) -> None:
    tables = make_tables([[]])
    tables = replace(tables, images=tables.images.assign(file="../../a.png"))  # unchecked
    for write in (
        nl.write_label_maps,
        nl.write_semantic,
        nl.write_instance_masks,
        nl.write_labelme,
        nl.write_yolo,
    ):
        with pytest.raises(UnsafePathError, match="of images 1"):
            write(tables, tmp_path / "out", images="none")


def test_links_share_their_bytes_and_copies_do_not(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    tables = make_tables([[]], tmp_path / "in")
    source = tmp_path / "in" / tables.images["file"].iloc[0]
    nl.write_label_maps(tables, tmp_path / "link", images="link")
    nl.write_label_maps(tables, tmp_path / "copy", images="copy")
    assert (tmp_path / "link" / "images" / tables.images["file"].iloc[0]).samefile(source)
    copied = tmp_path / "copy" / "images" / tables.images["file"].iloc[0]
    assert copied.read_bytes() == source.read_bytes()
    assert not copied.samefile(source)
    with pytest.raises(DataError, match='"none", "link" or "copy"'):
        nl.write_label_maps(tables, tmp_path / "x", images="move")  # type: ignore[arg-type]
