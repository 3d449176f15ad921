"""TensorFlow's graph: operations with names, and what a program keeps in it.

An operation holds the Python function, its *rule*, that computes it from our tensors. Here nothing is computed; when it
is added, shapes are found out by running the rule on stand-ins, in which unknown sizes are numbers. Not here: which
function is called when (``dispatch.py``), how a session runs operations (``running.py``).
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable, Iterator, Sequence
from contextvars import copy_context
from itertools import product
from typing import Any

import numpy as np

import feedforward
from feedforward import execution
from feedforward.compat.importing import at_start
from feedforward.compat.names import provide, provided
from feedforward.compat.tensorflow.graphs.dtypes import DType, as_dtype
from feedforward.compat.tensorflow.graphs.tensors import (
    UNKNOWN_SIZES,
    EagerTensor,
    GraphTensor,
    Probe,
    are_numbers,
    probe_of,
)
from feedforward.errors import DtypeError, ShapeError, line_of
from feedforward.graph.node import location_of, origin_of, present_origin
from feedforward.lookup import did_you_mean
from feedforward.random import trace_draws
from feedforward.tensor import symbolic

__all__ = [
    "Graph",
    "GraphKeys",
    "Input",
    "Operation",
    "UnknownValueError",
    "default_graph",
    "fill",
    "flat",
    "known_value",
    "call",
]


_GUESSED_RANKS = (2, 0, 1, 4, 3)
"""How many axes a tensor may have of which that is not known, the most frequent first."""


class UnknownValueError(ValueError):
    """A rule needs a value that is not known before the graph runs."""


class Input:
    """Stands, in the arguments of an operation, for one of its inputs.

    Parameters
    ----------
    place : int
        Which.
    """

    def __init__(self, place: int) -> None:
        self.place = place


@provided("tf.Operation")
class Operation:
    """A node of a graph.

    Parameters
    ----------
    graph : Graph
        Where it stands.
    kind : str
        What TensorFlow calls such operations: ``MatMul``.
    name : str
        Its own name.
    rule : callable or None
        Computes its outputs from our tensors; None for what has a value only where it is fed, or from a session.
    arguments : tuple
        Positional and named arguments of the rule, with an `Input` for each tensor.
    inputs : sequence of GraphTensor
        What it is computed from.

    Attributes
    ----------
    control_inputs : list of Operation
        What is carried out before it.
    assigns : GraphVariable or None
        The variable whose new value its output is.
    moves : tuple of GraphVariable
        The variables that it changes in place: it reads what they are by then, not what they were at first.
    conditions : tuple of (GraphTensor, bool)
        It has an effect only where these tensors have these values: it was made in a branch of `tf.cond`.
    before, after : callable or None
        Called in Python: with a session's `State`, to get arrays for its outputs before a program runs; with the
        `State` and arrays, the values of its inputs, to get what it and its outputs are, after one ran.
    has_effect : bool
        Whether `after` is called whenever the operation is needed, and not only when it is fetched.
    """

    def __init__(
        self,
        graph: Graph,
        kind: str,
        name: str,
        rule: Callable[..., Any] | None,
        arguments: tuple[tuple[Any, ...], dict[str, Any]],
        inputs: Sequence[GraphTensor],
    ) -> None:
        self.graph, self.type, self.name, self.rule = graph, kind, name, rule
        self.arguments, self.inputs = arguments, list(inputs)
        self.number = len(graph._operations)
        self.scope, self.line = name, present_origin()[1]
        self.control_inputs = list(graph._control_inputs())
        self.conditions = tuple(graph._conditions)
        self.outputs: list[GraphTensor] = []
        self.structure: Any = None
        self.assigns: Any = None
        self.moves: tuple[Any, ...] = ()
        self.before: Callable[..., Any] | None = None
        self.after: Callable[..., Any] | None = None
        self.has_effect = False
        graph._operations[name] = self

    def run(self, feed_dict: Any = None, session: Any = None) -> None:
        """Carry it out in a session, by default the present one."""
        from feedforward.compat.tensorflow.graphs.session import session_of  # which stands on the graph

        session_of(session, f"run() of {self.name!r}").run(self, feed_dict)

    def values(self) -> tuple[GraphTensor, ...]:
        """Return its outputs."""
        return tuple(self.outputs)

    @property
    def source(self) -> tuple[str, int]:
        """File and line of the program where it was made."""
        where, at = self.line
        return (where, at) if isinstance(where, str) else line_of(where, at)

    @property
    def op_def(self) -> Operation:
        """What says of which type it is."""
        return self

    @property
    def device(self) -> str:
        """Where it runs: wherever the session likes."""
        return ""

    def get_attr(self, name: str) -> Any:
        """Return an argument of its rule by name.

        Raises
        ------
        ValueError
            If it has none of this name.
        """
        if name not in self.arguments[1]:
            raise ValueError(f"operation {self.name!r} has no attribute {name!r}.")
        return self.arguments[1][name]

    def __repr__(self) -> str:
        return f"<tf.Operation {self.name!r} type={self.type}>"

    def __str__(self) -> str:
        lines = [f'name: "{self.name}"', f'op: "{self.type}"']
        lines += [f'input: "{tensor.op.name}"' for tensor in self.inputs]
        lines += [f'input: "^{op.name}"' for op in self.control_inputs]
        return "\n".join(lines) + "\n"


@provided("tf.GraphKeys")
class GraphKeys:
    """The names of collections."""

    GLOBAL_VARIABLES = VARIABLES = "variables"
    LOCAL_VARIABLES = "local_variables"
    MODEL_VARIABLES = "model_variables"
    TRAINABLE_VARIABLES = "trainable_variables"
    MOVING_AVERAGE_VARIABLES = "moving_average_variables"
    SUMMARIES = "summaries"
    UPDATE_OPS = "update_ops"
    LOSSES = "losses"
    REGULARIZATION_LOSSES = "regularization_losses"
    WEIGHTS, BIASES, ACTIVATIONS = "weights", "biases", "activations"
    GLOBAL_STEP = "global_step"
    TRAIN_OP = "train_op"
    METRIC_VARIABLES = "metric_variables"
    INIT_OP, LOCAL_INIT_OP, READY_OP = "init_op", "local_init_op", "ready_op"
    SAVERS, SAVE_OP, SUMMARY_OP = "savers", "save_op", "summary_op"


@provided("tf.Graph")
class Graph:
    """Operations by their names, and collections of things.

    Attributes
    ----------
    seed : int or None
        What `tf.set_random_seed` set.
    kept : dict
        What other parts keep of it, such as the variables that stand for weights of Keras's layers.
    """

    def __init__(self) -> None:
        self._operations: dict[str, Operation] = {}
        self._collections: dict[str, list[Any]] = {}
        self._taken: dict[str, int] = {}
        self._scope = ""
        self._controls: list[list[Operation]] = []
        self._conditions: list[tuple[GraphTensor, bool]] = []
        self._is_finalized = False
        self.seed: int | None = None
        self.variable_store: dict[str, Any] = {}
        self.kept: dict[str, Any] = {}

    # Names

    def unique_name(self, name: str, mark_as_used: bool = True) -> str:
        """Return a name within the present scope that nothing has, with ``_1`` and so on behind it if need be."""
        whole = f"{self._scope}/{name}" if self._scope else name
        key = whole.casefold()
        count = self._taken.get(key, 0)
        if mark_as_used:
            self._taken[key] = count + 1
        if count == 0:
            return whole
        while (found := f"{whole}_{count}").casefold() in self._taken:
            count += 1
        if mark_as_used:
            self._taken[found.casefold()] = 1
            self._taken[key] = count + 1
        return found

    @contextlib.contextmanager
    def name_scope(self, name: str | None) -> Iterator[str]:
        """Let operations have names that begin with a scope's; one that ends in ``/`` is entered again."""
        before = self._scope
        if not name:
            self._scope = ""
        elif name.endswith("/"):
            self._scope = name[:-1]
        else:
            if not re.fullmatch(r"[A-Za-z0-9_.\\/>-]*", name):
                raise ValueError(
                    f"{name!r} is not a valid scope name: it has other signs than letters, digits, _ . - /."
                )
            self._scope = self.unique_name(name)
        try:
            yield f"{self._scope}/" if self._scope else ""
        finally:
            self._scope = before

    # Operations

    def record(
        self,
        kind: str,
        rule: Callable[..., Any] | None,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
        name: str | None = None,
        outputs: Sequence[tuple[Any, DType]] | None = None,
        fallback: Callable[..., Any] | None = None,
    ) -> Any:
        """Add an operation, and return its outputs in the structure that the rule returns.

        Parameters
        ----------
        kind, rule, name
            See `Operation`; the name is made unique.
        args, kwargs
            What to call the rule with; tensors of the graph in it, nested too, become inputs.
        outputs : sequence of (shape, DType), optional
            What it gives, where that is not to be found out by the rule.
        fallback : callable, optional
            Returns the shape of the output from the arguments where the rule cannot find it out.

        Notes
        -----
        Where shapes are so unknown that the rule fails, dtypes are those that it gives for shapes that it takes.

        Raises
        ------
        ShapeError, DtypeError, TypeError, ValueError
            What the rule raises.
        """
        if self._is_finalized:
            raise RuntimeError("Graph is finalized and cannot be modified.")
        inputs: list[GraphTensor] = []
        arguments = _slotted(args, inputs, self), _slotted(kwargs or {}, inputs, self)
        if name and name.endswith("/"):
            full = name[:-1]
            self._taken.setdefault(full.casefold(), 1)
            if full in self._operations:
                raise ValueError(f"Duplicate node name in graph: {full!r}. Leave the / out, or give another name.")
        else:
            full = self.unique_name(name or kind)
        op = Operation(self, kind, full, rule, arguments, inputs)
        try:
            if outputs is not None:
                made = [
                    GraphTensor(op, place, dtype, probe_of(shape, dtype))
                    for place, (shape, dtype) in enumerate(outputs)
                ]
                op.outputs = made
                op.structure = made[0] if len(made) == 1 else made
            else:
                _find_outputs(op, fallback)
        except BaseException as error:
            del self._operations[full]
            if isinstance(error, ShapeError):
                raise ValueError(f"{error} (operation {full!r})") from None
            if isinstance(error, DtypeError):
                raise TypeError(f"{error} (operation {full!r})") from None
            raise
        return op.structure

    def _control_inputs(self) -> list[Operation]:
        return list(dict.fromkeys(op for group in self._controls for op in group))

    @contextlib.contextmanager
    def control_dependencies(self, control_inputs: Any) -> Iterator[None]:
        """Let operations be carried out after others; None forgets those of outer contexts."""
        before = self._controls
        if control_inputs is None:
            self._controls = []
        else:
            self._controls = [*before, [self.operation_of(each) for each in control_inputs]]
        try:
            yield
        finally:
            self._controls = before

    @contextlib.contextmanager
    def branch(self, predicate: GraphTensor, value: bool) -> Iterator[None]:
        """Let operations have an effect only where a tensor has a value."""
        before, controls = self._conditions, self._controls
        self._conditions, self._controls = [*before, (predicate, value)], []
        try:
            yield
        finally:
            self._conditions, self._controls = before, controls

    def operation_of(self, thing: Any) -> Operation:
        """Return the operation that computes a tensor, assigns a variable's first value, or is given itself.

        Raises
        ------
        TypeError
            If it is none of these.
        """
        if isinstance(thing, Operation):
            return thing
        if isinstance(thing, GraphTensor):
            return thing.op
        if hasattr(thing, "tensor") and isinstance(thing.tensor, GraphTensor):
            operation: Operation = thing.tensor.op
            return operation
        raise TypeError(f"{thing!r} is no operation or tensor of a graph.")

    def get_operations(self) -> list[Operation]:
        """Return the operations in the order in which they were added."""
        return list(self._operations.values())

    def get_operation_by_name(self, name: str) -> Operation:
        """Return an operation.

        Raises
        ------
        KeyError
            If there is none of this name.
        """
        if name not in self._operations:
            near = did_you_mean(name, list(self._operations))
            raise KeyError(f"The name {name!r} refers to an Operation not in the graph. {near}")
        return self._operations[name]

    def get_tensor_by_name(self, name: str) -> GraphTensor:
        """Return a tensor by its name, such as ``x:0``.

        Raises
        ------
        KeyError
            If there is none.
        ValueError
            If the name has no ``:`` and number.
        """
        op, colon, place = name.rpartition(":")
        if not colon or not place.isdigit():
            raise ValueError(f"The name {name!r} is no name of a tensor. Expected one such as {f'{name}:0'!r}.")
        outputs = self.get_operation_by_name(op).outputs
        if int(place) >= len(outputs):
            raise KeyError(f"The name {name!r} refers to a Tensor which does not exist: {op!r} has {len(outputs)}.")
        return outputs[int(place)]

    def as_graph_element(self, obj: Any, allow_tensor: bool = True, allow_operation: bool = True) -> Any:
        """Return the tensor or operation that an object or a name is.

        Raises
        ------
        TypeError
            If it is neither, or is what is not allowed.
        """
        found = obj
        if isinstance(obj, str):
            found = self.get_tensor_by_name(obj) if ":" in obj else self.get_operation_by_name(obj)
        elif hasattr(obj, "tensor"):
            found = obj.tensor
        allowed = [kind for kind, may in ((GraphTensor, allow_tensor), (Operation, allow_operation)) if may]
        if not isinstance(found, tuple(allowed)):
            names = " or ".join("Tensor" if kind is GraphTensor else "Operation" for kind in allowed)
            what = {Operation: " is an operation", GraphTensor: " is a tensor"}.get(type(found), "")
            raise TypeError(f"Can not convert a {type(obj).__name__} into a {names}: {obj!r}{what}.")
        return found

    def is_feedable(self, tensor: Any) -> bool:
        """Return whether a tensor may be fed."""
        return isinstance(tensor, GraphTensor) and tensor.graph is self

    def is_fetchable(self, thing: Any) -> bool:
        """Return whether a tensor or operation may be fetched."""
        return isinstance(thing, GraphTensor | Operation) and thing.graph is self

    def prevent_feeding(self, tensor: Any) -> None:
        """Raise: whatever is in a graph may be fed."""
        raise NotImplementedError("Graph.prevent_feeding is not provided. Leave it out.")

    # Collections

    def add_to_collection(self, name: str, value: Any) -> None:
        """Add a thing to a collection."""
        self._collections.setdefault(name, []).append(value)

    def add_to_collections(self, names: Any, value: Any) -> None:
        """Add a thing to collections."""
        for name in [names] if isinstance(names, str) else names or ():
            self.add_to_collection(name, value)

    def get_collection(self, name: str, scope: str | None = None) -> list[Any]:
        """Return what is in a collection; with a scope, the things whose names match it."""
        found = list(self._collections.get(name, ()))
        return found if scope is None else [thing for thing in found if re.match(scope, getattr(thing, "name", ""))]

    def get_collection_ref(self, name: str) -> list[Any]:
        """Return a collection itself."""
        return self._collections.setdefault(name, [])

    def clear_collection(self, name: str) -> None:
        """Empty a collection."""
        self._collections.pop(name, None)

    def get_all_collection_keys(self) -> list[str]:
        """Return the names of the collections."""
        return list(self._collections)

    # Being the default

    @contextlib.contextmanager
    def as_default(self) -> Iterator[Graph]:
        """Let operations be added to this graph."""
        _state.graphs.append(self)
        try:
            yield self
        finally:
            _state.graphs.remove(self)

    @contextlib.contextmanager
    def device(self, _: Any) -> Iterator[None]:
        """Say on which device operations run, which changes nothing: there is one."""
        yield

    def finalize(self) -> None:
        """Let nothing be added any more."""
        self._is_finalized = True

    @property
    def finalized(self) -> bool:
        """Whether nothing can be added any more."""
        return self._is_finalized


