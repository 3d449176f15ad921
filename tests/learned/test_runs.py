"""Oracles: optimizers' steps in float64 NumPy, `fit` of the same batches; k runs stacked = each by itself."""

import math

import numpy as np
import pytest

import feedforward as ff
import update_rule_reference as reference
from feedforward import learned
from feedforward.learned import Network, Quadratics, Scaled, Squares, Together, losses_of
from feedforward.learned.runs import Runs, rows_of, starts

layers = ff.layers
CROSSENTROPY = ff.losses.SparseCategoricalCrossentropy(from_logits=True)
X = np.random.default_rng(0).normal(0, 1, (40, 3)).astype("f4")
LABELS = (X.sum(1) > 0).astype("i8")


def model(*inner):
    ff.set_seed(0)
    return ff.Sequential([ff.Input((3,)), *inner, layers.Dense(2, name="last")])


def network(*inner, batch_size=8):
    return Network(model(*inner), CROSSENTROPY, X, LABELS, batch_size=batch_size)


def rule(kind=learned.RNNprop, **settings):
    made = kind(units=3, layers=2, **settings)
    draw = np.random.default_rng(1)
    made.set_weights({name: draw.normal(0, 0.5, shape).astype("f4") for name, shape in made.shapes().items()})
    return made


TASKS = {
    "squares": lambda: Squares(3),
    "quadratics": lambda: Quadratics(3, 2),
    "scaled": lambda: Scaled(Squares(3), 1.0),
    "together": lambda: Together(Squares(2), network()),
    "network": network,
    "dropout": lambda: network(layers.Dense(6, "tanh"), layers.Dropout(0.5)),
    "running statistics": lambda: network(layers.Dense(4), layers.BatchNormalization()),
}
OPTIMIZERS = {
    "sgd": lambda: ff.optimizers.SGD(0.1, momentum=0.9),
    "adam": lambda: ff.optimizers.Adam(0.05),
    "learned": lambda: ff.optimizers.Learned(rule()),
    "a schedule": lambda: ff.optimizers.SGD(ff.optimizers.schedules.ExponentialDecay(0.2, 3, 0.5)),
}


# beside formulas


@pytest.mark.parametrize("kind", [learned.RNNprop, learned.CoordinatewiseLSTM])
def test_a_rule_goes_down_a_square_as_its_formula_does(kind):
    made = rule(kind)
    losses = losses_of(Squares(4), ff.optimizers.Learned(made), [5], 6)
    first, instance = starts(Squares(4), 5)
    x, target = np.float64(first["x"]), np.float64(instance["target"])
    each, change = reference.coordinates(made, {name: weight.numpy() for name, weight in made.weights.items()}, 4)
    expected = []
    for _ in range(6):
        expected.append(np.mean((x - target) ** 2))
        slopes = 2 * (x - target) / 4
        x = x + [change(one, g) for one, g in zip(each, slopes, strict=True)]
    np.testing.assert_allclose(losses[0], expected, rtol=1000 * 2**-24)  # some hundred roundings a step


def test_momentum_goes_down_quadratics_as_its_formula_does_and_reports_their_mean():
    task = Quadratics(3, 2)
    losses = losses_of(task, ff.optimizers.SGD(0.02, momentum=0.9), [3], 8)
    first, instance = starts(task, 3)
    x, w, y = np.float64(first["x"]), np.float64(instance["matrix"]), np.float64(instance["target"][..., 0])
    m, expected = np.zeros_like(x), []
    for _ in range(8):
        rest = np.einsum("fij,fj->fi", w, x) - y
        expected.append((rest**2).sum() / 2)
        m = 0.9 * m - 0.02 * 2 * np.einsum("fij,fi->fj", w, rest)
        x = x + m
    np.testing.assert_allclose(losses[0], expected, rtol=200 * 2**-24)


