"""One opinion of many: the Change, and its way back."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError

from .drawing import SIZE, bare, square, tables

TRUTH = [(0, "cod", 3, 3, 10, 10), (0, "ling", 22, 4, 9, 12), (1, "ray", 5, 20, 12, 8)]
WAYS = ("majority", "staple", "medoid")


@pytest.fixture
def shared(tmp_path: Path) -> Iterator[nl.Dataset]:
    """Three annotators in one table. On image 0 a cod that all drew, and a ling that bo calls a ray; on image
    1 a ray that only ana drew; on image 2 nothing.
    """
    boxes = [
        (0, "cod", 3, 3, 10, 10), (0, "cod", 4, 3, 10, 10), (0, "cod", 3, 3, 10, 11),
        (0, "ling", 22, 4, 9, 12), (0, "ray", 22, 4, 9, 12), (0, "ling", 22, 4, 9, 12),
        (1, "ray", 5, 20, 12, 8),
    ]  # fmt: skip
    who = ["ana", "bo", "cy", "ana", "bo", "cy", "ana"]
    with tables(boxes, annotator=who, depth=[1, 1, 1, 2, 3, 2, 4]).save(tmp_path / "shared.nbal") as ds:
        ds.commit("drawn")
        yield ds


def test_opinions_of_one_table_become_one_and_come_back(shared: nl.Dataset) -> None:
    before, states = shared.instances, shared.images["state"].tolist()
    r = nl.raters(shared, by="annotator")
    change = shared.apply(r.consensus())
    now = shared.instances
    assert now["label"].tolist() == ["cod", "ling"]
    assert now["image_id"].tolist() == [0, 0]
    assert nl.decode_mask(now["mask"].iloc[0], SIZE, SIZE).sum() == 100  # two of three cover these
    assert now["mask"].iloc[0] == square(3, 3, 10, 10)
    assert now["origin"].tolist() == [f"{r.id}/ana+bo+cy"] * 2
    assert (now["source"].tolist(), now["status"].tolist()) == (["human"] * 2, ["accepted"] * 2)
    assert now["annotator"].isna().all()
    assert now["depth"].tolist()[0] == 1  # all say so
    assert shared.images["state"].tolist() == ["complete", "empty", "empty"]
    assert change.counts["instances"] == {"created": 2, "updated": 0, "deleted": 7}
    assert "majority of 2 units, 1 left out by quorum" in change.note
    shared.revert(r)
    pd.testing.assert_frame_equal(shared.instances, before)
    assert shared.images["state"].tolist() == states


def test_the_quorum_decides_what_is_there(shared: nl.Dataset) -> None:
    r = nl.raters(shared, by="annotator")
    shared.apply(r.consensus(quorum=1))
    assert shared.instances["label"].tolist() == ["cod", "ling", "ray"]
    shared.revert(r)
    shared.apply(r.consensus(quorum=5))  # as many as looked
    assert shared.instances["label"].tolist() == ["cod", "ling"]


def test_ties_stay_as_they_are(shared: nl.Dataset) -> None:
    shared.remove(shared.instances[shared.instances["annotator"] == "cy"])
    r = nl.raters(shared, by="annotator")
    change = shared.apply(r.consensus())
    left = shared.instances
    assert left["label"].tolist() == ["ling", "ray", "ray", "cod"]  # a tie of names, a tie of existence
    assert set(r.disputed["kind"]) == {"name", "existence"}
    assert "2 tied ones stay" in change.note
    assert left["mask"].iloc[-1] == square(4, 3, 9, 10)  # both cover it


@pytest.mark.parametrize("fuse", WAYS)
def test_the_consensus_of_those_who_draw_alike_is_what_they_drew(fuse: str, tmp_path: Path) -> None:
    people = {name: tables(TRUTH) for name in ("ana", "bo", "cy")}
    assert not nl.raters(people).consensus(fuse)
    with tables([], states=["unlabeled"] * 3).save(tmp_path / "new.nbal") as ds:
        r = nl.raters(people)
        ds.apply(r.consensus(fuse, into=ds))
        columns = ["image_id", "label", "mask", "x", "y", "w", "h", "area"]
        expected = people["ana"].instances[columns]
        pd.testing.assert_frame_equal(
            ds.instances[columns].reset_index(drop=True), expected.reset_index(drop=True)
        )
        assert ds.images["state"].tolist() == ["complete", "complete", "empty"]
        ds.revert(r)
        assert not len(ds.instances)
        assert ds.images["state"].tolist() == ["unlabeled"] * 3


def test_a_target_that_is_one_of_them_keeps_what_is_agreed_and_changes_the_rest(tmp_path: Path) -> None:
    bo = [
        (0, "cod", 3, 3, 10, 10),
        (0, "ling", 22, 4, 9, 10),
        (1, "ray", 5, 20, 12, 8),
        (2, "cod", 9, 9, 8, 8),
    ]
    ana = [*TRUTH, (1, "cod", 30, 2, 6, 6)]
    with tables(ana).save(tmp_path / "ana.nbal") as ds:
        r = nl.raters({"ana": ds, "bo": tables(bo), "cy": tables(bo)})
        change = ds.apply(r.consensus("medoid"))
        assert ds.instances.index.tolist()[:2] == [0, 2]  # cod and ray as they were; the lonely cod is gone
        assert ds.instances["mask"].iloc[2:].tolist() == [square(22, 4, 9, 10), square(9, 9, 8, 8)]
        assert change.counts["instances"] == {"created": 2, "updated": 0, "deleted": 2}
        assert ds.images["state"].tolist() == ["complete"] * 3
        ds.undo()
        assert len(ds.instances) == 4


def test_versions_of_one_dataset_are_joined_into_the_dataset(tmp_path: Path) -> None:
    with tables(TRUTH).save(tmp_path / "d.nbal") as ds:
        first = ds.version(ds.version_id)
        ds.set(ds.instances.iloc[:1], label="ling")
        second = ds.commit("renamed")
        ds.set(ds.instances.iloc[:1], label="cod")
        third = ds.commit("named back")
        ds.apply(nl.raters({"a": first, "b": second, "c": third}).consensus(into=ds))
        assert ds.instances["label"].tolist() == ["cod", "ling", "ray"]
        assert len(ds.instances) == 3


def test_pixels_of_the_majority_for_any_number_of_annotators() -> None:
    rng = np.random.default_rng(3)
    people, drawn = {}, []
    for k in range(5):
        x, y, w, h = rng.integers([3, 3, 14, 14], [6, 6, 18, 18])
        people[f"p{k}"] = tables([(0, "cod", x, y, w, h)])
        drawn.append(nl.decode_mask(square(x, y, w, h), SIZE, SIZE))
    empty = tables([])
    made = nl.raters(people).consensus(into=empty).tables["instances"].created
    assert nl.decode_mask(made["mask"].iloc[0], SIZE, SIZE).tolist() == (np.sum(drawn, axis=0) > 2.5).tolist()


@settings(max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_a_fused_mask_holds_what_all_cover_and_nothing_that_none_does(seed: int, n: int) -> None:
    rng = np.random.default_rng(seed)
    people, drawn = {}, []
    for k in range(n):
        x, y, w, h = rng.integers([4, 4, 14, 14], [7, 7, 18, 18]).tolist()
        people[f"p{k}"] = tables([(0, "cod", x, y, w, h)])
        drawn.append(nl.decode_mask(square(x, y, w, h), SIZE, SIZE))
    r = nl.raters(people, draws=0, iou=0.1)
    for fuse in WAYS:
        made = r.consensus(fuse, into=tables([])).tables["instances"].created
        mask = nl.decode_mask(made["mask"].iloc[0], SIZE, SIZE)
        assert mask[np.all(drawn, axis=0)].all()
        assert not mask[~np.any(drawn, axis=0)].any()


def test_where_nothing_is_drawn_there_is_nothing_to_fuse() -> None:
    r = nl.raters({"ana": tables([]), "bo": tables([])})
    assert r.alpha.value == 1.0
    assert repr(r.existence) == "unknown"
    assert not r.consensus("staple")
    assert not len(r.disputed)
    assert r.show().size[1] == 8
    assert r._repr_html_()


def test_images_of_another_dataset_have_ids_of_their_own(tmp_path: Path) -> None:
    people = {name: tables(TRUTH) for name in ("ana", "bo")}
    images = tables([]).images.set_axis(pd.Index([30, 20, 10], name="image_id")).sort_index()
    with bare(images.iloc[1:]).save(tmp_path / "t.nbal") as ds:
        change = ds.apply(nl.raters(people).consensus(into=ds))
        assert ds.instances["image_id"].tolist() == [30, 30, 20]
        assert change.counts["instances"]["created"] == 3
    with bare(images.iloc[:1]).save(tmp_path / "u.nbal") as ds:
        assert "3 on images that are not there" in nl.raters(people).consensus(into=ds).note


def test_what_a_consensus_cannot_do_says_why() -> None:
    r = nl.raters({"ana": tables(TRUTH), "bo": tables(TRUTH)})
    with pytest.raises(DataError, match="fuse must be one of majority, staple, medoid, got 'mean'"):
        r.consensus("mean")
    with pytest.raises(DataError, match="quorum must be 1 or more"):
        r.consensus(quorum=0)
    with pytest.raises(UnknownNameError, match="no annotator is called 'an'"):
        r.consensus(into="an")
    with pytest.raises(UnknownNameError, match=r"labels that the target lacks: .*ds.add_label"):
        r.consensus(into=bare(tables([]).images, ("cod",)))
    elsewhere = tables([]).images.assign(file=["x.png", "y.png", "z.png"]).set_axis([7, 8, 9])
    with pytest.raises(DataError, match="none of the 3 images"):
        r.consensus(into=bare(elsewhere))
