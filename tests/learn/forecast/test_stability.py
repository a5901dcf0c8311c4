from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform


def run_of(boxes: dict[int, list[tuple[int, int]]], name: str = "r") -> nl.Run:
    """A run with squares of 4 pixels, at these corners of images of 20 pixels."""
    rows = []
    for image_id, corners in boxes.items():
        for x, y in corners:
            mask = np.zeros((20, 20), bool)
            mask[y : y + 4, x : x + 4] = True
            rows.append((image_id, "cod", rle.encode(mask), 0.9, x, y, 4, 4, 16))
    frame = pd.DataFrame(rows, columns=["image_id", "label", "mask", "score", "x", "y", "w", "h", "area"])
    predictions = conform(frame, "predictions", ("cod",))
    return nl.Run(name, "predict", labels=("cod",), predictions=predictions, predicted_ids=np.arange(4))


SAME = {0: [(0, 0)], 1: [(2, 2), (10, 10)], 2: []}


def test_runs_that_say_the_same_agree_entirely_and_stop() -> None:
    found = nl.stable([run_of(SAME)] * 4)
    assert found.stop
    assert found.table[["pq", "f1", "kappa"]].eq(1).all(axis=None)
    assert found.table["change_of_f"].eq(0).all()
    assert found.sentence().startswith("stop")


def test_one_of_three_instances_lost_and_another_gained_halve_the_pq() -> None:
    moved = {**SAME, 1: [(2, 2), (4, 14)]}
    row = nl.stable([run_of(SAME), run_of(moved)]).table.iloc[0]
    assert row["pq"] == pytest.approx(2 / 3)
    assert (row["gained"], row["lost"]) == (1, 1)


def test_a_shift_lowers_the_pq_but_not_the_kappa() -> None:
    shifted = {0: [(1, 0)], 1: [(3, 2), (11, 10)], 2: []}
    row = nl.stable([run_of(SAME), run_of(shifted)]).table.iloc[0]
    assert row["kappa"] == 1
    assert row["f1"] == 1
    assert row["pq"] == pytest.approx(12 / 20)


def test_presence_that_changes_lowers_kappa_and_bounds_the_change_of_f() -> None:
    row = nl.stable([run_of({0: [(0, 0)], 1: [(0, 0)]}), run_of({0: [(0, 0)]})]).table.iloc[0]
    assert row["kappa"] == pytest.approx(0.5)
    assert row["change_of_f"] == 1


def test_a_single_agreement_is_not_enough_for_a_window_of_three() -> None:
    other = run_of({0: [(8, 8)]})
    assert not nl.stable([run_of(SAME)] * 3).stop
    assert "2 of 3" in nl.stable([run_of(SAME)] * 3).sentence()
    assert not nl.stable([run_of(SAME), other, run_of(SAME), run_of(SAME)]).stop
    assert nl.stable([other, *[run_of(SAME)] * 4]).stop


def test_only_unlabeled_images_that_no_training_takes_count(tmp_path: Any) -> None:
    ds = nl.demo.reef(tmp_path / "r.nbal", n_images=24, n_labeled=8, n_test=4, size=96)
    run = nl.demo.simulated_run(ds)
    found = nl.stable([run, nl.demo.simulated_run(ds, 1)])
    assert found.images.tolist() == ds.images.query("state == 'unlabeled'").index.tolist()
    assert "PQ" in found._repr_html_()


def test_runs_without_a_common_image_are_refused() -> None:
    run = run_of(SAME)
    with pytest.raises(DataError, match="share"):
        nl.stable([run, replace(run_of({}), predicted_ids=np.array([99]))])
    with pytest.raises(DataError, match="two"):
        nl.stable([run])
