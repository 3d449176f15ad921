"""Oracles: the gradient of unrolled steps by hand and by central differences in float64, and an outer step in JAX.

Besides identities: truncated = whole where one window is the run, machine code = interpreter, in parts = in one.
"""

import contextlib
import copy
import math
import signal
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import feedforward as ff
import update_rule_reference as reference
from feedforward import learned, random
from feedforward.derivatives import value_and_grad
from feedforward.errors import DtypeError, NotFiniteError
from feedforward.learned import CoordinatewiseLSTM, Network, Quadratics, RNNprop, Squares, Together, UnrolledTraining
from feedforward.learned.unrolled import memory_of, unroll
from feedforward.nn.update_rules import UpdateRule
from feedforward.tensor import Tensor

layers = ff.layers
CROSSENTROPY = ff.losses.SparseCategoricalCrossentropy(from_logits=True)
X = np.random.default_rng(0).normal(0, 1, (40, 3)).astype("f4")
LABELS = (X.sum(1) > 0).astype("i8")
RULES = [
    CoordinatewiseLSTM(units=3, layers=2, scale=0.3),
    CoordinatewiseLSTM(units=2, layers=1, scale=0.5, span=None),
    RNNprop(units=3, layers=2, scale=0.3),
]


def with_weights(rule, seed=0):
    """Return a copy of a rule with weights of which none is 0."""
    rule, draw = copy.deepcopy(rule), np.random.default_rng(seed)
    rule.set_weights({name: draw.normal(0, 0.5, shape).astype("f4") for name, shape in rule.shapes().items()})
    return rule


def values(rule):
    return {name: weight.numpy().copy() for name, weight in rule.weights.items()}


def network(*inner, **settings):
    ff.set_seed(0)
    model = ff.Sequential([ff.Input((3,)), *inner, layers.Dense(2, name="last")])
    return Network(model, CROSSENTROPY, X, LABELS, batch_size=8, **settings)


@dataclass(eq=False)
class Steepest(UpdateRule):
    """w := w - r g with r learned: no network, and not told coordinate by coordinate."""

    def shapes(self):
        return {"rate": ()}

    def change(self, parameter, gradient, state, weights):
        return -weights["rate"] * gradient, {}


# the gradient


@pytest.mark.parametrize("is_coordinatewise", [False, True])
def test_the_gradient_of_three_steps_by_hand(is_coordinatewise):
    # f(x) = (x - a)^2 from x = 3, a = 1, r = 0.25: distances 2, 1, 1/2, 1/4; losses 4, 1, 1/4, 1/16; slopes 4, 2, 1.
    # With slopes as constants a distance changes by -(sum of the slopes before it): 0, -4, -6, -7. The sum of the
    # losses by r: 2 (2 * 0 - 1 * 4 - 6 / 2 - 7 / 4) = -17.5. With second derivatives it would be -13.5.
    kind = type("Kind", (Steepest,), {"is_coordinatewise": is_coordinatewise})
    rule, task = kind(), Squares(1)

    def total(weights):
        losses, end, _ = unroll(
            rule,
            task,
            weights,
            {"x": Tensor([3.0])},
            {"all parameters": {}, "x": {}},
            {"target": Tensor([1.0])},
            [()] * 4,
        )
        assert end["x"].tolist() == [1.25]
        assert [float(loss) for loss in losses] == [4, 1, 0.25, 0.0625]
        return sum(losses[1:], losses[0])

    loss, slopes = value_and_grad(total)({"rate": Tensor(0.25)})
    assert (float(loss), float(slopes["rate"])) == (5.3125, -17.5)


def wide_total(rule, task, steps):
    """Return a function of a rule's weights, the sum of the losses in float64; and where the run begins."""
    with random.drawing_from(3, 0):
        drawn, instance = task.drawn()
    first, instance = (
        {name: Tensor(value.numpy().astype("f8")) for name, value in part.items()} for part in (drawn, instance)
    )
    memory = {
        of: {name: Tensor(np.asarray(value, "f8")) for name, value in own.items()}
        for of, own in memory_of(rule, task).items()
    }

    def total(weights):
        losses, *_ = unroll(rule, task, weights, first, memory, instance, [()] * (steps + 1))
        return sum(losses[1:], losses[0])

    return total, first, instance


