"""``Report``: the numbers of a page as DataFrames, and the page itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ..core.errors import StorageError
from ..core.urls import local_path
from .numbers.differences import Differences
from .numbers.gathered import Numbers
from .page.page import body, document
from .page.pictures import Pictures


@dataclass(frozen=True, eq=False, repr=False)
class Report:
    """One page about a dataset; a value that later edits do not change. :func:`nbalabel.report` makes it.

    Attributes:
        title: heading of the page.
    """

    title: str
    _numbers: Numbers = field(repr=False)
    _pictures: Pictures = field(repr=False)

    @property
    def rounds(self) -> pd.DataFrame:
        """One row per version as in :meth:`Dataset.rounds`, with answers, hours and masks an answer.

        ``hours`` are hours of work; ``masks_per_answer`` is how many masks of models and propagations were
        added per answer. Empty where there is no history.
        """
        return _or_empty(self._numbers.rounds)

    @property
    def quality(self) -> pd.DataFrame:
        """One row per run, with ``map``, ``low`` and ``high``; see :class:`nbalabel.MapIntervals`."""
        found = self._numbers.quality.found
        return _or_empty(None if found is None else found.table)

    @property
    def quality_by_label(self) -> pd.DataFrame:
        """One row per run and label, with ``instances``, ``ap``, ``low``, ``high``."""
        found = self._numbers.quality.found
        return _or_empty(None if found is None else found.labels)

    @property
    def gains(self) -> pd.DataFrame:
        """One row per run but the first, with the ``difference`` to the one before and its interval."""
        found = self._numbers.quality.found
        return _or_empty(None if found is None else found.differences)

    @property
    def labels(self) -> pd.DataFrame:
        """One row per label, with how many, on how many images, how large, and its share.

        ``size`` is the median side in percent of the image's; ``before`` and ``after`` are the shares before
        and after images are drawn by weight.
        """
        return self._numbers.contents.labels.copy()

    @property
    def per_image(self) -> pd.Series:
        """How many instances each image labeled all over has, by ``image_id``."""
        return self._numbers.contents.per_image.copy()

    @property
    def people(self) -> pd.DataFrame:
        """One row per person, run or program, with rows changed, ``answers``, ``hours``, ``days``."""
        return _or_empty(self._numbers.people)

    @property
    def days(self) -> pd.DataFrame:
        """Seconds of work and changes, one row per person and day."""
        return _or_empty(self._numbers.days)

    @property
    def suspects(self) -> pd.DataFrame:
        """Suspects that were mended, one row per change and kind."""
        return _or_empty(self._numbers.suspects)

    @property
    def certificates(self) -> pd.DataFrame:
        """What was proved about labels, and whether it is stale."""
        return _or_empty(self._numbers.certificates)

    @property
    def changed(self) -> pd.DataFrame:
        """Masks ``added``, ``removed``, ``relabeled`` and ``moved`` between two versions, by label."""
        return _or_empty(None if self._differences is None else self._differences.counts)

    @property
    def moved(self) -> pd.DataFrame:
        """Masks in both versions that differ, one row each, the lowest IoU first."""
        return _or_empty(None if self._differences is None else self._differences.pairs)

    @property
    def missing(self) -> pd.DataFrame:
        """Images that wait, with the instances that each likely lacks, the most first."""
        return self._numbers.missing.images.copy()

    @property
    def _differences(self) -> Differences | None:
        return self._numbers.differences

    def html(self) -> str:
        """The page as a text: a whole HTML document that loads nothing and runs nothing."""
        return document(self.title, self._numbers, self._pictures)

    def save(self, path: str | Path) -> Path:
        """Write the page as one HTML file; pictures are in it.

        Args:
            path: the file; an existing one is replaced.

        Returns:
            The path.

        Raises:
            StorageError: the file cannot be written.
        """
        path = local_path(path)
        try:
            path.write_text(self.html(), encoding="utf-8")
        except OSError as error:
            raise StorageError(f"the report cannot be written to {path}: {error}") from error
        return path

    def __repr__(self) -> str:
        n, m = int(self._numbers.contents.states.sum()), int(self._numbers.contents.sources.sum())
        return f"<Report {self.title!r}: {n:,} images, {m:,} instances; .save('report.html') writes the page>"

    def _repr_html_(self) -> str:
        return body(self.title, self._numbers, self._pictures)


def _or_empty(frame: pd.DataFrame | None) -> pd.DataFrame:
    return pd.DataFrame() if frame is None else frame.copy()
