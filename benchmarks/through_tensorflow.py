"""Runs an old program through TensorFlow's own compatibility layer: ``python through_tensorflow.py KIND FILE``.

`installed` of ``tests/compat/record.py`` makes ``tensorflow`` mean ``tf.compat.v1``, and ``keras`` what it was before
its third edition (tf-keras); here is what programs read beside that: MNIST, from the folder ``FEEDFORWARD_DATA``.
"""

from __future__ import annotations

import gzip
import importlib
import importlib.util
import os
import sys
import types
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parents[1] / "tests" / "compat" / "record.py"
_FILES = ("train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1")


class _DataSet:
    """A part of MNIST as TensorFlow 1's tutorials had it: float32 at once, put in a new order before each epoch."""

    def __init__(self, images: Any, labels: Any) -> None:
        self.images, self.labels, self.num_examples = np.multiply(images, np.float32(1 / 255)), labels, len(images)
        self._start = self.num_examples

    def next_batch(self, batch_size: int) -> tuple[Any, Any]:
        """Return the next rows; what is left of an epoch comes before the first ones of the next."""
        end = self._start + batch_size
        if end <= self.num_examples:
            rest = self.images[:0], self.labels[:0]
        else:
            rest = self.images[self._start :], self.labels[self._start :]
            order = np.random.permutation(self.num_examples)
            self.images, self.labels = self.images[order], self.labels[order]
            self._start, end = 0, batch_size - len(rest[0])
        batch = self.images[self._start : end], self.labels[self._start : end]
        self._start = end
        if not len(rest[0]):
            return batch
        return np.concatenate([rest[0], batch[0]]), np.concatenate([rest[1], batch[1]])


def install(kind: str) -> None:
    """Let ``tensorflow`` and ``keras`` mean what they meant to programs of a kind: one of `VERSIONS` in record.py."""
    os.environ.update(TF_USE_LEGACY_KERAS="1", TF_CPP_MIN_LOG_LEVEL="3")
    spec = importlib.util.spec_from_file_location("record", RECORD)
    assert spec is not None and spec.loader is not None
    record = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(record)
    if kind != "tf1":
        importlib.import_module("tf_keras.api._v1.keras")
        importlib.import_module("tf_keras.api._v1.keras.datasets.mnist").load_data = _load_data  # type: ignore[attr-defined]
    record.installed(f"{kind}_program")
    if kind == "keras1":
        _take_old_arguments()
    module = types.ModuleType("tensorflow.examples.tutorials.mnist")
    module.input_data = types.ModuleType(f"{module.__name__}.input_data")  # type: ignore[attr-defined]
    module.input_data.read_data_sets = _read_data_sets  # type: ignore[attr-defined]
    above = {name: types.ModuleType(name) for name in ("tensorflow.examples", "tensorflow.examples.tutorials")}
    sys.modules.update({**above, module.__name__: module, f"{module.__name__}.input_data": module.input_data})


def _take_old_arguments() -> None:
    """Let ``keras.layers``, too, have the layers that take the arguments of Keras 1."""
    layers = types.ModuleType("keras.layers")
    vars(layers).update(vars(sys.modules["keras.layers"]))
    for part in ("core", "convolutional"):
        named = vars(sys.modules[f"keras.layers.{part}"]).items()
        vars(layers).update({name: thing for name, thing in named if not name.startswith("_")})
    sys.modules["keras.layers"] = layers


def _load_data() -> tuple[tuple[Any, Any], tuple[Any, Any]]:
    """Return MNIST as ``keras.datasets.mnist.load_data()`` did."""
    folder = Path(os.environ["FEEDFORWARD_DATA"]) / "mnist"
    contents = [gzip.decompress((folder / f"{name}-ubyte.gz").read_bytes()) for name in _FILES]
    x, y, x_test, y_test = (
        np.frombuffer(content, np.uint8, offset=16 if "images" in name else 8)
        for name, content in zip(_FILES, contents, strict=True)
    )
    return (x.reshape(-1, 28, 28), y), (x_test.reshape(-1, 28, 28), y_test)


def _read_data_sets(train_dir: str, one_hot: bool = False, reshape: bool = True, validation_size: int = 5000) -> Any:
    """Return the three parts of MNIST as ``input_data.read_data_sets`` did."""
    shape = (-1, 784) if reshape else (-1, 28, 28, 1)
    (x, y), (x_test, y_test) = [
        (images.reshape(shape), np.eye(10)[labels] if one_hot else labels) for images, labels in _load_data()
    ]
    validation = _DataSet(x[:validation_size], y[:validation_size])
    train, test = _DataSet(x[validation_size:], y[validation_size:]), _DataSet(x_test, y_test)
    return types.SimpleNamespace(train=train, validation=validation, test=test)


def main(kind: str, file: str, *arguments: str) -> None:
    """Run a program as Python runs one."""
    sys.argv[:] = [file, *arguments]
    sys.path[0] = str(Path(file).resolve().parent)
    install(kind)
    names = {"__name__": "__main__", "__file__": file, "__builtins__": __builtins__}
    exec(compile(Path(file).read_text(), file, "exec", dont_inherit=True), names)


if __name__ == "__main__":
    main(*sys.argv[1:])
