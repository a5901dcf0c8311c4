"""Pasted images: exact masks, honest rows, one change, no picture that is measured on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, ImageError, NbalabelWarning, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.data.paste import batch as batches

SIZE = 64
PLAIN = {"scale": (1.0, 1.0), "rotate": 0, "mirror": False, "match": 0, "feather": 0}


def disc(x: int, y: int, radius: int = 6, size: int = SIZE) -> np.ndarray:
    return np.hypot(*(np.mgrid[:size, :size] - np.array([y, x])[:, None, None])) < radius


def picture(number: int, discs: list[np.ndarray], size: int = SIZE) -> np.ndarray:
    """Dark noise of its own for each image, with bright discs."""
    pixels = np.random.default_rng(number).integers(20, 60, (size, size, 3), np.uint8)
    for i, where in enumerate(discs):
        pixels[where] = (220 - 20 * i, 200, 90 + 30 * i)
    return pixels


#: image: split, state, group, and its instances (label, mask)
IMAGES: dict[int, tuple[str | None, str, str | None, list[tuple[str, np.ndarray]]]] = {
    0: ("train", "complete", "a", [("cod", disc(20, 44)), ("ling", disc(44, 20, 9))]),
    1: ("train", "empty", "b", []),
    2: (None, "complete", None, [("ling", disc(32, 32, 12))]),
    3: ("test", "complete", "c", [("cod", disc(30, 30)), ("eel", disc(50, 50))]),
    4: ("train", "unlabeled", "d", []),
    5: ("train", "partial", "d", [("cod", disc(40, 50, 5))]),
    6: ("val", "empty", "e", []),
}


@pytest.fixture
def made(tmp_path: Path) -> Callable[..., nl.Dataset]:
    """Makes the dataset of ``IMAGES``; ``change`` changes a copy of its instances first."""
    opened: list[nl.Dataset] = []

    def make(name: str = "fish", change: Callable[[pd.DataFrame], pd.DataFrame] = lambda f: f) -> nl.Dataset:
        folder = tmp_path / f"{name}.nbal"
        (folder / "images").mkdir(parents=True)
        images, rows = [], []
        for i, (split, state, group, there) in IMAGES.items():
            Image.fromarray(picture(i, [mask for _, mask in there])).save(folder / "images" / f"{i}.png")
            weight = float(state != "unlabeled")
            images.append((f"{i}.png", SIZE, SIZE, split, state, group, weight, i, f"site {i}"))
            rows += [(i, label, rle.encode(mask)) for label, mask in there]
        columns = ["file", "width", "height", "split", "state", "group", "weight", "frame", "site"]
        instances = pd.DataFrame(rows, columns=["image_id", "label", "mask"]).assign(status="verified")
        tables = nl.Tables.of(
            pd.DataFrame(images, columns=columns),
            change(instances),
            ["cod", "ling", "eel"],
            folder / "images",
        )
        opened.append(tables.save(folder))
        return opened[-1]

    yield make
    for dataset in opened:
        dataset.close()


@pytest.fixture
def ds(made: Callable[..., nl.Dataset]) -> nl.Dataset:
    return made()


def created(change: nl.core.change.change.Change) -> tuple[pd.DataFrame, pd.DataFrame]:
    return change.tables["images"].created, change.tables["instances"].created


def parts(rows: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The copies that were pasted, and those of the background."""
    pasted = rows["origin"].str.contains("/pasted/")
    return rows[pasted], rows[~pasted]


def union(rows: pd.DataFrame) -> np.ndarray:
    return np.logical_or.reduce([rle.decode(mask, SIZE, SIZE) for mask in rows["mask"]])


def background_of(rows: pd.DataFrame) -> int:
    return int(parts(rows)[0]["origin"].str.extract(r"onto image (\d+)")[0].iloc[0])


def each(change: nl.core.change.change.Change) -> Iterator[tuple[int, pd.DataFrame, int]]:
    """Id, instances and background of each new image."""
    for image_id, rows in created(change)[1].groupby("image_id"):
        yield int(image_id), rows, background_of(rows)


