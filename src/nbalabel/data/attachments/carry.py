"""Attached files brought along: into another dataset's folder, or below another image root."""

from __future__ import annotations

import os
import warnings
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pandas as pd

from ...core.change.table_change import take_rows
from ...core.errors import NbalabelError, NbalabelWarning, first
from ...core.tables.state import State
from ...core.urls import is_url
from ..disk.errors import writing
from ..images.files import safe_path
from .kinds import check_content
from .places import INSIDE, put, source_of, taken_in


def carry(frame: pd.DataFrame, home: Path | None, to: Path) -> None:
    """Bring the copies that a table names into the folder of another dataset.

    Files are linked where the disk can do so: they are never written to again.

    Args:
        frame: rows of attachments.
        home: folder of the copies; None if there is none.
        to: the other folder of copies.

    Warns:
        NbalabelWarning: naming files that are missing.
    """
    lost = []
    for file in dict.fromkeys(frame["file"]):
        if not file.startswith(INSIDE):
            continue
        name = file.removeprefix(INSIDE)
        source = None if home is None else safe_path(home, name)
        if source is None or not source.is_file():
            lost.append(file)
        elif not (target := safe_path(to, name)).exists():
            with writing(target):
                target.parent.mkdir(parents=True, exist_ok=True)
            with suppress(OSError):
                os.link(source, target)
            if not target.exists():
                put(source, target)
    _warn(lost, f"not in {home}" if home else "in no folder")


def carry_below(frames: Sequence[pd.DataFrame], root: Path, to: Path) -> None:
    """Copy attached pictures and videos that lie below an image root to the same names below another.

    Files that are neither by their content are never copied: a stranger may name any file.

    Args:
        frames: rows of attachments, as those of several versions.
        root: the image root.
        to: the other one.

    Warns:
        NbalabelWarning: naming files that are missing, or are not what they are attached as.
    """
    lost = []
    pairs = [pair for frame in frames for pair in zip(frame["file"], frame["kind"], strict=True)]
    for file, kind in dict.fromkeys(pairs):
        if is_url(file) or file.startswith(INSIDE):
            continue
        try:
            source = source_of(file, str(kind), root, None)
            assert isinstance(source, Path)
            if not source.is_file():
                lost.append(file)
                continue
            check_content(source, str(kind))
            target = safe_path(to, file)
            if not target.exists():
                put(source, target)
        except NbalabelError:
            lost.append(file)
    _warn(lost, f"not usable in {root}")


def brought(
    state: State, image_root: Path | None, home: Path | None, to_root: Path | None, to: Path
) -> State:
    """A state whose attachments are in the folder of another dataset, for a join.

    Args:
        state: the tables that come.
        image_root: their image root.
        home: folder of their copies.
        to_root: image root of the other dataset.
        to: folder of its copies.

    Warns:
        NbalabelWarning: naming files that cannot come, and are left out.
    """
    frame = state.tables["attachments"]
    names: dict[tuple[str, str], str] = {}
    lost = []
    for file, kind in dict.fromkeys(zip(frame["file"], frame["kind"], strict=True)):
        try:
            source = source_of(file, str(kind), image_root, home)
            names[file, kind] = taken_in(source, str(kind), to_root, to)
        except NbalabelError:
            lost.append(file)
    _warn(lost, "left out")
    pairs = list(zip(frame["file"], frame["kind"], strict=True))
    there = [pair in names for pair in pairs]
    if frame.empty:
        return state
    rows = take_rows(frame, pd.Series(there, dtype=bool).to_numpy())
    rows["file"] = pd.Series([names[pair] for pair in pairs if pair in names], rows.index, dtype="str")
    return replace(state, tables={**state.tables, "attachments": rows})


def _warn(lost: list[str], what: str) -> None:
    if lost:
        text = f"{len(lost)} attached file{'s are' if len(lost) > 1 else ' is'} {what}: {first(lost)}"
        warnings.warn(text, NbalabelWarning, stacklevel=4)
