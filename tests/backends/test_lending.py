"""Oracle (a): which blocks come back, by hand."""

import pytest

from feedforward.backends import lending
from feedforward.backends.lending import Lender


@pytest.fixture
def lender(monkeypatch):
    """A lender that keeps 1,000 bytes, or one block of at most 4,000."""
    monkeypatch.setattr(lending, "_KEPT", 1000)
    made = Lender()
    monkeypatch.setattr(made, "_most_of_one", 4000)
    return made


def given_back(lender, *sizes):
    blocks = [lender.take(size) for size in sizes]
    for block in blocks:
        lender.give_back(block)
    return blocks


def test_a_block_begins_at_a_cache_line(lender):
    assert lender.take(100).ctypes.data % 64 == 0


def test_a_block_is_lent_again_to_who_needs_at_least_half_of_it(lender):
    (block,) = given_back(lender, 400)
    assert lender.take(401) is not block
    assert lender.take(199) is not block
    assert lender.take(200) is block
    assert lender.take(200) is not block


def test_of_blocks_that_fit_the_smallest_is_lent(lender):
    _, smaller = given_back(lender, 500, 300)
    assert lender.take(290) is smaller


def test_the_blocks_that_came_back_first_go_where_there_are_too_many(lender):
    first, second, third = given_back(lender, 400, 390, 380)
    assert lender.take(400) is not first
    assert lender.take(390) is second
    assert lender.take(380) is third


def test_a_block_larger_than_what_is_kept_stays_alone_until_another_comes_back(lender):
    small, large = given_back(lender, 500, 3000)
    assert lender.take(500) is not small
    assert lender.take(3000) is large
    lender.give_back(large)
    given_back(lender, 10)
    assert lender.take(3000) is not large


def test_a_block_that_takes_too_much_of_the_memory_is_not_kept(lender):
    small, large = given_back(lender, 500, 5000)
    assert lender.take(5000) is not large
    assert lender.take(500) is not small


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, 1 << 31),  # 2^22 pages of 4,096 bytes, and an eighth of that
        ({"memory.max": "max\n"}, 1 << 31),
        ({"memory.max": "1073741824\n"}, 1 << 27),
        ({"memory.max": "1099511627776\n"}, 1 << 31),
        ({"memory/memory.limit_in_bytes": "9223372036854771712\n"}, 1 << 31),
        ({"memory/memory.limit_in_bytes": "1073741824\n"}, 1 << 27),
    ],
)
def test_a_block_may_take_an_eighth_of_the_memory_of_machine_and_container(monkeypatch, tmp_path, limits, expected):
    sizes = {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 1 << 22}
    monkeypatch.setattr(lending.os, "sysconf", sizes.__getitem__, raising=False)
    monkeypatch.setattr(lending, "_GROUPS", tmp_path)
    (tmp_path / "memory").mkdir()
    for name, text in limits.items():
        (tmp_path / name).write_text(text)
    assert lending._most_of_one() == expected


def test_where_neither_system_nor_container_tells_its_memory_no_larger_block_is_kept(monkeypatch, tmp_path):
    monkeypatch.delattr(lending.os, "sysconf", raising=False)
    monkeypatch.setattr(lending, "_GROUPS", tmp_path)
    assert lending._most_of_one() == lending._KEPT