def test_a_new_image_differs_from_its_background_only_inside_the_masks(ds: nl.Dataset) -> None:
    for image_id, rows, background in each(nl.paste(ds, "cod", n=8)):
        changed = (ds.read_image(image_id) != ds.read_image(background)).any(axis=2)
        mask = union(parts(rows)[0])
        assert not (changed & ~mask).any()
        assert changed.sum() > 0.9 * mask.sum()


def test_a_copy_that_may_not_change_has_the_pixels_and_the_mask_of_its_parent(ds: nl.Dataset) -> None:
    change = nl.paste(ds, "cod", onto=[1], n=6, copies=(1, 1), **PLAIN)
    for image_id, rows, _ in each(change):
        mask, parent = union(rows), int(rows["origin"].str.extract(r"instance (\d+)")[0].iloc[0])
        assert mask.sum() == ds.instances.at[parent, "area"]
        assert (ds.read_image(image_id)[mask] == (220, 200, 90)).all()


def test_what_a_copy_hides_is_taken_from_the_masks_beneath(ds: nl.Dataset) -> None:
    n_hidden = 0
    for _, rows, background in each(nl.paste(ds, "cod", onto=[2], n=12, overlap=0.5)):
        pasted, below = parts(rows)
        before = ds.instances[ds.instances["image_id"] == background]
        for old, new in zip(before["mask"], below["mask"], strict=True):
            rest = rle.decode(old, SIZE, SIZE) & ~union(pasted)
            assert (rle.decode(new, SIZE, SIZE) == rest).all()
            n_hidden += old != new
        assert sum(rle.areas(rows["mask"])) == union(rows).sum()  # no pixel has two masks
        assert rows["area"].tolist() == rle.areas(rows["mask"]).tolist()
    assert n_hidden


def test_instances_that_are_hidden_too_far_get_no_mask_and_are_counted(ds: nl.Dataset) -> None:
    change = nl.paste(ds, "cod", onto=[2], n=12, copies=(1, 1), overlap=0.5, visible=1)
    lost = 0
    for _, rows, background in each(change):
        pasted, below = parts(rows)
        touched = (union(pasted) & union(ds.instances[ds.instances["image_id"] == background])).any()
        assert len(below) == (0 if touched else 1)
        lost += touched
    assert lost
    assert f"{lost} instances are hidden too far" in change.note


def test_a_copy_hides_no_more_than_it_may(ds: nl.Dataset) -> None:
    whole = int(disc(32, 32, 12).sum())
    for limit in (0.0, 0.1):
        change = nl.paste(ds, "cod", onto=[2], n=10, copies=(1, 1), overlap=limit)
        for _, rows, _ in each(change):
            assert parts(rows)[1]["area"].iloc[0] >= (1 - limit) * whole


def test_nothing_is_cut_from_or_pasted_onto_what_is_measured_on(ds: nl.Dataset) -> None:
    change = nl.paste(ds, ["cod", "ling"], n=20)
    named = created(change)[1]["origin"].str.extractall(r"image (\d+)")[0].astype(int)
    assert set(ds.images.loc[named.unique(), "split"].astype(object).fillna("none")) <= {"train", "none"}
    with pytest.raises(
        DataError, match="of 1 instances of 'eel' all are left out: 1 on images of split val or test"
    ):
        nl.paste(ds, "eel")
    change = nl.paste(ds, "cod", onto=ds.images.query("state == 'empty'"), n=4)
    assert {background for *_, background in each(change)} == {1}
    assert "1 images of split val or test, or pasted themselves, were not pasted onto" in change.note
    with pytest.raises(DataError, match="nothing to paste onto: onto selects 1 images"):
        nl.paste(ds, "cod", onto=[6])


