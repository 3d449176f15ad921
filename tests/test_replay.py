"""Oracle: an identity: what is replayed has the bits of the same graph built anew, as it is for classes of users."""

import functools
import gc
import threading
import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import feedforward as ff
from feedforward.graph.call import CALL, RESULT
from feedforward.graph.node import Node, reachable
from feedforward.nn.activations import ACTIVATIONS
from feedforward.nn.loss import resolve_loss
from feedforward.tensor import Variable

rng = np.random.default_rng(5)


def is_ours(thing: Any) -> bool:
    return str(thing.__module__).startswith("feedforward.")


X = rng.normal(size=(12, 3)).astype(np.float32)
Y = rng.integers(0, 4, 12).astype(np.int32)


@dataclass(eq=False)
class OwnDense(ff.layers.Dense):
    """A layer of a user's, which is never replayed."""


@dataclass(frozen=True)
class OwnLoss(ff.losses.SparseCategoricalCrossentropy):
    """A loss of a user's."""


def own(optimizer: ff.optimizers.Optimizer) -> ff.optimizers.Optimizer:
    """Return an optimizer of a user's class that does the same."""
    kind = dataclass(eq=False)(type("Own", (type(optimizer),), {"__doc__": "An optimizer of a user's."}))
    names = optimizer.__dataclass_fields__
    built: ff.optimizers.Optimizer = kind(**{name: getattr(optimizer, name) for name in names})
    return built


def network(dense: Any = ff.layers.Dense, **settings: Any) -> ff.Sequential:
    ff.random.set_seed(3)
    return ff.Sequential(
        [
            ff.Input((3,)),
            dense(5, activation="tanh"),
            ff.layers.Rescaling(0.5),
            dense(4, activation="softmax", **settings),
        ]
    )


def turns(
    model: Any, loss_of: Any, optimizer: Any, count: int = 4, between: Callable[[int], object] = lambda turn: None
) -> list[bytes]:
    """Return the bits of losses, weights and state over a loop; one batch is smaller."""
    bits = []
    for turn in range(count):
        rows = slice(0, 7 if turn == 2 else 12)
        with ff.GradientTape() as tape:
            loss = loss_of(Y[rows], model(X[rows], training=True))
        weights = model.trainable_weights
        optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        bits.append(loss.numpy().tobytes())
        between(turn)
    return bits + [variable.numpy().tobytes() for variable in [*model.weights, *optimizer.variables]]


OPTIMIZERS: dict[str, Callable[[], ff.optimizers.Optimizer]] = {
    "sgd": lambda: ff.optimizers.SGD(0.1),
    "nesterov": lambda: ff.optimizers.SGD(0.1, momentum=0.9, nesterov=True, clipvalue=0.01),
    "rmsprop": lambda: ff.optimizers.RMSprop(0.01, momentum=0.5, centered=True, clipnorm=0.1),
    "adam": lambda: ff.optimizers.Adam(0.01),
    "amsgrad": lambda: ff.optimizers.Adam(0.01, amsgrad=True, weight_decay=0.1, global_clipnorm=0.2),
    "nadam": lambda: ff.optimizers.Nadam(0.01, learning_rate_factors={"*bias": 0.5}),
    "adagrad": lambda: ff.optimizers.Adagrad(ff.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)),
    "adamw": lambda: ff.optimizers.AdamW(ff.optimizers.schedules.Warmup(0.1, 2), use_ema=True, ema_momentum=0.5),
    "adamax": lambda: ff.optimizers.Adamax(0.1, use_ema=True, ema_momentum=None, ema_overwrite_frequency=3),
    "adadelta": lambda: ff.optimizers.Adadelta(1.0),
    "full_matrix": lambda: ff.optimizers.FullMatrixAdagrad(0.1),
    "dual_averaging": lambda: ff.optimizers.DualAveraging(0.1, 0.01),
    "ftrl": lambda: ff.optimizers.Ftrl(0.1, l1_regularization_strength=0.01),
}


