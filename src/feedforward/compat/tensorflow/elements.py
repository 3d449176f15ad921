"""Elements of datasets: their structure, and a program's functions on them.

An element is a flat list of NumPy arrays; a structure of specs, `TensorSpec`, says how they are nested. Not here: what
a dataset makes of its elements (``datasets.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

import feedforward
from feedforward.compat.tensorflow.arrays import convert_to_tensor
from feedforward.compat.tensorflow.dispatch import computing
from feedforward.compat.tensorflow.dtypes import as_dtype
from feedforward.compat.tensorflow.eager import TensorSpec
from feedforward.compat.tensorflow.graph import Graph, UnknownValueError
from feedforward.compat.tensorflow.tensors import EagerTensor, GraphTensor, plain
from feedforward.graph.node import Array, Node, reachable
from feedforward.tensor import bind, of_node

__all__ = ["Element", "OnElements", "flat", "packed", "mapped", "as_array", "as_tensor", "spec_of"]

Element = list[Array]
"""The arrays of an element, in the order of its structure."""

BLOCK = 256
"""Elements that a function of elementwise operations is computed for at once."""


def _parts(structure: Any) -> list[Any] | None:
    """Return what a tuple or dict holds; None for anything else. A list is a tensor to a dataset."""
    if isinstance(structure, dict):
        return [structure[key] for key in sorted(structure)]
    return list(structure) if isinstance(structure, tuple) else None


def flat(structure: Any) -> list[Any]:
    """Return what nested tuples and dicts hold."""
    parts = _parts(structure)
    return [structure] if parts is None else [leaf for part in parts for leaf in flat(part)]


def packed(structure: Any, leaves: Iterator[Any]) -> Any:
    """Return a structure with other leaves."""
    if isinstance(structure, dict):
        found = {key: packed(structure[key], leaves) for key in sorted(structure)}
        return {key: found[key] for key in structure}
    if isinstance(structure, tuple):
        parts = [packed(part, leaves) for part in structure]
        return structure._make(parts) if hasattr(structure, "_make") else tuple(parts)
    return next(leaves)


def mapped(function: Callable[[Any], Any], structure: Any) -> Any:
    """Return a structure with a function of each leaf in its place."""
    return packed(structure, map(function, flat(structure)))


def as_array(value: Any, dtype: Any = None) -> Array:
    """Return a value of a program's as an array of TensorFlow's dtype."""
    with computing():
        found = convert_to_tensor(value, dtype=dtype)
    array: Array = found.ours.numpy() if isinstance(found, EagerTensor) else np.asarray(found)
    return array


def as_tensor(array: Array) -> Any:
    """Return an array of an element as an eager tensor; text stays an array, or is bytes."""
    if array.dtype.kind in "OSU":
        return array if array.ndim else array[()]
    return EagerTensor(of_node(bind(array), is_symbolic=False))


def spec_of(array: Array) -> TensorSpec:
    """Return what an array is."""
    return TensorSpec(array.shape, as_dtype(array.dtype))


class OnElements:
    """A function of a program's on elements: one compiled program, unless it calls Python's code or takes text.

    Parameters
    ----------
    function : callable
        Takes the parts of an element, those of a tuple each by itself.
    structure : structure of TensorSpec
        What elements are.
    name : str
        What messages call it: ``Dataset.map``.
    is_traced : bool
        Whether it is to be a program; not where it returns datasets.

    Attributes
    ----------
    spec : structure of TensorSpec, or None
        What it returns; None where that is only known when it has run.
    example : tuple of structure and Element, or None
        What it returned last, where it has no spec.
    """

    def __init__(self, function: Callable[..., Any], structure: Any, name: str, is_traced: bool = True) -> None:
        self._function, self._structure, self._name = function, structure, name
        self.example: tuple[Any, Element] | None = None
        self._traced: tuple[list[Node], list[Node]] | None = None
        self.spec: Any = None
        self._is_compiled = is_traced and all(spec.dtype.name != "string" for spec in flat(structure))
        if self._is_compiled:
            try:
                self._trace()
            except NotImplementedError:  # it calls Python's code, or decides on sizes by values
                self._is_compiled = False
        self._compiled: Callable[..., Any] = feedforward.function(self._on_ours)
        self._steps = self._elementwise()

    def _trace(self) -> None:
        scratch = Graph()
        with scratch.as_default():
            inputs = [
                scratch.record("Placeholder", None, outputs=[(spec.shape, spec.dtype)])
                for spec in flat(self._structure)
            ]
            found = scratch.record("Map", self._on_ours, tuple(inputs))
        self.spec = mapped(lambda tensor: TensorSpec(tensor.shape, tensor.dtype.base_dtype), found)

    def _called(self, tensors: Sequence[Any]) -> Any:
        """Return what the function returns, with tensors in place of all else."""
        parts = packed(self._structure, iter(tensors))
        args = parts if isinstance(parts, tuple) else (parts,)
        with computing():
            found = self._function(*args)
            if any(isinstance(leaf, GraphTensor) or hasattr(leaf, "tensor") for leaf in flat(found)):
                raise TypeError(
                    f"{self._name}: the function returned a tensor of a graph. Expected one of its arguments'."
                )
            return mapped(lambda leaf: leaf if isinstance(leaf, EagerTensor) else convert_to_tensor(leaf), found)

    def _on_ours(self, *leaves: feedforward.Tensor) -> Any:
        try:
            found = plain(self._called([EagerTensor(leaf) for leaf in leaves]))
        except UnknownValueError as error:  # a shape depends on values: no one program does for all elements
            raise NotImplementedError(str(error)) from None
        results = flat(found)
        if all(isinstance(result, feedforward.Tensor) for result in results):
            self._traced = [leaf.node for leaf in leaves], [result.node for result in results]
        return found

    def structured(self, element: Element) -> Any:
        """Return what the function returns for an element, as it is: for functions that return datasets."""
        with computing():
            parts = packed(self._structure, map(as_tensor, element))
            return self._function(*(parts if isinstance(parts, tuple) else (parts,)))

    def __call__(self, element: Element) -> Element:
        """Return what the function returns for an element."""
        if self._is_compiled:
            found = self._compiled(*element)
            return [tensor.numpy() for tensor in flat(found)]
        found = self._called([as_tensor(array) for array in element])
        results = [np.asarray(leaf) for leaf in flat(found)]
        self.example = mapped(lambda _: 0, found), results
        return results

    def over(self, elements: Iterator[Element]) -> Iterator[Element]:
        """Return what the function returns for each element; of elementwise operations, for many at once."""
        if self._steps is None:
            yield from map(self, elements)
            return
        while True:
            block = [element for _, element in zip(range(BLOCK), elements, strict=False)]
            if not block:
                return
            columns = [np.stack(column) for column in zip(*block, strict=True)]
            results = self._computed(columns)
            for place in range(len(block)):
                yield [result[place, ...] for result in results]

    def _elementwise(self) -> list[Node] | None:
        """Return the operations where each output's element follows from those at its own place alone, else None.

        Then many elements are computed at once, with the bits that each would have.
        """
        if not self._is_compiled or self._traced is None:
            return None
        inputs, outputs = self._traced
        if not all(spec.shape.is_fully_defined() for spec in flat(self._structure)):
            return None
        given, nodes = set(inputs), reachable(outputs)
        fixed: set[Node] = set()
        for node in nodes:
            if node in given:
                continue
            if node.op.name == "variable":
                return None
            if node.value is not None or (node.inputs and all(source in fixed for source in node.inputs)):
                fixed.add(node)
            elif node.op.kind != "elementwise":
                return None
        if any(node in fixed for node in outputs):
            return None
        return [node for node in nodes if node not in given]

    def _computed(self, columns: Sequence[Array]) -> list[Array]:
        """Return the outputs for elements that are put together along a new first axis."""
        inputs, outputs = self._traced  # type: ignore[misc]
        values: dict[Node, Any] = dict(zip(inputs, columns, strict=True))
        with np.errstate(all="ignore"):
            for node in self._steps or ():
                if node.value is not None:
                    values[node] = node.value
                else:
                    values[node] = node.op.evaluate(*(values[source] for source in node.inputs), **node.attrs)
        return [np.asarray(values[node]) for node in outputs]
