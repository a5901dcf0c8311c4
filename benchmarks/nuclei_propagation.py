"""Label propagation on real predictions: ``python benchmarks/nuclei.py PATH --propagate``.

A model is trained on some labeled images and predicts on all. The masks of some other images are known, like
those of the paper's held-out set: they set thresholds and calibrate. Every strategy gets the same predictions
on the other images; a simulated reviewer, who knows the true masks of the file, answers yes where a mask's
IoU with a true mask is high enough, and some of the answers are wrong.

Columns: yes / no answers; masks accepted; share of them that is right, whatever was answered; their mean IoU
with true masks; share of accepting clusters with too few right masks; hours at 2 s per answer; hours of
drawing the right masks at 80 s each, divided by those; number of repetitions that reached the target.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from nuclei import start
from strategies.bounded import Bounded
from strategies.lsun import Lsun
from strategies.seconds import seconds_answering, seconds_drawing
from strategies.threshold import Threshold

import nbalabel as nl
from nbalabel.learn.cluster.forest import Forest

STRATEGIES: dict[str, dict[str, Any]] = {
    "certified": {},
    "certified, honeypots": {"strategy": "certified", "honeypots": 0.2},
    "bounded": {"strategy": Bounded},
    "paper": {},
    "lsun": {"strategy": Lsun},
    "verify-all": {},
    "threshold 0.5": {"strategy": Threshold, "accept": 0.5},
}
CERTAIN = ("verify-all", "threshold 0.5")  # nothing about them is random
TARGET = 0.85


@dataclass
class Comparison:
    """Predictions, known answers about them, and the truth."""

    predictions: pd.DataFrame
    features: np.ndarray
    truth: nl.Tables
    right: float
    known: pd.Series
    forest: Forest | None = None

    @classmethod
    def of(cls, run: nl.Run, truth: nl.Tables, right: float, n_known: int, seed: int) -> Comparison:
        """A comparison on images that were not trained on; answers on ``n_known`` of them are known."""
        images = run.tables.images.query("weight == 0").index
        judged = nl.match(run.predictions, truth.instances, truth.images).predictions
        judged = judged[judged["image_id"].isin(images)].drop(columns=["matched"])
        known = np.random.default_rng(seed).choice(images, n_known, replace=False)
        said = judged.loc[judged["image_id"].isin(known), "iou"] >= right
        return cls(judged, run.embeddings.instances(judged.index.to_numpy()), truth, right, said)

    def rows(
        self, strategies: Sequence[str], errors: Sequence[float], seeds: int
    ) -> Iterator[dict[str, Any]]:
        """One row for each strategy and each share of wrong answers: means over the seeds."""
        for strategy in strategies:
            for error in errors if not strategy.startswith("threshold") else errors[:1]:
                n = 1 if strategy in CERTAIN else seeds
                tries = pd.DataFrame([self.once(strategy, error, seed) for seed in range(n)])
                mean = tries.mean()
                seconds = seconds_answering(1) * mean["answers"]
                yield {
                    "yes at IoU": self.right,
                    "strategy": strategy,
                    "wrong answers": f"{error:.0%}",
                    **mean.drop(["right", "computing s"]).to_dict(),
                    "hours": seconds / 3600,
                    "speed-up": seconds_drawing(1) * mean["right"] / seconds if seconds else np.nan,
                    "kept": f"{int((tries['precision'] >= TARGET).sum())} of {n}",
                    "computing s": mean["computing s"],
                }

    def once(self, strategy: str, error: float, seed: int) -> dict[str, float]:
        """Run one propagation from the first question to the last."""
        began = time.perf_counter()
        p = nl.propagate(
            self.predictions,
            features=self.features,
            known=self.known,
            target_quality=TARGET,
            min_area=0,
            seed=seed,
            forest=self.forest,
            journal=False,
            **{"strategy": strategy, **STRATEGIES[strategy]},
        )
        self.forest = p.propagation.forest
        yes = nl.demo.Reviewer(self.truth, error, seed).judge(p.predictions, iou=self.right)
        while (question := p.ask()) is not None:
            p.tell(question, yes[question.ids].to_numpy())
        return {**self.score(p.accepted, p.n_answers), "computing s": time.perf_counter() - began}

    def score(self, accepted: pd.DataFrame, n_answers: int) -> dict[str, float]:
        """Measure the accepted masks against the truth."""
        iou = self.predictions.loc[accepted.index, "iou"]
        right = iou >= self.right
        return {
            "answers": n_answers,
            "accepted": len(accepted),
            "right": right.sum(),
            "precision": right.mean(),
            "mean IoU": iou.mean(),
            "wrong clusters": (right.groupby(accepted["origin"]).mean() < TARGET).mean(),
        }


def predictions(options: argparse.Namespace) -> tuple[nl.Run, nl.Tables]:
    """A run on images of which some are labeled, loaded if saved before, else trained; and the truth."""
    kept = options.run or Path(tempfile.mkdtemp()) / "nuclei"
    folder = kept.with_suffix(".nbal")
    if kept.exists():
        truth = nl.read_coco(options.path / "instances.json", images=options.path / "images")
        return nl.Run.load(kept).matched_to(nl.open(folder)), truth
    ds, truth, _ = start(options.path, folder, options.labeled or 100, 0, options.seed)
    model = nl.Yolo("yolo11n-seg.yaml")
    model.train(ds, epochs=(options.epochs or [40])[0], imgsz=options.imgsz, seed=options.seed)
    run = model.predict(ds, score=0.05, max_detections=300)
    run.save(kept)
    return run, truth


def compare(options: argparse.Namespace) -> None:
    """Print each row as soon as it is measured, and all rows at the end."""
    run, truth = predictions(options)
    rows: list[dict[str, Any]] = []
    forest = None
    for right in options.right:
        comparison = Comparison.of(run, truth, right, options.known, options.seed)
        comparison.forest = forest
        print(describe(run, comparison), flush=True)
        for row in comparison.rows(options.strategies or list(STRATEGIES), options.wrong, options.seeds):
            rows.append(row)
            print(pd.DataFrame([row]).round(3).to_string(index=False), flush=True)
        forest = comparison.forest
    print("\n" + pd.DataFrame(rows).round(3).to_string(index=False))


def describe(run: nl.Run, comparison: Comparison) -> str:
    """A text that describes the predictions asked about."""
    weight = run.tables.images["weight"]
    asked = comparison.predictions.drop(comparison.known.index).query("score > 0.2")
    share = (asked["iou"] >= comparison.right).mean()
    return (
        f"\n{int((weight > 0).sum())} of {len(weight)} images trained on; {len(asked):,} predictions "
        f"of score > 0.2 on the others, of which {share:.1%} have an IoU >= {comparison.right:g}"
    )
