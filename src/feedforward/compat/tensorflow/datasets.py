"""Datasets: where elements come from, and what becomes of them on the way.

A dataset goes over *items*: elements, or numbers of rows of arrays as long as no function is called on each, so that a
batch is gathered by NumPy at once. Not here: functions on elements (``elements.py``), iterators (``iterators.py``).
"""

from __future__ import annotations

import functools
import glob
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from feedforward import random
from feedforward.compat.names import NotProvidedError, message_of, provide, provided, refuse
from feedforward.compat.tensorflow.dispatch import is_eager
from feedforward.compat.tensorflow.dtypes import DType, as_dtype
from feedforward.compat.tensorflow.eager import TensorSpec
from feedforward.compat.tensorflow.elements import Element, OnElements, as_array, flat, mapped, packed, spec_of
from feedforward.compat.tensorflow.errors import InvalidArgumentError
from feedforward.compat.tensorflow.graph import default_graph
from feedforward.compat.tensorflow.iterators import EagerIterator, shapes_like
from feedforward.compat.tensorflow.iterators import Iterator as GraphIterator
from feedforward.compat.tensorflow.shapes import TensorShape
from feedforward.compat.tensorflow.tensors import EagerTensor, GraphTensor, Tensor
from feedforward.graph.node import Array

__all__ = ["AUTOTUNE", "Dataset"]

AUTOTUNE = provide(-1, "tf.data.experimental.AUTOTUNE", "tf.data.AUTOTUNE", "tf.contrib.data.AUTOTUNE")


class _Run:
    """One time that a dataset is gone over.

    Parameters
    ----------
    values : mapping of GraphTensor to array
        What the tensors of a graph, of which the dataset is made, are.
    """

    def __init__(self, values: Mapping[GraphTensor, Array]) -> None:
        self._values = values

    def value(self, thing: Any) -> Any:
        """Return a number or array for what a program gave."""
        if isinstance(thing, GraphTensor):
            return np.asarray(self._values[thing])
        return thing.numpy() if isinstance(thing, EagerTensor) else thing

    def count(self, thing: Any) -> int:
        """Return a whole number for what a program gave; -1 for None."""
        return -1 if thing is None else int(self.value(thing))


Items = Callable[[_Run], Iterator[Any]]


