"""Conditions on rows, in the part of pandas' query language that can do no harm.

    label == 'cod' and length > 40            sex in ['f', 'm'] and not dead
    'net' in damage                           weather.notna() and `sea state` >= 3

A dataset may come from a stranger, and ``DataFrame.query`` runs any code. So a condition is parsed and each
of its parts is one of these: names of columns, texts, numbers, True, False, lists of them, comparisons,
``in``, ``and``, ``or``, ``not`` (also ``&``, ``|``, ``~``), ``name.isna()`` and ``name.notna()``.
A comparison with a missing value is neither true nor false; where the whole is neither, it is not met.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import DataError

Lookup = Callable[[str], pd.Series]
"""Returns the column of a name; raises UnknownNameError if there is none."""

_LONGEST = 2_000
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|`([^`\n]*)`")
_STAND_IN = "_nbl_column_"
_TESTS = ("isna", "notna")
_HINT = "write it such as \"label == 'cod' and length > 40\""
_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Eq: "eq",
    ast.NotEq: "ne",
    ast.Lt: "lt",
    ast.LtE: "le",
    ast.Gt: "gt",
    ast.GtE: "ge",
}
_SWAPPED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le"}
_BROKEN = (SyntaxError, ValueError, RecursionError, MemoryError)


@dataclass(frozen=True)
class Condition:
    """A condition on the rows of a table.

    Attributes:
        text: the condition; "" is met by every row.

    Example:
        >>> rows = pd.DataFrame({"label": ["cod", "ling"], "length": [50.0, 60.0]})
        >>> Condition("label == 'cod' and length > 40").met(rows.__getitem__, len(rows)).tolist()
        [True, False]
        >>> sorted(Condition("label == 'cod' and length > 40").names)
        ['label', 'length']
    """

    text: str
    names: frozenset[str] = field(init=False, repr=False, compare=False)
    _tree: ast.expr | None = field(init=False, repr=False, compare=False)
    _columns: tuple[str, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        tree, columns = _parsed(self.text)
        object.__setattr__(self, "_tree", tree)
        object.__setattr__(self, "_columns", columns)
        found = [node.id for node in ast.walk(tree) if isinstance(node, ast.Name)] if tree else []
        object.__setattr__(self, "names", frozenset(map(self._name, found)))

    def met(self, column: Lookup, n: int) -> npt.NDArray[np.bool_]:
        """Which rows meet the condition, ``(n,)``.

        Args:
            column: returns the column of a name, ``(n,)`` values.
            n: number of rows.

        Raises:
            UnknownNameError: there is no column of a name.
            DataError: a column cannot be compared with the value.
        """
        if self._tree is None:
            return np.ones(n, bool)
        try:
            found = self._truth(self._tree, column, n)
        except TypeError as error:
            raise DataError(f"the condition {self.text!r} compares values of other kinds: {error}") from error
        return np.asarray(found.fillna(False), dtype=bool)

    def renamed(self, column: str, to: str) -> Condition:
        """The condition where a column has another name."""
        if column not in self.names:
            return self

        def rename(node: ast.AST) -> None:
            if isinstance(node, ast.Name) and self._name(node.id) == column:
                node.id = f"`{to}`"

        return self._rewritten(rename)

    def with_value(self, column: str, old: str, new: str) -> Condition:
        """The condition where a text that is compared with a column is another text.

        Example:
            >>> Condition("label in ['cod', 'ling']").with_value("label", "cod", "Atlantic cod").text
            "label in ['Atlantic cod', 'ling']"
        """
        if column not in self.names:
            return self

        def rename(node: ast.AST) -> None:
            if not isinstance(node, ast.Compare):
                return
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Name) and self._name(side.id) == column for side in sides):
                for part in (part for side in sides for part in ast.walk(side)):
                    if isinstance(part, ast.Constant) and part.value == old:
                        part.value = new

        return self._rewritten(rename)

    def _rewritten(self, change: Callable[[ast.AST], None]) -> Condition:
        tree = _parsed(self.text)[0]
        assert tree is not None
        before = ast.dump(tree)
        for node in ast.walk(tree):
            change(node)
        if ast.dump(tree) == before:
            return self
        for node in ast.walk(tree):
            if isinstance(node, ast.Name) and node.id.startswith(_STAND_IN):
                node.id = f"`{self._name(node.id)}`"
        return Condition(re.sub(r"`([A-Za-z_]\w*)`", r"\1", ast.unparse(tree)))

    def _name(self, name: str) -> str:
        return self._columns[int(name[len(_STAND_IN) :])] if name.startswith(_STAND_IN) else name

    def _truth(self, node: ast.expr, column: Lookup, n: int) -> Any:
        """The truth of a part for each row, as a nullable boolean array."""
        if isinstance(node, ast.BoolOp | ast.BinOp):
            parts = node.values if isinstance(node, ast.BoolOp) else [node.left, node.right]
            out = self._truth(parts[0], column, n)
            for part in parts[1:]:
                more = self._truth(part, column, n)
                out = out & more if isinstance(node.op, ast.And | ast.BitAnd) else out | more
            return out
        if isinstance(node, ast.UnaryOp):
            return ~self._truth(node.operand, column, n)
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            out = _all_true(n)
            for left, op, right in zip(sides, node.ops, sides[1:], strict=False):
                out &= _compared(self._side(left, column), op, self._side(right, column))
            return out
        if isinstance(node, ast.Call):
            assert isinstance(node.func, ast.Attribute)
            is_missing = self._side(node.func.value, column).isna().to_numpy()
            return pd.array(is_missing if node.func.attr == "isna" else ~is_missing, dtype="boolean")
        side = self._side(node, column)
        if isinstance(side, bool):
            return _all_true(n) if side else ~_all_true(n)
        if not isinstance(side, pd.Series) or not pd.api.types.is_bool_dtype(side.dtype):
            raise DataError(f"{ast.unparse(node)} in the condition {self.text!r} is neither true nor false")
        return side.astype("boolean").array

    def _side(self, node: ast.expr, column: Lookup) -> Any:
        return column(self._name(node.id)) if isinstance(node, ast.Name) else ast.literal_eval(node)


def _parsed(text: str) -> tuple[ast.expr | None, tuple[str, ...]]:
    """The tree of a condition, and the names in backticks, in order."""
    if not isinstance(text, str) or len(text) > _LONGEST:
        raise DataError(f"a condition must be text of at most {_LONGEST:,} characters")
    if not text.strip():
        return None, ()
    names: list[str] = []

    def stand_in(found: re.Match[str]) -> str:
        if found[1] is None:
            return found[0]
        names.append(found[1])
        return f"{_STAND_IN}{len(names) - 1}"

    try:
        tree = ast.parse(_QUOTED.sub(stand_in, text.strip()), mode="eval").body
        _check(tree, text, len(names))
    except _BROKEN as error:
        if isinstance(error, DataError):
            raise
        raise DataError(f"{text!r} is no condition ({error}): {_HINT}") from error
    return tree, tuple(names)


def _check(node: ast.expr, text: str, n_names: int) -> None:
    """Refuse every part that the module's text does not list."""
    parts: list[ast.expr] = []
    fits = False
    if isinstance(node, ast.BoolOp):
        fits, parts = True, node.values
    elif isinstance(node, ast.BinOp):
        fits, parts = isinstance(node.op, ast.BitAnd | ast.BitOr), [node.left, node.right]
    elif isinstance(node, ast.UnaryOp):
        fits = isinstance(node.op, ast.Not | ast.Invert) or _is_literal(node)
        parts = [] if _is_literal(node) else [node.operand]
    elif isinstance(node, ast.Compare):
        known = (*_COMPARISONS, ast.In, ast.NotIn)
        sides = [node.left, *node.comparators]
        fits = all(isinstance(op, known) for op in node.ops) and all(
            isinstance(side, ast.Name) or _is_literal(side) for side in sides
        )
        parts = [side for side in sides if isinstance(side, ast.Name)]
    elif isinstance(node, ast.Call):
        test = node.func
        fits = (
            isinstance(test, ast.Attribute)
            and test.attr in _TESTS
            and isinstance(test.value, ast.Name)
            and not node.args
            and not node.keywords
        )
        parts = [test.value] if isinstance(test, ast.Attribute) else []
    elif isinstance(node, ast.Name):
        fits = not node.id.startswith(_STAND_IN) or node.id[len(_STAND_IN) :] in map(str, range(n_names))
    else:
        fits = isinstance(node, ast.Constant) and type(node.value) is bool
    if not fits:
        raise DataError(f"{ast.unparse(node)!r} in {text!r} is not allowed in a condition: {_HINT}")
    for part in parts:
        _check(part, text, n_names)


