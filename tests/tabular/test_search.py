"""Oracles: a planted optimum, whose score is known by its formula; and bounds on time, with a wide margin."""

import _thread
import re
import threading
import time

import numpy as np
import pytest

import feedforward as ff
from feedforward.errors import DataError, OutOfRangeError, ShapeError
from feedforward.tabular import Choice, LogUniform, Search, Trial, Uniform, search
from feedforward.tabular.search import _held_out

X = np.linspace(-1, 1, 60)[:, None]


def constant(value):
    """A model whose output is a number, whatever is trained: the error of y = 0.3 is (value - 0.3)^2."""
    model = ff.Sequential(
        [
            ff.Input((1,)),
            ff.layers.Dense(1, kernel_initializer="zeros", bias_initializer=ff.initializers.Constant(value)),
        ]
    )
    model.compile(ff.optimizers.SGD(0.0), "mean_squared_error")
    return model


def sloped(rate, units=0):
    """Units of 0 are none."""
    hidden = [ff.layers.Dense(units, "relu")] if units else []
    model = ff.Sequential([ff.Input((1,)), *hidden, ff.layers.Dense(1)])
    model.compile(ff.optimizers.SGD(rate), "mean_squared_error", ["mean_absolute_error"])
    return model


def test_the_planted_optimum_is_found():
    """The best of 40 numbers from 0 to 1 is mostly within 0.05 of 0.3: here it is."""
    found = search(constant, {"value": Uniform(0, 1)}, X, np.full(60, 0.3), most=40, epochs=1, verbose=0)
    assert len(found.trials) == 40 and found.monitor == "loss" and not found.is_larger_better
    for one in found.trials:
        assert one.score == pytest.approx((one.settings["value"] - 0.3) ** 2, rel=1e-4, abs=1e-9)  # of float32
    assert found.best.score == min(one.score for one in found.trials)
    assert abs(found.best.settings["value"] - 0.3) < 0.05
    assert found.model.predict([[0.5]], verbose=0)[0, 0] == np.float32(found.best.settings["value"])


def test_models_of_several_architectures_are_tried_and_the_best_epoch_is_kept():
    space = {"rate": LogUniform(1e-3, 0.3), "units": Choice([0, 3, 8])}
    found = search(
        sloped, space, X, np.abs(X[:, 0]), most=12, epochs=6, together=6, monitor="mean_absolute_error", verbose=0
    )
    assert {one.settings["units"] for one in found.trials} == {0, 3, 8}
    assert all(one.epochs == 6 and 1 <= one.epoch <= 6 for one in found.trials)
    assert found.sorted[0] == found.best and found.sorted[-1].score == max(one.score for one in found.trials)
    held, _ = _held_out(0.2, np.abs(X[:, 0]), 0)
    measured = found.model.evaluate(X[held], np.abs(X[held, 0]), 1024, verbose=0)[1]
    assert measured == found.best.score


def test_the_same_seed_finds_the_same_and_another_one_something_else():
    def scores(seed):
        found = search(sloped, {"rate": LogUniform(1e-3, 0.3)}, X, X[:, 0], most=3, epochs=2, seed=seed, verbose=0)
        return [(one.score, one.settings["rate"]) for one in found.trials]

    assert scores(1) == scores(1)
    assert not set(scores(1)) & set(scores(2))


def test_models_that_become_infinite_have_no_score_and_are_not_the_best():
    found = search(sloped, {"rate": Choice([0.01, 1e30])}, X, X[:, 0], most=8, epochs=3, verbose=0)
    bad = [one for one in found.trials if one.settings["rate"] == 1e30]
    assert bad and all(np.isnan(one.score) and one.epoch == 0 for one in bad)
    assert found.best.settings["rate"] == 0.01 and found.sorted[-1] in bad


def test_the_budget_is_kept():
    """A quiet machine takes 1.5 s; the margin is wide, since others may be busy. Without a budget there is no end."""
    search(sloped, {"rate": LogUniform(1e-3, 0.3)}, X, X[:, 0], most=2, epochs=1, verbose=0)  # loads what is needed
    begin = time.perf_counter()
    found = search(sloped, {"rate": LogUniform(1e-3, 0.3)}, X, X[:, 0], budget_s=1.5, epochs=5, together=4, verbose=0)
    seconds = time.perf_counter() - begin
    assert seconds < 6 and found.seconds == pytest.approx(seconds, abs=0.5) and len(found.trials) >= 4


def test_ctrl_c_returns_the_best_so_far():
    timer = threading.Timer(1.0, _thread.interrupt_main)
    timer.start()
    begin = time.perf_counter()
    found = search(sloped, {"rate": LogUniform(1e-3, 0.3)}, X, X[:, 0], budget_s=60, epochs=10_000, verbose=0)
    assert time.perf_counter() - begin < 30
    assert found.trials and np.isfinite(found.best.score)
    timer.join()


