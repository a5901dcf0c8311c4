"""Run a notebook and say all the while where it is: the cell, and the progress bars that its cells show.

Nothing has a time limit. Ctrl-C interrupts the kernel, keeps what there is and ends it; so does a cell that
fails. The notebook then holds the outputs up to there.
"""

from __future__ import annotations

import os
import queue
import re
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client.manager import KernelManager
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionComplete
from tqdm import tqdm

LOOK = 0.2  # seconds between two looks whether somebody asked to stop
PATIENCE = 20.0  # seconds for what was interrupted to come to its end
START = 600.0  # seconds for a kernel to start, also on a machine that has no time


class StoryError(Exception):
    """A cell failed, or the kernel died; the message says which, and what it said."""


class Stopped(Exception):  # noqa: N818  # nothing is wrong
    """Somebody pressed Ctrl-C; the message says where."""


def run(notebook: nbformat.NotebookNode, folder: Path, keep: str = "") -> None:
    """Execute all cells; outputs go into the notebook as they come.

    Args:
        notebook: what to run; changed in place.
        folder: where its kernel works.
        keep: code to run when it is stopped, so that nothing is lost that is only in memory.

    Raises:
        StoryError: a cell failed, or the kernel died.
        Stopped: Ctrl-C.
    """
    name = notebook.metadata.get("kernelspec", {}).get("name", "python3")
    with _kernel(name, folder) as (manager, client), _bar(len(notebook.cells)) as bar, _asked() as asked:
        recorder = NotebookClient(notebook, record_timing=False)
        recorder.reset_execution_trackers()
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown" and cell.source.startswith("#"):
                bar.set_description(cell.source.splitlines()[0].lstrip("# "))
            if cell.cell_type == "code" and cell.source.strip():
                cell.outputs, recorder.clear_before_next_output = [], False
                request = client.execute(cell.source)
                done = _follow(request, manager, client, recorder, (cell, index), bar, asked)
                if not done:
                    _stop(request, manager, client, recorder, (cell, index), keep, bar)
                    raise Stopped(f"stopped in {where(notebook, index)}")
                _check(notebook, index)
            bar.update()


def where(notebook: nbformat.NotebookNode, index: int) -> str:
    """A cell by its number and the heading above it."""
    headings = [
        c.source.splitlines()[0].lstrip("# ")
        for c in notebook.cells[:index]
        if c.cell_type == "markdown" and c.source.startswith("#")
    ]
    under = f", under {headings[-1]!r}" if headings else ""
    return f"cell {index + 1} of {len(notebook.cells)}{under}"


@contextmanager
def _kernel(name: str, folder: Path) -> Iterator[tuple[Any, Any]]:
    """A kernel, which is gone afterwards whatever happens."""
    with tempfile.TemporaryDirectory(prefix="nbalabel-") as private:  # a socket only this user can reach
        transport = "ipc" if os.name == "posix" else "tcp"
        manager = KernelManager(
            kernel_name=name, transport=transport, connection_file=str(Path(private) / "kernel.json")
        )
        manager.start_kernel(cwd=str(folder))
        client = manager.client()
        try:
            client.start_channels()
            client.wait_for_ready(timeout=START)
            yield manager, client
        finally:
            client.stop_channels()
            manager.shutdown_kernel(now=True)


@contextmanager
def _asked() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C, which is only noted: raised anywhere, it would lose the message just read.

    The second one raises KeyboardInterrupt.
    """
    asked = threading.Event()

    def note(_signal: int, _frame: Any) -> None:
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()

    before = {which: signal.signal(which, note) for which in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for which, handler in before.items():
            signal.signal(which, handler)


@contextmanager
def _bar(total: int) -> Iterator[Any]:
    with tqdm(total=total, unit="cell", dynamic_ncols=True) as bar:
        yield bar


def _follow(
    request: str,
    manager: Any,
    client: Any,
    recorder: NotebookClient,
    at: tuple[Any, int],
    bar: Any,
    asked: threading.Event,
) -> bool:
    """Record what a cell gives, and show its own bars beside ours; whether it came to its end unasked."""
    bars = _Bars()
    while not asked.is_set():
        try:
            message = client.get_iopub_msg(timeout=LOOK)
        except queue.Empty:
            if not manager.is_alive():
                raise StoryError(
                    f"the kernel died in {where(recorder.nb, at[1])}: the system may have been out of memory"
                ) from None
            bar.refresh()  # the clock goes on
            continue
        bar.set_postfix_str(bars.hear(message))
        if _ends(message, request, recorder, at):
            return True
    return False


def _stop(
    request: str,
    manager: Any,
    client: Any,
    recorder: NotebookClient,
    at: tuple[Any, int],
    keep: str,
    bar: Any,
) -> None:
    """Interrupt the kernel, record how its cell ended, and keep what is in memory; again Ctrl-C: at once."""
    bar.write("stopping: what was computed is kept (Ctrl-C again: stop now)")
    try:
        manager.interrupt_kernel()
        _until_end(request, client, recorder, at)
        if keep:
            _until_end(client.execute(keep, silent=True), client, None, at)
    except KeyboardInterrupt:
        bar.write("stopped at once")


def _until_end(request: str, client: Any, recorder: NotebookClient | None, at: tuple[Any, int]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            message = client.get_iopub_msg(timeout=LOOK)
        except queue.Empty:
            continue
        if _ends(message, request, recorder, at):
            return


def _ends(
    message: dict[str, Any], request: str, recorder: NotebookClient | None, at: tuple[Any, int]
) -> bool:
    """Record a message of this request; whether it is its last one."""
    if message["parent_header"].get("msg_id") != request:
        return False
    try:
        if recorder is not None:
            recorder.process_message(message, *at)
    except CellExecutionComplete:
        return True
    return message["content"].get("execution_state") == "idle"


def _check(notebook: nbformat.NotebookNode, index: int) -> None:
    cell = notebook.cells[index]
    for output in cell.outputs:
        if output.output_type == "error":
            lines = "\n".join(f"    {line}" for line in cell.source.splitlines()[:12])
            said = f"{output.ename}: {output.evalue}"
            raise StoryError(f"{where(notebook, index)} failed:\n\n{lines}\n\n{said}")


class _Bars:
    """The text of the progress bar that a cell shows in a notebook: tqdm's box of text, bar and text."""

    def __init__(self) -> None:
        self._states: dict[str, dict[str, Any]] = {}

    def hear(self, message: dict[str, Any]) -> str:
        """Take a message of widgets in; what the newest bar says, "" where there is none."""
        kind, content = message["msg_type"], message["content"]
        if kind == "comm_close":
            self._states.pop(content["comm_id"], None)
        elif kind in ("comm_open", "comm_msg"):
            state = content.get("data", {}).get("state", {})
            self._states.setdefault(content["comm_id"], {}).update(state)
        boxes = [s for s in self._states.values() if s.get("_model_name") == "HBoxModel"]
        return next((text for box in reversed(boxes) if (text := self._text(box))), "")

    def _text(self, box: dict[str, Any]) -> str:
        children = [str(child).removeprefix("IPY_MODEL_") for child in box.get("children", [])]
        inside = [self._states.get(child, {}) for child in children]
        if [child.get("_model_name") for child in inside] != ["HTMLModel", "FloatProgressModel", "HTMLModel"]:
            return ""
        words = " ".join(str(child.get("value", "")) for child in (inside[0], inside[2]))
        return " ".join(re.sub(r"<[^>]*>|&nbsp;", " ", words).replace("&lt;", "<").split())
