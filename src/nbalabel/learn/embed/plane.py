"""Embeddings on a plane: PCA at once, UMAP or PaCMAP now or in the background."""

from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
import tempfile
import threading
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ...core import forking
from ...core.errors import DataError, FallbackWarning, ModelError
from .reducers import FEWEST, FITS, Behind, Floats, Reducer, fewer_columns, fit, in_parts

_PART = 1 << 16  # rows checked at a time


class Projection:
    """Points on a plane, and a transform that lays out further rows.

    Attributes:
        points: ``(n, 2)`` float32; rows of NaN for rows that hold NaN or infinity. While a fit runs in the
            background, the PCA layout.
        method: "pca", "umap" or "pacmap": what ``points`` are now.
    """

    def __init__(self, points: Floats, method: str, reducer: Reducer, job: _Job | None = None) -> None:
        self.points = points
        self.method = method
        self._reducer = reducer
        self._job = job
        self._callbacks: list[Callable[[Projection], object]] = []
        self._error: Exception | None = None
        self._lock = threading.Lock()
        forking.register(self)

    def after_fork(self) -> None:
        """In a forked child no thread waits for the fit: the PCA points stay."""
        self._lock = threading.Lock()
        if self._job is not None:
            self._error = ModelError(
                "the fit in the background belongs to the process this one was forked from"
            )
            self._job = None

    @property
    def ready(self) -> bool:
        """Whether these are the final points (also once a fit in the background has failed)."""
        return self._job is None

    def wait(self, timeout: float | None = None) -> Projection:
        """Wait for a fit in the background.

        Args:
            timeout: seconds; None waits for as long as it takes.

        Raises:
            TimeoutError: it is not done yet.
            ModelError: the fit failed; the PCA points stay.
        """
        job = self._job
        if job is not None and not job.finished.wait(timeout):
            raise TimeoutError(f"the projection is not done after {timeout} s")
        if self._error is not None:
            raise self._error
        return self

    def cancel(self) -> None:
        """Stop a fit in the background; the PCA points stay."""
        job = self._job
        if job is not None:
            job.process.terminate()
            job.finished.wait(10)
            self._error = None

    def on_ready(self, callback: Callable[[Projection], object]) -> None:
        """Call back with this projection when the final points are there; at once if they are."""
        with self._lock:
            if self._job is not None:
                self._callbacks.append(callback)
                return
        callback(self)

    def transform(self, rows: npt.ArrayLike) -> Floats:
        """Lay out further rows among the points, ``(m, d)`` to ``(m, 2)``; rows of NaN give NaN.

        Raises:
            DataError: the rows have another dimension than those it was fitted on.
        """
        given, finite = _finite(rows)
        out = np.full((len(given), 2), np.nan, np.float32)
        if finite.any():
            try:
                out[finite] = self._reducer.transform(given[finite])
            except ValueError as error:
                raise DataError(f"cannot lay out rows of {given.shape[1]} dimensions: {error}") from error
        return out

    def __repr__(self) -> str:
        return f"Projection({self.method}, {len(self.points)} points{'' if self.ready else ', more to come'})"

    def _settle(
        self, finite: npt.NDArray[np.bool_], method: str, found: tuple[Any, Floats] | Exception
    ) -> None:
        """Take over the result of the background fit, then call the callbacks."""
        with self._lock:
            if isinstance(found, Exception):
                self._error = found
            else:
                self._reducer, points = found
                settled = np.full_like(self.points, np.nan)
                settled[finite] = points
                self.points, self.method = settled, method
            job, self._job = self._job, None
            callbacks, self._callbacks = self._callbacks, []
        if self._error is None:
            for callback in callbacks:
                callback(self)
        if job is not None:
            job.finished.set()


