"""The viewer at the kernel's end: what it tells of an image, which one that is, what it shows without one."""

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pycocotools import mask as coco

import nbalabel as nl
from nbalabel.core.errors import DataError, ImageError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.widgets.bridge.static_output import png

GOLDEN = Path(__file__).resolve().parents[2] / "wire" / "rle.json"


@pytest.fixture
def ds(tmp_path):
    return nl.demo.reef(tmp_path / "reef.nbal", n_images=24, n_labeled=8, n_test=4, size=96)


@pytest.fixture
def ws(ds):
    return nl.Workspace(ds, nl.demo.simulated_run(ds))


@pytest.fixture
def viewer(ws):
    return nl.Viewer(ws)


def ask(viewer, method, **params):
    """A request as the browser makes it; what comes back."""
    sent = []
    viewer.send = lambda message, buffers=None: sent.append((message, [bytes(b) for b in buffers or []]))
    request = {"kind": "request", "client": "c", "id": 1, "key": "", "method": method, "params": params}
    viewer._receive(viewer, request, [])
    (message, buffers), *rest = [pair for pair in sent if pair[0]["kind"] != "event"]
    assert not rest
    return message, buffers


def labeled_row(ds):
    """A row of images with instances."""
    return ds.images.index.get_loc(ds.instances["image_id"].iloc[0])


def test_masks_arrive_as_the_tables_have_them(viewer, ds, ws):
    row = labeled_row(ds)
    message, buffers = ask(viewer, "masks", row=row)
    result = message["result"]
    on_image = ds.instances[ds.instances["image_id"] == ds.images.index[row]]
    assert result["rev"] == ws.rev
    assert result["imageId"] == ds.images.index[row]
    assert (result["width"], result["height"]) == (96, 96)
    rows, ids = np.frombuffer(buffers[0], np.int32), np.frombuffer(buffers[1], np.float64)
    assert ds.instances.index[rows].tolist() == ids.tolist() == on_image.index.tolist()
    ends = np.cumsum(np.frombuffer(buffers[2], np.int32))
    masks = [buffers[3][a:b] for a, b in zip([0, *ends[:-1]], ends, strict=True)]
    assert masks == [bytes(mask) for mask in on_image["mask"]]
    names = result["label"]["instances"]
    assert [names[code] for code in np.frombuffer(buffers[4], np.int32)] == on_image["label"].tolist()
    assert np.frombuffer(buffers[7], np.int32).tolist() == on_image["area"].tolist()


def test_predictions_follow_the_labels(viewer, ds, ws):
    row = labeled_row(ds)
    _, buffers = ask(viewer, "masks", row=row)
    rows = np.frombuffer(buffers[9], np.int32)
    found = ws.run.predictions.iloc[rows]
    assert (found["image_id"] == ds.images.index[row]).all()
    assert len(rows)
    np.testing.assert_allclose(np.frombuffer(buffers[15], np.float32), found["score"], rtol=1e-6)


def test_an_image_is_found_by_its_id_when_rows_have_moved(viewer, ds):
    image_id = int(ds.images.index[5])
    ds.images = ds.images.drop(index=ds.images.index[2])
    message, _ = ask(viewer, "masks", image_id=image_id)
    assert message["result"]["row"] == 4
    gone, _ = ask(viewer, "masks", image_id=9999)
    assert gone["result"]["row"] == -1


@pytest.mark.parametrize(
    "name", ["label", "source", "status", "outcome", "match", "decision", "state", "file"]
)
def test_masks_are_colored_by_categories(viewer, ds, name):
    row = labeled_row(ds)
    message, buffers = ask(viewer, "colors", row=row, color_by=name)
    color = message["result"]["color"]
    assert color["kind"] == "category"
    assert len(color["categories"]) == len(color["colors"])
    for part in buffers:
        codes = np.frombuffer(part, np.int32)
        assert ((codes >= -1) & (codes < len(color["categories"]))).all()


@pytest.mark.parametrize("name", ["score", "iou", "area", "weight", "n_predictions"])
def test_masks_are_colored_by_numbers(viewer, ds, name):
    message, buffers = ask(viewer, "colors", row=labeled_row(ds), color_by=name)
    color = message["result"]["color"]
    values = np.concatenate([np.frombuffer(part, np.float32) for part in buffers])
    known = values[~np.isnan(values)]
    assert color["kind"] == "number"
    assert len(known)
    assert (known >= np.float32(color["low"])).all()
    assert (known <= np.float32(color["high"])).all()


