"""The paper's search against examples worked by hand, on one tree of four rows.

6: rows 0 1 2 3 (mean score 0.75)
├── 4: rows 0 1 (0.7)        0: 0.9 right   1: 0.5 wrong
└── 5: rows 2 3 (0.8)        2: 0.6 wrong   3: 1.0 right
"""

import numpy as np
import pytest

from nbalabel.core.errors import DataError
from nbalabel.learn.cluster.forest import Forest
from nbalabel.learn.propagate.propagation import Propagation
from nbalabel.learn.propagate.state.ledger import ACCEPTED, REJECTED, YES, Ledger
from nbalabel.learn.propagate.state.rivals import suppress
from nbalabel.learn.propagate.strategies.thresholds import thresholds

SCORES = [0.9, 0.5, 0.6, 1.0]
RIGHT = np.array([True, False, False, True])
FEATURES = np.array([[0.0], [1.0], [5.0], [6.0]])
NAMES = {"0-4": "root", "0-2": "A", "2-4": "B", "0-1": "0", "1-2": "1", "2-3": "2", "3-4": "3"}


@pytest.fixture
def forest():
    return Forest(
        order=np.arange(4),
        start=np.array([0, 1, 2, 3, 0, 2, 0]),
        stop=np.array([1, 2, 3, 4, 2, 4, 4]),
        left=np.array([-1, -1, -1, -1, 0, 2, 4]),
        right=np.array([-1, -1, -1, -1, 1, 3, 5]),
        height=np.array([0, 0, 0, 0, 1, 1, 6], np.float32),
        roots=np.array([6]),
        labels=np.array([0]),
    )


def asked(forest, strategy, right=RIGHT, **options):
    """Clusters in the order asked about, and the propagation."""
    p = Propagation(FEATURES, SCORES, strategy=strategy, forest=forest, **options)
    out = []
    while (q := p.ask()) is not None:
        out.append(NAMES[q.cluster])
        p.tell(q, right[q.rows])
    return out, p


@pytest.mark.parametrize(
    ("strategy", "expected"),
    [
        ("paper", "root B 3 A 0 2 1"),
        ("score", "root B 3 A 0 2 1"),
        ("bfs", "root A B 0 1 2 3"),
        ("dfs", "root A 0 1 B 2 3"),
        ("dfs-score", "root B 3 2 A 0 1"),
    ],
)
def test_clusters_are_asked_about_in_the_order_worked_out_by_hand(forest, strategy, expected):
    found, p = asked(forest, strategy, reuse=False)
    assert found == expected.split()
    assert p.accepted.tolist() == [0, 3]
    assert p.rejected.tolist() == [1, 2]
    assert p.n_answers == 4 + 2 + 2 + 4


def test_a_universal_cut_asks_about_the_clusters_standing_best_first_and_splits_none(forest):
    found, p = asked(forest, "universal", cut=2.0, reuse=False)
    assert found == ["B", "A"]
    assert p.accepted.tolist() == [0, 3], "an answered mask is decided by its own answer"
    found, p = asked(forest, "universal", right=np.ones(4, bool), cut=2.0, n_samples=1)
    assert p.accepted.tolist() == [0, 1, 2, 3]
    assert set(p.origins()) == {f"{p.id}/all/0-2", f"{p.id}/all/2-4"}


def test_mean_scores_decide_unseen_up_to_the_two_thresholds(forest):
    found, p = asked(forest, "paper", k_pr=0.55, k_pa=0.76, reuse=False)
    assert found == ["B", "3", "0", "2"], "the root and A are split unseen, row 1 is rejected unseen"
    assert p.rejected.tolist() == [1, 2]
    assert p.decided_by(1) == f"{p.id}/all/1-2"


def test_masks_answered_before_are_not_asked_about_again(forest):
    found, p = asked(forest, "paper")
    assert found == ["root"]
    assert p.n_answers == 4
    assert p.accepted.tolist() == [0, 3]
    assert p.clusters()["state"].tolist().count("split") == 3


def test_an_accepted_cluster_is_a_leaf_and_names_its_masks(forest):
    found, p = asked(forest, "bfs", right=np.array([True, True, False, False]), reuse=False)
    assert found == ["root", "A", "B"]
    assert p.accepted.tolist() == [0, 1]
    assert p.origins().tolist() == [f"{p.id}/all/0-2"] * 2
    assert p.rejected.tolist() == [2, 3]


def test_a_sample_is_fifteen_masks_and_decides_about_all_its_cluster(tree):
    points = np.r_[np.linspace(0, 1, 100), np.linspace(50, 51, 100)][:, None]
    right = np.arange(200) < 100
    p = Propagation(points, np.full(200, 0.5), strategy="bfs", forest=tree(points))
    sizes, rows = [], []
    while (q := p.ask()) is not None:
        sizes.append((q.size, len(q.rows)))
        rows = [*rows, *q.rows]
        p.tell(q, right[q.rows])
    assert sizes[0] == (200, 15)
    assert {size for size, _ in sizes[1:]} == {100}
    assert p.accepted.tolist() == list(range(100))
    assert p.n_answers == len(set(rows)) < 45, "what was answered for the root is not asked for its halves"
    again = Propagation(points, np.full(200, 0.5), strategy="bfs", forest=tree(points), reuse=False)
    while (q := again.ask()) is not None:
        assert len(q.rows) == 15
        again.tell(q, right[q.rows])
    assert again.n_answers == 45
    assert again.accepted.tolist() == p.accepted.tolist()


