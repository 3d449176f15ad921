"""Oracles: float64 NumPy formulas of the cited papers, central differences, and values of Keras, PyTorch and sklearn.

Recorded with keras 3.15.1 on TensorFlow 2.21.0 (``Hinge(reduction=None)``, ``SquaredHinge``) and torch 2.13.0 in
float64 (``F.multi_margin_loss(..., reduction="none") * 3``, ``F.soft_margin_loss(..., reduction="none").mean(1)`` over
log(2)) on S, Z and LABELS below.
"""

import numpy as np
import pytest
from sklearn.metrics import hinge_loss

import feedforward as ff
from feedforward.derivatives import grad
from feedforward.errors import DataError, OutOfRangeError, ShapeError
from feedforward.nn.config import from_config, to_config
from feedforward.nn.loss import LOSSES
from feedforward.nn.margins import (
    CategoricalHinge,
    CategoricalPerceptron,
    ClassMarginLoss,
    CrammerSinger,
    Exponential,
    Hinge,
    Logistic,
    MarginLoss,
    ModifiedHuber,
    OneVsAllHinge,
    Perceptron,
    SigmoidLoss,
    SquaredHinge,
)
from feedforward.tensor import Tensor

S = np.float32([[-1, 1, 1], [1, -1, -1]])
Z = np.float32([[2, -1, 0.5], [-40, 0, 30]])
LABELS = np.array([1, 2])


def hinge(m):
    return np.maximum(0, 1 - m)


TWO = {
    Hinge(): hinge,
    SquaredHinge(): lambda m: hinge(m) ** 2,
    Perceptron(): lambda m: np.maximum(0, -m),
    Logistic(): lambda m: np.logaddexp(0, -m) / np.log(2),
    ModifiedHuber(): lambda m: np.where(m >= -1, hinge(m) ** 2, -4 * m),
    Exponential(): lambda m: np.exp(-m),
    SigmoidLoss(): lambda m: 1 - np.tanh(m),
    SigmoidLoss(0.5): lambda m: 2 / (1 + np.exp(m)),
}


def best_wrong(f, y):
    return np.max(np.delete(f, y))


MANY = {
    CategoricalHinge(): lambda f, y: sum(max(0, 1 + f[j] - f[y]) for j in range(len(f)) if j != y),
    OneVsAllHinge(): lambda f, y: max(0, 1 - f[y]) + sum(max(0, 1 + f[j]) for j in range(len(f)) if j != y),
    CrammerSinger(): lambda f, y: max(0, 1 + best_wrong(f, y) - f[y]),
    CategoricalPerceptron(): lambda f, y: max(0, best_wrong(f, y) - f[y]),
}
EVERY = [*TWO, *MANY]


def test_every_loss_of_a_margin_has_an_oracle():
    here = {LOSSES[name] for name in LOSSES if LOSSES[name].__module__ == "feedforward.nn.margins"}
    assert {type(loss) for loss in EVERY} == here


@pytest.mark.parametrize(
    ("loss", "y", "per_sample"),
    [
        (Hinge(), S, [1.8333333730697632, 24.33333396911621]),
        (SquaredHinge(), S, [4.416666507720947, 881.0]),
        (Logistic(), S, [1.88236437730259, 33.99621762074252]),
        (CategoricalHinge(), LABELS, [6.5, 0.0]),
    ],
)
def test_values_are_those_of_keras_and_torch(loss, y, per_sample):
    np.testing.assert_allclose(loss.per_sample(Tensor(y), Tensor(Z)).numpy(), per_sample, rtol=8 * 2**-24)


def test_the_example_of_weston_and_watkins():
    # max(0, 1 - 5 - 3) + max(0, 1 + 2.5 - 3) = 0.5, by a label and by a one-hot row.
    assert float(CategoricalHinge()([0], [[3, -5, 2.5]])) == 0.5
    assert float(CategoricalHinge()([[1, 0, 0]], [[3, -5, 2.5]])) == 0.5


