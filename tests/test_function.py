"""Oracle: an identity: a function does what the Python function that it was made of does, to the bit."""

import contextlib
import copy
import dataclasses
import gc
import pickle
import runpy
import threading
import tracemalloc
import weakref
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import FunctionWarning, OutOfRangeError, ShapeError
from feedforward.recording import live_tapes

RNG = np.random.default_rng(5)
X = RNG.normal(size=(6, 4)).astype(np.float32)
Y = RNG.integers(0, 3, 6).astype(np.int32)
LOSS = ff.losses.SparseCategoricalCrossentropy(from_logits=True)


def bits(value):
    """The bytes of all tensors in a structure, and all else as it is."""
    if isinstance(value, ff.Tensor | np.ndarray):
        return np.asarray(value).dtype.name, np.asarray(value).shape, np.asarray(value).tobytes()
    if isinstance(value, list | tuple):
        return type(value).__name__, [bits(part) for part in value]
    if isinstance(value, dict):
        return {key: bits(part) for key, part in value.items()}
    return value


def network(*rest):
    ff.set_seed(1)
    return ff.Sequential([ff.Input((4,)), ff.layers.Dense(5, activation="tanh"), *rest, ff.layers.Dense(3)])


class Centred(ff.layers.Layer):
    """Subtracts a moving average of its inputs."""

    def build(self, shape):
        self.average = self.add_weight("average", (shape[-1],), "zeros", trainable=False)

    def call(self, x, training):
        if training:
            self.average.assign(self.average * 0.9 + x.mean(0) * 0.1)
        return x - self.average


class Penalty(ff.layers.Layer):
    """Adds the size of its inputs to the loss."""

    def call(self, x):
        self.add_loss(ff.abs(x).sum() * 0.1)
        return x


# A training step


def trained(wrap, optimizer, *layers, inside=True, steps=4):
    """What some steps of training leave behind, when the step went through `wrap`."""
    model = network(*layers)

    def loss_of(x, y):
        return LOSS(y, model(x, training=True)) + sum(model.losses)

    def step(x, y):
        with ff.GradientTape() as tape:
            loss = loss_of(x, y)
        slopes = tape.gradient(loss, model.trainable_weights)
        optimizer.apply_gradients(zip(slopes, model.trainable_weights, strict=True))
        return loss

    if inside:
        step = wrap(step)
    else:
        loss_of = wrap(loss_of)
    ff.set_seed(7)
    losses = [step(X, Y) for _ in range(steps)]
    return bits([losses, model.get_weights(), optimizer.variables, ff.random.uniform((2,))])


OPTIMIZERS = {
    "sgd": lambda: ff.optimizers.SGD(0.1, momentum=0.9, clipnorm=1.0),
    "adam": lambda: ff.optimizers.Adam(0.01, weight_decay=0.01),
    "nadam": lambda: ff.optimizers.Nadam(0.01, global_clipnorm=1.0),
    "rmsprop": lambda: ff.optimizers.RMSprop(ff.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), centered=True),
}
LAYERS = {
    "plain": lambda: [],
    "dropout": lambda: [ff.layers.Dropout(0.4), ff.layers.Dropout(0.2)],
    "state": lambda: [Centred()],
    "penalty": lambda: [ff.layers.Dense(3, kernel_regularizer="l2"), Penalty()],
}


@pytest.mark.parametrize("inside", [True, False], ids=["tape inside", "tape outside"])
@pytest.mark.parametrize(
    ("optimizer", "layers"),
    [*((name, "plain") for name in OPTIMIZERS), *(("adam", name) for name in LAYERS if name != "plain")],
)
def test_a_training_step_has_the_same_bits(optimizer, layers, inside):
    plain, compiled = (
        trained(wrap, OPTIMIZERS[optimizer](), *LAYERS[layers](), inside=inside) for wrap in (lambda f: f, ff.function)
    )
    assert plain == compiled


@pytest.mark.parametrize("inside", [True, False], ids=["tape inside", "tape outside"])
def test_the_interpreter_gives_the_same_bits_with_a_function_and_without(inside):
    ff.use_backend("interpreter")
    try:
        layers = LAYERS["dropout"]
        assert trained(lambda f: f, OPTIMIZERS["adam"](), *layers(), inside=inside) == trained(
            ff.function, OPTIMIZERS["adam"](), *layers(), inside=inside
        )
    finally:
        ff.use_backend("llvm")