def test_the_error_counts_why_no_instance_can_be_cut(made: Callable[..., nl.Dataset]) -> None:
    def worse(rows: pd.DataFrame) -> pd.DataFrame:
        rows = rows.assign(source="human", crowd=False)
        rows.loc[rows["image_id"] == 0, ["status", "source"]] = ["accepted", "model"]
        rows.loc[rows["image_id"] == 5, "crowd"] = True
        edge = pd.DataFrame(
            [(2, "cod", rle.encode(disc(3, 30))), (2, "cod", rle.encode(disc(10, 10, 2)))],
            columns=["image_id", "label", "mask"],
        )
        return pd.concat(
            [rows, edge.assign(status="verified", source="human", crowd=False)], ignore_index=True
        )

    with pytest.raises(DataError) as told:
        nl.paste(made("worse", worse), "cod")
    for text in (
        "of 5 instances of 'cod' all are left out",
        "1 on images of split val or test",
        "1 not trusted",
        "1 crowds",
        "1 cut off at the border",
        "1 smaller than 16 pixels",
    ):
        assert text in str(told.value)


@pytest.mark.parametrize(
    ("status", "source", "is_trusted"),
    [
        ("verified", "model", True),
        ("accepted", "human", True),
        ("accepted", "imported", True),
        ("accepted", "model", False),
        ("accepted", "synthetic", False),
        ("proposed", "human", False),
    ],
)
def test_only_trusted_instances_are_cut(
    made: Callable[..., nl.Dataset], status: str, source: str, is_trusted: bool
) -> None:
    dataset = made("trust", lambda rows: rows.assign(status=status, source=source))
    if is_trusted:
        assert len(created(nl.paste(dataset, "cod", n=1))[0]) == 1
    else:
        with pytest.raises(DataError, match="not trusted"):
            nl.paste(dataset, "cod", n=1)


def test_images_of_weight_0_lend_nothing(ds: nl.Dataset) -> None:
    ds.set(ds.images.loc[[0]], weight=0)
    rows = created(nl.paste(ds, "cod", n=6))[1]
    assert set(parts(rows)[0]["origin"].str.extract(r"of image (\d+)")[0]) == {"5"}
    assert not rows["origin"].str.contains("onto image 0").any()
    ds.set(ds.images.loc[[5]], weight=0)
    with pytest.raises(DataError, match="2 on images of weight 0"):
        nl.paste(ds, "cod", n=6)


def test_crowds_stay_crowds_and_proposals_stay_behind(made: Callable[..., nl.Dataset]) -> None:
    def change(rows: pd.DataFrame) -> pd.DataFrame:
        more = pd.DataFrame(
            [(2, "eel", rle.encode(disc(50, 50, 5))), (2, "eel", rle.encode(disc(10, 10, 5)))]
        )
        more = more.set_axis(["image_id", "label", "mask"], axis=1)
        more = more.assign(crowd=[True, False], status=["accepted", "proposed"])
        return pd.concat([rows.assign(crowd=False), more], ignore_index=True)

    rows = created(nl.paste(made("crowds", change), "cod", onto=[2], n=4, overlap=0))[1]
    below = parts(rows)[1]
    assert below.groupby("label", observed=True).size().to_dict() == {"ling": 4, "eel": 4}
    assert (below["crowd"] == (below["label"] == "eel")).all()
    assert not parts(rows)[0]["crowd"].any()


def test_most_of_a_copy_is_on_the_image(ds: nl.Dataset) -> None:
    rows = parts(created(nl.paste(ds, "cod", onto=[1], n=30, seed=5, **PLAIN))[1])[0]
    whole = ds.instances.loc[rows["origin"].str.extract(r"instance (\d+)")[0].astype(int), "area"]
    assert (rows["area"].to_numpy() >= 0.5 * whole.to_numpy()).all()  # 0.75 on the image, 0.3 of it hidden


