"""What is uncommitted is kept as a sum from edit to edit: it must be what adding everything up gives."""

import random

import numpy as np
import pandas as pd
import pytest

import nbalabel.data.working.uncommitted
from nbalabel.core.errors import NbalabelError
from nbalabel.core.tables.schema import validate
from nbalabel.data.edits.validate import check_change
from nbalabel.data.history.status import Status
from nbalabel.data.store.storage import merge_all


def same_cells(a, b):
    both = [pd.Series(values) for values in (a, b) if values is not None]
    return (a is None) == (b is None) and (len(both) < 2 or both[0].equals(both[1]))


def same_rows(a, b):
    assert a.columns == b.columns
    assert a.created.equals(b.created)
    assert a.deleted.equals(b.deleted)
    assert set(a.updated) == set(b.updated)
    for name, cells in a.updated.items():
        other = b.updated[name]
        assert np.array_equal(cells.ids, other.ids)
        assert same_cells(cells.old, other.old), name
        assert same_cells(cells.new, other.new), name


def assert_sums_up(ds):
    session = ds._copy.session
    pending, net = session.pending, session.net
    whole = merge_all(pending)
    assert net.labels == whole.labels
    assert set(net.tables) == set(whole.tables)
    for name, rows in net.tables.items():
        same_rows(rows, whole.tables[name])
    origins: dict[str, int] = {}
    for change in pending:
        origins[change.origin or "nobody"] = origins.get(change.origin or "nobody", 0) + 1
    assert ds.status() == Status.of(session.base, whole, origins, behind=False)


def edits_of(ds, mask, rng):
    """Ways to edit, some of which cannot be done at times."""
    number = iter(range(10**6))

    def column(frame, name):
        frame[name] = [rng.randrange(3) for _ in range(len(frame))]

    def retype(frame):
        frame["seen"] = frame["seen"].astype(rng.choice(["float64", "str"])) if "seen" in frame else 1

    def drop(frame):
        for name in {"seen", "extra"} & set(frame):
            del frame[name]

    def some(table):
        return rng.sample(list(table.index), min(len(table), rng.randint(1, 2)))

    def created():
        labels = rng.choices(ds.labels, k=2)
        images = rng.choices(list(ds.images.index), k=2)
        return pd.DataFrame({"image_id": images, "label": labels, "mask": [mask(4), mask(9)]})

    return [
        lambda: ds.set(some(ds.images), table="images", weight=rng.randrange(3), origin=rng.choice("ab")),
        lambda: ds.set(some(ds.instances), label=rng.choice(ds.labels), origin=rng.choice("ab")),
        lambda: ds.set(some(ds.instances), mask=mask(rng.randrange(20))),
        lambda: ds.add_instances(created()),
        lambda: ds.add_images(pd.DataFrame({"file": [f"n{next(number)}.png"], "width": 32, "height": 32})),
        lambda: ds.remove(some(ds.instances)),
        lambda: len(ds.images) > 3 and ds.remove(some(ds.images)[:1], table="images"),
        lambda: ds.reject(ds.instances.loc[some(ds.instances)]),
        lambda: ds.add_label(f"label {next(number)}"),
        lambda: ds.rename_label(rng.choice(ds.labels), rng.choice(["cod", "ling", f"x{next(number)}"])),
        lambda: (column(ds.images, rng.choice(["seen", "extra"])), ds.sync()),
        lambda: (retype(ds.images), ds.sync()),
        lambda: (drop(ds.images), ds.sync()),
        ds.discard,
        *(4 * [ds.undo]),
        *(3 * [ds.redo]),
    ]


@pytest.mark.parametrize("seed", range(4))
def test_the_sum_of_changes_is_kept_through_edits_undo_redo_and_commits(ds, mask, seed):
    rng = random.Random(seed)
    edits = edits_of(ds, mask, rng)
    for step in range(45):
        try:
            rng.choice(edits)()
        except NbalabelError:
            continue  # nothing to undo, or a label that is there already: nothing was done
        if rng.randrange(3):  # looked at now, or several changes later
            assert_sums_up(ds)
        if step % 20 == 19:
            ds.commit("so far")
            assert not ds.status()
    ds.discard()
    assert_sums_up(ds)
    assert not ds.status()


def test_an_edit_adds_one_change_to_the_sum_however_many_there_are(ds, monkeypatch):
    added = []
    real = nbalabel.data.working.uncommitted.merge_all
    monkeypatch.setattr(
        nbalabel.data.working.uncommitted,
        "merge_all",
        lambda changes: (added.append(len(changes)), real(changes))[1],
    )
    for i in range(40):
        ds.set([i % 5], table="images", weight=10 + i)
    ds.status()
    added.clear()
    for i in range(3):
        ds.set([0], table="images", weight=100 + i)
        ds.status()
    ds.undo()
    ds.status()
    ds.status()
    ds.redo()
    assert sum(ds.status().origins.values()) == 43
    assert added == [2] * 5  # what there was, and the change
    ds.discard()
    ds.status()
    assert added[-1] == 1  # nothing is taken back one by one


def test_the_label_list_is_not_looked_at_by_edits_that_leave_it_alone(ds, monkeypatch):
    looked = []

    def counted(tables, labels, **options):
        looked.append(len(labels))
        validate(tables, labels, **options)

    monkeypatch.setitem(check_change.__globals__, "validate", counted)
    ds.set([0], table="images", weight=3)
    assert looked == [0]
    ds.add_label("wolffish")
    assert looked == [0, 3]


def test_a_repeated_label_is_found_among_ten_thousand(tables):
    labels = [f"label {i}" for i in range(10_000)]
    with pytest.raises(ValueError, match=r"repeated: label 7$"):
        validate({"images": tables.images}, [*labels, "label 7"])
    validate({"images": tables.images}, labels)
