"""More labels, better model? The loop against its controls: ``python benchmarks/growth.py nuclei PATH``.

A project begins with a few labeled images. After each round of accepting and answering, a model is trained
anew on all images labeled by then. It is compared with two controls, trained in the same way: on the first
labels only (the same training without the loop), and on all true labels of all images (perfect labeling). The
gain of the loop is its mAP minus that of the first labels; intervals are bootstrapped over the test images,
and every model of a seed is measured on the same draws.

The reviewer is simulated: it knows the truth, answers yes or no, and marks empty images. Its decisions are
counted.

``nuclei PATH``: a folder with ``instances.json`` (COCO) and ``images/``. ``reef``: generated.
Results are appended to ``--results`` (JSON lines) at once; ``show`` prints all of them.
"""

from __future__ import annotations

import argparse
import copy
import json
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import nbalabel as nl
from nbalabel.learn.metrics.bootstrap import ap_draws, drawn_times
from nbalabel.learn.runs.measured import to_measure

RESULTS = Path(__file__).with_name("growth.jsonl")
ASKED = 0.15
POLICIES = ["next", "choose", "surest", "random"]
"""Asked about: the surest masks; or all masks of images, chosen by nl.choose, by mean score, at random."""


@dataclass
class World:
    """A dataset at the start, its truth, and settings of the training.

    Attributes:
        ds: the dataset; only the seed images are labeled.
        truth: complete instances of all images.
        test: images to measure on.
        by: the column of ``images`` that defines groups.
        imgsz: image size of the training, pixels.
        questions: most answers per round.
    """

    ds: nl.Dataset
    truth: nl.Tables
    test: pd.Index
    by: str
    imgsz: int
    questions: int


def nuclei(folder: Path, seed: int, path: Path) -> World:
    """Twenty labeled images of microscopy, eighty to measure on, the rest unlabeled."""
    truth = nl.read_coco(path / "instances.json", images=path / "images")
    order = np.random.default_rng(seed).permutation(truth.images.index)
    test, labeled = pd.Index(order[:80]), order[80:100]
    images = truth.images.assign(weight=np.float32(0), state="unlabeled", split="train")
    images.loc[labeled, ["weight", "state"]] = [1, "complete"]
    images.loc[test, "split"] = "test"
    known = truth.instances[truth.instances["image_id"].isin(labeled)]
    tables = nl.Tables.of(images, known, truth.labels, truth.image_root)
    return World(tables.save(folder), truth, test, "modality", 256, 750)


def reef(folder: Path, seed: int, _path: Path | None = None) -> World:
    """The scenes of notebook 01: 24 of 540 labeled; 150 others to measure on, where the notebook has 60."""
    ds = nl.demo.reef(folder, n_images=690, n_labeled=24, n_test=150, seed=seed)
    test = ds.images.query("split == 'test'").index
    return World(ds, nl.demo.truth(ds), test, "habitat", 192, 400)


VARIANTS: dict[str, dict[str, Any]] = {
    "nothing ignored": {"ignore": None},
    "partial images left out": {"partial": "skip"},
    "background in regions only": {"partial": "regions"},
    "weights of the round before": {"start": "current"},
    "weights of the round before, shrunk": {"start": "shrink"},
    "partial images half of the draws": {"partial_share": 0.5},
    "true outlines": {"labels": "found"},
    "true outlines, nothing missing": {"labels": "all"},
}
"""Arguments of ``train`` that differ from those of a round: fresh weights, what nobody decided ignored.
``labels`` takes what the loop got wrong away: the outlines of what it found, or also what it did not find."""

WORLDS: dict[str, Callable[..., World]] = {"nuclei": nuclei, "reef": reef}


