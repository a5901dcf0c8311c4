"""Pixels for the browser: thumbnails of images and of masks, encoded and cached."""

from __future__ import annotations

import io
from collections.abc import Hashable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageFilter

from ...core.errors import ImageError, NbalabelError
from ...core.geometry.masks import rle
from ...core.geometry.masks.raster import Mask
from ...core.recent import Recent
from ...core.show.display import Display, Levels, Look, Values, measured
from ...core.show.palette import COLORS
from ...core.tables.ahead import ahead
from ...core.urls import is_url
from ...data.images.cache import ImageCache
from ...data.images.files import Pixels, crop, locate, read_small
from ..workspace.clauses import check_table

if TYPE_CHECKING:
    from ..workspace.workspace import Workspace

_MARGIN = 0.25
"""Margin around the box in a picture of a mask, as a share of the longer side of the box."""

_MIN_MARGIN = 3.0  # pixels
_MEASURED = 512  # pixels along the longer side of the sample that contrast is measured on
_LARGEST = 1024  # pixels a thumbnail may have along its longer side


class Pictures:
    """The image caches of one workspace: pixels read recently, thumbnails made recently."""

    def __init__(self) -> None:
        self.pixels = ImageCache(max_bytes=320 << 20)
        self.encoded: Recent[Hashable, bytes] = Recent(48 << 20, len)  # pictures as they were sent
        self._levels: dict[tuple[str, int, int], Levels] = {}

    def small(self, source: Path | str, size: int, display: Display) -> Pixels:
        """A picture as it is shown, its longer side at most ``size``."""

        def shown(values: Values) -> Pixels:
            return display.look(self._measure(source, values)).apply(values)

        return read_small(source, size, shown=shown, least=_MEASURED)

    def part(self, source: Path | str, box: Sequence[float], display: Display) -> Pixels:
        """A part of a picture as it is shown, with the contrast of the whole: x, y, w, h, pixels."""
        values = self.pixels.values(source)
        return display.look(self._measure(source, values)).apply(crop(values, box))

    def look(self, source: Path | str, display: Display) -> Look:
        """The Look of a display for one picture; its values are measured once and kept."""
        if stamp(source) not in self._levels:
            self.small(source, _MEASURED, display)
        return display.look(self._levels[stamp(source)])

    def stretched(self, source: Path | str, display: Display) -> bool:
        """Whether auto contrast changed a picture as it was shown last."""
        levels = self._levels.get(stamp(source))
        return levels is not None and display.look(levels).auto

    def _measure(self, source: Path | str, values: Values) -> Levels:
        key = stamp(source)
        if key not in self._levels:
            step = max(max(values.shape[:2]) // _MEASURED, 1)
            self._levels[key] = measured(values[::step, ::step])
        return self._levels[key]


_KEPT: WeakKeyDictionary[Workspace, Pictures] = WeakKeyDictionary()


def pictures_of(ws: Workspace) -> Pictures:
    """The caches of a workspace, shared by its views; freed with the workspace."""
    if ws not in _KEPT:
        _KEPT[ws] = Pictures()
    return _KEPT[ws]


def thumbnail_bytes(ws: Workspace, of: str, row: int, size: int) -> bytes:
    """A small JPEG of one row: the whole image, or the surroundings of one mask with its outline.

    Args:
        ws: the workspace.
        of: "images", "instances" or "predictions".
        row: row number in that table.
        size: longer side, pixels, 8..1024; images smaller than that are not enlarged, masks are.

    Returns:
        A JPEG file. The mask of an instance or prediction is outlined in the color of its label.

    Raises:
        ImageError: there is no such row, the file is missing, damaged or too large, or the mask is malformed.
    """
    size = min(max(int(size), 8), _LARGEST)
    try:
        source = image_source(ws, image_row(ws, check_table(of), int(row)))
        if of == "images":
            key: Hashable = (stamp(source), size, ws.display)
            return _kept(ws, key) or _keep(ws, key, jpeg(pictures_of(ws).small(source, size, ws.display)))
        return _mask_thumbnail(ws, of, int(row), source, size)
    except ImageError:
        raise
    except NbalabelError as error:
        raise ImageError(str(error)) from error


def image_row(ws: Workspace, of: str, row: int) -> int:
    """The row of ``images`` a row belongs to.

    Raises:
        ImageError: there is no such row, or its image is gone.
    """
    n = len(ws.ids(of))
    if not 0 <= row < n:
        raise ImageError(f"{of} has {n:,} rows, there is no row {row}")
    at = row if of == "images" else int(ws.image_row(of)[row])
    if at < 0:
        raise ImageError(f"{of} row {row}: its image is no longer in the dataset")
    return at


def image_source(ws: Workspace, row: int) -> Path | str:
    """Where the file of an image lies: a path, or a URL.

    Raises:
        NbalabelError: the name leaves the image root, there is no root, or the dataset folder is gone.
    """
    return locate(ws.ds.image_root, str(ws.frame("images")["file"].iloc[row]))


def coming(ws: Workspace, of: str, rows: npt.NDArray[np.int32]) -> Iterator[int]:
    """Rows one after the other, while the pictures of the next ones are fetched, where they lie elsewhere."""
    at = rows if of == "images" else ws.image_row(of)[rows]
    ids = np.where(at >= 0, ws.ids("images")[at], -1) if len(at) else at
    for row, _ in zip(rows.tolist(), ahead(ws.ds, ids.tolist()), strict=True):
        yield row


def stretched(ws: Workspace, of: str, row: int) -> bool:
    """Whether auto contrast changed the picture of a row as it was shown last."""
    return pictures_of(ws).stretched(image_source(ws, image_row(ws, of, row)), ws.display)


def jpeg(pixels: Pixels, quality: int = 85) -> bytes:
    """Pixels as the bytes of a JPEG file, colors at full resolution."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling=0)
    return file.getvalue()


def _mask_thumbnail(ws: Workspace, of: str, row: int, source: Path | str, size: int) -> bytes:
    frame = ws.frame(of)
    mask: bytes = frame["mask"].iloc[row]
    label = ws.column(of, "label")
    code = int(label.values[row])
    color = label.colors[code] if code >= 0 else COLORS.neutral
    key = (stamp(source), mask, color, size, ws.display)
    kept = _kept(ws, key)
    if kept is not None:
        return kept
    pictures = pictures_of(ws)
    height, width = pictures.pixels.values(source).shape[:2]
    x, y, w, h = (float(frame[name].iloc[row]) for name in "xywh")
    more = max(_MARGIN * max(w, h), _MIN_MARGIN)
    left, top = max(int(x - more), 0), max(int(y - more), 0)
    part = pictures.part(source, (left, top, x + w + more - left, y + h + more - top), ws.display)
    box = (left, top, part.shape[1], part.shape[0])
    return _keep(ws, key, jpeg(outlined(part, rle.decode_crop(mask, height, width, box)[0], color, size)))


def outlined(part: Pixels, mask: Mask, color: str, size: int) -> Pixels:
    """A part of an image scaled to ``size`` pixels along its longer side, a mask outlined in it.

    Args:
        part: ``(h, w, 3)`` uint8.
        mask: ``(h, w)`` bool.
        color: "#rrggbb".
        size: pixels.
    """
    height, width = part.shape[:2]
    scale = size / max(height, width)
    target = max(round(width * scale), 1), max(round(height * scale), 1)
    picture = Image.fromarray(np.ascontiguousarray(part)).resize(target, Image.Resampling.BICUBIC)
    smooth = Image.fromarray(np.where(mask, 255, 0).astype(np.uint8))
    smooth = smooth.resize(target, Image.Resampling.BILINEAR)
    # Enlarging makes edges wide and flat, and their outlines pale: steepen them.
    steep = (np.asarray(smooth, np.float32) - 127.5) * max(scale, 1) + 127.5
    shape = Image.fromarray(np.clip(steep, 0, 255).astype(np.uint8))
    for tint, widest, strength in ((COLORS.black, 5, 0.45), (color, 3, 1.0)):
        outer = np.asarray(shape.filter(ImageFilter.MaxFilter(widest)), np.float32)
        inner = np.asarray(shape.filter(ImageFilter.MinFilter(widest)), np.float32)
        edge = Image.fromarray(np.asarray((outer - inner) * strength, np.uint8))
        picture.paste(tint, (0, 0, *picture.size), edge)
    return np.asarray(picture)


def stamp(source: Path | str) -> tuple[str, int, int]:
    """A key that changes when the file changes."""
    if isinstance(source, str) and is_url(source):
        return source, 0, 0
    try:
        state = Path(source).stat()
    except FileNotFoundError as error:
        raise ImageError(f"{source} is missing") from error
    except (OSError, ValueError) as error:
        raise ImageError(f"{source} cannot be read: {error}") from error
    return str(source), state.st_mtime_ns, state.st_size


def _kept(ws: Workspace, key: Hashable) -> bytes | None:
    return pictures_of(ws).encoded.get(key)


def _keep(ws: Workspace, key: Hashable, data: bytes) -> bytes:
    return pictures_of(ws).encoded.put(key, data)
