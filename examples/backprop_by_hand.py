"""Backpropagation by hand: ``python examples/backprop_by_hand.py``. It takes seconds.

The exercise that every course on vision has: a network of two layers with a softmax and weight decay, in NumPy alone.
Its gradient is derived by hand and compared with central differences; then it learns the digits. Beside it the package
writes out the same network by itself, and checks its own gradient.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import feedforward as ff

Floats = NDArray[np.float64]
Weights = dict[str, Floats]
DECAY = 0.001


def start(inputs: int, hidden: int, classes: int) -> Weights:
    """Return weights of a small network: He's for the rectifiers, He et al., 2015."""
    random = np.random.default_rng(0)
    return {
        "W1": random.normal(0.0, np.sqrt(2.0 / inputs), (inputs, hidden)),
        "b1": np.zeros(hidden),
        "W2": random.normal(0.0, np.sqrt(2.0 / hidden), (hidden, classes)),
        "b2": np.zeros(classes),
    }


def loss_and_gradients(weights: Weights, x: Floats, y: NDArray[np.int64]) -> tuple[float, Weights]:
    """Return mean cross-entropy and weight decay of n samples, and the derivative by each weight."""
    n = len(x)
    W1, b1, W2, b2 = (weights[name] for name in ("W1", "b1", "W2", "b2"))  # (d, h), (h,), (h, c), (c,)

    z1 = x @ W1 + b1  # (n, h)
    a1 = np.maximum(z1, 0)  # (n, h)
    z2 = a1 @ W2 + b2  # (n, c)
    z2 = z2 - z2.max(axis=1, keepdims=True)  # the softmax is the same, and no power overflows
    log_p = z2 - np.log(np.exp(z2).sum(axis=1, keepdims=True))  # (n, c)
    loss = -log_p[np.arange(n), y].mean() + DECAY * ((W1**2).sum() + (W2**2).sum())

    delta2 = np.exp(log_p)  # (n, c): probability minus target, a sample's share of the mean
    delta2[np.arange(n), y] -= 1
    delta2 /= n
    delta1 = (delta2 @ W2.T) * (z1 > 0)  # (n, h): the mask is the rectifier's slope
    return float(loss), {
        "W1": x.T @ delta1 + 2 * DECAY * W1,
        "b1": delta1.sum(axis=0),
        "W2": a1.T @ delta2 + 2 * DECAY * W2,
        "b2": delta2.sum(axis=0),
    }


def numerical_gradient(weights: Weights, name: str, x: Floats, y: NDArray[np.int64], h: float = 6e-6) -> Floats:
    """Return central differences by every element of a weight: (L(w + h) - L(w - h)) / 2h."""
    w = weights[name]
    found = np.zeros_like(w)
    for place in np.ndindex(w.shape):
        before = w[place]
        w[place] = before + h
        above, _ = loss_and_gradients(weights, x, y)
        w[place] = before - h
        below, _ = loss_and_gradients(weights, x, y)
        w[place] = before
        found[place] = (above - below) / (2 * h)
    return found


def relative_error(found: Floats, expected: Floats) -> float:
    """Return the largest difference beside the largest of the numbers."""
    return float(np.abs(found - expected).max() / max(np.abs(found).max(), np.abs(expected).max()))


def train(weights: Weights, x: Floats, y: NDArray[np.int64], steps: int, rate: float) -> None:
    """Make steps of gradient descent, each on 64 samples."""
    random = np.random.default_rng(1)
    for _ in range(steps):
        rows = random.choice(len(x), 64, replace=False)
        _, gradients = loss_and_gradients(weights, x[rows], y[rows])
        for name, gradient in gradients.items():
            weights[name] -= rate * gradient


def share_right(weights: Weights, x: Floats, y: NDArray[np.int64]) -> float:
    """Return the share of samples whose class has the largest score."""
    a1 = np.maximum(x @ weights["W1"] + weights["b1"], 0)
    return float(np.mean((a1 @ weights["W2"] + weights["b2"]).argmax(axis=1) == y))


def same_network(weights: Weights) -> ff.Sequential:
    """Return the network as the package has it, with these weights."""
    (inputs, hidden), classes = weights["W1"].shape, weights["b2"].size
    decay = ff.regularizers.L2(DECAY)
    model = ff.Sequential(
        [
            ff.Input((inputs,), dtype="float64"),
            ff.layers.Dense(hidden, "relu", kernel_regularizer=decay, name="hidden"),
            ff.layers.Dense(classes, "softmax", kernel_regularizer=decay, name="out"),
        ]
    )
    model.set_weights([weights[name] for name in ("W1", "b1", "W2", "b2")])
    model.compile(ff.optimizers.SGD(0.5), "sparse_categorical_crossentropy")
    return model


def main() -> dict[str, float]:
    """Print what was found, and return the errors and how many digits are read rightly."""
    (images, labels), (test_images, test_labels) = ff.datasets.digits()
    x, x_test = (np.reshape(each, (len(each), -1)) / 16.0 for each in (images, test_images))
    y, y_test = np.asarray(labels, np.int64), np.asarray(test_labels, np.int64)

    small = start(6, 5, 3)
    random = np.random.default_rng(2)
    few, classes = random.normal(size=(8, 6)), random.integers(0, 3, 8)
    _, gradients = loss_and_gradients(small, few, classes)
    found = {}
    print("The gradient by hand beside central differences:")
    for name, gradient in gradients.items():
        found[name] = relative_error(gradient, numerical_gradient(small, name, few, classes))
        print(f"  {name}  {found[name]:.1e}")

    model = same_network(small)
    print("\nThe package on the same network:")
    print(ff.check_gradients(model, few, classes))
    program: dict[str, Any] = {}
    text = model.explain("numpy")
    exec(text, program)  # the package's own text, which is a program
    _, theirs = program["loss_and_gradients"](
        {path: weight.numpy() for path, weight in model.weights_by_path()}, few, classes
    )
    pairs = zip(("W1", "b1", "W2", "b2"), ("hidden/kernel", "hidden/bias", "out/kernel", "out/bias"), strict=True)
    found["written"] = max(relative_error(gradients[name], theirs[path]) for name, path in pairs)
    print(f"\nIts program differs from the one by hand by {found['written']:.1e}. The way back in it:\n")
    print(text[text.index("    # back through the loss") : text.index("    gradients = ")])

    weights = start(x.shape[1], 64, 10)
    train(weights, x, y, 2000, 0.5)
    found["right"] = share_right(weights, x_test, y_test)
    print(f"Trained by hand, it reads {found['right']:.1%} of new digits.")
    return found


if __name__ == "__main__":
    main()
