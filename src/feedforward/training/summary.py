"""The table that `Model.summary` prints."""

from __future__ import annotations

from feedforward.graph.dimension import Dimension
from feedforward.training.network import Network


def summary_text(name: str, network: Network) -> str:
    """Return a table with a row for each call of a layer: name and kind, output shape, number of parameters."""
    rows = [(f"{node.attrs['name']} (Input)", _shape(node.shape), "0") for node in network.inputs]
    seen: set[int] = set()
    for node, call in network.calls.items():
        count = 0 if id(call.layer) in seen else call.layer.count_params()
        seen.add(id(call.layer))
        rows.append((f"{call.layer.name} ({type(call.layer).__name__})", _shape(node.shape), f"{count:,}"))
    titles = ("Layer (type)", "Output shape", "Parameters")
    widths = [max(len(row[column]) for row in [titles, *rows]) for column in range(3)]
    rule = "  ".join("─" * width for width in widths)
    total = sum(layer.count_params() for layer in network.layers)
    trained = sum(weight.numpy().size for layer in network.layers for weight in layer.trainable_weights)
    lines = [f"Model: {name}", rule, _line(titles, widths), rule, *(_line(row, widths) for row in rows), rule]
    lines.append(f"Parameters: {total:,} ({trained:,} trainable, {total - trained:,} not)")
    return "\n".join(lines)


def _shape(shape: tuple[object, ...]) -> str:
    sizes = ", ".join("None" if isinstance(size, Dimension) else str(size) for size in shape)
    return f"({sizes})"


def _line(cells: tuple[str, str, str], widths: list[int]) -> str:
    return f"{cells[0]:<{widths[0]}}  {cells[1]:<{widths[1]}}  {cells[2]:>{widths[2]}}".rstrip()
