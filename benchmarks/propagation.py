"""Label propagation on simulated candidates: ``python benchmarks/propagation.py [part ...]``.

Candidates of each label are drawn from a Gaussian mixture over features, score and IoU, fitted on the
predictions of a real run: eight species of the generated reef (``benchmarks/mixtures.npz``; ``--fit`` trains
and fits anew, about 10 minutes). A simulated person answers yes where IoU >= 0.75; an answer takes 2 s,
drawing a mask 80 s, as in Papadopoulos, Weber & Torralba, ICCV 2021, whose section 5.2 and figures 6 and 8
this follows. The answers of 300 more candidates per label are known, to learn thresholds and chances from.

Parts: target (against the paper, 20 seeds), guarantee (200 repetitions), compare (every strategy), ablation,
curves (a chart), scale (10^5 and 10^6 candidates).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from mixtures import Candidates, load
from strategies.bounded import Bounded
from strategies.lsun import Lsun
from strategies.threshold import Threshold

import nbalabel as nl
from nbalabel.learn.cluster.forest import Forest
from nbalabel.learn.cluster.trees import cluster

HERE = Path(__file__).parent
ANSWER, DRAWING = 2.0, 80.0  # seconds
N_KNOWN = 300
TARGET = 0.85


@lru_cache(maxsize=2)
def bed(label: str, n: int, seed: int) -> tuple[Candidates, Forest, np.ndarray]:
    """Candidates with their trees; the last 300 are known beforehand."""
    drawn = load(HERE / "mixtures.npz")[label].sample(n + N_KNOWN, seed)
    forest = cluster(drawn.features[:n], drawn.scores[:n])
    known = np.full(n + N_KNOWN, -1, np.int8)
    known[n:] = drawn.right()[n:]
    return drawn, forest, known


def simulate(label: str, n: int, seed: int, strategy: Any, **options: Any) -> dict[str, float]:
    """Answer every question of a strategy, and return the results."""
    drawn, forest, known = bed(label, n, seed)
    right = drawn.right()
    began = time.perf_counter()
    p = nl.Propagation(
        drawn.features, drawn.scores, forest=forest, known=known, strategy=strategy, seed=seed, **options
    )
    curve = [(0, 0, 0)]
    while (question := p.ask()) is not None:
        p.tell(question, right[question.rows])
        if p.n_answers >= 1.05 * curve[-1][0]:
            taken = p.accepted
            curve.append((p.n_answers, len(taken), int(right[taken].sum())))
    taken = p.accepted
    curve.append((p.n_answers, len(taken), int(right[taken].sum())))
    clusters = p.clusters()
    shares = [
        right[rows].mean()
        for start, stop in clusters.loc[clusters["state"] == "accepted", ["start", "stop"]].to_numpy()
        if len(rows := forest.order[start:stop])
    ]
    answers = max(p.n_answers, 1)
    return {
        "answers": p.n_answers,
        "masks": len(taken),
        "precision": float(right[taken].mean()) if len(taken) else np.nan,
        "SQ": float(drawn.ious[taken].mean()) if len(taken) else np.nan,
        "recall": float(right[taken].sum() / max(right[:n].sum(), 1)),
        "wrong clusters": float(np.mean(np.array(shares) < TARGET)) if shares else np.nan,
        "masks an answer": len(taken) / answers,
        "faster than drawing": len(taken) * DRAWING / (answers * ANSWER),
        "seconds": time.perf_counter() - began,
        "curve": curve,
    }


def labels() -> list[str]:
    return list(load(HERE / "mixtures.npz"))


def gather(n: int, seeds: int, strategies: Mapping[str, dict[str, Any]], first: int = 0) -> pd.DataFrame:
    """One row per label, seed and strategy; candidates and trees are made once for all strategies."""
    rows = []
    for label in labels():
        for seed in range(first, first + seeds):
            for name, options in strategies.items():
                result = simulate(label, n, seed, **options)
                rows.append({"label": label, "seed": seed, "strategy": name, **result})
    return pd.DataFrame(rows)


def geometric(values: pd.Series) -> float:
    return float(np.exp(np.log(values.clip(lower=1e-9)).mean()))


def summary(found: pd.DataFrame) -> pd.DataFrame:
    """Means per strategy; geometric means of ratios."""
    groups = found.groupby("strategy", sort=False)
    out = groups[["answers", "masks", "precision", "SQ", "recall", "wrong clusters", "seconds"]].mean()
    for name in ("masks an answer", "faster than drawing"):
        out[name] = groups[name].agg(geometric)
    out["kept the target"] = groups["precision"].agg(lambda v: float((v.fillna(1) >= TARGET).mean()))
    return out


def markdown(frame: pd.DataFrame, digits: int = 3) -> str:
    """A Markdown table: small numbers with three significant digits, large ones without decimals."""

    def one(value: Any) -> str:
        if not isinstance(value, float):
            return str(value)
        return "" if np.isnan(value) else f"{value:,.0f}" if value >= 100 else f"{value:.{digits}g}"

    head = [str(frame.index.name or ""), *map(str, frame.columns)]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += [f"| {name} | " + " | ".join(map(one, row)) + " |" for name, *row in frame.itertuples()]
    return "\n".join(lines)


def same_masks(found: pd.DataFrame, ours: str, theirs: str) -> str:
    """Answers that ``theirs`` needs to accept as many masks as ``ours``, as a multiple, and their quality.

    The multiple is a geometric mean. Where ``theirs`` never accepts as many, its last answer counts, in its
    favour.
    """
    pairs = found.set_index(["label", "seed", "strategy"])
    ratios, shares = [], []
    for key in found[["label", "seed"]].drop_duplicates().itertuples(index=False):
        mine, other = pairs.loc[(*key, ours)], pairs.loc[(*key, theirs)]
        reached = [step for step in other["curve"] if step[1] >= mine["masks"]]
        answers, masks, right = reached[0] if reached else other["curve"][-1]
        ratios.append(max(answers, 1) / max(mine["answers"], 1))
        shares.append(right / max(masks, 1))
    held = float(np.mean(np.array(shares) >= TARGET))
    return (
        f"for the masks of '{ours}', '{theirs}' takes {geometric(pd.Series(ratios)):.2f}x the answers; "
        f"{np.mean(shares):.3f} of them are right, and the target holds in {held:.0%} of the runs"
    )


def compare(options: argparse.Namespace) -> None:
    strategies = {
        "certified": {"strategy": "certified"},
        "certified, 1,000 answers": {"strategy": "certified", "budget": 1000},
        "bounded, 1,000 answers": {"strategy": Bounded, "budget": 1000},
        "paper": {"strategy": "paper"},
        "paper, 1,000 answers": {"strategy": "paper", "budget": 1000},
        "bfs, 1,000 answers": {"strategy": "bfs", "budget": 1000},
        "dfs, 1,000 answers": {"strategy": "dfs", "budget": 1000},
        "dfs-score, 1,000 answers": {"strategy": "dfs-score", "budget": 1000},
        "universal, 1,000 answers": {"strategy": "universal", "budget": 1000},
        "lsun, 1,000 answers": {"strategy": Lsun, "budget": 1000},
        "verify-all, 1,000 answers": {"strategy": "verify-all", "budget": 1000},
        "threshold": {"strategy": Threshold},
    }
    found = gather(options.n, options.few, strategies, options.first)
    print(f"\n## Every strategy: 8 labels, {options.few} seeds, {options.n:,} candidates each\n")
    print(markdown(summary(found)))
    ours = "certified, 1,000 answers"
    print("\n" + same_masks(found, ours, "paper"), flush=True)


def target(options: argparse.Namespace) -> None:
    """Masks per answer of the default strategy against the paper's, both to their end."""
    both = {name: {"strategy": name} for name in ("certified", "paper")}
    found = gather(options.n, options.seeds, both, options.first)
    print(f"\n## Against the paper: 8 labels, {options.seeds} seeds, {options.n:,} candidates each\n")
    print(markdown(summary(found)))
    wide = found.pivot_table(index=["label", "seed"], columns="strategy", values="masks an answer")
    ratio = geometric(wide["certified"] / wide["paper"].clip(lower=1e-9))
    print(f"\nmasks an answer, certified over paper, both to their end: {ratio:.2f}x (geometric mean)")
    print(same_masks(found, "certified", "paper") + "\n")
    values = ["masks", "answers", "precision", "SQ", "recall"]
    table = found.pivot_table(index="label", columns="strategy", values=values)
    table.columns = [f"{strategy}: {what}" for what, strategy in table.columns]
    print(markdown(table), flush=True)


