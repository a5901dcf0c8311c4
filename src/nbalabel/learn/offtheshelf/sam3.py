"""``Sam3``: finds objects by a text, or by exemplars on the same image."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, MissingExtraError, ModelError
from ...core.tables.schema import LabeledImages
from ..checkpoints import archive, weights
from ..checkpoints.checkpoint import load_plain
from ..embed.pooling import Embeddings, concatenate
from ..libraries.quiet_ultralytics import own_threads, quiet, ultralytics
from ..libraries.torch_threads import considerate
from ..model import refuse_arguments
from ..prediction import inference, records
from ..prediction.embed import embed
from ..prediction.found import Found, Maps
from ..prediction.letterbox import Letterbox
from ..prediction.predict import predict_here
from ..prediction.resumable import gather
from ..runs.run import Run
from .finds import found
from .prompts import Example, Text, examples, texts
from .propose import beside, check_accepted, propose, refuse_training
from .text import need_clip

_SIZE = 1008  # pixels, the input size of the model
Boxes = npt.NDArray[np.float32]


class Sam3:
    """SAM 3: proposes every instance of what a text describes, or of what exemplars on the image show.

    Args:
        weights: a file, or a name that is searched for in the working folder, ``weights/`` and the cache.
            Meta gives SAM 3's weights only on request, so nothing is downloaded.
        device: "" takes a GPU where there is one (without one it takes minutes per image); "cpu", "cuda:1".

    Raises:
        MissingExtraError: ultralytics with SAM 3 (8.3.237 or later), or its tokenizer, is not installed.
        ModelError: the weights are not available, damaged, or hold anything but weights.

    Source: N. Carion et al., "SAM 3: Segment Anything with Concepts" (2025).

    Example:
        >>> run = Sam3("sam3.pt").predict(ds, text={"fish": "striped fish"})  # doctest: +SKIP
    """

    def __init__(self, weights: str | Path = "sam3.pt", *, device: str = "") -> None:
        path = _file(str(weights))
        self._begin(_read(path), path.stem, device)

    @classmethod
    def of(cls, network: Any, name: str = "SAM 3", *, device: str = "") -> Sam3:
        """A model from a network in memory: a ``SAM3SemanticModel`` of ultralytics."""
        model = cls.__new__(cls)
        model._begin(network, name, device)
        return model

    def _begin(self, network: Any, name: str, device: str) -> None:
        self.network, self.name = network, name
        overrides = {"device": device or None, "save": False, "verbose": False}
        with quiet(), own_threads():
            self._predictor = _module().SAM3SemanticPredictor(overrides=overrides)
            self._predictor.setup_model(network, verbose=False)

    def train(self, tables: LabeledImages, *, seed: int = 0, **arguments: Any) -> NoReturn:
        """Refused: this model does not learn.

        Raises:
            ModelError: always; the message says what to do.
        """
        del tables, seed, arguments
        refuse_training("Sam3")

    def predict(
        self,
        tables: LabeledImages,
        images: Any = None,
        *,
        text: Text = None,
        examples: pd.DataFrame | None = None,
        score: float = 0.25,
        iou: float = 0.7,
        imgsz: int = _SIZE,
        max_detections: int = 300,
        embed: bool = True,
        accepted: str = "avoid",
        folder: str | Path | None = None,
        **arguments: Any,
    ) -> Run:
        """Propose instances by text or exemplars, masks at the resolution of the originals.

        Args:
            tables: a Dataset, a Version or Tables.
            images: ids, rows of ``images``, a boolean Series over them, or None for all; with ``examples``
                only images that hold some are used.
            text: labels to look for by their names, or a description for each; None: all labels.
            examples: rows of ``instances``: similar objects are proposed on the images of these rows (SAM 3
                cannot use an exemplar on another image; :class:`nbalabel.YoloE` can).
            score: lowest score, 0..1.
            iou: of two boxes of one label that overlap more, only the one with the higher score stays, 0..1.
            imgsz: side of the model's input, pixels, a multiple of 14.
            max_detections: most predictions on one image.
            embed: collect embeddings in the same pass.
            accepted: "avoid": pixels of accepted masks are removed from proposals, and proposals mostly on
                them are left out (so the run's metrics say nothing). "ignore": proposals stay as they are.
            folder: where parts and then the Run are saved; None keeps all in memory. Not with ``examples``. A
                Run with more than 256 MB of embeddings is then mapped, as ``Run.load`` gives it.
            **arguments: none are known; any is refused.

        Raises:
            DataError: both text and examples, or examples that are no instances.
            UnknownNameError: ids or labels that do not exist.
        """
        refuse_arguments("Sam3", "predict", arguments)
        if text is not None and examples is not None:
            raise DataError("give text= or examples=, not both: run it twice and accept from either")
        if imgsz % 14:
            raise DataError(f"imgsz must be a multiple of 14, got {imgsz}: {imgsz // 14 * 14} is one")
        settings = inference.Settings(imgsz, score, iou, max_detections, embed)
        if examples is not None:
            return self._by_exemplars(tables, images, examples, settings, accepted, folder)
        described = texts(text, tables.labels)
        return propose(
            _Asked(self._predictor, list(described.values()), {}),
            self.network,
            tables,
            inference.choose(tables, images),
            settings,
            dict(enumerate(described)),
            model=self.name,
            prompt={"looked_for": described},
            accepted=accepted,
            batch=1,
            folder=folder,
        )

    def embed(
        self, tables: LabeledImages, images: Any = None, *, imgsz: int = _SIZE, **arguments: Any
    ) -> Embeddings:
        """Embeddings of images and of their instances, in the same space as those of predictions.

        Args:
            tables: a Dataset, a Version or Tables.
            images: ids, rows of ``images``, a boolean Series over them, or None for all.
            imgsz: side of the model's input, pixels.
            **arguments: none are known; any is refused.
        """
        refuse_arguments("Sam3", "embed", arguments)
        listener = _Asked(self._predictor, [], {})
        return embed(listener, tables, inference.choose(tables, images), imgsz, 1)

    def __repr__(self) -> str:
        return f"Sam3({self.name!r})"

    def _by_exemplars(
        self,
        tables: LabeledImages,
        images: Any,
        rows: pd.DataFrame,
        settings: inference.Settings,
        accepted: str,
        folder: str | Path | None,
    ) -> Run:
        check_accepted(accepted)
        if folder is not None:
            raise DataError("folder= is for prediction by text: with examples= call run.save(folder) after")
        wanted = None if images is None else set(inference.choose(tables, images).tolist())
        codes = {label: code for code, label in enumerate(tables.labels)}
        parts, interrupted = [], False
        for one in examples(rows, tables):
            if wanted is not None and one.image_id not in wanted:
                continue
            asked = _Asked(self._predictor, [], _by_code(one, codes))
            ids = np.array([one.image_id], np.int64)
            part, interrupted = predict_here(asked, tables, ids, settings, 1)
            parts.append(part)
            if interrupted:
                break
        if not parts:
            raise DataError("examples= lie on none of the images asked for")
        said = {**vars(settings), "examples": rows.index.tolist()}
        names = {code: label for label, code in codes.items()}
        part, more = beside(gather(parts), tables, accepted)
        return records.of_prediction(
            self.name,
            tables,
            part,
            names,
            {**said, **more},
            n_images=len(part.image_ids),
            interrupted=interrupted,
        )


class _Asked:
    """A finder: SAM 3 with one prompt, either texts or exemplars by output."""

    def __init__(self, predictor: Any, described: list[str], exemplars: Mapping[int, Boxes]) -> None:
        self._predictor, self._texts, self._exemplars = predictor, described, exemplars

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
        self._predictor.args.conf, self._predictor.args.iou = score, iou
        out = []
        for pixels in images:
            features, maps, letterbox = self._seen(pixels, imgsz)
            answers = list(self._answers(features, pixels.shape[:2]))
            masks = [mask for some, _, _ in answers if some is not None for mask in some.cpu().numpy()]
            scores = concatenate([scores for _, scores, _ in answers]).ravel()
            codes = np.concatenate([codes for _, _, codes in answers])
            shown = maps if embed else None
            out.append(found(masks or None, scores, codes, max_detections, shown, letterbox))
        return out

    def maps(self, images: Sequence[npt.NDArray[np.uint8]], imgsz: int) -> list[tuple[Maps, Letterbox]]:
        """The image encoder's features."""
        return [self._seen(pixels, imgsz)[1:] for pixels in images]

    def _seen(self, pixels: npt.NDArray[np.uint8], imgsz: int) -> tuple[Any, Maps, Letterbox]:
        self._predictor.args.imgsz = imgsz
        with quiet(), own_threads(), considerate():
            self._predictor.set_image(np.ascontiguousarray(pixels[..., ::-1]))
        features = self._predictor.features
        self._predictor.reset_image()
        # SAM 3 stretches images to a square.
        letterbox = Letterbox((pixels.shape[0], pixels.shape[1]), (imgsz, imgsz), (imgsz, imgsz))
        return features, Maps([features["vision_features"][0].float().cpu().numpy()]), letterbox

    def _answers(
        self, features: Any, size: tuple[int, int]
    ) -> Iterator[tuple[Any, Any, npt.NDArray[np.int64]]]:
        """Masks, scores and outputs for the texts, and for the exemplars of each output."""
        questions: list[tuple[int | None, dict[str, Any]]] = []
        if self._texts:
            questions.append((None, {"text": self._texts}))
        questions += [(code, {"bboxes": boxes}) for code, boxes in self._exemplars.items()]
        for code, question in questions:
            with quiet(), own_threads(), considerate():
                masks, boxes = self._predictor.inference_features(dict(features), size, **question)
            rows = boxes.float().cpu().numpy()
            codes = rows[:, 5].astype(np.int64) if code is None else np.full(len(rows), code, np.int64)
            yield masks, rows[:, 4:5], codes


def _by_code(one: Example, codes: Mapping[str, int]) -> dict[int, Boxes]:
    labels = np.array([codes[label] for label in one.labels])
    return {int(code): one.boxes[labels == code] for code in np.unique(labels)}


def _module() -> Any:
    module = ultralytics("models.sam")
    if not hasattr(module, "SAM3SemanticPredictor"):
        raise MissingExtraError("SAM 3 needs ultralytics 8.3.237 or later: pip install -U ultralytics")
    return module


def _file(name: str) -> Path:
    path = Path(name).expanduser()
    if path.is_file():
        return path
    found = weights.find(path.name) if path.parent == Path() else None
    if found is None:
        raise ModelError(
            f"no weights file {path}: Meta gives them to those who ask (facebook/sam3 on Hugging Face, file "
            "sam3.pt); put it into a folder weights/ beside the notebook, or give its path"
        )
    return found


def _read(path: Path) -> Any:
    """The network of a weights file; only tensors are read, and no code of the file runs."""
    _module()
    if zipfile.is_zipfile(path):
        archive.inspect(path)
    state = load_plain(path)
    need_clip("SAM 3")
    try:
        with quiet(), _filled_with(state):
            return ultralytics("models.sam.build_sam3").build_sam3_image_model(str(path))
    except ModuleNotFoundError as error:
        raise MissingExtraError(f"SAM 3 needs {error.name}: pip install {error.name}") from error
    except (RuntimeError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} does not hold SAM 3: {str(error)[:500]}") from error


@contextmanager
def _filled_with(state: Any) -> Iterator[None]:
    """Let ultralytics' builder take tensors in memory; it would unpickle the file without checks."""
    build: Any = ultralytics("models.sam.build_sam3")
    theirs = build.torch_load
    build.torch_load = lambda _file: state
    try:
        yield
    finally:
        build.torch_load = theirs
