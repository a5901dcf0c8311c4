"""Ask, tell, skip, undo: the same for every strategy; and what a propagation does with odd inputs."""

import numpy as np
import pytest
from strategies.bounded import Bounded
from strategies.lsun import Lsun
from strategies.threshold import Threshold

from nbalabel.core.errors import DataError, HistoryError, UnknownNameError
from nbalabel.learn.propagate.propagation import Propagation
from nbalabel.learn.propagate.strategies.registry import STRATEGIES

ALL = [*STRATEGIES, Bounded, Lsun, Threshold]
ASKING = [one for one in ALL if one is not Threshold]
rng = np.random.default_rng(0)
LABELS = np.repeat(["cod", "ling"], 60)
RIGHT = np.tile(np.arange(60) < 35, 2)
FEATURES = rng.normal(size=(120, 4)).astype(np.float32) + np.where(RIGHT, 6, 0)[:, None]
SCORES = np.where(RIGHT, 0.8, 0.4) + rng.uniform(-0.1, 0.1, 120)


@pytest.fixture(scope="module")
def grown():
    p = Propagation(FEATURES, SCORES, LABELS, strategy=Threshold)
    return p.forest


@pytest.fixture
def make(grown):
    def make_one(strategy="paper", **options):
        return Propagation(FEATURES, SCORES, LABELS, strategy=strategy, forest=grown, **options)

    return make_one


def answer(p, right=RIGHT, n=None, **told):
    """Answer up to n questions; returns them."""
    asked = []
    while len(asked) != n and (q := p.ask()) is not None:
        asked.append(q)
        p.tell(q, right[q.rows], **told)
    return asked


def state(p):
    """Everything that can be seen of a propagation."""
    q = p.ask()
    return (
        None if q is None else (q.number, q.rows.tolist(), q.kind, q.cluster, q.label, q.size),
        p.accepted.tolist(),
        p.rejected.tolist(),
        p.open.tolist(),
        p.n_answers,
        p.progress().n_questions,
        p.progress().seconds,
        p.clusters().to_json(),
        p.status().to_json(),
        p.examples(),
    )


@pytest.mark.parametrize("strategy", ALL)
def test_every_mask_is_accepted_rejected_or_open_and_answers_stand(make, strategy):
    p = make(strategy)
    asked = answer(p)
    assert sorted([*p.accepted, *p.rejected, *p.open]) == list(range(120))
    rows = np.concatenate([q.rows for q in asked]) if asked else np.zeros(0, int)
    assert p.n_answers == len(rows)
    assert RIGHT[np.intersect1d(rows, p.accepted)].all()
    assert not RIGHT[np.intersect1d(rows, p.rejected)].any()
    assert p.progress().phase == "done"
    assert all(origin.startswith(f"{p.id}/") for origin in p.origins())
    assert p.certificate


@pytest.mark.parametrize("strategy", ASKING)
def test_the_question_stays_the_same_until_it_is_told(make, strategy):
    p = make(strategy)
    q = p.ask()
    assert p.ask() is q
    p.outlook(q, [True] * len(q.rows))
    p.outlook(q, [None] * len(q.rows))
    p.clusters(), p.status(), p.progress(), p.examples(), repr(p), p._repr_html_()
    assert p.ask() is q
    assert p.n_answers == 0
    p.tell(q, RIGHT[q.rows])
    assert p.ask() is None or p.ask().number == 1


@pytest.mark.parametrize("strategy", ASKING)
def test_undo_leads_back_to_the_beginning_through_exactly_the_same_states(make, strategy):
    p = make(strategy, honeypots=0.2, repeats=0.2, known={0: True, 119: False})
    states = [state(p)]
    for k in range(6):
        if (q := p.ask()) is None:
            break
        if k == 2:
            p.skip(q)
        else:
            p.tell(q, RIGHT[q.rows], annotator="ann", seconds=1.5)
        states.append(state(p))
    for left, before in zip(range(len(states) - 2, -1, -1), reversed(states[:-1]), strict=True):
        if left == 2:
            p._past._copies.clear()  # so that the rest is replayed
        q = p.undo()
        assert q is p.ask()
        assert state(p) == before
    with pytest.raises(HistoryError, match="nothing to undo"):
        p.undo()
    assert not p.reviewers