def test_hinges_are_those_of_sklearn():
    random = np.random.default_rng(3)
    y, s = random.choice([-1, 1], 50), random.normal(size=50) * 2
    assert float(Hinge()(y, s)) == pytest.approx(hinge_loss(y, s), rel=1e-13)
    labels, f = random.integers(0, 4, 50), random.normal(size=(50, 4)) * 2
    assert float(CrammerSinger()(labels, f)) == pytest.approx(hinge_loss(labels, f, labels=range(4)), rel=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("loss", "formula"), TWO.items(), ids=lambda x: repr(x)[:20])
def test_losses_of_two_classes_are_their_formula(loss, formula, dtype):
    m = np.array([[-3, -2, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3]])
    for y in (np.ones(m.shape), -np.ones(m.shape), np.zeros(m.shape)):
        s = (m if y[0, 0] == 1 else -m).T.astype(dtype)  # a column: each its own sample
        values = loss.per_sample(Tensor(y.T), Tensor(s)).numpy()
        assert values.dtype == dtype
        np.testing.assert_allclose(values, formula(m[0]), rtol=0, atol=64 * np.finfo(dtype).eps)  # below 32


@pytest.mark.parametrize(("loss", "formula"), MANY.items(), ids=lambda x: repr(x)[:20])
def test_losses_of_many_classes_are_their_formula_for_labels_and_one_hot_rows(loss, formula):
    random = np.random.default_rng(4)
    for classes in (2, 3, 7):
        f, labels = random.normal(size=(20, classes)) * 2, random.integers(0, classes, 20)
        expected = [formula(*row) for row in zip(f, labels, strict=True)]
        for y in (labels, labels[:, None], np.eye(classes)[labels], np.float32(labels)):
            np.testing.assert_allclose(loss.per_sample(Tensor(y), Tensor(f)).numpy(), expected, rtol=0, atol=1e-14)
    sequence, labels = random.normal(size=(2, 5, 3)), random.integers(0, 3, (2, 5))
    expected = [
        np.mean([formula(*row) for row in zip(*pair, strict=True)]) for pair in zip(sequence, labels, strict=True)
    ]
    np.testing.assert_allclose(loss.per_sample(Tensor(labels), Tensor(sequence)).numpy(), expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("loss", EVERY, ids=repr)
def test_gradient_is_that_of_central_differences(loss, central_difference):
    random = np.random.default_rng(5)
    p, direction = random.normal(size=(6, 3)) * 1.5, random.normal(size=(6, 3))
    y = random.integers(0, 3, 6) if loss in MANY else random.choice([-1, 1], (6, 3))
    expected, tolerance = central_difference(lambda a: float(loss(Tensor(y), Tensor(a[0]))), [p], [direction], 10)
    slope = grad(lambda t: loss(Tensor(y), t))(Tensor(p)).numpy()
    assert abs((slope * direction).sum() - expected) <= tolerance


@pytest.mark.parametrize(
    ("loss", "m", "slope"),
    [
        (Hinge(), 1, 0),
        (SquaredHinge(), 1, 0),
        (Perceptron(), 0, -1),
        (ModifiedHuber(), -1, -4),
        (ModifiedHuber(), 1, 0),
        (Logistic(), 0, -0.5 / np.log(2)),
        (SigmoidLoss(), 0, -1),
        (Exponential(), 0, -1),
    ],
)
def test_derivatives_at_kinks_are_the_documented_ones(loss, m, slope):
    assert float(grad(lambda s: loss(Tensor([1.0]), s))(Tensor([float(m)]))[0]) == pytest.approx(slope, rel=2**-23)
    assert float(grad(lambda s: loss(Tensor([0.0]), s))(Tensor([-float(m)]))[0]) == pytest.approx(-slope, rel=2**-23)


def test_a_perceptron_of_many_classes_learns_from_weights_of_zero():
    # By hand: the right class is pushed up by 1, the two wrong ones, equal, down by 1/2 each.
    slope = grad(lambda f: CategoricalPerceptron()([1], f))(Tensor([[0.0, 0.0, 0.0]]))
    assert slope.tolist() == [[0.5, -1.0, 0.5]]
    assert grad(lambda f: CategoricalHinge()([1], f))(Tensor([[0.0, 0.0, 0.0]])).tolist() == [[1, -2, 1]]
    assert grad(lambda f: CrammerSinger()([1], f))(Tensor([[0.0, 1.0, 0.0]])).tolist() == [[0, 0, 0]]


@pytest.mark.parametrize("loss", EVERY, ids=repr)
def test_large_outputs_give_no_nan_and_nan_stays(loss):
    for size in (80.0, 1e4, 1e30):
        y, p = (np.array([0, 1]), [[size, -size], [size, -size]]) if loss in MANY else ([1.0, 0.0], [-size, -size])
        x = Tensor(np.float32(p))
        if not isinstance(loss, Exponential | SquaredHinge) or size == 80:  # they are infinite beyond
            assert np.isfinite(float(loss(y, x)))
            assert np.isfinite(grad(lambda t, y=y: loss(y, t))(x).numpy()).all()
    assert np.isnan(float(loss([0], [[np.nan, 1.0]]) if loss in MANY else loss([1.0], [np.nan])))


@pytest.mark.parametrize("loss", EVERY, ids=repr)
def test_no_sample_and_one_are_batches_and_weights_count(loss):
    y, p = (
        (np.array([0, 1]), np.float32([[1, 2], [3, 1]])) if loss in MANY else (np.array([1, 0]), np.float32([0.5, 2]))
    )
    assert loss.per_sample(Tensor(y[:0]), Tensor(p[:0])).shape == (0,)
    each = [float(loss(y[i : i + 1], p[i : i + 1])) for i in range(2)]
    assert float(loss(y, p, [3.0, 0.0])) == pytest.approx(3 * each[0] / 2, rel=4 * 2**-24)


@pytest.mark.parametrize(
    ("loss", "y", "output_shape", "error", "message"),
    [
        (
            Hinge(),
            np.array([1, -1, 2, 3]),
            (None, 1),
            DataError,
            "Hinge: targets must be -1 or 1. Row 2 holds 2, the first of 2 such rows. Number two classes -1 and 1, or "
            "0 and 1; for more of them use CategoricalHinge.",
        ),
        (
            Logistic(),
            np.array([[0.5], [1]]),
            (None, 1),
            DataError,
            "Logistic: targets must be -1 or 1. Row 0, column 0 holds 0.5. Number two classes -1 and 1, or 0 and 1; "
            "for more of them use CategoricalHinge.",
        ),
        (
            Hinge(),
            np.array([1, -1]),
            (None, 3),
            ShapeError,
            "Hinge: the targets have shape (2,), expected (n, 3). Give one target for each output, or change the last "
            "layer.",
        ),
        (
            CategoricalHinge(),
            np.array([0, 3]),
            (None, 3),
            DataError,
            "CategoricalHinge: labels range from 0 to 3, but the network has 3 outputs. Row 1 holds 3. Give the last "
            "layer 4 units, or number the classes from 0 to 2.",
        ),
        (
            CrammerSinger(),
            np.array([0.5, 1]),
            (None, 3),
            DataError,
            "CrammerSinger: labels must be whole numbers. Row 0 holds 0.5. Number the classes 0, 1, 2, ...",
        ),
        (
            OneVsAllHinge(),
            np.array([[0, 1, 0], [1, 1, 0]]),
            (None, 3),
            DataError,
            "OneVsAllHinge: rows must be one-hot: a single 1 and else 0. Row 1, column 0 holds 1. Give labels from 0, "
            "or one-hot rows.",
        ),
        (
            CategoricalPerceptron(),
            np.array([0, 1]),
            (None, 1),
            ShapeError,
            "CategoricalPerceptron: the network has 1 output, expected one for each class. Give the last layer more "
            "units, or use Hinge.",
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
        (Hinge(), np.array([True, False]), (None, 1)),
        (Hinge(), np.array([[-1, 1]], np.int8), (None, 2)),
        (Hinge(), np.array([], np.int64), (None, 1)),
        (CategoricalHinge(), np.array([[1, 0], [0, 1]], bool), (None, 2)),
        (CategoricalHinge(), np.array([[1], [0]], np.uint8), (None, 2)),
        (CategoricalHinge(), np.zeros((0, 2)), (None, 2)),
    ],
)
def test_targets_that_fit_are_accepted(loss, y, output_shape):
    loss.check_targets(y, output_shape)


@pytest.mark.parametrize("loss", MANY, ids=repr)
def test_a_label_outside_the_classes_is_found_in_a_loop_of_ones_own_too(loss):
    with pytest.raises(OutOfRangeError, match="index 3 is out of range for an axis of size 3"):
        float(loss([0, 3], [[1.0, 2.0, 3.0], [1.0, 2.0, 3.0]]))


@pytest.mark.parametrize(
    ("loss", "activation", "units"), [("hinge", "sigmoid", 1), ("categorical_hinge", "softmax", 3)]
)
def test_probabilities_before_a_margin_are_doubted(loss, activation, units):
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(units, activation, name="last")])
    message = f"layer 'last' gives probabilities, by {activation}, but .*Hinge expects any numbers.* Leave out the"
    with pytest.warns(UserWarning, match=message):
        model.compile("sgd", loss)


