"""Uncommitted work outlives its process; two sessions on one folder find out about each other."""

import os
import warnings
from pathlib import Path

import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import ConflictError, DataError, RecoveryWarning
from nbalabel.data.dataset.dataset import Dataset


def die(ds: Dataset) -> None:
    """Leave the session as a killed process does: the lock goes, the journal stays as it is."""
    ds._unwatch()
    ds._finalizer.detach()
    journal = ds._session.journal
    if journal._handle is not None:
        os.close(journal._handle)


def test_a_killed_session_is_brought_back_exactly_and_says_so_once(ds, folder, predictions):
    ds.accept(predictions)
    ds.images["weight"] = [1, 2, 3, 4, 5]
    ds.sync()
    ds.set([0], label="ling")
    ds.undo()
    images, instances = ds.images.copy(), ds.instances.copy()
    die(ds)
    with pytest.warns(RecoveryWarning, match="2 uncommitted changes of a session that ended") as caught:
        again = Dataset(folder)
    assert len(caught) == 1
    assert "brought back" in again.recovered
    pd.testing.assert_frame_equal(again.images, images)
    pd.testing.assert_frame_equal(again.instances, instances)
    again.redo()
    assert again.instances.loc[0, "label"] == "ling"
    for _ in range(3):
        again.undo()
    assert len(again.instances) == 3
    again.close()


def test_a_session_closed_in_good_order_comes_back_without_a_warning(ds, folder):
    ds.set([0], "images", weight=4)
    ds.close()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = Dataset(folder)
    assert again.images.loc[0, "weight"] == 4
    assert "1 uncommitted change of an earlier session" in again.recovered
    again.commit("done")
    again.close()
    assert not list((folder / "journal").iterdir())


def test_a_dataset_dropped_without_closing_frees_its_session(tables, folder):
    ds = tables.save(folder)
    ds.set([0], "images", weight=4)
    del ds
    again = Dataset(folder)
    assert again.images.loc[0, "weight"] == 4
    again.close()


@pytest.mark.slow
def test_a_journal_cut_at_any_byte_gives_the_work_up_to_a_whole_record(ds, folder):
    states = [ds.images["weight"].tolist()]
    for i in range(2):
        ds.set([i], "images", weight=i + 10)
        states.append(ds.images["weight"].tolist())
    (journal,) = (folder / "journal").glob("*.nbj")
    whole = journal.read_bytes()
    die(ds)
    seen = set()
    for length in range(len(whole) + 1):
        journal.write_bytes(whole[:length])
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = Dataset(folder)
        found = again.images["weight"].tolist()
        assert found in states
        seen.add(states.index(found))
        die(again)
        for left in (folder / "journal").iterdir():
            left.unlink()
    assert seen == {0, 1, 2}


def test_a_flipped_bit_anywhere_in_a_journal_is_announced_or_harmless(ds, folder):
    for i in range(2):
        ds.set([i], "images", weight=i + 10)
    (journal,) = (folder / "journal").glob("*.nbj")
    whole = journal.read_bytes()
    die(ds)
    for position in range(0, len(whole), 7):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << (position % 8)
        journal.write_bytes(damaged)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            again = Dataset(folder)
        assert "damaged" in again.recovered
        assert again.images["weight"].tolist()[2:] == [1, 1, 1]
        die(again)
        assert [path.read_bytes() for path in (folder / "journal").glob("*.damaged")] == [bytes(damaged)]
        for left in (folder / "journal").iterdir():
            left.unlink()


def test_a_crash_between_commit_and_the_end_of_the_journal_commits_once(ds, folder, monkeypatch):
    ds.set([0], "images", weight=4)
    monkeypatch.setattr(type(ds._session.journal), "restart", lambda *_: None)
    version = ds.commit("x")
    die(ds)
    monkeypatch.undo()
    again = Dataset(folder)
    assert again.recovered == ""
    assert again.version_id == version.id
    assert not again.status()
    again.close()


def test_a_commit_that_did_not_reach_head_is_still_uncommitted_work(ds, folder, monkeypatch):
    from nbalabel.data.store.head_log import HeadLog

    def crash(*_):
        raise KeyboardInterrupt

    ds.set([0], "images", weight=4)
    monkeypatch.setattr(HeadLog, "append", crash)
    with pytest.raises(KeyboardInterrupt):
        ds.commit("x")
    die(ds)
    monkeypatch.undo()
    with pytest.warns(RecoveryWarning):
        again = Dataset(folder)
    assert len(again.versions) == 1
    assert again.images.loc[0, "weight"] == 4
    again.commit("x")
    assert len(again.verify()) == 2
    again.close()