def test_settings_are_drawn_from_their_ranges():
    draw = np.random.default_rng(0)
    numbers = [Uniform(2, 4).draw(draw) for _ in range(400)]
    assert 2 <= min(numbers) and max(numbers) < 4 and abs(np.mean(numbers) - 3) < 0.12  # 4 * 2 / sqrt(12 * 400)
    logarithms = np.log10([LogUniform(1e-4, 1.0).draw(draw) for _ in range(400)])
    assert -4 <= min(logarithms) and max(logarithms) <= 0 and abs(np.mean(logarithms) + 2) < 0.24
    assert {Choice(("a", "b")).draw(draw) for _ in range(20)} == {"a", "b"}


def test_rows_for_validation_are_a_part_of_each_class():
    """0.25 of 8 and of 4 rows are 2 and 1."""
    y = np.array([0] * 8 + [1] * 4)
    held, rows = _held_out(0.25, y, 0)
    assert sorted([*held, *rows]) == list(range(12))
    assert np.bincount(y[held]).tolist() == [2, 1]
    held, rows = _held_out([5, 3], y, 0)
    assert held.tolist() == [5, 3] and sorted(rows) == [0, 1, 2, 4, *range(6, 12)]


def test_what_was_tried_is_shown_as_text_frame_and_figure():
    trials = (Trial({"rate": 0.1, "units": 3}, 0.5, 2, 4), Trial({"rate": 0.001, "units": 8}, 0.7, 1, 4))
    found = Search("accuracy", True, trials, constant(0.0), 1.5)
    assert str(found) == "2 trials in 1.5 s: accuracy 0.7 with rate=0.001, units=8"
    frame = found.to_frame()
    assert frame["accuracy"].to_list() == [0.7, 0.5] and frame["units"].to_list() == [8, 3]
    axes = found.plot().axes[:2]
    assert [one.get_xlabel() for one in axes] == ["rate", "units"] and axes[0].get_xscale() == "log"


def run(**options):
    return search(**{"build": sloped, "space": {"rate": Choice([0.1])}, "x": X, "y": X[:, 0], "verbose": 0, **options})


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Uniform(2, 1), ValueError, "Uniform(low=2, high=1): expected low < high. Swap them"),
        (lambda: LogUniform(0, 1), ValueError, "LogUniform"),
        (lambda: Choice([]), ValueError, "Choice(values=[]): expected a sequence of values. Give at least one"),
        (lambda: Choice(3), ValueError, "Choice(values=3): expected a sequence of values"),
        (lambda: Choice({1, 2}), ValueError, "Choice(values={1, 2}): expected a sequence of values"),
        (lambda: Choice({"a": 1}), ValueError, "Choice(values={'a': 1}): expected a sequence of values"),
        (
            lambda: Uniform(-1e308, 1e308),
            ValueError,
            "Uniform(low=-1e+308, high=1e+308): they are further apart than float64 can say. Bring them nearer",
        ),
        (
            lambda: run(build=3),
            TypeError,
            "search: build is 3. Expected a function that makes a compiled model of the ",
        ),
        (lambda: run(build=sloped(0.1)), TypeError, "search: build is <Sequential"),
        (lambda: Choice("abc"), ValueError, "Choice(values='abc'): expected a sequence of values"),
        (lambda: run(space={}), TypeError, "search: space is {}. Expected a dict with a setting or more"),
        (
            lambda: run(space={"rate": 3}),
            TypeError,
            "search: space['rate'] is 3. Expected Uniform, LogUniform or Choice",
        ),
        (
            lambda: run(build=lambda rate: 3),
            TypeError,
            "search: build returned 3. Expected a compiled Model: return one",
        ),
        (
            lambda: run(monitor="auc"),
            ValueError,
            "search(monitor='auc'): the model measures loss, mean_absolute_error.",
        ),
        (lambda: run(budget_s=0), ValueError, "budget_s"),
        (lambda: run(epochs=0), ValueError, "epochs must be an int >= 1"),
        (lambda: run(most=0), ValueError, "most must be an int >= 1"),
        (lambda: run(y=3), ShapeError, "search: y is 3. Expected one array, shape (n, ...): a target for each row"),
        (lambda: run(validation=1), ValueError, "validation"),
        (lambda: run(validation=0.001), DataError, "search(validation=0.001): 0 of 60 rows are for validation"),
        (
            lambda: run(validation=[60]),
            OutOfRangeError,
            "search: validation: order goes from 60 to 60, but there are 60",
        ),
        (
            lambda: run(space={"rate": Choice([1e38])}, most=2),
            DataError,
            "search: none of 2 settings had a finite mean_absolute_error after an epoch within 60.0 s. Give a larger",
        ),
    ],
)
def test_what_cannot_be_searched_is_refused(call, error, message):
    with pytest.raises(error, match=re.escape(message)):
        call()
