"""Valid names of image files: a path below the image root, with forward slashes, or a URL of a remote scheme.

Names come from untrusted datasets. The rules look only at the text of a name and do not access the disk.
"""

from __future__ import annotations

import re

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from ..errors import UnsafePathError, first
from ..urls import is_url

_REMOTE = ("http", "https", "s3", "gs", "gcs", "az", "abfs", "abfss", "hf", "ftp", "sftp", "memory")
_SAFE_URL = re.compile(rf"(?:{'|'.join(_REMOTE)})://[^\0]+", re.IGNORECASE)
_RULES = (
    (r"^[ ./]*\Z", "it is empty"),
    (r"\x00", "it contains a zero byte"),
    (r"\\", "it contains a backslash (write '/')"),
    (r"^/|^[A-Za-z]:", "it is absolute"),
    (r"(?:^|/)\.\.(?:/|\Z)", "it contains '..'"),
)


def has_pixels(images: pd.DataFrame, image_root: object) -> bool:
    """Whether there are files to read: there is an image root, or images are named by URLs.

    Example:
        >>> has_pixels(pd.DataFrame({"file": ["a.jpg", "s3://bucket/a.jpg"]}), None)
        True
    """
    if image_root is not None:
        return True
    names = pa.array(images["file"], from_pandas=True).cast(pa.large_string())
    return bool(pc.any(pc.match_substring(names, "://")).as_py())


def problem(file: object) -> str | None:
    """What is wrong with a file name; None for a valid one.

    Example:
        >>> problem("../a.jpg"), problem("a.jpg")
        ("it contains '..'", None)
    """
    if not isinstance(file, str):
        return "it is missing"
    if is_url(file):
        # In fsspec URLs "::" chains file systems, so a remote URL could reach the local disk.
        safe = _SAFE_URL.fullmatch(file) and "::" not in file
        return None if safe else f"its scheme is none of {', '.join(_REMOTE)}"
    return next((text for rule, text in _RULES if re.search(rule, file)), None)


def check_files(images: pd.DataFrame, table: str = "images") -> None:
    """Check all file names of a table with a column ``file``.

    Args:
        images: the rows.
        table: its name, for the message.

    Raises:
        UnsafePathError: some are invalid; the message names the rows and the reasons.

    Example:
        >>> check_files(pd.DataFrame({"file": ["a.jpg", "/etc/passwd"]}))
        Traceback (most recent call last):
        nbalabel.core.errors.UnsafePathError: images: file must be a path below the image root or a URL; 1
        of 2 ...
    """
    files = images["file"]
    found = {i: text for i in _suspects(files).tolist() if (text := problem(files.iloc[i])) is not None}
    if not found:
        return
    reasons = "; ".join(f"{files.iloc[i]!r}: {text}" for i, text in list(found.items())[:3])
    raise UnsafePathError(
        f"{table}: file must be a path below the image root or a URL; {len(found)} of {len(images)} rows "
        f"are not: {first(images.index[list(found)])} ({reasons})"
    )


def _suspects(files: pd.Series) -> npt.NDArray[np.int64]:
    """Positions of all names that might break a rule: a fast Arrow prefilter, a few nanoseconds per name."""
    names = pa.array(files, from_pandas=True).cast(pa.large_string())
    flags = [pc.match_substring(names, text) for text in ("\0", "\\", "..", ":")]
    flags += [pc.starts_with(names, text) for text in ("/", ".", " ")]
    flags.append(pc.equal(names, ""))
    any_of = np.logical_or.reduce([np.asarray(flag.fill_null(True)) for flag in flags])
    return np.flatnonzero(any_of)
