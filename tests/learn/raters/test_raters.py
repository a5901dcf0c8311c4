"""Agreement as a user asks for it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, FallbackWarning, UnknownNameError

from .drawing import SIZE, bare, square, tables

TRUTH = [(0, "cod", 3, 3, 10, 10), (0, "ling", 22, 4, 9, 12), (1, "ray", 5, 20, 12, 8)]


def test_annotators_who_draw_alike_agree_perfectly() -> None:
    r = nl.raters({"ana": tables(TRUTH), "bo": tables(TRUTH), "cy": tables(TRUTH)})
    for what in (r.alpha, r.existence, r.outline, r.boundary, r.name):
        assert (what.value, what.low, what.high) == (1.0, 1.0, 1.0)
    assert r.n_images == 3
    assert r.n_units == 3
    assert not len(r.disputed)
    assert (r.by_annotator[["vitality", "alone", "missed"]] == 0).all(axis=None)


def test_existence_outline_and_name_by_hand() -> None:
    bo = [(0, "cod", 3, 3, 10, 5), (0, "ray", 22, 4, 9, 12), (2, "ray", 5, 20, 12, 8)]
    r = nl.raters({"ana": tables(TRUTH), "bo": tables(bo)})
    assert r.existence.value == pytest.approx(2 * 2 / 6)  # two matched, three instances each
    assert r.outline.value == pytest.approx((0.5 + 1.0) / 2)
    # alpha: units cod cod / ling ray / ray nobody / nobody ray; n = 8, cod 2, ling 1, ray 3, nobody 2
    assert r.alpha.value == pytest.approx((7 * 2 - 10) / (56 - 10))
    # names: cod cod / ling ray: n = 4
    assert r.name.value == pytest.approx((3 * 2 - 2) / (12 - 2))
    pair = r.pairs.iloc[0]
    assert (pair["a"], pair["b"], pair["images"], pair["both"], pair["name"]) == ("ana", "bo", 3, 2, 0.5)
    assert pair["pq"] == pytest.approx(2 / 3 * 0.75)
    assert r.by_label.loc["ray", "alone"] == pytest.approx(2 / 3)
    assert r.by_label.loc["ray", "mixed_with"] == "ling"
    assert r.by_label.loc["cod", ["alpha", "existence", "name"]].tolist() == [1.0, 1.0, 1.0]


def test_who_draws_otherwise_has_negative_vitality() -> None:
    other = [(0, "ray", 3, 3, 10, 10), (1, "cod", 25, 2, 9, 9)]
    r = nl.raters({"ana": tables(TRUTH), "bo": tables(TRUTH), "odd": tables(other)})
    vitality = r.by_annotator["vitality"]
    assert vitality["odd"] < 0 < vitality["ana"] == vitality["bo"]
    assert r.by_annotator.loc["odd", "missed"] == pytest.approx(2 / 3)
    assert r.by_annotator.loc["odd", "alone"] == pytest.approx(1 / 2)
    assert vitality["odd"] == pytest.approx(r.alpha.value - 1.0)


def test_disputed_units_come_the_most_disputed_first() -> None:
    ana = [*TRUTH, (2, "cod", 2, 2, 10, 10)]
    bo = [
        (0, "cod", 3, 3, 10, 10),
        (0, "ray", 22, 4, 9, 12),
        (1, "ray", 5, 20, 12, 8),
        (2, "cod", 2, 2, 10, 6),
    ]
    cy = [(0, "cod", 3, 3, 10, 10), (0, "ling", 22, 4, 9, 12), (2, "cod", 2, 2, 10, 6)]
    r = nl.raters({"ana": tables(ana), "bo": tables(bo), "cy": tables(cy)})
    found = r.disputed
    assert found["score"].is_monotonic_decreasing
    assert found["kind"].tolist() == ["name", "existence", "outline"]
    assert found["image_id"].tolist() == [0, 1, 2]
    assert found["labels"].iloc[0] == {"ana": "ling", "bo": "ray", "cy": "ling"}
    assert found["labels"].iloc[1] == {"ana": "ray", "bo": "ray", "cy": None}
    assert found["instances"].iloc[1] == {"ana": 2, "bo": 2}
    assert found["score"].tolist() == pytest.approx([2 / 3, 2 / 3, 1 - (0.6 + 0.6 + 1) / 3])
    assert r.instances(found.head(2), of="cy").index.tolist() == [1]
    with pytest.raises(DataError, match="a table each"):
        r.instances()
    with pytest.raises(UnknownNameError, match="no annotator is called 'ann'"):
        r.instances(of="ann")


def test_one_table_whose_rows_say_who_drew_them() -> None:
    boxes = [*TRUTH, *TRUTH[:2], (2, "cod", 2, 2, 9, 9)]
    who = ["ana"] * 3 + ["bo"] * 2 + [None]
    shared = tables(boxes, annotator=who)
    r = nl.raters(shared, by="annotator")
    assert r.raters == ("ana", "bo")
    assert (r.n_images, r.n_left_out) == (3, 1)  # the row of nobody
    assert r.existence.value == pytest.approx(4 / 5)
    found = r.instances(r.disputed)
    assert (found.index.tolist(), found.index.name) == ([2], "instance_id")  # as nl.Review takes them
    kept = nl.raters(shared, by="annotator", looked={"ana": [0, 1, 2], "bo": [0]})
    assert (kept.n_images, kept.n_images_left_out) == (1, 2)
    assert kept.existence.value == 1.0


def test_who_seems_to_have_had_a_part_of_a_shared_table_is_named() -> None:
    boxes = [*TRUTH, (2, "cod", 2, 2, 9, 9), TRUTH[0]]
    shared = tables(boxes, annotator=["ana"] * 4 + ["bo"])
    with pytest.warns(
        FallbackWarning, match=r"bo drew something on fewer than half of the 3 images.*looked="
    ):
        assert nl.raters(shared, by="annotator").existence.value == pytest.approx(2 / 5)
    assert nl.raters(shared, by="annotator", looked={"bo": [0]}).n_images == 1


def test_images_are_matched_by_file_where_datasets_differ() -> None:
    ana = tables(TRUTH, prefix="reef/")
    bo = nl.Tables.of(
        tables(TRUTH, prefix="other/reef/").images.set_axis(pd.Index([12, 11, 10], name="image_id")),
        pd.DataFrame({"image_id": [12], "label": ["cod"], "mask": [square(3, 3, 10, 10)]}),
        ("ray", "cod"),
    )
    r = nl.raters({"ana": ana, "bo": bo})
    assert (r.n_images, r.n_units) == (3, 3)
    assert r.existence.value == pytest.approx(2 / 4)
    assert r.by_label.loc["cod", "name"] == 1.0


def test_only_images_that_two_looked_at_count() -> None:
    bo = tables(TRUTH[:2], states=["partial", "unlabeled", "empty"])
    r = nl.raters({"ana": tables(TRUTH), "bo": bo})
    assert (r.n_images, r.n_images_left_out) == (2, 1)
    assert r.existence.value == 1.0
    with pytest.raises(DataError, match="no image was looked at by two of ana, bo"):
        nl.raters({"ana": tables(TRUTH), "bo": tables([], states=["unlabeled"] * 3)})


def test_crowds_proposals_and_what_lies_in_regions_to_ignore_are_left_out(tmp_path: Path) -> None:
    ana = tables([*TRUTH, (2, "cod", 1, 1, 5, 5)], status=["accepted"] * 3 + ["proposed"])
    bo = tables(
        [(0, "cod", 2, 2, 12, 12), (0, "ling", 22, 4, 9, 12), (1, "cod", 30, 1, 4, 4)],
        crowd=[True, False, False],
    )
    with bo.save(tmp_path / "bo.nbal") as ds:
        ds.add_regions(pd.DataFrame({"image_id": [1], "mask": [square(0, 18, 40, 20)], "kind": ["ignore"]}))
        r = nl.raters({"ana": ana, "bo": ds})
    # left out: ana's cod in the crowd and the crowd itself, ana's ray in the region, the proposal
    assert r.n_left_out == 4
    assert (r.n_units, r.existence.value) == (2, pytest.approx(2 / 3))


def test_versions_are_named_by_their_id(tmp_path: Path) -> None:
    with tables(TRUTH).save(tmp_path / "a.nbal") as ds:
        first = ds.version(ds.version_id)
        ds.set(ds.instances.iloc[:1], label="ling")
        second = ds.commit("renamed")
        r = nl.raters([first, second])
    assert r.raters == (first.id, second.id)
    assert r.disputed["kind"].tolist() == ["name"]


def test_a_value_shows_itself() -> None:
    r = nl.raters({"a<b": tables(TRUTH), "bo": tables(TRUTH[:2])})
    assert repr(r).startswith("Raters(a<b, bo on 3 images: alpha 0.")
    html = r._repr_html_()
    assert "a&lt;b" in html
    assert "a<b" not in html
    assert "1 of 3 units" in html


def test_disputed_units_are_shown_side_by_side(tmp_path: Path) -> None:
    ds = nl.demo.reef(tmp_path / "reef.nbal", n_images=12, n_labeled=8, n_test=2, size=96)
    with ds:
        first = ds.version(ds.version_id)
        ds.remove(ds.instances.iloc[:2])
        ds.mark_complete(ds.images.index[(ds.images["state"] == "partial").to_numpy()])
        r = nl.raters({"ana": first, "bo": ds})
        picture = r.show(n=1)
        assert (r.disputed["kind"] == "existence").all()
        assert picture.size == (2 * 208 + 8, 236)
        drawn, blank = (np.asarray(picture.crop((x, 28, x + 200, 228)), int) for x in (8, 216))
        assert np.abs(drawn - blank).max() > 40  # filled for the one, outlined for the other
        assert r.show(r.disputed.iloc[:2]).size[1] == 2 * 228 + 8
        with pytest.raises(UnknownNameError, match="999 are not there"):
            r.show([999])


def test_units_have_the_color_that_was_defined_for_their_label(tmp_path: Path) -> None:
    with nl.demo.reef(tmp_path / "reef.nbal", n_images=12, n_labeled=8, n_test=2, size=96) as ds:
        for label in ds.labels:
            ds.define(label, color="#ff0000")
        first = ds.commit("colors")
        ds.remove(ds.instances.iloc[:1])
        picture = nl.raters({"ana": first, "bo": ds}).show(n=1)
        drawn, blank = (np.asarray(picture.crop((x, 28, x + 200, 228)), int) for x in (8, 216))
        change = (drawn - blank)[np.abs(drawn - blank).max(axis=2) > 40]
        assert len(change)
        assert change[:, 0].mean() > 20 > change[:, 1].mean()


def test_what_cannot_be_compared_says_why() -> None:
    a = tables(TRUTH)
    with pytest.raises(DataError, match="two annotators or more, got 1"):
        nl.raters({"ana": a})
    with pytest.raises(DataError, match='by="annotator"'):
        nl.raters(a)
    with pytest.raises(DataError, match="names a column of one table"):
        nl.raters({"ana": a, "bo": a}, by="origin")
    with pytest.raises(UnknownNameError, match="no column 'origins'"):
        nl.raters(a, by="origins")
    with pytest.raises(DataError, match="names 0"):
        nl.raters(a, by="origin")
    with pytest.raises(DataError, match="no image is in two of ana, bo"):
        nl.raters(
            {"ana": a, "bo": nl.Tables.of(a.images.assign(file=["x", "y", "z"]), a.instances, a.labels)}
        )
    larger = tables([]).images.assign(width=SIZE + 1)
    with pytest.raises(DataError, match="of one size"):
        nl.raters({"ana": a, "bo": bare(larger)})
    with pytest.raises(UnknownNameError, match="looked= names cy"):
        nl.raters({"ana": a, "bo": a}, looked={"cy": [0]})
    with pytest.raises(UnknownNameError, match="not there: 77"):
        nl.raters({"ana": a, "bo": a}, looked={"bo": [77]})
    with pytest.raises(DataError, match="iou must lie above 0"):
        nl.raters({"ana": a, "bo": a}, iou=0)
    with pytest.raises(DataError, match="draws must be 0 or more"):
        nl.raters({"ana": a, "bo": a}, draws=-1)
    with pytest.raises(DataError, match="got str"):
        nl.raters({"ana": a, "bo": "b"})  # type: ignore[dict-item]
    r = nl.raters({"ana": a, "bo": a}, draws=0)
    assert np.isnan(r.alpha.low)
