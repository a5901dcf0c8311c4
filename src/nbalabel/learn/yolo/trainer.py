"""ultralytics' training loop over tables: nothing on disk, best weights in memory, interruptible.

Built inside functions, since the base class comes from ultralytics, which loads only when a model is made.
"""

from __future__ import annotations

import functools
import random
import tempfile
import time
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Protocol

import numpy as np

from ...core.errors import ModelError
from . import weights
from .dataset import dataset, loader
from .examples import Examples
from .quiet import own_threads, quiet, ultralytics
from .threads import considerate

OURS = {
    "model": "it is the Yolo object itself",
    "data": "images and labels come from the tables",
    "task": "only segmentation is supported",
    "mode": "call train, predict or embed",
    "resume": "training again continues from the current weights",
    "pretrained": "weights are chosen by Yolo(...)",
    "fraction": "set the weight of images to 0 instead",
    "split": "the split column says which images validate",
    "classes": "leave rows out of the tables instead",
    "single_cls": "give the tables a single label instead",
    "rect": "images are letterboxed to a square",
    "cache": "images are kept in memory while they fit",
    "project": "pass folder=",
    "name": "pass folder=",
    "exist_ok": "pass folder=",
    "save_dir": "pass folder=",
}
"""Arguments of ultralytics that have no meaning here, and what to do instead."""

_FIXED: Mapping[str, Any] = {
    "task": "segment",
    "model": "tables",
    "data": "tables",
    "plots": False,
    "save": True,
    "verbose": False,
    "workers": 0,
}

# Ultralytics' 0.03 suits thousands of steps. After 60, its running statistics still hold a sixth of their
# initial values, and a network that has learned finds nothing (docs/decisions/0005-training.md).
_BATCH_NORM_MOMENTUM = 0.1

# Warnings of torch and ultralytics that nobody reading a notebook can act on.
_NOISE = (
    r".*does not have a deterministic implementation.*",
    r".*lr_scheduler\.step\(\).*",
    r".*'pin_memory' argument is set as true.*",
)


class Progress(Protocol):
    """What a training reports to."""

    def start(self, epochs: int, batches: int) -> None:
        """Training begins."""

    def batch(self, losses: Mapping[str, float]) -> None:
        """One batch is done; the running mean of each loss."""

    def epoch(self, row: Mapping[str, float]) -> None:
        """One epoch is done; its row of the curves."""


@dataclass
class Outcome:
    """What a training leaves behind.

    Attributes:
        network: with the best weights, on the CPU, for evaluation.
        rows: one mapping an epoch (see ``Run.curves``).
        interrupted: whether it was stopped by hand.
        best_epoch: epoch the weights are of, from 1; 0 when interrupted within the first.
    """

    network: Any
    rows: list[dict[str, float]] = field(default_factory=list)
    interrupted: bool = False
    best_epoch: int = 0


def train(
    network: Any,
    from_weights: bool,
    labels: tuple[str, ...],
    learn: Examples,
    check: Examples,
    arguments: Mapping[str, Any],
    progress: Progress,
) -> Outcome:
    """Train a copy of a network; the one passed in stays as it is.

    Args:
        network: where to start from.
        from_weights: whether it has learned anything; if not, its initial weights are drawn by the seed.
        labels: what to tell apart, in order.
        learn: examples to learn from.
        check: examples to validate on after each epoch, perhaps none: then the last weights are kept, else
            the best.
        arguments: ultralytics' training arguments.
        progress: told about each batch and epoch.

    Raises:
        ModelError: an argument is unknown or has no meaning here, or the loss is no longer a number.
    """
    overrides = {**_FIXED, "val": len(check) > 0, **arguments}
    with _own_randomness(), quiet(), tempfile.TemporaryDirectory(prefix="nbalabel-") as folder, _less_noise():
        try:
            with own_threads():
                trainer = _table_trainer()(
                    network,
                    from_weights,
                    labels,
                    learn,
                    check,
                    progress,
                    overrides={**overrides, "save_dir": folder, "exist_ok": True},
                )
        except (SyntaxError, TypeError, ValueError) as error:
            raise ModelError(f"ultralytics refuses these training arguments: {error}") from error
        interrupted = False
        try:
            with considerate():
                trainer.train()
        except KeyboardInterrupt:
            interrupted = True
        except NotImplementedError as error:
            raise ModelError(f"ultralytics refuses these training arguments: {error}") from error
        return Outcome(trainer.best_network(), trainer.rows, interrupted, trainer.best_epoch)


