"""``nl.completeness``: how many instances are missing on images that are said to be complete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.errors import DataError
from ...core.percent import at_least
from ...core.regions.measured import counted
from ...core.tables.of_images import labeled_all_over
from ...core.tables.schema import LabeledImages
from ..metrics.match import match
from ..planning.candidates import best_of_each
from ..planning.chances import chances
from ..runs.frozen_tables import Snapshot
from ..runs.measured import trains
from ..runs.run import Run
from ..suspects.found import Suspects
from .recapture import chapman

_DRAWS = 200


@dataclass(frozen=True, eq=False, repr=False)
class Completeness:
    """How many instances are missing on completely labeled images: estimates, no guarantee.

    Attributes:
        images: one row per image and label with labels or something expected: ``labeled`` instances,
            ``expected`` missing ones that the run has found, and their interval ``lower`` to ``upper``; index
            ``(image_id, label)``.
        labels: one row per label, and "all": ``labeled``, ``found`` (of these, found by the run),
            ``expected`` (missing ones that the run has found, with ``lower`` and ``upper``), ``missing`` (all
            missing ones by capture and recapture, those included that the run did not find either), and
            ``at_least`` (its lower end), ``complete`` (share labeled, rather too high).
        level: coverage that the intervals aim at.
        note: what is known about whether run and labels are independent; "" where nothing speaks against it.
    """

    images: pd.DataFrame
    labels: pd.DataFrame
    level: float
    note: str

    def __repr__(self) -> str:
        return f"<Completeness: {self._text()}>"

    def _repr_html_(self) -> str:
        from ...core.show.card import card

        n = self.images.index.get_level_values(0).nunique()
        facts = [("missing", self._text()), ("images", f"{n:,} with labels, or with some expected")]
        if self.note:
            facts.append(("note", self.note))
        shown = self.labels.assign(complete=self.labels["complete"].map(at_least, na_action="ignore"))
        table = shown.to_html(float_format="{:.1f}".format, na_rep="")
        return card("Completeness", facts, extra_html=table)

    def _text(self) -> str:
        row = self.labels.loc["all"].to_dict()
        return (
            f"about {row['missing']:.1f} missing beside {row['labeled']:,.0f} labeled, at least "
            f"{row['at_least']:.1f}; the run shows {row['expected']:.1f} of them"
        )


def completeness(
    tables: LabeledImages,
    run: Run,
    *,
    found: Suspects | None = None,
    confirmed: Any = None,
    level: float = 0.9,
    iou: float = 0.5,
    seed: int = 0,
) -> Completeness:
    """How many instances are missing on images that are said to be complete or empty.

        c = nl.completeness(ds, run)
        c.images.sort_values("expected")      # where to look
        c.labels                              # per label, with what the run does not find either

    What the run has found and nobody labeled is missing with the chance that it is right, calibrated on the
    labels as :func:`nbalabel.plan` does; ``expected`` sums these chances per image and label. A model that is
    often wrong makes this number too high. What neither has found is estimated by capture and
    recapture: labels are the first look, the run is the second. Objects that are hard to see are missed by
    both more often than chance has it, so that there are rather more: ``at_least`` is a lower bound.

    These are estimates. For a statement with a probability, ask about tiles drawn at random:
    :func:`nbalabel.completeness_audit`.

    Args:
        tables: a Dataset, a Version or Tables.
        run: predictions of a model that did not learn these images, cross-fitted for instance; ``note`` says
            where it may have learned them: such a run misses what the labels miss.
        found: :func:`nbalabel.suspects` of these tables and this run: the chances of its kind "missing" are
            taken instead.
        confirmed: predictions of the run that a person confirmed to be missing instances, ids or rows; they
            then take the place of the chances.
        level: coverage that the intervals aim at, 0..1.
        iou: lowest mask IoU at which the run has found an instance, 0..1.
        seed: seed of folds and draws.

    Raises:
        DataError: no image is labeled all over and predicted on, or a number is out of range.
        MissingExtraError: scikit-learn is not installed.

    Source: see `chapman` for capture and recapture.

    Example:
        >>> import nbalabel as nl, tempfile
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=16, n_test=0)
        >>> c = nl.completeness(ds, nl.demo.simulated_run(ds))
        >>> bool(c.labels.loc["all", "missing"] >= c.labels.loc["all", "expected"] - 1e-9)
        True
        >>> ds.close()
    """
    if not 0 < level < 1 or not 0 < iou < 1:
        raise DataError(f"level and iou must lie between 0 and 1, got {level} and {iou}")
    frozen = Snapshot.of(tables)
    images = frozen.images[labeled_all_over(frozen.images) & frozen.images.index.isin(run.predicted_ids)]
    if not len(images):
        raise DataError(
            f"completeness is about images that are labeled all over: {run.id} has predictions on none of "
            "them; ds.mark_complete(images) says which are"
        )
    run = run.matched_to(frozen, iou=iou)
    near = run.predictions[run.predictions["image_id"].isin(images.index)]
    lost = match(near, counted(frozen, near, images), images, iou=iou).missed
    rows = frozen.instances[frozen.instances["image_id"].isin(images.index)]
    rows = rows[~rows["crowd"].to_numpy(bool)]
    hit = rows.assign(found=~rows.index.isin(lost.index))
    seen = _seen(frozen, run, near, found, confirmed, iou, seed)
    tail = (1 - level) / 2
    tables_ = _per_image(hit, seen, tail), _per_label(hit, seen, frozen.labels, tail)
    return Completeness(*tables_, level, _learned(run, images))


@dataclass(frozen=True, eq=False)
class _Seen:
    """Predictions that may be missing instances.

    Attributes:
        rows: image_id, label and chance of each.
        draws: which of them are, as it might be, ``(200, n)`` bool.
    """

    rows: pd.DataFrame
    draws: npt.NDArray[np.bool_]

    def sums(self, which: npt.NDArray[np.bool_], tail: float) -> tuple[float, float, float]:
        """Expected number among some of the rows, and the ends of its interval."""
        number = self.draws[:, which].sum(axis=1)
        low, high = np.quantile(number, [tail, 1 - tail], method="nearest") if which.any() else (0.0, 0.0)
        expected = float(self.rows["chance"].to_numpy()[which].sum())
        return expected, min(float(low), expected), max(float(high), expected)


def _seen(
    tables: Snapshot,
    run: Run,
    near: pd.DataFrame,
    found: Suspects | None,
    confirmed: Any,
    iou: float,
    seed: int,
) -> _Seen:
    rng = np.random.default_rng(seed)
    if confirmed is not None:
        ids = confirmed.index if isinstance(confirmed, pd.DataFrame | pd.Series) else pd.Index(confirmed)
        rows = near.loc[near.index.intersection(ids)]
        chance, draws = np.ones(len(rows)), np.ones((_DRAWS, len(rows)), np.bool_)
    elif found is not None:
        some = found.table[(found.table["kind"] == "missing").to_numpy()].set_index("prediction_id")["score"]
        rows = near.loc[near.index.intersection(some.index.astype(np.int64))]
        chance = some.reindex(rows.index).to_numpy(np.float64)
        draws = rng.random((_DRAWS, len(rows))) < chance
    else:
        odds = chances(tables, run, seed)
        rows = near[(~near["matched"] & ~near["ignored"] & (near["iou"] < iou)).to_numpy()]
        rows = best_of_each(rows, odds.right)
        chance = odds.right.loc[rows.index].to_numpy(np.float64)
        draws = odds.draws(rows, _DRAWS, rng)[0]
    kept = {"image_id": rows["image_id"], "label": rows["label"].astype(str), "chance": chance}
    return _Seen(pd.DataFrame(kept), draws)


def _learned(run: Run, images: pd.DataFrame) -> str:
    """Whether the run's model may have learned these images, in a sentence; "" where it has not."""
    n = int(trains(images).sum())
    if not n or run.arguments.get("cross_fitted"):
        return ""
    return (
        f"{n:,} of the {len(images):,} images are for training: if the model of {run.id} learned them, it "
        "misses what their labels miss, and there are more missing than this says"
    )


