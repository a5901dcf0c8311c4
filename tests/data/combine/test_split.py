"""Images parted into train, val and test: whole groups, alike in labels, the same each time."""

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.data.tables.tables import Tables

SIZE = 32


@pytest.fixture
def grouped(folder, mask):
    """120 images in 12 groups of 10; a mask each, the rare label in four groups alone."""
    images = pd.DataFrame(
        {
            "file": [f"{i}.png" for i in range(120)],
            "width": SIZE,
            "height": SIZE,
            "group": [f"g{i // 10}" for i in range(120)],
            "state": "complete",
        }
    )
    labels = ["eel" if i // 10 % 3 == 0 and i % 2 else "cod" for i in range(120)]
    instances = pd.DataFrame({"image_id": range(120), "label": labels, "mask": [mask(4)] * 120})
    with Tables.of(images, instances, ["cod", "eel"]).save(folder) as ds:
        yield ds


def share(ds, part: str, label: str) -> float:
    rows = ds.instances[ds.instances["label"] == label]
    return float((ds.images["split"][rows["image_id"]] == part).mean())


def test_groups_stay_whole_and_shares_are_met(grouped) -> None:
    change = grouped.split(test=0.25, val=0.25)
    per_group = grouped.images.groupby("group", observed=True)["split"].nunique()
    assert per_group.tolist() == [1] * 12
    assert grouped.images["split"].value_counts().to_dict() == {"train": 60, "test": 30, "val": 30}
    assert change.note == (
        "split 120 images: train 50% (60 images in 6 groups), test 25% (30 images in 3 groups), "
        "val 25% (30 images in 3 groups)"
    )


def test_each_part_gets_its_share_of_rare_labels(grouped) -> None:
    for seed in range(5):
        grouped.split(test=0.25, val=0.25, seed=seed)
        assert [share(grouped, part, "eel") for part in ("train", "val", "test")] == [0.5, 0.25, 0.25]


def test_a_split_is_one_change_and_the_same_each_time(grouped) -> None:
    before = grouped.images.copy()
    grouped.split(test=0.3, seed=3)
    first = grouped.images["split"].copy()
    grouped.undo()
    assert grouped.images.equals(before)
    grouped.split(test=0.3, seed=3)
    assert grouped.images["split"].equals(first)
    grouped.split(test=0.3, seed=4)
    assert not grouped.images["split"].equals(first)


def test_without_groups_images_are_parted_one_by_one(grouped) -> None:
    change = grouped.split(test=0.2, by=None)
    assert (grouped.images["split"] == "test").sum() == 24
    assert share(grouped, "test", "eel") == pytest.approx(0.2, abs=0.03)
    assert "groups" not in change.note


def test_images_of_no_group_stand_alone(grouped) -> None:
    grouped.set(grouped.images.index[:100], table="images", group=None)
    grouped.split(test=0.1)
    assert (grouped.images["split"] == "test").sum() == 12


def test_only_the_images_asked_for_are_parted(grouped) -> None:
    grouped.split(test=0.5, images=grouped.images.query("group == 'g0' or group == 'g1'"))
    assert grouped.images["split"].notna().sum() == 20
    assert grouped.images["split"].iloc[20:].isna().all()


def test_other_columns_group_and_stratify(grouped) -> None:
    grouped.images["diver"] = np.repeat(["ann", "bob", "cy"], 40)
    grouped.images["murky"] = np.arange(120) % 4 == 0
    grouped.split(test=0.34, by="diver", stratify="murky")
    assert grouped.images.groupby("diver")["split"].nunique().tolist() == [1, 1, 1]
    grouped.split(test=0.2, by=None, stratify="murky")
    assert (grouped.images["murky"] & (grouped.images["split"] == "test")).sum() == 6


def test_what_whole_groups_cannot_do_is_said(grouped) -> None:
    grouped.set(grouped.instances.index, label="cod")
    grouped.set(grouped.instances.index[:10], label="eel")
    change = grouped.split(test=0.25)
    assert "As even as it gets:" in change.note
    assert "% of eel in test" in change.note


def test_every_part_gets_something_where_groups_are_few(grouped) -> None:
    grouped.images["diver"] = np.repeat(["ann", "bob", "cy"], [118, 1, 1])
    grouped.split(test=0.2, val=0.1, by="diver", stratify=None)
    assert set(grouped.images["split"]) == {"train", "val", "test"}


@pytest.mark.parametrize(
    ("how", "error", "said"),
    [
        ({"test": 1.0}, DataError, "test must be a share of the images"),
        ({"test": 20}, DataError, "test must be a share of the images, 0 <= test < 1, got 20"),
        ({"test": 0.6, "val": 0.4}, DataError, "leave no image to train on"),
        ({"by": "boat"}, UnknownNameError, "by='boat' is no column of images; there are file"),
        ({"stratify": "boat"}, UnknownNameError, "stratify='boat' is no column"),
        ({"by": "state"}, DataError, "120 images in 1 groups of state cannot be parted into train, test"),
    ],
)
def test_a_split_that_cannot_be_is_refused_and_nothing_changes(grouped, how, error, said) -> None:
    with pytest.raises(error, match=said):
        grouped.split(**how)
    assert grouped.images["split"].isna().all()
