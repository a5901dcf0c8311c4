"""The panel beside a picture: what is attached to its image, a widget of your own, the guidelines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal

import ipywidgets
import pandas as pd
import traitlets

from ...core.errors import DataError, UnknownNameError
from ...data.working.frame_edits import is_untouched
from ..bridge.bundle import script, style
from ..bridge.port import Port, Reply, serves
from .files import content_of, listed

if TYPE_CHECKING:
    from pathlib import Path

Makes = Callable[[int], Any]
"""Takes the id of an image; returns a widget, a text, or None."""

_SEEN: set[str] = set()
"""Guidelines that were shown in this process."""


class Beside(Port):
    """A view with a panel beside its picture.

    The panel is a script of its own, which the browser gets as soon as there is something to show.

    Attributes:
        introduces: whether guidelines are shown before the first task.
    """

    introduces = False

    _beside = traitlets.Unicode("", help="script of the panel").tag(sync=True, fixed=True)
    _beside_style = traitlets.Unicode("", help="style of the panel").tag(sync=True, fixed=True)

    _makes: Makes | Literal[False] | None = None
    _known: tuple[pd.DataFrame, str] = (pd.DataFrame(), "")
    """The attachments and guidelines that the browser was last told of."""

    def __init__(self, *args: Any, beside: Makes | Literal[False] | None = None, **traits: Any) -> None:
        super().__init__(*args, **traits)
        self._known = self._attached().copy(deep=False), self._guidelines()
        self.beside = beside

    @property
    def beside(self) -> Makes | Literal[False] | None:
        """Called with the id of the image shown; the widget or text that it returns is shown beside it.

        None: only what is attached and the guidelines are shown. False: nothing is. Assign another at any
            time.
        """
        return self._makes

    @beside.setter
    def beside(self, makes: Makes | Literal[False] | None) -> None:
        if makes is not None and makes is not False and not callable(makes):
            raise DataError(
                "beside must be a function that takes the id of an image and returns a widget, a text or "
                f"None; got {type(makes).__name__}"
            )
        self._makes = makes
        self._look_beside()
        self.emit("beside", {"again": True})

    @serves
    def beside_image(self, *, image_id: int) -> Reply:
        """What there is beside an image: the attached files without their contents, and the guidelines."""
        frame, guidelines = self._attached(), self._guidelines()
        return {
            "image": image_id,
            "items": listed(frame, image_id, self._beside_tables().image_root, self._home()),
            "any": bool(len(frame)),
            "custom": callable(self._makes),
            "guidelines": guidelines,
            "introduce": bool(self.introduces and guidelines and _key(guidelines) not in _SEEN),
        }

    @serves
    def beside_file(self, *, attachment_id: int) -> Reply:
        """The contents of an attached file, as its kind is shown."""
        frame, tables = self._attached(), self._beside_tables()
        if attachment_id not in frame.index:
            raise UnknownNameError(f"attachment {attachment_id} is no longer in the dataset")
        row = frame.loc[attachment_id]
        image_id: Any = row["image_id"]
        image = tables.images.loc[int(image_id)]
        size = int(image["width"]), int(image["height"])
        head, buffers = content_of(str(row["file"]), str(row["kind"]), size, tables.image_root, self._home())
        return {"id": attachment_id, **head}, buffers

    @serves
    def beside_widget(self, *, image_id: int) -> Reply:
        """The widget that ``beside`` makes for an image: its model, or a text, or why there is none."""
        if not callable(self._makes):
            return {"model": "", "text": "", "problem": ""}
        try:
            made = self._makes(image_id)
        except Exception as error:  # noqa: BLE001  # whatever a function of yours raises is shown in its place
            self.errors.append(error)
            return {"model": "", "text": "", "problem": f"{type(error).__name__}: {error}"[:2000]}
        if made is None or isinstance(made, str):
            return {"model": "", "text": made or "", "problem": ""}
        if isinstance(made, ipywidgets.Widget):
            return {"model": made.model_id, "text": "", "problem": ""}
        kind = type(made).__name__
        return {
            "model": "",
            "text": "",
            "problem": f"beside returned {kind}: expected a widget, text or None",
        }

    @serves
    def beside_seen(self) -> Reply:
        """Somebody has read the guidelines: they are not shown again by themselves in this process."""
        _SEEN.add(_key(self._guidelines()))
        return {}

    def prepare(self) -> None:
        """Before each request: send the panel's script if there is something beside the picture now."""
        super().prepare()
        self._look_beside()

    def refreshed(self) -> None:
        """The tables have changed, perhaps also what is attached."""
        beyond = getattr(super(), "refreshed", None)
        if beyond is not None:
            beyond()
        self._look_beside()
        frame, guidelines = self._attached(), self._guidelines()
        before, said = self._known
        if guidelines != said or len(frame) != len(before) or not is_untouched(frame, before):
            self._known = frame.copy(deep=False), guidelines
            self.emit("beside", {"again": False})

    def _beside_tables(self) -> Any:
        """The images, with what is attached to them."""
        return self.workspace.ds

    def _attached(self) -> pd.DataFrame:
        frame = getattr(self._beside_tables(), "attachments", None)
        return pd.DataFrame() if frame is None else frame

    def _guidelines(self) -> str:
        return str(getattr(self._beside_tables(), "guidelines", ""))

    def _home(self) -> Path | None:
        home: Path | None = getattr(self._beside_tables(), "attachment_root", None)
        return home

    def _look_beside(self) -> None:
        if self._beside or self._makes is False:
            return
        if self._makes is not None or len(self._attached()) or self._guidelines():
            with self.hold_sync():
                self._beside_style = style("beside")
                self._beside = script("beside")


def _key(guidelines: str) -> str:
    return hashlib.blake2b(guidelines.encode(), digest_size=16).hexdigest()
