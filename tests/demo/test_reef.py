"""nl.demo.reef: a dataset on its first day, and the truth beside it."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, StorageError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.tables.tables import Tables
from nbalabel.demo import generate
from nbalabel.demo.underwater.habitats import HABITAT_NAMES
from nbalabel.demo.underwater.scene import TEST
from nbalabel.demo.underwater.species import NAMES

N_IMAGES, N_LABELED, N_TEST, SIZE = 130, 12, 30, 96


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo") / "reef.nbal"
    nl.demo.reef(folder, N_IMAGES, N_LABELED, N_TEST, SIZE, seed=3)
    return folder


@pytest.fixture(scope="module")
def ds(folder: Path) -> nl.Dataset:
    return nl.open(folder)


@pytest.fixture(scope="module")
def truth(folder: Path) -> Tables:
    return nl.demo.truth(folder)


def test_only_a_few_training_images_are_labeled(ds: nl.Dataset) -> None:
    labeled = ds.images[ds.images["weight"] > 0]
    assert len(ds.images) == N_IMAGES
    assert len(labeled) == N_LABELED
    assert set(labeled["split"]) == {"train"}
    assert set(labeled["state"]) == {"complete", "empty"}
    rest = ds.images[(ds.images["split"] == "train") & (ds.images["weight"] == 0)]
    assert set(rest["state"]) == {"unlabeled"}
    assert not ds.instances["image_id"].isin(rest.index).any()


def test_the_labeled_images_are_spread_over_habitats_and_sequences(ds: nl.Dataset) -> None:
    labeled = ds.images[ds.images["weight"] > 0]
    assert labeled["habitat"].value_counts().between(1, 4).all()
    assert set(labeled["habitat"].astype(str)) == set(HABITAT_NAMES)
    assert labeled["group"].nunique() >= 9
    assert (labeled["state"] == "empty").sum() == N_LABELED // 6


def test_the_test_part_has_sequences_of_its_own_and_is_never_trained_on(ds: nl.Dataset) -> None:
    test = ds.images[ds.images["split"] == "test"]
    assert len(test) == N_TEST
    assert (test["weight"] == 0).all()
    assert test["state"].isin(["complete", "empty"]).all()
    train = ds.images[ds.images["split"] == "train"]
    assert not set(test["group"].astype(str)) & set(train["group"].astype(str))


def test_state_says_what_the_instances_say(ds: nl.Dataset) -> None:
    labeled = ds.images.index.isin(ds.instances["image_id"])
    assert ((ds.images["state"] == "complete") == labeled).all()


def test_labels_stand_for_a_persons_work(ds: nl.Dataset) -> None:
    assert ds.labels == ("fish",)
    assert set(ds.instances["source"]) == {"human"}
    assert set(ds.instances["origin"]) == {"generator"}
    assert set(ds.instances["status"]) == {"verified"}


def test_pictures_are_those_that_were_generated(ds: nl.Dataset) -> None:
    frames = [*generate(N_IMAGES - N_TEST, SIZE, 3), *generate(N_TEST, SIZE, 3, TEST)]
    for image_id in (0, 57, N_IMAGES - 1):
        difference = ds.read_image(image_id).astype(int) - frames[image_id].image
        assert np.abs(difference).mean() < 5
    assert ds.images["turbidity"].tolist() == pytest.approx([f.turbidity for f in frames])


def test_the_truth_knows_every_mask_under_the_same_ids(ds: nl.Dataset, truth: Tables) -> None:
    assert truth.images.index.equals(ds.images.index)
    assert truth.images["file"].tolist() == ds.images["file"].tolist()
    assert truth.images["state"].isin(["complete", "empty"]).all()
    frames = [*generate(N_IMAGES - N_TEST, SIZE, 3), *generate(N_TEST, SIZE, 3, TEST)]
    for image_id, rows in truth.instances.groupby("image_id"):
        assert np.array_equal(rle.decode_labels(rows["mask"].to_list(), SIZE, SIZE), frames[image_id].labels)
        assert tuple(rows["species"]) == frames[image_id].species
    known = truth.instances[truth.instances["image_id"].isin(ds.instances["image_id"])]
    assert ds.instances["mask"].tolist() == known["mask"].tolist()


def test_the_truth_is_found_from_the_dataset_too(ds: nl.Dataset, truth: Tables) -> None:
    pd.testing.assert_frame_equal(nl.demo.truth(ds).instances, truth.instances)


def test_the_test_part_is_the_same_for_every_number_of_images(tmp_path: Path, truth: Tables) -> None:
    small = nl.demo.truth(nl.demo.reef(tmp_path / "small", 40, 0, N_TEST, SIZE, seed=3))
    test, known = (t.instances[t.instances["image_id"] >= len(t.images) - N_TEST] for t in (small, truth))
    assert test["mask"].tolist() == known["mask"].tolist()


def test_fish_can_be_labeled_by_species(tmp_path: Path) -> None:
    ds = nl.demo.reef(tmp_path / "species", 30, 30, 0, SIZE, by_species=True)
    assert ds.labels == NAMES
    assert ds.instances["label"].nunique() > 1


def test_labeled_training_images_can_lack_a_species(tmp_path: Path) -> None:
    ds = nl.demo.reef(tmp_path / "a", 130, 12, 30, SIZE, seed=3, by_species=True, unseen=["clownfish"])
    labeled = ds.images[ds.images["weight"] > 0]
    assert len(labeled) == 12
    kinds = nl.demo.truth(ds).instances.join(ds.images["state"], on="image_id")
    shown = kinds[kinds["species"] == "clownfish"]
    assert len(shown)
    assert not shown["image_id"].isin(labeled.index).any()
    assert "clownfish" in ds.labels


@pytest.mark.parametrize("unseen", ["clownfish", ["cod"]])
def test_what_is_no_list_of_species_is_refused(tmp_path: Path, unseen: list[str] | str) -> None:
    with pytest.raises(UnknownNameError, match="expected a list of snapper"):
        nl.demo.reef(tmp_path / "a", 20, 2, 0, SIZE, unseen=unseen)
    assert not (tmp_path / "a").exists()


def test_more_labels_than_images_without_a_species_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"training images show no .*snapper"):
        nl.demo.reef(tmp_path / "a", 60, 60, 0, SIZE, unseen=NAMES)


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("mine")
    with pytest.raises(StorageError, match="not an empty folder"):
        nl.demo.reef(tmp_path, 10, 0, 0, SIZE)
    assert [p.name for p in tmp_path.iterdir()] == ["note.txt"]


@pytest.mark.parametrize("numbers", [(10, 5, 6), (10, -1, 0), (10, 0, -1), (10, 11, 0)])
def test_numbers_that_do_not_fit_together_are_refused(tmp_path: Path, numbers: tuple[int, int, int]) -> None:
    with pytest.raises(DataError, match="n_labeled"):
        nl.demo.reef(tmp_path / "reef", *numbers, SIZE)
    assert not (tmp_path / "reef").exists()


def test_other_datasets_have_no_truth(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no truth"):
        nl.demo.truth(tmp_path)
