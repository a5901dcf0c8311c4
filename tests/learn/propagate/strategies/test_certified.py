"""The default strategy: cheap decisions, then one audit; and what it is kept apart from."""

import numpy as np
import pytest

from nbalabel.core.errors import DataError
from nbalabel.learn.propagate.propagation import Propagation
from nbalabel.learn.propagate.state.ledger import NO, UNKNOWN, YES, Ledger
from nbalabel.learn.propagate.strategies import levels as levels_module
from nbalabel.learn.propagate.strategies.cut import Regions
from nbalabel.learn.propagate.strategies.learner import Learner, _gaussian, _ridge
from nbalabel.learn.propagate.strategies.levels import in_bins, levels


def candidates(n=400, seed=0, base=0.6):
    """Masks in two heaps: right ones are mostly in one of them, and score a little higher."""
    rng = np.random.default_rng(seed)
    right = rng.random(n) < base
    features = rng.normal(size=(n, 4)).astype(np.float32)
    features[:, 0] += np.where(right, 2.2, -2.2)
    scores = np.clip(0.5 + 0.15 * right + rng.normal(0, 0.15, n), 0.05, 0.95)
    return features, scores, right


def answered(p, right, wrong_share=0.0, seed=0):
    rng = np.random.default_rng(seed)
    while (question := p.ask()) is not None:
        said = right[question.rows] ^ (rng.random(len(question.rows)) < wrong_share)
        p.tell(question, said)
    return p


def test_what_is_said_of_an_answer_left_out_is_what_is_learned_without_it():
    features, _, right = candidates(12)
    target = np.where(right, 0.5, -0.5)
    _, unseen = _ridge(features, target)
    for row in range(12):
        rest = np.delete(np.arange(12), row)
        weights, _ = _ridge(features[rest], target[rest])
        assert features[row] @ weights == pytest.approx(unseen[row], abs=1e-6)


def test_similarity_to_landmarks_stands_for_the_kernel():
    features, scores, _ = candidates(200)
    learner = Learner.of(features, scores.astype(np.float32))
    x = learner.columns
    apart = ((x[:, None] - x[None]) ** 2).sum(axis=2)
    kernel = _gaussian(x, x, 0.4 * np.median(apart)) + 0.15 * x @ x.T + 1  # 200 masks are all landmarks
    about = learner.described @ learner.described.T
    assert np.abs(about - kernel).max() < 0.1
    assert np.corrcoef(about.ravel(), kernel.ravel())[0, 1] > 0.999


def test_hints_tell_what_features_do_not():
    rng = np.random.default_rng(0)
    right = rng.random(1000) < 0.5
    noise = rng.normal(size=(1000, 4)).astype(np.float32)
    hints = (np.where(right, 1, -1)[:, None] + rng.normal(size=(1000, 1))).astype(np.float32)
    scores = np.full(1000, 0.5, np.float32)
    for given, least, most in ((hints, 0.8, 1.0), (None, 0.3, 0.65)):
        chance = Learner.of(noise, scores, given).chances(np.arange(200), right[:200])
        assert least <= ((chance > 0.5) == right)[200:].mean() <= most


def test_the_mean_chance_follows_the_answers_about_the_masks_in_question():
    features, scores, right = candidates(3000)
    learner = Learner.of(features, scores.astype(np.float32))
    rows = np.arange(1000)
    other = right.copy()
    other[900:] &= np.random.default_rng(1).random(2100) < 0.6  # fewer are right than on labeled images
    own = rows >= 900
    apart = learner.chances(rows, other[:1000])[1000:].mean() - other[1000:].mean()
    followed = learner.chances(rows, other[:1000], own)[1000:].mean() - other[1000:].mean()
    assert apart > 0.1
    assert abs(followed) < apart / 2


def test_chances_learned_from_some_answers_are_right_about_the_others():
    features, scores, right = candidates(2000)
    learner, rows = Learner.of(features, scores), np.arange(0, 2000, 10)
    chance = learner.chances(rows, right[rows])
    rest = np.setdiff1d(np.arange(2000), rows)
    assert ((chance > 0.5) == right)[rest].mean() > 0.95
    for low, high in ((0.0, 0.3), (0.7, 1.0)):
        among = rest[(chance[rest] >= low) & (chance[rest] <= high)]
        assert right[among].mean() == pytest.approx(chance[among].mean(), abs=0.05)


