"""A batch of pasted images: their files, and the rows that they become."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from ...core.change.change import Change, TableChange
from ...core.change.table_change import take_rows
from ...core.geometry.masks import rle
from ...core.tables.arrays import positions
from ...core.tables.pasted import PREFIX, background_origin, pasted_origin
from ...core.tables.schema import MASK_DTYPE
from ...core.tables.state import State
from ..edits.cells import Allocate, extend, numbered
from .composing import Composed
from .rules import Rules
from .shelf import FOLDER, write_png


@dataclass
class Batch:
    """The images of one call, without their pixels.

    Attributes:
        folder: where their files are prepared.
        images: one dict per image: file, background, number of instances.
        rows: one dict per instance: the instance that it copies, its mask, whether it was pasted.
        n_hidden: instances of which too little is seen.
    """

    folder: Path
    backgrounds: list[int] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    rows: list[tuple[int, int, bytes, bool]] = field(default_factory=list)
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
        rows = [(here, i, mask, False) for i, mask in made.kept.items()]
        rows += [(here, i, mask, True) for i, mask in made.pasted]
        self._digest.update(made.pixels.tobytes())
        self._digest.update(repr((made.background, rows)).encode())
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
        return sum(is_pasted for *_, is_pasted in self.rows)

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
        tables = {name: TableChange(extend(now.tables[name], rows)) for name, rows in created.items()}
        return Change(tables, None, self.origin, note)

    def _images(self, made_of: State, rules: Rules) -> pd.DataFrame:
        frame = made_of.tables["images"]
        rows = take_rows(frame, positions(frame.index, np.array(self.backgrounds)))
        files = [f"{FOLDER}/{self.name}/{file}" for file in self.files]
        return rows.assign(file=files, weight=np.float32(rules.weight), state="complete", frame=pd.NA)

    def _instances(self, made_of: State, image_ids: np.ndarray) -> pd.DataFrame:
        frame = made_of.tables["instances"]
        here, copied, masks, _ = zip(*self.rows, strict=True)
        place = np.array(here)
        rows = take_rows(frame, positions(frame.index, np.array(copied)))
        heights = made_of.tables["images"]["height"].to_numpy()[
            positions(made_of.tables["images"].index, np.array(self.backgrounds))
        ][place]
        boxes = rle.boxes(masks, heights)
        return rows.assign(
            image_id=image_ids[place],
            mask=pd.array(list(masks), dtype=MASK_DTYPE),
            **{name: boxes[:, i] for i, name in enumerate("xywh")},
            area=rle.areas(masks),
            score=np.nan,
            source="synthetic",
            origin=self._origins(rows["image_id"].tolist()),
            status="accepted",
        )

    def _origins(self, of: list[int]) -> list[str]:
        return [
            pasted_origin(self.origin, copied, image, self.backgrounds[here])
            if is_pasted
            else background_origin(self.origin, copied, image)
            for (here, copied, _, is_pasted), image in zip(self.rows, of, strict=True)
        ]
