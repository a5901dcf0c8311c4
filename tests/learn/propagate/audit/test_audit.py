from __future__ import annotations

import copy
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from nbalabel.core.errors import DataError
from nbalabel.learn.propagate.audit.allocation import best_design
from nbalabel.learn.propagate.audit.allowed_errors import TrueAnswers
from nbalabel.learn.propagate.audit.audit import Audit
from nbalabel.learn.propagate.audit.closed_testing import Verdicts, weights
from nbalabel.learn.propagate.audit.strata import Cells
from nbalabel.learn.propagate.audit.wager import Capital, Odds, bets, odds

ALPHA = 0.05


def audit(sizes, wrong, doubt=0.1, known=None, seed=0, target=0.85, alpha=ALPHA, **more):
    """An audit of consecutive rows, in strata of the given sizes."""
    stops = np.cumsum([0, *sizes])
    strata = [np.arange(a, b) for a, b in pairwise(stops)]
    doubts = np.broadcast_to(np.asarray(doubt, float), len(wrong))
    return Audit(
        strata, doubts, known or [0] * len(sizes), target_quality=target, alpha=alpha, seed=seed, **more
    )


def go_on(one, wrong, answers, batch=10, aim=None):
    """Answer truly until everything is certified or so many answers are given."""
    while one.certified < (aim or 10**9) and one.n_answers < answers:
        rows = one.draw(min(batch, answers - one.n_answers), aim)
        if not len(rows):
            break
        one.tell(rows, ~wrong[rows], aim)
    return one


def some_wrong(n, n_wrong, seed=0):
    wrong = np.zeros(n, bool)
    wrong[np.random.default_rng(seed).choice(n, n_wrong, replace=False)] = True
    return wrong


def share_right(wrong, one, size):
    """True share right among the first rows, once those that were asked and wrong are removed."""
    asked = np.concatenate([np.array([], int), *one.asked])
    kept = np.setdiff1d(np.arange(size), asked[wrong[asked]])
    return 1 - wrong[kept].mean()


def simulate(make_wrong, sizes, runs, answers, doubt=0.1, **more):
    """Share of the runs in which, ever, a certificate was false; aims and batches vary at random."""
    false = 0
    for seed in range(runs):
        rng = np.random.default_rng(seed)
        wrong = make_wrong(rng)
        one = audit(sizes, wrong, doubt(rng, wrong) if callable(doubt) else doubt, seed=seed, **more)
        one.asked = []
        while one.n_answers < answers:
            aim = None if rng.random() < 0.5 else int(rng.integers(1, len(sizes) + 1))
            rows = one.draw(int(rng.integers(1, 15)), aim)
            if not len(rows):
                break
            one.tell(rows, ~wrong[rows], aim)
            one.asked.append(rows)
            k = one.certified
            if k and share_right(wrong, one, int(np.sum(sizes[:k]))) < 0.85 - 1e-12:
                false += 1
                break
    return false / runs


# --- what a certificate is worth ------------------------------------------------------------------------


def barely_bad(sizes):
    """Every prefix holds one wrong mask more than the target allows."""

    def make(rng):
        wrong, have = [], 0
        for size, total in zip(sizes, np.cumsum(sizes), strict=True):
            n = int(0.15 * total + 1e-9) + 1 - have
            wrong.append(rng.permutation(np.arange(size) < n))
            have += n
        return np.concatenate(wrong)

    return make


@pytest.mark.parametrize("sizes", [(300,), (60, 60, 120)])
def test_sets_barely_below_the_target_are_certified_in_alpha_of_the_runs_at_most(sizes):
    runs = 150
    assert simulate(barely_bad(sizes), sizes, runs, 100) <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / runs)


@pytest.mark.parametrize("gates", [1, 2, 3])
def test_sets_tested_in_order_are_certified_falsely_in_alpha_of_the_runs_at_most(gates):
    sizes, runs = (60, 60, 120), 150
    share = simulate(barely_bad(sizes), sizes, runs, 110, gates=gates)
    assert share <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / runs)


def test_a_good_gate_does_not_open_the_way_for_a_bad_set():
    def good_then_bad(rng):
        return np.concatenate([np.zeros(60, bool), rng.permutation(np.arange(140) < 31)])  # 31 of 200

    sizes, runs = (60, 140), 150
    share = simulate(good_then_bad, sizes, runs, 110, gates=1)
    assert share <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / runs)