def test_many_steps_are_taken_back_one_by_one(make):
    p, states = make("verify-all", n_samples=3), []
    for _ in range(38):
        states.append(state(p))
        q = p.ask()
        p.tell(q, RIGHT[q.rows])
    for before in reversed(states):
        p.undo()
        assert state(p) == before


@pytest.mark.parametrize("strategy", ASKING)
def test_what_is_told_after_an_undo_leads_where_it_would_have_led_before(make, strategy):
    p, other = make(strategy), make(strategy)
    for k in range(5):
        if (q := p.ask()) is None:
            break
        p.tell(q, ~RIGHT[q.rows])
        p.undo()
        p.tell(q, RIGHT[q.rows])
        q = other.ask()
        other.tell(q, RIGHT[q.rows])
        assert state(p) == state(other), f"after {k + 1} questions"


@pytest.mark.parametrize("strategy", ASKING)
def test_skipping_everything_ends_and_accepts_nothing(make, strategy):
    p = make(strategy)
    for _ in range(1000):
        if (q := p.ask()) is None:
            break
        p.skip(q)
    assert p.ask() is None
    assert len(p.accepted) == 0
    assert p.n_answers == 0


@pytest.mark.parametrize("strategy", ALL)
@pytest.mark.parametrize("yes", [True, False])
def test_a_reviewer_who_always_says_the_same_is_believed(make, strategy, yes):
    p = make(strategy)
    answer(p, np.full(120, yes))
    if strategy is Threshold:
        return
    assert len(p.rejected if yes else p.accepted) == 0
    assert len(p.accepted) > 0 if yes else len(p.rejected) > 0


@pytest.mark.parametrize("strategy", ALL)
@pytest.mark.parametrize("budget", [0, 1, 20])
def test_no_more_is_asked_than_the_budget(make, strategy, budget):
    p = make(strategy, budget=budget, honeypots=0.5, known={0: True})
    answer(p)
    assert p.n_answers <= budget
    assert p.ask() is None
    if budget == 0:
        assert p.progress().phase == "done"
        assert strategy is Threshold or len(p.accepted) == 0


@pytest.mark.parametrize("strategy", ALL)
@pytest.mark.parametrize("n", [0, 1, 2])
def test_labels_with_hardly_any_masks_are_fine(strategy, n):
    features, scores = FEATURES[: n + 1], SCORES[: n + 1]
    labels = np.array(["cod"] * n + ["ling"])
    for rows in (np.arange(n), np.arange(n + 1)):
        p = Propagation(features[rows], scores[rows], labels[rows], strategy=strategy)
        answer(p)
        assert len(p.accepted) + len(p.rejected) + len(p.open) == len(rows)
        p.clusters(), p.status(), repr(p)


@pytest.mark.parametrize("strategy", ALL)
def test_identical_features_are_fine(strategy):
    p = Propagation(np.ones((40, 3)), np.full(40, 0.5), strategy=strategy)
    answer(p, np.ones(40, bool))
    assert len(p.accepted) + len(p.rejected) + len(p.open) == 40


@pytest.mark.parametrize("strategy", ALL)
def test_masks_known_beforehand_are_asked_about_as_honeypots_alone_and_decided_by_nothing(make, strategy):
    known = {int(row): bool(RIGHT[row]) for row in range(0, 120, 3)}
    p = make(strategy, known=known, honeypots=0.5)
    asked = answer(p, ~RIGHT if strategy == "verify-all" else RIGHT, annotator="ann")
    assert not set(known) & {*p.accepted, *p.rejected, *p.open}
    rows = [int(row) for q in asked for row in q.rows]
    shown = [row for row in rows if row in known]
    assert p.n_answers == len(rows)
    if asked:
        assert shown
        ann = p.reviewers["ann"]
        assert ann.n_right_asked == sum(known[row] for row in shown)
        assert ann.n_wrong_asked == sum(not known[row] for row in shown)
        assert ann.n_right_yes == (0 if strategy == "verify-all" else ann.n_right_asked)