def test_many_known_masks_are_learned_from_as_a_sample():
    features, scores, right = candidates(5000)
    learner = Learner.of(features, scores)
    chance = learner.chances(np.arange(4000), right[:4000])
    assert ((chance > 0.5) == right)[4000:].mean() > 0.95
    assert np.array_equal(chance, learner.chances(np.arange(4000), right[:4000]))
    own = np.arange(4000) >= 2600  # and these say the opposite
    other = np.where(own, ~right[:4000], right[:4000])
    chance = learner.chances(np.arange(4000), other, own)
    assert ((chance > 0.5) == right)[4000:].mean() < 0.05


def test_it_accepts_most_right_masks_for_few_answers(tree):
    features, scores, right = candidates(2000)
    p = answered(Propagation(features, scores, forest=tree(features)), right)
    assert right[p.accepted].mean() >= 0.85
    assert right[p.accepted].sum() > 0.9 * right.sum()
    assert p.n_answers < 0.2 * len(right)
    assert "with probability 95%" in p.certificate
    assert p.progress().lower >= 0.85


@pytest.mark.slow
def test_the_target_is_missed_in_at_most_alpha_of_the_repetitions(tree):
    missed = 0
    for seed in range(24):
        features, scores, right = candidates(200, seed, base=0.45)
        p = Propagation(features, scores, forest=tree(features[:, :2]), seed=seed, alpha=0.1, warm_up=30)
        answered(p, right)
        missed += bool(len(p.accepted)) and right[p.accepted].mean() < 0.85
    assert missed <= 6  # 2.4 expected at most; more than 6 has a chance of 0.01


@pytest.mark.parametrize("always", [True, False])
def test_a_reviewer_who_always_says_the_same_is_believed(tree, always):
    features, scores, _ = candidates(120)
    p = answered(Propagation(features, scores, forest=tree(features)), np.full(120, always))
    if always:
        assert len(p.accepted) == 120
    else:
        assert len(p.accepted) == 0
        assert len(p.rejected) >= p.n_answers


def test_nothing_is_accepted_before_the_audit_but_what_was_answered_yes(tree):
    features, scores, right = candidates()
    p = Propagation(features, scores, forest=tree(features))
    while (question := p.ask()) is not None and question.kind == "sample" and question.cluster:
        p.tell(question, right[question.rows])
        assert right[p.accepted].all()


def test_a_budget_is_kept_and_what_was_certified_by_then_holds(tree):
    features, scores, right = candidates(600)
    forest = tree(features)
    for budget in (0, 7, 60, 150):
        p = answered(Propagation(features, scores, forest=forest, budget=budget), right)
        assert p.n_answers <= budget
        assert not len(p.accepted) or right[p.accepted].mean() >= 0.85


def test_of_masks_that_overlap_only_one_is_accepted(tree):
    features, scores, right = candidates(200, base=0.9)
    rivals = np.column_stack([np.arange(0, 200, 2), np.arange(1, 200, 2)])
    p = answered(Propagation(features, scores, forest=tree(features), rivals=rivals), right)
    taken = np.isin(np.arange(200), p.accepted)
    said_yes = int((taken[::2] & taken[1::2]).sum())
    assert len(p.accepted) > 60
    assert said_yes <= p.n_answers / 2  # both only where a person said yes to both


def test_the_same_answers_lead_to_the_same_questions(tree):
    features, scores, right = candidates()
    forest = tree(features)
    one, other = (Propagation(features, scores, forest=forest, seed=5) for _ in range(2))
    while (a := one.ask()) is not None:
        b = other.ask()
        assert a.rows.tolist() == b.rows.tolist()
        assert (a.kind, a.cluster) == (b.kind, b.cluster)
        one.tell(a, right[a.rows])
        other.tell(b, right[b.rows])
    assert other.ask() is None


def test_known_answers_save_questions_before_the_audit(tree):
    features, scores, right = candidates(700)
    known = np.full(700, -1, np.int8)
    known[:300] = right[:300]
    with_known = Propagation(features, scores, known=known, forest=tree(features))
    without = Propagation(features, scores, forest=tree(features))
    first_audit = [_answers_before_audit(p, right) for p in (with_known, without)]
    assert first_audit[0] < first_audit[1]
    assert not np.isin(answered(with_known, right).accepted, np.arange(300)).any()


def _answers_before_audit(p, right):
    while p.progress().phase == "search":
        question = p.ask()
        p.tell(question, right[question.rows])
    return p.n_answers


def test_skipping_the_audit_keeps_what_was_answered(tree):
    features, scores, right = candidates()
    p = Propagation(features, scores, forest=tree(features))
    _answers_before_audit(p, right)
    p.skip(p.ask())
    assert p.ask() is None
    assert right[p.accepted].all()


