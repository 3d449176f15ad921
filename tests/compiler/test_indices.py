"""Oracle: Python's own // and % on integers, at places drawn at random; runs counted one by one."""

import random

import pytest

from feedforward.compiler.loops import Var, add, number, run_of, scale, var


def at(expr, values):
    """Return the value of an index where its variables have these."""
    parts = [at(arg, values) for arg in expr.args]
    match expr.op:
        case "number":
            return expr.data
        case "var":
            return values[expr.data]
        case "linear":
            return sum(part * by for part, by in zip(parts, expr.data, strict=True))
        case "quotient":
            return parts[0] // parts[1]
    assert expr.op == "rest"
    return parts[0] % parts[1]


@pytest.mark.parametrize("seed", range(200))
def test_quotients_remainders_and_sums_of_indices_have_the_values_of_integers(seed):
    rng = random.Random(seed)
    variables = [Var(f"v{i}", rng.randint(2, 40)) for i in range(3)]
    steps = [1, 2, 3, 4, 5, 6, 8, 12, 28, 56]
    found = [add(*[scale(var(one), rng.choice(steps)) for one in variables], number(rng.choice([0, 0, 1, 3])))]
    for _ in range(4):
        found += divmod(rng.choice(found), rng.choice([*steps[1:], 30]))
        found.append(add(*[scale(rng.choice(found), rng.choice(steps)) for _ in range(2)]))
    for _ in range(5):
        values = {one: rng.randrange(one.size) for one in variables}
        for expr in found:
            value = at(expr, values)
            low, high = expr.bounds
            assert low is None or low <= value
            assert high is None or value <= high
            for divisor in (2, 3, 5, 6, 12, 30):
                quotient, rest = divmod(expr, divisor)
                assert (at(quotient, values), at(rest, values)) == divmod(value, divisor)


X = Var("x", 60)


@pytest.mark.parametrize(
    ("index", "text"),
    [
        (6 * (var(X) // 6 % 5) + var(X) % 6, "x % 30"),
        (var(X) // 6 // 5, "x // 30"),
        ((28 * var(X) + var(Var("y", 28))) // 56, "x // 2"),
        ((28 * var(X) + var(Var("y", 28))) % 56, "28*(x % 2) + y"),
        (30 * (var(X) // 30) + var(X) % 30, "x"),
    ],
)
def test_digits_of_an_index_become_one(index, text):
    assert str(index) == text


@pytest.mark.parametrize(
    ("index", "run"),
    [
        (var(X), (60, 1)),
        (3 * var(X) + 5, (60, 3)),
        (var(X) % 5 + 32 * (var(X) // 5), (5, 1)),
        (2 * (var(X) % 10) + 64 * (var(X) // 10 % 3) + 900 * (var(X) // 30), (10, 2)),
        (var(X) // 2, (2, 0)),
    ],
)
def test_an_index_grows_evenly_in_runs(index, run):
    length, step = run_of(index, X)
    assert (length, step) == run
    for x in range(X.size - 1):
        if (x + 1) % length:
            assert at(index, {X: x + 1}) - at(index, {X: x}) == step
