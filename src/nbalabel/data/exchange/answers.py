"""Answers that came back: values that are none are left out and listed, and cannot stop a delivery."""

from __future__ import annotations

from typing import Any

import pandas as pd

from ...core.ontology.attribute import Attribute
from ...core.ontology.ontology import Ontology
from .comparison import own_columns
from .proposal import value_for

_COLUMNS = ["position", "column", "value", "why"]


def without_wrong(
    back: pd.DataFrame, there: pd.DataFrame, ontology: Ontology
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take values of your own columns that the dataset cannot hold out of what came back.

    Args:
        back: instances that came back.
        there: instances of the dataset.
        ontology: its attributes.

    Returns:
        ``back`` without these values; and one row per value: position in ``back``, column, value, why.
    """
    wrong: list[tuple[int, str, Any, str]] = []
    kept = {}
    for name in own_columns(there):
        if name not in back or ontology.instances.get(name, _ANY).kind == "many":
            continue
        found, kind = back[name].astype(object).tolist(), there[name].dtype
        whys = [_why(value, kind, ontology.instances.get(name)) for value in found]
        listed = [(i, name, found[i], why) for i, why in enumerate(whys) if why]
        wrong += listed
        if listed:
            good = [None if why else value for value, why in zip(found, whys, strict=True)]
            kept[name] = pd.Series(good, back.index, dtype=object)
    return back.assign(**kept), pd.DataFrame(wrong, columns=_COLUMNS)


_ANY = Attribute("any", kind="text")


def _why(value: Any, kind: Any, attribute: Attribute | None) -> str:
    """Why a column cannot hold a value; "" where it can, or where nothing was said."""
    if value is None or value is pd.NA or value != value or value == "":
        return ""
    read = value_for(value, kind)
    if read is None:
        options = "" if attribute is None else ", ".join(attribute.offered)
        return f"expected one of {options}" if options else f"expected {kind}"
    if attribute is None or attribute.kind != "number":
        return ""
    low, high = attribute.low, attribute.high
    if low is not None and read < low:
        return f"expected {low:g} or more"
    return f"expected {high:g} or less" if high is not None and read > high else ""
