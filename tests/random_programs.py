"""Random programs for tests: inputs and steps drawn from a seed, in our operations and in JAX's.

Oracles stand in the test files that use it.
"""

import itertools

import jax
import jax.numpy as jnp
import numpy as np

from feedforward import ops
from feedforward.graph.node import reachable


def shapes_of(long, short):
    """Return the shapes of a program's values; few, because JAX compiles each operation once a shape."""
    return [(), (long,), (1, long), (short, long), (long, short), (short, 1, long)]


GAP = 1e-3
"""No comparison is closer than this, so that rounding decides none."""

LARGEST = 50.0
"""No value grows beyond this."""


def apart(*values):
    """Return whether no two numbers, one of each array, at the same place are closer than `GAP`."""
    return all(np.all(np.abs(a - b) > GAP) for a, b in itertools.combinations(values, 2))


def top_apart(x, axes):
    """Return whether the largest along axes is the only one so large, and the smallest the only one so small."""
    moved = np.moveaxis(x, axes, range(len(axes))).reshape(-1, *(n for i, n in enumerate(x.shape) if i not in axes))
    ordered = np.sort(moved, axis=0)
    return len(ordered) < 2 or (apart(ordered[0], ordered[1]) and apart(ordered[-1], ordered[-2]))


def broadcasts(*shapes):
    """Return the shape to which shapes broadcast, or None."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        return None


class Choice:
    """The dice of one step, and the values it may look at; a step gives up by returning None."""

    def __init__(self, rng, values, sizes):
        self.rng, self.values, self.sizes = rng, values, sizes
        self.shapes = shapes_of(*sizes)

    def one(self, choices):
        return choices[self.rng.integers(len(choices))]

    def operand(self, accept=lambda x: True):
        """Return the place of a value that `accept` takes, or None."""
        places = [i for i, x in enumerate(self.values) if accept(x)]
        return self.one(places) if places else None

    def axes(self, ndim):
        return tuple(int(a) for a in np.flatnonzero(self.rng.random(ndim) < 0.5)) if ndim else ()


# Each step: (operands, our function, JAX's function), or None where it cannot be taken.

SMOOTH = {
    "sin": (ops.sin, jnp.sin),
    "cos": (ops.cos, jnp.cos),
    "tanh": (ops.tanh, jnp.tanh),
    "erf": (ops.erf, jax.scipy.special.erf),
    "negative": (lambda x: -x, lambda x: -x),
    "square": (ops.square, jnp.square),
    "exp": (lambda x: ops.exp(ops.tanh(x)), lambda x: jnp.exp(jnp.tanh(x))),
    "expm1": (lambda x: ops.expm1(ops.sin(x)), lambda x: jnp.expm1(jnp.sin(x))),
    "log": (lambda x: ops.log(x * x + 0.5), lambda x: jnp.log(x * x + 0.5)),
    "log1p": (lambda x: ops.log1p(x * x), lambda x: jnp.log1p(x * x)),
    "sqrt": (lambda x: ops.sqrt(x * x + 0.5), lambda x: jnp.sqrt(x * x + 0.5)),
    "sigmoid": (lambda x: 1.0 / (1.0 + ops.exp(-x)), lambda x: 1.0 / (1.0 + jnp.exp(-x))),
    "stop": (lambda x: x + ops.stop_gradient(x), lambda x: x + jax.lax.stop_gradient(x)),
    "whole": (lambda x: x.astype("float64").astype(x.dtype), lambda x: x),
}


def smooth(choice):
    return [choice.operand()], *SMOOTH[choice.one(list(SMOOTH))]


def scaled(choice):
    factor, term = float(choice.rng.uniform(-2, 2)), float(choice.rng.uniform(-1, 1))
    return [choice.operand()], lambda x: term - factor * x, lambda x: term - factor * x


def kinked(choice):
    place = choice.operand(lambda x: apart(x, 0.0) and apart(x, 1.0) and apart(x, np.round(x)))
    if place is None:
        return None
    ours, theirs = choice.one(
        [
            (abs, jnp.abs),
            (lambda x: ops.maximum(x, 0.0), lambda x: jnp.maximum(x, 0.0)),
            (lambda x: ops.clip(x, 0.0, 1.0), lambda x: jnp.clip(x, 0.0, 1.0)),
            (lambda x: x - ops.floor(x), lambda x: x - jnp.floor(x)),
            (lambda x: x * ops.sign(x), lambda x: x * jnp.sign(x)),
            (lambda x: ops.where(x > 0.0, x, 0.1 * x), lambda x: jnp.where(x > 0.0, x, 0.1 * x)),
        ]
    )
    return [place], ours, theirs


def two(choice):
    first = choice.operand()
    second = choice.operand(lambda y: broadcasts(choice.values[first].shape, y.shape) in choice.shapes)
    return [first, second]


BINARY = {
    "add": (lambda x, y: x + y, lambda x, y: x + y),
    "subtract": (lambda x, y: x - y, lambda x, y: x - y),
    "multiply": (lambda x, y: x * y, lambda x, y: x * y),
    "divide": (lambda x, y: x / (y * y + 0.5), lambda x, y: x / (y * y + 0.5)),
    "power": (lambda x, y: (x * x + 0.5) ** ops.tanh(y), lambda x, y: (x * x + 0.5) ** jnp.tanh(y)),
}

CHOOSING = {
    "maximum": (ops.maximum, jnp.maximum),
    "minimum": (ops.minimum, jnp.minimum),
    "less": (lambda x, y: ops.where(x < y, x * 2.0, y), lambda x, y: jnp.where(x < y, x * 2.0, y)),
    "logical": (
        lambda x, y: ops.where(ops.logical_or(x >= y, ops.logical_not(x > 0.5)), x, y * 3.0),
        lambda x, y: jnp.where((x >= y) | ~(x > 0.5), x, y * 3.0),
    ),
    "both": (
        lambda x, y: ops.where(ops.logical_and(ops.not_equal(x, y), y <= x), x * y, y),
        lambda x, y: jnp.where((x != y) & (y <= x), x * y, y),
    ),
    "cast": (
        lambda x, y: x * (x > y).astype(x.dtype) + y,
        lambda x, y: x * (x > y).astype(x.dtype) + y,
    ),
}


def binary(choice):
    return two(choice), *BINARY[choice.one(list(BINARY))]


def choosing(choice):
    places = two(choice)
    x, y = (choice.values[place] for place in places)
    if places[0] == places[1] or not (apart(x, y) and apart(x, 0.5)):
        return None
    return places, *CHOOSING[choice.one(list(CHOOSING))]


def reduction(choice):
    keepdims = bool(choice.rng.integers(2))
    place = choice.operand()
    x = choice.values[place]
    axes = choice.axes(x.ndim)
    names = ["sum", "mean", "logsumexp"] + ["max", "min"] * bool(top_apart(x, axes))
    name = choice.one(names)
    theirs = jax.scipy.special.logsumexp if name == "logsumexp" else getattr(jnp, name)
    return (
        [place],
        lambda x: getattr(ops, name)(x, axes, keepdims),
        lambda x: theirs(x, axis=axes, keepdims=keepdims) if axes else (x if name != "logsumexp" else x + 0.0),
    )


def highest(choice):
    place = choice.operand(lambda x: x.ndim and top_apart(x, (x.ndim - 1,)))
    if place is None:
        return None
    depth = choice.values[place].shape[-1]
    return (
        [place],
        lambda x: x * ops.one_hot(ops.argmax(x, -1), depth, x.dtype),
        lambda x: x * jax.nn.one_hot(jnp.argmax(x, -1), depth, dtype=x.dtype),
    )


def movement(choice):
    place = choice.operand()
    x = choice.values[place]
    shapes = [shape for shape in choice.shapes if np.prod(shape) == x.size]
    wider = [shape for shape in choice.shapes if len(shape) >= x.ndim and broadcasts(x.shape, shape) == shape]
    shape, wide = choice.one(shapes), choice.one(wider)
    order, axes = tuple(int(i) for i in choice.rng.permutation(x.ndim)), choice.axes(x.ndim)
    ours, theirs = choice.one(
        [
            (lambda x: x.reshape(shape), lambda x: x.reshape(shape)),
            (lambda x: x.broadcast_to(wide), lambda x: jnp.broadcast_to(x, wide)),
            (lambda x: x.transpose(order), lambda x: jnp.transpose(x, order)),
            (lambda x: ops.flip(x, axes), lambda x: jnp.flip(x, axes)),
            (lambda x: ops.squeeze(x), lambda x: jnp.squeeze(x)),
        ]
    )
    return [place], ours, theirs


def some_slice(choice, size):
    step = choice.one([1, 1, 2, -1])
    if step < 0:
        return slice(None, None, -1)
    start = int(choice.rng.integers(size))
    return slice(start, int(choice.rng.integers(start + 1, size + 1)), step)


def indexed(choice):
    place = choice.operand(lambda x: x.ndim)
    if place is None:
        return None
    index = [some_slice(choice, size) for size in choice.values[place].shape]
    at = int(choice.rng.integers(len(index)))
    size = choice.values[place].shape[at]
    index[at] = choice.one(
        [index[at], int(choice.rng.integers(-size, size)), [int(i) for i in choice.rng.integers(size, size=3)]]
    )
    ours = tuple(index)
    theirs = tuple(np.array(item) if isinstance(item, list) else item for item in index)
    return [place], lambda x: x[ours], lambda x: x[theirs]


def padded(choice):
    place = choice.operand(lambda x: x.ndim == 1)
    if place is None:
        return None
    widths = [(1, 0)] if choice.rng.integers(2) else [(0, 1)]
    return [place], lambda x: ops.pad(x, widths, 0.5), lambda x: jnp.pad(x, widths, constant_values=0.5)


def joined(choice):
    first = choice.operand()
    second = choice.operand(lambda y: y.shape == choice.values[first].shape)
    axis = int(choice.rng.integers(max(choice.values[first].ndim, 1)))
    if choice.rng.integers(2):
        return [first, second], lambda x, y: ops.stack([x, y], axis), lambda x, y: jnp.stack([x, y], axis)
    if not choice.values[first].ndim:
        return None
    return [first, second], lambda x, y: ops.concatenate([x, y], axis), lambda x, y: jnp.concatenate([x, y], axis)


def gathered(choice):
    place = choice.operand(lambda x: x.ndim)
    if place is None:
        return None
    x = choice.values[place]
    axis = int(choice.rng.integers(x.ndim))
    rows = choice.rng.integers(0, x.shape[axis], choice.one([(), choice.sizes[1:], choice.sizes[:1]]))
    along = choice.rng.integers(0, x.shape[axis], x.shape)
    size = choice.sizes[0]
    targets = choice.rng.integers(0, size, x.shape[axis])

    def scattered(x):
        moved = jnp.moveaxis(x, axis, 0)
        return jnp.moveaxis(jnp.zeros((size, *moved.shape[1:]), x.dtype).at[targets].add(moved), 0, axis)

    ours, theirs = choice.one(
        [
            (lambda x: ops.take(x, rows, axis), lambda x: jnp.take(x, rows, axis)),
            (lambda x: ops.take_along_axis(x, along, axis), lambda x: jnp.take_along_axis(x, along, axis)),
            (lambda x: ops.scatter_add(x, targets, size, axis), scattered),
        ]
    )
    return [place], ours, theirs


def product(choice):
    first = choice.operand(lambda x: x.ndim)
    if first is None:
        return None
    is_x, is_y = (bool(flag) for flag in choice.rng.integers(2, size=2))

    def turned(x, swap):
        return jnp.swapaxes(x, -1, -2) if swap and x.ndim > 1 else x

    def shape_of(y):
        try:
            left, right = (
                np.swapaxes(z, -1, -2) if swap and z.ndim > 1 else z
                for z, swap in ((choice.values[first], is_x), (y, is_y))
            )
            return np.matmul(left, right).shape
        except ValueError:
            return None

    second = choice.operand(lambda y: y.ndim and shape_of(y) in choice.shapes)
    if second is None:
        return None
    return (
        [first, second],
        lambda x, y: ops.matmul(x, y, is_x, is_y),
        lambda x, y: jnp.matmul(turned(x, is_x), turned(y, is_y)),
    )


def windowed(choice):
    place = choice.operand(lambda x: x.ndim and x.shape[-1] >= 2)
    if place is None:
        return None
    stride, padding = choice.one([1, 2]), choice.one(["valid", "same"])

    def theirs(x):
        length = x.shape[-1]
        if padding == "same":  # a window of 2 lacks one element at the end, unless the stride leaves it out
            count = -(-length // stride)
            x = jnp.pad(x, [(0, 0)] * (x.ndim - 1) + [(0, max((count - 1) * stride + 2 - length, 0))])
        count = (x.shape[-1] - 2) // stride + 1
        columns = [x[..., offset : offset + (count - 1) * stride + 1 : stride] for offset in (0, 1)]
        return jnp.stack(columns, axis=-1).sum(-1) + columns[0] * columns[1]

    def ours(x):
        w = ops.windows(x, [2], [stride], axes=[-1], padding=padding)
        return w.sum(-1) + w[..., 0] * w[..., 1]

    return [place], ours, theirs


STEPS = [
    smooth,
    smooth,
    scaled,
    kinked,
    binary,
    binary,
    choosing,
    reduction,
    highest,
    movement,
    indexed,
    padded,
    joined,
]
STEPS += [gathered, product, windowed]


class RandomProgram:
    """Inputs and steps drawn from a seed.

    Parameters
    ----------
    seed : int
        A program is a function of it, and of the sizes.
    sizes : tuple of two ints
        The lengths that the axes of its values have.
    """

    def __init__(self, seed, sizes=(3, 2)):
        rng = np.random.default_rng(seed)
        shapes = shapes_of(*sizes)
        self.shapes = [shapes[i] for i in rng.integers(len(shapes), size=rng.integers(1, 4))]
        self.inputs = [rng.uniform(-2, 2, shape) for shape in self.shapes]
        self.steps = []
        values = list(self.inputs)
        for _ in range(int(rng.integers(2, 11))):
            step = STEPS[rng.integers(len(STEPS))](Choice(rng, values, sizes))
            if step is None:
                continue
            places, ours, theirs = step
            value = computed(ours(*(ops.constant(values[place]) for place in places)))
            if value.shape in shapes and np.max(np.abs(value), initial=0.0) < LARGEST:
                self.steps.append((places, ours, theirs))
                values.append(value)
        self.weights = [rng.uniform(-1, 1, value.shape) for value in values[-3:]]

    def nodes(self, dtype):
        """Return placeholders and the loss in our operations."""
        inputs = [ops.placeholder(shape, dtype, f"x{i}") for i, shape in enumerate(self.shapes)]
        values = list(inputs)
        for places, ours, _ in self.steps:
            values.append(ours(*(values[place] for place in places)))
        loss = ops.constant(np.zeros((), dtype))
        for weights, value in zip(self.weights, values[-3:], strict=True):
            loss = loss + (value * weights).sum()
        return inputs, loss

    def jax_loss(self, *inputs):
        values = list(inputs)
        for places, _, theirs in self.steps:
            values.append(theirs(*(values[place] for place in places)))
        return sum((value * weights).sum() for weights, value in zip(self.weights, values[-3:], strict=True))


def computed(node):
    values = {}
    for step in reachable([node]):
        values[step] = np.asarray(step.op.evaluate(*(values[source] for source in step.inputs), **step.attrs))
    return values[node]
