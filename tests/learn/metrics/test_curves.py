"""Curves against counting by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalabel.core.errors import DataError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform
from nbalabel.learn.metrics.curves import NOTHING, calibration, confused, precision_recall
from nbalabel.learn.metrics.match import Matched, match

LABELS = ("fish", "crab")
SCORE = st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.7, 1.0])
ROWS = st.lists(st.tuples(SCORE, st.sampled_from(["right", "wrong", "crowd"]), st.sampled_from(LABELS)))


def matched(rows: list[Any], n_missed: int = 0) -> Matched:
    score, kind, label = zip(*rows, strict=True) if rows else ((), (), ())
    predictions = pd.DataFrame(
        {
            "score": np.array(score, np.float32),
            "matched": np.array([k == "right" for k in kind], bool),
            "ignored": np.array([k == "crowd" for k in kind], bool),
            "label": pd.Categorical(label, LABELS),
        }
    )
    return Matched(predictions, pd.DataFrame({"label": pd.Categorical(["fish"] * n_missed, LABELS)}))


@given(ROWS, st.integers(0, 3))
def test_precision_and_recall_are_what_counting_above_each_score_gives(rows, n_missed):
    curve = precision_recall(matched(rows, n_missed))
    judged = [(np.float32(s), k == "right") for s, k, _ in rows if k != "crowd"]
    n_labels = sum(right for _, right in judged) + n_missed
    assert curve.score.tolist() == sorted({s for s, _ in judged}, reverse=True)
    for point in curve.itertuples():
        kept = [right for s, right in judged if s >= point.score]
        assert (point.n, point.n_true) == (len(kept), sum(kept))
        assert point.precision == sum(kept) / len(kept)
        if n_labels:
            assert point.recall == sum(kept) / n_labels
            assert point.f1 == pytest.approx(2 * sum(kept) / (len(kept) + n_labels))
        else:
            assert np.isnan([point.recall, point.f1]).all()


@given(ROWS, st.integers(0, 3))
def test_curves_by_label_are_the_curves_of_each_labels_rows(rows, n_missed):
    curve = precision_recall(matched(rows, n_missed), by_label=True)
    for name in LABELS:
        alone = precision_recall(
            matched([r for r in rows if r[2] == name], n_missed if name == "fish" else 0)
        )
        of_label = curve[curve.label == name].drop(columns="label").reset_index(drop=True)
        pd.testing.assert_frame_equal(of_label, alone)


def test_there_is_no_curve_without_labels():
    none = matched([])
    none.predictions["label"] = none.predictions.label.cat.set_categories([])
    assert precision_recall(none, by_label=True).columns.tolist()[:2] == ["label", "score"]
    assert precision_recall(none, by_label=True).empty


@given(ROWS, st.integers(1, 12))
def test_calibration_is_what_counting_in_each_bin_gives(rows, bins):
    table = calibration(matched(rows).predictions, bins)
    judged = [(float(np.float32(s)), k == "right") for s, k, _ in rows if k != "crowd"]
    assert len(table) == bins
    assert table.n.sum() == len(judged)
    error = 0.0
    for i, row in enumerate(table.itertuples()):
        inside = [(s, r) for s, r in judged if row.low < s <= row.high or (i == 0 and s == 0)]
        assert row.n == len(inside)
        if inside:
            scores, right = np.mean(inside, axis=0)
            assert (row.mean_score, row.precision) == (pytest.approx(scores), pytest.approx(right))
            error += abs(scores - right) * len(inside) / len(judged)
        else:
            assert np.isnan([row.mean_score, row.precision]).all()
    assert table.attrs["ece"] == pytest.approx(error) if judged else np.isnan(table.attrs["ece"])


def table(rows: list[tuple[str, int, float]], extra: str) -> pd.DataFrame:
    """Label, column that a 4 x 4 square begins in, and crowd or score; all on one image of 4 x 40."""
    masks = np.zeros((len(rows), 4, 40), bool)
    for mask, (_, x, _) in zip(masks, rows, strict=True):
        mask[:, x : x + 4] = True
    columns = {
        "image_id": 1,
        "label": [r[0] for r in rows],
        "mask": rle.encode_many(masks),
        extra: [r[2] for r in rows],
    }
    name = "predictions" if extra == "score" else "instances"
    return conform(pd.DataFrame(columns), name, LABELS, np.full(len(rows), 4))


def counted(*tables: Any, **options: Any) -> pd.DataFrame:
    """How often each label was taken for each."""
    pairs = confused(*tables, **options)
    return pd.crosstab(pairs["true"], pairs["predicted"], dropna=False)


def test_confusion_counts_each_label_and_each_prediction_once():
    truth = table([("fish", 0, False), ("crab", 8, False), ("crab", 16, False), ("fish", 24, True)], "crowd")
    found = table(
        [
            ("fish", 0, 0.9),  # right
            ("crab", 0, 0.8),  # the same fish once more: on nothing
            ("fish", 8, 0.7),  # a crab taken for a fish
            ("fish", 25, 0.6),  # on the crowd of fish: counts nowhere
            ("crab", 24, 0.6),  # no crowd of crabs there: on nothing
            ("crab", 16, 0.1),  # too low a score
            ("fish", 36, 0.5),  # on nothing
        ],
        "score",
    )
    counts = counted(found, truth, LABELS)
    assert counts.index.tolist() == counts.columns.tolist() == [*LABELS, NOTHING]
    assert counts.to_numpy().tolist() == [[1, 0, 0], [1, 0, 1], [1, 2, 0]]
    assert counted(found, truth, LABELS, score=0.0).loc["crab", "crab"] == 1
    assert counted(found, truth, LABELS, images=[2]).to_numpy().sum() == 0


@given(
    st.lists(st.tuples(st.sampled_from(LABELS), st.integers(0, 36), st.booleans()), max_size=8),
    st.lists(st.tuples(st.sampled_from(LABELS), st.integers(0, 36), SCORE), max_size=12),
)
def test_confusion_rows_sum_to_the_labels_and_columns_to_the_predictions(truth, found):
    instances, predictions = table(truth, "crowd"), table(found, "score")
    counts = counted(predictions, instances, LABELS, score=0.25)
    here = [label for label, _, crowd in truth if not crowd]
    kept = [label for label, _, score in found if score >= 0.25]
    assert counts.sum(axis=1)[list(LABELS)].tolist() == [here.count(name) for name in LABELS]
    n_columns = counts.sum(axis=0)[list(LABELS)]
    assert (n_columns <= [kept.count(name) for name in LABELS]).all()
    if not any(crowd for *_, crowd in truth):
        assert n_columns.tolist() == [kept.count(name) for name in LABELS]


def test_confusion_of_one_label_is_what_match_says():
    rng = np.random.default_rng(0)
    truth = table([("fish", int(x), False) for x in rng.integers(0, 36, 8)], "crowd")
    found = table(
        [("fish", int(x), float(s)) for x, s in zip(rng.integers(0, 36, 20), rng.random(20), strict=True)],
        "score",
    )
    result = match(found, truth)
    n_right, n_missed = int(result.predictions.matched.sum()), len(result.missed)
    counts = counted(found, truth, ["fish"], score=0.0)
    assert counts.to_numpy().tolist() == [[n_right, n_missed], [len(found) - n_right, 0]]


def test_what_cannot_be_counted_is_refused():
    plain = table([("fish", 0, 0.5)], "score")
    with pytest.raises(DataError, match="columns matched"):
        calibration(pd.DataFrame({"score": [0.5]}))
    with pytest.raises(DataError, match="bins must be at least 1"):
        calibration(matched([]).predictions, 0)
    with pytest.raises(DataError, match="scores must lie in"):
        calibration(pd.DataFrame({"score": [1.5], "matched": [True]}))
    with pytest.raises(DataError, match="called 'nothing'"):
        confused(plain, plain, ["nothing"])
    with pytest.raises(DataError, match="iou must be a number"):
        confused(plain, plain, LABELS, iou=0)
