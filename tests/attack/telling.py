"""What the worker programs here share: how they tell what they do, and a mask to do it with."""

import json
import os

import numpy as np

from nbalabel.core.geometry.masks import rle

SIZE = 16
_WRITE = os.write  # as it is before a worker makes calls to the system fail


def say(kind: str, **facts: object) -> None:
    """One JSON line on stdout, written at once: what follows may be the end of the process."""
    _WRITE(1, (json.dumps({"kind": kind, **facts}) + "\n").encode())


def square(x: int) -> bytes:
    """The mask of a square of 3 pixels on an image of 16 x 16, from a column on."""
    mask = np.zeros((SIZE, SIZE), dtype=bool)
    mask[2:5, x : x + 3] = True
    return rle.encode(mask)
