"""Folders of pictures as people have them: read, added to later, with what is broken or there twice."""

import os
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, FormatError, ImageError, NbalabelWarning, StorageError
from nbalabel.data.images import files as image_files
from nbalabel.data.pictures.sequences import sequences


def paint(path: Path, seed: int, width: int = 8, height: int = 6, **how) -> Path:
    """A picture of noise."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 255, (height, width, 3), np.uint8)
    Image.fromarray(pixels).save(path, **how)
    return path


@pytest.fixture
def dives(tmp_path: Path) -> Path:
    """Two sequences in folders, numbered without zeros in front, and files that are no pictures."""
    root = tmp_path / "dives"
    for i in range(1, 12):
        paint(root / "dive1" / f"frame_{i}.png", i, width=7 + i)
    for i in range(3):
        paint(root / "dive2" / f"{i:03d}.jpg", 100 + i)
    (root / "notes.txt").write_text("cold")
    paint(root / ".thumbnails" / "a.png", 0)
    return root


def test_a_folder_becomes_tables_with_nothing_labeled(dives: Path) -> None:
    tables = nl.read_images(dives, labels=["cod", "ling"])
    images = tables.images
    assert images["file"].tolist() == [f"dive1/frame_{i}.png" for i in range(1, 12)] + [
        f"dive2/{i:03d}.jpg" for i in range(3)
    ]
    assert images["width"].tolist() == [*range(8, 19), 8, 8, 8]
    assert images["group"].tolist() == ["dive1"] * 11 + ["dive2"] * 3
    assert images["frame"].tolist() == [*range(1, 12), 0, 1, 2]
    assert set(images["state"]) == {"unlabeled"}
    assert set(images["weight"]) == {0}
    assert tables.labels == ("cod", "ling")
    assert tables.image_root == dives
    assert tables.read_image(3).shape == (6, 10, 3)


def test_what_was_read_is_saved_labeled_and_counts_then(dives: Path, tmp_path: Path, mask) -> None:
    with nl.read_images(dives, labels=["cod"]).save(tmp_path / "dives.nbal") as ds:
        predictions = pd.DataFrame(
            {"image_id": [12], "label": ["cod"], "mask": [nl_mask(6, 8)], "score": [0.9], "origin": ["run"]}
        ).rename_axis("prediction_id")
        ds.accept(predictions)
        assert ds.images.loc[12, ["state", "weight"]].tolist() == ["partial", 1]


def nl_mask(height: int, width: int) -> bytes:
    from nbalabel.core.geometry.masks import rle

    return rle.encode(np.eye(height, width, dtype=bool))


def test_sizes_are_those_of_the_pixels_as_they_are_read(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    paint(tmp_path / "phone.jpg", 0, width=30, height=20, exif=exif)
    tables = nl.read_images(tmp_path)
    assert tables.images.loc[1, ["width", "height"]].tolist() == [30, 20]
    assert tables.read_image(1).shape == (20, 30, 3)


def test_no_picture_is_decoded(dives: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def load(self):
        raise AssertionError("a picture was decoded")

    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", load)
    assert len(nl.read_images(dives).images) == 14


def test_broken_files_are_named_and_left_out(dives: Path) -> None:
    (dives / "dive1" / "cut.png").write_bytes((dives / "dive1" / "frame_1.png").read_bytes()[:20])
    (dives / "dive2" / "text.jpg").write_text("no picture")
    (dives / "empty.png").touch()
    with pytest.warns(NbalabelWarning, match=r"3 files cannot be read: dive1/cut.png \(.*dive2/text.jpg"):
        tables = nl.read_images(dives)
    assert len(tables.images) == 14


def test_stacks_are_named_since_only_their_first_picture_is_used(dives: Path, tmp_path: Path) -> None:
    layers = [Image.new("L", (9, 8), gray) for gray in (10, 20)]
    layers[0].save(dives / "stack.TIFF", save_all=True, append_images=layers[1:])
    layers[0].save(dives / "one.tif")
    said = "1 TIFF files hold several pictures: stack.TIFF; only the first of each is used"
    with pytest.warns(NbalabelWarning, match=said):
        tables = nl.read_images(dives)
    at = tables.images.index[tables.images["file"] == "stack.TIFF"][0]
    assert (tables.read_image(at) == 10).all()
    os.rename(dives / "stack.TIFF", tmp_path / "later.tiff")
    with nl.read_images(dives).save(tmp_path / "d.nbal") as ds:
        os.rename(tmp_path / "later.tiff", dives / "later.tiff")
        with pytest.warns(NbalabelWarning, match=r"several pictures: later\.tiff"):
            ds.add_images(dives)
        paint(dives / "new.png", 3)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            ds.add_images(dives)  # what is there already was named when it came


def test_a_folder_of_nothing_but_broken_files_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no")
    with pytest.raises(ImageError, match=r"none of 1 files can be read as a picture: .*a\.png"):
        nl.read_images(tmp_path)


def test_links_that_lead_out_of_the_folder_are_not_followed(dives: Path, tmp_path: Path) -> None:
    secret = paint(tmp_path / "elsewhere" / "secret.png", 7)
    (dives / "link.png").symlink_to(secret)
    with pytest.warns(NbalabelWarning, match="link.png .*a link leads out of it"):
        tables = nl.read_images(dives)
    assert len(tables.images) == 14


@pytest.mark.skipif(sys.platform == "darwin", reason="file systems there allow no such names")
def test_a_name_that_is_no_text_is_named_not_fatal(dives: Path) -> None:
    os.rename(os.fsencode(dives / "dive2" / "000.jpg"), os.fsencode(dives / "dive2") + b"/\xff.jpg")
    with pytest.warns(NbalabelWarning, match="its name is not valid Unicode"):
        tables = nl.read_images(dives)
    assert len(tables.images) == 13


def test_files_of_one_content_are_told_of_and_dropped_on_request(dives: Path) -> None:
    (dives / "dive1" / "copy.png").write_bytes((dives / "dive1" / "frame_10.png").read_bytes())
    (dives / "dive3").mkdir()
    (dives / "dive3" / "again.png").write_bytes((dives / "dive1" / "frame_10.png").read_bytes())
    said = "2 files hold the same picture as another, byte by byte: dive1/frame_10.png = dive1/copy.png"
    with pytest.warns(NbalabelWarning, match=said):
        assert len(nl.read_images(dives).images) == 16
    with pytest.warns(NbalabelWarning, match="they are left out"):
        files = nl.read_images(dives, duplicates="drop").images["file"]
    assert len(files) == 14
    assert "dive1/copy.png" in set(files)
    assert files.index.tolist() == list(range(1, 15))
    assert len(nl.read_images(dives, duplicates="keep").images) == 16
    with pytest.raises(DataError, match="duplicates must be one of warn, keep, drop, got 'skip'"):
        nl.read_images(dives, duplicates="skip")


def test_a_pattern_takes_what_it_matches_relative_to_its_fixed_part(dives: Path) -> None:
    tables = nl.read_images(dives / "*" / "*[12].png")
    assert tables.image_root == dives
    assert tables.images["file"].tolist() == [f"dive1/frame_{i}.png" for i in (1, 2, 11)]
    assert len(nl.read_images(str(dives / "**" / "*.*")).images) == 14


def test_a_folder_whose_name_looks_like_a_pattern_is_a_folder(tmp_path: Path) -> None:
    paint(tmp_path / "run [1]" / "a.png", 1)
    assert nl.read_images(tmp_path / "run [1]").images["file"].tolist() == ["a.png"]


def test_pictures_inside_a_dataset_are_not_found_again(dives: Path) -> None:
    nl.read_images(dives).save(dives / "dives.nbal", copy_images=True).close()
    assert len(nl.read_images(dives).images) == 14
    assert len(nl.read_images(dives / "**").images) == 14


def test_where_there_is_no_picture_the_message_says_what_there_is(tmp_path: Path) -> None:
    (tmp_path / "a.csv").touch()
    with pytest.raises(FormatError, match=r"no pictures in .*: it holds .csv; pictures end in .*\.png"):
        nl.read_images(tmp_path)
    with pytest.raises(FormatError, match="there is no folder or file"):
        nl.read_images(tmp_path / "nowhere")


@pytest.mark.parametrize(
    ("files", "groups", "frames"),
    [
        (["dive1/frame_0001.png", "dive1/frame_0003.png"], ["dive1"] * 2, [1, 3]),
        (["images/train/a.png", "images/val/b.png"], [None] * 2, [None] * 2),
        (["images/left/x_1.png", "images/left/y_2.png"], ["left"] * 2, [None] * 2),
        (["dive1_0001.png", "dive1_0002.png", "dive2_0001.png"], ["dive1", "dive1", None], [1, 2, None]),
        (["IMG_0001.jpg", "IMG_0002.jpg"], [None] * 2, [None] * 2),
        (["frame_1.png", "frame_2.png"], ["pool"] * 2, [1, 2]),
        (["000000001.jpg", "000000002.jpg"], [None] * 2, [None] * 2),
        (["a/20240501120000123.png", "a/20240501120000124.png"], ["a"] * 2, [None] * 2),
        (["a/1.png", "a/01.png"], ["a"] * 2, [None] * 2),
        ([], [], []),
    ],
)
def test_groups_and_frames_come_from_folders_and_names(files, groups, frames) -> None:
    found = sequences(files, "pool")
    assert found["group"].tolist() == groups
    assert [None if pd.isna(frame) else frame for frame in found["frame"]] == frames


def test_new_files_of_a_folder_are_added_later(dives: Path, tmp_path: Path) -> None:
    with nl.read_images(dives).save(tmp_path / "dives.nbal") as ds:
        assert ds.add_images(dives).note == "added 0 images; 14 were there already"
        paint(dives / "dive3" / "frame_7.png", 300)
        paint(dives / "dive1" / "frame_12.png", 301)
        change = ds.add_images(dives)
        assert change.note == "added 2 images; 14 were there already"
        added = ds.images.loc[change.tables["images"].created.index]
        assert added["file"].tolist() == ["dive1/frame_12.png", "dive3/frame_7.png"]
        assert added["group"].tolist() == ["dive1", "dive3"]
        assert added["frame"].tolist() == [12, 7]
        assert added["state"].tolist() == ["unlabeled"] * 2
        assert ds.read_image(int(added.index[1])).shape == (6, 8, 3)
        ds.undo()
        assert len(ds.images) == 14
        assert list(ds.images["group"].cat.categories) == ["dive1", "dive2"]
        assert len(ds.add_images(dives / "dive3").tables["images"].created) == 1


def test_pictures_that_are_there_under_another_name_are_noticed(dives: Path, tmp_path: Path) -> None:
    with nl.read_images(dives).save(tmp_path / "dives.nbal") as ds:
        paint(dives / "new" / "a.png", 300)
        (dives / "new" / "b.png").write_bytes((dives / "dive1" / "frame_4.png").read_bytes())
        with pytest.warns(NbalabelWarning, match="new/b.png = dive1/frame_4.png; they are left out"):
            change = ds.add_images(dives, duplicates="drop")
        assert ds.images["file"].iloc[-1] == "new/a.png"
        assert "14 were there already; 1 files hold the same picture" in change.note
        with pytest.warns(NbalabelWarning, match="they are kept"):
            ds.add_images(dives)
        assert ds.images["file"].iloc[-1] == "new/b.png"


def test_a_folder_elsewhere_is_copied_below_the_image_root_on_request(dives: Path, tmp_path: Path) -> None:
    other = tmp_path / "dive9"
    paint(other / "frame_1.png", 900)
    with nl.read_images(dives).save(tmp_path / "dives.nbal") as ds:
        with pytest.raises(DataError, match=r"1 pictures of .* are outside the image folder .*copy=True"):
            ds.add_images(other)
        assert len(ds.images) == 14
        ds.add_images(other, copy=True)
        row = ds.images.iloc[-1]
        assert row[["file", "group", "frame"]].tolist() == ["dive9/frame_1.png", "dive9", 1]
        assert (dives / row["file"]).read_bytes() == (other / "frame_1.png").read_bytes()
        assert ds.add_images(other, copy=True).note == "added 0 images; 1 were there already"


def test_a_copy_never_takes_the_place_of_another_file(dives: Path, tmp_path: Path) -> None:
    with nl.read_images(dives).save(tmp_path / "dives.nbal") as ds:
        paint(dives / "dive9" / "frame_1.png", 1)
        before = (dives / "dive9" / "frame_1.png").read_bytes()
        paint(tmp_path / "dive9" / "frame_1.png", 2)
        with pytest.raises(StorageError, match=r"other files are in the way below .*: dive9/frame_1.png"):
            ds.add_images(tmp_path / "dive9", copy=True)
        assert (dives / "dive9" / "frame_1.png").read_bytes() == before
        assert len(ds.images) == 14


def test_a_dataset_without_an_image_folder_says_how_to_give_it_one(dives: Path, tmp_path: Path) -> None:
    with nl.create(tmp_path / "a.nbal", labels=["cod"]) as ds:
        with pytest.raises(DataError, match=r"ds\.image_root = FOLDER"):
            ds.add_images(dives)
        ds.image_root = dives
        ds.add_images(dives)
        assert len(ds.images) == 14


def test_rows_of_new_groups_are_added_too(ds) -> None:
    rows = pd.DataFrame({"file": ["n.png", "m.png"], "width": 32, "height": 32, "group": ["night", None]})
    ds.add_images(rows)
    assert ds.images["group"].tolist()[-2:] == ["night", np.nan] or pd.isna(ds.images["group"].iloc[-1])
    assert ds.images["group"].iloc[-2] == "night"
    ds.undo()
    assert len(ds.images) == 5
    ds.redo()
    ds.commit("night")
    assert ds.version("HEAD").images["group"].iloc[-2] == "night"


def test_removed_images_take_their_masks_along_and_come_back(ds) -> None:
    before = ds.images.copy(), ds.instances.copy()
    ds.remove(ds.images.loc[[0, 3]])
    assert ds.images.index.tolist() == [1, 2, 4]
    assert ds.instances["image_id"].tolist() == [1]
    ds.undo()
    assert ds.images.equals(before[0])
    assert ds.instances.equals(before[1])


def test_reading_headers_in_threads_leaves_warnings_as_they_were(dives: Path) -> None:
    """Where two catch_warnings overlap, the second puts back what the first had set."""
    first_in, second_in, first_out = threading.Event(), threading.Event(), threading.Event()
    before = list(warnings.filters)

    def first() -> None:
        with image_files._opened(dives / "dive1" / "frame_1.png"):
            first_in.set()
            second_in.wait(10)
        first_out.set()

    thread = threading.Thread(target=first)
    thread.start()
    first_in.wait(10)
    with image_files._opened(dives / "dive1" / "frame_2.png"):
        second_in.set()
        first_out.wait(10)
    thread.join()
    assert list(warnings.filters) == before


def test_a_strangers_folder_is_read_as_it_is(tmp_path: Path, shared_data) -> None:
    pictures = shared_data / "nuclei" / "images"
    tables = nl.read_images(pictures, labels=["nucleus"])
    assert len(tables.images) == len(list(pictures.iterdir()))
    assert tables.images["group"].isna().all()
    with tables.save(tmp_path / "nuclei.nbal") as ds:
        ds.split(test=0.25)
        assert ds.images["split"].value_counts().to_dict() == {"train": 300, "test": 100, "val": 0}
        assert ds.read_image(1).shape[:2] == tuple(ds.images.loc[1, ["height", "width"]])


def test_the_bar_is_imported_before_threads_switch_warnings_off() -> None:
    """Else a notebook may begin with a red box: tqdm hides a warning of its own while it is imported."""
    code = (
        "import sys\n"
        "from nbalabel.data.images.many import each\n"
        "assert 'tqdm.auto' not in sys.modules\n"
        "assert each(lambda _: 'tqdm.auto' in sys.modules, range(40), 'files') == [True] * 40\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
