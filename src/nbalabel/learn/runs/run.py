"""The result of a model on one version of a dataset."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field, replace
from functools import cached_property
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, ReadOnlyError
from ...core.id_sets import distinct
from ...core.regions.measured import counted
from ...core.regions.of_tables import regions_of
from ...core.shapes.kept import Kept
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages, empty
from ...core.urls import local_path
from ..embed.pooling import Embeddings
from . import queried
from .frozen_tables import Snapshot, live
from .outcomes import FOUND, Judge, Judged, judge, scene_of
from .reported import Reported

if TYPE_CHECKING:
    from PIL import Image

    from ..embed.layout import Layout
    from ..metrics.coco_ap import Metrics

_LIBRARIES = ("nbalabel", "torch", "ultralytics", "numpy", "pandas")


def new_id(kind: str) -> str:
    """A name for a run: kind, time and a random end, so that two never share one."""
    return f"{kind}-{time.strftime('%Y%m%d-%H%M%S')}-{secrets.token_hex(3)}"


def libraries() -> dict[str, str]:
    """Versions of the libraries that a result depends on; those not installed are left out."""
    found = {}
    for name in _LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


@dataclass(frozen=True, eq=False)
class Run(Reported):
    """The result of a model on one version: curves of a training, or predictions matched to instances.

    A run is a value: :meth:`matched_to` and ``dataclasses.replace(run, predictions=...)`` return a new run.

    Attributes:
        id: name of the run; the ``origin`` of its predictions.
        kind: "train" or "predict".
        model: the model's name.
        version: id of the dataset version, None where the tables have none.
        dirty: whether the working copy differed from that version.
        arguments: arguments of the training or prediction.
        seed: seed of the training.
        labels: the ordered label list.
        libraries: versions, by name.
        seconds: how long it took.
        interrupted: whether it was stopped by hand.
        stopped: why a training ended: "level" (mAP no longer rose), "steps" or "minutes" (as many as were
            asked for), "interrupted"; "" where it is not known.
        missing: further steps that a training needed to converge, estimated from its curve; 0 when it had
            levelled off, None when that is not known.
        n_images: images that took part.
        curves: one row per period of a training: step, epoch (passes over the images), seconds, loss and its
            parts, lr, and where it was measured map, map50 (masks), box_map, box_map50.
        predictions: see ``core.tables.schema.PREDICTIONS``; index prediction_id.
        missed: instances that no prediction was matched to.
        failed: images that could not be read: image_id, problem.
        embeddings: of the images and of the predictions.
        predicted_ids: images that were predicted on, ``(n,)`` int64; those with predictions are added.
        tables: the tables predicted on, as they were then, for ``query``, ``show`` and ``metrics``.
        iou: lowest IoU of a match, 0..1.
    """

    id: str
    kind: str
    model: str = ""
    version: str | None = None
    dirty: bool = False
    arguments: dict[str, Any] = field(default_factory=dict)
    seed: int | None = None
    labels: tuple[str, ...] = ()
    libraries: dict[str, str] = field(default_factory=libraries)
    seconds: float = 0.0
    interrupted: bool = False
    stopped: str = ""
    missing: int | None = None
    n_images: int = 0
    curves: pd.DataFrame = field(default_factory=pd.DataFrame)
    predictions: pd.DataFrame = field(default_factory=lambda: empty("predictions"))
    missed: pd.DataFrame = field(default_factory=lambda: empty("instances"))
    failed: pd.DataFrame = field(default_factory=lambda: pd.DataFrame({"image_id": [], "problem": []}))
    embeddings: Embeddings = field(default_factory=Embeddings.none)
    predicted_ids: npt.NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    tables: LabeledImages | None = None
    iou: float = 0.5
    _layouts: dict[tuple[str, str, int], tuple[Embeddings, Layout]] = field(
        default_factory=dict, init=False, repr=False
    )
    _judge: Judge = field(default_factory=Judge, init=False, repr=False)
    _shapes: Kept = field(default_factory=Kept, init=False, repr=False)
    _folder: Path | None = field(default=None, init=False, repr=False)

    def __post_init__(self) -> None:
        # An image with predictions was predicted on, even if predicted_ids does not hold it.
        on = self.predictions["image_id"].to_numpy(np.int64)
        new = distinct(on[~np.isin(on, self.predicted_ids)])
        if len(new):
            object.__setattr__(self, "predicted_ids", np.concatenate([self.predicted_ids, new]))

    def matched_to(self, tables: LabeledImages, *, iou: float = 0.5) -> Run:
        """A new run with these predictions, matched to the instances of these tables.

        ``iou``, ``matched``, ``matched_id`` and ``missed`` describe the tables at this moment;
        :meth:`outcomes` and the views follow later edits.

        Args:
            tables: tables with the instances of the images predicted on.
            iou: lowest IoU of a match, 0..1.
        """
        from ..metrics.match import match

        tables = Snapshot.of(tables)
        images = tables.images[tables.images.index.isin(self.predicted_ids)]
        found = match(self.predictions, counted(tables, self.predictions, images), images, iou=iou)
        other = replace(self, predictions=found.predictions, missed=found.missed, tables=tables, iou=iou)
        other._layouts.update(self._layouts)
        return other

    @cached_property
    def metrics(self) -> Metrics:
        """Average precision and more on the completely labeled images; computed once, at the first access.

        Training images are among them, which makes the numbers too high. :meth:`by` measures each split
        apart; the run's card and ``training_ids`` show how many training images there are.
        """
        return self.evaluate()

    def evaluate(
        self,
        images: Any = None,
        tables: LabeledImages | None = None,
        *,
        level: int | None = None,
        **arguments: Any,
    ) -> Metrics:
        """Measure the predictions against instances.

        Args:
            images: rows of ``images`` or ids to measure on; None takes those predicted on that are completely
                labeled (state complete or empty) or have regions of kind "done", for the labels of these.
                Regions of kind "ignore" count nowhere.
            tables: tables to measure against, perhaps with better masks than were trained on; None takes the
                run's own.
            level: measure with the labels of this level of their hierarchy, 0 for the coarsest; None as they
                are. An instance that is coarser counts neither way where it lies, a prediction that is
                coarser is left out.
            **arguments: of :func:`nbalabel.evaluate`, such as ``kind="box"``.

        Raises:
            DataError: no image is left, or the level is no whole number >= 0.
        """
        from ..metrics.coco_ap import evaluate
        from .measured import rows_at_level, to_measure

        rows = to_measure(self, self._tables(tables), images)
        rows, labels = rows_at_level(rows, live(self._tables(tables)), self.labels, level)
        return evaluate(rows.predictions, rows.instances, rows.images, labels, **arguments)

    @property
    def measured_ids(self) -> npt.NDArray[np.int64]:
        """Images predicted on that were completely labeled (state complete or empty), ``(n,)`` int64."""
        return self.measured_images.index.to_numpy(np.int64)

    @property
    def measured_images(self) -> pd.DataFrame:
        """The rows of :attr:`measured_ids`."""
        frame = self._tables(None).images
        return frame[frame.index.isin(self.predicted_ids) & labeled_all_over(frame)]

    @property
    def training_ids(self) -> npt.NDArray[np.int64]:
        """Those of :attr:`measured_ids` that a training takes (not of split val or test, weight above 0)."""
        from .measured import trains

        images = self.measured_images
        return images.index[trains(images)].to_numpy(np.int64)

    def by(self, column: str) -> pd.DataFrame:
        """How good the predictions are on each kind of image: ``run.by("split")``, ``run.by("habitat")``.

        Args:
            column: of images, such as "split", with at most 200 values.

        Returns:
            One row per value (missing values form one, too), measured on :attr:`measured_ids`: images,
            training (how many of them a training takes), labels (number of instances), predictions, map,
            map50.

        Raises:
            UnknownNameError: images have no such column.
            DataError: it has too many values.
        """
        from .measured import by

        return by(self, column)

    def outcomes(self, tables: LabeledImages | None = None, of: str = "predictions") -> pd.DataFrame:
        """The outcome of each prediction, by the instances as they are now; only changed images cost time.

        Outcomes: "accepted" into the dataset, as it is or corrected; "true positive", matched to an instance
        of its label; "false positive", not matched on a completely labeled image or at the place of another
        instance (mask IoU from 0.1), or rejected by a person; "not judged", where nothing was labeled, or on
        a crowd.

        Args:
            tables: tables with the instances; None takes those the run was matched to, with the edits since.
            of: "predictions", or "instances": which instances were found.

        Returns:
            Of predictions, by ``prediction_id``: ``outcome`` (category), ``iou`` (float32, the best with an
            instance of the same label; NaN where there was nothing to compare with, or it is accepted),
            ``matched``, ``matched_id``. Of instances on images predicted on, by ``instance_id``: ``outcome``,
            "found" or "missed".

        Raises:
            DataError: the run holds no tables, and none were given.
        """
        tables = live(self._tables(None)) if tables is None else tables
        rejected = getattr(tables, "rejected", None)
        judged = self.judged(tables.images, tables.instances, rejected, regions_of(tables))
        if of == "predictions":
            return judged.frame(self.predictions.index)
        labels = tables.instances.index[tables.instances["image_id"].isin(self.predicted_ids)]
        found = np.where(labels.isin(judged.missed), FOUND[1], FOUND[0])
        return pd.DataFrame({"outcome": pd.Categorical(found, categories=list(FOUND))}, index=labels)

    def edited_ids(self, tables: LabeledImages | None = None) -> npt.NDArray[np.int64]:
        """Measured images whose instances or state were edited since the run was matched, ``(n,)`` int64.

        ``metrics``, ``by``, ``precision_recall``, ``calibration`` and ``confused`` ignore these edits; those
        of ``run.matched_to(tables)`` include them.

        Args:
            tables: the tables as they are now; None takes those the run was matched to, with the edits since.
        """
        from .outcomes import changed_images

        before = self._tables(None)
        now = live(before) if tables is None else tables
        nothing = before.instances.iloc[:0]
        scenes = (
            scene_of(self.predictions.iloc[:0], one, self.predicted_ids, self.iou, nothing)
            for one in (before, now)
        )
        changed = changed_images(*scenes)
        measured = self.measured_ids
        return measured if changed is None else measured[np.isin(measured, changed)]

    def judged(
        self,
        images: pd.DataFrame,
        instances: pd.DataFrame,
        rejected: pd.DataFrame | None = None,
        regions: pd.DataFrame | None = None,
        on: npt.NDArray[np.int64] | None = None,
    ) -> Judged:
        """The outcomes of :meth:`outcomes` as arrays, for the code of views.

        Args:
            images: images of the dataset.
            instances: instances of the dataset.
            rejected: rejected predictions; None: none.
            regions: regions of the dataset; None: none.
            on: ids of images: only predictions and instances on these, in their order; None: all.
        """
        tables = Snapshot(images, instances, self.labels, None, _no_pixels, regions=regions)
        scene = scene_of(self.predictions, tables, self.predicted_ids, self.iou, rejected)
        return self._judge(scene) if on is None else judge(scene.on(on))

    @property
    def is_judged(self) -> bool:
        """Whether the outcomes of all predictions are known, so that :meth:`judged` takes little time."""
        return self._judge.has_judged

    def precision_recall(self, images: npt.ArrayLike | None = None) -> pd.DataFrame:
        """Precision and recall at every score threshold; see :func:`.precision_recall`.

        Args:
            images: ids to measure on; None takes :attr:`measured_ids`.
        """
        from ..metrics.curves import precision_recall
        from ..metrics.match import Matched

        return precision_recall(Matched(self._on(self.predictions, images), self._on(self.missed, images)))

    def calibration(self, images: npt.ArrayLike | None = None, bins: int = 10) -> pd.DataFrame:
        """How well scores agree with probabilities; see :func:`.curves.calibration`.

        Args:
            images: ids to measure on; None takes :attr:`measured_ids`.
            bins: number of bins of score.
        """
        from ..metrics.curves import calibration

        return calibration(self._on(self.predictions, images), bins)

    def confused(
        self, images: npt.ArrayLike | None = None, *, iou: float = 0.5, score: float = 0.25
    ) -> pd.DataFrame:
        """True and predicted label of predictions and missed instances; see :func:`.confused`.

        Args:
            images: ids to measure on; None takes :attr:`measured_ids`.
            iou: lowest IoU of a match, in (0, 1].
            score: leave out predictions of a lower score, 0..1.
        """
        from ..metrics.curves import confused

        predictions, tables = self._on(self.predictions, images), self._tables(None)
        ids = self.measured_ids if images is None else np.asarray(images, np.int64)
        instances = counted(tables, predictions, tables.images[tables.images.index.isin(ids)])
        return confused(predictions, instances, self.labels, iou=iou, score=score)

    def _on(self, frame: pd.DataFrame, images: npt.ArrayLike | None) -> pd.DataFrame:
        ids = self.measured_ids if images is None else np.asarray(images, np.int64)
        return frame[frame["image_id"].isin(ids)]

    def query(self, expression: str) -> pd.DataFrame:
        """Predictions for which an expression holds; it may use columns of their images, too.

        ``outcome`` ("true positive", "false positive", "not judged", "accepted") follows the instances as
        they are now, see :meth:`outcomes`. Other columns are as they were when the run was matched
        (:meth:`matched_to`); ``iou`` is 0 where no instance of the same label overlaps, also on unlabeled
        images, so that ``"iou < 0.2"`` finds new objects. Shape and place (:func:`nbalabel.shapes`), as in
        ``"solidity < 0.8 and islands > 1"``, are computed when named and kept; columns of that name win.

        Args:
            expression: as pandas takes it, such as ``"score > 0.6 and outcome == 'not judged' and habitat ==
                'reef'"``; ``@name`` is a variable, as in ``"image_id in @chosen"``.

        Raises:
            UnknownNameError: a name is a column of neither table.
        """
        return queried.rows_where(self, expression, self._shapes, level=2)  # "@name" is the caller's variable

    def embeds(self, of: str = "images") -> bool:
        """Whether there are embeddings of the "images" or "predictions", for :meth:`layout`."""
        ids = {"images": self.embeddings.image_ids, "predictions": self.embeddings.instance_ids}.get(of)
        return ids is not None and len(ids) > 0

    def layout(
        self, of: str = "images", method: str = "umap", *, background: bool = False, seed: int = 0
    ) -> Layout:
        """The embeddings on a plane, near ones near each other; computed once and kept.

        Args:
            of: "images" or "predictions".
            method: "umap", "pacmap" or "pca"; see :func:`nbalabel.project`.
            background: return at once with the PCA and fit in another process (PCA stays where the method's
                package is not installed).
            seed: the same embeddings and seed give the same points.

        Raises:
            DataError: the run has no such embeddings.
            MissingExtraError: the method's package is not installed.
        """
        from ..embed.layout import installed, layout

        key = of, method if not background or installed(method) else "pca", seed
        known, found = self._layouts.get(key, (None, None))
        if found is None or known is not self.embeddings:
            found = layout(self.embeddings, of, method=key[1], background=background, seed=seed)
            self._layouts[key] = self.embeddings, found
        return found if background else found.wait()

    def show(self, image_id: int, *, score: float = 0.0) -> Image.Image:
        """One image with its predictions filled in their label's color, and its instances outlined in white.

        Dark pictures are shown with auto contrast, as in the views (:class:`nbalabel.Display`).

        Args:
            image_id: id of the image.
            score: leave out predictions below this score.
        """
        from ...core.ontology.colors import label_colors
        from ...core.show.display import Display
        from ...core.show.masks_on_image import overlay

        tables = self._tables(None)
        own = self.predictions[
            (self.predictions["image_id"] == image_id) & (self.predictions["score"] >= score)
        ]
        own = own.sort_values("score")
        colors = label_colors(getattr(tables, "ontology", None), self.labels)[
            own["label"].cat.codes.to_numpy()
        ]
        captions = [f"{label} {score:.2f}" for label, score in zip(own["label"], own["score"], strict=True)]
        labels = tables.instances.loc[tables.instances["image_id"] == image_id, "mask"]
        image = Display().of(tables.read_image(image_id))
        return overlay(image, list(own["mask"]), colors, captions=captions, contours=list(labels))

    def similar(self, rows: Any, n: int = 20, of: str = "predictions") -> pd.DataFrame:
        """Look-alikes of some rows by the embeddings, nearest first; picked rows are not returned.

        Args:
            rows: the picked rows, or their ids.
            n: most rows to return.
            of: "predictions" or "images".

        Returns:
            Rows of that table with a column ``distance``, to the nearest picked row.

        Raises:
            DataError: nothing is picked, n < 1, or the run has no such embeddings.
            UnknownNameError: picked rows are not there.
        """
        from .alike import similar

        return similar(self, rows, n, of)

    def save(self, folder: str | Path) -> Path:
        """Write everything but the tables: JSON, Arrow and npy files, nothing that could run code.

        A run in the folder is replaced at once, at the end. Embeddings are written as float16 where that
        moves them by less than a 500th of their spread, else as float32.

        Args:
            folder: created if missing.

        Raises:
            DataError: a column holds values that cannot be stored.
        """
        from .files import write

        return write(self, local_path(folder))

    @classmethod
    def load(cls, folder: str | Path, tables: LabeledImages | None = None) -> Run:
        """Open a run that :meth:`save` wrote. Its files are mapped: what nobody looks at is not read.

        The structure of all files is checked here, their content when it is looked at; :meth:`verify` checks
        all of it. ``predictions`` is a table like any other: assigning to it changes the run in memory, not
        the files. Runs that earlier versions wrote are read into memory.

        Args:
            folder: folder of the run.
            tables: the tables predicted on, for ``query`` by image columns, ``show`` and ``metrics``.

        Raises:
            StorageError: there is no run in the folder. Where masks or texts are damaged, whatever looks at
                them raises a CorruptError, which is a StorageError.
        """
        from .files import read

        found = read(local_path(folder))
        predictions = found.pop("predictions")
        run = cls(**found, tables=tables)
        # without __post_init__, which would read it: predicted_ids were completed before the run was saved
        object.__setattr__(run, "predictions", predictions)
        object.__setattr__(run, "_folder", local_path(folder).absolute())
        return run

    def verify(self) -> None:
        """Check every byte of the folder that the run was loaded from, which takes about a second a GB.

        Raises:
            StorageError: a file is missing, damaged, or holds what no run holds; the message names it.
            DataError: the run was not loaded from a folder.
        """
        from .files import verify

        if self._folder is None:
            raise DataError(f"{self.id} was not loaded from a folder: nl.Run.load(folder).verify()")
        verify(self._folder)

    def __repr__(self) -> str:
        what = _length(self.curves) if self.kind == "train" else f"{len(self.predictions)} predictions"
        from .measured import note

        measured = note(self) if self.kind == "predict" else ""
        return f"Run({self.id!r}, {what} on {self.n_images} images{measured and f'; measured on {measured}'})"

    def _repr_html_(self) -> str:
        from .card import card

        return card(self)

    def _tables(self, tables: LabeledImages | None) -> LabeledImages:
        found = self.tables if tables is None else tables
        if found is None:
            raise DataError(f"{self.id} holds no tables: load it with Run.load(folder, tables)")
        return found


def _refuse(run: Run, name: str, value: object) -> None:  # noqa: ARG001  # as __setattr__ is called
    raise ReadOnlyError(
        f"a Run is a value, its {name} cannot be assigned: "
        f"run = dataclasses.replace(run, {name}=...) makes another one; to a Workspace, ws.run = run shows it"
    )


# A frozen dataclass refuses assignment by itself, but its message does not say what to do.
Run.__setattr__ = _refuse  # type: ignore[assignment, method-assign]


def _no_pixels(image_id: int) -> np.ndarray:
    raise DataError(f"image {image_id} is not read here")


def _length(curves: pd.DataFrame) -> str:
    """How long a training was; those of earlier versions counted epochs only."""
    if "step" not in curves:
        return f"{len(curves)} epochs"
    return f"{int(curves['step'].iloc[-1]):,} steps"
