"""The probability that each row is wrong: prior doubts, updated by the answers."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

LEAST = 0.002  # smallest doubt
_TRUST = 0.7  # prior probability that the doubts are right up to one factor
_STRENGTH = 10.0  # prior weight of the overall share in each stratum, in answers
_FORGET = 0.01


class Belief:
    """A mixture of two models of the rows' errors, weighted by how well each predicted the answers.

    The first model takes the doubts to be right up to a common factor, Gamma(g, g) a priori. The second model
    ignores the doubts and learns the share of wrong rows per stratum, shrunk towards the overall share. So
    good doubts help from the first answer, and misleading doubts soon lose their weight.

    Args:
        stratum: of each cell, ``(c,)``.
        doubt: of each cell, ``(c,)``, 0..1.
        firm: g, how firm the doubts are, in wrong rows.
    """

    def __init__(self, stratum: Ints, doubt: Doubles, firm: float = 1.0) -> None:
        self._firm = firm
        self._stratum = stratum
        self._doubt = np.clip(doubt, LEAST, 1.0)
        self._asked = np.zeros(int(stratum[-1]) + 1 if len(stratum) else 0)
        self._wrong = np.zeros_like(self._asked)
        self._exposure = 0.0
        self._trust = _TRUST

    def chances(self) -> tuple[Doubles, Doubles]:
        """Chance of each cell's rows to be wrong under both models, ``(c,)`` each."""
        n, wrong = float(self._asked.sum()), float(self._wrong.sum())
        informed = np.minimum(self._doubt * ((self._firm + wrong) / (self._firm + self._exposure)), 0.99)
        shared = (0.5 + wrong) / (10 + n)
        share = (_STRENGTH * shared + self._wrong) / (_STRENGTH + self._asked)
        return informed, share[self._stratum]

    def chance(self) -> Doubles:
        """Expected chance of each cell's rows to be wrong, ``(c,)``."""
        informed, ignorant = self.chances()
        return self._trust * informed + (1 - self._trust) * ignorant

    def add(self, cell: int, wrong: bool) -> None:
        """Update with the answer about a row of a cell."""
        informed, ignorant = (float(p[cell]) for p in self.chances())
        told = informed if wrong else 1 - informed
        other = ignorant if wrong else 1 - ignorant
        trust = self._trust * told / (self._trust * told + (1 - self._trust) * other)
        self._trust = (1 - _FORGET) * trust + _FORGET / 2
        self._asked[self._stratum[cell]] += 1
        self._wrong[self._stratum[cell]] += wrong
        self._exposure += float(self._doubt[cell])
