"""The ontology in files: COCO keeps all of it, other formats say what they drop."""

import json

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, FormatError, LossWarning

ASKED = nl.Ontology(
    {"cod": nl.Definition(parent="gadidae", color="#112233", key="c", text="a cod", right=(1,))},
    images={"weather": nl.Attribute("weather", of="images", options=("sun", "fog"))},
    instances={
        "sex": nl.Attribute("sex", options=("f", "m"), where="label == 'cod'", required=True),
        "damage": nl.Attribute("damage", kind="many", options=("net", "hook"), number=1),
        "length": nl.Attribute("length", kind="number", unit="cm", low=0, number=2),
        "ripe": nl.Attribute("ripe", kind="yes/no", number=3),
        "remark": nl.Attribute("remark", kind="text", number=4),
    },
)


def square(x: int) -> bytes:
    mask = np.zeros((16, 16), bool)
    mask[2:8, x : x + 6] = True
    return nl.encode_mask(mask)


@pytest.fixture
def tables() -> nl.Tables:
    images = pd.DataFrame(
        {"file": ["a.png", "b.png"], "width": 16, "height": 16, "weather": ["fog", None], "site": ["x", "y"]},
        index=[1, 2],
    )
    instances = pd.DataFrame(
        {
            "image_id": [1, 1, 2],
            "label": ["cod", "ling", "cod"],
            "mask": [square(0), square(8), square(4)],
            "sex": ["f", "m", None],
            "damage": [["net", "hook"], None, []],
            "length": [12, 2.5, None],
            "ripe": [True, None, False],
            "remark": ["a", "b", None],
        },
        index=[1, 2, 3],
    )
    return nl.Tables.of(images, instances, ["cod", "ling"], ontology=ASKED)


ANSWERS = ["damage", "length", "ripe", "remark"]


def test_coco_keeps_the_ontology_and_every_answer_but_the_hidden_one(tables, tmp_path):
    report = nl.write_coco(tables, tmp_path / "a.json")
    assert (len(report.dropped), report.n_hidden) == (0, 1)
    assert "1 hidden answers left out" in repr(report)
    back = nl.read_coco(tmp_path / "a.json")
    assert back.ontology == tables.ontology
    pd.testing.assert_frame_equal(back.instances[ANSWERS], tables.instances[ANSWERS])
    assert back.instances["sex"].tolist() == ["f", np.nan, np.nan]  # nobody asks a ling
    pd.testing.assert_series_equal(back.images["weather"], tables.images["weather"])
    nl.write_coco(back, tmp_path / "b.json")
    once, twice = (json.loads((tmp_path / name).read_text()) for name in ("a.json", "b.json"))
    assert once == twice


def test_coco_files_hold_answers_where_cvat_and_datumaro_look_and_parents_as_supercategories(
    tables, tmp_path
):
    nl.write_coco(tables, tmp_path / "a.json")
    document = json.loads((tmp_path / "a.json").read_text())
    assert document["annotations"][0]["attributes"] == {
        "sex": "f",
        "damage": ["net", "hook"],
        "length": 12,
        "ripe": True,
        "remark": "a",
    }
    assert [c.get("supercategory") for c in document["categories"]] == ["gadidae", None]
    assert document["images"][0]["attributes"] == {"weather": "fog"}
    assert document["images"][0]["site"] == "x"


def foreign(answers: list[object], categories: list[dict[str, object]]) -> dict[str, object]:
    ring = [[1, 1, 5, 1, 5, 5, 1, 5]]
    shapes = [
        {"id": i, "image_id": 1, "category_id": 1, "segmentation": ring, "attributes": answer}
        for i, answer in enumerate(answers, 1)
    ]
    image = {"id": 1, "file_name": "a.jpg", "width": 8, "height": 8}
    return {"images": [image], "annotations": shapes, "categories": categories}


def read(document: object, tmp_path) -> nl.Tables:
    (tmp_path / "f.json").write_text(json.dumps(document))
    return nl.read_coco(tmp_path / "f.json")


def test_answers_of_other_programs_become_attributes_of_the_kind_they_can_be(tmp_path):
    answers = [
        {"occluded": False, "rotation": 0.5, "track": 3, "color": "red", "note": "one", "score": 1, "odd": 1},
        {"occluded": True, "rotation": 1, "color": "blue", "note": "two", "parts": ["fin"], "odd": "x"},
        {"color": "red", "note": "three", "parts": ["fin", "tail"]},
        {"color": "blue", "note": ""},
    ]
    tables = read(foreign(answers, [{"id": 1, "name": "fish", "supercategory": "animal"}]), tmp_path)
    found = {name: (one.kind, one.options) for name, one in tables.ontology.instances.items()}
    assert found == {
        "occluded": ("yes/no", ()),
        "rotation": ("number", ()),
        "track": ("number", ()),
        "color": ("one", ("blue", "red")),
        "note": ("text", ()),
        "coco_score": ("number", ()),
        "parts": ("many", ("fin", "tail")),
    }
    assert tables.ontology.labels["fish"].parent == "animal"
    assert tables.instances["occluded"].tolist() == [False, True, pd.NA, pd.NA]
    assert tables.instances["odd"].tolist()[:2] == ["1", "x"]


