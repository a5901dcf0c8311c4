"""Maps of centres: how often something lies in each part of an image."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from .drawing import bar, svg


def centres_svg(grid: npt.NDArray[np.int64], *, side: int = 132, color: str, label: str) -> str:
    """Draw a grid of counts; the fuller a cell, the stronger its color.

    Args:
        grid: counts, ``(rows, columns)``, rows from above.
        side: pixels.
        color: of a full cell.
        label: what the map shows.
    """
    frame = (
        f'<rect x=".5" y=".5" width="{side - 1}" height="{side - 1}" rx="3" fill="none" '
        'stroke="currentColor" stroke-opacity=".25"/>'
    )
    most = float(grid.max(initial=0))
    tall, wide = side / grid.shape[0], side / grid.shape[1]
    parts = []
    for row, column in np.argwhere(grid > 0).tolist():
        strength = 0.12 + 0.88 * float(np.sqrt(grid[row, column] / most))
        more = f' fill-opacity="{strength:.2f}"'
        parts.append(bar(column * wide, row * tall, wide + 0.2, tall + 0.2, color, "", more))
    return svg([*parts, frame], side, side, label)
