"""How much a graph from elsewhere may ask for: elements of a value, and work, before any of it is allocated or begun.

A few lines of a file can describe a value that no machine holds. A user who writes such a program means it, and the
system answers; a file is asked first.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from feedforward.errors import LimitError
from feedforward.graph.node import Node, count_known, shape_text

__all__ = ["MAX_ELEMENTS", "check_elements", "check_entries"]

MAX_ELEMENTS = 2**26
"""Elements of a value in a model from a file, unless `load` is told otherwise: 256 MiB of float32."""

_MOST_COMPUTED, _MOST_MULTIPLIED = 64, 1024
"""One run of a program may cost so many times as many additions, and multiplications in products: some seconds."""

_PER_NUMBER_FED = 512
"""So many elements are fair for each number that is fed: the windows of an image, for 64 filters, say."""

_ELEMENTS_PER_NODE, _ELEMENTS_PER_ENTRY, _ELEMENTS_PER_MATRIX = 12_000, 2**15, 2**16
"""A program may have a node, a file an entry of its graph, and a product a matrix, for so many elements that are
allowed: by default 5,592 nodes, 2,048 entries and 1,024 matrices. What they take is time to compile."""


def check_entries(count: int, most: int) -> None:
    """Check how many layers, or calls and operations, a network in a file has, where values may have `most` elements.

    Raises
    ------
    LimitError
        If there is more than one for each 32,768.
    """
    _check_count(count, "layers, or calls and operations", most, _ELEMENTS_PER_ENTRY)


def check_elements(nodes: Sequence[Node], most: int, fed: Sequence[Node] = ()) -> None:
    """Check that nodes compute no more than they may; a size not known yet is taken as 1, to be looked at again.

    Parameters
    ----------
    nodes : sequence of Node
        The graph.
    most : int
        Elements of one value. All together may cost 64 times as many additions, and products 1,024 times as many
        multiplications. There may be a node for each 12,000, and a product of two matrices for each 65,536.
    fed : sequence of Node
        Placeholders for what the user feeds: who feeds much may get much.

    Raises
    ------
    LimitError
        If they compute more.
    """
    matrices = sum(count_known(node.shape[:-2]) for node in nodes if node.op.kind == "contraction")
    _check_count(len(nodes), "operations in one program", most, _ELEMENTS_PER_NODE)
    _check_count(matrices, "matrices multiplied in one program", most, _ELEMENTS_PER_MATRIX)
    most = max(most, _PER_NUMBER_FED * sum(count_known(node.shape) for node in fed))
    computed = multiplied = 0
    for node in nodes:
        count = count_known(node.shape)
        if count > most:
            raise LimitError(
                f"{node.op.name}: a value of shape {shape_text(node.shape)}, in a model from a file, has more elements "
                f"than the {most:,} it may have. {_advice(count)}"
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
                f"may. {_advice(-(-most * done // limit))}"
            )


def _terms(node: Node) -> int:
    """Return of how many terms an element is the sum, where these are no elements of a value themselves."""
    if node.op.kind == "contraction":
        return count_known((node.inputs[0].shape[-2 if node.attrs["transpose_x"] else -1],))
    if node.op.reduce is not None and node.op.reduce.over is not None:
        return math.prod(node.op.reduce.over(*node.inputs, **node.attrs))
    return 0


def _check_count(count: int, what: str, most: int, elements: int) -> None:
    """Check a number of things of which there may be one for so many elements that are allowed; fewer are no help."""
    limit = max(most, MAX_ELEMENTS) // elements
    if count > limit:
        raise LimitError(
            f"a model from a file has {count:,} {what}, which take long to compile: more than the {limit:,} it may "
            f"have. {_advice(count * elements)}"
        )


def _advice(elements: int) -> str:
    """Return the end of a message: what allows so many elements, as a power of two."""
    return f"If you trust the file, load it with max_elements=2**{max(elements - 1, 1).bit_length()}."
