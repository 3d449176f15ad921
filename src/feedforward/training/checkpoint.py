"""A model in one file, and back.

The file is a sealed one (``sealed.py``): the raw numbers of every weight; and in its description the network, the
configuration of training and the owner's metadata. Nothing in it is ever executed, shapes and numbers are checked
before they are used, and a save replaces the old file all at once.
"""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from feedforward import random
from feedforward.atomic import check_target, write_bytes
from feedforward.errors import FormatError, LimitError
from feedforward.graph.limits import MAX_ELEMENTS
from feedforward.graph.node import Array
from feedforward.lookup import Registry
from feedforward.nn.config import from_config
from feedforward.nn.layer import Layer, loading
from feedforward.nn.loss import LOSSES
from feedforward.nn.metrics import METRICS, Metric
from feedforward.nn.optimizers import OPTIMIZERS, Learned
from feedforward.sealed import LONGEST_HEADER, MOST_TENSORS, Seal, header_length, one_line, read_file
from feedforward.tensor import Variable, store
from feedforward.training.described import Described
from feedforward.training.network import MODELS, Network, config_of

if TYPE_CHECKING:
    from feedforward.training.model import Model  # which saves itself with this

__all__ = ["save", "lack_text", "to_bytes", "load", "from_bytes", "training_config"]

T = TypeVar("T")

_VERSION = 3
_SEAL = Seal("feedforward", "feedforward model", "save()", _VERSION)
"""In files of version 1 the digest covers the numbers alone; in those of version 2 no network stands in
another, and no layer has several inputs. They are read, too."""

_OPTIMIZER = "optimizer/"

_BASES = {
    "optimizer": "optimizers.Optimizer",
    "loss": "losses.Loss",
    "metrics": "metrics.Metric",
    "weighted_metrics": "metrics.Metric",
}
"""Whose documentation says how a class is registered, for each part of training that a file may lack."""

_STAND_INS = {"optimizer": "sgd", "loss": "mean_squared_error"}
"""What a model is compiled with, for a moment, in place of what its file lacks."""


def save(model: Model, path: str | os.PathLike[str]) -> None:
    """Write a model to a file; see `Model.save`.

    Parameters
    ----------
    model : Model
        What to keep.
    path : path
        The file.

    Raises
    ------
    IsADirectoryError, FileNotFoundError
        If the path is a folder, or its folder is not there.
    FormatError
        If the metadata are no dict or JSON cannot hold them, two weights share a name, or a layer is not registered.
    OSError
        If the file cannot be written; then it is as it was.

    Warns
    -----
    UserWarning
        If what the model was compiled with is not in the file, whole; see `training_config`.
    """
    target = Path(path)
    check_target(target, "save", "model.ff")
    write_bytes(target, to_bytes(model))
    missing = training_config(model)[1]
    if missing:  # after the file is written: whoever makes errors of warnings has it
        warnings.warn(f"save: {lack_text(missing)}", stacklevel=3)


def lack_text(missing: dict[str, str]) -> str:
    """Return what is said to somebody who keeps a model without a part of its training."""
    parts = ", ".join(f"{name} {thing}" for name, thing in missing.items())
    calls = ", ".join(f"{name}=..." for name in missing)
    bases = " and ".join(f"feedforward.{_BASES[name]}" for name in missing)
    return (
        f"the file lacks the {parts}: no function is in a file, and no class that is not registered. The model that is "
        f"loaded predicts; before fit or evaluate compile it again with {calls}. To keep it register a class, see "
        f"{bases}."
    )


