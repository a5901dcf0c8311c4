"""Tasks for workers, which import them by name."""

import os
import time
from pathlib import Path
from typing import Any

import pandas as pd

from nbalabel.core.errors import DataError
from nbalabel.engine.shards import Shard


def square(number: int, argument: int) -> int:
    return argument * argument


def dies_once(number: int, folder: Path) -> int:
    """Ends its process the first time that number 3 is asked for."""
    mark = folder / "died"
    if number == 3 and not mark.exists():
        mark.touch()
        os._exit(9)
    (folder / f"{number}.done").touch()
    return number


def dies(number: int, folder: Path) -> int:
    """Ends its process whenever number 1 is asked for."""
    if number == 1:
        os._exit(9)
    (folder / f"{number}.done").touch()
    return number


def complains(number: int, argument: int) -> int:
    raise DataError(f"number {number} is none")


def waits(number: int, folder: Path) -> int:
    (folder / f"{os.getpid()}.pid").touch()
    time.sleep(60)
    return number


def threads(number: int, argument: int) -> str:
    return os.environ["OMP_NUM_THREADS"]


def allowed(number: int, argument: int) -> tuple[str, ...]:
    from nbalabel.data.images.remote.places import allow_images_from

    return allow_images_from()


class Doubling:
    """A step that doubles numbers, except for 3."""

    def __init__(self) -> None:
        self.made: list[int] = []

    def open(self) -> str:
        return "opened"

    def make(self, held: str, argument: Any, tell: Any) -> Shard:
        assert held == "opened"
        self.made += argument.tolist()
        good = argument[argument != 3]
        failed = {} if len(good) == len(argument) else {3: "3 cannot be doubled"}
        tell(len(argument))
        return Shard(pd.DataFrame({"value": 2 * good}), {"ids": good}, failed)
