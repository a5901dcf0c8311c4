"""One answer for many rows: who is asked, what is an answer, and one step of undo."""

import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.ontology.attribute import Attribute
from nbalabel.data.ontology.answering import allowed, said

COD = "label == 'cod'"


@pytest.fixture
def ds(tmp_path):
    found = nl.demo.reef(tmp_path / "reef.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
    found.set(found.instances.index[:3], label=found.add_label("cod") and "cod")
    found.ask("sex", options=["f", "m", "unsure"], where=COD, required=True)
    found.ask("ripe", kind="yes/no", where="sex == 'f'")
    found.ask("damage", kind="many", options=["net", "hook"])
    found.ask("length", kind="number", unit="cm", low=0, high=200)
    found.ask("remark", kind="text", of="images")
    return found


def test_rows_that_are_not_asked_keep_what_they_have(ds) -> None:
    change = ds.give_answer(ds.instances.index[:5], "sex", "f", origin="ana")
    assert ds.instances["sex"].iloc[:5].tolist()[:3] == ["f", "f", "f"]
    assert ds.instances["sex"].iloc[3:].isna().all()
    assert (change.note, change.origin) == ("answered sex of 3 instances: f", "ana")
    ds.undo()
    assert ds.instances["sex"].isna().all()


def test_a_nested_question_is_asked_where_the_answer_above_is_given(ds) -> None:
    cod = ds.instances.index[:3]
    with pytest.raises(nl.errors.DataError, match=r"ripe is not asked of the instances .*nothing was done"):
        ds.give_answer(cod, "ripe", True)
    ds.give_answer(cod[:2], "sex", "f")
    ds.give_answer(cod, "ripe", True)
    assert ds.instances["ripe"].iloc[:3].fillna(False).tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("name", "given", "kept"),
    [
        ("sex", "m", "m"),
        ("damage", ["hook", "net", "hook"], ["net", "hook"]),
        ("damage", [], []),
        ("length", " 41.5 ", 41.5),
        ("length", 0, 0.0),
    ],
)
def test_an_answer_is_kept_as_its_kind_has_it_and_none_takes_it_away(ds, name, given, kept) -> None:
    row = ds.instances.index[0]
    ds.give_answer([row], name, given)
    found = ds.instances.loc[row, name]
    assert (list(found) if isinstance(kept, list) else found) == kept
    ds.give_answer([row], name, None)
    assert pd.isna(ds.instances[name]).all()


@pytest.mark.parametrize(
    ("name", "given", "why"),
    [
        ("sex", "x", "sex must be one of its options, got 'x'"),
        ("damage", ["nets"], "did you mean 'net'"),
        ("damage", "net", "must be a list of options"),
        ("length", "300", "at least 0 and at most 200 cm, got 300"),
        ("length", "1,5", "must be a number, such as 12.5, got '1,5'"),
        ("length", True, "must be a number"),
        ("length", float("nan"), "must be a number"),
        ("ripe", "yes", "must be true or false"),
    ],
)
def test_what_is_no_answer_is_refused_and_changes_nothing(ds, name, given, why) -> None:
    ds.give_answer(ds.instances.index[:3], "sex", "f")
    before, log = ds.instances.copy(), len(ds.log())
    with pytest.raises(nl.errors.DataError, match=why):
        ds.give_answer(ds.instances.index[:3], name, given)
    pd.testing.assert_frame_equal(ds.instances, before)
    assert len(ds.log()) == log


def test_images_are_answered_too_and_names_that_are_parameters_elsewhere_are_no_trap(ds) -> None:
    ds.ask("table", of="images", options=["flat", "steep"])
    ds.give_answer(ds.images.iloc[:2], "table", "flat")
    assert ds.images["table"].iloc[:2].tolist() == ["flat", "flat"]
    ds.give_answer(ds.images.index[:1], "remark", "  ", of="images")
    assert ds.images["remark"].isna().all()


def test_an_unknown_question_is_named_and_an_old_row_is_not_answered(ds) -> None:
    with pytest.raises(nl.errors.UnknownNameError, match="no 'sexx'"):
        ds.give_answer(ds.instances.index[:1], "sexx", "f")
    with pytest.raises(nl.errors.UnknownNameError):
        ds.give_answer([10**9], "sex", "f")


def test_a_retired_option_is_still_an_answer_and_words_of_answers_are_short() -> None:
    sex = Attribute("sex", options=("f", "m"), retired_options=("m",))
    assert allowed(sex, "m") == "m"
    assert said("x" * 100).endswith("…")
    assert len(said("x" * 100)) == 60
