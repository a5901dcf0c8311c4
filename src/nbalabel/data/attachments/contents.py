"""What is in attachments, within limits: texts, pictures, layers over a picture, videos."""

from __future__ import annotations

import codecs
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from ...core.errors import FormatError
from ...core.show.heat import heat
from ..images.files import Pixels, Source, read_layer, read_small
from ..images.remote.fetching import fetch
from .kinds import TEXT_BYTES, video_type

VIDEO_BYTES = 64 << 20
"""Larger videos are not shown: a view gets them whole, in one message."""

LAYER = 2048
"""Longer side of a layer as it is shown, pixels."""


class Text(NamedTuple):
    """A text, and whether its end was left out."""

    text: str
    is_cut: bool


class Layer(NamedTuple):
    """A layer over a picture.

    Attributes:
        pixels: ``(h, w, 4)`` uint8, RGBA, the longer side at most :data:`LAYER`.
        size: width and height of the file, pixels.
        low: the value that has the first color; None where the file has colors of its own.
        high: the value that has the last color.
    """

    pixels: Pixels
    size: tuple[int, int]
    low: float | None = None
    high: float | None = None


def read_text(source: Source) -> Text:
    """The text of a file: at most 256 KiB, UTF-8; bytes that are none become U+FFFD.

    Raises:
        FormatError: the file is missing, cannot be read, or is no text.
        ImageError: a URL that is not allowed, or cannot be fetched.
    """
    if isinstance(source, str):
        data = fetch(source, max_bytes=4 * TEXT_BYTES)
    else:
        data = _bytes(source, TEXT_BYTES + 1)
    if b"\0" in data[:TEXT_BYTES]:
        raise FormatError(f"{source} is no text: it holds zero bytes. Texts are UTF-8")
    is_cut = len(data) > TEXT_BYTES
    decoder = codecs.getincrementaldecoder("utf-8-sig")(errors="replace")
    return Text(decoder.decode(data[:TEXT_BYTES], final=not is_cut), is_cut)


def read_video(source: Source) -> tuple[bytes, str]:
    """The bytes of a video, and its type for a browser.

    Raises:
        FormatError: the file is missing, too large, or no video that browsers play.
        ImageError: a URL that is not allowed, or cannot be fetched.
    """
    if isinstance(source, str):
        data = fetch(source, max_bytes=VIDEO_BYTES)
    else:
        path = Path(source)
        if path.is_file() and path.stat().st_size > VIDEO_BYTES:
            size = path.stat().st_size / (1 << 20)
            raise FormatError(
                f"{path} has {size:,.0f} MiB, and views show videos of at most {VIDEO_BYTES >> 20} MiB: "
                "attach a shorter or smaller one"
            )
        data = _bytes(path, VIDEO_BYTES)
    return data, video_type(data[:12], str(source))


def read_picture(source: Source, size: int) -> Pixels:
    """The pixels of an image, its longer side at most ``size``.

    Raises:
        ImageError: the file is missing or no image, or its URL is not allowed.
    """
    return read_small(source, size)


def read_over(source: Source) -> Layer:
    """A layer over a picture: numbers of one channel get colors, colors stay as they are.

    Files of more than eight bits a pixel (depth, thermal, heat maps) are numbers: a thousandth of them below
    and above are clipped, and NaN is transparent. Of several frames the first is taken.

    Raises:
        ImageError: the file is missing or no image, or its URL is not allowed.
    """
    values = read_layer(source)
    height, width = values.shape[:2]
    size, step = (width, height), -(-max(width, height) // LAYER)
    if values.ndim == 2:
        colored = heat(values[::step, ::step])
        return Layer(colored.pixels, size, colored.low, colored.high)
    if step > 1:
        target = max(width // step, 1), max(height // step, 1)
        values = np.asarray(Image.fromarray(values).resize(target, Image.Resampling.BOX))
    return Layer(values, size)


def size_of(source: Source) -> int | None:
    """Bytes of a file; None for a URL or where there is none."""
    if isinstance(source, str):
        return None
    try:
        return Path(source).stat().st_size
    except OSError:
        return None


def _bytes(source: Source, most: int) -> bytes:
    path = Path(source)
    if not path.is_file():  # also false for a folder, a device or a pipe
        raise FormatError(f"{path} is missing" if not path.exists() else f"{path} is not a file")
    try:
        with path.open("rb") as file:
            return file.read(most)
    except OSError as error:
        raise FormatError(f"{path} cannot be read: {error.strerror or error}") from error
