"""Do pasted copies help rare labels? ``python benchmarks/paste.py``.

The reef of notebook 03: 100 labeled images, of whose two rarest labels a model finds little. Every arm trains
from the same weights for the same number of steps, with the same seed:

- ``labels``: the labeled images alone
- ``pasted``: and ``--images`` more, made by ``nl.paste`` of the two rarest labels
- ``weighted``: the labeled images alone, those with the two labels of weight 3
- ``on the fly``: the labeled images alone, and ultralytics' own copy-paste during the training

Measured on the test images: AP50-95 and recall (score 0.25, IoU 0.5) of each label. Each seed has a reef of
its own. Results are appended to ``--results`` (JSON lines) at once; ``--show`` prints all of them.
``--picture FILE`` draws some pasted images instead: background, pasted, masks; ``--speed`` times pasting.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

import nbalabel as nl

RESULTS = Path(__file__).with_name("paste.jsonl")
ARMS = ("labels", "pasted", "weighted", "on the fly")


def reef(folder: Path, seed: int) -> nl.Dataset:
    """Notebook 03's reef, with more images to measure on."""
    return nl.demo.reef(
        folder,
        n_images=560,
        n_labeled=100,
        n_test=200,
        size=160,
        seed=seed,
        by_species=True,
        unseen=["barracuda"],
    )


def rarest(ds: nl.Dataset) -> list[str]:
    """The two labels with the fewest instances to learn from, of those that have at least 8."""
    train = ds.images.query("split == 'train'").index
    counts = ds.instances[ds.instances["image_id"].isin(train)]["label"].value_counts()
    return [str(label) for label in counts[counts >= 8].tail(2).index]


def prepare(
    ds: nl.Dataset, arm: str, rare: list[str], options: argparse.Namespace, seed: int
) -> dict[str, Any]:
    """Make the dataset of one arm; returns arguments of the training."""
    if arm == "pasted":
        nl.paste(ds, rare, n=options.images, seed=seed, weight=options.weight)
    elif arm == "weighted":
        shown = ds.instances[ds.instances["label"].isin(rare)]["image_id"]
        chosen = ds.images[ds.images.index.isin(shown) & (ds.images["split"] == "train")]
        ds.set(chosen, weight=3)
    return {"copy_paste": 0.5, "copy_paste_mode": "mixup"} if arm == "on the fly" else {}


def measured(run: nl.Run, ds: nl.Dataset, test: pd.Index) -> pd.DataFrame:
    """AP and recall of each label on the test images."""
    labels = ds.instances[ds.instances["image_id"].isin(test)]
    found = labels.index.isin(run.query("matched and score >= 0.25")["matched_id"])
    recall = pd.Series(found, labels.index).groupby(labels["label"], observed=False).mean()
    ap = run.evaluate(images=test).per_label["AP"]
    return pd.DataFrame({"ap": ap, "recall": recall.reindex(ap.index)})


def one(arm: str, seed: int, options: argparse.Namespace) -> None:
    """Train one arm and write its line."""
    with tempfile.TemporaryDirectory() as folder, reef(Path(folder) / "reef.nbal", seed) as ds:
        rare, test = rarest(ds), ds.images.query("split == 'test'").index
        arguments = prepare(ds, arm, rare, options, seed)
        began = time.perf_counter()
        model = nl.Yolo(options.model)
        model.train(ds, imgsz=160, steps=options.steps, seed=seed, **arguments)
        run = model.predict(ds, images=test, score=0.01, imgsz=options.size, embed=False)
        by_label = measured(run, ds, test).round(4)
        common = by_label.drop(index=rare)
        shown = ds.instances.loc[ds.instances["image_id"].isin(test), "label"].isin(rare)
        row = {
            "arm": arm,
            "seed": seed,
            "model": options.model,
            "steps": options.steps,
            "images": int((ds.images["weight"] > 0).sum()),
            "rare": rare,
            "rare to find": int(shown.sum()),
            "ap rare": round(float(by_label.loc[rare, "ap"].mean()), 4),
            "recall rare": round(float(by_label.loc[rare, "recall"].mean()), 4),
            "ap others": round(float(common["ap"].mean()), 4),
            "recall others": round(float(common["recall"].mean()), 4),
            "by label": by_label.T.to_dict(),
            "seconds": round(time.perf_counter() - began),
        }
    with options.results.open("a") as file:
        file.write(json.dumps(row) + "\n")
    print({k: v for k, v in row.items() if k != "by label"}, flush=True)


