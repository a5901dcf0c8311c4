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
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

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
_PATHS = {"jupyterlab": "lab/tree", "notebook": "notebooks"}  # where each app opens a notebook
THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}


def chromium() -> str | None:
    """Path of a Chromium: the variable CHROMIUM, or whichever is on the PATH."""
    names = [os.environ.get("CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome"]
    return next((found for name in names if name and (found := shutil.which(name))), None)


@contextmanager
def lab(folder: Path, theme: str = "light", app: str = "jupyterlab") -> Iterator[str]:
    """A JupyterLab server on ``folder``, or another app of it; gives its address, token included."""
    port, token = free_port(), secrets.token_hex(8)
    command = [sys.executable, "-m", app, "--no-browser", "--ip=127.0.0.1", f"--port={port}", "--allow-root"]
    command += [
        f"--IdentityProvider.token={token}",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    up = f"http://127.0.0.1:{port}/api?token={token}"
    with served(command, folder, up, _settings(folder, theme)):
        yield f"http://127.0.0.1:{port}/{_PATHS[app]}/{{notebook}}?token={token}&reset"


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
    """A fresh page of a headless Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        try:
            yield browser.new_page(viewport={"width": width, "height": height})
        finally:
            browser.close()


def run_all(page: Page, address: str, notebook: str, n_cells: int, seconds: float = 180) -> None:
    """Open a notebook, run every cell and wait for the last one to have run.

    What is run while the kernel is still being connected can be dropped: where it idles and cells have not
    run, they are run again.
    """
    page.goto(address.format(notebook=notebook))
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
