"""One image with its instances and predictions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import numpy.typing as npt
import traitlets

from ...core.errors import DataError, UnknownNameError
from ...core.show.palette import COLORS
from ...core.tables.names import instead_of
from ..beside.beside import Beside, Makes
from ..bridge.bundle import script, style
from ..labels.label_list import keys_of
from ..pixels.imagery import facts, part_of, picture_of
from ..workspace.workspace import workspace_of
from ..workspace.workspace_port import Buffers, serves
from .decisions import Decisions

if TYPE_CHECKING:
    from PIL.Image import Image

    from ...core.segmenting.protocol import Segmenter
    from ...core.show.display import Display
    from ..workspace.workspace import Viewable, Workspace

TABLES = ("instances", "predictions")
_TOOLS = (
    "select",
    "pen",
    "reshape",
    "brush",
    "eraser",
    "box",
    "fill",
    "wand",
    "scissors",
    "cutout",
    "assist",
)
_DISPLAY = ("brightness", "contrast", "gamma")
_TEXTS = 50  # distinct texts per image that get their own colors


class Viewer(Beside, Decisions):
    """An image with instances and predictions as layers, and a list of them; made for a close look.

    It shows the image of the active row of all views (``ws.selection.active``); an active instance or
    prediction is marked. Without an active row it shows the first image that the selection allows. Masks that
    the selection leaves out are dimmed. Press ``?`` in it for its keys.

    Args:
        ws: a workspace, or a Dataset or a Run to make one of.
        image_id: the image to begin with; default: that of the active row.
        height: CSS pixels, 200..4000.
        editing: whether it has the tools of :class:`Editor`.
        segmenter: used by its tools "cut out" and "point at a thing"; default :class:`BoxCut`.
        annotator: who edits; default: the user's login.
        beside: a function of the id of the image shown; the widget or text that it returns is shown beside
            the picture, with what is attached to the image (:meth:`Dataset.attach`). It is called again when
            another image is shown; what it raises is shown in its place. False: no panel.
        **options: any of the attributes below.

    Attributes:
        height: CSS pixels, 200..4000; default 520.
        opacity: of the fills, 0..1; default 0.4.
        color_by: "label", or any column of instances or predictions; see ``ws.column_names("instances")``.
        show_image: whether the pixels are drawn.
        show_labels: whether the dataset's instances are drawn.
        show_predictions: whether the run's predictions are drawn.
        fill: whether masks are filled.
        outlines: whether masks are outlined; predictions have dashed outlines.
        min_score: predictions below this score are hidden, 0..1; default 0.
        only_selected: whether masks that the selection leaves out are hidden rather than dimmed.
        brightness: of ``ws.display``: added to the images of all views, -1..1; default 0.
        contrast: of ``ws.display``, -1..1; default 0.
        gamma: of ``ws.display``, 0.2..5, above 1 lightens shadows; default 1.
        show_list: whether the list of instances is open.
        editing: whether it has the editor's tools; fixed when the viewer is made.
        tool: active tool while editing: "select", "pen", "reshape", "brush", "eraser", "box", "fill", "wand",
            "scissors", "cutout" or "assist".
        label: of new masks; default the first of the dataset.
        overlap: what a new or changed mask does to others of its image: "allow" them to overlap, "overwrite"
            (they lose its pixels) or go "behind" (it loses theirs).
        brush_size: diameter of brush and eraser, 1..512 pixels of the image; default 24.
        brush_shape: "circle" or "square".
        tolerance: largest distance of colors from the clicked one, for the wand, 0..255; default 24.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
        >>> viewer = nl.Viewer(nl.Workspace(ds), opacity=0.6)
        >>> viewer.image_id = int(ds.images.index[3])
        >>> viewer.workspace.selection.active == ("images", viewer.image_id)
        True
    """

    bundle = "viewer"

    height = traitlets.Int(520, min=200, max=4000, help="CSS pixels").tag(sync=True)
    opacity = traitlets.Float(0.4, min=0, max=1, help="of fills").tag(sync=True, echo_update=False)
    color_by = traitlets.Unicode("label", help="column").tag(sync=True, echo_update=False)
    show_image = traitlets.Bool(True, help="draw the pixels").tag(sync=True, echo_update=False)
    show_labels = traitlets.Bool(True, help="draw the instances").tag(sync=True, echo_update=False)
    show_predictions = traitlets.Bool(True, help="draw the predictions").tag(sync=True, echo_update=False)
    fill = traitlets.Bool(True, help="fill masks").tag(sync=True, echo_update=False)
    outlines = traitlets.Bool(True, help="outline masks").tag(sync=True, echo_update=False)
    min_score = traitlets.Float(0.0, min=0, max=1, help="of predictions").tag(sync=True, echo_update=False)
    only_selected = traitlets.Bool(False, help="hide others").tag(sync=True, echo_update=False)
    brightness = traitlets.Float(0.0, min=-1, max=1, help="added")
    contrast = traitlets.Float(0.0, min=-1, max=1, help="around gray")
    gamma = traitlets.Float(1.0, min=0.2, max=5, help="exponent")
    show_list = traitlets.Bool(True, help="list of instances").tag(sync=True, echo_update=False)
    editing = traitlets.Bool(False, read_only=True, help="has the editor's tools").tag(sync=True)
    tool = traitlets.Enum(_TOOLS, "select", help="active tool").tag(sync=True, echo_update=False)
    label = traitlets.Unicode("", help="of new masks").tag(sync=True, echo_update=False)
    overlap = traitlets.Enum(("allow", "overwrite", "behind"), "allow", help="with other masks").tag(
        sync=True, echo_update=False
    )
    brush_size = traitlets.Int(24, min=1, max=512, help="image pixels").tag(sync=True, echo_update=False)
    brush_shape = traitlets.Enum(("circle", "square"), "circle", help="of the brush").tag(
        sync=True, echo_update=False
    )
    tolerance = traitlets.Int(24, min=0, max=255, help="of the wand").tag(sync=True, echo_update=False)
    _tools = traitlets.Unicode("", help="the editor's script").tag(sync=True)

    def __init__(
        self,
        ws: Viewable,
        image_id: int | None = None,
        height: int = 520,
        *,
        editing: bool = False,
        segmenter: Segmenter | None = None,
        annotator: str | None = None,
        beside: Makes | Literal[False] | None = None,
        **options: Any,
    ) -> None:
        ws = workspace_of(ws)
        unknown = set(options) - set(self.class_trait_names(sync=True)) - set(_DISPLAY)
        if unknown:
            raise DataError(f"Viewer has no option {sorted(unknown)[0]!r}; see help(nl.Viewer)")
        color_by = str(options.get("color_by", "label"))
        if not any(ws.has_column(of, color_by) for of in TABLES):
            raise UnknownNameError(
                f"no column {color_by!r} to color by; {instead_of(color_by, _colorable(ws))}"
            )
        label = options.setdefault("label", ws.ds.labels[0] if ws.ds.labels else "")
        if label and label not in ws.ds.labels:
            raise UnknownNameError(f"no label {label!r}; {instead_of(label, ws.ds.labels)}")
        display = {name: options.pop(name) for name in _DISPLAY if name in options}
        kept: dict[str, Any] = {"segmenter": segmenter, "annotator": annotator, "beside": beside}
        super().__init__(ws, height=height, **kept, **options)
        for name, value in display.items():
            setattr(self, name, value)
        if editing:
            self.set_trait("editing", True)
            self._tools, self._css = script("editor"), style("viewer") + style("editor")
        if image_id is not None:
            self.image_id = int(image_id)

    @property
    def image_id(self) -> int | None:
        """Id of the image shown; None if there is none. Assign one to show it in all views."""
        row = self._row()
        return None if row < 0 else int(self.workspace.ids("images")[row])

    @image_id.setter
    def image_id(self, image_id: int) -> None:
        self.workspace.refresh()
        self.workspace.selection.active = ("images", int(image_id))

    @serves
    def masks(self, *, row: int = -1, image_id: int | None = None, color_by: str = "label") -> Any:
        """Everything about one image but its pixels: masks, labels, scores, colors."""
        ws = self.workspace
        if image_id is not None:
            row = _found(ws.ids("images"), image_id)
        if not 0 <= row < len(ws.ids("images")):
            return {"rev": ws.rev, "row": -1}
        image = ws.frame("images").iloc[row]
        head = {
            "rev": ws.rev,
            "row": row,
            "imageId": int(ws.ids("images")[row]),
            "file": str(image["file"]),
            "width": int(image["width"]),
            "height": int(image["height"]),
            "state": None if image["state"] is None else str(image["state"]),
            "columns": _colorable(ws),
            "label": _names(ws, "label") | {"keys": keys_of(ws)},
            "source": _names(ws, "source"),
            "decided": _decided(ws, row),
        }
        buffers: list[bytes] = []
        for of in TABLES:
            buffers += self._rows_of(of, row)
        color, values = self._colors(row, color_by)
        regions, masks = _regions(ws, int(ws.ids("images")[row]))
        return {**head, "color": color, "regions": regions}, [*buffers, *values, *masks]

    @serves
    def colors(self, *, row: int, color_by: str) -> Any:
        """Values of the column to color the masks of one image by."""
        color, values = self._colors(row, color_by)
        return {"rev": self.workspace.rev, "row": row, "color": color}, values

    @serves
    def pixels(self, *, row: int) -> tuple[dict[str, Any], Buffers]:
        """The image itself, or a base picture of a large one."""
        picture = picture_of(self.workspace, row)
        return {"rev": self.workspace.rev, "row": row, **facts(picture)}, [picture.data]

    @serves
    def part(self, *, row: int, box: list[int], longest: int) -> tuple[dict[str, Any], Buffers]:
        """A part of a large image, sharper than its base picture."""
        left, top, right, bottom = (int(value) for value in box)
        data = part_of(self.workspace, row, (left, top, right, bottom), int(longest), untoned=True)
        return {"rev": self.workspace.rev, "row": row, "box": box}, [data]

    @serves
    def operate(
        self, *, op: str, ids: Sequence[int | str], of: str = "instances", **options: Any
    ) -> dict[str, Any]:
        """See ``Edits.operate``; after "copy_next" the copy becomes the active row."""
        reply = super().operate(op=op, ids=ids, of=of, **options)
        if op == "copy_next" and reply["ids"]:
            self.workspace.selection.active = ("instances", reply["ids"][0])
        return reply

    def _check_editing(self) -> None:
        if not self.editing:
            raise DataError("this viewer only shows; nl.Editor(ws) or nl.Viewer(ws, editing=True) edits")

    def displayed(self, display: Display) -> None:
        """The workspace's pictures are shown in another way."""
        super().displayed(display)
        with self.hold_trait_notifications():
            for name in _DISPLAY:
                self.set_trait(name, getattr(display, name))

    @traitlets.observe(*_DISPLAY)
    def _set_display(self, change: Any) -> None:
        ws, name = self.workspace, change["name"]
        if getattr(ws.display, name) != change["new"]:
            ws.display = replace(ws.display, **{name: change["new"]})

    def picture(self) -> Image | None:
        """The image with its instances, or its predictions if it has none; longer side at most 480 pixels."""
        from .picture import viewer_picture

        row = self._row()
        return None if row < 0 else viewer_picture(self, row)

    def _row(self) -> int:
        """Row of the image shown, -1 for none."""
        ws = self.workspace
        ws.refresh()
        active = ws.selection.active
        if active is not None:
            of, row_id = active
            at = _found(ws.ids(of), row_id)
            return at if of == "images" or at < 0 else int(ws.image_row(of)[at])
        rows = ws.allowed("images", (self.source,))
        if rows is None:
            return 0 if len(ws.ids("images")) else -1
        return int(np.argmax(rows)) if rows.any() else -1

    def _rows_of(self, of: str, row: int) -> list[bytes]:
        """Row numbers, ids, mask lengths, masks, codes of label and source, scores, areas, boxes."""
        ws = self.workspace
        rows = _on_image(ws, of, row)
        frame = ws.frame(of).iloc[rows]
        masks = [bytes(mask) for mask in frame["mask"]]
        box = frame[["x", "y", "w", "h"]].to_numpy(np.float32)
        return [
            rows.tobytes(),
            ws.ids(of)[rows].astype(np.float64).tobytes(),
            np.array([len(mask) for mask in masks], np.int32).tobytes(),
            b"".join(masks),
            ws.column(of, "label").values[rows].astype(np.int32).tobytes(),
            ws.column(of, "source").values[rows].astype(np.int32).tobytes(),
            frame["score"].to_numpy(np.float32, na_value=np.nan).tobytes(),
            frame["area"].to_numpy(np.int32).tobytes(),
            np.ascontiguousarray(box).tobytes(),
        ]

    def _colors(self, row: int, name: str) -> tuple[dict[str, Any], list[bytes]]:
        """The column to color by, of both tables: float32 numbers, or codes of one list of categories."""
        ws = self.workspace
        columns = {of: ws.column(of, name) for of in TABLES if ws.has_column(of, name)}
        if not columns:
            raise UnknownNameError(f"no column {name!r} to color by; {instead_of(name, _colorable(ws))}")
        first = next(iter(columns.values()))
        rows = {of: _on_image(ws, of, row) for of in TABLES}
        if first.kind in ("number", "time"):
            known = np.concatenate(
                [c.values[~np.isnan(c.values)] for c in columns.values() if c.kind == first.kind]
            )
            low, high = (float(known.min()), float(known.max())) if len(known) else (0.0, 1.0)
            if name == "score" or name == "iou":
                low, high = 0.0, 1.0
            values = [_values(columns.get(of), rows[of], first.kind) for of in TABLES]
            return {"name": name, "kind": first.kind, "low": low, "high": high}, values
        texts = {of: _texts(columns.get(of), rows[of]) for of in TABLES}
        names = _categories(columns, texts)
        at = {text: i for i, text in enumerate(names)}
        codes = [np.array([at.get(text, -1) for text in texts[of]], np.int32).tobytes() for of in TABLES]
        return {
            "name": name,
            "kind": "category",
            "categories": list(names),
            "colors": list(names.values()),
        }, codes


