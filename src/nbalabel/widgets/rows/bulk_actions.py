"""Actions of a table on many rows at once; each is one Change of the dataset.

The browser sends the rows it showed when the button was pressed, and the count it showed: the action applies
to exactly those rows, or to none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...core.change.change import Change
from ...core.errors import DataError, HistoryError
from ...core.tables.of_images import labeled_all_over
from ..workspace.clauses import Rows
from ..workspace.selection import unpack

if TYPE_CHECKING:
    from ..workspace.columns import Column
    from ..workspace.workspace import Workspace

Values = Mapping[str, Any]
_SAMPLE = 6  # rows of each kind that are shown before an action on many
_STATE = ("images", "state")
_TRUE, _FALSE = {"true", "yes", "1"}, {"false", "no", "0"}


def agreed_rows(ws: Workspace, of: str, bits: bytes | memoryview, n: int, rev: int) -> Rows:
    """The rows a button counted, checked.

    Args:
        ws: the workspace.
        of: name of the table.
        bits: the rows, as the browser packs them.
        n: the count the browser showed.
        rev: revision of the tables the browser showed.

    Raises:
        HistoryError: the tables have changed since.
        DataError: the counts differ.
    """
    if rev != ws.rev:
        raise HistoryError(
            "nothing was done: the tables changed meanwhile. Look at the rows again and repeat it"
        )
    rows = unpack(bits, len(ws.ids(of)))
    if int(rows.sum()) != n:
        raise DataError(f"nothing was done: expected {n:,} {of}, got {int(rows.sum()):,}")
    return rows


def sample(ws: Workspace, of: str, rows: Rows) -> dict[str, Any]:
    """A preview of an action on many rows.

    Args:
        ws: the workspace.
        of: table of the rows.
        rows: ``(n,)`` bool.

    Returns:
        ``images``, the number of images the rows are on, None if the rows are images; ``score``, the lowest
        and the highest score, None without scores; ``shown``, up to six (row, text) for each reason to show
        them ("least sure", "at random").
    """
    at = np.flatnonzero(rows)
    images = None if of == "images" else len(np.unique(ws.image_row(of)[at]))
    score = ws.column(of, "score").values[at] if ws.has_column(of, "score") else np.full(len(at), np.nan)
    scored = np.flatnonzero(~np.isnan(score))
    least = at[scored[np.argsort(score[scored], kind="stable")[:_SAMPLE]]]
    others = np.setdiff1d(at, least)
    chosen = np.random.default_rng(len(at)).choice(others, min(_SAMPLE, len(others)), replace=False)
    shown = {"least sure": least, "at random": np.sort(chosen)}
    return {
        "images": images,
        "score": [float(score[scored].min()), float(score[scored].max())] if len(scored) else None,
        "shown": {why: _captions(ws, of, found) for why, found in shown.items() if len(found)},
    }


def perform(ws: Workspace, of: str, action: str, rows: Rows, values: Values) -> Change:
    """Apply an action to rows.

    Args:
        ws: the workspace.
        of: table of the rows.
        action: "accept", "reject" (predictions), "remove", "answer" (images, instances), "set", or "correct":
            what the suspects of the workspace suggest (instances, predictions).
        rows: ``(n,)`` bool; "answer" leaves out those of which the question is not asked.
        values: for "accept" ``overlap`` and perhaps ``label``; for "set" and "answer" ``column``, ``value``.

    Raises:
        DataError: no such action for this table, or a value does not fit.
    """
    act = _ACTIONS.get((of, action))
    if act is None:
        known = ", ".join(name for table, name in _ACTIONS if table == of)
        raise DataError(f"{of} have no action {action!r}; they have {known}")
    return act(ws, of, rows, values)


def set_value(ws: Workspace, of: str, rows: Rows, name: str, value: Any) -> Change:
    """Set one value in a column of rows; None makes it missing.

    Raises:
        DataError: the column cannot be edited, or the value does not fit.
    """
    column = ws.column(of, name)
    if of == "predictions" or not column.editable or name in ("rows", "table", "origin"):
        raise DataError(f"{name} of {of} cannot be edited")
    ids = ws.ids(of)[rows]
    given = _fitted(column, ws.frame(of)[name].dtype, value)
    cells = {name: given} | (_trained(ws.frame(of)[rows], str(given)) if (of, name) == _STATE else {})
    change = ws.ds.set(ids, of, **cells)
    what = f"{len(ids):,} {of if len(ids) != 1 else of[:-1]}"
    said = f"{name} of {what} to {_said(value)}" if change else "nothing: it was so already"
    return replace(change, note=f"set {said}")


def _trained(images: pd.DataFrame, state: str) -> dict[str, Any]:
    """The weight of images that are said to be labeled all over: training takes those that it left out."""
    weight = images["weight"].to_numpy(np.float32)
    begins = (weight == 0) & ~labeled_all_over(images)
    if not begins.any() or not labeled_all_over(pd.DataFrame({"state": [state]})).any():
        return {}
    return {"weight": np.where(begins, np.float32(1), weight)}


def _accept(ws: Workspace, _: str, rows: Rows, values: Values) -> Change:
    assert ws.run is not None  # there are no rows of predictions otherwise
    overlap, label = str(values.get("overlap", "skip")), values.get("label")
    return ws.ds.accept(
        ws.run.predictions[rows], overlap=overlap, label=None if label is None else str(label)
    )


def _reject(ws: Workspace, _: str, rows: Rows, __: Values) -> Change:
    assert ws.run is not None
    return ws.ds.reject(ws.run.predictions[rows])


def _answer(ws: Workspace, of: str, rows: Rows, values: Values) -> Change:
    return ws.ds.give_answer(ws.ids(of)[rows], str(values.get("column")), values.get("value"), of=of)  # type: ignore[arg-type]  # of a table that has questions


def _remove(ws: Workspace, of: str, rows: Rows, _: Values) -> Change:
    return ws.ds.remove(ws.ids(of)[rows], of)


def _correct(ws: Workspace, of: str, rows: Rows, _: Values) -> Change:
    """Apply what is suggested for rows; what is odd, settled or was changed since stays as it is."""
    if ws.suspected is None:
        raise DataError("nothing is suspected in this workspace: ws.suspects = nl.suspects(ds, run)")
    proposed = ws.suspected.change(of, ws.ids(of)[rows])
    if not proposed:
        return replace(proposed, note="nothing is suggested for these rows: look at them")
    return ws.ds.apply(proposed)


def _set(ws: Workspace, of: str, rows: Rows, values: Values) -> Change:
    return set_value(ws, of, rows, str(values.get("column")), values.get("value"))


_ACTIONS: dict[tuple[str, str], Callable[[Workspace, str, Rows, Values], Change]] = {
    ("predictions", "accept"): _accept,
    ("predictions", "reject"): _reject,
    ("predictions", "correct"): _correct,
    ("instances", "correct"): _correct,
    ("instances", "set"): _set,
    ("instances", "remove"): _remove,
    ("instances", "answer"): _answer,
    ("images", "set"): _set,
    ("images", "remove"): _remove,
    ("images", "answer"): _answer,
}


def _fitted(column: Column, dtype: Any, value: Any) -> Any:
    """A value from an editor, converted for the column."""
    if value is None or value == "":
        return "" if isinstance(dtype, pd.StringDtype) and value == "" else _nothing(column, dtype)
    if column.kind == "boolean":
        text = str(value).lower()
        if text not in _TRUE | _FALSE:
            raise DataError(f"{column.name} must be true or false, got {value!r}")
        return text in _TRUE
    if column.kind == "number":
        return _number(column, dtype, value)
    text = str(value)
    if isinstance(dtype, pd.CategoricalDtype) and text not in column.categories:
        raise DataError(f"{column.name} must be one of {', '.join(column.categories)}, got {text!r}")
    if isinstance(dtype, pd.CategoricalDtype):
        return dtype.categories[column.categories.index(text)]
    return text


def _nothing(column: Column, dtype: Any) -> Any:
    if column.kind == "number" and dtype.kind == "f" and isinstance(dtype, np.dtype):
        return np.nan
    if isinstance(dtype, np.dtype) and dtype.kind in "iub":
        raise DataError(f"{column.name} cannot be missing: its values are {dtype}")
    texts = pd.api.types.is_object_dtype(dtype) or isinstance(dtype, pd.CategoricalDtype | pd.StringDtype)
    return None if texts else pd.NA


def _number(column: Column, dtype: Any, value: Any) -> int | float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise DataError(f"{column.name} must be a number, got {value!r}") from error
    whole = getattr(dtype, "kind", "f") in "iu"
    if whole and not number.is_integer():
        raise DataError(f"{column.name} must be a whole number, got {value!r}")
    if whole:
        limits = np.iinfo(str(getattr(dtype, "numpy_dtype", dtype)))
        if not limits.min <= number <= limits.max:
            raise DataError(f"{column.name} must fit {limits.dtype}, got {value!r}")
    return int(number) if whole else number


def _captions(ws: Workspace, of: str, at: np.ndarray) -> list[tuple[int, str]]:
    """Rows and a text for each: file of an image, else label and score."""
    rows = ws.frame(of).iloc[at]
    if of == "images":
        return [(int(i), str(file).rpartition("/")[2]) for i, file in zip(at, rows["file"], strict=True)]
    scores = ["" if pd.isna(score) else f" {score:.2f}" for score in rows["score"]]
    return [(int(i), f"{label}{score}") for i, label, score in zip(at, rows["label"], scores, strict=True)]


def _said(value: Any) -> str:
    return "missing" if value is None or value == "" else str(value)
