"""The tables that models and histories print, as text and for notebooks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from feedforward import ops
from feedforward.graph.dimension import Dimension, evaluate, product
from feedforward.graph.node import Node, Shape
from feedforward.nn.layer import LayerCall
from feedforward.notebook import table_html
from feedforward.tensor import symbolic
from feedforward.tracing import trace
from feedforward.training.network import Network

__all__ = ["summary_text", "summary_html", "history_text", "history_html", "counted", "number_text"]

_TITLES = ("Layer (type)", "Output shape", "Parameters", "Multiply-adds")
_MOST_EPOCHS = 20
"""Epochs of a history that are shown; of more the first and the last."""


def summary_text(name: str, network: Network) -> str:
    """Return a table with a row for each call of a layer: name and kind, output shape, parameters, multiply-adds.

    Multiply-adds are those of the layer's products, and of sums of products, for one sample: what its time depends on
    most.
    """
    rows = _layer_rows(network)
    widths = [max(map(len, column)) for column in zip(_TITLES, *rows, strict=True)]
    rule = "  ".join("─" * width for width in widths)
    lines = [f"Model: {name}", rule, _line(_TITLES, widths), rule, *(_line(row, widths) for row in rows), rule]
    return "\n".join([*lines, _totals(network)])


def summary_html(name: str, network: Network) -> str:
    """Return the same table for a notebook."""
    return table_html(f"Model: {name}", _TITLES, _layer_rows(network), _totals(network))


def history_text(epochs: Sequence[int], numbers: Mapping[str, Sequence[float]]) -> str:
    """Return a table with a row for each epoch, counted from 1 as progress does; of many the first and the last.

    Parameters
    ----------
    epochs : sequence of int
        The epochs, counted from 0.
    numbers : mapping of str to sequence of float
        The loss and each metric, one number an epoch.

    Examples
    --------
    >>> print(history_text([0, 1], {"loss": [2.0, 0.5], "accuracy": [0.25, 1.0]}))
    epoch    loss  accuracy
        1  2.0000    0.2500
        2  0.5000    1.0000
    """
    rows = [["epoch", *numbers], *_epoch_rows(epochs, numbers)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return "\n".join("  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in rows)


def history_html(epochs: Sequence[int], numbers: Mapping[str, Sequence[float]]) -> str:
    """Return the same table for a notebook."""
    return table_html(counted(len(epochs), "epoch"), ["epoch", *numbers], _epoch_rows(epochs, numbers))


def counted(count: int, noun: str) -> str:
    """Return a number of things: ``1 layer``, ``1,200 layers``."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def number_text(value: float) -> str:
    """Return a loss or metric with four decimals, or four significant digits where they would not do."""
    return f"{value:.4f}" if value == 0 or 1e-3 <= abs(value) < 1e5 else f"{value:.4g}"


def _layer_rows(network: Network) -> list[tuple[str, str, str, str]]:
    rows = [(f"{node.attrs['name']} (Input)", _shape(node.shape), "0", "0") for node in network.inputs]
    seen: set[int] = set()
    for node, output in network.calls.items():
        layer = output.call.layer
        count = 0 if id(layer) in seen else layer.count_params()
        seen.add(id(layer))
        work = _multiply_adds(output.call) if output.place == 0 else 0
        rows.append(
            (
                f"{layer.name} ({type(layer).__name__})",
                _shape(node.shape),
                f"{count:,}",
                "?" if work is None else f"{work:,}",
            )
        )
    return rows


def _multiply_adds(call: LayerCall) -> int | None:
    """Return the multiply-adds of the products in a call for one sample; None where they depend on other sizes."""
    inputs = [
        symbolic(ops.placeholder(node.shape, node.dtype, f"input_{place}")) for place, node in enumerate(call.inputs)
    ]
    program = trace(lambda *tensors: call.again(tensors, False), inputs).program
    shapes = [_multiplied(node) for node in program.nodes]
    try:
        work = [evaluate(product(shape), {"batch": 1}) for shape in shapes if shape is not None]
    except KeyError:  # a size that is known when it runs
        return None
    return sum(size for size in work if isinstance(size, int))


def _totals(network: Network) -> str:
    total = sum(layer.count_params() for layer in network.layers)
    trained = sum(weight.size for layer in network.layers for weight in layer.trainable_weights)
    size = sum(weight.size * weight.dtype.itemsize for layer in network.layers for weight in layer.weights)
    return f"Parameters: {total:,} ({trained:,} trainable, {total - trained:,} not), {_bytes_text(size)}"


def _multiplied(node: Node) -> Shape | None:
    """Return the shape of what a node multiplies and adds up; None of one that does not."""
    if node.op.kind == "contraction":
        return (*node.shape, node.inputs[0].shape[-2 if node.attrs["transpose_x"] else -1])
    is_sum = node.op.name == "sum" and node.inputs[0].op.name == "multiply"  # as of a depthwise convolution
    return node.inputs[0].shape if is_sum else None


def _bytes_text(count: int) -> str:
    """Return a number of bytes in the unit that shows it best.

    Examples
    --------
    >>> _bytes_text(900), _bytes_text(3_186_312)
    ('900 bytes', '3.19 MB')
    """
    if count < 1000:
        return counted(count, "byte")
    unit = next(unit for unit in (1, 2, 3, 4) if count < 1000 ** (unit + 1) or unit == 4)
    return f"{count / 1000**unit:.3g} {'kMGT'[unit - 1]}B"


def _epoch_rows(epochs: Sequence[int], numbers: Mapping[str, Sequence[float]]) -> list[list[str]]:
    rows = [
        [f"{epoch + 1}", *(number_text(values[place]) if place < len(values) else "" for values in numbers.values())]
        for place, epoch in enumerate(epochs)
    ]
    half = _MOST_EPOCHS // 2
    return rows if len(rows) <= _MOST_EPOCHS else [*rows[:half], ["…"] * (1 + len(numbers)), *rows[-half:]]


def _shape(shape: tuple[object, ...]) -> str:
    sizes = ", ".join("None" if isinstance(size, Dimension) else str(size) for size in shape)
    return f"({sizes})"


def _line(cells: Sequence[str], widths: list[int]) -> str:
    first, second, *numbers = map(str.ljust, cells, widths)
    return "  ".join([first, second, *map(str.rjust, map(str.strip, numbers), widths[2:])]).rstrip()
