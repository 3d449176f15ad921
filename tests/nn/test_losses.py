"""Oracles: float64 NumPy formulas, jax.nn in float64, central differences, values recorded from Keras, and sklearn.

KERAS was recorded with keras 3.15.1 on TensorFlow 2.21.0, each loss from keras.losses as
``loss(**settings, reduction=None)(y, p)``, ``loss(**settings)(y, p)`` and the latter with ``sample_weight=[2, .5]``, on
the float32 arrays Y, P, Q, Z and LABELS below.
"""

import jax
import numpy as np
import pytest
from sklearn.metrics import log_loss

import feedforward as ff
from feedforward import execution
from feedforward.derivatives import grad
from feedforward.errors import DataError, ShapeError
from feedforward.graph.dimension import unknown
from feedforward.nn.activations import sigmoid, softmax
from feedforward.nn.config import from_config, resolve, snake_case, to_config
from feedforward.nn.losses import (
    LOSSES,
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KullbackLeiblerDivergence,
    Loss,
    MeanAbsoluteError,
    MeanSquaredError,
    SparseCategoricalCrossentropy,
)
from feedforward.ops import placeholder
from feedforward.tensor import Tensor, Variable, symbolic
from feedforward.tracing import trace

P = np.float32([[0.2, 0.5, 0.3], [0.1, 0.1, 0.8]])
Q = np.float32([[2, 5, 3], [0, 0, 0.5]])
Y = np.float32([[0, 1, 0], [0.5, 0.25, 0.25]])
Z = np.float32([[2, -1, 0.5], [-40, 0, 30]])
LABELS = np.array([1, 2])

NAMES = {
    "mean_squared_error": MeanSquaredError,
    "mean_absolute_error": MeanAbsoluteError,
    "binary_crossentropy": BinaryCrossentropy,
    "categorical_crossentropy": CategoricalCrossentropy,
    "sparse_categorical_crossentropy": SparseCategoricalCrossentropy,
    "kullback_leibler_divergence": KullbackLeiblerDivergence,
}

KERAS = [
    (MeanSquaredError(), Y, Q, [9.666666984558105, 0.125], 4.895833492279053, 9.697916984558105),
    (MeanAbsoluteError(), Y, Q, [3.0, 0.3333333432674408], 1.6666666269302368, 3.0833332538604736),
    (BinaryCrossentropy(), Y, P, [0.42432188987731934, 1.0405012369155884], 0.7324115633964539, 0.684447169303894),
    (
        BinaryCrossentropy(label_smoothing=0.1),
        Y,
        P,
        [0.46154841780662537, 1.0472590923309326],
        0.7544037699699402,
        0.7233631610870361,
    ),
    (
        BinaryCrossentropy(from_logits=True),
        Y,
        Z,
        [1.4714221954345703, 14.39771556854248],
        7.934568881988525,
        5.0708513259887695,
    ),
    (
        BinaryCrossentropy(from_logits=True, label_smoothing=0.1),
        Y,
        Z,
        [1.4130889177322388, 14.14771556854248],
        7.780402183532715,
        4.950017929077148,
    ),
    (CategoricalCrossentropy(), Y, P, [0.6931471824645996, 1.7827247381210327], 1.237936019897461, 1.1388283967971802),
    (CategoricalCrossentropy(), Y, Q, [0.6931471824645996, 12.088571548461914], 6.390859603881836, 3.715290069580078),
    (CategoricalCrossentropy(True), Y, Z, [3.2413113117218018, 42.5], 22.870655059814453, 13.866311073303223),
    (
        CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        Y,
        Z,
        [3.091311454772949, 41.58333206176758],
        22.337322235107422,
        13.487144470214844,
    ),
    (
        SparseCategoricalCrossentropy(),
        LABELS,
        P,
        [0.6931471824645996, 0.2231435477733612],
        0.4581453800201416,
        0.7489330768585205,
    ),
    (
        SparseCategoricalCrossentropy(from_logits=True),
        LABELS,
        Z,
        [3.2413113117218018, 0.0],
        1.6206556558609009,
        3.2413113117218018,
    ),
    # Keras has no label_smoothing here: F.cross_entropy(..., label_smoothing=0.1) of torch 2.13.0, and means by hand.
    (
        SparseCategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
        LABELS,
        Z,
        [3.091311296657157, 3.333333333333427],
        3.212322315,
        3.924644630,
    ),
    # Keras keeps y in [1e-7, 1] where it is 0: 0.6931442618370056 of the first sample.
    (
        KullbackLeiblerDivergence(),
        Y,
        P,
        [np.log(2), 0.7430039644241333],
        0.7180755724,
        0.8788981717,
    ),
]


