"""``nl.audit``: is at least a target share of a set of masks right? A few answers tell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

from ...core.certificate import fingerprints
from ...core.errors import DataError
from ...core.tables.schema import LabeledImages
from ..runs.frozen_tables import state_of
from ..runs.run import Run
from .asked import Audit, Facts
from .begin import Terms, begin, prints_of
from .honeypots import honeypots_of
from .rows import Known, Rows, rows_of


def audit(
    of: LabeledImages | Run | pd.DataFrame,
    rows: Any = None,
    *,
    target_quality: float = 0.95,
    alpha: float = 0.05,
    estimate: bool = False,
    width: float | None = None,
    by: str | None = None,
    each: int = 0,
    at: float = 0.75,
    budget: int | None = None,
    known: Known = None,
    honeypots: float = 0.0,
    repeats: float = 0.0,
    seed: int = 0,
    name: str | None = None,
    journal: str | Path | bool = True,
    **options: Any,
) -> Audit:
    """Is at least a share of these masks right? Ask about some, drawn at random.

        a = nl.audit(ds, target_quality=0.95)     # all labels of a dataset
        nl.Verify(a)                              # yes or no, as in a propagation
        ds.certify(a)                             # kept with the dataset, shown in its card

    Masks are drawn in one random order. After each question the share of right masks is known to lie in an
    interval, with probability 1 - ``alpha`` at all times together, so that looking at it and stopping early
    do no harm. The questions end as soon as the target is shown to be reached, or shown to be missed.

    Args:
        of: a dataset or other tables (their instances), a Run (its predictions), or a table of masks.
        rows: which of them: ids, rows, a True / False column, or a query such as ``"label == 'cod'"``. None
            takes all; of a dataset all labels, without crowds and without what is only proposed.
        target_quality: share of right masks to show, within 0..1.
        alpha: probability that the statement is wrong, within 0..1.
        estimate: no target: state the share right with an interval.
        width: width of the interval at which an estimate ends, 0..1; None: 0.1, or none with a budget.
        by: a column of the rows or of their images, such as "label" or "group": `Audit.strata` has an
            interval for each of its values.
        each: answers wanted for each value of ``by``, asked once the whole is decided.
        at: lowest IoU with a perfect mask at which a mask counts as right, 0..1; it stands in the
            instructions and in the certificate.
        budget: most answers to ask for; None sets no limit.
        known: masks whose answer is known, to be mixed in as honeypots: id -> bool (they leave the set), or a
            table of masks with a column ``right``. None, with ``honeypots``: a fifth of the instances that a
            person verified (they leave the set), and spoiled copies of others: moved, resized, joined with a
            neighbour, cut in two, renamed.
        honeypots: known masks mixed in per mask asked about, 0..1, more at first; above 0, the statement
            allows for reviewers who err as often as these let suspect. It takes for granted that they err
            about honeypots as often as about other masks.
        repeats: masks answered before that are mixed in again per mask asked about, 0..1.
        seed: seed of the random order. Trying seeds until one pleases makes a statement worthless.
        name: name of the set, for the certificate; None makes one.
        journal: journal file, or folder; True puts it beside the runs of the dataset (in memory without a
            dataset), under a name made from the masks and all arguments, so that the same call resumes where
            it stopped; False keeps it in memory.
        **options: ``n_samples``, most masks per question (15); ``n_tests``, honeypots asked first (20).

    Raises:
        DataError: there are no rows, columns are missing, a number is out of its range, or honeypots are
            wanted and fewer than 12 instances are verified.
        UnknownNameError: ids, a column or an option do not exist.
        HistoryError: the journal file belongs to another audit.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=40, n_labeled=30, n_test=2, size=96)
        >>> a = nl.audit(ds, target_quality=0.9)
        >>> while (question := a.ask()) is not None:
        ...     a.tell(question, [True] * len(question.ids), annotator="anna")
        >>> a.state, a.n_answers < len(ds.instances)
        ('holds', True)
        >>> "at least 90% are right" in ds.certify(a).statement
        True
        >>> ds.close()
    """
    tables = of.tables if isinstance(of, Run) else None if isinstance(of, pd.DataFrame) else of
    _check(at, width, estimate, honeypots > 0 and known is None and tables is None)
    own = honeypots_of(tables, at, seed) if honeypots > 0 and known is None and tables is not None else None
    without = own.shown if own is not None and not isinstance(of, Run) else None
    found = rows_of(of, rows, known if own is None else own.table, by, tables, without)
    ids, prints = fingerprints(found.set)
    rules = _RULES.format(at=at)
    facts = Facts(name or _name(found, of), _what(found, of, at), rules, ids, prints, **_state(of))
    terms = Terms(
        target_quality=target_quality,
        alpha=alpha,
        estimate=estimate,
        width=width,
        each=each,
        budget=budget,
        honeypots=honeypots,
        repeats=repeats,
        seed=seed,
        journal=journal,
        options=options,
    )
    rule = " weighed together" if honeypots > 0 else ""  # other questions than before there was this rule
    return begin(found, facts, tables, f"{prints_of(prints)} at {at} by {by} {found.names}{rule}", terms)


def _check(at: float, width: float | None, estimate: bool, lacks_known: bool) -> None:
    if not 0 < at <= 1:
        raise DataError(f"at must lie within 0..1, an IoU, got {at}")
    if width is not None and (not estimate or not 0 < width < 1):
        raise DataError(f"width must lie between 0 and 1 and needs estimate=True, got {width}")
    if lacks_known:
        raise DataError(
            "honeypots are masks whose answer is known, and a bare table has no dataset to take them from: "
            "give known={id: True or False}, or a table of masks with a column right; got None"
        )


def _state(of: LabeledImages | Run | pd.DataFrame) -> dict[str, Any]:
    if isinstance(of, Run):
        return {"version": of.version, "dirty": of.dirty}
    return {"version": None, "dirty": False} if isinstance(of, pd.DataFrame) else state_of(of)


def _name(found: Rows, of: Any) -> str:
    labels = found.set["label"].astype(object).unique()
    which = f"{labels[0]}: " if len(labels) == 1 else ""
    return f"{which}{len(found.set):,} {found.table}" + (f" of {of.id}" if isinstance(of, Run) else "")


def _what(found: Rows, of: Any, at: float) -> str:
    whose = f" of {of.id}" if isinstance(of, Run) else ""
    right = f"one whole thing, IoU {at:.2f} or more, its label fits"
    return f"{len(found.set):,} {found.table}{whose}; right means {right}"


_RULES = (
    "Yes: the mask covers one whole thing and nothing else, its outline is close (IoU {at:.2f} or more with "
    "a perfect one), and its label fits.\n"
    "No: it covers only a part, several things, or something else, or its label is wrong."
)
