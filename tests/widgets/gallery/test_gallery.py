"""The kernel's half of the gallery: pictures with masks, bulk actions and their undo, the contact sheet."""

import io

import numpy as np
import pytest
import traitlets
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.widgets.gallery import pictures as gallery_pictures
from nbalabel.widgets.gallery.pictures import with_masks
from nbalabel.widgets.workspace.selection import pack


@pytest.fixture
def gallery(workspace, browser):
    return browser(nl.Gallery(workspace))


def pictures(asked, rows, size=128):
    result, files = asked("pictures", [np.array(rows, np.int32).tobytes()], size=size)
    return result, [np.asarray(Image.open(io.BytesIO(bytes(file)))) if len(file) else None for file in files]


def act(asked, rows, action, **values):
    bits = pack(rows)
    n, rev = int(rows.sum()), asked.view.workspace.rev
    return asked("act", [bits], action=action, values=values, n=n, rev=rev)[0]


def test_wrong_arguments_say_what_would_do(workspace):
    with pytest.raises(UnknownNameError, match="no column 'colour'"):
        nl.Gallery(workspace, order="colour")
    with pytest.raises(DataError, match="of must be one of"):
        nl.Gallery(workspace, of="fish")
    with pytest.raises(DataError, match="no option 'columns'"):
        nl.Gallery(workspace, columns=3)
    for wrong in ({"size": 20}, {"size": 500}, {"height": 10}):
        with pytest.raises(traitlets.TraitError):
            nl.Gallery(workspace, **wrong)


def test_images_show_their_masks_unless_told_not_to(gallery, workspace):
    row = int(workspace.image_row("instances")[0])
    _, (shown,) = pictures(gallery, [row])
    assert max(shown.shape[:2]) == 128
    gallery.view.overlays = False
    _, (plain,) = pictures(gallery, [row])
    assert max(plain.shape[:2]) == 96  # as large as the file is
    large = np.asarray(Image.fromarray(plain).resize((128, 128), Image.Resampling.BICUBIC), np.int32)
    inside = np.abs(large - shown).max(axis=2) > 40
    instances = workspace.ds.instances[workspace.image_row("instances") == row]
    covered = np.zeros((96, 96), bool)
    for mask in instances["mask"]:
        covered |= rle.decode(bytes(mask), 96, 96).astype(bool)
    covered = np.asarray(Image.fromarray(covered).resize((128, 128)))
    assert inside.any()
    assert (inside & covered).sum() > 0.9 * inside.sum()


def test_a_mask_is_drawn_where_it_is_in_its_color():
    mask = np.zeros((40, 80), bool)
    mask[10:30, 20:60] = True
    gray = np.full((20, 40, 3), 100, np.uint8)
    out = with_masks(gray, [rle.encode(mask)], ["#ff0000"], (40, 80), fill=0.5)
    assert out.shape == gray.shape
    assert out[0, 0].tolist() == [100, 100, 100]
    assert out[10, 20].tolist() == [178, 50, 50]  # filled by half
    assert out[10, 10].tolist() == [255, 0, 0]  # its edge
    outlined = with_masks(gray, [rle.encode(mask)], ["#ff0000"], (40, 80), fill=0.0)
    assert outlined[10, 20].tolist() == [100, 100, 100]
    assert outlined[10, 10].tolist() == [255, 0, 0]


def test_masks_of_one_pixel_show_and_those_of_all_pixels_have_no_frame():
    dot = np.zeros((1000, 1000), bool)
    dot[999, 999] = True
    gray = np.full((50, 50, 3), 100, np.uint8)
    out = with_masks(gray, [rle.encode(dot)], ["#00ff00"], (1000, 1000), fill=0.5)
    assert out[49, 49, 1] > 100
    assert (out != 100).any(axis=2).sum() == 1
    whole = with_masks(gray, [rle.encode(np.ones((1000, 1000), bool))], ["#00ff00"], (1000, 1000), fill=0.5)
    assert (whole == [50, 178, 50]).all()
    none = rle.encode(np.zeros((1000, 1000), bool))
    assert (with_masks(gray, [none], ["#00ff00"], (1000, 1000), fill=0.5) == 100).all()


def test_images_without_labels_show_predictions(workspace, browser):
    images = workspace.ds.images
    unlabeled = ~images.index.isin(workspace.ds.instances["image_id"])
    predicted = images.index.isin(workspace.run.predictions["image_id"])
    row = int(np.flatnonzero(unlabeled & predicted)[0])
    gallery = browser(nl.Gallery(workspace))
    _, (shown,) = pictures(gallery, [row], 96)
    gallery.view.overlays = False
    _, (plain,) = pictures(gallery, [row], 96)
    assert (np.abs(shown.astype(int) - plain) > 40).any()


def test_a_missing_file_is_said_of_its_row_alone(gallery, workspace):
    (workspace.ds.image_root / workspace.ds.images.file.iloc[1]).unlink()
    result, files = pictures(gallery, [0, 1, 2])
    assert [file is None for file in files] == [False, True, False]
    assert list(result["errors"]) == ["1"]
    assert "is missing" in result["errors"]["1"]


