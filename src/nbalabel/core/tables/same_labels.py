"""Map a model's labels, names or numbers, to the dataset's labels."""

from __future__ import annotations

import warnings
from collections.abc import Hashable, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import DataError, FallbackWarning, UnknownNameError, first

UNKNOWN = ("error", "drop")


def check_targets(wanted: Mapping[Any, str | None], labels: Sequence[str]) -> None:
    """Refuse a mapping whose targets are not labels of the dataset.

    Raises:
        UnknownNameError: naming the wrong targets, and what to do.

    Example:
        >>> check_targets({"person": "diver"}, ["fish"])
        Traceback (most recent call last):
        nbalabel.core.errors.UnknownNameError: labels= says that 'person' is 'diver', which is no label;
        labels are fish. Add it first: ds.add_label('diver')
    """
    wrong = {name: to for name, to in wanted.items() if to is not None and to not in labels}
    if not wrong:
        return
    said = first([f"{name!r} is {to!r}" for name, to in wrong.items()])
    target = next(iter(wrong.values()))
    near = get_close_matches(str(target), labels, n=1)
    what = f"Did you mean {near[0]!r}?" if near else f"Add it first: ds.add_label({target!r})"
    raise UnknownNameError(
        f"labels= says that {said}, which is no label; labels are {first(labels) or 'none'}. {what}"
    )


def codes_of(
    found: Sequence[Hashable],
    ids: Sequence[object] | npt.NDArray[Any],
    labels: Sequence[str],
    wanted: Mapping[Any, str | None],
    unknown: str,
    what: str = "label",
) -> npt.NDArray[np.int64]:
    """Position of each prediction's label in ``labels``; -1 for predictions that are left out.

    Args:
        found: the model's label of each prediction, a name or a number, ``(n,)``.
        ids: ids of the predictions, for messages.
        labels: the dataset's labels, in order.
        wanted: the model's label -> the dataset's label, or None to leave its predictions out. A name that is
            not a key must be a label of the dataset itself; otherwise it is unknown.
        unknown: for unknown labels: "error" raises, "drop" leaves their predictions out with a warning.
        what: what the model's labels are called in messages.

    Raises:
        DataError: some labels are unknown.
        UnknownNameError: a target in ``wanted`` is not a label of the dataset.

    Example:
        >>> theirs, ours = ["cod", "person", "boat"], ["diver", "cod"]
        >>> codes_of(theirs, [0, 1, 2], ours, {"person": "diver", "boat": None}, "error").tolist()
        [1, 0, -1]
    """
    if unknown not in UNKNOWN:
        raise DataError(f"unknown must be one of {', '.join(UNKNOWN)}, got {unknown!r}")
    check_targets(wanted, labels)
    place = {label: i for i, label in enumerate(labels)}
    names = list(dict.fromkeys(found))
    meant = {name: wanted.get(name, name if isinstance(name, str) else _NOTHING) for name in names}
    lost = {name for name, to in meant.items() if to is not None and to not in place}
    if lost:
        at = [i for i, name in enumerate(found) if name in lost]
        _say(unknown, sorted(lost, key=str), [ids[i] for i in at], len(found), labels, what)
    code = {name: -1 if to is None else place.get(to, -1) for name, to in meant.items()}
    return np.fromiter((code[name] for name in found), np.int64, len(found))


_NOTHING = "\0"  # never a valid label


def _say(
    unknown: str, lost: Sequence[object], ids: Sequence[object], n: int, labels: Sequence[str], what: str
) -> None:
    listed = first([repr(name) for name in lost])
    if unknown == "drop":
        warnings.warn(
            f"{len(ids):,} of {n:,} predictions are left out, since their {what} is no label here: {listed}",
            FallbackWarning,
            stacklevel=4,
        )
        return
    example = f"{lost[0]!r}: {(labels[0] if labels else 'fish')!r}"
    raise DataError(
        f"predictions: {what} must be one of the dataset's ({first(labels) or 'it has none'}) or be mapped "
        f"to one; {len(ids)} of {n} are not: {first(ids)} (got {listed}). Pass labels={{{example}, ...}} "
        '(None leaves one out), or unknown="drop"'
    )
