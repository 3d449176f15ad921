"""Oracles: the rule's formula in float64 NumPy, after Celo2 and Metz et al. (2022), and its central differences.

Also: stack = one by one, file = rule, machine code = interpreter.
"""

import numpy as np
import pytest

import feedforward as ff
from feedforward import learned
from feedforward.derivatives import value_and_grad
from feedforward.execution import use_backend
from feedforward.learned.runs import Runs
from feedforward.learned.unrolled import unroll
from feedforward.tensor import Tensor, Variable, evaluate

DECAYS = np.array([0.9, 0.99, 0.999])


class Formula:
    """The rule as its references write it: features one beside another, divided by their rms, then a perceptron."""

    def __init__(self, rule, shape):
        self.weights = {name: weight.numpy().astype(np.float64) for name, weight in rule.weights.items()}
        self.scale, self.layers = rule.scale, rule.layers
        self.means, self.square = np.zeros((*shape, 3)), np.zeros(shape)
        self.sides = [np.zeros((*shape[:-1], 3)), np.zeros((shape[-1], 3))] if len(shape) > 1 else np.zeros((*shape, 3))

    def step(self, w, g):
        rest = 1 - DECAYS
        self.means = DECAYS * self.means + rest * g[..., None]
        self.square = 0.95 * self.square + 0.05 * g**2
        squares = g**2 + 1e-30
        if g.ndim > 1:
            before = tuple(range(g.ndim - 1))
            rows = DECAYS * self.sides[0] + rest * squares.mean(-1)[..., None]
            columns = DECAYS * self.sides[1] + rest * squares.mean(before)[:, None]
            self.sides = [rows, columns]
            share = rows / (rows.mean(before) + 1e-9)
            factor = np.maximum(share, 1e-9)[..., None, :] ** -0.5 * np.maximum(columns, 1e-9) ** -0.5
            r, c = (np.broadcast_to(side, self.means.shape) for side in (rows[..., None, :], columns))
        else:
            self.sides = DECAYS * self.sides + rest * squares[..., None]
            r = c = self.sides
            factor = (self.sides + 1e-9) ** -0.5
        root, g_of = (self.square + 1e-8)[..., None] ** -0.5, g[..., None]
        features = [g_of, np.clip(g_of, -0.1, 0.1), w[..., None], self.means, self.square[..., None]]
        features += [self.means * root, g_of * root, root, g_of * factor, self.means * factor]
        features += [r, (r + 1e-8) ** -0.5, c, (c + 1e-8) ** -0.5]
        x = np.concatenate(features, -1)
        x = x / np.sqrt(1e-5 + (x**2).mean(tuple(range(g.ndim)), keepdims=True))
        for layer in range(1, self.layers + 1):
            x = np.maximum(0, x @ self.weights[f"kernel_{layer}"].T + self.weights[f"bias_{layer}"])
        u = (x @ self.weights["output"].T + self.weights["output_bias"])[..., 0]
        return w - self.scale * u / np.sqrt(1e-5 + (u**2).mean())


def rule_with_biases(**settings):
    ff.set_seed(3)
    rule = learned.PerceptronRule(**settings)
    draw = np.random.default_rng(3)
    rule.set_weights({name: 0.5 * draw.standard_normal(shape) for name, shape in rule.shapes().items()})
    return rule


