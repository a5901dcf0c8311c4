"""``paste``: copies of instances in other images, as new images with exact masks."""

from __future__ import annotations

import shutil
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ...core.change.change import Change
from ...core.errors import DataError, NbalabelWarning
from ...core.tables.state import State
from ..disk.interrupts import deferred
from ..formats.records.files import progress
from ..paste.backgrounds import backgrounds
from ..paste.batch import Batch
from ..paste.composing import Composer
from ..paste.rules import Rules
from ..paste.shelf import FOLDER, home_of, publish, unpublished
from ..paste.sources import sources
from ..tables.tables import Tables
from .dataset import Dataset


def paste(
    ds: Dataset,
    labels: str | Sequence[str],
    onto: Any = None,
    n: int = 100,
    seed: int = 0,
    *,
    weight: float = 0.5,
    copies: tuple[int, int] = (1, 3),
    scale: tuple[float, float] = (0.8, 1.25),
    rotate: float = 10.0,
    mirror: bool = True,
    match: float = 0.5,
    feather: float = 1.0,
    overlap: float = 0.3,
    visible: float = 0.2,
) -> Change:
    """Paste copies of rare instances into other images: new images with exact masks, in one change.

    Cut out are instances that are verified, or accepted and of source human or imported; whole ones only: no
    crowds, none at the border of their image, none that others touch along a quarter of its outline; none on
    images of split val or test, or of weight 0. They are pasted where instances of their label and of a like
    size lie.

    A new image has state "complete", and split, group and your own columns of its background. Its instances
    are the background's, less what is hidden now, and the copies. All have source "synthetic", and an origin
    that names their parents: ``paste-1a2b3c4d/pasted/instance 12 of image 3 onto image 35``. The files are
    PNG in ``pasted/1a2b3c4d`` below the image root. Undo and revert remove the rows and leave the files,
    which a redo and earlier versions need.

    Args:
        ds: the dataset; its image root is inside its folder (:meth:`Dataset.copy_images`).
        labels: labels to cut out; each gets as many copies, however many instances it has.
        onto: rows or ids of the images to paste onto, of state empty or complete; those of split val or test,
            and those pasted together themselves, are left out. None: all with weight above 0.
        n: number of new images, > 0.
        seed: the same seed, tables and arguments give the same images.
        weight: sampling weight of the new images, >= 0.
        copies: least and most copies in one image.
        scale: least and most size, as multiples of the instance's own size.
        rotate: most degrees that a copy is turned, to either side, 0..180.
        mirror: mirror every other copy, left to right.
        match: how far brightness and contrast follow those of the surroundings, 0..1; 0: not at all.
        feather: width of the soft edge, pixels, 0..16; masks hold the pixels that are covered by half.
        overlap: most of what is seen of an instance that a copy may hide, 0..1.
        visible: instances of which a smaller share than this is left seen get no mask, 0..1; they are
            counted in the note.

    Returns:
        The change; ``change.tables["images"].created`` are the new rows.

    Raises:
        DataError: an argument is out of range; no instance of a label may be cut out; an image may show
            things without a mask; there is no room; the very same images are there; the image root is
            elsewhere.
        UnknownNameError: there is no such label or image.
        ImageError: a picture cannot be read.
        MissingExtraError: OpenCV is not installed.
        StorageError: files cannot be written. In all of these cases nothing has changed.

    Warns:
        NbalabelWarning: there was room for fewer images.

    Source: after G. Ghiasi et al., "Simple copy-paste is a strong data augmentation method for instance
        segmentation" (2021), made once and kept instead of anew in each epoch.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/a.nbal", n_images=40, n_labeled=8, n_test=6, size=96)
        >>> change = nl.paste(ds, "fish", n=3)
        >>> ds.images.loc[change.tables["images"].created.index, "state"].tolist()
        ['complete', 'complete', 'complete']
        >>> len(ds.revert(change).tables["images"].deleted)
        3
    """
    rules = Rules(weight, copies, scale, rotate, mirror, match, feather, overlap, visible)
    _check(ds, n, seed)
    ds._check_writable()
    ds.sync()
    state, home = ds._copy.peek(), home_of(ds.folder, ds.image_root)
    named = [labels] if isinstance(labels, str) else list(dict.fromkeys(labels))
    images, instances = state.tables["images"], state.tables["instances"]
    onto_ids, n_left_out = backgrounds(state, onto)
    rows = sources(images, instances, named, state.labels)
    composer = Composer(Tables(images, instances, state.labels, ds.image_root), rows, onto_ids, rules, seed)
    with unpublished(home) as prepared:
        batch = _composed(composer, prepared, n)
        note = _note(batch, named, n, n_left_out)
        change = _added(ds, state, batch, home / batch.name, rules, note)
    if len(batch) < n:
        warnings.warn(note, NbalabelWarning, stacklevel=2)
    return change


def _check(ds: object, n: object, seed: object) -> None:
    if not isinstance(ds, Dataset):
        raise DataError(
            f"expected a dataset to add images to, got {type(ds).__name__}: tables.save(folder) makes one"
        )
    if not isinstance(n, int) or n < 1:
        raise DataError(f"n must be a number of images > 0, got {n!r}")
    if not isinstance(seed, int) or seed < 0:
        raise DataError(f"seed must be a whole number >= 0, got {seed!r}")


def _composed(composer: Composer, prepared: Path, n: int) -> Batch:
    batch = Batch(prepared)
    for _ in progress(range(n), "pasting", n):
        made = composer.compose()
        if made is not None:
            batch.add(made)
    if not len(batch):
        raise DataError(
            "there was no room for a single copy on any image: a larger overlap, a smaller scale or other "
            "images (onto=...) give some"
        )
    return batch


def _note(batch: Batch, labels: Sequence[str], n: int, n_left_out: int) -> str:
    note = (
        f"pasted {batch.n_pasted:,} copies of {', '.join(labels)} into {len(batch):,} new images "
        f"({FOLDER}/{batch.name}; these files stay after an undo)"
    )
    if batch.n_hidden:
        note += f"; {batch.n_hidden:,} instances are hidden too far and got no mask"
    if n_left_out:
        note += f"; {n_left_out:,} images of split val or test, or pasted themselves, were not pasted onto"
    if len(batch) < n:
        note += f"; there was no room for {n - len(batch):,} of {n:,} images"
    return note


def _added(ds: Dataset, made_of: State, batch: Batch, folder: Path, rules: Rules, note: str) -> Change:
    """Show the files and add the rows; if the rows cannot be added, the files go again."""
    is_new = False

    def build(now: State) -> Change:
        nonlocal is_new
        _check_not_there(now, batch)
        with deferred():
            is_new = publish(batch.folder, folder)
        return batch.change(made_of, now, ds._copy.reserve, rules, note)

    with deferred():
        try:
            return ds._make(build)
        except BaseException:
            if is_new and not _are_there(ds._copy.session.state, batch):
                shutil.rmtree(folder, ignore_errors=True)
            raise


def _are_there(state: State, batch: Batch) -> bool:
    """Whether the images of a batch are in the tables."""
    files = state.tables["images"]["file"]
    return bool(files.isin([f"{FOLDER}/{batch.name}/{file}" for file in batch.files]).any())


def _check_not_there(state: State, batch: Batch) -> None:
    if _are_there(state, batch):
        raise DataError(
            f"these very images are in the dataset already, as {batch.origin}: another seed makes others"
        )