def ablation(options: argparse.Namespace) -> None:
    strategies = {
        "certified": {},
        "scores alone, no features": {"supervised": False},
        "questions to the largest clusters": {"aim": "size"},
        "no questions before the audit": {"warm_up": 0},
        "twice the questions before the audit": {"warm_up": 180},
        "an answer must bring ten masks (without a budget)": {"least_gain": 10.0},
    }
    for budget in (None, 1000):
        pieces = {k: {"strategy": "certified", "budget": budget, **v} for k, v in strategies.items()}
        found = gather(options.n, options.seeds, pieces, options.first)
        most = "to the end" if budget is None else f"with {budget:,} answers"
        print(f"\n## Ablation {most}: 8 labels, {options.seeds} seeds, {options.n:,} candidates each\n")
        print(markdown(summary(found)), flush=True)


def guarantee(options: argparse.Namespace) -> None:
    rows = []
    for at in range(options.repetitions):
        label = labels()[at % len(labels())]
        for name in ("certified", "paper"):
            result = simulate(label, options.small, 1000 + at, name)
            rows.append({"strategy": name, "label": label, **result})
    found = pd.DataFrame(rows)
    print(f"\n## The guarantee: {options.repetitions} repetitions of {options.small:,} candidates\n")
    print(markdown(summary(found)), flush=True)