def to_bytes(model: Model) -> bytes:
    """Return what the file of a model holds.

    Raises
    ------
    FormatError
        As for `save`.
    """
    if not isinstance(model.metadata, dict):
        raise FormatError(f"save: metadata is a {type(model.metadata).__name__}, expected a dict. Give one, or {{}}.")
    training = training_config(model)[0]
    header: dict[str, Any] = {
        "version": _VERSION,
        "name": model.name,
        "kind": "Own" if model.has_own_call else model.kind,
        "trainable": model.trainable,
        "network": model.network.to_config(),
        "has_many_outputs": model.has_many_outputs,
        "seed": model.seed,
        "epochs_done": model._epochs_done,
        "metadata": model.metadata,
        "training": training,
        "frozen": [path for path, weight in model.weights_by_path() if not weight.trainable],
    }
    names = [layer.name for layer in model.network.layers]  # one may have a new name since the network was described
    if len(set(names)) < len(names):
        raise FormatError("save: two layers share a name. Give each layer a name of its own.")
    _check_sharing(model)
    tensors = {path: _array(weight) for path, weight in model.weights_by_path()}
    if len(tensors) < len(model.weights):
        raise FormatError("save: two weights share a name. Give each layer a name of its own.")
    if training is not None and training["optimizer"] is not None and model.optimizer is not None:
        paths = {weight: path for path, weight in model.weights_by_path()}
        strangers = {*model.optimizer.parameters} - {*paths}
        if strangers:
            raise FormatError(
                f"save: the optimizer was built for {min(one.name for one in strangers)!r}, which is no weight of the "
                f"model. Compile the model with an optimizer of its own."
            )
        header["optimized"] = [paths[parameter] for parameter in model.optimizer.parameters]
        header["factors"] = model.optimizer.factors()
        state = {f"{_OPTIMIZER}{path}": _array(slot) for path, slot in model.optimizer.state(paths).items()}
        if clash := tensors.keys() & state.keys():
            raise FormatError(f"save: {min(clash)!r} is the optimizer's and a layer's. Give the layer another name.")
        tensors |= state
    try:
        # As it will be read: JSON's keys are texts, its tuples lists.
        header = json.loads(json.dumps(header))
    except (RecursionError, TypeError, ValueError) as error:
        raise FormatError(
            f"save: metadata cannot be written as JSON: {error}. Use str, numbers, lists and dicts."
        ) from None
    if len(tensors) >= MOST_TENSORS:
        raise FormatError(f"save: the model has {len(tensors):,} weights, more than the {MOST_TENSORS:,} of a file.")
    content = _SEAL.pack(header, tensors)
    if header_length(content) > LONGEST_HEADER:
        raise FormatError(
            f"save: metadata and description have {header_length(content):,} bytes, more than the "
            f"{LONGEST_HEADER:,} that load() takes. Keep large metadata in a file of their own."
        )
    return content


def load(path: str | os.PathLike[str], *, max_elements: int = MAX_ELEMENTS) -> Model:
    """Return the model that `Model.save` wrote to a file, ready to predict, and to go on training where it stopped.

    Parameters
    ----------
    path : path
        The file.
    max_elements : int
        How many elements a value that the model computes may have: some lines of a file can ask for more memory than
        there is. Four times the numbers in the file, and 512 times those that are fed, are allowed in any case.
        The numbers of layers, operations and matrices that a program may have go with it: by default 2,048 entries in
        the file, and 5,592 operations in a program.

    Raises
    ------
    FileNotFoundError
        If there is none.
    FormatError
        If it is damaged, no model, or one that asks for too much. Nothing in the file is executed.

    Notes
    -----
    When the model is used, more than `max_elements` is a `LimitError`.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> import feedforward as ff
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "model.ff"
    >>> model = ff.Sequential([ff.Input((2,)), ff.layers.Dense(1)])
    >>> model.save(path)
    >>> bool((load(path).predict([[1, 2]]) == model.predict([[1, 2]])).all())
    True
    """
    target = Path(path)
    return from_bytes(read_file(target, "load", "a model's file"), str(target), max_elements)


def from_bytes(content: bytes, source: str, max_elements: int | None) -> Model:
    """Return the model that a file holds.

    Parameters
    ----------
    content : bytes
        What `to_bytes` returned, or what somebody made to look like it.
    source : str
        Where it is from, as messages call it.
    max_elements : int or None
        As for `load`; None sets no limit, for a model of this program itself.

    Raises
    ------
    FormatError
        As for `load`.
    """
    header, tensors = _SEAL.unpack(source, content)
    if max_elements is not None:
        max_elements = max(max_elements, 4 * sum(array.size for array in tensors.values()))
    try:
        # Building draws no random numbers: layers leave their weights to the file.
        with loading(), random.drawing_from(0, 0):
            network = Network.from_config(header["network"], max_elements)
            model = _model(header, network)
            _take_weights(model, tensors)
            _freeze(model, header)
            _restore(model, header, tensors)
    except LimitError as error:
        raise FormatError(f"{source} cannot be loaded: {error}") from None
    except Exception as error:  # what a file says can go wrong anywhere
        reason = str(error) if isinstance(error, FormatError) else f"{type(error).__name__}: {error}"
        raise FormatError(
            f"{source} cannot be loaded: {one_line(reason)}. It is damaged, or was written by another version."
        ) from error
    if tensors:
        raise FormatError(f"{source} cannot be loaded: nothing uses its tensor {next(iter(tensors))!r}. It is damaged.")
    return model


