"""Columns of the user's own as questions of other tools: of which kind each is, and what may be answered."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

from ....core.errors import FormatError
from ....core.ontology.attribute import Attribute
from ....core.tables.answers import answered, as_lists, list_array
from ....core.tables.arrays import values
from ....core.tables.schema import IMAGES, INSTANCES, LabeledImages
from . import columns
from .answers import ontology_of, shown
from .columns import Record
from .ids import IS_BOX, NB_ID

NONE_OF = "none of these"
"""The option that stands for an empty list, which most tools cannot tell from "not answered"."""

OPTIONS = "options"
"""Key of ``Tables.info``: table -> question -> the options that a file declares."""

SCHEMAS: Mapping[str, Mapping[str, object]] = {"images": IMAGES, "instances": INSTANCES}
"""Columns of the tables that questions are asked of."""


@dataclass(frozen=True)
class Question:
    """A column of the user's own, as other tools ask it.

    Attributes:
        name: name of the column.
        kind: "one" or "many" of the options, "number", "yes/no" or "text".
        options: what can be chosen, in order.
        may_miss: whether "not answered" must be told from every answer.
        whole: of a number: whether it is a whole one.
        low: of a number: the least that there may be, or is.
        high: of a number: the greatest.
        required: whether it must be answered.
        text: what is asked, for people.
    """

    name: str
    kind: Literal["one", "many", "number", "yes/no", "text"]
    options: tuple[str, ...] = ()
    may_miss: bool = False
    whole: bool = False
    low: float = 0.0
    high: float = 0.0
    required: bool = False
    text: str = ""

    @property
    def chosen(self) -> tuple[str, ...]:
        """The options with one for "none of them" where several can be chosen."""
        return (*self.options, NONE_OF) if self.kind == "many" else self.options


def questions(tables: LabeledImages, of: str, fields: Collection[str] = ()) -> list[Question]:
    """The user's own columns of a table as questions, in order; attributes that are retired are none.

    Args:
        tables: the tables.
        of: "images" or "instances".
        fields: columns that the format has fields for.
    """
    images, instances, _ = shown(tables)
    frame = images if of == "images" else instances
    known = {*SCHEMAS[of], *fields, NB_ID, IS_BOX}
    asked = ontology_of(tables).attributes(of)
    own = [name for name in frame.columns if name not in known]
    return [
        _question(frame[name], asked.get(name))
        for name in own
        if name not in asked or not asked[name].retired
    ]


def _question(column: pd.Series, asked: Attribute | None) -> Question:
    name, kind = str(column.name), column.dtype
    misses = asked is not None or not answered(values(column)).all()
    said: dict[str, Any] = {"may_miss": misses}
    if asked is not None:
        said |= {"required": asked.required, "text": asked.text}
    if asked is not None and asked.kind in ("one", "many"):
        used = {x for row in _listed(column) for x in row}
        options = tuple(x for x in asked.options if x not in asked.retired_options or x in used)
        clash = asked.kind == "many" and NONE_OF in options
        return Question(name, "text", **said) if clash else Question(name, asked.kind, options, **said)
    if pd.api.types.is_bool_dtype(kind):
        return Question(name, "yes/no", ("true", "false"), **said)
    if pd.api.types.is_numeric_dtype(kind):
        return Question(name, "number", (), **said, **_range(column, asked))
    if isinstance(kind, pd.CategoricalDtype) and _can_be_listed(kind.categories.tolist()):
        return Question(name, "one", tuple(kind.categories), **said)
    return Question(name, "text", **said)


def _listed(column: pd.Series) -> list[list[str]]:
    if isinstance(column.dtype, pd.ArrowDtype):
        return [row for row in as_lists(column) if row is not None]
    return [[value] for value in column.dropna().unique().tolist()]


def _range(column: pd.Series, asked: Attribute | None) -> dict[str, Any]:
    known = column.dropna()
    low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
    if asked is not None:
        low = low if asked.low is None else asked.low
        high = high if asked.high is None else asked.high
    return {"low": low, "high": high, "whole": pd.api.types.is_integer_dtype(column.dtype)}


def _can_be_listed(options: Sequence[Any]) -> bool:
    texts = all(isinstance(x, str) and x and x.strip() == x and "\n" not in x for x in options)
    return bool(options) and texts


def said_in(frame: pd.DataFrame, asked: Sequence[Question], reserved: Collection[str] = ()) -> list[Record]:
    """What each row says to some questions, as JSON; what is missing is left out.

    Raises:
        DataError: a column has a reserved name, or holds values that JSON cannot express.
    """
    found = columns.written(frame[[one.name for one in asked]], {}, frozenset(reserved))
    rows: list[Record] = [{} for _ in range(len(frame))]
    for name, column in found.items():
        for row, value in zip(rows, column, strict=True):
            if value is not None:
                row[name] = value
    return rows


def columns_of(
    rows: Sequence[Record], taken: Mapping[str, object], many: Collection[str] = ()
) -> dict[str, Any]:
    """Columns of what rows say; lists of texts are lists, other lists and objects JSON text.

    Args:
        rows: name -> value, one per row.
        taken: columns of the schema; another of such a name becomes ``coco_<name>``.
        many: questions that have lists as answers, also where every list has one text.

    Raises:
        FormatError: two names would be one column.
    """
    lists = {name for name in dict.fromkeys(n for row in rows for n in row) if _is_many(rows, name, many)}
    rest = [{k: v for k, v in row.items() if k not in lists} for row in rows]
    out = columns.extras(rest, frozenset(), taken)
    for name in sorted(lists):
        column = f"coco_{name}" if name in taken else name
        if column in out:
            raise FormatError(f"{name!r} and {column!r} cannot both be kept: rename one of them")
        out[column] = list_array([_as_list(row.get(name)) for row in rows])
    return out


def _is_many(rows: Sequence[Record], name: str, many: Collection[str]) -> bool:
    found = [row[name] for row in rows if row.get(name) is not None]
    lists = any(isinstance(value, list) for value in found) or name in many
    return lists and all(_as_list(value) is not None for value in found)


def _as_list(value: Any) -> list[str] | None:
    """A value as a list of texts; an empty one for "none of these"; None where it is none."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(x, str) for x in found):
        return None
    return [] if found == [NONE_OF] else found


def to_choices(value: Any) -> list[str]:
    """An answer as the options that are chosen.

    Example:
        >>> to_choices(True), to_choices(["net"]), to_choices([])
        (['true'], ['net'], ['none of these'])
    """
    if isinstance(value, bool):
        return [str(value).lower()]
    return [str(x) for x in value] or [NONE_OF] if isinstance(value, list) else [str(value)]
