"""Names people read: labels and columns. What cannot be seen has no place in them.

A name ends up in menus, messages, file names and in the comments of generated cells. A line break in it would
begin a new line there; a bidirectional control would show it as another text than it is.
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
    r"""Refuse names with characters that break lines or hide what they are.

    Args:
        names: labels or columns; what is no text is left to others.
        what: the names, for the message: "labels", "columns of images".

    Raises:
        DataError: naming the first of them and the characters.

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
    """What to write instead of a name that is unknown: those most like it, else the first there are.

    Args:
        name: what was written.
        known: the names there are, in the order people know them.

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
    r"""Text in which every character that cannot be seen is written as its escape: a line stays one line.

    Example:
        >>> printable("a\nb")
        'a\\nb'
    """
    return text if text.isprintable() else "".join(map(_escaped, text))


def shown(text: str) -> str:
    """As :func:`printable`, cut where it is very long.

    Example:
        >>> len(shown("a" * 1000))
        200
    """
    short = printable(text[: _LONGEST + 1])
    return short if len(short) <= _LONGEST else f"{short[: _LONGEST - 1]}…"


def _escaped(char: str) -> str:
    return char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
