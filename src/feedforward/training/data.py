"""Arrays as `fit`, `evaluate` and `predict` take them: checked once, where the user gave them, and kept as they are.

Integers stay integers in memory (a byte an image's pixel) and are cast inside the program, batch by batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from feedforward.errors import DataError, DtypeError, ShapeError
from feedforward.graph.attribute import DTYPES
from feedforward.graph.dimension import Dimension
from feedforward.graph.node import Array, Node, shape_text
from feedforward.nn.config import Range, check_int
from feedforward.tensor import Tensor
from feedforward.training.frames import numbers_of

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = [
    "as_data",
    "check_inputs",
    "check_weights",
    "check_rows",
    "check_batch_size",
    "check_verbose",
    "split_off",
    "weigh_classes",
    "check_data",
    "as_list",
]


def as_data(value: Any, name: str) -> Array:
    """Return an argument as an array of samples: float64 becomes float32, but in mapped files; other dtypes stay.

    Parameters
    ----------
    value : array, tensor, or nested lists of numbers, shape (n, ...)
        The samples.
    name : str
        What messages call it: ``"fit: x"``.

    Raises
    ------
    TypeError, DataError
        If it holds no numbers, rows differ in length, it has no axis of samples, or a number is too large.
    """
    if value is None:
        raise TypeError(f"{name} is missing. Give an array with one row for each sample.")
    if isinstance(value, np.memmap) and value.ndim and value.dtype.isnative and value.dtype.name in DTYPES:
        return np.ascontiguousarray(value).view(np.memmap)  # it may not fit into memory: the step casts batch by batch
    try:
        array = np.asarray(value.numpy() if isinstance(value, Tensor) else value)
    except ValueError:
        raise DataError(f"{name}: rows differ in length. Give every sample the same shape.") from None
    if array.dtype.kind == "O" and array.ndim == 0:
        raise TypeError(f"{name} is a {type(value).__name__}. Give an array with one row for each sample.")
    if array.dtype.kind == "O" and array.size:
        array = numbers_of(array, value, name)
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} has dtype {array.dtype}, expected real numbers. Encode text and dates as numbers first."
        )
    if array.ndim == 0:
        raise DataError(f"{name} is the single number {array}. Give an array with one row for each sample.")
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            narrow = np.ascontiguousarray(array, np.float32)
        if array.dtype != np.float32 and (np.isinf(narrow) & np.isfinite(array)).any():
            raise DataError(
                f"{name} has numbers beyond float32, up to {np.abs(array[np.isfinite(array)]).max():.3g}. Scale them."
            )
        return narrow
    if array.dtype.name not in DTYPES:
        if array.size and array.max() >= 2**63:
            raise DataError(f"{name} has numbers up to {array.max()}, beyond int64. Give floats.")
        array = array.astype(np.int64 if array.dtype.kind in "iu" else bool)
    return np.ascontiguousarray(array, array.dtype.newbyteorder("="))


def check_inputs(arrays: Sequence[Array], inputs: Sequence[Node], caller: str) -> list[Array]:
    """Return the arrays that a network is fed, each checked against its `Input`.

    Parameters
    ----------
    arrays : sequence of array, shapes (n, ...)
        What `as_data` returned.
    inputs : sequence of Node
        The placeholders of the network, in the same order.
    caller : str
        What messages begin with: ``"fit"``.

    Returns
    -------
    list of array
        Floats in the dtype of their `Input`, integers in it where that takes integers; others as they were.

    Raises
    ------
    ShapeError, DtypeError, ValueError
        If their number, a shape or a dtype does not fit.
    """
    if len(arrays) != len(inputs):
        raise ValueError(
            f"{caller}: got {len(arrays)} inputs, the network has {len(inputs)}. Give one array for each input; "
            f"a list of samples becomes one array by np.stack."
        )
    checked = []
    for array, node in zip(arrays, inputs, strict=True):
        name = "x" if len(inputs) == 1 else f"input {node.attrs['name']!r}"
        wanted, got = node.shape[1:], array.shape[1:]
        if len(wanted) != len(got) or any(
            w != g and not isinstance(w, Dimension) for w, g in zip(wanted, got, strict=True)
        ):
            hint = (
                "Reshape it, or begin the network with Flatten()"
                if len(got) > len(wanted)
                else "Give samples of that shape"
            )
            raise ShapeError(
                f"{caller}: {name} has shape {array.shape}, the network expects {shape_text(('n', *wanted))}. {hint}."  # type: ignore[arg-type]
            )
        if array.dtype.kind == "f" and node.dtype.kind != "f":
            raise DtypeError(
                f"{caller}: {name} holds floats, the network's Input takes {node.dtype.name}. "
                f"Give the data unscaled, or declare Input(dtype='float32') and drop the Rescaling."
            )
        if array.dtype.kind != "f" and node.dtype.kind != "f" and array.dtype != node.dtype:
            low, high = (0, 1) if node.dtype.kind == "b" else (np.iinfo(node.dtype).min, np.iinfo(node.dtype).max)
            if array.size and (array.min() < low or array.max() > high):
                raise DtypeError(
                    f"{caller}: {name} has values from {array.min()} to {array.max()}, the network's Input takes "
                    f"{node.dtype.name}. Give values from {low} to {high}."
                )
            array = array.astype(node.dtype)
        if node.dtype.kind == "f" and array.dtype.kind == "f" and not isinstance(array, np.memmap):
            array = array.astype(node.dtype, copy=False)
        checked.append(array)
    return checked


def check_weights(weights: Array, caller: str) -> None:
    """Check that there is one weight for each sample, and what samples weigh.

    Raises
    ------
    ShapeError, DataError
        If there is more than one axis, or a weight is no finite number >= 0; names the first row where that is so.
    """
    if weights.ndim != 1:
        raise ShapeError(f"{caller}: sample_weight has shape {weights.shape}. Give one number for each sample.")
    is_bad = ~(np.isfinite(weights) & (weights >= 0))
    if is_bad.any():
        row = int(is_bad.argmax())
        raise DataError(
            f"{caller}: sample_weight must hold numbers >= 0. Row {row} holds {weights[row].item()!r}. "
            f"Drop the row or replace the value."
        )


def check_rows(arrays: dict[str, Array], caller: str) -> int:
    """Return the number of samples that all arrays share.

    Raises
    ------
    DataError
        If they differ, or there are none.
    """
    counts = {name: len(array) for name, array in arrays.items()}
    if len(set(counts.values())) > 1:
        words = ", ".join(f"{name} has {count}" for name, count in counts.items())
        raise DataError(f"{caller}: the numbers of samples differ: {words}. Give one row of each for every sample.")
    rows = next(iter(counts.values()))
    if rows == 0:
        raise DataError(f"{caller}: there are no samples. Give at least one.")
    return rows


def check_batch_size(batch_size: Any, caller: str) -> int:
    """Return the batch size, 32 for None.

    Raises
    ------
    ValueError
        If it is no int >= 1.
    """
    if batch_size is None:
        return 32
    check_int(caller, "batch_size", batch_size, 1)
    return int(batch_size)


def check_verbose(verbose: Any) -> None:
    """Check how much is to be shown.

    Raises
    ------
    ValueError
        If it is none of "auto", 0, 1 and 2; False and True are 0 and 1.
    """
    if not isinstance(verbose, str | int) or verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose={verbose!r}: verbose must be 'auto', 0, 1 or 2. Got {verbose!r}.")


def split_off(
    arrays: list[Array], targets: Array, weights: Array | None, share: float
) -> tuple[list[Array], Array, Array | None, tuple[Any, ...]]:
    """Return the data to train on, and as the last the share from the end that is held out.

    Parameters
    ----------
    arrays : list of array, shapes (n, ...)
        The inputs.
    targets : array, shape (n, ...)
        The targets.
    weights : array, shape (n,), optional
        What each sample weighs.
    share : float
        The share held out, above 0 and below 1; the number of samples trained on is rounded down.

    Returns
    -------
    arrays, targets, weights, (x, y, sample_weight)
        The last with one array for x where the network has one input, else a list.

    Raises
    ------
    ValueError
        If `share` is not between 0 and 1, or one of the parts would be empty.
    """
    if share not in Range(0, 1, has_low=False, has_high=False):
        raise ValueError(f"fit(validation_split={share!r}): it must be a number between 0 and 1. Got {share!r}.")
    cut = int(len(targets) * (1 - share))
    if cut in (0, len(targets)):
        raise ValueError(
            f"fit(validation_split={share}): of {len(targets)} samples one part would be empty. Give more data."
        )
    held = [array[cut:] for array in arrays]
    rest = (held if len(held) > 1 else held[0], targets[cut:], None if weights is None else weights[cut:])
    return [array[:cut] for array in arrays], targets[:cut], None if weights is None else weights[:cut], rest


def weigh_classes(
    class_weight: dict[int, float], targets: Array, weights: Array | None, is_whole: bool = True
) -> Array:
    """Return what each sample weighs by its class, times its own weight.

    Parameters
    ----------
    class_weight : dict of int, float or bool to float
        What the samples of a class weigh, at least 0; 1 for a class that is not in it.
    targets : array, shape (n,), (n, 1) or (n, c)
        The classes' numbers, or rows whose largest element tells the class.
    weights : array, shape (n,), optional
        What each sample weighs by itself; 1 by default.
    is_whole : bool
        Whether these are all samples there are: then a class that none of them has is a mistake.

    Returns
    -------
    float32 array, shape (n,)
        A new one.

    Raises
    ------
    TypeError, ValueError
        If it is no dict of classes to numbers >= 0, or no sample has a class that is in it.
    ShapeError
        If the targets have more than two axes.
    """
    if not isinstance(class_weight, dict):
        raise TypeError(
            f"fit: class_weight is a {type(class_weight).__name__}. Give a dict, such as {{0: 1.0, 1: 5.0}}."
        )
    if targets.ndim > 2:
        raise ShapeError(f"fit: class_weight needs one class a sample, y has shape {targets.shape}. Use sample_weight.")
    labels = (
        targets.argmax(-1) if targets.ndim == 2 and targets.shape[1] > 1 else targets.reshape(len(targets), -1)[:, 0]
    )
    result = np.ones(len(targets), np.float32) if weights is None else weights.copy()
    for label, weight in class_weight.items():
        if not (label in Range() and float(label) == int(label)) and not isinstance(label, bool | np.bool_):
            raise TypeError(f"fit: class_weight has the class {label!r}. Expected the number of a class, as in y.")
        if weight not in Range(0):
            raise ValueError(f"fit: class_weight[{label!r}] = {weight!r} must be a number >= 0. Got {weight!r}.")
        if is_whole and not (labels == label).any():
            raise ValueError(
                f"fit: class_weight has the class {label!r}, which no sample to train on has: their classes range from "
                f"{labels.min()} to {labels.max()}. Leave it out, or number the classes as in y."
            )
        result[labels == label] *= weight
    return result


def check_data(
    model: Model, x: Any, y: Any, sample_weight: Any, caller: str
) -> tuple[list[Array], Array, Array | None]:
    """Return samples, targets and weights as arrays that fit the network."""
    arrays = [as_data(one, f"{caller}: x") for one in as_list(x)]
    targets = as_data(y, f"{caller}: y")
    if targets.dtype == np.float64:  # a mapped file; a loss takes float32
        targets = targets.astype(np.float32)
    if len(arrays) == 1:
        check_rows({"x": arrays[0], "y": targets}, caller)
    model.build_for(arrays)
    if len(model.network.outputs) != 1:
        raise ValueError(
            f"{caller}: the network has {len(model.network.outputs)} outputs. Train one with a single output."
        )
    model.network.check_outputs(caller)
    arrays = check_inputs(arrays, model.network.inputs, caller)
    named = {f"x[{place}]" if len(arrays) > 1 else "x": array for place, array in enumerate(arrays)} | {"y": targets}
    weights = None
    if sample_weight is not None:
        weights = as_data(sample_weight, f"{caller}: sample_weight").astype(np.float32)
        if weights.shape[1:] == (1,):  # a frame's column
            weights = weights[:, 0]
        check_weights(weights, caller)
        named["sample_weight"] = weights
    check_rows(named, caller)
    loss = model.ready(caller)[1].loss
    loss.check_targets(targets, tuple(None if not isinstance(s, int) else s for s in model.network.outputs[0].shape))
    return arrays, targets, weights


def as_list(value: Any) -> list[Any]:
    """Return several inputs or outputs as a list: a list of arrays or tensors is several, anything else is one."""
    is_many = isinstance(value, list | tuple) and bool(value) and all(isinstance(v, np.ndarray | Tensor) for v in value)
    if (
        is_many
        and not any(isinstance(v, Tensor) and v.is_symbolic for v in value)
        and all(np.ndim(v) == 0 for v in value)
    ):
        return [value]
    return list(value) if is_many else [value]
