"""Read after write is the identity up to the loss that the writer reported, for every format."""

import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings

import nbalabel as nl
from nbalabel.core.errors import LossWarning
from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.masks.components import components
from nbalabel.data.formats import WriteReport
from nbalabel.data.tables.tables import Tables

from .conftest import LABELS, Masks, labeled_masks, make_tables, pixels

Fresh = Callable[[], Path]
laws = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def quietly(write: Callable[[], WriteReport]) -> WriteReport:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", LossWarning)
        return write()


def assert_same_images(back: Tables, tables: Tables, prefix: str = "") -> None:
    found = back.images.set_index("file").sort_index()
    wanted = tables.images.assign(file=prefix + tables.images["file"]).set_index("file").sort_index()
    pd.testing.assert_frame_equal(
        found[["width", "height", "weight"]], wanted[["width", "height", "weight"]], check_index_type=False
    )
    assert found["state"].astype(str).tolist() == wanted["state"].astype(str).tolist()


@laws
@given(labeled_masks())
def test_coco_with_run_lengths_brings_everything_back(fresh: Fresh, masks: Masks) -> None:
    tables = make_tables(masks)
    file = fresh() / "instances.json"
    report = nl.write_coco(tables, file)
    back = nl.read_coco(file)
    pd.testing.assert_frame_equal(back.images, tables.images)
    pd.testing.assert_frame_equal(back.instances, tables.instances)
    assert back.labels == tables.labels
    assert report.loss.empty


@laws
@given(labeled_masks())
def test_coco_with_polygons_brings_every_mask_back_holes_included(fresh: Fresh, masks: Masks) -> None:
    tables = make_tables(masks)
    file = fresh() / "instances.json"
    report = nl.write_coco(tables, file, masks="polygons")
    assert report.loss.empty
    assert nl.read_coco(file).instances["mask"].tolist() == tables.instances["mask"].tolist()


@laws
@given(labeled_masks())
def test_yolo_brings_every_mask_back_holes_included_and_says_what_seams_between_islands_cost(
    fresh: Fresh, masks: Masks
) -> None:
    tables = make_tables(masks, fresh())
    folder = fresh()
    report = quietly(lambda: nl.write_yolo(tables, folder))
    back = nl.read_yolo(folder)
    before, after = tables.instances["mask"].tolist(), back.instances["mask"].tolist()
    iou = rle.iou_pairs(before, after)
    changed = {i: v for i, v in zip(tables.instances.index, iou, strict=True) if v < 1}
    assert report.loss["iou"].to_dict() == pytest.approx(changed)
    sizes = [mask_size(tables, tables.instances.loc[[i]]) for i in tables.instances.index]
    whole = [len(components(m, *size)) == 1 for m, size in zip(before, sizes, strict=True)]
    assert not any(one and i in changed for i, one in zip(tables.instances.index, whole, strict=True))
    assert_same_images(back, tables, "images/train/")
    assert back.labels == tables.labels


@laws
@given(labeled_masks())
def test_yolo_with_the_largest_island_loses_what_it_says(fresh: Fresh, masks: Masks) -> None:
    tables = make_tables(masks, fresh())
    folder = fresh()
    report = quietly(lambda: nl.write_yolo(tables, folder, islands="largest"))
    back = nl.read_yolo(folder)
    iou = rle.iou_pairs(tables.instances["mask"].tolist(), back.instances["mask"].tolist())
    expected = dict(zip(tables.instances.index, iou, strict=True))
    assert report.loss["iou"].to_dict() == pytest.approx({i: v for i, v in expected.items() if v < 1})
    assert report.loss["iou"].is_monotonic_increasing


@laws
@given(labeled_masks())
@pytest.mark.parametrize("kind", ["polygons", "pixels"])
def test_labelme_brings_every_mask_back(fresh: Fresh, kind: str, masks: Masks) -> None:
    tables = make_tables(masks, fresh())
    folder = fresh()
    report = nl.write_labelme(tables, folder, masks=kind)  # type: ignore[arg-type]
    back = nl.read_labelme(folder)
    assert report.loss.empty
    assert pixels(back) == pixels(tables)
    assert_same_images(back, tables)
    assert back.labels == tables.labels


@laws
@given(labeled_masks())
def test_cvat_brings_every_mask_back_with_its_id(fresh: Fresh, masks: Masks) -> None:
    tables = make_tables(masks)
    file = fresh() / "annotations.xml"
    report = nl.write_cvat(tables, file)
    back = nl.read_cvat(file, unannotated="empty")
    assert report.loss.empty
    assert pixels(back) == pixels(tables)
    assert_same_images(back, tables)
    assert back.labels == tables.labels
    assert list(back.instances.get("nb_id", [])) == tables.instances.index.tolist()


