"""Base of the views that give labels; serves the list of labels, and adds to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ...core.errors import DataError, UnknownNameError
from ...core.tables.names import check_names, instead_of, shown
from ..workspace.workspace_port import Bridge, serves

if TYPE_CHECKING:
    from ..workspace.workspace import Workspace

_LONGEST = 200  # characters of a name that is typed into a picker


def keys_of(ws: Workspace) -> dict[str, str]:
    """The labels that have a key of their own, by that key; without retired ones."""
    return {said.key: name for name, said in ws.ds.ontology.labels.items() if said.key and not said.retired}


class LabelList(Bridge):
    """A view with a label picker."""

    @serves
    def labels(self) -> dict[str, Any]:
        """All labels: names, colors ("#rrggbb"), numbers of instances, parents, keys; names of retired ones.

        ``parents`` has for each label the names above it, the coarsest first; ``keys`` maps a key to a label.
        """
        ws = self.workspace
        label = ws.column("instances", "label")
        counts = np.bincount(label.values[label.values >= 0], minlength=len(label.categories))
        ontology = ws.ds.ontology
        retired = [name for name, said in ontology.labels.items() if said.retired]
        parents = [list(ontology.path(name)[:-1]) for name in label.categories]
        said = {"names": list(label.categories), "colors": list(label.colors), "counts": counts}
        return {"rev": ws.rev, **said, "parents": parents, "keys": keys_of(ws), "retired": retired}

    @serves
    def add_label(self, *, name: str) -> dict[str, Any]:
        """Add a label at the end of the list, as one Change; its color is the next of the palette.

        Args:
            name: spaces around it are left out.

        Returns:
            what :meth:`labels` returns, and the name as it is now.

        Raises:
            DataError: the name is empty, too long or has hidden characters, or there is such a label.
        """
        self._check_editing()
        name = name.strip()
        if not 0 < len(name) <= _LONGEST:
            raise DataError(
                f"the name of a label has 1 to {_LONGEST} characters, got {len(name)}: {shown(name)!r}; "
                "nothing was done"
            )
        check_names([name], "labels")
        self.workspace.ds.add_label(name, getattr(self, "annotator", None))
        self.workspace.refresh()
        return {**self.labels(), "name": name}

    @serves
    def color_label(self, *, name: str, color: str) -> dict[str, Any]:
        """Give a label another color in all views, as one Change.

        Args:
            name: the label.
            color: "#rrggbb"; "" gives it back the color of its place in the list.

        Returns:
            what :meth:`labels` returns.

        Raises:
            DataError: that is no color.
            UnknownNameError: there is no such label.
        """
        self._check_editing()
        ds = self.workspace.ds
        if name not in ds.labels:
            raise UnknownNameError(f"no label {name!r}; {instead_of(name, ds.labels)}")
        ds.define(name, color=color, origin=getattr(self, "annotator", None))
        self.workspace.refresh()
        return self.labels()

    def _check_editing(self) -> None:
        """Raise if the view is read-only."""
