"""Any gestures, undone, end where they began; redone, where they ended; borders are shared exactly."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

import nbalabel as nl
from nbalabel.core.geometry.masks import rle
from nbalabel.widgets.edit.edits import Edits

SIDE = 24
LABELS = ["fish", "coral"]


class View(Edits):
    bundle = "viewer"


def blob(x, y, w, h, hole):
    """A rectangle, perhaps with a hole, perhaps of two parts."""
    mask = np.zeros((SIDE, SIDE), bool)
    mask[y : y + h, x : x + w] = True
    if hole:
        mask[y + h // 3 : y + h // 3 + 2, x : x + max(w // 2, 1)] = False
    mask[y, x] = True
    return rle.encode(mask)


place = st.integers(0, SIDE - 6)
size = st.integers(1, 14)
blobs = st.builds(blob, place, place, size, size, st.booleans())
overlaps = st.sampled_from(["allow", "overwrite", "behind"])
drawing = st.tuples(st.just("draw"), blobs, overlaps, st.sampled_from(LABELS))
reshaping = st.tuples(st.just("reshape"), st.integers(0, 9), blobs, overlaps)
operating = st.tuples(
    st.just("operate"),
    st.sampled_from(
        [
            *("remove", "merge", "split", "split_touching", "subtract", "smooth", "simplify", "fill_holes"),
            *("duplicate", "relabel"),
        ]
    ),
    st.lists(st.integers(0, 9), min_size=1, max_size=3, unique=True),
)
gestures = st.lists(st.one_of(drawing, reshaping, operating), min_size=1, max_size=9)


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gestures")
    Image.new("RGB", (SIDE, SIDE)).save(folder / "one.png")
    ds = nl.create(folder / "g.nbal", LABELS, image_root=folder)
    ds.add_images(pd.DataFrame({"file": ["one.png"], "width": SIDE, "height": SIDE}))
    ds.commit("one image")
    made = View(nl.Workspace(ds))
    made.send = lambda *_: None
    return made


def do(view, gesture):
    """One gesture, on the masks there are by now; what the kernel refuses does nothing."""
    ids = [int(i) for i in view.workspace.ds.instances.index]
    kind, *what = gesture
    try:
        if kind == "draw":
            mask, overlap, label = what
            view.edit(image_id=0, label=label, overlap=overlap, buffers=[mask])
        elif ids and kind == "reshape":
            at, mask, overlap = what
            view.edit(image_id=0, id=ids[at % len(ids)], overlap=overlap, buffers=[mask])
        elif ids:
            op, places = what
            wanted = list(dict.fromkeys(ids[at % len(ids)] for at in places))
            more = {"label": "coral"} if op == "relabel" else {}
            view.operate(op=op, ids=wanted, **more)
    except nl.errors.NbalabelError:
        pass


def tables(ds):
    return ds.images.copy(), ds.instances.copy()


def same(a, b):
    for one, other in zip(a, b, strict=True):
        pd.testing.assert_frame_equal(one, other)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(gestures)
def test_any_gestures_undone_end_where_they_began_and_redone_where_they_ended(view, sequence):
    ds = view.workspace.ds
    ds.discard()
    began, n = tables(ds), len(ds.log())
    for gesture in sequence:
        do(view, gesture)
    ended, made = tables(ds), len(ds.log()) - n
    assert made <= len(sequence)  # one change a gesture at most
    for _ in range(made):
        view.undo()
    same(tables(ds), began)
    for _ in range(made):
        view.redo()
    same(tables(ds), ended)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(blobs, st.sampled_from(["overwrite", "behind"])), min_size=2, max_size=7))
def test_masks_that_cut_or_yield_share_borders_without_gap_or_double_pixel(view, drawn):
    ds = view.workspace.ds
    ds.discard()
    wanted = np.zeros((SIDE, SIDE), bool)
    for mask, overlap in drawn:
        do(view, ("draw", mask, overlap, "fish"))
        wanted |= rle.decode(mask, SIDE, SIDE).astype(bool)
    times = sum(rle.decode(mask, SIDE, SIDE).astype(int) for mask in ds.instances["mask"])
    assert times.max() == 1
    assert (times.astype(bool) == wanted).all()
    boxes = ds.instances[["x", "y", "w", "h", "area"]].to_numpy()
    for mask, (x, y, w, h, area) in zip(ds.instances["mask"], boxes, strict=True):
        rows, columns = np.nonzero(rle.decode(mask, SIDE, SIDE))
        assert (columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1) == (x, y, w, h)
        assert len(rows) == area
