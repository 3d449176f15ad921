"""The optimizers beside each other, with schedules, averages and sets: ``python examples/optimizers.py``."""

import feedforward as ff

OPTIMIZERS = ff.optimizers
SCHEDULES, SETS = ff.optimizers.schedules, ff.constraints

STEPS = 225
"""Of five epochs of 1,437 digits in batches of 32."""

CHOICES = {
    "gradient descent, 1 / sqrt(k)": lambda: OPTIMIZERS.SGD(SCHEDULES.InverseSquareRootDecay(1.0)),
    "momentum, one cycle": lambda: OPTIMIZERS.SGD(SCHEDULES.OneCycle(0.3, STEPS), momentum=0.9),
    "variance reduced, clipped": lambda: OPTIMIZERS.SVRG(0.1, global_clipnorm=1.0),
    "projected onto balls": lambda: OPTIMIZERS.SGD(0.3),
    "Adam, averaged weights": lambda: OPTIMIZERS.Adam(0.01, use_ema=True, ema_momentum=0.95),
    "AdamW, warm-up, no decay of biases": lambda: OPTIMIZERS.AdamW(
        SCHEDULES.Warmup(SCHEDULES.CosineDecay(0.02, STEPS - 25), 25), 0.01, weight_decay_factors={"*bias": 0.0}
    ),
    "Adagrad in a box": lambda: OPTIMIZERS.Adagrad(0.1),
    "dual averaging, sparse": lambda: OPTIMIZERS.DualAveraging(0.5, l1_regularization_strength=1e-3),
}

KEPT_IN = {"projected onto balls": SETS.Ball(4.0), "Adagrad in a box": SETS.Box(-1.0, 1.0)}
"""Sets of weights, which an optimizer projects onto after each step; Adagrad by a norm of its own."""


def main(epochs: int = 5) -> dict[str, float]:
    """Train a network with each, and return how many digits that it has not seen it gets right, from 0 to 1."""
    (x, y), (x_test, y_test) = ff.datasets.digits()
    found = {}
    for name, make in CHOICES.items():
        ff.set_seed(1)
        hidden = ff.layers.Dense(32, "relu", kernel_constraint=KEPT_IN.get(name))
        output = ff.layers.Dense(10, kernel_constraint=KEPT_IN.get(name))
        model = ff.Sequential([ff.Input((8, 8)), ff.layers.Flatten(), hidden, output])
        loss = ff.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(make(), loss, ["accuracy"])
        model.fit(x / 16, y, epochs=epochs, verbose=0)
        found[name] = model.evaluate(x_test / 16, y_test, verbose=0, return_dict=True)["accuracy"]
        print(f"{found[name]:7.1%}  {name}")
    return found


if __name__ == "__main__":
    main()
