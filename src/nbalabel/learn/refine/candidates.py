"""Candidate masks of each prediction, and their evidence: the part of refining done image by image."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import ImageError
from ...core.geometry.masks import rle
from ...core.opencv import one_thread
from ...core.snapping.bands import METHODS, Mask, Patch
from ...core.snapping.patches import LEAST_AREA, Window, patches
from ...core.tables.ahead import ahead
from ...engine.pictures import Pictures
from ...engine.rows import RowsOf, Wanted, parts_of
from ...engine.run import On
from ...engine.shards import Shard, Shards
from ...engine.step import Tell, make
from .evidence import N_COLUMNS, evidence

COLUMNS = ("image_id", "mask", "score")

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Candidates:
    """Candidate masks, one per row.

    Attributes:
        place: position of the prediction each belongs to, ascending, ``(m,)``.
        name: index of the method that made it; 0 is the mask as it was, ``(m,)``.
        columns: evidence of each, ``(m, d)`` float32.
        masks: their run lengths in the whole image, ``(m,)``.
    """

    place: Ints
    name: Ints
    columns: npt.NDArray[np.float32]
    masks: npt.NDArray[np.object_]


Row: TypeAlias = tuple[int, int, bytes]


@dataclass(frozen=True)
class Making:
    """Make the candidates on the images of a part.

    Attributes:
        names: the methods, the mask as it was first.
    """

    names: tuple[str, ...]

    def open(self) -> None:
        """Nothing is kept."""

    def make(self, held: None, argument: RowsOf, tell: Tell) -> Shard:  # noqa: ARG002  # nothing is held
        """The candidates, and their evidence; images that cannot be read have none."""
        found: list[Row] = []
        columns = [np.zeros((0, N_COLUMNS + len(self.names)), np.float32)]
        failed: dict[int, str] = {}
        with one_thread("nl.refine"):
            for rows, seen in self._images(argument, tell, failed):
                found += rows
                columns += seen
        place, name, masks = zip(*found, strict=True) if found else ((), (), ())
        made = {
            "place": np.array(place, np.int64),
            "name": np.array(name, np.int64),
            "mask": np.array(masks, object),
        }
        return Shard(pd.DataFrame(made), {"columns": np.concatenate(columns)}, failed)

    def _images(
        self, part: RowsOf, tell: Tell, failed: dict[int, str]
    ) -> Iterator[tuple[list[Row], list[npt.NDArray[np.float32]]]]:
        on = part.rows["image_id"].to_numpy(np.int64)
        scores = part.rows["score"].fillna(0).to_numpy(np.float64)
        masks = part.rows["mask"].array
        for image_id in ahead(part.tables, part.ids.tolist()):
            at = np.flatnonzero(on == image_id)
            try:
                pixels = np.asarray(part.tables.read_image(image_id))
            except (ImageError, OSError) as error:
                failed[image_id] = str(error)
                tell(1)
                continue
            here, rows, seen = [masks[row] for row in at.tolist()], [], []
            for k, patch, window in patches(pixels, here, part.wanted[at]):
                own, columns = self._of(patch, window, pixels.shape, here[k], float(scores[at[k]]))
                rows += [(int(part.places[at[k]]), name, mask) for name, mask in own]
                seen.append(columns)
            yield rows, seen
            tell(1)

    def _of(
        self, patch: Patch, window: Window, size: tuple[int, ...], before: bytes, score: float
    ) -> tuple[list[tuple[int, bytes]], npt.NDArray[np.float32]]:
        """The candidates of one mask, each with its method, and their evidence."""
        made = [patch.mask, *(METHODS[name](patch) for name in self.names[1:])]
        keep = [k for k, mask in enumerate(made) if k == 0 or mask.sum() >= LEAST_AREA]
        one_of = np.eye(len(self.names), dtype=np.float32)[keep]
        columns = np.concatenate([evidence(patch, [made[k] for k in keep], score), one_of], axis=1)
        masks = [(k, _encoded(made[k], window, size) if k else before) for k in keep]
        return masks, columns


def _encoded(mask: Mask, window: Window, size: tuple[int, ...]) -> bytes:
    """Run lengths in the whole image of a mask within a window, of at least one pixel."""
    rows, columns = window
    return rle.encode_labels(mask.astype(np.uint8), size[0], size[1], columns.start, rows.start)[1][0]


def candidates(
    names: Sequence[str], of: Sequence[Wanted], pictures: Pictures, shards: Shards, on: On
) -> tuple[list[Candidates], pd.DataFrame]:
    """Candidates of several tables of predictions, all made in one go, and what each worker did.

    Args:
        names: the methods, the mask as it was first.
        of: the predictions, with ``image_id``, ``mask`` and ``score``.
        pictures: gives tables to read pictures from.
        shards: where parts are kept.
        on: where to run; None is here. See :func:`nbalabel.engine.run.run`.

    Raises:
        KeyboardInterrupt: it was interrupted; parts that are done stay in the folder.
    """
    cut = [parts_of(some, pictures, COLUMNS) for some in of]
    parts = [part for some in cut for part in some]
    sizes = [part.n_images for part in parts]
    done = make(Making(tuple(names)), lambda n: parts[n](), sizes, shards, on, "refining")
    whole = done.whole()
    ends = np.cumsum([len(some) for some in cut]).tolist()
    own = [whole[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]
    return [_gathered(some, N_COLUMNS + len(names)) for some in own], done.workers


def _gathered(shards: Sequence[Shard], width: int) -> Candidates:
    rows = [shard.rows for shard in shards]
    place = np.concatenate([np.zeros(0, np.int64), *(part["place"].to_numpy(np.int64) for part in rows)])
    name = np.concatenate([np.zeros(0, np.int64), *(part["name"].to_numpy(np.int64) for part in rows)])
    columns = [np.zeros((0, width), np.float32), *(shard.arrays["columns"] for shard in shards)]
    masks = np.array([mask for part in rows for mask in part["mask"]], dtype=object)
    order = np.argsort(place, kind="stable")
    return Candidates(place[order], name[order], np.concatenate(columns)[order], masks[order])
