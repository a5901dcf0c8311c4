"""Answers about single instances and predictions have columns: answers to attributes, and others."""

import pandas as pd
import pytest

from nbalabel.core.errors import DataError
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.learn.raters.raters import raters


@pytest.fixture
def asked(team: Dataset) -> Dataset:
    team.ask("sex", options=["f", "m"])
    team.ask("damage", kind="many", options=["net", "hook"])
    team.ask("length", kind="number", high=200)
    team.ask("weather", of="images", options=["sun", "fog"])
    team.commit("questions")
    return team


def test_what_is_said_of_an_instance_comes_back_with_its_answer_in_its_type(queue, asked):
    q = queue(asked.instances)
    said = [{"sex": "f", "damage": ["net"], "length": 12.5}, {"sex": "m", "seen by": "ana"}, {}]
    for own, what in zip(said, ("accept", "accept", "reject"), strict=True):
        q.submit(q.take("ana")[0], "ana", what, own=own)
    first, second, third = asked.instances.index
    got = asked.collect(q)
    assert (len(got), len(got.conflicts)) == (3, 0)
    assert asked.instances.loc[[first, second], "sex"].tolist() == ["f", "m"]
    assert list(asked.instances.at[first, "damage"]) == ["net"]
    assert asked.instances.at[first, "length"] == 12.5
    assert asked.instances.at[second, "seen by"] == "ana"
    assert third not in asked.instances.index
    asked.revert(got.changes[0])
    assert asked.instances["sex"].isna().all()


def test_a_draft_says_it_too_of_the_row_and_of_its_image_alone(queue, asked, tmp_path):
    q = queue(asked.instances.iloc[:1])
    task = q.take("ana")[0]
    tables, about = q.tables(task)
    with tables.save(tmp_path / "draft.nbal") as draft:
        draft.set([about], sex="f")
        draft.set(draft.instances.index.difference([about]), sex="m")
        draft.set([task.image_id], table="images", weather="fog")
        q.submit(task, "ana", "accept", own=draft)
    asked.collect(q)
    assert asked.instances["sex"].dropna().to_dict() == {about: "f"}
    assert asked.images["weather"].dropna().to_dict() == {task.image_id: "fog"}


def test_what_is_said_of_a_prediction_is_said_of_the_instance_that_it_becomes(queue, asked, mask):
    found = pd.DataFrame(
        {"image_id": [0, 1], "label": "cod", "mask": [mask(3), mask(8)], "score": 0.5, "origin": "run-1"},
        index=pd.Index([40, 41], name="prediction_id"),
    )
    q = queue(found, of="predictions")
    first = q.take("ana")[0]
    q.submit(first, "ana", "relabel", label="ling", own={"sex": "f", "length": 3})
    q.submit(q.take("ana")[0], "ana", "reject", own={"sex": "m"})
    before = asked.instances.index
    got = asked.collect(q)
    assert len(got.conflicts) == 0
    new = asked.instances.drop(index=before)
    assert new[["image_id", "label", "sex", "length"]].to_numpy().tolist() == [
        [first.image_id, "ling", "f", 3]
    ]


def test_conflicts_are_named_and_nothing_is_overwritten(queue, asked):
    q = queue(asked.instances, redundancy=2)
    for who, sex in (("ana", "f"), ("bo", "m")):
        for task in q.take(who, 3):
            q.submit(
                task, who, "accept", own={"sex": sex if task.row_id == asked.instances.index[0] else "f"}
            )
    first, second, _ = asked.instances.index
    asked.set([second], sex="m")
    got = asked.collect(q)
    assert sorted(got.conflicts[["why", "row_id"]].itertuples(index=False, name=None)) == [
        ("changed since the work began: sex", second),
        ("opinions differ: sex", first),
    ]
    assert asked.instances["sex"].tolist()[1:] == ["m", "f"]
    assert pd.isna(asked.instances["sex"].iloc[0])
    assert len(asked.collect(q, prefer="bo")) == 1
    assert asked.instances.at[first, "sex"] == "m"
    assert len(asked.collect(q, overwrite=[int(asked.instances.at[second, "image_id"])])) == 1
    assert asked.instances.at[second, "sex"] == "f"


def test_values_that_the_dataset_can_no_longer_hold_are_listed(queue, asked):
    q = queue(asked.instances)
    for own in ({"sex": "f"}, {"sex": "m"}, {"length": 150}):
        q.submit(q.take("ana")[0], "ana", "accept", own=own)
    asked.apply(asked.rename("sex", "male", option="m"))
    asked.ask("length", kind="number", high=100)
    got = asked.collect(q)
    assert len(got) == 1
    assert ["sex" in why or "length" in why for why in got.conflicts["why"]] == [True, True]
    assert asked.instances["sex"].tolist()[0] == "f"


def test_a_reviewer_sees_what_was_said_and_can_correct_it(queue, asked, tmp_path):
    q = queue(asked.instances.iloc[:1], review=True)
    q.submit(q.take("ana")[0], "ana", "accept", own={"sex": "f"})
    review = q.take("eva", steps=["review"])[0]
    tables, about = q.tables(review)
    assert tables.instances.at[about, "sex"] == "f"
    with tables.save(tmp_path / "review.nbal") as draft:
        draft.set([about], sex="m")
        q.decide(review, "eva", "approve", answer=draft)
    asked.collect(q)
    assert asked.instances.at[about, "sex"] == "m"


def test_what_is_no_value_is_refused(queue, asked):
    q = queue(asked.instances)
    task = q.take("ana")[0]
    with pytest.raises(DataError, match="own must hold texts"):
        q.submit(task, "ana", "accept", own={"sex": object()})
    with pytest.raises(DataError, match="come with the task itself"):
        q.submit(task.job, "ana", "accept", own={"sex": "f"})
    of_images = queue([0])
    with pytest.raises(DataError, match="in the answer itself"):
        of_images.submit(of_images.take("ana")[0], "ana", {}, own={"sex": "f"})


def test_opinions_of_a_queue_have_the_answers_that_were_given_and_not_those_of_others(queue, asked, tmp_path):
    q = queue([10], of="images", redundancy=2)
    fish = asked.instances.index[asked.instances["image_id"] == 10].tolist()
    for who, sex, weather in (("ana", "f", "sun"), ("bo", "m", "sun")):
        task = q.take(who)[0]
        with q.tables(task)[0].save(tmp_path / f"{who}.nbal") as draft:
            draft.set(fish[:1], sex=sex)
            draft.set([10], table="images", weather=weather)
            q.submit(task, who, draft)
    asked.set(fish[1:], sex="f")  # of the dataset, and of nobody's answer
    found = q.opinions()
    assert found["ana"].instances["sex"].dropna().tolist() == ["f"]
    assert found["bo"].instances["sex"].dropna().tolist() == ["m"]
    table = raters(q, draws=0).by_attribute.set_index("attribute")
    assert table.loc["sex", "compared"] == 1
    assert table.loc["weather", "alpha"] == 1.0
