"""Laws of changes, on random pairs of states: rows, values, labels, columns and dtypes all differ at will."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalabel.core.change.change import Change, apply, diff, invert, merge
from nbalabel.core.change.rebase import fit
from nbalabel.core.errors import HistoryError
from nbalabel.core.ontology.attribute import Attribute
from nbalabel.core.ontology.definition import Definition
from nbalabel.core.ontology.ontology import Ontology
from nbalabel.core.tables.answers import list_array
from nbalabel.core.tables.schema import MASK_DTYPE
from nbalabel.core.tables.state import State

LABELS = [("a", "b"), ("b", "a"), ("a", "b", "c"), ("c",), ()]
USER_DTYPES = ["float64", "Int32", "str", "bool", "object", "datetime64[us, UTC]", "habitat", "many"]

SOME = settings(max_examples=40, deadline=None)
MANY = settings(max_examples=80, deadline=None)


def user_column(dtype: str, n: int, draw):
    pick = [draw(st.integers(0, 2)) for _ in range(n)]
    pools = {
        "float64": [0.5, np.nan, -1.0],
        "Int32": [1, None, 3],
        "str": ["reef", None, ""],
        "bool": [True, False, True],
        "object": [{"k": [1]}, None, "text"],
        "datetime64[us, UTC]": [
            pd.Timestamp("2024-01-01", tz="UTC"),
            pd.NaT,
            pd.Timestamp("2025-01-01", tz="UTC"),
        ],
        "habitat": ["sand", None, "kelp"],
        "many": [["net", "hook"], None, []],
    }
    chosen = [pools[dtype][i] for i in pick]
    if dtype == "habitat":
        return pd.Categorical(
            chosen, categories=draw(st.sampled_from([["sand", "kelp"], ["kelp", "sand", "rock"]]))
        )
    if dtype == "object":
        out = np.empty(n, dtype=object)
        out[:] = chosen
        return pd.Series(out, dtype=object).array
    return list_array(chosen) if dtype == "many" else pd.array(chosen, dtype=dtype)


ONTOLOGIES = st.builds(
    Ontology,
    labels=st.dictionaries(
        st.sampled_from("ab"), st.builds(Definition, parent=st.sampled_from(["", "fish"]), key=st.just("k"))
    ),
    images=st.dictionaries(
        st.just("u"), st.builds(Attribute, st.just("u"), of=st.just("images"), kind=st.just("text"))
    ),
    instances=st.dictionaries(
        st.just("u"), st.builds(Attribute, st.just("u"), options=st.sampled_from([("f", "m"), ("f",)]))
    ),
    guidelines=st.sampled_from(["", "one", "two"]),
)


@st.composite
def states(draw) -> State:
    labels = draw(st.sampled_from(LABELS))
    tables = {}
    for table in ("images", "instances"):
        ids = sorted(draw(st.sets(st.integers(0, 6), max_size=5)))
        n = len(ids)
        columns = {
            "weight": np.array([draw(st.sampled_from([0.0, 1.0, np.nan])) for _ in ids], dtype=np.float32),
            "label": pd.Categorical(
                [draw(st.sampled_from([*labels, None])) for _ in ids], categories=list(labels)
            ),
            "mask": pd.array([draw(st.sampled_from([b"1", b"22", b""])) for _ in ids], dtype=MASK_DTYPE),
        }
        for name in draw(st.permutations(["u", "v"]))[: draw(st.integers(0, 2))]:
            columns[name] = user_column(draw(st.sampled_from(USER_DTYPES)), n, draw)
        index = pd.Index(ids, dtype=np.int64, name="id")
        columns = {k: pd.Series(v, index=index, dtype=v.dtype) for k, v in columns.items()}
        tables[table] = pd.DataFrame(columns, index=index)
    return State(tables, labels, draw(ONTOLOGIES))


def assert_same_frame(a: pd.DataFrame, b: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(a, b, check_freq=False)
    for name in a:
        assert a[name].dtype == b[name].dtype
        if isinstance(a[name].dtype, pd.CategoricalDtype):
            assert list(a[name].cat.categories) == list(b[name].cat.categories)


def assert_same_state(a: State, b: State) -> None:
    assert a.labels == b.labels
    assert a.ontology == b.ontology
    assert a.tables.keys() == b.tables.keys()
    for name, frame in a.tables.items():
        assert_same_frame(frame, b.tables[name])


def assert_same_change(a: Change, b: Change) -> None:
    assert a.labels == b.labels
    assert a.ontology == b.ontology
    assert a.tables.keys() == b.tables.keys()
    for name, x in a.tables.items():
        y = b.tables[name]
        assert x.columns == y.columns
        assert x.updated.keys() == y.updated.keys()
        for frames in ((x.created, y.created), (x.deleted, y.deleted)):
            assert len(frames[0]) == len(frames[1])
            if len(frames[0]):
                assert_same_frame(*frames)
        for column, cells in x.updated.items():
            other = y.updated[column]
            assert cells.ids.tolist() == other.ids.tolist()
            for mine, theirs in ((cells.old, other.old), (cells.new, other.new)):
                assert (mine is None) == (theirs is None)
                if mine is not None:
                    pd.testing.assert_series_equal(pd.Series(mine), pd.Series(theirs))


@SOME
@given(states(), states())
def test_applying_the_difference_of_two_states_leads_from_one_to_the_other(old, new):
    assert_same_state(apply(old, diff(old, new)), new)


@SOME
@given(states(), states())
def test_invert_undoes_apply_exactly_values_and_dtypes(old, new):
    change = diff(old, new)
    assert_same_state(apply(apply(old, change), invert(change)), old)


@SOME
@given(states(), states())
def test_a_change_merged_with_its_inverse_is_no_change(old, new):
    change = diff(old, new)
    assert not merge(change, invert(change))


@SOME
@given(states(), states(), states())
def test_a_merged_change_does_what_the_two_do_one_after_the_other(s0, s1, s2):
    a, b = diff(s0, s1), diff(s1, s2)
    merged = merge(a, b)
    assert_same_state(apply(s0, merged), s2)
    assert_same_state(apply(s2, invert(merged)), s0)


@MANY
@given(states(), states(), states(), states())
def test_merging_is_associative(s0, s1, s2, s3):
    a, b, c = diff(s0, s1), diff(s1, s2), diff(s2, s3)
    assert_same_change(merge(merge(a, b), c), merge(a, merge(b, c)))


@SOME
@given(states(), states())
def test_fitting_a_change_to_the_state_it_was_made_for_keeps_it(old, new):
    change = diff(old, new)
    assert_same_change(fit(change, old), change)


@MANY
@given(states(), states(), states())
def test_a_fitted_change_applies_to_any_state_and_brings_nothing_it_did_not_have(old, new, other):
    fitted = fit(diff(old, new), other)
    after = apply(other, fitted)
    for name, frame in after.tables.items():
        assert set(frame.index) <= set(other.tables[name].index) | set(new.tables[name].index)
        assert tuple(frame["label"].cat.categories) == after.labels
    assert_same_state(apply(after, invert(fitted)), other)


@SOME
@given(states())
def test_a_state_does_not_differ_from_its_copy(state):
    copied = State({name: frame.copy() for name, frame in state.tables.items()}, state.labels, state.ontology)
    assert not diff(state, copied)
    shallow = State(
        {name: frame.copy(deep=False) for name, frame in state.tables.items()}, state.labels, state.ontology
    )
    assert not diff(state, shallow)


@SOME
@given(states(), states())
def test_applying_leaves_the_state_passed_in_untouched(old, new):
    before = State({name: frame.copy() for name, frame in old.tables.items()}, old.labels, old.ontology)
    after = apply(old, diff(old, new))
    for frame in after.tables.values():
        handed_out = frame.copy(deep=False)
        if len(frame):
            handed_out.iloc[0, 0] = np.float32(77.0)
    assert_same_state(old, before)


def simple(weights: list[float], ids: list[int] | None = None) -> State:
    frame = pd.DataFrame(
        {"weight": np.array(weights, dtype=np.float32)},
        index=pd.Index(range(len(weights)) if ids is None else ids, dtype=np.int64),
    )
    return State({"images": frame}, ())


def test_a_change_made_for_another_state_is_refused_and_names_the_rows():
    change = diff(simple([1, 1, 1]), simple([1, 0, 1]))
    with pytest.raises(HistoryError, match="1 rows of images hold another weight by now: 1"):
        apply(simple([1, 2, 1]), change)
    with pytest.raises(HistoryError, match="are not there to be updated: 1"):
        apply(simple([1, 1], ids=[0, 2]), change)
    with pytest.raises(HistoryError, match="exist already: 3"):
        apply(simple([1], ids=[3]), diff(simple([], ids=[]), simple([1], ids=[3])))
    with pytest.raises(HistoryError, match="are not there to be deleted: 3"):
        apply(simple([], ids=[]), diff(simple([1], ids=[3]), simple([], ids=[])))
    with pytest.raises(HistoryError, match="labels should be cod"):
        apply(simple([]), Change(labels=(("cod",), ())))
    narrow = simple([1, 1, 1])
    wide = State({"images": narrow.tables["images"].assign(u=1)}, ())
    with pytest.raises(HistoryError, match="should have the columns weight"):
        apply(wide, diff(narrow, wide))


def test_a_change_says_in_words_what_it_does():
    change = diff(simple([1, 1, 1], [0, 1, 2]), simple([1, 0, 1], [0, 1, 5]), origin="ann", note="round 1")
    assert change.summary() == "images 1 created, 1 updated, 1 deleted"
    assert change.counts == {"images": {"created": 1, "updated": 1, "deleted": 1}}
    assert "by ann" in repr(change)
    assert "round 1" in repr(change)
    assert change.tables["images"].touched_ids.tolist() == [1, 2, 5]


def test_only_touched_columns_are_compared(monkeypatch):
    import nbalabel.core.change.table_change as rows

    compared = []
    real = rows.equal
    monkeypatch.setattr(rows, "equal", lambda a, b: compared.append(len(a)) or real(a, b))
    frame = pd.DataFrame({"x": np.zeros(5), "y": np.ones(5)}, index=pd.Index(range(5), dtype=np.int64))
    frame["y"] = np.ones(5)
    before = State({"images": frame.copy(deep=False)}, ())
    frame.loc[2, "y"] = 7.0
    change = diff(before, State({"images": frame}, ()))
    assert compared == [5]
    assert list(change.tables["images"].updated) == ["y"]