def test_the_outlook_of_an_audit_ends_in_what_telling_it_gives(tree):
    features, scores, right = candidates(300, base=0.95)
    p = Propagation(features, scores, forest=tree(features))
    _answers_before_audit(p, right)
    question = p.ask()
    said = right[question.rows]
    outlook = p.outlook(question, said.tolist())
    nothing = p.outlook(question, [None] * len(said))
    assert question.kind == "audit"
    assert nothing.lower <= outlook.lower <= outlook.estimate
    p.tell(question, said)
    assert (outlook.outcome == "accept") == (len(p.accepted) > p.n_answers)


def test_an_audit_says_how_many_answers_are_still_expected(tree):
    features, scores, right = candidates(1500, base=0.9)
    p = Propagation(features, scores, forest=tree(features))
    _answers_before_audit(p, right)
    question = p.ask()
    nothing = p.outlook(question, [None] * len(question.rows))
    said = p.outlook(question, [True] * len(question.rows))
    assert 0 <= said.answers < nothing.answers < 200


def test_what_is_left_is_ordered_by_what_was_learned(tree):
    features, scores, right = candidates(1500)
    p = answered(Propagation(features, scores, forest=tree(features), budget=120), right)
    rest = p.rest
    assert sorted(rest) == p.open.tolist()
    half = len(rest) // 2
    assert right[rest[:half]].mean() > right[rest[half:]].mean() + 0.3


def test_the_curve_counts_masks_after_each_question_and_follows_undo(tree):
    features, scores, right = candidates()
    p = Propagation(features, scores, forest=tree(features))
    for _ in range(3):
        question = p.ask()
        p.tell(question, right[question.rows])
    curve = p.progress().curve
    assert [answers for answers, _ in curve] == sorted({answers for answers, _ in curve})
    assert curve[-1] == (p.n_answers, len(p.accepted))
    p.undo()
    assert p.progress().curve == curve[:2]


def test_all_of_a_budget_is_asked_where_masks_are_left(tree):
    features, scores, right = candidates(900)
    p = answered(Propagation(features, scores, forest=tree(features), budget=300), right)
    assert p.n_answers == 300


def test_the_surest_masks_are_certified_on_the_way(tree):
    features, scores, right = candidates(1500, base=0.8)
    p = Propagation(features, scores, forest=tree(features), budget=400)
    seen = []
    while (question := p.ask()) is not None:
        p.tell(question, right[question.rows])
        seen.append((p.n_answers, len(p.accepted)))
        assert len(p.accepted) < 100 or right[p.accepted].mean() >= 0.85
    many = [answers for answers, accepted in seen if accepted > 3 * answers]
    assert many[0] < 250
    assert len({accepted for _, accepted in seen if accepted > 400}) > 3


def test_without_a_budget_it_goes_on_while_answers_bring_more_than_one_by_one(tree):
    features, scores, right = candidates(2000)
    forest = tree(features)
    short = answered(Propagation(features, scores, forest=forest, least_gain=30.0), right)
    long = answered(Propagation(features, scores, forest=forest), right)
    assert short.n_answers < long.n_answers < 1000
    assert len(short.accepted) <= len(long.accepted)


def test_no_seed_accepts_far_less_than_the_others(tree):
    taken = []
    for seed in range(20):
        features, scores, right = candidates(1200, seed, base=0.79)
        p = Propagation(features, scores, forest=tree(features), seed=seed)
        taken.append(len(answered(p, right).accepted))
    assert min(taken) > np.median(taken) / 2


@pytest.mark.parametrize(
    "option", [{"n_samples": 0}, {"n_clusters": 0}, {"least_gain": -0.5}], ids=lambda o: next(iter(o))
)
def test_options_out_of_range_are_named(tree, option):
    features, scores, _ = candidates(20)
    with pytest.raises(DataError, match=f"{next(iter(option))} must be"):
        Propagation(features, scores, forest=tree(features), **option)


def found(chance, left=np.inf, rate=1.0, n_right=0):
    return levels(chance, n_right, target=0.85, alpha=0.05, left=left, rate=rate)


def test_more_answers_are_planned_for_more_masks():
    chance = np.linspace(0.995, 0.5, 2000)
    best = [found(chance, left).best for left in (40, 80, 300, np.inf)]
    assert best == sorted(best)
    assert best[0] < best[-1]
    assert found(chance, 60).answers <= 60
    assert found(chance, rate=20.0).best < found(chance).best


def test_sets_are_nested_from_sure_ones_to_some_beyond_the_best():
    plan = found(np.linspace(0.995, 0.3, 3000))
    assert (np.diff(plan.sizes) > 0).all()
    assert plan.sizes[0] < plan.best < plan.sizes[-1] <= 3000
    assert plan.best in plan.sizes
    assert (len(plan.hopes), plan.ladder) == (len(plan.sizes) - plan.gates, 1)
    assert plan.sizes[plan.gates :][plan.hopes.argmax()] == plan.best


