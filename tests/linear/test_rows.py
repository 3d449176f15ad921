"""Oracle (a): messages by eye, sums by hand; and SciPy's sparse matrices, which hold the same arrays."""

import numpy as np
import pytest
from scipy import sparse

from feedforward.errors import DataError, DtypeError, ShapeError
from feedforward.linear import Rows, csr, rows_of
from feedforward.linear.rows import check_sizes
from linear_reference import margins, transposed

DENSE = np.array([[0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [1.0, -3.0, 0.5]])


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_floats_are_not_copied(dtype):
    dense = DENSE.astype(dtype)
    assert np.shares_memory(rows_of(dense, "fit").values, dense)
    compressed = sparse.csr_array(dense)
    rows = rows_of(compressed, "fit")
    assert np.shares_memory(rows.values, compressed.data)
    assert np.shares_memory(rows.indices, compressed.indices)
    assert np.shares_memory(rows.starts, compressed.indptr)


@pytest.mark.parametrize("given", [DENSE.astype(int), DENSE.tolist(), np.asfortranarray(DENSE), DENSE.astype(object)])
def test_other_numbers_become_float64_in_c_order(given):
    rows = rows_of(given, "fit")
    assert rows.values.dtype in (np.float64,) and rows.values.flags.c_contiguous
    assert (rows.values == np.asarray(given, float)).all()


@pytest.mark.parametrize("form", ["csc", "coo", "csr"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_products_with_sparse_rows_are_those_with_dense_ones(form, dtype):
    random = np.random.default_rng(0)
    dense = (random.normal(size=(40, 7)) * (random.random((40, 7)) < 0.3)).astype(dtype)
    dense[5] = 0.0  # an empty row
    rows = rows_of(sparse.csr_array(dense).asformat(form), "fit")
    w, v = random.normal(size=(7, 3)), random.normal(size=(40, 3))
    wide = dense.astype(np.float64)
    for one in (rows, rows_of(dense, "fit")):
        assert margins(one, w) == pytest.approx(wide @ w, abs=1e-14)  # sums of at most 7 products near 1
        assert margins(one, w[:, 0]) == pytest.approx(wide @ w[:, 0], abs=1e-14)
        assert transposed(one, v) == pytest.approx(wide.T @ v, abs=1e-13)
        assert transposed(one, v[:, 0]) == pytest.approx(wide.T @ v[:, 0], abs=1e-13)
        assert one.column_norms() == pytest.approx(np.sqrt((wide**2).sum(0)), abs=1e-13)
        assert (one.take(np.array([5, 39, 0])).dense() == dense[[5, 39, 0]]).all()


def test_columns_twice_in_a_row_are_added_up_in_a_copy():
    twice = sparse.csr_array((np.array([1.0, 2.0]), np.array([1, 1]), np.array([0, 2])), shape=(1, 2))
    assert rows_of(twice, "fit").dense().tolist() == [[0.0, 3.0]]
    assert twice.data.tolist() == [1.0, 2.0]


def test_rows_are_taken_as_they_are():
    rows = rows_of(DENSE, "fit")
    assert rows_of(rows, "fit") is rows
    assert isinstance(rows, Rows)


@pytest.mark.parametrize("value", ["NaN", "inf", "-inf"])
def test_what_is_not_finite_is_named_by_row_and_column(value):
    dense = DENSE.copy()
    dense[2, 1] = float(value)
    for given in (dense, sparse.csr_array(dense)):
        with pytest.raises(DataError, match=rf"^fit: x has {value} at row 2, column 1\. Expected finite"):
            rows_of(given, "fit")


def test_finite_numbers_whose_sum_overflows_are_finite():
    assert rows_of(np.full((2, 2), 3e38, np.float32), "fit").shape == (2, 2)


@pytest.mark.parametrize(
    ("given", "error", "message"),
    [
        (np.zeros(3), ShapeError, r"fit: x has shape \(3,\)\. Expected 2D array"),
        (np.zeros((0, 3)), ShapeError, r"found array with 0 sample\(s\) \(shape=\(0, 3\)\)"),
        (np.zeros((3, 0)), ShapeError, r"found array with 0 feature\(s\) \(shape=\(3, 0\)\)"),
        (np.zeros((2, 2), complex), DataError, "Complex data not supported"),
        (np.array([["a", 1]], object), TypeError, "row 0, column 0 holds 'a'"),
        (np.array([[None, 1.0]], object), DataError, "row 0, column 0 is missing"),
        (sparse.csr_array(np.ones((2, 2), complex)), DataError, "Complex data not supported"),
        (sparse.coo_array(np.ones(3)), ShapeError, r"x has shape \(3,\)\. Expected 2D array"),
        (Rows((1, 3), np.ones((1, 2))), ShapeError, r"rows of shape \(1, 3\) hold those of shape \(1, 2\)"),
        (Rows((1, 2), np.ones(1), np.array([2]), np.array([0, 1])), DataError, "row 0 has column 2, expected 0 to 1"),
        (Rows((1, 2), np.ones(1), np.array([1]), np.array([1, 0])), DataError, "starts go from 1 to 0"),
        (Rows((1, 1), np.array([[np.nan]])), DataError, "x has NaN at row 0, column 0"),
    ],
)
def test_what_are_no_rows_is_refused(given, error, message):
    with pytest.raises(error, match=message):
        rows_of(given, "fit")


VALUES, INDICES, STARTS = np.array([1.0, 2.0, 3.0]), np.array([0, 2, 1]), np.array([0, 2, 3])


@pytest.mark.parametrize(
    ("arrays", "columns", "error", "message"),
    [
        ((VALUES, INDICES, STARTS), 2, DataError, "csr: row 0 has column 2, expected 0 to 1. Give columns=3 or more"),
        ((VALUES, -INDICES, STARTS), 3, DataError, "row 0 has column -2, expected 0 to 2"),
        ((VALUES, INDICES, np.array([0, 3, 2])), 3, DataError, "at row 1 they are wrong"),
        ((VALUES, INDICES, np.array([1, 2, 3])), 3, DataError, "starts go from 1 to 3"),
        ((VALUES, INDICES, np.array([0, 2, 4])), 3, DataError, "to 4, with 3 values"),
        ((VALUES, np.array([0, 0, 1]), STARTS), 3, DataError, "row 0 has column 0 twice"),
        ((VALUES, INDICES[:2], STARTS), 3, ShapeError, r"indices \(2,\)"),
        ((VALUES, INDICES * 1.0, STARTS), 3, DtypeError, "indices have dtype float64"),
        ((VALUES.astype("U"), INDICES, STARTS), 3, DtypeError, "values have dtype"),
        ((VALUES, INDICES, np.array([0, 2**63 - 1, -(2**63), 3])), 3, DataError, "at row 2 they are wrong"),
        ((VALUES[:0], INDICES[:0], np.zeros(3, int)), -3, ShapeError, "columns=-3, expected an int >= 1"),
        ((VALUES, INDICES, STARTS), 3.5, ShapeError, "columns=3.5, expected an int >= 1"),
    ],
)
def test_arrays_that_are_no_rows_are_refused_before_a_loop_reads_them(arrays, columns, error, message):
    with pytest.raises(error, match=message):
        csr(*arrays, columns)


def unaligned(array):
    copy = np.frombuffer(bytearray(array.nbytes + 1), array.dtype, array.size, 1).reshape(array.shape)
    copy[...] = array
    return copy


def test_arrays_that_are_not_aligned_are_copied():
    rows = csr(unaligned(VALUES), unaligned(INDICES), unaligned(STARTS), 3)
    assert rows.dense().tolist() == [[1.0, 0.0, 2.0], [0.0, 3.0, 0.0]]
    for each in (*rows.compressed(), rows_of(unaligned(DENSE), "fit").values):
        assert each.flags.aligned


@pytest.mark.parametrize("form", [np.asarray, sparse.csr_array])
def test_numbers_whose_products_overflow_are_named_by_row_and_column(form):
    large = np.array([[0.0, 1e45], [0.0, -2e45]])
    check_sizes(rows_of(form(large[:1]), "fit"), "fit")
    with pytest.raises(DataError, match=r"^fit: x has -2e\+45 at row 1, column 1\. Expected numbers up to 1e\+45"):
        check_sizes(rows_of(form(large), "fit"), "fit")


def test_columns_may_stand_in_any_order_within_a_row():
    rows = csr(VALUES, np.array([2, 0, 1]), STARTS, 3)
    assert rows.dense().tolist() == [[2.0, 0.0, 1.0], [0.0, 3.0, 0.0]]


def test_a_row_that_is_asked_for_as_compressed_but_is_dense_says_so():
    with pytest.raises(TypeError, match="dense rows have no indices"):
        rows_of(DENSE, "fit").compressed()
