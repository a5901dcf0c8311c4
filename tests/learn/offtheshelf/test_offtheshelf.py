"""First proposals of models that were not trained here: real networks of ultralytics, with random weights."""

import socket
import sys
import types

import numpy as np
import pandas as pd
import pytest

from nbalabel.core.errors import DataError, MissingExtraError, ModelError, UnknownNameError
from nbalabel.core.geometry.masks import rle
from nbalabel.learn.model import Model

pytest.importorskip("ultralytics")

import nbalabel as nl
from nbalabel.learn.libraries.quiet_ultralytics import quiet, ultralytics


@pytest.fixture(scope="module")
def yoloe_network():
    import torch

    torch.manual_seed(0)
    with quiet():
        network = ultralytics("nn.tasks").YOLOESegModel("yoloe-11n-seg.yaml", nc=80, verbose=False)
    # A random head is sure of nothing: let it find something everywhere.
    for head in network.model[-1].cv4:
        head.bias.data.fill_(2.0)
    return network


def vectors(texts):
    """Stands for a text encoder: its weights cannot be had here."""
    return np.stack([np.random.default_rng(len(text)).normal(size=512) for text in texts])


@pytest.fixture
def yoloe(yoloe_network):
    return nl.YoloE.of(yoloe_network, "yoloe-11n", text_encoder=vectors)


@pytest.fixture
def tables(shapes):
    """Shapes of which nothing is accepted yet."""
    made = shapes(3)
    made.instances["status"] = made.instances["status"].astype(object)
    made.instances["status"] = pd.Categorical(
        ["proposed"] * len(made.instances), categories=["proposed", "accepted", "verified"]
    )
    return made


def test_yoloe_looks_by_text_and_proposes_labels_of_the_tables(yoloe, tables):
    assert isinstance(yoloe, Model)
    run = yoloe.predict(tables, text={"ring": "a red ring"}, score=0.01, imgsz=64, max_detections=20)
    assert len(run.predictions)
    assert set(run.predictions["label"]) == {"ring"}
    assert run.predictions["label"].cat.categories.tolist() == ["ring", "square"]
    assert run.arguments["looked_for"] == ["ring"]
    assert run.embeddings.instance.shape[0] == len(run.predictions)
    assert (run.predictions["origin"] == run.id).all()


def test_yoloe_looks_by_example_on_other_images(yoloe, tables):
    rows = tables.instances[tables.instances["image_id"] == tables.instances["image_id"].iloc[0]]
    run = yoloe.predict(tables, examples=rows, score=0.01, imgsz=64, max_detections=20)
    assert set(run.arguments["looked_for"]) == set(rows["label"].astype(str))
    assert run.predictions["image_id"].nunique() > 1


def test_examples_are_where_their_masks_lie(yoloe, tables):
    rows = tables.instances.iloc[:1]
    here = yoloe._looks(tables, nl_examples(rows, tables), 64)
    moved = tables.instances.copy()
    moved.loc[rows.index, "x"] = (moved.loc[rows.index, "x"] + 32) % 48
    tables.instances = moved
    there = yoloe._looks(tables, nl_examples(rows, tables), 64)
    label = next(iter(here))
    assert np.isclose(np.linalg.norm(here[label]), 1, atol=1e-4)
    assert not np.allclose(here[label], there[label])


def nl_examples(rows, tables):
    from nbalabel.learn.offtheshelf.prompts import examples

    return examples(rows, tables)


def test_yoloe_learns_the_look_of_labels_without_a_step(yoloe, tables):
    run = yoloe.train(tables, imgsz=64)
    assert run.kind == "train"
    assert set(yoloe.labels) == set(tables.instances["label"].astype(str))
    assert yoloe.predict(tables, [0], score=0.01, imgsz=64).arguments["looked_for"] == list(yoloe.labels)


def test_yoloe_describes_labels_as_it_does_predictions(yoloe, tables):
    found = yoloe.embed(tables, imgsz=64)
    run = yoloe.predict(tables, [0], text="ring", score=0.01, imgsz=64)
    assert found.instance.shape[1] == run.embeddings.instance.shape[1]


