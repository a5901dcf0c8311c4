"""A few masks of a cluster, answered yes or no; the answers decide the whole cluster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import traitlets

from ...core.errors import DataError, HistoryError, NbalabelError
from ...core.question import Question, Verifiable
from ...core.tables.schema import LabeledImages
from ...data.store.storage import user
from ...data.working.frame_edits import watch
from ..beside.beside import Beside, Makes
from ..bridge.port import Reply, serves
from ..workspace.shared_display import PictureView, SharedDisplay
from .crops import PATIENTLY, QUICKLY, Crops, Cut, images_of, packed
from .qualification import TAUGHT, Qualification, Result
from .state import outlook_head, packed_clusters, progress_head, question_head

if TYPE_CHECKING:
    from PIL.Image import Image

    from ...core.show.display import Display
    from ..workspace.workspace import Workspace

Said = list[bool | None]

_LARGEST = 1024  # pixels of a crop
_RULES = (
    "Yes: the mask covers one whole thing and nothing else, its outline is close (IoU 0.75 or more with a "
    "perfect one), and its label fits.\n"
    "No: it covers only a part, several things, or something else, or its label is wrong."
)


class Verify(Beside, PictureView):
    """Asks the open question of a propagation: is each mask right, or sex = f? The answers spread.

    ``Y`` and ``N`` answer the framed mask, a click changes an answer, ``A`` answers yes for all unanswered
    masks of the page, Enter sends the answers and shows the next question, ``S`` skips a cluster, ``U`` takes
    back; press ``?`` in it for all keys. Beside the masks: the outlook of the answers so far, and the tree of
    clusters. Answers are in the journal of the propagation before the next question is shown; answers that
    are not sent yet survive a reload of the page.

    Args:
        p: the propagation or audit, as :func:`nbalabel.propagate` and :func:`nbalabel.audit` make them.
        ws: a workspace whose dataset has the images; its views show the framed mask.
        images: tables to read pixels from instead; default: those of ``ws``, else ``p.tables``.
        height: CSS pixels, 320..4000.
        context: margin shown around a mask on every side, 0..8 times the longer side of its box.
        annotator: who answers; default: the user's login.
        batch: masks shown at a time, 1..100; a longer question has pages.
        instructions: your text on what is right and what is wrong; shown before the first answer.
        qualification: number of masks of known answer to ask first; 0 for none.
        pass_mark: share of right answers needed to pass, 0..1.
        beside: a function of the id of the image of the framed mask, whose widget or text is shown beside the
            masks; False: no panel. See :class:`Viewer`.
        **options: ``mode`` ("grid" or "one"), ``outline``, ``fill``, ``auto_submit`` (send when ``Y`` or
            ``N`` has answered the last mask; default: Enter sends).

    Attributes:
        p: the propagation or audit.
        annotator: who answers; recorded with each answer.
        qualified: result of the qualification; None before it or without one.

    Raises:
        DataError: the propagation has no masks, there are no images, or an option is out of range.

    Example:
        >>> import tempfile, nbalabel as nl
        >>> ds = nl.demo.reef(tempfile.mkdtemp() + "/reef.nbal", n_images=40, n_labeled=8, n_test=2, size=96)
        >>> p = nl.propagate(nl.demo.simulated_run(ds), min_area=0)
        >>> view = nl.Verify(p, annotator="anna", batch=12)
        >>> view.p.ask().kind
        'sample'
    """

    bundle = "verify"

    height = traitlets.Int(640, min=320, max=4000, help="CSS pixels").tag(sync=True)
    context = traitlets.Float(0.5, min=0, max=8, help="margin, share of a mask's longer side").tag(
        sync=True, echo_update=False
    )
    batch = traitlets.Int(15, min=1, max=100, help="masks shown at a time").tag(sync=True)
    mode = traitlets.Enum(("grid", "one"), "grid", help="a page of masks, or one large").tag(
        sync=True, echo_update=False
    )
    outline = traitlets.Bool(True, help="draw the outline of masks").tag(sync=True, echo_update=False)
    fill = traitlets.Bool(False, help="fill masks").tag(sync=True, echo_update=False)
    auto_submit = traitlets.Bool(False, help="send when the last mask is answered").tag(sync=True)
    instructions = traitlets.Unicode(_RULES, help="what is right and what is wrong").tag(sync=True)
    introduce = traitlets.Bool(True, help="show the instructions").tag(sync=True, echo_update=False)

    _unwatch: Callable[[], None] = staticmethod(lambda: None)  # until __init__ has finished

    def __init__(
        self,
        p: Verifiable,
        ws: Workspace | None = None,
        *,
        images: LabeledImages | None = None,
        height: int = 640,
        context: float = 0.5,
        annotator: str | None = None,
        batch: int = 15,
        instructions: str | None = None,
        qualification: int = 0,
        pass_mark: float = 0.8,
        beside: Makes | Literal[False] | None = None,
        **options: Any,
    ) -> None:
        self.annotator = user() if annotator is None else annotator
        if not self.annotator or "," in self.annotator:
            raise DataError(f"annotator must be a name without commas, got {annotator!r}")
        if not hasattr(p, "progress"):
            raise DataError(
                f"expected a propagation, got {type(p).__name__}: p = nl.propagate(run), then nl.Verify(p). "
                "nl.Review(ds) and nl.Review(run) ask about masks without one"
            )
        unknown = set(options) - {"mode", "outline", "fill", "auto_submit"}
        if unknown:
            raise DataError(f"Verify has no option {sorted(unknown)[0]!r}; see help(nl.Verify)")
        self.p, self.workspace = p, ws
        shown = getattr(p, "shown", p.predictions)
        self._images = images_of(images, None if ws is None else ws.ds, getattr(p, "tables", None))
        self._crops = Crops(shown, self._images)
        self._test = Qualification(p, qualification, pass_mark) if qualification else None
        self._drafts: dict[int, Said] = {}
        self._turn = 0
        self._stand: tuple[Any, ...] = ()
        shared = SharedDisplay() if ws is None else ws.shared_display
        rules = getattr(p, "instructions", _RULES) if instructions is None else instructions
        introduce = p.progress().n_answers == 0
        try:
            super().__init__(
                shared.lock,
                shared,
                height=height,
                context=context,
                batch=batch,
                instructions=rules,
                introduce=introduce,
                beside=beside,
                **options,
            )
        except traitlets.TraitError as error:
            raise DataError(str(error)) from error
        self._unwatch = watch(self)

    @property
    def qualified(self) -> Result | None:
        """Result of the qualification (asked, right, needed, passed); None before it or without one."""
        return None if self._test is None else self._test.result

    @serves
    def begin(self, *, size: int, context: float) -> Reply:
        """The current state: the open question with its first crops, progress and clusters.

        Args:
            size: longer side of the crops, pixels.
            context: margin around masks, as the trait.
        """
        return self._state(size, context)

    @serves
    def crops(self, *, number: int, places: list[int], size: int, context: float) -> Reply:
        """More crops of the open question, as many as fit in one message; none if the question has changed.

        Args:
            number: of the question.
            places: positions of the masks in the question.
            size: longer side, pixels.
            context: margin around masks.
        """
        question = self._question()
        if question is None or question.number != number:
            return {"places": [], "crops": []}  # answered while this request was on its way
        ids = [int(question.ids[place]) for place in places]
        heads, buffers = packed(self._cut(ids, size, context, PATIENTLY))
        return {"places": places[: len(heads)], "crops": heads}, buffers

    @serves
    def draft(self, *, number: int, answers: Said, place: int = -1) -> Reply:
        """Keep answers that are not sent yet; returns their outlook.

        Args:
            number: of the question.
            answers: one per mask, None where there is none yet.
            place: position of the framed mask.
        """
        question = self._question()
        if question is None or question.number != number:
            return {"outlook": None}  # answered while this request was on its way
        if len(answers) != len(question.ids):
            raise DataError(f"expected {len(question.ids)} answers, got {len(answers)}")
        self._drafts = {number: answers}
        if 0 <= place < len(question.ids):
            self._point(int(question.ids[place]))
        return {"outlook": self._outlook(question, answers)}

    @serves
    def tell(
        self, *, number: int, answers: list[bool], size: int, context: float, seconds: float = 0.0
    ) -> Reply:
        """Answer the open question, which is journaled when this returns; returns the next one.

        Args:
            number: of the question.
            answers: one per mask.
            size: longer side of the next crops, pixels.
            context: margin around masks.
            seconds: how long the person looked.
        """
        question = self._open_question(number)
        if self._test is not None and number < 0:
            return self._state(size, context, graded=self._test.told(answers))
        seconds = round(max(float(seconds), 0.0), 2)
        self.p.tell(question, np.asarray(answers, np.bool_), annotator=self.annotator, seconds=seconds)
        self._drafts = {number: [bool(answer) for answer in answers]}
        return self._moved(size, context)

    @serves
    def skip(self, *, number: int, size: int, context: float) -> Reply:
        """Skip the cluster of the open question."""
        question = self._open_question(number)
        if number < 0:
            raise HistoryError("the qualification cannot be skipped")
        self.p.skip(question)
        return self._moved(size, context)

    @serves
    def undo(self, *, size: int, context: float) -> Reply:
        """Take back the last answered or skipped question: it is open again, with its answers as a draft."""
        if self._test is not None and self._question() is self._test.question:
            raise HistoryError("there is nothing to take back in a qualification")
        self.p.undo()
        return self._moved(size, context)

    @serves
    def examples(self, *, size: int, context: float) -> Reply:
        """Masks known to be right and wrong, a few of each."""
        found = self.p.examples(0 if getattr(self.p, "mixed", False) else TAUGHT)
        right, wrong = ([int(i) for i in found[name]][:TAUGHT] for name in ("right", "wrong"))
        cuts = [self._crops.cut(row_id, context, self._checked(size)) for row_id in (*right, *wrong)]
        heads, buffers = packed(cuts)
        return {"right": len(right), "crops": heads}, buffers

    def _beside_tables(self) -> Any:
        return self._images

    @property
    def display(self) -> Display:
        """How pictures of masks are shown; shared with the workspace if there is one. Assign another."""
        return self._shared.value

    @display.setter
    def display(self, display: Display) -> None:
        self._shared.value = display

    def displayed(self, display: Display) -> None:
        """Pictures are shown in another way."""
        self._crops.display = display
        super().displayed(display)

    def sync(self) -> None:
        """Called at the end of each cell: send an event if the cell moved the propagation."""
        with self.lock:
            if self._stand and self._standing() != self._stand:
                self._turn += 1
                self._stand = ()
                self.emit("moved", {"turn": self._turn})

    def picture(self) -> Image | None:
        """The masks of the open question, outlined; None where nothing is asked."""
        from .picture import verify_picture

        question = self._question()
        return None if question is None else verify_picture(self._crops, question, self.context, self.errors)

    def close(self) -> None:
        """Close the view; the propagation is not changed."""
        self._unwatch()
        super().close()

    def __repr__(self) -> str:
        return f"<Verify of {self.p.id}: {self.p.progress().phase}>"

    def _question(self) -> Question | None:
        test = self._test
        if test is not None and not (test.result and test.result.passed):
            return test.question
        return self.p.ask()

    def _open_question(self, number: int) -> Question:
        question = self._question()
        if question is None or question.number != number:
            raise HistoryError(
                f"question {number} is not open any more: it was answered, skipped or taken back elsewhere"
            )
        return question

    def _moved(self, size: int, context: float) -> Reply:
        self._turn += 1
        self.emit("moved", {"turn": self._turn})
        return self._state(size, context)

    def _state(self, size: int, context: float, graded: Result | None = None) -> Reply:
        question = self._question()
        clusters = self.p.clusters()
        names, table = packed_clusters(clusters)
        head: dict[str, Any] = {
            "turn": self._turn,
            "id": self.p.id,
            "progress": progress_head(self.p.progress()),
            "clusters": len(clusters),
            "names": names,
            "labels": self._crops.labels,
            "colors": ["#" + bytes(color).hex() for color in self._crops.colors[: len(self._crops.labels)]],
            "graded": None if graded is None else graded._asdict(),
            "qualifying": question is not None and question.number < 0,
            "question": None,
            "crops": [],
        }
        cuts: list[Cut] = []
        if question is not None:
            said = self._drafts.get(question.number, [])
            said = said if len(said) == len(question.ids) else [None] * len(question.ids)
            head |= {"question": question_head(question), "answers": said}
            head["outlook"] = self._outlook(question, said)
            cuts = self._cut(question.ids.tolist(), size, context, QUICKLY)
        head["crops"], pixels = packed(cuts)
        self._stand = self._standing()
        return head, [table, *pixels]

    def _cut(self, ids: Sequence[int], size: int, context: float, seconds: float) -> list[Cut]:
        cuts = self._crops.some(ids, min(max(float(context), 0.0), 8.0), self._checked(size), seconds)
        for cut in cuts:
            if cut.head["problem"]:
                self.errors.append(NbalabelError(cut.head["problem"]))
        return cuts

    def _outlook(self, question: Question, answers: Said) -> dict[str, Any] | None:
        return None if question.number < 0 else outlook_head(self.p.outlook(question, answers))

    def _checked(self, size: int) -> int:
        return min(max(int(size), 32), _LARGEST)

    def _standing(self) -> tuple[Any, ...]:
        question, progress = self.p.ask(), self.p.progress()
        number = None if question is None else question.number
        return number, progress.n_answers, progress.n_questions, progress.n_accepted, progress.n_rejected

    def _point(self, row_id: int) -> None:
        """Make this mask the active row of the workspace."""
        ws = self.workspace
        if ws is not None and getattr(self.p, "table", "predictions") == "instances":
            if row_id in ws.ds.instances.index:
                ws.selection.active = ("instances", row_id)
            return
        if ws is not None and ws.run is not None and row_id in ws.run.predictions.index:
            ws.selection.active = ("predictions", row_id)
