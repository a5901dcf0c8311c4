"""Agreement and consensus of annotators, ``nl.raters``: ``python benchmarks/raters.py speed fusion peers``.

- ``speed``: three annotators, 10,000 images of 640 x 640 pixels, about 100,000 masks.
- ``fusion``: generated annotators of different skill draw the truth of a reef; how right is what they make
  together, and the best of them alone. PQ and its parts are measured with ``nl.raters`` itself, truth beside
  result; ``pq by label`` counts a wrong label as missed and invented.
- ``peers``: alpha and vitality of kalos (``--kalos PYTHON``), STAPLE of SimpleITK (``--itk PYTHON``), each in
  an environment of its own, on random tables of codes and random masks (``raters_peers.py``).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from annotators import drawn, many

import nbalabel as nl
from nbalabel.learn.raters.alpha import coincidences
from nbalabel.learn.raters.staple import staple
from nbalabel.learn.raters.units import joined

EVEN = [nl.demo.Annotator(name) for name in ("ana", "bo", "cy", "di", "ed")]
MIXED = [
    nl.demo.Annotator("ana", missed=0.03, renamed=0.03, wobble=0.7),
    nl.demo.Annotator("bo", missed=0.06, renamed=0.06, grown=0.7),
    nl.demo.Annotator("cy", missed=0.15, renamed=0.15, grown=-0.7, wobble=1.5, shift=1.0),
    nl.demo.Annotator("di", missed=0.08, renamed=0.08, grown=1.5),
    nl.demo.Annotator("ed", missed=0.25, invented=0.2, renamed=0.25, wobble=2.5, shift=1.5),
]


def speed() -> None:
    """Seconds of each part."""
    tables = many(10_000, 3.51, seed=0)
    print(f"{sum(len(t.instances) for t in tables.values()):,} masks")
    begin = last = time.perf_counter()
    r = nl.raters(tables)
    took = {"units, IoU, boundary IoU": time.perf_counter() - last}
    for name in (
        "alpha",
        "existence",
        "outline",
        "boundary",
        "name",
        "by_label",
        "by_annotator",
        "pairs",
        "disputed",
    ):
        last = time.perf_counter()
        getattr(r, name)
        took[name] = time.perf_counter() - last
    took["all of agreement"] = time.perf_counter() - begin
    for fuse in ("majority", "staple", "medoid"):
        last = time.perf_counter()
        r.consensus(fuse)
        took[f"consensus {fuse}"] = time.perf_counter() - last
    print(pd.Series(took, name="seconds").round(2).to_string())
    print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.2f} GB")
    print(r)


def scores(truth: nl.Tables, found: nl.Tables) -> dict[str, float]:
    """How right a table is."""
    r = nl.raters({"truth": truth, "found": found}, draws=0)
    pair = r.pairs.iloc[0]
    return {
        "pq": pair["pq"], "existence": pair["existence"], "outline": pair["outline"],
        "boundary": pair["boundary"], "same label": pair["name"],
    }  # fmt: skip


def fusion(n_images: int, seeds: int) -> None:
    """What annotators make together, beside the best one alone."""
    rows = []
    for seed in range(seeds):
        with tempfile.TemporaryDirectory() as folder:
            ds = nl.demo.reef(Path(folder) / "r.nbal", n_images, 4, 4, seed=seed, by_species=True)
            truth = nl.demo.truth(ds)
            truth = nl.Tables.of(
                truth.images, truth.instances.drop(columns=["x", "y", "w", "h", "area"]), truth.labels
            )
            ds.close()
        for team, people in (("alike", EVEN[:3]), ("alike", EVEN), ("mixed", MIXED[:3]), ("mixed", MIXED)):
            tables = {who.name: drawn(truth, who, seed) for who in people}
            name = f"{len(people)} {team}"
            alone = {who: scores(truth, t) for who, t in tables.items()}
            best = max(alone, key=lambda who: alone[who]["pq"])
            rows.append((name, "best alone", alone[best]))
            r = nl.raters(tables, draws=0)
            with tempfile.TemporaryDirectory() as folder:
                for fuse in ("majority", "staple", "medoid"):
                    with tables[people[0].name].save(Path(folder) / f"{fuse}.nbal") as kept:
                        kept.apply(r.consensus(fuse, into=kept))
                        rows.append((name, fuse, scores(truth, kept)))
    table = pd.DataFrame([{"team": t, "way": w, **s} for t, w, s in rows])
    print(table.groupby(["team", "way"], sort=False).mean().round(3).to_string())


def peers(kalos: str | None, itk: str | None) -> None:
    """Largest differences from other packages."""
    rng = np.random.default_rng(0)
    tables = [_random_codes(rng) for _ in range(200)]
    stacks = [_random_masks(rng) for _ in range(60)]
    overlaps = [_random_overlaps(rng) for _ in range(300)]
    given = {
        "overlaps": overlaps,
        "tables": [t.tolist() for t in tables],
        "stacks": [s.astype(int).tolist() for s in stacks],
    }
    for python, part in ((kalos, "kalos"), (itk, "itk")):
        if python is None:
            continue
        with tempfile.TemporaryDirectory() as folder:
            asked, said = Path(folder) / "in.json", Path(folder) / "out.json"
            asked.write_text(json.dumps(given))
            script = Path(__file__).with_name("raters_peers.py")
            subprocess.run([python, str(script), part, str(asked), str(said)], check=True)
            answer = json.loads(said.read_text())
        if part == "kalos":
            _compare_alpha(tables, answer)
            _compare_units(overlaps, answer)
        else:
            _compare_staple(stacks, answer)


def _random_codes(rng: np.random.Generator) -> np.ndarray:
    """Raters x units; -2: did not look, -1: nobody there; no unit that nobody drew."""
    n_raters, n_units, n_labels = rng.integers(2, 6), rng.integers(2, 60), rng.integers(1, 6)
    truth = rng.integers(n_labels, size=n_units)
    codes = np.where(
        rng.random((n_raters, n_units)) < 0.7, truth, rng.integers(n_labels, size=(n_raters, n_units))
    )
    codes = np.where(rng.random(codes.shape) < 0.2, -1, codes)
    codes = np.where(rng.random(codes.shape) < 0.1, -2, codes)
    return codes[:, (codes >= 0).any(axis=0)]


def _random_overlaps(rng: np.random.Generator) -> tuple[list[int], list[tuple[int, int, float]]]:
    """Annotator of each instance of an image, and the IoU of some pairs of different annotators."""
    n = int(rng.integers(2, 15))
    rater = np.sort(rng.integers(4, size=n))
    pairs = [(a, b) for a in range(n) for b in range(a + 1, n) if rater[a] != rater[b] and rng.random() < 0.4]
    return rater.tolist(), [(a, b, float(rng.uniform(0.5, 1))) for a, b in pairs]


def _compare_units(overlaps: list, answer: dict) -> None:
    same = 0
    for (rater, pairs), said in zip(overlaps, answer["clusters"], strict=True):
        left, right = (np.array([p[k] for p in pairs], np.int64) for k in (0, 1))
        iou = np.array([p[2] for p in pairs])
        unit = joined(np.zeros(len(rater), np.int64), np.array(rater), left, right, iou)
        ours = {tuple(np.flatnonzero(unit == u).tolist()) for u in set(unit)}
        same += ours == set(map(tuple, said))
    print(f"units: the same in {same} of {len(overlaps)} images")


def our_alpha(codes: np.ndarray) -> float:
    """Alpha of raters x units."""
    n = int(codes.max(initial=0)) + 1
    given = np.where(codes < 0, n, codes).T
    found = coincidences(given, (codes != -2).T, np.zeros(codes.shape[1], np.int64), 1, n + 1)
    return float(found.alpha()[0])


def _compare_alpha(tables: list[np.ndarray], answer: dict) -> None:
    ours = np.array([our_alpha(t) for t in tables])
    theirs = np.array(answer["alpha"], float)
    one = ~np.isfinite(ours)
    print(f"alpha: largest difference {np.abs(ours - theirs)[~one].max():.1e} in {(~one).sum()} tables;")
    kept, gone = [], []
    for table, said in zip(tables, answer["vitality"], strict=True):
        for k, value in enumerate(said):
            rest = np.delete(table, k, axis=0)
            lonely = ~(rest >= 0).any(axis=0)
            mine = our_alpha(table) - our_alpha(rest[:, ~lonely])
            if value is not None and np.isfinite(mine):
                (kept if lonely.any() else gone).append(abs(mine - value))
    print(f"vitality: largest difference {max(gone):.1e} where all units stay ({len(gone)} annotators),")
    print(
        f"  mean difference {np.mean(kept):.3f} where some were drawn by this annotator alone ({len(kept)})"
    )


def _random_masks(rng: np.random.Generator) -> np.ndarray:
    """Raters x height x width: one disc, drawn with noise."""
    h, w, n = rng.integers(24, 60), rng.integers(24, 60), rng.integers(2, 7)
    y, x = np.mgrid[:h, :w]
    far = np.hypot(y - h / 2, x - w / 2) - min(h, w) * rng.uniform(0.2, 0.35)
    return np.stack(
        [far + rng.normal(0, rng.uniform(0.5, 3), far.shape) + rng.normal() < 0 for _ in range(n)]
    )


def our_staple(stack: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Inside per pixel, sensitivity and specificity of raters x height x width."""
    flat = stack.reshape(len(stack), -1).T
    kinds, of, count = np.unique(flat, axis=0, return_inverse=True, return_counts=True)
    one = np.zeros(len(kinds), np.int64)
    found = staple(one, kinds, count.astype(float), np.ones((1, len(stack)), bool))
    inside = found.inside[of.ravel()].reshape(stack.shape[1:])
    return inside, found.sensitivity[0], found.specificity[0]


