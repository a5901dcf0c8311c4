"""XML files of strangers, read element by element; document types and entities are refused."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from pathlib import Path
from typing import NoReturn
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat
from xml.sax.saxutils import escape, quoteattr

from ....core.errors import DataError, FormatError, short
from .documents import content

MAX_BYTES = 1 << 30
"""Largest XML file, bytes."""

_DEEPEST = 32
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def each_element(
    path: Path, wanted: Collection[str], take: Callable[[Element], None], most: int = MAX_BYTES
) -> str:
    """Hand over each element of some names as soon as it is complete, with what lies in it.

    Args:
        path: the file.
        wanted: names of elements; one within another wanted one comes only as a part of it.
        take: gets each element.
        most: largest file, bytes.

    Returns:
        The name of the outermost element.

    Raises:
        FormatError: the file is no XML, has a document type (so no entities either), or is nested too deeply.
    """
    data = content(path, most)
    walk = _Walk(path, frozenset(wanted), take)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = walk.refuse
    parser.EntityDeclHandler = walk.refuse
    parser.StartElementHandler = walk.start
    parser.EndElementHandler = walk.end
    parser.CharacterDataHandler = walk.text
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        if isinstance(error, DataError):
            raise
        raise FormatError(f"{path} is not XML: {error}") from error
    return walk.root


class _Walk:
    """Builds the wanted elements while the parser walks through the file."""

    def __init__(self, path: Path, wanted: frozenset[str], take: Callable[[Element], None]) -> None:
        self.path, self.wanted, self.take = path, wanted, take
        self.root, self._depth, self._inside = "", 0, 0
        self._builder = TreeBuilder()

    def refuse(self, *_: object) -> NoReturn:
        raise FormatError(f"{self.path} must have no document type and no entities (<!DOCTYPE, <!ENTITY)")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.root = self.root or name
        self._depth += 1
        if self._depth > _DEEPEST:
            raise FormatError(f"{self.path} is nested more than {_DEEPEST} elements deep, at {short(name)}")
        if self._inside or name in self.wanted:
            self._inside += 1
            self._builder.start(name, attributes)

    def end(self, name: str) -> None:
        self._depth -= 1
        if not self._inside:
            return
        self._builder.end(name)
        self._inside -= 1
        if not self._inside:
            element = self._builder.close()
            self._builder = TreeBuilder()
            self.take(element)

    def text(self, data: str) -> None:
        if self._inside:
            self._builder.data(data)


def whole_number(found: str | None, what: str) -> int:
    """A whole number of an XML file.

    Raises:
        FormatError: it is none, or has more than 18 digits; the message names ``what``.
    """
    if found is not None and re.fullmatch(r"\s*-?[0-9]{1,18}\s*", found, re.ASCII):
        return int(found)
    raise FormatError(f"{what} must be a whole number, got {short(found)}")


def number(found: str | None, what: str) -> float:
    """A finite number of an XML file.

    Raises:
        FormatError: it is none; the message names ``what``.
    """
    try:
        value = float(found) if found is not None and len(found) < 100 else float("nan")
    except ValueError:
        value = float("nan")
    if value - value != 0:  # nan or infinite
        raise FormatError(f"{what} must be a number, got {short(found)}")
    return value


def as_text(value: str, what: str) -> str:
    """A text as the content of an element.

    Raises:
        DataError: it holds characters that XML has no place for.

    Example:
        >>> as_text("a < b", "name")
        'a &lt; b'
    """
    return escape(_legal(value, what), {"\r": "&#13;"})


def as_attribute(value: str, what: str) -> str:
    """A text as the value of an attribute, quotes included.

    Raises:
        DataError: it holds characters that XML has no place for.
    """
    return quoteattr(_legal(value, what))


def _legal(value: str, what: str) -> str:
    bad = _ILLEGAL.search(value)
    if bad:
        raise DataError(f"{what} {short(value)} holds the character {bad[0]!a}, which XML cannot hold")
    return value
