"""What goes out to a vendor, and what came back of it."""

import json
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, LossWarning, StorageError, UnknownNameError
from nbalabel.core.geometry.masks import rle

from .conftest import SIZE, draw, edited, parsed, remove, shape, square, what

KINDS = ["cvat", "labelstudio", "labelbox", "coco", "voc", "datumaro"]


@pytest.mark.parametrize("to", KINDS)
def test_a_package_that_comes_back_untouched_changes_nothing(ds: nl.Dataset, tmp_path: Path, to: str) -> None:
    out = nl.hand_out(ds, [1, 2, 7], tmp_path / "a.zip", to=to)
    assert out.loss.empty
    assert out.n_instances == 4
    back = nl.take_back(ds, tmp_path / "a.zip")
    assert back.package == out.id
    assert set(back.report.images["what"]) == {"came"}
    assert set(back.report.instances["what"]) == {"untouched"}
    assert back.report.ids_lost == back.report.ids_doubled == back.report.ids_strange == ()
    assert back.change.summary() == "nothing"
    assert "3 came" in back._repr_html_()
    assert "every mask comes back as it is" in out._repr_html_()


def test_what_one_label_per_pixel_hides_is_counted_and_no_edit(ds: nl.Dataset, tmp_path: Path) -> None:
    ds.set([102], mask=[square(6)])
    with pytest.warns(LossWarning, match="1 of 4 masks come back different"):
        out = nl.hand_out(ds, [1, 2], tmp_path / "a.zip", to="voc")
    assert out.n_flattened == 2
    assert out.loss["iou"].to_dict() == {101: 0.5}
    assert "2 instances are hidden in part" in out._repr_html_()
    back = nl.take_back(ds, tmp_path / "a.zip")
    assert set(what(back).values()) == {"untouched"}
    assert not back.change


def test_a_package_holds_pictures_labels_guidelines_and_a_manifest(ds: nl.Dataset, tmp_path: Path) -> None:
    out = nl.hand_out(ds, ds.instances.head(1), tmp_path / "a.zip", guidelines="Outline the fins, too.")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        names = sorted(archive.namelist())
        manifest = json.loads(archive.read("manifest.json"))
        assert archive.read("guidelines.md") == b"Outline the fins, too."
        assert archive.read("labels.txt") == b"cod\nling\n"
    assert "images/dive1/1.png" in names
    assert manifest["version"] == ds.version_id
    assert manifest["instances"] == [101, 102]
    assert manifest["images"][0]["sha256"] == out.images.at[1, "sha256"]


def test_nothing_in_a_package_tells_honeypots_from_other_images(ds: nl.Dataset, tmp_path: Path) -> None:
    ds.set([101, 102], source="model", status="proposed", score=[0.4, 0.5])
    out = nl.hand_out(ds, [1, 2], tmp_path / "a.zip", honeypots=1.0)
    assert out.images["honeypot"].sum() == 2
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        root = parsed(archive.read("annotations.xml"))
        text = archive.read("manifest.json").decode() + archive.read("annotations.xml").decode()
    assert {s.get("source") for s in root.iter("mask")} == {"manual"}
    assert "honeypot" not in text