def frozen_total(rule, weights, first, target, slopes):
    """Return the sum of the losses on squares, with the formula of the rule and slopes that are given, in float64."""
    x = first.copy()
    each, change = reference.coordinates(rule, weights, len(x))
    losses = [np.mean((x - target) ** 2)]
    for slope in slopes:
        x = x + [change(one, g) for one, g in zip(each, slope, strict=True)]
        losses.append(np.mean((x - target) ** 2))
    return sum(losses)


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_the_gradient_is_that_of_central_differences_with_the_slopes_held(rule):
    rule, task = with_weights(rule), Squares(3)
    total, first, instance = wide_total(rule, task, 4)
    wide = {name: value.astype("f8") for name, value in values(rule).items()}
    loss, slopes = value_and_grad(total)({name: Tensor(value) for name, value in wide.items()})
    # The slopes of the task on the way: 2 (x - a) / 3, at the weights as they are.
    x, target = first["x"].numpy().copy(), instance["target"].numpy()
    each, change = reference.coordinates(rule, wide, 3)
    held = []
    for _ in range(4):
        held.append(2 * (x - target) / 3)
        x = x + [change(one, g) for one, g in zip(each, held[-1], strict=True)]
    start = first["x"].numpy()
    assert float(loss) == pytest.approx(frozen_total(rule, wide, start, target, held), rel=1000 * 2**-53)
    step, draw = 1e-5, np.random.default_rng(1)
    for name, value in wide.items():
        for _ in range(min(value.size, 3)):
            place = tuple(draw.integers(0, size) for size in value.shape)
            ends = []
            for sign in (1, -1):
                moved = {key: array.copy() for key, array in wide.items()}
                moved[name][place] += sign * step
                ends.append(frozen_total(rule, moved, start, target, held))
            expected = (ends[0] - ends[1]) / (2 * step)
            # Cut off: step^2 / 6 times a third derivative of the size of 10; rounded off: 2^-53 / step.
            assert slopes[name].numpy()[place] == pytest.approx(expected, rel=1e-7, abs=1e-8), (name, place)


# an outer step beside JAX


def jax_change(rule, weights, state, g):
    """Return the change of a rule and its state, as JAX writes them: rows are coordinates."""
    if isinstance(rule, RNNprop):
        b = rule.decay
        m, v, power = b * state["m"] + (1 - b) * g, b * state["v"] + (1 - b) * g**2, b * state["power"]
        root = jnp.sqrt(v / (1 - power)) + 1e-8
        x = jnp.stack([g / root, m / (1 - power) / root], 1) @ weights["features"].T + weights["features_bias"]
        x, kept = jax.nn.elu(x), {"m": m, "v": v, "power": power}
    elif rule.span is None:
        x, kept = g[:, None], {}
    else:
        size, edge = jnp.abs(g), math.exp(-rule.span)
        logs = jnp.log(jnp.maximum(size, edge)) / rule.span
        x = jnp.stack([logs, jnp.where(size >= edge, jnp.sign(g), g / edge)], 1)
        kept = {}
    for layer in range(1, rule.layers + 1):
        z = jnp.concatenate([x, state[f"h{layer}"]], 1) @ weights[f"kernel_{layer}"].T + weights[f"bias_{layer}"]
        i, f, c, o = jnp.split(z, 4, 1)
        cell = jax.nn.sigmoid(f + 1) * state[f"c{layer}"] + jax.nn.sigmoid(i) * jnp.tanh(c)
        x = jax.nn.sigmoid(o) * jnp.tanh(cell)
        kept |= {f"h{layer}": x, f"c{layer}": cell}
    output = x @ weights["output"][0] + weights["output_bias"]
    return (-rule.scale * jnp.tanh(output) if isinstance(rule, RNNprop) else rule.scale * output), kept


def jax_state(rule, count):
    zeros = jnp.zeros((count, rule.units))
    state = {f"{kind}{layer}": zeros for layer in range(1, rule.layers + 1) for kind in "hc"}
    return state | {"m": jnp.zeros(count), "v": jnp.zeros(count), "power": 1.0}


