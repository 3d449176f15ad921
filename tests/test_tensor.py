"""Oracles: NumPy on the same arrays; counts of compiled programs by a backend that counts; arithmetic by hand."""

import collections
import copy
import gc
import operator
import pickle
import threading

import numpy as np
import pytest

import feedforward as ff
from feedforward import Tensor, Variable, execution
from feedforward import tensor as module
from feedforward.errors import DataError, DtypeError, ShapeError
from feedforward.graph.node import Node

Pair = collections.namedtuple("Pair", ["first", "second"])


def live_nodes():
    gc.collect()
    return sum(isinstance(thing, Node) for thing in gc.get_objects())


# laziness


def test_nothing_is_computed_until_somebody_looks(backend):
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    y = (x @ x + 1.0).sum()
    assert y.shape == () and y.dtype == np.float32 and y.ndim == 0
    assert backend.runs == []
    assert float(y) == 58.0  # 7 + 10 + 15 + 22, and four ones
    assert backend.runs == [1]


def test_a_value_is_computed_once(backend):
    y = Tensor([1.0, 2.0]) * 3.0
    for _ in range(3):
        assert y.tolist() == [3.0, 6.0]
        assert str(y) == "[3. 6.]"
    assert backend.runs == [1]


def test_what_holds_data_is_not_run_at_all(backend):
    assert Tensor([1.0, 2.0]).tolist() == [1.0, 2.0]
    assert float(Variable(3.0)) == 3.0
    assert backend.runs == []


def test_what_was_looked_at_is_not_computed_again_by_what_uses_it(backend):
    x = Tensor([1.0, 2.0])
    y = x * 3.0
    y.numpy()
    nodes_behind = y.node.inputs
    z = y + 1.0
    assert nodes_behind == ()
    assert z.tolist() == [4.0, 7.0]
    assert backend.runs == [1, 1]


@pytest.mark.parametrize(
    "look",
    [float, int, bool, str, repr, format, np.asarray, Tensor.numpy, Tensor.item, Tensor.tolist, "{:.1f}".format],
    ids=lambda look: look.__name__,
)
def test_every_way_to_look_computes(backend, look):
    look(Tensor(1.5) * 2.0)
    assert backend.runs == [1]


def test_shape_dtype_and_length_do_not_compute(backend):
    y = Tensor(np.zeros((3, 2), np.float32)) * 2.0
    assert (y.shape, y.dtype.name, y.ndim, len(y)) == ((3, 2), "float32", 2, 3)
    assert backend.runs == []


def test_a_program_is_compiled_once_for_all_data_of_one_shape(backend):
    for number in range(5):
        x = Tensor(np.full((2, 2), number, np.float32))
        assert float((x @ x).sum()) == 8.0 * number**2
    assert backend.compiled == 1
    float((Tensor(np.ones((3, 3), np.float32)) @ Tensor(np.ones((3, 3), np.float32))).sum())
    assert backend.compiled == 2


def test_programs_that_differ_in_a_number_a_shape_or_a_dtype_are_not_mixed_up(backend):
    x = Tensor([1.0, 2.0])
    assert (x * 2.0).tolist() == [2.0, 4.0]
    assert (x * 3.0).tolist() == [3.0, 6.0]
    assert (x * -0.0).numpy().tobytes() == np.array([-0.0, -0.0], np.float32).tobytes()
    assert (x * 0.0).numpy().tobytes() == np.array([0.0, 0.0], np.float32).tobytes()
    assert (x + x).tolist() == [2.0, 4.0]
    assert (x + Tensor([1.0, 2.0])).tolist() == [2.0, 4.0]
    assert (Tensor([1.0, 2.0]) - x).tolist() == [0.0, 0.0]
    assert (x - Tensor([5.0, 5.0])).tolist() == [-4.0, -3.0]
    assert backend.compiled == 7  # x - y is one program, whichever of them was made first
    assert (Tensor([1.0]) + Tensor([2.0])).tolist() == [3.0]
    assert (Tensor(np.ones(2)) + Tensor(np.ones(2))).tolist() == [2.0, 2.0]
    assert backend.compiled == 9


