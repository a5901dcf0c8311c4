"""Carry masks along a sequence of images by optical flow."""

from __future__ import annotations

import time
from collections.abc import Sequence as Several
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.opencv import one_thread
from ...core.progress import Bar
from ...core.tables.schema import LabeledImages
from ..embed.pooling import Embeddings
from ..runs.frozen_tables import state_of
from ..runs.run import Run, new_id
from .barriers import Barriers
from .flows import Flows
from .inputs import check, frames_of, starts_of, working_size
from .looks import looks
from .sequences import Sequence, sequences
from .table import table
from .walk import Carried, Course, Start, reach, walk

Ints = npt.NDArray[np.int64]


def follow(
    tables: LabeledImages,
    instances: pd.DataFrame | Several[int] | Ints,
    *,
    frames: Any = None,
    direction: str = "both",
    least: float = 0.5,
    gap: int | None = None,
    imgsz: int | None = None,
    embed: bool = True,
) -> Run:
    """Carry masks along a video or sequence by optical flow, as proposals for the images before and after.

    Images of one ``group`` are a sequence, in the order of ``frame``. A mask moves with the pixels under it,
    from image to image, until its track ends:

    - at an image of state complete or empty, which has all of its instances;
    - at an instance with which the mask has an IoU of 0.5 or more, whatever its label, if that is accepted,
      verified, drawn by a person, or one of ``instances``; and at a rejected prediction of its label;
    - at a gap in the frames, at an image of another size, or one that cannot be read (``run.failed``);
    - where the mask has left the picture, or its score is below ``least``.

    So whatever was decided stays: after a mask was corrected, ``follow(ds, corrected_rows)`` carries it on,
    up to the next mask of the same thing that was accepted. Masks of one label that overlap by more than an
    IoU of 0.5 on an image are the same thing, carried from two parents: the one with the higher score stays.

    Interrupting returns what was found so far. Needs OpenCV, no weights.

    Args:
        tables: a Dataset, a Version or Tables.
        instances: rows of its ``instances``, or their ids: the masks to carry.
        frames: how far. A number: as many images before and after; ids or rows of images: only these get
            predictions; None: the whole sequence.
        direction: "both", "forward" (to later frames) or "backward".
        least: score below which a track ends, 0..1.
        gap: difference between the frames of neighbouring images from which masks are not carried across;
            None takes twice the usual difference of the sequence, so that one missing image is a gap.
        imgsz: long side that pictures are shrunk to for the flow, pixels; None takes 256 to 640, so that
            small instances still have 24.
        embed: describe the masks by numbers (size, shape, colour, contrast), which ``nl.propagate`` needs.

    Returns:
        A Run. Each prediction has the label of its instance, ``parent`` (id of the instance), ``distance``
        (images from there, negative before it) and a ``score``: of the parent's pixels that are still on the
        picture, the IoU of where they are with where the carried mask is, which two flows computed
        independently say: one from image to image there, one back. ``run.arguments["ended"]`` counts tracks
        by how they ended: end (of the sequence, or of ``frames``), barrier, rejected, gap, unreadable, left,
        score.

    Raises:
        DataError: an image has no group or frame, two images of a group have the same frame, ``instances``
            are none of the tables or without pixels, or an argument is out of range.
        UnknownNameError: there is no such instance or image.
        MissingExtraError: OpenCV is not installed.

    Source:
        T. Kroeger et al., "Fast optical flow using dense inverse search", ECCV 2016; forward and backward
        agreement: Z. Kalal et al., "Forward-backward error: automatic detection of tracking failures", ICPR
        2010.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     with nl.demo.reef(f"{folder}/reef.nbal", 40, 8, 6, size=96) as ds:
        ...         run = nl.follow(ds, ds.instances, frames=1)
        >>> sorted(set(run.predictions["distance"].tolist()))
        [-1, 1]
    """
    began = time.perf_counter()
    check(direction, least, gap, imgsz)
    rows = starts_of(tables, instances)
    wanted = frames_of(tables, frames)
    chains = sequences(tables.images, rows["image_id"].unique().astype(np.int64), gap)
    size = working_size(tables, rows) if imgsz is None else imgsz
    every = np.concatenate([chain.image_ids for chain in chains])
    barriers = Barriers(tables, every, rows.index.to_numpy(np.int64))
    chosen = set(wanted.tolist()) if isinstance(wanted, np.ndarray) else None
    courses = [
        Course(chain, _on(chain, rows, wanted, direction), barriers, chosen, least) for chain in chains
    ]
    found, interrupted = _carried(tables, courses, size)
    name = new_id("follow")
    predictions = table(found, tables, name)
    vectors, cut = _looks(predictions, tables, wanted=embed and not interrupted)
    asked: dict[str, Any] = {"frames": wanted if isinstance(wanted, int) else None, "direction": direction}
    asked |= {"least": least, "gap": gap, "imgsz": size, "parents": len(rows), "ended": dict(found.ended)}
    return Run(
        id=name,
        kind="predict",
        model="follow",
        arguments=asked,
        labels=tables.labels,
        seconds=time.perf_counter() - began,
        interrupted=interrupted or cut,
        n_images=len(every) if chosen is None else len(chosen),
        failed=pd.DataFrame({"image_id": list(found.failed), "problem": list(found.failed.values())}),
        predictions=predictions,
        embeddings=vectors,
        **state_of(tables),
    ).matched_to(tables)


def _carried(tables: LabeledImages, courses: Several[Course], imgsz: int) -> tuple[Carried, bool]:
    """What was found along all sequences, and whether it was interrupted before the end."""
    found = Carried()
    total = 2 * sum(len(course.sequence) for course in courses)
    with (
        one_thread("nl.follow"),
        Bar(total=total, desc="following", unit="image", delay=1, leave=False) as bar,
    ):
        try:
            for course in courses:
                with Flows(tables, course.sequence, imgsz) as flows:
                    walk(course, flows, found, bar)
        except KeyboardInterrupt:
            return found, True
    return found, False


def _looks(predictions: pd.DataFrame, tables: LabeledImages, *, wanted: bool) -> tuple[Embeddings, bool]:
    """Embeddings of the predictions, and whether making them was interrupted."""
    try:
        return (looks(predictions, tables) if wanted else Embeddings.none()), False
    except KeyboardInterrupt:
        return Embeddings.none(), True


def _on(chain: Sequence, rows: pd.DataFrame, wanted: int | Ints | None, direction: str) -> list[Start]:
    """The starts on the images of a sequence."""
    own = rows[rows["image_id"].isin(chain.image_ids)]
    starts = []
    for parent, image_id, label, mask in own[["image_id", "label", "mask"]].itertuples():
        place = chain.places[int(image_id)]
        starts.append(Start(int(parent), str(label), place, mask, reach(place, chain, wanted, direction)))
    return starts
