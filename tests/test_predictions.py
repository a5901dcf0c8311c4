"""Predictions of models that are not ours, as Runs."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, FallbackWarning, FormatError, MaskError, UnknownNameError

LEFT = np.zeros((4, 6), bool)
LEFT[1:3, :3] = True
RIGHT = LEFT[:, ::-1].copy()
HOLE = LEFT.copy()
HOLE[2, 1] = False


@pytest.fixture
def ds(tmp_path):
    ds = nl.create(tmp_path / "reef.nbal", image_root=tmp_path)
    ds.add_images(pd.DataFrame({"file": ["a.png", "b.png", "c.png"], "width": 6, "height": 4}))
    ds.add_label("fish")
    ds.add_label("diver")
    rows = pd.DataFrame({"image_id": ds.images.index[:2], "label": ["fish", "diver"], "mask": [LEFT, RIGHT]})
    ds.add_instances(rows)
    ds.images["state"] = ["complete", "complete", "unlabeled"]
    ds.commit("labels")
    yield ds
    ds.close()


def frame(ds, **columns: Any) -> pd.DataFrame:
    ids = ds.images.index
    rows = {
        "image_id": [ids[0], ids[1]],
        "label": ["fish", "diver"],
        "score": [0.9, 0.8],
        "mask": [HOLE, LEFT],
    }
    return pd.DataFrame({**rows, **columns})


def arrays(**names: Any) -> dict[str, Any]:
    def one(mask: np.ndarray, label: str) -> dict[str, Any]:
        return {"masks": mask[None], "scores": np.array([0.9]), "labels": [names.get(label, label)]}

    empty = {"masks": np.zeros((0, 4, 6), bool), "scores": np.zeros(0), "labels": []}
    return {"a.png": one(HOLE, "fish"), "b.png": one(LEFT, "diver"), "c.png": empty}


def results(ds, folder: Path, **fields: Any) -> Path:
    coco = {"size": [4, 6], "counts": nl.encode_mask(HOLE).decode()}
    row = {"image_id": int(ds.images.index[0]), "category_id": 1, "score": 0.9, "segmentation": coco}
    file = folder / "found.json"
    file.write_text(json.dumps([{**row, **fields}]))
    return file


def test_a_frame_becomes_a_run_that_is_matched_and_measured(ds) -> None:
    run = nl.read_predictions(frame(ds, depth=[3, 4]), ds, images=ds.images, model="theirs")
    assert run.model == "theirs"
    assert run.version == ds.version_id
    assert run.predictions["matched"].tolist() == [True, False]
    assert run.predictions["iou"].iloc[0] == pytest.approx(5 / 6)
    assert run.predictions["depth"].tolist() == [3, 4]
    assert set(run.predictions["origin"]) == {run.id}
    assert run.missed["label"].tolist() == ["diver"]
    assert run.predicted_ids.tolist() == ds.images.index.tolist()
    assert 0 < run.metrics.map50 < 1
    assert len(run.query("score > 0.85")) == 1
    assert nl.Workspace(ds, run).ids("predictions").tolist() == [0, 1]


def test_arrays_frames_and_results_files_give_the_same_predictions(ds, tmp_path: Path) -> None:
    of_file = nl.read_predictions(results(ds, tmp_path), ds, images=ds.images)
    of_frame = nl.read_predictions(
        frame(ds).iloc[:1].drop(columns="image_id").assign(file="a.png"), ds, images=ds.images
    )
    of_arrays = nl.read_predictions({k: v for k, v in arrays().items() if k != "b.png"}, ds, images=ds.images)
    assert of_file.model == "found"
    for run in (of_frame, of_arrays):
        pd.testing.assert_frame_equal(
            run.predictions.drop(columns="origin"), of_file.predictions.drop(columns="origin")
        )


def test_images_are_named_by_id_by_file_or_by_path(ds, tmp_path: Path) -> None:
    ids = ds.images.index
    one = arrays()["a.png"]
    path = Path(ds.image_root) / "b.png"
    run = nl.read_predictions({int(ids[0]): one, path: one, "c.png": one}, ds)
    assert run.predictions["image_id"].tolist() == ids.tolist()
    with pytest.raises(UnknownNameError, match=r"no such images: d\.png"):
        nl.read_predictions({"d.png": one}, ds)


def test_images_without_predictions_count_as_seen_only_when_it_is_said(ds) -> None:
    with pytest.warns(FallbackWarning, match=r"2 of 3 images have predictions.*images="):
        run = nl.read_predictions(frame(ds), ds)
    assert run.predicted_ids.tolist() == ds.images.index[:2].tolist()
    assert (
        nl.read_predictions(frame(ds), ds, images=ds.images).predicted_ids.tolist()
        == ds.images.index.tolist()
    )
    assert nl.read_predictions(arrays(), ds).predicted_ids.tolist() == ds.images.index.tolist()
    with pytest.raises(DataError, match="1 with predictions are not among its 1"):
        nl.read_predictions(frame(ds), ds, images=[ds.images.index[0]])


def test_a_run_without_predicted_ids_keeps_its_predictions(ds) -> None:
    found = nl.read_predictions(frame(ds), ds, images=ds.images).predictions
    run = nl.Run("mine", "predict", labels=ds.labels, predictions=found)
    matched = run.matched_to(ds)
    assert len(matched.predictions) == len(matched.measured_ids) == 2
    later = replace(nl.Run("later", "predict", labels=ds.labels), predictions=found)
    assert len(later.matched_to(ds).predictions) == 2


def test_labels_of_another_model_are_said_to_be_ours(ds) -> None:
    theirs = arrays(diver="person")
    with pytest.raises(DataError, match=r"1 of 2 are not: 1 \(got 'person'\). Pass labels={'person'"):
        nl.read_predictions(theirs, ds)
    run = nl.read_predictions(theirs, ds, labels={"person": "diver"})
    assert run.predictions["label"].tolist() == ["fish", "diver"]
    assert nl.read_predictions(theirs, ds, labels={"person": None}).predictions["label"].tolist() == ["fish"]
    with pytest.warns(FallbackWarning, match="1 of 2 predictions are left out"):
        run = nl.read_predictions(theirs, ds, unknown="drop")
    assert run.predictions["label"].tolist() == ["fish"]
    with pytest.raises(UnknownNameError, match=r"no label.*Did you mean 'diver'"):
        nl.read_predictions(theirs, ds, labels={"person": "divers"})


def test_numbers_need_a_name(ds) -> None:
    theirs = arrays(fish=3.0, diver=0)
    with pytest.raises(DataError, match=r"got 0, 3"):
        nl.read_predictions(theirs, ds)
    run = nl.read_predictions(theirs, ds, labels={3: "fish", 0: "diver"})
    assert run.predictions["label"].tolist() == ["fish", "diver"]


def test_category_ids_of_a_file_may_be_another_models(ds, tmp_path: Path) -> None:
    file = results(ds, tmp_path, category_id=17)
    with pytest.raises(DataError, match="category_id"):
        nl.read_predictions(file, ds, images=ds.images)
    run = nl.read_predictions(file, ds, images=ds.images, labels={17: "diver"})
    assert run.predictions["label"].tolist() == ["diver"]
    none = nl.read_predictions(file, ds, images=ds.images, labels={17: None}, embeddings=np.ones((1, 2)))
    assert none.predictions.empty


def test_boxes_are_masks_only_when_asked(ds, tmp_path: Path) -> None:
    boxed = frame(ds, x=1, y=0, w=2, h=3).drop(columns="mask")
    by_image = {"a.png": {"boxes": [[1, 0, 3, 3]], "scores": [0.5], "labels": ["fish"]}}
    file = results(ds, tmp_path, segmentation=None, bbox=[1, 0, 2, 3])
    for found in (boxed, by_image, file):
        with pytest.raises(FormatError, match='boxes="mask"'):
            nl.read_predictions(found, ds, images=ds.images)
        run = nl.read_predictions(found, ds, images=ds.images, boxes="mask")
        assert set(run.predictions["area"]) == {6}


def test_outlines_and_probabilities_become_masks(ds) -> None:
    outline = [[[0, 1, 3, 1, 3, 3, 0, 3]]] * 2
    run = nl.read_predictions(frame(ds, segmentation=outline).drop(columns="mask"), ds, images=ds.images)
    assert set(run.predictions["mask"]) == {nl.encode_mask(LEFT)}
    soft = {"masks": np.where(LEFT, 0.6, 0.4)[None, None], "scores": [0.5], "labels": ["fish"]}
    run = nl.read_predictions({"a.png": soft}, ds, images=ds.images)
    assert run.predictions["mask"].tolist() == [nl.encode_mask(LEFT)]


def test_detections_of_supervision_and_results_of_ultralytics_are_known_by_their_fields(ds) -> None:
    theirs = SimpleNamespace(
        xyxy=np.array([[0, 1, 3, 3]]),
        mask=LEFT[None],
        confidence=np.array([0.7]),
        class_id=np.array([4]),
        data={"class_name": np.array(["person"])},
    )
    boxes = SimpleNamespace(xyxy=np.array([[0, 1, 3, 3]]), cls=np.array([4.0]), conf=np.array([0.7]))
    results = SimpleNamespace(boxes=boxes, masks=SimpleNamespace(data=LEFT[None]), names={4: "person"})
    for found in (theirs, results):
        run = nl.read_predictions({"a.png": found}, ds, images=ds.images, labels={"person": "diver"})
        assert run.predictions[["label", "area"]].to_numpy().tolist() == [["diver", 6]]
    results.masks.data = LEFT[None, :2]
    with pytest.raises(MaskError, match=r"\(n, 4, 6\).*got \(1, 2, 6\).*retina_masks=True"):
        nl.read_predictions({"a.png": results}, ds, labels={"person": "diver"})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"score": [0.5, 1.5]}, r"score must be between 0 and 1; 1 of 2 are not: 1 \(got 1.5\)"),
        ({"score": [0.5, None]}, "score must be between 0 and 1; 1 of 2"),
        ({"image_id": [1, 99]}, r"image_id must be a row of images.*got 99"),
        ({"mask": [LEFT, LEFT.T]}, "1 of 2 masks cannot be used: 1"),
        ({"mask": [LEFT, b"21"]}, "as many pixels"),
        ({"mask": [LEFT, 5]}, "masks must be bytes"),
    ],
)
def test_rows_that_do_not_fit_are_named(ds, change: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        nl.read_predictions(frame(ds, **change), ds, images=ds.images)


@pytest.mark.parametrize("column", ["image_id", "label", "score"])
def test_a_column_that_is_missing_is_named(ds, column: str) -> None:
    with pytest.raises(DataError, match=f"need a column {column}"):
        nl.read_predictions(frame(ds).drop(columns=column), ds)


def test_images_whose_parts_differ_in_length_are_named(ds) -> None:
    with pytest.raises(DataError, match=r"image a\.png: .*2 scores, 1 labels"):
        nl.read_predictions({"a.png": {"masks": LEFT[None], "scores": [0.1, 0.2], "labels": ["fish"]}}, ds)
    with pytest.raises(DataError, match=r"image a\.png: .*missing: scores"):
        nl.read_predictions({"a.png": {"masks": LEFT[None], "labels": ["fish"]}}, ds)
    with pytest.raises(DataError, match=r"image a\.png: expected a mapping"):
        nl.read_predictions({"a.png": 5}, ds)
    with pytest.raises(DataError, match="results file, a DataFrame, or a dictionary"):
        nl.read_predictions([1, 2], ds)  # type: ignore[arg-type]


def test_vectors_of_ones_own_follow_their_predictions(ds) -> None:
    vectors = np.array([[1, 0], [0, 1]])
    run = nl.read_predictions(
        frame(ds, label=["boat", "fish"]),
        ds,
        images=ds.images,
        unknown="error",
        labels={"boat": None},
        embeddings=vectors,
    )
    assert run.embeddings.instances(run.predictions.index).tolist() == [[0, 1]]
    with pytest.raises(DataError, match=r"embeddings must be \(2, d\)"):
        nl.read_predictions(frame(ds), ds, images=ds.images, embeddings=vectors[:1])
    none = np.zeros((0, 0), np.float32)
    strange = nl.Embeddings(np.zeros(0, np.int64), none, np.array([7]), np.ones((1, 2), np.float32))
    with pytest.raises(DataError, match=r"instance_ids must be prediction ids.*: 7"):
        nl.read_predictions(frame(ds), ds, images=ds.images, embeddings=strange)


def test_what_was_accepted_is_reverted_by_its_run_also_after_commit_and_reopening(ds, tmp_path: Path) -> None:
    before = ds.instances
    run = nl.read_predictions(frame(ds), ds, images=ds.images, model="theirs")
    ds.accept(run.predictions)
    assert len(ds.instances) == 4
    ds.revert(run)
    pd.testing.assert_frame_equal(ds.instances, before)

    ds.accept(run.predictions)
    ds.commit("accepted")
    run.save(tmp_path / "run")
    folder = ds.folder
    ds.close()
    with nl.open(folder) as again:
        loaded = nl.Run.load(tmp_path / "run", again)
        assert loaded.model == "theirs"
        assert set(again.instances["origin"].iloc[2:]) == {loaded.id}
        again.revert(loaded)
        pd.testing.assert_frame_equal(again.instances, before)


def test_a_results_file_accepted_without_a_run_can_be_reverted_too(ds, tmp_path: Path) -> None:
    ds.accept(nl.read_coco_results(results(ds, tmp_path), ds))
    assert len(ds.instances) == 3
    ds.revert("found")
    assert len(ds.instances) == 2


def test_the_order_of_the_predictions_is_that_of_the_input(ds) -> None:
    rows = frame(ds).iloc[::-1]
    run = nl.read_predictions(rows, ds, images=ds.images)
    assert run.predictions.index.tolist() == [1, 0]
    assert run.predictions["label"].tolist() == ["diver", "fish"]
    named = nl.read_predictions(rows.set_axis(["p", "q"]), ds, images=ds.images)
    assert named.predictions.index.tolist() == [0, 1]
