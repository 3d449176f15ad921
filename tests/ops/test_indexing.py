"""Oracle: NumPy's own indexing and functions on the same arrays; out-of-range rows are worked by hand."""

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends.llvm import Native
from feedforward.errors import DtypeError, OutOfRangeError, ShapeError
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient
from feedforward.graph.node import Node
from feedforward.graph.program import Program
from feedforward.ops import constant, placeholder


@pytest.fixture
def compiled():
    """Return a function that computes nodes as `run` does, in machine code."""

    def run_native(nodes, feeds):
        (outputs, _) = Native().compile(Program(tuple(feeds), (), tuple(nodes))).run(list(feeds.values()), [])
        return outputs

    return run_native


X = np.arange(60.0).reshape(3, 4, 5)

INDICES = {
    text: eval(f"np.s_[{text}]")  # the rows of this table and nothing else
    for text in [
        *("0", "-1", "2", "np.int64(1)", "0, 1", "0, -2, 3", "...", "..., 1", "1, ...", "0, ..., 2", "0, 1, 2, ..."),
        *(":", "1:", ":2", "-2:", ":-1", "1:1", "2:1", "5:", ":100", "-100:", "::2", "1::2", "::3", "::100"),
        *("::-1", "::-2", "2:0:-1", "-1:-3:-1", ":0:-1", "5::-2", ":, ::-1", "::-1, ::2, ::-3", "1:2, :, 1:4:2"),
        *("None", ":, None", "..., None", "None, ..., None", "0, None", "None, 0", ":, 0, None, ::2"),
        *("[0, 2]", "[2, 2, 0, 1]", "[-1, 0]", "[]", "[[0, 1], [2, 0]]", "np.array(1)", "np.array([1], np.uint8)"),
        *(
            ":, [3, 0]",
            "..., [4, 0, 4]",
            "1:, [3, 0]",
            "::-1, :, [0, 1]",
            "None, [1, 2]",
            "[1, 2], None",
            ":, [[0], [1]]",
        ),
        *("0, [1, 2]", "[1, 2], 0", "0, :, [1, 2]", "[1, 2], :, 0", ":, 0, [1, 2]", ":, [1, 2], 0", "0, ..., [1, 2]"),
        *(
            "0, None, [1, 2]",
            "[1, 2], None, 0",
            "0, 1, [1, 2]",
            "0, [[1, 2]], :",
            "0, :, [[1, 2], [3, 4]]",
            ":, 0, ..., [1, 2]",
        ),
        *("0, :, np.array(2)", "1, [0, 3], 2", "[0, 1], 1:, -1", "np.array(0), :, [1, 3]"),
    ]
}


@pytest.mark.parametrize("text", INDICES)
def test_getitem_is_numpy_s(text, run):
    x = placeholder(X.shape, "float64")
    expected = X[INDICES[text]]
    node = x[INDICES[text]]
    assert node.shape == expected.shape
    np.testing.assert_array_equal(run([node], {x: X})[0], expected)


@pytest.mark.parametrize("text", INDICES)
def test_gradient_of_getitem_counts_how_often_each_element_is_read(text, run):
    x = placeholder(X.shape, "float64")
    expected = np.zeros(X.size)
    np.add.at(expected, X[INDICES[text]].astype(int).reshape(-1), 1.0)  # the elements of X are their own places
    (part,) = gradient(x[INDICES[text]].sum(), [x])
    np.testing.assert_array_equal(run([part], {x: X})[0], expected.reshape(X.shape))


UNKNOWN_INDICES = [
    *("1", "-1", ":", "1:", ":2", "-2:", ":-1", "1:1", "2:1", ":100", "-100:", "::2", "1::2", "::3", "-3::2", ":-1:2"),
    *("::-1", "::-2", "::-3", "[0, 1]", ":, None", "..., 0", "::2, ::2", "5:", "1:-1", "-1:1", "-2:-1"),
]


