"""A long program cut into sections that run one after another, what one computes being fed to the next.

The time to compile a program grows faster than its length, that of its sections does not; and a Python loop of many
turns makes sections of one structure, which are compiled once. Where the cuts fall depends on the program alone.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from feedforward.graph.node import Node, build, origin_of
from feedforward.graph.op import OPS
from feedforward.graph.program import Program, structure

__all__ = ["Section", "cut"]

_ALIKE = 16
"""Of cuts that are as good, one behind equal operations is taken, so many of them: so turns of a loop are cut alike."""


@dataclass(frozen=True, eq=False)
class Section:
    """A section of a program.

    Parameters
    ----------
    program : Program
        What it computes; equal sections have one.
    inputs, outputs : tuple of Node
        The nodes of the whole program whose values go in and come out.
    done : tuple of Node
        Those that no later section needs.
    is_outside : bool
        Whether its operations have no native form.
    """

    program: Program
    inputs: tuple[Node, ...]
    outputs: tuple[Node, ...]
    done: tuple[Node, ...]
    is_outside: bool


def cut(program: Program, most: int) -> list[Section]:
    """Return a program as sections of at most so many operations, cut where few values are handed on.

    Operations without a native form are in sections of their own. Constants belong to each section that reads them.
    Takes time that grows with the number of nodes.
    """
    leaves = {*program.inputs, *program.variables}
    computed = [node for node in program.nodes if node.inputs and node not in leaves]
    levels = _levels(computed)
    computed.sort(key=levels.__getitem__)
    borders = [at for at in range(1, len(computed)) if levels[computed[at - 1]] != levels[computed[at]]]
    last_use = {source: position for position, node in enumerate(computed) for source in node.inputs}
    ends = [*program.outputs, *(value for _, value in program.updates)]
    last_use |= dict.fromkeys(ends, len(computed))
    made: dict[Hashable, Program] = {}
    sections = []
    start = 0
    for stop in _cuts(computed, last_use, most, [*borders, len(computed)]):
        part = computed[start:stop]
        nodes: dict[Node, None] = {}
        for node in part:  # in an order that is the same for equal sections, whenever their leaves were made
            nodes |= dict.fromkeys((*node.inputs, node))
        inside = set(part)
        given = [node for node in nodes if node not in inside and (node.inputs or node in leaves)]
        results = [node for node in part if last_use.get(node, -1) >= stop]
        key = structure(list(nodes), given, results)
        if key not in made:
            made[key] = _as_program(list(nodes), given, results)
        done = (node for node in given if last_use[node] < stop and node not in leaves)
        is_outside = bool(part) and not part[0].op.is_native
        sections.append(Section(made[key], tuple(given), tuple(results), tuple(done), is_outside))
        start = stop
    return sections


def _levels(computed: list[Node]) -> dict[Node, int]:
    """Return a number for each node, none below those of its inputs: odd for one without a native form.

    So what is native waits for such a node only where it needs it, and all of them come in as few sections as may be.
    """
    levels: dict[Node, int] = {}
    for node in computed:
        level = max((levels.get(source, 0) for source in node.inputs), default=0)
        levels[node] = level + 1 if level % 2 == node.op.is_native else level
    return levels


def _cuts(computed: list[Node], last_use: dict[Node, int], most: int, borders: list[int]) -> list[int]:
    """Return where sections end: at each of the borders, and between them."""
    handed_on = [0] * (len(computed) + 1)  # behind each position; first only by how much that changes
    for position, node in enumerate(computed):
        handed_on[position] += 1
        handed_on[last_use.get(node, position)] -= 1
    for position in range(1, len(computed)):
        handed_on[position] += handed_on[position - 1]
    names = [node.op.name for node in computed]
    cuts: list[int] = []
    for border in borders:
        while border - (start := cuts[-1] if cuts else 0) > most:
            positions = range(start + most - 1, start + most // 2 - 1, -1)
            fewest = min(handed_on[position] for position in positions)
            best = [position for position in positions if handed_on[position] == fewest]
            cuts.append(1 + min(best, key=lambda position: names[max(position - _ALIKE, 0) : position + 1]))
        cuts.append(border)
    return cuts


def _as_program(nodes: list[Node], given: list[Node], results: list[Node]) -> Program:
    """Return nodes as a program of their own that is fed the values of `given`."""
    leaf = OPS["placeholder"]
    new = {
        node: build(leaf, (), {"name": f"input_{number}", "shape": node.shape, "dtype": node.dtype})
        for number, node in enumerate(given)
    }
    inputs = tuple(new.values())
    for node in nodes:
        if node not in new:
            with origin_of(node):
                sources = tuple(new[source] for source in node.inputs)
                new[node] = build(node.op, sources, node.attrs) if sources else node
    return Program(inputs, (), tuple(new[node] for node in results))
