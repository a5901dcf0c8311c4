"""The view of a training's batches: what is drawn, shown, counted, and what the browser asks for."""

import io
from types import SimpleNamespace

import numpy as np
import pytest
from ipywidgets.widgets import widget
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, ModelError
from nbalabel.core.ontology.definition import Definition
from nbalabel.core.ontology.ontology import Ontology
from nbalabel.core.show.masks_on_image import palette
from nbalabel.widgets.augment.tiles import tiles_of


@pytest.fixture
def view(drawing):
    """Two batches of two pictures."""
    return nl.Augmentations(drawing, "tables", n=3, height=400, imgsz=16, mosaic=1.0)


def test_the_arguments_are_those_of_the_training(view, drawing) -> None:
    assert drawing.asked == [{"tables": "tables", "falling": False, "imgsz": 16, "mosaic": 1.0}]
    assert len(view.phase.tiles) == 4, "whole batches"
    assert (view.phase.first, view.phase.last, view.phase.size) == (1, 2, (16, 16))
    assert view.pictures.mosaic


def test_the_balance_counts_what_was_drawn_so_far(view) -> None:
    assert view.balance["counted"].to_dict() == {"fish": 4, "crab": 2}
    view.next()
    assert view.balance["counted"].to_dict() == {"fish": 8, "crab": 4}
    np.testing.assert_allclose(view.balance["counted_share"], [2 / 3, 1 / 3])
    assert view.balance["drawn"].to_dict() == {"fish": 0.5, "crab": 0.5}
    bars = view.chart.figure.marks[0]
    np.testing.assert_allclose(bars.y, [[0.75, 0.25], [0.5, 0.5], [2 / 3, 1 / 3]])
    assert list(view.chart.figure.axes[0].tick_labels.values()) == ["fish", "crab"]


def test_the_next_batches_go_on_and_the_other_phase_begins_anew(view, drawing) -> None:
    view.next()
    assert (view.phase.first, view.phase.last) == (3, 4)
    view.show_phase(falling=True)
    assert drawing.asked[-1]["falling"]
    assert (view.phase.first, view.phase.last, view.pictures.falling) == (1, 2, True)
    assert [tile.image_ids for tile in view.phase.tiles] == [(1,), (7,), (2,), (7,)]
    view.show_phase(falling=False)
    assert (view.phase.first, view.phase.last) == (3, 4), "where it was"
    assert len(drawing.asked) == 2


def test_the_browser_gets_pictures_and_draws_the_next_ones(view, browser) -> None:
    ask = browser(view.pictures)
    head, files = ask("pictures")
    assert [tile["images"] for tile in head["tiles"]] == [
        [1, 8, 9, 4],
        [7, 1, 2, 3],
        [2, 8, 9, 4],
        [7, 1, 2, 3],
    ]
    assert head["tiles"][1]["labels"] == [["fish", 1], ["crab", 1]]
    assert [tile["silent"] for tile in head["tiles"]] == [0, 0.5, 0, 0.5]
    assert [Image.open(io.BytesIO(file)).format for file in files] == ["JPEG"] * 4
    page = view.pictures.page
    ask("draw")
    assert view.pictures.page == page + 1
    ask("choose", falling=True)
    assert view.pictures.falling
    assert ask("pictures")[0]["tiles"][0]["images"] == [1]


def test_a_page_cannot_set_what_only_the_kernel_knows(view) -> None:
    view.pictures.set_state({"falling": True})
    assert not view.pictures.falling
    assert isinstance(view.pictures.last_error, DataError)


def test_an_error_while_drawing_reaches_the_browser_and_leaves_what_is_shown(
    view, browser, monkeypatch
) -> None:
    ask = browser(view.pictures)
    before = view.balance

    def broken(self):
        raise ModelError("image 3 cannot be read")

    monkeypatch.setattr("nbalabel.core.tables.drawn.Drawn.counts", lambda *_: broken(None))
    assert ask.error("draw") == "image 3 cannot be read"
    assert (view.phase.first, view.phase.last) == (1, 2)
    assert view.balance.equals(before)


def test_masks_have_the_color_of_their_label_and_silent_parts_are_gray_and_hatched(drawing) -> None:
    batch = next(drawing.batches(None))
    tiles = tiles_of(batch, drawing.batches(None).names, palette(2), side=96)
    plain, hatched = (np.asarray(tile.image).astype(int) for tile in tiles)
    assert plain.shape == (96, 96, 3)
    fish = plain[8:40, 8:40].mean(axis=(0, 1)) - 10
    assert fish[0] > fish[2] + 20, "orange over gray"
    right = hatched[:, 60:]
    assert (np.ptp(right, axis=2) == 0).all(), "no color"
    assert right.max() > 150
    assert right.min() < 60
    assert (plain[60:, 60:] == 10).all()


def test_labels_have_the_colors_that_were_defined_for_them(drawing) -> None:
    defined = Ontology({"fish": Definition(color="#00ff00")})
    view = nl.Augmentations(drawing, SimpleNamespace(ontology=defined), n=3, height=400, imgsz=16)
    assert dict(view.pictures.labels)["fish"] == "#00ff00"
    shown = np.asarray(view.phase.tiles[0].image).astype(int)
    assert (shown[..., 1] > shown[..., 0] + 20).any(), "green over gray"


def test_regions_of_one_label_are_hatched_but_keep_their_colors(drawing) -> None:
    batch = next(drawing.batches(None))
    batch.pixels[1, ..., 0] = 200
    object.__setattr__(batch, "open_labels", ((1,),))
    part = np.asarray(tiles_of(batch, ("fish", "crab"), palette(2), side=96)[1].image)[:, 60:]
    assert (part == (200, 10, 10)).all(axis=2).any()
    assert (part > 160).all(axis=2).any()


def test_a_label_alone_and_many_labels_have_bars_that_can_be_read(view) -> None:
    balance = view.balance
    view.chart.update(balance.iloc[:1])
    assert view.chart.figure.axes[0].tick_values.tolist() == [0]
    many = balance.iloc[np.zeros(30, int)].set_axis([f"label {i}" for i in range(30)])
    view.chart.update(many)
    names = list(view.chart.figure.axes[0].tick_labels.values())
    assert len(names) == 12
    assert names[-1] == "19 others"
    assert view.chart.figure.marks[0].y[0][-1] == pytest.approx(19 * 0.75)


def test_pages_without_a_kernel_show_pictures_and_chart(view) -> None:
    data = view._repr_mimebundle_()[0]
    assert 1000 < len(data["image/png"]) < 90_000
    assert view.picture().size == (640, 160 + 4 + 200)
    assert view.pictures.picture() is not None
    assert "batches 1 to 2, 4 pictures" in repr(view)


def test_what_it_cannot_show_says_why(reef, drawing) -> None:
    with pytest.raises(DataError, match=r"got Watershed: nl\.Yolo and nl\.MaskRCNN"):
        nl.Augmentations(nl.Watershed(), reef)
    with pytest.raises(DataError, match="got n=0, height=520"):
        nl.Augmentations(drawing, reef, n=0)
    with pytest.raises(DataError, match="got n=16, height=20"):
        nl.Augmentations(drawing, reef, height=20)


def test_closing_frees_widgets(drawing) -> None:
    before = set(widget._instances)
    view = nl.Augmentations(drawing, None, n=2)
    view.next()
    view.show_phase(falling=True)
    view.close()
    view.close()
    assert not [type(widget._instances[key]).__name__ for key in set(widget._instances) - before]
