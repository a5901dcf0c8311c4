"""Does a plan keep what it says? Planned gains against what a simulated reviewer gets.

``python benchmarks/plan.py nuclei PATH --seeds 0 1``: a folder with ``instances.json`` (COCO) and
``images/``: 20 images are labeled and train ``nl.Watershed``, 20 are labeled and held out (``--seen``: they
are unlabeled instead), 200 wait. ``reef``: generated, with a simulated run. For each kind of work the same
minutes are spent, all at the true pace: a draw around the assumed seconds, by a factor of 2.3 either way in
nine of ten cases, so that the pace is as little known as the plan says. Controls: reviewing predictions in
random order, drawing on random images, the best mixture of the plan.

Results are appended to ``--results`` (JSON lines); ``show`` prints coverage and means. ``curve`` simulates
growth curves of five shapes and prints how often the interval of ``nl.growth_curve`` holds the true gain.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import nbalabel as nl
from nbalabel.learn.planning.kinds import COMPLETE, CORRECT, DRAW, EMPTY, KINDS, LOOK, REVIEW, VERIFY

RESULTS = Path(__file__).with_name("plan.jsonl")
RIGHT, NEAR = 0.75, 0.5


class World:
    """A dataset, its run, and the truth about both.

    Attributes:
        ds: the dataset.
        run: predictions on it.
        truth: complete instances of all images.
        iou: true IoU of each prediction with an instance of its label.
    """

    def __init__(self, ds: nl.Dataset, run: nl.Run, truth: nl.Tables) -> None:
        self.ds, self.run, self.truth = ds, run, truth
        images = truth.images[truth.images.index.isin(run.predicted_ids)]
        self.iou = nl.match(run.predictions, truth.instances, images).predictions["iou"]


def nuclei(folder: Path, seed: int, options: argparse.Namespace) -> World:
    truth = nl.read_coco(options.path / "instances.json", images=options.path / "images")
    order = np.random.default_rng(seed).permutation(truth.images.index)[:240]
    train, held = order[:20], order[20:40]
    images = truth.images.loc[np.sort(order)].assign(weight=np.float32(0), state="unlabeled", split="train")
    images.loc[train, ["weight", "state"]] = [1, "complete"]
    if not options.seen:
        images.loc[held, ["state", "split"]] = ["complete", "test"]
    labeled = images.index[images["state"] == "complete"]
    known = truth.instances[truth.instances["image_id"].isin(labeled)]
    ds = nl.Tables.of(images, known, truth.labels, truth.image_root).save(folder / "nuclei.nbal")
    saved = options.runs and options.runs / f"nuclei{seed}" / "run"
    if saved and saved.exists():
        return World(ds, nl.Run.load(saved, ds), truth)
    model = nl.Watershed()
    model.train(ds, seed=seed)
    run = model.predict(ds, score=0.1)
    if saved:
        run.save(saved)
    return World(ds, run, truth)


def reef(folder: Path, seed: int, options: argparse.Namespace) -> World:
    n_test = 0 if options.seen else 30
    ds = nl.demo.reef(folder / "reef.nbal", n_images=400, n_labeled=30, n_test=n_test, size=96, seed=seed)
    return World(ds, nl.demo.simulated_run(ds, seed), nl.demo.truth(ds))


WORLDS = {"nuclei": nuclei, "reef": reef}


def simulate(name: str, seed: int, options: argparse.Namespace) -> None:
    """Plan, then spend the minutes on each kind of work; write one line per kind."""
    with tempfile.TemporaryDirectory() as folder:
        world = WORLDS[name](Path(folder), seed, options)
        began = time.perf_counter()
        plan = nl.plan(world.ds, world.run, options.minutes, seed=seed)
        took = time.perf_counter() - began
        rng = np.random.default_rng([seed, 7])
        kinds = [kind for kind in KINDS if kind != COMPLETE]  # no image that waits has instances here
        pace = {kind: KINDS[kind].seconds * float(np.exp(0.5 * rng.normal())) for kind in kinds}
        real = reality(world, plan, pace, options.minutes * 60, rng)
        for kind, row in plan.table.loc[list(pace)].iterrows():
            line = {
                "data": name,
                "seen": options.seen,
                "seed": seed,
                "minutes": options.minutes,
                "work": kind,
            }
            line |= {
                key: round(float(row[key]), 2) for key in ("gain", "low", "high", "per_minute", "available")
            }
            line |= {"allotted": round(float(row["minutes"]), 2), "wrong": round(float(row["wrong"]), 1)}
            line |= {"pace": round(pace[str(kind)], 2), "took": round(took, 1), **real[str(kind)]}
            with options.results.open("a") as file:
                file.write(json.dumps(line) + "\n")
            print(line, flush=True)


def reality(
    world: World, plan: nl.Plan, pace: dict[str, float], limit: float, rng: np.random.Generator
) -> dict[str, dict[str, Any]]:
    """What each kind of work really brings, and the same minutes at random."""
    iou, out = world.iou, {}
    candidates = plan._rows[VERIFY]
    right = (iou.loc[candidates.index] >= RIGHT).to_numpy()
    gained, wrong = answered(world, plan._propagation(journal=False, budget=int(limit / pace[VERIFY])))
    out[VERIFY] = {"real": gained, "real_wrong": wrong}
    for kind, low, high in ((REVIEW, RIGHT, 2.0), (CORRECT, NEAR, RIGHT)):
        rows = plan._rows[kind]
        good = iou.loc[rows.index].between(low, high, inclusive="left").to_numpy()
        n = limit / pace[kind]
        at_random = right if kind == REVIEW else good
        out[kind] = {"real": head(good, n), "random": head(rng.permutation(at_random), n)}
    images = plan._rows[DRAW].index.to_numpy()
    lost = missing(world, images)
    out[DRAW] = {
        "real": drawn(lost, pace[DRAW], limit),
        "random": drawn(rng.permutation(lost), pace[DRAW], limit),
    }
    quiet = plan._rows[EMPTY].index
    bare = ~quiet.isin(world.truth.instances["image_id"])
    out[EMPTY] = {"real": head(np.asarray(bare), limit / pace[EMPTY])}
    out[VERIFY]["mixture"] = mixture(world, plan, pace, limit)
    return out


def head(good: np.ndarray, n: float) -> float:
    return float(good[: int(n)].sum() + (good[int(n)] * (n % 1) if int(n) < len(good) else 0))


def missing(world: World, images: np.ndarray) -> np.ndarray:
    """True instances that no prediction overlaps by half, per image."""
    near = world.run.predictions[world.run.predictions["image_id"].isin(images)]
    rows = world.truth.instances[world.truth.instances["image_id"].isin(images)]
    lost = nl.match(near, rows, pd.Index(images), iou=NEAR).missed["image_id"].value_counts()
    return lost.reindex(images, fill_value=0).to_numpy(float)


def drawn(lost: np.ndarray, each: float, limit: float) -> float:
    seconds = LOOK + lost * each
    share = np.clip((limit - (np.cumsum(seconds) - seconds)) / seconds, 0, 1)
    return float((lost * share).sum())


def answered(world: World, p: Any) -> tuple[int, int]:
    """Answer a propagation by the truth: right and wrong masks accepted."""
    right = (world.iou.loc[p.predictions.index] >= RIGHT).to_numpy()
    while (question := p.ask()) is not None:
        p.tell(question, right[question.rows])
    good = int((world.iou.loc[p.accepted.index] >= RIGHT).sum())
    return good, len(p.accepted) - good


def mixture(world: World, plan: nl.Plan, pace: dict[str, float], limit: float) -> float:
    """The best mixture at the true pace: clusters to their end, the rest in proportion."""
    minutes, total, still, spent = plan.table["minutes"], 0.0, world.run.predictions.index, 0.0
    if minutes[VERIFY] > 0:
        p = plan._propagation(journal=False, budget=max(int(limit / pace[VERIFY]), 1))
        total, _ = answered(world, p)
        spent, still = p.n_answers * pace[VERIFY], p.open.index
    rest = minutes.drop([VERIFY, COMPLETE])
    left = rest * (limit - spent) / max(rest.sum(), 1e-9)
    for kind, low, high in ((REVIEW, RIGHT, 2.0), (CORRECT, NEAR, RIGHT)):
        rows = plan._rows[kind]
        rows = rows[rows.index.isin(still)]
        good = world.iou.loc[rows.index].between(low, high, inclusive="left").to_numpy()
        total += head(good, left[kind] / pace[kind])
    total += drawn(missing(world, plan._rows[DRAW].index.to_numpy()), pace[DRAW], left[DRAW])
    bare = np.asarray(~plan._rows[EMPTY].index.isin(world.truth.instances["image_id"]))
    return round(float(total + head(bare, left[EMPTY] / pace[EMPTY])), 1)


def show(options: argparse.Namespace) -> None:
    rows = pd.DataFrame([json.loads(line) for line in options.results.read_text().splitlines()])
    if options.seeds:
        rows = rows[rows["seed"].isin(options.seeds)]
    rows["inside"] = (rows["low"] <= rows["real"]) & (rows["real"] <= rows["high"])
    rows["below"], rows["above"] = rows["real"] < rows["low"], rows["real"] > rows["high"]
    names = ["gain", "low", "high", "real", "random", "mixture", "wrong", "real_wrong", "allotted", "took"]
    keys = ["data", "seen", "work"]
    counts = rows.groupby(keys)[["inside", "below", "above"]].sum()
    means = rows.groupby(keys)[names].mean().round(0)
    print(pd.concat([rows.groupby(keys).size().rename("n"), counts, means], axis=1).to_string())


def shape(rng: np.random.Generator) -> Any:
    """A growth curve: a power law, an exponential, a logarithm, a hyperbola or a Hill curve."""
    kind, top, half = rng.integers(5), rng.uniform(0.4, 0.8), 10 ** rng.uniform(2, 3.3)
    if kind == 0:
        a, b = rng.uniform(0.5, 2), -rng.uniform(0.2, 0.8)
        return lambda n: top - a * n**b
    if kind == 1:
        return lambda n: top * (1 - np.exp(-n / half))
    if kind == 2:
        a = rng.uniform(0.03, 0.1)
        return lambda n: a * np.log(1 + n / half * 10)
    power = 1.0 if kind == 3 else rng.uniform(0.6, 1.2)
    return lambda n: top * n**power / (n**power + half**power)


def curve(options: argparse.Namespace) -> None:
    warnings.simplefilter("ignore", nl.errors.FallbackWarning)
    rows = []
    for seed in options.seeds:
        rng = np.random.default_rng(seed)
        for k in (3, 4, 5, 7):
            n = 100.0 * 2 ** np.arange(k)
            true = shape(rng)
            while not (true(n) > 0.02).all() or true(n[-1] * 2) > 0.95:
                true = shape(rng)
            for noise in (0.01, 0.02, 0.03):
                measured = np.clip(true(n) + rng.normal(size=k) * noise, 0, 1)
                for told in (True, False):
                    points = [(a, b, noise * told) for a, b in zip(n, measured, strict=True)]
                    low, expected, high = nl.growth_curve(points, seed=seed).gain(int(n[-1]))
                    gain = true(2 * n[-1]) - true(n[-1])
                    rows.append((k, noise, told, low <= gain <= high, high - low, expected - gain))
    frame = pd.DataFrame(rows, columns=["points", "noise", "se given", "inside", "width", "bias"])
    print(frame.groupby(["points", "noise", "se given"]).mean().round(3).to_string())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=[*WORLDS, "show", "curve"])
    parser.add_argument("path", nargs="?", type=Path)
    parser.add_argument("--seeds", type=int, nargs="*", default=[])
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--seen", action="store_true", help="without held-out labeled images")
    parser.add_argument("--runs", type=Path, help="folder for runs that are used again")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    if options.what in ("show", "curve"):
        {"show": show, "curve": curve}[options.what](options)
        return
    for seed in options.seeds:
        simulate(options.what, seed, options)


if __name__ == "__main__":
    main()
