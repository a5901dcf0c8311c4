"""The pixels of one image as the viewer gets them: the file itself, or a base picture and sharper parts."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, NamedTuple

from PIL import Image

from ...core.errors import ImageError, NbalabelError
from ...core.show.display import Display
from ...data.images.files import MAX_PIXELS, Header, Pixels, read_bytes, read_header, thumbnail
from .pictures import image_row, image_source, jpeg, pictures_of

if TYPE_CHECKING:
    from ..workspace.workspace import Workspace

WHOLE_PIXELS = 16_000_000
"""Images of up to this many pixels go to the browser whole, larger ones as a base picture and parts."""

BASE = 2048
"""Longer side of the base picture of a larger image, pixels."""

_MESSAGE = 8 << 20  # bytes: larger files are sent as a JPEG
_LOSSLESS = 1_000_000  # pixels up to which pictures are sent without loss
_PLAIN = {"JPEG": "jpeg", "PNG": "png", "WEBP": "webp", "GIF": "gif", "BMP": "bmp", "AVIF": "avif"}


class Picture(NamedTuple):
    """Encoded pixels.

    Attributes:
        data: the bytes of an image file.
        mime: its type.
        width: of the image it shows, pixels.
        height: of the image, pixels.
        whole: whether it has all of the image's pixels.
        auto: whether auto contrast changed its values.
    """

    data: bytes
    mime: str
    width: int
    height: int
    whole: bool
    auto: bool


def picture_of(ws: Workspace, row: int) -> Picture:
    """An image for the browser; a base picture where it has more than 16 million pixels.

    Auto contrast is in its pixels; brightness, contrast and gamma are not: the browser draws with them.

    Args:
        ws: the workspace.
        row: row of ``images``.

    Raises:
        ImageError: the file is missing, damaged, too large or no image.
    """
    try:
        source = image_source(ws, image_row(ws, "images", row))
        header = read_header(source)
        _check_size(str(source), header)
        _, width, height, plain = header
        pictures, display = pictures_of(ws), _untoned(ws)
        auto = pictures.look(source, display).auto
        if width * height > WHOLE_PIXELS:
            base = jpeg(pictures.small(source, BASE, display))
            return Picture(base, "image/jpeg", width, height, whole=False, auto=auto)
        if plain and header.format in _PLAIN and not auto:
            data = read_bytes(source)
            if len(data) <= _MESSAGE:
                return Picture(data, f"image/{_PLAIN[header.format]}", width, height, True, auto)
        shown = pictures.part(source, (0, 0, width, height), display)
        return Picture(*_encoded(shown), width, height, whole=True, auto=auto)
    except ImageError:
        raise
    except NbalabelError as error:  # no image root, an unsafe name, the dataset folder is gone
        raise ImageError(str(error)) from error


def part_of(
    ws: Workspace, row: int, box: tuple[int, int, int, int], longest: int, untoned: bool = False
) -> bytes:
    """A part of an image as a JPEG.

    Args:
        ws: the workspace.
        row: row of ``images``.
        box: left, top, right, bottom, pixels; clipped to the image.
        longest: longer side of the picture, pixels; it is never enlarged.
        untoned: leave brightness, contrast and gamma to the browser, as :func:`picture_of` does.

    Raises:
        ImageError: see :func:`picture_of`, or the box misses the image.
    """
    try:
        source = image_source(ws, image_row(ws, "images", row))
        pictures = pictures_of(ws)
        height, width = pictures.pixels.values(source).shape[:2]
        left, top, right, bottom = max(box[0], 0), max(box[1], 0), min(box[2], width), min(box[3], height)
        if left >= right or top >= bottom:
            raise ImageError(f"{source}: no pixels in the box {box} of {width} x {height}")
        display = _untoned(ws) if untoned else ws.display
        part = pictures.part(source, (left, top, right - left, bottom - top), display)
    except ImageError:
        raise
    except NbalabelError as error:
        raise ImageError(str(error)) from error
    return jpeg(thumbnail(part, min(max(longest, 16), 4096)), quality=88)


def facts(picture: Picture) -> dict[str, Any]:
    """The fields of a picture for the browser, without its bytes."""
    return {
        "mime": picture.mime,
        "width": picture.width,
        "height": picture.height,
        "whole": picture.whole,
        "auto": picture.auto,
    }


def _untoned(ws: Workspace) -> Display:
    return Display(auto=ws.display.auto)


def _check_size(name: str, header: Header) -> None:
    if header.width * header.height > MAX_PIXELS:
        raise ImageError(
            f"{name} has {header.width} x {header.height} pixels, more than the {MAX_PIXELS:,} that are shown"
        )


def _encoded(pixels: Pixels) -> tuple[bytes, str]:
    if pixels.shape[0] * pixels.shape[1] <= _LOSSLESS:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG", compress_level=1)
        return file.getvalue(), "image/png"
    data = jpeg(pixels, quality=92)
    return (data if len(data) <= _MESSAGE else jpeg(pixels, quality=75)), "image/jpeg"
