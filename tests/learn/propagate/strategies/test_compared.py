"""What label propagation is compared with, through the same ask and tell: classes from outside."""

import numpy as np
import pytest
from strategies.bounded import Bounded
from strategies.lsun import Lsun
from strategies.seconds import SECONDS_PER_ANSWER, SECONDS_PER_MASK, seconds_answering, seconds_drawing
from strategies.threshold import Threshold

from nbalabel.core.errors import DataError
from nbalabel.learn.propagate.propagation import Propagation


@pytest.fixture(scope="module")
def masks():
    """2000 masks that features and scores tell apart rather well."""
    rng = np.random.default_rng(0)
    right = rng.random(2000) < 0.5
    features = rng.normal(size=(2000, 5)) + np.where(right, 1.2, -1.2)[:, None] * [1, 1, 0, 0, 0]
    scores = np.clip(np.where(right, 0.65, 0.45) + rng.normal(0, 0.15, 2000), 0, 1)
    return features, scores, right


def play(masks, strategy, **options):
    features, scores, right = masks
    p = Propagation(features, scores, strategy=strategy, **options)
    while (q := p.ask()) is not None:
        p.tell(q, right[q.rows])
    return p


def test_seconds_are_two_an_answer_and_eighty_a_mask():
    assert (SECONDS_PER_ANSWER, SECONDS_PER_MASK) == (2.0, 80.0)
    assert seconds_answering(30) == 60
    assert seconds_drawing(30) == 2400


def test_verifying_all_asks_about_every_mask_once_the_best_scores_first(masks):
    features, scores, right = masks
    p = Propagation(features, scores, strategy="verify-all", n_samples=50)
    rows = []
    while (q := p.ask()) is not None:
        rows.extend(q.rows)
        p.tell(q, right[q.rows])
    assert sorted(rows) == list(range(2000))
    assert (np.diff(p.predictions["score"].to_numpy()[rows]) <= 0).all()
    assert np.array_equal(p.accepted, np.flatnonzero(right))
    assert p.progress().estimate == 1
    assert len(set(p.origins())) == len(p.accepted), "each mask is a cluster of its own"


def test_a_threshold_asks_nothing(masks):
    p = play(masks, Threshold, accept=0.6)
    assert p.n_answers == 0
    scores = p.predictions["score"].to_numpy()
    assert np.array_equal(p.accepted, np.flatnonzero(scores >= np.float32(0.6)))
    assert len(p.open) == 0
    assert play(masks, Threshold).accepted.tolist() == np.flatnonzero(scores >= np.float32(0.85)).tolist()


def test_lsun_labels_far_more_than_it_asks_about_and_mostly_rightly(masks):
    right = masks[2]
    p = play(masks, Lsun, target_quality=0.9)
    assert p.n_answers <= 1500
    assert len(p.accepted) + len(p.rejected) > p.n_answers
    assert right[p.accepted].mean() > 0.85
    assert 0.05 < len(p.accepted) / 2000 < 0.6
    assert "no guarantee" in p.certificate


def test_lsun_with_one_round_leaves_the_unsure_open(masks):
    features, scores, right = masks
    blurred = features + np.random.default_rng(1).normal(scale=4, size=features.shape)
    p = play((blurred, scores, right), Lsun, n_rounds=1)
    assert p.n_answers == 150
    assert 0 < len(p.open) < 2000


def test_lsun_asks_about_every_mask_of_a_small_pool(masks):
    features, scores, right = (part[:100] for part in masks)
    p = play((features, scores, right), Lsun)
    assert p.n_answers == 100
    assert np.array_equal(p.accepted, np.flatnonzero(right))


def test_bounded_proves_every_cluster_it_accepts(masks, tree):
    features, scores, right = (part[:500] for part in masks)
    p = play((features, scores, right), Bounded, forest=tree(features))
    found = p.clusters()
    taken = found[found["state"] == "accepted"]
    assert len(taken)
    for start, stop in taken[["start", "stop"]].to_numpy():
        assert right[p.forest.order[start:stop]].mean() >= 0.85


def test_options_are_checked(masks):
    for strategy, options in (
        ("verify-all", {"n_samples": 0}),
        (Lsun, {"n_round": 1}),
        (Lsun, {"lost": 1.0}),
    ):
        with pytest.raises(DataError):
            play(masks, strategy, **options)


class Named(Lsun):
    name = "certified"


class Nameless(Threshold):
    name = ""


class Open(Threshold):
    """Takes whatever it is given."""

    name = "open"

    def __init__(self, ledger, *, target_quality, alpha, seed, **options):  # noqa: ARG002  # as every strategy
        super().__init__(ledger, target_quality=target_quality, accept=options["least"])


def test_what_is_no_strategy_says_what_one_is(masks):
    for wrong, said in (
        (3, "got 3"),
        (Nameless, "a class with a text `name`"),
        (Named, "give it another name"),
    ):
        with pytest.raises(DataError, match=said):
            play(masks, wrong)


def test_a_class_may_take_any_option(masks):
    assert len(play(masks, Open, least=0.6).accepted) == len(play(masks, Threshold, accept=0.6).accepted)
