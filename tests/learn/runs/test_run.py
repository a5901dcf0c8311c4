import base64
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, NewerSchemaError, ReadOnlyError, StorageError, UnknownNameError
from nbalabel.core.tables.schema import conform
from nbalabel.learn.embed.pooling import Embeddings
from nbalabel.learn.runs.run import Run, new_id


@pytest.fixture
def tables(shapes: Callable[..., Any]) -> Any:
    return shapes(4)


@pytest.fixture
def run(tables: Any) -> Run:
    """Predictions that are the labels, but for the first, and one more that is nowhere near any."""
    labels = tables.instances
    rows = pd.concat([labels.iloc[1:], labels.iloc[[0]].assign(image_id=3)], ignore_index=True)
    rows["score"] = np.linspace(0.9, 0.3, len(rows))
    predictions = conform(rows.assign(source="model", status="proposed"), "predictions", tables.labels)
    vectors = np.random.default_rng(0).normal(size=(len(rows), 5)).astype(np.float32)
    return Run(
        id=new_id("predict"),
        kind="predict",
        model="by hand",
        version="v1",
        arguments={"score": 0.1, "lr0": np.float64(0.1), "device": None},
        labels=tables.labels,
        n_images=4,
        predictions=predictions,
        predicted_ids=np.arange(4),
        embeddings=Embeddings(np.arange(4), vectors[:4], np.arange(len(rows)), vectors),
    ).matched_to(tables)


def test_predictions_are_matched_and_what_is_missed_is_listed(run: Run, tables: Any) -> None:
    assert run.predictions["matched"].tolist()[:-1] == [True] * (len(run.predictions) - 1)
    assert run.missed.index.tolist() == [tables.instances.index[0]]


def test_queries_may_name_columns_of_both_tables(run: Run) -> None:
    found = run.query("habitat == 'reef' and score > 0.5 and matched == True")
    assert len(found) > 0
    assert set(found["image_id"]) <= {0, 2}
    assert list(found.columns) == list(run.predictions.columns)
    with pytest.raises(UnknownNameError, match=r"cannot query 'depth > 3'.*did you mean 'width'"):
        run.query("depth > 3")


def test_queries_compute_the_shapes_they_name(run: Run) -> None:
    every = nl.shapes(run)
    limit = float(every["aspect"].median())
    assert set(run.query(f"aspect > {limit} and islands == 1").index) == set(
        every.index[every["aspect"] > limit]
    )
    assert set(run._shapes.names) == {"aspect", "islands"}, "nothing else is computed"
    own = replace(run, predictions=run.predictions.assign(aspect=-1.0))
    assert len(own.query("aspect == -1")) == len(own.predictions), "a column of one's own wins"
    with pytest.raises(UnknownNameError, match=r"did you mean 'solidity'"):
        run.query("solidty > 0.5")


def test_look_alikes_are_the_nearest_by_the_embeddings(run: Run) -> None:
    vectors, ids = run.embeddings.instances(run.predictions.index), run.predictions.index
    apart = np.linalg.norm(vectors - vectors[2], axis=1)
    found = run.similar(ids[[2]], n=3)
    assert found.index.tolist() == ids[np.argsort(apart)[1:4]].tolist()
    assert found["distance"].tolist() == pytest.approx(np.sort(apart)[1:4].tolist(), rel=1e-4)
    assert nl.similar(run, ids[[2]], 3).equals(found), "one rule"
    assert set(run.similar([0], of="images").index) == set(run.tables.images.index) - {0}  # type: ignore[union-attr]
    with pytest.raises(UnknownNameError, match=r"rows must be predictions; 999 are none of them"):
        run.similar([999])
    with pytest.raises(DataError, match=r"has no embeddings of images: predict with embed=True"):
        replace(run, embeddings=Embeddings.none()).similar([0], of="images")


def test_queries_may_name_variables_of_whoever_asks(run: Run) -> None:
    chosen = [0, 2]
    found = run.query("image_id in @chosen and score > 0")
    assert found["image_id"].isin(chosen).all()
    assert len(found) == run.predictions["image_id"].isin(chosen).sum() > 0
    with pytest.raises(UnknownNameError, match="nowhere"):
        run.query("image_id in @nowhere")


