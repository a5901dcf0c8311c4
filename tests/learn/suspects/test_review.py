"""Suspicions in a review: asked in their order, corrected as they suggest, all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.widgets.review import ranking
from nbalabel.widgets.review.items import CORRECTED, OPEN

pytest.importorskip("sklearn")

SIDE = 72
WORDS = {
    "missing": "Add",
    "spurious": "Remove",
    "swapped": "Rename to ",
    "outline": "Take this outline",
    "merged": "Part into 2",
    "split": "Join 2 masks",
    "duplicate": "Remove",
}


class Case:
    """A dataset with one error of each kind, and reviews of what is suspected of it."""

    def __init__(self, world: Any, folder: Path) -> None:
        tables, self.about = world.spoiled()
        self.world, self.ds = world, tables.save(folder / "fish.nbal")
        self.run = world.run.matched_to(self.ds)
        self.found = nl.suspects(self.ds, self.run, seed=1)

    def review(self, kind: str) -> tuple[nl.Review, int]:
        """A review of the suspects as if the error were listed as this kind, and the row of the error."""
        number = self.about[kind]
        row = self.world.row_of(self.found, kind, number).iloc[:1]
        of = "predictions" if kind == "missing" else "instances"
        ws = nl.Workspace(self.ds, self.run)
        found = self.world.as_kind(self.found, row, kind)
        return nl.Review(ws, found, of=of, annotator="anna"), number


@pytest.fixture(scope="module")
def made(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    case = Case(world, tmp_path_factory.mktemp("review"))
    yield case
    case.ds.close()


@pytest.fixture
def case(made: Case, monkeypatch: pytest.MonkeyPatch) -> Iterator[Case]:
    monkeypatch.setattr(ranking, "_SHARE", 0.0)  # ranked anew after each answer
    yield made
    if made.ds.next_undo:
        made.ds.discard()


def suggested(review: nl.Review, number: int) -> tuple[dict[str, Any], list[Any]]:
    head, buffers = review.item(item_id=number)
    return head["correction"], buffers[2:]


def state(review: nl.Review, number: int) -> int:
    _, buffers = review.states()
    return int(np.frombuffer(buffers[0], np.uint8)[review._ids.tolist().index(number)])


def errors(case: Case) -> int:
    found = nl.match(case.ds.instances.assign(score=1.0), case.world.truth.instances, iou=0.9)
    return len(found.missed) + int((~found.predictions["matched"]).sum())


def test_suspicious_instances_and_missing_labels_are_reviewed_in_their_order(case: Case) -> None:
    labels = case.found.instances(case.found.table.head(30))
    review = nl.Review(nl.Workspace(case.ds, case.run), labels, again=True)
    assert review.left.index.tolist() == labels.index.tolist()
    assert review.item(item_id=int(labels.index[0]))[0]["correction"] is None  # rows, and no suspects
    missing = case.found.predictions()
    assert missing.index.isin(case.run.predictions.index).all()
    review.close()


@pytest.mark.parametrize("kind", list(WORDS))
def test_one_key_corrects_as_the_button_says_and_u_takes_it_back(case: Case, kind: str) -> None:
    review, number = case.review(kind)
    correction, masks = suggested(review, number)
    assert correction["word"].startswith(WORDS[kind])
    drawn = {"outline": 1, "merged": 2, "split": 1}.get(kind, 0)
    assert len(masks) == len(correction["outlines"]) == drawn
    before, labels = errors(case), case.ds.instances.copy()
    given = review.summary()["corrected"].sum()

    review.correct(item_id=number, word=correction["word"], seconds=2.0)
    assert errors(case) < before
    entry = case.ds.log().iloc[0]
    assert entry["origin"] == f"anna, {case.found.id}"
    assert entry["seconds"] == 2.0
    assert f"(1 {kind})" in entry["note"]
    assert review.summary().loc["anna", "corrected"] == given + 1
    assert state(review, number) == CORRECTED
    changed = case.ds.instances[~case.ds.instances.index.isin(labels.index)]
    assert (changed["status"] == "verified").all()
    about = review.suspects.table
    column = "prediction_id" if kind == "missing" else "instance_id"
    row = about[about[column].isin([number]).to_numpy()].iloc[:1]
    assert row["settled"].all()
    assert review.suspects.answers.loc[row.index].tolist() == [True]  # counted as wrong

    review.take_back(item_id=number)
    assert case.ds.instances["mask"].tolist() == labels["mask"].tolist()
    assert state(review, number) == OPEN
    review.make_again(item_id=number)
    assert state(review, number) == CORRECTED
    case.ds.revert(case.found)
    assert case.ds.instances["label"].tolist() == labels["label"].tolist()
    review.close()


def test_all_instances_that_a_correction_touches_are_settled_in_the_review(case: Case) -> None:
    review, number = case.review("split")
    correction, _ = suggested(review, number)
    assert sorted(correction["ids"]) == sorted([number, 1001])
    n = len(review.left)
    review.correct(item_id=number, word=correction["word"])
    assert [state(review, number), state(review, 1001)] == [CORRECTED, CORRECTED]
    assert len(review.left) == n - 2
    review.take_back(item_id=number)
    assert [state(review, number), state(review, 1001)] == [OPEN, OPEN]
    review.close()


def test_a_small_change_of_the_outline_counts_as_wrong_too(case: Case) -> None:
    review, number = case.review("outline")
    row = review.suspects.table.query("instance_id == @number").iloc[:1]
    near = rle.decode(case.ds.instances.at[number, "mask"], SIDE, SIDE)
    near[tuple(np.argwhere(near)[0])] = False
    predictions = review.suspects._predictions.copy()
    predictions["mask"] = predictions["mask"].where(
        predictions.index != row["prediction_id"].iloc[0], rle.encode(near)
    )
    review = nl.Review(review.workspace, replace(review.suspects, _predictions=predictions))
    review.correct(item_id=number, word="Take this outline")
    review.states()
    assert review.suspects.answers.loc[row.index].tolist() == [True]
    review.close()


def test_the_second_of_a_pair_stays_once_the_first_was_removed(case: Case) -> None:
    pair = case.found.table[case.found.table["instance_id"].isin([48, 1002]).to_numpy()]
    found = case.world.as_kind(case.found, pair, "duplicate")
    review = nl.Review(nl.Workspace(case.ds, case.run), found)
    review.correct(item_id=1002, word="Remove")
    assert suggested(review, 48)[0]["word"] == ""
    with pytest.raises(DataError, match="No correction is suggested"):
        review.correct(item_id=48, word="Remove")
    assert 48 in case.ds.instances.index
    review.close()


def test_an_odd_label_has_no_correction_and_says_so(case: Case) -> None:
    row = case.world.row_of(case.found, "swapped", case.about["swapped"]).iloc[:1]
    review = nl.Review(nl.Workspace(case.ds, case.run), case.world.as_kind(case.found, row, "odd"))
    head, _ = review.item(item_id=case.about["swapped"])
    assert head["correction"]["word"] == ""
    assert "an instance that is odd" in head["correction"]["why"]
    assert ["correction", "none", "text"] in head["facts"]
    assert review.suspects.change(row).note == "mended 0 suspicions; nothing to do for 1"
    with pytest.raises(DataError, match="Nothing was done"):
        review.correct(item_id=case.about["swapped"], word="")
    review.close()


@pytest.mark.parametrize("kind", ["spurious", "outline", "merged", "split"])
def test_a_label_edited_meanwhile_is_not_overwritten(case: Case, kind: str, monkeypatch: Any) -> None:
    review, number = case.review(kind)
    word = suggested(review, number)[0]["word"]
    monkeypatch.setattr(ranking, "_SHARE", 1e9)  # the ranking does not know of the edit yet
    review.states()
    square = np.zeros((SIDE, SIDE), bool)
    square[10:20, 10:20] = True
    case.ds.set([number], mask=[rle.encode(square)])
    before = case.ds.instances.copy()
    with pytest.raises(DataError, match=f"instances {number} was changed since .* nothing was done"):
        review.correct(item_id=number, word=word)
    assert case.ds.instances.equals(before)
    case.ds.remove([number])
    with pytest.raises((DataError, UnknownNameError), match=r"(?i)nothing was done"):
        review.correct(item_id=number, word=word)
    review.close()


def test_what_was_drawn_meanwhile_is_not_added_twice(case: Case, monkeypatch: Any) -> None:
    review, number = case.review("missing")
    monkeypatch.setattr(ranking, "_SHARE", 1e9)
    review.states()
    case.ds.accept(case.run.predictions.loc[[number]])
    n = len(case.ds.instances)
    with pytest.raises(DataError, match="would overlap instances"):
        review.correct(item_id=number, word="Add")
    assert len(case.ds.instances) == n
    review.close()


def test_a_button_that_says_something_else_does_nothing(case: Case) -> None:
    review, number = case.review("spurious")
    with pytest.raises(DataError, match="the suggestion is 'Remove' by now, not 'Rename to disc'"):
        review.correct(item_id=number, word="Rename to disc")
    plain = nl.Review(review.workspace, case.ds.instances.head(3))
    with pytest.raises(DataError, match="in a review of suspects"):
        plain.correct(item_id=int(case.ds.instances.index[0]), word="Remove")
    review.close()


def test_an_answer_given_before_is_taken_back_by_the_correction(case: Case) -> None:
    review, number = case.review("outline")
    review.answer(item_id=number, what="accept")
    review.correct(item_id=number, word="Take this outline")
    assert state(review, number) == CORRECTED
    review.take_back(item_id=number)
    assert state(review, number) != CORRECTED
    review.close()
