"""A Python without torch, for tutorials that then load stored runs: ``PYTHONPATH=scripts/without_torch``.

Python imports this by itself when it starts. What is hidden is not found; other packages look whether it is.
"""

from importlib.machinery import ModuleSpec, PathFinder
from typing import Any

_HIDDEN = {"torch", "torchvision", "ultralytics"}
_find = PathFinder.find_spec


def _find_spec(_: type[PathFinder], name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
    return None if name.partition(".")[0] in _HIDDEN else _find(name, path, target)


PathFinder.find_spec = classmethod(_find_spec)  # type: ignore[assignment,method-assign]
