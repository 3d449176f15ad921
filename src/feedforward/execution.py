"""Values of nodes: what they need becomes one program, which is found by its structure among those compiled, and run.

Here are the choice of the backend and the cache of compiled programs. Not here: tensors, variables and when somebody
looks at them (``tensor.py``), a function as a program (``tracing.py``).
"""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from collections.abc import Hashable

from feedforward import ops
from feedforward.backends import BACKENDS
from feedforward.backends.backend import Backend, Executable
from feedforward.backends.interpreter import Interpreter
from feedforward.graph.node import Array, Node, reachable
from feedforward.graph.program import Program, structure, substitute

_CACHED_PROGRAMS = 512
"""How many compiled programs are kept, the last used ones."""

known_values: weakref.WeakKeyDictionary[Node, Array] = weakref.WeakKeyDictionary()
"""The value of every node that has one: the leaves that hold data, and results that a tape still needs as nodes."""

_backend: Backend = BACKENDS["interpreter"]()
_executables: OrderedDict[Hashable, Executable] = OrderedDict()
_lock = threading.RLock()


def backend() -> Backend:
    """Return the backend on which programs are run."""
    return _backend


def use_backend(name: str) -> None:
    """Choose on which backend programs are run from now on.

    Parameters
    ----------
    name : {"interpreter", "llvm"}
        ``"interpreter"`` runs each operation by NumPy; ``"llvm"`` compiles programs to machine code, which takes some
        tenths of a second the first time and is many times faster after that.

    Raises
    ------
    ValueError
        If there is no such backend.
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
    """
    nodes = reachable(ends, stop=known_values.__contains__)
    leaves = [node for node in nodes if node in known_values or (node.op.name == "constant" and node.shape != ())]
    unbound = [node for node in nodes if node.op.name == "placeholder" and node not in known_values]
    if unbound:
        raise TypeError(
            f"this tensor depends on the input {unbound[0].attrs['name']!r} and has no value yet. "
            f"Build a Model from it and call predict()."
        )
    arrays = [known_values[leaf] if leaf in known_values else leaf.attrs["value"].value for leaf in leaves]
    key = (is_eager, type(_backend), structure(nodes, leaves, ends))
    with _lock:
        executable = _executables.get(key)
        if executable is None:
            inputs = [ops.placeholder(leaf.shape, leaf.dtype, f"input_{place}") for place, leaf in enumerate(leaves)]
            program = substitute(Program((), (), tuple(ends)), dict(zip(leaves, inputs, strict=True)))
            executable = (Interpreter() if is_eager else _backend).compile(Program(tuple(inputs), (), program.outputs))
            _executables[key] = executable
        _executables.move_to_end(key)
        while len(_executables) > _CACHED_PROGRAMS:
            _executables.popitem(last=False)
    return executable.run(arrays, [])[0]


def frozen(value: Array) -> Array:
    """Return a read-only view of an array."""
    view = value.view()
    view.flags.writeable = False
    return view
