"""Networks by name: Mask R-CNN, whole or over a ResNet, and backbones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any

from ...core.errors import UnknownNameError, first
from .package import torchvision
from .weights import fill, published

WHOLE = ("maskrcnn_resnet50_fpn_v2", "maskrcnn_resnet50_fpn")
_OVER = ("resnet18", "resnet34", "resnet50", "resnet101")
COCO = 91  # outputs of the published networks: background, 80 labels, and unused numbers


def mask_rcnn(name: str, n_labels: int, seed: int = 0) -> Any:
    """A Mask R-CNN with random weights.

    Args:
        name: one of ``WHOLE`` or ``_OVER``.
        n_labels: number of labels, without the background.
        seed: seed of the weights; the caller's generator is left unchanged.

    Raises:
        UnknownNameError: there is no such network.
    """
    if name not in (*WHOLE, *_OVER):
        near = get_close_matches(name, (*WHOLE, *_OVER), n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise UnknownNameError(f"no Mask R-CNN {name!r}: there are {', '.join((*WHOLE, *_OVER))}{hint}")
    detection = torchvision("models.detection")
    with seeded(seed):
        if name in WHOLE:
            make = getattr(detection, name)
            return make(weights=None, weights_backbone=None, num_classes=n_labels + 1)
        import torch

        backbone = detection.backbone_utils.resnet_fpn_backbone(
            backbone_name=name, weights=None, trainable_layers=5, norm_layer=torch.nn.BatchNorm2d
        )
        return detection.MaskRCNN(backbone, n_labels + 1)


def pretrained(name: str) -> tuple[Any, dict[int, str], bool]:
    """A Mask R-CNN to start from.

    Returns:
        The network; its labels by output (empty without weights of the whole network); and whether at least
        its backbone is pretrained.
    """
    models = torchvision("models")
    if name in WHOLE:
        weights = models.get_model_weights(name).DEFAULT
        state = published(name, weights)
        network = mask_rcnn(name, COCO - 1)
        if state is None:
            return network, {}, False
        fill(network, state, f"{name}'s weights")
        names = weights.meta["categories"]
        return network, {i: n for i, n in enumerate(names) if i and n != "N/A"}, True
    network = mask_rcnn(name, 1)
    state = published(name, models.get_model_weights(name).DEFAULT)
    if state is not None:
        body = {key: value for key, value in state.items() if not key.startswith("fc.")}
        fill(network.backbone.body, body, f"{name}'s weights")
    return network, {}, state is not None


def adapted(name: str, network: Any, names: dict[int, str], labels: tuple[str, ...], seed: int) -> Any:
    """A new network for these labels, with all weights of another; labels of equal name keep their weights.

    Args:
        name: name of the architecture.
        network: the network that weights come from.
        names: labels of ``network`` by output.
        labels: labels of the new network, at outputs 1..n; 0 is the background.
        seed: seed of new weights.
    """
    import torch

    fresh = mask_rcnn(name, len(labels), seed)
    old, new = network.state_dict(), fresh.state_dict()
    place = {label: code for code, label in names.items()}
    pairs = [(0, 0), *((i + 1, place[label]) for i, label in enumerate(labels) if label in place)]
    to, of = (torch.tensor(side) for side in zip(*pairs, strict=True))
    for key, tensor in new.items():
        theirs = old[key]
        if tensor.shape == theirs.shape and "predictor" not in key:
            tensor.copy_(theirs)
        elif key.endswith(
            ("cls_score.weight", "cls_score.bias", "mask_fcn_logits.weight", "mask_fcn_logits.bias")
        ):
            tensor[to] = theirs[of]
        elif "bbox_pred" in key:  # four numbers per label
            shape = (-1, 4, *tensor.shape[1:])
            tensor.view(shape)[to] = theirs.view(shape)[of]
        else:
            tensor.copy_(theirs)
    return fresh


def describer(name: str) -> Any:
    """A network that classifies images, for its feature maps; weights are random where none are available.

    Raises:
        UnknownNameError: torchvision has no such network.
    """
    network, models = bare(name), torchvision("models")
    state = published(name, models.get_model_weights(name).DEFAULT)
    if state is not None:
        fill(network, state, f"{name}'s weights")
    return network


def bare(name: str) -> Any:
    """The same network with random weights.

    Raises:
        UnknownNameError: torchvision has no such network.
    """
    models = torchvision("models")
    listed = models.list_models(module=models)
    if name not in listed:
        near = get_close_matches(name, listed, n=3) or listed
        raise UnknownNameError(f"torchvision has no network {name!r}; near are {first(near)}")
    with seeded(0):
        return models.get_model(name, weights=None)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Seed torch's random numbers; the caller's generator is restored at the end."""
    torchvision()
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield
