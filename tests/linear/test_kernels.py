"""Oracle (b): the same steps in NumPy (``reference.py``); losses by theirs in closed form.

Tolerance: sums of at most 40 terms around 1 in another order, over 200 steps: 1e-11.
"""

import numpy as np
import pytest

import linear_reference as reference
from feedforward.linear import losses
from feedforward.linear.loops import kernels
from feedforward.linear.rows import Rows

N, D, SCALE = 60, 40, 0.7
LOSSES = [
    losses.Hinge(),
    losses.SquaredHinge(),
    losses.ModifiedHuber(),
    losses.Perceptron(),
    losses.Logistic(),
    losses.Exponential(),
    losses.Sigmoid(),
    losses.Squared(),
    losses.EpsilonInsensitive(0.1),
    losses.SquaredEpsilonInsensitive(0.1),
]
FORMS = {"dense": ("float32", None), "int32": ("float32", "int32"), "int64": ("float64", "int64")}


def rows_of_form(values, indices):
    """Rows of 0 to 40 values, the sixth of none."""
    random = np.random.default_rng(0)
    x = random.normal(size=(N, D)) * (random.random((N, D)) < random.random((N, 1)))
    x[5], x[6] = 0.0, random.normal(size=D)
    x = x.astype(values)
    if indices is None:
        return Rows(x.shape, x)
    row, column = np.nonzero(x)
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=N))])
    return Rows(x.shape, x[row, column], column.astype(indices), starts.astype(indices))


@pytest.fixture(scope="module", params=FORMS)
def rows(request):
    return rows_of_form(*FORMS[request.param])


@pytest.fixture(scope="module")
def sparse():
    return rows_of_form(*FORMS["int32"])


@pytest.fixture
def random():
    return np.random.default_rng(1)


def same(*pairs):
    for machine, numpy in pairs:
        np.testing.assert_allclose(machine, numpy, rtol=1e-11, atol=1e-11)


def targets(random):
    return np.where(random.random(N) < 0.5, 1.0, -1.0), random.random(N) / N


def test_products_with_rows_are_those_of_numpy(rows, random) -> None:
    for shape in ((), (1,), (11,)):
        w, v = random.normal(size=(D, *shape)), random.normal(size=(N, *shape))
        same((kernels.margins(rows, w), reference.margins(rows, w)))
        same((kernels.transposed(rows, v), reference.transposed(rows, v)))


def test_sums_over_rows_are_those_of_dense_products(rows, random) -> None:
    """The formulas in float64: rows with the constant beside them, as a matrix; some rows weigh nothing."""
    dense = np.hstack([rows.dense().astype(np.float64), np.full((N, 1), SCALE)])
    weight, v = random.random(N) * (random.random(N) < 0.5), random.normal(size=D + 1)
    same(
        (kernels.squared_norms(rows), (dense[:, :-1] ** 2).sum(1)),
        (kernels.squares(rows, weight), weight @ dense[:, :-1] ** 2),
        (kernels.curved(rows, weight, SCALE, v), dense.T @ (weight * (dense @ v))),
    )
    if rows.is_sparse:
        same((kernels.outer(rows, weight), (dense[:, :-1].T * weight) @ dense[:, :-1]))


