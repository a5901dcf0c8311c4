"""Every column a view can show, color by, filter or count: of the tables, of their images, and derived ones.

A name means, in this order: a column of the table itself; a derived column; for instances and predictions a
column of their image; shape or place (``shaped.py``). Columns are arrays of a few kinds that filters and
charts use directly; each is made once and kept until the tables change.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ...core.errors import UnknownNameError
from ...core.show.masks_on_image import palette
from ...core.show.palette import COLORS
from ...core.tables.answers import as_lists
from ...core.tables.names import instead_of
from ...core.tables.schema import INDEX_NAMES
from .clauses import Index
from .shaped import Shaped

KINDS = ("number", "time", "category", "boolean", "text")

_LOOK = 10_000  # texts or numbers that are looked at first
_TOO_MANY = 200  # distinct texts from which a column is text rather than a category
_FIXED = {
    "state": {
        "unlabeled": COLORS.neutral,
        "partial": COLORS.orange,
        "complete": COLORS.green,
        "empty": COLORS.sky,
    },
    "outcome": {
        "found": COLORS.green,
        "missed": COLORS.vermilion,
        "true positive": COLORS.green,
        "false positive": COLORS.vermilion,
        "not judged": COLORS.neutral,
        "accepted": COLORS.sky,
    },
    "decision": {"open": COLORS.neutral, "accepted": COLORS.green, "rejected": COLORS.vermilion},
}
OUTCOMES = ("true positive", "false positive", "not judged", "accepted")
"""The outcomes of a prediction, as in :meth:`nbalabel.Run.outcomes`."""

_JUDGED = ("iou", "matched", "matched_id")
_EDITABLE = {
    "images": {"weight", "state", "split"},
    "instances": {"label", "status"},
    "predictions": set[str](),
}
_NAMED = {"outcome", "decision", "suspicion"}  # derived columns that are categories; the others are numbers
_NOT_SHOWN = {"mask"}
_ONCE_CALLED = {"match": "outcome"}
_COMPUTED = {"x", "y", "w", "h", "area", "image_id", "width", "height", "file", "crowd", "mask", "origin"}

Values: TypeAlias = npt.NDArray[Any]


class Judged(Protocol):
    """Predictions matched to the current instances, one entry per prediction.

    Attributes:
        codes: index in :data:`OUTCOMES`, int32.
        iou: best mask IoU with an instance of the same label, NaN where it was compared with none.
        matched: whether it was matched to such an instance.
        matched_id: id of that instance; -1 for none.
        missed: ids of instances that no prediction was matched to.
    """

    codes: npt.NDArray[np.int32]
    iou: npt.NDArray[np.float32]
    matched: npt.NDArray[np.bool_]
    matched_id: npt.NDArray[np.int64]
    missed: npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Column:
    """One column, ready to filter, sort, bin and color.

    Attributes:
        name: its name.
        kind: "number" (float64, NaN missing), "time" (float64 milliseconds since 1970, NaN missing),
            "category" (int32 codes, -1 missing), "boolean" (int32 0 or 1, -1 missing) or "text" (str
            objects, "" missing).
        values: ``(n,)``, of the type given with the kind.
        categories: texts of the codes; ("False", "True") for booleans.
        colors: a "#rrggbb" for each category; empty for other kinds.
        editable: whether people may set its values.
        whole: of kind number, and all values are whole.
        home: "own", "image" or "derived".
    """

    name: str
    kind: str
    values: Values
    categories: tuple[str, ...] = ()
    colors: tuple[str, ...] = ()
    editable: bool = False
    whole: bool = False
    home: str = "own"

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Rows without a value, ``(n,)`` bool."""
        if self.kind in ("number", "time"):
            return np.asarray(np.isnan(self.values))
        return np.asarray(self.values == ("" if self.kind == "text" else -1))


