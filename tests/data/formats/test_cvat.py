"""CVAT for images 1.1: its run lengths, its shapes, attributes with types, and what it cannot hold."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, FormatError, LossWarning, UnsafePathError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.tables.tables import Tables

from .conftest import make_tables

SQUARE = np.zeros((6, 8), bool)
SQUARE[1:4, 2:5] = True
HOLE = SQUARE.copy()
HOLE[2, 3] = False


def lay(folder: Path, shapes: str, labels: str = "", image: str = 'width="8" height="6"') -> Path:
    file = folder / "annotations.xml"
    head = f"<meta><task><labels>{labels}</labels></task></meta>"
    file.write_text(f'<annotations>{head}<image id="0" name="a.png" {image}>{shapes}</image></annotations>')
    return file


def only(tables: Tables) -> np.ndarray:
    (mask,) = tables.instances["mask"]
    return rle.decode(mask, 6, 8)


def test_run_lengths_go_along_the_rows_of_the_crop_and_begin_with_background(tmp_path: Path) -> None:
    shape = '<mask label="fish" rle="0, 4, 1, 4" left="2" top="1" width="3" height="3"/>'
    np.testing.assert_array_equal(only(nl.read_cvat(lay(tmp_path, shape))), HOLE)
    nl.write_cvat(make_tables([[(0, HOLE)]]), tmp_path / "again.xml")
    assert 'rle="0, 4, 1, 4" left="2" top="1" width="3" height="3"' in (tmp_path / "again.xml").read_text()


def test_masks_that_reach_over_the_border_are_cut_off(tmp_path: Path) -> None:
    shape = '<mask label="fish" rle="0, 100" left="-4" top="-7" width="10" height="10"/>'
    found = only(nl.read_cvat(lay(tmp_path, shape)))
    assert found[:3, :6].all()
    assert found.sum() == 18


@pytest.mark.parametrize(
    ("shape", "pixels"),
    [
        ('<polygon label="fish" points="2,1;5,1;5,4;2,4"/>', 9),
        ('<box label="fish" xtl="2" ytl="1" xbr="5" ybr="4"/>', 9),
        ('<box label="fish" xtl="2" ytl="1" xbr="5" ybr="4" rotation="90"/>', 9),
        ('<ellipse label="fish" cx="4" cy="3" rx="4" ry="3"/>', 40),
    ],
)
def test_shapes_with_an_area_become_masks(tmp_path: Path, shape: str, pixels: int) -> None:
    tables = nl.read_cvat(lay(tmp_path, shape))
    assert abs(int(tables.instances["area"].iloc[0]) - pixels) <= 2


def test_boxes_are_marked_and_written_as_boxes_until_they_get_a_mask(tmp_path: Path) -> None:
    box = '<box label="fish" xtl="2" ytl="1" xbr="5" ybr="4"/>'
    tables = nl.read_cvat(lay(tmp_path, box + '<polygon label="fish" points="2,1;5,1;5,4;2,4"/>'))
    assert tables.instances["is_box"].tolist() == [True, False]
    nl.write_cvat(tables, tmp_path / "again.xml")
    assert nl.read_cvat(tmp_path / "again.xml").instances["is_box"].tolist() == [True, False]
    with tables.save(tmp_path / "a.nbal") as ds:
        ds.set([1], mask=[rle.encode(HOLE)])
        nl.write_cvat(ds, tmp_path / "drawn.xml")
    assert "is_box" not in nl.read_cvat(tmp_path / "drawn.xml").instances


def test_boxes_get_masks_from_the_picture(tmp_path: Path) -> None:
    pytest.importorskip("cv2")
    y, x = np.mgrid[:48, :64]
    inside = np.hypot(y - 24, x - 30) < 12
    pixels = np.where(inside[..., None], (200, 80, 40), (40, 90, 160)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    box = '<box label="fish" xtl="18" ytl="12" xbr="43" ybr="37"/>'
    tables = nl.read_cvat(lay(tmp_path, box, image='width="64" height="48"'), tmp_path)
    refined = nl.refine(tables, rows=tables.instances.query("is_box"))
    (mask,) = refined.rows["mask"]
    assert rle.iou_pairs([mask], [rle.encode(inside)])[0] > 0.9


def test_columns_come_back_as_attributes_with_their_types(tmp_path: Path) -> None:
    tables = make_tables([[(0, SQUARE), (1, HOLE), (0, SQUARE)]])
    own = tables.instances.assign(
        age=[3, 0, -2],
        legs=pd.array([8, None, 6], dtype="Int64"),
        length=[1.5, np.nan, 2.0],
        ripe=[True, False, True],
        seen=pd.array([True, None, False], dtype="boolean"),
        kind=pd.Categorical(["a", None, 'b <&"'], categories=["a", 'b <&"', "c"]),
        note=["two\nlines\r", "", ' "quoted" '],
        z_order=[0, 2, 1],
        occluded=[True, False, False],
    )
    nl.write_cvat(Tables.of(tables.images, own, tables.labels), tmp_path)
    back = nl.read_cvat(tmp_path).instances
    names = ["age", "legs", "length", "ripe", "seen", "kind", "note", "z_order", "occluded"]
    pd.testing.assert_frame_equal(back[names], own[names].astype({"note": "str"}), check_index_type=False)


def test_columns_of_images_and_of_instances_are_kept_where_a_format_has_a_place_for_them(
    tmp_path: Path,
) -> None:
    tables = make_tables([[(0, SQUARE)]], camera="left")
    own = tables.instances.assign(note="a")
    for write in (nl.write_cvat, nl.write_labelstudio, nl.write_datumaro):
        report = write(Tables.of(tables.images, own, tables.labels), tmp_path)
        assert report.dropped.empty
    with_voc = nl.write_voc(Tables.of(tables.images, own, tables.labels), tmp_path / "voc", images="none")
    assert with_voc.dropped[["table", "column"]].values.tolist() == [
        ["images", "camera"],
        ["instances", "note"],
    ]


def test_crowds_stay_crowds(tmp_path: Path) -> None:
    tables = make_tables([[(0, SQUARE), (1, HOLE)]])
    own = tables.instances.assign(crowd=[True, False])
    nl.write_cvat(Tables.of(tables.images, own, tables.labels), tmp_path)
    assert nl.read_cvat(tmp_path).instances["crowd"].tolist() == [True, False]


def test_splits_travel_as_subsets(tmp_path: Path) -> None:
    tables = make_tables([[(0, SQUARE)], [], []], split=["train", "test", None])
    nl.write_cvat(tables, tmp_path)
    assert nl.read_cvat(tmp_path).images["split"].astype(object).tolist()[:2] == ["train", "test"]
    assert nl.read_cvat(tmp_path).images["split"].isna().tolist() == [False, False, True]


def test_images_are_copied_beside_the_file_and_sizes_measured_where_they_are_missing(tmp_path: Path) -> None:
    tables = make_tables([[(0, SQUARE)]], tmp_path / "pictures")
    nl.write_cvat(tables, tmp_path / "out", images="copy")
    file = tmp_path / "out" / "annotations.xml"
    file.write_text(file.read_text().replace('width="8" height="6">\n<', ">\n<"))
    back = nl.read_cvat(tmp_path / "out", tmp_path / "out" / "images")
    assert back.images[["width", "height"]].values.tolist() == [[8, 6]]
    assert back.read_image(1).shape == (6, 8, 3)


def test_empty_masks_are_left_out_and_reported(tmp_path: Path) -> None:
    tables = make_tables([[(0, SQUARE), (0, np.zeros((6, 8), bool))]])
    with pytest.warns(LossWarning, match="a mask needs one pixel or more"):
        report = nl.write_cvat(tables, tmp_path)
    assert report.loss["iou"].to_dict() == {2: 0.0}
    assert len(nl.read_cvat(tmp_path).instances) == 1


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ('<mask label="fish" rle="0, 4" left="2" top="1" width="3" height="3"/>', "must sum to 3 x 3 = 9"),
        (
            '<mask label="fish" rle="0; 9" left="2" top="1" width="3" height="3"/>',
            "whole numbers with commas",
        ),
        (
            '<mask label="fish" rle="0, 9" left="x" top="1" width="3" height="3"/>',
            "left must be a whole number",
        ),
        ('<mask rle="0, 9" left="2" top="1" width="3" height="3"/>', "needs a label"),
        ('<polygon label="fish" points="1,1;2"/>', "points must be"),
        ('<polygon label="fish" points="1,1;2,2"/>', "at least three points"),
        ('<polygon label="fish" points="1,nan;2,2;3,3"/>', "must be finite"),
        ('<points label="fish" points="1,1"/>', r'skip=\["points"\] leaves such shapes out'),
        ('<what label="fish"/>', "has no area"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path: Path, shape: str, message: str) -> None:
    with pytest.raises(FormatError, match=message) as caught:
        nl.read_cvat(lay(tmp_path, shape))
    assert "annotations.xml, image 'a.png', shape 1" in str(caught.value)


def test_shapes_without_an_area_are_left_out_and_counted_where_that_is_wanted(tmp_path: Path) -> None:
    shapes = '<points label="fish" points="1,1"/><tag label="fish"/><tag label="fish"/>'
    tables = nl.read_cvat(lay(tmp_path, shapes), skip=["points", "tag"])
    assert len(tables.instances) == 0
    assert tables.info["skipped"] == {"points": 1, "tag": 2}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('<!DOCTYPE a [<!ENTITY b "c">]><annotations>&b;</annotations>', "no document type and no entities"),
        ('<!DOCTYPE annotations SYSTEM "file:///etc/passwd"><annotations/>', "no document type"),
        ("<annotations><image>", "is not XML"),
        ("<other/>", "must have <annotations> outermost"),
        ('<annotations><track id="0" label="fish"/></annotations>', "tracks of a video"),
        ("<annotations>" + "<a>" * 40, "more than 32 elements deep"),
    ],
)
def test_files_that_are_no_such_xml_are_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "a.xml").write_text(text)
    with pytest.raises(FormatError, match=message):
        nl.read_cvat(tmp_path / "a.xml")


def test_names_that_leave_the_folder_or_repeat_are_refused(tmp_path: Path) -> None:
    image = '<image name="{}" width="1" height="1"/>'
    (tmp_path / "a.xml").write_text(f"<annotations>{image.format('../a.png')}</annotations>")
    with pytest.raises(UnsafePathError):
        nl.read_cvat(tmp_path / "a.xml")
    (tmp_path / "a.xml").write_text(f"<annotations>{image.format('a.png') * 2}</annotations>")
    with pytest.raises(FormatError, match=r"repeated: a\.png"):
        nl.read_cvat(tmp_path / "a.xml")


def test_texts_that_xml_cannot_hold_are_refused(tmp_path: Path) -> None:
    tables = make_tables([[(0, SQUARE)]])
    own = tables.instances.assign(note=["a\x01b"])
    with pytest.raises(DataError, match=r"column note .* which XML cannot hold"):
        nl.write_cvat(Tables.of(tables.images, own, tables.labels), tmp_path)
    assert not list(tmp_path.iterdir())
