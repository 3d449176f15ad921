"""Arrays as `fit`, `evaluate` and `predict` take them: checked once, where the user gave them, and kept as they are.

Integers stay integers in memory (a byte an image's pixel) and are cast inside the program, batch by batch.
"""

from __future__ import annotations

from collections import UserDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, TypeVar

import numpy as np

from feedforward.arrays import Origin, blocks, numbers, shown
from feedforward.errors import DataError, DtypeError, OutOfRangeError, ShapeError
from feedforward.graph.attribute import DTYPES
from feedforward.graph.dimension import Dimension, unknown
from feedforward.graph.node import Array, Node, Shape, shape_text
from feedforward.nn.config import Range, check_int
from feedforward.nn.layer import is_several
from feedforward.nn.text import as_texts, looks_like_text
from feedforward.tensor import Tensor
from feedforward.training.network import Network
from feedforward.training.objectives import Objective, arrange

__all__ = [
    "Fed",
    "as_data",
    "as_inputs",
    "check_fed",
    "check_inputs",
    "check_weights",
    "check_rows",
    "check_batch_size",
    "check_order",
    "check_verbose",
    "split_place",
    "labels_of",
    "weigh_classes",
    "weighed",
    "Samples",
    "check_data",
    "check_finite",
    "fit_axes",
    "inputs_of",
    "as_list",
]

_Array = TypeVar("_Array", Array, Tensor)


@dataclass(frozen=True)
class Samples:
    """Arrays that fit a network.

    Parameters
    ----------
    inputs : list of array, shapes (n, ...)
        One for each input.
    targets : dict of str to array, shapes (n, ...)
        What each output is to be that is compared with anything.
    weights : float32 array, shape (n,), optional
        What each sample weighs.
    origins : list of Origin
        What messages call the cells of each input.
    """

    inputs: list[Array]
    targets: dict[str, Array]
    weights: Array | None
    origins: list[Origin]

    @property
    def arrays(self) -> list[Array]:
        """All of them, in the order in which a step takes them."""
        return [*self.inputs, *self.targets.values(), *([] if self.weights is None else [self.weights])]

    @property
    def rows(self) -> int:
        """How many samples there are."""
        return len(self.inputs[0])

    def part(self, first: int, end: int) -> Samples:
        """Return the samples from row `first` on, before row `end`."""
        return Samples(
            [array[first:end] for array in self.inputs],
            {name: array[first:end] for name, array in self.targets.items()},
            None if self.weights is None else self.weights[first:end],
            [replace(origin, first=origin.first + first) for origin in self.origins],
        )


class Fed(Protocol):
    """What data are checked for: a model, as far as it concerns them."""

    has_many_outputs: bool

    @property
    def network(self) -> Network:
        """What computes the outputs."""

    @property
    def is_described(self) -> bool:
        """Whether it is known what the inputs are."""

    def outputs_for(self, arrays: Sequence[Array]) -> list[Array]:
        """Return each output for samples that fit the network."""

    def build_for(self, arrays: Sequence[Array]) -> None:
        """Learn what the inputs are from data."""

    def wanted(self, caller: str) -> list[Objective]:
        """Return what is wanted of each output."""


_FLOAT, _DOUBLE = np.dtype(np.float32), np.dtype(np.float64)
"""What a network computes in, and what it does where its Input or its layers say so."""


