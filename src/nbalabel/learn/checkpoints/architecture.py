"""Check the architecture in a weights file before ultralytics builds a network from it.

Ultralytics evaluates ``activation`` as Python, looks modules up by any name, and builds whatever size is
asked for. An untrusted weights file therefore passes through :func:`checked`, which copies known content and
refuses the rest, and through :func:`measure`, which builds the network without memory to check its size.
"""

from __future__ import annotations

import functools
import json
import math
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from ...core.errors import ModelError
from ..libraries.quiet_ultralytics import quiet, ultralytics

_HEADS = frozenset({"Segment", "Segment26"})
_LAYERS = """
A2C2f AConv ADown Bottleneck BottleneckCSP C1 C2 C2PSA C2f C2fCIB C2fPSA C3 C3Ghost C3k2 C3x CBFuse CBLinear
Concat Conv Conv2 ConvTranspose DWConv DWConvTranspose2d ELAN1 Focus GhostBottleneck GhostConv HGBlock HGStem
PSA RepC3 RepConv RepNCSPELAN4 RepVGGDW ResNetLayer SCDown SPP SPPELAN SPPF Silence nn.BatchNorm2d nn.Conv2d
nn.ConvTranspose2d nn.Identity nn.MaxPool2d nn.Upsample nn.ZeroPad2d
"""
_BUILDING = threading.RLock()
_MODULES = _HEADS | set(_LAYERS.split())
"""Layers of segmentation networks; others download files, need texts, or belong to other tasks."""

_NUMBER = r"-?\d{1,3}(\.\d{1,6})?"
_ARGUMENT = rf"((inplace|negative_slope|alpha|approximate)=)?({_NUMBER}|True|False|'none'|'tanh')"
_ACTIVATION = re.compile(
    r"(torch\.)?nn\.(SiLU|ReLU|ReLU6|LeakyReLU|ELU|SELU|CELU|GELU|Mish|Hardswish|Softplus|Sigmoid|Tanh|Identity)"
    rf"\(({_ARGUMENT}(, ?{_ARGUMENT})?)?\)"
)
_WORDS = frozenset({"nc", "None", "True", "False", "nearest", "bilinear"})

_MOST_LAYERS, _MOST_REPEATS, _MOST_ARGUMENTS = 128, 32, 16
_MOST_LABELS, _LARGEST, _LARGEST_REAL = 10_000, 65_536, 1000.0

# The largest published segmentation networks (yolo11x, yolov8x-p6, yolov9e, yolo26x) take a third of these.
_OPERATIONS, _TENSOR, _TOTAL, _PRODUCTS = 20_000, 2**26, 2**31, 2e11


def checked(content: Any, origin: str) -> dict[str, Any]:
    """A copy of an architecture that holds nothing but known layers, plain numbers and known words.

    Args:
        content: content of a file: ``backbone`` and ``head`` as rows (from, repeats, module, arguments), and
            ``nc``, ``scales``, ``scale``, ``activation`` ...; other keys are left out.
        origin: the file, for messages.

    Raises:
        ModelError: anything in it is unknown, too large, or of another type.
    """
    if not isinstance(content, Mapping):
        raise ModelError(f"{origin}: expected an architecture, got {type(content).__name__}")
    last = _last_layer(content)
    if last not in _HEADS:
        raise ModelError(
            f"{origin} is no segmentation model: its last layer is {last}, expected "
            f"{' or '.join(sorted(_HEADS))} as in 'yolo11n-seg'"
        )
    try:
        clean: dict[str, Any] = {
            name: rule(content[name]) for name, rule in _RULES.items() if name in content
        }
        n_layers = len(clean["backbone"]) + len(clean["head"])
        clean.setdefault("nc", 80)
    except KeyError as error:
        raise ModelError(f"{origin}: its architecture has no {error}") from error
    except _RefusedError as error:
        raise ModelError(f"{origin}: its architecture {error}, which no model of ultralytics has") from None
    if n_layers > _MOST_LAYERS or not clean["backbone"]:
        raise ModelError(f"{origin}: expected a backbone and at most {_MOST_LAYERS} layers, got {n_layers}")
    return clean


def measure(architecture: Mapping[str, Any], origin: str) -> None:
    """Build and run a checked architecture on the meta device, without memory, to check its size.

    Raises:
        ModelError: it cannot be built, or takes more memory or time than the largest published networks.
    """
    problem = _problem(json.dumps(architecture))
    if problem:
        raise ModelError(f"{origin}: its architecture {problem}")


def _last_layer(content: Mapping[str, Any]) -> str:
    try:
        return str(content["head"][-1][2])[:60]
    except (KeyError, IndexError, TypeError):
        return "missing"


@functools.lru_cache(64)
def _problem(text: str) -> str:
    import torch

    try:
        with quiet(), default_activation(), torch.device("meta"), torch.no_grad(), _meter():
            _run(json.loads(text))
    except _RefusedError as error:
        return str(error)
    except Exception as error:  # noqa: BLE001  # untrusted numbers make torch raise anything
        return f"cannot be built: {error}"
    return ""


def _run(architecture: dict[str, Any]) -> None:
    """Run one image of the size with which ultralytics measures strides."""
    import torch

    layers, kept = ultralytics("nn.tasks").parse_model(deepcopy(architecture), 3, verbose=False)
    layers.eval()
    layers[-1].training = True  # the head then gives its raw maps
    x: Any = torch.zeros(1, 3, 256, 256)
    seen: list[Any] = []
    for layer in layers:
        if layer.f != -1:
            x = seen[layer.f] if isinstance(layer.f, int) else [x if j == -1 else seen[j] for j in layer.f]
        x = layer(x)
        seen.append(x if layer.i in kept else None)


