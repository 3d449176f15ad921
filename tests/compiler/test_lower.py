"""Oracle: sums in float64, NumPy on integers, numbers of kernels and tasks, and shapes of what must not take long."""

import numpy as np
import pytest

import feedforward as ff
from feedforward import ops
from feedforward.backends import codes, llvm
from feedforward.backends.llvm import Native, host
from feedforward.compiler import work
from feedforward.compiler.loops import Kernel, Multiply
from feedforward.compiler.lower import lower
from feedforward.compiler.simplify import simplify
from feedforward.compiler.work import work_of
from feedforward.graph.program import Program, specialise

HOST = host()


@pytest.mark.parametrize(
    "shape, axis, error",
    [
        ((4097,), 0, 256),
        ((200_003,), 0, 256),
        ((3_000_000,), 0, 256),
        ((50_000, 20), 0, 256),
        ((50_001, 3), 0, 256),
        ((5, 40_001), 1, 256),
        ((70, 9, 200), (0, 2), 256),
        ((9, 11, 13, 17), None, 256),
    ],
)
def test_a_long_sum_is_off_by_the_roundings_of_a_block(shape, axis, error):
    # All terms are 0.1: roundings of one sum then go the same way, at most half a unit each, 2**-24 of the sum.
    x = np.full(shape, 0.1, np.float32)
    expected = x.astype(np.float64).sum(axis)
    found = ff.Tensor(x).sum(axis).numpy()
    assert np.all(np.abs(found - expected) <= error * 2.0**-24 * expected)


def test_a_long_sum_has_infinities_and_nan_as_a_short_one():
    x = np.zeros(10_000, np.float32)
    x[777] = np.inf
    assert float(ff.Tensor(x).sum()) == np.inf
    x[9_999] = -np.inf
    assert np.isnan(float(ff.Tensor(x).sum()))


def test_hundreds_of_tensors_are_stacked_and_joined():
    scalars = [ff.Tensor(float(i)) * 2.0 for i in range(300)]
    assert ff.stack(scalars).numpy().tolist() == [2.0 * i for i in range(300)]
    parts = [ff.Tensor(np.full((2, 1 + i % 3), i, np.float32)) for i in range(250)]
    expected = np.concatenate([part.numpy() for part in parts], axis=1)
    assert np.array_equal(ff.concatenate(parts, axis=1).numpy(), expected)


def test_a_movement_of_a_movement_many_deep_is_compiled_in_time():
    # An index that holds the one below twice doubles its text with each of them: 2**30 here.
    x = ff.Tensor(np.arange(3, dtype=np.float32))
    for _ in range(30):
        x = ff.pad(x, [(1, 1)])
    assert np.array_equal(x.numpy(), np.pad(np.arange(3, dtype=np.float32), 30))


def test_hundreds_of_arrays_are_joined_one_after_another():
    x = ff.Tensor(np.arange(2, dtype=np.float32))
    joined = x
    for _ in range(400):
        joined = ff.concatenate([x, joined])
    assert joined.numpy().tolist() == [0, 1] * 401


def kernels_of(outputs, inputs=()):
    """Return the kernels of a program."""
    return lower(simplify(Program(tuple(inputs), (), tuple(outputs))), HOST).kernels


def run(outputs, inputs, arrays):
    return Native(threads=2).compile(Program(tuple(inputs), (), tuple(outputs))).run(arrays, [])[0]


def test_a_large_array_filled_with_one_number_is_cut_into_tasks():
    (kernel,) = kernels_of([ops.constant(np.float32(3)).broadcast_to((3000, 1000))])
    assert work_of(kernel).tasks > 1


X, Y = (ops.placeholder((6, 37), "float32", name) for name in "xy")
TOP = ops.max(X, (1,), keepdims=True).broadcast_to(X.shape)

REDUCTIONS = {
    # name: what is computed, the number of kernels, the same in NumPy
    "a maximum beside sums": (
        [X.sum((1,)), ops.max(Y, (1,)), (X * Y).sum((1,))],
        1,
        lambda x, y: [x.sum(1), y.max(1), (x * y).sum(1)],
    ),
    "a sum of what another reduction gives comes after it": (
        [ops.max(X, (1,)), (X - TOP).sum((1,))],
        2,
        lambda x, y: [x.max(1), (x - x.max(1, keepdims=True)).sum(1)],
    ),
    "one that needs another joins one that comes later": (
        [ops.max(X, (1,)), Y.sum((1,)), (X - TOP).sum((1,)), (Y - TOP).sum((1,))],
        2,
        lambda x, y: [x.max(1), y.sum(1), *((a - x.max(1, keepdims=True)).sum(1) for a in (x, y))],
    ),
    "five sums are too many for one": (
        [(X * float(k)).sum((1,)) for k in range(2, 7)],
        2,
        lambda x, y: [(x * k).sum(1) for k in range(2, 7)],
    ),
    "of float32 and float64": (
        [X.sum((1,)), ops.cast(Y, "float64").sum((1,))],
        2,
        lambda x, y: [x.sum(1), y.astype(np.float64).sum(1)],
    ),
    "over other axes": ([X.sum((0,)), Y.sum((1,))], 2, lambda x, y: [x.sum(0), y.sum(1)]),
    "of scalars": ([X.sum(), ops.min(Y)], 1, lambda x, y: [x.sum(), y.min()]),
}