def _model(header: dict[str, Any], network: Network) -> Model:
    """Return the model of a network from a file."""
    kind, name = header["kind"], _typed(header, "name", str)
    if len(name) > 1000 or not name.isprintable():  # it is shown, also on terminals, which take orders
        raise FormatError("the model's name is longer than 1,000 letters, or holds signs that cannot be shown")
    if kind == "Own":  # its network is nothing but a call of it
        model: Any = network.layers[0]
        if len(network.layers) != 1 or not isinstance(model, Described) or not model.has_own_call:
            raise FormatError("the network is no model with a call of its own")
        model._take(network)
        model.has_many_outputs = _typed(header, "has_many_outputs", bool)
    elif isinstance(kind, str) and kind in MODELS:
        model = MODELS[kind].of_network(network, name, _typed(header, "has_many_outputs", bool))
    else:
        raise FormatError(f"unknown kind of model {kind!r}")
    if "trainable" in header:  # since version 3
        object.__setattr__(model, "trainable", _typed(header, "trainable", bool))  # its alone, not of layers in it
    loaded: Model = model
    return loaded


def _take_weights(model: Model, tensors: dict[str, Array]) -> None:
    """Give the weights of a model their values from the file."""
    taken: list[tuple[Variable, Array]] = []
    for path, weight in model.weights_by_path():
        name = path if path in tensors else weight.name  # up to version 2 a variable's own name was its path
        value = tensors.pop(name, None)
        if value is None or value.shape != weight.shape or value.dtype != weight.dtype:
            found = "nothing" if value is None else f"{value.dtype.name} of shape {value.shape}"
            raise FormatError(
                f"the file has {found} for the weight {path!r}, expected {weight.dtype.name} of shape {weight.shape}"
            )
        taken.append((weight, np.array(value)))
    store([weight for weight, _ in taken], [value for _, value in taken])


def _freeze(model: Model, header: dict[str, Any]) -> None:
    """Let training leave alone the weights that it left alone before; files of before do not say which."""
    if "frozen" in header:
        given = _typed(header, "frozen", list)
        weights = dict(model.weights_by_path())
        if not all(isinstance(path, str) and path in weights for path in given):
            raise FormatError("it has frozen weights that the model does not have")
        frozen = {*given}
        for path, weight in weights.items():
            weight.trainable = path not in frozen


def _check_sharing(model: Model) -> None:
    """Check that each layer belongs to one network, or one layer: a file would bring it back once for each.

    Raises
    ------
    FormatError
        If one belongs to two.
    """
    # What a class makes anew, with all that is in it, counts as one: it shares again what it shared.
    owners: dict[int, Layer] = {}  # by identity: a dataclass of a user's may have no hash
    pending: list[tuple[Layer, Layer | None]] = [(model, None)]
    while pending:
        owner, made_in = pending.pop()
        made_in = made_in or (None if owner.is_network else owner)
        for layer in owner._layers:
            is_new = id(layer) not in owners
            other = owners.setdefault(id(layer), made_in or owner)
            if other is not (made_in or owner):
                raise FormatError(
                    f"save: the layer {layer.name!r} belongs to {other.name!r} and to {(made_in or owner).name!r}, and "
                    f"a file cannot say so. Make it a part of one of them."
                )
            if is_new:
                pending.append((layer, made_in))


def _flat(things: Any) -> list[Any]:
    """Return what a list or dict holds, and the lists and dicts in it."""
    if isinstance(things, dict):
        things = list(things.values())
    return [part for thing in things for part in _flat(thing)] if isinstance(things, list | tuple) else [things]


def training_config(model: Model) -> tuple[dict[str, Any] | None, dict[str, str]]:
    """Return what a file says of optimizer, losses and metrics, and what it cannot say: whose place is None, and who.

    A model is of use without them, so that a function as loss is no reason to lose what was learned.
    """
    missing = dict(model._missing)

    def described(name: str, registry: Registry[type[Any]], thing: Any) -> dict[str, Any] | None:
        try:
            return None if thing is None else config_of(registry, thing)
        except FormatError:
            missing[name] = ", ".join([*filter(None, [missing.get(name)]), one_line(str(thing))])
            return None

    objectives = model._objectives
    if objectives is None or (not model.is_compiled and not missing):
        return None, {}
    if not model.is_described:  # it has no file, but what that would lack is known
        for name, registry in (("loss", LOSSES), ("metrics", METRICS), ("weighted_metrics", METRICS)):
            for thing in _flat(getattr(objectives, name)):
                described(name, registry, None if isinstance(thing, str) else thing)
        described("optimizer", OPTIMIZERS, model.optimizer)
        return None, missing
    wanted = model._wanted(objectives)
    optimizer = described("optimizer", OPTIMIZERS, model.optimizer)
    losses = [described("loss", LOSSES, each.loss) for each in wanted]

    def metrics_of(name: str, groups: Sequence[Sequence[str | Metric]]) -> Any:
        """Return the metrics of each output, or of the only one."""
        all_of = [
            [metric if isinstance(metric, str) else described(name, METRICS, metric) for metric in group]
            for group in groups
        ]
        found = [[metric for metric in group if metric is not None] for group in all_of]
        return found if len(found) > 1 else found[0]

    config: dict[str, Any] = {
        "optimizer": optimizer,
        "loss": None if "loss" in missing else losses if len(wanted) > 1 else losses[0],
        "metrics": metrics_of("metrics", [each.chosen for each in wanted]),
    }
    if any(each.weighted for each in wanted):
        config["weighted_metrics"] = metrics_of("weighted_metrics", [each.chosen_weighted for each in wanted])
    if any(each.weight is not None for each in wanted):
        config["loss_weights"] = [each.weight for each in wanted]
    return config | ({"missing": missing} if missing else {}), missing


