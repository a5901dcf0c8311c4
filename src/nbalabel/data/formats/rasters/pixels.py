"""Masks stored as image files: read integers from pixels, and pair masks with their images."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from ....core.errors import FormatError, first
from ...images.files import MAX_PIXELS, safe_path
from ...images.opening import open_picture
from ...images.remote.folder import Root
from ..records.files import by_stem, existing_folder, image_folder, list_images, read_sizes, stem, write_bytes

Encoding = Literal["auto", "gray", "rgb"]

BROKEN = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    KeyError,
    IndexError,
    struct.error,
    zlib.error,
    MemoryError,
)
"""Errors that Pillow raises for damaged files."""

_FORMATS = ("PNG", "TIFF", "BMP", "GIF", "JPEG", "WEBP", "PPM")

_MOST_RUNS = 1 << 23
"""Most runs in a map: a small crafted file could have more, and a run costs about 100 bytes of memory."""

_GRAY = ("1", "L", "P", "I", "I;16", "I;16B", "I;16L", "LA", "PA")


@dataclass(frozen=True)
class Pairs:
    """Images and the mask file of each.

    Attributes:
        images: columns ``file``, ``width``, ``height``; ids 1..n.
        masks: mask file of each image, relative to ``folder``; None if there is none.
        folder: folder of the masks.
        root: folder of the images; None if there are only masks.
    """

    images: pd.DataFrame
    masks: list[str | None]
    folder: Path
    root: Root | None


def pair(images: str | Path | None, masks: str | Path) -> Pairs:
    """Find the mask of each image: the file with the same name, with any suffix.

    Args:
        images: folder of the images; None takes the masks' own names and sizes.
        masks: folder of the masks.

    Raises:
        FormatError: a folder is missing, names are ambiguous, or masks have no image.
        ImageError: an image's size cannot be read.
    """
    folder = existing_folder(masks)
    found = by_stem(list_images(folder))
    if images is None:
        names: list[str | None] = list(found.values())
        return Pairs(read_sizes(folder, list(found.values())), names, folder, None)
    root = image_folder(images)
    files = by_stem(list_images(root))
    orphans = [mask for name, mask in found.items() if name not in files]
    if orphans:
        raise FormatError(
            f"{len(orphans)} masks in {folder} have no image of their name in {root}: {first(orphans)}"
        )
    return Pairs(read_sizes(root, list(files.values())), [found.get(name) for name in files], folder, root)


def read_map(path: Path, height: int, width: int, encoding: Encoding = "auto") -> np.ndarray:
    """Pixels of a mask file as integers.

    Args:
        path: a gray (8 or 16 bit), palette (its indices) or RGB image.
        height: height of the mask's image, pixels.
        width: likewise.
        encoding: "rgb" reads colors as ``r + 256 g + 65536 b``, "gray" refuses colors, "auto" treats an RGB
            file with equal channels as gray.

    Returns:
        ``(height, width)`` int32.

    Raises:
        FormatError: the file is not such an image, or of another size.
    """
    from PIL import Image

    try:
        with _quiet(), open_picture(path, _FORMATS) as file:
            if file.size != (width, height):
                raise FormatError(
                    f"{path} is {file.size[0]} x {file.size[1]} pixels, its image {width} x {height}"
                )
            if height * width > MAX_PIXELS:
                raise FormatError(f"{path} must be at most {MAX_PIXELS:,} pixels, it is {width} x {height}")
            if encoding == "rgb" and file.mode in ("P", "PA"):
                pixels = np.asarray(file.convert("RGB"))
            elif file.mode in _GRAY:
                pixels = np.asarray(file.getchannel(0) if file.mode in ("LA", "PA") else file)
            elif file.mode in ("RGB", "RGBA"):
                pixels = np.asarray(file)[..., :3]
            else:
                raise FormatError(f"{path} must be a gray, palette or RGB image, got mode {file.mode}")
    except FormatError:
        raise
    except (*BROKEN, Image.DecompressionBombError) as error:
        raise FormatError(f"{path} cannot be read as an image: {error}") from error
    values = _whole_numbers(pixels, path, encoding)
    if np.count_nonzero(values[1:] != values[:-1]) + width > _MOST_RUNS:
        raise FormatError(f"{path} changes its value more than {_MOST_RUNS:,} times down its columns: noise?")
    return values


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence Pillow's warning about large files; a mask must have the size of its image anyway."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        yield


def _whole_numbers(pixels: np.ndarray, path: Path, encoding: Encoding) -> np.ndarray:
    if pixels.ndim == 2:
        values = pixels.astype(np.int32)
        if encoding == "rgb":  # a gray file where colors were expected
            values = values * 0x010101
        return values
    channels = pixels.astype(np.int32)
    gray = bool((channels == channels[..., :1]).all())
    if encoding == "gray" and not gray:
        raise FormatError(f"{path} is a color image: name its labels by their colors, {{(r, g, b): label}}")
    if encoding != "rgb" and gray:
        return np.ascontiguousarray(channels[..., 0])
    combined: np.ndarray = channels @ np.array([1, 1 << 8, 1 << 16], np.int32)
    return combined


def write_map(path: Path, values: np.ndarray) -> None:
    """Write integers below 2**24 as a PNG: 8 bit gray, 16 bit gray or RGB, the smallest that suffices."""
    from PIL import Image

    largest = int(values.max(initial=0))
    if largest < 1 << 8:
        image = Image.fromarray(values.astype(np.uint8))
    elif largest < 1 << 16:
        image = Image.fromarray(values.astype(np.uint16))
    else:
        image = Image.fromarray(np.stack([values >> s & 255 for s in (0, 8, 16)], axis=-1).astype(np.uint8))
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    write_bytes(path, buffer.getvalue())


def mask_path(folder: Path, name: str) -> Path:
    """Path of a mask file, which must stay below its folder."""
    path: Path = safe_path(folder, name)
    return path


def mask_names(files: Sequence[str]) -> list[str]:
    """Names of the PNG masks of images.

    Raises:
        FormatError: two images differ only in their suffix.
    """
    by_stem(files)
    return [f"{stem(file)}.png" for file in files]
