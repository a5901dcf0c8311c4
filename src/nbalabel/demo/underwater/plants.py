"""Weed and coral: they stand along u, root at 0 and tip at 1."""

from __future__ import annotations

import numpy as np

from .noise import Floats, fractal
from .paint import Canvas, Painter, Points, color, foot, smooth, soft, stroke


def _blade(root: float, lean: float, height: float, width: float, wiggle: float = 0.0) -> Points:
    t = np.linspace(0, 1, 14)
    v = root + lean * t**1.6 + wiggle * np.sin(t * 9)
    widths = width * (1 - t**3) * (0.6 + 0.4 * t) + 0.002
    return stroke(list(zip(t * height, v, strict=True)), widths)


def _disc(u: float, v: float, radius: float) -> Points:
    a = np.linspace(0, 2 * np.pi, 12)
    return list(zip(u + radius * np.cos(a), v + radius * np.sin(a), strict=True))


def _seagrass(rng: np.random.Generator) -> Floats:
    canvas = Canvas(0.4, 160)
    shades = [("1d4a2c", "5f9a4a"), ("2a5c34", "86b45a"), ("17402e", "4d8a52"), ("36602c", "a8bf62")]
    for i in range(15):
        blade = _blade(rng.normal(0, 0.11), rng.normal(0, 0.1), rng.uniform(0.45, 0.97), 0.034)
        low, high = shades[i % 4]
        canvas.lay(canvas.ramp(low, high, canvas.u * 1.05), canvas.shape(blade))
    canvas.rgba[..., 3] *= soft(0.05 + 0.05 * np.sin(canvas.v * 60) - canvas.u, 0.08)
    return canvas.rgba


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
        body = stroke(
            list(zip(u0 + rise * s, v, strict=True)), 0.027 * np.sin(np.pi * s.clip(0.08, 0.98)) ** 0.6
        )
        leaves[int(rng.integers(3))].append(body)
        floats.append(_disc(u0 + 0.004, v0 + side * 0.008, 0.006))
    across = abs(canvas.v - np.interp(canvas.u, t, axis)) / 0.13
    for k, batch in enumerate(leaves):
        canvas.lay(canvas.ramp("4a4410", "b39436", 0.15 * k + 0.7 * across), canvas.shape(*batch))
    canvas.lay(color("bfa648"), canvas.shape(*floats))
    return canvas.rgba


def _fern(rng: np.random.Generator) -> Floats:
    """Red weed: a bush of fine branches."""
    canvas = Canvas(0.42, 160)
    for _ in range(16):
        blade = _blade(
            rng.normal(0, 0.03), rng.normal(0, 0.2), rng.uniform(0.4, 0.95), 0.028, rng.normal(0, 0.012)
        )
        canvas.lay(canvas.ramp("4a1626", "b5485a", canvas.u + rng.uniform(-0.1, 0.1)), canvas.shape(blade))
    return canvas.rgba


def _branch(
    rng: np.random.Generator, at: tuple[float, float], angle: float, size: float, depth: int
) -> list[Points]:
    tip = (at[0] + size * np.cos(angle), at[1] + size * np.sin(angle))
    width = 0.03 + 0.018 * depth
    parts = [
        stroke([at, ((at[0] + tip[0]) / 2, (at[1] + tip[1]) / 2), tip], [width, width * 0.9, width * 0.8])
    ]
    parts.append(_disc(*tip, width * 0.46))
    if depth:
        for turn in rng.normal([-0.5, 0.5], 0.16):
            parts += _branch(rng, tip, angle + turn, size * rng.uniform(0.7, 0.88), depth - 1)
    return parts


def _staghorn(rng: np.random.Generator) -> Floats:
    canvas = Canvas(0.55, 192)
    for angle in rng.normal([-0.85, -0.3, 0.25, 0.8], 0.1):
        shape = canvas.shape(*_branch(rng, (0.0, angle * 0.1), angle * 0.7, 0.26, 3))
        light = canvas.u * 0.9 + 0.25 - 0.4 * canvas.v
        canvas.lay(canvas.ramp("7a4a3e", "f0d3b8", light), shape)
    return canvas.rgba


