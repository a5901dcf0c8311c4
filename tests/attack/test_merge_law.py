"""Random work of two writers: merged, it is the three-way merge of where both ended, and undo stays sound."""

import itertools
from functools import reduce

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nbalabel.core.change.change import apply, invert
from nbalabel.core.errors import ConflictError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import empty, validate
from nbalabel.core.tables.state import State
from nbalabel.data.edits import acceptance
from nbalabel.data.edits import cells as edits
from nbalabel.data.edits.regions import add_regions
from nbalabel.data.merge.two_writers import merge_with
from nbalabel.data.store.storage import merge_all
from nbalabel.data.tables.tables import Tables

from .conftest import FULL
from .three_way import content, merged

LABELS = ("cod", "ling")
SIZE = 8


def square(x: int) -> bytes:
    mask = np.zeros((SIZE, SIZE), dtype=bool)
    mask[1:3, x : x + 3] = True
    return rle.encode(mask)


MASKS = [square(x) for x in range(5)]


def beginning() -> State:
    images = pd.DataFrame({"file": ["0.png", "1.png", "2.png"], "width": SIZE, "height": SIZE})
    rows = pd.DataFrame(
        {"image_id": [0, 0, 1], "label": ["cod", "ling", "cod"], "mask": [MASKS[0], MASKS[1], MASKS[0]]}
    )
    tables = Tables.of(images, rows, LABELS)
    rows = tables.instances.assign(sex=pd.array([None, "m", None], dtype="str"))
    parts = pd.DataFrame({"image_id": [0, 2], "mask": MASKS[:2], "kind": ["ignore", "done"]})
    regions = Tables.of(tables.images, tables.instances, LABELS, regions=parts).regions
    on_images = {"instances": rows, "rejected": tables.instances.iloc[:0], "regions": regions}
    on_images["attachments"] = empty("attachments")
    return State({"images": tables.images, **on_images}, LABELS)


STATE = beginning()
KINDS = (
    "weight",
    "split",
    "score",
    "label",
    "mask",
    "drop",
    "drop image",
    "add",
    "accept",
    "reject",
    "sex",
    "new",
    "add region",
    "drop region",
    "kind of region",
)
STEPS = st.tuples(st.sampled_from(KINDS), st.integers(0, 4), st.integers(0, 3))


def prediction(at: int, mask: int) -> pd.DataFrame:
    row = {"image_id": [at], "label": ["cod"], "mask": [MASKS[mask]], "score": [0.5], "origin": ["run-1"]}
    return pd.DataFrame(row).rename_axis("prediction_id")


def change_of(state: State, step, allocate):
    """The change that a step makes; None where there is nothing to do it to."""
    kind, i, value = step
    images, rows = state.tables["images"].index.to_numpy(), state.tables["instances"].index.to_numpy()
    frame = state.tables["instances"]
    if not len(images) or (kind in ("score", "label", "mask", "drop", "sex", "new") and not len(rows)):
        return None
    image, row = images[[i % len(images)]], rows[[i % len(rows)]] if len(rows) else None
    if kind == "weight":
        return edits.set_cells(state, "images", image, {"weight": float(value)}, "x")
    if kind == "split":
        return edits.set_cells(state, "images", image, {"split": ("train", "val")[value % 2]}, "x")
    if kind in ("score", "label", "mask", "sex"):
        cell = {
            "score": value / 4,
            "label": LABELS[value % 2],
            "mask": MASKS[value],
            "sex": "mf?"[value % 3],
        }[kind]
        return edits.set_cells(state, "instances", row, {kind: cell}, "x")
    if kind == "drop":
        return edits.remove(state, "instances", row, "x")
    if kind == "drop image":
        return edits.remove(state, "images", image, "x") if value == 0 else None
    if kind == "new":
        return edits.set_cells(state, "instances", row, {"note": "new"}, "x") if value == 0 else None
    if kind == "add":
        drawn = pd.DataFrame({"image_id": image, "label": ["ling"], "mask": [MASKS[value]]})
        return edits.add_instances(state, drawn, allocate, "x")
    if "region" in kind:
        return region_change(state, kind, image, i, value, allocate)
    one = prediction(int(image[0]), value)
    known = [frame, state.tables["rejected"]]
    if any(((t["image_id"] == image[0]) & (t["mask"] == MASKS[value])).any() for t in known):
        return None  # a prediction is answered once
    if kind == "reject":
        return acceptance.reject(state, one, allocate, None)
    how = {"weight": 1, "overlap": "allow", "iou": 0.4, "origin": None}
    status = ("accepted", "verified")[i % 2]
    return acceptance.accept(state, one, allocate, status=status, **how)


