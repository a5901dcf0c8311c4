"""Labels at a level of their hierarchy: 0 is the coarsest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import DataError
from .ontology import Ontology


@dataclass(frozen=True)
class Level:
    """What the labels of a dataset are at a level.

    Attributes:
        labels: the labels at the level, in the order of the label list.
        known: label of the dataset -> its label at the level: its parent there, or itself if it has that
            level, or if it is coarser and no label is below it.
        unknown: label of the dataset that is coarser than the level -> the labels at the level that are below
            it. An instance that has it is one of these, or another that has no label.
    """

    labels: tuple[str, ...]
    known: Mapping[str, str]
    unknown: Mapping[str, tuple[str, ...]]


def level_of(ontology: Ontology, labels: tuple[str, ...], level: int) -> Level:
    """The labels of a dataset at a level.

    Args:
        ontology: the parents of labels.
        labels: the label list.
        level: how many parents a label has there; 0 is the coarsest.

    Raises:
        DataError: the level is no whole number >= 0.

    Example:
        >>> from .definition import Definition
        >>> parents = {"cod": Definition(parent="gadidae"), "gadidae": Definition(parent="fish")}
        >>> level_of(Ontology(parents), ("cod", "gadidae", "rock"), 1).known
        {'cod': 'gadidae', 'gadidae': 'gadidae', 'rock': 'rock'}
        >>> level_of(Ontology(parents), ("cod", "gadidae", "rock"), 2).unknown
        {'gadidae': ('cod',)}
    """
    if type(level) is not int or level < 0:
        raise DataError(f"level must be a whole number >= 0, 0 for the coarsest labels; got {level!r}")
    paths = {label: ontology.path(label) for label in labels}
    above = {name for path in paths.values() for name in path[:-1]}
    known = {
        label: path[level] if len(path) > level else label
        for label, path in paths.items()
        if len(path) > level or label not in above
    }
    unknown = {
        label: tuple(dict.fromkeys(known[one] for one in known if label in paths[one][:-1]))
        for label in labels
        if label not in known
    }
    return Level(tuple(dict.fromkeys(known.values())), known, unknown)
