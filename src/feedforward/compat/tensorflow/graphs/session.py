"""Sessions: they keep the values of a graph's variables, and run parts of it.

A weight of Keras's layers has a value in each session, as any variable, and one of its own, which `fit` and `predict`
use: that of the *session of models*. Before such a session reads it takes over what the weight has become, and when it
has written the weight gets what the session holds; whichever array is not the same object has changed.
"""

from __future__ import annotations

import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

import feedforward
from feedforward.compat.explaining import tell
from feedforward.compat.importing import at_start
from feedforward.compat.names import provided
from feedforward.compat.tensorflow.graphs.dispatch import is_eager
from feedforward.compat.tensorflow.graphs.errors import InvalidArgumentError
from feedforward.compat.tensorflow.graphs.graph import Graph, Operation, UnknownValueError, default_graph
from feedforward.compat.tensorflow.graphs.running import Plan, State
from feedforward.compat.tensorflow.graphs.shapes import TensorShape
from feedforward.compat.tensorflow.graphs.tensors import EagerTensor, GraphTensor
from feedforward.compat.tensorflow.graphs.variables import graph_value, graph_variable
from feedforward.compat.tensorflow.surroundings.configuration import read_options, use_configuration
from feedforward.graph.node import Array
from feedforward.tensor import store

__all__ = ["Session", "InteractiveSession", "session_of", "get_default_session", "present_session", "use_for_models"]

_MOST_SIZES = 16
"""How many integers a shape may have."""


class _Sessions(threading.local):
    def __init__(self) -> None:
        self.stack: list[Session] = []


_sessions = _Sessions()


@at_start
def _begin() -> None:
    """Let a program find no session that another one left open."""
    _sessions.stack.clear()


@provided("tf.get_default_session")
def get_default_session() -> Session | None:
    """Return the session of the innermost ``with``, or the last interactive one; None where there is none."""
    return _sessions.stack[-1] if _sessions.stack else None


def session_of(session: Any, what: str) -> Session:
    """Return a session, by default the present one.

    Raises
    ------
    ValueError
        If there is none.
    """
    found: Session | None = session or get_default_session()
    if found is None:
        raise ValueError(
            f"{what}: no default session is registered. Use `with sess.as_default():` or pass session=sess."
        )
    return found


def present_session(graph: Graph) -> Session | None:
    """Return the session of models: the default session of a graph, else the one that Keras has for it, if any."""
    found = next((each for each in reversed(_sessions.stack) if each.graph is graph), None)
    own: Session | None = graph.kept.get("keras_session")
    return own if found is None else found


def use_for_models(session: Session) -> None:
    """Let a session be Keras's own for its graph: models have the values that it holds."""
    session.graph.kept["keras_session"] = session
    session._give_weights()


class _Fetch:
    """What is fetched, as a flat list of things, and how the structure is made of their values.

    Parameters
    ----------
    graph : Graph
        Where names are looked up.
    fetches : structure of tensors, operations, variables and names
        What was asked for.
    """

    def __init__(self, graph: Graph, fetches: Any) -> None:
        self.things: list[GraphTensor | Operation] = []
        self._graph = graph
        self._build = self._read(fetches)

    def _read(self, fetch: Any) -> Callable[[list[Any]], Any]:
        if isinstance(fetch, list | tuple):
            parts = [self._read(part) for part in fetch]
            make = fetch._make if hasattr(fetch, "_make") else type(fetch)
            return lambda values: make([part(values) for part in parts])
        if isinstance(fetch, Mapping):
            named = {key: self._read(part) for key, part in fetch.items()}
            return lambda values: {key: part(values) for key, part in named.items()}
        if fetch is None:
            raise TypeError("Fetch argument None has invalid type <class 'NoneType'>: give a tensor or an operation.")
        if isinstance(fetch, feedforward.Variable):  # of Keras's, as is what it computes of them
            fetch = graph_variable(fetch, self._graph)
        if isinstance(fetch, EagerTensor) and fetch.ours.is_symbolic:
            fetch = graph_value(fetch.ours, self._graph)
        if isinstance(fetch, EagerTensor):
            raise RuntimeError("a session cannot run an eager tensor: it has its value already.")
        try:
            thing = self._graph.as_graph_element(fetch)
        except TypeError:
            raise TypeError(
                f"Fetch argument {fetch!r} has invalid type {type(fetch)}, must be a string or Tensor. "
                f"(Can not convert a {type(fetch).__name__} into a Tensor or Operation.)"
            ) from None
        except (KeyError, ValueError) as error:
            raise ValueError(f"Fetch argument {fetch!r} cannot be interpreted as a Tensor. ({error.args[0]})") from None
        if thing.graph is not self._graph:
            raise ValueError(f"Fetch argument {fetch!r} is not an element of the graph of this session.")
        place = len(self.things)
        self.things.append(thing)
        return lambda values: values[place]

    def __call__(self, values: list[Any]) -> Any:
        return self._build(values)


