"""A dataset's life: made, edited, committed, reopened; versions stay what they were."""

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import (
    DataError,
    HistoryError,
    MaskError,
    NewerSchemaError,
    ReadOnlyError,
    StorageError,
    UnknownNameError,
    UnsafePathError,
)
from nbalabel.core.tables import schema
from nbalabel.data.dataset.dataset import Dataset, create_from
from nbalabel.data.tables.tables import Tables


def test_tables_saved_and_opened_again_are_the_same(ds, tables, folder):
    ds.close()
    again = nl.open(folder)
    pd.testing.assert_frame_equal(again.images, tables.images)
    pd.testing.assert_frame_equal(again.instances, tables.instances)
    assert again.labels == ("cod", "ling")
    assert isinstance(again, schema.LabeledImages)
    assert not again.status()
    again.close()


def test_an_empty_dataset_can_be_made_and_filled(tmp_path, mask):
    with nl.create(tmp_path / "new.nbal", labels=["cod"]) as ds:
        images = ds.add_images(pd.DataFrame({"file": ["a.png", "b.png"], "width": 32, "height": 32}))
        assert images.tables["images"].created.index.tolist() == [0, 1]
        ds.add_instances(pd.DataFrame({"image_id": [1], "label": ["cod"], "mask": [mask(3)]}))
        row = ds.instances.loc[0]
        assert (row["x"], row["y"], row["w"], row["h"], row["area"]) == (3, 4, 8, 8, 64)
        assert row["source"] == "human"
        version = ds.commit("first")
        assert len(version.instances) == 1


def test_a_folder_that_is_a_dataset_is_not_made_again(ds, tables, folder):
    with pytest.raises(StorageError, match="is a dataset already"):
        tables.save(folder)


def test_a_folder_that_is_no_dataset_says_how_to_make_one(tmp_path):
    with pytest.raises(StorageError, match=r"does not exist: nl\.create"):
        nl.open(tmp_path / "nothing")
    with pytest.raises(StorageError, match="no nbalabel dataset"):
        nl.open(tmp_path)


def test_a_dataset_of_a_newer_schema_asks_for_an_update(ds, folder):
    ds.close()
    text = (folder / "dataset.json").read_text().replace('"schema": 1', '"schema": 7')
    (folder / "dataset.json").write_text(text)
    with pytest.raises(NewerSchemaError, match="schema 7, this nbalabel reads up to 2"):
        nl.open(folder)


def test_opening_a_folder_twice_in_one_process_gives_one_dataset(ds, folder):
    assert nl.open(folder) is ds


def test_a_closed_dataset_refuses_edits(ds):
    ds.close()
    with pytest.raises(StorageError, match="was closed"):
        ds.set([0], "images", weight=2)
    ds.close()


def test_status_counts_what_changed_and_is_true_when_something_did(ds):
    assert not ds.status()
    assert "nothing to commit" in repr(ds.status())
    ds.set([0, 1], "images", origin="ann", weight=0)
    ds.remove([2])
    status = ds.status()
    assert status
    assert status.tables["images"] == {"created": 0, "updated": 2, "deleted": 0}
    assert status.tables["instances"]["deleted"] == 1
    assert status.columns["images", "weight"] == 2
    assert status.origins["ann"] == 1
    assert "2 updated (weight 2)" in repr(status)


def test_a_commit_makes_a_version_with_message_author_parent_and_counts(ds):
    first = ds.version_id
    ds.set([0], "images", weight=0)
    version = ds.commit("no weight", author="ann")
    assert version.parent == first
    assert (version.message, version.author) == ("no weight", "ann")
    row = ds.versions.loc[version.id]
    assert (row["images"], row["instances"], row["updated"]) == (5, 3, 1)
    assert ds.versions.columns.tolist()[:4] == ["parent", "message", "author", "time"]
    assert not ds.status()


def test_a_commit_of_nothing_returns_the_current_version_and_says_so(ds):
    version = ds.commit("nothing")
    assert version.id == ds.version_id
    assert "nothing has changed" in version.note
    assert len(ds.versions) == 1


