"""Which rows each attribute is asked of, and what was answered there."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from ..errors import UnknownNameError
from ..ontology.condition import Condition
from ..ontology.ontology import Ontology
from ..tables.answers import answered
from ..tables.arrays import column, missing, put, take, values
from ..tables.names import instead_of


class Asking:
    """The attributes of tables, asked where their conditions are met.

    A condition of an attribute of instances may name columns of instances and, where instances have none of
    that name, of images. An answer that is hidden, because its own condition is not met, counts as missing.

    Args:
        ontology: the attributes.
        images: rows of images.
        instances: rows of instances, all of them on these images.
    """

    def __init__(self, ontology: Ontology, images: pd.DataFrame, instances: pd.DataFrame) -> None:
        self._ontology = ontology
        self._frames = {"images": images, "instances": instances}
        self._asked: dict[tuple[str, str], npt.NDArray[np.bool_]] = {}

    def of(self, table: str, name: str) -> npt.NDArray[np.bool_]:
        """Which rows of a table an attribute is asked of, ``(n,)``; none if it is retired.

        Raises:
            UnknownNameError: its condition names a column that does not exist.
            DataError: its condition compares values of different kinds.
        """
        key = (table, name)
        if key not in self._asked:
            attribute, n = self._ontology.attributes(table)[name], len(self._frames[table])
            if attribute.retired:
                self._asked[key] = np.zeros(n, bool)
            else:
                condition = Condition(attribute.where)
                self._asked[key] = condition.met(lambda one: self._column(table, one, name), n)
        return self._asked[key]

    def shown(self, table: str, name: str) -> pd.Series:
        """The answers to an attribute; missing where it is not asked."""
        frame = self._frames[table]
        array, hidden = values(frame[name]), np.flatnonzero(~self.of(table, name))
        if len(hidden):
            array = put(array, hidden, missing(array.dtype, len(hidden)))
        return pd.Series(column(array, frame.index), index=frame.index, name=name)

    def without_hidden(self, table: str) -> pd.DataFrame:
        """A table without its hidden answers."""
        frame = self._frames[table].copy(deep=False)
        for name in self._ontology.attributes(table):
            frame[name] = self.shown(table, name)
        return frame

    def hidden(self, table: str, name: str) -> npt.NDArray[np.bool_]:
        """Which rows have an answer that is not asked for, ``(n,)``."""
        return answered(values(self._frames[table][name])) & ~self.of(table, name)

    def missing(self, table: str, name: str) -> npt.NDArray[np.bool_]:
        """Which rows lack an answer that is asked for, ``(n,)``."""
        return self.of(table, name) & ~answered(values(self._frames[table][name]))

    def _column(self, table: str, name: str, of: str) -> pd.Series:
        frame, images = self._frames[table], self._frames["images"]
        if name in frame:
            return self._answers(table, name)
        if name not in images:
            known = dict.fromkeys([*frame.columns, *images.columns])
            raise UnknownNameError(
                f"the condition of {of!r} names {name!r}, which is no column of {table}; "
                f"{instead_of(name, known)}"
            )
        at = images.index.get_indexer(pd.Index(frame["image_id"]))
        array = take(values(self._answers("images", name)), at)
        return pd.Series(column(array, frame.index), index=frame.index)

    def _answers(self, table: str, name: str) -> pd.Series:
        return (
            self.shown(table, name) if name in self._ontology.attributes(table) else self._frames[table][name]
        )
