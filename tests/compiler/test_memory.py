"""Oracle: pairs of buffers compared one by one, and first fit worked out by looking at all buffers each time."""

import numpy as np
import pytest

from feedforward.compiler.loops import Buffer, Kernel, Store, load, number
from feedforward.compiler.memory import ALIGNMENT, arena_of

BYTE = np.dtype("uint8")


def stages_of(lives):
    """Return stages in which each buffer is first written and last read when its life begins and ends."""
    bodies = [[] for _ in range(1 + max(death for _, death in lives.values()))]
    for buffer, (birth, death) in lives.items():
        bodies[birth].append(Store(buffer, number(0), number(0, BYTE)))
        bodies[death].append(Store(buffer, number(0), load(buffer, number(0))))
    return [[Kernel("k", tuple(body))] for body in bodies]


def random_lives(seed):
    random = np.random.default_rng(seed)
    births = sorted(random.integers(0, 40, 60).tolist())
    sizes, lengths = random.integers(0, 5, 60) * 64 + random.integers(0, 64, 60), random.integers(0, 12, 60)
    buffers = [Buffer(f"b{n}", int(size), BYTE) for n, size in enumerate(sizes)]
    return {one: (birth, birth + int(length)) for one, birth, length in zip(buffers, births, lengths, strict=True)}


def first_fit(lives):
    """Return where each buffer lies: at the lowest place that is free as long as it lives."""
    spans = {}
    for buffer, (birth, death) in lives.items():
        size = -(-buffer.size // ALIGNMENT) * ALIGNMENT
        taken = [spans[one] for one in spans if lives[one][0] <= death and birth <= lives[one][1]]
        start = 0
        while any(start < high and low < start + size for low, high in taken):
            start += ALIGNMENT
        spans[buffer] = start, start + size
    return {buffer: start for buffer, (start, _) in spans.items()}


@pytest.mark.parametrize("seed", range(30))
def test_buffers_lie_at_the_lowest_place_that_is_free_as_long_as_they_live(seed):
    lives = {one: life for one, life in random_lives(seed).items() if one.size}
    arena = arena_of(stages_of(lives), ())
    assert arena.offsets == first_fit(lives)
    assert arena.size == max(offset + -(-one.size // ALIGNMENT) * ALIGNMENT for one, offset in arena.offsets.items())


def test_an_empty_buffer_takes_no_room_and_what_lies_outside_none_here():
    empty, outside, other = Buffer("empty", 0, BYTE), Buffer("outside", 64, BYTE), Buffer("other", 64, BYTE)
    arena = arena_of(stages_of({empty: (0, 3), outside: (0, 3), other: (1, 2)}), [outside])
    assert arena.offsets == {empty: 0, other: 0}
    assert arena.size == 64