class _Feed(NamedTuple):
    """What was found of an array that is fed for a tensor: it fits.

    Parameters
    ----------
    tensor : GraphTensor
        For what.
    shape : TensorShape
        What is known of its shape.
    dtype : dtype
        That of the array.
    array_shape : tuple of int
        That of the array.
    """

    tensor: GraphTensor
    shape: TensorShape
    dtype: np.dtype[Any]
    array_shape: tuple[int, ...]


@provided("tf.Session")
class Session:
    """Keeps the values of variables, and runs what is fetched.

    Parameters
    ----------
    target : str
        Where it runs; only here.
    graph : Graph, optional
        What it runs; by default the default graph.
    config : ConfigProto, optional
        How many threads share a run.
    """

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        if target:
            raise ValueError(f"Session(target={target!r}): sessions run in this process. Leave target out.")
        if is_eager():
            raise RuntimeError("The Session graph is empty: eager execution is enabled, which runs no sessions.")
        if config is not None:
            use_configuration(config)
        self._graph = graph or default_graph()
        self._state = State(self._graph)
        self._fetches: dict[Any, _Fetch] = {}
        self._plans: dict[Any, Plan] = {}
        self._before: dict[Any, list[Operation]] = {}
        self._known: dict[Any, tuple[Plan, list[_Feed]]] = {}
        self._valued: set[Any] = set()
        self._contexts: list[Any] = []
        self._is_closed = self._has_warned = False
        self._lock = threading.RLock()  # two threads that count in a variable would each lose what the other adds
        tell("Sessions", self._explanation)

    @property
    def graph(self) -> Graph:
        """What it runs."""
        return self._graph

    @property
    def graph_def(self) -> Graph:
        """The graph, for the `SummaryWriter` of TensorFlow 0.5."""
        return self._graph

    @property
    def sess_str(self) -> str:
        """Where it runs."""
        return ""

    @property
    def plans(self) -> list[Plan]:
        """What it compiled, the last one last."""
        return list(self._plans.values())

    def run(self, fetches: Any, feed_dict: Any = None, options: Any = None, run_metadata: Any = None) -> Any:
        """Return the values of what is fetched; operations are carried out, and their value is None.

        Parameters
        ----------
        fetches : tensor, operation, variable, name, or lists, tuples and dicts of them
            What is wanted.
        feed_dict : dict, optional
            Arrays for tensors, which are not computed then.
        options, run_metadata : optional
            What TensorFlow was to trace; nothing is traced, as is said once.

        Returns
        -------
        As `fetches`, with an array, a number of NumPy's, or None for each.

        Raises
        ------
        RuntimeError
            If the session is closed.
        TypeError, ValueError
            If a fetch or a key of `feed_dict` is not of the graph, or an array does not fit.
        tf.errors.OpError
            If a placeholder is not fed, a variable has no value, or shapes do not fit.
        """
        if self._is_closed:
            raise RuntimeError("Attempted to use a closed Session.")
        if options is not None or run_metadata is not None:
            read_options(options, run_metadata)
        key: Any = type(fetches), tuple(fetches) if type(fetches) is list else fetches
        try:
            fetch = self._fetches.get(key)
        except TypeError:  # what cannot be hashed is read again each time
            key, fetch = None, None
        if fetch is None:
            fetch = _Fetch(self._graph, fetches)
            if key is not None:
                self._fetches[key] = fetch
        feeds = {} if feed_dict is None else feed_dict
        is_simple = key is not None and type(feeds) is dict
        with self._lock:
            self._take_weights()
            found = self._run_known((key, *feeds), feeds) if is_simple else None
            if found is None:
                found = self._run(fetch, feeds, (key, *feeds) if is_simple else None)
            self._give_weights()
        return fetch([value if type(value) is np.ndarray and value.ndim else _number(value) for value in found])

    def _run(self, fetch: _Fetch, feeds: Any, key: Any) -> list[Any]:
        """Return the values of what is fetched, having looked at all that is fed; note under a key what was found."""
        fed = self._read_feeds(feeds) if feeds else {}
        things = tuple(fetch.things)
        sources = self._sources(things, fed)
        for op in sources:
            fed.update(zip(op.outputs, map(np.asarray, op.before(self._state)), strict=True))  # type: ignore[misc]
        plan, arrays = self._plan(things, fed), list(fed.values())
        # What Python gives, what may decide by its value, and tensors that were named are looked at each time.
        is_same = key is not None and all(type(each) is GraphTensor for each in feeds)
        if is_same and not sources and not any(map(_is_number_or_list, arrays)):
            self._known[key] = plan, [_Feed(each, each.shape, array.dtype, array.shape) for each, array in fed.items()]
        return plan.run(arrays)

    def _run_known(self, key: Any, feeds: dict[Any, Any]) -> list[Any] | None:
        """Return what `_run` does, quickly, where the same was fetched and such arrays were fed before; else None."""
        known = self._known.get(key)
        if known is None or not known[0].fits():
            return None
        arrays = list(feeds.values())
        for array, feed in zip(arrays, known[1], strict=True):
            if type(array) is not np.ndarray or array.dtype is not feed.dtype or array.shape != feed.array_shape:
                return None
            if feed.tensor._shape is not feed.shape:  # it was set since
                return None
        return known[0].run(arrays)

    def _sources(self, things: tuple[Any, ...], fed: Mapping[GraphTensor, Array]) -> list[Operation]:
        """Return the operations whose outputs Python gives before a run."""
        key = things, tuple(fed)
        found = self._before.get(key)
        if found is None:
            todo, seen = [thing if isinstance(thing, Operation) else thing.op for thing in things], set()
            while todo:
                op = todo.pop()
                if op not in seen and not (op.outputs and all(tensor in fed for tensor in op.outputs)):
                    seen.add(op)
                    todo += [tensor.op for tensor in op.inputs if tensor not in fed] + op.control_inputs
            found = sorted((op for op in seen if op.before is not None), key=lambda op: op.number)
            self._before[key] = found
        return found

    def _plan(self, things: tuple[Any, ...], fed: Mapping[GraphTensor, Array]) -> Plan:
        """Return the compiled run for some fetches and feeds.

        Truth values that are fed decide which branches are taken, so each has a run of its own; integers do so where
        they turn out to be needed as sizes or as counts of loops.
        """
        is_valued = _is_number_or_list if things in self._valued else _is_truth
        signature = (
            things,
            tuple([(t, a.shape, a.tobytes() if is_valued(a) else None) for t, a in fed.items()]),
        )
        plan = self._plans.get(signature)
        if plan is None or not plan.fits():
            try:
                plan = Plan(self._state, things, fed, is_valued)
            except UnknownValueError as error:
                if things in self._valued or not any(map(_is_number_or_list, fed.values())):
                    raise InvalidArgumentError(None, None, str(error)) from None
                self._valued.add(things)
                return self._plan(things, fed)
            self._plans[signature] = plan
            self._warn_of_weights(plan)
        return plan

    def _read_feeds(self, feed_dict: Mapping[Any, Any]) -> dict[GraphTensor, Array]:
        """Return arrays for tensors."""
        if not isinstance(feed_dict, Mapping):
            raise TypeError(f"feed_dict={feed_dict!r:.60}: expected a dict, with an array for each tensor.")
        fed: dict[GraphTensor, Array] = {}
        for key, value in feed_dict.items():
            tensor = key if type(key) is GraphTensor else self._fed_tensor(key)
            if isinstance(tensor, list):
                fed.update(self._read_feeds(dict(zip(tensor, value, strict=True))))
                continue
            if tensor.graph is not self._graph:
                raise TypeError(
                    f"Cannot interpret feed_dict key as Tensor: {tensor!r} is not an element of this session's graph."
                )
            fed[tensor] = _as_fed(tensor, value)
        return fed

    def _fed_tensor(self, key: Any) -> Any:
        if isinstance(key, tuple | list):
            return list(key)
        try:
            return self._graph.as_graph_element(key, allow_operation=False)
        except (TypeError, ValueError, KeyError) as error:
            raise TypeError(f"Cannot interpret feed_dict key as Tensor: {error.args[0]}") from None

    def _explanation(self) -> str:
        """Return what stands in the graph, and what became of it."""
        kinds = Counter(op.type for op in self._graph.get_operations())
        lines = [f"{kinds.total()} operations: " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common())]
        for variable, value in self._state.variables.items():
            lines.append(f"variable {variable.op.name}  {value.dtype.name}  {value.shape}")
        for (things, fed), plan in self._plans.items():
            names = ", ".join(thing.name for thing in things)
            shapes = ", ".join(f"{tensor.op.name} {shape}" for tensor, shape, _ in fed)
            count = sum(bool(node.inputs) for node in plan.program.nodes)
            lines.append(f"run({names}){f' fed with {shapes}' if shapes else ''}: a program of {count} operations")
        return "\n".join(lines)

    def value_of(self, variable: Any) -> Array | None:
        """Return the value of a variable; None if it has none yet."""
        self._take_weights()
        return self._state.variables.get(variable)

    def store(self, values: Mapping[Any, Array]) -> None:
        """Give variables values, which are not copied."""
        self._state.variables.update(values)
        self._give_weights()

    def _weights(self) -> dict[feedforward.Variable, Any]:
        """Return the weights of layers whose values are those that it holds, with the variables that stand for them."""
        weights: dict[feedforward.Variable, Any] = self._graph.kept.get("weights", {})
        return weights if weights and present_session(self._graph) is self else {}

    def _take_weights(self) -> None:
        """Take over what weights have become since by `fit`, `set_weights` and assignments."""
        variables, is_own = self._state.variables, self._graph.kept.get("keras_session") is self
        for weight, variable in self._weights().items():
            if is_own or variable in variables:
                variables[variable] = weight.numpy()

    def _give_weights(self) -> None:
        """Let weights have the values that it holds."""
        variables = self._state.variables
        pairs = [(weight, variable) for weight, variable in self._weights().items() if variable in variables]
        changed = [pair for pair in pairs if variables[pair[1]] is not pair[0].numpy()]
        if changed:
            store([weight for weight, _ in changed], [variables[variable] for _, variable in changed])
            variables.update((variable, weight.numpy()) for weight, variable in changed)

    def _warn_of_weights(self, plan: Plan) -> None:
        """Say once that models will not see what a run does to the weights of layers."""
        weights = self._graph.kept.get("weights", {}) if "has_keras_model" in self._graph.kept else {}
        if weights and not self._has_warned and not self._weights() and set(plan.updated) & set(weights.values()):
            self._has_warned = True
            sys.stderr.write(
                "feedforward: a session changes weights of Keras's layers that is not the one that models use, so that "
                "fit(), predict() and get_weights() will not see it, as in Keras; keras.backend.set_session(sess) or "
                "`with sess.as_default():` makes it theirs\n"
            )

    def as_default(self) -> _Default:
        """Return a context in which it is the default session."""
        return _Default(self)

    def __enter__(self) -> Session:
        contexts: list[Any] = [self._graph.as_default(), _Default(self)]
        for context in contexts:
            context.__enter__()
        self._contexts.append(contexts)
        return self

    def __exit__(self, *error: Any) -> None:
        for context in reversed(self._contexts.pop()):
            context.__exit__(*error)
        self.close()

    def close(self) -> None:
        """Let it run nothing any more."""
        self._is_closed = True

    def make_callable(self, fetches: Any, feed_list: Iterable[Any] | None = None) -> Callable[..., Any]:
        """Return a function of the values of some tensors that runs the fetches."""
        keys = list(feed_list or ())
        return lambda *values: self.run(fetches, dict(zip(keys, values, strict=True)))

    def list_devices(self) -> list[Any]:
        """Return the devices: none that has a name."""
        return []