@dataclass
class Loop:
    """The loop of one seed: rounds of training, accepting and asking; and its controls."""

    world: World
    name: str
    seed: int
    options: argparse.Namespace
    policy: str = "next"
    first: tuple[nl.Yolo, nl.Run] | None = None
    reviewer: Any = None
    rows: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.reviewer = nl.demo.Reviewer(self.world.truth)

    def run(self) -> None:
        """Run the rounds of the loop, then train on all true labels."""
        seen, before = None, nl.Yolo(self.options.model)
        for number in range(1, self.options.rounds + 1):
            model = nl.Yolo(self.options.model)
            if number == 1 and self.first:
                model = self.first[0]
                self.measure(model, "round 1", self.first[1], 0)
            else:
                trained = self.train(model, self.world.ds, f"round {number}", ignore=seen)
                self.first = self.first or (model, trained)
            if number < self.options.rounds:
                images, before = self.world.ds.images.query("split != 'test'").index, model
                seen = self.grow(nl.refine(model.predict(self.world.ds, images=images, score=0.1)))
        self.vary(before, seen)
        if self.options.all_true:
            self.train(nl.Yolo(self.options.model), self.all_true(), "all true labels")

    def vary(self, before: nl.Yolo, seen: nl.Run | None) -> None:
        """Train on the labels of the last round in other ways: one arm per variant that was asked for."""
        for name in self.options.variants:
            model, more = nl.Yolo(self.options.model), {"ignore": seen, **VARIANTS[name]}
            if "start" in more:
                model = copy.copy(before)
            self.train(model, self.mended(more.pop("labels", None)), name, **more)

    def mended(self, labels: str | None) -> nl.Dataset | nl.Tables:
        """The loop's images with the loop's labels, or with true masks of ``found`` things, or of ``all``."""
        ds, truth = self.world.ds, self.world.truth
        if labels is None:
            return ds
        images, instances = ds.images[:], ds.instances[:]
        touched = images.index[images["state"] == "partial"]
        true = truth.instances[truth.instances["image_id"].isin(touched)]
        if labels == "all":
            images.loc[touched, "state"] = "complete"
        else:
            made = instances[instances["image_id"].isin(touched)]
            found = nl.match(made.assign(score=made["score"].fillna(1.0)), true, truth.images, iou=0.5)
            true = true[true.index.isin(found.predictions["matched_id"].dropna())]
        rest = instances[~instances["image_id"].isin(touched)]
        rows = pd.concat([rest[rest.columns.intersection(true.columns)], true])
        rows.index = pd.RangeIndex(1, len(rows) + 1, name=true.index.name)
        return nl.Tables.of(images, rows, truth.labels, ds.image_root)

    def train(self, model: nl.Yolo, tables: Any, arm: str, **more: Any) -> nl.Run:
        """Train a model and measure it."""
        began = time.perf_counter()
        options, world = self.options, self.world
        asked = {"steps": options.steps, "hold_out": options.hold_out, "empty_share": options.empty_share}
        asked |= {"partial_share": options.partial_share, **more}
        trained = model.train(tables, imgsz=world.imgsz, seed=self.seed, **asked)
        self.measure(model, arm, trained, time.perf_counter() - began)
        return trained

    def measure(self, model: nl.Yolo, arm: str, trained: nl.Run, seconds: float) -> None:
        """Write results without refine, and with it unless that was left out."""
        everywhere = model.predict(
            self.world.ds, images=self.measured_and_labeled, score=0.01, max_detections=100, embed=False
        )
        self.write(arm, trained, everywhere, seconds)
        if not self.options.plain:
            self.write(f"{arm}, refined", trained, nl.refine(everywhere, tables=self.world.ds), seconds)

    @property
    def measured_and_labeled(self) -> pd.Index:
        """Test images, and the complete ones that refine learns from."""
        labeled = self.world.ds.images.query("state == 'complete' and split != 'test'").index
        return self.world.test.union(labeled)

    def write(self, arm: str, trained: nl.Run, run: nl.Run, seconds: float) -> None:
        """Write one line of results: mAP, mAP by group, and the draws of the bootstrap."""
        world = self.world
        metrics = run.evaluate(images=world.test, tables=world.truth)
        groups = world.truth.images.loc[world.test].groupby(world.by, observed=True).groups
        by_group = {
            str(g): round(run.evaluate(images=ids, tables=world.truth).map, 4)
            for g, ids in groups.items()
            if world.truth.instances["image_id"].isin(ids).any()
        }
        labels = world.ds.instances[~world.ds.instances["image_id"].isin(world.test)]
        row = {
            "data": self.name,
            "seed": self.seed,
            "policy": self.policy,
            "model": self.options.model,
            "empty_share": self.options.empty_share,
            "partial_share": self.options.partial_share,
            "stopped": trained.stopped,
            "arm": arm,
            "map": round(metrics.map, 4),
            "map50": round(metrics.map50, 4),
            "by": by_group,
            "images": trained.n_images,
            "labels": len(labels),
            **self.quality(labels),
            "decisions": self.reviewer.n_decisions,
            "length": "steps given" if self.options.steps else "until level",
            "steps": int(trained.curves["step"].iloc[-1]),
            "size": run.arguments["imgsz"],
            "seconds": round(seconds),
            "curve": curve(trained),
            "draws": [round(float(v), 4) for v in bootstrap(run, world, self.options.draws)],
        }
        with self.options.results.open("a") as file:
            file.write(json.dumps(row) + "\n")
        print({k: v for k, v in row.items() if k not in ("draws", "curve")}, flush=True)

    def quality(self, labels: pd.DataFrame) -> dict[str, float | None]:
        """Of what the loop made labels of: the share that is right, and the mean IoU of those (SQ)."""
        made = labels[labels["source"] == "model"]
        if not len(made):
            return {"right": None, "sq": None}
        truth = self.world.truth
        on = truth.instances[truth.instances["image_id"].isin(made["image_id"])]
        rows = made.assign(score=made["score"].fillna(1.0))
        found = nl.match(rows, on, truth.images, iou=0.5).predictions
        right = found[found["matched"]]
        return {"right": round(len(right) / len(made), 4), "sq": round(float(right["iou"].mean()), 4)}

    def grow(self, run: nl.Run) -> nl.Run:
        """Accept new predictions of high score in bulk; ask about others; mark empty images."""
        ds, new = self.world.ds, "split == 'train' and state in ('unlabeled', 'partial')"
        sure = run.query(f"score > {self.options.sure} and iou < 0.2 and {new}")
        ds.accept(sure, overlap="skip")
        candidates = run.query(f"score > {ASKED} and iou < 0.5 and {new}")
        candidates = candidates[~candidates.index.isin(sure.index)]
        if self.policy == "next":
            asked = candidates.nlargest(self.world.questions, "score")
        else:
            asked = candidates[candidates["image_id"].isin(self.chosen(run, candidates))]
        yes = self.reviewer.judge(asked, iou=0.6)
        ds.accept(asked[yes], overlap="skip", origin="reviewer")
        ds.reject(asked[~yes], origin="reviewer")
        touched = ds.images.index[ds.images["state"] == "partial"]
        ds.images.loc[touched, "weight"] = 1.0
        is_empty = self.reviewer.is_empty(nl.likely_empty(ds, run).index)
        ds.mark_empty(is_empty.index[is_empty])
        ds.commit("a round")
        return run

    def chosen(self, run: nl.Run, candidates: pd.DataFrame) -> pd.Index:
        """Images to ask about, as many as the questions allow, by the policy that is measured."""
        by_image = candidates.groupby("image_id")["score"].agg(["mean", "size"])
        if self.policy == "surest":
            order = by_image.sort_values("mean", ascending=False).index
        elif self.policy == "random":
            order = pd.Index(np.random.default_rng(self.seed).permutation(by_image.index))
        else:
            order = nl.choose(self.world.ds, run, len(by_image) or 1, by=self.world.by, seed=self.seed).index
            order = order[order.isin(by_image.index)]
        return order[by_image["size"].loc[order].cumsum() <= self.world.questions]

    def all_true(self) -> nl.Tables:
        """All training images, labeled by the truth."""
        images = self.world.truth.images.assign(weight=np.float32(1), state="complete", split="train")
        images.loc[self.world.test, ["weight", "split"]] = [0, "test"]
        none = ~images.index.isin(self.world.truth.instances["image_id"])
        images.loc[none, "state"] = "empty"
        return nl.Tables.of(
            images, self.world.truth.instances, self.world.truth.labels, self.world.ds.image_root
        )


