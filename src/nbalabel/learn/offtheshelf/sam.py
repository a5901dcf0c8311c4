"""Models of the Segment Anything family: an image is embedded once, then each prompt is cheap."""

from __future__ import annotations

import zipfile
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from PIL import Image

from ...core.errors import DataError, ModelError, UnknownNameError
from ...core.geometry.masks import rle
from ...core.recent import Recent
from ...core.segmenting.protocol import Box, Flags, Pixels, Points
from ..checkpoints import archive
from ..checkpoints.checkpoint import load_plain
from ..checkpoints.weights import download, find, read
from ..libraries.quiet_ultralytics import own_threads, quiet, ultralytics
from ..libraries.torch_threads import considerate

_LONGEST = 1536  # pixels: larger images are scaled down; the models themselves see 1024
_ANY = 0.05  # lowest score of the masks of FastSAM that a prompt can select


class Sam:
    """A model of the Segment Anything family: SAM, SAM 2, MobileSAM or FastSAM; needs ultralytics.

    The first prompt on an image embeds the image (seconds without a GPU), later prompts take milliseconds.

    Args:
        weights: a file, or a name as "mobile_sam.pt", "sam_b.pt", "sam2.1_t.pt", "FastSAM-s.pt", which is
            looked for in the working folder, ``weights/`` and the cache, then downloaded if that is possible.
        keep: images whose embedding is kept.
        imgsz: side of the model's input, pixels; SAM's models are made for 1024.
        device: "cpu", "cuda", "cuda:0" ...; "" takes the GPU if there is one.

    Raises:
        UnknownNameError: no model of the family has that name.
        ModelError: its weights are not available, damaged, or hold anything but weights.
        MissingExtraError: ultralytics is not installed.

    Source: Kirillov et al. (2023), Segment Anything; Ravi et al. (2024), SAM 2; Zhang et al. (2023), Faster
        Segment Anything; Zhao et al. (2023), Fast Segment Anything.

    Example:
        >>> sam = Sam("mobile_sam.pt")  # doctest: +SKIP
        >>> nl.Editor(ws, segmenter=sam)  # doctest: +SKIP
    """

    def __init__(
        self, weights: str | Path = "mobile_sam.pt", keep: int = 8, imgsz: int = 1024, device: str = ""
    ) -> None:
        network, name = network_of(str(weights))
        self._begin(name, _engine(network, imgsz, device), keep)

    @classmethod
    def of(cls, network: Any, name: str = "SAM", keep: int = 8, imgsz: int = 1024, device: str = "") -> Sam:
        """A segmenter from a network in memory: one of ``ultralytics.models.sam`` or a FastSAM."""
        sam = cls.__new__(cls)
        sam._begin(name, _engine(network, imgsz, device), keep)
        return sam

    def _begin(self, name: str, engine: _Engine, keep: int) -> None:
        if keep < 1:
            raise DataError(f"keep must be at least one image, got {keep}")
        self.name, self.keep, self._engine = name, keep, engine
        self._kept: Recent[Hashable, Any] = Recent(keep)

    def __repr__(self) -> str:
        return f"Sam({self.name!r}, keep={self.keep})"

    def segment(
        self,
        image: Pixels,
        points: Points,
        positive: Flags,
        box: Box | None = None,
        image_key: Hashable = None,
    ) -> tuple[Flags, float]:
        """The mask of one object, see :class:`nbalabel.Segmenter`.

        Args:
            image: ``(height, width, 3)`` uint8 RGB.
            points: ``(n, 2)`` (x, y), pixels.
            positive: ``(n,)``, whether each lies on the object.
            box: (x, y, w, h), pixels, or None.
            image_key: key of the stored embedding, the same for the same pixels; None stores none.
        """
        points = np.asarray(points, np.float64).reshape(-1, 2)
        positive = np.asarray(positive, np.bool_)
        if box is None and not positive.any():
            raise DataError("expected a point inside, or a box")
        height, width = image.shape[:2]
        scale = min(1.0, _LONGEST / max(height, width))
        size = max(round(height * scale), 1), max(round(width * scale), 1)
        features = self._features(image, size, image_key)
        corners = (
            None if box is None else np.array([box[0], box[1], box[0] + box[2], box[1] + box[3]]) * scale
        )
        mask, score = self._engine.answer(features, size, points * scale, positive, corners)
        return _scaled(mask, (height, width)), float(np.clip(score, 0, 1))

    def _features(self, image: Pixels, size: tuple[int, int], key: Hashable) -> Any:
        kept = None if key is None else self._kept.get(key)
        if kept is not None:
            return kept
        seen = image
        if size != image.shape[:2]:
            seen = np.asarray(Image.fromarray(image).resize(size[::-1], Image.Resampling.BOX))
        features = self._engine.embed(np.ascontiguousarray(seen[..., ::-1]))
        return features if key is None else self._kept.put(key, features)


