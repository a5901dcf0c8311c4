"""The light of a part of a picture: how bright it is and how much its brightness varies."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..opencv import opencv

Pixels = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]

_GAINS = (0.7, 1.4)  # contrast is changed mildly, whatever the surroundings
_LEAST_SPREAD = 2.0  # of flat surroundings: below, the ratio of two spreads is noise
_STEPS = 255 / 100  # OpenCV writes L of 8 bits as 0..255


class Light(NamedTuple):
    """Brightness of some pixels, as L of CIELAB.

    Attributes:
        mean: 0..100.
        spread: standard deviation, 0..50.
    """

    mean: float
    spread: float


def light_of(pixels: Pixels, where: Flags | None = None) -> Light | None:
    """The light of some pixels; None where there is none.

    Args:
        pixels: ``(h, w, 3)`` uint8, RGB.
        where: ``(h, w)``, the pixels that count; default: all.

    Raises:
        MissingExtraError: OpenCV is not installed.

    Example:
        >>> light_of(np.full((2, 2, 3), 255, np.uint8))
        Light(mean=100.0, spread=0.0)
    """
    cv2 = opencv("nl.paste")
    if not pixels.size or (where is not None and not where.any()):
        return None
    lightness = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2LAB)[..., 0] / _STEPS
    seen = lightness if where is None else lightness[where]
    return Light(round(float(seen.mean()), 3), round(float(seen.std()), 3))


def relit(pixels: Pixels, mask: Flags, was: Light | None, now: Light | None, strength: float) -> Pixels:
    """Pixels of a thing as if it stood in another light; hue and saturation stay.

    Brightness is shifted by the difference of the two lights; contrast around the mean of the thing is scaled
    by the ratio of their spreads, 0.7 to 1.4.

    Args:
        pixels: ``(h, w, 3)`` uint8, RGB.
        mask: ``(h, w)``, the pixels of the thing.
        was: light of its surroundings; None: unknown, nothing is changed.
        now: light of its new surroundings; likewise.
        strength: 0 changes nothing, 1 makes the whole step.

    Raises:
        MissingExtraError: OpenCV is not installed.

    Source: after E. Reinhard et al., "Color transfer between images" (2001), of the surroundings only.

    Example:
        >>> gray = np.full((1, 1, 3), 100, np.uint8)
        >>> bright = relit(gray, gray[..., 0] > 0, Light(40, 5), Light(60, 5), strength=1)
        >>> bool((bright > gray).all())
        True
    """
    if was is None or now is None or strength == 0 or not mask.any():
        return pixels
    cv2 = opencv("nl.paste")
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)
    lightness = lab[..., 0].astype(np.float32)
    ratio = max(now.spread, _LEAST_SPREAD) / max(was.spread, _LEAST_SPREAD)
    gain, middle = float(np.clip(ratio**strength, *_GAINS)), float(lightness[mask].mean())
    moved = middle + (lightness - middle) * gain + strength * (now.mean - was.mean) * _STEPS
    lab[..., 0] = np.clip(np.rint(moved), 0, 255)
    out: Pixels = cv2.cvtColor(lab, cv2.COLOR_LAB2RGB)
    return out