class _Job:
    """A fit in another process, and a thread that waits for it."""

    def __init__(self, rows: Floats, method: str, seed: int, arguments: dict[str, Any]) -> None:
        self.finished = threading.Event()
        self._folder = folder = Path(tempfile.mkdtemp(prefix="nbalabel-project-"))
        self._first = first = fewer_columns(rows, seed)
        rows = rows if first is None else in_parts(first.transform, rows, len(first.axes))
        np.save(folder / "rows.npy", rows, allow_pickle=False)
        (folder / "job.json").write_text(json.dumps({"method": method, "seed": seed, "arguments": arguments}))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "nbalabel.learn.embed.worker", str(folder)],
            stdin=subprocess.PIPE,  # closes when this process ends, however it ends: then the fit ends, too
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        # also runs when Python ends, since nothing can read the result then
        self._finalizer = weakref.finalize(self, _end, self.process, folder)
        forking.register(self)

    def after_fork(self) -> None:
        """A forked child that ends must not end its parent's fit, nor one that lives on keep it running."""
        self._finalizer.detach()
        if self.process.stdin is not None:
            self.process.stdin.close()

    def follow(self, settle: Callable[[tuple[Any, Floats] | Exception], None]) -> None:
        """Hand over the result, or the error, when the process ends."""
        threading.Thread(target=lambda: settle(self._result()), daemon=True, name="nbalabel-project").start()

    def _result(self) -> tuple[Any, Floats] | Exception:
        assert self.process.stderr is not None, "it was opened"
        errors = self.process.stderr.read()  # communicate() would close the standard input of the fit
        self.process.wait()
        try:
            if self.process.returncode:
                last = errors.strip().splitlines()[-1:] or [f"exit status {self.process.returncode}"]
                return ModelError(f"the projection failed: {last[0]}")
            # Written by the process just started, in a folder only this user can enter.
            reducer = pickle.loads((self._folder / "reducer.pickle").read_bytes())  # noqa: S301
            reducer = reducer if self._first is None else Behind(self._first, reducer)
            return reducer, np.load(self._folder / "points.npy", allow_pickle=False)
        except Exception as error:  # noqa: BLE001  # unpickling imports other packages
            return ModelError(f"the projection cannot be read back: {type(error).__name__}: {error}")
        finally:
            self._finalizer()
            for stream in (self.process.stdin, self.process.stderr):
                if stream is not None:
                    stream.close()


def _end(process: subprocess.Popen[str], folder: Path) -> None:
    process.terminate()
    shutil.rmtree(folder, ignore_errors=True)


def project(
    embeddings: npt.ArrayLike,
    method: str = "umap",
    *,
    seed: int = 0,
    background: bool = False,
    **arguments: Any,
) -> Projection:
    """Lay embeddings out on a plane, near ones near each other.

    Of more than 100,000 rows so many, drawn at random, are fitted; the others are laid out among them.

    Args:
        embeddings: ``(n, d)``; rows with NaN or infinity get no point.
        method: "umap", "pacmap" (both see the first 50 principal components and start from the PCA layout) or
            "pca".
        seed: the same embeddings and seed give the same points.
        background: return at once with the PCA layout and fit in another process; see ``ready``, ``wait``,
            ``on_ready``.
        **arguments: of ``umap.UMAP`` or ``pacmap.PaCMAP``, such as ``n_neighbors``.

    Returns:
        A Projection, whose ``points`` are ``(n, 2)`` and whose ``transform`` lays out further rows.

    Raises:
        DataError: not a matrix, or an unknown method.
        MissingExtraError: the method's package is not installed.

    Example:
        >>> project([[0, 0, 0], [2, 0, 0], [4, 0, 0]], "pca").points.tolist()
        [[-2.0, 0.0], [0.0, 0.0], [2.0, 0.0]]
    """
    if method not in FITS:
        raise DataError(f"method must be one of {', '.join(FITS)}, got {method!r}")
    rows, finite = _finite(embeddings)
    if method != "pca" and finite.sum() < FEWEST:
        if finite.any():
            warnings.warn(
                f"{method} needs {FEWEST} points, got {int(finite.sum())}: laid out by PCA",
                FallbackWarning,
                stacklevel=2,
            )
        method = "pca"
    if method == "pca" and arguments:
        raise DataError(f"pca takes no further arguments, got {', '.join(arguments)}")
    first = "pca" if background else method
    known = rows if finite.all() else rows[finite]
    reducer, found = fit(first, known, seed, **({} if background else arguments))
    points = np.full((len(rows), 2), np.nan, np.float32)
    points[finite] = found
    if first == method:
        return Projection(points, method, reducer)
    job = _Job(known, method, seed, arguments)
    projection = Projection(points, "pca", reducer, job)
    job.follow(lambda result: projection._settle(finite, method, result))
    return projection


def _finite(embeddings: npt.ArrayLike) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_]]:
    """Embeddings as a float32 matrix, or as float16 where they are, and which rows are numbers throughout."""
    half = isinstance(embeddings, np.ndarray) and embeddings.dtype == np.float16
    rows: npt.NDArray[Any] = np.asarray(
        embeddings, np.float16 if half else np.float32
    )  # float16: converted a part at a time
    if rows.size == 0 and rows.ndim < 2:
        rows = rows.reshape(0, 0)
    if rows.ndim != 2:
        raise DataError(f"embeddings must be a matrix (n, d), got shape {rows.shape}")
    finite = np.empty(len(rows), np.bool_)
    for start in range(0, len(rows), _PART):
        finite[start : start + _PART] = np.isfinite(rows[start : start + _PART]).all(axis=1)
    return rows, finite & (rows.shape[1] > 0)
