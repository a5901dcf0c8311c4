"""Sections on quality: mAP with intervals, certificates, suspects that were mended."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from ...core.show.palette import COLORS
from ...core.show.svg_intervals import Whisker, intervals_svg
from ...learn.runs.intervals import MapIntervals
from ..charts.histogram import histogram_svg
from ..numbers.gathered import Numbers
from .parts import (
    Column,
    empty,
    escape,
    figure,
    notes,
    row,
    section,
    short_version,
    signed,
    table,
    whole,
)

_MOST_LABELS = 12


def quality_section(numbers: Numbers) -> str:
    """MAP of each run, what came with each step, and each label."""
    title, quality = "Quality on the test images", numbers.quality
    found = quality.found
    if found is None:
        return section(title, "", empty(quality.problem), notes(quality.notes))
    names = _run_names(found)
    whiskers = [
        Whisker(names[str(run)], r["map"], r["low"], r["high"], _below(names[str(run)], r))
        for run, r in zip(found.table.index, found.table.to_dict("records"), strict=True)
    ]
    charts = [figure("mAP50-95", intervals_svg(whiskers))]
    if len(found.differences):
        steps = [
            Whisker(f"{names[str(r['than'])]} → {names[str(run)]}", r["difference"], r["low"], r["high"])
            for run, r in zip(found.differences.index, found.differences.to_dict("records"), strict=True)
        ]
        chart = intervals_svg(steps, zero=True, color=COLORS.green)
        charts.append(figure("Difference to the run before", chart))
    drawn = "groups of images" if found.drawn == "group" else "images"
    return section(
        title,
        f"Measured on {len(found.images):,} images with {found.instances:,} instances, against their labels "
        f"as they are now. Lines are {found.level:.0%} intervals over {found.draws:,} draws of {drawn}; all "
        "runs see the same draws, so a difference whose line stays clear of 0 is beyond chance.",
        row(*charts),
        _per_label(found, names, numbers.contents.colors) if len(found.labels) > len(found.table) else "",
        _quality_table(found, names),
        notes(quality.notes),
    )


def _run_names(found: MapIntervals) -> dict[str, str]:
    """A short name for each run: its version where it tells the runs apart, else the name given."""
    given = [str(name) for name in found.table.index]
    versions = [short_version(str(v)) if isinstance(v, str) else "" for v in found.table["version"]]
    if all(versions) and len(set(versions)) == len(versions) and all(len(name) > 10 for name in given):
        return dict(zip(given, versions, strict=True))
    return dict(zip(given, given, strict=True))


def _below(name: str, row_of: Mapping[Any, Any]) -> str:
    version = row_of["version"]
    said = short_version(version) if isinstance(version, str) else ""
    return "" if said == name else said


def _per_label(found: MapIntervals, names: dict[str, str], colors: Mapping[str, str]) -> str:
    """A small chart per label, those with most instances first."""
    labels = found.labels.groupby("label", sort=False)["instances"].max().sort_values(ascending=False)
    shown = [str(label) for label in labels.index if labels[label] > 0][:_MOST_LABELS]
    parts = []
    for label in shown:
        rows = found.labels[(found.labels.index.get_level_values("label") == label)].droplevel("label")
        points = [
            Whisker(names[str(run)], r["ap"], r["low"], r["high"])
            for run, r in zip(rows.index, rows.to_dict("records"), strict=True)
        ]
        color = colors.get(label, COLORS.neutral)
        chart = intervals_svg(points, width=300, height=130, color=color)
        parts.append(
            f'<div class="nbr-card"><h4><i style="background: {color}"></i>{escape(label)}'
            f'<span class="nbr-soft">{int(labels[label]):,} instances</span></h4>{chart}</div>'
        )
    left = len(labels) - len(shown)
    more = f'<p class="nbr-note">{left:,} more labels in r.quality_by_label</p>' if left > 0 else ""
    return f'<h4 style="margin-top: 20px">By label</h4><div class="nbr-cards">{"".join(parts)}</div>{more}'


def _quality_table(found: MapIntervals, names: dict[str, str]) -> str:
    steps = found.differences.reindex(found.table.index)
    return table(
        [
            Column("run", [names[str(run)] for run in found.table.index], words=True),
            Column("model", found.table["model"].tolist(), words=True),
            Column("predictions", whole(found.table["predictions"])),
            Column("mAP", [f"{v:.3f}" for v in found.table["map"]]),
            Column("interval", [_ends(r["low"], r["high"]) for r in found.table.to_dict("records")]),
            Column("difference", ["" if math.isnan(v) else signed(v, 3) for v in steps["difference"]]),
            Column(
                "its interval",
                [
                    "" if math.isnan(a) else f"{signed(a, 3)} to {signed(b, 3)}"
                    for a, b in zip(steps["low"], steps["high"], strict=True)
                ],
            ),
        ]
    )


def _ends(low: float, high: float) -> str:
    return "–" if math.isnan(low) else f"{low:.3f} to {high:.3f}"


def certificates_section(numbers: Numbers) -> str:
    """What was proved, and whether it still holds."""
    found = numbers.certificates
    if found is None or not len(found):
        return ""
    parts = []
    for one in found.reset_index(drop=True).to_dict("records"):
        stale = bool(one.get("stale", False))
        mark = ("nbr-stale", "stale") if stale else ("nbr-good", "holds")
        facts = [
            f"{_count(one.get('n_rows'))} rows",
            f"{_count(one.get('n_answers'))} answers" if one.get("n_answers") is not None else "",
            f"by {one['who']}" if one.get("who") else "",
            f"{pd.Timestamp(one['made']):%Y-%m-%d}" if pd.notna(one.get("made")) else "",
            short_version(str(one["version"])) if one.get("version") else "",
        ]
        parts.append(
            f'<div class="nbr-card"><h4>{escape(one.get("name", ""))} '
            f'<span class="nbr-mark {mark[0]}">{mark[1]}</span></h4>'
            f"<p>{escape(one.get('statement', ''))}</p>"
            f'<p class="nbr-soft">{escape(" · ".join(filter(None, facts)))}</p></div>'
        )
    return section(
        "Certificates",
        "What answers have proved about the labels. Stale: rows that it speaks of were edited since.",
        f'<div class="nbr-proof">{"".join(parts)}</div>',
    )


def _count(value: object) -> str:
    return f"{int(value):,}" if isinstance(value, int | float) and not pd.isna(value) else "–"


def suspects_section(numbers: Numbers) -> str:
    """Suspects that were mended, by kind."""
    found = numbers.suspects
    if found is None or not len(found):
        return ""
    by_kind = found.groupby("kind")["mended"].sum().sort_values(ascending=False)
    n, changes = int(by_kind.sum()), found.index.nunique()
    chart = histogram_svg(
        [str(kind) for kind in by_kind.index],
        [int(v) for v in by_kind],
        color=COLORS.vermilion,
        label="suspects mended by kind",
    )
    each = found.groupby("change", sort=False).agg({"time": "first", "version": "first", "mended": "sum"})
    listed = table(
        [
            Column("when", [f"{t:%Y-%m-%d %H:%M}" for t in each["time"]], words=True),
            Column("round", [short_version(str(v)) for v in each["version"]], words=True),
            Column("mended", whole(each["mended"])),
        ]
    )
    return section(
        "Suspects mended",
        f"{n:,} labels that were likely wrong, mended in {changes:,} change{'s' if changes != 1 else ''}.",
        row(figure("", chart), listed),
    )