def targets_for(loss, shape, random):
    """Return targets that fit predictions of a shape."""
    if isinstance(loss, SparseCategoricalCrossentropy):
        return random.integers(0, shape[-1], shape[:-1])
    if isinstance(loss, CategoricalCrossentropy | KullbackLeiblerDivergence):
        return random.dirichlet(np.ones(shape[-1]), shape[:-1])
    return random.random(shape)


def reference(loss, y, p):
    """Return the loss of each sample by the formulas of Goodfellow et al., in float64, from raw predictions."""
    if isinstance(loss, SparseCategoricalCrossentropy):
        y = np.eye(p.shape[-1])[y]
    if isinstance(loss, MeanSquaredError):
        values = (y - p) ** 2
    elif isinstance(loss, MeanAbsoluteError):
        values = abs(y - p)
    elif isinstance(loss, BinaryCrossentropy):
        y = y * (1 - loss.label_smoothing) + loss.label_smoothing / 2
        if loss.from_logits:
            values = y * np.logaddexp(0, -p) + (1 - y) * np.logaddexp(0, p)
        else:
            values = -y * np.log(p) - (1 - y) * np.log1p(-p)
    elif isinstance(loss, KullbackLeiblerDivergence):
        values = (y * np.log(y / p)).sum(-1)
    else:
        smoothing = getattr(loss, "label_smoothing", 0)
        y = y * (1 - smoothing) + smoothing / p.shape[-1]
        log_p = jax.nn.log_softmax(p) if loss.from_logits else np.log(p / p.sum(-1, keepdims=True))
        values = -(y * np.asarray(log_p)).sum(-1)
    return values.mean(tuple(range(1, values.ndim)))


EVERY = [
    MeanSquaredError(),
    MeanAbsoluteError(),
    BinaryCrossentropy(),
    BinaryCrossentropy(label_smoothing=0.2),
    BinaryCrossentropy(from_logits=True),
    BinaryCrossentropy(from_logits=True, label_smoothing=0.2),
    CategoricalCrossentropy(),
    CategoricalCrossentropy(label_smoothing=0.2),
    CategoricalCrossentropy(from_logits=True),
    CategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
    SparseCategoricalCrossentropy(),
    SparseCategoricalCrossentropy(from_logits=True),
    SparseCategoricalCrossentropy(label_smoothing=0.2),
    SparseCategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
    KullbackLeiblerDivergence(),
]


def predictions_for(loss, shape, random):
    return random.normal(size=shape) * 3 if getattr(loss, "from_logits", False) else random.uniform(0.05, 0.95, shape)


def test_every_loss_is_registered_under_its_snake_case_name_and_has_an_oracle():
    known = {type(row[0]) for row in KERAS}
    here = {name: LOSSES[name] for name in LOSSES if LOSSES[name].__module__ == "feedforward.nn.losses"}
    missing = [f"no oracle for losses.{name}" for name in here if here[name] not in known]
    assert not missing, missing  # others: test_margins.py and test_regression.py
    assert NAMES == here | {name: NAMES[name] for name in ("mean_squared_error", "mean_absolute_error")}
    assert {type(loss) for loss in EVERY} == known == set(NAMES.values())


@pytest.mark.parametrize(("loss", "y", "p", "per_sample", "mean", "weighted"), KERAS, ids=lambda x: repr(x)[:60])
def test_arrays_and_lists_are_taken_as_tensors_are(loss, y, p, per_sample, mean, weighted):
    for one, other, weight in ((y, p, np.float32([2, 0.5])), (y.tolist(), p.tolist(), [2, 0.5])):
        # Some dozen roundings, as in the tests on tensors below.
        assert loss(one, other).numpy() == pytest.approx(mean, rel=64 * 2**-24)
        assert loss(one, other, weight).numpy() == pytest.approx(weighted, rel=64 * 2**-24)


@pytest.mark.parametrize("y", [[0.0, 1.0], np.array([0.0, 1.0]), Tensor([0.0, 1.0]), Variable([0.0, 1.0])])
def test_the_loss_of_what_came_from_logits_is_computed_from_them_whatever_the_targets_are(y):
    # -log(sigmoid(-100)) = 100 in float32; from the rounded probability it would be 16.1.
    loss = BinaryCrossentropy()(y, sigmoid([100.0, -100.0]))
    assert loss.numpy() == 100


