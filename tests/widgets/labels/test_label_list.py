"""What a label picker asks of the kernel."""

import pytest

import nbalabel as nl


@pytest.fixture(params=[nl.Editor, nl.Table, nl.Gallery, nl.Review])
def ask(request, workspace, reef, browser):
    """Each kind of view in which a label is chosen."""
    of = {"of": "instances"} if request.param in (nl.Table, nl.Gallery) else {}
    rows = (reef.instances,) if request.param is nl.Review else ()
    return browser(request.param(workspace, *rows, **of))


def test_labels_come_in_the_order_of_the_dataset_with_their_counts(ask, reef) -> None:
    said, _ = ask("labels")
    assert said["names"] == list(reef.labels)
    counts = reef.instances["label"].value_counts()
    assert said["counts"] == [int(counts.get(name, 0)) for name in reef.labels]
    assert len(set(said["colors"])) == len(reef.labels)


def test_a_new_label_is_one_change_with_the_next_color_that_undo_takes_back(ask, reef) -> None:
    before, _ = ask("labels")
    said, _ = ask("add_label", name="  sea bass ")
    assert (said["name"], said["names"][-1], said["counts"][-1]) == ("sea bass", "sea bass", 0)
    assert said["colors"][:-1] == before["colors"]
    assert said["colors"][-1] not in before["colors"]
    assert reef.next_undo.note == "added label sea bass"
    reef.undo()
    assert ask("labels")[0]["names"] == before["names"]


@pytest.mark.parametrize("name", ["", "   ", "x" * 201, "sea\u2028bass", "two\nlines"])
def test_a_name_that_nobody_could_read_is_refused_and_changes_nothing(ask, reef, name) -> None:
    labels = list(reef.labels)
    assert "label" in ask.error("add_label", name=name)
    assert list(reef.labels) == labels


def test_a_label_that_is_there_is_not_added_again(ask, reef) -> None:
    name = reef.labels[0]
    assert f"there is a label {name!r} already" in ask.error("add_label", name=name)


def test_a_viewer_that_only_shows_adds_no_label(workspace, reef, browser) -> None:
    labels = list(reef.labels)
    assert "nl.Editor" in browser(nl.Viewer(workspace)).error("add_label", name="sea bass")
    assert list(reef.labels) == labels


def test_the_annotator_of_the_view_is_the_origin_of_a_new_label(workspace, reef, browser) -> None:
    browser(nl.Editor(workspace, annotator="anna"))("add_label", name="sea bass")
    assert reef.next_undo.origin == "anna"


def test_a_dataset_without_labels_gets_its_first_one(tmp_path, browser) -> None:
    ds = nl.create(tmp_path / "empty.nbal", [])
    ask = browser(nl.Table(nl.Workspace(ds), of="instances"))
    assert ask("labels")[0]["names"] == []
    assert ask("add_label", name="cod")[0]["names"] == ["cod"]
    assert list(ds.labels) == ["cod"]
