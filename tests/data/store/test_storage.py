"""Bytes on disk: versions open from few files, damage is noticed and named, shortcuts can be lost."""

import ast
import random
import shutil
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.change.change import invert
from nbalabel.core.errors import CorruptError, FallbackWarning, NbalabelError, RecoveryWarning, StorageError
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.disk import atomic as files
from nbalabel.data.store import storage
from nbalabel.data.store.records import decode_change, encode_change, frame_record, read_record
from nbalabel.data.store.storage import Store


def commit_weights(ds: Dataset, n: int) -> dict[str, list[float]]:
    """``n`` versions that differ in weights; what each holds."""
    out = {}
    for i in range(n):
        ds.set([i % 5], "images", weight=i + 2)
        out[ds.commit(f"edit {i}").id] = ds.images["weight"].tolist()
    return out


def reopened(folder: Path) -> Dataset:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Dataset(folder)


@pytest.mark.slow
def test_each_of_many_versions_opens_exactly_through_few_files(ds, folder, monkeypatch):
    versions = commit_weights(ds, 140)
    read = []
    real = storage.read_net
    monkeypatch.setattr(storage, "read_net", lambda f, manifest: read.append(1) or real(f, manifest))
    for version_id, weights in versions.items():
        read.clear()
        store = Store(folder)
        assert store.state(version_id).tables["images"]["weight"].tolist() == weights
        assert len(read) <= 7
    assert ds.verify()[1:] == list(versions)


@pytest.mark.slow
def test_lost_or_damaged_shortcuts_cost_time_but_no_data(ds, folder):
    versions = commit_weights(ds, 70)
    skips = sorted((folder / "skips").iterdir())
    assert len(skips) > 8
    for i, path in enumerate(skips):
        if i % 2:
            path.unlink()
        else:
            path.write_bytes(path.read_bytes()[:-5])
    store = Store(folder)
    assert all(store.state(v).tables["images"]["weight"].tolist() == w for v, w in versions.items())


def test_a_snapshot_is_written_when_the_changes_outgrow_it_and_may_be_lost(ds, folder, monkeypatch):
    monkeypatch.setattr(storage, "_SNAPSHOT_FLOOR", 2000)
    versions = commit_weights(ds, 30)
    snapshots = list((folder / "snapshots").iterdir())
    assert 1 <= len(snapshots) < 30
    ds.verify()
    for path in snapshots[::2]:
        path.unlink()
    snapshots[-1].write_bytes(b"nonsense")
    store = Store(folder)
    assert all(store.state(v).tables["images"]["weight"].tolist() == w for v, w in versions.items())


def test_a_commit_of_few_cells_writes_few_bytes(tables, folder):
    images = pd.concat([tables.images] * 4000).reset_index(drop=True)
    ds = nl.data.dataset.dataset.create_from(type(tables)(images, tables.instances, tables.labels), folder)
    rng = np.random.default_rng(0)
    ds.set(np.sort(rng.choice(20_000, 100, replace=False)), "images", weight=rng.random(100))
    version = ds.commit("100 weights")
    size = (folder / "versions" / f"{version.id}.nbv").stat().st_size
    assert size < 5_000
    assert sum(f.stat().st_size for f in (folder / "objects").iterdir()) > 50 * size
    ds.close()


def test_a_damaged_version_is_named_with_what_can_be_done_and_an_earlier_one_opens(ds, folder):
    first = ds.version_id
    ds.set([0], "images", weight=3)
    version = ds.commit("x")
    ds.close()
    path = folder / "versions" / f"{version.id}.nbv"
    whole = path.read_bytes()
    for length in range(0, len(whole), 9):
        path.write_bytes(whole[:length])
        with pytest.raises(
            CorruptError, match=rf"{version.id}.*earlier version with nl.open\(folder, version="
        ):
            Dataset(folder)
    earlier = nl.open(folder, version=first)
    assert earlier.images["weight"].tolist() == [1] * 5
    earlier.set([1], "images", weight=9)
    earlier.commit("goes on")
    earlier.close()
    with Dataset(folder) as again:
        assert again.images["weight"].tolist() == [1, 9, 1, 1, 1]


