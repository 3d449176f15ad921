"""Oracle (a): arrays, splits and weights worked by hand; (b) the same in NumPy."""

import re
from collections import UserDict

import numpy as np
import pytest

import feedforward as ff
from feedforward.arrays import Origin
from feedforward.errors import DataError, DtypeError, ShapeError
from feedforward.training.data import (
    Samples,
    as_data,
    check_batch_size,
    check_inputs,
    check_rows,
    check_verbose,
    inputs_of,
    split_place,
    weigh_classes,
)


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        ([[1, 2]], "int64"),
        ([[1.5, 2]], "float32"),
        ([[True]], "bool"),
        (np.ones((2, 3)), "float32"),
        (np.ones((2, 3), np.float16), "float32"),
        (np.ones((2, 3), np.longdouble), "float32"),
        (np.ones((2, 3), np.int8), "int64"),
        (np.ones((2, 3), np.uint16), "int64"),
        (np.ones((2, 3), np.uint64), "int64"),
        (np.ones((2, 3), np.uint8), "uint8"),
        (np.ones((2, 3), np.int32), "int32"),
        (np.ones((2, 3), ">f4"), "float32"),
        (np.ones((2, 3), ">i4"), "int32"),
        (np.zeros((0, 3)), "float32"),
        ([], "float32"),
        (ff.Tensor([[1.0]]), "float32"),
        (ff.Variable([1, 2]), "int32"),
        (range(3), "int64"),
    ],
)
def test_numbers_of_every_kind_become_an_array_that_a_graph_can_hold(value, dtype):
    array = as_data(value, "x")
    assert array.dtype == dtype
    assert array.dtype.isnative
    assert array.flags.c_contiguous
    expected = value.numpy() if isinstance(value, ff.Tensor) else np.asarray(value)
    np.testing.assert_array_equal(array, expected.astype(dtype))


def test_floats_and_bytes_that_are_ready_are_not_copied():
    for dtype in ("float32", "uint8", "int64"):
        array = np.ones((2, 3), dtype)
        assert np.shares_memory(as_data(array, "x"), array)


def test_nan_infinity_and_the_largest_float_pass():
    x = np.array([np.nan, np.inf, -np.inf, np.finfo(np.float32).max, 1e-50])
    np.testing.assert_array_equal(as_data(x, "x"), x.astype(np.float32))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (None, "x is missing. Give an array with one row for each sample."),
        (
            [[1], [1, 2]],
            "x: rows differ in length: row 0 has shape (1,), row 1 has shape (2,). Give every row the same",
        ),
        (
            [["a"]],
            "x: row 0, column 0 holds 'a', a str. Expected real numbers. Encode text and dates as",
        ),
        ("text", "x is a str. Give an array with one row for each sample."),
        ({"a": 1}, "x is a dict. Give an array with one row for each sample."),
        ((i for i in range(3)), "x is a generator. Give an array with one row for each sample."),
        (map(float, [1, 2]), "x is a map. Give an array with one row for each sample."),
        ({1, 2}, "x is a set. Give an array with one row for each sample."),
        (3.5, "x is the single number 3.5. Give an array with one row for each sample."),
        ([1e300, np.nan, np.inf], "x has numbers beyond float32, up to 1e+300. Scale them."),
        ([-4e38], "x has numbers beyond float32, up to 4e+38. Scale them."),
        ([2**63], "x: 9223372036854775808 does not fit int64. Give floats, or numbers below 2**63."),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(value, message):
    with pytest.raises((TypeError, DataError, ShapeError), match=re.escape(message)):
        as_data(value, "x")


def nodes(*inputs):
    return [x.node for x in inputs]


def test_arrays_are_checked_against_their_inputs_one_by_one():
    inputs = nodes(ff.Input((2,), name="a"), ff.Input((None, 3), "uint8", name="b"))
    floats, ints = np.ones((4, 2), np.float32), np.ones((4, 5, 3), np.int64)
    a, b = check_inputs([floats, ints], inputs, "fit")
    assert a.dtype == np.float32
    assert b.dtype == np.uint8
    (kept,) = check_inputs([np.ones((4, 2), np.uint8)], inputs[:1], "fit")
    assert kept.dtype == np.uint8  # cast inside the program, batch by batch
    (wide,) = check_inputs([floats], nodes(ff.Input((2,), "float64")), "fit")
    assert wide.dtype == np.float64


