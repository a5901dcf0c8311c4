"""Edits of columns in pieces give what edits of plain lists give, and copy only the pieces that they hit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import sleep
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from nbalabel.core.change.change import apply, diff, invert
from nbalabel.core.pieces import pieces as module
from nbalabel.core.pieces.column import mapped
from nbalabel.core.pieces.pieces import Piece, Pieces, from_files
from nbalabel.core.tables.arrays import concat, equal, keep, put, same_buffer, stretches, take, values
from nbalabel.core.tables.dtypes import MASK_DTYPE
from nbalabel.core.tables.state import State

KIND = pa.large_binary()


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "ROWS", 8)


def words(n: int, seed: int = 0) -> list[bytes | None]:
    rng = np.random.default_rng(seed)
    return [None if x == 9 else bytes(rng.integers(65, 90, x)) for x in rng.integers(0, 10, n)]


def pieces(n: int = 60) -> tuple[Pieces, list[bytes | None]]:
    return Pieces.of(pa.array(words(n), KIND)), words(n)


def same(a: Pieces, b: Pieces) -> int:
    """How many pieces two columns share."""
    return len({id(piece) for piece in a._pieces} & {id(piece) for piece in b._pieces})


@pytest.mark.parametrize("seed", range(30))
def test_any_edit_gives_the_rows_that_it_gives_of_a_list(seed: int) -> None:
    rng = np.random.default_rng(seed)
    column, rows = pieces()
    for step in range(12):
        what, n = rng.integers(4), len(rows)
        new = words(int(rng.integers(0, 20)), 100 + step)
        if what == 0:
            at = rng.permutation(n)[: len(new)]
            column = column.put(at, pa.array(new[: len(at)], KIND))
            for i, word in zip(at.tolist(), new, strict=False):
                rows[i] = word
        elif what == 1:
            column, rows = column.plus([pa.array(new, KIND)]), rows + new
        elif what == 2:
            at = np.sort(rng.permutation(n)[: max(n - 3, 0)])
            column, rows = column.kept(at), [rows[i] for i in at.tolist()]
        else:
            at = np.insert(np.arange(n - 1), rng.integers(0, n), n - 1) if n > 1 else np.arange(n)
            column, rows = column.kept(at), [rows[i] for i in at.tolist()]
        assert column.whole().to_pylist() == rows
        assert column.missing.tolist() == [row is None for row in rows]
        some = rng.integers(0, len(rows), 9)
        assert column.take(some).to_pylist() == [rows[i] for i in some.tolist()]


def test_an_edit_copies_the_pieces_that_it_hits() -> None:
    column, _ = pieces(80)
    n = len(column._pieces)
    assert n == 10
    assert same(column, column.put(np.array([33]), pa.array([b"new"], KIND))) == n - 1
    assert same(column, column.kept(np.delete(np.arange(80), 33))) == n - 1
    longer = column.plus([pa.array([b"new"], KIND)])
    assert same(column, longer) == n
    inserted = longer.kept(np.insert(np.arange(80), 33, 80))
    assert same(column, inserted) == n - 1
    assert inserted.take(np.array([33])).to_pylist() == [b"new"]
    assert column.shared(column.put(np.array([33]), pa.array([b"new"], KIND))).sum() == 80 - 8


def test_rows_added_one_by_one_make_few_pieces() -> None:
    column = Pieces.of(pa.array([], KIND))
    copied = 0
    for i in range(200):
        before = {id(piece) for piece in column._pieces}
        column = column.plus([pa.array([bytes([i])], KIND)])
        copied += sum(len(piece) for piece in column._pieces if id(piece) not in before)
    assert column.whole().to_pylist() == [bytes([i]) for i in range(200)]
    assert len(column._pieces) < 60
    assert copied < 200 * 8


def test_an_edit_of_one_file_does_not_look_at_the_others() -> None:
    looked: list[int] = []
    files = [pa.array([bytes([65 + i])] * 8, KIND) for i in range(4)]
    checks = [lambda i=i: looked.append(i) for i in range(4)]
    column = from_files(files, range(4), KIND, checks)
    assert len(column.put(np.array([9]), pa.array([b"new"], KIND))) == 32
    assert looked == [1]
    assert not column.missing.any()
    assert looked == [1]
    column.kept(np.delete(np.arange(32), 20))
    assert looked[-1] == 2
    column.take(np.array([9, 10]))
    column.whole()
    assert sorted(looked) == [0, 1, 2, 3]


def test_arrays_of_tables_share_pieces() -> None:
    column, rows = pieces(80)
    array = mapped(column, MASK_DTYPE)
    edited = put(array, np.array([3]), pd.array([b"new"], dtype=MASK_DTYPE))
    assert same(column, edited.pieces) == 9
    assert np.flatnonzero(~equal(array, edited)).tolist() == [3]
    assert not same_buffer(array, edited)
    assert same_buffer(array, values(pd.DataFrame({"m": array}, copy=False).copy(deep=False)["m"]))
    at = np.arange(1, 80)
    assert same(column, keep(array, at, stretches(at)).pieces) == 9
    assert same(column, concat([array, pd.array([b"x"], dtype=MASK_DTYPE)]).pieces) == 10
    copied = take(array, np.array([5, 2]))
    assert not hasattr(copied, "pieces"), "a few rows must not hold all pieces"
    assert not hasattr(take(array[np.arange(40)], np.array([5, 2])), "pieces")
    assert pa.array(copied).to_pylist() == [rows[5], rows[2]]


def test_changes_of_a_table_in_pieces_are_those_of_a_plain_one() -> None:
    rng = np.random.default_rng(1)
    plain = pd.DataFrame({"mask": pd.array(words(80), dtype=MASK_DTYPE), "k": np.arange(80)})
    plain.index = pd.Index(np.arange(80) * 2, name="instance_id")
    cut = plain.assign(mask=mapped(Pieces.of(pa.array(words(80), KIND)), MASK_DTYPE))
    old = State({"instances": cut}, ())
    for _ in range(20):
        edited = plain.drop(index=plain.index[rng.permutation(80)[:3]])
        edited.loc[edited.index[rng.integers(0, 70, 4)], "mask"] = b"other"
        more = edited.iloc[[0, 5]].set_axis(pd.Index([5, 201], name="instance_id"))
        edited = pd.concat([edited, more]).sort_index()
        change = diff(State({"instances": plain}, ()), State({"instances": edited}, ()))
        after = apply(old, change)
        pd.testing.assert_frame_equal(after.tables["instances"], edited)
        back = apply(after, invert(change))
        pd.testing.assert_frame_equal(back.tables["instances"], plain)
        assert not diff(back, old)
        assert diff(old, after).counts == change.counts


def test_a_piece_says_what_is_missing_without_a_look_at_values() -> None:
    def look() -> None:
        raise AssertionError("looked at")

    assert Piece(pa.array([b"a", b"b"], KIND), check=look).missing is None


def test_threads_that_look_at_one_piece_at_once_check_it_and_get_its_rows() -> None:
    array = pa.array([b"a", b"b"], KIND)
    column = from_files([array], ["file"], KIND, [lambda: sleep(0.05)])
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: column.take(np.array([1])).to_pylist(), range(8)))
    assert found == [[b"b"]] * 8


@pytest.mark.parametrize("seed", range(12))
def test_rows_that_stay_are_those_that_are_taken_in_columns_of_every_kind(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 200
    frame = pd.DataFrame(
        {
            "numbers": rng.random(n, np.float32),
            "words": pd.array([None if i % 7 == 2 else f"word {i}" for i in range(n)], dtype="str"),
            "codes": pd.Categorical.from_codes(rng.integers(-1, 3, n), ["a", "b", "c"]),
            "whole": pd.array([None if i % 5 == 1 else i for i in range(n)], dtype="Int16"),
            "things": pd.Series([[i] for i in range(n)], dtype=object),
            "day": pd.Timestamp("2024-01-01"),
            "mask": mapped(Pieces.of(pa.array(words(n), KIND)), MASK_DTYPE),
        }
    )
    removed = rng.permutation(n)[: (0, 1, 3, 60, n)[seed % 5]]
    at = np.delete(np.arange(n), removed)
    if seed % 2 and len(at):
        at = np.insert(at[:-1], rng.integers(0, len(at)), at[-1])
    runs = stretches(at)
    assert runs is None or np.array_equal(np.concatenate([np.r_[one] for one in runs]), at)
    for name in frame:
        array = values(frame[name])
        kept, taken = keep(array, at, runs), take(array, at)
        pd.testing.assert_series_equal(pd.Series(kept), pd.Series(taken))
        assert len(kept) in (0, n) or not same_buffer(kept, array)


@pytest.mark.parametrize("edited", [1, 7, 8, 400])
def test_few_edited_rows_are_put_as_many_are(edited: int, monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "ROWS", 1 << 16)
    rows = words(1024)
    at = np.append(1023, np.random.default_rng(edited).permutation(1023)[: edited - 1])
    new = [None, *words(edited - 1, seed=edited)]
    expected = dict(enumerate(rows)) | dict(zip(at.tolist(), new, strict=True))
    column = Pieces([Piece(pa.array([b"before", *rows], KIND).slice(1), sound=True)], KIND)
    assert column.put(at, pa.array(new, KIND)).whole().to_pylist() == list(expected.values())


def test_few_rows_are_copied_in_stretches(monkeypatch: Any) -> None:
    monkeypatch.setattr(module, "ROWS", 1 << 16)
    monkeypatch.setattr(module.pc, "replace_with_mask", None)
    column, _ = pieces(1024)
    assert column.put(np.array([5, 3]), pa.array([b"x", None], KIND)).take(np.array([3, 5])).to_pylist() == [
        None,
        b"x",
    ]
    with pytest.raises(TypeError):
        column.put(np.arange(9), pa.array([b"x"] * 9, KIND))
