"""Copies of attached files that nothing names are listed, and go only when somebody says so."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nbalabel as nl
from nbalabel.core.errors import NbalabelError, StorageError
from nbalabel.data.attachments.attach import attach
from nbalabel.data.attachments.places import taken_in
from nbalabel.data.store.storage import Store
from nbalabel.data.working.session import Session


@pytest.fixture
def note(tmp_path: Path):
    """Makes files with a text of their own."""

    def make(text: str) -> Path:
        path = tmp_path / f"{text}.txt"
        path.write_text(text)
        return path

    return make


def age(ds: nl.Dataset) -> None:
    """All copies are two hours old."""
    for path in ds.attachment_root.glob("*"):
        os.utime(path, (1e9, 1e9))


def names(frame) -> list[str]:
    return sorted(file.removeprefix("attachments/").partition("-")[0] for file in frame.index)


def test_a_copy_that_nothing_names_is_listed_and_goes_only_when_told_to(ds, note) -> None:
    ds.attach([0], note("kept"))
    ds.attach([0], note("gone"))
    ds.undo()
    ds.attach([1], note("later"))  # redo is over: nothing comes back to "gone" but the journal
    age(ds)
    assert ds.tidy_attachments().empty
    ds.commit("a new journal")
    found = ds.tidy_attachments()
    assert names(found) == ["gone"]
    assert found["bytes"].tolist() == [4]
    assert len(list(ds.attachment_root.glob("*"))) == 3
    ds.tidy_attachments(remove=True)
    assert sorted(path.name.partition("-")[0] for path in ds.attachment_root.glob("*")) == ["kept", "later"]
    assert ds.tidy_attachments().empty


def test_what_an_older_version_undo_or_redo_names_stays(ds, note) -> None:
    ds.attach([0], note("first"))
    ds.commit("first")
    ds.detach(ds.attachments.index)
    ds.commit("detached")
    ds.attach([1], note("redone"))
    ds.undo()
    age(ds)
    assert ds.tidy_attachments(remove=True).empty
    ds.redo()
    assert (ds.attachment_root / ds.attachments["file"].iloc[0].removeprefix("attachments/")).is_file()


def test_work_of_another_session_keeps_its_files(ds, note) -> None:
    theirs = Session(Store(ds.folder), ds.version_id)
    file = taken_in(note("theirs"), "text", None, ds.attachment_root)
    made = attach(theirs.state, np.array([0]), [file], ["text"], ["n"], 0.5, theirs.store.reserve, "bo")
    theirs.edit(made)
    age(ds)
    assert ds.tidy_attachments(remove=True).empty
    theirs.close()
    assert ds.tidy_attachments(remove=True).empty  # it ended without a commit: its journal waits
    assert len(list(ds.attachment_root.glob("*"))) == 1
    for path in (ds.folder / "journal").glob("*.nbj"):
        path.unlink()
    assert names(ds.tidy_attachments()) == ["theirs"]


def test_young_copies_and_files_of_yours_stay_and_attaching_again_makes_a_copy_young(ds, note) -> None:
    text = note("again")
    ds.attach([0], text)
    ds.undo()
    ds.set(ds.instances.index[:1], status="verified")
    ds.commit("a new journal")
    own = ds.attachment_root / "readme.txt"
    own.write_text("mine")
    assert ds.tidy_attachments().empty  # younger than an hour
    age(ds)
    assert names(ds.tidy_attachments()) == ["again"]
    ds.attach([0], text)
    ds.undo()
    assert ds.tidy_attachments(remove=True).empty
    assert own.is_file()


def test_a_damaged_journal_may_name_files_and_nothing_goes(ds, note) -> None:
    ds.attach([0], note("gone"))
    ds.undo()
    ds.set(ds.instances.index[:1], status="verified")
    ds.commit("a new journal")
    age(ds)
    (ds.folder / "journal" / "0123.damaged").write_bytes(b"?")
    with pytest.raises(StorageError, match="is damaged, and nobody knows"):
        ds.tidy_attachments(remove=True)
    assert len(list(ds.attachment_root.glob("*"))) == 1


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.sampled_from(["a", "b", "c", "undo", "redo", "commit", "detach", "tidy"]), max_size=14))
def test_whatever_is_done_every_attachment_that_can_come_back_has_its_file(
    ds, note, steps: list[str]
) -> None:
    for step in steps:
        if step in "abc":
            ds.attach([0], note(step))
        elif step == "commit":
            ds.commit("x")
        elif step == "detach":
            ds.detach(ds.attachments.index[:1])
        elif step == "tidy":
            age(ds)
            ds.tidy_attachments(remove=True)
        else:
            try:
                getattr(ds, step)()
            except NbalabelError:
                continue
        for frame in [ds.attachments, *(ds.version(v).attachments for v in ds.versions.index)]:
            assert all((ds.folder / file).is_file() for file in frame["file"])
