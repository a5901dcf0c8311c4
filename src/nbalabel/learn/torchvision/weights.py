"""Tensors of torchvision's networks: finding, downloading, reading and writing them."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from ...core.caches import cache_folder
from ...core.errors import FallbackWarning, ModelError
from ..checkpoints import archive
from ..checkpoints.weights import fetched
from ..libraries.quiet_ultralytics import is_offline

_MOST_LABELS, _LARGEST_INPUT = 10_000, 16_384


def published(name: str, weights: Any) -> dict[str, Any] | None:
    """The tensors torchvision publishes for a network; None, with a FallbackWarning, if not available.

    They are searched for in the working folder, ``weights/``, torch's cache and nbalabel's cache, then
    downloaded; without a network this gives up within seconds. ``NBALABEL_OFFLINE=1`` tries no download.

    Args:
        name: name of the network, for the message.
        weights: torchvision's entry for the weights, which has ``url``.
    """
    import torch

    file = str(weights.url).rpartition("/")[2]
    found = next((folder / file for folder in _folders() if (folder / file).is_file()), None)
    reason = "NBALABEL_OFFLINE is set"
    if found is None and not is_offline():
        found, reason = fetched(str(weights.url), cache_folder() / "weights" / file)
    if found is None:
        warnings.warn(
            f"no pretrained weights for {name!r} ({reason}): they are random. Put {file} into a folder "
            "weights/ beside the notebook to start from weights",
            FallbackWarning,
            stacklevel=5,
        )
        return None
    try:
        state: dict[str, Any] = torch.load(found, map_location="cpu", weights_only=True)
    except Exception as error:  # a damaged file raises anything
        raise ModelError(f"{found} holds no weights: {str(error)[:300]}") from error
    return state


def _folders() -> list[Path]:
    import torch

    theirs = Path(torch.hub.get_dir()) / "checkpoints"
    return [Path(), Path("weights"), theirs, cache_folder() / "weights"]


def write(network: Any, path: Path, **meta: Any) -> Path:
    """Write weights as ``.npz``: tensors by name and one JSON text, nothing that could run code."""
    tensors = {name: tensor.cpu().numpy() for name, tensor in network.state_dict().items()}
    return archive.write(path, archive.packed(meta, tensors))


def read(path: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The ``meta`` given to :func:`write`, and the tensors.

    Raises:
        ModelError: the file is damaged, or no Mask R-CNN of nbalabel.
    """
    import torch

    try:
        meta, arrays = archive.unpacked(archive.arrays(path))
        labels, imgsz = meta["labels"], meta["imgsz"]
        if not isinstance(meta["architecture"], str) or not isinstance(meta["name"], str):
            raise ValueError("its architecture and name are no text")
        if not all(isinstance(label, str) and label.isprintable() for label in labels):
            raise ValueError("its labels are no lines of text")
        if not 0 < len(labels) <= _MOST_LABELS or not (type(imgsz) is int and 32 <= imgsz <= _LARGEST_INPUT):
            raise ValueError("its labels or its input size are out of range")
        return meta, {name: torch.from_numpy(array) for name, array in arrays.items()}
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is not a Mask R-CNN of nbalabel: {error}") from error


def fill(network: Any, state: dict[str, Any], origin: str) -> None:
    """Put tensors into a network; all must be present and fit (counters of batches seen may be missing).

    Raises:
        ModelError: a tensor is missing, unknown or of another shape.
    """
    try:
        lost = network.load_state_dict(state, strict=False)
    except (RuntimeError, TypeError) as error:
        raise ModelError(f"{origin} does not fit its network: {str(error)[:300]}") from error
    missing = [name for name in lost.missing_keys if not name.endswith("num_batches_tracked")]
    if missing or lost.unexpected_keys:
        strange = (missing + lost.unexpected_keys)[0]
        raise ModelError(f"{origin} does not fit its network: {strange} is missing or unknown")


def filled(network: Any, path: Path) -> Any:
    """The network with the tensors of a file that :func:`write` wrote.

    Raises:
        ModelError: the file is damaged, or does not fit.
    """
    import torch

    _, arrays = archive.unpacked(archive.arrays(path))
    fill(network, {name: torch.from_numpy(array) for name, array in arrays.items()}, str(path))
    return network
