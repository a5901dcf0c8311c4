"""Two writers on one ontology: what either said, and a conflict only where both said two things."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalabel.core.change.change import diff
from nbalabel.core.errors import ConflictError
from nbalabel.core.ontology.definition import Definition
from nbalabel.core.ontology.ontology import Ontology
from nbalabel.core.tables.schema import SCHEMAS, empty
from nbalabel.core.tables.state import State
from nbalabel.data.merge.two_writers import merge_with

LABELS = ("a", "b", "c")
ontologies = st.dictionaries(
    st.sampled_from(LABELS), st.sampled_from(["", "one", "two"]).map(lambda text: Definition(text=text))
).map(Ontology)


def state(ontology: Ontology) -> State:
    return State({name: empty(name, LABELS) for name in SCHEMAS}, LABELS, ontology)


def said(ontology: Ontology, label: str) -> str:
    return ontology.labels.get(label, Definition()).text


@settings(max_examples=150, deadline=None)
@given(
    ontologies,
    st.lists(ontologies, min_size=1, max_size=3),
    ontologies,
    st.sampled_from([None, "mine", "theirs"]),
)
def test_merged_ontologies_say_what_either_writer_changed(base, steps, theirs, keep):
    """Ours is several steps, as edits of a session are; what they set and took back is no change."""
    before = [base, *steps[:-1]]
    ours = [diff(state(a), state(b)) for a, b in zip(before, steps, strict=True)]
    mine = steps[-1]
    clash = [
        x
        for x in LABELS
        if said(mine, x) != said(base, x) != said(theirs, x) and said(mine, x) != said(theirs, x)
    ]
    if clash and keep is None:
        with pytest.raises(ConflictError, match=f"label {clash[0]}"):
            merge_with(ours, diff(state(base), state(theirs)), state(theirs))
        return
    merged = merge_with(ours, diff(state(base), state(theirs)), state(theirs), keep).state.ontology
    for label in LABELS:
        is_ours = said(mine, label) != said(base, label) and not (keep == "theirs" and label in clash)
        changed = mine if is_ours else theirs
        assert said(merged, label) == said(changed, label)
