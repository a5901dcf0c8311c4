"""The interface of the store for its helper modules: versions by id, their bytes and their tables."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ...core.change.change import Change
from ...core.tables.state import State
from .head_log import HeadLog
from .shortcuts import Shortcuts
from .version_file import Manifest


class Versions(Protocol):
    """The versions of one dataset folder."""

    head: HeadLog
    shortcuts: Shortcuts

    @property
    def folder(self) -> Path:
        """The dataset's folder."""
        ...

    def ids(self) -> list[str]:
        """Ids of all versions, oldest first."""
        ...

    def manifest(self, version_id: str) -> Manifest:
        """The manifest of a version."""
        ...

    def changes(self, version_id: str) -> list[Change]:
        """The changes that a version was made of, oldest first."""
        ...

    def state(self, version_id: str) -> State:
        """The tables of a version."""
        ...

    def remember(self, version_id: str, state: State) -> None:
        """Cache the tables of a version in memory."""
        ...

    def lost(self) -> str:
        """Text about versions that ``HEAD`` lost; "" if none."""
        ...
