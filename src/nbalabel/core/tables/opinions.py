"""What gives the opinions of several annotators: a queue, for those who compare them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Protocol, runtime_checkable

from .schema import LabeledImages


@runtime_checkable
class GivesOpinions(Protocol):
    """Something that has the opinions of several annotators, such as a Queue."""

    def opinions(self) -> Mapping[str, LabeledImages]:
        """Tables of each annotator, by name."""

    def looked(self) -> Mapping[str, Iterable[int]]:
        """Ids of the images that each annotator looked at, by name."""
