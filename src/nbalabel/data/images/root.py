"""Where a dataset's pictures are, kept so that folders can be moved: the dataset's, the pictures', or both.

Pictures inside the dataset's folder are kept by their path from it. Those beside it are kept by their full
path and, for when that is gone, by the path from the dataset: so the dataset alone can be moved, and so can
the project that holds both. The full path goes first: as long as it is there, it is the same pictures.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = "image_root"
_BESIDE = "image_root_beside"


def root_facts(folder: Path, root: str | Path | None) -> dict[str, Any]:
    """What the settings say of the image root.

    Args:
        folder: the dataset's.
        root: the pictures'; None where there are no pixels.
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
    """The image root that settings mean; None where there are no pixels."""
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
