"""What people write first: a view of a dataset, a run handed over whole, a name misspelt."""

import pytest

import nbalabel as nl
from nbalabel.core.errors import DataError, MaskError, ReadOnlyError, UnknownNameError


@pytest.fixture(autouse=True)
def no_umap(monkeypatch) -> None:
    """Embeddings are laid out by PCA, at once."""
    monkeypatch.setattr("nbalabel.learn.embed.layout.installed", lambda _: False)


VIEWS = [nl.Editor, nl.Gallery, nl.Table, nl.Viewer, nl.Review, nl.Confusion, nl.PrecisionRecall]


@pytest.mark.parametrize("view", [*VIEWS, nl.Reliability, nl.explore, nl.Workspace])
def test_a_view_of_a_dataset_or_a_run_makes_its_workspace(view, reef, reef_run) -> None:
    of_dataset = view(reef)
    ws = getattr(of_dataset, "workspace", of_dataset)
    assert (ws.ds, ws.run) == (reef, None)
    of_run = view(reef_run)
    ws = getattr(of_run, "workspace", of_run)
    assert (ws.ds, ws.run) == (reef, reef_run)


def test_charts_of_columns_take_them_too(reef, reef_run) -> None:
    assert nl.Histogram(reef, "habitat").workspace.ds is reef
    assert nl.Scatter(reef, "width", "n_instances").workspace.ds is reef
    assert nl.Scatter(reef_run).workspace.run is reef_run


def test_views_of_one_workspace_stay_linked(reef) -> None:
    editor = nl.Editor(reef)
    assert nl.Gallery(editor.workspace).workspace is editor.workspace
    with pytest.raises(DataError, match=r"got the view Editor: its \.workspace links the two"):
        nl.Gallery(editor)


def test_a_review_of_a_dataset_or_a_run_asks_all_its_masks(reef, reef_run) -> None:
    assert nl.Review(reef, again=True).left.index.tolist() == reef.instances.index.tolist()
    assert nl.Review(reef_run, again=True).left.index.tolist() == reef_run.predictions.index.tolist()
    assert len(nl.Review(nl.Workspace(reef)).left) == 0, "of a workspace, what is selected"


def test_what_is_no_dataset_says_what_to_write(reef) -> None:
    with pytest.raises(DataError, match=r"got Tables: tables\.save\(FOLDER\)"):
        nl.Editor(reef.subset(reef.images.index[:2]))
    with pytest.raises(DataError, match=r"got a Version: nl\.open\(.*version='v1"):
        nl.Table(reef.version("HEAD"))
    with pytest.raises(DataError, match=r"does not know its Dataset: nl\.Workspace\(ds, run\)"):
        nl.Gallery(nl.Run("r", "predict"))
    with pytest.raises(DataError, match=r"expected a Run .*, got Dataset"):
        nl.explore(reef, reef)
    with pytest.raises(DataError, match=r"p = nl\.propagate\(run\), then nl\.Verify\(p\)"):
        nl.Verify(reef)
    with pytest.raises(DataError, match=r"run = model\.train\(ds\)"):
        nl.LearningCurves(reef)


def test_explore_colors_without_a_run(reef) -> None:
    ws = nl.explore(reef, color="habitat")
    assert (ws.scatter.x, ws.scatter.y, ws.scatter.color) == ("image_id", "n_instances", "habitat")
    assert nl.explore(reef).scatter is None
    assert nl.explore(reef, color="label", of="instances").scatter.y == "area"
    with pytest.raises(UnknownNameError, match="no column 'habitta'; did you mean 'habitat'"):
        nl.explore(reef, color="habitta")


def test_accepting_a_run_says_how_to_pick_of_it(reef, reef_run) -> None:
    for method in (reef.accept, reef.reject):
        with pytest.raises(DataError, match=r'\(run\.query\("score > 0\.5"\)\).*\(run\.predictions\) all'):
            method(reef_run)
    with pytest.raises(DataError, match=r"ds\.accept\(p\.accepted\)"):
        reef.accept(nl.propagate(reef_run, min_area=0))
    with pytest.raises(DataError, match=r"got list: ds\.accept\(run\.predictions\.loc\[ids\]\)"):
        reef.accept([3, 4])
    with pytest.raises(DataError, match=r"got booleans: ds\.accept\(run\.predictions\[keep\]\)"):
        reef.accept(reef_run.predictions["score"] > 0.5)
    assert not reef.status()


def test_tables_say_how_to_edit_them(reef) -> None:
    tables = reef.subset(reef.images.index[:2])
    with pytest.raises(ReadOnlyError, match=r"instances of Tables .*ds = tables\.save\(FOLDER\)"):
        tables.instances = tables.instances[:1]


def test_the_method_mask_of_pandas_is_named_where_people_look(reef) -> None:
    assert "ds.instances[&quot;mask&quot;]" in reef._repr_html_()
    assert 'ds.instances["mask"]' in nl.Dataset.instances.__doc__
    row = reef.instances.iloc[0]
    with pytest.raises(MaskError, match=r'a method: \.mask is one of pandas, write row\["mask"\]'):
        nl.decode_mask(row.mask, 96, 96)
    assert nl.decode_mask(row["mask"], 96, 96).sum() == row.area


def test_misspelt_columns_and_labels_name_the_closest(reef, reef_run) -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'score'"):
        reef_run.query("scor > 0.5")
    with pytest.raises(UnknownNameError, match="no label 'snaper'; did you mean 'snapper'"):
        reef.rename_label("snaper", "x")
    with pytest.raises(UnknownNameError, match="no label 'gruper'; did you mean 'grouper'"):
        nl.Editor(reef, label="gruper")
