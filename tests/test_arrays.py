"""Oracle (a): arrays and messages worked by hand."""

import math
import re
import sys
import types
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest

import feedforward as ff
from feedforward.arrays import Origin, numbers, shown
from feedforward.errors import DataError, ShapeError


class Frame:
    """What NumPy and the messages see of a frame: objects in rows, labels of rows and columns."""

    columns = ("age", "is_new")

    def __init__(self, rows, index=None):
        self.rows = rows
        self.index = range(len(rows)) if index is None else index

    def __array__(self, dtype=None, copy=None):
        return np.array(self.rows, dtype=object)


class Column:
    """What NumPy sees of a frame's column of vectors: an array of objects, each an array or a list."""

    def __init__(self, rows):
        self.rows = rows

    def __array__(self, dtype=None, copy=None):
        array = np.empty(len(self.rows), object)
        array[:] = self.rows
        return array


class Sparse:
    """What NumPy sees of a sparse matrix of SciPy: one object."""

    def toarray(self):
        return np.eye(2)


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[0.5, True], [1, False]], np.array([[0.5, 1], [1, 0]])),
        ([[1, 2], [3, 4]], np.array([[1, 2], [3, 4]], np.int64)),
        ([[1, True], [3, np.int8(4)]], np.array([[1, 1], [3, 4]], np.int64)),
        ([[True, np.bool_(False)]], np.array([[True, False]])),
        ([[Decimal("1.5"), Fraction(1, 4)]], np.array([[1.5, 0.25]])),
        ([[np.float16(0.5), math.nan]], np.array([[0.5, np.nan]])),
        (np.empty((0, 2)), np.empty((0, 2))),
    ],
)
def test_objects_that_are_numbers_are_taken_as_numbers(rows, expected):
    for value in (np.array(rows, dtype=object), Frame(rows)):
        np.testing.assert_array_equal(numbers(value, "x"), expected, strict=True)
        np.testing.assert_array_equal(
            ff.Tensor(value).numpy(), expected.astype("f" if expected.dtype == float else expected.dtype)
        )


@pytest.mark.parametrize("rows", [[[1.0, 2.0], [3.0, 4.0]], [np.array([1.0, 2.0]), (3.0, 4.0)]])
def test_a_column_of_vectors_is_an_array_of_their_rows(rows):
    np.testing.assert_array_equal(numbers(Column(rows), "x"), [[1.0, 2.0], [3.0, 4.0]])


def test_what_is_an_array_of_numbers_is_not_copied():
    array = np.ones((3, 2))[::2]
    assert numbers(array, "x") is array
    assert numbers(np.ma.array(array), "x").base is not None  # nothing in it is masked


@pytest.mark.parametrize("value", [None, "text", b"text", {"a": 1}, {1, 2}, iter([1.0]), object])
def test_what_is_no_array_is_left_to_the_caller(value):
    array = numbers(value, "x")
    assert array.ndim == 0
    assert array.dtype.kind not in "biufc"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (
            [[1, 2, 3], [1, 2]],
            "x: rows differ in length: row 0 has shape (3,), row 1 has shape (2,). Give every row the same",
        ),
        ([[1], [2], [3, 4], [5]], "row 0 has shape (1,), row 2 has shape (2,)."),
        ([1, [1, 2]], "row 0 has shape (), row 1 has shape (2,)."),
        (
            [[[1, 2], [3, 4]], [[1, 2], [3]]],
            "x: rows differ in length: element (1, 0) has shape (2,), element (1, 1) has",
        ),
        ([np.ones(3), np.ones(2)], "row 0 has shape (3,), row 1 has shape (2,)."),
        (np.array([[1, 2], [3]], object), "row 0 has shape (2,), row 1 has shape (1,)."),
        (np.array([1, [1, 2]], object), "row 0 has shape (), row 1 has shape (2,)."),
        (Column([np.ones(3), [1.0, 2.0]]), "row 0 has shape (3,), row 1 has shape (2,)."),
    ],
)
def test_rows_that_differ_in_length_are_named(value, message):
    with pytest.raises(ShapeError, match=re.escape(message)):
        numbers(value, "x")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([None, 1], "x: row 0 is missing (None). Every sample needs a number there. Fill or drop it."),
        ([[0.5, True], [1, None]], "x: row 1, column 1 is missing (None)."),
        (Frame([[1, True], [2, None]]), "x: row 1, column 'is_new' is missing (None)."),
        (
            Frame([[1, True], [2, "no"]], ["p", "q"]),
            "x: row 1 (index 'q'), column 'is_new' holds 'no', a str. Expected",
        ),
        (Frame([[1, 2], [2, "no"]], np.array([7, 8])), "x: row 1 (index 8), column 'is_new' holds 'no', a str."),
        (
            [[1.0, "a"]],
            "x: row 0, column 1 holds 'a', a str. Expected real numbers. Encode text and dates as numbers first,",
        ),
        ([b"a"], "x: row 0 holds b'a', a bytes. Expected real numbers."),
        (np.array([[1, "a" * 60]], object), f"x: row 0, column 1 holds '{'a' * 36}..., a str. Expected real numbers."),
        (np.array([[1, 2j]], object), "x: row 0, column 1 holds 2j, a complex. Expected real numbers."),
        (np.array([[[1, 2, None]]], object), "x: row 0, element (0, 2) is missing (None)."),
        ([1j], "x has dtype complex128, expected real numbers. Give real and imaginary parts as columns of their own."),
        (1j, "x has dtype complex128, expected real numbers."),
        (np.array(["2020-01-01"], "datetime64[D]"), "x has dtype datetime64[D], expected real numbers. Give dates as"),
        (
            np.array([1], "timedelta64[s]"),
            "x has dtype timedelta64[s], expected real numbers. Give times as numbers, such",
        ),
        (np.zeros(2, [("a", "f4")]), "x has dtype [('a', '<f4')], expected real numbers. Make its fields columns:"),
        (Sparse(), "x is a Sparse, which is sparse. Expected a dense array. Give x.toarray()."),
        ([Sparse()], "a Sparse. Expected real numbers. Make what is sparse an array with toarray() first."),
        ([10**400, 0.5], "x: an int of more than 308 digits fits no float. Scale the numbers."),
        ([2**70], "x: 1180591620717411303424 does not fit int64. Give floats, or numbers below 2**63."),
        ([[1], [-(2**70)]], "x: -1180591620717411303424 does not fit int64."),
        (2**70, "x: 1180591620717411303424 does not fit int64."),
    ],
)
def test_what_is_no_number_is_named_by_its_row_and_column(value, message):
    with pytest.raises((TypeError, DataError), match=re.escape(message)):
        numbers(value, "x")


