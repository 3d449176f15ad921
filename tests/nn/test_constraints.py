"""Oracles: float64 NumPy formulas of the cited papers, Duchi's projection by sorting, loops by hand, and identities."""

import copy
import dataclasses
import pickle
from dataclasses import dataclass

import numpy as np
import pytest

import feedforward as ff
from feedforward import execution
from feedforward.backends import codes
from feedforward.errors import FormatError, ShapeError
from feedforward.nn.config import from_config, to_config
from feedforward.nn.constraints import CONSTRAINTS
from feedforward.nn.layer import LAYERS

C = ff.constraints
L = ff.layers
RNG = np.random.default_rng(4)
X = RNG.normal(size=(40, 3)).astype(np.float32)
Y = (X @ np.float32([[1.0], [-2.0], [3.0]])).astype(np.float32)
W = RNG.normal(size=(5, 4)) * 3


def norm(w, axis):
    return np.sqrt((w * w).sum(axis, keepdims=True))


def sorted_projection(w, total, axis):
    """Duchi et al., 2008, figure 1, row by row."""

    def project(v):
        u = np.sort(v)[::-1]
        sums = np.cumsum(u) - total
        count = np.flatnonzero(u - sums / np.arange(1, len(u) + 1) > 0)[-1] + 1
        return np.maximum(v - sums[count - 1] / count, 0)

    return np.apply_along_axis(project, axis, w)


FORMULAS = [
    (C.MaxNorm(), lambda w: w * 2 / np.maximum(norm(w, 0), 2)),
    (C.MaxNorm(4.5, axis=(0, -1)), lambda w: w * 4.5 / max(np.linalg.norm(w), 4.5)),
    (C.MaxNorm(1e3, axis=1), lambda w: w),
    (C.UnitNorm(), lambda w: w / norm(w, 0)),
    (C.UnitNorm(axis=1), lambda w: w / norm(w, 1)),
    (C.MinMaxNorm(), lambda w: w / np.maximum(norm(w, 0), 1)),
    (
        C.MinMaxNorm(7.0, 8.0, rate=0.25, axis=1),
        lambda w: w / norm(w, 1) * (0.25 * np.clip(norm(w, 1), 7, 8) + 0.75 * norm(w, 1)),
    ),
    (C.NonNegative(), lambda w: np.maximum(w, 0)),
    (C.Box(), lambda w: np.clip(w, -1, 1)),
    (C.Box(0.5, 0.5), lambda w: np.full_like(w, 0.5)),
    (C.Box(None, 0.5), lambda w: np.minimum(w, 0.5)),
    (C.Box(0.0, None), lambda w: np.maximum(w, 0)),
    (C.Ball(), lambda w: w / max(np.linalg.norm(w), 1)),
    (C.Ball(1e9), lambda w: w),
    (C.Simplex(), lambda w: sorted_projection(w, 1, 0)),
    (C.Simplex(20.0, axis=-1), lambda w: sorted_projection(w, 20, 1)),
]


def test_every_constraint_has_an_oracle():
    ours = {name for name in CONSTRAINTS if CONSTRAINTS[name].__module__.startswith("feedforward.")}
    assert {to_config(constraint)["class"] for constraint, _ in FORMULAS} == ours


