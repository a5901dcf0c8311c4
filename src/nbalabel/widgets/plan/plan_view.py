"""A button for each kind of work of a plan; it opens the right view on the right rows, below."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import ipywidgets
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.planned import Planned
from ..workspace.workspace import workspace_of

if TYPE_CHECKING:
    from ..workspace.workspace import Viewable


class PlanView(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """Buttons for what a plan proposes: each opens its view, on the rows that fit into the minutes.

    Verifying clusters opens :class:`Verify`, reviewing :class:`Review`, correcting and drawing
    :class:`Editor`, and checking empty images :class:`Gallery`. The rows are selected in the workspace, so
    that its other views show them, too. Only one view is open at a time; answers and edits are in the dataset
    as soon as they are given.

    Args:
        ws: a workspace with the run that was planned for, or that Run, which brings its dataset.
        plan: what to do, as :func:`nbalabel.plan` makes it.
        height: of the views, CSS pixels.

    Attributes:
        plan: the plan.
        workspace: the workspace of the views.
        view: the view that is open; None before the first click.

    Raises:
        DataError: this is no plan.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=40, n_labeled=12, n_test=8, size=96)
        >>> run = nl.demo.simulated_run(ds)
        >>> todo = PlanView(nl.Workspace(ds, run), nl.plan(ds, run, minutes=5))
        >>> type(todo.begin("review one by one")).__name__
        'Review'
    """

    view: Any = None
    _parts: Sequence[Any] = ()  # until __init__ has finished

    def __init__(self, ws: Viewable, plan: Planned, height: int = 560) -> None:
        if not hasattr(plan, "propagation"):
            raise DataError(f"expected a plan, got {type(plan).__name__}: plan = nl.plan(ds, run)")
        self.plan, self.workspace = plan, workspace_of(ws)
        self._height = height
        self._buttons = {str(name): self._button(str(name), row) for name, row in plan.table.iterrows()}
        self._said = ipywidgets.Label(plan.sentence())
        self._row = ipywidgets.HBox(
            list(self._buttons.values()), layout=ipywidgets.Layout(flex_flow="row wrap", grid_gap="4px")
        )
        self._parts = [*self._buttons.values(), self._said, self._row]
        super().__init__([self._said, self._row], layout=ipywidgets.Layout(width="100%", min_width="0"))

    def begin(self, kind: str) -> Any:
        """Open the view of a kind of work, as its button does; returns the view.

        Args:
            kind: a kind of work of the plan.

        Raises:
            UnknownNameError: the plan has no such work, or there is nothing to do of it.
        """
        if kind not in self._buttons:
            raise UnknownNameError(f"there is no work {kind!r}; there is {first(self._buttons)}")
        rows = self.plan.rows(kind)
        if not len(rows):
            raise UnknownNameError(f"there is nothing to {kind}: make a new plan after the next prediction")
        made = _VIEWS[self.plan.view_of(kind)](self, rows)
        if self.view is not None:
            self.view.close()
        self.view = made
        one = str(rows.index.name).removesuffix("_id")
        self._said.value = f"{kind}: {len(rows):,} {one}s, best first"
        self.children = (self._said, self._row, made)
        return made

    def close(self) -> None:
        """Close the buttons and the view that is open; the workspace stays."""
        for part in [*([] if self.view is None else [self.view]), *self._parts]:
            part.close()
        super().close()

    def _display_(self) -> Any:
        """The output in marimo, which does not run ipywidgets' boxes."""
        from ..bridge.in_marimo import laid_out

        return laid_out(self)

    def _button(self, name: str, row: pd.Series) -> ipywidgets.Button:
        text = f"{name}: +{row['gain']:,.0f} {row['unit']} ({row['low']:,.0f} to {row['high']:,.0f})"
        button = ipywidgets.Button(
            description=text,
            tooltip=f"{row['available']:,} there, {row['minutes']:.0f} min in the best mixture",
            disabled=not row["available"],
            button_style="primary" if row["minutes"] >= 1 else "",
            layout=ipywidgets.Layout(width="auto"),
        )
        button.on_click(partial(_clicked, self, name))
        return button


def _clicked(view: PlanView, name: str, _: Any) -> None:
    view.begin(name)


def _verify(view: PlanView, _: pd.DataFrame) -> Any:
    from ..verify.verify import Verify

    return Verify(view.plan.propagation(), view.workspace, height=view._height)


def _review(view: PlanView, rows: pd.DataFrame) -> Any:
    from ..review.review import Review

    return Review(view.workspace, rows, height=view._height)


def _edit(view: PlanView, rows: pd.DataFrame) -> Any:
    from ..viewer.editor import Editor

    view.workspace.select(rows, title="plan")
    image_id = rows.index[0] if rows.index.name == "image_id" else rows["image_id"].iloc[0]
    return Editor(view.workspace, int(image_id), view._height)


def _look(view: PlanView, rows: pd.DataFrame) -> Any:
    from ..gallery.gallery import Gallery

    view.workspace.select(rows, title="plan")
    return Gallery(view.workspace, "images", height=view._height)


_VIEWS: dict[str, Callable[[PlanView, pd.DataFrame], Any]] = {
    "verify": _verify,
    "review": _review,
    "edit": _edit,
    "look": _look,
}
