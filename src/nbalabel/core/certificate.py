"""Certificates: what was found out about a set of masks from a random sample of it.

These values pass between the code that makes them (``learn.audits``) and the dataset that keeps them
(``data.certificates``); neither imports the other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pandas as pd

from .errors import DataError

Ints = npt.NDArray[np.int64]
Prints = npt.NDArray[np.uint64]

TABLES = ("instances", "predictions")
_FIELDS = ("image_id", "label", "mask")
_NAME = re.compile(r"[\w-]+")  # an id becomes the name of a file


@dataclass(frozen=True, eq=False)
class Certificate:
    """A statement about a set of rows, and what it rests on.

    Attributes:
        name: name of the set, chosen by the user.
        what: what the set is and what was asked, in words.
        made: time of the certificate, UTC, ISO 8601 to the second.
        who: who answered, names joined by ", ".
        n_rows: number of things that the statement is about: masks, or tiles of images.
        n_answers: answers given, those to mixed-in masks included.
        target: share of right masks that was to be shown, 0..1; nan for an estimate.
        alpha: probability that the statement is wrong, 0..1.
        lower: lower bound of the share, 0..1.
        upper: upper bound of the share, 0..1.
        statement: the result in a sentence.
        rest: what holds of the rows that are left without all of ``wrong``, in a sentence; "" where nothing
            more is known.
        rest_lower: lower bound of the share right among these, 0..1; nan where ``rest`` is "".
        version: id of the dataset version; "" where the tables have none.
        dirty: whether there was uncommitted work on top of it.
        table: "instances", or "predictions" of a run.
        rows: ids of the masks that the statement rests on, ascending, ``(n,)`` int64.
        prints: content of each row as `fingerprints` gives it, ``(n,)`` uint64.
        wrong: ids of the rows that were answered wrong, ``(k,)`` int64.
        id: name of the audit that it came from: letters, digits, - and _.

    Raises:
        DataError: rows and prints differ in number, or table or id are none.
    """

    name: str
    what: str
    made: str
    who: str
    n_rows: int
    n_answers: int
    target: float
    alpha: float
    lower: float
    upper: float
    statement: str
    rest: str
    rest_lower: float
    version: str
    dirty: bool
    table: str
    rows: Ints
    prints: Prints
    wrong: Ints
    id: str

    def __post_init__(self) -> None:
        if len(self.rows) != len(self.prints):
            raise DataError(
                f"a certificate needs one print for each row, got {len(self.rows)} and {len(self.prints)}"
            )
        if self.table not in TABLES:
            raise DataError(f"table must be one of {', '.join(TABLES)}, got {self.table!r}")
        if not _NAME.fullmatch(self.id):
            raise DataError(f"id must consist of letters, digits, - and _, got {self.id!r}")


@runtime_checkable
class Certifying(Protocol):
    """Something that ends in a certificate: what ``nl.audit`` returns."""

    def to_certificate(self, name: str | None = None) -> Certificate:
        """The certificate as it stands now."""


def fingerprints(rows: pd.DataFrame) -> tuple[Ints, Prints]:
    """A number for the content of each row (id, image, label, mask): equal content gives equal numbers.

    Args:
        rows: of instances or predictions, with image_id, label and mask; a unique index of ids.

    Returns:
        ids, ascending, ``(n,)`` int64; and 64 bits of BLAKE2b of each row, ``(n,)`` uint64.

    Raises:
        DataError: a column is missing.

    Example:
        >>> rows = pd.DataFrame({"image_id": [1, 1], "label": "cod", "mask": [b"a", b"b"]}, index=[7, 3])
        >>> ids, prints = fingerprints(rows)
        >>> ids.tolist(), bool(prints[0] == prints[1])
        ([3, 7], False)
    """
    missing = [name for name in _FIELDS if name not in rows]
    if missing:
        raise DataError(f"rows need the columns {', '.join(missing)}; they have {list(rows.columns)}")
    order = np.argsort(rows.index.to_numpy(np.int64), kind="stable")
    rows = rows.iloc[order]
    ids = rows.index.to_numpy(np.int64)
    columns: list[Sequence[object]] = [rows[name].tolist() for name in _FIELDS]
    prints = [_print(*row) for row in zip(ids.tolist(), *columns, strict=True)]
    return ids, np.frombuffer(b"".join(prints), "<u8").astype(np.uint64)


def _print(row: object, image: object, label: object, mask: object) -> bytes:
    head = f"{row} {image} {label}\n".encode()
    data = mask if isinstance(mask, bytes) else str(mask).encode()
    return hashlib.blake2b(head + data, digest_size=8).digest()
