"""Answers become Changes of their annotators; conflicts are shown, not overwritten."""

import json

import pandas as pd
import pytest

from nbalabel.core.errors import DataError
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.queue.content import contents_of, same
from nbalabel.learn.raters.raters import raters

from .conftest import drawn

EMPTY = drawn(state="empty")


def answer_all(q, who, answers, default=EMPTY, **options):
    while tasks := q.take(who, **options):
        q.submit(tasks[0], who, answers.get(tasks[0].row_id, default), seconds=10)


def test_answers_become_one_change_per_annotator_whose_origin_they_are(queue, team, mask):
    q = queue(team.images.iloc[:3])
    q.submit(q.take("ana")[0], "ana", drawn(("cod", mask(0)), ("ling", mask(20))))
    answer_all(q, "bo", {})
    got = team.collect(q)
    assert [change.origin for change in got.changes] == ["ana", "bo"]
    assert len(got) == 3
    assert team.images["state"].tolist()[:4] == ["complete", "empty", "empty", "unlabeled"]
    rows = team.instances[team.instances["image_id"] == 0]
    assert rows["label"].tolist() == ["cod", "ling"]
    assert set(rows["origin"]) == {"ana"}
    assert team.log()["origin"].tolist()[:2] == ["bo", "ana"]
    team.revert(got.changes[0])
    assert team.images.loc[0, "state"] == "unlabeled"


def test_collecting_again_brings_only_what_is_new_also_after_a_commit(queue, team):
    q = queue(team.images.iloc[:3])
    q.submit(q.take("ana")[0], "ana", EMPTY)
    assert len(team.collect(q)) == 1
    team.commit("a first part")
    answer_all(q, "bo", {})
    got = team.collect(q)
    assert (len(got), got.n_already, len(got.conflicts)) == (2, 1, 0)
    assert [len(team.collect(q)), team.status().origins] == [0, {"bo": 1}]


def test_instances_that_were_there_are_corrected_deleted_and_kept(queue, team, mask):
    q = queue([10], of="images")
    task = q.take("ana")[0]
    begin = q.start(task)
    cod, ling = begin["instances"]
    answer = begin | {"instances": [{**cod, "mask": mask(2).decode(), "label": "ling"}]}
    q.submit(task, "ana", answer)
    change = team.collect(q).changes[0]
    assert change.counts["instances"] == {"created": 0, "updated": 1, "deleted": 1}
    assert team.instances.loc[cod["id"], "x"] == 2
    assert ling["id"] not in team.instances.index
    assert same(contents_of(team, [10])[10], answer)


def test_what_was_changed_in_the_dataset_meanwhile_stays_and_is_listed(queue, team, mask):
    q = queue(team.images.iloc[:2])
    answer_all(q, "ana", {})
    team.add_instances(pd.DataFrame({"image_id": [1], "label": ["cod"], "mask": [mask(5)]}), origin="zoe")
    got = team.collect(q)
    assert got.conflicts[["why", "image_id", "annotators"]].to_numpy().tolist() == [
        ["the image was changed since the work began", 1, "ana"]
    ]
    assert team.images["state"].tolist()[:2] == ["empty", "partial"]
    assert len(team.collect(q, overwrite=[1])) == 1
    assert team.images.loc[1, "state"] == "empty"


def test_opinions_that_differ_are_listed_until_one_is_preferred_or_all_are_fused(queue, team, mask):
    q = queue(team.images.iloc[:2], redundancy=2)
    answer_all(q, "ana", {0: drawn(("cod", mask(0)))})
    answer_all(q, "bo", {0: drawn(("cod", mask(1)))})
    got = team.collect(q)
    assert (len(got), got.conflicts["why"].tolist()) == (1, ["opinions differ"])
    r = raters(q, draws=0)
    assert (r.raters, r.n_images, r.existence.value) == (("ana", "bo"), 2, 1.0)
    assert len(team.collect(q, prefer="bo")) == 1
    assert team.instances[team.instances["image_id"] == 0]["x"].tolist() == [1]


