"""Make the Runs of trainings and predictions, for all models."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.tables.schema import LabeledImages
from ...engine.pictures import pictures
from ...engine.run import On
from ...engine.shards import Shards
from ...engine.step import place, said_of
from ..embed.pooling import Embeddings
from ..metrics.coco_ap import Metrics, evaluate
from ..refine.refine import check_packages, sharpened
from ..runs.frozen_tables import state_of
from ..runs.run import Run, new_id
from ..training.examples import Parting
from ..training.schedule import Schedule
from . import inference, proposals
from .predict import Opener, Predicting, predict, predict_here
from .resumable import Part, shards_in


def of_training(
    model: str,
    tables: LabeledImages,
    parts: Parting,
    plan: Schedule,
    rows: Sequence[Mapping[str, float]],
    arguments: Mapping[str, Any],
    *,
    interrupted: bool,
    seconds: float,
) -> Run:
    """The Run of a training.

    Args:
        model: name of the model.
        tables: the tables that were trained on.
        parts: the examples, and those measured on.
        plan: the schedule at the end of the training.
        rows: one mapping per period; see ``Run.curves``.
        arguments: arguments of the training, ``seed`` included.
        interrupted: whether it was stopped by hand.
        seconds: how long it took.
    """
    return Run(
        id=new_id("train"),
        kind="train",
        model=model,
        arguments={**arguments, "hold_out": len(parts.check) if parts.put_back else 0},
        seed=arguments["seed"],
        labels=tables.labels,
        seconds=seconds,
        curves=pd.DataFrame(rows).astype({"step": "int64"}) if rows else pd.DataFrame(),
        interrupted=interrupted,
        stopped="interrupted" if interrupted else plan.why,
        missing=plan.missing(),
        n_images=len(parts.all),
        **state_of(tables),
    )


def predicted(
    model: str,
    finder: inference.Finder,
    tables: LabeledImages,
    ids: npt.NDArray[np.int64],
    settings: inference.Settings,
    codes: Mapping[int, str],
    *,
    weights: Callable[[], Mapping[str, npt.NDArray[Any]]],
    arguments: Mapping[str, Any],
    batch: int,
    folder: str | Path | None,
    began: float,
    refine: bool = False,
    amend: Callable[[Part], tuple[Part, Mapping[str, Any]]] = lambda found: (found, {}),
    on: On = None,
    portable: Callable[[Path], Opener] | None = None,
) -> Run:
    """Predict part by part, here or elsewhere, and return a Run, saved where a folder is given.

    Args:
        model: name of the model.
        finder: the model, ready to predict.
        tables: the tables to predict on.
        ids: ids of the images to predict on.
        settings: how to predict.
        codes: label of the tables for each output of the model.
        weights: gives the weights of the model by name, which identify parts on disk; called only with a
            folder.
        arguments: arguments of the prediction, stored in the Run and used to identify parts on disk.
        batch: images at once.
        folder: where parts and then the Run are saved; None keeps all in memory.
        began: time of the start, by ``time.perf_counter``.
        refine: sharpen the masks as ``nl.refine`` does. An interrupted prediction keeps them as they are.
        amend: takes all that was found; returns what to keep of it, and more arguments to store in the Run.
        on: where to predict; None is here. See :func:`nbalabel.engine.run.run`.
        portable: writes the model into a folder, and returns what makes it ready again in a worker.
    """
    if refine:
        check_packages()
    mark = ""
    if folder is not None or on is not None:
        mark = inference.fingerprint(weights(), tables, ids, vars(settings), arguments)
    said: Mapping[str, Any]
    with place(folder, on) as where:
        shards = shards_in(where, mark)
        travel = on is not None
        read = pictures(tables, tables.images, travel=travel)
        opener = portable(shards.folder) if travel and portable and shards.folder else (lambda: finder)
        done = predict(Predicting(opener, settings, batch), read, ids, shards, on)
        room = None if folder is None else shards.folder
        found = inference.gathered(done.shards, codes, room)
        interrupted = done.interrupted
    found, said = amend(found)
    asked = {**arguments, **said, **said_of(done.workers)}
    run = of_prediction(model, tables, found, codes, asked, n_images=len(ids), interrupted=interrupted)
    kept = [shards]
    if refine and not interrupted:
        run, *more = _refined(run, folder, on)
        kept += more
    run = replace(run, seconds=time.perf_counter() - began)
    del found
    if folder is not None and not run.interrupted:
        run.save(folder)
        if any(isinstance(one, np.memmap) for one in (run.embeddings.image, run.embeddings.instance)):
            run = Run.load(folder, run.tables)  # what was joined in a file ends with the parts
        for some in kept:
            some.clear()
    return run


def _refined(run: Run, folder: str | Path | None, on: On) -> tuple[Run, *tuple[Shards, ...]]:
    """The run with sharper masks, and the parts they were made of.

    An interrupt leaves the run as it was, and interrupted.
    """
    try:
        made = sharpened(run, run._tables(None), folder=folder, on=on)
    except KeyboardInterrupt:
        return (replace(run, interrupted=True),)
    return made.run, made.shards


def of_prediction(
    model: str,
    tables: LabeledImages,
    found: Part,
    codes: Mapping[int, str],
    arguments: Mapping[str, Any],
    *,
    n_images: int,
    interrupted: bool,
) -> Run:
    """The Run of a prediction, matched to the instances of the tables.

    Args:
        model: name of the model.
        tables: the tables that were predicted on.
        found: what the network found.
        codes: label of the tables for each output of the network.
        arguments: arguments of the prediction; no embeddings are kept where ``embed`` is False.
        n_images: images asked for.
        interrupted: whether it was stopped by hand.
    """
    name = new_id("predict")
    predictions, known = proposals.table(found, codes, tables.labels, name)
    return Run(
        id=name,
        kind="predict",
        model=model,
        arguments=dict(arguments),
        labels=tables.labels,
        interrupted=interrupted,
        n_images=n_images,
        failed=pd.DataFrame({"image_id": list(found.failed), "problem": list(found.failed.values())}),
        predictions=predictions,
        embeddings=proposals.vectors(found, known) if arguments["embed"] else Embeddings.none(),
        predicted_ids=found.image_ids,
        **state_of(tables),
    ).matched_to(tables)


def measured(
    finder: inference.Finder,
    tables: LabeledImages,
    ids: npt.NDArray[np.int64],
    settings: inference.Settings,
    codes: Mapping[int, str],
    batch: int,
) -> Metrics:
    """Metrics of a network on some labeled images; nothing is stored.

    Raises:
        KeyboardInterrupt: it was stopped by hand.
    """
    found, interrupted = predict_here(finder, tables, ids, settings, batch)
    if interrupted:
        raise KeyboardInterrupt
    predictions, _ = proposals.table(found, codes, tables.labels, "")
    instances = tables.instances[tables.instances["image_id"].isin(ids)]
    return evaluate(predictions, instances, tables.images.loc[ids], tables.labels)
