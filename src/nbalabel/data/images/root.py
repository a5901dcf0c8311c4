"""The image root in the settings, stored so that folders can be moved: the dataset alone, or with its images.

An image root inside the dataset's folder is stored as a path relative to the folder. One beside it is stored
as an absolute path and also as a relative path: so the dataset alone can be moved, and also the project
folder that contains both. The absolute path has priority: if it exists, the images were not moved.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = "image_root"
_BESIDE = "image_root_beside"


def root_facts(folder: Path, root: str | Path | None) -> dict[str, Any]:
    """The entries of the settings for an image root.

    Args:
        folder: the dataset's folder.
        root: the image root; None when there are no image files.
    """
    if root is None:
        return {ROOT: None}
    full, home = Path(root).resolve(), folder.resolve()
    if full.is_relative_to(home):
        return {ROOT: full.relative_to(home).as_posix()}
    facts = {ROOT: os.fspath(full)}
    if full.is_relative_to(home.parent.parent) and home.parent.parent != Path(home.anchor):
        facts[_BESIDE] = Path(os.path.relpath(full, home)).as_posix()
    return facts


def root_of(folder: Path, facts: Mapping[str, Any]) -> Path | None:
    """The image root of the settings; None when there are no image files."""
    root, beside = facts.get(ROOT), facts.get(_BESIDE)
    if root is None:
        return None
    full = folder / str(root)
    if isinstance(beside, str) and not full.is_dir():
        found = Path(os.path.normpath(folder.absolute() / beside))
        return found if found.is_dir() else full
    return full


def with_root(facts: Mapping[str, Any], folder: Path, root: str | Path | None) -> dict[str, Any]:
    """The settings with another image root."""
    kept = {name: value for name, value in facts.items() if name not in (ROOT, _BESIDE)}
    return {**kept, **root_facts(folder, root)}
