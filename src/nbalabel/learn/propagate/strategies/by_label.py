"""Certified searches for labels with a target of their own, and for the others together, on one budget."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from ....core.percent import at_least
from ....core.question import Outlook, Question
from ..state.ledger import UNKNOWN, Ledger
from .certified import Certified
from .scope import Scope
from .shares import PARTS, shares

Doubles = npt.NDArray[np.float64]

_AGAIN = 1.3  # growth of the answers after which they are shared out anew
_ORDER = {"search": 0, "audit": 1, "rest": 2}


class ByLabel:
    """A `Certified` search per target: each label of ``targets``, and all other labels together.

    What is learned from answers is shared; alpha is split equally, so that all statements hold together. A
    budget is spent where it is expected to bring the most masks; labels with a target of their own are served
    first, each with up to an equal share of it.

    Args:
        ledger: what is known about the candidates.
        target_quality: share of right masks among the accepted ones of labels not in ``targets``.
        targets: label code -> share of right masks among its accepted ones.
        names: name of each label code.
        alpha: probability that any of the statements is wrong.
        seed: seed of the draws.
        **options: as of `Certified`.
    """

    name = "certified"
    guarantees = True

    def __init__(
        self,
        ledger: Ledger,
        *,
        target_quality: float,
        targets: Mapping[int, float],
        names: tuple[str, ...],
        alpha: float,
        seed: int,
        **options: Any,
    ) -> None:
        there = np.unique(ledger.labels[ledger.known == UNKNOWN])
        own = [code for code in targets if code in there]
        others = np.setdiff1d(np.arange(len(names)), own)
        groups = [np.array([code]) for code in own]
        goals, self._names = [targets[code] for code in own], [names[code] for code in own]
        if np.isin(others, there).any() or not own:
            groups, goals = [*groups, others], [*goals, target_quality]
            self._names.append("the other labels" if own else "all labels")
        self._own = len(own)
        self.alpha = alpha
        scopes = Scope.of_labels(ledger, groups) if own else [Scope.everything(ledger)]
        self.parts: list[Certified] = []
        for at, (scope, goal) in enumerate(zip(scopes, goals, strict=True)):
            part = Certified(
                ledger,
                target_quality=goal,
                alpha=alpha / len(groups),
                seed=seed * 131 + at,
                scope=scope,
                learner=self.parts[0].learner if self.parts else None,
                **options,
            )
            self.parts.append(part)
        self.n_tests = max(part.n_tests for part in self.parts)
        self._open = 0
        self._share = np.zeros(len(self.parts), np.int64)
        self._when: tuple[float, tuple[str, ...]] = (-1.0, ())

    def next(self, ledger: Ledger, number: int, limit: int | None) -> Question | None:
        """The next question, of the search whose turn it is."""
        while (at := self._turn(ledger, limit)) is not None:
            allowed = None if limit is None else min(limit, int(self._share[at]))
            question = self.parts[at].next(ledger, number, allowed)
            self.n_tests = max(part.n_tests for part in self.parts)
            if question is not None:
                self._open = at
                return question
            self.parts[at].finish(ledger)
        return None

    @property
    def phase(self) -> str:
        """The phase of the search that asks."""
        return self.parts[self._open].phase

    @property
    def target_now(self) -> float:
        """The target that the open question is about."""
        return self.parts[self._open].target

    def heard(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.bool_]) -> None:
        """Process answers."""
        self._share[self._open] -= len(answers)
        self.parts[self._open].heard(ledger, question, answers)

    def skipped(self, ledger: Ledger, question: Question) -> None:
        """Skip the question; to skip one of an audit ends the search of its label."""
        self.parts[self._open].skipped(ledger, question)

    def outlook(self, ledger: Ledger, question: Question, answers: npt.NDArray[np.int8]) -> Outlook:
        """What answers would lead to."""
        return self.parts[self._open].outlook(ledger, question, answers)

    def finish(self, ledger: Ledger) -> None:
        """End with what is certified."""
        for part in self.parts:
            part.finish(ledger)

    def by_label(self, ledger: Ledger) -> dict[str, tuple[float, float]]:
        """Estimated and proved share right of each label with a target of its own."""
        return {
            name: part.estimate(ledger)[:2]
            for name, part in zip(self._names[: self._own], self.parts, strict=False)
        }

    def estimate(self, ledger: Ledger) -> tuple[float, float, str]:
        """Estimated and proved share of right masks among all accepted; what is promised of each label."""
        found = [(part.n_accepted(ledger), *part.estimate(ledger)) for part in self.parts]
        n = sum(one[0] for one in found)
        said = map(_said, self._names, self.parts, found)
        if not n:
            return np.nan, np.nan, self.parts[self._open].estimate(ledger)[2]
        mean = sum(one[0] * (one[1] if one[0] else 0.0) for one in found) / n
        proved = any(len(part.certified) for part in self.parts)
        yes = 0.0 if ledger.tested.any() else 1.0  # of a yes nothing is certain where reviewers may err
        lower = sum(one[0] * (yes if np.isnan(one[2]) else one[2]) for one in found) / n if proved else np.nan
        text = "; ".join(filter(None, said))
        if proved:
            return (
                float(mean),
                float(lower),
                f"With probability {at_least(1 - self.alpha)} for all of them: {text}.",
            )
        return float(mean), float(lower), f"{text[0].upper()}{text[1:]}."

    def seen(self, ledger: Ledger) -> list[tuple[int, int, str]]:
        """Clusters examined, with their state."""
        return [one for part in self.parts for one in part.seen(ledger)]

    @property
    def chance(self) -> Doubles:
        """Chance of every mask to be right, as learned so far, ``(n,)``."""
        return np.asarray(np.select([p.scope.rows for p in self.parts], [p.chance for p in self.parts]))

    def _turn(self, ledger: Ledger, limit: int | None) -> int | None:
        """The search that asks next: those that still learn first, then audits, then masks one by one."""
        going = [at for at, part in enumerate(self.parts) if part.stage != "done"]
        if limit is not None:
            stages = tuple(part.stage for part in self.parts)
            none = not any(self._share[at] > 0 for at in going)
            if none or stages != self._when[1] or ledger.n_answers >= self._when[0]:
                self._allot(ledger, limit, going)
                self._when = (_AGAIN * ledger.n_answers + 15, stages)
            going = [at for at in going if self._share[at] > 0]
        return min(going, key=lambda at: (_ORDER[self.parts[at].stage], at), default=None)

    def _allot(self, ledger: Ledger, limit: int, going: list[int]) -> None:
        """Share the answers that are left among the searches that go on."""
        self._share[:] = 0
        if going:
            answers = np.linspace(0, limit, PARTS + 1)
            value = np.array([self.parts[at].worth(ledger, answers) for at in going])
            own = [at for at, which in enumerate(going) if which < self._own]
            self._share[going] = shares(value, limit, own)


def _said(name: str, part: Certified, found: tuple[int, float, float, str]) -> str:
    """What is known of the accepted masks of one search; "" where there are none."""
    n, _, lower, _ = found
    if not n:
        return ""
    masks = f"the {n:,} mask{'' if n == 1 else 's'} of {name}"
    if np.isnan(lower):
        return f"{masks} {'was' if n == 1 else 'were each'} answered yes"
    return f"at least {at_least(part.target)} of {masks} are right"