class _State(threading.local):
    def __init__(self) -> None:
        self.graph = Graph()
        self.graphs: list[Graph] = []


_state = _State()


@at_start
def _begin() -> None:
    """Let a program find an empty graph, whatever another one left."""
    _state.graph, _state.graphs = Graph(), []


@provided("tf.get_default_graph")
def default_graph() -> Graph:
    """Return the graph to which operations are added."""
    return _state.graphs[-1] if _state.graphs else _state.graph


@provided("tf.reset_default_graph")
def reset_default_graph() -> None:
    """Let operations be added to a new graph.

    Raises
    ------
    AssertionError
        In a ``with graph.as_default()``.
    """
    if _state.graphs:
        raise AssertionError("Do not use tf.reset_default_graph() to clear nested graphs.")
    _state.graph = Graph()


# What programs call on the default graph


@provided("tf.add_to_collection")
def add_to_collection(name: str, value: Any) -> None:
    """See `Graph.add_to_collection`."""
    default_graph().add_to_collection(name, value)


@provided("tf.get_collection")
def get_collection(key: str, scope: str | None = None) -> list[Any]:
    """See `Graph.get_collection`."""
    return default_graph().get_collection(key, scope)


@provided("tf.get_collection_ref")
def get_collection_ref(key: str) -> list[Any]:
    """See `Graph.get_collection_ref`."""
    return default_graph().get_collection_ref(key)


