"""An audit in the verification: asked like a propagation, with its own rules and its own end."""

import numpy as np
import pytest

import nbalabel as nl

VIEW = {"size": 160, "context": 0.5}


@pytest.fixture
def ds(tmp_path):
    dataset = nl.demo.reef(tmp_path / "reef.nbal", n_images=40, n_labeled=30, n_test=2, size=96)
    yield dataset
    dataset.close()


def answer(view, right):
    """Answer the open question through the view; returns the next state."""
    head, _ = view.begin(**VIEW)
    question = head["question"]
    answers = [right(int(i)) for i in question["ids"]]
    return view.tell(number=question["number"], answers=answers, **VIEW)[0]


def test_an_audit_is_asked_in_the_same_view(ds):
    a = nl.audit(ds, target_quality=0.9, at=0.6)
    view = nl.Verify(a, annotator="anna")
    head, _ = view.begin(**VIEW)
    assert head["question"]["kind"] == "audit"
    assert head["clusters"] == 0
    assert len(head["crops"]) > 0
    assert head["progress"]["state"] == "open"
    assert "IoU 0.60 or more" in view.instructions


def test_it_ends_with_the_statement_and_is_certified(ds):
    a = nl.audit(ds, target_quality=0.8)
    view = nl.Verify(a, annotator="anna")
    head = answer(view, lambda _: True)
    while head["question"] is not None:
        head = answer(view, lambda _: True)
    assert head["progress"]["state"] == "holds"
    assert "at least 80% are right" in head["progress"]["note"]
    made = ds.certify(a)
    assert (made.who, made.n_answers) == ("anna", a.n_answers)
    assert "at least 80% are right" in ds._repr_html_()


def test_the_outlook_and_undo_work_through_the_view(ds):
    a = nl.audit(ds, target_quality=0.9)
    view = nl.Verify(a, annotator="anna")
    head, _ = view.begin(**VIEW)
    question = head["question"]
    n = len(question["ids"])
    outlook = view.draft(number=question["number"], answers=[False] * n, place=0)["outlook"]
    assert outlook["outcome"] == "reject"
    answer(view, lambda _: False)
    assert a.state == "fails"
    back, _ = view.undo(**VIEW)
    assert back["question"]["ids"].tolist() == question["ids"].tolist()
    assert a.state == "open"


def test_the_framed_mask_is_the_active_instance_of_the_workspace(ds):
    ws = nl.Workspace(ds)
    a = nl.audit(ds)
    view = nl.Verify(a, ws, annotator="anna")
    question = view.begin(**VIEW)[0]["question"]
    view.draft(number=question["number"], answers=[None] * len(question["ids"]), place=2)
    assert ws.selection.active == ("instances", int(question["ids"][2]))


def test_a_qualification_takes_the_known_masks(ds):
    known = {int(i): k % 2 == 0 for k, i in enumerate(ds.instances.index[:20])}
    a = nl.audit(ds, known=known, honeypots=0.2)
    view = nl.Verify(a, annotator="anna", qualification=6)
    head, _ = view.begin(**VIEW)
    assert head["qualifying"]
    assert set(np.asarray(head["question"]["ids"]).tolist()) <= set(known)
