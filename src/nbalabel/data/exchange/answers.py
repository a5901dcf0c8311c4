"""Answers and other own columns that came back: what changed, what was added, what is no answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import orjson
import pandas as pd

from ...core.change.change import Cells
from ...core.ontology.attribute import Attribute
from ...core.ontology.ontology import Ontology
from ...core.tables.answers import list_array
from ...core.tables.arrays import missing, positions, take, values
from ..formats.records.ids import IS_BOX, NB_ID
from ..formats.records.questions import NONE_OF, SCHEMAS

COLUMNS = ("table", "image_id", "instance_id", "column", "what", "before", "value", "why")
"""Columns of a report of answers."""


@dataclass(frozen=True)
class Answers:
    """What the rows of one table say after they came back.

    Attributes:
        cells: what changes in the dataset, by column.
        created: columns of the rows that are new, in their order.
        rows: what became of each answer that is not as it was: the columns of ``COLUMNS``.
        strange: options that the dataset does not have: (column, option) -> how often.
    """

    cells: dict[str, Cells]
    created: dict[str, pd.Series]
    rows: list[tuple[Any, ...]]
    strange: Counter[tuple[str, str]] = field(default_factory=Counter)


def own_columns(frame: pd.DataFrame, table: str, attributes: Mapping[str, Attribute]) -> list[str]:
    """The user's own columns of a table that can travel: no lists but answers of several options."""
    own = [name for name in frame.columns if name not in {*SCHEMAS[table], NB_ID, IS_BOX}]
    return [name for name in own if name in attributes or not isinstance(frame[name].dtype, pd.ArrowDtype)]


def answers_of(
    table: str,
    there: pd.DataFrame,
    sent: pd.DataFrame,
    back: pd.DataFrame,
    ids: np.ndarray,
    at: np.ndarray,
    new: np.ndarray,
    ontology: Ontology,
) -> Answers:
    """Compare what rows said when they went out with what they say now.

    Args:
        table: "images" or "instances".
        there: that table of the dataset.
        sent: the rows as the package held them, by id.
        back: the rows that came back.
        ids: ids of the rows of the dataset that came back, ``(n,)``.
        at: their positions in ``back``, ``(n,)``.
        new: positions in ``back`` of rows that are new.
        ontology: the attributes of the dataset.
    """
    attributes = ontology.attributes(table)
    out = Answers({}, {}, [])
    for name in own_columns(there, table, attributes):
        if name not in back and name not in sent:
            continue
        column = _Column(name, table, there, attributes.get(name), out)
        found = back[name].astype(object).tolist() if name in back else [None] * len(back)
        before = sent.get(name)
        column.changed(ids, [found[i] for i in at.tolist()], before)
        column.added(new, [found[i] for i in new.tolist()], back)
    return out


