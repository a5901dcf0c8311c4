"""Answers to questions go out in a package and come back: of images and of instances, of every kind."""

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import orjson
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import nbalabel as nl
from nbalabel.core.errors import NbalabelError

from .conftest import draw, edited, shape

HOLD = ["cvat", "labelstudio", "labelbox", "coco", "datumaro"]


@pytest.fixture
def asked(ds: nl.Dataset) -> nl.Dataset:
    """The dataset with a question of every kind about images and about instances; some are answered."""
    ds.ask("weather", of="images", options=["sun", "fog"], required=True)
    ds.ask("seen", of="images", kind="many", options=["net", "rope"])
    ds.ask("depth", of="images", kind="number", low=0, high=50)
    ds.ask("night", of="images", kind="yes/no")
    ds.ask("remark", of="images", kind="text")
    ds.ask("sex", options=["f", "m"], required=True)
    ds.ask("damage", kind="many", options=["net", "hook", "line"])
    ds.ask("dead", kind="yes/no")
    ds.ask("length", kind="number", unit="cm", low=0, high=200)
    ds.set(ds.images.index[:2], weather=["sun", None], seen=[["rope"], []], depth=[12.5, 7])
    ds.set(ds.images.index[:2], night=[True, None], remark=["a shoal", None])
    ds.set([101, 102, 103], sex=["f", "m", None], damage=[["net", "hook"], [], None])
    ds.set([101, 102, 103], dead=[False, True, None], length=[41, None, 2.5])
    ds.images["site"] = ["reef", "wreck"] * 4
    return ds


def packed(source: Path, target: Path, name: str, edit: Callable[[Any], Any]) -> Path:
    """A package with one of its JSON files edited: a list of lines of an NDJSON file."""
    with zipfile.ZipFile(source) as archive:
        data = archive.read(name)
        rest = {n: archive.read(n) for n in archive.namelist() if n != name and "images/" not in n}
    lines = name.endswith("ndjson")
    found = [orjson.loads(x) for x in data.splitlines()] if lines else orjson.loads(data)
    edit(found)
    text = b"".join(orjson.dumps(x) + b"\n" for x in found) if lines else orjson.dumps(found)
    with zipfile.ZipFile(target, "w") as archive:
        for other, content in {**rest, name: text}.items():
            archive.writestr(other, content)
    return target


def told(back: nl.Delivery, *what: str) -> dict[tuple[int, str], tuple[str, Any]]:
    """(image or instance, question) -> what became of the answer, and the answer."""
    rows = back.report.answers
    rows = rows[rows["what"].isin(what)] if what else rows[rows["what"] != "unanswered"]
    ids = rows["instance_id"].fillna(rows["image_id"])
    said = zip(rows["what"], rows["value"], strict=True)
    return dict(zip(zip(ids, rows["column"], strict=True), said, strict=True))


@pytest.mark.parametrize("to", HOLD)
def test_every_answer_travels_and_an_untouched_package_changes_none(
    asked: nl.Dataset, tmp_path: Path, to: str
) -> None:
    out = nl.hand_out(asked, [1, 2, 7], tmp_path / "a.zip", to=to)
    left = out.dropped[out.dropped["asked"].to_numpy(bool)]
    assert left.empty
    assert set(out.dropped["table"]) <= {"attributes"}  # conditions and texts of the declarations
    back = nl.take_back(asked, tmp_path / "a.zip")
    assert not back.change
    assert told(back) == {}
    assert back.report.options.empty
    assert back.report.unknown_columns == {}
    open_ = back.report.answers
    assert set(open_["what"]) == {"unanswered"}
    assert open_.loc[open_["table"] == "images", "image_id"].tolist() == [2, 7]
    assert (back.report.n_unanswered, back.report.n_unanswered_images) == (2, 2)  # 103, 104; 2, 7


def test_what_a_format_cannot_hold_is_counted_and_listed(asked: nl.Dataset, tmp_path: Path) -> None:
    out = nl.hand_out(asked, [1, 2], tmp_path / "a.zip", to="voc")
    lost = out.dropped.set_index(["table", "column"])["n"].to_dict()
    assert lost["images", "weather"] == 1
    assert lost["images", "seen"] == 2
    assert lost["images", "site"] == 2
    assert lost["instances", "damage"] == 2
    assert "weather of 1 images" in out._repr_html_()
    back = nl.take_back(asked, tmp_path / "a.zip")
    assert not back.change
    assert told(back) == {}


