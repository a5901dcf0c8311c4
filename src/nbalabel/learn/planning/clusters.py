"""What verifying clusters brings: the propagation itself, run many times with answers as they might be."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import NbalabelError
from ...core.progress import Bar
from ..propagate.propagate import propagate
from ..propagate.run_propagation import RunPropagation
from ..runs.run import Run
from .chances import Chances

Floats = npt.NDArray[np.float64]

_MOST = 4_000
_FEWEST = 10  # candidates or answers from which clusters are worth simulating


@dataclass(frozen=True, eq=False)
class Simulated:
    """Results of simulated propagations, one entry each.

    Attributes:
        right: accepted masks that are right.
        wrong: accepted masks that are not.
        answers: asked for.
        open: share of simulations that left each candidate open, by prediction id.
        note: what was left out; "" for nothing.
    """

    right: Floats
    wrong: Floats
    answers: Floats
    open: pd.Series
    note: str = ""


def propagation_of(run: Run, rows: pd.DataFrame, chances: Chances, **more: Any) -> RunPropagation:
    """The propagation that a person answers, over these candidates and what is known on labeled images.

    Args:
        run: the predictions, matched to the tables as they are now.
        rows: candidates.
        chances: of the run.
        **more: arguments of :func:`nbalabel.propagate`.
    """
    labeled = run.predictions["image_id"].isin(run.measured_ids).to_numpy()
    kept = run.predictions[labeled | run.predictions.index.isin(rows.index)]
    return propagate(
        replace(run, predictions=kept),
        **{"min_area": 0, "quality": chances.quality, **more},
    )


def how_many(level: float) -> int:
    """Simulations of which the least and the greatest hold the next one with this probability.

    Example:
        >>> how_many(0.9)
        19
    """
    return max(round((1 + level) / (1 - level)), 3)


def simulate(
    run: Run,
    rows: pd.DataFrame,
    chances: Chances,
    budgets: npt.NDArray[np.int64],
    seed: int,
) -> Simulated:
    """Answer propagations by draws of what is right, one per budget.

    Args:
        run: the predictions, matched to the tables as they are now.
        rows: candidates.
        chances: of the run.
        budgets: answers that fit into the minutes, as it might be, ``(n,)``.
        seed: seed of draws and propagations.
    """
    rng = np.random.default_rng(seed)
    some = _some(rows, rng)
    note = (
        ""
        if len(some) == len(rows)
        else f"clusters of {len(some):,} of {len(rows):,} candidates were simulated"
    )
    if len(some) < _FEWEST or np.median(budgets) < _FEWEST:
        return _nothing(rows, "too few candidates or minutes for clusters")
    ask = partial(propagation_of, run, some, chances, journal=False)
    try:
        forest = ask(seed=seed).propagation.forest
    except NbalabelError as error:
        return _nothing(rows, f"clusters cannot be made: {error}")
    n = len(budgets)
    truth, _ = chances.draws(some, n, rng)
    out, left = np.zeros((n, 3)), np.zeros(len(some))
    with Bar(desc="planning", total=n, unit="simulation", delay=1, leave=False) as bar:
        for i, (right, budget) in enumerate(zip(truth, budgets.tolist(), strict=True)):
            made = ask(budget=max(budget, 1), seed=seed + i, forest=forest)
            out[i], is_open = _answered(made, pd.Series(right, some.index))
            left += is_open.loc[some.index].to_numpy()
            bar.update()
    share = pd.Series(left / n, some.index).reindex(rows.index, fill_value=float(left.mean() / n))
    scale = len(rows) / len(some)  # an audit takes as many answers for a large set as for a small one
    return Simulated(out[:, 0] * scale, out[:, 1] * scale, out[:, 2], share, note)


def _answered(made: RunPropagation, right: pd.Series) -> tuple[Floats, pd.Series]:
    """Right and wrong among the accepted, answers; and which candidates stay open."""
    truth = right.reindex(made.predictions.index).fillna(False).to_numpy(bool)
    inner = made.propagation
    while (question := inner.ask()) is not None:
        inner.tell(question, truth[question.rows])
    taken = made.accepted.index
    good = float(right.reindex(taken).fillna(False).astype(bool).sum())
    is_open = pd.Series(right.index.isin(made.open.index), right.index)
    return np.array([good, len(taken) - good, float(inner.n_answers)]), is_open


def _some(rows: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """At most 4,000 candidates, by whole images."""
    if len(rows) <= _MOST:
        return rows
    image = rng.permutation(rows["image_id"].unique())
    size = rows.groupby("image_id").size().loc[image].cumsum()
    return rows[rows["image_id"].isin(image[(size <= _MOST).to_numpy()])]


def _nothing(rows: pd.DataFrame, note: str) -> Simulated:
    none = np.zeros(1)
    return Simulated(none, none, none, pd.Series(1.0, rows.index), note)