@contextmanager
def default_activation() -> Iterator[None]:
    """Restore ultralytics' default activation, which a failed build leaves changed for the whole process.

    While one thread builds, others wait: they would build their layers with its activation.
    """
    conv = ultralytics("nn.modules.conv").Conv
    with _BUILDING:
        before = conv.default_act
        try:
            yield
        finally:
            conv.default_act = before


def _meter() -> Any:
    """Count operations, numbers and products; a count past its limit raises."""
    import torch
    from torch.utils._python_dispatch import TorchDispatchMode

    convolution = torch.ops.aten.convolution.default

    class Meter(TorchDispatchMode):
        operations = total = products = 0

        def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            made = func(*args, **(kwargs or {}))
            sizes = [
                t.numel() for t in (made if isinstance(made, tuple | list) else (made,)) if _is_tensor(t)
            ]
            self.operations += 1
            self.total += sum(sizes)
            if func is convolution:
                self.products += made.numel() * args[1][0].numel()
            if self.operations > _OPERATIONS or max(sizes, default=0) > _TENSOR or self.total > _TOTAL:
                raise _RefusedError(
                    f"asks for more than {_TENSOR:,} numbers in one layer, or {_TOTAL:,} in all"
                )
            if self.products > _PRODUCTS:
                raise _RefusedError(f"asks for more than {_PRODUCTS:.0e} products for one small image")
            return made

    return Meter()


def _is_tensor(value: Any) -> bool:
    import torch

    return isinstance(value, torch.Tensor)


class _RefusedError(Exception):
    """The error, as the end of a sentence that begins with "its architecture"."""


def _whole(low: int, high: int) -> Any:
    def rule(value: Any) -> int:
        if type(value) is not int or not low <= value <= high:
            raise _RefusedError(f"holds {_short(value)} where a whole number from {low} to {high} belongs")
        return value

    return rule


def _real(value: Any) -> float:
    if type(value) not in (int, float) or not math.isfinite(value) or abs(value) > _LARGEST:
        raise _RefusedError(f"holds {_short(value)} where a number belongs")
    return value


def _truth(value: Any) -> bool | None:
    if value is not None and type(value) is not bool:
        raise _RefusedError(f"holds {_short(value)} where true or false belongs")
    return value


def _activation(value: Any) -> str | None:
    if value is None or (type(value) is str and _ACTIVATION.fullmatch(value)):
        return value
    raise _RefusedError(f"asks for the activation {_short(value)}")


def _scale(value: Any) -> str:
    if type(value) is str and re.fullmatch(r"\w{0,8}", value):
        return value
    raise _RefusedError(f"holds {_short(value)} where the letter of a scale belongs")


def _scales(value: Any) -> dict[str, list[float]] | None:
    if value is None:
        return None
    if not isinstance(value, Mapping) or len(value) > _MOST_ARGUMENTS:
        raise _RefusedError(f"holds {_short(value)} where scales belong")
    found = {_scale(name): [_real(v) for v in _listed(row)] for name, row in value.items()}
    if any(len(row) != 3 for row in found.values()):
        raise _RefusedError("holds scales that are not depth, width and most channels")
    return found


def _rows(value: Any) -> list[list[Any]]:
    return [_row(row) for row in _listed(value, _MOST_LAYERS)]


def _row(value: Any) -> list[Any]:
    row = _listed(value)
    if len(row) != 4:
        raise _RefusedError(f"has a layer of {len(row)} values instead of from, repeats, module, arguments")
    source, repeats, module, arguments = row
    index = _whole(-_MOST_LAYERS, _MOST_LAYERS)
    if type(module) is not str or module not in _MODULES:
        raise _RefusedError(f"has a layer {_short(module)}")
    return [
        [index(at) for at in source] if isinstance(source, list | tuple) else index(source),
        _whole(1, _MOST_REPEATS)(repeats),
        "nn.Identity" if module == "Silence" else module,
        [_argument(a) for a in _listed(arguments)],
    ]


def _argument(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_whole(-_LARGEST, _LARGEST)(v) for v in _listed(value)]
    if value is None or type(value) is bool or (type(value) is str and value in _WORDS):
        return value
    if type(value) is int:
        return _whole(-_LARGEST, _LARGEST)(value)
    if type(value) is float and abs(value) <= _LARGEST_REAL:
        return value
    raise _RefusedError(f"has a layer with the argument {_short(value)}")


def _listed(value: Any, most: int = _MOST_ARGUMENTS) -> list[Any]:
    if not isinstance(value, list | tuple) or len(value) > most:
        raise _RefusedError(f"holds {_short(value)} where a list of at most {most} values belongs")
    return list(value)


def _short(value: Any) -> str:
    """An untrusted value for a message, shortened."""
    return (
        repr(value[:60])
        if isinstance(value, str)
        else type(value).__name__
        + (f" {value}" if type(value) in (int, float, bool) and abs(value) < 1e18 else "")
    )


_RULES: Mapping[str, Any] = {
    "nc": _whole(1, _MOST_LABELS),
    "scale": _scale,
    "scales": _scales,
    "depth_multiple": _real,
    "width_multiple": _real,
    "reg_max": _whole(1, 64),
    "end2end": _truth,
    "inplace": _truth,
    "activation": _activation,
    "backbone": _rows,
    "head": _rows,
}
