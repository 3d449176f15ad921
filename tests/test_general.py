"""Oracle: an identity. What is computed by code for any number of rows has the bits of code for that number.

Which programs are one for any number of rows is worked by hand.
"""

import gc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import feedforward as ff
from feedforward import execution, general, ops
from feedforward.backends import codes
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.general import generalise, outer_form
from feedforward.graph.program import Program
from feedforward.nn import losses, optimizers
from feedforward.nn.activations import ACTIVATIONS

NUMBERS = [17, 6, 50, 33, 5, 64, 7, 100, 1, 9, 2, 31]


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """The codes that are made, with nothing known before."""
    found: list[Any] = []
    init = codes.Compiled.__init__
    monkeypatch.setattr(codes.Compiled, "__init__", lambda self, *args: (found.append(args), init(self, *args))[1])
    monkeypatch.setattr(execution, "_executables", type(execution._executables)())
    monkeypatch.setattr(codes, "_slots", type(codes._slots)())
    yield found


def data(rows: int, columns: int = 6) -> Any:
    return np.random.default_rng(rows).normal(size=(rows, columns)).astype(np.float32)


W = data(6, 3)


def graph(function: Callable[[Any, Any], Any], rows: int) -> Program:
    x, w = ops.placeholder((rows, 6), "float32", "x"), ops.placeholder((6, 3), "float32", "w")
    return Program((x, w), (), (function(x, w),))


