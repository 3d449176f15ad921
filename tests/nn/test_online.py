"""Oracles of the optimizers that measure distances by a norm of their own, or begin at their first weights.

Full-matrix Adagrad by the eigenvalues that ``numpy.linalg.eigh`` finds, dual averaging by its minimum; their regret by
its bound. The nearest points of sets by bisection in float64 NumPy, the conditions of optimality, and steps by hand.
"""

import copy
import math
import pickle

import numpy as np
import pytest

import feedforward as ff
from feedforward import execution
from feedforward.backends.interpreter import Interpreter
from feedforward.backends.llvm import Native
from feedforward.nn.constraints import Ball, Box, Constraint, MaxNorm, NonNegative, Simplex
from feedforward.nn.optimizers import SGD, Adagrad, Adam, DualAveraging, FullMatrixAdagrad
from feedforward.tensor import Tensor, Variable

EPSILON = 2**-53


def bisected(function, low, high):
    """Return where a falling function is 0."""
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if function(middle) > 0 else (low, middle)
    return (low + high) / 2


def nearest(constraint, w, h):
    """Return the point of a set where sum(h (x - w)^2) is smallest, with its multiplier by bisection."""
    if isinstance(constraint, NonNegative):
        return np.maximum(w, 0)
    if isinstance(constraint, Box):
        low = -np.inf if constraint.low is None else constraint.low
        return np.clip(w, low, np.inf if constraint.high is None else constraint.high)
    if isinstance(constraint, Ball | MaxNorm):
        radius = constraint.radius if isinstance(constraint, Ball) else constraint.max_value
        if np.linalg.norm(w) <= radius:
            return w
        a = bisected(lambda a: np.linalg.norm(h * w / (h + a)) - radius, 0, h.max() * np.linalg.norm(w) / radius)
        return h * w / (h + a)
    spread = (np.abs(w).sum() + constraint.total) * h.max()
    a = bisected(lambda a: np.maximum(w - a / h, 0).sum() - constraint.total, -spread, spread)
    return np.maximum(w - a / h, 0)


SETS = [
    Box(),
    Box(-0.5, 0.25),
    Box(None, -1.0),
    Box(0.5, None),
    NonNegative(),
    Ball(),
    Ball(3.0),
    MaxNorm(0.5),
    Simplex(),
    Simplex(2.5),
]


@pytest.mark.parametrize("constraint", SETS, ids=repr)
@pytest.mark.parametrize("count", [1, 2, 7, 60])
def test_the_nearest_point_by_a_norm_of_numbers_is_that_of_the_formula(constraint, count):
    random = np.random.default_rng(count)
    for scale in (0.1, 1.0, 30.0):
        w, h = random.normal(size=count) * scale, np.exp(2 * random.normal(size=count))
        # Roundings of sums of 60 terms, and of a multiplier that is h times as large.
        limit = 1e-11 * max(scale, 1)
        for norm, counts in ((None, 1 + 0 * w), (Tensor(h), h)):
            found = constraint.nearest(Tensor(w), norm).numpy()
            np.testing.assert_allclose(found, nearest(constraint, w, counts), rtol=0, atol=limit)


@pytest.mark.parametrize("constraint", [MaxNorm(0.75), MaxNorm(0.75, axis=1), Simplex(), Simplex(axis=1)], ids=repr)
def test_along_an_axis_each_part_is_nearest_on_its_own(constraint):
    random = np.random.default_rng(6)
    w, h = random.normal(size=(4, 3)), np.exp(random.normal(size=(4, 3)))
    found = constraint.nearest(Tensor(w), Tensor(h)).numpy()
    turn = (lambda a: a) if constraint.axis == 1 else np.transpose
    rows = zip(turn(found), turn(w), turn(h), strict=True)
    for got, part, counts in rows:
        np.testing.assert_allclose(got, nearest(constraint, part, counts), rtol=0, atol=1e-12)
    matrix = np.diag(h.ravel())
    slow = constraint.nearest(Tensor(w), (Tensor(matrix), Tensor(np.linalg.inv(matrix)))).numpy()
    np.testing.assert_allclose(slow, found, rtol=0, atol=1e-6)  # 64 steps, k < 100


