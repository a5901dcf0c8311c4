"""One task in the hands of an annotator."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

STEPS = ("label", "review", "rework")


@dataclass(frozen=True)
class Task:
    """A task as it was handed out.

    Attributes:
        job: number of what was handed out; an answer names it.
        task: number of the task.
        step: "label", "review" or "rework".
        image_id: the image.
        row_id: the row of images, instances or predictions.
        version: the version of the dataset that the work begins from.
        until: end of the lease, seconds since 1970.
        proposed: the prediction, for a queue of predictions.
        content: the answer to review or to rework; None for a new task.
        author: whose answer it is; "" for a new task.
        comment: what the reviewer wrote.
        place: what the comment is about: ``{"x": ..., "y": ...}``, pixels; None for the whole image.
    """

    job: int
    task: int
    step: str
    image_id: int
    row_id: int
    version: str
    until: float
    proposed: dict[str, Any] | None = None
    content: dict[str, Any] | None = None
    author: str = ""
    comment: str = ""
    place: dict[str, float] | None = field(default=None)
