"""The correction that is suggested for the row shown: what its button says, and the outlines it makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ...core.change.change import Change, TableChange
from ...core.change.table_change import ids_of
from ...core.errors import DataError
from ...core.geometry.masks import rle
from ...core.id_sets import union
from ...core.tables.arrays import values
from .crop import scaled

if TYPE_CHECKING:
    from ..workspace.workspace import Workspace


@dataclass(frozen=True, eq=False)
class Suggestion:
    """A Change that would correct a row.

    Attributes:
        change: the Change; an empty one where nothing is suggested.
        kind: what is suspected of the row: "swapped", "odd" and so on; "" for nothing.
    """

    change: Change
    kind: str

    @property
    def word(self) -> str:
        """What the button says; "" where nothing is suggested."""
        rows = self._rows
        n_new, n_gone, drawn = len(rows.created), len(rows.deleted), rows.updated.get("mask")
        if drawn is not None:
            return f"Join {n_gone + len(drawn.ids)} masks" if n_gone else "Take this outline"
        if n_new:
            return f"Part into {n_new}" if n_gone else "Add"
        if n_gone:
            return "Remove"
        labels = self._new("label")
        return f"Rename to {labels[0]}" if labels else ""

    @property
    def why(self) -> str:
        """Why nothing is suggested."""
        if self.word:
            return ""
        if not self.kind:
            return "No correction is suggested: it was settled meanwhile."
        return f"No correction is suggested for an instance that is {self.kind}: look at it, and decide."

    @property
    def instance_ids(self) -> list[int]:
        """Instances that it changes or removes."""
        rows = self._rows
        return [int(i) for i in union(ids_of(rows.deleted), rows.updated_ids)]

    def outlines(self, shown: Any) -> list[bytes]:
        """Masks that it makes, other than the one shown."""
        rows = self._rows
        made = list(values(rows.created["mask"])) if len(rows.created) else []
        return [bytes(mask) for mask in (*self._new("mask"), *made) if bytes(mask) != bytes(shown)]

    def agreed(self, word: Any) -> Change:
        """The Change, if it still is what the button said.

        Raises:
            DataError: nothing is suggested, or something else by now.
        """
        if not self.word:
            raise DataError(f"{self.why} Nothing was done.")
        if word != self.word:
            raise DataError(
                f"the suggestion is {self.word!r} by now, not {word!r}: nothing was done, look again"
            )
        return self.change

    def _new(self, name: str) -> list[Any]:
        """The new values in a column."""
        cells = self._rows.updated.get(name)
        return [] if cells is None or cells.new is None else list(cells.new)

    @property
    def _rows(self) -> TableChange:
        return self.change.tables.get("instances", TableChange())


class Drawn(NamedTuple):
    """A suggestion as the browser gets it.

    Attributes:
        head: ``word``, ``why``, ``ids`` of the instances it touches, and ``outlines``: of each mask it makes
            the box (left, top, right, bottom, pixels of the image) and the size sent (width, height).
        masks: their COCO run-length bytes, each of its own box.
        boxes: x, y, w, h of each, pixels.
    """

    head: dict[str, Any]
    masks: list[bytes]
    boxes: list[list[float]]


def drawn(ws: Workspace, suggestion: Suggestion, of: str, row: int, longest: int) -> Drawn:
    """A suggestion for a row, its masks scaled down to at most ``longest`` pixels.

    Args:
        ws: the workspace.
        suggestion: what is suggested.
        of: "instances" or "predictions".
        row: row number.
        longest: longer side, pixels.
    """
    image = ws.frame("images").iloc[int(ws.image_row(of)[row])]
    size = int(image["height"]), int(image["width"])
    full = suggestion.outlines(ws.frame(of)["mask"].iloc[row])
    boxes = [[float(value) for value in box] for box in rle.boxes(full, size[0])] if full else []
    places, masks = [], []
    for mask, (x, y, w, h) in zip(full, boxes, strict=True):
        inside, left, top = rle.decode_crop(mask, *size, (x, y, max(w, 1), max(h, 1)))
        small = scaled(inside, longest)
        box = left, top, left + inside.shape[1], top + inside.shape[0]
        places.append({"box": box, "mask": [small.shape[1], small.shape[0]]})
        masks.append(rle.encode(small))
    ids = suggestion.instance_ids if of == "instances" else []
    head = {"word": suggestion.word, "why": suggestion.why, "ids": ids, "outlines": places}
    return Drawn(head, masks, boxes)


def around(boxes: Sequence[Sequence[float]]) -> list[float]:
    """The box around boxes: x, y, w, h, pixels.

    Example:
        >>> around([[1, 2, 3, 4], [0, 4, 2, 5]])
        [0, 2, 4, 7]
    """
    left, top = (min(box[i] for box in boxes) for i in (0, 1))
    right, bottom = (max(box[i] + box[i + 2] for box in boxes) for i in (0, 1))
    return [left, top, right - left, bottom - top]
