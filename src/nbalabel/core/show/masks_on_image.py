"""A picture of an image with its masks: filled, outlined, captioned; a fixed color for each label."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from ..geometry.outlines.polygon import Points, Polygon, rles_to_polygons
from .palette import OKABE_ITO

Color: TypeAlias = tuple[int, int, int]
Box: TypeAlias = tuple[int, int, int, int]  # left, top, right, bottom, pixels of the picture

_COMFORTABLE = 320  # pixels a picture has at least along its shorter side
_CROWDED = 20  # above this number of masks, a mask smaller than its caption gets no caption
_FINE = 4  # supersampling: outlines are drawn this many times finer than image pixels, then averaged


def palette(n: int) -> npt.NDArray[np.uint8]:
    """Colors of ``n`` labels, ``(n, 3)`` uint8 RGB; a label has its color however many there are.

    The first seven are safe for color-blind readers; later ones go around the color circle in three
    lightnesses.

    Source: Okabe and Ito (2008), https://jfly.uni-koeln.de/color/; Ottosson (2020), the Oklab color space.

    Example:
        >>> palette(2).tolist()
        [[230, 159, 0], [86, 180, 233]]
    """
    named = np.array([list(bytes.fromhex(color[1:])) for color in OKABE_ITO], np.uint8)
    more = np.arange(max(n - len(OKABE_ITO), 0))
    hue = np.asarray(2 * np.pi * (0.11 + more * 0.618034), np.float64)
    lightness = np.array([0.72, 0.60, 0.82])[more % 3]
    colors = np.concatenate([named, _oklch(lightness, 0.13, hue)])
    return colors[:n]


def overlay(
    image: npt.NDArray[np.uint8],
    masks: Sequence[bytes],
    colors: npt.ArrayLike | None = None,
    *,
    alpha: float = 0.45,
    outline: bool = True,
    captions: Sequence[str] | None = None,
    contours: Sequence[bytes] = (),
    scale: int | None = None,
) -> Image.Image:
    """Draw masks over an image, later ones on top.

    Args:
        image: ``(height, width, 3)`` uint8 RGB.
        masks: compressed run-length masks of its size, ``(n,)``.
        colors: ``(n, 3)`` RGB 0..255; default a color of the palette for each.
        alpha: how much of the fill covers the image, 0..1.
        outline: also draw the edges.
        captions: a short text for each mask, such as label and score. Captions without a free place are left
            out; among more than 20 masks, so are captions larger than their mask.
        contours: masks that are only outlined, in white on top of all, such as instances under predictions.
        scale: picture pixels per image pixel; default the smallest whole number that makes the shorter side
            at least 320 pixels.

    Returns:
        The picture, mode RGB.

    Raises:
        ValueError: the image has another shape, or the number of colors or captions is wrong.
        MaskError: a mask is malformed or of another size.

    Example:
        >>> overlay(np.zeros((40, 60, 3), np.uint8), [], scale=2).size
        (120, 80)
    """
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"expected an image of (height, width, 3) uint8, got {image.shape} {image.dtype}")
    height, width = image.shape[:2]
    tints = _tints(colors, len(masks))
    if captions is not None and len(captions) != len(masks):
        raise ValueError(f"expected a caption for each of {len(masks)} masks, got {len(captions)}")
    scale = scale or max(1, -(-_COMFORTABLE // min(height, width)))
    picture = Image.fromarray(image).resize((width * scale, height * scale), Image.Resampling.BICUBIC)
    shapes = [_Shape(p, scale) for p in rles_to_polygons(list(masks), height, width)]
    for shape, tint in zip(shapes, tints, strict=True):
        shape.fill(picture, tint, alpha)
    if outline:
        for shape, tint in zip(shapes, tints, strict=True):
            shape.stroke(picture, (0, 0, 0), 3.0, 0.35)
            shape.stroke(picture, _lighter(tint), 1.4, 1.0)
    for shape in (_Shape(p, scale) for p in rles_to_polygons(list(contours), height, width)):
        shape.stroke(picture, (0, 0, 0), 3.4, 0.6)
        shape.stroke(picture, (255, 255, 255), 1.6, 1.0)
    if captions is not None:
        _write(picture, shapes, tints, captions)
    return picture


class _Shape:
    """One mask as smooth outlines in the coordinates of the picture."""

    def __init__(self, polygons: Sequence[Polygon], scale: int) -> None:
        self.fine = max(1, -(-_FINE // scale))
        self.rings = [[_smooth(ring) * scale for ring in (p.exterior, *p.holes)] for p in polygons]
        self.box = _bounds([ring for rings in self.rings for ring in rings])
        self.area = (self.box[2] - self.box[0]) * (self.box[3] - self.box[1])

    def fill(self, picture: Image.Image, color: Color, alpha: float) -> None:
        stencil, draw = self._stencil()
        for exterior, *holes in self.rings:
            draw.polygon(self._place(exterior), fill=round(255 * alpha))
            for hole in holes:
                draw.polygon(self._place(hole), fill=0)
        self._paste(picture, stencil, color)

    def stroke(self, picture: Image.Image, color: Color, width: float, alpha: float) -> None:
        stencil, draw = self._stencil()
        for rings in self.rings:
            for ring in rings:
                points = self._place(ring)
                thick = round(width * self.fine)
                draw.line([*points, *points[:2]], fill=round(255 * alpha), width=thick)
        self._paste(picture, stencil, color)

    def _stencil(self) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        left, top, right, bottom = self.box
        stencil = Image.new("L", ((right - left) * self.fine, (bottom - top) * self.fine))
        return stencil, ImageDraw.Draw(stencil)

    def _place(self, ring: Points) -> list[tuple[float, float]]:
        return [(x, y) for x, y in ((ring - self.box[:2]) * self.fine - 0.5).tolist()]

    def _paste(self, picture: Image.Image, stencil: Image.Image, color: Color) -> None:
        picture.paste(color, self.box, stencil.reduce(self.fine))


def _smooth(ring: Points) -> Points:
    """The outline through the midpoints of pixel edges instead of their corners: slopes without stairs."""
    following = np.roll(ring, -1, axis=0)
    half = np.sign(following - ring) / 2
    return np.stack([ring + half, following - half], axis=1).reshape(-1, 2)


def _bounds(rings: Sequence[Points]) -> Box:
    """The bounding box of points in whole pixels, with room for a stroke."""
    if not rings:
        return 0, 0, 1, 1
    points = np.concatenate(rings)
    left, top = np.floor(points.min(axis=0)).astype(int) - 3
    right, bottom = np.ceil(points.max(axis=0)).astype(int) + 3
    return int(left), int(top), int(right), int(bottom)


def _write(
    picture: Image.Image, shapes: Sequence[_Shape], tints: Sequence[Color], captions: Sequence[str]
) -> None:
    """Put captions on pills at their masks, where they hide no other caption."""
    size = int(np.clip(min(picture.size) // 36, 10, 16))
    crowded = len(shapes) > _CROWDED
    font = _font(size)
    draw = ImageDraw.Draw(picture, "RGBA")
    taken: list[Box] = []
    for shape, tint, caption in zip(shapes, tints, captions, strict=True):
        if not caption or not shape.rings:
            continue
        width, height = int(draw.textlength(caption, font=font)) + size, size + size // 2
        if crowded and width * height > shape.area:
            continue
        place = _free_place(shape.box, width, height, picture.size, taken)
        if place is None:
            continue
        x, y = place
        taken.append((x, y, x + width, y + height))
        draw.rounded_rectangle((x, y, x + width - 1, y + height - 1), radius=height // 3, fill=(*tint, 235))
        ink = (0, 0, 0) if _luminance(tint) > 0.25 else (255, 255, 255)
        draw.text((x + width / 2, y + height / 2), caption, fill=ink, font=font, anchor="mm")


def _free_place(
    box: Box, width: int, height: int, size: tuple[int, int], taken: Sequence[Box]
) -> tuple[int, int] | None:
    """The first free place: above the mask, below it, at its top, or in its middle; None if none is free."""
    left, top, right, bottom = box
    middle = (left + right - width) // 2
    center = (top + bottom - height) // 2
    places = ((left + 3, top - height), (left + 3, bottom), (left + 3, top + 3), (middle, center))
    for wanted, y in places:
        if y < 0 or y + height > size[1]:
            continue
        x = max(min(wanted, size[0] - width), 0)
        if all(x >= r or x + width <= a or y >= b or y + height <= t for a, t, r, b in taken):
            return x, y
    return None


@lru_cache(maxsize=16)
def _font(size: int) -> Any:
    return ImageFont.load_default(size)


def _tints(colors: npt.ArrayLike | None, n: int) -> list[Color]:
    table = palette(n) if colors is None else np.asarray(colors)
    if len(table) != n or (n and table.shape != (n, 3)):
        raise ValueError(f"expected a color (r, g, b) for each of {n} masks, got shape {table.shape}")
    return [(int(r), int(g), int(b)) for r, g, b in table]


def _lighter(color: Color) -> Color:
    r, g, b = (round(c + (255 - c) * 0.45) for c in color)
    return r, g, b


def _luminance(color: Color) -> float:
    """Relative luminance, 0..1 (WCAG 2)."""
    linear = [(c / 255 / 12.92) if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in color]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def _oklch(
    lightness: npt.NDArray[np.float64], chroma: float, hue: npt.NDArray[np.float64]
) -> npt.NDArray[np.uint8]:
    """Colors of equal perceived lightness and strength, as ``(n, 3)`` sRGB."""
    lab = np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], axis=1)
    rgb = (lab @ _LAB_TO_LMS) ** 3 @ _LMS_TO_RGB
    rgb = np.clip(rgb, 0, 1)
    encoded = np.where(rgb <= 0.0031308, 12.92 * rgb, 1.055 * rgb ** (1 / 2.4) - 0.055)
    return np.asarray(np.rint(encoded * 255), np.uint8)


_LAB_TO_LMS = np.array(
    [
        [1.0, 1.0, 1.0],
        [0.3963377774, -0.1055613458, -0.0894841775],
        [0.2158037573, -0.0638541728, -1.2914855480],
    ]
)
_LMS_TO_RGB = np.array(
    [
        [4.0767416621, -1.2684380046, -0.0041960863],
        [-3.3077115913, 2.6097574011, -0.7034186147],
        [0.2309699292, -0.3413193965, 1.7076147010],
    ]
)