def test_the_cache_drops_the_program_used_longest_ago(backend, monkeypatch):
    monkeypatch.setattr(execution, "_CACHED_PROGRAMS", 2)
    x = Tensor(1.0)
    for number in (1.0, 2.0, 1.0, 3.0, 1.0):
        float(x + number)
    assert backend.compiled == 3
    float(x + 2.0)
    assert backend.compiled == 4


def test_rows_looked_at_in_a_loop_share_their_programs(backend):
    x = Tensor(np.arange(20.0))
    assert sum(float(row * 2.0) for row in x) == 380.0
    assert backend.compiled == 1


# tensors and NumPy arrays side by side

OPERATORS = {
    "add": operator.add,
    "sub": operator.sub,
    "mul": operator.mul,
    "truediv": operator.truediv,
    "floordiv": operator.floordiv,
    "mod": operator.mod,
    "pow": operator.pow,
    "eq": operator.eq,
    "ne": operator.ne,
    "lt": operator.lt,
    "le": operator.le,
    "gt": operator.gt,
    "ge": operator.ge,
    "matmul": operator.matmul,
}
LEFT = np.array([[1.5, 2.0], [0.5, 3.0]], np.float32)
RIGHT = np.array([[2.0, 2.0], [0.25, 1.5]], np.float32)


def check_same(ours, expected):
    assert isinstance(ours, Tensor)
    assert ours.dtype == expected.dtype
    # at most two products a sum, each of both and the sum rounded; power may differ in its last place
    np.testing.assert_allclose(ours.numpy(), expected, rtol=4 * np.finfo(np.float32).eps)


@pytest.mark.parametrize("name", OPERATORS)
def test_an_operator_takes_tensors_and_arrays_on_either_side(name):
    apply = OPERATORS[name]
    expected = apply(LEFT, RIGHT)
    check_same(apply(Tensor(LEFT), Tensor(RIGHT)), expected)
    check_same(apply(Tensor(LEFT), RIGHT), expected)
    check_same(apply(LEFT, Tensor(RIGHT)), expected)
    check_same(apply(Variable(LEFT), RIGHT), expected)
    check_same(apply(LEFT, Variable(RIGHT)), expected)


@pytest.mark.parametrize("name", [name for name in OPERATORS if name != "matmul"])
@pytest.mark.parametrize("number", [2, 1.5, np.float32(1.5), np.float64(1.5), np.int64(2), np.array(1.5)], ids=repr)
def test_an_operator_takes_a_number_on_either_side(name, number):
    apply = OPERATORS[name]
    check_same(apply(Tensor(LEFT), number), apply(LEFT, np.float32(number)))
    check_same(apply(number, Tensor(RIGHT)), apply(np.float32(number), RIGHT))


@pytest.mark.parametrize("name", ["and_", "or_"])
def test_logical_operators_take_tensors_and_arrays_on_either_side(name):
    apply = getattr(operator, name)
    left, right = np.array([True, True, False, False]), np.array([True, False, True, False])
    for ours in (apply(Tensor(left), right), apply(left, Tensor(right)), apply(Tensor(left), Tensor(right))):
        check_same(ours, apply(left, right))


def test_operators_of_one_tensor_are_those_of_numpy():
    check_same(-Tensor(LEFT), -LEFT)
    check_same(+Tensor(LEFT), LEFT)
    check_same(abs(Tensor(-LEFT)), LEFT)
    check_same(~Tensor(LEFT > 1.0), LEFT <= 1.0)
    check_same(Tensor(LEFT).T, LEFT.T)


NUMPY_FUNCTIONS = [
    np.negative, np.absolute, np.sign, np.floor, np.exp, np.log, np.log1p, np.expm1, np.tanh, np.sqrt, np.square,
    np.sin, np.cos, np.isfinite,
]  # fmt: skip


@pytest.mark.parametrize("function", NUMPY_FUNCTIONS, ids=lambda function: function.__name__)
def test_a_function_of_numpy_gives_a_tensor_that_can_be_differentiated(function):
    check_same(function(Tensor(LEFT)), function(LEFT))


