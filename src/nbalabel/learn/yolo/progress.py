"""A training's progress: one bar over all batches, and in a notebook a curve that grows with each epoch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tqdm.auto import tqdm


class Progress:
    """Reports to whoever watches: a bar everywhere, a live curve where there is a notebook."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._epochs = 0
        self._rows: list[Mapping[str, float]] = []

    def start(self, epochs: int, batches: int) -> None:
        """Training begins."""
        self._epochs = epochs
        self._bar = tqdm(total=epochs * batches, unit="batch", delay=1, leave=False)

    def batch(self, losses: Mapping[str, float]) -> None:
        """One batch is done."""
        if self._bar is not None:
            self._bar.set_description(f"epoch {len(self._rows) + 1}/{self._epochs}", refresh=False)
            self._bar.set_postfix(loss=f"{sum(losses.values()):.3g}", refresh=False)
            self._bar.update()

    def epoch(self, row: Mapping[str, float]) -> None:
        """One epoch is done."""
        self._rows.append(row)

    def close(self) -> None:
        """Training is over, or was stopped."""
        if self._bar is not None:
            self._bar.close()
