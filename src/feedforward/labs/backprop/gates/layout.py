"""Where the gates of a circuit stand and how the wires run: columns from left to right, few crossings, no overlaps.

The layered way (Sugiyama, Tagawa and Toda, 1981): every gate stands one column right of the last gate that it reads; a
wire over several columns gets a bend in each of those between, which takes part as a gate would; columns are put in
order by the mean places of their neighbours; then rows are found that keep the order and leave wires as straight as
can be.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from feedforward.labs.backprop.gates.gate import Gate

__all__ = ["Layout", "Wire", "lay_out"]

_SWEEPS = 12
_GATE_ROOM, _BEND_ROOM = 1.0, 0.7
"""How many rows lie between two gates, and between a bend and anything else."""

Spot = tuple[int, int]
"""A gate, or a bend of the wires that leave it: (gate, column)."""


@dataclass(frozen=True)
class Wire:
    """A wire from one gate into another.

    Parameters
    ----------
    source, target : int
        Which gates.
    operand : int
        Which operand of the target it is.
    points : tuple of (column, row)
        Where it begins, bends and ends.
    """

    source: int
    target: int
    operand: int
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class Layout:
    """Where all stands.

    Parameters
    ----------
    columns : tuple of int
        Of each gate, from 0 at the left.
    rows : tuple of float
        Of each gate, downwards from 0; neighbours in a column lie at least 1 apart.
    wires : tuple of Wire
        All wires, by target and operand.
    """

    columns: tuple[int, ...]
    rows: tuple[float, ...]
    wires: tuple[Wire, ...]


def lay_out(gates: Sequence[Gate]) -> Layout:
    """Return where the gates of a circuit stand."""
    columns: list[int] = []
    for gate in gates:
        columns.append(1 + max((columns[one] for one in gate.sources), default=-1))
    runs = _runs(gates, columns)
    ordered, links = _in_columns(gates, columns, runs)
    ordered = _untangled(ordered, links)
    rows = _rows(ordered, links, columns)
    wires = []
    for target, gate in enumerate(gates):
        for operand, source in enumerate(gate.operands):
            if isinstance(source, int):
                spots = [(source, column) for column in range(columns[source], columns[target])]
                points = [(float(spot[1]), rows[spot]) for spot in spots]
                wires.append(
                    Wire(source, target, operand, (*points, (float(columns[target]), rows[target, columns[target]])))
                )
    return Layout(tuple(columns), tuple(rows[spot] for spot in enumerate(columns)), tuple(wires))


def _runs(gates: Sequence[Gate], columns: Sequence[int]) -> list[int]:
    """Return up to which column the wires that leave each gate run beside others: the one before the last reader's."""
    runs = list(columns)
    for target, gate in enumerate(gates):
        for source in gate.sources:
            runs[source] = max(runs[source], columns[target] - 1)
    return runs


def _in_columns(
    gates: Sequence[Gate], columns: Sequence[int], runs: Sequence[int]
) -> tuple[list[list[Spot]], dict[Spot, set[Spot]]]:
    """Return the spots of each column, in the formula's order, and each spot's neighbours at the right."""
    ordered: list[list[Spot]] = [[] for _ in range(max(columns) + 1)]
    for index, column in enumerate(columns):
        for place in range(column, runs[index] + 1):
            ordered[place].append((index, place))
    links: dict[Spot, set[Spot]] = {spot: set() for column in ordered for spot in column}
    for index, column in enumerate(columns):
        for place in range(column, runs[index]):
            links[index, place].add((index, place + 1))
    for target, gate in enumerate(gates):
        for source in gate.sources:
            links[source, columns[target] - 1].add((target, columns[target]))
    return ordered, links


def _untangled(ordered: list[list[Spot]], links: Mapping[Spot, set[Spot]]) -> list[list[Spot]]:
    """Return the columns in an order in which few wires cross."""
    back = _turned(links)
    best, fewest = ordered, _crossings(ordered, links)
    ordered = [list(column) for column in ordered]
    for sweep in range(_SWEEPS):
        if not fewest:
            break
        is_forward = sweep % 2 == 0
        neighbours = back if is_forward else links
        for column in ordered if is_forward else reversed(ordered):
            column.sort(key=_mean_place(column, ordered, neighbours))
        found = _crossings(ordered, links)
        if found < fewest:
            best, fewest = [list(column) for column in ordered], found
    return best


def _mean_place(
    column: list[Spot], ordered: list[list[Spot]], neighbours: Mapping[Spot, set[Spot]]
) -> Callable[[Spot], float]:
    """Return a function that says where a spot of a column should be: amid its neighbours, else where it is."""
    places = {spot: place for members in ordered for place, spot in enumerate(members)}
    own = {spot: place for place, spot in enumerate(column)}
    return lambda spot: _mean([places[one] for one in neighbours[spot]], own[spot])


def _mean(numbers: Sequence[float], fallback: float) -> float:
    return sum(numbers) / len(numbers) if numbers else fallback


def _crossings(ordered: list[list[Spot]], links: Mapping[Spot, set[Spot]]) -> int:
    places = {spot: place for column in ordered for place, spot in enumerate(column)}
    count = 0
    for column in ordered:
        ends = [places[one] for spot in column for one in sorted(links[spot], key=places.__getitem__)]
        count += sum(after < before for place, before in enumerate(ends) for after in ends[place + 1 :])
    return count


def _turned(links: Mapping[Spot, set[Spot]]) -> dict[Spot, set[Spot]]:
    """Return each spot's neighbours at the left."""
    found: dict[Spot, set[Spot]] = {spot: set() for spot in links}
    for spot, nexts in links.items():
        for one in nexts:
            found[one].add(spot)
    return found


def _rows(ordered: list[list[Spot]], links: Mapping[Spot, set[Spot]], columns: Sequence[int]) -> dict[Spot, float]:
    """Return rows that keep the order, with room between; each spot is amid those that it reads, as near as can be."""
    back = _turned(links)
    rows = {spot: float(place) for column in ordered for place, spot in enumerate(column)}
    for sweep in range(_SWEEPS):
        is_forward = sweep % 2 == 1  # the last sweep is: chains of gates that read one thing are straight
        neighbours = back if is_forward else links
        for column in ordered if is_forward else reversed(ordered):
            wanted = [_mean([rows[one] for one in neighbours[spot]], rows[spot]) for spot in column]
            offsets = [0.0]
            for above, below in pairwise(column):
                are_gates = columns[above[0]] == above[1] and columns[below[0]] == below[1]
                offsets.append(offsets[-1] + (_GATE_ROOM if are_gates else _BEND_ROOM))
            # With the room taken away, "at least so far apart" is "never decreasing".
            level = _never_decreasing([one - offset for one, offset in zip(wanted, offsets, strict=True)])
            rows.update(zip(column, (one + offset for one, offset in zip(level, offsets, strict=True)), strict=True))
    top = min(rows.values())
    return {spot: row - top for spot, row in rows.items()}


def _never_decreasing(wanted: Iterable[float]) -> list[float]:
    """Return the numbers nearest to those wanted, by squares, that never decrease: neighbours that would are pooled."""
    pools: list[tuple[float, int]] = []
    for one in wanted:
        total, count = one, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            before = pools.pop()
            total, count = total + before[0], count + before[1]
        pools.append((total, count))
    return [total / count for total, count in pools for _ in range(count)]
