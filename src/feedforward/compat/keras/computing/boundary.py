"""What a program sees of tensors: those of ``compat.tensorflow``, also where its code stands in a layer of Keras.

What a program is given is `seen`, what it gives is `taken`; in between are tensors of the package itself.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ClassVar

from feedforward.compat.names import provide
from feedforward.compat.tensorflow.graphs.graph import default_graph
from feedforward.compat.tensorflow.graphs.tensors import EagerTensor, GraphTensor, operators, plain, shown
from feedforward.compat.tensorflow.graphs.variables import with_symbols, with_variables
from feedforward.tensor import Tensor, Variable

__all__ = [
    "FreeVariable",
    "KerasVariable",
    "ProgramVariable",
    "Update",
    "entry",
    "has_graph_tensor",
    "is_inside",
    "seen",
    "taken",
    "with_boundary",
]

seen, taken = shown, plain


class KerasVariable(Variable):
    """A weight of a layer: its name ends in ``:0``, and stays as it is when the layer becomes a part of another."""

    __slots__ = ()

    @property
    def name(self) -> str:
        """Its name."""
        return f"{Variable.name.__get__(self)}:0"  # type: ignore[attr-defined, misc]

    @name.setter
    def name(self, name: str) -> None:
        """Keep the first one: our layers rename their weights."""
        if not hasattr(self, "name"):
            Variable.name.__set__(self, name)  # type: ignore[attr-defined, misc]


class ProgramVariable(KerasVariable):
    """A variable that a program's own code computes with, beside tensors as it sees them."""

    __slots__ = ()

    def _call(self, name: str, *arguments: Any) -> Any:
        if has_graph_tensor(arguments):
            return operators[name](*arguments)
        return seen(super()._call(name, *with_symbols(taken(arguments))))

    def assign(self, value: Any) -> Any:
        """Give it a new value and return it."""
        return super().assign(taken(value))

    def assign_add(self, delta: Any) -> Any:
        """Add to it and return it."""
        return super().assign_add(taken(delta))

    def assign_sub(self, delta: Any) -> Any:
        """Subtract from it and return it."""
        return super().assign_sub(taken(delta))


class FreeVariable(ProgramVariable):
    """A variable that a program made by itself, such as a factor in a loss.

    Models train it only where a layer of the program's lists it; optimizers of TensorFlow's do unless told otherwise.
    """

    __slots__ = ()

    is_free: ClassVar[bool] = True


class Update(EagerTensor):
    """The assignment of a value to a variable, which is made when the program asks for it: the value it will have.

    Parameters
    ----------
    variable : Variable
        What is assigned to.
    ours : Tensor
        The new value.
    """

    __slots__ = ("variable",)

    def __init__(self, variable: Variable, ours: Tensor) -> None:
        super().__init__(ours)
        self.variable = variable

    def run(self) -> None:
        """Make the assignment."""
        Variable.assign(self.variable, with_variables(self.ours))


def has_graph_tensor(value: Any) -> bool:
    """Return whether a value, or one in a structure, is a tensor or variable of a graph."""
    if isinstance(value, list | tuple | dict):
        return any(map(has_graph_tensor, value.values() if isinstance(value, dict) else value))
    return isinstance(value, GraphTensor) or isinstance(getattr(value, "tensor", None), GraphTensor)


def is_inside(values: Any) -> bool:
    """Return whether all values are tensors of the package: a call from its own code."""
    if isinstance(values, list | tuple):
        return all(is_inside(value) for value in values)
    return isinstance(values, Tensor) and not isinstance(values, ProgramVariable)


def with_boundary(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a program's function as one on tensors of the package."""

    @functools.wraps(function, updated=())
    def inside(*args: Any, **settings: Any) -> Any:
        return taken(function(*seen(args), **seen(settings)))

    return inside


def entry(*names: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return a decorator that lets programs know a function on tensors of the package under some names."""

    def enter(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def called(*args: Any, **settings: Any) -> Any:
            if has_graph_tensor((args, settings)):
                kind = names[0].rpartition(".")[2]
                return default_graph().record(kind, function, args, settings)
            return seen(function(*with_symbols(taken(args)), **with_symbols(taken(settings))))

        provide(called, *names)
        return function

    return enter