@pytest.mark.parametrize("text", UNKNOWN_INDICES)
def test_getitem_along_an_unknown_size_is_numpy_s_for_every_size(text, run):
    index = eval(f"np.s_[{text}]")  # the rows of this table and nothing else
    x = placeholder((unknown("n"), 4), "float64")
    node = x[index]
    (part,) = gradient(node.sum(), [x])
    for n in range(0, 8):
        value = np.arange(4.0 * n).reshape(n, 4)
        if n < 2 and text in ("1", "-1", "[0, 1]"):
            continue  # out of range
        expected = value[index]
        counts = np.zeros(value.size)
        np.add.at(counts, expected.astype(int).reshape(-1), 1.0)
        found, slope = run([node, part], {x: value})
        np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(slope, counts.reshape(n, 4))


@pytest.mark.parametrize(
    ("index", "error", "message"),
    [
        (3, ShapeError, "index 3 is out of range for an axis of size 3"),
        (-4, ShapeError, "index -4 is out of range for an axis of size 3"),
        ((0, 0, 0, 0), ShapeError, "too many indices: 4 for an array of 3 dimensions"),
        ((..., 0, ...), ShapeError, r"more than one '\.\.\.'"),
        (slice(None, None, 0), ShapeError, "a slice's step must not be 0"),
        (slice(1.0, None), TypeError, "A slice's bounds and step must be ints"),
        ([0, 3], ShapeError, "out of range for an axis of size 3"),
        ([0, -4], ShapeError, "out of range for an axis of size 3"),
        ([0.5], TypeError, "cannot be an index"),
        ("a", TypeError, "cannot be an index"),
        (True, TypeError, "cannot be an index"),
        ([True, False], TypeError, "cannot be an index"),
        (constant([True, False, True]), DtypeError, "a mask that is a tensor picks a number of elements"),
        (([0], [1]), TypeError, "an index has two arrays"),
        (constant([0.5]), DtypeError, "index: dtype float32 is not integer"),
    ],
)
def test_a_wrong_index_is_refused(index, error, message):
    with pytest.raises(error, match=message):
        placeholder(X.shape)[index]


def test_a_slice_backwards_with_bounds_along_an_unknown_size_is_refused():
    with pytest.raises(TypeError, match=r"Reverse it with \[::-1\] first"):
        placeholder((unknown("n"),))[3:0:-1]


# out of range


BELOW = np.array([0, -1, -3, 2])


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_a_negative_index_counts_from_the_end_wherever_it_comes_from(dtype, run, compiled):
    x = np.array([5.0, 6.0, 7.0])
    i = placeholder((4,), dtype, "i")
    known, fed = constant(BELOW.astype(dtype)), {i: BELOW.astype(dtype)}
    for execute in (run, compiled):
        for at, feeds in ((known, {}), (i, fed)):
            rows = constant(x)
            read = [ops.take(rows, at), rows[at], ops.take_along_axis(rows, at, 0)]
            for found in execute(read, feeds):
                assert found.tolist() == [5, 7, 5, 7]
            (added,) = execute([ops.scatter_add(constant(np.array([1.0, 2.0, 4.0, 8.0])), at, 3)], feeds)
            assert added.tolist() == [5, 0, 10]


@pytest.mark.parametrize("index", [3, -4, 100])
def test_a_known_index_outside_is_refused(index):
    x = placeholder((3, 3))
    message = (
        rf"index {index} is out of range for an axis of size 3, built at test_indexing.py:\d+. Give ints from -3 to 2"
    )
    for at in ([0, index], np.array([[index]]), constant([1, index]), index):
        for read in (
            lambda at: ops.take(x, at),
            lambda at: ops.take(x, at, 1),
            lambda at: x[at],
            lambda at: x[:, at],
            lambda at: ops.take_along_axis(placeholder((3,)), np.ravel(at) if type(at) in (list, int) else at, 0),
            lambda at: ops.scatter_add(constant(np.ones(np.shape(at))), at, 3),
        ):
            if not (isinstance(at, Node) or np.ndim(at) == 1):
                continue
            with pytest.raises(OutOfRangeError, match=message) as caught:
                read(at)
            assert isinstance(caught.value, IndexError) and isinstance(caught.value, ShapeError)
    with pytest.raises(IndexError, match=r"of size 0.*Give an array that has elements there"):
        ops.take(placeholder((0, 3)), [0])


def test_a_known_index_is_refused_when_the_size_becomes_known(run):
    x = placeholder((unknown("n"),), "float64")
    node = ops.take(x, [0, 3])
    assert run([node], {x: np.arange(4.0)})[0].tolist() == [0, 3]
    with pytest.raises(OutOfRangeError, match="index 3 is out of range for an axis of size 3"):
        run([node], {x: np.arange(3.0)})


