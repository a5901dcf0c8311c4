"""Suspects in gallery and table: the likeliest first, with kind and chance, ranked anew after each edit."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.change.change import Cells, Change, TableChange
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.tables.arrays import values
from nbalabel.widgets.workspace.selection import pack


class Ranked:
    """Stands in for ``nl.suspects``: each label is suspected, the later the more; what is gone is settled."""

    def __init__(self, ds: nl.Dataset) -> None:
        self.ds, self.id = ds, "suspects-1"
        ids = ds.instances.index.to_numpy(np.int64)[::-1]
        self.all = pd.DataFrame(
            {
                "kind": pd.Categorical(["swapped", "odd"] * len(ids), ["missing", "odd", "swapped"])[
                    : len(ids)
                ],
                "score": np.linspace(0.9, 0.1, len(ids), dtype=np.float32),
                "instance_id": pd.array(ids, "Int64"),
                "prediction_id": pd.array([pd.NA] * len(ids), "Int64"),
                "guess": ds.labels[0],
                "settled": False,
            },
            index=pd.RangeIndex(len(ids), name="suspect_id"),
        )
        self.answers = pd.Series([], pd.Index([], dtype=np.int64), dtype=bool)

    @property
    def table(self) -> pd.DataFrame:
        there = self.all["instance_id"].isin(self.ds.instances.index)
        return self.all.assign(settled=~there)

    def updated(self, *_: Any) -> "Ranked":
        return self

    def instances(self, _: Any = None) -> pd.DataFrame:
        left = self.table[~self.table["settled"]]
        return self.ds.instances.loc[left["instance_id"].astype(np.int64)]

    def predictions(self, _: Any = None) -> pd.DataFrame:
        return self.ds.instances.iloc[:0]

    def change(self, rows: Any = None) -> Change:
        """Renames what is swapped."""
        ids = np.sort(rows.loc[(rows["kind"] == "swapped").to_numpy(), "instance_id"].to_numpy(np.int64))
        old = values(self.ds.instances.loc[ids, "label"])
        new = pd.Categorical([self.ds.labels[0]] * len(ids), dtype=old.dtype)
        cells = Cells(ids, old, new).at(np.asarray(old != new))
        tables = {"instances": TableChange(updated={"label": cells})} if len(cells.ids) else {}
        return Change(tables, None, self.id, "corrected")


@pytest.fixture
def ranked(reef: nl.Dataset) -> Ranked:
    return Ranked(reef)


def test_a_gallery_of_suspects_shows_the_likeliest_first_and_follows_edits(workspace, ranked) -> None:
    gallery = nl.Gallery(workspace, ranked)
    assert (gallery.of, gallery.order_by, gallery.ascending) == ("instances", "chance", False)
    ids = workspace.ids("instances")
    assert ids[gallery.first()].tolist() == ids[::-1][:60].tolist()
    kinds = workspace.column("instances", "suspicion")
    assert [kinds.categories[code] for code in kinds.values[-2:]] == ["odd", "swapped"]
    last = int(ids[-1])
    workspace.ds.remove([last])
    workspace.refresh()
    assert workspace.ids("instances")[gallery.first()][0] == ids[-2]
    assert "chance" in workspace.column_names("predictions")
    assert "chance" not in workspace.column_names("images")
    workspace.suspects = None
    workspace.refresh()
    with pytest.raises(UnknownNameError):
        workspace.column("instances", "chance")


def test_a_table_of_suspects_has_kind_and_chance(workspace, ranked) -> None:
    table = nl.Table(workspace, ranked)
    assert table.sort == [["chance", False]]
    assert table.columns[:3] == ["instance_id", "suspicion", "chance"]
    nl.Table(workspace, "images")


def test_the_picked_are_corrected_as_suggested_and_taken_back(workspace, ranked, browser) -> None:
    gallery = nl.Gallery(workspace, ranked)
    ask = browser(gallery)
    assert ask("describe", names=[])[0]["suspects"] is True
    ids, before = workspace.ids("instances"), workspace.ds.instances["label"].copy()
    rows = np.zeros(len(ids), bool)
    rows[-8:] = True

    def act(rows: Any) -> dict[str, Any]:
        bits = [pack(rows)]
        asked = {"action": "correct", "values": {}, "n": int(rows.sum()), "rev": workspace.rev}
        return ask("act", bits, **asked)[0]

    done = act(rows)
    renamed = ids[-8:][::-1][::2]
    now = workspace.ds.instances["label"]
    assert (now[renamed] == workspace.ds.labels[0]).all()
    assert now.drop(renamed).tolist() == before.drop(renamed).tolist()
    assert workspace.ds.log()["origin"].iloc[0] == "suspects-1"
    ask("undo", change=done["change"])
    assert workspace.ds.instances["label"].tolist() == before.tolist()
    odd = np.zeros(len(ids), bool)
    odd[-2] = True
    assert "look at" in act(odd)["note"]


def test_nothing_is_corrected_where_nothing_is_suspected(workspace, browser) -> None:
    gallery = nl.Gallery(workspace, "instances")
    ask = browser(gallery)
    assert ask("describe", names=[])[0]["suspects"] is False
    rows = np.ones(len(workspace.ids("instances")), bool)
    asked = {"action": "correct", "values": {}, "n": int(rows.sum()), "rev": workspace.rev}
    assert "nothing is suspected" in ask.error("act", [pack(rows)], **asked)
    with pytest.raises(DataError, match=r"what nl.suspects returned, got DataFrame"):
        workspace.suspects = workspace.ds.instances