@laws
@given(labeled_masks())
def test_label_studio_brings_every_mask_back_with_its_id(fresh: Fresh, masks: Masks) -> None:
    tables = make_tables(masks)
    file = fresh() / "tasks.json"
    report = nl.write_labelstudio(tables, file)
    back = nl.read_labelstudio(file, labels=LABELS)
    assert report.loss.empty
    assert pixels(back) == pixels(tables)
    assert_same_images(back, tables)
    assert list(back.instances.get("nb_id", [])) == tables.instances.index.tolist()


@laws
@given(labeled_masks())
def test_voc_brings_back_what_its_report_says(fresh: Fresh, masks: Masks) -> None:
    tables = make_tables(masks, fresh())
    folder = fresh()
    report = quietly(lambda: nl.write_voc(tables, folder))
    back = nl.read_voc(folder)
    ids = back.instances["nb_id"].tolist() if len(back.instances) else []
    assert sorted(ids) == tables.instances.index.tolist()
    before = tables.instances["mask"].loc[ids].tolist()
    iou = dict(zip(ids, rle.iou_pairs(before, back.instances["mask"].tolist()), strict=True))
    assert report.loss["iou"].to_dict() == pytest.approx({i: v for i, v in iou.items() if v < 1})
    assert_same_images(back, tables)
    assert back.labels == tables.labels


@laws
@given(labeled_masks())
def test_datumaro_brings_every_mask_back_with_its_id(fresh: Fresh, masks: Masks) -> None:
    tables = make_tables(masks)
    folder = fresh()
    report = nl.write_datumaro(tables, folder)
    back = nl.read_datumaro(folder, unannotated="empty")
    assert report.loss.empty
    assert pixels(back) == pixels(tables)
    assert_same_images(back, tables)
    assert back.labels == tables.labels
    assert list(back.instances.get("nb_id", [])) == tables.instances.index.tolist()


@laws
@given(labeled_masks())
def test_labelbox_brings_every_mask_back_with_its_id(fresh: Fresh, masks: Masks) -> None:
    tables = make_tables(masks)
    folder = fresh()
    report = nl.write_labelbox(tables, folder)
    back = nl.read_labelbox(folder, labels=LABELS, unannotated="empty")
    assert report.loss.empty
    assert pixels(back) == pixels(tables)
    assert_same_images(back, tables)
    assert list(back.instances.get("nb_id", [])) == tables.instances.index.tolist()


@laws
@given(labeled_masks())
def test_instance_masks_bring_everything_back(fresh: Fresh, masks: Masks) -> None:
    tables = make_tables(masks, fresh())
    folder = fresh()
    report = nl.write_instance_masks(tables, folder, images="copy")
    back = nl.read_instance_masks(folder / "images", folder / "masks")
    assert report.loss.empty
    assert pixels(back) == pixels(tables)
    assert_same_images(back, tables)
    assert back.labels == tables.labels


@laws
@given(labeled_masks(overlap=False))
def test_label_maps_bring_back_whatever_does_not_overlap(fresh: Fresh, masks: Masks) -> None:
    tables = make_tables(masks, fresh())
    folder = fresh()
    report = nl.write_label_maps(tables, folder, images="copy")
    back = nl.read_label_maps(folder / "images", folder / "masks")
    assert report.loss.empty
    assert pixels(back) == pixels(tables)
    assert_same_images(back, tables)
    assert back.labels == tables.labels


@laws
@given(labeled_masks())
def test_label_maps_lose_what_later_instances_cover_and_say_how_much(fresh: Fresh, masks: Masks) -> None:
    tables = make_tables(masks, fresh())
    folder = fresh()
    report = quietly(lambda: nl.write_label_maps(tables, folder, images="link"))
    back = nl.read_label_maps(folder / "images", folder / "masks")
    assert report.n_instances == len(back.instances)
    visible: list[float] = []
    for _, group in tables.instances.groupby("image_id"):
        inside = [rle.decode(mask, *mask_size(tables, group)) for mask in group["mask"]]
        for i, mask in enumerate(inside):
            covered = np.logical_or.reduce(inside[i + 1 :]) if i + 1 < len(inside) else np.zeros_like(mask)
            visible.append(float((mask & ~covered).sum() / mask.sum()))
    lost = sorted(v for v in visible if v < 1)
    assert report.loss["iou"].tolist() == pytest.approx(lost)


def mask_size(tables: Tables, group: pd.DataFrame) -> tuple[int, int]:
    image = tables.images.loc[group["image_id"].iloc[0]]
    return int(image["height"]), int(image["width"])


@laws
@given(labeled_masks())
def test_semantic_masks_bring_back_what_the_report_does_not_list(fresh: Fresh, masks: Masks) -> None:
    tables = make_tables(masks, fresh())
    folder = fresh()
    report = quietly(lambda: nl.write_semantic(tables, folder, images="copy"))
    back = nl.read_semantic(folder / "images", folder / "masks")
    assert back.labels == LABELS
    assert_same_images(back, tables)
    kept = tables.instances.drop(index=report.loss.index)
    files = tables.images["file"].loc[kept["image_id"]]
    found = pixels(back)
    for file, label, mask in zip(files, kept["label"], kept["mask"], strict=True):
        assert (label, mask) in found[file]
