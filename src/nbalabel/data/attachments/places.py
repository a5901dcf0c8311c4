"""Where the files of attachments lie: in the dataset's folder, below the image root, or at a URL.

``attachments/NAME`` is a file in the folder of that name in the dataset's folder, where copies are kept under
names made of their content. Any other path is below the image root, and only for what is a picture or a video
by its content: a dataset from somebody else may name any folder of yours as its image root, and its texts
must not be files of yours.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from ...core.errors import FormatError, ImageError, UnsafePathError
from ...core.tables.image_files import problem
from ...core.urls import is_url
from ..disk.atomic import TEMPORARY, gone_if_failed, publish
from ..disk.errors import reading, writing
from ..images.files import locate, safe_path
from .kinds import check_content

FOLDER = "attachments"
INSIDE = f"{FOLDER}/"
"""How the names of copies begin."""
_STEM = 48  # characters of a file's own name that its copy keeps
_PLAIN = re.compile(r"[^A-Za-z0-9_-]+")
_SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,8}")


def source_of(file: str, kind: str, image_root: Path | None, home: Path | None) -> Path | str:
    """Where an attachment lies: a path, or a URL.

    Args:
        file: as the table has it.
        kind: as the table has it.
        image_root: image root of the dataset.
        home: folder of its copies; None where tables are in no folder.

    Raises:
        UnsafePathError: the name leaves its folder, or is that of a text below the image root.
        ImageError: there is no such folder.
    """
    if file.startswith(INSIDE):
        if home is None:
            raise ImageError(f"attachment {file!r} is in the folder of a dataset, and these tables have none")
        return safe_path(home, file.removeprefix(INSIDE))
    if kind == "text" and not is_url(file):
        raise UnsafePathError(
            f"text {file!r} must be in the dataset's folder {FOLDER}/: ds.attach copies it there"
        )
    return locate(image_root, file)


def taken_in(file: str | os.PathLike[str], kind: str, image_root: Path | None, home: Path) -> str:
    """The name of a file for the table of attachments; it is copied into ``home`` if need be.

    A picture or a video below the image root stays where it is. Every other file is copied, under a name made
    of its own and of its content, so that it is there once and never replaced.

    Args:
        file: a URL, or a path: below the image root, or else from the working directory.
        kind: how it will be shown.
        image_root: image root of the dataset.
        home: folder of its copies.

    Raises:
        FormatError: there is no such file, or it is not what ``kind`` says.
        ImageError: it is no image.
        UnsafePathError: the URL cannot be used.
        StorageError: it cannot be copied.
    """
    name = os.fspath(file)
    if is_url(name):
        wrong = problem(name)
        if wrong is not None:
            raise UnsafePathError(f"attachment {name!r} cannot be used: {wrong}")
        return name
    path = _found(name, image_root)
    check_content(path, kind)
    full = path.resolve()
    if full.is_relative_to(home.resolve()):
        _touch(full)
        return INSIDE + full.relative_to(home.resolve()).as_posix()
    if kind != "text" and image_root is not None and full.is_relative_to(image_root.resolve()):
        below = full.relative_to(image_root.resolve()).as_posix()
        if not below.startswith(INSIDE) and problem(below) is None:
            return below
    return copied(full, home)


def copied(path: Path, home: Path, name: str = "") -> str:
    """Copy a file into the folder of attachments, unless its content is there; returns its new name."""
    with reading(path), path.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=10)).hexdigest()
    own = Path(name or path.name)
    stem = _PLAIN.sub("-", own.stem).strip("-")[:_STEM]
    suffix = own.suffix.lower() if _SUFFIX.fullmatch(own.suffix) else ""
    target = home / f"{stem or 'file'}-{digest}{suffix}"
    _touch(target)
    if not target.exists():
        put(path, target)
    return INSIDE + target.name


def _touch(copy: Path) -> None:
    """Say of a copy that is there already that it is needed now: nobody removes young ones."""
    with suppress(OSError):
        os.utime(copy)


def put(path: Path, target: Path) -> None:
    """Copy a file to a name that is not taken: it is there whole, or not at all."""
    partial = target.parent / f"{TEMPORARY}{target.name}"
    with writing(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        with gone_if_failed(partial):
            shutil.copyfile(path, partial)
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            publish(partial, target)


def _found(name: str, image_root: Path | None) -> Path:
    places = [Path(name).expanduser().absolute()]
    if image_root is not None and problem(name) is None:
        places.insert(0, image_root / name)
    for path in places:
        if path.is_file():
            return path
    looked = " or ".join(map(str, places))
    raise FormatError(f"there is no file {looked}: give the path of a file, or a URL")
