"""Cutouts turned, scaled and laid over pictures: exact pixels, clean edges."""

from dataclasses import replace

import numpy as np
import pytest

from nbalabel.core.compositing.cutout import Cutout, cut
from nbalabel.core.compositing.layer import Pose, lay, layer_of
from nbalabel.core.compositing.light import Light, light_of, relit

RED, GREEN = (200, 30, 30), (20, 160, 40)


@pytest.fixture
def disc() -> Cutout:
    """A red disc, cut out of green."""
    inside = np.hypot(*np.mgrid[-12:13, -12:13]) < 10
    image = np.where(inside[..., None], RED, GREEN).astype(np.uint8)
    return Cutout(image, inside, None)


def painted(cutout: Cutout, pose: Pose, feather: float) -> tuple[np.ndarray, np.ndarray]:
    """A gray picture with the cutout on it, and the mask."""
    canvas = np.full((60, 80, 3), 90, np.uint8)
    layer = layer_of(cutout, pose, feather)
    lay(canvas, layer)
    part, mask = layer.within(60, 80), np.zeros((60, 80), bool)
    mask[part.y : part.y + part.alpha.shape[0], part.x : part.x + part.alpha.shape[1]] = part.mask
    return canvas, mask


def test_a_cutout_as_it_is_keeps_every_pixel(disc: Cutout) -> None:
    canvas, mask = painted(disc, Pose(40, 30), feather=0)
    assert mask.sum() == disc.mask.sum()
    assert (canvas[mask] == RED).all()
    assert (canvas[~mask] == 90).all()


@pytest.mark.parametrize("pose", [Pose(40, 30, 1.7), Pose(40, 30, 0.6), Pose(40, 30, 1.2, 33, True)])
def test_no_color_of_the_old_surroundings_comes_along(disc: Cutout, pose: Pose) -> None:
    canvas, mask = painted(disc, pose, feather=0)
    assert np.abs(canvas[mask].astype(int) - RED).max() <= 1


@pytest.mark.parametrize("angle", [0, 20, 77])
def test_nothing_outside_the_mask_changes_with_a_soft_edge_of_a_pixel(disc: Cutout, angle: float) -> None:
    canvas, mask = painted(disc, Pose(40, 30, 1.3, angle), feather=1)
    changed = (canvas != 90).any(axis=2)
    assert (changed == mask).all()


def test_a_wider_edge_is_softer_and_the_mask_is_what_is_half_covered(disc: Cutout) -> None:
    hard, soft = (layer_of(disc, Pose(40, 30), feather) for feather in (0, 4))
    assert set(np.unique(hard.alpha)) == {0, 1}
    assert len(np.unique(soft.alpha)) > 4
    assert soft.alpha[soft.mask].min() >= 0.5
    assert 0.6 * hard.mask.sum() < soft.mask.sum() < hard.mask.sum()


@pytest.mark.parametrize("scale", [0.5, 2.0])
def test_area_grows_with_the_square_of_the_scale(disc: Cutout, scale: float) -> None:
    mask = layer_of(disc, Pose(40, 30, scale), feather=0).mask
    assert mask.sum() == pytest.approx(disc.mask.sum() * scale**2, rel=0.06)


def test_angles_count_counterclockwise_and_mirroring_comes_first() -> None:
    bar = np.zeros((9, 21), bool)
    bar[:, 12:] = True  # the right half
    cutout = Cutout(np.full((9, 21, 3), 255, np.uint8), bar, None)
    right, up, left = (
        layer_of(cutout, pose, 0) for pose in (Pose(0, 0), Pose(0, 0, 1, 90), Pose(0, 0, 1, 0, True))
    )
    assert right.x > 0
    assert up.y + up.alpha.shape[0] <= 0
    assert left.x + left.alpha.shape[1] <= 0


def test_what_lies_beyond_the_borders_is_lost_and_the_rest_stays_in_place(disc: Cutout) -> None:
    canvas, mask = painted(disc, Pose(0, 0), feather=0)
    whole = painted(disc, Pose(40, 30), feather=0)[1]
    assert (mask[:12, :12] == whole[30:42, 40:52]).all()
    assert (canvas[mask] == RED).all()
    outside = replace(layer_of(disc, Pose(0, 0)), x=500)
    lay(canvas, outside)
    assert not outside.within(60, 80).mask.any()


def test_the_light_of_a_cutout_is_that_of_its_surroundings() -> None:
    image = np.full((40, 40, 3), 40, np.uint8)
    image[15:25, 15:25] = 255
    assert cut(image, np.ones((10, 10), bool), 15, 15).light == light_of(image[:5, :5])
    assert cut(image, np.ones((40, 40), bool), 0, 0).light is None


def test_a_thing_follows_the_light_of_its_new_surroundings() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(90, 160, (20, 20, 3)).astype(np.uint8)
    mask = np.ones((20, 20), bool)
    before = light_of(pixels)
    after = light_of(relit(pixels, mask, Light(50, 10), Light(65, 6), strength=1))
    half = light_of(relit(pixels, mask, Light(50, 10), Light(65, 6), strength=0.5))
    assert before is not None
    assert after is not None
    assert half is not None
    assert after.mean - before.mean == pytest.approx(15, abs=1.5)
    assert half.mean - before.mean == pytest.approx(7.5, abs=1.5)
    assert after.spread == pytest.approx(before.spread * 0.7, rel=0.1)  # no less than 0.7 of its contrast
    assert relit(pixels, mask, None, Light(65, 6), 1) is pixels
    assert relit(pixels, mask, Light(50, 10), Light(65, 6), 0) is pixels
