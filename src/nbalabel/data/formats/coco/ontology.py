"""The ontology in COCO files: answers as ``attributes``, parents as ``supercategory``, the rest in a field.

COCO itself has supercategories. ``attributes`` of an annotation or an image is what Datumaro and CVAT write
and read. Everything else is in a field that only nbalabel reads.

Source: https://cocodataset.org/#format-data,
https://docs.cvat.ai/docs/dataset_management/formats/format-coco/
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from ....core.errors import DataError, FormatError
from ....core.ontology.attribute import Asked, Attribute
from ....core.ontology.definition import Definition
from ....core.ontology.ontology import Entry, Key, Ontology
from ....core.tables.answers import as_lists, dtype_of
from ....core.tables.arrays import missing
from ....core.tables.names import check_names
from ....core.tables.schema import INDEX_NAMES, SCHEMAS
from ..records import columns
from ..records.columns import Record

ATTRIBUTES = "attributes"
FIELD = "nbalabel_ontology"

_PARENT = "supercategory"
_NO_PARENT = ("none", "None")
_MOST_OPTIONS = 50  # different texts from which on they are read as text, not as options


def write_answers(frame: pd.DataFrame, attributes: Mapping[str, Attribute]) -> list[Record | None]:
    """The answers of each row as a JSON object; None where there are none."""
    rows: list[Record | None] = [None] * len(frame)
    for name in attributes:
        for i, answer in enumerate(_answers(frame[name], attributes[name])):
            if answer is not None:
                rows[i] = {**(rows[i] or {}), name: answer}
    return rows


def _answers(series: pd.Series, attribute: Attribute) -> list[Any]:
    if attribute.kind == "many":
        return list(as_lists(series))
    found = series.astype(object).where(series.notna(), None).tolist()
    if attribute.kind == "number":
        return [int(x) if x is not None and float(x).is_integer() else x for x in found]
    return [bool(x) if isinstance(x, bool | np.bool_) else x for x in found]


def with_parents(categories: Mapping[str, Record], ontology: Ontology) -> dict[str, Record]:
    """The category records with the parents of the ontology as their supercategories."""
    out = {}
    for label, record in categories.items():
        parent = ontology.labels.get(label, Definition()).parent
        if parent:
            record = {**record, _PARENT: parent}
        elif _parent_in(record):
            record = {name: value for name, value in record.items() if name != _PARENT}
        out[label] = record
    return out


def _parent_in(record: Record) -> str:
    """The parent that a category record names; "" for none."""
    found = record.get(_PARENT)
    if not isinstance(found, str) or not found.strip() or found in (*_NO_PARENT, record.get("name")):
        return ""
    return found if _are_names([found]) else ""


def has_answers(records: Iterable[Record]) -> bool:
    """Whether the field ``attributes`` of records holds answers: JSON objects, wherever it is."""
    found = [record[ATTRIBUTES] for record in records if record.get(ATTRIBUTES) is not None]
    return bool(found) and all(isinstance(one, dict) for one in found)


def _read_answers(
    records: Sequence[Record], of: Asked, taken: Collection[str], said: Ontology
) -> tuple[dict[str, Any], dict[Key, Entry | None]]:
    """The columns of the field ``attributes``, and the attributes that the file does not declare.

    Args:
        records: one per row; :func:`has_answers` holds.
        of: the table of the rows.
        taken: names that other columns have; an answer of such a name becomes ``coco_<name>``.
        said: the ontology that the file declares.

    Raises:
        FormatError: two answers would be columns of one name.
    """
    answers = [record.get(ATTRIBUTES) or {} for record in records]
    out: dict[str, Any] = {}
    entries: dict[Key, Entry | None] = {}
    for name in dict.fromkeys(name for answer in answers for name in answer):
        column = f"coco_{name}" if name in taken else name
        if column in out or (column != name and column in taken):
            raise FormatError(f"attributes: {name!r} and {column!r} cannot both be kept: rename one of them")
        found = columns.values(answers, name)
        if column in said.attributes(of):
            out[column] = pd.Series(found, dtype=object).array
            continue
        attribute = _told(column, of, found, len(entries))
        if attribute is not None:
            entries[of, column] = attribute
        out[column] = columns.inferred(found) if attribute is None else pd.Series(found, dtype=object).array
    return out, entries


def with_answers(
    frame: pd.DataFrame, found: Sequence[Record], of: Asked, said: Ontology
) -> tuple[pd.DataFrame, dict[Key, Entry | None]]:
    """The table with the answers of its records, and the attributes that can be told of them.

    Args:
        frame: the table, one row per record.
        found: the records.
        of: which table it is.
        said: the ontology that the file declares.

    Raises:
        FormatError: two answers would be columns of one name.
    """
    answers: dict[str, Any] = {}
    entries: dict[Key, Entry | None] = {}
    if has_answers(found):
        answers, entries = _read_answers(
            found, of, {*frame.columns, *SCHEMAS[of], *INDEX_NAMES.values()}, said
        )
    for name, attribute in said.attributes(of).items():
        if name not in answers and name not in frame:
            answers[name] = missing(dtype_of(attribute), len(frame))
    columns_of = {name: pd.Series(array, index=frame.index) for name, array in answers.items()}
    return (frame.assign(**columns_of) if columns_of else frame), entries


def _told(name: str, of: Asked, found: Sequence[Any], number: int) -> Attribute | None:
    """The attribute whose answers some values can be; None if there is none."""
    kinds = {type(value) for value in found} - {type(None)}
    more: dict[str, Any] = {"of": of, "number": number}
    try:
        if kinds == {bool}:
            return Attribute(name, kind="yes/no", **more)
        if kinds and kinds <= {int, float}:
            return Attribute(name, kind="number", **more) if _all_finite(found) else None
        if kinds == {list}:
            texts = [x for value in found if value is not None for x in value]
            return None if not _can_be_options(texts) else _choice(name, "many", texts, more)
        if kinds == {str}:
            texts = [value for value in found if value is not None]
            if _can_be_options(texts) and len(set(texts)) <= max(2, len(texts) // 2):
                return _choice(name, "one", texts, more)
            return Attribute(name, kind="text", **more)
    except DataError:
        return None
    return None


def _choice(name: str, kind: Any, texts: Sequence[str], more: Mapping[str, Any]) -> Attribute:
    return Attribute(name, kind=kind, options=tuple(sorted(set(texts))), **more)


def _can_be_options(texts: Sequence[Any]) -> bool:
    if not all(isinstance(text, str) and text.strip() for text in texts):
        return False
    return 0 < len(set(texts)) <= _MOST_OPTIONS and _are_names(texts)


def _are_names(texts: Iterable[str]) -> bool:
    try:
        check_names(texts, "names")
    except DataError:
        return False
    return True


def _all_finite(found: Sequence[Any]) -> bool:
    return all(value is None or abs(value) < 2**53 for value in found)


def declared(document: Record, path: object) -> Ontology:
    """The ontology in the field that only nbalabel writes.

    Raises:
        FormatError: the field holds no ontology.
    """
    try:
        return Ontology.from_json(document.get(FIELD) or {})
    except DataError as error:
        raise FormatError(f"{path}: {FIELD} is no ontology: {error}") from error


def with_supercategories(said: Ontology, categories: Sequence[Record], labels: Sequence[str]) -> Ontology:
    """The ontology with the supercategories of a file as parents, where it declares none itself.

    Args:
        said: what the file declares.
        categories: the category records.
        labels: the labels; nothing is said of others.
    """
    named = {record.get("name"): record for record in categories}
    parents: dict[Key, Entry | None] = {
        ("labels", label): Definition(parent=_parent_in(named[label]))
        for label in labels
        if label in named and label not in said.labels and _parent_in(named[label])
    }
    strangers: dict[Key, Entry | None] = {("labels", x): None for x in said.labels if x not in labels}
    said = said.with_entries(strangers)
    made = said.with_entries(parents)
    try:
        made.check()
    except DataError:  # supercategories in a circle are no parents
        return said
    return made
