"""The axes "u" and "v" of a scatter when no column has these names: the embedding of the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import numpy.typing as npt

from ...core.errors import DataError, UnknownNameError

if TYPE_CHECKING:
    from ..workspace.workspace import Workspace

LAYOUT_AXES = ("u", "v")


class LayoutLike(Protocol):
    """The part of the layout of ``run.layout(of)`` that a scatter needs."""

    @property
    def method(self) -> str:
        """How the current points were computed."""

    @property
    def ready(self) -> bool:
        """Whether the points are final."""

    def at(self, ids: npt.ArrayLike) -> npt.NDArray[Any]:
        """Points of rows, ``(n, 2)``; NaN for those that have none."""

    def wait(self) -> Any:
        """Block until the points are final."""


def layout_of(ws: Workspace, of: str) -> LayoutLike:
    """The layout of a table's rows by the run of a workspace.

    Raises:
        UnknownNameError: there is none; the message names the columns there are.
    """
    why = "the workspace has no run: nl.Workspace(ds, run)"
    if ws.run is not None and of == "instances":
        why = "runs embed images and predictions, not instances"
    elif ws.run is not None:
        try:
            found: LayoutLike = ws.run.layout(of, background=True)
            return found
        except DataError as error:
            why = str(error)
    names = ws.column_names(of)
    shown = [name for name in names if ws.column_kind(of, name) in ("number", "time")]
    raise UnknownNameError(
        f"{of} has no columns 'u' and 'v', and there is no embedding to lay out: {why}. Give x= and y=, "
        f"such as {', '.join(shown)}"
    )
