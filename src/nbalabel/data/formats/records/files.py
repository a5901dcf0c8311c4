"""Image files beside the annotations: folders, safe names, atomic writes."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence, Sized
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, TypeVar

import pandas as pd

from ....core.errors import DataError, FormatError, ImageError, UnsafePathError, first
from ....core.urls import is_url, local_path
from ...images.files import below, copy_image, image_size, not_images, safe_path
from ...images.many import each
from ...images.remote.folder import RemoteFolder, names_here

T = TypeVar("T")

Images = Literal["none", "link", "copy"]
Unannotated = Literal["unlabeled", "empty"]

IMAGE_SUFFIXES = frozenset(
    {".bmp", ".gif", ".jpeg", ".jpg", ".png", ".ppm", ".pgm", ".tif", ".tiff", ".webp"}
)

_UNSAFE = re.compile(r"^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|\x00")


def progress(rows: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """Iterate with a progress bar that appears only after one second."""
    from ....core.progress import Bar

    n = total if total is not None else len(rows) if isinstance(rows, Sized) else None
    return iter(Bar(rows, desc=what, total=n, delay=1, leave=False))


def check_names(files: Sequence[Any], ids: Iterable[object]) -> None:
    """Refuse file names that are not relative, or climb out of their folder.

    Args:
        files: names as an annotation file gives them; URLs pass.
        ids: name of each row for the message.

    Raises:
        FormatError: a name is missing, empty or not text.
        UnsafePathError: a name is absolute, has a drive letter, a ``..`` or a NUL.
    """
    named = list(zip(ids, files, strict=True))
    missing = [i for i, f in named if type(f) is not str or not f.strip("./\\ ")]
    if missing:
        raise FormatError(f"every image needs a file name; it is missing for {first(missing)}")
    bad = [(i, f) for i, f in named if _UNSAFE.search(f) and not is_url(f)]
    if bad:
        raise UnsafePathError(
            f"file names must be relative and stay inside the image folder; {len(bad)} do not, "
            f"of images {first(i for i, _ in bad)}: {first(repr(f) for _, f in bad)}"
        )


def list_images(folder: str | Path | RemoteFolder) -> list[str]:
    """Image files below a folder, sorted, as relative names with forward slashes.

    Raises:
        FormatError: there is no such folder.
    """
    if isinstance(folder, RemoteFolder):
        return sorted(folder.list(IMAGE_SUFFIXES))
    return list_files(folder, IMAGE_SUFFIXES)


def list_files(folder: str | Path, suffixes: Iterable[str]) -> list[str]:
    """Files with these suffixes below a folder, sorted, as relative names; hidden files are left out."""
    root = existing_folder(folder)
    wanted = frozenset(suffixes)
    paths = [
        path.relative_to(root) for path in root.rglob("*") if path.suffix.lower() in wanted and path.is_file()
    ]
    names = [path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts)]
    broken = unwritable(names)
    if broken:
        raise FormatError(f"{len(broken)} file names below {root} are not valid Unicode: {first(broken)}")
    return sorted(names)


def unwritable(names: Iterable[str]) -> list[str]:
    """Names that cannot be encoded as UTF-8: undecodable bytes of a file system, lone surrogates."""
    return [
        ascii(name)
        for name in names
        if not name.isascii() and name != name.encode("utf-8", "replace").decode()
    ]


def existing_folder(folder: str | Path) -> Path:
    """The path of a folder, checked to exist.

    Raises:
        FormatError: there is no such folder.
    """
    path = local_path(folder)
    if not path.is_dir():
        raise FormatError(f"there is no folder {path}")
    return path


def image_folder(folder: str | Path) -> Path | RemoteFolder:
    """Where the pictures of a reader are: a folder that exists here, or one at a URL.

    Raises:
        FormatError: there is no such folder here, or pictures cannot come from such a URL.
    """
    return RemoteFolder.of(str(folder)) if is_url(str(folder)) else existing_folder(folder)


def read_sizes(root: Path | RemoteFolder, files: Sequence[str]) -> pd.DataFrame:
    """Width and height of image files, from their headers.

    Args:
        root: the image folder, here or elsewhere.
        files: names below it.

    Returns:
        Columns ``file``, ``width``, ``height`` (pixels); ids 1..n in the order given.

    Raises:
        ImageError: naming all files whose size cannot be read.
    """
    place = below(root)

    def size(file: str) -> tuple[str, int, int] | str:
        try:
            return file, *image_size(place(file))
        except ImageError as error:
            return f"{file} ({error})"

    measured = each(size, files, "image sizes")
    rows = [found for found in measured if not isinstance(found, str)]
    broken = [found for found in measured if isinstance(found, str)]
    if broken:
        raise ImageError(f"{len(broken)} of {len(files)} images cannot be read: {first(broken)}")
    frame = pd.DataFrame(rows, columns=["file", "width", "height"])
    return frame.set_index(pd.RangeIndex(1, len(rows) + 1, name="image_id"))


def by_stem(files: Iterable[str]) -> dict[str, str]:
    """Relative names by their name without suffix.

    Raises:
        FormatError: two files differ only in their suffix, so that a label file would be ambiguous.
    """
    out: dict[str, str] = {}
    clashes: list[str] = []
    for file in files:
        other = out.setdefault(stem(file), file)
        if other != file:
            clashes.append(f"{other} and {file}")
    if clashes:
        raise FormatError(f"files that differ in their suffix alone cannot be told apart: {first(clashes)}")
    return out


def stem(file: str) -> str:
    """A relative name without its suffix.

    Example:
        >>> stem("day 1/a.b.jpg")
        'day 1/a.b'
    """
    return str(PurePosixPath(file.replace("\\", "/")).with_suffix(""))


def relative_names(images: pd.DataFrame) -> list[str]:
    """File names of a table of images, safe to write below a folder.

    Images at URLs get the part of the URL below the folder that all of them share.

    Raises:
        DataError: two images would have the same name.
        UnsafePathError: a name leaves its folder.
    """
    files = images["file"].tolist()
    check_names(files, images.index)
    named = names_here(files)
    check_names(named, images.index)
    return [name.replace("\\", "/") for name in named]


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file atomically: to a temporary name first, then rename."""
    with written_whole(path) as file:
        file.write(data)