def test_what_cannot_be_looked_for_is_named(yoloe, tables):
    with pytest.raises(UnknownNameError, match=r"'rings'.*add_label\('rings'\)"):
        yoloe.predict(tables, text="rings")
    with pytest.raises(DataError, match="not both"):
        yoloe.predict(tables, text="ring", examples=tables.instances)
    with pytest.raises(DataError, match="rows of instances"):
        yoloe.predict(tables, examples=tables.images)
    with pytest.raises(DataError, match="accepted must be one of"):
        yoloe.predict(tables, text="ring", imgsz=64, accepted="maybe")
    with pytest.raises(ModelError, match="no argument"):
        yoloe.predict(tables, txt="ring")


def test_a_text_encoder_of_another_space_is_refused(yoloe_network, tables):
    model = nl.YoloE.of(yoloe_network, text_encoder=lambda texts: np.zeros((len(texts), 3)))
    with pytest.raises(DataError, match=r"\(1, 512\).*\(1, 3\)"):
        model.predict(tables, text="ring")


def test_what_is_missing_is_said_and_no_network_asked(yoloe_network, tables, monkeypatch):
    asked = []
    monkeypatch.setattr(socket.socket, "connect", lambda _, address: asked.append(address))
    with pytest.raises(ModelError, match=r"yoloe-11s-seg.pt.*weights/"):
        nl.YoloE("yoloe-11s-seg.pt")
    with pytest.raises(UnknownNameError, match="yoloe-"):
        nl.YoloE("yolo11n-seg.pt")
    with pytest.raises(ModelError, match=r"sam3.pt.*weights/"):
        nl.Sam3("sam3.pt")
    with pytest.raises(ModelError, match=r"mobile_sam.pt.*weights/"):
        nl.Everything("mobile_sam.pt")
    with pytest.raises(MissingExtraError, match="CLIP"):
        nl.YoloE.of(yoloe_network).predict(tables, text="ring")
    assert asked == []


def test_yoloe_reads_ultralytics_files_without_running_them(yoloe_network, tables, tmp_path):
    import torch

    file = tmp_path / "yoloe-11n-seg.pt"
    torch.save({"model": yoloe_network}, file)
    read = nl.YoloE(file, text_encoder=vectors)
    ours = nl.YoloE.of(yoloe_network, text_encoder=vectors)
    arguments = {"text": "ring", "score": 0.01, "imgsz": 64, "max_detections": 5}
    assert read.predict(tables, **arguments).predictions["mask"].tolist() == (
        ours.predict(tables, **arguments).predictions["mask"].tolist()
    )


def test_proposals_never_lie_on_accepted_masks(yoloe, tables):
    free = yoloe.predict(tables, text="ring", score=0.01, imgsz=64, max_detections=50)
    biggest = free.predictions.sort_values("area").iloc[-1]
    left = rle.decode(biggest["mask"], 64, 64)
    left[:, 40:] = False  # most of the largest proposal is accepted by hand, with another outline
    tables.instances.loc[tables.instances.index[0], ["image_id", "mask"]] = [
        biggest["image_id"],
        rle.encode(left),
    ]
    tables.instances.loc[tables.instances.index[0], "status"] = "accepted"
    run = yoloe.predict(tables, text="ring", score=0.01, imgsz=64, max_detections=50)
    on = run.predictions[run.predictions["image_id"] == biggest["image_id"]]
    for mask, area, x in zip(on["mask"], on["area"], on["x"], strict=True):
        pixels = rle.decode(mask, 64, 64)
        assert not (pixels & left).any()
        assert pixels.sum() == area
        assert np.flatnonzero(pixels.any(axis=0))[0] == x
    assert run.arguments["on_accepted"] > 0
    assert len(run.predictions) + run.arguments["on_accepted"] == len(free.predictions)
    kept = yoloe.predict(tables, text="ring", score=0.01, imgsz=64, max_detections=50, accepted="ignore")
    assert len(kept.predictions) == len(free.predictions)


@pytest.fixture(scope="module")
def sam_network():
    import torch
    from ultralytics.models.sam import build

    torch.manual_seed(0)
    return build._build_sam(32, 2, 2, [1])


@pytest.fixture
def things(sam_network):
    return nl.Everything.of(sam_network, "tiny")


