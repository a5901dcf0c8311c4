"""Queues in each database, on small datasets."""

import secrets
from collections.abc import Callable, Iterator

import pandas as pd
import pytest

from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.queue.queue import Queue
from nbalabel.data.tables.tables import Tables


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest) -> str | None:
    """Where the queues of a test are kept."""
    return None if request.param == "sqlite" else request.getfixturevalue("postgres")


@pytest.fixture
def team(tmp_path, mask) -> Iterator[Dataset]:
    """Ten images without labels; two with instances."""
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(12)], "width": 32, "height": 32})
    images["state"] = ["unlabeled"] * 10 + ["complete"] * 2
    instances = pd.DataFrame(
        {"image_id": [10, 10, 11], "label": ["cod", "ling", "cod"], "mask": [mask(0), mask(20), mask(10)]}
    )
    dataset = Tables.of(images, instances, ["cod", "ling"]).save(tmp_path / "team.nbal")
    yield dataset
    dataset.close()


@pytest.fixture
def queue(team: Dataset, url: str | None) -> Iterator[Callable[..., Queue]]:
    """Makes queues of the ten images, or of other rows, with a clock that tests set."""
    made: list[Queue] = []

    def make(rows: object = None, **options: object) -> Queue:
        rows = team.images.query("state == 'unlabeled'") if rows is None else rows
        q = Queue(team, rows, **{"name": f"q-{secrets.token_hex(4)}", "url": url, **options})
        made.append(q)
        return q

    yield make
    for q in made:
        q.close()


def drawn(*rows: tuple[str, bytes], state: str = "complete") -> dict:
    """An answer with new instances."""
    cells = {"status": "accepted", "source": "human", "crowd": False, "score": None}
    return {
        "state": state,
        "weight": 1.0,
        "instances": [
            {"id": 100 + i, "label": label, "mask": mask.decode(), **cells}
            for i, (label, mask) in enumerate(rows)
        ],
        "regions": [],
    }