@pytest.mark.parametrize("constraint", [Box(-0.5, 0.25), Ball(), Simplex()], ids=repr)
@pytest.mark.parametrize("spread", [1.0, 10.0, 100.0])
def test_by_a_matrix_no_way_within_the_set_leads_nearer(constraint, spread):
    """The condition of optimality: (x - w)^T H (y - x) >= 0 for all y in the set; here for 200 of them."""
    random = np.random.default_rng(5)
    basis, _ = np.linalg.qr(random.normal(size=(6, 6)))
    matrix = basis * np.geomspace(1, spread, 6) @ basis.T
    w = random.normal(size=6) * 3
    x = constraint.nearest(Tensor(w), (Tensor(matrix), Tensor(np.linalg.inv(matrix)))).numpy()
    others = random.normal(size=(200, 6)) * 2
    inside = np.array([nearest(constraint, other, np.ones(6)) for other in others])
    slope = matrix @ (x - w)
    # 64 steps leave exp(-64 / sqrt(spread)) of a way of about 10; the slope is as much again times the spread.
    least = ((inside - x) @ slope).min()
    assert least > -100 * spread * math.exp(-64 / math.sqrt(spread)) - 1e-11 * spread
    np.testing.assert_allclose(x, nearest(constraint, x, np.ones(6)), rtol=0, atol=1e-12)  # it is in the set
    diagonal = np.exp(random.normal(size=6))
    exact = constraint.nearest(Tensor(w), Tensor(diagonal)).numpy()
    found = constraint.nearest(Tensor(w), (Tensor(np.diag(diagonal)), Tensor(np.diag(1 / diagonal)))).numpy()
    np.testing.assert_allclose(found, exact, rtol=0, atol=1e-6)


@pytest.mark.parametrize("constraint", SETS, ids=repr)
def test_by_a_norm_a_point_of_the_set_stays_and_the_shape_and_dtype_are_kept(constraint):
    random = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        h = Tensor(np.exp(random.normal(size=(3, 4))).astype(dtype))
        once = constraint.nearest(Tensor(random.normal(size=(3, 4)).astype(dtype) * 3), h)
        assert (once.shape, once.dtype) == ((3, 4), dtype)
        twice = constraint.nearest(once, h).numpy()
        np.testing.assert_allclose(twice, once.numpy(), rtol=0, atol=32 * np.finfo(dtype).eps)


def test_by_hand():
    # By h = (3, 1) the second loses three times as much: (1 - 1/4, 1 - 3/4).
    assert Simplex().nearest(Tensor([1.0, 1.0]), Tensor([3.0, 1.0])).tolist() == [0.75, 0.25]
    np.testing.assert_allclose(Ball(1.0)(Tensor(np.float32([3e30, 4e30]))).numpy(), [0.6, 0.8], rtol=1e-6)


def test_a_set_that_is_not_convex_is_asked_for_its_own_point():
    w, h = Tensor([3.0, 4.0]), Tensor([1.0, 100.0])
    for constraint in (ff.constraints.UnitNorm(), ff.constraints.MinMaxNorm()):
        np.testing.assert_allclose(constraint.nearest(w, h).numpy(), [0.6, 0.8], rtol=1e-6)


# in an optimizer


def trained(optimizer, gradients, start, constraint=None):
    w = Variable(np.array(start, np.float64), name="w", constraint=constraint)
    for g in gradients:
        optimizer.apply_gradients([(Tensor(np.array(g, np.float64)), w)])
    return w.numpy()


def test_the_projected_gradient_by_hand():
    # 2 - 1 = 1 -> 0.5; 0.5 - (-3) = 3.5 -> 0.5; 0.5 - 2 = -1.5 -> -0.5.
    assert trained(SGD(1.0), [[1.0]], [2.0], Box(-0.5, 0.5)) == [0.5]
    assert trained(SGD(1.0), [[1.0], [-3.0], [2.0]], [2.0], Box(-0.5, 0.5)) == [-0.5]
    # (0, 0) - (-3, -4) = (3, 4), of length 5.
    np.testing.assert_allclose(trained(SGD(1.0), [[-3.0, -4.0]], [0, 0], Ball(1.0)), [0.6, 0.8])


