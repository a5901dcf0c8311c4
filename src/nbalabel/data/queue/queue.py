"""``Queue``: tasks of a dataset for a team, handed out at the pace of whoever is free."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from ...core.errors import DataError, HistoryError, UnknownNameError
from ...core.show.card import bar, card
from ...core.tables.schema import LabeledImages
from ..tables.tables import Tables
from .content import Content, contents_of
from .database.sql import Sql
from .filling import About, New, add, find, make, raise_redundancy
from .final import Answered, by_task, final_answers
from .listing import Progress, progress, tasks_table
from .matching import agreement, differing_columns
from .ordering import new_tasks, rows_in_order, table_of
from .starting import opinion
from .working import VersionedImages, Working

_NAME = re.compile(r"[\w.-]{1,80}")


class Queue(Working):
    """Tasks of a dataset for a team, handed out at the pace of whoever is free.

    ``nl.Work(q, annotator="ana")`` is an annotator's place. Work begins from a version of the dataset, and
    nobody writes to the dataset while they work: ``ds.collect(q)`` brings the answers in. A task is leased
    for five times the annotator's own median active time, and the lease is renewed while they work. When it
    ends, the task goes to somebody else; the draft stays, and a late answer counts, or becomes one more
    opinion. Nobody answers a task twice.

    Args:
        ds: the dataset; it must have no uncommitted work when rows are added.
        rows: the rows to work on, or their ids; rows that the queue has are left as they are. None opens a
            queue that there is.
        of: "images" (label them), "instances" or "predictions" (one answer about each); default: the table of
            ``rows``, or images.
        redundancy: how many people answer each task.
        order: a column of the rows, "random", or None for the order given.
        name: of the queue; a dataset may have several.
        ascending: with a column as order, the lowest values first.
        review: whether somebody else looks at each answer, and approves it or sends it back.
        url: ``"postgresql://user@host/database"`` for people on several machines; default: a SQLite file in
            the dataset's folder, which must not be on a network drive.
        seed: of a random order.

    Attributes:
        ds: the dataset.
        sql: the database.
        name: of the queue.

    Raises:
        DataError: an option is out of range, or an existing queue was made with others.
        UnknownNameError: there are no such rows; or, without rows, no such queue.
        HistoryError: rows are added, and the dataset has uncommitted work.
        MissingExtraError: a PostgreSQL url, and psycopg is not installed.
        StorageError: the database cannot be used.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
        >>> q = nl.Queue(ds, ds.images.query("state == 'unlabeled'"), redundancy=2)
        >>> task = q.take("ana")[0]
        >>> given = q.submit(task, "ana", q.start(task) | {"state": "empty"}, seconds=4)
        >>> q.progress().open
        3
    """

    def __init__(
        self,
        ds: VersionedImages,
        rows: Any = None,
        of: str | None = None,
        redundancy: int | None = None,
        order: str | None = None,
        name: str = "queue",
        *,
        ascending: bool = True,
        review: bool | None = None,
        url: str | None = None,
        seed: int = 0,
    ) -> None:
        if not _NAME.fullmatch(name):
            raise DataError(f"name must be of letters, digits, '.', '-' and '_', 80 at most; got {name!r}")
        if redundancy is not None and not 1 <= redundancy <= 1000:
            raise DataError(f"redundancy must be 1..1000, got {redundancy}")
        self.ds, self.sql, self.name = ds, _database(ds, url), name
        self._versions: dict[str, LabeledImages] = {}
        there = find(self.sql, name)
        of = there.of if there is not None and of is None else table_of(rows, of)
        tasks = None if rows is None else self._tasks(rows, of, order, seed, ascending=ascending)
        version = "" if tasks is None else self._committed()
        if there is None:
            if rows is None:
                raise UnknownNameError(f"there is no queue {name!r} yet: nl.Queue(ds, rows, name={name!r})")
            there = make(self.sql, name, of, redundancy or 1, bool(review), ds.folder.name)
        self._about = _fitting(there, of, redundancy, review)
        if tasks is not None:
            add(self.sql, self._now, tasks, version, None)

    @property
    def number(self) -> int:
        """Its number in its database."""
        return self._about.number

    @property
    def of(self) -> str:
        """Whether tasks are "images", "instances" or "predictions"."""
        return self._about.of

    @property
    def reviewed(self) -> bool:
        """Whether answers are reviewed."""
        return self._about.review

    def version(self, name: str) -> LabeledImages:
        """A version of the dataset, kept open."""
        if name not in self._versions:
            self._versions[name] = self.ds.version(name)
        return self._versions[name]

    @property
    def redundancy(self) -> int:
        """How many people answer a new task."""
        return self._now.redundancy

    @property
    def table(self) -> pd.DataFrame:
        """One row per task, in order, without honeypots.

        Columns: ``state``, what is to be done next (open, held, review, rework, done); ``row_id`` and
        ``image_id``; ``wanted`` opinions and ``answers`` there are; ``who`` holds it, ``since`` when;
        ``seconds`` of active time; how many ``skipped`` it; ``place`` in the order.
        """
        return tasks_table(self.sql, self.number)

    def progress(self) -> Progress:
        """Counts: tasks, opinions open and held, answers to review and to rework."""
        return progress(self.sql, self.number)

    def add(self, rows: Any, order: str | None = None, *, ascending: bool = True, seed: int = 0) -> int:
        """Add tasks behind the others; returns how many are new. Work on them begins from today's version.

        Raises:
            UnknownNameError: there are no such rows.
            HistoryError: the dataset has uncommitted work.
        """
        if table_of(rows, self.of) != self.of:
            raise DataError(f"this is a queue of {self.of}")
        tasks = self._tasks(rows, self.of, order, seed, ascending=ascending)
        return add(self.sql, self._now, tasks, self._committed(), None)

    def add_honeypots(self, rows: Any, truth: Any = None, seed: int = 0) -> int:
        """Mix in tasks whose answer is known, at any time; everybody gets each of them.

        Args:
            rows: rows whose answer is known, or their ids. They must not be tasks of this queue.
            truth: a Dataset, Version or Tables with the right instances of these images, of the same ids; for
                instances and predictions, one answer for all or one for each: "accept" or "reject". Default:
                what this dataset has on the images; then annotators begin from images without instances.
            seed: for their places.

        Returns:
            How many are new. ``nl.people(q)`` shows who got how many right.

        Raises:
            DataError: there is no right answer for a row.
        """
        tasks = self._tasks(rows, self.of, None, seed, ascending=True)
        gold = self._golden(tasks, truth)
        left = self.table
        places = left["place"][left["state"] == "open"]
        low, high = (places.min(), places.max()) if len(places) else (-1.0, 0.0)
        at = np.random.default_rng(seed).uniform(low - 1, high, len(tasks))
        made = [New(t.row, t.image, t.proposed, g) for t, g in zip(tasks, gold, strict=True)]
        return add(self.sql, self._now, made, self._committed(), at.tolist())

    def raise_redundancy(self, n: int, rows: Any = None) -> int:
        """Ask for more opinions, at any time.

        Args:
            n: how many per task.
            rows: "disputed" for the tasks whose opinions differ; rows of :attr:`table` or their numbers; None
                for all tasks and those to come.

        Returns:
            How many tasks get more.

        Raises:
            DataError: it is fewer than before.
        """
        if isinstance(rows, str) and rows != "disputed":
            raise DataError(f'rows must be rows of q.table, "disputed" or None, got {rows!r}')
        if isinstance(rows, str):
            tasks: list[int] | None = self.disputed()
        else:
            tasks = None if rows is None else [int(i) for i in getattr(rows, "index", rows)]
        return raise_redundancy(self.sql, self._now, n, tasks)

    def answers(self, *, honeypots: bool = False) -> list[Answered]:
        """The answers that count: not replaced by rework, not withdrawn, as reviewers corrected them."""
        return final_answers(self.sql, self.number, gold=honeypots)

    def disputed(self) -> list[int]:
        """Numbers of the tasks whose opinions differ.

        They differ by a label, by a thing with no mask IoU of 0.5, or by a column of your own, such as an
        attribute.
        """
        out = []
        for every in by_task(self.answers()):
            first, rest = every[0].content, [one.content for one in every[1:]]
            found = [agreement(first, other) for other in rest]
            if any(one.same < one.all for one in found) or any(differing_columns(first, x) for x in rest):
                out.append(every[0].task)
        return out

    def opinions(self) -> dict[str, Tables]:
        """What each annotator answered, as Tables: ``nl.raters(q)`` compares them.

        Raises:
            DataError: the queue is not of images.
        """
        if self.of != "images":
            raise DataError(f"opinions are tables of images, this is a queue of {self.of}: see nl.people(q)")
        mine: dict[str, list[Answered]] = {}
        for one in self.answers():
            mine.setdefault(one.annotator, []).append(one)
        return {name: opinion(answers, self.ds, self.version) for name, answers in sorted(mine.items())}

    def looked(self) -> dict[str, list[int]]:
        """Ids of the images that each annotator answered."""
        out: dict[str, list[int]] = {}
        for one in self.answers():
            out.setdefault(one.annotator, []).append(one.image)
        return dict(sorted(out.items()))

    def collected(self, answers: Sequence[int], change: str) -> None:
        """Remember which change brought answers into the dataset; ``ds.collect`` calls it."""
        self.sql.do(
            lambda run: [
                run("UPDATE nbl_answers SET collected = ? WHERE answer_id = ?", (change, answer))
                for answer in answers
            ],
            durable=True,
        )

    def close(self) -> None:
        """Close the connection to the database; the queue goes on when it is used again."""
        self.sql.close()

    def __repr__(self) -> str:
        p = self.progress()
        return (
            f"<Queue {self.name} of {p.tasks:,} {self.of}: {p.open:,} open, {p.held:,} held, "
            f"{p.review:,} to review, {p.rework:,} to rework>"
        )

    def _repr_html_(self) -> str:
        p, counts = self.progress(), self.table["state"].value_counts()
        facts = [
            ("opinions per task", f"{self.redundancy:,}"),
            ("reviewed", "by somebody else" if self.reviewed else "no"),
            ("kept in", self.sql.shown),
            ("an annotator's place", 'nl.Work(q, annotator="...")'),
            ("bring answers in", "ds.collect(q)"),
        ]
        shown = bar({str(state): float(n) for state, n in counts.items()}) if p.tasks else ""
        return card(f"{self.name}: {p.tasks:,} {self.of}", facts, extra_html=shown)

    @property
    def _now(self) -> About:
        """The queue as the database has it now, with a redundancy that somebody else may have raised."""
        return find(self.sql, self.name) or self._about

    def _tasks(self, rows: Any, of: str, order: str | None, seed: int, *, ascending: bool) -> list[New]:
        there = {"images": self.ds.images, "instances": self.ds.instances}.get(of)
        return new_tasks(rows_in_order(rows, of, there, order, seed, ascending=ascending), of)

    def _committed(self) -> str:
        if sum(self.ds.status().origins.values()):
            raise HistoryError(
                "the dataset has uncommitted work: ds.commit(...) first, as tasks begin from a version"
            )
        return self.ds.version_id

    def _golden(self, tasks: list[New], truth: Any) -> list[Content]:
        if self.of == "images":
            known = contents_of(self.ds if truth is None else truth, [task.image for task in tasks])
            missing = [task.image for task in tasks if task.image not in known]
            if missing:
                raise DataError(f"there is no truth for the images {missing[:5]}")
            return [known[task.image] | {"bare": truth is None} for task in tasks]
        said = [truth] * len(tasks) if isinstance(truth, str) else list(truth or ())
        if len(said) != len(tasks) or not set(said) <= {"accept", "reject"}:
            raise DataError('truth must be "accept" or "reject", one for all or one for each row')
        return [{"what": what, "label": None} for what in said]


def _database(ds: VersionedImages, url: str | None) -> Sql:
    if url is None:
        from .database.sqlite import SqliteFile

        return SqliteFile(ds.folder / "queues" / "queues.sqlite")
    if not url.startswith(("postgresql://", "postgres://")):
        raise DataError('url must begin with "postgresql://"')
    from .database.postgres import Postgres

    return Postgres(url)


def _fitting(there: About, of: str | None, redundancy: int | None, review: bool | None) -> About:
    """An existing queue, if it was made as it is asked for now."""
    for name, asked, made in (
        ("of", of, there.of),
        ("redundancy", redundancy, there.redundancy),
        ("review", review, there.review),
    ):
        if asked is not None and asked != made:
            more = "; q.raise_redundancy(n) asks for more opinions" if name == "redundancy" else ""
            raise DataError(f"the queue {there.name!r} was made with {name}={made!r}, not {asked!r}{more}")
    return there
