"""Iterators over datasets: of a graph, whose next element an operation gives, and eager ones.

Not here: datasets (``datasets.py``).
"""

from __future__ import annotations

from collections.abc import Iterator as PythonIterator
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow.dispatch import is_eager
from feedforward.compat.tensorflow.eager import TensorSpec
from feedforward.compat.tensorflow.elements import Element, as_tensor, flat, mapped, packed
from feedforward.compat.tensorflow.errors import FailedPreconditionError, OutOfRangeError
from feedforward.compat.tensorflow.graph import Operation, default_graph
from feedforward.compat.tensorflow.running import Plan, State
from feedforward.compat.tensorflow.shapes import TensorShape
from feedforward.compat.tensorflow.tensors import Tensor

if TYPE_CHECKING:
    from feedforward.compat.tensorflow.datasets import Dataset

__all__ = ["EagerIterator", "Iterator", "shapes_like"]


@provided("tf.data.Iterator")
class Iterator:
    """Goes over a dataset when a session runs what `get_next` returned.

    Parameters
    ----------
    spec : structure of TensorSpec
        What elements are.
    dataset : Dataset, optional
        What it goes over.
    is_one_shot : bool
        Whether it begins by itself.
    """

    def __init__(self, spec: Any, dataset: Dataset | None = None, is_one_shot: bool = False) -> None:
        self._spec, self._dataset, self._is_one_shot = spec, dataset, is_one_shot
        self._initializer: Operation | None = None

    @staticmethod
    def from_structure(
        output_types: Any, output_shapes: Any = None, shared_name: str | None = None, output_classes: Any = None
    ) -> Iterator:
        """Return an iterator that goes over whatever dataset of these types is given to `make_initializer`."""
        if isinstance(output_types, list):
            output_types = tuple(output_types)
        types = flat(output_types)
        shapes = [TensorShape(None)] * len(types) if output_shapes is None else shapes_like(output_shapes, output_types)
        specs = [TensorSpec(shape, dtype) for shape, dtype in zip(shapes, types, strict=True)]
        return Iterator(packed(output_types, iter(specs)))

    @property
    def initializer(self) -> Operation:
        """The operation that lets it begin."""
        if self._dataset is None:
            raise ValueError("Iterator does not have an initializer: use make_initializer(dataset).")
        if self._is_one_shot:
            raise ValueError("a one-shot iterator has no initializer: it begins by itself.")
        if self._initializer is None:
            self._initializer = self.make_initializer(self._dataset)
        return self._initializer

    def make_initializer(self, dataset: Dataset, name: str | None = None) -> Operation:
        """Return the operation that lets it begin with a dataset.

        Raises
        ------
        TypeError
            If the dataset's elements are of other types or shapes.
        """
        given, wanted = flat(dataset.element_spec), flat(self._spec)
        fits = len(given) == len(wanted) and all(
            a.dtype == b.dtype and b.shape.is_compatible_with(a.shape) for a, b in zip(given, wanted, strict=True)
        )
        if not fits:
            raise TypeError(
                f"make_initializer: the dataset's elements are {dataset.element_spec}. Expected the iterator's: "
                f"{self._spec}."
            )
        graph = default_graph()
        inputs = list(dataset.inputs)
        graph.record("MakeIterator", lambda *_: (), tuple(inputs), name=name, outputs=[])
        op = graph.get_operations()[-1]

        def begin(state: State, *values: Any) -> None:
            state.kept[self] = dataset.elements(dict(zip(inputs, values, strict=True)))

        op.after, op.has_effect = begin, True
        return op

    def get_next(self, name: str | None = None) -> Any:
        """Return the tensors of the next element: of another one each time a session runs them."""
        outputs = [(spec.shape, spec.dtype) for spec in flat(self._spec)]
        found = default_graph().record("IteratorGetNext", None, name=name, outputs=outputs)
        tensors = found if isinstance(found, list) else [found]
        op = tensors[0].op
        op.before = lambda state: self._next(state, op)
        return packed(self._spec, iter(tensors))

    def _next(self, state: State, op: Operation) -> Element:
        live = state.kept.get(self)
        if live is None:
            if not self._is_one_shot or self._dataset is None:
                raise FailedPreconditionError(
                    op, op, "GetNext() failed because the iterator has not been initialized: run its initializer first."
                )
            inputs = list(self._dataset.inputs)
            values = Plan(state, inputs, {}, lambda _: False).run([]) if inputs else []
            live = state.kept[self] = self._dataset.elements(dict(zip(inputs, values, strict=True)))
        try:
            element: Element = next(live)
        except StopIteration:
            raise OutOfRangeError(op, op, f"End of sequence\n\t [[node {op.name} ({op.type})]]") from None
        return element

    @property
    def output_types(self) -> Any:
        """The dtypes of an element."""
        return mapped(lambda spec: spec.dtype, self._spec)

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element."""
        return mapped(lambda spec: spec.shape, self._spec)

    @property
    def output_classes(self) -> Any:
        """What holds an element: tensors."""
        return mapped(lambda _: Tensor, self._spec)

    @property
    def element_spec(self) -> Any:
        """What an element is."""
        return self._spec


def shapes_like(shapes: Any, types: Any) -> list[TensorShape]:
    """Return shapes in the structure of types as a flat list; a list of sizes is one shape."""
    if isinstance(types, dict):
        return [shape for key in sorted(types) for shape in shapes_like(shapes[key], types[key])]
    if isinstance(types, tuple):
        return [shape for part, kind in zip(shapes, types, strict=True) for shape in shapes_like(part, kind)]
    return [TensorShape(shapes)]


@provided("tf.contrib.eager.Iterator")
class EagerIterator:
    """Goes over a dataset in a loop.

    Parameters
    ----------
    dataset : Dataset
        What it goes over.
    """

    def __init__(self, dataset: Dataset) -> None:
        if not is_eager():
            raise RuntimeError(
                "__iter__() is only supported when eager execution is enabled: use make_one_shot_iterator().get_next()."
            )
        self._dataset = dataset
        self._elements: PythonIterator[Element] = dataset.elements({})

    def __iter__(self) -> EagerIterator:
        return self

    def __next__(self) -> Any:
        element = next(self._elements)  # before the structure, which may go by it
        return packed(self._dataset.structure, map(as_tensor, element))

    next = __next__

    def get_next(self, name: str | None = None) -> Any:
        """Return the next element.

        Raises
        ------
        OutOfRangeError
            If there is none.
        """
        try:
            return self.__next__()
        except StopIteration:
            raise OutOfRangeError(None, None, "End of sequence") from None

    output_types = property(lambda self: self._dataset.output_types)
    output_shapes = property(lambda self: self._dataset.output_shapes)
    output_classes = property(lambda self: self._dataset.output_classes)
    element_spec = property(lambda self: self._dataset.element_spec)


for _name in ("output_types", "output_shapes", "output_classes"):
    provide(attrgetter(_name), f"tf.data.get_{_name}")
refuse("choose the dataset by Iterator.from_structure and make_initializer.", "tf.data.Iterator.from_string_handle")