def _fan(rng: np.random.Generator) -> Floats:
    """A gorgonian: a flat net of branches."""
    canvas = Canvas(0.5, 192)
    half = [(0.3, 0.32), (0.6, 0.5), (0.95, 0.3), (1.0, 0.0)]
    outline = smooth([(0.03, 0.02), *half, *((u, -v) for u, v in reversed(half)), (0.03, -0.02)], 3)
    radius, angle = np.hypot(canvas.u, canvas.v), np.arctan2(canvas.v, canvas.u + 0.02)
    warp = fractal(rng, canvas.height, canvas.width, 6, 3) * 5
    net = np.maximum(np.sin(angle * 34 + warp), np.sin(radius * 62 + warp * 1.3) - 0.25)
    shape = canvas.shape(outline) * soft(0.1 - net, 0.5)
    trunk = canvas.shape(*(_blade(0, s, 0.75, 0.035) for s in (-0.3, -0.1, 0.1, 0.28)))
    canvas.lay(
        canvas.ramp("6b1f52", "c2589a", radius * 0.9), np.maximum(shape, trunk * canvas.shape(outline))
    )
    return canvas.rgba


def _brain(rng: np.random.Generator) -> Floats:
    canvas = Canvas(0.75, 160)
    warp = fractal(rng, canvas.height, canvas.width, 5, 3)
    dome = (canvas.u / 0.95) ** 2 + (canvas.v / 0.72) ** 2 + 0.12 * (warp - 0.5)
    groove = np.sin(48 * warp + 9 * canvas.u) * 0.5 + 0.5
    light = 0.25 + 0.62 * canvas.u - 0.28 * canvas.v + 0.28 * (groove - 0.5)
    canvas.lay(canvas.ramp("4c3a3a", "e2c08a", light), soft(dome - 0.97, 0.03) * foot(canvas))
    return canvas.rgba


def _tubes(rng: np.random.Generator) -> Floats:
    """Tube sponges."""
    canvas = Canvas(0.45, 160)
    for v0 in rng.permutation([-0.22, -0.08, 0.06, 0.2]):
        height, lean, width = rng.uniform(0.5, 0.93), v0 * 0.45, rng.uniform(0.11, 0.15)
        t = np.linspace(0, 1, 8)
        line = list(zip(t * height, v0 + lean * t**2, strict=True))
        light = 0.2 + 0.75 * canvas.u - (canvas.v - v0 - lean * canvas.u**2) * 2.4
        tube = canvas.shape(stroke(line, width * (0.75 + 0.3 * t)))
        canvas.lay(canvas.ramp("5a3a12", "e9b23a", light), tube)
        rim = np.hypot((canvas.u - height) / 0.035, (canvas.v - v0 - lean) / (width * 0.5))
        canvas.lay(color("f3d27a"), soft(rim - 1, 0.2))
        canvas.lay(color("3a2410"), soft(rim - 0.72, 0.2))
    return canvas.rgba


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
        canvas.lay(canvas.ramp("3a4a42", "c8d8a8", canvas.u * 1.1 - 0.2 + 0.1 * k), canvas.shape(*blades[k]))
        canvas.lay(color("d98ac0"), canvas.shape(*tips[k]))
    return canvas.rgba


# Name -> painter and number of varieties.
PAINTERS: dict[str, tuple[Painter, int]] = {
    "seagrass": (_seagrass, 4),
    "kelp": (_kelp, 3),
    "fern": (_fern, 2),
    "staghorn": (_staghorn, 3),
    "fan": (_fan, 2),
    "brain": (_brain, 3),
    "tubes": (_tubes, 2),
    "anemone": (_anemone, 2),
}