def test_instances_that_are_touched_covered_or_in_pieces_are_not_cut(made: Callable[..., nl.Dataset]) -> None:
    bars = disc(20, 20, 8)
    bars[:, 18:21] = False

    def change(rows: pd.DataFrame) -> pd.DataFrame:
        half = disc(20, 20, 10)
        half[:, 21:] = False
        more = [(1, "eel", bars), (2, "eel", half), (2, "ling", disc(27, 20, 9) & ~half)]
        extra = pd.DataFrame([(i, label, rle.encode(mask)) for i, label, mask in more])
        rows = pd.concat([rows, extra.set_axis(["image_id", "label", "mask"], axis=1)], ignore_index=True)
        return rows.assign(status="verified")

    dataset = made("pieces", change)
    with pytest.raises(DataError) as told:
        nl.paste(dataset, "eel")
    assert "1 in pieces" in str(told.value)
    assert "1 touched or covered by others" in str(told.value)


def test_images_where_something_may_be_unlabeled_are_refused(ds: nl.Dataset) -> None:
    with pytest.raises(
        DataError, match=r"of 3 images to paste onto, 2 may show things without a mask.*: 4, 5\."
    ):
        nl.paste(ds, "cod", onto=[1, 4, 5])
    with pytest.raises(DataError, match="onto selects 0 images"):
        nl.paste(ds, "cod", onto=[])
    ds.images["weight"] = 0.0
    with pytest.raises(DataError, match="nothing to paste onto: there are 7"):
        nl.paste(ds, "cod")


def test_new_images_belong_with_their_backgrounds(ds: nl.Dataset) -> None:
    change = nl.paste(ds, "cod", n=12, weight=0.25)
    images = ds.images.loc[created(change)[0].index]
    assert set(images["state"]) == {"complete"}
    assert set(images["weight"]) == {0.25}
    assert images["frame"].isna().all()
    for image_id, _, background in each(change):
        for column in ("split", "group", "site", "width", "height"):
            a, b = ds.images.at[image_id, column], ds.images.at[background, column]
            assert a == b or (pd.isna(a) and pd.isna(b))
    assert {background for *_, background in each(change)} == {0, 1, 2}


def test_what_nobody_knows_of_a_background_nobody_knows_of_its_copies(ds: nl.Dataset) -> None:
    ids = ds.images.query("state in ('empty', 'complete') and split != 'test'").index
    corner = np.zeros((SIZE, SIZE), bool)
    corner[:5, :5] = True
    ds.add_regions(pd.DataFrame({"image_id": ids, "mask": [corner] * len(ids)}), kind="ignore")
    before = len(ds.regions)
    change = nl.paste(ds, ["disc"], n=4) if "disc" in ds.labels else nl.paste(ds, list(ds.labels[:1]), n=4)
    new = ds.regions.iloc[before:]
    assert sorted(new["image_id"]) == sorted(change.tables["images"].created.index)
    assert set(new["kind"]) == {"ignore"}
    ds.revert(change)
    assert len(ds.regions) == before


def test_every_row_names_its_parents_and_all_of_a_call_share_an_origin(ds: nl.Dataset) -> None:
    change = nl.paste(ds, "cod", n=6)
    rows = ds.of_origin(change.origin)
    assert rows.index.tolist() == created(change)[1].index.tolist()
    assert set(rows["source"]) == {"synthetic"}
    assert set(rows["status"]) == {"accepted"}
    assert rows["score"].isna().all()
    pattern = rf"{change.origin}/(pasted/instance \d+ of image \d+ onto|background/instance \d+ of) image \d+"
    assert rows["origin"].str.fullmatch(pattern).all()
    pasted, below = parts(rows)
    parent = pasted["origin"].str.extract(r"instance (\d+)")[0].astype(int)
    assert (ds.instances.loc[parent, "label"].to_numpy() == pasted["label"].to_numpy()).all()
    assert set(pasted["label"]) == {"cod"}
    assert len(ds.of_origin(f"{change.origin}/background")) == len(below)


