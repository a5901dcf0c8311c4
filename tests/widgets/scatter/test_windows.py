"""A table too large to be sent: counts of all its points, a sample, and what is found among all of them."""

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.core.geometry.outlines.inside import inside
from nbalabel.core.tables.schema import empty
from nbalabel.widgets.bridge.numbers import gaps
from nbalabel.widgets.scatter import columns as column_module
from nbalabel.widgets.scatter import scatter as view_module
from nbalabel.widgets.scatter import windows as module
from nbalabel.widgets.scatter.cloud import Cloud, colored
from nbalabel.widgets.scatter.sampling import drawn, hashed, rates
from nbalabel.widgets.scatter.shapes import in_box, in_lasso
from nbalabel.widgets.scatter.tile import MARKED, Window, cells, levels, tile
from nbalabel.widgets.workspace.clauses import Clause
from nbalabel.widgets.workspace.selection import unpack

N, LIMIT = 6000, 1000
WHOLE = [0.0, 0.0, 1.0, 1.0]


def table(n=N, seed=0):
    rng = np.random.default_rng(seed)
    kinds = rng.integers(3, size=n)
    kinds[rng.choice(n, 12, replace=False)] = 3
    frame = pd.DataFrame(
        {
            "file": [f"{i}.png" for i in range(n)],
            "width": 64,
            "height": 48,
            "east": rng.normal(size=n),
            "north": rng.normal(size=n).astype(np.float32),
            "depth": rng.gamma(2, 10, n),
            "habitat": pd.Categorical.from_codes(kinds, ["reef", "sand", "mud", "rare"]),
        }
    )
    frame.loc[::50, "east"] = np.nan
    frame.loc[3, "north"] = np.inf
    frame.loc[::70, "habitat"] = np.nan
    return frame


@pytest.fixture
def large(tmp_path, monkeypatch):
    """A workspace of 6,000 images, of which a scatter draws 1,000."""
    for place in (module, view_module):
        monkeypatch.setattr(place, "DRAWN_AT_MOST", LIMIT)
    for place in (column_module, view_module):
        monkeypatch.setattr(place, "SENT_AT_MOST", LIMIT)
    tables = nl.Tables.of(table(), empty("instances", ["fish"]), ["fish"], None)
    return nl.Workspace(tables.save(tmp_path / "large.nbal"))


@pytest.fixture
def plot(large):
    return nl.Scatter(large, "east", "north", color="habitat")


def rows_of(buffer, n):
    rows, gap, shift, row = [], 0, 0, 0
    for byte in buffer:
        gap |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            row += gap
            rows.append(row)
            gap = shift = 0
    assert len(rows) == n
    return np.array(rows, np.int64)


def window(ask, limits=WHOLE, columns=64, rows=48, rev=0):
    head, buffers = ask("window", limits=limits, columns=columns, rows=rows, rev=rev)
    return head, rows_of(buffers[4], head["drawn"]), buffers


# Counts


@pytest.mark.parametrize("limits", [(0, 0, 1, 1), (0.3, 0.25, 0.7, 0.75)])
def test_counts_are_those_of_a_histogram(limits):
    frame, wanted = table(), Window(*limits, 40, 30)
    x, y = frame["east"].to_numpy(), frame["north"].to_numpy()
    cloud = Cloud.of(x, y, False)
    found = cells(cloud, wanted)
    tiers = np.random.default_rng(1).integers(3, size=len(frame)).astype(np.uint8)
    made = tile(found, found.of(tiers), None)
    u, v = cloud.u.astype(np.float64), cloud.v.astype(np.float64)
    for tier in range(3):
        known = (tiers == tier) & ~np.isnan(u)
        edges = [np.linspace(limits[1], limits[3], 31), np.linspace(limits[0], limits[2], 41)]
        expected = np.histogram2d(v[known], u[known], edges)[0]
        counts = made.counts[tier].reshape(30, 40)
        assert counts.sum() == expected.sum()
        assert np.abs(counts - expected).sum() <= 4  # float32 at the edge of a cell
    plain = tile(found, None, None).counts
    assert np.array_equal(plain[1], made.counts.sum(axis=0))
    assert not plain[[0, 2]].any()


