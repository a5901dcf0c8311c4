"""What a label means: its parent, color, key, text, and examples that are right and wrong."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from typing import Any

from ..errors import DataError

_COLOR = re.compile(r"#[0-9a-fA-F]{6}")
_TEXTS = ("parent", "color", "key", "text")


@dataclass(frozen=True)
class Definition:
    """What a label means.

    Attributes:
        parent: the coarser label that it is a kind of; "" for none. It may be a name that is no label itself.
        color: as "#rrggbb"; "" leaves the color to the position in the label list.
        key: one character that gives the label in the editor; "" for none.
        text: when to use the label, for people.
        right: ids of instances that are good examples.
        wrong: ids of instances that look like it and are something else.
        retired: whether no form offers it any more; instances that have it keep it.

    Example:
        >>> Definition(parent="gadidae", key="c").parent
        'gadidae'
    """

    parent: str = ""
    color: str = ""
    key: str = ""
    text: str = ""
    right: tuple[int, ...] = ()
    wrong: tuple[int, ...] = ()
    retired: bool = False

    def __post_init__(self) -> None:
        for name in _TEXTS:
            if not isinstance(getattr(self, name), str):
                raise DataError(f"{name} of a label must be text, got {getattr(self, name)!r}")
        if self.color and not _COLOR.fullmatch(self.color):
            raise DataError(f'color of a label must be "#rrggbb" in hexadecimal digits, got {self.color!r}')
        if self.key and (len(self.key) != 1 or not self.key.isprintable() or self.key.isspace()):
            raise DataError(f"key of a label must be one visible character, got {self.key!r}")
        for name in ("right", "wrong"):
            ids = getattr(self, name)
            if not isinstance(ids, tuple) or not all(type(i) is int and 0 <= i < 2**63 for i in ids):
                raise DataError(f"{name} examples of a label must be ids of instances, got {ids!r}")
        if type(self.retired) is not bool:
            raise DataError(f"retired must be true or false, got {self.retired!r}")

    def to_json(self) -> dict[str, Any]:
        """The fields that are set, as JSON."""
        return {f.name: _plain(getattr(self, f.name)) for f in fields(self) if getattr(self, f.name)}

    @classmethod
    def from_json(cls, record: Any) -> Definition:
        """The inverse of :meth:`to_json`.

        Raises:
            DataError: the record is no definition.
        """
        return cls(**known_fields(cls, record, ("right", "wrong")))


def known_fields(kind: type, record: Any, tuples: tuple[str, ...]) -> dict[str, Any]:
    """The fields of a JSON record for a dataclass; lists become tuples.

    Args:
        kind: the dataclass.
        record: the parsed JSON.
        tuples: names of the fields that hold a list.

    Raises:
        DataError: the record is no JSON object, or has fields that the dataclass lacks.
    """
    if not isinstance(record, dict):
        raise DataError(f"expected a JSON object for a {kind.__name__}, got {type(record).__name__}")
    strange = set(record) - {f.name for f in fields(kind)}
    if strange:
        raise DataError(f"a {kind.__name__} has no fields {', '.join(sorted(map(repr, strange)))}")
    return {
        name: tuple(value) if name in tuples and isinstance(value, list) else value
        for name, value in record.items()
    }


def _plain(value: object) -> object:
    return list(value) if isinstance(value, tuple) else value
