"""Tables: the bundle that readers return."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, ImageError, MaskError, ReadOnlyError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables import schema
from nbalabel.data.tables.tables import Tables

IMAGES = pd.DataFrame({"file": ["a.png", "b.png"], "width": [6, 6], "height": [4, 4]}, index=[3, 5])
MASK = np.zeros((4, 6), bool)
MASK[1:3, 2:5] = True


def instances(**changes: object) -> pd.DataFrame:
    rows = {"image_id": [3], "label": ["fish"], "mask": [rle.encode(MASK)], **changes}
    return pd.DataFrame(rows, index=[11])


def test_boxes_areas_and_defaults_are_filled_in() -> None:
    tables = Tables.of(IMAGES, instances(), ["fish", "ray"])
    row = tables.instances.loc[11]
    assert [row["x"], row["y"], row["w"], row["h"], row["area"]] == [2, 1, 3, 2, 6]
    assert tables.images["weight"].tolist() == [1, 1]
    assert tables.images.index.name == "image_id"
    assert tables.labels == ("fish", "ray")
    assert tables.rejected.empty
    assert list(tables.rejected.columns) == list(schema.INSTANCES)


def test_tables_are_labeled_images() -> None:
    assert isinstance(Tables.of(IMAGES, instances(), ["fish"]), schema.LabeledImages)


def test_frames_that_were_passed_in_are_left_as_they_were() -> None:
    before = IMAGES.copy()
    images = Tables.of(IMAGES, instances(), ["fish"]).images
    images.loc[3, "width"] = 9
    pd.testing.assert_frame_equal(IMAGES, before)


@pytest.mark.parametrize(
    ("changes", "labels", "error", "message"),
    [
        ({"image_id": [4]}, ["fish"], DataError, "image_id must be a row of images.*11"),
        ({"label": ["crab"]}, ["fish"], DataError, "label must be one of fish.*11"),
        ({"mask": [b"04"]}, ["fish"], MaskError, "as many pixels.*11"),
        ({"mask": [b"\x00"]}, ["fish"], MaskError, "characters"),
        ({}, ["fish", "fish"], DataError, "labels must be unique"),
        ({"score": [2.0]}, ["fish"], DataError, "score must be between 0 and 1"),
    ],
)
def test_rows_that_break_the_schema_are_refused(
    changes: dict[str, object], labels: list[str], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Tables.of(IMAGES, instances(**changes), labels)


def test_images_too_large_for_a_mask_are_refused() -> None:
    with pytest.raises(DataError, match="too large: 3, 5"):
        Tables.of(IMAGES.assign(width=2**20, height=2**20), schema.empty("instances"), [])


def test_attributes_cannot_be_replaced() -> None:
    tables = Tables.of(IMAGES, instances(), ["fish"])
    with pytest.raises(ReadOnlyError, match="cannot be changed"):
        tables.labels = ()  # type: ignore[misc]


def test_images_are_read_below_their_root(tmp_path: Path) -> None:
    Image.new("RGB", (6, 4), (9, 8, 7)).save(tmp_path / "a.png")
    tables = Tables.of(IMAGES, instances(), ["fish"], tmp_path)
    assert tables.read_image(3).tolist() == np.full((4, 6, 3), [9, 8, 7]).tolist()
    with pytest.raises(ImageError, match=r"b\.png"):
        tables.read_image(5)
    with pytest.raises(UnknownNameError, match="no image has the id 7; there are 3, 5"):
        tables.read_image(7)


def test_without_a_root_there_are_no_pixels_but_masks_are_shown() -> None:
    tables = Tables.of(IMAGES, instances(), ["fish"])
    with pytest.raises(ImageError, match="images=FOLDER"):
        tables.read_image(3)
    shown = np.asarray(tables.show(3))
    height, width = shown.shape[:2]
    assert height * 6 == width * 4  # small images are shown larger
    assert (shown[height * 3 // 8, width * 7 // 12] != shown[-1, 0]).any()


def test_dark_pictures_are_shown_so_that_something_is_seen(tmp_path: Path) -> None:
    dark = np.tile(np.linspace(2, 30, 64).astype(np.uint8)[None, :, None], (48, 1, 3))
    Image.fromarray(dark).save(tmp_path / "a.png")
    tables = nl.read_images(tmp_path, labels=["cell"])
    assert np.asarray(tables.show(1)).max() > 240
    assert tables.read_image(1).max() == 30, "pixels are as they are in the file"
    run = nl.read_predictions(tables.instances.assign(score=1.0), tables, images=tables.images)
    assert np.asarray(run.show(1)).max() > 240
    Image.fromarray(dark + 200).save(tmp_path / "a.png")
    shown = np.asarray(tables.show(1).resize((64, 48), Image.Resampling.NEAREST))
    assert np.array_equal(shown, dark + 200), "bright ones are left as they are"


def test_a_notebook_shows_a_summary_that_cannot_smuggle_in_markup() -> None:
    tables = Tables.of(IMAGES, instances(label=["<b>fish</b>"]), ["<b>fish</b>"])
    html = tables._repr_html_()
    assert "2 images" in html
    assert "<b>fish" not in html
    assert repr(tables) == "Tables(2 images, 1 instance, 1 label)"


def test_saving_makes_a_dataset_of_the_same_rows(tmp_path: Path) -> None:
    tables = Tables.of(IMAGES, instances(), ["fish"])
    dataset = tables.save(tmp_path / "a.nbal", message="first")
    pd.testing.assert_frame_equal(dataset.images, tables.images)
    assert nl.open(tmp_path / "a.nbal").instances["mask"].tolist() == tables.instances["mask"].tolist()
