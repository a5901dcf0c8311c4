"""``YoloE``: finds objects by a text or by examples of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError, ModelError, UnknownNameError
from ...core.tables.schema import LabeledImages
from ..checkpoints import checkpoint, weights
from ..embed.pooling import Embeddings
from ..libraries.quiet_ultralytics import quiet, ultralytics
from ..libraries.torch_threads import considerate
from ..model import refuse_arguments
from ..prediction import inference
from ..prediction.embed import embed
from ..prediction.letterbox import Letterbox
from ..runs.frozen_tables import state_of
from ..runs.measured import trains
from ..runs.run import Run, new_id
from ..training.pixels import read_image
from ..yolo.predictor import Predictor
from . import text as encoder
from .prompts import Example, Text, examples, texts
from .propose import propose

TextEncoder = Callable[[list[str]], npt.ArrayLike]

_KIND = "ultralytics.nn.tasks.YOLOESegModel"
_CELL = 8  # pixels of the input that one cell of a visual prompt covers


class YoloE:
    """YOLOE of ultralytics: finds what a text describes, or what looks like the examples; needs no training.

    Use it for first proposals: accept the good ones, then train a model of your own on them.

    Args:
        weights: a file, or a name as "yoloe-11s-seg.pt", which is searched for in the working folder,
            ``weights/`` and the cache, then downloaded if that is possible.
        device: "" takes a GPU where there is one; "cpu", "cuda:1", "mps".
        text_encoder: function that returns ``(n, 512)`` vectors of n texts in the space that YOLOE was
            trained with (MobileCLIP's); None: ultralytics' own, which needs the package clip and a weights
            file.

    Raises:
        MissingExtraError: ultralytics is not installed.
        UnknownNameError: no YOLOE has that name.
        ModelError: its weights are not available, damaged, or of another model.

    Source: A. Wang et al., "YOLOE: Real-Time Seeing Anything" (2025).

    Example:
        >>> model = YoloE("yoloe-11s-seg.pt")  # doctest: +SKIP
        >>> run = model.predict(ds, examples=ds.instances.loc[[3, 7]])  # doctest: +SKIP
    """

    def __init__(
        self,
        weights: str | Path = "yoloe-11s-seg.pt",
        *,
        device: str = "",
        text_encoder: TextEncoder | None = None,
    ) -> None:
        path = _file(str(weights))
        self._begin(_read(path), path.stem, device, text_encoder)

    @classmethod
    def of(
        cls, network: Any, name: str = "YOLOE", *, device: str = "", text_encoder: TextEncoder | None = None
    ) -> YoloE:
        """A model from a network in memory: a ``YOLOESegModel`` of ultralytics."""
        model = cls.__new__(cls)
        model._begin(network, name, device, text_encoder)
        return model

    def _begin(self, network: Any, name: str, device: str, text_encoder: TextEncoder | None) -> None:
        self.network, self.name, self.device = network.float().eval(), name, device
        self._text_encoder = text_encoder
        self._known: dict[str, npt.NDArray[np.float32]] = {}

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the examples that :meth:`train` used."""
        return tuple(self._known)

    def train(
        self, tables: LabeledImages, *, seed: int = 0, imgsz: int = 640, most: int = 32, **arguments: Any
    ) -> Run:
        """Store the mean visual embedding of each label's instances; no weights change, and it takes seconds.

        Args:
            tables: a Dataset, a Version or Tables; images of weight 0, unlabeled ones and those of split val
                or test are left out.
            seed: seed of the choice of images, where there are more than ``most``.
            imgsz: long side images are resized to, pixels.
            most: most images to use.
            **arguments: none are known; any is refused.

        Raises:
            ModelError: there are no instances to learn from.
        """
        refuse_arguments("YoloE", "train", arguments)
        images = tables.images
        learn = trains(images) & (images["state"] != "unlabeled").to_numpy()
        rows = tables.instances[tables.instances["image_id"].isin(images.index[learn])]
        if not len(rows):
            raise ModelError("there is nothing to learn from: no instances on images with weight > 0")
        ids = np.unique(rows["image_id"].to_numpy(np.int64))
        if len(ids) > most:
            ids = np.sort(np.random.default_rng(seed).choice(ids, most, replace=False))
        self._known = self._looks(tables, examples(rows[rows["image_id"].isin(ids)], tables), imgsz)
        return Run(
            new_id("train"),
            "train",
            model=self.name,
            arguments={"imgsz": imgsz, "most": most},
            seed=seed,
            labels=tables.labels,
            n_images=len(ids),
            **state_of(tables),
        )

    def predict(
        self,
        tables: LabeledImages,
        images: Any = None,
        *,
        text: Text = None,
        examples: pd.DataFrame | None = None,
        score: float = 0.1,
        iou: float = 0.7,
        imgsz: int = 640,
        batch: int = 8,
        max_detections: int = 300,
        embed: bool = True,
        accepted: str = "avoid",
        folder: str | Path | None = None,
        **arguments: Any,
    ) -> Run:
        """Propose instances by text or examples, masks at the resolution of the originals.

        Args:
            tables: a Dataset, a Version or Tables.
            images: ids, rows of ``images``, a boolean Series over them, or None for all.
            text: labels to look for by their names, or ``{"fish": "a silver fish seen from the side"}``.
            examples: rows of ``instances``: similar objects are proposed on all images, with their labels.
                Without text and examples: the labels from :meth:`train`, else all labels by their names.
            score: lowest score, 0..1.
            iou: of two boxes of one label that overlap more, only the one with the higher score stays, 0..1.
            imgsz: long side images are resized to, pixels.
            batch: images at once.
            max_detections: most predictions on one image.
            embed: collect embeddings in the same pass.
            accepted: "avoid": pixels of accepted masks are removed from proposals, and proposals mostly on
                them are left out (so the run's metrics say nothing). "ignore": proposals stay as they are.
            folder: where parts and then the Run are saved; None keeps all in memory. A Run with more than
                256 MB of embeddings is then mapped, as ``Run.load`` gives it.
            **arguments: none are known; any is refused.

        Raises:
            DataError: both text and examples, or examples that are no instances.
            UnknownNameError: ids or labels that do not exist.
            ModelError: the text encoder's weights are not available.
            MissingExtraError: the text encoder's package is not installed.
        """
        refuse_arguments("YoloE", "predict", arguments)
        looks = self._prompted(tables, text, examples, imgsz)
        ids = inference.choose(tables, images)
        settings = inference.Settings(imgsz, score, iou, max_detections, embed)
        names = list(looks)
        self._set(looks)
        said = {label: vector.round(4).tolist() for label, vector in looks.items()} if folder else names
        run = propose(
            Predictor(self.network, self.device),
            self.network,
            tables,
            ids,
            settings,
            dict(enumerate(names)),
            model=self.name,
            prompt={"looked_for": said},
            accepted=accepted,
            batch=batch,
            folder=folder,
        )
        run.arguments["looked_for"] = names
        return run

    def embed(
        self,
        tables: LabeledImages,
        images: Any = None,
        *,
        imgsz: int = 640,
        batch: int = 8,
        **arguments: Any,
    ) -> Embeddings:
        """Embeddings of images and of their instances, in the same space as those of predictions.

        Args:
            tables: a Dataset, a Version or Tables.
            images: ids, rows of ``images``, a boolean Series over them, or None for all.
            imgsz: long side images are resized to, pixels.
            batch: images at once.
            **arguments: none are known; any is refused.
        """
        refuse_arguments("YoloE", "embed", arguments)
        listener = Predictor(self.network, self.device)
        return embed(listener, tables, inference.choose(tables, images), imgsz, batch)

    def __repr__(self) -> str:
        return f"YoloE({self.name!r})"

    def _prompted(
        self, tables: LabeledImages, text: Text, rows: pd.DataFrame | None, imgsz: int
    ) -> dict[str, npt.NDArray[np.float32]]:
        """An embedding for each label to look for."""
        if text is not None and rows is not None:
            raise DataError("give text= or examples=, not both: run it twice and accept from either")
        if rows is not None:
            return self._looks(tables, examples(rows, tables), imgsz)
        known = {label: vector for label, vector in self._known.items() if label in tables.labels}
        if text is None and known:
            return known
        described = texts(text, tables.labels)
        return dict(zip(described, self._encode(list(described.values())), strict=True))

    def _encode(self, described: list[str]) -> npt.NDArray[np.float32]:
        import torch

        with torch.inference_mode(), considerate():
            if self._text_encoder is None:
                vectors = encoder.encode(self.network, described)
            else:
                given = np.asarray(self._text_encoder(described), np.float32)
                size = self.network.model[-1].embed
                if given.shape != (len(described), size):
                    raise DataError(
                        f"text_encoder must give ({len(described)}, {size}) for {len(described)} texts, got "
                        f"{given.shape}"
                    )
                vectors = self.network.model[-1].get_tpe(torch.from_numpy(given)[None])
            return np.asarray(vectors[0].float().cpu().numpy(), np.float32)

    def _looks(
        self, tables: LabeledImages, shown: Sequence[Example], imgsz: int
    ) -> dict[str, npt.NDArray[np.float32]]:
        """The average vector of each label's examples, in the order of the labels, each of length 1."""
        gathered: dict[str, list[npt.NDArray[np.float32]]] = {}
        for example in shown:
            for label, vector in self._look(tables, example, imgsz).items():
                gathered.setdefault(label, []).append(vector)
        means = {label: np.mean(gathered[label], axis=0) for label in tables.labels if label in gathered}
        return {label: mean / max(float(np.linalg.norm(mean)), 1e-12) for label, mean in means.items()}

    def _look(
        self, tables: LabeledImages, example: Example, imgsz: int
    ) -> dict[str, npt.NDArray[np.float32]]:
        import torch

        height, width = map(int, tables.images.loc[[example.image_id], ["height", "width"]].to_numpy()[0])
        letterbox = Letterbox.fit(height, width, imgsz, int(self.network.stride.max()))
        pixels = letterbox.fill(read_image(tables, example.image_id, (height, width)))
        gain_y, gain_x = letterbox.gain
        corners = example.boxes * np.array([gain_x, gain_y, gain_x, gain_y], np.float32)
        # Round to whole cells: a smaller box would cover none.
        corners[:, :2] = np.floor(corners[:, :2] / _CELL) * _CELL
        corners[:, 2:] = np.ceil(corners[:, 2:] / _CELL) * _CELL
        names = sorted(set(example.labels))
        codes = np.array([names.index(label) for label in example.labels])
        loader = ultralytics("data.augment").LoadVisualPrompt()
        visuals = loader.get_visuals(codes, letterbox.outer, corners)[None]
        device = next(self.network.parameters()).device
        image = torch.from_numpy(pixels).to(device).permute(2, 0, 1)[None].float() / 255
        with considerate(), torch.inference_mode():
            vectors = self.network.get_visual_pe(image, visuals.to(device))[0].float().cpu().numpy()
        return dict(zip(names, vectors, strict=True))

    def _set(self, looks: dict[str, npt.NDArray[np.float32]]) -> None:
        import torch

        vectors = torch.from_numpy(np.stack(list(looks.values())))[None]
        self.network.set_classes(list(looks), vectors.to(next(self.network.parameters()).device))


def _file(name: str) -> Path:
    """The weights file for a path, or for a name that is searched for."""
    path = Path(name).expanduser()
    file = path.name if path.suffix else f"{path.name}.pt"
    if not file.startswith("yoloe-"):
        raise UnknownNameError(
            f"no YOLOE {name!r}: names begin with yoloe-, as in yoloe-11s-seg.pt; nl.Yolo reads other models"
        )
    if path.is_file():
        return path
    if path.parent != Path():
        raise ModelError(f"no weights file {path}")
    found = weights.find(file)
    if found is None:
        found, reason = weights.download(file)
        if found is None:
            raise ModelError(
                f"no weights for {file} ({reason}): put {file} into a folder weights/ beside the notebook, "
                "or give its path"
            )
    return found


def _read(path: Path) -> Any:
    """The network that the file's name states, with the file's tensors; no code of the file runs."""
    architecture, _, state = checkpoint.read(path, _KIND)
    n = architecture.get("nc") if isinstance(architecture, dict) else None
    nc = n if isinstance(n, int) and 0 < n <= 10_000 else 80  # widths of the head follow from it
    try:
        with quiet():
            network = ultralytics("nn.tasks").YOLOESegModel(f"{path.stem}.yaml", nc=nc, verbose=False)
        network.load_state_dict(state)
    except FileNotFoundError as error:
        raise ModelError(f"ultralytics has no architecture {path.stem}.yaml for {path}") from error
    except (RuntimeError, TypeError, KeyError) as error:
        raise ModelError(f"{path} does not hold the model its name says: {str(error)[:500]}") from error
    return network
