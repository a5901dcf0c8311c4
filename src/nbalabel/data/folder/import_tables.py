"""Create a dataset folder from tables: validate first, then write everything."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...core.change.table_change import take_rows
from ...core.errors import DataError, ImageError, StorageError, first
from ...core.ontology.ontology import EMPTY, Ontology
from ...core.tables import schema
from ...core.tables.image_files import has_pixels
from ...core.tables.of_images import sizes_of
from ...core.tables.state import State
from ..attachments.carry import carry, carry_below
from ..attachments.places import FOLDER
from ..disk.errors import writing
from ..images.remote.folder import names_here
from ..images.root import root_facts
from ..store.info import write_info
from ..store.settings import SETTINGS
from ..store.storage import Store
from .overwriting import in_place_of


def import_tables(
    tables: schema.LabeledImages,
    folder: Path,
    message: str,
    author: str,
    *,
    copy_images: bool,
    overwrite: bool = False,
) -> None:
    """Write tables as the first version of a new dataset; see ``dataset.create_from``."""
    _check_free(folder, overwrite)
    import_state(
        checked_state(tables),
        tables.image_root,
        folder,
        message,
        author,
        copy_images=copy_images,
        overwrite=overwrite,
        info=getattr(tables, "info", {}),
        attachment_root=getattr(tables, "attachment_root", None),
    )


def import_state(
    state: State,
    root: str | Path | None,
    folder: Path,
    message: str,
    author: str,
    *,
    copy_images: bool,
    overwrite: bool,
    info: Mapping[str, Any],
    attachment_root: Path | None = None,
) -> None:
    """Write validated tables as the first version of a new dataset; ``root`` is their image root."""
    _check_free(folder, overwrite)
    images = state.tables["images"]
    if copy_images and not has_pixels(images, root):
        raise ImageError("copy_images needs tables with an image_root: read them with images=FOLDER")
    kept = {"image_root": "images"} if copy_images else root_facts(folder, root)
    with _place_for(folder, overwrite) as new:
        if copy_images:
            names = names_here(images["file"].tolist())
            named = images.assign(file=pd.Series(names, images.index, dtype=images["file"].dtype))
            _copy(images["file"].tolist(), names, root, new / "images")
            state = replace(state, tables={**state.tables, "images": named})
        if copy_images and root is not None:
            carry_below([state.tables["attachments"]], Path(root), new / "images")
        carry(state.tables["attachments"], attachment_root, new / FOLDER)
        with writing(new):
            write_info(new, dict(info))
        Store.create(new, state, kept, message, author)


def _check_free(folder: Path, overwrite: bool) -> None:
    with writing(folder):
        is_there, is_file = (folder / SETTINGS).exists(), folder.exists() and not folder.is_dir()
    if is_there and not overwrite:
        raise StorageError(
            f"{folder} is a dataset already: nl.open({str(folder)!r}) opens it, overwrite=True replaces it"
        )
    if is_file:
        raise StorageError(f"{folder} is a file, not a folder")


def _place_for(folder: Path, overwrite: bool) -> AbstractContextManager[Path]:
    """The folder to write: ``folder`` itself, or with ``overwrite`` a new one that replaces it afterwards."""
    is_taken = overwrite and folder.is_dir() and any(folder.iterdir())
    return in_place_of(folder.resolve()) if is_taken else nullcontext(folder)


def checked_state(tables: schema.LabeledImages) -> State:
    """Tables as a State: conformed, validated, sorted by id.

    Raises:
        DataError: a row breaks the schema; the message names the rows.
    """
    labels = tuple(tables.labels)
    ontology: Ontology = getattr(tables, "ontology", EMPTY)
    images = _sorted(schema.conform(tables.images, "images", attributes=ontology.images))
    heights = _heights(images, tables.instances)
    instances = schema.conform(tables.instances, "instances", labels, heights, ontology.instances)
    frames = {"images": images, "instances": _sorted(instances)}
    for name in ("rejected", "regions", "attachments"):
        given = getattr(tables, name, None)
        given = schema.empty(name, labels) if given is None else given
        frames[name] = _sorted(schema.conform(given, name, labels))
    schema.validate(frames, labels)
    schema.check_ontology(ontology)
    schema.check_all_answers(frames, ontology)
    return State(frames, labels, ontology)


def _sorted(frame: pd.DataFrame) -> pd.DataFrame:
    """A copy in ascending order of id, independent of the given frame."""
    if frame.index.has_duplicates:
        twice = frame.index[frame.index.duplicated()].unique()
        raise DataError(f"{frame.index.name}: ids must be unique, repeated: {first(twice)}")
    return take_rows(frame, np.argsort(frame.index.to_numpy(), kind="stable"))


def _heights(images: pd.DataFrame, instances: pd.DataFrame) -> np.ndarray | None:
    if "image_id" not in instances or not len(instances):
        return None
    on = instances["image_id"]
    return sizes_of(images, on)[:, 0] if on.isin(images.index).all() else None


def _copy(files: Sequence[str], names: Sequence[str], root: str | Path | None, to: Path) -> None:
    """Copy image files; copies nothing if a name leaves the root, or a file is missing or not an image."""
    from ..images.files import copy_image, locate, not_images, safe_path
    from ..images.many import each

    sources = [locate(root, file) for file in files]
    here = [source for source in sources if isinstance(source, Path)]
    missing = [
        file
        for file, source in zip(files, sources, strict=True)
        if isinstance(source, Path) and not source.is_file()
    ]
    if missing:
        raise ImageError(f"{len(missing)} of {len(files)} image files are not in {root}: {first(missing)}")
    others = not_images(here)
    if others:
        raise ImageError(f"{len(others)} of {len(files)} files are no images and not copied: {first(others)}")

    def copy(pair: tuple[Path | str, str]) -> None:
        target = safe_path(to, pair[1])
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            copy_image(pair[0], target)

    each(copy, list(zip(sources, names, strict=True)), "copy images")
