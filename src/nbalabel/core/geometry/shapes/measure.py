"""Shape and place of many masks by name; only what is asked for is computed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt

from ...errors import UnknownNameError, first
from ..masks.perimeter import of_runs
from ..masks.runs import Runs, parse_blocks
from ..masks.strings import Rles, refuse
from ..masks.varints import Ints
from .hulls import hull_areas
from .moments import aspects, centres
from .parts import parts_and_holes
from .pieces import Pieces

WHOLE = ("islands", "holes", "perimeter")
"""Those that are whole numbers; the others are float64, NaN for masks without pixels."""


class _Block:
    """Some masks; what several measures need is made once."""

    def __init__(self, runs: Runs, heights: Ints, widths: Ints) -> None:
        self.runs, self.heights, self.widths = runs, heights, widths
        self.pieces = Pieces.of(runs, heights)
        self._parts: tuple[Ints, Ints] | None = None
        self._centres: npt.NDArray[np.float64] | None = None

    def parts(self) -> tuple[Ints, Ints]:
        if self._parts is None:
            self._parts = parts_and_holes(self.pieces)
        return self._parts

    def centres(self) -> npt.NDArray[np.float64]:
        if self._centres is None:
            self._centres = centres(self.pieces)
        return self._centres

    def solidity(self) -> npt.NDArray[np.float64]:
        hulls = hull_areas(self.pieces)
        return self.runs.areas() / np.where(hulls > 0, hulls, np.nan)

    def border(self) -> npt.NDArray[np.float64]:
        x, y, right, bottom = self.pieces.boxes().T
        gap = np.minimum.reduce([x, y, self.widths - right, self.heights - bottom])
        return np.where(right > x, gap, np.nan)


_MEASURES: Mapping[str, Callable[[_Block], npt.NDArray[np.generic]]] = {
    "islands": lambda block: block.parts()[0],
    "holes": lambda block: block.parts()[1],
    "perimeter": lambda block: of_runs(block.runs, block.heights),
    "solidity": _Block.solidity,
    "aspect": lambda block: aspects(block.pieces),
    "centre_x": lambda block: block.centres()[:, 0] / block.widths,
    "centre_y": lambda block: block.centres()[:, 1] / block.heights,
    "border": _Block.border,
}

MEASURES = tuple(_MEASURES)
"""Names of the measures, in the order in which they are shown."""


def measure(
    masks: Rles, sizes: npt.NDArray[np.int64], names: Sequence[str] = MEASURES
) -> dict[str, npt.NDArray[np.generic]]:
    """Measures of masks.

    - ``islands``: connected parts; pixels that touch at a corner are connected.
    - ``holes``: connected parts of the background that the mask encloses.
    - ``perimeter``: pixel edges between inside and outside, those of holes and of the image's border, too.
    - ``solidity``: area over the area of the convex hull, above 0 to 1.
    - ``aspect``: long by short principal axis, 1 or more; see :func:`.moments.aspects`.
    - ``centre_x``, ``centre_y``: mean of the pixels as a share of the image's width and height, 0..1.
    - ``border``: pixels between the mask and the nearest edge of its image; 0 where it touches.

    Args:
        masks: compressed run lengths, ``(n,)``.
        sizes: height and width of each mask's image, ``(n, 2)`` pixels.
        names: which of :data:`MEASURES`.

    Returns:
        ``(n,)`` a name: int64 for :data:`WHOLE`, else float64, NaN for masks without pixels.

    Raises:
        UnknownNameError: there is no such measure.
        MaskError: a mask is malformed or of another size than its image.

    Example:
        >>> found = measure([b"112"], np.array([[2, 2]]))
        >>> {name: values.tolist() for name, values in found.items() if name in ("islands", "centre_y")}
        {'islands': [1], 'centre_y': [0.75]}
    """
    unknown = [name for name in names if name not in _MEASURES]
    if unknown:
        raise UnknownNameError(f"no measure is called {first(unknown)}; there are {', '.join(MEASURES)}")
    heights, widths = np.asarray(sizes, np.int64).T
    dtypes = {name: np.int64 if name in WHOLE else np.float64 for name in names}
    out: dict[str, npt.NDArray[np.generic]] = {name: np.empty(len(heights), dtypes[name]) for name in names}
    for rows, runs in parse_blocks(masks):
        wrong = runs.totals() != heights[rows] * widths[rows]
        ids = np.arange(len(heights))[rows]
        refuse(wrong, ids, "masks", "masks must be as large as their images", runs.totals())
        block = _Block(runs, heights[rows], widths[rows])
        for name in names:
            out[name][rows] = _MEASURES[name](block)
    return out
