"""Names of labels and columns: check that every character is visible, and show names in messages.

A name ends up in menus, messages, file names and in the comments of generated cells. A line break in a name
would begin a new line there; a bidirectional control would make the name look like another text.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches

from ..errors import DataError, first

__all__ = ["check_names", "instead_of", "printable", "shown"]

# Control characters, the two line breaks Unicode adds, halves of characters, and the controls that turn the
# direction of text around. The marks U+200E, U+200F, U+061C and the joiners U+200C, U+200D stay: Arabic,
# Hebrew, Persian and emoji are written with them, and they neither break a line nor reorder what follows.
_HIDDEN = re.compile("[\0-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

_LONGEST = 200


def check_names(names: Iterable[object], what: str) -> None:
    r"""Refuse names with characters that break lines or disguise the text.

    Args:
        names: labels or columns; values that are not text are not checked here.
        what: what the names are, for the message: "labels", "columns of images".

    Raises:
        DataError: naming the first bad names and their characters.

    Example:
        >>> check_names(["cod", "sea\nbass"], "labels")
        Traceback (most recent call last):
        nbalabel.core.errors.DataError: labels must be text of one line without control characters; 1 has
        some: 'sea\nbass' (U+000A). Rename it first
    """
    bad = [(name, found[0]) for name in names if isinstance(name, str) and (found := _HIDDEN.search(name))]
    if bad:
        listed = first([f"{shown(ascii(name))} (U+{ord(char):04X})" for name, char in bad])
        some, it = ("has some", "it") if len(bad) == 1 else ("have some", "them")
        raise DataError(
            f"{what} must be text of one line without control characters; {len(bad)} {some}: {listed}. "
            f"Rename {it} first"
        )


def instead_of(name: object, known: Iterable[object]) -> str:
    """A hint for an unknown name: the most similar known names, else the first known ones.

    Args:
        name: the unknown name.
        known: the known names, in the order that people see.

    Example:
        >>> instead_of("Cobb", ["cod", "ling", "cobia"])
        "did you mean 'cobia' or 'cod'?"
        >>> instead_of("shark", ["cod", "ling"])
        'there are cod, ling'
    """
    names = {str(one).casefold(): str(one) for one in reversed(list(known))}
    near = get_close_matches(str(name).casefold(), names, n=3, cutoff=0.5)
    if near:
        return f"did you mean {' or '.join(repr(shown(names[one])) for one in near)}?"
    return f"there are {first(map(shown, reversed(names.values())), 8) if names else 'none'}"


def printable(text: str) -> str:
    r"""The text with every invisible character replaced by its escape sequence, so that it stays on one line.

    Example:
        >>> printable("a\nb")
        'a\\nb'
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def shown(text: str) -> str:
    """As :func:`printable`, cut to 200 characters.

    Example:
        >>> len(shown("a" * 1000))
        200
    """
    short = printable(text[: _LONGEST + 1])
    return short if len(short) <= _LONGEST else f"{short[: _LONGEST - 1]}…"


def _escaped(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
