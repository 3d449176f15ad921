"""Oracle (e): an epoch that is cut gives the bits of one that is not; (a) sums of a tiny program worked by hand."""

import re

import numpy as np
import pytest

from feedforward import ops
from feedforward.backends import BACKENDS
from feedforward.backends.backend import PlainLoop
from feedforward.backends.interpreter import Interpreter
from feedforward.errors import NotFiniteError
from feedforward.graph.dimension import unknown
from feedforward.graph.node import scope
from feedforward.graph.program import Program
from feedforward.training.feed import Piece
from feedforward.training.loop import Loop, Watch
from looping import looped


def counting():
    """Return a program with outputs sum(x), sum(x^2), and the updates w := w + sum(x), count := count + 1."""
    x = ops.placeholder((unknown("batch"),), "float32", "x")
    w, count = ops.variable((), "float32", "w"), ops.variable((), "int64", "count")
    still = ops.variable((), "float32", "still")
    return Program((x,), (w, count, still), (x.sum(), (x * x).sum()), ((w, w + x.sum()), (count, count + 1)))


def start(program, executable=None, **values):
    arrays = [np.asarray(values.get(v.attrs["name"], 0), v.dtype) for v in program.variables]
    return Loop(executable or Interpreter().compile(program), program, arrays)


def rows(x, batch_size, order=None):
    """Return one piece: all rows, or some of them."""
    return [Piece([x], np.arange(len(x)) if order is None else np.asarray(order), batch_size)]


def batches(x, batch_size):
    """Return a piece for each batch."""
    return [
        Piece([part], np.arange(len(part)), len(part)) for part in np.split(x, range(batch_size, len(x), batch_size))
    ]


X = np.arange(1, 12, dtype=np.float32)  # 1, 2, ..., 11: sum 66, squares 506


