"""``Raters``: how far annotators agree, on what they do not, and what they would say together."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.change.change import Change
from ...core.errors import DataError, UnknownNameError, first
from ...core.show.card import bar, card
from ...core.tables.names import instead_of
from ...core.tables.schema import LabeledImages
from .answers import Answers, agreement, answers_of
from .bootstrap import Measured, measured
from .consensus import consensus
from .disputed import KINDS, disputed, disputed_images
from .fused import WAYS
from .listed import by_annotator, by_label, by_pair
from .opinions import Opinions
from .same_images import same_images
from .side_by_side import side_by_side
from .tallies import alpha_sums, existence, mean_of_pairs, name_sums
from .units import Units

if TYPE_CHECKING:
    from PIL.Image import Image

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, eq=False, repr=False)
class Raters:
    """Agreement of annotators, over pairs of annotators who looked at the same image; a value.

    A *unit* is what annotators drew of one thing, at most one instance of each. Numbers have a ``value`` and
    a 95% interval over draws of images, ``low`` to ``high``; NaN where there is nothing to compare.

    Attributes:
        id: origin of the consensus; ``ds.revert(r)`` takes all of it back.
        iou: least mask IoU of a pair that joins a unit.
        draws: draws of images for the intervals.
        seed: of the draws.
    """

    id: str
    iou: float
    draws: int
    seed: int
    _opinions: Opinions
    _units: Units

    @property
    def raters(self) -> tuple[str, ...]:
        """Names of the annotators."""
        return self._opinions.raters

    @property
    def n_images(self) -> int:
        """Images that two or more looked at."""
        return len(self._opinions.looked)

    @property
    def n_images_left_out(self) -> int:
        """Images that fewer than two looked at."""
        return self._opinions.n_images_left_out

    @property
    def n_left_out(self) -> int:
        """Instances left out on images that count, such as crowds and those in regions to ignore."""
        return self._opinions.n_left_out

    @property
    def n_units(self) -> int:
        """Things that somebody drew."""
        return len(self._units.image)

    @cached_property
    def alpha(self) -> Measured:
        """Krippendorff's alpha over labels and "nobody there", 1 for perfect agreement, 0 for that of chance.

        One number for existence and name together. A unit counts as often as annotators looked at its image,
        with the label that each gave, or "nobody there"; an image on which all drew nothing is one unit.
        """
        n = len(self._opinions.labels)
        return self._measured(alpha_sums(self._units, self._opinions.looked, n).alpha)

    @cached_property
    def existence(self) -> Measured:
        """Of what one annotator drew, the share that another one who looked drew, too, 0..1 (RQ)."""
        return self._measured(existence(self._units, self._opinions.looked).of)

    @cached_property
    def outline(self) -> Measured:
        """Mean mask IoU of two instances of one unit, 0..1 (SQ)."""
        return self._measured(mean_of_pairs(self._units, self._units.iou, self.n_images).of)

    @cached_property
    def boundary(self) -> Measured:
        """Mean boundary IoU of two instances of one unit, 0..1; the band is a tenth of a mask's side wide."""
        return self._measured(mean_of_pairs(self._units, self._units.boundary, self.n_images).of)

    @cached_property
    def name(self) -> Measured:
        """Krippendorff's alpha over the labels of units that two or more drew."""
        return self._measured(name_sums(self._units, self.n_images, len(self._opinions.labels)).alpha)

    @cached_property
    def by_attribute(self) -> pd.DataFrame:
        """Krippendorff's alpha of the answers to each attribute, of several options one row per option.

        Columns: ``table`` ("instances": over units; "images": over images); ``attribute``; ``option``, "" but
        for attributes with several options, where alpha is of "chosen or not"; ``kind``; ``compared``, the
        units or images that two or more answered; ``alpha``, of numbers for intervals, else for names, with
        its 95% interval, ``low`` to ``high``. Who was not asked or did not answer does not count. Texts are
        not compared.
        """
        return agreement(self._answers, self.n_images, self.draws, self.seed)

    @cached_property
    def by_label(self) -> pd.DataFrame:
        """Agreement on each label that somebody gave.

        Columns: ``instances``; ``alone``, the share of them that nobody else who looked drew; ``alpha`` of
        this label against all else, "nobody there" included; ``existence``, ``outline`` and ``boundary``
        over the pairs that have one of its instances; ``name``, the share of these pairs in which the other
        one has this label, too; ``mixed_with``, the other label that came most often.
        """
        return by_label(self._opinions, self._units)

    @cached_property
    def by_annotator(self) -> pd.DataFrame:
        """Agreement of each annotator with the others.

        Columns: ``images`` looked at; ``instances``; ``vitality``, alpha minus alpha without this annotator,
        with its interval: below 0 where the others agree better without; ``pq``, which is ``existence`` times
        ``outline``; ``boundary``; ``name``, the share of pairs with the same label; ``alone``, the share of
        the own instances that nobody else drew; ``missed``, of what more than half of the others drew the
        share that this annotator did not.
        """
        return by_annotator(self._opinions, self._units, self.draws, self.seed)

    @cached_property
    def pairs(self) -> pd.DataFrame:
        """Agreement of each two annotators.

        Columns: ``a`` and ``b``; ``images`` that both looked at; instances of each there; ``both``, units
        that both drew; ``pq``, ``existence``, ``outline``, ``boundary``; ``name``, the share of equal labels.
        """
        return by_pair(self._opinions, self._units)

    @cached_property
    def disputed(self) -> pd.DataFrame:
        """Units on which annotators disagree, the most disputed first, by ``unit``.

        Columns: ``kind`` (existence, name, outline or answers, whichever is disputed most); ``score``, the
        share of pairs of annotators that disagree on it, for outlines 1 - mean IoU where that is above 0.25,
        for numbers their mean difference in twice the standard deviation of all answers where above 0.5;
        ``image_id``, in the table of the first annotator that has the image; ``drew`` and ``looked``, numbers
        of annotators; ``iou``, mean of the pairs; ``labels``, annotator -> label, None where they drew
        nothing; ``instances``, annotator -> instance_id; ``answers``, attribute -> annotator -> answer, of
        the attributes on which they disagree; None where who was asked did not answer.
        """
        return disputed(self._opinions, self._units, self._answers)

    @cached_property
    def disputed_images(self) -> pd.DataFrame:
        """Images about which annotators gave different answers, the most disputed first, by ``image_id``.

        Columns ``score`` and ``answers``, as in :attr:`disputed`. Ids are those of the first annotator's
        table that has the image.
        """
        return disputed_images(self._opinions, self._answers)

    @cached_property
    def _answers(self) -> list[Answers]:
        return answers_of(self._opinions, self._units)

    def instances(self, rows: Any = None, of: str | None = None) -> pd.DataFrame:
        """Instances of disputed units, unit after unit, for ``nl.Review`` and ``nl.Editor``.

        Args:
            rows: rows of :attr:`disputed`, or their ids; None: all.
            of: whose instances; None: of all annotators, who must share a table.

        Returns:
            Rows of the table of that annotator, or of all.

        Raises:
            UnknownNameError: there is no such annotator, or no such row.
            DataError: annotators have a table each, and ``of`` is None.
        """
        tables = self._opinions.tables
        if of is not None and of not in self.raters:
            raise UnknownNameError(f"no annotator is called {of!r}; {instead_of(of, self.raters)}")
        if of is None and len({id(t) for t in tables}) > 1:
            raise DataError(
                f"the annotators have a table each: instances(rows, of={self.raters[0]!r}) gives those of one"
            )
        units = self._ids(rows)
        found = self._units.row[units]
        if of is not None:
            found = found[:, [self.raters.index(of)]]
        table = tables[0 if of is None else self.raters.index(of)]
        return table.instances.loc[self._opinions.instance_id[found[found >= 0]]]

    def show(self, rows: Any = None, n: int = 6) -> Image:
        """Disputed units as a picture, side by side: a row per unit, a column per annotator.

        Args:
            rows: rows of :attr:`disputed`, or their ids; None: the most disputed.
            n: most units to show.

        Raises:
            UnknownNameError: there is no such row.
            ImageError: an image cannot be read.
        """
        return side_by_side(self._opinions, self._units, self._ids(rows)[:n])

    def consensus(self, fuse: str = "majority", quorum: int | None = None, into: Any = None) -> Change:
        """The change that makes one instance of the opinions on each unit, for ``ds.apply``.

        A unit is there if the quorum drew it, and then gets one instance: the mask is fused of those who drew
        it, the label is that of most of them. Opinions of units that are decided go, of those that are there
        and of those that are not; ties of existence or label stay as they are (see :attr:`disputed`). In
        tables of several annotators only the target changes; what else it holds stays.

        Attributes get the answer of most, of numbers the median, if more than half of those who were asked
        gave it (``quorum`` where given): of a unit those who drew it, of an image those who looked. Of
        several options, those count that more than half of the answers have. Ties and what too few answered
        stay without an answer (see :attr:`disputed` and :attr:`disputed_images`).

        Args:
            fuse: "majority": pixels that more than half of those who drew it cover; "staple": pixels that
                STAPLE holds for inside, which weighs annotators by how far they can be relied on, unit by
                unit; "medoid": the mask that overlaps the others best, as a person drew it.
            quorum: how many must have drawn a unit, or all who looked where these are fewer; None: more than
                half of those who looked.
            into: with a table per annotator: the name of the one whose table changes, or other tables with
                the same images; None: the first.

        Returns:
            A Change; its instances have the source "human" unless all of a unit have another one, the status
            "accepted", and this id and the names of those who drew it as origin.

        Raises:
            DataError: there is no such way to fuse, the quorum is below 1, or ``into`` shares no image.
            UnknownNameError: there is no such annotator, or the target lacks a label.
        """
        if fuse not in WAYS:
            raise DataError(f"fuse must be one of {', '.join(WAYS)}, got {fuse!r}")
        if quorum is not None and quorum < 1:
            raise DataError(f"quorum must be 1 or more, or None for more than half, got {quorum}")
        target, ids = self._target(into)
        return consensus(
            self._opinions, self._units, self._answers, target, ids, way=fuse, quorum=quorum, origin=self.id
        )

    def _asked(self) -> list[tuple[str, str]]:
        """The agreement on attributes in one line; none where nothing is asked."""
        rows = self.by_attribute[self.by_attribute["compared"] > 0]
        said = []
        for name, option, *numbers in rows[["attribute", "option", "alpha", "low", "high"]].to_numpy(object):
            said.append(f"{name}{f' ({option})' if option else ''} {Measured(*map(float, numbers))}")
        return [("answers", f"{', '.join(said)}: r.by_attribute")] if said else []

    def _target(self, into: Any) -> tuple[LabeledImages, Ints]:
        """Tables to change, and the id of each image in them."""
        given = self._opinions
        if into is None or isinstance(into, str):
            if into is not None and into not in self.raters:
                raise UnknownNameError(f"no annotator is called {into!r}; {instead_of(into, self.raters)}")
            k = 0 if into is None else self.raters.index(into)
            return given.tables[k], given.image_ids[:, k]
        same = same_images([*given.tables, into], [*self.raters, "into"])
        ids = np.full(len(given.image_ids), -1, np.int64)
        for k in range(len(self.raters)):
            rows = np.flatnonzero(same[:, k] >= 0)
            at = pd.Index(same[rows, k]).get_indexer(pd.Index(given.image_ids[:, k]))
            found = (at >= 0) & (ids < 0)
            ids[found] = same[rows[at[found]], -1]
        if (ids < 0).all():
            raise DataError(f"into= has none of the {len(ids):,} images that two or more looked at")
        return into, ids

    def _measured(self, of: Any) -> Measured:
        def column(weights: Any) -> Any:
            return of(weights)[:, None]

        value, low, high = measured(column, self.n_images, self.draws, self.seed)
        return Measured(float(value[0]), float(low[0]), float(high[0]))

    def _ids(self, rows: Any) -> list[int]:
        if rows is None:
            return [int(i) for i in self.disputed.index]
        ids = rows.index if isinstance(rows, pd.DataFrame | pd.Series) else pd.Index(np.atleast_1d(rows))
        strange = ids[~ids.isin(self.disputed.index)]
        if len(strange):
            raise UnknownNameError(f"rows must be of r.disputed, by unit; {first(strange)} are not there")
        return [int(i) for i in ids]

    def __repr__(self) -> str:
        return (
            f"Raters({', '.join(self.raters)} on {self.n_images:,} images: alpha {self.alpha.value:.2f}, "
            f"existence {self.existence.value:.2f}, name {self.name.value:.2f}, "
            f"outline {self.outline.value:.2f})"
        )

    def _repr_html_(self) -> str:
        counts = self.disputed["kind"].value_counts()
        left = (
            f"{self.n_images_left_out:,} images that fewer than two looked at, {self.n_left_out:,} instances"
        )
        images = len(self.disputed_images)
        more = f"; answers about {images:,} images: r.disputed_images" if images else ""
        facts = [
            ("alpha", self.alpha),
            ("existence", f"{self.existence}: what counts at all is for the guideline to say"),
            ("name", f"{self.name}: which label is for the guideline to say"),
            ("outline", f"{self.outline}, boundary {self.boundary}: a matter of tools and practice"),
            *self._asked(),
            ("left out", left),
            ("disputed", f"{len(self.disputed):,} of {self.n_units:,} units: r.disputed{more}"),
            ("one opinion", "ds.apply(r.consensus()); take it back: ds.revert(r)"),
        ]
        kinds = {kind: float(counts.get(kind, 0)) for kind in KINDS}
        shown = bar({**kinds, "agreed": float(self.n_units - len(self.disputed))}) if self.n_units else ""
        title = f"{', '.join(self.raters)} on {self.n_images:,} images"
        return card(title, facts, subtitle="95% intervals by image", extra_html=shown)
