"""Columns in bins: whole numbers, wide ranges, constants, categories, missing values, parts of bars."""

import numpy as np
import pandas as pd
import pytest

from nbalabel.widgets.charts.ticks import brief, count_ticks, heights, keyed, number_ticks, time_ticks
from nbalabel.widgets.workspace import binning
from nbalabel.widgets.workspace.binning import binned
from nbalabel.widgets.workspace.blocks import blocks
from nbalabel.widgets.workspace.columns import read_column


def column(values, **options):
    return read_column(pd.Series(values, **options), "c")


def test_counts_are_those_of_numpy() -> None:
    values = np.random.default_rng(0).normal(size=5000)
    found = binned(column(values), 30)
    expected, edges = np.histogram(values, 30)
    assert np.allclose(found.edges, edges)
    assert np.abs(found.total[:-1, 0] - expected).sum() <= 2  # a value on an edge may fall either way
    assert found.total.sum() == 5000


def test_counting_some_rows_is_counting_them_alone() -> None:
    rng = np.random.default_rng(1)
    values, rows = rng.random(1000), rng.random(1000) < 0.3
    found = binned(column(values))
    assert found.count(rows).sum() == rows.sum()
    assert (found.count(rows) <= found.total).all()
    assert found.count(None) is found.total


@pytest.mark.parametrize("seed", range(40))
def test_bins_end_at_the_quantile_that_numpy_finds(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(binning, "blocks", lambda n: blocks(n, 64))
    rng = np.random.default_rng(seed)
    n = int(rng.integers(50, 900))
    values = rng.exponential(1, n) ** rng.integers(1, 6) * 10.0 ** rng.integers(-200, 200)
    values[rng.random(n) < rng.random() / 2] = np.nan
    known = values[~np.isnan(values)]
    most = np.quantile(known, 0.99, method="higher")
    cut = known.max() - known.min() > 3 * (most - known.min()) and len(known) >= 50
    found = binned(column(values))
    assert found.edges[-1] == (most if cut else known.max())
    assert found.beyond == (known > found.edges[-1]).sum()
    assert found.missing == n - len(known)
    one_by_one = [binned(column([value]), 1).total[0, 0] for value in known[:3]]
    assert one_by_one == [1, 1, 1]
    at = np.clip(np.searchsorted(found.edges, known, "right") - 1, 0, found.n - 1)
    near = np.abs(found.slots[~np.isnan(values)] - at)  # a value on an edge may fall either way
    assert near.max() <= 1
    assert (near > 0).sum() <= 2


@pytest.mark.parametrize(("lo", "hi"), [(0, 5), (0, 99), (-7, 1000), (3, 3)])
def test_whole_numbers_get_bins_of_as_many_numbers_each(lo: int, hi: int) -> None:
    found = binned(column(np.arange(lo, hi + 1)), 30)
    assert found.n <= 30
    assert set(np.diff(found.edges)) == {found.edges[1] - found.edges[0]}
    assert len(set(found.total[:-2, 0])) <= 1
    assert found.total[:-1].sum() == hi - lo + 1


def test_a_constant_gets_one_bin_around_it() -> None:
    found = binned(column([2.5, 2.5]))
    assert found.n == 1
    assert found.edges[0] < 2.5 < found.edges[1]


@pytest.mark.parametrize("values", [[-1.7e308, 1.7e308], [5e-324, 1e-323], [1.0, 1.0 + 2e-16], [-1e300, 0.5]])
def test_extreme_ranges_are_binned_without_overflow(values: list[float]) -> None:
    found = binned(column(values))
    assert np.isfinite(found.edges).all()
    assert found.total[:-1].sum() == 2


def test_missing_values_are_counted_apart() -> None:
    found = binned(column([1.0, np.nan, np.inf, 2.0]))
    assert found.missing == 2
    assert found.total[:-1].sum() == 2


@pytest.mark.parametrize("values", [[], [np.nan, np.nan]])
def test_without_values_there_are_no_bins(values: list[float]) -> None:
    found = binned(column(values, dtype=float))
    assert (found.n, found.missing) == (0, len(values))


def test_each_category_has_a_bar_in_its_order() -> None:
    found = binned(column(pd.Categorical(["b", "a", None, "b"], categories=["b", "a", "unused"])))
    assert found.texts == ("b", "a", "unused")
    assert found.total[:, 0].tolist() == [2, 1, 0, 1]


def test_rare_categories_share_a_bar() -> None:
    names = [f"n{i:03}" for i in range(150)]
    found = binned(column(pd.Categorical([*names, *names[:3]], categories=names)))
    assert found.n == 60
    assert found.texts[-1] == "other"
    assert found.texts[:3] == ("n000", "n001", "n002")
    assert found.total.sum() == 153
    assert found.total[-2, 0] == 150 - 59


def test_bars_are_split_by_another_column() -> None:
    split = column(pd.Categorical(["x", "y", None, "y"]))
    found = binned(column([0, 0, 1, 1]), split=split)
    assert [part.text for part in found.parts] == ["x", "y", "missing"]
    assert found.total.tolist() == [[1, 1, 0], [0, 1, 1], [0, 0, 0]]


def test_bars_keep_their_shares_on_a_log_axis() -> None:
    out = heights(np.array([[9, 0], [45, 54], [0, 0]]), log=True)
    assert np.allclose(out.sum(axis=1), [1, 2, 0])
    assert out[1, 0] / out[1, 1] == pytest.approx(45 / 54)


def test_ticks_are_round_and_within() -> None:
    rng = np.random.default_rng(2)
    for lo, width in zip(rng.normal(size=200) * 100, 10 ** rng.uniform(-6, 9, 200), strict=True):
        ticks = list(number_ticks(lo, lo + width))
        assert 2 <= len(ticks) <= 8
        assert lo - width / 1e6 <= ticks[0] < ticks[-1] <= lo + width * (1 + 1e-6)


def test_ticks_of_odd_ranges_do_not_fail() -> None:
    assert number_ticks(np.nan, np.nan) == {}
    assert number_ticks(3, 3) == {3: "3"}
    number_ticks(-1.7e308, 1.7e308)
    number_ticks(0, 5e-324)
    assert count_ticks(0, log=True) == {0.0: "0"}
    assert list(count_ticks(0, log=False).values()) == ["0", "1"]


@pytest.mark.parametrize("days", [0.001, 0.2, 2, 20, 200, 2000, 20_000, 200_000])
def test_times_get_calendar_ticks(days: float) -> None:
    start = pd.Timestamp("2024-03-01 10:20").value / 1e6
    ticks = time_ticks(start, start + days * 86_400_000)
    assert 0 < len(ticks) <= 12
    assert all(start <= value <= start + days * 86_400_000 for value in ticks if days < 20_000)


def test_keys_are_those_of_javascript() -> None:
    assert keyed({0.2: "a", 3.0: "b", 1e6: "c"}) == {"0.2": "a", "3": "b", "1000000": "c"}


def test_large_counts_are_short() -> None:
    assert [brief(x) for x in (0, 950, 12_500, 3e6, 2e9)] == ["0", "950", "12.5k", "3M", "2G"]


def test_plain_bins_are_of_one_width_and_reach_from_the_smallest_to_the_largest_value() -> None:
    values = np.append(np.arange(100.0), [1e6, np.nan])
    found = binned(column(values), 24, plain=True)
    assert (found.n, found.edges[0], found.edges[-1], found.beyond) == (24, 0, 1e6, 0)
    assert np.allclose(np.diff(found.edges), 1e6 / 24)
    assert found.total[:, 0].tolist() == [100, *[0] * 22, 1, 1]


@pytest.mark.parametrize(
    ("values", "edges"), [([3, 5, 4, 3], [2.5, 3.5, 4.5, 5.5]), ([7], [6.5, 7.5]), ([2.5, 2.5], [2.5, 2.5])]
)
def test_plain_bins_of_few_whole_numbers_are_one_each_and_of_one_value_one(values: list, edges: list) -> None:
    found = binned(column(values), 24, plain=True)
    assert found.edges.tolist() == edges
    assert found.total[:, 0].sum() == len(values)
    assert found.total[-1, 0] == 0


def test_plain_bins_have_room_for_every_category() -> None:
    names = [f"c{i:03}" for i in range(200)]
    found = binned(column(pd.Categorical([*names, None, "c007"])), plain=True)
    assert found.total[:, 0].tolist() == [2 if i == 7 else 1 for i in range(200)] + [1]