def test_a_function_of_numpy_does_not_hide_a_gradient():
    w = Variable(0.0)
    with ff.GradientTape() as tape:
        y = np.exp(w) * 3.0
    assert float(tape.gradient(y, w)) == 3.0


def test_maximum_and_minimum_of_numpy_give_tensors():
    check_same(np.maximum(Tensor(LEFT), RIGHT), np.maximum(LEFT, RIGHT))
    check_same(np.minimum(LEFT, Tensor(RIGHT)), np.minimum(LEFT, RIGHT))


def test_functions_of_numpy_that_we_lack_get_the_value():
    x = Tensor(LEFT)
    for ours, expected in [
        (np.argmax(x), np.argmax(LEFT)),
        (np.mean(x), np.mean(LEFT)),
        (np.mean(x, axis=0), np.mean(LEFT, axis=0)),
        (np.concatenate([x, LEFT]), np.concatenate([LEFT, LEFT])),
        (np.where(x > 1.0, x, 0.0), np.where(LEFT > 1.0, LEFT, 0.0)),
        (np.arctan(x), np.arctan(LEFT)),
        (np.add.reduce(x), np.add.reduce(LEFT)),
        (np.array(x), LEFT),
        (np.asarray(x, dtype="float64"), LEFT.astype(np.float64)),
        (np.stack(list(x)), LEFT),
        (np.vstack(Pair(x, Tensor(RIGHT))), np.vstack([LEFT, RIGHT])),
    ]:
        assert not isinstance(ours, Tensor)
        np.testing.assert_array_equal(ours, expected)
    assert np.allclose(x, LEFT)


def test_an_array_changed_in_place_by_a_tensor_stays_an_array():
    array = LEFT.copy()
    array += Tensor(RIGHT)
    assert type(array) is np.ndarray
    np.testing.assert_array_equal(array, LEFT + RIGHT)


def test_a_tensor_cannot_be_written_to():
    x = Tensor(LEFT)
    with pytest.raises(TypeError, match=r"^add: out is a tensor, which nothing changes\. Assign to a Variable\.$"):
        np.add(LEFT, RIGHT, out=x)
    with pytest.raises(TypeError, match="does not support item assignment"):
        x[0] = 1.0


def test_a_tensor_is_formatted_like_its_number():
    x = Tensor(2.0) / 3.0
    assert "{:.4f}".format(x) == "0.6667"  # noqa: UP032
    assert f"{x:8.3f}|{x:.0e}" == "   0.667|7e-01"
    assert "%f %.2f %d" % (x, x, Tensor(7)) == "0.666667 0.67 7"  # noqa: UP031
    assert "%s" % x == str(np.float32(2.0) / np.float32(3.0))  # noqa: UP031
    assert f"{Tensor([1.0, 2.0])}" == "[1. 2.]"
    assert f"{Tensor([1.0, 2.0])!r}" == "<Tensor shape=(2,) dtype=float32 [1., 2.]>"
    assert repr(Variable([[1, 2], [3, 4]])) == "<Variable shape=(2, 2) dtype=int32\n[[1, 2],\n [3, 4]]>"


def test_a_large_tensor_has_a_short_text():
    assert len(repr(Tensor(np.zeros(10_000)))) < 200


def test_a_tensor_becomes_a_number_of_python():
    assert (float(Tensor(2.5)), int(Tensor(2.5)), Tensor(2.5).item(), Tensor([[2.5]]).item()) == (2.5, 2, 2.5, 2.5)
    assert Tensor([[1, 2]]).tolist() == [[1, 2]]
    assert [10, 20, 30][Tensor(1)] == 20
    assert type(Tensor(1).item()) is int and type(Tensor(True).item()) is bool
    assert list(range(Tensor(3))) == [0, 1, 2]


