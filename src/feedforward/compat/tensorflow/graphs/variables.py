"""Variables: of a graph, whose values sessions keep, and eager ones, which hold theirs."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import feedforward
from feedforward import ops
from feedforward.compat.names import provided
from feedforward.compat.tensorflow.graphs.dispatch import is_eager
from feedforward.compat.tensorflow.graphs.dtypes import DType
from feedforward.compat.tensorflow.graphs.graph import Graph, GraphKeys, Operation, default_graph
from feedforward.compat.tensorflow.graphs.shapes import TensorShape
from feedforward.compat.tensorflow.graphs.tensors import EagerTensor, GraphTensor, Tensor, operators, plain
from feedforward.graph.node import Node, reachable
from feedforward.graph.program import Program, substitute
from feedforward.nn.layer import is_describing, is_in_call
from feedforward.tensor import is_tracing, of_node, symbolic

__all__ = [
    "Variable",
    "GraphVariable",
    "EagerVariable",
    "assign_operation",
    "as_tensor",
    "accessed",
    "graph_variable",
    "shown_variable",
    "read_variables",
    "stands_for_later",
    "symbol_of",
    "symbolised",
    "graph_value",
    "with_symbols",
    "with_values",
    "with_variables",
]


class _VariableType(type):
    """Makes the kind of variable that the mode asks for."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        if cls is not Variable:
            return super().__call__(*args, **kwargs)
        return (EagerVariable if is_eager() else GraphVariable)(*args, **kwargs)


@provided("tf.Variable", "tf.contrib.eager.Variable")
class Variable(metaclass=_VariableType):
    """A tensor that assignments change; see `GraphVariable` and `EagerVariable`."""


