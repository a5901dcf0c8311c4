"""The part of :class:`Dataset` that says what labels mean and what is asked of images and instances."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from ...core.change.change import Change
from ...core.ontology.attribute import Asked, Attribute, Kind
from ...core.ontology.ontology import Key, Ontology
from ...core.tables.state import State
from ..edits.rows_meant import target
from ..ontology import answering, asking, declare
from ..ontology.proposal import OntologyProposal
from ..ontology.renaming import rename
from ..ontology.retiring import retire, rows_with
from ..store.storage import user
from ..tables.at_level import state_at_level
from ..tables.tables import Tables
from ..working.working_copy import WorkingCopy


class OntologyEditing:
    """Labels with their definitions, and attributes; each edit makes one Change."""

    _copy: WorkingCopy

    if TYPE_CHECKING:

        @property
        def images(self) -> pd.DataFrame: ...  # noqa: D102  # of Dataset

        @property
        def instances(self) -> pd.DataFrame: ...  # noqa: D102  # of Dataset

        @property
        def image_root(self) -> Path | None: ...  # noqa: D102  # of Dataset

        @property
        def attachment_root(self) -> Path: ...  # noqa: D102  # of Dataset

        def _now(self) -> State: ...

        def _make(self, build: Callable[[State], Change]) -> Change: ...

    @property
    def ontology(self) -> Ontology:
        """What the labels mean, and which questions are asked of images and of instances; immutable.

        ``ds.ontology.labels["cod"].parent``, ``ds.ontology.instances["sex"].options``.
        """
        state = self._copy.session.state
        return state.ontology.of_labels(state.labels)

    def define(
        self,
        label: str,
        *,
        parent: str | None = None,
        color: str | None = None,
        key: str | None = None,
        text: str | None = None,
        right: Iterable[int] | None = None,
        wrong: Iterable[int] | None = None,
        retired: bool | None = None,
        origin: str | None = None,
    ) -> Change:
        """Say what a label means. What is not given stays; "" and () take it away.

        Args:
            label: the label; a name that is none yet is added to the list.
            parent: the coarser label that it is a kind of. A parent need not be a label: only labels can be
                given to instances. An instance with a parent as its label is "one of these, unsure which".
            color: as "#rrggbb".
            key: one character that gives the label in the editor.
            text: when to use the label.
            right: ids of instances that are good examples.
            wrong: ids of instances that look like it and are something else.
            retired: False offers a retired label again.
            origin: who or what defines it; default: the user's login.

        Raises:
            DataError: a value does not fit, a label would be its own parent, or another label has the key.
            UnknownNameError: an example is no instance.
        """
        given = {"parent": parent, "color": color, "key": key, "text": text, "retired": retired}
        said: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        for name, ids in (("right", right), ("wrong", wrong)):
            if ids is not None:
                said[name] = tuple(int(i) for i in ids)
        return self._make(lambda state: declare.define(state, label, said, origin or user()))

    def ask(
        self,
        name: str,
        *,
        of: Asked = "instances",
        kind: Kind = "one",
        options: Sequence[str] = (),
        where: str = "",
        required: bool = False,
        default: Any = None,
        unit: str = "",
        low: float | None = None,
        high: float | None = None,
        text: str = "",
        origin: str | None = None,
    ) -> Change:
        """Ask a question of each image or each instance; the answers are the column ``name``.

        Asked again, the declaration replaces the one before. A column that is there already is kept, its
        values cast to answers. A missing answer means not asked, or not answered.

        Args:
            name: name of the column.
            of: "instances" or "images".
            kind: "one" of the options (category), "many" of them (list of strings), "number" (Float64),
                "yes/no" (boolean) or "text" (str).
            options: the allowed answers of "one" and "many", in order.
            where: a condition on the row, as in ``frame.query``: ``"label == 'cod' and area > 900"``. It may
                name other attributes and, for instances, columns of their images. "" asks everywhere.
            required: whether :meth:`unanswered` lists rows without an answer.
            default: what a form shows before anybody answers; no row gets it by itself.
            unit: of a number, for people.
            low: smallest allowed number.
            high: largest allowed number.
            text: what to answer, for people.
            origin: who or what asks; default: the user's login.

        Raises:
            DataError: a value of the column is no answer (the message names the rows), the condition cannot
                be evaluated or depends on the attribute itself, or the name is that of another column.
            UnknownNameError: the condition names a column that does not exist.
        """
        default = tuple(default) if isinstance(default, list) else _plain(default)
        attribute = Attribute(
            *(
                name,
                of,
                kind,
                tuple(options),
                (),
                required,
                where,
                default,
                unit,
                _plain(low),
                _plain(high),
                text,
            )
        )
        return self._make(lambda state: declare.ask(state, attribute, origin or user()))

    def give_answer(
        self, rows: Any, name: str, value: Any, *, of: Asked | None = None, origin: str | None = None
    ) -> Change:
        """Answer one question of some rows, as the forms of the views do; one Change.

        Rows whose condition is not met are left out: nobody asks them.

        Args:
            rows: rows of ``ds.instances`` or ``ds.images``, or their ids.
            name: the attribute.
            value: an option, a list of options, a number, True or False, or a text, by the kind of the
                attribute; None takes the answer away.
            of: "instances" or "images", if ``rows`` are only ids; default: instances.
            origin: who answers; default: the user's login.

        Raises:
            DataError: the value is no answer, or the question is asked of none of the rows.
            UnknownNameError: there is no such attribute, or there are no such rows.
        """

        def build(state: State) -> Change:
            table, ids = target(state, rows, of)
            return answering.give(state, table, ids, name, value, origin or user())

        return self._make(build)

    def rename(
        self,
        name: str,
        to: str,
        *,
        option: str | None = None,
        of: str | None = None,
        origin: str | None = None,
    ) -> OntologyProposal:
        """Propose another name for a label, an attribute or an option; :meth:`apply` does it.

        Conditions that name it follow. The name of another label or option merges the two.

        Args:
            name: the label or the attribute.
            to: the new name.
            option: rename this option of the attribute instead.
            of: "labels", "instances" or "images", where several have the name.
            origin: who or what renames; default: the user's login.

        Returns:
            The proposal; its ``rows`` are those that it touches.

        Raises:
            UnknownNameError: there is no such label, attribute or option.
            DataError: the new name is that of another column.
        """

        def build(state: State, key: Key) -> Change:
            return rename(state, key, to, option, origin or user())

        what = name if option is None else f"option {option} of {name}"
        return self._propose(f"{what} becomes {to}", name, of, option, build)

    def retire(
        self, name: str, *, option: str | None = None, of: str | None = None, origin: str | None = None
    ) -> OntologyProposal:
        """Propose that a label, an attribute or an option is offered no more; :meth:`apply` does it.

        Rows that have it keep it. The answers to a retired attribute are hidden: they stay in the table, and
        are neither exported nor counted. ``define(..., retired=False)`` and :meth:`ask` offer it again.

        Args:
            name: the label or the attribute.
            option: retire this option of the attribute instead.
            of: "labels", "instances" or "images", where several have the name.
            origin: who or what retires it; default: the user's login.

        Returns:
            The proposal; its ``rows`` are those that have it.

        Raises:
            UnknownNameError: there is no such label, attribute or option.
        """

        def build(state: State, key: Key) -> Change:
            return retire(state, key, option, origin or user())

        what = name if option is None else f"option {option} of {name}"
        return self._propose(f"{what} is offered no more", name, of, option, build)

    def unanswered(self, of: Asked = "instances", name: str | None = None) -> pd.DataFrame:
        """Rows that lack an answer they should have: asked, required and missing.

        Args:
            of: "instances" or "images".
            name: only this attribute, required or not; default: all required ones.

        Returns:
            Rows of the table, with a column ``unanswered`` that names the attributes. Views open them.
        """
        state = self._now()
        tables = state.tables["images"], state.tables["instances"]
        return asking.unanswered(state.ontology, *tables, of, name)

    def hidden_answers(self, of: Asked = "instances") -> pd.DataFrame:
        """Rows that hold an answer nobody asks for: its condition is not met any more, or it is retired.

        Such answers are kept; they are neither exported nor count as answers in conditions.

        Args:
            of: "instances" or "images".

        Returns:
            Rows of the table, with a column ``hidden`` that names the attributes.
        """
        state = self._now()
        return asking.hidden_answers(state.ontology, state.tables["images"], state.tables["instances"], of)

    def at_level(self, level: int) -> Tables:
        """The tables with the labels of a level of their hierarchy; see :meth:`Tables.at_level`.

        ``model.train(ds.at_level(0))`` trains on the coarsest labels.

        Args:
            level: how many parents a label has there; 0 for the coarsest.

        Raises:
            DataError: the level is no whole number >= 0.
        """
        state = state_at_level(self._now(), level)
        return Tables.from_state(state, self.image_root, {}, self.attachment_root)

    def _propose(
        self,
        text: str,
        name: str,
        of: str | None,
        option: str | None,
        build: Callable[[State, Key], Change],
    ) -> OntologyProposal:
        state = self._now()
        key = state.ontology.of_labels(state.labels).find(name, of)[0]
        change = build(state, key)
        return OntologyProposal(text, rows_with(state, key, option), change, lambda now: build(now, key))


def _plain(value: Any) -> Any:
    """A number of NumPy as one of Python."""
    return value.item() if isinstance(value, np.generic) else value
