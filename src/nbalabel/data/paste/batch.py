"""A batch of pasted images: their files, and the rows that they become."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from ...core.change.change import Change, TableChange
from ...core.change.table_change import take_rows
from ...core.tables.arrays import missing, positions
from ...core.tables.of_images import sizes_of
from ...core.tables.pasted import PREFIX, background_origin, pasted_origin
from ...core.tables.state import State
from ..edits.cells import Allocate, extend, measures, numbered
from .composing import Composed
from .rules import Rules
from .shelf import FOLDER, write_png


class Copy(NamedTuple):
    """One instance of a pasted image.

    Attributes:
        here: position of its image in the batch.
        copied: id of the instance that it is a copy of.
        mask: what is seen of it, compressed run lengths.
        is_pasted: whether it was pasted; else it came with the background.
    """

    here: int
    copied: int
    mask: bytes
    is_pasted: bool


@dataclass
class Batch:
    """The images of one call, without their pixels.

    Attributes:
        folder: where their files are prepared.
        backgrounds: id of the image that each was pasted onto.
        files: name of each file in the folder.
        rows: all of their instances.
        n_hidden: instances of which too little is seen.
    """

    folder: Path
    backgrounds: list[int] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    rows: list[Copy] = field(default_factory=list)
    n_hidden: int = 0

    def __post_init__(self) -> None:
        self._digest = hashlib.sha256()

    def __len__(self) -> int:
        return len(self.files)

    def add(self, made: Composed) -> None:
        """Write the file of an image, and note its rows."""
        name = f"{len(self.files):05d}.png"
        write_png(self.folder / name, made.pixels)
        here = len(self.files)
        rows = [Copy(here, i, mask, False) for i, mask in made.kept.items()]
        rows += [Copy(here, i, mask, True) for i, mask in made.pasted]
        self._digest.update(made.pixels.tobytes())
        self._digest.update(repr((made.pixels.shape, made.background, rows)).encode())
        self.files.append(name)
        self.backgrounds.append(made.background)
        self.rows += rows
        self.n_hidden += made.n_hidden

    @property
    def name(self) -> str:
        """Name of the batch, made of its content: equal images have an equal name."""
        return self._digest.hexdigest()[:8]

    @property
    def origin(self) -> str:
        """Origin of the change; those of the instances begin with it."""
        return PREFIX + self.name

    @property
    def n_pasted(self) -> int:
        """Copies that were pasted."""
        return sum(row.is_pasted for row in self.rows)

    def change(self, made_of: State, now: State, allocate: Allocate, rules: Rules, note: str) -> Change:
        """The Change that adds the images.

        Args:
            made_of: the tables that the images were made of.
            now: the current tables, whose columns the rows get.
            allocate: allocates ids.
            rules: have the weight.
            note: for the log.

        Raises:
            DataError: the rows do not fit the current tables.
        """
        images = numbered(self._images(made_of, rules), allocate("images", len(self)), "image_id")
        instances = self._instances(made_of, images.index.to_numpy())
        instances = numbered(instances, allocate("instances", len(instances)), "instance_id")
        created = {"images": images, "instances": instances}
        regions = self._regions(made_of, images.index.to_numpy())
        if len(regions):
            created["regions"] = numbered(regions, allocate("regions", len(regions)), "region_id")
        tables = {name: TableChange(extend(now.tables[name], rows)) for name, rows in created.items()}
        return Change(tables, None, self.origin, note)

    def _images(self, made_of: State, rules: Rules) -> pd.DataFrame:
        frame = made_of.tables["images"]
        rows = take_rows(frame, positions(frame.index, np.array(self.backgrounds)))
        files = [f"{FOLDER}/{self.name}/{file}" for file in self.files]
        no_frame = missing(rows["frame"].dtype, len(rows))
        return rows.assign(file=files, weight=np.float32(rules.weight), state="complete", frame=no_frame)

    def _instances(self, made_of: State, image_ids: np.ndarray) -> pd.DataFrame:
        frame = made_of.tables["instances"]
        place = np.array([row.here for row in self.rows])
        masks = [row.mask for row in self.rows]
        rows = take_rows(frame, positions(frame.index, np.array([row.copied for row in self.rows])))
        heights = sizes_of(made_of.tables["images"], np.array(self.backgrounds)[place])[:, 0]
        return rows.assign(
            image_id=image_ids[place],
            mask=masks,
            **measures(masks, heights),
            score=np.float32(np.nan),
            source="synthetic",
            origin=self._origins(rows["image_id"].tolist()),
            status="accepted",
        )

    def _regions(self, made_of: State, image_ids: np.ndarray) -> pd.DataFrame:
        """The regions of the backgrounds: nobody knows more about a copy."""
        frame = made_of.tables["regions"]
        on = frame["image_id"].to_numpy()
        at = [np.flatnonzero(on == image_id) for image_id in self.backgrounds]
        rows = take_rows(frame, np.concatenate([np.array([], np.int64), *at]))
        return rows.assign(image_id=np.repeat(image_ids, [len(one) for one in at]), source="synthetic")

    def _origins(self, images: list[int]) -> list[str]:
        return [
            pasted_origin(self.origin, row.copied, image, self.backgrounds[row.here])
            if row.is_pasted
            else background_origin(self.origin, row.copied, image)
            for row, image in zip(self.rows, images, strict=True)
        ]