def test_versions_stay_what_they_were_whatever_is_edited_later(ds):
    before = ds.instances.copy()
    first = ds.version_id
    ds.instances.loc[0, "label"] = "ling"
    ds.images.loc[0, "weight"] = 5
    ds.commit("edited")
    ds.remove(ds.images.loc[[1]])
    ds.commit("removed")
    pd.testing.assert_frame_equal(ds.version(first).instances, before)
    assert ds.version(first).images["weight"].tolist() == [1.0] * 5


def test_editing_a_versions_frames_affects_nobody(ds):
    for _ in range(2):
        frame = ds.version("HEAD").images
        frame.loc[0, "weight"] = 9
    assert ds.version("HEAD").images["weight"].tolist() == [1.0] * 5
    assert ds.images["weight"].tolist() == [1.0] * 5


def test_a_version_is_read_only(ds):
    with pytest.raises(ReadOnlyError, match="checkout"):
        ds.version("HEAD").images = ds.images


def test_versions_go_by_id_beginning_or_head_and_unknown_ones_list_the_closest(ds):
    ds.set([0], "images", weight=0)
    version = ds.commit("x")
    assert ds.version("v2").id == version.id
    assert ds.version(version.id[:-2]).id == version.id
    assert ds.version("HEAD").id == version.id
    with pytest.raises(UnknownNameError, match=version.id):
        ds.version("v22")
    with pytest.raises(UnknownNameError, match="could be"):
        ds.version("v")


def test_committing_on_an_older_version_is_a_branch_with_its_lineage(ds):
    first = ds.version_id
    ds.set([0], "images", weight=0)
    trunk = ds.commit("trunk")
    ds.checkout(first)
    assert ds.images["weight"].tolist() == [1.0] * 5
    ds.set([1], "images", weight=0)
    branch = ds.commit("branch")
    assert (trunk.parent, branch.parent) == (first, first)
    assert ds.version("HEAD").id == branch.id
    assert ds.version(trunk.id).images["weight"].tolist() == [0, 1, 1, 1, 1]
    assert ds.version(branch.id).images["weight"].tolist() == [1, 0, 1, 1, 1]


def test_checkout_refuses_to_drop_uncommitted_work(ds):
    first = ds.version_id
    ds.set([0], "images", weight=0)
    with pytest.raises(HistoryError, match="uncommitted work"):
        ds.checkout(first)
    ds.checkout(first, discard=True)
    assert not ds.status()


def test_diff_shows_rows_added_removed_and_every_changed_cell_with_mask_iou(ds, mask):
    first = ds.version_id
    ds.set([0], mask=mask(4))
    ds.remove([2])
    added = ds.add_instances(pd.DataFrame({"image_id": [3], "label": ["cod"], "mask": [mask(9)]}))
    ds.commit("edits")
    diff = ds.diff(first, "HEAD")
    assert diff.removed["instances"].index.tolist() == [2]
    assert diff.added["instances"].index.tolist() == added.tables["instances"].created.index.tolist()
    updated = diff.updated["instances"]
    assert set(updated["column"]) == {"mask", "x"}
    assert updated.loc[updated["column"] == "mask", "iou"].tolist() == pytest.approx([1 / 3])
    assert updated.loc[updated["column"] == "x", "new"].tolist() == [4.0]
    assert "1 added, 1 removed, 1 updated" in repr(diff)
    assert "the same" in repr(ds.diff("HEAD", "HEAD"))


def test_the_image_root_moves_with_the_folder_and_can_be_reassigned(tmp_path, tables):
    ds = create_from(tables, tmp_path / "a.nbal")
    assert ds.image_root is None
    ds.image_root = ds.folder / "images"
    ds.close()
    (tmp_path / "a.nbal").rename(tmp_path / "b.nbal")
    again = nl.open(tmp_path / "b.nbal")
    assert again.image_root == tmp_path / "b.nbal" / "images"
    again.close()