def _on_image(ws: Workspace, of: str, row: int) -> npt.NDArray[np.int32]:
    return np.flatnonzero(ws.image_row(of) == row).astype(np.int32)


def _decided(ws: Workspace, row: int) -> list[int]:
    """Ids of an image's predictions that were accepted or rejected."""
    rows, column = _on_image(ws, "predictions", row), ws.column("predictions", "decision")
    return [
        int(i) for i in ws.ids("predictions")[rows[column.values[rows] != column.categories.index("open")]]
    ]


def _regions(ws: Workspace, image_id: int) -> tuple[list[dict[str, Any]], list[bytes]]:
    """The regions of an image: kind and label (None: all) of each; mask lengths, masks."""
    there = ws.ds.regions
    rows = there[(there["image_id"] == image_id).to_numpy()]
    masks = [bytes(mask) for mask in rows["mask"]]
    labels = [None if label is None or label != label else str(label) for label in rows["label"]]
    said = [{"kind": str(kind), "label": label} for kind, label in zip(rows["kind"], labels, strict=True)]
    return said, [np.array([len(mask) for mask in masks], np.int32).tobytes(), b"".join(masks)]


def _found(ids: npt.NDArray[np.int64], row_id: int) -> int:
    at = np.flatnonzero(ids == row_id)
    return int(at[0]) if len(at) else -1


