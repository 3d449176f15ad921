"""Tensors and variables: arrays that are computed when somebody looks.

A tensor holds a node of the graph. Looking at it (``numpy()``, ``float()``, ``print``, a comparison in an ``if``) makes
one program of it and of the assignments to variables that are pending, finds the program in a cache by its structure,
and runs it. So an ordinary Python training loop becomes one compiled step.
"""

from __future__ import annotations

import contextlib
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from functools import partial
from numbers import Number
from types import EllipsisType
from typing import Any, ParamSpec

import numpy as np
import numpy.typing as npt

from feedforward import ops
from feedforward.arrays import UFUNCS
from feedforward.errors import DtypeError, ShapeError
from feedforward.execution import frozen, function_of, is_known, values
from feedforward.forks import fork_safe_lock
from feedforward.graph.attribute import DTYPES
from feedforward.graph.dimension import Dimension, product
from feedforward.graph.node import Array, Node, Shape, as_dtype, set_value, shape_text
from feedforward.graph.operators import Operators, function
from feedforward.interrupts import held_interrupts
from feedforward.ops.state import as_array, as_node
from feedforward.recording import live_tapes, note_freezing
from feedforward.undo import on_error

__all__ = [
    "Tensor",
    "Variable",
    "assign_all",
    "store",
    "bind",
    "lift",
    "of_node",
    "symbolic",
    "is_tracing",
    "NewVariableError",
    "Trace",
    "begin_trace",
    "is_plain",
    "is_tracing_function",
    "settle",
    "stand_in",
    "eager",
    "flush",
    "evaluate",
]

P = ParamSpec("P")


class _State(threading.local):
    """What this thread is doing."""

    def __init__(self) -> None:
        self.pending: dict[Variable, None] = {}
        self.lazy: dict[int, weakref.ref[Tensor]] = {}
        self.is_eager = False


_state = _State()

assigning = fork_safe_lock()
"""Held while a variable's node changes, so that no thread undoes what another has assigned in between."""

_stand_ins: ContextVar[dict[Variable, Node] | None] = ContextVar("stand_ins", default=None)
"""What is computed with in place of a variable; None where every variable stands for itself."""


class Trace:
    """What a Python function that is being traced reads and assigns.

    Parameters
    ----------
    function : str or None
        The name of a user's function, which may make no variables; None for a step of a model.

    Attributes
    ----------
    leaves : dict of Variable to Node
        What stands for the value that a variable will have when the program runs.
    assigned : dict of Variable to Node
        The last assignment to each; it is read back.
    is_read_back : bool
        Whether one was.
    """

    def __init__(self, function: str | None) -> None:
        self.function = function
        self.leaves: dict[Variable, Node] = {}
        self.assigned: dict[Variable, Node] = {}
        self.is_read_back = False

    def node_of(self, variable: Variable) -> Node:
        """Return what a variable is read as."""
        node = self.assigned.get(variable)
        self.is_read_back |= node is not None
        return self.leaf_of(variable) if node is None else node

    def assign(self, variable: Variable, node: Node) -> None:
        """Note an assignment: in a user's function, to a tape, what is read back is a constant, as it is outside."""
        self.assigned[variable] = node if self.function is None else ops.stop_gradient(node)

    def leaf_of(self, variable: Variable) -> Node:
        """Return what stands for the value that a variable will have when the program runs."""
        leaf = self.leaves.get(variable)
        if leaf is None:
            leaf = self.leaves[variable] = ops.variable(variable.leaf.shape, variable.dtype, variable.name)
            if self.function is not None:
                function_of[leaf] = self.function
        return leaf


class NewVariableError(BaseException):
    """A variable is to be made in a function that is being traced, which has to run as it stands first.

    No `Exception`, so that no ``except`` of the function itself takes it.
    """


_traced: ContextVar[Trace | None] = ContextVar("traced", default=None)
"""The trace that is being made; None where none is."""


