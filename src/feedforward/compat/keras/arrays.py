"""What ``keras.utils`` has for arrays, and what it has besides that is provided or not."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from feedforward.compat.names import provided, refuse

__all__ = ["get_test_data", "normalize", "to_categorical"]


@provided("keras.utils.to_categorical", "keras.utils.np_utils.to_categorical")
def to_categorical(y: Any, num_classes: int | None = None, nb_classes: int | None = None, dtype: Any = None) -> Any:
    """Return labels as one-hot rows, float32 by default.

    Parameters
    ----------
    y : array of int, shape (n,) or (n, 1)
        The labels.
    num_classes, nb_classes : int, optional
        How many classes there are; by default one more than the largest label.
    dtype : dtype
        Of the rows.

    Raises
    ------
    ValueError
        If a label is not below the number of classes.

    Notes
    -----
    A label below 0 counts from the end, as in Keras; a warning tells of it.
    """
    labels = np.array(y, dtype="int").squeeze(-1) if np.ndim(y) > 1 and np.shape(y)[-1] == 1 else np.array(y, "int")
    count = num_classes if num_classes is not None else nb_classes
    count = (int(labels.max()) + 1 if labels.size else 0) if count is None else int(count)
    if labels.size and -count <= labels.min() < 0:
        warnings.warn(
            f"to_categorical: the label {labels.min()} is class {labels.min() + count}, as in Keras: it counts from the "
            f"end. Number the classes from 0 if that is not meant.",
            stacklevel=2,
        )
    if labels.size and (labels.min() < -count or labels.max() >= count):
        raise ValueError(
            f"to_categorical: labels range from {labels.min()} to {labels.max()}. Expected 0 to {count - 1}: give "
            f"num_classes={labels.max() + 1}, or number the classes from 0."
        )
    return np.eye(count, dtype=dtype or "float32")[labels]


@provided("keras.utils.normalize", "keras.utils.np_utils.normalize")
def normalize(x: Any, axis: int = -1, order: int = 2) -> Any:
    """Return an array whose vectors along an axis have length 1, or are 0."""
    length = np.atleast_1d(np.linalg.norm(x, order, axis))
    length[length == 0] = 1
    return x / np.expand_dims(length, axis)


@provided("keras.utils.np_utils.probas_to_classes")
def probas_to_classes(y_pred: Any) -> Any:
    """Return the classes that probabilities stand for."""
    y = np.asarray(y_pred)
    return y.argmax(1) if y.ndim > 1 and y.shape[1] > 1 else np.array([1 if p > 0.5 else 0 for p in y])


@provided("keras.utils.np_utils.categorical_probas_to_classes")
def categorical_probas_to_classes(p: Any) -> Any:
    """Return the classes of rows of probabilities."""
    return np.argmax(p, axis=1)


@provided("keras.utils.test_utils.get_test_data")
def get_test_data(
    num_train: int = 1000,
    num_test: int = 500,
    input_shape: tuple[int, ...] = (10,),
    output_shape: tuple[int, ...] = (2,),
    classification: bool = True,
    num_classes: int = 2,
    **old: Any,
) -> Any:
    """Return made-up data: ``(x_train, y_train), (x_test, y_test)``, of classes or of numbers.

    Raises
    ------
    TypeError
        If it has no such argument.
    """
    words = {"nb_train": num_train, "nb_test": num_test, "nb_class": num_classes}
    for name in old:
        if name not in words:
            raise TypeError(f"get_test_data({name}=...): there is no such argument. Known: num_train, num_test, ...")
    num_train, num_test, num_classes = (old.get(name, value) for name, value in words.items())
    rows = num_train + num_test
    centres = np.random.randint(0, num_classes, rows) if classification else np.random.random(rows)
    # What belongs to one sample is drawn together, as Keras drew it.
    sizes = math.prod(input_shape), 0 if classification else math.prod(output_shape)
    drawn = np.random.normal(centres[:, None], 0.7, (rows, sum(sizes))).astype(np.float32)
    x = drawn[:, : sizes[0]].reshape(rows, *input_shape)
    y = centres if classification else drawn[:, sizes[0] :].reshape(rows, *output_shape)
    return (x[:num_train], y[:num_train]), (x[num_train:], y[num_train:])


@provided("keras.utils.Sequence", "keras.utils.data_utils.Sequence")
class Sequence:
    """What has batches at places: ``__len__`` and ``__getitem__``; `on_epoch_end` is called after each epoch."""

    def on_epoch_end(self) -> None:
        """Do something after an epoch."""


refuse("one model is trained on all cores by itself.", "keras.utils.multi_gpu_model")
refuse(
    "no file is in this format here; model.save() writes a safe one.", "keras.utils.HDF5Matrix", "keras.utils.io_utils"
)
refuse(
    "trained weights of others are not provided. Train a model of layers.",
    "keras.applications",
)