def _colorable(ws: Workspace) -> list[str]:
    """Columns of instances or predictions, the most useful ones first."""
    names = dict.fromkeys(["label", "source", "score", "outcome", "status"])
    every = dict.fromkeys(ws.column_names("instances") + ws.column_names("predictions"))
    return [name for name in names if name in every] + [name for name in every if name not in names]


def _names(ws: Workspace, name: str) -> dict[str, list[str]]:
    """Categories and colors of a column that both tables have."""
    out = {of: ws.column(of, name) for of in TABLES}
    return {of: list(column.categories) for of, column in out.items()} | {
        "colors": list(out["instances"].colors)
    }


def _values(column: Any, rows: npt.NDArray[np.int32], kind: str) -> bytes:
    if column is None or column.kind != kind:
        return np.full(len(rows), np.nan, np.float32).tobytes()
    return bytes(column.values[rows].astype(np.float32).tobytes())


def _texts(column: Any, rows: npt.NDArray[np.int32]) -> list[str]:
    if column is None or column.kind in ("number", "time"):
        return [""] * len(rows)
    values = column.values[rows]
    if column.kind == "text":
        return [str(value) for value in values]
    return [column.categories[code] if code >= 0 else "" for code in values]


def _categories(columns: dict[str, Any], texts: dict[str, list[str]]) -> dict[str, str]:
    """Names and their colors: all categories of a category column; of a text column those on this image."""
    from ..workspace.columns import colors_of

    out: dict[str, str] = {}
    for of, column in columns.items():
        if column.kind == "text":
            found = sorted(set(texts[of]) - {""})[:_TEXTS]
            pairs = zip(found, colors_of(column.name, found), strict=True)
        else:
            pairs = zip(
                column.categories, column.colors or [COLORS.neutral] * len(column.categories), strict=True
            )
        for text, color in pairs:
            out.setdefault(text, color)
    return out
