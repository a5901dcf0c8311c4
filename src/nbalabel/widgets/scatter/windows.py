"""What a scatter of a large table sends: density and a sample of its points in a window of the plane."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError
from ..bridge.numbers import gaps
from ..workspace.clauses import Rows
from ..workspace.selection import pack
from .cloud import Cloud, Colored, colored
from .columns import as_color
from .sampling import drawn, hashed, rates
from .shapes import in_box, in_lasso
from .tile import MARKED, MOST_CELLS, PLAIN, Cells, Window, cells, packed_tile, tile

if TYPE_CHECKING:
    from ..workspace.workspace import Workspace

DRAWN_AT_MOST = 300_000
"""Points of a sample."""

_FINEST = 65_535  # steps of a coordinate along a window
_LEAST = 1e-7  # of a window along a side, in 0..1: closer up, float32 has no more digits

_AXIS = {"categories": (), "code": ""}  # of an embedding

Axis = tuple[dict[str, Any], npt.NDArray[Any]]


class Windows:
    """The points of a scatter of more than ``SENT_AT_MOST`` rows, made when they are first asked for.

    Args:
        ws: the workspace.
        of: name of the table.
        source: key of the scatter's clause in the selection.
    """

    def __init__(self, ws: Workspace, of: str, source: str) -> None:
        self._ws, self._of, self._source = ws, of, source
        self._made: dict[str, tuple[Any, Any]] = {}

    def forget(self) -> None:
        """The tables or the layout have changed: drop everything made of the old ones."""
        self._made.clear()

    def refocus(self) -> None:
        """The selection has changed."""
        for name in ("focus", "tally"):
            self._made.pop(name, None)

    def heads(self, x: str, y: str, color: str | None, axis: Callable[[str], Axis]) -> dict[str, Any]:
        """What does not depend on window or selection: axes and their spans, the color and its totals."""
        heads, cloud = self._cloud(x, y, axis)
        out: dict[str, Any] = {"axes": list(heads), "spans": list(map(asdict, cloud.spans)), "n": cloud.n}
        if color is None:
            return {**out, "color": None}
        head, made = self._color(color)
        return {**out, "color": {**head, "name": color, "ends": made.ends, "totals": made.totals}}

    def window(
        self, x: str, y: str, color: str | None, axis: Callable[[str], Axis], window: Window
    ) -> tuple[dict[str, Any], list[bytes]]:
        """Counts of the cells and a sample of the points of a window, at most 4 MB.

        Returns:
            Facts, and eight buffers: levels of the points that other views leave out, of those allowed, and
            of those marked among them, a byte a cell; mean shades of the allowed ones; the rows drawn, as
            :func:`.gaps`; their coordinates in the window, two bytes each along x, then along y; their
            colors. Buffers without anything are empty.
        """
        _, cloud = self._cloud(x, y, axis)
        shown = None if color is None else self._color(color)[1]
        found = self._kept("cells", (cloud, window), lambda: cells(cloud, window))
        tiers, counts = self._focus(cloud)
        within = None if tiers is None else found.of(tiers)
        layers, most = packed_tile(tile(found, within, shown))
        rows, complete = self._sample(found, within, shown)
        facts = {
            "window": [window.left, window.bottom, window.right, window.top],
            "columns": window.columns,
            "rows": window.rows,
            "most": most,
            "drawn": len(rows),
            "complete": complete,
            "counts": counts,
            "tally": None if shown is None else self._tally(shown),
        }
        u = _fine(cloud.u[rows], window.left, window.right)
        v = _fine(cloud.v[rows], window.bottom, window.top)
        places = b"" if shown is None else np.ascontiguousarray(shown.places[rows]).tobytes()
        return facts, [*layers, gaps(rows), u, v, places]

    def inside(
        self, x: str, y: str, axis: Callable[[str], Axis], shape: str, corners: list[float]
    ) -> tuple[dict[str, Any], list[bytes]]:
        """All rows in a lasso or a box, as bits. Corners are values: x, y, x, y, ..."""
        heads, cloud = self._cloud(x, y, axis)
        if shape == "box":
            if len(corners) != 4:
                raise DataError(f"a box needs left, bottom, right and top, got {len(corners)} numbers")
            single = (bool(heads[0].get("single")), bool(heads[1].get("single")))
            rows = in_box(cloud.x, cloud.y, corners, single)
        elif len(corners) % 2:
            raise DataError(f"a lasso needs pairs of numbers, got {len(corners)}")
        else:
            rows = in_lasso(cloud.x, cloud.y, np.array(corners, np.float64).reshape(-1, 2))
        return {"rev": self._ws.rev, "n": int(rows.sum())}, [pack(rows)]

    def of_color(
        self, color: str, places: list[int], lo: float | None, hi: float | None
    ) -> tuple[dict[str, Any], list[bytes]]:
        """All rows of some places in the table of colors, or with a number from ``lo`` to ``hi``, as bits."""
        head, made = self._color(color)
        if made.values is None:
            on = np.zeros(made.n_slots, np.bool_)
            on[[int(place) for place in places if 0 <= place < made.n_slots]] = True
            rows = on[made.places]
        else:
            rows = np.ones(len(made.values), np.bool_)
            for end, above in ((lo, True), (hi, False)):
                if end is not None:
                    limit = np.float64(np.float32(end)) if head["single"] else np.float64(end)
                    rows &= (made.values >= limit) if above else (made.values <= limit)
        return {"rev": self._ws.rev, "n": int(rows.sum())}, [pack(rows)]

    def places(self, x: str, y: str, axis: Callable[[str], Axis], rows: list[int]) -> list[list[float]]:
        """Coordinates of rows in 0..1 of both spans; NaN where a row has none."""
        _, cloud = self._cloud(x, y, axis)
        inner = [row for row in rows if 0 <= row < len(cloud.u)]
        return [[float(cloud.u[row]), float(cloud.v[row])] for row in inner]

    def some(self, x: str, y: str, color: str | None, axis: Callable[[str], Axis]) -> npt.NDArray[np.int64]:
        """Rows that a picture of all of the plane draws, whatever is selected, ascending."""
        _, cloud = self._cloud(x, y, axis)
        shown = None if color is None else self._color(color)[1]
        return self._sample(cells(cloud, Window(0, 0, 1, 1, 1, 1)), None, shown)[0]

    def _cloud(self, x: str, y: str, axis: Callable[[str], Axis]) -> tuple[tuple[Any, Any], Cloud]:
        def make() -> tuple[tuple[Any, Any], Cloud]:
            (head, xs), (other, ys) = axis(x), axis(y)
            equal = head["kind"] == other["kind"] == "layout"
            heads = ({**_AXIS, **head, "name": x}, {**_AXIS, **other, "name": y})
            return heads, Cloud.of(xs, ys, equal)

        made: tuple[tuple[Any, Any], Cloud] = self._kept("cloud", (self._ws.rev, x, y), make)
        return made

    def _color(self, name: str) -> tuple[dict[str, Any], Colored]:
        def make() -> tuple[dict[str, Any], Colored]:
            head, values = as_color(self._ws, self._of, name)
            return head, colored(head, values)

        made: tuple[dict[str, Any], Colored] = self._kept("color", (self._ws.rev, name), make)
        return made

    def _numbers(self) -> npt.NDArray[np.uint32]:
        ids = self._ws.ids(self._of)
        made: npt.NDArray[np.uint32] = self._kept("hash", (self._ws.rev,), lambda: hashed(ids))
        return made

    def _focus(self, cloud: Cloud) -> tuple[npt.NDArray[np.uint8] | None, list[int]]:
        """Tier of each row, None if all are PLAIN; and how many rows have no coordinates, and each tier."""

        def make() -> tuple[npt.NDArray[np.uint8] | None, list[int]]:
            n = len(cloud.u)
            others = self._ws.allowed(self._of, (self._source,))
            own = self._own()
            if others is None and own is None:
                return None, [n - cloud.n, 0, cloud.n, 0]
            tiers = np.ones(n, np.uint8) if others is None else others.astype(np.uint8)
            if own is not None:
                tiers[own & (tiers > 0)] = MARKED
            counts = np.bincount(tiers if cloud.n == n else tiers[~np.isnan(cloud.u)], minlength=3)
            return tiers, [n - cloud.n, *counts.tolist()]

        made: tuple[npt.NDArray[np.uint8] | None, list[int]] = self._kept("focus", (cloud,), make)
        return made

    def _own(self, name: str = "") -> Rows | None:
        own = self._ws.selection.clauses.get(f"{self._source}{name}")
        return own.rows if own is not None and own.of == self._of else None

    def _tally(self, color: Colored) -> dict[str, Any]:
        """Rows per entry of the legend: allowed by all other views, and kept by the filter made here."""

        def count(rows: Rows | None) -> list[int] | None:
            if rows is None:
                return None
            counts: list[int] = np.bincount(color.slots[rows], minlength=color.n_slots).tolist()
            return counts

        def make() -> dict[str, Any]:
            own = self._own("/filter")
            allowed = count(self._ws.allowed(self._of, (f"{self._source}/filter",)))
            known = None
            if own is not None and color.values is not None and own.any():
                kept = color.values[own]
                known = [float(np.nanmin(kept)), float(np.nanmax(kept))] if not np.isnan(kept).all() else None
            return {"allowed": allowed, "kept": count(own), "ends": known}

        made: dict[str, Any] = self._kept("tally", (color,), make)
        return made

    def _sample(
        self, found: Cells, tiers: npt.NDArray[np.uint8] | None, color: Colored | None
    ) -> tuple[npt.NDArray[np.int64], bool]:
        """Rows of a window to draw, ascending, and whether they are all there are."""
        n = len(found.cell)
        if n <= DRAWN_AT_MOST:
            return (np.arange(n) if found.at is None else found.at), True
        places = np.zeros(n, np.uint8) if color is None else found.of(color.places)
        k = 1 if color is None else len(color.shades)
        groups = places
        if tiers is not None:
            groups = places.astype(np.int32) + k * tiers.astype(np.int32)
        counts = np.bincount(groups, minlength=k if tiers is None else 3 * k).reshape(-1, k)
        plain = counts[0 if tiers is None else PLAIN]
        rate = rates(plain, np.zeros(k, np.int64) if tiers is None else counts[MARKED], DRAWN_AT_MOST)
        flat = rate[0] if tiers is None else np.concatenate([np.zeros(k), *rate])
        at = drawn(found.of(self._numbers()), groups, flat, DRAWN_AT_MOST)
        return (at if found.at is None else found.at[at]), False

    def _kept(self, name: str, key: tuple[Any, ...], make: Callable[[], Any]) -> Any:
        if name not in self._made or self._made[name][0] != key:
            self._made.pop(name, None)
            self._made[name] = (key, make())
        return self._made[name][1]


def window_of(limits: list[float], columns: int, rows: int) -> Window:
    """A window that a page asks for.

    Raises:
        DataError: it has no size, or too many cells.
    """
    if len(limits) != 4 or not (limits[2] - limits[0] >= _LEAST and limits[3] - limits[1] >= _LEAST):
        raise DataError(f"a window needs left, bottom, right and top, got {limits}")
    if not (1 <= columns <= MOST_CELLS and 1 <= rows <= MOST_CELLS):
        raise DataError(f"expected 1 to {MOST_CELLS} columns and rows of cells, got {columns} x {rows}")
    left, bottom, right, top = map(float, limits)
    return Window(left, bottom, right, top, int(columns), int(rows))


def _fine(values: npt.NDArray[np.float32], lo: float, hi: float) -> bytes:
    steps = np.rint((values.astype(np.float64) - lo) * (_FINEST / (hi - lo)))
    return np.clip(steps, 0, _FINEST).astype(np.uint16).tobytes()
