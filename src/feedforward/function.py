"""``function``: a Python function on tensors becomes one compiled program, found again in each further call.

Here are what a function is called with, as the key of a program; the programs; and what a call does with one. How a
function becomes a program stands in ``tracing.py``.
"""

from __future__ import annotations

import copy
import inspect
import sys
import weakref
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import fields, is_dataclass
from functools import partial, update_wrapper
from typing import Any, Generic, NamedTuple, ParamSpec, TypeVar

import numpy as np

from feedforward import ops, random
from feedforward.backends.chain import Runnable
from feedforward.errors import FunctionWarning, warn
from feedforward.execution import backend
from feedforward.forks import Locked
from feedforward.general import compiled
from feedforward.graph.call import call
from feedforward.graph.node import Array, shape_text
from feedforward.graph.text import to_text
from feedforward.interrupts import held_interrupts
from feedforward.lookup import did_you_mean
from feedforward.nn.layer import is_in_call
from feedforward.ops.indexing import check_places
from feedforward.ops.state import as_array
from feedforward.recording import freezings, live_tapes
from feedforward.tensor import (
    NewVariableError,
    Tensor,
    Variable,
    bind,
    evaluate,
    is_plain,
    is_tracing,
    of_node,
    settle,
    store,
    symbolic,
)
from feedforward.tracing import TracedFunction, trace_function
from feedforward.training.explain import STAGES, compiled_text
from feedforward.undo import all_or_nothing

__all__ = ["Function", "function"]

P = ParamSpec("P")
R = TypeVar("R")

_MOST_PROGRAMS = 128
"""How many programs a function keeps, the ones made last."""

_MANY_NUMBERS = 5
"""The number of a function's programs, each for another value of one argument, of which it warns."""

_PLAIN = (type(None), bool, int, str, bytes, complex)
"""Types of which a value is a part of a program; a float, too, by its digits, since 0.0 equals -0.0."""


def function(function: Callable[P, R]) -> Function[P, R]:
    """Return a function that does what a Python function on tensors does, as one compiled program.

    The first call with tensors of some shapes and dtypes runs the Python code once, to see which operations it is made
    of: it is *traced*. Each further call with such tensors runs the program alone.

    Parameters
    ----------
    function : callable
        Takes and returns tensors, alone or in lists, tuples, dicts and frozen dataclasses; may read and assign
        variables, draw random numbers, take gradients, call layers and optimizers.

    Returns
    -------
    Function
        Which is called as the Python function is; also as a decorator, and of methods.

    Notes
    -----
    What becomes of its arguments:

    - Tensors and NumPy arrays are fed to the program. Another shape or dtype makes another program.
    - Numbers, text and None are constants of the program, so that they may decide an ``if``, or how often a loop goes
      round. Another value makes another program, and a `FunctionWarning` tells of a number that often changes.
    - Any other object, such as a model or a `Variable`, is known by its identity, and not kept alive.

    While the function is traced, tensors and variables have no value: printing one shows its shape and dtype, and an
    ``if`` on one is an error; `where` chooses between tensors. All else in Python happens then, and only then: a
    ``print``, a counter, a list that grows, what it reads of global names. Assignments to variables are carried out
    by each call, random draws are new in each. To see all of it in each call, use `eager`.

    A change of ``trainable``, of whatever variable or layer, has programs made anew by their next calls.

    Variables may be made in the first call: the Python code then runs as it stands that once. A function that is called
    by another one, in a layer or by a model, is a part of that. A `GradientTape` sees through a call as if there were
    none: gradients have the same bits.

    As in TensorFlow, of which there are no `input_signature`, `reduce_retracing` and `autograph`.

    Examples
    --------
    >>> import feedforward as ff
    >>> w = ff.Variable(1.0)
    >>> @ff.function
    ... def step(x):
    ...     print("traced with", x)
    ...     return w.assign_add(x * 2.0) * 10.0
    >>> float(step(ff.Tensor(3.0)))
    traced with <Tensor x shape=() dtype=float32 without a value>
    70.0
    >>> float(step(ff.Tensor(4.0)))
    150.0
    """
    return Function(function)


