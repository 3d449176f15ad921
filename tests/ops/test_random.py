"""Oracles: the known answers of Random123; TensorFlow 2.21.0, recorded; bounds from the distributions themselves.

TensorFlow's numbers come from tensorflow-cpu 2.21.0 on Python 3.11 and this script, each draw in a graph of its own::

    import tensorflow as tf

    def draw(op, shape, dtype, seed2, seed=87654321):
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            return session.run(op(shape=shape, dtype=dtype, seed=seed, seed2=seed2))

    for op in (tf.raw_ops.RandomUniform, tf.raw_ops.RandomStandardNormal, tf.raw_ops.TruncatedNormal):
        for dtype in (tf.float32, tf.float64):
            values = draw(op, [7], dtype, 1), draw(op, [5, 3], dtype, 17), draw(op, [2001], dtype, 1)
            print([float.hex(float(v)) for v in values[0]], ...)

Of the 2,001 numbers the last five are kept, and the sum of all; of uniform ones the SHA-256 of their bytes.
"""

import hashlib
import math

import numpy as np
import pytest

from feedforward import ops
from feedforward.errors import ShapeError
from feedforward.graph.dimension import unknown
from feedforward.graph.program import Program
from feedforward.graph.verify import verify
from feedforward.ops.random import philox

RECORDED = {
    ("uniform", "float32"): {
        "seven": [
            "0x1.e98c700000000p-3",
            "0x1.d73e9c0000000p-1",
            "0x1.9dcc400000000p-5",
            "0x1.fba4700000000p-2",
            "0x1.abc9940000000p-1",
            "0x1.b1b1000000000p-6",
            "0x1.68e9400000000p-4",
        ],
        "fifteen": [
            "0x1.ad729c0000000p-1",
            "0x1.33243c0000000p-1",
            "0x1.6d84d00000000p-1",
            "0x1.7d72d80000000p-2",
            "0x1.4d0ebc0000000p-1",
            "0x1.0e35100000000p-1",
            "0x1.f61c800000000p-5",
            "0x1.9593040000000p-1",
            "0x1.805bb00000000p-3",
            "0x1.9086e00000000p-4",
            "0x1.80ddbc0000000p-1",
            "0x1.6abc900000000p-2",
            "0x1.49ff400000000p-5",
            "0x1.559c200000000p-4",
            "0x1.22ff300000000p-1",
        ],
        "last": [
            "0x1.d215140000000p-1",
            "0x1.af10040000000p-1",
            "0x1.af8f6c0000000p-1",
            "0x1.279e2c0000000p-1",
            "0x1.e22be00000000p-1",
        ],
        "sum": "0x1.ef501b7c00000p+9",
        "sha256": "9a1d4c0188d4b421550717fe8c38f1bcfb90a8e36d0f30f6f294d49bbd7e3ad0",
    },
    ("uniform", "float64"): {
        "seven": [
            "0x1.d318f9beb9f4ep-1",
            "0x1.9dcc530fdd238p-2",
            "0x1.5e4cb8906c6c4p-1",
            "0x1.68e951e74e7b2p-1",
            "0x1.34a9972f356f0p-3",
            "0x1.1f2038c9fc1ecp-2",
            "0x1.b826d08cfa0a0p-3",
        ],
        "fifteen": [
            "0x1.6b94e4799921ep-1",
            "0x1.6c269055f5cb6p-1",
            "0x1.a1d7c9e1c6a20p-3",
            "0x1.f61c88d959304p-2",
            "0x1.00b779519086ep-1",
            "0x1.bb7ea16abc900p-7",
            "0x1.49ff6822ab384p-2",
            "0x1.17f998befa0dcp-1",
            "0x1.900bcc632f59cp-2",
            "0x1.6f27ad64d8f6cp-2",
            "0x1.76f4f008d1810p-4",
            "0x1.81e8c0df53684p-2",
            "0x1.46f01ee78b314p-1",
            "0x1.ae11c36f5f1aap-1",
            "0x1.5dbb59daf4ef2p-1",
        ],
        "last": [
            "0x1.f5af2c8ba8e86p-1",
            "0x1.aaac787f7023ep-1",
            "0x1.9a29b8d4d6b0cp-1",
            "0x1.823b4bfe74210p-1",
            "0x1.d6d78054fb380p-4",
        ],
        "sum": "0x1.f8822f3343e26p+9",
        "sha256": "3cca98144775409652e4f3b69774d47bb1739177a4fe541d47470d9361722f52",
    },
    ("normal", "float32"): {
        "seven": [
            "-0x1.9f651a0000000p-1",
            "0x1.7c0eaa0000000p+0",
            "0x1.0b96d00000000p-4",
            "-0x1.38aa880000000p+1",
            "0x1.96857e0000000p-4",
            "0x1.2eb4f40000000p-1",
            "0x1.2f867e0000000p-1",
        ],
        "fifteen": [
            "-0x1.6491da0000000p-2",
            "-0x1.eb84640000000p-2",
            "0x1.2dd8220000000p-1",
            "-0x1.2489d60000000p-1",
            "-0x1.4975960000000p-3",
            "-0x1.d39db40000000p-1",
            "-0x1.23ef960000000p+1",
            "0x1.3c997e0000000p-1",
            "0x1.0df3600000000p+0",
            "0x1.7ea4ac0000000p+0",
            "0x1.32cd380000000p-1",
            "-0x1.d740ac0000000p-2",
            "0x1.44a7500000000p+0",
            "0x1.18e20a0000000p+1",
            "-0x1.a9b8b20000000p-2",
        ],
        "last": [
            "-0x1.73e85c0000000p-2",
            "0x1.e4b7e40000000p-3",
            "-0x1.17bece0000000p-2",
            "-0x1.08a9500000000p-1",
            "0x1.5fa8500000000p-7",
        ],
        "sum": "-0x1.ecaa68e868000p+4",
    },
    ("normal", "float64"): {
        "seven": [
            "0x1.f14f918497048p-3",
            "-0x1.69785d6950768p-2",
            "-0x1.ac4abfce98f4fp-1",
            "-0x1.f2d4506fe5bcdp-3",
            "0x1.e8fa3c461a3bep+0",
            "-0x1.7a290db0ca24dp-2",
            "0x1.70b81cdf18970p-2",
        ],
        "fifteen": [
            "-0x1.9b235714b0870p-1",
            "-0x1.98b59e9c24a77p-3",
            "0x1.bad88333576f3p-4",
            "-0x1.c79a8548fd858p+0",
            "0x1.98cb574cfb02ap-4",
            "0x1.2bb8b32961e0fp+0",
            "-0x1.bee2c98f8bfa4p-2",
            "-0x1.70b426ff5ff26p+0",
            "0x1.10782398af1bbp+0",
            "-0x1.ba82d652c87fep-1",
            "0x1.872e65a8508a7p+0",
            "-0x1.9074964ce5f8dp+0",
            "-0x1.997c8250bd283p-1",
            "0x1.03cb0c14a11dep-1",
            "0x1.57854f607e490p-2",
        ],
        "last": [
            "-0x1.65d4198cd7facp-3",
            "0x1.9d446deeb0ceap-4",
            "-0x1.54dba71aebf82p-1",
            "0x1.2ac9da49d6f65p-6",
            "-0x1.b9603c1975646p+0",
        ],
        "sum": "0x1.ba2b52d8de4e4p+3",
    },
    ("truncated", "float32"): {
        "seven": [
            "-0x1.9f651a0000000p-1",
            "0x1.7c0eaa0000000p+0",
            "0x1.0b96d00000000p-4",
            "0x1.96857e0000000p-4",
            "0x1.4786600000000p-1",
            "0x1.9c620e0000000p+0",
            "0x1.4eebc40000000p-3",
        ],
        "fifteen": [
            "-0x1.6491da0000000p-2",
            "-0x1.eb84640000000p-2",
            "0x1.2dd8220000000p-1",
            "-0x1.2489d60000000p-1",
            "-0x1.c8351a0000000p+0",
            "0x1.c516260000000p-1",
            "-0x1.7017540000000p+0",
            "0x1.3dea740000000p+0",
            "-0x1.2d3ab60000000p-1",
            "-0x1.e9cce00000000p-2",
            "-0x1.e9747a0000000p-1",
            "0x1.b73f820000000p+0",
            "0x1.4ff2580000000p-2",
            "-0x1.8b6a280000000p-1",
            "0x1.0d425e0000000p-1",
        ],
        "last": [
            "-0x1.6fccb80000000p-1",
            "-0x1.54750a0000000p-2",
            "-0x1.07cbca0000000p-7",
            "0x1.db24140000000p-2",
            "0x1.5376200000000p-3",
        ],
        "sum": "0x1.212341075a000p+5",
    },
    ("truncated", "float64"): {
        "seven": [
            "0x1.f14f918497048p-3",
            "-0x1.69785d6950768p-2",
            "-0x1.530ac7a451612p-3",
            "0x1.5e75f4201b828p-2",
            "-0x1.8cfcba761f139p-7",
            "-0x1.6797d169f62c2p-1",
            "-0x1.060674fe624c7p+0",
        ],
        "fifteen": [
            "-0x1.9b235714b0870p-1",
            "-0x1.98b59e9c24a77p-3",
            "0x1.a6edd33832de8p+0",
            "-0x1.b6ad2119d825bp-1",
            "0x1.f1347b6de82e5p+0",
            "-0x1.b5fdf4fb1ba3ep-1",
            "0x1.53d9312faf6c9p+0",
            "0x1.b64716b8f3157p-1",
            "0x1.e839e85e17c8cp+0",
            "-0x1.9ff76adc5416cp+0",
            "-0x1.1e432663f0afcp-2",
            "-0x1.2a405ac7a110ep-1",
            "0x1.e753fe3d00054p-5",
            "-0x1.ee95c17d9ac9ap-1",
            "0x1.2117f75aac8b6p+0",
        ],
        "last": [
            "0x1.0c4704fb4ccc9p-1",
            "0x1.de0b28caaceb0p-3",
            "0x1.e12cc9390a8e1p+0",
            "-0x1.81f04967db03dp+0",
            "-0x1.898639de4d6e4p-6",
        ],
        "sum": "0x1.2a826018d1786p+6",
    },
}
WIDE_SEEDS = {
    (34359738371, 1099511627781): [
        "0x1.7d13740000000p-1",
        "0x1.167b140000000p-1",
        "0x1.a7ae040000000p-1",
        "0x1.e870e00000000p-4",
        "0x1.9617f00000000p-3",
        "0x1.2b1fc00000000p-3",
        "0x1.03d2080000000p-2",
        "0x1.f2fd580000000p-2",
        "0x1.903d880000000p-2",
    ],
    (-7, -2): [
        "0x1.8f7fc00000000p-5",
        "0x1.9940d00000000p-2",
        "0x1.dc00880000000p-1",
        "0x1.db2e280000000p-2",
        "0x1.fdd9480000000p-2",
        "0x1.a902d40000000p-1",
        "0x1.6314780000000p-2",
        "0x1.505af00000000p-1",
        "0x1.cbc18c0000000p-1",
    ],
}
"""Nine uniform float32 of TensorFlow by (seed, seed2)."""

