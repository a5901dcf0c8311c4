"""Planted errors come first, the Change mends them, answers move what is alike, no image judges itself."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform
from nbalabel.learn.runs.frozen_tables import Snapshot
from nbalabel.learn.suspects.answers import corrected
from nbalabel.learn.suspects.evidence.boundary import boundary_ious

pytest.importorskip("sklearn")

SIDE, N = 72, 24  # of the world
LABELS = ("disc", "square")
World = Any


def test_an_error_of_each_kind_is_among_the_first(world: World, found: nl.Suspects) -> None:
    _, about = world.spoiled()
    head = found.table.iloc[:14]
    for kind, number in about.items():
        numbers = {number, 6 * 8} if kind == "duplicate" else {number}  # either of the two
        column = "prediction_id" if kind == "missing" else "instance_id"
        assert head[column].isin(numbers).any(), (kind, head)
    right = found.table.iloc[14:]
    assert right["score"].max() < 0.5


def test_every_label_has_one_row_and_the_list_falls(world: World, found: nl.Suspects) -> None:
    tables, _ = world.spoiled()
    judged = found.table["instance_id"].dropna()
    assert sorted(judged) == sorted(tables.instances.index)
    assert found.table["score"].is_monotonic_decreasing
    assert found.table["score"].between(0, 1).all()
    assert found.note == ""  # all images are of split test


def test_the_same_seed_gives_the_same_list(world: World, found: nl.Suspects) -> None:
    tables, _ = world.spoiled()
    again = nl.suspects(tables, world.run.matched_to(tables), seed=1)
    pd.testing.assert_frame_equal(found.table, again.table)


def mend(world: World, found: nl.Suspects, tmp_path: Path, kind: str, number: int) -> nl.Dataset:
    """The dataset after the error was mended as if its row were of this kind."""
    tables, _ = world.spoiled()
    ds = tables.save(tmp_path / "fish.nbal")
    row = world.row_of(found, kind, number).iloc[:1]
    change = ds.apply(world.as_kind(found, row, kind).change(row))
    assert change.origin == found.id
    return ds


@pytest.mark.parametrize(
    "kind", ["missing", "spurious", "swapped", "outline", "merged", "split", "duplicate"]
)
def test_the_change_mends_the_error_and_is_taken_back(
    world: World, found: nl.Suspects, tmp_path: Path, kind: str
) -> None:
    tables, about = world.spoiled()
    before = nl.match(tables.instances.assign(score=1.0), world.truth.instances, iou=0.9)
    ds = mend(world, found, tmp_path, kind, about[kind])
    after = nl.match(ds.instances.assign(score=1.0), world.truth.instances, iou=0.9)
    errors = [len(m.missed) + int((~m.predictions["matched"]).sum()) for m in (before, after)]
    assert errors[1] < errors[0]
    ds.revert(found)
    assert ds.instances["mask"].tolist() == tables.instances["mask"].tolist()
    assert ds.instances["label"].tolist() == tables.instances["label"].tolist()
    ds.close()


def test_both_of_a_pair_are_never_removed(world: World, found: nl.Suspects, tmp_path: Path) -> None:
    tables, _ = world.spoiled()
    pair = found.table[found.table["instance_id"].isin([48, 1002]).to_numpy()]
    with tables.save(tmp_path / "fish.nbal") as ds:
        ds.apply(world.as_kind(found, pair, "duplicate").change(pair))
        assert ds.instances.index.isin([48, 1002]).sum() == 1


def test_rows_without_argument_are_the_likely_ones_that_nobody_denied(found: nl.Suspects) -> None:
    top = found.table.index[0]
    denied = found.answered([top], wrong=False)
    assert denied.table["score"].at[top] == 0
    likely = int((found.table["score"] >= 0.5).sum())
    done, left = re.fullmatch(
        r"mended (\d+) .*?\)(?:; nothing to do for (\d+))?", found.change().note
    ).groups()
    assert int(done) + int(left or 0) == likely
    assert found.change().note != denied.change().note


def test_an_answer_moves_what_is_alike_and_of_its_kind_more_than_the_rest() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (100, 2))
    features = np.repeat([[0.0, 0.0], [6.0, 6.0]], 50, axis=0) + noise
    chance, kinds = np.full(100, 0.2), np.zeros(100, np.int64)
    up = corrected(chance, features, kinds, np.array([0, 1]), np.array([True, True]))
    assert up[2:50].min() > 0.6
    assert up[50:].max() < up[2:50].min()
    assert up[0] == 1
    down = corrected(chance, features, kinds, np.array([0]), np.array([False]))
    assert down[2:50].max() < 0.2
    rare = corrected(np.full(100, 1e-4), features, kinds, np.arange(5), np.ones(5, bool))
    assert rare[5:50].min() > 0.5 > 0.01 > rare[50:].max()
    assert (corrected(chance, features, kinds, np.zeros(0, np.int64), np.zeros(0, bool)) == chance).all()


def test_a_thing_at_one_place_is_found_whatever_surrounds_it(found: nl.Suspects) -> None:
    """Boats of one shape in one corner, on backgrounds of three kinds, among other doubts."""
    rng = np.random.default_rng(2)
    n, boats = 3000, 60
    surroundings = rng.normal(0, 0.5, (3, 12))
    places = np.column_stack([rng.normal(size=(n, 2)), rng.uniform(-1.7, 1.7, (n, 2))])
    looks = surroundings[rng.choice(3, n, p=[0.8, 0.15, 0.05])] + rng.normal(0, 0.6, (n, 12))
    corner = np.array([1.8, 1.5, 1.55, -1.6]) + rng.normal(0, 0.1, (boats, 4))
    hulls = surroundings[rng.choice(3, boats, p=[0.6, 0.25, 0.15])] + rng.normal(0, 0.3, (boats, 12))
    features = np.concatenate([np.hstack([places, looks]), np.hstack([corner, hulls])])
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    is_boat = np.arange(n + boats) >= n
    chance = np.full(n + boats, 0.01)
    chance[rng.choice(n, 120, replace=False)] = rng.uniform(0.1, 0.9, 120)
    ids = pd.RangeIndex(n + boats, name="suspect_id")
    columns = {"kind": pd.Categorical(["odd"] * len(ids)), "score": chance, "settled": False}
    table = pd.DataFrame(columns, ids)
    now = replace(found, table=table, _rehearsed=table["score"], _features=features).answered([n], wrong=True)
    for _ in range(29):
        asked = now.unsure(1).index
        now = now.answered(asked, wrong=is_boat[asked].tolist())
    likely = now.table["score"].sort_index().to_numpy() >= 0.5
    assert likely[is_boat].mean() >= 0.95
    assert likely[~is_boat & (chance < 0.1)].sum() <= 3


def test_rows_that_answers_raised_are_asked_about_by_turns(found: nl.Suspects) -> None:
    table = found.table
    start = table[(table["score"] < 0.3).to_numpy() & table["instance_id"].notna().to_numpy()].index[0]
    now = found.answered([start], wrong=True)
    rows = now.unsure(6)
    change = np.log(now.table["score"] + 1e-6) - np.log(found.table["score"] + 1e-6)
    below = now.table.index[(now.table["score"] < 0.5).to_numpy() & (now.table.index != start)]
    assert change[rows.index[0]] >= change[below].quantile(0.9)
    assert rows.index.is_unique
    assert len(rows) == 6
    far = (now.table["score"] - 0.5).abs().drop(start)
    assert far[rows.index[1]] == far.drop(rows.index[0]).min()


def test_answers_add_up_and_the_order_of_asking_does_not_matter(found: nl.Suspects) -> None:
    a, b = found.table.index[:2].tolist()
    one = found.answered([a], wrong=True).answered([b], wrong=False)
    both = found.answered([b, a], wrong=[False, True])
    scores = [f.table["score"].sort_index() for f in (one, both)]
    pd.testing.assert_series_equal(*scores, atol=1e-5)
    assert one.summary()["answered"].sum() == 2
    assert len(found.answers) == 0


def test_the_least_sure_come_first_without_those_answered(found: nl.Suspects) -> None:
    top = found.unsure(3)
    far = (found.table["score"] - 0.5).abs()
    assert far[top.index].tolist() == sorted(far)[:3]
    after = found.answered(top.index[:1], wrong=True).unsure(5)
    assert top.index[0] not in after.index


def test_what_looks_alike_is_found_in_the_table_nearest_first(found: nl.Suspects) -> None:
    pair = found.table.index[found.table["instance_id"].isin([48]).to_numpy()]
    near = found.similar(pair, n=3)
    assert near["instance_id"].iloc[0] == 1002  # its copy
    assert not near.index.isin(pair).any()


def test_crowds_and_what_lies_where_nobody_knows_are_not_judged(world: World) -> None:
    tables, about = world.spoiled()
    everywhere = rle.encode(np.ones((SIDE, SIDE)))
    rows = tables.instances.copy()
    rows.loc[about["swapped"], "crowd"] = True
    region = pd.DataFrame({"image_id": [0], "mask": [everywhere], "kind": ["ignore"]})
    regions = conform(region, "regions", LABELS)
    part = replace(Snapshot.of(tables), instances=rows, regions=regions)
    found = nl.suspects(part, world.run.matched_to(part))
    judged = found.table
    assert not (judged["image_id"] == 0).any()
    assert not judged["instance_id"].isin([about["swapped"]]).any()
    assert found.n_left_out == 8


def test_nothing_is_missing_on_an_image_that_is_not_labeled_all_over(world: World) -> None:
    tables, about = world.spoiled()
    images = tables.images.copy()
    images.loc[0, "state"] = "partial"
    part = replace(tables, images=images)
    found = nl.suspects(part, world.run.matched_to(part))
    assert not len(world.row_of(found, "missing", about["missing"]))


def test_an_image_that_lacks_instances_is_listed_and_becomes_partial(world: World, tmp_path: Path) -> None:
    rows = world.truth.instances
    rows = rows[(rows["image_id"] != 7).to_numpy()]
    images = world.truth.images.copy()
    images.loc[7, "state"] = "empty"
    tables = nl.Tables.of(images, rows, LABELS, world.truth.image_root)
    found = nl.suspects(tables, world.run.matched_to(tables), rate=0.1)
    state = found.table[(found.table["kind"] == "state").to_numpy()]
    assert state["image_id"].tolist() == [7]
    missing = found.table[((found.table["kind"] == "missing") & (found.table["image_id"] == 7)).to_numpy()]
    with tables.save(tmp_path / "fish.nbal") as ds:
        ds.apply(found.change(state))
        assert ds.images["state"].at[7] == "unlabeled"
        ds.undo()
        ds.apply(found.change(missing))
        assert ds.images["state"].at[7] == "partial"
        assert (ds.instances["image_id"] == 7).sum() == len(missing)
        ds.revert(found)
        assert ds.images["state"].at[7] == "empty"


def test_a_run_on_training_images_is_said_so(world: World) -> None:
    tables, _ = world.spoiled()
    part = replace(tables, images=tables.images.assign(split="train"))
    found = nl.suspects(part, world.run.matched_to(part))
    assert "24 of the 24 images judged are for training" in found.note
    assert found.note in found._repr_html_()


class Memory:
    """A model that predicts the truth, and remembers what it was taught and asked."""

    def __init__(self, world: World, course: list[tuple[set[int], set[int]]]) -> None:
        self.world, self.course, self.mine = world, course, set[int]()

    def __deepcopy__(self, memo: dict[int, Any]) -> Memory:
        return Memory(self.world, self.course)

    def train(self, tables: Any, **_: Any) -> nl.Run:
        images = tables.images
        taught = (images["weight"] > 0) & (images["split"] != "test")
        self.mine = set(images.index[taught.to_numpy()].tolist())
        return nl.Run(id="t", kind="train")

    def predict(self, _: Any, images: Any = None, **__: Any) -> nl.Run:
        self.course.append((self.mine, set(images)))
        found = self.world.run.predictions
        found = found[found["image_id"].isin(images)]
        ids = np.array(images)
        return nl.Run(id="p", kind="predict", labels=LABELS, predictions=found, predicted_ids=ids)

    def embed(self, *_: Any, **__: Any) -> nl.Embeddings:
        return nl.Embeddings.none()


def test_a_model_never_judges_an_image_that_it_learned(world: World) -> None:
    tables, about = world.spoiled()
    part = replace(tables, images=tables.images.assign(split=["test"] * 4 + ["train"] * (N - 4)))
    course: list[tuple[set[int], set[int]]] = []
    found = nl.suspects(part, model=Memory(world, course), folds=3)
    assert len(course) == 3
    assert set.union(*(asked for _, asked in course)) == set(range(N))
    assert all(taught and not (taught & asked) for taught, asked in course)
    assert found.note == ""
    assert found.table["instance_id"].iloc[:14].isin([about["spurious"]]).any()


def test_kinds_choose_rows(world: World) -> None:
    tables, _ = world.spoiled()
    found = nl.suspects(tables, world.run.matched_to(tables), kinds=["missing", "duplicate"])
    assert set(found.table["kind"]) == {"missing", "duplicate"}
    answered = found.answered(found.table.index[:1], wrong=True)
    assert len(answered.table) == len(found.table)


def test_a_model_with_other_labels_proposes_only_those_of_the_tables(world: World, tmp_path: Path) -> None:
    tables, about = world.spoiled()
    rows = world.run.predictions
    named = rows["label"].astype(object).where(rows["image_id"] != 0, "star")
    labels = ("star", *LABELS)
    found = conform(rows.assign(label=named.to_numpy()), "predictions", labels)
    run = nl.Run(id="other", kind="predict", labels=labels, predictions=found)
    suspects = nl.suspects(tables, run)
    missing = suspects.table[(suspects.table["kind"] == "missing").to_numpy()]
    assert not (missing["image_id"] == 0).any()
    assert suspects.table["guess"].isin(LABELS).all()
    swapped = suspects.table[suspects.table["instance_id"].isin([about["swapped"]]).to_numpy()]
    assert (swapped["guess"] != swapped["label"]).all()


def test_rows_open_as_instances_and_predictions(found: nl.Suspects) -> None:
    head = found.table.iloc[:8]
    assert found.instances(head).index.tolist() == head["instance_id"].dropna().drop_duplicates().tolist()
    assert found.predictions(head).index.isin(head["prediction_id"]).all()
    assert "likely" in repr(found)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({}, "neither"), ({"folds": 1}, "folds"), ({"rate": 0}, "rate"), ({"model": True}, "both")],
)
def test_arguments_that_cannot_be_are_refused(world: World, arguments: dict[str, Any], message: str) -> None:
    given: dict[str, Any] = dict(arguments)
    run = None if message == "neither" else world.run
    if "model" in given:
        given["model"] = Memory(world, [])
    with pytest.raises(DataError, match=message):
        nl.suspects(world.truth, run, **given)


def test_names_that_are_not_there_are_refused(world: World, found: nl.Suspects) -> None:
    with pytest.raises(UnknownNameError, match="wrong kind"):
        nl.suspects(world.truth, world.run, kinds=["wrong kind"])
    with pytest.raises(UnknownNameError, match="999999"):
        found.change([999999])
    with pytest.raises(DataError, match="one answer per row"):
        found.answered(found.table.index[:2], wrong=[True])


def test_boundary_iou_sees_what_mask_iou_does_not() -> None:
    def disc(x: int, y: int, r: int) -> np.ndarray:
        rows, columns = np.mgrid[:SIDE, :SIDE]
        return np.hypot(columns - x, rows - y) <= r

    big, near = disc(36, 36, 30), disc(38, 36, 30)
    sizes = np.array([[SIDE, SIDE]])
    a, b = [rle.encode(big)], [rle.encode(near)]
    assert boundary_ious(a, b, sizes)[0] < rle.iou_pairs(a, b)[0]
    assert boundary_ious(a, a, sizes)[0] == 1
    assert boundary_ious(a, [rle.encode(disc(5, 5, 3))], sizes)[0] == 0
