"""Loading ultralytics changes nothing for others in the process."""

import subprocess
import sys

import pytest

pytest.importorskip("ultralytics")

CODE = """
import io
from PIL import Image, UnidentifiedImageError
before = Image.open
from nbalabel.learn.libraries.quiet_ultralytics import ultralytics
ultralytics("utils")
assert Image.open is before, "a broken picture would make ultralytics call pip"
try:
    Image.open(io.BytesIO(b"no picture"))
except UnidentifiedImageError:
    print("refused by Pillow")
"""


def test_pillow_opens_pictures_as_before():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, timeout=300)
    assert done.stdout == "refused by Pillow\n", done.stderr