def test_a_consensus_of_a_queue_is_one_change_of_the_dataset(queue, team, mask):
    q = queue(team.images.iloc[:2], redundancy=3)
    for who, x in (("ana", 0), ("bo", 0), ("cy", 20)):
        answer_all(q, who, {}, default=drawn(("cod", mask(x))))
    team.apply(raters(q, draws=0).consensus(into=team))
    assert team.instances[team.instances["image_id"] < 2]["x"].tolist() == [0, 0]


def test_only_approved_answers_of_a_reviewed_queue_are_collected_as_they_were_corrected(queue, team, mask):
    q = queue(team.images.iloc[:2], review=True)
    answer_all(q, "ana", {})
    review = q.take("eva", steps=["review"])[0]
    q.decide(review, "eva", "approve", answer=drawn(("ling", mask(3))))
    got = team.collect(q)
    assert (len(got), got.n_waiting) == (1, 1)
    assert team.instances[team.instances["image_id"] == 0]["label"].tolist() == ["ling"]


def test_answers_about_instances_verify_reject_and_relabel_them(queue, team):
    q = queue(team.instances)
    for what, label in (("accept", None), ("reject", None), ("relabel", "ling")):
        task = q.take("ana")[0]
        tables, about = q.tables(task)
        assert (
            tables.instances.index.tolist()
            == team.instances.index[team.instances["image_id"] == task.image_id].tolist()
        )
        assert about == task.row_id
        q.submit(task, "ana", what, label=label)
    first, second, third = team.instances.index
    team.collect(q)
    assert team.instances.loc[first, "status"] == "verified"
    assert second not in team.instances.index
    assert team.instances.loc[third, "label"] == "ling"
    with pytest.raises(DataError, match="queue of instances"):
        raters(q)


def test_answers_about_predictions_accept_and_reject_them(queue, team, predictions):
    q = queue(predictions)
    assert q.of == "predictions"
    tables, about = q.tables(q.take("ana")[0])
    assert tables.instances.loc[about, "status"] == "proposed"
    for what in ("accept", "accept", "reject"):
        q.submit(q.take("ana")[0], "ana", what)
    got = team.collect(q)
    assert len(got) == 3
    assert team.instances["origin"].tolist()[3:] == ["run-1", "run-1"]
    assert team.log()["origin"].tolist()[0] == "ana"
    assert len(team.rejected) == 1


def test_the_image_of_a_task_is_a_dataset_of_its_own_that_can_be_submitted(queue, team, mask, tmp_path):
    q = queue([10], of="images")
    task = q.take("ana")[0]
    draft = q.tables(task)[0].save(tmp_path / "draft.nbal")
    draft.add_instances(pd.DataFrame({"image_id": [10], "label": ["cod"], "mask": [mask(12)]}))
    draft.add_regions(pd.DataFrame({"image_id": [10], "mask": [mask(24)], "kind": ["ignore"]}))
    q.submit(task, "ana", draft)
    draft.close()
    team.collect(q)
    assert len(team.instances[team.instances["image_id"] == 10]) == 3
    assert team.regions["kind"].tolist() == ["ignore"]
    assert same(contents_of(team, [10])[10], q.answers()[0].content)


def test_definitions_are_in_a_draft_and_own_columns_stay_on_what_stays(queue, team, mask):
    team.define("cod", parent="fish")
    team.set(team.instances, size_class=["s", "m", "l"])
    team.commit("definitions")
    q = queue([10], of="images")
    task = q.take("ana")[0]
    assert q.tables(task)[0].ontology.labels["cod"].parent == "fish"
    begin = q.start(task)
    cod = begin["instances"][0]
    q.submit(task, "ana", begin | {"instances": [cod, *drawn(("ling", mask(12)))["instances"]]})
    team.collect(q)
    rows = team.instances[team.instances["image_id"] == 10]
    assert rows["label"].tolist() == ["cod", "ling"]
    assert rows["size_class"].fillna("").tolist() == ["s", ""]


