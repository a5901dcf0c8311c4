import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.learn.planning.pace import of_journals, of_log, paces


def log_of(*rows: tuple[float, str, str, float | None]) -> pd.DataFrame:
    """A log, newest first, of (seconds since the start, origin, note, seconds of an answer)."""
    frame = pd.DataFrame(rows, columns=["time", "origin", "note", "seconds"])
    frame["time"] = pd.Timestamp("2026-01-01", tz="UTC") + pd.to_timedelta(frame["time"], unit="s")
    return frame.iloc[::-1]


def test_answers_of_a_review_have_their_own_seconds() -> None:
    found = of_log(
        log_of((0, "anna, run-1", "accepted prediction 4 (cod) in review", 2.5), (9, "anna", "set x", None))
    )
    assert found["review one by one"] == [2.5]


def test_drawn_and_corrected_masks_take_the_time_since_the_change_before_by_the_same_person() -> None:
    found = of_log(
        log_of(
            (0, "anna", "set split of 3 images", None),
            (5, "ben", "drew a cod", None),
            (20, "anna", "drew a cod", None),
            (28, "anna", "reshaped cod 7", None),
            (40, "anna", "accepted prediction 3 as a cod with another mask", None),
            (46, "anna", "3 images are empty", None),
        )
    )
    assert found["draw what is missing"] == [20]
    assert found["correct outlines"] == [8, 12]
    assert found["check empty images"] == [2]


def test_a_break_is_no_work() -> None:
    found = of_log(log_of((0, "anna", "drew a cod", None), (4000, "anna", "drew a cod", None)))
    assert found["draw what is missing"] == []


def test_journals_give_seconds_per_answer_without_what_was_taken_back_or_torn(tmp_path: Path) -> None:
    records = [
        {"op": "begin"},
        {"op": "tell", "rows": [1, 2, 3, 4], "seconds": 8.0},
        {"op": "tell", "rows": [5], "seconds": 30.0},
        {"op": "undo"},
        {"op": "skip"},
        {"op": "tell", "rows": [6, 7], "seconds": 900.0},
    ]
    text = "\n".join(map(json.dumps, records)) + '\nnonsense\n{"op": "tell", "rows": [9], "sec'
    (tmp_path / "propagations").mkdir()
    (tmp_path / "propagations" / "a.jsonl").write_text(text)
    assert of_journals(tmp_path) == [2.0]
    assert of_journals(tmp_path / "absent") == []


def test_few_measured_steps_leave_the_assumption_and_given_seconds_replace_both(tmp_path: Any) -> None:
    ds = nl.demo.reef(tmp_path / "r.nbal", n_images=60, n_labeled=6, n_test=2, size=96)
    run = nl.demo.simulated_run(ds)
    rows = run.predictions[run.predictions["image_id"].isin(ds.images.query("state == 'unlabeled'").index)]
    for place in range(8):
        if place == 7:
            assert paces(ds)["review one by one"].source == "assumed"
        ds.answer(rows.iloc[[place]], "reject", seconds=3.0 + place % 2)
    measured = paces(ds)["review one by one"]
    assert (measured.seconds, measured.source) == (3.5, "measured on 8")
    assert paces(ds, {"review one by one": 9})["review one by one"].source == "given"


def test_answers_of_a_real_propagation_are_found_beside_the_dataset(tmp_path: Any) -> None:
    ds = nl.demo.reef(tmp_path / "r.nbal", n_images=40, n_labeled=8, n_test=2, size=96)
    p = nl.propagate(nl.demo.simulated_run(ds), min_area=0)
    for _ in range(8):
        question = p.ask()
        if question is None:
            break
        p.tell(question, [True] * len(question.rows), seconds=1.5 * len(question.rows))
    p.propagation.close()
    assert of_journals(Path(ds.runs_folder))[0] == pytest.approx(1.5)


def test_answers_of_audits_are_answers_of_verify_but_tiles_are_other_work(tmp_path: Any) -> None:
    ds = nl.demo.reef(tmp_path / "r.nbal", n_images=40, n_labeled=30, n_test=2, size=96)
    for a, each in (
        (nl.completeness_audit(ds, tile=24, estimate=True, width=0.01, n_samples=5), 20.0),
        (nl.audit(ds, estimate=True, width=0.01, n_samples=5), 1.25),
    ):
        assert paces(ds)["verify clusters"].source == "assumed"
        for _ in range(8):
            question = a.ask()
            a.tell(question, [True] * len(question.ids), seconds=each * len(question.ids))
        a.close()
    found = paces(ds)["verify clusters"]
    assert (found.seconds, found.source) == (1.25, "measured on 8")


def test_seconds_of_no_work_or_of_nothing_are_refused(tmp_path: Any) -> None:
    tables = nl.demo.reef(tmp_path / "r.nbal", n_images=4, n_labeled=1, n_test=1, size=96)
    with pytest.raises(UnknownNameError, match="sleep"):
        paces(tables, {"sleep": 3})
    with pytest.raises(DataError, match="above 0"):
        paces(tables, {"correct outlines": 0})
