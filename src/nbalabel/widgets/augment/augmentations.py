"""The batches that a training would draw, and beside them what weights make of the labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import ipywidgets
import numpy as np
import pandas as pd

from ...core.errors import DataError
from ...core.ontology.colors import label_colors
from ...core.tables.drawn import DrawsBatches
from ...core.tables.schema import LabeledImages
from ..bridge.static_output import few_bytes, with_image
from ..charts.balance import BalanceChart
from .drawn_pictures import DrawnPictures
from .phase import Phase
from .tiles import sheet_of

if TYPE_CHECKING:
    from PIL.Image import Image

_LEAST, _MOST, _MANY = 160, 4000, 256
_CHART = 34  # CSS pixels of the chart's title


class Augmentations(ipywidgets.Box):  # type: ignore[misc]  # ipywidgets has no types
    """The very batches that a training draws: pictures after all random transforms, with their masks.

    Nothing is trained. The pictures come from the training's own data loader with the same seed. Where they
    are gray and hatched, it is not known what is there, and the label loss is silent (only hatched: that of
    some labels). The chart compares three shares of each label: on the images that are trained on, as
    expected where images are drawn by weight, and counted in the batches so far.

    ``N`` draws the next batches. ``F`` shows those of the last phase, in which the learning rate falls and
    mosaic is off. A click makes a picture larger.

    Args:
        model: a model that shows its batches: :class:`nbalabel.Yolo` or :class:`nbalabel.MaskRCNN`.
        tables: a Dataset, a Version or Tables.
        n: pictures at once, 1..256; rounded up to whole batches.
        height: CSS pixels, 160..4000.
        **arguments: arguments of ``model.train``: ``imgsz``, ``batch``, ``seed``, ``mosaic``, ``degrees`` ...

    Attributes:
        model: the model.
        pictures: the grid of pictures.
        chart: the chart of labels.

    Raises:
        DataError: the model shows no batches, or a number is out of range.
        ModelError: there is nothing to learn from, or ``train`` knows no such argument.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=24, n_labeled=16, n_test=2, size=96)
        >>> view = nl.Augmentations(nl.Yolo("starter"), ds, n=4, batch=4, steps=100)
        >>> view.next()
        >>> list(view.balance.columns)
        ['instances', 'share', 'drawn', 'counted', 'counted_share']
    """

    closed = True  # until it is open

    def __init__(
        self, model: Any, tables: LabeledImages, n: int = 16, height: int = 520, **arguments: Any
    ) -> None:
        if not isinstance(model, DrawsBatches):
            raise DataError(
                f"expected a model that shows its batches, got {type(model).__name__}: nl.Yolo and "
                "nl.MaskRCNN have the method batches"
            )
        if not 1 <= n <= _MANY or not _LEAST <= height <= _MOST:
            raise DataError(
                f"expected 1 to {_MANY} pictures and a height of {_LEAST} to {_MOST} CSS pixels, got n={n}, "
                f"height={height}"
            )
        self.model = model
        self._tables, self._n, self._arguments = tables, n, arguments
        self._falling = False
        self._phases = {False: self._begun(falling=False)}
        names = list(self.balance.index)
        colors = [f"#{bytes(color).hex()}" for color in self._colors_of(names)]
        self.pictures = DrawnPictures(
            self,
            height=height,
            layout={"flex": "3 1 420px", "min_width": "0"},
            labels=[list(pair) for pair in zip(names, colors, strict=True)],
            mosaic=any(len(tile.image_ids) > 1 for tile in self.phase.tiles),
        )
        self.chart = BalanceChart(self.balance, height - _CHART)
        super().__init__(
            [self.pictures, self.chart],
            layout={"flex_flow": "row wrap", "grid_gap": "6px", "width": "100%", "min_width": "0"},
        )
        self.chart.layout.flex = "1 1 280px"
        self.closed = False

    @property
    def phase(self) -> Phase:
        """What was drawn so far in the phase that is shown."""
        return self._phases[self._falling]

    @property
    def balance(self) -> pd.DataFrame:
        """The numbers of the chart, one row per label.

        ``instances`` on the images that are drawn from and their ``share``; the share expected where images
        are drawn by weight, ``drawn``; masks ``counted`` in the batches drawn so far in this phase, and their
        ``counted_share``.
        """
        return self.phase.balance

    def next(self) -> None:
        """Draw and show the next batches."""
        self.draw()

    def draw(self) -> None:
        """Draw and show the next batches."""
        self.phase.draw()
        self._turn()

    def show_phase(self, *, falling: bool) -> None:
        """Show the batches of the level phase, or of the last one: the rate falls, mosaic is off."""
        if falling not in self._phases:
            self._phases[falling] = self._begun(falling=falling)
        self._falling = falling
        self._turn()

    def picture(self) -> Image:
        """Pictures, and the chart below them, for pages that run no widgets."""
        from PIL import Image as Pillow

        sheet, chart = sheet_of(self.phase.tiles), self.chart.picture()
        both = Pillow.new("RGB", (sheet.width, sheet.height + chart.height), "white")
        both.paste(sheet, (0, 0))
        both.paste(chart, (0, sheet.height))
        return few_bytes(both)

    def close(self) -> None:
        """Close the view and its widgets."""
        if self.closed:
            return
        self.closed = True
        self.chart.close()
        self.pictures.close()
        self.layout.close()
        super().close()

    def _begun(self, *, falling: bool) -> Phase:
        batches = self.model.batches(self._tables, falling=falling, **self._arguments)
        phase = Phase(batches, self._n, self._colors_of(batches.names))
        phase.draw()
        return phase

    def _colors_of(self, names: Sequence[str]) -> np.ndarray:
        """Colors of labels, those that were defined for them first; ``(n, 3)`` uint8."""
        return label_colors(getattr(self._tables, "ontology", None), names)[: len(names)]

    def _turn(self) -> None:
        self.chart.update(self.balance)
        self.pictures.turn(falling=self._falling)

    def _repr_mimebundle_(self, **arguments: Any) -> Any:
        return with_image(super()._repr_mimebundle_(**arguments), self.picture())

    def _display_(self) -> Any:
        """The output in marimo, which does not run ipywidgets' boxes."""
        from ..bridge.in_marimo import laid_out

        return laid_out(self)

    def __repr__(self) -> str:
        phase = self.phase
        return f"<Augmentations: batches {phase.first} to {phase.last}, {len(phase.tiles)} pictures>"