def _restore(model: Model, header: dict[str, Any], tensors: dict[str, Array]) -> None:
    """Give a loaded model what it was compiled with, and the state of its training."""
    model.metadata = _typed(header, "metadata", dict)
    model.seed = random.check_seed(_typed(header, "seed", int))
    model._epochs_done = _typed(header, "epochs_done", int)
    if not 0 <= model._epochs_done < 2**63:
        raise FormatError(f"epochs_done={model._epochs_done} must be from 0 to 2**63 - 1")
    if header["training"] is None:
        return
    training = dict(_typed(header, "training", dict))
    missing = _typed(training, "missing", dict) if "missing" in training else {}
    if not all(name in _BASES and isinstance(thing, str) for name, thing in missing.items()):
        raise FormatError(f"missing={str(missing)[:100]} must name parts of training")
    settings = {name: value for name, value in training.items() if name != "missing"}
    if isinstance(settings["loss"], list | dict):  # a dict would stand for the losses of several outputs
        several = settings["loss"] if isinstance(settings["loss"], list) else [settings["loss"]]
        losses = [from_config(LOSSES, each) if isinstance(each, dict) else each for each in several]
        settings["loss"] = losses if len(losses) != 1 else losses[0]
    # Another stands in, so that what there is is looked at as in any file.
    model.compile(**settings | {name: value for name, value in _STAND_INS.items() if name in missing})
    if "optimizer" in missing:
        model._optimizer = None
    model._missing = {name: one_line(thing) for name, thing in missing.items()}
    slots = {name: tensors.pop(name) for name in list(tensors) if name.startswith(_OPTIMIZER)}
    weights = dict(model.weights_by_path())
    paths = {weight: path for path, weight in weights.items()}
    optimizer = model.optimizer
    if optimizer is None:
        return
    if slots.keys() - {f"{_OPTIMIZER}{name}" for name in optimizer.state(paths)}:  # more than before the first step
        known = "optimized" in header  # files of before do not say: the optimizer's state is for all
        names = _typed(header, "optimized", list) if known else [paths[weight] for weight in model.parameters]
        if not all(isinstance(name, str) and name in weights for name in names) or len(set(names)) < len(names):
            raise FormatError("the optimizer's state is for weights that the model does not have, or twice")
        factors = _typed(header, "factors", list) if "factors" in header else None
        if factors is not None and len(factors) != len(names):
            raise FormatError("it has factors of other weights than the optimizer's state is for")
        if isinstance(optimizer, Learned):  # whose memory is a large multiple of the weights, whatever the file holds
            _check_memory(optimizer, {name: weights[name] for name in names}, slots)
        optimizer.build([weights[name] for name in names], factors)
    for name, slot in optimizer.state(paths).items():
        given = name if f"{_OPTIMIZER}{name}" in slots else slot.name  # as for weights
        value = slots.pop(f"{_OPTIMIZER}{given}", None)
        if value is None and name == "learning_rate":  # it was a Variable, whose value the settings hold
            continue
        if value is None or value.shape != slot.shape or value.dtype != slot.dtype:
            raise FormatError(f"the optimizer's {name!r} is missing or has another shape")
        slot.assign(value)
    if slots:
        raise FormatError(f"nothing uses its tensor {next(iter(slots))!r}")


def _check_memory(optimizer: Learned, weights: dict[str, Variable], slots: dict[str, Array]) -> None:
    """Check that a file has what a learned optimizer remembers of each weight, before any of it is made."""
    for path, weight in weights.items():
        for kind, value in optimizer.slots(weight).items():  # zeros, which take no memory until somebody copies them
            found = slots.get(f"{_OPTIMIZER}{kind}/{path}")
            if found is None or found.shape != np.shape(value):
                raise FormatError(f"the optimizer's '{kind}/{path}' is missing or has another shape")


def _typed(header: dict[str, Any], name: str, kind: type[T]) -> T:
    """Return a value of the header, which must be exactly of a type: True is no int."""
    value = header[name]
    if type(value) is not kind:
        raise FormatError(f"{name}={str(value)[:100]} must be of type {kind.__name__}")
    return value


def _array(variable: Variable) -> Array:
    return np.array(variable.numpy(), order="C")
