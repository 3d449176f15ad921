"""Oracle (e): epochs between which nobody looks give bits, numbers and errors of those after which somebody does."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import pytest

import feedforward as ff
from feedforward import random
from feedforward.errors import NotFiniteError
from feedforward.ops.random import draw_order
from feedforward.training import trainer

EPOCHS = 7
NUMBERS = np.random.default_rng(0)
X = NUMBERS.normal(size=(50, 3)).astype(np.float32)
Y = (X[:, 0] > X[:, 1]).astype(np.int64)


class Looks(ff.callbacks.Callback):
    """Looks at the weights after each epoch."""

    def __init__(self) -> None:
        self.weights: list[list[np.ndarray]] = []

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        self.weights.append(self.model.get_weights())


def made(optimizer: Any = "adam", dropout: float = 0.0) -> ff.Sequential:
    """Return a model with two classes, the same each time."""
    random.set_seed(5)
    layers = [ff.Input((3,)), ff.layers.Dense(4, "tanh"), ff.layers.Dropout(dropout), ff.layers.Dense(1, "sigmoid")]
    model = ff.Sequential(layers)
    model.compile(optimizer, "binary_crossentropy", metrics=["accuracy", ff.metrics.AUC()])
    return model


def state(model: ff.Sequential) -> list[bytes]:
    """Return all that training changes."""
    assert model.optimizer is not None
    return [variable.numpy().tobytes() for variable in [*model.weights, *model.optimizer.variables]]


@pytest.fixture(autouse=True)
def no_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the time that an epoch takes decide nothing."""
    monkeypatch.setattr(trainer, "_KEPT_SECONDS", np.inf)


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return how many epochs were done at each moment at which variables were stored."""
    found: list[int] = []
    keep = ff.Model._keep

    def noted(self: Any, step: Any, values: Any, epochs_done: int) -> None:
        found.append(epochs_done)
        keep(self, step, values, epochs_done)

    monkeypatch.setattr(ff.Model, "_keep", noted)
    return found


@pytest.mark.parametrize("backend", ["llvm", "interpreter"])
@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 50},
        {"batch_size": 10},
        {"batch_size": 16},
        {"batch_size": 16, "shuffle": False},
        {"batch_size": 10, "steps_per_epoch": 3},
        {"batch_size": 50, "sampler": "interleaved"},
        {"batch_size": 16, "sampler": ff.sampling.Weighted(np.arange(50))},
    ],
    ids=lambda settings: ", ".join(map(str, settings)),
)
def test_weights_state_and_history_are_those_of_epochs_that_somebody_looks_at(
    settings: dict[str, Any], backend: str, kept: list[int]
) -> None:
    ff.use_backend(backend)
    try:
        results = []
        for callbacks, count in (([], 1), ([Looks()], EPOCHS)):
            model = made(dropout=0.5)
            kept.clear()
            history = model.fit(X, Y, epochs=EPOCHS, verbose=0, callbacks=callbacks, **settings)
            assert len(kept) == count
            assert kept[-1] == EPOCHS
            results.append((history.epoch, history.history, state(model)))
    finally:
        ff.use_backend("llvm")
    assert results[0] == results[1]


def test_averages_and_a_next_fit_go_on_with_the_same_bits() -> None:
    states = []
    for callbacks in ([], [Looks()]):
        model = made(ff.optimizers.Adam(use_ema=True, ema_overwrite_frequency=3))
        for _ in range(2):
            model.fit(X, Y, batch_size=50, epochs=EPOCHS, verbose=0, callbacks=callbacks)
        states.append(state(model))
    assert states[0] == states[1]


def test_variables_are_stored_after_each_epoch_that_takes_its_time(
    kept: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trainer, "_KEPT_SECONDS", 0.0)
    made().fit(X, Y, batch_size=50, epochs=3, verbose=0)
    assert kept == [1, 2, 3]


class Sorted(ff.sampling.Sampler):
    """Looks at the weights, as a sampler of a user's may."""

    seen: ClassVar[list[bytes]] = []

    def order(self, turn: Any) -> np.ndarray:
        self.seen.append(turn.model.get_weights()[0].tobytes())
        return np.arange(turn.rows)


def validated() -> dict[str, Any]:
    return {"validation_data": (X, Y)}


def yielded() -> dict[str, Any]:
    return {"x": lambda: iter([(X, Y)]), "y": None}