def test_under_eager_the_python_code_runs_in_each_call():
    seen = []

    @ff.function
    def double(x):
        seen.append(x.numpy().tolist())
        return x * 2

    with ff.eager():
        assert [double(np.float32(k)).numpy() for k in (1, 2)] == [2, 4]
    assert seen == [1, 2] and double.programs == []


# Programs


def test_a_program_is_made_for_each_combination_of_shapes_and_dtypes_and_for_other_values_of_the_rest():
    seen = []

    @ff.function
    def scaled(x, factor=2, *, name="n"):
        seen.append((x.shape, x.dtype.name, factor, name))
        return x * factor

    two = np.ones(2, np.float32)
    for _ in range(2):
        scaled(two)
        scaled(ff.Tensor(two), 2)
        scaled(x=two, factor=2, name="n")
        scaled(two.astype(np.float64))
        scaled(np.ones(3, np.float32))
        scaled(two, 3)
        scaled(two, 3.0)
        scaled(two, name="m")
    assert seen == [
        ((2,), "float32", 2, "n"),
        ((2,), "float64", 2, "n"),
        ((3,), "float32", 2, "n"),
        ((2,), "float32", 3, "n"),
        ((2,), "float32", 3.0, "n"),
        ((2,), "float32", 2, "m"),
    ]
    assert scaled.programs[0] == "scaled(x: float32 (2,), factor: 2, name: 'n')"
    assert len(scaled.programs) == 6 and repr(scaled).endswith("scaled, programs: 6>")


@pytest.mark.parametrize(
    ("first", "second"), [(1, True), (1, 1.0), (0.0, -0.0), (None, 0), ("1", 1), ((1, 2), [1, 2]), ({"a": 1}, {"b": 1})]
)
def test_values_that_are_equal_in_python_or_alike_are_told_apart(first, second):
    @ff.function
    def given(value):
        return repr(value), ff.Tensor(1.0)

    assert [given(value)[0] for value in (first, second, first)] == [repr(first), repr(second), repr(first)]
    assert len(given.programs) == 2


def test_nan_as_a_python_number_makes_one_program():
    times = ff.function(lambda x, number: x * number)
    assert [np.isnan(times(1.0, float("nan"))) for _ in range(3)] == [True] * 3
    assert len(times.programs) == 1


def test_a_number_that_changes_again_and_again_is_told_of_once():
    @ff.function
    def step(x, settings):
        return x * settings["rate"]

    for rate in range(4):
        step(X, {"rate": rate / 2})
    with pytest.warns(
        FunctionWarning, match=r"'step' made a program for each of settings\['rate'\] = 0.0, 0.5, 1.0, 1.5, 2.0: a"
    ):
        step(X, {"rate": 2.0})
    for rate in range(5, 8):  # warnings are errors
        step(X, {"rate": float(rate)})


def test_old_programs_are_given_up_when_there_are_very_many():
    plus = ff.function(lambda x, text: (x + 1.0, text))
    for number in range(140):
        assert plus(X, str(number))[1] == str(number)
    assert len(plus.programs) == 128 and plus.programs[-1].endswith("text: '139')")
    assert plus(X, "0")[1] == "0"


class Pair(NamedTuple):
    left: object
    right: object


@dataclasses.dataclass(frozen=True)
class Batch:
    x: object
    y: object
    name: str = "batch"


def test_structures_of_tensors_go_in_and_come_out():
    def turned(pair, rows, *rest, table, **more):
        first, second = rows
        return {
            "pair": Pair(pair.right * 2.0, pair.left),
            "list": [first + table["a"], None, ("text", second)],
            "batch": Batch(rest[0] - rest[1].x, more["z"]),
            "same": first,
            "twice": [table["a"], table["a"]],
        }

    def arguments():
        a, b, c, d, e = (ff.Tensor(X * k) for k in range(1, 6))
        return (Pair(a, 3.0), [b, c], d, Batch(e, 1)), {"table": {"a": X, "k": 3}, "z": b}

    args, named = arguments()
    expected, found = turned(*args, **named), ff.function(turned)(*args, **named)
    assert isinstance(found["pair"], Pair) and isinstance(found["batch"], Batch) and found["batch"].name == "batch"
    assert isinstance(found["twice"][0], ff.Tensor)  # an array is a tensor inside
    assert [bits(part) for part in found["list"]] == [bits(part) for part in expected["list"]]
    assert bits([*found["pair"]]) == bits([*expected["pair"]])
    assert bits([found["batch"].x, found["batch"].y]) == bits([expected["batch"].x, expected["batch"].y])
    assert bits(found["same"]) == bits(expected["same"])


