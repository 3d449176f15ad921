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


def test_where_the_system_does_not_tell_its_memory_no_larger_block_is_kept(monkeypatch):
    monkeypatch.delattr(lending.os, "sysconf", raising=False)
    assert lending._most_of_one() == lending._KEPT
