"""Suspicions in a review: the likeliest errors first, ranked anew after each answer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.widgets.review import ranking

pytest.importorskip("sklearn")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("suspects")


@pytest.fixture(scope="module")
def known(folder: Path) -> Any:
    """A dataset that lacks every fourth label, a run and its suspects; opened anew by each test."""
    with nl.demo.reef(folder / "reef.nbal", n_images=60, n_labeled=56, n_test=0, size=96) as ds:
        complete = ds.images.index[(ds.images["state"] == "complete").to_numpy()]
        ds.remove(ds.instances.index[::4])
        ds.mark_complete(complete)
        ds.commit("three of four")
        run = nl.demo.simulated_run(ds)
        yield ds, run, nl.suspects(ds, run)


def test_each_answer_ranks_the_rest_anew(known: Any, browser: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranking, "_SHARE", 0.0)
    ds, _, found = known
    review = nl.Review(ds, found, annotator="anna")
    ids = review.left.index
    assert ids.tolist() == found.instances().index.tolist()  # those verified before, too
    ask = browser(review)
    _, buffers = ask("items")
    assert np.frombuffer(buffers[0], np.float64).tolist() == ids.tolist()
    assert np.frombuffer(buffers[4], np.int32).tolist() == list(range(len(ids)))
    facts = {name: value for name, value, _ in ask("item", item_id=int(ids[0]))[0]["facts"]}
    first = found.table[found.table["instance_id"].notna()].iloc[0]
    assert facts["chance"] == pytest.approx(first["score"])
    assert facts["suspicion"].startswith(str(first["kind"]))

    for item in ids[:2]:
        ask("answer", item_id=int(item), what="reject")
    ask("answer", item_id=int(ids[2]), what="accept")
    order = np.frombuffer(ask("states")[1][2], np.int32)
    wanted = found.updated(review).instances().index.drop(ids[2])
    left = review.left.index
    assert left.tolist() == wanted.tolist() != ids[3:].tolist()
    assert ids[order][ids[order].isin(left)].tolist() == left.tolist()
    assert set(ids[order][-2:]) == set(ids[:2])  # settled: nothing is suspected of them any more
    assert review.suspects.answers.sort_values().tolist()[-2:] == [True, True]

    again = nl.Review(ds, review.suspects)
    assert again.left.index.tolist() == left.tolist()  # what was answered right is not asked again
    again.close()
    ask("take_back", item_id=int(ids[2]))
    ask("states")
    assert ids[2] not in review.suspects.table.loc[review.suspects.answers.index, "instance_id"].tolist()
    ds.undo()
    ds.undo()
    review.close()


def test_a_ranking_that_takes_long_is_not_made_after_every_answer(
    known: Any, browser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranking, "_SHARE", 1e9)
    ds, _, found = known
    review = nl.Review(ds, found)
    ask = browser(review)
    ask("states")
    first, second = (int(i) for i in review.left.index[:2])
    ask("answer", item_id=first, what="accept")
    ask("states")
    ask("answer", item_id=second, what="accept")
    ask("states")
    assert len(review.suspects.answers) == 0
    review.close()


def test_what_is_missing_is_asked_about_the_likeliest_first(known: Any, browser: Any) -> None:
    ds, run, found = known
    review = nl.Review(nl.Workspace(ds, run), found, of="predictions")
    missing = found.predictions().index
    assert review.left.index.tolist() == missing.tolist() != []
    facts = {name: value for name, value, _ in browser(review)("item", item_id=int(missing[0]))[0]["facts"]}
    assert facts["suspicion"] == "missing"
    review.ask(found.instances().head(3))
    assert review.suspects is None
    assert len(browser(review)("items")[1]) == 4  # without an order
    with pytest.raises(DataError, match="order of their own"):
        nl.Review(ds, found, order="score")
    review.close()