class Columns:
    """The columns of three tables at one moment.

    Args:
        frames: "images", "instances" and "predictions".
        index: of these frames.
        decided: gives the decisions on some predictions by row number, or on all; called when needed. See
            :func:`.decided.decided`.
        judged: gives the outcomes of the predictions by these tables; called when needed. None without a
            run: then there are no outcomes.
        judged_on: gives those of the predictions on some images, by their ids, where all would take long;
            None: all are made at once.
        many: there are so many predictions that decisions on all of them take long, too.
        predicted: ids of the images predicted on; None where there is no run.
        shaped: gives shape and place; called when needed. None: there are no such columns.
        alike: a table, and distances of some of its rows by id, its column ``distance``; None: there is none.
        label_colors: label -> "#rrggbb", of labels whose color was defined; None for none.
        more: further columns of instances and predictions by name: a function of table and name.
    """

    def __init__(
        self,
        frames: Mapping[str, pd.DataFrame],
        index: Index,
        decided: Callable[[npt.NDArray[np.int64] | slice], npt.NDArray[np.int32]],
        *,
        judged: Callable[[], Judged] | None = None,
        judged_on: Callable[[npt.NDArray[np.int64]], Judged] | None = None,
        many: bool = False,
        predicted: npt.NDArray[np.int64] | None = None,
        shaped: Shaped | None = None,
        alike: tuple[str, pd.Series] | None = None,
        label_colors: Mapping[str, str] | None = None,
        more: Mapping[str, Callable[[str, str], Column]] | None = None,
    ) -> None:
        self.frames, self.index = frames, index
        nothing = np.zeros(0, np.int64)
        self._has_run = predicted is not None
        self._decided = decided
        self._judge, self._judge_on, self._many = judged, judged_on, many
        self._shaped = shaped
        self._alike = alike
        self._label_colors = label_colors or {}
        self._more = more or {}
        self._judged: Judged | None = None
        self._predicted = nothing if predicted is None else predicted
        self._made: dict[tuple[str, str], Column] = {}

    def names(self, of: str) -> list[str]:
        """All names: the id, the table's own, derived ones, those of the image, those of the shape."""
        own = [str(name) for name in self.frames[of].columns if name not in _NOT_SHOWN]
        out = [INDEX_NAMES[of], *own, *self._derived(of)]
        if of != "images":
            out += [name for name in self.names("images")[1:] if name not in out]
        return out + [name for name in self._shapes(of) if self._shaped and self._shaped.is_offered(of, name)]

    def has(self, of: str, name: str) -> bool:
        """Whether there is a column of that name, or was in earlier versions."""
        return self.called(of, name) in self.names(of) or name in self._shapes(of)

    def called(self, of: str, name: str) -> str:
        """Current name of a column; "match" was the name of "outcome"."""
        return name if name in self.names(of) else _ONCE_CALLED.get(name, name)

    def column(self, of: str, name: str) -> Column:
        """A column by name.

        Raises:
            UnknownNameError: there is none; the message lists those there are.
        """
        if (of, name) not in self._made:
            self._made[of, name] = self._make(of, name)
        return self._made[of, name]

    def is_late(self, of: str, name: str) -> bool:
        """Whether :meth:`column` would take long, as nothing has made the column yet."""
        name = self.called(of, name)
        if name == "decision" and of == "predictions" and name not in self.frames[of]:
            return self._many and (of, name) not in self._made
        if self._judge_on is None or self._judged is not None:
            return False
        if name == "outcome":
            return of != "images" and name not in self.frames[of]
        return of == "predictions" and name in _JUDGED and name in self.frames[of]

    def part(self, of: str, name: str, rows: npt.NDArray[Any]) -> Column:
        """A column with the values of some rows only, by row number, ``(k,)``; a late one is not made whole.

        Raises:
            UnknownNameError: there is none of that name.
        """
        rows = np.asarray(rows, np.int64)
        if not self.is_late(of, name):
            whole = self.column(of, name)
            return replace(whole, values=whole.values[rows])
        name, on = self.called(of, name), self.frames[of]["image_id"].to_numpy(np.int64)
        if name == "decision":
            return self._decision(rows)
        assert self._judge_on is not None, "other late columns are there only with it"
        images = np.unique(on[rows])
        now = self._judge_on(images)
        if of == "instances":
            return self._found_among(now, rows)
        at = np.searchsorted(np.flatnonzero(np.isin(on, images)), rows)
        column = _pair("outcome", OUTCOMES, now.codes) if name == "outcome" else self._by(now, name)
        return replace(column, values=column.values[at])

    def is_empty(self, of: str, name: str) -> bool:
        """Whether there are rows, but none has a value; of late columns, whether none can have one."""
        if name == INDEX_NAMES[of]:
            return False
        if not self.is_late(of, name):
            return not self._starts_with_values(of, name) and self._has_no_value(of, name)
        if of == "instances":
            return not np.isin(self.frames[of]["image_id"], self._predicted).any()
        return False

    def _starts_with_values(self, of: str, name: str) -> bool:
        """Whether one of the first rows has a value: mostly so, and then the column need not be made."""
        own = self.frames[of]
        if (of, name) in self._made or name not in own or (of == "predictions" and name in _JUDGED):
            return False
        return not read_column(own[name].iloc[:_LOOK], name).missing.all()

    def _has_no_value(self, of: str, name: str) -> bool:
        column = self.column(of, name)
        return len(column.values) > 0 and bool(column.missing.all())

    def kind(self, of: str, name: str) -> str:
        """The kind of a column, as :meth:`column` gives it; the column is computed only where it must be.

        Raises:
            UnknownNameError: there is none of that name.
        """
        name = self.called(of, name)
        made = self._made.get((of, name))
        return self.column(of, name).kind if made or name not in self.names(of) else self._kind(of, name)

    def _kind(self, of: str, name: str) -> str:
        if name in self._shapes(of) or name == INDEX_NAMES[of]:
            return "number"
        if name in self.frames[of]:
            return kind_of(self.frames[of][name]) or self.column(of, name).kind
        if name in self._derived(of):
            return "category" if name in _NAMED else "number"
        return self.kind("images", name)

    def _make(self, of: str, name: str) -> Column:
        if not self.has(of, name):
            raise UnknownNameError(f"{of} has no column {name!r}; {instead_of(name, self.names(of))}")
        name = self.called(of, name)
        if name == INDEX_NAMES[of]:
            return Column(name, "number", self.index.ids[of].astype(np.float64), whole=True)
        if of == "predictions" and self._judge is not None and name in _JUDGED:
            return self._by_now(name)
        if name in self.frames[of]:
            own = name not in _COMPUTED if of != "predictions" else False
            if of == "instances" and name in {"score", "source"}:
                own = False
            found = read_column(self.frames[of][name], name, editable=own or name in _EDITABLE[of])
            return self._colored(found) if name == "label" else found
        if name in self._derived(of):
            return self._derived(of)[name]()
        if self._shaped is not None and name in self._shapes(of):
            values, whole = self._shaped.values(of, name, self.frames, self.index)
            return Column(name, "number", values, whole=whole, home="derived")
        return _through(self.column("images", name), self.index.image_row[of])

    def _colored(self, column: Column) -> Column:
        """The labels in the colors that were defined for them."""
        pairs = zip(column.categories, column.colors, strict=False)
        return replace(column, colors=tuple(self._label_colors.get(name, color) for name, color in pairs))

    def _shapes(self, of: str) -> list[str]:
        return [] if self._shaped is None else self._shaped.names(of, self.frames)

    def _derived(self, of: str) -> dict[str, Callable[[], Column]]:
        own = self.frames[of]
        if of == "images":
            made = {"n_instances": lambda: self._count("instances")}
            if self._has_run:
                made["n_predictions"] = lambda: self._count("predictions")
                made["best_score"] = self._best_score
        elif of == "instances":
            made = {"outcome": self._found} if self._judge is not None else {}
        else:
            judged = {"outcome": self._outcome} if self._judge is not None else {}
            made = {**judged, "decision": self._decision}
        if self._alike is not None and self._alike[0] == of:
            made["distance"] = self._distance
        if of != "images":
            made |= {name: partial(make, of, name) for name, make in self._more.items()}
        return {name: make for name, make in made.items() if name not in own}

    def _distance(self) -> Column:
        assert self._alike is not None, "the column is there only with it"
        of, found = self._alike
        return Column("distance", "number", found.reindex(self.index.ids[of]).to_numpy(), home="derived")

    def _count(self, of: str) -> Column:
        at = self.index.image_row[of]
        known = at if at.min(initial=0) >= 0 else at[at >= 0]
        counts = np.bincount(known, minlength=self.index.size("images"))
        return Column(f"n_{of}", "number", counts.astype(np.float64), whole=True, home="derived")

    def _best_score(self) -> Column:
        best = np.full(self.index.size("images"), -np.inf)
        at = self.index.image_row["predictions"]
        score = self.frames["predictions"]["score"].to_numpy(np.float64, na_value=np.nan)
        known = (at >= 0) & ~np.isnan(score)
        np.maximum.at(best, at[known], score[known])
        best[np.isinf(best)] = np.nan
        return Column("best_score", "number", best, home="derived")

    def _found(self) -> Column:
        return self._found_among(self._now(), slice(None))

    def _found_among(self, now: Judged, rows: Any) -> Column:
        codes = np.isin(self.index.ids["instances"][rows], now.missed).astype(np.int32)
        images = self.index.ids["images"]
        at = self.index.image_row["instances"][rows]
        predicted = np.append(np.isin(images, self._predicted), False)[at]
        codes[~predicted] = -1
        return _pair("outcome", ("found", "missed"), codes)

    def _outcome(self) -> Column:
        return _pair("outcome", OUTCOMES, self._now().codes)

    def _by_now(self, name: str) -> Column:
        """A column of the run's matching, recomputed with the current instances."""
        return self._by(self._now(), name)

    def _by(self, now: Judged, name: str) -> Column:
        if name == "matched":
            kind = read_column(self.frames["predictions"]["matched"], name)
            return replace(kind, values=now.matched.astype(np.int32), home="derived")
        numbers = now.iou.astype(np.float64)
        if name == "matched_id":
            numbers = np.where(now.matched_id < 0, np.nan, now.matched_id)
        return Column(name, "number", numbers, whole=name == "matched_id", home="derived")

    def _now(self) -> Judged:
        if self._judged is None:
            assert self._judge is not None, "columns that need it are there only with it"
            self._judged = self._judge()
        return self._judged

    def _decision(self, rows: npt.NDArray[np.int64] | slice = slice(None)) -> Column:
        return _pair("decision", ("open", "accepted", "rejected"), self._decided(rows))