def as_data(value: Any, name: str, dtype: np.dtype[Any] = _FLOAT) -> Array:
    """Return an argument as an array of samples: floats in the dtype they are to have, other dtypes stay.

    Parameters
    ----------
    value : array, tensor, or nested lists of numbers, shape (n, ...)
        The samples.
    name : str
        What messages call it: ``"fit: x"``.
    dtype : dtype
        float32, or float64 for a network that computes in it; any other dtype stands for float32.

    Raises
    ------
    TypeError, DataError, ShapeError
        If it holds no numbers, one is missing or masked, rows differ in length, it has no axis of samples, or a number
        is too large.
    """
    if value is None:
        raise TypeError(f"{name} is missing. Give an array with one row for each sample.")
    if isinstance(value, np.memmap) and value.ndim and value.dtype.isnative and value.dtype.name in DTYPES:
        return np.ascontiguousarray(value).view(np.memmap)  # it may not fit into memory: the step casts batch by batch
    array = numbers(value.numpy() if isinstance(value, Tensor) else value, name)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"{name} is a {type(value).__name__}. Give an array with one row for each sample.")
    if array.ndim == 0:
        raise DataError(f"{name} is the single number {array}. Give an array with one row for each sample.")
    if array.dtype.kind == "f":
        with np.errstate(over="ignore"):
            narrow = np.ascontiguousarray(array, dtype if dtype == _DOUBLE else _FLOAT)
        if array.dtype != _FLOAT and dtype != _DOUBLE and (np.isinf(narrow) & np.isfinite(array)).any():
            raise DataError(
                f"{name} has numbers beyond float32, up to {np.abs(array[np.isfinite(array)]).max():.3g}. Scale them."
            )
        return narrow
    if array.dtype.name not in DTYPES:
        if array.size and array.max() >= 2**63:
            raise DtypeError(f"{name}: {array.max()} does not fit int64. Give floats, or numbers below 2**63.")
        array = array.astype(np.int64 if array.dtype.kind in "iu" else bool)
    return np.ascontiguousarray(array, array.dtype.newbyteorder("="))


def as_inputs(model: Fed, x: Any, caller: str) -> dict[str, Array]:
    """Return the samples of each input by what messages call it, in float64 where the network takes that.

    Text becomes the numbers of the lookup that it goes into; it stays text where no lookup is known yet.
    """
    given = inputs_of(_names(model), x, caller)
    nodes: list[Node | None] = list(model.network.inputs) if model.is_described else []
    nodes += [None] * (len(given) - len(nodes))  # what is too much is said later
    return {
        name: _samples_of(model, node, each, f"{caller}: {name}")
        for (name, each), node in zip(given.items(), nodes, strict=False)
    }


