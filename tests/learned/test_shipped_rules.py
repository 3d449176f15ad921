"""Oracles: Adam as it comes, on digits, which only trained weights are far below; Adam at its best rate, on MNIST."""

import numpy as np
import pytest

import feedforward as ff
from feedforward import learned
from feedforward.nn.update_rules.files import _SHIPPED

RULES = ("l2l-mnist", "rnnprop-mnist", "small-tables")


def made(name: str, steps: int) -> ff.optimizers.Learned:
    """Return the optimizer as its rule is meant to be used: the steps of one must become smaller by a schedule."""
    if name != "small-tables":
        return ff.optimizers.Learned(name)
    return ff.optimizers.Learned(name, learning_rate=ff.optimizers.schedules.CosineDecay(10.0, steps))


def network(data, stddev: float = 0.01) -> learned.Task:
    """Return the training of a network of 20 sigmoids on pictures."""
    x, y = data
    pixels = np.asarray(x, np.float32).reshape(len(x), -1)
    size = pixels.shape[1]
    model = ff.Sequential([ff.Input((size,)), ff.layers.Dense(20, "sigmoid"), ff.layers.Dense(10, "softmax")])
    start = ff.initializers.RandomNormal(stddev=stddev)
    return learned.Network(model, "sparse_categorical_crossentropy", pixels / pixels.max(), y, initializer=start)


def test_every_shipped_rule_has_an_oracle():
    assert set(RULES) == set(learned.shipped_rules())


def test_shipped_rules_end_far_below_adam_as_it_comes():
    optimizers = {name: made(name, 100) for name in RULES}
    found = learned.compare(
        network(ff.datasets.digits()[0]), {"Adam": ff.optimizers.Adam(), **optimizers}, seeds=range(2)
    )
    most = (
        0.2 * found["Adam"].final.mean()
    )  # 2.26, where a guess has log 10 = 2.30: the rate is too small for 100 steps
    above = {name: float(found[name].final.mean()) for name in RULES if found[name].final.mean() >= most}
    assert not above, (most, above)


@pytest.mark.slow
def test_the_rule_of_mnist_ends_below_adam_at_its_best_rate():
    try:
        data, _ = ff.datasets.mnist()
    except Exception as error:
        pytest.skip(f"MNIST is not at hand: {error}")
    optimizers = {"Adam": ff.optimizers.Adam, "learned": made("l2l-mnist", 100)}
    found = learned.compare(network(data), optimizers, seeds=range(10))
    assert found["learned"].final.mean() < found["Adam"].final.mean()


def test_the_shipped_rules_are_small():
    assert sum(path.stat().st_size for path in _SHIPPED.glob("*.rule")) < 200_000


@pytest.mark.parametrize("name", RULES)
def test_a_shipped_rule_trains_a_model_by_its_name(name):
    (x, y), _ = ff.datasets.digits()
    ff.set_seed(0)
    model = ff.Sequential([ff.Input((64,)), ff.layers.Dense(20, "sigmoid"), ff.layers.Dense(10, "softmax")])
    model.compile(made(name, 5 * 12), "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x.reshape(-1, 64) / 16, y, epochs=5, batch_size=128, verbose=0)
    assert history.history["accuracy"][-1] > 0.9  # a guess is right in one of ten