def test_pictures_made_before_are_not_made_again_until_a_mask_changes(gallery, workspace, monkeypatch):
    made = []
    real = gallery_pictures.with_masks
    monkeypatch.setattr(gallery_pictures, "with_masks", lambda *a: made.append(1) or real(*a))
    row = int(workspace.image_row("instances")[0])
    pictures(gallery, [row])
    pictures(gallery, [row])
    assert len(made) == 1
    workspace.ds.remove(workspace.ds.instances.index[0], "instances")
    pictures(gallery, [row])
    assert len(made) == 2


def test_nothing_here_is_one_change_and_comes_back(gallery, workspace):
    ds, rows = workspace.ds, np.arange(24) < 3
    before = ds.images.state.tolist()
    n_changes = len(ds.log())
    report = act(gallery, rows, "set", column="state", value="empty")
    assert ds.images.state.tolist()[:3] == ["empty"] * 3
    assert len(ds.log()) == n_changes + 1
    gallery("undo", change=report["change"])
    assert ds.images.state.tolist() == before


def test_keys_go_back_and_forth_in_the_one_history_of_the_dataset(gallery, workspace):
    ds = workspace.ds
    before = ds.images.weight.iloc[0]
    ds.set(ds.images.index[:1], "images", weight=3.0)
    assert gallery("undo")[0]["note"].startswith("undone")
    assert ds.images.weight.iloc[0] == before
    result, _ = gallery("redo")
    assert result["note"].startswith("done again")
    assert ds.images.weight.iloc[0] == 3
    assert result["rev"] == workspace.rev
    assert gallery("redo")[0]["note"] == "there is nothing to redo"
    while not gallery("undo")[0]["note"].startswith("there is nothing"):
        pass
    assert gallery("undo")[0]["note"] == "there is nothing to undo"


def test_predictions_are_decided_in_bulk(workspace, browser):
    gallery = browser(nl.Gallery(workspace, of="predictions"))
    n = len(workspace.ids("predictions"))
    act(gallery, np.arange(n) < 4, "reject")
    decision = workspace.column("predictions", "decision")
    assert [decision.categories[code] for code in decision.values[:5]] == ["rejected"] * 4 + ["open"]
    picked = np.arange(n) == 6
    act(gallery, picked, "accept", overlap="allow")
    assert workspace.column("predictions", "decision").values[6] == 1


def test_instances_get_labels_or_go(workspace, browser):
    gallery = browser(nl.Gallery(workspace, of="instances"))
    ds = workspace.ds
    rows = np.zeros(len(ds.instances), bool)
    rows[[0, 2]] = True
    ids = ds.instances.index[rows]
    act(gallery, rows, "set", column="label", value=ds.labels[1])
    assert ds.instances.label[ids].tolist() == [ds.labels[1]] * 2
    act(gallery, rows, "remove")
    assert not ds.instances.index.isin(ids).any()


def test_rows_of_older_tables_are_not_acted_on(gallery, workspace):
    rows, rev = np.arange(24) < 2, workspace.rev
    workspace.ds.set(workspace.ds.images.index[5:6], "images", weight=2)
    says = gallery.error("act", [pack(rows)], action="set", values={}, n=2, rev=rev)
    assert "nothing was done: the tables changed" in says


def test_the_contact_sheet_shows_the_first_tiles_allowed_in_order(workspace):
    gallery = nl.Gallery(workspace, of="predictions", order="score", ascending=False)
    score = workspace.run.predictions.score.to_numpy()
    assert gallery.first().tolist() == np.argsort(-score, kind="stable")[:60].tolist()
    workspace.select(workspace.run.predictions.iloc[3:8])
    assert len(gallery.first()) == 5
    sheet = gallery.picture()
    assert sheet.width == 640
    data = gallery._repr_mimebundle_()
    bundle = data[0] if isinstance(data, tuple) else data
    assert 1000 < len(bundle["image/png"]) * 3 / 4 <= 60_000


def test_a_sheet_of_nothing_is_none_and_one_of_missing_files_gray(workspace):
    workspace.select(workspace.ds.images.iloc[:0], title="nothing")
    gallery = nl.Gallery(workspace)
    assert gallery.picture() is None
    workspace.clear()
    for file in workspace.ds.images.file:
        (workspace.ds.image_root / file).unlink()
    assert gallery.picture() is not None
    assert "is missing" in str(gallery.errors[-1])


@pytest.mark.parametrize("of", ["images", "instances", "predictions"])
def test_a_dataset_of_nothing_has_a_gallery_all_the_same(tmp_path, browser, of):
    ds = nl.open(nl.demo.reef(tmp_path / "r.nbal", 0, 0, 0, 96).folder)
    gallery = browser(nl.Gallery(nl.Workspace(ds), of=of))
    assert gallery("describe", names=["label", "state"])[0]["n"] == 0
    assert len(gallery("order", sort=[])[1][0]) == 0
    assert gallery.view.picture() is None