def test_a_head_log_cut_at_any_byte_gets_back_what_was_committed_and_says_so(ds, folder):
    for i in range(2):
        ds.set([i], "images", weight=i + 3)
        ds.commit(f"edit {i}")
    versions, images = list(ds.versions.index), ds.images.copy()
    ds.close()
    head = folder / "HEAD"
    whole = head.read_bytes()
    for length in [*range(0, len(whole), 13), len(whole) - 1]:
        head.write_bytes(whole[:length])
        lost = 3 - length // 64
        with pytest.warns(RecoveryWarning, match=rf"HEAD lost {lost} of its lines; .*{versions[-1]}"):
            again = Dataset(folder)
        assert list(again.versions.index) == versions
        pd.testing.assert_frame_equal(again.images, images)
        again.close()
        assert head.read_bytes() == whole
    head.unlink()
    with pytest.warns(RecoveryWarning, match="HEAD lost 3 of its lines"):
        Dataset(folder).close()
    assert head.read_bytes() == whole


def test_verify_says_that_head_lost_a_line_although_nothing_else_is_wrong(ds, folder):
    ds.set([0], "images", weight=3)
    second = ds.commit("x").id
    (folder / "HEAD").write_bytes((folder / "HEAD").read_bytes()[:64])
    with pytest.raises(CorruptError, match=rf"HEAD lost 1 of its lines; {second}.*open the folder anew"):
        ds.verify()


def test_a_line_lost_before_others_comes_back_and_what_was_committed_last_stays_current(ds, folder):
    first, head = ds.version_id, folder / "HEAD"
    ds.set([0], "images", weight=3)
    lost = ds.commit("lost").id
    ds.checkout(first)
    head.write_bytes(head.read_bytes()[:64])
    ds.set([1], "images", weight=4)
    last = ds.commit("last").id
    ds.close()
    with pytest.warns(RecoveryWarning, match=lost):
        again = Dataset(folder)
    assert again.version_id == last
    assert set(again.versions.index) == {first, lost, last}
    again.close()


def test_a_version_whose_commit_never_finished_is_removed_while_its_work_is_uncommitted(
    ds, folder, tmp_path, monkeypatch
):
    class Killed(BaseException):
        pass

    def killed(*_):
        shutil.copytree(ds.folder, tmp_path / "killed.nbal")
        raise Killed

    ds.set([0], "images", weight=3)
    monkeypatch.setattr(storage.Store, "_make_current", killed)
    with pytest.raises(Killed):
        ds.commit("x")
    monkeypatch.undo()
    assert len(list((folder / "versions").iterdir())) == 1
    folder = tmp_path / "killed.nbal"
    assert len(list((folder / "versions").iterdir())) == 2
    with pytest.warns(RecoveryWarning), Dataset(folder):
        pass
    with Dataset(folder) as again:
        assert len(list((folder / "versions").iterdir())) == 1
        assert again.images["weight"].tolist() == [3, 1, 1, 1, 1]
        again.checkout("HEAD", discard=True)
    with Dataset(folder) as again:
        assert again.images["weight"].tolist() == [1] * 5


def test_a_missing_file_is_named(ds, folder):
    ds.close()
    for path in [*(folder / "objects").iterdir(), *(folder / "versions").iterdir()]:
        kept = path.read_bytes()
        path.unlink()
        with pytest.raises(CorruptError, match=path.name):
            Dataset(folder)
        path.write_bytes(kept)


def new_image(ds: Dataset) -> int:
    change = ds.add_images(pd.DataFrame({"file": ["new.png"], "width": 3, "height": 3}))
    return int(change.tables["images"].created.index[0])


def test_ids_that_were_set_back_are_not_given_twice(ds, folder):
    before = (folder / "ids.json").read_bytes()
    used = {new_image(ds), new_image(ds)}
    ds.remove(sorted(used), "images")
    ds.set([0], "images", weight=3)
    ds.commit("two images came and went")
    (folder / "ids.json").write_bytes(before)
    with pytest.raises(CorruptError, match=r"ids\.json was set back \(images 5 where 7 comes next"):
        ds.verify()
    assert new_image(ds) not in used
    ds.verify()


