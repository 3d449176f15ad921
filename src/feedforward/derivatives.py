"""Functions that turn a function into its derivatives: `grad`, `hessian`, `jacobian`, and products with a Jacobian.

They take functions of tensors, or of nested lists, tuples and dicts of them. Each runs the function once, and asks the
graph that it leaves for gradients; so derivatives of derivatives are taken by the same means. Not here: the tape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from operator import index
from typing import Any

from feedforward import ops
from feedforward.errors import DtypeError, ShapeError
from feedforward.graph.gradient import gradient, zeros_like
from feedforward.graph.node import Node, build, known
from feedforward.graph.op import OPS
from feedforward.recording import drop_history
from feedforward.tape import GradientTape, leaves, like, map_leaves
from feedforward.tensor import Tensor, lift, of_node

__all__ = ["grad", "hessian", "jacobian", "jvp", "value_and_grad", "vjp"]


def value_and_grad(
    function: Callable[..., Tensor], argnums: int | Sequence[int] = 0
) -> Callable[..., tuple[Tensor, Any]]:
    """Return a function that gives both the value of a scalar function and its gradient.

    Parameters
    ----------
    function : callable
        Takes tensors, or lists, tuples and dicts of them; returns a scalar tensor. Keyword arguments are passed on,
        nested lists of Python's numbers are one tensor.
    argnums : int or sequence of int
        With respect to which arguments; several give a tuple of gradients.

    Returns
    -------
    callable
        ``(value, gradient)``, the gradient with the form of the argument: zeros where it does not matter.

    Raises
    ------
    ShapeError, DtypeError
        When called: if the function returns no scalar, or an argument is no float.

    Examples
    --------
    >>> value, slope = value_and_grad(lambda x: x * x * x)(2.0)
    >>> print(value, slope)
    8.0 12.0
    """

    def _value_and_grad(*args: Any, **settings: Any) -> tuple[Tensor, Any]:
        with _ran("grad", function, args, argnums, settings) as (chosen, value):
            if not isinstance(value, Tensor):
                raise TypeError(f"grad: the function returned {value!r}. It must return a tensor.")
            if value.node.shape != ():
                raise ShapeError(
                    f"grad: the function returned shape {value.shape}. It must return a scalar: take its sum()."
                )
            slopes = _pulled([(value.node, None)], chosen)
        return value, slopes[0] if isinstance(argnums, int) else slopes

    return _value_and_grad


def grad(function: Callable[..., Tensor], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return a function that gives the gradient of a scalar function; see `value_and_grad`.

    Examples
    --------
    >>> print(grad(grad(lambda x: x * x * x))(2.0))
    12.0
    """
    both = value_and_grad(function, argnums)
    return lambda *args, **settings: both(*args, **settings)[1]


def jacobian(function: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """Return a function that gives all partial derivatives of a function: dy_i / dx_j.

    Parameters
    ----------
    function : callable
        Takes tensors, or lists, tuples and dicts of them; returns a tensor y, or lists, tuples and dicts of them.
    argnums : int or sequence of int
        With respect to which arguments x; several give a tuple for each y.

    Returns
    -------
    callable
        Has the form of what the function returns, and in the place of each y that of x: a tensor of shape ``y.shape +
        x.shape``, zeros where y does not depend on x.

    Raises
    ------
    TypeError, DtypeError
        When called: if the function returns no tensors, or one of them or an argument is no float.
    ShapeError
        When called, also while a function is traced: if the size of y is not known.

    Notes
    -----
    Its cost is one gradient for each element of y, as one program. For a function of many outputs and few inputs `jvp`
    is cheaper; for a product with a Jacobian that is not needed itself, `vjp` and `jvp` take one gradient and two.

    Examples
    --------
    >>> print(jacobian(lambda x: x[0] * x)([2.0, 3.0]))
    [[4. 0.]
     [3. 2.]]
    """
    return _all_partials("jacobian", function, argnums)


def hessian(function: Callable[..., Tensor], argnums: int = 0) -> Callable[..., Tensor]:
    """Return a function that gives the matrix of second derivatives of a scalar function.

    Parameters
    ----------
    function : callable
        Takes tensors and returns a scalar tensor.
    argnums : int
        With respect to which argument x.

    Returns
    -------
    callable
        A tensor of shape ``x.shape + x.shape``; its cost is one gradient for each element of x.

    Examples
    --------
    >>> print(hessian(lambda x: (x * x * x).sum())([1.0, 2.0]))
    [[ 6.  0.]
     [ 0. 12.]]
    """
    return _all_partials("hessian", grad(function, argnums), argnums)


def vjp(function: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., tuple[Any, ...]]]:
    """Return the value of a function, and a function that multiplies a vector by its Jacobian from the left.

    pull(v) = v' J, J_ij = dy_i / dx_j: backpropagation of v, at the cost of one gradient.

    Parameters
    ----------
    function : callable
        Takes tensors, or lists, tuples and dicts of them; returns a tensor, or lists, tuples and dicts of them.
    *primals : tensors, or lists, tuples and dicts of them
        Its arguments x.

    Returns
    -------
    value
        What the function returned, y.
    pull : callable
        Takes v, of the form and shapes of y, and returns a tuple: for each argument what has its form and shapes. It
        may be called any number of times.

    Raises
    ------
    TypeError, DtypeError, ShapeError
        If an argument is no float, the function returns no floats, or v has not the form and shapes of y.

    Examples
    --------
    >>> value, pull = vjp(lambda x, y: x * y, [1.0, 2.0], 3.0)
    >>> print(value, *pull([1.0, 10.0]))
    [3. 6.] [ 3. 30.] 21.0
    """
    with _ran("vjp", function, primals, range(len(primals)), {}) as (chosen, value):
        _check_outputs("vjp", value)
        nodes = [y.node for y in leaves(value)]  # as they are now: who looks at a tensor later lets it forget
        sources = map_leaves(lambda x: of_node(x.node, x.is_symbolic), chosen)

    def _pull(vector: Any) -> tuple[Any, ...]:
        starts = [v.node for v in _matched("vjp: the vector", value, vector)]
        return _pulled(list(zip(nodes, starts, strict=True)), sources)

    return value, _pull


