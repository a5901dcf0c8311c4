"""Run a notebook and say all the while where it is: the cell, and the progress bars that its cells show.

Nothing has a time limit. Ctrl-C interrupts the kernel, keeps what there is and ends it; so does a cell that
fails. The notebook then holds the outputs up to there.
"""

from __future__ import annotations

import os
import queue
import re
import tempfile
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
    with _kernel(name, folder) as (manager, client), _bar(len(notebook.cells)) as bar:
        recorder = NotebookClient(notebook, record_timing=False)
        recorder.reset_execution_trackers()
        for index, cell in enumerate(notebook.cells):
            if cell.cell_type == "markdown" and cell.source.startswith("#"):
                bar.set_description(cell.source.splitlines()[0].lstrip("# "))
            if cell.cell_type == "code" and cell.source.strip():
                cell.outputs, recorder.clear_before_next_output = [], False
                try:
                    _follow(client.execute(cell.source), manager, client, recorder, (cell, index), bar)
                except KeyboardInterrupt:
                    _stop(manager, client, recorder, (cell, index), keep, bar)
                    raise Stopped(f"stopped in {where(notebook, index)}") from None
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
def _bar(total: int) -> Iterator[Any]:
    with tqdm(total=total, unit="cell", dynamic_ncols=True) as bar:
        yield bar


def _follow(
    request: str, manager: Any, client: Any, recorder: NotebookClient, at: tuple[Any, int], bar: Any
) -> None:
    """Record what a cell gives until it is done, and show its own bars beside ours."""
    bars = _Bars()
    while True:
        try:
            message = client.get_iopub_msg(timeout=1)
        except queue.Empty:
            if not manager.is_alive():
                raise StoryError(
                    f"the kernel died in {where(recorder.nb, at[1])}: the system may have been out of memory"
                ) from None
            bar.refresh()  # the clock goes on
            continue
        if message["parent_header"].get("msg_id") != request:
            continue
        bar.set_postfix_str(bars.hear(message))
        try:
            recorder.process_message(message, *at)
        except CellExecutionComplete:
            return


def _stop(
    manager: Any, client: Any, recorder: NotebookClient, at: tuple[Any, int], keep: str, bar: Any
) -> None:
    """Interrupt the kernel, record how its cell ended, and keep what is in memory; again Ctrl-C: at once."""
    bar.write("stopping: what was computed is kept (Ctrl-C again: stop now)")
    try:
        manager.interrupt_kernel()
        _until_idle(client, recorder, at)
        if keep:
            client.execute(keep, silent=True)
            _until_idle(client, None, at)
    except KeyboardInterrupt:
        bar.write("stopped at once")


def _until_idle(client: Any, recorder: NotebookClient | None, at: tuple[Any, int]) -> None:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            message = client.get_iopub_msg(timeout=0.5)
        except queue.Empty:
            continue
        try:
            if recorder is not None:
                recorder.process_message(message, *at)
        except CellExecutionComplete:
            return
        if message["content"].get("execution_state") == "idle":
            return


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
