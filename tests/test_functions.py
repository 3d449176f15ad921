"""Oracle: NumPy, function by function; loops where NumPy has none. A function without a row here fails by name."""

import math

import numpy as np
import pytest

import feedforward as ff
from feedforward import Tensor, Variable, functions, ops
from feedforward.errors import DtypeError, ShapeError

A = np.array([[0.5, -1.25, 2.0], [3.0, 0.0, -0.5]])
B = np.array([[1.5, -1.25, 0.25], [-2.0, 4.0, -0.75]])
POSITIVE = np.abs(A) + 0.25
FLAGS = np.array([True, False, True, False])
OTHERS = np.array([True, True, False, False])
PLACES = np.array([2, 0, 2, 1])


def logsumexp(x):
    return np.array([math.log(math.fsum(math.exp(value) for value in row)) for row in x])


def scattered(updates, places, size):
    result = np.zeros((size, *updates.shape[1:]))
    for update, place in zip(updates, places, strict=True):
        result[place] += update
    return result


def clipped(x, low, high):
    return np.minimum(np.maximum(x, low), high)


ROWS = {
    "add": ((A, B), {}, A + B),
    "subtract": ((A, B), {}, A - B),
    "multiply": ((A, B), {}, A * B),
    "divide": ((A, B), {}, A / B),
    "floor_divide": ((A, B), {}, A // B),
    "remainder": ((A, B), {}, A % B),
    "power": ((POSITIVE, B), {}, POSITIVE**B),
    "negative": ((A,), {}, -A),
    "abs": ((A,), {}, np.abs(A)),
    "sign": ((A,), {}, np.sign(A)),
    "floor": ((A,), {}, np.floor(A)),
    "exp": ((A,), {}, np.exp(A)),
    "log": ((POSITIVE,), {}, np.log(POSITIVE)),
    "log1p": ((POSITIVE,), {}, np.log1p(POSITIVE)),
    "expm1": ((A,), {}, np.expm1(A)),
    "tanh": ((A,), {}, np.tanh(A)),
    "erf": ((A,), {}, np.array([math.erf(x) for x in A.ravel()]).reshape(A.shape)),
    "sqrt": ((POSITIVE,), {}, np.sqrt(POSITIVE)),
    "square": ((A,), {}, A**2),
    "sin": ((A,), {}, np.sin(A)),
    "cos": ((A,), {}, np.cos(A)),
    "maximum": ((A, B), {}, np.maximum(A, B)),
    "minimum": ((A, B), {}, np.minimum(A, B)),
    "clip": ((A, -1.0, 1.5), {}, clipped(A, -1.0, 1.5)),
    "equal": ((A, B), {}, A == B),
    "not_equal": ((A, B), {}, A != B),
    "less": ((A, B), {}, A < B),
    "less_equal": ((A, B), {}, A <= B),
    "greater": ((A, B), {}, A > B),
    "greater_equal": ((A, B), {}, A >= B),
    "logical_and": ((FLAGS, OTHERS), {}, FLAGS & OTHERS),
    "logical_or": ((FLAGS, OTHERS), {}, FLAGS | OTHERS),
    "logical_not": ((FLAGS,), {}, ~FLAGS),
    "is_finite": ((np.array([1.0, np.inf, -np.inf, np.nan]),), {}, np.array([True, False, False, False])),
    "where": ((A > B, A, B), {}, np.where(A > B, A, B)),
    "cast": ((A, "int32"), {}, A.astype(np.int32)),
    "stop_gradient": ((A,), {}, A),
    "sum": ((A,), {"axis": 0}, A.sum(0)),
    "mean": ((A,), {"axis": -1, "keepdims": True}, A.mean(-1, keepdims=True)),
    "max": ((A,), {"axis": 1}, A.max(1)),
    "min": ((A,), {}, A.min()),
    "any": ((A > B,), {"axis": 0}, (A > B).any(0)),
    "all": ((A > B,), {"axis": 0}, (A > B).all(0)),
    "argmax": ((A,), {"axis": 0}, A.argmax(0)),
    "logsumexp": ((A,), {"axis": 1}, logsumexp(A)),
    "reshape": ((A, (3, -1)), {}, A.reshape(3, -1)),
    "transpose": ((A,), {"axes": (1, 0)}, A.T),
    "broadcast_to": ((A, (2, 2, 3)), {}, np.broadcast_to(A, (2, 2, 3))),
    "expand_dims": ((A, 1), {}, A[:, None]),
    "squeeze": ((A[:, None],), {"axis": 1}, A),
    "pad": ((A, [(1, 0), (0, 2)]), {"value": 7.0}, np.pad(A, [(1, 0), (0, 2)], constant_values=7.0)),
    "concatenate": (([A, B],), {"axis": 1}, np.concatenate([A, B], 1)),
    "stack": (([A, B],), {"axis": 1}, np.stack([A, B], 1)),
    "flip": ((A,), {"axis": 1}, A[:, ::-1]),
    "take": ((A, PLACES), {"axis": 1}, A[:, PLACES]),
    "scatter_add": ((np.vstack([A, B]), PLACES, 3), {}, scattered(np.vstack([A, B]), PLACES, 3)),
    "one_hot": ((PLACES, 3, "float64"), {}, np.eye(3)[PLACES]),
    "take_along_axis": ((A, PLACES.reshape(2, 2)), {"axis": 1}, np.take_along_axis(A, PLACES.reshape(2, 2), 1)),
    "matmul": ((A, B.T), {}, A @ B.T),
    "windows": ((A, [2]), {"axes": [1]}, np.stack([A[:, :2], A[:, 1:]], 1)),
}

PUBLIC = [name for name in vars(functions) if not name.startswith("_") and name not in ("ops", "lift")]
NOT_FUNCTIONS = {
    "constant": "a Tensor holds a value",
    "placeholder": "Input makes one",
    "variable": "a Variable holds a value",
    "size": "a Tensor's shape",
    "getitem": "square brackets",
    "matmul_beside": "what many models are made of, in training/many.py",
    "random_bits": "ff.random",
    "random_uniform": "ff.random",
    "random_normal": "ff.random",
    "truncated_normal": "ff.random",
    "permutation": "ff.random",
}


@pytest.fixture(params=PUBLIC)
def row(request):
    """A function's name and its row."""
    if request.param not in ROWS:
        pytest.fail(f"no oracle for functions.{request.param}")
    return request.param, *ROWS[request.param]


def as_given(wrap, value):
    if isinstance(value, np.ndarray):
        return wrap(value)
    return [wrap(part) for part in value] if isinstance(value, list) and isinstance(value[0], np.ndarray) else value


def check_same(ours, expected):
    assert isinstance(ours, Tensor)
    # a result is one function of the library, or a sum of at most three products: a few roundings of numbers below 64
    np.testing.assert_allclose(ours.numpy(), expected, rtol=8 * np.finfo(np.float64).eps, atol=0, strict=True)


@pytest.mark.parametrize("wrap", [Tensor, Variable, np.asarray], ids=["Tensor", "Variable", "array"])
def test_a_function_does_what_numpy_does(row, wrap):
    name, arguments, settings, expected = row
    check_same(getattr(ff, name)(*(as_given(wrap, value) for value in arguments), **settings), np.asarray(expected))


def test_a_function_has_the_name_and_the_words_of_its_operation(row):
    name = row[0]
    function, operation = getattr(functions, name), getattr(ops, name)
    assert function.__name__ == function.__qualname__ == name
    assert function.__doc__ == operation.__doc__
    assert getattr(ff, name) is function


def test_every_operation_is_a_function():
    for name in ops.__all__:
        assert (name in PUBLIC) != (name in NOT_FUNCTIONS), f"no line for {name} in functions.py"


def test_every_row_is_of_a_function():
    assert set(ROWS) <= set(PUBLIC)


def test_functions_and_methods_are_the_same():
    x = Tensor(A)
    for ours, theirs in [
        (ff.sum(x, 1), x.sum(1)),
        (ff.mean(x), x.mean()),
        (ff.max(x, 0, True), x.max(0, True)),
        (ff.min(x), x.min()),
        (ff.argmax(x, 1), x.argmax(1)),
        (ff.any(x > 0.0, 1), (x > 0.0).any(1)),
        (ff.all(x > 0.0), (x > 0.0).all()),
        (ff.reshape(x, 6), x.reshape(6)),
        (ff.reshape(x, (3, 2)), x.reshape(3, 2)),
        (ff.transpose(x), x.transpose()),
        (ff.transpose(x, (1, 0)), x.transpose(1, 0)),
        (ff.broadcast_to(x, (2, 2, 3)), x.broadcast_to((2, 2, 3))),
        (ff.cast(x, "float32"), x.astype("float32")),
    ]:
        np.testing.assert_array_equal(ours.numpy(), theirs.numpy(), strict=True)


def test_functions_take_numbers_and_lists():
    assert float(ff.exp(0.0)) == 1.0
    assert ff.maximum([1.0, 5.0], 2.0).tolist() == [2.0, 5.0]
    assert ff.concatenate([[1.0], Tensor([2.0]), np.array([3.0], np.float32)]).tolist() == [1.0, 2.0, 3.0]
    assert ff.stack((Tensor(1.0), 2.0)).tolist() == [1.0, 2.0]
    assert ff.where([True, False], 1.0, Tensor(2.0)).tolist() == [1.0, 2.0]


def test_functions_take_keyword_arguments_that_are_tensors():
    assert ff.add(x=Tensor(1.0), y=Tensor(2.0)).tolist() == 3.0
    assert ff.take(Tensor([5.0, 6.0]), indices=Tensor([1, 1])).tolist() == [6.0, 6.0]
    assert ff.add(x=Tensor(1.0), y=ff.Input((3,))).is_symbolic


def test_a_mistake_names_the_line_that_made_it():
    with pytest.raises(
        ShapeError, match=r"^matmul: inner sizes differ, \(2, 3\) @ \(2, 3\), built at test_functions\.py:"
    ):
        ff.matmul(A, Tensor(B))
    with pytest.raises(
        DtypeError, match=r"^exp: dtype int32 is not float, built at test_functions\.py:\d+\. Cast it: x"
    ):
        ff.exp(Tensor([1, 2]))
    with pytest.raises(TypeError, match="missing 1 required positional argument"):
        ff.add(Tensor(1.0))


@pytest.mark.parametrize(("dtype", "ulp"), [(np.float32, 0.501), (np.float64, 1.1)])
def test_sine_and_cosine_are_exact_up_to_the_documented_bound_and_those_of_0_from_there_on(dtype, ulp):
    # NumPy's float64 functions reduce an angle of any size exactly; their error is below half of ours.
    limit = dtype(2.0**49)
    below = np.nextafter(limit, dtype(0)) * dtype(2.0) ** -np.arange(40, dtype=dtype)
    x = Tensor(np.concatenate([below, -below]))
    for function, exact in ((ff.sin, np.sin), (ff.cos, np.cos)):
        expected = exact(x.numpy().astype(np.float64))
        error = np.abs(function(x).numpy() - expected) / np.spacing(np.abs(expected).astype(dtype))
        assert error.max() <= ulp + 0.5
    beyond = np.array([limit, np.finfo(dtype).max], dtype)
    assert ff.sin(Tensor(np.concatenate([beyond, -beyond]))).tolist() == [0, 0, 0, 0]
    assert np.signbit(ff.sin(Tensor(-beyond)).numpy()).all()
    assert ff.cos(Tensor(np.concatenate([beyond, -beyond]))).tolist() == [1, 1, 1, 1]
    for function in (ff.sin, ff.cos):
        assert "2**49" in function.__doc__
        assert np.isnan(function(Tensor(np.array([np.inf, -np.inf], dtype))).numpy()).all()