def read_column(series: pd.Series, name: str, *, editable: bool = False) -> Column:
    """A pandas column of any dtype as a Column.

    Example:
        >>> read_column(pd.Series([1, 2]), "depth").kind
        'number'
        >>> read_column(pd.Series(["b", "a", "b"]), "habitat").categories
        ('a', 'b')
    """
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = tuple(map(str, dtype.categories))
        codes = series.cat.codes.to_numpy(np.int32)
        return Column(name, "category", codes, categories, colors_of(name, categories), editable)
    if pd.api.types.is_bool_dtype(dtype):
        codes = series.astype("boolean").to_numpy(np.float64, na_value=-1).astype(np.int32)
        return Column(name, "boolean", codes, ("False", "True"), (COLORS.orange, COLORS.blue), editable)
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        whole = series.astype("int64").to_numpy(np.float64)
        unit = getattr(dtype, "unit", None) or np.datetime_data(np.dtype(str(dtype)))[0]
        scale = {"s": 1e3, "ms": 1.0, "us": 1e-3, "ns": 1e-6}[unit]
        return Column(name, "time", np.where(series.isna(), np.nan, whole * scale))
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        numbers = series.to_numpy(np.float64, na_value=np.nan)
        if (infinite := np.isinf(numbers)).any():
            numbers = np.where(infinite, np.nan, numbers)
        return Column(name, "number", numbers, editable=editable, whole=_are_whole(numbers))
    if isinstance(dtype, pd.ArrowDtype) and pa.types.is_list(dtype.pyarrow_dtype):
        texts = [None if one is None else ", ".join(map(str, one)) or "none" for one in as_lists(series)]
        return _read_text(pd.Series(texts, index=series.index, dtype="str"), name, editable=False)
    return _read_text(series, name, editable)


