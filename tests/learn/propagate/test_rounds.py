"""Several rounds share the error probability, and one sentence speaks for all of them."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from nbalabel.core.errors import DataError
from nbalabel.core.question import Progress
from nbalabel.learn.propagate.rounds import earlier, share_of_alpha, together


@dataclass
class Done:
    """A round that has ended."""

    id: str
    n: int = 100
    lower: float = 0.85
    alpha: float = 0.02
    after: tuple = field(default=())

    def progress(self):
        nothing = dict.fromkeys(("n_masks", "n_rejected", "n_open", "n_answers", "n_questions"), 0)
        return Progress(
            "certified", "done", 0.85, self.alpha, n_accepted=self.n, budget=None, estimate=0.9,
            lower=self.lower, seconds=0.0, **nothing,
        )  # fmt: skip


def test_rounds_planned_at_the_start_get_equal_shares_that_hold_together():
    shares, before = [], []
    for number in range(4):
        shares.append(share_of_alpha(0.05, before, 4))
        before.append(Done(f"p{number}", alpha=shares[-1]))
    assert shares == pytest.approx([1 - 0.95 ** (1 / 4)] * 4)
    assert np.prod([1 - a for a in shares]) == pytest.approx(0.95)


def test_a_round_more_than_planned_gets_what_is_left_and_none_where_nothing_is():
    before = [Done("p1", alpha=0.03)]
    left = share_of_alpha(0.05, before, None)
    assert (1 - 0.03) * (1 - left) == pytest.approx(0.95)
    with pytest.raises(DataError, match=r"used 0\.05 of it.*larger alpha, or begin the first round with ro"):
        share_of_alpha(0.05, [Done("p1", alpha=0.05)], None)
    assert share_of_alpha(0.1, [Done("p1", alpha=0.05)], None) == pytest.approx(1 - 0.9 / 0.95)


def test_rounds_must_promise_something_and_be_as_many_as_came_before():
    with pytest.raises(DataError, match=r"p1 .* promises nothing"):
        share_of_alpha(0.05, [Done("p1", alpha=np.nan)], None)
    with pytest.raises(DataError, match="give at least 2"):
        share_of_alpha(0.05, [Done("p1")], 1)


def test_one_sentence_counts_what_each_round_proved():
    rounds = [Done("p1", n=300, lower=0.9), Done("p2", n=100, lower=0.85), Done("p3", n=7, lower=np.nan)]
    said = together(rounds)
    assert said.startswith(
        "Of the 400 masks accepted in 2 of 3 rounds at least 88.7% are right"
    )  # 355 of 400
    assert "probability 94.1%" in said  # 0.98 ** 3 = 0.94119: never rounded up
    assert said.endswith("; 7 masks were each answered yes in the others.")
    assert together([Done("p1", n=0)]) == ""
    assert together([Done("p1", n=5, lower=np.nan)]).startswith("In 1 rounds 5 masks were each answered yes")
    half = 1 - 0.95**0.5
    assert "probability 95%" in together([Done("p1", alpha=half), Done("p2", alpha=half)])
    assert "probability 94.9%" in together([Done("p1", alpha=0.0501)])


def test_what_is_no_propagation_is_refused():
    with pytest.raises(DataError, match="after takes propagations"):
        earlier(["propagate-1"])


def test_a_round_brings_the_rounds_before_it_each_once():
    p1 = Done("p1")
    p2 = Done("p2", after=(p1,))
    assert [one.id for one in earlier(p2)] == ["p1", "p2"]
    assert [one.id for one in earlier([p1, p2])] == ["p1", "p2"]
    assert earlier(()) == ()
