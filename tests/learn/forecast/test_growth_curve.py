import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nbalabel as nl
from nbalabel.core.errors import DataError, FallbackWarning
from nbalabel.learn.forecast.families import FAMILIES, fit

N = np.array([100.0, 200, 400, 800, 1600])


def power(n: Any) -> Any:
    return 0.6 - 1.8 * np.asarray(n, float) ** -0.35


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_each_family_rises_ever_more_slowly_and_finds_a_curve_of_its_own(family: Any) -> None:
    shapes = family.shapes(N, N.max())
    row = shapes[len(shapes) // 2]
    assert (np.diff(row) >= 0).all()
    found = fit(family, N, (row + 0.05)[None], np.ones(5))
    assert found.error[0] < 1e-9


def test_the_gain_of_a_known_curve_is_inside_the_interval() -> None:
    curve = nl.growth_curve(zip(N, power(N), strict=True))
    low, expected, high = curve.gain(1600)
    assert low < power(3200) - power(1600) < high
    assert abs(expected - (power(3200) - power(1600))) < 0.015


def test_of_many_simulated_curves_the_interval_holds_about_as_often_as_it_says() -> None:
    inside = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        top, half = rng.uniform(0.4, 0.8), 10 ** rng.uniform(2, 3.3)  # a hyperbola, which none of the four is
        measured = top * N / (N + half) + rng.normal(size=5) * 0.01
        low, _, high = nl.growth_curve(zip(N, measured, [0.01] * 5, strict=True), seed=seed).gain(800)
        inside += low <= top * 2400 / (2400 + half) - top * 1600 / (1600 + half) <= high
    assert inside >= 60 * 0.75


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 5000), st.integers(1, 5000), st.integers(0, 1000))
def test_more_labels_never_bring_less_and_an_interval_is_in_order(first: int, more: int, seed: int) -> None:
    curve = nl.growth_curve(zip(N, power(N), strict=True), seed=seed)
    small, large = curve.gain(first), curve.gain(first + more)
    assert small.low <= small.expected <= small.high
    assert all(a <= b + 1e-12 for a, b in zip(small, large, strict=True))
    assert curve.gain(0) == (0, 0, 0)


def test_fewer_than_four_numbers_of_labels_warn_and_their_interval_is_wider() -> None:
    with pytest.warns(FallbackWarning, match="few"):
        few = nl.growth_curve([(100, 0.2), (400, 0.4)])
    many = nl.growth_curve([(n, float(power(n))) for n in (50, 100, 200, 300, 400)])
    assert few.gain(400).high - few.gain(400).low > many.gain(400).high - many.gain(400).low
    assert "only 2" in few.note


def test_noisier_points_make_a_wider_interval() -> None:
    widths = []
    for sd in (0.01, 0.05):
        low, _, high = nl.growth_curve(zip(N, power(N), [sd] * 5, strict=True)).gain(1000)
        widths.append(high - low)
    assert widths[0] < widths[1]


def test_an_ensemble_says_how_much_each_family_counts() -> None:
    families = nl.growth_curve(zip(N, power(N), strict=True)).families
    assert list(families.index) == ["power law", "logarithmic", "arctan", "algebraic root"]
    assert families["weight"].sum() == pytest.approx(1)


def test_a_card_shows_points_interval_and_sentence() -> None:
    curve = nl.growth_curve(pd.DataFrame({"n": N, "map": power(N)}))
    assert "another 400 labels" in curve._repr_html_()
    assert "another 500 labels: +0.0" in repr(curve)


@pytest.mark.filterwarnings("ignore:.*are few:nbalabel.core.errors.FallbackWarning")
@pytest.mark.parametrize(
    "points", [[], [(100, 0.3)], [(100, 0.3), (100, 0.4)], [(0, 0.3), (9, 0.4)], [(9, 2), (8, 0)]]
)
def test_points_that_make_no_curve_are_refused(points: Any) -> None:
    with pytest.raises(DataError):
        nl.growth_curve(points)


def test_points_come_from_runs_and_from_trainings_on_nested_parts(tmp_path: Any) -> None:
    ds = nl.demo.nuclei(tmp_path / "n.nbal", n_images=12, n_labeled=12, size=96)
    ds.images.loc[ds.images.index[:4], "split"] = "test"
    ds.sync()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FallbackWarning)
        points = nl.growth_subsets(nl.Watershed, ds, (0.5, 1.0))
    trained = ds.instances["image_id"].isin(ds.images.query("split != 'test'").index).sum()
    assert points["images"].tolist() == [4, 8]
    assert points["n"].iloc[1] == trained
    assert points["map"].between(0, 1).all()
    runs = [nl.demo.simulated_run(ds, seed) for seed in (0, 1)]
    assert nl.growth_points(runs)["n"].tolist() == [trained, trained]


def test_without_held_out_images_nothing_is_measured(tmp_path: Any) -> None:
    ds = nl.demo.nuclei(tmp_path / "n.nbal", n_images=3, n_labeled=3, size=96)
    with pytest.raises(DataError, match="put"):
        nl.growth_subsets(nl.Watershed, ds)