@pytest.mark.parametrize("tiered", [False, True])
def test_what_is_counted_in_parts_is_what_is_counted_at_once(tiered, monkeypatch):
    rng = np.random.default_rng(2)
    x, y, places = rng.random(N), rng.random(N), rng.integers(4, size=N).astype(np.uint8)
    found = cells(Cloud.of(x, y, False), Window(0.1, 0, 0.9, 1, 7, 5))
    color = colored({"kind": "category", "colors": ["#ff0000", "#00ff00", "#0000ff"]}, places)
    tiers = found.of(rng.integers(3, size=N).astype(np.uint8)) if tiered else None
    whole = tile(found, tiers, color)
    monkeypatch.setattr("nbalabel.widgets.scatter.tile._BLOCK", 999)
    parted = tile(found, tiers, color)
    assert np.array_equal(whole.counts, parted.counts)
    assert np.array_equal(whole.shade, parted.shade)
    assert whole.counts.sum() == len(found.cell)


def test_points_lie_in_0_to_1_where_both_coordinates_are_known():
    cloud = Cloud.of(np.array([5.0, 7.0, np.nan, np.inf, 9.0]), np.array([1.0, 3.0, 0.0, 0.0, np.nan]), False)
    assert cloud.n == 2
    assert cloud.u[:2].tolist() == [0, 1]
    assert np.isnan(cloud.u[2:]).all()
    assert [(span.lo, span.range, span.end) for span in cloud.spans] == [(5, 2, 1), (1, 2, 1)]


@pytest.mark.parametrize("values", [[], [4.0], [4.0, 4.0], [np.nan]])
def test_columns_without_extent_have_a_span(values):
    cloud = Cloud.of(np.array(values), np.array(values), False)
    assert cloud.spans[0].range == 1
    assert len(cells(cloud, Window(0, 0, 1, 1, 8, 8)).cell) == cloud.n


def test_dates_far_from_zero_keep_their_distances():
    days = np.arange(1.7e12, 1.7e12 + 1000)
    cloud = Cloud.of(days, days, False)
    assert np.allclose(cloud.u, np.arange(1000) / 999, atol=1e-7)


def test_embeddings_have_one_scale_on_both_axes():
    cloud = Cloud.of(np.array([0.0, 4.0]), np.array([0.0, 1.0]), True)
    assert [span.end for span in cloud.spans] == [1, 0.25]


def test_cells_mix_the_colors_of_their_points():
    x = np.array([0.0, 0.0, 1.0, 1.0])
    head = {"kind": "category", "colors": ["#ff0000", "#0000ff"]}
    color = colored(head, np.array([1, 2, 2, 2], np.uint8))
    found = cells(Cloud.of(x, x, False), Window(0, 0, 1, 1, 2, 1))
    assert tile(found, None, color).shade.tolist() == [[128, 0, 128], [0, 0, 255]]
    tiers = np.array([0, 1, 1, 2], np.uint8)  # what others leave out does not color a cell
    assert tile(found, tiers, color).shade.tolist() == [[0, 0, 255], [0, 0, 255]]


def test_cells_of_numbers_have_the_place_of_their_mean_and_missing_ones_do_not_count():
    x = np.array([0.0, 0.0, 0.5, 1.0, 1.0])
    color = colored({"kind": "number"}, np.array([0.0, np.nan, np.nan, 10.0, 0.0]))
    assert color.places.tolist() == [1, 0, 0, 255, 1]
    assert color.totals[[0, 1, 48]].tolist() == [2, 2, 1]
    shade = tile(cells(Cloud.of(x, x, False), Window(0, 0, 1, 1, 3, 1)), None, color).shade[:, 0]
    assert shade[0] <= 9
    assert shade[1] == 0
    assert 118 <= shade[2] <= 138


def test_more_categories_than_are_counted_apart_share_a_color():
    values = np.arange(1, 201, dtype=np.uint8)
    head = {"kind": "category", "colors": [f"#{k:02x}0000" for k in range(200)]}
    x = np.zeros(200)
    shade = tile(cells(Cloud.of(x, x, False), Window(0, 0, 1, 1, 1, 1)), None, colored(head, values)).shade
    assert abs(int(shade[0, 0]) - 99.5) <= 1