def test_it_is_one_change_that_undo_redo_and_revert_know(ds: nl.Dataset) -> None:
    n_log, n_images, n_instances = len(ds.log()), len(ds.images), len(ds.instances)
    change = nl.paste(ds, "cod", n=3)
    new = created(change)[0].index
    assert len(ds.log()) == n_log + 1
    pixels = ds.read_image(new[0])
    ds.undo()
    assert (len(ds.images), len(ds.instances)) == (n_images, n_instances)
    ds.redo()
    assert (ds.read_image(new[0]) == pixels).all()
    ds.commit("pasted")
    taken = ds.revert(change.origin)
    assert (len(ds.images), len(ds.instances)) == (n_images, n_instances)
    assert "took back" in taken.note
    ds.undo()
    assert (ds.read_image(new[0]) == pixels).all()
    ds.revert(change)
    assert not ds.of_origin(change.origin).size
    assert "these files stay after an undo" in change.note
    assert len(files(ds)) == 3


def test_removing_the_images_removes_all_of_them(ds: nl.Dataset) -> None:
    before = len(ds.instances)
    change = nl.paste(ds, "cod", n=3)
    ds.remove(created(change)[0])
    assert len(ds.instances) == before


def test_a_redo_after_the_files_were_deleted_says_which_file_is_missing(ds: nl.Dataset) -> None:
    change = nl.paste(ds, "cod", n=2)
    ds.undo()
    for file in files(ds):
        file.unlink()
    ds.redo()
    with pytest.raises(ImageError, match=r"pasted.*00000\.png is missing"):
        ds.read_image(created(change)[0].index[0])


def files(dataset: nl.Dataset) -> list[Path]:
    assert dataset.image_root is not None
    return sorted((dataset.image_root / "pasted").rglob("*.png"))


def test_the_same_seed_gives_the_same_images_and_another_seed_others(made: Callable[..., nl.Dataset]) -> None:
    one, other, third = (made(name) for name in ("one", "other", "third"))
    a, b = (nl.paste(dataset, ["cod", "ling"], n=5, seed=3) for dataset in (one, other))
    c = nl.paste(third, ["cod", "ling"], n=5, seed=4)
    assert a.origin == b.origin != c.origin
    assert [file.read_bytes() for file in files(one)] == [file.read_bytes() for file in files(other)]
    assert created(a)[1].drop(columns="mask").equals(created(b)[1].drop(columns="mask"))
    assert created(a)[1]["mask"].tolist() == created(b)[1]["mask"].tolist()
    assert a.origin not in third.instances["origin"].str.partition("/")[0].tolist()


