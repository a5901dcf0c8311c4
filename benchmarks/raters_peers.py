"""What kalos and SimpleITK say, for ``raters.py``; ``python raters_peers.py kalos|itk IN.json OUT.json``.

kalos's functions on tables of codes are called directly: its pipeline reads polygons from a file.
"""

from __future__ import annotations

import json
import sys

import numpy as np


def kalos(given: dict) -> dict:
    """Alpha, vitality of each rater (None where kalos gives none), and clusters of the pairs that overlap."""
    from kalos.correspondence.correspondence_algorithms import COST_FUNCTIONS, match_greedy
    from kalos.iaa.core import calculate_global_rater_vitality, vision_alpha

    alpha, vitality = [], []
    for table in given["tables"]:
        codes = np.array(table, float)
        codes[codes == -2] = np.nan
        value = vision_alpha(codes)
        names = {str(k): k for k in range(len(codes))}
        found, _ = calculate_global_rater_vitality(codes, value, names, False)
        alpha.append(value)
        vitality.append([found.get(name) for name in names])
    clusters = []
    for rater, pairs in given["overlaps"]:
        rows = [{"id": i, "rater_id": r, "category_id": 0} for i, r in enumerate(rater)]
        by_rater = {r: [row for row in rows if row["rater_id"] == r] for r in sorted(set(rater))}
        image = {"rater_list": list(by_rater), "annotations_by_rater": by_rater}
        scores = {(a, b): (iou, rows[a], rows[b]) for a, b, iou in pairs}
        clusters.append(match_greedy(image, scores, COST_FUNCTIONS["negative_score"], 0.5))
    return {"alpha": alpha, "vitality": vitality, "clusters": clusters}


def itk(given: dict) -> dict:
    """Sensitivities, specificities and the fused mask as pixels."""
    import SimpleITK as sitk  # noqa: N813  # its own custom

    out = []
    for stack in given["stacks"]:
        images = [sitk.GetImageFromArray(np.array(mask, np.uint8)) for mask in stack]
        staple = sitk.STAPLEImageFilter()
        staple.SetForegroundValue(1)
        inside = sitk.GetArrayFromImage(staple.Execute(images)) >= 0.5
        out.append(
            {
                "sensitivity": list(staple.GetSensitivity()),
                "specificity": list(staple.GetSpecificity()),
                "mask": inside.astype(int).tolist(),
            }
        )
    return {"staple": out}


def main() -> None:
    with open(sys.argv[2]) as file:
        given = json.load(file)
    with open(sys.argv[3], "w") as file:
        json.dump({"kalos": kalos, "itk": itk}[sys.argv[1]](given), file)


if __name__ == "__main__":
    main()