@pytest.mark.parametrize(
    ("sizes", "ladder", "hopes"), [((60, 60, 120), 3, [1.0]), ((60, 60, 60, 60), 2, [0.1, 0.1, 0.8])]
)
def test_a_ladder_is_certified_falsely_in_alpha_of_the_runs_at_most(sizes, ladder, hopes):
    runs = 150
    share = simulate(barely_bad(sizes), sizes, runs, 110, ladder=ladder, hopes=np.array(hopes))
    assert share <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / runs)


def test_doubts_that_mislead_do_not_mislead_the_certificate():
    def upside_down(rng, wrong):
        return np.where(wrong, 0.01, 0.2) * rng.random(len(wrong))

    sizes, runs = (100, 150), 120
    share = simulate(barely_bad(sizes), sizes, runs, 90, upside_down)
    assert share <= ALPHA + 3 * np.sqrt(ALPHA * (1 - ALPHA) / runs)


def test_capital_against_the_truth_does_not_grow_on_average():
    """Over all orders of drawing 2 of 4 rows with uneven weights, its mean is 1, exactly."""
    cells = Cells([np.arange(4)], np.array([0.1, 0.1, 0.6, 0.6]), np.random.default_rng(0))
    weight, chance = np.array([1.0, 2.5]), np.array([0.1, 0.4])
    wrong = np.array([[True, False], [True, False]])  # a wrong and a right one in both cells

    def mean(left, wrongs, steps, capital):
        if not steps:
            return np.exp(capital.log[0, 0])
        total, mass = 0.0, left @ weight
        for cell in np.flatnonzero(left):
            for bad in (True, False):
                count = wrongs[cell] if bad else left[cell] - wrongs[cell]
                if count:
                    after = copy.deepcopy(capital)
                    after.add(odds(cells, left, weight, chance, cell), 0, bad)
                    rest, still = left.copy(), wrongs.copy()
                    rest[cell] -= 1
                    still[cell] -= bad
                    total += count * weight[cell] / mass * mean(rest, still, steps - 1, after)
        return total

    start = Capital(np.array([[2, 5]]))
    assert mean(cells.size, wrong.sum(axis=1), 2, start) == pytest.approx(1.0)
    assert mean(cells.size, np.array([1, 2]), 2, start) < 1  # three wrong: less still
    assert mean(cells.size, np.array([0, 1]), 2, start) > 1  # one wrong: it grows


def test_a_bet_by_hand():
    # 2 of 10 wrong under the hypothesis, 1 expected, even draws: (2 - 1) / (2 (10 - 2)) = 1/16
    bet = bets(np.array([2.0]), np.array([1.0]), np.array([10.0]), np.array([10.0]))
    assert bet == pytest.approx(1 / 16)
    capital = Capital(np.array([[2, 11]]))
    even = Odds(np.array([10.0]), np.array([10.0]), np.array([10.0]), np.array([1.0]))
    capital.add(even, 0, wrong=False)
    assert np.exp(capital.log[0, 0]) == pytest.approx(1 + 2 / 16)  # 9/10 against 8/10
    capital.add(Odds(np.array([9.0]), np.array([9.0]), np.array([9.0]), np.array([1.0])), 0, wrong=True)
    assert np.exp(capital.log[0, 0]) == pytest.approx(9 / 8 * 1 / 2)  # 1/9 against 2/9
    assert capital.found.tolist() == [1]


def test_no_bet_is_ever_lost_altogether():
    rng = np.random.default_rng(0)
    left, expected, typical, extra = rng.random((4, 10000)) * [[50], [60], [3000], [1000]]
    largest = typical + extra
    assert (1 + bets(left, expected, typical, largest) * (left - largest) > 0).all()


# --- how it goes on -------------------------------------------------------------------------------------


def test_when_everything_was_asked_the_bound_is_the_truth():
    wrong = some_wrong(40, 12)
    one = audit([25, 15], wrong)
    go_on(one, wrong, 40, aim=2)
    while len(rows := one.draw(7, 2)):
        one.tell(rows, ~wrong[rows], 2)
    assert one.n_answers == 40
    assert one.certified == 2  # the wrong ones are out
    assert one.lower(1) == one.lower(2) == one.estimate(2) == 1


def test_a_good_set_is_certified_soon_and_its_lower_bound_reaches_the_target():
    wrong = some_wrong(3000, 30)
    one = go_on(audit([1000, 2000], wrong, 0.01), wrong, 200, aim=2)
    assert one.certified == 2
    assert one.n_answers <= 60
    assert 0.85 <= one.lower(2) <= 0.99
    assert one.estimate(2) == pytest.approx(0.99, abs=0.03)


