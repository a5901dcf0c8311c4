"""Image files: safe paths, sizes and pixels.

Neither the file names nor the files of a dataset are trusted. A name that leaves the image root raises an
UnsafePathError; a file that is missing, damaged, too large or not an image raises an ImageError, never
another error. URLs are fetched only from allowed places: see ``remote.py``.
"""

from __future__ import annotations

import io
import math
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from ...core.errors import ImageError, NbalabelError, UnsafePathError
from ...core.show.display import Display, Values
from ...core.tables.image_files import problem
from ...core.urls import is_url
from .headers import header_size
from .opening import open_picture
from .pillow_warnings import Quiet
from .remote.fetching import MAX_BYTES
from .remote.folder import RemoteFolder
from .remote.reading import content, start

Pixels: TypeAlias = npt.NDArray[np.uint8]
Source: TypeAlias = str | os.PathLike[str]

MAX_PIXELS = 100_000_000
"""Larger images are refused by default: a small file can unpack to more than the memory holds."""

_quiet = Quiet()

_ORIENTATION = 0x0112  # EXIF tag

# Only formats with safe readers: for PostScript, for example, Pillow would run Ghostscript.
_FORMATS = ("JPEG", "PNG", "TIFF", "BMP", "DIB", "GIF", "WEBP", "PPM", "JPEG2000", "AVIF", "TGA")


# Some readers quote unknown bytes in their errors; the content of a file that is not an image must not leak.
_QUOTED = re.compile(r"""b'[^']*'|b"[^"]*\"""")


def safe_path(root: Source, file: str) -> Path:
    """Path of an image below its root.

    Args:
        root: the image root.
        file: path relative to it, with forward slashes.

    Raises:
        UnsafePathError: the name is empty, absolute, leaves the root with ``..`` or through a link, or has a
            drive letter, a backslash or a zero byte.

    Example:
        >>> safe_path("/data", "train/a.jpg").as_posix()
        '/data/train/a.jpg'
        >>> safe_path("/data", "../a.jpg")
        Traceback (most recent call last):
        nbalabel.core.errors.UnsafePathError: image file '../a.jpg' must stay below its image root: it
        contains '..'
    """
    wrong = "it is a URL" if is_url(file) else problem(file)
    if wrong is None:
        path = Path(root, file)
        try:
            outside = not path.resolve().is_relative_to(Path(root).resolve())
        except (OSError, RuntimeError) as error:  # a name too long, or a loop of links
            raise UnsafePathError(f"image file {file!r} cannot be looked up: {error}") from error
        if not outside:
            return path
        wrong = "a link leads out of it"
    raise UnsafePathError(f"image file {file!r} must stay below its image root: {wrong}")


class Below:
    """Paths of many images below one root: :func:`safe_path`, with each folder looked up once.

    Args:
        root: the image root.
    """

    def __init__(self, root: Source) -> None:
        self._root = Path(root)
        self._inside: dict[Path, bool] = {}

    def path(self, file: str) -> Path:
        """Path of an image; see :func:`safe_path`.

        Raises:
            UnsafePathError: see :func:`safe_path`.
        """
        if not is_url(file) and problem(file) is None:
            path = Path(self._root, file)
            with suppress(OSError, RuntimeError):
                if self._holds(path.parent) and not os.path.islink(path):
                    return path
        return safe_path(self._root, file)

    def _holds(self, folder: Path) -> bool:
        if folder not in self._inside:
            self._inside[folder] = folder.resolve().is_relative_to(self._root.resolve())
        return self._inside[folder]


def below(root: Path | RemoteFolder) -> Callable[[str], Source]:
    """From the names of files below an image root to where they are; see :func:`safe_path`."""
    return root.file if isinstance(root, RemoteFolder) else Below(root).path


def locate(root: Source | None, file: str) -> Path | str:
    """Resolve a value of ``images.file``: to a path below the image root, or to the URL itself.

    Raises:
        UnsafePathError: see :func:`safe_path`; or a URL has a local scheme, such as ``file://``.
        ImageError: the name is relative, and there is no image root.

    Example:
        >>> locate(None, "https://example.org/a.jpg")
        'https://example.org/a.jpg'
    """
    if is_url(file):
        wrong = problem(file)
        if wrong is not None:
            raise UnsafePathError(f"image URL {file!r} cannot be used: {wrong}")
        return file
    if root is None:
        raise ImageError(f"image file {file!r} is relative, and these tables have no image root")
    return safe_path(root, file)


def image_size(source: Source) -> tuple[int, int]:
    """Width and height of an image in pixels, from its header.

    Raises:
        ImageError: the file is missing or not an image.
    """
    name = _name(source)
    found = None
    if is_url(name):
        found = header_size(io.BytesIO(start(name)))
    elif os.path.isfile(name):
        with suppress(OSError), Path(name).open("rb") as file:
            found = header_size(file)
    if found is not None:
        return found
    with _opened(source) as image:
        width, height = image.size
    return int(width), int(height)


