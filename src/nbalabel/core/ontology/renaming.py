"""Other names for labels, attributes and options, wherever an ontology names them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from .attribute import ASKED_OF, Attribute
from .condition import Condition
from .definition import Definition
from .ontology import Ontology


def relabeled(ontology: Ontology, labels: Collection[str], renamed: Mapping[str, str]) -> Ontology:
    """The ontology after the label list has changed: definitions, parents and conditions follow.

    Args:
        ontology: the ontology before.
        labels: the label list after.
        renamed: label -> its new name, which may be that of another label: then the two are merged, and the
            definition of the other one stays.
    """
    if not ontology:
        return ontology
    kept: dict[str, Definition] = {}
    for label, entry in ontology.labels.items():
        name = renamed.get(label, label)
        if name in labels and (name == label or name not in ontology.labels):
            kept[name] = replace(entry, parent=_parent(ontology, entry.parent, name, renamed))
    made = replace(ontology, labels={label: entry for label, entry in kept.items() if entry != Definition()})
    for old, new in renamed.items():
        made = with_value(made, "label", old, new)
    return made


def _parent(ontology: Ontology, parent: str, label: str, renamed: Mapping[str, str]) -> str:
    """The parent of a label by its new name; the next one above where it was merged with the label."""
    seen: set[str] = set()
    while renamed.get(parent, parent) == label and parent not in seen:
        seen.add(parent)
        parent = ontology.labels.get(parent, Definition()).parent
    return renamed.get(parent, parent)


def with_value(ontology: Ontology, column: str, old: str, new: str, of: str | None = None) -> Ontology:
    """The ontology whose conditions compare a column with another text.

    Args:
        ontology: the ontology before.
        column: name of the column.
        old: the text before.
        new: the text after.
        of: the table whose conditions change; None for both.
    """
    return _with_conditions(ontology, lambda where: where.with_value(column, old, new), of)


def with_column(ontology: Ontology, attribute: Attribute, name: str) -> Ontology:
    """The ontology where an attribute has another name, also in the conditions that use it."""
    own = ontology.attributes(attribute.of).values()
    parts = {a.name: a for a in (replace(a, name=name) if a == attribute else a for a in own)}
    made = _with_attributes(ontology, {attribute.of: parts})
    both = attribute.of == "images" and attribute.name not in ontology.instances
    return _with_conditions(
        made, lambda where: where.renamed(attribute.name, name), None if both else attribute.of
    )


def _with_conditions(
    ontology: Ontology, change: Callable[[Condition], Condition], of: str | None
) -> Ontology:
    parts: dict[str, dict[str, Attribute]] = {}
    for table in ASKED_OF if of is None else (of,):
        parts[table] = {
            name: replace(a, where=change(Condition(a.where)).text) if a.where else a
            for name, a in ontology.attributes(table).items()
        }
    return _with_attributes(ontology, parts)


def _with_attributes(ontology: Ontology, parts: Mapping[str, Mapping[str, Attribute]]) -> Ontology:
    images, instances = (parts.get(of, ontology.attributes(of)) for of in ASKED_OF)
    return replace(ontology, images=images, instances=instances)