def test_a_configuration_makes_an_equal_loss():
    for loss in EVERY:
        assert from_config(LOSSES, to_config(loss)) == loss
    with pytest.raises(ValueError, match=r"SigmoidLoss\(k=0\): k must be a number > 0\. Got 0\."):
        SigmoidLoss(0)


def test_the_base_classes_say_what_to_define():
    with pytest.raises(NotImplementedError, match=r"MarginLoss has no of_margin\(\)\. Define"):
        MarginLoss()([1.0], [1.0])
    with pytest.raises(NotImplementedError, match=r"ClassMarginLoss has no of_outputs\(\)\. Define"):
        ClassMarginLoss()([0], [[1.0, 2.0]])


def halves():
    random = np.random.default_rng(6)
    x = random.normal(size=(200, 2)).astype(np.float32)
    x += 0.5 * np.sign(x[:, :1] + x[:, 1:])  # apart by a gap
    return x, np.where(x[:, 0] + x[:, 1] > 0, 1, -1)


@pytest.mark.parametrize("loss", TWO, ids=repr)
@pytest.mark.parametrize("low", [-1, 0])
def test_a_linear_machine_separates_two_classes_and_says_so(loss, low):
    x, y = halves()
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.1), loss, metrics=["accuracy"])
    history = model.fit(x, np.where(y > 0, 1, low), epochs=30, batch_size=20, verbose=0)
    assert history.history["accuracy"][-1] == 1.0
    assert ((model.predict(x)[:, 0] > 0) == (y > 0)).all()