def test_testing_many_prefixes_costs_a_good_set_little():
    wrong = some_wrong(4000, 80)
    alone = go_on(audit([4000], wrong, 0.02), wrong, 500, batch=1, aim=1)
    many = go_on(audit([200] * 20, wrong, 0.02), wrong, 500, batch=1, aim=20)
    assert many.certified == 20
    assert many.n_answers <= 2 * alone.n_answers


def test_where_all_is_too_bad_the_good_part_is_certified():
    wrong = np.concatenate([some_wrong(800, 16), some_wrong(800, 400)])
    one = audit([800, 800], wrong, gates=1, doubt=np.where(np.arange(1600) < 800, 0.02, 0.4))
    go_on(one, wrong, 100, aim=1)
    assert one.certified == 1
    assert one.n_answers < 40
    assert one.shut is None
    go_on(one, wrong, 140, aim=2)
    assert one.certified == 1
    assert one.expected_answers(1) == 0
    assert one.expected_answers(2) > 400  # what was found wrong must leave


def test_of_a_certified_set_no_more_than_the_target_is_promised_until_it_is_certain():
    wrong = some_wrong(60, 1)
    one = go_on(audit([60], wrong, 0.02), wrong, 60, batch=1, aim=1)
    assert one.lower(1) == 0.85
    while len(rows := one.draw(5, 1)):
        one.tell(rows, ~wrong[rows], 1)
    assert one.lower(1) == 1


def test_certificates_stay():
    wrong = some_wrong(600, 40)
    one = audit([200, 200, 200], wrong)
    before = 0
    for _ in range(40):
        rows = one.draw(10)
        one.tell(rows, ~wrong[rows])
        assert one.certified >= before
        before = one.certified
    assert before == 3


def test_masks_known_to_be_right_count():
    wrong = some_wrong(400, 80)  # 0.80 of the rest, 0.9 with 400 more
    assert go_on(audit([400], wrong, 0.2), wrong, 120, aim=1).certified == 0
    assert go_on(audit([400], wrong, 0.2, known=[400]), wrong, 120, aim=1).certified == 1
    assert audit([10], some_wrong(10, 0), known=[90]).certified == 1  # at most 10 of 100 are wrong


def test_a_forecast_is_about_what_it_then_takes():
    for share, seed in ((0.02, 0), (0.06, 1), (0.1, 2)):
        took, expected = [], []
        for at in range(12):
            wrong = some_wrong(3000, int(3000 * share), seed=100 * seed + at)
            one = audit([3000], wrong, share, seed=at)
            expected.append(one.expected_answers(1))
            took.append(go_on(one, wrong, 3000, batch=1, aim=1).n_answers)
        assert 0.4 < np.median(took) / np.median(expected) < 1.6


def test_a_set_below_the_target_is_certified_once_enough_wrong_masks_are_found():
    wrong = np.concatenate([some_wrong(700, 7), some_wrong(300, 160)])  # 0.833 right
    one = audit([1000], wrong, np.where(np.arange(1000) < 700, 0.01, 0.55))
    assert one.forecast(1).found > 30
    go_on(one, wrong, 600, aim=1)
    assert one.certified == 1
    assert one.kept(1) < 950


def test_nothing_behind_a_gate_that_was_bad_is_within_reach():
    wrong = np.zeros(300, bool)
    wrong[:40] = True
    one = audit([50, 250], wrong, 0.1, gates=1)
    assert one.within_reach == 2
    while len(rows := one.draw(10, 1)):
        one.tell(rows, ~wrong[rows], 1)
    assert one.within_reach == 1
    assert one.expected_answers(1) in (0, np.inf)


def test_gates_are_passed_in_order():
    ordered = Verdicts(np.array([1.0]), alpha=0.05, gates=2)
    assert np.exp(ordered.bars()).tolist() == pytest.approx([20, 20, 20])
    ordered.hear(np.log([1.0, 90.0, 19.0]), np.log([1.0, 90.0, 19.0]))
    assert (ordered.certified.any(), ordered.shut) == (False, 0)
    ordered.hear(np.log([21.0, 18.0, 19.0]), np.log([21.0, 18.0, 19.0]))  # the second gate had enough before
    assert (ordered.certified.tolist(), ordered.shut) == ([True, True, False], None)


def test_of_a_ladder_the_first_set_counts_and_larger_ones_after_it():
    ladder = Verdicts(np.array([0.2, 0.8]), alpha=0.05, ladder=3)
    assert np.exp(ladder.bars()).tolist() == pytest.approx([20 + 19 * 4, *[20 + 19 / 4] * 3])
    ladder.hear(np.log([1.0, 1.0, 30.0, 30.0]), np.zeros(4))
    assert not ladder.certified.any()
    assert ladder.before(3) == [1, 2]
    ladder.hear(np.log([1.0, 26.0, 2.0, 2.0]), np.zeros(4))  # the second and third had enough before
    assert ladder.certified.tolist() == [False, True, True, True]


