from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from nbalabel.core.binomial import clopper_pearson
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.learn.propagate.audit.allowed_errors import TrueAnswers
from nbalabel.learn.propagate.audit.audit import Audit
from nbalabel.learn.propagate.audit.unreliable_answers import Answering, NoisyAnswers
from nbalabel.learn.propagate.state.reviewers import Reviewer, Reviewers

EXACT = Reviewer(10**6, 10**6, 10**6, 10**6)


def certify(seed, n, n_wrong, sensitivity, specificity, answers, reviewer, known=0, n_refused=0):
    """Audit n masks with answers of this quality; whether certified, the share right kept, answers given."""
    rng = np.random.default_rng(seed)
    wrong = rng.permutation(np.arange(n) < n_wrong)
    yes = np.where(wrong, rng.random(n) > specificity, rng.random(n) < sensitivity)
    one = Audit(
        [np.arange(n)], np.full(n, 0.1), [known], target_quality=0.85, alpha=0.05, seed=seed,
        reviewer=reviewer and reviewer(rng), n_refused=n_refused,
    )  # fmt: skip
    kept = np.ones(n, bool)
    while not one.certified and one.n_answers < answers:
        rows = one.draw(20)
        if not len(rows):
            break
        one.tell(rows, yes[rows])
        kept[rows[~yes[rows]]] = False
    return one.certified == 1, 1 - wrong[kept].mean(), one.n_answers


def honeypots(sensitivity, specificity, n=200):
    return lambda rng: Reviewer(n, int(rng.binomial(n, sensitivity)), n, int(rng.binomial(n, specificity)))


def false_certificates(runs, n, n_wrong, sensitivity, specificity, answers, reviewer):
    done = [certify(s, n, n_wrong, sensitivity, specificity, answers, reviewer) for s in range(runs)]
    return np.mean([certified and quality < 0.85 for certified, quality, _ in done])


def test_a_lenient_reviewer_breaks_the_plain_statement_and_not_the_corrected_one():
    # 5% of the answers are wrong, all of them yes to one of the 16% wrong masks
    case = {"runs": 120, "n": 6000, "n_wrong": 960, "sensitivity": 1.0, "specificity": 0.69, "answers": 200}
    assert false_certificates(**case, reviewer=None) > 3 * 0.05
    assert false_certificates(**case, reviewer=honeypots(1.0, 0.69)) <= 0.05


def test_five_in_a_hundred_wrong_answers_either_way_keep_the_corrected_statement():
    case = {"runs": 60, "n": 1500, "n_wrong": 235, "sensitivity": 0.95, "specificity": 0.95, "answers": 160}
    assert false_certificates(**case, reviewer=honeypots(0.95, 0.95)) <= 0.05


def test_a_reviewer_known_to_be_perfect_costs_hardly_more_than_true_answers():
    plain = [certify(s, 2000, 60, 1, 1, 400, None)[2] for s in range(15)]
    exact = [certify(s, 2000, 60, 1, 1, 400, lambda _: EXACT)[2] for s in range(15)]
    assert np.mean(exact) <= 1.5 * np.mean(plain)


def test_nothing_is_certified_by_a_reviewer_nobody_tested():
    assert not certify(0, 300, 0, 1, 1, 300, lambda _: Reviewer())[0]


def test_someone_who_always_says_yes_certifies_nothing():
    certified, _, n = certify(0, 300, 150, 1, 0, 300, honeypots(1, 0))
    assert not certified
    assert n == 300


def test_someone_who_always_says_no_leaves_nothing_to_certify():
    certified, quality, _ = certify(0, 300, 3, 0, 1, 200, honeypots(0, 1))
    assert not certified
    assert quality > 0.9


def test_many_refusals_before_make_yes_before_count_less():
    lenient = honeypots(1.0, 0.8, 2000)
    assert certify(0, 600, 36, 1, 0.8, 600, lenient, known=200)[0]
    size, known = np.array([600]), np.array([200])
    few, many = (
        NoisyAnswers(size, known, 0.85, lenient(np.random.default_rng(0)), 0.01, n).allowed(np.array([0]))[0]
        for n in (0, 100)
    )
    assert few > many + 20  # about 25 of 125 wrong ones were let through


def test_perfect_answers_allow_what_true_answers_allow_but_for_the_grid():
    size, known = np.array([400, 3000]), np.array([0, 100])
    noisy = NoisyAnswers(size, known, 0.85, EXACT, 0.01)
    true = TrueAnswers(size, known, 0.85)
    for found in ([0, 0], [7, 30]):
        most, allowed = noisy.allowed(np.array(found)), true.allowed(np.array(found))
        assert (most <= allowed).all()
        assert (most >= allowed - 0.02 * size).all()


