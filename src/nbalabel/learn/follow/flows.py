"""Optical flow between neighbouring images, computed once for each pair and kept while it is needed."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from types import ModuleType, TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core.errors import ImageError
from ...core.opencv import opencv
from ...core.tables.schema import LabeledImages
from ..training.pixels import read_image
from .sequences import Sequence

Floats = npt.NDArray[np.float32]

_IN_MEMORY = 256 << 20  # bytes of flow before a temporary file takes them
_LEAST_SIDE = 24  # of the picture at working size: below, OpenCV's pyramid has no level


@dataclass(frozen=True, eq=False)
class Flow:
    """Where the pixels of an image lie in a neighbour of the same size.

    Attributes:
        steps: displacement at working size, ``(h, w, 2)`` as (x, y), pixels of the original.
        scale: pixels of working size per pixel of the original, along y and x.
    """

    steps: Floats
    scale: tuple[float, float]

    def at(self, points: Floats) -> Floats:
        """Displacement at points ``(h, w, 2)`` as (x, y) of pixel centres, interpolated linearly."""
        cv2 = opencv("nl.follow")
        y, x = self.scale
        columns, rows = (points[..., 0] + 0.5) * x - 0.5, (points[..., 1] + 0.5) * y - 0.5
        found = cv2.remap(
            self.steps, columns, rows, interpolation=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
        )
        return np.asarray(found, np.float32)


@dataclass(frozen=True, eq=False)
class Pair:
    """The flow between two neighbours of a sequence, in both directions."""

    ahead: Flow
    back: Flow

    def toward(self, *, later: bool) -> tuple[Flow, Flow]:
        """The flow from the image that is left to the one that is reached, and that from there back."""
        return (self.ahead, self.back) if later else (self.back, self.ahead)


class Flows:
    """Flow between the neighbours of a sequence; a context manager, since it may hold a temporary file.

    Images are read when they are needed, and at most two are in memory. Flow that is asked for again is kept
    in 16 bits, up to 256 MB in memory and the rest in a temporary file.

    Args:
        tables: where images are read.
        sequence: the images.
        imgsz: long side that pictures are shrunk to, pixels; smaller ones stay as they are.

    Attributes:
        failed: images that cannot be read, and why.
        computed: pairs whose flow was computed.
    """

    def __init__(self, tables: LabeledImages, sequence: Sequence, imgsz: int) -> None:
        self.failed: dict[int, str] = {}
        self.computed = 0
        self._tables, self._sequence, self._imgsz = tables, sequence, imgsz
        self._cv2 = opencv("nl.follow")
        self._dis = _dis(self._cv2)
        self._gray: dict[int, npt.NDArray[np.uint8]] = {}
        self._kept: dict[int, tuple[int, tuple[int, ...]]] = {}
        self._file: Any = tempfile.SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115  # see __exit__

    def __enter__(self) -> Flows:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def between(self, place: int, *, keep: bool) -> Pair | None:
        """The flow between the image at a place and the next; None where one cannot be read.

        Args:
            place: position in the sequence.
            keep: whether it will be asked for again.
        """
        if place in self._kept:
            return self._pair(self._read(place), place)
        gray = [self._read_gray(at) for at in (place, place + 1)]
        self._gray = {at: self._gray[at] for at in (place, place + 1) if at in self._gray}
        if gray[0] is None or gray[1] is None:
            return None
        both = np.stack([self._dis.calc(*gray, None), self._dis.calc(*gray[::-1], None)])
        self.computed += 1
        # Rounded also where it is not kept, so that a mask does not depend on which others are carried.
        both = both.astype(np.float16)
        if keep:
            offset = self._file.seek(0, 2)
            self._file.write(both.tobytes())
            self._kept[place] = offset, both.shape
        return self._pair(both, place)

    def _read(self, place: int) -> npt.NDArray[np.float16]:
        offset, shape = self._kept[place]
        self._file.seek(offset)
        return np.frombuffer(self._file.read(2 * int(np.prod(shape))), np.float16).reshape(shape)

    def _pair(self, both: npt.NDArray[np.float16], place: int) -> Pair:
        height, width = self._sequence.sizes[place].tolist()
        scale = both.shape[1] / height, both.shape[2] / width
        steps = both.astype(np.float32) / np.array(scale[::-1], np.float32)
        return Pair(Flow(steps[0], scale), Flow(steps[1], scale))

    def _read_gray(self, place: int) -> npt.NDArray[np.uint8] | None:
        """An image at working size; None if it cannot be read."""
        image_id = int(self._sequence.image_ids[place])
        if image_id in self.failed:
            return None
        if place not in self._gray:
            height, width = self._sequence.sizes[place].tolist()
            try:
                pixels = read_image(self._tables, image_id, (height, width))
            except (ImageError, OSError) as error:
                self.failed[image_id] = str(error)
                return None
            gray = self._cv2.cvtColor(np.ascontiguousarray(pixels), self._cv2.COLOR_RGB2GRAY)
            self._gray[place] = self._shrunk(gray)
        return self._gray[place]

    def _shrunk(self, gray: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
        height, width = gray.shape
        factor = max(min(1.0, self._imgsz / max(height, width)), min(1.0, _LEAST_SIDE / min(height, width)))
        if factor == 1:
            return gray
        size = max(round(width * factor), 1), max(round(height * factor), 1)
        return np.asarray(self._cv2.resize(gray, size, interpolation=self._cv2.INTER_AREA), np.uint8)


def _dis(cv2: ModuleType) -> Any:
    """Dense inverse search with small patches at full resolution: instances are small, and move on their own.

    Without variational refinement, which smooths the flow across their edges.
    Source: T. Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016.
    """
    dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    dis.setFinestScale(0)
    dis.setPatchSize(4)
    dis.setPatchStride(2)
    dis.setVariationalRefinementIterations(0)
    return dis
