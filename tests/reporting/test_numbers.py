"""Numbers of a report, against what counting by hand gives."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.learn.planning.candidates import candidates, waiting
from nbalabel.learn.planning.chances import chances
from nbalabel.learn.planning.missing import missing, unfound
from nbalabel.learn.planning.pace import answers_of, timed
from nbalabel.reporting.numbers import contents, work
from nbalabel.reporting.numbers.differences import differences
from nbalabel.reporting.numbers.missing import likely_missing
from nbalabel.reporting.numbers.quality import images_to_test, quality, runs_of


def square(x: int, y: int, n: int = 4) -> np.ndarray:
    pixels = np.zeros((16, 16), bool)
    pixels[y : y + n, x : x + n] = True
    return pixels


def rows_on(image: int, *places: tuple[int, int], label: str = "cod", n: int = 4) -> pd.DataFrame:
    return pd.DataFrame({"image_id": image, "label": label, "mask": [square(x, y, n) for x, y in places]})


@pytest.fixture
def ds(tmp_path: Any) -> Any:
    with nl.create(tmp_path / "a.nbal", labels=["cod", "ling"]) as made:
        made.add_images(pd.DataFrame({"file": ["a.png", "b.png", "c.png"], "width": 16, "height": 16}))
        yield made


def log_of(*rows: tuple[float, str, str, float | None, str]) -> pd.DataFrame:
    """A log, newest first, of (seconds since the start, origin, note, seconds of an answer, version)."""
    frame = pd.DataFrame(rows, columns=["time", "origin", "note", "seconds", "version"])
    frame["time"] = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(frame["time"], unit="s")
    frame["seconds"] = frame["seconds"].astype(float)
    frame = frame.assign(created=1, updated=0, deleted=0)
    return frame.iloc[::-1].rename_axis("change")


LOG = log_of(
    (0, "anna", "added 3 images", None, "v1"),
    (10, "anna, run", "accepted prediction 1 (cod) in review", 3.0, "v2"),
    (20, "anna, run", "rejected prediction 2 (cod) in review", 5.0, "v2"),
    (40, "ben", "drew a cod", None, "v2"),
    (100, "ben", "drew a cod", None, "v2"),
    (90_000, "ben", "drew a cod", None, "v3"),
    (90_010, "p-1/cod/0-8", "accepted 8", None, "v3"),
)
ANSWERS = pd.DataFrame(
    {
        "propagation": ["p-1", "p-1", "p-2"],
        "of": "propagation",
        "begun": pd.Series([pd.NaT] * 3, dtype="datetime64[ns, UTC]"),
        "annotator": ["anna", "ben", ""],
        "answers": [4, 2, 5],
        "seconds": [8.0, 10.0, np.nan],
    }
)


def rounds() -> pd.DataFrame:
    sources = ["human", "imported", "model", "propagated", "synthetic"]
    facts = {"parent": None, "message": "", "author": "", "time": pd.Timestamp("2026-01-01", tz="UTC")}
    frame = pd.DataFrame(facts, index=pd.Index(["v1", "v2", "v3"], name="version"))
    numbers = dict.fromkeys(["images", "instances", "labeled", *sources, "added", "removed"], 0)
    return frame.assign(**numbers).assign(model=[0, 6, 0], propagated=[0, 0, 12])


def test_rounds_have_answers_hours_and_masks_an_answer() -> None:
    placed = work.placed_answers(ANSWERS, LOG)
    assert placed["version"].tolist() == ["v3", "v3", "uncommitted"]
    found = work.rounds_with_work(rounds(), timed(LOG), placed)
    assert found.index.tolist() == ["v1", "v2", "v3", "uncommitted"]
    assert found["answers"].tolist() == [0, 2, 6, 5]
    assert (found["hours"] * 3600).round(6).tolist() == [0, 3 + 5 + 60, 18, 0]
    assert found["masks_per_answer"].iloc[1:3].tolist() == [3, 2]
    assert np.isnan(found["masks_per_answer"].iloc[0])


def test_people_are_told_apart_from_runs_and_have_their_time() -> None:
    placed = work.placed_answers(ANSWERS, LOG)
    found = work.people(LOG, timed(LOG), placed, ["p-1"])
    assert found.index.tolist() == ["ben", "anna", "p-1", "unnamed"]
    assert found["answers"].tolist() == [2, 6, 0, 5]
    assert (found["hours"] * 3600).round(6).tolist() == [70, 16, 0, 0]
    assert found.loc["ben", ["kind", "changes", "days"]].tolist() == ["person", 3, 2]
    assert found.loc["p-1", "kind"] == "run"
    by_day = work.days(timed(LOG), placed)
    assert by_day.loc[("ben", pd.Timestamp("2026-01-01", tz="UTC")), "seconds"] == 60
    assert by_day.loc[("ben", pd.Timestamp("2026-01-02", tz="UTC")), "seconds"] == 10


def test_mended_suspects_are_counted_by_kind_also_in_old_logs() -> None:
    log = log_of(
        (0, "suspects-1", "mended 1,203 suspicions", None, "v2"),
        (9, "suspects-2", "mended 3 suspicions (2 spurious, 1 missing); 1 odd ones stay", None, "v3"),
        (9, "anna", "drew a cod", None, "v3"),
    )
    found = work.mended(log)
    assert found[["kind", "mended"]].to_numpy().tolist() == [
        ["of any kind", 1203],
        ["spurious", 2],
        ["missing", 1],
    ]


def test_a_real_mending_names_its_kinds(tmp_path: Any) -> None:
    pytest.importorskip("sklearn")
    with nl.demo.reef(tmp_path / "r.nbal", n_images=40, n_labeled=16, n_test=4, size=96) as ds:
        suspects = nl.suspects(ds, nl.demo.simulated_run(ds))
        mends = [bool(suspects.change([number])) for number in suspects.table.index[:60]]
        rows = suspects.table.head(60)[mends].drop_duplicates("image_id").head(5)
        ds.apply(suspects.change(rows))
        found = work.mended(ds.log())
        counts = rows["kind"].astype(str).value_counts()
        assert len(rows) > 1
        assert found.set_index("kind")["mended"].to_dict() == counts.to_dict()


def test_contents_are_what_counting_gives(ds: Any) -> None:
    a, b, c = (int(i) for i in ds.images.index)
    ds.add_instances(rows_on(a, (0, 0), (12, 12)))
    ds.add_instances(rows_on(b, (0, 12), label="ling", n=2))
    ds.mark_complete([a, b])
    ds.mark_empty([c])
    ds.images.loc[a, "weight"] = 3.0
    found = contents.contents(ds)
    assert found.per_image.tolist() == [2, 1, 0]
    assert found.labels["instances"].tolist() == [2, 1]
    assert found.labels["images"].tolist() == [1, 1]
    assert found.labels["per_image"].tolist() == [2, 1]
    assert found.labels["size"].tolist() == [25, 12.5]
    np.testing.assert_allclose(found.labels["before"], [2 / 3, 1 / 3])
    np.testing.assert_allclose(found.labels["after"], [6 / 7, 1 / 7])
    assert found.states.to_dict() == {"unlabeled": 0, "partial": 0, "complete": 2, "empty": 1}
    grid = found.centres["cod"]
    assert (grid.sum(), grid[3, 3], grid[21, 21]) == (2, 1, 1)
    row, column = np.argwhere(found.centres["ling"])[0]
    assert (row, column) == (int(13 / 16 * 24), int(1 / 16 * 24))


def test_contents_of_nothing(ds: Any) -> None:
    found = contents.contents(ds)
    assert found.labels["instances"].tolist() == [0, 0]
    assert found.labels["before"].tolist() == [0, 0]
    assert len(found.per_image) == 0


def test_differences_are_added_removed_relabeled_and_moved(ds: Any) -> None:
    a, b, _ = (int(i) for i in ds.images.index)
    ds.add_instances(rows_on(a, (0, 0), (8, 8), (0, 8)))
    ds.add_instances(rows_on(b, (2, 2), (10, 10)))
    first = ds.commit("first").id
    ids = ds.instances.index
    old = ds.instances.copy()
    ds.instances.loc[ids[0], "label"] = "ling"
    ds.set(ds.instances.loc[[ids[1]]], mask=[nl.encode_mask(square(9, 8))])
    ds.remove(ds.instances.loc[[ids[2], ids[3]]])
    ds.add_instances(rows_on(b, (2, 3)))  # instead of what was at (2, 2): IoU 12 / 20
    ds.add_instances(rows_on(b, (10, 0), label="ling"))
    found = differences(ds.diff(first), old, ds.instances, ds.labels)
    assert found.counts.loc["all"].to_dict() == {"added": 1, "removed": 1, "relabeled": 1, "moved": 2}
    assert found.counts.loc["ling", ["added", "relabeled"]].tolist() == [1, 1]
    assert found.pairs["iou"].tolist() == pytest.approx([0.6, 0.6, 1.0])
    assert found.pairs["what"].tolist() == ["moved", "moved", "relabeled"]
    assert nl.decode_mask(found.new_masks[2], 16, 16).tolist() == square(0, 0).tolist()
    ds.commit("second")
    none = differences(ds.diff(), ds.instances, ds.instances, ds.labels)
    assert len(none.pairs) == 0


def test_runs_are_those_given_or_those_saved(tmp_path: Any) -> None:
    with nl.demo.reef(tmp_path / "r.nbal", n_images=20, n_labeled=6, n_test=6, size=96) as ds:
        assert runs_of(ds, None) == {}
        run = nl.demo.simulated_run(ds)
        run.save(ds.runs_folder / run.id)
        assert list(runs_of(ds, None)) == [run.id]
        assert list(runs_of(ds, {"mine": run})) == ["mine"]
        assert runs_of(ds, run) == {run.id: run}
        assert len(images_to_test(ds, None)) == 6
        with pytest.raises(nl.errors.UnknownNameError, match="do not exist: 999"):
            images_to_test(ds, [999])
        found = quality(ds, {"mine": run}, None, 20, 0).found
        assert found is not None
        assert found.table.loc["mine", "map"] == run.evaluate(images_to_test(ds, None)).map


def test_what_cannot_be_measured_says_what_to_do(ds: Any, tmp_path: Any) -> None:
    assert "No predictions yet" in quality(ds, {}, None, 5, 0).problem
    with nl.demo.reef(tmp_path / "r.nbal", n_images=16, n_labeled=6, n_test=4, size=96) as reef:
        run = nl.demo.simulated_run(reef)
        reef.images.loc[reef.images["split"] == "test", "state"] = "partial"
        assert "mark_complete" in quality(reef, {"a": run}, None, 5, 0).problem
        reef.images["split"] = "train"
        assert "ds.split" in quality(reef, {"a": run}, None, 5, 0).problem


def test_journals_become_one_row_per_question(tmp_path: Any) -> None:
    (tmp_path / "propagations").mkdir()
    (tmp_path / "propagations" / "x.jsonl").write_text(
        '{"op":"begin","id":"p-7"}\n'
        '{"op":"tell","rows":[1,2],"annotator":"anna","seconds":4.0}\n'
        '{"op":"skip"}\n{"op":"undo"}\n'
        '{"op":"tell","rows":[3],"annotator":"ben","seconds":0.0}\n'
    )
    found = answers_of(tmp_path)
    assert found[["propagation", "annotator", "answers"]].to_numpy().tolist() == [
        ["p-7", "anna", 2],
        ["p-7", "ben", 1],
    ]
    assert found["seconds"].iloc[0] == 4
    assert np.isnan(found["seconds"].iloc[1])


def test_a_journal_says_when_it_began_and_an_older_one_is_dated_by_its_id(tmp_path: Any) -> None:
    (tmp_path / "audits").mkdir()
    tell = '{"op":"tell","rows":[1],"annotator":"anna","seconds":1.0}\n'
    at = datetime(2026, 5, 4, 10, 20, 30).astimezone()
    for name, begun in {
        "a": (at + timedelta(milliseconds=250)).isoformat(),
        "b": (at + timedelta(milliseconds=250)).astimezone(UTC).isoformat(),
        "c": "yesterday",
    }.items():
        header = {"op": "begin", "id": f"audit-20260504-102030-00000{name}", "begun": begun}
        (tmp_path / "audits" / f"{name}.jsonl").write_text(json.dumps(header) + "\n" + tell)
    older = {"op": "begin", "id": "audit-20260504-102030-00000d"}
    (tmp_path / "audits" / "d.jsonl").write_text(json.dumps(older) + "\n" + tell)
    found = answers_of(tmp_path)["begun"].tolist()
    assert found[0] == found[1] == at + timedelta(milliseconds=250)
    assert pd.isna(found[2])
    assert found[3] == at + timedelta(milliseconds=999)


def test_answers_and_hours_of_audits_count_for_the_version_committed_next(tmp_path: Any) -> None:
    with nl.demo.reef(tmp_path / "r.nbal", n_images=40, n_labeled=30, n_test=2, size=96) as ds:
        before = nl.report(ds, draws=5)
        a = nl.audit(ds, target_quality=0.9)
        while (question := a.ask()) is not None:
            a.tell(question, [True] * len(question.ids), annotator="anna", seconds=2.0 * len(question.ids))
        a.close()
        tiles = nl.completeness_audit(ds, tile=48, target_quality=0.9)
        question = tiles.ask()
        tiles.tell(question, [True] * len(question.ids), annotator="ben", seconds=7.0)
        tiles.close()
        n, m = a.n_answers, tiles.n_answers
        found = nl.report(ds, draws=5)
        assert found.rounds.loc["uncommitted", "answers"] == n + m
        assert found.rounds["hours"].sum() == pytest.approx(before.rounds["hours"].sum() + (2 * n + 7) / 3600)
        assert found.people.loc[["anna", "ben"], "answers"].tolist() == [n, m]
        assert found.people.loc["anna", "hours"] == pytest.approx(2 * n / 3600)
        assert found.people.loc["anna", "certified"] == 0
        day = found.days.xs("anna", level="who")["seconds"]
        assert day.tolist() == [pytest.approx(2 * n)]
        ds.certify(a)
        assert nl.report(ds, draws=5).people.loc["anna", "certified"] == len(a.rows)
        ds.certify(tiles)  # one question shows nothing yet
        assert nl.report(ds, draws=5).people.loc["ben", "certified"] == 0
        ds.set(ds.images.index[:1], table="images", split="val")
        ds.commit("after the audit")
        after = nl.report(ds, draws=5).rounds
        assert "uncommitted" not in after.index
        assert after["answers"].iloc[-1] == n + m
        assert np.isnan(after["masks_per_answer"].iloc[-1])


def test_a_version_of_the_second_in_which_an_audit_began_came_before_it(tmp_path: Any) -> None:
    journal = tmp_path / "audits" / "audit-20261128-060907-3f3679.jsonl"
    journal.parent.mkdir()
    records = [{"op": "begin", "id": journal.stem}, {"op": "tell", "rows": [0]}]
    journal.write_text("".join(json.dumps(record) + "\n" for record in records))
    begun = answers_of(tmp_path)["begun"]
    second = datetime(2026, 11, 28, 6, 9, 7).astimezone(UTC)
    assert begun.between(second + timedelta(milliseconds=900), second + timedelta(seconds=1)).all()
    assert len(begun) == 1


def test_what_is_likely_missing_is_what_the_plan_expects_and_the_open_predictions(tmp_path: Any) -> None:
    pytest.importorskip("sklearn")
    with nl.demo.reef(tmp_path / "r.nbal", n_images=60, n_labeled=16, n_test=12, size=96) as ds:
        run = nl.demo.simulated_run(ds)
        found = likely_missing(ds, run)
        ids = waiting(ds, run)
        odds = chances(ds, run)
        expected = missing(ds, run, odds, ids, unfound(ds, run, ids)).expected
        np.testing.assert_allclose(found.images["unseen"].loc[ids], expected)
        rows = candidates(ds, run, odds.right)
        assert found.images["open"].sum() == pytest.approx(odds.right.loc[rows.index].sum())
        assert found.low <= found.images["unseen"].sum() <= found.high
        ds.reject(rows)
        assert likely_missing(ds, run).images["open"].sum() == 0
        ds.mark_complete(ds.images.index)
        assert "Every image is labeled" in likely_missing(ds, run).known


def test_few_of_many_labeled_images_are_enough_and_held_out_ones_come_first(
    tmp_path: Any, monkeypatch: Any
) -> None:
    pytest.importorskip("sklearn")
    monkeypatch.setattr("nbalabel.reporting.numbers.missing._MOST_LABELED", 12)
    with nl.demo.reef(tmp_path / "r.nbal", n_images=60, n_labeled=20, n_test=12, size=96) as ds:
        assert likely_missing(ds, nl.demo.simulated_run(ds)).known == "missed on 12 labeled images"
