"""A prediction by Ray Data, for ``benchmarks/elsewhere.py predict --ray PYTHON``.

That Python has ray[data] and nbalabel with the models. ``elsewhere_ray.py DATASET MODEL IMAGES ACTORS OUT``:
images go in parts of 64 to actors, each of which loads the network once and calls ``model.predict``; rows and
embeddings go to Parquet files. Prints, as JSON, CPU seconds as ``elsewhere.py`` names them: Ray's servers
count as the session's.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

PART = 64  # images, as nbalabel cuts them


class Predicts:
    """What an actor does: opens dataset and network, then predicts part by part."""

    def __init__(self, dataset: str, model: str, out: str) -> None:
        import nbalabel as nl

        self.ds, self.model, self.out = nl.open(dataset), nl.Yolo.load(model), Path(out)
        self.labels = {self.model.labels[0]: self.ds.labels[0]}
        self.opening = time.process_time()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Rows of a part of the images."""
        asked = {"imgsz": 256, "batch": 8, "labels": self.labels}
        run = self.model.predict(self.ds, batch["image_id"], **asked)
        rows = run.predictions
        told = {"opening": self.opening, "rest": time.process_time() - self.opening}
        (self.out / f"{os.getpid()}.json").write_text(json.dumps(told))
        return {
            "image_id": rows["image_id"].to_numpy(),
            "label": rows["label"].astype(str).to_numpy(object),
            "score": rows["score"].to_numpy(),
            "mask": rows["mask"].to_numpy(object),
            "embedding": list(run.embeddings.instance),
        }


def cpu_of_ray(own: Any) -> float:
    """CPU seconds of this process and of Ray's servers; what its workers need to start does not count."""
    import psutil

    out = time.process_time()
    for child in own.children(recursive=True):
        try:
            if child.name() in {"raylet", "gcs_server"}:
                out += sum(child.cpu_times()[:2])
        except psutil.Error:
            continue
    return out


def main() -> None:
    """Predict, and print what it cost."""
    import psutil
    import ray

    dataset, model, images, actors, out = sys.argv[1:]
    # One core more than actors: Ray Data's other tasks would wait for ever for one that no actor holds.
    ray.init(num_cpus=int(actors) + 1, include_dashboard=False, logging_level="ERROR", log_to_driver=False)
    import nbalabel as nl

    ids = nl.open(dataset).images.index[: int(images)].tolist()
    parts = ray.data.from_items([{"image_id": i} for i in ids], override_num_blocks=-(-len(ids) // PART))
    found = parts.map_batches(
        Predicts,
        fn_constructor_args=(dataset, model, out),
        batch_size=PART,
        concurrency=int(actors),
        num_cpus=1,
    )
    own = psutil.Process()
    began, cpu = time.perf_counter(), cpu_of_ray(own)
    found.write_parquet(out)
    wall = time.perf_counter() - began
    cpu = cpu_of_ray(own) - cpu
    told = [json.loads(one.read_text()) for one in Path(out).glob("*.json")]
    assert len(told) == int(actors), f"expected {actors} actors at work, found {len(told)}"
    rest = [one["rest"] for one in told]
    opening = max(one["opening"] for one in told)
    print(json.dumps({"opening": opening, "rest": sum(rest) + cpu, "path": max(rest) + cpu, "wall": wall}))


if __name__ == "__main__":
    main()
