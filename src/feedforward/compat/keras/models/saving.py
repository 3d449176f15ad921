"""Files of models and of weights, as programs write and read them, in a format of the package's own.

The file is a sealed one (``sealed.py``), whatever its name ends in: raw numbers, and the configuration as
JSON. Nothing in it is executed: classes are looked up by name. A file of the real Keras, which is HDF5, is refused.
"""

from __future__ import annotations

import json
import os
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from feedforward.atomic import check_target, write_bytes
from feedforward.compat.keras.models.rebuilding import class_of
from feedforward.compat.keras.models.serializing import custom_objects as scope
from feedforward.compat.keras.models.serializing import serialized
from feedforward.compat.keras.objectives.optimizers import KerasOptimizer, as_optimizer
from feedforward.compat.names import provided, refuse
from feedforward.compat.tensorflow.records.saver import checkpoint_file, update_checkpoint_state
from feedforward.compat.version import written_for
from feedforward.errors import FormatError
from feedforward.graph.limits import MAX_ELEMENTS
from feedforward.nn.layer import loading
from feedforward.sealed import Seal, read_file

__all__ = ["load_model", "load_weights", "model_from_json", "save_model", "save_weights"]

_MODEL = Seal("keras", "file of a Keras model written here", "model.save()", 2)
_STATE = "@optimizer/"
"""What the names of an optimizer's state begin with: no layer is called so."""

_HDF5 = b"\x89HDF\r\n\x1a\n"


def _read(path: Any, caller: str) -> bytes:
    content = read_file(Path(path), caller, "a file that save() or save_weights() wrote here")
    if content.startswith(_HDF5):
        raise FormatError(
            f"{caller}: {path} is an HDF5 file of the real Keras, which is not read here. Train the model anew, or "
            f"give its weights as arrays to set_weights()."
        )
    return content


def _write(path: Any, content: bytes, overwrite: bool, caller: str) -> None:
    target = Path(path)
    check_target(target, caller, "model.h5")
    if not overwrite and target.exists():
        raise FileExistsError(f"{caller}: there is a file {target}. Give overwrite=True, or another name.")
    write_bytes(target, content)


def _weights_of(model: Any) -> dict[str, Any]:
    """Return the weights of each layer by its name and their number."""
    found = {}
    for layer in model.layers:
        for number, value in enumerate(layer.get_weights()):
            found[f"{layer.name}/{number}"] = np.array(value, order="C")
    return found


@provided("keras.models.save_model")
def save_model(model: Any, filepath: Any, overwrite: bool = True, include_optimizer: bool = True) -> None:
    """Write a model to a file, with what it was compiled with and the state of its training.

    Parameters
    ----------
    model : Model
        The model.
    filepath : path
        The file; if it is there it is replaced.
    overwrite : bool
        Whether a file may be replaced.
    include_optimizer : bool
        Whether training is kept.
    """
    header: dict[str, Any] = {
        "version": 2,
        "class_name": type(model).__name__,
        "config": serialized(model.get_config()),
        "names": [layer.name for layer in model.layers],
        "training": None,
    }
    tensors = _weights_of(model)
    optimizer = model.optimizer
    if include_optimizer and isinstance(optimizer, KerasOptimizer):
        metrics, weighted = model._asked
        header["training"] = {
            "optimizer": {"class_name": type(optimizer).__name__, "config": serialized(optimizer.get_config())},
            "loss": serialized(model.loss),
            "metrics": serialized(metrics),
            "weighted_metrics": serialized(weighted),
            "loss_weights": serialized(model._objectives.loss_weights),
            "epochs_done": model._epochs_done,
            "seed": model.seed,
        }
        for number, value in enumerate(optimizer.get_weights()):
            tensors[f"{_STATE}{number}"] = np.array(value, order="C")
    elif include_optimizer and optimizer is not None:
        warnings.warn(
            f"save: the optimizer {type(optimizer).__name__} is not kept in {filepath}. Compile the model again when "
            f"it is loaded, or give one of keras.optimizers.",
            stacklevel=3,
        )
    _write(filepath, _MODEL.pack(json.loads(json.dumps(header)), tensors), overwrite, "save")


@provided("keras.models.load_model")
def load_model(filepath: Any, custom_objects: dict[str, Any] | None = None, compile: bool = True) -> Any:
    """Return the model of a file that `save_model` wrote here.

    Parameters
    ----------
    filepath : path
        The file.
    custom_objects : dict of str to class or function, optional
        The program's own, by their names.
    compile : bool
        Whether it is compiled as it was.

    Raises
    ------
    FormatError
        If it is no such file, or damaged.
    """
    header, tensors = _MODEL.unpack(str(filepath), _read(filepath, "load_model"))
    if "config" not in header:
        raise FormatError(f"load_model: {filepath} holds weights alone. Make the model, and call its load_weights().")
    with scope(custom_objects):
        with loading():
            model = _made(f"load_model: {filepath}", header)
        _give(model, header.get("names"), tensors, str(filepath))
        if model.is_described:
            model.network.max_elements = max(MAX_ELEMENTS, 4 * sum(array.size for array in tensors.values()))
        training = header.get("training")
        if compile and training is not None:
            model.compile(
                as_optimizer(training["optimizer"]),
                training["loss"],
                training["metrics"],
                loss_weights=training["loss_weights"],
                weighted_metrics=training["weighted_metrics"],
            )
            model.seed, model._epochs_done = int(training["seed"]), int(training["epochs_done"])
            state = _group(tensors, _STATE[:-1])
            if state:
                model.optimizer.build([weight for weight in model.weights if weight.trainable])
                model.optimizer.set_weights(state)
    return model