def test_variables_that_are_keys_of_a_dict_are_told_apart():
    first, second = ff.Variable(1.0), ff.Variable(1.0)  # of one text
    moved = ff.function(lambda steps: [variable + step for variable, step in steps.items()])
    assert float(moved({first: 1.0})[0]) == 2.0
    first.assign(7.0)
    second.assign(7.0)
    assert float(moved({first: 1.0})[0]) == 8.0
    first.assign(1.0)
    assert [float(moved({variable: 1.0})[0]) for variable in (second, first)] == [8.0, 2.0]
    named = ff.function(lambda rows: rows[0, "x"] * 2.0)
    assert [float(named({(0, "x"): ff.Tensor(x)})) for x in (1.0, 2.0)] == [2.0, 4.0]
    assert len(named.programs) == 1


def test_a_function_may_return_nothing_or_only_values_of_python():
    w = ff.Variable(1.0)

    @ff.function
    def add(x):
        w.assign_add(x)

    assert add(2.0) is None and add(2.0) is None and float(w) == 5.0
    sizes = ff.function(lambda x: (x.shape[0], "rows"))
    assert [sizes(X), sizes(X)] == [(6, "rows")] * 2


def test_a_result_of_another_kind_is_refused():
    with pytest.raises(TypeError, match=r"function 'odd' returned \['a'\]\[1\] object, <object .*Expected tensors"):

        @ff.function
        def odd(x):
            return {"a": [x, object()]}

        odd(X)
    with pytest.raises(TypeError, match="function '<lambda>' returned a set, "):
        ff.function(lambda x: {1})(X)


def test_what_cannot_be_a_function_is_refused():
    with pytest.raises(TypeError, match=r"function: 3 cannot be called. Give a Python function"):
        ff.function(3)
    with pytest.raises(TypeError, match=r"function: <class 'int'> does not tell its arguments. Expected a Python func"):
        ff.function(int)
    with pytest.raises(TypeError, match="function: 'rows' yields or awaits, which a program cannot"):

        @ff.function
        def rows(x):
            yield x


def test_wrong_arguments_are_told_as_python_does():
    double = ff.function(lambda x: x * 2)
    for call in (lambda: double(), lambda: double(X, X), lambda: double(y=X)):
        with pytest.raises(TypeError, match="argument"):
            call()
    with pytest.raises(ff.errors.DtypeError, match="complex128"):
        double(np.ones(2, complex))


# Variables


def test_assignments_come_in_order_with_the_code_around():
    def run(wrap):
        w, v = ff.Variable([1.0, 2.0]), ff.Variable(3.0)

        def swap(x):
            w.assign(w * v)
            v.assign_add(w.numpy().sum() if wrap is None else w.sum())
            w.assign_sub(x)
            return w + v, w

        swap = swap if wrap is None else wrap(swap)
        seen = []
        for k in range(3):
            w.assign(w + float(k))  # pending when the function is called
            held = w * 10.0
            total, same = swap(ff.Tensor([1.0, 0.5]))
            v.assign(v * 0.5)
            assert same is w
            seen += [total, held, v.value()]
        return bits([*seen, w.value(), v.value()])

    assert run(None) == run(ff.function)


def test_a_loss_that_is_added_up_grows_no_graph():
    w, total = ff.Variable(1.0), ff.Tensor(0.0)
    add = ff.function(lambda x: w.assign_add(x) * 1.0)
    for _ in range(100):
        total = total + add(1.0)
        assert len(total.node.inputs) <= 2 and all(not node.inputs for node in total.node.inputs)
    assert float(total) == sum(range(2, 102))