class Function(Locked, Generic[P, R]):
    """A Python function and the programs that it became; see `function`.

    Parameters
    ----------
    python_function : callable
        The function as it was written.
    """

    def __init__(self, python_function: Callable[P, R]) -> None:
        if not callable(python_function):
            raise TypeError(f"function: {python_function!r} cannot be called. Give a Python function on tensors.")
        if inspect.isgeneratorfunction(python_function) or inspect.iscoroutinefunction(python_function):
            raise TypeError(
                f"function: {python_function.__name__!r} yields or awaits, which a program cannot. Expected a function "
                f"that returns tensors."
            )
        super().__init__()
        self.python_function = python_function
        self.__name__ = self.__qualname__ = type(python_function).__name__  # where it has none of its own
        update_wrapper(self, python_function, updated=())
        try:
            self._signature = inspect.signature(python_function)
        except ValueError:
            raise TypeError(
                f"function: {python_function!r} does not tell its arguments. Expected a Python function: wrap it, "
                f"as in `lambda x: f(x)`."
            ) from None
        self._programs: dict[Hashable, _Compiled | None] = {}
        self._values: dict[str, list[Any]] = {}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return what the function returns for these arguments."""
        asked = self._read(args, kwargs)
        if asked.is_symbolic or not is_plain() or is_in_call() or random.has_own_key():
            return self._run_as_it_stands(asked)  # it is a part of something larger
        found = self._find(asked)
        if found is None:  # it makes variables
            result = self._run_as_it_stands(asked)
            self._programs.setdefault(asked.key, None)
            return result
        if not live_tapes():
            return found.run(asked.leaves)  # type: ignore[no-any-return]
        # To a tape, a variable that is assigned to in between is two sources, of which a call would hide one.
        return self._run_as_it_stands(asked) if found.is_read_back else found.record(asked.leaves)

    def __get__(self, instance: Any, owner: type | None = None) -> Any:
        """Return the function of an object whose class it was defined in."""
        return self if instance is None else _Method(self, instance)

    def __repr__(self) -> str:
        return f"<Function {self.__qualname__}, programs: {len(self.programs)}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Function[P, R]:
        """Return a function of a copy of what it is a method of."""
        copied = copy.deepcopy(self.python_function, memo)
        return self if copied is self.python_function else Function(copied)

    def __reduce__(self) -> str | tuple[Any, ...]:
        """Let pickles hold the name where it leads here, else what it is a function of."""
        found: Any = sys.modules.get(self.__module__)
        for name in self.__qualname__.split("."):
            found = getattr(found, name, None)
        return self.__qualname__ if found is self else (Function, (self.python_function,))

    @property
    def programs(self) -> list[str]:
        """What the programs were made for, a line each, the last one last."""
        return [found.signature for found in list(self._programs.values()) if found is not None]

    def explain(self, stage: str = "loops", *args: Any, **kwargs: Any) -> str:
        """Return one stage of the program for some arguments as text; nothing is computed.

        Parameters
        ----------
        stage : {"graph", "kernels", "loops", "llvm", "asm"}
            How far on the way from the operations to machine code.
        *args, **kwargs
            What the function takes.

        Raises
        ------
        ValueError
            If there is no such stage, or the function is to make variables first.
        """
        stages = [name for name in STAGES if name != "gradient"]
        if stage not in stages:
            raise ValueError(f"explain: stage {stage!r} is not known. {did_you_mean(str(stage), stages)}")
        found = self._find(self._read(args, kwargs))
        if found is None:
            raise ValueError(f"explain: {self.__name__!r} makes variables in its first call. Call it once before.")
        return to_text(found.program) if stage == "graph" else compiled_text(found.program, stage)

    def _read(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> _Arguments:
        """Return what the function is called with, the same however arguments are given."""
        if kwargs or len(args) < len(self._signature.parameters):
            bound = self._signature.bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        leaves: list[Any] = []
        try:
            key = tuple([_key_of(part, leaves) for part in args])
            if kwargs:
                key = (*key, *[(name, _key_of(part, leaves)) for name, part in kwargs.items()])
        except RecursionError:
            if is_tracing():  # of a function that calls itself without an end, the last call may come to this
                raise
            raise ValueError(
                f"function {self.__name__!r}: an argument is nested too deeply, or holds itself. Expected tensors and "
                f"plain values, alone or in lists, tuples, dicts and frozen dataclasses of some levels."
            ) from None
        return _Arguments(args, kwargs, key, leaves)

    def _run_as_it_stands(self, asked: _Arguments) -> R:
        tensors = iter([leaf if isinstance(leaf, Tensor) else Tensor(leaf) for leaf in asked.leaves])
        return self.python_function(*_filled(asked.args, tensors), **_filled(asked.kwargs, tensors))

    def _find(self, asked: _Arguments) -> _Compiled | None:
        """Return the program for some arguments; None where the function has to run as it stands first."""
        found = self._programs.get(asked.key)
        if found is not None and found.is_whole():
            return found
        with self._lock:
            found = self._programs.get(asked.key)
            if found is not None and found.is_whole():  # another thread made it meanwhile
                return found
            try:
                found = self._make(asked)
            except NewVariableError as new:
                if asked.key in self._programs:
                    raise ValueError(
                        f"function {self.__name__!r} makes the variable {str(new)!r} in each call, and it is gone at "
                        f"the end. Expected one that is made once: outside, or if it is not there yet, as in "
                        f"`if self.w is None: self.w = Variable(...)`."
                    ) from None
                return None
            self._programs.pop(asked.key, None)
            self._programs[asked.key] = found
            for part in _flat(asked.key):
                if isinstance(part, _Identity):  # what nobody has any more is never asked for again
                    forget = partial(self._programs.pop, asked.key)
                    found.guards.append(weakref.ref(part(), forget))
            while len(self._programs) > _MOST_PROGRAMS:
                del self._programs[next(iter(self._programs))]
            return found

    @all_or_nothing
    def _make(self, asked: _Arguments) -> _Compiled:
        """Return a new program for some arguments."""
        names = self._names(asked)
        inputs = [
            symbolic(ops.placeholder(leaf.shape, leaf.dtype, names[place][0]))
            for place, leaf in enumerate(asked.leaves)
        ]
        tensors = iter(inputs)
        args, kwargs = _filled(asked.args, tensors), _filled(asked.kwargs, tensors)
        traced = trace_function(
            lambda *_: _results(self.__name__, self.python_function(*args, **kwargs)),
            self.__name__,
            inputs,
            lambda result: result[1],
        )
        texts = [f"{name}: {text}" for name, text in names]
        return _Compiled(traced, f"{self.__name__}({', '.join(texts)})")

    def _names(self, asked: _Arguments) -> list[tuple[str, str]]:
        """Return name and text of each tensor among the arguments, then of all else; warn of what often changes."""
        given = self._signature.bind(*asked.args, **asked.kwargs).arguments
        tensors, others = [], []
        for name, value in _named("", given):
            if _is_array(value):
                tensors.append((name, f"{value.dtype.name} {shape_text(value.shape)}"))
                continue
            is_shown = isinstance(value, (*_PLAIN, float))
            others.append((name, repr(value) if is_shown else type(value).__name__))
            if type(value) in (int, float):
                self._note(name, value)
        return tensors + others

    def _note(self, name: str, value: float) -> None:
        """Warn of an argument, a Python number, for which there is one program after another."""
        seen = self._values.setdefault(name, [])
        if value not in seen and len(seen) < _MANY_NUMBERS:
            seen.append(value)
            if len(seen) == _MANY_NUMBERS:
                warn(
                    f"function {self.__name__!r} made a program for each of {name} = {', '.join(map(repr, seen))}: a "
                    f"Python number is a constant of the program. Give a number that often changes as a tensor, "
                    f"ff.Tensor({name}).",
                    FunctionWarning,
                )


class _Method(Generic[P, R]):
    """A `Function` with the object whose method it is."""

    def __init__(self, function: Function[Any, R], instance: Any) -> None:
        self.__func__ = function
        self.__self__ = instance
        self.__wrapped__ = function.python_function.__get__(instance)
        self.__name__, self.__doc__ = function.__name__, function.__doc__

    def __call__(self, *args: Any, **kwargs: Any) -> R:
        """Return what the method returns for these arguments."""
        return self.__func__(self.__self__, *args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return getattr, (self.__self__, self.__name__)

    @property
    def programs(self) -> list[str]:
        """See `Function.programs`; those of all objects of the class."""
        return self.__func__.programs

    def explain(self, stage: str = "loops", *args: Any, **kwargs: Any) -> str:
        """See `Function.explain`."""
        return self.__func__.explain(stage, self.__self__, *args, **kwargs)


class _Arguments(NamedTuple):
    """What a function is called with: as it was given, as the key of a program, and the tensors and arrays in it."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    key: Hashable
    leaves: list[Any]

    @property
    def is_symbolic(self) -> bool:
        """Whether a tensor among them depends on an `Input`."""
        return any([type(leaf) is Tensor and leaf.is_symbolic for leaf in self.leaves])


