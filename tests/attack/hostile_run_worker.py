"""Read runs with damaged Arrow, npy and JSON files, and use what comes out, in a process of its own.

Usage: python hostile_run_worker.py FOLDER ROUNDS SEED. Prints how often a run came out, and an error.
"""

import random
import shutil
import sys
from pathlib import Path

import numpy as np
from hostile_arrow_worker import attempt, mutated, state

import nbalabel as nl
from nbalabel.core.tables.schema import conform
from nbalabel.learn.runs import table_files


def main(folder, rounds, seed):
    rng, counts = random.Random(seed), {"tables": 0, "errors": 0}
    instances = state().tables["instances"]
    found = conform(instances.assign(note="text", score=0.5), "predictions", ["cod", "ling"])
    ids = found.index.to_numpy(np.int64)
    vectors = nl.Embeddings(ids[:3], np.ones((3, 2), np.float32), ids, np.ones((len(ids), 4), np.float32))
    run = nl.Run(
        "run-1", "predict", labels=("cod", "ling"), predictions=found, missed=instances, embeddings=vectors
    )
    table_files._SHARD_ROWS = 5
    whole, broken = Path(folder) / "whole", Path(folder) / "broken"
    run.save(whole)
    files = sorted(path.name for path in whole.iterdir())

    def read():
        loaded = nl.Run.load(broken)
        repr(loaded)
        loaded.predictions["mask"].iloc[rng.randrange(len(loaded.predictions))]
        loaded.predictions.iloc[[-1, 0, 0]].to_dict("list")
        loaded.embeddings.instance.sum()
        loaded.query("score > 0.2 and matched == False")
        return loaded.predictions, loaded.missed, loaded.curves, loaded.failed

    for _ in range(rounds):
        shutil.copytree(whole, broken)
        path = broken / rng.choice([*files, *(name for name in files if name.endswith(".arrow"))])
        path.write_bytes(mutated(path.read_bytes(), rng))
        attempt(read, counts)
        shutil.rmtree(broken)
    sys.stdout.write(f"{counts['tables']} {counts['errors']}\n")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
