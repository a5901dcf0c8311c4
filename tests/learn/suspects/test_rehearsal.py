"""Planted errors are what they say, and nothing else changes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform
from nbalabel.learn.suspects.rehearsal.plant import KINDS, plant
from nbalabel.learn.suspects.rehearsal.spoil import Piece, copied, halved, resized, shifted

SIDE = 80
LABELS = ("disc", "square")


def disc(x: float, y: float, radius: float) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE]
    return np.hypot(columns - x, rows - y) <= radius


def scene(n: int = 30) -> tuple[pd.DataFrame, pd.DataFrame]:
    images = conform(
        pd.DataFrame(
            {"file": [f"{i}.png" for i in range(n)], "width": SIDE, "height": SIDE, "state": "complete"}
        ),
        "images",
    )
    rows = [
        {
            "image_id": i,
            "label": LABELS[k % 2],
            "mask": rle.encode(disc(12 + k % 3 * 19, 12 + k // 3 * 19, 8)),
        }
        for i in range(n)
        for k in range(9)
    ]
    return images, conform(pd.DataFrame(rows), "instances", LABELS, heights=np.full(len(rows), SIDE))


def planted(seed: int = 0, share: float = 0.4):  # type: ignore[no-untyped-def]
    images, rows = scene()
    chosen = np.random.default_rng(seed).permutation(len(rows))[: int(share * len(rows))]
    return images, rows, plant(rows, images, LABELS, chosen, 0.25, seed)


def test_every_kind_is_planted_and_the_rest_stays_as_it_is() -> None:
    _, rows, found = planted()
    assert set(found.wrong) == set(range(len(KINDS) + 1))
    right = found.instances[found.wrong == 0]
    same = rows.loc[right.index]
    assert (right["mask"].to_numpy(object) == same["mask"].to_numpy(object)).all()
    assert (right["label"].astype(str) == same["label"].astype(str)).all()


def test_a_dropped_label_is_gone_and_a_spawned_one_touches_nothing() -> None:
    _, rows, found = planted()
    assert len(found.dropped)
    assert not found.dropped.index.isin(found.instances.index).any()
    for _, row in found.instances[found.wrong == KINDS.index("spurious") + 1].iterrows():
        masks = rows.loc[rows["image_id"] == row["image_id"], "mask"].tolist()
        assert rle.iou([row["mask"]], masks, SIDE, SIDE).max() == 0


def test_a_swapped_label_has_another_name_and_its_own_mask() -> None:
    _, rows, found = planted()
    swapped = found.instances[found.wrong == KINDS.index("swapped") + 1]
    before = rows.loc[swapped.index]
    assert (swapped["label"].astype(str) != before["label"].astype(str)).all()
    assert (swapped["mask"].to_numpy(object) == before["mask"].to_numpy(object)).all()


def test_the_same_seed_plants_the_same_errors() -> None:
    a, b = planted(3)[2], planted(3)[2]
    assert (a.wrong == b.wrong).all()
    assert a.instances["mask"].tolist() == b.instances["mask"].tolist()


def test_nothing_is_swapped_where_there_is_one_label() -> None:
    images, rows = scene()
    rows = rows.assign(label=pd.Categorical(["disc"] * len(rows), categories=["disc"]))
    found = plant(rows, images, ("disc",), np.arange(100), 0.25, 0)
    assert KINDS.index("swapped") + 1 not in found.wrong


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(4, 20))
def test_a_cut_parts_the_mask_and_an_outline_moves_far_enough(seed: int, radius: float) -> None:
    mask = rle.encode(disc(40, 40, radius))
    piece, rng = Piece.of(mask, SIDE, SIDE), np.random.default_rng(seed)
    parts = halved(piece, rng)
    assert parts is not None
    assert rle.union(list(parts), SIDE, SIDE) == mask
    assert rle.areas([rle.intersection(list(parts), SIDE, SIDE)])[0] == 0
    moved = resized(piece, rng)
    assert moved is None or rle.iou_pairs([moved], [mask])[0] <= 0.75
    away = shifted(piece, rng)
    assert away is not None
    assert rle.iou_pairs([away], [mask])[0] < 1
    again = copied(piece, rng)
    assert again is not None
    assert rle.iou_pairs([again], [mask])[0] > 0.5


def test_a_piece_is_cut_at_the_border_and_may_be_gone() -> None:
    piece = Piece(np.ones((4, 4), bool), -2, 78, SIDE, SIDE)
    mask = piece.encode()
    assert mask is not None
    assert rle.areas([mask])[0] == 4
    assert Piece(np.ones((2, 2), bool), -9, 0, SIDE, SIDE).encode() is None


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_none_or_all_of_the_labels_can_be_planted_at(share: float) -> None:
    _, rows, found = planted(share=share)
    assert ((found.wrong > 0).any() or len(found.dropped) > 0) == (share > 0)
    assert len(found.instances) > len(rows) / 3
