import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nbalabel.core.errors import ModelError
from nbalabel.learn.training import examples
from nbalabel.learn.training.limits import Limits, limited
from nbalabel.learn.training.parting import parting


def some(weights: list[float], empty: list[bool], partial: list[bool] | None = None) -> examples.Examples:
    n, path = len(weights), np.zeros((4, 2), np.float32)
    return examples.Examples(
        tables=None,  # type: ignore[arg-type]  # not looked at
        image_ids=np.arange(n),
        weights=np.array(weights),
        sizes=np.full((n, 2), 8),
        paths=[[] if bare else [path] for bare in empty],  # type: ignore[misc]
        classes=[np.zeros(0 if bare else 1, np.float32) for bare in empty],
        whole=np.ones(n, np.bool_) if partial is None else ~np.array(partial),
    )


rows = st.lists(st.tuples(st.floats(0.01, 100), st.booleans()), min_size=1, max_size=30)


@given(rows, st.floats(0.001, 1))
def test_empty_images_get_at_most_their_share_and_others_keep_their_weights(
    rows: list[tuple[float, bool]], share: float
) -> None:
    weights, empty = np.array([w for w, _ in rows]), np.array([e for _, e in rows])
    found = limited(some(weights.tolist(), empty.tolist()), Limits(share, 1)).weights
    assert found[~empty].tolist() == weights[~empty].tolist()
    if empty.any() and not empty.all():
        before = weights[empty].sum() / weights.sum()
        assert found[empty].sum() / found.sum() == pytest.approx(min(before, share))
        assert np.allclose(found[empty] / found[empty].sum(), weights[empty] / weights[empty].sum())
    else:
        assert found.tolist() == weights.tolist()


def test_a_share_of_nothing_leaves_them_out() -> None:
    found = limited(some([1, 1, 1], [True, False, True]), Limits(0, 1))
    assert found.image_ids.tolist() == [1]
    found = limited(some([1, 1, 1], [False] * 3, [True, False, True]), Limits(1, 0))
    assert found.image_ids.tolist() == [1]


kinds = st.lists(
    st.tuples(st.floats(0.5, 2), st.sampled_from(["complete", "partial", "empty"])), min_size=1, max_size=30
)


@given(kinds, st.floats(0.2, 1), st.floats(0.01, 1))
def test_partial_images_get_at_most_their_share_of_those_with_something_on_them(
    rows: list[tuple[float, str]], share: float, empty_share: float
) -> None:
    weights, kind = np.array([w for w, _ in rows]), np.array([k for _, k in rows])
    empty, partial, whole = (kind == k for k in ("empty", "partial", "complete"))
    found = limited(
        some(weights.tolist(), empty.tolist(), partial.tolist()), Limits(empty_share, share)
    ).weights
    assert found[whole].tolist() == weights[whole].tolist()
    if not whole.any():
        assert found[partial].tolist() == weights[partial].tolist()
    elif partial.any():
        lowest = weights[partial].sum() / 20  # then few complete images would be drawn all the time
        limit = max(share * weights[whole].sum() / (1 - share), lowest) if share < 1 else np.inf
        assert found[partial].sum() == pytest.approx(min(weights[partial].sum(), limit))
    if empty.any() and not empty.all():
        assert found[empty].sum() <= empty_share * found.sum() * (1 + 1e-9)


def emptied(shapes: Callable[..., Any]) -> Any:
    """Twenty images, twelve of them empty."""
    tables = shapes(20)
    tables.instances = tables.instances[tables.instances.image_id < 8]
    tables.images.loc[tables.images.index >= 8, "state"] = "empty"
    return tables


def test_both_parts_of_a_training_have_the_share(shapes: Callable[..., Any]) -> None:
    tables = emptied(shapes)
    parts = parting(tables, 64, "use", 0.2, is_open=True, seed=0, limits=Limits(0.25))
    assert len(parts.learn) < len(parts.all) == 20
    for part in (parts.learn, parts.all):
        empty = np.array([not paths for paths in part.paths])
        assert part.weights[empty].sum() / part.weights.sum() == pytest.approx(0.25)
    assert (parting(tables, 64, "use", 0.0, is_open=False, seed=0).all.weights == 1).all()


@pytest.mark.parametrize("name", ["empty", "partial"])
def test_a_share_that_is_none_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match=rf"{name}_share must be a share of the draws from 0 to 1, got 1\.5"):
        Limits(**{name: 1.5})


@pytest.fixture(params=["Yolo", "MaskRCNN"])
def share(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Callable[..., float]:
    """Of what a model would draw, the share of images from a given number on."""
    import nbalabel as nl

    monkeypatch.setenv("NBALABEL_OFFLINE", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = nl.Yolo("yolo11n-seg.yaml") if request.param == "Yolo" else nl.MaskRCNN("resnet18")

    def drawn(tables: Any, since: int, **arguments: Any) -> float:
        batches = model.batches(tables, imgsz=64, batch=4, steps=20, **arguments)
        ids = [i for _ in range(20) for some in next(batches).image_ids for i in np.atleast_1d(some)]
        return float(np.mean([i >= since for i in ids]))

    return drawn


def test_models_draw_empty_images_rarely_unless_told(
    share: Callable[..., float], shapes: Callable[..., Any]
) -> None:
    tables = emptied(shapes)
    assert share(tables, 8) < 0.3
    assert share(tables, 8, empty_share=1) > 0.4
    assert share(tables, 8, empty_share=0) == 0


def test_models_draw_partial_images_as_rarely_as_told(
    share: Callable[..., float], shapes: Callable[..., Any]
) -> None:
    tables = shapes(20)
    tables.images.loc[tables.images.index >= 4, "state"] = "partial"
    assert share(tables, 4) > 0.7
    assert 0.35 < share(tables, 4, partial_share=0.5) < 0.65
    assert share(tables, 4, partial_share=0) == 0
