"""Sections on the work: rounds, and who did what."""

from __future__ import annotations

import pandas as pd

from ...core.show.palette import COLORS
from ...core.tables.schema import SOURCES
from ..charts.days import days_svg
from ..charts.stacked import stacked_svg
from ..numbers.gathered import Numbers
from .parts import Column, empty, figure, hours, keys, row, section, short_version, table, whole

SOURCE_COLORS = {
    "human": COLORS.green,
    "imported": COLORS.neutral,
    "model": COLORS.orange,
    "propagated": COLORS.sky,
    "synthetic": COLORS.purple,
}
"""A color for each source of instances."""

_MOST_PEOPLE = 10


def rounds_section(numbers: Numbers) -> str:
    """What each version added, by source; and its answers and hours."""
    title = "Rounds"
    rounds = numbers.rounds
    if rounds is None:
        return section(
            title, "", empty("These tables have no history: `tables.save(folder)` makes a dataset.")
        )
    if not rounds[["images", "instances"]].to_numpy().any():
        todo = "Nothing is committed yet: add images, label some, then `ds.commit('first labels')`."
        return section(title, "", empty(todo))
    names = [short_version(str(name)) for name in rounds.index]
    there = [source for source in SOURCES if rounds[source].any()]
    colors = {source: SOURCE_COLORS[source] for source in there}
    added = {source: rounds[source].tolist() for source in there}
    total = {"instances": rounds["instances"].tolist()}
    bars = stacked_svg(names, added, colors, label="instances added in each round, by source")
    grown = stacked_svg(names, total, {"instances": COLORS.steel}, label="instances at the end of each round")
    return section(
        title,
        "Every commit is a round. Colors say who or what made the instances that it added.",
        row(
            figure("Instances added", bars, below=keys(colors)),
            figure("Instances at the end", grown),
        ),
        _rounds_table(rounds, names),
    )


def _rounds_table(rounds: pd.DataFrame, names: list[str]) -> str:
    per = ["–" if pd.isna(v) else f"{v:,.1f}" for v in rounds["masks_per_answer"]]
    messages = [
        "work without a commit" if n == "uncommitted" else m
        for n, m in zip(names, rounds["message"], strict=True)
    ]
    changed = rounds["relabeled"] + rounds["reshaped"]
    return table(
        [
            Column("round", names, words=True),
            Column("message", ["" if pd.isna(m) else str(m) for m in messages], words=True),
            Column("date", ["" if pd.isna(t) else f"{t:%d %b %Y}" for t in rounds["time"]]),
            Column("labeled", whole(rounds["labeled"])),
            Column("added", whole(rounds["added"])),
            Column("changed", whole(changed)),
            Column("removed", whole(rounds["removed"])),
            Column("rejected", whole(rounds["rejected"])),
            Column("answers", whole(rounds["answers"])),
            Column("work", [hours(v) for v in rounds["hours"]]),
            Column("masks an answer", per),
        ]
    )


def people_section(numbers: Numbers) -> str:
    """Who did what in which time."""
    people, days = numbers.people, numbers.days
    if people is None or days is None or not len(people):
        return ""
    who = [str(name) for name in people.index[(people["kind"] == "person").to_numpy()]][:_MOST_PEOPLE]
    chart = figure("", days_svg(days, who), wide=True) if who else ""
    shown = people.head(2 * _MOST_PEOPLE)
    return section(
        "Who did what",
        "A square is a day, the fuller the more minutes of work. Time runs between two changes of one person "
        "at most two minutes apart, and while a question is open.",
        chart,
        table(
            [
                Column("who", [str(name) for name in shown.index], words=True),
                Column("kind", shown["kind"].tolist(), words=True),
                Column("changes", whole(shown["changes"])),
                Column("rows added", whole(shown["created"])),
                Column("rows changed", whole(shown["updated"])),
                Column("rows removed", whole(shown["deleted"])),
                Column("answers", whole(shown["answers"])),
                Column("certified", whole(shown["certified"])),
                Column("days", whole(shown["days"])),
                Column("work", [hours(v) for v in shown["hours"]]),
            ]
        ),
        f'<p class="nbr-note">and {len(people) - len(shown):,} more in r.people</p>'
        if len(people) > len(shown)
        else "",
    )
