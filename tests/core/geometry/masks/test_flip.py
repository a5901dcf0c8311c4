"""Mirrored masks and lengths of edges, against pixels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from nbalabel.core.errors import MaskError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.masks.flip import flip
from nbalabel.core.geometry.masks.perimeter import perimeters

MASKS = st.lists(hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, max_side=9)), max_size=5)


@given(MASKS, st.booleans(), st.booleans())
def test_masks_are_mirrored_as_their_pixels_are(
    masks: list[np.ndarray], horizontal: bool, vertical: bool
) -> None:
    mirrored = [m[:: -1 if vertical else 1, :: -1 if horizontal else 1] for m in masks]
    found = flip(
        [rle.encode(m) for m in masks], [len(m) for m in masks], horizontal=horizontal, vertical=vertical
    )
    assert found == [rle.encode(m) for m in mirrored]


@given(MASKS)
def test_the_edge_is_as_long_as_pixels_say(masks: list[np.ndarray]) -> None:
    padded = [np.pad(m, 1) for m in masks]
    edges = [int((p[1:] != p[:-1]).sum() + (p[:, 1:] != p[:, :-1]).sum()) for p in padded]
    assert perimeters([rle.encode(m) for m in masks], [len(m) for m in masks]).tolist() == edges


def test_one_height_does_for_all_masks() -> None:
    masks = [rle.encode(m) for m in np.random.default_rng(0).random((4, 5, 7)) > 0.5]
    assert flip(masks, 5) == flip(masks, [5] * 4)
    assert perimeters(masks, 5).tolist() == perimeters(masks, [5] * 4).tolist()


def test_malformed_masks_are_refused() -> None:
    with pytest.raises(MaskError, match="characters"):
        flip([b"\xff"], 2)
    with pytest.raises(MaskError, match="characters"):
        perimeters([b"\xff"], 2)
