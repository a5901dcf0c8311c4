"""The editor in JupyterLab: what is drawn on the stage is what the dataset holds, to the pixel."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import nbalabel as nl
from nbalabel.core.geometry.masks import rle

from .notebook import Notebook, notebook, settled, still, wait

pytestmark = pytest.mark.browser

SIZE = 200
# A gray picture with a bright disc, for the tools that look; the others are for drawing.
SETUP = f"""
import numpy as np
import pandas as pd
from PIL import Image
import nbalabel as nl
from nbalabel.core.geometry.masks import rle

y, x = np.mgrid[:{SIZE}, :{SIZE}]
disc = (x - 120) ** 2 + (y - 90) ** 2 < 40 ** 2
picture = np.where(disc[..., None], [240, 170, 40], [60, 70, 80]).astype(np.uint8)
for k in range(3):
    Image.fromarray(picture).save(f"picture-{{k}}.png")
ds = nl.create("drawn.nbal", ["fish", "coral", "crab"], image_root=".")
ds.add_images(pd.DataFrame({{"file": [f"picture-{{k}}.png" for k in range(3)],
    "width": {SIZE}, "height": {SIZE}}}))
ds.commit("pictures")
ws = nl.Workspace(ds)


def masks():
    "Masks of all instances as lists of pixels set, in the order they were made."
    return [rle.decode(mask, {SIZE}, {SIZE}) for mask in ds.instances["mask"]]


def boxes():
    return [(int(r.x), int(r.y), int(r.w), int(r.h), int(r.area)) for r in ds.instances.itertuples()]
