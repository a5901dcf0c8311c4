"""``make pictures``: a report of the generated reef after three rounds, as a picture. Needs Chromium.

    python scripts/report.py docs/images          # report-light.jpg, for the docs
    python scripts/report.py out/looks --all      # light and dark, wide and narrow, whole pages, and the file

The runs are simulated, each finding more than the one before: the page shows what a report looks like, not
how well anything was learned.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Browser, sync_playwright

import nbalabel as nl

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
from tests.browser.lab import FLAGS, chromium

NAMES = ("crab", "fish", "ray")
ROUNDS = (
    ("Reviewed one by one", "ana", 0.55),
    ("Accepted in bulk, gaps drawn", "ben", 0.3),
    ("Gaps drawn, outlines corrected", "chiara", 0.1),
)
"""Message, who works, and the share that the round's run does not find."""
LAST = 0.02  # share that the last run does not find
TOP = 1500  # CSS pixels of the picture in the docs


def named(rows: pd.DataFrame) -> pd.Categorical:
    """A label by size, so that there is more than one."""
    area = rows["area"].to_numpy()
    return pd.Categorical(
        np.select([area < 130, area > 700], ["crab", "ray"], "fish"), categories=list(NAMES)
    )


def reef(folder: Path) -> tuple[nl.Dataset, nl.demo.Reviewer]:
    """A reef with three labels, a few of its images labeled, and who knows the truth."""
    plain = nl.demo.reef(folder / "plain.nbal", n_images=160, n_labeled=14, n_test=30, size=192)
    truth = nl.demo.truth(plain)
    known = nl.Tables.of(
        truth.images, truth.instances.assign(label=named(truth.instances)), NAMES, plain.image_root
    )
    labeled = plain.instances.assign(label=named(plain.instances))
    ds = nl.Tables.of(plain.images, labeled, NAMES, plain.image_root).save(folder / "reef.nbal", "imported")
    return ds, nl.demo.Reviewer(known)


def run_of(ds: nl.Dataset, plain: nl.Run, missed: float, seed: int) -> nl.Run:
    """A run that does not find a share of what a simulated run found, and confuses some labels."""
    rng = np.random.default_rng(seed)
    rows = plain.predictions[rng.random(len(plain.predictions)) > missed]
    label = np.where(rng.random(len(rows)) < 0.08, rng.choice(NAMES, len(rows)), named(rows))
    rows = rows.assign(label=pd.Categorical(label, categories=list(NAMES)))
    return replace(plain, predictions=rows, labels=NAMES, version=ds.version_id).matched_to(ds)


def work(ds: nl.Dataset, run: nl.Run, reviewer: nl.demo.Reviewer, who: str, rng: np.random.Generator) -> None:
    """A round: answers, what is surely right in bulk, and what is missing drawn on some images."""
    new = run.query("split == 'train' and state in ('unlabeled', 'partial') and score > 0.3 and iou < 0.4")
    asked = new.head(24)
    for i, right in enumerate(reviewer.judge(asked)):
        what, seconds = "accept" if right else "reject", float(rng.uniform(1.5, 5))
        ds.answer(asked.iloc[[i]], what, seconds=seconds, annotator=who, overlap="allow")
    sure = new[(new["score"] > 0.7) & ~new.index.isin(asked.index)]
    ds.accept(sure[reviewer.judge(sure)], overlap="skip")
    images = ds.images.query("split == 'train' and state == 'partial'").index[:20]
    ds.add_instances(reviewer.draw(images, ds.instances), origin=who)
    ds.mark_complete(images)
    bent = ds.instances.sample(6, random_state=int(rng.integers(99))).sort_index()
    masks = [nl.encode_mask(np.roll(nl.decode_mask(m, 192, 192), (2, 4), (0, 1))) for m in bent["mask"]]
    ds.set(bent, mask=masks, origin=who)


def report(folder: Path) -> nl.Report:
    """The report after three rounds."""
    ds, reviewer = reef(folder)
    plain = nl.open(folder / "plain.nbal")
    rng, runs = np.random.default_rng(0), []
    for seed, (message, who, missed) in enumerate(ROUNDS):
        runs.append(run_of(ds, nl.demo.simulated_run(plain, seed), missed, seed))
        work(ds, runs[-1], reviewer, who, rng)
        ds.commit(message, author=who)
    runs.append(run_of(ds, nl.demo.simulated_run(plain, 3), LAST, 3))
    return nl.report(ds, runs, title="Reef")


def shoot(browser: Browser, file: Path, out: Path, *, theme: str, width: int, top: int | None) -> None:
    """A picture of the page; of its top alone, or all of it."""
    context = browser.new_context(
        viewport={"width": width, "height": top or 900}, color_scheme="dark" if theme == "dark" else "light"
    )
    page = context.new_page()
    page.goto(file.as_uri())
    kind = {"type": "jpeg", "quality": 82} if out.suffix == ".jpg" else {"type": "png"}
    page.screenshot(path=out, full_page=top is None, **kind)
    context.close()


def main() -> None:
    """Make the pictures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--all", action="store_true", help="both themes, wide and narrow, and the file")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work_folder, sync_playwright() as playwright:
        file = report(Path(work_folder)).save(Path(work_folder) / "report.html")
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        if options.all:
            (options.folder / "report.html").write_bytes(file.read_bytes())
            for theme in ("light", "dark"):
                for name, width in (("wide", 1280), ("narrow", 390)):
                    out = options.folder / f"report-{theme}-{name}.png"
                    shoot(browser, file, out, theme=theme, width=width, top=None)
        else:
            out = options.folder / "report-light.jpg"
            shoot(browser, file, out, theme="light", width=1160, top=TOP)
        browser.close()


if __name__ == "__main__":
    main()