def _compare_staple(stacks: list[np.ndarray], answer: dict) -> None:
    worst, masks = np.zeros(2), 0
    for stack, said in zip(stacks, answer["staple"], strict=True):
        inside, p, q = our_staple(stack)
        worst = np.maximum(
            worst, [np.abs(p - said["sensitivity"]).max(), np.abs(q - said["specificity"]).max()]
        )
        theirs = np.array(said["mask"], bool)
        masks += int(((inside >= 0.5) != theirs).sum())
    print(f"STAPLE: largest difference of sensitivity {worst[0]:.1e}, of specificity {worst[1]:.1e};")
    print(f"  {masks} pixels of {len(stacks)} fused masks differ")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("parts", nargs="+", choices=("speed", "fusion", "peers"))
    parser.add_argument("--images", type=int, default=120, help="of fusion")
    parser.add_argument("--seeds", type=int, default=3, help="of fusion")
    parser.add_argument("--kalos", help="a Python with kalos 0.8.0")
    parser.add_argument("--itk", help="a Python with SimpleITK")
    options = parser.parse_args()
    for part in options.parts:
        if part == "speed":
            speed()
        elif part == "fusion":
            fusion(options.images, options.seeds)
        else:
            peers(options.kalos, options.itk)


if __name__ == "__main__":
    main()