def _device(device_name: Any = None) -> Any:
    """See `Graph.device`."""
    return default_graph().device(device_name)


provide(_device, "tf.device")

# Arguments of operations


def _slotted(value: Any, inputs: list[GraphTensor], graph: Graph) -> Any:
    """Return arguments with an `Input` in place of each tensor of the graph, which is added to `inputs`."""
    if isinstance(value, list | tuple):
        parts = [_slotted(part, inputs, graph) for part in value]
        return value._make(parts) if hasattr(value, "_make") else type(value)(parts)
    if isinstance(value, dict):
        return {key: _slotted(part, inputs, graph) for key, part in value.items()}
    tensor = value if isinstance(value, GraphTensor) else getattr(value, "tensor", None)
    if isinstance(tensor, GraphTensor):
        if tensor.graph is not graph:
            raise ValueError(f"Tensor {tensor.name!r} must be from the same graph as the operation that uses it.")
        inputs.append(tensor)
        return Input(len(inputs) - 1)
    if isinstance(value, feedforward.Variable):  # a weight of a layer
        from feedforward.compat.tensorflow.graphs.variables import graph_variable  # which stands on graphs

        return _slotted(graph_variable(value, graph), inputs, graph)
    if isinstance(value, EagerTensor):
        from feedforward.compat.tensorflow.graphs.variables import graph_value  # as above

        found = graph_value(value.ours, graph)
        return _slotted(found, inputs, graph) if isinstance(found, GraphTensor) else found
    return np.array(value) if isinstance(value, np.ndarray) else value


