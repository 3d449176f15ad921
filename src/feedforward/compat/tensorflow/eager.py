"""Eager tapes, functions that become programs, and functions of Python's among operations.

Not here: eager tensors themselves (``tensors.py``, ``variables.py``), and what only ``tf.contrib.eager`` had
(``contrib_eager.py``).
"""

from __future__ import annotations

import functools
import inspect
import weakref
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import feedforward
from feedforward.compat.names import provide, provided, refuse
from feedforward.compat.tensorflow.arrays import convert_to_tensor
from feedforward.compat.tensorflow.dispatch import is_eager, records
from feedforward.compat.tensorflow.dtypes import DType, as_dtype
from feedforward.compat.tensorflow.shapes import TensorShape, as_shape
from feedforward.compat.tensorflow.tensors import EagerTensor, GraphTensor, plain, shown
from feedforward.compat.tensorflow.variables import EagerVariable, accessed
from feedforward.graph.node import Node, reachable
from feedforward.tape import leaves, like
from feedforward.tensor import is_tracing

__all__ = ["GradientTape", "TensorSpec", "function"]


@provided("tf.UnconnectedGradients")
class UnconnectedGradients:
    """What a source gets that a target does not depend on."""

    NONE, ZERO = "none", "zero"


@provided("tf.GradientTape", "tf.contrib.eager.GradientTape")
class GradientTape:
    """Remembers what is computed inside its ``with`` block, so that it can be differentiated.

    Parameters
    ----------
    persistent : bool
        Whether `gradient` may be called more than once.
    watch_accessed_variables : bool
        Whether every trainable variable is watched without being asked for.

    Notes
    -----
    As in TensorFlow, what depends on nothing that is watched has no gradient: None.
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True) -> None:
        self._tape = feedforward.GradientTape(persistent, watch_accessed_variables)
        self._accessed: dict[EagerVariable, None] = {}
        self._watches_all = watch_accessed_variables

    def __enter__(self) -> GradientTape:
        self._tape.__enter__()
        accessed.append(self._accessed)
        return self

    def __exit__(self, *error: object) -> None:
        self._tape.__exit__(*error)
        self._stop_noting()

    def _stop_noting(self) -> None:
        accessed[:] = [noted for noted in accessed if noted is not self._accessed]

    def watch(self, tensor: Any) -> None:
        """Let gradients be taken with respect to tensors that are no trainable variables."""
        for each in leaves(tensor):
            if isinstance(each, GraphTensor):
                raise ValueError(f"watch: {each.name!r} is a tensor of a graph. Use tf.gradients, which watches all.")
            ours = each.ours if isinstance(each, EagerTensor) else each
            if not isinstance(ours, feedforward.Tensor):
                raise ValueError(f"Passed in object of type {type(each).__name__}, not tf.Tensor")
            if ours.dtype.kind == "f":
                self._tape.watch(ours)
            if isinstance(each, EagerVariable):
                self._accessed[each] = None

    def watched_variables(self) -> tuple[Any, ...]:
        """Return the trainable variables that were read inside the block, and those that `watch` was called on."""
        watched = self._tape._watched_variables
        return tuple(
            variable
            for variable in self._accessed
            if variable.ours in watched or (self._watches_all and variable.trainable)
        )

    def stop_recording(self) -> Any:
        """Return a context in which nothing is recorded."""
        return self._tape.stop_recording()

    def reset(self) -> None:
        """Forget what was recorded and watched."""
        self._tape.reset()
        self._accessed.clear()

    def gradient(
        self, target: Any, sources: Any, output_gradients: Any = None, unconnected_gradients: str = "none"
    ) -> Any:
        """Return the gradient of a target, summed, with respect to each of `sources`.

        Parameters
        ----------
        target : tensor, or nested lists of tensors
            What to differentiate; the gradients of several are added up.
        sources : tensor, variable, or nested lists, tuples and dicts of them
            With respect to what.
        output_gradients : tensor, or as the target, optional
            What the gradient of the target is taken to be; ones by default.
        unconnected_gradients : {"none", "zero"}
            What a source gets that the target does not depend on.

        Raises
        ------
        RuntimeError
            If the tape is not persistent and was asked before.
        TypeError, DtypeError
            If a target or a source is no tensor, or a target is no float.
        """
        self._stop_noting_unless_persistent()
        targets, wanted = list(leaves(plain(target))), list(leaves(sources))
        _check_tensors("target", list(leaves(target)))
        _check_tensors("source", wanted)
        starts = [None] * len(targets) if output_gradients is None else list(leaves(plain(output_gradients)))
        if len(starts) != len(targets):
            raise ValueError(f"gradient: {len(starts)} output_gradients for {len(targets)} targets. Give one for each.")
        ours = [plain(source) for source in wanted]
        is_there = [self._is_watched(source) for source in ours]
        asked = [source for source, there in zip(ours, is_there, strict=True) if there]
        sums: list[Any] = [None] * len(asked)
        tape, is_persistent = self._tape, self._tape.persistent
        for place, (each, start) in enumerate(zip(targets, starts, strict=True)):
            tape.persistent = is_persistent or place < len(targets) - 1
            try:
                parts = tape.gradient(each, asked, start)
            finally:
                tape.persistent = is_persistent
            sums = [b if a is None else a if b is None else a + b for a, b in zip(sums, parts, strict=True)]
        found = iter(sums)
        results = [next(found) if there else None for there in is_there]
        if unconnected_gradients == "zero":
            results = [_zeros_like(x) if g is None else g for x, g in zip(ours, results, strict=True)]
        elif unconnected_gradients != "none":
            raise ValueError(f"Unknown value for unconnected_gradients: {unconnected_gradients!r}")
        return like(sources, iter(shown(results)))

    def _stop_noting_unless_persistent(self) -> None:
        if not self._tape.persistent:
            self._stop_noting()

    def _is_watched(self, source: feedforward.Tensor) -> bool:
        """Return whether a tensor is watched, or was computed inside the block from something that is."""
        if isinstance(source, feedforward.Variable):
            return True  # which the tape decides itself
        tape, node = self._tape, source.node
        if node in tape._watched:
            return True

        def is_outside(each: Node) -> bool:
            return each in tape._watched or not tape._is_recorded(each)

        return any(each in tape._watched or each.op.name == "variable" for each in reachable([node], stop=is_outside))

    def jacobian(
        self,
        target: Any,
        sources: Any,
        unconnected_gradients: str = "none",
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Return all partial derivatives, of shape ``target.shape + source.shape``; the tape must be persistent.

        Notes
        -----
        Its cost is one gradient for each element of the target, however TensorFlow was told to loop.
        """
        sizes = tuple(target.shape.as_list())
        rows = [self.gradient(target, sources, start, unconnected_gradients) for start in _basis(sizes, target.dtype)]
        return _stacked(rows, sources, lambda parts, one: feedforward.reshape(feedforward.stack(parts), sizes + one))

    def batch_jacobian(
        self,
        target: Any,
        source: Any,
        unconnected_gradients: str = "none",
        parallel_iterations: Any = None,
        experimental_use_pfor: bool = True,
    ) -> Any:
        """Return the Jacobian of each row of the target by the same row of the source; the tape must be persistent."""
        rows, *sizes = target.shape.as_list()
        starts = [np.broadcast_to(start, (rows, *sizes)) for start in _basis(tuple(sizes), target.dtype)]
        found = [self.gradient(target, source, start, unconnected_gradients) for start in starts]
        return _stacked(
            found,
            source,
            lambda parts, one: feedforward.reshape(feedforward.stack(parts, axis=1), (rows, *sizes, *one[1:])),
        )