def has_pages(source: Source) -> bool:
    """Whether a file holds more pictures than the first, which alone is read: a stack, or pages.

    Raises:
        ImageError: the file is missing or not an image.
    """
    with _opened(source) as image:
        try:
            image.seek(1)
        except (EOFError, OSError):  # there is no second one, or it cannot be read
            return False
        return True


def read_image(source: Source, max_pixels: int = MAX_PIXELS) -> Pixels:
    """Pixels of an image file or URL.

    The EXIF orientation of cameras is not applied: masks of COCO, YOLO and other formats refer to the
    pixels as stored. Transparency is dropped; of several frames the first is taken. Images of more than eight
    bits are stretched so that the darkest and the brightest thousandth of their pixels become 0 and 255.

    Args:
        source: a path, or a URL of a place that :func:`nbalabel.allow_images_from` allows.
        max_pixels: images with more pixels are refused before unpacking.

    Returns:
        ``(height, width, 3)`` uint8, RGB.

    Raises:
        ImageError: the file is missing, truncated, not an image, too large, or cannot be converted to RGB; or
            the URL's place is not allowed.
        MissingExtraError: for a URL, fsspec or the package that it needs for this scheme is not installed.
    """
    return eight_bits(read_values(source, max_pixels))


def read_values(source: Source, max_pixels: int = MAX_PIXELS) -> Values:
    """As :func:`read_image`, but gray images of more than eight bits keep their numbers.

    Returns:
        ``(height, width, 3)`` uint8, RGB; ``(height, width)`` integers or floats for more than eight bits.
    """
    with _opened(source) as image:
        _check_size(source, image.size, max_pixels)
        image.load()
        return _values(image)


def read_layer(source: Source, max_pixels: int = MAX_PIXELS) -> Values:
    """As :func:`read_values`, but with transparency, and numbers of more than eight bits whatever they are.

    Returns:
        ``(height, width, 4)`` uint8, RGBA; ``(height, width)`` integers or floats for more than eight bits.
    """
    with _opened(source) as image:
        _check_size(source, image.size, max_pixels)
        image.load()
        return np.array(image if image.mode.startswith(("I", "F")) else image.convert("RGBA"))


def eight_bits(values: Values) -> Pixels:
    """Convert a result of :func:`read_values` to that of :func:`read_image`; extreme values are clipped."""
    return values if values.ndim == 3 else Display(auto=False).of(values)


class Header(NamedTuple):
    """Metadata in the header of an image file.

    Attributes:
        format: Pillow's name of the format: "JPEG", "PNG".
        width: pixels.
        height: pixels.
        plain: whether every reader gives the same pixels as :func:`read_image`: 8 bits gray, palette or RGB,
            not transparent, not rotated by EXIF.
    """

    format: str
    width: int
    height: int
    plain: bool


def read_header(source: Source) -> Header:
    """The header of an image file, without reading its pixels.

    Raises:
        ImageError: the file is missing or not an image.
    """
    with _opened(source) as image:
        plain = image.mode in ("1", "L", "RGB", "P") and "transparency" not in image.info
        upright = image.getexif().get(_ORIENTATION, 1) == 1
        return Header(str(image.format), *image.size, plain and upright)


def read_bytes(source: Source) -> bytes:
    """The bytes of an image file.

    Raises:
        ImageError: the file is missing or cannot be read.
    """
    try:
        with _stream(_name(source)) as stream:
            data = stream.read(MAX_BYTES + 1)
    except NbalabelError:
        raise
    except Exception as error:  # file systems and servers raise many types of errors
        raise ImageError(f"{_name(source)} cannot be read: {error}") from error
    if len(data) > MAX_BYTES:
        raise ImageError(f"{_name(source)} has more than {MAX_BYTES:,} bytes")
    return data


def not_images(paths: Iterable[Path]) -> list[str]:
    """One sentence for each file whose content is not a readable image."""
    wrong = []
    for path in paths:
        try:
            image_size(path)
        except ImageError as error:
            wrong.append(str(error))
    return wrong


def copy_image(source: Source, target: Path) -> None:
    """Copy a file if its content is an image.

    An untrusted dataset may name any file as an image, and copies are often shared; so other files are never
    copied.

    Raises:
        ImageError: the file is missing or not an image.
    """
    name = _name(source)
    with _opened(source):
        pass
    try:
        with _stream(name) as stream, target.open("wb") as out:
            shutil.copyfileobj(stream, out)
    except OSError as error:
        if isinstance(error, ImageError):
            raise
        raise ImageError(f"{name} cannot be copied to {target}: {error}") from error


