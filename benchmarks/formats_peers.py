"""What the vendors' own readers get from what we write, for ``formats.py``.

``python formats_peers.py read FOLDER OUT.json`` with datumaro and label-studio-converter reads what
``formats.py`` wrote and lists each instance: image, label and the pixels of its mask, as run lengths.
``python formats_peers.py write FOLDER`` writes the same again with the vendors' code, for us to read.
``python formats_peers.py labelbox FOLDER OUT.json`` does both with Labelbox's package.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np


def counts(mask: np.ndarray) -> list[int]:
    """Uncompressed run lengths down the columns, beginning with background."""
    flat = np.concatenate([[0], np.asarray(mask, bool).ravel(order="F").astype(int), [0]])
    edges = np.flatnonzero(np.diff(flat))
    ends = [0, *edges.tolist(), mask.size]
    return [b - a for a, b in pairwise(ends)]


def of_datumaro(folder: Path, name: str) -> list[dict]:
    """Instances as datumaro reads them: masks only, with the label's name."""
    from datumaro import Dataset
    from datumaro.components.annotation import AnnotationType

    path = folder / "annotations.xml" if name == "cvat" else folder
    dataset = Dataset.import_from(str(path), name)
    labels = [one.name for one in dataset.categories()[AnnotationType.label].items]
    found = []
    for item in dataset:
        for one in item.annotations:
            if one.type == AnnotationType.mask:
                row = {"image": Path(item.id).stem, "label": labels[one.label], "counts": counts(one.image)}
                found.append(row)
    return found


def of_label_studio(folder: Path) -> list[dict]:
    """Instances as label-studio-converter decodes them: the opacity of the picture, above 127."""
    from label_studio_converter.brush import decode_rle

    found = []
    for task in json.loads((folder / "tasks.json").read_text()):
        for result in task["annotations"][0]["result"] if task["annotations"] else []:
            if result["type"] != "brushlabels":
                continue
            size = result["original_height"], result["original_width"], 4
            pixels = decode_rle(result["value"]["rle"]).reshape(size)[..., 3] > 127
            stem = Path(task["data"]["nb_file"]).stem
            label = result["value"]["brushlabels"][0]
            found.append({"image": stem, "label": label, "counts": counts(pixels)})
    return found


def again(folder: Path) -> None:
    """Write what we wrote once more: datumaro from its JSON, label-studio-converter by its own encoder."""
    from datumaro import Dataset
    from label_studio_converter.brush import decode_rle, mask2rle

    dataset = Dataset.import_from(str(folder / "datumaro"), "datumaro")
    dataset.export(str(folder / "datumaro-again"), "datumaro", save_media=True)
    dataset.export(str(folder / "voc-again"), "voc", save_media=True)
    dataset.export(str(folder / "cvat-again"), "cvat", save_media=True)
    tasks = json.loads((folder / "labelstudio" / "tasks.json").read_text())
    for task in tasks:
        for result in task["annotations"][0]["result"] if task["annotations"] else []:
            if result["type"] == "brushlabels":
                size = result["original_height"], result["original_width"], 4
                pixels = decode_rle(result["value"]["rle"]).reshape(size)[..., 3] > 127
                result["value"]["rle"] = mask2rle((pixels * 255).astype(np.uint8))
    (folder / "labelstudio-again").mkdir()
    (folder / "labelstudio-again" / "tasks.json").write_text(json.dumps(tasks))


def of_labelbox(folder: Path) -> list[dict]:
    """Instances as Labelbox's package takes them for an import; it writes each again with its own code."""
    from labelbox.data.annotation_types import Label, ObjectAnnotation
    from labelbox.data.serialization.ndjson.classification import NDSubclassification
    from labelbox.data.serialization.ndjson.converter import NDJsonConverter
    from labelbox.data.serialization.ndjson.objects import NDMask

    found, again = [], []
    for line in (folder / "labelbox" / "annotations.ndjson").read_text().splitlines():
        one = NDMask.model_validate(json.loads(line))
        mask = one.to_common()
        key = one.data_row.global_key
        said = [NDSubclassification.to_common(each) for each in one.classifications]
        answers = {each.name: getattr(each.value.answer, "name", each.value.answer) for each in said}
        pixels = mask.draw(color=1).astype(bool)
        row = {"image": Path(key).stem, "label": one.name, "counts": counts(pixels), "answers": answers}
        found.append(row)
        annotation = ObjectAnnotation(
            name=one.name, value=mask, classifications=said, extra={"uuid": one.uuid}
        )
        label = Label(data={"global_key": key}, annotations=[annotation])
        again += [json.dumps(each) for each in NDJsonConverter.serialize([label])]
    (folder / "labelbox-again").mkdir()
    (folder / "labelbox-again" / "annotations.ndjson").write_text("\n".join(again))
    return found


def main() -> None:
    folder = Path(sys.argv[2])
    if sys.argv[1] == "labelbox":
        Path(sys.argv[3]).write_text(json.dumps(of_labelbox(folder)))
        return
    if sys.argv[1] == "write":
        again(folder)
        return
    found = {name: of_datumaro(folder / name, name) for name in ("cvat", "voc", "datumaro")}
    found["labelstudio"] = of_label_studio(folder / "labelstudio")
    Path(sys.argv[3]).write_text(json.dumps(found))


if __name__ == "__main__":
    main()
