"""What is not known on an image, from its regions."""

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.geometry.masks import rle
from nbalabel.core.regions.measured import known_pairs, known_somewhere, with_unknown
from nbalabel.core.regions.unknown import unknown

LABELS = ("cod", "ling", "crab")
SIZE = 20


def box(x, y, w, h):
    mask = np.zeros((SIZE, SIZE), bool)
    mask[y : y + h, x : x + w] = True
    return rle.encode(mask)


WHOLE = box(0, 0, SIZE, SIZE)


@pytest.fixture
def images():
    """0 is complete, 1 partial, 2 partial, 3 unlabeled."""
    return pd.DataFrame(
        {"height": SIZE, "width": SIZE, "state": ["complete", "partial", "partial", "unlabeled"]}
    )


def regions(*rows):
    frame = pd.DataFrame(rows, columns=["image_id", "kind", "label", "mask"])
    frame["label"] = pd.Categorical(frame["label"], categories=list(LABELS))
    return frame


def at(parts, image_id, label, x, y):
    """Whether a pixel is in an unknown part for a label."""
    code = LABELS.index(label)
    return any(
        part.image_id == image_id and code in part.labels and rle.decode(part.mask, SIZE, SIZE)[y, x]
        for part in parts
    )


def test_outside_of_what_is_done_nothing_is_known_of_an_open_image(images) -> None:
    said = regions((1, "done", None, box(0, 0, 10, 20)))
    parts = unknown(images, said, LABELS, np.array([False, True, True, False]))
    assert {part.image_id for part in parts} == {1, 2}
    assert not at(parts, 1, "cod", 5, 5)
    assert at(parts, 1, "cod", 15, 5)
    assert at(parts, 2, "crab", 5, 5)
    assert [part.mask for part in parts if part.image_id == 2] == [WHOLE]


def test_what_is_done_for_one_label_says_nothing_of_the_others(images) -> None:
    said = regions((1, "done", "cod", WHOLE), (1, "done", None, box(0, 0, 5, 5)))
    parts = unknown(images, said, LABELS, np.array([False, True, False, False]))
    assert not at(parts, 1, "cod", 15, 15)
    assert at(parts, 1, "ling", 15, 15)
    assert not at(parts, 1, "ling", 2, 2)


def test_what_is_to_be_ignored_is_unknown_on_every_image(images) -> None:
    said = regions((0, "ignore", None, box(0, 0, 4, 4)), (0, "ignore", "ling", box(10, 10, 4, 4)))
    parts = unknown(images, said, LABELS, np.zeros(4, bool))
    assert at(parts, 0, "cod", 1, 1)
    assert at(parts, 0, "ling", 11, 11)
    assert not at(parts, 0, "cod", 11, 11)


def test_regions_of_other_images_and_labels_that_are_gone_do_no_harm(images) -> None:
    said = regions((9, "ignore", None, WHOLE))
    assert unknown(images, said, LABELS, np.zeros(4, bool)) == []
    said = regions((0, "ignore", "crab", WHOLE))
    assert unknown(images, said, ("cod",), np.zeros(4, bool))[0].labels == (-2,)


def test_an_image_with_something_done_can_be_measured_for_its_labels_alone(images) -> None:
    said = regions((1, "done", "cod", WHOLE), (3, "ignore", None, WHOLE))
    assert known_somewhere(images, said).tolist() == [True, True, False, False]
    rows = pd.DataFrame({"image_id": [0, 1, 1, 2], "label": ["ling", "cod", "ling", "cod"]})
    assert known_pairs(rows, images, said, LABELS).tolist() == [True, True, False, False]


@pytest.fixture
def instances():
    frame = pd.DataFrame(
        {
            "image_id": [0, 1, 1],
            "label": pd.Categorical(["cod", "cod", "cod"], categories=list(LABELS)),
            "mask": [box(0, 0, 4, 4), box(1, 1, 4, 4), box(14, 1, 4, 4)],
            "crowd": False,
        }
    )
    return frame.assign(area=16, x=0.0, y=0.0, w=4.0, h=4.0)


def test_crowds_stand_for_what_is_unknown_and_instances_there_are_left_out(images, instances) -> None:
    said = regions((1, "done", "cod", box(0, 0, 10, 20)), (0, "ignore", None, box(10, 0, 10, 20)))
    predictions = instances.iloc[[0, 1]].assign(score=0.9)
    found = with_unknown(instances, predictions, images, said, LABELS)
    crowds = found[found["crowd"]]
    assert sorted(crowds["image_id"]) == [0, 1]
    assert set(crowds["label"]) == {"cod"}
    assert (crowds.index < 0).all()
    assert crowds.loc[crowds["image_id"] == 1, "x"].tolist() == [10]
    assert found[~found["crowd"]].index.tolist() == [0, 1]  # the third lies where nobody looked


def test_without_regions_nothing_changes(images, instances) -> None:
    assert with_unknown(instances, instances, images, regions(), LABELS) is instances
