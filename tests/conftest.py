"""Fixtures shared by all tests."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

# What a shell starts in the background ignores Ctrl-C and hands that on to its children: tests that interrupt
# something would wait for ever.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine takes longer over one example than any deadline: speed is measured in benchmarks/.
settings.register_profile("nbalabel", deadline=None)
settings.load_profile("nbalabel")

# Test modules load torch before nbalabel does: its threads then wait as nbalabel would tell them to.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> None:
    """No test reads or fills the user's cache."""
    os.environ["NBALABEL_CACHE"] = str(tmp_path_factory.mktemp("cache"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the checkout; tests that need it skip where it is absent."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no shared/data beside the checkout: real-data tests are left out")
    return folder


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Url of a PostgreSQL that the tests start themselves, on a Unix socket; skips where there is none."""
    found = [*sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))[-1:], shutil.which("initdb")]
    if found[0] is None or find_spec("psycopg") is None:
        pytest.skip("needs PostgreSQL (Debian, Ubuntu: apt-get install postgresql) and psycopg")
    folder, user, as_user = Path(tempfile.mkdtemp(prefix="nbl-pg-")), "postgres", list[str]()
    if os.getuid() == 0:  # PostgreSQL refuses to run as root
        shutil.chown(folder, user, user)
        as_user = ["setpriv", f"--reuid={user}", f"--regid={user}", "--init-groups"]

    def run(program: str, *words: str) -> None:
        command = [
            *as_user,
            str(Path(found[0]).resolve().parent / program),
            "-D",
            str(folder / "data"),
            *words,
        ]
        subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, cwd="/")

    try:
        run("initdb", "-U", user, "-A", "trust", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        run("pg_ctl", "-w", "-l", str(folder / "log"), "-o", options, "start")
        try:
            yield f"postgresql://{user}@/postgres?host={folder}"
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
