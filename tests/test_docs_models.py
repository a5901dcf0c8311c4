"""docs/models.md: the model it shows how to write works as written."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl

PAGE = Path(__file__).resolve().parents[1] / "docs" / "models.md"


@pytest.fixture
def ds(tmp_path):
    """Four dark images with two bright squares each; all but the last are labeled."""
    ds = nl.create(tmp_path / "stars.nbal", ["star"], image_root=tmp_path)
    masks = []
    for i in range(4):
        first, second = np.zeros((2, 24, 32), bool)
        first[2 + i : 8 + i, 3:9] = True
        second[12:18, 20 : 26 + i] = True
        pixels = np.full((24, 32, 3), 20, np.uint8)
        pixels[first | second] = 200 + i
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
        masks.append([first, second])
    ds.add_images(pd.DataFrame({"file": [f"{i}.png" for i in range(4)], "width": 32, "height": 24}))
    ids = ds.images.index
    rows = {"image_id": np.repeat(ids[:3], 2), "mask": [m for pair in masks[:3] for m in pair]}
    ds.add_instances(pd.DataFrame({**rows, "label": "star"}))
    ds.images["state"] = ["complete"] * 3 + ["unlabeled"]
    ds.commit("stars")
    yield ds
    ds.close()


def test_the_model_of_the_page_goes_through_the_loop(ds) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    (code,) = [block for block in blocks if "class Bright" in block]
    names: dict = {}
    exec(compile(code, str(PAGE), "exec"), names)  # noqa: S102  # our own page
    model = names["Bright"]()
    assert isinstance(model, nl.Model)
    assert model.train(ds, seed=1).n_images == 3
    run = model.predict(ds)
    assert len(run.predictions) == 8
    assert run.predictions["matched"].sum() == 6
    assert run.metrics.map50 == pytest.approx(1)
    assert nl.embed(run, model).instance.shape == (8, 3)
    assert model.embed(ds).instance_ids.tolist() == ds.instances.index.tolist()
    new = run.predictions[run.predictions["image_id"] == ds.images.index[3]]
    ds.accept(new)
    assert len(ds.instances) == 8
    ds.revert(run)
    assert len(ds.instances) == 6


def test_the_page_names_only_what_there_is() -> None:
    named = set(re.findall(r"\bnl\.([A-Za-z_]+)", PAGE.read_text(encoding="utf-8")))
    assert named <= set(nl.__all__)
