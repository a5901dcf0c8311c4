"""The panel beside a picture: what the kernel says of attached files, of widgets, and of the guidelines."""

import io
from pathlib import Path

import ipywidgets
import numpy as np
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.widgets.beside import beside as module


@pytest.fixture(autouse=True)
def unread():
    """Nobody has read any guidelines in this process."""
    before = set(module._SEEN)
    module._SEEN.clear()
    yield
    module._SEEN.clear()
    module._SEEN.update(before)


@pytest.fixture
def depth(tmp_path) -> Path:
    path = tmp_path / "depth.tiff"
    Image.fromarray(np.arange(12 * 8, dtype=np.float32).reshape(8, 12)).save(path)
    return path


@pytest.fixture
def notes(tmp_path) -> Path:
    path = tmp_path / "notes.txt"
    path.write_text("<b>murky</b> water")
    return path


def first(ds) -> int:
    return int(ds.images.index[0])


def test_the_panel_comes_when_there_is_something_to_show(workspace, reef, notes, browser) -> None:
    viewer = nl.Viewer(workspace)
    assert viewer._beside == ""
    reef.attach([first(reef)], notes)
    ask = browser(viewer)
    listed, _ = ask("beside_image", image_id=first(reef))
    assert "attach" in viewer._beside
    assert "nbl-beside" in viewer._beside_style
    assert [item["name"] for item in listed["items"]] == ["notes.txt"]
    assert listed["any"]
    assert not ask("beside_image", image_id=int(reef.images.index[5]))[0]["items"]


def test_a_view_without_a_panel_never_gets_it(workspace, reef, notes, browser) -> None:
    reef.attach([first(reef)], notes)
    viewer = nl.Viewer(workspace, beside=False)
    browser(viewer)("masks", row=0)
    assert viewer._beside == ""


def test_a_text_is_sent_as_it_is(workspace, reef, notes, browser) -> None:
    reef.attach([first(reef)], notes)
    content, buffers = browser(nl.Viewer(workspace))("beside_file", attachment_id=0)
    assert content == {"id": 0, "text": "<b>murky</b> water", "cut": False}
    assert not buffers


def test_a_layer_comes_in_colors_and_says_if_it_is_stretched(
    workspace, reef, depth, tmp_path, browser
) -> None:
    reef.attach([first(reef)], depth, as_="overlay", opacity=0.25)
    width, height = reef.images.loc[first(reef), ["width", "height"]]
    Image.new("RGBA", (width, height), (255, 0, 0, 128)).save(tmp_path / "map.png")
    reef.attach([first(reef)], tmp_path / "map.png", as_="overlay")
    ask = browser(nl.Viewer(workspace))
    assert ask("beside_image", image_id=first(reef))[0]["items"][0]["opacity"] == 0.25
    content, buffers = ask("beside_file", attachment_id=0)
    assert content["size"] == [12, 8]
    assert not content["fits"]
    assert len(content["ramp"]) == 5
    assert 0 <= content["low"] < content["high"] <= 95
    assert Image.open(io.BytesIO(buffers[0])).size == (12, 8)
    content, buffers = ask("beside_file", attachment_id=1)
    assert content["fits"]
    assert content["low"] is None
    assert content["ramp"] == []
    assert Image.open(io.BytesIO(buffers[0])).getpixel((0, 0)) == (255, 0, 0, 128)