@pytest.mark.parametrize("look", [float, int, Tensor.item], ids=["float", "int", "item"])
@pytest.mark.parametrize("shape", [(2,), (0,), (2, 2)])
def test_several_elements_are_not_one_number(look, shape):
    with pytest.raises(ValueError, match=r"^a tensor of shape \(.*\) is not one number\. Reduce it or take an element"):
        look(Tensor(np.zeros(shape)))


@pytest.mark.parametrize("value", [1.0, [1], [2]])
def test_only_one_integer_is_an_index_of_a_list(value):
    with pytest.raises(TypeError, match=r"is no index\. Use one integer"):
        [1, 2, 3][Tensor(value)]


def test_one_element_is_true_or_false_and_several_are_neither():
    assert Tensor(1.0) and Tensor([[2]]) and not Tensor([False])
    for shape in [(2,), (0,), (1, 2)]:
        with pytest.raises(ValueError, match=r"is neither true nor false\. Reduce it first, as in \(x > 0\)\.all\(\)"):
            bool(Tensor(np.ones(shape)))


def test_a_tensor_has_the_length_and_the_rows_of_its_array():
    x = Tensor(LEFT)
    assert len(x) == 2
    for ours, expected in zip(x, LEFT, strict=True):
        check_same(ours, expected)
    first, second = Tensor([1.0, 2.0])
    assert (float(first), float(second)) == (1.0, 2.0)
    assert list(Tensor(np.zeros((0, 3)))) == []
    assert (2.0 in Tensor([1.0, 2.0]), 3.0 in Tensor([1.0, 2.0])) == (True, False)


def test_a_number_has_no_length_and_no_rows():
    for look in (len, iter, list):
        with pytest.raises(TypeError, match=r"a tensor of no dimensions has no length\. Use float"):
            look(Tensor(1.0))


@pytest.mark.parametrize(
    "index",
    [0, -1, np.int64(1), slice(1, None), slice(None, None, -2), None, ..., (0, 1), (..., 0), [2, 0], (slice(None), 1)],
    ids=str,
)
def test_square_brackets_are_those_of_numpy(index):
    array = np.arange(12.0).reshape(4, 3)
    np.testing.assert_array_equal(Tensor(array)[index].numpy(), array[index])


def test_a_tensor_is_an_index_of_tensors_and_arrays():
    array = np.arange(12.0).reshape(4, 3)
    places = Tensor([2, 0])
    np.testing.assert_array_equal(Tensor(array)[places].numpy(), array[[2, 0]])
    np.testing.assert_array_equal(Tensor(array)[1, places].numpy(), array[1, [2, 0]])
    np.testing.assert_array_equal(Tensor(array)[Tensor(3)].numpy(), array[3])
    np.testing.assert_array_equal(Tensor(array)[Tensor([-1, 0])].numpy(), array[[-1, 0]])
    np.testing.assert_array_equal(array[places], array[[2, 0]])
    np.testing.assert_array_equal(array[Tensor(3)], array[3])
    np.testing.assert_array_equal(array[Tensor(array[:, 0] > 4)], array[array[:, 0] > 4])


def test_a_tensor_is_equal_only_to_itself_as_a_key():
    x, y = Tensor(1.0), Tensor(1.0)
    assert {x: "x", y: "y"}[x] == "x"
    assert len({x, y, x}) == 2


# copies


@pytest.mark.parametrize(
    "make",
    [
        Tensor,
        lambda array: Tensor([array, array]),
        lambda array: Tensor([Tensor(array), array]),
        lambda array: Variable(array).value(),
        lambda array: Variable(np.zeros_like(array)).assign(array),
        lambda array: Variable(np.zeros_like(array)).assign_add(array),
        lambda array: Tensor(1.0) + array,
        lambda array: array * Tensor(1.0),
        lambda array: ff.square(array),
        lambda array: ff.concatenate([array, array]),
        lambda array: ff.stack([array, Tensor(array)]),
        lambda array: ff.where(array > 1.0, Tensor(array), 0.0),
    ],
    ids=["Tensor", "rows", "mixed rows", "Variable", "assign", "assign_add", "+", "*", "square", "concatenate", "stack",
         "where"],
)  # fmt: skip
def test_changing_an_array_later_does_not_change_what_was_made_of_it(make):
    array = np.array([1.0, 2.0, 3.0], np.float32)
    expected = make(array.copy()).tolist()
    made = make(array)
    array[:] = -7.0
    assert made.tolist() == expected
    array[:] = -8.0
    assert made.tolist() == expected