@pytest.mark.parametrize(
    "content",
    [
        '{"state": 1}',
        "[",
        json.dumps(drawn() | {"state": "sleepy"}),
        json.dumps(drawn(("shark", b"13"))),
        json.dumps(drawn(("cod", b"??"))),
    ],
)
def test_answers_that_somebody_else_wrote_into_the_database_are_refused(queue, team, content):
    q = queue()
    answer_all(q, "ana", {})
    text = "UPDATE nbl_answers SET content = ? WHERE queue_id = ?"
    q.sql.do(lambda run: run(text, (content, q.number)))
    before = team.images["state"].tolist()
    with pytest.raises(DataError):
        team.collect(q)
    assert team.images["state"].tolist() == before


def test_only_a_queue_is_collected(team: Dataset):
    with pytest.raises(DataError, match="takes a Queue"):
        team.collect(team)


@pytest.fixture
def asking(team):
    """The dataset asks about images and instances, and has a column of its own."""
    team.ask("sex", options=("f", "m", "unsure"))
    team.ask("count", kind="number", of="images", low=0)
    team.ask("seen", kind="many", of="images", options=("sand", "rock", "kelp"))
    team.set(team.instances.index, sex="unsure", depth=[1.5, 2.5, 3.5])
    team.commit("questions")
    return team


def worked(q, who, tmp_path, change):
    """Take a task, change its draft, and send it."""
    task = q.take(who)[0]
    draft = q.tables(task)[0].save(tmp_path / f"{who}-{task.job}.nbal")
    change(draft, task.image_id)
    draft.set([task.image_id], table="images", state="complete")
    q.submit(task, who, draft)
    draft.close()
    return task


def test_answers_to_attributes_and_own_columns_come_back_typed(queue, asking, mask, tmp_path):
    q = queue([10], of="images")

    def label(draft, image):
        first = draft.instances.index[0]
        assert draft.instances["depth"].tolist() == [1.5, 2.5]
        draft.set([first], sex="f", depth=9.0)
        draft.set([image], table="images", count=3, seen=[["sand", "kelp"]], diver="ana")
        draft.add_instances(
            pd.DataFrame({"image_id": [image], "label": ["cod"], "mask": [mask(12)], "sex": ["m"]})
        )

    worked(q, "ana", tmp_path, label)
    got = asking.collect(q)
    assert (len(got), len(got.conflicts)) == (1, 0)
    rows = asking.instances[asking.instances["image_id"] == 10]
    assert rows["sex"].tolist() == ["f", "unsure", "m"]
    assert rows["depth"].tolist()[:2] == [9.0, 2.5]
    assert pd.isna(rows["depth"].iloc[2])
    image = asking.images.loc[10]
    assert (image["count"], list(image["seen"]), image["diver"]) == (3, ["sand", "kelp"], "ana")
    assert asking.images["count"].dtype == "Float64"
    assert (len(asking.collect(q)), asking.collect(q).n_already) == (0, 1)
    asking.revert(got.changes[0])
    assert asking.instances["sex"].tolist() == ["unsure"] * 3


def test_an_answer_given_from_python_may_have_own_columns(queue, asking):
    q = queue([10], of="images")
    task = q.take("ana")[0]
    row = asking.instances.index[0]
    q.submit(
        task, "ana", q.start(task) | {"own": {"images": {"count": 2}, "instances": {str(row): {"sex": "m"}}}}
    )
    asking.collect(q)
    assert (asking.images.loc[10, "count"], asking.instances.loc[row, "sex"]) == (2, "m")
    with pytest.raises(DataError, match="own columns"):
        q.submit(q.take("bo", 1)[0] if q.take("bo", 1) else task, "ana", q.start(task) | {"own": {"rows": 3}})