def test_metrics_are_taken_where_images_are_labeled_all_over(run: Run, tables: Any) -> None:
    everywhere = run.metrics
    assert 0.5 < everywhere.map50 < 1
    assert run.metrics is everywhere
    tables.images.loc[[0, 3], "state"] = "partial"
    assert run.evaluate(tables=tables).map50 == pytest.approx(1)
    assert run.evaluate([0]).map50 < 1
    assert run.evaluate(tables.images[tables.images.index != 0], kind="box").map50 == pytest.approx(1)
    tables.images["state"] = "unlabeled"
    with pytest.raises(DataError, match="none of the 4 images predicted on can be measured"):
        run.evaluate(tables=tables)


def test_a_picture_shows_predictions_and_labels(run: Run, tables: Any) -> None:
    picture = run.show(0)
    assert picture.mode == "RGB"
    assert run.show(0, score=0.95).tobytes() != picture.tobytes()


def test_a_run_round_trips_through_its_folder(run: Run, tables: Any, tmp_path: Path) -> None:
    run.save(tmp_path)
    again = Run.load(tmp_path, tables)
    pd.testing.assert_frame_equal(again.predictions, run.predictions)
    pd.testing.assert_frame_equal(again.missed, run.missed)
    np.testing.assert_allclose(again.embeddings.instance, run.embeddings.instance, rtol=1e-3)
    np.testing.assert_array_equal(again.predicted_ids, run.predicted_ids)
    assert again.arguments == {"score": 0.1, "lr0": 0.1, "device": None}
    for name in ("id", "kind", "model", "version", "labels", "libraries", "n_images"):
        assert getattr(again, name) == getattr(run, name)
    assert again.metrics.map50 == run.metrics.map50
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".arrow", ".npy"}


def test_a_run_without_its_tables_says_what_it_needs(run: Run, tmp_path: Path) -> None:
    alone = Run.load(run.save(tmp_path))
    assert len(alone.query("score > 0.5")) > 0
    with pytest.raises(DataError, match=r"load it with Run.load\(folder, tables\)"):
        alone.show(0)


def test_folders_without_a_whole_run_are_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="no whole run"):
        Run.load(tmp_path)
    run.save(tmp_path)
    next(tmp_path.glob("missed.*.arrow")).write_bytes(b"cut off")
    with pytest.raises(StorageError, match="no whole run"):
        Run.load(tmp_path)
    run.save(tmp_path)
    newer = (tmp_path / "run.json").read_text().replace('"format": 2', '"format": 9')
    (tmp_path / "run.json").write_text(newer)
    with pytest.raises(NewerSchemaError, match="upgrade"):
        Run.load(tmp_path)


@pytest.mark.parametrize(
    "facts", ["[]", "null", '{"format": "x"}', '{"format": 1}', '{"format": 2}', '{"format": 2, "labels": 3}']
)
def test_facts_that_are_none_are_refused(facts: str, run: Run, tmp_path: Path) -> None:
    (run.save(tmp_path) / "run.json").write_text(facts)
    with pytest.raises(StorageError, match="no whole run"):
        Run.load(tmp_path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda facts: facts.pop("kind"), "'kind'"),
        (lambda facts: facts.update(kine=facts.pop("kind")), "'kind'"),
        (lambda facts: facts.update(seconds="long"), "seconds is 'long'"),
        (lambda facts: facts.update(arguments=[1]), r"arguments is \[1\]"),
        (lambda facts: facts.update(labels="cod"), "labels is 'cod'"),
    ],
)
def test_a_run_whose_facts_are_damaged_is_refused(run: Run, tmp_path: Path, change: Any, said: str) -> None:
    run.save(tmp_path)
    facts = json.loads((tmp_path / "run.json").read_text())
    change(facts)
    (tmp_path / "run.json").write_text(json.dumps(facts))
    with pytest.raises(StorageError, match=f"no whole run in .*{said}"):
        Run.load(tmp_path)


