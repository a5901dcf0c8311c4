"""The one list of colors, ``palette.json``.

Python reads it here, TypeScript in js/src/draw/palette.ts; js/build.mjs writes it as variables for the style
sheets (``--nbl-orange``).
"""

from __future__ import annotations

import json
from importlib.resources import files
from types import SimpleNamespace

__all__ = ["COLORS", "OKABE_ITO", "translucent"]

COLORS = SimpleNamespace(**json.loads(files(__package__).joinpath("palette.json").read_text("utf-8")))
"""Every color by its name, as CSS writes it: "#rrggbb" or "rgba(r, g, b, alpha)".

``deep_green`` and ``deep_vermilion`` carry white text; ``axis`` has a contrast of at least 3.6 on white and
on JupyterLab's dark background; ``neutral`` stands for what has no color of its own, ``absent`` for missing
pixels; ``halo`` and ``glow`` lie under lines, ``plate`` under text on a picture; ``paper``, ``tint`` and
``rule`` show on light and dark backgrounds; those that end in ``_fallback`` serve where the page names none.
"""

OKABE_ITO: tuple[str, ...] = tuple(
    getattr(COLORS, name) for name in ("orange", "sky", "green", "yellow", "vermilion", "purple", "blue")
)
"""Colors that all kinds of color vision tell apart, without black, which is lost on dark images.

Source: Okabe and Ito (2008), https://jfly.uni-koeln.de/color/.
"""


def translucent(color: str, alpha: float) -> str:
    """A color of the list, "#rrggbb", let through by ``1 - alpha``, as CSS and bqplot read it.

    Example:
        >>> translucent(COLORS.orange, 0.5)
        'rgba(230, 159, 0, 0.5)'
    """
    red, green, blue = bytes.fromhex(color[1:])
    return f"rgba({red}, {green}, {blue}, {alpha:g})"
