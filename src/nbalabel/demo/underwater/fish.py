"""Painting fish: fins, a countershaded body, the species' pattern, light and a face."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import PchipInterpolator

from .noise import Floats, tile
from .paint import Canvas, Color, Points, color, smooth, soft
from .species import Morph, Species


@dataclass
class Skin:
    """A flank being painted.

    Attributes:
        rgb: colors so far, ``(h, w, 3)``.
        u: place along the body, ``(1, w)``.
        v: place across it, ``(h, 1)``.
        n: the same in half heights of the body: -1 at the back, 1 at the belly, ``(h, w)``.
        colors: of the morph.
    """

    rgb: Floats
    u: Floats
    v: Floats
    n: Floats
    colors: Morph

    def mix(self, other: str, amount: Floats) -> None:
        """Paint over with a color, ``amount (h, w)`` 0..1 of it."""
        self.rgb = _mix(self.rgb, color(other), amount)

    def band(self, center: float, width: float, slant: float = 0.0) -> Floats:
        """An upright band about u = center, bowed by ``slant``."""
        return soft(abs(self.u - center - slant * self.n * self.n) - width, 0.02)

    def line(self, center: float, width: float) -> Floats:
        """A line along the body about n = center, behind the head."""
        wavy = abs(self.n - center + 0.08 * np.sin(self.u * 5)) - width
        return soft(wavy, 0.12) * soft(0.2 - self.u, 0.1)

    def grain(self) -> Floats:
        """Soft blotches, about -2..2."""
        return tile(21, 2.2)[: self.n.shape[0], : self.n.shape[1]]


def paint(species: Species, morph: Morph) -> Floats:
    """A fish in its own frame, lit from above: ``(h, 256, 4)`` float32 straight alpha in 0..1."""
    canvas = Canvas(species.half_height)
    u, v = canvas.u, canvas.v
    top, bottom = _profile(species.top, u), _profile(species.bottom, u)
    n = (2 * v - top - bottom) / np.maximum(bottom - top, 0.01)
    body = np.clip(np.minimum(v - top, bottom - v) * canvas.width + 0.5, 0, 1)
    body *= soft(u - species.top[-1][0], 0.03)
    _paint_fins(canvas, species, morph)
    canvas.lay(_shade(_paint_skin(species.pattern, morph, u, v, n), u, n), body)
    _paint_face(canvas, species, morph, body)
    canvas.rgba[..., :3] = canvas.rgba[..., :3].clip(0, 1)
    return canvas.rgba


def _profile(points: Points, u: Floats) -> Floats:
    """The outline's v at each u; drawn over the root of u, because a snout is round."""
    x, y = np.asarray(points).T
    curve = PchipInterpolator(np.sqrt(x), y)
    return np.asarray(curve(np.sqrt(u.clip(0, x[-1]))), np.float32)


def _mix(rgb: Floats, other: Color, amount: Floats) -> Floats:
    return rgb + (np.asarray(other, np.float32) - rgb) * amount[..., None]


def _paint_fins(canvas: Canvas, species: Species, morph: Morph) -> None:
    fin = color(morph.fin)
    tail = color(morph.mark2) if species.pattern in ("palette", "silver") else fin
    spread = np.arctan2(canvas.v, canvas.u - 0.68) * 60
    rays = (canvas.u - 0.6 * abs(canvas.v)) * 210
    for outline, base, stripes in ((species.tail, tail, spread), *((f, fin, rays) for f in species.fins)):
        light = 0.82 + 0.09 * np.sin(stripes) + 0.14 * soft(canvas.v, 0.1) + 0.6 * (abs(canvas.v) - 0.1)
        canvas.lay(np.asarray(base, np.float32) * light[..., None], canvas.shape(smooth(outline)) * 0.94)
    if species.pattern == "clown":
        edge = canvas.rgba[..., 3] * soft(abs(canvas.u - 0.93) - 0.02, 0.02)
        canvas.rgba[..., :3] = _mix(canvas.rgba[..., :3], color(morph.mark2), edge * 0.9)


def _paint_skin(pattern: str, colors: Morph, u: Floats, v: Floats, n: Floats) -> Floats:
    """Dark back, light belly, and the pattern over them: ``(h, w, 3)``."""
    flank = np.broadcast_to(np.asarray(color(colors.flank), np.float32), (*n.shape, 3))
    skin = Skin(flank, u, v, n, colors)
    skin.mix(colors.back, soft(n + 0.35, 0.9))
    skin.mix(colors.belly, soft(0.45 - n, 0.8))
    _PATTERNS[pattern](skin)
    return skin.rgb


def _lines(s: Skin) -> None:
    for k in range(5):
        s.mix(s.colors.mark, 0.75 * s.line(-0.7 + 0.32 * k, 0.05))
    s.mix(s.colors.mark2, 0.85 * soft(np.hypot((s.u - 0.6) / 0.055, (s.n + 0.3) / 0.28) - 1, 0.3))


