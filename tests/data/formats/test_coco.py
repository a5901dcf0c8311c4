"""COCO instance files: what is kept, what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pycocotools import mask as coco_mask

import nbalabel as nl
from nbalabel.core.errors import DataError, FormatError, LossWarning, MaskError, UnsafePathError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.formats import read_coco_results
from nbalabel.data.tables.tables import Tables

SQUARE = [[1, 1, 3, 1, 3, 3, 1, 3]]


def instance(instance_id: int = 1, **fields: Any) -> dict[str, Any]:
    return {"id": instance_id, "image_id": 1, "category_id": 3, "segmentation": SQUARE, **fields}


def written(folder: Path, *annotations: dict[str, Any], **changes: Any) -> Path:
    document = {
        "images": [
            {"id": 1, "file_name": "a.jpg", "width": 6, "height": 5},
            {"id": 9, "file_name": "b.jpg", "width": 4, "height": 4},
        ],
        "annotations": list(annotations),
        "categories": [{"id": 3, "name": "ray"}, {"id": 2, "name": "fish", "supercategory": "animal"}],
        **changes,
    }
    file = folder / "instances.json"
    file.write_text(json.dumps(document))
    return file


@pytest.mark.parametrize(
    ("name", "n_images", "n_instances"), [("coco_tiny", 80, 705), ("nuclei", 400, 17658)]
)
def test_real_files_give_the_masks_of_pycocotools(
    shared_data: Path, name: str, n_images: int, n_instances: int
) -> None:
    file = shared_data / name / "instances.json"
    tables = nl.read_coco(file, images=shared_data / name / "images")
    document = json.loads(file.read_text())
    assert (len(tables.images), len(tables.instances)) == (n_images, n_instances)
    sizes = {image["id"]: (image["height"], image["width"]) for image in document["images"]}
    for record in document["annotations"]:
        found = record["segmentation"]
        if isinstance(found, list):
            found = coco_mask.merge(coco_mask.frPyObjects(found, *sizes[record["image_id"]]))
        elif isinstance(found["counts"], list):
            found = coco_mask.frPyObjects(found, *found["size"])
        wanted = found["counts"].encode() if isinstance(found["counts"], str) else found["counts"]
        assert tables.instances.loc[record["id"], "mask"] == wanted
    assert tables.read_image(int(tables.images.index[0])).shape[2] == 3


def test_real_crowds_extra_fields_and_areas_are_kept(shared_data: Path) -> None:
    tables = nl.read_coco(shared_data / "coco_tiny" / "instances.json")
    assert tables.instances["crowd"].sum() == 6
    assert {"license", "coco_url", "date_captured", "flickr_url"} <= set(tables.images.columns)
    assert tables.instances["coco_area"].dtype == np.float64
    assert (tables.instances["coco_area"] != tables.instances["area"]).any()
    assert tables.info["categories"][0]["supercategory"] == "person"
    modality = nl.read_coco(shared_data / "nuclei" / "instances.json").images["modality"]
    assert modality.dtype == "str"
    assert modality.notna().all()


def test_real_files_survive_writing_and_reading(shared_data: Path, tmp_path: Path) -> None:
    tables = nl.read_coco(shared_data / "coco_tiny" / "instances.json")
    report = nl.write_coco(tables, tmp_path / "out" / "again.json")
    again = nl.read_coco(report.path)
    pd.testing.assert_frame_equal(again.images, tables.images)
    pd.testing.assert_frame_equal(again.instances, tables.instances)
    assert again.info == tables.info
    assert again.labels == tables.labels
    assert (report.n_images, report.n_instances) == (80, 705)


def test_ids_labels_and_boxes_are_those_of_the_file(tmp_path: Path) -> None:
    tables = nl.read_coco(written(tmp_path, instance(40, bbox=[1, 1, 2.5, 2]), instance(12, category_id=2)))
    assert tables.labels == ("ray", "fish")
    assert tables.instances.index.tolist() == [40, 12]
    assert tables.instances["label"].tolist() == ["ray", "fish"]
    assert tables.instances[["x", "y", "w", "h"]].to_numpy().tolist() == [[1, 1, 2.5, 2], [1, 1, 2, 2]]
    assert tables.instances["area"].tolist() == [4, 4]
    assert tables.image_root is None


def test_invalid_boxes_are_taken_from_the_mask(tmp_path: Path) -> None:
    bad = [None, [1, 1, -2, 2], [1, 2, 3], "box", [1e300, 0, 1, 1], [1, None, 2, 2]]
    tables = nl.read_coco(written(tmp_path, *(instance(i, bbox=box) for i, box in enumerate(bad))))
    assert (tables.instances[["x", "y", "w", "h"]].to_numpy() == [1, 1, 2, 2]).all()


def test_images_without_annotations_are_unlabeled_and_weigh_nothing(tmp_path: Path) -> None:
    file = written(tmp_path, instance())
    tables = nl.read_coco(file)
    assert tables.images["state"].tolist() == ["complete", "unlabeled"]
    assert tables.images["weight"].tolist() == [1, 0]
    vouched = nl.read_coco(file, unannotated="empty")
    assert vouched.images["state"].tolist() == ["complete", "empty"]
    assert vouched.images["weight"].tolist() == [1, 1]


def test_all_kinds_of_segmentation_give_the_same_mask(tmp_path: Path) -> None:
    mask = rle.encode(np.pad(np.ones((2, 2), bool), ((1, 2), (1, 3))))
    kinds = [
        SQUARE,
        SQUARE[0],
        [[1, 1, 3, 1, 3, 2, 1, 2], [1, 2, 3, 2, 3, 3, 1, 3]],
        {"size": [5, 6], "counts": mask.decode()},
        {"size": [5, 6], "counts": rle.to_counts(mask)},
        {"size": [5, 6], "counts": [6, 1, 0, 1, 3, 2, 17]},
    ]
    tables = nl.read_coco(written(tmp_path, *(instance(i, segmentation=s) for i, s in enumerate(kinds))))
    assert tables.instances["mask"].tolist() == [mask] * len(kinds)


def test_run_lengths_with_empty_runs_are_rewritten_as_pycocotools_would(tmp_path: Path) -> None:
    split = {
        "size": [5, 6],
        "counts": coco_mask.frPyObjects({"size": [5, 6], "counts": [6, 1, 0, 1, 22]}, 5, 6)[
            "counts"
        ].decode(),
    }
    assert rle.to_counts(split["counts"].encode()) == [6, 1, 0, 1, 22]
    tables = nl.read_coco(written(tmp_path, instance(segmentation=split)))
    assert tables.instances["mask"].tolist() == [rle.from_counts([6, 2, 22])]


def test_names_from_windows_get_forward_slashes(tmp_path: Path) -> None:
    image = {"id": 1, "file_name": "day 1\\a.jpg", "width": 6, "height": 5}
    assert nl.read_coco(written(tmp_path, images=[image])).images["file"].tolist() == ["day 1/a.jpg"]


def test_scores_mark_what_a_model_said(tmp_path: Path) -> None:
    tables = nl.read_coco(written(tmp_path, instance(1, score=0.25), instance(2)))
    assert tables.instances["source"].tolist() == ["model", "imported"]
    assert tables.instances["score"].tolist()[0] == 0.25


def test_values_that_some_rows_leave_out_are_the_defaults(tmp_path: Path) -> None:
    tables = nl.read_coco(written(tmp_path, instance(1, nbalabel={"status": "verified"}), instance(2)))
    assert tables.instances["status"].tolist() == ["verified", "accepted"]


def test_boxes_alone_are_refused_unless_asked_for(tmp_path: Path) -> None:
    file = written(tmp_path, instance(1, segmentation=[], bbox=[1, 1, 2, 2]), instance(2))
    with pytest.raises(FormatError, match=r"no segmentation.*1 of 2 rows break it: 1"):
        nl.read_coco(file)
    assert nl.read_coco(file, boxes="mask").instances["area"].tolist() == [4, 4]


def test_categories_that_share_a_name_are_one_label_unless_both_are_used(tmp_path: Path) -> None:
    twice = [{"id": 0, "name": "fish", "supercategory": "none"}, {"id": 3, "name": "fish"}]
    assert nl.read_coco(written(tmp_path, instance(), categories=twice)).labels == ("fish",)
    with pytest.raises(FormatError, match="category names must be unique among those used"):
        nl.read_coco(written(tmp_path, instance(1), instance(2, category_id=0), categories=twice))


def test_a_split_is_given_to_all_images_and_written_alone(tmp_path: Path) -> None:
    tables = nl.read_coco(written(tmp_path, instance()), split="val")
    assert tables.images["split"].tolist() == ["val", "val"]
    images = tables.images.assign(split=["val", "train"])
    some = Tables.of(images, tables.instances, tables.labels, info=tables.info)
    report = nl.write_coco(some, tmp_path / "train.json", split="train")
    assert (report.n_images, report.n_instances) == (1, 0)


def test_columns_of_ones_own_and_foreign_fields_come_back(tmp_path: Path) -> None:
    notes = {"depth": [1, {"m": 2}], "label": "theirs", "ripe": True, "n": None, "text": "[not json"}
    tables = nl.read_coco(written(tmp_path, instance(1, **notes), instance(2, n=7)))
    assert tables.instances["coco_label"].tolist()[0] == "theirs"
    assert tables.instances["n"].tolist() == [pd.NA, 7]
    assert tables.instances["depth"].tolist()[0] == '[1,{"m":2}]'
    nl.write_coco(tables, tmp_path / "again.json")
    first = json.loads((tmp_path / "again.json").read_text())["annotations"][0]
    assert {k: v for k, v in first.items() if k in notes} == {k: v for k, v in notes.items() if v is not None}
    pd.testing.assert_frame_equal(
        nl.read_coco(tmp_path / "again.json").instances, tables.instances, check_like=True
    )


def test_a_folder_gets_a_file_of_the_usual_name_and_the_images_beside_it(
    shared_data: Path, tmp_path: Path
) -> None:
    source = shared_data / "coco_tiny"
    tables = nl.read_coco(source / "instances.json", images=source / "images")
    report = nl.write_coco(tables, tmp_path / "out", images="copy")
    assert report.path == tmp_path / "out" / "instances.json"
    back = nl.read_coco(report.path, images=tmp_path / "out" / "images")
    first = int(back.images.index[0])
    np.testing.assert_array_equal(back.read_image(first), tables.read_image(first))


def test_a_column_named_like_a_coco_field_is_refused(tmp_path: Path) -> None:
    tables = nl.read_coco(written(tmp_path, instance()))
    clash = Tables.of(tables.images.assign(file_name="x"), tables.instances, tables.labels)
    with pytest.raises(DataError, match="'file_name' would overwrite"):
        nl.write_coco(clash, tmp_path / "again.json")
    assert not (tmp_path / "again.json").exists()


def test_polygons_with_a_tolerance_measure_their_loss_and_warn_once(tmp_path: Path) -> None:
    disk = np.hypot(*np.mgrid[-20:21, -20:21]) < 18
    images = pd.DataFrame({"file": ["a.png"], "width": [41], "height": [41]}, index=[1])
    rows = pd.DataFrame({"image_id": [1], "label": ["x"], "mask": [rle.encode(disk)]}, index=[5])
    tables = Tables.of(images, rows, ["x"])
    with pytest.warns(LossWarning, match="instances 5 with IoU 0") as caught:
        report = nl.write_coco(tables, tmp_path / "a.json", masks="polygons", tolerance=2.0)
    assert len(caught) == 1
    back = nl.read_coco(tmp_path / "a.json").instances["mask"].tolist()
    assert report.loss.loc[5, "iou"] == pytest.approx(rle.iou_pairs([rle.encode(disk)], back)[0])
    assert 0.7 < report.loss.loc[5, "iou"] < 1


REFUSED: list[tuple[dict[str, Any], type[Exception], str]] = [
    ({"annotations": [instance(1), instance(1)]}, FormatError, "annotation ids must be unique, repeated: 1"),
    ({"annotations": [instance(1, image_id=5)]}, DataError, "image_id must be one of images.*got 5"),
    ({"annotations": [instance(1, category_id=5)]}, DataError, "category_id must be one of categories"),
    ({"annotations": [instance(7, id="7")]}, FormatError, "annotation ids must be whole numbers.*'7'"),
    ({"annotations": [instance(7, id=-1)]}, FormatError, "annotation ids must be whole numbers"),
    ({"annotations": [instance(7, segmentation=[[0, 0, 1, 1]])]}, FormatError, "three points.*annotation 7"),
    ({"annotations": [instance(7, segmentation=[[0, 0, 1, 1, "a", 2]])]}, FormatError, "lists of numbers.*7"),
    (
        {"annotations": [instance(7, segmentation=[[0, 0, 1e9, 1, 2, 2]])]},
        FormatError,
        "image sizes.*annotation 7",
    ),
    (
        {"annotations": [instance(7, segmentation={"size": [6, 5], "counts": "0"})]},
        MaskError,
        "size must be.*7",
    ),
    (
        {"annotations": [instance(7, segmentation={"size": [5, 6], "counts": "112"})]},
        MaskError,
        "as many pixels.*7",
    ),
    ({"annotations": [instance(7, segmentation={"size": [5, 6], "counts": [3]})]}, MaskError, "must sum.*7"),
    ({"annotations": [instance(7, iscrowd=2)]}, FormatError, "iscrowd must be 0 or 1.*7"),
    ({"annotations": [instance(7, score=3)]}, DataError, "score must be between 0 and 1.*7"),
    ({"images": [{"id": "x", "file_name": "a", "width": 1, "height": 1}]}, FormatError, "image ids.*'x'"),
    ({"images": [{"id": 4, "file_name": "../a", "width": 1, "height": 1}]}, UnsafePathError, "of images 4"),
    ({"images": [{"id": 4, "file_name": "/etc/a", "width": 1, "height": 1}]}, UnsafePathError, "of images 4"),
    ({"images": [{"id": 4, "file_name": "C:\\a", "width": 1, "height": 1}]}, UnsafePathError, "of images 4"),
    ({"images": [{"id": 4, "file_name": "a"}]}, FormatError, "need a width and a height.*4"),
    ({"images": [{"id": 4, "file_name": "a", "width": 10**6, "height": 10**6}]}, DataError, "too large: 4"),
    ({"images": None}, FormatError, "'images' must be a list of objects, got nothing"),
    ({"categories": [{"id": 3}]}, FormatError, "every category needs a name"),
]


@pytest.mark.parametrize(("changes", "error", "message"), REFUSED)
def test_what_breaks_the_format_is_refused_naming_rows(
    tmp_path: Path, changes: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        nl.read_coco(written(tmp_path, **changes))


def test_files_that_are_no_coco_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[1")
    with pytest.raises(FormatError, match="is not JSON"):
        nl.read_coco(tmp_path / "a.json")
    (tmp_path / "a.json").write_text("[]")
    with pytest.raises(FormatError, match="read_coco_results"):
        nl.read_coco(tmp_path / "a.json")
    with pytest.raises(FormatError, match="cannot be read"):
        nl.read_coco(tmp_path / "b.json")
    with pytest.raises(FormatError, match="there is no folder"):
        nl.read_coco(written(tmp_path), images=tmp_path / "none")


def test_categories_info_and_licenses_survive_a_dataset_and_its_edits(tmp_path: Path) -> None:
    categories = [
        {"id": 40, "name": "ray", "supercategory": "fish", "color": [1, 2, 3]},
        {"id": 7, "name": "cod", "supercategory": "fish"},
    ]
    head = {"info": {"year": 2024}, "licenses": [{"id": 1, "name": "CC"}], "categories": categories}
    image = {"id": 12, "file_name": "a.png", "width": 4, "height": 3, "license": 1}
    annotations = [
        {"id": 90, "image_id": 12, "category_id": 7, "segmentation": SQUARE},
        {"id": 33, "image_id": 12, "category_id": 40, "segmentation": SQUARE},
    ]
    file = tmp_path / "in.json"
    file.write_text(json.dumps({**head, "images": [image], "annotations": annotations}))
    ds = nl.read_coco(file).save(tmp_path / "d.nbal")
    ds.images.loc[12, "weight"] = 0.5
    version = ds.commit("a weight")
    ds.close()
    for tables in (nl.open(tmp_path / "d.nbal"), version):
        nl.write_coco(tables, tmp_path / "out.json")
        found = json.loads((tmp_path / "out.json").read_text())
        assert {key: found[key] for key in head} == head
        assert found["images"][0]["id"] == 12
        assert found["images"][0]["license"] == 1
        assert {a["id"]: a["category_id"] for a in found["annotations"]} == {90: 7, 33: 40}


def test_results_of_the_original_category_ids_fit_the_dataset(tmp_path: Path) -> None:
    ds = nl.read_coco(written(tmp_path, instance(1, category_id=3))).save(tmp_path / "d.nbal")
    result = {"image_id": 1, "category_id": 3, "score": 0.5, "segmentation": SQUARE}
    (tmp_path / "results.json").write_text(json.dumps([result]))
    found = read_coco_results(tmp_path / "results.json", ds, boxes="mask")
    assert found["label"].tolist() == ds.instances["label"].tolist()


def test_of_two_categories_of_one_name_the_used_one_keeps_its_id(tmp_path: Path) -> None:
    twice = [{"id": 5, "name": "cod"}, {"id": 6, "name": "cod"}]
    tables = nl.read_coco(written(tmp_path, instance(1, category_id=5), categories=twice))
    nl.write_coco(tables, tmp_path / "out.json")
    assert json.loads((tmp_path / "out.json").read_text())["annotations"][0]["category_id"] == 5


def _with_regions(file: Path) -> Tables:
    tables = nl.read_coco(file)
    mask = rle.encode(np.pad(np.ones((2, 3), bool), ((1, 2), (0, 3))))
    rows = {"image_id": [1, 1, 9], "mask": [mask, mask, rle.from_counts([0, 16])]}
    said = {"kind": ["ignore", "ignore", "done"], "label": [None, "fish", "ray"], "origin": "ana"}
    regions = pd.DataFrame({**rows, **said}, index=[4, 6, 7])
    return Tables.of(tables.images, tables.instances, tables.labels, regions=regions)


def test_regions_come_back_and_others_see_crowds(tmp_path: Path) -> None:
    tables = _with_regions(written(tmp_path, instance(1), instance(5, iscrowd=1)))
    report = nl.write_coco(tables, tmp_path / "out.json")
    assert "nothing lost" in repr(report)
    document = json.loads((tmp_path / "out.json").read_text())
    crowds = [one for one in document["annotations"] if one["iscrowd"]]
    assert [one["category_id"] for one in crowds] == [1, 1, 2, 2]  # its own, then ignored: all, fish
    assert len({one["id"] for one in document["annotations"]}) == 5
    from pycocotools.coco import COCO

    coco = COCO(str(tmp_path / "out.json"))
    assert coco_mask.area(coco.annToRLE(crowds[1])) == 6
    again = nl.read_coco(tmp_path / "out.json")
    assert again.regions.equals(tables.regions)
    assert again.instances.index.tolist() == [1, 5]
    assert "nbalabel_regions" not in again.info
    (tmp_path / "part").mkdir()
    nl.write_coco(again.subset([9]), tmp_path / "part")
    assert nl.read_coco(tmp_path / "part" / "instances.json").regions["kind"].tolist() == ["done"]


@pytest.mark.parametrize(
    ("region", "message"),
    [
        ({"id": 1, "image_id": 5}, "image_id must be a row of images"),
        ({"id": 1, "image_id": 1, "kind": 7}, "kind of regions must be text"),
        ({"id": 1, "image_id": 1, "kind": "maybe"}, "kind"),
        ({"id": 1, "image_id": 1, "kind": "done", "label": "crab"}, "label"),
    ],
)
def test_regions_that_make_no_sense_are_refused(tmp_path: Path, region: dict[str, Any], message: str) -> None:
    mask = {"size": [5, 6], "counts": [0, 30]}
    file = written(tmp_path, instance(), nbalabel_regions=[{"segmentation": mask, **region}])
    with pytest.raises((DataError, FormatError), match=message):
        nl.read_coco(file)


def test_other_formats_say_how_many_regions_they_lose(tmp_path: Path) -> None:
    tables = _with_regions(written(tmp_path, instance()))
    with pytest.warns(LossWarning, match="3 regions are not in"):
        report = nl.write_yolo(tables, tmp_path / "yolo", images="none")
    assert report.n_regions_lost == 3
    assert "3 regions lost" in repr(report)