def test_with_few_answers_the_best_set_is_tested_first():
    plan = found(np.linspace(0.995, 0.3, 3000), left=100)
    assert plan.gates == 0
    assert plan.sizes[-plan.ladder] == plan.best  # smaller ones are for the case that it fails
    assert (len(plan.sizes), len(plan.hopes)) == (plan.ladder + 2, 3)
    assert plan.hopes[-1] == plan.hopes.max()
    assert plan.sizes[-1] > 3 * plan.best


def test_few_answers_certify_more_where_sets_are_tested_in_order(tree, monkeypatch):
    masks = {}
    for few in (300, 0):
        monkeypatch.setattr(levels_module, "FEW", few)
        n = []
        for seed in range(6):
            features, scores, right = candidates(4000, seed, base=0.7)
            p = answered(Propagation(features, scores, forest=tree(features), budget=80, seed=seed), right)
            assert p.n_answers == 80
            n.append(len(p.accepted))
        masks[few] = np.exp(np.log(n).mean())
    assert masks[300] > 1.2 * masks[0]


def test_no_sets_where_nothing_reaches_the_target_or_nothing_is_left():
    assert found(np.full(50, 0.4), left=10).best == 0
    assert found(np.zeros(0)).best == 0


def test_masks_known_to_be_right_make_larger_sets_worth_their_answers():
    chance = np.linspace(0.98, 0.4, 1500)
    assert found(chance, 200, n_right=600).best > found(chance, 200).best


def test_the_learner_says_what_the_answers_say():
    features, scores, right = candidates(600)
    learner = Learner.of(features, scores.astype(np.float32))
    chance = learner.chances(np.arange(200), right[:200])
    rest = slice(200, 600)
    assert chance[rest][right[rest]].mean() > chance[rest][~right[rest]].mean() + 0.5
    assert abs(chance[rest].mean() - right[rest].mean()) < 0.08


def test_with_few_answers_the_learner_moves_the_scores_only():
    features, scores, _ = candidates(50)
    learner = Learner.of(features, scores.astype(np.float32))
    chance = learner.chances(np.arange(3), np.array([True, True, False]))
    assert (np.argsort(chance) == np.argsort(scores.astype(np.float32), kind="stable")).mean() > 0.9


def test_questions_go_to_large_clusters_near_the_edge(tree):
    features, scores, _ = candidates(100)
    ledger = Ledger(
        features,
        scores.astype(np.float32),
        np.zeros(100, np.int64),
        tree(features),
        np.zeros((0, 2), np.int64),
        np.full(100, UNKNOWN, np.int8),
        np.zeros((100, 0), np.float32),
    )
    regions = Regions(ledger, most=4)
    regions.cut(np.linspace(0, 1, 100)[np.argsort(np.argsort(features[:, 0]))])
    assert len(regions.open) == 4
    largest, *others = sorted(regions.open, key=lambda c: -len(regions.rows(c)))

    def gain(cluster, chance, n=15):
        unanswered = regions.rows(cluster, unknown=True)
        return regions.gain(cluster, np.full(len(unanswered), chance), 0.75, 0.85, n)

    assert gain(largest, 0.7) > gain(largest, 0.99)
    assert gain(largest, 0.7) > gain(others[-1], 0.7)
    before = gain(largest, 0.7, 5)
    ledger.answer[regions.rows(largest)[:10]] = [YES] * 7 + [NO] * 3
    assert 0 < gain(largest, 0.7, 5) < before
    ledger.answer[regions.rows(largest)] = YES
    assert gain(largest, 0.7, 5) == 0


def test_clusters_that_came_up_are_told_once_parents_first(tree):
    features, scores, _ = candidates(100)
    p = Propagation(features, scores, forest=tree(features))
    regions = Regions(p.standing[1], most=4)
    regions.cut(np.linspace(0, 1, 100))
    first = regions.new()
    assert first == list(regions.state)
    assert not regions.new()
    split = next(c for c in regions.open if len(regions.rows(c)) > 1)
    regions.split(split)
    assert regions.new() == [c for c in regions.open if c not in first]


