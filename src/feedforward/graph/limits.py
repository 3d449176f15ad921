"""How much a graph from elsewhere may ask for: elements of a value, and work, before any of it is allocated or begun.

A few lines of a file can describe a value that no machine holds. A user who writes such a program means it, and the
system answers; a file is asked first.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from feedforward.errors import LimitError
from feedforward.graph.node import Node, count_known, shape_text

MAX_ELEMENTS = 2**26
"""Elements of a value in a model from a file, unless `load` is told otherwise: 256 MiB of float32."""

_MOST_COMPUTED, _MOST_MULTIPLIED = 64, 1024
"""One run of a program may cost so many times as many additions, and multiplications in products: some seconds."""

_PER_NUMBER_FED = 16
"""So many elements are fair for each number that is fed: hidden layers are wider than what goes in."""


def check_elements(nodes: Iterable[Node], most: int, fed: Sequence[Node] = ()) -> None:
    """Check that nodes compute no more than they may; a size not known yet is taken as 1, to be looked at again.

    Parameters
    ----------
    nodes : iterable of Node
        The graph.
    most : int
        Elements of one value. All together may cost 64 times as many additions, and products 1,024 times as many.
    fed : sequence of Node
        Placeholders for what the user feeds: who feeds much may get much.

    Raises
    ------
    LimitError
        If they compute more.
    """
    most = max(most, _PER_NUMBER_FED * sum(count_known(node.shape) for node in fed))
    computed = multiplied = 0
    for node in nodes:
        count = count_known(node.shape)
        if count > most:
            raise LimitError(
                f"{node.op.name}: a value of shape {shape_text(node.shape)}, in a model from a file, has more elements "
                f"than the {most:,} it may have. If you trust the file, load it with max_elements={_power(count)}."
            )
        computed += count * node.op.cost
        multiplied += count * _terms(node)
    for word, done, limit in (
        ("additions", computed, _MOST_COMPUTED * most),
        ("multiplications", multiplied, _MOST_MULTIPLIED * most),
    ):
        if done > limit:
            raise LimitError(
                f"one run of a program of a model from a file costs about {done:,} {word}, more than the {limit:,} it "
                f"may. If you trust the file, load it with max_elements={_power(-(-most * done // limit))}."
            )


def _terms(node: Node) -> int:
    """Return of how many terms an element is the sum, where these are no elements of a value themselves."""
    if node.op.kind == "contraction":
        return count_known((node.inputs[0].shape[-2 if node.attrs["transpose_x"] else -1],))
    if node.op.reduce is not None and node.op.reduce.over is not None:
        return math.prod(node.op.reduce.over(*node.inputs, **node.attrs))
    return 0


def _power(number: int) -> str:
    """Return a power of two that is no less than a number."""
    return f"2**{max(number - 1, 1).bit_length()}"
