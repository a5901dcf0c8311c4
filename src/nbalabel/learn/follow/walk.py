"""Carry all masks of a sequence together: once towards later images, once towards earlier ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from collections.abc import Sequence as Several
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from .barriers import Barriers
from .flows import Flows, Pair
from .sequences import Sequence
from .track import Track


@dataclass(frozen=True, eq=False)
class Start:
    """An instance to carry.

    Attributes:
        parent: its id.
        label: its label.
        place: position of its image in the sequence.
        mask: run lengths.
        reach: the first and the last place it is carried to.
    """

    parent: int
    label: str
    place: int
    mask: bytes
    reach: tuple[int, int]


@dataclass
class Carried:
    """What was found, row by row, and why tracks ended.

    Attributes:
        rows: image_id, label, mask, score, parent, distance.
        ended: number of tracks by reason.
        failed: images that could not be read, and why.
    """

    rows: list[tuple[int, str, bytes, float, int, int]] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)
    failed: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Course:
    """All that a walk along one sequence needs.

    Attributes:
        sequence: the images.
        starts: the instances to carry.
        barriers: where tracks end.
        chosen: ids of the images that predictions are wanted on; None: all.
        least: score below which a track ends, 0..1.
    """

    sequence: Sequence
    starts: Several[Start]
    barriers: Barriers
    chosen: set[int] | None
    least: float


def walk(course: Course, flows: Flows, found: Carried, bar: Any) -> None:
    """Carry the masks of a sequence; what is found stays in ``found`` also when this is interrupted.

    Args:
        course: the sequence, the starts and where they end.
        flows: flow between its images.
        found: takes the rows.
        bar: progress, advanced by one for each image and direction.
    """
    try:
        for later in (True, False):
            active: list[tuple[Start, Track]] = []
            for place in _places(len(course.sequence), later=later):
                active += _starting(course, place, later=later)
                if active:
                    active = _step(course, flows, found, active, place, later=later)
                bar.update(1)
    finally:
        found.failed |= flows.failed


def _places(n: int, *, later: bool) -> range:
    return range(n) if later else range(n - 1, -1, -1)


def _starting(course: Course, place: int, *, later: bool) -> Iterator[tuple[Start, Track]]:
    height, width = course.sequence.sizes[place].tolist()
    for start in course.starts:
        if start.place == place and start.reach[later] != place:
            yield start, Track.starting(start.mask, height, width)


def _step(
    course: Course,
    flows: Flows,
    found: Carried,
    active: list[tuple[Start, Track]],
    place: int,
    *,
    later: bool,
) -> list[tuple[Start, Track]]:
    """Carry the tracks from one image to the next; returns those that go on from there."""
    going = [(start, track) for start, track in active if start.reach[later] != place]
    if len(going) < len(active):
        found.ended["end"] += len(active) - len(going)
    if not going:
        return []
    there = place + 1 if later else place - 1
    first = min(place, there)
    image_id = int(course.sequence.image_ids[there])
    why, pair = "", None
    if not course.sequence.joined[first]:
        why = "gap"
    elif course.barriers.closed(image_id):
        why = "barrier"
    else:
        pair = flows.between(first, keep=later and _returns(course.starts, first))
        why = "" if pair else "unreadable"
    if pair is None:
        found.ended[why] += len(going)
        return []
    return _carry(course, found, going, pair, there, later=later)


def _returns(starts: Several[Start], first: int) -> bool:
    """Whether a track towards earlier images may pass between this image and the next."""
    return any(start.reach[False] <= first < start.place for start in starts)


def _carry(
    course: Course,
    found: Carried,
    going: list[tuple[Start, Track]],
    pair: Pair,
    there: int,
    *,
    later: bool,
) -> list[tuple[Start, Track]]:
    height, width = course.sequence.sizes[there].tolist()
    image_id = int(course.sequence.image_ids[there])
    kept = []
    for start, track in going:
        moved = track.moved(*pair.toward(later=later), height, width)
        mask = moved.mask
        if not mask.pixels.any():
            why = "left"
        elif moved.score < course.least:
            why = "score"
        else:
            why = course.barriers.ended(image_id, start.label, mask, height, width)
        if why:
            found.ended[why] += 1
            continue
        kept.append((start, moved))
        if course.chosen is None or image_id in course.chosen:
            row = mask.encoded(height, width), moved.score, start.parent, there - start.place
            found.rows.append((image_id, start.label, *row))
    return kept


def reach(
    place: int, sequence: Sequence, frames: int | npt.NDArray[np.int64] | None, direction: str
) -> tuple[int, int]:
    """The first and the last place that a mask of one image is carried to.

    Args:
        place: position of its image.
        sequence: the images.
        frames: most images before and after; or ids of the images wanted; None: all.
        direction: "both", "forward" or "backward".
    """
    last = len(sequence) - 1
    if frames is None:
        low, high = 0, last
    elif isinstance(frames, int):
        low, high = max(place - frames, 0), min(place + frames, last)
    else:
        wanted = [sequence.places[i] for i in frames.tolist() if i in sequence.places]
        low, high = min([place, *wanted]), max([place, *wanted])
    return (place if direction == "forward" else low), (place if direction == "backward" else high)
