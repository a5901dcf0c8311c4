from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.tables.of_images import groups_of
from nbalabel.learn.embed.pooling import Embeddings
from nbalabel.learn.planning.candidates import candidates
from nbalabel.learn.planning.chances import Chances, chances
from nbalabel.learn.planning.kinds import CORRECT, DRAW, EMPTY, KINDS, REVIEW, VERIFY
from nbalabel.learn.planning.missing import missing, unfound


@pytest.fixture(scope="module")
def reef(tmp_path_factory: Any) -> Any:
    folder = tmp_path_factory.mktemp("plan") / "reef.nbal"
    return nl.demo.reef(folder, n_images=140, n_labeled=24, n_test=24, size=96, seed=3)


@pytest.fixture(scope="module")
def run(reef: Any) -> nl.Run:
    return nl.demo.simulated_run(reef)


@pytest.fixture(scope="module")
def made(reef: Any, run: nl.Run) -> nl.Plan:
    return nl.plan(reef, run, minutes=10)


def test_a_plan_has_a_row_per_kind_of_work_with_an_interval_around_its_gain(made: nl.Plan) -> None:
    table = made.table
    assert set(table.index) == set(KINDS)
    assert (table["low"] <= table["gain"]).all()
    assert (table["gain"] <= table["high"]).all()
    assert table["per_minute"].is_monotonic_decreasing
    assert table["minutes"].sum() <= 10 + 1e-6
    assert set(table["paced"]) == {"assumed"}


def test_rows_are_those_that_fit_the_surest_first_and_wait_for_labels(made: nl.Plan, reef: Any) -> None:
    review, images = made.rows(REVIEW), made.rows(DRAW)
    assert len(review) == min(made.table.loc[REVIEW, "fits"], made.table.loc[REVIEW, "available"])
    assert review["chance"].is_monotonic_decreasing
    waiting = reef.images.query("state == 'unlabeled' and split == 'train'").index
    assert review["image_id"].isin(waiting).all()
    assert images.index.isin(waiting).all()
    assert not made.rows(CORRECT).index.isin(review.index).any()


def test_what_is_planned_is_about_what_a_reviewer_gets(made: nl.Plan, reef: Any, run: nl.Run) -> None:
    judged = nl.match(run.predictions, nl.demo.truth(reef).instances, reef.images).predictions
    real = (judged.loc[made.rows(REVIEW).index, "iou"] >= 0.75).sum()
    assert made.table.loc[REVIEW, "low"] <= real <= made.table.loc[REVIEW, "high"]
    empty = ~made.rows(EMPTY).index.isin(nl.demo.truth(reef).instances["image_id"])
    assert empty.mean() > 0.6


def test_longer_bring_more_and_their_rows_hold_the_shorter_ones(
    reef: Any, run: nl.Run, made: nl.Plan
) -> None:
    short = nl.plan(reef, run, minutes=3)
    rows = [name for name in KINDS if name != VERIFY]
    assert (short.table.loc[rows, "gain"] <= made.table.loc[rows, "gain"] + 1e-9).all()
    assert short.rows(REVIEW).index.isin(made.rows(REVIEW).index).all()


def test_the_same_seed_makes_the_same_plan(reef: Any, run: nl.Run, made: nl.Plan) -> None:
    again = nl.plan(reef, run, minutes=10)
    pd.testing.assert_frame_equal(again.table, made.table)


def test_the_propagation_of_a_plan_asks_about_its_candidates(made: nl.Plan) -> None:
    p = made.propagation()
    question = p.ask()
    assert question is not None
    assert set(question.ids) <= set(made.rows(VERIFY).index)
    p.propagation.close()  # type: ignore[attr-defined]


def test_a_card_shows_table_chart_and_where_numbers_come_from(made: nl.Plan) -> None:
    card = made._repr_html_()
    assert "<img src=" in card
    assert "held-out images" in card
    assert all(name in card for name in KINDS)
    assert repr(made).startswith("Plan(10 minutes: ")


def test_worth_turns_the_plan_to_empty_images(reef: Any, run: nl.Run) -> None:
    turned = nl.plan(reef, run, minutes=2, worth={EMPTY: 50}).table
    all_of_them = turned.loc[EMPTY, "available"] * turned.loc[EMPTY, "seconds"] / 60
    assert turned.loc[EMPTY, "minutes"] == pytest.approx(min(all_of_them, 2))
    assert turned.index[0] == EMPTY


