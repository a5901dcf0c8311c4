"""Two and three kernels on one folder at random, against a model of plain dicts; every state is compared."""

import copy
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import ConflictError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import validate
from nbalabel.data.dataset.dataset import Dataset
from nbalabel.data.tables.tables import Tables

from .three_way import TABLES, Content, content, key, merged

SIZE = 8
LABELS = ("cod", "ling")


def square(x: int, side: int = 3) -> bytes:
    mask = np.zeros((SIZE, SIZE), dtype=bool)
    mask[1 : 1 + side, x : x + side] = True
    return rle.encode(mask)


def beginning() -> Tables:
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(5)], "width": SIZE, "height": SIZE})
    drawn = {"image_id": [0, 0, 1], "label": ["cod", "ling", "cod"], "mask": [square(x) for x in (0, 3, 1)]}
    return Tables.of(images, pd.DataFrame(drawn), LABELS)


PROPOSED = pd.DataFrame(
    {
        "image_id": np.repeat(range(1, 5), 3),
        "label": "cod",
        "mask": [square(x) for x in (0, 2, 4)] * 4,
        "score": 0.5,
        "origin": "run-1",
    }
).rename_axis("prediction_id")


class Shared:
    """What the folder holds: versions, which is current, and every row as it was first made."""

    def __init__(self, version_id: str, first: Content) -> None:
        self.versions = {version_id: first}
        self.parents: dict[str, str | None] = {version_id: None}
        self.head = version_id
        self.births: Content = copy.deepcopy(first)

    def is_ancestor(self, old: str, new: str | None) -> bool:
        while new is not None and new != old:
            new = self.parents[new]
        return new == old


