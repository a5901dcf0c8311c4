"""How hard the attacks try: a little in every test run, at length in `make attack`."""

import os
import random
from collections.abc import Callable

import pytest

collect_ignore_glob = ["*_worker.py"]  # programs of their own
FULL = os.environ.get("NBALABEL_ATTACK") == "full"


@pytest.fixture
def rounds() -> Callable[[int, int], int]:
    """How many rounds to try: ``rounds(quick, full)`` is the first in CI, the second in `make attack`."""
    return lambda quick, full: full if FULL else quick


@pytest.fixture
def rng() -> random.Random:
    """Random choices that can be repeated: NBALABEL_SEED, else 1; in `make attack` a new seed each time."""
    seed = int(os.environ.get("NBALABEL_SEED", random.SystemRandom().randrange(2**32) if FULL else 1))
    print(f"NBALABEL_SEED={seed}")  # noqa: T201  # pytest shows it where a test fails
    return random.Random(seed)