@provided("tf.data.Dataset", "tf.contrib.data.Dataset")
class Dataset:
    """Elements in an order: tensors, or tuples and dicts of them. Made by `from_tensor_slices` and its like.

    Parameters
    ----------
    structure : structure of anything, or callable
        How an element is nested; a callable returns it when somebody asks.
    items : callable
        Returns an iterator over the items of a run.
    specs : callable
        Returns what an element is, flat; it is called when somebody asks.
    arrays : callable, optional
        Returns the arrays of which items are rows; without it, items are elements.
    inputs : sequence
        What it is made of; tensors of a graph in it are known when a session runs.
    """

    def __init__(
        self,
        structure: Any,
        items: Items,
        specs: Callable[[], Sequence[TensorSpec]],
        arrays: Callable[[_Run], Sequence[Array]] | None = None,
        inputs: Sequence[Any] = (),
    ) -> None:
        self._structure, self._items, self._arrays = structure, items, arrays
        self._specs = functools.cache(specs)
        self.inputs = list(dict.fromkeys(each for each in inputs if isinstance(each, GraphTensor)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or hasattr(type(self), name):
            return object.__getattribute__(self, name)  # which says what is wrong
        raise NotProvidedError(message_of(f"tf.data.Dataset.{name}"), name=name)

    # What elements are

    @property
    def structure(self) -> Any:
        """How an element is nested."""
        if callable(self._structure):
            self._structure = self._structure()
        return self._structure

    @property
    def element_spec(self) -> Any:
        """What an element is."""
        return packed(self.structure, iter(self._specs()))

    def _first(self, caller: str) -> Element:
        """Return the first element, where only that shows what elements are."""
        first = None if self.inputs else next(self.elements({}), None)
        if first is None:
            raise ValueError(
                f"Dataset.{caller}: what the function returns is known when there is an element, of a dataset that is "
                f"not empty and not made of tensors of a graph. Give it arrays."
            )
        return first

    @property
    def output_types(self) -> Any:
        """The dtypes of an element."""
        return mapped(lambda spec: spec.dtype, self.element_spec)

    @property
    def output_shapes(self) -> Any:
        """The shapes of an element."""
        return mapped(lambda spec: spec.shape, self.element_spec)

    @property
    def output_classes(self) -> Any:
        """What holds an element: tensors."""
        return mapped(lambda _: Tensor, self.element_spec)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} shapes: {self.output_shapes}, types: {self.output_types}>"

    # Going over it

    def elements(self, values: Mapping[GraphTensor, Array]) -> Iterator[Element]:
        """Return an iterator over the elements; `values` has arrays for `inputs`.

        Raises
        ------
        ValueError
            If it lacks one.
        """
        for tensor in self.inputs:
            if tensor not in values:
                raise ValueError(
                    f"a dataset is made of {tensor!r}, which has a value in a session alone: use an iterator."
                )
        return self._over(_Run(values))

    def _over(self, run: _Run) -> Iterator[Element]:
        if self._arrays is None:
            return self._items(run)
        arrays = self._arrays(run)
        return ([array[row, ...] for array in arrays] for row in self._items(run))

    def __iter__(self) -> EagerIterator:
        return EagerIterator(self)

    def as_numpy_iterator(self) -> Iterator[Any]:
        """Return an iterator over the elements with NumPy's arrays in place of tensors."""
        return (packed(self.structure, iter(element)) for element in self.elements({}))

    def make_one_shot_iterator(self) -> Any:
        """Return an iterator that goes over it once."""
        return EagerIterator(self) if is_eager() else GraphIterator(self.element_spec, self, is_one_shot=True)

    def make_initializable_iterator(self, shared_name: str | None = None) -> GraphIterator:
        """Return an iterator that begins, again too, when its `initializer` is run."""
        if is_eager():
            raise RuntimeError("dataset.make_initializable_iterator is not supported in eager mode: use a `for` loop.")
        return GraphIterator(self.element_spec, self)

    # Where elements come from

    @staticmethod
    def from_tensor_slices(tensors: Any) -> Dataset:
        """Return the rows of tensors along their first axis."""
        leaves = _sources(tensors)
        known = [_shape_and_dtype(leaf) for leaf in leaves]
        for shape, _ in known:
            if shape.ndims == 0:
                raise ValueError("from_tensor_slices: a tensor has no dimensions, so no rows. Use from_tensors.")
        sizes = {int(shape[0]) for shape, _ in known if shape.dims is not None and shape.as_list()[0] is not None}
        if len(sizes) > 1:
            raise ValueError(f"from_tensor_slices: tensors have {sorted(sizes)} rows. Expected one number of them.")

        def arrays(run: _Run) -> list[Array]:
            return [np.asarray(run.value(leaf)) for leaf in leaves]

        def rows(run: _Run) -> Iterator[int]:
            counts = {len(array) for array in arrays(run)}
            if len(counts) > 1:
                raise ValueError(
                    f"from_tensor_slices: tensors have {sorted(counts)} rows. Expected one number of them."
                )
            return iter(range(counts.pop()))

        def specs() -> list[TensorSpec]:
            return [TensorSpec(None if shape.dims is None else shape[1:], dtype) for shape, dtype in known]

        return Dataset(mapped(lambda _: 0, tensors), rows, specs, arrays, leaves)

    @staticmethod
    def from_tensors(tensors: Any) -> Dataset:
        """Return one element: the tensors."""
        leaves = _sources(tensors)
        return Dataset(
            mapped(lambda _: 0, tensors),
            lambda run: iter([[np.asarray(run.value(leaf)) for leaf in leaves]]),
            lambda: [TensorSpec(*_shape_and_dtype(leaf)) for leaf in leaves],
            inputs=leaves,
        )

    @staticmethod
    def from_generator(
        generator: Callable[..., Any], output_types: Any, output_shapes: Any = None, args: Any = ()
    ) -> Dataset:
        """Return what a generator function yields, as tensors of some types.

        Parameters
        ----------
        generator : callable
            Returns something to iterate over, each time anew.
        output_types : structure of dtypes
            The types of an element.
        output_shapes : structure of shapes, optional
            Its shapes, which are checked.
        args : tuple, optional
            What to call it with.
        """
        if not callable(generator):
            raise TypeError(
                f"from_generator: {generator!r:.60} cannot be called. Expected a function that yields elements."
            )
        if isinstance(output_types, list):
            output_types = tuple(output_types)
        types = [as_dtype(dtype) for dtype in flat(output_types)]
        shapes = [TensorShape(None)] * len(types) if output_shapes is None else shapes_like(output_shapes, output_types)

        def elements(run: _Run) -> Iterator[Element]:
            for value in generator(*(run.value(arg) for arg in args)):
                if isinstance(output_types, tuple) and isinstance(value, list):
                    value = tuple(value)
                leaves = flat(value) if isinstance(output_types, tuple | dict) else [value]
                if len(leaves) != len(types):
                    raise TypeError(
                        f"from_generator: yielded {value!r:.60}. Expected an element of types {output_types}."
                    )
                found = [_converted(leaf, dtype) for leaf, dtype in zip(leaves, types, strict=True)]
                for array, shape in zip(found, shapes, strict=True):
                    if not shape.is_compatible_with(array.shape):
                        raise TypeError(f"from_generator: an element has shape {array.shape}. Expected {shape}.")
                yield found

        return Dataset(
            output_types,
            elements,
            lambda: [TensorSpec(s, d) for s, d in zip(shapes, types, strict=True)],
            inputs=args or (),
        )

    @staticmethod
    def range(*args: Any) -> Dataset:
        """Return whole numbers as Python's range does, as int64."""
        return Dataset(
            0,
            lambda run: iter(range(len(range(*map(run.count, args))))),
            lambda: [TensorSpec((), "int64")],
            lambda run: [np.arange(*map(run.count, args), dtype=np.int64)],
            args,
        )

    @staticmethod
    def zip(datasets: Any) -> Dataset:
        """Return elements made of one of each dataset, until one of them ends."""
        parts: list[Dataset] = flat(datasets)
        if not all(isinstance(part, Dataset) for part in parts):
            raise TypeError(f"Dataset.zip: expected a tuple or dict of datasets. Got {datasets!r:.80}.")

        def elements(run: _Run) -> Iterator[Element]:
            for group in zip(*(part._over(run) for part in parts), strict=False):
                yield [array for element in group for array in element]

        return Dataset(
            lambda: packed(datasets, iter([part.structure for part in parts])),
            elements,
            lambda: [spec for part in parts for spec in flat(part.element_spec)],
            inputs=[each for part in parts for each in part.inputs],
        )

    @staticmethod
    def list_files(file_pattern: Any, shuffle: bool | None = None, seed: int | None = None) -> Dataset:
        """Return the names of files that match a pattern, shuffled unless told otherwise."""
        patterns = [file_pattern] if isinstance(file_pattern, str | bytes) else list(file_pattern)
        names = sorted(name for pattern in patterns for name in glob.glob(_text(pattern)))
        if not names:
            raise InvalidArgumentError(None, None, f"No files matched pattern: {file_pattern!r}")
        found = Dataset.from_tensor_slices(names)
        return found if shuffle is False else found.shuffle(len(names), seed)

    # What becomes of them: items as they are

    def _of_items(self, items: Items, *inputs: Any) -> Dataset:
        """Return a dataset whose items are some of these, in some order."""
        made_of = [*self.inputs, *inputs]
        return Dataset(lambda: self.structure, items, self._specs, self._arrays, made_of)

    def repeat(self, count: Any = None) -> Dataset:
        """Return it over and over: `count` times, or for ever."""

        def items(run: _Run) -> Iterator[Any]:
            times = run.count(count)
            for _ in itertools.count() if times < 0 else range(times):
                is_empty = True
                for item in self._items(run):
                    is_empty = False
                    yield item
                if is_empty:
                    return

        return self._of_items(items, count)

    def take(self, count: Any) -> Dataset:
        """Return its first elements; all for -1."""

        def items(run: _Run) -> Iterator[Any]:
            most = run.count(count)
            return self._items(run) if most < 0 else itertools.islice(self._items(run), most)

        return self._of_items(items, count)

    def skip(self, count: Any) -> Dataset:
        """Return it without its first elements; nothing for -1."""

        def items(run: _Run) -> Iterator[Any]:
            first = run.count(count)
            return iter(()) if first < 0 else itertools.islice(self._items(run), first, None)

        return self._of_items(items, count)

    def shard(self, num_shards: Any, index: Any) -> Dataset:
        """Return each `num_shards`-th element, from the one at `index` on."""

        def items(run: _Run) -> Iterator[Any]:
            every, first = run.count(num_shards), run.count(index)
            if not 0 <= first < every:
                raise InvalidArgumentError(None, None, f"shard: index {first}. Expected one in [0, {every}).")
            return itertools.islice(self._items(run), first, None, every)

        return self._of_items(items, num_shards, index)

    def prefetch(self, buffer_size: Any) -> Dataset:
        """Return it as it is: elements are made when they are asked for, which changes none."""
        return self._of_items(self._items, buffer_size)

    def cache(self, filename: str = "") -> Dataset:
        """Return it with its elements kept in memory once all were there."""
        if filename:
            raise NotProvidedError(
                f"cache({filename!r}) is not provided: elements are kept in memory. Leave the name out."
            )
        kept: list[Any] = []
        is_whole = False

        def items(run: _Run) -> Iterator[Any]:
            nonlocal is_whole
            if is_whole and not self.inputs:
                yield from kept
                return
            found = []
            for item in self._items(run):
                found.append(item)
                yield item
            kept[:], is_whole = found, True

        return self._of_items(items)

    def shuffle(self, buffer_size: Any, seed: Any = None, reshuffle_each_iteration: bool | None = None) -> Dataset:
        """Return it in random order: each element is drawn from the next `buffer_size` ones.

        Notes
        -----
        A seed gives the same order in each run of a program; TensorFlow's order is another one.
        """
        graph = default_graph()
        is_seeded = seed is not None or (not is_eager() and graph.seed is not None)
        seeds = [abs(graph.seed or 0), abs(int(seed or 0))] if is_seeded else None
        fixed: list[Any] = []

        def generator() -> np.random.Generator:
            if reshuffle_each_iteration is False:
                if not fixed:
                    fixed.append(_generator(seeds).integers(2**63))
                return np.random.default_rng(fixed[0])
            if not fixed:
                fixed.append(_generator(seeds))
            found: np.random.Generator = fixed[0]
            return found

        def items(run: _Run) -> Iterator[Any]:
            size = run.count(buffer_size)
            if size < 1:
                raise InvalidArgumentError(None, None, f"buffer_size must be greater than zero. Got {size}.")
            return _shuffled(self._items(run), size, generator())

        return self._of_items(items, buffer_size)

    def concatenate(self, dataset: Dataset) -> Dataset:
        """Return the elements of another dataset behind its own."""
        mine, theirs = flat(self.output_types), flat(dataset.output_types)
        if mine != theirs:
            raise TypeError(f"Two datasets to concatenate have different types {mine} and {theirs}")

        def specs() -> list[TensorSpec]:
            pairs = zip(flat(self.element_spec), flat(dataset.element_spec), strict=True)
            return [TensorSpec(_common(a.shape, b.shape), a.dtype) for a, b in pairs]

        return Dataset(
            lambda: self.structure,
            lambda run: itertools.chain(self._over(run), dataset._over(run)),
            specs,
            inputs=[*self.inputs, *dataset.inputs],
        )

    # What becomes of them: elements that are new

    def _of_elements(self, structure: Any, elements: Items, specs: Any, *inputs: Any) -> Dataset:
        return Dataset(structure, elements, specs, inputs=[*self.inputs, *inputs])

    def batch(self, batch_size: Any, drop_remainder: Any = False) -> Dataset:
        """Return elements put together along a new first axis, `batch_size` at a time."""

        def elements(run: _Run) -> Iterator[Element]:
            size, is_dropped = _batch_size(run, batch_size), bool(run.value(drop_remainder))
            arrays = None if self._arrays is None else self._arrays(run)
            items = self._items(run)
            while group := list(itertools.islice(items, size)):
                if is_dropped and len(group) < size:
                    return
                if arrays is None:
                    yield [_stacked(column) for column in zip(*group, strict=True)]
                else:
                    rows = np.array(group)
                    yield [array[rows] for array in arrays]

        known = batch_size if drop_remainder is True and isinstance(batch_size, int | np.integer) else None

        def specs() -> list[TensorSpec]:
            return [TensorSpec(TensorShape([known]).concatenate(spec.shape), spec.dtype) for spec in self._specs()]

        return self._of_elements(lambda: self.structure, elements, specs, batch_size, drop_remainder)

    def padded_batch(
        self, batch_size: Any, padded_shapes: Any = None, padding_values: Any = None, drop_remainder: bool = False
    ) -> Dataset:
        """Return elements put together, each filled up to one shape: that of the largest where a size is None or -1."""
        specs = flat(self.element_spec)
        shapes = [spec.shape for spec in specs] if padded_shapes is None else shapes_like(padded_shapes, self.structure)
        fills = [None] * len(specs) if padding_values is None else flat(padding_values)
        wanted = [[None if size in (None, -1) else int(size) for size in shape.as_list()] for shape in shapes]

        def elements(run: _Run) -> Iterator[Element]:
            size, over = _batch_size(run, batch_size), self._over(run)
            while group := list(itertools.islice(over, size)):
                if drop_remainder and len(group) < size:
                    return
                columns = zip(*group, strict=True)
                filling = map(run.value, fills)
                yield [_padded(*each) for each in zip(columns, wanted, filling, strict=True)]

        known = batch_size if drop_remainder and isinstance(batch_size, int) else None
        return self._of_elements(
            self.structure,
            elements,
            lambda: [TensorSpec([known, *sizes], spec.dtype) for sizes, spec in zip(wanted, specs, strict=True)],
            batch_size,
            *fills,
        )

    def map(self, map_func: Callable[..., Any], num_parallel_calls: Any = None, deterministic: Any = None) -> Dataset:
        """Return what a function gives for each element; the parts of a tuple are given each by itself.

        Notes
        -----
        A function of TensorFlow's operations alone is one compiled program, whatever `num_parallel_calls` says.
        """
        function = OnElements(map_func, self.element_spec, "Dataset.map")

        def elements(run: _Run) -> Iterator[Element]:
            return function.over(self._over(run))

        def example() -> tuple[Any, Element]:
            if function.example is None:
                function(self._first("map"))
            return function.example  # type: ignore[return-value]

        if function.spec is None:  # it calls Python's code, or takes text
            return self._of_elements(
                lambda: example()[0],
                elements,
                lambda: [TensorSpec(None, as_dtype(array.dtype)) for array in example()[1]],
            )
        return self._of_elements(mapped(lambda _: 0, function.spec), elements, lambda: flat(function.spec))

    def filter(self, predicate: Callable[..., Any]) -> Dataset:
        """Return the elements for which a function is true."""
        function = OnElements(predicate, self.element_spec, "Dataset.filter")

        def elements(run: _Run) -> Iterator[Element]:
            for element in self._over(run):
                found = function(element)
                if len(found) != 1 or found[0].dtype != np.bool_ or found[0].ndim:
                    raise TypeError("`predicate` must return a scalar boolean tensor.")
                if found[0]:
                    yield element

        return self._of_elements(lambda: self.structure, elements, self._specs)

    def flat_map(self, map_func: Callable[..., Any]) -> Dataset:
        """Return the elements of the datasets that a function gives, one after the other."""
        return self.interleave(map_func, cycle_length=1)

    def interleave(
        self, map_func: Callable[..., Any], cycle_length: Any = 1, block_length: Any = 1, num_parallel_calls: Any = None
    ) -> Dataset:
        """Return the elements of datasets that a function gives: `block_length` from each of `cycle_length` in turn."""
        function = OnElements(map_func, self.element_spec, "Dataset.interleave", is_traced=False)

        def inner(element: Element) -> Dataset:
            found = function.structured(element)
            if not isinstance(found, Dataset):
                raise TypeError(f"`map_func` must return a `Dataset` object. Got {found!r:.80}.")
            return found

        def elements(run: _Run) -> Iterator[Element]:
            width, block = max(run.count(cycle_length), 1), run.count(block_length)
            waiting = self._over(run)
            cycle = [inner(element)._over(run) for element in itertools.islice(waiting, width)]
            place = 0
            while cycle:
                place %= len(cycle)
                taken = list(itertools.islice(cycle[place], block))
                yield from taken
                if len(taken) == block:
                    place += 1
                    continue
                following = next(waiting, None)
                if following is None:
                    del cycle[place]
                    continue
                cycle[place] = inner(following)._over(run)
                place += bool(taken)  # one that had something has had its turn

        example = functools.cache(lambda: inner(self._first("interleave")))
        return self._of_elements(
            lambda: example().structure, elements, lambda: example()._specs(), cycle_length, block_length
        )

    def enumerate(self, start: Any = 0) -> Dataset:
        """Return its elements with their numbers, as int64, before them."""
        return self._of_elements(
            lambda: (0, self.structure),
            lambda run: (
                [np.asarray(number, np.int64), *element]
                for number, element in zip(itertools.count(run.count(start)), self._over(run), strict=False)
            ),
            lambda: [TensorSpec((), "int64"), *flat(self.element_spec)],
            start,
        )

    def unbatch(self) -> Dataset:
        """Return the rows of its elements."""
        return self._of_elements(
            lambda: self.structure,
            lambda run: ([array[row, ...] for array in e] for e in self._over(run) for row in range(len(e[0]))),
            lambda: [TensorSpec(spec.shape[1:], spec.dtype) for spec in flat(self.element_spec)],
        )

    def apply(self, transformation_func: Callable[[Dataset], Dataset]) -> Dataset:
        """Return what a function makes of it."""
        found = transformation_func(self)
        if not isinstance(found, Dataset):
            raise TypeError(f"`transformation_func` must return a Dataset. Got {found!r:.80}.")
        return found

    def reduce(self, initial_state: Any, reduce_func: Callable[[Any, Any], Any]) -> Any:
        """Return a state after a function has had it and each element; in eager mode."""
        state = initial_state
        for element in EagerIterator(self):
            state = reduce_func(state, element)
        return state


@provided("tf.data.TextLineDataset", "tf.contrib.data.TextLineDataset")
class TextLineDataset(Dataset):
    """The lines of text files, as bytes without their ends.

    Parameters
    ----------
    filenames : str, or sequence of str
        The files.
    """

    def __init__(
        self, filenames: Any, compression_type: Any = None, buffer_size: Any = None, num_parallel_reads: Any = None
    ) -> None:
        if compression_type:
            raise NotProvidedError(f"compression_type={compression_type!r} is not provided: unpack the files first.")

        def lines(run: _Run) -> Iterator[Element]:
            for name in np.ravel(run.value(filenames)):
                with open(_text(name), "rb") as file:
                    for line in file:
                        yield [np.array(line.rstrip(b"\n").removesuffix(b"\r"), object)]

        super().__init__(0, lines, lambda: [TensorSpec((), "string")], inputs=[filenames])


def _text(name: Any) -> str:
    return name.decode() if isinstance(name, bytes) else str(name)


def _sources(tensors: Any) -> list[Any]:
    """Return what a dataset is made of: tensors of a graph as they are, all else as arrays of its own."""
    return [
        leaf.tensor if hasattr(leaf, "tensor") else leaf if isinstance(leaf, GraphTensor) else as_array(leaf)
        for leaf in flat(tensors)
    ]


def _converted(value: Any, dtype: DType) -> Array:
    return as_array(value, dtype) if dtype.name == "string" else np.asarray(value, dtype.as_numpy_dtype)


def _shape_and_dtype(source: Any) -> tuple[TensorShape, Any]:
    if isinstance(source, GraphTensor):
        return source.shape, source.dtype.base_dtype
    spec = spec_of(source)
    return spec.shape, spec.dtype


def _batch_size(run: _Run, given: Any) -> int:
    size = run.count(given)
    if size < 1:
        raise InvalidArgumentError(None, None, f"Batch size must be greater than zero. Got {size}.")
    return size


def _common(a: TensorShape, b: TensorShape) -> TensorShape:
    """Return what two shapes have in common."""
    if a.ndims is None or a.ndims != b.ndims:
        return TensorShape(None)
    return TensorShape([x if x == y else None for x, y in zip(a.as_list(), b.as_list(), strict=True)])


def _stacked(column: Sequence[Array]) -> Array:
    shapes = {array.shape for array in column}
    if len(shapes) > 1:
        raise InvalidArgumentError(
            None, None, f"Cannot batch tensors with different shapes: {sorted(shapes)}. Use padded_batch."
        )
    return np.stack(column)


def _padded(column: Sequence[Array], sizes: Sequence[int | None], fill: Any) -> Array:
    """Return arrays put together, filled up to some sizes, those of the largest where None."""
    shape = [max(a.shape[axis] for a in column) if size is None else size for axis, size in enumerate(sizes)]
    kind = column[0].dtype
    filling = (b"" if kind.kind == "O" else 0) if fill is None else np.asarray(fill).astype(kind)[()]
    found = np.full((len(column), *shape), filling, kind)
    for place, array in enumerate(column):
        if any(given > most for given, most in zip(array.shape, shape, strict=True)):
            raise InvalidArgumentError(None, None, f"padded_batch: an element of shape {array.shape} exceeds {shape}.")
        corner: Any = (place, *map(slice, array.shape))
        found[corner] = array
    return found


def _generator(seeds: list[int] | None) -> np.random.Generator:
    """Return random numbers: by seeds, or by the package's own, which `ff.set_seed` sets."""
    if seeds is None:
        key = random.take_keys(1)
        seeds = [int(key.seed) & (2**63 - 1), int(key.step)]
    return np.random.default_rng(seeds)


def _shuffled(items: Iterator[Any], size: int, generator: np.random.Generator) -> Iterator[Any]:
    """Return items in random order, each drawn from the next `size` ones."""
    buffer = list(itertools.islice(items, size))
    places: list[int] = []
    for item in items:
        if not places:
            places = generator.integers(size, size=1024).tolist()
        place = places.pop()
        found, buffer[place] = buffer[place], item
        yield found
    for place in generator.permutation(len(buffer)).tolist():
        yield buffer[place]


# Functions for `apply`


@provided("tf.data.experimental.shuffle_and_repeat", "tf.contrib.data.shuffle_and_repeat")
def shuffle_and_repeat(buffer_size: Any, count: Any = None, seed: Any = None) -> Callable[[Dataset], Dataset]:
    """Return a function for `apply` that shuffles and repeats."""
    return lambda dataset: dataset.shuffle(buffer_size, seed).repeat(count)


@provided("tf.data.experimental.map_and_batch", "tf.contrib.data.map_and_batch")
def map_and_batch(
    map_func: Callable[..., Any],
    batch_size: Any,
    num_parallel_batches: Any = None,
    drop_remainder: Any = False,
    num_parallel_calls: Any = None,
) -> Callable[[Dataset], Dataset]:
    """Return a function for `apply` that maps and batches."""
    return lambda dataset: dataset.map(map_func).batch(batch_size, drop_remainder)


@provided("tf.contrib.data.batch_and_drop_remainder")
def batch_and_drop_remainder(batch_size: Any) -> Callable[[Dataset], Dataset]:
    """Return a function for `apply` that makes whole batches only."""
    return lambda dataset: dataset.batch(batch_size, drop_remainder=True)


@provided("tf.data.experimental.unbatch", "tf.contrib.data.unbatch")
def unbatch() -> Callable[[Dataset], Dataset]:
    """Return a function for `apply` that takes batches apart."""
    return lambda dataset: dataset.unbatch()


@provided("tf.data.make_one_shot_iterator")
def make_one_shot_iterator(dataset: Dataset) -> Any:
    """Return an iterator that goes over a dataset once."""
    return dataset.make_one_shot_iterator()


@provided("tf.data.make_initializable_iterator")
def make_initializable_iterator(dataset: Dataset, shared_name: str | None = None) -> GraphIterator:
    """Return an iterator over a dataset that begins when its `initializer` is run."""
    return dataset.make_initializable_iterator()


refuse("read the file by NumPy or feedforward.data, and use from_tensor_slices or from_generator.",
    "tf.contrib.data.TFRecordDataset", "tf.data.FixedLengthRecordDataset",
    "tf.data.experimental.make_csv_dataset", "tf.contrib.data.make_csv_dataset", "tf.data.experimental.CsvDataset",
)  # fmt: skip
refuse("make the windows by NumPy, and use from_tensor_slices.", "tf.data.Dataset.window")
refuse(
    "it would change nothing. Leave it out.",
    "tf.data.Dataset.with_options",
    "tf.data.Dataset.options",
    "tf.data.Options",
)
