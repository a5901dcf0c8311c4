"""Masks that are too coarse become sharper where that is predicted, and stay as they are elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.snapping.bands import METHODS, Patch, reach
from nbalabel.core.tables.schema import conform
from nbalabel.learn.refine.evidence import N_COLUMNS, evidence

cv2 = pytest.importorskip("cv2")
SIDE = 96


class Cells:
    """Bright discs on a noisy dark ground, blurred; enough of LabeledImages for refine, pixels in memory."""

    labels = ("cell",)
    image_root = None
    version_id = "v1"

    def __init__(self, n: int, labeled: int, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.pixels: dict[int, np.ndarray] = {}
        rows, self.coarse = [], []
        y, x = np.mgrid[:SIDE, :SIDE]
        for image_id in range(n):
            plain = np.full((SIDE, SIDE), 30.0)
            for at in range(9):
                radius = rng.uniform(7, 11)
                cx, cy = 16 + at % 3 * 32 + rng.uniform(-3, 3), 16 + at // 3 * 32 + rng.uniform(-3, 3)
                disc = np.hypot(x - cx, y - cy) <= radius
                plain[disc] = rng.uniform(110, 200)
                rows.append({"image_id": image_id, "label": "cell", "mask": rle.encode(disc)})
                w, h = radius * rng.uniform(0.75, 1.1), radius * rng.uniform(0.75, 1.1)
                dx, dy = rng.normal(0, 1.2, 2)
                box = (abs(x - cx - dx) <= 0.9 * w) & (abs(y - cy - dy) <= 0.9 * h)
                self.coarse.append({"image_id": image_id, "label": "cell", "score": rng.uniform(0.3, 0.95),
                                    "mask": rle.encode(box)})  # fmt: skip
            noisy = cv2.GaussianBlur(plain, (0, 0), 1.0) + rng.normal(0, 5, plain.shape)
            self.pixels[image_id] = np.repeat(np.clip(noisy, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
        files = [f"{i}.png" for i in range(n)]
        images = conform(pd.DataFrame({"file": files, "width": SIDE, "height": SIDE}), "images")
        self.images = images.assign(state=np.where(np.arange(n) < labeled, "complete", "unlabeled"))
        self.truth = conform(pd.DataFrame(rows), "instances", self.labels, heights=np.full(len(rows), SIDE))
        self.instances = self.truth[self.truth["image_id"] < labeled]

    def read_image(self, image_id: int) -> np.ndarray:
        return self.pixels[image_id]

    def run(self) -> nl.Run:
        heights = np.full(len(self.coarse), SIDE)
        found = conform(pd.DataFrame(self.coarse), "predictions", self.labels, heights=heights)
        return nl.Run(id="coarse", kind="predict", labels=self.labels, predictions=found).matched_to(self)


def _iou(run: nl.Run, cells: Cells) -> np.ndarray:
    """True IoU of each prediction, on images that refine did not learn from."""
    unseen = cells.images.index[cells.images["state"] == "unlabeled"]
    rows = run.predictions[run.predictions["image_id"].isin(unseen)]
    return nl.match(rows, cells.truth, cells.images).predictions["iou"].to_numpy()


@pytest.mark.parametrize("labeled", [8, 0], ids=["learned", "by agreement"])
def test_coarse_masks_become_sharper_on_pictures_not_learned_from(labeled: int) -> None:
    cells = Cells(16, labeled)
    run = cells.run()
    refined = nl.refine(run)
    before, after = _iou(run, cells), _iou(refined, cells)
    assert after.mean() > before.mean() + 0.15
    assert (after >= 0.75).mean() >= 2 * (before >= 0.75).mean()
    assert (after < before - 0.02).mean() < 0.05


def test_a_refined_run_keeps_what_was_and_says_what_changed() -> None:
    cells = Cells(10, 8)
    run = cells.run()
    masks = run.predictions["mask"].tolist()
    refined = nl.refine(run)
    assert run.predictions["mask"].tolist() == masks
    found = refined.predictions
    assert found["mask_before"].tolist() == masks
    changed = found["mask"].to_numpy() != found["mask_before"].to_numpy()
    assert (changed <= found["refined"].to_numpy()).all()
    assert found["refined"].mean() > 0.5
    assert found.index.equals(run.predictions.index)
    assert found["score"].equals(run.predictions["score"])
    assert refined.id != run.id
    assert (found["origin"] == refined.id).all()
    assert refined.arguments["refined"] == {"method": "auto", "gain": 0.01, "from": "coarse"}
    assert found["area"].tolist() == [int(rle.decode(m, SIDE, SIDE).sum()) for m in found["mask"]]
    assert (
        found.loc[found["image_id"] < 8, "iou"].mean() > run.predictions.query("image_id < 8")["iou"].mean()
    )


def test_a_refined_run_is_saved_and_accepted_like_any_other(tmp_path: Path) -> None:
    ds = nl.demo.reef(tmp_path / "reef.nbal", n_images=24, n_labeled=16, n_test=0)
    run = nl.demo.simulated_run(ds)
    refined = nl.refine(run)
    before = refined.predictions["mask_before"].tolist()
    again = nl.Run.load(refined.save(tmp_path / "refined"), ds)
    assert again.predictions["mask_before"].tolist() == before
    assert again.predictions["mask"].tolist() == refined.predictions["mask"].tolist()
    n = len(ds.instances)
    ds.accept(refined.query("matched == False"), overlap="skip")
    assert len(ds.instances) > n
    ds.revert(refined)
    assert len(ds.instances) == n
    ds.close()


def test_masks_that_are_right_already_stay_about_as_good(tmp_path: Path) -> None:
    cells = Cells(16, 8)
    right = cells.truth.reset_index(drop=True)[["image_id", "label", "mask"]].assign(score=np.float32(0.9))
    cells.coarse = right.to_dict("records")
    assert _iou(nl.refine(cells.run()), cells).mean() > 0.9


def test_pictures_that_cannot_be_read_keep_their_masks() -> None:
    cells = Cells(6, 0)
    run = cells.run()

    def read(image_id: int) -> np.ndarray:
        if image_id == 2:
            raise OSError("gone")
        return cells.pixels[image_id]

    cells.read_image = read
    found = nl.refine(run, method="grabcut", tables=cells).predictions
    there = (found["image_id"] == 2).to_numpy()
    assert not found["refined"][there].any()
    assert found["refined"][~there].all()
    assert found["mask"][there].tolist() == run.predictions["mask"][there].tolist()


@pytest.mark.parametrize("name", list(METHODS))
def test_an_outline_moves_within_its_band_only_and_takes_nothing_of_others(name: str) -> None:
    cells = Cells(1, 0)
    mask = rle.decode(cells.coarse[4]["mask"], SIDE, SIDE)
    others = rle.decode(cells.coarse[5]["mask"], SIDE, SIDE)
    others |= np.roll(mask, 6, axis=0) & ~mask
    far = reach(mask.sum())
    found = METHODS[name](Patch(cells.pixels[0], mask, others, far))
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, 5)
    assert found.any()
    assert distance[found].max() <= far
    assert not (found & others & ~mask).any()


@pytest.mark.parametrize("name", list(METHODS))
@pytest.mark.parametrize("shape", ["flat", "dot", "all"])
def test_where_nothing_can_be_seen_a_mask_stays(name: str, shape: str) -> None:
    pixels = np.full((24, 24, 3), 90, np.uint8)
    mask = np.zeros((24, 24), bool)
    if shape == "dot":
        mask[5, 5] = True
    elif shape == "all":
        mask[:] = True
    else:
        mask[6:18, 6:18] = True
    found = METHODS[name](Patch(pixels, mask, np.zeros_like(mask), 3))
    assert found.shape == mask.shape
    assert found.any()
    if shape == "all" or name.startswith("level"):
        assert (found == mask).all()


def test_evidence_is_finite_for_all_kinds_of_masks() -> None:
    pixels = np.random.default_rng(0).integers(0, 255, (20, 20, 3)).astype(np.uint8)
    base = np.zeros((20, 20), bool)
    base[5:12, 5:12] = True
    dot, whole = np.zeros_like(base), np.ones_like(base)
    dot[8, 8] = True
    found = evidence(Patch(pixels, base, dot & False, 3), [base, dot, whole], 1.0)
    assert found.shape == (3, N_COLUMNS)
    assert np.isfinite(found).all()
    assert np.isfinite(evidence(Patch(pixels, base, dot & False, 3), [base], 0.0)).all()


def test_only_the_rows_asked_for_are_refined() -> None:
    cells = Cells(10, 8)
    run = cells.run()
    rows = run.query("score > 0.6")
    found = nl.refine(run, rows=rows).predictions
    asked = found.index.isin(rows.index)
    assert found["refined"][asked].any()
    assert not found["refined"][~asked].any()
    assert found["mask"][~asked].tolist() == run.predictions["mask"][~asked].tolist()


def test_wrong_arguments_are_named() -> None:
    run = Cells(2, 1).run()
    with pytest.raises(UnknownNameError, match="99 are none of coarse"):
        nl.refine(run, rows=run.predictions.iloc[:1].set_axis([99], axis=0))
    with pytest.raises(UnknownNameError, match=r"method must be 'auto' or one of level 0\.25"):
        nl.refine(run, method="snake")
    with pytest.raises(DataError, match="pass tables="):
        nl.refine(replace(run, tables=None))


def test_a_run_without_predictions_stays_without() -> None:
    cells: Any = Cells(2, 1)
    run = cells.run()
    run = replace(run, predictions=run.predictions.iloc[:0])
    assert len(nl.refine(run).predictions) == 0


@pytest.fixture
def coarse(tmp_path: Path) -> tuple[nl.Dataset, pd.Series]:
    """A dataset whose masks are coarse, and the true masks."""
    from PIL import Image

    cells = Cells(2, 2, seed=3)
    root = tmp_path / "images"
    root.mkdir()
    for image_id, pixels in cells.pixels.items():
        Image.fromarray(pixels).save(root / f"{image_id}.png")
    rows = pd.DataFrame(cells.coarse).drop(columns="score")
    tables = nl.Tables.of(cells.images, rows, ["cell"], root)
    return tables.save(tmp_path / "cells.nbal"), cells.truth["mask"]


def _mean_iou(ds: nl.Dataset, truth: pd.Series) -> float:
    return float(rle.iou_pairs(ds.instances["mask"].tolist(), truth.tolist()).mean())


def test_masks_of_a_dataset_are_refined_when_asked_and_not_before(
    coarse: tuple[nl.Dataset, pd.Series],
) -> None:
    ds, truth = coarse
    before, was = ds.instances.copy(), _mean_iou(ds, truth)
    found = nl.refine(ds, method="snap")
    assert ds.instances.equals(before)
    assert len(found.rows) > 12
    assert found.rows["iou"].is_monotonic_increasing
    change = ds.apply(found)
    assert change.note == f"refined {len(found.rows)} of 18 masks"
    assert _mean_iou(ds, truth) > was + 0.05
    moved = ds.instances.loc[found.rows.index]
    assert moved["mask"].tolist() == found.rows["mask"].tolist()
    assert moved["area"].tolist() == rle.areas(moved["mask"].tolist()).tolist()
    assert moved[["x", "y", "w", "h"]].to_numpy().tolist() == rle.boxes(moved["mask"].tolist(), SIDE).tolist()
    assert (moved["source"] == before.loc[moved.index, "source"]).all()
    ds.revert(found)
    assert ds.instances["mask"].equals(before["mask"])


def test_boxes_become_masks_of_what_is_in_them(coarse: tuple[nl.Dataset, pd.Series]) -> None:
    ds, truth = coarse
    boxes = rle.boxes(truth.tolist(), SIDE).astype(int)
    masks = []
    for x, y, w, h in boxes:
        mask = np.zeros((SIDE, SIDE), bool)
        mask[y : y + h, x : x + w] = True
        masks.append(rle.encode(mask))
    ds.set(ds.instances, mask=masks)
    was = _mean_iou(ds, truth)
    ds.apply(nl.refine(ds))
    assert _mean_iou(ds, truth) > max(was + 0.05, 0.85)
    some = nl.refine(ds, method="box", rows=ds.instances.iloc[:3])
    assert some.n_instances == 3


def test_a_proposal_leaves_alone_what_was_edited_since(coarse: tuple[nl.Dataset, pd.Series]) -> None:
    ds, _ = coarse
    found = nl.refine(ds)
    first, second = found.rows.index[:2]
    mine = ds.instances["mask"].loc[second]
    ds.set([first], mask=[mine])
    ds.remove([second])
    change = ds.apply(found)
    n = len(found.rows)
    assert change.note == f"refined {n} of 18 masks; 2 of {n} rows were changed since and stay"
    assert ds.instances["mask"].loc[first] == mine
    assert second not in ds.instances.index
    assert not ds.apply(found.only(found.rows.iloc[:0]))
    with pytest.raises(DataError, match="apply takes a Change, or an object that has one, got str"):
        ds.apply("refine-1")


def test_a_preview_shows_each_mask_before_and_after(coarse: tuple[nl.Dataset, pd.Series]) -> None:
    ds, _ = coarse
    found = nl.refine(ds)
    pictures = found.preview(3)
    assert len(pictures) == 3
    assert pictures[0].width == 2 * ((pictures[0].width - 4) // 2) + 4
    assert "would change" in found._repr_html_()
    assert "ds.apply(refined)" in found._repr_html_()
    left, right = (np.asarray(pictures[0].crop(box)) for box in (
        (0, 0, (pictures[0].width - 4) // 2, pictures[0].height),
        ((pictures[0].width + 4) // 2, 0, pictures[0].width, pictures[0].height),
    ))  # fmt: skip
    assert left.shape == right.shape
    assert (left != right).any()


def test_an_unknown_method_or_row_of_instances_is_refused(coarse: tuple[nl.Dataset, pd.Series]) -> None:
    ds, _ = coarse
    with pytest.raises(UnknownNameError, match="auto, snap or box"):
        nl.refine(ds, method="level 0.5")
    with pytest.raises(UnknownNameError, match="99 are none of them"):
        nl.refine(ds, rows=pd.DataFrame(index=[99]))
