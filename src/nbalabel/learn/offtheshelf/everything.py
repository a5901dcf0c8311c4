"""``Everything``: all objects on an image, unnamed, with embeddings to find those that look alike."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from ...core.errors import DataError, UnknownNameError, first
from ...core.tables.schema import LabeledImages
from ..embed.pooling import Embeddings
from ..libraries.quiet_ultralytics import own_threads, quiet, ultralytics
from ..libraries.torch_threads import considerate
from ..model import refuse_arguments
from ..prediction import inference
from ..prediction.embed import embed
from ..prediction.found import Found, Maps
from ..prediction.letterbox import Letterbox
from ..runs.run import Run
from ..yolo.predictor import Predictor
from .finds import found
from .propose import propose, refuse_training
from .sam import is_fast, network_of


class Everything:
    """A model of the Segment Anything family that proposes all objects on an image, whatever they are.

    All proposals have the same label, say "thing". Each has an embedding, so objects that look alike lie
    together in a scatter of predictions; select some, look at them in the gallery and accept them under their
    label.

    Args:
        weights: as for :class:`nbalabel.Sam`: "mobile_sam.pt", "sam_b.pt", "sam2.1_t.pt", "FastSAM-s.pt".
        device: "" takes a GPU where there is one; "cpu", "cuda:1".

    Raises:
        UnknownNameError: no model of the family has that name.
        ModelError: its weights are not available, damaged, or hold anything but weights.
        MissingExtraError: ultralytics is not installed.

    Source: Kirillov et al. (2023), Segment Anything.

    Example:
        >>> ds.add_label("thing")  # doctest: +SKIP
        >>> run = Everything("mobile_sam.pt").predict(ds, label="thing")  # doctest: +SKIP
        >>> ws = nl.Workspace(ds, run)  # doctest: +SKIP
        >>> nl.Scatter(ws, of="predictions")  # doctest: +SKIP
        >>> ds.accept(ws.selected, label="cod")  # doctest: +SKIP
    """

    def __init__(self, weights: str | Path = "mobile_sam.pt", *, device: str = "") -> None:
        network, self.name = network_of(str(weights))
        self._begin(network, device)

    @classmethod
    def of(cls, network: Any, name: str = "SAM", *, device: str = "") -> Everything:
        """A model from a network in memory: one of ``ultralytics.models.sam`` or a FastSAM."""
        model = cls.__new__(cls)
        model.name = name
        model._begin(network, device)
        return model

    def _begin(self, network: Any, device: str) -> None:
        self.network = network
        self._is_fast = is_fast(network)
        self._finder = Predictor(network, device) if self._is_fast else _Grid(network, device)

    def train(self, tables: LabeledImages, *, seed: int = 0, **arguments: Any) -> NoReturn:
        """Refused: this model does not learn.

        Raises:
            ModelError: always; the message says what to do.
        """
        del tables, seed, arguments
        refuse_training("Everything")

    def predict(
        self,
        tables: LabeledImages,
        images: Any = None,
        *,
        label: str = "thing",
        score: float = 0.8,
        iou: float = 0.7,
        imgsz: int = 1024,
        points: int = 32,
        max_detections: int = 300,
        embed: bool = True,
        accepted: str = "avoid",
        folder: str | Path | None = None,
        **arguments: Any,
    ) -> Run:
        """Propose all objects, masks at the resolution of the originals.

        Args:
            tables: a Dataset, a Version or Tables.
            images: ids, rows of ``images``, a boolean Series over them, or None for all.
            label: label of the tables for all proposals; ``ds.accept(rows, label="cod")`` names them.
            score: lowest score of a mask, 0..1.
            iou: of two boxes that overlap more, only the one with the higher score stays, 0..1.
            imgsz: side of the model's input, pixels; SAM's models are made for 1024.
            points: points of the prompt grid along each side; time grows with the square of their number.
            max_detections: most predictions on one image.
            embed: collect embeddings in the same pass.
            accepted: "avoid": pixels of accepted masks are removed from proposals, and proposals mostly on
                them are left out (so the run's metrics say nothing). "ignore": proposals stay as they are.
            folder: where parts and then the Run are saved; None keeps all in memory. A Run with more than
                256 MB of embeddings is then mapped, as ``Run.load`` gives it.
            **arguments: none are known; any is refused.

        Raises:
            UnknownNameError: ids or a label that do not exist.
            DataError: an argument is out of range.
        """
        refuse_arguments("Everything", "predict", arguments)
        if label not in tables.labels:
            raise UnknownNameError(
                f"there is no label {label!r} for what has no name yet; there are "
                f"{first(tables.labels) or 'none'}: ds.add_label({label!r}) first"
            )
        if not 1 <= points <= 256:
            raise DataError(f"points must be 1..256 along each side, got {points}")
        if isinstance(self._finder, _Grid):
            self._finder.points = points
        ids = inference.choose(tables, images)
        return propose(
            self._finder,
            self.network,
            tables,
            ids,
            inference.Settings(imgsz, score, iou, max_detections, embed),
            dict.fromkeys(range(len(getattr(self.network, "names", "1"))), label),
            model=self.name,
            prompt={"label": label, "points": points},
            accepted=accepted,
            batch=1,
            folder=folder,
        )

    def embed(
        self, tables: LabeledImages, images: Any = None, *, imgsz: int = 1024, **arguments: Any
    ) -> Embeddings:
        """Embeddings of images and of their instances, in the same space as those of predictions.

        Args:
            tables: a Dataset, a Version or Tables.
            images: ids, rows of ``images``, a boolean Series over them, or None for all.
            imgsz: side of the model's input, pixels.
            **arguments: none are known; any is refused.
        """
        refuse_arguments("Everything", "embed", arguments)
        return embed(self._finder, tables, inference.choose(tables, images), imgsz, 1)

    def __repr__(self) -> str:
        return f"Everything({self.name!r})"


class _Grid:
    """SAM prompted with a grid of points; embeddings come from its image encoder."""

    points = 32
    _STABLE = 0.9  # least stability of a mask when its threshold moves, 0..1

    def __init__(self, network: Any, device: str) -> None:
        module = ultralytics("models.sam")
        second = isinstance(network, ultralytics("models.sam.modules.sam").SAM2Model)
        overrides = {"device": device or None, "save": False, "verbose": False}
        with quiet(), own_threads():
            self._predictor = (module.SAM2Predictor if second else module.Predictor)(overrides=overrides)
            self._predictor.setup_model(network, verbose=False)

    def find(
        self,
        images: Sequence[npt.NDArray[np.uint8]],
        imgsz: int,
        *,
        score: float,
        iou: float,
        max_detections: int,
        embed: bool,
    ) -> list[Found]:
        """The masks found on each image."""
        out = []
        for pixels, (maps, letterbox) in zip(images, self.maps(images, imgsz), strict=True):
            self._predictor.args.conf, self._predictor.args.iou = score, iou
            with quiet(), own_threads(), considerate():
                result = self._predictor(
                    np.ascontiguousarray(pixels[..., ::-1]),
                    points_stride=self.points,
                    conf_thres=score,
                    stability_score_thresh=self._STABLE,
                )[0]
            masks = None if result.masks is None else result.masks.data > 0.5
            n = len(result.boxes)
            codes = np.zeros(n, np.int64)
            out.append(
                found(masks, result.boxes.conf, codes, max_detections, maps if embed else None, letterbox)
            )
        return out

    def maps(self, images: Sequence[npt.NDArray[np.uint8]], imgsz: int) -> list[tuple[Maps, Letterbox]]:
        """The image encoder's features."""
        self._predictor.args.imgsz = imgsz
        out = []
        for pixels in images:
            height, width = pixels.shape[:2]
            with quiet(), own_threads(), considerate():
                self._predictor.set_image(np.ascontiguousarray(pixels[..., ::-1]))
            features = self._predictor.features
            self._predictor.reset_image()
            map_ = features["image_embed"] if isinstance(features, dict) else features
            inner = Letterbox.fit(height, width, imgsz).inner
            letterbox = Letterbox((height, width), inner, (imgsz, imgsz))
            out.append((Maps([map_[0].float().cpu().numpy()]), letterbox))
        return out