@pytest.mark.parametrize("damage", ["missing", "flipped", "empty"])
def test_damaged_ids_are_made_again_above_all_that_were_ever_given(ds, folder, damage):
    committed = new_image(ds)
    ds.commit("one more")
    ds.remove([committed], "images")
    ds.commit("and gone")
    pending = new_image(ds)
    ds.undo()
    path = folder / "ids.json"
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes().replace(b"7", b"3") if damage == "flipped" else b"")
    with pytest.raises(CorruptError, match=r"all 3 versions are whole, but .*ids\.json"):
        ds.verify()
    with pytest.warns(FallbackWarning, match=r"ids\.json .*made again"):
        fresh = new_image(ds)
    assert fresh > max(committed, pending)
    ds.verify()
    assert new_image(ds) == fresh + 1


def damages(path: Path, other: Path) -> dict[str, bytes]:
    """Ways in which a power cut, a copy or a hand can leave a shortcut."""
    data = path.read_bytes()
    flipped = bytearray(data)
    flipped[len(data) // 2] ^= 4
    return {
        "empty": b"",
        "zeros": bytes(len(data)),
        "truncated": data[: len(data) // 2],
        "flipped": bytes(flipped),
        "of another version": other.read_bytes(),
        "of another kind": frame_record({"version": path.stem, "bytes": "many"}),
        "without keys": frame_record({}),
        "of missing objects": frame_record(
            {"tables": {"images": {"file": "no.arrow", "masks": None}}, "labels": [], "bytes": 3}
        ),
    }


def test_an_unreadable_snapshot_is_absent_commits_go_on_and_verify_names_it(ds, folder, monkeypatch):
    monkeypatch.setattr(storage, "_SNAPSHOT_FLOOR", 2000)
    versions = commit_weights(ds, 12)
    other, path = sorted((folder / "snapshots").iterdir(), key=lambda p: int(p.name[1:].split("-")[0]))[-2:]
    whole = path.read_bytes()
    for number, data in enumerate(damages(path, other).values(), 20):
        path.write_bytes(data)
        again = reopened(folder)
        again.set([0], "images", weight=number)
        versions[again.commit(f"edit {number}").id] = again.images["weight"].tolist()
        store = Store(folder)
        assert all(store.state(v).tables["images"]["weight"].tolist() == w for v, w in versions.items())
        with pytest.raises(
            CorruptError, match=rf"versions are whole, but .*{path.name} is damaged: delete it"
        ):
            again.verify()
        again.close()
    path.write_bytes(whole)
    assert ds.verify()[1:] == list(versions)


def test_an_unreadable_skip_is_absent_and_verify_names_it(ds, folder):
    versions = commit_weights(ds, 17)
    other, path = sorted((folder / "skips").iterdir(), key=lambda p: int(p.name[1:].split("-")[0]))
    whole = path.read_bytes()
    wrong = {**damages(path, other), "that lies": other.read_bytes().replace(b'"from"', b'"form"')}
    meta, body, _ = read_record(memoryview(whole))
    wrong["that leads elsewhere"] = frame_record({**meta, "to": "v1-00000000"}, bytes(body))
    for data in wrong.values():
        path.write_bytes(data)
        store = Store(folder)
        assert all(store.state(v).tables["images"]["weight"].tolist() == w for v, w in versions.items())
        with pytest.raises(
            CorruptError, match=rf"versions are whole, but .*{path.name} is damaged: delete it"
        ):
            ds.verify()
    path.write_bytes(whole)
    ds.verify()


def test_a_skip_that_is_whole_and_does_not_fit_is_not_believed(ds, folder):
    versions = commit_weights(ds, 9)
    (path,) = (folder / "skips").iterdir()
    meta, body, _ = read_record(memoryview(path.read_bytes()))
    change = decode_change(meta["change"], body)
    wrong, wrong_body = encode_change(invert(change))
    path.write_bytes(frame_record({**meta, "change": wrong}, wrong_body))
    store = Store(folder)
    assert all(store.state(v).tables["images"]["weight"].tolist() == w for v, w in versions.items())
    with pytest.raises(CorruptError, match=path.name):
        ds.verify()


def test_a_lost_dataset_json_is_told_and_nothing_is_made_over_it(ds, folder, tables):
    ds.set([0], "images", weight=3)
    ds.commit("work")
    ds.close()
    kept = (folder / "dataset.json").read_bytes()
    (folder / "dataset.json").unlink()
    for make in (lambda: Dataset(folder), lambda: tables.save(folder), lambda: nl.create(folder)):
        with pytest.raises(CorruptError, match=r"has lost its dataset\.json"):
            make()
    (folder / "dataset.json").write_bytes(kept)
    with Dataset(folder) as again:
        assert again.images["weight"].tolist() == [3, 1, 1, 1, 1]


def test_a_create_that_was_killed_can_be_done_again(tables, folder, monkeypatch):
    def crash(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(storage, "write_settings", crash)
    with pytest.raises(KeyboardInterrupt):
        tables.save(folder)
    monkeypatch.undo()
    with pytest.raises(StorageError, match="no nbalabel dataset"):
        Dataset(folder)
    with tables.save(folder) as ds:
        assert len(ds.versions) == 1


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_random_bit_flips_anywhere_give_a_clean_error_or_the_right_data(ds, folder, tmp_path, seed):
    ds.set([0], label="ling")
    want = {}
    commit_weights(ds, 9)
    ds.set([2], label="ling")
    for version_id in ds.versions.index:
        version = ds.version(version_id)
        want[version_id] = (
            version.images["weight"].tolist(),
            version.instances["label"].astype(str).tolist(),
        )
    working = ds.instances["label"].astype(str).tolist()
    ds.close()
    rng, n_errors = random.Random(seed), 0
    for trial in range(40):
        copy = tmp_path / f"copy-{trial}"
        shutil.copytree(folder, copy)
        files = [path for path in copy.rglob("*") if path.is_file() and path.stat().st_size]
        path = rng.choice(sorted(files))
        data = bytearray(path.read_bytes())
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
        path.write_bytes(data)
        try:
            damaged = reopened(copy)
        except NbalabelError:
            n_errors += 1
            continue
        try:
            if "damaged" not in damaged.recovered:
                assert damaged.instances["label"].astype(str).tolist() == working, path
            for version_id in want:
                version = damaged.version(version_id)
                found = version.images["weight"].tolist(), version.instances["label"].astype(str).tolist()
                assert found == want[version_id], path
        except NbalabelError:
            n_errors += 1
        finally:
            damaged._unwatch()
            damaged._finalizer.detach()
            damaged._session.journal.close(keep=True)
        shutil.rmtree(copy)
    assert n_errors > 5


def test_unfinished_files_of_dead_writers_are_swept_away_at_the_next_opening(ds, folder):
    for place in ("objects", "versions", "skips", "."):
        (folder / place / ".part-left").write_bytes(b"half")
    ds.close()
    with Dataset(folder):
        assert not list(folder.rglob(".part-*"))


def test_a_writer_that_fails_leaves_no_unfinished_file(ds, folder, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    ds.set([0], "images", weight=3)
    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(StorageError, match=r"cannot be written \(No space left.*free some space"):
        ds.commit("x")
    monkeypatch.undo()
    assert not list(folder.rglob(".part-*"))
    assert len(list((folder / "versions").iterdir())) == 1
    ds.commit("x")
    assert len(ds.verify()) == 2


def test_no_exception_of_ours_is_frozen_since_python_writes_into_what_it_raises():
    source = Path(nl.__file__).parent
    for path in sorted(source.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef) and any(
                "dataclass" in ast.dump(d) for d in node.decorator_list
            ):
                bases = {ast.unparse(base) for base in node.bases}
                wrong = {b for b in bases if b.endswith(("Exception", "Error", "Warning"))}
                assert not wrong, f"{path}: {node.name} is a dataclass and an exception"


def test_a_folder_from_before_there_were_regions_opens_and_takes_some(tmp_path):
    """Written by the version of nbalabel before regions, with two commits and uncommitted work."""
    shutil.unpack_archive(Path(__file__).with_name("before_regions.zip"), tmp_path)
    with nl.open(tmp_path / "before_regions.nbal") as ds:
        assert ds.instances["label"].tolist() == ["ling", "ling"]
        assert ds.instances["score"].iloc[1] == 0.5  # the uncommitted work
        assert not len(ds.regions)
        assert len(ds.verify()) == 2
        ds.mark_complete([0, 2], labels=["cod"])
        ds.commit("cod are done there")
        assert len(ds.verify()) == 3
    with nl.open(tmp_path / "before_regions.nbal") as ds:
        assert ds.regions["label"].tolist() == ["cod", "cod"]
        assert not len(ds.version("v1").regions)
