"""Base of the views in which questions of the ontology are answered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ...core.change.change import Change
from ...core.errors import DataError, HistoryError, UnknownNameError
from ...core.ontology.attribute import ASKED_OF, Asked
from ...core.tables.state import State
from ..bridge.bundle import script, style
from ..labels.label_list import LabelList
from ..workspace.workspace_port import serves
from .form import part_of

if TYPE_CHECKING:
    from ..workspace.workspace import Workspace

_MOST = 10_000  # rows of one form by id; views of rows answer more at once with their actions


class Answering(LabelList):
    """A view with a form: the questions that are asked of some rows now, answered one by one.

    Each answer is one Change, journaled before the reply, which holds the form anew: conditions are met or
    not by what was just answered.
    """

    _given: list[Change]
    _taken: list[Change]

    @serves
    def answers_script(self) -> dict[str, Any]:
        """The browser's half of form and definition: ``script`` and ``style``; sent when first wanted."""
        return {"script": script("answers"), "style": style("answers")}

    @serves
    def questions(self, *, instances: Sequence[int] = (), images: Sequence[int] = ()) -> dict[str, Any]:
        """The questions that are asked of rows now, with their answers.

        Args:
            instances: ids of instances.
            images: ids of images.

        Returns:
            ``parts``, one per table that has rows here: ``ids``, and what :func:`.form.part_of` returns.
        """
        return {"rev": self.workspace.rev, "parts": self._parts(instances, images)}

    @serves
    def give_answer(
        self,
        *,
        of: str,
        name: str,
        value: Any,
        ids: Sequence[int],
        instances: Sequence[int] = (),
        images: Sequence[int] = (),
    ) -> dict[str, Any]:
        """Answer a question of rows, as one Change; rows it is not asked of stay as they are.

        Args:
            of: table of the rows, "instances" or "images".
            name: the attribute.
            value: the answer; None takes it away.
            ids: of the rows.
            instances: of the form that is returned.
            images: of the form that is returned.

        Returns:
            what :meth:`questions` returns for the form, and ``note``.

        Raises:
            DataError: the value is no answer, or the question is not asked any more; nothing was done.
        """
        self._check_editing()
        if of not in ASKED_OF:
            raise DataError(f"of must be one of {', '.join(ASKED_OF)}, got {of!r}")
        who, table = getattr(self, "annotator", None), cast(Asked, of)
        change = self.workspace.ds.give_answer(list(ids), name, value, of=table, origin=who)
        if change:
            self._given, self._taken = [*self._steps("_given"), change], []
        return self._anew(change.note, instances, images)

    @serves
    def undo_answer(self, *, instances: Sequence[int] = (), images: Sequence[int] = ()) -> dict[str, Any]:
        """Take back the last answer given in this form.

        Returns:
            what :meth:`give_answer` returns, and the ``of`` and ``ids`` of the rows it was about.

        Raises:
            HistoryError: none was given here.
        """
        given = self._steps("_given")
        if not given:
            raise HistoryError("no answer was given here: ds.undo() takes back the last change")
        ds, change = self.workspace.ds, given[-1]
        top = ds.next_undo
        if top is not None and top.id == change.id:
            ds.undo()
            self._taken = [*self._steps("_taken"), change]
        else:
            self._revert_answer(change)
        self._given = given[:-1]
        return {**self._anew(f"taken back: {change.note}", instances, images), **_about(change)}

    @serves
    def redo_answer(self, *, instances: Sequence[int] = (), images: Sequence[int] = ()) -> dict[str, Any]:
        """Give the answer again that was taken back last.

        Raises:
            HistoryError: there is none, or something else was changed since.
        """
        ds, taken = self.workspace.ds, self._steps("_taken")
        top = ds.next_redo
        if not taken or top is None or top.id != taken[-1].id:
            raise HistoryError("nothing to give again: something else was changed since")
        ds.redo()
        self._given, self._taken = [*self._steps("_given"), taken[-1]], taken[:-1]
        return {**self._anew(taken[-1].note, instances, images), **_about(taken[-1])}

    def _must(self, of: str) -> Sequence[str]:  # noqa: ARG002  # for views that ask about some
        """Attributes of a table that are to be answered here though they are not required."""
        return ()

    def _asked_instances(self, ids: Sequence[int]) -> Sequence[int]:
        """The instances that rows of the view are; views of predictions know what became of them."""
        return ids

    def _steps(self, name: str) -> list[Change]:
        found: list[Change] = getattr(self, name, [])
        return found

    def _anew(self, note: str, instances: Sequence[int], images: Sequence[int]) -> dict[str, Any]:
        self.workspace.refresh()
        return {"rev": self.workspace.rev, "parts": self._parts(instances, images), "note": note}

    def _parts(self, instances: Sequence[int], images: Sequence[int]) -> list[dict[str, Any]]:
        ws = self.workspace
        state, parts = state_of(ws), []
        for of, wanted in (("instances", self._asked_instances(instances)), ("images", images)):
            ids = np.unique(np.asarray(wanted, np.int64))[:_MOST]
            ids = ids[np.isin(ids, ws.ids(of))]
            if len(ids):
                parts.append({**part_of(state, of, ids, self._must(of)), "ids": ids.tolist()})
        return parts

    def _revert_answer(self, change: Change) -> None:
        try:
            self.workspace.ds.revert(change.id)
        except UnknownNameError:
            return  # taken back already, from Python or another view


def state_of(ws: Workspace) -> State:
    """The tables whose rows are asked, as the views show them."""
    return State({of: ws.frame(of) for of in ASKED_OF}, tuple(ws.ds.labels), ws.ds.ontology)


def _about(change: Change) -> dict[str, Any]:
    """The rows that an answer was about."""
    for of in ASKED_OF:
        if of in change.tables:
            updated = change.tables[of].updated
            ids = {int(i) for cells in updated.values() for i in cells.ids}
            return {"of": of, "ids": sorted(ids)[:_MOST]}
    return {"of": "", "ids": []}