def test_outer_products_do_not_need_columns_that_rise() -> None:
    rows = Rows((2, 3), np.array([1.0, 2.0, 3.0, 5.0]), np.array([2, 0, 1, 0], np.int32), np.array([0, 3, 4], np.int32))
    dense = np.array([[2.0, 3.0, 1.0], [5.0, 0.0, 0.0]])  # the same, by hand
    same((kernels.outer(rows, np.array([2.0, 1.0])), 2.0 * np.outer(dense[0], dense[0]) + np.outer(dense[1], dense[1])))


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_losses_of_rows_are_those_of_numpy(rows, random, loss) -> None:
    y, cost = targets(random)
    u = random.normal(size=D + 1)
    scores, found = kernels.losses_of(rows, y, cost, loss, SCALE, u)
    expected = reference.margins(rows, u[:-1]) + SCALE * u[-1]
    same((scores, expected), (found, cost * loss.value(expected, y)))


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_stochastic_steps_are_those_of_numpy(sparse, random, loss) -> None:
    y, cost = targets(random)
    u = random.normal(size=D + 1) * 0.1
    machine, numpy, order = u.copy(), u.copy(), random.integers(0, N, 200)
    for kind, weights in ((kernels, machine), (reference, numpy)):
        kind.sgd_pass(sparse, y, cost, loss, SCALE, weights, order, 1.0 / np.arange(1, 201))
    same((machine, numpy))


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: type(loss).__name__)
def test_slopes_at_and_beside_kinks_are_those_of_the_loss(loss) -> None:
    scores = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])  # of targets -1 and 1; the tube's half width is 0.5 here
    loss = type(loss)(0.5) if hasattr(loss, "epsilon") else loss
    rows = Rows((7, 1), scores.astype(np.float32), np.zeros(7, np.int32), np.arange(8, dtype=np.int32))
    for target in (-1.0, 1.0):
        y = np.full(7, target)
        for row in range(7):
            u = np.array([1.0, 0.0])
            kernels.sgd_pass(rows, y, np.ones(7), loss, 1.0, u, np.array([row]), np.array([0.25]))
            slope = u[1] / (-0.25 * 7)
            assert slope == pytest.approx(float(loss.slope(scores, y)[row]), rel=1e-14, abs=1e-15)


def test_dense_rows_and_far_indices_take_the_same_steps(rows, random) -> None:
    y, cost = targets(random)
    machine, numpy, order = np.zeros(D + 1), np.zeros(D + 1), random.permutation(N)
    for kind, weights in ((kernels, machine), (reference, numpy)):
        kind.sgd_pass(rows, y, cost, losses.Hinge(), SCALE, weights, order, np.full(N, 0.01))
    same((machine, numpy))


def test_mistakes_of_a_perceptron_are_those_of_numpy(rows, random) -> None:
    y, _ = targets(random)
    results = []
    for kind in (kernels, reference):
        u = np.zeros(D + 1)
        mistakes = [kind.perceptron_pass(rows, y, SCALE, u, np.arange(N)) for _ in range(5)]
        results.append((u, mistakes))
    same(*zip(*results, strict=True))
    assert results[0][1][0] > 0


@pytest.mark.parametrize("rate", [0.0, 0.5, 1.0, 1.5, 2.0])
def test_weights_decay_by_any_step_size(sparse, random, rate) -> None:
    """Also where all are multiplied by 0, or by so much in all that no number holds it."""
    y, cost = targets(random)
    machine, numpy = np.ones(D + 1), np.ones(D + 1)
    for kind, weights in ((kernels, machine), (reference, numpy)):
        kind.sgd_pass(sparse, y, cost, losses.Hinge(), SCALE, weights, np.arange(N).repeat(2), np.full(2 * N, rate))
    same((machine, numpy))


@pytest.mark.parametrize("solver", ["svrg_pass", "saga_pass"])
def test_steps_of_less_variance_are_those_of_numpy(rows, random, solver) -> None:
    y, cost = targets(random)
    slopes = random.normal(size=N) / N
    gradient = np.append(reference.transposed(rows, slopes), SCALE * slopes.sum())
    results = []
    for kind in (kernels, reference):
        given = np.ones(D + 1), slopes.copy(), gradient.copy()
        order = np.random.default_rng(2).integers(0, N, 200)
        getattr(kind, solver)(rows, y, cost, losses.Logistic(), SCALE, given[0], order, 0.05, *given[1:])
        results.append(given)
    same(*zip(*results, strict=True))