@pytest.mark.parametrize(("sensitivity", "specificity"), [(0.95, 0.95), (1.0, 0.7), (0.9, 1.0)])
def test_the_correction_holds_for_what_reviewers_really_do(sensitivity, specificity):
    """With all answers known, the bound of the wrong masks kept is too low in alpha of the runs at most."""
    rng, n, alpha = np.random.default_rng(0), 2000, 0.05
    short = 0
    for _ in range(200):
        rule = NoisyAnswers(
            np.array([n]), np.array([0]), 0.85, honeypots(sensitivity, specificity)(rng), alpha
        )
        n_wrong = int(rng.integers(100, 400))
        no_wrong, no_right = rng.binomial(n_wrong, specificity), rng.binomial(n - n_wrong, 1 - sensitivity)
        share = rng.random()
        found = int(share * no_wrong), int(share * no_right)
        claimed = rule.share_right(np.array([no_wrong + no_right]), np.array([sum(found)]))[0]
        short += claimed > 1 - (n_wrong - found[0]) / (n - sum(found)) + 1e-9
    assert short / 200 <= alpha


def test_what_is_allowed_is_just_what_reaches_the_target():
    rule = NoisyAnswers(
        np.array([900, 5000]), np.array([30, 0]), 0.85, Reviewer(300, 285, 300, 288), 0.01, 10
    )
    for found in (np.array([0, 0]), np.array([20, 60])):
        most = rule.allowed(found)
        assert (rule.share_right(most, found) >= 0.85 - 1e-9).all()
        assert (rule.share_right(most + 1, found) < 0.85).all()


def test_honeypot_bounds_by_hand():
    assert clopper_pearson(20, 20, 0.05) == (pytest.approx(0.05 ** (1 / 20)), 1.0)
    lower, upper = Reviewer(40, 36, 25, 20).sensitivity_bounds(0.1)
    assert binom.sf(35, 40, lower) == pytest.approx(0.1)
    assert binom.cdf(36, 40, upper) == pytest.approx(0.1)
    assert Reviewer().specificity_bounds(0.1) == (0.0, 1.0)


def test_slips_follow_from_repeated_questions():
    # turned round with chance 0.1 each: two agree with chance 0.82
    assert Reviewer(n_repeated=100, n_agreed=82).slips == pytest.approx(0.1)
    assert Reviewer(n_repeated=10, n_agreed=2).slips == 0.5
    assert np.isnan(Reviewer().slips)


def test_a_team_is_as_good_as_its_worst_could_be():
    team = Reviewers({"ann": Reviewer(100, 99, 100, 98), "bob": Reviewer(100, 80, 100, 100)})
    assert list(team) == ["ann", "bob"]
    assert team.sensitivity == 0.895
    assert team.sensitivity_bounds(0.1)[0] == team["bob"].sensitivity_bounds(0.05)[0]
    assert team.specificity_bounds(0.1)[0] == team["ann"].specificity_bounds(0.05)[0]
    assert team.sensitivity_bounds(0.1)[1] == team["ann"].sensitivity_bounds(0.05)[1]
    assert Reviewers().specificity_bounds(0.1) == (0.0, 1.0)


def test_a_team_learns_from_each_answer():
    team = Reviewers()
    team.tell("ann", right=False, yes=True)
    team.tell("ann", right=True, yes=True)
    team.repeat("ann", agreed=True)
    team.repeat("ann", agreed=False)
    assert team["ann"] == Reviewer(1, 1, 1, 0, 2, 1)
    with pytest.raises(UnknownNameError, match="ann"):
        team["bob"]


def test_estimates_turn_shares_of_no_into_shares_wrong():
    seen = Answering.of(Reviewer(100, 90, 100, 80))
    np.testing.assert_allclose(seen.wrong(seen.refused(np.array([0.0, 0.3, 1.0]))), [0.0, 0.3, 1.0])
    assert Answering.of(None) == Answering.of(Reviewer()) == Answering(1.0, 1.0)


@pytest.mark.parametrize("counts", [(1, 2), (-1, 0), (0, 0, 3, 4), (0, 0, 0, 0, 1, 2)])
def test_more_answers_than_questions_are_refused(counts):
    with pytest.raises(DataError, match="must hold"):
        Reviewer(*counts)
