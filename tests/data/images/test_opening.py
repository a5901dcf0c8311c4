"""A broken picture is refused by Pillow, whatever else is loaded in this process."""

import base64
import io
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image, UnidentifiedImageError

from nbalabel.core.errors import FormatError, ImageError
from nbalabel.data.formats.labelbox.objects import from_png
from nbalabel.data.formats.labelme.shapes import _pixels
from nbalabel.data.formats.voc.colors import _is_colored
from nbalabel.data.images.files import read_image
from nbalabel.data.images.opening import open_picture

BROKEN = b"no picture"

CODE = """
import io, time
from PIL import Image, UnidentifiedImageError
before = Image.open
import ultralytics.utils.patches
assert Image.open is not before, "ultralytics replaces it no more: open_picture can go"
from nbalabel.data.images.opening import open_picture
try:
    open_picture(io.BytesIO(b"no picture"), ("PNG",))
except UnidentifiedImageError:
    print("refused by Pillow")
"""


@pytest.fixture(autouse=True)
def theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a process that has imported ultralytics."""

    def opens(*_: object, **__: object) -> None:
        raise ModuleNotFoundError("No module named 'pi_heif'")

    patches = type(sys)("ultralytics.utils.patches")
    loaded = sys.modules.get("ultralytics.utils.patches")  # by another test of this process
    patches._image_open = getattr(loaded, "_image_open", Image.open)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "ultralytics.utils.patches", patches)
    monkeypatch.setattr(Image, "open", opens)


def test_an_image_of_the_dataset(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(BROKEN)
    with pytest.raises(ImageError, match="is not an image"):
        read_image(tmp_path / "a.png")


def test_masks_in_files_of_other_tools(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(BROKEN)
    with pytest.raises(FormatError, match="must be a PNG"):
        from_png(BROKEN, "line 1")
    with pytest.raises(ValueError, match="must be a PNG"):
        _pixels(base64.b64encode(BROKEN).decode())
    with pytest.raises(FormatError, match="cannot be read as a PNG"):
        _is_colored(tmp_path / "a.png")


def test_a_picture_is_opened() -> None:
    buffer = io.BytesIO()
    Image.new("L", (3, 2)).save(buffer, "PNG")
    with open_picture(buffer, ("PNG",)) as picture:
        assert picture.size == (3, 2)
    with pytest.raises(UnidentifiedImageError):
        open_picture(buffer, ("GIF",))


@pytest.mark.skipif(find_spec("ultralytics") is None, reason="ultralytics is not installed")
def test_beside_ultralytics_itself() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=300)
    assert done.stdout == "refused by Pillow\n", done.stderr