@pytest.mark.parametrize(("rule", "counted"), [*[(rule, "all") for rule in RULES], (RULES[1], "last")], ids=repr)
def test_windows_of_a_training_are_those_of_jax(rule, counted):
    """Two windows of one run, a step of SGD after each: parameters and memory go over, gradients do not."""
    rule, task = with_weights(rule), Quadratics(2, 3)
    w = {name: jnp.asarray(value, jnp.float64) for name, value in values(rule).items()}
    optimizer = ff.optimizers.SGD(0.05)
    training = UnrolledTraining(rule, task, steps=6, unroll=3, optimizer=optimizer, counted=counted, seed=9)
    with random.drawing_from(9, -1):
        first, instance = ({name: value.numpy() for name, value in part.items()} for part in task.drawn())
    matrix, target = jnp.asarray(instance["matrix"], jnp.float64), jnp.asarray(instance["target"], jnp.float64)

    def loss_at(x):
        return jnp.sum((matrix @ x.reshape(3, 2, 1) - target) ** 2)

    def window(weights, x, state):
        losses = []
        for _ in range(3):
            losses.append(loss_at(x))
            change, state = jax_change(rule, weights, state, jax.lax.stop_gradient(jax.grad(loss_at)(x)))
            x = x + change
        losses.append(loss_at(x))
        return (sum(losses) if counted == "all" else losses[-1]) / 3, (losses[-1] / 3, x, state)

    x, state = jnp.asarray(first["x"].reshape(-1), jnp.float64), jax_state(rule, 6)
    for _ in range(2):
        slopes, (last, x, state) = jax.grad(window, has_aux=True)(w, x, state)
        w = {name: value - 0.05 * slopes[name] for name, value in w.items()}
    mean = training.train(1)
    # Six steps in float32, each of some hundred roundings, and two of the weights.
    assert mean == pytest.approx(float(last), rel=1e-4)
    for name, value in values(rule).items():
        np.testing.assert_allclose(value, w[name], rtol=1e-3, atol=1e-5, err_msg=name)


# identities


@pytest.mark.parametrize("rule", RULES, ids=repr)
def test_one_window_that_is_the_run_is_the_run_untruncated(rule):
    """The first loss of a training is that of runs of the optimizer `Learned`, from the same start."""
    rule, task = with_weights(rule), Squares(3)
    training = UnrolledTraining(rule, task, steps=5, unroll=5, seed=4)
    with random.drawing_from(4, -1):
        drawn, instance = task.drawn()
    start, target = drawn["x"].numpy(), instance["target"].numpy()
    w, optimizer = ff.Variable(start), ff.optimizers.Learned(copy.deepcopy(rule))
    for _ in range(5):
        optimizer.apply_gradients([(Tensor(2 * (w.numpy() - target) / 3), w)])
    assert training.train(1) == pytest.approx(np.mean((w.numpy() - target) ** 2), rel=200 * 2**-24)


def trained(task, backend="llvm", calls=(3,), rule=None, **settings):
    """Return the weights after a training, and what it said."""
    ff.use_backend(backend)
    try:
        rule = with_weights(RULES[2] if rule is None else rule)
        training = UnrolledTraining(rule, task, **{"steps": 4, "unroll": 2, "seed": 3} | settings)
        for runs in calls:
            training.train(runs)
        return values(rule), training
    finally:
        ff.use_backend("llvm")


TASKS = {
    "squares": lambda: Squares(3),
    "quadratics": lambda: Quadratics(2, 3),
    "together": lambda: Together(Squares(2), learned.Scaled(network(), 1.0)),
    "network": network,
    "dropout": lambda: network(layers.Dense(6), layers.Dropout(0.5)),
    "running statistics": lambda: network(layers.Dense(4), layers.BatchNormalization()),
}


@pytest.mark.parametrize("task", ["quadratics", "dropout"])
def test_machine_code_and_the_interpreter_train_the_same(task):
    task = TASKS[task]()
    native, plain = (trained(task, backend) for backend in ("llvm", "interpreter"))
    # Adam's first steps are of the size of the rate, 1e-3, whatever the gradient, and of its sign where it is rounding.
    for name, value in native[0].items():
        np.testing.assert_allclose(value, plain[0][name], rtol=0, atol=1e-5, err_msg=name)
    assert native[1].history == pytest.approx(plain[1].history, rel=1e-3)


