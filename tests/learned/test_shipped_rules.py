"""Oracle: Adam with the best of some learning rates, on a task that no shipped rule was trained on as it is here."""

import numpy as np
import pytest

import feedforward as ff
from feedforward import learned

DEFAULTS = {"l2l-mnist": 1.0, "rnnprop-mnist": 1.0, "small-tables": 10.0}
"""The learning rate that each is given."""


def digits() -> learned.Task:
    (x, y), _ = ff.datasets.digits()
    model = ff.Sequential([ff.Input((64,)), ff.layers.Dense(20, "sigmoid"), ff.layers.Dense(10, "softmax")])
    start = ff.initializers.RandomNormal(stddev=0.1)
    pixels = np.asarray(x, np.float32).reshape(len(x), 64) / 16
    return learned.Network(model, "sparse_categorical_crossentropy", pixels, y, initializer=start)


def test_every_shipped_rule_has_an_oracle():
    missing = [f"no oracle for {name}" for name in learned.shipped_rules() if name not in DEFAULTS]
    assert not missing, missing
    assert set(DEFAULTS) == set(learned.shipped_rules())


def test_a_shipped_rule_ends_below_adam_at_its_best_rate():
    optimizers = {
        name: ff.optimizers.Learned(name, learning_rate=rate) for name, rate in DEFAULTS.items()
    }  # Adam's best of 16 rates is 0.046
    found = learned.compare(
        digits(), {"Adam": ff.optimizers.Adam, **optimizers}, seeds=range(3), learning_rates=[0.022, 0.046, 0.1]
    )
    best = found["Adam"].final.mean()
    above = {name: float(found[name].final.mean()) for name in DEFAULTS if found[name].final.mean() >= best}
    assert not above, (best, above)


def test_the_shipped_rules_are_small():
    folder = learned.load_rule.__globals__["_SHIPPED"]
    assert sum(path.stat().st_size for path in folder.glob("*.rule")) < 200_000


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_a_shipped_rule_trains_a_model_by_its_name(name):
    (x, y), _ = ff.datasets.digits()
    ff.set_seed(0)
    model = ff.Sequential([ff.Input((64,)), ff.layers.Dense(16, "relu"), ff.layers.Dense(10)])
    loss = ff.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(ff.optimizers.Learned(name, learning_rate=DEFAULTS[name]), loss, metrics=["accuracy"])
    history = model.fit(x.reshape(-1, 64) / 16, y, epochs=4, verbose=0)
    assert history.history["accuracy"][-1] > 0.9  # a guess is right in one of ten
