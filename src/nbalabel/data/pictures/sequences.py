"""Derive the sequence of each image, and its position in the sequence, from folders and names."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import PurePosixPath

import pandas as pd

_LAST_NUMBER = re.compile(r"^(.*?)(\d+)$")
_PLAIN_FOLDERS = frozenset(
    {
        "image",
        "images",
        "img",
        "imgs",
        "jpegimages",
        "photos",
        "pictures",
        "test",
        "train",
        "val",
        "valid",
        "validation",
    }
)
_CAMERAS = frozenset(
    {
        "",
        "dsc",
        "dscf",
        "dscn",
        "image",
        "img",
        "mvimg",
        "photo",
        "pic",
        "picture",
        "pxl",
        "sample",
        "scan",
        "screenshot",
    }
)
_FRAMES = frozenset({"f", "fr", "frame", "frames"})
_LARGEST = 2**31 - 1


def sequences(files: Sequence[str], root: str = "") -> pd.DataFrame:
    """Group and frame of images.

    Images in one folder are a group with the folder's name; folders such as ``images`` and ``train`` do not
    count. Otherwise images side by side are a group if their names differ only in the last number, except for
    camera names (``IMG_0001``). ``frame`` is this last number, if the names of a group differ in nothing
    else.

    Args:
        files: names relative to the image root, with forward slashes.
        root: name of the image root; it names the group of ``frame_0001``, ``frame_0002``... directly in it.

    Returns:
        Columns ``group`` (str or missing) and ``frame`` (Int32), parallel to ``files``.

    Example:
        >>> sequences(["dive1/frame_0001.png", "dive1/frame_0002.png", "IMG_7.jpg"]).to_dict("list")
        {'group': ['dive1', 'dive1', None], 'frame': [1, 2, None]}
    """
    prefixes, numbers = zip(*map(_split, files), strict=True) if files else ((), ())
    groups = [_folder(file) for file in files]
    beside = defaultdict(list)
    for i, file in enumerate(files):
        if groups[i] is None and numbers[i] is not None:
            beside[str(PurePosixPath(file).parent), prefixes[i]].append(i)
    for (_, prefix), members in beside.items():
        name = _named(prefix, root) if len(members) > 1 else None
        for i in members:
            groups[i] = name
    frames: list[int | None] = [None] * len(files)
    of_group = defaultdict(list)
    for i, group in enumerate(groups):
        if group is not None:
            of_group[group].append(i)
    for members in of_group.values():
        found = [numbers[i] for i in members]
        if None not in found and len({prefixes[i] for i in members}) == 1 and len(set(found)) == len(found):
            for i in members:
                frames[i] = numbers[i]
    return pd.DataFrame({"group": pd.Series(groups, dtype=object), "frame": pd.array(frames, dtype="Int32")})


def _split(file: str) -> tuple[str, int | None]:
    stem = PurePosixPath(file).stem
    match = _LAST_NUMBER.match(stem)
    if match is None or len(match[2]) > 10 or int(match[2]) > _LARGEST:
        return stem, None
    return match[1], int(match[2])


def _folder(file: str) -> str | None:
    parts = [part for part in PurePosixPath(file).parts[:-1] if part.lower() not in _PLAIN_FOLDERS]
    return "/".join(parts) or None


def _named(prefix: str, root: str) -> str | None:
    """The group for names with this prefix; None if the prefix is not informative."""
    word = prefix.strip(" ._-")
    if word.lower() in _FRAMES:
        return root if root.lower() not in _PLAIN_FOLDERS and root else None
    return None if word.lower() in _CAMERAS else word
