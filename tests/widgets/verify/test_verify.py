"""The verification at the kernel's end: what it asks, what answers do, what is left after a restart."""

import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, HistoryError
from nbalabel.core.geometry.masks import rle
from nbalabel.demo.simulated import simulated_run
from nbalabel.widgets.bridge.static_output import png
from nbalabel.widgets.verify import crops, verify
from nbalabel.widgets.verify.qualification import Qualification
from nbalabel.widgets.verify.state import STATES

VIEW = {"size": 160, "context": 0.5}


@pytest.fixture(scope="module")
def reef(tmp_path_factory):
    """More unlabeled images than elsewhere: there must be something to ask. Made once, and not changed."""
    folder = tmp_path_factory.mktemp("once") / "reef.nbal"
    return nl.demo.reef(folder, n_images=60, n_labeled=10, n_test=2, size=96)


@pytest.fixture(scope="module")
def reef_run(reef):
    return simulated_run(reef)


@pytest.fixture
def own(reef, tmp_path):
    """A copy of the reef, to be changed."""
    return nl.open(shutil.copytree(reef.folder, tmp_path / "own.nbal"))


@pytest.fixture
def make(reef_run):
    """A propagation over the run of the reef; the paper's search unless told otherwise."""

    def made(**options):
        options = {"strategy": "paper", "n_samples": 6, "min_area": 0, "journal": False, **options}
        return nl.propagate(reef_run, **options)

    return made


@pytest.fixture
def p(make):
    return make()


@pytest.fixture
def view(p):
    return nl.Verify(p, annotator="anna")


def right(reef_run, ids):
    """What a person who goes by the score would say."""
    return [bool(score > 0.5) for score in reef_run.predictions.loc[ids, "score"]]


def answer_all(ask, reef_run, head):
    while head["question"] is not None:
        question = head["question"]
        said = right(reef_run, question["ids"])
        head, _ = ask("tell", number=question["number"], answers=said, seconds=2.0, **VIEW)
    return head


def test_labels_have_the_colors_that_were_defined_for_them(own, browser):
    own.define(own.labels[0], color="#00ff00")
    p = nl.propagate(simulated_run(own), strategy="paper", n_samples=6, min_area=0, journal=False)
    view = nl.Verify(p)
    head, _ = browser(view)("begin", **VIEW)
    assert dict(zip(head["labels"], head["colors"], strict=True))[own.labels[0]] == "#00ff00"


def test_it_begins_with_the_open_question_its_crops_and_where_it_stands(view, browser, p):
    head, (table, masks, pixels) = browser(view)("begin", **VIEW)
    json.dumps(head)
    question = p.ask()
    assert head["question"]["ids"] == question.ids.tolist()
    assert head["answers"] == [None] * len(question.ids)
    assert head["progress"]["n_masks"] == len(p.open)
    assert head["outlook"]["outcome"] in ("accept", "reject", "split", "more")
    clusters = p.clusters()
    columns = np.frombuffer(table, np.int32).reshape(9, head["clusters"])
    assert columns[1].tolist() == clusters["start"].tolist()
    assert [STATES[code] for code in columns[4]] == clusters["state"].tolist()
    assert sum(crop["bytes"][0] for crop in head["crops"]) == len(masks)
    assert sum(crop["bytes"][1] for crop in head["crops"]) == len(pixels)
    first = head["crops"][0]
    row = p.predictions.loc[first["id"]]
    left, top, end, bottom = first["box"]
    n_mask, n_pixels = first["bytes"]
    width, height = first["mask"]
    whole = rle.decode(row["mask"], 96, 96)
    assert (rle.decode(masks[:n_mask], height, width) == whole[top:bottom, left:end]).all()
    assert Image.open(io.BytesIO(pixels[:n_pixels])).size == (end - left, bottom - top)
    assert head["labels"][first["label"]] == row["label"]


def test_nothing_in_a_question_tells_known_answers_from_others(make, browser):
    p = make(honeypots=0.5)
    head, _ = browser(nl.Verify(p))("begin", **VIEW)
    assert set(head["question"]) == {"number", "kind", "cluster", "label", "size", "why", "asks", "ids"}
    assert all(set(crop) == set(head["crops"][0]) for crop in head["crops"])


