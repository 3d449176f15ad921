"""Oracle (a): arrays with watched numbers before and behind them, which must stay as they are whatever indices say."""

import os
import threading
from dataclasses import replace

import numpy as np
import pytest

from feedforward.backends.ragged import Checked, RoutineCode, checked, last_of
from feedforward.errors import ShapeError
from feedforward.linear import losses
from feedforward.linear.loops import kernels
from feedforward.linear.loops.layout import Form
from feedforward.linear.loops.routines import routine
from feedforward.linear.rows import csr

ROWS, COLUMNS, WATCHED = 40, 7, 4096
WRONG = {"int32": [-1, -(2**31), 2**31 - 1, COLUMNS], "int64": [-1, -(2**63), 2**63 - 1, COLUMNS, 2**32]}


def watched(size):
    """An array of zeros, and the larger one around it."""
    around = np.full(size + 2 * WATCHED, 7.0)
    inside = around[WATCHED : WATCHED + size]
    inside[:] = 0.0
    return inside, around


def is_untouched(around):
    return bool((around[:WATCHED] == 7.0).all() and (around[-WATCHED:] == 7.0).all())


def sparse_arrays(kind):
    random = np.random.default_rng(0)
    counts = random.integers(0, COLUMNS + 1, ROWS)
    indices = np.concatenate([random.permutation(COLUMNS)[:count] for count in counts]).astype(kind)
    return random.normal(size=counts.sum()), indices, np.concatenate([[0], np.cumsum(counts)]).astype(kind)


def steps_of_every_kernel(rows, u, v):
    """Run each kernel once; u and v are what they write to."""
    y, cost, order = np.ones(ROWS), np.ones(ROWS), np.arange(ROWS)
    kernels.margins(rows, u[:-1])
    kernels.transposed(rows, v)
    kernels.margins(rows, np.ones((COLUMNS, 3)))
    kernels.transposed(rows, np.ones((ROWS, 3)))
    kernels.sgd_pass(rows, y, cost, losses.Hinge(), 1.0, u, order, np.full(ROWS, 1e-3))
    kernels.svrg_pass(rows, y, cost, losses.SquaredHinge(), 1.0, u, order, 1e-3, v, np.zeros(COLUMNS + 1))
    kernels.saga_pass(rows, y, cost, losses.SquaredHinge(), 1.0, u, order, 1e-3, v, np.zeros(COLUMNS + 1))
    kernels.perceptron_pass(rows, y, 1.0, u, order)
    box = losses.Hinge().box(y, cost)
    kernels.dual_pass(rows, box, 1.0, np.ones(ROWS), v, u, order, np.inf)


@pytest.mark.parametrize("kind", ["int32", "int64"])
@pytest.mark.parametrize("which", ["indices", "starts"])
def test_arrays_that_are_changed_after_the_check_reach_no_other_memory(kind, which):
    values, indices, starts = sparse_arrays(kind)
    rows = csr(values, indices, starts, COLUMNS)
    (u, around_u), (v, around_v) = watched(COLUMNS + 1), watched(ROWS)
    steps_of_every_kernel(rows, u, v)  # which looks through them
    array = indices if which == "indices" else starts
    for wrong in WRONG[kind]:
        for chosen in (slice(None), slice(0, 1), slice(-1, None), slice(3, None, 5)):
            good = array.copy()
            array[chosen] = wrong
            steps_of_every_kernel(rows, u, v)
            array[:] = good
            assert is_untouched(around_u) and is_untouched(around_v), (which, wrong, chosen)


def test_a_thread_that_writes_indices_during_calls_reaches_no_other_memory():
    values, indices, starts = sparse_arrays("int32")
    rows = csr(values, indices, starts, COLUMNS)
    (u, around_u), (v, around_v) = watched(COLUMNS + 1), watched(ROWS)
    steps_of_every_kernel(rows, u, v)
    is_over = threading.Event()

    def disturb():
        random = np.random.default_rng(1)
        while not is_over.is_set():
            indices[:] = random.integers(-(2**31), 2**31, indices.size)
            starts[:] = random.integers(-(2**31), 2**31, starts.size)

    thread = threading.Thread(target=disturb)
    thread.start()
    try:
        for _ in range(30):
            steps_of_every_kernel(rows, u, v)
    finally:
        is_over.set()
        thread.join()
    assert is_untouched(around_u) and is_untouched(around_v)