def fill(value: Any, values: Sequence[Any]) -> Any:
    """Return arguments with values in place of each `Input`."""
    kind = type(value)
    if kind is Input:
        return values[value.place]
    if isinstance(value, list | tuple):
        parts = [fill(part, values) for part in value]
        return value._make(parts) if hasattr(value, "_make") else kind(parts)
    if kind is dict:
        return {key: fill(part, values) for key, part in value.items()}
    return value


def call(op: Operation, values: Sequence[Any]) -> Any:
    """Return what the rule of an operation returns for values of its inputs; nodes are stamped with its line."""
    args, kwargs = op.arguments
    with origin_of(op):  # type: ignore[arg-type]  # it has a scope and a line, as a node does
        return op.rule(*fill(args, values), **fill(kwargs, values))  # type: ignore[misc]


def flat(value: Any) -> list[Any]:
    """Return the tensors, or other values, that a structure of outputs holds."""
    if isinstance(value, list | tuple):
        return [leaf for part in value for leaf in flat(part)]
    if isinstance(value, dict):
        return [leaf for part in value.values() for leaf in flat(part)]
    return [value]


def _find_outputs(op: Operation, fallback: Callable[..., Any] | None) -> None:
    """Give an operation its outputs, with what its rule says of shapes and dtypes."""
    results: list[Any] = []
    pairs = [tensor.probes for tensor in op.inputs]
    sides = 1 if all(pair is not None and pair[0] is pair[1] for pair in pairs) else 2
    try:
        for side in range(sides):
            if any(pair is None for pair in pairs):
                raise UnknownValueError
            results.append(_probed(op, [pair[side] for pair in pairs if pair is not None]))
    except UnknownValueError:
        results = []
    except (ShapeError, ValueError, TypeError, IndexError):
        if sides == 1 or not _may_fit(op):
            raise
        results = []
    if not results:
        args, kwargs = op.arguments
        shape = None if fallback is None else fallback(*fill(args, op.inputs), **fill(kwargs, op.inputs))
        guess = next(_guesses(op), None)
        dtype = op.inputs[0].dtype.base_dtype if op.inputs else as_dtype("float32")
        op.outputs = [
            _unknown_output(op, place, leaf, shape, dtype)
            for place, leaf in enumerate([None] if guess is None else flat(guess))
        ]
        op.structure = op.outputs[0] if guess is None else _like(guess, iter(op.outputs))
        return
    first, second = results[0], results[-1]
    leaves = zip(flat(first), flat(second), strict=True)
    op.outputs = [_output(op, place, one, other) for place, (one, other) in enumerate(leaves)]
    made = iter(op.outputs)
    op.structure = _like(first, made)