def test_a_view_and_a_transposed_array_are_taken_as_they_look():
    array = np.arange(12.0).reshape(3, 4)
    for view in (array.T, array[::2, ::-1], array[:0], np.broadcast_to(array[0], (2, 4)), array[..., None]):
        np.testing.assert_array_equal(Tensor(view).numpy(), view)
        np.testing.assert_array_equal((Tensor(view) + view).numpy(), 2 * view)


def test_what_numpy_returns_cannot_be_changed():
    for x in (Tensor([1.0]), Tensor([1.0]) * 2.0, Variable([1.0]), Tensor([1.0]) + np.zeros(1)):
        array = x.numpy()
        assert not array.flags.writeable
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 5.0


def test_an_array_of_a_tensor_is_a_copy_that_can_be_changed():
    x = Tensor([1.0, 2.0])
    array = np.array(x)
    array[0] = 5.0
    assert x.tolist() == [1.0, 2.0]


# dtypes


@pytest.mark.parametrize(
    ("value", "dtype"),
    [
        (1.0, "float32"),
        ([1.0, 2], "float32"),
        (1, "int32"),
        (2**31 - 1, "int32"),
        (2**31, "int64"),
        (-(2**31), "int32"),
        (True, "bool"),
        ([], "float32"),
        (np.float64(1.0), "float64"),
        (np.array([1.0]), "float64"),
        (np.array([1]), "int64"),
        (np.array([1], ">i4"), "int32"),
        (np.array([1], np.uint8), "uint8"),
        ([np.float64(1.0)], "float32"),
    ],
    ids=repr,
)
def test_python_numbers_are_32_bits_wide_and_arrays_keep_their_dtype(value, dtype):
    assert Tensor(value).dtype == dtype
    assert Variable(value).dtype == dtype
    assert Tensor(value).numpy().dtype == dtype
    np.testing.assert_array_equal(Tensor(value).numpy(), value)


def test_a_dtype_that_is_asked_for_is_given_exactly():
    assert Tensor(0.1, "float64").item() == 0.1
    assert Tensor(0.1).item() == float(np.float32(0.1))
    assert Variable(0.1, dtype="float64").numpy().item() == 0.1
    assert Tensor(Tensor([1.5, -1.5]), "int32").tolist() == [1, -1]
    assert Tensor([Tensor(1.5), 2], "float64").dtype == np.float64


def test_a_graph_of_float64_stays_float64():
    x = Tensor(np.array([1.0, 2.0]))
    y = (2 * x + 0.1 - x / 3) ** 2.0
    y = ff.maximum(y, 0.3) @ np.ones((2, 1)) if y.ndim > 1 else (y * np.array([1.0, 2.0])).mean()
    assert y.dtype == np.float64
    array = np.array([1.0, 2.0])
    expected = ((2 * array + 0.1 - array / 3) ** 2.0 * np.array([1.0, 2.0])).mean()
    assert float(y) == pytest.approx(expected, rel=8 * np.finfo(np.float64).eps)  # eight roundings


def test_a_number_or_array_beside_a_tensor_takes_its_dtype():
    x = Tensor([1.0, 2.0])
    for other in (np.array([1.0, 2.0]), np.float64(2.0), 2.0, 2, [1.0, 2.0], np.array([1, 2])):
        assert (x * other).dtype == np.float32
        assert (other - x).dtype == np.float32
    assert (Tensor(np.zeros(2)) + np.ones(2, np.float32)).dtype == np.float64
    assert (Tensor([1, 2]) + np.array([1, 2])).dtype == np.int32
    assert (Tensor([1, 2]) / 2).dtype == np.float32


