"""How many answers the bounds of label propagation take, and how often they are wrong.

``python benchmarks/bounds.py [sizes] [false] [reviewers] [speed] [--runs R]``; all four by default. The audit
is compared with uniform draws and bets on each answer, with the bound from counts alone, and with a sample of
fixed size and the Clopper-Pearson bound, whose size is chosen by the true quality so that half of the runs
pass.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable

import numpy as np
from report import Row, human, show
from scipy.stats import binom

from nbalabel.core.binomial import clopper_pearson
from nbalabel.learn.propagate.audit.audit import Audit
from nbalabel.learn.propagate.audit.betting import betting_bounds
from nbalabel.learn.propagate.audit.bounds import lower_bound
from nbalabel.learn.propagate.state.reviewers import Reviewer

TARGET, ALPHA = 0.85, 0.05
Bools = np.ndarray
Doubt = Callable[[np.random.Generator, np.ndarray, Bools], np.ndarray]

DOUBTS: dict[str, Doubt] = {
    "calibrated": lambda _rng, chance, _wrong: chance,
    "all alike": lambda _rng, chance, _wrong: np.full(len(chance), chance.mean()),
    "three times too large": lambda _rng, chance, _wrong: np.minimum(3 * chance, 1),
    "turned round": lambda _rng, chance, _wrong: np.sort(chance)[::-1][np.argsort(np.argsort(chance))],
}


def masks(rng: np.random.Generator, n: int, quality: float) -> tuple[np.ndarray, Bools]:
    """Chances to be wrong, Beta distributed and mostly near 0, and which are wrong, in exact number."""
    chance = rng.beta(2 * (1 - quality), 2 * quality, n)
    chance = np.clip(chance * (1 - quality) / chance.mean(), 0, 1)
    wrong = rng.random(n) < chance
    extra = int(wrong.sum()) - round(n * (1 - quality))
    which = np.flatnonzero(wrong if extra > 0 else ~wrong)
    wrong[rng.choice(which, abs(extra), replace=False)] = extra < 0
    return chance, wrong


def audited(n: int, quality: float, doubt: Doubt, prefixes: int, seed: int, most: int) -> int:
    """Answers until everything is certified."""
    rng = np.random.default_rng(seed)
    chance, wrong = masks(rng, n, quality)
    doubts = doubt(rng, chance, wrong)
    strata = np.array_split(np.argsort(doubts, kind="stable"), prefixes)
    one = Audit(strata, doubts, [0] * prefixes, target_quality=TARGET, alpha=ALPHA, seed=seed)
    while one.certified < prefixes and one.n_answers < most:
        rows = one.draw(1 if one.n_answers < 60 else 5, prefixes)
        one.tell(rows, ~wrong[rows], prefixes)
    return one.n_answers


def evenly(n: int, quality: float, seed: int, most: int) -> tuple[int, int]:
    """Answers to rows drawn uniformly until bets, and until the bound from counts, reach the target."""
    said = np.random.default_rng(seed).permutation(np.arange(n) >= round(n * (1 - quality)))[:most]
    bet = betting_bounds(said, n, 2 * ALPHA)[0] >= TARGET
    count = lower_bound(np.cumsum(said), np.arange(1, len(said) + 1), n, ALPHA) >= TARGET
    return tuple(int(passed.argmax()) + 1 if passed.any() else most for passed in (bet, count))  # type: ignore[return-value]


def fixed(quality: float) -> int:
    """Size of the sample whose Clopper-Pearson bound reaches the target in half of the runs."""
    for n in range(10, 20000):
        need = next(
            (k for k in range(int(TARGET * n), n + 1) if clopper_pearson(k, n, ALPHA)[0] >= TARGET), None
        )
        if need is not None and binom.sf(need - 1, n, quality) >= 0.5:
            return n
    raise AssertionError


def sizes(runs: int) -> None:
    rows, most = [], 2000
    for n in (500, 5000, 100_000):
        for quality in (0.99, 0.95, 0.92, 0.88):
            cap = min(most, n)
            pairs = [evenly(n, quality, s, cap) for s in range(runs)]
            bet, count = np.median(pairs, axis=0)
            peer = f"fixed size {fixed(quality)}, even bets {bet:.0f}, counts {count:.0f}"
            for name, doubt in DOUBTS.items():
                ours = np.median([audited(n, quality, doubt, 1, s, cap) for s in range(runs)])
                rows.append(
                    Row(f"{n:,} masks, quality {quality}, doubts {name}", f"{ours:.0f}", peer, bet / ours)
                )
            many = np.median([audited(n, quality, DOUBTS["calibrated"], 20, s, cap) for s in range(runs)])
            rows.append(
                Row(f"{n:,} masks, quality {quality}, 20 nested sets", f"{many:.0f}", peer, bet / many)
            )
    show(f"Median answers to certify quality {TARGET} at {1 - ALPHA:.0%} ({runs} runs, at most {most})", rows)


def false_certificate(sizes: list[int], kind: str, answers: int, seed: int) -> bool:
    """Whether a set one mask below the target is ever certified, aims and batches varying at random."""
    rng = np.random.default_rng(seed)
    wrong, have = [], 0
    for size, total in zip(sizes, np.cumsum(sizes), strict=True):
        n = int((1 - TARGET) * total + 1e-9) + 1 - have
        wrong.append(rng.permutation(np.arange(size) < n))
        have += n
    bad = np.concatenate(wrong)
    low, high = {"all alike": (0.1, 0.1), "calibrated": (0.1, 0.35), "turned round": (0.2, 0.02)}[kind]
    doubts = np.where(bad, high, low) * rng.uniform(0.5, 1.5, len(bad))
    strata = np.split(np.arange(len(bad)), np.cumsum(sizes)[:-1])
    one = Audit(strata, doubts, [0] * len(sizes), target_quality=TARGET, alpha=ALPHA, seed=seed)
    found = np.zeros(len(bad), bool)
    while one.n_answers < answers:
        aim = None if rng.random() < 0.5 else int(rng.integers(1, len(sizes) + 1))
        rows = one.draw(int(rng.integers(1, 15)), aim)
        if not len(rows):
            break
        one.tell(rows, ~bad[rows], aim)
        found[rows[bad[rows]]] = True
        stop = int(np.sum(sizes[: one.certified]))
        if stop and (bad & ~found)[:stop].sum() > (1 - TARGET) * (~found)[:stop].sum() + 1e-9:
            return True
    return False


def false(runs: int) -> None:
    rows = []
    for sizes in ([400], [100, 100, 200], [2000], [200] * 8):
        for kind in ("all alike", "calibrated", "turned round"):
            share = np.mean([false_certificate(sizes, kind, 120, s) for s in range(runs)])
            task = f"sets {sizes if len(sizes) < 8 else '8 of 200'}, each one mask too bad, doubts {kind}"
            rows.append(Row(task, f"{share:.2%}", "", None, f"<= {ALPHA:.0%}"))
    show(f"False certificates, ever within 120 answers ({runs} runs)", rows)


def reviewed(
    n: int, n_wrong: int, yes_right: float, no_wrong: float, known: bool, seed: int
) -> tuple[bool, bool, int]:
    """Whether certified, whether falsely, and after how many answers; 200 + 200 honeypots before."""
    rng = np.random.default_rng(seed)
    wrong = rng.permutation(np.arange(n) < n_wrong)
    yes = np.where(wrong, rng.random(n) > no_wrong, rng.random(n) < yes_right)
    tested = Reviewer(200, int(rng.binomial(200, yes_right)), 200, int(rng.binomial(200, no_wrong)))
    one = Audit([np.arange(n)], np.full(n, 0.1), [0], target_quality=TARGET, alpha=ALPHA, seed=seed,
                reviewer=tested if known else None)  # fmt: skip
    kept = np.ones(n, bool)
    while not one.certified and one.n_answers < 300:
        rows = one.draw(20)
        one.tell(rows, yes[rows])
        kept[rows[~yes[rows]]] = False
    return one.certified == 1, bool(one.certified and wrong[kept].mean() > 1 - TARGET), one.n_answers


def reviewers(runs: int) -> None:
    rows = []
    for n_wrong, yes_right, no_wrong, name in (
        (960, 1.0, 1.0, "no mistakes"),
        (960, 1.0, 0.69, "5% mistakes, all yes to wrong masks"),
        (960, 0.95, 0.95, "5% mistakes either way"),
        (300, 1.0, 1.0, "no mistakes"),
        (300, 0.95, 0.95, "5% mistakes either way"),
    ):
        ours, plain = (
            np.mean([reviewed(6000, n_wrong, yes_right, no_wrong, known, s) for s in range(runs)], axis=0)
            for known in (True, False)
        )
        rows.append(
            Row(
                f"quality {1 - n_wrong / 6000:.2f}, {name}",
                f"certified {ours[0]:.0%}, falsely {ours[1]:.1%}, {ours[2]:.0f} answers",
                f"not corrected: certified {plain[0]:.0%}, falsely {plain[1]:.1%}, {plain[2]:.0f} answers",
                None,
                f"falsely <= {ALPHA:.0%}",
            )
        )
    show(f"Reviewers who are mistaken: 6,000 masks, at most 300 answers ({runs} runs)", rows)


def speed(_runs: int) -> None:
    rng = np.random.default_rng(0)
    chance, wrong = masks(rng, 1_000_000, 0.9)
    strata = np.array_split(np.argsort(chance), 20)
    start = time.perf_counter()
    one = Audit(strata, chance, [0] * 20, target_quality=TARGET, alpha=ALPHA, seed=0)
    begun = time.perf_counter()
    for _ in range(20):
        rows = one.draw(15, 20)
        one.tell(rows, ~wrong[rows], 20)
    each = (time.perf_counter() - begun) / 20
    clusters = np.arange(20, 1020)
    since = time.perf_counter()
    lower_bound(clusters // 2, clusters // 2 + 3, clusters, ALPHA)
    show(
        "Time",
        [
            Row("begin an audit of 1,000,000 masks in 20 nested sets", human(begun - start)),
            Row("draw and take in 15 answers", human(each), target="well under 1 s"),
            Row("bounds of 1,000 clusters", human(time.perf_counter() - since)),
        ],
    )


def main(words: list[str]) -> None:
    runs = int(words[words.index("--runs") + 1]) if "--runs" in words else None
    parts = {"sizes": (sizes, 60), "false": (false, 2000), "reviewers": (reviewers, 500), "speed": (speed, 1)}
    for name in [word for word in words if word in parts] or list(parts):
        part, usual = parts[name]
        part(runs or usual)


if __name__ == "__main__":
    main(sys.argv[1:])
