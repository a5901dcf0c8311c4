"""Names that are URLs, and paths on this machine."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .errors import DataError

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")


def is_url(file: str) -> bool:
    """Whether a value of ``images.file`` is a URL and not a path.

    Example:
        >>> is_url("s3://bucket/a.jpg"), is_url("train/a.jpg")
        (True, False)
    """
    return _URL.match(file) is not None


def local_path(path: str | os.PathLike[str]) -> Path:
    """The path of a file or folder on this machine.

    Raises:
        DataError: it is a URL. ``Path("s3://bucket/a")`` would be the folder ``s3:/bucket/a`` here.

    Example:
        >>> local_path("cells.nbal").name
        'cells.nbal'
        >>> local_path("s3://bucket/cells.nbal")
        Traceback (most recent call last):
        nbalabel.core.errors.DataError: 's3://bucket/cells.nbal' is a URL, and this must be a path on this ...
    """
    text = os.fspath(path)
    if is_url(text):
        raise DataError(
            f"{text!r} is a URL, and this must be a path on this machine. Only pictures can lie elsewhere: "
            'nl.read_images("s3://bucket/images/"), nl.read_coco(FILE, images="s3://bucket/images/"). Keep a '
            "dataset in a folder, and copy the folder to share it"
        )
    return Path(path)