@pytest.mark.parametrize(
    ("arrays", "inputs", "message"),
    [
        (
            [np.ones((4, 3))],
            [((2,), "float32")],
            "fit: x has shape (4, 3), the network expects (n, 2). Give samples of",
        ),
        ([np.ones(4)], [((2,), "float32")], "fit: x has shape (4,), the network expects (n, 2). Give samples of that"),
        (
            [np.ones((4, 2, 2))],
            [((2,), "float32")],
            "fit: x has shape (4, 2, 2), the network expects (n, 2). Reshape it, or begin the network with Flatten().",
        ),
        (
            [np.ones((4, 2))],
            [((None, 2), "float32")],
            "fit: x has shape (4, 2), the network expects (n, i0_1, 2). Give one sample as a batch of one: x[None], or",
        ),
        ([np.ones((4, 3))], [((None, 2), "float32")], "the network expects (n, i0_1, 2). Give samples of that shape."),
        (
            [np.ones(2)],
            [((2,), "float32")],
            "fit: x has shape (2,), the network expects (n, 2). Give one sample as a batch of one: x[None], or [x] of",
        ),
        (
            [np.ones((4, 2)), np.ones((4, 3))],
            [((2,), "float32"), ((2,), "float32")],
            "fit: input 'i1' has shape (4, 3), the network expects (n, 2).",
        ),
        (
            [np.ones((4, 2))] * 2,
            [((2,), "float32")],
            "fit: got 2 inputs, the network has 1. Give one array; of a list of samples, np.stack(x)",
        ),
        ([], [((2,), "float32")], "fit: got 0 inputs, the network has 1."),
        (
            [np.ones((4, 2))],
            [((2,), "float32"), ((2,), "float32")],
            "fit: got 1 inputs, the network has 2. Give a list with one array for each.",
        ),
        (
            [np.ones((4, 2))],
            [((2,), "uint8")],
            "fit: x holds floats, the network's Input takes uint8. Give the data unscaled",
        ),
        (
            [np.full((4, 2), 256)],
            [((2,), "uint8")],
            "fit: x has values from 256 to 256, the network's Input takes uint8.",
        ),
        ([np.full((4, 2), -1)], [((2,), "uint8")], "Give values from 0 to 255."),
        ([np.full((4, 2), 2**40)], [((2,), "int32")], "Give values from -2147483648 to 2147483647."),
        ([np.full((4, 2), 2)], [((2,), "bool")], "the network's Input takes bool. Give values from 0 to 1."),
    ],
)
def test_arrays_that_do_not_fit_their_inputs_are_refused(arrays, inputs, message):
    declared = nodes(*(ff.Input(shape, dtype, f"i{i}") for i, (shape, dtype) in enumerate(inputs)))
    with pytest.raises((ShapeError, DtypeError, ValueError), match=re.escape(message)):
        check_inputs(arrays, declared, "fit")


@pytest.mark.parametrize(
    ("shape", "given", "taken"),
    [
        ((1,), (4,), (4, 1)),
        ((2,), (4, 2, 1), (4, 2)),
        ((28, 28, 1), (4, 28, 28), (4, 28, 28, 1)),
        ((28, 28), (4, 28, 28, 1), (4, 28, 28)),
        ((None, 1), (4, 3), (4, 3, 1)),
        ((), (4, 1), (4,)),
        ((1,), (0,), (0, 1)),
    ],
)
def test_a_last_axis_of_one_element_may_be_there_or_not(shape, given, taken):
    array = np.arange(np.prod(given), dtype=np.float32).reshape(given)
    (found,) = check_inputs([array], nodes(ff.Input(shape)), "fit")
    np.testing.assert_array_equal(found, array.reshape(taken), strict=True)


