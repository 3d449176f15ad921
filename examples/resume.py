"""Training that goes on where it was killed: stop ``python examples/resume.py`` (Ctrl-C, kill -9), and run it again."""

import feedforward as ff


def main(epochs: int = 20, folder: str = "digits-training") -> float:
    """Train a network on the digits, from where it was stopped, and return its accuracy on those it has not seen."""
    (x, y), test = ff.datasets.digits()
    ff.set_seed(1)
    model = ff.Sequential(
        [ff.Input((8, 8)), ff.layers.Flatten(), ff.layers.Dense(64, activation="relu"), ff.layers.Dense(10)]
    )
    model.compile("adam", ff.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
    backup = ff.callbacks.BackupAndRestore(folder, save_freq=10)  # batches; within an epoch, too
    history = model.fit(x, y, epochs=epochs, validation_split=0.1, verbose=2, callbacks=[backup])
    print(history)
    _, accuracy = model.evaluate(*test, verbose=0)
    return float(accuracy)


if __name__ == "__main__":
    print(f"accuracy {main():.3f}")
