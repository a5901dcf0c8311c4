"""ultralytics' training loop over tables: nothing on disk, best weights in memory, interruptible.

Its epochs are nbalabel's periods: a fixed number of steps from one measurement to the next, whatever the
number of images. ``schedule`` defines what happens at which step.

The class is made inside a function, since its base class comes from ultralytics, which is loaded only when a
model is made.
"""

from __future__ import annotations

import functools
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
from ..libraries.quiet_ultralytics import own_threads, quiet, ultralytics
from ..libraries.torch_threads import considerate
from ..training.examples import Examples, Parting
from ..training.schedule import MOST_STEPS, Schedule
from .criterion import Criterion
from .dataset import WeightedSampler, dataset, loader
from .origin import Origin
from .prepared import Prepared
from .randomness import own_randomness

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
    "time": "pass minutes=",
    "patience": "leave steps and epochs out: training then ends when it no longer gets better",
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
_AT_ONCE = 16

# Warnings of torch and ultralytics on which the user of a notebook cannot act.
_NOISE = (
    r".*does not have a deterministic implementation.*",
    r".*lr_scheduler\.step\(\).*",
    r".*'pin_memory' argument is set as true.*",
)


class Progress(Protocol):
    """Receives the progress of a training."""

    def start(self, schedule: Schedule) -> None:
        """Training begins."""

    def batch(self, losses: Mapping[str, float]) -> None:
        """One step is done; gets the running mean of each loss."""

    def period(self, row: Mapping[str, float]) -> None:
        """One period is done; gets its row of the curves."""


@dataclass
class Outcome:
    """The result of a training.

    Attributes:
        network: the network with the best weights, on the CPU, in evaluation mode.
        rows: one mapping per period (see ``Run.curves``).
        interrupted: whether it was stopped by hand.
    """

    network: Any
    rows: list[dict[str, float]] = field(default_factory=list)
    interrupted: bool = False


def train(prepared: Prepared, progress: Progress) -> Outcome:
    """Train a copy of the network to start from, which itself stays as it is.

    Args:
        prepared: what to start from, to learn from and to do; its schedule is updated.
        progress: called at each step and period.

    Raises:
        ModelError: an argument is unknown or has no meaning here, or the loss is no longer a number.
    """
    with own_randomness(), quiet(), tempfile.TemporaryDirectory(prefix="nbalabel-") as folder, _less_noise():
        trainer = trainer_of(prepared, progress, folder)
        interrupted = False
        try:
            with considerate(training=True):
                trainer.train()
        except KeyboardInterrupt:
            interrupted = True
        except NotImplementedError as error:
            raise ModelError(f"ultralytics refuses these training arguments: {error}") from error
        return Outcome(trainer.best_network(), trainer.rows, interrupted)


def trainer_of(prepared: Prepared, progress: Progress, folder: str, **others: Any) -> Any:
    """A trainer that has seeded the global random generators, but not built its network yet.

    Args:
        prepared: what to start from, to learn from and to do.
        progress: called at each step and period.
        folder: an empty folder for what ultralytics writes.
        **others: ultralytics' arguments that go before those of ``prepared``.

    Raises:
        ModelError: ultralytics refuses an argument.
    """
    has_check = len(prepared.parts.check) > 0
    given = {**_FIXED, "val": has_check, **prepared.arguments, **_in_periods(prepared.schedule), **others}
    try:
        with own_threads():
            return _table_trainer()(
                prepared.origin,
                prepared.labels,
                prepared.parts,
                prepared.schedule,
                progress,
                overrides={**given, "save_dir": folder, "exist_ok": True},
            )
    except (SyntaxError, TypeError, ValueError) as error:
        raise ModelError(f"ultralytics refuses these training arguments: {error}") from error


