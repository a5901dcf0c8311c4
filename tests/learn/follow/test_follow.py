"""A mask is carried along a sequence until somebody decided already, or the flow no longer agrees."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

import nbalabel as nl
from nbalabel.core.errors import DataError, ImageError, UnknownNameError
from nbalabel.core.geometry.masks import rle

cv2 = pytest.importorskip("cv2")
SIDE, N = 96, 10


def texture(seed: int, side: int = SIDE) -> np.ndarray:
    """Smooth noise, which flow can hold on to, ``(side, side, 3)`` float32 0..255."""
    noise = np.random.default_rng(seed).normal(0, 1, (side, side, 3)).astype(np.float32)
    smooth = cv2.GaussianBlur(noise, (0, 0), 1.5)
    return np.clip(128 + 60 * smooth / smooth.std(), 0, 255)


class Disc:
    """A patterned disc (or ring) that moves over a patterned ground."""

    def __init__(
        self,
        seed: int = 1,
        at: tuple[float, float] = (30, 40),
        speed: tuple[float, float] = (3, 1),
        radius: float = 12,
        hole: float = 0,
    ) -> None:
        self.pattern, self.at, self.speed = texture(seed), at, speed
        self.radius, self.hole = radius, hole

    def mask(self, frame: int) -> np.ndarray:
        y, x = np.mgrid[:SIDE, :SIDE]
        distance = np.hypot(x - self.at[0] - self.speed[0] * frame, y - self.at[1] - self.speed[1] * frame)
        return (distance <= self.radius) & (distance >= self.hole)

    def paint(self, canvas: np.ndarray, frame: int) -> None:
        shift = np.array([[1, 0, self.speed[0] * frame], [0, 1, self.speed[1] * frame]], np.float64)
        moved = cv2.warpAffine(self.pattern, shift, (SIDE, SIDE), borderMode=cv2.BORDER_WRAP)
        inside = self.mask(frame)
        canvas[inside] = moved[inside]


class Video:
    """Frames of a few discs; enough of LabeledImages for follow, pixels in memory, reads counted."""

    labels = ("fish", "crab")
    image_root = None
    version_id = "v1"

    def __init__(self, *discs: Disc, n: int = N, step: int = 1, hidden: range = range(0)) -> None:
        self.discs = discs or (Disc(),)
        self.reads: list[int] = []
        self.broken: dict[int, BaseException] = {}
        self.pixels = {}
        for frame in range(n):
            canvas = 60 + 0.3 * texture(0)
            for disc in self.discs:
                if frame not in hidden:
                    disc.paint(canvas, frame)
            self.pixels[frame] = canvas.astype(np.uint8)
        images = pd.DataFrame(
            {
                "file": [f"{i}.png" for i in range(n)],
                "width": SIDE,
                "height": SIDE,
                "group": "dive",
                "frame": np.arange(n) * step,
                "state": "unlabeled",
            }
        )
        self.tables = nl.Tables.of(images, pd.DataFrame(columns=["image_id", "label", "mask"]), self.labels)
        self.images, self.instances = self.tables.images, self.tables.instances

    def add(self, frame: int, label: str = "fish", disc: int = 0, **more: Any) -> int:
        """Draw the true mask of one frame; returns the id of the instance."""
        row = {"image_id": frame, "label": label, "mask": rle.encode(self.discs[disc].mask(frame)), **more}
        rows = [*self.instances[["image_id", "label", "mask", *more]].to_dict("records"), row]
        status = [*self.instances["status"], more.get("status", "accepted")]
        source = [*self.instances["source"], more.get("source", "human")]
        frame_ = pd.DataFrame(rows).assign(status=status, source=source)
        self.instances = nl.Tables.of(self.images, frame_, self.labels).instances
        return int(self.instances.index[-1])

    def read_image(self, image_id: int) -> np.ndarray:
        self.reads.append(image_id)
        if image_id in self.broken:
            raise self.broken[image_id]
        return self.pixels[image_id]

    def iou(self, run: nl.Run, disc: int = 0) -> pd.Series:
        """IoU of each prediction with the true mask of a disc, by image."""
        rows = run.predictions
        true = [rle.encode(self.discs[disc].mask(int(i))) for i in rows["image_id"]]
        return pd.Series(rle.iou_pairs(rows["mask"].tolist(), true), index=rows["image_id"].to_numpy())


def images_of(run: nl.Run) -> list[int]:
    return run.predictions["image_id"].tolist()


def test_a_mask_follows_what_it_lies_on_both_ways() -> None:
    video = Video()
    parent = video.add(4, "crab")
    run = nl.follow(video, [parent])
    assert images_of(run) == [0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert video.iou(run).min() > 0.8
    found = run.predictions
    assert (found["label"] == "crab").all()
    assert (found["parent"] == parent).all()
    assert found["distance"].tolist() == [-4, -3, -2, -1, 1, 2, 3, 4, 5]
    assert (found["origin"] == run.id).all()
    assert found["score"].between(0.7, 1).all()
    assert found["area"].tolist() == rle.areas(found["mask"].tolist()).tolist()
    assert run.arguments["ended"] == {"end": 2}


@pytest.mark.parametrize(("direction", "seen"), [("forward", [5, 6, 7, 8, 9]), ("backward", [0, 1, 2, 3])])
def test_a_direction_is_kept_to(direction: str, seen: list[int]) -> None:
    video = Video()
    assert images_of(nl.follow(video, [video.add(4)], direction=direction)) == seen


@pytest.mark.parametrize(
    ("frames", "seen"), [(2, [2, 3, 5, 6]), ([1, 6], [1, 6]), ([4], []), (np.array([9]), [9])]
)
def test_frames_say_how_far(frames: Any, seen: list[int]) -> None:
    video = Video()
    run = nl.follow(video, [video.add(4)], frames=frames)
    assert images_of(run) == seen
    if isinstance(frames, int):
        assert not set(video.reads) - {2, 3, 4, 5, 6}, "images beyond are not read"
    rows = video.images.loc[[1, 6]]
    assert images_of(nl.follow(video, video.instances, frames=rows)) == [1, 6]


def test_the_score_falls_where_the_thing_is_hidden() -> None:
    video = Video(hidden=range(5, 10))
    run = nl.follow(video, [video.add(1)], least=0.0)
    score = run.predictions.set_index("image_id")["score"]
    assert score[[2, 3, 4]].min() > 0.8
    assert score.reindex([5, 6, 7, 8, 9], fill_value=0).max() < 0.5
    ended = nl.follow(video, video.instances)
    assert images_of(ended) == [0, 2, 3, 4]
    assert ended.arguments["ended"] == {"score": 1, "end": 1}


@pytest.mark.parametrize("state", ["complete", "empty"])
def test_images_that_are_done_are_barriers(state: str) -> None:
    video = Video()
    video.add(2)
    video.images.loc[[2, 6], "state"] = state
    run = nl.follow(video, video.instances)
    assert images_of(run) == [0, 1, 3, 4, 5], "a track may start on a complete image"
    assert 6 not in video.reads[: video.reads.index(5) + 1]
    assert run.arguments["ended"] == {"barrier": 1, "end": 1}


@pytest.mark.parametrize(
    ("status", "source", "stops"),
    [
        ("accepted", "model", True),
        ("verified", "model", True),
        ("proposed", "human", True),
        ("proposed", "model", False),
    ],
)
def test_a_trusted_instance_of_the_same_thing_is_a_barrier(status: str, source: str, stops: bool) -> None:
    video = Video()
    parent = video.add(2)
    video.add(6, "crab", status=status, source=source)
    run = nl.follow(video, [parent])
    assert images_of(run) == ([0, 1, 3, 4, 5] if stops else [0, 1, 3, 4, 5, 6, 7, 8, 9])


def test_an_instance_elsewhere_on_the_image_is_no_barrier() -> None:
    video = Video(Disc(), Disc(2, at=(60, 70), speed=(-2, 0), radius=9))
    parent = video.add(2)
    video.add(6, disc=1)
    assert images_of(nl.follow(video, [parent])) == [0, 1, 3, 4, 5, 6, 7, 8, 9]


def test_two_starts_share_what_lies_between_them() -> None:
    video = Video()
    first, last = video.add(0), video.add(9)
    run = nl.follow(video, video.instances)
    found = run.predictions
    assert images_of(run) == list(range(1, 9)), "one mask an image, none on the starts"
    assert set(found["parent"]) == {first, last}
    alone = [
        nl.follow(video, [parent]).predictions.set_index("image_id")["score"] for parent in (first, last)
    ]
    better = np.maximum(*(scores.reindex(range(1, 9)).to_numpy() for scores in alone))
    assert found["score"].tolist() == better.tolist()


def test_flow_is_computed_once_a_pair_for_both_directions_and_all_masks() -> None:
    video = Video(Disc(), Disc(2, at=(60, 70), speed=(-2, 0), radius=9))
    for frame in (0, 9):
        for disc in (0, 1):
            video.add(frame, disc=disc)
    nl.follow(video, video.instances, embed=False)
    assert sorted(video.reads) == list(range(N)), "read once, so flow cannot have been computed twice"


def test_two_labels_are_carried_side_by_side() -> None:
    video = Video(Disc(), Disc(2, at=(60, 70), speed=(-2, 0), radius=9))
    fish, crab = video.add(0, "fish"), video.add(0, "crab", disc=1)
    found = nl.follow(video, [fish, crab], frames=5).predictions
    for parent, label, disc in ((fish, "fish", 0), (crab, "crab", 1)):
        own = found[found["parent"] == parent]
        assert (own["label"] == label).all()
        true = [rle.encode(video.discs[disc].mask(int(i))) for i in own["image_id"]]
        assert rle.iou_pairs(own["mask"].tolist(), true).min() > 0.75
        assert len(own) == 5


def test_masks_do_not_depend_on_which_others_are_carried() -> None:
    video = Video(Disc(), Disc(2, at=(60, 70), speed=(-2, 0), radius=9))
    one = video.add(5)
    alone = nl.follow(video, [one], imgsz=96)
    video.add(5, disc=1)
    video.add(9, disc=1)
    again, together = nl.follow(video, [one], imgsz=96), nl.follow(video, video.instances, imgsz=96)
    for run in (again, together):
        own = run.predictions[run.predictions["parent"] == one]
        assert own["mask"].tolist() == alone.predictions["mask"].tolist()
        assert own["score"].tolist() == alone.predictions["score"].tolist()


def test_holes_survive() -> None:
    video = Video(Disc(radius=16, hole=7))
    run = nl.follow(video, [video.add(0)], frames=4)
    for image_id, mask in zip(run.predictions["image_id"], run.predictions["mask"], strict=True):
        middle = 40 + int(image_id), 30 + 3 * int(image_id)
        found = rle.decode(mask, SIDE, SIDE)
        assert not found[middle]
        assert found[middle[0] + 11, middle[1]]
    assert video.iou(run).min() > 0.75


def test_a_mask_that_leaves_the_picture_ends_there() -> None:
    video = Video(Disc(at=(60, 40), speed=(7, 0)))
    run = nl.follow(video, [video.add(0)])
    assert 5 <= max(images_of(run)) <= 6, "the disc is gone after frame 6"
    assert video.iou(run)[[1, 2, 3, 4]].min() > 0.75, "half of it is still a mask"
    assert run.predictions["score"].iloc[:4].min() > 0.7, "what is off the picture does not count against it"
    assert sum(run.arguments["ended"].get(why, 0) for why in ("left", "score")) == 1


def test_what_the_ground_tears_off_is_dropped_and_true_islands_are_not() -> None:
    video = Video(Disc(speed=(7, 0)))
    run = nl.follow(video, [video.add(0)], frames=4)
    for mask in run.predictions["mask"]:
        assert cv2.connectedComponents(rle.decode(mask, SIDE, SIDE).astype(np.uint8))[0] == 2
    still = Video(Disc(speed=(0, 0)))
    still.add(0)
    both = still.discs[0].mask(0)
    both[70:74, 70:74] = True
    still.instances["mask"] = pd.array([rle.encode(both)], dtype=still.instances["mask"].dtype)
    found = nl.follow(still, still.instances, frames=2).predictions
    assert [bool(rle.decode(mask, SIDE, SIDE)[72, 72]) for mask in found["mask"]] == [True, True]


def test_a_missing_frame_is_a_gap_and_every_fifth_frame_is_none() -> None:
    video = Video()
    parent = video.add(2)
    video.images = video.images.drop(index=6)
    run = nl.follow(video, [parent])
    assert images_of(run) == [0, 1, 3, 4, 5]
    assert run.arguments["ended"] == {"gap": 1, "end": 1}
    assert images_of(nl.follow(video, [parent], gap=3)) == [0, 1, 3, 4, 5, 7, 8, 9]
    sampled = Video(step=5)
    assert len(nl.follow(sampled, [sampled.add(0)]).predictions) == 9
    assert not len(nl.follow(sampled, sampled.instances, gap=5).predictions)


def test_order_is_that_of_frames_not_of_ids() -> None:
    video = Video()
    parent = video.add(4)
    video.images["frame"] = pd.array(np.arange(N)[::-1], dtype="Int32")
    found = nl.follow(video, [parent]).predictions.set_index("image_id")["distance"]
    assert (found[3], found[5]) == (1, -1)


def test_an_image_of_another_size_ends_the_track() -> None:
    video = Video()
    video.images.loc[6, "width"] = SIDE - 8
    video.pixels[6] = video.pixels[6][:, : SIDE - 8]
    assert images_of(nl.follow(video, [video.add(4)])) == [0, 1, 2, 3, 5]


@pytest.mark.parametrize("wrong", ["missing", "size"])
def test_an_image_that_cannot_be_read_ends_the_track_and_is_reported(wrong: str) -> None:
    video = Video()
    if wrong == "missing":
        video.broken[6] = ImageError("image 6 is missing")
    else:
        video.pixels[6] = video.pixels[6][:50]
    run = nl.follow(video, [video.add(4)])
    assert images_of(run) == [0, 1, 2, 3, 5]
    assert run.failed["image_id"].tolist() == [6]
    assert "image 6" in run.failed["problem"].iloc[0]
    assert run.arguments["ended"] == {"unreadable": 1, "end": 1}


def test_what_was_found_before_an_interrupt_is_kept() -> None:
    video = Video()
    video.broken[7] = KeyboardInterrupt()
    run = nl.follow(video, [video.add(4)])
    assert run.interrupted
    assert images_of(run) == [5, 6]


def test_an_interrupt_while_masks_are_described_loses_no_mask(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    video = Video()
    monkeypatch.setattr("nbalabel.learn.follow.follow.looks", interrupt)
    run = nl.follow(video, [video.add(4)])
    assert run.interrupted
    assert len(run.predictions) == 9


def test_a_shrunk_picture_gives_masks_of_the_original_size() -> None:
    video = Video(Disc(radius=18))
    run = nl.follow(video, [video.add(0)], frames=3, imgsz=48)
    assert video.iou(run).min() > 0.75


@pytest.mark.parametrize(("column", "message"), [("group", "no group"), ("frame", "no frame")])
def test_an_image_outside_of_any_sequence_is_refused(column: str, message: str) -> None:
    video = Video()
    video.add(4)
    video.images[column] = video.images[column].where(video.images.index != 4)
    with pytest.raises(DataError, match=f"{message}.*: 4"):
        nl.follow(video, video.instances)


def test_frames_must_tell_the_order() -> None:
    video = Video()
    video.add(4)
    video.images.loc[3, "frame"] = 4
    with pytest.raises(DataError, match=r"share one: 3 \(dive, 4\), 4 \(dive, 4\)"):
        nl.follow(video, video.instances)


def test_rows_of_another_dataset_are_refused() -> None:
    video, other = Video(), Video()
    video.add(4)
    other.labels = ("whale",)
    other.add(4, "whale")
    with pytest.raises(DataError, match=r"another label there: 0 .*'whale'.*'fish'"):
        nl.follow(video, other.instances)
    moved = video.instances.assign(image_id=5)
    with pytest.raises(DataError, match="another image_id there"):
        nl.follow(video, moved)
    with pytest.raises(UnknownNameError, match="no such instances in these tables: 7"):
        nl.follow(video, [7])
    run = nl.follow(video, video.instances, frames=1)
    with pytest.raises(DataError, match="indexed by prediction_id"):
        nl.follow(video, run.predictions)
    with pytest.raises(DataError, match="got no instances"):
        nl.follow(video, video.instances.iloc[:0])


@pytest.mark.parametrize(
    "wrong", [{"direction": "up"}, {"least": 1.5}, {"gap": 0}, {"imgsz": 8}, {"frames": 0}, {"frames": True}]
)
def test_arguments_out_of_range_are_refused(wrong: dict[str, Any]) -> None:
    video = Video()
    video.add(4)
    with pytest.raises(DataError, match=next(iter(wrong))):
        nl.follow(video, video.instances, **wrong)


def test_images_wanted_must_exist() -> None:
    video = Video()
    video.add(4)
    with pytest.raises(UnknownNameError, match="no such images: 99"):
        nl.follow(video, video.instances, frames=[99])


@pytest.fixture
def dataset(tmp_path: Path) -> Any:
    """A dataset on disk, of the video of one disc, whose mask of frame 0 a person drew."""
    video = Video()
    (tmp_path / "frames").mkdir()
    for image_id, pixels in video.pixels.items():
        Image.fromarray(pixels).save(tmp_path / "frames" / f"{image_id}.png")
    video.add(0, source="human")
    tables = nl.Tables.of(video.images, video.instances, video.labels, tmp_path / "frames")
    with tables.save(tmp_path / "dive.nbal") as ds:
        yield ds


def test_a_run_is_accepted_taken_back_saved_and_propagated(dataset: Any, tmp_path: Path) -> None:
    run = nl.follow(dataset, dataset.instances)
    dataset.accept(run.query("score > 0.8"))
    assert len(dataset.instances) == 1 + (run.predictions["score"] > 0.8).sum() > 5
    dataset.revert(run)
    assert len(dataset.instances) == 1
    again = nl.Run.load(run.save(tmp_path / "run"), dataset)
    for column in ("mask", "parent", "distance"):
        assert again.predictions[column].tolist() == run.predictions[column].tolist()
    p = nl.propagate(run, min_area=0, known=None, strategy="verify-all", journal=False)
    while (question := p.ask()) is not None:
        p.tell(question, [True] * len(question.ids))
    assert len(p.accepted) == len(run.predictions)


def test_a_correction_is_carried_to_the_next_barrier_only(dataset: Any) -> None:
    run = nl.follow(dataset, dataset.instances)
    dataset.accept(run.query("image_id in [1, 2, 7]"))
    wrong = run.query("image_id == 4").assign(mask=rle.encode(Disc().mask(5)))
    dataset.accept(wrong, label="crab", status="verified")
    corrected = dataset.instances[dataset.instances["image_id"] == 4]
    second = nl.follow(dataset, corrected)
    assert images_of(second) == [3, 5, 6]
    assert (second.predictions["label"] == "crab").all()
    assert second.arguments["ended"] == {"barrier": 2}


def test_a_rejected_mask_is_not_proposed_again_nor_carried_on(dataset: Any) -> None:
    run = nl.follow(dataset, dataset.instances)
    dataset.reject(run.query("image_id == 5"))
    again = nl.follow(dataset, dataset.instances)
    assert images_of(again) == [1, 2, 3, 4]
    assert again.arguments["ended"] == {"rejected": 1}