def test_an_unknown_column_to_color_by_names_those_there_are(ws, viewer):
    with pytest.raises(
        UnknownNameError, match="no column 'moon' to color by; there are label, source, score"
    ):
        nl.Viewer(ws, color_by="moon")
    message, _ = ask(viewer, "colors", row=0, color_by="moon")
    assert message["error"]["type"] == "UnknownNameError"


def test_an_unknown_option_is_refused(ws):
    with pytest.raises(DataError, match="no option 'opaque'"):
        nl.Viewer(ws, opaque=1)


def test_the_image_is_that_of_the_active_row(viewer, ds, ws):
    assert viewer.image_id == ds.images.index[0]
    viewer.image_id = int(ds.images.index[3])
    assert ws.selection.active == ("images", ds.images.index[3])
    ws.selection.active = ("instances", int(ds.instances.index[-1]))
    assert viewer.image_id == ds.instances["image_id"].iloc[-1]
    with pytest.raises(UnknownNameError):
        viewer.image_id = 9999


def test_before_anything_is_active_the_first_allowed_image_is_shown(viewer, ds, ws):
    ws.select(ds.images.iloc[[4, 7]])
    assert viewer.image_id == ds.images.index[4]
    ws.select(ds.images.iloc[[]])
    assert viewer.image_id is None
    assert viewer.picture() is None


def test_an_image_to_begin_with_becomes_the_active_one(ds, ws):
    nl.Viewer(ws, int(ds.images.index[6]))
    assert ws.selection.active == ("images", ds.images.index[6])


def test_pixels_of_a_missing_file_are_an_error_and_masks_are_not(viewer, ds):
    row = labeled_row(ds)
    shutil.rmtree(ds.image_root)
    message, _ = ask(viewer, "pixels", row=row)
    assert message["error"]["type"] == "ImageError"
    assert "missing" in message["error"]["message"]
    assert isinstance(viewer.last_error, ImageError)
    assert "result" in ask(viewer, "masks", row=row)[0]
    assert viewer.picture() is not None  # masks on gray


def test_a_deleted_dataset_folder_is_an_image_error(viewer, ds):
    shutil.rmtree(ds.folder)
    message, _ = ask(viewer, "pixels", row=0)
    assert message["error"]["type"] == "ImageError"
    assert "is missing" in message["error"]["message"]


def test_the_picture_for_static_pages_is_small(viewer, ds):
    viewer.image_id = int(ds.instances["image_id"].iloc[0])
    picture = viewer.picture()
    assert max(picture.size) <= 480
    assert len(png(picture)) <= 60_000


def golden():
    """Masks of all shapes as pycocotools writes them: size, counts, runs."""
    rng = np.random.default_rng(7)
    masks = [np.zeros((3, 5)), np.ones((3, 5)), np.ones((1, 1)), np.zeros((1, 1)), np.eye(40)]
    masks += [
        rng.random((int(h), int(w))) < p
        for h, w, p in zip(*rng.integers(1, 60, (2, 12)), rng.random(12), strict=True)
    ]
    tall = np.zeros((5000, 3))
    tall[4990:, 0] = tall[:7, 1] = tall[1000:4000, 2] = 1
    out = []
    for mask in [*masks, tall]:
        pixels = np.asfortranarray(mask, np.uint8)
        flat = pixels.ravel(order="F")
        changes = np.flatnonzero(np.diff(flat, prepend=0))
        counts = np.diff(np.concatenate([[0], changes, [len(flat)]]))
        height, width = mask.shape
        text = coco.encode(pixels)["counts"].decode()
        out.append({"height": height, "width": width, "rle": text, "counts": counts.tolist()})
    return out


def test_the_masks_the_browser_is_tested_with_are_pycocotools() -> None:
    assert json.loads(GOLDEN.read_text()) == golden(), (
        "write it anew: python tests/widgets/viewer/test_viewer.py"
    )


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(golden()) + "\n")


def test_regions_arrive_with_the_masks(viewer, ds, ws):
    assert ask(viewer, "masks", row=0)[0]["result"]["regions"] == []
    image_id = int(ds.images.index[0])
    size = ds.images.loc[image_id, ["height", "width"]].tolist()
    mask = rle.from_counts([5, size[0] * size[1] - 5])
    ds.add_regions(pd.DataFrame({"image_id": [image_id], "mask": [mask]}), kind="ignore", label=ds.labels[0])
    ws.refresh()
    message, buffers = ask(viewer, "masks", row=0)
    assert message["result"]["regions"] == [{"kind": "ignore", "label": ds.labels[0]}]
    assert np.frombuffer(buffers[-2], np.int32).tolist() == [len(mask)]
    assert bytes(buffers[-1]) == mask
    assert ask(viewer, "masks", row=1)[0]["result"]["regions"] == []
