"""Rows that are the same, against Python's own sets of tuples."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalabel.core.decisions import same_rows
from nbalabel.core.decisions.decided import ACCEPTED, OPEN, REJECTED, decided
from nbalabel.core.decisions.same_rows import among, firsts
from nbalabel.core.tables.dtypes import MASK_DTYPE
from nbalabel.core.tables.schema import conform

# The last two have the same length and the same bytes wherever a fingerprint looks.
MASKS = [
    b"4",
    b"04",
    b"1230123",
    b"12301234",
    b"a" * 30,
    b"a" * 9 + b"b" + b"a" * 20,
    b"a" * 9 + b"c" + b"a" * 20,
]
KEYS = st.tuples(st.integers(0, 2), st.sampled_from(["fish", "crab", None]), st.sampled_from(MASKS))
ROWS = st.lists(KEYS, max_size=30)


def table(
    rows: list[tuple[int, str | None, bytes]], cut: int = 0, kinds: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Rows whose masks lie in two Arrow buffers, of which the second is a slice."""
    images, labels, masks = ([row[i] for row in rows] for i in range(3))
    cut = min(cut, len(rows))
    chunks = [pa.array(masks[:cut], pa.large_binary()), pa.array([b"x", *masks[cut:]], pa.large_binary())[1:]]
    mask = pd.arrays.ArrowExtensionArray(pa.chunked_array(chunks)).astype(MASK_DTYPE)
    label = pd.Categorical(labels, categories=list(kinds)) if kinds else pd.Series(labels, dtype="str")
    return pd.DataFrame({"image_id": np.array(images, np.int64), "label": label, "mask": mask})


@given(ROWS, ROWS, st.integers(0, 30), st.integers(0, 30), st.booleans(), st.booleans())
def test_rows_are_found_exactly_where_sets_of_tuples_find_them(
    left: list, right: list, a: int, b: int, plain: bool, collide: bool
) -> None:
    rows = table(left, a, () if plain else ("fish", "crab"))
    others = table(right, b, ("crab", "fish"))  # another order of categories
    with pytest.MonkeyPatch.context() as patch:
        if collide:
            patch.setattr(same_rows, "_mixed", lambda hashed, _: np.zeros_like(hashed))
            patch.setattr(same_rows, "_BLOCK", 4)
        found, new = among(rows, others), firsts(rows)
    known = set(right)
    assert found.tolist() == [row in known for row in left]
    assert new.tolist() == [row not in left[:i] for i, row in enumerate(left)]


def test_further_columns_are_compared_too() -> None:
    rows = table([(1, "fish", b"04"), (1, "fish", b"13")]).assign(origin=["ana", "bo"])
    others = rows.assign(origin=["ana", "ana"])
    assert among(rows, others, ("image_id", "label", "mask", "origin")).tolist() == [True, False]


def test_rows_without_an_equal_cost_no_object_each() -> None:
    n = 30_000
    rows = table([(i, "fish", b"%040d" % i) for i in range(n)], 10, ("fish",))
    others = table([(i, "fish", b"%040d" % (i + n)) for i in range(n)], 20_000, ("fish",))
    among(rows, others)
    tracemalloc.start()
    try:
        assert not among(rows, others).any()
        assert firsts(rows).all()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * n * 100 + 5_000_000, f"{peak:,} bytes; tuples in sets take 15 million"


def test_decisions_follow_the_tables() -> None:
    rows = [(1, "fish", b"04"), (1, "crab", b"13"), (2, "fish", b"13"), (2, "fish", b"04")]
    boxes = dict.fromkeys("xywh", 0.0) | {"area": 0}
    made = table(rows).assign(**boxes, score=0.5)
    found = conform(made, "predictions", ["fish", "crab"])
    labels = conform(made.iloc[[1]].drop(columns="score"), "instances", ["crab", "fish"])
    no = conform(made.iloc[[0, 2]], "rejected", ["fish", "crab"])
    no["status"] = pd.Categorical(["accepted", "verified"], categories=no["status"].cat.categories)
    assert decided(labels, no, found).tolist() == [REJECTED, ACCEPTED, ACCEPTED, OPEN]
