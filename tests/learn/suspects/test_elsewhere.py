"""The list is ranked anew by what became known elsewhere: audits, propagations, reviews, edits."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.core.geometry.masks import rle

pytest.importorskip("sklearn")

SIZE = 96


class Case:
    """A dataset, a run, and what is suspected at first; edits are taken back by ``fresh``."""

    def __init__(self, folder: Path) -> None:
        self.ds = nl.demo.reef(
            folder / "reef.nbal", n_images=90, n_labeled=80, n_test=0, size=SIZE, by_species=True
        )
        self.ds.set(self.ds.instances.index[::2], status="accepted")
        self.run = nl.demo.simulated_run(self.ds)
        rows = self.ds.instances.iloc[::9].index  # some errors: other places
        moved = [
            rle.encode(np.roll(rle.decode(m, SIZE, SIZE), 9, 1)) for m in self.ds.instances["mask"][rows]
        ]
        self.ds.set(rows, mask=moved)
        found = self.run.matched_to(self.ds)
        lost = self.ds.instances.index[4::9]
        self.ds.remove(self.ds.instances.loc[lost])
        self.found = nl.suspects(self.ds, found)
        self.ds.commit("with errors")

    def fresh(self) -> None:
        """Take back all edits."""
        if self.ds.status():
            self.ds.discard()

    def row(self, *kinds: str, n: int = 0) -> Any:
        table = self.found.table
        return table[table["kind"].isin(kinds).to_numpy()].iloc[n]

    def label(self, n: int = 0) -> Any:
        table = self.found.table
        return table[(table["instance_id"].notna() & (table["kind"] != "duplicate")).to_numpy()].iloc[n]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Any:
    case = Case(tmp_path_factory.mktemp("elsewhere"))
    yield case
    case.ds.close()


@pytest.fixture
def case(made: Case) -> Any:
    yield made
    made.fresh()


def others(found: nl.Suspects, row: Any) -> pd.Series:
    """Scores of all rows but one, by id."""
    return found.table["score"].sort_index().drop(row.name)


def test_without_news_nothing_changes(case: Case) -> None:
    now = case.found.updated()
    pd.testing.assert_series_equal(
        now.table["score"].sort_index(), case.found.table["score"].sort_index(), check_exact=False, atol=1e-6
    )
    assert not len(now.answers)
    assert not now.table["settled"].any()


def test_answers_of_an_audit_rank_the_list_anew(case: Case) -> None:
    a = nl.audit(case.ds, estimate=True, width=0.01, journal=False)
    table = case.found.table.dropna(subset="instance_id").set_index("instance_id")
    likely = table["score"].to_numpy() > 0.5
    wrong = set(table.index[likely])
    while (question := a.ask()) is not None and a.n_answers < 30:
        a.tell(question, [i not in wrong for i in question.ids])
    now = case.found.updated(a)
    said = a.answers
    assert len(said) == a.n_answers >= 20
    ids = now.table.loc[now.answers.index, "instance_id"]
    assert set(ids) <= set(said.index)
    assert (~now.answers).tolist() == said["right"].reindex(ids.astype(int)).tolist()
    scores = now.table["score"].loc[now.answers.index]
    assert (scores == now.answers.astype(float)).all()
    left = case.found.table.index.difference(now.answers.index)
    moved = (now.table["score"] - case.found.table["score"]).loc[left].abs()
    assert moved.max() > 0.02  # calibrated anew, not only those asked about
    assert now.table.index.tolist() != case.found.table.index.tolist()
    assert now.table["score"].is_monotonic_decreasing
    summary = now.summary()
    assert summary["answered"].sum() == len(now.answers)
    assert summary["expected"].sum() != case.found.summary()["expected"].sum()
    assert len(case.found.answers) == 0


def test_audits_are_read_again_and_own_answers_count_more(case: Case) -> None:
    a = nl.audit(case.ds, estimate=True, width=0.01, journal=False)
    question = a.ask()
    a.tell(question, [False] * len(question.ids))
    now = case.found.updated(a)
    assert now.answers.all()
    top = now.answers.index[0]
    own = now.answered([top], wrong=False)
    assert not own.answers[top]
    a.undo()
    again = own.updated()
    assert again.answers.to_dict() == {top: False}


def test_masks_changed_before_an_audit_are_not_taken_for_those_that_were_judged(case: Case) -> None:
    row = case.label()
    grown = rle.decode(case.ds.instances.at[row["instance_id"], "mask"], SIZE, SIZE)
    grown[:2, :2] = True
    case.ds.set([row["instance_id"]], mask=[rle.encode(grown)])
    a = nl.audit(case.ds, [row["instance_id"]], estimate=True, journal=False)
    a.tell(a.ask(), [False])
    assert row.name not in case.found.updated(a).answers.index


def test_the_view_of_an_audit_tells_what_is_missing(case: Case) -> None:
    missing = case.found.predictions()
    view = nl.Verify(nl.audit(case.run.matched_to(case.ds), missing.index, estimate=True, journal=False))
    question = view.p.ask()
    view.p.tell(question, question.ids % 2 == 0)
    now = case.found.updated(view)
    asked = now.table["prediction_id"].loc[now.answers.index].astype(int)
    assert sorted(asked) == sorted(question.ids)
    assert now.answers.tolist() == (asked % 2 == 0).tolist()
    view.close()


def test_a_propagation_gives_its_answers(case: Case) -> None:
    p = nl.propagate(case.run.matched_to(case.ds), min_area=0, strategy="verify-all", journal=False)
    said = {}
    while (question := p.ask()) is not None:
        said |= dict(zip(question.ids.tolist(), (question.ids % 3 > 0).tolist(), strict=True))
        p.tell(question, question.ids % 3 > 0)
    assert said
    assert p.answers["right"].to_dict() == said
    assert p.answers["mask"].tolist() == case.run.predictions["mask"].loc[p.answers.index].tolist()
    case.found.updated(p)


def test_a_prediction_that_was_said_to_be_right_is_a_missing_label(case: Case) -> None:
    row = case.row("missing")
    found = case.run.predictions.loc[[row["prediction_id"]]]
    a = nl.audit(case.run.matched_to(case.ds), found.index, estimate=True, journal=False)
    a.tell(a.ask(), [True])
    now = case.found.updated(a)
    assert now.answers.to_dict() == {row.name: True}
    assert not now.table["settled"].any()  # it still is to be added
    assert (others(now, row) != others(case.found, row)).any()


def test_a_yes_about_one_of_two_says_nothing_of_the_pair(case: Case) -> None:
    table = case.found.table.copy()
    row = case.label()
    table["kind"] = table["kind"].where(table.index != row.name, "duplicate")
    pair = replace(case.found, table=table)
    a = nl.audit(case.ds, [row["instance_id"]], estimate=True, journal=False)
    a.tell(a.ask(), [True])
    assert not len(pair.updated(a).answers)
    a.undo()
    a.tell(a.ask(), [False])
    assert pair.updated(a).answers.to_dict() == {row.name: True}


@pytest.mark.parametrize("edit", ["removed", "renamed", "redrawn", "in a review"])
def test_a_label_that_was_edited_was_wrong_and_is_no_suspicion_any_more(case: Case, edit: str) -> None:
    row, ds = case.label(), case.ds
    one = ds.instances.loc[[row["instance_id"]]]
    if edit == "removed":
        ds.remove(one)
    elif edit == "renamed":
        ds.instances.loc[one.index, "label"] = next(name for name in ds.labels if name != row["label"])
    elif edit == "redrawn":
        ds.set(one.index, mask=[rle.encode(np.roll(rle.decode(one["mask"].iloc[0], SIZE, SIZE), 30, 0))])
    else:
        ds.answer(one, "reject", seconds=1.0)
    now = case.found.updated()
    assert now.answers.to_dict() == {row.name: True}
    assert now.table.index[-1] == row.name
    assert now.table["score"].iloc[-1] == 0
    assert now.summary()["settled"].sum() == 1
    assert row.name not in now.unsure(len(now.table)).index
    assert row["instance_id"] not in now.instances().index
    assert not now.change([row.name]).tables  # there is nothing to mend
    assert (others(now, row) != others(case.found, row)).any()
    case.fresh()
    again = now.updated()
    assert not len(again.answers)
    assert not again.table["settled"].any()


@pytest.mark.parametrize("status", ["accepted", "verified"])
def test_what_a_review_accepted_is_right(case: Case, status: str) -> None:
    table = case.found.table.dropna(subset="instance_id")
    has = case.ds.instances["status"].reindex(table["instance_id"].astype(int)) == status
    row = table[has.to_numpy()].iloc[0]
    review = nl.Review(case.ds, case.ds.instances.loc[[row["instance_id"]]], again=True, annotator="anna")
    review.answer(item_id=int(row["instance_id"]), what="accept", seconds=1.0)
    assert len(case.found.updated().answers) == (status == "accepted")
    now = case.found.updated(review)
    review.close()
    assert now.answers.to_dict() == {row.name: False}
    assert now.table["score"].at[row.name] == 0
    assert now.table["settled"].sum() == 0


def test_what_was_missing_and_was_added_or_rejected_is_known(case: Case) -> None:
    taken, refused, by_hand = (case.row("missing", n=n) for n in range(3))
    found = case.run.predictions
    case.ds.accept(found.loc[[taken["prediction_id"]]])
    case.ds.reject(found.loc[[refused["prediction_id"]]])
    drawn = found.loc[[by_hand["prediction_id"]], ["image_id", "label", "mask"]]
    pixels = rle.decode(drawn["mask"].iloc[0], SIZE, SIZE)
    pixels[tuple(np.argwhere(pixels)[0])] = False
    case.ds.add_instances(drawn.assign(mask=[rle.encode(pixels)], source="human").reset_index(drop=True))
    now = case.found.updated()
    assert now.answers[[taken.name, refused.name, by_hand.name]].tolist() == [True, False, True]
    settled = now.table.index[now.table["settled"].to_numpy()]
    assert sorted(settled) == sorted([taken.name, by_hand.name])


def test_a_label_that_got_another_name_everywhere_is_no_error(case: Case) -> None:
    old = case.ds.labels[0]
    case.ds.rename_label(old, "quite another")
    assert not len(case.found.updated().answers)


def test_a_slightly_other_outline_settles_what_is_about_the_outline_alone(case: Case) -> None:
    outline, other = case.label(), case.label(1)
    kinds = case.found.table["kind"].copy()
    kinds[[outline.name, other.name]] = ["outline", "spurious"]
    found = replace(case.found, table=case.found.table.assign(kind=kinds))
    for row in (outline, other):
        pixels = rle.decode(case.ds.instances.at[row["instance_id"], "mask"], SIZE, SIZE)
        pixels[tuple(np.argwhere(pixels)[0])] = False
        case.ds.set([row["instance_id"]], mask=[rle.encode(pixels)])
    now = found.updated()
    assert not len(now.answers)
    assert now.table.index[now.table["settled"].to_numpy()].tolist() == [outline.name]


def test_what_has_no_answers_about_masks_is_refused(case: Case) -> None:
    with pytest.raises(DataError, match=r"audits, propagations.*int"):
        case.found.updated(7)
    tiles = nl.completeness_audit(case.ds, tile=48, journal=False)
    with pytest.raises(DataError, match="about tiles"):
        case.found.updated(tiles)


def test_many_answers_are_learned_from_in_seconds() -> None:
    from nbalabel.learn.suspects.answers import corrected

    rng = np.random.default_rng(0)
    features, answered = rng.normal(size=(6000, 8)), np.arange(5000)
    wrong = features[:5000, 0] > 1
    out = corrected(np.full(6000, 0.05), features, np.zeros(6000, np.int64), answered, wrong)
    assert (out[:5000] == wrong).all()
    high = features[5000:, 0] > 1.3
    assert out[5000:][high].mean() > 2 * out[5000:][~high].mean()