"""
CELLS = [SETUP, "editor = nl.Editor(ws, height=560); editor"]


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Notebook]:
    with notebook(tmp_path_factory.mktemp("lab"), CELLS, width=1200, height=1500) as opened:
        opened.page.locator(".nbl-edit-rail button").first.wait_for(timeout=30_000)
        opened.page.get_by_text("picture-0.png").wait_for(timeout=30_000)
        yield opened


@pytest.fixture(autouse=True)
def clean(book: Notebook) -> None:
    """No instance, the first image, nothing active."""
    book.run("if len(ds.instances): ds.remove(ds.instances.index)\nws.selection.active = ('images', 0)")
    book.run("editor.tool = 'select'; editor.overlap = 'allow'; editor.label = 'fish'")
    wait(lambda: book.page.locator(".nbl-viewer-name").inner_text() == "picture-0.png")
    stage(book).scroll_into_view_if_needed()
    book.page.locator('.nbl[aria-label="Viewer"]').focus()
    book.page.keyboard.press("f")
    still(stage(book))


def stage(book: Notebook):  # type: ignore[no-untyped-def]  # a Locator
    return book.page.locator(".nbl-viewer-stage")


def place(book: Notebook, x: float, y: float) -> tuple[float, float]:
    """Where a point of the image is on the page, while the image is fitted."""
    area = stage(book).bounding_box()
    assert area
    scale = min((area["width"] - 16) / SIZE, (area["height"] - 16) / SIZE)
    scale = float(int(scale)) if scale > 4 else scale
    left = round((area["width"] - SIZE * scale) / 2)
    top = round((area["height"] - SIZE * scale) / 2)
    return area["x"] + left + x * scale, area["y"] + top + y * scale


def take(book: Notebook, key: str) -> None:
    book.page.locator('.nbl[aria-label="Viewer"]').focus()
    book.page.keyboard.press(key)


def drag(book: Notebook, *points: tuple[float, float]) -> None:
    mouse = book.page.mouse
    mouse.move(*place(book, *points[0]))
    mouse.down()
    for point in points[1:]:
        mouse.move(*place(book, *point), steps=4)
    mouse.up()


def click(book: Notebook, *points: tuple[float, float]) -> None:
    for point in points:
        book.page.mouse.click(*place(book, *point))


def drawn(book: Notebook, n: int = 1) -> list[np.ndarray]:
    """The masks, once there are so many and the page shows them as the kernel has them."""
    book.until("len(ds.instances)", n)
    wait(lambda: book.page.locator(".nbl-edit-waiting:visible").count() == 0)
    return [np.frombuffer(bytes.fromhex(text), np.uint8).reshape(SIZE, SIZE) for text in hexed(book)]


def hexed(book: Notebook) -> list[str]:
    return list(book.value("[np.ascontiguousarray(m).astype(np.uint8).tobytes().hex() for m in masks()]"))


def rectangle(x0: int, y0: int, x1: int, y1: int) -> np.ndarray:
    out = np.zeros((SIZE, SIZE), np.uint8)
    out[y0:y1, x0:x1] = 1
    return out


def test_shift_i_splits_a_mask_where_two_things_touch(book: Notebook) -> None:
    y, x = np.mgrid[:SIZE, :SIZE]
    two = (np.hypot(x - 60, y - 90) < 30) | (np.hypot(x - 112, y - 90) < 28)
    add(book, two)
    point_at(book, 0)
    take(book, "Shift+I")
    assert (sum(drawn(book, 2)) == two).all()
    take(book, "Control+z")
    drawn(book, 1)


def test_box(book: Notebook) -> None:
    take(book, "r")
    drag(book, (20, 30), (80, 70))
    (mask,) = drawn(book)
    assert (mask == rectangle(20, 30, 80, 70)).all()
    assert book.value("boxes()") == [(20, 30, 60, 40, 2400)]


def test_pen_by_clicks_and_by_hand(book: Notebook) -> None:
    take(book, "p")
    click(book, (20, 20), (100, 20), (20, 100))
    book.page.keyboard.press("Enter")
    (mask,) = drawn(book)
    y, x = np.mgrid[:SIZE, :SIZE] + 0.5
    off_the_line = x + y != 120
    assert (mask == ((x >= 20) & (y >= 20) & (x + y < 120)))[off_the_line].all()
    drag(book, (150, 120), (180, 120), (180, 160), (150, 160), (150, 122))
    _, second = drawn(book, 2)
    assert abs(int(second.sum()) - 1200) < 100


def test_brush_goes_on_with_its_mask_and_the_eraser_takes_away(book: Notebook) -> None:
    book.run("editor.brush_size = 20")
    take(book, "b")
    drag(book, (40, 60), (120, 60))
    (mask,) = drawn(book)
    assert mask[60, 40:120].all()
    assert 19 <= mask[:, 80].sum() <= 21
    drag(book, (80, 20), (80, 120))
    book.until("int(ds.instances.area.iloc[0]) > 3000", True)
    take(book, "e")
    drag(book, (80, 20), (80, 120))
    wait(lambda: len(masks := drawn(book)) == 1 and not masks[0][:, 80].any())


def test_shift_erases_with_the_brush(book: Notebook) -> None:
    book.run("editor.brush_size = 30")
    take(book, "b")
    drag(book, (40, 60), (120, 60))
    drawn(book)
    book.page.keyboard.down("Shift")
    drag(book, (80, 30), (80, 90))
    book.page.keyboard.up("Shift")
    wait(lambda: not drawn(book)[0][:, 80].any())


def test_fill_a_hole(book: Notebook) -> None:
    ring = rectangle(40, 40, 100, 100) - rectangle(60, 60, 80, 80)
    add(book, ring)
    take(book, "u")
    click(book, (70, 70))
    wait(lambda: (drawn(book)[0] == rectangle(40, 40, 100, 100)).all())


def test_wand_takes_the_disc(book: Notebook) -> None:
    take(book, "w")
    click(book, (120, 90))
    (mask,) = drawn(book)
    assert overlap(mask, disc()) > 0.98


def test_scissors_follow_the_edge(book: Notebook) -> None:
    take(book, "s")
    click(book, *[(120 + 41 * np.cos(a), 90 + 41 * np.sin(a)) for a in np.arange(0, 6) * np.pi / 3])
    book.page.keyboard.press("Enter")
    (mask,) = drawn(book)
    assert overlap(mask, disc()) > 0.93  # straight lines would come to 0.83


def test_cut_out_of_a_box(book: Notebook) -> None:
    pytest.importorskip("cv2")
    take(book, "c")
    drag(book, (70, 40), (170, 140))
    (mask,) = drawn(book)
    assert overlap(mask, disc()) > 0.95


def test_point_at_a_thing(book: Notebook) -> None:
    pytest.importorskip("cv2")
    take(book, "a")
    click(book, (120, 90))
    book.page.get_by_text("Enter takes it").wait_for(timeout=10_000)
    book.page.keyboard.press("Enter")
    (mask,) = drawn(book)
    assert overlap(mask, disc()) > 0.9


def test_reshape_moves_a_corner_and_nothing_else(book: Notebook) -> None:
    add(book, rectangle(40, 40, 100, 100))
    point_at(book, 0)
    take(book, "t")
    drag(book, (100, 100), (140, 140))
    book.until("int(ds.instances.area.iloc[0]) > 4000", True)
    (mask,) = drawn(book)
    assert not mask[:40].any()
    assert not mask[:, :40].any()
    assert mask[40:100, 40:100].all()
    assert mask[120, 120] == 1


def test_undo_is_one_history_with_python(book: Notebook) -> None:
    take(book, "r")
    drag(book, (20, 30), (80, 70))
    drawn(book)
    drag(book, (100, 30), (160, 70))
    drawn(book, 2)
    book.page.keyboard.press("Control+z")
    drawn(book, 1)
    book.page.keyboard.press("Control+x")
    assert (drawn(book, 2)[1] == rectangle(100, 30, 160, 70)).all()
    book.run("ds.undo()")
    drawn(book, 1)
    book.page.keyboard.press("Control+y")
    drawn(book, 2)


@pytest.mark.parametrize(
    ("overlap_mode", "first", "second"),
    [
        ("allow", rectangle(20, 20, 80, 80), rectangle(50, 50, 110, 110)),
        ("overwrite", rectangle(20, 20, 80, 80) - rectangle(50, 50, 80, 80), rectangle(50, 50, 110, 110)),
        ("behind", rectangle(20, 20, 80, 80), rectangle(50, 50, 110, 110) - rectangle(50, 50, 80, 80)),
    ],
)
def test_two_overlapping_masks(
    book: Notebook, overlap_mode: str, first: np.ndarray, second: np.ndarray
) -> None:
    book.run(f"editor.overlap = {overlap_mode!r}")
    take(book, "r")
    drag(book, (20, 20), (80, 80))
    drawn(book)
    drag(book, (50, 50), (110, 110))
    one, two = drawn(book, 2)
    assert (one == first).all()
    assert (two == second).all()


def test_an_edit_while_the_kernel_is_busy_waits_and_is_applied(book: Notebook) -> None:
    wake = occupied(book, "first")
    take(book, "r")
    drag(book, (20, 20), (80, 80))
    drag(book, (100, 100), (140, 150))
    book.page.get_by_text("2 edits wait for the kernel").wait_for(timeout=5_000)
    wake.touch()
    one, two = drawn(book, 2)
    assert (one == rectangle(20, 20, 80, 80)).all()
    assert (two == rectangle(100, 100, 140, 150)).all()


def test_strokes_made_before_the_kernel_answers_are_on_one_mask(book: Notebook) -> None:
    wake = occupied(book, "second")
    take(book, "b")
    for y in (40, 60, 80):
        drag(book, (40, y), (120, y))
    wake.touch()
    drawn(book, 1)
    wait(lambda: drawn(book)[0][[40, 60, 80], 60].all())


def test_a_refused_edit_says_why_and_goes_back(book: Notebook) -> None:
    add(book, rectangle(20, 20, 60, 60))
    point_at(book, 0)
    wake = occupied(book, "third", "ds.remove(ds.instances.index)")
    take(book, "b")
    drag(book, (40, 40), (120, 40))
    book.page.get_by_text("1 edit waits for the kernel").wait_for(timeout=5_000)
    wake.touch()
    said = book.page.locator(".nbl-edit-hint[data-wrong]")
    said.wait_for(timeout=10_000)
    assert "no longer" in said.inner_text() or "gone" in said.inner_text()
    drawn(book, 0)


def test_keys_name_labels_and_operations(book: Notebook) -> None:
    two = rectangle(20, 20, 40, 40) + rectangle(100, 100, 140, 140)
    add(book, two)
    point_at(book, 0)
    take(book, "2")
    book.until("str(ds.instances.label.iloc[0])", "coral")
    take(book, "i")
    drawn(book, 2)
    assert sorted(book.value("[int(a) for a in ds.instances.area]")) == [400, 1600]
    book.page.keyboard.press("Control+z")
    drawn(book, 1)
    point_at(book, 0)
    take(book, "Shift+ArrowRight")
    book.until("sorted(ds.instances.image_id.tolist())", [0, 1])


def test_keys_make_regions_of_drawn_masks_and_the_legend_counts_them(book: Notebook) -> None:
    """Shift+D says that an area is done, Shift+X that nobody knows, Shift+K cuts out of both."""
    legend = book.page.locator(".nbl-viewer-legend")
    for key, kind in (("Shift+D", "done"), ("Shift+X", "ignore")):
        take(book, "r")
        drag(book, (20, 20), (80, 60))
        drawn(book, 1)
        take(book, key)
        book.until(f"int((ds.regions['kind'] == '{kind}').sum())", 1)
        drawn(book, 0)
        wait(lambda kind=kind: f"{kind} 1" in legend.inner_text())  # type: ignore[misc]  # now, not later
    assert book.value("[int(a) for a in rle.areas(ds.regions['mask'].tolist())]") == [2400, 2400]
    take(book, "r")
    drag(book, (20, 20), (80, 40))
    drawn(book, 1)
    take(book, "Shift+K")
    book.until("[int(a) for a in rle.areas(ds.regions['mask'].tolist())]", [1200, 1200])
    book.run("ds.remove(ds.regions)")
    wait(lambda: "done" not in legend.inner_text())


def test_a_key_snaps_an_outline_to_the_disc(book: Notebook) -> None:
    y, x = np.mgrid[:SIZE, :SIZE]
    disc = (x - 120) ** 2 + (y - 90) ** 2 < 40**2
    add(book, (x - 120) ** 2 + (y - 90) ** 2 < 36**2)
    for key in ("Shift+S", "Shift+E"):
        point_at(book, 0)
        take(book, key)
        book.until("ds.next_undo.note.startswith('snapped to edges')", True)
        (mask,) = drawn(book, 1)
        assert (mask & disc).sum() / (mask | disc).sum() > 0.96
        take(book, "Control+z")
        book.until("int(ds.instances.area.iloc[0]) < 4200", True)


def test_copy_and_paste_onto_another_image(book: Notebook) -> None:
    add(book, rectangle(20, 20, 60, 60))
    point_at(book, 0)
    take(book, "Control+c")
    book.run("ws.selection.active = ('images', 2)")
    name = book.page.locator(".nbl-viewer-name")
    wait(lambda: name.inner_text() == "picture-2.png")
    take(book, "Control+v")
    _, pasted = drawn(book, 2)
    assert (pasted == rectangle(20, 20, 60, 60)).all()
    assert book.value("ds.instances.image_id.tolist()")[1] == 2


def test_fingers_draw(book: Notebook) -> None:
    take(book, "b")
    touch(book, [(40 + k, 60) for k in range(0, 80, 4)])
    (mask,) = drawn(book)
    assert mask[60, 40:116].all()


def test_what_was_drawn_is_there_after_a_commit_and_a_reload(book: Notebook) -> None:
    take(book, "p")
    click(book, (30, 30), (150, 50), (90, 160), (40, 120))
    book.page.keyboard.press("Enter")
    (mask,) = drawn(book)
    book.run("ds.commit('drawn')")
    file = book.folder / "story.ipynb"
    before = file.stat().st_mtime_ns
    take(book, "Control+s")
    wait(lambda: file.stat().st_mtime_ns != before)
    book.page.goto(book.page.url.split("?")[0])
    stage(book).locator("canvas").nth(1).wait_for(timeout=30_000)
    stored = nl.open(book.folder / "drawn.nbal").version(book.value("ds.version_id"))
    again = rle.decode(stored.instances["mask"].iloc[0], SIZE, SIZE)
    assert (again == mask).all()
    wait(lambda: shown(book) > 0)
    assert abs(shown(book) - mask.mean()) < 0.03  # the ring around the active mask is drawn outside of it


# ---- help


def occupied(book: Notebook, name: str, then: str = "pass") -> Path:
    """Keep the kernel from answering until the file this gives is there; then let it run some code.

    JupyterLab answers widgets from a thread of their own while a cell runs, so the cell holds their lock.
    """
    asleep, wake = book.folder / f"asleep-{name}", book.folder / f"wake-{name}"
    book.start(
        f"import os, time\nwith ws.lock:\n    open('asleep-{name}', 'w').close()\n"
        f"    while not os.path.exists('wake-{name}'): time.sleep(0.05)\n    {then}"
    )
    wait(asleep.exists)
    return wake


def disc() -> np.ndarray:
    y, x = np.mgrid[:SIZE, :SIZE]
    return ((x - 120) ** 2 + (y - 90) ** 2 < 40**2).astype(np.uint8)


def overlap(a: np.ndarray, b: np.ndarray) -> float:
    return float((a & b).sum() / (a | b).sum())


def add(book: Notebook, mask: np.ndarray) -> None:
    text = rle.encode(np.asfortranarray(mask.astype(bool)))
    book.run(
        f"ds.add_instances(pd.DataFrame({{'image_id': [0], 'label': ['fish'], 'mask': [{bytes(text)!r}]}}))"
    )
    settled(book)


def point_at(book: Notebook, row: int) -> None:
    book.run(f"ws.selection.active = ('instances', int(ds.instances.index[{row}]))")
    settled(book)


def touch(book: Notebook, points: list[tuple[float, float]]) -> None:
    """One finger along points, as the browser sends it."""
    session = book.page.context.new_cdp_session(book.page)

    def send(kind: str, at: list[tuple[float, float]]) -> None:
        spots = [{"x": x, "y": y} for x, y in (place(book, *point) for point in at)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": spots})

    send("touchStart", points[:1])
    for point in points[1:]:
        send("touchMove", [point])
    send("touchEnd", [])


def shown(book: Notebook) -> float:
    """Share of the image that the mask canvas covers."""
    return float(
        book.page.evaluate(
            """size => {
        const canvas = document.querySelectorAll('.nbl-viewer-stage canvas.nbl-viewer-layer')[1];
        const { width, height } = canvas;
        const pixels = canvas.getContext('2d').getImageData(0, 0, width, height).data;
        let n = 0;
        for (let i = 3; i < pixels.length; i += 4) n += pixels[i] > 0;
        let scale = Math.min((width - 16) / size, (height - 16) / size);
        if (scale > 4) scale = Math.floor(scale);
        return n / (size * scale) ** 2;
    }""",
            SIZE,
        )
    )


def test_screenshot(book: Notebook) -> None:
    """Keep a picture for people to judge, where SCREENSHOTS says."""
    import os

    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        book.page.screenshot(path=str(Path(folder) / "editor.png"))
