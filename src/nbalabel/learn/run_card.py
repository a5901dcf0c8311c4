"""How a Run looks in a notebook: its facts, and the curves of a training or the numbers of a prediction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from ..core import html
from ..core.chart import as_image, line_chart_svg

if TYPE_CHECKING:
    from .run import Run

_VALIDATED = {"map": "mAP50-95", "map50": "mAP50"}


def card(run: Run) -> str:
    """A run as HTML; all text escaped, readable on light and dark themes."""
    charts = "".join(map(as_image, _charts(curve_rows(run.curves)))) if len(run.curves) else ""
    title = "Training run" if run.kind == "train" else "Prediction run"
    return html.card(title, _facts(run), subtitle=run.id, extra_html=charts)


def curves_svg(rows: Sequence[Mapping[str, float]], *, epochs: int | None = None) -> str:
    """Loss over epochs, and where images validate mAP, as charts side by side.

    Args:
        rows: one mapping an epoch, as in ``Run.curves``.
        epochs: how many there will be; None takes those there are.
    """
    return "".join(_charts(rows, epochs))


def _charts(rows: Sequence[Mapping[str, float]], epochs: int | None = None) -> list[str]:
    end = epochs or len(rows)
    charts = [line_chart_svg({"loss": _points(rows, "loss")}, x_range=(1, end), title="training loss")]
    known = {text: _points(rows, name) for name, text in _VALIDATED.items() if name in rows[0]}
    if known:
        charts.append(line_chart_svg(known, x_range=(1, end), y_range=(0, 1), title="validation"))
    return charts


def curve_rows(curves: pd.DataFrame) -> list[dict[str, float]]:
    """One mapping a row."""
    return [{str(name): float(value) for name, value in row.items()} for row in curves.to_dict("records")]


def _points(rows: Sequence[Mapping[str, float]], name: str) -> list[tuple[float, float]]:
    return [(row["epoch"], row[name]) for row in rows if np.isfinite(row.get(name, np.nan))]


def _facts(run: Run) -> list[tuple[str, str]]:
    version = run.version or "none"
    facts = [
        ("model", run.model),
        ("version", f"{version}, edited since" if run.dirty else version),
        ("images", f"{run.n_images:,}"),
        ("took", f"{run.seconds:.1f} s" + (", interrupted" if run.interrupted else "")),
    ]
    return facts + (_of_training(run) if run.kind == "train" else _of_prediction(run))


def _of_training(run: Run) -> list[tuple[str, str]]:
    asked = run.arguments
    facts = [("epochs", f"{len(run.curves)} of {asked.get('epochs', len(run.curves))}")]
    facts.append(("size", f"{asked.get('imgsz')} px, batches of {asked.get('batch')}, seed {run.seed}"))
    if len(run.curves):
        facts.append(("loss", f"{run.curves['loss'].iloc[0]:.3g} to {run.curves['loss'].iloc[-1]:.3g}"))
    if "map" in run.curves:
        best = run.curves.iloc[int(run.curves["map"].argmax())]
        numbers = f"mAP50-95 {best['map']:.3f}, mAP50 {best['map50']:.3f} (epoch {best['epoch']:.0f})"
        facts.append(("best", numbers))
    return facts


def _of_prediction(run: Run) -> list[tuple[str, str]]:
    found = run.predictions
    counts = found["label"].value_counts()
    by_label = ", ".join(f"{label} {n:,}" for label, n in counts[counts > 0].head(8).items())
    facts = [("predictions", f"{len(found):,}" + (f" ({by_label})" if by_label else ""))]
    facts.append(("matched", f"{int(found['matched'].sum()):,}; {len(run.missed):,} labels missed"))
    if "metrics" in run.__dict__:
        facts.append(("mAP50-95", f"{run.metrics.map:.3f} (mAP50 {run.metrics.map50:.3f})"))
    if len(run.failed):
        facts.append(("unreadable", f"{len(run.failed):,} images, see run.failed"))
    return facts
