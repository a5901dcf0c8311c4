"""The files of pasted images: written under a temporary name, then all shown by one rename."""

from __future__ import annotations

import io
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...core.errors import DataError
from ..disk.atomic import TEMPORARY, listed, locked, sync_folder, write_file
from ..disk.errors import writing
from ..disk.interrupts import allowed
from ..images.files import safe_path

FOLDER = "pasted"

_LEVEL = 2  # of PNG's compression: a third faster than 4, files a tenth larger


def home_of(dataset: Path, root: Path | None) -> Path:
    """The folder of pasted images, ``pasted`` below the image root.

    Args:
        dataset: the dataset's folder.
        root: the image root.

    Raises:
        DataError: there is no image root, or it is outside of the dataset's folder.
    """
    if root is None:
        raise DataError(
            "this dataset has no image folder for the new images: ds.image_root = FOLDER says where it is"
        )
    if not root.resolve().is_relative_to(dataset.resolve()):
        raise DataError(
            f"the image folder {root} is outside of the dataset's folder {dataset}, and new images do not "
            "belong among your own files: ds.copy_images() brings the pictures into the dataset, then paste"
        )
    return safe_path(root, FOLDER)


@contextmanager
def unpublished(home: Path) -> Iterator[Path]:
    """A hidden folder in which files are prepared; it is removed at the end of the block if still there.

    Only one process at a time prepares files here; what a killed one left is removed.

    Args:
        home: the folder of pasted images.

    Raises:
        StorageError: the folder cannot be written, or another process is at it.
    """
    with writing(home):
        home.mkdir(parents=True, exist_ok=True)
    with locked(home / ".lock"), allowed():
        for left in listed(home, f"{TEMPORARY}*"):
            shutil.rmtree(left, ignore_errors=True)
        folder = home / f"{TEMPORARY}{secrets.token_hex(4)}"
        try:
            with writing(folder):
                folder.mkdir()
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def write_png(path: Path, pixels: npt.NDArray[np.uint8]) -> None:
    """Write an image without loss, synced to disk.

    Raises:
        StorageError: the file could not be written.
    """
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "PNG", compress_level=_LEVEL)
    write_file(path, data.getbuffer())


def publish(prepared: Path, folder: Path) -> bool:
    """Rename a prepared folder to its final name; returns whether it was not there yet.

    The name is made of the content: a folder of this name has the same files, and gets those that it lost.

    Raises:
        StorageError: it cannot be renamed.
    """
    with writing(folder):
        if not folder.is_dir():
            os.replace(prepared, folder)
            sync_folder(folder.parent)
            return True
        for file in prepared.iterdir():
            if not (folder / file.name).exists():
                os.replace(file, folder / file.name)
        sync_folder(folder)
    return False
