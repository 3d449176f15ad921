"""Oracles: arithmetic by hand; float64 NumPy written here; counts of compiled programs; one thread for several."""

import gc
import sys
import threading

import numpy as np
import pytest

import feedforward as ff
from feedforward import GradientTape, Tensor, Variable
from feedforward import tensor as module
from feedforward.backends.interpreter import Interpreter
from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.node import Node
from feedforward.tracing import trace


def live_nodes():
    gc.collect()
    return sum(isinstance(thing, Node) for thing in gc.get_objects())


def too_large(x):
    """Return a scalar for which 256 TiB are needed."""
    square = ff.exp(ff.broadcast_to(x, (2**23, 2**23)))
    return (square @ square).sum()


# values and assignments


def test_a_variable_has_the_value_it_was_given():
    w = Variable([[1.0, 2.0]], name="kernel", trainable=False)
    assert w.numpy().tolist() == [[1.0, 2.0]]
    assert (w.name, w.trainable, w.shape, w.dtype.name) == ("kernel", False, (1, 2), "float32")
    assert Variable(Tensor([1.0]) * 3.0).tolist() == [3.0]
    assert Variable(Variable(2.0)).numpy() == 2.0
    assert Variable(1.0).trainable


def test_assignments_return_the_variable():
    w = Variable(3.0)
    assert w.assign(4.0) is w and float(w) == 4.0
    assert w.assign_add(1.5) is w and float(w) == 5.5
    assert w.assign_sub([[0.5]] if w.ndim else 0.5) is w and float(w) == 5.0


def test_several_assignments_are_carried_out_in_their_order():
    w = Variable([1.0, 2.0])
    w.assign_add([1.0, 1.0])
    w.assign(w * 10.0)
    w.assign_sub(w.value() / 2.0)
    assert w.tolist() == [10.0, 15.0]


def test_an_assignment_waits_until_somebody_looks(backend):
    w = Variable(1.0)
    w.assign(w * 2.0)
    assert backend.runs == []
    assert float(w) == 2.0
    assert float(w) == 2.0
    assert backend.runs == [1]


def test_a_value_and_the_pending_assignments_are_one_program(backend):
    w, b = Variable([1.0, 2.0]), Variable(0.5)
    loss = (w * w).sum() + b
    w.assign_sub(0.1 * w)
    b.assign_sub(0.1)
    assert float(loss) == 5.5
    assert backend.runs == [3]
    np.testing.assert_allclose(w.numpy(), [0.9, 1.8], rtol=1e-7)  # one rounding to float32
    assert float(b) == np.float32(0.5) - np.float32(0.1)
    assert backend.runs == [3]


def test_using_a_variable_again_carries_its_assignment_out(backend):
    w = Variable(1.0)
    w.assign(w + 1.0)
    y = w * 10.0
    assert backend.runs == [1]
    assert float(y) == 20.0
    assert w.node.inputs == ()


def test_old_tensors_keep_the_old_value_of_a_variable():
    w = Variable(2.0)
    before, square = w.value(), w * w
    w.assign(5.0)
    after = w * w
    assert (float(square), float(before), float(after), float(w)) == (4.0, 2.0, 25.0, 5.0)
    w.assign_add(1.0)
    assert (float(square), float(before), float(after), float(w.value())) == (4.0, 2.0, 25.0, 6.0)


def test_two_variables_exchange_their_old_values():
    a, b = Variable(1.0), Variable(2.0)
    old_a, old_b = a.value(), b.value()
    a.assign(old_b)
    b.assign(old_a)
    assert (float(a), float(b)) == (2.0, 1.0)


def test_an_assignment_reads_what_was_assigned_before_it():
    a, b = Variable(1.0), Variable(2.0)
    a.assign(b)
    b.assign(a + 10.0)
    assert (float(a), float(b)) == (2.0, 12.0)


def test_variables_that_take_turns_are_fibonacci_numbers():
    a, b = Variable(0), Variable(1)
    for _ in range(30):
        old = a.value()
        a.assign(b)
        b.assign(b + old)
    assert int(a) == 832040  # F(30)


def test_one_number_fills_a_variable():
    w = Variable(np.zeros((2, 3)))
    w.assign(7)
    np.testing.assert_array_equal(w.numpy(), np.full((2, 3), 7.0), strict=True)
    w.assign(Tensor(np.float64(1.0)))
    np.testing.assert_array_equal(w.numpy(), np.ones((2, 3)), strict=True)