def check(arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that ultralytics does not know or that mean nothing here, before any work is done.

    Raises:
        ModelError: naming the argument, and what to do instead.
    """
    known = vars(ultralytics("utils").DEFAULT_CFG)
    for name in arguments:
        if name in OURS:
            raise ModelError(f"train has no argument {name!r}: {OURS[name]}")
        if name not in known:
            near = get_close_matches(name, known, n=3)
            hint = f"did you mean {' or '.join(near)}?" if near else "see ultralytics' training settings"
            raise ModelError(f"ultralytics has no training argument {name!r}: {hint}")


@functools.cache
def _table_trainer() -> Any:
    base: Any = ultralytics("models.yolo.segment").SegmentationTrainer

    class TableTrainer(base):
        """Takes network and data from memory, keeps the best weights there."""

        def __init__(
            self,
            network: Any,
            from_weights: bool,
            labels: tuple[str, ...],
            learn: Examples,
            check: Examples,
            progress: Progress,
            overrides: dict[str, Any],
        ) -> None:
            self.source = network
            self.from_weights = from_weights
            self.names = dict(enumerate(labels))
            self.examples = {"train": learn, "val": check}
            self.progress = progress
            self.rows: list[dict[str, float]] = []
            self.best_epoch = 0
            self._best: dict[str, Any] | None = None
            self._began = time.perf_counter()
            super().__init__(overrides=overrides)

        def get_dataset(self) -> dict[str, Any]:
            """Labels, and keys by which the data loaders are asked for."""
            return {"train": "train", "val": "val", "names": self.names, "nc": len(self.names), "channels": 3}

        def setup_model(self) -> None:
            """A copy of the network, fitted to the labels; NHWC, which is a fifth faster on CPUs too."""
            import torch

            network = self._fitted()
            for layer in network.modules():
                if isinstance(layer, torch.nn.BatchNorm2d):
                    layer.momentum = _BATCH_NORM_MOMENTUM
            if self.device.type == "cpu":
                network = network.to(memory_format=torch.channels_last)
            self.model = network

        def _fitted(self) -> Any:
            """The weights as far as they fit the labels; drawn anew by the seed where nothing was learned."""
            if self.from_weights:
                return weights.adapt(self.source, tuple(self.names.values()))
            return weights.build(self.source.yaml, len(self.names), self.names)

        def get_dataloader(
            self, *_args: Any, batch_size: int = 16, mode: str = "train", **_kwargs: Any
        ) -> Any:
            """Training examples by weight, or validation examples in order (training ones stand in)."""
            chosen = self.examples[mode] if len(self.examples[mode]) else self.examples["train"]
            data = dataset(chosen, self.args, self.names, augment=mode == "train")
            return loader(data, batch_size, self.args.workers, seed=self.args.seed, shuffle=mode == "train")

        def build_optimizer(self, *args: Any, **kwargs: Any) -> Any:
            """AdamW's fused kernel on the CPU too: the plain one takes a tenth of a small batch's time."""
            import torch

            optimizer = super().build_optimizer(*args, **kwargs)
            if type(optimizer) is torch.optim.AdamW and self.device.type == "cpu":
                for group in optimizer.param_groups:
                    group["fused"] = True
            return optimizer

        def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
            """Pixels as floats, in the network's memory layout."""
            import torch

            batch = super().preprocess_batch(batch)
            if self.device.type == "cpu":
                batch["img"] = batch["img"].contiguous(memory_format=torch.channels_last)
            return batch

        def validate(self) -> tuple[dict[str, float], float | None]:
            """Metrics on the validation examples; nothing where there are none."""
            return super().validate() if len(self.examples["val"]) else ({}, None)

        def save_metrics(self, metrics: dict[str, Any]) -> None:
            """One row of the curves."""
            if not len(self.examples["val"]):
                metrics = {name: value for name, value in metrics.items() if name not in _METRICS}
            row = _row(self.epoch + 1, time.perf_counter() - self._began, metrics)
            self.rows.append(row)
            self.progress.epoch(row)

        def save_model(self) -> bool:
            """Keep these weights if they are the best so far, or the last where nothing validates."""
            if self.fitness is None or self.fitness == self.best_fitness:
                self._best = _state(self.ema.ema)
                self.best_epoch = self.epoch + 1
            return True

        def final_eval(self) -> None:
            """Nothing: the best weights were evaluated when they were found."""

        def best_network(self) -> Any:
            """The network with the best weights."""
            import torch

            if self.ema is None:
                return self._fitted()
            network = deepcopy(self.ema.ema).to("cpu", memory_format=torch.contiguous_format).float().eval()
            if self._best is not None:
                network.load_state_dict(self._best)
            network.criterion = None
            return network

        def run_callbacks(self, event: str) -> None:
            """Only our own: ultralytics' integrations (telemetry, experiment trackers) stay out."""
            if event == "on_train_start":
                self.progress.start(self.epochs, len(self.train_loader))
            elif event == "on_train_batch_end":
                self.progress.batch({name: float(value) for name, value in self.tloss.items()})

        def _handle_nan_recovery(self, epoch: int) -> bool:
            if self.loss is not None and not bool(self.loss.isfinite()):
                raise ModelError(
                    f"the training loss is no longer a number in epoch {epoch + 1}: train with a smaller lr0 "
                    f"(it was {self.args.lr0})"
                )
            return False

    return TableTrainer


_METRICS = {
    "metrics/mAP50-95(M)": "map",
    "metrics/mAP50(M)": "map50",
    "metrics/mAP50-95(B)": "box_map",
    "metrics/mAP50(B)": "box_map50",
}


def _row(epoch: int, seconds: float, metrics: Mapping[str, Any]) -> dict[str, float]:
    losses = {k.removeprefix("train/"): float(v) for k, v in metrics.items() if k.startswith("train/")}
    row = {"epoch": float(epoch), "seconds": seconds, "loss": sum(losses.values()), **losses}
    row |= {ours: float(metrics[theirs]) for theirs, ours in _METRICS.items() if theirs in metrics}
    row["lr"] = float(metrics.get("lr/pg0", np.nan))
    return row


def _state(network: Any) -> dict[str, Any]:
    return {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}


@contextmanager
def _own_randomness() -> Iterator[None]:
    """Ultralytics seeds the global generators: put them back, since a notebook may count on its own."""
    import torch

    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    try:
        yield
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])


@contextmanager
def _less_noise() -> Iterator[None]:
    with warnings.catch_warnings():
        for message in _NOISE:
            warnings.filterwarnings("ignore", message=message)
        yield
