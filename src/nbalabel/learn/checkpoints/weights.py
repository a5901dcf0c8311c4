"""Weights: finding, downloading, reading and writing them.

Our own files are ``.npz``: the tensors by name, and one JSON text. From ultralytics' ``.pt`` files, which are
pickles, only the same content is read (``checkpoint``). Either way the network is built from a checked
architecture (``architecture``), since ultralytics would evaluate parts of it, and gets the file's tensors.
"""

from __future__ import annotations

import json
import threading
import urllib.request
import warnings
from pathlib import Path
from typing import Any

from yaml import YAMLError

from ...core.caches import cache_folder
from ...core.errors import FallbackWarning, ModelError, UnknownNameError
from ...core.urls import local_path
from ..libraries.quiet_ultralytics import is_offline, quiet, ultralytics
from . import archive, checkpoint
from .architecture import checked, default_activation, measure

_CONNECT_SECONDS = 3.0
_DOWNLOAD_SECONDS = 120.0
_MOST_LABELS, _MOST_YAML, _LARGEST_INPUT = 10_000, 1_000_000, 16_384

STARTER = Path(__file__).with_name("starter.npz")
"""Weights that ``make starter`` wrote: a YOLO11n trained on generated scenes only."""


def located(name: str | Path) -> str:
    """The name or path of a model; for "starter", the path of the weights that come with nbalabel."""
    return str(STARTER) if str(name) == STARTER.stem else str(name)


def start(name: str) -> tuple[Any, bool]:
    """The network that a name stands for: pretrained where its weights are available, else untrained.

    Args:
        name: a ``.npz`` of ours, a ``.pt`` or ``.yaml`` of ultralytics (a path), or a model's name
            ("yolo11n-seg").

    Returns:
        The network, and whether it is pretrained.

    Raises:
        UnknownNameError: neither a file nor an architecture has that name.
        ModelError: the file cannot be used, or does not hold a segmentation model.
    """
    path = Path(name).expanduser()
    if path.suffix in (".npz", ".pt") and path.is_file():
        return read(path), True
    if path.suffix == ".npz" or (path.suffix == ".pt" and path.parent != Path()):
        raise UnknownNameError(f"no weights file {path}")
    if path.suffix == ".yaml":
        return build(name), False
    stem = path.stem if path.suffix == ".pt" else name
    file = find(f"{stem}.pt")
    if file is not None:
        return read(file), True
    network = build(f"{stem}.yaml")  # before the download: a wrong name is refused at once
    file, reason = download(f"{stem}.pt")
    if file is not None:
        return read(file), True
    warnings.warn(
        f"no pretrained weights for {stem!r} ({reason}): training starts from the architecture. "
        f"Put {stem}.pt into a folder weights/ beside the notebook to start from weights, or begin with the "
        'small ones that come with nbalabel, nl.Yolo("starter")',
        FallbackWarning,
        stacklevel=3,
    )
    return network, False


def find(file: str) -> Path | None:
    """A weights file in the working folder, ``weights/``, ultralytics' own or our cache; or None."""
    theirs = Path(ultralytics("utils").SETTINGS["weights_dir"])
    for folder in (Path(), Path("weights"), theirs, cache_folder() / "weights"):
        if (folder / file).is_file():
            return folder / file
    return None


def download(file: str) -> tuple[Path | None, str]:
    """Fetch a published weights file into the cache, giving up within seconds where there is no network.

    Returns:
        The file, or None and the reason why there is none.
    """
    downloads = ultralytics("utils.downloads")
    if file not in downloads.GITHUB_ASSETS_NAMES:
        return None, f"{file} is not a file that ultralytics publishes"
    if is_offline():
        return None, "NBALABEL_OFFLINE is set"
    url = f"https://github.com/{downloads.GITHUB_ASSETS_REPO}/releases/download/v8.4.0/{file}"
    return fetched(url, cache_folder() / "weights" / file)