def test_an_operator_on_a_variable_gives_a_tensor():
    w = Variable(2.0)
    same = w
    same -= 0.5
    assert type(same) is Tensor and float(same) == 1.5
    assert float(w) == 2.0


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ([1.0, 2.0, 3.0], ShapeError, r"^assign: variable 'bias' has shape \(2,\), the value \(3,\)\. Give a value of"),
        ([[1.0, 2.0]], ShapeError, r"the value \(1, 2\)\. Give a value of the variable's shape\.$"),
        ([1.0], ShapeError, r"the value \(1,\)"),
        (Tensor([1, 2]), DtypeError, r"^assign: variable 'bias' is float32, the value int32\. Cast the value first\.$"),
        (Tensor(np.zeros(2)), DtypeError, "the value float64"),
        ("one", TypeError, "'one' is not a number"),
        (None, TypeError, "None is not a number"),
    ],
    ids=repr,
)
def test_an_assignment_that_does_not_fit_leaves_the_variable_as_it_was(value, error, message):
    w = Variable([1.0, 2.0], name="bias")
    w.assign_add(1.0)
    with pytest.raises(error, match=message):
        w.assign(value)
    assert w.tolist() == [2.0, 3.0]
    assert w.assign_add(1.0).tolist() == [3.0, 4.0]


def test_a_fraction_does_not_fit_an_integer_variable():
    w = Variable([1, 2])
    with pytest.raises(DtypeError, match=r"^0\.5 stands beside an array of dtype int32"):
        w.assign(0.5)
    with pytest.raises(DtypeError, match="does not fit the dtype int32"):
        w.assign([2**40, 1])
    assert w.assign_add(1).tolist() == [2, 3]


def test_a_value_that_depends_on_an_input_is_refused_at_once():
    w, other = Variable(1.0, name="scale"), Variable(1.0)
    other.assign(5.0)
    with pytest.raises(TypeError, match=r"^assign: the value for variable 'scale' depends on an Input\. Assign in a"):
        w.assign(ff.Input((3,))[0, 0])
    assert (float(w), float(other)) == (1.0, 5.0)
    with pytest.raises(TypeError, match="depends on the input 'x' and has no value yet"):
        Variable(ff.Input((3,), name="x"))


def test_a_pending_assignment_that_fails_leaves_the_variable_as_it_was():
    w = Variable(1.0)
    w.assign(too_large(w))
    with pytest.raises(MemoryError):
        float(w)
    assert float(w) == 1.0
    assert float(w.assign_add(1.0)) == 2.0


def test_a_look_at_something_else_reports_a_pending_assignment_that_fails_once():
    w, x = Variable(1.0), Tensor(1.0) + 1.0
    w.assign(too_large(w))
    with pytest.raises(MemoryError):
        float(x)
    assert (float(x), float(w)) == (2.0, 1.0)


def test_a_gradient_after_a_failed_assignment_is_not_counted_twice():
    w = Variable(3.0)
    with GradientTape() as tape:
        y = w * w
    w.assign(too_large(w))
    with pytest.raises(MemoryError):
        float(w)
    assert float(tape.gradient(y, w)) == 6.0


def test_assigning_at_once_gives_the_same(backend):
    with ff.eager():
        w = Variable(1.0)
        w.assign(w * 3.0)
        assert w.leaf.value == 3.0
        assert float(w.assign_sub(1.0)) == 2.0
    assert backend.runs == []


# training loops


def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(32, 4)).astype(np.float32)
    return x, np.tanh(x @ rng.normal(size=(4, 2))).astype(np.float32)


def parameters(seed=1):
    rng = np.random.default_rng(seed)
    shapes = [(4, 5), (5,), (5, 2), (2,)]
    return [rng.normal(0.0, 0.5, size=shape).astype(np.float32) for shape in shapes]


def train(steps, seed=1, keep=lambda loss: None, rate=0.1):
    """Train a two-layer network by gradient descent with a tape; return its weights and last loss."""
    x, y = data()
    w1, b1, w2, b2 = variables = [Variable(array) for array in parameters(seed)]
    for _ in range(steps):
        with GradientTape() as tape:
            loss = ff.square(ff.tanh(x @ w1 + b1) @ w2 + b2 - y).mean()
        for variable, gradient in zip(variables, tape.gradient(loss, variables), strict=True):
            variable.assign_sub(rate * gradient)
        keep(loss)
    return [variable.numpy() for variable in variables], float(loss)


