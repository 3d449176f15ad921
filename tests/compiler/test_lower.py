"""Oracle: sums in float64, numbers of tasks, and shapes of what must not take long."""

import numpy as np
import pytest

import feedforward as ff
from feedforward import ops
from feedforward.backends.llvm import host
from feedforward.compiler.emit import tasks_of
from feedforward.compiler.lower import lower
from feedforward.compiler.simplify import simplify
from feedforward.graph.program import Program

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


def kernels_of(outputs, inputs=()):
    """Return the kernels of a program."""
    return lower(simplify(Program(tuple(inputs), (), tuple(outputs))), HOST).kernels


def test_a_large_array_filled_with_one_number_is_cut_into_tasks():
    (kernel,) = kernels_of([ops.constant(np.float32(3)).broadcast_to((3000, 1000))])
    assert tasks_of(kernel) > 1