def _samples_of(model: Fed, node: Node | None, value: Any, name: str) -> Array:
    """Return the samples of one input; of one that is not known yet without a node."""
    if node is None:
        return as_texts(value, name) if looks_like_text(value) and not model.is_described else as_data(value, name)
    lookup = model.network.lookups.get(node)
    return as_data(value, name, node.dtype) if lookup is None else lookup.numbers_of(value, name)


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
        Floats in the dtype of their `Input`, integers in it where that takes integers; others as they were. A last axis
        of one element is put in or left out where the `Input` has it otherwise, as in Keras.

    Raises
    ------
    ShapeError, DtypeError, ValueError
        If their number, a shape or a dtype does not fit.
    """
    if len(arrays) != len(inputs):
        hint = "one array; of a list of samples, np.stack(x)" if len(inputs) == 1 else "a list with one array for each"
        raise ValueError(f"{caller}: got {len(arrays)} inputs, the network has {len(inputs)}. Give {hint}.")
    checked = []
    for array, node in zip(arrays, inputs, strict=True):
        name = "x" if len(inputs) == 1 else f"input {node.attrs['name']!r}"
        array = fit_axes(array, node, f"{caller}: {name}")
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
            array = array if isinstance(array, np.memmap) else array.astype(node.dtype)  # the step casts what is mapped
        if node.dtype.kind == "f" and array.dtype.kind == "f" and not isinstance(array, np.memmap):
            array = array.astype(node.dtype, copy=False)
        checked.append(array)
    return checked


def fit_axes(x: _Array, node: Node, name: str) -> _Array:
    """Return `x` with a last axis of one element put in or left out, where that makes it fit an input: as in Keras.

    Raises
    ------
    ShapeError
        If its shape is not that of a batch for the input.
    """
    shape: Shape = node.shape
    if _has_shape(x, shape):
        return x
    if x.ndim == len(shape) - 1 and _has_shape(longer := x[..., None], shape):
        return longer
    if x.ndim == len(shape) + 1 and x.shape[-1] == 1 and _has_shape(shorter := x[..., 0], shape):
        return shorter
    hint = "Give samples of that shape"
    if x.ndim == len(shape) - 1 and _has_shape(x[None], shape):
        hint = "Give one sample as a batch of one: x[None], or [x] of a list"
    elif x.ndim > len(shape):
        hint = "Reshape it, or begin the network with Flatten()"
    wanted = shape_text((unknown("n"), *shape[1:]))
    raise ShapeError(f"{name} has shape {x.shape}, the network expects {wanted}. {hint}.")


def _has_shape(x: Array | Tensor, shape: Shape) -> bool:
    """Return whether samples have the shape of an input, as far as both are known."""
    return x.ndim == len(shape) and all(
        wanted == got or isinstance(wanted, Dimension) or got is None
        for wanted, got in zip(shape[1:], x.shape[1:], strict=True)
    )


def check_weights(weights: Array, origin: Origin, caller: str) -> None:
    """Check that there is one weight for each sample, and what samples weigh.

    Raises
    ------
    ShapeError, DataError
        If there is more than one axis, or a weight is no finite number >= 0; names the first rows where that is so.
    """
    if weights.ndim != 1:
        raise ShapeError(f"{caller}: sample_weight has shape {weights.shape}. Give one number for each sample.")
    is_bad = ~(np.isfinite(weights) & (weights >= 0))
    if is_bad.any():
        raise DataError(
            f"{caller}: sample_weight must hold numbers >= 0. Got {weights[is_bad][0]} in {origin.cells(is_bad)}. "
            f"Drop the row or replace the value."
        )


def check_rows(arrays: dict[str, Any], caller: str) -> int:
    """Return the number of samples that all arrays, frames or sparse matrices share.

    Raises
    ------
    DataError
        If they differ, or there are none.
    """
    # A sparse matrix has no length, and a number no rows.
    counts = {name: int((*np.shape(array), 0)[0]) for name, array in arrays.items()}
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


def check_order(order: Any, rows: int, caller: str) -> Array:
    """Return in which order rows are used, int64 of shape (m,).

    Parameters
    ----------
    order : int array, shape (m,)
        What the user gave.
    rows : int
        How many rows there are.
    caller : str
        What messages begin with.

    Raises
    ------
    DtypeError, ShapeError, DataError, OutOfRangeError
        If it holds no ints, has not one axis, is empty, or names a row that is not there.
    """
    given = np.asarray(order)
    if given.ndim != 1:
        raise ShapeError(f"{caller}: order has shape {given.shape}. Expected (m,); give the numbers of rows.")
    if not len(given):
        raise DataError(f"{caller}: order is empty. Give the number of one row at least.")
    if given.dtype.kind not in "iu":
        raise DtypeError(f"{caller}: order has dtype {given.dtype.name}. Expected int64; give the numbers of rows.")
    first, last = given.min(), given.max()
    if first < 0 or last >= rows:
        raise OutOfRangeError(
            f"{caller}: order goes from {first} to {last}, but there are {rows} rows. Give numbers from 0 to "
            f"{rows - 1}."
        )
    return given.astype(np.int64, copy=False)


def check_verbose(verbose: Any) -> None:
    """Check how much is to be shown.

    Raises
    ------
    ValueError
        If it is none of "auto", 0, 1 and 2; False and True are 0 and 1.
    """
    if not isinstance(verbose, str | int) or verbose not in ("auto", 0, 1, 2):
        raise ValueError(f"verbose={verbose!r}: verbose must be 'auto', 0, 1 or 2. Got {verbose!r}.")


def split_place(rows: int, share: float) -> int:
    """Return the number of samples to train on where a share of them, from the end, is held out.

    Parameters
    ----------
    rows : int
        The number of all samples.
    share : float
        The share held out, above 0 and below 1; the number of samples trained on is rounded down.

    Raises
    ------
    ValueError
        If `share` is not between 0 and 1, or one of the parts would be empty.
    """
    if share not in Range(0, 1, has_low=False, has_high=False):
        raise ValueError(f"fit(validation_split={share!r}): it must be a number between 0 and 1. Got {share!r}.")
    cut = int(rows * (1 - share))
    if cut in (0, rows):
        raise ValueError(f"fit(validation_split={share}): of {rows} samples one part would be empty. Give more data.")
    return cut


def labels_of(targets: Array, who: str) -> Array:
    """Return the class of each sample: its number, or the place of the largest element of its row.

    Parameters
    ----------
    targets : array, shape (n,), (n, 1) or (n, c)
        The targets.
    who : str
        Who asks, for messages.

    Raises
    ------
    ShapeError
        If the targets have more than two axes.
    """
    if targets.ndim > 2:
        raise ShapeError(f"{who} needs one class a sample, y has shape {targets.shape}. Use sample_weight.")
    if targets.ndim == 2 and targets.shape[1] > 1:
        labels: Array = targets.argmax(-1)
        return labels
    return targets.reshape(len(targets), -1)[:, 0]


def weigh_classes(
    class_weight: dict[int, float],
    targets: Array,
    weights: Array | None,
    is_whole: bool = True,
    caller: str = "fit",
    classes: int | None = None,
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
    caller : str
        What messages begin with.
    classes : int, optional
        How many classes the network tells apart, numbered from 0: another number is a mistake in any batch.

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
            f"{caller}: class_weight is a {type(class_weight).__name__}. Give a dict, such as {{0: 1.0, 1: 5.0}}."
        )
    labels = labels_of(targets, f"{caller}: class_weight")
    result = np.ones(len(targets), np.float32) if weights is None else weights.copy()
    for label, weight in class_weight.items():
        if not (label in Range() and float(label) == int(label)) and not isinstance(label, bool | np.bool_):
            raise TypeError(f"{caller}: class_weight has the class {label!r}. Expected the number of a class, as in y.")
        if weight not in Range(0):
            raise ValueError(f"{caller}: class_weight[{label!r}] = {weight!r} must be a number >= 0. Got {weight!r}.")
        if is_whole and not (labels == label).any():
            raise ValueError(
                f"{caller}: class_weight has the class {label!r}, which no sample to train on has: their classes range "
                f"from {labels.min()} to {labels.max()}. Leave it out, or number the classes as in y."
            )
        if classes is not None and not 0 <= label < classes:
            raise ValueError(
                f"{caller}: class_weight has the class {label!r}, the network has {classes}: 0 to {classes - 1}. Leave "
                f"it out, or number the classes as in y."
            )
        result[labels == label] *= weight
    return result


def weighed(
    samples: Samples,
    class_weight: dict[Any, float],
    wanted: Sequence[Objective],
    is_whole: bool = True,
    caller: str = "fit",
) -> Samples:
    """Return samples that weigh by their class, too; see `weigh_classes`.

    Raises
    ------
    ValueError
        If the network has several outputs.
    """
    if len(wanted) > 1:
        raise ValueError(
            f"{caller}: class_weight needs a network of one output, this has {len(wanted)}. Use sample_weight, or "
            f"loss_weights of compile()."
        )
    (targets,), shape = samples.targets.values(), wanted[0].shape
    classes = shape[-1] if len(shape) > 1 and shape[-1] != 1 else None
    weights = weigh_classes(class_weight, targets, samples.weights, is_whole, caller, classes)
    return replace(samples, weights=weights)


def check_data(model: Fed, x: Any, y: Any, sample_weight: Any, caller: str) -> Samples:
    """Return samples, the targets of each output and weights as arrays that fit the network."""
    inputs = as_inputs(model, x, caller)
    if not model.is_described and len(inputs) == 1 and not isinstance(y, dict) and not is_several(y):
        check_rows(inputs | {"y": as_data(y, f"{caller}: y")}, caller)  # before a shape is learned
    if not model.is_described:
        model.build_for(list(inputs.values()))
        inputs = as_inputs(model, x, caller)  # in the dtype that is known now
    model.network.check_outputs(caller)
    wanted = model.wanted(caller)
    given = arrange(wanted, y, model.has_many_outputs, caller)
    names = {name: "y" if len(given) == 1 else f"y[{name!r}]" for name in given}
    dtypes = {objective.output: node.dtype for objective, node in zip(wanted, model.network.outputs, strict=True)}
    targets = {name: as_data(each, f"{caller}: {names[name]}", dtypes[name]) for name, each in given.items()}
    for name, target in targets.items():  # of a mapped file they may have another dtype than the loss takes
        if target.dtype.kind == "f":
            targets[name] = target.astype(_DOUBLE if dtypes[name] == _DOUBLE else _FLOAT, copy=False)
    arrays = check_inputs(list(inputs.values()), model.network.inputs, caller)
    check_fed(model, arrays, x, caller)
    named = dict(zip(inputs, arrays, strict=True)) | {names[name]: array for name, array in targets.items()}
    weights = None
    if sample_weight is not None:
        if isinstance(sample_weight, dict) or (len(wanted) > 1 and is_several(sample_weight)):
            raise TypeError(f"{caller}: sample_weight is no array. Give one weight for each sample, for all outputs.")
        weights = as_data(sample_weight, f"{caller}: sample_weight").astype(np.float32)
        if weights.shape[1:] == (1,):  # a frame's column
            weights = weights[:, 0]
        check_weights(weights, Origin.of(sample_weight), caller)
        named["sample_weight"] = weights
    check_rows(named, caller)
    for name, target in targets.items():
        is_bad = ~np.isfinite(target)
        if is_bad.any():
            raise DataError(
                f"{caller}: {names[name]} must hold finite numbers. Got {target[is_bad][0]} in "
                f"{Origin.of(given[name]).cells(is_bad)}. Drop the row or replace the value."
            )
    for objective in wanted:
        if objective.output in targets:
            objective.check_targets(targets[objective.output], is_only=len(wanted) == 1)
    origins = [Origin.of(one) for one in inputs_of(_names(model), x, caller).values()]
    return Samples(arrays, targets, weights, origins)


def check_fed(model: Fed, arrays: Sequence[Array], x: Any, caller: str) -> None:
    """Let the layers that inputs go right into check the samples; what is mapped from a file is not read as a whole."""
    for node, array, (name, given) in zip(
        model.network.inputs, arrays, inputs_of(_names(model), x, caller).items(), strict=True
    ):
        if not isinstance(array, np.memmap):
            for layer in model.network.layers_fed(node):
                layer.check_fed(array, f"{caller}: {name}", Origin.of(given))


def _names(model: Fed) -> list[str]:
    """Return the names of a model's inputs, none before they are known."""
    return [node.attrs["name"] for node in model.network.inputs] if model.is_described else []