def train_by_hand(steps, seed=1, rate=0.1):
    """Do the same in float64, with the derivatives of Rumelhart, Hinton and Williams (1986) written out."""
    x, y = (array.astype(np.float64) for array in data())
    w1, b1, w2, b2 = (array.astype(np.float64) for array in parameters(seed))
    for _ in range(steps):
        hidden = np.tanh(x @ w1 + b1)
        difference = hidden @ w2 + b2 - y
        loss = np.mean(difference**2)
        g = 2.0 * difference / difference.size
        g_hidden = (g @ w2.T) * (1.0 - hidden**2)
        w2, b2 = w2 - rate * hidden.T @ g, b2 - rate * g.sum(0)
        w1, b1 = w1 - rate * x.T @ g_hidden, b1 - rate * g_hidden.sum(0)
    return [w1, b1, w2, b2], loss


def test_a_training_loop_computes_what_the_formulas_say():
    ours, loss = train(50)
    theirs, their_loss = train_by_hand(50)
    for mine, their in zip(ours, theirs, strict=True):
        # 50 steps, each rounds some ten times at 6e-8, and the map is a contraction here
        np.testing.assert_allclose(mine, their, rtol=0, atol=50 * 10 * np.finfo(np.float32).eps / 2)
    assert loss == pytest.approx(their_loss, rel=1e-4)
    assert loss < 0.5 * train_by_hand(1)[1]


def test_every_turn_of_a_training_loop_finds_its_program_in_the_cache(backend):
    train(10)
    compiled = backend.compiled
    assert compiled <= 3  # the first turn, in which leaves were made in another order, later turns, the last look
    train(40)
    assert backend.compiled == compiled
    assert len(backend.runs) <= 50 + 4


def test_a_turn_in_which_the_loss_is_looked_at_is_one_run(backend):
    train(10, keep=float)
    before = len(backend.runs)
    train(20, keep=float)
    assert len(backend.runs) - before <= 20 + 1


def test_training_steps_do_not_pile_up_nodes():
    w, b = Variable(1.0), Variable(0.0)

    def step():
        with GradientTape() as tape:
            loss = (2.0 * w - b - 1.0) ** 2
        for variable, gradient in zip([w, b], tape.gradient(loss, [w, b]), strict=True):
            variable.assign_sub(0.01 * gradient)

    for _ in range(5):
        step()
    before = live_nodes()
    for _ in range(2000):
        step()
    assert live_nodes() <= before
    assert float(2.0 * w - b) == pytest.approx(1.0, abs=1e-6)  # each step takes off a tenth of the distance


def test_losses_that_were_looked_at_are_kept_without_their_history():
    losses = []
    train(5, keep=float)
    before = live_nodes()
    train(200, keep=lambda loss: (losses.append(loss), float(loss)))
    assert live_nodes() <= before + len(losses)
    assert float(losses[0]) > float(losses[-1])


def test_a_variable_that_nobody_needs_goes_away():
    before = live_nodes()
    for _ in range(100):
        Variable(np.zeros(3)).assign_add(1.0).numpy()
    assert live_nodes() <= before + 50  # one program in the cache


# threads


