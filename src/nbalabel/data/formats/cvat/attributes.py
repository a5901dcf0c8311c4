"""Columns of the user's own as attributes of CVAT, and back with their types.

CVAT knows five kinds of attribute: checkbox (true or false), number, select and radio (one of a list), text.
It gives a shape the default value of every attribute that it lacks. So where "not answered" must be told from
an answer, a list begins with ``__undefined__``, as in CVAT's own examples. Several of a list are one checkbox
per option (``damage: net``) and one more (``damage: none of these``); where all are false, nothing was
answered.

Source: https://docs.cvat.ai/docs/other/xml_format/
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import pandas as pd

from ....core.errors import FormatError, first, short
from ....core.tables.answers import list_array
from ..records.columns import Record, to_json
from ..records.questions import NONE_OF, Question
from ..records.xml import as_text

_UNDEFINED = "__undefined__"  # the value of a list that stands for "not answered"

_JOINT = ": "
_TRUTH = ("false", "true")

_WHOLE = re.compile(r"-?[0-9]{1,18}", re.ASCII)


@dataclass(frozen=True)
class Attribute:
    """An attribute as the head of a CVAT file declares it.

    Attributes:
        name: its name.
        kind: checkbox, number, select, radio or text.
        values: the values to choose from; for a number its least, its greatest and the step.
    """

    name: str
    kind: str
    values: tuple[str, ...] = ()

    @property
    def default(self) -> str:
        """What a shape has before anybody answers."""
        if self.kind == "checkbox":
            return "false"
        return _UNDEFINED if _UNDEFINED in self.values else ""

    def xml(self) -> str:
        """The declaration as XML."""
        listed = "\n".join(self.values)
        parts = {
            "name": self.name,
            "mutable": "False",
            "input_type": self.kind,
            "default_value": self.default,
        }
        inner = "".join(
            f"<{k}>{as_text(v, 'attribute')}</{k}>" for k, v in {**parts, "values": listed}.items()
        )
        return f"<attribute>{inner}</attribute>"


def declared(question: Question) -> list[Attribute]:
    """How a question is declared: one attribute, of several options one each.

    Example:
        >>> declared(Question("ripe", "yes/no"))
        [Attribute(name='ripe', kind='checkbox', values=('false', 'true'))]
        >>> [one.name for one in declared(Question("damage", "many", ("net", "hook")))]
        ['damage: net', 'damage: hook', 'damage: none of these']
    """
    name, open_ = question.name, (_UNDEFINED,) if question.may_miss else ()
    if question.kind == "many":
        return [Attribute(f"{name}{_JOINT}{option}", "checkbox", _TRUTH) for option in question.chosen]
    if question.kind == "yes/no":
        return [
            Attribute(name, "select", (*open_, *_TRUTH[::-1]))
            if open_
            else Attribute(name, "checkbox", _TRUTH)
        ]
    if question.kind == "number":
        low, high = f"{np.floor(question.low):.0f}", f"{np.ceil(question.high):.0f}"
        return [Attribute(name, "number", (low, high, "1" if question.whole else "0"))]
    if question.kind == "one" and _UNDEFINED not in question.options:
        return [Attribute(name, "select", (*open_, *question.options))]
    return [Attribute(name, "text")]


def as_said(row: Record, asked: Iterable[Question]) -> Record:
    """What a row says, in attributes: name -> value.

    Example:
        >>> as_said({"damage": ["net"]}, [Question("damage", "many", ("net", "hook"))])
        {'damage: net': True, 'damage: hook': False, 'damage: none of these': False}
    """
    out: Record = {}
    for one in asked:
        value = row.get(one.name)
        if one.kind == "many":
            chosen = value if value is None or value else [NONE_OF]
            out |= {f"{one.name}{_JOINT}{x}": x in (chosen or ()) for x in one.chosen}
        elif value is not None:
            out[one.name] = value
        elif _UNDEFINED in declared(one)[0].values:
            out[one.name] = _UNDEFINED
    return out


def plain(value: Any) -> str:
    """A value of a column as the text of an attribute.

    Example:
        >>> plain(True), plain(2.0), plain("new")
        ('true', '2.0', 'new')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | dict):
        return to_json(value, "a column")
    return repr(value) if isinstance(value, int | float) else str(value)


def read_declared(label: Element) -> list[Attribute]:
    """The attributes that the head of a file declares for one label."""
    found = []
    for one in label.iterfind("attributes/attribute"):
        name, kind = one.findtext("name"), one.findtext("input_type") or "text"
        if name:
            found.append(Attribute(name, kind, tuple((one.findtext("values") or "").split("\n"))))
    return found


