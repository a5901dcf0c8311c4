"""The selection as code for a notebook cell.

People run this cell, but names in it come from the data, which may be malicious. So a title becomes a comment
of one line, and an expression that does more than pick rows is replaced by the ids of its rows.
"""

from __future__ import annotations

import ast
import io
import tokenize
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ...core.tables.names import shown
from .clauses import Clause, Index
from .harmless import is_plain

_IMPORTS = {"nl": "import nbalabel as nl", "np": "import numpy as np"}
FRAMES = {"images": "ds.images", "instances": "ds.instances", "predictions": "run.predictions"}


def as_code(clauses: Sequence[Clause], index: Index, assumed: Mapping[str, str]) -> str:
    """Code that selects the same rows, of the table of the last clause; it imports what it needs.

    Args:
        clauses: as in the selection, oldest first.
        index: of the tables.
        assumed: for each name that the cell takes as given, "ds" and "run", a text on what it is.
    """
    body = _body(clauses, index)
    used = {node.id for node in ast.walk(ast.parse(body)) if isinstance(node, ast.Name)}
    needs = [f"# {name}: {shown(what)}" for name, what in assumed.items() if name in used]
    return "\n".join([*needs, *(line for name, line in _IMPORTS.items() if name in used), body])


def _body(clauses: Sequence[Clause], index: Index) -> str:
    if not clauses:
        return "# nothing is selected: all rows are in focus\nselected = ds.images"
    of = clauses[-1].of
    lines = [f"rows = {FRAMES[of]}"]
    for clause in clauses:
        lines.append(f"# {shown(clause.title or clause.source)}")
        lines += _own(clause, index) if clause.of == of else _through_images(clause, of, index)
    return "\n".join([*lines, "selected = rows"])


def ids_code(ids: npt.NDArray[np.int64]) -> str:
    """Ids as an expression, consecutive ids as ``np.r_[3:90]``.

    Example:
        >>> ids_code(np.array([1, 2, 3, 4, 9]))
        'np.r_[1:5, 9]'
    """
    if not len(ids):
        return "[]"
    ids = np.sort(ids)
    starts = np.flatnonzero(np.diff(ids, prepend=ids[0] - 2) != 1)
    ends = np.append(starts[1:], len(ids))
    parts = [
        str(ids[a]) if b - a == 1 else f"{ids[a]}:{ids[b - 1] + 1}" for a, b in zip(starts, ends, strict=True)
    ]
    if len(parts) == 1 and len(ids) == 1:
        return f"[{parts[0]}]"
    return f"np.r_[{', '.join(parts)}]"


def _renamed(code: str, old: str, new: str) -> str:
    """An expression with a variable renamed; texts and attributes of the old name stay."""
    tokens = list(tokenize.generate_tokens(io.StringIO(code).readline))
    for at in reversed(range(len(tokens))):
        attribute = at > 0 and tokens[at - 1].string == "."
        if tokens[at].type == tokenize.NAME and tokens[at].string == old and not attribute:
            code = code[: tokens[at].start[1]] + new + code[tokens[at].end[1] :]
    return code


def _own(clause: Clause, index: Index) -> list[str]:
    if is_plain(clause.code):
        return [f"rows = rows[{clause.code}]"]
    return [f"rows = rows[rows.index.isin({ids_code(index.ids[clause.of][clause.rows])})]"]


def _through_images(clause: Clause, of: str, index: Index) -> list[str]:
    lines = [f"other = {FRAMES[clause.of]}"]
    test = _renamed(clause.code, "rows", "other") if is_plain(clause.code) else ""
    test = test or f"other.index.isin({ids_code(index.ids[clause.of][clause.rows])})"
    images = f"other[{test}].index" if clause.of == "images" else f"other[{test}].image_id"
    key = "rows.index" if of == "images" else "rows.image_id"
    return [*lines, f"rows = rows[{key}.isin({images})]"]
