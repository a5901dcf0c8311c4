"""The form in views: which questions are asked now, answers as Changes, and undo."""

import numpy as np
import pytest

import nbalabel as nl


@pytest.fixture
def asked(reef):
    """The reef with questions about its first three instances, which are cod."""
    reef.add_label("cod")
    reef.set(reef.instances.index[:3], label="cod")
    reef.ask("sex", options=["f", "m", "unsure"], where="label == 'cod'", required=True, text="By its belly.")
    reef.ask("ripe", kind="yes/no", where="sex == 'f'", required=True)
    reef.ask("damage", kind="many", options=["net", "hook"], default=["net"])
    reef.ask("length", kind="number", unit="cm", low=0, high=200)
    reef.ask("weather", of="images", options=["sun", "fog"], required=True)
    return reef


@pytest.fixture(params=[nl.Editor, nl.Review])
def ask(request, asked, workspace, browser):
    rows = (asked.instances,) if request.param is nl.Review else ()
    return browser(request.param(workspace, *rows, annotator="ana"))


def subject(ds, n=1):
    rows = ds.instances.iloc[:n]
    return {"instances": rows.index.tolist(), "images": [int(rows["image_id"].iloc[0])]}


def names(form):
    return [[one["name"] for one in part["questions"]] for part in form["parts"]]


def question(form, name):
    return next(one for part in form["parts"] for one in part["questions"] if one["name"] == name)


def test_a_form_asks_what_is_asked_of_the_instance_and_of_its_image(ask, asked) -> None:
    form, _ = ask("questions", **subject(asked))
    assert [part["of"] for part in form["parts"]] == ["instances", "images"]
    assert names(form) == [["sex", "damage", "length"], ["weather"]]
    assert form["parts"][0]["title"] == f"cod {asked.instances.index[0]}"
    other, _ = ask("questions", instances=[int(asked.instances.index[3])])
    assert names(other) == [["damage", "length"]]
    sex, length = question(form, "sex"), question(form, "length")
    assert (sex["required"], sex["text"], sex["options"]) == (True, "By its belly.", ["f", "m", "unsure"])
    assert (length["unit"], length["low"], length["high"], length["required"]) == ("cm", 0, 200, False)
    assert question(form, "damage")["default"] == ["net"]


def test_nested_questions_come_and_go_with_the_reply_to_an_answer(ask, asked) -> None:
    about = subject(asked)
    given = {"of": "instances", "ids": about["instances"], **about}
    form, _ = ask("give_answer", name="sex", value="f", **given)
    assert names(form)[0] == ["sex", "ripe", "damage", "length"]
    assert (question(form, "sex")["value"], question(form, "ripe")["depth"]) == ("f", 1)
    assert asked.next_undo.origin == "ana"
    form, _ = ask("give_answer", name="ripe", value=True, **given)
    form, _ = ask("give_answer", name="sex", value="m", **given)
    assert names(form)[0] == ["sex", "damage", "length"]
    assert asked.hidden_answers()["hidden"].tolist() == ["ripe"]  # kept
    form, _ = ask("undo_answer", **about)
    assert question(form, "ripe")["value"] is True


def test_an_error_leaves_everything_as_it_was(ask, asked) -> None:
    about = subject(asked)
    log = len(asked.log())
    given = {"of": "instances", "ids": about["instances"], **about}
    assert "at most 200 cm" in ask.error("give_answer", name="length", value="300", **given)
    assert "is not asked of" in ask.error("give_answer", name="ripe", value=True, **given)
    assert "of must be one of" in ask.error("give_answer", name="sex", value="f", **{**given, "of": "labels"})
    assert len(asked.log()) == log


def test_undo_takes_back_the_answers_given_here_and_redo_gives_them_again(ask, asked) -> None:
    about = subject(asked)
    assert "no answer was given here" in ask.error("undo_answer", **about)
    given = {"of": "instances", "ids": about["instances"], **about}
    ask("give_answer", name="sex", value="f", **given)
    ask("give_answer", name="length", value=12, **given)
    form, _ = ask("undo_answer", **about)
    assert (question(form, "length")["value"], form["of"], form["ids"]) == (
        None,
        "instances",
        about["instances"],
    )
    form, _ = ask("redo_answer", **about)
    assert question(form, "length")["value"] == 12
    ask("undo_answer", **about)
    asked.set(asked.images.index[:1], "images", weight=2)  # somebody else changed something meanwhile
    form, _ = ask("undo_answer", **about)
    assert question(form, "sex")["value"] is None
    assert asked.images["weight"].iloc[0] == 2
    assert "nothing to give again" in ask.error("redo_answer", **about)


