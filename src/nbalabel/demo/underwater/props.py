"""What is not a fish: weed, coral, stones, roots, bubbles and drifting things, by name."""

from __future__ import annotations

import numpy as np

from . import plants, things
from .noise import Floats

PAINTERS = {**plants.PAINTERS, **things.PAINTERS}


def paint(name: str) -> list[Floats]:
    """All varieties of a prop, each ``(h, w, 4)`` float32 straight alpha in 0..1.

    Each is drawn from a generator of its own, so that adding one changes no other.
    """
    function, variants = PAINTERS[name]
    return [function(np.random.default_rng([*name.encode(), i])) for i in range(variants)]