@pytest.mark.parametrize("task", TASKS)
def test_training_in_parts_is_training_at_once(task):
    task = TASKS[task]()
    whole, parts = trained(task, calls=(5,)), trained(task, calls=(1, 3, 1))
    for name, value in whole[0].items():
        np.testing.assert_array_equal(value, parts[0][name], err_msg=name)
    assert (whole[1].runs_done, parts[1].runs_done, len(parts[1].history)) == (5, 5, 3)
    assert np.dot(parts[1].history, [1, 3, 1]) / 5 == pytest.approx(whole[1].history[0], rel=1e-12)


def test_equal_seeds_give_equal_bits_and_others_other_weights():
    one, same, other = (trained(network(), seed=seed)[0] for seed in (3, 3, 4))
    assert all((one[name] == same[name]).all() for name in one)
    assert any((one[name] != other[name]).any() for name in one)


def test_training_makes_runs_better_and_evaluating_changes_nothing():
    rule = CoordinatewiseLSTM(units=5, layers=1)
    training = UnrolledTraining(rule, Squares(4), steps=10, unroll=5, optimizer=ff.optimizers.Adam(0.01))
    before = training.evaluate(range(10, 20))
    training.train(150)
    kept = values(rule)
    assert training.evaluate(range(10, 20)) < before / 2
    assert all((kept[name] == weight.numpy()).all() for name, weight in rule.weights.items())
    assert training.runs_done == 150
    expected = learned.losses_of(Squares(7), ff.optimizers.Learned(rule), [1, 2], 3)[:, -1].mean()
    assert training.evaluate([1, 2], steps=3, task=Squares(7)) == expected


def test_a_rule_that_is_not_coordinatewise_is_trained_too():
    rule = Steepest()
    rule.set_weights({"rate": np.float32(0.01)})
    before = learned.losses_of(Together(Squares(3), Quadratics(2, 2)), ff.optimizers.Learned(rule), [1], 5)[0, -1]
    task = Together(Squares(3), Quadratics(2, 2))
    UnrolledTraining(rule, task, steps=4, unroll=2, optimizer=ff.optimizers.SGD(0.001)).train(20)
    assert float(rule.weights["rate"].numpy()) > 0.01
    assert learned.losses_of(task, ff.optimizers.Learned(rule), [1], 5)[0, -1] < before


# stopped


def stopping(error):
    """Return what is asked a few times and then stops a training, by its answer or by Ctrl-C."""
    asked = []

    def look():
        asked.append(1)
        if error is not None and len(asked) > 3:
            signal.raise_signal(signal.SIGINT)
        return len(asked) > 3

    return look


@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_what_stops_a_training_keeps_the_steps_that_are_done(error):
    task, rules = network(), [with_weights(RULES[0]) for _ in range(2)]
    stopped, whole = (UnrolledTraining(rule, task, steps=2, unroll=2, seed=3) for rule in rules)
    with contextlib.nullcontext() if error is None else pytest.raises(error):
        assert math.isfinite(stopped.train(10**6, look=stopping(error)))
    done = stopped.runs_done
    assert 0 < done < 10**6
    assert len(stopped.history) == 1
    stopped.train(2)
    whole.train(done + 2)
    for name, value in values(rules[0]).items():
        np.testing.assert_array_equal(value, rules[1].weights[name].numpy(), err_msg=name)


def test_a_training_that_is_stopped_before_a_run_ends_has_no_mean_loss():
    training = UnrolledTraining(with_weights(RULES[0]), network(), steps=2 * 10**6, unroll=2)
    assert math.isnan(training.train(look=stopping(None)))
    assert int(training.optimizer.iterations) > 0
    assert training.runs_done == 0


def test_batches_are_drawn_for_parts_of_a_long_training(monkeypatch):
    whole = trained(network(), calls=(6,))
    monkeypatch.setattr("feedforward.learned.unrolled._DRAWN", 5)  # twelve windows: 5, 5 and 2
    parts = trained(network(), calls=(6,))
    assert all((whole[0][name] == parts[0][name]).all() for name in whole[0])
    assert whole[1].history == parts[1].history