def test_an_interrupt_right_after_the_commit_happened_repeats_nothing_and_loses_nothing(
    ds, folder, monkeypatch
):
    from nbalabel.data.store.head_log import HeadLog

    real = HeadLog.append

    def interrupted(self, version_id, kind):
        real(self, version_id, kind)
        raise KeyboardInterrupt

    ds.set([0], "images", weight=4)
    monkeypatch.setattr(HeadLog, "append", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ds.commit("x")
    monkeypatch.undo()
    assert len(ds.versions) == 2
    assert not ds.status()
    ds.set([1], "images", weight=5)
    die(ds)
    with pytest.warns(RecoveryWarning):
        again = Dataset(folder)
    assert again.images["weight"].tolist() == [4, 5, 1, 1, 1]
    again.commit("y")
    assert len(again.verify()) == 3
    again.close()


def test_a_full_disk_after_the_commit_happened_does_not_undo_it(ds, monkeypatch):
    import nbalabel.data.store.shortcuts as shortcuts

    def full(*_, **__):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shortcuts, "write_file", full)
    for i in range(9):
        ds.set([0], "images", weight=i + 2)
        ds.commit("x")
    monkeypatch.undo()
    assert len(ds.verify()) == 10


def test_an_edit_that_cannot_be_journaled_is_not_made(ds, monkeypatch):
    import nbalabel.data.store.journal as journal

    def full(*_):
        raise OSError(28, "No space left on device")

    ds.set([0], "images", weight=4)
    monkeypatch.setattr(journal.os, "write", full)
    with pytest.raises(OSError, match=r"the edit was not made.*No space left"):
        ds.set([0], "images", weight=5)
    monkeypatch.undo()
    assert ds.images.loc[0, "weight"] == 4
    ds.set([0], "images", weight=6)
    assert ds.images.loc[0, "weight"] == 6


