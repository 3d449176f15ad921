"""Activations, losses of a margin, and weights kept in sets, some lines for each: ``python examples/margins.py``.

It takes seconds. The pictures are the digits that come with the package, 8 by 8 pixels.
"""

from typing import Any

import numpy as np

import feedforward as ff

layers = ff.layers
(X, Y), (X_TEST, Y_TEST) = ff.datasets.digits()


def right(hidden: list[ff.layers.Layer], loss: Any, last: Any = None, epochs: int = 6) -> float:
    """Train layers between pictures and ten outputs; return how many of other pictures they get right."""
    ff.set_seed(1)
    first = [ff.Input((8, 8)), layers.Rescaling(1 / 16), layers.Flatten()]
    model = ff.Sequential([*first, *hidden, last or layers.Dense(10)])
    model.compile(ff.optimizers.Adam(0.005), loss, metrics=["accuracy"])
    model.fit(X, Y, batch_size=50, epochs=epochs, verbose=0)
    return float(model.evaluate(X_TEST, Y_TEST, verbose=0)[1])


def support_vector_machine() -> float:
    """Ask that the right output be above each wrong one by 1; large weights cost, so that the margin is wide."""
    return right([], "categorical_hinge", layers.Dense(10, kernel_regularizer=ff.regularizers.L2(1e-3)))


def perceptron() -> float:
    """Change weights by what is wrong alone, and then say whether a digit is even."""
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((8, 8)), layers.Rescaling(1 / 16), layers.Flatten(), layers.Dense(1)])
    model.compile(ff.optimizers.SGD(0.1), "perceptron")
    model.fit(X, np.where(Y % 2 == 0, 1, -1), epochs=20, verbose=0)
    answers = ff.activations.sign(model(X_TEST)).numpy()[:, 0]
    return float((answers == np.where(Y_TEST % 2 == 0, 1, -1)).mean())


def learned_activation() -> float:
    """Let each unit learn its slope below 0."""
    return right([layers.Dense(32, activation=layers.PReLU())], ff.losses.CrammerSinger())


def maxout() -> float:
    """Let a unit be the largest of three sums; the sums of each have weights of norm at most 1."""
    largest_of_three = layers.Dense(
        96, activation=layers.Maxout(3), kernel_initializer="orthogonal", kernel_constraint=ff.constraints.MaxNorm(1.0)
    )
    return right([largest_of_three], ff.losses.SparseCategoricalCrossentropy(from_logits=True, label_smoothing=0.1))


def mixture() -> list[float]:
    """Find in which shares three substances are mixed: weights at or above 0 whose sum is 1, by projected gradients."""
    random = np.random.default_rng(1)
    spectra = random.uniform(size=(200, 3))
    seen = spectra @ [0.7, 0.3, 0.0] + random.standard_cauchy(200) * 0.01  # with outliers
    model = ff.Sequential([ff.Input((3,)), layers.Dense(1, use_bias=False, kernel_constraint=ff.constraints.Simplex())])
    model.compile(ff.optimizers.SGD(0.1), ff.losses.Huber(0.05))
    model.fit(spectra, seen, epochs=100, verbose=0)
    return [float(share) for share in model.get_weights()[0][:, 0]]


def main() -> dict[str, float]:
    """Run all of them, and return how many answers of each are right."""
    found = {}
    for technique in (support_vector_machine, perceptron, learned_activation, maxout):
        found[technique.__name__] = technique()
        print(f"{technique.__name__:22} {found[technique.__name__]:6.1%} right")
    print(f"{'mixture':22} {', '.join(f'{share:.2f}' for share in mixture())}, which should be 0.70, 0.30, 0.00")
    return found


if __name__ == "__main__":
    main()