def _in_periods(schedule: Schedule) -> dict[str, Any]:
    """Arguments for ultralytics: periods as epochs, and no phases of its own."""
    most = MOST_STEPS if schedule.end is None else schedule.end
    periods = -(-most // schedule.length.period)
    return {"epochs": periods, "close_mosaic": 0, "warmup_epochs": 0.0, "patience": periods}


def check(arguments: Mapping[str, Any]) -> None:
    """Refuse arguments that ultralytics does not know or that have no meaning here, before any work is done.

    Raises:
        ModelError: an argument is refused; the message says what to do instead.
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
        """Takes network and data from memory, and keeps the best weights in memory."""

        def __init__(
            self,
            origin: Origin,
            labels: tuple[str, ...],
            parts: Parting,
            schedule: Schedule,
            progress: Progress,
            overrides: dict[str, Any],
        ) -> None:
            self.origin = origin
            self.names = dict(enumerate(labels))
            self.parts = parts
            self.schedule = schedule
            self.progress = progress
            self.steps = 0
            self.rows: list[dict[str, float]] = []
            self._best: dict[str, Any] | None = None
            self._fell = False
            self._began = time.perf_counter()
            self._bf16 = overrides.get("amp") == "bf16" and overrides.get("device") == "cpu"
            if self._bf16:  # ultralytics supports it on GPUs only
                overrides = {**overrides, "amp": False}
            super().__init__(overrides=overrides)

        def get_dataset(self) -> dict[str, Any]:
            """Labels, and the keys of the data loaders."""
            return {"train": "train", "val": "val", "names": self.names, "nc": len(self.names), "channels": 3}

        def setup_model(self) -> None:
            """A copy of the network, fitted to the labels; NHWC layout is a fifth faster on CPUs, too."""
            import torch

            network = self.origin.fitted(self.names)
            for layer in network.modules():
                if isinstance(layer, torch.nn.BatchNorm2d):
                    layer.momentum = _BATCH_NORM_MOMENTUM
            if self.device.type == "cpu":
                network = network.to(memory_format=torch.channels_last)
            self.model = network

        def get_dataloader(self, *_args: Any, mode: str = "train", **_kwargs: Any) -> Any:
            """Training examples by weight, or examples to measure on in order (else one to train on)."""
            if mode == "train":
                return self._training(self.parts.learn)
            chosen = self.parts.check if len(self.parts.check) else self.parts.learn.take([0])
            data = dataset(chosen, self.args, self.names, augment=False)
            return loader(data, min(len(data), _AT_ONCE), self.args.workers)

        def _training(self, examples: Examples) -> Any:
            data = dataset(examples, self.args, self.names, augment=True)
            asked = self.schedule.length
            draws = asked.draws or asked.period * self.batch_size
            sampler = WeightedSampler(examples.weights, self.args.seed, draws)
            return loader(data, self.batch_size, self.args.workers, sampler)

        def _setup_scheduler(self) -> None:
            """The rate is set before each step; ultralytics' scheduler is kept from changing it."""
            import torch

            self.lf = lambda _: 1.0
            self.scheduler = torch.optim.lr_scheduler.LambdaLR(self.optimizer, lr_lambda=self.lf)

        def build_optimizer(self, *args: Any, **kwargs: Any) -> Any:
            """AdamW with its fused kernel on the CPU; the plain one takes a tenth of a small batch's time."""
            import torch

            optimizer = super().build_optimizer(*args, **kwargs)
            if type(optimizer) is torch.optim.AdamW and self.device.type == "cpu":
                for group in optimizer.param_groups:
                    group["fused"] = True
            return optimizer

        def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
            """Pixels as floats, in the network's memory layout."""
            import torch

            if "open" in batch:
                batch["open"] = torch.stack(tuple(batch["open"]))
            batch = super().preprocess_batch(batch)
            if self.device.type == "cpu":
                batch["img"] = batch["img"].contiguous(memory_format=torch.channels_last)
            return batch

        def validate(self) -> tuple[dict[str, float], float | None]:
            """Metrics on the examples put aside; none without such examples, or while they are trained on."""
            if not len(self.parts.check) or self._learns_all():
                return {}, None
            return super().validate()

        def _learns_all(self) -> bool:
            return self.parts.put_back and self.schedule.is_falling(self.steps)

        def save_metrics(self, metrics: dict[str, Any]) -> None:
            """Add one row to the curves, and update the schedule with it."""
            if not len(self.parts.check) or self._learns_all():
                metrics = {name: value for name, value in metrics.items() if name not in _METRICS}
            seconds = time.perf_counter() - self._began
            passes = self.steps * self.batch_size / max(1, len(self.parts.learn))
            if self.schedule.length.draws is not None:
                passes = float(self.epoch + 1)
            row = _row(self.steps, passes, seconds, metrics)
            self.rows.append(row)
            self.progress.period(row)
            if "map" in row:
                self.schedule.measured(self.steps, row["map"])
            self.schedule.look(self.steps, seconds)

        def save_model(self) -> bool:
            """Keep these weights if they are the best so far, or the latest where nothing is measured."""
            best = self.fitness is not None and self.fitness == self.best_fitness
            if best or self.fitness is None or self.parts.put_back:
                self._best = _state(self.ema.ema)
            return True

        def final_eval(self) -> None:
            """Do nothing: the best weights were evaluated when they were found."""

        def best_network(self) -> Any:
            """The network with the best weights."""
            import torch

            if self.ema is None:
                return self.origin.fitted(self.names)
            network = deepcopy(self.ema.ema).to("cpu", memory_format=torch.contiguous_format).float().eval()
            if self._best is not None:
                network.load_state_dict(self._best)
            network.criterion = None
            return network

        def run_callbacks(self, event: str) -> None:
            """Only nbalabel's callbacks, without ultralytics' integrations (telemetry, trackers)."""
            if event == "on_train_start":
                sets = self.parts.all.open.matrix(len(self.names))
                self.model.criterion = Criterion(self.model.init_criterion(), sets)
                if self._bf16:
                    self.model.forward = functools.partial(_in_bf16, self.model.forward)
                self.progress.start(self.schedule)
            elif event == "on_train_epoch_start":
                self._enter_fall()
            elif event == "on_train_batch_start":
                self._set_rate(self.schedule.rate(self.steps))
            elif event == "on_train_batch_end":
                self.steps += 1
                self.progress.batch({name: float(value) for name, value in self.tloss.items()})
                self.stop = self.schedule.is_over(self.steps)

        def _set_rate(self, share: float) -> None:
            for group in self.optimizer.param_groups:
                group["lr"] = group["initial_lr"] * share

        def _enter_fall(self) -> None:
            """Once, where the rate begins to fall."""
            if self._fell or not self.schedule.is_falling(self.steps):
                return
            self._fell = True
            self.fall()

        def fall(self) -> None:
            """Go on without mosaic, on all examples."""
            if self.parts.put_back:
                self.train_loader = self._training(self.parts.all)
            self._close_dataloader_mosaic()
            self.train_loader.reset()

        def _handle_nan_recovery(self, epoch: int) -> bool:  # noqa: ARG002  # theirs
            if self.loss is not None and not bool(self.loss.isfinite()):
                raise ModelError(
                    f"the training loss is no longer a number in step {self.steps}: train with a smaller lr0 "
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


def _row(step: int, passes: float, seconds: float, metrics: Mapping[str, Any]) -> dict[str, float]:
    losses = {k.removeprefix("train/"): float(v) for k, v in metrics.items() if k.startswith("train/")}
    row = {"step": float(step), "epoch": passes, "seconds": seconds, "loss": sum(losses.values()), **losses}
    row |= {ours: float(metrics[theirs]) for theirs, ours in _METRICS.items() if theirs in metrics}
    row["lr"] = float(metrics.get("lr/pg0", np.nan))
    return row


def _in_bf16(forward: Any, *args: Any, **kwargs: Any) -> Any:
    """Run convolutions in bfloat16; weights and their gradients stay in float32."""
    import torch

    with torch.autocast("cpu", dtype=torch.bfloat16):
        return forward(*args, **kwargs)


def _state(network: Any) -> dict[str, Any]:
    return {name: tensor.detach().cpu().clone() for name, tensor in network.state_dict().items()}


@contextmanager
def _less_noise() -> Iterator[None]:
    with warnings.catch_warnings():
        for message in _NOISE:
            warnings.filterwarnings("ignore", message=message)
        yield
