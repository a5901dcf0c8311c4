"""Filters keep the rows they say, and the pandas code they give keeps the same ones."""

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.widgets.workspace.clauses import Clause
from nbalabel.widgets.workspace.filters import all_of, keep, search

MISSING = ("out", "in", "only")
TEXTS = ["cod", "Cod <b>", "línea ß", 'a "quoted" word', "rows", "x.y(z)", ""]


@pytest.fixture(scope="module")
def ws(tmp_path_factory):
    folder = tmp_path_factory.mktemp("filters") / "reef.nbal"
    ds = nl.demo.reef(folder, n_images=60, n_labeled=20, n_test=6, size=96, by_species=True)
    n, rng = len(ds.images), np.random.default_rng(0)
    some = rng.random(n) < 0.2
    images = ds.images
    images["depth"] = np.where(some, np.nan, rng.normal(10, 4, n))
    images["single"] = np.where(some, np.nan, rng.integers(0, 10, n) / 10).astype(np.float32)
    images["wild"] = np.where(some, np.inf, rng.normal(0, 1, n))
    images["count"] = pd.array(np.where(some, None, rng.integers(0, 30, n)), dtype="Int32")
    images["night"] = rng.random(n) < 0.5
    images["maybe"] = pd.array(np.where(some, None, rng.random(n) < 0.5), dtype="boolean")
    images["taken"] = (
        pd.Series(pd.Timestamp("2024-03-01") + pd.to_timedelta(rng.integers(0, 9000, n), unit="min"))
        .where(~some)
        .to_numpy()
    )
    images["seen"] = pd.Series(images["taken"].to_numpy()).dt.tz_localize("Europe/Oslo").array
    images["note"] = pd.array(rng.choice(TEXTS, n), dtype="str")
    images["name"] = pd.array([f"{rng.choice(TEXTS)} {i}" if i % 5 else None for i in range(n)], dtype="str")
    images["mixed"] = pd.Series(rng.choice(np.array([1, 2, "two", None], dtype=object), n)).array
    images["grade"] = pd.Categorical(rng.choice([1, 2, 3], n)).remove_categories([3])
    ds.sync()
    from nbalabel.demo.simulated import simulated_run

    return nl.Workspace(ds, simulated_run(ds))


def run_code(ws, of, code):
    scope = {"rows": ws.frame(of), "ds": ws.ds, "run": ws.run, "nl": nl, "np": np, "pd": pd}
    found = eval(code, scope)  # noqa: S307  # our own code, that it runs is what is tested
    assert pd.api.types.is_bool_dtype(found.dtype), code
    return found.to_numpy(bool)


def random_filter(column, rng):
    missing = str(rng.choice(MISSING))
    if column.kind in ("number", "time"):
        known = column.values[~np.isnan(column.values)]
        ends = rng.choice(known, 2) if len(known) else np.zeros(2)
        if column.kind == "time":
            ends = np.round(ends)
        lo, hi = sorted(float(np.float32(x)) if rng.random() < 0.3 else float(x) for x in ends)
        lo, hi = (x if rng.random() < 0.8 else None for x in (lo, hi))
        return {"kind": "range", "lo": lo, "hi": hi, "missing": missing}
    if column.kind == "boolean" or (column.kind == "category" and rng.random() < 0.5):
        values = [text for text in column.categories if rng.random() < 0.5]
        return {"kind": "values", "values": values, "missing": missing}
    text = str(rng.choice(["", "o", "COD", "ß", "<", "(z", "w", "ro"]))
    return {"kind": "text", "text": text, "case": bool(rng.integers(2)), "regex": False, "missing": missing}


@pytest.mark.parametrize("of", ["images", "instances", "predictions"])
def test_the_code_of_a_filter_keeps_the_rows_the_filter_keeps(ws, of):
    rng = np.random.default_rng(1)
    without = set()
    for name in ws.column_names(of):
        column = ws.column(of, name)
        for _ in range(12):
            wanted = random_filter(column, rng)
            kept = keep(ws, of, name, wanted)
            if not kept.code:
                without.add(name)
                continue
            got = run_code(ws, of, kept.code)
            assert np.array_equal(got, kept.rows), f"{wanted} of {name}: {kept.code}"
    assert without <= {"decision"}


