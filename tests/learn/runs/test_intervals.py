"""Intervals of mAP by run, and of differences from the same draws."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.learn.metrics.bootstrap import ap_draws, drawn_times


@pytest.fixture(scope="module")
def ds(tmp_path_factory: Any) -> Any:
    folder = tmp_path_factory.mktemp("reef") / "reef.nbal"
    with nl.demo.reef(folder, n_images=44, n_labeled=10, n_test=14, size=96) as made:
        made.images["group"] = None
        yield made


def test_values_are_those_of_evaluate_and_ends_are_quantiles_of_the_draws(ds: Any) -> None:
    run, test = nl.demo.simulated_run(ds), ds.images.query("split == 'test'")
    found = nl.map_intervals(run, images=test, tables=ds, draws=60, level=0.8, seed=3)
    row = found.table.loc[run.id]
    assert row["map"] == run.evaluate(test).map
    predictions, instances = (t[t["image_id"].isin(test.index)] for t in (run.predictions, ds.instances))
    aps = ap_draws(predictions, instances, test, ds.labels, drawn_times(np.arange(len(test)), 60, 3))
    assert (row["low"], row["high"]) == tuple(np.quantile(aps.mean(axis=1), [0.1, 0.9]))
    assert found.labels.loc[(run.id, ds.labels[0]), "ap"] == row["map"]
    assert found.images.tolist() == test.index.tolist()
    assert len(found.differences) == 0


def test_a_difference_is_paired(ds: Any) -> None:
    first, second = nl.demo.simulated_run(ds, 0), nl.demo.simulated_run(ds, 1)
    test = ds.images.query("split == 'test'")
    same = nl.map_intervals({"a": first, "b": replace(first, id="x")}, images=test, draws=40)
    assert same.differences.loc["b", ["difference", "low", "high"]].tolist() == [0, 0, 0]
    found = nl.map_intervals([first, second], images=test, tables=ds, draws=200)
    row = found.differences.loc[second.id]
    assert row["than"] == first.id
    assert row["difference"] == pytest.approx(
        found.table.loc[second.id, "map"] - found.table.loc[first.id, "map"]
    )
    assert row["low"] <= row["difference"] <= row["high"]
    alone = found.table["high"] - found.table["low"]
    assert row["high"] - row["low"] < alone.sum(), "what images have in common cancels"
    assert found.label_differences.loc[(second.id, ds.labels[0]), "difference"] == row["difference"]


def test_only_images_that_every_run_saw_are_measured(ds: Any) -> None:
    run, test = nl.demo.simulated_run(ds), ds.images.query("split == 'test'").index
    few = test[:5]
    part = replace(
        run,
        id="part",
        predictions=run.predictions[run.predictions["image_id"].isin(few)],
        predicted_ids=few.to_numpy(),
    )
    found = nl.map_intervals([run, part], images=test, tables=ds, draws=5)
    assert found.images.tolist() == few.tolist()
    assert found.table["map"].nunique() == 1


def test_groups_are_drawn_together_where_there_are_enough(ds: Any) -> None:
    run, test = nl.demo.simulated_run(ds), ds.images.query("split == 'test'").index
    frame = ds.images.copy()
    frame["group"] = pd.Categorical(["one", "two"] * (len(frame) // 2))
    few = nl.map_intervals(run, images=test, tables=nl.Tables.of(frame, ds.instances, ds.labels), draws=5)
    assert (few.drawn, "2 groups" in few.note) == ("image", True)
    frame["group"] = pd.Categorical([f"g{i % 9}" for i in range(len(frame))])
    many = nl.map_intervals(run, images=test, tables=nl.Tables.of(frame, ds.instances, ds.labels), draws=5)
    assert (many.drawn, many.note) == ("group", "")


def test_regions_nobody_knows_are_left_out_as_in_evaluate(ds: Any) -> None:
    run, test = nl.demo.simulated_run(ds), ds.images.query("split == 'test'").index
    before = nl.map_intervals(run, images=test, tables=ds, draws=200)
    ds.add_regions(pd.DataFrame({"image_id": [int(test[0])], "mask": [np.ones((96, 96), bool)]}), "ignore")
    try:
        found = nl.map_intervals(run, images=test, tables=ds, draws=200)
        assert found.table.loc[run.id, "map"] == run.evaluate(test, ds).map
        assert found.table.loc[run.id, "map"] > before.table.loc[run.id, "map"]
        assert (found.table["high"] > before.table["high"]).all()
    finally:
        ds.undo()


def test_runs_of_one_name_are_told_apart_and_shown(ds: Any) -> None:
    run = nl.demo.simulated_run(ds)
    found = nl.map_intervals([run, run], draws=4)
    assert found.table.index.tolist() == [run.id, f"{run.id} (2)"]
    assert found._repr_html_().count("<circle") == 2
    assert repr(found).count("mAP") == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"draws": 1}, "draws must be"), ({"level": 1.0}, "level"), ({"images": [-1]}, "no image is left")],
)
def test_what_cannot_be_measured_is_said(ds: Any, arguments: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        nl.map_intervals(nl.demo.simulated_run(ds), **arguments)
    with pytest.raises(DataError, match="no run"):
        nl.map_intervals([])