def test_adagrad_measures_by_its_own_norm():
    # One step from (0, 0): s = (1, 16), w = -r g / sqrt(s) = (3, 3); by h = sqrt(s) = (1, 4) onto x + y = 2, x, y >= 0:
    # the loss of 4 is shared as 1 : 1/4, that is (3 - 3.2, ...) < 0 for the first, so that it is (0, 2).
    optimizer = Adagrad(3.0, initial_accumulator_value=0, epsilon=1e-30)
    got = trained(optimizer, [[-1.0, -4.0]], [0.0, 0.0], Simplex(2.0))
    np.testing.assert_allclose(got, [0, 2], atol=8 * EPSILON)
    # The Euclidean nearest point is (1, 1).
    np.testing.assert_allclose(Simplex(2.0)(Tensor([3.0, 3.0])).numpy(), [1, 1])


def constrained(units):
    return ff.layers.Dense(units, kernel_constraint=Ball(0.75), bias_constraint=Box(-0.01, 0.01))


@pytest.mark.parametrize("backend", [Native, Interpreter])
@pytest.mark.parametrize("make", [SGD, Adam, Adagrad, FullMatrixAdagrad, DualAveraging])
def test_parameters_are_in_their_sets_after_fit(make, backend, monkeypatch):
    monkeypatch.setattr(execution, "_backend", backend())
    random = np.random.default_rng(0)
    x = random.normal(size=(24, 4)).astype(np.float32)
    model = ff.Sequential([ff.Input((4,)), constrained(3), constrained(1)])
    model.compile(make(0.5), "mean_squared_error")
    model.fit(x, x[:, :1] * 3 + 5, epochs=3, batch_size=8, verbose=0)
    for layer in model.layers:
        kernel, bias = layer.get_weights()
        assert np.linalg.norm(kernel) <= 0.75 * (1 + 4 * 2**-24)
        assert np.abs(bias).max() <= np.float32(0.01)


def test_sets_are_kept_in_a_file_and_a_model_goes_on_with_the_same_bits(tmp_path):
    x = np.random.default_rng(0).normal(size=(24, 4)).astype(np.float32)

    def fit(model, epochs, initial_epoch=0):
        model.fit(x, x[:, :1] * 3, epochs=epochs, initial_epoch=initial_epoch, batch_size=8, verbose=0)

    for optimizer in (
        SGD(0.5, momentum=0.5),
        Adagrad(0.5),
        FullMatrixAdagrad(0.5),
        DualAveraging(0.05, l1_regularization_strength=0.01, use_ema=True, ema_momentum=None),
    ):
        whole = ff.Sequential([ff.Input((4,)), constrained(3), constrained(1)])
        whole.compile(optimizer, "mean_squared_error")
        fit(whole, 1)
        whole.save(tmp_path / "m.ff")
        others = [ff.load(tmp_path / "m.ff"), copy.deepcopy(whole), pickle.loads(pickle.dumps(whole))]
        for model in (whole, *others):
            fit(model, 3, 1)
        for other in others:
            for one, two in zip(
                whole.weights + whole.optimizer.variables, other.weights + other.optimizer.variables, strict=True
            ):
                np.testing.assert_array_equal(one.numpy(), two.numpy())


def test_a_convex_set_of_your_own_needs_only_its_nearest_point():
    class Line(Constraint):
        """The points whose two elements are equal."""

        is_convex = True

        def __call__(self, weight):
            return weight * 0.0 + weight.mean()

    np.testing.assert_allclose(trained(SGD(1.0), [[-3.0, -1.0]], [0.0, 0.0], Line()), [2, 2])
    # By h = (3, 1) the nearest is the weighted mean, (3 * 3 + 1 * 1) / 4.
    found = Line().nearest(Tensor([3.0, 1.0]), Tensor([3.0, 1.0])).numpy()
    np.testing.assert_allclose(found, [2.5, 2.5], rtol=1e-7)


def test_a_function_is_a_constraint_too():
    assert trained(Adagrad(1.0), [[1.0]], [0.0], lambda w: w * 0.0 + 7.0) == [7.0]


# full-matrix Adagrad


