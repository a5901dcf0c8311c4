"""Suspicions open in the views that show instances and predictions."""

from __future__ import annotations

from pathlib import Path

import pytest

import nbalabel as nl

pytest.importorskip("sklearn")


def test_suspicious_instances_and_missing_labels_are_reviewed_in_their_order(tmp_path: Path) -> None:
    ds = nl.demo.reef(tmp_path / "reef.nbal", n_images=24, n_labeled=16, n_test=0, size=96)
    run = nl.demo.simulated_run(ds)
    found = nl.suspects(ds, run)
    labels = found.instances(found.table.head(30))
    review = nl.Review(nl.Workspace(ds, run), labels, again=True)
    assert review.left.index.tolist() == labels.index.tolist()
    missing = found.predictions()
    assert missing.index.isin(run.predictions.index).all()
    review.close()
    ds.close()