DRAWS = {"uniform": ops.random_uniform, "normal": ops.random_normal, "truncated": ops.truncated_normal}


@pytest.fixture
def draw(run):
    """Return a function that draws: draw("normal", (2, 3), seed, step, stream, dtype)."""

    def drawn(name, shape, seed=0, step=0, stream=0, dtype="float32"):
        return run([DRAWS[name](shape, np.int64(seed), np.int64(step), stream, dtype)])[0]

    return drawn


# the generator


@pytest.mark.parametrize(
    ("counter", "key", "answer"),
    [
        ("00000000 00000000 00000000 00000000", "00000000 00000000", "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ("ffffffff ffffffff ffffffff ffffffff", "ffffffff ffffffff", "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        ("243f6a88 85a308d3 13198a2e 03707344", "a4093822 299f31d0", "d16cfe09 94fdcceb 5001e420 24126ea1"),
    ],
)
def test_philox_gives_the_known_answers_of_random123(counter, key, answer):
    """Random123 1.14, tests/kat_vectors, rows of philox4x32 with 10 rounds."""
    words = [[np.uint32(int(word, 16)) for word in text.split()] for text in (counter, key, answer)]
    assert [int(word) for word in philox(words[1], words[0])] == [int(word) for word in words[2]]


def test_bits_are_blocks_of_the_generator_with_step_and_stream_in_the_counter(run):
    """Seed and stream of zero, block and step of zero: the first known answer, then the next block."""
    (bits,) = run([ops.random_bits((6,), 0)])
    assert [f"{word:08x}" for word in bits[:4].tolist()] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]
    key, counter = [0x299F31D0A4093822], [0x85A308D3, 0x0370734413198A2E]
    (bits,) = run([ops.random_bits((4,), np.int64(key[0]), np.int64(counter[0]), counter[1])])
    # block 0 instead of 243f6a88: computed with the generator above, whose answers are known
    expected = philox([0xA4093822, 0x299F31D0], [0, 0x85A308D3, 0x13198A2E, 0x03707344])
    assert bits.tolist() == [int(word) for word in expected]


