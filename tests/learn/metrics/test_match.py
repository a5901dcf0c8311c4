"""Matching against the rules written out plainly, one prediction at a time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalabel.core.errors import DataError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform
from nbalabel.learn.metrics.match import match

SIZE = 24
LABELS = ("fish", "crab")
SHAPE = st.tuples(
    st.sampled_from([4, 9]),
    st.sampled_from(LABELS),
    st.integers(0, 6),
    st.integers(0, 6),
    st.integers(0, 4),
    st.integers(0, 4),
)
TRUTH = st.lists(st.tuples(SHAPE, st.booleans()), max_size=10)
FOUND = st.lists(st.tuples(SHAPE, st.sampled_from([0.25, 0.5, 0.75])), max_size=15)


def drawn(x: int, y: int, w: int, h: int) -> np.ndarray:
    mask = np.zeros((SIZE, SIZE), bool)
    mask[2 * y : 2 * (y + h), 2 * x : 2 * (x + w)] = True
    return mask


def table(rows: list[Any], extra: str) -> pd.DataFrame:
    columns = {
        "image_id": [row[0][0] for row in rows],
        "label": [row[0][1] for row in rows],
        "mask": [rle.encode(drawn(*row[0][2:])) for row in rows],
        extra: [row[1] for row in rows],
    }
    name = "predictions" if extra == "score" else "instances"
    ids = np.arange(len(rows)) * 3 + (100 if extra == "crowd" else 0)
    return conform(pd.DataFrame(columns, index=ids), name, LABELS, np.full(len(rows), SIZE))


def plainly(found: list[Any], truth: list[Any], threshold: float) -> list[tuple[float, int | None, bool]]:
    """Per prediction: best IoU with a label that is no crowd, the label it got, whether on a crowd."""
    masks, taken = [drawn(*row[0][2:]) for row in truth], set()
    out: dict[int, tuple[float, int | None, bool]] = {}
    for i in sorted(range(len(found)), key=lambda i: -found[i][1]):
        own = drawn(*found[i][0][2:])
        best, chosen, on_crowd = 0.0, None, False
        least = {False: threshold, True: threshold}
        for crowd in (False, True):
            for j, (shape, is_crowd) in enumerate(truth):
                if is_crowd != crowd or shape[:2] != found[i][0][:2]:
                    continue
                shared = (own & masks[j]).sum()
                iou = shared / (own.sum() if crowd else (own | masks[j]).sum()) if shared else 0.0
                best = best if crowd else max(best, iou)
                if iou >= least[crowd] and j not in taken and (chosen is None or truth[chosen][1] == crowd):
                    least[crowd], chosen, on_crowd = iou, j, crowd
        if chosen is not None and not on_crowd:
            taken.add(chosen)
        out[i] = best, chosen, on_crowd
    return [out[i] for i in range(len(found))]


@settings(max_examples=150, deadline=None)
@given(TRUTH, FOUND, st.sampled_from([0.2, 0.5, 0.75, 1.0]))
def test_every_prediction_gets_what_the_plain_rules_give_it(truth, found, threshold):
    instances, predictions = table(truth, "crowd"), table(found, "score")
    result = match(predictions, instances, iou=threshold)
    rows = result.predictions
    assert rows.index.equals(predictions.index)
    expected = plainly(found, truth, min(threshold, 1 - 1e-10))
    np.testing.assert_array_equal(rows.iou.to_numpy(), np.array([e[0] for e in expected], np.float32))
    assert rows.ignored.tolist() == [e[2] for e in expected]
    ids = [None if e[1] is None or e[2] else int(instances.index[e[1]]) for e in expected]
    assert [None if pd.isna(i) else i for i in rows.matched_id] == ids
    assert rows.matched.tolist() == [i is not None for i in ids]
    missed = instances[~instances.crowd & ~instances.index.isin(rows.matched_id.dropna())]
    pd.testing.assert_frame_equal(result.missed, missed)


def test_columns_have_the_dtypes_of_the_schema_and_the_input_is_left_alone():
    predictions, instances = table([((4, "fish", 0, 0, 2, 2), 0.5)], "score"), table([], "crowd")
    before = predictions.copy()
    rows = match(predictions, instances).predictions
    assert (rows.iou.dtype, rows.matched.dtype, str(rows.matched_id.dtype)) == (np.float32, bool, "Int64")
    assert rows.iou.tolist() == [0.0]
    pd.testing.assert_frame_equal(predictions, before)


def test_many_predictions_on_one_crowd_are_neither_matched_nor_missed():
    crowd = table([((4, "fish", 0, 0, 6, 6), True)], "crowd")
    many = table([((4, "fish", x, 0, 2, 2), 0.5) for x in range(4)], "score")
    result = match(many, crowd)
    assert result.predictions.ignored.all()
    assert not result.predictions.matched.any()
    assert result.missed.empty
    assert "4 on crowds" in result._repr_html_()


def test_only_images_of_the_evaluation_set_are_matched_and_missed():
    shapes = [(4, "fish", 0, 0, 2, 2), (9, "fish", 0, 0, 2, 2), (9, "crab", 0, 0, 2, 2)]
    instances = table([(s, False) for s in shapes], "crowd")
    predictions = table([(s, 0.5) for s in shapes[:2]], "score")
    result = match(predictions, instances, [9])
    assert result.predictions.image_id.tolist() == [9]
    assert result.missed.label.tolist() == ["crab"]


def test_boxes_can_be_compared_in_place_of_masks():
    instances = table([((4, "fish", 0, 0, 4, 4), False)], "crowd")
    ring = drawn(0, 0, 4, 4) ^ drawn(1, 1, 2, 2)
    predictions = table([((4, "fish", 0, 0, 4, 4), 0.5)], "score").assign(mask=[rle.encode(ring)])
    predictions = conform(predictions, "predictions", LABELS)
    assert match(predictions, instances).predictions.iou.tolist() == [0.75]
    assert match(predictions, instances, kind="box").predictions.iou.tolist() == [1.0]


def test_labels_are_compared_by_name_not_by_code():
    instances = table([((4, "fish", 0, 0, 2, 2), False)], "crowd")
    predictions = table([((4, "fish", 0, 0, 2, 2), 0.5)], "score")
    turned = predictions.assign(label=predictions.label.cat.set_categories(["eel", "crab", "fish"]))
    assert match(turned, instances).predictions.matched.all()


def test_one_big_image_of_many_instances_is_matched_in_slices(monkeypatch):
    from nbalabel.core.geometry.masks import groups

    rng = np.random.default_rng(0)
    shapes = [(4, "fish", *rng.integers(0, 8, 2), *rng.integers(1, 5, 2)) for _ in range(40)]
    instances = table([(s, False) for s in shapes], "crowd")
    predictions = table([(s, float(rng.random())) for s in shapes + shapes], "score")
    whole = match(predictions, instances)
    monkeypatch.setattr(groups.Groups.chunks, "__defaults__", (64,))
    sliced = match(predictions, instances)
    pd.testing.assert_frame_equal(whole.predictions, sliced.predictions)


@pytest.mark.parametrize("iou", [0.0, -1.0, 1.5, float("nan")])
def test_a_threshold_out_of_range_is_refused(iou):
    with pytest.raises(DataError, match="iou must be a number in"):
        match(table([], "score"), table([], "crowd"), iou=iou)


@pytest.mark.parametrize(("table_name", "column"), [("predictions", "score"), ("instances", "mask")])
def test_a_missing_column_is_named(table_name, column):
    tables = {"predictions": table([], "score"), "instances": table([], "crowd")}
    tables[table_name] = tables[table_name].drop(columns=column)
    with pytest.raises(DataError, match=rf"{table_name} needs .*{column}"):
        match(**tables)
