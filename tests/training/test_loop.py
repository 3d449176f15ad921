"""Oracle (e): an epoch cut into chunks gives the bits of one that is not; (a) sums of a tiny program worked by hand."""

import re

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends import BACKENDS
from feedforward.backends.interpreter import Interpreter
from feedforward.errors import NotFiniteError
from feedforward.graph.dimension import unknown
from feedforward.graph.node import scope
from feedforward.graph.program import Program
from feedforward.training import loop as module
from feedforward.training.loop import Loop


def counting():
    """Return a program with outputs sum(x), sum(x^2), and the updates w := w + sum(x), count := count + 1."""
    x = ops.placeholder((unknown("batch"),), "float32", "x")
    w, count = ops.variable((), "float32", "w"), ops.variable((), "int64", "count")
    still = ops.variable((), "float32", "still")
    return Program((x,), (w, count, still), (x.sum(), (x * x).sum()), ((w, w + x.sum()), (count, count + 1)))


def start(program, batch_size, seconds=None, **values):
    arrays = [np.asarray(values.get(v.attrs["name"], 0), v.dtype) for v in program.variables]
    return Loop(Interpreter().compile(program), program, batch_size, arrays)


X = np.arange(1, 12, dtype=np.float32)  # 1, 2, ..., 11: sum 66, squares 506


