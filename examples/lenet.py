"""LeNet-5 on MNIST, a convolutional network: ``python examples/lenet.py [epochs]``."""

import sys
import time

import feedforward as ff


def lenet() -> ff.Sequential:
    """Return the network: two convolutions, each followed by a pooling, and three dense layers; 61,706 parameters."""
    layers = ff.layers
    return ff.Sequential(
        [
            ff.Input((28, 28), dtype="uint8"),
            layers.Rescaling(1 / 255),
            layers.Reshape((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 5, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(120, activation="relu"),
            layers.Dense(84, activation="relu"),
            layers.Dense(10),
        ],
        name="LeNet-5",
    )


def main(epochs: int = 3, rows: int | None = None) -> float:
    """Train it on the first `rows` pictures, all by default; return the share of test pictures it gets right."""
    (x, y), (x_test, y_test) = ff.datasets.mnist()
    ff.set_seed(1)
    model = lenet()
    loss = ff.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(ff.optimizers.Adam(0.001), loss, metrics=["accuracy"])
    model.summary()
    started = time.perf_counter()
    model.fit(x[:rows], y[:rows], batch_size=128, epochs=epochs, verbose=2)
    print(f"{time.perf_counter() - started:.1f} s")
    accuracy = float(model.evaluate(x_test, y_test, verbose=0)[1])
    print(f"right: {accuracy:.2%}")
    return accuracy


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