def test_sam_proposes_everything_with_vectors(things, tables, monkeypatch):
    assert isinstance(things, Model)
    monkeypatch.setattr(type(things._finder), "_STABLE", -1.0)  # random masks never are
    tables.labels = ("ring", "square", "thing")
    tables.instances["label"] = tables.instances["label"].cat.add_categories("thing")
    run = things.predict(tables, [0], score=0.0, imgsz=256, points=4, iou=1.0)
    assert len(run.predictions)
    assert set(run.predictions["label"]) == {"thing"}
    assert run.predictions["score"].between(0, 1).all()
    assert run.embeddings.instance.shape == (len(run.predictions), 256)
    assert np.isfinite(run.embeddings.instance).all()
    labels = things.embed(tables, [0], imgsz=256)
    assert labels.instance.shape[1] == 256


def test_what_has_no_name_yet_needs_a_label_and_does_not_learn(things, tables):
    with pytest.raises(UnknownNameError, match=r"ds.add_label\('thing'\)"):
        things.predict(tables)
    with pytest.raises(ModelError, match=r"nl\.Yolo"):
        things.train(tables)


class Tokens:
    """Stands for CLIP's tokenizer: letters as tokens."""

    def __call__(self, texts, context_length=32):
        import torch

        out = torch.zeros(len(texts), context_length, dtype=torch.long)
        for row, text in zip(out, texts, strict=True):
            codes = [1 + ord(letter) % 1000 for letter in text][: context_length - 1]
            row[: len(codes) + 1] = torch.tensor([*codes, 49407])
        return out


@pytest.fixture
def sam3_builder(monkeypatch):
    """ultralytics' builder of SAM 3, its encoders two narrow layers."""
    pytest.importorskip("timm", reason="ultralytics' SAM 3 is built with timm")
    build = ultralytics("models.sam.build_sam3")
    clip = types.ModuleType("clip")
    clip.simple_tokenizer = types.SimpleNamespace(SimpleTokenizer=Tokens)
    monkeypatch.setitem(sys.modules, "clip", clip)
    image, text = build.ViT, build.VETextEncoder
    small = {"embed_dim": 32, "depth": 2, "num_heads": 2, "global_att_blocks": (1,)}
    monkeypatch.setattr(build, "ViT", lambda **given: image(**{**given, **small}))
    monkeypatch.setattr(
        build, "VETextEncoder", lambda **given: text(**{**given, "width": 32, "heads": 2, "layers": 1})
    )
    return build


@pytest.fixture
def sam3_file(sam3_builder, monkeypatch, tmp_path):
    """Random weights of SAM 3 as in Meta's file; ultralytics leaves some of a new network undefined."""
    import torch

    torch.manual_seed(0)
    with monkeypatch.context() as patched:
        patched.setattr(sam3_builder, "_load_checkpoint", lambda network, *_: network)
        network = sam3_builder.build_sam3_image_model("")
    for name, weight in network.named_parameters():
        if weight.ndim > 1:
            torch.nn.init.normal_(weight, std=0.1)
        else:
            weight.data.fill_(0.0 if name.endswith("bias") else 1.0)
    file = tmp_path / "sam3.pt"
    torch.save({f"detector.{name}": tensor for name, tensor in network.state_dict().items()}, file)
    return file


def test_sam3_looks_by_text_and_by_exemplars_on_their_own_image(sam3_file, tables):
    model = nl.Sam3(sam3_file)
    assert isinstance(model, Model)
    arguments = {"score": 0.0, "iou": 0.9, "imgsz": 336, "max_detections": 6}
    by_text = model.predict(tables, [0], text={"ring": "a red ring"}, **arguments)
    assert set(by_text.predictions["label"]) == {"ring"}
    assert by_text.embeddings.instance.shape == (len(by_text.predictions), 256)
    assert np.isfinite(by_text.embeddings.instance).all()
    rows = tables.instances[tables.instances["image_id"] == 1]
    by_example = model.predict(tables, examples=rows, **arguments)
    assert by_example.predicted_ids.tolist() == [1]
    assert set(by_example.predictions["label"]) <= set(rows["label"])
    assert len(by_example.predictions)
    assert model.embed(tables, [1], imgsz=336).instance.shape == (len(rows), 256)


def test_sam3_says_what_it_cannot_do(sam3_file, tables):
    model = nl.Sam3(sam3_file)
    with pytest.raises(DataError, match="multiple of 14"):
        model.predict(tables, text="ring", imgsz=640)
    with pytest.raises(DataError, match="none of the images"):
        model.predict(tables, [0], examples=tables.instances[tables.instances["image_id"] == 1])
    with pytest.raises(ModelError, match=r"nl\.Yolo"):
        model.train(tables)