class _Default:
    """A context in which a session is the default one."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __enter__(self) -> Session:
        _make_default(self._session)
        return self._session

    def __exit__(self, *_: object) -> None:
        _make_no_default(self._session)


def _make_default(session: Session) -> None:
    """Let a session be the default one, and models have the values that it holds."""
    graph = session.graph
    if graph.kept.get("weights") and present_session(graph) is None:  # which keeps what models have now
        graph.kept["keras_session"] = own = Session(graph=graph)
        own._take_weights()
    _sessions.stack.append(session)
    session._give_weights()


def _make_no_default(session: Session) -> None:
    """Let a session be the default one no more, and models have the values of the one that is theirs now."""
    session._take_weights()
    _sessions.stack.remove(session)
    present = present_session(session.graph)
    if present is not None:
        present._give_weights()


@provided("tf.InteractiveSession")
class InteractiveSession(Session):
    """A session that is the default one from the start."""

    def __init__(self, target: str = "", graph: Graph | None = None, config: Any = None) -> None:
        super().__init__(target, graph, config)
        _make_default(self)

    def close(self) -> None:
        """Let it run nothing any more, and be the default no more."""
        super().close()
        if self in _sessions.stack:
            _make_no_default(self)


def _is_truth(array: Array) -> bool:
    return array.dtype == np.bool_ and not array.ndim


def _is_number_or_list(array: Array) -> bool:
    """Return whether an array may be a size, a shape or an axis."""
    return _is_truth(array) or (array.dtype.kind in "iu" and array.ndim <= 1 and array.size <= _MOST_SIZES)


def _number(value: Any) -> Any:
    if isinstance(value, feedforward.Tensor):
        value = value.numpy()
    return value[()] if isinstance(value, np.ndarray) and not value.ndim else value


def _as_fed(tensor: GraphTensor, value: Any) -> Array:
    """Return what is fed for a tensor as an array that fits it."""
    wanted = tensor.dtype.base_dtype.as_numpy_dtype
    if isinstance(value, GraphTensor) or hasattr(value, "tensor"):
        raise TypeError(
            "The value of a feed cannot be a tf.Tensor object. Acceptable feed values include Python scalars, "
            "strings, lists, numpy ndarrays."
        )
    if type(value) is np.ndarray and value.dtype == wanted:
        array = value
    else:
        if isinstance(value, int | float) and int is type(value) and tensor.dtype.is_bool and value not in (0, 1):
            raise TypeError(f"Type of feed value {value!r} is not compatible with Tensor {tensor.name!r} of type bool.")
        try:
            array = np.asarray(value, dtype=wanted)
        except OverflowError:
            raise TypeError(
                f"Type of feed value {str(value)[:60]} is not compatible with Tensor {tensor.name!r} of type "
                f"{tensor.dtype.name}: it is too large. Give the placeholder a larger type, such as tf.int64."
            ) from None
        except (ValueError, TypeError):
            try:
                array = np.array([np.asarray(part, dtype=wanted) for part in value])
            except (ValueError, TypeError):
                raise ValueError(
                    f"Cannot feed {type(value).__name__} {str(value)[:60]!r} for Tensor {tensor.name!r}: expected "
                    f"numbers of dtype {tensor.dtype.name}, rows of one length."
                ) from None
    shape = tensor._shape or tensor.shape
    if shape.dims is not None and (
        len(shape.dims) != array.ndim
        or any(
            size.value is not None and size.value != given for size, given in zip(shape.dims, array.shape, strict=True)
        )
    ):
        raise ValueError(
            f"Cannot feed value of shape {array.shape} for Tensor {tensor.name!r}, which has shape {shape}"
        )
    return array