def test_crops_that_do_not_fit_the_first_message_are_asked_for(view, browser, monkeypatch):
    monkeypatch.setattr(verify, "QUICKLY", -1.0)
    monkeypatch.setattr(verify, "PATIENTLY", 60.0)
    ask = browser(view)
    head, _ = ask("begin", **VIEW)
    assert len(head["crops"]) == 1
    number, n = head["question"]["number"], len(head["question"]["ids"])
    rest, (masks, _) = ask("crops", number=number, places=list(range(1, n)), **VIEW)
    assert rest["places"] == list(range(1, n))
    assert [crop["id"] for crop in rest["crops"]] == head["question"]["ids"][1:]
    assert sum(crop["bytes"][0] for crop in rest["crops"]) == len(masks)
    monkeypatch.setattr(crops, "_MESSAGE", 1)
    few, _ = ask("crops", number=number, places=list(range(n)), **VIEW)
    assert few["places"] == [0]


def test_crops_and_answers_that_come_after_their_question_was_told_are_no_error(view, browser, p, reef_run):
    ask = browser(view)
    head, _ = ask("begin", **VIEW)
    question = head["question"]
    late = {"number": question["number"]}
    ask("tell", answers=right(reef_run, question["ids"]), **late, **VIEW)
    assert ask("crops", places=[0], **late, **VIEW)[0] == {"places": [], "crops": []}
    assert ask("draft", answers=[None] * len(question["ids"]), **late)[0] == {"outlook": None}
    assert view.last_error is None


def test_answers_are_in_the_propagation_when_the_next_question_comes(view, browser, p, reef_run):
    ask = browser(view)
    head, _ = ask("begin", **VIEW)
    question = head["question"]
    said = right(reef_run, question["ids"])
    head, _ = ask("tell", number=question["number"], answers=said, seconds=4.0, **VIEW)
    assert p.n_answers == len(said)
    assert p.progress().seconds == 4.0
    assert head["question"]["number"] == p.ask().number
    assert head["progress"]["n_accepted"] == len(p.accepted)


def test_a_whole_propagation_is_answered_and_accepted(view, browser, p, own, reef_run):
    ask = browser(view)
    head, _ = ask("begin", **VIEW)
    head = answer_all(ask, reef_run, head)
    assert head["progress"]["phase"] == "done"
    assert p.ask() is None
    assert (head["question"], head["crops"]) == (None, [])
    assert len(p.accepted) > 0
    before = len(own.instances)
    own.accept(p.accepted, overlap="allow")
    assert len(own.instances) == before + len(p.accepted)
    assert view.picture() is None


def test_the_same_answers_by_view_and_by_hand_accept_the_same(make, browser, reef_run):
    shown, by_hand = make(seed=3), make(seed=3)
    ask = browser(nl.Verify(shown))
    answer_all(ask, reef_run, ask("begin", **VIEW)[0])
    while (question := by_hand.ask()) is not None:
        by_hand.tell(question, right(reef_run, question.ids))
    assert shown.accepted.index.tolist() == by_hand.accepted.index.tolist()
    assert shown.n_answers == by_hand.n_answers


def test_a_draft_says_what_it_would_mean_and_is_there_after_a_reload(view, browser, p):
    ask = browser(view)
    head, _ = ask("begin", **VIEW)
    question = head["question"]
    said = [True] * (len(question["ids"]) - 1) + [None]
    reply, _ = ask("draft", number=question["number"], answers=said, place=0)
    assert reply["outlook"]["estimate"] > head["outlook"]["estimate"]
    assert p.n_answers == 0
    again, _ = ask("begin", **VIEW)
    assert again["answers"] == said
    reply, _ = ask("draft", number=99, answers=said)
    assert reply == {"outlook": None}
    assert ask("begin", **VIEW)[0]["answers"] == said


def test_undo_opens_the_last_question_again_with_its_answers(view, browser, p, reef_run):
    ask = browser(view)
    assert "nothing to undo" in ask.error("undo", **VIEW)
    head, _ = ask("begin", **VIEW)
    question = head["question"]
    said = right(reef_run, question["ids"])
    ask("tell", number=question["number"], answers=said, **VIEW)
    head, _ = ask("undo", **VIEW)
    assert (head["question"]["number"], head["answers"]) == (question["number"], said)
    assert p.n_answers == 0


