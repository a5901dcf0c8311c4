"""The annotators' side of a queue: take a task, see what it begins from, answer, skip, decide."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ...core.errors import DataError, UnknownNameError
from ...core.tables.schema import LabeledImages
from ..tables.tables import Tables
from .answering import Comment, Given, comments_on, decide, renew, skip, submit
from .content import Content, checked, contents_of
from .database.sql import Sql
from .handing import take
from .own import about_row, said
from .starting import id_of_prediction, task_tables
from .task import STEPS, Task

_LABELING = ("rework", "label")


class VersionedImages(LabeledImages, Protocol):
    """What a queue needs of a dataset."""

    @property
    def folder(self) -> Path:
        """Its folder."""

    @property
    def version_id(self) -> str:
        """The version that the working copy builds on."""

    def version(self, name: str) -> Any:
        """A version of it."""

    def status(self) -> Any:
        """What is not committed."""


class Working:
    """What an annotator, or their view, asks of a queue.

    Attributes:
        ds: the dataset.
        sql: the database.
    """

    ds: VersionedImages
    sql: Sql

    if TYPE_CHECKING:

        @property
        def number(self) -> int: ...  # noqa: D102  # of Queue  # of Queue

        @property
        def of(self) -> str: ...  # noqa: D102  # of Queue  # of Queue

        def version(self, name: str) -> LabeledImages: ...  # noqa: D102  # of Queue  # of Queue

    def take(
        self, annotator: str, n: int = 1, steps: Sequence[str] = _LABELING, seat: str = ""
    ) -> list[Task]:
        """Hand out tasks: those that the annotator holds already, then new ones, ``n`` in all.

        Args:
            annotator: who is free.
            n: how many they want to have, 1..20.
            steps: which kinds, the most urgent first: "rework", "label", "review".
            seat: names the view that asks; tasks held at another seat of the same annotator come here.

        Returns:
            Fewer than ``n`` where there is nothing more for them.
        """
        who, steps = _person(annotator), _steps(steps)
        if not 1 <= n <= 20:
            raise DataError(f"n must be 1..20, got {n}")
        return take(self.sql, self.number, who, seat, steps, n, self.sql.now())

    def start(self, task: Task) -> Content:
        """What is on the image when work on a task begins, as :meth:`submit` takes it."""
        if task.content is not None and "what" not in task.content:
            return checked(task.content, f"the answer to task {task.task}")
        found = contents_of(self.version(task.version), [task.image_id])
        if task.image_id not in found:
            raise UnknownNameError(f"version {task.version} has no image {task.image_id}")
        begin = found[task.image_id]
        if task.content is not None and "own" in task.content:
            return begin | {"own": task.content["own"]}
        return begin | {"state": "unlabeled", "instances": []} if self._is_bare(task) else begin

    def tables(self, task: Task) -> tuple[Tables, int | None]:
        """The task's image with its instances as Tables, and the id of the instance that is asked about."""
        version = self.version(task.version)
        tables, about = task_tables(task, self.start(task), version, bare=self._is_bare(task))
        return tables, task.row_id if self.of == "instances" else about

    def submit(
        self,
        task: Task | int,
        annotator: str,
        answer: Any,
        seconds: float = 0.0,
        label: str | None = None,
        own: Mapping[str, Any] | LabeledImages | None = None,
    ) -> Given:
        """Keep an answer; it is on disk when this returns. A second answer of one person changes nothing.

        Args:
            task: the task, or its ``job``.
            annotator: who answers.
            answer: a dict as :meth:`start` gives it, or Tables or a Dataset with the image; for instances and
                predictions "accept", "reject" or "relabel".
            seconds: active time.
            label: the other label, for "relabel".
            own: for instances and predictions what is said of the row in columns of your own, such as answers
            to
                attributes: column -> value; or Tables or a Dataset with the image, whose columns count where
                they differ from the version, those of the image, too.

        Raises:
            DataError: it is no such answer.
            UnknownNameError: the task was never handed to this annotator.
        """
        job = task.job if isinstance(task, Task) else int(task)
        content = self._content(task, answer, label, own)
        return submit(
            self.sql, self.number, _person(annotator), job, content, _seconds(seconds), self.sql.now()
        )

    def skip(self, task: Task | int, annotator: str, reason: str = "", seconds: float = 0.0) -> None:
        """Leave a task to the others; this annotator does not get it again."""
        job = task.job if isinstance(task, Task) else int(task)
        skip(self.sql, self.number, _person(annotator), job, str(reason), _seconds(seconds))

    def decide(
        self,
        task: Task | int,
        reviewer: str,
        verdict: str,
        comment: str = "",
        place: Mapping[str, float] | None = None,
        answer: Any = None,
        seconds: float = 0.0,
    ) -> None:
        """Approve an answer, or send it back to its author.

        Args:
            task: a task of step "review", or its ``job``.
            reviewer: who decides; never the author.
            verdict: "approve" or "rework".
            comment: for the author.
            place: what it is about: ``{"x": ..., "y": ...}``, pixels.
            answer: the answer as the reviewer corrected it, as for :meth:`submit`; None if unchanged. Of a
            queue
                of instances or predictions Tables or a Dataset with the image, whose own columns count.
            seconds: active time.

        Raises:
            HistoryError: somebody else decided meanwhile; their decision stays.
            DataError: it is no review, or the verdict or the place is none.
        """
        job = task.job if isinstance(task, Task) else int(task)
        content = None if answer is None else self._content(task, answer, None)
        at = None if place is None else _place(place)
        decide(
            self.sql, self.number, _person(reviewer), job, verdict, str(comment), at, content,
            _seconds(seconds), self.sql.now(),
        )  # fmt: skip

    def comments(self, task: Task) -> list[Comment]:
        """What reviewers have written about a task so far, oldest first.

        Who reviews it sees all of it, who reworks it what is about their own answers, and who labels it
        nothing: an opinion of one's own is asked for.
        """
        if task.step == "label":
            return []
        return comments_on(self.sql, task.task, None if task.step == "review" else task.author)

    def renew(self, tasks: Iterable[Task], annotator: str, seconds: float = 0.0, seat: str = "") -> list[int]:
        """Renew leases, as an open view does; returns the ``job`` of each task that is still theirs.

        Args:
            tasks: those that the annotator holds, the present one first.
            annotator: who works.
            seconds: active time on the present one so far.
            seat: as in :meth:`take`.
        """
        jobs = [task.job for task in tasks]
        return renew(self.sql, self.number, _person(annotator), seat, jobs, _seconds(seconds), self.sql.now())

    def _content(
        self,
        task: Task | int,
        answer: Any,
        label: str | None,
        own: Mapping[str, Any] | LabeledImages | None = None,
    ) -> Content:
        if self.of != "images":
            return self._about_row(task, answer, label, own)
        if own is not None:
            raise DataError("of a queue of images, own columns are in the answer itself")
        if isinstance(answer, LabeledImages) and isinstance(task, Task):
            found = contents_of(answer, [task.image_id]).get(task.image_id)
            own = said(answer, task.image_id, self.version(task.version)) if found else {}
            answer = {**found, "own": own} if found and (own["images"] or own["instances"]) else found
        return checked(answer, "the answer")

    def _about_row(
        self, task: Task | int, answer: Any, label: str | None, own: Mapping[str, Any] | LabeledImages | None
    ) -> Content:
        """An answer about one instance or prediction."""
        if isinstance(answer, LabeledImages) and isinstance(task, Task):  # as a reviewer left it
            given = task.content or {}
            answer, label, own = given.get("what"), given.get("label"), answer
        if answer not in ("accept", "reject", "relabel"):
            raise DataError(f'an answer is "accept", "reject" or "relabel", got {answer!r}')
        if answer == "relabel" and label not in self.ds.labels:
            raise DataError(f"label must be one of {', '.join(self.ds.labels)}, got {label!r}")
        content: Content = {"what": answer, "label": label}
        if own is None:
            return content
        if not isinstance(task, Task) or not isinstance(own, Mapping | LabeledImages):
            raise DataError("own must be column -> value, Tables or a Dataset, and come with the task itself")
        here = task.row_id if task.proposed is None else id_of_prediction(self.start(task))
        told = about_row(own, task.row_id, here, task.image_id, self.version(task.version))
        return content | ({"own": told} if told else {})

    def _is_bare(self, task: Task) -> bool:
        """Whether what is on the image is the answer of a honeypot."""
        rows = self.sql.do(
            lambda run: run("SELECT gold FROM nbl_tasks WHERE task_id = ?", (task.task,)), reading=True
        )
        return bool(rows and rows[0][0] and json.loads(rows[0][0]).get("bare"))


def _person(name: str) -> str:
    if (
        not isinstance(name, str)
        or not name.strip()
        or "," in name
        or len(name) > 100
        or not name.isprintable()
    ):
        raise DataError(f"annotator must be a name without commas, 100 characters at most, got {name!r}")
    return name


def _steps(steps: Sequence[str]) -> tuple[str, ...]:
    if isinstance(steps, str) or not steps or not set(steps) <= set(STEPS):
        raise DataError(f"steps must be some of {', '.join(STEPS)}, got {steps!r}")
    return tuple(steps)


def _place(place: Mapping[str, float]) -> dict[str, float]:
    at = {name: place.get(name) for name in ("x", "y")} if isinstance(place, Mapping) else {}
    if not at or not all(isinstance(v, int | float) and math.isfinite(v) for v in at.values()):
        raise DataError(f'place must be {{"x": ..., "y": ...}} in pixels, got {place!r}')
    return {name: float(value) for name, value in at.items() if value is not None}


def _seconds(seconds: float) -> float:
    return float(min(max(seconds, 0.0), 86_400.0)) if seconds == seconds else 0.0