def full_matrix(gradients, rate, first, exponent=40):
    w, total = np.zeros(len(gradients[0])), first * np.eye(len(gradients[0]))
    for g in np.asarray(gradients, np.float64):
        total = total + np.outer(g, g)
        values, vectors = np.linalg.eigh(total + 2.0**-exponent * np.linalg.norm(total) * np.eye(len(g)))
        w = w - rate * vectors @ ((vectors.T @ g) / np.sqrt(values))
    return w


@pytest.mark.parametrize("count", [1, 2, 5, 20])
@pytest.mark.parametrize("first", [1e-6, 0.1])
def test_a_step_by_the_full_matrix_is_that_of_its_eigenvalues(count, first):
    random = np.random.default_rng(count)
    gradients = random.normal(size=(12, count)) * np.geomspace(0.01, 1, count)
    got = trained(FullMatrixAdagrad(0.1, first), gradients, np.zeros(count))
    # Roundings of 2^-53 grow by the condition of the root, sqrt(2^40) at most.
    np.testing.assert_allclose(got, full_matrix(gradients, 0.1, first), rtol=0, atol=2**-53 * 2**20 * 64)
    narrow, w = FullMatrixAdagrad(0.1, first), Variable(np.zeros(count, np.float32))
    for g in gradients.astype(np.float32):
        narrow.apply_gradients([(Tensor(g), w)])
    # The sums are rounded to 2^-24, which the condition of 2^20 lets through; first is far above that where it is 0.1.
    if first == 0.1:
        np.testing.assert_allclose(w.numpy(), full_matrix(gradients, 0.1, first, 20), rtol=0, atol=1e-4)
    assert np.isfinite(w.numpy()).all()


def test_along_the_axes_the_full_matrix_is_the_diagonal():
    """Identity: gradients with one element each give a diagonal S."""
    gradients = [[0.5, 0, 0], [0, -2, 0], [0, 0, 1e-3], [1, 0, 0], [0, 3, 0]]
    full = trained(FullMatrixAdagrad(0.1, 0.1), gradients, np.ones(3))
    diagonal = trained(Adagrad(0.1, initial_accumulator_value=0.1, epsilon=1e-30), gradients, np.ones(3))
    np.testing.assert_allclose(full, diagonal, rtol=0, atol=1e-11)  # 2^-40 of |S| = 13 beside 0.1


def test_a_turned_problem_takes_turned_steps_by_the_full_matrix_alone():
    random = np.random.default_rng(1)
    turn, _ = np.linalg.qr(random.normal(size=(4, 4)))
    gradients = random.normal(size=(10, 4)) * [1, 0.1, 3, 0.5]
    for make, is_turned in ((FullMatrixAdagrad, True), (Adagrad, False)):
        plain, turned = (trained(make(0.1), g, np.zeros(4)) for g in (gradients, gradients @ turn.T))
        assert np.allclose(turn @ plain, turned, rtol=0, atol=1e-10) == is_turned


def test_gradients_of_zero_and_of_infinite_spread_stay_finite():
    assert trained(FullMatrixAdagrad(0.1), np.zeros((3, 4)), np.ones(4)).tolist() == [1] * 4
    for scale in (1e-15, 1e-3, 1e6, 1e15):
        w = Variable(np.zeros(3, np.float32))
        optimizer = FullMatrixAdagrad(0.1)
        for g in ([1, 2, 3], [1, 2, 3], [1, 2, 3.001]):
            optimizer.apply_gradients([(Tensor(np.float32(g) * np.float32(scale)), w)])
        assert np.isfinite(w.numpy()).all() and np.abs(w.numpy()).max() < 1


def test_the_nearest_point_of_full_matrix_adagrad_is_meant_by_its_root():
    random = np.random.default_rng(2)
    gradients = random.normal(size=(1, 3)) * [3, 1, 0.1]
    free = full_matrix(gradients, 2.0, 0.1)
    total = 0.1 * np.eye(3) + np.outer(gradients[0], gradients[0])
    values, vectors = np.linalg.eigh(total)
    matrix = vectors * np.sqrt(values) @ vectors.T

    def inside(a):
        return np.linalg.solve(matrix + a * np.eye(3), matrix @ free)

    assert np.linalg.norm(free) > 0.5
    a = bisected(lambda a: np.linalg.norm(inside(a)) - 0.5, 0, 1e3)
    got = trained(FullMatrixAdagrad(2.0), gradients, np.zeros(3), Ball(0.5))
    np.testing.assert_allclose(got, inside(a), rtol=0, atol=1e-6)  # 64 steps, k < 20


