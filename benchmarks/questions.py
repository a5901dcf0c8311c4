"""Answers saved by propagating an answer: ``python benchmarks/questions.py coco PATH``, or ``reef``.

``coco PATH``: a folder with ``instances.json`` and ``images/``; ``reef``: generated frames with eight species
of fish. The attribute is the label: one instance in five, drawn at random, keeps it, the others are "thing"
or "fish", of which every label is a kind. ``nl.propagate(ds, question="label=person")`` asks for one label,
``question="label"`` claims the likeliest of each. The truth answers.

Beside it, with as many answers as the propagation took, about instances drawn at random:
``one by one`` takes over what was answered yes, and no more; ``majority`` takes over each instance whose 15
nearest answered ones mostly have the answer, which promises nothing.

Columns: answers taken (mean), instances that are accepted (mean), their true share right (mean and worst),
runs of which the share is at least 0.85. Each run is appended to ``--results``; ``show`` prints all.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import nbalabel as nl

HERE = Path(__file__).parent
TARGET, KEPT, NEAR = 0.85, 0.2, 15
QUESTIONS = {"coco": ("label=person", "label"), "reef": ("label=snapper", "label")}
BUDGETS = (100, None)


def begin(options: argparse.Namespace, folder: Path) -> tuple[nl.Dataset, str]:
    """The dataset with all true labels below one, and the name of that one."""
    if options.what == "coco":
        tables = nl.read_coco(options.path / "instances.json", images=options.path / "images")
        ds, above = tables.save(folder / "coco.nbal"), "thing"
    else:
        ds = nl.demo.reef(
            folder / "reef.nbal", n_images=250, n_labeled=250, n_test=0, size=128, by_species=True
        )
        above = "fish"
    names = ds.labels
    ds.define(above)
    for name in names:
        ds.define(name, parent=above)
    ds.remove(ds.instances.index[ds.instances["crowd"]]) if ds.instances["crowd"].any() else None
    return ds, above


def measure(options: argparse.Namespace) -> None:
    """Every question, budget and seed."""
    with tempfile.TemporaryDirectory() as folder:
        ds, above = begin(options, Path(folder))
        truth = ds.instances["label"].astype(str)
        found = nl.instance_embeddings(ds)
        features = pd.DataFrame(found.instance_vectors, index=found.instances.index)
        for seed in options.seeds:
            rng = np.random.default_rng(seed)
            open_ = rng.permutation(truth.index)[: round((1 - KEPT) * len(truth))]
            ds.set(open_, label=above)
            for question in QUESTIONS[options.what]:
                for budget in BUDGETS:
                    row = {"what": options.what, "question": question, "seed": seed, "budget": budget}
                    for result in once(ds, truth, features, question, budget, seed):
                        write({**row, **result}, options.results)
            ds.set(open_, label=truth.loc[open_].tolist())
        ds.close()


def once(
    ds: nl.Dataset, truth: pd.Series, features: pd.DataFrame, question: str, budget: int | None, seed: int
) -> list[dict[str, Any]]:
    """What the propagation accepts, and what the controls accept after as many answers."""
    p = nl.propagate(
        ds,
        question=question,
        target_quality=TARGET,
        budget=budget,
        seed=seed,
        journal=False,
        features=features,
    )
    open_ = p.open.index
    claimed = p.shown["label"].astype(str) if question == "label" else question.partition("=")[2]
    true = pd.Series(truth.loc[p.predictions.index] == claimed, index=p.predictions.index)
    while (q := p.ask()) is not None:
        p.tell(q, true.loc[q.ids].tolist())
    n = {"candidates": len(open_), "yes": int(true.loc[open_].sum())}
    asked = pd.Index(np.random.default_rng(seed).permutation(open_)[: p.n_answers])
    out = [{"method": "propagate", "answers": p.n_answers, **n, **judged(true, p.accepted.index)}]
    if question == "label":  # asked one by one, a person picks the label, which is right
        out.append({"method": "one by one", "answers": len(asked), **n, "accepted": len(asked), "right": 1.0})
    else:
        alone = asked[true.loc[asked].to_numpy()]
        out.append({"method": "one by one", "answers": len(asked), **n, **judged(true, alone)})
    known = asked.union(ds.instances.index[ds.instances["label"].isin(set(truth))])
    rest = open_.difference(asked)
    voted = majority(features, truth, known, rest)
    if question == "label":
        right = np.concatenate([np.ones(len(asked), bool), (voted == truth.loc[rest]).to_numpy()])
        said = {"accepted": len(right), "right": float(right.mean())}
    else:
        taken = rest[(voted == claimed).to_numpy()].union(asked[true.loc[asked].to_numpy()])
        said = judged(true, taken)
    return [*out, {"method": "majority", "answers": len(asked), **n, **said}]


def judged(true: pd.Series, taken: pd.Index) -> dict[str, Any]:
    """Number accepted, and the share right."""
    return {"accepted": len(taken), "right": float(true.loc[taken].mean()) if len(taken) else None}


def majority(features: pd.DataFrame, truth: pd.Series, known: pd.Index, rest: pd.Index) -> pd.Series:
    """The most frequent label among the nearest known instances."""
    there, names = features.loc[known].to_numpy(), truth.loc[known].to_numpy(str)
    votes = []
    for vector in features.loc[rest].to_numpy():
        near = np.argsort(((there - vector) ** 2).sum(axis=1))[:NEAR]
        values, counts = np.unique(names[near], return_counts=True)
        votes.append(values[counts.argmax()])
    return pd.Series(votes, index=rest, dtype=object)


def write(row: dict[str, Any], path: Path) -> None:
    """Append a run, and print it."""
    with path.open("a") as file:
        file.write(json.dumps(row) + "\n")
    print(row, flush=True)


def show(options: argparse.Namespace) -> None:
    """One line per question, budget and method."""
    rows = pd.read_json(options.results, lines=True)
    rows["budget"] = rows["budget"].fillna(0).astype(int)
    keys = ["what", "question", "budget", "method"]
    rows["kept"] = (rows["right"].fillna(1) >= TARGET).astype(int)
    table = rows.groupby(keys).agg(
        runs=("seed", "size"),
        candidates=("candidates", "mean"),
        yes=("yes", "mean"),
        answers=("answers", "mean"),
        accepted=("accepted", "mean"),
        right=("right", "mean"),
        worst=("right", "min"),
        kept=("kept", "sum"),
    )
    print(table.round(3).to_string())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=("coco", "reef", "show"))
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--seeds", nargs="*", type=int, default=list(range(20, 30)))
    parser.add_argument("--results", type=Path, default=HERE / "questions.jsonl")
    options = parser.parse_args()
    show(options) if options.what == "show" else measure(options)


if __name__ == "__main__":
    main()
