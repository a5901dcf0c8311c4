"""A network whose weights are set by hand: it finds the shapes of ``conftest`` for certain, on any machine.

What a short training learns hangs on how a processor rounds. Here red minus green and green minus red pass a
threshold that no background reaches, averages of halved images carry them down, and the cell of 32 pixels in
which a shape lies answers: its color is the label, its box is the cell, its mask the color at 4 pixels.
Scores are above 0.7 where there is a shape and below 0.01 elsewhere; the tests ask for 0.1.
"""

from __future__ import annotations

from typing import Any

ARCHITECTURE = {
    "nc": 2,
    "activation": "nn.ReLU()",
    "depth_multiple": 1.0,
    "width_multiple": 1.0,
    "backbone": [*([-1, 1, "Conv", [8, 2, 2, 0]] for _ in range(5)), [-1, 1, "SPPF", [8, 5]]],
    "head": [[[1, 4], 1, "Segment", ["nc", 8, 8]]],
}
RED, GREEN, ONE = 0, 1, 2
"""Channels: how red, how green, and a constant."""


def network() -> Any:
    """The network, for labels ring (red) and square (green)."""
    import torch

    from nbalabel.learn.checkpoints import weights

    made = weights.build(ARCHITECTURE, 2, {0: "ring", 1: "square"})
    with torch.no_grad():
        for name, value in made.named_parameters():
            if ".dfl." not in name:  # its weights are the numbers it averages
                value.fill_(1.0 if name.endswith("bn.weight") else 0.0)
        _see(made.model)
        _answer(made.model[-1])
        _paint(made.model[-1].proto)
    return made.eval()


def _see(layers: Any) -> None:
    """Two colors, halved five times, and what lies around them."""
    first = layers[0]
    first.conv.weight[RED, [0, 1]] = _quarters([3.85, -3.85])
    first.conv.weight[GREEN, [1, 0]] = _quarters([3.34, -3.34])
    first.bn.bias[[RED, GREEN]] = -_quarters([0.96, 0.84])[:, 0, 0] * 4
    for layer in layers[1:5]:
        for channel in (RED, GREEN):
            layer.conv.weight[channel, channel] = 0.25
    pooling = layers[5]
    for channel in (RED, GREEN):
        pooling.cv1.conv.weight[channel, channel] = 1.0
        pooling.cv2.conv.weight[channel, channel] = 1.0


def _quarters(values: list[float]) -> Any:
    """The same weight for each of the 2 x 2 pixels that become one."""
    import torch

    return torch.tensor(values)[:, None, None].expand(-1, 2, 2) / 4


def _answer(head: Any) -> None:
    """Nothing from small cells; from large ones the label, steep at first so that small shapes count too."""
    head.cv3[0][2].bias.fill_(-20)
    first, second, last = head.cv3[1]
    for channel in (RED, GREEN):
        steep = channel + 2
        first.conv.weight[channel, channel, 1, 1] = 1.0
        first.conv.weight[steep, channel, 1, 1] = 1.0
        first.bn.bias[steep] = -0.15
        second.conv.weight[[channel, steep], [channel, steep], 1, 1] = 1.0
        last.weight[channel, channel] = 60.0
        last.weight[channel, steep] = -50.0
    last.bias.fill_(-5)
    for box in head.cv2:
        box[2].bias.view(4, -1)[:, :2] = 20.0  # half a cell to each side
    for coefficients in head.cv4:
        coefficients[2].bias[[RED, GREEN]] = 40.0
        coefficients[2].bias[ONE] = -20.0


def _paint(proto: Any) -> None:
    """Where there is color, at 4 pixels."""
    for channel in (RED, GREEN):
        proto.cv1.conv.weight[channel, channel, 1, 1] = 1.0
        proto.upsample.weight[channel, channel] = 1.0
        proto.cv2.conv.weight[channel, channel, 1, 1] = 1.0
        proto.cv3.conv.weight[channel, channel] = 1.0
    proto.cv3.bn.bias[ONE] = 1.0