def test_an_interrupted_edit_is_neither_made_nor_recovered(ds, folder, monkeypatch):
    import nbalabel.data.store.journal as journal

    real = journal.os.fsync

    def interrupted(handle):
        real(handle)
        raise KeyboardInterrupt

    ds.set([0], "images", weight=4)
    monkeypatch.setattr(journal.os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        ds.set([1], "images", weight=5, note="a text that makes the record longer than the next one")
    monkeypatch.undo()
    assert ds.images["weight"].tolist() == [4, 1, 1, 1, 1]
    ds.set([2], "images", weight=6)
    die(ds)
    with pytest.warns(RecoveryWarning, match="2 uncommitted changes"):
        again = Dataset(folder)
    assert again.images["weight"].tolist() == [4, 1, 6, 1, 1]
    again.close()


def test_a_journal_that_does_not_fit_its_version_is_kept_aside_and_the_dataset_opens(ds, folder):
    from nbalabel.data.store.journal import read_journal
    from nbalabel.data.store.records import frame_record

    ds.set([0], "images", weight=4)
    ds.set([0], "images", weight=5)
    journal = ds._session.journal.path
    die(ds)
    contents = read_journal(journal)
    begin = {"op": "begin", "base": contents.base, "token": contents.token, "replaces": "", "expected": 0}
    journal.write_bytes(frame_record(begin) + frame_record(*contents.records[1]))
    with pytest.warns(RecoveryWarning, match=r"does not fit .* kept as"):
        again = Dataset(folder)
    assert again.images["weight"].tolist() == [1] * 5
    assert journal.with_suffix(".damaged").exists()
    again.close()


def test_two_sessions_on_different_rows_merge_row_by_row(ds, other_kernel, predictions):
    other = other_kernel()
    ds.set([0], "images", weight=4)
    other.set([1], "images", weight=5)
    other.accept(predictions.iloc[1:])
    theirs = other.commit("theirs")
    assert ds.status().behind
    mine = ds.commit("mine")
    assert mine.parent == theirs.id
    assert "merged" in mine.note
    assert ds.images["weight"].tolist() == [4, 5, 1, 1, 1]
    assert len(ds.instances) == 5


def test_the_same_cell_changed_twice_is_a_conflict_that_names_the_rows_and_loses_nothing(ds, other_kernel):
    other = other_kernel()
    ds.set([0, 1, 3], "images", weight=4)
    other.set([1, 2, 3], "images", weight=5)
    other.commit("theirs")
    with pytest.raises(ConflictError, match=r"2 rows you changed too: images 1, 3") as caught:
        ds.commit("mine")
    assert caught.value.rows == {"images": [1, 3]}
    assert ds.images["weight"].tolist() == [4, 4, 1, 4, 1]
    with pytest.raises(ConflictError):
        ds.refresh()
    with pytest.raises(DataError, match="mine"):
        ds.refresh(keep="both")
    ds.refresh(keep="mine")
    assert ds.images["weight"].tolist() == [4, 4, 5, 4, 1]
    ds.commit("mine")
    assert other.status().behind
    other.refresh()
    assert other.images["weight"].tolist() == [4, 4, 5, 4, 1]


def test_keeping_theirs_drops_only_what_both_changed(ds, other_kernel, folder):
    other = other_kernel()
    ds.set([0, 1], "images", weight=4)
    ds.set([0], label="ling")
    other.set([1], "images", weight=5)
    other.commit("theirs")
    other.close()
    ds.refresh(keep="theirs")
    assert ds.images["weight"].tolist() == [4, 5, 1, 1, 1]
    assert ds.instances.loc[0, "label"] == "ling"
    die(ds)
    with pytest.warns(RecoveryWarning):
        again = Dataset(folder)
    assert again.images["weight"].tolist() == [4, 5, 1, 1, 1]
    assert len(list((folder / "journal").glob("*.nbj"))) == 1
    again.close()


@pytest.mark.parametrize("keep", ["mine", "theirs"])
def test_an_edit_of_a_row_the_other_removed_conflicts_and_resolves(ds, other_kernel, keep):
    other = other_kernel()
    ds.set([0], score=0.5)
    other.remove([0])
    other.commit("theirs")
    with pytest.raises(ConflictError, match="instances 0"):
        ds.commit("mine")
    ds.refresh(keep=keep)
    assert (0 in ds.instances.index) == (keep == "mine")
    ds.commit("mine")


@pytest.mark.parametrize("keep", ["mine", "theirs"])
def test_labels_on_an_image_the_other_removed_conflict_and_resolve(ds, other_kernel, predictions, keep):
    other = other_kernel()
    ds.accept(predictions.iloc[1:], weight=None)
    other.remove([2], "images")
    other.commit("theirs")
    with pytest.raises(ConflictError):
        ds.commit("mine")
    ds.refresh(keep=keep)
    assert (2 in ds.images.index) == (keep == "mine")
    assert len(ds.instances) == (5 if keep == "mine" else 3)
    ds.commit("mine")


def test_a_mask_and_its_box_are_one_thing_in_a_conflict(ds, other_kernel, mask):
    other = other_kernel()
    ds.set([0], mask=mask(0, 4, 9))
    other.set([0], mask=mask(3, 4, 8))
    other.commit("theirs")
    with pytest.raises(ConflictError, match="instances 0"):
        ds.commit("mine")


def test_both_may_add_labels_and_columns(ds, other_kernel):
    other = other_kernel()
    ds.add_label("hake")
    ds.set([0], label="hake")
    ds.images["habitat"] = list("abcde")
    other.add_label("pout")
    other.set([1], label="pout")
    other.images["depth"] = [1.0, 2, 3, 4, 5]
    other.commit("theirs")
    ds.commit("mine")
    assert ds.labels == ("cod", "ling", "pout", "hake")
    assert ds.instances["label"].astype(str).tolist() == ["hake", "pout", "cod"]
    assert ds.images["depth"].tolist() == [1, 2, 3, 4, 5]
    assert ds.images["habitat"].tolist() == list("abcde")


def test_a_label_renamed_by_one_and_used_by_the_other_is_a_conflict(ds, other_kernel):
    other = other_kernel()
    ds.set([1], label="cod")
    other.rename_label("cod", "gadus")
    other.commit("theirs")
    with pytest.raises(ConflictError, match="label"):
        ds.commit("mine")
    assert ds.instances.loc[1, "label"] == "cod"


def test_both_renaming_labels_is_a_conflict(ds, other_kernel):
    other = other_kernel()
    ds.rename_label("cod", "a")
    other.rename_label("cod", "b")
    other.commit("theirs")
    with pytest.raises(ConflictError, match="label list"):
        ds.commit("mine")


def test_two_sessions_never_give_the_same_id(ds, other_kernel, mask):
    other = other_kernel()
    rows = [pd.DataFrame({"image_id": [3], "label": ["cod"], "mask": [mask(x)]}) for x in range(4)]
    made = [d.add_instances(row) for d, row in zip((ds, other, ds, other), rows, strict=True)]
    ids = [change.tables["instances"].created.index[0] for change in made]
    assert len(set(ids)) == 4
    other.commit("theirs")
    ds.commit("mine")
    assert set(ids) <= set(ds.instances.index)


def test_a_live_session_is_not_taken_for_a_dead_one(ds, other_kernel):
    ds.set([0], "images", weight=4)
    other = other_kernel()
    assert other.recovered == ""
    assert other.images.loc[0, "weight"] == 1


def test_of_several_dead_sessions_the_newest_comes_first_and_the_others_wait(ds, other_kernel, folder):
    other = other_kernel()
    ds.set([0], "images", weight=4)
    other.set([1], "images", weight=5)
    die(ds)
    die(other)
    os.utime(ds._session.journal.path)  # file times do not count: two edits can fall into one tick of theirs
    with pytest.warns(RecoveryWarning, match="1 more unfinished sessions wait"):
        again = Dataset(folder)
    assert again.images["weight"].tolist() == [1, 5, 1, 1, 1]
    again.commit("newest")
    again.close()
    with pytest.warns(RecoveryWarning):
        last = Dataset(folder)
    assert last.images["weight"].tolist() == [4, 1, 1, 1, 1]
    last.commit("the other")
    assert last.images["weight"].tolist() == [4, 5, 1, 1, 1]
    last.close()


def test_the_folder_can_be_opened_again_after_close_in_one_process(ds, folder: Path):
    ds.close()
    again = nl.open(folder)
    assert again is not ds
    again.set([0], "images", weight=3)
    again.close()