def test_a_skipped_cluster_is_left_aside(view, browser, p):
    ask = browser(view)
    head, _ = ask("begin", **VIEW)
    cluster = head["question"]["cluster"]
    head, _ = ask("skip", number=head["question"]["number"], **VIEW)
    clusters = p.clusters().set_index("cluster")
    assert clusters.loc[cluster, "state"] == "skipped"
    assert head["question"] is None or head["question"]["cluster"] != cluster


def test_what_was_answered_elsewhere_is_refused_and_told_to_other_pages(view, browser, p, reef_run):
    ask = browser(view)
    head, _ = ask("begin", **VIEW)
    question = p.ask()
    p.tell(question, right(reef_run, question.ids))
    answers = [True] * len(question.ids)
    assert "not open any more" in ask.error("tell", number=question.number, answers=answers, **VIEW)
    assert isinstance(view.last_error, HistoryError)
    n = len(ask.sent)
    view.sync()  # the end of the cell that told it
    view.sync()
    assert [message for message, _ in ask.sent[n:]] == [
        {"kind": "event", "name": "moved", "payload": {"turn": head["turn"] + 1}}
    ]
    assert ask("begin", **VIEW)[0]["turn"] == head["turn"] + 1


def test_who_carries_on_after_a_restart_is_asked_what_is_open(make, browser, reef_run, tmp_path):
    journal = tmp_path / "answers.jsonl"
    first = make(journal=journal)
    ask = browser(nl.Verify(first, annotator="anna"))
    head, _ = ask("begin", **VIEW)
    for _ in range(3):
        question = head["question"]
        said = right(reef_run, question["ids"])
        head, _ = ask("tell", number=question["number"], answers=said, **VIEW)
    first.close()
    again = make(journal=journal)
    head2, _ = browser(nl.Verify(again))("begin", **VIEW)
    assert head2["question"] == head["question"]
    assert head2["progress"] == head["progress"]
    assert '"anna"' in journal.read_text()


def test_a_qualification_comes_first_and_is_told_to_nobody(make, browser, reef_run):
    p = make()
    known = p.examples(100)
    assert known["right"]
    assert known["wrong"]
    view = nl.Verify(p, qualification=6, pass_mark=0.8)
    ask = browser(view)
    head, _ = ask("begin", **VIEW)
    assert head["qualifying"]
    assert head["outlook"] is None
    assert "cannot be skipped" in ask.error("skip", number=head["question"]["number"], **VIEW)
    assert "qualification" in ask.error("undo", **VIEW)
    first = head["question"]
    shown, _ = ask("examples", **VIEW)
    taught = {crop["id"] for crop in shown["crops"]}
    assert not taught & set(first["ids"])
    truth = [row_id in known["right"] for row_id in first["ids"]]
    assert True in truth
    assert False in truth
    head, _ = ask("tell", number=first["number"], answers=[not t for t in truth], **VIEW)
    assert head["graded"] == {"asked": 6, "right": 0, "needed": 5, "passed": False}
    assert head["question"]["number"] != first["number"]
    truth = [row_id in known["right"] for row_id in head["question"]["ids"]]
    head, _ = ask("tell", number=head["question"]["number"], answers=truth, **VIEW)
    assert head["graded"]["passed"]
    assert view.qualified.right == 6
    assert (head["question"]["number"], head["qualifying"]) == (p.ask().number, False)
    assert p.n_answers == 0


def test_a_qualification_without_known_masks_is_refused(make):
    with pytest.raises(DataError, match="needs masks whose answer is known"):
        nl.Verify(make(known=None), qualification=5)
    with pytest.raises(DataError, match="expected a qualification"):
        Qualification(make(), 5, 0.0)


def test_a_pass_mark_is_of_the_masks_there_are(make):
    p = make(known=None)
    question = p.ask()
    answers = [True, False, *([True] * (len(question.ids) - 2))]
    p.tell(question, answers)
    test = Qualification(p, 50, 1.0)
    assert sorted(test.question.ids.tolist()) == sorted(question.ids.tolist())
    assert test.told([i in p.examples(50)["right"] for i in test.question.ids]).passed


def test_examples_are_shown_as_right_and_wrong(view, browser, p):
    reply, (masks, pixels) = browser(view)("examples", **VIEW)
    known = p.examples(4)
    assert [crop["id"] for crop in reply["crops"]] == [*known["right"], *known["wrong"]]
    assert reply["right"] == len(known["right"])
    assert len(masks) > 0
    assert len(pixels) > 0