def test_the_very_same_images_come_only_once(ds: nl.Dataset) -> None:
    nl.paste(ds, "cod", n=2)
    with pytest.raises(DataError, match="another seed makes others"):
        nl.paste(ds, "cod", n=2)
    nl.paste(ds, "cod", n=2, seed=1)
    ds.undo()
    n = len(files(ds))
    files(ds)[-1].unlink()
    again = nl.paste(ds, "cod", n=2, seed=1)  # the files of what was undone are taken up
    assert len(files(ds)) == n
    for image_id in created(again)[0].index:
        assert ds.read_image(image_id).shape == (SIZE, SIZE, 3)


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_an_interrupt_or_a_full_disk_leaves_nothing_half_done(
    ds: nl.Dataset, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    written, write = [], batches.write_png

    def fails(path: Path, pixels: np.ndarray) -> None:
        if len(written) == 2:
            raise error
        written.append(path)
        write(path, pixels)

    monkeypatch.setattr(batches, "write_png", fails)
    before = len(ds.images), len(ds.log())
    with pytest.raises(type(error)):
        nl.paste(ds, "cod", n=4)
    assert len(written) == 2
    assert (len(ds.images), len(ds.log())) == before
    assert not files(ds)
    monkeypatch.undo()
    assert len(created(nl.paste(ds, "cod", n=4))[0]) == 4


def test_files_go_again_if_the_rows_cannot_be_journaled(
    ds: nl.Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(ds._copy.session, "record", refuses)
    with pytest.raises(OSError, match="the disk is full"):
        nl.paste(ds, "cod", n=2)
    monkeypatch.undo()
    assert len(ds.images) == len(IMAGES)
    assert not files(ds)


def test_what_a_killed_process_left_is_swept_by_the_next(ds: nl.Dataset) -> None:
    assert ds.image_root is not None
    left = ds.image_root / "pasted" / ".part-0123"
    left.mkdir(parents=True)
    (left / "00000.png").write_bytes(b"half")
    nl.paste(ds, "cod", n=1)
    assert not left.exists()


def test_pasted_images_are_no_parents(ds: nl.Dataset) -> None:
    first = created(nl.paste(ds, "cod", n=10))[0].index
    ds.set(ds.instances[ds.instances["image_id"].isin(first)], status="verified")
    second = nl.paste(ds, "cod", n=10, seed=1)
    named = created(second)[1]["origin"].str.extractall(r"image (\d+)")[0].astype(int)
    assert not named.isin(first).any()
    third = nl.paste(ds, "cod", onto=[1, first[0]], n=2, seed=2)
    assert {background for *_, background in each(third)} == {1}
    assert "1 images of split val or test, or pasted themselves" in third.note


def test_a_split_would_part_images_from_what_they_are_made_of(ds: nl.Dataset) -> None:
    change = nl.paste(ds, "cod", n=2)
    with pytest.raises(DataError, match=rf"2 images were pasted together .*ds.revert\('{change.origin}'\)"):
        ds.split(test=0.2, by=None)
    ds.revert(change)
    ds.split(test=0.2, by=None)


def test_files_of_your_own_folder_stay_among_themselves(tmp_path: Path, ds: nl.Dataset) -> None:
    elsewhere = ds.save(tmp_path / "elsewhere.nbal")
    with elsewhere:
        with pytest.raises(DataError, match=r"outside of the dataset's folder .* ds.copy_images\(\)"):
            nl.paste(elsewhere, "cod", n=1)
        elsewhere.copy_images()
        assert len(created(nl.paste(elsewhere, "cod", n=1))[0]) == 1
    assert not files(ds)
    with (
        nl.create(tmp_path / "none.nbal", labels=["cod"]) as none,
        pytest.raises(DataError, match="no image folder"),
    ):
        nl.paste(none, "cod")


def test_each_label_gets_as_many_copies_however_rare_it_is(made: Callable[..., nl.Dataset]) -> None:
    dataset = made("uneven", lambda rows: rows[(rows["label"] != "cod") | (rows["image_id"] == 0)])
    pasted = parts(created(nl.paste(dataset, ["cod", "ling"], n=20, overlap=0.9))[1])[0]
    counts = pasted["label"].value_counts()
    assert abs(counts["cod"] - counts["ling"]) <= 3


def test_copies_lie_where_their_label_lies(made: Callable[..., nl.Dataset]) -> None:
    low = [(i, "eel", rle.encode(disc(x, 55, 5))) for i, x in ((0, 20), (1, 30), (2, 40), (5, 30))]
    frame = pd.DataFrame(low, columns=["image_id", "label", "mask"]).assign(status="verified")
    dataset = made("low", lambda rows: pd.concat([rows, frame], ignore_index=True))
    dataset.set(dataset.images.loc[[1]], state="complete")
    pasted = parts(created(nl.paste(dataset, "eel", n=20, overlap=1))[1])[0]
    middle = pasted["y"] + pasted["h"] / 2
    assert (middle > 0.65 * SIZE).all()


def test_sizes_follow_that_of_the_image(made: Callable[..., nl.Dataset], tmp_path: Path) -> None:
    dataset = made()
    assert dataset.image_root is not None
    Image.fromarray(picture(9, [], 2 * SIZE)).save(dataset.image_root / "large.png")
    large = dataset.add_images(
        pd.DataFrame({"file": ["large.png"], "width": 2 * SIZE, "height": 2 * SIZE, "state": "empty"})
    )
    ids = large.tables["images"].created.index
    rows = created(nl.paste(dataset, "cod", onto=ids, n=4, copies=(1, 1), **PLAIN))[1]
    assert rows["area"].median() == pytest.approx(
        4 * np.median([disc(20, 44).sum(), disc(40, 50, 5).sum()]), rel=0.4
    )


def test_too_little_room_is_told_and_no_room_is_an_error(made: Callable[..., nl.Dataset]) -> None:
    free = np.zeros((SIZE, SIZE), bool)
    free[46:55, 36:45] = True
    masks = [(1, "eel", rle.encode(~free)), (2, "eel", rle.encode(np.ones_like(free)))]
    more = pd.DataFrame(masks, columns=["image_id", "label", "mask"]).assign(status="verified")
    dataset = made("full", lambda rows: pd.concat([rows, more], ignore_index=True))
    dataset.set(dataset.images.loc[[1]], state="complete")
    with pytest.raises(DataError, match="no room for a single copy"):
        nl.paste(dataset, "cod", onto=[2], n=3, overlap=0)
    with pytest.warns(NbalabelWarning, match=r"no room for \d+ of 12 images") as warned:
        change = nl.paste(dataset, "cod", onto=[1], n=12, overlap=0, copies=(1, 1), **PLAIN)
    assert str(warned[0].message) == change.note
    assert 0 < len(created(change)[0]) < 12


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"n": 0}, "n must be a number of images > 0, got 0"),
        ({"seed": -1}, "seed must be a whole number >= 0, got -1"),
        ({"copies": (3, 1)}, r"copies must be two numbers \(least, most\)"),
        ({"scale": 1.0}, "scale must be two numbers"),
        ({"weight": -1}, "weight must be a number from 0"),
        ({"overlap": 1.5}, "overlap must be a number from 0 to 1"),
        ({"feather": float("nan")}, "feather must be a number"),
    ],
)
def test_an_argument_out_of_range_is_named(ds: nl.Dataset, arguments: dict[str, object], said: str) -> None:
    with pytest.raises(DataError, match=said):
        nl.paste(ds, "cod", **arguments)  # type: ignore[arg-type]


