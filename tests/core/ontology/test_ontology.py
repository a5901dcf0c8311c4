"""Ontologies are values that compare, nest and survive JSON; what makes no sense is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.ontology.attribute import Attribute
from nbalabel.core.ontology.definition import Definition
from nbalabel.core.ontology.ontology import Ontology
from nbalabel.core.ontology.renaming import relabeled

FISH = Ontology(
    {
        "cod": Definition(parent="gadidae", key="c"),
        "gadidae": Definition(parent="fish"),
        "rock": Definition(),
    },
    instances={"sex": Attribute("sex", options=("f", "m"), where="label in ['cod', 'gadidae']")},
)
definitions = st.builds(
    Definition,
    parent=st.sampled_from(["", "fish"]),
    color=st.sampled_from(["", "#a0B1c2"]),
    text=st.text(max_size=5),
    right=st.lists(st.integers(0, 2**63 - 1), max_size=3).map(tuple),
    retired=st.booleans(),
)
attributes = st.one_of(
    st.builds(
        Attribute,
        st.just("x"),
        kind=st.sampled_from(["one", "many"]),
        options=st.lists(st.sampled_from("abcd"), min_size=1, unique=True).map(tuple),
        required=st.booleans(),
        number=st.integers(0, 5),
    ),
    st.builds(
        Attribute,
        st.just("x"),
        kind=st.just("number"),
        low=st.none() | st.floats(-5, 0),
        unit=st.text(max_size=3),
    ),
)


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from("ab"), definitions), attributes)
def test_an_ontology_comes_back_from_json_as_it_was(labels, attribute):
    ontology = Ontology(labels, instances={"x": attribute})
    back = Ontology.from_json(ontology.to_json())
    assert back == ontology
    assert back.digest == ontology.digest


@pytest.mark.parametrize(
    "record",
    [
        [],
        {"stuff": {}},
        {"labels": []},
        {"labels": {"cod": {"colour": "red"}}},
        {"labels": {"cod": {"right": ["1"]}}},
        {"labels": {"cod": {"right": [2**70]}}},
        {"labels": {"cod": {"parent": 3}}},
        {"labels": {"cod": {"parent": "cod"}}},
        {"instances": {"sex": {"name": "age", "kind": "text"}}},
        {"instances": {"sex": {"kind": "text"}}},
        {"instances": {"sex": {"name": "sex", "kind": ["one"]}}},
        {"instances": {"sex": {"name": "sex", "options": [["f"]]}}},
        {"instances": {"sex": {"name": "sex", "kind": "text", "where": "print(1)"}}},
        {"instances": {"sex": {"name": "sex", "kind": "number", "low": float("nan")}}},
        {"instances": {"a": {"name": "a", "kind": "text", "where": "a == 'x'"}}},
        {"instances": {"a": {"name": "a", "kind": "text", "number": -1}}},
    ],
)
def test_json_that_is_no_ontology_is_refused(record):
    with pytest.raises(DataError):
        Ontology.from_json(record)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"kind": "two"}, "kind must be"),
        ({"of": "rejected"}, "of must be"),
        ({"kind": "one"}, "1 to 10,000 options"),
        ({"options": ("f", "f")}, "repeated: f"),
        ({"options": ("f", " ")}, "non-empty"),
        ({"options": ("f",), "retired_options": ("m",)}, "only options"),
        ({"kind": "text", "options": ("f",)}, "no options"),
        ({"kind": "text", "unit": "cm"}, "only a number"),
        ({"kind": "number", "low": 3, "high": 2}, "at most high"),
        ({"kind": "number", "high": 2, "default": 3}, "default"),
        ({"options": ("f",), "default": "m"}, "default"),
        ({"kind": "yes/no", "default": "yes"}, "default"),
    ],
)
def test_a_declaration_that_makes_no_sense_is_refused_and_says_why(fields, said):
    with pytest.raises(DataError, match=said):
        Attribute("sex", **fields)


@pytest.mark.parametrize("fields", [{"color": "red"}, {"key": "cc"}, {"key": " "}, {"right": (True,)}])
def test_a_definition_that_makes_no_sense_is_refused(fields):
    with pytest.raises(DataError):
        Definition(**fields)


def test_a_label_has_a_path_of_parents_and_cannot_be_its_own():
    assert FISH.path("cod") == ("fish", "gadidae", "cod")
    assert FISH.path("rock") == ("rock",)
    circle = Ontology({"a": Definition(parent="b"), "b": Definition(parent="a")})
    with pytest.raises(DataError, match="own parents: a < b < a"):
        circle.check()


def test_two_labels_cannot_have_one_key():
    with pytest.raises(DataError, match="'k' is that of a and of b"):
        Ontology({"a": Definition(key="k"), "b": Definition(key="k")}).check()


def test_attributes_cannot_depend_on_each_other_in_a_circle():
    a = Attribute("a", kind="text", where="b == 'x'")
    with pytest.raises(DataError, match="cannot depend on itself"):
        Ontology(instances={"a": a, "b": Attribute("b", kind="text", where="a == 'y'")}).check()


def test_a_name_in_two_places_must_be_told_apart():
    both = Ontology(
        images={"x": Attribute("x", of="images", kind="text")}, instances={"x": Attribute("x", kind="text")}
    )
    with pytest.raises(UnknownNameError, match="images and in instances"):
        both.find("x")
    assert both.find("x", "images")[0] == ("images", "x")
    with pytest.raises(UnknownNameError, match="no 'y'"):
        both.find("y")


def test_renamed_labels_keep_their_definition_their_children_and_the_conditions_on_them():
    after = relabeled(FISH, ("kod", "gadidae", "rock"), {"cod": "kod"})
    assert after.labels["kod"].key == "c"
    assert after.instances["sex"].where == "label in ['kod', 'gadidae']"
    merged = relabeled(FISH, ("cod", "rock"), {"gadidae": "cod"})
    assert merged.path("cod") == ("fish", "cod")


def test_cards_escape_what_people_wrote():
    html = Ontology({"<b>": Definition(text="<script>")})._repr_html_()
    assert "<script>" not in html
    assert "&lt;script&gt;" in html