def _output(op: Operation, place: int, one: Any, other: Any) -> GraphTensor:
    if isinstance(one, feedforward.Tensor):
        return GraphTensor(op, place, as_dtype(one.node.dtype), (one, other))
    return GraphTensor(op, place, as_dtype("string"), None)  # a value of the host's


def _unknown_output(op: Operation, place: int, guess: Any, shape: Any, dtype: DType) -> GraphTensor:
    """Return an output of which a guess tells the dtype, and nothing the shape but a fallback."""
    if guess is not None:
        dtype = as_dtype(guess.node.dtype if isinstance(guess, feedforward.Tensor) else "string")
    return GraphTensor(op, place, dtype, probe_of(shape, dtype))


def _like(structure: Any, leaves: Iterator[Any]) -> Any:
    if isinstance(structure, list | tuple):
        parts = [_like(part, leaves) for part in structure]
        return structure._make(parts) if hasattr(structure, "_make") else type(structure)(parts)
    if isinstance(structure, dict):
        return {key: _like(part, leaves) for key, part in structure.items()}
    return next(leaves)


def _probed(op: Operation, values: list[Probe]) -> Any:
    """Return what a rule gives for stand-ins, without counting random draws."""

    def run() -> Any:
        trace_draws(*(symbolic(feedforward.ops.placeholder((), "int64", "key")) for _ in range(2)))
        return call(op, values)

    return copy_context().run(run)


