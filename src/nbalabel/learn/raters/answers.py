"""Answers to attributes of several annotators: how far they agree, and what they would answer together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.asking.asked import Asking
from ...core.ontology.attribute import ASKED_OF, Attribute
from ...core.ontology.ontology import EMPTY, Ontology
from ...core.tables.schema import LabeledImages
from .alpha import Coincidences, Spread, coincidences, spread
from .bootstrap import measured
from .opinions import Opinions
from .units import Units

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Objects = npt.NDArray[np.object_]

_APART = 0.5  # score from which numbers are disputed: a mean difference of one standard deviation


@dataclass(frozen=True, eq=False)
class Answers:
    """What each annotator answered to one attribute.

    Attributes:
        of: "images" or "instances".
        attribute: the question.
        image: image of each row, ``(n,)``; a row is a unit, or an image.
        value: the answers, ``(n, n_raters)``; None: not answered. Those of several options are tuples.
        asked: who was asked: who drew the unit, or looked at the image, and meets the condition.
    """

    of: str
    attribute: Attribute
    image: Ints
    value: Objects
    asked: Bools

    @property
    def name(self) -> str:
        """The attribute's name."""
        return self.attribute.name

    @property
    def given(self) -> Bools:
        """Who answered, ``(n, n_raters)``."""
        return self.asked & np.array([[v is not None for v in row] for row in self.value], bool).reshape(
            self.asked.shape
        )

    def parts(self) -> Iterator[tuple[str, Objects]]:
        """Option ("" but for several options) and what was answered, of "many" whether it was chosen."""
        if self.attribute.kind != "many":
            yield "", self.value
            return
        for option in self.attribute.options:
            chosen = [[None if v is None else option in v for v in row] for row in self.value]
            yield option, np.array(chosen, dtype=object).reshape(self.value.shape)

    def decided(self, quorum: int | None) -> list[Any]:
        """The answer of most to each row, of numbers the median; None where there is none.

        Args:
            quorum: how many must have given it, or all who were asked where these are fewer; None: more than
                half of those who were asked.
        """
        given, m = self.given, self.asked.sum(axis=1)
        return [
            self._decided(row[g].tolist(), int(n), quorum)
            for row, g, n in zip(self.value, given, m, strict=True)
        ]

    def _decided(self, said: Sequence[Any], m: int, quorum: int | None) -> Any:
        def enough(n: int) -> bool:
            return n > 0 and (2 * n > m if quorum is None else n >= min(quorum, m))

        if not enough(len(said)):
            return None
        if self.attribute.kind == "number":
            return float(np.median(np.array(said, np.float64)))
        if self.attribute.kind == "many":
            votes = [sum(option in one for one in said) for option in self.attribute.options]
            if any(2 * n == len(said) for n in votes):
                return None
            return tuple(x for x, n in zip(self.attribute.options, votes, strict=True) if 2 * n > len(said))
        votes_for = {one: said.count(one) for one in said}
        most = max(votes_for.values())
        top = [one for one, n in votes_for.items() if n == most]
        return top[0] if len(top) == 1 and enough(most) else None

    def score(self) -> Floats:
        """How far the annotators who were asked disagree on each row, 0..1, ``(n,)``.

        The share of their pairs whose answers differ, where one of both may have none; of numbers the mean
        difference in twice the standard deviation of all answers, where it is above 0.5.
        """
        if self.attribute.kind == "number":
            return self._apart()
        out = np.zeros(len(self.value))
        for i, (row, asked) in enumerate(zip(self.value, self.asked, strict=True)):
            said = row[asked].tolist()
            n = len(said)
            if n > 1 and any(v is not None for v in said):
                same = sum(said[a] == said[b] for a in range(n) for b in range(a))
                out[i] = 1 - 2 * same / (n * (n - 1))
        return out

    def _apart(self) -> Floats:
        out, given = np.zeros(len(self.value)), self.given
        every = np.array(self.value[given].tolist(), np.float64)
        sd = float(every.std()) if len(every) else 0.0
        for i, (row, g) in enumerate(zip(self.value, given, strict=True)):
            said = np.array(row[g].tolist(), np.float64)
            n = len(said)
            if n > 1 and sd > 0:
                mean = np.abs(said[:, None] - said).sum() / (n * (n - 1))
                out[i] = min(mean / (2 * sd), 1.0)
        return np.where(out > _APART, out, 0.0)

    def sums(self, value: Objects, n_images: int) -> Coincidences | Spread:
        """What alpha needs of each image."""
        given = self.given
        if self.attribute.kind == "number":
            numbers = np.array([[np.nan if v is None else float(v) for v in row] for row in value])
            return spread(numbers.reshape(value.shape), given, self.image, n_images)
        codes = {one: k for k, one in enumerate(dict.fromkeys(value[given].tolist()))}
        code = np.array([[codes.get(v, 0) for v in row] for row in value], np.int64).reshape(value.shape)
        return coincidences(code, given, self.image, n_images, max(len(codes), 1))