def test_capital_of_the_first_set_of_a_ladder_does_not_help_smaller_ones():
    """They must hold against the larger ones, too, which have none yet."""
    ladder = Verdicts(np.array([0.2, 0.8]), alpha=0.05, ladder=2)
    ladder.hear(np.log([90.0, 22.0, 1.0]), np.zeros(3))
    assert not ladder.certified[0]
    assert np.exp(ladder.bars()[0]) == pytest.approx(20 + 19 * 4)


def test_sets_behind_one_of_a_ladder_that_was_bad_are_out_of_reach():
    wrong = np.zeros(300, bool)
    wrong[:40] = True
    one = audit([50, 250], wrong, 0.1, ladder=2, hopes=np.array([1.0]))
    assert one.within_reach == 2
    while len(rows := one.draw(10, 1)):
        one.tell(rows, ~wrong[rows], 1)
    assert one.within_reach == 1


def test_the_probability_of_a_certificate_is_about_how_often_it_comes():
    for share, n in ((0.03, 50), (0.06, 70), (0.1, 90)):
        said, came = [], []
        for at in range(40):
            one = audit([3000], wrong := some_wrong(3000, int(3000 * share), seed=at), share, seed=at)
            said.append(one.likely(1, n))
            came.append(go_on(one, wrong, n, aim=1).certified)
        assert np.mean(said) == pytest.approx(np.mean(came), abs=0.25)
        chances = [one.likely(1, k) for k in (1, 20, 60, 200)] if not one.certified else [1.0]
        assert chances == sorted(chances)


def test_what_no_answers_certify_is_not_likely_without_a_limit_either():
    one = audit([100], some_wrong(100, 5))
    assert one.likely(1, np.inf) == 1
    one._forecasts[0] = replace(one.forecast(1), answers=np.inf)
    assert one.likely(1, np.inf) == 0


def test_a_set_that_waits_for_another_is_no_more_likely_than_that_one():
    wrong = some_wrong(1000, 30)
    one = audit([100, 900], wrong, 0.03, ladder=2, hopes=np.array([1.0]))
    assert one.likely(2, 80) < one.likely(1, 80)  # a tenth of the answers is about the first
    go_on(one, wrong, 200, aim=1)
    assert one.certified >= 1
    assert one.likely(1, 5) == 1


def test_drawing_changes_nothing_and_follows_from_the_seed_and_the_answers():
    wrong = some_wrong(500, 60)
    doubt = np.random.default_rng(1).random(500) * 0.3
    one, two = (audit([250, 250], wrong, doubt, seed=3) for _ in range(2))
    for n in (4, 9, 1, 16):
        assert one.draw(n).tolist() == one.draw(n).tolist() == two.draw(n + 5)[:n].tolist()
        for each in (one, two):
            rows = each.draw(n)
            each.tell(rows, ~wrong[rows])
    assert one.lower(2) == two.lower(2)
    assert one.draw(20).tolist() != audit([250, 250], wrong, doubt, seed=4).draw(20).tolist()


def test_the_draws_are_apart_from_random_numbers_of_the_same_seed():
    """Otherwise a simulation that makes its masks with the same seed would draw them in their own order."""
    first = [audit([1000], some_wrong(1000, 0), seed=seed).draw(1)[0] for seed in range(200)]
    same = [np.random.default_rng(seed).permutation(1000)[0] for seed in range(200)]
    assert sum(a == b for a, b in zip(first, same, strict=True)) <= 3


def test_no_row_is_drawn_twice_and_all_come_in_the_end():
    wrong = some_wrong(120, 60)
    one, rows = audit([50, 0, 70], wrong), []
    while len(new := one.draw(8, 3)):
        rows += new.tolist()
        one.tell(new, ~wrong[new], 3)
    assert sorted(rows) == list(range(120))


def test_an_aim_keeps_to_its_strata():
    one = audit([50, 70], some_wrong(120, 10))
    assert (one.draw(50, 1) < 50).all()
    assert len(one.draw(999, 1)) == 50


def test_a_copy_goes_its_own_way():
    wrong = some_wrong(300, 20)
    one = audit([300], wrong)
    rows = one.draw(10)
    trial = copy.deepcopy(one)
    trial.tell(rows, ~wrong[rows])
    assert (one.n_answers, trial.n_answers) == (0, 10)
    assert one.draw(10).tolist() == rows.tolist()
    assert trial.lower(1) > one.lower(1)


