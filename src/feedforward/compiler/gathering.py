"""The gradient of a convolution with respect to its image, as another convolution.

The rule of gradients makes of ``windows(x) @ k`` the product ``g @ k'``, a matrix as large as all windows, of which
`overlap_add` adds up what lies over each element of x. The same sums are those of a product with the windows of g, with
a border of zeros, and the kernel turned round. It writes each element once, and no matrix of windows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Sequence

from feedforward.compiler.loops import Expr, linear_terms, var
from feedforward.compiler.nests import loops_over
from feedforward.compiler.views import moved
from feedforward.graph.node import Node, known
from feedforward.ops.contraction import matmul
from feedforward.ops.shape import flip, pad
from feedforward.ops.window import windows

__all__ = ["gather_windows"]

_MOST_MORE = 2
"""So many times as many multiplications are worth it, for small images: the border is multiplied too."""


def gather_windows(uses: Counter[Node]) -> Callable[[Node], Node]:
    """``overlap_add(g @ k') -> windows(pad(g)) @ flipped(k)``, where nothing else in a program uses the product.

    With a stride s, the elements of x fall into s phases, each of which sees every s-th element of the kernel: these
    are further columns of the kernel's matrix, and their sums are put side by side::

        x[s*u + f] = sum over t of g[u - t] k[s*t + f]            f = 0 ... s - 1, t = 0 ... ceil(size / s) - 1

    Of a padded image, only what a slice leaves of it is computed: from the place z on, where k has z zeros in front, so
    that z + its first place is a multiple of s.
    """
    made: dict[Node, Node] = {}

    def gather(node: Node) -> Node:
        if node.op.name == "overlap_add":
            result = _gathered(node, uses, (0,) * node.ndim, known(node.shape))
            made[result] = node
            return result
        if node.op.name == "slice" and uses[node.inputs[0]] == 1 and set(node.attrs["steps"]) == {1}:
            whole = made.get(node.inputs[0])
            starts, sizes = known(node.attrs["starts"]), known(node.attrs["sizes"])
            if whole is not None and all(
                axis in whole.attrs["axes"] or size == sizes[axis] for axis, size in enumerate(whole.shape)
            ):
                result = _gathered(whole, uses, starts, sizes)
                return node if result is whole else result
        return node

    return gather


def _gathered(node: Node, uses: Counter[Node], starts: Sequence[int], ends: Sequence[int]) -> Node:
    """Return what is computed in place of an `overlap_add`, or of so many of its elements from some on; or itself."""
    source = node.inputs[0]
    shape, axes = known(source.shape), node.attrs["axes"]
    sizes, strides, lengths = node.attrs["sizes"], node.attrs["strides"], [ends[axis] for axis in node.attrs["axes"]]
    frames = tuple(range(node.ndim, source.ndim))
    variables = loops_over(shape)
    index = tuple(map(var, variables))
    if 0 in shape:
        return node
    while source.op.kind != "contraction":
        step = moved(source, index) if uses[source] == 1 else None
        if step is None:
            return node
        source, index = step
    places = {var(one): axis for axis, one in enumerate(variables) if one.size > 1}
    rows, columns = (_dense(one, places, shape) for one in index[-2:])
    if len(index) != 2 or uses[source] != 1 or rows is None or columns is None:
        return node
    if set(rows) & set(frames) or set(columns) & set(axes):
        return node
    # Axes of one element are anywhere: those of frames are columns, all others rows.
    columns += tuple(axis for axis in frames if axis not in columns)
    rows += tuple(axis for axis in range(node.ndim) if axis not in (*rows, *columns))
    zeros = [-starts[axis] % stride for axis, stride in zip(axes, strides, strict=True)]
    turns = [-(-(size + zero) // stride) for size, zero, stride in zip(sizes, zeros, strides, strict=True)]
    counts = [-(-length // stride) for length, stride in zip(lengths, strides, strict=True)]
    more = math.prod(counts) * math.prod(turns) * math.prod(strides)
    if more > _MOST_MORE * math.prod(shape[axis] for axis in (*axes, *frames)):
        return node

    g, kernel = source.inputs
    g = g.transpose() if source.attrs["transpose_x"] else g
    kernel = kernel if source.attrs["transpose_y"] else kernel.transpose()
    inner = g.shape[1]
    kept, channels = sorted(rows), [axis for axis in sorted(columns) if axis not in frames]

    # g with a border, seen through windows of `turns`: rows (*kept), columns (*turns, inner)
    g = g.reshape((*(shape[axis] for axis in rows), inner))
    g = g.transpose((*(rows.index(axis) for axis in kept), len(rows)))
    for axis, turn, count, zero, stride in zip(axes, turns, counts, zeros, strides, strict=True):
        first = (starts[axis] + zero) // stride - (turn - 1)
        g = _cut(g, kept.index(axis), first, first + count + turn - 1)
    g = windows(g, turns, axes=[kept.index(axis) for axis in axes])
    after = range(len(kept) + 1, g.ndim)
    g = g.transpose((*range(len(kept)), *after, len(kept)))
    left = g.reshape((math.prod(known(g.shape[: len(kept)])), math.prod(known(g.shape[len(kept) :]))))

    # the kernel, cut into `turns` of a stride each: rows (*turns, inner), columns (*strides, *channels)
    kernel = kernel.reshape((*(shape[axis] for axis in columns), inner))
    kernel = kernel.transpose((*(columns.index(axis) for axis in (*frames, *channels)), len(columns)))
    for axis, (zero, turn, stride) in enumerate(zip(zeros, turns, strides, strict=True)):
        kernel = _cut(kernel, axis, -zero, turn * stride - zero)
    parts = [one for pair in zip(turns, strides, strict=True) for one in pair]
    kernel = kernel.reshape((*parts, *(shape[axis] for axis in channels), inner))
    count = 2 * len(frames)
    kernel = flip(kernel, range(0, count, 2))
    order = (*range(0, count, 2), kernel.ndim - 1, *range(1, count, 2), *range(count, kernel.ndim - 1))
    kernel = kernel.transpose(order)
    right = kernel.reshape((left.shape[1], math.prod(strides) * math.prod(shape[axis] for axis in channels)))

    result = matmul(left, right).reshape((*g.shape[: len(kept)], *strides, *(shape[axis] for axis in channels)))
    return _side_by_side(result, kept, channels, axes, strides, lengths)


def _cut(x: Node, axis: int, first: int, end: int) -> Node:
    """Return what lies from `first` to before `end` along an axis; zeros where there is nothing."""
    size = known(x.shape)[axis]
    spans = [slice(None)] * axis + [slice(max(first, 0), min(end, size))]
    widths = [(0, 0)] * x.ndim
    widths[axis] = max(-first, 0), max(end - size, 0)
    inner = x[tuple(spans)]
    return pad(inner, widths) if any(widths[axis]) else inner


def _side_by_side(
    x: Node,
    kept: Sequence[int],
    channels: Sequence[int],
    axes: Sequence[int],
    strides: Sequence[int],
    lengths: Sequence[int],
) -> Node:
    """Return (*kept, *strides, *channels) with the phases of each axis side by side, and the axes in their order."""
    order: list[int] = []
    shape: list[int] = []
    ends: list[slice] = []
    sizes = known(x.shape)
    for axis in sorted((*kept, *channels)):
        at = kept.index(axis) if axis in kept else len(kept) + len(strides) + channels.index(axis)
        phase = axes.index(axis) if axis in axes else None
        order += [at] if phase is None else [at, len(kept) + phase]
        shape.append(sizes[at] * (1 if phase is None else strides[phase]))
        ends.append(slice(None) if phase is None else slice(0, lengths[phase]))
    return x.transpose(order).reshape(shape)[tuple(ends)]


def _dense(index: Expr, places: dict[Expr, int], shape: Sequence[int]) -> tuple[int, ...] | None:
    """Return the axes whose variables an index counts in row-major order; None if it does anything else."""
    terms = linear_terms(index)
    if any(factor not in places for factor in terms):
        return None
    ordered = sorted(terms.items(), key=lambda item: -item[1])
    step = 1
    for factor, by in reversed(ordered):
        if by != step:
            return None
        step *= shape[places[factor]]
    return tuple(places[factor] for factor, _ in ordered)
