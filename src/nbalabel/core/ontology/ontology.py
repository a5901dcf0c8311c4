"""The ontology of a dataset: its labels with their definitions, and its attributes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import orjson

from ..errors import DataError, UnknownNameError, first
from .attribute import ASKED_OF, Attribute
from .condition import Condition
from .definition import Definition
from .guidelines import Guidelines

Entry = Definition | Attribute | Guidelines
Key = tuple[str, str]
"""Where an entry is: "labels", "images", "instances" or "guidelines", and its name."""

_WHERE = ("labels", *ASKED_OF)
GUIDELINES: Key = ("guidelines", "text")
"""Where the guidelines are."""


@dataclass(frozen=True, eq=False, repr=False)
class Ontology:
    """What the labels of a dataset mean, and which questions are asked of its images and instances.

    An immutable value: :meth:`Dataset.define`, :meth:`Dataset.ask`, :meth:`Dataset.rename` and
    :meth:`Dataset.retire` make a Change of it.

    Attributes:
        labels: label -> its Definition, in the order of the label list.
        images: name -> Attribute asked of each image, in the order in which forms ask.
        instances: name -> Attribute asked of each instance, in that order.
        guidelines: the text for everybody who labels; "" for none.

    Example:
        >>> ontology = Ontology({"cod": Definition(parent="gadidae"), "gadidae": Definition(parent="fish")})
        >>> ontology.path("cod")
        ('fish', 'gadidae', 'cod')
    """

    labels: Mapping[str, Definition] = field(default_factory=dict)
    images: Mapping[str, Attribute] = field(default_factory=dict)
    instances: Mapping[str, Attribute] = field(default_factory=dict)
    guidelines: str = ""

    def __bool__(self) -> bool:
        said = self.images or self.instances or self.guidelines
        return bool(said or any(map(_says_something, self.labels.values())))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Ontology) and dict(self.entries()) == dict(other.entries())

    def __hash__(self) -> int:
        return hash(self.digest)

    def entries(self) -> Iterator[tuple[Key, Entry]]:
        """Every definition that says something, every attribute, and the guidelines."""
        for of in _WHERE:
            for name, entry in getattr(self, of).items():
                if _says_something(entry):
                    yield (of, name), entry
        if self.guidelines:
            yield GUIDELINES, Guidelines(self.guidelines)

    def attributes(self, of: str) -> Mapping[str, Attribute]:
        """The attributes of a table: those of "images" or of "instances"; none of another table."""
        return getattr(self, of) if of in ASKED_OF else {}

    def of_labels(self, labels: Iterable[str]) -> Ontology:
        """The ontology with one definition for each label of a list, in its order."""
        return replace(self, labels={label: self.labels.get(label, Definition()) for label in labels})

    def with_entries(self, entries: Mapping[Key, Entry | None]) -> Ontology:
        """The ontology with other entries; None removes one."""
        parts: dict[str, dict[str, Any]] = {of: dict(getattr(self, of)) for of in _WHERE}
        guidelines = self.guidelines
        for (of, name), entry in entries.items():
            if isinstance(entry, Guidelines) or (of, name) == GUIDELINES:
                guidelines = entry.text if isinstance(entry, Guidelines) else ""
                continue
            parts[of].pop(name, None) if entry is None else parts[of].__setitem__(name, entry)
        for of in ASKED_OF:
            parts[of] = dict(sorted(parts[of].items(), key=lambda item: (item[1].number, item[0])))
        return Ontology(**parts, guidelines=guidelines)

    def path(self, label: str) -> tuple[str, ...]:
        """A label after its parents, the coarsest first.

        Raises:
            DataError: a label is its own parent by a detour.
        """
        out = [label]
        while (found := self.labels.get(out[-1])) is not None and found.parent:
            if found.parent in out:
                raise DataError(f"labels cannot be their own parents: {' < '.join([*out, found.parent])}")
            out.append(found.parent)
        return tuple(reversed(out))

    def find(self, name: str, of: str | None = None) -> tuple[Key, Entry]:
        """An entry by its name.

        Args:
            name: a label or an attribute.
            of: "labels", "images" or "instances"; None looks in all.

        Raises:
            UnknownNameError: there is none, or there are several and ``of`` is None.
        """
        kinds = _WHERE if of is None else (of,)
        if not set(kinds) <= set(_WHERE):
            raise UnknownNameError(f"of must be one of {', '.join(_WHERE)}, got {of!r}")
        found = [(kind, name) for kind in kinds if name in getattr(self, kind)]
        if len(found) > 1:
            where = " and in ".join(kind for kind, _ in found)
            raise UnknownNameError(f"{name!r} is in {where}: say which with of={found[0][0]!r}")
        if not found:
            known = [*self.labels, *self.images, *self.instances] if of is None else getattr(self, of)
            raise UnknownNameError(f"the ontology has no {name!r}; there are {first(known, 12) or 'none'}")
        return found[0], getattr(self, found[0][0])[name]

    @property
    def digest(self) -> str:
        """A checksum of all entries, 32 hexadecimal digits."""
        text = orjson.dumps(self.to_json(), option=orjson.OPT_SORT_KEYS)
        return hashlib.blake2b(text, digest_size=16).hexdigest()

    def to_json(self) -> dict[str, Any]:
        """All entries as JSON."""
        out: dict[str, Any] = {}
        for (of, name), entry in self.entries():
            out.setdefault(of, {})[name] = entry.to_json()
        return out

    @classmethod
    def from_json(cls, record: Any) -> Ontology:
        """The inverse of :meth:`to_json`.

        Raises:
            DataError: the record is no ontology.
        """
        if not isinstance(record, dict) or not set(record) <= {*_WHERE, GUIDELINES[0]}:
            raise DataError(f"an ontology is a JSON object with {', '.join(_WHERE)} and {GUIDELINES[0]}")
        found: dict[Key, Entry | None] = {}
        for of, entries in record.items():
            if not isinstance(entries, dict):
                raise DataError(f"{of} of an ontology must be a JSON object, got {type(entries).__name__}")
            found |= {(of, name): entry_from_json((of, name), entry) for name, entry in entries.items()}
        made = cls().with_entries(found)
        made.check()
        return made

    def check(self) -> None:
        """Check what concerns several entries: parents, and conditions that depend on answers.

        Raises:
            DataError: a label is its own parent, or an attribute depends on itself.
        """
        for label in self.labels:
            self.path(label)
        for of in ASKED_OF:
            for name in self.attributes(of):
                self._check_condition(of, name, ())
        keys = [entry.key for entry in self.labels.values() if entry.key]
        if len(set(keys)) < len(keys):
            key = next(key for key in keys if keys.count(key) > 1)
            both = [label for label, entry in self.labels.items() if entry.key == key]
            raise DataError(f"the key {key!r} is that of {' and of '.join(both)}: give one of them another")

    def _check_condition(self, of: str, name: str, above: tuple[str, ...]) -> None:
        if name in above:
            raise DataError(f"{' needs '.join([*above, name])}: an attribute cannot depend on itself")
        for other in sorted(Condition(self.attributes(of)[name].where).names):
            if other in self.attributes(of):
                self._check_condition(of, other, (*above, name))

    def __repr__(self) -> str:
        n = len(self.labels)
        parts = [f"{n:,} label{'s' * (n != 1)}"]
        parts += [f"{of}: {', '.join(self.attributes(of))}" for of in ASKED_OF if self.attributes(of)]
        return f"<Ontology {'; '.join(parts)}>"

    def _repr_html_(self) -> str:
        from ..show.card import card

        facts = [(label, _said(self, label)) for label in self.labels]
        facts += [
            (f"{of}: {name}", question_text(attribute))
            for of in ASKED_OF
            for name, attribute in self.attributes(of).items()
        ]
        facts += [("guidelines", self.guidelines)] if self.guidelines else []
        return card("Ontology", facts)


EMPTY = Ontology()


def entry_from_json(key: Key, record: Any) -> Entry:
    """One entry from JSON.

    Raises:
        DataError: the record is none, or is of another name than its key.
    """
    of, name = key
    if key == GUIDELINES:
        return Guidelines.from_json(record)
    if of == "labels":
        return Definition.from_json(record)
    if of not in ASKED_OF:
        raise DataError(f"an ontology has {', '.join(_WHERE)}, got {of!r}")
    found = Attribute.from_json(record)
    if (found.of, found.name) != (of, name):
        raise DataError(f"the attribute {name!r} of {of} says that it is {found.name!r} of {found.of}")
    return found


def question_text(attribute: Attribute) -> str:
    """An attribute as one line of text.

    Example:
        >>> question_text(Attribute("age", kind="number", unit="years", low=0, required=True))
        'number in years, from 0; required'
    """
    what: str = attribute.kind
    if attribute.options:
        offered = ", ".join(attribute.offered)
        what = f"{attribute.kind} of {offered or 'no option that is offered'}"
    if attribute.kind == "number":
        limits = [("from", attribute.low), ("to", attribute.high)]
        said = " ".join(f"{word} {limit:g}" for word, limit in limits if limit is not None)
        what = ", ".join(filter(None, [f"number in {attribute.unit}" if attribute.unit else "number", said]))
    parts = [what]
    parts += ["required"] if attribute.required else []
    parts += [f"where {attribute.where}"] if attribute.where else []
    parts += [f"retired: {', '.join(attribute.retired_options)}"] if attribute.retired_options else []
    parts += ["asked no more"] if attribute.retired else []
    return "; ".join([*parts, attribute.text] if attribute.text else parts)


def _said(ontology: Ontology, label: str) -> str:
    entry = ontology.labels[label]
    parts = [" > ".join(ontology.path(label)[:-1])] if entry.parent else []
    parts += [f"key {entry.key}"] if entry.key else []
    parts += [entry.color] if entry.color else []
    parts += ["retired"] if entry.retired else []
    parts += [entry.text] if entry.text else []
    parts += [f"right: {first(entry.right)}"] if entry.right else []
    parts += [f"wrong: {first(entry.wrong)}"] if entry.wrong else []
    return "; ".join(parts) or "no definition"


def _says_something(entry: Entry) -> bool:
    return not isinstance(entry, Definition) or entry != Definition()
