"""Damaged and crafted weights: each is read as it was or refused by name, whatever was changed in it."""

import copy
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nbalabel.core.errors import ModelError

pytest.importorskip("ultralytics")

from nbalabel.learn.checkpoints import weights
from nbalabel.learn.yolo import Yolo

VALUES: list[Any] = [
    *(
        None,
        True,
        -1,
        0,
        3,
        2**31,
        10**30,
        1e308,
        "nc",
        "ch",
        "None",
        "nn.ReLU",
        "__import__('os')",
        "",
        "\n",
    ),
    *([], [0], [[1]], {}, {"a": 1}, ["x"] * 99, [-1, 1, "Conv", [8, 3, 2]], "Conv", "Segment", "eval"),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A small network, as ``.npz`` of ours and as ``.pt`` of ultralytics."""
    import torch

    content = weights._content("yolo11n-seg.yaml")
    content["scales"] = {"n": [0.34, 0.0625, 64]}
    network = weights.build(content, 2, {0: "ring", 1: "square"})
    folder = tmp_path_factory.mktemp("good")
    torch.save({"model": network, "ema": None, "train_args": {}}, folder / "good.pt")
    return weights.write(network, folder / "good.npz"), folder / "good.pt"


def test_flipped_cut_and_doubled_bytes(
    files: tuple[Path, Path], rounds: Callable[[int, int], int], rng: random.Random, tmp_path: Path
) -> None:
    refused = 0
    for _ in range(rounds(12, 1500)):
        source = rng.choice(files)
        content = bytearray(source.read_bytes())
        _damage(content, rng)
        path = tmp_path / f"damaged{source.suffix}"
        path.write_bytes(content)
        refused += _is_refused(path)
    assert refused > 0


def test_any_value_anywhere_in_an_architecture(
    files: tuple[Path, Path], rounds: Callable[[int, int], int], rng: random.Random, tmp_path: Path
) -> None:
    with np.load(files[0]) as archive:
        arrays = dict(archive)
    text = arrays.pop("__nbalabel__").tobytes()
    refused = 0
    for _ in range(rounds(15, 1500)):
        meta = json.loads(text)
        for _ in range(rng.randint(1, 2)):
            _replace(meta, rng)
        text_now = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        np.savez(tmp_path / "crafted.npz", __nbalabel__=text_now, **arrays)
        refused += _is_refused(tmp_path / "crafted.npz")
    assert refused > 0


def _is_refused(path: Path) -> bool:
    """Whether it is refused; any error but ours fails the test."""
    try:
        Yolo(path)
    except ModelError as error:
        assert path.name in str(error)  # noqa: PT017  # the message names the file
        return True
    return False


def _damage(content: bytearray, rng: random.Random) -> None:
    at = rng.randrange(len(content))
    if rng.random() < 0.5:  # where the archive's directory and a pickle lie, more can go wrong
        at = rng.choice([rng.randrange(400), len(content) - 1 - rng.randrange(4000)])
    kind = rng.randrange(3)
    if kind == 0:
        content[at] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del content[at : at + rng.randint(1, 5000)]
    else:
        content[at:at] = content[at : at + rng.randint(1, 500)]


def _replace(value: Any, rng: random.Random) -> None:
    """Put one of ``VALUES`` at a random place of nested lists and mappings."""
    while True:
        keys = list(value) if isinstance(value, dict) else list(range(len(value)))
        if not keys:
            return
        key = rng.choice(keys)
        if not isinstance(value[key], list | dict) or rng.random() < 0.15:
            value[key] = copy.deepcopy(rng.choice(VALUES))
            return
        value = value[key]
