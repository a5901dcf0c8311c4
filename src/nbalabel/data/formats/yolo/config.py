"""The data.yaml of a YOLO folder: label names, and the folders of each split."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ....core.errors import FormatError, UnsafePathError, first, short
from ..records.documents import inside, text

_SPLIT_KEYS = {
    "train": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "unlabeled": None,
}
"""Key of data.yaml or name of a folder -> its split."""


@dataclass(frozen=True)
class Config:
    """The contents of a data.yaml.

    Attributes:
        labels: label names, in order.
        splits: split -> folders or list files of images, relative to the root; None for images without split.
    """

    labels: tuple[str, ...]
    splits: Mapping[str | None, Sequence[str]]


def read_config(root: Path, labels: Sequence[str] | None) -> Config:
    """Read the folder's data.yaml; without one, take the label names given and the folders found.

    Raises:
        FormatError: there is neither a yaml file nor label names, or the file does not follow YOLO's format.
        UnsafePathError: a split lies outside the folder.
    """
    found = sorted(root.glob("*.yaml")) + sorted(root.glob("*.yml"))
    named = [p for p in found if p.stem == "data"] or found
    if not named and labels is None:
        raise FormatError(f"{root} has no data.yaml, so that classes have no names: pass labels=[...]")
    if len(named) > 1:
        raise FormatError(
            f"{root} has several yaml files and none is data.yaml: {first(p.name for p in named)}"
        )
    document = _load_yaml(named[0]) if named else {}
    names = list(labels) if labels is not None else _names(document.get("names"), named[0])
    by_split: dict[str | None, list[str]] = {}
    for key, entries in _splits(root, document).items():
        by_split.setdefault(_SPLIT_KEYS.get(key), []).extend(
            _folder(root, document, entry) for entry in entries
        )
    return Config(tuple(names), by_split)


def _splits(root: Path, document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Folders of each split as data.yaml lists them, else those that exist by convention."""
    found = {key: document[key] for key in _SPLIT_KEYS if document.get(key)}
    for key, value in found.items():
        found[key] = entries = [value] if isinstance(value, str) else value
        if not isinstance(entries, list) or not all(isinstance(e, str) and "\x00" not in e for e in entries):
            raise FormatError(f"{root}: {key} must be a folder, or a list of them, got {short(value)}")
    if not found:
        found = {
            k: [at] for k in _SPLIT_KEYS for at in (f"images/{k}", f"{k}/images") if (root / at).is_dir()
        }
    return found or {"": ["images" if (root / "images").is_dir() else "."]}


_LARGEST = 1 << 20
"""Largest data.yaml, bytes: far more than names and folders need; PyYAML reads only 100 kB per second."""


def _load_yaml(path: Path) -> dict[str, Any]:
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML ships no types
        """A loader without aliases: nested aliases could expand a few bytes to a document of any size."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError(f"aliases (*name) are not read{self.peek_event().start_mark}")
            return super().compose_node(parent, index)

    source = text(path, path.parent, _LARGEST)
    try:
        document = yaml.load(source, Loader)  # noqa: S506  # a SafeLoader
    except (yaml.YAMLError, ValueError, RecursionError, TypeError, AttributeError) as error:
        raise FormatError(f"{path} is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise FormatError(f"{path} must say names, train and val, got {short(document)}")
    return document


def _names(found: Any, path: Path) -> list[str]:
    if isinstance(found, dict) and sorted(found, key=repr) == sorted(range(len(found)), key=repr):
        found = [found[i] for i in range(len(found))]
    if not isinstance(found, list) or not all(isinstance(n, str | int | float) for n in found):
        raise FormatError(f"{path}: names must be a list, or number: name from 0 on, got {short(found)}")
    if any(isinstance(n, int) and n.bit_length() > 64 for n in found):
        raise FormatError(f"{path}: names must be names or small numbers, got {short(found)}")
    return [str(name) for name in found]


def _folder(root: Path, document: Mapping[str, Any], entry: str) -> str:
    """A split's folder or list file, relative to the root; some exporters write one ``../`` too many."""
    path = document.get("path")
    bases = [root / path, root] if isinstance(path, str) and path and inside(root, root / path) else [root]
    candidates = [entry, entry.removeprefix("../")]
    for base in bases:
        for candidate in candidates:
            at = base / candidate
            if inside(root, at) and os.path.exists(at):
                return at.resolve().relative_to(root.resolve()).as_posix()
    if not any(inside(root, base / c) for base in bases for c in candidates):
        raise UnsafePathError(
            f"{root}: {short(entry)} lies outside the folder; move it in and write a relative path"
        )
    raise FormatError(f"{root}: there is no {short(entry)}, which its yaml file names")