def region_change(state: State, kind: str, image: np.ndarray, i: int, value: int, allocate):
    ids = state.tables["regions"].index.to_numpy()
    if kind == "add region":
        drawn = pd.DataFrame({"image_id": image, "mask": [MASKS[value]]})
        return add_regions(state, drawn, ("ignore", "done")[value % 2], None, allocate, "x")
    if not len(ids):
        return None
    if kind == "drop region":
        return edits.remove(state, "regions", ids[[i % len(ids)]], "x")
    return edits.set_cells(
        state, "regions", ids[[i % len(ids)]], {"kind": ("ignore", "done")[value % 2]}, "x"
    )


def play(steps, allocate, births) -> tuple[list, State]:
    """Do the steps, where "undo" takes back the one before, as revert does."""
    state, changes = STATE, []
    for step in steps:
        change = change_of(state, step, allocate)
        if change:
            changes.append(change)
            state = apply(state, change)
            for name, rows in content(state.tables).items():
                for i, row in rows.items():
                    births[name].setdefault(i, row)
            if step[2] == 3:  # and thought better of it
                changes.append(invert(change))
                state = apply(state, changes[-1])
    return changes, state


@settings(
    max_examples=1000 if FULL else 30,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
@given(st.lists(STEPS, max_size=6), st.lists(STEPS, max_size=6), st.sampled_from([None, "mine", "theirs"]))
def test_a_merge_is_the_three_way_merge_of_the_end_states_and_every_undo_of_it_is_valid(mine, yours, keep):
    check(mine, yours, keep)


def said(tables):
    """Without cells that say nothing: a row that comes back has none in a column that is newer."""
    return {
        name: {i: {key: cell for key, cell in row.items() if cell is not None} for i, row in rows.items()}
        for name, rows in tables.items()
    }


def test_a_row_that_comes_back_has_an_empty_cell_in_a_column_made_since():
    check([("drop image", 0, 0), ("weight", 0, 0)], [("drop image", 1, 0), ("new", 0, 0)], "mine")


def both_have_a_new_column(a: State, b: State) -> bool:
    return all("note" in state.tables["instances"] for state in (a, b))


def check(mine, yours, keep):
    counter = itertools.count(100)
    births = tuple({name: {} for name in STATE.tables} for _ in range(2))

    def allocate(_table, n):
        return min(next(counter) for _ in range(n))

    ours, our_state = play(mine, allocate, births[0])
    steps, their_state = play(yours, allocate, births[1])
    base, a, b = (content(s.tables) for s in (STATE, our_state, their_state))
    expected = merged(base, a, b, keep, births) if ours else b
    if expected is None:
        with pytest.raises(ConflictError):
            merge_with(ours, merge_all(steps), their_state, keep, lambda: steps)
        return
    if both_have_a_new_column(our_state, their_state):
        with pytest.raises(ConflictError, match="the column note"):
            merge_with(ours, merge_all(steps), their_state, keep, lambda: steps)
        return
    found = merge_with(ours, merge_all(steps), their_state, keep, lambda: steps)
    assert said(content(found.state.tables)) == said(expected)
    validate(found.state.tables, found.state.labels)
    assert said(content(reduce(apply, found.changes, their_state).tables)) == said(expected)
    state = found.state
    for change in reversed(found.changes):
        state = apply(state, invert(change))
        validate(state.tables, state.labels)
    assert content(state.tables) == b