@pytest.mark.parametrize("regex", ["a*", "^c", "[xyz]\\.", "(o|w)", "ß$", r"\d+"])
@pytest.mark.parametrize("name", ["note", "name", "mixed", "state"])
@pytest.mark.filterwarnings("ignore:This pattern is interpreted")
def test_regular_expressions_are_those_of_pandas(ws, name, regex):
    for case in (True, False):
        wanted = {"kind": "text", "text": regex, "regex": True, "case": case}
        kept = keep(ws, "images", name, wanted)
        assert np.array_equal(run_code(ws, "images", kept.code), kept.rows), kept.code
        assert not (kept.rows & ws.column("images", name).missing).any()


def test_a_limit_on_float32_includes_the_number_people_see(ws):
    wanted = {"kind": "range", "lo": 0.3, "hi": 0.3}
    assert (
        keep(ws, "images", "single", wanted).rows.sum() == (ws.ds.images["single"].round(1) == 0.3).sum() > 0
    )


def test_missing_rows_are_left_out_kept_or_alone(ws):
    missing = ws.column("images", "depth").missing
    wanted = {"kind": "range", "lo": 10, "hi": None}
    out, kept, only = (keep(ws, "images", "depth", {**wanted, "missing": how}).rows for how in MISSING)
    assert not (out & missing).any()
    assert np.array_equal(kept, out | missing)
    assert np.array_equal(only, missing)


def test_search_looks_in_every_text_and_for_the_id(ws):
    kept = search(ws, "images", "12", ["note", "name"])
    has = ws.ds.images["name"].str.contains("12", regex=False, na=False) | (ws.ds.images.index == 12)
    assert np.array_equal(kept.rows, has.to_numpy())
    assert np.array_equal(run_code(ws, "images", kept.code), kept.rows)
    nowhere = search(ws, "images", "cod", [])
    assert not nowhere.rows.any()
    assert not run_code(ws, "images", nowhere.code).any()


def test_all_filters_together_are_one_clause_that_runs_as_a_cell(ws):
    parts = [
        keep(ws, "instances", "area", {"kind": "range", "lo": 20, "hi": None}),
        keep(ws, "instances", "habitat", {"kind": "values", "values": ["reef"], "missing": "in"}),
    ]
    both = all_of(parts)
    assert np.array_equal(both.rows, parts[0].rows & parts[1].rows)
    assert np.array_equal(run_code(ws, "instances", both.code), both.rows)
    assert both.title == "area ≥ 20, habitat reef or missing"
    assert all_of([]) is None


def test_titles_say_what_is_left_out_where_that_is_shorter(ws):
    labels = list(ws.ds.labels)
    kept = keep(ws, "instances", "label", {"kind": "values", "values": labels[1:]})
    assert kept.title == f"label not {labels[0]}"
    assert keep(ws, "instances", "label", {"kind": "values", "values": []}).title == "label none"


@pytest.mark.parametrize(
    ("name", "wanted", "says"),
    [
        ("note", {"kind": "text", "text": "(", "regex": True}, "no regular expression"),
        ("depth", {"kind": "values", "values": []}, "needs categories"),
        ("state", {"kind": "range"}, "needs numbers or times"),
        ("depth", {"kind": "text", "text": "a"}, "needs texts"),
        ("depth", {"kind": "range", "lo": "1"}, "must be a number or None"),
        ("depth", {"kind": "range", "missing": "perhaps"}, "missing must be one of"),
        ("depth", {"kind": "fuzzy"}, "kind of a filter"),
    ],
)
def test_filters_that_make_no_sense_say_so(ws, name, wanted, says):
    with pytest.raises(DataError, match=says):
        keep(ws, "images", name, wanted)
    with pytest.raises(UnknownNameError, match="no column 'nothing'"):
        keep(ws, "images", "nothing", wanted)


def test_a_filter_for_the_word_rows_reaches_other_tables_unchanged(ws):
    kept = keep(ws, "images", "note", {"kind": "text", "text": "rows"})
    ws.put(Clause("table/filter", "images", kept.rows, kept.title, kept.code))
    ws.put(Clause("scatter", "instances", np.ones(len(ws.ids("instances")), bool), "", "rows.index >= 0"))
    scope = {"ds": ws.ds, "run": ws.run}
    exec(ws.code(), scope)  # noqa: S102  # our own code, that it runs is what is tested
    ids, expected = scope["selected"].index, ws.selected.index
    ws.clear()
    assert len(expected) > 0
    assert ids.equals(expected)