def draw(file: Path, seed: int) -> None:
    """Draw pasted images: each with its background on the left, and its masks on the right."""
    with tempfile.TemporaryDirectory() as folder, reef(Path(folder) / "reef.nbal", seed) as ds:
        change = nl.paste(ds, rarest(ds), n=24, seed=seed)
        rows = change.tables["instances"].created
        pasted = rows[rows["origin"].str.contains("/pasted/")]
        parent = pasted["origin"].str.extract(r"onto image (\d+)")[0].astype(int)
        strips = []
        for image_id, background in list(parent.groupby(pasted["image_id"]).first().items())[::3]:
            masks = np.asarray(ds.show(image_id).convert("RGB").resize((160, 160), Image.Resampling.LANCZOS))
            strips.append(np.hstack([ds.read_image(background), ds.read_image(image_id), masks]))
        columns = [np.vstack(strips[0::2]), np.vstack(strips[1::2])]
        Image.fromarray(np.hstack(columns)).save(file, quality=85, optimize=True)


def speed() -> None:
    """Print the time that a pasted image takes, files synced to disk included."""
    for size, n in ((192, 200), (1024, 40)):
        with tempfile.TemporaryDirectory() as folder:
            ds = nl.demo.reef(Path(folder) / "reef.nbal", n_images=60, n_labeled=40, n_test=10, size=size)
            with ds:
                began, used = time.perf_counter(), time.process_time()
                nl.paste(ds, "fish", n=n)
                wall, busy = time.perf_counter() - began, time.process_time() - used
        print(f"{size} px: {1000 * wall / n:.0f} ms an image, {1000 * busy / n:.0f} ms of processor time")


def show(results: Path) -> None:
    """Print means over the seeds, and each seed's gain over the labels alone."""
    rows = pd.DataFrame([json.loads(line) for line in results.read_text().splitlines()])
    columns = ["ap rare", "recall rare", "ap others", "recall others"]
    for (model, steps), part in rows.groupby(["model", "steps"]):
        print(f"\n## {model}, {steps} steps, {part['seed'].nunique()} seeds\n")
        print(part.groupby("arm", sort=False)[[*columns, "seconds"]].mean().round(3).to_string())
        for value in columns[:2]:
            wide = part.pivot_table(index="seed", columns="arm", values=value)[[*ARMS]]
            gain = wide.sub(wide["labels"], axis=0).drop(columns="labels")
            print(f"\n{value}: what each arm has above the labels alone, by seed")
            print(gain.round(3).to_string())
            print(pd.DataFrame({"mean": gain.mean(), "standard error": gain.sem()}).round(3).T.to_string())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=ARMS)
    parser.add_argument("--seeds", type=int, nargs="+", default=[9, 10, 11, 12, 13])
    parser.add_argument("--steps", type=int, default=400)
    parser.add_argument("--images", type=int, default=100, help="new images that are pasted")
    parser.add_argument("--weight", type=float, default=0.5, help="of the pasted images")
    parser.add_argument("--model", default="starter", help="what every training starts from")
    parser.add_argument("--size", type=int, default=192, help="of the images while predicting, pixels")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--picture", type=Path, help="only draw pasted images into this file")
    parser.add_argument("--speed", action="store_true", help="only time pasting")
    parser.add_argument("--show", action="store_true", help="only print the results")
    options = parser.parse_args()
    if options.speed:
        speed()
        return
    if options.picture is not None:
        draw(options.picture, options.seeds[0])
        return
    if not options.show:
        for seed in options.seeds:
            for arm in options.arms:
                one(arm, seed, options)
    show(options.results)


if __name__ == "__main__":
    main()