def _basis(sizes: tuple[int, ...], dtype: DType) -> list[Any]:
    """Return for each element of a tensor an array that is one there and zero elsewhere."""
    count = int(np.prod(sizes))
    return list(np.eye(count, dtype=dtype.as_numpy_dtype).reshape(count, *sizes))


def _stacked(rows: list[Any], sources: Any, put: Callable[[list[Any], tuple[int, ...]], Any]) -> Any:
    """Return the rows of a Jacobian put together, for each source."""
    columns = zip(*(list(leaves(row)) for row in rows), strict=True)
    results = [
        None if any(part is None for part in column) else put(plain(list(column)), tuple(source.shape.as_list()))
        for source, column in zip(leaves(sources), columns, strict=True)
    ]
    return like(sources, iter(shown(results)))


def _check_tensors(what: str, values: Sequence[Any]) -> None:
    for value in values:
        if isinstance(value, GraphTensor) or hasattr(value, "tensor"):
            raise TypeError(f"GradientTape.gradient: the {what} {value!r} is of a graph. Use tf.gradients(ys, xs).")
        if not isinstance(value, EagerTensor | feedforward.Tensor):  # the weights of layers are our own
            raise TypeError(f"GradientTape.gradient: the {what} {value!r:.80} is no tensor. Give tensors or variables.")


