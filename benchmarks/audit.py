"""How often audits say what is false, and how many answers they take.

    python benchmarks/audit.py [--audits 500] [--masks 2000] [--shares ...] [true] [strata] [errors] [width]

Masks are right or wrong at random with a known share of right ones; ``nl.audit`` asks for 95%, alpha
0.05. Printed for each share: in which share of the audits the interval held the true share after every
question; in how many the target was certified, or denied, falsely; in how many the truth was shown; the
median number of answers; and beside it the smallest sample of fixed size that would show the same in 9 of 10
cases (then: in half of the cases), chosen by somebody who knows the true share (exact, hypergeometric test).

Reviewers who err say no to a part of the right masks and yes to a part of the wrong ones; honeypots, included
in the answers, show how often; at most 600 answers (``--most``). Beside them the same fixed sample, by
somebody who knows how often they err, too. No training, one core.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import hypergeom

from nbalabel.learn.audits.sampling import Sample, Sampling, forest_of
from nbalabel.learn.audits.shares import FAILS, HOLDS, bounds_of
from nbalabel.learn.audits.statements import MASKS
from nbalabel.learn.propagate.replay.course import Course, Setup
from nbalabel.learn.propagate.state.inputs import Inputs

TARGET, ALPHA, POWER = 0.95, 0.05, 0.9
KNOWN = 300  # honeypots available, half of them right
MOST = 600  # answers, where reviewers err
TRUE = (1.0, 1.0)
REVIEWERS = {  # right masks answered yes, wrong ones no
    "careful": (0.995, 0.97),
    "hasty": (0.98, 0.95),
    "sloppy": (0.93, 0.85),
    "strict": (0.95, 0.995),
    "lenient": (0.995, 0.8),
}

Bools = npt.NDArray[np.bool_]


@dataclass
class Outcome:
    """One audit: how it ended, its answers, and whether any interval on the way missed the truth."""

    state: str
    answers: int
    missed: bool
    strata_missed: bool


def course_of(
    n: int, known: Bools, strata: npt.NDArray[np.int64], seed: int, target: float | None, most: int
) -> Course:
    """An audit without a journal: ``n`` masks of the set, then those of known answer."""
    total = n + len(known)
    codes = np.concatenate([np.full(n, -1, np.int8), known.astype(np.int8)])
    inputs = Inputs.of(np.zeros((total, 1)), np.zeros(total), known=codes)
    fallible = bool(len(known))
    sampling = Sampling(np.concatenate([strata, np.zeros(len(known), np.int64)]), fallible, MASKS)
    options = {"estimate": target is None, "width": 0.1 if target is None else None}
    setup = Setup(sampling, target or TARGET, ALPHA, seed, options, honeypots=0.1 if fallible else 0.0)
    return Course(inputs, forest_of(n, np.arange(n)), setup, most if fallible else None)


def audited(
    n: int,
    share: float,
    seed: int,
    *,
    truth: tuple[float, float] = TRUE,
    n_strata: int = 1,
    target: float | None = TARGET,
    most: int = MOST,
) -> Outcome:
    """Simulate an audit of ``n`` masks of which a share is right."""
    rng = np.random.default_rng((seed, 77))
    right = np.zeros(n, np.bool_)
    right[rng.choice(n, round(share * n), replace=False)] = True
    strata = np.minimum(rng.geometric(0.5, n) - 1, n_strata - 1)  # of sizes 1/2, 1/4, 1/8 ...
    known = np.arange(0 if truth == TRUE else KNOWN) % 2 == 0
    course = course_of(n, known, strata, seed, target, most)
    said = np.concatenate([right, known])
    said = said ^ (rng.random(len(said)) < np.where(said, 1 - truth[0], 1 - truth[1]))
    missed = strata_missed = False
    shares = [right[strata == one].mean() for one in range(n_strata)]
    while course.shown is not None:
        answers = said[course.shown.question.rows]
        left = None if course.limit is None else course.limit - len(answers)
        course.tell(answers, "ann", 0.0, left)
        sample: Sample = course.strategy  # type: ignore[assignment]
        low, high = sample.bounds.interval
        missed |= not low - 1e-9 <= right.mean() <= high + 1e-9
        for one in range(n_strata if n_strata > 1 else 0):
            counts = sample.counts(course.ledger, one)
            found = bounds_of(counts, ALPHA / n_strata, None, sample.accuracy(course.ledger))
            strata_missed |= not found.low - 1e-9 <= shares[one] <= found.high + 1e-9
    return Outcome(sample.bounds.state, course.ledger.n_answers, missed, strata_missed)


def fixed_size(n: int, share: float, power: float, truth: tuple[float, float] = TRUE) -> int:
    """The smallest sample that shows by the exact test, with a chance of ``power``, what is true.

    Somebody who knows the true share, and how often reviewers err, fixes the size beforehand and tests the
    share of yes against what it is at the target; one-sided at alpha.
    """

    def yes(right: int) -> int:
        return round(right * truth[0] + (n - right) * (1 - truth[1]))

    above = share >= TARGET
    edge = int(np.ceil(TARGET * n - 1e-9)) - (1 if above else 0)  # the closest number of the other side
    right, edge = yes(round(share * n)), yes(edge)
    if (right <= edge) if above else (right >= edge):
        return n
    low, high = 1, n  # the chance is a sawtooth of the size; halving finds its rise, a scan the first
    while high - low > max(n // 200, 1):
        middle = (low + high) // 2
        low, high = (low, middle) if _shows(n, right, edge, middle, above) >= power else (middle, high)
    sizes = range(max(low - n // 50, 1), n + 1)
    return next(size for size in sizes if _shows(n, right, edge, size, above) >= power)


def _shows(n: int, right: int, edge: int, size: int, above: bool) -> float:
    """Chance that a sample of a size shows that more (or fewer) than ``edge`` of ``n`` masks are right."""
    k = np.arange(size + 1)
    if above:
        passes = hypergeom.sf(k - 1, n, edge, size) <= ALPHA
    else:
        passes = hypergeom.cdf(k, n, edge, size) <= ALPHA
    return float(hypergeom.pmf(k[passes], n, right, size).sum())


def report(
    n: int,
    share: float,
    n_audits: int,
    truth: tuple[float, float] = TRUE,
    *,
    n_strata: int = 1,
    most: int = MOST,
) -> None:
    """Print one row."""
    start = time.perf_counter()
    runs = [audited(n, share, seed, truth=truth, n_strata=n_strata, most=most) for seed in range(n_audits)]
    answers = float(np.median([one.answers for one in runs]))
    fixed, half = (fixed_size(n, share, power, truth) for power in (POWER, 0.5))
    held = 1 - np.mean([one.missed for one in runs])
    false = sum(one.state == (HOLDS if share < TARGET else FAILS) for one in runs)
    shown = sum(one.state == (FAILS if share < TARGET else HOLDS) for one in runs)
    strata = f" {1 - np.mean([one.strata_missed for one in runs]):8.3f}" if n_strata > 1 else ""
    print(
        f"{share:7.4f} {held:8.3f} {false:6d} {shown:6d} {answers:8.0f} {fixed:6d} {answers / fixed:6.2f} "
        f"{half:6d} {answers / half:6.2f} {time.perf_counter() - start:6.0f}{strata}",
        flush=True,
    )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("tables", nargs="*", default=["true", "strata", "errors", "width"])
    parser.add_argument("--audits", type=int, default=500)
    parser.add_argument("--masks", type=int, default=2000)
    parser.add_argument("--shares", type=float, nargs="+", help="truly right")
    parser.add_argument("--reviewers", nargs="+", default=list(REVIEWERS), choices=REVIEWERS)
    parser.add_argument("--most", type=int, default=MOST, help="answers, where reviewers err")
    args = parser.parse_args()
    head = "  share     held  false  shown  answers  fixed  ratio  (0.5)  ratio      s"
    if "true" in args.tables:
        print(f"true answers\n{head}")
        for share in args.shares or (1.0, 0.99, 0.98, 0.97, 0.95, 0.9495, 0.93, 0.9, 0.8):
            report(args.masks, share, args.audits)
    if "strata" in args.tables:
        print(f"five strata; last: in which share all five intervals held\n{head}")
        for share in (0.98, 0.9):
            report(args.masks, share, args.audits, n_strata=5)
    for name in args.reviewers if "errors" in args.tables else ():
        truth = REVIEWERS[name]
        print(f"{name} reviewer, {truth[0]} of the right yes, {truth[1]} of the wrong no\n{head}")
        for share in args.shares or (1.0, 0.99, 0.9495, 0.9):
            report(args.masks, share, args.audits, truth, most=args.most)
    if "width" in args.tables:
        print("estimates of width 0.1, true answers: held, median answers")
        for share in (0.99, 0.9, 0.5):
            runs = [audited(args.masks, share, seed, target=None) for seed in range(args.audits)]
            held = 1 - np.mean([one.missed for one in runs])
            print(f"{share:7.4f} {held:8.3f} {np.median([one.answers for one in runs]):8.0f}", flush=True)


if __name__ == "__main__":
    main()
