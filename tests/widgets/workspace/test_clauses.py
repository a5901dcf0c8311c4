"""Clauses keyed by who made them, and what they allow together."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.widgets.workspace.clauses import TABLES, Clause, Index, allowed, check_table, moved, reach


def frames(images, instances, predictions):
    """Tables of ids, with the image of each row."""

    def rows(pairs):
        return pd.DataFrame(
            {"image_id": [i for _, i in pairs]}, index=[row_id for row_id, _ in pairs]
        ).astype(np.int64)

    return {
        "images": pd.DataFrame(index=images),
        "instances": rows(instances),
        "predictions": rows(predictions),
    }


@pytest.fixture
def index():
    """Images 10 20 30 40; instances 1 2 on 10, 3 on 20, 5 on 40, 6 on none; predictions on 30 10 40."""
    return Index.of(
        frames([10, 20, 30, 40], [(1, 10), (2, 10), (3, 20), (5, 40), (6, 99)], [(0, 30), (1, 10), (2, 40)])
    )


@pytest.mark.parametrize(
    "images", [[], [7], [3, 4, 5, 6], [0, 1, 2], [4, 3, 5], [3, 5, 4], [2, 4, 6], [10**15, 10**15 + 1]]
)
def test_the_row_of_an_image_is_found_whether_images_are_numbered_one_after_the_other_or_not(images):
    on = [*images[::-1], 0, 1, 3, 6, 7, 8, -1, 10**15 + 2, *images]
    found = Index.of(frames(images, list(enumerate(on)), [])).image_row["instances"]
    assert found.dtype == np.int32
    assert found.tolist() == [images.index(one) if one in images else -1 for one in on]


def clause(index, of, ids, source="a"):
    return Clause(source, of, index.rows_of(of, ids))


def ids(index, of, rows):
    return None if rows is None else index.ids[of][rows].tolist()


def test_a_row_on_no_image_is_marked_minus_one(index):
    assert index.image_row["instances"].tolist() == [0, 0, 1, 3, -1]


def test_without_clauses_everything_is_allowed(index):
    assert allowed(index, [], "images") is None


def test_a_clause_of_images_reaches_the_rows_on_them(index):
    made = clause(index, "images", [10, 30])
    assert ids(index, "instances", reach(index, made, "instances")) == [1, 2]
    assert ids(index, "predictions", reach(index, made, "predictions")) == [0, 1]


def test_a_clause_of_instances_reaches_predictions_through_their_images(index):
    made = clause(index, "instances", [2, 5, 6])
    assert ids(index, "images", reach(index, made, "images")) == [10, 40]
    assert ids(index, "predictions", reach(index, made, "predictions")) == [1, 2]


def test_clauses_meet_and_a_view_leaves_out_its_own(index):
    made = [clause(index, "images", [10, 20, 40], "a"), clause(index, "instances", [3, 5], "b")]
    assert ids(index, "images", allowed(index, made, "images")) == [20, 40]
    assert ids(index, "images", allowed(index, made, "images", ("b",))) == [10, 20, 40]
    assert ids(index, "instances", allowed(index, made, "instances")) == [3, 5]
    assert allowed(index, made, "images", ("a", "b")) is None


def test_ids_that_are_not_there_are_named(index):
    with pytest.raises(UnknownNameError, match="images has no image_id 50; it has 4 rows"):
        index.rows_of("images", [10, 50])


def test_a_table_that_is_none_is_refused():
    with pytest.raises(DataError, match="images, instances, predictions, got 'labels'"):
        check_table("labels")


def test_a_clause_follows_its_rows_when_the_tables_change(index):
    after = Index.of(frames([20, 30, 40, 50], [(3, 20), (7, 50)], []))
    assert ids(after, "images", moved(clause(index, "images", [10, 30]), index, after).rows) == [30]
    assert ids(after, "instances", moved(clause(index, "instances", [3, 5]), index, after).rows) == [3]


@given(st.lists(st.integers(-1, 3), max_size=12), st.sets(st.integers(0, 3)), st.sampled_from(TABLES[1:]))
def test_reaching_images_and_back_never_loses_a_row_that_has_one(at, chosen, of):
    index = Index.of(
        frames(range(4), [(i, row) for i, row in enumerate(at)], [(i, row) for i, row in enumerate(at)])
    )
    rows = np.isin(np.arange(len(at)), list(chosen))
    made = Clause("a", of, rows)
    images = Clause("a", "images", reach(index, made, "images"))
    back = reach(index, images, of)
    assert (back | ~rows | (index.image_row[of] < 0)).all()
    assert reach(index, Clause("a", of, back), "images").tolist() == images.rows.tolist()