def read_small(
    source: Source,
    size: int,
    max_pixels: int = MAX_PIXELS,
    shown: Callable[[Values], Pixels] = eight_bits,
    least: int = 0,
) -> Pixels:
    """Pixels of an image scaled down so that its longer side is at most ``size``; never up.

    As :func:`thumbnail` of :func:`read_image`, but JPEG files are decoded at a fraction of their size.

    Args:
        source: a path, or a URL of an allowed place.
        size: longer side, pixels.
        max_pixels: images with more pixels are refused.
        shown: converts the values of :func:`read_values` to pixels, before scaling.
        least: smallest longer side of the values that ``shown`` gets, pixels (at most that of the image).

    Raises:
        ImageError: see :func:`read_image`.
    """
    with _opened(source) as image:
        width, height = image.size
        _check_size(source, image.size, max_pixels)
        scale = min(size / max(width, height), 1.0)
        target = max(round(width * scale), 1), max(round(height * scale), 1)
        if image.format == "JPEG":
            more = max(least / max(target), 1.0)
            image.draft(None, (math.ceil(target[0] * more), math.ceil(target[1] * more)))
        image.load()
        pixels = shown(_values(image))
    if pixels.shape[:2] == target[::-1]:
        return pixels
    return np.asarray(Image.fromarray(pixels).resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0))


def thumbnail(pixels: Pixels, size: int) -> Pixels:
    """The image scaled down so that its longer side is at most ``size`` pixels; never up.

    Example:
        >>> thumbnail(np.zeros((300, 600, 3), np.uint8), 100).shape
        (50, 100, 3)
    """
    height, width = pixels.shape[:2]
    scale = size / max(height, width)
    if scale >= 1:
        return pixels
    target = max(round(width * scale), 1), max(round(height * scale), 1)
    return np.asarray(Image.fromarray(pixels).resize(target, Image.Resampling.LANCZOS, reducing_gap=2.0))


def crop(pixels: Pixels, box: Sequence[float], margin: float = 0.0) -> Pixels:
    """The part of an image in a box, clipped to the image and at least one pixel; a view, not a copy.

    Args:
        pixels: ``(height, width, 3)`` uint8.
        box: (x, y, w, h), pixels.
        margin: added on every side, as a share of the longer side of the box.

    Example:
        >>> crop(np.zeros((50, 80, 3), np.uint8), (70, 10, 20, 10), margin=0.5).shape
        (30, 20, 3)
    """
    height, width = pixels.shape[:2]
    x, y, w, h = (float(v) for v in box)
    more = margin * max(w, h)
    left, top = (
        min(max(int(np.floor(x - more)), 0), width - 1),
        min(max(int(np.floor(y - more)), 0), height - 1),
    )
    right, bottom = min(int(np.ceil(x + w + more)), width), min(int(np.ceil(y + h + more)), height)
    return pixels[top : max(bottom, top + 1), left : max(right, left + 1)]


def _name(source: Source) -> str:
    return os.fspath(source)


@contextmanager
def _opened(source: Source) -> Iterator[Image.Image]:
    """Open an image and read only its header; every failure within the block becomes an ImageError."""
    name = _name(source)
    with _quiet():  # Pillow warns about files that we refuse, or read anyway
        try:
            with _stream(name) as stream, open_picture(stream, _known_formats()) as image:
                yield image
        except NbalabelError:
            raise
        except UnidentifiedImageError as error:
            raise ImageError(f"{name} is not an image in one of {', '.join(_known_formats())}") from error
        except Image.DecompressionBombError as error:
            raise ImageError(f"{name} has too many pixels: {error}") from error
        except Exception as error:  # Pillow's readers raise almost any error for damaged files
            said = _QUOTED.sub("...", str(error)) or type(error).__name__
            raise ImageError(f"{name} cannot be read: {said}") from error


def _known_formats() -> tuple[str, ...]:
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def _stream(name: str) -> IO[bytes]:
    if is_url(name):
        return io.BytesIO(content(name))
    path = Path(name)
    if not path.is_file():  # also false for a folder, a device or a pipe
        raise ImageError(f"{name} is missing" if not path.exists() else f"{name} is not a file")
    return path.open("rb")


def _check_size(source: Source, size: tuple[int, int], max_pixels: int) -> None:
    width, height = size
    if width * height > max_pixels:
        raise ImageError(
            f"{_name(source)} has {width} x {height} pixels, more than max_pixels={max_pixels:,}"
        )


def _values(image: Image.Image) -> Values:
    if image.mode.startswith(("I", "F")):
        values = np.array(image)
        shallow = values.dtype.kind in "iu" and values.min() >= 0 and values.max() <= 255
        return np.repeat(values.astype(np.uint8)[:, :, None], 3, axis=2) if shallow else values
    if image.mode == "P" and "transparency" in image.info:
        image = image.convert("RGBA")
    return np.array(image if image.mode == "RGB" else image.convert("RGB"))