def product_of_dense_and_order():
    """The routine of stochastic steps on dense rows, with arrays that fit it."""
    code = RoutineCode(routine("sgd_pass", Form("float64"), "hinge"))
    sizes = {"n": 3, "d": 2, "m": 2}
    arrays = {
        "values": np.ones(6), "settings": np.array([1.0, 0.0, 0.0, 0.0]), "y": np.ones(3), "cost": np.ones(3),
        "u": np.zeros(3), "order": np.array([0, 2]), "rates": np.ones(2), "before": np.ones(2), "after": np.ones(2),
        "brought": np.ones(2),
    }  # fmt: skip
    return code, sizes, arrays


def unaligned(size):
    return np.frombuffer(bytearray(8 * size + 1), np.float64, size, 1)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"order": np.array([0, 3])}, ValueError, r"sgd_pass_hinge: order\[1\] is 3; expected integers from 0 to 2\."),
        ({"order": np.array([-1, 0])}, ValueError, r"order\[0\] is -1"),
        ({"order": np.array([0, 1, 2])}, ShapeError, r"order has 3 elements; expected 2, which is m"),
        ({"order": np.array([0, 1], np.int32)}, TypeError, r"order is int32, contiguous; expected int64, contiguous\."),
        ({"y": np.ones(2)}, ShapeError, "y has 2 elements; expected 3, which is n"),
        ({"y": np.ones(3, np.float32)}, TypeError, "y is float32"),
        ({"y": np.ones(6)[::2]}, TypeError, "y is float64, not contiguous"),
        ({"y": np.ones(3).astype(">f8")}, TypeError, "y is >f8, contiguous; expected float64"),
        ({"y": unaligned(3)}, TypeError, "y is float64, contiguous, not aligned; expected float64"),
        ({"values": np.ones(5)}, ShapeError, r"values has 5 elements; expected 6, which is d\*n"),
        ({"u": np.ones(2)}, ShapeError, r"u has 2 elements; expected 3, which is d \+ 1"),
        ({"u": None}, TypeError, "got sizes"),
    ],
)  # fmt: skip
def test_arrays_that_do_not_fit_are_named(change, error, message):
    code, sizes, arrays = product_of_dense_and_order()
    code(sizes, arrays)  # which fits
    arrays = {name: array for name, array in (arrays | change).items() if array is not None}
    with pytest.raises(error, match=message):
        code(sizes, arrays)


def test_what_is_written_is_writeable_and_overlaps_with_nothing():
    code, sizes, arrays = product_of_dense_and_order()
    fixed = np.zeros(3)
    fixed.flags.writeable = False
    with pytest.raises(ValueError, match="u is read-only, and is to be changed"):
        code(sizes, arrays | {"u": fixed})
    shared = np.ones(5)
    with pytest.raises(ValueError, match="u, which is to be changed, overlaps with y"):
        code(sizes, arrays | {"u": shared[:3], "y": shared[2:]})


def test_sizes_are_not_negative():
    code, sizes, arrays = product_of_dense_and_order()
    with pytest.raises(ShapeError, match="expected numbers from 0 on"):
        code(sizes | {"m": -2}, arrays)


def test_integers_that_were_checked_against_more_are_checked_again():
    code, sizes, arrays = product_of_dense_and_order()
    with pytest.raises(ValueError, match=r"order\[0\] is 3; expected integers from 0 to 2"):
        code(sizes, arrays | {"order": checked(np.array([3, 0]), 4)})
    with pytest.raises(ValueError, match="expected integers from 0 to -1"):
        code(sizes | {"n": 0}, arrays | {"values": np.ones(0), "y": np.ones(0), "cost": np.ones(0),
                                         "order": Checked(np.array([3, 0]), 0)})  # fmt: skip


def test_integers_that_are_large_for_int32_count_columns_and_rows_beyond_it():
    # One column more than int32 has numbers: the largest that an index can name is column 2^31 - 1.
    code = RoutineCode(routine("margins", Form("float64", "int32", "int64"), ""))
    assert code.routine.bounded[0].dtype == np.int32
    assert last_of(code.routine.bounded[0], 2**31 + 1) == 2**31 - 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
# JAX, which other tests may have loaded, warns of every fork; this child does not use it.
@pytest.mark.filterwarnings(r"ignore:os\.fork\(\) was called:RuntimeWarning")
def test_code_goes_on_in_a_child_after_a_fork():
    values, indices, starts = sparse_arrays("int32")
    rows = csr(values, indices, starts, COLUMNS)
    expected = kernels.margins(rows, np.ones(COLUMNS))
    child = os.fork()
    if child == 0:
        os._exit(0 if (kernels.margins(replace(rows), np.ones(COLUMNS)) == expected).all() else 1)
    assert os.waitpid(child, 0)[1] == 0