class _Identity(weakref.ref[Any]):
    """An object as a part of a key: equal to another of the same object, which it does not keep alive."""

    __slots__ = ("_number",)

    def __init__(self, thing: Any) -> None:
        super().__init__(thing)  # type: ignore[call-arg]  # as far as mypy knows
        self._number = id(thing)

    def __eq__(self, other: object) -> bool:
        if self is other:
            return True
        return isinstance(other, _Identity) and self() is not None and self() is other()

    def __hash__(self) -> int:
        return self._number


class _Place(NamedTuple):
    """Where a tensor of the result stands among the outputs of the program."""

    number: int


class _Compiled:
    """A program that a function became, and how it is called.

    Parameters
    ----------
    traced : TracedFunction
        The function as a program; its result says with `_Place` where outputs belong.
    signature : str
        What it was made for.
    """

    def __init__(self, traced: TracedFunction, signature: str) -> None:
        self.program = traced.program
        self.signature = signature
        self.guards: list[weakref.ref[Any]] = []
        self._variables = [weakref.ref(variable) for variable in traced.variables]
        self._captured = traced.captured
        self._captured_values = evaluate(traced.captured)
        self._draws = traced.draws
        self.is_read_back = traced.is_read_back
        self._checked = traced.checked
        self._result, outputs = traced.result
        self._count = len(outputs)
        returned = [part for _, part in _named("", self._result) if isinstance(part, weakref.ref)]
        self._needed = [*self._variables, *returned]
        self._freezings = freezings()
        self._executable: tuple[type, Runnable] | None = None

    def is_whole(self) -> bool:
        """Return whether all variables are there, also those only returned, and what may be trained is as it was."""
        return self._freezings == freezings() and all([reference() is not None for reference in self._needed])

    def _present(self) -> list[Variable]:
        return [variable for reference in self._variables if (variable := reference()) is not None]

    def run(self, leaves: Sequence[Any]) -> Any:
        """Return the result, computed now; assignments are carried out."""
        tensors = self._outputs(leaves)
        if self.program.updates:
            settle()  # else a loss that is added up, call after call, would grow a graph
        return _replaced(self._result, tensors)

    @all_or_nothing
    def _outputs(self, leaves: Sequence[Any]) -> list[Tensor]:
        late = [leaf for leaf in leaves if isinstance(leaf, Tensor)]
        known = iter(evaluate(late) if late else ())
        fed = [next(known) if isinstance(leaf, Tensor) else leaf for leaf in leaves]
        fed += self._captured_values
        if self._draws:
            key = random.take_keys(self._draws)
            fed += [np.asarray(key.seed, np.int64), np.asarray(key.step, np.int64)]
        variables = self._present()
        run = self._compile().run
        while True:
            before = [variable.numpy() for variable in variables]
            outputs, after = run(fed, before)
            self._check(outputs)
            # Where another thread has assigned meanwhile, what was computed is not true any more.
            if not self.program.updates or store(variables, after, before):
                break
        return [of_node(bind(value), is_symbolic=False) for value in outputs[: self._count]]

    def record(self, leaves: Sequence[Any]) -> Any:
        """Return the result, computed when somebody looks: for a tape, to which the call is what it stands for."""
        nodes = [leaf.node if isinstance(leaf, Tensor) else bind(np.array(leaf)) for leaf in leaves]
        nodes += [tensor.node for tensor in self._captured]
        if self._draws:
            key = random.take_keys(self._draws)
            nodes += [bind(np.asarray(key.seed, np.int64)), bind(np.asarray(key.step, np.int64))]
        variables = self._present()
        results = call(self.program, [*nodes, *(variable.node for variable in variables)])
        tensors = [of_node(node, is_symbolic=False) for node in results]
        new = tensors[len(self.program.outputs) :]
        with held_interrupts():  # all are assigned or none
            for variable, value in zip(variables, new, strict=False):
                variable.assign(value)
        return _replaced(self._result, tensors[: self._count])

    def _compile(self) -> Runnable:
        chosen = backend()
        if self._executable is None or self._executable[0] is not type(chosen):
            self._executable = type(chosen), compiled(chosen, self.program)
        return self._executable[1]

    def _check(self, outputs: Sequence[Array]) -> None:
        """Check that indices name places of their axes."""
        for value, (size, where_built) in zip(outputs[self._count :], self._checked, strict=True):
            check_places(value, size, where_built)


