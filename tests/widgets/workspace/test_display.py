"""One display for a workspace: every view follows it, masks never change by it."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform, empty
from nbalabel.widgets.gallery.pictures import overlay_bytes
from nbalabel.widgets.pixels import imagery
from nbalabel.widgets.pixels.pictures import pictures_of, thumbnail_bytes


def pixels(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def tables(folder, dtype=np.uint8, n=3):
    """Pictures that are nearly black, with a square that is a little less so, and its mask."""
    values = np.random.default_rng(0).integers(2, 8, (80, 100))
    values[20:60, 30:70] = 30
    scale = 1 if dtype == np.uint8 else 20
    mask = np.zeros((80, 100), bool)
    mask[20:60, 30:70] = True
    for i in range(n):
        Image.fromarray((values * scale).astype(dtype)).save(folder / f"{i}.png")
    frame = pd.DataFrame({"file": [f"{i}.png" for i in range(n)], "width": 100, "height": 80})
    rows = {"image_id": frame.index, "label": "cell", "mask": [rle.encode(mask)] * n}
    instances = conform(pd.DataFrame(rows), "instances", ["cell"], frame["height"].to_numpy())
    return nl.Tables.of(frame, instances, ["cell"], folder)


@pytest.fixture
def dark(tmp_path):
    """A workspace of dark pictures, as a run has them."""
    (tmp_path / "images").mkdir()
    ds = tables(tmp_path / "images").save(tmp_path / "dark.nbal")
    found = ds.instances[["image_id", "label", "mask"]].assign(score=0.5).reset_index(drop=True)
    ds.remove(ds.instances.index[1:])
    ds.images.loc[ds.images.index[1:], "state"] = "unlabeled"
    return nl.Workspace(
        ds, nl.read_predictions(found, ds, embeddings=np.eye(len(found), 4, dtype=np.float32))
    )


def first_crop(reply):
    head, (_, _, crops) = reply
    return pixels(crops[: head["crops"][0]["bytes"][1]])


def asking(ws):
    """A propagation with a question about its masks."""
    return nl.propagate(ws.run, strategy="paper", n_samples=2, min_area=0, journal=False)


def everything(ws, browser):
    """The pixels that each kind of view gets of the first row."""
    verify = browser(nl.Verify(asking(ws), ws))
    review = browser(nl.Review(ws, ws.ds.instances, again=True))
    first = int(ws.ds.instances.index[0])
    return {
        "thumbnail": pixels(thumbnail_bytes(ws, "images", 0, 64)),
        "mask": pixels(thumbnail_bytes(ws, "instances", 0, 64)),
        "overlay": pixels(overlay_bytes(ws, 0, 100)),
        "viewer": pixels(imagery.picture_of(ws, 0).data),
        "part": pixels(imagery.part_of(ws, 0, (20, 10, 80, 70), 100)),
        "review": pixels(review("item", item_id=first)[1][1]),
        "verify": first_crop(verify("begin", size=100, context=0.5)),
        "static": np.asarray(nl.Viewer(ws, show_labels=False).picture().convert("RGB")),
    }


def test_dark_pictures_can_be_seen_in_every_view(dark, browser):
    bright = everything(dark, browser)
    dark.display = nl.Display(auto=False)
    plain = everything(dark, browser)
    for name, shown in bright.items():
        middle = shown[shown.shape[0] // 2, shown.shape[1] // 2]
        before = plain[name][plain[name].shape[0] // 2, plain[name].shape[1] // 2]
        assert middle.max() > 220, name
        assert before.max() < 128, name  # the fill of an overlay is not dark


def test_a_crop_and_its_picture_have_the_same_contrast(dark):
    whole = pixels(imagery.picture_of(dark, 0).data)
    inside = pixels(imagery.part_of(dark, 0, (35, 25, 60, 55), 100))  # uniform: its own contrast would differ
    assert abs(int(inside[10, 10, 0]) - int(whole[40, 50, 0])) <= 3
    border = pixels(imagery.part_of(dark, 0, (0, 0, 20, 15), 100))
    assert border.mean() < 60


def test_sixteen_bits_are_stretched_from_sixteen_bits(tmp_path):
    ramp = np.linspace(1000, 1200, 6400).reshape(80, 80)
    ramp[0] = 60_000
    Image.fromarray(ramp.astype(np.uint16)).save(tmp_path / "a.png")
    frame = pd.DataFrame({"file": ["a.png"], "width": [80], "height": [80]})
    ws = nl.Workspace(nl.Tables.of(frame, empty("instances", []), [], tmp_path).save(tmp_path / "d.nbal"))
    picture = imagery.picture_of(ws, 0)
    assert picture.auto
    assert len(np.unique(pixels(picture.data))) > 100
    assert len(np.unique(pixels(imagery.part_of(ws, 0, (0, 40, 80, 80), 80)))) > 50


def test_views_say_which_pictures_were_stretched(dark, browser):
    rows = np.arange(3, dtype=np.int32).tobytes()
    for view in (nl.Table(dark), nl.Gallery(dark), nl.Gallery(dark, of="predictions")):
        assert browser(view)("pictures", [rows], size=64)[0]["auto"] == [0, 1, 2]
    assert browser(nl.Viewer(dark))("pixels", row=0)[0]["auto"]
    dark.display = nl.Display(auto=False)
    assert browser(nl.Gallery(dark))("pictures", [rows], size=64)[0]["auto"] == []
    assert not browser(nl.Viewer(dark))("pixels", row=0)[0]["auto"]


def test_masks_never_change_by_it(dark, browser):
    before = dark.ds.instances["mask"].tolist()
    _, buffers = browser(nl.Viewer(dark))("masks", row=0)
    dark.display = nl.Display(auto=True, brightness=0.4, gamma=3)
    _, others = browser(nl.Viewer(dark))("masks", row=0)
    assert [bytes(part) for part in others] == [bytes(part) for part in buffers]
    assert dark.ds.instances["mask"].tolist() == before
    outline = np.all(np.abs(pixels(thumbnail_bytes(dark, "instances", 0, 96)).astype(int) - 255) < 30, axis=2)
    assert not outline.all()


def test_all_views_follow_a_change_from_python_or_from_one_of_them(dark, browser):
    views = [
        nl.Table(dark),
        nl.Gallery(dark),
        nl.Viewer(dark),
        nl.Editor(dark),
        nl.Scatter(dark, x="width", y="height"),
    ]
    dark.display = nl.Display(gamma=2.0)
    assert [view._display["gamma"] for view in views] == [2.0] * 5
    setting = {"auto": None, "brightness": 0.2, "contrast": 0.0, "gamma": 1.0}
    reply, _ = browser(views[0])("set_display", **setting)
    assert reply == setting
    assert dark.display == nl.Display(brightness=0.2)
    assert all(view._display == setting for view in views)
    assert "gamma must be a number in 0.2..5" in browser(views[0]).error(
        "set_display", **(setting | {"gamma": 7})
    )
    assert dark.display == nl.Display(brightness=0.2)
    late = nl.Gallery(dark)
    assert late._display == setting


def test_the_options_of_a_viewer_are_those_of_the_workspace(dark):
    dark.display = nl.Display(contrast=0.3)
    viewer = nl.Viewer(dark, brightness=0.5)
    assert dark.display == nl.Display(brightness=0.5, contrast=0.3)
    assert (viewer.brightness, viewer.contrast, viewer.gamma) == (0.5, 0.3, 1.0)
    viewer.gamma = 2.5
    assert dark.display.gamma == 2.5
    dark.display = replace(dark.display, brightness=-0.1)
    assert viewer.brightness == -0.1


def test_a_verification_without_a_workspace_has_a_display_of_its_own(dark, browser):
    view = nl.Verify(asking(dark), images=dark.ds)
    asked = browser(view)
    assert asked("begin", size=64, context=0.5)[0]["crops"][0]["auto"]
    view.display = nl.Display(auto=False)
    assert not asked("begin", size=64, context=0.5)[0]["crops"][0]["auto"]
    assert dark.display == nl.Display()


def test_something_else_than_a_display_is_refused(dark):
    with pytest.raises(DataError, match=r"expected nl\.Display\(\.\.\.\), got dict"):
        dark.display = {"gamma": 2}


def test_levels_are_measured_once_and_pictures_kept(dark, monkeypatch):
    first = thumbnail_bytes(dark, "images", 0, 64)
    kept = pictures_of(dark)
    monkeypatch.setattr(kept, "_levels", dict(kept._levels))
    monkeypatch.setattr("nbalabel.widgets.pixels.pictures.measured", None)
    assert thumbnail_bytes(dark, "images", 0, 64) is first
    dark.display = nl.Display(gamma=2)
    assert thumbnail_bytes(dark, "images", 0, 64) != first
    dark.display = nl.Display()
    assert thumbnail_bytes(dark, "images", 0, 64) is first
