"""ds.rounds(): what each version brought."""

from typing import Any

import numpy as np
import pandas as pd

import nbalabel as nl


def square(x: int, y: int, n: int = 4) -> np.ndarray:
    pixels = np.zeros((16, 16), bool)
    pixels[y : y + n, x : x + n] = True
    return pixels


def rows_on(image: int, *places: tuple[int, int], label: str = "cod", source: str = "human") -> pd.DataFrame:
    masks = [square(x, y) for x, y in places]
    return pd.DataFrame({"image_id": image, "label": label, "mask": masks, "source": source})


def test_each_version_counts_what_it_added_removed_and_changed(tmp_path: Any) -> None:
    with nl.create(tmp_path / "a.nbal", labels=["cod", "ling"]) as ds:
        ds.add_images(pd.DataFrame({"file": ["a.png", "b.png", "c.png"], "width": 16, "height": 16}))
        a, b, c = (int(i) for i in ds.images.index)
        ds.add_instances(rows_on(a, (0, 0), (8, 8)))
        ds.add_instances(rows_on(b, (2, 2), source="imported"))
        ds.mark_complete([a])
        first = ds.commit("first", author="ana").id
        ids = ds.instances.index
        ds.instances.loc[ids[0], "label"] = "ling"
        ds.remove(ds.instances.loc[[ids[1]]])
        ds.add_instances(rows_on(b, (9, 9), (9, 0), source="propagated"))
        ds.mark_empty([c])
        second = ds.commit("second").id
        ds.images.loc[a, "state"] = "partial"
        found = ds.rounds()
        assert found.index.tolist() == [ds.versions.index[0], first, second, "uncommitted"]
        assert found["images"].tolist() == [0, 3, 3, 3]
        assert found["instances"].tolist() == [0, 3, 4, 4]
        assert found["labeled"].tolist() == [0, 1, 2, 1]
        assert found[["human", "imported", "propagated", "added"]].to_numpy().tolist() == [
            [0, 0, 0, 0],
            [2, 1, 0, 3],
            [0, 0, 2, 2],
            [0, 0, 0, 0],
        ]
        assert found["removed"].tolist() == [0, 0, 1, 0]
        assert found["relabeled"].tolist() == [0, 0, 1, 0]
        assert found.loc[first, ["message", "author"]].tolist() == ["first", "ana"]
        assert pd.isna(found.loc["uncommitted", "time"])


def test_masks_drawn_anew_and_rejected_predictions_are_counted(tmp_path: Any) -> None:
    ds = nl.demo.reef(tmp_path / "r.nbal", n_images=12, n_labeled=4, n_test=2, size=96)
    run = nl.demo.simulated_run(ds)
    ds.reject(run.predictions.iloc[:3])
    before = ds.instances.index[0]
    pixels = np.zeros((96, 96), bool)
    pixels[:9, :9] = True
    ds.set(ds.instances.loc[[before]], mask=[nl.encode_mask(pixels)])
    found = ds.rounds()
    assert found.loc["uncommitted", ["rejected", "reshaped", "added"]].tolist() == [3, 1, 0]
    assert found["human"].iloc[0] == len(ds.instances)
    ds.commit("mended")
    assert "uncommitted" not in ds.rounds().index
    ds.close()
