"""VOC's colors, its list of labels, and pictures whose values are numbers of labels or objects.

Source: the VOC2012 development kit, http://host.robots.ox.ac.uk/pascal/VOC/voc2012/
"""

from __future__ import annotations

import io
from functools import lru_cache
from pathlib import Path

import numpy as np

from ....core.errors import DataError, FormatError, first, short
from ...images.opening import open_picture
from ..rasters.pixels import BROKEN, read_map
from ..records.documents import text
from ..records.files import write_bytes

LABELMAP = "labelmap.txt"
BACKGROUND, VOID, MOST = "background", 255, 254
"""Name of label 0; the value of pixels that are not judged; most labels, and most objects in an image."""

LABELS = [
    *("aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable"),
    *("dog", "horse", "motorbike", "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor"),
]
"""The labels of VOC itself, in order."""


@lru_cache(maxsize=1)
def palette() -> np.ndarray:
    """The color of each value, ``(256, 3)`` uint8: the lowest bits of a value are the highest of its color.

    Example:
        >>> palette()[[0, 1, 2, 255]].tolist()
        [[0, 0, 0], [128, 0, 0], [0, 128, 0], [224, 224, 192]]
    """
    value = np.arange(256)[:, None, None]
    place, channel = np.arange(8)[None, :, None], np.arange(3)[None, None, :]
    bits = (value >> (3 * place + channel)) & 1
    colors: np.ndarray = (bits << (7 - place)).sum(axis=1).astype(np.uint8)
    return colors


def write_values(path: Path, values: np.ndarray) -> None:
    """Write values 0..255 as a PNG with VOC's palette."""
    from PIL import Image

    image = Image.fromarray(values.astype(np.uint8), mode=None)
    image.putpalette(palette().ravel().tolist())
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    write_bytes(path, buffer.getvalue())


def read_values(path: Path, height: int, width: int, colors: dict[int, int]) -> np.ndarray:
    """The values of such a picture, ``(height, width)`` int32.

    Args:
        path: a palette or gray image, whose values count, or a color image, whose colors do.
        height: of the image, pixels.
        width: of the image, pixels.
        colors: value of each color, ``r + 256 g + 65536 b``.

    Raises:
        FormatError: the file is no such image, of another size, or has a color that stands for nothing.
    """
    if not _is_colored(path):
        return read_map(path, height, width, "gray")
    found = read_map(path, height, width, "rgb")
    seen, at = np.unique(found, return_inverse=True)
    strange = [(c & 255, c >> 8 & 255, c >> 16) for c in seen.tolist() if c not in colors]
    if strange:
        raise FormatError(f"{path} has colors that stand for nothing: {first(strange)}")
    values: np.ndarray = np.array([colors[c] for c in seen.tolist()], np.int32)[at].reshape(found.shape)
    return values


def coded(colors: np.ndarray) -> dict[int, int]:
    """Color as one number -> its position, of ``(n, 3)`` colors; of equal colors the first."""
    numbers = (colors.astype(np.int64) @ np.array([1, 1 << 8, 1 << 16])).tolist()
    return {number: i for i, number in reversed(list(enumerate(numbers)))}


def _is_colored(path: Path) -> bool:
    from PIL import Image

    try:
        with open_picture(path, ("PNG",)) as file:
            return file.mode in ("RGB", "RGBA")
    except (*BROKEN, Image.DecompressionBombError) as error:
        raise FormatError(f"{path} cannot be read as a PNG: {error}") from error


def label_map(labels: tuple[str, ...]) -> str:
    """The text of ``labelmap.txt``: name, color, parts, actions, with colons between.

    Raises:
        DataError: there are too many labels, or one cannot stand in it.
    """
    bad = [name for name in labels if ":" in name or "#" in name or name != name.strip() or "\n" in name]
    bad += [name for name in labels if name == BACKGROUND]
    if bad or len(labels) > MOST:
        raise DataError(
            f"VOC holds up to {MOST} labels without colons and #, and none called {BACKGROUND}; got "
            f"{len(labels)}, among them {first(map(short, bad))}"
        )
    rows = zip([BACKGROUND, *labels], palette().tolist(), strict=False)
    lines = [f"{name}:{','.join(map(str, color))}::" for name, color in rows]
    return "\n".join(["# label:color_rgb:parts:actions", *lines, ""])


def read_label_map(folder: Path) -> tuple[list[str], dict[int, int]] | None:
    """The labels of ``labelmap.txt`` without the background, and color -> label; None where there is none.

    Raises:
        FormatError: a line is malformed, or a label comes twice.
    """
    path = folder / LABELMAP
    if not path.is_file():
        return None
    names, colors = [], []
    for i, line in enumerate(text(path, folder, 1 << 24).splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, rest = line.strip().partition(":")
        listed = [one for one in [rest.partition(":")[0]] if one]
        listed = listed[0].split(",") if listed else []
        if not name or len(listed) not in (0, 3) or not all(map(_is_byte, listed)):
            raise FormatError(f'{path}, line {i} must be "name:r,g,b::", got {short(line)}')
        names.append(name)
        colors.append([int(one) for one in listed] or palette()[len(names) - 1 & 255].tolist())
    if len(set(names)) != len(names):
        raise FormatError(f"{path}: labels must be unique, got {first(map(short, names))}")
    codes = coded(np.array(colors, np.int64).reshape(-1, 3))
    if BACKGROUND in names and names[0] != BACKGROUND:
        raise FormatError(f"{path} must begin with {BACKGROUND}")
    first_is_none = names[:1] == [BACKGROUND]
    return names[first_is_none:], {color: i + (not first_is_none) for color, i in codes.items()}


def _is_byte(text: str) -> bool:
    return text.strip().isascii() and text.strip().isdigit() and int(text.strip()[:4]) < 256