@pytest.mark.parametrize("shape", [(6, 5), (7,), (), (1,), (1, 4), (3, 2, 4)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_steps_are_those_of_the_formula(shape, dtype):
    rule = rule_with_biases(scale=0.1)
    draw = np.random.default_rng(1)
    w = draw.standard_normal(shape).astype(dtype)
    parameter, formula = Variable(w), Formula(rule, shape)
    optimizer = ff.optimizers.Learned(rule)
    expected = w.astype(np.float64)
    for size in (1.0, 1e-3, 30.0, 0.1, 0.0):
        g = (size * draw.standard_normal(shape)).astype(dtype)
        optimizer.apply_gradients([(Tensor(g), parameter)])
        expected = formula.step(expected, g.astype(np.float64))
    # Steps add up to at most 0.5 a number; 30 features of float32, whose roots and quotients lose some eps each.
    tolerance = 2e-5 if dtype == "float32" else 1e-12
    assert parameter.dtype == dtype
    np.testing.assert_allclose(parameter.numpy(), expected, rtol=0, atol=tolerance)


@pytest.mark.parametrize("settings", [{"units": 1, "layers": 1}, {"units": 20, "layers": 3}])
def test_perceptrons_of_any_size_are_those_of_the_formula(settings):
    rule = rule_with_biases(scale=0.1, **settings)
    draw = np.random.default_rng(2)
    w, g = draw.standard_normal((2, 4, 3)).astype(np.float32)
    parameter = Variable(w)
    ff.optimizers.Learned(rule).apply_gradients([(Tensor(g), parameter)])
    expected = Formula(rule, (4, 3)).step(w.astype(np.float64), g.astype(np.float64))
    np.testing.assert_allclose(parameter.numpy(), expected, rtol=0, atol=2e-5)


def test_the_root_of_the_mean_square_of_a_step_is_the_scale_times_the_learning_rate():
    rule = rule_with_biases(scale=0.01)
    parameter = Variable(np.zeros((20, 30), np.float32))
    gradient = Tensor(np.random.default_rng(0).standard_normal((20, 30)).astype(np.float32))
    ff.optimizers.Learned(rule, learning_rate=0.5).apply_gradients([(gradient, parameter)])
    # u / sqrt(mean(u^2) + 1e-5), where the mean is of the order of 1
    assert np.sqrt(np.mean(parameter.numpy() ** 2)) == pytest.approx(0.005, rel=1e-4)


@pytest.mark.parametrize("shape", [(4, 3), (5,), (), (0,), (0, 3), (3, 0)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("size", [0.0, 1e-30, 1e30])
def test_no_gradient_makes_a_weight_that_is_no_number(shape, dtype, size):
    rule = rule_with_biases()
    parameter = Variable(np.ones(shape, dtype))
    optimizer = ff.optimizers.Learned(rule)
    for _ in range(3):
        optimizer.apply_gradients([(Tensor(np.full(shape, size, dtype)), parameter)])
    assert np.isfinite(parameter.numpy()).all()
    assert all(np.isfinite(variable.numpy()).all() for variable in optimizer.variables)


def network_task():
    x = np.random.default_rng(0).standard_normal((40, 6)).astype(np.float32)
    model = ff.Sequential([ff.Input((6,)), ff.layers.Dense(24, "tanh"), ff.layers.Dense(2, name="last")])
    return learned.Network(model, "mean_squared_error", x, x[:, :2] * x[:, 2:4], batch_size=10)


def test_runs_side_by_side_have_the_losses_and_the_state_of_each_by_itself():
    rule, task, seeds = rule_with_biases(scale=0.01), network_task(), [5, 6, 7]

    def held(seeds):
        runs = Runs(task, ff.optimizers.Learned(rule), seeds, 12)
        runs.go_on(12, [0] * len(seeds))
        return {f"{number} {variable.name}": values for number, (variable, values) in enumerate(runs.values.items())}

    together, alone = held(seeds), [held([seed]) for seed in seeds]
    own = {"means/last/kernel", "squares/last/kernel", "rows/last/kernel", "columns/last/kernel", "each/last/bias"}
    assert own | {"losses"} <= {name.partition(" ")[2] for name in together}
    for name, values in together.items():
        # Sums over a parameter are taken in another order.
        np.testing.assert_allclose(values, [one[name][0] for one in alone], rtol=1e-5, atol=1e-7, err_msg=name)


def test_machine_code_computes_what_the_interpreter_does():
    rule, task = rule_with_biases(scale=0.01), network_task()
    native = learned.losses_of(task, ff.optimizers.Learned(rule), [5, 6], 10)
    use_backend("interpreter")
    try:
        interpreted = learned.losses_of(task, ff.optimizers.Learned(rule), [5, 6], 10)
    finally:
        use_backend("llvm")
    np.testing.assert_allclose(native, interpreted, rtol=1e-4)  # sums in another order, over 10 steps


def test_a_rule_from_a_file_takes_the_same_steps(tmp_path):
    rule, task = rule_with_biases(units=5, layers=3, scale=0.02), network_task()
    learned.save_rule(rule, tmp_path / "small.rule")
    again = ff.optimizers.Learned(tmp_path / "small.rule")
    assert repr(again.rule) == "PerceptronRule(units=5, layers=3, scale=0.02)"
    before = learned.losses_of(task, ff.optimizers.Learned(rule), [1], 5)
    np.testing.assert_array_equal(learned.losses_of(task, again, [1], 5), before)


def test_it_remembers_four_numbers_for_each_weight_and_three_for_each_row_and_column():
    numbers = {shape: learned.PerceptronRule().state(shape) for shape in [(20, 30), (2, 3, 4), (7,), ()]}
    sizes = {shape: sum(part.size for part in state.values()) for shape, state in numbers.items()}
    assert sizes == {(20, 30): 4 * 600 + 3 * 50, (2, 3, 4): 4 * 24 + 3 * 10, (7,): 7 * 7, (): 7}


def test_it_begins_with_a_perceptron_of_329_weights():
    shapes = learned.PerceptronRule().shapes()
    # (30 + 1) * 8 + (8 + 1) * 8 + 8 + 1
    assert sum(int(np.prod(shape)) for shape in shapes.values()) == 329


def test_the_gradient_through_its_steps_is_that_of_central_differences_with_the_slopes_held():
    rule, task = rule_with_biases(scale=0.3), learned.Squares(6)
    draw = np.random.default_rng(4)
    start, target = draw.standard_normal((2, 6))
    memory = {name: Tensor(np.asarray(value, np.float64)) for name, value in rule.state((6,)).items()}
    weights = {name: weight.numpy().astype(np.float64) for name, weight in rule.weights.items()}

    def total(given):
        losses, *_ = unroll(
            rule, task, given, {"x": Tensor(start)}, {"x": memory}, {"target": Tensor(target)}, [()] * 4
        )
        return sum(losses[1:], losses[0])

    def formula_total(given, slopes=None):
        """Return the sum of the losses, and the slopes of the task on the way: (2 / 6) (x - a)."""
        formula, x, found = Formula(rule, (6,)), start, []
        formula.weights = given
        losses = [np.mean((x - target) ** 2)]
        for step in range(3):
            found.append((x - target) / 3 if slopes is None else slopes[step])
            x = formula.step(x, found[-1])
            losses.append(np.mean((x - target) ** 2))
        return sum(losses), found

    loss, slopes_of = value_and_grad(total)({name: Tensor(value) for name, value in weights.items()})
    loss, *gradient = evaluate([loss, *slopes_of.values()])
    expected, slopes = formula_total(weights)
    assert loss == pytest.approx(expected, rel=1e-12)
    step = 1e-6
    for (name, value), slope in zip(weights.items(), gradient, strict=True):
        for _ in range(4):
            place = tuple(draw.integers(0, size) for size in value.shape)
            ends = []
            for sign in (1, -1):
                moved = {**weights, name: value.copy()}
                moved[name][place] += sign * step
                ends.append(formula_total(moved, slopes)[0])
            # Cut off: step^2 / 6 times a third derivative; rounded off: some 2^-53 / step = 1e-10.
            assert slope[place] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6, abs=1e-8)


def test_a_network_is_fitted_by_it():
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(8, "tanh"), ff.layers.Dense(1)])
    model.compile(ff.optimizers.Learned(rule_with_biases()), "mean_squared_error")
    losses = model.fit(np.ones((8, 2)), np.ones((8, 1)), epochs=2, verbose=0).history["loss"]
    assert np.isfinite(losses).all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"units": 0}, "PerceptronRule(units=0): units must be an int >= 1. Got 0."),
        ({"units": 257}, "PerceptronRule(units=257): units must be an int from 1 to 256. Got 257."),
        ({"layers": 9}, "PerceptronRule(layers=9): layers must be an int from 1 to 8. Got 9."),
        ({"scale": 0.0}, "PerceptronRule(scale=0.0): scale must be a number from 1.17549e-38 to 3.40282e+38. Got 0.0."),
    ],
)
def test_settings_that_make_no_rule_are_told(settings, message):
    with pytest.raises(ValueError) as caught:
        learned.PerceptronRule(**settings)
    assert str(caught.value) == message
