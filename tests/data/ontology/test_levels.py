"""Labels at a level of their hierarchy: what is trained, measured and written there."""

import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError


@pytest.fixture
def fish(ds, mask):
    """Cod and haddock are gadidae, which are fish, as ling are. Instance 3 is some gadid, 4 a rock."""
    ds.define("cod", parent="gadidae")
    ds.define("ling", parent="fish")
    ds.define("gadidae", parent="fish")
    ds.define("haddock", parent="gadidae")
    ds.define("rock")
    ds.add_instances(
        pd.DataFrame({"image_id": [2, 3], "label": ["gadidae", "rock"], "mask": [mask(2), mask(3)]})
    )
    return ds


def test_each_label_becomes_its_parent_at_the_level(fish):
    coarse = fish.at_level(0)
    assert coarse.labels == ("fish", "rock")
    assert coarse.instances["label"].tolist() == ["fish", "fish", "fish", "fish", "rock"]
    assert not len(coarse.regions)
    middle = fish.at_level(1)
    assert middle.labels == ("gadidae", "ling", "rock")
    assert middle.instances["label"].tolist() == ["gadidae", "ling", "gadidae", "gadidae", "rock"]


def test_what_is_coarser_than_the_level_is_neither_trained_nor_measured_where_it_lies(fish):
    fine = fish.at_level(2)
    assert fine.labels == ("cod", "ling", "haddock", "rock")
    assert fine.instances.index.tolist() == [0, 1, 2, 4]
    assert fine.regions[["image_id", "kind", "label"]].to_numpy().tolist() == [
        [2, "ignore", "cod"],
        [2, "ignore", "haddock"],
    ]
    assert (fine.regions["mask"] == fish.instances.loc[3, "mask"]).all()


def test_regions_of_one_label_hold_at_a_level_where_they_are_true(fish):
    fish.mark_complete([0], labels=["cod"])
    fish.mark_complete([1], labels=["rock"])
    fish.add_regions(fish.instances.loc[[1]], kind="ignore")
    regions = fish.at_level(1).regions
    found = zip(regions["kind"], regions["label"].astype(object).fillna("all"), strict=True)
    assert sorted(found) == [("done", "rock"), ("ignore", "all")]  # not "all gadidae": only the cod are


def test_tables_at_a_level_can_be_saved_and_written(fish, tmp_path):
    with fish.at_level(2).save(tmp_path / "fine.nbal") as fine:
        assert len(fine.regions) == 2
        assert fine.ontology.labels["cod"].parent == "gadidae"
    report = nl.write_coco(fish.at_level(0), tmp_path / "a.json")
    assert nl.read_coco(report.path).labels == ("fish", "rock")


@pytest.mark.parametrize("level", [-1, 1.0, "1", True])
def test_a_level_is_a_whole_number(fish, level):
    with pytest.raises(DataError, match="level must be"):
        fish.at_level(level)


def test_a_species_that_was_taken_for_its_sister_is_right_one_level_up(fish):
    fish.images["state"] = "complete"
    rows = fish.instances[["image_id", "label", "mask"]].assign(score=0.9)
    rows["label"] = ["haddock", "ling", "haddock", "gadidae", "rock"]
    run = nl.read_predictions(rows, fish, images=fish.images)
    assert run.evaluate().map50 < 0.9
    assert run.evaluate(level=1).map50 == pytest.approx(1)
    assert run.evaluate(level=0).map50 == pytest.approx(1)
    assert run.evaluate(level=2).map50 == pytest.approx(2 / 3)  # ling and rock are right, cod are not


def test_at_a_level_a_prediction_on_what_is_coarser_counts_neither_way(fish):
    fish.images["state"] = "complete"
    rows = fish.instances[["image_id", "label", "mask"]].assign(score=0.9)
    rows["label"] = ["cod", "ling", "cod", "cod", "rock"]
    run = nl.read_predictions(rows, fish, images=fish.images)
    assert run.evaluate(level=2).map50 == pytest.approx(1)