# beside fit


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_run_is_what_train_on_batch_does_to_rounding(optimizer):
    """To rounding, not to the bit: `fit` adds a batch's losses up and divides, and so does the gradient."""
    make = lambda: model(layers.Dense(5, "tanh", name="hidden"))  # noqa: E731
    task = Network(make(), CROSSENTROPY, X, LABELS, batch_size=8)
    losses = losses_of(task, OPTIMIZERS[optimizer](), [7], 12)[0]
    network, (first, _) = make(), starts(task, 7)
    for path, weight in network.weights_by_path():
        weight.assign(first[path])
    network.compile(OPTIMIZERS[optimizer](), CROSSENTROPY)
    rows = rows_of(task, 7, 0, 12).reshape(12, 8)
    expected = [network.train_on_batch(X[batch], LABELS[batch]) for batch in rows]
    expected = [float(np.ravel(value)[0]) if not isinstance(value, dict) else value["loss"] for value in expected]
    # A step doubles what a rounding made at most, on so smooth a loss.
    np.testing.assert_allclose(losses, expected, rtol=2**12 * 2**-24)
    assert losses[-1] != losses[0]


# stacked


PAIRS = [
    ("squares", "sgd"),
    ("quadratics", "adam"),
    ("quadratics", "learned"),
    ("scaled", "a schedule"),
    ("together", "learned"),
    ("network", "sgd"),
    ("network", "a schedule"),
    ("dropout", "adam"),
    ("dropout", "learned"),
    ("running statistics", "learned"),
]
"""Each task and each optimizer, those that hold most more than once."""


def test_each_task_and_each_optimizer_is_in_a_pair():
    assert ({task for task, _ in PAIRS}, {optimizer for _, optimizer in PAIRS}) == ({*TASKS}, {*OPTIMIZERS})


@pytest.mark.parametrize(("task", "optimizer"), PAIRS)
def test_runs_side_by_side_have_the_losses_of_each_by_itself(task, optimizer):
    """To the bit, but for quadratics, whose sum over squares of products is taken in another order."""
    task, seeds = TASKS[task](), [3, 1, 4]
    together = losses_of(task, OPTIMIZERS[optimizer](), seeds, 5)
    assert together.shape == (3, 5)
    assert np.isfinite(together).all()
    for number, seed in enumerate(seeds):
        alone = losses_of(task, OPTIMIZERS[optimizer](), [seed], 5)
        np.testing.assert_allclose(together[number], alone[0], rtol=2**-20 if isinstance(task, Quadratics) else 0)


def test_each_run_has_a_learning_rate_of_its_own():
    rates = [0.1, 0.5, 0.0]
    together = losses_of(Squares(3), ff.optimizers.SGD(9.0), [2, 2, 2], 5, rates)
    for number, rate in enumerate(rates):
        np.testing.assert_array_equal(together[number], losses_of(Squares(3), ff.optimizers.SGD(rate), [2], 5)[0])
    assert len({*together[2].tolist()}) == 1


