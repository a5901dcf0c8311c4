"""What is not a fish: weed, coral, stones, roots, jellyfish, bubbles, and things that only look like fish.

Plants and coral stand along u, root at 0 and tip at 1. Every painter draws from its own generator, so adding one
changes no other.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .noise import Floats, fractal
from .paint import Canvas, Points, color, smooth, soft, stroke

Painter = Callable[[np.random.Generator], Floats]
PAINTERS: dict[str, tuple[Painter, int]] = {}


def painter(name: str, variants: int = 2) -> Callable[[Painter], Painter]:
    """Register the painter of a prop and how many varieties of it there are."""

    def register(function: Painter) -> Painter:
        PAINTERS[name] = (function, variants)
        return function

    return register


def _ramp(canvas: Canvas, low: str, high: str, amount: Floats) -> Floats:
    a, b = np.asarray(color(low), np.float32), np.asarray(color(high), np.float32)
    field = np.broadcast_to(amount, (canvas.height, canvas.width)).clip(0, 1)
    return a + (b - a) * field[..., None]


def _blade(root: float, lean: float, height: float, width: float, wiggle: float = 0.0) -> Points:
    t = np.linspace(0, 1, 14)
    v = root + lean * t**1.6 + wiggle * np.sin(t * 9)
    widths = width * (1 - t**3) * (0.6 + 0.4 * t) + 0.002
    return stroke(list(zip(t * height, v, strict=True)), widths)


def _disc(u: float, v: float, radius: float) -> Points:
    a = np.linspace(0, 2 * np.pi, 12)
    return list(zip(u + radius * np.cos(a), v + radius * np.sin(a), strict=True))


@painter("seagrass", 4)
def _seagrass(rng: np.random.Generator) -> Floats:
    canvas = Canvas(0.4, 160)
    shades = [("1d4a2c", "5f9a4a"), ("2a5c34", "86b45a"), ("17402e", "4d8a52"), ("36602c", "a8bf62")]
    for i in range(15):
        blade = _blade(rng.normal(0, 0.11), rng.normal(0, 0.1), rng.uniform(0.45, 0.97), 0.034)
        low, high = shades[i % 4]
        canvas.lay(_ramp(canvas, low, high, canvas.u * 1.05), canvas.shape(blade))
    canvas.rgba[..., 3] *= soft(0.05 + 0.05 * np.sin(canvas.v * 60) - canvas.u, 0.08)
    return canvas.rgba


@painter("kelp", 3)
def _kelp(rng: np.random.Generator) -> Floats:
    """Giant kelp: a stipe, and leaves that each rise from a float."""
    canvas = Canvas(0.14, 288)
    t = np.linspace(0, 1, 30)
    axis = 0.015 * np.sin(t * 7 + rng.uniform(0, 6))
    canvas.lay(color("6a5a1c"), canvas.shape(stroke(list(zip(t * 0.97, axis, strict=True)), 0.01 + 0 * t)))
    leaves: list[list[Points]] = [[], [], []]
    floats: list[Points] = []
    for i in range(38):
        u0, side = 0.05 + 0.0235 * i, -1 if i % 2 else 1
        v0 = float(np.interp(u0, t, axis))
        reach, rise = rng.uniform(0.05, 0.11), rng.uniform(0.02, 0.13)
        s = np.linspace(0, 1, 12)
        v = v0 + side * reach * s**0.8 + 0.006 * np.sin(s * 14 + i)
        body = stroke(list(zip(u0 + rise * s, v, strict=True)), 0.027 * np.sin(np.pi * s.clip(0.08, 0.98)) ** 0.6)
        leaves[int(rng.integers(3))].append(body)
        floats.append(_disc(u0 + 0.004, v0 + side * 0.008, 0.006))
    across = abs(canvas.v - np.interp(canvas.u, t, axis)) / 0.13
    for k, batch in enumerate(leaves):
        canvas.lay(_ramp(canvas, "4a4410", "b39436", 0.15 * k + 0.7 * across), canvas.shape(*batch))
    canvas.lay(color("bfa648"), canvas.shape(*floats))
    return canvas.rgba


@painter("fern", 2)
def _fern(rng: np.random.Generator) -> Floats:
    """Red weed: a bush of fine branches."""
    canvas = Canvas(0.42, 160)
    for _ in range(16):
        blade = _blade(rng.normal(0, 0.03), rng.normal(0, 0.2), rng.uniform(0.4, 0.95), 0.028, rng.normal(0, 0.012))
        canvas.lay(_ramp(canvas, "4a1626", "b5485a", canvas.u + rng.uniform(-0.1, 0.1)), canvas.shape(blade))
    return canvas.rgba


def _branch(rng: np.random.Generator, at: tuple[float, float], angle: float, size: float, depth: int) -> list[Points]:
    tip = (at[0] + size * np.cos(angle), at[1] + size * np.sin(angle))
    width = 0.03 + 0.018 * depth
    parts = [stroke([at, ((at[0] + tip[0]) / 2, (at[1] + tip[1]) / 2), tip], [width, width * 0.9, width * 0.8])]
    parts.append(_disc(*tip, width * 0.46))
    if depth:
        for turn in rng.normal([-0.5, 0.5], 0.16):
            parts += _branch(rng, tip, angle + turn, size * rng.uniform(0.7, 0.88), depth - 1)
    return parts


@painter("staghorn", 3)
def _staghorn(rng: np.random.Generator) -> Floats:
    canvas = Canvas(0.55, 192)
    for angle in rng.normal([-0.85, -0.3, 0.25, 0.8], 0.1):
        shape = canvas.shape(*_branch(rng, (0.0, angle * 0.1), angle * 0.7, 0.26, 3))
        light = canvas.u * 0.9 + 0.25 - 0.4 * canvas.v
        canvas.lay(_ramp(canvas, "7a4a3e", "f0d3b8", light), shape)
    return canvas.rgba


@painter("fan", 2)
def _fan(rng: np.random.Generator) -> Floats:
    """A gorgonian: a flat net of branches."""
    canvas = Canvas(0.5, 192)
    outline = smooth([(0.03, -0.02), (0.3, -0.32), (0.6, -0.5), (0.95, -0.3), (1.0, 0.05), (0.9, 0.36), (0.55, 0.48),
                      (0.25, 0.25), (0.03, 0.02)], 3)  # fmt: skip
    radius, angle = np.hypot(canvas.u, canvas.v), np.arctan2(canvas.v, canvas.u + 0.02)
    warp = fractal(rng, canvas.height, canvas.width, 6, 3) * 5
    net = np.maximum(np.sin(angle * 34 + warp), np.sin(radius * 62 + warp * 1.3) - 0.25)
    shape = canvas.shape(outline) * soft(0.1 - net, 0.5)
    trunk = canvas.shape(*(_blade(0, s, 0.75, 0.035) for s in (-0.3, -0.1, 0.1, 0.28)))
    canvas.lay(_ramp(canvas, "6b1f52", "c2589a", radius * 0.9), np.maximum(shape, trunk * canvas.shape(outline)))
    return canvas.rgba


def _foot(canvas: Canvas) -> Floats:
    """Where a round thing meets the sand: its near edge bulges towards the camera."""
    return soft(0.02 + 0.2 * (canvas.v / 0.72) ** 2 - canvas.u, 0.04)


@painter("brain", 3)
def _brain(rng: np.random.Generator) -> Floats:
    canvas = Canvas(0.75, 160)
    warp = fractal(rng, canvas.height, canvas.width, 5, 3)
    dome = (canvas.u / 0.95) ** 2 + (canvas.v / 0.72) ** 2 + 0.12 * (warp - 0.5)
    groove = np.sin(48 * warp + 9 * canvas.u) * 0.5 + 0.5
    light = 0.25 + 0.62 * canvas.u - 0.28 * canvas.v + 0.28 * (groove - 0.5)
    canvas.lay(_ramp(canvas, "4c3a3a", "e2c08a", light), soft(dome - 0.97, 0.03) * _foot(canvas))
    return canvas.rgba


@painter("tubes", 2)
def _tubes(rng: np.random.Generator) -> Floats:
    """Tube sponges."""
    canvas = Canvas(0.45, 160)
    for v0 in rng.permutation([-0.22, -0.08, 0.06, 0.2]):
        height, lean, width = rng.uniform(0.5, 0.93), v0 * 0.45, rng.uniform(0.11, 0.15)
        t = np.linspace(0, 1, 8)
        line = list(zip(t * height, v0 + lean * t**2, strict=True))
        canvas.lay(_ramp(canvas, "5a3a12", "e9b23a", 0.2 + 0.75 * canvas.u - (canvas.v - v0 - lean * canvas.u**2) * 2.4),
                   canvas.shape(stroke(line, width * (0.75 + 0.3 * t))))  # fmt: skip
        rim = np.hypot((canvas.u - height) / 0.035, (canvas.v - v0 - lean) / (width * 0.5))
        canvas.lay(color("f3d27a"), soft(rim - 1, 0.2))
        canvas.lay(color("3a2410"), soft(rim - 0.72, 0.2))
    return canvas.rgba


@painter("anemone", 2)
def _anemone(rng: np.random.Generator) -> Floats:
    canvas = Canvas(0.8, 128)
    blades: list[list[Points]] = [[], [], [], []]
    tips: list[list[Points]] = [[], [], [], []]
    for v0 in rng.uniform(-0.34, 0.34, 40):
        height, lean = rng.uniform(0.55, 0.95) * (1 - 0.5 * abs(v0)), v0 * 1.15 + rng.normal(0, 0.08)
        layer = int(rng.integers(4))
        blades[layer].append(_blade(v0 * 0.8, lean, height, 0.06))
        tips[layer].append(_disc(height - 0.01, v0 * 0.8 + lean, 0.032))
    for k in range(4):
        canvas.lay(_ramp(canvas, "3a4a42", "c8d8a8", canvas.u * 1.1 - 0.2 + 0.1 * k), canvas.shape(*blades[k]))
        canvas.lay(color("d98ac0"), canvas.shape(*tips[k]))
    return canvas.rgba


def _stone(rng: np.random.Generator, canvas: Canvas, outline: Floats, low: str, high: str, moss: str) -> Floats:
    """Fill a shape with lit, mossy rock."""
    relief = fractal(rng, canvas.height, canvas.width, 3, 5)
    slope_v, slope_u = np.gradient(relief, 1 / canvas.width)
    light = 0.3 - 0.075 * slope_u - 0.02 * slope_v + 0.35 * relief
    rgb = _ramp(canvas, low, high, light)
    growth = soft(0.55 - fractal(rng, canvas.height, canvas.width, 6, 4), 0.12)
    rgb = rgb + (np.asarray(color(moss), np.float32) * (0.5 + light[..., None]) - rgb) * 0.7 * growth[..., None]
    canvas.lay(rgb.clip(0, 1), outline)
    return canvas.rgba


@painter("rock", 5)
def _rock(rng: np.random.Generator) -> Floats:
    """A boulder; u is up."""
    canvas = Canvas(0.85, 160)
    angle = np.arctan2(canvas.u, canvas.v)
    bumps = sum(rng.normal(0, 0.07 / k) * np.cos(k * angle + rng.uniform(0, 6)) for k in range(1, 7))
    radius = np.hypot(canvas.u / 0.85, canvas.v / 0.72)
    _stone(rng, canvas, soft(radius - 0.98 - bumps, 0.03) * _foot(canvas), "2c2c30", "9a9284", "5c6a3a")
    canvas.rgba[..., :3] *= (0.5 + 0.6 * canvas.u)[..., None]
    return canvas.rgba


@painter("fishstone", 2)
def _fish_stone(rng: np.random.Generator) -> Floats:
    """A stone that could be a fish: an oval with a waist and a stub."""
    canvas = Canvas(0.3, 128)
    top = np.interp(canvas.u, [0, 0.06, 0.3, 0.62, 0.76, 0.85, 0.98, 1], [0, 0.1, 0.19, 0.13, 0.06, 0.09, 0.11, 0])
    wobble = 0.05 * (fractal(rng, canvas.height, canvas.width, 5, 3) - 0.5)
    _stone(rng, canvas, soft(abs(canvas.v) - top - wobble, 0.03), "4a4238", "b8a88c", "7a7a4a")
    canvas.rgba[..., :3] *= (0.85 - 1.3 * canvas.v)[..., None].clip(0.4, 1.2)
    return canvas.rgba.clip(0, 1)


@painter("leaf", 3)
def _leaf(rng: np.random.Generator) -> Floats:
    """A drifting leaf, spindle-shaped as a fish is, with its stalk for a tail."""
    canvas = Canvas(0.2, 128)
    u, v = canvas.u, canvas.v
    blade = soft(abs(v) - 0.15 * np.sin(np.pi * (u / 0.82).clip(0, 1)).clip(0, 1) ** 0.75 * rng.uniform(0.75, 1.1), 0.02)
    stalk = soft(abs(v - 0.06 * (u - 0.8)) - 0.014, 0.012) * soft(0.78 - u, 0.02) * soft(u - 0.99, 0.01)
    veins = soft(abs(np.sin((u + 1.1 * abs(v)) * 40)) - 0.1, 0.3)
    low, high = [("5a3d16", "b88a34"), ("4d5a1e", "a9b050"), ("5c2f16", "b8622e")][int(rng.integers(3))]
    rgb = _ramp(canvas, low, high, 0.55 + 0.25 * fractal(rng, canvas.height, canvas.width) - 0.3 * veins - v)
    canvas.lay(rgb, np.maximum(blade, stalk))
    canvas.lay(color("3c2a10"), 0.7 * soft(abs(v) - 0.006, 0.01) * blade)
    return canvas.rgba


@painter("root", 3)
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
        canvas.lay(_ramp(canvas, "1f1710", "84694a", 0.5 - 0.3 * across + 0.7 * (bark - 0.5)), shape)
        canvas.lay(color("6f7a35"), 0.6 * shape * soft(0.6 - bark, 0.1) * soft(canvas.u - 0.5, 0.4))
    return canvas.rgba


@painter("jellyfish", 2)
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
    canvas.lay(_ramp(canvas, "d88ab8", "fbeef6", bell), dome * (0.42 + 0.3 * bell**3))
    canvas.lay(color("f7b9d4"), 0.4 * soft(np.hypot((canvas.u - 0.8) / 0.07, canvas.v / 0.1) - 1, 0.5) * dome)
    return canvas.rgba


@painter("bubble", 1)
def _bubble(_: np.random.Generator) -> Floats:
    """Clear but for its rim and its highlights."""
    canvas = Canvas(0.5, 48)
    radius = np.hypot(canvas.u - 0.5, canvas.v) / 0.46
    canvas.lay((0.85, 0.96, 1.0), soft(radius - 1, 0.08) * (0.06 + 0.4 * radius**5).clip(0, 0.47))
    glint = np.hypot(canvas.u - 0.34, canvas.v + 0.16)
    canvas.lay((1.0, 1.0, 1.0), 0.49 * soft(glint - 0.09, 0.08))
    return canvas.rgba


@painter("starfish", 2)
def _starfish(rng: np.random.Generator) -> Floats:
    canvas = Canvas(0.3, 96)
    angle = np.arctan2(canvas.v / 0.55, canvas.u - 0.5)
    radius = np.hypot(canvas.u - 0.5, canvas.v / 0.55)
    star = 0.17 + 0.3 * (0.5 + 0.5 * np.cos(5 * angle)) ** 1.6
    low, high = [("8a2f1c", "e8793c"), ("4a2a5c", "a878c0")][int(rng.integers(2))]
    canvas.lay(_ramp(canvas, low, high, 1.1 - 1.3 * radius + 0.2 * np.sin(radius * 90)), soft(radius - star, 0.03))
    return canvas.rgba


@painter("urchin", 1)
def _urchin(rng: np.random.Generator) -> Floats:
    canvas = Canvas(0.5, 96)
    spines = [stroke([(0.42, 0), (0.42 + 0.5 * np.sin(a), 0.48 * np.cos(a))], [0.03, 0.006])
              for a in rng.uniform(-0.4, np.pi + 0.4, 44)]  # fmt: skip
    canvas.lay(_ramp(canvas, "120c18", "3c2c4a", canvas.u), canvas.shape(*spines))
    canvas.lay(_ramp(canvas, "0c0810", "463650", canvas.u), soft(np.hypot(canvas.u - 0.4, canvas.v) - 0.24, 0.03))
    return canvas.rgba


@painter("shadow", 1)
def _shadow(_: np.random.Generator) -> Floats:
    """The dark a thing throws on the floor around its foot."""
    canvas = Canvas(0.25, 64)
    canvas.lay((0.02, 0.04, 0.06), 0.45 * soft(np.hypot(canvas.u - 0.5, canvas.v * 2.4) - 0.3, 0.36))
    return canvas.rgba