def test_a_fraction_beside_integers_is_refused():
    message = r"^0\.5 stands beside an array of dtype int32, built at test_tensor\.py:\d+\. Cast the array first"
    for make in (lambda x: x * 0.5, lambda x: 0.5 * x, lambda x: x + 0.5, lambda x: x > 0.5):
        with pytest.raises(DtypeError, match=message):
            make(Tensor([1, 2]))


def test_tensors_of_two_dtypes_are_refused():
    with pytest.raises(
        DtypeError, match=r"^add: dtypes differ, float32 and float64, built at test_tensor\.py:\d+\. Cas"
    ):
        Tensor(1.0) + Tensor(np.float64(1.0))
    with pytest.raises(ShapeError, match=r"^multiply: shapes \(2,\) and \(3,\) cannot be broadcast together, built at"):
        Tensor([1.0, 2.0]) * Tensor([1.0, 2.0, 3.0])


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ("three", TypeError, "'three' is not a number or an array of numbers. Give numbers."),
        (None, TypeError, "None is not a number"),
        ([1.0, None], DataError, r"^constant: row 1 is missing \(None\). Every sample needs a number"),
        ([[1.0, "b"]], TypeError, "^constant: row 0, column 1 holds 'b', a str. Expected real numbers."),
        ("a" * 100, TypeError, r"^constant: 'a{36}\.\.\. is not a number or an array of numbers. Give numbers.$"),
        (
            [[1.0], [2.0, 3.0]],
            ShapeError,
            r"rows differ in length: row 0 has shape \(1,\), row 1 has shape \(2,\)\. Give",
        ),
        (
            np.ma.array([1.0, 2.0], mask=[0, 1]),
            DataError,
            r"^constant is masked in row 1\. .* Fill it with filled\(\), or",
        ),
        (1j, DtypeError, "^constant has dtype complex128, expected real numbers. Give real and imaginary parts as"),
        (2**63, DtypeError, "does not fit int64"),
        (1e39, DtypeError, r"1e\+39 does not fit float32"),
        (object, TypeError, "is not a number"),
        (np.array("2020-01-01", "datetime64[D]"), DtypeError, r"^constant has dtype datetime64\[D\], expected real"),
    ],
    ids=repr,
)
def test_what_is_no_number_is_refused(value, error, message):
    with pytest.raises(error, match=message):
        Tensor(value)


def test_a_number_beside_float64_may_be_larger_than_float32_has():
    x = Tensor(0.5, dtype="float64")
    assert [float(one) for one in (1e308 * x, x / -1e300, x - 1e39)] == [5e307, -5e-301, -1e39]
    with pytest.raises(DtypeError, match=r"1e\+39 does not fit float32"):
        Tensor(0.5, dtype="float32") * 1e39


# tensors made of tensors


def test_a_nested_list_of_tensors_is_one_tensor():
    a, b = Tensor(1.0), Tensor([2.0, 3.0])
    assert Tensor((a, a * 5.0)).tolist() == [1.0, 5.0]
    assert Tensor([[a, 2.0], (3, a)]).tolist() == [[1.0, 2.0], [3.0, 1.0]]
    assert Tensor([b, np.array([4.0, 5.0]), [6.0, a]]).tolist() == [[2.0, 3.0], [4.0, 5.0], [6.0, 1.0]]
    assert Tensor([b, np.array([4.0, 5.0])]).dtype == np.float32
    assert Tensor([Variable(1.0), Variable(2.0)]).tolist() == [1.0, 2.0]


def test_a_tuple_of_tensors_is_an_operand_of_operators_and_functions():
    x, pair = Tensor([1.0, 2.0]), (Tensor(3.0), Tensor(4.0))
    assert (x + pair).tolist() == [4.0, 6.0]
    assert (pair - x).tolist() == [2.0, 2.0]
    assert ff.square(pair).tolist() == [9.0, 16.0]
    assert ff.maximum(x, list(pair)).tolist() == [3.0, 4.0]
    assert float(ff.mean(pair)) == 3.5
    assert np.subtract(x, x).tolist() == [0.0, 0.0]