def _are_whole(numbers: npt.NDArray[np.float64]) -> bool:
    """Whether all numbers are whole; not where all are missing. Mostly the first ones tell."""
    any_known = False
    for begin in range(0, len(numbers), _LOOK):
        some = numbers[begin : begin + _LOOK]
        known = some[~np.isnan(some)]
        if (known != np.rint(known)).any():
            return False
        any_known |= len(known) > 0
    return any_known


def kind_of(series: pd.Series) -> str | None:
    """The kind that :func:`read_column` gives a column; None where only all its values tell.

    Example:
        >>> kind_of(pd.Series([1, 2])), kind_of(pd.Series(["b", "a"])), kind_of(pd.Series(["b", 1.5]))
        ('number', 'category', None)
    """
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        return "category"
    if pd.api.types.is_bool_dtype(dtype):
        return "boolean"
    if pd.api.types.is_datetime64_any_dtype(dtype) or pd.api.types.is_timedelta64_dtype(dtype):
        return "time"
    if pd.api.types.is_numeric_dtype(dtype) and not pd.api.types.is_complex_dtype(dtype):
        return "number"
    if not isinstance(dtype, pd.StringDtype):
        return None
    arrow = pa.array(series, from_pandas=True)
    n_texts = len({text or "" for text in pc.unique(arrow[:_LOOK]).to_pylist()})
    if n_texts <= _TOO_MANY and len(arrow) > _LOOK:
        n_texts = len({text or "" for text in pc.unique(arrow).to_pylist()})
    return "text" if _is_text(n_texts, len(arrow)) else "category"


