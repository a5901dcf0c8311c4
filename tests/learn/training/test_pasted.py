"""Pasted images in a training: taken with their weights, and never a way to measure on what was learned."""

from pathlib import Path

import pytest

import nbalabel as nl
from nbalabel.core.tables.pasted import parents
from nbalabel.learn.training import examples
from nbalabel.learn.training.parting import parting


@pytest.fixture
def ds(tmp_path: Path):
    with nl.demo.reef(tmp_path / "reef.nbal", n_images=150, n_labeled=40, n_test=10, size=96) as dataset:
        yield dataset


def test_pasted_images_are_learned_from_with_their_weights(ds: nl.Dataset) -> None:
    change = nl.paste(ds, "fish", n=6, weight=0.25)
    ids = change.tables["images"].created.index
    found = examples.training(ds, 96)
    at = [found.image_ids.tolist().index(i) for i in ids]
    assert found.weights[at].tolist() == [0.25] * 6
    masks = ds.instances[ds.instances["image_id"].isin(ids)].groupby("image_id").size()
    assert [len(found.paths[i]) for i in at] == masks.tolist()


def test_what_is_put_aside_is_neither_pasted_nor_part_of_what_is_learned_from(ds: nl.Dataset) -> None:
    ids = nl.paste(ds, "fish", n=30).tables["images"].created.index
    parts = parting(ds, 96, "use", 0.2, is_open=True, seed=0)
    assert len(parts.check)
    assert not set(parts.check.image_ids) & set(ids)
    learned = set(parts.learn.image_ids)
    assert learned & set(ids)
    assert set(ids) <= set(parts.all.image_ids)
    made_of = parents(ds.instances)
    used = made_of.loc[made_of["image_id"].isin(learned), "parent"]
    groups = ds.images["group"]
    assert not set(groups[used.unique()]) & set(groups[parts.check.image_ids])


def test_without_pasted_images_the_same_images_are_put_aside(ds: nl.Dataset) -> None:
    before = parting(ds, 96, "use", 0.2, is_open=True, seed=0).check.image_ids.tolist()
    nl.paste(ds, "fish", n=10)
    assert parting(ds, 96, "use", 0.2, is_open=True, seed=0).check.image_ids.tolist() == before