def curve(trained: nl.Run) -> list[tuple[int, float]]:
    """Steps and mAP on the images put aside, where these were measured."""
    if "map" not in trained.curves:
        return []
    rows = trained.curves.dropna(subset=["map"])
    return [
        (int(step), round(float(value), 4)) for step, value in zip(rows["step"], rows["map"], strict=True)
    ]


def bootstrap(run: nl.Run, world: World, draws: int) -> np.ndarray:
    """mAP50-95 of resampled test images; the same draws for every run of a world, ``(draws,)``."""
    case = to_measure(run, world.truth, world.test)
    times = drawn_times(np.arange(len(world.test)), draws)[:, world.test.get_indexer(case.images.index)]
    return np.nanmean(ap_draws(case.predictions, case.instances, case.images, run.labels, times), axis=1)


def show(results: Path) -> None:
    """Print the gain of the loop against its controls, with intervals, and mAP by group."""
    rows = pd.DataFrame([json.loads(line) for line in results.read_text().splitlines()])
    shares = {"empty_share": 1.0, "partial_share": 1.0}  # earlier rows were measured without limits
    kinds = ["data", "policy", "model", *shares, "length"]
    rows = rows.reindex(columns=rows.columns.union(list(shares), sort=False)).fillna(shares)
    given = rows.get("length", pd.Series(dtype=object)).fillna("steps given") == "steps given"
    rows["length"] = np.where(given, rows["steps"].astype(str) + " steps", "until level")
    for (data, policy, model, empty, partial, length), part in rows.groupby(kinds):
        print(
            f"\n## {data}, images chosen by {policy!r}, from {model}, {length}, empty images at most "
            f"{empty:.0%} of the draws, partial ones {partial:.0%}: {part['seed'].nunique()} seeds\n"
        )
        arms = part.groupby("arm", sort=False)
        table = arms[["map", "map50", "images", "labels", "decisions", "steps", "seconds"]].mean().round(3)
        print(table.to_string())
        print(pd.DataFrame({arm: pd.DataFrame(list(g["by"])).mean() for arm, g in arms}).round(3).to_string())
        for arm, own_rows in arms:
            start = "round 1, refined" if arm.endswith(", refined") else "round 1"
            own, first = own_rows.set_index("seed"), part[part["arm"] == start].set_index("seed")
            both = own.index.intersection(first.index)
            if arm != start and len(both):
                gain = np.subtract(*(np.array(of.loc[both, "draws"].tolist()) for of in (own, first))).mean(0)
                low, high = np.quantile(gain, [0.025, 0.975])
                mean = (own["map"] - first["map"]).loc[both].mean()
                print(f"{arm} minus {start}, {len(both)} seeds: {mean:+.3f}  [{low:+.3f}, {high:+.3f}]")


