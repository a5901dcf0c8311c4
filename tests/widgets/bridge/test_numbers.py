"""Numbers in few bytes, read back here as the browser reads them."""

import numpy as np
import pytest

from nbalabel.widgets.bridge.numbers import gaps, packed, runs


def unpacked(data):
    out, number, shift = [], 0, 0
    for byte in data:
        number |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            out.append(number)
            number = shift = 0
    return np.array(out, np.int64)


@pytest.mark.parametrize("numbers", [[], [0], [127, 128, 16_383, 16_384, 2**31, 2**52], [0, 0, 300]])
def test_numbers_of_any_size_come_back(numbers):
    assert unpacked(packed(np.array(numbers, np.int64))).tolist() == numbers


@pytest.mark.parametrize("rows", [[], [0], [5, 6, 133, 134 + 2**21, 3 * 2**30]])
def test_ascending_numbers_are_gaps(rows):
    assert np.cumsum(unpacked(gaps(np.array(rows, np.int64)))).tolist() == rows


@pytest.mark.parametrize("seed", range(5))
def test_runs_hold_every_number(seed):
    rng = np.random.default_rng(seed)
    values = np.repeat(rng.integers(-1, 10**6, 40), rng.integers(1, 300, 40)).astype(np.int32)
    pairs = unpacked(runs(values)).reshape(-1, 2)
    steps = np.where(pairs[:, 0] % 2, -(pairs[:, 0] + 1) // 2, pairs[:, 0] // 2)
    assert np.array_equal(np.repeat(np.cumsum(steps), pairs[:, 1]), values)


def test_rows_in_the_order_of_their_images_take_a_fifth_of_a_byte_each():
    assert runs(np.zeros(0, np.int32)) == b""
    assert len(runs(np.repeat(np.arange(1000, dtype=np.int32), 10))) <= 2001
