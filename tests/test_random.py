"""Oracles: Philox4x32-10 written here in Python's integers, held to Random123's known answers; moments and bounds.

Bounds on a statistic are five standard errors, which a right generator fails once in two million; seeds are fixed.
"""

import hashlib
import math
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import feedforward as ff
from feedforward import random
from feedforward.errors import DtypeError, ShapeError
from feedforward.ops.random import sorting_order

MASK = 2**32 - 1


def philox(counter, key):
    """Return four words (Salmon et al., 2011, section 3.3)."""
    a, b, c, d = counter
    low, high = key
    for _ in range(10):
        first, second = 0xD2511F53 * a, 0xCD9E8D57 * c
        a, b, c, d = (second >> 32) ^ b ^ low, second & MASK, (first >> 32) ^ d ^ high, first & MASK
        low, high = (low + 0x9E3779B9) & MASK, (high + 0xBB67AE85) & MASK
    return [a, b, c, d]


def words(count, seed, step=0):
    blocks = (philox((block, step, 0, 0), (seed & MASK, seed >> 32)) for block in range(-(-count // 4)))
    return [word for block in blocks for word in block][:count]


def uniform(count, seed, step=0):
    return [(word & 0x7FFFFF) / 2**23 for word in words(count, seed, step)]


def normal(count, seed, step=0):
    """Return pairs of Box and Muller (1958), sine first."""
    u = uniform(count + count % 2, seed, step)
    numbers = []
    for one, two in zip(u[0::2], u[1::2], strict=True):
        radius = math.sqrt(-2.0 * math.log(max(one, 1e-7)))
        numbers += [radius * math.sin(2.0 * math.pi * two), radius * math.cos(2.0 * math.pi * two)]
    return numbers[:count]


def test_the_oracle_gives_the_known_answers_of_random123():
    assert philox((0, 0, 0, 0), (0, 0)) == [0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8]
    assert philox((MASK,) * 4, (MASK,) * 2) == [0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD]
    pi = (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344), (0xA4093822, 0x299F31D0)
    assert philox(*pi) == [0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1]


@pytest.mark.parametrize("seed", [0, 7, 2**32 + 5, 2**63 - 1])
def test_draws_after_a_seed_are_numbered_from_0(seed):
    ff.set_seed(seed)
    for step in range(3):
        assert random.uniform((11,)).tolist() == uniform(11, seed, step)
    # sin, cos and log of float32 are wrong by some four units in the last place, of numbers up to 5.7
    np.testing.assert_allclose(random.normal((9,)).numpy(), normal(9, seed, 3), rtol=0, atol=2e-6)


@pytest.mark.parametrize("seed", [0, 7, 2**63 - 1])
def test_a_draw_with_a_seed_of_its_own_is_the_first_draw_after_that_seed(seed):
    ff.set_seed(99)
    expected = random.uniform((5,)).tolist(), random.uniform((5,)).tolist()
    ff.set_seed(99)
    first = random.uniform((5,)).tolist()
    assert random.uniform((5,), seed=seed).tolist() == uniform(5, seed)
    assert random.uniform((5,), seed=seed).tolist() == uniform(5, seed)
    assert (first, random.uniform((5,)).tolist()) == expected


def test_the_same_seed_repeats_every_bit():
    def draws():
        return [
            random.uniform((3, 4)),
            random.normal((7,), 1.0, 2.0),
            random.truncated_normal((5,), dtype="float64"),
            random.permutation(20),
            random.uniform((2,), -1.0, 1.0, "float64"),
        ]

    ff.set_seed(3)
    first = [draw.numpy() for draw in draws()]
    ff.set_seed(3)
    again = [draw.numpy() for draw in reversed(draws())]
    for one, other in zip(first, reversed(again), strict=True):
        np.testing.assert_array_equal(one, other, strict=True)


def test_a_draw_is_decided_when_it_is_asked_for_not_when_it_is_looked_at():
    ff.set_seed(3)
    first, second = random.uniform((4,)), random.uniform((4,))
    ff.set_seed(4)
    assert second.tolist() == uniform(4, 3, 1)
    assert first.tolist() == uniform(4, 3, 0)
    assert first.tolist() == first.tolist() == (first * 1.0).tolist()


def test_different_draws_and_different_seeds_differ():
    ff.set_seed(3)
    seen = {tuple(random.uniform((4,)).tolist()) for _ in range(50)}
    seen |= {tuple(random.uniform((4,), seed=seed).tolist()) for seed in range(100, 150)}
    assert len(seen) == 100


def test_new_seeds_come_from_the_sequence_and_differ():
    ff.set_seed(3)
    seeds = [random.new_seed() for _ in range(100)]
    ff.set_seed(3)
    assert [random.new_seed() for _ in range(100)] == seeds
    assert len(set(seeds)) == 100
    assert all(0 <= seed < 2**63 for seed in seeds)
    assert max(seeds) > 2**62


RECORDED = {
    "uniform": "c9348de01de421e59db5c11734a21755ea402d602a8d6e21b038ad2272f0a9a1",
    "uniform64": "ea92d3da2ddeee998d18cd031e3815ebd259d72b6216b66816ffe839b6b80da9",
    "permutation": "6665bf7d39da593267d670a0cf4bcef0a73d6bd5c7905b5280b520b45b4bef8b",
}
"""SHA-256 of the bytes of what is drawn below, as version 0.1.0 drew it; exact arithmetic, the same on all machines."""


@pytest.mark.parametrize("name", RECORDED)
def test_the_bits_of_a_seed_never_change(name):
    draw = {
        "uniform": lambda: random.uniform((1000,), seed=2024),
        "uniform64": lambda: random.uniform((1000,), dtype="float64", seed=2024),
        "permutation": lambda: random.permutation(1000, seed=2024),
    }[name]()
    array = draw.numpy()
    assert hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest() == RECORDED[name]


def test_new_seeds_of_a_step_differ():
    with random.drawing_from(3, 0):
        assert len({random.new_seed() for _ in range(10)}) == 10


# distributions

COUNT = 100_000


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_numbers_fill_their_interval_evenly(dtype):
    x = random.uniform((COUNT,), -2.0, 3.0, dtype, seed=1).numpy()
    assert x.dtype == dtype
    assert x.min() >= -2.0 and x.max() < 3.0
    counts = np.histogram(x, bins=50, range=(-2.0, 3.0))[0]
    chi_square = ((counts - COUNT / 50) ** 2 / (COUNT / 50)).sum()
    assert chi_square == pytest.approx(49.0, abs=5 * math.sqrt(2 * 49))
    assert abs(np.corrcoef(x[:-1], x[1:])[0, 1]) < 5 / math.sqrt(COUNT)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_numbers_have_the_moments_of_the_normal_distribution(dtype):
    x = random.normal((COUNT,), 1.0, 2.0, dtype, seed=1).numpy()
    assert x.dtype == dtype
    z = (x.astype(np.float64) - 1.0) / 2.0
    # standard errors of the first four moments: sqrt(1 / n), sqrt(2 / n), sqrt(15 / n), sqrt(96 / n)
    for power, expected, variance in [(1, 0.0, 1.0), (2, 1.0, 2.0), (3, 0.0, 15.0), (4, 3.0, 96.0)]:
        assert (z**power).mean() == pytest.approx(expected, abs=5 * math.sqrt(variance / COUNT))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_truncated_normal_numbers_stay_within_two_standard_deviations(dtype):
    x = random.truncated_normal((COUNT,), 1.0, 0.5, dtype, seed=1).numpy()
    assert x.dtype == dtype
    z = (x.astype(np.float64) - 1.0) / 0.5
    assert np.abs(z).max() <= 2.0 + 4 * np.finfo(dtype).eps  # the sum with the mean rounds
    assert np.abs(z).max() > 1.99
    # variance of N(0, 1) in (-2, 2): 1 - 4 phi(2) / (2 Phi(2) - 1)
    density, mass = math.exp(-2.0) / math.sqrt(2.0 * math.pi), math.erf(math.sqrt(2.0))
    variance = 1.0 - 4.0 * density / mass
    assert math.sqrt(variance) == pytest.approx(0.8796, abs=5e-5)  # as its docstring says
    assert z.mean() == pytest.approx(0.0, abs=5 * math.sqrt(variance / COUNT))
    # z^2 lies between 0 and 4, so that its own standard deviation is 2 at most
    assert (z**2).mean() == pytest.approx(variance, abs=5 * 2.0 / math.sqrt(COUNT))


def test_a_permutation_names_each_number_once():
    for n in (0, 1, 2, 1000):
        x = random.permutation(n, seed=5).numpy()
        assert x.dtype == np.int64 and x.shape == (n,)
        np.testing.assert_array_equal(np.sort(x), np.arange(n))


def test_every_order_of_three_is_equally_likely():
    ff.set_seed(11)
    orders = [tuple(random.permutation(3).tolist()) for _ in range(1200)]
    counts = [orders.count(order) for order in set(orders)]
    assert len(counts) == 6
    chi_square = sum((count - 200) ** 2 / 200 for count in counts)
    assert chi_square < 5 + 5 * math.sqrt(10)


def test_an_empty_shape_is_one_number_and_an_empty_array_has_none():
    for draw in (random.uniform, random.normal, random.truncated_normal):
        assert draw(()).shape == () and isinstance(float(draw(())), float)
        assert draw((0, 3)).numpy().shape == (0, 3)
        assert draw([np.int64(2), 3]).numpy().shape == (2, 3)


# keys of steps


def test_draws_of_a_step_are_numbered_and_do_not_move_the_thread_s_sequence():
    ff.set_seed(3)
    with random.drawing_from(8, 2):
        first, second = random.uniform((4,)).tolist(), random.uniform((4,)).tolist()
    with random.drawing_from(8, 2):
        assert [random.uniform((4,)).tolist(), random.uniform((4,)).tolist()] == [first, second]
    with random.drawing_from(8, 3):
        assert random.uniform((4,)).tolist() not in (first, second)
    assert first == uniform(4, 8, 2)
    assert second != first
    assert random.uniform((4,)).tolist() == uniform(4, 3, 0)


def test_steps_may_be_nested_and_end_with_an_error():
    ff.set_seed(3)
    with random.drawing_from(8, 2):
        random.uniform(())
        with pytest.raises(ZeroDivisionError), random.drawing_from(9, 0):
            raise ZeroDivisionError
        with random.drawing_from(8, 2):
            assert random.uniform((4,)).tolist() == uniform(4, 8, 2)
    assert random.uniform((4,)).tolist() == uniform(4, 3, 0)


def test_a_draw_with_a_seed_of_its_own_may_be_new_in_every_step():
    found = []
    for step in range(2):
        with random.drawing_from(8, step):
            found.append(random.uniform_of_step((4,), "float32", 5).tolist())
    assert found == [uniform(4, 5, 0), uniform(4, 5, 1)]


# mistakes


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0, "1", None, True, np.float32(1), [1]], ids=repr)
def test_a_seed_is_an_int_of_63_bits(seed):
    with pytest.raises(ValueError, match=r"^seed .+ must be an int from 0 to 2\*\*63 - 1\.$"):
        ff.set_seed(seed)
    if seed is not None:
        for draw in (random.uniform, random.normal, random.truncated_normal):
            with pytest.raises(ValueError, match=r"must be an int from 0 to 2\*\*63 - 1"):
                draw((2,), seed=seed)
        with pytest.raises(ValueError, match=r"must be an int from 0 to 2\*\*63 - 1"):
            random.permutation(3, seed=seed)


def test_a_bad_seed_leaves_the_sequence_as_it_was():
    ff.set_seed(3)
    random.uniform(())
    with pytest.raises(ValueError, match="seed -1"):
        ff.set_seed(-1)
    assert random.uniform((4,)).tolist() == uniform(4, 3, 1)


def test_a_seed_may_be_an_integer_of_numpy():
    ff.set_seed(np.uint8(3))
    assert random.uniform((4,)).tolist() == uniform(4, 3)


@pytest.mark.parametrize("draw", [random.uniform, random.normal, random.truncated_normal])
def test_shapes_and_dtypes_that_cannot_be_drawn_are_refused(draw):
    with pytest.raises(
        ShapeError, match=r"shape=.+ must be a tuple of at most 32 ints >= 0, .* built at test_random\.py:\d+"
    ):
        draw((2, -1))
    with pytest.raises(
        DtypeError, match=r"dtype=dtype.'int32'. must be the dtype float32 or float64, built at test_random"
    ):
        draw((2,), dtype="int32")
    with pytest.raises(ShapeError, match="ints >= 0"):
        random.permutation(-1)


@pytest.mark.parametrize("draw", [random.uniform, random.normal, random.truncated_normal])
def test_a_shape_that_is_a_number_is_refused(draw):
    with pytest.raises(ShapeError, match=r"^random: shape=2: expected a tuple of sizes. Write \(2,\) for one"):
        draw(2)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 7, 1000, 40_001])