@pytest.mark.parametrize(
    "settings",
    [lambda: {"sampler": Sorted()}, validated, yielded, lambda: {"callbacks": [Looks()]}],
    ids=["sampler", "validation", "generator", "callback"],
)
def test_whoever_may_look_between_epochs_finds_variables_up_to_date(
    settings: Callable[[], dict[str, Any]], kept: list[int]
) -> None:
    Sorted.seen.clear()
    given = {"x": X, "y": Y} | settings()
    made().fit(**given, epochs=4, verbose=0, **({} if given["y"] is None else {"batch_size": 50}))
    assert kept[-1] == 4
    assert {*kept} >= {1, 2, 3, 4}
    assert len({*Sorted.seen}) in (0, 4)


@pytest.mark.parametrize("turn", [1, 4])
@pytest.mark.parametrize("batch_size", [50, 16])
def test_ctrl_c_leaves_the_epochs_that_are_done_and_training_goes_on_with_the_same_bits(
    turn: int, batch_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = made()
    whole.fit(X, Y, batch_size, epochs=EPOCHS, verbose=0)

    def interrupted(n: int, seed: int, step: int, draw: int = 0) -> np.ndarray:
        if step == turn:
            raise KeyboardInterrupt
        return draw_order(n, seed, step, 2**32 + draw)

    model = made()
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(random, "order", interrupted)
        model.fit(X, Y, batch_size, epochs=EPOCHS, verbose=0)
    assert model.history is not None
    assert model.history.epoch == [*range(turn)]
    assert model.optimizer is not None
    assert int(model.optimizer.iterations) == turn * -(-50 // batch_size)
    model.fit(X, Y, batch_size, epochs=EPOCHS, initial_epoch=turn, verbose=0)
    assert state(model) == state(whole)


def test_a_rate_that_is_set_meanwhile_counts_from_the_next_epoch_on(monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for callbacks in ([], [Looks()]):
        rate = ff.Variable(0.01, trainable=False)

        def slid(n: int, seed: int, step: int, draw: int = 0, rate: ff.Variable = rate) -> np.ndarray:
            if step == 3:
                rate.assign(0.1)
            return draw_order(n, seed, step, 2**32 + draw)

        model = made(ff.optimizers.Adam(rate))
        monkeypatch.setattr(random, "order", slid)
        history = model.fit(X, Y, batch_size=50, epochs=EPOCHS, verbose=0, callbacks=callbacks)
        results.append((history.history, state(model)))
    assert results[0] == results[1]


@pytest.mark.parametrize("batch_size", [8, 3])
@pytest.mark.parametrize("rate", [1e3, 1e6, 1e15, 1e30])
def test_a_number_that_is_not_finite_is_found_in_its_batch_and_epoch(rate: float, batch_size: int) -> None:
    x = np.linspace(-1, 1, 8, dtype=np.float32)[:, None]
    results = []
    for callbacks in ([], [Looks()]):
        random.set_seed(5)
        model = ff.Sequential([ff.Input((1,)), ff.layers.Dense(1)])
        model.compile(ff.optimizers.SGD(rate), "mean_squared_error")
        with pytest.raises(NotFiniteError, match=r"in batch \d of epoch \d+: ") as error:
            model.fit(x, 2 * x, batch_size, epochs=50, verbose=0, callbacks=callbacks)
        assert model.history is not None
        epoch = re.search(r"epoch (\d+)", str(error.value))
        assert epoch is not None
        assert len(model.history.epoch) == int(epoch[1]) - 1 == model._epochs_done
        results.append((str(error.value), error.value.batches_done, model.history.history, state(model)))
    assert results[0] == results[1]


@pytest.mark.parametrize("n", [0, 1, 2, 5, 250, 2048, 2049])
def test_orders_that_are_drawn_ahead_are_those_drawn_one_by_one(n: int) -> None:
    for seed in (0, 2**63 - 1):
        for step in (0, 1, 15, 16, 2**32 - 1, 2**32 + 3):
            for draw in (0, 3):
                np.testing.assert_array_equal(
                    random.order(n, seed, step, draw), draw_order(n, seed, step, 2**32 + draw)
                )


@pytest.mark.parametrize("n", [2049, 5000])
def test_long_orders_are_the_same_when_machine_code_draws_them(n: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(random, "_WORTH_CODE", 1)
    random._long_orders.cache_clear()
    for seed, step in ((7, 0), (0, 5), (2**63 - 1, 2**32 + 3), (7, 1)):
        order = random.order(n, seed, step, 3)
        np.testing.assert_array_equal(order, draw_order(n, seed, step, 2**32 + 3))
        assert order.dtype == np.int64
    assert "_code" in vars(random._long_orders(n, 2**32 + 3))


def test_an_order_is_the_caller_s_own() -> None:
    random.order(6, 1, 0)[:] = 0
    assert sorted(random.order(6, 1, 0)) == [*range(6)]
