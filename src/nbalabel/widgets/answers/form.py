"""What a form shows: the questions that are asked of some rows now, and what was answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import pandas as pd

from ...core.ontology.attribute import Attribute
from ...core.ontology.condition import Condition
from ...core.tables.answers import answered, as_lists
from ...core.tables.arrays import values
from ...core.tables.state import State
from ...data.ontology.answering import asking_of


def part_of(state: State, of: str, ids: np.ndarray, must: Collection[str] = ()) -> dict[str, Any]:
    """One part of a form: the questions of some rows of one table.

    Args:
        state: the current tables.
        of: "images" or "instances".
        ids: of rows that are there, ``(n,)``.
        must: names of attributes that are to be answered here though they are not required.

    Returns:
        ``of``, ``title``, ``declared`` (number of attributes of the table, asked of these rows or not), and
        ``questions``, each as :func:`_question_of` describes it, with ``required`` and ``depth``.
    """
    attributes = {name: one for name, one in state.ontology.attributes(of).items() if not one.retired}
    frame, asking = state.tables[of].loc[ids], asking_of(state, of, ids)
    deep = depths(attributes)
    questions = []
    for name, attribute in attributes.items():
        asked = asking.of(of, name)
        if asked.any():
            said = _question_of(attribute, frame[name][asked])
            questions.append(said | {"required": attribute.required or name in must, "depth": deep[name]})
    return {
        "of": of,
        "title": _title(frame, of),
        "declared": len(attributes),
        "questions": questions,
    }


def _question_of(attribute: Attribute, answers: pd.Series) -> dict[str, Any]:
    """One question of a form.

    Args:
        attribute: the question.
        answers: of the rows it is asked of, ``(n,)``, n > 0.

    Returns:
        The declaration (``name``, ``kind``, ``options``, ``text``, ``unit``, ``low``, ``high``, ``default``),
        and what was answered: ``asked`` and ``answered`` (numbers of rows), ``value`` (that of all rows; None
        where they differ, or one has none), ``counts`` (rows with each option), ``retired`` (options that are
        offered no more, but are an answer here).

    Example:
        >>> found = _question_of(Attribute("dead", kind="yes/no"), pd.Series([True, None], dtype="boolean"))
        >>> found["options"], found["counts"], found["value"]
        (['yes', 'no'], [1, 0], None)
    """
    has = answered(values(answers))
    every, given = bool(has.all()), answers[has]
    counts = _counts(attribute, given)
    retired = [option for option in attribute.retired_options if counts[option]]
    options = [option for option in counts if option in retired or option not in attribute.retired_options]
    return {
        "name": attribute.name,
        "kind": attribute.kind,
        "options": options,
        "retired": retired,
        "counts": [counts[option] for option in options],
        "text": attribute.text,
        "unit": attribute.unit,
        "low": attribute.low,
        "high": attribute.high,
        "default": list(attribute.default) if isinstance(attribute.default, tuple) else attribute.default,
        "asked": len(answers),
        "answered": len(given),
        "value": _shared(attribute, given, counts) if every else None,
    }


def _counts(attribute: Attribute, given: pd.Series) -> dict[str, int]:
    """How many rows have each option."""
    if attribute.kind == "yes/no":
        yes = int(given.sum())
        return {"yes": yes, "no": len(given) - yes}
    if attribute.kind == "one":
        found = np.bincount(given.cat.codes, minlength=len(attribute.options)).tolist()
        return dict(zip(attribute.options, found, strict=True))
    out = dict.fromkeys(attribute.options, 0)
    for one in as_lists(given) if attribute.kind == "many" else []:
        for option in one or []:
            out[option] += 1
    return out


def _shared(attribute: Attribute, given: pd.Series, counts: Mapping[str, int]) -> Any:
    """The answer that all rows have; None where they differ."""
    if attribute.kind in ("number", "text"):
        first = given.iloc[0]
        return first if bool((given == first).all()) else None
    if not set(counts.values()) <= {0, len(given)}:
        return None
    of_all = [option for option, n in counts.items() if n]
    if attribute.kind == "many":
        return of_all
    return of_all[0] if attribute.kind == "one" else of_all == ["yes"]


def depths(attributes: Mapping[str, Attribute]) -> dict[str, int]:
    """How deep each question is nested: 0 where its condition names no other attribute of the table.

    Example:
        >>> sex, ripe = Attribute("sex", options=("f",)), Attribute("ripe", kind="yes/no", where="sex == 'f'")
        >>> depths({"sex": sex, "ripe": ripe})
        {'sex': 0, 'ripe': 1}
    """
    out: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in out:
            out[name] = 0  # conditions have no circles; a broken one ends here
            on = [one for one in Condition(attributes[name].where).names if one in attributes]
            out[name] = max((depth(one) + 1 for one in on), default=0)
        return out[name]

    return {name: depth(name) for name in attributes}


def _title(frame: pd.DataFrame, of: str) -> str:
    if len(frame) != 1:
        return f"{len(frame):,} {of}"
    if of == "images":
        return str(frame["file"].iloc[0]).rpartition("/")[2]
    return f"{frame['label'].iloc[0]} {frame.index[0]}"
