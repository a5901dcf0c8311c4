"""Loops over arrays, compiled by numba when they are first needed."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar, cast

from ...core.errors import MissingExtraError

Loop = TypeVar("Loop", bound=Callable[..., object])


def compiled(loop: Loop) -> Loop:
    """A function over arrays as machine code, kept on disk for the next process.

    Args:
        loop: a module's own function that calls no other of ours.

    Raises:
        MissingExtraError: numba is not installed.
    """
    return cast(Loop, _compiled(loop))


def fastest(loop: Loop) -> Loop:
    """The same, or the function itself where numba is not installed: slower, equal results."""
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
            "cluster trees of more than 2,000 rows a label need numba, which is not installed: "
            "pip install 'nbalabel[propagate]'"
        ) from error
    try:
        return cast(Callable[..., object], numba.njit(cache=True, nogil=True)(loop))
    except RuntimeError:  # neither the package's folder nor the user's cache can be written to
        return cast(Callable[..., object], numba.njit(nogil=True)(loop))
