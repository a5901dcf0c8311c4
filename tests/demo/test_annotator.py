"""A simulated annotator draws the truth with the errors that were asked for, the same ones each time."""

from typing import Any

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.errors import UnknownNameError
from nbalabel.core.geometry.masks import rle

EXACT = {"missed": 0.0, "invented": 0.0, "renamed": 0.0, "wobble": 1e-9, "shift": 0.0}


@pytest.fixture(scope="module")
def truth(tmp_path_factory: Any) -> Any:
    folder = tmp_path_factory.mktemp("annotator") / "reef.nbal"
    return nl.demo.truth(nl.demo.reef(folder, n_images=60, n_labeled=12, n_test=8, size=96, by_species=True))


def test_an_annotator_without_errors_draws_the_truth(truth: Any) -> None:
    drawn = nl.demo.Annotator("ana", **EXACT).draw(truth)
    assert drawn["label"].tolist() == truth.instances["label"].astype(str).tolist()
    overlap = rle.iou_pairs(drawn["mask"].tolist(), truth.instances["mask"].tolist())
    assert np.min(overlap) > 0.99


def test_the_same_annotator_makes_the_same_errors_and_another_one_makes_others(truth: Any) -> None:
    first, again = (nl.demo.Annotator("bo").draw(truth, seed=3) for _ in range(2))
    assert first.equals(again)
    assert not first.equals(nl.demo.Annotator("cy").draw(truth, seed=3))
    assert not first.equals(nl.demo.Annotator("bo").draw(truth, seed=4))


def test_errors_are_as_frequent_as_was_asked_for(truth: Any) -> None:
    n = len(truth.instances)
    drawn = nl.demo.Annotator("di", **{**EXACT, "missed": 0.5}).draw(truth)
    assert 0.35 * n < len(drawn) < 0.65 * n
    assert len(nl.demo.Annotator("di", **{**EXACT, "invented": 0.5}).draw(truth)) > 1.3 * n
    renamed = nl.demo.Annotator("di", **{**EXACT, "renamed": 1.0}).draw(truth)
    assert (renamed["label"].to_numpy() != truth.instances["label"].astype(str).to_numpy()).all()
    grown = nl.demo.Annotator("di", **{**EXACT, "grown": 2.0}).draw(truth)
    assert (rle.areas(grown["mask"].tolist()) >= truth.instances["area"].to_numpy()).all()


def test_only_the_images_asked_for_are_drawn(truth: Any) -> None:
    some = truth.instances["image_id"].unique()[:2]
    assert set(nl.demo.Annotator("ed", **EXACT).draw(truth, some)["image_id"]) == set(some)
    with pytest.raises(UnknownNameError, match="999"):
        nl.demo.Annotator("ed").draw(truth, [999])