@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, 11, 12, 1000])
def test_every_row_is_used_once_and_the_last_batch_may_be_smaller(batch_size):
    loop = start(counting(), batch_size)
    totals = loop.run([X], np.arange(11))
    assert [float(total) for total in totals] == [66, 506]
    assert [value.item() for value in loop.variables] == [66, -(-11 // batch_size), 0]
    assert totals[0].dtype == np.float64


def test_rows_are_taken_in_the_order_given_also_twice_and_only_some():
    loop = start(counting(), 2)
    assert float(loop.run([X], np.array([0, 0, 10]))[0]) == 1 + 1 + 11


def test_a_second_run_goes_on_from_the_variables_of_the_first():
    loop = start(counting(), 4)
    loop.run([X], np.arange(11))
    totals = loop.run([X], np.arange(11))
    assert float(totals[0]) == 66
    assert loop.variables[0].item() == 132


@pytest.mark.parametrize("clock", [0.0, 1e-9, 0.01, 0.03, 10.0])
def test_where_chunks_are_cut_changes_no_bit(clock, monkeypatch):
    x = np.random.default_rng(0).normal(size=(101, 1)).astype(np.float32)[:, 0]
    whole = start(counting(), 3)
    expected, variables = Interpreter().compile(whole.program).loop([x], np.arange(101), 3, whole.variables)
    now = iter(np.arange(10_000) * clock)
    monkeypatch.setattr(module.time, "perf_counter", lambda: next(now))
    cut, reports = start(counting(), 3), []
    totals = cut.run([x], np.arange(101), lambda done, sums: reports.append((done, [float(s) for s in sums])))
    for one, other in zip([*totals, *cut.variables], [*expected, *variables], strict=True):
        np.testing.assert_array_equal(one, other)
    dones = [done for done, _ in reports]
    assert dones == sorted(set(dones))
    assert dones[-1] == 34
    assert reports[-1][1] == [float(total) for total in expected]
    # A batch that takes long is a chunk alone; after the first, quick ones are joined to a twentieth of a second.
    assert len(dones) == 34 if clock == 10.0 else len(dones) <= 34
    if clock < 1e-3:
        assert np.diff([0, *dones]).tolist() == [1, 33]


def test_no_rows_give_no_totals():
    assert start(counting(), 4).run([X], np.arange(0)) == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_arrays_of_the_caller_are_not_changed(backend):
    program, x = counting(), X.copy()
    values = [np.zeros((), v.dtype) for v in program.variables]
    loop = Loop(BACKENDS[backend]().compile(program), program, 2, values)
    loop.run([x], np.arange(11))
    assert [value.item() for value in loop.variables] == [66, 6, 0]
    assert [value.item() for value in values] == [0, 0, 0]
    np.testing.assert_array_equal(x, X)


def test_the_pace_of_one_run_is_known_to_the_next():
    loop = start(counting(), 1)
    loop.run([X], np.arange(11))
    again = Loop(loop.executable, loop.program, 1, loop.variables, {1: 0.05 / 4})  # four batches in 50 ms
    reports = []
    again.run([X], np.arange(11), lambda done, sums: reports.append(done))
    assert reports[0] == 4
    assert again.pace[1] < 0.05 / 4


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_exception_in_a_report_leaves_the_values_of_the_last_chunk(error):
    loop = start(counting(), 1)

    def report(done, totals):
        if done >= 3:
            raise error

    with pytest.raises(error):
        loop.run([X], np.arange(11), report)
    count = loop.variables[1].item()
    assert count >= 3
    assert loop.variables[0].item() == X[:count].sum()


def dividing():
    """Return a program with the loss sum(1 / (x + w)) in layer "invert", and the update w := w + sum(x) ^ 32."""
    x = ops.placeholder((unknown("batch"),), "float32", "x")
    w, slot = ops.variable((), "float32", "w"), ops.variable((), "float32", "slot")
    with scope("invert"):
        loss = (1.0 / (x + w)).sum()
    return Program((x,), (w, slot), (loss,), ((w, w + 0.0 * x.sum()), (slot, x.sum() ** 32.0)))


@pytest.mark.parametrize(
    ("x", "values", "message", "kept"),
    [
        ([1, 2, 3, -4, 5, 6], {}, None, 6),
        (
            [1, 2, 3, 0, 5, 6],
            {},
            "the loss became NaN or infinite in batch 1: divide of layer 'invert' gave infinity.",
            2,
        ),
        (
            [1, 2, 3, 4, 5, np.nan],
            {},
            "the loss became NaN or infinite in batch 2: the data 'x' hold NaN in row 5. Clean the",
            4,
        ),
        ([-np.inf, 2, 3, 4, 5, 6], {}, "a weight or data", 0),
        (
            [1, 2],
            {"w": np.nan},
            "in batch 0: the weight 'w' held NaN before. Give it finite values with set_weights.",
            0,
        ),
        (
            [1, 2, 3, 4, 50, 60],
            {},
            "the weight 'slot' became NaN or infinite in batch 2: power gave infinity. Lower the",
            4,
        ),
    ],
)
def test_the_first_number_that_is_not_finite_is_found(x, values, message, kept):
    x = np.array(x, np.float32)
    for chunk in (1, 2, 3):
        loop = start(dividing(), 2, **values)
        loop.pace = {2: module._CHUNK_SECONDS / (chunk + 0.5)}  # the first chunk has so many batches
        if message is None:
            loop.run([x], np.arange(len(x)))
        else:
            if message == "a weight or data":
                message = (
                    "the weight 'w' became NaN or infinite in batch 0: the data 'x' hold -infinity in row 0. Clean"
                )
            with pytest.raises(NotFiniteError, match=re.escape(message)):
                loop.run([x], np.arange(len(x)))
        expected = np.float32(0) if kept == 0 else np.float32(x[kept - 2 : kept].astype(float).sum() ** 32)
        # 32 factors, each rounded at most once.
        np.testing.assert_allclose(loop.variables[1], expected, rtol=64 * np.finfo(np.float32).eps)


def test_a_message_names_what_the_batches_are_part_of():
    with pytest.raises(NotFiniteError, match=r"in batch 1 of epoch 3: divide of layer 'invert' gave infinity."):
        start(dividing(), 2).run([np.array([1, 2, 0, 4], np.float32)], np.arange(4), whole="epoch 3")


class Overflowing:
    """A backend in which the loss of one batch, and all after it, is infinite."""

    def __init__(self, program, bad):
        self.executable, self.bad, self.done = Interpreter().compile(program), bad, []

    def loop(self, arrays, order, batch_size, variables, totals=None):
        self.done.append(len(order))
        totals, after = self.executable.loop(arrays, order, batch_size, variables, totals)
        return ([np.array(np.inf), totals[1]] if X[self.bad] in X[order] else totals), after


@pytest.mark.parametrize("batches", [1, 2, 4, 6])
@pytest.mark.parametrize("bad", [0, 5, 10])
def test_where_the_interpreter_sees_no_fault_the_batch_is_named_all_the_same(bad, batches):
    program = counting()
    backend = Overflowing(program, bad)
    values = [np.zeros((), v.dtype) for v in program.variables]
    loop = Loop(backend, program, 2, values, {2: module._CHUNK_SECONDS / (batches + 0.5)})
    number, reports = bad // 2, []
    message = rf"the loss became NaN or infinite in batch {number} of epoch 1. Lower the learning rate, or scale the"
    with pytest.raises(NotFiniteError, match=message):
        loop.run([X], np.arange(11), lambda done, sums: reports.append((done, float(sums[0]))), "epoch 1")
    assert loop.variables[1] == number
    assert all(total == X[: 2 * done].sum() for done, total in reports)
    assert [done for done, _ in reports][-1:] == ([number] if number else [])


def test_a_report_that_cures_the_fault_lets_training_go_on():
    """The loss of 1 / (x + w) is infinite at x + w = 0: at the third row, unless w is changed after the second."""
    program = dividing()
    values = [np.zeros((), v.dtype) for v in program.variables]
    loop = Loop(Interpreter().compile(program), program, 1, values, {1: module._CHUNK_SECONDS / 3.5})

    def report(done, totals):
        if done == 2:
            loop.variables = [np.float32(1), *loop.variables[1:]]

    totals = loop.run([np.array([1, 2, 0, 1], np.float32)], np.arange(4), report)
    assert float(totals[0]) == 1 + 1 / 2 + 1 / 1 + 1 / 2


@pytest.mark.parametrize("backend", BACKENDS)
def test_weights_after_a_fault_are_those_of_the_good_batches_wherever_chunks_are_cut(backend):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(27, 40)).astype(np.float32)
    x = ops.placeholder((unknown("batch"), 40), "float32", "x")
    w, count = ops.variable((40, 7), "float32", "w"), ops.variable((), "int64", "count")
    hidden = ops.tanh(x @ w)
    updates = ((w, w - 0.1 * (x.transpose((1, 0)) @ hidden)), (count, count + 1))
    program = Program((x,), (w, count), ((hidden * hidden).sum(),), updates)
    values = [rng.normal(size=(40, 7)).astype(np.float32), np.int64(0)]
    executable = BACKENDS[backend]().compile(program)
    for row, good in ((0, 0), (13, 3), (26, 6)):  # in batches of four; the last has three
        bad = data.copy()
        bad[row, 5] = np.nan
        expected = values if not good else executable.loop([data], np.arange(4 * good), 4, values)[1]
        for batches in (1, 2, 3, 5, 100):
            loop = Loop(executable, program, 4, values, {4: module._CHUNK_SECONDS / (batches + 0.5)})
            with pytest.raises(NotFiniteError, match=f"in batch {good}: the data 'x' hold NaN"):
                loop.run([bad], np.arange(27))
            for found, value in zip(loop.variables, expected, strict=True):
                np.testing.assert_array_equal(found, value)
