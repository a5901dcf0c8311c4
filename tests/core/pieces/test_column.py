"""Columns over pieces behave as pandas' own, and read only what is looked at."""

import copy
import pickle
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from nbalabel.core.errors import CorruptError
from nbalabel.core.pieces.column import mapped
from nbalabel.core.pieces.pieces import from_files
from nbalabel.core.tables.dtypes import MASK_DTYPE

INDEX = pd.RangeIndex(100, 150)
CUTS = (0, 20, 20, 33, 50)
WORDS = [b"abcdefghi"[: i % 9] + bytes([65 + i % 26]) for i in range(50)]
SOME = np.arange(50) % 3 == 1
ORDER = np.random.default_rng(0).permutation(50)


def masks() -> tuple[pd.Series, pd.Series]:
    pieces = [pa.array(WORDS[a:b], pa.large_binary()) for a, b in pairwise(CUTS)]
    made = mapped(from_files(pieces, range(4), pa.large_binary()), MASK_DTYPE)
    return pd.Series(made, index=INDEX), pd.Series(WORDS, index=INDEX, dtype=MASK_DTYPE)


def texts() -> tuple[pd.Series, pd.Series]:
    words: list[Any] = [None if i % 7 == 2 else word.decode() for i, word in enumerate(WORDS)]
    pieces = [pa.array(words[a:b], pa.large_string()) for a, b in pairwise(CUTS)]
    made = mapped(from_files(pieces, range(4), pa.large_string()), pd.StringDtype("pyarrow", na_value=np.nan))
    return pd.Series(made, index=INDEX), pd.Series(words, index=INDEX, dtype="str")


LOOKS: dict[str, Callable[[pd.Series], Any]] = {
    "all": lambda s: s,
    "any order": lambda s: s.iloc[ORDER],
    "picks of picks": lambda s: s[SOME].iloc[[3, 1, 3]].iloc[::-1],
    "by id": lambda s: s.loc[[149, 100, 103]],
    "from the end": lambda s: s.iloc[[-1, -50]],
    "a stretch": lambda s: s[30:18:-2],
    "nothing": lambda s: s.iloc[[]],
    "missing ids": lambda s: s.reindex([100, 7, 149]),
    "one": lambda s: (s.iloc[-2], s.loc[107]),
    "sorted": lambda s: s.sort_values(kind="stable"),
    "joined": lambda s: pd.concat([s, s.iloc[:3]]),
    "compared": lambda s: s == s.iloc[5],
    "missing": lambda s: s.isna(),
    "unique": lambda s: s.drop_duplicates(),
    "objects": lambda s: s.astype(object),
    "replaced": lambda s: s.where(SOME, s.iloc[0]),
    "shifted": lambda s: s.shift(1),
    "grouped": lambda s: s.groupby(np.arange(50) % 4).first(),
    "merged": lambda s: s.to_frame("m").assign(k=1).merge(s.iloc[:9].to_frame("m"), on="m"),
    "pickled": lambda s: pickle.loads(pickle.dumps(s)),  # noqa: S301
    "copied": lambda s: copy.deepcopy(s),
    "arrow": lambda s: pd.Series(pa.array(s.iloc[ORDER]).to_pylist(), dtype=object),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=list(LOOKS))
@pytest.mark.parametrize("both", [masks, texts])
def test_a_column_over_pieces_is_like_any_other(both: Any, look: Callable[[pd.Series], Any]) -> None:
    ours, theirs = map(look, both())
    if isinstance(theirs, pd.DataFrame):
        pd.testing.assert_frame_equal(ours, theirs)
    elif isinstance(theirs, pd.Series):
        pd.testing.assert_series_equal(ours, theirs)
    else:
        assert ours == theirs


@pytest.mark.parametrize("both", [masks, texts])
def test_assignments_change_one_frame_only(both: Any) -> None:
    frame = both()[0].to_frame("m")
    view, picked = frame.iloc[:], frame.iloc[[3, 4]]
    view.loc[100, "m"] = both()[1].iloc[8]
    picked.loc[103, "m"] = both()[1].iloc[8]
    assert view.loc[100, "m"] == picked.loc[103, "m"] == both()[1].iloc[8]
    pd.testing.assert_series_equal(frame["m"], both()[1], check_names=False)


@pytest.mark.parametrize("at", [[50], [-51], [0, 99]])
def test_rows_beyond_the_column_are_refused(at: list[int]) -> None:
    with pytest.raises(IndexError):
        masks()[0].array.take(at)
    with pytest.raises(IndexError):
        masks()[0].array[at[0] if len(at) == 1 else np.array(at)]


@pytest.mark.parametrize("offsets", [(0, 1 << 40, 4), (0, 4, 2), (0, -(1 << 40), 4)])
def test_wrong_offsets_are_refused_before_they_are_followed(offsets: tuple[int, ...]) -> None:
    buffers = [None, pa.py_buffer(np.array(offsets, np.int64).tobytes()), pa.py_buffer(b"abcd")]
    wrong = pa.Array.from_buffers(pa.large_binary(), 2, buffers)
    for look in (lambda s: s.iloc[1], lambda s: s.iloc[[2, 1, 0]].tolist(), lambda s: s.tolist()):
        good = pa.array([b"x"], pa.large_binary())
        column = pd.Series(mapped(from_files([wrong, good], ["a", "b"], pa.large_binary()), MASK_DTYPE))
        assert column.iloc[[2]].tolist() == [b"x"]
        with pytest.raises(CorruptError, match="a is damaged"):
            look(column)
