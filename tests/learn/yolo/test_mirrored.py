"""A prediction may look at mirrored images, too: the same objects, their masks averaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbalabel.learn.yolo import predictor
from nbalabel.learn.yolo.mirrored import again

torch = pytest.importorskip("torch")
pytest.importorskip("ultralytics")


def test_what_a_symmetric_network_finds_stays_the_same(model: Any, shapes: Callable[..., Any]) -> None:
    tables = shapes(4, height=64, width=48)
    one, more = (model.predict(tables, imgsz=64, flips=flips).predictions for flips in (False, True))
    assert len(one) == len(tables.instances)
    for column in ("image_id", "label", "score", "mask"):
        assert one[column].tolist() == more[column].tolist()


def test_masks_are_averaged_where_the_object_is_found_again(
    model: Any, shapes: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def against(there: bool) -> Callable[..., Any]:
        return lambda rows, *_, **__: (rows[:, :4], -2 * rows[:, 6:], torch.full((len(rows),), there))

    tables = shapes(2)
    monkeypatch.setattr(predictor, "again", against(there=False))
    assert len(model.predict(tables, imgsz=64, flips=True).predictions) == len(tables.instances)
    monkeypatch.setattr(predictor, "again", against(there=True))
    one, more = (model.predict(tables, imgsz=64, flips=flips).predictions for flips in (False, True))
    assert (more["area"] != one["area"]).all()  # such masks turn inside out


def test_flips_are_an_argument_of_the_run_and_of_its_parts(
    model: Any, shapes: Callable[..., Any], tmp_path: Path
) -> None:
    run = model.predict(shapes(1), imgsz=64, flips=True, folder=tmp_path / "run")
    assert run.arguments["flips"] is True
    assert "flips" not in model.predict(shapes(1), imgsz=64).arguments


@pytest.mark.parametrize("axis", [2, 3])
@pytest.mark.parametrize("end2end", [False, True])
def test_the_same_object_is_found_again_where_the_mirror_shows_it(axis: int, end2end: bool) -> None:
    rows = torch.tensor([[10.0, 20, 30, 50, 0.9, 1, 0, 0], [70, 70, 90, 90, 0.8, 0, 0, 0]])
    box = torch.tensor([70.0, 20, 90, 50]) if axis == 3 else torch.tensor([10.0, 50, 30, 80])
    coefficients = torch.tensor([[3.0, 4.0], [5.0, 6.0], [7.0, 8.0]])
    wide = box + torch.tensor([-4.0, -4, 4, 4])
    shown = torch.stack([wide, box, box])
    scores = torch.tensor([[0.0, 0.9], [0.1, 0.7], [0.9, 0.05]])  # of labels 0 and 1
    if end2end:
        best, label = scores.max(dim=1)
        outputs = torch.cat([shown, best[:, None], label[:, None].float(), coefficients], dim=1)
    else:
        middle, size = (shown[:, :2] + shown[:, 2:]) / 2, shown[:, 2:] - shown[:, :2]
        outputs = torch.cat([middle, size, scores, coefficients], dim=1).T
    boxes, found, there = again(rows, outputs, axis, 100, 2, end2end=end2end)
    assert there.tolist() == [True, False]
    assert found[0].tolist() == [5.0, 6.0]
    assert boxes[0].tolist() == rows[0, :4].tolist()
    assert again(rows[:0], outputs, axis, 100, 2, end2end=end2end)[2].shape == (0,)
    assert np.isfinite(found.numpy()).all()
