"""Calls of layers that repeat themselves: the second one is replayed, see ``replay.py``.

Which layers these are is said by `Layer.repeats`.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from feedforward.nn.activations import logits_of, note_logits
from feedforward.replay import can_replay, replay
from feedforward.tensor import Tensor

if TYPE_CHECKING:
    from feedforward.nn.layer import Layer

__all__ = ["note_setting", "is_repeating", "repeated"]


class _Settings:
    """How many settings of layers of this package were made: what was traced before one may not be replayed after."""

    count = 0


_settings = _Settings()

_known: weakref.WeakKeyDictionary[Layer, tuple[int, bool, bool]] = weakref.WeakKeyDictionary()
"""Of layers, as of which count: whether their calls repeat themselves, in inference and in training."""


def note_setting() -> None:
    """Note that an attribute of a layer was set, on which its calls or those of a layer around it may depend."""
    _settings.count += 1


def is_repeating(layer: Layer, inputs: Sequence[Tensor], training: bool) -> bool:
    """Return whether a call of a layer may be replayed; asked of the layer again when an attribute of any was set."""
    if not can_replay(inputs):
        return False
    known = _known.get(layer) if type(layer).__hash__ is object.__hash__ else None  # a user's may have no hash
    if known is None or known[0] != _settings.count:
        known = _settings.count, layer.repeats(False), layer.repeats(True)
        if any(known[1:]):
            _known[layer] = known
    return known[2] if training else known[1]


def repeated(layer: Layer, run: Callable[[Sequence[Tensor]], Any], key: Any, inputs: Sequence[Tensor]) -> Any:
    """Return what a layer's function gives for tensors; `key` is what else that depends on."""

    def traced(given: Sequence[Tensor]) -> tuple[list[Tensor], Any]:
        result = run(given)
        results = list(result) if isinstance(result, list | tuple) else [result]
        origins = [logits_of(each) for each in results]  # a loss goes on from there
        kinds = [None if origin is None else origin[0] for origin in origins]
        return [*results, *[origin[1] for origin in origins if origin is not None]], (type(result), kinds)

    tensors, (kind, kinds) = replay(layer, (_settings.count, key), traced, inputs)
    results, logits = tensors[: len(kinds)], iter(tensors[len(kinds) :])
    for tensor, name in zip(results, kinds, strict=True):
        if name is not None:
            note_logits(tensor, name, next(logits))
    return kind(results) if kind in (list, tuple) else results[0]
