"""Oracles: what the lecture decks print; their programs run as they are where present; float64 NumPy written here."""

import contextlib
import io
import random
import runpy
from pathlib import Path

import numpy as np
import pytest

import feedforward as ff
from feedforward import GradientTape, Tensor, Variable

SLIDES = Path(__file__).resolve().parents[2] / "shared" / "slides"


def run_slide(name):
    """Run a slide's program; return its variables and what it printed."""
    if not (SLIDES / name).exists():
        pytest.skip(f"{name} is not here")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        names = runpy.run_path(str(SLIDES / name))
    return names, printed.getvalue()


# circuit.py: f(x, y) = (x + sigmoid(y)) / (sigmoid(x) + (x + y)^2), differentiated by hand

CIRCUIT = 1.5456448841066441, 2.0595697955721652, 1.5922327514838093
"""f and its derivatives by x and y at (3, -4), as circuit.py computes them."""


def circuit(x, y):
    sigmoid_y = 1.0 / (1.0 + ff.exp(-y))
    sigmoid_x = 1.0 / (1.0 + ff.exp(-x))
    return (x + sigmoid_y) / (sigmoid_x + (x + y) ** 2)


def check_circuit(f, dx, dy):
    assert f == pytest.approx(CIRCUIT[0], rel=1e-12)
    assert dx == pytest.approx(CIRCUIT[1], rel=1e-12)
    assert dy == pytest.approx(CIRCUIT[2], rel=1e-12)


def test_the_circuit_of_the_slide_gives_the_numbers_written_here():
    names, printed = run_slide("circuit.py")
    check_circuit(names["f"], names["dx"], names["dy"])
    assert [float(word) for word in printed.split()] == [names["f"], names["dx"], names["dy"]]


def test_gradients_of_the_circuit_are_those_written_by_hand():
    value, (dx, dy) = ff.value_and_grad(circuit, argnums=(0, 1))(np.float64(3.0), np.float64(-4.0))
    check_circuit(float(value), float(dx), float(dy))


def test_gradients_of_the_circuit_by_a_tape_are_those_written_by_hand():
    x, y = Variable(3.0, dtype="float64"), Variable(-4.0, dtype="float64")
    with GradientTape() as tape:
        f = circuit(x, y)
    dx, dy = tape.gradient(f, [x, y])
    check_circuit(float(f), float(dx), float(dy))


# tf1_linear_model.py and tf1_linear_regression.py

X, Y = [1, 2, 3, 4], [0, -1, -2, -3]


def floats(numbers):
    """Return what tf.placeholder(tf.float32) makes of numbers."""
    return Tensor(numbers, "float32")


def test_the_linear_model_of_the_slide_prints_what_the_slide_says():
    w, b = Variable([0.3]), Variable([-0.3])
    model = w * floats(X) + b
    # 0.3 k is one product of a rounded 0.3 and k, and one sum, all below 2
    np.testing.assert_allclose(model.numpy(), [0.0, 0.3, 0.6, 0.9], rtol=0, atol=2 * np.finfo(np.float32).eps)
    loss = ff.sum(ff.square(model - floats(Y)))
    assert f"{loss:.2f}" == "23.66"  # 0 + 1.3^2 + 2.6^2 + 3.9^2


def test_the_linear_regression_of_the_slide_prints_what_the_slide_says():
    w, b = Variable([0.3]), Variable([-0.3])
    x, y = floats(X), floats(Y)
    for _ in range(1000):
        with GradientTape() as tape:
            loss = ff.sum(ff.square(w * x + b - y))
        gradients = tape.gradient(loss, [w, b])
        for variable, gradient in zip([w, b], gradients, strict=True):
            variable.assign_sub(0.01 * gradient)
    loss = ff.sum(ff.square(w * x + b - y))
    # The slide: W: [-0.9999969] b: [ 0.99999082] loss: 5.69997e-11, with the eight and six digits of NumPy in 2017.
    assert f"W: [{w[0]:.7f}] b: [{b[0]:.8f}] loss: {loss:.5e}" == "W: [-0.9999969] b: [0.99999082] loss: 5.69997e-11"


def test_the_linear_regression_computes_what_float64_does():
    w, b = Variable(np.array([0.3])), Variable(np.array([-0.3]))
    x, y = np.array(X, np.float64), np.array(Y, np.float64)
    their_w, their_b = 0.3, -0.3
    for _ in range(100):
        with GradientTape() as tape:
            loss = ff.square(w * x + b - y).sum()
        gw, gb = tape.gradient(loss, [w, b])
        w.assign_sub(0.01 * gw)
        b.assign_sub(0.01 * gb)
        difference = their_w * x + their_b - y
        their_w, their_b = their_w - 0.02 * difference @ x, their_b - 0.02 * difference.sum()
    # the iteration contracts, so that each step adds some ten roundings and keeps fewer
    assert float(w[0]) == pytest.approx(their_w, abs=1000 * np.finfo(np.float64).eps)
    assert float(b[0]) == pytest.approx(their_b, abs=1000 * np.finfo(np.float64).eps)


# eager_regression.py


