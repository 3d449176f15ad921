"""What a program can be told while a model trains, and keep of it: ``python examples/callbacks.py [folder]``."""

import sys
import tempfile
from pathlib import Path

import feedforward as ff


def main(folder: Path, epochs: int = 4) -> list[str]:
    """Train a network on the digits, and return the names of the files that its callbacks wrote."""
    (x, y), test = ff.datasets.digits()
    ff.set_seed(1)
    model = ff.Sequential([ff.Input((8, 8)), ff.layers.Flatten(), ff.layers.Dense(10, "softmax")])
    model.compile(ff.optimizers.Adam(0.01), "sparse_categorical_crossentropy", ["accuracy"])
    c = ff.callbacks
    history = model.fit(
        x,
        y,
        epochs=epochs,
        validation_data=test,
        verbose=0,
        callbacks=[
            c.ModelCheckpoint(folder / "best.ff", monitor="val_accuracy", save_best_only=True),
            c.CSVLogger(folder / "epochs.csv"),
            c.JSONLogger(folder / "steps.jsonl", update_freq=10),  # a line after each ten batches
            c.TensorBoard(folder / "events"),  # tensorboard --logdir folder/events
            c.ReduceLROnPlateau("loss", patience=2),
            c.LambdaCallback(on_epoch_end=lambda epoch, logs: print(f"epoch {epoch + 1}: {logs['val_accuracy']:.1%}")),
        ],
    )
    print(history)
    print(f"best: {ff.load(folder / 'best.ff').evaluate(*test, verbose=0)[1]:.1%}")
    print((folder / "epochs.csv").read_text(encoding="utf-8").splitlines()[0])
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


if __name__ == "__main__":
    if len(sys.argv) > 1:
        Path(sys.argv[1]).mkdir(exist_ok=True)
        print(main(Path(sys.argv[1])))
    else:
        with tempfile.TemporaryDirectory() as name:
            print(main(Path(name)))