def test_a_gradient_passes_through_a_list_of_tensors():
    w = Variable(2.0)
    with ff.GradientTape() as tape:
        y = Tensor([w, w * w, 1.0]).sum()
    assert float(tape.gradient(y, w)) == 5.0  # 1 + 2 w


def test_rows_of_different_lengths_are_refused():
    with pytest.raises(ShapeError, match="differ"):
        Tensor([Tensor([1.0, 2.0]), Tensor([1.0, 2.0, 3.0])])


def test_a_tensor_that_depends_on_an_input_says_so():
    x = ff.Input((2,), name="picture")
    y = x * 2.0
    assert y.shape == (None, 2) and y.is_symbolic
    assert repr(y) == str(y) == "<Tensor shape=(None, 2) dtype=float32 without a value>"
    assert Tensor([x[0], x[1]]).is_symbolic
    with pytest.raises(TypeError, match=r"depends on the input 'picture' and has no value yet\. Build a Model"):
        y.numpy()
    with pytest.raises(TypeError, match=r"of shape \(None, 2\) has no length yet: it depends on an Input"):
        len(y)
    with pytest.raises(TypeError, match="depends on the input 'picture'"):
        if y.sum() > 0.0:
            pass
    assert (LEFT + x).is_symbolic and np.exp(x).is_symbolic


# eager, threads, memory


def some_computation():
    x = Tensor(np.random.default_rng(0).normal(size=(5, 4)).astype(np.float32))
    w = Variable(np.random.default_rng(1).normal(size=(4, 3)).astype(np.float32))
    y = ff.tanh(x @ w) / 3.0 + ff.random.normal((3,), seed=3)
    w.assign_sub(0.1 * w)
    return [value.numpy() for value in (y, y.mean(0), ff.logsumexp(y, axis=1), w)]


def test_computing_at_once_gives_the_same_bits(backend):
    lazily = some_computation()
    before = len(backend.runs)
    with ff.eager():
        at_once = some_computation()
        x = Tensor([1.0]) * 2.0
        assert x.node.value is not None
    for one, other in zip(lazily, at_once, strict=True):
        np.testing.assert_array_equal(one, other, strict=True)
    assert len(backend.runs) == before  # the interpreter itself ran
    assert (Tensor([1.0]) * 2.0).node.value is None


def test_an_error_leaves_the_eager_context():
    with pytest.raises(ZeroDivisionError), ff.eager():
        raise ZeroDivisionError
    assert (Tensor([1.0]) * 2.0).node.value is None


def test_being_eager_is_of_one_thread():
    found = []
    with ff.eager():
        thread = threading.Thread(target=lambda: found.append((Tensor(1.0) + 1.0).node.value is not None))
        thread.start()
        thread.join()
    assert found == [False]


def test_a_long_chain_that_is_looked_at_keeps_no_history():
    x = Tensor(1.0)
    float(x * 1.0001)
    before = live_nodes()
    for _ in range(2000):
        x = x * 1.0001
        x.item()
    assert live_nodes() <= before + 10


def test_a_tape_that_is_over_does_not_keep_the_history_of_what_comes_after_it():
    with ff.GradientTape(persistent=True) as tape:
        x = Tensor(1.0)
    before = live_nodes()
    for _ in range(500):
        x = x * 1.0001
        x.item()
    assert live_nodes() <= before + 10
    assert tape.persistent


def test_a_long_chain_that_nobody_looked_at_is_computed_without_recursion():
    x = Tensor(np.float64(0.0))
    for _ in range(5000):
        x = x + 1.0
    assert float(x) == 5000.0


def test_the_value_of_nothing_is_nothing():
    assert module.evaluate([]) == []
    x = Tensor([1.0]) * 2.0
    first, second = module.evaluate([x, x])
    assert first.tolist() == second.tolist() == [2.0]


def test_a_format_for_one_number_is_refused_for_several():
    message = r"^format spec '.2f' needs one number, the tensor has shape \(3,\). Reduce it or take an element first"
    with pytest.raises(TypeError, match=message):
        f"{Tensor([1.0, 2.0, 3.0]):.2f}"
    assert f"{Tensor([1.0, 2.0]):>8}" == " [1. 2.]"