@pytest.mark.parametrize("pieces", [rows, batches])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 4, 11, 12, 1000])
def test_every_row_is_used_once_and_the_last_batch_may_be_smaller(batch_size, pieces):
    loop = start(counting())
    totals = loop.run(pieces(X, batch_size))
    assert [float(total) for total in totals] == [66, 506]
    assert [value.item() for value in loop.variables] == [66, -(-11 // batch_size), 0]
    assert totals[0].dtype == np.float64
    assert loop.samples == 11
    assert loop.is_over


def test_rows_are_taken_in_the_order_given_also_twice_and_only_some():
    assert float(start(counting()).run(rows(X, 2, [0, 0, 10]))[0]) == 1 + 1 + 11


def test_a_second_run_goes_on_from_the_variables_of_the_first():
    loop = start(counting())
    loop.run(rows(X, 4))
    totals = loop.run(rows(X, 4))
    assert float(totals[0]) == 66
    assert loop.variables[0].item() == 132


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("every", [(), (1,), (2,), (3, 7), (5, 100), (34,)])
def test_where_the_loop_is_cut_changes_no_bit(every, backend):
    x = np.random.default_rng(0).normal(size=(101, 1)).astype(np.float32)[:, 0]
    program = counting()
    executable = BACKENDS[backend]().compile(program)
    expected, variables = looped(executable, [x], np.arange(101), 3, start(program).variables)
    for pieces in (rows(x, 3), batches(x, 3)):
        cut, reports = start(program, executable), []

        def report(done, samples, sums, reports=reports):
            reports.append((done, samples, [float(total) for total in sums]))

        totals = cut.run(pieces, Watch(every, report=report))
        for one, other in zip([*totals, *cut.variables], [*expected, *variables], strict=True):
            np.testing.assert_array_equal(one, other)
        wanted = sorted({*(done for number in every for done in range(number, 35, number)), 34})
        assert [done for done, _, _ in reports] == wanted
        assert all(samples == min(3 * done, 101) for done, samples, _ in reports)
        assert reports[-1][2] == [float(total) for total in expected]


def test_no_batches_give_no_totals():
    assert start(counting()).run([]) == []


@pytest.mark.parametrize("backend", BACKENDS)
def test_arrays_of_the_caller_are_not_changed(backend):
    program, x = counting(), X.copy()
    values = [np.zeros((), v.dtype) for v in program.variables]
    loop = Loop(BACKENDS[backend]().compile(program), program, values)
    loop.run(rows(x, 2), Watch((3,)))
    assert [value.item() for value in loop.variables] == [66, 6, 0]
    assert [value.item() for value in values] == [0, 0, 0]
    np.testing.assert_array_equal(x, X)


@pytest.mark.parametrize("backend", BACKENDS)
def test_variables_that_a_report_kept_are_not_changed_by_later_batches(backend):
    program, kept = counting(), []
    loop = start(program, BACKENDS[backend]().compile(program))
    loop.run(rows(X, 1), Watch((1,), report=lambda *_: kept.append(loop.variables[:2])))
    assert [w.item() for w, _ in kept] == np.cumsum(X).tolist()
    assert [count.item() for _, count in kept] == [*range(1, 12)]


@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_exception_in_a_report_leaves_the_values_of_that_cut(error):
    loop = start(counting())

    def report(done, samples, totals):
        if done >= 3:
            raise error

    with pytest.raises(error):
        loop.run(rows(X, 1), Watch((1,), report=report))
    assert [value.item() for value in loop.variables[:2]] == [X[:3].sum(), 3]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_exception_of_who_brings_the_batches_leaves_all_that_were_done(error, backend):
    program = counting()
    loop = start(program, BACKENDS[backend]().compile(program))

    def pieces():
        yield from batches(X, 2)[:4]
        raise error

    with pytest.raises(error):
        loop.run(pieces())
    values, done = loop.finished()
    assert [value.item() for value in values] == [X[:8].sum(), 4, 0]
    assert done == 4
    assert not loop.is_kept


@pytest.mark.parametrize("backend", BACKENDS)
def test_an_epoch_that_is_to_end_ends_after_its_first_batch_at_a_cut_or_when_somebody_looks(backend):
    program = counting()
    executable = BACKENDS[backend]().compile(program)
    flags, told = [], []
    watch = Watch((4,), report=lambda *told: flags.append(told), is_stopping=lambda: bool(flags))
    loop = start(program, executable)
    loop.run(rows(X, 1), watch)
    assert [value.item() for value in loop.variables[:2]] == [X[:4].sum(), 4]
    assert not loop.is_over
    loop = start(program, executable)
    loop.run(rows(X, 1), Watch(report=lambda *numbers: told.append(numbers[:2]), is_stopping=lambda: True))
    assert loop.variables[1].item() == 1
    assert told == [(1, 1)]
    flags.clear()
    loop = start(program, executable)
    loop.run(
        rows(np.tile(X, 100_000), 1), Watch(look=lambda *told: flags.append(told), is_stopping=lambda: bool(flags))
    )
    count = loop.variables[1].item()
    assert count == loop.samples
    assert 0 < count < 1_100_000
    assert loop.variables[0].item() == np.cumsum(np.tile(X, 100_000), dtype=np.float32)[count - 1]


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
    for every in ((), (1,), (2,)):
        loop = start(dividing(), **values)
        if message is None:
            loop.run(rows(x, 2), Watch(every))
        else:
            if message == "a weight or data":
                message = (
                    "the weight 'w' became NaN or infinite in batch 0: the data 'x' hold -infinity in row 0. Clean"
                )
            with pytest.raises(NotFiniteError, match=re.escape(message)):
                loop.run(rows(x, 2), Watch(every))
        expected = np.float32(0) if kept == 0 else np.float32(x[kept - 2 : kept].astype(float).sum() ** 32)
        # 32 factors, each rounded at most once.
        np.testing.assert_allclose(loop.variables[1], expected, rtol=64 * np.finfo(np.float32).eps)


def test_a_message_names_what_the_batches_are_part_of():
    with pytest.raises(NotFiniteError, match=r"in batch 1 of epoch 3: divide of layer 'invert' gave infinity."):
        start(dividing()).run(rows(np.array([1, 2, 0, 4], np.float32), 2), whole="epoch 3")


class Overflowing:
    """A backend in which the loss of one batch is infinite."""

    def __init__(self, program, bad):
        self.program, self.executable, self.bad = program, Interpreter().compile(program), bad

    def _step(self, arrays, variables):
        (loss, squares), after = self.executable.run(arrays, variables)
        return [loss * np.float32(np.inf) if X[self.bad] in arrays[0] else loss, squares], after

    def loop(self, variables, totals=(), done=0):
        return PlainLoop(self._step, variables, totals, done)


@pytest.mark.parametrize("every", [(), (1,), (2,), (4,)])
@pytest.mark.parametrize("bad", [0, 5, 10])
def test_where_the_interpreter_sees_no_fault_the_batch_is_named_all_the_same(bad, every):
    program = counting()
    number, reports = bad // 2, []
    loop = start(program, Overflowing(program, bad))
    message = rf"the loss became NaN or infinite in batch {number} of epoch 1. Lower the learning rate, or scale the"
    watch = Watch(every, report=lambda done, samples, sums: reports.append((done, float(sums[0]))))
    with pytest.raises(NotFiniteError, match=message):
        loop.run(rows(X, 2), watch, "epoch 1")
    assert loop.variables[1] == number
    assert all(total == X[: 2 * done].sum() for done, total in reports)
    assert loop.finished()[1] == number


def test_a_report_that_cures_the_fault_lets_training_go_on():
    """The loss of 1 / (x + w) is infinite at x + w = 0: at the third row, unless w is changed after the second."""
    loop = start(dividing())

    def report(done, samples, totals):
        if done == 2:
            loop.variables = [np.float32(1), *loop.variables[1:]]

    totals = loop.run(rows(np.array([1, 2, 0, 1], np.float32), 1), Watch((1,), report=report))
    assert float(totals[0]) == 1 + 1 / 2 + 1 / 1 + 1 / 2


def learning(rng):
    """Return a step that learns, the values of its variables, and samples."""
    x = ops.placeholder((unknown("batch"), 40), "float32", "x")
    w, count = ops.variable((40, 7), "float32", "w"), ops.variable((), "int64", "count")
    hidden = ops.tanh(x @ w)
    updates = ((w, w - 0.1 * (x.transpose((1, 0)) @ hidden)), (count, count + 1))
    program = Program((x,), (w, count), ((hidden * hidden).sum(),), updates)
    return program, [rng.normal(size=(40, 7)).astype(np.float32), np.int64(0)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("pieces", [rows, batches])
def test_weights_after_a_fault_are_those_of_the_good_batches_wherever_the_loop_is_cut(backend, pieces):
    rng = np.random.default_rng(0)
    data = rng.normal(size=(107, 40)).astype(np.float32)
    program, values = learning(rng)
    executable = BACKENDS[backend]().compile(program)
    for row, good in ((0, 0), (13, 3), (85, 21), (106, 26)):  # in batches of four; the last has three
        bad = data.copy()
        bad[row, 5] = np.nan
        expected = values if not good else looped(executable, [data], np.arange(4 * good), 4, values)[1]
        for every in ((), (1,), (3,), (25,)):
            loop = Loop(executable, program, values)
            with pytest.raises(NotFiniteError, match=f"in batch {good}: the data 'x' hold NaN"):
                loop.run(pieces(bad, 4), Watch(every))
            found, done = loop.finished()
            assert done == good
            for found_value, value in zip(found, expected, strict=True):
                np.testing.assert_array_equal(found_value, value)


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_weight_that_the_loss_never_shows_is_found_at_its_batch(backend):
    """By hand: w is inf from the batch on that holds the first 1e20, whose 4th power is beyond float32."""
    x, w = ops.placeholder((unknown("batch"),), "float32", "x"), ops.variable((), "float32", "w")
    program = Program((x,), (w,), (x.sum(),), ((w, w + (x * x * x * x).sum()),))
    executable = BACKENDS[backend]().compile(program)
    for place in (0, 1, 6, 30, 49):
        data = np.ones(50, np.float32)
        data[place:] = 1e20
        loop = Loop(executable, program, [np.float32(0)])
        with pytest.raises(
            NotFiniteError, match=rf"the weight 'w' became NaN or infinite in batch {place}: multiply gave"
        ):
            loop.run(rows(data, 1))
        assert loop.variables[0] == place


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_is_interrupted_after_a_fault_that_nobody_saw_yet_has_the_values_of_the_last_cut(backend):
    program = dividing()
    loop = start(program, BACKENDS[backend]().compile(program))
    x = np.array([1, 2, 3, 4, 0, 5], np.float32)

    def look(done, samples, totals):
        if not np.isfinite(totals[0]):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        loop.run(rows(x, 1), Watch((2,), look=look))
    values, done = loop.finished()
    assert done == 4
    assert np.isfinite(values).all()


@pytest.mark.parametrize("backend", BACKENDS)
def test_epochs_go_on_without_a_cut_and_give_the_same_bits(backend):
    x = np.random.default_rng(0).normal(size=101).astype(np.float32)
    program = counting()
    executable = BACKENDS[backend]().compile(program)
    cut, going = start(program, executable), start(program, executable)
    for epoch in range(4):
        expected = cut.run(rows(x, 3))
        found = going.run(rows(x, 3), Watch(goes_on=lambda epoch=epoch: epoch < 3))
        assert going.is_going_on == (epoch < 3)
        assert [total.tobytes() for total in found] == [total.tobytes() for total in expected]
        assert going.samples == 101
        assert going.finished()[1] == 34 * (epoch + 1)
    for value, other in zip(going.variables, cut.variables, strict=True):
        np.testing.assert_array_equal(value, other)


@pytest.mark.parametrize("backend", BACKENDS)
def test_who_is_interrupted_after_a_fault_has_the_epochs_that_went_on_before_it(backend):
    """1 / (x + w) is infinite at x = 0 while w is 0, in the third epoch alone."""
    program = dividing()
    loop = start(program, BACKENDS[backend]().compile(program))

    def look(done, samples, totals):
        if not np.isfinite(totals[0]):
            raise KeyboardInterrupt

    for _ in range(2):
        loop.run(rows(np.array([1, 2, 3], np.float32), 1), Watch(goes_on=lambda: True))
    with pytest.raises(KeyboardInterrupt):
        loop.run(rows(np.array([1, 0, 3], np.float32), 1), Watch(look=look))
    values, done = loop.finished()
    assert done == 6
    assert np.isfinite(values).all()
    expected = start(program, loop.executable)
    for _ in range(2):
        expected.run(rows(np.array([1, 2, 3], np.float32), 1))
    for value, other in zip(values, expected.variables, strict=True):
        np.testing.assert_array_equal(value, other)
