"""Predicted mask IoU against confidence alone: ``python benchmarks/quality.py [PATH] [--tables DATASET]``.

Without PATH a model is trained on the generated reef; PATH may also be a folder with ``instances.json``
(COCO) and ``images/``, of which 40 images are labeled, or the folder of a saved run (then ``--tables`` is the
dataset it was made on, and ``--truth`` such a COCO folder; the truth of a reef is known). It prints tables:
on the labeled images, out of fold; on all other images, against the truth; and the effect of each group of
features. Where the model is available, agreement with a mirrored and a smaller view is one of the groups.
"""

from __future__ import annotations

import argparse
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from nuclei import start
from sklearn.isotonic import IsotonicRegression

import nbalabel as nl
from nbalabel.learn.quality.features import GROUPS
from nbalabel.learn.quality.report import RIGHT, auc, ece, rank_correlation

_CANDIDATE = 0.2  # lowest score that label propagation uses


@dataclass(frozen=True)
class Case:
    """A run, the truth, and the agreement of its predictions with other views of their images."""

    name: str
    run: nl.Run
    truth: nl.Tables | None
    agreement: pd.Series | None = None
    agreement_seconds: float = 0.0


def agreed(name: str, model: nl.Model, ds: nl.Dataset, truth: nl.Tables) -> Case:
    """Predict, then predict the other views."""
    run = model.predict(ds, score=0.05)
    began = time.perf_counter()
    agreement = nl.agreement(model, ds, run)
    return Case(name, run, truth, agreement, time.perf_counter() - began)


@contextmanager
def reef(seed: int) -> Iterator[Case]:
    """Four hundred generated images: 48 labeled ones to train on, 60 held back for testing."""
    with tempfile.TemporaryDirectory() as folder:
        ds = nl.demo.reef(Path(folder) / "reef.nbal", n_images=400, n_labeled=48, seed=seed)
        model = nl.Yolo("yolo11n-seg.yaml")
        model.train(ds, epochs=60, imgsz=192, seed=seed)
        yield agreed("the generated reef", model, ds, nl.demo.truth(ds))
        ds.close()


@contextmanager
def nuclei(path: Path, seed: int) -> Iterator[Case]:
    """Forty labeled images of a COCO folder."""
    with tempfile.TemporaryDirectory() as folder:
        ds, truth, _ = start(path, Path(folder) / "nuclei.nbal", 40, 0, seed)
        model = nl.Yolo("yolo11n-seg.yaml")
        model.train(ds, epochs=40, imgsz=256, seed=seed)
        yield agreed(path.name, model, ds, truth)
        ds.close()


@contextmanager
def saved(path: Path, tables: Path, truth: Path | None) -> Iterator[Case]:
    """Load a saved run."""
    ds = nl.open(tables)
    run = nl.Run.load(path, ds)
    if truth is not None:
        yield Case(path.name, run, nl.read_coco(truth / "instances.json", images=truth / "images"))
    else:
        try:
            known = nl.demo.truth(ds)
        except nl.errors.StorageError:  # no reef: the truth of the other images is not known
            known = None
        yield Case(path.name, run, known)
    ds.close()


def elsewhere(case: Case, quality: nl.MaskQuality, least: float = 0.0) -> pd.DataFrame:
    """The scores against the truth on images not fitted on; maps to chance and IoU come from those fitted on.

    Args:
        case: a case with its truth.
        quality: fitted on the labeled images.
        least: leave out predictions of a lower score.
    """
    assert case.truth is not None
    frame = nl.match(case.run.predictions, case.truth.instances, case.truth.images).predictions
    rows = ~frame["image_id"].isin(quality.fitted_on).to_numpy() & (frame["score"] >= least).to_numpy()
    iou = frame["iou"].to_numpy(np.float64)[rows]
    right = iou >= RIGHT
    known = quality.judged
    table = {}
    for name, score in scores_of(quality).items():
        there, here = score[known.index], score[rows].to_numpy(np.float64)
        chance = IsotonicRegression(out_of_bounds="clip").fit(there, known["matched"]).predict(here)
        said = IsotonicRegression(out_of_bounds="clip").fit(there, known["iou"]).predict(here)
        table[name] = {
            "n": len(iou),
            "rank_correlation": rank_correlation(here, iou),
            "auc": auc(here, right),
            "brier": float(np.mean((chance - right) ** 2)),
            "ece": ece(chance, right),
            "mae": float(np.abs(said - iou).mean()),
        }
    return pd.DataFrame.from_dict(table, orient="index").astype({"n": object}).rename_axis("score")


