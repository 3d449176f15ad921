"""Scopes: what names begin with, and variables that are found again by their names.

A name scope stands before the names of operations, a variable scope before those of `get_variable` as well; the latter
also says what such variables start from, and whether they are new. Not here: what they start from
(``initializers.py``).
"""

from __future__ import annotations

import contextlib
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

from feedforward.compat.names import provide, provided
from feedforward.compat.tensorflow import initializers
from feedforward.compat.tensorflow.dispatch import is_eager
from feedforward.compat.tensorflow.dtypes import as_dtype
from feedforward.compat.tensorflow.graph import Graph, GraphKeys, default_graph
from feedforward.compat.tensorflow.shapes import as_shape
from feedforward.compat.tensorflow.tensors import Tensor
from feedforward.compat.tensorflow.variables import EagerVariable, GraphVariable, Variable

__all__ = ["AUTO_REUSE", "VariableScope", "get_variable", "get_variable_scope", "name_scope", "variable_scope"]


class _Automatic:
    """What `reuse` is where a variable is new if there is none of its name, and that one if there is."""

    def __repr__(self) -> str:
        return "tf.AUTO_REUSE"


AUTO_REUSE = provide(_Automatic(), "tf.AUTO_REUSE")


class _Scopes:
    """What a graph knows of variable scopes.

    Attributes
    ----------
    present : VariableScope
        The one that variables are made in.
    entered : dict of str to int
        How often scopes of a name were entered, from which names are found that nothing has.
    """

    def __init__(self) -> None:
        self.present = VariableScope(False)
        self.entered: dict[str, int] = {}


_known: weakref.WeakKeyDictionary[Graph, _Scopes] = weakref.WeakKeyDictionary()


def _scopes() -> _Scopes:
    graph = default_graph()
    if graph not in _known:
        _known[graph] = _Scopes()
    return _known[graph]


@provided("tf.name_scope")
class name_scope(contextlib.ContextDecorator):
    """Let operations have names that begin with a scope's, and return those letters.

    Parameters
    ----------
    name : str or None
        The scope's name; one that ends in ``/`` is entered again, None with `default_name` None leaves all scopes.
    default_name : str, optional
        The name where `name` is None.
    values : list of tensors, optional
        What is computed with in it.
    """

    def __init__(self, name: Any, default_name: str | None = None, values: Any = None) -> None:
        if name is not None and not isinstance(name, str):
            raise TypeError(f"name_scope(name={name!r}): expected a str, or None with default_name.")
        self._name = default_name if name is None else name
        self._entered: list[Any] = []

    @property
    def name(self) -> str | None:
        """What it is called."""
        return self._name

    def __enter__(self) -> str:
        context = default_graph().name_scope(self._name)
        self._entered.append(context)
        return context.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._entered.pop().__exit__(*error)


@provided("tf.op_scope")
def op_scope(values: Any, name: str | None, default_name: str | None = None) -> name_scope:
    """Return what `name_scope` does; before TensorFlow 1.0 its arguments came in this order."""
    return name_scope(name, default_name, values)