@pytest.mark.parametrize("backend", ["llvm", "interpreter"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("constraint", "formula"), FORMULAS, ids=lambda x: repr(x)[:40].partition(" at")[0])
def test_every_constraint_is_its_formula_and_comes_back(constraint, formula, dtype, backend, monkeypatch):
    monkeypatch.setattr(execution, "_backend", execution.BACKENDS[backend]())
    w = W.astype(dtype)
    result = constraint(ff.Tensor(w)).numpy()
    assert result.dtype == dtype
    # A dozen roundings of numbers below 10, and sums of 5 of them.
    np.testing.assert_allclose(result, formula(w.astype(np.float64)), rtol=0, atol=64 * 10 * np.finfo(dtype).eps)
    assert from_config(CONSTRAINTS, to_config(constraint)) == constraint


@pytest.mark.parametrize(("constraint", "_"), FORMULAS, ids=lambda x: repr(x)[:40].partition(" at")[0])
def test_a_projection_of_a_projection_changes_little(constraint, _):
    once = constraint(ff.Tensor(W))
    if getattr(constraint, "rate", 1) == 1:
        np.testing.assert_allclose(constraint(once).numpy(), once.numpy(), rtol=0, atol=1e-14)  # W is below 10
    for edge in (np.zeros((5, 4)), np.ones((1, 1)), np.full((5, 4), 1e-300)):
        assert np.isfinite(constraint(ff.Tensor(edge)).numpy()).all()
    assert np.isfinite(constraint(ff.Tensor(np.full((2, 2), 3e38, np.float32))).numpy()).all()
    assert np.isnan(constraint(ff.Tensor(np.full((2, 2), np.nan)))).any() or constraint == C.Box(0.5, 0.5)


def test_what_is_in_the_set_stays_as_it_is_to_the_bit():
    w = np.float32([[0.3, 0.1], [0.2, 0.7]])
    for constraint in (C.MaxNorm(1.0), C.MinMaxNorm(0.1, 1.0), C.NonNegative(), C.Box(0, 1), C.Ball(1.0)):
        assert constraint(ff.Tensor(w)).numpy().tobytes() == w.tobytes()


def test_zeros_have_no_direction_and_stay_zeros():
    for constraint in (C.UnitNorm(), C.MinMaxNorm(1.0, 2.0)):
        assert constraint(ff.Tensor(np.zeros((3, 2)))).tolist() == [[0, 0]] * 3


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_simplex_is_that_of_sorting_for_many_and_with_ties(scale):
    random = np.random.default_rng(5)
    for count in (1, 2, 3, 17, 200):
        w = random.normal(size=(count, 6)) * scale
        w[:, 3:] = np.round(w[:, 3:] / scale) * scale  # with ties
        for total in (1e-3, 1.0, 50.0):
            result = C.Simplex(total)(ff.Tensor(w)).numpy()
            assert (result >= 0).all()
            np.testing.assert_allclose(result, sorted_projection(w, total, 0), rtol=0, atol=1e-13 * max(scale, total))
            np.testing.assert_allclose(result.sum(0), total, rtol=1e-12, atol=1e-13 * scale)


def model(constraint, dtype="float32", optimizer=None):
    ff.set_seed(3)
    layers = [L.Dense(4, "tanh", kernel_constraint=constraint), L.Dense(1, bias_constraint=C.Box(0.0, 0.125))]
    made = ff.Sequential([ff.Input((3,), dtype=dtype), *layers])
    made.compile(optimizer or ff.optimizers.SGD(0.5), "mse")
    return made


@pytest.mark.parametrize("constraint", [C.MaxNorm(0.5), C.UnitNorm(), C.Simplex(2.0), C.Ball(0.5), C.NonNegative()])
def test_weights_are_in_the_set_from_the_first_and_after_every_step(constraint):
    made = model(constraint)
    kernel, bias = made.layers[0].kernel, made.layers[1].bias

    def check():
        np.testing.assert_allclose(kernel.numpy(), constraint(kernel).numpy(), rtol=0, atol=2**-21)  # rounded, below 2
        assert 0 <= bias.item() <= 0.125

    check()
    for _ in range(3):
        made.fit(X, Y, batch_size=10, epochs=1, verbose=0)
        check()


def test_training_is_the_loop_of_projected_gradients_by_hand():
    # A linear network, mean squared error, float64; the gradients are 2 X^T (X w - y) / n.
    x, y = X.astype(np.float64), Y.astype(np.float64)
    ff.set_seed(3)
    made = ff.Sequential(
        [ff.Input((3,), dtype="float64"), L.Dense(1, use_bias=False, kernel_constraint=C.Simplex(3.0))]
    )
    made.compile(ff.optimizers.SGD(0.05), "mse")
    w = made.layers[0].kernel.numpy()
    made.fit(x, y, batch_size=len(x), epochs=20, verbose=0)
    for _ in range(20):
        w = sorted_projection(w - 0.05 * 2 * x.T @ (x @ w - y) / len(x), 3.0, 0)
    np.testing.assert_allclose(made.layers[0].kernel.numpy(), w, rtol=0, atol=1e-13)
    assert np.count_nonzero(w == 0) == 1  # the negative one


IMAGES = RNG.normal(size=(24, 6, 6, 2)).astype(np.float32)
CODES = RNG.integers(0, 7, (24, 3)).astype(np.int32)
UNIT, LOW = C.UnitNorm(), C.Box(-0.01, 0.01)
LAYERS_WITH_WEIGHTS = {
    "Conv1D": (IMAGES[:, 0], L.Conv1D(3, 2, kernel_constraint=UNIT, bias_constraint=LOW)),
    "Conv2D": (IMAGES, L.Conv2D(3, 2, kernel_constraint=UNIT, bias_constraint=LOW)),
    "DepthwiseConv2D": (IMAGES, L.DepthwiseConv2D(2, depthwise_constraint=UNIT, bias_constraint=LOW)),
    "Dense": (X[:24], L.Dense(3, kernel_constraint=UNIT, bias_constraint=LOW)),
    "Embedding": (CODES, L.Embedding(7, 4, embeddings_constraint=UNIT)),
    "BatchNormalization": (X[:24], L.BatchNormalization(gamma_constraint=UNIT, beta_constraint=LOW)),
    "LayerNormalization": (X[:24], L.LayerNormalization(gamma_constraint=UNIT, beta_constraint=LOW)),
    "PReLU": (X[:24], L.PReLU(alpha_constraint=UNIT)),
}


def test_every_layer_with_a_regularizer_of_its_weights_has_a_constraint_for_them():
    for name in LAYERS:
        names = [field.name for field in dataclasses.fields(LAYERS[name])]
        costs = [each.removesuffix("_regularizer") for each in names if each.endswith("_regularizer")]
        assert {f"{cost}_constraint" for cost in costs} <= set(names)
        assert not costs or LAYERS[name].__name__ in LAYERS_WITH_WEIGHTS


@pytest.mark.parametrize("name", LAYERS_WITH_WEIGHTS)
def test_the_weights_of_every_layer_are_kept_in_their_sets(name):
    x, layer = LAYERS_WITH_WEIGHTS[name]
    layer = from_config(LAYERS, to_config(layer))
    made = ff.Sequential([ff.Input(x.shape[1:], dtype=str(x.dtype)), layer, L.Flatten(), L.Dense(1)])
    made.compile(ff.optimizers.SGD(0.5), "mse")
    before = [weight.numpy() for weight in layer.trainable_weights]
    made.fit(x, Y[:24], batch_size=8, epochs=2, verbose=0)
    for weight, first in zip(layer.trainable_weights, before, strict=True):
        if weight.constraint == LOW:
            assert abs(weight.numpy()).max() <= np.float32(0.01)
        else:
            np.testing.assert_allclose(norm(weight.numpy(), 0), 1, rtol=8 * 2**-24)
        assert (weight.numpy() != first).any()


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_a_loop_of_ones_own_projects_as_fit_does(optimizer):
    fitted, looped = model(C.MaxNorm(0.5), optimizer=optimizer), model(C.MaxNorm(0.5), optimizer=optimizer)
    fitted.fit(X, Y, batch_size=len(X), epochs=5, shuffle=False, verbose=0)
    loss = ff.losses.MeanSquaredError()
    for _ in range(5):
        with ff.GradientTape() as tape:
            value = loss(Y, looped(X))
        weights = looped.trainable_weights
        looped.optimizer.apply_gradients(zip(tape.gradient(value, weights), weights, strict=True))
    for one, other in zip(fitted.get_weights(), looped.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=2**-20)  # sums over 40 rows in another order


def test_the_interpreter_trains_as_machine_code_does(monkeypatch):
    one, other = (model(C.Simplex(), optimizer=ff.optimizers.SGD(0.05)) for _ in range(2))
    one.fit(X, Y, batch_size=10, epochs=2, verbose=0)
    monkeypatch.setattr(execution, "_backend", execution.BACKENDS["interpreter"]())
    other.fit(X, Y, batch_size=10, epochs=2, verbose=0)
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=2**-19)  # roundings of 8 steps, of numbers below 2


