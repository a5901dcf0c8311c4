"""Read a folder of image files, or a video, as tables of unlabeled images."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal

import pandas as pd

from ...core.errors import DataError, FormatError, ImageError, NbalabelWarning, first
from ...core.tables import schema
from ...core.urls import local_path
from ..images.remote.folder import name_of
from ..tables.tables import Tables
from .listing import PICTURES, VIDEOS, Found, find, suffixes_in
from .measuring import same_bytes, sizes_of_files, stacks
from .sequences import sequences
from .video import check_choice, extract

Duplicates = Literal["warn", "keep", "drop"]
_DUPLICATES = ("warn", "keep", "drop")


def read_images(
    source: str | Path,
    *,
    labels: Sequence[str] = (),
    duplicates: Duplicates = "warn",
    frames: str | Path | None = None,
    every: int = 1,
    fps: float | None = None,
    suffix: str = ".jpg",
) -> Tables:
    """Read unlabeled image files, to start a new project.

    ``nl.read_images("dives/", labels=["cod"]).save("dives.nbal")`` makes a dataset of them. Sizes are read
    from the headers of the files, by several threads; EXIF orientation is not applied, as in
    :meth:`Tables.read_image`. All images have state "unlabeled" and weight 0; labeling an image by hand sets
    its weight to 1. ``group`` and ``frame`` come from folders and names: ``dive1/frame_0012.png`` is frame 12
    of dive1.

    Args:
        source: a folder (with its subfolders), one image, a pattern such as ``"dives/*/left_*.png"``, a
            folder of object storage such as ``"s3://bucket/dives/"``, or, with ``frames``, one or several
            videos.
        labels: initial label names, in order; :meth:`Dataset.add_label` adds more.
        duplicates: what happens to files with the same bytes as another: "warn" (kept, with a warning),
            "keep", or "drop" (only the first is kept, with a warning). In object storage only files whose
            MD5 the storage tells are compared; none is fetched for that.
        frames: for videos, the folder to write frames to, with one subfolder per video. It becomes the image
            root of the tables. Existing frames are not written again.
        every: for videos, take every n-th frame.
        fps: for videos, take this number of frames per second instead.
        suffix: for videos, ".jpg" (quality 95) or ".png" (lossless).

    Returns:
        Tables whose files are relative to the folder (for a pattern, to its part before the first ``*``), in
        natural order, numbered from 1; files elsewhere by their URLs.

    Raises:
        FormatError: there is no such folder, or it contains no image.
        ImageError: none of the files can be read.
        MissingExtraError: for a video, PyAV is not installed (``pip install 'nbalabel[video]'``).

    Warns:
        NbalabelWarning: naming files that cannot be read, which are left out, TIFF files with several
            pictures, and duplicates.
    """
    check_duplicates(duplicates)
    check_choice(every, fps, suffix)
    if frames is not None:
        found, numbers = _from_videos(source, Path(frames), every, fps, suffix)
    else:
        found, numbers = find(source, PICTURES), {}
        check_any(found, source)
    images, broken = read_rows(found, numbers)
    if broken:
        warnings.warn(said_broken(broken), NbalabelWarning, stacklevel=2)
    if isinstance(found.root, Path) and (several := stacks({f: found.root / f for f in images["file"]})):
        warnings.warn(said_stacks(several), NbalabelWarning, stacklevel=2)
    same = same_bytes(found, images["file"]) if duplicates != "keep" else {}
    if same:
        warnings.warn(said_same(same, duplicates), NbalabelWarning, stacklevel=2)
    if duplicates == "drop":
        images = images[~images["file"].isin(list(same))]
    images = images.assign(state="unlabeled", weight=0.0)
    images.index = pd.RangeIndex(1, len(images) + 1, name="image_id")
    return Tables.of(images, schema.empty("instances", tuple(labels)), labels, found.root)


def read_rows(found: Found, numbers: Mapping[str, int]) -> tuple[pd.DataFrame, dict[str, str]]:
    """File, size, group and frame of the readable images; and file -> reason for the others.

    Raises:
        ImageError: none of the files can be read.
    """
    sizes, broken = sizes_of_files(found.root, found.files)
    broken |= dict.fromkeys(found.unusable, "its name is not valid Unicode")
    if not sizes:
        raise ImageError(f"none of {len(broken)} files can be read as a picture: {_named(broken)}")
    files = list(sizes)
    images = pd.DataFrame(
        {"file": files, "width": [w for w, _ in sizes.values()], "height": [h for _, h in sizes.values()]}
    )
    placed = sequences(files, name_of(found.root))
    if numbers:
        placed["group"] = [file.rpartition("/")[0] for file in files]
        placed["frame"] = pd.array([numbers.get(file) for file in files], dtype="Int32")
    return pd.concat([images, placed], axis=1), broken


def check_any(found: Found, source: str | Path) -> None:
    """Refuse a folder without images.

    Raises:
        DataError: there are only videos; the message says how to read them.
        FormatError: there are neither images nor videos.
    """
    if found.files or found.unusable:
        return
    videos = find(source, VIDEOS).files
    if videos:
        raise DataError(
            f"{source} is a video ({first(videos)}): frames=FOLDER says where its frames go, as in "
            f'nl.read_images({str(source)!r}, frames="frames/", fps=1)'
        )
    raise FormatError(
        f"there are no pictures in {source}: it holds {suffixes_in(source)}; pictures end in "
        f"{', '.join(sorted(PICTURES))}"
    )


def check_duplicates(duplicates: str) -> None:
    """Refuse an unknown value of ``duplicates``."""
    if duplicates not in _DUPLICATES:
        raise DataError(f"duplicates must be one of {', '.join(_DUPLICATES)}, got {duplicates!r}")


def said_broken(broken: Mapping[str, str]) -> str:
    """Text about the files that cannot be read, and why."""
    return f"{_named(broken)}: they are left out"


def said_stacks(files: Sequence[str]) -> str:
    """Text about the files with several pictures."""
    return (
        f"{len(files)} TIFF files hold several pictures: {first(files)}; only the first of each is used: "
        f"write the others to files of their own to label them"
    )


def said_same(same: Mapping[str, str], duplicates: str) -> str:
    """Text about files with the same bytes as others, and whether they are kept."""
    named = first([f"{file} = {before}" for file, before in same.items()])
    done = (
        "they are left out"
        if duplicates == "drop"
        else 'they are kept, and may end up on both sides of a split: duplicates="drop" leaves them out'
    )
    return f"{len(same)} files hold the same picture as another, byte by byte: {named}; {done}"


def _named(broken: Mapping[str, str]) -> str:
    named = [f"{file} ({why})" for file, why in broken.items()]
    return f"{len(broken)} files cannot be read: {first(named)}"


def _from_videos(
    source: str | Path, root: Path, every: int, fps: float | None, suffix: str
) -> tuple[Found, dict[str, int]]:
    """Extract frames of one or several videos to files below ``root``; and file -> frame number."""
    videos = find(local_path(source), VIDEOS)
    assert isinstance(videos.root, Path), "of a path of this machine"
    if not videos.files:
        raise FormatError(
            f"frames= is for videos, and there are none in {source}: it holds {suffixes_in(source)}"
        )
    numbers: dict[str, int] = {}
    for video in videos.files:
        folder = Path(video).with_suffix("").as_posix()
        got = extract(videos.root / video, root / folder, every, fps, suffix)
        numbers |= {f"{folder}/{name}": number for name, number in got.items()}
    return Found(root, list(numbers), []), numbers