@contextmanager
def written_whole(path: Path) -> Iterator[IO[bytes]]:
    """A file to write to that gets its name at the end of the block, and is removed after an error."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with temporary.open("wb") as file:
            yield file
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def export_images(root: Path | None, rows: pd.DataFrame, targets: Sequence[Path], images: Images) -> None:
    """Copy or link image files to the paths that a writer chose.

    Args:
        root: the image root.
        rows: the images to export, with their column ``file``.
        targets: one path per row.
        images: "copy"; "link" for hard links (no extra space; a copy where links are impossible); "none".

    Raises:
        DataError: there are no image files to export.
        ImageError: files are missing, or their content is not an image; the message names them.
    """
    if images == "none":
        return
    if images not in ("link", "copy"):
        raise DataError(f'images must be "none", "link" or "copy", got {images!r}')
    remote = rows["file"].map(is_url).to_numpy(bool)
    if root is None and not remote.all():
        raise DataError('these tables have no image folder to export from: pass images="none"')
    _fetch(rows[remote], [target for target, far in zip(targets, remote, strict=True) if far])
    here = [target for target, far in zip(targets, remote, strict=True) if not far]
    if root is not None:
        _export(root, rows[~remote], here, images)


def _fetch(rows: pd.DataFrame, targets: Sequence[Path]) -> None:
    """Write the pictures at URLs to files."""
    if len(set(targets)) < len(targets):
        raise DataError("two images at URLs would be written to one file")

    def fetch(pair: tuple[str, Path]) -> str | None:
        url, target = pair
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            copy_image(url, target)
        except ImageError as error:
            return str(error)
        return None

    failed = [said for said in each(fetch, list(zip(rows["file"], targets, strict=True)), "images") if said]
    if failed:
        raise ImageError(f"{len(failed)} of {len(rows)} images cannot be fetched: {first(failed)}")


def _export(root: Path, rows: pd.DataFrame, targets: Sequence[Path], images: Images) -> None:
    sources = [safe_path(root, file) for file in rows["file"]]
    missing = [i for i, source in zip(rows.index, sources, strict=True) if not source.is_file()]
    if missing:
        raise ImageError(f"{len(missing)} image files are missing below {root}, of images {first(missing)}")
    others = not_images(progress(sources, "checking images"))
    if others:
        raise ImageError(f"{len(others)} files are no images and not exported: {first(others)}")
    for source, target in progress(list(zip(sources, targets, strict=True)), "images"):
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists() and target.samefile(source):
            continue
        target.unlink(missing_ok=True)
        _place(source, target, images)


def _place(source: Path, target: Path, images: Images) -> None:
    if images == "link":
        try:
            os.link(source, target)
        except OSError:  # another file system, or one without links
            shutil.copyfile(source, target)
    else:
        shutil.copyfile(source, target)
