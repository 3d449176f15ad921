"""A network that learns nothing, what ails it, and the same one mended: ``python examples/diagnose.py``."""

import feedforward as ff


def network(activation: str, initializer: str) -> ff.Sequential:
    """Return a deep network for the digits."""
    hidden = [ff.layers.Dense(32, activation, kernel_initializer=initializer) for _ in range(8)]
    return ff.Sequential(
        [ff.Input((8, 8)), ff.layers.Rescaling(1 / 16), ff.layers.Flatten(), *hidden, ff.layers.Dense(10, "softmax")]
    )


def main(epochs: int = 10) -> list[float]:
    """Diagnose and train both, and return the share of test digits that each gets right."""
    (x, y), test = ff.datasets.digits()
    shares = []
    for activation, initializer in (("sigmoid", "glorot_uniform"), ("relu", "he_normal")):
        ff.set_seed(1)
        model = network(activation, initializer)
        model.compile(ff.optimizers.SGD(0.1), "sparse_categorical_crossentropy", ["accuracy"])
        print(f"\n{activation}, {initializer}")
        print(model.diagnose(x, y))
        rates = model.lr_find(x, y)
        print(f"suggested learning rate: {rates.suggestion:.2g}")
        model.fit(x, y, epochs=epochs, verbose=0)
        shares.append(model.evaluate(*test, verbose=0)[1])
        print(f"after {epochs} epochs {shares[-1]:.1%} of the test digits are right")
    print("\nits largest losses:")
    print(model.top_losses(*test, 3))
    return shares


if __name__ == "__main__":
    main()
