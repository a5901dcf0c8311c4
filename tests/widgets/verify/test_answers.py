"""A question about an attribute in the verification: its words on the screen, and at the end."""

import pytest

import nbalabel as nl

VIEW = {"size": 96, "context": 0.5}


@pytest.fixture
def ds(tmp_path):
    dataset = nl.demo.reef(tmp_path / "reef.nbal", n_images=40, n_labeled=30, n_test=2, size=96)
    dataset.ask("sex", options=["f", "m"], text="Females have round fins.")
    dataset.ask("dead", kind="yes/no")
    yield dataset
    dataset.close()


def answered(view, right):
    """Answer all questions through the view; returns the last state."""
    head, _ = view.begin(**VIEW)
    while (question := head["question"]) is not None:
        answers = [right(int(i)) for i in question["ids"]]
        head, _ = view.tell(number=question["number"], answers=answers, **VIEW)
    return head


def test_it_asks_what_was_asked_and_shows_the_text_of_the_attribute(ds):
    ws = nl.Workspace(ds)
    p = nl.propagate(ds, question="sex=f")
    view = nl.Verify(p, ws, annotator="anna")
    head, _ = view.begin(**VIEW)
    question = head["question"]
    assert question["asks"] == "sex = f?"
    assert question["label"] == "sex = f", "no caption repeats it"
    assert "mask" not in question["why"].lower()
    assert view.instructions.splitlines() == [
        "Females have round fins.",
        "Yes: sex = f.",
        "No: it is something else, or cannot be told. It is then left without an answer.",
    ]
    view.draft(number=question["number"], answers=[None] * len(question["ids"]), place=0)
    assert ws.selection.active == ("instances", int(question["ids"][0]))


def test_it_ends_with_what_holds_and_the_cell_that_writes_the_answers(ds):
    small = ds.instances["area"] < ds.instances["area"].quantile(0.7)
    p = nl.propagate(ds, question="sex=f", target_quality=0.8)
    head = answered(nl.Verify(p, annotator="anna"), lambda i: bool(small[i]))
    n = len(p.accepted)
    assert n
    assert head["progress"]["note"] == p.certificate
    assert (head["progress"]["things"], head["progress"]["take"]) == ("instance", "ds.apply(p)")
    ds.apply(p)
    assert (ds.instances["sex"] == "f").sum() == n
    back, _ = nl.Verify(p, annotator="anna").undo(**VIEW)
    assert back["question"]["asks"] == "sex = f?"


@pytest.mark.parametrize(("question", "review"), [("sex=f", True), ("dead", True), ("label=bream", False)])
def test_what_is_left_is_asked_for_the_answer_and_never_for_the_mask(ds, question, review):
    for label in ("bream", "tench"):
        ds.define(label, parent="fish")
    view = nl.Verify(nl.propagate(ds, question=question, labels=None), annotator="anna")
    head, _ = view.begin(**VIEW)
    assert head["progress"]["rest"] == ("nl.Review(ds, p.rest)" if review else "")
    p = view.p
    assert len(p.rest) == len(p.predictions)
    if review:
        asked = nl.Review(ds, p.rest)
        assert asked._asked == (question.split("=")[0],)


def test_a_no_to_yes_or_no_says_that_it_is_kept(ds):
    view = nl.Verify(nl.propagate(ds, question="dead"), annotator="anna")
    assert view.instructions == "Yes: dead = yes.\nNo: dead = no. It is kept as an answer."


def test_of_all_options_each_card_shows_the_one_that_is_claimed(ds):
    ids = ds.instances.index
    ds.set(ids[:20], sex=["f", "m"] * 10)
    p = nl.propagate(ds, question="sex")
    view = nl.Verify(p, annotator="anna", qualification=4)
    head, _ = view.begin(**VIEW)
    assert head["labels"] == ["f", "m"]
    assert head["qualifying"]
    assert head["question"]["asks"] == "sex: is each answer right?"
    shown = {crop["id"]: head["labels"][crop["label"]] for crop in head["crops"]}
    assert shown == p.shown["label"].astype(str).loc[list(shown)].to_dict()
    assert view.picture() is not None


def test_masks_are_asked_about_as_before(ds):
    view = nl.Verify(nl.propagate(nl.demo.simulated_run(ds), min_area=0), annotator="anna")
    head, _ = view.begin(**VIEW)
    assert head["question"]["asks"] == ""
    assert (head["progress"]["things"], head["progress"]["take"]) == ("mask", "ds.accept(p.accepted)")
    assert "IoU 0.75 or more" in view.instructions


def test_examples_are_of_the_answer_that_is_asked_about_and_none_where_there_are_several(ds):
    ids = ds.instances.index
    ds.set(ids[:20], sex=["f", "m"] * 10)
    p = nl.propagate(ds, question="sex")
    view = nl.Verify(p, annotator="anna")
    seen = set()
    while (question := p.ask()) is not None:
        shown, _ = view.examples(**VIEW)
        claimed = {p.shown["label"].astype(str)[crop["id"]] for crop in shown["crops"]}
        seen.add(question.label)
        assert claimed <= ({question.label[4:]} if question.label else set())
        p.tell(question, [True] * len(question.ids))
    assert seen & {"sex=f", "sex=m"}