def test_a_variable_may_be_an_argument():
    @ff.function
    def doubled(variable):
        variable.assign(variable * 2.0)
        return variable

    a, b = ff.Variable(1.0), ff.Variable([1.0, 2.0])
    assert doubled(a) is a and doubled(b) is b and doubled(a) is a
    assert (float(a), b.numpy().tolist()) == (4.0, [2.0, 4.0])


def test_variables_may_be_made_in_the_first_call_alone():
    class Net:
        def __init__(self):
            self.w, self.dense, self.runs = None, ff.layers.Dense(2), 0

        def __call__(self, x):
            self.runs += 1
            x = ff.random.normal((6, 4)) + x
            x = self.dense(x)
            if self.w is None:
                self.w = ff.Variable(ff.random.normal((2,)))
            return (x * self.w).sum() + ff.random.uniform(())

    found = []
    for wrap in (lambda net: net, ff.function):
        ff.set_seed(3)
        net = Net()
        call = wrap(net)
        found.append(bits([call(X) for _ in range(4)]))
    assert found[0] == found[1]
    assert net.runs == 3  # traced up to its first variable, run as it stands, and traced

    @ff.function
    def careless(x):
        return ff.Variable(0.0, name="counter").assign_add(x)

    assert float(careless(2.0)) == 2.0
    with pytest.raises(
        ValueError, match="function 'careless' makes the variable 'counter' in each call, and it is gone"
    ):
        careless(2.0)


def test_a_model_may_be_made_in_the_first_call():
    made = []

    @ff.function
    def predicted(x):
        if not made:
            made.append(ff.Sequential([ff.Input((4,)), ff.layers.Dense(2)]))
        return made[0](x)

    assert bits(predicted(X)) == bits(predicted(X)) == bits(made[0](X))


def test_a_program_of_variables_that_are_gone_is_made_anew():
    holder = [ff.Variable(1.0)]
    plus = ff.function(lambda x: x + holder[0])
    assert float(plus(1.0)) == 2.0
    gone = weakref.ref(holder.pop())
    gc.collect()
    assert gone() is None
    holder.append(ff.Variable(5.0))
    assert float(plus(1.0)) == 6.0 and len(plus.programs) == 1


def test_a_variable_that_is_only_returned_is_never_none():
    holder = [ff.Variable(1.0)]
    held = ff.function(lambda x: {"w": holder[0], "x": x})
    assert held(ff.Tensor(2.0))["w"] is holder[0]
    holder[:] = [ff.Variable(5.0)]
    gc.collect()
    assert held(ff.Tensor(2.0))["w"] is holder[0] and len(held.programs) == 1


# What it closes over, and draws


def test_tensors_that_it_closes_over_are_fed_and_computed_once():
    table = ff.Tensor(X) * 2.0  # not computed yet
    numbers = np.arange(4, dtype=np.float32)
    look = ff.function(lambda x: x + table + ff.Tensor(numbers) + ff.random.uniform((4,), seed=3))
    first = bits(look(X))
    assert first == bits(ff.Tensor(X) + table + ff.Tensor(numbers) + ff.random.uniform((4,), seed=3))
    assert bits(look(X)) == first
    assert "multiply" not in look.explain("graph", X)


def test_draws_are_those_of_the_python_function_and_go_on_with_the_threads_sequence():
    def drawn(x):
        first = ff.random.normal((3,)) + x
        return first, ff.random.permutation(5), ff.random.truncated_normal((2,)), ff.random.uniform((2,), seed=4)

    found = []
    for wrap in (lambda f: f, ff.function):
        ff.set_seed(11)
        call = wrap(drawn)
        found.append(bits([ff.random.uniform(()), call(1.0), call(1.0), ff.random.uniform(()), call(2.0)]))
    assert found[0] == found[1]


# Gradients


def both_ways(function, *args):
    return bits(function(lambda f: f, *args)), bits(function(ff.function, *args))


