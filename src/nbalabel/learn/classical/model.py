"""``Watershed``: train, predict, embed, without a network."""

from __future__ import annotations

import time
import warnings
from collections.abc import Mapping
from functools import partial as bound
from pathlib import Path
from typing import Any

import pandas as pd

from ...core.errors import FallbackWarning, ModelError
from ...core.progress import Bar
from ...core.tables.schema import LabeledImages
from ...core.urls import local_path
from ...engine.run import On
from ..embed.pooling import Embeddings
from ..model import refuse_arguments
from ..prediction import inference, proposals, records
from ..prediction.embed import Portable, embed
from ..runs.frozen_tables import state_of
from ..runs.run import Run, new_id
from ..training import sizes
from . import files, fitting
from .examples import examples
from .finder import Fitted, WatershedFinder

_LEAST_F1 = 0.2
"""Below this on labeled images, proposals cost more time than they save."""


class Watershed:
    """Proposals by thresholds and watersheds: no network, and five labeled images are enough.

    Of about a hundred thresholds, at most eight are chosen on the labeled images: each is a direction in
    colour space, light or dark, with a threshold for the whole image or for the surroundings of a pixel. A
    watershed of the distance to the edge separates objects that touch, at several depths. A regression
    predicts the IoU of a region with an instance of each label: the highest is its score and names its label.
    Of regions that overlap, the best stays.

    It suits objects that differ from the background by colour or brightness, such as cells, grains, leaves or
    stars. It cannot separate what only context tells apart; then ``train`` warns, and reports the quality.

    Raises:
        ModelError: a file is damaged.
        UnknownNameError: there is no such file.

    Source: S. Beucher and C. Lantuejoul, "Use of watersheds in contour detection" (1979).

    Example:
        >>> import nbalabel as nl
        >>> nl.Watershed()
        Watershed(not trained yet)
    """

    name = "watershed"

    def __init__(self) -> None:
        self._fitted: Fitted | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that it predicts, in order; none before the training."""
        return self._fitted.labels if self._fitted else ()

    def train(
        self,
        tables: LabeledImages,
        *,
        imgsz: int | None = None,
        seed: int = 0,
        folder: str | Path | None = None,
        **arguments: Any,
    ) -> Run:
        """Learn from labeled images with weight > 0, 48 at most, not of split val or test.

        On images of state partial, regions beside the instances are left out.

        Args:
            tables: a Dataset, a Version or Tables.
            imgsz: long side that images are resized to, pixels; None takes 160 to 640, so that small
                instances are still seen.
            seed: the same tables and seed give the same model.
            folder: where to save the Run and the model; None saves nothing.
            **arguments: none are known; any is refused.

        Returns:
            A Run whose ``arguments`` hold ``f1``, ``precision``, ``recall`` and the ``score`` threshold they
            belong to: at IoU 0.5, on the labeled images, cross-validated.

        Raises:
            ModelError: there is nothing to learn from, or an argument is unknown or out of range.
        """
        began = time.perf_counter()
        refuse_arguments("Watershed", "train", arguments)
        size = sizes.proposed(tables) if imgsz is None else imgsz
        if size < 32:
            raise ModelError(f"imgsz must be at least 32 pixels, got {imgsz}")
        learned = examples(tables, size, seed)
        with Bar(desc="fitting thresholds", unit="step", delay=1, leave=False) as bar:
            fitted, measured = fitting.fit(learned, tables.labels, size, seed, lambda: _tick(bar))
        self._fitted = fitted
        if measured.f1 < _LEAST_F1:
            warnings.warn(
                f"thresholds and watersheds do not find these things: F1 {measured.f1:.2f} at IoU 0.5 on "
                f"{len(learned)} labeled images, expected {_LEAST_F1} at least; train nl.Yolo or nl.MaskRCNN",
                FallbackWarning,
                stacklevel=2,
            )
        seconds = time.perf_counter() - began
        run = Run(
            id=new_id("train"),
            kind="train",
            model=self.name,
            arguments={"imgsz": size, "seed": seed, **vars(measured)},
            seed=seed,
            labels=tables.labels,
            seconds=seconds,
            curves=pd.DataFrame({"step": [1], "epoch": [1.0], "seconds": [seconds], "f1": [measured.f1]}),
            n_images=len(learned),
            **state_of(tables),
        )
        if folder is not None:
            run.save(folder)
            self.save(local_path(folder) / "weights.npz")
        return run

    def predict(
        self,
        tables: LabeledImages,
        images: Any = None,
        *,
        score: float = 0.1,
        imgsz: int | None = None,
        max_detections: int = 300,
        embed: bool = True,
        labels: Mapping[str, str | None] | None = None,
        refine: bool = False,
        folder: str | Path | None = None,
        on: On = None,
        **arguments: Any,
    ) -> Run:
        """Propose instances, masks at the resolution of the originals.

        Images that cannot be read are skipped and reported in ``run.failed``. Interrupting returns what was
        found so far; with a folder, the same call continues where it stopped.

        Args:
            tables: a Dataset, a Version or Tables.
            images: ids, rows of ``images``, a boolean Series over them, or None for all.
            score: least predicted IoU, 0..1.
            imgsz: long side images are resized to, pixels; None takes that of the training.
            max_detections: most predictions on one image.
            embed: collect embeddings in the same pass: colours of the image; size, shape, colour and contrast
                of a mask.
            labels: maps a label of the model to the label of the tables, where the names differ; None leaves
                a label of the model out.
            refine: sharpen the masks with :func:`nbalabel.refine`; True is ``nl.refine(model.predict(...))``.
            folder: where parts and then the Run are saved; None keeps all in memory. A Run with more than
                256 MB of embeddings is then mapped, as ``Run.load`` gives it.
            on: where to predict: None is here, a number that many processes of this machine, a
                ``dask.distributed.Client`` the workers of its cluster, which reach ``folder`` and pictures by
                the same paths; anything with ``submit`` will do. See docs/cluster.md.
            **arguments: none are known; any is refused.

        Returns:
            A Run with ``predictions`` matched to the labels, ``missed``, ``embeddings`` and ``failed``.

        Raises:
            ModelError: the model has not been trained, or shares no label with the tables.
            UnknownNameError: an id is no image, or ``labels`` holds an unknown label.
        """
        began = time.perf_counter()
        refuse_arguments("Watershed", "predict", arguments)
        fitted = self._ready()
        codes = proposals.codes(dict(enumerate(fitted.labels)), tables.labels, labels)
        ids = inference.choose(tables, images)
        settings = inference.Settings(imgsz or fitted.imgsz, score, 1.0, max_detections, embed)
        asked = {name: value for name, value in vars(settings).items() if name != "iou"}
        if labels:
            asked["labels"] = dict(labels)
        return records.predicted(
            self.name,
            WatershedFinder(fitted),
            tables,
            ids,
            settings,
            codes,
            weights=lambda: files.arrays(fitted),
            arguments=asked,
            batch=1,
            folder=folder,
            began=began,
            refine=refine,
            on=on,
            portable=lambda _: bound(WatershedFinder, fitted),
        )

    def embed(
        self,
        tables: LabeledImages,
        images: Any = None,
        *,
        imgsz: int | None = None,
        folder: str | Path | None = None,
        on: On = None,
        **arguments: Any,
    ) -> Embeddings:
        """Embeddings of images and of their instances, in the same space as those of predictions.

        Args:
            tables: a Dataset, a Version or Tables.
            images: ids, rows of ``images``, a boolean Series over them, or None for all.
            imgsz: long side images are resized to, pixels; None takes that of the training.
            folder: where parts are kept until all are done, so that what was interrupted continues.
            on: where to embed: None is here, a number that many processes of this machine, a
                ``dask.distributed.Client`` the workers of its cluster, which reach ``folder`` and pictures by
                the same paths; anything with ``submit`` will do. See docs/cluster.md.
            **arguments: none are known; any is refused.
        """
        refuse_arguments("Watershed", "embed", arguments)
        fitted = self._ready()
        ids = inference.choose(tables, images)
        return embed(
            WatershedFinder(fitted),
            tables,
            ids,
            imgsz or fitted.imgsz,
            1,
            folder=folder,
            on=on,
            portable=Portable(lambda: files.arrays(fitted), lambda _: bound(WatershedFinder, fitted)),
        )

    def save(self, path: str | Path) -> Path:
        """Write the model as ``.npz``: numbers and a JSON text, nothing that could run code."""
        return files.write(self._ready(), local_path(path).with_suffix(".npz"))

    @classmethod
    def load(cls, path: str | Path) -> Watershed:
        """A model from a file that :meth:`save` wrote."""
        model = cls()
        model._fitted = files.read(local_path(path).expanduser().with_suffix(".npz"))
        return model

    def _ready(self) -> Fitted:
        if self._fitted is None:
            raise ModelError(
                "this Watershed has not been trained: call train first, or Watershed.load a file"
            )
        return self._fitted

    def __repr__(self) -> str:
        if self._fitted is None:
            return "Watershed(not trained yet)"
        return f"Watershed({len(self._fitted.thresholds)} thresholds, labels {', '.join(self.labels[:5])})"


def _tick(bar: Any) -> None:
    bar.update(1)