@pytest.mark.parametrize("loss", [losses.Hinge(), losses.SquaredHinge(), losses.EpsilonInsensitive(0.1)], ids=repr)
def test_dual_steps_are_those_of_numpy_and_leave_the_same_variables(rows, random, loss) -> None:
    y, cost = targets(random)
    box = loss.box(y, 50.0 * cost)
    norms = kernels.squared_norms(rows) + SCALE**2
    results = []
    for kind in (kernels, reference):
        beta, u, order, worst = np.zeros(N), np.zeros(D + 1), np.arange(N), np.inf
        left = []
        for _ in range(6):
            order, worst = kind.dual_pass(rows, box, SCALE, norms, beta, u, order, worst)
            left.append(len(order))
        results.append((beta, u, order, worst, left))
    same(*zip(*results, strict=True))
    assert results[0][-1][-1] < N or isinstance(loss, losses.SquaredHinge)  # whose variables have one end only


def test_the_variable_of_an_empty_row_goes_where_its_slope_says(sparse) -> None:
    y = np.ones(N)
    beta, u = np.zeros(N), np.zeros(D + 1)
    norms = kernels.squared_norms(sparse)
    kernels.dual_pass(sparse, losses.Hinge().box(y, y), 0.0, norms, beta, u, np.array([5]), np.inf)
    assert beta[5] == 1.0  # the end of its box


def test_a_step_along_a_logistic_variable_leaves_at_most_a_tenth_of_its_slope(rows, random) -> None:
    """The slope at a = c / (1 + exp(t)) is t - y s, by D's derivative; the tenth is what `_LEFT` allows."""
    y, cost = targets(random)
    norms = kernels.squared_norms(rows) + SCALE**2

    def variable(t):
        return costs[row] / (1.0 + np.exp(np.minimum(t, 700.0)))

    for size in (1e-6, 1.0, 1e3, 1e9):
        costs, held = size * cost * N, random.normal(size=N) * 6.0
        share = y * costs / (1.0 + np.exp(held))
        u = np.append(reference.transposed(rows, share), SCALE * share.sum())
        for row in range(N):
            x = np.append(rows.dense()[row], SCALE)
            before, old = held[row] - y[row] * (x @ u), variable(held[row])
            u_before = u.copy()
            seen = kernels.logistic_dual_pass(rows, y, costs, SCALE, norms, held, u, np.array([row]), 0.0)
            change = variable(held[row]) - old
            # Weights up to size * N * |x|, of which a score keeps 16 digits.
            digits = 1e-14 * (1.0 + np.abs(x) @ np.abs(u_before) + norms[row] * costs[row])
            assert seen == pytest.approx(abs(before), abs=digits, rel=1e-11)
            assert abs(held[row] - y[row] * (x @ u)) <= 0.1 * abs(before) + digits
            np.testing.assert_allclose(u, u_before + y[row] * change * x, rtol=1e-11, atol=digits)


def test_a_logistic_variable_with_a_small_slope_stays(sparse, random) -> None:
    y, cost = targets(random)
    held, u, norms = random.normal(size=N), np.zeros(D + 1), kernels.squared_norms(sparse)
    before = held.copy()
    seen = kernels.logistic_dual_pass(sparse, y, cost, 0.0, norms, held, u, np.arange(N), np.abs(held).max() * 1.01)
    assert (held == before).all() and (u == 0.0).all() and seen == np.abs(held).max()  # all scores are 0


@pytest.mark.parametrize("kind", ["crammer_singer", "weston_watkins"])
@pytest.mark.parametrize("classes", [2, 3, 8, 19])
def test_steps_of_several_classes_are_those_of_numpy(rows, random, kind, classes) -> None:
    labels = random.integers(0, classes, N)
    norms = kernels.squared_norms(rows) + SCALE**2
    for cost in (np.full(N, 1e-3), random.random(N), np.full(N, 1e3)):
        results = []
        for kind_of in (kernels, reference):
            alpha, u = np.zeros((N, classes)), np.zeros((D + 1, classes))
            order, left, moves = np.arange(N), [], 0.0
            for _ in range(4):
                order, moves = kind_of.class_pass(
                    rows, kind, labels, cost, SCALE, norms, alpha, u, order, 0.1 * moves / N + 1e-9 * cost.max()
                )
                left.append(len(order))
            results.append((alpha / cost.max(), u / cost.max(), order, moves / cost.max(), left))
        same(*zip(*results, strict=True))
        assert results[0][-1][-1] < N