# TensorFlow


@pytest.mark.parametrize(("name", "dtype"), [(name, dtype) for name in DRAWS for dtype in ("float32", "float64")])
def test_draws_are_tensorflow_s(name, dtype, draw):
    """Uniform numbers to the bit; the others, which pass log, sqrt and sine, to 4 units in the last place."""
    seven, fifteen, last, total = (RECORDED[name, dtype][key] for key in ("seven", "fifteen", "last", "sum"))
    epsilon = np.finfo(dtype).eps
    tolerance = 0.0 if name == "uniform" else 4 * epsilon
    rows = draw(name, (7,), 87654321, 0, 1, dtype), draw(name, (5, 3), 87654321, 0, 17, dtype)
    many = draw(name, (2001,), 87654321, 0, 1, dtype)
    for mine, theirs in ((rows[0], seven), (rows[1].reshape(-1), fifteen), (many[-5:], last)):
        np.testing.assert_allclose(mine, [float.fromhex(text) for text in theirs], rtol=tolerance, atol=0)
    # numbers below 5.7, each off by four units at most
    assert abs(float(many.astype(np.float64).sum()) - float.fromhex(total)) <= 2001 * 5.7 * tolerance + 1e-10


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_thousand_uniform_numbers_have_tensorflow_s_bits(dtype, draw):
    digest = hashlib.sha256(draw("uniform", (2001,), 87654321, 0, 1, dtype).tobytes()).hexdigest()
    assert digest == RECORDED["uniform", dtype]["sha256"]