def scale(options: argparse.Namespace) -> None:
    rows = []
    for n in options.sizes:
        for label in options.labels:
            for name in ("certified", "paper"):
                result = simulate(label, n, 0, name, budget=options.budget)
                rows.append({"strategy": f"{name}, {n:,} of {label}", **result})
    found = pd.DataFrame(rows)
    print(f"\n## More candidates, at most {options.budget:,} answers, one seed\n")
    print(markdown(summary(found)), flush=True)


def curves(options: argparse.Namespace) -> None:
    """Masks against hours, in the manner of the paper's figures 6 and 8."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    lines: dict[str, tuple[str, dict[str, Any]]] = {
        "certified": ("#0072B2", {"strategy": "certified"}),
        f"certified, {options.budget:,} answers": (
            "#56B4E9",
            {"strategy": "certified", "budget": options.budget},
        ),
        "paper": ("#D55E00", {"strategy": "paper", "budget": options.budget}),
        "bfs": ("#E69F00", {"strategy": "bfs", "budget": options.budget}),
        "lsun": ("#CC79A7", {"strategy": Lsun, "budget": options.budget}),
        "verify-all": ("#009E73", {"strategy": "verify-all", "budget": options.budget}),
    }
    size = (4.4 * len(options.labels), 4.4)
    figure, axes = plt.subplots(1, len(options.labels), figsize=size, sharey=True, layout="constrained")
    for axis, label in zip(np.atleast_1d(axes), options.labels, strict=True):
        for name, (color, given) in lines.items():
            result = simulate(label, options.n, 0, **given)
            answers, masks, _ = np.array(result["curve"])[1:].T
            hours, masks = answers * ANSWER / 3600, np.maximum(masks, 1)
            title = f"{name}: {result['precision']:.0%} right"
            axis.plot(hours, masks, color=color, lw=1.8, label=title)
            axis.plot(hours[-1], masks[-1], "o", color=color, ms=4)
        hours = np.geomspace(0.005, options.budget * ANSWER / 3600)
        axis.plot(hours, np.maximum(hours * 3600 / DRAWING, 1), ":", color="#777777", label="drawing", lw=1.4)
        axis.set(xscale="log", yscale="log", xlabel="hours", title=f"{label}, {options.n:,} candidates")
        axis.legend(fontsize=7.5, frameon=False, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.16))
        axis.spines[["top", "right"]].set_visible(False)
        axis.grid(alpha=0.2)
    np.atleast_1d(axes)[0].set_ylabel("masks accepted")
    figure.savefig(options.out, dpi=120)
    print(f"\n{options.out}")


PARTS = {f.__name__: f for f in (target, compare, ablation, guarantee, curves, scale)}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="*", default=["target", "guarantee"], help=", ".join(PARTS))
    parser.add_argument("--n", type=int, default=5_000, help="candidates per label")
    parser.add_argument("--small", type=int, default=2_000, help="candidates per repetition")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=20, help="first seed; the defaults were chosen below 20")
    parser.add_argument("--few", type=int, default=3, help="seeds of compare and ablation")
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100_000, 1_000_000])
    parser.add_argument("--labels", nargs="+", default=["grouper", "tang"])
    parser.add_argument("--budget", type=int, default=5_000)
    parser.add_argument("--out", type=Path, default=Path("propagation.png"))
    parser.add_argument("--fit", action="store_true", help="train on the reef and fit the mixtures anew")
    options = parser.parse_args()
    if options.fit:
        from fit_mixtures import fit

        fit(HERE / "mixtures.npz")
    for part in options.parts:
        PARTS[part](options)


if __name__ == "__main__":
    main()
