"""The fish: eight species, each an outline, a set of fins and a pattern, in two color morphs.

Outlines are given along the body from the snout (u = 0) to the tail's tips (u = 1); v is positive towards the belly.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .noise import Floats, tile
from .paint import Canvas, Color, Points, color, smooth, soft

FORK: Points = [(0.76, -0.03), (0.85, -0.07), (1.0, -0.2), (0.92, -0.06), (0.9, 0), (0.92, 0.06), (1.0, 0.2),
                (0.85, 0.07), (0.76, 0.03)]  # fmt: skip
FAN: Points = [(0.75, -0.05), (0.84, -0.11), (0.94, -0.15), (0.99, -0.08), (1.0, 0), (0.99, 0.08), (0.94, 0.15),
               (0.84, 0.11), (0.75, 0.05)]  # fmt: skip
CRESCENT: Points = [(0.78, -0.02), (0.85, -0.05), (1.0, -0.25), (0.93, -0.08), (0.9, 0), (0.93, 0.08),
                    (1.0, 0.25), (0.85, 0.05), (0.78, 0.02)]  # fmt: skip


@dataclass(frozen=True)
class Morph:
    """Colors of one variety: back, flank, belly, pattern, second pattern, fins."""

    back: str
    flank: str
    belly: str
    mark: str
    mark2: str
    fin: str


@dataclass(frozen=True)
class Species:
    """A kind of fish.

    ``top`` and ``bottom`` are the body's outline, (u, v) from snout to the root of the tail; ``fins`` lie behind the
    body. ``length`` is relative to the frame's width at depth 1; ``speed`` in body lengths a frame; ``school`` the
    largest group; ``depth`` prefers the floor (1) or the surface (0).
    """

    name: str
    top: Points
    bottom: Points
    tail: Points
    fins: tuple[Points, ...]
    pattern: str
    morphs: tuple[Morph, ...]
    length: float
    speed: float
    school: int
    low: float
    half_height: float
    sway: float = 0.05
    waves: float = 0.8
    eye: tuple[float, float, float] = (0.105, -0.025, 0.017)  # u, v, radius


SPECIES: tuple[Species, ...] = (
    Species(
        "snapper",
        [(0, 0.02), (0.07, -0.06), (0.18, -0.125), (0.34, -0.155), (0.55, -0.12), (0.79, -0.04)],
        [(0, 0.02), (0.06, 0.06), (0.2, 0.105), (0.4, 0.125), (0.58, 0.1), (0.79, 0.04)],
        FORK,
        ([(0.24, -0.1), (0.29, -0.2), (0.36, -0.22), (0.52, -0.185), (0.64, -0.16), (0.71, -0.11), (0.7, -0.05)],
         [(0.53, 0.08), (0.58, 0.17), (0.63, 0.16), (0.71, 0.09), (0.72, 0.04)],
         [(0.27, 0.09), (0.33, 0.18), (0.37, 0.18), (0.38, 0.1)]),
        "lines",
        (Morph("b08a6a", "e3c2a8", "f4ebe0", "d9a441", "8a4a3a", "e6bf7a"),
         Morph("8c5a5e", "d98f86", "f2dcd2", "f0d79a", "5a2d34", "d97f76")),
        0.36, 0.13, 6, 0.5, 0.28,
    ),
    Species(
        "trevally",
        [(0, 0.0), (0.07, -0.055), (0.2, -0.12), (0.38, -0.155), (0.6, -0.105), (0.8, -0.022)],
        [(0, 0.0), (0.05, 0.04), (0.2, 0.1), (0.4, 0.14), (0.6, 0.1), (0.8, 0.022)],
        CRESCENT,
        ([(0.42, -0.13), (0.46, -0.24), (0.52, -0.17), (0.64, -0.115), (0.77, -0.055), (0.76, -0.02)],
         [(0.45, 0.11), (0.5, 0.22), (0.55, 0.155), (0.66, 0.11), (0.77, 0.055), (0.76, 0.02)],
         [(0.26, 0.08), (0.3, 0.15), (0.36, 0.12)]),
        "silver",
        (Morph("4c6a7c", "b9c8ce", "f3f6f4", "3a4f5c", "e8c94a", "8b9ea6"),
         Morph("5f7a5a", "c8d2b4", "f6f5e6", "40543c", "f0d24e", "c9b24e")),
        0.4, 0.26, 7, 0.35, 0.3, 0.035, 0.75,
    ),
    Species(
        "grouper",
        [(0, 0.03), (0.015, 0.0), (0.06, -0.055), (0.18, -0.118), (0.36, -0.15), (0.58, -0.125), (0.79, -0.06)],
        [(0, 0.03), (0.015, 0.065), (0.045, 0.095), (0.2, 0.148), (0.4, 0.16), (0.6, 0.12), (0.79, 0.06)],
        FAN,
        ([(0.24, -0.1), (0.3, -0.2), (0.4, -0.2), (0.52, -0.19), (0.64, -0.205), (0.74, -0.14), (0.73, -0.06)],
         [(0.54, 0.1), (0.62, 0.2), (0.7, 0.17), (0.73, 0.06)],
         [(0.28, 0.12), (0.35, 0.22), (0.4, 0.2), (0.4, 0.13)]),
        "spots",
        (Morph("5c4638", "8f7258", "c2a888", "33231c", "e5d3b0", "6a5040"),
         Morph("6e2f26", "a84f3a", "d69a78", "4a1c18", "f3e4d0", "8a3a2c")),
        0.48, 0.05, 1, 0.85, 0.28, 0.045, 0.7, (0.13, -0.05, 0.016),
    ),
    Species(
        "wrasse",
        [(0, 0.015), (0.08, -0.045), (0.22, -0.085), (0.42, -0.1), (0.62, -0.085), (0.82, -0.05)],
        [(0, 0.015), (0.07, 0.045), (0.22, 0.08), (0.42, 0.1), (0.62, 0.085), (0.82, 0.05)],
        [(0.79, -0.045), (0.87, -0.075), (1.0, -0.11), (0.985, 0), (1.0, 0.11), (0.87, 0.075), (0.79, 0.045)],
        ([(0.22, -0.07), (0.27, -0.13), (0.5, -0.145), (0.7, -0.14), (0.78, -0.1), (0.76, -0.04)],
         [(0.48, 0.08), (0.53, 0.135), (0.7, 0.135), (0.78, 0.1), (0.76, 0.04)],
         [(0.25, 0.07), (0.32, 0.12), (0.34, 0.08)]),
        "stripes",
        (Morph("2e6f66", "4fae8f", "bfe0b8", "d8577a", "2c4fa0", "e0728a"),
         Morph("3c4a8c", "5d86c8", "cfe0ea", "f0a04a", "2a2f5e", "e8a860")),
        0.31, 0.12, 3, 0.7, 0.19, 0.07, 1.0, (0.11, -0.018, 0.014),
    ),
    Species(
        "butterflyfish",
        [(0, 0.03), (0.06, 0.0), (0.1, -0.045), (0.18, -0.15), (0.34, -0.26), (0.55, -0.27), (0.72, -0.17), (0.83, -0.05)],
        [(0, 0.03), (0.06, 0.05), (0.1, 0.08), (0.18, 0.155), (0.34, 0.25), (0.55, 0.27), (0.72, 0.17), (0.83, 0.05)],
        [(0.8, -0.05), (0.88, -0.1), (1.0, -0.13), (1.0, 0), (1.0, 0.13), (0.88, 0.1), (0.8, 0.05)],
        ([(0.25, -0.17), (0.31, -0.31), (0.44, -0.345), (0.66, -0.33), (0.8, -0.22), (0.79, -0.08)],
         [(0.42, 0.2), (0.5, 0.33), (0.68, 0.32), (0.8, 0.21), (0.79, 0.08)],
         [(0.27, 0.18), (0.34, 0.32), (0.38, 0.22)]),
        "bands",
        (Morph("e9c63c", "f5e28a", "fbf6e0", "26242a", "f08a2c", "efc02e"),
         Morph("d9dde0", "f4f4ee", "ffffff", "2c2a34", "e8b93a", "e9b732")),
        0.25, 0.09, 2, 0.6, 0.38, 0.03, 0.6, (0.175, -0.045, 0.021),
    ),
    Species(
        "tang",
        [(0, 0.035), (0.02, -0.02), (0.07, -0.085), (0.16, -0.155), (0.34, -0.21), (0.55, -0.19), (0.72, -0.1), (0.83, -0.03)],
        [(0, 0.035), (0.02, 0.06), (0.07, 0.1), (0.18, 0.165), (0.36, 0.21), (0.55, 0.19), (0.72, 0.1), (0.83, 0.03)],
        [(0.8, -0.03), (0.87, -0.08), (1.0, -0.18), (0.94, 0), (1.0, 0.18), (0.87, 0.08), (0.8, 0.03)],
        ([(0.2, -0.13), (0.27, -0.25), (0.46, -0.275), (0.66, -0.235), (0.79, -0.13), (0.77, -0.04)],
         [(0.38, 0.17), (0.45, 0.265), (0.64, 0.235), (0.79, 0.13), (0.77, 0.04)]),
        "palette",
        (Morph("17337f", "2f63c4", "4f86d8", "0d1430", "f2cf3a", "20479c"),
         Morph("3d2a22", "6d4a36", "8a6a50", "20140f", "f2f0e6", "4c362a")),
        0.27, 0.11, 5, 0.6, 0.3, 0.03, 0.6, (0.14, -0.055, 0.017),
    ),
    Species(
        "clownfish",
        [(0, 0.01), (0.015, -0.045), (0.06, -0.09), (0.17, -0.145), (0.35, -0.175), (0.56, -0.14), (0.78, -0.065)],
        [(0, 0.01), (0.015, 0.05), (0.06, 0.085), (0.18, 0.135), (0.36, 0.16), (0.56, 0.135), (0.78, 0.065)],
        FAN,
        ([(0.22, -0.12), (0.28, -0.21), (0.38, -0.22), (0.47, -0.185), (0.58, -0.235), (0.7, -0.19), (0.73, -0.07)],
         [(0.5, 0.12), (0.56, 0.22), (0.66, 0.21), (0.72, 0.07)],
         [(0.26, 0.11), (0.34, 0.24), (0.4, 0.22), (0.4, 0.13)]),
        "clown",
        (Morph("d9551e", "f07a2a", "f6a04a", "fbf7f0", "1f1a1c", "ee7c26"),
         Morph("3a1f1a", "6a2c1c", "a8441f", "f7f2e6", "1a1416", "c05a20")),
        0.2, 0.09, 3, 0.85, 0.28, 0.06, 0.8, (0.115, -0.035, 0.02),
    ),
    Species(
        "barracuda",
        [(0, 0.01), (0.1, -0.022), (0.24, -0.046), (0.45, -0.058), (0.65, -0.05), (0.85, -0.025)],
        [(0, 0.01), (0.08, 0.03), (0.24, 0.05), (0.45, 0.058), (0.65, 0.048), (0.85, 0.025)],
        [(0.83, -0.02), (0.89, -0.045), (1.0, -0.125), (0.94, -0.02), (0.93, 0), (0.94, 0.02), (1.0, 0.125),
         (0.89, 0.045), (0.83, 0.02)],
        ([(0.4, -0.045), (0.43, -0.105), (0.49, -0.06)],
         [(0.66, -0.04), (0.69, -0.11), (0.76, -0.06), (0.77, -0.03)],
         [(0.66, 0.04), (0.69, 0.105), (0.76, 0.06), (0.77, 0.03)],
         [(0.36, 0.04), (0.41, 0.09), (0.43, 0.05)]),
        "saddles",
        (Morph("3f5a5c", "9fb4b4", "eef2ec", "2c3f42", "6f8688", "51686a"),
         Morph("55604a", "b3b896", "f3f1dc", "3d452f", "7d8460", "6b6a3e")),
        0.6, 0.12, 3, 0.3, 0.15, 0.03, 0.9, (0.13, -0.012, 0.012),
    ),
)  # fmt: skip

NAMES: tuple[str, ...] = tuple(s.name for s in SPECIES)


def paint(species: Species, morph: Morph) -> Floats:
    """A fish in its own frame, lit from above: ``(h, 256, 4)`` float32 straight alpha in 0..1."""
    canvas = Canvas(species.half_height)
    u, v = canvas.u, canvas.v
    top, bottom = _profile(species.top, u), _profile(species.bottom, u)
    n = (2 * v - top - bottom) / np.maximum(bottom - top, 0.01)
    body = np.clip(np.minimum(v - top, bottom - v) * canvas.width + 0.5, 0, 1)
    body *= soft(u - species.top[-1][0], 0.03)
    _paint_fins(canvas, species, morph)
    rgb = _paint_flank(species.pattern, morph, u, n, v)
    canvas.lay(_shade(rgb, u, n), body)
    _paint_face(canvas, species, morph, body)
    canvas.rgba[..., :3] = canvas.rgba[..., :3].clip(0, 1)
    return canvas.rgba


def _profile(points: Points, u: Floats) -> Floats:
    from scipy.interpolate import PchipInterpolator

    x, y = np.asarray(points).T
    # The snout is round: v grows with the root of u there.
    curve = PchipInterpolator(np.sqrt(x), y)
    return np.asarray(curve(np.sqrt(u.clip(0, x[-1]))), np.float32)


def _mix(rgb: Floats, other: str | Color, amount: Floats) -> Floats:
    target = np.asarray(color(other) if isinstance(other, str) else other, np.float32)
    return rgb + (target - rgb) * amount[..., None]


def _paint_fins(canvas: Canvas, species: Species, morph: Morph) -> None:
    fin = np.asarray(color(morph.fin), np.float32)
    tail_color = color(morph.mark2) if species.pattern in ("palette", "silver") else fin
    angle = np.arctan2(canvas.v, canvas.u - 0.68)
    for outline, base, rays in (
        (species.tail, tail_color, angle * 60),
        *((f, fin, (canvas.u - 0.6 * abs(canvas.v)) * 210) for f in species.fins),
    ):
        shape = canvas.shape(smooth(outline))
        light = 0.82 + 0.09 * np.sin(rays) + 0.14 * soft(canvas.v, 0.1) + 0.6 * (abs(canvas.v) - 0.1)
        canvas.lay(np.asarray(base, np.float32) * light[..., None], shape * 0.94)
    if species.pattern == "clown":
        edge = canvas.rgba[..., 3] * soft(abs(canvas.u - 0.93) - 0.02, 0.02)
        canvas.rgba[..., :3] = _mix(canvas.rgba[..., :3], morph.mark2, edge * 0.9)


def _paint_flank(pattern: str, m: Morph, u: Floats, n: Floats, v: Floats) -> Floats:
    """Countershaded skin with the species' pattern: ``(h, w, 3)``."""
    rgb = np.broadcast_to(np.asarray(color(m.flank), np.float32), (*n.shape, 3)).copy()
    rgb = _mix(rgb, m.back, soft(n + 0.35, 0.9))
    rgb = _mix(rgb, m.belly, soft(0.45 - n, 0.8))
    grain = tile(21, 2.2)[: n.shape[0], : n.shape[1]]

    def band(center: float, width: float, slant: float = 0.0) -> Floats:
        return soft(abs(u - center - slant * n * n + 0 * v) - width, 0.02)

    def line(center: float, width: float) -> Floats:
        return soft(abs(n - center + 0.08 * np.sin(u * 5)) - width, 0.12) * soft(0.2 - u, 0.1)

    if pattern == "lines":
        for k in range(5):
            rgb = _mix(rgb, m.mark, 0.75 * line(-0.7 + 0.32 * k, 0.05))
        rgb = _mix(rgb, m.mark2, 0.85 * soft(np.hypot((u - 0.6) / 0.055, (n + 0.3) / 0.28) - 1, 0.3))
    elif pattern == "silver":
        rgb = _mix(rgb, m.mark, 0.6 * line(-0.05, 0.03))
        rgb = _mix(rgb, m.mark, 0.25 * soft(np.sin(u * 42) + 0.4, 1.2) * soft(n + 0.1, 0.5))
        rgb = _mix(rgb, m.mark2, 0.7 * soft(0.74 - u, 0.1) * soft(abs(n) - 0.7, 0.3))
    elif pattern == "spots":
        rgb = _mix(rgb, m.mark, 0.45 * soft(-grain + 0.3, 0.8) + 0.35 * soft(np.sin(u * 24 + 1) - 0.1, 1) * soft(n, 1))
        cells = np.sin(u * 62 + 1.5 * grain) * np.sin(v * 62 + 1.2 * grain + 0.5 * u)
        rgb = _mix(rgb, m.mark2, 0.8 * soft(0.6 - cells, 0.25))
    elif pattern == "stripes":
        rgb = _mix(rgb, m.mark, 0.85 * line(-0.42, 0.12))
        rgb = _mix(rgb, m.mark2, 0.8 * line(0.0, 0.13))
        rgb = _mix(rgb, m.mark, 0.6 * line(0.42, 0.09))
        cheek = soft(u - 0.22, 0.06) * soft(0.6 - abs(np.sin(u * 38 + n * 5)), 0.3)
        rgb = _mix(rgb, m.mark, 0.8 * cheek)
    elif pattern == "bands":
        rgb = _mix(rgb, m.mark, 0.95 * band(0.185, 0.025, 0.05))
        for k in range(5):
            rgb = _mix(rgb, m.mark, 0.35 * band(0.33 + 0.07 * k, 0.008, 0.04) * soft(abs(n) - 0.8, 0.2))
        rgb = _mix(rgb, m.mark2, 0.6 * soft(0.62 - u, 0.12))
        rgb = _mix(rgb, m.mark, 0.95 * band(0.75, 0.022))
    elif pattern == "palette":
        sweep = soft(abs(n + 0.35 - 0.8 * (u - 0.45) ** 2) - 0.3, 0.2) * soft(0.2 - u, 0.08) * soft(u - 0.82, 0.1)
        hole = soft(np.hypot((u - 0.42) / 0.11, (n + 0.15) / 0.24) - 1, 0.3)
        rgb = _mix(rgb, m.mark, 0.85 * sweep * (1 - hole))
        rgb = _mix(rgb, m.mark2, soft(0.78 - u, 0.05))
    elif pattern == "clown":
        for center, width, slant in ((0.235, 0.032, -0.03), (0.49, 0.04, 0.05), (0.745, 0.025, 0.0)):
            rgb = _mix(rgb, m.mark2, 0.9 * band(center, width + 0.014, slant))
            rgb = _mix(rgb, m.mark, band(center, width, slant))
    elif pattern == "saddles":
        rgb = _mix(rgb, m.mark, 0.7 * soft(np.sin(u * 70 + 1.5 * n) - 0.0, 0.8) * soft(n + 0.25, 0.3))
        rgb = _mix(rgb, m.mark2, 0.5 * line(0.05, 0.1))
    return rgb


