"""Answer one question of some rows: a state and an answer in, a Change out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...core.asking.asked import Asking
from ...core.change.change import Change
from ...core.errors import DataError
from ...core.id_sets import distinct
from ...core.ontology.attribute import Attribute
from ...core.tables.answers import check_answers, dtype_of, list_array
from ...core.tables.arrays import column, missing, positions, take
from ...core.tables.names import instead_of
from ...core.tables.state import State
from ..edits.cells import set_cells

_LONG = 60  # characters of a text in a note


def asking_of(state: State, of: str, ids: np.ndarray) -> Asking:
    """The questions of some rows; of instances, those of their images, too.

    Args:
        state: the current tables.
        of: "images" or "instances".
        ids: of rows that are there, ``(n,)``.
    """
    images, rows = state.tables["images"], state.tables[of].loc[ids]
    if of == "images":
        return Asking(state.ontology, rows, state.tables["instances"].iloc[:0])
    return Asking(state.ontology, images.loc[distinct(rows["image_id"].to_numpy(np.int64))], rows)


def give(state: State, of: str, ids: np.ndarray, name: str, value: Any, origin: str) -> Change:
    """Answer a question; rows that it is not asked of stay as they are.

    Args:
        state: the current tables.
        of: "images" or "instances".
        ids: of the rows, ``(n,)``.
        name: the attribute.
        value: the answer; None takes it away.
        origin: who answers.

    Raises:
        DataError: the value is no answer, or the question is asked of none of the rows.
        UnknownNameError: there is no such attribute.
    """
    attribute = state.ontology.find(name, of)[1]
    assert isinstance(attribute, Attribute), "only attributes are found in images and instances"
    given = allowed(attribute, value)
    there = positions(state.tables[of].index, ids) >= 0
    asked = ids[there][asking_of(state, of, ids[there]).of(of, name)] if there.any() else ids[:0]
    if not len(asked):
        which = of if len(ids) != 1 else of[:-1]
        raise DataError(f"{name} is not asked of the {which} {_named(ids)}; nothing was done")
    n = len(asked)
    answers = pd.Series(column(_repeated(attribute, given, n), pd.Index(asked)), index=pd.Index(asked))
    change = set_cells(state, of, asked, {name: answers}, origin)
    what = f"{name} of {n:,} {of if n > 1 else of[:-1]}"
    return replace(change, note=f"took back {what}" if given is None else f"answered {what}: {said(given)}")


def allowed(attribute: Attribute, value: Any) -> Any:
    """An answer as its kind has it: one option, a tuple of options, a float, a bool or a text.

    Args:
        attribute: the question.
        value: as a page or a cell gives it; a number may be a text. None, and a text or number of no
            characters, is no answer.

    Returns:
        The answer; None for none.

    Raises:
        DataError: it is no answer; the message says what was expected.

    Example:
        >>> allowed(Attribute("length", kind="number", unit="cm", low=0), " 41.5 ")
        41.5
    """
    if value is None or value is pd.NA or (isinstance(value, str) and not value.strip()):
        return None
    kind = attribute.kind
    if kind == "one":
        return _option(attribute, value)
    if kind == "many":
        if not isinstance(value, list | tuple | set):
            raise DataError(f"{attribute.name} must be a list of options, got {value!r}")
        chosen = {_option(attribute, one) for one in value}
        return tuple(option for option in attribute.options if option in chosen)
    if kind == "number":
        return _number(attribute, value)
    if kind == "yes/no" and not isinstance(value, bool | np.bool_):
        raise DataError(f"{attribute.name} must be true or false, got {value!r}")
    if kind == "text" and not isinstance(value, str):
        raise DataError(f"{attribute.name} must be a text, got {value!r}")
    return bool(value) if kind == "yes/no" else value


def said(answer: Any) -> str:
    """An answer in words, for notes.

    Example:
        >>> said(("net", "hook")), said(()), said(True), said(41.0)
        ('net, hook', 'none', 'yes', '41')
    """
    if isinstance(answer, bool):
        return "yes" if answer else "no"
    if isinstance(answer, tuple):
        return ", ".join(answer) or "none"
    text = f"{answer:g}" if isinstance(answer, float) else str(answer)
    return text if len(text) <= _LONG else f"{text[: _LONG - 1]}…"


def _option(attribute: Attribute, value: Any) -> str:
    if not isinstance(value, str) or value not in attribute.options:
        hint = instead_of(str(value), attribute.offered)
        raise DataError(f"{attribute.name} must be one of its options, got {value!r}; {hint}")
    return value


def _number(attribute: Attribute, value: Any) -> float:
    unit = f" {attribute.unit}" if attribute.unit else ""
    try:
        number = float(value) if not isinstance(value, bool) else np.nan
    except (TypeError, ValueError):
        number = np.nan
    if not np.isfinite(number):
        raise DataError(f"{attribute.name} must be a number, such as 12.5, got {value!r}")
    low, high = attribute.low, attribute.high
    if (low is not None and number < low) or (high is not None and number > high):
        limits = [
            f"at least {low:g}" if low is not None else "",
            f"at most {high:g}" if high is not None else "",
        ]
        raise DataError(
            f"{attribute.name} must be {' and '.join(filter(None, limits))}{unit}, got {number:g}"
        )
    return number


def _repeated(attribute: Attribute, answer: Any, n: int) -> Any:
    """One answer for ``n`` rows, in the dtype of the attribute."""
    dtype = dtype_of(attribute)
    if answer is None:
        return missing(dtype, n)
    if attribute.kind == "many":
        return take(list_array([list(answer)]), np.zeros(n, np.intp))
    array = pd.array([answer], dtype=dtype)
    check_answers(pd.Series(array), attribute, attribute.of)
    return array.take(np.zeros(n, np.intp))


def _named(ids: np.ndarray) -> str:
    shown = ", ".join(map(str, ids[:5].tolist()))
    return f"{shown}, …" if len(ids) > 5 else shown
