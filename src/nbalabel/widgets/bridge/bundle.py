"""The built browser code, in ``static/``: one JavaScript bundle per widget, and one style sheet per view.

Only the selection has no style sheet: it shows nothing.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from ...core.errors import MissingExtraError

STATIC = Path(__file__).resolve().parents[2] / "static"


@cache
def script(name: str) -> str:
    """JavaScript of a widget.

    Raises:
        MissingExtraError: the package was installed from its source without building it.
    """
    return _read(f"{name}.js")


@cache
def style(name: str) -> str:
    """Style sheet of a view.

    Raises:
        MissingExtraError: the package was installed from its source without building it, or only in part.
    """
    return _read(f"{name}.css")


def _read(file: str) -> str:
    path = STATIC / file
    if not path.exists():
        raise MissingExtraError(
            f"{path} is missing: the widgets were not built. In a checkout of nbalabel: make setup, or "
            "npm install && npm run build in js/ (Node 20)"
        )
    return path.read_text(encoding="utf-8")
