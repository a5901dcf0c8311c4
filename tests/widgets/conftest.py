"""A small reef with a run, and what a browser would ask of a view."""

from collections.abc import Callable
from typing import Any

import pytest

import nbalabel as nl
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
