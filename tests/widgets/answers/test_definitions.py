"""The definition of a label beside the picture, and examples made by one key."""

import pytest

import nbalabel as nl


@pytest.fixture
def ask(reef, workspace, browser):
    label = reef.labels[0]
    reef.define(label, parent="animal", text="Any fish.", key="f", right=reef.instances.index[:2])
    return browser(nl.Editor(workspace, annotator="ana"))


def test_a_definition_has_text_parents_and_crops_of_its_examples(ask, reef) -> None:
    label = reef.labels[0]
    reef.define(label, wrong=reef.instances.index[2:3])
    found, crops = ask("definition", label=label)
    assert (found["text"], found["path"], found["key"]) == ("Any fish.", ["animal", label], "f")
    assert [one["id"] for one in found["right"]] == reef.instances.index[:2].tolist()
    assert [one["id"] for one in found["wrong"]] == reef.instances.index[2:3].tolist()
    assert len(crops) == 3
    assert all(bytes(crop).startswith(b"\xff\xd8") for crop in crops)


def test_an_example_is_one_change_of_the_annotator_and_is_not_both_right_and_wrong(ask, reef) -> None:
    label, one = reef.labels[0], int(reef.instances.index[5])
    said, _ = ask("make_example", label=label, instance_id=one, right=True)
    assert said["note"] == f"instance {one} is now a right example of {label}"
    assert reef.ontology.labels[label].right[-1] == one
    assert reef.next_undo.origin == "ana"
    ask("make_example", label=label, instance_id=one, right=False)
    assert one not in reef.ontology.labels[label].right
    assert reef.ontology.labels[label].wrong == (one,)
    said, _ = ask("make_example", label=label, instance_id=one, right=False)
    assert "no longer a wrong example" in said["note"]
    assert reef.ontology.labels[label].wrong == ()
    reef.undo()
    assert reef.ontology.labels[label].wrong == (one,)


def test_examples_that_are_gone_are_counted_and_make_room_for_others(ask, reef) -> None:
    label, gone = reef.labels[0], reef.instances.index[:1]
    reef.remove(gone)
    found, crops = ask("definition", label=label)
    assert (found["lost"], len(found["right"]), len(crops)) == (1, 1, 1)
    one = int(reef.instances.index[4])
    ask("make_example", label=label, instance_id=one, right=True)
    assert reef.ontology.labels[label].right[-1] == one


def test_what_is_no_instance_or_label_is_no_example(ask, reef, workspace, browser) -> None:
    label = reef.labels[0]
    before = reef.ontology.labels[label]
    assert "only an instance" in ask.error("make_example", label=label, instance_id=10**6, right=True)
    assert "no label 'whale'" in ask.error("make_example", label="whale", instance_id=1, right=True)
    assert "no label 'whale'" in ask.error("definition", label="whale")
    only_shows = browser(nl.Viewer(workspace))
    one = int(reef.instances.index[5])
    assert "nl.Editor" in only_shows.error("make_example", label=label, instance_id=one, right=True)
    assert reef.ontology.labels[label] == before


def test_a_prediction_that_was_accepted_here_is_the_instance_it_became(reef, workspace, browser) -> None:
    run = workspace.run
    unlabeled = reef.images.index[reef.images["state"] == "unlabeled"]
    rows = run.predictions[run.predictions["image_id"].isin(unlabeled)].head(3)
    ask = browser(nl.Review(workspace, rows))
    item, label = int(rows.index[0]), str(rows["label"].iloc[0])
    assert "accept or save it" in ask.error("make_example", label=label, instance_id=item, right=True)
    before = set(reef.instances.index)
    ask("answer", item_id=item, what="accept")
    (made,) = set(reef.instances.index) - before
    ask("make_example", label=label, instance_id=item, right=True)
    assert reef.ontology.labels[label].right == (made,)
    reef.ask("sex", options=["f", "m"])
    form, _ = ask("questions", instances=[item])
    assert form["parts"][0]["ids"] == [made]
