"""A bar says nothing of the time left until it knows."""

import io

import pytest
from tqdm.std import tqdm as terminal

from nbalabel.core.progress import Bar, Pace


def rates(pauses, n=1):
    """The rate after each update."""
    pace, done, at, out = Pace(), 0, 0.0, []
    for pause in pauses:
        done, at = done + n, at + pause
        pace.note(done, at)
        out.append(pace.rate)
    return out


def test_the_first_update_counts_for_nothing() -> None:
    found = rates([60.0, *[0.6] * 20])
    assert found[:10] == [None] * 10
    assert found[-1] == pytest.approx(1 / 0.6)


def test_nothing_is_said_within_five_seconds() -> None:
    assert rates([0.1] * 40) == [None] * 40
    assert rates([0.1] * 60)[-1] == pytest.approx(10)


def test_nothing_is_said_while_the_pace_changes() -> None:
    slowing = rates([0.5 * 1.5**i for i in range(14)])
    assert slowing == [None] * 14
    assert rates([5.0] * 6 + [0.5] * 40)[20] is None


def test_once_told_it_goes_on_through_a_pause() -> None:
    found = rates([0.6] * 20 + [30.0] + [0.6] * 3)
    assert None not in found[11:]


@pytest.mark.skipif(not issubclass(Bar, terminal), reason="a bar of another kind")
def test_a_bar_shows_no_time_left_after_one_batch(monkeypatch) -> None:
    now = [0.0]
    bar = Bar(total=1000, file=io.StringIO(), unit="step", mininterval=0)
    monkeypatch.setattr(bar, "_time", lambda: now[0])
    bar.start_t = 0.0
    now[0] = 2.7
    bar.update()
    assert str(bar).endswith("| 1/1000 [00:02]"), "tqdm says 44:57 here"
    for _ in range(20):
        now[0] += 0.5
        bar.update()
    assert "21/1000 [00:12<08:09" in str(bar)
    bar.close()
