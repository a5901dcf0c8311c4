"""Stones, roots, jellyfish, bubbles, and things that only look like fish."""

from __future__ import annotations

import numpy as np

from .noise import Floats, fractal
from .paint import Canvas, Painter, color, foot, soft, stroke


def _stone(
    rng: np.random.Generator, canvas: Canvas, outline: Floats, low: str, high: str, moss: str
) -> Floats:
    """Fill a shape with lit, mossy rock."""
    relief = fractal(rng, canvas.height, canvas.width, 3, 5)
    slope_v, slope_u = np.gradient(relief, 1 / canvas.width)
    light = 0.3 - 0.075 * slope_u - 0.02 * slope_v + 0.35 * relief
    rgb = canvas.ramp(low, high, light)
    growth = soft(0.55 - fractal(rng, canvas.height, canvas.width, 6, 4), 0.12)
    rgb = (
        rgb + (np.asarray(color(moss), np.float32) * (0.5 + light[..., None]) - rgb) * 0.7 * growth[..., None]
    )
    canvas.lay(rgb.clip(0, 1), outline)
    return canvas.rgba


def _rock(rng: np.random.Generator) -> Floats:
    """A boulder; u is up."""
    canvas = Canvas(0.85, 160)
    angle = np.arctan2(canvas.u, canvas.v)
    bumps = sum(rng.normal(0, 0.07 / k) * np.cos(k * angle + rng.uniform(0, 6)) for k in range(1, 7))
    radius = np.hypot(canvas.u / 0.85, canvas.v / 0.72)
    _stone(rng, canvas, soft(radius - 0.98 - bumps, 0.03) * foot(canvas), "2c2c30", "9a9284", "5c6a3a")
    canvas.rgba[..., :3] *= (0.5 + 0.6 * canvas.u)[..., None]
    return canvas.rgba


def _fish_stone(rng: np.random.Generator) -> Floats:
    """A stone that could be a fish: an oval with a waist and a stub."""
    canvas = Canvas(0.3, 128)
    top = np.interp(
        canvas.u, [0, 0.06, 0.3, 0.62, 0.76, 0.85, 0.98, 1], [0, 0.1, 0.19, 0.13, 0.06, 0.09, 0.11, 0]
    )
    wobble = 0.05 * (fractal(rng, canvas.height, canvas.width, 5, 3) - 0.5)
    _stone(rng, canvas, soft(abs(canvas.v) - top - wobble, 0.03), "4a4238", "b8a88c", "7a7a4a")
    canvas.rgba[..., :3] *= (0.85 - 1.3 * canvas.v)[..., None].clip(0.4, 1.2)
    return canvas.rgba.clip(0, 1)


def _leaf(rng: np.random.Generator) -> Floats:
    """A drifting leaf, spindle-shaped as a fish is, with its stalk for a tail."""
    canvas = Canvas(0.2, 128)
    u, v = canvas.u, canvas.v
    blade = soft(
        abs(v) - 0.15 * np.sin(np.pi * (u / 0.82).clip(0, 1)).clip(0, 1) ** 0.75 * rng.uniform(0.75, 1.1),
        0.02,
    )
    stalk = soft(abs(v - 0.06 * (u - 0.8)) - 0.014, 0.012) * soft(0.78 - u, 0.02) * soft(u - 0.99, 0.01)
    veins = soft(abs(np.sin((u + 1.1 * abs(v)) * 40)) - 0.1, 0.3)
    low, high = [("5a3d16", "b88a34"), ("4d5a1e", "a9b050"), ("5c2f16", "b8622e")][int(rng.integers(3))]
    rgb = canvas.ramp(low, high, 0.55 + 0.25 * fractal(rng, canvas.height, canvas.width) - 0.3 * veins - v)
    canvas.lay(rgb, np.maximum(blade, stalk))
    canvas.lay(color("3c2a10"), 0.7 * soft(abs(v) - 0.006, 0.01) * blade)
    return canvas.rgba


def _root(rng: np.random.Generator) -> Floats:
    """A mangrove's prop root: from the surface (u = 1) into the mud (u = 0), forked below."""
    canvas = Canvas(0.3, 256)
    t = np.linspace(0, 1, 24)
    bow = rng.uniform(0.05, 0.13) * rng.choice([-1, 1])
    for lean in (bow, -bow * 0.9, bow * 0.3):
        v = lean * (1 - t) ** 1.7 * 1.8 + 0.01 * np.sin(t * 11 + rng.uniform(0, 6))
        shape = canvas.shape(stroke(list(zip(t, v, strict=True)), 0.05 + 0.035 * t))
        center = np.interp(canvas.u, t, v)
        across = (canvas.v - center) / 0.04
        bark = fractal(rng, canvas.height, canvas.width, 8, 4)
        canvas.lay(canvas.ramp("1f1710", "84694a", 0.5 - 0.3 * across + 0.7 * (bark - 0.5)), shape)
        canvas.lay(color("6f7a35"), 0.6 * shape * soft(0.6 - bark, 0.1) * soft(canvas.u - 0.5, 0.4))
    return canvas.rgba