def test_answers_changed_added_removed_and_invalid_in_cvat(asked: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(asked, [1, 2], tmp_path / "a.zip", to="cvat")

    def edit(root: ET.Element) -> None:
        def put(of: ET.Element, name: str, text: str) -> None:
            found = of.find(f"attribute[@name='{name}']")
            found = ET.SubElement(of, "attribute", name=name) if found is None else found
            found.text = text

        one, two = root.findall("image/tag")
        put(one, "weather", "fog")
        put(one, "seen: net", "true")
        put(one, "depth", "99")
        put(two, "weather", "sun")
        put(two, "seen: none of these", "false")
        put(two, "remark", "murky")
        put(shape(root, 101), "damage: hook", "false")
        put(shape(root, 101), "sex", "__undefined__")
        put(shape(root, 102), "dead", "false")
        put(shape(root, 102), "damage: none of these", "true")
        put(shape(root, 102), "damage: hook", "true")
        put(shape(root, 103), "sex", "unsure")
        put(shape(root, 103), "length", "3.5")
        added = draw(root, "dive1/1.png", "cod", 20, 22)
        put(added, "sex", "m")
        put(added, "damage: line", "true")

    back = nl.take_back(asked, edited(tmp_path / "a.zip", tmp_path / "b.zip", edit))
    assert told(back) == {
        (1, "weather"): ("changed", "fog"),
        (1, "seen"): ("changed", ["net", "rope"]),
        (1, "depth"): ("invalid", 99),
        (2, "weather"): ("added", "sun"),
        (2, "seen"): ("removed", None),
        (2, "remark"): ("added", "murky"),
        (101, "damage"): ("changed", ["net"]),
        (101, "sex"): ("removed", None),
        (102, "dead"): ("changed", False),
        (102, "damage"): ("invalid", ["hook", "none of these"]),
        (103, "sex"): ("invalid", "unsure"),
        (103, "length"): ("changed", 3.5),
        (1, "sex"): ("added", "m"),  # of a new instance on image 1
        (1, "damage"): ("added", ["line"]),
    }
    before = asked.images.copy(), asked.instances.copy()
    asked.apply(back)
    assert asked.images.loc[[1, 2], "weather"].tolist() == ["fog", "sun"]
    assert [list(x) for x in asked.images.loc[[1, 2], "seen"]] == [["net", "rope"], []]
    assert asked.images.loc[[1, 2], "depth"].tolist() == [12.5, 7]
    assert asked.instances.loc[[101, 102], "sex"].tolist() == ["f", "m"]
    assert list(asked.instances.at[101, "damage"]) == ["net"]
    new = asked.instances[asked.instances["origin"] == back.id]
    assert new["sex"].tolist() == ["m"]
    assert list(new["damage"].iloc[0]) == ["line"]
    asked.revert(back)
    pd.testing.assert_frame_equal(asked.images, before[0])
    pd.testing.assert_frame_equal(asked.instances, before[1])


def test_options_that_a_vendor_added_or_took_away_are_told(asked: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(asked, [1, 2], tmp_path / "a.zip", to="cvat")

    def edit(root: ET.Element) -> None:
        for one in root.iter("attribute"):
            if one.findtext("name") == "weather":
                values = one.find("values")
                assert values is not None
                values.text = "__undefined__\nsun\nhaze"
        for label in root.iter("label"):
            listed = label.find("attributes")
            assert listed is not None
            for one in list(listed):
                if one.findtext("name") == "damage: line":
                    listed.remove(one)
        ET.SubElement(shape(root, 101), "attribute", name="damage: knife").text = "true"

    back = nl.take_back(asked, edited(tmp_path / "a.zip", tmp_path / "b.zip", edit))
    assert back.report.options.to_numpy().tolist() == [
        ["images", "weather", "haze", "added", 0],
        ["images", "weather", "fog", "removed", 0],
        ["instances", "damage", "knife", "added", 1],
        ["instances", "damage", "line", "removed", 0],
    ]
    assert told(back) == {(101, "damage"): ("invalid", ["net", "hook", "knife"])}
    assert "weather: haze added" in back.report._repr_html_()
    assert not back.change


def test_answers_come_back_from_label_studio(asked: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(asked, [1, 2], tmp_path / "a.zip", to="labelstudio")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        config = archive.read("config.xml").decode()
    assert '<Choices name="damage" toName="image" perRegion="true" choice="multiple">' in config
    assert '<Choices name="nb_image_weather" toName="image"><Choice value="sun"/>' in config

    def edit(tasks: list[dict[str, Any]]) -> None:
        for task in tasks:
            results = task.pop("predictions")[0]["result"]
            for one in results:
                if one["from_name"] == "nb_image_weather":
                    one["value"]["choices"] = ["fog"]
                if one["from_name"] == "damage" and one["id"] == "nb101":
                    one["value"]["choices"] = ["line"]
                if one["from_name"] == "sex" and one["id"] == "nb102":
                    one["value"]["choices"] = ["unsure"]
            task["annotations"] = [{"result": results}]
        mood = {"from_name": "mood", "to_name": "image", "type": "choices", "value": {"choices": ["calm"]}}
        tasks[1]["annotations"][0]["result"].append({"id": "x", **mood})

    back = nl.take_back(asked, packed(tmp_path / "a.zip", tmp_path / "b.zip", "tasks.json", edit))
    assert told(back) == {
        (1, "weather"): ("changed", "fog"),
        (101, "damage"): ("changed", ["line"]),
        (102, "sex"): ("invalid", "unsure"),
    }
    assert back.report.options.to_numpy().tolist() == [["instances", "sex", "unsure", "added", 1]]
    assert back.report.unknown_columns == {("images", "mood"): 1}


def test_answers_come_back_from_an_export_of_labelbox(asked: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(asked, [1, 2], tmp_path / "a.zip", to="labelbox")

    def edit(lines: list[dict[str, Any]]) -> None:
        checked = [x for x in lines if x.get("name") == "seen"]
        assert checked[0]["answer"] == [{"name": "rope"}]
        nested = next(x for x in lines if "mask" in x)["classifications"]
        assert {"name": "damage", "answer": [{"name": "net"}, {"name": "hook"}]} in nested
        objects = {"1": [], "2": []}
        for line in lines:
            if "mask" in line:
                objects["1" if line["dataRow"]["globalKey"] == "dive1/1.png" else "2"].append(line)
        about = [
            {"name": "weather", "radio_answer": {"name": "fog", "value": "fog"}},
            {"name": "seen", "checklist_answers": [{"name": "net"}, {"name": "rope"}]},
            {"name": "remark", "text_answer": {"content": "clear"}},
        ]
        exports = []
        for key, file in (("1", "dive1/1.png"), ("2", "dive0/2.png")):
            said = {"objects": objects[key], "classifications": about if key == "1" else []}
            project = {"labels": [{"annotations": said}]}
            row = {"external_id": file}
            size = {"height": 32, "width": 32}
            exports.append({"data_row": row, "media_attributes": size, "projects": {"p": project}})
        lines[:] = exports

    back = nl.take_back(asked, packed(tmp_path / "a.zip", tmp_path / "b.zip", "annotations.ndjson", edit))
    assert told(back, "changed", "added", "invalid") == {
        (1, "weather"): ("changed", "fog"),
        (1, "seen"): ("changed", ["net", "rope"]),
        (1, "remark"): ("changed", "clear"),
    }
    assert set(told(back, "removed")) == {
        *((1, name) for name in ("depth", "night", "site")),
        *((2, name) for name in ("seen", "depth", "site")),
    }


@pytest.mark.parametrize(
    ("to", "name"), [("datumaro", "annotations/default.json"), ("coco", "instances.json")]
)
def test_answers_about_images_come_back_as_attributes(
    asked: nl.Dataset, tmp_path: Path, to: str, name: str
) -> None:
    nl.hand_out(asked, [1, 2], tmp_path / "a.zip", to=to)

    def edit(document: dict[str, Any]) -> None:
        rows = document["items"] if to == "datumaro" else document["images"]
        said = rows[0]["attr" if to == "datumaro" else "attributes"]
        assert said["seen"] == ["rope"]
        said["seen"], said["weather"] = ["net"], "fog"
        if to == "datumaro":
            rows[0]["annotations"][0]["attributes"]["damage"] = ["line"]
        else:
            document["annotations"][0]["attributes"]["damage"] = ["line"]

    back = nl.take_back(asked, packed(tmp_path / "a.zip", tmp_path / "b.zip", name, edit))
    assert told(back) == {
        (1, "weather"): ("changed", "fog"),
        (1, "seen"): ("changed", ["net"]),
        (101, "damage"): ("changed", ["line"]),
    }


def test_an_answer_that_was_edited_here_meanwhile_stays(asked: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(asked, [1, 2], tmp_path / "a.zip", to="coco")
    asked.set([1], table="images", weather="fog")
    asked.set([101], sex="m", damage=[["line"]])

    def edit(document: dict[str, Any]) -> None:
        document["annotations"][0]["attributes"]["damage"] = ["hook"]
        document["annotations"][0]["attributes"]["sex"] = "m"

    back = nl.take_back(asked, packed(tmp_path / "a.zip", tmp_path / "b.zip", "instances.json", edit))
    assert told(back) == {(101, "damage"): ("edited here", ["hook"])}
    asked.apply(back)
    assert asked.images.at[1, "weather"] == "fog"
    assert list(asked.instances.at[101, "damage"]) == ["line"]


def test_own_columns_of_images_travel_and_honeypots_are_not_told_by_their_answers(
    asked: nl.Dataset, tmp_path: Path
) -> None:
    asked.set([3, 4, 5, 6], table="images", weather="sun")
    out = nl.hand_out(asked, [7, 8], tmp_path / "a.zip", to="coco", honeypots=1.0)
    assert out.images["honeypot"].sum() == 2
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        document = json.loads(archive.read("instances.json"))
    assert [image.get("attributes") for image in document["images"]] == [None] * 4
    assert {image["site"] for image in document["images"]} <= {"reef", "wreck"}

    def edit(found: dict[str, Any]) -> None:
        for image in found["images"]:
            image["site"] = "quay"

    back = nl.take_back(asked, packed(tmp_path / "a.zip", tmp_path / "b.zip", "instances.json", edit))
    assert told(back) == {(7, "site"): ("changed", "quay"), (8, "site"): ("changed", "quay")}


def test_retired_questions_and_hidden_answers_stay_here(asked: nl.Dataset, tmp_path: Path) -> None:
    asked.ask("eggs", kind="number", where="sex == 'f' and depth > 1")
    asked.set([101], eggs=300)
    asked.apply(asked.retire("dead"))
    nl.hand_out(asked, [1, 2], tmp_path / "a.zip", to="cvat")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        text = archive.read("annotations.xml").decode()
    assert 'name="dead"' not in text
    assert "300" in text
    assert not nl.take_back(asked, tmp_path / "a.zip").change


ANSWER = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**70), 2**70),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["sun", "net", "none of these", "__undefined__", '["net"]', "true"]),
    st.lists(st.one_of(st.text(max_size=3), st.sampled_from(["net", "hook", "rope"])), max_size=3),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.sampled_from(["seen", "weather", "depth", "damage", "sex"]), ANSWER), max_size=5)
)
def test_whatever_is_answered_ends_in_a_report_or_in_an_error_of_ours(
    asked: nl.Dataset, tmp_path: Path, said: list[tuple[str, Any]]
) -> None:
    package = tmp_path / "a.zip"
    if not package.exists():
        nl.hand_out(asked, [1, 2], package, to="datumaro")

    def edit(document: dict[str, Any]) -> None:
        for name, value in said:
            document["items"][0].setdefault("attr", {})[name] = value
            document["items"][0]["annotations"][0]["attributes"][name] = value

    def plain(value: object) -> bool:
        try:
            orjson.dumps(value)
        except TypeError:
            return False
        return True

    said = [one for one in said if plain(one[1])]
    try:
        back = nl.take_back(asked, packed(package, tmp_path / "b.zip", "annotations/default.json", edit))
    except NbalabelError:
        return
    before = asked.images.copy(), asked.instances.copy()
    if back.change:
        asked.apply(back)
        asked.revert(back)
    pd.testing.assert_frame_equal(asked.images, before[0])
    pd.testing.assert_frame_equal(asked.instances, before[1])