class GraphVariable(Variable):
    """A variable of a graph: a session keeps its value.

    Parameters
    ----------
    initial_value : number, array, tensor, or callable
        Its first value; a callable returns it.
    trainable : bool
        Whether optimizers change it unless told otherwise.
    collections : list of str, optional
        Where it is kept; by default among the global variables.
    name : str, optional
        Its name.
    dtype : dtype, optional
        The type of its elements.
    validate_shape : bool
        Whether its shape is that of the initial value for good.
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool = True,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: Any = None,
        constraint: Callable[[Any], Any] | None = None,
        use_resource: bool | None = None,
        shape: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
    ) -> None:
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        _refuse_definitions(variable_def, import_scope)
        graph = default_graph()
        with graph.control_dependencies(None), graph.name_scope(None if not graph._scope else f"{graph._scope}/"):
            full = graph.unique_name(name or "Variable")
            first = full.rpartition("/")[2]
            scope = full[: -len(first)]
            with graph.name_scope(scope or None), graph.name_scope(f"{full}/"):
                value = initial_value() if callable(initial_value) else initial_value
                value = as_tensor(value, dtype, "initial_value")
            if value.op.before is not None:
                raise ValueError(f"Variable {full!r}: its initial value comes from an iterator. Give an array.")
            kind = value.dtype.base_dtype
            _check_shape(shape, value.shape)
            known = value.shape if validate_shape else TensorShape(None)
            graph._taken.pop(full.casefold(), None)
            made = graph.record("VariableV2", None, name=f"{full}/", outputs=[(known, kind)])
            graph._taken[full.casefold()] = 1
            self.tensor: GraphTensor = made
            made.op.variable = self
            made._dtype = kind.reference()
            self.initial_value: GraphTensor = value
            self.trainable, self.constraint, self._validate_shape = trainable, constraint, validate_shape
            self.initializer: Operation = assign_operation(self, _new_value, value, name=f"{full}/Assign/").op
        names = list(collections) if collections is not None else [GraphKeys.GLOBAL_VARIABLES]
        if trainable and GraphKeys.TRAINABLE_VARIABLES not in names:
            names.append(GraphKeys.TRAINABLE_VARIABLES)
        graph.add_to_collections(names, self)

    @property
    def op(self) -> Operation:
        """The operation that holds it."""
        return self.tensor.op

    @property
    def name(self) -> str:
        """Its name, with ``:0`` behind it."""
        return self.tensor.name

    @property
    def graph(self) -> Graph:
        """The graph that it is a part of."""
        return self.tensor.graph

    @property
    def dtype(self) -> DType:
        """The type of its elements, as a variable's."""
        return self.tensor.dtype

    @property
    def shape(self) -> TensorShape:
        """Its sizes."""
        return self.tensor.shape

    @property
    def device(self) -> str:
        """Where it is kept: in the session."""
        return ""

    def get_shape(self) -> TensorShape:
        """Return its sizes."""
        return self.tensor.shape

    def set_shape(self, shape: Any) -> None:
        """Say what its shape will be."""
        self.tensor.set_shape(shape)

    def value(self) -> GraphTensor:
        """Return a tensor of its value."""
        with self.graph.name_scope(f"{self.op.name}/"):
            made: GraphTensor = self.graph.record("Identity", feedforward.Tensor, (self,), {}, "read")
        return made

    read_value = value

    def initialized_value(self) -> GraphTensor:
        """Return a tensor of its first value, for the initial value of another one."""
        return self.initial_value

    def eval(self, session: Any = None) -> Any:
        """Return its value in a session, by default the present one."""
        return self.tensor.eval(session=session)

    def load(self, value: Any, session: Any = None) -> None:
        """Give it a value in a session."""
        from feedforward.compat.tensorflow.graphs.session import session_of  # which stands on variables' graph

        array = np.array(value, self.dtype.base_dtype.as_numpy_dtype)
        if not self.shape.is_compatible_with(array.shape):
            raise ValueError(f"load: variable {self.name!r} has shape {self.shape}, the value {array.shape}.")
        session_of(session, f"load of {self.name!r}").store({self: array})

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Return a tensor of its new value, which it has when that is run; without `read_value`, the operation."""
        made = assign_operation(self, _new_value, as_tensor(value, self.dtype.base_dtype), name=name or "Assign")
        return made if read_value else made.op

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Return a tensor of its new value, with `delta` added."""
        rule = feedforward.add
        made = assign_operation(self, rule, as_tensor(delta, self.dtype.base_dtype), name=name or "AssignAdd")
        return made if read_value else made.op

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Return a tensor of its new value, with `delta` taken away."""
        rule = feedforward.subtract
        made = assign_operation(self, rule, as_tensor(delta, self.dtype.base_dtype), name=name or "AssignSub")
        return made if read_value else made.op

    def _call(self, name: str, *arguments: Any) -> Any:
        return operators[name](*arguments)

    def __iter__(self) -> Iterator[Any]:
        raise TypeError("'Variable' object is not iterable.")

    __array_priority__ = 100
    __array_ufunc__ = None

    def __repr__(self) -> str:
        return f"<tf.Variable {self.name!r} shape={self.shape} dtype={self.dtype.name}>"


def _operators_of_tensors() -> None:
    """Let variables of graphs have the operators that tensors have."""
    for name in dir(Tensor):
        if name.startswith("__") and name not in dir(object) and not hasattr(GraphVariable, name):
            setattr(GraphVariable, name, getattr(Tensor, name))
    for name in ("__lt__", "__le__", "__gt__", "__ge__"):
        setattr(GraphVariable, name, getattr(Tensor, name))


_operators_of_tensors()


def _new_value(before: Any, value: feedforward.Tensor) -> feedforward.Tensor:
    return value


def assign_operation(variable: GraphVariable, rule: Callable[..., Any], *values: Any, name: str) -> Any:
    """Return a tensor of the new value of a variable, which it has when that is run.

    Parameters
    ----------
    variable : GraphVariable
        What is assigned to.
    rule : callable
        Returns the new value from the old one and `values`.
    *values : tensors
        What else it takes.
    name : str
        The operation's name.
    """
    kind = "Assign" if rule is _new_value else "AssignTo"
    checked = _checked(variable, rule)
    tensor = variable.graph.record(kind, checked, (variable, *values), {}, name)
    tensor.op.assigns = variable
    tensor.op.moves = () if rule is _new_value else (variable,)
    tensor._dtype = variable.dtype
    return tensor


def _checked(variable: GraphVariable, rule: Callable[..., Any]) -> Callable[..., Any]:
    """Return a rule whose result has the dtype and, where that is settled, the shape of a variable."""

    def assigned(before: Any, *values: Any) -> Any:
        found = rule(before, *values)
        wanted = variable.tensor.shape
        if variable._validate_shape and not wanted.is_compatible_with(found.shape):
            raise ValueError(
                f"Dimensions must be equal: the value assigned to variable {variable.op.name!r} has shape "
                f"{found.shape}. Expected {wanted}."
            )
        if found.dtype.name != variable.dtype.base_dtype.name:
            raise TypeError(
                f"Input 'value' of 'Assign' Op has type {found.dtype.name} that does not match type "
                f"{variable.dtype.base_dtype.name} of variable {variable.op.name!r}. Cast it."
            )
        return found

    return assigned


accessed: list[dict[EagerVariable, None]] = []
"""For each tape that records, the variables that were read since it began."""


class EagerVariable(EagerTensor, Variable):
    """A variable that holds its value.

    Parameters
    ----------
    initial_value : number, array, tensor, or callable
        Its first value; a callable returns it.
    trainable : bool
        Whether tapes watch it.
    name : str, optional
        What it is called.
    dtype : dtype, optional
        The type of its elements.
    shape : sequence of int, optional
        What its shape is to be.
    """

    def __init__(
        self,
        initial_value: Any = None,
        trainable: bool = True,
        collections: Any = None,
        validate_shape: bool = True,
        caching_device: Any = None,
        name: str | None = None,
        variable_def: Any = None,
        dtype: Any = None,
        expected_shape: Any = None,
        import_scope: Any = None,
        constraint: Callable[[Any], Any] | None = None,
        use_resource: bool | None = None,
        shape: Any = None,
        synchronization: Any = None,
        aggregation: Any = None,
    ) -> None:
        if isinstance(initial_value, feedforward.Variable):
            super().__init__(initial_value)
            return
        if initial_value is None:
            raise ValueError("initial_value must be specified.")
        _refuse_definitions(variable_def, import_scope)
        value = as_tensor(initial_value() if callable(initial_value) else initial_value, dtype).ours
        _check_shape(shape, value.shape)
        super().__init__(feedforward.Variable(value, trainable, name or "Variable", constraint=constraint))
        _eager_variables[id(self._ours)] = self._ours

    @property
    def ours(self) -> Any:
        """What it shows, a `feedforward.Variable`; that somebody wants to know it is noted."""
        for noted in accessed:
            noted[self] = None
        return self._ours

    @ours.setter
    def ours(self, value: Any) -> None:
        self._ours = value

    @property
    def name(self) -> str:
        """Its name, with ``:0`` behind it."""
        return f"{self._ours.name.removesuffix(':0')}:0"  # which those of Keras have already

    @property
    def trainable(self) -> bool:
        """Whether tapes watch it."""
        return bool(self._ours.trainable)

    def value(self) -> EagerTensor:
        """Return its value as a tensor that later assignments do not change."""
        return EagerTensor(self.ours.value())

    read_value = value

    def assign(self, value: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True) -> Any:
        """Give it a value and return it, or None without `read_value`."""
        self._ours.assign(_as_assigned(value))
        return self if read_value else None

    def assign_add(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Add to it and return it; see `assign`."""
        self._ours.assign_add(_as_assigned(delta))
        return self if read_value else None

    def assign_sub(
        self, delta: Any, use_locking: bool = False, name: str | None = None, read_value: bool = True
    ) -> Any:
        """Subtract from it and return it; see `assign`."""
        self._ours.assign_sub(_as_assigned(delta))
        return self if read_value else None

    def __repr__(self) -> str:
        return f"<tf.Variable {self.name!r} shape={self.shape} dtype={self.dtype.name}, numpy={self._as_text()}>"

    __str__ = __repr__

    __hash__ = object.__hash__