def test_a_tape_sees_through_a_call():
    w = ff.Variable(X[:4, :4])

    def run(wrap):
        f = wrap(lambda x: ff.tanh(x @ w) * (w * w).sum())
        x = ff.Tensor(X)
        with ff.GradientTape(persistent=True) as outer:
            outer.watch(x)
            with ff.GradientTape(persistent=True) as tape:
                tape.watch(x)
                hidden = f(x)
                loss = f(hidden @ w).sum() + (w * 3.0).sum()
                float(loss)
            slopes = tape.gradient(loss, [w, x, hidden])
            penalty = (slopes[0] * slopes[0]).sum() + loss
        return [loss, *slopes, *outer.gradient(penalty, [w, x]), outer.gradient(slopes[1].sum(), x)]

    plain, compiled = both_ways(run)
    assert plain == compiled


def test_derivatives_of_functions_and_functions_of_derivatives():
    def cube(x, factor=1.0):
        return (x * x * x * factor).sum()

    x = ff.Tensor([1.0, 2.0])
    for make in (
        lambda wrap: ff.grad(wrap(cube))(x),
        lambda wrap: wrap(ff.grad(cube))(x),
        lambda wrap: wrap(ff.grad(wrap(cube)))(x, factor=2.0),
        lambda wrap: ff.value_and_grad(wrap(cube))(x),
        lambda wrap: ff.grad(lambda x: wrap(ff.grad(wrap(cube)))(x).sum())(x),
        lambda wrap: ff.hessian(wrap(cube))(x),
        lambda wrap: wrap(ff.hessian(cube))(x),
    ):
        assert bits(make(lambda f: f)) == bits(make(ff.function))
    assert not live_tapes()


def test_assignments_under_a_tape_are_constants_to_it_as_they_are_without_a_function():
    def run(wrap):
        w, count = ff.Variable(2.0), ff.Variable(0.0, trainable=False)

        def f(x):
            count.assign_add(1.0)
            y = w * x * count
            w.assign_sub(0.5)
            return y + w * w

        f = wrap(f)
        found = []
        for _ in range(3):
            with ff.GradientTape() as tape:
                y = f(ff.Tensor(3.0)) + f(ff.Tensor(4.0))
            found += [y, tape.gradient(y, w), w.value(), count.value()]
        return found

    plain, compiled = both_ways(run)
    assert plain == compiled


@pytest.mark.parametrize("inside", [True, False], ids=["tape inside", "tape outside"])
def test_what_is_read_back_after_an_assignment_is_a_constant_to_a_tape(inside):
    def run(wrap):
        w, s = ff.Variable(2.0), ff.Variable(1.0)

        def f(x):
            s.assign(w * x)
            return w * s

        def slopes(x):
            with ff.GradientTape() as tape:
                y = (f if inside else wrap(f))(x)
            return y, tape.gradient(y, [w, s])

        return [(wrap if inside else lambda g: g)(slopes)(ff.Tensor(3.0)) for _ in range(2)]

    plain, compiled = both_ways(run)
    assert plain == compiled and plain[1][0][1][1][1][0] == bits(ff.Tensor(6.0))


def test_a_tape_that_was_asked_already_costs_nothing_and_one_that_may_be_is_heeded():
    w = ff.Variable(2.0)
    square = ff.function(lambda x: w * w * x)
    with ff.GradientTape(persistent=True) as tape:
        y = square(3.0)
    later = square(4.0)
    assert float(tape.gradient(y, w)) == 12.0 and float(later) == 16.0


# Nesting


def test_functions_nest_and_recursion_is_written_out():
    w = ff.Variable(1.0)
    inner = ff.function(lambda x: w.assign_add(1.0) * x)

    @ff.function
    def outer(x):
        return inner(x) + inner(x * 2.0)

    assert [float(outer(1.0)), float(outer(1.0))] == [2 + 3 * 2.0, 4 + 5 * 2.0] and inner.programs == []

    @ff.function
    def power(x, n):
        return x if n == 0 else x * power(x, n - 1)

    assert float(power(ff.Tensor(2.0), 5)) == 2.0**6
    endless = ff.function(lambda x: endless(x))
    with pytest.raises(RecursionError):
        endless(X)


