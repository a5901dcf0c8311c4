"""Edits made directly in the frames."""

import sys

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import DataError, MaskError
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.working.frame_edits import is_untouched


def test_an_assignment_in_a_frame_is_an_edit_with_origin_pandas(ds):
    ds.images.loc[ds.images["state"] == "unlabeled", "weight"] = 0
    change = ds.sync()
    assert change.origin == "pandas"
    assert change.counts == {"images": {"created": 0, "updated": 5, "deleted": 0}}
    assert not ds.sync()


@pytest.mark.parametrize("quick", [True, False])
def test_an_assignment_is_found_with_and_without_the_quick_way_to_arrays(quick, monkeypatch):
    if not quick:  # a version of pandas may take it away
        monkeypatch.delattr(pd.DataFrame, "_iter_column_arrays")
    frame = pd.DataFrame(
        {
            "n": [1, 2],
            "score": np.array([0.5, 1], np.float32),
            "text": pd.array(["a", None], dtype="str"),
            "when": pd.to_datetime(["2026-01-01", "2026-01-02"]),
            "label": pd.Categorical(["x", "y"]),
            "frame": pd.array([1, None], dtype="Int32"),
        }
    )
    for name in frame.columns:
        before = frame.copy(deep=False)
        assert is_untouched(frame, before), name
        frame[name] = frame[name].iloc[::-1].to_numpy() if name != "label" else pd.Categorical(["y", "x"])
        assert not is_untouched(frame, before), name
    before = frame.copy(deep=False)
    frame.loc[0, "n"] = 7
    assert not is_untouched(frame, before)


def test_the_frame_stays_the_same_object_and_keeps_its_dtypes(ds):
    images = ds.images
    images["weight"] = 0
    images["frame"] = [1, 2, 3, 4, 5]
    ds.sync()
    assert ds.images is images
    assert images["weight"].dtype == np.float32
    assert images["frame"].dtype == "Int32"
    images.loc[0, "weight"] = 7
    ds.commit("x")
    assert ds.version("HEAD").images["weight"].tolist() == [7, 0, 0, 0, 0]


def test_edits_of_a_frame_never_reach_into_versions_or_undo(ds):
    images = ds.images
    images["weight"] = np.arange(5)
    ds.sync()
    images.loc[0, "weight"] = 50
    ds.sync()
    ds.undo()
    assert ds.images["weight"].tolist() == [0, 1, 2, 3, 4]
    ds.undo()
    assert ds.images["weight"].tolist() == [1] * 5


def test_an_assigned_array_that_changes_later_changes_nothing_here(ds):
    depth = np.arange(5.0)
    ds.images["depth"] = depth
    ds.sync()
    depth[:] = -1
    assert ds.images["depth"].tolist() == [0, 1, 2, 3, 4]
    ds.undo()
    ds.redo()
    assert ds.images["depth"].tolist() == [0, 1, 2, 3, 4]


def test_a_mask_assigned_directly_brings_its_box_and_area(ds, mask):
    ds.instances.loc[1, "mask"] = mask(3, 3, 6)
    ds.sync()
    assert ds.instances.loc[1, ["x", "y", "w", "h", "area"]].tolist() == [3, 3, 6, 6, 36]
    assert ds.instances["area"].dtype == np.int32


def test_frames_assigned_whole_are_edits(ds):
    ds.instances = ds.instances.drop(index=[0])
    assert ds.status().tables["instances"]["deleted"] == 1
    ds.instances = ds.instances[ds.instances["label"] == "ling"]
    assert ds.instances.index.tolist() == [1]
    ds.images = ds.images.assign(weight=[5, 4, 3, 2, 1]).sort_values("weight")
    assert ds.images["weight"].tolist() == [5, 4, 3, 2, 1]
    assert ds.images.index.is_monotonic_increasing


