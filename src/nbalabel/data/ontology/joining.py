"""The ontologies of two datasets as one, and tables with the columns of all attributes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from ...core.errors import DataError
from ...core.ontology.attribute import ASKED_OF, Attribute
from ...core.ontology.definition import Definition
from ...core.ontology.entries import named
from ...core.ontology.guidelines import Guidelines
from ...core.ontology.ontology import GUIDELINES, Entry, Key, Ontology, question_text
from ...core.tables.answers import cast_answers, dtype_of
from ...core.tables.arrays import column, missing


def joined(ours: Ontology, theirs: Ontology) -> Ontology:
    """One ontology of two: ours, and what only theirs has, such as guidelines.

    Of a label that both define our definition stays; the examples of theirs have other ids here, and are
    left out. An attribute that both ask has the options of both.

    Raises:
        DataError: both ask an attribute of different kinds.
    """
    if not theirs:
        return ours
    entries: dict[Key, Entry | None] = {}
    if theirs.guidelines and not ours.guidelines:
        entries[GUIDELINES] = Guidelines(theirs.guidelines)
    keys = {entry.key for entry in ours.labels.values()}
    for label, entry in theirs.labels.items():
        if ours.labels.get(label, Definition()) == Definition():
            key = "" if entry.key in keys else entry.key
            entries["labels", label] = replace(entry, key=key, right=(), wrong=())
    for of in ASKED_OF:
        mine = ours.attributes(of)
        last = max((one.number for one in mine.values()), default=-1)
        for name, other in theirs.attributes(of).items():
            entries[of, name] = (
                _both(mine[name], other) if name in mine else replace(other, number=last + 1 + other.number)
            )
    return ours.with_entries(entries)


def with_columns(frame: pd.DataFrame, attributes: Mapping[str, Attribute], table: str) -> pd.DataFrame:
    """The table with a column for each attribute, in the dtype of its answers; absent ones are missing.

    Raises:
        DataError: a column holds values that are no answers.
    """
    frame = frame.copy(deep=False)
    for name, attribute in attributes.items():
        if name in frame:
            frame[name] = cast_answers(frame[name], attribute, table)
        else:
            frame[name] = column(missing(dtype_of(attribute), len(frame)), frame.index)
    return frame


def _both(mine: Attribute, other: Attribute) -> Attribute:
    if mine.kind != other.kind:
        raise DataError(
            f"{named((mine.of, mine.name))} is asked in two ways: {question_text(mine)}, and "
            f"{question_text(other)}. Rename one of them first: ds.apply(ds.rename(NAME, ANOTHER))"
        )
    options = tuple(dict.fromkeys([*mine.options, *other.options]))
    return replace(mine, options=options)