def fetched(url: str, target: Path) -> tuple[Path | None, str]:
    """Download a file from a URL, giving up within seconds where there is no network.

    Returns:
        ``target``, or None and the reason why it is not there.
    """
    outcome: dict[str, Any] = {}
    connected = threading.Event()

    def fetch() -> None:
        try:
            _fetch(url, target, connected)
            outcome["file"] = target
        except (OSError, ValueError) as error:
            outcome["reason"] = f"download failed: {error}"
        connected.set()

    # Name look-ups ignore time-outs, so the wait is timed here, and a thread that hangs is abandoned.
    thread = threading.Thread(target=fetch, daemon=True, name="nbalabel-weights")
    thread.start()
    if not connected.wait(_CONNECT_SECONDS):
        return None, f"no connection within {_CONNECT_SECONDS:.0f} s"
    thread.join(_DOWNLOAD_SECONDS)
    if thread.is_alive():
        return None, f"download took more than {_DOWNLOAD_SECONDS:.0f} s"
    return outcome.get("file"), outcome.get("reason", "")


def _fetch(url: str, target: Path, connected: threading.Event) -> None:
    with urllib.request.urlopen(url, timeout=_CONNECT_SECONDS) as response:  # noqa: S310  # fixed https address
        connected.set()
        content = response.read()
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".part")
    partial.write_bytes(content)
    partial.replace(target)


def build(
    architecture: str | dict[str, Any], nc: int | None = None, names: dict[int, str] | None = None
) -> Any:
    """Build an untrained network from an architecture: ultralytics' name of a YAML file, or its content.

    Args:
        architecture: "yolo11n-seg.yaml", a path, or the dictionary such a file holds.
        nc: number of labels; None keeps the file's.
        names: the labels by index; None keeps placeholders.

    Raises:
        UnknownNameError: there is no such file.
        ModelError: it does not describe a segmentation model, or has unknown layers or sizes out of range.
    """
    ultralytics()  # before torch, so that it loads as quiet says
    origin = architecture if isinstance(architecture, str) else "this model"
    content = checked(_content(architecture) if isinstance(architecture, str) else architecture, origin)
    if nc is not None:
        content["nc"] = nc
    return _network(content, names, origin)


def _content(name: str) -> Any:
    """The content of a YAML file, of ultralytics or of the user."""
    path = Path(name)
    if path.is_file() and path.stat().st_size > _MOST_YAML:
        raise ModelError(f"{name} has more than {_MOST_YAML:,} bytes: no architecture")
    try:
        if "://" in name:
            raise ValueError("architectures are read from files")
        with quiet():
            return ultralytics("nn.tasks").yaml_model_load(name)
    except (OSError, ValueError) as error:
        if path.is_file():
            raise ModelError(f"{name} is no architecture: {str(error)[:500]}") from error
        raise UnknownNameError(
            f"no model {name!r}: expected a name as 'yolo11n-seg', or a .npz, .pt or .yaml file"
        ) from error
    except (YAMLError, TypeError, RecursionError) as error:
        raise ModelError(f"{name} is no architecture: {type(error).__name__}") from error


def _network(content: dict[str, Any], names: dict[int, str] | None, origin: str) -> Any:
    """The network of a checked architecture; its random weights leave the caller's generator unchanged."""
    import torch

    measure(content, origin)
    try:
        with quiet(), default_activation(), torch.random.fork_rng(devices=[]):
            network = ultralytics("nn.tasks").SegmentationModel(content, verbose=False)
    except (AttributeError, LookupError, RuntimeError, TypeError, ValueError, ArithmeticError) as error:
        raise ModelError(f"{origin} cannot be built: {error}") from error
    if names is not None:
        network.names = names
    return network


def adapt(network: Any, labels: tuple[str, ...]) -> Any:
    """A new network of this architecture for these labels, with all weights that fit (labels by name)."""
    names = dict(enumerate(labels))
    fresh = build(network.yaml, len(labels), names)
    with quiet():
        fresh.load(network, verbose=False)
    fresh.names = names
    return fresh