def inputs_of(names: Sequence[str], x: Any, caller: str) -> dict[str, Any]:
    """Return what is given for each input of a network, by what messages call it: ``x``, or ``input 'a'`` of several.

    Parameters
    ----------
    names : sequence of str
        What the inputs are called; none where that is not known yet, for a network of one.
    x : array, list of them, or dict of them
        What the user gave: a list is in the order of the inputs, a dict has their names.
    caller : str
        What messages begin with: ``"fit"``.

    Raises
    ------
    ValueError
        If the names in a dict are not those of the inputs.
    """
    given: Sequence[Any]
    if isinstance(x, dict | UserDict):
        if set(x) != set(names):
            known = f"the inputs are {', '.join(map(repr, names))}" if names else "the model takes one array"
            raise ValueError(
                f"{caller}: x is a dict of {shown(list(x))}, {known}. Give a dict with an array for each input by its "
                f"name, or one array with a row for each sample."
            )
        given = [x[name] for name in names]
    else:
        given = list(x) if len(names) > 1 and isinstance(x, list | tuple) else as_list(x)
    if len(given) == 1:
        return {"x": given[0]}
    labels = names if len(names) == len(given) else range(len(given))
    return {f"input {label!r}": one for label, one in zip(labels, given, strict=True)}


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