def test_equal_seeds_give_equal_bits_and_others_other_runs():
    one, same, other = (losses_of(network(), "adam", [seed], 5) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert (one != other).all()


@pytest.mark.parametrize("task", TASKS)
def test_machine_code_and_the_interpreter_agree(task, request):
    request.addfinalizer(lambda: ff.use_backend("llvm"))
    task = TASKS[task]()
    native = losses_of(task, ff.optimizers.Learned(rule()), [3, 1], 4)
    ff.use_backend("interpreter")
    # Sums of forty terms in another order, and five steps that carry it on.
    np.testing.assert_allclose(losses_of(task, ff.optimizers.Learned(rule()), [3, 1], 4), native, rtol=2**10 * 2**-24)


def test_a_run_in_parts_is_the_run():
    whole, parts = (Runs(Squares(3), "adam", [1, 2], 6) for _ in range(2))
    whole.go_on(6, [0, 0])
    parts.go_on(2, [0, 0])
    parts.go_on(4, [2, 2])
    np.testing.assert_array_equal(parts.values[parts.losses], whole.values[whole.losses])


def test_a_part_of_a_run_tells_its_mean_loss_and_takes_batches_by_its_first_step():
    task = network()
    runs = Runs(task, "sgd", [1, 2], 6)
    means = [runs.go_on(2, [0, 0]), runs.go_on(4, [2, 2])]
    losses = runs.values[runs.losses]
    np.testing.assert_allclose(means[0], losses[:, :2].mean(1), rtol=8 * 2**-24)
    np.testing.assert_allclose(means[1], losses[:, 2:].mean(1), rtol=8 * 2**-24)
    again = Runs(task, "sgd", [1, 2], 6)
    again.go_on(2, [0, 0])
    np.testing.assert_array_equal(again.values[again.losses][:, :2], losses[:, :2])


def test_the_rows_of_a_batch_are_pinned_by_seed_and_step():
    task = network()
    np.testing.assert_array_equal(rows_of(task, 3, 5, 2), np.random.default_rng([3, 5]).integers(0, 40, 16))
    assert rows_of(Squares(2), 3, 5, 2).tolist() == [0]


def test_a_run_that_diverges_has_losses_that_are_no_numbers_and_leaves_the_others_alone():
    losses = losses_of(Squares(3), ff.optimizers.SGD(1.0), [1, 2, 3], 40, [0.1, 1e8, 0.1])
    assert not np.isfinite(losses[1, -1])
    np.testing.assert_array_equal(losses[[0, 2]], losses_of(Squares(3), ff.optimizers.SGD(0.1), [1, 3], 40))


def test_runs_leave_a_rule_and_the_draws_of_others_as_they_were():
    made = rule()
    before = {name: weight.numpy().copy() for name, weight in made.weights.items()}
    task = network(layers.Dropout(0.5))
    ff.set_seed(5)
    expected = ff.random.uniform((3,)).tolist()
    ff.set_seed(5)
    losses_of(task, ff.optimizers.Learned(made), [1, 2], 3)
    assert ff.random.uniform((3,)).tolist() == expected
    assert all((made.weights[name].numpy() == value).all() for name, value in before.items())


def test_a_network_in_float64_runs_in_float64():
    ff.set_seed(0)
    wide = ff.Sequential([ff.Input((3,), dtype="float64"), layers.Dense(2)])
    task = Network(wide, CROSSENTROPY, X.astype("f8"), LABELS, batch_size=8)
    runs = Runs(task, ff.optimizers.Learned(rule()), [1, 2], 3)
    runs.go_on(3, [0, 0])
    assert {runs.values[variable].dtype for variable in runs.parameters.values()} == {np.dtype("f8")}
    assert np.isfinite(runs.values[runs.losses]).all()


def test_a_run_that_begins_anew_is_that_of_its_seed_with_batches_and_dropout_too():
    task = network(layers.Dense(6, "tanh"), layers.Dropout(0.5))
    runs = Runs(task, "sgd", [1, 2], 4)
    runs.go_on(4, [0, 0])
    runs.begin([1], [7])
    runs.begin([0], [7])
    runs.go_on(4, [0, 0])
    expected = losses_of(task, "sgd", [7], 4)[0]
    np.testing.assert_array_equal(runs.values[runs.losses], [expected, expected])


def test_a_learning_rate_of_its_own_is_found_where_a_parameter_has_that_name():
    class Named(Squares):
        def shapes(self):
            return {"learning_rate": (self.dimensions,)}

        def drawn(self):
            first, instance = super().drawn()
            return {"learning_rate": first["x"]}, instance

        def loss(self, parameters, instance, batch):
            return super().loss({"x": parameters["learning_rate"]}, instance, batch)

    make = lambda rate: ff.optimizers.SGD(rate, momentum=0.9)  # noqa: E731
    expected = losses_of(Squares(3), make(0.3), [2], 5)
    np.testing.assert_array_equal(losses_of(Named(3), make(9.0), [2], 5, [0.3]), expected)


# wrong use

SCHEDULE = ff.optimizers.schedules.ExponentialDecay(1.0, 10, 0.5)
MISTAKES = [
    ({"task": 3}, TypeError, r"^losses_of: got 3\. Expected a task\. Give one, such as Quadratics\(\)\."),
    ({"task": Squares}, TypeError, r"^losses_of: got <class"),
    ({"optimizer": 3}, TypeError, r"^optimizer: got 3\. Give a name or an instance"),
    ({"optimizer": "adm"}, ValueError, r"Unknown optimizer 'adm'\. Did you mean 'adam'"),
    ({"optimizer": ff.optimizers.SVRG()}, TypeError, r"^losses_of: SVRG needs gradients at its snapshot"),
    ({"seeds": []}, ValueError, r"^losses_of: seeds is empty\. Expected an int for each run\. Give one at least\."),
    ({"seeds": 3}, TypeError, r"^losses_of: seeds is 3\. Expected an int for each run\. Give a list, or range\(5\)\."),
    ({"seeds": "12"}, TypeError, r"^losses_of: seeds is '12'\."),
    *[
        ({"seeds": [seed]}, ValueError, r"^seed .* must be an int from 0 to 2\*\*63 - 1\.")
        for seed in (-1, True, "a", 1.0, None, 2**63)
    ],
    *[
        ({"steps": steps}, ValueError, r"^losses_of\(steps=.*\): steps must be an int >= 1\. Got")
        for steps in (0, -1, True, 2.0, "3", None, math.nan)
    ],
    *[
        (
            {"learning_rates": rates},
            ValueError,
            r"^losses_of: learning_rates is .* Expected a number for each of 2 runs\.",
        )
        for rates in ([], [0.1], [0.1] * 3, 0.1)
    ],
    *[
        ({"learning_rates": [0.1, rate]}, ValueError, r"learning_rates must be a number >= 0\. Got")
        for rate in (-1, math.nan, math.inf, True, "a", None, 10**400)
    ],
    (
        {"optimizer": ff.optimizers.SGD(SCHEDULE), "learning_rates": [0.1, 0.2]},
        TypeError,
        r"^losses_of: learning_rates are for an optimizer whose learning rate is a number\. Got ExponentialDecay",
    ),
    (
        {"optimizer": ff.optimizers.SGD(ff.Variable(0.1)), "learning_rates": [0.1, 0.2]},
        TypeError,
        r"^losses_of: learning_rates are for an optimizer whose learning rate is a number\. Got <Variable",
    ),
]


@pytest.mark.parametrize(("settings", "error", "match"), MISTAKES, ids=[match for _, _, match in MISTAKES])
def test_a_mistake_is_told_where_it_is_made(settings, error, match):
    given = {"task": Squares(2), "optimizer": "sgd", "seeds": [1, 2], "steps": 3} | settings
    with pytest.raises(error, match=match):
        losses_of(**given)


def test_an_optimizer_that_was_used_is_refused():
    used = ff.optimizers.Adam()
    losses_of(Squares(2), used, [1], 2)
    with pytest.raises(ValueError, match=r"Adam was built for other variables than x\. Make a new optimizer"):
        losses_of(Squares(2), used, [1], 2)


def test_what_no_stack_can_compute_is_named():
    ff.set_seed(0)
    pictures = ff.Sequential([ff.Input((4, 4, 1)), layers.Conv2D(2, 3, name="c"), layers.Flatten(), layers.Dense(2)])
    task = Network(pictures, CROSSENTROPY, np.ones((40, 4, 4, 1)), LABELS, batch_size=8)
    with pytest.raises(
        ValueError, match=r"^losses_of: windows of layer 'c'.* cannot be computed for many models at a time"
    ):
        losses_of(task, "sgd", [1, 2], 3)
