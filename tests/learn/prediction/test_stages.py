"""A device works while threads prepare what comes next and end what came before; results stay in order."""

import threading
import weakref

import numpy as np
import pandas as pd
import pytest

import nbalabel as nl
from nbalabel.learn.prediction.found import Found
from nbalabel.learn.prediction.inference import Settings, part_of
from nbalabel.learn.prediction.letterbox import fitted
from nbalabel.learn.prediction.stages import staged


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("n", [0, 1, 2, 5, 20])
def test_every_item_goes_through_all_steps_in_order(n: int, threads: int) -> None:
    found = staged(range(n), lambda x: x + 1, lambda x: x * 2, lambda x: -x, threads=threads)
    assert list(found) == [-2 * (x + 1) for x in range(n)]


class Turns:
    """Steps that end only when others are under way: one after the other they would wait for ever."""

    def __init__(self, n: int) -> None:
        self.n = n
        self.prepared = [threading.Event() for _ in range(n)]
        self.worked = [threading.Event() for _ in range(n)]

    def prepare(self, k: int) -> int:
        self.prepared[k].set()
        return k

    def work(self, k: int) -> int:
        self.worked[k].set()
        assert k + 1 == self.n or self.prepared[k + 1].wait(30), "the next is prepared while the device works"
        return k

    def finish(self, k: int) -> int:
        assert k + 1 == self.n or self.worked[k + 1].wait(30), "the device goes on while the last is ended"
        return k


@pytest.mark.parametrize("threads", [1, 3])
def test_the_device_is_kept_busy(threads: int) -> None:
    turns = Turns(12)
    found = staged(range(12), turns.prepare, turns.work, turns.finish, threads=threads)
    assert list(found) == list(range(12))


def test_the_device_works_in_the_thread_that_asks_and_the_others_elsewhere() -> None:
    seen: dict[str, set[int]] = {"prepare": set(), "work": set(), "finish": set()}

    def note(name: str):
        def step(x: int) -> int:
            seen[name].add(threading.get_ident())
            return x

        return step

    list(staged(range(8), note("prepare"), note("work"), note("finish"), threads=1))
    here = threading.get_ident()
    assert seen["work"] == {here}
    assert here not in seen["prepare"] | seen["finish"]


@pytest.mark.parametrize("threads", [1, 4])
def test_few_things_are_held_at_once(threads: int) -> None:
    lock, held, most = threading.Lock(), [0], [0]

    def begin(x: int) -> int:
        with lock:
            held[0] += 1
            most[0] = max(most[0], held[0])
        return x

    for _ in staged(range(200), begin, lambda x: x, lambda x: x, threads=threads):
        with lock:
            held[0] -= 1
    assert most[0] <= 2 * threads + 2


@pytest.mark.parametrize("step", ["prepare", "work", "finish"])
def test_an_error_comes_where_its_result_would_have_come(step: str) -> None:
    def fails(name: str):
        def act(x: int) -> int:
            if name == step and x == 3:
                raise ValueError("the fourth")
            return x

        return act

    found = staged(range(10), fails("prepare"), fails("work"), fails("finish"), threads=2)
    with pytest.raises(ValueError, match="the fourth"):
        list(found)


def test_whoever_stops_asking_leaves_no_work_behind() -> None:
    prepared = []
    found = staged(range(1000), lambda x: prepared.append(x) or x, lambda x: x, lambda x: x, threads=2)
    assert next(found) == 0
    found.close()
    assert len(prepared) < 12


class Device:
    """A finder of one square on each image, from its pixels; its steps wait for each other as in Turns."""

    def __init__(self, groups: int) -> None:
        self.turns = Turns(groups)
        self._next = 0

    def prepare(self, images, imgsz):
        with _LOCK:
            k, self._next = self._next, self._next + 1
        return self.turns.prepare(k), [image[:imgsz, :imgsz] for image in images]

    def look(self, ready, **asked):
        assert asked["score"] == SETTINGS.score
        k = self.turns.work(ready[0])

        def finish() -> list[Found]:
            self.turns.finish(k)
            return [found_on(image) for image in ready[1]]

        return finish

    def find(self, images, imgsz, **asked):
        raise NotImplementedError

    def maps(self, images, imgsz):
        raise NotImplementedError


class OneByOne:
    """The same finder without steps."""

    def find(self, images, imgsz, **asked):
        assert asked["score"] == SETTINGS.score
        return [found_on(image[:imgsz, :imgsz]) for image in images]

    def maps(self, images, imgsz):
        raise NotImplementedError


def found_on(image: np.ndarray) -> Found:
    x = int(image.sum()) % 10
    none = np.zeros(0, np.float32)
    score = np.array([0.5 + x / 100], np.float32)
    return Found(
        [np.ones((3, 4), bool)],
        np.array([[x, 2]]),
        score,
        np.zeros(1, np.int64),
        none,
        np.zeros((1, 0), np.float32),
    )


_LOCK = threading.Lock()
SETTINGS = Settings(imgsz=32, score=0.1, iou=0.7, max_detections=10, embed=False)


class Bar:
    def __init__(self) -> None:
        self.n = 0

    def update(self, n: int) -> None:
        self.n += n


def test_a_prediction_keeps_the_device_busy(tmp_path) -> None:
    ds = nl.demo.reef(tmp_path / "reef.nbal", n_images=24, n_labeled=2, n_test=2, size=96)
    bar = Bar()
    part = part_of(Device(12), ds, ds.images.index.to_numpy(), SETTINGS, 2, bar.update)
    assert bar.n == 24
    plain = part_of(OneByOne(), ds, ds.images.index.to_numpy(), SETTINGS, 2, Bar().update)
    pd.testing.assert_frame_equal(part.rows, plain.rows)
    assert part.rows["image_id"].tolist() == ds.images.index.tolist()


def test_pictures_are_scaled_one_at_a_time() -> None:
    """A batch of large pictures was held in memory by each thread."""
    alive: list[weakref.ref[np.ndarray]] = []
    most = 0

    def pictures():
        nonlocal most
        for _ in range(6):
            picture = np.zeros((90, 120, 3), np.uint8)
            alive.append(weakref.ref(picture))
            most = max(most, sum(one() is not None for one in alive))
            yield picture
            del picture

    ((at, _, inputs),) = fitted(pictures(), 64)
    assert at == list(range(6))
    assert [one.shape for one in inputs] == [(64, 64, 3)] * 6
    assert most <= 2


@pytest.mark.parametrize("finder", [Device(4), OneByOne()], ids=["in steps", "at once"])
def test_a_picture_that_cannot_be_read_costs_one_row(tmp_path, finder) -> None:
    ds = nl.demo.reef(tmp_path / "reef.nbal", n_images=7, n_labeled=2, n_test=2, size=96)
    for at in (2, 3, 6):
        (ds.image_root / ds.images["file"].iloc[at]).write_bytes(b"no picture")
    bar = Bar()
    if isinstance(finder, Device):  # the second and the fourth group have nothing to look at
        for event in (*finder.turns.prepared, *finder.turns.worked):
            event.set()
    part = part_of(finder, ds, ds.images.index.to_numpy(), SETTINGS, 2, bar.update)
    assert sorted(part.failed) == [2, 3, 6]
    assert part.rows["image_id"].tolist() == [0, 1, 4, 5]
    assert bar.n == 7