@pytest.mark.parametrize(("n_yes", "outcome"), [(13, "accept"), (12, "split"), (3, "split"), (2, "reject")])
def test_thirteen_of_fifteen_accept_and_two_reject(tree, n_yes, outcome):
    points = np.linspace(0, 1, 40)[:, None]
    p = Propagation(points, np.full(40, 0.5), strategy="paper", forest=tree(points))
    q = p.ask()
    answers = [True] * n_yes + [False] * (15 - n_yes)
    assert p.outlook(q, answers).outcome == outcome
    assert p.outlook(q, answers).estimate == pytest.approx((n_yes + 1) / 17)
    assert p.outlook(q, [*answers[:-1], None]).outcome in (outcome, "more")
    assert p.outlook(q, [None] * 15).masks == {"accept": 40, "reject": 40, "split": 40}
    p.tell(q, answers)
    state = p.clusters()["state"][0]
    assert state == {"accept": "accepted", "reject": "rejected", "split": "split"}[outcome]


def test_of_accepted_masks_that_overlap_only_the_best_stays(forest):
    _, p = asked(forest, "paper", right=np.ones(4, bool), rivals=[[0, 1], [3, 1], [2, 3]])
    assert p.accepted.tolist() == [0, 3]


def test_a_mask_said_to_be_right_stays_and_a_suppressed_one_suppresses_no_other(forest):
    scores, codes = np.float32([0.9, 0.8, 0.7, 0.1]), np.zeros(4, int)
    ledger = Ledger(
        FEATURES.astype(np.float32),
        scores,
        codes,
        forest,
        np.array([[0, 1], [1, 2], [2, 3]]),
        np.full(4, -1, np.int8),
        np.zeros((4, 0), np.float32),
    )
    ledger.decision[:] = ACCEPTED
    suppress(ledger)
    assert np.flatnonzero(ledger.decision == ACCEPTED).tolist() == [0, 2]
    ledger.decision[:] = ACCEPTED
    ledger.answer[[1, 3]] = YES
    suppress(ledger)
    assert np.flatnonzero(ledger.decision == ACCEPTED).tolist() == [1, 3]


def test_a_shortened_last_question_decides_about_nothing_but_its_own_masks(tree):
    points = np.linspace(0, 1, 40)[:, None]
    p = Propagation(points, np.full(40, 0.5), strategy="paper", forest=tree(points), budget=4)
    q = p.ask()
    assert len(q.rows) == 4
    p.tell(q, [True, True, True, False])
    assert p.ask() is None
    assert sorted(p.accepted) == sorted(q.rows[:3])
    assert p.rejected.tolist() == [q.rows[3]]
    assert len(p.open) == 36


def test_options_out_of_range_are_refused(forest):
    for options in ({"n_samples": 0}, {"accept": 0.3}):
        with pytest.raises(DataError, match="n_samples must be at least 1 and accept in"):
            Propagation(FEATURES, SCORES, strategy="paper", forest=forest, **options)


def test_thresholds_are_where_clusters_are_surely_rejected_and_hardly_ever_accepted():
    rng = np.random.default_rng(0)
    score = rng.random(3000)
    quality = np.where(score < 0.3, 0.05, np.where(score < 0.6, 0.5, 0.95))
    k_pr, k_pa = thresholds(score, quality)
    assert k_pr == pytest.approx(0.3, abs=0.01)
    assert k_pa == pytest.approx(0.6, abs=0.01)
    noise = rng.random(3000) < 0.5
    assert thresholds(score, noise.astype(float)) == (-1, -1), "nothing is sure"
    assert thresholds([0.5] * 9, [0.0] * 9) == (-1, -1), "too few"
    assert thresholds(np.full(50, 0.5), np.r_[np.zeros(49), 1.0])[0] in (-1.0, 0.5)


def test_known_masks_teach_the_thresholds(tree):
    rng = np.random.default_rng(1)
    features = np.repeat(rng.normal(size=(40, 3)) * 50, 10, axis=0) + rng.normal(size=(400, 3))
    scores = np.repeat(np.linspace(0.02, 0.98, 40), 10)
    right = scores > 0.5
    known = np.where(np.arange(400) % 2 == 0, right, -1)
    p = Propagation(features, scores, strategy="paper", known=known)
    strategy = p._course.strategy
    assert 0.2 < strategy.k_pr <= strategy.k_pa < 0.6
    while (q := p.ask()) is not None:
        assert (p._inputs.known[q.rows] == -1).all()
        p.tell(q, right[q.rows])
    decision = p._course.ledger.decision
    assert (decision[known >= 0] == 0).all()
    assert np.array_equal(p.accepted, np.flatnonzero(right & (known < 0)))
    assert np.isin([ACCEPTED, REJECTED], decision).all()