# dual averaging


def test_dual_averaging_is_the_minimum_of_what_it_minimises():
    random = np.random.default_rng(3)
    gradients, start = random.normal(size=(9, 5)), random.normal(size=5)
    for penalty in (0.0, 0.05):
        for t in (1, 4, 9):
            got = trained(DualAveraging(0.5, penalty), gradients[:t], start)
            z = gradients[:t].sum(0)

            def cost(w, z=z, t=t, penalty=penalty):
                return z @ w + penalty * t * abs(w).sum() + math.sqrt(t) * ((w - start) ** 2).sum() / (2 * 0.5)

            for _ in range(200):
                assert cost(got) <= cost(got + random.normal(size=5) * 0.01) + 1e-12
            free = start - 0.5 / math.sqrt(t) * z
            most = 0.5 * penalty * math.sqrt(t)
            np.testing.assert_allclose(got, np.sign(free) * np.maximum(abs(free) - most, 0), rtol=0, atol=50 * EPSILON)
    assert (trained(DualAveraging(0.1, 10.0), gradients, start) == 0).all()


@pytest.mark.parametrize(
    ("optimizer", "bound"),
    [
        # Zinkevich: |x|^2 <= 1 and |g| <= 1, r_t = D / sqrt(t) with D = 2: 1.5 D sqrt(T). Nesterov: the same order,
        # with r = 1 / 2: (1 / (2 r) + r) sqrt(T) = 1.5 sqrt(T), doubled for the first steps. Duchi: sqrt(2) D times
        # the sum of the lengths of each coordinate's gradients, at most sqrt(3 T).
        (SGD(ff.optimizers.schedules.InverseSquareRootDecay(2.0)), 3.0),
        (DualAveraging(0.5), 3.0),
        (Adagrad(math.sqrt(2), 1e-12), 2 * math.sqrt(2) * math.sqrt(3)),
        (FullMatrixAdagrad(math.sqrt(2), 1e-3), 2 * math.sqrt(2) * math.sqrt(3)),
    ],
    ids=lambda x: type(x).__name__,
)
def test_the_regret_is_below_its_bound(optimizer, bound):
    """Losses g_t^T w with |g_t| = 1, against the best fixed point of the ball in hindsight."""
    random = np.random.default_rng(4)
    turns = 200
    gradients = random.normal([0.3, 0.0, -0.1], 1.0, (turns, 3))
    gradients /= np.linalg.norm(gradients, axis=1, keepdims=True)
    w, suffered = Variable(np.zeros(3), name="w", constraint=Ball()), 0.0
    for g in gradients:
        suffered += g @ w.numpy()
        optimizer.apply_gradients([(Tensor(g), w)])
    regret = suffered + np.linalg.norm(gradients.sum(0))
    assert 0 < regret <= bound * math.sqrt(turns)


# wrong use


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: FullMatrixAdagrad().build([Variable(np.zeros((20, 20)), name="kernel")]),
            "FullMatrixAdagrad: variable 'kernel' has 400 elements, which needs a matrix of 400 x 400. Expected at",
        ),
        (
            lambda: FullMatrixAdagrad().build([Variable(np.zeros(256), name=f"w{place}") for place in range(65)]),
            "FullMatrixAdagrad: 65 variables need matrices of 4,259,840 elements together. Expected at most 4,194,304.",
        ),
        (
            lambda: FullMatrixAdagrad(initial_accumulator_value=0),
            "initial_accumulator_value must be a number > 0. Got 0.",
        ),
        (
            lambda: DualAveraging(weight_decay=0.1),
            "DualAveraging(weight_decay=0.1): a step begins at the first weights, so that this would have no effect.",
        ),
        (
            lambda: DualAveraging(use_ema=True, ema_overwrite_frequency=3),
            "DualAveraging(ema_overwrite_frequency=3): a step begins",
        ),
    ],
)
def test_a_wrong_argument_is_refused_with_what_was_expected(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert message in str(caught.value)
