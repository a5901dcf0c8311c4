"""The start of a training: the current weights, those the model was made with, or a mixture of both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...core.errors import ModelError
from ..checkpoints import weights

STARTS = ("current", "fresh", "shrink")
SHRINK, PERTURB = 0.4, 0.1
"""Factor of the current weights, and of the fresh weights that are added."""


@dataclass(frozen=True)
class Origin:
    """Weights to start from.

    Attributes:
        network: the network of these weights.
        trained: whether it is trained; if not, its weights are drawn anew by the seed.
        shrunk: whether the weights are shrunk towards fresh ones.
    """

    network: Any
    trained: bool
    shrunk: bool = False

    def fitted(self, names: Mapping[int, str]) -> Any:
        """A new network for these labels, with all weights that fit.

        Untrained weights come from torch's random generator.
        """
        if not self.trained:
            return weights.build(self.network.yaml, len(names), dict(names))
        network = weights.adapt(self.network, tuple(names.values()))
        return _shrunk(network, names) if self.shrunk else network


def origin(start: str, network: Any, trained: bool, first: Any, first_trained: bool) -> Origin:
    """The origin that ``train(start=...)`` names.

    Args:
        start: one of ``STARTS``.
        network: the current network.
        trained: whether the current network is trained.
        first: the network the model was made with.
        first_trained: whether that network is pretrained (it came with weights).

    Raises:
        ModelError: there is no such start.

    Source: J. Ash and R. Adams, "On warm-starting neural network training" (2020).
    """
    if start not in STARTS:
        raise ModelError(f"start must be one of {', '.join(STARTS)}, got {start!r}")
    if start == "fresh":
        return Origin(first, first_trained)
    return Origin(network, trained, shrunk=start == "shrink")


def _shrunk(network: Any, names: Mapping[int, str]) -> Any:
    """Weights times 0.4, plus a tenth of fresh ones; running statistics stay, and what is never learned.

    The bins by which ultralytics decodes boxes are a weight, too: shrunk, every box would be half as large.
    """
    import torch

    fresh = dict(weights.build(network.yaml, len(names), dict(names)).named_parameters())
    with torch.no_grad():
        for name, parameter in network.named_parameters():
            learned = fresh[name].requires_grad
            if learned and parameter.ndim > 1:  # not the factors and offsets of normalisation
                parameter.mul_(SHRINK).add_(fresh[name], alpha=PERTURB)
    return network
