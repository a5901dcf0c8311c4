"""Training loop of Mask R-CNN: the rate rises, stays and falls; mAP is measured on images put aside."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from ...core.errors import ModelError
from ..libraries.torch_threads import considerate
from ..training.examples import Parting
from ..training.schedule import Schedule
from .networks import seeded
from .open_regions import left_out
from .package import torchvision
from .targets import Lesson, batch, drawn_lessons

_WEIGHT_DECAY, _LONGEST_GRADIENT = 1e-4, 10.0
_NAMES = {
    "loss_classifier": "label_loss",
    "loss_box_reg": "box_loss",
    "loss_mask": "mask_loss",
    "loss_objectness": "proposal_loss",
    "loss_rpn_box_reg": "proposal_box_loss",
}


class Watcher(Protocol):
    """Receives the progress of a training."""

    def start(self, schedule: Schedule) -> None:
        """Training begins."""

    def batch(self, losses: dict[str, float]) -> None:
        """One step is done; gets the mean losses of the period."""

    def period(self, row: dict[str, float]) -> None:
        """One period is done; gets its row of the curves."""


@dataclass(frozen=True)
class Settings:
    """How to train.

    Attributes:
        imgsz: long side of images, pixels.
        batch: images per step.
        rate: learning rate.
        regions: regions of an image that the heads are trained on per step.
        seed: seed of the order of the images, their flips, and the samples of the heads.
        freeze_statistics: keep the running statistics of the normalisation layers, as given with the weights:
            a few images per step are too few to estimate them.
    """

    imgsz: int
    batch: int
    rate: float
    regions: int
    seed: int
    freeze_statistics: bool


@dataclass
class Training:
    """One training of one network, in place; the network ends with the best weights.

    Attributes:
        network: the network, on its device.
        parts: the examples to learn from and to measure on.
        schedule: length and phases, updated during the training.
        settings: how to train.
        measure: returns mAP50-95 and mAP50 on the images put aside.
        device: device of the network.
        rows: one mapping per period (see ``Run.curves``).
        interrupted: whether it was stopped by hand.
    """

    network: Any
    parts: Parting
    schedule: Schedule
    settings: Settings
    measure: Callable[[], tuple[float, float]]
    device: str
    rows: list[dict[str, float]] = field(default_factory=list)
    interrupted: bool = False
    _best: tuple[float, dict[str, Any]] | None = None

    def run(self, watcher: Watcher) -> None:
        """Train until the schedule ends; an interrupt ends it earlier and keeps the best so far.

        Raises:
            ModelError: the loss is no longer a number.
        """
        with seeded(self.settings.seed):
            watcher.start(self.schedule)
            try:
                with considerate():
                    self._steps(watcher)
            except KeyboardInterrupt:
                self.interrupted = True
        if self._best is not None:
            self.network.load_state_dict(self._best[1])
        self.network.eval()

    def _steps(self, watcher: Watcher) -> None:
        import torch

        self.network.roi_heads.fg_bg_sampler.batch_size_per_image = self.settings.regions
        parameters = [p for p in self.network.parameters() if p.requires_grad]
        optimizer = torch.optim.AdamW(parameters, lr=self.settings.rate, weight_decay=_WEIGHT_DECAY)
        began, step, sums = time.perf_counter(), 0, dict[str, float]()
        lessons, fell = self._lessons(), False
        begin = 0
        while not self.schedule.is_over(step):
            _learning(self.network, self.settings.freeze_statistics)
            for group in optimizer.param_groups:
                group["lr"] = self.settings.rate * self.schedule.rate(step)
            losses = self._step(next(lessons), optimizer, parameters, step)
            step += 1
            sums = {name: sums.get(name, 0.0) + value for name, value in losses.items()}
            means = {name: value / (step - begin) for name, value in sums.items()}
            watcher.batch(means)
            if (step - begin) == self.schedule.length.period or self.schedule.is_over(step):
                self._period(step, means, optimizer, began, watcher)
                begin, sums = step, {}
            elif self.schedule.length.minutes is not None:
                self.schedule.look(step, time.perf_counter() - began)
            if self.schedule.is_falling(step) and not fell:
                lessons, fell = self._lessons(everything=True), True

    def _step(
        self, lessons: list[Lesson], optimizer: Any, parameters: list[Any], step: int
    ) -> dict[str, float]:
        import torch

        image_list = torchvision("models.detection.image_list").ImageList
        images, targets = batch(lessons, self.device)
        sizes = [tuple(images.shape[2:])] * len(images)
        features = self.network.backbone(images)
        with left_out(self.network, targets) as unknown:
            proposals, losses = self.network.rpn(image_list(images, sizes), features, targets)
            _, more = self.network.roi_heads(features, proposals, sizes, targets)
        known = unknown.silenced({**more, **losses})
        losses = {_NAMES[name]: loss for name, loss in known.items()}
        total = sum(losses.values())
        if not bool(torch.isfinite(total)):
            raise ModelError(
                f"the training loss is no longer a number in step {step}: train with a smaller lr0 "
                f"(it was {self.settings.rate})"
            )
        if total.requires_grad:  # else nothing on these images is known
            optimizer.zero_grad()
            total.backward()
            torch.nn.utils.clip_grad_norm_(parameters, _LONGEST_GRADIENT)
            optimizer.step()
        return {name: float(loss.detach()) for name, loss in losses.items()}

    def _period(
        self, step: int, losses: dict[str, float], optimizer: Any, began: float, watcher: Watcher
    ) -> None:
        passes = step * self.settings.batch / len(self.parts.learn)
        row = {"step": float(step), "epoch": passes, "seconds": 0.0, "loss": sum(losses.values()), **losses}
        learns_all = self.parts.put_back and self.schedule.is_falling(step - 1)
        if len(self.parts.check) and not learns_all:
            row["map"], row["map50"] = self.measure()
            self.schedule.measured(step, row["map"])
            if not self.parts.put_back and (self._best is None or row["map"] >= self._best[0]):
                self._best = row["map"], {k: v.detach().clone() for k, v in self.network.state_dict().items()}
        row["seconds"] = time.perf_counter() - began
        row["lr"] = optimizer.param_groups[0]["lr"]
        self.rows.append(row)
        watcher.period(row)
        self.schedule.look(step, row["seconds"])

    def _lessons(self, *, everything: bool = False) -> Iterator[list[Lesson]]:
        """Endless batches of the examples of the current phase."""
        examples = self.parts.all if everything else self.parts.learn
        seed = [self.settings.seed, int(everything)]
        return drawn_lessons(examples, self.settings.imgsz, self.settings.batch, seed)


def _learning(network: Any, freeze_statistics: bool) -> None:
    """Set training mode, except for normalisation layers with frozen statistics."""
    import torch

    network.train()
    for layer in network.modules():
        if freeze_statistics and isinstance(layer, torch.nn.BatchNorm2d):
            layer.eval()