def read(path: str | Path) -> Any:
    """Read weights from a ``.npz`` of ours or a ``.pt`` of ultralytics.

    Raises:
        ModelError: the file is damaged, holds anything but known classes, or is no segmentation model.
    """
    ultralytics()  # before torch, so that it loads as quiet says
    path = local_path(path)
    architecture, labels, state = checkpoint.read(path) if path.suffix == ".pt" else _read_npz(path)
    return _assembled(architecture, labels, state, str(path))


def write(network: Any, path: Path, **meta: Any) -> Path:
    """Write weights as ``.npz``: tensors by name and one JSON text (architecture, labels, ``meta``)."""
    if path.suffix != ".npz":
        raise ModelError(f"weights are written as .npz, got {path}")
    tensors = {name: tensor.cpu().numpy() for name, tensor in network.state_dict().items()}
    said = {"architecture": network.yaml, "labels": list(network.names.values()), **meta}
    return archive.write(path, archive.packed(said, tensors))


def read_meta(path: Path) -> dict[str, Any]:
    """The JSON text of a ``.npz`` of ours: architecture, labels, and the ``meta`` given to :func:`write`."""
    try:
        meta = json.loads(archive.arrays(path, archive.META)[archive.META].tobytes())
        imgsz, name = meta.get("imgsz"), meta.get("name", "")
        if imgsz is not None and not (type(imgsz) is int and 32 <= imgsz <= _LARGEST_INPUT):
            raise ValueError("its input size is no number of pixels")
        if not isinstance(name, str) or not name.isprintable():
            raise ValueError("its name is no line of text")
    except (ValueError, KeyError, AttributeError, RecursionError) as error:
        raise ModelError(f"{path} is not a weights file of nbalabel: {error}") from error
    return meta


def _read_npz(path: Path) -> tuple[Any, Any, dict[str, Any]]:
    import torch

    meta = read_meta(path)
    try:
        found = {name: array for name, array in archive.arrays(path).items() if name != archive.META}
        state = {name: torch.from_numpy(array) for name, array in found.items()}
    except (TypeError, ValueError) as error:
        raise ModelError(f"{path} is not a weights file of nbalabel: {error}") from error
    return meta.get("architecture"), meta.get("labels"), state


def _assembled(architecture: Any, labels: Any, state: dict[str, Any], origin: str) -> Any:
    """Build a network from the architecture in a file, once checked, and load the file's tensors."""
    content = checked(architecture, origin)
    names = dict(enumerate(_labels(labels, origin)))
    network = _network({**content, "nc": len(names)}, names, origin)
    # The width of the label branch follows the number of labels a model was first built for.
    last = f"model.{len(network.model) - 1}.cv3.0.2.weight"
    own, theirs = network.state_dict().get(last), state.get(last)
    if own is None or theirs is None or theirs.ndim != 4:
        raise ModelError(
            f"{origin} does not fit its own architecture: no {last}. Weights fused for inference "
            "cannot be trained: use those the training wrote"
        )
    if own.shape[1] != theirs.shape[1]:
        with quiet():
            network.load(_network({**content, "nc": theirs.shape[1]}, None, origin), verbose=False)
        network.names = names
    try:
        network.load_state_dict(state)
    except (RuntimeError, TypeError, NotImplementedError) as error:
        raise ModelError(f"{origin} does not fit its own architecture: {str(error)[:500]}") from error
    return network


def _labels(labels: Any, origin: str) -> list[str]:
    if not isinstance(labels, list | tuple) or not 0 < len(labels) <= _MOST_LABELS:
        raise ModelError(f"{origin}: expected 1 to {_MOST_LABELS} labels, got {type(labels).__name__}")
    wrong = [label for label in labels if not isinstance(label, str) or not label.isprintable()]
    if wrong:
        raise ModelError(f"{origin}: labels must be lines of text, got {str(wrong[0])[:60]!r}")
    return list(labels)
