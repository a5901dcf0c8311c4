"""Crafted Arrow files, their checksums made right: the process lives and says what is wrong."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pytest

import nbalabel as nl
from nbalabel.core.change.change import Change
from nbalabel.core.change.table_change import Cells, TableChange
from nbalabel.core.columns.arrow import batch_of, columns_of
from nbalabel.core.errors import CorruptError, DataError
from nbalabel.core.tables import schema
from nbalabel.data.store import snapshot
from nbalabel.data.store.records import digest, frame_record
from nbalabel.data.store.storage import Store

HERE = Path(__file__).parent


@pytest.mark.parametrize(
    ("worker", "quick", "full"),
    [("hostile_arrow_worker.py", 300, 100_000), ("hostile_run_worker.py", 60, 10_000)],
)
def test_random_damage_with_right_checksums_never_ends_the_process(
    tmp_path, rng, rounds, worker, quick, full
):
    n, seed = rounds(quick, full), rng.randrange(2**32)
    done = subprocess.run(
        [sys.executable, HERE / worker, tmp_path, str(n), str(seed)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"seed {seed}: exit {done.returncode}\n{done.stderr[-3000:]}"
    tables, errors = map(int, done.stdout.split())
    print(f"{worker}: {n} files, {tables} read, {errors} refused")  # noqa: T201  # the figures of `make attack`
    assert tables + errors == n
    assert tables
    assert errors


def offsets(*values):
    return pa.py_buffer(np.array(values, np.int64).tobytes())


def array_of(kind, buffers, n=2):
    return pa.Array.from_buffers(kind, n, buffers)


def crafted():
    """Arrays no writer makes, with what their field says of them."""
    data = pa.py_buffer(b"abcd")
    binary, text, ints = (
        pa.large_binary(),
        pa.large_string(),
        pa.py_buffer(np.array([0, 99], np.int8).tobytes()),
    )
    masks, words = {"kind": "arrow"}, {"kind": "str", "na": "nan", "storage": "pyarrow"}
    category = {"kind": "category", "ordered": False, "categories": words}
    wrong_index = pa.DictionaryArray.from_arrays(
        array_of(pa.int8(), [None, ints]), pa.array(["a"], text), safe=False
    )
    negative = pa.DictionaryArray.from_arrays(pa.array([0, -5], pa.int8()), pa.array(["a"], text), safe=False)
    twice = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array(["a", "a"], text))
    number = {"kind": "numpy", "dtype": "<i8"}
    return {
        "an offset beyond the end": (array_of(binary, [None, offsets(0, 1 << 40, 4), data]), masks),
        "an offset that goes back": (array_of(binary, [None, offsets(0, 4, 2), data]), masks),
        "an offset below 0": (array_of(binary, [None, offsets(0, -(1 << 40), 4), data]), masks),
        "text that is none": (array_of(text, [None, offsets(0, 1, 2), pa.py_buffer(b"\xff\xfe")]), words),
        "an index beyond the categories": (wrong_index, category),
        "an index below 0": (negative, category),
        "a category twice": (twice, category),
        "numbers of another type": (pa.array([1, 2]), {"kind": "numpy", "dtype": "O"}),
        "numbers that are missing": (pa.array([1, None]), number),
        "a kind there is not": (pa.array([1, 2]), {"kind": "pandas", "dtype": "no such"}),
        "a column without a kind": (pa.array([1, 2]), {}),
        "objects that are no JSON": (pa.array([b"{", b"1"], binary), {"kind": "object"}),
        "a type nobody writes": (pa.nulls(2), number),
        "an extension": (pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1, 0], pa.int8())), number),
    }


CRAFTED = crafted()


@pytest.fixture
def given(tmp_path):
    """A dataset on disk and its folder of objects."""
    images = pd.DataFrame({"file": ["a.png", "b.png"], "width": [4, 4], "height": [3, 3], "mine": [1, 2]})
    nl.Tables.of(images, schema.empty("instances", ["cod"]), ["cod"]).save(tmp_path / "a.nbal").close()
    return tmp_path / "a.nbal"


def replaced(folder, monkeypatch, column, array, spec, table="images"):
    """A new dataset in which a column is another: written by the writer itself, so that all checksums fit."""
    real = snapshot.batch_of

    def batch(columns):
        made = real(columns)
        at = made.schema.get_field_index(f"c:{column}")
        if at < 0 or len(made) != len(array):
            return made
        field = pa.field(f"c:{column}", array.type, metadata={b"nbalabel": orjson.dumps(spec)})
        arrays = [array if i == at else one for i, one in enumerate(made.columns)]
        return pa.record_batch(arrays, schema=made.schema.set(at, field))

    monkeypatch.setattr(snapshot, "batch_of", batch)
    to = folder.with_name("crafted.nbal")
    with nl.open(folder) as ds:
        tables = nl.Tables(ds.images, ds.instances, ds.labels)
    with suppress(CorruptError):  # it is looked at as soon as it is opened
        tables.save(to).close()
    monkeypatch.undo()
    return to


@pytest.mark.parametrize("what", CRAFTED)
def test_a_dataset_with_a_crafted_column_does_not_open(given, monkeypatch, what):
    array, spec = CRAFTED[what]
    folder = replaced(given, monkeypatch, "mine", array, spec)
    with pytest.raises(CorruptError, match="holds what nbalabel does not write"):
        nl.open(folder).close()


def test_a_dataset_whose_column_has_another_dtype_does_not_open(given, monkeypatch):
    folder = replaced(
        given,
        monkeypatch,
        "width",
        pa.array(["a", "b"], pa.large_string()),
        {"kind": "str", "na": "nan", "storage": "pyarrow"},
    )
    with pytest.raises(CorruptError, match="width must be"):
        nl.open(folder).close()


@pytest.mark.parametrize("name", ["../../outside.arrow", "/etc/passwd", "", "a" * 40])
def test_a_snapshot_reads_no_file_outside_its_folder(given, name):
    meta = {
        "tables": {
            "images": {"index": "image_id", "order": [], "rows": 0, "file": name or "x", "masks": None}
        },
        "labels": [],
    }
    with pytest.raises(CorruptError):
        snapshot.read_snapshot(meta, given / "objects")


def test_everything_that_is_written_passes():
    n = pd.array([1, None], "Int16")
    columns = {
        "a": np.array([1, 2]),
        "b": np.array([True, False]),
        "c": n,
        "d": pd.array(["x", None], "str"),
        "e": pd.Categorical(["u", None]),
        "f": pd.Series(pd.to_datetime(["2024-01-01", None])).array,
        "g": np.array([[1], {"a": 1}], object),
        "h": pd.array([[1], None], pd.ArrowDtype(pa.list_(pa.int64()))),
        "i": pd.Series(pd.to_timedelta([1, 2], unit="s")).array,
        "j": pd.Categorical([2, 1]),
    }
    assert list(columns_of(batch_of(columns))) == list(columns)


def test_a_column_named_twice_is_refused():
    batch = batch_of({"a": np.array([1])})
    twice = pa.record_batch([batch.column(0)] * 2, schema=pa.schema([batch.schema.field(0)] * 2))
    with pytest.raises(DataError, match="unique"):
        columns_of(twice)


@pytest.mark.parametrize(
    "change",
    [
        TableChange(
            updated={"width": Cells(np.array([0, 1]), np.array([4, 4]), pd.array(["a", "b"], "str"))}
        ),
        TableChange(updated={"width": Cells(np.array([0, 9]), np.array([4, 4]), np.array([5, 5]))}),
        TableChange(updated={"nothing": Cells(np.array([0]), np.array([4]), np.array([5]))}),
        TableChange(columns=(("file", "width"), ("file",))),
    ],
)
def test_a_version_whose_changes_do_not_fit_its_tables_does_not_open(given, change):
    store = Store(given)
    parent = store.head.current()
    store.publish(parent, store.state(parent), [Change({"images": change})], "m", "a", "t")
    with pytest.raises(CorruptError):
        nl.open(given).close()


def test_a_version_whose_manifest_is_another_does_not_open(given):
    store = Store(given)
    text = frame_record({"number": 2, "evil": 1})
    name = f"v2-{digest(text).hex()[:8]}"
    (given / "versions" / f"{name}.nbv").write_bytes(text)
    store.head.append(name, "commit")
    with pytest.raises(CorruptError, match="evil"):
        nl.open(given).close()


@pytest.mark.parametrize("name", ["int64,f8", "(,)i8", ",", "i4[,]", "int8\n", "", 7])
def test_a_damaged_name_of_a_dtype_is_not_read_as_a_record(name):
    batch = batch_of({"x": np.arange(3)})
    field = batch.schema.field("x")
    (key,) = field.metadata
    crafted = field.with_metadata({key: orjson.dumps({"kind": "numpy", "dtype": name})})
    with pytest.raises(ValueError, match="is no name of a dtype"):
        columns_of(pa.record_batch(batch.columns, schema=pa.schema([crafted])))