class Player:
    """One kernel: the real dataset, and the model of what it must hold."""

    def __init__(self, folder, shared: Shared, rng, counts: Counter) -> None:
        self.folder, self.shared, self.rng, self.counts = folder, shared, rng, counts
        self.ds = Dataset(folder)
        self.start(shared.head)

    def start(self, version_id: str) -> None:
        self.base, self.now = version_id, copy.deepcopy(self.shared.versions[version_id])
        self.is_bare, self.past, self.future = True, [], []

    def step(self) -> None:
        names = ["edit"] * 12 + ["undo"] * 3 + ["redo"] * 2 + ["commit"] * 3 + ["refresh"] * 3
        names += ["checkout", "discard", "reopen"]
        name = self.rng.choice(names)
        if name == "edit":
            name = self.rng.choice(
                ["weight", "pandas", "mask", "status", "add", "drop", "drop_image"]
                + ["add_image", "revert"]
                + ["accept", "reject"] * 3
            )
        self.counts[name if getattr(self, name)() is not False else f"{name} (nothing to do)"] += 1
        self.compare()

    def compare(self) -> None:
        found = content({name: getattr(self.ds, name) for name in TABLES})
        assert found == self.now
        assert self.ds.version_id == self.base

    # edits

    def edited(self, change, after: Content) -> None:
        """The model after an edit, where that did anything."""
        if after == self.now:
            assert not change
            return
        for name in TABLES:
            for i, row in after[name].items():
                self.shared.births[name].setdefault(i, dict(row))
        self.past.append((self.now, self.is_bare))
        self.now, self.is_bare, self.future = after, False, []

    def pick(self, table: str):
        return self.rng.choice(sorted(self.now[table])) if self.now[table] else None

    def weight(self):
        return self._set_weight(lambda i, v: self.ds.set([i], "images", weight=v))

    def pandas(self):
        def assign(i, v):
            self.ds.images.loc[i, "weight"] = v
            return self.ds.sync()

        return self._set_weight(assign)

    def _set_weight(self, do):
        i, value = self.pick("images"), float(self.rng.randrange(4))
        if i is None:
            return False
        after = copy.deepcopy(self.now)
        after["images"][i]["weight"] = value
        return self.edited(do(i, value), after)

    def mask(self):
        i, x, side = self.pick("instances"), self.rng.randrange(4), self.rng.choice([3, 4])
        if i is None:
            return False
        after = copy.deepcopy(self.now)
        after["instances"][i] |= drawn(x, side)
        return self.edited(self.ds.set([i], mask=square(x, side)), after)

    def status(self):
        i, cells = self.pick("instances"), {"status": "verified", "label": self.rng.choice(LABELS)}
        if i is None:
            return False
        after = copy.deepcopy(self.now)
        after["instances"][i] |= cells
        return self.edited(self.ds.set([i], **cells), after)

    def add(self):
        image, x = self.pick("images"), self.rng.randrange(4)
        if image is None:
            return False
        row = {"image_id": [image], "label": ["ling"], "mask": [square(x)]}
        change = self.ds.add_instances(pd.DataFrame(row))
        after = copy.deepcopy(self.now)
        made = {**plain(), "image_id": image, "label": "ling", **drawn(x, 3)}
        after["instances"][int(change.tables["instances"].created.index[0])] = made
        if after["images"][image]["state"] == "unlabeled":
            after["images"][image]["state"] = "partial"
        return self.edited(change, after)

    def add_image(self):
        change = self.ds.add_images(pd.DataFrame({"file": ["new.png"], "width": [SIZE], "height": [SIZE]}))
        after = copy.deepcopy(self.now)
        row = {"file": "new.png", "width": SIZE, "height": SIZE, "split": None, "weight": 1.0}
        row |= {"state": "unlabeled", "group": None, "frame": None}
        after["images"][int(change.tables["images"].created.index[0])] = row
        return self.edited(change, after)

    def drop(self):
        i = self.pick("instances")
        if i is None:
            return False
        after = copy.deepcopy(self.now)
        del after["instances"][i]
        return self.edited(self.ds.remove([i]), after)

    def drop_image(self):
        i = self.pick("images")
        if i is None or self.rng.random() < 0.6:
            return False
        after = copy.deepcopy(self.now)
        del after["images"][i]
        for name in ("instances", "rejected"):
            after[name] = {k: row for k, row in after[name].items() if row["image_id"] != i}
        return self.edited(self.ds.remove([i], "images"), after)

    def revert(self):
        """Remove a row and bring it back by a change of its own."""
        i = self.pick("instances")
        if i is None:
            return False
        before = copy.deepcopy(self.now)
        image = before["images"][before["instances"][i]["image_id"]]
        if image["state"] == "unlabeled":  # a label comes back onto it
            image["state"] = "partial"
        gone = self.ds.remove([i])
        after = copy.deepcopy(self.now)
        del after["instances"][i]
        self.edited(gone, after)
        return self.edited(self.ds.revert(gone), before)

    def open_ones(self) -> pd.DataFrame:
        """Some predictions nobody has answered here."""
        births = self.shared.births
        rows = [r for n in ("instances", "rejected") for i, r in self.now[n].items()]
        rows += [births[n][i] for n in ("instances", "rejected") for i in self.now[n]]
        known = {key("", row)[:3] for row in rows}
        masks = zip(PROPOSED["image_id"], PROPOSED["label"], PROPOSED["mask"], strict=True)
        free = [at for at, k in enumerate(masks) if k not in known and k[0] in self.now["images"]]
        return PROPOSED.iloc[sorted(self.rng.sample(free, min(len(free), self.rng.randint(1, 3))))]

    def accept(self):
        rows = self.open_ones()
        if not len(rows):
            return False
        change = self.ds.accept(rows, weight=None)
        after = copy.deepcopy(self.now)
        self._proposed(after, "instances", rows, change)
        for i in rows["image_id"]:
            if after["images"][i]["state"] == "unlabeled":
                after["images"][i]["state"] = "partial"
        return self.edited(change, after)

    def reject(self):
        rows = self.open_ones()
        if not len(rows):
            return False
        change = self.ds.reject(rows)
        after = copy.deepcopy(self.now)
        self._proposed(after, "rejected", rows, change)
        return self.edited(change, after)

    def _proposed(self, after: Content, table: str, rows: pd.DataFrame, change) -> None:
        ids = change.tables[table].created.index
        for i, (at, row) in zip(ids, rows.iterrows(), strict=True):
            made = {"image_id": row["image_id"], "label": "cod", **drawn((0, 2, 4)[at % 3], 3)}
            after[table][int(i)] = {**plain(), **made, "score": 0.5, "source": "model", "origin": "run-1"}

    # history

    def undo(self):
        if not self.past:
            return False
        self.ds.undo()
        self.future.append((self.now, self.is_bare))
        self.now, self.is_bare = self.past.pop()
        return None

    def redo(self):
        if not self.future:
            return False
        self.ds.redo()
        self.past.append((self.now, self.is_bare))
        self.now, self.is_bare = self.future.pop()
        return None

    def discard(self):
        if self.is_bare:
            return False
        self.ds.discard()
        self.past.append((self.now, self.is_bare))
        self.now, self.is_bare = copy.deepcopy(self.shared.versions[self.base]), True
        self.future = []
        return None

    def checkout(self):
        version_id = self.rng.choice(list(self.shared.versions)[-4:])
        self.ds.checkout(version_id, discard=True)
        self.shared.head = version_id
        self.start(version_id)

    def reopen(self):
        self.ds.close()
        self.ds = Dataset(self.folder)
        if self.is_bare and not self.future:
            self.start(self.shared.head)

    def three_way(self, keep: str | None) -> Content | None:
        versions, births = self.shared.versions, self.shared.births
        if self.is_bare:
            return versions[self.shared.head]
        return merged(versions[self.base], self.now, versions[self.shared.head], keep, (births, births))

    def commit(self):
        shared = self.shared
        if self.now == shared.versions[self.base]:
            assert "nothing has changed" in self.ds.commit("nothing").note
            return False
        is_behind = shared.head != self.base and shared.is_ancestor(self.base, shared.head)
        after = self.three_way(None) if is_behind else self.now
        if after is None:
            with pytest.raises(ConflictError):
                self.ds.commit("mine")
            self.counts["conflicts"] += 1
            return None
        version = self.ds.commit("mine")
        self.counts["merged"] += is_behind
        self.counts["merged, twins"] += "kept once" in version.note
        shared.versions[version.id] = after
        shared.parents[version.id] = shared.head if is_behind else self.base
        shared.head = version.id
        self.start(version.id)
        return None

    def refresh(self):
        shared = self.shared
        if shared.head == self.base or not shared.is_ancestor(self.base, shared.head):
            assert not self.ds.refresh()
            return False
        keep = self.rng.choice([None, "mine", "theirs"])
        after = self.three_way(keep)
        if after is None:
            with pytest.raises(ConflictError):
                self.ds.refresh(keep)
            self.counts["conflicts"] += 1
            return None
        self.counts["refreshed, twins"] += "kept once" in self.ds.refresh(keep).note
        self.counts[f"refreshed, keep {keep}"] += 1
        self.start(shared.head)
        self.now = after
        self.walk()
        return None

    def walk(self) -> None:
        """Undo all that is left to undo, look at each state, and make it again."""
        seen = [self.now]
        while self.ds.next_undo:
            self.ds.undo()
            tables = {name: getattr(self.ds, name) for name in TABLES}
            validate(tables, self.ds.labels)
            seen.append(content(tables))
        assert seen[-1] == self.shared.versions[self.base]
        for was in seen[-2::-1]:
            self.ds.redo()
            assert content({name: getattr(self.ds, name) for name in TABLES}) == was
        self.past = [(state, at == 0) for at, state in enumerate(seen[:0:-1])]
        self.is_bare = not self.past


