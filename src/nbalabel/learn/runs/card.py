"""How a Run looks in a notebook: its facts, and the curves of a training or the numbers of a prediction."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence

import numpy as np
import pandas as pd

from ...core.show import card as html
from ...core.show.svg_chart import as_image, line_chart_svg
from .measured import by_split, note
from .reported import Reported

_MEASURED = {"map": "mAP50-95", "map50": "mAP50"}


def card(run: Reported) -> str:
    """A run as HTML; all text escaped, readable on light and dark themes."""
    charts = "".join(map(as_image, _charts(_curve_rows(run.curves)))) if len(run.curves) else ""
    title = "Training run" if run.kind == "train" else "Prediction run"
    return html.card(title, _facts(run), subtitle=run.id, extra_html=charts)


def curves_svg(rows: Sequence[Mapping[str, float]], *, end: float | None = None) -> str:
    """Loss over steps, and mAP where it was measured, as charts side by side.

    Args:
        rows: one mapping per period, as in ``Run.curves``.
        end: number of steps at the end of the training; None takes those so far.
    """
    return "".join(_charts(rows, end))


def _charts(rows: Sequence[Mapping[str, float]], end: float | None = None) -> list[str]:
    x = _axis_of(rows[0])
    reach = rows[0][x], max(float(end or 0), rows[-1][x])
    charts = [line_chart_svg({"loss": _points(rows, "loss")}, x_range=reach, title=f"training loss by {x}")]
    known = {text: _points(rows, name) for name, text in _MEASURED.items() if name in rows[0]}
    if known:
        title = f"images put aside, by {x}"
        charts.append(line_chart_svg(known, x_range=reach, y_range=(0, 1), title=title))
    return charts


def _axis_of(columns: Container[str]) -> str:
    """The x axis of curves: "step", or "epoch" in runs of earlier versions."""
    return "step" if "step" in columns else "epoch"


def _curve_rows(curves: pd.DataFrame) -> list[dict[str, float]]:
    """One mapping per row."""
    return [{str(name): float(value) for name, value in row.items()} for row in curves.to_dict("records")]


def _points(rows: Sequence[Mapping[str, float]], name: str) -> list[tuple[float, float]]:
    x = _axis_of(rows[0])
    return [(row[x], row[name]) for row in rows if np.isfinite(row.get(name, np.nan))]


def _facts(run: Reported) -> list[tuple[str, str]]:
    version = run.version or "none"
    facts = [
        ("model", run.model),
        ("version", f"{version}, edited since" if run.dirty else version),
        ("images", f"{run.n_images:,}"),
        ("took", f"{run.seconds:.1f} s" + (", interrupted" if run.interrupted else "")),
    ]
    return facts + (_of_training(run) if run.kind == "train" else _of_prediction(run))


def _of_training(run: Reported) -> list[tuple[str, str]]:
    asked, curves = run.arguments, run.curves
    facts = [("length", _length(run))] if len(curves) else []
    facts.append(("size", f"{asked.get('imgsz')} px, batches of {asked.get('batch')}, seed {run.seed}"))
    if len(curves):
        facts.append(("loss", f"{curves['loss'].iloc[0]:.3g} to {curves['loss'].iloc[-1]:.3g}"))
    if "map" in curves and curves["map"].notna().any():
        best = curves.iloc[int(curves["map"].argmax())]
        where = f"{_axis_of(curves)} {best[_axis_of(curves)]:,.0f}"
        facts.append(("best", f"mAP50-95 {best['map']:.3f}, mAP50 {best['map50']:.3f} ({where})"))
    if run.stopped:
        facts.append(("ended", _end(run)))
    return facts


def _length(run: Reported) -> str:
    if "step" not in run.curves:
        return f"{len(run.curves)} of {run.arguments.get('epochs', len(run.curves))} epochs"
    last = run.curves.iloc[-1]
    return f"{last['step']:,.0f} steps, {last['epoch']:,.3g} passes over the images"


_WHY = {
    "level": "mAP on images put aside no longer rose",
    "steps": "after the steps asked for",
    "minutes": "in the time asked for",
    "interrupted": "by hand",
}


def _end(run: Reported) -> str:
    """Why the training ended, and whether it had converged."""
    why = _WHY.get(run.stopped, run.stopped)
    if run.missing is None or run.stopped == "level":
        return why
    if run.missing == 0:
        return f"{why}; it had converged"
    minutes = run.missing * run.curves["seconds"].iloc[-1] / run.curves["step"].iloc[-1] / 60
    return (
        f"{why}; not converged: about {run.missing:,} more steps ({minutes:,.0f} min) before mAP levels off"
    )


def _of_matching(run: Reported) -> list[tuple[str, str]]:
    facts = [("matched", f"{int(run.predictions['matched'].sum()):,}; {len(run.missed):,} instances missed")]
    if run.tables is None:
        return facts
    counts = run.outcomes()["outcome"].value_counts()
    facts.append(("now", ", ".join(f"{n:,} {what}" for what, n in counts.items() if n) or "no predictions"))
    measured = note(run)
    if measured:
        facts.append(("measured on", f"{measured}: run.by('split') measures them apart"))
    return facts


def _of_prediction(run: Reported) -> list[tuple[str, str]]:
    found = run.predictions
    counts = found["label"].value_counts()
    by_label = ", ".join(f"{label} {n:,}" for label, n in counts[counts > 0].head(8).items())
    facts = [("predictions", f"{len(found):,}" + (f" ({by_label})" if by_label else ""))]
    facts += _of_matching(run)
    sizes = run.arguments.get("sizes") or {}
    if sizes:
        found_at = ", ".join(f"{size} px {value:.3f}" for size, value in sizes.items())
        facts.append(("size", f"{run.arguments['imgsz']} px; mAP50-95 on labeled images: {found_at}"))
    if "metrics" in run.__dict__:
        facts.append(("mAP50-95", f"{run.metrics.map:.3f} (mAP50 {run.metrics.map50:.3f})"))
        facts.append(("by split", by_split(run)))
    if len(run.failed):
        facts.append(("unreadable", f"{len(run.failed):,} images, see run.failed"))
    return facts