@pytest.mark.parametrize(("loss", "y", "p", "per_sample", "mean", "weighted"), KERAS, ids=lambda x: repr(x)[:60])
def test_values_are_those_of_keras(loss, y, p, per_sample, mean, weighted):
    # Keras computes in float32 too, logarithms and sums of three: 16 roundings.
    tolerance = {"rtol": 16 * 2**-24, "atol": 2**-23}
    np.testing.assert_allclose(loss.per_sample(Tensor(y), Tensor(p)).numpy(), per_sample, **tolerance)
    np.testing.assert_allclose(float(loss(Tensor(y), Tensor(p))), mean, **tolerance)
    with_weight = loss(Tensor(y), Tensor(p), sample_weight=Tensor(np.float32([2, 0.5])))
    np.testing.assert_allclose(float(with_weight), weighted, **tolerance)


@pytest.mark.parametrize("loss", EVERY, ids=repr)
@pytest.mark.parametrize("shape", [(1, 2), (5, 3), (0, 3), (2, 4, 3), (2, 1, 3, 2)])
def test_each_sample_has_the_loss_of_the_formula(loss, shape):
    random = np.random.default_rng(7)
    y, p = targets_for(loss, shape, random), predictions_for(loss, shape, random)
    result = loss.per_sample(Tensor(y), Tensor(p)).numpy()
    assert result.shape == shape[:1]
    np.testing.assert_allclose(result, reference(loss, y, p), rtol=64 * 2**-53, atol=64 * 2**-53)


@pytest.mark.parametrize("loss", EVERY, ids=repr)
def test_gradient_is_that_of_central_differences(loss, central_difference):
    random = np.random.default_rng(8)
    y, p = targets_for(loss, (4, 3), random), predictions_for(loss, (4, 3), random)
    direction = random.normal(size=(4, 3))
    expected, tolerance = central_difference(lambda a: float(loss(Tensor(y), Tensor(a[0]))), [p], [direction], 10)
    slope = grad(lambda t: loss(Tensor(y), t))(Tensor(p)).numpy()
    assert abs((slope * direction).sum() - expected) <= tolerance


def test_the_gradient_by_the_logits_is_probability_minus_target():
    random = np.random.default_rng(9)
    z, y = random.normal(size=(5, 3)) * 4, random.dirichlet(np.ones(3), 5)
    slope = grad(lambda t: CategoricalCrossentropy(from_logits=True)(Tensor(y), t))(Tensor(z)).numpy()
    np.testing.assert_allclose(slope, (jax.nn.softmax(z) - y) / 5, atol=16 * 2**-53)
    slope = grad(lambda t: BinaryCrossentropy(from_logits=True)(Tensor(y), t))(Tensor(z)).numpy()
    np.testing.assert_allclose(slope, (jax.nn.sigmoid(z) - y) / 15, atol=16 * 2**-53)


def test_the_gradient_at_logit_zero_is_a_half_minus_the_target():
    slope = grad(lambda t: BinaryCrossentropy(from_logits=True)(Tensor([[0.0, 1.0]]), t))(Tensor([[0.0, 0.0]]))
    assert slope.tolist() == [[0.25, -0.25]]


def test_the_derivative_of_the_absolute_error_is_zero_where_it_is_zero():
    assert grad(lambda t: MeanAbsoluteError()(Tensor([1.0, 2.0]), t))(Tensor([1.0, 4.0])).tolist() == [0, 0.5]


def test_cross_entropy_is_the_log_loss_of_sklearn():
    random = np.random.default_rng(10)
    p, labels = random.dirichlet(np.ones(4), 50), random.integers(0, 4, 50)
    value = float(SparseCategoricalCrossentropy()(Tensor(labels), Tensor(p)))
    assert value == pytest.approx(log_loss(labels, p, labels=range(4)), rel=1e-6)  # ours clips at 1e-7, theirs at eps


# stability


