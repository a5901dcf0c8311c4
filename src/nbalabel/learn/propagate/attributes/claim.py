"""The question of a propagation about an attribute: which answers are claimed, and where they hold."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.errors import DataError, UnknownNameError
from ....core.ontology.attribute import Attribute
from ....core.ontology.definition import Definition
from ....core.ontology.ontology import Ontology
from ....core.tables.answers import as_lists
from ....core.tables.names import instead_of
from ..state.ledger import NO, UNKNOWN, YES

Ints = npt.NDArray[np.int64]

_IN = re.compile(r"""\s*(['"])(?P<value>.+)\1\s+in\s+`?(?P<name>[^`]+?)`?\s*""")
_TRUTH = {"yes": True, "true": True, "no": False, "false": False}
_KINDS = "those of kind 'one', 'many' and 'yes/no' can be"


@dataclass(frozen=True)
class Claim:
    """Answers that are claimed of instances; a person says of each claim whether it is true.

    Attributes:
        name: the attribute, or "label".
        kind: "one", "many", "yes/no" or "label".
        values: the answers claimed: one where the question names it, else all that are offered.
        text: what to answer, in the words of the ontology; "" where it says nothing.
    """

    name: str
    kind: str
    values: tuple[Any, ...]
    text: str = ""

    @classmethod
    def of(cls, question: str, ontology: Ontology, labels: tuple[str, ...]) -> Claim:
        """The claim that a question makes.

        Args:
            question: "sex=f", "dead=yes" (or "dead"), "'net' in damage", "label=cod"; "sex" or "label" alone
                claims of each row the likeliest answer.
            ontology: the attributes.
            labels: the label list.

        Raises:
            DataError: the question cannot be read, or answers of its kind cannot be propagated.
            UnknownNameError: there is no such attribute, option or label.

        Example:
            >>> asked = Ontology(instances={"sex": Attribute("sex", options=("f", "m"))})
            >>> Claim.of("sex=f", asked, ()).asks
            ('sex = f?',)
        """
        name, value = _read(question, {*ontology.instances, "label"})
        if name == "label":
            return cls(name, "label", _label(value, labels), _defined(ontology, value))
        attribute = _attribute(name, ontology)
        return cls(name, attribute.kind, _values(attribute, value), attribute.text)

    @property
    def one(self) -> bool:
        """Whether the same answer is claimed of every row."""
        return len(self.values) == 1

    @property
    def said(self) -> tuple[str, ...]:
        """Each claim in words: "sex = f"."""
        return tuple(self._said(value) for value in self.values)

    @property
    def asks(self) -> tuple[str, ...]:
        """Each claim as a question: "sex = f?"."""
        return tuple(f"{said}?" for said in self.said)

    @property
    def names(self) -> tuple[str, ...]:
        """Each claim as a part of an origin: "sex=f"."""
        return tuple(f"{self.name}={_word(value)}" for value in self.values)

    @property
    def words(self) -> tuple[str, ...]:
        """Each claimed answer as text: "f"."""
        return tuple(_word(value) for value in self.values)

    def codes(self, answers: pd.Series) -> Ints:
        """Which claimed value each answer is, ``(n,)``: its position, or -1 for another or none.

        Only for kinds with one value per answer.
        """
        return np.asarray(pd.Index(self.values, dtype=object).get_indexer(answers.astype(object)), np.int64)

    def true_of(self, answers: pd.Series, claimed: Ints) -> npt.NDArray[np.int8]:
        """Whether the claim about each row is true by its answer, ``(n,)``: YES, NO; UNKNOWN without one.

        Args:
            answers: the answers of the rows, or their labels.
            claimed: position of the value claimed of each row.
        """
        if self.kind == "many":
            pairs = zip(as_lists(answers), claimed.tolist(), strict=True)
            found = [UNKNOWN if x is None else int(self.values[k] in x) for x, k in pairs]
            return np.array(found, np.int8)
        same = self.codes(answers) == claimed
        return np.where(answers.isna().to_numpy(), UNKNOWN, np.where(same, YES, NO)).astype(np.int8)

    def _said(self, value: Any) -> str:
        return f"{value} in {self.name}" if self.kind == "many" else f"{self.name} = {_word(value)}"


def _word(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _read(question: str, known: set[str]) -> tuple[str, str | None]:
    """Name and value; the value is None where the question names none."""
    if not isinstance(question, str) or not question.strip():
        raise DataError(f"question must be a text such as 'sex=f', got {question!r}")
    if question.strip() in known:
        return question.strip(), None
    if found := _IN.fullmatch(question):
        return found["name"], found["value"]
    name, equals, value = question.partition("=")
    name, value = name.strip().strip("`"), value.lstrip("=").strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "'\"":
        value = value[1:-1]
    if equals and not value:
        raise DataError(f"{question!r} names no answer: write it such as 'sex=f', or 'sex' for all options")
    return name, value if equals else None


def _attribute(name: str, ontology: Ontology) -> Attribute:
    if name in ontology.images and name not in ontology.instances:
        raise DataError(f"{name!r} is asked of images; answers about instances can be propagated")
    if name not in ontology.instances:
        known = [*ontology.instances, "label"]
        raise UnknownNameError(f"no attribute of instances is called {name!r}; {instead_of(name, known)}")
    attribute = ontology.instances[name]
    if attribute.kind not in ("one", "many", "yes/no"):
        raise DataError(f"{name} is of kind {attribute.kind!r}, whose answers cannot be propagated: {_KINDS}")
    if attribute.retired:
        raise DataError(f"{name!r} is retired: ds.ask({name!r}, ...) asks it again")
    return attribute


def _values(attribute: Attribute, value: str | None) -> tuple[Any, ...]:
    name, offered = attribute.name, attribute.offered
    if attribute.kind == "yes/no":
        if value is not None and value.lower() not in _TRUTH:
            raise UnknownNameError(f"{name} is answered yes or no, got {value!r}")
        return (_TRUTH[(value or "yes").lower()],)
    if value is not None:
        if value not in offered:
            raise UnknownNameError(f"{value!r} is no option of {name}; {instead_of(value, offered)}")
        return (value,)
    if attribute.kind == "many":
        example = f"{offered[0]!r} in {name}" if offered else f"'option' in {name}"
        raise DataError(f'{name} may have several answers: ask about one, such as "{example}"')
    if not offered:
        raise DataError(f"all options of {name} are retired: there is no answer to propagate")
    return offered


def _label(value: str | None, labels: tuple[str, ...]) -> tuple[str, ...]:
    if value is None:
        if not labels:
            raise DataError("there are no labels to propagate")
        return labels
    if value not in labels:
        raise UnknownNameError(f"there is no label {value!r}; {instead_of(value, labels)}")
    return (value,)


def _defined(ontology: Ontology, value: str | None) -> str:
    return "" if value is None else ontology.labels.get(value, Definition()).text
