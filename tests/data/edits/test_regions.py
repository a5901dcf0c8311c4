"""Regions: drawn, made of masks, said of images; kept through versions, edits and merges."""

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, MaskError, UnknownNameError
from nbalabel.core.geometry.masks import rle

WHOLE = rle.from_counts([0, 32 * 32])


def rows(mask, image_ids=(0, 2), **more):
    return pd.DataFrame({"image_id": list(image_ids), "mask": [mask(3)] * len(image_ids), **more})


def test_regions_are_a_table_of_the_dataset_in_every_version(ds, mask, folder) -> None:
    change = ds.add_regions(rows(mask), kind="ignore", label="cod", origin="ana")
    assert change.note == "added 2 regions"
    assert ds.regions.index.name == "region_id"
    assert ds.regions["kind"].tolist() == ["ignore", "ignore"]
    assert ds.regions["label"].tolist() == ["cod", "cod"]
    assert ds.regions["origin"].tolist() == ["ana", "ana"]
    version = ds.commit("regions")
    ds.remove(ds.regions.iloc[:1])
    assert len(ds.regions) == 1
    assert len(version.regions) == 2
    ds.commit("one less")
    ds.close()
    with nl.open(folder) as again:
        assert again.regions["image_id"].tolist() == [2]
        assert len(again.version("v2").regions) == 2
        assert len(again.version("v1").regions) == 0
        assert again.verify()


def test_a_region_is_undone_redone_and_reverted(ds, mask) -> None:
    change = ds.add_regions(rows(mask, [2, 3]), kind="done")
    assert ds.images.loc[[2, 3], "state"].tolist() == ["partial", "partial"]
    ds.undo()
    assert not len(ds.regions)
    assert (ds.images["state"] == "unlabeled").all()
    ds.redo()
    ds.revert(change)
    assert not len(ds.regions)
    assert (ds.images["state"] == "unlabeled").all()


def test_what_is_to_be_ignored_leaves_the_state_of_its_image(ds, mask) -> None:
    ds.add_regions(rows(mask), kind="ignore")
    assert (ds.images["state"] == "unlabeled").all()


def test_crowds_and_undecided_predictions_become_regions(ds, predictions) -> None:
    ds.add_regions(predictions, kind="ignore")
    assert ds.regions["label"].isna().all()
    assert ds.regions["mask"].tolist() == predictions["mask"].tolist()


def test_regions_can_be_edited_as_a_frame(ds, mask) -> None:
    ds.add_regions(rows(mask), kind="ignore")
    ds.regions.loc[ds.regions.index[0], "kind"] = "done"
    assert ds.sync().tables["regions"].updated["kind"].new.tolist() == ["done"]
    ds.set(ds.regions.iloc[:1], label="ling")
    assert ds.regions["label"].tolist()[0] == "ling"
    ds.regions.loc[ds.regions.index[0], "mask"] = b"77"
    with pytest.raises(MaskError):
        ds.sync()


def test_some_labels_are_complete_on_images_that_become_partial(ds) -> None:
    change = ds.mark_complete([2, 3], labels=["cod", "ling"], weight=2)
    assert change.note == "2 images are complete for cod, ling"
    assert len(ds.regions) == 4
    assert set(ds.regions["mask"]) == {WHOLE}
    assert ds.images.loc[[2, 3], "state"].tolist() == ["partial", "partial"]
    assert ds.images.loc[[2, 3], "weight"].tolist() == [2, 2]
    ds.mark_complete([3, 4], labels=["cod"])
    assert len(ds.regions) == 5  # image 3 was done for cod already


def test_a_region_that_does_not_fit_is_refused_and_nothing_is_lost(ds, mask) -> None:
    with pytest.raises(DataError, match="kind must be one of ignore, done"):
        ds.add_regions(rows(mask))
    with pytest.raises(DataError, match="image_id and mask, got"):
        ds.add_regions(pd.DataFrame({"image_id": [1]}), kind="done")
    with pytest.raises(UnknownNameError, match="no label 'code'; did you mean 'cod'"):
        ds.add_regions(rows(mask), kind="done", label="code")
    with pytest.raises(UnknownNameError, match="no label 'x'"):
        ds.mark_complete([0], labels=["x"])
    with pytest.raises(DataError, match="image_id must be a row of images"):
        ds.add_regions(rows(mask, [77]), kind="done")
    with pytest.raises(MaskError):
        ds.add_regions(rows(mask).assign(mask=b"77"), kind="done")
    assert not len(ds.regions)
    assert not ds.status()


def test_regions_go_with_their_image_and_follow_the_labels(ds, mask) -> None:
    ds.add_regions(rows(mask), kind="ignore", label="cod")
    with pytest.raises(DataError, match=r"label 'cod' is used by .*2 rows of regions"):
        ds.remove_label("cod")
    ds.rename_label("cod", "codfish")
    assert ds.regions["label"].tolist() == ["codfish", "codfish"]
    ds.remove_label("codfish", to="ling")
    assert ds.regions["label"].tolist() == ["ling", "ling"]
    with pytest.raises(DataError, match="regions: 1 rows belong to images that are removed"):
        ds.images = ds.images.drop(index=[2])
    ds.remove([2], table="images")
    assert ds.regions["image_id"].tolist() == [0]
    assert "1 regions on them" in ds.log()["note"].iloc[0]
    ds.unlabel([0])
    assert not len(ds.regions)


def test_regions_are_in_subsets_saved_copies_and_joined_datasets(ds, mask, tmp_path) -> None:
    ds.add_regions(rows(mask), kind="ignore", label="ling")
    part = ds.subset([2, 3])
    assert part.regions["image_id"].tolist() == [2]
    with part.save(tmp_path / "part.nbal") as saved:
        assert saved.regions["label"].tolist() == ["ling"]
    assert len(ds.copy(tmp_path / "copy.nbal").regions) == 2
    assert nl.join(ds).regions["label"].tolist() == ["ling", "ling"]


def test_regions_of_another_dataset_get_new_ids_and_images(ds, mask, tables, tmp_path) -> None:
    images = tables.images.assign(file=[f"other{i}.png" for i in range(5)])
    other = nl.Tables.of(
        images, tables.instances, ["ling", "cod"], regions=rows(mask, kind="done", label="cod")
    )
    ds.add_regions(rows(mask), kind="ignore")
    ds.join(other)
    assert ds.regions.index.tolist() == [0, 1, 2, 3]
    assert ds.regions["image_id"].tolist() == [0, 2, 5, 7]
    assert ds.regions["label"].iloc[2:].tolist() == ["cod", "cod"]


def test_two_writers_each_add_regions(ds, mask, other_kernel) -> None:
    them = other_kernel()
    ds.add_regions(rows(mask, [0]), kind="ignore")
    them.add_regions(rows(mask, [1, 2]), kind="done")
    them.commit("theirs")
    ds.commit("ours")
    assert sorted(ds.regions["image_id"]) == [0, 1, 2]
    assert ds.regions.index.is_unique


def test_a_dataset_without_regions_is_stored_as_before_there_were_any(ds, mask) -> None:
    base = ds._session.store.manifest(ds.version_id).base
    assert set(base["tables"]) == {"images", "instances", "rejected"}
    assert list(ds.regions.columns) == ["image_id", "mask", "kind", "label", "source", "origin"]
    assert len(np.unique(ds.add_regions(rows(mask), kind="done").tables["regions"].created.index)) == 2