def scores_of(quality: nl.MaskQuality) -> dict[str, pd.Series]:
    """The scores to compare, by prediction id."""
    return {"confidence": quality.confidence, "predicted IoU": quality.iou, "product": quality.score}


def ablation(case: Case, seed: int) -> pd.DataFrame:
    """Predicted IoU without one group of features at a time."""
    usual = tuple(name for name in GROUPS if name not in ("agreement", "confidence"))
    trials = {"all": usual, **{f"without {name}": tuple(set(usual) - {name}) for name in usual}}
    if case.agreement is not None:
        trials["with agreement"] = GROUPS
    rows = []
    for name, groups in trials.items():
        quality = nl.mask_quality(case.run, agreement=case.agreement, groups=groups, seed=seed)
        inside = quality.report.loc["predicted IoU"]
        row = {
            "features": name,
            "regression": quality.regression,
            "labeled: rank": inside["rank_correlation"],
            "labeled: AUC": inside["auc"],
            "labeled: RMSE": quality.errors.min(),
        }
        if case.truth is not None:
            for kind, least in (("elsewhere", 0.0), ("candidates", _CANDIDATE)):
                outside = elsewhere(case, quality, least).loc["predicted IoU"]
                row |= {f"{kind}: rank": outside["rank_correlation"], f"{kind}: AUC": outside["auc"]}
        rows.append(row)
    return pd.DataFrame(rows).set_index("features")


def show(title: str, table: pd.DataFrame) -> None:
    """Print as a Markdown table."""
    columns = [str(table.index.name), *map(str, table.columns)]
    print(f"\n## {title}\n\n| {' | '.join(columns)} |\n|{'---|' * len(columns)}")
    for name, row in table.iterrows():
        cells = ["" if pd.isna(v) else f"{v:.3f}" if isinstance(v, float) else f"{v}" for v in row]
        print(f"| {name} | {' | '.join(cells)} |")


def tell(case: Case, seed: int) -> None:
    """Print all tables of a case."""
    began = time.perf_counter()
    quality = nl.mask_quality(case.run, seed=seed)
    seconds = time.perf_counter() - began
    n, images = quality.n_fitted, len(quality.fitted_on)
    print(f"\n# {case.name}: {len(case.run.predictions):,} predictions in {seconds:.1f} s, {quality!r}")
    print("RMSE out of fold: " + ", ".join(f"{name} {e:.3f}" for name, e in quality.errors.items()))
    show(f"{n:,} predictions on {images} labeled images, out of fold", quality.report)
    if case.truth is not None:
        show("All other images, against the truth", elsewhere(case, quality))
        likely = elsewhere(case, quality, _CANDIDATE)
        show(f"Of these, confidence at least {_CANDIDATE}", likely)
    if case.agreement is not None:
        print(f"\nAgreement with two other views took {case.agreement_seconds:.0f} s.")
    show("Predicted IoU without a group of features", ablation(case, seed))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("path", type=Path, nargs="?")
    parser.add_argument("--tables", type=Path, help="dataset that a saved run was made on")
    parser.add_argument("--truth", type=Path, help="COCO folder with the instances of all its images")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    warnings.simplefilter("ignore", nl.errors.FallbackWarning)  # no pretrained weights are needed here
    path = options.path
    if path is None:
        cases = reef(options.seed)
    elif (path / "run.json").exists():
        if options.tables is None:
            parser.error("a saved run needs --tables, the dataset it was made on")
        cases = saved(path, options.tables, options.truth)
    else:
        cases = nuclei(path, options.seed)
    with cases as case:
        tell(case, options.seed)


if __name__ == "__main__":
    main()