def test_levels_tell_one_point_from_none_and_grow_with_counts():
    counts = np.array([0, 1, 2, 5000, 5001, 4_000_000])
    found, most = levels(counts)
    assert found[0] == 0
    assert found[1] > 0
    assert (np.diff(found.astype(int)) >= 0).all()
    assert (found[-1], most) == (255, 4_000_000)


# Lasso


@pytest.mark.parametrize("corners", [3, 7, 60])
def test_a_lasso_finds_what_testing_each_point_finds(corners):
    rng = np.random.default_rng(corners)
    x, y = rng.normal(size=(2, 200_000))
    x[::9], y[::11] = np.nan, np.nan
    x = x.astype(np.float32)
    ring = rng.normal(size=(corners, 2)) * 1.4  # crosses itself
    expected = inside(np.stack([x, y], axis=1), ring)
    assert expected.any()
    assert np.array_equal(in_lasso(x, y, ring), expected)


def test_corners_on_points_and_edges_along_the_axes_are_exact():
    x, y = (a.ravel().astype(float) for a in np.meshgrid(np.arange(400), np.arange(400)))
    ring = np.array([[10, 10], [390, 10], [390, 200], [200, 200], [200, 390], [10, 390]], float)
    assert np.array_equal(in_lasso(x, y, ring), inside(np.stack([x, y], axis=1), ring))


@pytest.mark.parametrize("ring", [[], [[0, 0], [1, 1]], [[0, 0], [1, 0], [2, 0]]])
def test_a_lasso_without_area_finds_nothing(ring):
    x = np.linspace(0, 2, 100_000)
    assert not in_lasso(x, x * 0 + 0.5, np.array(ring, float).reshape(-1, 2)).any()


def test_a_box_holds_its_border_and_compares_as_pandas_does():
    x = np.array([0.1, 0.2, np.nan], np.float32)
    assert in_box(x, x, (0.1, 0.1, 0.2, 0.2), (True, True)).tolist() == [True, True, False]
    assert in_box(x, x, (0.1, 0.1, 0.2, 0.2), (False, False)).tolist() == [True, False, False]


# The sample


def test_rates_add_up_to_the_limit_and_leave_no_group_out():
    plain, marked = np.array([900_000, 90_000, 40, 0]), np.array([0, 5000, 3, 0])
    rate = rates(plain, marked, 10_000)
    assert (rate * [plain, marked]).sum() == pytest.approx(10_000 - 400, rel=0.01)
    assert rate[0, 2] == 1
    assert (rate * [plain, marked])[1].sum() == pytest.approx(9600 / 3, rel=0.01)
    assert (rates(np.array([5, 5]), np.array([0, 0]), 10) == 1).all()


def test_rates_only_rise_when_rows_are_left_out():
    rng = np.random.default_rng(0)
    for _ in range(200):
        plain, marked = rng.integers(0, 10 ** rng.integers(1, 6), size=(2, 6))
        fewer = [rng.integers(0, all_ + 1) for all_ in (plain, marked)]
        before, after = rates(plain, marked, 5000), rates(*fewer, 5000)
        there = np.array(fewer) > 0
        assert (after[there] >= before[there] - 1e-9).all()


def test_never_more_are_drawn_than_the_limit():
    numbers = hashed(np.arange(50_000))
    found = drawn(numbers, np.zeros(50_000, np.uint8), np.array([1.0]), 700)
    assert len(found) == 700
    assert set(numbers[found]) == set(np.sort(numbers)[:700])


def test_numbers_of_consecutive_ids_are_uniform():
    counts = np.histogram(hashed(np.arange(100_000)), bins=50, range=(0, 2**32))[0]
    assert abs(counts - 2000).max() < 6 * np.sqrt(2000)


def test_the_number_of_an_id_is_its_own_wherever_it_stands():
    ids = np.arange(70_000)
    assert np.array_equal(hashed(ids)[::9_999], hashed(ids[::9_999]))


