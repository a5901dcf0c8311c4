"""Train on the generated reef, and fit the mixtures from which ``benchmarks/propagation.py`` draws."""

from __future__ import annotations

import tempfile
from pathlib import Path

from mixtures import Mixture, reduced, save

import nbalabel as nl


def fit(path: Path) -> None:
    """1,500 frames of 256 px, 160 of them labeled by species, 60 epochs; predictions of score > 0.2."""
    with tempfile.TemporaryDirectory() as folder:
        ds = nl.demo.reef(Path(folder) / "reef.nbal", n_images=1500, n_labeled=160, size=256, by_species=True)
        model = nl.Yolo("yolo11n-seg.yaml")
        model.train(ds, epochs=60, imgsz=256, seed=0)
        run = model.predict(ds, score=0.05)
        truth = nl.demo.truth(ds)
        found = nl.match(run.predictions, truth.instances, truth.images).predictions
        ds.close()
    found = found[found["score"] > 0.2]
    features = reduced(run.embeddings.instances(found.index))
    scores, ious = found["score"].to_numpy(), found["iou"].to_numpy()
    own = found.groupby("label", observed=True).indices
    save({str(k): Mixture.fit(features[i], scores[i], ious[i]) for k, i in own.items()}, path)
