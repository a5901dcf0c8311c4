"""The whole page."""

from __future__ import annotations

import math

from ..numbers.gathered import Numbers
from .contents import contents_section
from .left import differences_section, missing_section
from .parts import escape, hours, keys, short_version, signed, tile, tiles
from .pictures import Pictures
from .rounds import SOURCE_COLORS, people_section, rounds_section
from .style import DOCUMENT, STYLE
from .trust import certificates_section, quality_section, suspects_section


def body(title: str, numbers: Numbers, shown: Pictures) -> str:
    """The report as one element, with its style, for a notebook.

    Args:
        title: heading.
        numbers: of the report.
        shown: its pictures.
    """
    parts = [
        _head(title, numbers),
        rounds_section(numbers),
        quality_section(numbers),
        certificates_section(numbers),
        suspects_section(numbers),
        contents_section(numbers, shown.densest),
        people_section(numbers),
        differences_section(numbers, shown.moved),
        missing_section(numbers, shown.missing),
    ]
    return f'<style>{STYLE}</style><div class="nbr">{"".join(parts)}</div>'


def document(title: str, numbers: Numbers, shown: Pictures) -> str:
    """The report as a whole HTML file, which loads nothing."""
    inner = body(title, numbers, shown).replace(f"<style>{STYLE}</style>", "", 1)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{DOCUMENT}{STYLE}</style>\n</head>\n<body>\n{inner}\n</body>\n</html>\n"
    )


def _head(title: str, numbers: Numbers) -> str:
    facts = [short_version(numbers.version), f"{numbers.time:%d %B %Y, %H:%M} UTC"]
    said = " · ".join(filter(None, facts))
    return (
        f'<header><div class="nbr-over">Dataset report</div><h2 class="nbr-title">{escape(title)}</h2>'
        f'<div class="nbr-sub nbr-soft">{escape(said)}</div>{tiles(*_tiles(numbers))}{_sources(numbers)}'
        "</header>"
    )


def _tiles(numbers: Numbers) -> list[str]:
    states, sources = numbers.contents.states, numbers.contents.sources
    n, done = int(states.sum()), int(states["complete"] + states["empty"])
    share = done / n if n else 0.0
    left = ", ".join(f"{int(states[s]):,} {s}" for s in ("partial", "unlabeled") if states[s])
    n_labels = len(numbers.contents.labels)
    out = [
        tile("images labeled", f"{done:,}", f"of {n:,}", left or ("all of them" if n else ""), share),
        tile("instances", f"{int(sources.sum()):,}", "", f"{n_labels:,} label{'s' if n_labels != 1 else ''}"),
    ]
    rounds = numbers.rounds
    if rounds is not None:
        answers = int(rounds["answers"].sum())
        n_rounds = int((rounds.index != "uncommitted").sum())
        out.append(tile("versions", f"{n_rounds:,}", "", _span(numbers)))
        out.append(tile("work", hours(float(rounds["hours"].sum())), "", f"{answers:,} answers"))
        asked = rounds[(rounds["answers"] > 0).to_numpy()]
        if len(asked):
            made = float((asked["masks_per_answer"] * asked["answers"]).sum()) / float(asked["answers"].sum())
            out.append(tile("masks an answer", f"{made:,.1f}", "", "in rounds with answers"))
    found = numbers.quality.found
    if found is not None:
        last = found.table.iloc[-1]
        ends = "" if math.isnan(last["low"]) else f"interval {last['low']:.2f} to {last['high']:.2f}"
        gain = signed(float(last["map"] - found.table["map"].iloc[0])) if len(found.table) > 1 else ""
        out.append(tile("mAP on test images", f"{last['map']:.2f}", gain, ends))
    return out


def _span(numbers: Numbers) -> str:
    rounds = numbers.rounds
    if rounds is None or rounds["time"].notna().sum() < 2:
        return ""
    times = rounds["time"].dropna()
    days = (times.max() - times.min()).total_seconds() / 86_400
    return f"in {days:,.0f} days" if days >= 2 else "within two days"


def _sources(numbers: Numbers) -> str:
    """A bar: where the instances came from."""
    sources = numbers.contents.sources
    there = {str(name): int(n) for name, n in sources.items() if n}
    total = sum(there.values())
    if not total:
        return ""
    pieces = "".join(
        f'<i style="flex: {n / total:.6f}; background: {SOURCE_COLORS[name]}"></i>'
        for name, n in there.items()
    )
    colors = {f"{name} {n:,}": SOURCE_COLORS[name] for name, n in there.items()}
    return f'<div class="nbr-sources">{pieces}</div>{keys(colors)}'