def test_rows_added_in_a_frame_need_ids_nobody_had(ds):
    row = ds.instances.loc[[0]]
    ds.instances = pd.concat([ds.instances, row.set_axis([3])])
    assert ds.instances.index.tolist() == [0, 1, 2, 3]
    ds.commit("one more")
    ds.remove([3])
    ds.commit("and gone")
    with pytest.raises(DataError, match=r"never used twice, and these were: 3\. Number new rows from 4 on"):
        ds.instances = pd.concat([ds.instances, row.set_axis([3])])
    ds.instances = ds.instances.drop(index=[0])
    ds.instances = pd.concat([ds.instances, row])
    assert ds.instances.index.tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("edit", "error", "message"),
    [
        (lambda ds: ds.images.__setitem__("weight", [1, 1, -3, 1, 1]), DataError, "1 of .* break it: 2"),
        (lambda ds: ds.images.__setitem__("weight", "x"), DataError, "weight must be"),
        (lambda ds: ds.instances.__setitem__("image_id", [0, 0, 9]), DataError, "break it: 2"),
        (lambda ds: ds.instances.__setitem__("label", ["cod", "shark", "cod"]), DataError, "cod, ling.*1"),
        (lambda ds: ds.instances.__setitem__("x", np.nan), DataError, "finite"),
        (lambda ds: ds.instances.__setitem__("mask", [b"~", b"~", b"~"]), MaskError, "instances"),
        (lambda ds: setattr(ds, "images", ds.images.drop(index=[0])), DataError, "ds.remove"),
        (lambda ds: ds.images.__setitem__("file", "../up.png"), DataError, "below the image root"),
        (lambda ds: ds.images.__setitem__("odd", [object()] * 5), DataError, "odd"),
        (lambda ds: ds.images.__setitem__(5, 1), DataError, "column names must be text"),
        (lambda ds: ds.images.__delitem__("file"), DataError, "needs a column 'file'"),
    ],
)
def test_a_direct_edit_that_is_not_valid_is_refused_by_row_and_kept_aside(ds, folder, edit, error, message):
    images, instances = ds.images.copy(), ds.instances.copy()
    with pytest.raises(error, match=message) as caught:  # noqa: PT012  # found at the edit, or when it is looked for
        edit(ds)
        ds.status()
    assert "rejected_edit" in caught.value.__notes__[0]
    pd.testing.assert_frame_equal(ds.images, images)
    pd.testing.assert_frame_equal(ds.instances, instances)
    assert not all(
        ds.rejected_edit[name].equals(f) for name, f in (("images", images), ("instances", instances))
    )
    assert not ds.status()
    ds.images.loc[0, "weight"] = 2
    ds.commit("goes on")
    ds.close()
    again = Dataset(folder)
    assert again.images["weight"].tolist() == [2, 1, 1, 1, 1]
    again.close()


def test_assigning_something_else_than_a_frame_is_refused(ds):
    with pytest.raises(DataError, match="must be a DataFrame, got list"):
        ds.images = [1]


def test_a_user_column_comes_changes_its_type_and_goes_as_undoable_edits(ds):
    ds.images["n"] = [1, 2, 3, 4, 5]
    ds.sync()
    ds.images["n"] = ds.images["n"].astype(float) / 2
    ds.sync()
    del ds.images["n"]
    ds.sync()
    ds.undo()
    assert ds.images["n"].tolist() == [0.5, 1, 1.5, 2, 2.5]
    ds.undo()
    assert ds.images["n"].dtype == np.int64
    ds.undo()
    assert "n" not in ds.images


def test_the_end_of_a_notebook_cell_is_a_sync_point(ds, monkeypatch, capsys):
    pytest.importorskip("IPython")
    from IPython.core.interactiveshell import InteractiveShell

    monkeypatch.setitem(sys.modules, "__main__", sys.modules["__main__"])  # the shell puts its own there
    shell = InteractiveShell.instance()
    try:
        again = Dataset.__new__(Dataset)
        again.__init__(ds.folder)
        shell.user_ns["ds"] = again
        shell.run_cell("ds.images['weight'] = 0")
        assert again.log()["origin"].iloc[0] == "pandas"
        shell.run_cell("ds.images['weight'] = -1")
        assert "weight must be a number >= 0" in capsys.readouterr().out
        assert again.images["weight"].tolist() == [0] * 5
        again.close()
        registered = len(shell.events.callbacks["post_run_cell"])
        shell.run_cell("1")
        assert len(shell.events.callbacks["post_run_cell"]) == registered
    finally:
        shell.user_ns.clear()
        InteractiveShell.clear_instance()


def test_every_instance_can_be_deleted_and_comes_back(ds):
    before = ds.instances.copy()
    ds.instances = ds.instances.iloc[:0]
    ds.images["weight"] = 2
    ds.sync()
    assert len(ds.instances) == 0
    ds.undo()
    ds.undo()
    pd.testing.assert_frame_equal(ds.instances, before)