def test_the_same_points_are_drawn_after_a_filter_and_in_a_part_of_the_plane(large, plot, browser):
    ask = browser(plot)
    head, first, _ = window(ask)
    assert 0.8 * LIMIT < len(first) <= LIMIT
    assert not head["complete"]
    frame = large.frame("images")
    deep = frame["depth"].to_numpy() > 15
    large.put(Clause("table-1", "images", deep))
    head, filtered, _ = window(ask)
    assert deep[filtered].all()
    assert set(first[deep[first]]) <= set(filtered)
    assert head["counts"][2] == (deep & np.isfinite(frame["east"]) & np.isfinite(frame["north"])).sum()
    large.clear()
    _, part, buffers = window(ask, [0.2, 0.2, 0.8, 0.8])
    cloud = Cloud.of(frame["east"].to_numpy(), frame["north"].to_numpy(), False)
    within = (abs(cloud.u - 0.5) <= 0.3) & (abs(cloud.v - 0.5) <= 0.3)
    assert set(first[within[first]]) <= set(part)
    x = 0.2 + np.frombuffer(buffers[5], np.uint16) / 65_535 * 0.6
    assert np.allclose(x, cloud.u[part], atol=1e-5)


def test_the_same_points_are_drawn_in_another_session(large, plot, browser):
    again = nl.Scatter(nl.Workspace(nl.open(large.ds.folder)), "east", "north", color="habitat")
    assert np.array_equal(window(browser(plot))[1], window(browser(again))[1])


def test_every_label_and_a_third_for_what_is_marked(large, plot, browser):
    ask = browser(plot)
    codes = large.column("images", "habitat").values
    rare = np.flatnonzero(codes == 3)
    there = rare[np.isfinite(large.frame("images")["east"].to_numpy()[rare])]
    assert set(there) <= set(window(ask)[1])
    own = np.zeros(N, np.bool_)
    own[100:160] = True
    large.put(Clause(plot.source, "images", own))
    head, rows, buffers = window(ask)
    known = own & np.isfinite(large.frame("images")["east"].to_numpy())
    assert set(np.flatnonzero(known)) <= set(rows)
    assert head["counts"][3] == known.sum()
    assert buffers[2]


def test_where_points_are_few_all_are_drawn_those_left_out_too(large, plot, browser):
    large.put(Clause("table-1", "images", np.arange(N) < 40))
    head, rows, buffers = window(browser(plot), [0.45, 0.45, 0.5, 0.5])
    assert head["complete"]
    assert (rows >= 40).any()
    assert len(buffers[7]) == len(rows)


def test_a_window_is_at_most_four_megabytes():
    """The most cells, points, layers and categories there can be."""
    n = 900_000
    rng = np.random.default_rng(0)
    values = rng.integers(1, 401, n).astype(np.uint16)
    color = colored({"kind": "category", "colors": ["#123456"] * 400}, values)
    cloud = Cloud.of(*rng.random((2, n)), False)
    found = cells(cloud, Window(0, 0, 1, 1, 512, 512))
    parts, _ = module.packed_tile(tile(found, rng.integers(3, size=n).astype(np.uint8), color))
    most = 300_000 * (2 + 2 + 2) + len(gaps(np.sort(rng.choice(10**7, 300_000, replace=False))))
    assert sum(map(len, parts)) + most <= 4_000_000
    assert rng.integers(3, size=3).max() <= MARKED


# Requests


def test_a_table_too_large_to_be_sent_says_so_and_is_not_sent(plot, browser):
    ask = browser(plot)
    assert ask("describe")[0]["sampled"]
    assert "ask for a window" in ask.error("axis", name="east")
    assert "ask for a window" in ask.error("ids")
    head, _ = ask("cloud", rev=0)
    assert [axis["name"] for axis in head["axes"]] == ["east", "north"]
    assert head["n"] == N - N // 50 - 1
    assert sum(head["color"]["totals"]) == N


def test_a_lasso_is_tested_among_all_rows(large, plot, browser):
    ask = browser(plot)
    frame = large.frame("images")
    points = frame[["east", "north"]].to_numpy()
    ring = [[-1.0, -0.5], [1.2, -0.7], [0.2, 1.5]]
    head, buffers = ask("inside", shape="lasso", corners=np.ravel(ring).tolist(), rev=0)
    assert np.array_equal(unpack(buffers[0], N), inside(points, ring))
    assert head["n"] == inside(points, ring).sum()
    _, buffers = ask("inside", shape="box", corners=[-1, -0.5, 1, 0.5], rev=0)
    expected = frame["east"].between(-1, 1) & frame["north"].between(-0.5, 0.5)
    assert np.array_equal(unpack(buffers[0], N), expected)
    assert "left, bottom, right and top" in ask.error("inside", shape="box", corners=[1], rev=0)
    assert "pairs" in ask.error("inside", shape="lasso", corners=[1, 2, 3], rev=0)


