"""``Suspects``: a ranked table of suspicions, the Change that mends some, what answers make of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.change.change import Change
from ...core.errors import DataError, UnknownNameError, first
from ...core.show.card import bar, card
from ...core.tables.schema import LabeledImages
from ..embed.nearest import nearest
from ..runs.frozen_tables import live
from .answers import corrected, log_odds
from .elsewhere import Answered, Known, known_of
from .mend import mended

Floats = npt.NDArray[np.float64]

_LIKELY = 0.5
"""Chance from which a suspicion is likely right."""

_RAISED = 0.1  # log-odds by which answers have raised a row that is like an error that was found


@dataclass(frozen=True, eq=False, repr=False)
class Suspects:
    """Suspicions that labels are wrong, or missing, the likeliest first; a value.

    Attributes:
        id: origin of the changes; ``ds.revert(suspects)`` takes all of them back.
        table: one row per label judged, per prediction without label and per image whose state is doubtful,
            by ``suspect_id``. ``kind``: missing, spurious, swapped, outline, merged, split, duplicate, odd or
            state; ``score``: chance that something is wrong, 0..1; ``instance_id`` and ``prediction_id`` (the
            prediction that fits the label best, or that has no label); ``image_id``,
            ``label``, ``guess`` (the label that crop and predictions speak for). Evidence: ``iou`` and
            ``boundary_iou`` with the best prediction, ``prediction_score``, ``predicted_iou`` (see
            :func:`nbalabel.mask_quality`), ``label_iou`` with another label, ``n_parts`` predictions inside,
            ``background`` and ``own_chance`` (of the crop, by a classifier that did not see its image),
            ``odd`` (how unusual the label is among its own, as a rank 0..1). ``settled``: the label was
            removed, renamed or redrawn since, or what was missing was added (see :meth:`updated`).
        answers: what was answered, by ``suspect_id``: True where something is wrong, or was.
        n_left_out: labels that are not judged: crowds, and those where nobody knows what is there.
        note: whether the model may have learned the images judged; empty where it did not.
    """

    id: str
    table: pd.DataFrame
    answers: pd.Series
    n_left_out: int
    note: str
    _tables: LabeledImages
    _predictions: pd.DataFrame
    _rehearsed: pd.Series
    _features: Floats
    _given: pd.Series = field(default_factory=lambda: _none())
    _sources: tuple[Answered, ...] = ()
    _known: Known = field(default_factory=lambda: Known(_none(), _none().index))

    def change(self, rows: Any = None) -> Change:
        """The change that mends suspicions, for ``ds.apply``.

        A missing label is added (source "model", status "proposed"), a spurious or doubled one removed, a
        swapped one gets the label ``guess``, an outline becomes the prediction's, a merged label becomes the
        predictions inside it, split labels become one with the mask of the prediction around them, and an
        image that lacks instances becomes partial. An odd label stays: somebody has to look.

        Args:
            rows: rows of ``table``, or their ids; None: those with a score of 0.5 or more and no answer
                against them. What is settled is left out.

        Raises:
            UnknownNameError: there are no such rows.
        """
        if rows is None:
            right = self.answers.index[~self.answers.to_numpy(bool)]
            likely = self.table[(self.table["score"] >= _LIKELY).to_numpy()]
            chosen = likely[~likely.index.isin(right)]
        else:
            chosen = self._left(self.table.loc[self._ids(rows)])
        there = live(self._tables).instances.index
        return mended(chosen, self._tables, self._predictions, self.id, there)

    def answered(self, ids: Any, wrong: bool | Sequence[bool]) -> Suspects:
        """The suspicions ranked anew after some answers; earlier answers stay.

        An answer moves the chances of rows that look alike, lie at the same place and are of the same kind.
        An answer given here counts more than those of audits and propagations, and less than an edit.

        Args:
            ids: rows of ``table``, or their ids.
            wrong: whether something is wrong with each of them: one value, or one per row.

        Raises:
            UnknownNameError: there are no such rows.
            DataError: there are more or fewer values than rows.
        """
        known = self._ids(ids)
        said = (
            np.broadcast_to(np.asarray(wrong, bool), len(known))
            if np.ndim(wrong) == 0
            else np.asarray(wrong, bool)
        )
        if len(said) != len(known):
            raise DataError(f"expected one answer per row, {len(known)}, got {len(said)}")
        new = pd.Series(said, pd.Index(known, name="suspect_id"), name="wrong", dtype=bool)
        given = pd.concat([self._given.drop(new.index, errors="ignore"), new])
        return replace(self, _given=given)._ranked()

    def updated(self, *sources: Any) -> Suspects:
        """The suspicions ranked anew by all that became known elsewhere; own answers stay.

        The dataset is looked at as it is now, whatever was done there, in :class:`nbalabel.Review`, in an
        editor or in a cell. A label that was removed or renamed, or redrawn so that it shares less than 0.75
        with what it was, *was* wrong, and is no suspicion any more; so with what was missing and has been
        added, and with an image that has another state. A label that was verified is right, and a prediction
        that was rejected is not missing. What was undone since counts no more.

        Args:
            *sources: what :func:`nbalabel.audit` and :func:`nbalabel.propagate` returned, or the
                :class:`nbalabel.Verify` of one: their answers count for labels, and for predictions without
                label, of the same image, label and mask. A :class:`nbalabel.Review` adds labels that had been
                verified before and were accepted again. Sources are remembered, and read again each time.

        Returns:
            The suspicions; those that are settled come last, with the score 0, and teach what is alike.

        Raises:
            DataError: a source has no answers about masks.

        Example:
            >>> import nbalabel as nl, tempfile
            >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=16, n_test=0)
            >>> found = nl.suspects(ds, nl.demo.simulated_run(ds))
            >>> first = found.table[found.table["instance_id"].notna()].iloc[:1]
            >>> _ = ds.remove(found.instances(first))
            >>> now = found.updated()
            >>> int(now.table["settled"].sum()), now.answers.tolist()
            (1, [True])
            >>> ds.close()
        """
        new = [getattr(source, "p", source) for source in sources]  # the audit of a view
        strange = [type(one).__name__ for one in new if not isinstance(one, Answered)]
        if strange:
            raise DataError(
                f"updated takes audits, propagations of predictions, or views, got {first(strange)}: "
                "answers of other kinds go to suspects.answered(rows, wrong=...)"
            )
        every = tuple({id(one): one for one in (*self._sources, *new)}.values())
        known = known_of(self.table.sort_index(), self._tables, live(self._tables), self._predictions, every)
        return replace(self, _sources=every, _known=known)._ranked()

    def _ranked(self) -> Suspects:
        """The same, ranked by the answers given here and by what is known from elsewhere."""
        known = self._known
        own = self._given[~self._given.index.isin(known.settled)]
        answers = pd.concat([known.answers.drop(own.index, errors="ignore"), own]).rename("wrong")
        answers = answers.rename_axis("suspect_id").astype(bool)
        table = self.table.sort_index()
        chance = corrected(
            self._rehearsed.to_numpy(np.float64),
            self._features,
            np.asarray(table["kind"].cat.codes, np.int64),
            np.asarray(table.index.get_indexer(answers.index), np.int64),
            answers.to_numpy(bool),
        )
        settled = table.index.isin(known.settled)
        chance = np.where(settled, 0.0, chance)
        order = np.lexsort((-chance, settled))
        table = table.assign(score=chance.astype(np.float32), settled=settled)
        return replace(self, table=table.iloc[order], answers=answers)

    def _left(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows that are not settled."""
        return rows[~rows["settled"].to_numpy(bool)]

    def similar(self, rows: Any, n: int = 20) -> pd.DataFrame:
        """Labels, and predictions without label, that look alike, are of like size and lie at a like place.

        Args:
            rows: rows of ``table``, or their ids.
            n: most rows to return; the picked ones are left out.

        Returns:
            Rows of ``table``, nearest first.
        """
        ids = self.table.sort_index().index
        picked = np.asarray(ids.get_indexer(pd.Index(self._ids(rows))), np.int64)
        there = ids[nearest(self._features.astype(np.float32), picked, n)[0]]
        return self.table.loc[there]

    def unsure(self, n: int = 10) -> pd.DataFrame:
        """Rows without an answer about which an answer teaches most.

        By turns the row whose chance is nearest to 0.5, and the one below 0.5 that the answers so far have
        raised most: it is like an error that was found, and not yet told from what is right. Without the
        second, the answers go to other doubts, and the rest of what was found stays hidden.

        Args:
            n: most rows to return.

        Returns:
            Rows of ``table``, those that teach most first.

        Source: D. Lewis, W. Gale, A sequential algorithm for training text classifiers, SIGIR 1994.
        """
        left = self._left(self.table[~self.table.index.isin(self.answers.index)])
        score = left["score"].to_numpy(np.float64)
        doubtful = np.argsort(np.abs(score - 0.5), kind="stable")
        raised = log_odds(score) - log_odds(self._rehearsed.loc[left.index].to_numpy(np.float64))
        raised = np.where(score < _LIKELY, raised, 0.0)
        found = np.argsort(-raised, kind="stable")[: int((raised > _RAISED).sum())]
        turns = [doubtful, found] if len(self.answers) % 2 == 0 else [found, doubtful]
        both = [turn[:n] for turn in turns]
        place = np.concatenate([2 * np.arange(len(turn)) + k for k, turn in enumerate(both)])
        rows = np.concatenate(both)[np.argsort(place, kind="stable")]
        return left.iloc[pd.unique(rows)[:n]]

    def summary(self) -> pd.DataFrame:
        """Of each kind, how many rows are likely right (score 0.5 or more) and how many errors are expected.

        Returns:
            By ``kind``: ``rows``, ``likely``, ``expected`` (the sum of the scores), ``answered``, and
            ``settled``: errors that are none any more.
        """
        groups = self.table.groupby("kind", observed=False)
        said = self.table["kind"].loc[self.answers.index].value_counts()
        return pd.DataFrame(
            {
                "rows": groups.size(),
                "likely": groups["score"].agg(lambda s: int((s >= _LIKELY).sum())),
                "expected": groups["score"].sum().astype(float).round(1),
                "answered": said.reindex(groups.size().index).fillna(0).astype(int),
                "settled": groups["settled"].sum().astype(int),
            }
        )

    def instances(self, rows: Any = None) -> pd.DataFrame:
        """The labels that rows are about, in the order of the rows, for ``nl.Review`` and ``nl.Gallery``.

        Args:
            rows: rows of ``table``, or their ids; None: all. What is settled is left out.
        """
        chosen = self._left(self.table if rows is None else self.table.loc[self._ids(rows)])
        ids = chosen["instance_id"].dropna().astype(np.int64)
        return self._tables.instances.loc[ids.drop_duplicates()]

    def predictions(self, rows: Any = None) -> pd.DataFrame:
        """The missing labels among rows, as predictions, in the order of the rows, for ``nl.Review``.

        Args:
            rows: rows of ``table``, or their ids; None: all. What is settled is left out.
        """
        chosen = self._left(self.table if rows is None else self.table.loc[self._ids(rows)])
        ids = chosen.loc[(chosen["kind"] == "missing").to_numpy(), "prediction_id"].astype(np.int64)
        return self._predictions.loc[ids]

    def _ids(self, rows: Any) -> list[int]:
        ids = rows.index if isinstance(rows, pd.DataFrame | pd.Series) else pd.Index(np.atleast_1d(rows))
        strange = ids[~ids.isin(self.table.index)]
        if len(strange):
            raise UnknownNameError(
                f"rows must be of the table of these suspects, by suspect_id; {first(strange)} are not there"
            )
        return [int(i) for i in ids]

    def __repr__(self) -> str:
        n = int((self.table["score"] >= _LIKELY).sum())
        note = f"; {self.note}" if self.note else ""
        return f"Suspects({self.id}: {n:,} likely errors among {len(self.table):,} rows{note})"

    def _repr_html_(self) -> str:
        found = self.summary()
        n, expected = int(found["likely"].sum()), float(found["expected"].sum())
        facts = [
            ("likely errors", f"{n:,} of {len(self.table):,} rows, about {expected:,.0f} expected"),
            ("answered", f"{len(self.answers):,}"),
            ("not judged", f"{self.n_left_out:,} labels"),
            ("mend them", "ds.apply(suspects.change(rows)); take it back: ds.revert(suspects)"),
        ]
        kinds = {str(k): float(v) for k, v in found["expected"].items() if v > 0}
        return card(self.id, facts, subtitle=self.note, extra_html=bar(kinds) if kinds else "")


def _none() -> pd.Series:
    """No answers."""
    return pd.Series([], pd.Index([], dtype=np.int64, name="suspect_id"), dtype=bool, name="wrong")
