"""torch and torchvision, loaded when they are needed."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType

from ...core.errors import MissingExtraError
from ..libraries import torch_threads as threads


def torchvision(module: str = "") -> ModuleType:
    """Import torchvision, or one of its modules, and set how torch's threads wait.

    Args:
        module: dotted name below ``torchvision``; "" is the package.

    Raises:
        MissingExtraError: torchvision or torch is not installed.
    """
    try:
        with _environment():
            return importlib.import_module(f"torchvision.{module}".rstrip("."))
    except ImportError as error:
        if (error.name or "").partition(".")[0] in ("torch", "torchvision"):
            raise MissingExtraError("this needs torchvision: pip install torch torchvision") from error
        raise


@contextmanager
def _environment() -> Iterator[None]:
    ours = threads.environment()
    os.environ.update(ours)
    try:
        yield
    finally:
        for name in ours:
            os.environ.pop(name, None)


def best_device(asked: str) -> str:
    """The device asked for, or a GPU where there is one."""
    torchvision()
    import torch

    return asked or ("cuda" if torch.cuda.is_available() else "cpu")