def test_the_mask_with_the_frame_is_the_one_views_point_at(make, browser, workspace):
    p = make()
    view = nl.Verify(p, workspace)
    ask = browser(view)
    question = p.ask()
    ask("draft", number=question.number, answers=[None] * len(question.ids), place=2)
    assert workspace.selection.active == ("predictions", int(question.ids[2]))


def test_a_missing_image_is_said_and_its_mask_is_asked_all_the_same(p, browser, own):
    shutil.rmtree(own.image_root)
    view = nl.Verify(p, images=own)
    head, (_, masks, pixels) = browser(view)("begin", **VIEW)
    assert "own" in head["crops"][0]["problem"]
    assert len(masks) > 0
    assert pixels == b""
    assert "own" in str(view.last_error)
    assert view.picture() is not None


def test_pixels_come_from_what_is_given(make, reef, browser):
    p = make()
    p.tables = None
    with pytest.raises(DataError, match="images=ds"):
        nl.Verify(p)
    head, _ = browser(nl.Verify(p, images=reef))("begin", **VIEW)
    assert head["crops"][0]["problem"] == ""


def test_a_propagation_of_mere_arrays_has_nothing_to_show():
    rng = np.random.default_rng(0)
    p = nl.Propagation(rng.normal(size=(20, 2)), rng.random(20), strategy="paper")
    with pytest.raises(DataError, match=r"p\.ask\(\)"):
        nl.Verify(p, images=nl.Tables)


def test_options_out_of_range_are_refused(p):
    with pytest.raises(DataError, match="height"):
        nl.Verify(p, height=10)
    with pytest.raises(DataError, match="batch"):
        nl.Verify(p, batch=0)
    with pytest.raises(DataError, match="mode"):
        nl.Verify(p, mode="three")
    with pytest.raises(DataError, match="no option 'colour'"):
        nl.Verify(p, colour="red")
    with pytest.raises(DataError, match="without commas"):
        nl.Verify(p, annotator="a, b")


def test_instructions_are_shown_before_the_first_answer_only(p, reef_run):
    assert nl.Verify(p, instructions="Fish only.").introduce
    question = p.ask()
    p.tell(question, right(reef_run, question.ids))
    view = nl.Verify(p, instructions="Fish only.")
    assert (view.introduce, view.instructions) == (False, "Fish only.")


def test_without_candidates_it_is_done_at_once(make, browser):
    p = make(min_score=1.0)
    head, _ = browser(nl.Verify(p))("begin", **VIEW)
    assert head["question"] is None
    assert (head["progress"]["n_masks"], head["clusters"]) == (0, 0)


def test_pages_that_run_no_widgets_show_the_masks(view):
    picture = view.picture()
    assert picture.width == 640
    assert len(png(picture)) <= 60_000
    data, _ = view._repr_mimebundle_()
    assert "image/png" in data
    assert "search" in repr(view)


def test_images_read_lately_are_kept_and_others_let_go(p, monkeypatch):
    read = []
    from_file = crops.read_values
    monkeypatch.setattr(crops, "read_values", lambda path: read.append(path) or from_file(path))
    cutter = crops.Crops(p.predictions, p.tables)
    ids = p.predictions.drop_duplicates("image_id").index[:4].tolist()
    for row_id in [*ids, *ids]:
        cutter.cut(row_id, 0.5, 64)
    assert len(read) == 4
    monkeypatch.setattr(crops, "_KEPT", 2 * 96 * 96 * 3)
    cutter = crops.Crops(p.predictions, p.tables)
    for row_id in [*ids, *reversed(ids)]:
        cutter.cut(row_id, 0.5, 64)
    assert len(read) == 4 + 4 + 2  # room for two: the last two were still there


def test_tables_without_files_are_asked_for_their_pixels(p, reef):
    class Made:
        image_root = None
        images = reef.images

        @staticmethod
        def read_image(_):
            return np.full((96, 96, 3), 200, np.uint8)

    cut = crops.Crops(p.predictions, Made()).cut(int(p.predictions.index[0]), 0.5, 64)
    assert abs(int(np.asarray(Image.open(io.BytesIO(cut.pixels))).mean()) - 200) <= 1