class _Column:
    """One column of the dataset, and what came back for it."""

    def __init__(
        self, name: str, table: str, there: pd.DataFrame, attribute: Attribute | None, out: Answers
    ) -> None:
        self._name, self._table, self._there = name, table, there
        self._attribute, self._out = attribute, out
        self._series = there[name]

    def changed(self, ids: np.ndarray, found: Sequence[Any], before: pd.Series | None) -> None:
        """Compare the rows that the dataset has."""
        place = positions(self._there.index, ids)
        here = [_plain(x) for x in take(values(self._series), place).tolist()] if len(ids) else []
        held = dict(zip(before.index.tolist(), before.tolist(), strict=True)) if before is not None else {}
        rows, new = [], []
        for k, (row, raw, now) in enumerate(zip(ids.tolist(), found, here, strict=True)):
            was = _plain(self._read(held[row])[0]) if row in held else now
            value, why = self._read(raw)
            what = self._what(value, why, was, now, raw)
            if what in ("changed", "added"):
                rows.append(k)
                new.append(value)
            if what:
                why = "the dataset has another answer by now" if what == "edited here" else why
                why = "the dataset keeps its answer" if what == "removed" else why
                self._tell(row, what, was, _plain(raw) if what == "invalid" else value, why)
        if rows:
            chosen = np.array(rows, np.int64)
            old = take(values(self._series), place[chosen])
            self._out.cells[self._name] = Cells(ids[chosen], old, values(self._typed(new)))

    def added(self, new: np.ndarray, found: Sequence[Any], back: pd.DataFrame) -> None:
        """The column of the rows that are new."""
        if not len(new):
            return
        images = back["image_id"].iloc[new].tolist()
        kept = []
        for image, raw in zip(images, found, strict=True):
            value, why = self._read(raw)
            kept.append(value)
            if value is not None and value != "":
                self._out.rows.append((self._table, image, None, self._name, "added", None, value, ""))
            elif why:
                self._out.rows.append(
                    (self._table, image, None, self._name, "invalid", None, _plain(raw), why)
                )
        self._out.created[self._name] = self._typed(kept)

    @staticmethod
    def _what(value: Any, why: str, was: Any, now: Any, raw: Any) -> str:
        """What became of one answer; "" where it is as it was."""
        if why:
            return "invalid"
        if value is None or (value == "" and was in (None, "")):
            return "removed" if was is not None and was != "" and _plain(raw) is None else ""
        if _same(value, was) or _same(value, now):
            return ""
        if not _same(was, now):
            return "edited here"
        return "added" if was is None or was == "" else "changed"

    def _read(self, raw: Any) -> tuple[Any, str]:
        """A value for the column, and why there is none; neither where nothing was said."""
        raw = _plain(raw)
        many = self._attribute is not None and self._attribute.kind == "many"
        if raw is None or (raw == "" and not isinstance(self._series.dtype, pd.StringDtype)):
            return None, ""
        value, why = _several(raw, self._attribute) if many else _single(raw, self._series, self._attribute)
        if why and self._attribute is not None and self._attribute.kind in ("one", "many"):
            texts = raw if isinstance(raw, list) else [raw]
            self._out.strange.update((self._name, str(x)) for x in texts if x not in self._attribute.options)
        return value, why

    def _typed(self, found: Sequence[Any]) -> pd.Series:
        kind = self._series.dtype
        if isinstance(kind, pd.ArrowDtype):
            return pd.Series(list_array(found))
        return _in_dtype(found, kind)

    def _tell(self, row: int, what: str, was: Any, value: Any, why: str) -> None:
        of_images = self._table == "images"
        image = row if of_images else int(self._there["image_id"].loc[row])
        self._out.rows.append(
            (self._table, image, None if of_images else row, self._name, what, was, value, why)
        )


def _in_dtype(found: Sequence[Any], kind: Any) -> pd.Series:
    """Values in the dtype of a column, missing where they are None; what cannot miss gets its default."""
    nothing = pd.Series(missing(kind, len(found)))
    if all(value is None for value in found):
        return nothing
    default = nothing.astype(object).tolist()
    filled = [d if value is None else value for value, d in zip(found, default, strict=True)]
    return pd.Series(filled, dtype=object).astype(kind)


def _several(raw: Any, attribute: Attribute | None) -> tuple[list[str] | None, str]:
    found = raw
    if isinstance(raw, str) and raw[:1] == "[":
        try:
            found = orjson.loads(raw)
        except orjson.JSONDecodeError:
            found = raw
    found = [found] if isinstance(found, str) else found
    found = [] if found == [NONE_OF] else found
    options = () if attribute is None else attribute.options
    wrong = not isinstance(found, list) or any(x not in options for x in found)
    if wrong or len(set(found)) < len(found):
        return (
            None,
            f"expected some of {', '.join(() if attribute is None else attribute.offered)}, each once",
        )
    return sorted(found, key=options.index), ""