def _shade(rgb: Floats, u: Floats, n: Floats) -> Floats:
    """Round the flank: light from above, a sheen on the upper side, a fine net of scales, the gill's edge."""
    roundness = np.sqrt(np.clip(1 - n * n, 0, 1))
    scales = np.sin(u * 150 + n * 12) * np.sin(u * 150 - n * 12)
    light = 0.6 + 0.42 * roundness - 0.1 * n + 0.035 * scales * soft(0.27 - u, 0.06)
    light = light - 0.16 * soft(abs(u - 0.255 + 0.05 * n * n) - 0.003, 0.022) * soft(abs(n) - 0.75, 0.3)
    sheen = 0.2 * np.exp(-(((n + 0.42) / 0.2) ** 2)) * roundness
    return np.asarray(rgb * light[..., None] + sheen[..., None], np.float32)


def _paint_face(canvas: Canvas, species: Species, morph: Morph, body: Floats) -> None:
    eye_u, eye_v, radius = species.eye
    u, v = canvas.u, canvas.v
    size = min(1.0, species.half_height / 0.24)
    tips = [(0.27, 0.02), (0.33, -0.01), (0.43, 0.03), (0.42, 0.075), (0.33, 0.065)]
    fin = smooth([(0.27 + (x - 0.27) * size, y * size) for x, y in tips])
    rays = 0.92 + 0.1 * np.sin((v + 0.5 * u) * 200)
    canvas.lay(np.asarray(color(morph.fin), np.float32) * rays[..., None], 0.8 * canvas.shape(fin) * body)
    distance = np.hypot(u - eye_u, v - eye_v)
    canvas.lay(color("e9e2c8"), soft(distance - radius * 1.25, 0.012) * body)
    canvas.lay(color("15151a"), soft(distance - radius * 0.85, 0.01) * body)
    glint = np.hypot(u - eye_u + radius * 0.35, v - eye_v + radius * 0.35)
    canvas.lay((1.0, 1.0, 1.0), 0.9 * soft(glint - radius * 0.28, 0.008) * body)
    mouth = np.abs(v - 0.03 - species.top[0][1] - 0.35 * u) - 0.003
    canvas.lay(color("30262a"), 0.55 * soft(mouth, 0.008) * soft(u - 0.055, 0.02) * body)
