"""Every error and warning nbalabel raises on purpose.

    NbalabelError
    ├── DataError (ValueError)             tables, masks or files break the schema
    │   ├── MaskError                      a run-length mask is malformed or of the wrong size
    │   ├── FormatError                    a COCO, YOLO, LabelMe ... file cannot be understood
    │   └── UnsafePathError                a file name leaves its image root
    ├── ImageError (OSError)               an image file is missing, truncated, too large or not an image
    ├── UnknownNameError (LookupError)     no such version, image, label or change
    ├── HistoryError (RuntimeError)        the operation does not fit the dataset's history
    │   └── ConflictError                  two writers changed the same rows
    ├── StorageError (OSError)             the dataset folder cannot be used
    │   ├── CorruptError                   bytes on disk fail their checksum
    │   └── NewerSchemaError               the folder was written by a newer nbalabel
    ├── ReadOnlyError (TypeError)          a version, or a folder that cannot be written, was edited
    ├── MissingExtraError (ImportError)    an optional package is not installed
    └── ModelError (RuntimeError)          training or prediction could not run

    NbalabelWarning (UserWarning)
    ├── LossWarning                        a format cannot hold everything that was written
    ├── FallbackWarning                    something other than requested was used, and why
    └── RecoveryWarning                    uncommitted work of a killed process was brought back

Each message says what was expected, what came (value, shape, count, first ids), where, and what to do.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable


class NbalabelError(Exception):
    """Root of everything nbalabel raises on purpose."""


class DataError(NbalabelError, ValueError):
    """Tables, masks or files break the schema."""


class MaskError(DataError):
    """A run-length mask is malformed, or of another size than its image."""


class FormatError(DataError):
    """A file does not follow the format it claims."""


class UnsafePathError(DataError):
    """A file name is absolute or climbs out of its image root."""


class ImageError(NbalabelError, OSError):
    """An image file is missing, truncated, too large, or not an image."""


class UnknownNameError(NbalabelError, LookupError):
    """No version, image, label or change goes by that name."""


class HistoryError(NbalabelError, RuntimeError):
    """The operation does not fit the dataset's history."""


class ConflictError(HistoryError):
    """Two writers changed the same rows; ``rows`` names them, as table name -> ids."""

    def __init__(self, message: str, rows: dict[str, list[int]] | None = None) -> None:
        super().__init__(message)
        self.rows = rows or {}


class StorageError(NbalabelError, OSError):
    """The dataset folder cannot be used."""


class CorruptError(StorageError):
    """Bytes on disk fail their checksum."""


class NewerSchemaError(StorageError):
    """The folder was written by a newer nbalabel."""


class ReadOnlyError(NbalabelError, TypeError):
    """A version is immutable: check it out to edit on top of it. A folder that cannot be written: copy it."""


class MissingExtraError(NbalabelError, ImportError):
    """An optional package is needed; the message names the extra to install."""


class ModelError(NbalabelError, RuntimeError):
    """Training or prediction could not run."""


class NbalabelWarning(UserWarning):
    """Root of nbalabel's warnings."""


class LossWarning(NbalabelWarning):
    """A format cannot hold everything that was written."""


class FallbackWarning(NbalabelWarning):
    """Something other than requested was used; the message says what and why."""


class RecoveryWarning(NbalabelWarning):
    """Uncommitted work of a process that ended without committing was brought back."""


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxlevel, self.maxlist, self.maxdict, self.maxtuple, self.maxset = 3, 4, 4, 4, 4
        self.maxstring = self.maxother = 80

    def repr_int(self, x: int, level: int) -> str:  # noqa: ARG002  # reprlib's signature
        return repr(x) if x.bit_length() <= 128 else f"a number of {x.bit_length():,} bits"


_SHORT = _Short()


def short(value: object) -> str:
    """A short repr of any value for error messages; it stays short and fast for hostile values from a file.

    Example:
        >>> short({"a": [[["deep"]]], "b": "long " * 999, "c": 1 << 9999})  # doctest: +ELLIPSIS
        "{'a': [[...]], 'b': 'long long...
    """
    text = _SHORT.repr(value)
    return text if len(text) <= 120 else f"{text[:120]}..."


def first(ids: Iterable[object], limit: int = 5) -> str:
    """The first few ids and the number of the others, for messages; long ids are cut.

    Example:
        >>> first([3, 5, 8, 13, 21, 34, 55])
        '3, 5, 8, 13, 21 (and 2 more)'
    """
    listed = list(ids)
    head = ", ".join(_cut(str(i)) for i in listed[:limit])
    return head if len(listed) <= limit else f"{head} (and {len(listed) - limit} more)"


def _cut(text: str) -> str:
    return text if len(text) <= 500 else f"{text[:500]}..."
