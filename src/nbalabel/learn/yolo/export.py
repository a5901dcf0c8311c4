"""Weights for other programs: a checkpoint that plain ultralytics loads, or ONNX."""

from __future__ import annotations

import importlib.util
import shutil
import tempfile
import warnings
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ...core.errors import MissingExtraError, ModelError
from ..libraries.quiet_ultralytics import own_threads, quiet, ultralytics

FORMATS = (".pt", ".onnx")


def export(network: Any, path: Path, imgsz: int) -> Path:
    """Write the network in the format of the suffix.

    Args:
        network: a SegmentationModel of ultralytics.
        path: the file to write; ``.pt`` or ``.onnx``.
        imgsz: long side that images are resized to, pixels; written into the file.

    Raises:
        ModelError: the file has another suffix.
        MissingExtraError: a package that ONNX needs is not installed.
    """
    if path.suffix not in FORMATS:
        raise ModelError(
            f"expected a file that ends in {' or '.join(FORMATS)}, got {path.name}; "
            f"model.save({path.stem!r}) writes .npz, which nl.Yolo reads"
        )
    if path.suffix == ".onnx" and importlib.util.find_spec("onnx") is None:
        raise MissingExtraError("writing ONNX needs the package onnx: pip install onnx")
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}-") as folder:
        made = _checkpoint(network, Path(folder) / f"{path.stem}.pt", imgsz)
        if path.suffix == ".onnx":
            made = _onnx(made, imgsz)
        shutil.move(made, path)
    return path


def _checkpoint(network: Any, path: Path, imgsz: int) -> Path:
    """A checkpoint as ultralytics' own trainer writes it, in full precision."""
    import torch

    model = deepcopy(network).cpu().float().eval().to(memory_format=torch.contiguous_format)
    for name in ("criterion", "loss"):
        if name in vars(model):
            setattr(model, name, None)
    arguments = {"task": "segment", "imgsz": imgsz, "single_cls": False}
    model.args = dict(arguments)
    content = {
        "epoch": -1,
        "model": model,
        "ema": None,
        "optimizer": None,
        "train_args": arguments,
        "date": datetime.now(UTC).isoformat(),
        "version": ultralytics().__version__,
    }
    torch.save(content, path)
    return path


def _onnx(checkpoint: Path, imgsz: int) -> Path:
    with quiet(), own_threads(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns about the exporter that ultralytics chose
        model = ultralytics().YOLO(str(checkpoint))
        return Path(model.export(format="onnx", imgsz=imgsz, simplify=False, device="cpu"))