def by_file(made, folder):
    made.save(folder / "m.ff")
    return ff.load(folder / "m.ff")


@pytest.mark.parametrize(
    "way",
    [lambda made, _: copy.deepcopy(made), lambda made, _: pickle.loads(pickle.dumps(made)), by_file],
    ids=["copy", "pickle", "file"],
)
def test_a_copy_is_constrained_too(way, tmp_path):
    made = model(C.Simplex(2.0, axis=1))
    made.fit(X, Y, epochs=1, verbose=0)
    again = way(made, tmp_path)
    assert again.layers[0].kernel_constraint == C.Simplex(2.0, axis=1)
    again.fit(X, Y, epochs=1, verbose=0)
    made.fit(X, Y, epochs=1, verbose=0)
    for one, other in zip(made.get_weights(), again.get_weights(), strict=True):
        assert one.tobytes() == other.tobytes()


def test_a_variable_keeps_its_constraint_in_copies():
    w = ff.Variable([3.0, -3.0], constraint=C.NonNegative())
    for each in (w, copy.deepcopy(w), pickle.loads(pickle.dumps(w))):
        ff.optimizers.SGD(1.0).apply_gradients([(ff.Tensor([1.0, 1.0]), each)])
        assert each.tolist() == [2.0, 0.0]
    assert ff.Variable(1.0).constraint is None


