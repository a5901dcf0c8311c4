"""Answers to attributes: agreement, disputes, and what most answered."""

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl

from .drawing import LABELS, SIZE, square

ASKED = nl.Ontology(
    images={
        "weather": nl.Attribute("weather", of="images", options=("sun", "fog")),
        "depth": nl.Attribute("depth", of="images", kind="number", number=1),
    },
    instances={
        "sex": nl.Attribute("sex", options=("f", "m"), where="label == 'cod'"),
        "damage": nl.Attribute("damage", kind="many", options=("net", "hook"), number=1),
        "length": nl.Attribute("length", kind="number", number=2),
        "dead": nl.Attribute("dead", kind="yes/no", number=3),
    },
)


def annotator(
    weather: list, depth: list, sex: list, damage: list, length: list, dead: list, label: list | None = None
) -> nl.Tables:
    """One box on each of three images, drawn alike by everybody."""
    images = pd.DataFrame(
        {"file": [f"{i}.png" for i in range(3)], "width": SIZE, "height": SIZE, "state": "complete"}
    ).assign(weather=weather, depth=depth)
    rows = pd.DataFrame(
        {"image_id": range(3), "label": label or ["cod"] * 3, "mask": [square(4, 4, 10, 10)] * 3}
    ).assign(sex=sex, damage=damage, length=length, dead=dead)
    return nl.Tables.of(images, rows, LABELS, ontology=ASKED)


@pytest.fixture
def three() -> dict[str, nl.Tables]:
    return {
        "ana": annotator(
            ["sun", "fog", None],
            [1, 2, 9],
            ["f", "f", "f"],
            [["net"], [], None],
            [1, 2, 4],
            [True, None, False],
        ),
        "bo": annotator(
            ["sun", "sun", "sun"],
            [1, 2, None],
            ["f", "m", None],
            [["net"], ["hook"], None],
            [1, 4, 4],
            [True, True, None],
        ),
        "cy": annotator(
            ["sun", "fog", None],
            [3, 2, None],
            ["m", None, "f"],
            [["net", "hook"], [], None],
            [2, 9, 4],
            [True, False, None],
        ),
    }


def by_hand(*units: tuple) -> float:
    """Alpha for names of units of values, from the coincidence matrix."""
    pairs = [
        (a, b, 1 / (len(unit) - 1))
        for unit in units
        if len(unit) > 1
        for i, a in enumerate(unit)
        for j, b in enumerate(unit)
        if i != j
    ]
    values = [v for unit in units if len(unit) > 1 for v in unit]
    n = len(values)
    observed = sum(w for a, b, w in pairs if a != b) / n
    expected = sum(a != b for i, a in enumerate(values) for j, b in enumerate(values) if i != j) / (
        n * (n - 1)
    )
    return 1 - observed / expected


def test_agreement_of_answers_is_alpha_for_names_and_for_numbers(three: dict[str, nl.Tables]) -> None:
    table = nl.raters(three, draws=200).by_attribute.set_index(["table", "attribute", "option"])
    assert table.index.tolist() == [
        ("images", "weather", ""),
        ("images", "depth", ""),
        ("instances", "sex", ""),
        ("instances", "damage", "net"),
        ("instances", "damage", "hook"),
        ("instances", "length", ""),
        ("instances", "dead", ""),
    ]
    alpha = table["alpha"]
    assert alpha["images", "weather", ""] == pytest.approx(by_hand("sss", ("f", "s", "f")))
    assert alpha["instances", "sex", ""] == pytest.approx(by_hand("ffm", "fm", "ff"))
    assert alpha["instances", "damage", "hook"] == pytest.approx(by_hand((0, 0, 1), (0, 1, 0)))
    assert alpha["instances", "damage", "net"] == 1.0
    assert alpha["instances", "dead", ""] == pytest.approx(by_hand((1, 1, 1), (1, 0)))
    # lengths 1 1 2 / 2 4 9 / 4 4 4: apart = (2 * 2 + 2 * (4 + 49 + 25)) / 2; all ordered pairs of the nine:
    values = np.array([1, 1, 2, 2, 4, 9, 4, 4, 4], float)
    every = ((values[:, None] - values) ** 2).sum()
    assert alpha["instances", "length", ""] == pytest.approx(1 - 8 * (2 + 78) / every)
    assert table.loc[("images", "depth", ""), "compared"] == 2
    low, high = table["low"], table["high"]
    assert (low.dropna() <= alpha[low.notna()] + 1e-9).all()
    assert (high.dropna() >= low.dropna()).all()


