"""The page of a report: valid, closed in itself, escaped, and telling what to do where there is nothing."""

import re
import shutil
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl

EVIL = "<script>alert(1)</script>"
VOID = {"meta", "img", "br", "hr"}


class Reader(HTMLParser):
    """Tags and attributes; asserts that every element is closed where it was opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


@pytest.fixture(scope="module")
def ds(tmp_path_factory: Any) -> Any:
    folder = tmp_path_factory.mktemp("reef") / "reef.nbal"
    with nl.demo.reef(folder, n_images=44, n_labeled=12, n_test=10, size=96) as made:
        run = nl.demo.simulated_run(made)
        for place in range(4):
            made.answer(run.predictions.iloc[[place]], "reject", seconds=2.0, annotator="anna <b>")
        made.commit(f"second {EVIL}", author="ana")
        ids = made.instances.index[:3]
        masks = [nl.encode_mask(np.roll(nl.decode_mask(m, 96, 96), 3)) for m in made.instances["mask"][:3]]
        made.set(made.instances.loc[ids], mask=masks)
        made.add_label(f"evil {EVIL}")
        yield made


@pytest.fixture(scope="module")
def whole(ds: Any) -> Any:
    runs = [nl.demo.simulated_run(ds, seed) for seed in (0, 1)]
    return nl.report(ds, runs={"first": runs[0], EVIL: runs[1]}, draws=30, title=f"Reef {EVIL}")


def test_the_file_is_whole_and_loads_and_runs_nothing(whole: Any, tmp_path: Any) -> None:
    page = whole.save(tmp_path / "report.html").read_text(encoding="utf-8")
    reader = read(page)
    assert page.startswith("<!DOCTYPE html>")
    assert {"html", "head", "meta", "title", "body", "svg", "img", "table"} <= set(reader.tags)
    assert not {"script", "link", "iframe", "object", "base"} & set(reader.tags)
    assert not [name for name, _ in reader.attributes if name.startswith("on")]
    assert not [value for name, value in reader.attributes if name == "href"]
    sources = [str(value) for name, value in reader.attributes if name == "src"]
    assert sources
    assert all(value.startswith("data:image/jpeg;base64,") for value in sources)
    outside = page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert not re.search(r"https?:|url\(|@import", outside)


def test_every_text_of_the_data_is_escaped(whole: Any) -> None:
    for page in (whole.html(), whole._repr_html_()):
        assert "<script" not in page.lower()
        text = "".join(read(page).text)
        for said in (f"Reef {EVIL}", f"second {EVIL}", f"evil {EVIL}"[:18]):
            assert said[:14] in text
        assert EVIL in text


def test_the_notebook_gets_an_element_whose_style_stays_within(whole: Any) -> None:
    page = whole._repr_html_()
    read(page)
    assert "<body" not in page
    style = re.sub(r"@media[^{]*\{", "", page.split("<style>")[1].split("</style>")[0])
    selectors = [part.split("}")[-1] for part in style.split("{")[:-1]]
    alien = [one for line in selectors for one in line.split(",") if not one.strip().startswith(".nbr")]
    assert alien == []


def test_the_numbers_are_dataframes_that_others_may_change(whole: Any, ds: Any) -> None:
    assert whole.quality.index.tolist() == ["first", EVIL]
    assert whole.gains.index.tolist() == [EVIL]
    assert len(whole.quality_by_label) == 2 * len(ds.labels) - 2 or len(whole.quality_by_label) == 4
    assert whole.rounds["answers"].tolist() == [0, 4, 0]
    assert whole.people.loc["anna <b>", "answers"] == 4
    assert (whole.changed.loc["all", "moved"], len(whole.moved)) == (3, 3)
    assert whole.missing["expected"].is_monotonic_decreasing
    assert whole.per_image.sum() == len(ds.instances[ds.instances["image_id"].isin(whole.per_image.index)])
    changed = whole.labels
    changed.iloc[:] = 0
    assert whole.labels["instances"].iloc[0] > 0
    for name in ("days", "suspects", "certificates"):
        assert isinstance(getattr(whole, name), pd.DataFrame)


def test_certificates_are_shown_with_their_marks(whole: Any) -> None:
    table = pd.DataFrame(
        {
            "name": ["cod", f"ling {EVIL}"],
            "made": pd.Timestamp("2026-01-02", tz="UTC"),
            "who": "ana",
            "n_rows": [1200, 30],
            "n_answers": [88, None],
            "statement": ["at least 95 % right", "half"],
            "version": ["v2-0a1b2c3d", None],
            "stale": [False, True],
        }
    )
    page = replace(whole, _numbers=replace(whole._numbers, certificates=table)).html()
    text = " ".join(read(page).text)
    for said in ("at least 95 % right", "1,200 rows", "88 answers", "holds", "stale", "2026-01-02"):
        assert said in text
    assert "<script" not in page
    assert "Certificates" not in " ".join(read(whole.html()).text)


def test_labels_have_the_color_that_was_defined_for_them(tmp_path: Any) -> None:
    with nl.demo.reef(
        tmp_path / "reef.nbal", n_images=30, n_labeled=8, n_test=8, size=96, by_species=True
    ) as made:
        label = str(made.instances["label"].mode()[0])
        made.define(label, color="#123456")
        page = nl.report(made, runs=[nl.demo.simulated_run(made)], draws=20).html()
    heading = f'<i style="background: #123456"></i>{label}<'
    assert page.count(heading) == 2  # where its instances lie, and its mAP
    assert 'fill="#123456"' in page


def test_an_empty_dataset_says_what_to_do(tmp_path: Any) -> None:
    with nl.create(tmp_path / "new.nbal", labels=["cod"]) as made:
        r = nl.report(made)
        text = "".join(read(r.html()).text)
    for said in ("Nothing is committed yet", "No predictions yet", "No instance yet", "One version alone"):
        assert said in text
    assert (len(r.quality), len(r.moved), r.labels["instances"].tolist()) == (0, 0, [0])
    assert "0 images" in repr(r)


def test_one_version_without_runs(tmp_path: Any) -> None:
    with nl.demo.reef(tmp_path / "r.nbal", n_images=16, n_labeled=6, n_test=2, size=96) as made:
        r = nl.report(made)
        assert len(r.rounds) == 1
        assert "One version alone" in "".join(read(r.html()).text)
        same = nl.report(made, before="v1", after="v1")
        assert "hold the same masks" in "".join(read(same.html()).text)


def test_tables_without_history_and_without_files(ds: Any) -> None:
    tables = nl.Tables.of(ds.images, ds.instances, ds.labels)
    r = nl.report(tables)
    assert (len(r.rounds), len(r.people)) == (0, 0)
    text = "".join(read(r.html()).text)
    assert "no history" in text
    assert "<img" not in r.html()
    with pytest.raises(nl.errors.DataError, match="only a Dataset has versions"):
        nl.report(tables, before="v1")
    with pytest.raises(nl.errors.DataError, match="draws must be"):
        nl.report(tables, draws=1)


def test_missing_files_leave_their_pictures_out(tmp_path: Any) -> None:
    with nl.demo.reef(tmp_path / "r.nbal", n_images=16, n_labeled=6, n_test=2, size=96) as made:
        for file in made.image_root.rglob("*.jpg"):
            file.unlink()
        assert "<img" not in nl.report(made).html()


def test_a_report_stays_as_it_was_when_the_dataset_changes(tmp_path: Any) -> None:
    with nl.demo.reef(tmp_path / "r.nbal", n_images=16, n_labeled=6, n_test=2, size=96) as made:
        r = nl.report(made)
        page = r.html()
        made.remove(made.instances)
        assert r.html() == page
        assert "-" in r.title or r.title == "r"


def test_a_place_that_cannot_be_written_is_named(whole: Any, tmp_path: Any) -> None:
    with pytest.raises(nl.errors.StorageError, match="cannot be written"):
        whole.save(tmp_path / "absent" / "report.html")


def test_a_dataset_from_before_there_were_regions(tmp_path: Any) -> None:
    old = Path(__file__).resolve().parents[1] / "data" / "store" / "before_regions.zip"
    shutil.unpack_archive(old, tmp_path)
    with nl.open(tmp_path / "before_regions.nbal") as made:
        r = nl.report(made)
        assert r.rounds.index[-1] == "uncommitted"
        assert len(r.rounds) == len(made.versions) + 1
        assert r.labels["instances"].sum() == len(made.instances)
        assert r.rounds["instances"].iloc[-1] == len(made.instances)
        read(r.html())
