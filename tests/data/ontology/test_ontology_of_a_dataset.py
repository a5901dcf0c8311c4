"""The ontology of a dataset: declared, answered in typed columns, undone, versioned, merged."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import ConflictError, DataError, HistoryError, UnknownNameError
from nbalabel.data.dataset.dataset import Dataset


@pytest.fixture
def asked(ds) -> Dataset:
    """Cod are asked their sex, everything for damage and length; images for the weather."""
    ds.ask("sex", options=["f", "m", "unsure"], where="label == 'cod'", required=True)
    ds.ask("damage", kind="many", options=["net", "hook"])
    ds.ask("length", kind="number", unit="cm", low=0, high=200)
    ds.ask("ripe", kind="yes/no", where="sex == 'f'", required=True)
    ds.ask("weather", of="images", options=["sun", "fog"], required=True)
    ds.ask("remark", of="images", kind="text")
    return ds


def test_answers_are_typed_columns(asked):
    kinds = asked.instances[["sex", "damage", "length", "ripe"]].dtypes.astype(str).tolist()
    assert kinds == ["category", "list<item: string>[pyarrow]", "Float64", "boolean"]
    assert str(asked.images["remark"].dtype) == "str"
    assert asked.instances[["sex", "damage", "length", "ripe"]].isna().all(axis=None)


def test_answers_are_set_as_they_are_written(asked):
    asked.set([0, 2], sex="f", damage=["net", "hook"], length=12, ripe=True)
    asked.set([0, 2], damage=[["net"], None])
    asked.images["remark"] = ["a", None, "b", "c", "d"]
    asked.instances.loc[2, "sex"] = "m"
    asked.instances["length"] = [1, 2.5, None]
    asked.sync()
    rows = asked.instances
    assert rows["sex"].tolist()[::2] == ["f", "m"]
    assert (rows["damage"][0], pd.isna(rows["damage"][2])) == (["net"], True)
    assert rows["length"].tolist()[:2] == [1, 2.5]
    assert rows["ripe"].tolist() == [True, pd.NA, True]


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"sex": "female"}, "sex must be one of f, m, unsure; 1 of 1 rows break it: 2"),
        ({"damage": ["nett"]}, "did you mean 'net'"),
        ({"damage": ["net", "net"]}, "each option once"),
        ({"damage": "net"}, "lists of texts"),
        ({"length": -1}, "at least 0"),
        ({"length": 201}, "at most 200"),
        ({"length": np.inf}, "finite"),
        ({"length": "long"}, "must be numbers"),
        ({"ripe": "yes"}, "true or false"),
        ({"ripe": 2}, "true or false"),
    ],
)
def test_what_is_no_answer_is_refused_and_names_the_row(asked, answers, said):
    before = asked.instances.copy()
    with pytest.raises(DataError, match=said):
        asked.set([2], **answers)
    (name, value), *_ = answers.items()
    column = asked.instances[name].astype(object)
    column.loc[2] = value
    asked.instances[name] = column
    with pytest.raises(DataError, match=name):
        asked.sync()
    pd.testing.assert_frame_equal(asked.instances, before)


def test_a_column_that_is_an_attribute_cannot_go_or_be_taken(asked):
    del asked.instances["sex"]
    with pytest.raises(DataError, match="'sex', which is an attribute"):
        asked.sync()
    with pytest.raises(DataError, match="that every table of instances has"):
        asked.ask("area", kind="number")
    with pytest.raises(DataError, match="already"):
        asked.rename("sex", "length")


def test_new_rows_and_accepted_predictions_bring_checked_answers(asked, predictions, mask):
    asked.accept(predictions.iloc[1:2].assign(sex="m"))
    assert asked.instances["sex"].tolist()[3:] == ["m"]
    with pytest.raises(DataError, match="sex must be one of"):
        asked.add_instances(
            pd.DataFrame({"image_id": [3], "label": ["cod"], "mask": [mask(3)], "sex": ["q"]})
        )
    with pytest.raises(DataError, match="at most 200"):
        asked.add_instances(
            pd.DataFrame({"image_id": [3], "label": ["cod"], "mask": [mask(3)], "length": [900]})
        )


def test_true_is_no_number(asked):
    with pytest.raises(DataError, match="length must be numbers"):
        asked.set([0], length=True)


def test_only_answers_that_are_asked_for_and_required_are_missing(asked):
    assert asked.unanswered()["unanswered"].to_dict() == {0: "sex", 2: "sex"}
    asked.set([0], sex="f")
    assert asked.unanswered()["unanswered"].to_dict() == {0: "ripe", 2: "sex"}
    asked.set([0], ripe=False)
    asked.set([2], sex="m")
    assert not len(asked.unanswered())
    assert asked.unanswered("images").index.tolist() == [0, 1, 2, 3, 4]
    assert asked.unanswered(name="length").index.tolist() == [0, 1, 2]


def test_an_answer_nobody_asks_for_any_more_is_kept_and_reported_and_hides_what_depends_on_it(asked):
    asked.set([0], sex="f", ripe=True)
    asked.set([0], label="ling")
    assert asked.hidden_answers()["hidden"].to_dict() == {0: "sex, ripe"}
    assert asked.instances.loc[0, ["sex", "ripe"]].tolist() == ["f", True]
    asked.set([0], label="cod")
    assert not len(asked.hidden_answers())


def test_a_question_may_depend_on_the_image(asked):
    asked.ask("visible", kind="yes/no", where="weather == 'fog'", required=True)
    asked.set([0], "images", weather="fog")
    assert asked.unanswered(name="visible").index.tolist() == [0, 1]


def test_a_condition_on_a_column_that_does_not_exist_is_refused_and_asks_nothing(asked):
    with pytest.raises(
        UnknownNameError, match="'lable', which is no column of instances; did you mean 'label'"
    ):
        asked.ask("extra", kind="text", where="lable == 'cod'")
    assert "extra" not in asked.instances


def test_undo_redo_and_revert_treat_the_ontology_as_any_edit(ds):
    before = ds.ontology
    made = ds.define("cod", parent="gadidae", color="#112233", right=[0])
    after = ds.ontology
    ds.undo()
    assert ds.ontology == before != after
    ds.redo()
    assert ds.ontology == after
    ds.set([1], status="verified")
    ds.revert(made)
    assert ds.ontology == before
    ds.ask("sex", options=["f"])
    ds.undo()
    assert (ds.ontology, "sex" in ds.instances) == (before, False)


def test_a_revert_leaves_what_was_defined_otherwise_since(ds):
    made = ds.define("cod", text="a fish")
    ds.define("cod", text="a fish with a barbel")
    assert "0 of 1" in ds.revert(made).note
    assert ds.ontology.labels["cod"].text == "a fish with a barbel"


def test_an_ontology_is_committed_opened_again_and_compared(asked, folder):
    asked.define("cod", parent="gadidae", text="cod")
    asked.set([0], damage=["hook"], sex="f")
    first = asked.commit("asked")
    asked.define("cod", text="")
    asked.close()
    with Dataset(folder) as again:
        assert again.ontology.labels["cod"] == nl.Definition(parent="gadidae")
        assert again.version(first.id).ontology.labels["cod"].text == "cod"
        assert not again.version("v1").ontology
        assert again.instances["damage"][0] == ["hook"]
        assert "ontology" in repr(again.status())
        assert ("labels", "cod") in again.diff().ontology
        assert "defined label cod" in again.log()["note"].tolist()
        assert len(again.verify()) == 2


def test_many_versions_of_an_ontology_open_by_their_shortcuts(ds, folder):
    for i in range(20):
        ds.define("cod", text=f"text {i}")
        ds.ask(f"q{i % 3}", options=[f"o{j}" for j in range(i + 1)])
        ds.commit(f"{i}")
    ds.close()
    with Dataset(folder) as again:
        texts = [again.version(f"v{i}").ontology.labels["cod"].text for i in range(2, 22)]
        assert texts == [f"text {i}" for i in range(20)]
        assert len(again.verify()) == 21


def test_a_save_and_a_subset_keep_the_ontology(asked, tmp_path):
    asked.set([2], damage=["net"])
    with asked.save(tmp_path / "other.nbal") as other:
        assert other.ontology == asked.ontology
    part = asked.subset([1])
    assert part.ontology == asked.ontology
    with part.save(tmp_path / "part.nbal") as other:
        assert other.instances["damage"].tolist() == [["net"]]


def test_a_folder_from_before_there_were_ontologies_opens_and_takes_one(tmp_path):
    """Written by the version of nbalabel before ontologies, with two commits and uncommitted work."""
    shutil.unpack_archive(Path(__file__).with_name("before_ontology.zip"), tmp_path)
    with nl.open(tmp_path / "before_ontology.nbal") as ds:
        assert not ds.ontology
        assert ds.instances["sex"].fillna("").tolist() == ["f", "m", ""]  # a column of the user's own
        assert len(ds.verify()) == 2
        ds.ask("sex", options=["f", "m"])
        ds.commit("asked")
        assert len(ds.verify()) == 3
    with nl.open(tmp_path / "before_ontology.nbal") as ds:
        assert ds.ontology.instances["sex"].options == ("f", "m")
        assert ds.instances["sex"].tolist()[:2] == ["f", "m"]


def test_a_column_of_the_users_own_becomes_an_attribute_if_its_values_are_answers(ds):
    ds.instances["sex"] = ["f", "m", "q"]
    with pytest.raises(DataError, match="1 of 3 rows break it: 2"):
        ds.ask("sex", options=["f", "m"])
    assert not ds.ontology
    ds.ask("sex", options=["f", "m", "q"])
    assert ds.instances["sex"].tolist() == ["f", "m", "q"]


def test_renaming_an_option_lists_its_rows_and_takes_answers_and_conditions_along(asked):
    asked.set([0], sex="f", ripe=True)
    proposal = asked.rename("sex", "female", option="f")
    assert proposal.rows.index.tolist() == [0]
    assert "touches 1 instance: 0" in repr(proposal)
    assert asked.instances["sex"][0] == "f"  # nothing is done yet
    asked.set([2], sex="f")
    asked.apply(proposal)  # and a row that came since follows
    assert asked.instances["sex"].tolist() == ["female", np.nan, "female"]
    assert asked.ontology.instances["ripe"].where == "sex == 'female'"
    asked.undo()
    assert asked.instances["sex"][0] == "f"
    assert asked.ontology.instances["ripe"].where == "sex == 'f'"


def test_the_name_of_another_option_merges_the_two(asked):
    asked.set([0, 2], sex=["f", "unsure"], damage=[["net", "hook"], ["hook"]])
    asked.apply(asked.rename("sex", "f", option="unsure"))
    asked.apply(asked.rename("damage", "net", option="hook"))
    assert asked.ontology.instances["sex"].options == ("f", "m")
    assert asked.instances["sex"].tolist()[::2] == ["f", "f"]
    assert asked.instances["damage"].tolist()[::2] == [["net"], ["net"]]


def test_renaming_an_attribute_takes_its_column_and_conditions_along(asked):
    asked.set([0], sex="f")
    asked.apply(asked.rename("sex", "gender"))
    assert asked.instances["gender"][0] == "f"
    assert "sex" not in asked.instances
    assert list(asked.ontology.instances) == ["gender", "damage", "length", "ripe"]
    assert asked.ontology.instances["ripe"].where == "gender == 'f'"
    assert asked.unanswered()["unanswered"].to_dict() == {0: "ripe", 2: "gender"}


def test_renaming_a_label_lists_its_rows_and_is_what_rename_label_does(asked):
    asked.define("cod", key="c")
    proposal = asked.rename("cod", "Atlantic cod")
    assert proposal.rows.index.tolist() == [0, 2]
    asked.apply(proposal)
    by_proposal = asked.ontology
    asked.undo()
    asked.rename_label("cod", "Atlantic cod")
    assert asked.ontology == by_proposal
    assert by_proposal.labels["Atlantic cod"].key == "c"
    assert asked.unanswered().index.tolist() == [0, 2]


def test_what_is_retired_is_offered_no_more_and_rows_keep_it(asked):
    asked.set([0], sex="f", length=3)
    for proposal in (
        asked.retire("sex", option="f"),
        asked.retire("length"),
        asked.retire("ling"),
    ):
        asked.apply(proposal)
    ontology = asked.ontology
    assert ontology.instances["sex"].offered == ("m", "unsure")
    assert ontology.labels["ling"].retired
    assert asked.instances["sex"][0] == "f"
    assert asked.hidden_answers()["hidden"].to_dict() == {0: "length"}
    asked.define("ling", retired=False)
    asked.ask("length", kind="number")
    assert not asked.ontology.labels["ling"].retired
    assert not len(asked.hidden_answers())


def test_what_the_ontology_does_not_have_cannot_be_renamed_or_retired(asked):
    for wrong in (
        lambda: asked.rename("sexx", "x"),
        lambda: asked.retire("sex", option="q"),
        lambda: asked.define("cod", right=[99]),
        lambda: asked.unanswered(name="sexx"),
    ):
        with pytest.raises(UnknownNameError):
            wrong()
    with pytest.raises(DataError, match="a label has no options"):
        asked.retire("cod", option="f")
    with pytest.raises(DataError, match="of must be"):
        asked.unanswered("rejected")
    with pytest.raises(DataError, match="cannot change the ontology"):
        asked.apply(asked.define("cod", text="x"))


def test_a_change_of_the_ontology_made_for_another_is_refused(ds):
    made = ds.define("cod", text="one")
    ds.define("cod", text="two")
    with pytest.raises(HistoryError, match="label cod is defined otherwise"):
        ds._make(lambda _: made)


def test_two_writers_who_define_and_ask_different_things_keep_both(ds, other_kernel):
    other = other_kernel()
    other.define("cod", parent="gadidae")
    other.define("haddock", key="h")
    other.ask("sex", options=["f", "m"])
    other.ask("weather", of="images", options=["sun"])
    other.set([0], sex="f")
    other.commit("theirs")
    ds.define("ling", text="long")
    ds.define("saithe", key="s")
    ds.ask("length", kind="number")
    ds.set([1], length=7)
    ds.commit("mine")
    ontology = ds.ontology
    assert {name: entry.parent or entry.key or entry.text for name, entry in ontology.labels.items()} == {
        "cod": "gadidae",
        "ling": "long",
        "haddock": "h",
        "saithe": "s",
    }
    assert (list(ontology.instances), list(ontology.images)) == (["length", "sex"], ["weather"])
    assert (ds.instances["sex"][0], ds.instances["length"][1]) == ("f", 7)
    assert len(ds.verify()) == 3


def test_two_writers_who_ask_the_same_question_have_asked_it_once(ds, other_kernel):
    other = other_kernel()
    for one in (other, ds):
        one.ask("sex", options=["f", "m"])
        one.define("cod", text="a cod")
        one.commit("asked")
    assert list(ds.ontology.instances) == ["sex"]


@pytest.mark.parametrize(
    ("mine", "said"),
    [
        (
            lambda ds: ds.ask("sex", options=["x", "y"]),
            "sex of instances in two ways; yours is one of x, y; theirs",
        ),
        (lambda ds: ds.define("cod", text="mine"), "label cod in two ways"),
    ],
)
def test_two_writers_who_say_two_things_of_one_entry_get_a_conflict_and_lose_nothing(
    ds, other_kernel, mine, said
):
    other = other_kernel()
    other.ask("sex", options=["f", "m"])
    other.define("cod", text="theirs")
    other.commit("theirs")
    mine(ds)
    after = ds.ontology
    with pytest.raises(ConflictError, match=said):
        ds.commit("mine")
    assert ds.ontology == after
    ds.undo()
    ds.refresh()
    assert ds.ontology == other.ontology


@pytest.mark.parametrize(("keep", "text"), [("mine", "mine"), ("theirs", "theirs")])
def test_one_of_two_definitions_is_kept_on_demand(ds, other_kernel, keep, text):
    ds.ask("length", kind="number")
    ds.commit("asked")
    other = other_kernel()
    for one, words in ((other, "theirs"), (ds, "mine")):
        one.define("cod", text=words)
        one.ask("length", kind="number", text=words, low=0)
    other.set([0], length=3)
    other.commit("theirs")
    ds.set([1], length=4)
    ds.refresh(keep=keep)
    ds.commit("both")
    assert ds.ontology.labels["cod"].text == ds.ontology.instances["length"].text == text
    assert ds.instances["length"].tolist()[:2] == [3, 4]
    assert len(ds.verify()) == 4


def test_a_writer_who_answers_and_one_who_adds_an_option_are_merged(ds, other_kernel):
    ds.ask("sex", options=["f", "m"])
    ds.commit("asked")
    other = other_kernel()
    other.ask("sex", options=["f", "m", "unsure"])
    other.commit("one more")
    ds.set([0], sex="f")
    ds.commit("answered")
    assert ds.ontology.instances["sex"].options == ("f", "m", "unsure")
    assert ds.instances["sex"].tolist()[0] == "f"


def test_a_writer_who_answers_while_another_renames_the_options_gets_a_conflict(ds, other_kernel):
    ds.ask("sex", options=["f", "m"])
    ds.set([0], sex="f")
    ds.commit("asked")
    other = other_kernel()
    other.apply(other.rename("sex", "female", option="f"))
    other.commit("renamed")
    ds.set([1], sex="m")
    with pytest.raises(ConflictError, match="column sex of instances"):
        ds.commit("answered")
    ds.undo()
    ds.refresh()
    ds.set([1], sex="m")
    ds.commit("answered")
    assert ds.instances["sex"].tolist()[:2] == ["female", "m"]


def test_assignments_into_an_older_frame_are_checked_too(asked):
    older = asked.instances
    asked.set([0], status="verified")
    older["length"] = [1, 2, 300]
    with pytest.raises(DataError, match="at most 200"):
        asked.sync()
    older["length"] = [1, 2, 3]
    asked.sync()
    assert asked.instances["length"].tolist() == [1, 2, 3]
    assert str(asked.instances["length"].dtype) == "Float64"


def test_a_copy_in_another_process_knows_the_ontology(asked):
    import pickle

    copy = pickle.loads(pickle.dumps(asked))  # noqa: S301  # our own bytes
    assert copy.ontology == asked.ontology
    assert len(copy.unanswered()) == 2
    asked.set([0, 2], sex="m")
    assert not len(asked.unanswered())


def test_conditions_from_a_stranger_run_no_code(ds):
    with pytest.raises(DataError, match="not allowed in a condition"):
        ds.ask("extra", kind="text", where="label.__class__.__mro__")
    with pytest.raises(DataError, match="no condition"):
        ds.ask("extra", kind="text", where="@ds.close()")


def test_joined_datasets_have_the_questions_of_both_and_the_options_of_both(asked, tables):
    other = nl.Tables.of(
        tables.images.assign(file=[f"other{i}.png" for i in range(5)]),
        tables.instances.assign(sex=["x", "f", None], age=[1, 2, 3]),
        ["cod", "ling"],
        ontology=nl.Ontology(
            {"ling": nl.Definition(text="long")},
            instances={
                "sex": nl.Attribute("sex", options=("f", "x")),
                "age": nl.Attribute("age", kind="number", number=1),
            },
        ),
    )
    asked.set([0], sex="m")
    asked.join(other)
    assert asked.ontology.instances["sex"].options == ("f", "m", "unsure", "x")
    assert list(asked.ontology.instances)[-1] == "age"
    assert asked.ontology.labels["ling"].text == "long"
    assert asked.instances["sex"].astype(object).fillna("").tolist() == ["m", "", "", "x", "f", ""]
    assert asked.instances["age"].tolist()[3:] == [1, 2, 3]
    both = nl.join(other, asked)
    assert set(both.ontology.instances) == set(asked.ontology.instances)


def test_datasets_that_ask_one_name_in_two_ways_are_not_joined(asked, tables):
    other = nl.Tables.of(
        tables.images.assign(file=[f"other{i}.png" for i in range(5)]),
        tables.instances.assign(sex="x"),
        ["cod", "ling"],
        ontology=nl.Ontology(instances={"sex": nl.Attribute("sex", kind="text")}),
    )
    with pytest.raises(DataError, match="sex of instances is asked in two ways"):
        asked.join(other)


def test_the_color_of_a_label_is_that_of_its_masks_in_pictures_and_views(ds):
    ds.define("ling", color="#0000ff")
    assert nl.Workspace(ds).column("instances", "label").colors == ("#e69f00", "#0000ff")
    picture = np.asarray(ds.show(0), dtype=np.int64)
    cod, ling = picture[80, 40], picture[80, 240]  # ten times as large
    assert cod[0] > cod[2]
    assert ling[2] > ling[0]
    ds.undo()
    assert nl.Workspace(ds).column("instances", "label").colors == ("#e69f00", "#56b4e9")
