"""Oracle (b): NumPy, for sums one element after the other in the order that is promised, so that all bits agree."""

import re
from itertools import pairwise

import numpy as np
import pytest

from feedforward.backends.ragged import RoutineCode, checked
from feedforward.compiler.loops import INT, number
from feedforward.compiler.ragged.loops import (
    Index,
    Range,
    Routine,
    Sum,
    Vector,
    Write,
    accumulated,
    at,
    element,
    size_of,
)
from feedforward.errors import ShapeError
from feedforward.graph.dimension import unknown

n, d, stored = (unknown(name) for name in ("n", "d", "stored"))


def sums(dtype, is_far):
    """The sum of each row's values; of far ones, of those that its indices point to."""
    values = Vector("values", dtype, d if is_far else stored)
    indices = Vector("indices", INT, stored, d)
    starts, out = Vector("starts", INT, n + 1, stored + 1), Vector("out", dtype, n, is_changed=True)
    row, place = Index("row", n), Index("j", stored)
    term = element(values, element(indices, at(place)) if is_far else at(place))
    one = Sum("total", term, place, element(starts, at(row)), element(starts, at(row) + 1))
    body = Range(row, number(0), size_of(n), (one, Write(out, at(row), accumulated("total", dtype))))
    return Routine("sums", ("n", "d", "stored"), (values, indices, starts, out), (body,))


def in_halves(totals):
    while len(totals) > 1:
        totals = totals[: len(totals) // 2] + totals[len(totals) // 2 :]
    return totals[0]


def of_row(values, lanes):
    """In four sums of lanes; what is left in the first, at last in its first lanes."""
    totals, step = np.zeros((4, lanes), values.dtype), 4 * lanes
    whole = len(values) // step * step
    for first in range(0, whole, step):
        totals += values[first : first + step].reshape(4, lanes)
    for first in range(whole, len(values), lanes):
        part = values[first : first + lanes]
        totals[0, : len(part)] += part
    return in_halves(in_halves(totals))


@pytest.fixture(scope="module")
def codes():
    return {
        (name, is_far): RoutineCode(sums(np.dtype(name), is_far))
        for name in ("float32", "float64")
        for is_far in (False, True)
    }


@pytest.mark.parametrize("lengths", [[], [0], [1], [0, 3, 0, 4, 5], [15, 16, 17, 7, 8, 9, 33, 100]], ids=str)
@pytest.mark.parametrize("name", ["float32", "float64"])
def test_one_code_adds_rows_of_any_length_in_the_promised_order(codes, name, lengths) -> None:
    random = np.random.default_rng(len(lengths))
    starts = np.concatenate([[0], np.cumsum(np.array(lengths, np.int64))])
    indices = random.permutation(int(starts[-1]))
    values = random.normal(size=len(indices)).astype(name)
    for is_far, lanes in ((False, 64 // values.itemsize), (True, 1)):
        out = np.full(len(lengths), np.nan, name)
        sizes = {"n": len(lengths), "d": len(values), "stored": len(values)}
        codes[name, is_far](sizes, {"values": values, "indices": indices, "starts": starts, "out": out})
        held = values[indices] if is_far else values
        expected = [of_row(held[first:stop], lanes) for first, stop in pairwise(starts)]
        np.testing.assert_array_equal(out, np.array(expected, name))


def given(**other):
    arrays = {"values": np.arange(3.0), "indices": np.array([0, 2, 1]), "starts": np.array([0, 2, 3])}
    return {**arrays, "out": np.zeros(2), **other}


SIZES = {"n": 2, "d": 3, "stored": 3}
READ_ONLY = np.zeros(2)
READ_ONLY.flags.writeable = False
SHARED = np.arange(5.0)
WRONG = {
    "an index that points before the array": (
        {"indices": np.array([0, -1, 1])},
        ValueError,
        "sums: indices[1] is -1; expected integers from 0 to 2",
    ),
    "an index that points behind the array": (
        {"indices": np.array([0, 3, 1])},
        ValueError,
        "sums: indices[1] is 3; expected integers from 0 to 2",
    ),
    "indices that were checked for a longer array": (
        {"indices": checked(np.array([0, 3, 1]), 4)},
        ValueError,
        "sums: indices[1] is 3; expected integers from 0 to 2",
    ),
    "a row that ends behind the values": (
        {"starts": np.array([0, 2, 4])},
        ValueError,
        "sums: starts[2] is 4; expected integers from 0 to 3",
    ),
    "another dtype": ({"values": np.arange(3)}, TypeError, "sums: values is int64, contiguous; expected float64"),
    "an array with gaps": ({"values": np.arange(6.0)[::2]}, TypeError, "values is float64, not contiguous"),
    "an array that is too short": (
        {"out": np.zeros(1)},
        ShapeError,
        "sums: out has 1 elements; expected 2, which is n",
    ),
    "an array that is read-only": ({"out": READ_ONLY}, ValueError, "sums: out is read-only"),
    "an array over another": (
        {"values": SHARED[:3], "out": SHARED[2:4]},
        ValueError,
        "sums: out, which is to be changed, overlaps with values",
    ),
    "an array of another name": ({"more": np.zeros(1)}, TypeError, "sums: got sizes ['d', 'n', 'stored'] and arrays"),
}


@pytest.mark.parametrize("name", WRONG)
def test_no_code_runs_on(codes, name) -> None:
    arrays, error, message = WRONG[name]
    with pytest.raises(error, match=re.escape(message)):
        codes["float64", True](SIZES, given(**arrays))


def test_a_size_below_zero_is_refused(codes) -> None:
    arrays = given(starts=np.empty(0, np.int64), out=np.empty(0))
    with pytest.raises(ShapeError, match=re.escape("expected numbers from 0 on")):
        codes["float64", True]({**SIZES, "n": -1}, arrays)


def test_rows_that_end_before_they_begin_have_no_elements(codes) -> None:
    out = np.full(2, np.nan)
    codes["float64", True](SIZES, given(starts=np.array([3, 0, 1]), out=out))
    assert out.tolist() == [0.0, 0.0]


def test_code_is_found_on_disk_by_the_next_process(codes, monkeypatch) -> None:
    def fail(*_):
        raise AssertionError("compiled again")

    monkeypatch.setattr("feedforward.backends.ragged.object_code", fail)
    out = np.zeros(2)
    RoutineCode(sums(np.dtype("float64"), True))(SIZES, given(out=out))
    assert out.tolist() == [2.0, 1.0]