def answers_of(opinions: Opinions, units: Units) -> list[Answers]:
    """What was answered to every attribute that somebody asks, of images and of instances."""
    shown = [_Shown(table) for table in _distinct(opinions.tables)]
    of_table = {id(one.table): one for one in shown}
    out = []
    for of in ASKED_OF:
        known: dict[str, Attribute] = {}
        for one in shown:
            known |= {name: a for name, a in one.ontology.attributes(of).items() if name not in known}
        asked = [attribute for attribute in known.values() if not attribute.retired]
        out += [_answers(opinions, units, of_table, of, attribute) for attribute in asked]
    return out


def _distinct(tables: Sequence[LabeledImages]) -> list[LabeledImages]:
    return list({id(table): table for table in tables}.values())


class _Shown:
    """The answers of one table, without those that nobody asks for."""

    def __init__(self, table: LabeledImages) -> None:
        self.table = table
        self.ontology: Ontology = getattr(table, "ontology", EMPTY)
        self._asking = Asking(self.ontology, table.images, table.instances)

    def answers(self, of: str, name: str, ids: Ints) -> tuple[Objects, Bools]:
        """The answers of some rows, None where there is none; and which rows are asked."""
        frame = self.table.images if of == "images" else self.table.instances
        out, asked = np.full(len(ids), None, dtype=object), np.zeros(len(ids), bool)
        if name not in self.ontology.attributes(of):
            return out, asked
        at = frame.index.get_indexer(pd.Index(ids))
        there = np.flatnonzero(at >= 0)
        asked[there] = self._asking.of(of, name)[at[there]]
        found = self._asking.shown(of, name).astype(object).tolist()
        for row in there.tolist():
            out[row] = _plain(found[at[row]])
        return out, asked


def _plain(value: Any) -> Any:
    if isinstance(value, list | np.ndarray):
        return tuple(sorted(map(str, value)))
    missing = value is None or value is pd.NA or value != value
    return None if missing else value


def _answers(
    opinions: Opinions, units: Units, shown: dict[int, _Shown], of: str, attribute: Attribute
) -> Answers:
    images = of == "images"
    there = opinions.looked if images else units.drew
    value, asked = np.full(there.shape, None, dtype=object), np.zeros(there.shape, bool)
    for r, table in enumerate(opinions.tables):
        rows = np.flatnonzero(there[:, r])
        ids = opinions.image_ids[rows, r] if images else opinions.instance_id[units.row[rows, r]]
        value[rows, r], asked[rows, r] = shown[id(table)].answers(of, attribute.name, ids)
    image = np.arange(len(there), dtype=np.int64) if images else units.image
    return Answers(of, attribute, image, value, asked)


def agreement(every: Sequence[Answers], n_images: int, draws: int, seed: int) -> pd.DataFrame:
    """One row per attribute, of several options one per option; see :class:`nbalabel.Raters`."""
    rows = []
    for one in every:
        if one.attribute.kind == "text":
            continue
        compared = int((one.given.sum(axis=1) >= 2).sum())
        for option, value in one.parts():
            sums = one.sums(value, n_images)

            def alpha(weights: Floats | None, sums: Coincidences | Spread = sums) -> Floats:
                return sums.alpha(weights)[:, None]

            found, low, high = measured(alpha, n_images, draws, seed)
            numbers = float(found[0]), float(low[0]), float(high[0])
            rows.append((one.of, one.name, option, one.attribute.kind, compared, *numbers))
    columns = ["table", "attribute", "option", "kind", "compared", "alpha", "low", "high"]
    return pd.DataFrame(rows, columns=columns)