def test_every_fate_of_a_mask_is_told_apart_and_applied_as_one_change(ds: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(ds, [1, 2, 7], tmp_path / "a.zip")

    def edit(root: ET.Element) -> None:
        shape(root, 101).set("left", "4")
        shape(root, 102).set("label", "cod")
        remove(root, 103)
        draw(root, "dive1/7.png", "ling", 3)

    back = nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", edit))
    assert what(back) == {101: "moved", 102: "renamed", 103: "removed", 104: "untouched"}
    moved = back.report.instances.set_index("instance_id").loc[101]
    assert moved["iou"] == pytest.approx(6 / 10)
    assert back.report.ids_lost == (103,)
    before = ds.instances.copy()
    ds.apply(back)
    assert rle.decode(ds.instances.at[101, "mask"], SIZE, SIZE)[4:12, 4:12].all()
    assert ds.instances.at[102, "label"] == "cod"
    assert 103 not in ds.instances.index
    new = ds.instances[ds.instances["image_id"] == 7].iloc[0]
    assert (new["label"], new["area"], new["origin"], new["source"]) == ("ling", 36, back.id, "imported")
    assert ds.images.loc[7, ["state", "weight"]].tolist() == ["partial", 1.0]
    ds.revert(back)
    pd.testing.assert_frame_equal(ds.instances, before)
    assert ds.images.at[7, "state"] == "unlabeled"


def test_an_id_alone_is_never_trusted(ds: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(ds, [1, 2], tmp_path / "a.zip")

    def swap(root: ET.Element) -> None:
        for nb_id, other in ((101, "102"), (102, "101")):
            found = shape(root, nb_id).find("attribute[@name='nb_id']")
            assert found is not None
            found.text = f"0{other}"

    back = nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", swap))
    assert set(what(back).values()) == {"untouched"}


def test_a_copied_shape_with_the_id_of_the_first_is_a_new_instance(ds: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(ds, [1], tmp_path / "a.zip")

    def copy(root: ET.Element) -> None:
        image = next(root.iter("image"))
        twin = parsed(ET.tostring(shape(root, 101)))
        twin.set("top", "20")
        image.insert(0, twin)

    back = nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", copy))
    assert what(back) == {101: "untouched", 102: "untouched"}
    assert back.report.counts["added"] == 1
    assert back.report.ids_doubled == (101,)


def test_masks_are_matched_where_all_ids_are_lost(ds: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(ds, [1, 2], tmp_path / "a.zip")

    def strip(root: ET.Element) -> None:
        shape(root, 101).set("left", "3")
        for image in root.iter("image"):
            for one in image:
                for attribute in list(one):
                    one.remove(attribute)

    back = nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", strip))
    assert what(back) == {101: "moved", 102: "untouched", 103: "untouched", 104: "untouched"}
    assert back.report.ids_lost == (101, 102, 103, 104)


def test_images_missing_altered_and_unknown_are_told_and_left_alone(ds: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(ds, [1, 2, 3, 4], tmp_path / "a.zip")

    def edit(root: ET.Element) -> None:
        images = {i.get("name"): i for i in root.iter("image")}
        root.remove(images["dive1/1.png"])
        images["dive0/2.png"].set("width", "64")
        images["dive1/3.png"].set("name", "batch/dive1/3.png")
        ET.SubElement(root, "image", name="other.png", width="32", height="32")
        remove(root, 103)

    target = edited(tmp_path / "a.zip", tmp_path / "b.zip", edit)
    picture = tmp_path / "4.png"
    Image.fromarray(np.zeros((SIZE, SIZE, 3), np.uint8)).save(picture)
    with zipfile.ZipFile(target, "a") as archive:
        archive.write(picture, "images/dive0/4.png")
    back = nl.take_back(ds, target)
    images = back.report.images.set_index("file")["what"]
    assert images.to_dict() == {
        "dive1/1.png": "missing",
        "dive0/2.png": "altered",
        "dive1/3.png": "came",
        "dive0/4.png": "altered",
        "other.png": "unknown",
    }
    assert set(what(back)) == {105, 106}
    assert back.images.index.tolist() == [3]
    assert not back.change


def test_unknown_labels_and_masks_without_pixels_are_told_and_left_out(
    ds: nl.Dataset, tmp_path: Path
) -> None:
    nl.hand_out(ds, [1, 7], tmp_path / "a.zip")

    def edit(root: ET.Element) -> None:
        shape(root, 101).set("label", "hake")
        draw(root, "dive1/7.png", "cod", 90, 90)

    back = nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", edit))
    assert back.report.unknown_labels == {"hake": 1}
    assert set(back.report.instances["problem"]) == {"", "unknown label", "empty"}
    assert not back.change


def test_what_was_edited_here_meanwhile_stays(ds: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(ds, [1, 2], tmp_path / "a.zip")
    ds.set([101], mask=[square(3)])

    def edit(root: ET.Element) -> None:
        shape(root, 101).set("left", "5")
        shape(root, 103).set("left", "5")

    back = nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", edit))
    assert back.report.instances.set_index("instance_id")["problem"][101] == "edited here"
    ds.apply(back)
    assert ds.instances.at[101, "x"] == 3
    assert ds.instances.at[103, "x"] == 5


def test_what_was_only_proposed_is_accepted_once_it_comes_back(ds: nl.Dataset, tmp_path: Path) -> None:
    ds.set([101, 102, 103], status="proposed")
    nl.hand_out(ds, [1], tmp_path / "a.zip")
    ds.apply(nl.take_back(ds, tmp_path / "a.zip"))
    assert ds.instances["status"].loc[[101, 102, 103]].tolist() == ["accepted", "accepted", "proposed"]


def test_columns_come_back_in_the_types_of_the_dataset(ds: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(ds, [1], tmp_path / "a.zip")

    def edit(root: ET.Element) -> None:
        for nb_id, ripe, note in ((101, "false", "torn fin"), (102, "perhaps", "")):
            for name, text in (("ripe", ripe), ("note", note)):
                found = shape(root, nb_id).find(f"attribute[@name='{name}']")
                assert found is not None
                found.text = text

    back = nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", edit))
    ds.apply(back)
    assert ds.instances["ripe"].dtype == bool
    assert ds.instances.loc[[101, 102], "ripe"].tolist() == [False, False]
    assert ds.instances.loc[[101, 102], "note"].tolist() == ["torn fin", ""]


@pytest.mark.parametrize("to", ["cvat", "labelstudio", "datumaro"])
def test_answers_to_questions_travel_and_hidden_ones_stay_here(
    ds: nl.Dataset, tmp_path: Path, to: str
) -> None:
    ds.ask("sex", options=["f", "m"])
    ds.ask("eggs", kind="number", where="sex == 'f'")
    ds.ask("damage", kind="many", options=["net", "hook"])
    ds.set([101, 102], sex=["f", "m"], eggs=[300.0, 12.0])
    ds.set([101], damage=[["net", "hook"]])
    nl.hand_out(ds, [1], tmp_path / "a.zip", to=to)
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        text = "".join(archive.read(n).decode() for n in archive.namelist() if n.endswith(("xml", "json")))
    assert "300" in text
    assert ">12.0<" not in text
    assert "hook" in text
    back = nl.take_back(ds, tmp_path / "a.zip")
    assert not back.change


@pytest.mark.parametrize(
    ("column", "text", "wanted"),
    [
        (pd.array([None] * 12, dtype="Int64"), "7", 7),
        (np.full(12, np.nan), "1.5", 1.5),
        (pd.array([None] * 12, dtype="boolean"), "true", True),
        (pd.Categorical([None] * 12, categories=["f", "m"]), "m", "m"),
        (pd.array([None] * 12, dtype="str"), "torn", "torn"),
    ],
)
def test_what_was_missing_is_filled_in(
    ds: nl.Dataset, tmp_path: Path, column: object, text: str, wanted: object
) -> None:
    ds.instances["seen"] = column
    nl.hand_out(ds, [1], tmp_path / "a.zip")

    def fill(root: ET.Element) -> None:
        found = shape(root, 101).find("attribute[@name='seen']")  # CVAT has one where a list says "undefined"
        found = ET.SubElement(shape(root, 101), "attribute", name="seen") if found is None else found
        found.text = text
        added = draw(root, "dive1/1.png", "cod", 20, 22)
        ET.SubElement(added, "attribute", name="seen").text = text

    back = nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", fill))
    ds.apply(back)
    assert ds.instances.at[101, "seen"] == wanted
    assert ds.instances["seen"].isna().loc[102]
    assert ds.instances.loc[ds.instances["origin"] == back.id, "seen"].tolist() == [wanted]


def test_boxes_that_come_back_are_marked(ds: nl.Dataset, tmp_path: Path) -> None:
    ds.instances["is_box"] = False
    nl.hand_out(ds, [1, 7], tmp_path / "a.zip")

    def edit(root: ET.Element) -> None:
        for image in root.iter("image"):
            box = {"label": "cod", "xtl": "20", "ytl": "20", "xbr": "28", "ybr": "30"}
            ET.SubElement(image, "box", box)

    back = nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", edit))
    assert back.report.instances.groupby("what")["is_box"].sum().to_dict() == {"added": 2, "untouched": 0}
    ds.apply(back)
    assert ds.instances.loc[ds.instances["origin"] == back.id, "is_box"].tolist() == [True, True]


def test_images_are_complete_or_empty_where_the_delivery_is_said_to_be(
    ds: nl.Dataset, tmp_path: Path
) -> None:
    nl.hand_out(ds, [7, 8], tmp_path / "a.zip")
    target = edited(tmp_path / "a.zip", tmp_path / "b.zip", lambda root: draw(root, "dive1/7.png", "cod", 3))
    ds.apply(nl.take_back(ds, target, complete=True))
    assert ds.images.loc[[7, 8], "state"].tolist() == ["complete", "empty"]
    assert ds.images.loc[[7, 8], "weight"].tolist() == [1.0, 1.0]


def test_honeypots_are_scored_and_never_change_the_dataset(ds: nl.Dataset, tmp_path: Path) -> None:
    out = nl.hand_out(ds, [7, 8], tmp_path / "a.zip", honeypots=1.0, seed=3)
    pots = out.images.index[out.images["honeypot"]].tolist()
    assert len(pots) == 2
    files = ds.images["file"]

    def label(root: ET.Element) -> None:
        draw(root, files[pots[0]], "cod", 2, 4, 8)
        draw(root, files[pots[0]], "ling", 18, 4, 8)
        draw(root, files[pots[1]], "cod", 2, 4, 7)
        draw(root, files[7], "cod", 3)

    back = nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", label))
    assert set(back.report.honeypots["kind"]) == {"blank"}
    assert back.report.score is not None
    share, low, high = back.report.score
    assert share == 0.75
    assert 0.19 < low < 0.2
    assert 0.99 < high < 1
    assert back.report.counts.to_dict() == {"added": 1}
    assert back.images.index.tolist() == [7, 8]
    ds.apply(back)
    assert len(ds.instances) == 13


def test_errors_are_planted_where_a_package_holds_masks_and_mending_them_is_right(
    ds: nl.Dataset, tmp_path: Path
) -> None:
    out = nl.hand_out(ds, [1, 2], tmp_path / "a.zip", honeypots=1.0)
    pots = out.images.index[out.images["honeypot"]]
    lazy = nl.take_back(ds, tmp_path / "a.zip")
    assert lazy.report.score is not None
    assert lazy.report.score[0] == 0
    assert set(lazy.report.honeypots["kind"]) <= {"gone", "moved", "renamed"}
    assert not lazy.report.ids_strange

    def mend(root: ET.Element) -> None:
        for image in pots:
            file = ds.images.at[image, "file"]
            for nb_id in ds.instances.index[ds.instances["image_id"] == image]:
                remove(root, nb_id)
            draw(root, file, "cod", 2, 4, 8)
            draw(root, file, "ling", 18, 4, 8)

    careful = nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", mend))
    assert careful.report.score is not None
    assert careful.report.score[0] == 1
    assert not careful.change


def test_too_few_images_for_honeypots_are_said(ds: nl.Dataset, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"asks for 6 other images of state complete .* there are 0"):
        nl.hand_out(ds, [1, 2, 3, 4, 5, 6], tmp_path / "a.zip", honeypots=1)
    assert not (tmp_path / "a.zip").exists()


def test_a_delivery_is_certified_by_an_audit(ds: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(ds, [1, 2, 7], tmp_path / "a.zip")
    target = edited(tmp_path / "a.zip", tmp_path / "b.zip", lambda root: draw(root, "dive1/7.png", "cod", 3))
    back = nl.take_back(ds, target)
    audit = nl.audit(back, target_quality=0.5, alpha=0.2)
    while (question := audit.ask()) is not None:
        audit.tell(question, [True] * len(question.ids), annotator="anna")
    assert audit.state == "holds"
    ds.apply(back)
    assert "at least 50% are right" in ds.certify(audit).statement
    assert not ds.certificates["stale"].any()
    rows = ds.instances[ds.instances["image_id"].isin(back.images.index)]
    assert len(rows) == len(back.instances)
    assert nl.audit(ds, rows, target_quality=0.5, journal=False).n_answers == 0


def test_a_package_without_manifest_is_recognised_by_its_images(ds: nl.Dataset, tmp_path: Path) -> None:
    first = nl.hand_out(ds, [1, 2], tmp_path / "a.zip")
    nl.hand_out(ds, [3, 4], tmp_path / "b.zip")
    target = edited(tmp_path / "a.zip", tmp_path / "c.zip", lambda _: None)
    nl.hand_out(ds, [5, 6], tmp_path / "coco.zip", to="coco")
    assert nl.take_back(ds, target).package == first.id
    assert (
        nl.take_back(ds, tmp_path / "b.zip", of=first).report.images["what"].tolist()[:2] == ["missing"] * 2
    )


def test_orders_survive_reopening_and_copying_the_dataset(ds: nl.Dataset, tmp_path: Path) -> None:
    out = nl.hand_out(ds, [1, 2], tmp_path / "a.zip")
    with ds.copy(tmp_path / "copy.nbal") as copied:
        assert nl.take_back(copied, tmp_path / "a.zip").package == out.id


def test_what_cannot_be_handed_out_or_taken_back_is_refused(ds: nl.Dataset, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="nothing was handed out"):
        nl.take_back(ds, tmp_path)
    with pytest.raises(UnknownNameError, match="to must be one of cvat"):
        nl.hand_out(ds, [1], tmp_path / "a.zip", to="excel")
    nl.hand_out(ds, [1], tmp_path / "a.zip")
    with pytest.raises(StorageError, match="is there already"):
        nl.hand_out(ds, [2], tmp_path / "a.zip")
    with pytest.raises(UnknownNameError, match="no package 'x' was handed out"):
        nl.take_back(ds, tmp_path / "a.zip", of="x")

    def other(root: ET.Element) -> None:
        next(root.iter("image")).set("name", "z.png")

    with pytest.raises(DataError, match=r"none of the 1 images of the package \(z\.png\) was handed out"):
        nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", other))


def test_answers_that_are_none_are_left_out_and_listed_and_do_not_stop_the_delivery(
    ds: nl.Dataset, tmp_path: Path
) -> None:
    ds.ask("length", kind="number", low=0, high=200)
    ds.ask("sex", options=["f", "m"], required=True)
    ds.set([101, 102, 103], length=[10, 20, 30], sex=["f", "m", None])
    nl.hand_out(ds, [1, 2], tmp_path / "a.zip")

    def answer(root: ET.Element) -> None:
        for nb_id, name, value in ((101, "length", "500"), (102, "sex", "male"), (103, "length", "31")):
            shape(root, nb_id).find(f"attribute[@name='{name}']").text = value

    back = nl.take_back(ds, edited(tmp_path / "a.zip", tmp_path / "b.zip", answer))
    listed = back.report.answers.query("what == 'invalid'")
    assert listed[["instance_id", "column", "value", "why"]].to_numpy().tolist() == [
        [101, "length", 500.0, "expected 200 or less"],
        [102, "sex", "male", "expected one of f, m"],
    ]
    assert "1 length, 1 sex" in back.report._repr_html_()
    assert back.report.n_unanswered == 2  # 103 and 104 lack their sex
    ds.apply(back)
    assert ds.instances.loc[[101, 102, 103], "length"].tolist() == [10, 20, 31]
    assert ds.instances.loc[[101, 102], "sex"].tolist() == ["f", "m"]


def test_a_package_holds_the_guidelines_of_the_dataset_unless_others_are_given(
    ds: nl.Dataset, tmp_path: Path
) -> None:
    ds.guidelines = "Outline the fins, too."
    for name, given, held in (
        ("a.zip", {}, b"Outline the fins, too."),
        ("b.zip", {"guidelines": "Leave them out."}, b"Leave them out."),
        ("c.zip", {"guidelines": ""}, None),
    ):
        nl.hand_out(ds, ds.instances.head(1), tmp_path / name, **given)
        with zipfile.ZipFile(tmp_path / name) as archive:
            found = archive.read("guidelines.md") if "guidelines.md" in archive.namelist() else None
        assert found == held
    assert len(nl.take_back(ds, tmp_path / "a.zip").report.instances)