def test_the_order_of_an_epoch_sorts_64_random_bits_a_sample(n):
    """The oracle: Philox in Python's integers, two keys of two words a block, and Python's sort; stream 2**32."""
    seed, step = 2**62 + 12345, 77
    blocks = [philox((block, step, 0, 1), (seed & MASK, seed >> 32)) for block in range(-(-n // 2))]
    keys = [high << 32 | low for block in blocks for high, low in (block[:2], block[2:])]
    found = random.order(n, seed, step)
    assert found.dtype == np.int64
    assert found.tolist() == sorted(range(n), key=keys.__getitem__)


@pytest.mark.parametrize("bits", [0, 1, 2**15, 2**16, 2**47, 2**48, 2**63, 2**64 - 1])
def test_keys_that_share_bits_are_sorted_by_the_others_and_equal_ones_keep_order(bits):
    """The oracle: Python's sort, which is stable. Of 64 bits all keys of a row agree in all but at most four."""
    spread = np.random.default_rng(5).integers(0, 2, (5000, 4), dtype=np.uint64)
    keys = np.full(5000, bits, np.uint64)
    for column, place in zip(spread.T, (0, 31, 47, 48), strict=True):
        keys ^= column << np.uint64(place)
    for some in (keys, keys & np.uint64(2**48), np.zeros_like(keys)):
        assert sorting_order(some).tolist() == sorted(range(5000), key=some.tolist().__getitem__)


def test_the_handler_of_a_signal_may_draw_in_the_midst_of_a_draw():
    """It waited for ever, for a lock that its own thread held."""
    with random._lock:
        assert random.new_seed() != random.new_seed()


# threads


def in_thread(job):
    """Return what a job returns in a thread of its own."""
    found = []
    thread = threading.Thread(target=lambda: found.append(job()))
    thread.start()
    thread.join()
    return found[0]


def test_each_thread_draws_by_its_own_seed_and_order_whatever_the_others_do():
    taken_turns = threading.Barrier(3)

    def drawn(seed, kinds):
        ff.set_seed(seed)
        found = []
        for kind in kinds:
            taken_turns.wait()
            found.append(random.new_seed() if kind == "seed" else random.uniform((3,)).tolist())
        return found

    jobs = [(7, "uuuu"), (7, "usuu"), (8, "suuu")]
    jobs = [(seed, ["seed" if letter == "s" else "uniform" for letter in letters]) for seed, letters in jobs]
    with ThreadPoolExecutor(3) as pool:
        found = list(pool.map(lambda job: drawn(*job), jobs))
    for (seed, kinds), numbers in zip(jobs, found, strict=True):
        ff.set_seed(seed)
        assert numbers == [random.new_seed() if kind == "seed" else random.uniform((3,)).tolist() for kind in kinds]
    assert found[0][0] == uniform(3, 7, 0)
    assert found[0][3] == uniform(3, 7, 3)


def test_a_thread_s_draws_and_seed_do_not_move_those_of_the_one_that_started_it():
    ff.set_seed(3)
    first = random.uniform((4,)).tolist()
    in_thread(lambda: (random.uniform((4,)).numpy(), random.new_seed(), ff.set_seed(9)))
    assert first == uniform(4, 3, 0)
    assert random.uniform((4,)).tolist() == uniform(4, 3, 1)


def test_threads_without_a_seed_get_one_each_from_the_seed_set_last():
    def drawn():
        ff.set_seed(3)
        return [in_thread(random.new_seed) for _ in range(3)]

    first = drawn()
    assert drawn() == first
    ff.set_seed(3)
    assert len({*first, random.new_seed()}) == 4
    # Philox's third counter word tells seeds of threads (2) from seeds of generators (1) and from draws (0).
    low, high = philox((0, 0, 2, 0), (3, 0))[:2]
    ff.set_seed(3)
    in_first_thread = in_thread(lambda: random.uniform((4,)).tolist())
    assert in_first_thread == uniform(4, low | (high & 0x7FFFFFFF) << 32, 0)