def test_a_function_in_a_layer_and_a_model_is_a_part_of_them():
    @ff.function
    def activation(x):
        return ff.tanh(x) * 2.0

    class Own(ff.layers.Layer):
        def build(self, shape):
            self.w = self.add_weight("w", (shape[-1], 3), "glorot_uniform")
            self.drop = ff.layers.Dropout(0.5)

        @ff.function
        def call(self, x, training):
            return self.drop(activation(x @ self.w))

    ff.set_seed(2)
    inputs = ff.Input((4,))
    model = ff.Model(inputs, Own()(inputs) + activation(ff.layers.Dense(3)(inputs)))
    model.compile("adam", LOSS)
    model.fit(X, Y, epochs=2, verbose=0)
    x = ff.Tensor(X)
    expected = ff.tanh(x @ model.layers[0].w) * 2.0 + ff.tanh(model.layers[1](x)) * 2.0
    assert np.allclose(model.predict(X), expected, rtol=1e-5)
    assert activation.programs == []


def test_what_a_function_gave_under_a_tape_is_data_in_a_model_and_its_file(tmp_path):
    scale, inputs = ff.function(lambda x: x * 3.0), ff.Input((4,))
    with ff.GradientTape(persistent=True) as tape:
        model = ff.Model(inputs, inputs * (scale(ff.Tensor(X[:1])) + 1.0))
    model.save(tmp_path / "model.ff")
    assert bits(ff.load(tmp_path / "model.ff").predict(X)) == bits(model.predict(X)) == bits(X * (X[:1] * 3 + 1))
    assert tape is not None


def test_a_function_of_a_model_is_differentiated_with_other_tensors_in_place_of_weights():
    model = network()
    predicted = ff.function(lambda x: model(x))
    with ff.GradientTape() as tape:
        loss = predicted(X).sum()
    plain = tape.gradient(loss, model.trainable_weights)
    with ff.GradientTape() as tape:
        loss = model(ff.Tensor(X)).sum()
    assert bits(plain) == bits(tape.gradient(loss, model.trainable_weights))


# What has no value inside


@pytest.mark.parametrize(
    "look",
    [
        lambda x, w: 1.0 if x.sum() > 0 else 0.0,
        lambda x, w: float(x.sum()),
        lambda x, w: x.numpy(),
        lambda x, w: np.sum(x),
        lambda x, w: [0] * (x * 0).sum().astype if False else int(x.sum()),
        lambda x, w: x * float(w),
        lambda x, w: x * w.numpy(),
        lambda x, w: x * float(w * 2.0),
        lambda x, w: x * float(ff.random.uniform(())),
        lambda x, w: f"{x.sum():.3f}",
    ],
)
def test_looking_at_a_value_inside_is_one_clear_error(look):
    w = ff.Variable(2.0, name="w")

    @ff.function
    def f(x):
        return look(x, w)

    for _ in range(2):
        message = r"this tensor of the function 'f' depends on '(x|w|the random draws|the seed)' and has no value while"
        with pytest.raises(TypeError, match=message + r".*Use ff.where\(condition, a, b\) for an if"):
            f(X)
    assert float(w) == 2.0 and f.programs == []


def test_printing_shows_what_a_tensor_is(capsys):
    w = ff.Variable(X, name="w")

    @ff.function
    def f(x):
        print(x["a"], x["a"] + 1.0, w, w.value(), ff.Tensor(2.0))
        return f"{x['a']}", repr(x["a"] @ w)

    texts = f({"a": X.T})
    shown = "<Tensor x['a'] shape=(4, 6) dtype=float32 without a value>"
    assert texts == (shown, "<Tensor matmul shape=(4, 4) dtype=float32 without a value>")
    assert capsys.readouterr().out == (
        f"{shown} <Tensor add shape=(4, 6) dtype=float32 without a value> <Variable w shape=(6, 4) dtype=float32 "
        f"without a value> <Tensor w shape=(6, 4) dtype=float32 without a value> 2.0\n"
    )


def test_a_tensor_that_escaped_says_where_it_comes_from():
    kept = []
    double = ff.function(lambda x: kept.append(x * 2) or x)
    double(X)
    assert len(kept) == 1
    double(X)
    assert len(kept) == 1  # side effects come while it is traced
    with pytest.raises(TypeError, match="this tensor of the function '<lambda>' depends on 'x' and has no value"):
        kept[0].numpy()


