"""Zip files of strangers: nothing leaves the folder, and nothing unpacks without bounds."""

import random
import stat
import zipfile
from pathlib import Path

import pytest

import nbalabel as nl
from nbalabel.core.errors import FormatError, NbalabelError, UnsafePathError
from nbalabel.data.exchange.archive import unpack


def packed(target: Path, *names: str, data: bytes = b"x") -> Path:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return target


@pytest.mark.parametrize(
    "name", ["../a.xml", "/etc/a.xml", "a/../../b.xml", "C:\\a.xml", "a\\..\\b.xml", "C:a"]
)
def test_names_that_leave_the_folder_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(UnsafePathError, match="names that leave its folder"):
        unpack(packed(tmp_path / "a.zip", name), tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_links_are_refused(tmp_path: Path) -> None:
    info = zipfile.ZipInfo("a.xml")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(UnsafePathError, match="links or devices"):
        unpack(tmp_path / "a.zip", tmp_path / "out")


def test_names_that_come_twice_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="the same name more than once"):
        unpack(packed(tmp_path / "a.zip", "a.xml", "A.xml"), tmp_path / "out")


def test_bombs_are_refused_before_anything_is_written(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open(zipfile.ZipInfo("a.xml"), "w", force_zip64=True) as member:
            for _ in range(12):
                member.write(bytes(1 << 20))
        archive.infolist()[0].compress_type = zipfile.ZIP_DEFLATED
    data = bytearray((tmp_path / "a.zip").read_bytes())
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        at = data.rfind(b"PK\x01\x02")
    data[at + 24 : at + 28] = (2**32 - 2).to_bytes(4, "little")  # it says that it unpacks to 4 GiB
    (tmp_path / "b.zip").write_bytes(data)
    with pytest.raises(FormatError, match="may unpack to"):
        unpack(tmp_path / "b.zip", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_damaged_zip_files_end_in_one_of_our_errors(ds: nl.Dataset, tmp_path: Path) -> None:
    nl.hand_out(ds, [1, 2], tmp_path / "a.zip")
    whole = (tmp_path / "a.zip").read_bytes()
    rng = random.Random(5)
    for i in range(40):
        data = bytearray(whole)
        for _ in range(rng.choice([1, 3])):
            data[rng.randrange(len(data))] = rng.randrange(256)
        path = tmp_path / f"{i}.zip"
        path.write_bytes(data[: rng.randrange(len(data))] if i % 4 == 0 else data)
        try:
            assert isinstance(nl.take_back(ds, path), nl.Delivery)
        except NbalabelError:
            continue
