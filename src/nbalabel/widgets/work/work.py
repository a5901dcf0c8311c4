"""``Work``: the place of an annotator at a queue."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import ipywidgets
import numpy as np

from ...core.errors import DataError, HistoryError
from ...data.dataset.dataset import Dataset
from ...data.queue.answering import Given
from ...data.queue.queue import Queue
from ...data.queue.task import Task
from ...data.store.storage import user
from ..beside.beside import Makes
from ..viewer.editor import Editor
from ..workspace.workspace import Workspace
from .drafts import Drafts
from .head import State, WorkHead
from .one_review import OneReview
from .task_editor import TaskEditor

_AHEAD = 2  # tasks held beside the present one
_REVIEW, _LABEL = ("review",), ("rework", "label")


class Work(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """The place of an annotator at a queue: one task after the other, in the editor or in a review.

    Each task opens in a draft of its own, where every edit is journaled: a kernel that dies loses nothing,
    and undo ends where the task began. Ctrl+Enter sends the answer, which says that the image is complete,
    and goes on. The line above has buttons for that, to skip a task, and for reviewers to accept an answer or
    send it back with a comment about the image or about the picked instance. Reviewers see what was written
    about the task before, and who reworks an answer what was written about theirs. Two more tasks are held
    and made ready. The lease is renewed while somebody works; the line says so if it has ended, and nothing
    is lost.

    Args:
        queue: the queue.
        annotator: who works; default: the user's login.
        review: whether to look at answers of others instead of labeling.
        height: of the view, CSS pixels.
        drafts: folder for drafts; default: in the dataset's folder.
        beside: a function of the id of the image, as in :class:`Viewer`.

    Attributes:
        queue: the queue.
        annotator: who works.
        task: the present task; None while there is none.
        draft: its image as a Dataset of its own; None while there is none.
        view: the :class:`Editor` or :class:`Review` of it; None before the first task.
        head: the line above it.

    Raises:
        DataError: no queue, no name, or ``review`` in a queue that is not reviewed.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
        >>> work = nl.Work(nl.Queue(ds, ds.images.iloc[:2]), annotator="ana")
        >>> first = work.task.image_id
        >>> _ = work.draft.set([first], table="images", state="complete")
        >>> work.send()
        >>> work.task.image_id == first
        False
        >>> work.close()
    """

    _is_made = False

    def __init__(
        self,
        queue: Queue,
        annotator: str | None = None,
        *,
        review: bool = False,
        height: int = 560,
        drafts: str | Path | None = None,
        beside: Makes | Literal[False] | None = None,
    ) -> None:
        if not isinstance(queue, Queue):
            raise DataError(f"expected a Queue, got {type(queue).__name__}: nl.Work(nl.Queue(ds, rows))")
        if review and not queue.reviewed:
            raise DataError("the answers of this queue are not reviewed: nl.Queue(..., review=True)")
        self.queue, self.annotator = queue, user() if annotator is None else annotator
        self._steps = _REVIEW if review else _LABEL
        self._height, self._seat, self._makes = height, secrets.token_hex(6), beside
        self._drafts = Drafts(queue, self.annotator, None if drafts is None else Path(drafts))
        self.task: Task | None = None
        self.draft: Dataset | None = None
        self.view: Editor | OneReview | None = None
        self._ahead: list[Task] = []
        self._thread: list[dict[str, Any]] = []
        self._lost, self._note = False, ""
        self._shown: tuple[Any, ...] = ()
        self._left: list[tuple[Dataset, bool]] = []
        self._lock = threading.RLock()
        self._workspace: Workspace | None = None
        self._take()
        self.head = WorkHead(self, self._lock, self.annotator)
        super().__init__(layout=ipywidgets.Layout(width="100%", min_width="0", grid_gap="6px"))
        self._is_made = True
        self._arrange()

    def state(self) -> State:
        """What the line above shows."""
        counts, task = self.queue.progress(), self.task
        phase = (
            "lost" if self._lost else "task" if task is not None else "done" if counts.is_done else "waiting"
        )
        return {
            "phase": phase,
            "job": 0 if task is None else task.job,
            "step": "" if task is None else task.step,
            "by": "view" if isinstance(self.view, OneReview) else "line",
            "name": self.queue.name,
            "of": self.queue.of,
            "reviewing": self._steps == _REVIEW,
            "author": "" if task is None else task.author,
            "answer": "" if task is None else _in_words(task),
            "note": self._note,
            "image": -1 if task is None else task.image_id,
            "thread": self._thread if task is not None else [],
            **counts._asdict(),
        }

    def send(self, seconds: float = 0.0) -> None:
        """Send the present answer, and go on to the next task. Sending says that the image is complete.

        Raises:
            HistoryError: there is no task, or it is a review.
            DataError: nothing is on the image, and nobody said that nothing is there.
        """
        task, draft = self._present()
        if task.step == "review":
            raise HistoryError("a review is decided: accept it, or send it back")
        if self.queue.of != "images":
            raise HistoryError("answer the question in the view below")
        self._complete(task, draft)
        given = self.queue.submit(task, self.annotator, draft, seconds)
        self._go_on(_said(given))

    def skip(self, reason: str = "", seconds: float = 0.0) -> None:
        """Leave the present task to the others, for a reason, and go on to the next one."""
        task, _ = self._present()
        self.queue.skip(task, self.annotator, reason, seconds)
        self._go_on(keep=True)

    def decide(
        self,
        verdict: str,
        comment: str = "",
        seconds: float = 0.0,
        place: Mapping[str, float] | None = None,
    ) -> None:
        """Decide on the present review, and go on.

        Args:
            verdict: "approve", also with corrections; or "rework".
            comment: for the author.
            seconds: active time.
            place: what the comment is about: ``{"x": ..., "y": ...}``, pixels of the image, which its author
                sees marked; None: the centre of the picked instance, if there is one.

        Raises:
            HistoryError: there is no task, or somebody else has decided meanwhile.
            DataError: the verdict or the place is none.
        """
        task, draft = self._present()
        is_corrected = verdict == "approve" and draft.status().origins
        if is_corrected and self.queue.of == "images":
            self._complete(task, draft)
        corrected = draft if is_corrected else None
        try:
            self.queue.decide(
                task, self.annotator, verdict, comment, place or self._picked(), corrected, seconds
            )
        except HistoryError:
            self._go_on()  # somebody else has decided: nothing is left to do here
            raise
        self._go_on()

    def beat(self, seconds: float = 0.0) -> None:
        """Somebody works: renew the leases, and see whether the task is still theirs."""
        if self.task is None:
            return
        held = self.queue.renew([self.task, *self._ahead], self.annotator, seconds, self._seat)
        self._lost = self.task.job not in held
        self._ahead = [task for task in self._ahead if task.job in held]

    def look(self) -> None:
        """Look for tasks where there was none."""
        if self.task is None:
            if self._take():
                self._clear()
            self._arrange()

    def close(self) -> None:
        """Close line and view. The drafts stay, and the leases end by themselves."""
        if not self._is_made:
            return
        self._clear()
        self._drafts.close()
        if self._workspace is not None:
            self._workspace.close()
        if self.draft is not None:
            self.draft.close()
        self.head.close()
        self.layout.close()
        super().close()

    def _present(self) -> tuple[Task, Dataset]:
        if self.task is None or self.draft is None:
            raise HistoryError("there is no task: the queue has nothing for you at the moment")
        return self.task, self.draft

    def _complete(self, task: Task, draft: Dataset) -> None:
        """Who sends an image has finished it."""
        state, weight = draft.images.loc[[task.image_id], ["state", "weight"]].iloc[0]
        if state in ("complete", "empty"):
            return
        if not len(draft.instances):
            raise DataError('nothing is on this image: say so with "Nothing here", draw, or skip it')
        draft.mark_complete([task.image_id], weight=float(weight) or 1.0, origin=self.annotator)

    def _go_on(self, note: str = "", *, keep: bool = False) -> None:
        """Leave the present task, whose draft is kept if it may come back."""
        if self.draft is not None:
            self._left.append((self.draft, keep))
        self.task, self.draft, self._lost, self._note = None, None, False, note
        if self._take():  # else the hidden views still show what is left
            self._clear()
        self._arrange()

    def _clear(self) -> None:
        """Close the drafts that are left; those whose answer is in the queue go."""
        for draft, keep in self._left:
            if keep:
                draft.close()
            else:
                self._drafts.drop(draft)
        self._left.clear()

    def _take(self) -> bool:
        """Show the next task, and hold the ones after it; returns whether there is one."""
        tasks = self.queue.take(self.annotator, 1 + _AHEAD, self._steps, self._seat)
        if not tasks:
            self._ahead = []
            return False
        self.task, self._ahead = tasks[0], tasks[1:]
        self._thread = [one.to_json() for one in self.queue.comments(self.task)]
        self.draft = self._drafts.open(self.task)
        self._show(self.task, self.draft)
        self._drafts.prefetch(self._ahead)
        return True

    def _show(self, task: Task, draft: Dataset) -> None:
        if self._workspace is None:
            self._workspace = Workspace(draft)
        else:
            self._workspace.turn_to(draft)
        ws = self._workspace
        if self.queue.of == "images" or task.step == "review":
            ws.selection.active = self._pointed(task, draft)
            assert not isinstance(self.view, OneReview)
            kept: dict[str, Any] = {"annotator": self.annotator, "beside": self._makes}
            self.view = self.view or TaskEditor(ws, height=self._height, **kept)
            return
        _, about = self.queue.tables(task)
        rows = draft.instances.loc[[about]]
        if isinstance(self.view, OneReview):
            self.view.ask(rows)
            return
        kept = {"annotator": self.annotator, "beside": self._makes}
        self.view = OneReview(ws, rows, height=self._height, again=True, **kept)
        self.view.heard = self._answered

    def _pointed(self, task: Task, draft: Dataset) -> tuple[str, int]:
        """The instance around the place of a comment, else the image."""
        if self.queue.of == "instances" and task.row_id in draft.instances.index:
            return "instances", task.row_id
        if task.place is not None and task.step == "rework":
            at, rows = np.array([task.place["x"], task.place["y"]]), draft.instances
            half = rows[["w", "h"]].to_numpy(float) / 2
            off = np.abs(rows[["x", "y"]].to_numpy(float) + half - at)
            around = np.flatnonzero((off <= half).all(axis=1))
            if len(around):
                return "instances", int(rows.index[around[off[around].sum(axis=1).argmin()]])
        return "images", task.image_id

    def _picked(self) -> dict[str, float] | None:
        """Centre of the picked instance."""
        active = None if self._workspace is None else self._workspace.selection.active
        if active is None or active[0] != "instances" or self.draft is None:
            return None
        x, y, w, h = self.draft.instances.loc[[active[1]], ["x", "y", "w", "h"]].to_numpy(float)[0].tolist()
        return {"x": x + w / 2, "y": y + h / 2}

    def _answered(self, what: str, label: str | None, seconds: float) -> None:
        """The review below has an answer: keep it, and go on."""
        with self._lock:
            if self.task is None:
                return
            given = self.queue.submit(self.task, self.annotator, what, seconds, label, self.draft)
            self._go_on(_said(given))
            self.head.tell()

    def _arrange(self) -> None:
        shown = [self.head, self.view] if self.task is not None and self.view is not None else [self.head]
        if shown != list(self._shown):
            self._shown = self.children = tuple(shown)


def _in_words(task: Task) -> str:
    """An answer about one mask, for its reviewer; "" for an image, which shows it."""
    if task.content is None or "what" not in task.content:
        return ""
    label = task.content.get("label")
    return f"{task.content['what']} as {label}" if label else str(task.content["what"])


def _said(given: Given) -> str:
    """What became of an answer, where it is not the usual."""
    if given.again:
        return "You had answered this before: your first answer stays."
    return "Others were faster: your answer is kept as one more opinion." if given.late else ""
