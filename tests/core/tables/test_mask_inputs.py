"""Masks as arrays and COCO objects."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import nbalabel as nl
from nbalabel.core.errors import MaskError
from nbalabel.core.geometry.masks import rle

SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9))
TALL = np.array([[True, False], [True, True], [False, True]])


@given(SIZES.flatmap(lambda size: arrays(bool, size)))
def test_decoding_an_encoded_mask_gives_its_pixels(mask: np.ndarray) -> None:
    encoded = nl.encode_mask(mask)
    np.testing.assert_array_equal(nl.decode_mask(encoded, *mask.shape), mask)
    coco = {"size": list(mask.shape), "counts": encoded}
    assert nl.encode_mask(coco) == encoded
    np.testing.assert_array_equal(nl.decode_mask(coco), mask)
    assert nl.encode_mask({"size": list(mask.shape), "counts": rle.to_counts(encoded)}) == encoded


def test_a_mask_of_bytes_needs_a_size() -> None:
    with pytest.raises(MaskError, match=r"decode_mask\(mask, height, width\)"):
        nl.decode_mask(b"211")


@pytest.mark.parametrize(
    "mask",
    [
        {"counts": "211"},
        {"size": [2, 2]},
        {"size": [2, 2], "counts": [2, 1]},
        {"size": [2, 2], "counts": "21"},
        {"size": [2, 2], "counts": "x~"},
    ],
)
def test_a_malformed_coco_object_is_refused(mask: dict) -> None:
    with pytest.raises(MaskError):
        nl.encode_mask(mask)


@pytest.fixture
def ds(tmp_path):
    ds = nl.create(tmp_path / "a.nbal")
    ds.add_images(pd.DataFrame({"file": ["a.png", "b.png"], "width": [2, 5], "height": [3, 4]}))
    ds.add_label("fish")
    yield ds
    ds.close()


def test_instances_are_added_from_arrays_objects_and_bytes(ds) -> None:
    first = ds.images.index[0]
    masks = [TALL, TALL.astype(np.uint8) * 255, TALL.tolist(), nl.encode_mask(TALL)]
    masks += [{"size": [3, 2], "counts": nl.encode_mask(TALL).decode()}]
    ds.add_instances(pd.DataFrame({"image_id": first, "label": "fish", "mask": masks}))
    assert set(ds.instances["mask"]) == {nl.encode_mask(TALL)}
    assert set(ds.instances["area"]) == {4}
    only = pd.DataFrame({"image_id": [first], "label": ["fish"], "mask": [TALL]})
    ds.add_instances(only)
    assert len(ds.instances) == 6


@pytest.mark.parametrize("mask", [TALL.T, np.ones((3, 2, 1)), {"size": [2, 3], "counts": "6"}])
def test_a_mask_of_another_shape_names_its_row_and_adds_nothing(ds, mask) -> None:
    frame = pd.DataFrame({"image_id": ds.images.index[0], "label": "fish", "mask": [TALL, mask]})
    frame.index = [7, 9]
    with pytest.raises(MaskError, match="1 of 2 masks cannot be used: 9"):
        ds.add_instances(frame)
    assert ds.instances.empty
