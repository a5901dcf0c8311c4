"""Checkpoints of ultralytics (``.pt``): a pickled network, of which tensors, text and labels are read.

The classes that a checkpoint names are never looked up: inert placeholder objects keep their saved state. No
constructor, ``__setstate__`` or attribute of ultralytics or torch modules runs, and the result passes the
same checks as a ``.npz``.
"""

from __future__ import annotations

import re
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ...core.errors import ModelError, first
from . import archive

_SHELLS = re.compile(
    r"ultralytics\.[\w.]+|torch\.nn\.modules\.[\w.]+|pathlib(\._local)?\.\w+Path"
    r"|numpy\.(dtype|dtypes\.\w+|_?core\.multiarray\.scalar)|builtins\.getattr|__builtin__\.getattr"
)
"""Names in published checkpoints besides tensors; none of them is called."""

_NETWORK = "ultralytics.nn.tasks.SegmentationModel"
_DEEPEST, _MOST_PARTS = 32, 100_000
_one_at_a_time = threading.Lock()  # torch keeps its allow-list for the whole process


class _Shell:
    """A placeholder for an object whose class is not looked up."""

    path = ""
    state: Any = None

    def __new__(cls, *_: Any) -> _Shell:
        return super().__new__(cls)

    def __init__(self, *_: Any) -> None:
        pass

    def __setstate__(self, state: Any) -> None:
        self.state = state


def read(path: Path, expected: str = _NETWORK) -> tuple[Any, Any, dict[str, Any]]:
    """Architecture and labels, not yet checked, and tensors by name.

    Args:
        path: the file.
        expected: class of the network, by its full name.

    Raises:
        ModelError: the file is damaged, holds anything but what ultralytics saves, or no segmentation model.
    """
    content = _load(path)
    held = content if isinstance(content, dict) else {}
    network = held.get("model") if held.get("ema") is None else held["ema"]
    kind = getattr(network, "path", type(network).__name__)
    if not isinstance(network, _Shell) or kind != expected or not isinstance(network.state, Mapping):
        raise ModelError(
            f"{path} holds {kind.rpartition('.')[2]}, expected a segmentation model{_named(expected)}"
        )
    names = network.state.get("names")
    labels = list(names.values()) if isinstance(names, Mapping) else names
    return network.state.get("yaml"), labels, dict(_tensors(network, path))


def _named(expected: str) -> str:
    return "" if expected == _NETWORK else f", {expected.rpartition('.')[2]}"


def load_plain(path: Path, allowed: list[tuple[Any, str]] | None = None) -> Any:
    """Load a file that holds tensors and plain values only, by torch.

    Args:
        path: the file.
        allowed: inert placeholder classes and the names that they replace.

    Raises:
        ModelError: the file is damaged, holds anything else, or torch is too old to refuse that reliably.
    """
    import torch

    if not hasattr(torch.serialization, "safe_globals"):
        raise ModelError(f"torch {torch.__version__} cannot read {path} safely: install torch 2.6 or later")
    try:
        with _one_at_a_time, torch.serialization.safe_globals(allowed or []), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch warns about pickles that it then refuses
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged pickle raises anything
        raise ModelError(f"{path} cannot be read as weights: {error}") from error


def _load(path: Path) -> Any:
    archive.inspect(path)
    needed = _globals(path)
    strange = sorted(name for name in needed if not _SHELLS.fullmatch(name))
    if strange:
        raise ModelError(
            f"{path} cannot be read as ultralytics weights: it asks for {first(strange)}, which no "
            "checkpoint of ultralytics holds and which could run code"
        )
    shells = [(type("Shell", (_Shell,), {"path": name}), name) for name in needed]
    return load_plain(path, shells)


def _globals(path: Path) -> list[str]:
    import torch

    if not hasattr(torch.serialization, "get_unsafe_globals_in_checkpoint"):
        raise ModelError(f"torch {torch.__version__} cannot read {path} safely: install torch 2.6 or later")
    try:
        return torch.serialization.get_unsafe_globals_in_checkpoint(path)
    except Exception as error:  # a damaged pickle raises anything
        raise ModelError(f"{path} cannot be read as ultralytics weights: {error}") from error


def _tensors(network: _Shell, path: Path) -> Iterator[tuple[str, Any]]:
    """Parameters and buffers as ``state_dict`` would name them."""
    todo: list[tuple[str, Any, int]] = [("", network, 0)]
    for seen, (prefix, part, depth) in enumerate(todo):  # grows as it goes
        if seen > _MOST_PARTS or depth > _DEEPEST:
            raise ModelError(
                f"{path} cannot be read as ultralytics weights: its layers are nested without end"
            )
        state = part.state if isinstance(part, _Shell) and isinstance(part.state, Mapping) else {}
        passing = state.get("_non_persistent_buffers_set") or ()
        for name, value in [*_items(state, "_parameters"), *_items(state, "_buffers")]:
            if _is_plain(value) and name not in passing:
                yield prefix + name, value.detach()
        todo += [(f"{prefix}{name}.", inner, depth + 1) for name, inner in _items(state, "_modules")]


def _items(state: Mapping[Any, Any], name: str) -> list[tuple[str, Any]]:
    held = state.get(name)
    return [(str(key), value) for key, value in held.items()] if isinstance(held, Mapping) else []


def _is_plain(value: Any) -> bool:
    import torch

    return isinstance(value, torch.Tensor) and value.layout is torch.strided and value.device.type == "cpu"
