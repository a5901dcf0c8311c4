"""A review of ``ds.unanswered()``: rows are open until nothing is left to ask of them."""

import pytest

import nbalabel as nl


@pytest.fixture
def asked(reef):
    reef.add_label("cod")
    reef.set(reef.instances.index[:3], label="cod", status="verified")
    reef.ask("sex", options=["f", "m"], where="label == 'cod'", required=True)
    reef.ask("ripe", kind="yes/no", where="sex == 'f'", required=True)
    reef.ask("length", kind="number", low=0)
    reef.ask("weather", of="images", options=["sun", "fog"], required=True)
    return reef


def give(ask, ids, name, value, of="instances"):
    return ask("give_answer", of=of, ids=list(ids), name=name, value=value)


def test_verified_instances_are_open_until_nothing_is_left_to_ask(asked, workspace, browser) -> None:
    review = nl.Review(workspace, asked.unanswered())
    ask, ids = browser(review), asked.instances.index[:3].tolist()
    assert ask("items")[0]["asks"] is True
    assert review.left.index.tolist() == ids
    give(ask, ids[:1], "sex", "f")
    assert review.left.index.tolist() == ids  # it is asked about the roe now
    give(ask, ids[:1], "ripe", False)
    assert review.left.index.tolist() == ids[1:]
    ask("undo_answer")
    assert review.left.index.tolist() == ids


def test_a_review_of_one_question_asks_it_though_it_is_not_required(asked, workspace, browser) -> None:
    review = nl.Review(workspace, asked.unanswered("instances", "length").iloc[2:5])
    ask, ids = browser(review), asked.instances.index[2:5].tolist()
    form, _ = ask("questions", instances=ids)
    assert {one["name"]: one["required"] for one in form["parts"][0]["questions"]} == {
        "sex": True,
        "length": True,
    }
    give(ask, ids, "length", 3)
    assert review.left.index.tolist() == ids[:1]  # a cod, whose sex is required


def test_images_are_reviewed_as_a_whole_and_only_where_they_are_asked(asked, workspace, browser) -> None:
    review = nl.Review(workspace, asked.unanswered("images"))
    ask, first = browser(review), int(asked.images.index[0])
    head, _ = ask("items")
    assert (head["of"], head["asks"]) == ("images", True)
    item, (mask, pixels) = ask("item", item_id=first)
    size = asked.images.loc[first, ["width", "height"]].tolist()
    assert (item["label"], item["box"], item["at"]) == ("", [0, 0, *size], [0, 0, *size])
    assert len(bytes(mask)) < 10
    assert bytes(pixels).startswith(b"\xff\xd8")
    assert [name for name, _, _ in item["facts"]][:2] == ["file", "state"]
    n = len(review.left)
    give(ask, [first], "weather", "fog", "images")
    assert len(review.left) == n - 1
    assert "answer those" in ask.error("answer", item_id=first, what="accept")
    with pytest.raises(nl.errors.DataError):
        nl.Review(workspace, asked.images)


def test_a_review_of_masks_is_what_it_was(asked, workspace, browser) -> None:
    review = nl.Review(workspace, asked.instances)
    assert browser(review)("items")[0]["asks"] is False
    assert not set(asked.instances.index[:3]) & set(review.left.index)  # verified: answered before


def test_a_rejected_instance_is_answered_by_that(asked, workspace, browser) -> None:
    review = nl.Review(workspace, asked.unanswered())
    ask, first = browser(review), int(asked.instances.index[0])
    ask("answer", item_id=first, what="reject")
    assert first not in review.left.index
    assert first not in asked.instances.index
