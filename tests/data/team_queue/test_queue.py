"""A queue hands tasks out, keeps every answer, and loses nothing: in SQLite and in PostgreSQL."""

import pytest

from nbalabel.core.errors import (
    CorruptError,
    DataError,
    HistoryError,
    NewerSchemaError,
    StorageError,
    UnknownNameError,
)
from nbalabel.data.queue.database.pace import AT_FIRST, LONGEST, PACE, SHORTEST
from nbalabel.data.queue.queue import Queue

from .conftest import drawn

EMPTY = drawn(state="empty")


def all_of(q, who, answer=EMPTY, **options):
    """Work until nothing is left; returns the rows."""
    done = []
    while tasks := q.take(who, **options):
        q.submit(tasks[0], who, answer, seconds=10)
        done.append(tasks[0].row_id)
    return done


def at(q, clock):
    q.sql.now = lambda: clock


def test_tasks_come_in_order_and_no_two_people_get_the_same(queue):
    q = queue()
    assert [t.row_id for t in q.take("ana", 3)] == [0, 1, 2]
    assert [t.row_id for t in q.take("bo", 2)] == [3, 4]
    assert [t.row_id for t in q.take("ana", 3)] == [0, 1, 2]  # those they hold
    assert q.progress() == (10, 5, 5, 0, 0)
    assert q.table["state"].tolist() == ["held"] * 5 + ["open"] * 5
    assert q.table["who"].tolist()[:5] == ["ana"] * 3 + ["bo"] * 2


def test_rows_are_ordered_by_a_column_or_at_random(queue, team):
    rows = team.images.iloc[:4].assign(hard=[0.2, 0.9, 0.1, 0.5])
    assert all_of(queue(rows, order="hard", ascending=False), "ana") == [1, 3, 0, 2]
    assert sorted(all_of(queue(rows, order="random"), "ana")) == [0, 1, 2, 3]
    with pytest.raises(UnknownNameError, match="hrd"):
        queue(order="hrd")


def test_each_task_gets_as_many_opinions_as_wanted_and_nobody_gives_two(queue):
    q = queue(redundancy=2)
    assert all_of(q, "ana") == list(range(10))
    assert q.take("ana") == []
    assert q.progress().open == 10
    assert all_of(q, "bo") == list(range(10))
    assert all_of(q, "cy") == []
    assert q.progress().is_done
    assert (q.table["answers"] == 2).all()


def test_more_opinions_can_be_asked_for_later_for_all_or_for_the_disputed(queue, mask):
    q = queue(redundancy=2)
    all_of(q, "ana")
    for task in q.take("bo", 10):
        q.submit(task, "bo", drawn(("cod", mask(0))) if task.row_id == 3 else EMPTY)
    assert q.raise_redundancy(3, "disputed") == 1
    assert all_of(q, "ana") == []
    assert all_of(q, "cy") == [3]
    assert q.raise_redundancy(3) == 9
    assert all_of(q, "di") == [0, 1, 2, 4, 5, 6, 7, 8, 9]
    with pytest.raises(DataError, match="only be raised"):
        q.raise_redundancy(2)


def test_a_lease_that_ends_gives_the_task_to_others_and_the_late_answer_is_one_more_opinion(queue, mask):
    q = queue()
    at(q, 1000.0)
    mine = q.take("ana")[0]
    at(q, 1000.0 + AT_FIRST + 1)
    theirs = q.take("bo")[0]
    assert theirs.row_id == mine.row_id
    late = q.submit(mine, "ana", drawn(("cod", mask(0))))
    assert late.late
    assert not q.submit(theirs, "bo", EMPTY).late
    assert q.table.loc[mine.task, ["answers", "wanted"]].tolist() == [2, 1]
    assert q.disputed() == [mine.task]


def test_a_late_answer_counts_as_usual_where_nobody_else_took_the_task(queue):
    q = queue()
    at(q, 1000.0)
    mine = q.take("ana")[0]
    at(q, 1e6)
    assert [t.row_id for t in q.take("bo", 2)] == [0, 1]  # the lease is over
    q.skip(q.take("bo")[0], "bo", "blurred")
    assert not q.submit(mine, "ana", EMPTY).late
    assert 0 not in all_of(q, "cy")


