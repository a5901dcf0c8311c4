"""The place of an annotator: one task after the other, drafts that survive, leases that may be lost."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, HistoryError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.queue.leases import AT_FIRST


@pytest.fixture
def reef(tmp_path):
    ds = nl.demo.reef(tmp_path / "reef.nbal", n_images=10, n_labeled=6, n_test=2, size=96)
    yield ds
    ds.close()


@pytest.fixture
def place():
    made = []

    def make(*args, **options):
        made.append(nl.Work(*args, **options))
        return made[-1]

    yield make
    for work in made:
        work.close()


def rows_of(reef, n=4):
    return reef.images.iloc[:n]


def draw(work, label="fish"):
    mask = rle.encode(np.pad(np.ones((10, 10), bool), ((5, 81), (5, 81))))
    row = {"image_id": [work.task.image_id], "label": [label], "mask": [mask]}
    work.draft.add_instances(pd.DataFrame(row), origin=work.annotator)


def test_two_annotators_work_through_a_queue_in_one_view_each(reef, place):
    q = nl.Queue(reef, rows_of(reef))
    ana, bo = place(q, "ana"), place(q, "bo")
    assert (ana.state()["phase"], ana.state()["held"], ana.state()["open"]) == ("task", 4, 0)
    assert bo.task.image_id == rows_of(reef).index[3]
    view, seen = ana.view, []
    while ana.task is not None:
        seen.append(ana.task.image_id)
        assert ana.view.workspace.ds is ana.draft
        assert ana.view.image_id == ana.task.image_id
        assert ana.view is view
        draw(ana)
        ana.send(seconds=3)
    assert seen == rows_of(reef).index[:3].tolist()
    assert ana.state()["phase"] == "waiting"
    assert ana.children == (ana.head,)
    draw(bo)
    bo.send()
    assert bo.state()["phase"] == "done"
    before = len(reef.instances)
    assert len(reef.collect(q)) == 4
    assert len(reef.instances) == before + 4
    assert nl.people(q).table.loc["ana", "hours"] == pytest.approx(9 / 3600)


def test_questions_are_answered_in_the_editor_of_a_task_and_come_back_with_it(reef, place):
    reef.ask("sex", options=["f", "m"])
    reef.ask("weather", of="images", options=["sun", "fog"])
    reef.commit("questions")
    image = int(reef.instances["image_id"].iloc[0])
    work = place(nl.Queue(reef, [image]), "ana")
    fish = int(work.draft.instances.index[0])
    work.view.give_answer(of="instances", ids=[fish], name="sex", value="f")
    work.view.give_answer(of="images", ids=[image], name="weather", value="fog")
    assert work.draft.instances.loc[fish, "sex"] == "f"
    work.send(seconds=3)
    assert reef.instances["sex"].isna().all()
    reef.collect(work.queue)
    assert reef.instances["sex"].dropna().to_dict() == {fish: "f"}
    assert reef.images.loc[image, "weather"] == "fog"


def test_questions_are_answered_beside_the_review_of_a_single_mask_and_come_back_with_it(reef, place):
    reef.ask("sex", options=["f", "m"])
    reef.ask("weather", of="images", options=["sun", "fog"])
    reef.commit("questions")
    fish = int(reef.instances.index[0])
    work = place(nl.Queue(reef, reef.instances.iloc[:1]), "ana")
    image = work.task.image_id
    work.view.give_answer(of="instances", ids=[fish], name="sex", value="f")
    work.view.give_answer(of="images", ids=[image], name="weather", value="fog")
    work.view.answer(item_id=fish, what="accept", seconds=1.0)
    assert reef.instances["sex"].isna().all()
    reef.collect(work.queue)
    assert reef.instances["sex"].dropna().to_dict() == {fish: "f"}
    assert reef.images.loc[image, "weather"] == "fog"
    assert reef.instances.loc[fish, "status"] == "verified"


def test_a_reworked_answer_comes_back_to_its_reviewer_with_the_comments(reef, place):
    q = nl.Queue(reef, rows_of(reef, 1), review=True)
    ana, eva = place(q, "ana"), place(q, "eva", review=True)
    draw(ana)
    ana.send()
    eva.look()
    assert eva.state()["thread"] == []
    eva.decide("rework", "one is missing", place={"x": 3.0, "y": 4.0})
    ana.look()
    (said,) = ana.state()["thread"]
    assert (said["reviewer"], said["text"], said["place"]) == ("eva", "one is missing", {"x": 3.0, "y": 4.0})
    ana.send()
    eva.look()
    assert eva.state()["step"] == "review"
    assert eva.state()["thread"] == [said]
    assert said["when"] > 1.7e9


def test_the_next_tasks_are_held_and_ready(reef, place):
    work = place(nl.Queue(reef, rows_of(reef)), "ana")
    work._drafts.settle()
    assert len(list(work.draft.folder.parent.glob("*.nbal"))) == 3
    first = work.draft.folder
    draw(work)
    work.send()
    work._drafts.settle()
    assert not first.exists()


def test_a_draft_is_there_again_after_the_kernel_has_gone(reef, place):
    q = nl.Queue(reef, rows_of(reef))
    work = place(q, "ana")
    begin = len(work.draft.instances)
    draw(work)
    task = work.task
    work.draft.close()  # what is left of a session that ended
    again = place(q, "ana")
    assert again.task.job == task.job
    assert len(again.draft.instances) == begin + 1
    work.draft = None


def test_a_queue_that_is_begun_anew_does_not_open_drafts_of_the_old_one(reef, place):
    q = nl.Queue(reef, rows_of(reef, 1))
    old = place(q, "ana")
    draw(old)
    old.draft.close()
    old.draft = None
    q.close()
    for file in (reef.folder / "queues").glob("queues.*"):
        file.unlink()
    work = place(nl.Queue(reef, reef.images.iloc[1:2]), "ana")
    assert work.draft.images.index.tolist() == reef.images.index[1:2].tolist()


def test_undo_ends_where_the_task_began(reef, place):
    work = place(nl.Queue(reef, rows_of(reef)), "ana")
    draw(work)
    work.send()
    with pytest.raises(HistoryError):
        work.draft.undo()


def test_a_lost_lease_is_said_and_the_answer_is_one_more_opinion(reef, place):
    q = nl.Queue(reef, rows_of(reef, 1))
    q.sql.now = lambda: 0.0
    ana = place(q, "ana")
    q.sql.now = lambda: AT_FIRST + 1
    bo = place(q, "bo")
    assert bo.task.image_id == ana.task.image_id
    ana.beat(5)
    assert ana.state()["phase"] == "lost"
    draw(ana)
    ana.send()
    assert "one more opinion" in ana.state()["note"]
    draw(bo)
    bo.send()
    assert q.table["answers"].tolist() == [2]


def test_the_line_acts_once_on_what_it_shows(reef, place, browser):
    work = place(nl.Queue(reef, rows_of(reef)), "ana")
    ask = browser(work.head)
    state, _ = ask("now")
    draw(work)
    first, _ = ask("send_answer", job=state["job"], seconds=2.5)
    again, _ = ask("send_answer", job=state["job"], seconds=2.5)  # pressed twice
    assert first["job"] == again["job"] != state["job"]
    skipped, _ = ask("skip_task", job=first["job"], reason="blurred", seconds=1)
    assert skipped["job"] not in (0, first["job"])
    assert work.queue.table["answers"].sum() == 1
    assert work.queue.table["skipped"].sum() == 1


def test_sending_says_that_an_image_is_complete_and_an_unlabeled_one_is_not_sent_by_mistake(reef, place):
    q = nl.Queue(reef, reef.images.query("state == 'unlabeled'"))
    work = place(q, "ana")
    with pytest.raises(DataError, match="Nothing here"):
        work.send()
    draw(work)
    assert work.draft.images["state"].tolist() == ["partial"]
    work.send()
    work.draft.mark_empty([work.task.image_id])
    work.send()
    assert [one.content["state"] for one in q.answers()] == ["complete", "empty"]
    assert q.answers()[0].content["weight"] == 1


def test_a_reviewer_corrects_accepts_and_sends_back_what_is_picked(reef, place):
    q = nl.Queue(reef, rows_of(reef, 2), review=True)
    ana = place(q, "ana")
    for _ in range(2):
        draw(ana)
        ana.send()
    eva = place(q, "eva", review=True)
    assert eva.state()["author"] == "ana"
    draw(eva)
    eva.decide("approve")
    ids = eva.draft.instances.index
    eva.view.workspace.selection.active = ("instances", int(ids[-1]))
    eva.decide("rework", "too large")
    ana.look()
    assert (ana.task.step, ana.state()["thread"][0]["text"]) == ("rework", "too large")
    active = ana.view.workspace.selection.active
    assert active[0] == "instances"
    assert ana.draft.instances.loc[active[1], ["x", "y"]].tolist() == [5, 5]
    got = reef.collect(q)
    assert len(got) == 1
    assert (reef.instances["image_id"] == rows_of(reef).index[0]).sum() == 2


def test_masks_are_answered_in_a_review(reef, place, browser):
    q = nl.Queue(reef, reef.instances.iloc[:3])
    work = place(q, "ana")
    view = work.view
    ask = browser(view)
    for what in ("accept", "reject", "relabel"):
        item = int(view.left.index[0])
        assert item == work.task.row_id
        label = reef.labels[-1] if what == "relabel" else None
        ask("answer", item_id=item, what=what, label=label, seconds=2.0)
    assert work.state()["phase"] == "done"
    assert [one.content["what"] for one in q.answers()] == ["accept", "reject", "relabel"]
    assert len(reef.collect(q)) == 3


def test_predictions_are_answered_in_a_review(reef, place, browser):
    run = nl.demo.simulated_run(reef)
    q = nl.Queue(reef, run.predictions.iloc[:2])
    work = place(q, "ana")
    ask = browser(work.view)
    for _ in range(2):
        ask("answer", item_id=int(work.view.left.index[0]), what="reject", seconds=1.0)
    assert work.state()["phase"] == "done"
    reef.collect(q)
    assert len(reef.rejected) == 2


def test_what_cannot_be_worked_on_is_refused(reef, place, tmp_path):
    with pytest.raises(DataError, match="expected a Queue"):
        nl.Work(reef)
    q = nl.Queue(reef, rows_of(reef))
    with pytest.raises(DataError, match="not reviewed"):
        nl.Work(q, "ana", review=True)
    work = place(q, "ana", drafts=tmp_path / "elsewhere")
    assert work.draft.folder.is_relative_to(tmp_path / "elsewhere")
    for _ in range(4):
        work.skip("dark")
    with pytest.raises(HistoryError, match="no task"):
        work.send()


def test_a_comment_is_about_a_free_place_and_its_author_is_shown_it(reef, place):
    q = nl.Queue(reef, rows_of(reef, 1), review=True)
    ana, eva = place(q, "ana"), None
    draw(ana)
    ana.send()
    eva = place(q, "eva", review=True)
    state = eva.head.decide_on(
        job=eva.task.job, verdict="rework", comment="one is missing", seconds=1.0, place={"x": 70.5, "y": 80}
    )
    assert state["phase"] == "waiting"
    ana.look()
    assert (ana.state()["thread"][-1]["place"], ana.state()["image"]) == (
        {"x": 70.5, "y": 80.0},
        ana.task.image_id,
    )
    around = ana.draft.instances
    inside = around[
        (around.x <= 70.5) & (around.x + around.w >= 70.5) & (around.y <= 80) & (around.y + around.h >= 80)
    ]
    kind, picked = ana.view.workspace.selection.active
    assert kind == ("instances" if len(inside) else "images")
    assert picked in (inside.index if len(inside) else [ana.task.image_id])


@pytest.mark.parametrize("at", [{"x": 1}, {"x": float("nan"), "y": 2}, {"x": "1", "y": 2}, (1, 2)])
def test_a_place_that_is_none_is_refused_and_the_review_stays(reef, place, at):
    q = nl.Queue(reef, rows_of(reef, 1), review=True)
    ana = place(q, "ana")
    draw(ana)
    ana.send()
    eva = place(q, "eva", review=True)
    with pytest.raises(DataError, match="place"):
        eva.decide("rework", "here", place=at)
    assert eva.task is not None


def test_a_place_that_python_closes_at_its_end_says_nothing(tmp_path):
    code = f"""
import nbalabel as nl
ds = nl.demo.reef({str(tmp_path / "r.nbal")!r}, n_images=12, n_labeled=6, n_test=2, size=96)
q = nl.Queue(ds, ds.images.loc[ds.instances["image_id"].unique()[:1]])
ana = nl.Work(q, "ana")
ana.send()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
