"""The report of a package that came back."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from ...core.binomial import clopper_pearson
from ...core.show.card import card

_ALPHA = 0.05


@dataclass(frozen=True, eq=False, repr=False)
class DeliveryReport:
    """What came back, image by image and instance by instance.

    Attributes:
        images: one row per image handed out, and per image of the package that was not: ``image_id``
            (missing for the latter), ``file``, ``what`` ("came", "missing", "altered" or "unknown"), ``why``,
            ``n_sent``, ``n_back``. Nothing is taken from altered and unknown images.
        instances: one row per instance handed out or added, on images that came: ``image_id``,
            ``instance_id`` (missing where added), ``claimed`` (the id it came back with), ``what``
            ("untouched", "moved", "renamed", "added" or "removed"; what was renamed may have moved as well),
            ``iou`` with the mask handed out, 0..1, ``label_before``, ``label``, ``problem`` ("empty": no
            pixel inside the image; "unknown label"; "edited here": the dataset has changed since; otherwise
            ""), ``is_box`` (it came back as a box, not as a mask). Rows with a problem are not in the Change.
        ids_lost: ids that were handed out and that nothing came back with, though the format has a place for
            them.
        ids_doubled: ids that several instances came back with.
        ids_strange: ids that were never handed out.
        unknown_labels: labels that the dataset lacks, with the number of instances.
        honeypots: one row per instance that was asked about: ``image_id``, ``label``, ``kind`` ("gone",
            "moved", "renamed", "blank"), ``iou`` with the truth, ``right`` (IoU 0.75 or more, and the label).
        answers: answers to questions, and values of your other own columns, that are not as they went out:
            ``table`` ("images" or "instances"), ``image_id``, ``instance_id`` (missing for images and added
            instances), ``column``, ``what``, ``before``, ``value``, ``why``. "added" and "changed" ones are
            in the change. "invalid" ones, such as unknown options or numbers out of their limits, are left
            out; so are those that were "edited here", where the dataset has another answer by now, and
            "removed" ones: the dataset keeps what it has. "unanswered" lists required questions that stay
            without an answer.
        n_unanswered: number of instances on images that came that lack a required answer once this is
            applied.
        n_unanswered_images: number of images that came that lack one.
        options: options of questions that the dataset lacks, or that were offered no more: ``table``,
            ``column``, ``option``, ``what`` ("added" or "removed"), ``n`` answers with it. Formats that do
            not hold the options (Labelbox, Datumaro) show only new ones that somebody chose.
        unknown_columns: questions that the dataset does not ask and columns that it lacks, with the number of
            values: (table, column) -> n. They are left out.
    """

    images: pd.DataFrame
    instances: pd.DataFrame
    ids_lost: tuple[int, ...]
    ids_doubled: tuple[int, ...]
    ids_strange: tuple[int, ...]
    unknown_labels: dict[str, int]
    honeypots: pd.DataFrame
    answers: pd.DataFrame
    n_unanswered: int
    n_unanswered_images: int
    options: pd.DataFrame
    unknown_columns: dict[tuple[str, str], int]

    @property
    def score(self) -> tuple[float, float, float] | None:
        """Share of honeypots answered right, and its 95% interval; None without honeypots.

        The interval is that of Clopper and Pearson; it takes the answers to be independent of each other.
        """
        n, k = len(self.honeypots), int(self.honeypots["right"].sum())
        return (k / n, *clopper_pearson(k, n, _ALPHA / 2)) if n else None

    @property
    def counts(self) -> pd.Series:
        """Number of instances by what became of them."""
        return self.instances["what"].value_counts()

    def facts(self) -> list[tuple[str, str]]:
        """The report in names and texts."""
        images, counts = self.images["what"].value_counts(), self.counts
        problems = self.instances["problem"].loc[self.instances["problem"] != ""].value_counts()
        ids = {"lost": self.ids_lost, "doubled": self.ids_doubled, "strange": self.ids_strange}
        told = [
            ("images", _listed(images.items())),
            ("instances", _listed(counts.items())),
            ("problems", _listed(problems.items())),
            ("ids", _listed((name, len(found)) for name, found in ids.items() if found)),
            ("unknown labels", ", ".join(f"{name} ({n:,})" for name, n in self.unknown_labels.items())),
        ]
        told += self._asked()
        if self.score:
            share, low, high = self.score
            n = len(self.honeypots)
            told.append(("honeypots", f"{share:.0%} of {n:,} right, between {low:.0%} and {high:.0%} (95%)"))
        return [(name, text) for name, text in told if text]

    def _asked(self) -> list[tuple[str, str]]:
        """What was answered, in names and texts."""
        what = self.answers["what"]
        wrong = self.answers.loc[what == "invalid", "column"]
        lacking = {"instances": self.n_unanswered, "images": self.n_unanswered_images}
        open_ = ", ".join(f"{n:,} {of}" for of, n in lacking.items() if n)
        options = [f"{row.column}: {row.option} {row.what}" for row in self.options.itertuples(index=False)]
        strange = [f"{column} of {n:,} {table}" for (table, column), n in self.unknown_columns.items()]
        return [
            ("answers", _listed(what[what != "unanswered"].value_counts().items())),
            ("answers left out", _listed(wrong.value_counts().items())),
            ("unanswered", f"{open_} lack a required answer" if open_ else ""),
            ("options", ", ".join(options)),
            ("unknown columns", ", ".join(strange)),
        ]

    def __repr__(self) -> str:
        return f"DeliveryReport({'; '.join(f'{name}: {text}' for name, text in self.facts())})"

    def _repr_html_(self) -> str:
        return card("what came back", self.facts())


def _listed(counts: object) -> str:
    return ", ".join(f"{n:,} {name}" for name, n in counts)  # type: ignore[attr-defined]
