"""Numbers of annotators: active time, first pass, rejections, honeypots with intervals, agreement."""

import pandas as pd
import pytest

from nbalabel.core.binomial import clopper_pearson
from nbalabel.core.errors import DataError
from nbalabel.data.queue.content import contents_of
from nbalabel.data.queue.people import people

from .conftest import drawn

EMPTY = drawn(state="empty")


def answer_all(q, who, answer=EMPTY, seconds=10.0):
    done = []
    while tasks := q.take(who):
        content = answer(tasks[0]) if callable(answer) else answer
        q.submit(tasks[0], who, content, seconds=seconds)
        done.append(tasks[0].row_id)
    return done


def test_active_time_counts_answers_skips_and_what_an_open_view_reported(queue):
    q = queue()
    tasks = q.take("ana", 2)
    q.renew(tasks, "ana", seconds=12)
    q.submit(tasks[0], "ana", EMPTY, seconds=30)
    q.skip(tasks[1], "ana", "dark", seconds=6)
    q.renew(q.take("ana"), "ana", seconds=24)
    row = people(q).table.loc["ana"]
    assert row["hours"] == pytest.approx(60 / 3600)
    assert (row["answers"], row["skipped"], row["median_seconds"]) == (1, 1, 30)
    assert row["answers_per_hour"] == pytest.approx(60)
    assert pd.isna(row["first_pass"])


def test_first_pass_never_changes_and_the_rejection_rate_counts_every_decision(queue):
    q = queue(review=True)
    for _ in range(2):
        q.submit(q.take("ana")[0], "ana", EMPTY)
    first, second = q.take("eva", 2, steps=["review"])
    q.decide(first, "eva", "approve")
    q.decide(second, "eva", "rework", "look again")
    q.submit(q.take("ana")[0], "ana", EMPTY)
    q.decide(q.take("eva", steps=["review"])[0], "eva", "approve")
    table = people(q).table
    assert table.loc["ana", "first_pass"] == 0.5
    assert table.loc["ana", "rejection_rate"] == pytest.approx(1 / 3)
    assert table.loc["ana", "answers"] == 3
    assert table.loc["eva", "reviews"] == 3


def test_honeypots_come_at_any_time_to_everybody_and_are_no_tasks(queue, team):
    q = queue()
    q.submit(q.take("ana")[0], "ana", EMPTY)
    assert q.add_honeypots([10, 11]) == 2
    truth = contents_of(team, [10, 11])
    assert q.start(next(t for t in q.take("bo", 12) if t.row_id == 10))["instances"] == []
    for task in q.take("bo", 12):
        q.skip(task, "bo")
    assert {10, 11} <= set(answer_all(q, "ana", lambda task: truth.get(task.row_id, EMPTY)))
    assert 10 not in q.table["row_id"].tolist()
    assert q.progress().tasks == 10
    row = people(q).table.loc["ana"]
    assert (row["honeypots"], row["honeypot_accuracy"]) == (3, 1.0)
    assert (row["honeypot_low"], row["honeypot_high"]) == clopper_pearson(3, 3, 0.025)
    assert team.collect(q).conflicts.empty
    assert team.images.loc[10, "state"] == "complete"


def test_what_is_missing_needless_or_misnamed_on_a_honeypot_is_wrong(queue, mask):
    q = queue()
    q.add_honeypots([10])
    wrong = drawn(("ling", mask(0)), ("ling", mask(20)), ("cod", mask(10, 20)))
    answer_all(q, "ana", lambda task: wrong if task.row_id == 10 else EMPTY)
    row = people(q).table.loc["ana"]
    assert (row["honeypots"], row["honeypot_accuracy"]) == (3, pytest.approx(1 / 3))


def test_agreement_is_the_share_of_things_alike_on_the_same_tasks(queue, team, mask):
    q = queue(team.images.iloc[:2], redundancy=2)
    answer_all(q, "ana", lambda task: drawn(("cod", mask(0))) if task.row_id == 0 else EMPTY)
    answer_all(
        q, "bo", lambda task: drawn(("cod", mask(0)), ("cod", mask(20))) if task.row_id == 0 else EMPTY
    )
    assert people(q).table["agreement"].tolist() == [0.75, 0.75]


def test_a_dataset_knows_the_people_of_its_log(team):
    team.answer(team.instances.iloc[:1], "accept", annotator="ana", seconds=4)
    team.answer(team.instances.iloc[1:2], "accept", annotator="ana", seconds=8)
    row = people(team).table.loc["ana"]
    assert (row["answers"], row["median_seconds"], row["answers_per_hour"]) == (2, 6, 600)
    with pytest.raises(DataError, match="Queue or a Dataset"):
        people([1, 2])


def test_the_card_shows_a_dash_where_nothing_is_known_and_escapes_names(queue, team):
    q = queue()
    assert "nobody answered yet" in people(q)._repr_html_()
    q.submit(q.take("<b>ana")[0], "<b>ana", EMPTY, seconds=4)
    html = people(q)._repr_html_()
    assert "&lt;b&gt;ana" in html
    assert ">–</td>" in html
    assert "ana" in repr(people(q))
    assert "10 images" in q._repr_html_()
    assert str(q.ds.folder.parent) not in q._repr_html_(), "no path of this machine"
    assert "q-" in repr(q)
