"""Oracle: TensorFlow 2.21's own draws, recorded by record_streams.py; Philox itself is tested with the operations."""

import json
from pathlib import Path

import numpy as np
import pytest

from feedforward.compat.tensorflow.streams import Stream, eager_seeds, seeds_of
from feedforward.ops.random import philox

RECORDED = json.loads((Path(__file__).parent / "streams.json").read_text())


def assert_drawn(found, expected, roundings=2, scale=0.0):
    """Compare to some roundings of each number, or of `scale` if that is larger.

    TensorFlow gets the logarithm, sine and cosine of a normal number from the C library, where they are up to one
    rounding off; ours are half of one. 0 roundings ask for the bits.
    """
    expected = np.array(expected, found.dtype).reshape(found.shape)
    if roundings == 0:
        assert np.array_equal(found, expected)
    else:
        tolerance = roundings * np.finfo(found.dtype).eps * np.maximum(np.abs(expected), scale)
        assert np.all(np.abs(found - expected) <= tolerance)


@pytest.mark.parametrize(
    "case", RECORDED["cases"], ids=lambda case: f"{case['draw']}-{case['arguments']}-{case['seeds']}"
)
def test_runs_of_a_session_go_on_and_those_of_a_new_one_begin_anew(case):
    seeds = seeds_of(*case["seeds"], number=1)
    draw = case["draw"]
    arguments = {**case["arguments"]}
    if draw == "multinomial":
        arguments["logits"] = np.array(arguments["logits"], np.float32)
    roundings, scale = (2, abs(arguments.get("mean", 0.0))) if "normal" in draw else (0, 0.0)
    first, second = Stream(*seeds), Stream(*seeds)
    runs = [getattr(stream, draw)(**arguments) for stream in (first, first, second)]
    for found, expected in zip(runs, case["runs"], strict=True):
        assert_drawn(found, expected, roundings, scale)


@pytest.mark.parametrize("case", RECORDED["eager"], ids=lambda case: case["seed"])
def test_eager_draws_get_their_seeds_from_the_one_that_was_set(case):
    seed = case["seed"]
    own = eager_seeds(seed)
    with_seed = Stream(*seeds_of(seed, 5, 0))
    first, second = Stream(*seeds_of(seed, next(own), 0)), Stream(*seeds_of(seed, next(own), 0))
    assert_drawn(first.normal((3,)), case["drawn"][0])
    assert_drawn(second.uniform((2,)), case["drawn"][1], roundings=0)
    assert_drawn(with_seed.normal((3,)), case["drawn"][2])
    assert_drawn(with_seed.normal((3,)), case["drawn"][3])


def test_large_draws_are_those_of_many_threads():
    for draw, ends, total in zip(("normal", "truncated_normal"), RECORDED["ends"], RECORDED["sums"], strict=True):
        found = getattr(Stream(*seeds_of(None, 3, 0)), draw)((60000,))
        assert_drawn(np.concatenate([found[:4], found[-4:]]), ends)
        # Errors of 2 roundings of numbers below 5, most of them zero: no more than 60,000 * 1e-7 in all.
        assert abs(found.astype(np.float64).sum() - total) < 6e-3


def test_what_has_no_seed_has_no_stream():
    assert seeds_of(None, None, 4) is None


def test_seeds_are_taken_modulo_the_largest():
    assert seeds_of(2**31 + 5, -7, 0) == (6, 2**31 - 8)  # by hand: 2**31 + 5 - (2**31 - 1), and 2**31 - 1 - 7
    assert seeds_of(0, None, 0) == (0, 2**31 - 1)


def test_a_range_without_whole_numbers_is_an_error():
    with pytest.raises(ValueError, match=r"random_uniform: minval=3 and maxval=3\. Expected minval < maxval\."):
        Stream(1, 2).uniform((2,), "int32", 3, 3)


@pytest.mark.parametrize(
    ("draw", "dtype", "expected"),
    [
        ("uniform", "float16", "random_uniform: dtype float16 is not drawn. Expected float32, float64, int32, int64."),
        ("normal", "int32", "random_normal: dtype int32 is not drawn. Expected float32, float64."),
        ("truncated_normal", "bool", "truncated_normal: dtype bool is not drawn. Expected float32, float64."),
    ],
)
def test_a_dtype_that_is_not_drawn_is_an_error(draw, dtype, expected):
    with pytest.raises(ValueError, match=expected):
        getattr(Stream(1, 2), draw)((2,), dtype)


def test_a_stream_goes_on_beyond_32_bits_of_blocks():
    stream = Stream(1, 2)
    stream._reserve(2**24)  # 256 blocks each
    words = [int(word) & 0x7FFFFF for word in philox([1, 0], [0, 1, 2, 0])]
    assert stream.uniform((4,)).tolist() == [word / 2**23 for word in words]
