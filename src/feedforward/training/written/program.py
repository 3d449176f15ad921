"""A network and its gradient as a text: a program in NumPy, or formulas. What stands in it is found in ``walk.py``."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from feedforward.graph.node import Shape
from feedforward.nn.optimizers import SGD
from feedforward.training.objectives import Objective
from feedforward.training.written.rules import Names, number, shape_of
from feedforward.training.written.walk import Page, Row, cannot

if TYPE_CHECKING:
    from feedforward.training.model import Model

__all__ = ["written"]

_FUNCTIONS = {
    "sigmoid": """\
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
""",
    "softmax": """\
def softmax(z, axis):
    powers = np.exp(z - z.max(axis, keepdims=True))  # no power overflows, and the quotient is the same
    return powers / powers.sum(axis, keepdims=True)
""",
    "log_softmax": """\
def log_softmax(z):
    z = z - z.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))
""",
    "normal_cdf": """\
def normal_cdf(z):
    return (1 + np.vectorize(math.erf)(z / np.sqrt(2))) / 2
""",
    "windows": """\
def windows(x, sizes, strides):
    seen = np.lib.stride_tricks.sliding_window_view(x, sizes, axis=(1, 2))
    return seen[:, :: strides[0], :: strides[1]]  # (n, rows, columns, channels, height, width)
""",
    "spread": """\
def spread(d_windows, shape, strides):
    dx = np.zeros(shape)  # each pixel adds up what it gets from the windows that hold it
    _, rows, columns, _, height, width = d_windows.shape
    for a in range(height):
        for b in range(width):
            bottom, right = a + rows * strides[0], b + columns * strides[1]
            dx[:, a : bottom : strides[0], b : right : strides[1]] += d_windows[..., a, b]
    return dx
""",
}
"""What lines of a program may call."""


_BEYOND_DESCENT = (
    "momentum",
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
    "use_ema",
    "learning_rate_factors",
)
"""Settings with which a step of `SGD` is another than w - r g."""


def written(model: Model, wanted: Sequence[Objective] | None, stage: str) -> str:
    """Return a model's loss and gradient, or, when it is not compiled, its prediction, written out layer by layer.

    Parameters
    ----------
    model : Model
        The model, whose network is described.
    wanted : sequence of Objective or None
        What is wanted of each output; None when the model is not compiled.
    stage : {"numpy", "formulas"}
        In which language: a program, or Markdown with a formula in LaTeX on each line.

    Raises
    ------
    ValueError
        If it has a layer, an activation, a loss or a regularizer that no rule writes out; names the first.
    """
    if wanted is not None and (len(wanted) > 1 or wanted[0].loss is None):
        raise cannot(f"a network with {len(wanted)} outputs, each with a loss of its own,", "one output with a loss")
    page = Page(model, None if wanted is None else wanted[0])
    return _numpy(model, page, wanted is not None) if stage == "numpy" else _formulas(model, page, wanted is not None)


def _numpy(model: Model, page: Page, is_training: bool) -> str:
    """Return the program."""
    body = [line for row in page.rows for line in _code(row)]
    calls = {name for name in _FUNCTIONS if re.search(rf"\b{name}\(", "\n".join(body))}
    given = ["weights", *(value.symbol.numpy for value in page.inputs)]
    arguments = ", ".join([*given, *(["y"] if is_training else []), *(["masks"] if page.masks else [])])
    shapes = "; ".join(f"{value.symbol.numpy}: {shape_of(value.shape)}" for value in page.inputs)
    if is_training:
        results = ["loss", "gradients"]
        body += ["", *_dict("gradients", {weight.path: weight.symbol.slope.numpy for weight in page.slopes})]
        if page.averages:
            results.append("averages")
            body += _dict("averages", {weight.path: weight.symbol.numpy for weight in page.averages})
        what = "the mean loss of n samples, and its derivative by each weight"
        if page.averages:
            what += "; and the running means after the step"
        name, returned = "loss_and_gradients", ", ".join(results)
    else:
        what, name = "what the network says of n samples", "predict"
        returned = ", ".join(value.symbol.numpy for value in page.outputs)
    text = [
        f'"""The network {Names().owner(str(model.name))} in NumPy; a row is a sample, shapes stand behind the lines.',
        "",
        'dW is the derivative of the loss by W, and delta that by the sums z."""',
        "",
        *(["import math", ""] if "normal_cdf" in calls else []),
        "import numpy as np",
        "",
        "",
        *(f"{code}\n" for function, code in _FUNCTIONS.items() if function in calls),
        f"def {name}({arguments}):",
        f'    """Return {what}.',
        "",
        f'    {shapes}."""',
        f"    n = len({page.inputs[0].symbol.numpy})",
        *(f"    {line}" if line else "" for line in body),
        "",
        f"    return {returned}",
        "",
    ]
    if is_training:
        text += ["", *_step(model)]
    return "\n".join(text)


def _code(row: Row) -> list[str]:
    """Return the lines of a program that a row is."""
    if row.is_heading:
        return ["", f"# {row.numpy}"]
    notes = [shape_of(row.shape)] if row.shape else []
    return ["  # ".join([row.numpy, ", ".join([*notes, *filter(None, [row.note])])]).removesuffix("  # ")]


def _dict(name: str, entries: dict[str, str]) -> list[str]:
    return [f"{name} = {{", *(f"    {json.dumps(key)}: {value}," for key, value in entries.items()), "}"]


def _rate(model: Model) -> float | None:
    """Return the learning rate of a model that trains by plain gradient descent; None of any other."""
    optimizer = model.optimizer
    if type(optimizer) is not SGD or any(getattr(optimizer, setting) for setting in _BEYOND_DESCENT):
        return None
    return float(optimizer.learning_rate) if isinstance(optimizer.learning_rate, float | int) else None


def _step(model: Model) -> list[str]:
    """Return the function that takes a step."""
    rate = _rate(model)
    default = "" if rate is None else f"={number(rate).numpy}"
    return [
        f"def step(weights, gradients, learning_rate{default}):",
        '    """Return the weights after a step of gradient descent."""',
        "    return weights | {path: weights[path] - learning_rate * dW for path, dW in gradients.items()}",
        "",
    ]


def _formulas(model: Model, page: Page, is_training: bool) -> str:
    """Return Markdown, each formula between dollar signs on a line of its own."""
    lines = [f"## The network {Names().owner(str(model.name))}: a row is a sample, n of them are a batch"]
    for row in page.rows:
        if row.is_heading:
            lines.append(f"### {row.numpy}")
        elif row.shape or not row.is_name:
            space = "" if row.is_name else r"\quad "
            of = rf" {space}\in \mathbb{{R}}^{{{_sizes(row.shape)}}}" if row.shape else ""
            lines.append(f"$$ {row.latex}{of} $$")
    if is_training:
        rate = _rate(model)
        lines.append("### a step of gradient descent, for each weight")
        eta = r"\eta" if rate is None else number(rate).latex
        lines.append(rf"$$ w \leftarrow w - {eta}\,\frac{{\partial L}}{{\partial w}} $$")
    return "\n\n".join(lines) + "\n"


def _sizes(shape: Shape) -> str:
    return r" \times ".join("n" if str(size) == "batch" else str(size) for size in shape)