def _may_fit(op: Operation) -> bool:
    """Return whether a rule fits for some sizes of those that are not known: 1, or one that another input has."""
    return any(tensor.shape.dims is None for tensor in op.inputs) or any(True for _ in _guesses(op))


def _guesses(op: Operation) -> Iterator[Any]:
    """Return what a rule gives for guessed sizes: 1, or one that another input has; and guessed numbers of axes."""
    shapes = [tensor.shape for tensor in op.inputs]
    known = {size for shape in shapes if shape.dims is not None for size in shape.as_list() if size is not None}
    unknown = [place for place, shape in enumerate(shapes) if shape.dims is None]
    for ranks in product(_GUESSED_RANKS, repeat=min(len(unknown), 2)):  # of more than two, all others as the second
        guessed = [[] if shape.dims is None else shape.as_list() for shape in shapes]
        for order, place in enumerate(unknown):
            guessed[place] = [None] * ranks[min(order, 1)]
        for guess in sorted({1, *known} | set(UNKNOWN_SIZES[: len(unknown)])):
            pairs = [
                probe_of([guess if size is None else size for size in sizes], tensor.dtype)
                for tensor, sizes in zip(op.inputs, guessed, strict=True)
            ]
            if any(pair is None for pair in pairs):
                return
            with contextlib.suppress(ShapeError, ValueError, TypeError, IndexError):
                yield _probed(op, [pair[0] for pair in pairs if pair is not None])


def known_value(value: Any) -> Any:
    """Return the value of what has to be known when a graph is compiled, such as a shape or an axis.

    Parameters
    ----------
    value : number, array, tensor, or nested lists of them
        What a rule was given.

    Returns
    -------
    The same with arrays in place of tensors; a list of numbers and tensors of no dimension becomes a list of ints.

    Raises
    ------
    UnknownValueError
        If it depends on what is fed, or on a variable.
    """
    if isinstance(value, EagerTensor):
        value = value.ours
    if isinstance(value, feedforward.Tensor):
        node = value.node
        if node.value is not None:
            return node.value
        if not execution.is_known(node):
            raise UnknownValueError(
                f"a size, axis or the like depends on what is fed{location_of(node)}. "
                f"Expected one that is known from shapes and constants."
            )
        return execution.values([node], is_eager=True)[0]
    if isinstance(value, list | tuple) and not are_numbers(value):
        return type(value)([known_value(part) for part in value])
    return value