def test_tables_are_no_dataset_to_add_to(ds: nl.Dataset) -> None:
    with pytest.raises(DataError, match=r"got Tables: tables.save\(folder\) makes one"):
        nl.paste(ds.subset([0]), "cod")  # type: ignore[arg-type]


def test_an_unknown_label_is_named(ds: nl.Dataset) -> None:
    with pytest.raises(UnknownNameError, match="no label 'codd'; did you mean 'cod'"):
        nl.paste(ds, "codd")


def test_a_picture_that_is_missing_or_of_another_size_changes_nothing(ds: nl.Dataset) -> None:
    assert ds.image_root is not None
    Image.fromarray(picture(1, [], 32)).save(ds.image_root / "1.png")
    with pytest.raises(ImageError, match="image 1 is 64 x 64 pixels in the table, and its file 32 x 32"):
        nl.paste(ds, "cod", onto=[1])
    assert len(ds.images) == len(IMAGES)
    assert not files(ds)


def test_pasted_images_are_written_and_read_as_any_others(ds: nl.Dataset, tmp_path: Path) -> None:
    change = nl.paste(ds, "cod", n=3, weight=0.25)
    ds.commit("pasted")
    ids = created(change)[0].index
    nl.write_coco(ds, tmp_path / "out.json")
    back = nl.read_coco(tmp_path / "out.json", images=ds.image_root)
    assert back.images.loc[ids, "weight"].tolist() == [0.25] * 3
    assert back.images.loc[ids, "state"].tolist() == ["complete"] * 3
    rows = ds.of_origin(change.origin)
    assert back.instances.loc[rows.index, "source"].tolist() == ["synthetic"] * len(rows)
    assert back.instances.loc[rows.index, "origin"].tolist() == rows["origin"].tolist()
    assert back.instances.loc[rows.index, "mask"].tolist() == rows["mask"].tolist()
    with ds.copy(tmp_path / "copy.nbal") as copied:
        assert (copied.read_image(ids[0]) == ds.read_image(ids[0])).all()
