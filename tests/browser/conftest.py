"""One JupyterLab and one Chromium for all browser tests; each notebook has a kernel and a page of its own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .lab import shared


@pytest.fixture(scope="session", autouse=True)
def _one_lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with shared(tmp_path_factory.getbasetemp()):
        yield