def _refuse_definitions(variable_def: Any, import_scope: Any) -> None:
    if variable_def is not None or import_scope is not None:
        raise ValueError("Variable: variable_def and import_scope are TensorFlow's own. Leave them out.")


def _check_shape(wanted: Any, found: Any) -> None:
    if wanted is not None and not TensorShape(wanted).is_compatible_with(found):
        raise ValueError(f"Variable: the initial value has shape {found}. Expected the shape given, {wanted}.")


def _as_assigned(value: Any) -> Any:
    if isinstance(value, EagerTensor):
        return value.ours
    return plain(value)


def as_tensor(value: Any, dtype: Any = None, name: str | None = None) -> Any:
    """Return what a program gives as a tensor: numbers and arrays become constants of the graph, or eager tensors."""
    from feedforward.compat.tensorflow.arithmetic.arrays import convert_to_tensor  # which stands on variables

    return convert_to_tensor(value, dtype=dtype, name=name)


def graph_variable(ours: feedforward.Variable, graph: Graph, trainable: bool | None = None) -> GraphVariable:
    """Return the variable of a graph that stands for one of ours: it starts from what that holds when it is made."""
    known: dict[feedforward.Variable, GraphVariable] = graph.kept.setdefault("weights", {})
    if ours not in known:
        is_trained = (ours.trainable or getattr(ours, "is_free", False)) if trainable is None else trainable
        with graph.as_default(), graph.control_dependencies(None), graph.name_scope(None):
            name = ours.name.removesuffix(":0")
            known[ours] = GraphVariable(np.array(ours.numpy()), is_trained, name=name, constraint=ours.constraint)
    return known[ours]


