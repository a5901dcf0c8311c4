"""Read Arrow files with wrong content and right checksums, and use what comes out, in a process of its own.

Usage: python hostile_arrow_worker.py FOLDER ROUNDS SEED. Prints how often tables came out, and an error.
"""

import hashlib
import random
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from nbalabel.core.change.change import diff
from nbalabel.core.errors import DataError, StorageError
from nbalabel.core.geometry.masks import rle
from nbalabel.core.tables.schema import conform
from nbalabel.core.tables.state import State
from nbalabel.data.store import snapshot
from nbalabel.data.store.records import decode_change, encode_change

EXTREME = (0, 1, -1, 7, 255, 2**31 - 1, -(2**31), 2**31, 2**40, 2**62, 2**63 - 1, -(2**63))


def state():
    images = pd.DataFrame({"file": [f"{i}.png" for i in range(12)], "width": 8, "height": 8})
    images["note"] = pd.array(["é", None, "x" * 40] * 4, dtype="str")
    images["things"] = pd.Series([[1], {"a": 2}, None] * 4, dtype=object)
    images["day"] = pd.Timestamp("2024-01-01")
    images["list"] = pd.Series([[1, 2], None, []] * 4, dtype=pd.ArrowDtype(pa.list_(pa.int64())))
    images["n"] = pd.array([1, None, 3] * 4, dtype="Int16")
    masks = {"image_id": np.arange(12), "label": ["cod", "ling"] * 6, "mask": [b"0d1"] * 6 + [b"d0P1"] * 6}
    instances = conform(pd.DataFrame(masks), "instances", ["cod", "ling"], np.full(12, 8))
    rejected = instances.iloc[:0].copy()
    return State(
        {"images": conform(images, "images"), "instances": instances, "rejected": rejected}, ("cod", "ling")
    )


def mutated(data, rng):
    out = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        kind = rng.randrange(6)
        at = rng.randrange(len(out))
        if kind == 0:
            out[at] ^= 1 << rng.randrange(8)
        elif kind == 1:
            out[at] = rng.randrange(256)
        elif kind in (2, 3):
            size = 8 if kind == 2 else 4
            at -= at % size
            value = (rng.choice(EXTREME) + rng.randint(-1, 1)) % (1 << 8 * size)
            out[at : at + size] = value.to_bytes(size, "little")
        elif kind == 4:
            n = rng.randrange(1, 64)
            other = rng.randrange(len(out))
            out[at : at + n] = out[other : other + n]
        elif rng.random() < 0.1:
            del out[at:]
            out = out or bytearray(1)
    return bytes(out)


def use(frame):
    """What views and writers do with a table: print, sort, pick, compare, decode."""
    repr(frame)
    frame.to_dict("list")
    frame.iloc[::-1].sort_index()
    for name in frame:
        frame[name].isna().sum()
        frame[name].astype(object).map(str)
    if "mask" in frame:
        frame["mask"].iloc[::-3].tolist()
        rle.parse(frame["mask"])
    frame.copy().reset_index()


def attempt(read, counts):
    try:
        for frame in read():
            use(frame)
        counts["tables"] += 1
    except (StorageError, DataError):  # CorruptError and MaskError among them
        counts["errors"] += 1


def main(folder, rounds, seed):
    rng, counts, start = random.Random(seed), {"tables": 0, "errors": 0}, state()
    objects = Path(folder)
    meta = snapshot.write_snapshot(start, objects)
    other = start.tables["images"].assign(note="y", n=pd.array([4] * 12, dtype="Int16"))
    grown = start.tables["instances"].iloc[[*range(12), 0]].set_axis([*range(13)], axis=0)
    grown.index.name = "instance_id"
    change = diff(start, State({**start.tables, "images": other, "instances": grown}, start.labels), "fuzz")
    change_meta, body = encode_change(change)
    files = snapshot.files_of(meta)
    for _ in range(rounds):
        if rng.random() < 0.5:
            broken = mutated(body, rng)
            broken = broken[: len(body)].ljust(len(body), b"\0")
            attempt(lambda broken=broken: frames_of(decode_change(change_meta, broken)), counts)
            continue
        file = rng.choice(files)
        data = mutated((objects / file).read_bytes(), rng)
        snapshot.LATE_BYTES = rng.choice((0, 1 << 30))  # masks are checked when they are looked at, or before
        is_right = rng.random() < 0.8 or name_of(data) == file
        name = name_of(data) if is_right else f"{rng.randrange(16**40):040x}.arrow"
        (objects / name).write_bytes(data)
        tables = {
            table: {key: name if value == file else value for key, value in facts.items()}
            for table, facts in meta["tables"].items()
        }
        crafted = {**meta, "tables": tables}
        attempt(lambda crafted=crafted: snapshot.read_snapshot(crafted, objects).tables.values(), counts)
        if name not in files:
            (objects / name).unlink()
    sys.stdout.write(f"{counts['tables']} {counts['errors']}\n")


def name_of(data):
    """The name of a file with the right checksum."""
    return f"{hashlib.blake2b(data, digest_size=20).hexdigest()}.arrow"


def frames_of(change):
    for rows in change.tables.values():
        yield from (frame for frame in (rows.created, rows.deleted) if len(frame))
        for name, cells in rows.updated.items():
            if cells.new is not None:
                yield pd.DataFrame({name: pd.Series(cells.new)})


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
