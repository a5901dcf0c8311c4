"""Copy all image files of a dataset into its own folder."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from ...core.errors import ImageError, NbalabelWarning, first
from ...core.urls import is_url
from ..images.files import safe_path
from .bringing import bring


def self_contained(folder: Path, root: Path | None, now: pd.Series, then: Sequence[pd.Series]) -> Path:
    """Copy image files below the dataset's folder; see :meth:`Dataset.copy_images`.

    Args:
        folder: the dataset's folder.
        root: the image root.
        now: files of the working copy.
        then: files of each version.
    """
    if root is None:
        raise ImageError("this dataset has no image folder to copy from: ds.image_root = FOLDER says where")
    if root.resolve().is_relative_to(folder.resolve()):
        return root
    current = {file: safe_path(root, file) for file in now if not is_url(file)}
    missing = [file for file, path in current.items() if not path.is_file()]
    if missing:
        raise ImageError(f"{len(missing)} of {len(current)} pictures are not in {root}: {first(missing)}")
    earlier = {
        file: safe_path(root, file)
        for files in then
        for file in dict.fromkeys(files)
        if file not in current and not is_url(file)
    }
    lost = [file for file, path in earlier.items() if not path.is_file()]
    found = {file: path for file, path in earlier.items() if path.is_file()}
    bring({**current, **found}, folder / "images")
    if lost:
        text = f"{len(lost)} pictures of earlier versions alone are not in {root}: {first(lost)}"
        warnings.warn(text, NbalabelWarning, stacklevel=3)
    return folder / "images"