def test_the_iou_of_a_match_stays_with_a_run(run: Run, tables: Any, tmp_path: Path) -> None:
    run.matched_to(tables, iou=0.8).save(tmp_path)
    assert Run.load(tmp_path, tables).iou == 0.8


def test_curves_of_text_are_refused(tmp_path: Path) -> None:
    Run("train-1", "train", curves=pd.DataFrame({"step": ["ten"], "loss": [2.0]})).save(tmp_path)
    with pytest.raises(StorageError, match="curves hold no numbers in 'step'"):
        Run.load(tmp_path)


def test_a_table_of_a_run_that_lost_its_index_is_refused(run: Run, tmp_path: Path) -> None:
    replace(run, missed=run.missed.reset_index()).save(tmp_path)
    with pytest.raises(StorageError, match="'instance_id', which is the name of the index"):
        Run.load(tmp_path)


def test_a_card_states_the_facts_and_escapes_them(run: Run) -> None:
    card = replace(run, model="<script>")._repr_html_()
    assert "<script>" not in card
    assert "1 instances missed" in card
    assert run.id in card


def test_a_card_of_a_training_draws_its_curves() -> None:
    curves = pd.DataFrame({"epoch": [1, 2], "loss": [9.0, 4.0], "map": [0.1, 0.4], "map50": [0.2, 0.6]})
    card = Run(id="train-1", kind="train", curves=curves, arguments={"epochs": 2})._repr_html_()
    charts = [base64.b64decode(part.partition('"')[0]).decode() for part in card.split("svg+xml;base64,")[1:]]
    assert len(charts) == 2
    assert "mAP50-95" in charts[1]
    assert "mAP50-95 0.400" in card + "".join(charts)


def test_a_card_keeps_its_curves_where_inline_svg_is_taken_out() -> None:
    curves = pd.DataFrame({"step": [10, 20], "epoch": [1.0, 2.0], "loss": [9.0, 4.0]})
    card = Run(id="train-1", kind="train", curves=curves, arguments={"epochs": 2})._repr_html_()
    assert "<svg" not in card
    assert 'alt="training loss by step"' in card


def test_ids_of_runs_differ() -> None:
    assert new_id("train") != new_id("train")


def test_a_run_is_a_value_and_says_how_to_make_another(run: Run, tables: Any) -> None:
    with pytest.raises(ReadOnlyError, match=r"dataclasses\.replace\(run, predictions=\.\.\.\)"):
        run.predictions = run.predictions.iloc[:1]
    before = run.predictions.copy(), run.missed.copy(), run.metrics.map50, run.iou
    few = replace(run, predictions=run.predictions.iloc[:1])
    strict = few.matched_to(tables, iou=0.9)
    assert (len(strict.predictions), strict.iou, strict.predicted_ids.tolist()) == (
        1,
        0.9,
        run.predicted_ids.tolist(),
    )
    assert strict.metrics.map50 < before[2]
    pd.testing.assert_frame_equal(run.predictions, before[0])
    pd.testing.assert_frame_equal(run.missed, before[1])
    assert (run.metrics.map50, run.iou) == before[2:]


def test_a_run_keeps_the_labels_it_was_matched_to(run: Run, tables: Any) -> None:
    before = run.evaluate().map50
    tables.instances = tables.instances.iloc[:0]
    tables.images["state"] = "unlabeled"
    assert run.evaluate().map50 == before


def test_uncommitted_edits_are_noted(tables: Any) -> None:
    from nbalabel.learn.runs.frozen_tables import state_of

    assert state_of(tables) == {"version": "v1", "dirty": False}
    tables.status = lambda: ["an edit"]
    assert state_of(tables)["dirty"]


def test_queries_may_name_the_index_and_names_with_spaces(run: Run) -> None:
    own = replace(run, predictions=run.predictions.assign(**{"my score": 0.25}))
    some = own.predictions.index[:2]
    assert own.query("prediction_id in @some and score > 0").index.tolist() == some.tolist()
    assert own.query("index == @some[1]").index.tolist() == [some[1]]
    assert own.query("`my score` < 0.5 and state == state").index.tolist() == own.predictions.index.tolist()
    with pytest.raises(UnknownNameError, match="did you mean 'score'"):
        own.query("scores > 0.5")
