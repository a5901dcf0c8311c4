"""The expressions that are allowed in a cell that people run: those that only pick rows.

Clauses carry pandas code that is built, partly in the browser, from names of columns, categories and texts
that somebody else may have chosen. This allow-list bounds what such an expression can do: read tables,
compare, and call a few methods of pandas. Anything else is replaced by ids.
"""

from __future__ import annotations

import ast

_NAMES = {"rows", "ds", "run", "nl", "float", "str"}
_ATTRIBUTES = {
    # tables and their attributes
    *("images", "instances", "predictions", "missed", "outcomes", "predicted_ids", "index", "image_id"),
    # methods that return rows, texts or numbers
    *("assign", "astype", "between", "contains", "eq", "fillna", "groupby", "inside", "isin", "isna", "map"),
    *("max", "ne", "notna", "reindex", "replace", "shapes", "str", "to_series", "value_counts", "where"),
}
_NODES = (
    *(ast.Expression, ast.Load, ast.Constant, ast.List, ast.Dict, ast.Subscript, ast.Call),
    *(ast.Compare, ast.Gt, ast.GtE, ast.Lt, ast.LtE, ast.Eq, ast.NotEq),
    *(ast.BinOp, ast.BitAnd, ast.BitOr, ast.UnaryOp, ast.Invert, ast.USub, ast.UAdd),
)


def is_plain(code: str) -> bool:
    """Whether an expression only picks rows, in one line of printable characters.

    Example:
        >>> is_plain('rows["score"].between(0.2, 0.5)'), is_plain("ds.commit()")
        (True, False)
    """
    # Also in brackets, as in the cell: a comment in the code would hide the closing bracket.
    return code.isprintable() and all(map(_is_plain, (code, f"rows[{code}]")))


def _is_plain(code: str) -> bool:
    try:
        tree = ast.parse(code, mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError):  # the last two: nested too deep
        return False
    return all(map(_allowed, ast.walk(tree)))


def _allowed(node: ast.AST) -> bool:
    if isinstance(node, ast.Name):
        return node.id in _NAMES
    if isinstance(node, ast.Attribute):
        return node.attr in _ATTRIBUTES
    if isinstance(node, ast.keyword):
        return node.arg is not None
    return isinstance(node, _NODES)
