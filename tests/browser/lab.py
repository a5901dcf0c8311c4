"""A JupyterLab on 127.0.0.1 and a headless Chromium that looks at it."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

DONE = """n => {
    const prompts = [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')];
    return prompts.length >= n && prompts.every(p => /\\[\\d+\\]/.test(p.textContent));
}"""
IDLE = '.jp-Notebook-ExecutionIndicator[data-status="idle"]'
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
STEP, PATIENCE = 250, 24  # milliseconds between two looks; looks at an idle kernel until cells are run again
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


def chromium() -> str | None:
    """Path of a Chromium: the variable CHROMIUM, or whichever is on the PATH."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next((found for name in names if name and (found := shutil.which(name))), None)


class House:
    """One JupyterLab for each theme over the folders below ``root``, and one Chromium; started on demand."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.root, self._stack = root, stack
        self._labs: dict[str, Lab] = {}
        self._browser: Browser | None = None

    def lab(self, theme: str) -> Lab:
        """The JupyterLab of a theme."""
        if theme not in self._labs:
            home = self.root / f"lab-{theme}"
            home.mkdir()
            self._labs[theme] = self._stack.enter_context(_started(home, self.root, theme, "jupyterlab"))
        return self._labs[theme]

    def browser(self, path: str) -> Browser:
        """The Chromium."""
        if self._browser is None:
            self._browser = self._stack.enter_context(_chromium(path))
        return self._browser


_house: House | None = None


@contextmanager
def shared(root: Path) -> Iterator[None]:
    """Within the block, notebooks below ``root`` share one JupyterLab and all pages one Chromium."""
    global _house  # set for the block
    with ExitStack() as stack:
        _house = House(root.resolve(), stack)
        try:
            yield
        finally:
            _house = None


@dataclass(frozen=True)
class Lab:
    """A server of notebooks.

    Attributes:
        port: of 127.0.0.1.
        token: that lets one in.
        app: "jupyterlab" or "notebook".
        runtime: the folder of its kernels' connection files.
        folder: of the notebooks, as the server sees it; "" for its own.
    """

    port: int
    token: str
    app: str
    runtime: Path
    folder: str = ""

    def address(self, notebook: str) -> str:
        """Where a notebook is opened, token included."""
        kept = self.folder.strip("/").replace("/", "-") or "tests"  # a layout of its own, also after a reload
        path = {"jupyterlab": f"lab/workspaces/{kept}/tree", "notebook": "notebooks"}[self.app]
        return f"http://127.0.0.1:{self.port}/{path}/{self.folder}{notebook}?token={self.token}&reset"

    def kernel_file(self) -> Path:
        """The connection file of the kernel of the only notebook in its folder."""
        (session,) = self.sessions()
        return self.runtime / f"kernel-{session['kernel']['id']}.json"

    def sessions(self) -> list[dict[str, Any]]:
        """Those of the notebooks in its folder."""
        found: list[dict[str, Any]] = json.loads(self._ask("GET", "api/sessions"))
        return [one for one in found if one["path"].startswith(self.folder)]

    def end_sessions(self) -> None:
        """Stop the kernels of the notebooks in its folder."""
        for session in self.sessions():
            self._ask("DELETE", f"api/sessions/{session['id']}")

    def _ask(self, method: str, what: str) -> bytes:
        address = f"http://127.0.0.1:{self.port}/{what}?token={self.token}"
        asked = urllib.request.Request(address, method=method)  # our own server on 127.0.0.1
        with urllib.request.urlopen(asked, timeout=30) as reply:  # noqa: S310
            return bytes(reply.read())


@contextmanager
def lab(folder: Path, theme: str = "light", app: str = "jupyterlab") -> Iterator[Lab]:
    """A JupyterLab server on ``folder``, or another app of it; the shared one where there is one."""
    if _house is None or app != "jupyterlab":
        with _started(folder, folder, theme, app) as own:
            yield own
        return
    own = replace(_house.lab(theme), folder=f"{folder.resolve().relative_to(_house.root).as_posix()}/")
    try:
        yield own
    finally:
        own.end_sessions()


@contextmanager
def _started(home: Path, root: Path, theme: str, app: str) -> Iterator[Lab]:
    """A server of what is below ``root``, with its settings in ``home``."""
    port, token = free_port(), secrets.token_hex(8)
    command = [sys.executable, "-m", app, "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    command += [
        f"--ServerApp.root_dir={root}",
        f"--IdentityProvider.token={token}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.expose_app_in_browser=True",
    ]
    up = f"http://127.0.0.1:{port}/api?token={token}"
    with served(command, home, up, _settings(home, theme)):
        yield Lab(port, token, app, home / ".lab" / "runtime")


@contextmanager
def served(
    command: list[str], folder: Path, up: str, environment: dict[str, str] | None = None
) -> Iterator[None]:
    """A server that is started in ``folder``, and stopped; it is up when the address ``up`` answers."""
    log_file = folder / "server.log"
    with log_file.open("wb") as log:
        server = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **(environment or {})}, stdout=log, stderr=log
        )
        try:
            _wait_until_up(up, server, log_file)
            yield
        finally:
            server.terminate()
            server.wait(timeout=30)


@contextmanager
def browser_page(path: str, width: int = 1200, height: int = 1500) -> Iterator[Page]:
    """A fresh page of a headless Chromium, with cookies and storage of its own."""
    if _house is None:
        with _chromium(path) as own:
            yield own.new_page(viewport={"width": width, "height": height})
        return
    context = _house.browser(path).new_context(viewport={"width": width, "height": height})
    try:
        yield context.new_page()
    finally:
        context.close()


@contextmanager
def _chromium(path: str) -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser
        finally:
            browser.close()


def run_all(page: Page, where: Lab, notebook: str, n_cells: int, seconds: float = 180) -> None:
    """Open a notebook, run every cell and wait for the last one to have run.

    What is run while the kernel is still being connected can be dropped: where it idles and cells have not
    run, they are run again.
    """
    page.goto(where.address(notebook))
    page.locator(".jp-Notebook .jp-CodeCell").nth(n_cells - 1).wait_for(timeout=60_000)
    page.locator(IDLE).wait_for(state="attached", timeout=60_000)
    deadline, idle = time.monotonic() + seconds, PATIENCE
    while not page.evaluate(DONE, n_cells):
        assert time.monotonic() < deadline, f"{notebook} did not run within {seconds} s"
        if idle >= PATIENCE:
            _answer_dialog(page)
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_text("Run All Cells", exact=True).click()
        idle = 0 if idle >= PATIENCE or not page.locator(IDLE).count() else idle + 1
        page.wait_for_timeout(STEP)


def _answer_dialog(page: Page) -> None:
    """JupyterLab may ask which kernel to take when the machine is slow: the one it proposes."""
    accept = page.locator(".jp-Dialog .jp-mod-accept")
    if accept.count():
        accept.last.click(timeout=5_000)


def _settings(folder: Path, theme: str) -> dict[str, str]:
    """JupyterLab's own settings, in ``folder``; the variables that say so."""
    settings = folder / ".lab" / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    tracker = settings.parent / "notebook-extension" / "tracker.jupyterlab-settings"
    tracker.parent.mkdir(exist_ok=True)
    tracker.write_text(json.dumps({"windowingMode": "none"}))  # cells out of view stay in the page
    (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": THEMES[theme]}))
    (settings / "notification.jupyterlab-settings").write_text(json.dumps({"fetchNews": "false"}))
    return {
        "JUPYTERLAB_SETTINGS_DIR": str(settings.parents[1]),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / ".lab" / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(folder / ".lab" / "runtime"),
    }


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_until_up(address: str, server: subprocess.Popen[bytes], log: Path, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(address, timeout=5):  # noqa: S310  # our own server on 127.0.0.1
                return
        except (urllib.error.URLError, ConnectionError):
            server.poll()
    raise RuntimeError(f"the server did not start: {log.read_text()[-2000:]}")