def test_a_lease_lasts_in_proportion_to_the_own_median_time_within_bounds(queue):
    q = queue()
    at(q, 0.0)

    def lease(seconds):
        for task in q.take("ana", 5):
            q.submit(task, "ana", EMPTY, seconds=seconds)
        return q.take("ana", 5)[0].until

    assert q.take("ana")[0].until == AT_FIRST
    assert lease(100.0) == PACE * 100
    assert SHORTEST < PACE * 100 < LONGEST
    others = queue()
    at(others, 0.0)
    for task in others.take("ana", 5):
        others.submit(task, "ana", EMPTY, seconds=1)
    assert others.take("ana")[0].until == SHORTEST


def test_an_open_view_renews_its_leases_and_gets_back_what_nobody_took(queue):
    q = queue()
    at(q, 0.0)
    tasks = q.take("ana", 2, seat="a")
    at(q, AT_FIRST * 0.9)
    assert q.renew(tasks, "ana", 30.0, seat="a") == [t.job for t in tasks]
    at(q, AT_FIRST * 1.5)
    assert [t.row_id for t in q.take("bo")] == [2]
    at(q, AT_FIRST * 9)
    assert [t.row_id for t in q.take("cy")] == [0]
    assert q.renew(tasks, "ana", seat="a") == [tasks[1].job]


def test_a_second_seat_of_one_person_takes_over_and_the_first_one_learns_of_it(queue):
    q = queue()
    first = q.take("ana", 2, seat="a")
    second = q.take("ana", 2, seat="b")
    assert [t.job for t in first] == [t.job for t in second]
    assert q.renew(first, "ana", seat="a") == []
    assert q.renew(second, "ana", seat="b") == [t.job for t in second]


def test_a_second_answer_of_one_person_changes_nothing(queue, mask):
    q = queue()
    task = q.take("ana")[0]
    first = q.submit(task, "ana", EMPTY)
    again = q.submit(task, "ana", drawn(("cod", mask(0))))
    assert again.again
    assert again.answer == first.answer
    assert q.answers()[0].content["instances"] == []


def test_what_is_skipped_goes_to_others_and_never_back(queue):
    q = queue()
    q.skip(q.take("ana")[0], "ana", "too dark", seconds=5)
    assert q.take("ana")[0].row_id == 1
    assert q.take("bo")[0].row_id == 0
    assert q.table["skipped"].tolist()[:2] == [1, 0]


def test_an_answer_is_reviewed_by_somebody_else_and_reworked_by_its_author(queue, mask):
    q = queue(review=True)
    task = q.take("ana")[0]
    q.submit(task, "ana", EMPTY)
    assert q.table.loc[task.task, "state"] == "review"
    assert q.take("ana", steps=["review"]) == []
    review = q.take("eva", steps=["review"])[0]
    assert review.author == "ana"
    assert review.content["state"] == "empty"
    q.decide(review, "eva", "rework", "one cod is missing", {"x": 4, "y": 8})
    assert q.table.loc[task.task, "state"] == "rework"
    assert [t.row_id for t in q.take("bo")] == [1]

    rework = q.take("ana")[0]
    assert (rework.step, rework.comment, rework.place) == ("rework", "one cod is missing", {"x": 4, "y": 8})
    q.submit(rework, "ana", drawn(("cod", mask(0))))
    q.decide(q.take("eva", steps=["review"])[0], "eva", "approve")
    assert q.table.loc[task.task, "state"] == "done"
    assert [(one.annotator, one.state) for one in q.answers()] == [("ana", "approved")]


def test_reviewers_see_every_comment_on_a_task_and_authors_those_on_their_answers(queue, mask):
    q = queue(review=True, redundancy=2)
    at(q, 100.0)
    first = {}
    for who in ("ana", "bo"):
        task = q.take(who)[0]
        assert q.comments(task) == []
        q.submit(task, who, EMPTY)
        first[who] = task.task
    assert first["ana"] == first["bo"]
    for text, place in (("one is missing", {"x": 4, "y": 8}), ("that of bo is wrong", None)):
        review = q.take("eva", steps=["review"])[0]
        q.decide(review, "eva", "rework", text, place)
    rework = q.take("ana", steps=["rework"])[0]
    (said,) = q.comments(rework)
    assert (said.reviewer, said.text, said.place, said.author) == (
        "eva",
        "one is missing",
        {"x": 4, "y": 8},
        "ana",
    )
    assert (said.when, said.verdict) == (100.0, "rework")
    q.submit(rework, "ana", drawn(("cod", mask(0))))
    again = q.take("zoe", steps=["review"])[0]
    assert again.author == "ana"
    assert [one.text for one in q.comments(again)] == ["one is missing", "that of bo is wrong"]
    q.decide(again, "zoe", "rework", "closer")
    assert [one.text for one in q.comments(q.take("ana", steps=["rework"])[0])] == [
        "one is missing",
        "closer",
    ]


