"""Examples as the dataset class ultralytics trains on: no label files, no copies of images, whole masks.

The classes are made inside functions, since their base classes come from ultralytics, which is loaded only
when a model is made.
"""

from __future__ import annotations

import functools
import random
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import numpy.typing as npt

from ..libraries.quiet_ultralytics import ultralytics
from ..training.examples import Examples, draw, partners, resized
from ..training.outlines import coverage, moved, pad
from ..training.pixels import read
from .ahead import Ahead
from .criterion import OPEN


def dataset(examples: Examples, args: Any, names: dict[int, str], *, augment: bool) -> Any:
    """A ``YOLODataset`` over examples.

    Args:
        examples: examples to learn from; other images can neither be drawn nor mixed in.
        args: ultralytics' training arguments.
        names: labels by index.
        augment: random transforms (training), or letterboxing alone (validation).
    """
    hyp = SimpleNamespace(**vars(args))
    return _table_dataset()(
        examples,
        img_path="",
        imgsz=args.imgsz,
        augment=augment,
        hyp=hyp,
        batch_size=args.batch,
        single_cls=bool(args.single_cls),
        classes=args.classes,
        data={"names": names, "nc": len(names), "channels": 3},
        task="segment",
    )


def loader(data: Any, batch: int, workers: int, sampler: WeightedSampler | None = None) -> Any:
    """A data loader that draws by weight (training), or goes in order where there is no sampler.

    Without worker processes, training batches are made in a thread beside the steps.
    """
    build = ultralytics("data.build")
    made = build.InfiniteDataLoader(
        dataset=data,
        batch_size=batch,
        sampler=range(len(data)) if sampler is None else sampler,
        num_workers=workers,
        collate_fn=data.collate_fn,
        worker_init_fn=build.seed_worker,
        pin_memory=False,
    )
    return made if sampler is None or workers else Ahead(made)


class WeightedSampler:
    """Indices of one period after the other, cut from an endless sequence of passes, each drawn by weight.

    Args:
        weights: ``(n,)`` > 0; see :func:`examples.draw`.
        seed: seed of the passes.
        draws: indices per period.
    """

    def __init__(self, weights: npt.NDArray[np.float64], seed: int, draws: int) -> None:
        self.weights = weights
        self.seed = seed
        self.draws = draws
        self._passes = 0
        self._left: list[int] = []

    def __len__(self) -> int:
        return self.draws

    def __iter__(self) -> Iterator[int]:
        while len(self._left) < self.draws:
            rng = np.random.default_rng([self.seed, self._passes])
            self._left += draw(self.weights, rng).tolist()
            self._passes += 1
        now, self._left = self._left[: self.draws], self._left[self.draws :]
        return iter(now)


@functools.cache
def _table_dataset() -> Any:
    """The dataset class, made once, when ultralytics is there."""
    base: Any = ultralytics("data.dataset").YOLODataset
    instance = ultralytics("utils.instance")

    class TableDataset(base):
        """Reads labels from paths in memory and pixels from the tables."""

        format_class = _mask_format()

        def __init__(self, examples: Examples, **kwargs: Any) -> None:
            self.examples = examples
            self.partners = partners(examples.weights)
            self._taken: list[int] = []
            super().__init__(**kwargs)
            every = [[*paths, *examples.open.on(at)[0]] for at, paths in enumerate(examples.paths)]
            k = max((len(path) for paths in every for path in paths), default=1)
            self.padded = [pad(paths, k) for paths in every]

        def get_img_files(self, img_path: str) -> list[str]:  # noqa: ARG002  # theirs
            """Names for messages only; no such file is opened."""
            return [f"image_{i}.png" for i in self.examples.image_ids]

        def get_labels(self) -> list[dict[str, Any]]:
            """The labels that ultralytics counts and filters by; the paths are kept separately."""
            found = []
            examples = self.examples
            for at, (paths, classes) in enumerate(zip(examples.paths, examples.classes, strict=True)):
                height, width = resized(*_pair(examples.sizes[at]), self.imgsz)
                found.append(
                    {
                        "im_file": self.im_files[at],
                        "shape": (height, width),
                        "cls": classes[:, None],
                        "bboxes": _boxes(paths, height, width),
                        "segments": [],
                        "normalized": True,
                        "bbox_format": "xywh",
                    }
                )
            return found

        def build_transforms(self, hyp: Any) -> Any:
            """Ultralytics' transforms; mix partners are drawn by weight, and paths move exactly as pixels."""
            augment = ultralytics("data.augment")
            transforms = super().build_transforms(hyp)
            for transform in {id(t): t for t in _walk(transforms)}.values():  # some are shared
                if isinstance(transform, augment.BaseMixTransform):
                    k = getattr(transform, "n", 2) - 1
                    transform.get_indexes = functools.partial(self._draw_partners, k)
                elif isinstance(transform, augment.RandomPerspective):
                    transform.apply_segments = _warp
                elif isinstance(transform, self.format_class):
                    transform.n_sets = len(self.examples.open.labels)
            return transforms

        def _draw_partners(self, k: int) -> list[int]:
            return random.choices(range(len(self.examples)), cum_weights=self.partners, k=k)

        def load_image(self, i: int, *_args: Any, **_kwargs: Any) -> Any:
            """Pixels at training size, original and resized (height, width)."""
            held = self.examples.pixels[i] if self.examples.pixels else None
            pixels = read(self.examples, i, self.imgsz) if held is None else held
            return pixels, _pair(self.examples.sizes[i]), pixels.shape[:2]

        def __getitem__(self, index: int) -> dict[str, Any]:
            """One picture for the network, and the ids of the images in it."""
            self._taken = []
            return {**super().__getitem__(index), "image_ids": tuple(self._taken)}

        def get_image_and_label(self, index: int) -> dict[str, Any]:
            """One example, as the transforms take it."""
            self._taken.append(int(self.examples.image_ids[index]))
            pixels, original, shape = self.load_image(index)
            label = self.labels[index]
            open_paths, of = self.examples.open.on(index)
            boxes = np.concatenate([label["bboxes"], _boxes(open_paths, *shape)])
            classes = np.concatenate([label["cls"], OPEN - np.array(of, np.float32).reshape(-1, 1)])
            return {
                "im_file": label["im_file"],
                "cls": classes,
                "img": pixels,
                "ori_shape": original,
                "resized_shape": shape,
                "ratio_pad": (shape[0] / original[0], shape[1] / original[1]),
                "instances": instance.Instances(
                    boxes * np.array([shape[1], shape[0]] * 2, np.float32),
                    self.padded[index].copy(),
                    None,
                    bbox_format="xywh",
                    normalized=False,
                ),
            }

    return TableDataset


