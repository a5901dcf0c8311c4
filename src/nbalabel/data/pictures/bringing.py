"""Copy image files below an image root, without ever replacing another file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...core.errors import StorageError, first
from ..disk.errors import writing
from ..formats.records.files import progress
from ..images.files import copy_image, safe_path
from .measuring import copies


def bring(files: Mapping[str, Path], root: Path) -> None:
    """Copy image files below a root; identical files that exist already are kept.

    Args:
        files: name below the root -> path of the file.
        root: the folder, created if missing.

    Raises:
        StorageError: other files are in the way; nothing was copied.
        ImageError: a file is missing or not an image.
    """
    targets = {name: safe_path(root, name) for name in files}
    there = {name: path for name, path in targets.items() if path.exists()}
    taken = [name for name, path in there.items() if not copies({"new": files[name]}, {"old": path})]
    if taken:
        raise StorageError(f"other files are in the way below {root}: {first(taken)}")
    for name, target in progress(targets.items(), "copying pictures", len(targets)):
        if name in there:
            continue
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        aside = target.with_name(f".{target.name}.part")
        try:
            with writing(target):
                copy_image(files[name], aside)
                aside.replace(target)
        finally:
            aside.unlink(missing_ok=True)