def test_indices_are_checked_in_each_call():
    w = ff.Variable(np.arange(4.0))

    @ff.function
    def pick(places):
        w.assign_add(1.0)
        return ff.take(w, places, 0)

    assert pick(np.array([3, 0])).numpy().tolist() == [4.0, 1.0]
    with pytest.raises(
        OutOfRangeError, match=r"index 4 is out of range for an axis of size 4, built at test_function.py"
    ):
        pick(np.array([4, 0]))
    assert w.numpy().tolist() == [1.0, 2.0, 3.0, 4.0]  # as if it had not been called
    with ff.GradientTape():
        with pytest.raises(OutOfRangeError, match="index 9"):
            float(pick(np.array([9, 0])).sum())


def test_an_error_in_the_function_leaves_nothing_half_done():
    w, model = ff.Variable(1.0), ff.layers.Dense(3)
    ff.set_seed(5)
    before = ff.random.uniform(())

    @ff.function
    def f(x, fails):
        w.assign_add(1.0)
        y = ff.random.normal((3,)) + w
        if fails:
            return y @ x @ x
        return y

    for _ in range(2):
        with pytest.raises(ShapeError, match="matmul"):
            f(X, True)
    assert float(w) == 1.0 and f.programs == [] and not model.is_built
    found = bits([before, f(X, False), f(X, False)])
    ff.set_seed(5)
    assert found == bits([ff.random.uniform(()), ff.random.normal((3,)) + 2.0, ff.random.normal((3,)) + 3.0])


# Methods, copies, pickles


class Counter:
    """With a method, and state."""

    def __init__(self, start=0.0):
        self.w = ff.Variable(start)
        self.own = ff.function(self._plain)

    def _plain(self, x):
        return self.w.assign_add(x) * 1.0

    @ff.function
    def add(self, x, times=1):
        """Add."""
        return self.w.assign_add(x * times) * 1.0


@ff.function
def module_level(x):
    """Double."""
    return x * 2.0


def test_a_method_works_on_its_object_and_does_not_keep_it_alive():
    a, b = Counter(), Counter(10.0)
    assert [float(a.add(1.0)), float(b.add(1.0, times=2)), float(a.add(1.0)), float(Counter.add(a, 1.0))] == [
        1,
        12,
        2,
        3,
    ]
    assert a.add.__doc__ == "Add." and a.add.__self__ is a and a.add.__name__ == "add"
    assert any("times: 2" in line for line in a.add.programs) and "update" in b.add.explain("graph", 1.0)
    count = len(Counter.add.programs)
    gone = weakref.ref(b)
    del b
    gc.collect()
    assert gone() is None and len(Counter.add.programs) == count - 2


def test_objects_come_and_go_without_growth():
    for _ in range(20):
        counter = Counter()
        counter.add(1.0)
        counter.own(1.0)
    del counter
    gc.collect()
    assert not [line for line in Counter.add.programs if "20" in line] and len(Counter.add.programs) <= 4


def test_metadata_copies_and_pickles():
    assert (module_level.__name__, module_level.__doc__) == ("module_level", "Double.")
    assert pickle.loads(pickle.dumps(module_level)) is module_level is copy.deepcopy(module_level)
    assert copy.copy(module_level) is module_level
    a = Counter()
    a.own(1.0)
    a.add(1.0)
    for other in (copy.deepcopy(a), pickle.loads(pickle.dumps(a))):
        assert float(other.own(1.0)) == 3.0 and float(other.add(1.0)) == 4.0
        assert float(a.w) == 2.0
    method = pickle.loads(pickle.dumps(a.add))
    assert float(method(1.0)) == 3.0 and float(a.w) == 2.0
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(ff.function(lambda x: x))


def test_objects_without_weak_references_or_hash_are_known_by_identity_or_value():
    class Slots:
        __slots__ = ("k",)
        __hash__ = None

        def __init__(self, k):
            self.k = k

    times = ff.function(lambda x, thing: x * (thing.k if isinstance(thing, Slots) else 3.0))
    one, two = Slots(1.0), Slots(2.0)
    assert [float(times(2.0 * np.float32(1), thing)) for thing in (one, two, one, range(3), range(3))] == [
        2,
        4,
        2,
        6,
        6,
    ]
    assert len(times.programs) == 3


