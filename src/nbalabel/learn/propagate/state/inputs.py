"""The inputs of a propagation, checked once: candidates, their labels, and answers known beforehand."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import pandas as pd

from ....core.errors import DataError, first
from ...embed.vectors import Vectors
from .ledger import UNKNOWN, YES
from .standardised import Standardised

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Known = Mapping[int, bool] | npt.ArrayLike | None


@dataclass(frozen=True, eq=False)
class Inputs:
    """The checked inputs, rows 0..n-1.

    Attributes:
        features: standardised column by column, ``(n, d)`` float32; of `Vectors` when they are looked at.
        scores: 0..1, ``(n,)`` float32.
        labels: label codes, ``(n,)`` int64.
        names: label of each code; ``("",)`` where there are none.
        known: NO or YES where the answer is known beforehand, else UNKNOWN, ``(n,)`` int8.
        rivals: pairs of rows of which at most one may be accepted, ``(k, 2)`` int64.
        hints: further columns that tell right from wrong, for what learns from answers, ``(n, h)`` float32
            or float16.
        ids: ids of the rows in the caller's tables, ``(n,)`` int64.
    """

    features: Floats | Standardised
    scores: Floats
    labels: Ints
    names: tuple[str, ...]
    known: npt.NDArray[np.int8]
    rivals: Ints
    hints: Floats
    ids: Ints

    @classmethod
    def of(
        cls,
        features: npt.ArrayLike | Vectors,
        scores: npt.ArrayLike,
        labels: npt.ArrayLike | None = None,
        known: Known = None,
        rivals: npt.ArrayLike | None = None,
        hints: npt.ArrayLike | None = None,
        ids: npt.ArrayLike | None = None,
    ) -> Inputs:
        """Check and convert the arguments; see `nbalabel.Propagation` for their meaning.

        Raises:
            DataError: shapes differ, values are not finite or out of range, or rows do not exist.
        """
        table = Standardised.of(features) if isinstance(features, Vectors) else _features(features)
        n = len(table)
        codes, names = _labels(labels, n)
        return cls(
            table,
            _scores(scores, n),
            codes,
            names,
            _known(known, n),
            _rivals(rivals, n),
            _hints(hints, n),
            _ids(ids, n),
        )

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def candidates(self) -> Ints:
        """Rows whose answer is not known beforehand, ``(m,)`` int64."""
        return np.flatnonzero(self.known == UNKNOWN)

    def fingerprint(self) -> str:
        """A hash of all inputs: equal inputs give the same hash, other inputs another."""
        digest = hashlib.blake2b(digest_size=16)
        for part in fields(self):
            value = getattr(self, part.name)
            if isinstance(value, Standardised):
                value.hash_into(digest)
                continue
            text = f"{part.name} {value if part.name == 'names' else (value.shape, value.dtype)}"
            digest.update(text.encode())
            if part.name != "names":
                digest.update(np.ascontiguousarray(value).data)
        return digest.hexdigest()


def _features(features: npt.ArrayLike) -> Floats:
    """Scale every column to mean 0 and standard deviation 1; constant columns become 0."""
    try:
        table = np.array(features, np.float32)
    except (TypeError, ValueError) as error:
        raise DataError(f"features must be numbers, (n, d), got {type(features).__name__}") from error
    if table.ndim != 2:
        raise DataError(f"features must be a table, (n, d), got shape {table.shape}")
    bad = np.flatnonzero(~np.isfinite(table).all(axis=1))
    if len(bad):
        raise DataError(
            f"features must be finite; {len(bad)} of {len(table)} rows hold nan or infinity: {first(bad)}. "
            "Leave these rows out, or give them features"
        )
    if len(table):
        table -= table.mean(axis=0, dtype=np.float64).astype(np.float32)
        deviation = table.std(axis=0, dtype=np.float64)
        table /= np.where(deviation > 1e-12, deviation, 1).astype(np.float32)
    return table


def _scores(scores: npt.ArrayLike, n: int) -> Floats:
    out = np.asarray(scores, np.float32)
    if out.shape != (n,):
        raise DataError(f"scores must hold one value per row of features, ({n},), got shape {out.shape}")
    bad = np.flatnonzero(~((out >= 0) & (out <= 1)))
    if len(bad):
        raise DataError(
            f"scores must lie within 0..1; {len(bad)} of {n} do not: rows {first(bad)} "
            f"(got {first(out[bad].tolist())})"
        )
    return out


def _labels(labels: npt.ArrayLike | None, n: int) -> tuple[Ints, tuple[str, ...]]:
    if labels is None:
        return np.zeros(n, np.int64), ("",)
    given = pd.Categorical(pd.Series(labels))
    if len(given) != n:
        raise DataError(f"labels must hold one value per row of features, {n}, got {len(given)}")
    codes = given.codes.astype(np.int64)
    if (codes < 0).any():
        raise DataError(f"every row needs a label; rows without: {first(np.flatnonzero(codes < 0))}")
    return codes, tuple(str(name) for name in given.categories)


def _known(known: Known, n: int) -> npt.NDArray[np.int8]:
    if known is None:
        return np.full(n, UNKNOWN, np.int8)
    if isinstance(known, Mapping):
        rows = np.fromiter(known, np.int64, len(known))
        _check_rows(rows, n, "known")
        out = np.full(n, UNKNOWN, np.int8)
        out[rows] = [bool(value) for value in known.values()]
        return out
    out = np.asarray(known)
    if out.shape != (n,) or out.dtype.kind not in "bi" or not ((out >= UNKNOWN) & (out <= YES)).all():
        raise DataError(
            f"known must map rows to True or False, or be ({n},) int8 of -1 unknown, 0 wrong, 1 right; "
            f"got shape {out.shape}, {out.dtype}"
        )
    return out.astype(np.int8)


def _rivals(rivals: npt.ArrayLike | None, n: int) -> Ints:
    out = np.zeros((0, 2), np.int64) if rivals is None else np.asarray(rivals, np.int64)
    if out.ndim != 2 or out.shape[1] != 2:
        raise DataError(f"rivals must be pairs of rows, (k, 2), got shape {out.shape}")
    _check_rows(out.ravel(), n, "rivals")
    if (out[:, 0] == out[:, 1]).any():
        raise DataError(f"rivals: rows {first(out[out[:, 0] == out[:, 1], 0])} are paired with themselves")
    return out


def _hints(hints: npt.ArrayLike | None, n: int) -> Floats:
    out = np.zeros((n, 0), np.float32) if hints is None else np.asarray(hints)
    out = out if out.dtype == np.float16 else out.astype(np.float32, copy=False)
    if out.ndim != 2 or len(out) != n or not np.isfinite(out).all():
        raise DataError(
            f"hints must be a table of finite numbers with one row per row of features, ({n}, h), got shape "
            f"{out.shape} with {int((~np.isfinite(out)).sum())} that are not finite"
        )
    return out


def _ids(ids: npt.ArrayLike | None, n: int) -> Ints:
    if ids is None:
        return np.arange(n)
    out = np.asarray(ids, np.int64)
    if out.shape != (n,) or len(np.unique(out)) != n:
        raise DataError(f"ids must be {n} different numbers, got {len(np.unique(out))} of shape {out.shape}")
    return out


def _check_rows(rows: Sequence[int] | Ints, n: int, name: str) -> None:
    at = np.asarray(rows, np.int64)
    bad = at[(at < 0) | (at >= n)]
    if len(bad):
        raise DataError(f"{name} must name rows 0..{n - 1}; got {first(bad)}")
