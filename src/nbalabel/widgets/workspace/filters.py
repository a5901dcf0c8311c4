"""Filters of single columns and the search over all texts: the rows they keep, and their pandas code.

A filter as the browser sends it, by the name of its column:

    {"kind": "range", "lo": 0.2, "hi": None, "missing": "out"}              numbers, times (ms since 1970)
    {"kind": "values", "values": ["cod", "ling"], "missing": "in"}          categories and booleans
    {"kind": "text", "text": "reef_", "regex": False, "case": False, "missing": "out"}

``missing`` is for rows without a value: "out", "in" (kept by any filter) or "only" (no others are kept).
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
import pandas as pd

from ...core.errors import DataError
from .clauses import Rows
from .columns import Column
from .expressions import bound, expression, is_plain_text, literal, nullable, source_of, text_code

if TYPE_CHECKING:
    from .workspace import Workspace

Filter: TypeAlias = Mapping[str, Any]

MISSING = ("out", "in", "only")


@dataclass(frozen=True, eq=False)
class Kept:
    """The rows that a filter keeps.

    Attributes:
        rows: ``(n,)`` bool.
        title: a text for people: "score 0.2 – 0.5".
        code: the same as a pandas expression of ``rows``; "" if there is none.
    """

    rows: Rows
    title: str
    code: str


def keep(ws: Workspace, of: str, name: str, wanted: Filter) -> Kept:
    """The rows that a filter of one column keeps.

    Args:
        ws: the workspace.
        of: name of the table.
        name: of the column.
        wanted: see the head of this file.

    Raises:
        UnknownNameError: there is no such column.
        DataError: the filter does not fit its kind, or is no regular expression.
    """
    column = ws.column(of, name)
    missing = wanted.get("missing", "out")
    if missing not in MISSING:
        raise DataError(f"missing must be one of {', '.join(MISSING)}, got {missing!r}")
    make = {"range": _range, "values": _values, "text": _text}.get(str(wanted.get("kind")))
    if make is None:
        raise DataError(f"kind of a filter must be range, values or text, got {wanted.get('kind')!r}")
    if missing == "only":
        return Kept(column.missing, f"{name} missing", _missing_code(ws, of, column))
    kept = make(ws, of, column, wanted)
    if missing == "out":
        return kept
    absent = _missing_code(ws, of, column)
    code = f"({kept.code} | {absent})" if kept.code and absent else ""
    return Kept(kept.rows | column.missing, f"{kept.title} or missing", code)


def search(ws: Workspace, of: str, text: str, names: Sequence[str]) -> Kept:
    """Rows with a text in any of several columns, case ignored; a whole number is looked up as an id, too.

    Args:
        ws: the workspace.
        of: name of the table.
        text: the literal text to look for.
        names: columns of texts or categories.
    """
    wanted = {"kind": "text", "text": text}
    found = [keep(ws, of, name, wanted) for name in names]
    if re.fullmatch(r"\d{1,15}", text):
        ids = ws.ids(of) == int(text)
        found.append(Kept(ids, "", f"rows.index.to_series().eq({int(text)})"))
    rows = np.zeros(len(ws.ids(of)), np.bool_)
    for one in found:
        rows |= one.rows
    codes = [one.code for one in found]
    code = f"({' | '.join(codes)})" if codes and all(codes) else ""
    return Kept(rows, f"search “{text}”", code if codes else "rows.index.to_series().isin([])")


def all_of(kept: Sequence[Kept]) -> Kept | None:
    """The rows that all of several filters keep; None without filters."""
    if not kept:
        return None
    rows = kept[0].rows
    for one in kept[1:]:
        rows = rows & one.rows
    codes = [one.code for one in kept]
    code = " & ".join(codes) if all(codes) else ""
    return Kept(rows, ", ".join(one.title for one in kept), code)


def _range(ws: Workspace, of: str, column: Column, wanted: Filter) -> Kept:
    if column.kind not in ("number", "time"):
        raise DataError(f"{column.name} is of kind {column.kind}: a range needs numbers or times")
    lo, hi = _limit(wanted, "lo"), _limit(wanted, "hi")
    code, series = expression(ws, of, column.name), source_of(ws, of, column.name)
    if lo is None and hi is None:
        return Kept(~column.missing, f"{column.name} present", code and f"{code}.notna()")
    rows = ~column.missing
    if lo is not None:
        rows &= column.values >= bound(series, lo)
    if hi is not None:
        rows &= column.values <= bound(series, hi)
    time = column.kind == "time"
    shown = [None if x is None else _moment(x, series) if time else literal(x) for x in (lo, hi)]
    limits = [None if x is None else literal(x) if time else x for x in shown]
    if code:
        both = f"{code}.between({limits[0]}, {limits[1]})"
        code = (
            f"({code} >= {limits[0]})" if hi is None else f"({code} <= {limits[1]})" if lo is None else both
        )
        code += ".fillna(False)" if nullable(series) else ""
    words = f"≥ {shown[0]}" if hi is None else f"≤ {shown[1]}" if lo is None else f"{shown[0]} – {shown[1]}"
    return Kept(rows, f"{column.name} {words}", code)


def _values(ws: Workspace, of: str, column: Column, wanted: Filter) -> Kept:
    if column.kind not in ("category", "boolean"):
        raise DataError(f"{column.name} is of kind {column.kind}: a list of values needs categories")
    values = [str(value) for value in wanted.get("values", ())]
    table = np.append(np.isin(np.array(column.categories, object), values), False).astype(np.bool_)
    rows = table[column.values]  # code -1, missing, indexes the last entry
    code = text_code(ws, of, column) if column.kind == "category" else expression(ws, of, column.name)
    if code:
        listed: list[Any] = values if column.kind == "category" else [text == "True" for text in values]
        # "" is left out: the views count it as missing.
        listed = [x for x in listed if x != ""]
        code += f".isin([{', '.join(map(literal, listed))}])"
    return Kept(rows, f"{column.name} {_listed(values, column.categories)}", code)


def _listed(values: Sequence[str], categories: Sequence[str]) -> str:
    left = [text for text in categories if text not in values]
    if 0 < len(left) <= 3 < len(values):
        return f"not {', '.join(left)}"
    more = f" and {len(values) - 3} more" if len(values) > 3 else ""
    return ", ".join(values[:3]) + more or "none"


def _text(ws: Workspace, of: str, column: Column, wanted: Filter) -> Kept:
    if column.kind not in ("text", "category"):
        raise DataError(f"{column.name} is of kind {column.kind}: a search needs texts")
    text, regex, case = str(wanted.get("text", "")), bool(wanted.get("regex")), bool(wanted.get("case"))
    code = text_code(ws, of, column)
    if not text:
        return Kept(~column.missing, f"{column.name} present", code and _present(ws, of, column, code))
    options = {"regex": regex, "case": case, "na": False}
    if column.kind == "text":
        series = source_of(ws, of, column.name)
        direct = column.home == "own" and series is not None and isinstance(series.dtype, pd.StringDtype)
        texts = series if direct and series is not None else pd.Series(column.values, dtype="str")
        rows = contains(texts, text, **options)
        if regex:  # a regex that matches "" would keep missing texts
            rows = rows & ~column.missing
    else:
        found = contains(pd.Series(list(column.categories), dtype="str"), text, **options)
        rows = np.append(found, False)[column.values]
    if code:
        if not is_plain_text(source_of(ws, of, column.name)):
            code += '.astype("str")'  # categories may be objects, whose case pandas folds in another way
        given = "".join(f", {key}={value}" for key, value in options.items() if key != "regex" or not regex)
        matched = f"{code}.str.contains({literal(text)}{given})"
        empty = regex and is_plain_text(source_of(ws, of, column.name))
        code = f'({matched} & {code}.ne(""))' if empty else matched
    quoted = f"/{text}/" if regex else f"“{text}”"
    return Kept(np.asarray(rows), f"{column.name} has {quoted}", code)


def contains(texts: pd.Series, text: str, *, regex: bool, case: bool, na: bool = False) -> Rows:
    """Which texts contain a text or regex, by the rules of pandas, ``(n,)`` bool.

    Raises:
        DataError: it is no regular expression.
    """
    try:
        if regex:
            re.compile(text)
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "This pattern is interpreted as a regular expression")
            found = texts.str.contains(text, regex=regex, case=case, na=na)
    except (re.error, ValueError, OverflowError) as error:
        raise DataError(f"{text!r} is no regular expression: {error}") from error
    return np.asarray(found.to_numpy(np.bool_))


def _missing_code(ws: Workspace, of: str, column: Column) -> str:
    code = (
        text_code(ws, of, column) if column.kind in ("text", "category") else expression(ws, of, column.name)
    )
    if not code:
        return ""
    text = column.kind in ("text", "category") and is_plain_text(source_of(ws, of, column.name))
    return f'{code}.eq("")' if text else f"{code}.isna()"


def _present(ws: Workspace, of: str, column: Column, code: str) -> str:
    return f'{code}.ne("")' if is_plain_text(source_of(ws, of, column.name)) else f"{code}.notna()"


def _limit(wanted: Filter, name: str) -> float | None:
    value = wanted.get(name)
    if value is None:
        return None
    if not isinstance(value, int | float) or isinstance(value, bool) or value != value:
        raise DataError(f"{name} of a range must be a number or None, got {value!r}")
    return float(value)


def _moment(milliseconds: float, series: pd.Series | None) -> str:
    """A time as a text that pandas can compare with the column."""
    if series is not None and series.dtype.kind == "m":
        return str(pd.Timedelta(milliseconds, unit="ms"))
    aware = series is not None and getattr(series.dtype, "tz", None) is not None
    return pd.Timestamp(milliseconds, unit="ms", tz="UTC" if aware else None).isoformat(sep=" ")
