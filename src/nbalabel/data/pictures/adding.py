"""Add image files of a folder to a dataset: find new ones, and their names below the image root."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from ...core.errors import DataError, first
from ...core.urls import is_url
from ..images.remote.folder import RemoteFolder
from .bringing import bring
from .folder import check_any, check_duplicates, read_rows, said_broken, said_same, said_stacks
from .listing import PICTURES, Found, find
from .measuring import copies, same_bytes, stacks
from .sequences import sequences


@dataclass(frozen=True)
class Arrivals:
    """The new images of a folder.

    Attributes:
        rows: columns of images: file, width, height, group, frame, state, weight.
        notes: remarks for the note of the change.
        warned: those remarks that are also shown as warnings.
    """

    rows: pd.DataFrame
    notes: list[str]
    warned: list[str]

    def rows_not_in(self, images: pd.DataFrame) -> pd.DataFrame:
        """The rows whose files are not in ``images``, to which other edits may have added rows."""
        return self.rows[~self.rows["file"].isin(images["file"])]


def arrivals(
    source: str | Path, images: pd.DataFrame, root: Path | None, duplicates: str, *, copy: bool
) -> Arrivals:
    """The files of a folder or pattern that are not yet images; see :meth:`Dataset.add_images`.

    Raises:
        DataError: files are outside the image root.
        StorageError: with ``copy``, another file is in the way.
    """
    check_duplicates(duplicates)
    found = find(source, PICTURES)
    check_any(found, source)
    if isinstance(found.root, RemoteFolder):
        return _elsewhere(found, found.root, images, duplicates, copy=copy)
    if root is None:
        raise DataError(
            "this dataset has no image folder: ds.image_root = FOLDER says where files are, then add them"
        )
    named, sources = _named(found, found.root, root, copy=copy)
    known = set(images["file"])
    rows, broken = read_rows(found, {})
    rows["file"] = [named[file] for file in rows["file"]]
    n_found = len(rows)
    rows = rows[~rows["file"].isin(known)].reset_index(drop=True)
    placed = sequences([*images["file"], *rows["file"]], root.resolve().name).iloc[len(images) :]
    rows = rows.assign(group=placed["group"].array, frame=placed["frame"].array)
    notes = [f"{n_found - len(rows):,} were there already"] if len(rows) < n_found else []
    warned = [said_broken(broken)] if broken else []
    if several := stacks({file: sources[file] for file in rows["file"]}):
        warned.append(said_stacks(several))
    same = {}
    if duplicates != "keep" and len(rows):
        there = {file: root / file for file in images["file"] if not is_url(file)}
        same = copies({file: sources[file] for file in rows["file"]}, there)
    if same:
        warned.append(said_same(same, duplicates))
    if duplicates == "drop":
        rows = rows[~rows["file"].isin(list(same))]
    if copy:
        bring({file: sources[file] for file in rows["file"]}, root)
    return Arrivals(rows.assign(state="unlabeled", weight=0.0), [*notes, *warned], warned)


def _elsewhere(
    found: Found, folder: RemoteFolder, images: pd.DataFrame, duplicates: str, *, copy: bool
) -> Arrivals:
    """Pictures that stay where they are, named by their URLs."""
    if copy:
        raise DataError(f"copy=True is for files of this machine; those of {folder} are fetched when needed")
    known = set(images["file"])
    new = found._replace(files=[file for file in found.files if folder.file(file) not in known])
    n_known = len(found.files) - len(new.files)
    notes = [f"{n_known:,} were there already"] if n_known else []
    if not new.files:
        return Arrivals(images.iloc[:0][["file", "width", "height", "group", "frame"]], notes, [])
    rows, broken = read_rows(new, {})
    warned = [said_broken(broken)] if broken else []
    same = same_bytes(new, rows["file"]) if duplicates != "keep" else {}
    if same:
        warned.append(said_same(same, duplicates))
    if duplicates == "drop":
        rows = rows[~rows["file"].isin(list(same))]
    rows = rows.assign(file=[folder.file(file) for file in rows["file"]], state="unlabeled", weight=0.0)
    return Arrivals(rows, [*notes, *warned], warned)


def _named(found: Found, here: Path, root: Path, *, copy: bool) -> tuple[dict[str, str], dict[str, Path]]:
    """File -> its name below the image root; and that name -> the current path of the file."""
    here, home = here.resolve(), root.resolve()
    named: dict[str, str] = {}
    outside = []
    for file in found.files:
        if (here / file).is_relative_to(home):
            named[file] = (here / file).relative_to(home).as_posix()
        elif copy:
            named[file] = f"{here.name}/{file}"
        else:
            outside.append(file)
    if outside:
        raise DataError(
            f"{len(outside)} pictures of {found.root} are outside the image folder {root}: {first(outside)}. "
            "copy=True copies them there"
        )
    return named, {name: here / file for file, name in named.items()}
