"""``Backbone``: the feature maps of a network that classifies images, as embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import partial as bound
from pathlib import Path
from typing import Any

from ...core.errors import UnknownNameError
from ...core.tables.schema import LabeledImages
from ...engine.run import On
from ..embed.pooling import Embeddings
from ..libraries.torch_threads import considerate
from ..prediction import inference
from ..prediction.embed import Opener, Portable, embed
from ..prediction.found import Maps
from ..prediction.letterbox import Letterbox
from . import weights
from .networks import bare, describer
from .package import best_device
from .stacks import Pixels, listening, maps_of, stacks

_IMGSZ = 320


class Backbone:
    """Embeddings of images and masks by a convolutional network of torchvision, which is not trained.

    An image's vector is the average of the coarsest map over the image; a mask's vector is the average of the
    maps at strides 8, 16 and 32, weighted by how much of each cell the mask covers.

    Args:
        name: "resnet18", "resnet50", "convnext_tiny", "efficientnet_b0" ...; ImageNet's weights are used
            where they are available or can be downloaded, else random ones, with a FallbackWarning.
        device: "" takes a GPU where there is one.

    Raises:
        UnknownNameError: torchvision has no such network, or it has no maps (a transformer).
        MissingExtraError: torchvision is not installed.
    """

    def __init__(self, name: str = "resnet18", *, device: str = "") -> None:
        self._hold(name, describer(name), device)

    def embed(
        self,
        tables: LabeledImages,
        images: Any = None,
        *,
        imgsz: int = _IMGSZ,
        batch: int = 16,
        folder: str | Path | None = None,
        on: On = None,
    ) -> Embeddings:
        """Embeddings of images, and of the masks on them.

        Args:
            tables: a Dataset, a Version or Tables.
            images: ids, rows of ``images``, a boolean Series over them, or None for all.
            imgsz: long side images are resized to, pixels.
            batch: images at once.
            folder: where parts are kept until all are done, so that what was interrupted continues.
            on: where to embed: None is here, a number that many processes of this machine, a
                ``dask.distributed.Client`` the workers of its cluster, which reach ``folder`` and pictures by
                the same paths; anything with ``submit`` will do. See docs/cluster.md.
        """
        return embed(
            self,
            tables,
            inference.choose(tables, images),
            imgsz,
            batch,
            folder=folder,
            on=on,
            portable=Portable(lambda: inference.tensors(self._network), self._write),
        )

    @classmethod
    def load(cls, name: str, path: Path, device: str) -> Backbone:
        """A backbone with the weights of a file, in a worker."""
        made = cls.__new__(cls)
        made._hold(name, weights.filled(bare(name), path), device)
        return made

    def _hold(self, name: str, network: Any, device: str) -> None:
        self.name = name
        self._network = network.eval()
        self._device = best_device(device)
        self._network.to(self._device)
        self._layers = _stages(self._network)

    def _write(self, place: Path) -> Opener:
        path = weights.write(self._network, place / "model.npz", name=self.name)
        return bound(Backbone.load, self.name, path, self._device)

    def maps(self, images: Sequence[Pixels], imgsz: int) -> list[tuple[Maps, Letterbox]]:
        """Feature maps of each image, and where it lies in the input."""
        import torch

        out: list[Any] = [None] * len(images)
        for at, boxes, batch in stacks(images, imgsz):
            with (
                considerate(),
                torch.inference_mode(),
                listening(self._layers, batch.shape[2:]) as heard,
                suppress(AssertionError),  # a transformer, made for one size
            ):
                self._network(batch.to(self._device))
            if not heard:
                raise UnknownNameError(
                    f"{self.name} has no feature maps to embed masks with: take a convolutional network, as "
                    "'resnet18' or 'convnext_tiny'"
                )
            for i, box, found in zip(at, boxes, maps_of(heard, len(at)), strict=True):
                out[i] = found, box
        return out

    def __repr__(self) -> str:
        return f"Backbone({self.name!r})"


def _stages(network: Any) -> list[Any]:
    """The sequential layers of a network, whose outputs are its feature maps."""
    inner = getattr(network, "features", None) or getattr(network, "trunk_output", None)
    return list((inner if inner is not None else network).children())