@provided("tf.VariableScope")
class VariableScope:
    """What `get_variable` does in a scope.

    Parameters
    ----------
    reuse : bool or tf.AUTO_REUSE
        Whether variables are those made before.
    name : str
        What their names begin with.
    initializer, regularizer, custom_getter, dtype, constraint
        See `get_variable`, where they are the default.
    name_scope : str
        The name scope that it was first entered with.
    """

    def __init__(
        self,
        reuse: Any,
        name: str = "",
        initializer: Any = None,
        regularizer: Any = None,
        custom_getter: Any = None,
        name_scope: str = "",
        dtype: Any = "float32",
        constraint: Any = None,
    ) -> None:
        self._reuse, self._name, self.original_name_scope = reuse, name, name_scope
        self.initializer, self.regularizer, self.custom_getter = initializer, regularizer, custom_getter
        self.dtype, self.constraint = as_dtype(dtype), constraint

    @property
    def name(self) -> str:
        """What names of variables begin with."""
        return self._name

    @property
    def reuse(self) -> Any:
        """Whether variables are those made before."""
        return self._reuse

    def reuse_variables(self) -> None:
        """Let variables be those made before, from now on."""
        self._reuse = True

    def set_initializer(self, initializer: Any) -> None:
        """Choose what variables start from by default."""
        self.initializer = initializer

    def set_regularizer(self, regularizer: Any) -> None:
        """Choose what variables cost by default."""
        self.regularizer = regularizer

    def set_dtype(self, dtype: Any) -> None:
        """Choose the dtype of variables by default."""
        self.dtype = as_dtype(dtype)

    def get_variable(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """See `get_variable`."""
        scopes = _scopes()
        before, scopes.present = scopes.present, self
        try:
            return get_variable(name, *args, **kwargs)
        finally:
            scopes.present = before

    def get_collection(self, name: str) -> list[Any]:
        """Return what a collection has of this scope."""
        return default_graph().get_collection(name, f"{self._name}/" if self._name else None)

    def global_variables(self) -> list[Any]:
        """Return the scope's variables."""
        return self.get_collection(GraphKeys.GLOBAL_VARIABLES)

    def trainable_variables(self) -> list[Any]:
        """Return the scope's variables that optimizers change."""
        return self.get_collection(GraphKeys.TRAINABLE_VARIABLES)

    def __repr__(self) -> str:
        return f"<tf.VariableScope {self._name!r} reuse={self._reuse}>"


@provided("tf.get_variable_scope")
def get_variable_scope() -> VariableScope:
    """Return the present scope of variables."""
    return _scopes().present


@provided("tf.variable_scope")
class variable_scope(contextlib.ContextDecorator):
    """Let variables and operations have names that begin with a scope's, and return the `VariableScope`.

    Parameters
    ----------
    name_or_scope : str, VariableScope or None
        Its name, or a scope to enter again.
    default_name : str, optional
        Where that is None: a name, made unique.
    values : list of tensors, optional
        What is computed with in it.
    initializer, regularizer, custom_getter, dtype, constraint
        See `get_variable`; by default those of the scope around it.
    reuse : bool, tf.AUTO_REUSE or None
        Whether variables are those made before; by default, and where the scope around it says so, as there.
    use_resource : bool, optional
        Kept by TensorFlow in another way, with the same values.
    auxiliary_name_scope : bool
        Whether operations have names that begin with it, too.
    """

    def __init__(
        self,
        name_or_scope: Any,
        default_name: str | None = None,
        values: Any = None,
        initializer: Any = None,
        regularizer: Any = None,
        caching_device: Any = None,
        partitioner: Any = None,
        custom_getter: Any = None,
        reuse: Any = None,
        dtype: Any = None,
        use_resource: Any = None,
        constraint: Any = None,
        auxiliary_name_scope: bool = True,
    ) -> None:
        if name_or_scope is None and default_name is None:
            raise TypeError("If default_name is None then name_or_scope is required")
        if name_or_scope is not None and not isinstance(name_or_scope, str | VariableScope):
            raise TypeError(f"variable_scope(name_or_scope={name_or_scope!r}): expected a str or a VariableScope.")
        if name_or_scope is None and reuse:
            raise ValueError("reuse=True cannot be used without a name_or_scope")
        _refuse_parts(partitioner)
        self._given, self._default_name, self._reuse = name_or_scope, default_name, reuse
        self._settings = {
            "initializer": initializer,
            "regularizer": regularizer,
            "custom_getter": custom_getter,
            "dtype": dtype,
            "constraint": constraint,
        }
        self._has_names = auxiliary_name_scope
        self._entered: list[tuple[Any, VariableScope, dict[str, int], str]] = []

    def __enter__(self) -> VariableScope:
        scopes, graph = _scopes(), default_graph()
        outer, given = scopes.present, self._given
        if isinstance(given, VariableScope):
            name, last, model = given.name, given.name.rpartition("/")[2], given
        else:
            last = given if given is not None else self._unique(outer, scopes)
            name, model = f"{outer.name}/{last}" if outer.name and last else outer.name or last, outer
        names: Any = contextlib.nullcontext(f"{graph._scope}/" if graph._scope else "")
        if self._has_names and last:
            names = graph.name_scope(self._default_name if given is None else last)
        entered = names.__enter__()
        settings = {key: getattr(model, key) if value is None else value for key, value in self._settings.items()}
        getters = model.custom_getter, self._settings["custom_getter"]
        if None not in getters and getters[0] is not getters[1]:
            settings["custom_getter"] = _nested(*getters)
        inherited = given.reuse if isinstance(given, VariableScope) and given.reuse else outer.reuse
        if is_eager():
            inherited = AUTO_REUSE if self._reuse else False
        original = given.original_name_scope if isinstance(given, VariableScope) else entered
        scope = VariableScope(self._reuse or inherited, name, name_scope=original, **settings)
        counts = dict(scopes.entered)
        scopes.entered[name] = scopes.entered.get(name, 0) + 1
        self._entered.append((names, outer, counts, name))
        scopes.present = scope
        return scope

    def __exit__(self, *error: Any) -> None:
        scopes = _scopes()
        names, scopes.present, counts, name = self._entered.pop()
        if isinstance(self._given, VariableScope):
            scopes.entered = counts
        else:  # the names of scopes within it are free again
            scopes.entered = {key: n for key, n in scopes.entered.items() if not key.startswith(f"{name}/")}
        names.__exit__(*error)

    def _unique(self, outer: VariableScope, scopes: _Scopes) -> str:
        """Return the default name, with a number behind it where a scope had it."""
        whole = f"{outer.name}/{self._default_name}" if outer.name else str(self._default_name)
        found, count = whole, 0
        while scopes.entered.get(found, 0):
            count += 1
            found = f"{whole}_{count}"
        return f"{self._default_name}{found[len(whole) :]}"


@provided("tf.variable_op_scope")
def variable_op_scope(
    values: Any, name_or_scope: Any, default_name: str | None = None, *args: Any, **kwargs: Any
) -> variable_scope:
    """Return what `variable_scope` does; before TensorFlow 1.0 its arguments came in this order."""
    return variable_scope(name_or_scope, default_name, values, *args, **kwargs)


def _nested(outer: Callable[..., Any], inner: Callable[..., Any]) -> Callable[..., Any]:
    """Return a getter that calls the inner one, which gets the outer one to call."""
    return lambda getter, *args, **kwargs: inner(lambda *a, **k: outer(getter, *a, **k), *args, **kwargs)


def _refuse_parts(partitioner: Any) -> None:
    if partitioner is not None:
        raise ValueError(f"partitioner={partitioner!r}: variables are in one piece here. Leave it out.")


@provided("tf.get_variable")
def get_variable(
    name: str,
    shape: Any = None,
    dtype: Any = None,
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool | None = None,
    collections: Any = None,
    caching_device: Any = None,
    partitioner: Any = None,
    validate_shape: bool = True,
    use_resource: Any = None,
    custom_getter: Any = None,
    constraint: Any = None,
    synchronization: Any = None,
    aggregation: Any = None,
) -> Any:
    """Return a new variable, or the one made before under this name where the scope says so.

    Parameters
    ----------
    name : str
        Its name within the present scope.
    shape : sequence of int
        Its shape; left out where `initializer` is an array.
    dtype : dtype, optional
        The type of its elements.
    initializer : callable, array or tensor, optional
        Returns the first value from shape and dtype; by default the scope's, then uniform by Glorot and Bengio, zeros
        for integers and truth values.
    regularizer : callable, optional
        What it costs, kept in the collection of regularization losses.
    trainable : bool
        Whether optimizers change it.
    collections : list of str, optional
        Where it is kept.
    custom_getter : callable, optional
        Called with a function that gets the variable, and the arguments.
    constraint : callable, optional
        What an optimizer applies after it changed it.

    Raises
    ------
    ValueError
        If it exists and is not to be used again, or the other way round; if shape or dtype differ.
    """
    _refuse_parts(partitioner)
    scope = get_variable_scope()
    settings = {
        "shape": shape,
        "dtype": scope.dtype if dtype is None else as_dtype(dtype).base_dtype,
        "initializer": scope.initializer if initializer is None else initializer,
        "regularizer": scope.regularizer if regularizer is None else regularizer,
        "trainable": True if trainable is None else trainable,
        "collections": collections,
        "validate_shape": validate_shape,
        "constraint": scope.constraint if constraint is None else constraint,
        "reuse": scope.reuse,
    }
    if dtype is None and isinstance(initializer, Tensor):
        settings["dtype"] = initializer.dtype.base_dtype  # type: ignore[attr-defined]
    if dtype is None and isinstance(initializer, np.ndarray):
        settings["dtype"] = as_dtype(initializer.dtype)
    full = f"{scope.name}/{name}" if scope.name else name
    getter = scope.custom_getter if custom_getter is None else custom_getter
    if custom_getter is not None and scope.custom_getter is not None:
        getter = _nested(scope.custom_getter, custom_getter)
    found = _found_or_made if getter is None else _with_getter(getter)
    with default_graph().name_scope(None):
        return found(full, **settings)


def _with_getter(getter: Callable[..., Any]) -> Callable[..., Any]:
    return lambda name, **settings: getter(_found_or_made, name, **settings)


def _found_or_made(
    name: str,
    shape: Any = None,
    dtype: Any = "float32",
    initializer: Any = None,
    regularizer: Any = None,
    trainable: bool = True,
    collections: Any = None,
    validate_shape: bool = True,
    constraint: Any = None,
    reuse: Any = None,
    **ignored: Any,
) -> Any:
    """Return the variable of a full name."""
    if ignored:
        raise TypeError(f"get_variable({name!r}): unexpected arguments {', '.join(ignored)}.")
    kind, store = as_dtype(dtype).base_dtype, default_graph().variable_store
    old = store.get(name)
    if old is not None and reuse is False and not is_eager():
        raise ValueError(
            f"Variable {name} already exists, disallowed. Did you mean to set reuse=True or reuse=tf.AUTO_REUSE in "
            f"VarScope?"
        )
    if old is not None and reuse:
        if shape is not None and not as_shape(shape).is_compatible_with(old.shape):
            raise ValueError(
                f"Trying to share variable {name}, but specified shape {as_shape(shape)} and found shape {old.shape}."
            )
        if not kind.is_compatible_with(old.dtype):
            raise ValueError(
                f"Trying to share variable {name}, but specified dtype {kind.name} and found dtype "
                f"{old.dtype.base_dtype.name}."
            )
        return old
    if reuse is True:
        raise ValueError(
            f"Variable {name} does not exist, or was not created with tf.get_variable(). Did you mean to set "
            f"reuse=tf.AUTO_REUSE in VarScope?"
        )
    made = (EagerVariable if is_eager() else GraphVariable)(
        _first_value(name, shape, kind, initializer),
        trainable=trainable,
        collections=collections,
        validate_shape=validate_shape,
        name=name,
        dtype=kind,
        constraint=constraint,
    )
    store[name] = made
    if regularizer is not None:
        with default_graph().name_scope(f"{name}/Regularizer/"):
            cost = regularizer(made)
        if cost is not None:
            default_graph().add_to_collection(GraphKeys.REGULARIZATION_LOSSES, cost)
    return made


def _first_value(name: str, shape: Any, kind: Any, initializer: Any) -> Any:
    """Return what a new variable starts from: a value, or a function that returns it."""
    if initializer is None:
        initializer = initializers.default_of(kind)
    if not callable(initializer) or isinstance(initializer, Tensor | Variable):
        if shape is not None and not isinstance(initializer, Tensor | Variable):
            raise ValueError("If initializer is a constant, do not specify shape.")
        return initializer
    if isinstance(initializer, type):
        initializer = initializer()
    sizes = as_shape(shape)
    if not sizes.is_fully_defined() and shape is None:
        made = initializers.called_without_shape(initializer)
        if made is not None:
            return made
    if not sizes.is_fully_defined():
        raise ValueError(
            f"Shape of a new variable ({name}) must be fully defined, but instead was {sizes}: give get_variable all "
            f"sizes."
        )

    def make() -> Any:
        with default_graph().name_scope("Initializer"):
            return initializers.first_value(initializer, sizes.as_list(), kind)

    return make


@provided("tf.no_regularizer")
def no_regularizer(_: Any) -> None:
    """Return None: a variable with this regularizer costs nothing, whatever its scope says."""
    return
