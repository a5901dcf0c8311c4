"""Half precision on a GPU, which has units for it; processors stay in float32.

A network's body runs in half precision, its head in float32: the head computes boxes in pixels, and above 512
pixels float16 knows only every half one.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from functools import partial
from typing import Any


def half_for(device: Any) -> Any:
    """The type that convolutions of a prediction have on a ``torch.device``; None for float32."""
    import torch

    return torch.float16 if device.type == "cuda" else None


def with_exact_head(network: Any) -> Any:
    """The network, whose last layer computes in float32 also within :func:`lighter`; changed in place."""
    head = network.model[-1]
    head.forward = partial(_exactly, head.forward)
    return network


def lighter(device: Any, half: Any) -> AbstractContextManager[Any]:
    """Within it, convolutions on a device have the type ``half``; None changes nothing."""
    import torch

    return nullcontext() if half is None else torch.autocast(device.type, dtype=half)


def as_float(values: Any) -> Any:
    """Tensors in float32, in whatever dictionaries, tuples and lists they lie; numbers of whole kind stay."""
    if isinstance(values, dict):
        return {name: as_float(value) for name, value in values.items()}
    if isinstance(values, tuple | list):
        return type(values)(as_float(value) for value in values)
    return values.float() if hasattr(values, "is_floating_point") and values.is_floating_point() else values


def _exactly(forward: Any, *inputs: Any, **more: Any) -> Any:
    import torch

    kind = next((tensor.device.type for tensor in _tensors(inputs)), "cpu")
    with torch.autocast(kind, enabled=False):
        return forward(*as_float(inputs), **as_float(more))


def _tensors(values: Any) -> Any:
    for value in values:
        if isinstance(value, tuple | list):
            yield from _tensors(value)
        elif hasattr(value, "is_floating_point"):
            yield value