def test_an_argument_that_holds_itself_is_one_error():
    @ff.function
    def f(x):
        return x

    endless = []
    endless.append(endless)
    with pytest.raises(ValueError, match="function 'f': an argument is nested too deeply, or holds itself"):
        f(endless)


def test_what_was_made_can_be_looked_at():
    w = ff.Variable(1.0, name="w")

    @ff.function
    def f(pair):
        return pair[0] * w + pair[1]

    graph = f.explain("graph", (X, 2.0))
    assert "multiply" in graph and "variable" in graph
    for stage in ("kernels", "loops", "llvm", "asm"):
        assert len(f.explain(stage, (X, 2.0))) > 20
    assert f.programs == ["f(pair[0]: float32 (6, 4), pair[1]: 2.0)"]
    with pytest.raises(ValueError, match="explain: stage 'gradient' is not known"):
        f.explain("gradient", X)
    with pytest.raises(
        ValueError, match=r"explain: '<lambda>' makes variables in its first call. Call it once before."
    ):
        ff.function(lambda x: ff.layers.Dense(2)(x)).explain("graph", X)


# Threads, signals


def test_threads_lose_no_update_and_make_one_program():
    w, traces = ff.Variable(np.zeros(1000, np.float32)), []

    @ff.function
    def add(x):
        traces.append(1)
        w.assign_add(x)

    @ff.function
    def subtract(x):
        w.assign_sub(x * 0.5)

    def work():
        for _ in range(100):
            add(np.float32(2.0))
            subtract(np.float32(2.0))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert w.numpy().tolist() == [400.0] * 1000 and len(traces) == 1


def test_no_memory_is_kept_over_many_calls():
    model, optimizer = network(ff.layers.Dropout(0.1)), ff.optimizers.Adam(0.001)

    @ff.function
    def step(x, y):
        with ff.GradientTape() as tape:
            loss = LOSS(y, model(x, training=True))
        optimizer.apply_gradients(
            zip(tape.gradient(loss, model.trainable_weights), model.trainable_weights, strict=True)
        )
        return loss

    def turn(inside):
        with contextlib.nullcontext() if inside else ff.GradientTape():
            loss = step(X, Y)
        float(loss)

    for inside in (True, False):
        for _ in range(20):
            turn(inside)
        gc.collect()
        tracemalloc.start()
        try:
            held = []
            for _ in range(2):
                for _ in range(300):
                    turn(inside)
                gc.collect()
                held.append(tracemalloc.get_traced_memory()[0])
        finally:
            tracemalloc.stop()
        assert held[1] - held[0] < 30_000  # 100 bytes a turn; a turn's nodes are some 20,000


def test_the_example_runs(capsys):
    main = runpy.run_path(str(Path(__file__).parents[1] / "examples" / "function.py"))["main"]
    assert main(epochs=3) > 0.9
    assert "made: step(x: uint8 (32, 8, 8), y: uint8 (32,))" in capsys.readouterr().out


def test_what_is_frozen_later_stays_as_it_is_until_it_may_be_trained_again():
    model = ff.Sequential([ff.Input((3,)), ff.layers.Dense(4), ff.layers.Dense(2)])
    w = ff.Variable(1.0)

    @ff.function
    def step(x):
        with ff.GradientTape() as tape:
            loss = (model(x) * w).sum()
        weights = model.trainable_weights
        for weight, slope in zip(weights, tape.gradient(loss, weights), strict=True):
            weight.assign_sub(0.1 * slope)
        return len(weights)

    @ff.function
    def slope_of(x):
        with ff.GradientTape() as tape:
            y = w * x
        slope = tape.gradient(y, w)
        return x * 0.0 if slope is None else slope

    x = X[:, :3]
    for frozen in (False, True, False):
        model.layers[0].trainable = w.trainable = not frozen
        before = [weight.numpy().copy() for weight in model.weights]
        assert step(x) == (2 if frozen else 4)
        changed = [not np.array_equal(weight.numpy(), old) for weight, old in zip(model.weights, before, strict=True)]
        assert changed == [not frozen, not frozen, True, True]
        assert float(slope_of(ff.Tensor(3.0))) == (0.0 if frozen else 3.0)
    programs = len(step.programs)
    model.layers[0].trainable = True  # as it is
    assert step(x) == 4 and len(step.programs) == programs == 1