_MOST_TRIED = 1024
"""So many rows at most are tried out."""


def check_finite(model: Fed, samples: Samples, caller: str) -> Samples:
    """Return samples whose inputs are finite, or such that the network makes finite numbers of them.

    Raises
    ------
    DataError
        If they are not; names the rows and columns.
    """
    for place, array in enumerate(samples.inputs):
        if array.dtype.kind != "f":
            continue
        bad = [first + _bad_rows(block) for first, block in blocks(array) if not np.isfinite(block).all()]
        if not bad:
            continue
        rows = np.concatenate(bad)
        tried = [each[rows[:_MOST_TRIED]] for each in samples.inputs]
        with np.errstate(all="ignore"):
            outputs = model.outputs_for(tried)
        if all(np.isfinite(output).all() for output in outputs):
            continue  # it fills them in by itself, or masks them
        name = "x" if len(samples.inputs) == 1 else f"input {_names(model)[place]!r}"
        first = array[rows[0]]
        raise DataError(
            f"{caller}: {name} must hold finite numbers. Got {first[~np.isfinite(first)].flat[0]} in "
            f"{_cells(array, rows, samples.origins[place])}. Fill or drop such samples, or let the network do it."
        )
    return samples


def _bad_rows(array: Array) -> Array:
    """Return the numbers of the rows that hold something that is not finite."""
    return np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(1))


def _cells(array: Array, rows: Array, origin: Origin) -> str:
    """Return what the cells of an array are called that are not finite, of rows that have some."""
    return origin.cells_of(rows, lambda row: ~np.isfinite(array[row]), len(array))