def _per_image(hit: pd.DataFrame, seen: _Seen, tail: float) -> pd.DataFrame:
    keys = [
        (int(image), label) for image, label in zip(seen.rows["image_id"], seen.rows["label"], strict=True)
    ]
    labeled = hit.groupby([hit["image_id"], hit["label"].astype(str)]).size()
    index = pd.MultiIndex.from_tuples(sorted({*labeled.index, *keys}), names=["image_id", "label"])
    place = index.get_indexer(pd.MultiIndex.from_tuples(keys)) if keys else np.zeros(0, np.int64)
    sums = np.zeros((len(index), 3))
    for at in np.unique(place):
        sums[at] = seen.sums(place == at, tail)
    table = pd.DataFrame(sums, index, ["expected", "lower", "upper"])
    table.insert(0, "labeled", labeled.reindex(index, fill_value=0).astype(np.int64))
    return table


def _per_label(hit: pd.DataFrame, seen: _Seen, labels: tuple[str, ...], tail: float) -> pd.DataFrame:
    lines = {name: _line(hit[(hit["label"] == name).to_numpy()], seen, name, tail) for name in labels}
    lines["all"] = _line(hit, seen, None, tail)
    return pd.DataFrame.from_dict(lines, orient="index").rename_axis("label")


def _line(own: pd.DataFrame, seen: _Seen, label: str | None, tail: float) -> dict[str, float]:
    of_label = (
        (seen.rows["label"] == label).to_numpy() if label is not None else np.ones(len(seen.rows), bool)
    )
    expected, low, high = seen.sums(of_label, tail)
    n, found = len(own), int(own["found"].sum())
    there, least = (chapman(n, found + more, found, tail) for more in (expected, low))
    return {
        "labeled": n,
        "found": found,
        "expected": expected,
        "lower": low,
        "upper": high,
        "missing": there.number - n,
        "at_least": least.lower - n,
        "complete": n / there.number if there.number else np.nan,
    }
