"""Units: joined by place alone, one instance per annotator at most."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import nbalabel as nl
from nbalabel.learn.raters.opinions import opinions_of
from nbalabel.learn.raters.units import Units, joined, units_of

from .drawing import LABELS, tables


def of(people: dict[str, nl.Tables], iou: float = 0.5) -> Units:
    return units_of(opinions_of(people, None), iou)


@given(st.data())
def test_no_annotator_is_in_a_unit_twice_and_every_instance_is_in_one(data: st.DataObject) -> None:
    n = data.draw(st.integers(1, 12))
    rater = np.array(data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n)))
    every = [(a, b) for a in range(n) for b in range(a + 1, n) if rater[a] != rater[b]]
    pairs = data.draw(st.lists(st.sampled_from(every), unique=True)) if every else []
    iou = np.array(data.draw(st.lists(st.floats(0.1, 1), min_size=len(pairs), max_size=len(pairs))))
    left, right = (np.array([p[k] for p in pairs], np.int64) for k in (0, 1))
    found = joined(np.zeros(n, np.int64), rater, left, right, iou)
    assert len(found) == n
    assert sorted(set(found)) == list(range(found.max() + 1))
    for unit in set(found):
        who = rater[found == unit].tolist()
        assert len(who) == len(set(who))
    if len(pairs):  # the best pair is always joined
        best = pairs[np.lexsort((right, left, -iou))[0]]
        assert found[best[0]] == found[best[1]]


def test_the_best_overlap_joins_and_labels_do_not_matter() -> None:
    ana = tables([(0, "cod", 5, 5, 10, 10)])
    bo = tables([(0, "cod", 8, 5, 10, 10), (0, "ling", 6, 5, 10, 10)])
    units = of({"ana": ana, "bo": bo})
    assert units.row.tolist() == [[0, 2], [-1, 1]]
    assert units.code.tolist() == [[0, 1], [-1, 0]]
    assert units.iou.round(6).tolist() == [round(9 / 11, 6)]


def test_a_third_annotator_may_join_two_who_overlap_little() -> None:
    people = {name: tables([(0, "cod", x, 5, 10, 10)]) for name, x in (("ana", 5), ("bo", 8), ("cy", 11))}
    units = of(people)
    assert len(units.image) == 1
    assert sorted(units.iou.round(4)) == [round(4 / 16, 4), round(7 / 13, 4), round(7 / 13, 4)]


def test_below_the_least_iou_two_things_are_two() -> None:
    people = {"ana": tables([(0, "cod", 5, 5, 10, 10)]), "bo": tables([(0, "cod", 9, 5, 10, 10)])}
    assert len(of(people).image) == 2
    assert len(of(people, iou=6 / 14).image) == 1  # at the least IoU itself they are one


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.permutations(["ana", "bo", "cy"]))
def test_the_order_of_annotators_changes_no_number(seed: int, order: list[str]) -> None:
    rng = np.random.default_rng(seed)
    people = {}
    for name in ("ana", "bo", "cy"):
        boxes = []
        for image in range(3):
            for x, y in ((3, 3), (22, 4), (5, 24)):
                if rng.random() < 0.8:
                    dx, dy, w, h = rng.integers([-1, -1, 8, 8], [2, 2, 13, 13])
                    boxes.append((image, str(rng.choice(LABELS)), x + dx, y + dy, w, h))
        people[name] = tables(boxes)
    r, again = (nl.raters(p, draws=0) for p in (people, {name: people[name] for name in order}))
    for what in ("alpha", "existence", "outline", "boundary", "name"):
        a, b = (getattr(x, what).value for x in (r, again))
        assert np.isclose(a, b, equal_nan=True), what
    columns = ["vitality", "pq", "alone", "missed", "boundary", "name"]
    a, b = (x.by_annotator[columns].loc[["ana", "bo", "cy"]].to_numpy() for x in (r, again))
    assert np.allclose(a, b, equal_nan=True)
    assert np.allclose(
        *(x.by_label.drop(columns="mixed_with").to_numpy(float) for x in (r, again)), equal_nan=True
    )
    assert np.allclose(r.disputed["score"], again.disputed["score"])