@pytest.mark.parametrize("name", REDUCTIONS)
def test_reductions_over_the_same_loops_share_a_kernel_where_none_needs_another(name):
    """The oracle: NumPy on small integers, so that nothing is rounded."""
    outputs, count, formula = REDUCTIONS[name]
    assert len(kernels_of(outputs, [X, Y])) == count
    x, y = np.random.default_rng(0).integers(-4, 5, (2, 6, 37)).astype(np.float32)
    for found, expected in zip(run(outputs, [X, Y], [x, y]), formula(x, y), strict=True):
        np.testing.assert_array_equal(found, expected)
        assert found.dtype == expected.dtype


@pytest.mark.parametrize("swaps", [False, True])
def test_a_small_product_of_many_pieces_is_one_task(swaps):
    """The oracle: NumPy on small integers."""
    x, y = ops.placeholder((24, 50), "float32", "x"), ops.placeholder((100, 50), "float32", "y")
    bias = ops.placeholder((100,), "float32", "bias")
    fed = [np.random.default_rng(1).integers(-4, 5, one.shape).astype(np.float32) for one in (x, y, bias)]
    right = ops.matmul(x, y, False, True) if swaps else x @ y.reshape((50, 100))
    outputs = [right + bias.broadcast_to((24, 100))]
    products = [one for kernel in kernels_of(outputs, [x, y, bias]) for one in kernel.body if isinstance(one, Multiply)]
    assert [work_of(Kernel("", (one,))).tasks for one in products] == [1]
    assert products[0].plan.tasks > 1
    expected = fed[0] @ (fed[1].T if swaps else fed[1].reshape(50, 100)) + fed[2]
    np.testing.assert_array_equal(run(outputs, [x, y, bias], fed)[0], expected)


def test_the_updates_of_equal_layers_follow_each_its_own_product_and_those_of_two_biases_share_a_kernel():
    """The oracle: by hand. Six layers of 20 x 20; the updates of their biases are maps over the same 20 elements."""
    model = ff.Sequential([ff.Input((20,)), *[ff.layers.Dense(20, activation="relu") for _ in range(6)]])
    model.compile("adam", "mean_squared_error")
    x = np.zeros((8, 20), np.float32)
    program = simplify(specialise(model.traced("train", [x, x]), [x.shape, x.shape]))
    names = [kernel.name for kernel in lower(program, HOST).kernels]
    assert sum(name.endswith("/matmul and the update") for name in names) == 6
    # One that only the step's number and rate are made in comes first.
    assert names.count("the update") == 1 + 6 // 2


def test_a_map_that_reads_another_joins_it_however_many_there_are():
    """The oracle: NumPy on small integers."""
    x = ops.placeholder((5,), "float32", "x")
    outputs = [x + 1.0]
    for _ in range(9):
        outputs.append(outputs[-1] * 2.0)
    assert len(kernels_of(outputs, [x])) == 1
    fed = np.arange(5, dtype=np.float32)
    for k, found in enumerate(run(outputs, [x], [fed])):
        assert np.array_equal(found, (fed + 1) * 2.0**k)


@pytest.mark.parametrize("least", [50, 20_000])
@pytest.mark.parametrize("swaps", [(False, False), (True, False), (False, True), (True, True)])
@pytest.mark.parametrize(
    "shape", [(128, 5, 6, 7), (3, 40, 33, 20), (70, 8, 4, 3), (1, 9, 9, 9), (4, 1, 6, 5), (4, 6, 1, 5)]
)
def test_a_batch_of_products_is_one_kernel_with_what_follows_it(shape, swaps, least, monkeypatch):
    """The oracle: NumPy on small integers."""
    monkeypatch.setattr(work, "_TASK_WORK", least)
    monkeypatch.setattr(llvm, "_WORTH_THREADS", 0)
    monkeypatch.setattr(codes, "read_code", lambda key: None)
    monkeypatch.setattr(codes, "write_code", lambda key, code: None)
    batch, rows, inner, columns = shape
    x_shape, y_shape = [
        (2, batch, *(sides[::-1] if swap else sides))
        for sides, swap in zip([(rows, inner), (inner, columns)], swaps, strict=True)
    ]
    x, y = ops.placeholder(x_shape, "float32", "x"), ops.placeholder(y_shape, "float32", "y")
    bias = ops.placeholder((batch, 1, columns), "float32", "bias")
    product = ops.matmul(x, y, *swaps)
    outputs = [product, ops.maximum(product + bias.broadcast_to(product.shape), 0.0)]
    kernels = kernels_of(outputs, [x, y, bias])
    assert sum(isinstance(one, Multiply) for kernel in kernels for one in kernel.body) == 1
    assert len(kernels) <= 2 + (min(rows, columns) == 1)  # panels, the product, and what follows where it cannot join
    fed = [np.random.default_rng(1).integers(-4, 5, one.shape).astype(np.float32) for one in (x, y, bias)]
    left, right = (one.swapaxes(-1, -2) if swap else one for one, swap in zip(fed[:2], swaps, strict=True))
    wanted = [left @ right, np.maximum(left @ right + fed[2], 0)]
    for found, expected in zip(run(outputs, [x, y, bias], fed), wanted, strict=True):
        assert np.array_equal(found, expected)