FED = np.array([0, -1, 3, 2, 100, -4])
"""Of three places: the first, the last, outside, the last, outside, outside."""


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32", "uint8", "bool"])
def test_an_index_from_the_data_of_a_program_reads_nan_outside(dtype, run, compiled):
    x, i = placeholder((3,), dtype), placeholder((6,), "int64", "i")
    value = np.array([1, 0, 1], dtype)
    # As JAX has it: the integer farthest from 0, and True.
    outside = {"float32": np.nan, "float64": np.nan, "int32": -(2**31), "uint8": 255, "bool": True}[dtype]
    for execute in (run, compiled):
        for node in (ops.take(x, i), x[i], ops.take_along_axis(x, i, 0)):
            found = execute([node], {x: value, i: FED})[0]
            np.testing.assert_array_equal(found, np.array([1, 1, outside, 1, outside, outside], dtype), strict=True)
        (empty,) = execute([ops.take(constant(np.zeros(0, dtype)), i)], {i: FED})
        np.testing.assert_array_equal(empty, np.full(6, outside, dtype), strict=True)


def test_what_is_added_outside_by_the_data_of_a_program_is_dropped_and_has_no_gradient(run, compiled):
    x, i = placeholder((6,), "float64"), placeholder((6,), "int64", "i")
    added = ops.scatter_add(x, i, 3)
    (slope,) = gradient((added * constant(np.array([1.0, 2.0, 4.0]))).sum(), [x])
    for execute in (run, compiled):
        sums, slopes = execute([added, slope], {x: np.arange(1.0, 7.0), i: FED})
        assert sums.tolist() == [1, 0, 2 + 4]
        assert slopes.tolist() == [1, 4, 0, 4, 0, 0]


def test_what_is_read_outside_by_the_data_of_a_program_has_no_gradient(run, compiled):
    x, i = placeholder((3,), "float64"), placeholder((6,), "int64", "i")
    rows, one = placeholder((6, 3), "float64"), placeholder((6, 1), "int64", "one")
    reads = [gradient(ops.take(x, i).sum(), [x])[0], gradient(ops.take_along_axis(x, i, 0).sum(), [x])[0]]
    (labelled,) = gradient(ops.take_along_axis(rows, one, 1).sum(), [rows])
    for execute in (run, compiled):
        for slope in execute(reads, {x: np.zeros(3), i: FED}):
            assert slope.tolist() == [1, 0, 2]
        (slope,) = execute([labelled], {rows: np.zeros((6, 3)), one: FED[:, None]})
        assert slope.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 1], [0, 0, 0], [0, 0, 0]]


def test_scatter_add_adds_up_what_goes_to_one_place(run):
    (found,) = run([ops.scatter_add(constant(np.array([[1.0, 2.0], [4.0, 8.0]])), [1, 1], 2)])
    assert found.tolist() == [[0, 0], [5, 10]]


def test_one_hot_has_a_row_of_zeros_outside(run):
    (found,) = run([ops.one_hot([1, -1, 3, 0], 3)])
    assert found.tolist() == [[0, 1, 0], [0, 0, 0], [0, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize("axis", [0, 1, 2, -1])
def test_take_is_the_product_with_one_hot_rows(axis, run):
    x = placeholder(X.shape, "float64")
    indices = np.array([0, 2, 1])
    rows = (indices[:, None] == np.arange(X.shape[axis])).astype(float)
    expected = np.moveaxis(np.tensordot(rows, X, (1, axis)), 0, axis)
    np.testing.assert_array_equal(run([ops.take(x, indices, axis)], {x: X})[0], expected)


def test_scatter_add_after_the_last_axis_takes_a_single_index(run):
    x = placeholder((3, 5), "float64")
    (part,) = gradient((ops.take(x, constant(2), 1) * constant(np.array([1.0, 2.0, 3.0]))).sum(), [x])
    expected = np.zeros((3, 5))
    expected[:, 2] = [1, 2, 3]
    np.testing.assert_array_equal(run([part], {x: np.zeros((3, 5))})[0], expected)