def test_several_instances_are_answered_by_one_change_and_counted(asked, workspace, browser) -> None:
    ask = browser(nl.Editor(workspace))
    about = subject(asked, 4)
    three = {"of": "instances", "ids": about["instances"], **about}
    ask("give_answer", name="sex", value="f", **{**three, "ids": about["instances"][:1]})
    form, _ = ask("questions", **about)
    sex = question(form, "sex")
    assert (sex["asked"], sex["answered"], sex["value"], sex["counts"]) == (3, 1, None, [1, 0, 0])
    log = len(asked.log())
    form, _ = ask("give_answer", name="sex", value="m", **three)
    assert (question(form, "sex")["value"], question(form, "sex")["counts"]) == ("m", [0, 3, 0])
    assert len(asked.log()) == log + 1


def test_a_retired_option_is_shown_only_where_it_is_the_answer(ask, asked) -> None:
    about = subject(asked)
    given = {"of": "instances", "ids": about["instances"], **about}
    ask("give_answer", name="sex", value="unsure", **given)
    asked.apply(asked.retire("sex", option="unsure"))
    here = question(ask("questions", **about)[0], "sex")
    assert (here["options"], here["retired"]) == (["f", "m", "unsure"], ["unsure"])
    second = ask("questions", instances=[int(asked.instances.index[1])])[0]
    assert question(second, "sex")["options"] == ["f", "m"]


def test_a_form_of_lists_numbers_and_flags_says_what_all_rows_share(asked, workspace, browser) -> None:
    ids = asked.instances.index[:3]
    asked.give_answer(ids, "damage", ["hook"])
    asked.give_answer(ids[:2], "length", 7)
    form, _ = browser(nl.Editor(workspace))("questions", instances=ids.tolist())
    assert question(form, "damage")["value"] == ["hook"]
    assert (question(form, "length")["value"], question(form, "length")["answered"]) == (None, 2)
    asked.give_answer(ids, "length", 7)
    asked.give_answer(ids[:1], "damage", [])
    form, _ = browser(nl.Editor(workspace))("questions", instances=ids.tolist())
    assert (question(form, "length")["value"], question(form, "damage")["value"]) == (7, None)


def test_a_viewer_that_only_shows_answers_nothing(asked, workspace, browser) -> None:
    ask, about = browser(nl.Viewer(workspace)), subject(asked)
    said = ask.error("give_answer", of="instances", ids=about["instances"], name="sex", value="f")
    assert "nl.Editor" in said
    assert asked.instances["sex"].isna().all()


def test_rows_that_are_gone_are_not_in_the_form(ask, asked) -> None:
    about = subject(asked)
    asked.remove(about["instances"])
    form, _ = ask("questions", **about)
    assert [part["of"] for part in form["parts"]] == ["images"]


@pytest.mark.parametrize("view", [nl.Table, nl.Gallery, nl.Scatter])
def test_what_is_selected_is_answered_by_one_change_that_one_step_takes_back(
    view, asked, workspace, browser
) -> None:
    columns = {"x": "area", "y": "w"} if view is nl.Scatter else {}
    ask = browser(view(workspace, of="instances", **columns))
    n = len(asked.instances)
    rows = np.packbits(np.arange(n) < 5, bitorder="little").tobytes()
    sent = {"n": 5, "rev": workspace.rev}
    form, _ = ask("questions_of", [rows], **sent)
    assert (form["parts"][0]["title"], question(form, "sex")["asked"]) == ("5 instances", 3)
    values = {"column": "sex", "value": "m"}
    report, _ = ask("act", [rows], action="answer", values=values, **sent)
    assert report["note"] == "answered sex of 3 instances: m"
    assert asked.instances["sex"].notna().sum() == 3
    ask("undo", change=report["change"])
    assert asked.instances["sex"].isna().all()


def test_a_scatter_has_the_actions_of_the_other_views(asked, workspace, browser) -> None:
    ask = browser(nl.Scatter(workspace, x="area", y="w", of="instances"))
    n = len(asked.instances)
    rows, sent = np.packbits(np.arange(n) == 4, bitorder="little").tobytes(), {"n": 1, "rev": workspace.rev}
    report, _ = ask("act", [rows], action="set", values={"column": "label", "value": "cod"}, **sent)
    assert asked.instances["label"].iloc[4] == "cod"
    ask("undo", change=report["change"])
    assert asked.instances["label"].iloc[4] != "cod"
    assert "cod" in ask("labels")[0]["names"]
    assert len(ask("pictures", [np.array([4], np.int32).tobytes()], size=64)[1][0]) > 100


def test_the_script_of_the_form_comes_when_it_is_asked_for(ask) -> None:
    found, _ = ask("answers_script")
    assert "export" in found["script"]
    assert "nbl-form" in found["style"]
