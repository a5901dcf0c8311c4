"""What to do in the next minutes, and what it is expected to bring."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, UnknownNameError, first
from ...core.tables.schema import LabeledImages
from ..runs.run import Run
from .allot import allot
from .candidates import candidates, waiting
from .chances import Chances, chances
from .clusters import Simulated, how_many, propagation_of, simulate
from .empties import empties
from .kinds import COMPLETE, CORRECT, DRAW, EMPTY, KINDS, LOOK, REVIEW, VERIFY
from .likely_complete import nothing_missing
from .missing import missing, unfound
from .pace import Pace, paces
from .planned import Plan
from .work import Work

_DRAWS = 200


def plan(
    tables: LabeledImages,
    run: Run,
    minutes: float = 30,
    *,
    seconds: Mapping[str, float] | None = None,
    worth: Mapping[str, float] | None = None,
    level: float = 0.9,
    seed: int = 0,
) -> Plan:
    """What to do in the next minutes, and what it is expected to bring.

        plan = nl.plan(ds, run)             # a card: table and chart
        nl.PlanView(run, plan)              # a button per kind of work

    Six kinds of work: verify clusters (:class:`nbalabel.Verify`), review masks one by one
    (:class:`nbalabel.Review`), correct outlines that are nearly right, draw what no prediction found, check
    images that seem empty, check images that seem complete (:func:`nbalabel.likely_complete`). A mask is
    right from IoU 0.75, nearly right from 0.5.

    Seconds are those measured in the log and the journals where there are eight or more, else assumed; the
    column ``paced`` says which. Chances are calibrated on completely labeled images, held-out ones where
    there are enough, cross-fitted (:func:`nbalabel.mask_quality`). What clusters bring is simulated: the
    propagation itself, with answers drawn from the chances. Intervals hold the uncertainty of the pace, of
    the calibration (bootstrap over images), of images that differ, and of the outcome. Not in them: that
    labeled images were chosen and are unlike the others; that the person errs.

    ``gain`` is what the minutes bring with nothing else done. ``minutes`` is the best mixture: always the
    step that is worth most per second, predictions decided by clusters counted once.

    Args:
        tables: a Dataset, or tables without a log; images of state unlabeled or partial, of split train or
            none, wait.
        run: predictions on them.
        minutes: of work.
        seconds: per answer, outline, mask or image, by kind of work; replaces what was measured.
        worth: of one unit gained, by kind of work, in right masks; default 1 each, so that an image that is
            empty counts as much as a right mask.
        level: coverage that the intervals aim at, 0..1; a higher level needs more simulations of clusters.
        seed: seed of all draws.

    Raises:
        DataError: minutes, level, seconds or worth are out of range.
        UnknownNameError: there is no such kind of work.
        MissingExtraError: scikit-learn is not installed.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=40, n_labeled=12, n_test=8, size=96)
        >>> made = nl.plan(ds, nl.demo.simulated_run(ds), minutes=10)
        >>> sorted(made.table.index)[1:3]
        ['check empty images', 'correct outlines']
        >>> made.rows("review one by one")["chance"].is_monotonic_decreasing
        True
        >>> ds.close()
    """
    _check(minutes, level, worth)
    value = {**dict.fromkeys(KINDS, 1.0), **(worth or {})}
    pace = paces(tables, seconds)
    run = run.matched_to(tables)
    odds = chances(tables, run, seed)
    rows = candidates(tables, run, odds.right)
    rng = np.random.default_rng(seed)
    works = _works(tables, run, odds, rows, pace, rng, seed)
    budgets = (minutes * 60 / pace[VERIFY].draws(rng, how_many(level))).astype(np.int64)
    clusters = simulate(run, rows, odds, budgets, seed)
    block = float(clusters.right.mean()), float(clusters.answers.mean()) * pace[VERIFY].seconds
    after = dict(zip(clusters.open.index.tolist(), clusters.open.tolist(), strict=True))
    shares = allot(works, minutes, value, block, after)
    lines = {name: _line(work, minutes, level, rng) for name, work in works.items()}
    lines[VERIFY] = _of_clusters(clusters, pace[VERIFY], len(rows))
    table = pd.DataFrame.from_dict(lines, orient="index").rename_axis("work")
    table["minutes"] = pd.Series(shares) / 60
    order = (
        (table["per_minute"] * pd.Series(value)).loc[table.index].sort_values(ascending=False, kind="stable")
    )
    notes = {name: work.known for name, work in works.items()}
    notes[VERIFY] = ", ".join(filter(None, [odds.known, clusters.note]))
    frames = {name: _frame(tables, run, work) for name, work in works.items()}
    frames[VERIFY] = rows.assign(chance=odds.right.loc[rows.index])
    ask = partial(propagation_of, run, rows, odds, seed=seed)
    return Plan(table.loc[order.index], minutes, level, notes, frames, ask)


def _check(minutes: float, level: float, worth: Mapping[str, float] | None) -> None:
    if not 0 < minutes < np.inf or not 0 < level < 1:
        raise DataError(f"minutes must be above 0 and level between 0 and 1, got {minutes} and {level}")
    if unknown := [name for name in worth or {} if name not in KINDS]:
        raise UnknownNameError(f"there is no work {first(unknown)}; there is {', '.join(KINDS)}")
    if any(not 0 <= value < np.inf for value in (worth or {}).values()):
        raise DataError(f"worth must be numbers of 0 or more, got {dict(worth or {})}")


def _works(
    tables: LabeledImages,
    run: Run,
    odds: Chances,
    rows: pd.DataFrame,
    pace: Mapping[str, Pace],
    rng: np.random.Generator,
    seed: int,
) -> dict[str, Work]:
    """All kinds of work but for clusters."""
    right, near = (chance.loc[rows.index].to_numpy(np.float64) for chance in (odds.right, odds.near))
    good, close = odds.draws(rows, _DRAWS, rng)
    ids, nearly = rows.index.to_numpy(np.int64), near > right
    images = waiting(tables, run)
    lost = missing(tables, run, odds, images, unfound(tables, run, images), seed)
    quiet = empties(tables, run)
    shown, absent = quiet.draws(_DRAWS, rng), lost.draws(_DRAWS, rng)
    whole, wholly = nothing_missing(tables, odds, rows, lost, _DRAWS, rng)
    made = {
        REVIEW: _single(REVIEW, pace, ids[~nearly], right[~nearly], good[:, ~nearly], odds.known),
        CORRECT: _single(CORRECT, pace, ids[nearly], near[nearly], close[:, nearly], odds.known),
        DRAW: Work(
            KINDS[DRAW], pace[DRAW], images, lost.expected, lost.expected, LOOK, absent, absent, lost.known
        ),
        EMPTY: _single(
            EMPTY, pace, quiet.images, np.full(len(quiet.images), quiet.chance), shown, quiet.known
        ),
        COMPLETE: _single(
            COMPLETE, pace, whole.index.to_numpy(np.int64), whole["chance"].to_numpy(), wholly, lost.known
        ),
    }
    return {name: _best_first(work) for name, work in made.items()}


def _single(
    name: str,
    pace: Mapping[str, Pace],
    ids: npt.NDArray[np.int64],
    gains: npt.NDArray[np.float64],
    drawn: npt.NDArray[np.bool_],
    known: str,
) -> Work:
    """Work of one step per row."""
    once = np.ones(len(ids))
    return Work(
        KINDS[name],
        pace[name],
        ids,
        gains,
        once,
        0.0,
        drawn.astype(np.float64),
        np.ones_like(drawn, float),
        known,
    )


def _best_first(work: Work) -> Work:
    order = np.argsort(-work.gains / np.maximum(work.seconds, 1e-9), kind="stable")
    return replace(
        work,
        rows=work.rows[order],
        gains=work.gains[order],
        steps=work.steps[order],
        drawn=work.drawn[:, order],
        drawn_steps=work.drawn_steps[:, order],
    )


def _line(work: Work, minutes: float, level: float, rng: np.random.Generator) -> dict[str, object]:
    """One row of the table."""
    gain = work.expected(minutes)
    low, high = work.interval(minutes, level, rng)
    used = min(minutes, float(work.seconds.sum()) / 60)
    return {
        "unit": work.kind.unit,
        "available": len(work.rows),
        "seconds": work.pace.seconds,
        "paced": work.pace.source,
        "fits": work.fit(minutes),
        "gain": gain,
        "low": min(low, gain),
        "high": max(high, gain),
        "wrong": 0.0,
        "per_minute": gain / used if used > 0 else 0.0,
    }


def _of_clusters(found: Simulated, pace: Pace, available: int) -> dict[str, object]:
    """The row of verifying clusters."""
    answers = float(found.answers.mean())
    return {
        "unit": KINDS[VERIFY].unit,
        "available": available,
        "seconds": pace.seconds,
        "paced": pace.source,
        "fits": round(answers),
        "gain": float(found.right.mean()),
        "low": float(found.right.min()),
        "high": float(found.right.max()),
        "wrong": float(found.wrong.mean()),
        "per_minute": float(found.right.mean()) / (answers * pace.seconds / 60) if answers else 0.0,
    }


def _frame(tables: LabeledImages, run: Run, work: Work) -> pd.DataFrame:
    """The rows of a kind of work, with what is expected of each."""
    if work.kind.of == "images":
        return tables.images.loc[work.rows].assign(expected=work.gains)
    return run.predictions.loc[work.rows].assign(chance=work.gains)
