"""Oracle: Python's integers; an expression of sizes evaluated on numbers is the same expression of these numbers."""

import numpy as np
import pytest

from feedforward.graph.dimension import (
    BroadcastError,
    Dimension,
    broadcast,
    evaluate,
    largest,
    parse,
    product,
    smallest,
    unknown,
)

N, M = unknown("n"), unknown("m")


def test_equal_polynomials_are_equal_whatever_the_order():
    assert (N + 1) * (M + 2) == 2 + 2 * N + M + M * N
    assert hash((N + 1) * (N + 1)) == hash(N * N + 2 * N + 1)
    assert unknown("n") == N
    assert N != M


def test_arithmetic_gives_an_int_where_the_unknowns_cancel():
    for size in (N - N, 0 * N, (N + 3) - N, (2 * N) // N, (N * M - M * N) + 5, 3 - (N - N)):
        assert type(size) is int
    assert ((N + 3) - N, (2 * N) // N) == (3, 2)


def test_division_is_exact_where_every_term_is_divisible():
    assert (N * 784) // 784 == N
    assert (6 * N * M + 4 * N) // (2 * N) == 3 * M + 2
    assert (-6 * N) // -3 == 2 * N


def test_division_that_leaves_something_is_a_floor():
    half = (N + 1) // 2
    assert str(half) == "floor(n + 1, 2)"
    assert [evaluate(half, {"n": n}) for n in range(5)] == [0, 1, 1, 2, 2]
    assert half == (1 + N) // 2
    assert 0 // N == 0
    assert evaluate(7 // N, {"n": 2}) == 3
    assert evaluate((-N) // 2, {"n": 3}) == -2


def test_division_by_zero_is_zero():
    """What reshape's -1 is of no elements: worked by hand."""
    assert evaluate(N // (M - 1), {"n": 3, "m": 1}) == 0
    assert evaluate(N // 0, {"n": 3}) == 0


def test_sizes_are_bounded_before_they_take_time_or_memory():
    """Each would take hours, or more memory than there is, without the bound."""
    nested = many = power = N
    with pytest.raises(ValueError, match="60 in one another"):
        for _ in range(100):
            nested = (nested + 1) // 2
    with pytest.raises(ValueError, match="4000 letters"):
        for _ in range(100):  # each text has twice the letters of the one before
            many = largest(many // 2, many // 3)
    with pytest.raises(ValueError, match="256 factors"):
        for _ in range(100):
            power = power * power
    with pytest.raises(ValueError, match="1000 terms"):
        parse(" + ".join(f"a{i}" for i in range(500))) + parse(" + ".join(f"b{i}" for i in range(501)))
    with pytest.raises(ValueError, match="Give sizes as numbers"):
        N * 2**63


def test_a_product_of_many_sizes_is_their_product():
    """Twenty thousand factors, of which only 200 are unknown: by hand n^200 * 2^50."""
    assert str(product([N] * 200 + [2] * 50 + [1] * 20_000)) == "*".join([str(2**50), *["n"] * 200])


def test_min_and_max_are_decided_where_the_difference_is_known():
    assert smallest(N, N + 1) == N
    assert largest(N, N + 1) == N + 1
    assert (smallest(2, 3), largest(2, 3)) == (2, 3)
    assert str(largest(0, N - 2)) == "max(0, n + -2)"
    assert evaluate(smallest(N, 5), {"n": 9}) == 5


def test_sizes_side_by_side_broadcast_to_the_one_that_is_not_1():
    size = broadcast(N, M)
    for n, m, wanted in [(1, 4, 4), (4, 1, 4), (4, 4, 4), (1, 1, 1), (0, 1, 0), (1, 0, 0), (0, 0, 0)]:
        assert evaluate(size, {"n": n, "m": m}) == wanted
    with pytest.raises(BroadcastError, match=r"^sizes m = 4 and n = 3$"):
        evaluate(size, {"n": 3, "m": 4})
    assert (broadcast(1, N), broadcast(N, 1), broadcast(N, N), broadcast(3, 1)) == (N, N, N, 3)
    assert evaluate(size, {"n": N, "m": 1}) == N


def test_neither_order_nor_repetition_counts_in_what_sizes_broadcast_to():
    other = unknown("k")
    assert broadcast(N, M) == broadcast(M, N) == broadcast(broadcast(N, M), M)
    assert broadcast(broadcast(N, M), other) == broadcast(N, broadcast(other, M))
    assert str(broadcast(broadcast(N, M), other)) == "broadcast(broadcast(k, m), n)"
    assert parse("broadcast(broadcast(k, m), n)") == broadcast(broadcast(N, M), other)


def test_product_of_no_sizes_is_one():
    assert product([]) == 1
    assert product([2, N, 3]) == 6 * N


def test_negation_and_subtraction_from_a_number():
    assert evaluate(-N, {"n": 4}) == -4
    assert evaluate(10 - N, {"n": 4}) == 6


def random_size(rng, depth):
    """Return a size and the function of n and m that it stands for."""
    if depth == 0:
        leaves = [(N, lambda n, m: n), (M, lambda n, m: m)]
        number = int(rng.integers(-4, 5))
        return [*leaves, (number, lambda n, m: number)][rng.integers(3)]
    (a, of_a), (b, of_b) = (random_size(rng, depth - 1) for _ in range(2))
    divisor = int(rng.integers(1, 5))
    return [
        lambda: (a + b, lambda n, m: of_a(n, m) + of_b(n, m)),
        lambda: (a - b, lambda n, m: of_a(n, m) - of_b(n, m)),
        lambda: (a * b, lambda n, m: of_a(n, m) * of_b(n, m)),
        lambda: (a // divisor, lambda n, m: of_a(n, m) // divisor),
        lambda: (smallest(a, b), lambda n, m: min(of_a(n, m), of_b(n, m))),
        lambda: (largest(a, b), lambda n, m: max(of_a(n, m), of_b(n, m))),
    ][rng.integers(6)]()


def test_random_expressions_evaluate_to_what_python_computes():
    rng = np.random.default_rng(0)
    for _ in range(500):
        size, of = random_size(rng, int(rng.integers(1, 4)))
        for _ in range(5):
            n, m = (int(value) for value in rng.integers(0, 20, 2))
            assert evaluate(size, {"n": n, "m": m}) == of(n, m), str(size)


def test_random_expressions_survive_the_way_through_text():
    rng = np.random.default_rng(1)
    for _ in range(500):
        size, _ = random_size(rng, int(rng.integers(1, 4)))
        assert parse(str(size)) == size
        assert str(parse(str(size))) == str(size)


def test_a_size_without_its_value_is_a_key_error():
    with pytest.raises(KeyError, match="m"):
        evaluate(N + M, {"n": 1})


def test_a_size_is_immutable_and_a_key():
    assert {N + 1: "a"}[1 + N] == "a"
    assert isinstance(N + 1, Dimension)


@pytest.mark.parametrize("name", ["", "2n", "a b", "n+1", "é é"])
def test_a_name_that_is_no_identifier_is_refused(name):
    with pytest.raises(ValueError, match="must be an identifier"):
        unknown(name)


@pytest.mark.parametrize(
    "text",
    [
        *(
            "broadcast(3, 4)",
            "broadcast(n)",
            "",
            "2 +",
            "n ** 2",
            "n / 2",
            "f(n, 2)",
            "min(n)",
            "n.m",
            "[1]",
            "'a'",
            "1.5",
            "True",
            "min(1, 2, key=3)",
        ),
        *("__import__('os')", "(" * 500, "n; m", "n if m else 1", "lambda: 1"),
    ],
)
def test_text_that_is_no_size_is_refused(text):
    with pytest.raises(ValueError, match="is no size"):
        parse(text)