def typed(
    texts: Sequence[Mapping[str, str]], known: Mapping[str, Attribute], taken: Mapping[str, object]
) -> dict[str, Any]:
    """Columns of the attributes of all shapes, in order of first appearance.

    Args:
        texts: name -> text of each shape's attributes.
        known: the declared attributes by name.
        taken: columns of the schema; another attribute of such a name becomes ``cvat_<name>``.

    Raises:
        FormatError: two attributes would become one column.
    """
    lists = _lists(dict.fromkeys([*known, *(name for row in texts for name in row)]))
    parts = {part: name for name, options in lists.items() for part in options}
    given = dict.fromkeys(parts.get(name, name) for row in texts for name in row)
    columns = {name: f"cvat_{name}" if name in taken else name for name in given}
    clashes = [name for name in given if columns[name] != name and columns[name] in given]
    if clashes or set(lists) & ({name for row in texts for name in row} - set(parts)):
        clashes = clashes or list(lists)
        raise FormatError(f"attributes {first(clashes)} cannot be kept: another one has the same name")
    return {
        columns[name]: _several(texts, lists[name])
        if name in lists
        else _column([row.get(name) for row in texts], known.get(name))
        for name in given
    }


def options_of(known: Mapping[str, Attribute]) -> dict[str, list[str]]:
    """The options that a file declares, by question."""
    lists = _lists(known)
    parts = {part for options in lists.values() for part in options}
    out = {name: [x for x in options.values() if x != NONE_OF] for name, options in lists.items()}
    for name, one in known.items():
        if one.kind in ("select", "radio") and name not in parts and set(_TRUTH) - set(one.values):
            out[name] = [x for x in one.values if x != _UNDEFINED]
    return out


def _lists(names: Iterable[str]) -> dict[str, dict[str, str]]:
    """The questions with several options: name -> attribute -> option."""
    names = list(names)
    end = f"{_JOINT}{NONE_OF}"
    bases = [name.removesuffix(end) for name in names if name.endswith(end) and name != end]
    return {
        base: {n: n.removeprefix(base + _JOINT) for n in names if n.startswith(base + _JOINT)}
        for base in bases
    }


def _several(texts: Sequence[Mapping[str, str]], options: Mapping[str, str]) -> Any:
    """The options that are checked in each row; where nothing is, nothing was answered."""
    chosen = [
        [option for name, option in options.items() if row.get(name, "").lower() == "true"] for row in texts
    ]
    return list_array([[] if row == [NONE_OF] else row or None for row in chosen])


def _column(texts: list[str | None], declared_as: Attribute | None) -> Any:
    kind = declared_as.kind if declared_as else "text"
    if declared_as is not None and kind in ("select", "radio"):
        texts = [None if text == _UNDEFINED else text for text in texts]
        if _UNDEFINED in declared_as.values and set(declared_as.values) == {_UNDEFINED, *_TRUTH}:
            kind = "checkbox"
    given = [text for text in texts if text is not None]
    if kind == "checkbox" and all(text.lower() in ("true", "false") for text in given):
        flags = [None if text is None else text.lower() == "true" for text in texts]
        return pd.array(flags, dtype="boolean") if None in flags else np.array(flags, np.bool_)
    if kind == "number" and all(_WHOLE.fullmatch(text) for text in given):
        whole = [None if text is None else int(text) for text in texts]
        return pd.array(whole, dtype="Int64") if None in whole else np.array(whole, np.int64)
    if kind == "number" and all(_is_number(text) for text in given):
        return np.array([np.nan if text is None else float(text) for text in texts])
    if kind in ("select", "radio") and declared_as is not None and set(given) <= set(declared_as.values):
        options = [value for value in dict.fromkeys(declared_as.values) if value != _UNDEFINED]
        return pd.Categorical(texts, categories=options)
    return pd.array(texts, dtype="str")


def _is_number(text: str) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return len(text) < 100 and value - value == 0


def read_attributes(shape: Element, where: str) -> dict[str, str]:
    """Name -> text of the attributes of one shape.

    Raises:
        FormatError: one has no name, or there are two of one name.
    """
    found: dict[str, str] = {}
    for one in shape.iterfind("attribute"):
        name = one.get("name")
        if not name or name in found:
            raise FormatError(f"{where}: attributes need a name each, once; got {short(name)}")
        found[name] = one.text or ""
    return found
