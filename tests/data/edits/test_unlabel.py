"""Images nobody labeled: said of them, kept apart, and told of before a training learns nothing from them."""

import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.data.formats.records.rows import states
from nbalabel.data.tables.tables import Tables
from nbalabel.learn.training.examples import training


@pytest.fixture
def labeled(tables, folder):
    """All five images complete, with weight 1; only two of them have masks."""
    images = tables.images.assign(state="complete")
    with Tables.of(images, tables.instances, tables.labels).save(folder) as dataset:
        yield dataset


def test_unlabeled_images_lose_their_masks_and_rejections_in_one_step(labeled, predictions) -> None:
    labeled.reject(predictions.query("image_id == 0"))
    before = labeled.instances.copy(), labeled.images.copy(), labeled.rejected.copy()
    change = labeled.unlabel([0, 2])
    assert labeled.images.loc[[0, 2], "state"].tolist() == ["unlabeled"] * 2
    assert labeled.images.loc[[0, 2], "weight"].tolist() == [0, 0]
    assert labeled.images["state"].tolist().count("complete") == 3
    assert labeled.instances["image_id"].tolist() == [1]
    assert not len(labeled.rejected)
    assert change.note == "2 images are unlabeled, removed 2 instances on them, forgot 1 rejected on them"
    labeled.undo()
    for was, now in zip(before, (labeled.instances, labeled.images, labeled.rejected), strict=True):
        assert was.equals(now)


def test_unlabeling_again_changes_nothing(labeled) -> None:
    labeled.unlabel(labeled.images.index)
    assert not labeled.unlabel(labeled.images.index)


@pytest.mark.parametrize(
    "rows",
    [
        lambda _: [0, 1],
        lambda ds: ds.images.loc[[0, 1]],
        lambda ds: ds.instances,
        lambda ds: ds.images["file"] < "2",
    ],
    ids=["ids", "images", "instances", "mask"],
)
def test_a_subset_holds_the_images_that_rows_stand_for(labeled, rows) -> None:
    chosen = labeled.subset(rows(labeled))
    assert chosen.images.index.tolist() == [0, 1]
    assert chosen.instances.equals(labeled.instances)
    assert chosen.labels == labeled.labels


def test_a_subset_is_saved_with_what_was_turned_down_on_it(labeled, predictions, tmp_path) -> None:
    labeled.reject(predictions)
    with labeled.subset(labeled.images.query("image_id > 0")).save(tmp_path / "part.nbal") as part:
        assert part.images.index.tolist() == [1, 2, 3, 4]
        assert part.instances["image_id"].tolist() == [1]
        assert part.rejected["image_id"].tolist() == [2, 2]
        assert len(labeled.images) == 5


def test_a_subset_of_what_is_not_there_says_so(labeled) -> None:
    with pytest.raises(UnknownNameError, match="images has no rows 77"):
        labeled.subset([0, 77])
    with pytest.raises(DataError, match="these are ids of instances"):
        labeled.unlabel(labeled.instances.index)


def test_a_mask_over_rows_means_the_rows_where_it_is_true(labeled) -> None:
    labeled.remove(labeled.images["file"] == "4.png")
    assert labeled.images.index.tolist() == [0, 1, 2, 3]
    labeled.set((labeled.instances["label"] == "ling").astype("boolean"), label="cod")
    assert labeled.instances["label"].tolist() == ["cod"] * 3


def test_cards_count_the_complete_images_without_a_mask(labeled, tables) -> None:
    said = "3 images are complete and have no mask, which tells a model that nothing is there: 2, 3, 4"
    assert said in labeled._repr_html_()
    assert said in labeled.subset(labeled.images)._repr_html_()
    labeled.unlabel([2, 3, 4])
    assert "no mask, which" not in labeled._repr_html_()
    assert "no mask, which" not in tables._repr_html_()


def test_training_says_how_many_complete_images_hold_nothing(labeled) -> None:
    labeled.set([4], table="images", weight=0)
    with pytest.warns(nl.errors.NbalabelWarning, match=r"2 images are complete and have no mask.*: 2, 3\."):
        examples = training(labeled, 32)
    assert len(examples) == 4
    labeled.set([2, 3], table="images", state="empty")
    assert len(training(labeled, 32)) == 4


@pytest.mark.parametrize(
    ("weight", "said"),
    [
        (1, "1 image is partial now: training takes what is not labeled there for background"),
        (0, "1 image is partial now: with weight 0 training leaves them out"),
        (None, "1 image is partial now: where their weight is above 0, training takes"),
    ],
)
def test_a_bulk_accept_says_what_training_does_with_its_images(tables, folder, predictions, weight, said):
    images = states(tables.images, tables.instances["image_id"].to_numpy())
    with Tables.of(images, tables.instances, tables.labels).save(folder) as ds:
        change = ds.accept(predictions, weight=weight)
        assert said in change.note
        assert ("ignore=run" in change.note) == (weight != 0)
        assert said in ds.log()["note"].iloc[0]
        assert ds.images.loc[2, "state"] == "partial"
        ds.undo()
        assert "partial" not in ds.accept(predictions.query("image_id == 0"), weight=weight).note
