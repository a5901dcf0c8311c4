"""Weights: finding, downloading, reading and writing them.

Our own files are ``.npz``: the tensors by name, and one JSON text. Nothing in them can run code, unlike the
pickles torch writes; ultralytics' ``.pt`` files are read through its allow-list of known classes only.
"""

from __future__ import annotations

import json
import threading
import urllib.request
import warnings
import zipfile
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from ...core.errors import FallbackWarning, ModelError, UnknownNameError
from .quiet import cache_folder, is_offline, quiet, ultralytics

_CONNECT_SECONDS = 3.0
_DOWNLOAD_SECONDS = 120.0
_META = "__nbalabel__"


def start(name: str) -> tuple[Any, bool]:
    """The network that a name stands for: pretrained where its weights can be had, else untrained.

    Args:
        name: a ``.npz`` of ours, a ``.pt`` or ``.yaml`` of ultralytics (a path), or a model's name
            ("yolo11n-seg").

    Returns:
        The network, and whether it has learned anything.

    Raises:
        UnknownNameError: neither a file nor an architecture goes by that name.
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
        f"Put {stem}.pt into a folder weights/ beside the notebook to start from weights",
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
    outcome: dict[str, Any] = {}
    connected = threading.Event()
    target = cache_folder() / "weights" / file

    def fetch() -> None:
        try:
            _fetch(url, target, connected)
            outcome["file"] = target
        except (OSError, ValueError) as error:
            outcome["reason"] = f"download failed: {error}"
        connected.set()

    # Name look-ups ignore time-outs, so the wait is ours and the thread is left behind if it hangs.
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
    """An untrained network of an architecture: ultralytics' name of a YAML file, or its content.

    Args:
        architecture: "yolo11n-seg.yaml", a path, or the dictionary such a file holds.
        nc: number of labels; None keeps the file's.
        names: the labels by index; None keeps placeholders.

    Raises:
        UnknownNameError: there is no such file.
        ModelError: it does not describe a segmentation model.
    """
    import torch

    tasks = ultralytics("nn.tasks")
    with (
        quiet(),
        torch.random.fork_rng(devices=[]),
    ):  # drawing initial weights leaves the caller's generator alone
        try:
            content = (
                deepcopy(architecture)
                if isinstance(architecture, dict)
                else tasks.yaml_model_load(architecture)
            )
        except (OSError, ValueError) as error:
            raise UnknownNameError(
                f"no model {architecture!r}: expected a name as 'yolo11n-seg', or a .npz, .pt or .yaml file"
            ) from error
        if tasks.guess_model_task(content) != "segment":
            raise ModelError(
                f"{architecture!r} is no segmentation model: expected a name such as 'yolo11n-seg'"
            )
        network = tasks.SegmentationModel(content, nc=nc, verbose=False)
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
    path = Path(path)
    return _read_pt(path) if path.suffix == ".pt" else _read_npz(path)


def write(network: Any, path: Path, **meta: Any) -> Path:
    """Write weights as ``.npz``: tensors by name and one JSON text (architecture, labels, ``meta``)."""
    if path.suffix != ".npz":
        raise ModelError(f"weights are written as .npz, got {path}")
    tensors = {name: tensor.cpu().numpy() for name, tensor in network.state_dict().items()}
    text = json.dumps({"architecture": network.yaml, "labels": list(network.names.values()), **meta})
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with partial.open("wb") as file:
        arrays: dict[str, Any] = {_META: np.frombuffer(text.encode(), np.uint8), **tensors}
        np.savez(file, **arrays)
    partial.replace(path)
    return path


def read_meta(path: Path) -> dict[str, Any]:
    """The JSON text of a ``.npz`` of ours."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return json.loads(archive[_META].tobytes())
    except (OSError, ValueError, KeyError, EOFError, AttributeError, zipfile.BadZipFile) as error:
        raise ModelError(f"{path} is not a weights file of nbalabel: {error}") from error


def _read_npz(path: Path) -> Any:
    import torch

    meta = read_meta(path)
    with np.load(path, allow_pickle=False) as archive:
        state = {name: torch.from_numpy(archive[name]) for name in archive.files if name != _META}
    labels = meta["labels"]
    network = build(meta["architecture"], len(labels), dict(enumerate(labels)))
    # The width of the label branch follows the number of labels a model was first built for.
    width = next(tensor.shape[0] for name, tensor in state.items() if name.endswith("cv3.0.0.1.conv.weight"))
    if width != dict(network.named_parameters())[_width_name(network)].shape[0]:
        with quiet():
            network.load(build(meta["architecture"], width), verbose=False)
        network.names = dict(enumerate(labels))
    try:
        network.load_state_dict(state)
    except RuntimeError as error:
        raise ModelError(f"{path} does not fit its own architecture: {error}") from error
    return network


def _width_name(network: Any) -> str:
    return next(name for name, _ in network.named_parameters() if name.endswith("cv3.0.0.1.conv.weight"))


def _read_pt(path: Path) -> Any:
    tasks = ultralytics("nn.tasks")
    with quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch remarks on pickles that it then refuses
        try:
            checkpoint, _ = tasks.torch_safe_load(str(path), safe_only=True)
        except (TypeError, ValueError, RuntimeError, OSError, EOFError, ModuleNotFoundError) as error:
            raise ModelError(f"{path} cannot be read as ultralytics weights: {error}") from error
    network = (checkpoint.get("ema") or checkpoint.get("model")) if isinstance(checkpoint, dict) else None
    if not isinstance(network, tasks.SegmentationModel):
        raise ModelError(f"{path} holds {type(network).__name__}, expected a segmentation model")
    return network.float()
