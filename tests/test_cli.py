"""The command line, driven as a person would."""

from pathlib import Path

import pytest

import nbalabel as nl
from nbalabel.cli import main


@pytest.fixture
def reef(tmp_path: Path) -> Path:
    folder = tmp_path / "reef.nbal"
    assert main(["demo", str(folder), "--images", "24", "--labeled", "6", "--size", "96"]) == 0
    return folder


def test_demo_then_info_tell_the_same_counts(reef: Path, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["info", str(reef)]) == 0
    out = capsys.readouterr().out
    with nl.open(reef) as ds:
        assert f"{len(ds.images):,} (" in out
        assert f"{len(ds.instances):,} (" in out
        assert ds.version_id in out


def test_log_lists_the_changes_newest_first(reef: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with nl.open(reef) as ds:
        ds.set(ds.images.index[:2], table="images", weight=3)
        ds.commit("three times")
    capsys.readouterr()
    assert main(["log", str(reef), "-n", "1"]) == 0
    assert "images" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["coco", "label-maps", "labelme"])
def test_export_writes_what_the_reader_of_that_format_reads(reef: Path, tmp_path: Path, name: str) -> None:
    target = tmp_path / ("out.json" if name == "coco" else "out")
    assert main(["export", str(reef), name, str(target)]) == 0
    assert target.exists()


def test_import_of_what_was_exported_gives_the_same_masks(reef: Path, tmp_path: Path) -> None:
    file, again = tmp_path / "out.json", tmp_path / "again.nbal"
    assert main(["export", str(reef), "coco", str(file)]) == 0
    assert main(["import", "coco", str(file), str(again)]) == 0
    with nl.open(reef) as before, nl.open(again) as after:
        assert before.instances["mask"].tolist() == after.instances["mask"].tolist()


def test_a_folder_that_is_no_dataset_is_one_clear_line_and_status_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["info", str(tmp_path / "nothing")]) == 1
    assert capsys.readouterr().err.startswith("nbalabel: ")


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as leave:
        main(["--help"])
    assert leave.value.code == 0
    assert "nbalabel import coco" in capsys.readouterr().out