@pytest.mark.parametrize("kind", ["crammer_singer", "weston_watkins"])
def test_an_empty_row_of_several_classes_is_left_alone(sparse, kind) -> None:
    alpha, u = np.zeros((N, 3)), np.zeros((D + 1, 3))
    order, moves = kernels.class_pass(
        sparse,
        kind,
        np.zeros(N, np.int64),
        np.ones(N),
        0.0,
        kernels.squared_norms(sparse),
        alpha,
        u,
        np.array([5]),
        0.0,
    )
    assert len(order) == 0 and moves == 0.0 and (alpha == 0.0).all()


def test_a_label_of_no_class_is_refused(sparse) -> None:
    labels = np.full(N, 3)
    with pytest.raises(ValueError, match=r"labels\[0\] is 3; expected integers from 0 to 2"):
        kernels.class_pass(
            sparse, "crammer_singer", labels, np.ones(N), 0.0, np.ones(N), np.zeros((N, 3)), np.zeros((D + 1, 3)),
            np.arange(N), 0.0,
        )  # fmt: skip


def test_threads_that_share_weights_reach_the_same_objective(sparse, random) -> None:
    y, cost = targets(random)
    machine, numpy = np.ones(D + 1), np.ones(D + 1)
    order, rates = random.permutation(N).repeat(20), np.full(20 * N, 0.002)
    rates[7] = 1.0  # which one thread does alone
    kernels.sgd_pass(sparse, y, cost, losses.Logistic(), SCALE, machine, order, rates, threads=2)
    reference.sgd_pass(sparse, y, cost, losses.Logistic(), SCALE, numpy, order, rates)
    values = [
        0.5 * u @ u + cost @ losses.Logistic().value(reference.margins(sparse, u[:-1]) + SCALE * u[-1], y)
        for u in (machine, numpy)
    ]
    assert values[0] == pytest.approx(values[1], rel=0.02)  # steps of 0.002 lost or seen late


def test_an_order_of_no_rows_changes_nothing(sparse) -> None:
    y, u, beta, none = np.ones(N), np.ones(D + 1), np.zeros(N), np.empty(0, np.int64)
    kernels.sgd_pass(sparse, y, y, losses.Hinge(), SCALE, u, none, np.empty(0))
    box = losses.Hinge().box(y, y)
    order, worst = kernels.dual_pass(sparse, box, SCALE, y, beta, u, none, np.inf)
    assert (u == 1.0).all() and len(order) == 0 and worst == 0.0


def test_a_loss_of_ones_own_has_no_machine_code(sparse) -> None:
    class Own(losses.Hinge):
        pass

    y, u = np.ones(N), np.ones(D + 1)
    with pytest.raises(ValueError, match=r"Own has no machine code; expected one of \['Hinge'"):
        kernels.sgd_pass(sparse, y, y, Own(), SCALE, u, np.arange(N), np.zeros(N))


def test_rows_that_point_outside_are_refused(sparse) -> None:
    faulty = Rows((N, D - 1), sparse.values, sparse.indices, sparse.starts)
    with pytest.raises(ValueError, match=r"indices\[\d+\] is 39; expected integers from 0 to 38"):
        kernels.margins(faulty, np.ones(D - 1))


@pytest.mark.parametrize("margin", [-700.0, -709.5, -800.0, -1e6])
@pytest.mark.parametrize("cost", [0.0, 1e-300, 1.0])
def test_an_exponential_that_float64_does_not_hold_takes_the_largest_step_there_is(margin, cost):
    row, y, order, rates = Rows((1, 1), np.ones((1, 1))), -np.ones(1), np.array([0]), np.array([1e-3])
    u, expected = np.array([-margin, 0.0]), np.array([-margin, 0.0])
    for passes, weights in ((kernels, u), (reference, expected)):
        passes.sgd_pass(row, y, np.array([cost]), losses.Exponential(), 0.0, weights, order, rates)
    assert np.isfinite(u).all()
    np.testing.assert_allclose(u, expected, rtol=1e-12)  # of exp(709), whose argument is rounded to 1e-13