def plain() -> dict:
    return {"score": None, "source": "human", "origin": "", "status": "accepted", "crowd": False}


def drawn(x: int, side: int) -> dict:
    box = {"x": float(x), "y": 1.0, "w": float(side), "h": float(side)}
    return {"mask": square(x, side), **box, "area": side * side}


def test_kernels_that_share_a_folder_hold_what_the_model_holds(tmp_path, rounds, rng):
    counts: Counter[str] = Counter()
    for round_ in range(rounds(2, 20)):
        folder = tmp_path / f"{round_}.nbal"
        beginning().save(folder).close()
        with Dataset(folder) as ds:
            shared = Shared(ds.version_id, content({name: getattr(ds, name) for name in TABLES}))
        players = [Player(folder, shared, rng, counts) for _ in range(2 + round_ % 2)]
        for _ in range(rounds(50, 150)):
            rng.choice(players).step()
        for player in players:
            player.ds.close()
        ds = Dataset(folder)
        assert ds.verify() == list(shared.versions)
        for version_id, was in shared.versions.items():
            version = ds.version(version_id)
            assert content({name: getattr(version, name) for name in TABLES}) == was
        ds.close()
    print(sum(counts.values()), dict(counts))  # noqa: T201  # the figures of a full run
    assert counts["merged"] > 0
    assert counts["accept"] > 0
