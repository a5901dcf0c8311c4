"""Text encoders of ultralytics, which need a package and a weights file that nbalabel cannot include."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from ...core.errors import MissingExtraError, ModelError
from ..checkpoints import weights
from ..libraries.quiet_ultralytics import quiet, ultralytics

_CLIP = "git+https://github.com/ultralytics/CLIP.git"
_FILES = {"mobileclip": "mobileclip_blt.ts", "mobileclip2": "mobileclip2_b.ts"}


def need_clip(what: str) -> None:
    """Raise where the tokenizer is missing; ultralytics would try to install it.

    Raises:
        MissingExtraError: there is no package ``clip``.
    """
    if "clip" not in sys.modules and find_spec("clip") is None:
        raise MissingExtraError(f"{what} needs ultralytics' tokenizer, the package clip: pip install {_CLIP}")


def encode(network: Any, texts: Sequence[str]) -> Any:
    """Embeddings of texts by the encoder that a YOLOE was trained with, ``(1, n, d)``.

    Raises:
        MissingExtraError: there is no package ``clip``.
        ModelError: the encoder's weights are not available.
    """
    need_clip("looking by text")
    variant = str(getattr(network, "text_model", "mobileclip:blt")).partition(":")[0]
    file = _FILES.get(variant)
    if file is None:
        raise ModelError(f"the text encoder {variant!r} is not supported: give vectors as text_encoder=")
    found = weights.find(file)
    if found is None:
        found, reason = weights.download(file)
        if found is None:
            raise ModelError(
                f"looking by text needs {file} ({reason}): put it into a folder weights/ beside the "
                "notebook, or look by example: predict(ds, examples=ds.instances.loc[[...]])"
            )
    with quiet():
        return _read(network, list(texts), found)


def _read(network: Any, texts: list[str], file: Path) -> Any:
    model = ultralytics("nn.text_model").MobileCLIPTS(next(network.parameters()).device, weight=str(file))
    vectors = model.encode_text(model.tokenize(texts)).detach()
    return network.model[-1].get_tpe(vectors.reshape(1, len(texts), -1).float())