_symbols: weakref.WeakValueDictionary[int, Node] = weakref.WeakValueDictionary()
"""What stands for a variable where no graph of TensorFlow's is, by the variable's identity."""

_symbolised: weakref.WeakKeyDictionary[Node, feedforward.Variable] = weakref.WeakKeyDictionary()
"""The variable that such a leaf stands for, and keeps alive."""


def symbol_of(ours: feedforward.Variable) -> feedforward.Tensor:
    """Return a tensor that stands for whatever a variable will be when somebody asks: see `with_variables`."""
    leaf = _symbols.get(id(ours))
    if leaf is None:
        leaf = _symbols[id(ours)] = ops.variable(ours.leaf.shape, ours.dtype, ours.name)
        _symbolised[leaf] = ours
    return symbolic(leaf)


def stands_for_later() -> bool:
    """Return whether what is computed of variables is computed when a program asks for it, as in TensorFlow 1.

    That is so where it builds no model and runs none; in eager mode variables are read at once.
    """
    return not (is_eager() or is_tracing() or is_describing() or is_in_call())


def with_symbols(value: Any) -> Any:
    """Return arguments with symbols in place of our variables, where these are to be read later."""
    if isinstance(value, feedforward.Variable):
        return symbol_of(value) if stands_for_later() else value
    if type(value) in (list, tuple):
        return type(value)(map(with_symbols, value))
    return {key: with_symbols(each) for key, each in value.items()} if type(value) is dict else value


def symbolised(leaf: Node) -> feedforward.Variable | None:
    """Return the variable that a leaf stands for, if it does."""
    return _symbolised.get(leaf)


def with_variables(value: Any) -> Any:
    """Return a tensor computed from what its variables are here and now, in a trace too, in place of their symbols."""
    if not (isinstance(value, feedforward.Tensor) and value.is_symbolic and _symbolised):
        return value
    found = {node: _symbolised[node] for node in reachable([value.node]) if node in _symbolised}
    return with_values(value, {node: variable.node for node, variable in found.items()}) if found else value


def with_values(value: feedforward.Tensor, leaves: dict[Node, Node]) -> feedforward.Tensor:
    """Return a tensor with other nodes in place of some leaves; it has a value if none of those left lacks one."""
    (node,) = substitute(Program((), (), (value.node,)), leaves).outputs
    has_value = all(leaf.inputs or leaf.value is not None for leaf in reachable([node]))
    return of_node(node, is_symbolic=not has_value)


def graph_value(ours: feedforward.Tensor, graph: Graph) -> Any:
    """Return a tensor of ours as an argument of an operation of a graph, computed from variables of the graph.

    Raises
    ------
    TypeError
        If it is computed from an `Input` of Keras's, which the graph does not know.
    """
    if not ours.is_symbolic:
        return ours
    leaves = [node for node in reachable([ours.node]) if not node.inputs and node.value is None]
    known = {leaf: _symbolised[leaf] for leaf in leaves if leaf in _symbolised}
    if len(known) < len(leaves):
        raise TypeError(
            f"a tensor of a model of Keras, of shape {ours.shape}, is used in a graph or a session, where its Input "
            f"has no value. Call the model, or the layers, on a tf.placeholder, and use what that returns."
        )
    variables = [graph_variable(variable, graph) for variable in known.values()]

    def rule(*values: feedforward.Tensor) -> feedforward.Tensor:
        return with_values(ours, dict(zip(known, [each.node for each in values], strict=True)))

    return graph.record("Identity", rule, tuple(variables))


def shown_variable(ours: feedforward.Variable) -> EagerVariable:
    """Return what shows one of our variables, such as a weight of a layer, to a program: always the same object."""
    found = _showing.get(id(ours))
    if found is None:
        found = _showing[id(ours)] = EagerVariable(ours)
        _eager_variables[id(ours)] = ours
    return found


_showing: weakref.WeakValueDictionary[int, EagerVariable] = weakref.WeakValueDictionary()
"""What shows a variable to a program, by the variable's identity; it keeps the variable alive."""


def read_variables(value: feedforward.Tensor) -> list[feedforward.Variable]:
    """Return the trainable variables that a value was computed from, in the order in which they were made."""
    leaves = {node for node in reachable([value.node]) if node.op.name == "variable"}
    return [variable for variable in list(_eager_variables.values()) if variable.trainable and variable.leaf in leaves]


_eager_variables: weakref.WeakValueDictionary[int, feedforward.Variable] = weakref.WeakValueDictionary()
"""The variables of eager programs that are alive, by their identities: as tensors, they do not compare."""