def test_doubts_in_bins_are_those_that_looking_at_each_mask_gives():
    rng = np.random.default_rng(0)
    for doubt in (np.sort(rng.random(500) ** 3), np.sort(rng.random(500))[::-1], np.full(30, 0.25)):
        root = np.sqrt(doubt)
        width = max(root.max() - root.min(), 1e-9)
        at = np.minimum(((root - root.min()) / width * 16).astype(int), 15)
        left = np.bincount(at, minlength=16)
        mean = np.bincount(at, doubt, minlength=16)[left > 0] / left[left > 0]
        rows, means = in_bins(doubt, np.append(0.0, np.cumsum(doubt)))
        assert rows.tolist() == left[left > 0].tolist()
        assert means == pytest.approx(mean)


def test_a_skipped_cluster_and_rivals_of_a_yes_are_not_offered(tree):
    features, scores, _ = candidates(400)
    rivals = np.array([[a, a + 1] for a in range(0, 400, 2)])
    p = Propagation(features, scores, forest=tree(features), rivals=rivals)
    skipped = p.ask()
    p.skip(skipped)
    yes = p.ask()
    p.tell(yes, np.ones(len(yes.rows), bool))
    strategy, ledger = p.standing
    offered = strategy._candidates(ledger)
    start, stop = map(int, skipped.cluster.split("-"))
    assert not np.isin(offered, ledger.forest.between(start, stop)).any()
    assert not np.isin(offered, yes.rows ^ 1).any()
    assert len(np.unique(offered // 2)) == len(offered)  # one of each pair
    assert (np.diff(strategy.chance[offered]) <= 0).all()
    assert strategy._falling(ledger).tolist() == strategy.chance[offered].tolist()
    few = strategy._most_certain(np.sort(offered), 7)
    assert few.tolist() == offered[:7].tolist()


def test_lenient_reviewers_are_found_out_by_honeypots_and_the_target_holds(tree):
    kept, n_accepted = [], []
    for seed in range(30):
        features, scores, right = candidates(1600, seed=seed, base=0.75)
        features[:, 0] *= 0.5  # what looks alike is not all right
        known = np.full(1600, UNKNOWN, np.int8)
        known[1200:] = right[1200:]
        rng = np.random.default_rng(seed)
        said = right | (rng.random(1600) < 0.1)
        p = Propagation(features, scores, forest=tree(features[:1200]), known=known, honeypots=0.1, seed=seed)
        while (question := p.ask()) is not None:
            p.tell(question, said[question.rows])
        kept.append(right[p.accepted].mean() >= 0.85)
        n_accepted.append(len(p.accepted))
    assert np.mean(kept) >= 0.95
    assert np.median(n_accepted) > 400


def test_honeypots_come_first_are_mostly_wrong_ones_and_come_once(tree):
    features, scores, right = candidates(800)
    known = np.full(800, UNKNOWN, np.int8)
    known[500:] = right[500:]
    p = Propagation(features, scores, forest=tree(features[:500]), known=known, honeypots=0.1, n_tests=50)
    tested = []
    while len(tested) < 50:
        question = p.ask()
        assert question.kind == "sample"
        tests = question.rows[question.rows >= 500].tolist()
        assert len(tests) == min(50 - len(tested), len(question.rows) - len(tests))
        tested += tests
        p.tell(question, right[question.rows])
    assert 0.7 < (~right[tested]).mean() < 0.9
    while (question := p.ask()) is not None:
        tested += question.rows[question.rows >= 500].tolist()
        p.tell(question, right[question.rows])
    assert len(set(tested)) == len(tested) > 50
    reviewer = p.reviewers[""]
    assert reviewer.n_wrong_asked + reviewer.n_right_asked == len(tested)


def test_nothing_is_audited_that_overlaps_what_was_answered_yes(tree):
    features, scores, right = candidates()
    rivals = np.stack([np.arange(0, 400, 2), np.arange(1, 400, 2)], axis=1)
    p = Propagation(features, scores, forest=tree(features), rivals=rivals)
    _answers_before_audit(p, right)
    pool, yes = p._course.strategy.nested.pool, p._course.ledger.answer == YES
    assert len(pool) > 50
    assert not yes[pool ^ 1].any()
    assert not np.isin(pool ^ 1, pool).any()


@pytest.mark.parametrize("budget", [220, 300])
def test_honeypots_leave_an_audit_its_part_of_the_budget(tree, budget):
    features, scores, right = candidates(2400, base=0.8)
    known = np.full(2400, UNKNOWN, np.int8)
    known[2000:] = right[2000:]
    p = Propagation(features, scores, forest=tree(features[:2000]), known=known, honeypots=0.1, budget=budget)
    kinds = []
    while (question := p.ask()) is not None:
        kinds.append(question.kind)
        p.tell(question, right[question.rows])
        assert "could be certified" not in p.certificate or p.ask() is None
    assert "audit" in kinds
    assert p.n_answers <= budget
    assert p.progress().lower >= 0.85
