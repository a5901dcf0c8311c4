"""Columns of the user's own as attributes of CVAT, and back with their types.

CVAT knows five kinds of attribute: checkbox (true or false), number, select and radio (one of a list), text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
import pandas as pd

from ....core.errors import FormatError, first, short
from ..records.columns import to_json
from ..records.xml import as_text

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

    def xml(self) -> str:
        """The declaration as XML."""
        listed = "\n".join(self.values)
        default = "false" if self.kind == "checkbox" else ""
        parts = {"name": self.name, "mutable": "False", "input_type": self.kind, "default_value": default}
        inner = "".join(
            f"<{k}>{as_text(v, 'attribute')}</{k}>" for k, v in {**parts, "values": listed}.items()
        )
        return f"<attribute>{inner}</attribute>"


def declared(column: pd.Series) -> Attribute:
    """How a column of a table is declared.

    Example:
        >>> declared(pd.Series([True, False], name="ripe"))
        Attribute(name='ripe', kind='checkbox', values=('false', 'true'))
    """
    kind, name = column.dtype, str(column.name)
    if pd.api.types.is_bool_dtype(kind):
        return Attribute(name, "checkbox", ("false", "true"))
    if pd.api.types.is_numeric_dtype(kind):
        known = column.dropna()
        low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 0.0)
        whole = pd.api.types.is_integer_dtype(kind)
        return Attribute(
            name, "number", (f"{np.floor(low):.0f}", f"{np.ceil(high):.0f}", "1" if whole else "0")
        )
    if isinstance(kind, pd.CategoricalDtype):
        values = [str(value) for value in kind.categories]
        if values and all(value.strip() == value and "\n" not in value and value for value in values):
            return Attribute(name, "select", tuple(values))
    return Attribute(name, "text")


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
    names = list(dict.fromkeys(name for row in texts for name in row))
    columns = {name: f"cvat_{name}" if name in taken else name for name in names}
    clashes = [name for name in names if columns[name] != name and columns[name] in names]
    if clashes:
        raise FormatError(f"attributes {first(clashes)} cannot be kept: there is one called cvat_... already")
    return {columns[name]: _column([row.get(name) for row in texts], known.get(name)) for name in names}


def _column(texts: list[str | None], declared_as: Attribute | None) -> Any:
    kind = declared_as.kind if declared_as else "text"
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
        return pd.Categorical(texts, categories=list(dict.fromkeys(declared_as.values)))
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