def test_masked_numbers_are_refused_wherever_they_arrive():
    masked = np.ma.array([[1.0, 2.0], [3.0, 4.0]], mask=[[0, 0], [0, 1]])
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    good, y = np.ones((2, 2)), np.ones(2)
    for use in (
        lambda: numbers(masked, "x"),
        lambda: numbers([good, masked], "x"),
        lambda: model.predict(masked),
        lambda: model.predict_on_batch(masked.astype("float32")),
        lambda: model(masked),
        lambda: model.fit(masked, y, verbose=0),
        lambda: model.evaluate(good, masked[:, 1], verbose=0),
        lambda: model.fit(good, y, sample_weight=masked[:, 1], verbose=0),
        lambda: ff.Variable(masked),
        lambda: ff.Tensor(good) + masked,
        lambda: ff.layers.Normalization().adapt(masked),
    ):
        with pytest.raises(
            DataError, match=r"is masked in row 1(, column 1)?\. Every sample needs a number there\. Fill"
        ):
            use()
    np.testing.assert_array_equal(ff.Tensor(masked.filled(0)).numpy(), [[1, 2], [3, 0]])


def test_rows_that_differ_in_length_are_named_wherever_they_arrive():
    ragged = [[1.0, 2.0], [1.0]]
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    good, y = np.ones((2, 2)), np.ones(2)
    variable = ff.Variable(good)
    for use in (
        lambda: model.predict(ragged),
        lambda: model.predict_on_batch(ragged),
        lambda: model(ragged),
        lambda: ff.Sequential([ff.layers.Dense(1)])(ragged),
        lambda: ff.Sequential([ff.layers.Dense(1)]).predict(ragged),
        lambda: ff.layers.Dense(1)(ragged),
        lambda: model.fit(ragged, y, verbose=0),
        lambda: model.fit(good, ragged, verbose=0),
        lambda: model.fit(good, y, sample_weight=ragged, verbose=0),
        lambda: model.fit(good, y, validation_data=(ragged, y), verbose=0),
        lambda: model.evaluate(ragged, y, verbose=0),
        lambda: model.set_weights([ragged, [1.0]]),
        lambda: ff.losses.MeanSquaredError()(ragged, good),
        lambda: ff.Tensor(ragged),
        lambda: ff.Variable(ragged),
        lambda: variable.assign(ragged),
        lambda: variable + ragged,
        lambda: variable[[[0, 1], [0]]],
        lambda: ff.layers.Normalization().adapt(ragged),
    ):
        with pytest.raises(
            ShapeError, match=r"rows differ in length: row 0 has shape \(2,\), row 1 has shape \(1,\)\."
        ):
            use()


def test_cells_are_named_by_place_and_label():
    assert Origin().cell((3,)) == "row 3"
    assert Origin(first=10).cell((3, 1)) == "row 13, column 1"
    assert Origin(first=1, index="pqr").cell((1,)) == "row 2 (index 'r')"
    assert Origin(np.array([0, 5]), np.array(["a", "b"])).cell((1, 0)) == "row 1 (index 5), column 'a'"
    assert Origin(np.array([0, 5]), np.array(["a", "b"])).cell((0, 1)) == "row 0, column 'b'"
    assert Origin(["p"], ["a"]).cell((7, 7)) == "row 7, column 7"  # labels of something else
    assert Origin.of([1, 2]).cell((0,)) == "row 0"  # a list's index is a method


def test_the_first_bad_cells_are_named_and_their_rows_counted():
    is_bad = np.zeros((9, 4), bool)
    is_bad[3, [1, 2]] = True
    assert Origin().cells(is_bad) == "row 3, column 1"
    is_bad[[5, 6, 8], 0] = True
    assert Origin().cells(is_bad) == "row 3, column 1; row 5, column 0; row 6, column 0 (4 of 9 rows)"
    assert Origin().cells(is_bad[:, 1]) == "row 3"


def test_a_value_is_shown_on_one_short_line():
    assert shown([1, 2]) == "[1, 2]"
    assert shown(np.eye(2)) == "array([[1., 0.], [0., 1.]])"
    assert shown("a" * 50) == "'" + "a" * 36 + "..."


def test_numbers_are_read_while_another_thread_loads_masked_arrays(monkeypatch):
    # What Python finds then is a module that has no names yet.
    monkeypatch.setitem(sys.modules, "numpy.ma", types.ModuleType("numpy.ma"))
    assert numbers([[1.0, 2.0]], "x").tolist() == [[1.0, 2.0]]