def test_repeated_masks_tell_whether_a_reviewer_agrees_with_themselves(make):
    p = make("verify-all", repeats=0.5)
    asked = answer(p, annotator="ann")
    rows = np.concatenate([q.rows for q in asked])
    assert len(np.unique(rows)) == 120
    assert p.reviewers["ann"].n_repeated == len(rows) - 120 > 20
    assert p.reviewers["ann"].n_agreed == p.reviewers["ann"].n_repeated


def test_what_does_not_fit_the_open_question_is_refused_and_changes_nothing(make):
    p = make()
    q = p.ask()
    before = state(p)
    for answers, message in (
        ([True] * 3, "takes 15 answers of True or False, got 3"),
        ([True] * 16, "got 16"),
        ([1] * 15, "True or False"),
        ([None] * 15, "True or False"),
        (["yes"] * 15, "True or False"),
    ):
        with pytest.raises(DataError, match=message):
            p.tell(q, answers)
    for seconds in (-1.0, np.nan, np.inf):
        with pytest.raises(DataError, match="seconds"):
            p.tell(q, [True] * 15, seconds=seconds)
    with pytest.raises(DataError, match="shows 15 masks, got 2"):
        p.outlook(q, [True, None])
    assert state(p) == before
    p.tell(q, RIGHT[q.rows])
    with pytest.raises(HistoryError, match="question 0 came before; 1 is open"):
        p.tell(q, RIGHT[q.rows])
    answer(p)
    for use in (p.skip, lambda old: p.outlook(old, [True] * 15)):
        with pytest.raises(HistoryError, match="none is open"):
            use(q)
    with pytest.raises(HistoryError, match="has ended"):
        p.finish()


def test_a_question_of_before_an_undo_is_not_mistaken_for_another_of_that_number(make):
    p = make("verify-all")
    q = p.ask()
    other = make("verify-all", n_samples=7).ask()
    with pytest.raises(HistoryError, match="question 0 is not the open one"):
        p.tell(other, [True] * 7)
    p.tell(q, RIGHT[q.rows])
    assert p.undo().rows.tolist() == q.rows.tolist()
    p.tell(q, RIGHT[q.rows])


def test_finishing_early_keeps_what_is_decided_and_can_be_undone(make):
    p = make("paper")
    answer(p, n=1)
    question = p.ask()
    p.finish()
    assert p.ask() is None
    assert p.progress().phase == "done"
    assert p.undo().rows.tolist() == question.rows.tolist()
    answer(p)
    assert len(p.open) == 0


def test_ids_and_labels_of_a_persons_tables_are_kept(grown):
    ids = np.arange(120) * 10 + 7
    p = Propagation(FEATURES, SCORES, LABELS, strategy="paper", forest=grown, ids=ids)
    q = p.ask()
    assert q.ids.tolist() == ids[q.rows].tolist()
    assert q.label in ("cod", "ling")
    assert p.predictions.loc[q.ids, "label"].tolist() == [q.label] * len(q.ids)
    answer(p)
    assert set(p.examples(2)["right"]) <= set(ids)
    table = p.status()
    assert table.index.tolist() == ["cod", "ling", "all"]
    assert table.loc["all", "masks"] == 120
    assert table["accepted"].tolist()[:2] == [35, 35]
    assert p.decided_by(int(p.accepted[0])).startswith(f"{p.id}/cod/")


