"""Names and texts that try to become code: in generated cells, and in the HTML of every card."""

import ast
import builtins
import html.parser
import re
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError
from nbalabel.demo.simulated import simulated_run
from nbalabel.widgets.scatter.columns import as_axis, as_color
from nbalabel.widgets.workspace.clauses import Clause
from nbalabel.widgets.workspace.filters import keep, search

RUN = "__import__('builtins').__dict__.__setitem__('nbalabel_was_here', 1)"
PIECES = (
    *("\n", "\r", "\r\n", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029", "\0", "\x1b[2J", "\x7f"),
    *("\u202e", "\u2066", "\ud800", "\udfff", "\xa0", "\ufeff", "\u200b", "\U000e0001"),
    *('"', "'", '"""', "'''", "\\", "\\\n", "]", ")", "}", "{", "#", ";", "`", "@", "$", "%s", "{0}"),
    *("rows", "ds", "__class__", "cod", " ", "\t", "0", "é", "𝒳", RUN, f"\n{RUN}\n", f'"]; {RUN} #'),
)
MARKUP = "<script>nbalabel()</script><img src=x onerror=nbalabel()>\"'><svg/onload=nbalabel()>&amp;"
HIDDEN = (
    "a\nb",
    "a\rb",
    "a\x00b",
    "a\x1bb",
    "a\x85b",
    "a\u2028b",
    "a\u2029b",
    "a\ud800b",
    "a\u202eb",
    "a\u2066b",
)


def hostile(rng):
    return "".join(rng.choice(PIECES) for _ in range(rng.randint(1, 6)))


def whole(text):
    return text.encode(errors="ignore").decode()  # pandas takes no halves of characters


@pytest.fixture(scope="module")
def ds(tmp_path_factory):
    folder = tmp_path_factory.mktemp("names") / "reef.nbal"
    return nl.demo.reef(folder, n_images=12, n_labeled=6, n_test=2, size=96, by_species=True)


@pytest.fixture
def given(rng, ds):
    """A workspace whose predictions have columns and values with such names; and these columns."""
    run = simulated_run(ds)
    n = len(run.predictions)
    texts = np.array([whole(hostile(rng)) for _ in range(6)], object)
    frame = run.predictions.copy()
    frame[whole(hostile(rng)) + " text"] = pd.Series(rng.choices(texts, k=n), index=frame.index, dtype=object)
    frame[whole(hostile(rng)) + " kind"] = pd.Categorical(rng.choices(texts, k=n))
    frame[whole(hostile(rng)) + " number"] = np.arange(n, dtype=float)
    run = replace(run, predictions=frame)
    ws = nl.Workspace(ds, run)
    yield ws, list(frame.columns[-3:])
    ws.close()


def check_cell(ws):
    """The cell has only the statements it should, runs, and selects what the views do; returns its rows."""
    code = ws.code()
    code.encode()
    imports = [line for line in code.splitlines() if line.startswith("import ")]
    assert set(imports) <= {"import nbalabel as nl", "import numpy as np"}
    assumed = [line for line in code.splitlines() if re.match("# (ds|run): the (Dataset|Run) ", line)]
    body = ast.parse(code).body[len(imports) :]
    names = [node.targets[0].id for node in body]
    assert all(isinstance(node, ast.Assign) for node in body), code
    assert set(names) <= {"rows", "other", "selected"}
    assert (names[0], names[-1]) == ("rows", "selected")
    comments = len(assumed) + len(ws.selection.clauses)  # one comment a clause
    assert len(code.splitlines()) == len(imports) + len(body) + comments
    scope = {"ds": ws.ds, "run": ws.run, "np": np, "pd": pd, "nl": nl}
    exec(code, scope)  # noqa: S102  # that is what the cell is for
    assert not hasattr(builtins, "nbalabel_was_here"), code
    return scope["selected"]


def test_filters_of_hostile_columns_and_values_give_cells_that_only_filter(given, rng, rounds):
    ws, names = given
    for _ in range(rounds(60, 4000)):
        ws.clear()
        for k in range(rng.randint(1, 3)):
            name = rng.choice(names)
            column = ws.column("predictions", name)
            wanted = {"kind": "range", "lo": rng.choice([0, 2.5, None]), "hi": rng.choice([9, float("inf")])}
            if column.kind != "number":
                values = rng.sample(column.categories, rng.randint(1, len(column.categories)))
                by_text = {"kind": "text", "text": whole(rng.choice([*column.categories, hostile(rng)]))}
                wanted = rng.choice([{"kind": "values", "values": values}, by_text])
            kept = keep(ws, "predictions", name, {**wanted, "missing": rng.choice(["in", "out"])})
            ws.put(Clause(f"{hostile(rng)}{k}", "predictions", kept.rows, kept.title, kept.code))
        assert check_cell(ws).index.equals(ws.selected.index)


def test_a_search_for_hostile_text_gives_a_cell_that_only_searches(given, rng, rounds):
    ws, names = given
    for _ in range(rounds(20, 500)):
        kept = search(ws, "predictions", whole(hostile(rng)), names[:2])
        ws.put(Clause("table", "predictions", kept.rows, kept.title, kept.code))
        assert check_cell(ws).index.equals(ws.selected.index)


def test_titles_and_sources_stay_in_their_comment(given, rng, rounds):
    ws, _ = given
    images = np.ones(len(ws.ids("images")), bool)
    for _ in range(rounds(50, 2000)):
        ws.clear()
        ws.put(Clause(hostile(rng) + "1", "images", images, hostile(rng)))
        ws.put(Clause(hostile(rng) + "2", "predictions", np.ones(len(ws.ids("predictions")), bool), ""))
        check_cell(ws)


MORE_THAN_PICKING = (
    *(RUN, "rows.index.map(print)", "ds.commit('x')", "rows.eval('@ds')", "rows.query('score > 0')"),
    *("rows.__class__", "rows.to_pickle('x')", "ds.images['a'].str._inferred_dtype", "(x := 1)"),
    *("[x for x in rows]", "f'{ds}'", "lambda: 0", "rows['a'] # ] comment", "rows['a']\nimport os"),
    *("1] + rows[1", "1); print((1", "rows['a'], ds", "*rows", "nl.open('/tmp')", "rows.map(**ds)"),
    *("(" * 5000, "'\u202e' == rows['a']", "rows['\ud800']"),
)


def test_an_expression_from_the_browser_that_does_more_than_pick_rows_is_not_written_down(given):
    ws, _ = given
    rows = np.arange(len(ws.ids("images"))) % 2 == 0
    bits = memoryview(np.packbits(rows, bitorder="little").tobytes())
    state = []
    ws.selection.receive({"kind": "selection", "op": "ready"}, [], lambda message, _: state.append(message))
    message = {"kind": "selection", "op": "clause", "client": "c", "rev": state[0]["rev"], "of": "images"}
    for code in MORE_THAN_PICKING:
        for of in ("images", "predictions"):
            content = {**message, "source": "scatter", "title": "lasso", "code": code}
            ws.selection.receive(content, [bits], lambda *_: None)
            ws.put(Clause("last", of, np.ones(len(ws.ids(of)), bool)))
            assert check_cell(ws).index.equals(ws.selected.index)
            assert code not in ws.code()


def test_expressions_of_charts_are_such_as_cells_take(given):
    from nbalabel.widgets.workspace.harmless import is_plain

    ws, _ = given
    for of in ("images", "instances", "predictions"):
        for name in ws.column_names(of):
            heads = [as_axis(ws, of, name)[0]]
            if ws.column(of, name).kind != "text":
                heads.append(as_color(ws, of, name)[0])
            codes = [head[key] for head in heads for key in ("code", "missing_code") if head.get(key)]
            assert all(map(is_plain, codes)), codes


@pytest.mark.parametrize("name", HIDDEN)
def test_labels_with_control_characters_are_refused_at_every_boundary(tmp_path, name):
    images = pd.DataFrame({"file": ["a.png"], "width": [4], "height": [3]})
    instances = pd.DataFrame({"image_id": [], "label": [], "mask": []})
    with pytest.raises(DataError, match="without control characters"):
        nl.Tables.of(images, instances, ["cod", name])
    with pytest.raises(DataError, match="without control characters"):
        nl.create(tmp_path / "a.nbal", labels=[name])
    ds = nl.create(tmp_path / "b.nbal", labels=["cod"])
    for edit in (lambda: ds.add_label(name), lambda: ds.rename_label("cod", name)):
        with pytest.raises(DataError, match="without control characters"):
            edit()
    assert ds.labels == ("cod",)
    ds.close()


@pytest.mark.parametrize("name", [name for name in HIDDEN if "\ud800" not in name])  # pandas refuses that one
def test_columns_with_control_characters_are_refused_at_every_boundary(tmp_path, name):
    images = pd.DataFrame({"file": ["a.png"], "width": [4], "height": [3], name: [1]})
    instances = pd.DataFrame({"image_id": [], "label": [], "mask": []})
    with pytest.raises(DataError, match="without control characters"):
        nl.Tables.of(images, instances, ["cod"])
    ds = nl.Tables.of(images.drop(columns=name), instances, ["cod"]).save(tmp_path / "a.nbal")
    with pytest.raises(DataError, match="without control characters"):
        ds.set(ds.images, **{name: 3})
    ds.images[name] = 3
    with pytest.raises(DataError, match="without control characters"):
        ds.sync()
    ds.images["weight"] = 2.0
    ds.sync()
    assert ds.images["weight"].tolist() == [2.0]
    ds.close()


@pytest.mark.parametrize("name", ["דג קוד\u200f", "نمی\u200cخواهم", "👩\u200d🔬", "línea ß", "a<b>&'\""])
def test_labels_of_every_script_pass(name):
    images = pd.DataFrame({"file": ["a.png"], "width": [4], "height": [3]})
    tables = nl.Tables.of(images, pd.DataFrame({"image_id": [], "label": [], "mask": []}), [name])
    assert tables.labels == (name,)


class Tags(html.parser.HTMLParser):
    """Every tag and attribute a browser would see."""

    def __init__(self, text):
        super().__init__()
        self.found, self.events = set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.events |= {name for name, _ in attrs if name.startswith("on")}
        assert not any(value and "nbalabel()" in value and name == "src" for name, value in attrs)


def assert_harmless(text):
    tags = Tags(text)
    assert not tags.found & {"script", "iframe", "object", "embed", "link", "meta", "form"}, tags.found
    assert not tags.events, tags.events


def test_names_stay_text_in_the_html_of_every_card(tmp_path):
    from nbalabel.core.show.card import bar, card, facts_table, line_chart_svg

    m = MARKUP
    for text in (bar({m: 1}), card(m, {m: m}, subtitle=m), facts_table({m: m})):
        assert_harmless(text)
    assert_harmless(line_chart_svg({m: [1.0, 2.0]}, title=m, x_label=m, y_label=m))
    ds = nl.demo.reef(tmp_path / "r.nbal", n_images=8, n_labeled=4, n_test=2, size=96)
    run = simulated_run(ds)
    ds.rename_label(ds.labels[0], m)
    ds.images[m] = m
    ds.images["file"] = [f"{i} {m.replace('/', '')}" for i in range(len(ds.images))]
    ds.sync()
    assert_harmless(ds.status()._repr_html_())
    ds.commit(m)
    run = replace(run, id=m, model=m, labels=(m, *run.labels[1:]))
    run.predictions["origin"] = m
    run.predictions["label"] = run.predictions["label"].cat.rename_categories(list(run.labels))
    for thing in (
        ds,
        ds.version(ds.version_id),
        ds.status(),
        nl.Tables.of(ds.images, ds.instances, ds.labels),
        run,
    ):
        assert_harmless(thing._repr_html_())
    ws = nl.Workspace(ds, run)
    ws.select(ds.images, title=m)
    for view in (nl.Table(ws), nl.Table(ws, of="instances"), nl.Viewer(ws), nl.Confusion(ws)):
        assert_harmless(view.html())
    ws.close()
    ds.close()
    shutil.rmtree(tmp_path / "r.nbal")