@pytest.mark.parametrize("backend", ["llvm", "interpreter"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_loop_that_is_replayed_has_the_bits_of_one_that_is_built(name: str, backend: str) -> None:
    ff.use_backend(backend)
    try:
        replayed = turns(network(), ff.losses.SparseCategoricalCrossentropy(), OPTIMIZERS[name]())
        assert replayed == turns(network(OwnDense), OwnLoss(), own(OPTIMIZERS[name]()))
    finally:
        ff.use_backend("llvm")


def test_a_turn_of_a_loop_is_a_handful_of_nodes() -> None:
    model, optimizer = network(), ff.optimizers.Adam()
    turns(model, ff.losses.SparseCategoricalCrossentropy(), optimizer, count=1)
    with ff.GradientTape() as tape:
        loss = ff.losses.SparseCategoricalCrossentropy()(Y, model(X))
    optimizer.apply_gradients(zip(tape.gradient(loss, model.weights), model.weights, strict=True))
    ends = [loss.node, *(weight._node for weight in model.weights)]
    assert sum(node.op is CALL for node in reachable(ends)) == 4
    assert len(reachable(ends)) < 40


# what changes between two steps


def test_a_rate_that_is_set_or_assigned_between_steps_counts() -> None:
    for optimizers in ([ff.optimizers.Adam(0.1), own(ff.optimizers.Adam(0.1))],):
        found = []
        for model, optimizer in zip((network(), network(OwnDense)), optimizers, strict=True):

            def slower(turn: int, optimizer: Any = optimizer) -> None:
                optimizer.learning_rate = 0.1 / (turn + 2)

            found.append(turns(model, OwnLoss(), optimizer, between=slower))
        assert found[0] == found[1]
    found = []
    for model, make in ((network(), lambda one: one), (network(OwnDense), own)):
        rate = Variable(0.1)
        found.append(
            turns(
                model, OwnLoss(), make(ff.optimizers.SGD(rate)), between=lambda turn, rate=rate: rate.assign(0.5**turn)
            )
        )
    assert found[0] == found[1]


def test_code_of_users_runs_in_each_turn() -> None:
    ran: list[str] = []

    class Layer(ff.layers.Layer):
        def call(self, x: Any) -> Any:
            ran.append("layer")
            return x * float(ran.count("layer"))

    def activation(x: Any) -> Any:
        ran.append("activation")
        return x

    def loss_of(y: Any, p: Any) -> Any:
        ran.append("loss")
        return (p - 1.0) ** 2

    class Optimizer(ff.optimizers.SGD):
        def update(self, *given: Any) -> Any:
            ran.append("optimizer")
            return super().update(*given)

    class Schedule(ff.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step: Any) -> Any:
            ran.append("schedule")
            return 0.1

    model = ff.Sequential([ff.Input((3,)), ff.layers.Dense(1, activation=activation), Layer()])
    for optimizer in (Optimizer(0.1), ff.optimizers.SGD(Schedule())):
        ran.clear()
        turns(model, resolve_loss(loss_of), optimizer, count=3)
        assert {name: ran.count(name) for name in ("layer", "activation", "loss")} == dict.fromkeys(
            ("layer", "activation", "loss"), 3
        )
    assert ran.count("schedule") == 3


def test_an_activation_that_wraps_one_of_ours_runs_in_each_turn() -> None:
    ran: list[int] = []

    @functools.wraps(ff.activations.relu)
    def counted(x: Any) -> Any:
        ran.append(len(ran))
        return ff.activations.relu(x) * float(len(ran))

    dense = ff.layers.Dense(2, activation=counted, kernel_initializer="ones")
    found = [dense([[1.0, 2.0]]).numpy().tolist() for _ in range(3)]
    assert found == [[[3.0 * turn] * 2] for turn in (1, 2, 3)] and len(ran) == 3


def test_a_method_that_is_put_in_place_of_another_is_called() -> None:
    layer, optimizer, w = ff.layers.Dense(2), ff.optimizers.SGD(1.0), Variable([1.0])
    for _ in range(2):
        layer(X)
        optimizer.apply_gradients([(ff.Tensor([0.25]), w)])
    layer.call = lambda x, training: x * 0.0  # type: ignore[method-assign]
    optimizer.update = lambda parameter, *_: (parameter * 0.0, {})  # type: ignore[method-assign]
    assert not layer(X).numpy().any()
    optimizer.apply_gradients([(ff.Tensor([0.25]), w)])
    assert w.numpy() == 0


def test_dropout_draws_anew_in_each_call() -> None:
    model = ff.Sequential([ff.Input((3,)), ff.layers.Dense(50), ff.layers.Dropout(0.5)])
    draws = [(model(X, training=True).numpy() == 0).tobytes() for _ in range(4)]
    assert len(set(draws)) == 4
    still = [model(X).numpy().tobytes() for _ in range(2)]
    assert still[0] == still[1] and not (model(X).numpy() == 0).any()


def test_new_statistics_of_a_normalization_take_effect() -> None:
    layer = ff.layers.Normalization(mean=[0.0, 0.0, 0.0], variance=[1.0, 1.0, 1.0])
    assert np.array_equal(layer(X).numpy(), X) and np.array_equal(layer(X).numpy(), X)
    layer.adapt(X)
    np.testing.assert_allclose(layer(X).numpy().mean(0), 0.0, atol=1e-6)  # 12 numbers of size 1 in float32


def test_a_layer_that_is_frozen_between_steps_stays_as_it_is() -> None:
    model, optimizer = network(kernel_regularizer="l2"), ff.optimizers.SGD(0.1)
    turns(model, OwnLoss(), optimizer, count=2)
    model.layers[0].trainable = False
    before = model.layers[0].kernel.numpy()
    turns(model, OwnLoss(), optimizer, count=2)
    assert np.array_equal(before, model.layers[0].kernel.numpy())
    model.layers[0].trainable = True
    turns(model, OwnLoss(), optimizer, count=1)
    assert not np.array_equal(before, model.layers[0].kernel.numpy())


def test_a_model_is_called_with_tensors_in_place_of_its_weights() -> None:
    model = network()
    plain = [model(X).numpy() for _ in range(2)]
    zeros = model.apply(X, parameters=[weight * 0.0 for weight in model.trainable_weights])
    assert np.array_equal(zeros.numpy(), np.full((12, 4), 0.25, np.float32))
    assert np.array_equal(model(X).numpy(), plain[1])


def test_what_a_network_holds_can_be_watched() -> None:
    held, x = ff.Tensor([1.0, 2.0, 3.0]), ff.Input((3,))
    model = ff.Model(x, x * held)
    for _ in range(2):
        with ff.GradientTape() as tape:
            tape.watch(held)
            total = model(X).sum()
        np.testing.assert_allclose(tape.gradient(total, held), X.sum(0), rtol=1e-5)  # 12 terms in float32


# gradients


@pytest.mark.parametrize("how", ["plain", "looked at", "weighted", "of a matrix", "an inner one"])
def test_gradients_have_the_bits_of_those_that_are_built(how: str) -> None:
    w = Variable(rng.normal(size=(3, 4)).astype(np.float32))
    unused = Variable(1.0)

    def slopes(is_built: bool) -> list[Any]:
        with ff.GradientTape(persistent=is_built) as tape:  # a tape that records its own gradients has them built
            x = ff.Tensor(X)
            tape.watch(x)
            hidden = (x @ w) ** np.array([1.0, 2.0, 3.0, 0.0], np.float32) + w.sum() * 0.5
            loss = (ff.exp(-hidden) * 2.0).mean() if how != "of a matrix" else hidden
            if how == "looked at":
                hidden.numpy(), loss.numpy()
            weights = ff.Tensor(np.full(loss.shape, 0.5, np.float32)) if how == "weighted" else None
            if is_built:
                return tape.gradient(loss, [w, x, hidden, unused], output_gradients=weights)
        return tape.gradient(loss, [w, x, hidden, unused], output_gradients=weights)

    built = slopes(True)
    for _ in range(2):
        found = slopes(False)
        assert found[3] is None is built[3]
        assert [one.numpy().tobytes() for one in found[:3]] == [one.numpy().tobytes() for one in built[:3]]


def test_second_derivatives_of_a_model_are_those_that_are_built() -> None:
    found = []
    for dense in (ff.layers.Dense, OwnDense):
        model = network(dense)
        for _ in range(2):
            with ff.GradientTape() as outer:
                with ff.GradientTape() as inner:
                    x = ff.Tensor(X)
                    inner.watch(x)
                    outer.watch(x)
                    y = (model(x) ** 2.0).sum()
                slope = inner.gradient(y, x)
                size = (slope * slope).sum()
            curvature = outer.gradient(size, [x, *model.weights])
        found.append([one.numpy().tobytes() for one in curvature])
    assert found[0] == found[1]


@pytest.mark.parametrize("name", [name for name in ACTIVATIONS if is_ours(ACTIVATIONS[name])])
def test_an_activation_in_a_loop_has_the_bits_of_one_that_is_built(name: str) -> None:
    activation: Any = ACTIVATIONS[name]
    found = []
    for function in (activation, activation.__wrapped__):
        for _ in range(2):
            x = ff.Tensor(np.concatenate([X, X], 1) * 3.0)  # of two units for each that maxout leaves
            with ff.GradientTape(persistent=True) as tape:
                tape.watch(x)
                y = function(x)
                loss = ff.losses.CategoricalCrossentropy()(np.abs(x.numpy()), y) if name == "softmax" else (y * y).sum()
            parts = (y, loss, tape.gradient(loss, x))  # the gradient of sign is None
            found.append([None if each is None else each.numpy().tobytes() for each in parts])
    assert found[1:] == found[:-1]


def test_an_activation_of_two_operations_is_one_node_in_a_loop() -> None:
    x = ff.Tensor(X)
    ff.relu(x)
    assert [node.op.name for node in reachable([ff.relu(x).node])] == ["placeholder", "call", "result"]
    assert ff.leaky_relu(x, 0.5).node.op is not RESULT  # with settings it is built
    for way in (np.nan, -0.0, np.inf, -np.inf):
        np.testing.assert_array_equal(ff.relu(ff.Tensor(way)).numpy(), np.maximum(way, 0.0))


# errors


def test_a_second_derivative_by_what_a_layer_gave_is_known() -> None:
    dense = ff.layers.Dense(3, activation="tanh")
    dense(X)
    for cube in (lambda u: (u * u * u).sum(), ff.function(lambda u: (u * u * u).sum())):
        h = dense(X)  # d/dh of the sum of 3 h^2 is 6 h
        slope = ff.grad(lambda v, cube=cube: ff.grad(cube)(v).sum())(h)
        np.testing.assert_allclose(slope.numpy(), 6 * h.numpy(), rtol=4 * np.finfo(np.float32).eps)


def test_a_penalty_on_a_slope_is_differentiated_by_what_a_layer_gave() -> None:
    found: list[list[bytes]] = []
    for dense in (ff.layers.Dense, OwnDense):
        ff.random.set_seed(3)
        first, second = dense(4, activation="tanh"), dense(1, activation="tanh")
        second(first(X))
        x = ff.Tensor(X)
        for _ in range(2):
            with ff.GradientTape() as outer:
                with ff.GradientTape() as inner:
                    inner.watch(x)
                    h = first(x)
                    y = second(h)
                loss = (inner.gradient(y, x) ** 2).sum() + y.sum()
            sources = [h, *first.weights, *second.weights]
            found.append([part.numpy().tobytes() for part in outer.gradient(loss, sources)])
    assert found[1:] == found[:-1]


def test_a_label_outside_of_the_classes_is_told_of_with_the_users_line() -> None:
    model, loss_of, optimizer = network(), ff.losses.SparseCategoricalCrossentropy(), ff.optimizers.SGD()
    turns(model, loss_of, optimizer)
    before = model.get_weights()
    with ff.GradientTape() as tape:
        loss = loss_of(np.array([0, 4]), model(X[:2]))
    optimizer.apply_gradients(zip(tape.gradient(loss, model.weights), model.weights, strict=True))
    with pytest.raises(ff.errors.OutOfRangeError, match=r"index 4 is out of range .* built at test_replay.py"):
        loss.numpy()
    assert all(map(np.array_equal, before, model.get_weights()))
    assert optimizer.iterations.numpy() == 4


def test_an_error_in_a_step_leaves_all_as_it_was_and_the_next_step_works() -> None:
    w, optimizer = Variable([1.0, 1.0]), ff.optimizers.SGD(0.5)
    optimizer.apply_gradients([(ff.Tensor([1.0, 1.0]), w)])
    for _ in range(2):
        with pytest.raises(ff.errors.ShapeError, match="has shape \\(2,\\), its gradient \\(3,\\)"):
            optimizer.apply_gradients([(ff.Tensor([1.0, 1.0, 1.0]), w)])
        with pytest.raises(ff.errors.ShapeError, match=r"x has shape \(12, 2\), the network expects \(n, 3\)"):
            network()(X[:, :2])
    optimizer.apply_gradients([(ff.Tensor([1.0, 1.0]), w)])
    assert w.numpy().tolist() == [0.0, 0.0] and optimizer.iterations.numpy() == 2


def test_eager_computes_at_once_what_a_replay_computes_later() -> None:
    layer, w, optimizer = ff.layers.Rescaling(2.0, 1.0), Variable([4.0]), ff.optimizers.SGD(0.5)
    lazy = [layer(X).numpy() for _ in range(2)]
    with ff.eager():
        assert layer(X).node.value is not None and np.array_equal(layer(X).numpy(), lazy[1])
        optimizer.apply_gradients([(ff.Tensor([2.0]), w)])
        assert w.leaf.value == 3.0


# what is kept


def test_nothing_is_kept_of_what_is_gone_and_a_loop_keeps_nothing() -> None:
    model, loss_of, optimizer = network(), ff.losses.SparseCategoricalCrossentropy(), ff.optimizers.Adam()
    turns(model, loss_of, optimizer, count=6)
    gc.collect()
    before = sum(isinstance(thing, Node) for thing in gc.get_objects())
    turns(model, loss_of, optimizer, count=30)
    gc.collect()
    assert sum(isinstance(thing, Node) for thing in gc.get_objects()) <= before
    gone = [weakref.ref(thing) for thing in (*model.weights, *optimizer.variables, model, optimizer)]
    del model, optimizer
    gc.collect()
    assert [reference() for reference in gone] == [None] * len(gone)


def test_threads_train_models_of_their_own_beside_each_other() -> None:
    def train(found: list[list[bytes]], model: Any) -> None:
        found.append(turns(model, ff.losses.SparseCategoricalCrossentropy(), ff.optimizers.Adam(), count=20))

    models = [network() for _ in range(4)]
    found: list[list[bytes]] = []
    threads = [threading.Thread(target=train, args=(found, model)) for model in models]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    train(found, network())
    assert len(found) == 5 and all(each == found[0] for each in found)