def jvp(function: Callable[..., Any], primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    """Return the value of a function, and its derivative in a direction: its Jacobian times a vector.

    J t = d/ds f(x + s t) at s = 0, J_ij = dy_i / dx_j.

    Parameters
    ----------
    function : callable
        As for `vjp`.
    primals : sequence
        Its arguments x.
    tangents : sequence
        The direction t: for each argument what has its form and shapes.

    Returns
    -------
    value, derivative
        What the function returned, and what has its form and shapes.

    Raises
    ------
    TypeError, DtypeError, ShapeError
        If an argument is no float, the function returns no floats, or t has not the form and shapes of x.

    Notes
    -----
    v' J is linear in v, and its derivative by v in the direction t is J t: so two gradients give it, and operations
    need no rule for it. What the first of them would compute with v is not computed.

    References
    ----------
    Christianson, "Automatic Hessians by reverse accumulation", 1992; Townsend, "A new trick for calculating Jacobian
    vector products", 2017.

    Examples
    --------
    >>> value, derivative = jvp(lambda x, y: x * y, ([1.0, 2.0], 3.0), ([1.0, 0.0], 1.0))
    >>> print(value, derivative)
    [3. 6.] [4. 2.]
    """
    for name, each in (("primals", primals), ("tangents", tangents)):
        if not isinstance(each, list | tuple):
            raise TypeError(f"jvp: {name} is {_form_of(each)}. Give a tuple, an entry for each argument: (x,), (t,).")
    with _ran("jvp", function, primals, range(len(primals)), {}) as (chosen, value):
        _check_outputs("jvp", value)
        direction = list(_matched("jvp: tangents", chosen, tuple(tangents)))
        sources = [x.node for x in leaves(chosen)]

        def of_output(y: Tensor) -> Tensor:
            v = _separate("jvp", of_node(zeros_like(y.node), y.is_symbolic)).node
            slopes = gradient(y.node, sources, v)
            moved = [(slope * t.node).sum() for slope, t in zip(slopes, direction, strict=True) if slope is not None]
            found = gradient(sum(moved[1:], start=moved[0]), [v])[0] if moved else None
            return of_node(zeros_like(y.node) if found is None else found, y.is_symbolic)

        return value, map_leaves(of_output, value)


def _all_partials(caller: str, function: Callable[..., Any], argnums: int | Sequence[int]) -> Callable[..., Any]:
    """Do what `jacobian` does, for who is called so in messages."""

    def _jacobian(*args: Any, **settings: Any) -> Any:
        with _ran(caller, function, args, argnums, settings) as (chosen, value):
            _check_outputs(caller, value)

            def of_output(y: Tensor) -> Any:
                if not all(isinstance(size, int) for size in y.node.shape):
                    raise ShapeError(f"{caller}: the function returned shape {y.shape}. Its size must be known.")
                flat = y.reshape(-1)
                rows = [_pulled([(flat[element].node, None)], chosen) for element in range(len(flat))]
                sources = list(leaves(chosen))
                columns = zip(*map(leaves, rows), strict=True) if rows else [()] * len(sources)
                parts = (_stacked(column, y, x) for column, x in zip(columns, sources, strict=True))
                result = like(chosen, parts)
                return result[0] if isinstance(argnums, int) else result

            return map_leaves(of_output, value)

    return _jacobian


@contextmanager
def _ran(
    caller: str, function: Callable[..., Any], args: Sequence[Any], argnums: int | Sequence[int], settings: Any
) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Give the arguments that are chosen, as tensors which nothing else uses, and what a function makes of all.

    What is looked at meanwhile keeps its history.
    """
    wanted = _absolute([argnums] if isinstance(argnums, int) else argnums, len(args), caller)
    with GradientTape(persistent=True) as tape:
        fresh = [
            map_leaves(lambda value: _separate(caller, value), arg) if place in wanted else arg
            for place, arg in enumerate(args)
        ]
        try:
            yield tuple(fresh[place] for place in wanted), function(*fresh, **settings)
        finally:
            drop_history(tape)


def _pulled(outputs: Sequence[tuple[Node, Node | None]], sources: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return the gradient of outputs, each with what its own gradient is taken to be, with the form of the sources."""
    flat = list(leaves(sources))
    sums: list[Node | None] = [None] * len(flat)
    for y, start in outputs:
        for place, part in enumerate(gradient(y, [x.node for x in flat], start)):
            before = sums[place]
            sums[place] = part if before is None else before if part is None else before + part
    filled = (zeros_like(x.node) if part is None else part for x, part in zip(flat, sums, strict=True))
    is_symbolic = any(x.is_symbolic for x in flat)
    found: tuple[Any, ...] = like(sources, (of_node(part, is_symbolic) for part in filled))
    return found


def _stacked(rows: Sequence[Tensor], y: Tensor, x: Tensor) -> Tensor:
    """Return the gradients of the elements of y by x as one tensor."""
    shape = (*known(y.node.shape), *x.node.shape)
    if not rows:
        return of_node(ops.broadcast_to(ops.constant(0, y.dtype), shape), y.is_symbolic)
    return of_node(ops.stack([row.node for row in rows]).reshape(shape), y.is_symbolic)


def _check_outputs(caller: str, value: Any) -> None:
    """Check that a function returned tensors of floats."""
    for y in leaves(value):
        if not isinstance(y, Tensor):
            raise TypeError(f"{caller}: the function returned {y!r}. It must return tensors.")
        if y.dtype.kind != "f":
            raise DtypeError(f"{caller}: the function returned {y.dtype.name}. It must return floats.")


def _matched(what: str, form: Any, given: Any) -> Iterator[Tensor]:
    """Yield what is given for each leaf of some form, as tensors of its shape and dtype."""
    if isinstance(form, Tensor):
        tensor = given if isinstance(given, Tensor) else Tensor(given)
        if tensor.node.shape != form.node.shape:
            raise ShapeError(f"{what}: got shape {tensor.shape} for {form.shape}. Give the same shape.")
        yield of_node(ops.cast(tensor.node, form.dtype), tensor.is_symbolic)
        return
    if isinstance(form, dict):
        if not isinstance(given, dict) or given.keys() != form.keys():
            raise TypeError(f"{what}: got {_form_of(given)} for {_form_of(form)}. Give the same form.")
        form, given = list(form.values()), [given[key] for key in form]
    if not isinstance(given, list | tuple) or len(given) != len(form):
        raise TypeError(f"{what}: got {_form_of(given)} for {_form_of(form)}. Give the same form.")
    for one, other in zip(form, given, strict=True):
        yield from _matched(what, one, other)


def _form_of(value: Any) -> str:
    """Return what messages call lists, tuples, dicts and others."""
    kind = type(value).__name__
    if isinstance(value, dict):
        return f"a dict of {', '.join(map(repr, value))}"
    return f"a {kind} of {len(value)}" if isinstance(value, list | tuple) else f"a {kind}"


def _separate(caller: str, value: Any) -> Tensor:
    """Return a tensor equal to `value` whose node is used nowhere else."""
    tensor = value if isinstance(value, Tensor) else Tensor(value)
    if tensor.dtype.kind != "f":
        raise DtypeError(f"{caller}: the argument {value!r} is {tensor.dtype.name}. Give a float, as in 3.0 for 3.")
    return lift(lambda node: build(OPS["reshape"], (node,), {"shape": node.shape}))(tensor)


def _absolute(argnums: Iterable[int], count: int, caller: str) -> list[int]:
    """Return the places of arguments, counted from the first."""
    try:
        places = [index(place) for place in argnums]
    except TypeError:
        raise TypeError(
            f"{caller}: argnums={argnums!r}. Give the place of an argument, an int from 0, or a tuple of such."
        ) from None
    for place in places:
        if not -count <= place < count:
            raise ValueError(f"{caller}: argnums={place} with {count} arguments. Give the place of an argument.")
    return [place % count for place in places]
