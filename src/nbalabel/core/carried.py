"""Settings of a session that calls elsewhere need as well, such as the places that pictures may come from."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

Kept: TypeAlias = Mapping[str, Any]

_SETTINGS: dict[str, Callable[[], Any]] = {}


def carry(restore: str, value: Callable[[], Any]) -> None:
    """Carry a setting along with each call.

    Args:
        restore: ``"module:function"``; the function takes the value, in the worker.
        value: gives the value now; it can be pickled.
    """
    _SETTINGS[restore] = value


def kept() -> dict[str, Any]:
    """The settings now."""
    return {name: value() for name, value in _SETTINGS.items()}


def restore(settings: Kept) -> None:
    """Take settings over, in a worker."""
    for name, value in settings.items():
        module, _, function = name.partition(":")
        getattr(importlib.import_module(module), function)(value)