@pytest.mark.parametrize("loss", MANY, ids=repr)
@pytest.mark.parametrize("is_one_hot", [False, True])
def test_a_linear_machine_separates_three_classes_and_says_so(loss, is_one_hot, tmp_path):
    random = np.random.default_rng(7)
    labels = random.integers(0, 3, 150)
    x = (np.float32([[3, 0], [-3, 3], [-3, -3]])[labels] + random.normal(size=(150, 2)) / 2).astype(np.float32)
    y = np.eye(3, dtype=np.float32)[labels] if is_one_hot else labels
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(3, kernel_initializer="zeros")])
    model.compile(ff.optimizers.SGD(0.1), loss, metrics=["accuracy"])
    model.fit(x, y, epochs=10, batch_size=30, verbose=0, class_weight={0: 1.0, 2: 2.0})
    assert model.evaluate(x, y, verbose=0, return_dict=True)["accuracy"] == 1.0
    model.save(tmp_path / "m.ff")
    assert ff.load(tmp_path / "m.ff").evaluate(x, y, verbose=0) == model.evaluate(x, y, verbose=0)


def test_a_class_that_no_sample_has_is_no_class_to_weigh():
    x, y = halves()
    model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)])
    model.compile("sgd", "hinge")
    model.fit(x, y, class_weight={-1: 2.0, 1: 0.5}, verbose=0)
    with pytest.raises(ValueError, match="class_weight has the class 0, which no sample to train on has"):
        model.fit(x, y, class_weight={0: 2.0, 1: 0.5}, verbose=0)