class Tensor(Operators["Tensor"]):
    """An array that is computed when somebody looks.

    Parameters
    ----------
    value : number, array, or nested lists of numbers and tensors
        What it holds. An array is copied.
    dtype : dtype, optional
        Default: an array's own, float32 for Python floats, int32 for ints.

    Raises
    ------
    TypeError, ShapeError, DtypeError
        If the value is no number, rows differ in length, or the dtype is not supported.
    DataError
        If one of the numbers is missing or masked.

    Examples
    --------
    >>> x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    >>> print((x @ x).sum())
    54.0
    """

    __slots__ = ("__weakref__", "_node", "is_symbolic")

    _node: Node
    is_symbolic: bool

    def __init__(self, value: Any, dtype: npt.DTypeLike | None = None) -> None:
        self.is_symbolic = False
        if type(value) is np.ndarray and dtype is None and DTYPES.get(value.dtype.name) == value.dtype:
            self._node = bind(value.copy())  # as below, in a tenth of the time: a loop makes two in each turn
        elif isinstance(value := _as_ours(value), Tensor) or _has_tensor(value):
            node = as_node(_operand(value))
            self.is_symbolic = _is_symbolic(value)
            if dtype is not None and not self.is_symbolic and not is_tracing() and _may_not_fit(node.dtype, dtype):
                node = bind(as_array(evaluate([of_node(node, is_symbolic=False)])[0], dtype))
            self._node = node if dtype is None else ops.cast(node, dtype)
        else:
            self._node = bind(np.array(as_array(value, dtype)))

    @property
    def node(self) -> Node:
        """The node that computes it."""
        return self._node

    def _call(self, name: str, *arguments: Any) -> Tensor:
        unwrap = _unwrap if name == "getitem" else _operand
        nodes = [each.node if isinstance(each, Tensor) else unwrap(each) for each in arguments]
        return of_node(function(name)(*nodes), _is_symbolic(arguments))

    @property
    def shape(self) -> tuple[int | None, ...]:
        """Its sizes; None where one is not known yet."""
        return tuple(None if isinstance(size, Dimension) else size for size in self._node.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its elements."""
        return self._node.dtype

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._node.ndim

    @property
    def size(self) -> int:
        """The number of elements.

        Raises
        ------
        TypeError
            If a size is not known yet.
        """
        size = product(self._node.shape)
        if isinstance(size, Dimension):
            raise TypeError(f"a tensor of shape {self.shape} has no size yet: it depends on an Input.")
        return size

    def numpy(self) -> Array:
        """Return the value, computed now if it was not before: a read-only array.

        Raises
        ------
        TypeError
            If it depends on an `Input`, whose value is known only when a model runs.
        """
        return frozen(evaluate([self])[0])

    def item(self) -> Any:
        """Return the only element as a Python number.

        Raises
        ------
        ValueError
            If there is not exactly one element.
        """
        value = self.numpy()
        if value.size != 1:
            raise ValueError(f"a tensor of shape {self.shape} is not one number. Reduce it or take an element first.")
        return value.item()

    def tolist(self) -> Any:
        """Return the value as nested lists of Python numbers."""
        return self.numpy().tolist()

    def __array__(self, dtype: npt.DTypeLike | None = None, copy: bool | None = None) -> Array:
        return np.array(self.numpy(), dtype=dtype, copy=True) if copy else np.asarray(self.numpy(), dtype=dtype)

    def __array_ufunc__(self, ufunc: np.ufunc, how: str, *inputs: Any, **options: Any) -> Any:
        """Let ``ndarray - tensor`` and ``np.exp(tensor)`` be tensors; every other function gets arrays."""
        ours = UFUNCS.get(ufunc.__name__)
        if ours is not None and how == "__call__" and not options:
            return lift(getattr(ops, ours))(*inputs)
        if any(isinstance(x, Tensor) for x in options.get("out", ())):
            raise TypeError(f"{ufunc.__name__}: out is a tensor, which nothing changes. Assign to a Variable.")
        return getattr(ufunc, how)(*(np.asarray(x) if isinstance(x, Tensor) else x for x in inputs), **options)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        """Let NumPy's other functions work on the value."""
        return func(*_as_arrays(args), **{key: _as_arrays(value) for key, value in kwargs.items()})

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu" or self.ndim:
            raise TypeError(f"a tensor of shape {self.shape} and dtype {self.dtype.name} is no index. Use one integer.")
        return int(self.item())

    def __bool__(self) -> bool:
        if self.ndim and self._node.shape != (1,) * self.ndim:
            raise ValueError(
                f"a tensor of shape {self.shape} is neither true nor false. Reduce it first, as in (x > 0).all()."
            )
        return bool(self.item())

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("a tensor of no dimensions has no length. Use float() for its value.")
        if self.shape[0] is None:
            raise TypeError(f"a tensor of shape {self.shape} has no length yet: it depends on an Input.")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        count = len(self)
        if self.is_symbolic or is_tracing() or live_tapes():
            return (self[place] for place in range(count))
        rows = self.numpy()  # looked at once: programs of rows have the same structure, whichever rows they are
        return (of_node(bind(rows[place, ...]), is_symbolic=False) for place in range(count))

    def __getitem__(self, index: Any) -> Tensor:
        """Return ``x[index]``; what holds data and is not differentiated is indexed at once, without a program."""
        node, items = self.node, index if isinstance(index, tuple) else (index,)
        is_basic = all(item is None or type(item) in (int, slice, EllipsisType) for item in items)
        if is_basic and node.value is not None and not is_tracing() and not self._is_taped(node):
            with contextlib.suppress(IndexError, TypeError, ValueError):  # the operation's own error names the line
                return of_node(bind(np.asarray(node.value[index])), is_symbolic=False)
        return self._call("getitem", self, index)

    def _is_taped(self, node: Node) -> bool:
        return any(tape.needs(node) for tape in live_tapes())

    def __eq__(self, other: object) -> Any:
        return self._call("equal", self, other) if _is_comparable(other) else NotImplemented

    def __ne__(self, other: object) -> Any:
        return self._call("not_equal", self, other) if _is_comparable(other) else NotImplemented

    __hash__ = object.__hash__  # which defining `__eq__` takes away

    def __format__(self, spec: str) -> str:
        if spec and not self.ndim:
            return format(self.item(), spec)
        try:
            return format(str(self), spec)
        except ValueError:
            raise TypeError(
                f"format spec {spec!r} needs one number, the tensor has shape {self.shape}. "
                f"Reduce it or take an element first; or use np.array2string(x, precision=2)."
            ) from None

    def __round__(self, digits: int | None = None) -> Any:
        return round(self.item(), digits)

    def __reduce__(self) -> tuple[Any, ...]:
        """Let copies and pickles hold the value."""
        return Tensor, (np.array(self.numpy()),)

    def __str__(self) -> str:
        return repr(self) if self._has_no_value() else str(self.numpy())

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        from feedforward.notebook import array_html, text_html  # only a notebook asks

        title = f"{type(self).__name__} {self.shape} {self.dtype.name}"
        return text_html(repr(self)) if self._has_no_value() else array_html(title, self.numpy())

    def _has_no_value(self) -> bool:
        """Return whether its value is known only when a program runs."""
        return self.is_symbolic or (is_tracing() and not is_known(self.node))

    def __repr__(self) -> str:
        head = f"<{type(self).__name__} shape={self.shape} dtype={self.dtype.name}"
        if self._has_no_value():
            name = f" {self.node.attrs.get('name', self.node.op.name)}" if is_tracing() else ""
            return f"{head.replace(' ', f'{name} ', 1)} without a value>"
        text = np.array2string(self.numpy(), separator=", ", threshold=100)
        return f"{head}{chr(10) if chr(10) in text else ' '}{text}>"


class Variable(Tensor):
    """A tensor whose value can be changed: a weight.

    Parameters
    ----------
    initial_value : number, array, nested lists, or tensor
        Its first value.
    trainable : bool
        Whether tapes watch it and optimizers change it.
    name : str
        What messages and files call it.
    dtype : dtype, optional
        As for `Tensor`.
    constraint : callable, optional
        What optimizers apply to each new value, such as one of `feedforward.constraints`.

    Notes
    -----
    An assignment is carried out when somebody looks, or when the variable is used again.

    Examples
    --------
    >>> w = Variable(3.0)
    >>> print(w.assign_sub(0.5))
    2.5
    """

    __slots__ = ("_constraint", "_is_trainable", "_value", "leaf", "name")

    def __init__(
        self,
        initial_value: Any,
        trainable: bool = True,
        name: str = "variable",
        dtype: npt.DTypeLike | None = None,
        constraint: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        if is_tracing_function():
            raise NewVariableError(name)
        if constraint is not None and not callable(constraint):
            raise TypeError(f"Variable(constraint={constraint!r}): give one of feedforward.constraints, or a function.")
        is_given = dtype is None and isinstance(initial_value, Tensor)
        value = initial_value if is_given else Tensor(initial_value, dtype)
        self.is_symbolic = False
        self._is_trainable, self._constraint, self.name = trainable, constraint, name
        self.leaf = ops.variable(value._node.shape, value.dtype, name)
        self._set(value.numpy())

    @property
    def constraint(self) -> Callable[[Tensor], Tensor] | None:
        """What optimizers apply to each new value."""
        return self._constraint

    @property
    def node(self) -> Node:
        """The node to compute with; an assignment that is pending, in whatever thread, is carried out first."""
        stand_ins = _stand_ins.get()
        if stand_ins is not None and self in stand_ins:
            return stand_ins[self]
        traced = _traced.get()
        if traced is not None:
            return traced.node_of(self)
        while (node := self._node) is not self.leaf:  # again, where another thread assigns in between
            _state.pending[self] = None
            flush()
        return node

    @property
    def trainable(self) -> bool:
        """Whether tapes watch it and optimizers change it."""
        return self._is_trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        if value != self._is_trainable:
            note_freezing()
        self._is_trainable = value

    def numpy(self) -> Array:
        """Return the present value: a read-only array."""
        is_at_hand = self._node is self.leaf and not is_tracing() and _stand_ins.get() is None
        return self._value if is_at_hand else super().numpy()

    def _is_taped(self, node: Node) -> bool:
        return bool(live_tapes())

    def value(self) -> Tensor:
        """Return the present value as a tensor, which later assignments do not change."""
        return of_node(self.node, is_symbolic=False)

    def assign(self, value: Any) -> Variable:
        """Give it a new value and return it.

        Parameters
        ----------
        value : number, array or tensor
            The new value, of the variable's shape, or one number for all of its elements.

        Raises
        ------
        ShapeError, DtypeError
            If shape or dtype do not fit.
        TypeError
            If the value depends on an `Input`, whose value is known only when a model runs.
        """
        if _is_symbolic(value) and not is_tracing():
            raise TypeError(
                f"assign: the value for variable {self.name!r} depends on an Input. Assign in a layer's or a loss's "
                f"code, where a model runs."
            )
        self._assign(value)
        return self

    def _assign(self, value: Any, expected: Node | None = None) -> bool:
        """Assign, unless another thread has done so since the variable was read as the node `expected`."""
        before = self.node if expected is None else expected
        node = as_node(_operand(value), like=before)
        if node.dtype != self.dtype:
            raise DtypeError(
                f"assign: variable {self.name!r} is {self.dtype.name}, the value {node.dtype.name}. "
                f"Cast the value first."
            )
        if node.shape != before.shape:
            if node.shape != () and not any(isinstance(size, Dimension) for size in node.shape):
                raise ShapeError(
                    f"assign: variable {self.name!r} has shape {shape_text(before.shape)}, the value "
                    f"{shape_text(node.shape)}. Give a value of the variable's shape."
                )
            node = node.broadcast_to(before.shape)
        if (traced := _traced.get()) is not None:
            self._remember(before)
            traced.assign(self, node)
            return True
        with assigning:
            if expected is not None and self._node is not expected:
                return False
            self._node = node
            self._remember(before)  # now: whichever thread's tape has read it, it is open by now
        _state.pending[self] = None
        if _state.is_eager:
            flush()
        return True

    def _remember(self, before: Node) -> None:
        for tape in live_tapes():
            tape.remember(self, before)

    def assign_add(self, delta: Any) -> Variable:
        """Add `delta` and return the variable; see `assign`. What several threads add is all added."""
        while not self._assign(of_node(before := self.node, is_symbolic=False) + delta, before):
            pass
        return self

    def assign_sub(self, delta: Any) -> Variable:
        """Subtract `delta` and return the variable; see `assign_add`."""
        while not self._assign(of_node(before := self.node, is_symbolic=False) - delta, before):
            pass
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Let copies and pickles hold the present value."""
        return Variable, (np.array(self.numpy()), self.trainable, self.name, None, self._constraint)

    def _set(self, value: Array) -> None:
        """Make `value` the present one, under a new leaf: tensors built on the old leaf keep the old value."""
        old = self.leaf
        self.leaf = Node(old.op, old.inputs, old.attrs, old.shape, old.dtype, old.scope, old.line, old.form)
        set_value(self.leaf, value)
        self._value = frozen(value)  # what everybody is given
        self._node = self.leaf

    def _forget(self, node: Node) -> None:
        """Point the variable back at its present value, unless another thread assigned since."""
        with assigning:
            if self._node is node:
                self._node = self.leaf


def assign_all(variables: Sequence[Variable], nodes: Sequence[Node]) -> None:
    """Assign nodes of the right shapes and dtypes to variables: to all, whenever Ctrl-C comes."""
    with held_interrupts(), assigning:
        for variable, node in zip(variables, nodes, strict=True):
            before, variable._node = variable._node, node
            variable._remember(before)
            _state.pending[variable] = None


def store(variables: Sequence[Variable], values: Sequence[Array], expected: Sequence[Array] | None = None) -> bool:
    """Make `values`, which are not copied, the present values of `variables`: of all, whenever Ctrl-C comes.

    Inside an `all_or_nothing` an exception brings the values of before back.

    Parameters
    ----------
    variables, values : sequences
        As many of each.
    expected : sequence of arrays, optional
        What the variables were read as: where another thread has assigned to one of them since, nothing is stored.

    Returns
    -------
    bool
        Whether the values were stored.
    """
    on_error(partial(_go_back, [(variable, variable.leaf, variable._node, variable._value) for variable in variables]))
    with held_interrupts(), assigning:
        if expected is not None:
            for variable, value in zip(variables, expected, strict=True):
                if variable._node is not variable.leaf or variable._value is not value:
                    return False
        for variable, value in zip(variables, values, strict=True):
            _state.pending.pop(variable, None)
            if variable._node is not variable.leaf or variable._value is not value:
                variable._set(value)
    return True


def _go_back(before: list[tuple[Variable, Node, Node, Array]]) -> None:
    """Let variables hold former values under their own leaves, and what was to be assigned then."""
    for variable, leaf, node, value in before:
        variable.leaf, variable._node, variable._value = leaf, node, value
        if node is not leaf:
            _state.pending[variable] = None


def bind(value: Array) -> Node:
    """Return a leaf that holds `value`, which is not copied."""
    like = _leaves.get((value.shape, value.dtype))
    if like is None:
        if len(_leaves) >= _MOST_LEAVES:
            _leaves.clear()
        like = _leaves[value.shape, value.dtype] = ops.placeholder(value.shape, value.dtype, "tensor")
    leaf = Node(like.op, (), like.attrs, like.shape, like.dtype, form=like.form)
    set_value(leaf, value)
    return leaf


_leaves: dict[tuple[Shape, np.dtype[Any]], Node] = {}
"""Leaves without a value, by shape and dtype: a turn of a loop makes many with one."""

_MOST_LEAVES = 4096


def lift(function: Callable[P, Node], has_sequences: bool = False) -> Callable[P, Tensor]:
    """Return a function on tensors that does what `function` does on nodes.

    Parameters
    ----------
    function : callable
        Takes nodes, or what can be made constants, and returns a node.
    has_sequences : bool
        Whether it takes lists of nodes, as `concatenate` does. Otherwise a list of tensors is one array.
    """
    unwrap: Callable[[Any], Any] = _unwrap if has_sequences else _operand

    def lifted(*args: P.args, **kwargs: P.kwargs) -> Tensor:
        nodes: list[Any] = [each.node if isinstance(each, Tensor) else unwrap(each) for each in args]
        named: dict[str, Any] = {key: unwrap(value) for key, value in kwargs.items()}
        return of_node(function(*nodes, **named), _is_symbolic((*args, *kwargs.values())))

    for name in ("__name__", "__qualname__", "__doc__"):
        setattr(lifted, name, getattr(function, name))
    lifted.__wrapped__ = function  # type: ignore[attr-defined]
    return lifted


def of_node(node: Node, is_symbolic: bool) -> Tensor:
    """Return a tensor for a node; a symbolic one has a value only when a program runs."""
    tensor = Tensor.__new__(Tensor)
    tensor._node = node
    tensor.is_symbolic = is_symbolic
    if node.inputs and not is_symbolic and not is_tracing() and not any(isinstance(n, Dimension) for n in node.shape):
        key, lazy = id(tensor), _state.lazy
        lazy[key] = weakref.ref(tensor, lambda _: lazy.pop(key, None))
        if _state.is_eager:
            evaluate([tensor])
    return tensor


def symbolic(node: Node) -> Tensor:
    """Return a tensor for a node whose value is known only when a program runs."""
    return of_node(node, is_symbolic=True)


def is_tracing() -> bool:
    """Return whether a function is being traced in this thread."""
    return _traced.get() is not None


def begin_trace(function: str | None) -> Trace:
    """Let what is read and assigned from here to the end of the present `contextvars` context be noted, and return it.

    Variables have no value there, and assignments are not carried out.
    """
    flush()
    traced = Trace(function)
    _traced.set(traced)
    return traced


def is_tracing_function() -> bool:
    """Return whether what is being traced in this thread is a user's function, not the step of a model."""
    traced = _traced.get()
    return traced is not None and traced.function is not None


def is_plain() -> bool:
    """Return whether tensors and variables are what they seem here: nothing is traced, stands in, or is `eager`."""
    return _traced.get() is None and _stand_ins.get() is None and not _state.is_eager


def stand_in(values: Mapping[Variable, Tensor]) -> None:
    """Let tensors be read in place of variables from here to the end of the present `contextvars` context.

    Raises
    ------
    ShapeError, DtypeError
        If a tensor has another shape or dtype than its variable.
    TypeError
        If a tensor depends on an `Input`.
    """
    for variable, value in values.items():
        if value.is_symbolic and not is_tracing():
            raise TypeError(
                f"the tensor in place of {variable.name!r} depends on an Input. Compute it in a layer, or from data."
            )
        if value.node.shape != variable.leaf.shape:
            raise ShapeError(
                f"the tensor in place of {variable.name!r} has shape {shape_text(value.node.shape)}. Expected the "
                f"variable's, {shape_text(variable.leaf.shape)}."
            )
        if value.dtype != variable.dtype:
            raise DtypeError(
                f"the tensor in place of {variable.name!r} is {value.dtype.name}. Expected {variable.dtype.name}: "
                f"cast it."
            )
    _stand_ins.set({**(_stand_ins.get() or {}), **{variable: value.node for variable, value in values.items()}})


@contextlib.contextmanager
def eager() -> Iterator[None]:
    """Compute every operation as soon as it is called, with the interpreter: for stepping in a debugger."""
    before = _state.is_eager
    try:
        _state.is_eager = True
        yield
    finally:
        _state.is_eager = before


def flush() -> None:
    """Carry out the assignments of this thread that are pending."""
    evaluate([])


def evaluate(tensors: Sequence[Tensor]) -> list[Array]:
    """Return the values of tensors, computed together with the assignments that are pending.

    When there are assignments, whatever else is held somewhere and not computed yet is computed with them: a loss that
    is only added up, step after step, then keeps no graph and no old weights.

    Raises
    ------
    TypeError
        If one depends on an `Input`.
    """
    if _state.pending and not is_tracing():
        asked = {id(tensor) for tensor in tensors}
        return _evaluate_all([*tensors, *(tensor for tensor in _take_held() if id(tensor) not in asked)])[
            : len(tensors)
        ]
    return _evaluate_all(tensors)


def settle() -> None:
    """Compute what is held somewhere and not computed yet, as every assignment does: see `evaluate`."""
    if _state.lazy:
        _evaluate_all(_take_held())


def _take_held() -> list[Tensor]:
    """Return the tensors of this thread that are not computed yet, which it then knows nothing of."""
    held = [tensor for reference in list(_state.lazy.values()) if (tensor := reference()) is not None]
    _state.lazy.clear()
    return held


def _evaluate_all(tensors: Sequence[Tensor]) -> list[Array]:
    """Return the values of tensors, computed together with the assignments that are pending."""
    nodes = [tensor.node for tensor in tensors]
    pending = list(_state.pending)
    assigned = [(variable, node) for variable in pending if (node := variable._node) is not variable.leaf]
    missing = [node for node in dict.fromkeys(nodes) if node.value is None]
    if missing or pending:
        ends = [*missing, *(node for _, node in assigned)]
        try:
            found = values(ends, _state.is_eager)
        except Exception:  # after Ctrl-C they can be carried out yet, after an error never
            for variable, node in assigned:
                variable._forget(node)
            for variable in pending:
                _state.pending.pop(variable, None)
            raise
        with held_interrupts(), assigning:  # all assignments are carried out or none
            for node, value in zip(missing, found, strict=False):
                set_value(node, value)
            for (variable, node), value in zip(assigned, found[len(missing) :], strict=True):
                if variable._node is node:  # no other thread carried it out, or assigned since
                    variable._set(value)
            for variable in pending:
                _state.pending.pop(variable, None)
    results: list[Any] = [node.value for node in nodes]
    tapes = live_tapes()
    for tensor, result in zip(tensors, results, strict=True):
        if isinstance(tensor, Variable):
            continue  # what another thread has assigned to it in between stays
        node = tensor._node
        if node.inputs and not (tapes and any([tape.needs(node) for tape in tapes])):
            tensor._node = bind(result)
    return results


def _as_ours(value: Any) -> Any:
    """Return the tensor that another front end's object stands for, which ``__feedforward_tensor__`` gives, or `value`.

    Such an object has ``__array__`` as well, by which it would be a constant through which no gradient flows.
    """
    stands_for = getattr(type(value), "__feedforward_tensor__", None)
    return value if stands_for is None else stands_for(value)


def _unwrap(value: Any) -> Any:
    """Return `value` with nodes in place of tensors and copies of arrays, inside lists and tuples too.

    A node is computed later, when its caller may have changed the array.
    """
    value = _as_ours(value)
    if isinstance(value, Tensor):
        return value.node
    if type(value) in (list, tuple):
        return type(value)(map(_unwrap, value))
    # Masked numbers stay masked, so that they are refused.
    is_array = hasattr(type(value), "__array__") and not isinstance(value, np.generic)
    return np.array(value, subok=True) if is_array else value


def _operand(value: Any) -> Any:
    """Return what `_unwrap` does, but one node for a list or tuple with tensors in it: its rows, stacked."""
    if not _has_tensor(value):
        return value if isinstance(value, list | tuple) else _unwrap(value)
    first = next(_tensors(value))
    return ops.stack([as_node(_operand(part), like=first.node) for part in value])


def _tensors(value: Any) -> Iterator[Tensor]:
    value = _as_ours(value)
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, list | tuple):
        for part in value:
            yield from _tensors(part)


def _has_tensor(value: Any) -> bool:
    return isinstance(value, list | tuple) and any(
        isinstance(part, Tensor) or isinstance(_as_ours(part), Tensor) or _has_tensor(part) for part in value
    )


def _may_not_fit(dtype: np.dtype[Any], wanted: npt.DTypeLike) -> bool:
    """Return whether a conversion may meet a number that an integer dtype cannot hold."""
    goal = as_dtype(wanted)
    return goal.kind in "iu" and not np.can_cast(dtype, goal)


def _is_comparable(value: Any) -> bool:
    """Return whether a value is one of numbers; a tensor is unequal to everything else, such as None or text."""
    return isinstance(value, Tensor | Number | list | tuple) or hasattr(type(value), "__array__")


def _is_symbolic(value: Any) -> bool:
    if isinstance(value, Tensor):
        return value.is_symbolic
    if isinstance(value, list | tuple):  # as a loop, since it is asked of every operation
        for part in value:
            if _is_symbolic(part):
                return True
        return False
    ours = _as_ours(value)
    return ours is not value and _is_symbolic(ours)


def _as_arrays(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.numpy()
    if isinstance(value, list | tuple):
        parts = [_as_arrays(part) for part in value]
        return parts if isinstance(value, list) else tuple(parts)
    return value