@pytest.mark.parametrize("other", [None, "text", b"text", object(), {}, {1.0}, Tensor, len])
def test_a_tensor_is_unequal_to_what_is_no_number(other):
    for x in (Tensor([1.0, 2.0]), Variable(1.0)):
        assert (x == other) is False and (other == x) is False
        assert (x != other) is True and (other != x) is True


def test_what_may_be_a_number_is_compared_by_element():
    x = Tensor([1.0, 2.0])
    for other in (1.0, True, np.float32(1.0), [1.0, 3.0], (1.0, 3.0), np.array([1.0, 3.0], np.float32), Variable(1.0)):
        assert (x == other).tolist() == [True, False]
        assert (x != other).tolist() == [False, True]


@pytest.mark.parametrize(("shape", "size"), [((), 1), ((0,), 0), ((3,), 3), ((2, 3, 4), 24), ((2, 0), 0)])
def test_the_size_is_the_number_of_elements(shape, size):
    assert Tensor(np.zeros(shape)).size == Variable(np.zeros(shape)).size == size
    assert type(Tensor(np.zeros(shape)).size) is int


def test_a_size_that_is_not_known_is_refused():
    with pytest.raises(TypeError, match=r"a tensor of shape \(None, 2\) has no size yet: it depends on an Input."):
        _ = ff.Input((2,)).size


def test_one_number_is_rounded_as_a_python_number():
    assert round(Tensor(2.75), 1) == 2.8 and round(Tensor(2.75)) == 3 and type(round(Variable(2.75))) is int
    with pytest.raises(ValueError, match=r"a tensor of shape \(2,\) is not one number."):
        round(Tensor([1.0, 2.0]))


@pytest.mark.parametrize("convert", [copy.copy, copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_copies_and_pickles_hold_the_value(convert):
    x = convert(Tensor(np.arange(3, dtype=np.int64)) + Tensor(np.ones(3, np.int64)))
    assert type(x) is Tensor and x.dtype == np.int64 and x.tolist() == [1, 2, 3]
    w = Variable([1.0, 2.0], trainable=False, name="w")
    other = convert(w.assign_add([1.0, 1.0]))
    w.assign([0.0, 0.0])
    assert type(other) is Variable and (other.trainable, other.name, other.tolist()) == (False, "w", [2.0, 3.0])
    with pytest.raises(TypeError, match=r"depends on the input .* and has no value yet."):
        convert(ff.Input((2,)))


# indices


@pytest.mark.parametrize(
    "read",
    [
        lambda x, i: ff.take(x, i),
        lambda x, i: x[i],
        lambda x, i: ff.take_along_axis(x, i, 0),
        lambda x, i: ff.scatter_add(Tensor([1.0, 2.0]), i, 3),
        lambda x, i: ff.grad(lambda x: (x[i] * x[i]).sum())(x),
    ],
)
def test_an_index_outside_is_an_error_also_where_it_is_computed(read):
    x, row = Tensor([5.0, 6.0, 7.0]), Tensor([0, 2])
    for index in (row + 1, row * 2 + Tensor([3.0, 5.0]).argmax().astype("int32") - 1, Variable([-4, 0]) * 1):
        with pytest.raises(
            IndexError, match=r"index (3|4|-4) is out of range for an axis of size 3, built at test_ten"
        ):
            read(x, index).numpy()
    with pytest.raises(IndexError, match="index 3 is out of range"):
        read(x, Tensor([1, 3]))  # known: at once
    with ff.eager(), pytest.raises(IndexError, match="index 3 is out of range"):
        read(x, row + 1)
    np.testing.assert_array_equal(read(x, row * 1 - 3), read(x, Tensor([0, 2])))


def test_a_label_that_is_no_class_is_an_error():
    loss = ff.losses.SparseCategoricalCrossentropy()
    with pytest.raises(IndexError, match="index 2 is out of range for an axis of size 2"):
        loss([0, 2], [[0.5, 0.5], [0.25, 0.75]]).numpy()
