"""``MaskRCNN``: train, predict, embed, without ultralytics."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial as bound
from pathlib import Path
from typing import Any

import pandas as pd

from ...core.errors import ModelError, UnknownNameError
from ...core.tables.schema import LabeledImages
from ...core.urls import local_path
from ...engine.run import On
from ..embed.pooling import Embeddings
from ..model import refuse_arguments
from ..prediction import inference, proposals, records
from ..prediction.embed import Portable, embed
from ..runs.run import Run
from ..training import schedule, sizes
from ..training.limits import EMPTY_SHARE, PARTIAL_SHARE, Limits
from ..training.parting import parting
from ..training.progress import Progress
from ..training.undecided import undecided
from . import networks, weights
from .batches import MaskRCNNBatches
from .package import best_device
from .predictor import MaskPredictor
from .training import Settings, Training

STARTS = ("current", "fresh")
_UNKNOWN_SIZE = 640
_OPEN_PERIOD, _TIMED_PERIOD = 20, 10


def opened(path: str, device: str) -> MaskPredictor:
    """A network ready to predict, from a file that :meth:`MaskRCNN.save` wrote, in a worker."""
    return MaskRCNN(path, device=device)._ready()


class MaskRCNN:
    """Mask R-CNN of torchvision (BSD-3-Clause): an instance-segmentation model for a loop without AGPL code.

    Slower than :class:`nbalabel.Yolo` and best with a GPU. Weights trained on COCO (on ImageNet for a ResNet)
    are used where they are available or can be downloaded; otherwise they are random, after a few seconds and
    with one FallbackWarning. ``NBALABEL_OFFLINE=1`` tries no download.

    Another training continues from the current weights, unless ``start`` says otherwise.

    Args:
        model: "maskrcnn_resnet50_fpn_v2" or "maskrcnn_resnet50_fpn" (COCO's 80 labels are known at once),
            "resnet18", "resnet34", "resnet50" or "resnet101" (a backbone; smaller and quicker), or a ``.npz``
            that :meth:`save` wrote.
        device: "" takes a GPU where there is one; "cpu", "cuda:1", "mps".

    Raises:
        MissingExtraError: torchvision is not installed.
        UnknownNameError: there is no such model or file.
        ModelError: the file is damaged.

    Source: K. He, G. Gkioxari, P. Dollar and R. Girshick, "Mask R-CNN" (2017).
    """

    def __init__(self, model: str | Path = "maskrcnn_resnet50_fpn_v2", *, device: str = "") -> None:
        self.device, self._device = best_device(device), device
        self.imgsz: int | None = None
        path = Path(model).expanduser()
        if path.suffix == ".npz":
            self._read(path)
        else:
            self.name = self.architecture = str(model)
            self.network, self.names, self._has_statistics = networks.pretrained(self.name)
        self.network.eval()
        self._first = self.network, self.names, self._has_statistics
        self._predictor: MaskPredictor | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that it predicts, in order; none before the first training of random weights."""
        return tuple(self.names.values())

    def train(
        self,
        tables: LabeledImages,
        *,
        steps: int | None = None,
        minutes: float | None = None,
        imgsz: int | None = None,
        batch: int = 4,
        lr0: float | None = None,
        regions: int = 128,
        seed: int = 0,
        start: str = "current",
        hold_out: float | None = None,
        partial: str = "use",
        empty_share: float = EMPTY_SHARE,
        partial_share: float = PARTIAL_SHARE,
        ignore: Run | pd.DataFrame | None = None,
        folder: str | Path | None = None,
        **arguments: Any,
    ) -> Run:
        """Learn from the images with weight > 0, drawn in proportion to their weights.

        Without ``steps`` it trains until mAP on labeled images that are put aside no longer rises. Then the
        learning rate falls, and the images put aside are trained on as well. ``minutes`` ends the first part
        earlier.

        Images of state unlabeled, of split val or test, and those with weight 0 are left out. Masks enter the
        loss with holes and islands, as shares of pixels. Where images of split val are completely labeled,
        mAP is measured on them instead, and the weights with the best mAP are kept. An interrupt keeps the
        weights so far and returns.

        Args:
            tables: a Dataset, a Version or Tables.
            steps: number of batches; None trains until mAP no longer rises.
            minutes: approximate limit of time; None sets no limit.
            imgsz: long side images are resized to, pixels (rounded up to a multiple of 32); None takes a size
                at which small instances are still seen.
            batch: images per step.
            lr0: highest learning rate; None: 0.0001 from weights, 0.0002 from random ones.
            regions: regions of an image that the heads are trained on per step, a quarter of them on
                instances; fewer are faster.
            seed: the same tables, arguments and seed give the same weights on a CPU (unless ``minutes`` ends
                the training).
            start: "current" continues from the current weights, "fresh" from those the model was made with.
            hold_out: share of the labeled images to put aside and measure on, 0..1; None: 0.2 where ``steps``
                is not given and no image of split val is labeled, else none.
            partial: "use" images of state partial: what has no label there is trained as background, except
                in open regions. "skip" leaves them out. "regions" trains background only in their regions of
                kind "done".
            empty_share: largest share of the draws that images without any instance get, 0..1; where their
                weights would bring them more, these are lowered. 1 draws them by their weights, 0 never.
            partial_share: largest share that images of state partial get of the draws of images with an
                instance, 0..1, where complete ones are there; they are lowered to a twentieth at most.
                1 draws them by their weights.
            ignore: regions where it is not known whether there is an object: a Run, for its predictions that
                are neither accepted nor matched to an instance (a no to a mask means that the mask is wrong,
                not that nothing is there), or rows with ``image_id`` and ``mask``. On images of state
                partial, no background is learned there.
            folder: where to save the Run and its weights; None saves nothing.
            **arguments: none are known; any is refused.

        Returns:
            A Run with ``curves`` (one row per period), ``stopped`` and ``interrupted``.

        Raises:
            ModelError: there is nothing to learn from, an argument is unknown or out of range, or the loss is
                no longer a number.
        """
        began = time.perf_counter()
        _check(arguments, start, {"batch": batch, "regions": regions}, lr0)
        imgsz = sizes.proposed(tables) if imgsz is None else -(-imgsz // sizes.STEP) * sizes.STEP
        network, names, has_statistics = (
            self._first if start == "fresh" else (self.network, self.names, self._has_statistics)
        )
        limits, unsure = Limits(empty_share, partial_share), undecided(ignore, tables)
        parts = parting(tables, imgsz, partial, hold_out, steps is None, seed, unsure, limits=limits)
        asked = schedule.length(steps, minutes, None, len(parts.learn), batch)
        if steps is None:  # a step takes longer than one of YOLO's
            asked = replace(asked, period=_OPEN_PERIOD if minutes is None else _TIMED_PERIOD)
        plan = schedule.Schedule.of(asked, {}, -(-len(parts.learn) // batch))
        fresh = networks.adapted(self.architecture, network, names, tables.labels, seed)
        learned = {i + 1: label for i, label in enumerate(tables.labels)}
        rate = lr0 if lr0 is not None else (1e-4 if has_statistics else 2e-4)
        training = Training(
            fresh.to(self.device),
            parts,
            plan,
            Settings(imgsz, batch, rate, regions, seed, has_statistics),
            lambda: _measure(fresh, self.device, tables, parts.check.image_ids, imgsz, batch),
            self.device,
        )
        with Progress() as progress:
            training.run(progress)
        self.network, self.names, self.imgsz, self._has_statistics = fresh, learned, imgsz, True
        run = records.of_training(
            self.name,
            tables,
            parts,
            plan,
            training.rows,
            {
                "imgsz": imgsz,
                "batch": batch,
                "lr0": rate,
                "regions": regions,
                "seed": seed,
                "steps": steps,
                "minutes": minutes,
                "start": start,
                "partial": partial,
                "empty_share": empty_share,
                "partial_share": partial_share,
            },
            interrupted=training.interrupted,
            seconds=time.perf_counter() - began,
        )
        if folder is not None:
            run.save(folder)
            self.save(local_path(folder) / "weights.npz")
        return run

    def batches(
        self,
        tables: LabeledImages,
        *,
        falling: bool = False,
        steps: int | None = None,
        minutes: float | None = None,
        imgsz: int | None = None,
        batch: int = 4,
        lr0: float | None = None,
        regions: int = 128,
        seed: int = 0,
        start: str = "current",
        hold_out: float | None = None,
        partial: str = "use",
        empty_share: float = EMPTY_SHARE,
        partial_share: float = PARTIAL_SHARE,
        ignore: Run | pd.DataFrame | None = None,
        **arguments: Any,
    ) -> MaskRCNNBatches:
        """What :meth:`train` would draw with these arguments: pictures, masks and labels, batch by batch.

        They come from the training's own code with the same seed, so they are its batches, byte for byte.
        Nothing is trained. :class:`nbalabel.Augmentations` shows them.

        Args:
            tables: a Dataset, a Version or Tables.
            falling: those of the last part, in which the images put aside are trained on as well.
            steps: as all that follow, an argument of :meth:`train`.
            minutes: see there; it does not change what is drawn, like ``lr0``, ``regions`` and ``start``.
            imgsz: see there.
            batch: see there.
            lr0: see there.
            regions: see there.
            seed: see there.
            start: see there.
            hold_out: see there.
            partial: see there.
            empty_share: see there.
            partial_share: see there.
            ignore: see there.
            **arguments: none are known; any is refused.

        Returns:
            An endless iterator of values with ``pixels``, ``masks``, ``labels``, ``image_ids``, ``open``. Its
            ``balance`` is one row per label: ``instances``, their ``share``, and the share expected where
            images are drawn by weight.

        Raises:
            ModelError: there is nothing to learn from, or an argument is unknown or out of range.
        """
        _check(arguments, start, {"batch": batch, "regions": regions}, lr0)
        imgsz = sizes.proposed(tables) if imgsz is None else -(-imgsz // sizes.STEP) * sizes.STEP
        limits, unsure = Limits(empty_share, partial_share), undecided(ignore, tables)
        parts = parting(tables, imgsz, partial, hold_out, steps is None, seed, unsure, limits=limits)
        schedule.length(steps, minutes, None, len(parts.learn), batch)
        return MaskRCNNBatches(parts, tables.labels, imgsz, batch, seed, falling=falling)

    def predict(
        self,
        tables: LabeledImages,
        images: Any = None,
        *,
        score: float = 0.1,
        iou: float = 0.5,
        imgsz: int | None = None,
        batch: int = 4,
        max_detections: int = 100,
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
            score: lowest score, 0..1.
            iou: of two boxes of one label that overlap more, only the one with the higher score stays, 0..1.
            imgsz: long side images are resized to, pixels; None takes that of the training, else 640.
            batch: images at once.
            max_detections: most predictions on one image.
            embed: collect embeddings in the same pass.
            labels: maps a label of the model to the label of the tables, where the names differ: ``{"person":
                "diver"}``; None leaves a label of the model out. Equal names need no entry.
            refine: sharpen the masks with :func:`nbalabel.refine`; True is ``nl.refine(model.predict(...))``.
            folder: where parts and then the Run are saved; None keeps all in memory. A Run with more than
                256 MB of embeddings is then mapped, as ``Run.load`` gives it.
            on: where to predict: None is here, a number that many processes of this machine, a
                ``dask.distributed.Client`` the workers of its cluster, which reach ``folder`` and pictures by
                the same paths; anything with ``submit`` will do. See docs/cluster.md.
            **arguments: none are known; any is refused.

        Returns:
            A Run with ``predictions`` matched to the instances, ``missed``, ``embeddings`` and ``failed``.

        Raises:
            ModelError: the model has not been trained, or shares no label with the tables.
            UnknownNameError: an id is no image, or ``labels`` holds an unknown label.
        """
        began = time.perf_counter()
        refuse_arguments("MaskRCNN", "predict", arguments)
        self._check_trained()
        codes = proposals.codes(self.names, tables.labels, labels)
        ids = inference.choose(tables, images)
        size = imgsz or self.imgsz or _UNKNOWN_SIZE
        settings = inference.Settings(size, score, iou, max_detections, embed)
        return records.predicted(
            self.name,
            self._ready(),
            tables,
            ids,
            settings,
            codes,
            weights=lambda: inference.tensors(self.network),
            arguments={**vars(settings), "batch": batch, **({"labels": dict(labels)} if labels else {})},
            batch=batch,
            folder=folder,
            began=began,
            refine=refine,
            on=on,
            portable=lambda place: bound(opened, str(self.save(place / "model.npz")), self._device),
        )

    def embed(
        self,
        tables: LabeledImages,
        images: Any = None,
        *,
        imgsz: int | None = None,
        batch: int = 4,
        folder: str | Path | None = None,
        on: On = None,
        **arguments: Any,
    ) -> Embeddings:
        """Embeddings of images and of their instances, in the same space as those of predictions.

        Args:
            tables: a Dataset, a Version or Tables.
            images: ids, rows of ``images``, a boolean Series over them, or None for all.
            imgsz: long side images are resized to, pixels; None takes that of :meth:`predict`.
            batch: images at once.
            folder: where parts are kept until all are done, so that what was interrupted continues.
            on: where to embed: None is here, a number that many processes of this machine, a
                ``dask.distributed.Client`` the workers of its cluster, which reach ``folder`` and pictures by
                the same paths; anything with ``submit`` will do. See docs/cluster.md.
            **arguments: none are known; any is refused.
        """
        refuse_arguments("MaskRCNN", "embed", arguments)
        size = imgsz or self.imgsz or _UNKNOWN_SIZE
        return embed(
            self._ready(),
            tables,
            inference.choose(tables, images),
            size,
            batch,
            folder=folder,
            on=on,
            portable=Portable(
                lambda: inference.tensors(self.network),
                lambda place: bound(opened, str(self.save(place / "model.npz")), self._device),
            ),
        )

    def finder(self) -> tuple[inference.Finder, int]:
        """The network, ready to find masks on pixels, and its input size; see ``nl.ModelSegmenter``.

        Raises:
            ModelError: the model has not been trained.
        """
        self._check_trained()
        return self._ready(), self.imgsz or _UNKNOWN_SIZE

    def save(self, path: str | Path) -> Path:
        """Write the weights as ``.npz``: tensors and a JSON text, nothing that could run code."""
        if not self.names:
            raise ModelError(f"{self.name} has not been trained: there is nothing to save")
        names = [self.names.get(code, "") for code in range(1, max(self.names) + 1)]
        return weights.write(
            self.network,
            local_path(path).with_suffix(".npz"),
            architecture=self.architecture,
            name=self.name,
            labels=names,
            imgsz=self.imgsz or _UNKNOWN_SIZE,
        )

    @classmethod
    def load(cls, path: str | Path, *, device: str = "") -> MaskRCNN:
        """A model from weights that :meth:`save` wrote."""
        return cls(local_path(path).with_suffix(".npz"), device=device)

    def _read(self, path: Path) -> None:
        if not path.is_file():
            raise UnknownNameError(f"no weights file {path}")
        meta, state = weights.read(path)
        self.name, self.architecture, self.imgsz = meta["name"], meta["architecture"], meta["imgsz"]
        self.names = {i: label for i, label in enumerate(meta["labels"], 1) if label}
        try:
            self.network = networks.mask_rcnn(self.architecture, len(meta["labels"]))
        except UnknownNameError as error:
            raise ModelError(f"{path} is not a Mask R-CNN of nbalabel: {error}") from error
        weights.fill(self.network, state, str(path))
        self._has_statistics = True

    def _ready(self) -> MaskPredictor:
        if self._predictor is None or self._predictor.network is not self.network:
            self._predictor = MaskPredictor(self.network, self.device)
        return self._predictor

    def _check_trained(self) -> None:
        if not self.names:
            raise ModelError(f"{self.name} has not been trained: call train first, or start from weights")

    def __repr__(self) -> str:
        state = f"labels {', '.join(self.labels[:5])}" if self.names else "not trained yet"
        return f"MaskRCNN({self.name!r}, {state})"


def _measure(
    network: Any, device: str, tables: LabeledImages, ids: Any, imgsz: int, batch: int
) -> tuple[float, float]:
    """mAP50-95 and mAP50 of masks on some images."""
    settings = inference.Settings(imgsz, 0.05, 0.5, 100, embed=False)
    names = {i + 1: label for i, label in enumerate(tables.labels)}
    predictor = MaskPredictor(network, device)
    metrics = records.measured(predictor, tables, ids, settings, names, batch)
    return metrics.map, metrics.map50


def _check(arguments: Mapping[str, Any], start: str, counts: Mapping[str, int], lr0: float | None) -> None:
    refuse_arguments("MaskRCNN", "train", arguments)
    if start not in STARTS:
        raise ModelError(f"start must be one of {', '.join(STARTS)}, got {start!r}")
    for name, count in counts.items():
        if not (isinstance(count, int) and count > 0):
            raise ModelError(f"{name} must be a whole number above 0, got {count!r}")
    if lr0 is not None and not 0 < lr0 < 1:
        raise ModelError(f"lr0 must be between 0 and 1, got {lr0!r}")
