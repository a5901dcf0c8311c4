"""The viewer with the tools that draw and correct masks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from .viewer import Viewer

if TYPE_CHECKING:
    from ...core.segmenting.protocol import Segmenter
    from ..beside.beside import Makes
    from ..workspace.workspace import Viewable


class Editor(Viewer):
    """A :class:`Viewer` that edits: draw, paint, cut, reshape and merge masks.

    Each gesture becomes one Change of the dataset when the pointer is up, journaled before the reply;
    ``ds.undo()`` takes it back as Ctrl+Z does, and ``ds.commit`` keeps it. While the kernel is busy, edits
    queue and are shown hatched. Press ``?`` in it for its keys.

    Args:
        ws: a workspace, or a Dataset or a Run to make one of.
        image_id: the image to begin with; default: that of the active row.
        height: CSS pixels, 200..4000.
        segmenter: used by the tools "cut out" and "point at a thing"; default :class:`BoxCut`.
        annotator: who edits; default: the user's login.
        beside: as in :class:`Viewer`.
        **options: any attribute of :class:`Viewer`.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
        >>> editor = nl.Editor(nl.Workspace(ds), tool="brush", brush_size=12, overlap="overwrite")
        >>> editor.editing, editor.label
        (True, 'fish')
    """

    introduces = True

    def __init__(
        self,
        ws: Viewable,
        image_id: int | None = None,
        height: int = 600,
        *,
        segmenter: Segmenter | None = None,
        annotator: str | None = None,
        beside: Makes | Literal[False] | None = None,
        **options: Any,
    ) -> None:
        kept: dict[str, Any] = {"segmenter": segmenter, "annotator": annotator, "beside": beside}
        super().__init__(ws, image_id, height, editing=True, **kept, **options)
