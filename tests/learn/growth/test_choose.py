from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.tables.schema import conform, empty
from nbalabel.learn.embed.pooling import Embeddings


def scene(
    places: list[tuple[float, float]], labeled: list[int], scores: dict[int, float] | None = None
) -> tuple[Any, nl.Run]:
    """Images whose embeddings are points of a plane; one prediction on each."""
    n = len(places)
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(n)], "width": 8, "height": 8})
    images["state"] = ["complete" if i in labeled else "unlabeled" for i in range(n)]
    images["habitat"] = ["reef" if x > 0 else "sand" for x, _ in places]
    tables = nl.Tables.of(images, empty("instances", ("cod",)), ["cod"])
    predictions = pd.DataFrame(
        {
            "image_id": range(n),
            "label": "cod",
            "mask": b"0",
            "x": 0.0,
            "y": 0.0,
            "w": 0.0,
            "h": 0.0,
            "area": 0,
            "score": [(scores or {}).get(i, 0.5) for i in range(n)],
        }
    )
    ids, points = np.arange(n), np.array(places, np.float32)
    run = nl.Run(
        "predict-1",
        "predict",
        labels=("cod",),
        predictions=conform(predictions, "predictions", ("cod",)),
        embeddings=Embeddings(ids, points, np.zeros(0, np.int64), np.zeros((0, 2), np.float32)),
        predicted_ids=ids,
    )
    return tables, run


EAST, WEST, NORTH = (
    [(9.0, 0.1 * i) for i in range(6)],
    [(-9.0, 0.1 * i) for i in range(6)],
    [(0.3, 9.0), (0.4, 9.1)],
)


def test_images_unlike_the_labeled_ones_come_first() -> None:
    tables, run = scene(EAST + WEST, labeled=[0])
    assert nl.choose(tables, run, 1, at_random=0).index[0] >= 6


def test_each_pick_adds_what_those_before_do_not_cover() -> None:
    tables, run = scene(EAST + WEST + NORTH, labeled=[0])
    chosen = nl.choose(tables, run, 2, at_random=0)
    assert {int(i) // 6 for i in chosen.index} == {1, 2}
    assert chosen["gain"].is_monotonic_decreasing


def test_of_images_alike_the_one_the_model_is_unsure_of_comes_first() -> None:
    tables, run = scene([(9, 0), (-9, 0), (-9, 0), (-9, 0)], labeled=[0], scores={1: 0.99, 2: 0.5, 3: 0.01})
    assert nl.choose(tables, run, 1, at_random=0).index[0] == 2


def test_groups_take_turns() -> None:
    tables, run = scene(EAST + WEST * 3, labeled=[0])
    chosen = nl.choose(tables, run, 6, by="habitat", at_random=0)
    assert chosen["habitat"].value_counts().to_dict() == {"reef": 3, "sand": 3}


def test_a_share_is_drawn_at_random_whatever_the_scores() -> None:
    tables, run = scene(EAST + WEST + NORTH, labeled=[0])
    chosen = nl.choose(tables, run, 10, at_random=0.3)
    assert (chosen["why"] == "random").sum() == 3
    sure, _ = scene(EAST + WEST + NORTH, labeled=[0])
    run.predictions["score"] = np.float32(0.99)
    again = nl.choose(sure, run, 10, at_random=0.3)
    assert chosen.index[chosen["why"] == "random"].tolist() == again.index[again["why"] == "random"].tolist()


def test_labeled_images_and_test_images_are_never_chosen() -> None:
    tables, run = scene(EAST + WEST, labeled=[0, 7])
    tables.images.loc[[1, 2], "split"] = "test"
    chosen = nl.choose(tables, run, 100)
    assert sorted(chosen.index) == [3, 4, 5, 6, 8, 9, 10, 11]


def test_nothing_is_chosen_where_nothing_is_open() -> None:
    tables, run = scene(EAST, labeled=list(range(6)))
    assert len(nl.choose(tables, run, 3)) == 0


def test_wrong_arguments_are_named() -> None:
    tables, run = scene(EAST, labeled=[0])
    with pytest.raises(DataError, match="n must be at least 1, got 0"):
        nl.choose(tables, run, 0)
    with pytest.raises(DataError, match="share from 0 to 1, got 3"):
        nl.choose(tables, run, 2, at_random=3)
    with pytest.raises(UnknownNameError, match="no column 'depth'"):
        nl.choose(tables, run, 2, by="depth")
    run = replace(run, embeddings=Embeddings.none())
    with pytest.raises(DataError, match="embed=True"):
        nl.choose(tables, run, 2)


def test_chosen_images_can_be_put_in_focus(tmp_path: Any) -> None:
    ds = nl.demo.reef(tmp_path / "reef.nbal", n_images=24, n_labeled=6, n_test=4, size=96)
    run = nl.demo.simulated_run(ds)
    ws = nl.Workspace(ds, run)
    chosen = nl.choose(ds, run, 5, by="habitat")
    ws.select(chosen, title="next")
    assert sorted(ws.selected.index) == sorted(chosen.index)
    ds.close()