def test_clusters_are_listed_parents_first_with_their_answers(make):
    p = make("bfs")
    answer(p)
    table = p.clusters()
    for at, row in table.iterrows():
        parent = int(row["parent"])
        assert parent < at
        if parent >= 0:
            above = table.loc[parent]
            assert above["start"] <= row["start"] <= row["stop"] <= above["stop"]
            assert row["depth"] == above["depth"] + 1
            assert row["n_yes"] <= above["n_yes"]
    roots = table[table["parent"] < 0]
    assert roots["cluster"].tolist() == ["0-60", "60-120"]
    assert roots["label"].tolist() == ["cod", "ling"]
    assert (roots["n_yes"] + roots["n_no"]).sum() == p.n_answers


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"features": np.where(np.arange(480).reshape(120, 4) == 8, np.nan, 1.0)}, "1 of 120 rows hold nan"),
        ({"features": FEATURES[:, 0]}, "features must be a table"),
        ({"features": [["a", "b"]] * 120}, "features must be numbers"),
        ({"scores": SCORES[:-1]}, r"scores must hold one value per row of features, \(120,\)"),
        ({"scores": SCORES * 2}, "scores must lie within 0..1"),
        ({"scores": np.where(np.arange(120) == 3, np.nan, SCORES)}, "rows 3"),
        ({"labels": LABELS[:5]}, "labels must hold one value per row"),
        ({"labels": [None, *LABELS[1:]]}, "every row needs a label; rows without: 0"),
        ({"known": {500: True}}, "known must name rows 0..119; got 500"),
        ({"known": np.full(120, 7)}, "known must map rows"),
        ({"rivals": [[0, 1, 2]]}, "rivals must be pairs"),
        ({"rivals": [[0, 0]]}, "paired with themselves"),
        ({"rivals": [[0, 400]]}, "rivals must name rows"),
        ({"ids": np.zeros(120, int)}, "ids must be 120 different numbers"),
        ({"budget": -1}, "budget must be"),
        ({"target_quality": 1.5}, "target_quality must lie between 0 and 1"),
        ({"alpha": 0.0}, "alpha must lie between"),
        ({"honeypots": 2.0}, "honeypots must lie within"),
    ],
)
def test_inputs_that_do_not_fit_are_refused_by_name(grown, change, message):
    given = {"features": FEATURES, "scores": SCORES, "labels": LABELS, "strategy": "paper", "forest": grown}
    with pytest.raises(DataError, match=message):
        Propagation(**{**given, **change})


def test_an_unknown_strategy_or_option_says_what_there_is():
    with pytest.raises(UnknownNameError, match="no strategy 'papper'; did you mean 'paper'"):
        Propagation(FEATURES, SCORES, strategy="papper")
    with pytest.raises(UnknownNameError, match="'paper' has no option 'n_sample'; it has n_samples, accept"):
        Propagation(FEATURES, SCORES, strategy="paper", n_sample=3)


def test_a_forest_must_hold_every_candidate_once(grown, tree):
    some = tree(FEATURES[:50])
    with pytest.raises(DataError, match="70 are missing: 50, 51"):
        Propagation(FEATURES, SCORES, strategy="paper", forest=some)
    known = np.where(np.arange(120) < 50, -1, 1)
    p = Propagation(FEATURES, SCORES, strategy="paper", forest=some, known=known)
    answer(p)
    assert len(p.accepted) + len(p.rejected) == 50
    with pytest.raises(DataError, match="the forest names rows up to 119"):
        Propagation(FEATURES[:60], SCORES[:60], strategy="paper", forest=grown)


def test_a_strategy_that_fails_leaves_the_propagation_as_it_was(make, monkeypatch):
    p = make()
    q = p.ask()
    before = state(p)

    def fails(self, ledger, *_):
        ledger.answer[:] = 1
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(type(p._course.strategy), "heard", fails)
        with pytest.raises(RuntimeError, match="a bug"):
            p.tell(q, RIGHT[q.rows])
    assert state(p) == before
    p.tell(q, RIGHT[q.rows])