@pytest.mark.parametrize("batch, size, least, most", [(128, 64, 128, 1024), (1024, 8, 4, 4), (128, 8, 1, 1)])
def test_a_batch_of_products_is_cut_into_tasks_of_whole_pieces(batch, size, least, most):
    """By hand: 64**3 / 8 operations are some tasks of their own; 8**3 / 8 are 64, and 312 of these about 20,000."""
    x = ops.placeholder((batch, size, size), "float32", "x")
    assert least <= work_of(kernels_of([x @ x], [x])[-1]).tasks <= most


def test_the_text_of_a_batch_of_products_says_how_many_they_are():
    x = ops.placeholder((128, 40, 40), "float32", "x")
    panels, product = kernels_of([ops.matmul(x, x, False, True)], [x])
    assert str(panels).endswith("= panels of x.0ᵀ, each of 128")
    assert str(product).endswith("= x.0 @ x.0ᵀ, each of 128")


@pytest.mark.parametrize("count, kernels", [(2, 2), (3, 3)])
def test_what_is_made_of_many_arrays_is_computed_once_for_all_that_use_it(count, kernels):
    """By hand: two sums over different axes, and before them what they are of where that is made of three arrays."""
    arrays = [ops.placeholder((6, 7), "float32", name) for name in "abc"[:count]]
    row = ops.placeholder((7,), "float32", "row")  # smaller ones do not count
    total = arrays[0] + row.broadcast_to((6, 7))
    for one in arrays[1:]:
        total = total + one
    outputs = [total.sum((0,)), total.sum((1,))]
    assert len(kernels_of(outputs, [*arrays, row])) == kernels
    fed = [np.random.default_rng(2).integers(-4, 5, one.shape).astype(np.float32) for one in (*arrays, row)]
    expected = sum(fed)
    for found, axis in zip(run(outputs, [*arrays, row], fed), (0, 1), strict=True):
        assert np.array_equal(found, expected.sum(axis))


@pytest.mark.parametrize("classes", range(2, 9))
@pytest.mark.parametrize("rows", [1, 3, 16, 21, 64])
def test_rows_of_few_classes_are_computed_side_by_side_with_the_same_bits_for_any_number(rows, classes):
    """The oracle: the formula in float64, for the sums, and the first row alone, for the bits."""
    x = ops.placeholder((rows, classes), "float32", "x")
    top = ops.max(x, (1,), keepdims=True).broadcast_to(x.shape)
    e = ops.exp(x - top)
    total = e.sum((1,), keepdims=True)
    outputs = [total, e / total.broadcast_to(x.shape)]
    fed = np.random.default_rng(rows).normal(size=(rows, classes)).astype(np.float32)
    found = run(outputs, [x], [fed])
    wide = np.exp(fed.astype(np.float64) - fed.max(1, keepdims=True))
    sums = wide.sum(1, keepdims=True)
    for one, expected in zip(found, (sums, wide / sums), strict=True):
        np.testing.assert_allclose(one, expected, rtol=(classes + 8) * 2.0**-23)  # x - top is below 8; each term
    if rows > 1:
        alone = ff.Tensor(fed[:1])
        e = ff.exp(alone - ff.max(alone, (1,), keepdims=True))
        assert np.array_equal(e.sum((1,), keepdims=True).numpy(), found[0][:1])


@pytest.mark.parametrize("columns", [16, 24, 32, 64, 100, 192])
def test_sums_down_columns_are_the_same_however_many_are_added_up_side_by_side(columns):
    """The oracle: NumPy on small integers."""
    x = ops.placeholder((50, columns), "float32", "x")
    fed = np.random.default_rng(columns).integers(-4, 5, (50, columns)).astype(np.float32)
    assert np.array_equal(run([x.sum((0,))], [x], [fed])[0], fed.sum(0))