def arguments(about: str | None, results: Path, seeds: list[int]) -> argparse.ArgumentParser:
    """What every benchmark over rounds can be told."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=[*WORLDS, "show"])
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--seeds", type=int, nargs="+", default=seeds)
    parser.add_argument("--steps", type=int, help="of every training; default: until mAP no longer rises")
    parser.add_argument("--hold-out", type=float, help="share of the labels to measure curves on")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--empty-share", type=float, default=0.1, help="draws that images with nothing on them get at most"
    )
    parser.add_argument(
        "--partial-share", type=float, default=1.0, help="draws that partial images get at most"
    )
    parser.add_argument("--model", default="yolo11n-seg.yaml", help="what every training starts from")
    parser.add_argument("--no-all-true", dest="all_true", action="store_false", help="leave that control out")
    parser.add_argument("--plain", action="store_true", help="do not measure with masks refined as well")
    parser.add_argument("--sure", type=float, default=0.75, help="lowest score accepted without a question")
    parser.add_argument("--draws", type=int, default=300, help="of the bootstrap")
    parser.add_argument("--results", type=Path, default=results)
    return parser


def run(kind: type[Loop], names: list[str], options: argparse.Namespace) -> None:
    """Run a loop of each name from the same start; the first training of a seed is shared."""
    for seed in options.seeds:
        first = None
        for name in names:
            with tempfile.TemporaryDirectory() as folder:
                world = WORLDS[options.data](Path(folder) / "world.nbal", seed, options.path)
                loop = kind(world, options.data, seed, options, name, first)
                loop.run()
                first = loop.first
                world.ds.close()


def main() -> None:
    parser = arguments(__doc__, RESULTS, [0, 1, 2])
    parser.add_argument(
        "--variants", choices=list(VARIANTS), nargs="*", default=[], help="other trainings in the last round"
    )
    parser.add_argument("--policy", choices=POLICIES, nargs="+", default=["next"], help="what to ask about")
    options = parser.parse_args()
    if options.data != "show":
        run(Loop, options.policy, options)
    show(options.results)


if __name__ == "__main__":
    main()
