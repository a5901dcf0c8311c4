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


def test_another_color_is_one_change_and_shows_in_every_view(workspace, reef, browser) -> None:
    name = reef.labels[1]
    ask = browser(nl.Editor(workspace))
    before, _ = ask("labels")
    said, _ = ask("color_label", name=name, color="#aa0000")
    assert said["colors"][1] == "#aa0000"
    assert said["colors"][0] == before["colors"][0]
    assert workspace.column("instances", "label").colors[1] == "#aa0000"
    assert browser(nl.Viewer(workspace))("masks", row=0)[0]["label"]["colors"][1] == "#aa0000"
    predicted = workspace.column("predictions", "label")
    assert predicted.colors[predicted.categories.index(name)] == "#aa0000"
    reef.undo()
    workspace.refresh()
    assert ask("labels")[0]["colors"] == before["colors"]


def test_an_empty_color_gives_back_that_of_the_place_in_the_list(workspace, reef, browser) -> None:
    ask = browser(nl.Editor(workspace))
    before, _ = ask("labels")
    ask("color_label", name=reef.labels[0], color="#aa0000")
    assert ask("color_label", name=reef.labels[0], color="")[0]["colors"] == before["colors"]


@pytest.mark.parametrize("color", ["red", "#12345", "url(x)", "#1122334"])
def test_what_is_no_color_is_refused_and_changes_nothing(ask, reef, color) -> None:
    before, _ = ask("labels")
    assert "#rrggbb" in ask.error("color_label", name=reef.labels[0], color=color)
    assert ask("labels")[0]["colors"] == before["colors"]


def test_an_unknown_label_gets_no_color_and_is_not_made(ask, reef) -> None:
    labels = list(reef.labels)
    assert "no label 'whale'" in ask.error("color_label", name="whale", color="#aa0000")
    assert list(reef.labels) == labels


def test_retired_labels_are_named(workspace, reef, browser) -> None:
    ask = browser(nl.Editor(workspace))
    assert ask("labels")[0]["retired"] == []
    reef.define(reef.labels[0], retired=True)
    assert ask("labels")[0]["retired"] == [reef.labels[0]]