def _zeros_like(x: feedforward.Tensor) -> feedforward.Tensor:
    return feedforward.Tensor(np.zeros(x.shape, x.dtype))


# Functions that become programs


@provided("tf.TensorSpec")
class TensorSpec:
    """What a function takes: a tensor of a shape and dtype.

    Parameters
    ----------
    shape : sequence of int or None, or None
        Its sizes, as far as they are settled.
    dtype : dtype
        The type of its elements.
    name : str, optional
        What it is called.
    """

    def __init__(self, shape: Any = None, dtype: Any = "float32", name: str | None = None) -> None:
        self.shape: TensorShape = as_shape(shape)
        self.dtype: DType = as_dtype(dtype)
        self.name = name

    def __repr__(self) -> str:
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}, name={self.name!r})"

    def checked(self, value: Any, function: str) -> Any:
        """Return a value as such a tensor.

        Raises
        ------
        ValueError
            If it is none.
        """
        tensor = value if isinstance(value, EagerTensor) else convert_to_tensor(value, dtype=self.dtype)
        if tensor.dtype.base_dtype != self.dtype or not self.shape.is_compatible_with(tensor.shape):
            raise ValueError(
                f"Python inputs incompatible with input_signature: {function}() got a tensor of shape {tensor.shape} "
                f"and dtype {tensor.dtype.name}. Expected {self!r}."
            )
        return tensor


class Function:
    """A Python function on eager tensors that is one compiled program for each kind of arguments; see `function`.

    Parameters
    ----------
    python_function : callable
        The function as it was written.
    input_signature : sequence of TensorSpec, optional
        What it takes.
    """

    def __init__(self, python_function: Callable[..., Any], input_signature: Any = None) -> None:
        self.python_function, self.input_signature = python_function, input_signature
        self._variables: weakref.WeakValueDictionary[int, EagerVariable] = weakref.WeakValueDictionary()
        self.__name__ = getattr(python_function, "__name__", type(python_function).__name__)
        self.__doc__ = python_function.__doc__
        self.__wrapped__ = python_function
        self._compiled = feedforward.function(functools.update_wrapper(self._on_ours(), python_function))
        self._bound: weakref.WeakKeyDictionary[Any, Function] = weakref.WeakKeyDictionary()

    def _on_ours(self) -> Callable[..., Any]:
        """Return the function on our tensors."""

        def called(*args: Any, **kwargs: Any) -> Any:
            return self._noted(self.python_function(*self._shown(args), **self._shown(kwargs)))

        return called

    def _noted(self, value: Any) -> Any:
        """Return a structure with our tensors; its variables are known again when they come back."""
        for each in leaves(value):
            if isinstance(each, EagerVariable):
                self._variables[id(each.ours)] = each
        return plain(value)

    def _shown(self, value: Any) -> Any:
        """Return a structure with TensorFlow's tensors and variables."""
        parts = [
            self._variables[id(part)] if isinstance(part, feedforward.Variable) else shown(part)
            for part in leaves(value)
        ]
        return like(value, iter(parts))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if self.input_signature is not None:
            specs = self.input_signature
            if kwargs or len(args) != len(specs):
                raise ValueError(
                    f"{self.__name__}() got {len(args)} arguments and {len(kwargs)} by name. Expected {len(specs)}, by "
                    f"position: it has an input_signature."
                )
            args = tuple(
                spec.checked(value, self.__name__) if isinstance(spec, TensorSpec) else value
                for spec, value in zip(specs, args, strict=True)
            )
        if not is_eager() or is_tracing() or records(args, kwargs):
            return self.python_function(*args, **kwargs)  # it is a part of something larger
        return self._shown(self._compiled(*self._noted(args), **self._noted(kwargs)))

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Return the function with the object whose method it is: it has programs of its own."""
        if instance is None:
            return self
        bound = self._bound.get(instance)
        if bound is None:
            bound = Function(_method(self.python_function, weakref.ref(instance)), self.input_signature)
            self._bound[instance] = bound
        return bound


def _method(function: Callable[..., Any], owner: Callable[[], Any]) -> Callable[..., Any]:
    """Return a function with the object whose method it is, which it does not keep alive."""

    def method(*args: Any, **kwargs: Any) -> Any:
        return function(owner(), *args, **kwargs)

    method.__name__, method.__doc__ = function.__name__, function.__doc__
    signature = inspect.signature(function)
    method.__signature__ = signature.replace(parameters=[*signature.parameters.values()][1:])  # type: ignore[attr-defined]
    return method


@provided("tf.function", "tf.contrib.eager.function", "tf.contrib.eager.defun")
def function(
    func: Callable[..., Any] | None = None,
    input_signature: Any = None,
    autograph: bool = True,
    experimental_autograph_options: Any = None,
    experimental_relax_shapes: bool = False,
) -> Any:
    """Return a function that is traced for each kind of arguments, and is one compiled program from then on.

    Parameters
    ----------
    func : callable, optional
        The function; left out, a decorator is returned.
    input_signature : sequence of TensorSpec, optional
        What it takes; anything else is an error.
    autograph, experimental_autograph_options : optional
        TensorFlow wrote ``if`` and ``while`` on tensors anew. That is not provided: they are an error that says so.
    experimental_relax_shapes : bool
        Whether other sizes need no new trace: here they mostly compile nothing, whatever is given.
    """
    if func is None:
        return lambda func: Function(func, input_signature)
    return Function(func, input_signature)


# Functions of Python's among operations


def _called(name: str, func: Callable[..., Any], inp: Any, tout: Any, takes_tensors: bool) -> Any:
    """Return what a function of Python's gives for values, as tensors of some dtypes."""
    values = inp if isinstance(inp, list | tuple) else [inp]
    if records(values) or is_tracing() or any(isinstance(x, EagerTensor) and x._has_no_value() for x in values):
        raise NotImplementedError(
            f"{name}({getattr(func, '__name__', func)!s}): it was called where a graph is made, in which feedforward "
            f"runs no Python. Expected eager execution, or a function given to Dataset.map: compute it before the "
            f"graph, or write it with TensorFlow's operations."
        )
    tensors = [convert_to_tensor(value) for value in values]
    found = func(*(tensors if takes_tensors else [_as_numpy(tensor) for tensor in tensors]))
    if isinstance(tout, list | tuple):
        results = found if isinstance(found, list | tuple) else [found]
        if len(results) != len(tout):
            raise ValueError(f"{name}: the function returned {len(results)} values. Expected {len(tout)}, as Tout has.")
        return [_returned(name, value, dtype, takes_tensors) for value, dtype in zip(results, tout, strict=True)]
    return None if tout is None else _returned(name, found, tout, takes_tensors)


