"""The generated frames: deterministic, exact, varied."""

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nbalabel.core.errors import DataError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.geometry.masks.components import components
from nbalabel.demo import Frame, generate
from nbalabel.demo.underwater.habitats import HABITAT_NAMES
from nbalabel.demo.underwater.species import NAMES


@pytest.fixture(scope="module")
def many() -> list[Frame]:
    """Thirty sequences."""
    return list(generate(300, size=128, seed=1))


def same(a: Frame, b: Frame) -> bool:
    return (
        np.array_equal(a.image, b.image)
        and np.array_equal(a.labels, b.labels)
        and (a.species, a.tracks, a.habitat, a.turbidity) == (b.species, b.tracks, b.habitat, b.turbidity)
    )


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 2**40), short=st.integers(0, 12), longer=st.integers(0, 12))
def test_a_seed_draws_the_same_frames_however_many_are_asked_for(seed: int, short: int, longer: int) -> None:
    few = list(generate(short, size=96, seed=seed))
    more = list(generate(short + longer, size=96, seed=seed))
    assert len(few) == short
    assert all(same(a, b) for a, b in zip(few, more, strict=False))


def test_another_process_draws_the_same_bytes() -> None:
    code = (
        "import zlib; from nbalabel.demo import generate; "
        "print([zlib.crc32(f.image.tobytes() + f.labels.tobytes()) for f in generate(12, 96, 3)])"
    )
    outputs = {
        subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout for _ in range(2)
    }
    assert len(outputs) == 1


def test_another_seed_draws_other_frames() -> None:
    a, b = (next(iter(generate(1, size=96, seed=seed))) for seed in (0, 1))
    assert not np.array_equal(a.image, b.image)


@pytest.mark.parametrize("size", [96, 192, 257, 1024])
def test_frames_come_at_any_size(size: int) -> None:
    frame = next(iter(generate(1, size=size)))
    assert frame.image.shape == (size, size, 3)
    assert frame.image.dtype == np.uint8
    assert frame.labels.shape == (size, size)
    assert frame.labels.dtype == np.int32


def test_a_scene_shows_the_same_fish_at_every_size() -> None:
    small, large = (list(generate(30, size=size, seed=1)) for size in (128, 256))
    shrunk = np.mean(
        [np.abs(a.image.astype(int) - b.image[::2, ::2]).mean() for a, b in zip(small, large, strict=True)]
    )
    assert shrunk < 12
    cover = np.asarray([[(f.labels > 0).mean() for f in frames] for frames in (small, large)])
    assert np.abs(cover[0] - cover[1]).max() < 0.01


@pytest.mark.parametrize(("n_images", "size"), [(-1, 192), (1, 95), (1, 1025)])
def test_impossible_requests_are_refused(n_images: int, size: int) -> None:
    with pytest.raises(DataError, match="must be"):
        generate(n_images, size=size)


def test_labels_number_the_instances_and_none_is_tiny(many: list[Frame]) -> None:
    for frame in many:
        area = np.bincount(frame.labels.ravel(), minlength=1)[1:]
        assert len(area) == len(frame.species) == len(frame.tracks)
        assert (area >= 12).all()
        assert len(set(frame.tracks)) == len(frame.tracks)


def test_encoded_masks_give_the_label_map_back(many: list[Frame]) -> None:
    for frame in many[::7]:
        ids, masks = rle.encode_labels(frame.labels)
        assert list(ids) == list(range(1, len(frame.species) + 1))
        assert np.array_equal(rle.decode_labels(masks, *frame.labels.shape), frame.labels)


def test_every_habitat_and_every_species_occurs(many: list[Frame]) -> None:
    assert {f.habitat for f in many} == set(HABITAT_NAMES)
    assert {name for f in many for name in f.species} == set(NAMES)


def test_six_sequences_in_a_row_visit_every_habitat(many: list[Frame]) -> None:
    first = many[::10]
    for start in range(0, len(first) - 5, 6):
        assert {f.habitat for f in first[start : start + 6]} == set(HABITAT_NAMES)


def test_about_a_quarter_of_the_frames_is_empty() -> None:
    frames = list(generate(600, size=96, seed=2))
    assert 0.2 <= np.mean([not f.species for f in frames]) <= 0.35


def test_what_stands_before_a_fish_cuts_its_mask_into_islands(many: list[Frame]) -> None:
    pieces = [
        len(components(mask, *frame.labels.shape))
        for frame in many[::5]
        for mask in rle.encode_labels(frame.labels)[1]
    ]
    assert max(pieces) > 1
    assert np.mean(np.asarray(pieces) == 1) > 0.5


def test_fish_move_on_from_frame_to_frame(many: list[Frame]) -> None:
    jumps = []
    for a, b in pairwise(many):
        if a.sequence != b.sequence:
            continue
        for i, track in enumerate(a.tracks):
            if track in b.tracks:
                centers = [
                    np.argwhere(f.labels == k + 1).mean(0) for f, k in ((a, i), (b, b.tracks.index(track)))
                ]
                jumps.append(float(np.hypot(*(centers[0] - centers[1]))))
    assert 0.5 < np.median(jumps) < 128 * 0.08


def test_fish_can_be_told_from_the_water_by_their_pixels(many: list[Frame]) -> None:
    contrast = [
        np.abs(f.image[f.labels == k + 1].mean(0) - f.image[f.labels == 0].mean(0)).mean()
        for f in many[::3]
        for k in range(len(f.species))
    ]
    assert np.median(contrast) > 10
