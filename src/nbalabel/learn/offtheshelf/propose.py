"""Predict with a network, as a Run of proposals apart from accepted masks."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError, ModelError
from ...core.tables.schema import LabeledImages
from ..prediction import inference, records
from ..prediction.resumable import Part
from ..runs.run import Run
from .apart import apart

ACCEPTED = ("avoid", "ignore")


def propose(
    finder: inference.Finder,
    network: Any,
    tables: LabeledImages,
    ids: npt.NDArray[np.int64],
    settings: inference.Settings,
    codes: Mapping[int, str],
    *,
    model: str,
    prompt: Mapping[str, Any],
    accepted: str,
    batch: int,
    folder: str | Path | None,
) -> Run:
    """Predict on images, part by part, and return a Run.

    Args:
        finder: the network, ready to predict.
        network: the network, whose weights identify parts on disk.
        tables: a Dataset, a Version or Tables.
        ids: ids of its images, ``(n,)``.
        settings: how to predict.
        codes: label of the tables for each output of the network.
        model: name of the model.
        prompt: the prompt, stored in the Run and used to identify parts on disk.
        accepted: "avoid" takes accepted masks out of proposals (see :mod:`apart`), "ignore" does not.
        batch: images at once.
        folder: where parts and then the Run are saved.
    """
    began = time.perf_counter()
    check_accepted(accepted)
    return records.predicted(
        model,
        finder,
        tables,
        ids,
        settings,
        codes,
        weights=lambda: inference.tensors(network),
        arguments={**vars(settings), **prompt, "batch": batch},
        batch=batch,
        folder=folder,
        began=began,
        amend=lambda found: beside(found, tables, accepted),
    )


def beside(found: Part, tables: LabeledImages, accepted: str) -> tuple[Part, dict[str, Any]]:
    """Apply ``accepted`` to proposals; returns the proposals, and what the Run records about it."""
    left_out = 0
    if accepted == "avoid":
        found, left_out = apart(found, tables)
    return found, {"accepted": accepted, "on_accepted": left_out}


def check_accepted(accepted: str) -> None:
    """Check that ``accepted`` is one of :data:`ACCEPTED`."""
    if accepted not in ACCEPTED:
        raise DataError(f"accepted must be one of {', '.join(ACCEPTED)}, got {accepted!r}")


def refuse_training(model: str) -> NoReturn:
    """Raise: these models cannot be trained."""
    raise ModelError(
        f"{model} is used as it is and does not learn: accept what it proposes, then train one that does, "
        "nl.Yolo('yolo11n-seg').train(ds) or nl.MaskRCNN().train(ds)"
    )