@functools.cache
def _mask_format() -> Any:
    base: Any = ultralytics("data.augment").Format

    class MaskFormat(base):
        """Fills paths by signed area: holes and islands reach the loss, and edges are soft.

        Open regions become masks of their own, ``open`` ``(n_sets, h, w)`` bool, and are removed from the
        labels.
        """

        n_sets = 0

        def apply_instances(self, labels: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
            """Labels and open regions as tensors."""
            import torch

            cls, instances = params["cls"], params["instances"]
            is_open = np.asarray(cls)[:, 0] <= OPEN if params["nl"] else np.zeros(0, bool)
            height, width = params["h"], params["w"]
            where = np.zeros((self.n_sets, height // self.mask_ratio, width // self.mask_ratio), bool)
            if is_open.any():
                inside = coverage(instances.segments[is_open], height, width, self.mask_ratio) >= 0.5
                of = (OPEN - np.asarray(cls)[is_open, 0]).astype(np.int64)
                np.logical_or.at(where, of, inside)
                labelled = {"cls": cls[~is_open], "instances": instances[~is_open]}
                params = {**params, **labelled, "nl": int((~is_open).sum())}
            labels = super().apply_instances(labels, params)
            labels["open"] = torch.from_numpy(where)
            return labels

        def _format_segments(self, instances: Any, cls: Any, w: int, h: int) -> tuple[Any, Any, Any]:
            masks = coverage(instances.segments, h, w, self.mask_ratio)
            if not self.mask_overlap:
                return masks, instances, cls
            order = np.argsort(-masks.sum(axis=(1, 2)), kind="stable")
            index_map = np.zeros(masks.shape[1:], np.int32)
            for rank, at in enumerate(order, 1):  # smaller instances over larger ones
                index_map[masks[at] >= 0.5] = rank
            return index_map[None], instances[order], cls[order]

    return MaskFormat


def _walk(transform: Any) -> Iterator[Any]:
    """A transform and all that are nested in it."""
    yield transform
    for inner in [*getattr(transform, "transforms", []), getattr(transform, "pre_transform", None)]:
        if inner is not None:
            yield from _walk(inner)


def _warp(segments: Any, matrix: npt.NDArray[Any], size: tuple[int, int]) -> Any:
    """Move paths by a matrix that OpenCV applies to pixel centres: its (0, 0) is that of the first pixel."""
    to_corner = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    to_centre = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]])
    return moved(segments, (to_corner @ matrix @ to_centre).astype(np.float32), size)


def _pair(size: npt.NDArray[np.int64]) -> tuple[int, int]:
    height, width = size.tolist()
    return height, width


def _boxes(paths: list[Any], height: int, width: int) -> npt.NDArray[np.float32]:
    """Centre and size of each path, as shares of the image, ``(n, 4)``."""
    if not paths:
        return np.zeros((0, 4), np.float32)
    low = np.stack([path.min(axis=0) for path in paths])
    high = np.stack([path.max(axis=0) for path in paths])
    box = np.concatenate([(low + high) / 2, high - low], axis=1) / np.array([width, height] * 2)
    return box.astype(np.float32)
