"""Weights from a stranger: nothing in them runs, and none takes more memory or time than weights do."""

import copy
import io
import json
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.lib import format as npy

from nbalabel.core.errors import ModelError, UnknownNameError

pytest.importorskip("ultralytics")

from nbalabel.learn.checkpoints import weights
from nbalabel.learn.offtheshelf.sam import Sam
from nbalabel.learn.yolo import Yolo

from ..made_network import ARCHITECTURE


@pytest.fixture(scope="module")
def network() -> Any:
    """A network of little width, so that its files are small."""
    content = weights._content("yolo11n-seg.yaml")
    content["scales"] = {"n": [0.34, 0.0625, 256]}
    return weights.build(content, 2, {0: "ring", 1: "square"})


@pytest.fixture
def crafted(network: Any, tmp_path: Path) -> Callable[..., Path]:
    """``crafted(change)``: a ``.npz`` of ours whose text was changed by a function."""

    def make(change: Callable[[dict[str, Any]], object]) -> Path:
        with np.load(weights.write(network, tmp_path / "good.npz")) as archive:
            arrays = dict(archive)
        meta = json.loads(arrays["__nbalabel__"].tobytes())
        change(meta)
        arrays["__nbalabel__"] = np.frombuffer(json.dumps(meta).encode(), np.uint8)
        np.savez(tmp_path / "crafted.npz", **arrays)
        return tmp_path / "crafted.npz"

    return make


def _touch(path: Path) -> str:
    return f"__import__('pathlib').Path({str(path)!r}).touch()"


ACTIVATIONS = [
    "{harm}",
    "nn.SiLU() if {harm} else 1",
    "nn.SiLU(), {harm}",
    "nn.ReLU({harm})",
    "nn.Module.__subclasses__()",
    "lambda: {harm}",
    "nn.SiLU()\n{harm}",
    "torch.hub.load('a', 'b')",
    "[nn.SiLU()]",
]


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_no_activation_is_evaluated(activation: str, crafted: Callable[..., Path], tmp_path: Path) -> None:
    harm = tmp_path / "harmed"
    text = activation.format(harm=_touch(harm))
    path = crafted(lambda meta: meta["architecture"].update(activation=text))
    with pytest.raises(ModelError, match="asks for the activation"):
        Yolo(path)
    assert not harm.exists()


@pytest.mark.parametrize(
    "activation",
    ["nn.ReLU()", "torch.nn.LeakyReLU(0.1)", "nn.SiLU(inplace=True)", "nn.GELU(approximate='tanh')"],
)
def test_activations_of_torch_are_used(activation: str, crafted: Callable[..., Path]) -> None:
    found = Yolo(crafted(lambda meta: meta["architecture"].update(activation=activation)))
    assert type(found.network.model[0].act).__name__ in activation


@pytest.mark.parametrize(
    "module",
    [
        *(
            "deepcopy",
            "__import__",
            "check_requirements",
            "TorchVision",
            "Classify",
            "WorldDetect",
            "Segment\n",
        ),
        *("torchvision.ops.misc.interpolate", "nn.Module", "nn.modules", "nn.functional.relu", "", 7, None),
        ["Conv"],
    ],
)
def test_only_known_layers_are_built(module: Any, crafted: Callable[..., Path]) -> None:
    def change(meta: dict[str, Any]) -> None:
        meta["architecture"]["backbone"][1][2] = module

    with pytest.raises(ModelError, match="has a layer"):
        Yolo(crafted(change))


@pytest.mark.parametrize(
    "arguments",
    [
        ["ch", 3, 2],
        ["__import__('os')", 3, 2],
        [10**9, 3, 2],
        [32, [[3]], 2],
        [32, {"k": 3}, 2],
        [1e300, 3, 2],
        [32] * 40,
        "32",
    ],
)
def test_arguments_are_plain_numbers_and_known_words(arguments: Any, crafted: Callable[..., Path]) -> None:
    def change(meta: dict[str, Any]) -> None:
        meta["architecture"]["backbone"][1][3] = arguments

    with pytest.raises(ModelError, match="its architecture"):
        Yolo(crafted(change))