def _is_text(n_texts: int, n: int) -> bool:
    """Whether texts are too many to be categories; missing ones count as one."""
    return n_texts > _TOO_MANY or (n_texts > 20 and n_texts * 2 > n)


def colors_of(name: str, categories: Sequence[str]) -> tuple[str, ...]:
    """A color per category, "#rrggbb": fixed for states, outcomes and decisions, else from the palette."""
    fixed = _FIXED.get(name, {})
    found = palette(len(categories))
    return tuple(
        fixed.get(text, "#{:02x}{:02x}{:02x}".format(*rgb))
        for text, rgb in zip(categories, found, strict=True)
    )


def _read_text(series: pd.Series, name: str, editable: bool) -> Column:
    texts = np.where(series.isna(), "", series.astype(object).map(str).to_numpy(object))
    codes, categories = pd.factorize(texts, sort=True)
    if _is_text(len(categories), len(texts)):
        return Column(name, "text", texts, editable=editable)
    named = [text for text in categories if text]
    shift = 1 if len(named) < len(categories) else 0  # the empty text sorts first
    found = np.asarray(codes - shift, np.int32)
    return Column(name, "category", found, tuple(named), colors_of(name, named), editable)


def _through(column: Column, at: npt.NDArray[np.int32]) -> Column:
    """A column of images as a column of the rows on them."""
    nothing: Any = {"number": np.nan, "time": np.nan, "text": ""}.get(column.kind, -1)
    values = np.append(column.values, np.array([nothing], column.values.dtype))[at]
    return Column(
        column.name, column.kind, values, column.categories, column.colors, whole=column.whole, home="image"
    )


def _pair(name: str, categories: tuple[str, ...], codes: npt.NDArray[np.int32]) -> Column:
    return Column(name, "category", codes, categories, colors_of(name, categories), home="derived")
