"""Masks accepted within a budget of answers: ``python benchmarks/budgets.py nuclei PATH``, or ``reef``.

``nuclei PATH``: a network is trained on 20 labeled images (600 steps; ``--run`` keeps and takes up its
predictions), and `nl.propagate` asks about its predictions on the others, as they are (right from an IoU of
0.5 on) and with masks refined (from 0.75 on). ``reef``: 5,000 candidates of each of eight species, drawn
from the mixtures of ``propagation.py``, right from 0.75 on. A simulated reviewer answers from the truth.

``oracle`` is no strategy: it takes the order that ``certified`` learned before its first audit, knows how
many masks of each set are right, and audits the one set that is largest for the answers that are left.

Columns: masks accepted (geometric mean), runs that kept the target, answers used, masks of ``certified`` per
mask of the strategy (geometric mean over the runs in which the strategy kept the target), and the slowest
``tell``. Each run is appended to ``--results`` with its curve; ``show`` prints all, ``chart`` draws them.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from propagation import TARGET, bed, labels

import nbalabel as nl
from nbalabel.learn.propagate.audit.audit import Audit

HERE = Path(__file__).parent
BUDGETS = (100, 200, 500, 1000, 3000)
Start = Callable[..., Any]


def reef(options: argparse.Namespace) -> Iterator[tuple[str, int, Start, np.ndarray]]:
    """Name, seed, what begins a propagation, and which rows are right."""
    for label in labels():
        for seed in options.seeds:
            drawn, forest, known = bed(label, 5_000, seed)

            def start(drawn: Any = drawn, forest: Any = forest, known: Any = known, **more: Any) -> Any:
                return nl.Propagation(drawn.features, drawn.scores, forest=forest, known=known, **more)

            yield f"reef, {label}", seed, start, drawn.right()


def nuclei(options: argparse.Namespace) -> Iterator[tuple[str, int, Start, np.ndarray]]:
    """As `reef`, for real predictions as they are and with masks refined."""
    run, refined, truth = predictions(options)
    for name, one, right in (("nuclei", run, 0.5), ("nuclei, refined", refined, 0.75)):
        first = nl.propagate(one, min_area=0, journal=False)
        yes = nl.demo.Reviewer(truth, 0.0, 0).judge(first.predictions, iou=right).to_numpy()
        kept = first.propagation._inputs  # the candidates are the same for every strategy and seed

        def start(kept: Any = kept, first: Any = first, **more: Any) -> Any:
            if options.hints and hasattr(kept, "hints"):  # earlier versions have none
                more["hints"] = kept.hints
            return nl.Propagation(
                kept.features,
                kept.scores,
                known=kept.known,
                rivals=kept.rivals,
                forest=first.propagation.forest,
                **more,
            )

        for seed in options.seeds:
            yield name, seed, start, yes


def predictions(options: argparse.Namespace) -> tuple[nl.Run, nl.Run, nl.Tables]:
    """A run on images of which 20 are labeled, the same with masks refined, and the truth."""
    from nuclei import start

    folder = options.run.with_suffix(".nbal")
    truth = nl.read_coco(options.path / "instances.json", images=options.path / "images")
    if not folder.exists():
        ds, _, _ = start(options.path, folder, 20, 0, options.draw)
        model = nl.Yolo("yolo11n-seg.yaml")
        model.train(ds, steps=600, imgsz=256, seed=options.draw)
        run = model.predict(ds, score=0.05, max_detections=300, flips=True)
        run.save(options.run)
        nl.refine(run).save(options.run.with_name(options.run.name + "_refined"))
        ds.close()
    ds = nl.open(folder)
    both = [
        nl.Run.load(options.run.with_name(options.run.name + end)).matched_to(ds) for end in ("", "_refined")
    ]
    return both[0], both[1], truth


def once(start: Start, right: np.ndarray, **more: Any) -> tuple[dict[str, Any], Any]:
    """Answer every question of a propagation; the result, and the order before its first audit."""
    p = start(**more)
    curve: list[tuple[int, int, int]] = []
    slowest, before = 0.0, None
    while (question := p.ask()) is not None:
        if before is None and question.kind == "audit":
            before = order(p)
        began = time.process_time()
        p.tell(question, right[question.rows])
        slowest = max(slowest, time.process_time() - began)
        if not curve or p.n_answers >= 1.1 * curve[-1][0]:
            curve.append((p.n_answers, len(p.accepted), int(right[p.accepted].sum())))
    taken = p.accepted
    curve.append((p.n_answers, len(taken), int(right[taken].sum())))
    found = {"answers": p.n_answers, "masks": len(taken), "right": int(right[taken].sum())}
    return {**found, "slowest": round(slowest, 3), "curve": curve}, before


def order(p: Any) -> tuple[np.ndarray, np.ndarray, int, int] | None:
    """Masks that may be audited, their chances, how many were answered yes, and answers so far."""
    strategy, ledger = p._course.strategy, p._course.ledger
    if not hasattr(strategy, "chance"):
        return None
    pool, n_right = strategy._candidates(ledger), strategy.scope.right(ledger)
    return pool, strategy.chance, n_right, p.n_answers


def oracle(before: Any, right: np.ndarray, budget: int, seed: int) -> dict[str, Any] | None:
    """The largest set, of the sizes tried, whose audit ends within the budget; it knows the truth."""
    if before is None:
        return None
    pool, chance, n_right, asked = before
    best: dict[str, Any] = {"answers": budget, "masks": n_right, "right": n_right, "slowest": 0.0}
    wrong, doubt = np.cumsum(~right[pool]), np.cumsum(1 - chance[pool])
    for size in np.unique(np.geomspace(30, len(pool), 24).astype(int))[::-1]:
        if size + n_right <= best["masks"]:
            break
        true = np.clip((1 - chance) * wrong[size - 1] / max(doubt[size - 1], 1e-9), 0, 1)
        audit = Audit([pool[:size]], true, [n_right], target_quality=TARGET, alpha=0.05, seed=seed)
        if audit.expected_answers(1) > 1.5 * (budget - asked):
            continue
        while not audit.certified and audit.n_answers < budget - asked:
            rows = audit.draw(min(15, budget - asked - audit.n_answers))
            audit.tell(rows, right[rows])
        if audit.certified:
            masks, n_yes = round(audit.kept(1)), int(size - wrong[size - 1])
            best = {
                "answers": asked + audit.n_answers,
                "masks": masks,
                "right": n_right + n_yes,
                "slowest": 0.0,
            }
    return best


def measure(options: argparse.Namespace) -> None:
    """Run all strategies, one line per run."""
    for name, seed, start, right in {"reef": reef, "nuclei": nuclei}[options.data](options):
        for budget in options.budgets:
            for strategy in options.strategies:
                most = budget or None
                found, before = once(start, right, strategy=strategy, seed=seed, budget=most)
                keep(options, {"data": name, "seed": seed, "budget": budget, "strategy": strategy, **found})
                if strategy == "certified" and most and options.oracle:
                    bound = oracle(before, right, budget, seed)
                    if bound is not None:
                        keep(
                            options,
                            {"data": name, "seed": seed, "budget": budget, "strategy": "oracle", **bound},
                        )


def keep(options: argparse.Namespace, row: dict[str, Any]) -> None:
    with options.results.open("a") as file:
        file.write(json.dumps({**row, "of": options.name}) + "\n")


def show(options: argparse.Namespace) -> None:
    """Print the table of all stored runs."""
    found = pd.DataFrame([json.loads(line) for line in options.results.read_text().splitlines()])
    found["strategy"] += found["of"].map(lambda name: f" ({name})" if name else "")
    found["data"] = found["data"].str.replace(r"reef, .*", "reef", regex=True) + ""
    found["kept"] = found["right"] >= TARGET * found["masks"] - 1e-9
    key = [found.groupby(["data", "seed", "budget", "strategy"]).cumcount(), "data", "seed", "budget"]
    wide = found.assign(at=key[0]).set_index(["at", *key[1:], "strategy"])
    ours = wide["masks"].xs("certified", level="strategy").rename("ours")
    rows = wide.reset_index("strategy").join(ours)
    rows["ratio"] = np.where(
        rows["kept"], np.log(rows["ours"].clip(lower=1) / rows["masks"].clip(lower=1)), np.nan
    )
    groups = rows.reset_index().groupby(["data", "budget", "strategy"])
    table = pd.DataFrame(
        {
            "masks": groups["masks"].agg(lambda v: np.exp(np.log(v.clip(lower=1)).mean())),
            "least": groups["masks"].min(),
            "median": groups["masks"].median(),
            "share right": groups["right"].sum() / groups["masks"].sum(),
            "kept": groups["kept"].agg(lambda v: f"{int(v.sum())} of {len(v)}"),
            "answers": groups["answers"].mean(),
            "certified / it": np.exp(groups["ratio"].mean()),
            "slowest tell, s": groups["slowest"].max(),
        }
    )
    print(table.round(3).to_string())


def chart(options: argparse.Namespace) -> None:
    """Masks against answers, one panel per data set: medians over the runs of the largest budget."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    rows = [json.loads(line) for line in options.results.read_text().splitlines()]
    rows = [row for row in rows if not row["of"]]
    names = sorted(
        {row["data"].split(", ")[0] if row["data"].startswith("reef") else row["data"] for row in rows}
    )
    figure, axes = plt.subplots(1, len(names), figsize=(4.2 * len(names), 3.8), layout="constrained")
    at = np.geomspace(30, 3000, 60)
    for axis, name in zip(np.atleast_1d(axes), names, strict=True):
        here = [
            row for row in rows if row["data"].startswith(name) and (name != "nuclei" or row["data"] == name)
        ]
        for strategy, color in (("certified", "#0072B2"), ("paper", "#D55E00"), ("verify-all", "#009E73")):
            budget = max((row["budget"] for row in here if row["strategy"] == strategy), default=0)
            lines = [
                np.interp(at, *np.array(row["curve"])[:, :2].T)
                for row in here
                if row["strategy"] == strategy
                and row["budget"] == budget
                and "curve" in row  # few are stored
            ]
            if lines:
                axis.plot(at, np.median(lines, axis=0), color=color, lw=1.8, label=f"{strategy}, on the way")
        for strategy, mark, color in (
            ("certified", "o", "#0072B2"),
            ("paper", "s", "#D55E00"),
            ("oracle", "_", "k"),
        ):
            masks = [(row["budget"], row["masks"]) for row in here if row["strategy"] == strategy]
            ends = sorted(pd.DataFrame(masks, columns=["b", "m"]).groupby("b")["m"].median().items())
            ends = [end for end in ends if end[0]]
            if ends:
                size = 90 if mark == "_" else 26
                axis.scatter(
                    *np.array(ends).T, marker=mark, color=color, s=size, label=f"{strategy}, by budget"
                )
        axis.set(xscale="log", yscale="log", xlabel="answers", title=name, ylim=(20, None))
        axis.grid(alpha=0.2)
        axis.spines[["top", "right"]].set_visible(False)
    np.atleast_1d(axes)[0].set_ylabel("masks accepted")
    np.atleast_1d(axes)[0].legend(frameon=False, fontsize=8)
    figure.savefig(options.out, dpi=120)
    print(options.out)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", choices=["reef", "nuclei", "show", "chart"])
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, nargs="+", default=list(range(20, 40)))
    parser.add_argument("--budgets", type=int, nargs="+", default=list(BUDGETS), help="0: no limit")
    parser.add_argument("--strategies", nargs="+", default=["certified", "paper"])
    parser.add_argument("--oracle", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument(
        "--hints", action=argparse.BooleanOptionalAction, default=True, help="beside looks, score"
    )
    parser.add_argument("--run", type=Path, default=Path("nuclei_run"), help="where predictions are kept")
    parser.add_argument("--draw", type=int, default=4, help="seed of the 20 labeled images, and of training")
    parser.add_argument("--name", default="", help="name of the version measured; empty for the present one")
    parser.add_argument("--results", type=Path, default=HERE / "budgets.jsonl")
    parser.add_argument("--out", type=Path, default=Path("budgets.png"))
    options = parser.parse_args()
    {"show": show, "chart": chart}.get(options.data, measure)(options)


if __name__ == "__main__":
    main()