def network_of(weights: str) -> tuple[Any, str]:
    """The network that a weights file or name stands for, and its name.

    Raises:
        UnknownNameError: no model of the family has that name.
        ModelError: its weights are not available, damaged, or hold anything but weights.
    """
    path = _file(weights)
    loader = _Everything if _is_fast(path.name) else _Prompted
    return loader.load(path), path.stem


def is_fast(network: Any) -> bool:
    """Whether a network is a FastSAM: a YOLO that finds all objects at once."""
    return isinstance(network, ultralytics("nn.tasks").SegmentationModel)


def _engine(network: Any, imgsz: int, device: str) -> _Engine:
    return (_Everything if is_fast(network) else _Prompted)(network, imgsz, device)


class _Engine(Protocol):
    """Backend of :class:`Sam`: ``embed`` runs once per image (BGR), ``answer`` once per prompt."""

    def embed(self, image: Pixels) -> Any: ...

    def answer(
        self, features: Any, size: tuple[int, int], points: Points, positive: Flags, box: Points | None
    ) -> tuple[Flags, float]: ...


class _Prompted:
    """SAM, MobileSAM and SAM 2: an embedding, and a small decoder that takes points and boxes."""

    def __init__(self, network: Any, imgsz: int, device: str) -> None:
        module = ultralytics("models.sam")
        is_second = isinstance(network, ultralytics("models.sam.modules.sam").SAM2Model)
        overrides = {"imgsz": imgsz, "device": device or None, "save": False, "verbose": False}
        with quiet(), own_threads():
            self._predictor = (module.SAM2Predictor if is_second else module.Predictor)(overrides=overrides)
            self._predictor.setup_model(network, verbose=False)

    @staticmethod
    def load(path: Path) -> Any:
        """The network of a weights file."""
        if zipfile.is_zipfile(path):
            archive.inspect(path)
        state = load_plain(path)  # refuses what could run code
        try:
            with quiet(), _filled_with(state):
                return ultralytics("models.sam.build").build_sam(str(path))
        except (RuntimeError, KeyError, TypeError, AttributeError) as error:
            raise ModelError(f"{path} does not hold the model its name says: {str(error)[:500]}") from error

    def embed(self, image: Pixels) -> Any:
        with quiet(), own_threads(), considerate():
            self._predictor.set_image(image)
        features = self._predictor.features
        self._predictor.reset_image()
        return features

    def answer(
        self, features: Any, size: tuple[int, int], points: Points, positive: Flags, box: Points | None
    ) -> tuple[Flags, float]:
        prompt: dict[str, Any] = {"bboxes": None if box is None else box[None]}
        if len(points):
            prompt |= {"points": points[None], "labels": positive[None].astype(np.int32)}
        # One point may mean a part or the whole: the model then offers three masks.
        several = box is None and len(points) == 1
        with quiet(), considerate():
            masks, boxes = self._predictor.inference_features(
                features, src_shape=size, multimask_output=several, **prompt
            )
        scores = boxes[:, 4].cpu().numpy()
        best = int(scores.argmax())
        return masks[best].cpu().numpy().astype(np.bool_), float(scores[best])