def test_a_loss_that_is_no_number_leaves_the_weights_as_they_were():
    rule = with_weights(CoordinatewiseLSTM(units=3, layers=1, scale=1e30))
    before = values(rule)
    training = UnrolledTraining(rule, Quadratics(2, 3), steps=4, unroll=2)
    with pytest.raises(
        NotFiniteError,
        match=r"^UnrolledTraining\.train: the loss was no finite number after 1 steps of the optimizer\. The weights "
        r"are those of 0 steps\. Give one with a smaller learning rate or clipped gradients\.$",
    ):
        training.train(3)
    assert all((rule.weights[name].numpy() == value).all() for name, value in before.items())
    assert (training.runs_done, training.history) == (0, [])


# wrong use


def used():
    optimizer = ff.optimizers.Adam()
    optimizer.build([ff.Variable(1.0)])
    return optimizer


def wide():
    ff.set_seed(0)
    model = ff.Sequential([ff.Input((3,), dtype="float64"), layers.Dense(2, name="last")])
    return Network(model, CROSSENTROPY, X.astype("f8"), LABELS, batch_size=8)


MISTAKES = [
    ({"rule": 3}, TypeError, r"^UnrolledTraining: got 3\. Expected an update rule\. Give one, such as RNNprop\(\)\."),
    ({"rule": RNNprop}, TypeError, r"^UnrolledTraining: got <class"),
    ({"task": 3}, TypeError, r"^UnrolledTraining: got 3\. Expected a task\. Give one"),
    (
        {"task": wide},
        DtypeError,
        r"^UnrolledTraining: the task's parameter 'last/kernel' is float64\. Expected float32",
    ),
    ({"steps": 5}, ValueError, r"^UnrolledTraining\(steps=5, unroll=2\): 2 does not divide 5\. Give a multiple\."),
    ({"steps": 0}, ValueError, r"steps must be an int >= 2\. Got 0\."),
    ({"steps": 1}, ValueError, r"steps must be an int >= 2\. Got 1\."),
    *[({"steps": value}, ValueError, r"steps must be an int >= 2\. Got") for value in (True, 4.0, "4", None, math.nan)],
    *[({"unroll": value}, ValueError, r"unroll must be an int >= 1\. Got") for value in (0, -1, True, 2.0, "2", None)],
    ({"optimizer": "adm"}, ValueError, r"Unknown optimizer 'adm'\. Did you mean 'adam'"),
    ({"optimizer": 3}, TypeError, r"^optimizer: got 3"),
    ({"optimizer": ff.optimizers.SVRG()}, TypeError, r"^UnrolledTraining: SVRG needs gradients at its snapshot"),
    ({"optimizer": used()}, ValueError, r"^Adam was built for other variables than features"),
    ({"counted": "x"}, ValueError, r"counted must be 'all' or 'last'\. Got 'x'\."),
    *[({"seed": value}, ValueError, r"^seed .* must be an int from 0 to") for value in (-1, True, "a", None, 2**63)],
]


@pytest.mark.parametrize(("settings", "error", "match"), MISTAKES, ids=[match for _, _, match in MISTAKES])
def test_a_mistake_is_told_where_it_is_made(settings, error, match):
    given = {"rule": RNNprop(units=2), "task": Squares(2), "steps": 4, "unroll": 2} | settings
    given["task"] = given["task"]() if given["task"] is wide else given["task"]
    with pytest.raises(error, match=match):
        UnrolledTraining(**given)


@pytest.mark.parametrize("runs", [0, -1, True, 1.5, "x", None, math.nan, math.inf])
def test_runs_are_a_number(runs):
    training = UnrolledTraining(RNNprop(units=2), Squares(2), steps=4, unroll=2)
    with pytest.raises(ValueError, match=r"^UnrolledTraining\.train\(runs=.*\): runs must be an int >= 1\. Got"):
        training.train(runs)


@pytest.mark.parametrize(
    ("given", "error", "match"),
    [
        (([],), ValueError, r"^UnrolledTraining\.evaluate: seeds is empty"),
        ((3,), TypeError, r"^UnrolledTraining\.evaluate: seeds is 3"),
        (([1], 0), ValueError, r"^UnrolledTraining\.evaluate\(steps=0\)"),
        (([1], 2, 0), TypeError, r"^UnrolledTraining\.evaluate: got 0\. Expected a task"),
    ],
)
def test_what_is_evaluated_is_checked(given, error, match):
    training = UnrolledTraining(RNNprop(units=2), Squares(2), steps=4, unroll=2)
    with pytest.raises(error, match=match):
        training.evaluate(*given)