def _single(raw: Any, column: pd.Series, attribute: Attribute | None) -> tuple[Any, str]:
    value = _value_for(raw, column.dtype)
    if value is None:
        options = "" if attribute is None else ", ".join(attribute.offered)
        return None, f"expected one of {options}" if options else f"expected {column.dtype}"
    if attribute is None or attribute.kind != "number":
        return value, ""
    low, high = attribute.low, attribute.high
    if not np.isfinite(value):
        return None, "expected a finite number"
    if low is not None and value < low:
        return None, f"expected {low:g} or more"
    return (None, f"expected {high:g} or less") if high is not None and value > high else (value, "")


def _value_for(value: Any, kind: Any) -> Any:
    """One value for a column of this dtype; None where it is missing or does not fit."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    if isinstance(kind, pd.CategoricalDtype):
        return next((c for c in kind.categories if c == value or str(c) == str(value)), None)
    if pd.api.types.is_bool_dtype(kind):
        return {"true": True, "false": False, "1": True, "0": False}.get(str(value).lower())
    if pd.api.types.is_numeric_dtype(kind):
        try:
            number = float(value)
        except (TypeError, ValueError):
            return None
        whole = pd.api.types.is_integer_dtype(kind)
        if whole and (not np.isfinite(number) or number != int(number) or abs(number) > 2**53):
            return None
        return int(number) if whole else number
    return str(value) if isinstance(kind, pd.StringDtype) or kind is np.dtype(object) else None


def _plain(value: Any) -> Any:
    """A value as a list, a scalar, or None where it is missing."""
    if isinstance(value, list | tuple | np.ndarray):
        return [str(x) for x in value]
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return None
    return value.item() if isinstance(value, np.generic) else value


def _same(a: Any, b: Any) -> bool:
    if isinstance(a, list) and isinstance(b, list):
        return set(a) == set(b)
    return bool(a == b) and (a is None) == (b is None)


def listed(rows: Iterable[tuple[Any, ...]]) -> pd.DataFrame:
    """A report of answers as a table."""
    out = pd.DataFrame(list(rows), columns=list(COLUMNS))
    return out.astype({"image_id": "Int64", "instance_id": "Int64"})


def changed_options(
    ontology: Ontology,
    sent: Mapping[str, Mapping[str, Sequence[str]]],
    back: Mapping[str, Mapping[str, Sequence[str]]],
    strange: Mapping[str, Counter[tuple[str, str]]],
) -> pd.DataFrame:
    """Options that a vendor added or took away.

    Args:
        ontology: the attributes of the dataset.
        sent: table -> question -> the options that went out.
        back: the same of what came back, where its format declares them.
        strange: table -> (question, option) -> how often an option came that the dataset lacks.

    Returns:
        Columns table, column, option, what ("added" or "removed") and n, the number of answers with it.
    """
    rows: list[tuple[str, str, str, str, int]] = []
    for table in ("images", "instances"):
        asked = ontology.attributes(table)
        for name in asked:
            known, now = asked[name].options, back.get(table, {}).get(name)
            counts = {x: n for (column, x), n in strange.get(table, Counter()).items() if column == name}
            if not known:
                continue
            new = [x for x in dict.fromkeys([*(now or ()), *counts]) if x not in known and x != NONE_OF]
            rows += [(table, name, x, "added", counts.get(x, 0)) for x in new]
            gone = [] if now is None else [x for x in sent.get(table, {}).get(name, ()) if x not in now]
            rows += [(table, name, x, "removed", 0) for x in gone]
    return pd.DataFrame(rows, columns=["table", "column", "option", "what", "n"])


def unknown_columns(
    there: Mapping[str, pd.DataFrame], back: Mapping[str, pd.DataFrame]
) -> dict[tuple[str, str], int]:
    """Columns that came back and that the dataset lacks: (table, column) -> number of values."""
    return {
        (table, str(name)): n
        for table, frame in back.items()
        for name in frame.columns
        if name not in there[table] and name not in {*SCHEMAS[table], NB_ID, IS_BOX}
        if (n := int(frame[name].notna().sum()))
    }
