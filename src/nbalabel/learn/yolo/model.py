"""``Yolo``: train, predict, embed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial as bound
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from ...core.errors import ModelError
from ...core.tables.schema import LabeledImages
from ...core.urls import local_path
from ...engine.run import On
from ..checkpoints import weights
from ..embed.pooling import Embeddings
from ..prediction import inference, proposals, records
from ..prediction.embed import Portable, embed
from ..runs.run import Run
from ..training import schedule, sizes
from ..training.limits import EMPTY_SHARE, PARTIAL_SHARE, Limits
from ..training.parting import parting
from ..training.progress import Progress
from ..training.undecided import undecided
from . import origin as origins
from . import trainer
from .batches import YoloBatches
from .export import export
from .predictor import Predictor
from .prepared import Prepared

_UNKNOWN_SIZE = 640


def opened(path: str, device: str, flips: bool) -> Predictor:
    """A network ready to predict, from a file that :meth:`Yolo.save` wrote, in a worker."""
    ready = Yolo(path, device=device)._ready()
    return ready.mirrored() if flips else ready


class Yolo:
    """An instance-segmentation model of ultralytics that learns from tables.

    Pretrained weights are used when they are available (a path, the working folder, its ``weights/``,
    ultralytics' own weights folder) or can be downloaded; otherwise, after a few seconds and with one
    FallbackWarning, training starts from the architecture. ``NBALABEL_OFFLINE=1`` tries no download.

    Another training continues from the current weights, unless ``start`` says otherwise.

    Args:
        model: "yolo11n-seg" or another name; "starter", a YOLO11n that comes with nbalabel and was trained on
            generated scenes only; or a ``.npz`` (ours), ``.pt`` or ``.yaml`` (ultralytics) file.
        device: "" takes a GPU where there is one; "cpu", "cuda:1", "mps". On a CUDA device convolutions of
            predictions are in float16, of trainings in bfloat16 where it can (``amp=False``: float32).

    Raises:
        MissingExtraError: ultralytics is not installed.
        UnknownNameError: there is no such model or file.
        ModelError: the file is damaged or no segmentation model.
    """

    def __init__(self, model: str | Path = "yolo11n-seg", *, device: str = "") -> None:
        model = weights.located(model)
        self.name = Path(model).stem
        self.device = device
        self.network, self.trained = weights.start(str(model))
        self._first = self.network, self.trained
        self.imgsz: int | None = None
        if Path(model).suffix == ".npz":
            meta = weights.read_meta(Path(model).expanduser())
            self.imgsz, self.name = meta.get("imgsz"), meta.get("name", self.name)
        self._predictor: Predictor | None = None
        self._sizes: dict[int, float] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels that it predicts, in order; placeholders before the first training."""
        return tuple(self.network.names.values())

    def train(
        self,
        tables: LabeledImages,
        *,
        steps: int | None = None,
        minutes: float | None = None,
        epochs: int | None = None,
        imgsz: int | None = None,
        batch: int = 8,
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

        Without ``steps`` and ``epochs`` it trains until mAP on labeled images that are put aside no longer
        rises. Then the learning rate falls, mosaic ends, and the images put aside are trained on as well.
        ``minutes`` ends the first part earlier; the run then states how much longer it would have needed. See
        docs/training.md.

        Images of state unlabeled, of split val or test, and those with weight 0 are left out, also in mosaic,
        mixup and copy-paste. Masks enter the loss with their holes and islands. Where images of split val are
        completely labeled, mAP is measured on them instead, and the weights with the best mAP are kept. An
        interrupt keeps the best weights so far and returns.

        Args:
            tables: a Dataset, a Version or Tables.
            steps: number of batches; None trains until mAP no longer rises.
            minutes: approximate limit of time; None sets no limit.
            epochs: passes over the images, instead of ``steps``; with equal weights each image is used
                exactly once per pass.
            imgsz: long side images are resized to, pixels (rounded up to a multiple of 32); None takes a size
                at which small instances are still seen, 160 to 640.
            batch: images per step.
            seed: the same tables, arguments and seed give the same weights on a CPU (unless ``minutes`` ends
                the training).
            start: "current" continues from the current weights, "fresh" from those the model was made with,
                "shrink" from a mixture of both.
            hold_out: share of the labeled images to put aside and measure on, 0..1; None: 0.2 where neither
                steps nor epochs are given and no image of split val is labeled, else none.
            partial: "use" images of state partial: what has no label there is trained as background, except
                in regions of kind "ignore" and where ``ignore`` applies. "skip" leaves them out. "regions"
                trains background only in their regions of kind "done".
            empty_share: largest share of the draws that images without any instance get, 0..1; where their
                weights would bring them more, these are lowered. 1 draws them by their weights, 0 never.
            partial_share: largest share that images of state partial get of the draws of images with an
                instance, 0..1, where complete ones are there; they are lowered to a twentieth at most.
                1 draws them by their weights.
            ignore: regions where it is not known whether there is an object: a Run, for its predictions that
                are neither accepted nor matched to an instance (a no to a mask means that the mask is wrong,
                not that nothing is there), or rows with ``image_id`` and ``mask``. On images of state
                partial, these regions have no class loss.
            folder: where to save the Run and its weights; None saves nothing.
            **arguments: any training argument of ultralytics (``lr0``, ``mosaic``, ``degrees``, ``freeze``
                ...). ``warmup_epochs``, ``close_mosaic`` and ``lrf`` replace nbalabel's own phases.

        Returns:
            A Run with ``curves`` (one row per period: step, epoch, seconds, losses, and mAP where it is
            measured), ``stopped`` and ``interrupted``.

        Raises:
            ModelError: there is nothing to learn from, an argument is unknown or out of range, or the loss is
                no longer a number.

        Source: J. Ash and R. Adams, "On warm-starting neural network training" (2020), for "shrink".
        """
        began = time.perf_counter()
        prepared = self._prepared(
            tables,
            steps,
            minutes,
            epochs,
            imgsz,
            batch,
            seed,
            start,
            hold_out,
            partial,
            ignore,
            Limits(empty_share, partial_share),
            arguments,
        )
        with Progress() as progress:
            outcome = trainer.train(prepared, progress)
        self.network, self.imgsz, self.trained = outcome.network, prepared.arguments["imgsz"], True
        self._predictor, self._sizes = None, {}
        asked_for = {
            "steps": steps,
            "minutes": minutes,
            "epochs": epochs,
            "start": start,
            "partial": partial,
            "empty_share": empty_share,
            "partial_share": partial_share,
        }
        run = records.of_training(
            self.name,
            tables,
            prepared.parts,
            prepared.schedule,
            outcome.rows,
            {**prepared.arguments, **asked_for},
            interrupted=outcome.interrupted,
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
        epochs: int | None = None,
        imgsz: int | None = None,
        batch: int = 8,
        seed: int = 0,
        start: str = "current",
        hold_out: float | None = None,
        partial: str = "use",
        empty_share: float = EMPTY_SHARE,
        partial_share: float = PARTIAL_SHARE,
        ignore: Run | pd.DataFrame | None = None,
        **arguments: Any,
    ) -> YoloBatches:
        """What :meth:`train` would draw with these arguments: pictures, masks and labels, batch by batch.

        The batches are made by the trainer's own data loader from the same seed, so the first ones are those
        of the training, byte for byte. Nothing is trained. :class:`nbalabel.Augmentations` shows them.

        Args:
            tables: a Dataset, a Version or Tables.
            falling: batches as in the last quarter, without mosaic and with the images put aside. The
                training's random generators have gone on by then, so these show the kind, not the same draws.
            steps: as all that follow, an argument of :meth:`train`.
            minutes: see there.
            epochs: see there.
            imgsz: see there.
            batch: see there.
            seed: see there.
            start: see there; it does not change what is drawn.
            hold_out: see there.
            partial: see there.
            empty_share: see there.
            partial_share: see there.
            ignore: see there.
            **arguments: see there. ``workers`` is taken as 0.

        Returns:
            An endless iterator of values with ``pixels``, ``masks``, ``labels``, ``image_ids`` and ``open``.
            Its ``balance`` is one row per label: ``instances``, their ``share``, and the share expected where
            images are drawn by weight.

        Raises:
            ModelError: there is nothing to learn from, or an argument is unknown or out of range.
        """
        prepared = self._prepared(
            tables,
            steps,
            minutes,
            epochs,
            imgsz,
            batch,
            seed,
            start,
            hold_out,
            partial,
            ignore,
            Limits(empty_share, partial_share),
            arguments,
        )
        return YoloBatches(prepared, Progress(), falling=falling)

    def predict(
        self,
        tables: LabeledImages,
        images: Any = None,
        *,
        score: float = 0.1,
        iou: float = 0.7,
        imgsz: int | None = None,
        batch: int = 16,
        max_detections: int = 300,
        embed: bool = True,
        flips: bool = False,
        labels: Mapping[str, str | None] | None = None,
        refine: bool = False,
        folder: str | Path | None = None,
        on: On = None,
    ) -> Run:
        """Propose instances, masks at the resolution of the originals.

        Images that cannot be read are skipped and reported in ``run.failed``. Interrupting returns what was
        found so far; with a folder, the same call continues where it stopped.

        Args:
            tables: a Dataset, a Version or Tables.
            images: ids, rows of ``images``, a boolean Series over them, or None for all.
            score: lowest score, 0..1.
            iou: of two boxes of one label that overlap more, only the one with the higher score stays, 0..1.
            imgsz: long side images are resized to, pixels; None measures once per training, on up to 16
                labeled images (not of split test), which size is best, up to twice that of the training.
            batch: images at once.
            max_detections: most predictions on one image.
            embed: collect embeddings in the same pass.
            flips: look at each image mirrored along either axis, too, and average boxes and masks: outlines
                get better, for two more passes of the network. Which objects are found, and their scores,
                stay the same; only those whose mask has no pixel are left out as ever.
            labels: maps a label of the model to the label of the tables, where the names differ: ``{"person":
                "diver"}``, so that a pretrained model makes first proposals; None leaves a label of the model
                out. Equal names need no entry; other labels are left out.
            refine: sharpen the masks with :func:`nbalabel.refine`; True is ``nl.refine(model.predict(...))``.
            folder: where parts and then the Run are saved; None keeps all in memory. A Run with more than
                256 MB of embeddings is then mapped, as ``Run.load`` gives it.
            on: where to predict: None is here, a number that many processes of this machine, a
                ``dask.distributed.Client`` the workers of its cluster, which reach ``folder`` and pictures by
                the same paths; anything with ``submit`` will do. See docs/cluster.md.

        Returns:
            A Run with ``predictions`` matched to the instances, ``missed``, ``embeddings`` and ``failed``.

        Raises:
            ModelError: the model has not been trained, or shares no label with the tables.
            UnknownNameError: an id is no image, or ``labels`` holds an unknown label.
        """
        began = time.perf_counter()
        codes = self._codes(tables.labels, labels)
        ids = inference.choose(tables, images)
        size = imgsz or self._chosen_size(tables, batch, codes)
        settings = inference.Settings(size, score, iou, max_detections, embed)
        arguments = {**vars(settings), "batch": batch, "sizes": {} if imgsz else dict(self._sizes)}
        if flips:
            arguments["flips"] = True
        if labels:
            arguments["labels"] = dict(labels)
        return records.predicted(
            self.name,
            self._ready().mirrored() if flips else self._ready(),
            tables,
            ids,
            settings,
            codes,
            weights=lambda: inference.tensors(self.network),
            arguments=arguments,
            batch=batch,
            folder=folder,
            began=began,
            refine=refine,
            on=on,
            portable=lambda place: bound(opened, str(self.save(place / "model.npz")), self.device, flips),
        )

    def embed(
        self,
        tables: LabeledImages,
        images: Any = None,
        *,
        imgsz: int | None = None,
        batch: int = 16,
        folder: str | Path | None = None,
        on: On = None,
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
        """
        return embed(
            self._ready(),
            tables,
            inference.choose(tables, images),
            imgsz or self._chosen_size(tables, batch),
            batch,
            folder=folder,
            on=on,
            portable=Portable(
                lambda: inference.tensors(self.network),
                lambda place: bound(opened, str(self.save(place / "model.npz")), self.device, False),
            ),
        )

    def finder(self) -> tuple[inference.Finder, int]:
        """The network, ready to find masks on pixels, and its input size; see ``nl.ModelSegmenter``.

        Raises:
            ModelError: the model has not been trained.
        """
        self._check_trained()
        return self._ready(), sizes.best(self._sizes) if self._sizes else self.imgsz or _UNKNOWN_SIZE

    def save(self, path: str | Path) -> Path:
        """Write the weights as ``.npz``: tensors and a JSON text, nothing that could run code."""
        return weights.write(
            self.network, local_path(path).with_suffix(".npz"), imgsz=self.imgsz, name=self.name
        )

    def export(self, path: str | Path, *, imgsz: int | None = None) -> Path:
        """Write the model for other programs, in the format of the suffix.

        Args:
            path: ``"best.pt"`` for ultralytics, whose ``YOLO("best.pt")`` predicts the same; ``"best.onnx"``
                for ONNX runtimes.
            imgsz: long side that images are resized to, pixels, written into the file; None takes the best
                size that :meth:`predict` has measured, else that of the training.

        Raises:
            ModelError: the model has not been trained, or the file has another suffix.
            MissingExtraError: a package that ONNX needs is not installed.
        """
        self._check_trained()
        size = imgsz or (sizes.best(self._sizes) if self._sizes else self.imgsz or _UNKNOWN_SIZE)
        return export(self.network, local_path(path).expanduser(), size)

    @classmethod
    def load(cls, path: str | Path, *, device: str = "") -> Yolo:
        """A model from weights that :meth:`save` wrote."""
        return cls(local_path(path).with_suffix(".npz"), device=device)

    def __repr__(self) -> str:
        state = f"labels {', '.join(self.labels[:5])}" if self.trained else "not trained yet"
        return f"Yolo({self.name!r}, {state})"

    def _prepared(
        self,
        tables: LabeledImages,
        steps: int | None,
        minutes: float | None,
        epochs: int | None,
        imgsz: int | None,
        batch: int,
        seed: int,
        start: str,
        hold_out: float | None,
        partial: str,
        ignore: Run | pd.DataFrame | None,
        limits: Limits,
        arguments: Mapping[str, Any],
    ) -> Prepared:
        """A training before its first step, from the arguments of :meth:`train`."""
        imgsz = sizes.proposed(tables) if imgsz is None else -(-imgsz // sizes.STEP) * sizes.STEP
        given = {**self._defaults(batch), **arguments, "imgsz": imgsz, "batch": batch, "seed": seed}
        trainer.check(given)
        origin = origins.origin(start, self.network, self.trained, *self._first)
        unsure = undecided(ignore, tables)
        is_open = steps is None and epochs is None
        parts = parting(tables, imgsz, partial, hold_out, is_open, seed, unsure, limits=limits)
        asked = schedule.length(steps, minutes, epochs, len(parts.learn), batch)
        plan = schedule.Schedule.of(asked, arguments, -(-len(parts.learn) // batch))
        return Prepared(origin, tables.labels, parts, plan, given)

    def _defaults(self, batch: int) -> dict[str, Any]:
        """Arguments for which ultralytics' own defaults suit only large sets and GPUs."""
        return {
            "optimizer": "AdamW",
            "lr0": 0.001 if self.trained else 0.002,
            "momentum": 0.9,
            "warmup_bias_lr": 0.0,
            "nbs": batch,  # one step per batch: the default gathers 64 images, eight batches of 8
            "overlap_mask": False,  # one mask per instance, so that overlaps and soft edges reach the loss
            "amp": _precision(self.device or _best_device()),
            "device": self.device or _best_device(),
        }

    def _chosen_size(self, tables: LabeledImages, batch: int, codes: dict[int, str] | None = None) -> int:
        """The best size on labeled images; that of the training where there are none."""
        trained = self.imgsz or _UNKNOWN_SIZE
        ids = sizes.sample(tables)
        if not self._sizes and len(ids):
            codes = self._codes(tables.labels) if codes is None else codes
            self._sizes = sizes.climb(lambda size: self._map(tables, ids, size, batch, codes), trained)
        return sizes.best(self._sizes) if self._sizes else trained

    def _map(
        self, tables: LabeledImages, ids: np.ndarray, size: int, batch: int, codes: dict[int, str]
    ) -> float:
        """mAP50-95 of masks on some images, at a size."""
        settings = inference.Settings(size, 0.05, 0.7, 300, embed=False)
        return records.measured(self._ready(), tables, ids, settings, codes, batch).map

    def _ready(self) -> Predictor:
        if self._predictor is None:
            self._predictor = Predictor(self.network, self.device)
        return self._predictor

    def _codes(
        self, labels: tuple[str, ...], wanted: Mapping[str, str | None] | None = None
    ) -> dict[int, str]:
        """The tables' label for each of the network's outputs that has one."""
        self._check_trained()
        return proposals.codes(self.network.names, labels, wanted)

    def _check_trained(self) -> None:
        if not self.trained:
            raise ModelError(f"{self.name} has not been trained: call train first, or start from weights")


def _precision(device: str) -> str | bool:
    """Value of the argument amp: "bf16" where this processor or GPU has instructions for it."""
    import torch

    if device == "cpu":
        quick = ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
        pays = any(getattr(torch.cpu, name, bool)() for name in quick)
    else:
        pays = torch.cuda.is_available() and torch.cuda.is_bf16_supported(including_emulation=False)
    return "bf16" if pays else False


def _best_device() -> str:
    import torch

    return "0" if torch.cuda.is_available() else "cpu"
