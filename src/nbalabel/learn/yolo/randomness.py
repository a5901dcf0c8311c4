"""The global random generators, which ultralytics seeds and draws from, but a notebook may rely on."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np


class States(NamedTuple):
    """States of the generators of Python, NumPy and torch."""

    python: Any
    numpy: Any
    torch: Any

    @classmethod
    def now(cls) -> States:
        """Those that they have now."""
        import torch

        return cls(random.getstate(), np.random.get_state(), torch.get_rng_state())

    def put(self) -> None:
        """Give the generators these states."""
        import torch

        random.setstate(self.python)
        np.random.set_state(self.numpy)
        torch.set_rng_state(self.torch)


@contextmanager
def own_randomness() -> Iterator[None]:
    """Give the generators their states back at the end."""
    before = States.now()
    try:
        yield
    finally:
        before.put()
