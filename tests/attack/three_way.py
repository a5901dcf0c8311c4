"""The merge of two writers' work, written a second time: plain dicts, row by row, slow and obvious.

A dataset is ``{table: {id: {column: value}}}``. A value is a str, a number or None.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

ON_IMAGES = ("instances", "rejected", "regions")
TABLES = ("images", *ON_IMAGES)
GROUP = ("image_id", "mask", "x", "y", "w", "h", "area")
SCHEMA = (*GROUP, "label", "score", "source", "origin", "status", "crowd")
STATUSES = ("proposed", "accepted", "verified")
Row = dict[str, Any]
Content = dict[str, dict[int, Row]]


def content(tables: Mapping[str, pd.DataFrame]) -> Content:
    """Frames as dicts; missing is None."""
    out: Content = {}
    for name in TABLES:
        frame = tables[name]
        columns = {str(c): [None if pd.isna(v) else v for v in frame[c].tolist()] for c in frame.columns}
        rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
        out[name] = dict(zip(frame.index.tolist(), rows, strict=True))
    return out


def merged(
    base: Content, ours: Content, theirs: Content, keep: str | None, births: tuple[Content, Content]
) -> Content | None:
    """What both come to; None where they do not agree and nobody says whose stays.

    Args:
        base: where both began.
        ours: where we ended.
        theirs: where they ended.
        keep: "mine", "theirs" or None.
        births: rows as they were first made, by us and by them.
    """
    ours, base, theirs = _one_row_for_twins(ours, base, theirs, births)
    loser, winner = (ours, theirs) if keep == "theirs" else (theirs, ours)
    clash: list[Any] = []
    dropped = _answered_otherwise(ours, theirs, base, births)
    clash += dropped[0] + dropped[1]
    given_up = dropped[0] if keep == "theirs" else dropped[1]
    images_gone_for_winner = base["images"].keys() - winner["images"].keys()
    images_gone_for_loser = base["images"].keys() - loser["images"].keys()
    out: Content = {}
    for name in ON_IMAGES:
        out[name] = {}
        for i in base[name].keys() | winner[name].keys() | loser[name].keys():
            b, w, x = base[name].get(i), winner[name].get(i), loser[name].get(i)
            if b is None and w is None:
                if (name, i) in given_up:
                    continue
                if x["image_id"] in images_gone_for_winner:
                    clash.append((name, i))
                    continue
                out[name][i] = x
            elif b is None:
                if w["image_id"] in images_gone_for_loser:
                    clash.append((name, i))
                out[name][i] = w
            elif w is None:
                if x is not None and _differ(b, x):
                    clash.append((name, i))
            elif x is None:
                if _differ(b, w):
                    clash.append((name, i))
                    out[name][i] = w
            else:
                row, bad = _cells(b, w, x, name)
                if x["image_id"] != b["image_id"] and x["image_id"] in images_gone_for_winner:
                    bad, row = True, {**row, **{c: w[c] for c in GROUP}}
                if w["image_id"] != b["image_id"] and w["image_id"] in images_gone_for_loser:
                    bad = True
                clash += [(name, i)] * bad
                out[name][i] = row
    out["images"] = {}
    for i in base["images"].keys() | winner["images"].keys() | loser["images"].keys():
        b, w, x = base["images"].get(i), winner["images"].get(i), loser["images"].get(i)
        if b is None:
            out["images"][i] = w or x
        elif w is None:
            if x is not None and _differ(b, x):
                clash.append(("images", i))
        elif x is None:
            used = any(row["image_id"] == i for n in ON_IMAGES for row in out[n].values())
            if _differ(b, w) or used:
                clash += [("images", i)] * _differ(b, w)
                out["images"][i] = w
                for n in ON_IMAGES:
                    for r, row in base[n].items():
                        if row["image_id"] == i and r in winner[n] and r not in loser[n]:
                            out[n][r] = winner[n][r]
        else:
            row, bad = _cells(b, w, x, "images")
            clash += [("images", i)] * bad
            out["images"][i] = row
    for rows in out.values():
        blank = dict.fromkeys(c for row in rows.values() for c in row)
        rows.update({i: {**blank, **row} for i, row in rows.items()})
    return None if clash and keep is None else out


def _differ(a: Row, b: Row) -> bool:
    """Whether a value changed; a column that came or went is no change of the row."""
    return any(a[c] != b[c] for c in a.keys() & b.keys())


def _cells(b: Row, w: Row, x: Row, table: str) -> tuple[Row, bool]:
    out, clash = {}, False
    columns = [c for c in dict.fromkeys([*w, *x]) if not (c in b and (c not in w or c not in x))]
    families = [[c] for c in columns if table == "images" or c not in GROUP]
    families += [] if table == "images" else [list(GROUP)]
    for family in families:
        of_b, of_w, of_x = ([row.get(c) for c in family] for row in (b, w, x))
        clash |= of_w not in (of_b, of_x) and of_x != of_b
        out |= dict(zip(family, of_w if of_w != of_b or family[0] not in x else of_x, strict=True))
    return out, clash


def key(name: str, row: Row) -> tuple[Any, ...]:
    """What tells a mask apart."""
    way = name == "rejected" and row["status"] == "verified"
    return (row["image_id"], row["label"], row["mask"], way)


def twins(
    ours: Content, base: Content, theirs: Content, births: tuple[Content, Content]
) -> dict[str, dict[int, int]]:
    """Table -> our new row -> their new row that is the same."""
    same: dict[str, dict[int, int]] = {}
    for name in ("instances", "rejected"):
        a = {i: row for i, row in ours[name].items() if i not in base[name]}
        b = {i: row for i, row in theirs[name].items() if i not in base[name]}
        same[name] = {}
        for test in (_alike_now, _alike_then, _one_prediction):
            for i in sorted(a):
                for k in sorted(b):
                    free = i not in same[name] and k not in same[name].values()
                    if free and test(name, a[i], births[0][name][i], b[k], births[1][name][k]):
                        same[name][i] = k
    return same


def _alike_now(name: str, a: Row, a_then: Row, b: Row, b_then: Row) -> bool:
    return key(name, a) == key(name, b)


def _alike_then(name: str, a: Row, a_then: Row, b: Row, b_then: Row) -> bool:
    return key(name, a_then) == key(name, b)


def _one_prediction(name: str, a: Row, a_then: Row, b: Row, b_then: Row) -> bool:
    of_model = a_then["source"] == b_then["source"] == "model" and a_then["origin"] == b_then["origin"] != ""
    return of_model and key(name, a_then) == key(name, b_then)


def _one_row_for_twins(
    ours: Content, base: Content, theirs: Content, births: tuple[Content, Content]
) -> tuple[Content, Content, Content]:
    same = twins(ours, base, theirs, births)
    ours, base, theirs = ({n: dict(t) for n, t in c.items()} for c in (ours, base, theirs))
    for name, pairs in same.items():
        for i, k in pairs.items():
            mine, then, yours = ours[name].pop(i), births[0][name][i], theirs[name][k]
            found = dict(yours)
            for column in found:
                if column in GROUP or column == "label":
                    found[column] = then[column]
                elif column == "status":
                    found[column] = min(then[column], yours[column], key=STATUSES.index)
                elif column not in SCHEMA:
                    found[column] = None
            edited = {c: v for c, v in mine.items() if v != then.get(c)}
            given = {c: then[c] for c in then if c not in SCHEMA or c == "status"}
            further = STATUSES.index(then["status"]) > STATUSES.index(yours["status"])
            given["status"] = then["status"] if further else found["status"]
            extra = {c: None for c in mine if c not in found}
            base[name][k] = found
            ours[name][k] = {**found, **extra, **given, **edited}
    return ours, base, theirs


def _answered_otherwise(
    ours: Content, theirs: Content, base: Content, births: tuple[Content, Content]
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Rows by which each side says of one prediction what the other does not."""
    lost: tuple[list[tuple[str, int]], list[tuple[str, int]]] = ([], [])
    sides = []
    for side, born in zip((ours, theirs), births, strict=True):
        said: dict[tuple[Any, ...], tuple[str, int]] = {}
        for name in ("rejected", "instances"):
            for i in sorted(side[name].keys() - base[name].keys()):
                if born[name][i]["source"] == "model":
                    said[key("", born[name][i])] = (name, i)
        sides.append(said)
    for k in sides[0].keys() & sides[1].keys():
        if sides[0][k][0] != sides[1][k][0]:
            lost[0].append(sides[0][k])
            lost[1].append(sides[1][k])
    return lost