def test_the_legend_filters_among_all_rows_and_is_counted(large, plot, browser):
    ask = browser(plot)
    codes = large.column("images", "habitat").values
    _, buffers = ask("members", name="habitat", places=[0, 2, 999], rev=0)
    rows = unpack(buffers[0], N)
    assert np.array_equal(rows, np.isin(codes, [-1, 1]))
    large.put(Clause(f"{plot.source}/filter", "images", rows))
    large.put(Clause("table-1", "images", np.arange(N) < 3000))
    tally = window(ask)[0]["tally"]
    assert tally["allowed"] == np.bincount(codes[:3000] + 1, minlength=5).tolist()
    assert tally["kept"] == np.bincount(codes[rows] + 1, minlength=5).tolist()
    depth = large.frame("images")["depth"]
    _, buffers = ask("members", name="depth", places=[], lo=10, hi=20.5, rev=0)
    rows = unpack(buffers[0], N)
    assert np.array_equal(rows, depth.between(10, 20.5))
    plot.color = "depth"
    large.put(Clause(f"{plot.source}/filter", "images", rows))
    head, _ = ask("cloud", rev=0)
    assert head["color"]["ends"] == [depth.min(), depth.max()]
    assert window(ask)[0]["tally"]["ends"] == [depth[rows].min(), depth[rows].max()]


def test_a_page_hears_of_another_selection_and_of_other_tables(large, plot, browser):
    ask = browser(plot)
    window(ask)
    ask.sent.clear()
    large.select([1, 2, 5], "images")
    assert [message["name"] for message, _ in ask.sent] == ["focus"]
    assert window(ask)[0]["counts"][2] == 3
    large.clear()
    large.ds.remove(large.ds.images.index[:100], "images")
    assert "ask again" in ask.error("window", limits=WHOLE, columns=8, rows=8, rev=0)
    assert sum(window(ask, rev=1)[0]["counts"]) == N - 100


def test_rows_that_are_not_drawn_are_found(large, plot, browser):
    result, _ = browser(plot)("places", rows=[0, 1, N + 5], rev=0)
    cloud = Cloud.of(*(large.frame("images")[name].to_numpy() for name in ("east", "north")), False)
    assert result["places"] == [[None, None], [pytest.approx(cloud.u[1]), pytest.approx(cloud.v[1])]]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"limits": [0, 0, 0, 1]}, "a window needs"),
        ({"limits": [0, 0, 1]}, "a window needs"),
        ({"columns": 513}, "1 to 512"),
        ({"rows": 0}, "1 to 512"),
    ],
)
def test_windows_without_a_size_are_refused(plot, browser, change, text):
    wanted = {"limits": WHOLE, "columns": 8, "rows": 8, "rev": 0, **change}
    assert text in browser(plot).error("window", **wanted)


def test_colors_of_one_color_and_tooltips(large, plot, browser):
    plot.color = None
    ask = browser(plot)
    head, rows, buffers = window(ask)
    assert (head["tally"], buffers[3], buffers[7]) == (None, b"", b"")
    assert len(rows) <= LIMIT
    plot.color = "habitat"
    fields = dict(ask("detail", row=5, rev=0)[0]["fields"])
    assert {"habitat", "east", "north"} <= set(fields)


def test_the_picture_of_a_large_table_is_of_the_same_sample(plot, monkeypatch):
    captions = []
    monkeypatch.setattr(
        "nbalabel.widgets.scatter.picture._caption", lambda _, text, __: captions.append(text)
    )
    assert plot.picture().size == (640, 400)
    n = int(captions[0].split(" ")[0].replace(",", ""))
    assert 800 < n <= LIMIT
    assert "of 6,000 points" in captions[0]


def test_axes_of_a_table_too_large_to_be_sent_are_its_columns_and_no_copies(large):
    head, values = column_module.as_axis(large, "images", "east")
    assert values is large.column("images", "east").values
    assert head["kind"] == "number"