def test_hidden_answers_and_texts_are_not_compared(three: dict[str, nl.Tables]) -> None:
    ling = three["bo"].instances.assign(label=pd.Categorical(["ling"] * 3, categories=list(LABELS)))
    bo = nl.Tables.of(three["bo"].images, ling, LABELS, ontology=ASKED)
    table = nl.raters({"ana": three["ana"], "bo": bo}, draws=0).by_attribute
    assert table.set_index("attribute").loc["sex", "compared"] == 0


def test_disputed_answers_are_listed_with_who_gave_them(three: dict[str, nl.Tables]) -> None:
    r = nl.raters(three, draws=0)
    rows = r.disputed
    assert set(rows["kind"]) == {"answers"}
    of_image = rows.set_index("image_id")
    assert of_image.loc[0, "answers"]["sex"] == {"ana": "f", "bo": "f", "cy": "m"}
    assert of_image.loc[0, "answers"]["damage"] == {"ana": ("net",), "bo": ("net",), "cy": ("hook", "net")}
    assert "length" not in of_image.loc[0, "answers"]  # 1, 1, 2: within a standard deviation of all
    assert of_image.loc[1, "answers"]["length"] == {"ana": 2.0, "bo": 4.0, "cy": 9.0}
    assert r.disputed_images.loc[1, "answers"] == {"weather": {"ana": "fog", "bo": "sun", "cy": "fog"}}
    assert r.disputed_images.loc[2, "answers"]["weather"] == {"ana": None, "bo": "sun", "cy": None}
    assert 0 not in r.disputed_images.index
    assert "sex" in r._repr_html_()


def test_consensus_answers_with_the_majority_and_leaves_ties_and_too_few_open(
    three: dict[str, nl.Tables], tmp_path
) -> None:
    images = three["ana"].images[["file", "width", "height"]]
    ds = nl.Tables.of(
        images.assign(weather=None, depth=None),
        three["ana"].instances.iloc[:0],
        LABELS,
        ontology=ASKED,
    ).save(tmp_path / "ds.nbal")
    r = nl.raters(three, draws=0)
    before = ds.images.copy(), ds.instances.copy()
    ds.apply(r.consensus(into=ds))
    got = ds.instances.sort_values("image_id")
    assert got["sex"].tolist()[0] == "f"
    assert got["sex"].isna().tolist() == [False, True, False]  # f and m: a tie; f and f of three asked
    assert [None if x is pd.NA else list(x) for x in got["damage"]] == [["net"], [], None]
    assert got["length"].tolist() == [1, 4, 4]
    assert got["dead"].isna().tolist() == [False, True, True]
    assert ds.images["weather"].tolist()[:2] == ["sun", "fog"]
    assert pd.isna(ds.images["weather"].iloc[2])  # one of three answered
    assert ds.images["depth"].isna().tolist() == [False, False, True]
    assert ds.images["depth"].tolist()[:2] == [1, 2]
    ds.revert(r)
    pd.testing.assert_frame_equal(ds.images, before[0])
    assert len(ds.instances) == 0
    ds.apply(r.consensus(quorum=1, into=ds))
    assert ds.images["weather"].iloc[2] == "sun"
    ds.close()


def test_an_instance_that_is_the_consensus_already_gets_the_answers_of_most(
    three: dict[str, nl.Tables], tmp_path
) -> None:
    ds = three["cy"].save(tmp_path / "cy.nbal")
    r = nl.raters({"cy": ds, "ana": three["ana"], "bo": three["bo"]}, draws=0)
    ids = ds.instances.index
    ds.apply(r.consensus("medoid"))
    assert ds.instances.index.equals(ids)
    assert ds.instances["sex"].tolist()[0] == "f"
    assert ds.instances["sex"].isna().tolist() == [False, True, False]
    assert ds.images["depth"].tolist()[0] == 1
    ds.revert(r)
    assert ds.instances["sex"].tolist()[0] == "m"
    ds.close()