def _is_array(value: Any) -> bool:
    """Return whether a value is fed to a program."""
    if isinstance(value, Tensor):
        return not isinstance(value, Variable)
    return hasattr(type(value), "__array__") and not isinstance(value, type)


def _parts(value: Any) -> dict[str, Any] | None:
    """Return what a structure holds, each part with what leads to it in Python; None for what is no structure."""
    if isinstance(value, list | tuple):
        names = getattr(value, "_fields", None)
        return {f".{names[place]}" if names else f"[{place}]": part for place, part in enumerate(value)}
    if isinstance(value, dict):
        return {f"[{key!r}]": part for key, part in value.items()}
    if is_dataclass(value) and not isinstance(value, type) and value.__dataclass_params__.frozen:  # type: ignore[attr-defined]
        return {f".{field.name}": getattr(value, field.name) for field in fields(value)}
    return None


def _with_parts(value: Any, parts: Sequence[Any]) -> Any:
    """Return a structure like another one with other parts."""
    if isinstance(value, dict):
        filled = copy.copy(value)  # which keeps its kind
        filled.update(zip(value, parts, strict=True))
        return filled
    if isinstance(value, list | tuple):
        return value._make(parts) if hasattr(value, "_make") else type(value)(parts)
    filled = copy.copy(value)
    for field, part in zip(fields(value), parts, strict=True):
        object.__setattr__(filled, field.name, part)
    return filled


