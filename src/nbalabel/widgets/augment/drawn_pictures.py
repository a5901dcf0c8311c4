"""The pictures of the batches, with the buttons that draw the next ones."""

from __future__ import annotations

import threading
import weakref
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import traitlets

from ..bridge.port import Port, Reply, serves
from ..bridge.static_output import few_bytes
from ..pixels.pictures import jpeg
from .phase import Phase
from .tiles import sheet_of

if TYPE_CHECKING:
    from PIL.Image import Image


class Owner(Protocol):
    """What draws the batches."""

    @property
    def phase(self) -> Phase:
        """The phase that is shown."""
        ...

    def draw(self) -> None:
        """Draw the next batches."""
        ...

    def show_phase(self, *, falling: bool) -> None:
        """Show the batches of the one phase or of the other."""
        ...


class DrawnPictures(Port):
    """A grid of pictures; see js/src/views/augment."""

    bundle = "augment"

    height = traitlets.Int(520, min=160, max=4000, help="CSS pixels").tag(sync=True)
    labels: traitlets.List[list[str]] = traitlets.List(help="names and colors of the labels").tag(sync=True)
    mosaic = traitlets.Bool(False, help="whether the phases differ by mosaic").tag(sync=True)
    falling = traitlets.Bool(False, help="whether the rate falls in the phase shown").tag(
        sync=True, fixed=True
    )
    page = traitlets.Int(0, help="counts up when other pictures are to be shown").tag(sync=True, fixed=True)

    def __init__(self, owner: Owner, **traits: Any) -> None:
        self._owner = weakref.ref(owner)
        super().__init__(threading.RLock(), **traits)

    def turn(self, *, falling: bool) -> None:
        """Have the browsers ask for the pictures."""
        self.falling = falling
        self.page += 1

    @serves
    def pictures(self) -> Reply:
        """The pictures shown, as JPEG files, and what is in them."""
        phase = self._phase()
        heads = [
            {"images": tile.image_ids, "labels": list(tile.labels.items()), "silent": tile.silent}
            for tile in phase.tiles
        ]
        about = {"first": phase.first, "last": phase.last, "size": phase.size, "images": phase.n_images}
        return {"tiles": heads, **about}, [jpeg(np.asarray(tile.image)) for tile in phase.tiles]

    @serves
    def draw(self) -> Reply:
        """Draw the next batches."""
        owner = self._owner()
        if owner is not None:
            owner.draw()
        return {}

    @serves
    def choose(self, *, falling: bool) -> Reply:
        """Show the other phase."""
        owner = self._owner()
        if owner is not None:
            owner.show_phase(falling=falling)
        return {}

    def picture(self) -> Image | None:
        """The pictures as a contact sheet."""
        owner = self._owner()
        return None if owner is None else few_bytes(sheet_of(owner.phase.tiles))

    def _phase(self) -> Phase:
        owner = self._owner()
        if owner is None:
            raise RuntimeError("the view was closed")
        return owner.phase