def test_seeds_of_64_bits_and_negative_ones_are_tensorflow_s(draw):
    for (seed, stream), theirs in WIDE_SEEDS.items():
        mine = draw("uniform", (9,), seed, 0, stream)
        assert [float(v).hex() for v in mine] == theirs


# pinned streams

GOLDEN = {
    "bits uint32": "8de372229db475b7073e500c601786a0f74db62d2a3d6493c256e4b7cfff3c20",
    "uniform float32": "b14acd3d2279395dc7edfa8a8d5257c8893d6bebd02eaff431fe48bb14f14aae",
    "uniform float64": "64280401a8222df4f871aa9b3829af04a647a17de1ddbd2b9733d10256d81376",
    "permutation int64": "7e72f4502aa90f350842896795d6acdb0a16bd862fd6a52cc22e5a53a0368ef3",
}


@pytest.mark.parametrize("name", GOLDEN)
def test_streams_are_pinned(name, run):
    """SHA-256 of 1,001 draws (seed 7, step 3, stream 5): what comes of a seed stays so from version to version.

    Only what is made of bits is pinned: logarithm and sine differ in the last place between builds of NumPy.
    """
    kind, _, dtype = name.partition(" ")
    nodes = {
        "bits": lambda: ops.random_bits((1001,), 7, 3, 5),
        "uniform": lambda: ops.random_uniform((1001,), 7, 3, 5, dtype),
        "permutation": lambda: ops.permutation(1001, 7, 3, 5),
    }
    (value,) = run([nodes[kind]()])
    assert hashlib.sha256(value.astype(value.dtype.newbyteorder("<")).tobytes()).hexdigest() == GOLDEN[name]


# what every draw must be

COUNT = 100_000


def assert_distribution(sample, cumulative):
    """Kolmogorov and Smirnov: the largest gap between the distributions passes 3.2 / sqrt(n) once in 4e8 draws.

    The limit law gives 2 exp(-2 * 3.2**2) = 2.6e-9; so a seed that was not picked fails for a reason.
    """
    ordered = np.sort(sample.reshape(-1).astype(np.float64))
    expected = np.array([cumulative(x) for x in ordered])
    place = np.arange(len(ordered) + 1) / len(ordered)
    gap = max(np.max(place[1:] - expected), np.max(expected - place[:-1]))
    assert gap < 3.2 / math.sqrt(len(ordered))