def test_what_is_broken_or_not_allowed_is_an_error_for_its_place(
    workspace, reef, notes, tmp_path, browser
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    reef.attach([first(reef)], notes)
    reef.attach([first(reef)], "https://example.org/a.png", as_="overlay")
    broken = reef.attachments.copy()
    rows = {
        "attachments/gone.txt": "is missing",
        "attachments/sub/../x.txt": None,
        "attachments/link.txt": "a link leads out of it",
    }
    (reef.attachment_root / "link.txt").symlink_to(secret)
    ask = browser(nl.Viewer(workspace))
    for file, says in rows.items():
        broken.loc[0, "file"] = file
        if says is None:
            with pytest.raises(DataError):
                reef.attachments = broken
            continue
        reef.attachments = broken
        assert says in ask.error("beside_file", attachment_id=0)
    assert "allow_images_from" in ask.error("beside_file", attachment_id=1)
    assert "no longer in the dataset" in ask.error("beside_file", attachment_id=99)
    assert ask("beside_image", image_id=first(reef))[0]["items"]


def test_a_function_makes_a_widget_a_text_or_nothing(workspace, browser) -> None:
    made = ipywidgets.HTML()
    answers = {1: made, 2: "a text", 3: None, 4: 5}
    viewer = nl.Viewer(workspace, beside=answers.get)
    ask = browser(viewer)
    assert ask("beside_image", image_id=1)[0]["custom"]
    assert ask("beside_widget", image_id=1)[0]["model"] == made.model_id
    assert ask("beside_widget", image_id=2)[0] == {"model": "", "text": "a text", "problem": ""}
    assert ask("beside_widget", image_id=3)[0] == {"model": "", "text": "", "problem": ""}
    assert "beside returned int" in ask("beside_widget", image_id=4)[0]["problem"]
    with pytest.raises(DataError, match="beside must be a function"):
        viewer.beside = "text"


def test_what_a_function_raises_is_shown_in_its_place_and_kept(workspace, browser) -> None:
    def fails(image_id):
        raise KeyError(f"no weather for {image_id}")

    viewer = nl.Viewer(workspace, beside=fails)
    ask = browser(viewer)
    problem = ask("beside_widget", image_id=3)[0]["problem"]
    assert problem == "KeyError: 'no weather for 3'"
    assert isinstance(viewer.last_error, KeyError)
    viewer.beside = None
    assert ask("beside_widget", image_id=3)[0] == {"model": "", "text": "", "problem": ""}
    assert ask("masks", row=0)[0]["row"] == 0


def test_the_browser_hears_of_what_is_attached_but_not_of_every_edit(workspace, reef, notes, browser) -> None:
    viewer = nl.Viewer(workspace)
    ask = browser(viewer)
    ask("masks", row=0)

    def heard() -> int:
        workspace.refresh()
        n = sum(message.get("name") == "beside" for message, _ in ask.sent)
        ask.sent.clear()
        return n

    heard()
    reef.set(reef.instances.index[:1], label=reef.labels[0])
    reef.set(reef.images.index[:1], table="images", weight=0.5)
    assert heard() == 0
    reef.attach([first(reef)], notes)
    assert heard() == 1
    reef.attachments.loc[0, "name"] = "another name"
    reef.sync()  # as the end of a cell does
    assert heard() == 1
    reef.guidelines = "Outline the fins, too."
    assert heard() == 1
    reef.undo()
    assert heard() == 1


def test_guidelines_are_shown_once_in_a_session_before_the_first_task(workspace, reef, browser) -> None:
    reef.guidelines = "Outline the fins, too."
    viewer, editor = nl.Viewer(workspace), nl.Editor(workspace)
    image = first(reef)
    assert browser(viewer)("beside_image", image_id=image)[0]["guidelines"] == "Outline the fins, too."
    assert not browser(viewer)("beside_image", image_id=image)[0]["introduce"]
    ask = browser(editor)
    assert ask("beside_image", image_id=image)[0]["introduce"]
    ask("beside_seen")
    assert not ask("beside_image", image_id=image)[0]["introduce"]
    review = nl.Review(workspace, reef.instances, again=True)
    assert not browser(review)("beside_image", image_id=image)[0]["introduce"]
    reef.guidelines = "Leave the fins out."
    assert browser(review)("beside_image", image_id=image)[0]["introduce"]


def test_verify_shows_what_is_attached_to_the_image_of_a_mask(workspace, reef, notes, browser) -> None:
    p, ws = nl.audit(reef, target_quality=0.8), workspace
    verify = nl.Verify(p, ws, beside=lambda image_id: str(image_id))
    ask = browser(verify)
    state, _ = ask("begin", size=48, context=0.3)
    image = state["crops"][0]["image"]
    assert image in reef.images.index
    reef.attach([image], notes)
    assert ask("beside_image", image_id=image)[0]["items"][0]["name"] == "notes.txt"
    assert ask("beside_widget", image_id=image)[0]["text"] == str(image)
    tables = nl.Verify(p, images=reef.subset(reef.images.index))
    assert browser(tables)("beside_image", image_id=image)[0]["items"]


def test_an_annotator_sees_attachments_and_guidelines_with_each_task(reef, notes, depth, browser) -> None:
    images = reef.images.index[:2]
    reef.attach(images, notes)
    reef.attach(images, depth, as_="overlay")
    reef.guidelines = "Outline the fins, too."
    reef.commit("with notes")
    work = nl.Work(nl.Queue(reef, reef.images.loc[images]), annotator="ana", beside=str)
    ask = browser(work.view)
    for _ in range(2):
        image = work.task.image_id
        listed, _ = ask("beside_image", image_id=image)
        assert [item["kind"] for item in listed["items"]] == ["text", "overlay"]
        assert listed["guidelines"] == "Outline the fins, too."
        assert ask("beside_file", attachment_id=listed["items"][0]["id"])[0]["text"] == "<b>murky</b> water"
        assert ask("beside_widget", image_id=image)[0]["text"] == str(image)
        work.draft.set([image], table="images", state="complete")
        work.send()
    assert work.task is None
    work.close()


def test_the_editor_inside_a_review_has_the_panel_of_the_review(workspace, reef, notes, browser) -> None:
    reef.guidelines = "Fins, too."
    reef.attach([first(reef)], notes)
    review = nl.Review(workspace, reef.instances, again=True, beside=lambda image_id: f"image {image_id}")
    browser(review)("editor", height=400)
    editor = review._editor
    ask = browser(editor)
    listed, _ = ask("beside_image", image_id=first(reef))
    assert [item["name"] for item in listed["items"]] == ["notes.txt"]
    assert (listed["custom"], listed["introduce"]) == (True, False)
    assert ask("beside_widget", image_id=3)[0]["text"] == "image 3"
    review.beside = lambda _: "another"
    browser(review)("editor", height=400)
    assert ask("beside_widget", image_id=3)[0]["text"] == "another"
    review.beside = False
    browser(review)("editor", height=400)
    assert editor.beside is False
