"""Pictures of images with their masks."""

from __future__ import annotations

import numpy as np
import pytest

from nbalabel.core.errors import MaskError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.show.masks_on_image import overlay, palette

GRAY = np.full((100, 120, 3), 128, np.uint8)


def square(x: int, y: int, size: int, image: np.ndarray = GRAY) -> bytes:
    mask = np.zeros(image.shape[:2], bool)
    mask[y : y + size, x : x + size] = True
    return rle.encode(mask)


def test_colors_are_all_different_and_do_not_depend_on_their_number() -> None:
    many = palette(60)
    assert many.dtype == np.uint8
    assert len(np.unique(many, axis=0)) == 60
    assert np.array_equal(palette(5), many[:5])
    assert palette(0).shape == (0, 3)


def test_colors_are_neither_lost_on_black_nor_on_white() -> None:
    luminance = palette(100) @ np.array([0.2126, 0.7152, 0.0722])
    assert luminance.min() > 60
    assert luminance.max() < 235


def test_the_fill_blends_color_and_image_inside_and_only_there() -> None:
    picture = np.asarray(
        overlay(GRAY, [square(20, 30, 40)], [(255, 0, 0)], alpha=0.5, outline=False, scale=1)
    )
    assert np.abs(picture[50, 40].astype(int) - [191, 64, 64]).max() <= 1
    untouched = np.ones((100, 120), bool)
    untouched[29:71, 19:61] = False
    assert (picture[untouched] == 128).all()


def test_the_outline_is_brighter_than_its_color_and_has_a_dark_rim() -> None:
    picture = np.asarray(overlay(GRAY, [square(20, 30, 40)], [(200, 0, 0)], alpha=0.0, scale=4)).astype(int)
    edge = picture[200, 70:90]
    assert (edge[:, 0] - edge[:, 1]).max() > 60
    assert edge.sum(axis=1).min() < 3 * 110


def test_holes_stay_clear() -> None:
    mask = np.zeros((100, 120), bool)
    mask[20:80, 20:80] = True
    mask[40:60, 40:60] = False
    mask[48:52, 48:52] = True
    picture = np.asarray(overlay(GRAY, [rle.encode(mask)], [(255, 0, 0)], outline=False, scale=1)).astype(int)
    assert picture[44, 44].tolist() == [128, 128, 128]
    assert picture[50, 50, 0] > 150
    assert picture[30, 30, 0] > 150


def test_small_images_grow_by_a_whole_factor_and_large_ones_stay() -> None:
    assert overlay(np.zeros((64, 100, 3), np.uint8), []).size == (500, 320)
    assert overlay(np.zeros((192, 192, 3), np.uint8), []).size == (384, 384)
    assert overlay(np.zeros((480, 640, 3), np.uint8), []).size == (640, 480)
    assert overlay(np.zeros((192, 192, 3), np.uint8), [], scale=1).size == (192, 192)


def test_an_image_without_masks_is_the_image() -> None:
    image = np.random.default_rng(0).integers(0, 255, (330, 400, 3), np.uint8)
    picture = overlay(image, [])
    assert picture.mode == "RGB"
    assert np.array_equal(np.asarray(picture), image)


def test_later_masks_are_on_top() -> None:
    both = [square(20, 20, 60), square(20, 20, 60)]
    picture = np.asarray(overlay(GRAY, both, [(255, 0, 0), (0, 0, 255)], alpha=1.0, outline=False, scale=1))
    assert picture[50, 50].tolist() == [0, 0, 255]


def test_a_caption_is_drawn_above_its_mask_in_its_color() -> None:
    plain = np.asarray(overlay(GRAY, [square(30, 60, 30)], [(255, 0, 0)], scale=4)).astype(int)
    named = np.asarray(
        overlay(GRAY, [square(30, 60, 30)], [(255, 0, 0)], captions=["fish 0.9"], scale=4)
    ).astype(int)
    changed = (plain != named).any(axis=2)
    assert changed.any()
    assert np.flatnonzero(changed.any(axis=1)).max() <= 240
    assert (named[changed][:, 0] > 200).mean() > 0.5


def test_captions_never_cover_each_other() -> None:
    masks = [square(30, 60, 30)] * 3
    one = overlay(GRAY, masks, captions=["fish", "", ""], scale=4)
    three = overlay(GRAY, masks, captions=["fish"] * 3, scale=4)
    few = (np.asarray(one) != np.asarray(overlay(GRAY, masks, scale=4))).any(axis=2).sum()
    more = (np.asarray(three) != np.asarray(overlay(GRAY, masks, scale=4))).any(axis=2).sum()
    assert more == pytest.approx(3 * few, rel=0.05)


def test_captions_stay_inside_the_picture_whatever_they_say() -> None:
    for at in (0, 70):
        for text in ("x" * 200, "魚 <script>", "\N{FISH}", ""):
            assert overlay(GRAY, [square(at, at, 30)], captions=[text]).size == (480, 400)


def test_contours_are_white_whatever_the_masks_below() -> None:
    mask = [square(20, 30, 40)]
    picture = np.asarray(overlay(GRAY, mask, [(200, 0, 0)], contours=mask, scale=4))
    assert (picture[200, 75:85] > 230).all(axis=1).any()


def test_an_empty_mask_draws_nothing() -> None:
    empty = rle.from_counts([GRAY.size // 3])
    assert np.array_equal(np.asarray(overlay(GRAY, [empty], captions=["x"], scale=1)), GRAY)


def test_a_mask_over_the_whole_image_fits() -> None:
    picture = np.asarray(
        overlay(GRAY, [rle.from_counts([0, 12000])], [(255, 0, 0)], alpha=1.0, outline=False, scale=1)
    )
    assert (picture[:, :, 0] > 200).all()


def test_masks_of_another_size_are_refused() -> None:
    with pytest.raises(MaskError, match="as many pixels as their image"):
        overlay(GRAY, [b"04"])


@pytest.mark.parametrize(
    "image", [np.zeros((5, 5), np.uint8), np.zeros((5, 5, 3)), np.zeros((5, 5, 4), np.uint8)]
)
def test_images_of_another_shape_are_refused(image: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"\(height, width, 3\) uint8"):
        overlay(image, [])


def test_every_mask_needs_its_color_and_caption() -> None:
    with pytest.raises(ValueError, match="for each of 1 masks"):
        overlay(GRAY, [square(0, 0, 5)], [(1, 2, 3), (4, 5, 6)])
    with pytest.raises(ValueError, match="a caption for each of 1 masks, got 0"):
        overlay(GRAY, [square(0, 0, 5)], captions=[])


def test_the_image_passed_in_stays_as_it_was() -> None:
    image = GRAY.copy()
    overlay(image, [square(20, 30, 40)], captions=["a"])
    assert np.array_equal(image, GRAY)
