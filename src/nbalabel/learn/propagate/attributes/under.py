"""Labels as answers: an instance whose label has labels below it is one of these, nobody said which."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.ontology.ontology import Ontology


@dataclass(frozen=True)
class Under:
    """The labels above and below each other.

    Attributes:
        labels: the label list.
        above: label -> the labels above it that are in the list.
    """

    labels: tuple[str, ...]
    above: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, ontology: Ontology, labels: tuple[str, ...]) -> Under:
        """The hierarchy of a label list."""
        return cls(labels, {one: frozenset(ontology.path(one)[:-1]) & set(labels) for one in labels})

    @property
    def finest(self) -> tuple[str, ...]:
        """The labels with none below them."""
        parents = frozenset().union(*self.above.values())
        return tuple(one for one in self.labels if one not in parents)

    def answers(self, labels: pd.Series, claimed: tuple[str, ...]) -> pd.Series:
        """The labels as answers to which of the claimed labels it is; missing where a label leaves it open.

        A label below a claimed one is an answer for it.
        """
        names = {one: self._answer(one, claimed) for one in self.labels}
        return labels.astype(object).map(names).astype(object)

    def may_be(self, labels: pd.Series, claimed: tuple[str, ...]) -> npt.NDArray[np.bool_]:
        """Which claimed labels are below the label of each row, ``(n, k)``."""
        below = {one: np.array([one in self.above[c] for c in claimed]) for one in self.labels}
        none = np.zeros(len(claimed), bool)
        rows = [below.get(one, none) for one in labels.astype(object)]
        return np.array(rows).reshape(len(labels), len(claimed))

    def left_open(self, labels: pd.Series, to: pd.Series) -> pd.Series:
        """For each row the label of ``to`` that its label is, or is below of; missing where there is none."""
        open_ = list(dict.fromkeys(to.astype(object)))
        names = {
            one: one if one in open_ else next((up for up in open_ if up in self.above[one]), None)
            for one in self.labels
        }
        return labels.astype(object).map(names).astype(object)

    def _answer(self, label: str, claimed: tuple[str, ...]) -> str | None:
        if label in claimed:
            return label
        for one in claimed:
            if one in self.above[label]:
                return one
        return None if any(label in self.above[one] for one in claimed) else label