def _is_literal(node: ast.expr) -> bool:
    if isinstance(node, ast.List | ast.Tuple):
        return all(_is_literal(item) for item in node.elts)
    if isinstance(node, ast.UnaryOp):
        return isinstance(node.op, ast.USub) and _is_literal(node.operand)
    return isinstance(node, ast.Constant) and type(node.value) in (str, int, float, bool)


def _all_true(n: int) -> Any:
    return pd.array(np.ones(n, bool), dtype="boolean")


def _compared(left: Any, op: ast.cmpop, right: Any) -> Any:
    """One comparison for each row; missing where a side is missing."""
    columns = [side for side in (left, right) if isinstance(side, pd.Series)]
    if not columns:
        raise DataError("a condition compares a column with something: name == value")
    if isinstance(op, ast.In | ast.NotIn):
        found = _among(left, right)
        found = ~found if isinstance(op, ast.NotIn) else found
    else:
        name = _COMPARISONS[type(op)]
        if not isinstance(left, pd.Series):
            left, right, name = right, left, _SWAPPED.get(name, name)
        is_simple = name in ("eq", "ne") and not isinstance(right, pd.Series)  # as fast as codes compare
        found = getattr(left if is_simple else _plain(left), name)(_plain(right))
        found = pd.array(found, dtype="boolean").fillna(False)
    out = pd.array(np.asarray(found, dtype=bool), dtype="boolean")
    for side in columns:
        out[side.isna().to_numpy()] = pd.NA
    return out


def _among(left: Any, right: Any) -> npt.NDArray[np.bool_]:
    """Whether the left side is in the right one: a column in a list of values, or a text in lists."""
    if isinstance(left, pd.Series) and isinstance(right, list | tuple):
        return np.asarray(left.isin(list(right)), dtype=bool)
    if isinstance(right, pd.Series) and isinstance(left, str):
        return np.fromiter(
            (isinstance(x, list | tuple | np.ndarray) and left in list(x) for x in right), bool, len(right)
        )
    raise DataError("in needs a column and a list, name in ['a', 'b'], or a text and a column of lists")


def _plain(side: Any) -> Any:
    """A category column as its values, so that it compares with texts outside its list."""
    if isinstance(side, pd.Series) and isinstance(side.dtype, pd.CategoricalDtype):
        return side.astype(side.cat.categories.dtype)
    return side