def test_opinions_that_differ_by_an_attribute_alone_are_conflicts(queue, asking, tmp_path):
    q = queue([10], of="images", redundancy=2)
    row = asking.instances.index[0]
    worked(q, "ana", tmp_path, lambda draft, _: draft.set([row], sex="f"))
    task = worked(q, "bo", tmp_path, lambda draft, _: draft.set([row], sex="m"))
    assert asking.collect(q).conflicts["why"].tolist() == ["opinions differ: sex"]
    assert q.disputed() == [task.task]
    assert len(asking.collect(q, prefer="bo")) == 1
    assert asking.instances.loc[row, "sex"] == "m"


def test_only_the_same_cell_changed_by_others_is_a_conflict(queue, asking, tmp_path):
    q = queue([10, 11], of="images")
    worked(q, "ana", tmp_path, lambda draft, image: draft.set([image], table="images", count=1))
    worked(q, "ana", tmp_path, lambda draft, image: draft.set([image], table="images", count=1))
    asking.set([10], table="images", count=7)
    asking.set([11], table="images", seen=[["rock"]])
    got = asking.collect(q)
    assert got.conflicts[["why", "image_id"]].to_numpy().tolist() == [
        ["the image was changed since the work began: count", 10]
    ]
    assert (asking.images.loc[10, "count"], asking.images.loc[11, "count"]) == (7, 1)
    assert list(asking.images.loc[11, "seen"]) == ["rock"]
    asking.collect(q, overwrite=[10])
    assert asking.images.loc[10, "count"] == 1


def test_an_answer_that_the_dataset_can_no_longer_hold_is_listed_and_the_others_come(queue, asking, tmp_path):
    q = queue([10, 11], of="images")
    worked(q, "ana", tmp_path, lambda draft, image: draft.set([image], table="images", count=40))
    worked(q, "ana", tmp_path, lambda draft, image: draft.set([image], table="images", count=4))
    asking.ask("count", kind="number", of="images", low=0, high=10)
    got = asking.collect(q)
    assert len(got) == 1
    assert got.conflicts["image_id"].tolist() == [10]
    assert "does not fit" in got.conflicts["why"].iloc[0]
    assert "count" in got.conflicts["why"].iloc[0]
    assert asking.images["count"].dropna().tolist() == [4]


def test_rework_begins_from_the_own_columns_of_the_answer(queue, asking, mask, tmp_path):
    q = queue([10], of="images", review=True)

    def label(draft, image):
        draft.set([image], table="images", count=3)
        draft.add_instances(
            pd.DataFrame({"image_id": [image], "label": ["cod"], "mask": [mask(12)], "sex": ["m"]})
        )

    worked(q, "ana", tmp_path, label)
    review = q.take("eva", steps=["review"])[0]
    assert q.tables(review)[0].images["count"].tolist() == [3]
    q.decide(review, "eva", "rework", "four")
    again = q.take("ana")[0]
    assert q.tables(again)[0].instances["sex"].tolist() == ["unsure", "unsure", "m"]
    worked(q, "ana", tmp_path, lambda draft, image: draft.set([image], table="images", count=4))
    q.decide(q.take("eva", steps=["review"])[0], "eva", "approve")
    asking.collect(q)
    assert asking.images.loc[10, "count"] == 4
    assert asking.instances.query("image_id == 10")["sex"].tolist() == ["unsure", "unsure", "m"]


def test_a_honeypot_does_not_show_the_answers_that_are_known(queue, asking):
    asking.set([10], table="images", count=3)
    asking.commit("the truth")
    q = queue(asking.images.iloc[:3])
    q.add_honeypots([10])
    counts = []
    while tasks := q.take("ana"):
        counts.append(q.tables(tasks[0])[0].images["count"].iloc[0])
        q.submit(tasks[0], "ana", EMPTY)
    assert len(counts) == 4
    assert all(pd.isna(count) for count in counts)