def normal_cumulative(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


INSIDE = normal_cumulative(2) - normal_cumulative(-2)
DENSITY = math.exp(-2) / math.sqrt(2 * math.pi)
TRUNCATED_VARIANCE = 1 - 4 * DENSITY / INSIDE  # 0.7737: the standard deviation is 0.8796, as documented
MOMENTS = {
    # mean, variance, fourth central moment; the last of the truncated one is below 2^2 times its variance
    "uniform": (0.5, 1 / 12, 1 / 80),
    "normal": (0.0, 1.0, 3.0),
    "truncated": (0.0, TRUNCATED_VARIANCE, 4 * TRUNCATED_VARIANCE),
}
CUMULATIVE = {
    "uniform": lambda x: x,
    "normal": normal_cumulative,
    "truncated": lambda x: (normal_cumulative(x) - normal_cumulative(-2)) / INSIDE,
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", DRAWS)
def test_draws_have_their_distribution(name, dtype, draw):
    sample = draw(name, (COUNT,), 11, 0, 0, dtype).astype(np.float64)
    mean, variance, fourth = MOMENTS[name]
    # six standard deviations of the estimate: once in 5e8 seeds
    assert abs(sample.mean() - mean) < 6 * math.sqrt(variance / COUNT)
    assert abs(sample.var() - variance) < 6 * math.sqrt((fourth - variance**2) / COUNT)
    assert_distribution(sample, CUMULATIVE[name])
    neighbours = np.mean((sample[1:] - mean) * (sample[:-1] - mean))
    assert abs(neighbours) < 6 * variance / math.sqrt(COUNT)


def test_the_standard_deviation_of_truncated_numbers_is_the_one_documented():
    assert round(math.sqrt(TRUNCATED_VARIANCE), 4) == 0.8796


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_numbers_are_at_least_0_and_below_1(dtype, draw):
    sample = draw("uniform", (COUNT,), 3, 0, 0, dtype)
    assert sample.min() >= 0 and sample.max() < 1
    bits = 23 if dtype == "float32" else 52
    assert np.array_equal(sample * 2.0**bits, np.floor(sample * 2.0**bits))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_truncated_numbers_lie_within_two(dtype, draw):
    assert np.abs(draw("truncated", (COUNT,), 3, 0, 0, dtype)).max() < 2


@pytest.mark.parametrize("name", DRAWS)
def test_another_seed_step_stream_gives_other_numbers_and_the_same_gives_the_same(name, draw):
    first = draw(name, (50,), 1, 2, 3)
    assert draw(name, (50,), 1, 2, 3).tobytes() == first.tobytes()
    for other in ((2, 2, 3), (1, 3, 3), (1, 2, 4), (1 + 2**32, 2, 3), (1, 2, 3 + 2**32)):
        assert not np.any(draw(name, (50,), *other) == first)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", DRAWS)
def test_a_shorter_draw_is_the_beginning_of_a_longer_one(name, dtype, draw):
    whole = draw(name, (33,), 5, 0, 0, dtype)
    for count in (0, 1, 2, 3, 5, 32):
        assert draw(name, (count,), 5, 0, 0, dtype).tobytes() == whole[:count].tobytes()
    assert draw(name, (3, 11), 5, 0, 0, dtype).tobytes() == whole.tobytes()
    assert draw(name, (), 5, 0, 0, dtype).tobytes() == whole[:1].tobytes()


@pytest.mark.parametrize("shape", [("batch", 3), ("batch", 4), (3, "batch"), ("batch",)])
@pytest.mark.parametrize("name", DRAWS)
def test_draws_of_unknown_size_are_those_of_the_size_fed(name, shape, run, draw):
    batch = unknown("batch")
    sizes = tuple(batch if size == "batch" else size for size in shape)
    x = ops.placeholder((batch,), "bool")
    node = DRAWS[name](sizes, 9)
    verify(Program((x,), (), (node,)))
    for count in (0, 1, 5):
        (value,) = run([node], {x: np.zeros(count, bool)})
        expected = draw(name, tuple(count if size == "batch" else size for size in shape), 9)
        assert value.shape == expected.shape and value.tobytes() == expected.tobytes()


@pytest.mark.parametrize("n", [0, 1, 2, 10, 1000])
def test_a_permutation_holds_every_number_once(n, run):
    first, second = run([ops.permutation(n, 1), ops.permutation(n, 1, 1)])
    assert first.dtype == np.int64
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(n))
    assert n < 10 or first.tolist() != second.tolist()


def test_every_permutation_of_three_is_as_frequent(run):
    x = ops.placeholder((), "int64")
    node = ops.permutation(3, 1, x)
    counts = {}
    for step in range(1200):
        order = tuple(run([node], {x: np.array(step)})[0].tolist())
        counts[order] = counts.get(order, 0) + 1
    assert len(counts) == 6
    # binomial: 200 of 1,200 with standard deviation sqrt(1200 * 5 / 36) = 12.9; six of them
    assert all(abs(count - 200) < 78 for count in counts.values())


def test_a_seed_of_several_numbers_is_refused():
    with pytest.raises(ShapeError, match=r"random: seed has shape \(\) and step \(2,\)"):
        ops.random_normal((3,), 0, [1, 2])