KEPT: dict[str, Callable[[Any, Any], Any]] = {
    "a product": lambda x, w: x @ w,
    "a mean": lambda x, w: ops.mean(x @ w),
    "a product of rows": lambda x, w: ops.matmul(x, x @ w, transpose_x=True),
    "a reshape": lambda x, w: x.reshape((x.shape[0] * 2, 3)) @ w[:3],
    "what compares rows": lambda x, w: x - ops.max(x, 0, keepdims=True),
    "a multiple of rows": lambda x, w: ops.sum(x, 0) * float(3 * x.shape[0]),
}
APART: dict[str, Callable[[Any, Any], Any]] = {
    "a root of the number": lambda x, w: x * float(np.sqrt(x.shape[0])),
    "half of the rows": lambda x, w: x[: x.shape[0] // 2],
    "another operation": lambda x, w: ops.exp(x) if x.shape[0] == 17 else ops.tanh(x),
    "another order": lambda x, w: x - x @ w @ w.transpose() if x.shape[0] == 17 else x @ w @ w.transpose() - x,
    "another axis": lambda x, w: ops.flip(x, x.shape[0] % 2),
    "another array": lambda x, w: x * data(1, 6)[:, : 6 if x.shape[0] == 17 else None] * float(x.shape[0] > 9),
    "other numbers": lambda x, w: x + np.full(6, float(x.shape[0]), np.float32),
    "another number": lambda x, w: x * (0.25 if x.shape[0] == 17 else 0.125),
}


@pytest.mark.parametrize("name", KEPT)
def test_two_programs_that_differ_in_rows_are_one_for_any_number(name: str) -> None:
    found = generalise(graph(KEPT[name], 17), graph(KEPT[name], 6))
    assert found is not None and found.has_rows == (True, False)
    for rows in (6, 17, 50):
        own = graph(KEPT[name], rows)
        expected = Interpreter().compile(own).run([data(rows), W], [])[0][0]
        made = found.for_inputs(own.inputs)
        assert made is not None and outer_form(made) == outer_form(own) and found.is_for(own) and found.is_for(made)
        for program, inputs, variables in ((found.program, [data(rows)], [W]), (made, [data(rows), W], [])):
            assert Interpreter().compile(program).run(inputs, variables)[0][0].tobytes() == expected.tobytes()


@pytest.mark.parametrize("name", APART)
def test_programs_that_differ_in_more_stay_apart(name: str) -> None:
    first, second = graph(APART[name], 17), graph(APART[name], 6)
    assert generalise(first, second) is None  # whether or not anybody has compared their forms


def test_a_third_number_that_is_another_program_is_told_apart() -> None:
    def function(x: Any, w: Any) -> Any:
        return ops.sum(x, 0) * float(100 if x.shape[0] == 50 else x.shape[0])

    found = generalise(graph(function, 17), graph(function, 6))
    assert found is not None and found.is_for(graph(function, 33)) and not found.is_for(graph(function, 50))


def test_no_rows_and_rows_that_differ_between_inputs_are_left_alone() -> None:
    assert generalise(graph(KEPT["a product"], 17), graph(KEPT["a product"], 0)) is None
    assert generalise(graph(KEPT["a product"], 17), graph(KEPT["a product"], 17)) is None

    def two(first: int, second: int) -> Program:
        x, y = ops.placeholder((first, 2), "float32", "x"), ops.placeholder((second, 2), "float32", "y")
        return Program((x, y), (), (ops.concatenate([x, y]),))

    assert generalise(two(4, 6), two(6, 9)) is None
    found = generalise(two(4, 4), two(6, 6))
    assert found is not None
    x, y = two(5, 5).inputs
    assert found.for_inputs([x, y]) is not None
    assert found.for_inputs([x, two(5, 6).inputs[1]]) is None
    assert found.for_inputs([two(1, 1).inputs[0]] * 2) is None


# layers and loops


def network(activation: str = "tanh") -> ff.Sequential:
    ff.random.set_seed(1)
    layers = ff.layers
    return ff.Sequential([ff.Input((6,)), layers.Dense(12, activation), layers.Dense(4, activation), layers.Flatten()])


@pytest.mark.parametrize(
    "name", [name for name in ACTIVATIONS if ACTIVATIONS[name].__module__.startswith("feedforward.")]
)
def test_a_row_has_the_same_bits_in_whatever_number_a_layer_is_called_on(name: str) -> None:
    model, x = network(name), data(100)
    alone = np.concatenate([model(x[place : place + 1]).numpy() for place in range(100)])
    for rows in NUMBERS[:5]:
        assert model(x[-rows:]).numpy().tobytes() == alone[-rows:].tobytes()


def test_layers_called_on_new_numbers_of_rows_make_no_new_code(made: list[Any]) -> None:
    model, dense = network(), ff.layers.Dense(5)
    for call in (model, dense, lambda x: ff.softmax(model(x) * 2.0).argmax(-1), lambda x: ff.Tensor(x) @ W):
        call(data(1)).numpy()  # which makes weights
        made.clear()
        for rows in range(3, 400, 5):
            call(data(rows)).numpy()
        assert len(made) <= 12  # 80 numbers: three with code of their own, and blocks of 1, 2, 4, ..., 256


def test_other_networks_of_the_same_form_are_told_apart() -> None:
    networks = [ff.Sequential([ff.Input((6,)), ff.layers.Dense(8), ff.layers.Dense(units)]) for units in range(4, 8)]
    for rows in (5, 6, 7):
        for one in networks:
            expected = np.asarray(data(rows) @ one.layers[0].kernel.numpy()) @ one.layers[1].kernel.numpy()
            np.testing.assert_allclose(one(data(rows)).numpy(), expected, rtol=1e-4, atol=1e-5)  # sums of 8 in float32


LOSSES: dict[str, Callable[[], Any]] = {
    "squares": losses.MeanSquaredError,
    "classes": lambda: losses.SparseCategoricalCrossentropy(from_logits=True),
}
LOOPS = [("apply", "squares"), ("assign", "classes"), ("held", "classes"), ("function", "squares")]


def loop(numbers: list[int], loss: str, kind: str) -> list[bytes]:
    """Return the bits of losses, predictions and weights over a loop whose batches differ in size."""
    model, optimizer, loss_of = network(), optimizers.SGD(0.01, momentum=0.5), LOSSES[loss]()
    found = []

    def step(x: Any, y: Any) -> tuple[Any, Any]:
        with ff.GradientTape() as tape:
            p = model(x) if kind != "compared" else model(x) - model(x).max(0)
            value = loss_of(y, p)
        slopes = tape.gradient(value, model.trainable_weights)
        if kind == "assign":
            for weight, slope in zip(model.trainable_weights, slopes, strict=True):
                weight.assign_sub(0.1 * slope)
        else:
            optimizer.apply_gradients(zip(slopes, model.trainable_weights, strict=True))
        return value, p

    run = ff.function(step) if kind == "function" else step
    for rows in numbers:
        y = data(rows, 4) if loss == "squares" else np.arange(rows) % 4
        value, p = run(data(rows), y)
        found.append(value.numpy().tobytes())
        if kind in ("held", "function"):
            found.append(p.numpy().tobytes())
    return found + [variable.numpy().tobytes() for variable in (*model.weights, *optimizer.variables)]


@pytest.mark.parametrize(("kind", "loss"), LOOPS)
def test_a_loop_over_batches_of_many_sizes_has_the_bits_of_code_for_each(
    kind: str, loss: str, made: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = loop(NUMBERS[:7], loss, kind)
    made.clear()
    later = [40, 60, 8, 33]
    both = loop(later, loss, kind)
    # Sums over 8 and 64 rows were computed before; another function has code of its own for its first numbers.
    assert len(made) == (3 if kind == "function" else 0)
    execution._executables.clear()
    monkeypatch.setattr(general, "generalise", lambda first, second: None)
    monkeypatch.setattr("feedforward.replay.generalise", lambda first, second: None)
    assert ours == loop(NUMBERS[:7], loss, kind)
    assert both == loop(later, loss, kind)


def test_a_loop_that_compares_rows_computes_each_number_as_it_is() -> None:
    model = network("linear")
    for rows in NUMBERS[:5]:
        with ff.GradientTape() as tape:
            p = model(data(rows))
            value = ((p - p.max(0)) ** 2).sum()
        bias = model.weights[-1]
        slope = tape.gradient(value, bias)
        assert np.abs(slope.numpy()).max() < 1e-4  # what is added to all rows cancels, but for roundings
        bias.assign_sub(slope)
        found = model(data(rows)).numpy()
        np.testing.assert_allclose(float(value), ((found - found.max(0)) ** 2).sum(), rtol=1e-4)  # 200 terms in float32


def test_a_label_outside_of_the_classes_is_told_of_in_any_number_of_rows() -> None:
    model, loss_of = network(), LOSSES["classes"]()
    for rows in NUMBERS:
        labels = np.arange(rows) % 4
        assert np.isfinite(loss_of(labels, model(data(rows))))
        labels[-1] = 4
        with pytest.raises(ff.errors.OutOfRangeError, match="index 4 is out of range"):
            loss_of(labels, model(data(rows))).numpy()


def test_dropout_draws_for_a_row_what_it_draws_in_code_of_that_number(monkeypatch: pytest.MonkeyPatch) -> None:
    def drawn() -> list[bytes]:
        ff.random.set_seed(4)
        layer = ff.layers.Dropout(0.5)
        return [layer(np.ones((rows, 8), np.float32), training=True).numpy().tobytes() for rows in NUMBERS]

    ours = drawn()
    execution._executables.clear()
    monkeypatch.setattr(general, "generalise", lambda first, second: None)
    assert ours == drawn()


# what is kept


def test_what_no_one_runs_any_more_is_not_kept() -> None:
    backend = Native()
    programs = [graph(KEPT["a product"], rows) for rows in (17, 6, 50)]
    runs = [general.compiled(backend, program) for program in programs]
    (seen,) = [seen for key, seen in general._forms.items() if key[0] is backend]
    assert runs[1] is runs[2]
    assert runs[1].run([data(6), W], [])[0][0].shape == (6, 3)
    del runs, programs
    gc.collect()
    assert [one() for one in seen] == [None]
