"""Checks the parameters of a request against the annotations of its method: a page may send anything.

Checked once, at the boundary: a method that is called gets the types of its annotations, numbers that are
finite and exact in JSON, and texts that can be sent back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from numbers import Real
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

from ...core.errors import DataError

_DEEP = 32  # lists within lists
_LARGE = 2**53  # up to which whole numbers are exact in every JSON parser
_MANY = 1_000_000  # values in one request


def check_params(method: Callable[..., Any], params: Any) -> None:
    """Refuse parameters that the method does not take.

    Args:
        method: the method to call; its annotations name the types.
        params: arguments by name, as JSON has them.

    Raises:
        DataError: params is no dict, or a value has a wrong type, is not finite, too large or malformed text.
    """
    if not isinstance(params, dict):
        raise DataError(f"expected parameters by name, got {type(params).__name__}")
    for name, value in params.items():
        problem = _problem(value)
        hint = _hints(method).get(str(name), Any)
        if problem is None and not _fits(value, hint):
            problem = f"expected {_said(hint)}, got {type(value).__name__}"
        if problem is not None:
            raise DataError(f"{method.__name__}: {short(name)}: {problem}")


def short(value: object, most: int = 60) -> str:
    """Any value as text that can be sent, at most ``most`` characters."""
    text = str(value) if isinstance(value, str) else repr(value)
    text = text.encode("utf-8", "backslashreplace").decode("utf-8")
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _problem(value: Any) -> str | None:
    """What is wrong with a value of any type; None if nothing."""
    level, n = [value], 0
    for _ in range(_DEEP):
        n += len(level)
        if n > _MANY:
            return f"expected at most {_MANY:,} values"
        for one in level:
            if isinstance(one, Real) and not -_LARGE <= _number(one) <= _LARGE:
                return "expected a finite number of at most 53 bits"
            if isinstance(one, str) and not _sendable(one):
                return "expected text, got half of a surrogate pair"
        level = [part for one in level if isinstance(one, dict | list | tuple) for part in _parts(one)]
        if not level:
            return None
    return f"expected at most {_DEEP} levels"


def _number(value: Real) -> float:
    try:
        return float(value)
    except OverflowError:  # an int beyond the range of floats
        return math.inf


def _parts(value: dict[Any, Any] | Sequence[Any]) -> list[Any]:
    return [*value.keys(), *value.values()] if isinstance(value, dict) else list(value)


def _sendable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _fits(value: Any, hint: Any) -> bool:
    origin, inner = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return any(_fits(value, one) for one in inner)
    if origin in (list, Sequence):
        return isinstance(value, list | tuple) and all(_fits(one, inner[0]) for one in value)
    if origin in (dict, Mapping):
        return isinstance(value, dict) and all(_fits(one, inner[1]) for one in value.values())
    if hint in (int, float):
        return isinstance(value, Real) and not isinstance(value, bool)
    return isinstance(value, hint) if hint in (str, bool, NoneType) else True


def _said(hint: Any) -> str:
    if isinstance(hint, type) and not get_args(hint):
        return hint.__name__
    said = str(hint).replace("typing.", "").replace("collections.abc.", "")
    return said.replace("Sequence[float]", "lists of finite numbers")


@lru_cache(maxsize=256)
def _hints(method: Callable[..., Any]) -> Mapping[str, Any]:
    names = {"Any": Any, "Buffers": Sequence[bytes | memoryview]}  # names in return annotations
    return get_type_hints(method, localns=names)
