"""What was handed out, kept in the dataset: ``deliveries/<id>/``, written once and never changed.

``sent.json`` is a COCO file of the masks as the package holds them; ``order.json`` is written after it, and
holds everything else, honeypots included.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import CorruptError
from ..disk.atomic import listed
from ..disk.checked_json import read_checked, write_checked
from ..disk.errors import writing
from ..formats.coco.read import read_coco
from ..formats.coco.write import write_coco
from ..tables.tables import Tables

FOLDER = "deliveries"
_SCHEMA = 1
_ADVICE = "copy it from a backup; without it a package that comes back cannot be compared"


@dataclass(frozen=True)
class Order:
    """What was handed out.

    Attributes:
        id: name of the package.
        to: its format.
        made: when, UTC, ISO 8601.
        version: version of the dataset.
        hashes: image id -> SHA-256 of the picture.
        prints: instance id -> print of the instance as it was in the dataset.
        honeypots: ids of images whose truth is known.
        asked: instance id -> what was done to it in the package ("gone", "moved", "renamed", "blank").
    """

    id: str
    to: str
    made: str
    version: str
    hashes: Mapping[int, str]
    prints: Mapping[int, int]
    honeypots: tuple[int, ...]
    asked: Mapping[int, str]


def write_order(folder: Path, order: Order, sent: Tables) -> None:
    """Keep what was handed out in a dataset folder.

    Raises:
        StorageError: the folder cannot be written.
    """
    home = folder / FOLDER / order.id
    with writing(home):
        home.mkdir(parents=True)
        write_coco(sent, home / "sent.json")
    facts: dict[str, Any] = {"schema": _SCHEMA, **vars(order), "honeypots": list(order.honeypots)}
    for name in ("hashes", "prints", "asked"):
        facts[name] = {str(key): value for key, value in facts[name].items()}
    write_checked(home / "order.json", facts)


def read_orders(folder: Path) -> list[Order]:
    """All orders of a dataset folder, oldest first.

    Raises:
        CorruptError: a file is damaged.
    """
    home = folder / FOLDER
    found = [_order(path) for path in listed(home, "*/order.json")] if home.is_dir() else []
    return sorted(found, key=lambda order: (order.made, order.id))


def read_sent(folder: Path, order: Order) -> Tables:
    """The images and masks of an order, with the ids of the dataset."""
    return read_coco(folder / FOLDER / order.id / "sent.json")


def _order(path: Path) -> Order:
    facts = read_checked(path, schema=_SCHEMA, advice=_ADVICE)
    try:
        texts = {name: str(facts[name]) for name in ("id", "to", "made", "version")}
        hashes = {int(key): str(value) for key, value in facts["hashes"].items()}
        prints = {int(key): int(value) for key, value in facts["prints"].items()}
        asked = {int(key): str(value) for key, value in facts["asked"].items()}
        pots = tuple(np.array(facts["honeypots"], np.int64).tolist())
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CorruptError(f"{path} holds no order ({error!r}): {_ADVICE}") from error
    if texts["id"] != path.parent.name:
        raise CorruptError(f"{path} is of the order {texts['id']!r}, not of its folder: {_ADVICE}")
    return Order(**texts, hashes=hashes, prints=prints, honeypots=pots, asked=asked)
