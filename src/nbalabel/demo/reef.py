"""The reef: a generated dataset in the spirit of DeepFish, and its truth.

Frames come in sequences of ten, filmed by a camera that hardly moves; each run of six sequences visits every
habitat once. The test part is made of sequences of its own, the same ones however many images are asked for.

Source:
    The setting follows Saleh et al., "A realistic fish-habitat dataset to evaluate algorithms for underwater
    visual analysis", Scientific Reports 10, 2020; every picture here is computed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from ..core.errors import DataError, StorageError, UnknownNameError
from ..core.urls import local_path
from . import files
from .cells import truth_of
from .underwater.cast import FRAMES
from .underwater.scene import TEST, Frame, sequence
from .underwater.species import NAMES

if TYPE_CHECKING:
    from ..data.dataset.dataset import Dataset
    from ..data.tables.tables import Tables

SIZES = (96, 1024)


@dataclass(frozen=True)
class Scenes:
    """Frames still to be drawn: iterate to draw them, one after another.

    Attributes:
        n_images: how many.
        size: height and width of each, pixels.
        seed: the same seed draws the same frames, byte for byte, however many are asked for.
        start: number of the first sequence.
    """

    n_images: int
    size: int = 192
    seed: int = 0
    start: int = 0

    def __post_init__(self) -> None:
        if self.n_images < 0:
            raise DataError(f"n_images must be >= 0, got {self.n_images}")
        if not SIZES[0] <= self.size <= SIZES[1]:
            raise DataError(f"size must be {SIZES[0]} to {SIZES[1]} pixels, got {self.size}")

    def __len__(self) -> int:
        return self.n_images

    def __iter__(self) -> Iterator[Frame]:
        for first in range(0, self.n_images, FRAMES):
            count = min(FRAMES, self.n_images - first)
            yield from sequence(self.seed, self.start + first // FRAMES, self.size, count)


def generate(n_images: int, size: int = 192, seed: int = 0, start: int = 0) -> Scenes:
    """Underwater frames with exact masks, drawn as they are iterated over.

    Args:
        n_images: how many frames; ten make a sequence.
        size: height and width, 96 to 1024 pixels.
        seed: of everything; the same seed gives the same bytes.
        start: number of the first sequence.

    Raises:
        DataError: a negative number of images, or a size out of range.

    Example:
        >>> frame = next(iter(generate(1, size=96)))
        >>> frame.image.shape, frame.labels.shape, int(frame.labels.max()) == len(frame.species)
        ((96, 96, 3), (96, 96), True)
    """
    return Scenes(n_images, size, seed, start)


def reef(
    folder: str | Path,
    n_images: int = 600,
    n_labeled: int = 24,
    n_test: int = 60,
    size: int = 192,
    seed: int = 0,
    *,
    by_species: bool = False,
    unseen: Collection[str] = (),
) -> Dataset:
    """Generate a dataset of which only a few images are labeled, as a project is on its first day.

    Three kinds of images, told apart by ``split``, ``state`` and ``weight``:

    ========  ===================  ======  ==============================================================
    split     state                weight  what they are
    ========  ===================  ======  ==============================================================
    train     complete or empty    1       ``n_labeled`` images, spread over habitats and sequences
    train     unlabeled            0       the rest, to be labeled
    test      complete or empty    0       whole sequences of their own, all labeled, never to train on
    ========  ===================  ======  ==============================================================

    Labels stand for a person's work: their source is "human", their origin "generator", their status
    "verified". Images have two columns of their own: ``habitat`` (category) and ``turbidity`` (0..1).

    Args:
        folder: where the dataset goes; must not exist, or be empty.
        n_images: all images, the test part included.
        n_labeled: labeled training images; about one in six of them shows no fish.
        n_test: images of the test part; the same ones for every ``n_images``.
        size: height and width, 96 to 1024 pixels.
        seed: the same seed makes the same dataset.
        by_species: label each fish with its species; by default they are all "fish".
        unseen: species that no labeled training image shows, such as ``["clownfish"]``, for a model to miss;
            the unlabeled images and the test part do show them.

    Raises:
        DataError: numbers that do not fit together, or a size out of range.
        UnknownNameError: there is no such species.
        StorageError: the folder is not empty.
    """
    folder = local_path(folder)
    if not 0 <= n_labeled <= n_images - n_test or n_test < 0:
        raise DataError(
            f"needs 0 <= n_labeled <= n_images - n_test, got n_images={n_images}, n_labeled={n_labeled}, "
            f"n_test={n_test}"
        )
    if unknown := sorted({unseen} if isinstance(unseen, str) else set(unseen) - set(NAMES)):
        raise UnknownNameError(f"unseen: expected a list of {', '.join(NAMES)}; got {', '.join(unknown)}")
    train, test = generate(n_images - n_test, size, seed), generate(n_test, size, seed, TEST)
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise StorageError(
            f"{folder} already exists and is not an empty folder: choose another one, or delete it first"
        )
    frames = chain(train, test)
    return files.save(folder, frames, len(train), n_labeled, seed, by_species=by_species, unseen=unseen)


def truth(dataset: Dataset | str | Path) -> Tables:
    """All masks of all images of a generated dataset, under the same image ids.

    Args:
        dataset: what :func:`reef` or :func:`nbalabel.demo.nuclei` made, or its folder; or a dataset of
            pictures that :func:`nbalabel.demo.cells` wrote.

    Returns:
        Tables with every image complete or empty; those of a reef also have the columns ``species`` and
        ``track``.

    Raises:
        StorageError: there is no truth; only generated pictures have one.
    """
    if not isinstance(dataset, str | Path) and (found := truth_of(dataset)) is not None:
        return found
    folder = Path(dataset if isinstance(dataset, str | Path) else dataset.folder)
    return files.read_truth(folder / "truth", folder / "images")
