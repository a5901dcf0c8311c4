"""A training before its first step: what it starts from, learns from and is asked to do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..training.examples import Parting
from ..training.schedule import Schedule
from .origin import Origin


@dataclass(frozen=True)
class Prepared:
    """What both a training and a look at its batches begin with.

    Attributes:
        origin: weights to start from.
        labels: the labels, in order.
        parts: the examples to learn from, and those to measure on after each period.
        schedule: length and rates, updated during the training.
        arguments: ultralytics' training arguments.
    """

    origin: Origin
    labels: tuple[str, ...]
    parts: Parting
    schedule: Schedule
    arguments: Mapping[str, Any]