@dataclass(frozen=True)
class Halves(C.Constraint):
    """Rounds to halves, and counts."""

    def __call__(self, weight):
        calls.append(weight.shape)
        return (weight * 2.0 + 0.5 - (weight * 2.0 + 0.5) % 1.0) / 2.0


calls = []


def test_a_constraint_of_a_users_own_is_asked_in_every_turn():
    calls.clear()
    w, optimizer = ff.Variable([3.2, -3.2], constraint=Halves()), ff.optimizers.SGD(0.0)
    for _ in range(4):
        optimizer.apply_gradients([(ff.Tensor([1.0, 1.0]), w)])
    assert w.tolist() == [3.0, -3.0]
    assert len(calls) == 4


def test_a_frozen_weight_is_left_alone_and_a_given_one_until_the_next_step():
    made = model(C.Box(-0.1, 0.1))
    made.layers[0].trainable = False
    made.layers[0].set_weights([np.ones((3, 4)), np.zeros(4)])
    made.fit(X, Y, epochs=1, verbose=0)
    assert (made.layers[0].kernel.numpy() == 1).all()
    made.layers[0].trainable = True
    made.fit(X, Y, epochs=1, verbose=0)
    assert abs(made.layers[0].kernel.numpy()).max() <= np.float32(0.1)


NUMBERS = [
    lambda v: {"constraint": C.MaxNorm(v)},
    lambda v: {"constraint": C.MinMaxNorm(v / 2, v, v / 4)},
    lambda v: {"constraint": C.Box(-v, 2 * v)},
    lambda v: {"constraint": C.Ball(v)},
    lambda v: {"constraint": C.Simplex(v)},
    lambda v: {"activation": L.LeakyReLU(v)},
    lambda v: {"activation": L.ELU(v)},
    lambda v: {"activation": L.Swish(v)},
    lambda v: {"loss": ff.losses.Huber(v)},
    lambda v: {"loss": ff.losses.Quantile(v)},
]


@pytest.mark.parametrize("of", NUMBERS)
def test_another_number_in_a_setting_makes_no_new_code(of, monkeypatch):
    made, init = [], codes.Compiled.__init__
    monkeypatch.setattr(codes.Compiled, "__init__", lambda self, *args: (made.append(args), init(self, *args))[1])
    for number in (0.4, 0.7, 0.63):
        settings = of(number)
        dense = L.Dense(5, settings.get("activation"), kernel_constraint=settings.get("constraint"))
        network = ff.Sequential([ff.Input((3,)), dense, L.Dense(1)])
        network.compile("sgd", settings.get("loss", "mse"))
        network.fit(X, Y, verbose=0)
        if number == 0.4:
            made.clear()
    assert not made


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: C.MaxNorm(0), "MaxNorm(max_value=0): max_value must be a number > 0. Got 0."),
        (lambda: C.Ball(np.nan), "Ball(radius=nan): radius must be a number > 0. Got nan."),
        (lambda: C.Simplex("1"), "Simplex(total='1'): total must be a number > 0. Got '1'."),
        (lambda: C.Simplex(axis=(0, 1)), "Simplex(axis=(0, 1)): axis must be an int. Got (0, 1)."),
        (lambda: C.UnitNorm("0"), "UnitNorm(axis='0'): axis must be an int or a tuple of ints. Got '0'."),
        (lambda: C.MaxNorm(axis=()), "MaxNorm(axis=()): axis must be an int or a tuple of ints. Got ()."),
        (lambda: C.MinMaxNorm(rate=0), "MinMaxNorm(rate=0): rate must be a number above 0 to 1. Got 0."),
        (lambda: C.MinMaxNorm(2, 1), "MinMaxNorm(min_value=2, max_value=1): min_value must be <= max_value."),
        (lambda: C.Box(1, 0), "Box(low=1, high=0): low must be <= high. Got 1 and 0."),
        (lambda: C.Box(None, None), "Box(low=None, high=None): it has no bounds. Give one."),
        (lambda: C.Box("0"), "Box(low='0'): low must be a number. Got '0'."),
        (lambda: C.Box(None, np.nan), "Box(high=nan): high must be a number. Got nan."),
        (lambda: L.Dense(2, kernel_constraint="maxnrm"), "Unknown constraint 'maxnrm'. Did you mean 'max_norm'?"),
        (lambda: L.Dense(2, bias_constraint=2.0), "constraint: got 2.0. Give a name or an instance; known: ball, box,"),
        (
            lambda: ff.Variable(1.0, constraint="box"),
            "Variable(constraint='box'): give one of feedforward.constraints, or a function.",
        ),
        (lambda: C.Constraint()(ff.Tensor(1.0)), "Constraint has no __call__(). Define __call__(self, weight)."),
    ],
)
def test_a_wrong_setting_is_refused_with_what_was_expected(make, message):
    with pytest.raises((ValueError, TypeError, NotImplementedError)) as caught:
        make()
    assert str(caught.value).startswith(message)


