"""Oracles: steps of gradient descent worked by hand; each run by itself; tables and rates by their definition."""

import numpy as np
import pytest

import feedforward as ff
from feedforward import learned
from feedforward.learned import Squares


def test_gradient_descent_on_squares_loses_what_the_formula_says():
    # f(x) = |x - a|^2 / d has the gradient 2 (x - a) / d: with d = 4 and r = 1 a step halves x - a, and quarters f.
    found = learned.compare(Squares(4), {"SGD": ff.optimizers.SGD(1.0)}, steps=6, seeds=[3])
    losses = found["SGD"].losses[0]
    assert losses[1:] == pytest.approx(losses[:-1] / 4, rel=1e-5)  # float32


def test_the_learning_rate_after_which_the_loss_is_smallest_is_chosen():
    # With r = 2 one step of d = 4 reaches a: the best of any rates.
    rates = [0.5, 1.0, 2.0, 4.0, 50.0]
    found = learned.compare(Squares(4), {"SGD": ff.optimizers.SGD}, steps=4, seeds=range(2), learning_rates=rates)
    assert found["SGD"].learning_rate == 2.0
    assert found["SGD"].losses[:, -1] == pytest.approx(0.0, abs=1e-12)


def test_a_rate_that_diverges_is_not_chosen_and_spoils_no_other():
    found = learned.compare(
        Squares(4), {"SGD": ff.optimizers.SGD}, steps=80, seeds=range(3), learning_rates=[1e20, 0.1, 1e30]
    )
    assert found["SGD"].learning_rate == 0.1
    assert np.isfinite(found["SGD"].losses).all()


def test_runs_that_diverge_are_infinite_in_the_table():
    found = learned.compare(Squares(4), {"too far": ff.optimizers.SGD(1e30)}, steps=9, seeds=[0])
    assert found["too far"].final.tolist() == [np.inf]
    assert "inf" in str(found)


def test_every_optimizer_begins_where_the_others_do():
    found = learned.compare(Squares(4), learned.TUNED, steps=2, seeds=range(3), learning_rates=[0.1])
    first = [curve.losses[:, 0] for curve in found.curves]
    assert all(np.array_equal(first[0], other) for other in first[1:])
    assert len(set(first[0].tolist())) == 3  # another function for each seed


def test_the_table_has_a_line_for_each_optimizer():
    found = learned.compare(Squares(2), {"a": ff.optimizers.SGD(0.1), "b": ff.optimizers.Adam}, steps=3, seeds=[0])
    header, first, second = str(found).splitlines()
    assert header.split() == "optimizer learning rate loss before step 3 log10 of it smallest largest".split()
    assert first.split()[0] == "a" and len(first.split()) == 5
    assert second.split()[0] == "b" and float(second.split()[1]) == found["b"].learning_rate


def test_the_picture_has_a_curve_and_a_band_for_each_optimizer():
    pytest.importorskip("matplotlib").use("agg")
    figure = learned.compare(Squares(2), learned.TUNED, steps=3, seeds=range(2), learning_rates=[0.1]).plot()
    (axes,) = figure.axes
    assert [line.get_label() for line in axes.lines] == ["SGD, 0.1", "Nesterov, 0.1", "RMSprop, 0.1", "Adam, 0.1"]
    assert len(axes.collections) == 4 and axes.get_yscale() == "log"


WRONG = {
    "a model": (lambda: learned.compare("mnist", learned.TUNED), TypeError, r"^compare: got 'mnist'\. Expected a task"),
    "no optimizers": (lambda: learned.compare(Squares(), {}), TypeError, r"compare: optimizers is {}. Give a dict"),
    "a name": (lambda: learned.compare(Squares(), {"a": "adam"}), TypeError, r"compare: 'a' is 'adam'. Give an optim"),
    "no steps": (lambda: learned.compare(Squares(), learned.TUNED, steps=0), ValueError, r"steps must be an int >= 1"),
    "no seeds": (lambda: learned.compare(Squares(), learned.TUNED, seeds=[]), ValueError, r"compare\(seeds=\[\]\)"),
    "a seed below 0": (lambda: learned.compare(Squares(), learned.TUNED, seeds=[-1]), ValueError, r"^seed -1 must be"),
    "an optimizer of fit": (
        lambda: learned.compare(Squares(), {"a": ff.optimizers.SVRG()}, steps=2),
        TypeError,
        r"^compare: SVRG needs gradients at its snapshot",
    ),
    "an optimizer of fit, tuned": (
        lambda: learned.compare(Squares(), {"a": ff.optimizers.SVRG}, steps=2),
        TypeError,
        r"^compare: SVRG needs gradients at its snapshot",
    ),
    "no rates": (
        lambda: learned.compare(Squares(), learned.TUNED, learning_rates=()),
        ValueError,
        r"compare\(learning_rates=\(\)\): there are none",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_mistake_is_named(case):
    call, error, message = WRONG[case]
    with pytest.raises(error, match=message):
        call()


def test_an_optimizer_that_was_used_is_refused():
    optimizer = ff.optimizers.SGD(0.1)
    learned.compare(Squares(2), {"SGD": optimizer}, steps=3, seeds=[0])
    with pytest.raises(ValueError, match=r"'SGD' has state, of other parameters\. Give a new"):
        learned.compare(Squares(2), {"SGD": optimizer}, steps=3, seeds=[0])
