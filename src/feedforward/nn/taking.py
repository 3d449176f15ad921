"""What a layer's `call` or `build` takes, as its signature says: how many inputs, by which names, and whether a list.

What is done with it stands in ``layer.py``.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

__all__ = ["Takes", "what_it_takes"]


@dataclass(frozen=True)
class Takes:
    """How many inputs a function of a layer takes, and whether it is told if the network is trained."""

    names: tuple[str, ...]
    least: int
    most: float
    takes_list: bool
    has_training: bool


@lru_cache(maxsize=1024)
def what_it_takes(function: Callable[..., Any]) -> Takes:
    """Return what the `call` or `build` of a class takes besides the layer itself."""
    parameters = list(inspect.signature(function).parameters.values())[1:]
    given = [each for each in parameters if each.name != "training"]
    named = [each for each in given if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    needed = [each for each in named if each.default is each.empty]
    has_any = any(each.kind is each.VAR_POSITIONAL for each in given)
    declared = named[0].annotation if named else None  # a text where annotations are postponed
    is_declared = str(getattr(declared, "__name__", declared)).rpartition(".")[2] == "Tensor"
    return Takes(
        names=tuple(each.name for each in named),
        least=len(needed),
        most=math.inf if has_any else len(named),
        takes_list=len(needed) <= 1 <= len(named) and not has_any and not is_declared,
        has_training=len(given) < len(parameters),
    )