def _jellyfish(rng: np.random.Generator) -> Floats:
    """Bell at u = 1, arms trailing down to 0; hardly more than half opaque."""
    canvas = Canvas(0.26, 192)
    for _ in range(9):
        t = np.linspace(0, 1, 20)
        v = rng.uniform(-0.13, 0.13) + 0.03 * np.sin(t * 9 + rng.uniform(0, 6))
        end = rng.uniform(0.02, 0.35)
        arm = stroke(list(zip(end + (0.72 - end) * t, v, strict=True)), 0.006 + 0.014 * t)
        canvas.lay(color("f0d6e6"), 0.42 * canvas.shape(arm))
    bell = np.hypot((canvas.u - 0.7) / 0.28, canvas.v / 0.21)
    dome = soft(bell - 0.97, 0.06) * soft(0.68 + 0.02 * np.sin(canvas.v * 70) - canvas.u, 0.03)
    canvas.lay(canvas.ramp("d88ab8", "fbeef6", bell), dome * (0.42 + 0.3 * bell**3))
    canvas.lay(color("f7b9d4"), 0.4 * soft(np.hypot((canvas.u - 0.8) / 0.07, canvas.v / 0.1) - 1, 0.5) * dome)
    return canvas.rgba


def _bubble(_: np.random.Generator) -> Floats:
    """Clear but for its rim and its highlights."""
    canvas = Canvas(0.5, 48)
    radius = np.hypot(canvas.u - 0.5, canvas.v) / 0.46
    canvas.lay((0.85, 0.96, 1.0), soft(radius - 1, 0.08) * (0.06 + 0.4 * radius**5).clip(0, 0.47))
    glint = np.hypot(canvas.u - 0.34, canvas.v + 0.16)
    canvas.lay((1.0, 1.0, 1.0), 0.49 * soft(glint - 0.09, 0.08))
    return canvas.rgba


def _starfish(rng: np.random.Generator) -> Floats:
    canvas = Canvas(0.3, 96)
    angle = np.arctan2(canvas.v / 0.55, canvas.u - 0.5)
    radius = np.hypot(canvas.u - 0.5, canvas.v / 0.55)
    star = 0.17 + 0.3 * (0.5 + 0.5 * np.cos(5 * angle)) ** 1.6
    low, high = [("8a2f1c", "e8793c"), ("4a2a5c", "a878c0")][int(rng.integers(2))]
    canvas.lay(
        canvas.ramp(low, high, 1.1 - 1.3 * radius + 0.2 * np.sin(radius * 90)), soft(radius - star, 0.03)
    )
    return canvas.rgba


def _urchin(rng: np.random.Generator) -> Floats:
    canvas = Canvas(0.5, 96)
    spines = [stroke([(0.42, 0), (0.42 + 0.5 * np.sin(a), 0.48 * np.cos(a))], [0.03, 0.006])
              for a in rng.uniform(-0.4, np.pi + 0.4, 44)]  # fmt: skip
    canvas.lay(canvas.ramp("120c18", "3c2c4a", canvas.u), canvas.shape(*spines))
    canvas.lay(
        canvas.ramp("0c0810", "463650", canvas.u), soft(np.hypot(canvas.u - 0.4, canvas.v) - 0.24, 0.03)
    )
    return canvas.rgba


def _shadow(_: np.random.Generator) -> Floats:
    """The dark a thing throws on the floor around its foot."""
    canvas = Canvas(0.25, 64)
    canvas.lay((0.02, 0.04, 0.06), 0.45 * soft(np.hypot(canvas.u - 0.5, canvas.v * 2.4) - 0.3, 0.36))
    return canvas.rgba


# Name -> painter and number of varieties.
PAINTERS: dict[str, tuple[Painter, int]] = {
    "rock": (_rock, 5),
    "fishstone": (_fish_stone, 2),
    "leaf": (_leaf, 3),
    "root": (_root, 3),
    "jellyfish": (_jellyfish, 2),
    "bubble": (_bubble, 1),
    "starfish": (_starfish, 2),
    "urchin": (_urchin, 1),
    "shadow": (_shadow, 1),
}