def _silver(s: Skin) -> None:
    s.mix(s.colors.mark, 0.6 * s.line(-0.05, 0.03))
    s.mix(s.colors.mark, 0.25 * soft(np.sin(s.u * 42) + 0.4, 1.2) * soft(s.n + 0.1, 0.5))
    s.mix(s.colors.mark2, 0.7 * soft(0.74 - s.u, 0.1) * soft(abs(s.n) - 0.7, 0.3))


def _spots(s: Skin) -> None:
    grain = s.grain()
    s.mix(
        s.colors.mark,
        0.45 * soft(-grain + 0.3, 0.8) + 0.35 * soft(np.sin(s.u * 24 + 1) - 0.1, 1) * soft(s.n, 1),
    )
    cells = np.sin(s.u * 62 + 1.5 * grain) * np.sin(s.v * 62 + 1.2 * grain + 0.5 * s.u)
    s.mix(s.colors.mark2, 0.8 * soft(0.6 - cells, 0.25))


def _stripes(s: Skin) -> None:
    s.mix(s.colors.mark, 0.85 * s.line(-0.42, 0.12))
    s.mix(s.colors.mark2, 0.8 * s.line(0.0, 0.13))
    s.mix(s.colors.mark, 0.6 * s.line(0.42, 0.09))
    s.mix(s.colors.mark, 0.8 * soft(s.u - 0.22, 0.06) * soft(0.6 - abs(np.sin(s.u * 38 + s.n * 5)), 0.3))


def _bands(s: Skin) -> None:
    s.mix(s.colors.mark, 0.95 * s.band(0.185, 0.025, 0.05))
    for k in range(5):
        s.mix(s.colors.mark, 0.35 * s.band(0.33 + 0.07 * k, 0.008, 0.04) * soft(abs(s.n) - 0.8, 0.2))
    s.mix(s.colors.mark2, 0.6 * soft(0.62 - s.u, 0.12) * soft(abs(s.n) - 2, 1))
    s.mix(s.colors.mark, 0.95 * s.band(0.75, 0.022))


def _palette(s: Skin) -> None:
    sweep = soft(abs(s.n + 0.35 - 0.8 * (s.u - 0.45) ** 2) - 0.3, 0.2)
    sweep = sweep * soft(0.2 - s.u, 0.08) * soft(s.u - 0.82, 0.1)
    hole = soft(np.hypot((s.u - 0.42) / 0.11, (s.n + 0.15) / 0.24) - 1, 0.3)
    s.mix(s.colors.mark, 0.85 * sweep * (1 - hole))
    s.mix(s.colors.mark2, soft(0.78 - s.u, 0.05) * soft(abs(s.n) - 2, 1))


def _clown(s: Skin) -> None:
    for center, width, slant in ((0.235, 0.032, -0.03), (0.49, 0.04, 0.05), (0.745, 0.025, 0.0)):
        s.mix(s.colors.mark2, 0.9 * s.band(center, width + 0.014, slant))
        s.mix(s.colors.mark, s.band(center, width, slant))


def _saddles(s: Skin) -> None:
    s.mix(s.colors.mark, 0.7 * soft(np.sin(s.u * 70 + 1.5 * s.n), 0.8) * soft(s.n + 0.25, 0.3))
    s.mix(s.colors.mark2, 0.5 * s.line(0.05, 0.1))


_PATTERNS: dict[str, Callable[[Skin], None]] = {
    "lines": _lines,
    "silver": _silver,
    "spots": _spots,
    "stripes": _stripes,
    "bands": _bands,
    "palette": _palette,
    "clown": _clown,
    "saddles": _saddles,
}


def _shade(rgb: Floats, u: Floats, n: Floats) -> Floats:
    """Round the flank: light from above, a sheen on the upper side, a net of scales, the gill's edge."""
    roundness = np.sqrt(np.clip(1 - n * n, 0, 1))
    scales = np.sin(u * 150 + n * 12) * np.sin(u * 150 - n * 12)
    light = 0.6 + 0.42 * roundness - 0.1 * n + 0.035 * scales * soft(0.27 - u, 0.06)
    light = light - 0.16 * soft(abs(u - 0.255 + 0.05 * n * n) - 0.003, 0.022) * soft(abs(n) - 0.75, 0.3)
    sheen = 0.2 * np.exp(-(((n + 0.42) / 0.2) ** 2)) * roundness
    return np.asarray(rgb * light[..., None] + sheen[..., None], np.float32)


def _paint_face(canvas: Canvas, species: Species, morph: Morph, body: Floats) -> None:
    """The pectoral fin, the eye and the mouth."""
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
    mouth = abs(v - 0.03 - species.top[0][1] - 0.35 * u) - 0.003
    canvas.lay(color("30262a"), 0.55 * soft(mouth, 0.008) * soft(u - 0.055, 0.02) * body)
