"""The time a person takes to answer, and to draw a mask."""

from __future__ import annotations

SECONDS_PER_ANSWER = 2.0
"""One yes / no answer. Source: Papadopoulos, Weber & Torralba, ICCV 2021."""

SECONDS_PER_MASK = 80.0
"""One mask drawn by hand: about the 79.2 s of COCO's polygons. Source: Lin et al., "Microsoft COCO", ECCV
2014, as used by Papadopoulos, Weber & Torralba, ICCV 2021."""


def seconds_answering(n_answers: int) -> float:
    """Seconds that ``n_answers`` yes / no answers take.

    Example:
        >>> seconds_answering(15)
        30.0
    """
    return n_answers * SECONDS_PER_ANSWER


def seconds_drawing(n_masks: int) -> float:
    """Seconds that drawing ``n_masks`` masks takes: the baseline "manual", which asks nothing.

    Example:
        >>> seconds_drawing(45) / 3600
        1.0
    """
    return n_masks * SECONDS_PER_MASK
