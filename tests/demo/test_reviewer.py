"""The simulated reviewer answers from the truth, and errs as often as it is told to."""

import numpy as np
import pytest

from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.tables.tables import Tables
from nbalabel.demo import Reviewer, generate
from nbalabel.demo.files import collect


@pytest.fixture(scope="module")
def truth() -> Tables:
    return Tables.of(*collect(generate(120, size=96, seed=4), by_species=True))


def test_true_masks_are_right_and_shifted_ones_are_not(truth: Tables) -> None:
    shown = truth.instances[["image_id", "label", "mask"]]
    assert Reviewer(truth).judge(shown).all()
    rolled = [rle.encode(np.roll(rle.decode(mask, 96, 96), 48, axis=1)) for mask in shown["mask"]]
    assert not Reviewer(truth).judge(shown.assign(mask=rolled), iou=0.9).any()


def test_a_true_mask_under_another_label_is_wrong(truth: Tables) -> None:
    shown = truth.instances[["image_id", "label", "mask"]].copy()
    names = np.asarray(truth.labels)
    shown["label"] = [names[(code + 1) % len(names)] for code in shown["label"].cat.codes]
    answers = Reviewer(truth).judge(shown)
    assert not answers.any()


def test_the_threshold_decides(truth: Tables) -> None:
    row = truth.instances.sort_values("area").tail(1)
    mask = rle.decode(row["mask"].iloc[0], 96, 96)
    half = mask & (np.cumsum(mask.ravel()) <= 0.6 * mask.sum()).reshape(mask.shape)
    shown = row.assign(mask=[rle.encode(half)])
    assert Reviewer(truth).judge(shown, iou=0.5).tolist() == [True]
    assert Reviewer(truth).judge(shown, iou=0.7).tolist() == [False]


def test_answers_keep_the_index_of_the_questions(truth: Tables) -> None:
    shown = truth.instances.sample(frac=1, random_state=0)
    answers = Reviewer(truth).judge(shown)
    assert answers.index.equals(shown.index)
    assert answers.dtype == bool


def test_the_error_rate_is_the_share_of_wrong_answers(truth: Tables) -> None:
    wrong = [~Reviewer(truth, error_rate=0.2, seed=seed).judge(truth.instances) for seed in range(10)]
    assert np.mean(wrong) == pytest.approx(0.2, abs=0.03)


def test_the_same_question_gets_the_same_answer_in_any_order(truth: Tables) -> None:
    reviewer = Reviewer(truth, error_rate=0.3, seed=5)
    shuffled = truth.instances.sample(frac=1, random_state=0)
    first = reviewer.judge(truth.instances)
    assert reviewer.judge(shuffled)[first.index].equals(first)
    assert not first.all()


def test_another_seed_errs_elsewhere(truth: Tables) -> None:
    a, b = (Reviewer(truth, error_rate=0.3, seed=seed).judge(truth.instances) for seed in (1, 2))
    assert not a.equals(b)


def test_empty_images_are_those_without_instances(truth: Tables) -> None:
    answers = Reviewer(truth).is_empty(truth.images.index)
    assert answers[answers].index.tolist() == truth.images.index[truth.images["state"] == "empty"].tolist()
    assert 0 < answers.sum() < len(answers)


def test_it_draws_what_is_there(truth: Tables) -> None:
    ids = truth.images.index[truth.images["state"] == "complete"][:5]
    drawn = Reviewer(truth).draw(ids)
    expected = truth.instances[truth.instances["image_id"].isin(ids)]
    assert drawn["mask"].tolist() == expected["mask"].tolist()
    assert set(drawn["source"]) == {"human"}
    assert set(drawn["origin"]) == {"reviewer"}


def test_it_draws_only_what_labels_lack(truth: Tables) -> None:
    images = truth.instances["image_id"].unique()[:6]
    whole = Reviewer(truth).draw(images)
    names = np.asarray(truth.labels)
    half = whole.iloc[::2].copy()
    half.loc[half.index[0], "label"] = names[
        half["label"].cat.codes.iloc[0] - 1
    ]  # a wrong name covers nothing
    rest = Reviewer(truth).draw(images, there=half)
    missing = set(whole["mask"]) - set(half["mask"].iloc[1:])
    assert set(rest["mask"]) == missing
    assert Reviewer(truth).draw(images, there=half.iloc[:0])["mask"].tolist() == whole["mask"].tolist()


def test_it_sees_which_images_show_a_label(truth: Tables) -> None:
    reviewer = Reviewer(truth)
    answers = reviewer.shows(truth.images.index, "snapper")
    shown = truth.instances.loc[truth.instances["label"] == "snapper", "image_id"]
    assert set(answers.index[answers]) == set(shown)
    assert reviewer.n_decisions == len(truth.images)
    with pytest.raises(UnknownNameError, match="no label 'cod'"):
        reviewer.shows([0], "cod")


def test_a_careless_reviewer_overlooks_some_instances(truth: Tables) -> None:
    drawn = Reviewer(truth, error_rate=0.5).draw(truth.images.index)
    assert 0.35 < len(drawn) / len(truth.instances) < 0.65


def test_decisions_are_counted(truth: Tables) -> None:
    reviewer = Reviewer(truth)
    reviewer.judge(truth.instances.head(7))
    reviewer.is_empty(truth.images.index[:3])
    drawn = reviewer.draw(truth.images.index[:30])
    assert reviewer.n_drawn == len(drawn) > 0
    assert reviewer.n_decisions == 7 + 3 + len(drawn)


def test_unknown_images_and_impossible_error_rates_are_refused(truth: Tables) -> None:
    with pytest.raises(UnknownNameError, match="999"):
        Reviewer(truth).is_empty([0, 999])
    with pytest.raises(DataError, match="between 0 and 1"):
        Reviewer(truth, error_rate=1.5)


def test_nothing_asked_is_nothing_answered(truth: Tables) -> None:
    reviewer = Reviewer(truth, error_rate=0.5)
    assert reviewer.judge(truth.instances.head(0)).empty
    assert reviewer.is_empty([]).empty
    assert reviewer.draw([]).empty
    assert reviewer.n_decisions == 0
