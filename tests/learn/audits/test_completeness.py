"""How many instances are missing, and whether any is: estimates and tiles."""

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.learn.audits.recapture import chapman
from nbalabel.learn.audits.tiles import tiles_of


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A reef, a run on it, and how complete it is; not changed by tests."""
    folder = tmp_path_factory.mktemp("once") / "reef.nbal"
    ds = nl.demo.reef(folder, n_images=120, n_labeled=100, n_test=0, size=96)
    run = nl.demo.simulated_run(ds)
    yield ds, run, nl.completeness(ds, run)
    ds.close()


def test_chapman_finds_the_number_when_looks_are_independent():
    rng, errors, below = np.random.default_rng(0), [], 0
    for _ in range(300):
        one, other = rng.random((2, 500)) < [[0.8], [0.6]]
        found = chapman(one.sum(), other.sum(), (one & other).sum(), 0.05)
        errors.append(found.number - 500)
        below += found.lower <= 500
        assert found.lower <= found.number <= found.upper
    assert abs(np.mean(errors)) < 1
    assert below / 300 > 0.92


def test_where_the_same_things_are_hard_for_both_there_are_more_than_it_says():
    rng, said = np.random.default_rng(0), []
    hard = np.arange(500) < 100
    for _ in range(50):
        one, other = rng.random((2, 500)) < np.where(hard, 0.2, 0.95)
        said.append(chapman(one.sum(), other.sum(), (one & other).sum(), 0.05).number)
    assert np.mean(said) < 480


def test_dropped_labels_are_expected_to_be_missing(made, tmp_path):
    ds, run, before = made
    own = ds.copy(tmp_path / "own.nbal")
    rng = np.random.default_rng(0)
    lost = rng.choice(own.instances.index, 40, replace=False)
    found = run.matched_to(ds).predictions
    seen = found["matched_id"].dropna().isin(lost).sum()
    own.remove(lost)
    after = nl.completeness(own, run)
    gain = after.labels.loc["all"] - before.labels.loc["all"]
    assert 0.3 * seen < gain["expected"] < 1.3 * seen
    assert after.labels.loc["all", "missing"] > after.labels.loc["all", "expected"]
    assert after.labels.loc["all", "at_least"] <= 40
    own.close()


def test_images_add_up_to_labels_and_intervals_hold_what_is_expected(made):
    _, _, found = made
    total = found.images["expected"].sum()
    assert total == pytest.approx(found.labels.loc["all", "expected"])
    assert found.images["labeled"].sum() == found.labels.loc["all", "labeled"]
    for table in (found.images, found.labels):
        assert (table["lower"] <= table["expected"] + 1e-9).all()
        assert (table["upper"] >= table["expected"] - 1e-9).all()
    assert "missing beside" in found._repr_html_()


def test_confirmed_predictions_take_the_place_of_chances(made):
    ds, run, _ = made
    near = run.matched_to(ds).predictions
    whole = ds.images.index[ds.images["state"] == "complete"]
    some = near[~near["matched"] & near["image_id"].isin(whole)].index[:3]
    line = nl.completeness(ds, run, confirmed=some).labels.loc["all"]
    assert line["expected"] == line["lower"] == line["upper"] == 3
    by_hand = chapman(line["labeled"], line["found"] + 3, line["found"], 0.05)
    assert line["missing"] == pytest.approx(by_hand.number - line["labeled"])
    assert line["at_least"] == pytest.approx(by_hand.lower - line["labeled"])


def test_it_says_that_the_model_may_have_learned_the_images(made):
    ds, run, found = made
    assert "100 of the 100 images are for training" in found.note
    import dataclasses

    crossed = dataclasses.replace(run, arguments={**run.arguments, "cross_fitted": True})
    assert nl.completeness(ds, crossed).note == ""


def test_without_a_complete_image_nothing_can_be_said(made, tmp_path):
    ds, run, _ = made
    own = ds.copy(tmp_path / "own.nbal")
    own.images["state"] = "partial"
    with pytest.raises(DataError, match="labeled all over"):
        nl.completeness(own, run)
    with pytest.raises(DataError, match="no image is complete or empty"):
        nl.completeness_audit(own)
    own.close()


@pytest.mark.parametrize(("width", "height", "side"), [(96, 96, 256), (300, 200, 128), (257, 31, 64)])
def test_tiles_cover_an_image_once(width, height, side):
    images = pd.DataFrame(
        {"file": "a.png", "width": [width], "height": [height], "state": "empty"}, index=[3]
    )
    tables = nl.Tables.of(images, pd.DataFrame({"image_id": [], "label": [], "mask": []}), ("cod",))
    tiles = tiles_of(tables, tables.images, side)
    covered = np.zeros((height, width), int)
    for x, y, w, h in tiles[["x", "y", "w", "h"]].to_numpy(int):
        assert max(w, h) <= side
        covered[y : y + h, x : x + w] += 1
    assert (covered == 1).all()
    assert set(tiles["image_id"]) == {3}


def test_a_tile_shows_its_masks_and_its_edge(made):
    ds, _, _ = made
    tiles = tiles_of(ds, ds.images[ds.images["state"] == "complete"], 48)
    row = tiles.iloc[0]
    drawn = rle.decode(row["mask"](), 96, 96).astype(bool)
    inside = np.zeros((96, 96), bool)
    inside[row["y"] : row["y"] + row["h"], row["x"] : row["x"] + row["w"]] = True
    assert not drawn[~inside].any()
    assert drawn[row["y"], row["x"] : row["x"] + row["w"]].all()
    masks = ds.instances.loc[ds.instances["image_id"] == row["image_id"], "mask"]
    labeled = rle.decode(rle.union(masks.tolist(), 96, 96), 96, 96).astype(bool)
    assert drawn[labeled & inside].all()


def test_tiles_to_ignore_are_left_out(made, tmp_path):
    ds, _, _ = made
    own = ds.copy(tmp_path / "own.nbal")
    image = int(own.images.index[own.images["state"] == "complete"][0])
    left = np.zeros((96, 96), np.uint8)
    left[:, :50] = 1
    before = len(tiles_of(own, own.images.loc[[image]], 48))
    own.add_regions(pd.DataFrame({"image_id": [image], "mask": [rle.encode(left)], "kind": ["ignore"]}))
    assert len(tiles_of(own, own.images.loc[[image]], 48)) == before - 2
    own.close()


def test_tiles_are_asked_about_and_certified(made, tmp_path):
    ds, _, _ = made
    own = ds.copy(tmp_path / "own.nbal")
    t = nl.completeness_audit(own, tile=48, target_quality=0.9, by="split")
    view = nl.Verify(t, annotator="anna")
    head, _ = view.begin(size=96, context=0.2)
    assert head["question"]["asks"] == "Is nothing missing here?"
    assert all(not crop["problem"] for crop in head["crops"])
    assert "has no mask" in view.instructions
    while (q := t.ask()) is not None:
        t.tell(q, q.ids % 40 != 0, annotator="anna")
    assert t.state == "holds"
    assert "tiles at least 90% have nothing missing" in t.statement
    assert "Something is missing in at most" in t.statement
    made_ = own.certify(t)
    assert made_.n_rows == len(t.rows)
    assert len(made_.wrong) == 0
    assert not own.certificates.iloc[0]["stale"]
    own.remove(own.instances.index[:1])
    assert own.certificates.iloc[0]["stale"]
    own.close()


def test_wrong_arguments_are_refused(made):
    ds, run, _ = made
    with pytest.raises(DataError, match="level and iou"):
        nl.completeness(ds, run, level=1.0)
    with pytest.raises(DataError, match="tile must be"):
        nl.completeness_audit(ds, tile=8)
    with pytest.raises(UnknownNameError, match="no images 99999"):
        nl.completeness_audit(ds, [99999])
