"""A small reef with a run, and what a browser would ask of a view."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.tables.drawn import Drawn
from nbalabel.demo.simulated import simulated_run


@pytest.fixture
def reef(tmp_path):
    """A dataset of 24 images, eight of them labeled by people."""
    return nl.demo.reef(tmp_path / "reef.nbal", n_images=24, n_labeled=8, n_test=4, size=96, by_species=True)


@pytest.fixture
def reef_run(reef):
    """A run on it."""
    return simulated_run(reef)


@pytest.fixture
def workspace(reef, reef_run):
    """Both in a workspace."""
    return nl.Workspace(reef, reef_run)


class Asked:
    """The browser's end of a view: ``ask("method", name=...)`` gives the result and its buffers."""

    def __init__(self, view: Any) -> None:
        self.view, self.sent = view, []
        view.send = lambda message, buffers=None: self.sent.append((message, buffers or []))

    def message(self, method: str, buffers: Any = (), **params: Any) -> tuple[dict[str, Any], list[Any]]:
        """The whole answer, be it a result or an error."""
        content = {"kind": "request", "client": "c", "id": 1, "key": "", "method": method, "params": params}
        self.view._receive(self.view, content, [memoryview(bytes(part)) for part in buffers])
        return self.sent[-1]

    def __call__(self, method: str, buffers: Any = (), **params: Any) -> tuple[dict[str, Any], list[Any]]:
        """The result."""
        message, out = self.message(method, buffers, **params)
        assert message["kind"] == "result", message.get("error")
        return message["result"], out

    def error(self, method: str, buffers: Any = (), **params: Any) -> str:
        """The message of the error it ends in."""
        message, _ = self.message(method, buffers, **params)
        assert message["kind"] == "error", message
        return message["error"]["message"]


@pytest.fixture
def browser() -> Callable[[Any], Asked]:
    """Stands in for the browser of a view."""
    return Asked


class Draws:
    """Batches of two pictures of 16 pixels: a square of "fish" or "crab" each, numbered in their pixels."""

    names = ("fish", "crab")
    n_images = 5

    def __init__(self, falling: bool) -> None:
        self.falling, self.number = falling, 0
        shares = {"instances": [3, 1], "share": [0.75, 0.25], "drawn": [0.5, 0.5]}
        self.balance = pd.DataFrame(shares, index=pd.Index(self.names, name="label"))

    def __iter__(self) -> "Draws":
        return self

    def __next__(self) -> Drawn:
        self.number += 1
        mask = np.zeros((1, 4, 4), np.float32)
        mask[0, :2, :2] = 1
        where = np.zeros((2, 1, 4, 4), bool)
        where[1, 0, :, 2:] = True
        return Drawn(
            np.full((2, 16, 16, 3), self.number * 10, np.uint8),
            (mask, np.concatenate([mask, mask])),
            (np.array([0]), np.array([1, 0])),
            ((self.number,), (7,)) if self.falling else ((self.number, 8, 9, 4), (7, 1, 2, 3)),
            where,
            ((0, 1),),
        )


class Drawing:
    """A model of which nothing is known but what its training draws."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []

    def batches(self, tables: Any, *, falling: bool = False, **arguments: Any) -> Draws:
        """Notes the arguments."""
        self.asked.append({"tables": tables, "falling": falling, **arguments})
        return Draws(falling)


@pytest.fixture
def drawing() -> Drawing:
    """Draws batches without torch."""
    return Drawing()