class _Everything:
    """FastSAM: finds all objects of an image at once; the prompt selects one."""

    def __init__(self, network: Any, imgsz: int, device: str) -> None:
        overrides = {"imgsz": imgsz, "conf": _ANY, "iou": 0.9, "retina_masks": True, "device": device or None}
        with quiet(), own_threads():
            predictor = ultralytics("models.fastsam").FastSAMPredictor
            self._predictor = predictor(
                overrides={**overrides, "save": False, "verbose": False, "mode": "predict"}
            )
            self._predictor.setup_model(network, verbose=False)

    @staticmethod
    def load(path: Path) -> Any:
        """The network of a weights file."""
        return read(path)

    def embed(self, image: Pixels) -> tuple[list[bytes], npt.NDArray[np.float32]]:
        with quiet(), own_threads(), considerate():
            result = self._predictor(image)[0]
        if result.masks is None:
            return [], np.zeros(0, np.float32)
        masks = result.masks.data.cpu().numpy() > 0.5
        return rle.encode_many(masks), result.boxes.conf.cpu().numpy()

    def answer(
        self, features: Any, size: tuple[int, int], points: Points, positive: Flags, box: Points | None
    ) -> tuple[Flags, float]:
        things, scores = features
        pixels = np.minimum(points.astype(np.int64), np.array(size[::-1]) - 1).clip(0)
        best, chosen = -1.0, (np.zeros(size, np.bool_), 0.0)
        for thing, score in zip(things, scores, strict=True):
            mask = rle.decode(thing, *size)
            hits = mask[pixels[:, 1], pixels[:, 0]]
            if not hits[positive].all() or hits[~positive].any() or not mask.any():
                continue
            fits = _fit(mask, box) if box is not None else float(score)
            if fits > best:
                best, chosen = fits, (mask, float(score))
        return chosen


@contextmanager
def _filled_with(state: Any) -> Iterator[None]:
    """Let ultralytics' builders take tensors in memory; they would unpickle the file without checks."""
    build: Any = ultralytics("models.sam.build")
    theirs = build._load_checkpoint

    def fill(network: Any, _path: str) -> Any:
        inner = state.get("model")
        network.load_state_dict(inner if isinstance(inner, dict) else state)
        return network

    build._load_checkpoint = fill
    try:
        yield
    finally:
        build._load_checkpoint = theirs


def _fit(mask: Flags, box: Points) -> float:
    """IoU of a mask's pixels with a box."""
    left, top, right, bottom = np.round(box).astype(int)
    shared = mask[max(top, 0) : bottom, max(left, 0) : right].sum()
    return float(shared / max((right - left) * (bottom - top) + mask.sum() - shared, 1))


def _scaled(mask: Flags, size: tuple[int, int]) -> Flags:
    if mask.shape == size:
        return mask
    grown = Image.fromarray(mask.astype(np.uint8) * 255).resize(size[::-1], Image.Resampling.BILINEAR)
    return np.asarray(np.asarray(grown) > 127, np.bool_)


def _is_fast(name: str) -> bool:
    return name.lower().startswith("fastsam")


def _file(weights: str) -> Path:
    """The weights file for a path, or for a name that is searched for."""
    path = Path(weights).expanduser()
    name = path.name if path.suffix else f"{path.name}.pt"
    known = tuple(ultralytics("models.sam.build").sam_model_map)
    if not name.endswith(known) and not _is_fast(name):
        raise UnknownNameError(
            f"no model {weights!r} of the SAM family: names end in {', '.join(known)} or begin with FastSAM"
        )
    if path.is_file():
        return path
    if path.parent != Path():
        raise ModelError(f"no weights file {path}")
    found = find(name)
    if found is not None:
        return found
    file, reason = download(name)
    if file is None:
        raise ModelError(
            f"no weights for {name} ({reason}): put {name} into a folder weights/ beside the notebook, or "
            "give its path. nl.BoxCut() needs no weights"
        )
    return file