def test_an_axis_that_the_weight_lacks_is_found_when_the_layer_is_built():
    with pytest.raises(ShapeError, match="axis 2 does not exist in an array of 2 dimensions"):
        L.Dense(2, kernel_constraint=C.UnitNorm(axis=2))(X)


def test_a_configuration_that_does_not_fit_is_refused():
    config = {"class": "dense", "units": 1, "kernel_constraint": {"class": "max_norm", "axis": [0, "1"]}}
    with pytest.raises(FormatError, match="axis must be an int or a tuple of ints"):
        from_config(LAYERS, config)


def norms(weight, axes):
    return np.sqrt(np.sum(weight.numpy().astype(np.float64) ** 2, axes))


@pytest.mark.parametrize("is_own", [False, True])
def test_the_weights_of_other_layers_are_kept_in_their_sets_too(is_own):
    keep = ff.constraints
    layers = ff.layers
    first = layers.Embedding(5, 8, embeddings_constraint=keep.MaxNorm(0.5, axis=1))
    conv = layers.Conv2D(3, 2, kernel_constraint=keep.MaxNorm(0.25, axis=(0, 1, 2)), bias_constraint="non_negative")
    depthwise = layers.DepthwiseConv2D(2, depthwise_constraint=keep.MaxNorm(0.25, axis=(0, 1)))
    norm = layers.BatchNormalization(gamma_constraint="non_negative", beta_constraint=keep.Box(-0.01, 0.01))
    conv1d = layers.Conv1D(2, 2, kernel_constraint=keep.MaxNorm(0.25, axis=(0, 1)))
    inner = [layers.Reshape((4, 4, 2)), conv, depthwise, norm, layers.Reshape((4, 3)), conv1d, layers.Flatten()]
    model = ff.Sequential([ff.Input((4,), dtype="int32"), first, *inner, layers.Dense(1)])
    optimizer = ff.optimizers.SGD(1.0)
    x, y = np.random.default_rng(0).integers(0, 5, (32, 4)), np.random.default_rng(1).normal(size=(32, 1))
    if is_own:
        for _ in range(3):
            with ff.GradientTape() as tape:
                loss = ((model(x, training=True) - y.astype(np.float32)) ** 2).mean()
            slopes = tape.gradient(loss, model.trainable_weights)
            optimizer.apply_gradients(zip(slopes, model.trainable_weights, strict=True))
    else:
        model.compile(optimizer, "mse")
        model.fit(x, y, epochs=3, verbose=0)
    # A division and a product round a norm by two parts in 2^23 at most.
    for weight, axes, most in (
        (first.embeddings, 1, 0.5),
        (conv.kernel, (0, 1, 2), 0.25),
        (depthwise.kernel, (0, 1), 0.25),
        (conv1d.kernel, (0, 1), 0.25),
    ):
        assert 0 < norms(weight, axes).max() <= most * (1 + 2.0**-22)
    assert (conv.bias.numpy() >= 0).all() and (norm.gamma.numpy() >= 0).all()
    assert np.abs(norm.beta.numpy()).max() <= np.float32(0.01)
