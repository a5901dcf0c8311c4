"""Attachments and guidelines: kept through versions, edits, copies and merges; files where they belong."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import nbalabel as nl
from nbalabel.core.change.change import apply, invert, merge
from nbalabel.core.errors import (
    ConflictError,
    DataError,
    FormatError,
    ImageError,
    NbalabelWarning,
    UnknownNameError,
    UnsafePathError,
)
from nbalabel.core.tables.schema import SCHEMAS, conform, empty, validate
from nbalabel.core.tables.state import State
from nbalabel.data.attachments.attach import attach, write_guidelines
from nbalabel.data.attachments.contents import read_video
from nbalabel.data.attachments.places import source_of
from nbalabel.data.edits import cells as edits
from nbalabel.data.merge.two_writers import merge_with


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    path = tmp_path / "notes of the dive.txt"
    path.write_text("murky water\n<b>not bold</b>")
    return path


@pytest.fixture
def depth(tmp_path: Path) -> Path:
    path = tmp_path / "depth.tiff"
    Image.fromarray(np.arange(64, dtype=np.float32).reshape(8, 8)).save(path)
    return path


def test_attachments_are_a_table_of_the_dataset_in_every_version(ds, notes, depth, folder) -> None:
    change = ds.attach([0, 2], notes, origin="ana")
    assert change.note == "attached text notes of the dive.txt to 2 images"
    ds.attach([2], depth, as_="overlay", name="depth", opacity=0.25)
    frame = ds.attachments
    assert frame.index.name == "attachment_id"
    assert frame["image_id"].tolist() == [0, 2, 2]
    assert frame["kind"].tolist() == ["text", "text", "overlay"]
    assert frame["name"].tolist() == ["notes of the dive.txt"] * 2 + ["depth"]
    assert frame["opacity"].tolist() == [0.5, 0.5, 0.25]
    assert frame["origin"].iloc[0] == "ana"
    version = ds.commit("with notes")
    ds.detach(frame.index[:1])
    assert len(ds.attachments) == 2
    assert len(version.attachments) == 3
    ds.commit("one less")
    ds.close()
    with nl.open(folder) as again:
        assert again.attachments["image_id"].tolist() == [2, 2]
        assert len(again.version("v2").attachments) == 3
        assert len(again.version("v1").attachments) == 0
        assert again.verify()


def test_a_file_from_elsewhere_is_copied_once_by_its_content(ds, notes, tmp_path) -> None:
    ds.attach([0], notes)
    other = tmp_path / "again.txt"
    other.write_text("other text")
    first = ds.attachments["file"].iloc[0]
    assert first.startswith("attachments/notes-of-the-dive-")
    assert first.endswith(".txt")
    notes.write_text("changed since")
    assert (ds.folder / first).read_text().startswith("murky water")
    ds.attach([0], notes)
    assert ds.attachments["file"].nunique() == 2
    assert len(list(ds.attachment_root.iterdir())) == 2


def test_what_is_attached_already_is_not_attached_again(ds, notes) -> None:
    ds.attach([0, 1], notes)
    change = ds.attach([0, 1, 2], notes)
    assert change.note == "attached text notes of the dive.txt to 1 image; 2 had it already"
    assert ds.attachments["image_id"].tolist() == [0, 1, 2]
    assert not ds.attach([0], notes)


def test_pictures_below_the_image_root_stay_where_they_are(ds, tmp_path, notes) -> None:
    root = tmp_path / "reef"
    (root / "depth").mkdir(parents=True)
    Image.new("I;16", (8, 8)).save(root / "depth" / "1.png")
    (root / "about.txt").write_text("a text below the image root")
    ds.image_root = root
    ds.attach([0], "depth/1.png", as_="overlay")
    ds.attach([1], root / "depth" / "1.png")
    assert ds.attachments["file"].tolist() == ["depth/1.png"] * 2
    ds.attach([0], "about.txt")
    assert ds.attachments["file"].iloc[2].startswith("attachments/about-")


def test_one_file_for_each_image_goes_by_their_order_or_by_a_series(ds, tmp_path) -> None:
    for name in "abc":
        (tmp_path / f"{name}.txt").write_text(name)
    paths = [tmp_path / f"{name}.txt" for name in "abc"]
    ds.attach(ds.images.loc[[4, 0, 2]], paths)
    assert dict(zip(ds.attachments["image_id"], ds.attachments["name"], strict=True)) == {
        4: "a.txt",
        0: "b.txt",
        2: "c.txt",
    }
    ds.attach([1, 3], pd.Series({3: paths[0], 1: paths[1]}))
    assert ds.attachments.set_index("image_id").loc[[1, 3], "name"].tolist() == ["b.txt", "a.txt"]
    with pytest.raises(DataError, match="one for each of 2 images, got 3"):
        ds.attach([0, 1], paths)
    with pytest.raises(DataError, match=r"without a file for the images \[1\]"):
        ds.attach([0, 1], pd.Series({0: paths[0]}))


def test_a_url_is_kept_and_not_asked_for(ds) -> None:
    ds.attach([0], "https://example.org/reef/dive.mp4?t=3")
    row = ds.attachments.iloc[0]
    assert (row["file"], row["kind"], row["name"]) == (
        "https://example.org/reef/dive.mp4?t=3",
        "video",
        "dive.mp4",
    )
    with pytest.raises(ImageError, match="allow_images_from"):
        read_video(row["file"])


@pytest.mark.parametrize(
    ("as_", "content", "error", "says"),
    [
        ("text", b"a\0b", FormatError, "is no text"),
        ("image", b"no picture", ImageError, "is not an image"),
        ("overlay", b"no picture", ImageError, "is not an image"),
        ("video", b"<html>no video</html>", FormatError, "no video that browsers play"),
    ],
)
def test_a_file_must_be_what_it_is_attached_as(ds, tmp_path, as_, content, error, says) -> None:
    path = tmp_path / "file.bin"
    path.write_bytes(content)
    with pytest.raises(error, match=says):
        ds.attach([0], path, as_=as_)
    assert not len(ds.attachments)
    assert not ds.attachment_root.exists()


def test_wrong_arguments_say_what_was_expected(ds, notes) -> None:
    with pytest.raises(FormatError, match=r"there is no file .*missing\.txt"):
        ds.attach([0], "missing.txt")
    with pytest.raises(DataError, match="as_ must be one of text, image, video, overlay, got 'sound'"):
        ds.attach([0], notes, as_="sound")
    with pytest.raises(DataError, match="opacity must be between 0 and 1, got 2"):
        ds.attach([0], notes, opacity=2)
    with pytest.raises(UnsafePathError, match="its scheme is none of"):
        ds.attach([0], "file:///etc/passwd")
    with pytest.raises(UnknownNameError, match="99"):
        ds.attach([99], notes)


def test_edits_in_the_frame_are_checked(ds, notes) -> None:
    ds.attach([0, 1], notes)
    ds.attachments.loc[0, "opacity"] = 0.75
    ds.set(ds.attachments.iloc[1:], name="the dive")
    assert ds.attachments["opacity"].tolist() == [0.75, 0.5]
    assert ds.attachments["name"].tolist()[1] == "the dive"
    for column, value, says in (
        ("opacity", 1.5, "opacity must be between 0 and 1"),
        ("file", "../../etc/passwd", "must be a path below"),
        ("name", "two\nlines", "one line without control characters"),
        ("image_id", 77, "image_id must be a row of images"),
    ):
        frame = ds.attachments.copy()
        frame.loc[0, column] = value
        with pytest.raises(DataError, match=says):
            ds.attachments = frame
    assert ds.attachments["opacity"].tolist() == [0.75, 0.5]


def test_attachments_go_with_their_image_and_outlive_its_labels(ds, notes) -> None:
    ds.attach([0, 1], notes)
    ds.unlabel([0])
    ds.rename_label("cod", "codfish")
    ds.remove_label("codfish", to="ling")
    assert len(ds.attachments) == 2
    with pytest.raises(DataError, match="attachments: 1 rows belong to images that are removed"):
        ds.images = ds.images.drop(index=[0])
    ds.remove([0], table="images")
    assert ds.attachments["image_id"].tolist() == [1]
    assert "1 attachments on them" in ds.log()["note"].iloc[0]
    ds.undo()
    assert ds.attachments["image_id"].tolist() == [0, 1]


def test_attaching_is_undone_redone_and_reverted(ds, notes) -> None:
    change = ds.attach([0, 1], notes)
    ds.undo()
    assert not len(ds.attachments)
    ds.redo()
    ds.commit("attached")
    ds.attachments.loc[1, "name"] = "kept: edited since"
    ds.revert(change)
    assert ds.attachments["name"].tolist() == ["kept: edited since"]


def test_differences_name_what_was_attached(ds, notes) -> None:
    before = ds.version_id
    ds.attach([0], notes)
    ds.guidelines = "Outline the fins, too."
    ds.commit("beside")
    compared = ds.diff(before, ds.version_id)
    assert "attachments: 1 added" in repr(compared)
    assert "the guidelines" in repr(compared)
    assert "attached text notes of the dive.txt to 1 image" in ds.log()["note"].tolist()


def test_saved_subsets_copies_and_joined_datasets_have_the_files(ds, notes, depth, tmp_path) -> None:
    ds.attach([0, 2], notes)
    ds.attach([2], depth, as_="overlay")
    with ds.subset([2]).save(tmp_path / "part.nbal") as part:
        assert part.attachments["kind"].tolist() == ["text", "overlay"]
        assert all((part.folder / file).is_file() for file in part.attachments["file"])
    with ds.save(tmp_path / "saved.nbal") as saved:
        assert all((saved.folder / file).is_file() for file in saved.attachments["file"])
    with ds.copy(tmp_path / "copy.nbal") as copied:
        assert len(copied.attachments) == 3
        assert all((copied.folder / file).is_file() for file in copied.attachments["file"])
    other = nl.Tables.of(ds.images.assign(file=[f"o{i}.png" for i in range(5)]), ds.instances, ds.labels)
    with other.save(tmp_path / "other.nbal") as joined:
        joined.join(ds)
        assert joined.attachments["image_id"].tolist() == [5, 7, 7]
        assert all((joined.folder / file).is_file() for file in joined.attachments["file"])
    with pytest.warns(NbalabelWarning, match="3 attachments are left out"):
        assert not len(nl.join(ds).attachments)


def test_missing_files_are_named_and_the_rest_is_saved(ds, notes, depth, tmp_path) -> None:
    ds.attach([0], notes)
    ds.attach([0], depth)
    (ds.folder / ds.attachments["file"].iloc[0]).unlink()
    with pytest.warns(NbalabelWarning, match=r"1 attached file is not in .*notes-of-the-dive"):
        saved = ds.subset([0]).save(tmp_path / "part.nbal")
    assert (saved.folder / saved.attachments["file"].iloc[1]).is_file()
    saved.close()


def test_copied_images_bring_what_is_attached_below_the_image_root(tmp_path) -> None:
    root = tmp_path / "reef"
    (root / "depth").mkdir(parents=True)
    for name in ("a.png", "depth/a.png"):
        Image.new("L", (8, 8)).save(root / name)
    (root / "secret.txt").write_text("not a picture")
    ds = nl.read_images(root / "a.png").save(tmp_path / "a.nbal")
    ds.image_root = root
    ds.attach(ds.images.index, "depth/a.png", as_="overlay")
    row = ds.attachments.iloc[[0]].assign(file="secret.txt", kind="image")
    ds.attachments = pd.concat([ds.attachments, row.set_axis([7], axis=0)])
    with pytest.warns(NbalabelWarning, match=r"1 attached file is not usable in .*secret.txt"):
        ds.copy_images()
    assert (ds.folder / "images" / "depth" / "a.png").is_file()
    assert not (ds.folder / "images" / "secret.txt").exists()
    ds.close()


def test_names_of_attachments_do_not_leave_their_folders(tmp_path) -> None:
    root, home = tmp_path / "root", tmp_path / "ds" / "attachments"
    root.mkdir()
    home.mkdir(parents=True)
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (home / "link.txt").symlink_to(secret)
    (root / "about.txt").write_text("a text")
    assert source_of("attachments/a.txt", "text", root, home) == home / "a.txt"
    for file, kind in (
        ("attachments/../../secret.txt", "text"),
        ("attachments/link.txt", "text"),
        ("attachments//etc/passwd", "text"),
        ("about.txt", "text"),
        ("../secret.txt", "image"),
        ("/etc/passwd", "video"),
        ("file:///etc/passwd", "text"),
    ):
        with pytest.raises(UnsafePathError):
            source_of(file, kind, root, home)
    with pytest.raises(ImageError, match="these tables have none"):
        source_of("attachments/a.txt", "text", root, None)


def test_writers_count_the_attachments_that_they_drop(ds, notes, depth, tmp_path) -> None:
    ds.attach([0, 1], notes)
    ds.attach([0], depth, as_="overlay")
    ds.guidelines = "Outline the fins, too."
    dropped = nl.write_coco(ds, tmp_path / "a.json").dropped
    found = dropped.set_index(["table", "column"])["n"].to_dict()
    assert found == {("attachments", "text"): 2, ("attachments", "overlay"): 1}
    again = nl.read_coco(tmp_path / "a.json")
    assert again.guidelines == "Outline the fins, too."
    report = nl.write_datumaro(ds, tmp_path / "datumaro")
    found = report.dropped.set_index(["table", "column"])["n"].to_dict()
    assert found["guidelines", "text"] == 1
    assert found["attachments", "text"] == 2
    assert "text of 2 attachments" in repr(report)


def test_two_writers_each_attach(ds, notes, depth, other_kernel) -> None:
    them = other_kernel()
    ds.attach([0], notes)
    them.attach([1, 2], depth, as_="overlay")
    them.commit("theirs")
    ds.commit("ours")
    assert sorted(ds.attachments["image_id"]) == [0, 1, 2]
    assert ds.attachments.index.is_unique


def test_a_dataset_without_attachments_is_stored_as_before_there_were_any(ds, notes) -> None:
    manifest = ds._session.store.manifest(ds.version_id)
    assert set(manifest.base["tables"]) == {"images", "instances", "rejected"}
    assert "attachments" not in manifest.rows
    ds.attach([0], notes)
    ds.commit("attached")
    assert ds._session.store.manifest(ds.version_id).rows["attachments"] == 1


# ---- guidelines


def test_guidelines_are_a_versioned_text(ds, folder) -> None:
    ds.guidelines = "# Fish\r\n- fins, too  \r\n\n"
    assert ds.guidelines == "# Fish\n- fins, too"
    assert ds.ontology.guidelines == ds.guidelines
    assert ds.log()["note"].iloc[0] == "wrote the guidelines (# Fish)"
    version = ds.commit("guidelines")
    ds.guidelines = ""
    assert ds.log()["note"].iloc[0] == "removed the guidelines"
    ds.undo()
    assert ds.guidelines == "# Fish\n- fins, too"
    ds.redo()
    ds.commit("none")
    ds.close()
    with nl.open(folder) as again:
        assert again.guidelines == ""
        assert again.version(version.id).guidelines == "# Fish\n- fins, too"
        assert again.version("v1").guidelines == ""
        again.revert(again.version("v3").id)
        assert again.guidelines == "# Fish\n- fins, too"
        assert again.verify()


@pytest.mark.parametrize(
    ("text", "says"), [(3, "must be text"), ("a\0b", "zero bytes"), ("\ud800", "halves")]
)
def test_guidelines_must_be_a_text(ds, text, says) -> None:
    with pytest.raises(DataError, match=says):
        ds.guidelines = text
    with pytest.raises(DataError, match="at most 100,000 characters"):
        ds.guidelines = "a" * 100_001


def test_two_writers_of_guidelines_decide_whose_stay(ds, other_kernel) -> None:
    them = other_kernel()
    ds.guidelines = "ours"
    them.guidelines = "theirs"
    them.commit("theirs")
    with pytest.raises(ConflictError, match="the guidelines"):
        ds.commit("ours")
    ds.refresh(keep="theirs")
    assert ds.guidelines == "theirs"


def test_joined_datasets_have_the_guidelines_of_either(ds, tables, tmp_path) -> None:
    images = tables.images.assign(file=[f"other{i}.png" for i in range(5)])
    with nl.Tables.of(images, tables.instances, tables.labels).save(tmp_path / "b.nbal") as other:
        other.guidelines = "theirs"
        ds.join(other)
    assert ds.guidelines == "theirs"


def test_other_entries_of_the_ontology_leave_the_guidelines(ds) -> None:
    ds.guidelines = "Outline the fins, too."
    ds.define("cod", text="a fish")
    ds.ask("sex", options=["f", "m"])
    ds.apply(ds.rename("sex", "gender"))
    ds.remove_label("ling", to="cod")
    assert ds.guidelines == "Outline the fins, too."
    assert ds.at_level(0).guidelines == ds.guidelines


# ---- laws

NAMES = ("a", "b")
KINDS = ("text", "overlay")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["attach", "detach", "opacity", "drop image", "guidelines"]),
        st.integers(0, 3),
        st.integers(0, 3),
    ),
    max_size=6,
)


def beginning() -> State:
    images = conform(pd.DataFrame({"file": ["0.png", "1.png", "2.png"], "width": 8, "height": 8}), "images")
    start = State({name: empty(name) for name in SCHEMAS} | {"images": images}, ())
    made = attach(start, np.array([0, 1]), ["attachments/a"] * 2, ["text"] * 2, NAMES, 0.5, lambda *_: 0, "")
    return apply(start, made)


START = beginning()


def change_of(state: State, step, allocate):
    kind, i, value = step
    images, rows = state.tables["images"].index.to_numpy(), state.tables["attachments"].index.to_numpy()
    if kind == "guidelines":
        return write_guidelines(state, ("", "one", "two", "three")[value], "x")
    if kind == "attach" and len(images):
        ids = images[[i % len(images)]]
        file, shown = f"attachments/{NAMES[value % 2]}", KINDS[value // 2]
        return attach(state, ids, [file], [shown], [NAMES[value % 2]], value / 4, allocate, "x")
    if kind == "drop image" and len(images):
        return edits.remove(state, "images", images[[i % len(images)]], "x")
    if kind in ("detach", "opacity") and len(rows):
        row = rows[[i % len(rows)]]
        cells = {"opacity": value / 4}
        return (
            edits.remove(state, "attachments", row, "x")
            if kind == "detach"
            else edits.set_cells(state, "attachments", row, cells, "x")
        )
    return None


def work(steps, first_id):
    """The states and changes of some steps."""
    state, changes, free = START, [], iter(range(first_id, first_id + 100))
    for step in steps:
        change = change_of(state, step, lambda *_: next(free))
        if change:
            state = apply(state, change)
            changes.append(change)
    return state, changes


def same(a: State, b: State) -> bool:
    tables = all(a.tables[name].equals(b.tables[name]) for name in SCHEMAS)
    return tables and a.ontology == b.ontology


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS)
def test_undo_and_merge_hold_for_attachments_and_guidelines(steps) -> None:
    state, changes = work(steps, 10)
    validate(state.tables, state.labels)
    back = state
    for change in reversed(changes):
        back = apply(back, invert(change))
    assert same(back, START)
    if changes:
        whole = changes[0]
        for change in changes[1:]:
            whole = merge(whole, change)
        assert same(apply(START, whole), state)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(STEPS, STEPS, st.sampled_from(["mine", "theirs"]))
def test_merged_work_of_two_keeps_what_only_one_of_them_touched(ours, theirs, keep) -> None:
    my_state, mine = work(ours, 10)
    their_state, others = work(theirs, 200)
    if not others:
        return
    whole = others[0]
    for change in others[1:]:
        whole = merge(whole, change)
    merged = merge_with(mine, whole, their_state, keep).state
    validate(merged.tables, merged.labels)
    said = {state.ontology.guidelines for state in (my_state, their_state)}
    assert merged.ontology.guidelines in said
    frame = merged.tables["attachments"]
    for own in (my_state, their_state):
        rows = own.tables["attachments"]
        new = rows[(rows.index >= 10) & rows["image_id"].isin(merged.tables["images"].index)]
        assert set(new.index) <= set(frame.index)
