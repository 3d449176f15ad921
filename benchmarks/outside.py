"""What is measured and lies outside of this repository: MNIST, and programs of lecture decks, run as they stand."""

from __future__ import annotations

import os
from pathlib import Path

_SHARED = Path(__file__).parents[2] / "shared"

KINDS = {
    "tf1_constants.py": "tf1",
    "tf1_linear_model.py": "tf1",
    "tf1_linear_regression.py": "tf1",
    "tf1_relu_layer.py": "tf1",
    "tf1_softmax.py": "tf1",
    "tf1_mlp.py": "tf1",
    "tf1_dropout.py": "tf1",
    "tf1_dropout_adagrad.py": "tf1",
    "eager_regression.py": "eager",
    "eager_digits.py": "eager",
    "keras_30_seconds.py": "keras1",
    "keras_first_look.py": "keras",
    "keras_mlp.py": "keras",
}
"""The programs, and what each was written for. Those of the decks that use no framework are not compared."""

STEPS = {"tf1_softmax.py": "for i in range(10000):", "eager_digits.py": "train(model, train_x"}
"""Programs whose step is timed alone, and how the line begins at which the loop does."""


def slides_folder() -> Path | None:
    """Return the folder with the programs: that of ``FEEDFORWARD_SLIDES``, or beside this repository; else None."""
    named = os.environ.get("FEEDFORWARD_SLIDES")
    folder = Path(named) if named else _SHARED / "slides"
    return folder.resolve() if any((folder / name).exists() for name in KINDS) else None


def data_folder() -> Path | None:
    """Return the folder with MNIST's files: that of ``FEEDFORWARD_DATA``, or beside this repository; else None."""
    named = os.environ.get("FEEDFORWARD_DATA")
    folder = Path(named) if named else _SHARED / "data"
    return folder.resolve() if (folder / "mnist" / "train-images-idx3-ubyte.gz").exists() else None
