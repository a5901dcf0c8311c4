"""Crops of masks, or images with their masks, as tiles: view, pick and edit in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import traitlets

from ...core.errors import DataError, HistoryError
from ..rows.listing import Listing
from ..workspace.clauses import check_table
from ..workspace.ranks import CHANCE, Ranks
from ..workspace.workspace import workspace_of
from ..workspace.workspace_port import Reply, serves
from .pictures import overlay_bytes

if TYPE_CHECKING:
    from PIL.Image import Image

    from ..workspace.workspace import Viewable


class Gallery(Listing):
    """A grid with one tile per row: crops around masks, or images with their masks drawn in.

    It shows the rows that the selection allows; the picked tiles are its clause. Picked rows can be edited
    together: mark images empty or complete, accept or reject predictions, relabel or remove instances. Each
    of these is one Change. Press ``?`` in it for its keys.

    Args:
        ws: a workspace, or a Dataset or a Run to make one of.
        of: "images", "instances" or "predictions". Or what :func:`nbalabel.suspects` returned: the instances,
            the likeliest errors first, ranked anew after each edit (see :attr:`nbalabel.Workspace.suspects`).
        size: of a tile, CSS pixels, 48..320.
        order: column to sort tiles by; default: the order of the table.
        ascending: whether small values come first; missing ones are last either way.
        height: CSS pixels, 220..4000.
        overlays: whether images show masks: instances filled; if there are none, predictions outlined.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/r.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
        >>> gallery = nl.Gallery(nl.Workspace(ds), of="instances", order="area", ascending=False)
        >>> gallery.size
        128
    """

    bundle = "gallery"

    size = traitlets.Int(128, min=48, max=320, help="of a tile, CSS pixels").tag(sync=True, echo_update=False)
    order_by = traitlets.Unicode("", help="column to sort tiles by, empty for the table's order").tag(
        sync=True, echo_update=False
    )
    ascending = traitlets.Bool(True, help="small values first").tag(sync=True, echo_update=False)
    overlays = traitlets.Bool(True, help="draw masks into images").tag(sync=True, echo_update=False)
    height = traitlets.Int(520, min=220, max=4000, help="CSS pixels").tag(sync=True)

    _largest = 640

    def __init__(
        self,
        ws: Viewable,
        of: str | Ranks = "images",
        size: int = 128,
        order: str | None = None,
        ascending: bool = True,
        height: int = 520,
        **traits: Any,
    ) -> None:
        ws = workspace_of(ws)
        if isinstance(of, Ranks):
            ws.suspects = of
            of, order, ascending = "instances", order or CHANCE, ascending and order is not None
        check_table(of)
        if order is not None:
            ws.column(of, order)  # raises where there is none
        unknown = set(traits) - {"overlays"}
        if unknown:
            raise DataError(f"Gallery has no option {sorted(unknown)[0]!r}; see help(nl.Gallery)")
        super().__init__(
            ws, of=of, size=size, order_by=order or "", ascending=ascending, height=height, **traits
        )

    @serves
    def undo(self, *, change: str = "") -> Reply:
        """Take back a change made here; without an id, the dataset's last change, wherever it was made."""
        return super().undo(change=change) if change else self._travel("undo")

    @serves
    def redo(self) -> Reply:
        """Redo what was undone last."""
        return self._travel("redo")

    def nearest_first(self, of: str) -> None:
        """Sort by ``distance``."""
        if of == self.of:
            self.order_by, self.ascending = "distance", True

    def picture(self) -> Image | None:
        """The first tiles as a contact sheet, at most 60 KB as PNG; None where there are none."""
        from .sheet import contact_sheet

        return contact_sheet(self)

    def first(self) -> npt.NDArray[np.int32]:
        """Row numbers of the first tiles, in order, at most 60."""
        ws, of = self.workspace, self.of
        sort = [[self.order_by, self.ascending]] if ws.has_column(of, self.order_by) else []
        return self._first(ws.allowed(of, (self.source,)), sort)

    def tile(self, row: int, size: int) -> bytes:
        """The picture of a tile, ``size`` pixels along its longer side, as a JPEG file."""
        return self._picture(row, size)

    def _picture(self, row: int, size: int) -> bytes:
        if self.of == "images" and self.overlays:
            return overlay_bytes(self.workspace, row, size)
        return super()._picture(row, size)

    def _travel(self, step: str) -> Reply:
        ds = self.workspace.ds
        change = ds.next_undo if step == "undo" else ds.next_redo
        note = "" if change is None else f": {change.note}" if change.note else ""
        try:
            getattr(ds, step)()
            note = ("undone" if step == "undo" else "done again") + note
        except HistoryError:
            note = f"there is nothing to {step}"
        self.workspace.refresh()
        return {"note": note, "rev": self.workspace.rev}
