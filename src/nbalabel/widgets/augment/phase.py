"""What was drawn in one phase of a training so far."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ...core.tables.drawn import Batches
from .tiles import Tile, tiles_of


class Phase:
    """Draws batches, keeps the pictures of the last ones, and counts labels.

    Args:
        batches: of the phase.
        n: pictures at once, rounded up to whole batches.
        colors: of the labels, ``(n labels, 3)`` uint8.

    Attributes:
        tiles: the pictures shown.
        size: height and width of a picture in its batch, pixels.
        first: number of the first batch shown, from 1.
        last: number of the last batch shown.
    """

    def __init__(self, batches: Batches, n: int, colors: np.ndarray) -> None:
        self._batches, self._n, self._colors = batches, n, colors
        self._counts = np.zeros(len(batches.names), np.int64)
        self.tiles: list[Tile] = []
        self.size = 0, 0
        self.first = self.last = 0

    @property
    def n_images(self) -> int:
        """Images that are drawn from."""
        return self._batches.n_images

    def draw(self) -> None:
        """Go on by as many batches as are shown; an error leaves those that are shown."""
        tiles: list[Tile] = []
        counts = self._counts.copy()
        first = last = self.last
        while len(tiles) < self._n:
            batch = next(self._batches)
            tiles += tiles_of(batch, self._batches.names, self._colors)
            counts += batch.counts(len(counts))
            size = batch.pixels.shape[1:3]
            last += 1
        self.tiles, self._counts, self.size = tiles, counts, (size[0], size[1])
        self.first, self.last = first + 1, last

    @property
    def balance(self) -> pd.DataFrame:
        """The balance of the batches, with the masks ``counted`` so far and their ``counted_share``."""
        total = max(int(self._counts.sum()), 1)
        return self._batches.balance.assign(counted=self._counts, counted_share=self._counts / total)