def _as_numpy(tensor: Any) -> Any:
    return tensor.numpy() if isinstance(tensor, EagerTensor) else tensor


def _returned(name: str, value: Any, dtype: Any, converts: bool) -> Any:
    wanted = as_dtype(dtype)
    if isinstance(value, EagerTensor) or converts:
        return convert_to_tensor(value, dtype=wanted)
    array = np.asarray(value)
    if as_dtype(array.dtype) != wanted:
        raise TypeError(
            f"{name}: the function returned a value with dtype {array.dtype.name}. Expected {wanted.name}, as Tout "
            f"says: convert it, as in value.astype(np.{wanted.name})."
        )
    return convert_to_tensor(array)


@provided("tf.py_function", "tf.contrib.eager.py_func")
def py_function(func: Callable[..., Any], inp: Any, Tout: Any, name: str | None = None) -> Any:
    """Return what a Python function on eager tensors returns, as tensors of the dtypes `Tout`."""
    return _called("tf.py_function", func, inp, Tout, takes_tensors=True)


@provided("tf.py_func", "tf.numpy_function")
def py_func(func: Callable[..., Any], inp: Any, Tout: Any, stateful: bool = True, name: str | None = None) -> Any:
    """Return what a Python function on arrays returns, as tensors of the dtypes `Tout`."""
    return _called("tf.py_func", func, inp, Tout, takes_tensors=False)


refuse("gradients follow from the operations. Write the function with tf.stop_gradient.", "tf.custom_gradient")
refuse("operations' gradients cannot be replaced. Write the function with tf.stop_gradient.", "tf.RegisterGradient")
provide(is_eager, "tf.contrib.eager.executing_eagerly", "tf.contrib.eager.in_eager_mode")
