"""Copies and pickles of models: network and weights go through the bytes of the model's file, and share nothing.

What no file holds exactly (metadata, the history, what a subclass or its user has set) is copied and pickled as Python
does it. Not here: layers, optimizers, losses and tensors, which Python can take apart itself.
"""

from __future__ import annotations

import pickle
import warnings
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from feedforward.errors import FormatError
from feedforward.nn.layer import Input
from feedforward.nn.losses import MeanSquaredError
from feedforward.training.checkpoint import from_bytes, lack_text, to_bytes, training_config

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["copied", "reduced", "restored", "set_state"]

M = TypeVar("M", bound="Model")

_NETWORK = frozenset(
    {"_network", "has_many_outputs", "_input", "_compiled", "_known", "is_built"}
    | {"_weights", "_layers", "_calls", "_losses", "_regularizers", "_owner", "_weight_dtype"}
)
"""The attributes of a model that come from its file's network, and its steps, which are compiled anew."""

_TRAINING = frozenset({"_optimizer", "_objectives", "_missing"})
"""Those that a pickle takes from the file, too: the state of an optimizer belongs to the weights there."""


@dataclass(frozen=True)
class _Part:
    """Stands in a pickle for a layer or weight of the model, so that an attribute of a subclass is that one again."""

    place: int


@dataclass(frozen=True)
class _Described:
    """Stands in a pickle for the `Input` of a model that has no layers to go with it yet."""

    shape: tuple[int | None, ...]
    dtype: str
    name: str


def copied(model: M, memo: dict[int, Any]) -> M:
    """Return what `Model.__deepcopy__` returns.

    Optimizer, loss and metrics are copied as they are, also those that no file holds; by `memo` they, and all else in
    the copy, refer to its own layers and weights.
    """
    state = dict(vars(model))
    if model._network is None:
        copy, left_out = restored(type(model), None), frozenset({"_compiled", "_known"})
        described = state.get("_input")
        memo[id(described)] = described  # nothing changes it
    else:
        bare = _with(model, _optimizer=None, _objectives=None, metadata={}, _missing={})
        copy, left_out = restored(type(model), _content(bare), model.network.max_elements), _NETWORK
        memo.update(zip(map(id, _parts(model)), _parts(copy), strict=True))
    memo[id(model)] = copy
    vars(copy).update({name: deepcopy(value, memo) for name, value in state.items() if name not in left_out})
    return copy


def reduced(model: Model) -> tuple[Any, ...]:
    """Return what `Model.__reduce__` returns: the model's file, and what no file holds.

    A loss, a metric or a new optimizer that is not registered goes with them if Python finds its function or class by
    name; else it is missing, as from a file, with the same warning.
    """
    missing = training_config(model)[1]
    state = dict(vars(model))
    carried = {
        name: getattr(model, name) for name in missing if name not in model._missing and _may_go_along(model, name)
    }
    lost = {name: thing for name, thing in missing.items() if name not in carried}
    if model._network is None:  # it has no file, and layers pickle as they are
        described, content, limit, left_out = state.get("_input"), None, None, frozenset({"_compiled", "_known"})
        if described is not None:
            name = described.node.attrs["name"]
            state["_input"] = _Described(described.shape[1:], described.dtype.name, name)
        if "optimizer" in lost:
            state["_optimizer"] = None
        if model._objectives is not None:
            without: dict[str, Any] = {
                "loss": MeanSquaredError(),
                "metrics": [],
                "weighted_metrics": [],
            }  # as in a file
            state["_objectives"] = replace(
                model._objectives, **{name: without[name] for name in without if name in lost}
            )
        carried = {}  # there is no file that lacks it
    else:
        content, limit, left_out = _content(_with(model, metadata={})), model.network.max_elements, _NETWORK | _TRAINING
        places = {id(part): _Part(place) for place, part in enumerate(_parts(model))}
        state = {name: _replaced(value, lambda part: places.get(id(part), part)) for name, value in state.items()}
    kept = {name: value for name, value in state.items() if name not in left_out}
    if lost:
        warnings.warn(f"pickle: {lack_text(lost)}", stacklevel=3)
    return restored, (type(model), content, limit), kept | carried | {"_missing": lost}


def restored(kind: type[M], content: bytes | None, max_elements: int | None = None) -> M:
    """Return a model of a class from its file's bytes; what no file holds comes by `set_state`.

    Parameters
    ----------
    kind : type
        `Model`, `Sequential`, or a class made of one, whose `__init__` is not called.
    content : bytes or None
        What `to_bytes` returned; None if the model does not know its input's shape yet.
    max_elements : int or None
        The limit of the model that was pickled: one that came from a file keeps it.
    """
    model = kind.__new__(kind)
    vars(model).update(
        {"_compiled": {}, "_known": None} if content is None else vars(from_bytes(content, "the pickle", max_elements))
    )
    return model


def set_state(model: Model, state: dict[str, Any]) -> None:
    """Do what `Model.__setstate__` does: give a model what `reduced` returned beside its file."""
    parts = _parts(model) if model.__dict__.get("_network") is not None else []

    def original(value: Any) -> Any:
        if isinstance(value, _Part):
            return parts[value.place]
        return Input(value.shape, value.dtype, value.name) if isinstance(value, _Described) else value

    found = {name: _replaced(value, original) for name, value in state.items()}
    if "optimizer" in found:
        model._optimizer = found.pop("optimizer")
    if "loss" in found and model._objectives is not None:
        model._objectives = replace(model._objectives, loss=found.pop("loss"))
    for name in ("metrics", "weighted_metrics"):
        if name in found and model._objectives is not None:
            model._objectives = replace(model._objectives, **{name: found.pop(name)})
    vars(model).update(found)


def _with(model: M, **attributes: Any) -> M:
    """Return a stand-in for a model, with its network but other attributes, of which to make a file."""
    other = object.__new__(type(model))
    vars(other).update(vars(model) | attributes)
    return other


def _content(model: Model) -> bytes:
    try:
        return to_bytes(model)
    except FormatError as error:
        raise FormatError(
            f"{model.name}: a model is copied and pickled by way of its file, which cannot be: "
            f"{str(error).removeprefix('save: ')}"
        ) from None


def _parts(model: Model) -> list[Any]:
    """Return the layers of a model, those in layers too, and its weights, in an order that is its copy's."""
    layers = model.layers
    for layer in layers:  # it grows meanwhile
        layers += layer._layers
    return [*layers, *model.weights]


def _may_go_along(model: Model, name: str) -> bool:
    """Return whether a pickle can hold a part of a model's training as it is."""
    if (
        name == "optimizer"
        and model._network is not None
        and model.optimizer is not None
        and model.optimizer.parameters
    ):
        return False  # the weights that its state belongs to go by the file
    try:
        pickle.dumps(getattr(model, name))
    except Exception:  # whatever its own code raises
        return False
    return True


def _replaced(value: Any, replace: Callable[[Any], Any]) -> Any:
    """Return a value with what it and the lists, tuples and dicts in it hold replaced."""
    if type(value) in (list, tuple):
        return type(value)(_replaced(part, replace) for part in value)
    if type(value) is dict:
        return {key: _replaced(part, replace) for key, part in value.items()}
    return replace(value)