@pytest.mark.parametrize("z", [-1e4, -200.0, -88.0, -30.0, 0.0, 30.0, 88.0, 200.0, 1e4])
@pytest.mark.parametrize("y", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("from_logits", [True, False])
def test_binary_crossentropy_of_any_logit_is_exact_and_its_gradient_too(z, y, from_logits):
    loss = BinaryCrossentropy(from_logits=from_logits)

    def of(t):
        return loss(Tensor(np.float32([[y]])), t if from_logits else sigmoid(t))

    y = float(np.float32(y))
    exact = y * np.logaddexp(0, -z) + (1 - y) * np.logaddexp(0, z)
    x = Tensor(np.float32([[z]]))
    # max(z, 0) - z y loses a rounding of z where y is neither 0 nor 1.
    assert float(of(x)) == pytest.approx(exact, rel=8 * 2**-24, abs=2.0**-126)  # or subnormal: 0
    slope = float(grad(of)(x)[0, 0])
    assert slope == pytest.approx(float(jax.nn.sigmoid(z)) - y, rel=8 * 2**-24, abs=2**-23)


@pytest.mark.parametrize("z", [[1e4, 0, -1e4], [0, 200, 100], [-1e4, -1e4, -1e4], [88, 89, 90], [0, 0, 1e4]])
@pytest.mark.parametrize("label", [0, 1, 2])
@pytest.mark.parametrize("from_logits", [True, False])
@pytest.mark.parametrize("is_sparse", [True, False])
def test_categorical_crossentropy_of_any_logits_is_exact_and_its_gradient_too(z, label, from_logits, is_sparse):
    loss = (SparseCategoricalCrossentropy if is_sparse else CategoricalCrossentropy)(from_logits=from_logits)
    y = Tensor(np.array([label]) if is_sparse else np.eye(3, dtype=np.float32)[[label]])

    def of(t):
        return loss(y, t if from_logits else softmax(t))

    x = Tensor(np.float32([z]))
    assert float(of(x)) == pytest.approx(
        -float(jax.nn.log_softmax(np.float64(z))[label]), rel=4 * 2**-24, abs=2.0**-126
    )
    expected = np.asarray(jax.nn.softmax(np.float64(z))) - np.eye(3)[label]
    np.testing.assert_allclose(grad(of)(x).numpy()[0], expected, atol=8 * 2**-24)


# In units of the largest float of the dtype.
FAR_APART = [[1, -1, 0], [-1, 1, 1], [0, -1, -1], [0.9, -0.9, 0.9], [0.5, -0.5, 0], [1, 1, 1], [-1, -1, -1], [1, 0, 1]]


@pytest.mark.parametrize("name", ["llvm", "interpreter"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("z", FAR_APART)
@pytest.mark.parametrize("kind", ["sparse", "one-hot", "smoothed", "from softmax"])
def test_categorical_crossentropy_of_logits_far_apart_is_finite_and_its_gradient_right(
    z, kind, dtype, name, monkeypatch
):
    monkeypatch.setattr(execution, "_backend", execution.BACKENDS[name]())
    largest = np.finfo(dtype).max
    x = np.multiply(z, largest, dtype=dtype)
    p = np.asarray(x == x.max(), np.float64) / (x == x.max()).sum()  # others are exp(-1e37) and less
    below = np.minimum(x.max() - x.astype(np.longdouble), largest) - np.log(p.max())
    for label in range(3):
        y = np.eye(3)[label] * 0.9 + 0.1 / 3 if kind == "smoothed" else np.eye(3)[label]
        loss = {
            "sparse": SparseCategoricalCrossentropy(from_logits=True),
            "one-hot": CategoricalCrossentropy(from_logits=True),
            "smoothed": CategoricalCrossentropy(from_logits=True, label_smoothing=0.1),
            "from softmax": CategoricalCrossentropy(),
        }[kind]
        target = Tensor(np.array([label]) if kind == "sparse" else np.eye(3, dtype=dtype)[[label]])

        def of(t, loss=loss, target=target):
            return loss(target, softmax(t) if kind == "from softmax" else t)

        value = float(of(Tensor(x[None])))
        assert np.isfinite(value)
        # The largest difference is taken for 2**-20 less; else some roundings.
        assert value == pytest.approx(float((y * below).sum()), rel=2**-19, abs=1e-6)
        np.testing.assert_allclose(grad(of)(Tensor(x[None])).numpy()[0], p - y, atol=2**-20)


def test_a_loss_beyond_the_largest_float_comes_out_in_training_too():
    x = np.float32([[3.4e38, -3.4e38]])
    model = ff.Sequential([ff.Input((2,)), ff.layers.Activation("softmax")])
    model.compile("sgd", "categorical_crossentropy")
    assert model.evaluate(x, np.float32([[1, 0]]), verbose=0) == 0
    assert model.evaluate(x, np.float32([[0, 1]]), verbose=0) == pytest.approx(3.4028235e38, rel=2**-19)


@pytest.mark.parametrize("loss", [BinaryCrossentropy(), CategoricalCrossentropy(), SparseCategoricalCrossentropy()])
@pytest.mark.parametrize(
    "p",
    [
        [0, 0, 0],
        [1, 0, 0],
        [0, 1, 0],
        [1e-40, 1e-40, 0],
        [1e-30, 0, 1e-30],
        [1e38, 1e38, 1],
        [-1, 1, 0],
        [3, 4, -2],
        [1, 1, 1],
        [1e-08, 1, 1 - 1e-07],
    ],
)
def test_no_finite_probabilities_give_nan_or_infinity(loss, p):
    y = Tensor(np.array([1]) if isinstance(loss, SparseCategoricalCrossentropy) else np.float32([[0, 1, 0]]))
    with np.errstate(all="ignore"):  # 1e38 + 1e38 may overflow on the way
        x = Tensor(np.float32([p]))
        assert np.isfinite(float(loss(y, x)))
        assert np.isfinite(grad(lambda t: loss(y, t))(x).numpy()).all()


def test_probabilities_of_the_other_activation_are_taken_as_they_are():
    # A softmax under the binary loss, and a sigmoid under the categorical one, by the formulas on the probabilities.
    p = np.asarray(jax.nn.softmax(Z[:1].astype(np.float64)))
    value = float(BinaryCrossentropy()(Tensor(Y[:1]), softmax(Tensor(Z[:1]))))
    assert value == pytest.approx(reference(BinaryCrossentropy(), Y[:1], p)[0], rel=16 * 2**-24)
    p = np.asarray(jax.nn.sigmoid(Z[:1].astype(np.float64)))
    value = float(CategoricalCrossentropy()(Tensor(Y[:1]), sigmoid(Tensor(Z[:1]))))
    assert value == pytest.approx(reference(CategoricalCrossentropy(), Y[:1], p)[0], rel=16 * 2**-24)


def test_a_probability_of_zero_costs_sixteen_nats_and_one_of_one_nothing():
    # By hand: -log(1e-7) = 16.118; -log(1 - 1e-7) = 1e-7, in float32 the nearest number below 1 gives 1.19e-7.
    loss = BinaryCrossentropy()
    assert float(loss(Tensor([[1.0]]), Tensor([[0.0]]))) == pytest.approx(16.118095, rel=2**-22)
    assert float(loss(Tensor([[1.0]]), Tensor([[1.0]]))) == pytest.approx(2**-23, rel=1e-6)


def test_nan_predictions_give_nan():
    for loss in EVERY:
        y = LABELS if isinstance(loss, SparseCategoricalCrossentropy) else Y
        assert np.isnan(float(loss(Tensor(y), Tensor(np.full((2, 3), np.nan, np.float32)))))


# shapes and dtypes


@pytest.mark.parametrize("loss", [MeanSquaredError(), MeanAbsoluteError(), BinaryCrossentropy()], ids=repr)
def test_a_column_and_a_vector_are_the_same(loss):
    y, p = np.float32([0, 1, 1]), np.float32([0.2, 0.3, 0.9])
    expected = loss.per_sample(Tensor(y), Tensor(p)).tolist()
    for a, b in [(y, p[:, None]), (y[:, None], p), (y[:, None], p[:, None])]:
        assert loss.per_sample(Tensor(a), Tensor(b)).tolist() == expected
    assert float(loss(Tensor(y), Tensor(p[:, None]))) == pytest.approx(np.mean(expected), rel=2**-22)


def test_labels_may_stand_in_a_column():
    loss = SparseCategoricalCrossentropy()
    assert (
        loss.per_sample(Tensor(LABELS[:, None]), Tensor(P)).tolist()
        == loss.per_sample(Tensor(LABELS), Tensor(P)).tolist()
    )


@pytest.mark.parametrize("dtype", [np.uint8, np.int32, np.int64, np.bool_, np.float32, np.float64])
def test_targets_of_any_dtype_are_cast(dtype):
    y = np.array([[0, 1], [1, 0]])
    p = np.float32([[0.3, 0.6], [0.8, 0.1]])
    for loss in (MeanSquaredError(), MeanAbsoluteError(), BinaryCrossentropy(), CategoricalCrossentropy()):
        value = loss.per_sample(Tensor(y.astype(dtype)), Tensor(p))
        assert value.dtype == np.float32
        np.testing.assert_allclose(value.numpy(), reference(loss, y, p.astype(np.float64)), rtol=16 * 2**-24)
    labels = SparseCategoricalCrossentropy().per_sample(Tensor(np.array([1, 0]).astype(dtype)), Tensor(p))
    assert labels.tolist() == CategoricalCrossentropy().per_sample(Tensor(y), Tensor(p)).tolist()


def test_arrays_that_are_not_contiguous_give_the_same():
    y, p = np.asfortranarray(Y), np.repeat(P, 2, axis=1)[:, ::2]
    loss = CategoricalCrossentropy()
    assert loss.per_sample(Tensor(y), Tensor(p)).tolist() == loss.per_sample(Tensor(Y), Tensor(P)).tolist()


@pytest.mark.parametrize("loss", EVERY, ids=repr)
@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.usefixtures("backend")  # the interpreter, as `run`: another backend adds up in another order
def test_a_program_for_batches_of_any_size_gives_the_same_bits(loss, is_weighted, run):
    random = np.random.default_rng(11)
    y, p, w = targets_for(loss, (5, 3), random), predictions_for(loss, (5, 3), random), random.random(5)
    batch = unknown("batch")
    inputs = [symbolic(placeholder((batch, *x.shape[1:]), x.dtype, name)) for x, name in [(y, "y"), (p, "p"), (w, "w")]]
    traced = trace(lambda y, p, w: [loss(y, p, w) if is_weighted else loss(y, p)], inputs)
    result = run(traced.program.outputs, zip(traced.program.inputs, [y, p, w], strict=True))[0]
    weight = Tensor(w) if is_weighted else None
    assert result == loss(Tensor(y), Tensor(p), weight).numpy()


def test_weights_are_one_for_each_sample_also_in_a_sequence():
    # By hand: losses (1 + 9) / 2 = 5 and (4 + 0) / 2 = 2 of the samples; (3 * 5 + 1 * 2) / 2 = 8.5.
    y, p = Tensor(np.zeros((2, 2, 1))), Tensor(np.array([[[1.0], [3]], [[2], [0]]]))
    assert float(MeanSquaredError()(y, p, Tensor(np.array([3.0, 1.0])))) == 8.5
    assert float(MeanSquaredError()(y, p, Tensor(np.array([[3], [1]])))) == 8.5


@pytest.mark.parametrize(
    ("loss", "y", "p", "message"),
    [
        (
            MeanSquaredError(),
            (4, 2),
            (4, 3),
            r"targets have shape \(4, 2\), predictions \(4, 3\), built at test_losses",
        ),
        (
            MeanSquaredError(),
            (4,),
            (4, 3),
            r"targets have shape \(4,\), predictions \(4, 3\).*one target for each output",
        ),
        (BinaryCrossentropy(), (4, 1), (4, 3), r"targets have shape \(4, 1\), predictions \(4, 3\)"),
        (MeanAbsoluteError(), (3,), (4, 1), r"targets have shape \(3,\), predictions \(4, 1\)"),
        (
            SparseCategoricalCrossentropy(),
            (3,),
            (4, 3),
            r"labels have shape \(3,\), predictions \(4, 3\).*Give one label",
        ),
        (SparseCategoricalCrossentropy(), (4, 3), (4, 3), r"labels have shape \(4, 3\), predictions \(4, 3\)"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(loss, y, p, message):
    with pytest.raises(ShapeError, match=message):
        loss(Tensor(np.zeros(y, np.float32)), Tensor(np.full(p, 0.5, np.float32)))


@pytest.mark.parametrize("shape", [(), (3,), (2, 2), (1, 2)])
def test_weights_of_another_shape_are_refused(shape):
    with pytest.raises(ShapeError, match=r"sample_weight has shape .* for \(2,\) samples.*Give one weight for each"):
        MeanSquaredError()(Tensor(Y), Tensor(P), Tensor(np.ones(shape)))


# targets on the host


ONE_HOT = np.eye(10)[[3, 1, 9]]


@pytest.mark.parametrize(
    ("loss", "y", "output_shape", "error", "message"),
    [
        (
            SparseCategoricalCrossentropy(),
            np.array([0, 9, 10, 3, 10]),
            (None, 10),
            DataError,
            "SparseCategoricalCrossentropy: labels range from 0 to 10, but the network has 10 outputs. Row 2 holds 10, "
            "the first of 2 such rows. Give the last layer 11 units, or number the classes from 0 to 9.",
        ),
        (
            SparseCategoricalCrossentropy(),
            np.array([[1], [10]], np.uint8),
            (None, 10),
            DataError,
            "SparseCategoricalCrossentropy: labels range from 1 to 10, but the network has 10 outputs. Row 1, "
            "column 0 holds 10. Number the classes from 0 to 9.",
        ),
        (
            SparseCategoricalCrossentropy(),
            np.array([1, -1, 1]),
            (None, 2),
            DataError,
            "SparseCategoricalCrossentropy: labels range from -1 to 1, but the network has 2 outputs. Row 1 holds -1. "
            "Number the classes from 0 to 1.",
        ),
        (
            SparseCategoricalCrossentropy(),
            np.array([0, 1, 0.5]),
            (None, 2),
            DataError,
            "SparseCategoricalCrossentropy: labels must be whole numbers. Row 2 holds 0.5. "
            "Number the classes 0, 1, 2, ...",
        ),
        (
            SparseCategoricalCrossentropy(),
            ONE_HOT,
            (None, 10),
            ShapeError,
            "SparseCategoricalCrossentropy: the targets have shape (3, 10), expected one label for each sample, shape "
            "(3,). Did you mean CategoricalCrossentropy, which takes one-hot rows?",
        ),
        (
            SparseCategoricalCrossentropy(),
            np.zeros((3, 4)),
            (None, 10),
            ShapeError,
            "SparseCategoricalCrossentropy: the targets have shape (3, 4), expected (n,). "
            "Give one target for each output, or change the last layer.",
        ),
        (
            SparseCategoricalCrossentropy(),
            np.zeros(3),
            (None, 1),
            ShapeError,
            "SparseCategoricalCrossentropy: the network has 1 output, expected one for each class. "
            "Give the last layer more units, or use BinaryCrossentropy.",
        ),
        (
            CategoricalCrossentropy(),
            np.array([3, 1, 9]),
            (None, 10),
            ShapeError,
            "CategoricalCrossentropy: the targets have shape (3,), expected one-hot rows of 10. "
            "Did you mean SparseCategoricalCrossentropy, which takes labels?",
        ),
        (
            CategoricalCrossentropy(),
            np.array([[3], [1], [9]]),
            (None, 10),
            ShapeError,
            "CategoricalCrossentropy: the targets have shape (3, 1), expected one-hot rows of 10. "
            "Did you mean SparseCategoricalCrossentropy, which takes labels?",
        ),
        (
            CategoricalCrossentropy(),
            ONE_HOT,
            (None, 9),
            ShapeError,
            "CategoricalCrossentropy: the targets have shape (3, 10), expected (n, 9). "
            "Give one target for each output, or change the last layer.",
        ),
        (
            CategoricalCrossentropy(),
            ONE_HOT * 2,
            (None, 10),
            DataError,
            "CategoricalCrossentropy: targets must lie between 0 and 1. Row 0, column 3 holds 2.0, the first of 3 "
            "such rows. Give one-hot rows, or probabilities.",
        ),
        (
            BinaryCrossentropy(),
            np.array([0, 1, 2]),
            (None, 1),
            DataError,
            "BinaryCrossentropy: targets must lie between 0 and 1. Row 2 holds 2. "
            "Number two classes 0 and 1; for more of them use SparseCategoricalCrossentropy.",
        ),
        (
            BinaryCrossentropy(),
            np.array([1, -1]),
            (None, 1),
            DataError,
            "BinaryCrossentropy: targets must lie between 0 and 1. Row 1 holds -1. "
            "Number two classes 0 and 1; for more of them use SparseCategoricalCrossentropy.",
        ),
        (
            MeanSquaredError(),
            np.zeros((5, 2)),
            (None, 3),
            ShapeError,
            "MeanSquaredError: the targets have shape (5, 2), expected (n, 3). "
            "Give one target for each output, or change the last layer.",
        ),
        (
            MeanSquaredError(),
            np.zeros(5),
            (None, 3),
            ShapeError,
            "MeanSquaredError: the targets have shape (5,), expected (n, 3). "
            "Give one target for each output, or change the last layer.",
        ),
        (
            MeanAbsoluteError(),
            np.array([[1.0, 2], [3, np.nan]]),
            (None, 2),
            DataError,
            "MeanAbsoluteError: targets must be finite. Row 1, column 1 holds nan. Drop the row or replace the value.",
        ),
        (
            SparseCategoricalCrossentropy(),
            np.array([1.0, -np.inf]),
            (None, 2),
            DataError,
            "SparseCategoricalCrossentropy: targets must be finite. Row 1 holds -inf. "
            "Drop the row or replace the value.",
        ),
        (
            MeanSquaredError(),
            np.array(["a", "b"]),
            (None, 1),
            DataError,
            "MeanSquaredError: the targets have dtype <U1. Give numbers.",
        ),
    ],
)
def test_wrong_targets_are_refused_with_the_row_and_what_to_do(loss, y, output_shape, error, message):
    with pytest.raises(error) as caught:
        loss.check_targets(y, output_shape)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("loss", "y", "output_shape"),
    [
        (SparseCategoricalCrossentropy(), np.array([0, 9], np.uint8), (None, 10)),
        (SparseCategoricalCrossentropy(), np.array([[0], [9]]), (None, 10)),
        (SparseCategoricalCrossentropy(), np.array([0.0, 9.0]), (None, 10)),
        (SparseCategoricalCrossentropy(), np.array([True, False]), (None, 2)),
        (SparseCategoricalCrossentropy(), np.array([[0, 2], [1, 1]]), (None, 2, 3)),
        (SparseCategoricalCrossentropy(), np.array([], np.int64), (None, 10)),
        (SparseCategoricalCrossentropy(), np.array([500]), (None, None)),
        (CategoricalCrossentropy(), ONE_HOT, (None, 10)),
        (CategoricalCrossentropy(), ONE_HOT.astype(bool), (3, 10)),
        (CategoricalCrossentropy(), np.full((2, 4), 0.25), (None, 4)),
        (BinaryCrossentropy(), np.array([0, 1, 0.5]), (None, 1)),
        (BinaryCrossentropy(), np.array([[0], [1]]), (None,)),
        (BinaryCrossentropy(), np.array([[True, False]]), (None, 2)),
        (MeanSquaredError(), np.array([-3.5, 1e10]), (None, 1)),
        (MeanSquaredError(), np.zeros((2, 4, 5)), (None, 4, 5)),
        (MeanAbsoluteError(), np.zeros((0, 3)), (None, 3)),
    ],
)
def test_targets_that_fit_are_accepted_and_can_be_computed_with(loss, y, output_shape):
    loss.check_targets(y, output_shape)
    shape = (len(y), *(1000 if size is None else size for size in output_shape[1:]))
    losses = loss.per_sample(Tensor(y), Tensor(np.full(shape, 0.5, np.float32))).numpy()
    assert losses.shape == (len(y),)
    assert np.isfinite(losses).all()


# settings


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: BinaryCrossentropy(label_smoothing=1.5),
            "BinaryCrossentropy(label_smoothing=1.5): label_smoothing must be a number from 0 to 1. Got 1.5.",
        ),
        (
            lambda: CategoricalCrossentropy(label_smoothing=-0.1),
            "CategoricalCrossentropy(label_smoothing=-0.1): label_smoothing must be a number from 0 to 1. Got -0.1.",
        ),
        (
            lambda: CategoricalCrossentropy(from_logits=1),
            "CategoricalCrossentropy(from_logits=1): from_logits must be True or False. Got 1.",
        ),
        (
            lambda: SparseCategoricalCrossentropy(from_logits="yes"),
            "SparseCategoricalCrossentropy(from_logits='yes'): from_logits must be True or False. Got 'yes'.",
        ),
    ],
)
def test_a_wrong_setting_is_refused_with_what_was_expected(make, message):
    with pytest.raises(ValueError) as caught:
        make()
    assert str(caught.value) == message


def test_a_configuration_makes_an_equal_loss():
    for loss in EVERY:
        assert from_config(LOSSES, to_config(loss)) == loss
    assert resolve(LOSSES, "mean_squared_error") == MeanSquaredError()


def test_a_part_of_a_name_is_answered_with_the_name():
    with pytest.raises(ValueError, match=r"Unknown loss 'mean_squared'\. Did you mean 'mean_squared_error'\?"):
        resolve(LOSSES, "mean_squared")


@pytest.mark.parametrize(
    ("given", "name"),
    [
        *(("mse", "mean_squared_error"), ("MAE", "mean_absolute_error"), ("bce", "binary_crossentropy")),
        *((cls.__name__, snake_case(cls.__name__)) for cls in dict.fromkeys(map(type, EVERY))),
    ],
)
def test_names_that_keras_takes_are_known(given, name):
    assert resolve(LOSSES, given) == resolve(LOSSES, name)


def test_the_divergence_is_zero_of_itself_and_exact_behind_a_softmax():
    loss, y = KullbackLeiblerDivergence(), np.float32([[0.25, 0.75, 0.0]])
    assert loss(y, y).numpy() == 0
    # By hand: log(1) - log(softmax([-200, 0])[0]) = 200.
    assert loss(np.float32([[1, 0]]), softmax(Tensor(np.float32([[-200, 0]])))).numpy() == 200
    message = r"KullbackLeiblerDivergence: targets must lie between 0 and 1\. Row 0, column 1 holds 2\.0\."
    with pytest.raises(DataError, match=message):
        loss.check_targets(np.float32([[0, 2]]), (None, 2))


def test_the_base_class_says_what_to_define():
    with pytest.raises(NotImplementedError, match=r"Loss has no per_sample\(\)\. Define"):
        Loss()(Tensor(Y), Tensor(P))