def _set(*keys: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(meta: dict[str, Any]) -> None:
        for key in keys[:-1]:
            meta = meta[key]
        meta[keys[-1]] = to

    return change


BACKBONE = ("architecture", "backbone")


@pytest.mark.parametrize(
    "change",
    [
        _set(*BACKBONE, 1, 3, to=[65536, 99, 1]),
        _set(*BACKBONE, 1, 3, to=[1024, 99, 1]),
        _set(*BACKBONE, 1, to=[-1, 1, "nn.Upsample", ["None", 60000, "nearest"]]),
        _set(*BACKBONE, 2, to=[-1, 32, "RepNCSPELAN4", [256, 128, 64, 65536]]),
        _set(*BACKBONE, 1, 1, to=10**6),
        _set(*BACKBONE, to=[[-1, 1, "Conv", [8, 3, 1]]] * 2000),
        _set("architecture", "scales", to={"n": [1e4, 1e4, 1e9]}),
        _set("architecture", "nc", to=10**9),
        _set("labels", to=["x"] * 1_000_000),
    ],
)
def test_an_architecture_larger_than_any_published_one_is_refused_before_it_is_built(
    change: Any, crafted: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    def build(*_: Any) -> None:
        raise AssertionError("it was built")

    monkeypatch.setattr("ultralytics.nn.tasks.SegmentationModel", build)
    with pytest.raises(ModelError):
        Yolo(crafted(change))


@pytest.mark.parametrize(
    "change",
    [
        _set("architecture", to=None),
        _set("architecture", "head", to=[]),
        _set("architecture", "head", to=[[-1, 1]]),
        _set("architecture", "head", -1, to=[[99], 1, "Segment", ["nc", 32, 256]]),
        _set("architecture", "scale", to="__class__"),
        _set("labels", to={"0": "a"}),
        _set("labels", to=["a\nb", "c"]),
        _set("labels", to=[]),
        _set("imgsz", to=10**12),
        _set("name", to="a\nb"),
    ],
)
def test_text_that_describes_no_network_is_named(change: Any, crafted: Callable[..., Path]) -> None:
    with pytest.raises(ModelError, match="crafted"):
        Yolo(crafted(change))


def test_a_failed_build_leaves_no_other_activation_behind(crafted: Callable[..., Path]) -> None:
    from ultralytics.nn.modules.conv import Conv

    def change(meta: dict[str, Any]) -> None:
        meta["architecture"]["activation"] = "nn.Tanh()"
        meta["architecture"]["head"][-1][0] = [99]

    before = Conv.default_act
    with pytest.raises(ModelError, match="cannot be built"):
        Yolo(crafted(change))
    assert Conv.default_act is before


def test_networks_built_at_the_same_time_keep_their_own_activations() -> None:
    from concurrent.futures import ThreadPoolExecutor

    def activations(activation: str | None) -> set[str]:
        content = {**ARCHITECTURE, "activation": activation} if activation else dict(ARCHITECTURE)
        if activation is None:
            del content["activation"]
        made = weights.build(content, 2, {0: "a", 1: "b"})
        kinds = {type(layer).__name__ for layer in made.modules()}
        return kinds & {"ReLU", "SiLU", "GELU"}

    asked = ["nn.ReLU()", None, "nn.GELU()"] * 6
    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(activations, asked))
    assert found == [{(name or "nn.SiLU()")[3:-2]} for name in asked]


def test_a_checkpoint_whose_architecture_would_run_code_is_refused_when_it_is_read(
    network: Any, tmp_path: Path
) -> None:
    bad = copy.deepcopy(network)
    bad.yaml = {**network.yaml, "activation": _touch(tmp_path / "harmed")}
    _write_pt(bad, tmp_path / "bad.pt")
    with pytest.raises(ModelError, match="asks for the activation"):
        Yolo(tmp_path / "bad.pt")
    assert not (tmp_path / "harmed").exists()


class _Reduces:
    def __init__(self, call: Any, *arguments: Any) -> None:
        self.call, self.arguments = call, arguments

    def __reduce__(self) -> tuple[Any, ...]:
        return self.call, self.arguments


def test_no_call_in_a_checkpoint_is_made(network: Any, tmp_path: Path) -> None:
    from ultralytics.nn.modules.block import TorchVision
    from ultralytics.utils import checks, downloads

    harm = tmp_path / "harmed"
    for call in (
        _Reduces(Path.touch, harm),
        _Reduces(eval, _touch(harm)),
        _Reduces(getattr, _Reduces(getattr, harm, "touch"), "__call__"),
        _Reduces(downloads.safe_download, "file:///etc/hostname", str(harm)),
        _Reduces(checks.check_requirements, "nothing"),
        _Reduces(TorchVision, "resnet18"),
    ):
        _write_pt(network, tmp_path / "bad.pt", extra=call)
        try:
            Yolo(tmp_path / "bad.pt")
        except ModelError as error:
            assert "bad.pt" in str(error)  # noqa: PT017  # naming the file or reading past the call both do
        assert not harm.exists()


def test_what_hangs_on_a_checkpoints_layers_stays_behind(network: Any, tmp_path: Path) -> None:
    import torch

    hooked = copy.deepcopy(network)
    hooked.model[0].register_forward_hook(torch.nn.ReLU())
    hooked.model[0].forward = torch.nn.Identity()
    _write_pt(hooked, tmp_path / "hooked.pt")
    layer = Yolo(tmp_path / "hooked.pt").network.model[0]
    assert not layer._forward_hooks
    assert "forward" not in vars(layer)


def test_genuine_checkpoints_give_the_network_they_were_saved_from(tmp_path: Path) -> None:
    import torch
    from ultralytics import YOLO

    for name in ("yolo11n-seg", "yolov8n-seg", "yolo26n-seg"):
        theirs = YOLO(f"{name}.yaml", verbose=False)
        theirs.save(tmp_path / f"{name}.pt")
        mine = Yolo(tmp_path / f"{name}.pt")
        assert mine.labels == tuple(theirs.names.values())
        saved = theirs.model.half().float().state_dict()  # they save at half precision
        found = mine.network.state_dict()
        assert list(found) == list(saved)
        assert all(torch.equal(found[key], saved[key]) for key in found)


def test_every_segmentation_family_of_ultralytics_passes_the_checks() -> None:
    from nbalabel.learn.checkpoints.architecture import checked, measure

    for name in ("yolov8x-seg-p6", "yolov9e-seg", "yolo11x-seg", "yolo12x-seg", "yolo26x-seg"):
        content = checked(weights._content(f"{name}.yaml"), name)
        measure(content, name)


def test_archives_that_would_grow_are_refused(
    crafted: Callable[..., Path], network: Any, tmp_path: Path
) -> None:
    with np.load(crafted(dict)) as archive:
        np.savez_compressed(tmp_path / "packed.npz", zeros=np.zeros(50_000_000, np.uint8), **dict(archive))
    _write_pt(network, tmp_path / "plain.pt")
    with (
        zipfile.ZipFile(tmp_path / "plain.pt") as source,
        zipfile.ZipFile(tmp_path / "packed.pt", "w", zipfile.ZIP_DEFLATED) as packed,
    ):
        for name in source.namelist():
            packed.writestr(name, source.read(name))
    for suffix in ("npz", "pt"):
        with pytest.raises(ModelError, match="would grow when unpacked"):
            Yolo(tmp_path / f"packed.{suffix}")


def test_arrays_are_as_large_as_their_bytes(tmp_path: Path, crafted: Callable[..., Path]) -> None:
    path = crafted(dict)
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    header = io.BytesIO()
    npy.write_array_header_1_0(header, {"descr": "<f4", "fortran_order": False, "shape": (99999999999,)})
    entries["model.0.conv.weight.npy"] = header.getvalue() + bytes(4)
    with zipfile.ZipFile(path, "w") as archive:
        for entry, content in entries.items():
            archive.writestr(entry, content)
    with pytest.raises(ModelError, match=r"\(99999999999,\) in"):
        Yolo(path)


def test_arrays_of_objects_are_refused(tmp_path: Path) -> None:
    harm = tmp_path / "harmed"
    np.savez(tmp_path / "bad.npz", __nbalabel__=np.array([_Reduces(Path.touch, harm)], object))
    with pytest.raises(ModelError, match="an array of object"):
        Yolo(tmp_path / "bad.npz")
    assert not harm.exists()


def test_an_architecture_file_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        f"nc: 2\nactivation: {_touch(tmp_path / 'harmed')}\nbackbone: []\n"
        "head: [[-1, 1, Segment, [nc, 32, 256]]]\n"
    )
    with pytest.raises(ModelError, match="activation"):
        Yolo(tmp_path / "mine.yaml")
    (tmp_path / "mine.yaml").write_text("[" * 5000)
    with pytest.raises(ModelError, match="no architecture"):
        Yolo(tmp_path / "mine.yaml")
    with pytest.raises(UnknownNameError, match="no model"):
        Yolo("https://example.org/mine.yaml")
    assert not (tmp_path / "harmed").exists()


def test_weights_of_sam_run_nothing_either(tmp_path: Path) -> None:
    harm = tmp_path / "harmed"
    path = tmp_path / "mobile_sam.pt"
    for content in ({"model": _Reduces(Path.touch, harm)}, {"model": {"a": _Reduces(eval, _touch(harm))}}):
        import torch

        torch.save(content, path)
        with pytest.raises(ModelError, match="cannot be read as weights"):
            Sam(path)
        path.write_bytes(pickle.dumps(content))
        with pytest.raises(ModelError, match="cannot be read as weights"):
            Sam(path)
    assert not harm.exists()


def _write_pt(network: Any, path: Path, **more: Any) -> None:
    """A checkpoint as ultralytics writes them."""
    import torch

    torch.save({"model": network, "ema": None, "train_args": {}, **more}, path)