def test_a_review_is_decided_once(queue):
    q = queue(review=True)
    at(q, 0.0)
    q.submit(q.take("ana")[0], "ana", EMPTY)
    mine = q.take("eva", steps=["review"])[0]
    at(q, 1e6)
    theirs = q.take("fay", steps=["review"])[0]
    q.decide(theirs, "fay", "approve")
    with pytest.raises(HistoryError, match="first decision stays"):
        q.decide(mine, "eva", "rework")
    with pytest.raises(DataError, match="verdict"):
        q.decide(theirs, "fay", "maybe")


def test_skipped_rework_makes_the_task_new_for_the_others(queue):
    q = queue(review=True)
    q.submit(q.take("ana")[0], "ana", EMPTY)
    q.decide(q.take("eva", steps=["review"])[0], "eva", "rework")
    q.skip(q.take("ana")[0], "ana", "I cannot see it")
    assert q.take("ana")[0].row_id == 1
    assert q.take("bo")[0].row_id == 0
    assert q.answers() == []


def test_a_queue_is_opened_again_by_its_name_and_takes_new_rows(queue, team, url):
    q = queue(team.images.iloc[:2])
    q.take("ana")
    again = Queue(team, team.images.iloc[:4], name=q.name, url=url)
    assert again.progress() == (4, 3, 1, 0, 0)
    assert Queue(team, name=q.name, url=url).of == "images"
    with pytest.raises(DataError, match="redundancy=1"):
        Queue(team, name=q.name, redundancy=2, url=url)
    with pytest.raises(UnknownNameError, match="no queue"):
        Queue(team, name="nothing", url=url)


def test_tasks_begin_from_a_version(queue, team):
    team.set(team.images.index[:1], table="images", weight=0.5)
    with pytest.raises(HistoryError, match="uncommitted"):
        queue()


@pytest.mark.parametrize(
    ("options", "message"),
    [({"name": "../x"}, "name"), ({"redundancy": 0}, "redundancy"), ({"of": "labels"}, "of must be")],
)
def test_options_out_of_range_are_refused(queue, options, message):
    with pytest.raises(DataError, match=message):
        queue(**options)


@pytest.mark.parametrize("answer", [{}, {"state": 3}, "accept", drawn() | {"instances": [{"id": 1}]}])
def test_what_is_no_answer_is_refused_and_the_task_stays(queue, answer):
    q = queue()
    task = q.take("ana")[0]
    with pytest.raises(DataError, match="the answer"):
        q.submit(task, "ana", answer)
    assert q.take("ana")[0].job == task.job


def test_nobody_answers_what_they_never_got(queue):
    q = queue()
    task = q.take("ana")[0]
    with pytest.raises(UnknownNameError, match="never handed to bo"):
        q.submit(task, "bo", EMPTY)
    for name in ("", "a,b", "x" * 200, "a\nb"):
        with pytest.raises(DataError, match="annotator"):
            q.take(name)


def test_a_file_that_is_no_queue_is_named(team):
    folder = team.folder / "queues"
    folder.mkdir()
    (folder / "queues.sqlite").write_bytes(b"this is not a database" * 100)
    with pytest.raises(CorruptError, match=r"queues\.sqlite"):
        Queue(team, team.images)


def test_a_queue_of_a_newer_version_is_named(queue, team, url):
    q = queue()
    text = "UPDATE nbl_format SET version = version + ?"
    q.sql.do(lambda run: run(text, (1,)))
    with pytest.raises(NewerSchemaError, match="newer nbalabel"):
        queue()
    q.sql.do(lambda run: run(text, (-1,)))


def test_a_database_that_is_not_there_is_named(team):
    pytest.importorskip("psycopg")
    with pytest.raises(StorageError, match="no connection"):
        Queue(team, team.images, url="postgresql://nobody:secret@/none?host=/nowhere")
    with pytest.raises(DataError, match="postgresql://"):
        Queue(team, team.images, url="mysql://x")
