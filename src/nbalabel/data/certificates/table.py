"""The table of certificates, each compared with the rows as they are now."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from ...core.certificate import Certificate, fingerprints
from ...core.errors import first
from ...core.id_sets import union

_COLUMNS = (
    "name",
    "what",
    "made",
    "who",
    "n_rows",
    "n_answers",
    "target",
    "alpha",
    "lower",
    "upper",
    "statement",
    "version",
    "dirty",
)


def certificates_table(
    certificates: Mapping[str, Certificate], instances: Callable[[], pd.DataFrame]
) -> pd.DataFrame:
    """One row per certificate, oldest first.

    Columns as in `core.certificate.Certificate`; ``made`` is a time with zone UTC. ``stale`` tells whether
    rows of its set have changed since, ``why`` which. Where all rows that were answered wrong were removed or
    edited, and no others, the row is about those left. Rows added since are in no set, and change nothing.

    Args:
        certificates: by id.
        instances: gives the instances as they are now; not called where there are no certificates.
    """
    rows = [_row(one, instances) for one in certificates.values()]
    table = pd.DataFrame(rows, columns=[*_COLUMNS, "stale", "why"])
    table["made"] = pd.to_datetime(table["made"], utc=True)
    table["stale"] = table["stale"].astype(bool)
    return table.set_index(pd.Index(list(certificates), name="certificate", dtype="str"))


def certified(table: pd.DataFrame, n: int = 3) -> list[str]:
    """The newest certificates as texts for the card; the others are counted.

    Args:
        table: as `certificates_table` returns it.
        n: most certificates in full.
    """
    texts = [_text(row) for row in table.iloc[::-1][:n].to_dict("records")]
    more = len(table) - len(texts)
    return [*texts, f"{more:,} more: ds.certificates"] if more > 0 else texts


def _text(row: dict[Hashable, Any]) -> str:
    head = f"stale ({row['why']}). {row['name']}" if row["stale"] else row["name"]
    return f"{head}. {row['statement']} {row['made']:%Y-%m-%d}, {row['who'] or 'unknown'}"


def changes(
    certificate: Certificate, instances: pd.DataFrame
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Ids of the set that are gone, and of those whose image, label or mask is another now.

    Args:
        certificate: of instances.
        instances: as they are now.
    """
    there = pd.Index(certificate.rows).isin(instances.index)
    ids, prints = fingerprints(instances.loc[certificate.rows[there]])
    return certificate.rows[~there], ids[prints != certificate.prints[there]]


def _row(one: Certificate, instances: Callable[[], pd.DataFrame]) -> dict[str, object]:
    known = {name: getattr(one, name) for name in _COLUMNS}
    if one.table != "instances":
        return {**known, "stale": False, "why": "predictions of a run do not change"}
    gone, edited = changes(one, instances())
    if not len(gone) and not len(edited):
        return {**known, "stale": False, "why": ""}
    if one.rest and np.array_equal(np.sort(one.wrong), union(gone, edited)):
        return {**known, **_of_rest(one), "stale": False, "why": f"{_rows(one.wrong)} answered wrong mended"}
    parts = [(gone, "removed"), (edited, "edited")]
    why = [f"{_rows(ids)} {what} ({first(ids)})" for ids, what in parts if len(ids)]
    return {**known, "stale": True, "why": "; ".join(why)}


def _of_rest(one: Certificate) -> dict[str, object]:
    """What is known once no row that was answered wrong is as it was."""
    left = one.n_rows - len(one.wrong)
    most = min(one.upper * one.n_rows / max(left, 1), 1.0)
    return {"statement": one.rest, "n_rows": left, "lower": one.rest_lower, "upper": most}


def _rows(ids: npt.NDArray[np.int64]) -> str:
    return f"{len(ids):,} row{'' if len(ids) == 1 else 's'}"
