"""The guidelines of a dataset: one text for everybody who labels it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ..errors import DataError

LONGEST = 100_000
"""Characters that guidelines may have."""


@dataclass(frozen=True)
class Guidelines:
    r"""A text for people, in lines; never HTML.

    Attributes:
        text: at most 100,000 characters. Views show lines that begin with "#" as headings and with "-" as
            lists.

    Example:
        >>> Guidelines("# Fish\n- outline the fins, too").text.splitlines()
        ['# Fish', '- outline the fins, too']
    """

    text: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.text, str):
            raise DataError(f"guidelines must be text, got {type(self.text).__name__}")
        if len(self.text) > LONGEST:
            raise DataError(f"guidelines must have at most {LONGEST:,} characters, got {len(self.text):,}")
        if "\0" in self.text or not _is_whole(self.text):
            raise DataError("guidelines must be text; these have zero bytes or halves of characters")

    def to_json(self) -> Any:
        """The text, as JSON has it."""
        return self.text

    @classmethod
    def from_json(cls, record: Any) -> Guidelines:
        """The inverse of :meth:`to_json`.

        Raises:
            DataError: the record is no text.
        """
        return cls(record)


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
