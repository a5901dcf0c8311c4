"""The kinds of work that a plan knows, and how long each is assumed to take until it was measured."""

from __future__ import annotations

from dataclasses import dataclass

VERIFY = "verify clusters"
REVIEW = "review one by one"
CORRECT = "correct outlines"
DRAW = "draw what is missing"
EMPTY = "check empty images"
COMPLETE = "check complete images"


@dataclass(frozen=True)
class Kind:
    """One kind of work.

    Attributes:
        name: as in the table of a plan.
        each: what one step of it is about: an answer, a mask or an image.
        unit: what is gained.
        of: table of its rows, "predictions" or "images".
        seconds: assumed per step where nothing was measured.
        view: where it is done: "verify", "review", "edit" or "look".
    """

    name: str
    each: str
    unit: str
    of: str
    seconds: float
    view: str


KINDS = {
    kind.name: kind
    for kind in (
        Kind(VERIFY, "answer", "right masks", "predictions", 2.0, "verify"),
        Kind(REVIEW, "answer", "right masks", "predictions", 4.0, "review"),
        Kind(CORRECT, "outline", "right masks", "predictions", 15.0, "edit"),
        Kind(DRAW, "mask", "right masks", "images", 25.0, "edit"),
        Kind(EMPTY, "image", "images", "images", 3.0, "look"),
        Kind(COMPLETE, "image", "images", "images", 5.0, "look"),
    )
}
"""By name. The seconds are assumptions, not measurements: a plan says so, and how many were measured."""

LOOK = 5.0
"""Seconds to look over an image for what is missing, assumed; each image costs them before anything is
drawn."""
