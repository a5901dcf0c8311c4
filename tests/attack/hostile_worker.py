"""Read damaged and hostile files one after the other; test_hostile_files.py runs it.

Usage: hostile_worker.py FOLDER SEED COUNT. Prints the case it is at, and what it found at the end. A case
that hangs or kills the process ends the run; the last one printed says which.
"""
# ruff: noqa: T201  # a script

import faulthandler
import os
import random
import resource
import shutil
import sys
import time
import traceback
import warnings
from collections import Counter
from pathlib import Path

import pandas as pd
from hostile_cases import BOMBS, READERS, Case, damage

import nbalabel as nl
from nbalabel.core.errors import NbalabelError
from nbalabel.data.tables.tables import Tables

MEMORY = 3 << 30
"""Bytes a case may take beyond what the process has when it begins."""

CPU_SECONDS, HANGING_SECONDS = 20, 120


def main(folder: Path, seed: int, count: int) -> int:
    warnings.simplefilter("ignore")
    used = int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (used + MEMORY, used + MEMORY))
    outcomes: Counter[str] = Counter()
    rng = random.Random(seed)
    cases = [("bomb", name, make) for name, make in BOMBS.items()]
    cases += [("damage", f"{seed}/{i}", None) for i in range(count)]
    for i, (kind, name, make) in enumerate(cases):
        place = folder / str(i)
        place.mkdir()
        case = make(place) if make else damage(place, rng)
        print(kind, name, case.what, flush=True)
        outcomes[attempt(case)] += 1
        shutil.rmtree(place)
    print(", ".join(f"{n} {outcome}" for outcome, n in sorted(outcomes.items())))
    return 1 if any(outcome.startswith("BAD") for outcome in outcomes) else 0


def attempt(case: Case) -> str:
    """Read a case, and write what was read; what came of it."""
    faulthandler.dump_traceback_later(HANGING_SECONDS, exit=True)
    start = time.process_time()
    try:
        outcome = read(case)
    except NbalabelError as error:
        outcome = "refused" if len(str(error)) < 20_000 else f"BAD message of {len(str(error)):,} characters"
    except BaseException:  # noqa: BLE001  # whatever else it is, it is a finding
        traceback.print_exc()
        outcome = "BAD exception"
    spent = time.process_time() - start
    faulthandler.cancel_dump_traceback_later()
    if spent > 1:
        print(f"    took {spent:.1f} s", flush=True)
    if spent > CPU_SECONDS:
        outcome = f"BAD {spent:.0f} s"
    if outcome.startswith("BAD"):
        print(outcome, file=sys.stderr, flush=True)
    return outcome


def read(case: Case) -> str:
    found = READERS[case.reader](case.folder)
    if not isinstance(found, Tables | pd.DataFrame):
        return f"BAD {type(found)}"
    if isinstance(found, Tables):
        nl.write_coco(found, case.folder / "again.json")
        if int(case.folder.name) % 8 == 0:  # a dataset waits for the disk
            found.save(case.folder / "again.nbal").close()
    return "read"


if __name__ == "__main__":
    faulthandler.enable()
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
