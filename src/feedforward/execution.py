"""Values of nodes: what they need becomes one program, which is found by its structure among those compiled, and run.

Here are the choice of the backend and the cache of compiled programs. Not here: tensors, variables and when somebody
looks at them (``tensor.py``), a function as a program (``tracing.py``).
"""

from __future__ import annotations

import weakref
from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import replace

import numpy as np

from feedforward import ops
from feedforward.backends import BACKENDS
from feedforward.backends.backend import Backend
from feedforward.backends.chain import Runnable
from feedforward.backends.interpreter import Interpreter
from feedforward.forks import fork_safe_lock
from feedforward.general import compiled
from feedforward.graph.call import CALL, result
from feedforward.graph.node import Array, Node, reachable
from feedforward.graph.program import Outline, Program, outline, substitute
from feedforward.ops.indexing import check_places, computed_places

__all__ = ["function_of", "backend", "use_backend", "values", "is_known", "with_checks", "frozen"]

_CACHED_PROGRAMS = 512
"""How many compiled programs are kept, the last used ones."""

_STRUCTURAL = (0.0, 0.5, 1.0, 2.0, 3.0)
"""Numbers that mean something to the compiler, as in ``x ** 2.0``. They and their negatives are part of a program's
structure; all others are fed to it, so that a learning rate that changes makes no new program."""

function_of: weakref.WeakKeyDictionary[Node, str] = weakref.WeakKeyDictionary()
"""For a leaf that stands for what a user's function is called with, the name of the function."""

_backend: Backend | None = None
_executables: OrderedDict[Hashable, Runnable] = OrderedDict()
_checks: weakref.WeakKeyDictionary[Program, list[tuple[int, int]]] = weakref.WeakKeyDictionary()
"""Of the programs of calls: which outputs are indices, and the size of the axis of each."""

_lock = fork_safe_lock()


def backend() -> Backend:
    """Return the backend on which programs are run.

    Raises
    ------
    BackendError
        If none was chosen, and LLVM cannot be used.
    """
    global _backend
    if _backend is None:
        _backend = BACKENDS["llvm"]()
    return _backend


def use_backend(name: str) -> None:
    """Choose on which backend programs are run from now on.

    Parameters
    ----------
    name : {"llvm", "interpreter"}
        ``"llvm"``, the default, compiles programs to machine code, which takes some hundredths of a second for a small
        one the first time. ``"interpreter"`` runs each operation by NumPy.

    Raises
    ------
    ValueError
        If there is no such backend.
    BackendError
        If LLVM cannot be used.

    Notes
    -----
    To both, a subnormal number (below 2^-126 in size in float32, 2^-1022 in float64) is a zero of its sign, wherever a
    program is fed one or computes one: ``Tensor(1e-40) * 1.0`` is 0, and ``Tensor(1e-40) == 0.0`` is true. An array
    keeps its own until a program computes with it, and NumPy computes with them as ever.
    """
    global _backend
    _backend = BACKENDS[name]()


def values(ends: list[Node], is_eager: bool = False) -> list[Array]:
    """Return the values of nodes; compiles what computes them, or finds it compiled.

    Parameters
    ----------
    ends : list of Node
        What is asked for.
    is_eager : bool
        Whether the interpreter is to compute it, whatever the backend.

    Raises
    ------
    TypeError
        If one depends on an input that holds nothing.
    OutOfRangeError
        If an index that is computed on the way is outside of its axis.
    """
    found = outline(ends, _is_leaf)
    places = _places(found.nodes)
    if places is None:
        kept = {node: node for node in reachable(ends, stop=_is_leaf) if node.value is not None}
        return values([*substitute(Program((), (), tuple(ends)), kept).outputs], is_eager)
    results = _run(found, ends, [indices for _, indices, _ in places], is_eager)
    for (node, _, size), value in zip(places, results[len(ends) :], strict=True):
        check_places(value, size, node)
    return results[: len(ends)]


def is_known(node: Node) -> bool:
    """Return whether the value of a node can be computed now: it depends on nothing that is fed when a program runs."""
    nodes = reachable([node], stop=_is_leaf)
    return not any(leaf.op.name in ("placeholder", "variable") and leaf.value is None for leaf in nodes)


def _without_value(leaf: Node) -> TypeError:
    name, function = leaf.attrs["name"], function_of.get(leaf)
    if function is None:
        return TypeError(
            f"this tensor depends on the input {name!r} and has no value yet. Build a Model from it and call predict()."
        )
    return TypeError(
        f"this tensor of the function {function!r} depends on {name!r} and has no value while the function is made a "
        f"program: it can decide no if, count no loop, and be no number of Python. Use ff.where(condition, a, b) for "
        f"an if, give what decides as a Python value, or return the tensor and look at it outside."
    )


def _run(found: Outline, ends: list[Node], indices: list[Node], is_eager: bool) -> list[Array]:
    """Return the values of nodes, and of indices on the way to them."""
    chosen = Interpreter() if is_eager else backend()
    key = type(chosen), found.key, tuple([found.number(node) for node in indices])
    with _lock:
        executable = _executables.get(key)
        if executable is None:
            executable = _executables[key] = compiled(chosen, _program(found, [*ends, *indices]))
        _executables.move_to_end(key)
        while len(_executables) > _CACHED_PROGRAMS:
            _executables.popitem(last=False)
    return executable.run([leaf.value for leaf in found.leaves], [])[0]  # type: ignore[misc]


def _program(found: Outline, ends: list[Node]) -> Program:
    """Return the program that computes nodes from the values of the leaves."""
    for node in found.nodes:
        if node.op.name in ("placeholder", "variable"):
            raise _without_value(node)
    inputs = [ops.placeholder(leaf.shape, leaf.dtype, f"input_{place}") for place, leaf in enumerate(found.leaves)]
    program = substitute(Program((), (), tuple(ends)), dict(zip(found.leaves, inputs, strict=True)))
    return Program(tuple(inputs), (), program.outputs)


def with_checks(program: Program) -> Program:
    """Return a program to be called with one more output for all indices that are to be checked once they are known."""
    places = computed_places(program.nodes)
    outputs = (*program.outputs, *(indices for _, indices, _ in places))
    checked = replace(program, outputs=outputs)
    first = len(program.outputs)
    _checks[checked] = [(first + place, size) for place, (_, _, size) in enumerate(places)]
    return checked


def _places(nodes: list[Node]) -> list[tuple[Node, Node, int]] | None:
    """Return what `computed_places` does, for calls, too; None where those of a call are none of its outputs."""
    found = computed_places([node for node in nodes if node.op.kind == "indexing"])
    for node in nodes:
        if node.op is CALL:
            program = node.attrs["program"]
            checks = _checks.get(program)
            if checks is None:
                if computed_places(program.nodes):
                    return None
                checks = _checks[program] = []
            found += [(node, result(node, place), size) for place, size in checks]
    return sorted(found, key=lambda each: each[0].serial)  # the first that is wrong is told of


def _is_leaf(node: Node) -> bool:
    """Return whether the value of a node is fed: it is known, and no part of the program's structure."""
    value = node.value
    return value is not None and not (node.op.name == "constant" and _is_structural(value))


def _is_structural(value: Array) -> bool:
    """Return whether a constant is part of a program's structure rather than an input."""
    return not value.ndim and (value.dtype.kind == "b" or abs(value.item()) in _STRUCTURAL or not np.isfinite(value))


def frozen(value: Array) -> Array:
    """Return a read-only view of an array, or the array itself if it is one."""
    if not value.flags.writeable:
        return value
    view = value.view()
    view.flags.writeable = False
    return view