def in_threads(jobs):
    """Run each job in a thread of its own, all at once; return what they return, in order."""
    results = [None] * len(jobs)
    start = threading.Barrier(len(jobs))

    def run(place):
        start.wait()
        try:
            results[place] = jobs[place]()
        except BaseException as error:
            results[place] = error

    threads = [threading.Thread(target=run, args=(place,)) for place in range(len(jobs))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.fixture
def often():
    """Let threads take turns every few microseconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


def test_training_in_several_threads_gives_what_one_thread_gives(often):
    seeds = [1, 2, 3, 4]
    expected = [train(60, seed) for seed in seeds]
    found = in_threads([lambda seed=seed: train(60, seed) for seed in seeds])
    for (weights, loss), (their_weights, their_loss) in zip(found, expected, strict=True):
        for mine, their in zip(weights, their_weights, strict=True):
            np.testing.assert_array_equal(mine, their, strict=True)
        assert loss == their_loss


def test_an_assignment_left_pending_by_a_thread_holds_in_the_next():
    w = Variable(1.0)
    in_threads([lambda: w.assign(w + 4.0)])
    y = w * w
    assert (float(y), float(w)) == (25.0, 5.0)
    in_threads([lambda: w.assign_add(1.0)])
    with GradientTape() as tape:
        y = w * w
    assert float(tape.gradient(y, w)) == 12.0
    in_threads([lambda: w.assign_add(1.0)])
    traced = trace(lambda: [w * 2.0], [])
    assert traced.variables == (w,)
    assert [variable.numpy() for variable in traced.variables] == [7.0]


@pytest.mark.parametrize("look", ["never", "value", "tensor", "tape", "eager", "trace"])
def test_what_several_threads_add_and_subtract_is_all_counted(look, often):
    counter, other = Variable(0.0), Variable([0.0, 0.0, 0.0])

    def work():
        for turn in range(60):
            counter.assign_add(3.0)
            other.assign_sub(1.0)
            counter.assign_sub(Tensor(1.0) * 2.0)
            if look == "value":
                counter.numpy()
            elif look == "tensor" and turn % 3 == 0:
                float(counter + other.sum())
            elif look == "tape" and turn % 3 == 0:
                with GradientTape() as tape:
                    y = counter * counter
                assert tape.gradient(y, counter).shape == ()
            elif look == "trace" and turn % 20 == 0:
                trace(lambda: [counter * 2.0], [])

    def work_at_once():  # being eager is of one thread
        with ff.eager():
            work()

    assert in_threads([work_at_once if look == "eager" else work] * 4) == [None] * 4
    assert float(counter) == 4 * 60
    assert other.tolist() == [-4 * 60] * 3


def test_an_error_in_one_thread_s_assignment_leaves_those_of_the_others(often):
    counter = Variable(0)

    def add():
        for _ in range(50):
            counter.assign_add(1)

    def fail():
        for _ in range(50):
            with pytest.raises(DtypeError, match="beside an array of dtype int32"):
                counter.assign_add(0.5)

    assert in_threads([add, fail, add]) == [None] * 3
    assert int(counter) == 100


def test_threads_draw_different_numbers(often):
    ff.set_seed(5)
    draws = in_threads([lambda: [float(ff.random.uniform(())) for _ in range(50)]] * 4)
    assert len({number for part in draws for number in part}) > 190  # of 2**23; expected ties: 200**2 / 2**24 = 0.002


# traces


def test_assignments_in_a_trace_are_the_updates_of_its_program():
    w, b = Variable(3.0, name="w"), Variable(1.0, name="b")
    x = ff.Input((), name="x")

    def step(x):
        y = x * w
        w.assign_sub(y.sum())
        assert w.node is not w.leaf  # inside, the new value is read
        return [y + w]

    traced = trace(step, [x])
    assert traced.variables == (w,)
    assert [variable.attrs["name"] for variable, _ in traced.program.updates] == ["w"]
    assert (float(w), float(b)) == (3.0, 1.0)
    outputs, variables = Interpreter().compile(traced.program).run([np.array([2.0], np.float32)], [w.numpy()])
    assert outputs[0].tolist() == [6.0 - 3.0]  # y = 6, w becomes 3 - 6
    assert variables[0].tolist() == -3.0


def test_a_trace_that_fails_leaves_variables_as_they_were():
    w = Variable(3.0)

    def step(x):
        w.assign(x.sum())
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        trace(step, [ff.Input(())])
    assert not module.is_tracing()
    assert float(w) == 3.0
    assert float(w.assign_add(1.0)) == 4.0


def test_a_variable_that_is_only_read_by_a_trace_stays_a_variable():
    w = Variable([1.0, 2.0])
    w.assign_add(1.0)
    traced = trace(lambda: [w * 2.0, *(row * 1.0 for row in w)], [])
    assert traced.variables == (w,)
    outputs, _ = Interpreter().compile(traced.program).run([], [np.array([5.0, 6.0], np.float32)])
    assert [output.tolist() for output in outputs] == [[10.0, 12.0], 5.0, 6.0]


def test_a_loss_that_is_only_added_up_keeps_no_graph_of_the_steps_before():
    w = Variable([1.0, 2.0])
    total = Tensor(0.0)

    def step(total):
        with GradientTape() as tape:
            loss = (w * w).sum()
        (slope,) = tape.gradient(loss, [w])
        w.assign_sub(0.1 * slope)
        return total + loss

    def live_nodes():
        gc.collect()
        return sum(isinstance(thing, Node) for thing in gc.get_objects())

    for _ in range(5):
        total = step(total)
    before = live_nodes()
    for _ in range(50):
        total = step(total)
    assert live_nodes() <= before + 5  # the programs are compiled by then; a step's graph alone has some 20 nodes
    # loss k is 5 * 0.8**(2 k), for each step multiplies w by 0.8
    assert float(total) == pytest.approx(5 * (1 - 0.64**55) / (1 - 0.64), rel=1e-5)


def test_a_tape_sees_what_it_read_though_other_threads_assign(often):
    counter, missed = Variable(1.0), []

    def work():
        for _ in range(100):
            counter.assign_add(1.0)
            with GradientTape() as tape:
                y = counter * counter
            if tape.gradient(y, counter) is None:
                missed.append(1)

    assert in_threads([work] * 4) == [None] * 4
    assert not missed