def test_inputs_are_found_by_name_or_in_order():
    a, b = np.ones((2, 3)), np.zeros((2, 4))
    for given in ({"b": b, "a": a}, UserDict(b=b, a=a), [a, b], (a, b)):
        found = inputs_of(["a", "b"], given, "fit")
        assert list(found) == ["input 'a'", "input 'b'"]
        assert found["input 'a'"] is a and found["input 'b'"] is b
    assert inputs_of(["a", "b"], [[[1.0]], [[2.0]]], "fit") == {"input 'a'": [[1.0]], "input 'b'": [[2.0]]}
    assert inputs_of(["a"], [[1.0], [2.0]], "fit") == {"x": [[1.0], [2.0]]}
    assert inputs_of([], {1: a}[1], "fit")["x"] is inputs_of(["a"], {"a": a}, "fit")["x"] is a
    assert list(inputs_of(["a"], [a, b], "fit")) == ["input 0", "input 1"]


@pytest.mark.parametrize(
    ("names", "given", "message"),
    [
        (
            ["a", "b"],
            ["a"],
            "fit: x is a dict of ['a'], the inputs are 'a', 'b'. Give a dict with an array for each input",
        ),
        (["a", "b"], ["a", "b", "c"], "fit: x is a dict of ['a', 'b', 'c'], the inputs are 'a', 'b'."),
        (["a"], ["age", "height"], "or one array with a row for each sample."),
        ([], ["a"], "fit: x is a dict of ['a'], the model takes one array."),
        (["a"], [], "fit: x is a dict of [], the inputs are 'a'."),
    ],
)
def test_a_dict_with_other_names_than_the_inputs_is_refused(names, given, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        inputs_of(names, dict.fromkeys(given, np.ones((2, 3))), "fit")


def test_rows_are_counted():
    assert check_rows({"x": np.ones((3, 2)), "y": np.ones(3)}, "fit") == 3
    with pytest.raises(
        DataError, match=r"fit: the numbers of samples differ: x has 3, y has 2. Give one row of each for"
    ):
        check_rows({"x": np.ones(3), "y": np.ones(2)}, "fit")
    with pytest.raises(DataError, match=r"fit: there are no samples. Give at least one."):
        check_rows({"x": np.ones(0), "y": np.ones(0)}, "fit")


@pytest.mark.parametrize("value", [1, 7, np.int64(3), 10**9])
def test_a_batch_size_is_a_number_of_samples(value):
    assert check_batch_size(value, "fit") == value
    assert check_batch_size(None, "fit") == 32


@pytest.mark.parametrize("value", [0, -1, 2.5, 32.0, True, "32", [32], float("nan")])
def test_what_is_no_batch_size_is_refused(value):
    message = f"fit(batch_size={value!r}): batch_size must be an int >= 1. Got {value!r}."
    with pytest.raises(ValueError, match=re.escape(message)):
        check_batch_size(value, "fit")


@pytest.mark.parametrize("value", [5, -1, None, "loud", 1.0, [1]])
def test_what_is_no_verbosity_is_refused(value):
    for good in ("auto", 0, 1, 2, True, False):
        check_verbose(good)
    with pytest.raises(
        ValueError, match=re.escape(f"verbose={value!r}: verbose must be 'auto', 0, 1 or 2. Got {value!r}.")
    ):
        check_verbose(value)


@pytest.mark.parametrize(
    ("n", "share", "kept"), [(10, 0.3, 7), (10, 0.25, 7), (3, 0.5, 1), (100, 0.01, 99), (7, 0.9, 0)]
)
def test_the_share_that_is_split_off_is_the_end(n, share, kept):
    if kept:
        assert split_place(n, np.float64(share)) == kept
        return
    with pytest.raises(ValueError, match=rf"fit\(validation_split={share}\): of {n} samples one part would be empty."):
        split_place(n, share)


def test_a_part_of_samples_is_named_by_the_rows_of_the_whole():
    samples = Samples(
        [np.arange(5), np.arange(5) + 10], {"y": np.arange(5) + 100}, np.arange(5) + 200, [Origin(), Origin()]
    )
    part = samples.part(1, 5).part(1, 3)
    assert [array.tolist() for array in part.arrays] == [[2, 3], [12, 13], [102, 103], [202, 203]]
    assert [origin.first for origin in part.origins] == [2, 2]
    assert len(Samples([np.arange(5)], {"y": np.arange(5)}, None, [Origin()]).part(0, 2).arrays) == 2


@pytest.mark.parametrize("share", [1.0, -0.1, 2, True, "0.2", float("nan")])
def test_what_is_no_share_is_refused(share):
    message = f"fit(validation_split={share!r}): it must be a number between 0 and 1. Got {share!r}."
    with pytest.raises(ValueError, match=re.escape(message)):
        split_place(4, share)


@pytest.mark.parametrize(
    "targets",
    [
        np.array([0, 2, 1, 2]),
        np.array([[0], [2], [1], [2]], np.uint8),
        np.array([0.0, 2.0, 1.0, 2.0], np.float32),
        np.eye(3)[[0, 2, 1, 2]],
    ],
)
def test_a_sample_weighs_what_its_class_weighs(targets):
    np.testing.assert_array_equal(weigh_classes({2: 3, 0: 0.5}, targets, None), [0.5, 3, 1, 3])
    given = np.array([1, 2, 3, 4], np.float32)
    np.testing.assert_array_equal(weigh_classes({2: 3.0, 1: 9.0}, targets, given), [1, 6, 27, 12])
    np.testing.assert_array_equal(given, [1, 2, 3, 4])


@pytest.mark.parametrize(
    "weights", [{0: 2, 1: 3}, {0.0: 2, 1.0: 3}, {False: 2, True: 3}, {np.float32(0): 2, np.True_: 3}]
)
@pytest.mark.parametrize("dtype", [bool, int, np.float32])
def test_a_class_is_one_whether_it_is_written_as_int_float_or_bool(weights, dtype):
    np.testing.assert_array_equal(weigh_classes(weights, np.array([1, 0, 1], dtype), None), [3, 2, 3])


def test_sample_weights_may_be_a_column():
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mean_squared_error")
    x, y = np.array([[1.0], [2.0]]), np.zeros((2, 1))
    # errors 1 and 2, weights 3 and 1: (3 + 4) / 2
    assert model.evaluate(x, y, sample_weight=np.array([[3], [1]]), verbose=0) == 3.5


@pytest.mark.parametrize(
    ("weights", "targets", "message"),
    [
        ([1, 2], np.arange(3), "fit: class_weight is a list. Give a dict, such as {0: 1.0, 1: 5.0}."),
        ("balanced", np.arange(3), "fit: class_weight is a str. Give a dict"),
        ({"cat": 1.0}, np.arange(3), "fit: class_weight has the class 'cat'. Expected the number of a class, as in y."),
        ({0.5: 1.0}, np.arange(3), "fit: class_weight has the class 0.5. Expected the number of a class, as in y."),
        ({float("nan"): 1.0}, np.arange(3), "fit: class_weight has the class nan."),
        ({0: -1}, np.arange(3), "fit: class_weight[0] = -1 must be a number >= 0. Got -1."),
        ({0: "2"}, np.arange(3), "fit: class_weight[0] = '2' must be a number >= 0."),
        ({0: float("inf")}, np.arange(3), "fit: class_weight[0] = inf must be a number >= 0."),
        ({0: True}, np.arange(3), "fit: class_weight[0] = True must be a number >= 0."),
        (
            {0: 1.0, 7: 2.0},
            np.arange(3),
            "fit: class_weight has the class 7, which no sample to train on has: their classes range from 0 to 2",
        ),
        ({-1: 2.0}, np.eye(3), "fit: class_weight has the class -1, which no sample to train on has:"),
        (
            {0: 1.0},
            np.ones((3, 2, 2)),
            "fit: class_weight needs one class a sample, y has shape (3, 2, 2). Use sample_weight",
        ),
    ],
)
def test_what_are_no_class_weights_is_refused(weights, targets, message):
    with pytest.raises((TypeError, ValueError), match=re.escape(message)):
        weigh_classes(weights, targets, None)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"shuffle": "no"}, r"fit\(shuffle='no'\): shuffle must be "),
        (
            {"validation_split": 0.5, "validation_data": ([[1.0]], [1.0])},
            r"fit: validation_split=0\.5 and validation_data were both given\. Give one of them\.",
        ),
    ],
)
def test_an_argument_of_fit_that_would_be_passed_over_is_an_error(arguments, message):
    model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
    model.compile("sgd", "mean_squared_error")
    with pytest.raises(ValueError, match=f"^{message}"):
        model.fit([[1.0], [2.0]], [1.0, 2.0], verbose=0, **arguments)
    model.fit([[1.0], [2.0]], [1.0, 2.0], verbose=0, shuffle=np.False_)
