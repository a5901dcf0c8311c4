"""Ultralytics without side effects: no telemetry, no integrations, no log lines, no files of its own.

Every change is undone afterwards, so that a notebook that also uses ultralytics directly finds it unchanged.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from PIL import Image

from ...core.caches import cache_folder
from ...core.cores import cores
from ...core.errors import MissingExtraError
from . import torch_threads as threads

_HINT = "nbalabel.Yolo needs ultralytics (AGPL-3.0; nbalabel is Apache-2.0): pip install 'nbalabel[yolo]'"


def is_offline() -> bool:
    """Whether ``NBALABEL_OFFLINE`` forbids downloads."""
    return os.environ.get("NBALABEL_OFFLINE", "").strip().lower() not in ("", "0", "false", "no")


def ultralytics(module: str = "") -> ModuleType:
    """Import ultralytics, or one of its modules, telemetry off.

    Args:
        module: dotted name below ``ultralytics``; "" is the package.

    Raises:
        MissingExtraError: ultralytics or torch is not installed.
    """
    name = f"ultralytics.{module}".rstrip(".")
    loaded = sys.modules.get(name)
    if loaded is not None and not getattr(loaded.__spec__, "_initializing", False):
        return loaded  # the environment is left alone: torch may be reading it in another thread
    try:
        with _import_environment():
            import ultralytics as package

            return importlib.import_module(name) if module else package
    except ImportError as error:
        if (error.name or "").partition(".")[0] in ("ultralytics", "torch", "torchvision", "cv2"):
            raise MissingExtraError(_HINT) from error
        raise


@contextmanager
def quiet() -> Iterator[None]:
    """Suppress ultralytics' progress bars and its log lines, except errors."""
    logger = ultralytics("utils").LOGGER
    events = ultralytics("utils.events").events
    level, enabled = logger.level, events.enabled
    logger.setLevel(logging.ERROR)
    events.enabled = False
    try:
        yield
    finally:
        logger.setLevel(level)
        events.enabled = enabled


@contextmanager
def own_threads() -> Iterator[None]:
    """Keep torch's number of threads, which ultralytics lowers by one when it chooses a device."""
    torch = importlib.import_module("torch")
    threads = torch.get_num_threads()
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _import_environment() -> Iterator[None]:
    """Keep the import from looking up host names, writing a settings file and limiting torch to one thread.

    It also keeps Pillow's `open`: ultralytics replaces it by one that asks pip to install a package where a
    picture is broken, and then raises an ImportError. The import also loads torch, so this sets how torch's
    threads wait.
    """
    ours = {"YOLO_OFFLINE": "1", "YOLO_VERBOSE": "false", **threads.environment()}
    if "OMP_NUM_THREADS" not in os.environ:
        ours["OMP_NUM_THREADS"] = str(cores())
    if "YOLO_CONFIG_DIR" not in os.environ:
        ours["YOLO_CONFIG_DIR"] = str(_writable(cache_folder()))
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    opens = Image.open
    try:
        yield
    finally:
        Image.open = opens
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return Path(tempfile.gettempdir())
    return folder if os.access(folder, os.W_OK) else Path(tempfile.gettempdir())
