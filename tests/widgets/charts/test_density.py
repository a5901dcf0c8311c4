"""Centres over the plane of the image: counts, the brush as a clause, density and diversity."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.widgets.charts.plane import Plane


def every(n: int) -> np.ndarray:
    return np.ones(n, bool)


def test_centres_are_counted_in_cells_from_the_top_left() -> None:
    plane = Plane.of(np.array([0.1, 0.9, 0.9, 1.0, np.nan]), np.array([0.1, 0.1, 0.6, 1.0, np.nan]), 1.0, 2)
    assert plane.count(every(5)).tolist() == [[1, 1], [0, 2]]
    assert plane.count(np.array([True, False, False, False, True])).tolist() == [[1, 0], [0, 0]]


@pytest.mark.parametrize(
    ("ratio", "cells"), [(1.0, (10, 10)), (2.0, (10, 5)), (0.5, (5, 10)), (40.0, (10, 1))]
)
def test_cells_are_about_square_on_the_image(ratio: float, cells: tuple[int, int]) -> None:
    plane = Plane.of(np.zeros(3), np.zeros(3), ratio, 10)
    assert (plane.across, plane.down) == cells


def test_more_centres_get_smaller_cells() -> None:
    across = [Plane.of(np.zeros(n), np.zeros(n), 1.0).across for n in (0, 300, 10_000, 10_000_000)]
    assert across == [8, 8, 20, 32]


def test_diversity_is_one_everywhere_alike_and_nothing_in_one_place() -> None:
    x, y = ((np.arange(64) % 8 + 0.5) / 8, (np.arange(64) // 8 + 0.5) / 8)
    assert Plane.of(x, y, 1.0).evenness(every(64)) == pytest.approx(1)
    assert Plane.of(np.full(64, 0.3), np.full(64, 0.3), 1.0).evenness(every(64)) == 0
    two = Plane.of(np.array([0.1] * 50 + [0.9] * 50), np.full(100, 0.5), 1.0).evenness(every(100))
    assert two == pytest.approx(np.log(2) / np.log(64))
    assert np.isnan(Plane.of(x, y, 1.0).evenness(np.arange(64) == 3))


def test_it_shows_all_labels_or_one_and_the_others_can_be_chosen(workspace: Any) -> None:
    density, instances = nl.Density(workspace), workspace.ds.instances
    assert density.counts.sum() == len(instances)
    label = str(instances["label"].mode()[0])
    density.choose("option", label)
    n = int((instances["label"] == label).sum())
    assert density.counts.sum() == n
    assert density.head.state["option"] == label
    n_images = int((workspace.ds.images["state"] != "unlabeled").sum())
    assert density.head.state["count"].startswith(
        f"{n:,} instances · {n / n_images:.3g} per image · diversity 0."
    )
    density.choose("option", "all labels")
    assert nl.Density(workspace, label).counts.sum() == n < density.counts.sum()


def test_a_box_is_a_clause_of_the_label_shown_and_its_code_gives_the_same_rows(workspace: Any) -> None:
    label = str(workspace.ds.instances["label"].mode()[0])
    density = nl.Density(workspace, label)
    density._brush.selected = np.array([[0.9, 0.9], [0.1, 0.05]])  # as bqplot does, in any order
    centres = nl.shapes(workspace.ds, columns=["centre_x", "centre_y"])
    inside = centres["centre_x"].between(0.1, 0.9) & centres["centre_y"].between(0.05, 0.9)
    wanted = workspace.ds.instances.index[inside & (workspace.ds.instances["label"] == label)]
    assert workspace.selected.index.tolist() == wanted.tolist()
    assert 0 < len(wanted) < len(workspace.ds.instances)
    assert density.counts.sum() == (workspace.ds.instances["label"] == label).sum(), (
        "its own clause leaves it alone"
    )
    scope: dict[str, Any] = {"ds": workspace.ds, "run": workspace.run}
    exec(workspace.code(), scope)  # noqa: S102  # the cell that people run
    assert scope["selected"].index.tolist() == wanted.tolist()
    density.choose("option", "all labels")
    assert workspace.selected.index.tolist() == centres.index[inside].tolist(), "the box stays"
    density.choose("clear", None)
    assert density._brush.selected is None
    assert not workspace.selection.clauses


def test_it_follows_the_other_views_and_the_tables(workspace: Any) -> None:
    density = nl.Density(workspace)
    some = workspace.ds.instances.iloc[:4]
    workspace.select(some)
    assert density.counts.sum() == 4
    assert density.head.state["count"].startswith(f"4 / {len(workspace.ds.instances)} instances")
    workspace.clear()
    workspace.ds.remove(some)
    workspace.refresh()
    assert density.counts.sum() == len(workspace.ds.instances)


def test_predictions_have_centres_too(workspace: Any) -> None:
    density = nl.Density(workspace, of="predictions")
    assert density.counts.sum() == len(workspace.run.predictions)
    density.select((0.0, 0.5))
    assert (nl.shapes(workspace.run, workspace.selected)["centre_x"] <= 0.5).all()


def test_it_has_a_picture_as_wide_as_its_images(workspace: Any) -> None:
    density = nl.Density(workspace)
    assert density.picture().size == (420, 200)
    assert density.figure.layout.width == f"{260 - 28 + 52}px", "images are square"


def test_without_instances_it_says_so(tmp_path: Any) -> None:
    ds = nl.demo.reef(tmp_path / "empty.nbal", n_images=4, n_labeled=0, n_test=0, size=96)
    density = nl.Density(ds)
    assert density.head.state["note"] == "There are no instances."


def test_wrong_options_say_what_is_right(workspace: Any) -> None:
    with pytest.raises(UnknownNameError, match=r"there is no label 'grouperr'; did you mean 'grouper'"):
        nl.Density(workspace, "grouperr")
    with pytest.raises(DataError, match="instances or predictions: images have no centre"):
        nl.Density(workspace, of="images")
    with pytest.raises(DataError, match="bins must be 1 to 200, got 0"):
        nl.Density(workspace, bins=0)
    with pytest.raises(DataError, match="x must be two numbers, the lower one first"):
        nl.Density(workspace).select((0.5, 0.2))
