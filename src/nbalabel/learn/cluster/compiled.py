"""Loops over arrays, compiled by numba when they are first needed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar, cast

from ...core.errors import MissingExtraError

Loop = TypeVar("Loop", bound=Callable[..., object])

_WORTHWHILE = 20_000


def compiled(loop: Loop) -> Loop:
    """Compile a function over arrays; the machine code is cached on disk for the next process.

    Args:
        loop: a module-level function that calls no other function of nbalabel.

    Raises:
        MissingExtraError: numba is not installed.
    """
    return cast(Loop, _compiled(loop))


def fastest(loop: Loop, steps: int) -> Loop:
    """The compiled function where it pays off and numba is installed, else the function itself.

    Args:
        loop: see `compiled`.
        steps: number of loop steps; below some thousand, loading numba takes longer.
    """
    if steps < _WORTHWHILE:
        return loop
    try:
        return compiled(loop)
    except MissingExtraError:
        return loop


@functools.cache
def _compiled(loop: Callable[..., object]) -> Callable[..., object]:
    try:
        import numba
    except ImportError as error:
        raise MissingExtraError(
            "cluster trees of more than 2,000 rows per label need numba, which is not installed: "
            "pip install 'nbalabel[propagate]'"
        ) from error
    try:
        return cast(Callable[..., object], numba.njit(cache=True, nogil=True)(loop))
    except RuntimeError:  # neither the package's folder nor the user's cache can be written to
        return cast(Callable[..., object], numba.njit(nogil=True)(loop))
