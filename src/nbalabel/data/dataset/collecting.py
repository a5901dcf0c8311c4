"""The part of :class:`Dataset` that brings in what a team has answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from ...core.change.change import Change, apply
from ...core.errors import DataError
from ...core.tables.schema import check_all_answers
from ...core.tables.state import State
from ..queue.collecting import (
    Collected,
    Plan,
    answered_rows,
    changed_images,
    conflict,
    conflicts_table,
    known_cells,
    known_row_cells,
    plan,
)
from ..queue.content import contents_of, same
from ..queue.final import Answered, by_task
from ..queue.own import clashes, is_there
from ..queue.queue import Queue
from ..tables.tables import Tables
from ..working.working_copy import WorkingCopy


class Collecting:
    """Answers of queues as Changes."""

    _copy: WorkingCopy

    if TYPE_CHECKING:

        def _make(self, build: Callable[[State], Change]) -> Change: ...

        def log(self) -> Any: ...  # noqa: D102  # of Dataset  # of Dataset

    def collect(self, queue: Queue, prefer: str | None = None, overwrite: Iterable[int] = ()) -> Collected:
        """Bring the answers of a queue in, as one Change per annotator, whose origin they are.

        Nothing is overwritten: an image that was changed here since the work began, and a task whose opinions
        differ, are listed as conflicts and left alone. What was collected before is not collected again.
        ``nl.raters(q).consensus(into=ds)`` makes one opinion of several.

        Args:
            queue: the queue. Where it is reviewed, only approved answers are collected.
            prefer: annotator whose opinion is taken where opinions differ.
            overwrite: ids of images on which the answer replaces what was changed here since.

        Returns:
            The Changes, and what was left alone and why.

        Raises:
            DataError: it is no queue of this dataset.
        """
        if not isinstance(queue, Queue):
            raise DataError(f"collect takes a Queue, got {type(queue).__name__}")
        known = set(map(str, self.log().index))
        found = plan(
            list(by_task(queue.answers())),
            reviewed=queue.reviewed,
            take=lambda one: one.annotator == prefer,
            was_collected=lambda change: change in known,
        )
        made, n = [], 0
        for answers in found.mine.values():
            change, used = self._collect(queue, answers, set(overwrite), found)
            if change:
                made.append(change)
            n += len(used)
            queue.collected([one.answer for one in used], change.id if change else "")
        return Collected(tuple(made), conflicts_table(found.conflicts), found.n_already, found.n_waiting, n)

    def _collect(
        self, queue: Queue, answers: list[Answered], overwrite: set[int], found: Plan
    ) -> tuple[Change, list[Answered]]:
        """Bring in answers of one annotator; what does not fit goes to the conflicts."""
        used: list[Answered] = []

        def build(state: State) -> Change:
            if queue.of == "images":
                return self._images(state, queue, answers, overwrite, found, used)
            ready = self._unchanged(state, queue, answers, overwrite, found)
            if not ready:
                return Change()
            change, failed = answered_rows(state, ready, queue.of, queue.name, self._copy.reserve)
            found.conflicts += [conflict(why, [one]) for one, why in failed]
            lost = {one.answer for one, _ in failed}
            used.extend(one for one in ready if one.answer not in lost)
            return change

        return self._make(build), used

    @staticmethod
    def _unchanged(
        state: State, queue: Queue, answers: list[Answered], overwrite: set[int], found: Plan
    ) -> list[Answered]:
        """Answers about rows whose own columns nobody else changed to something else since."""
        today, out = Tables.from_state(state, None, {}), []
        for one in answers:
            told = known_row_cells(one, queue.of)
            changed = clashes(told, today, queue.version(one.version)) if told else []
            if changed and one.image not in overwrite:
                why = f"changed since the work began: {', '.join(changed)}"
                found.conflicts.append(conflict(why, [one]))
            else:
                out.append(one)
        return out

    def _images(
        self,
        state: State,
        queue: Queue,
        answers: list[Answered],
        overwrite: set[int],
        found: Plan,
        used: list[Answered],
    ) -> Change:
        today = Tables.from_state(state, None, {})
        now = contents_of(today, [one.image for one in answers])
        base: dict[int, Any] = {}
        for version in {one.version for one in answers}:
            of_version = [one.image for one in answers if one.version == version]
            base |= contents_of(queue.version(version), of_version)
        start = {}
        for one in answers:
            there, before = now.get(one.image), base.get(one.image)
            if there is None or before is None:
                found.conflicts.append(conflict("the image is no longer in the dataset", [one]))
                continue
            told = known_cells(one, before)
            changed = clashes(told, today, queue.version(one.version))
            if same(there, one.content) and is_there(told, today):
                found.n_already += 1
            elif one.image in overwrite or (same(there, before) and not changed):
                start[one.image] = there
                used.append(one)
            else:
                what = f": {', '.join(changed)}" if changed and same(there, before) else ""
                found.conflicts.append(conflict(f"the image was changed since the work began{what}", [one]))
        return self._fitting(state, queue, found, used, start)

    def _fitting(
        self, state: State, queue: Queue, found: Plan, used: list[Answered], start: dict[int, Any]
    ) -> Change:
        """The Change of all answers; those whose own columns no longer fit, such as an option, are listed."""

        def build(answers: list[Answered]) -> Change:
            made = changed_images(state, answers, queue.name, self._copy.reserve, start)
            check_all_answers(apply(state, made).tables, state.ontology)
            return made

        while used:
            try:
                return build(used)
            except DataError:
                wrong = [(one, why) for one in used if "own" in one.content and (why := _reason(build, one))]
                if not wrong:
                    raise
                found.conflicts += [conflict(f"it does not fit: {why}", [one]) for one, why in wrong]
                lost = {one.answer for one, _ in wrong}
                used[:] = [one for one in used if one.answer not in lost]
        return Change()


def _reason(build: Callable[[list[Answered]], Change], one: Answered) -> str:
    """Why an answer cannot be brought in; "" if it can."""
    try:
        build([one])
    except DataError as error:
        return str(error)
    return ""
