"""A training that a test kills at any moment: ``python tests/killed.py FOLDER`` begins, or goes on where it was killed.

What it leaves in the folder: the log files, the best model, and, when it has come to its end, `result.json`.
"""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np

import feedforward as ff

FILES = ("log.csv", "log.jsonl", "best.ff", "result.json")
"""What must be the same to the byte, whatever happened on the way."""


def main(folder: Path) -> None:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(200, 5)).astype(np.float32), rng.normal(size=(200, 1)).astype(np.float32)
    ff.set_seed(3)
    model = ff.Sequential([ff.Input((5,)), ff.layers.Dense(8, activation="tanh"), ff.layers.Dropout(0.1)])
    model.add(ff.layers.Dense(1))
    model.compile(ff.optimizers.Adam(0.02), "mean_squared_error", ["mean_absolute_error"])
    print("begun", flush=True)
    history = model.fit(
        x,
        y,
        batch_size=10,
        epochs=15,
        validation_split=0.1,
        verbose=0,
        callbacks=[
            # Kept at the end: who is killed after it, while Python shuts down, has nothing left to train.
            ff.callbacks.BackupAndRestore(folder / "backup", save_freq=3, delete_checkpoint=False),
            ff.callbacks.CSVLogger(folder / "log.csv"),
            ff.callbacks.JSONLogger(folder / "log.jsonl", update_freq=5),
            ff.callbacks.TensorBoard(folder / "board", update_freq=2),
            ff.callbacks.ModelCheckpoint(folder / "best.ff", save_best_only=True),
            ff.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=0.02),
        ],
    )
    variables = [*model.weights, *model.optimizer.variables]
    digest = hashlib.sha256(b"".join(variable.numpy().tobytes() for variable in variables)).hexdigest()
    rate = model.optimizer.learning_rate
    (folder / "result.json").write_text(json.dumps([digest, history.history, history.epoch, rate, model._epochs_done]))
    print("done", flush=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