def test_doubtful_rows_come_more_often_but_never_all_the_time():
    design = best_design(np.array([500, 500]), np.array([0.0, 0.1]), wrong=150.0)
    assert 1.3 < design.weight[1] / design.weight[0] < 10
    even = best_design(np.array([500, 500]), np.array([0.05, 0.05]), wrong=150.0)
    assert even.weight[0] == even.weight[1]
    assert design.growth > even.growth
    # nothing wrong expected: even draws, and all is bet; (1 - 0.15)^-1 an answer
    sure = best_design(np.array([1000]), np.array([0.0]), wrong=150.0)
    assert sure.growth == pytest.approx(-np.log(0.85), rel=0.01)
    assert best_design(np.array([100]), np.array([0.2]), wrong=15.0).growth == 0


def test_strata_prefixes_and_bins_are_what_they_say():
    doubt = np.array([0.0, 0.25, 1.0, 0.5, 0.5, 0.0])
    cells = Cells(
        [np.array([1, 0, 2]), np.array([], int), np.array([5, 3, 4])], doubt, np.random.default_rng(0), 4
    )
    assert cells.size.tolist() == [1, 1, 1, 1, 2]
    assert cells.doubt.tolist() == [0.0, 0.25, 1.0, 0.0, 0.5]
    assert cells.within(cells.size).tolist() == [3, 3, 6]
    assert cells.row(1, 0) == 1


def test_what_each_error_found_allows():
    rule = TrueAnswers(np.array([200]), np.array([40]), 0.85)
    assert rule.allowed(np.array([0])) == 36
    assert rule.allowed(np.array([10])) == 44  # 34 of 230 left
    assert rule.share_right(np.array([44]), np.array([10])) == pytest.approx(1 - 34 / 230)


def test_a_prefix_hardly_asked_about_costs_its_share_and_one_that_passes_costs_nothing():
    verdicts = Verdicts(np.array([0.2, 0.8]), alpha=0.05)
    assert np.exp(verdicts.bars()).tolist() == pytest.approx([20 + 19 * 4, 20 + 19 / 4])
    verdicts.hear(np.log([21.0, 21.0]), np.log([21.0, 21.0]))
    assert verdicts.certified.all()


def test_prefixes_stake_where_they_are_likely_to_end():
    stakes = weights(np.array([1.0, 10.0, 300.0]), np.array([15, 30, 45]))
    assert stakes.sum() == pytest.approx(1)
    assert stakes.argmax() == 1
    assert (stakes >= 0.1 - 1e-12).all()


# --- bad input ------------------------------------------------------------------------------------------


def test_answers_must_be_those_of_the_rows_drawn():
    one = audit([100], some_wrong(100, 5))
    rows = one.draw(5)
    with pytest.raises(DataError, match="in order"):
        one.tell(rows[::-1], [True] * 5)
    with pytest.raises(DataError, match="4 answers"):
        one.tell(rows, [True] * 4)
    assert one.n_answers == 0


@pytest.mark.parametrize("k", [0, 3, -1])
def test_prefixes_are_counted_from_one(k):
    with pytest.raises(DataError, match="leading strata"):
        audit([50, 50], some_wrong(100, 5)).lower(k)


@pytest.mark.parametrize(
    ("strata", "doubt", "known", "more", "message"),
    [
        ([[0, 1], [1, 2]], [0.1] * 3, [0, 0], {}, "disjoint"),
        ([[0, 3]], [0.1] * 3, [0], {}, "0..2"),
        ([[0, 1]], [0.1, np.nan], [0], {}, "doubt"),
        ([[0, 1]], [0.1, 1.2], [0], {}, "doubt"),
        ([], [0.1], [], {}, "one stratum"),
        ([[0]], [0.1], [0, 0], {}, "n_known_right"),
        ([[0]], [0.1], [-1], {}, "negative"),
        ([[0]], [0.1], [0], {"target_quality": 1.0}, "target_quality"),
        ([[0]], [0.1], [0], {"alpha": 0.0}, "alpha"),
    ],
)
def test_what_cannot_be_audited_is_refused(strata, doubt, known, more, message):
    arguments = {"target_quality": 0.85, "alpha": 0.05, "seed": 0, **more}
    with pytest.raises(DataError, match=message):
        Audit([np.array(s, int) for s in strata], np.array(doubt), known, **arguments)


def test_nothing_accepted_is_certified_at_once():
    one = audit([0], np.zeros(0, bool))
    assert one.certified == 1
    assert len(one.draw(5)) == 0
    assert one.lower(1) == one.estimate(1) == 1
