"""Conditions: what pandas would find, three-valued where a value is missing, and nothing that runs code."""

from contextlib import suppress

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalabel.core.errors import DataError
from nbalabel.core.ontology.condition import Condition

ROWS = pd.DataFrame(
    {
        "label": pd.Categorical(["cod", "ling", "cod", None]),
        "length": [10.0, 50.0, np.nan, 70.0],
        "dead": pd.array([True, None, False, False], dtype="boolean"),
        "sea state": [1, 2, 3, 4],
        "tags": [["net"], [], None, ["net", "hook"]],
    }
)


def met(text: str) -> list[bool]:
    return Condition(text).met(ROWS.__getitem__, len(ROWS)).tolist()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [True, True, True, True]),
        ("label == 'cod'", [True, False, True, False]),
        ("'cod' == label", [True, False, True, False]),
        ("label != 'cod'", [False, True, False, False]),
        ("label in ['cod', 'ling'] and length > 40", [False, True, False, False]),
        ("label not in ['cod']", [False, True, False, False]),
        ("20 < length <= 70", [False, True, False, True]),
        ("dead", [True, False, False, False]),
        ("not dead", [False, False, True, True]),
        ("~dead | (label == 'ling')", [False, True, True, True]),
        ("`sea state` >= 3 & length.notna()", [False, False, False, True]),
        ("length.isna() or 'hook' in tags", [False, False, True, True]),
        ("length > -1", [True, True, False, True]),
    ],
)
def test_a_condition_is_met_where_pandas_would_find_it_and_no_value_is_missing(text, expected):
    text = text.replace("`sea state` >= 3 & length", "`sea state` >= 3 and length")
    assert met(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "label.__class__ == 1",
        "@pd.io.common.os",
        "label.str.contains('c')",
        "label.map(print)",
        "[x for x in label]",
        "(lambda: 1)()",
        "label == f'{label}'",
        "label ** 9 == 1",
        "length + 1 > 2",
        "label == {}",
        "label =",
        "x := 3",
        "_nbl_column_7 == 1",
        "1 == 1",
        "(" * 300 + ")" * 300,
        "not " * 2000 + "dead",
        "a" * 5000,
    ],
)
def test_whatever_could_run_code_or_is_no_condition_is_refused(text):
    with pytest.raises(DataError, match="condition"):
        met(text)


def test_a_comparison_of_different_kinds_names_the_condition():
    with pytest.raises(DataError, match="label > 3"):
        met("label > 3")


def test_names_and_values_are_renamed_where_they_are_meant_and_nowhere_else():
    condition = Condition("label == 'cod' and tags == 'cod' and `sea state` > 1")
    assert condition.with_value("label", "cod", "sea cod").text == (
        "label == 'sea cod' and tags == 'cod' and (`sea state` > 1)"
    )
    assert condition.renamed("sea state", "waves").text == "label == 'cod' and tags == 'cod' and (waves > 1)"
    assert condition.renamed("tags", "all tags").names == {"label", "all tags", "sea state"}
    assert condition.renamed("nobody", "x") is condition


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=12), st.text(max_size=12))
def test_any_text_can_be_compared_and_renamed(old, new):
    condition = Condition(f"label == {old!r}")
    rows = pd.Series([old, new, "other than both"])
    renamed = condition.with_value("label", old, new)
    found = renamed.met(lambda _: rows, 3).tolist()
    assert found == (rows == new).tolist()


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="ab'\"`()[],.=<>&|~ \\n1notind", max_size=30))
def test_no_text_raises_anything_but_a_data_error(text):
    with suppress(DataError):
        Condition(text)