@pytest.mark.parametrize("supercategory", ["fish", "none", "", " ", None, 3, "a\nb"])
def test_a_supercategory_that_says_nothing_is_no_parent_and_is_kept(tmp_path, supercategory):
    tables = read(foreign([], [{"id": 1, "name": "fish", "supercategory": supercategory}]), tmp_path)
    assert not tables.ontology
    nl.write_coco(tables, tmp_path / "g.json")
    written = json.loads((tmp_path / "g.json").read_text())
    assert written["categories"][0].get("supercategory") == supercategory
    assert "nbalabel_ontology" not in written


def test_supercategories_in_a_circle_are_no_parents(tmp_path):
    categories = [
        {"id": 1, "name": "a", "supercategory": "b"},
        {"id": 2, "name": "b", "supercategory": "a"},
    ]
    assert not read(foreign([], categories), tmp_path).ontology


def test_attributes_that_are_no_objects_stay_a_column(tmp_path):
    tables = read(foreign([["a"], ["b"]], [{"id": 1, "name": "fish"}]), tmp_path)
    assert tables.instances["attributes"].tolist() == ['["a"]', '["b"]']
    assert not tables.ontology


@pytest.mark.parametrize(
    "ontology",
    [
        3,
        {"labels": {"fish": {"parent": "fish"}}},
        {"instances": {"sex": {"name": "sex", "kind": "text", "where": "__import__('os')"}}},
        {"instances": {"area": {"name": "area", "kind": "number"}}},
        {"instances": {"a\nb": {"name": "a\nb", "kind": "text"}}},
        {"instances": {"sex": {"name": "sex", "options": ["f", "m"]}}},
    ],
)
def test_a_file_whose_ontology_or_answers_are_wrong_is_refused(tmp_path, ontology):
    document = foreign([{"sex": "q"}], [{"id": 1, "name": "fish"}])
    with pytest.raises(DataError):
        read({**document, "nbalabel_ontology": ontology}, tmp_path)


def test_a_name_that_two_answers_would_get_is_refused(tmp_path):
    document = foreign([{"score": 1, "coco_score": 2}], [{"id": 1, "name": "fish"}])
    with pytest.raises(FormatError, match="cannot both be kept"):
        read(document, tmp_path)


def test_a_column_called_attributes_does_not_overwrite_the_answers(tables, tmp_path):
    both = nl.Tables.of(
        tables.images, tables.instances.assign(attributes="x"), tables.labels, ontology=tables.ontology
    )
    with pytest.raises(DataError, match="'attributes' would overwrite"):
        nl.write_coco(both, tmp_path / "a.json")


def test_a_format_without_a_place_for_answers_says_which_it_drops_and_how_many(tables, tmp_path):
    with pytest.warns(LossWarning, match=r"answers are not in .*: weather \(1 images\), sex \(1 instances\)"):
        report = nl.write_yolo(tables, tmp_path / "yolo", images="none")
    found = {(row.table, row.column): row.n for row in report.dropped.itertuples()}
    assert found == {
        ("images", "weather"): 1,
        ("images", "site"): 2,
        ("instances", "sex"): 1,
        ("instances", "damage"): 2,
        ("instances", "length"): 2,
        ("instances", "ripe"): 2,
        ("instances", "remark"): 2,
        **{("labels", part): 1 for part in ("parent", "color", "key", "text", "right")},
        ("attributes", "declaration"): 6,
    }
    assert report.n_hidden == 1
    assert "site of 2 images" in repr(report)


def test_labelme_keeps_the_answers_of_instances_and_drops_those_of_images(tables, tmp_path):
    with pytest.warns(LossWarning, match="weather"):
        report = nl.write_labelme(tables, tmp_path / "lm", images="none", masks="pixels")
    assert set(report.dropped["table"]) == {"images", "labels", "attributes"}
    shapes = json.loads((tmp_path / "lm" / "a.json").read_text())["shapes"]
    assert shapes[0]["attributes"] == {
        "sex": "f",
        "damage": ["net", "hook"],
        "length": 12.0,
        "ripe": True,
        "remark": "a",
    }
    assert "sex" not in shapes[1]["attributes"]


@pytest.mark.parametrize("name", ["cvat", "labelstudio"])
def test_formats_with_places_for_answers_keep_those_that_are_asked_for(tables, tmp_path, name):
    report = getattr(nl, f"write_{name}")(tables, tmp_path / name, images="none")
    assert set(report.dropped["table"]) == {"labels", "attributes"}
    back = getattr(nl, f"read_{name}")(report.path)
    assert back.images["weather"].tolist()[0] == "fog"
    assert pd.isna(back.images["weather"].iloc[1])
    found = [None if one is pd.NA else list(one) for one in back.instances["damage"]]
    assert found == [["net", "hook"], None, []]
    written = report.path.read_text()
    assert "net" in written
    assert ">m<" not in written  # the sex of a ling, which nobody asks for
    assert '["m"]' not in written
