"""Masks accepted by the cluster: one change each, undone together, reverted one by one, rounds later."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalabel.core.errors import UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.tables.tables import Tables

P = "propagate-1"
CLUSTERS = ["cod/0-4", "cod/4-10", "cod/10-12", "ling/12-20", "ling/20-25"]


def square(x, y=4, side=8, size=32):
    mask = np.zeros((size, size), dtype=bool)
    mask[y : y + side, x : x + side] = True
    return rle.encode(mask)


def accepted(which, images, xs):
    """Propagated predictions, one a cluster number, image and place."""
    frame = pd.DataFrame(
        {
            "image_id": images,
            "label": [CLUSTERS[k].split("/")[0] for k in which],
            "mask": [square(x) for x in xs],
            "score": 0.5,
            "source": "propagated",
            "origin": [f"{P}/{CLUSTERS[k]}" for k in which],
        }
    )
    return frame.rename_axis("prediction_id")


@pytest.fixture
def rows():
    return accepted([0, 3, 1, 0, 1], [2, 2, 3, 3, 4], [1, 12, 1, 12, 1])


def content(ds):
    return ds.images.copy(), ds.instances.copy(), ds.rejected.copy()


def assert_same(ds, before):
    for frame, was in zip(content(ds), before, strict=True):
        pd.testing.assert_frame_equal(frame, was)


def test_each_cluster_is_a_change_of_its_own(ds, rows):
    total = ds.accept(rows)
    assert total.note.startswith("accepted 5 of 5, 3 images are partial now: training takes")
    log = ds.log()
    assert sorted(log["origin"].tolist()[:3]) == sorted(f"{P}/{CLUSTERS[k]}" for k in (0, 1, 3))
    assert sorted(log["created"].tolist()[:3]) == [1, 2, 2]
    assert set(ds.instances["source"].astype(str).tolist()[3:]) == {"propagated"}
    assert set(ds.instances["origin"].tolist()[3:]) == {f"{P}/{CLUSTERS[k]}" for k in (0, 1, 3)}


def test_one_undo_takes_all_clusters_back_and_one_redo_brings_them_again(ds, rows):
    before = content(ds)
    ds.accept(rows)
    after = content(ds)
    assert len(ds.next_undo.tables["instances"].created) == 5
    ds.undo()
    assert_same(ds, before)
    assert len(ds.next_redo.tables["instances"].created) == 5
    ds.redo()
    assert_same(ds, after)


def test_clusters_survive_a_session_that_ended_and_are_still_one_step(ds, rows, folder):
    before = content(ds)
    ds.accept(rows)
    after = content(ds)
    ds.close()
    again = Dataset(folder)
    assert_same(again, after)
    assert len(again.log()) == 4
    again.undo()
    assert_same(again, before)
    again.close()


def test_what_is_accepted_can_be_named_by_the_change_returned_the_propagation_or_the_cluster(ds, rows):
    ds.set([1], "images", state="partial")

    class Propagation:
        id = P

    before = content(ds)
    for name in (lambda total: total, lambda total: total.id, lambda _: Propagation(), lambda _: P):
        total = ds.accept(rows)
        ds.revert(name(total))
        assert_same(ds, before)
    ds.accept(rows)
    ds.revert(f"{P}/cod/4-10")
    assert sorted(ds.of_origin(P)["origin"]) == [f"{P}/cod/0-4"] * 2 + [f"{P}/ling/12-20"]


def test_a_cluster_takes_those_within_it_along_rounds_later_but_not_masks_edited_since(ds, rows):
    ds.accept(rows)
    ds.commit("round 1")
    ds.accept(accepted([2, 4], [4, 4], [12, 22]))
    ds.commit("round 2")
    kept = int(ds.of_origin(f"{P}/cod/0-4").index[0])
    ds.set([kept], status="verified", origin="ann")
    assert sorted(set(ds.of_origin(f"{P}/cod/0-12")["origin"])) == [
        f"{P}/cod/0-4",
        f"{P}/cod/10-12",
        f"{P}/cod/4-10",
    ]
    change = ds.revert(f"{P}/cod/0-12")
    assert ds.of_origin(f"{P}/cod/0-12").index.tolist() == [kept]
    assert sorted(ds.of_origin(P)["origin"])[1:] == [f"{P}/ling/12-20", f"{P}/ling/20-25"]
    assert "changed since" in change.note
    with pytest.raises(UnknownNameError, match="no change on this branch goes by 'propagate-1/cod/0-3'"):
        ds.revert(f"{P}/cod/0-3")


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_an_image_is_unlabeled_again_when_the_last_cluster_on_it_goes(ds, order):
    ds.set(ds.images, weight=0)
    before = content(ds)
    ds.accept(accepted([0, 1], [2, 2], [1, 12]))
    ds.commit("round 1")
    ds.revert(f"{P}/{CLUSTERS[order[0]]}")
    assert ds.images.loc[2, "state"] == "partial"
    assert ds.images.loc[2, "weight"] == 1
    ds.commit("a bad one less")
    ds.revert(f"{P}/{CLUSTERS[order[1]]}")
    assert_same(ds, before)


def test_labels_that_were_replaced_come_back_with_their_cluster(ds):
    ds.set([0, 1], "images", state="partial")
    before = content(ds)
    ds.accept(accepted([0, 1], [0, 1], [1, 11]), overlap="replace")
    assert ds.of_origin(P).index.tolist() == [3, 4]
    assert ds.instances.index.tolist() == [1, 3, 4]
    ds.revert(f"{P}/{CLUSTERS[1]}")
    assert ds.instances.index.tolist() == [1, 2, 3]
    ds.revert(f"{P}/{CLUSTERS[0]}")
    assert_same(ds, before)


def test_one_cluster_alone_is_one_change_that_undoes_as_before(ds):
    before = content(ds)
    change = ds.accept(accepted([0, 0], [2, 3], [1, 2]))
    assert change.origin == f"{P}/{CLUSTERS[0]}"
    assert ds.log().index[0] == change.id
    ds.undo()
    assert_same(ds, before)


def test_an_origin_of_ones_own_makes_one_change_of_all(ds, rows):
    change = ds.accept(rows, origin="me")
    assert ds.log()["origin"].tolist()[0] == "me"
    assert len(change.tables["instances"].created) == 5


@settings(deadline=None, max_examples=10)
@given(
    data=st.lists(
        st.tuples(st.integers(0, 4), st.integers(0, 4), st.integers(0, 20)), min_size=1, max_size=12
    ),
    overlap=st.sampled_from(["allow", "replace", "skip"]),
    order=st.permutations(range(5)),
    commit=st.booleans(),
)
def test_accepting_and_reverting_clusters_in_any_order_leaves_the_tables_identical(
    tmp_path_factory, data, overlap, order, commit
):
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(5)], "width": 32, "height": 32, "weight": 0})
    images["state"] = ["partial", "complete", "unlabeled", "unlabeled", "unlabeled"]
    labels = pd.DataFrame({"image_id": [0, 1], "label": "cod", "mask": [square(0), square(10)]})
    ds = Tables.of(images, labels, ["cod", "ling"]).save(tmp_path_factory.mktemp("x") / "x.nbal")
    before = content(ds)
    which, on, xs = zip(*data, strict=True)
    if ds.accept(accepted(list(which), list(on), list(xs)), overlap=overlap):
        if commit:
            ds.commit("round")
        there = set(ds.of_origin(P)["origin"])
        for k in order:
            if f"{P}/{CLUSTERS[k]}" in there:
                ds.revert(f"{P}/{CLUSTERS[k]}")
    assert_same(ds, before)
    ds.close()