@provided("keras.models.save_weights")
def save_weights(model: Any, filepath: Any, overwrite: bool = True, save_format: str | None = None) -> None:
    """Write the weights of a model to a file.

    The Keras in TensorFlow takes a name that does not end in ``.h5`` for that of a checkpoint: then the last one of the
    folder is noted, for `tf.train.latest_checkpoint`.
    """
    header = {"version": 2, "names": [layer.name for layer in model.layers if layer.weights]}
    if save_format not in (None, "h5", "hdf5", "keras", "tf", "tensorflow"):
        raise ValueError(f"save_weights(save_format={save_format!r}): expected 'tf' or 'h5'.")
    is_hdf5 = Path(filepath).suffix in (".h5", ".hdf5", ".keras")
    if save_format is not None:
        is_hdf5 = save_format not in ("tf", "tensorflow")
    is_checkpoint = not is_hdf5 and not written_for().name.startswith("keras")
    target = checkpoint_file(filepath) if is_checkpoint else Path(filepath)
    if is_checkpoint:
        target.parent.mkdir(parents=True, exist_ok=True)
    _write(target, _MODEL.pack(header, _weights_of(model)), overwrite, "save_weights")
    if is_checkpoint:
        update_checkpoint_state(target.parent, os.fspath(filepath))


def load_weights(model: Any, filepath: Any, by_name: bool = False) -> None:
    """Give a model the weights of a file, layer after layer, or by the names of layers.

    Raises
    ------
    FormatError
        If it is no such file, or does not fit.

    Notes
    -----
    A model that has no weights yet gets them when it makes them, as in TensorFlow.
    """
    path = Path(filepath) if Path(filepath).exists() else checkpoint_file(filepath)
    header, tensors = _MODEL.unpack(str(filepath), _read(path if path.exists() else filepath, "load_weights"))

    def give(*_: Any) -> None:
        _give(model, header.get("names"), tensors, str(filepath), by_name)

    if model.weights or not tensors:
        give()
    else:
        model.waiting = give


def _give(model: Any, names: Any, tensors: dict[str, Any], source: str, by_name: bool = False) -> None:
    """Give layers their weights: those of a file in their order, or by their names."""
    if not isinstance(names, list):
        raise FormatError(f"{source} does not say which layers it is of. Give a file that save() wrote here.")
    layers = [layer for layer in model.layers if layer.weights]
    groups = {name: _group(tensors, name) for name in names if f"{name}/0" in tensors}
    if by_name:
        pairs = [(layer, groups[layer.name]) for layer in layers if layer.name in groups]
    elif len(groups) == len(layers):
        pairs = list(zip(layers, groups.values(), strict=True))
    else:
        raise FormatError(
            f"{source} has weights for {len(groups)} layers, the model has {len(layers)} with weights. Give the file "
            f"of a model like this one."
        )
    for layer, values in pairs:
        layer.set_weights(values)


def _made(what: str, config: Any) -> Any:
    """Return the model of a configuration with its class.

    Raises
    ------
    FormatError
        If it is none; what the class says of its settings comes first in the traceback.
    """
    try:
        return class_of(config["class_name"]).from_config(config["config"])
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise FormatError(
            f"{what} does not describe a model ({type(error).__name__}: {error}). Expected what get_config() of the "
            f"same classes returned. Give the program's own by custom_objects."
        ) from error


def _group(tensors: dict[str, Any], name: str) -> list[Any]:
    """Return the weights of one layer."""
    found: list[Any] = []
    while (value := tensors.get(f"{name}/{len(found)}")) is not None:
        found.append(np.array(value))
    return found


@provided("keras.models.model_from_json")
def model_from_json(json_string: str, custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the model that `to_json` described."""
    try:
        config = json.loads(json_string)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"model_from_json: got {json_string!r:.60}. Expected what to_json() returned.") from error
    return model_from_config(config, custom_objects)


@provided("keras.models.model_from_config")
def model_from_config(config: dict[str, Any], custom_objects: dict[str, Any] | None = None) -> Any:
    """Return the model of a configuration with its class."""
    with scope(custom_objects):
        return _made("the configuration", config)


refuse("nothing of YAML is read or written. Use to_json() and model_from_json().", "keras.models.model_from_yaml")