def _key_of(value: Any, leaves: list[Any]) -> Hashable:
    """Return what a program is found by, and add the tensors and arrays in a value to `leaves`."""
    kind = type(value)
    if kind is Tensor:
        leaves.append(value)
        node = value._node
        return node.shape, node.dtype
    if kind in _PLAIN:
        return kind, value
    if kind is float:
        return kind, repr(value)
    if _is_array(value):
        array = value if isinstance(value, Tensor) else as_array(value)
        leaves.append(array)
        return array.shape, array.dtype
    parts = _parts(value)
    if parts is not None:
        # The text of a dict's key does not tell one variable from another.
        names = [_key_of_name(name) for name in value] if isinstance(value, dict) else parts
        return kind, tuple(names), tuple([_key_of(part, leaves) for part in parts.values()])
    return _key_of_thing(value)


def _key_of_name(name: Any) -> Hashable:
    """Return what stands for a key of a dict in the key of a program."""
    kind = type(name)
    if kind is tuple:
        return tuple([_key_of_name(part) for part in name])
    if kind is float:
        return kind, repr(name)
    return (kind, name) if kind in _PLAIN else _key_of_thing(name)


def _key_of_thing(value: Any) -> Hashable:
    """Return what an object that is neither fed nor a structure is known by."""
    kind = type(value)
    try:
        return _Identity(value)
    except TypeError:  # it has no weak references: a number of another kind, a dtype, an object with slots
        return (kind, value) if kind.__hash__ is not None else (kind, _Held(value))


class _Held:
    """An object as a part of a key that it lives as long as, for want of weak references and of a hash."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Held) and self._thing is other._thing

    def __hash__(self) -> int:
        return id(self._thing)


def _flat(key: Any) -> Iterator[Any]:
    """Yield what nested tuples hold."""
    if type(key) is tuple:
        for part in key:
            yield from _flat(part)
    else:
        yield key


def _named(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Yield what a structure holds, each with what leads to it in Python."""
    parts = None if _is_array(value) else _parts(value)
    if parts is None:
        yield name, value
    else:
        for step, part in parts.items():
            yield from _named(f"{name}{step}" if name else step.strip("[']"), part)


def _filled(value: Any, tensors: Iterator[Tensor]) -> Any:
    """Return a structure with tensors in place of its tensors and arrays, in order."""
    if _is_array(value):
        return next(tensors)
    parts = _parts(value)
    return value if parts is None else _with_parts(value, [_filled(part, tensors) for part in parts.values()])


def _results(name: str, value: Any) -> tuple[Any, list[Tensor]]:
    """Return what a function returned, with a `_Place` for each tensor, and the tensors."""
    outputs: list[Tensor] = []

    def placed(path: str, part: Any) -> Any:
        if isinstance(part, Variable):
            return weakref.ref(part)
        if _is_array(part):
            outputs.append(part if isinstance(part, Tensor) else Tensor(part))
            return _Place(len(outputs) - 1)
        inner = _parts(part)
        if inner is not None:
            return _with_parts(part, [placed(f"{path}{step}", each) for step, each in inner.items()])
        if isinstance(part, (*_PLAIN, float)):
            return part
        raise TypeError(
            f"function {name!r} returned {path or 'a'} {type(part).__name__}, {part!r:.80}. Expected tensors, numbers, "
            f"text or None, alone or in lists, tuples, dicts and frozen dataclasses: return what it holds."
        )

    return placed("", value), outputs


def _replaced(value: Any, tensors: Sequence[Tensor]) -> Any:
    """Return the result of a function from what `_results` made of it."""
    if type(value) is _Place:
        return tensors[value.number]
    if isinstance(value, weakref.ref):
        return value()
    if isinstance(value, _PLAIN):
        return value
    parts = _parts(value)
    return value if parts is None else _with_parts(value, [_replaced(part, tensors) for part in parts.values()])