def regression_data():
    x = ff.random.normal([100], seed=1)
    return x, x * 2 + ff.random.uniform([100], -0.5, 0.5, seed=2)


class Line:
    """The slide's model."""

    def __init__(self):
        self.w = Variable(1.0)
        self.b = Variable(1.0)

    def __call__(self, x):
        return self.w * x + self.b


def mean_square(prediction, label):
    return ff.mean(ff.square(prediction - label))


def train(model, x, y, learning_rate, batch_size, epochs):
    """Train as the slide does: rows drawn from lists of numbers, the gradient asked for inside the tape."""
    shuffler = random.Random(0)
    losses = []
    for _ in range(epochs):
        pairs = list(zip(x, y, strict=True))
        shuffler.shuffle(pairs)
        x, y = zip(*pairs, strict=True)
        for start in range(0, len(x), batch_size):
            with GradientTape() as tape:
                loss = mean_square(model(x[start : start + batch_size]), y[start : start + batch_size])
                dw, db = tape.gradient(loss, [model.w, model.b])
                model.w.assign_sub(dw * learning_rate)
                model.b.assign_sub(db * learning_rate)
            losses.append("Training loss:" + str(loss.numpy()))
    return losses


def train_by_hand(x, y, learning_rate, batch_size, epochs):
    """Do the same in float64."""
    shuffler = random.Random(0)
    w, b = 1.0, 1.0
    for _ in range(epochs):
        pairs = list(zip(x, y, strict=True))
        shuffler.shuffle(pairs)
        x, y = zip(*pairs, strict=True)
        for start in range(0, len(x), batch_size):
            inputs, labels = np.array(x[start : start + batch_size]), np.array(y[start : start + batch_size])
            difference = w * inputs + b - labels
            w, b = w - learning_rate * 2 * np.mean(difference * inputs), b - learning_rate * 2 * np.mean(difference)
    return w, b


def test_the_eager_regression_of_the_slide_learns():
    x, y = regression_data()
    model = Line()
    losses = train(model, x[:80], y[:80], learning_rate=0.01, batch_size=2, epochs=10)
    assert len(losses) == 400 and losses[0].startswith("Training loss:")
    final = mean_square(model(x[80:]), y[80:])
    assert float("%s" % final.numpy()) < 0.2  # noqa: UP031 - as the slide prints it; the noise alone is 1/12
    wide_x, wide_y = (values.numpy()[:80].astype(np.float64) for values in (x, y))
    w, b = train_by_hand(wide_x, wide_y, learning_rate=0.01, batch_size=2, epochs=10)
    # 400 steps of some ten roundings of numbers near 2
    assert float(model.w) == pytest.approx(w, abs=400 * 10 * float(np.finfo(np.float32).eps))
    assert float(model.b) == pytest.approx(b, abs=400 * 10 * float(np.finfo(np.float32).eps))


def test_the_eager_regression_is_the_same_when_everything_is_computed_at_once():
    def weights():
        x, y = regression_data()
        model = Line()
        train(model, x[:20], y[:20], learning_rate=0.01, batch_size=4, epochs=2)
        return float(model.w), float(model.b)

    lazily = weights()
    with ff.eager():
        assert weights() == lazily


# eager_digits.py


def test_a_batch_of_the_digits_slide_is_a_tuple_of_rows():
    rng = np.random.default_rng(0)
    images, labels = rng.normal(size=(20, 6)).astype(np.float32), rng.integers(0, 3, 20).astype(np.int32)
    pairs = list(zip(images, labels, strict=True))
    x, y = zip(*pairs, strict=True)
    w = Variable(rng.normal(size=(6, 3)).astype(np.float32))
    logits = ff.matmul(x[:8], w)
    np.testing.assert_array_equal(logits.numpy(), ff.matmul(images[:8], w).numpy(), strict=True)
    correct = ff.equal(ff.argmax(logits, 1), y[:8])
    accuracy = ff.mean(ff.cast(correct, "float32"), axis=-1)
    assert float(accuracy) == np.mean(np.argmax(images[:8] @ w.numpy(), 1) == labels[:8])


# numpy_tensors.py


def test_the_arrays_of_the_numpy_slide_have_the_same_shapes_as_tensors():
    x = Tensor(12)
    assert (str(x), x.ndim) == ("12", 0)
    x = Tensor([12, 3, 6, 14, 7])
    assert (str(x), x.ndim) == ("[12  3  6 14  7]", 1)
    x = Tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    assert x.shape == (3, 2)
    printed = [str(x.ndim), str(x.shape), str(x.reshape((6, 1))), str(x.reshape((6, 1)).reshape((2, 3)))]
    assert printed[1:] == ["(3, 2)", "[[0.]\n [1.]\n [2.]\n [3.]\n [4.]\n [5.]]", "[[0. 1. 2.]\n [3. 4. 5.]]"]


def test_the_numpy_slide_prints_the_same():
    _, printed = run_slide("numpy_tensors.py")
    x = Tensor([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    ours = [f"{Tensor(12)} 0", f"{Tensor([12, 3, 6, 14, 7])} 1", x.shape, x.reshape((6, 1)), x.reshape((2, 3))]
    assert printed.splitlines() == "\n".join(map(str, ours)).splitlines()