def test_decided_predictions_and_those_of_labeled_things_are_no_candidates(tmp_path: Any) -> None:
    ds = nl.demo.reef(tmp_path / "r.nbal", n_images=40, n_labeled=8, n_test=4, size=96)
    run = nl.demo.simulated_run(ds)
    chance = run.predictions["score"].astype(float)
    before = candidates(ds, run, chance)
    ds.accept(before.iloc[:3])
    ds.reject(before.iloc[3:5])
    after = candidates(ds, run, chance)
    assert not after.index.isin(before.index[:5]).any()
    held = ds.images.index[ds.images["split"] == "test"]
    assert not after["image_id"].isin(held).any()


def test_without_labeled_images_the_interval_is_wide_and_the_notes_say_so(reef: Any, run: nl.Run) -> None:
    images = reef.images.assign(state="unlabeled", split="train")
    bare = nl.Tables.of(images, reef.instances.iloc[:0], reef.labels, reef.image_root)
    blind = nl.plan(bare, run, minutes=5)
    assert "scores alone" in blind.notes[REVIEW]
    row = blind.table.loc[REVIEW]
    assert row["high"] > 1.8 * row["low"]


def test_without_embeddings_there_are_no_clusters_but_all_else(reef: Any, run: nl.Run) -> None:
    plain = replace(run, embeddings=Embeddings.none())
    table = nl.plan(reef, plain, minutes=5).table
    assert table.loc[VERIFY, "gain"] == 0
    assert (table.loc[[REVIEW, DRAW], "gain"] > 0).all()


def test_a_finished_dataset_leaves_nothing_to_do(tmp_path: Any) -> None:
    ds = nl.demo.reef(tmp_path / "r.nbal", n_images=12, n_labeled=12, n_test=0, size=96)
    done = nl.plan(ds, nl.demo.simulated_run(ds))
    assert done.table["available"].sum() == 0
    assert "nothing to do" in done.sentence()


@pytest.mark.parametrize("wrong", [{"minutes": 0}, {"level": 1.0}, {"worth": {CORRECT: -1}}])
def test_numbers_out_of_range_are_refused(reef: Any, run: nl.Run, wrong: dict[str, Any]) -> None:
    with pytest.raises(DataError):
        nl.plan(reef, run, **wrong)


def test_unknown_work_is_refused(reef: Any, run: nl.Run, made: nl.Plan) -> None:
    with pytest.raises(UnknownNameError, match="sleep"):
        nl.plan(reef, run, worth={"sleep": 1})
    with pytest.raises(UnknownNameError, match="sleep"):
        made.rows("sleep")


def test_images_of_one_group_count_once() -> None:
    images = pd.DataFrame({"group": ["a", "a", None, None]}, index=[1, 2, 3, 4])
    codes = groups_of(images, pd.Series([1, 2, 3, 4, 4]))
    assert codes[0] == codes[1]
    assert len(set(codes.tolist())) == 3
    none = pd.DataFrame({"group": pd.Categorical([None, None])}, index=[1, 2])
    assert groups_of(none, pd.Series([1, 2, 2])).tolist() == [0, 1, 1]


def fixed(value: float, n: int, between: float) -> tuple[Chances, pd.DataFrame]:
    """Chances that are the same for all rows, ten rows per image."""
    ids = pd.RangeIndex(n, name="prediction_id")
    curve = np.full((5, 101), value)
    series = pd.Series(0.5, ids)
    made = Chances(
        series * 0 + value, series * 0, series, "", between, 0.0, None, (curve, curve), np.zeros((n, 0))
    )
    return made, pd.DataFrame({"image_id": np.arange(n) // 10}, ids)


def test_draws_have_the_chance_asked_for_and_vary_more_where_images_differ() -> None:
    spread = []
    for between in (0.0, 1.5):
        odds, rows = fixed(0.5, 1000, between)
        right, near = odds.draws(rows, 300, np.random.default_rng(0))
        assert right.mean() == pytest.approx(0.5, abs=0.02)
        assert not near.any()
        spread.append(right.sum(axis=1).std())
    assert spread[0] < 20 < spread[1]


def test_missing_instances_follow_what_was_missed_on_labeled_images(reef: Any, run: nl.Run) -> None:
    odds = chances(reef, run)
    images = reef.images.query("state == 'unlabeled' and split == 'train'").index.to_numpy()
    lost = missing(reef, run, odds, images, unfound(reef, run, images))
    truth = nl.demo.truth(reef).instances
    real = len(unfound(nl.demo.truth(reef), run, images))
    total = lost.draws(300, np.random.default_rng(0)).sum(axis=1)
    assert np.quantile(total, 0.01) <= real <= np.quantile(total, 0.99)
    assert (lost.expected >= 0).all()
    assert len(truth) > real