def test_images_are_copied_in_on_request_and_shown_with_masks(tmp_path, tables):
    from PIL import Image

    for name in tables.images["file"]:
        Image.fromarray(np.full((32, 32, 3), 90, np.uint8)).save(tmp_path / name)
    with_pixels = Tables(tables.images, tables.instances, tables.labels, tmp_path)
    ds = create_from(with_pixels, tmp_path / "x.nbal", copy_images=True)
    (tmp_path / "0.png").unlink()
    assert ds.read_image(0).shape == (32, 32, 3)
    assert ds.show(0).size[0] == ds.show(0).size[1]
    assert ds.version("HEAD").read_image(0).mean() == 90
    ds.close()


def test_a_dataset_and_its_versions_show_themselves_as_html(ds):
    ds.set([0], "images", weight=0, note="<b>")
    for shown in (ds, ds.status(), ds.version("HEAD")):
        assert "<" in shown._repr_html_()
    assert "fish.nbal" in ds._repr_html_()
    assert "5 images" in repr(ds)


@pytest.mark.parametrize("file", ["../a.png", "/etc/passwd", "C:\\a.png", "a/../../b.png", "", "a\0.png"])
def test_file_names_that_leave_the_image_root_are_refused_by_row(tmp_path, tables, file):
    images = tables.images.copy()
    images.loc[3, "file"] = file
    bad = Tables(images, tables.instances, tables.labels)
    with pytest.raises(UnsafePathError, match="1 of 5 rows are not: 3"):
        create_from(bad, tmp_path / "bad.nbal")
    assert not (tmp_path / "bad.nbal" / "dataset.json").exists()


@pytest.mark.parametrize(
    ("column", "value", "error", "message"),
    [
        ("mask", b"\xff\x00junk", MaskError, "1"),
        ("mask", b"", MaskError, "1"),
        ("x", np.nan, DataError, "finite"),
        ("image_id", 77, DataError, "row of images"),
        ("score", 1.5, DataError, "between 0 and 1"),
        ("area", -4, DataError, "area"),
    ],
)
def test_hostile_instances_are_refused_by_row_and_nothing_is_written(
    tmp_path, tables, column, value, error, message
):
    instances = tables.instances.copy()
    instances.loc[1, column] = value
    bad = Tables(tables.images, instances, tables.labels)
    with pytest.raises(error, match=message):
        create_from(bad, tmp_path / "bad.nbal")
    assert not (tmp_path / "bad.nbal").exists()


def test_duplicate_ids_are_refused_by_name(tmp_path, tables):
    twice = Tables(pd.concat([tables.images, tables.images.iloc[[2]]]), tables.instances, tables.labels)
    with pytest.raises(DataError, match="repeated: 2"):
        create_from(twice, tmp_path / "bad.nbal")


def test_nothing_in_the_folder_is_a_pickle(ds, folder):
    ds.set([0], "images", weight=0)
    ds.commit("x")
    starts = {path.read_bytes()[:2] for path in folder.rglob("*") if path.is_file()}
    assert not any(start[:1] == b"\x80" for start in starts)
    assert not list(folder.rglob("*.pkl"))


def test_user_columns_of_any_storable_dtype_survive_versions(ds, folder):
    ds.images["habitat"] = pd.Categorical(["reef", "sand", None, "reef", "kelp"])
    ds.images["depth"] = np.array([1.5, np.nan, 3, 4, 5])
    ds.images["taken"] = pd.to_datetime(["2024-01-01", None, "2024-01-03", "2024-01-04", "2024-01-05"])
    ds.images["tags"] = pd.Series([["a"], {"k": 1}, None, "x", 2], dtype=object)
    ds.instances["islands"] = [1, 2, 3]
    want = ds.images.copy()
    version = ds.commit("columns")
    ds.close()
    again = Dataset(folder)
    pd.testing.assert_frame_equal(again.images, want)
    assert again.version(version.id).instances["islands"].tolist() == [1, 2, 3]
    del again.images["depth"]
    again.commit("one less")
    assert "depth" not in again.images
    assert "depth" in again.version(version.id).images
    again.close()
