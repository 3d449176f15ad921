"""Pictures of a model, drawn by Matplotlib: what it confuses, what its units weigh, and what they give."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import DataError, ShapeError
from feedforward.figures import new_figure, new_grid
from feedforward.graph.node import Array
from feedforward.nn.config import check_int
from feedforward.nn.layer import Layer
from feedforward.report.evaluation import Classification
from feedforward.report.of_model import evaluation_of
from feedforward.tensor import symbolic
from feedforward.training.model import Model

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["confusion_picture", "filters_picture", "activations_picture"]


def confusion_picture(model: Model, x: Any, y: Any, class_names: Sequence[str] | None) -> Figure:
    """Draw how many samples of each class (row) were taken for each (column); see `Model.plot_confusion_matrix`."""
    evaluation = evaluation_of(model, x, y, class_names, "plot_confusion_matrix")
    if not isinstance(evaluation, Classification):
        raise ShapeError(
            "plot_confusion_matrix: the model predicts a number, no class. Use report() to see its errors."
        )
    counts, names = evaluation.confusion, evaluation.class_names
    size = max(4.0, 0.45 * len(names) + 2.0)
    figure, axes = new_figure("plot_confusion_matrix", size=(size, size))
    axis = axes[0, 0]
    # Shares of each true class: otherwise a rare class, however confused, is pale.
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    axis.imshow(np.sqrt(shares), cmap="Blues", vmin=0, vmax=1)  # the root shows small shares, too
    for (row, column), count in np.ndenumerate(counts):
        if count:
            color = "white" if shares[row, column] > 0.3 else "black"
            axis.text(column, row, f"{count:,}", ha="center", va="center", color=color, fontsize=8)
    axis.set_xticks(range(len(names)), names, rotation=0 if max(map(len, names)) < 4 else 60)
    axis.set_yticks(range(len(names)), names)
    axis.set(xlabel="taken for", ylabel="class", title=f"{evaluation.right:,} of {len(evaluation.labels):,} right")
    return figure  # type: ignore[no-any-return]


def filters_picture(model: Model, name: str | None, count: int) -> Figure:
    """Draw the kernel of a layer, a picture for each unit; see `Model.plot_filters`."""
    check_int("plot_filters", "count", count, 1)
    layer = _layer(model, name, "plot_filters")
    kernel = getattr(layer, "kernel", None)
    if kernel is None:
        raise ValueError(f"plot_filters: layer {layer.name!r} has no kernel. Name one that has, such as a Dense layer.")
    weights: Array = kernel.numpy()
    units = np.moveaxis(weights, -1, 0)
    if units.ndim == 2:  # of a dense layer: one column of weights each
        units = units.reshape(len(units), *_as_image(units.shape[1], model))
    if units.ndim == 4:  # a picture for each input channel, unless these are red, green and blue
        units = units if units.shape[-1] == 3 else np.moveaxis(units, -1, 1).reshape(-1, *units.shape[1:3])
    return _grid(units[:count], "plot_filters", f"{layer.name}: {kernel.shape}")


def activations_picture(model: Model, x: Any, name: str | None, count: int) -> Figure:
    """Draw what a layer gives for samples; see `Model.plot_activations`."""
    check_int("plot_activations", "count", count, 1)
    layer = _layer(model, name, "plot_activations")
    inputs = model.network.inputs
    calls = [output for output in model.network.calls.values() if output.call.layer is layer]
    if not calls:
        raise ValueError(
            f"plot_activations: {model.name} has a call of its own, and nothing says where that calls {layer.name!r}. "
            f"Expected a Sequential or a Model(inputs, outputs): describe the network as one."
        )
    part = Model([symbolic(node) for node in inputs], calls[0].call.output(0))
    values = np.asarray(part.predict(x, verbose=0))
    if not len(values):
        raise DataError("plot_activations: there are no samples. Give at least one.")
    title = f"{layer.name}: {values.shape}"
    if values.ndim == 4 and len(values) == 1:
        is_first = getattr(layer, "data_format", None) == "channels_first"
        return _grid((values[0] if is_first else np.moveaxis(values[0], -1, 0))[:count], "plot_activations", title)
    figure, axes = new_figure("plot_activations", size=(8.0, min(8.0, 1.5 + 0.25 * len(values))))
    shown = values.reshape(len(values), -1)[:, :count]
    bound = float(np.abs(shown).max(initial=0)) or 1.0
    picture = axes[0, 0].imshow(shown, cmap="RdBu_r", vmin=-bound, vmax=bound, aspect="auto", interpolation="nearest")
    axes[0, 0].set(xlabel="unit", ylabel="sample", title=title)
    figure.colorbar(picture)
    return figure  # type: ignore[no-any-return]


def _layer(model: Model, name: str | None, caller: str) -> Layer:
    """Return a layer of the network by its name, or the first with a kernel."""
    if name is not None:
        return model.get_layer(name)
    for layer in model.layers:
        if getattr(layer, "kernel", None) is not None:
            return layer
    raise ValueError(f"{caller}: no layer of {model.name} has a kernel. Name the one to show.")


def _as_image(size: int, model: Model) -> tuple[int, ...]:
    """Return the shape of the image that so many numbers are: that of the input, a square, or a row."""
    given = [each for each in model.network.inputs[0].shape[1:] if isinstance(each, int)]
    if len(given) in (2, 3) and math.prod(given) == size and (len(given) == 2 or given[2] in (1, 3)):
        return tuple(given[:2] if given[-1] == 1 else given)
    side = math.isqrt(size)
    return (side, side) if side * side == size else (1, size)


def _grid(images: NDArray[Any], caller: str, title: str) -> Figure:
    """Draw images side by side, with one scale for all: blue below 0, red above; or their own colours."""
    figure, axes = new_grid(caller, len(images), (0.9, 0.9), (0.5, 0.8))
    bound = float(np.abs(images).max(initial=0)) or 1.0
    for axis, image in zip(axes, images, strict=True):
        shown = (image / bound + 1) / 2 if image.ndim == 3 else image
        axis.imshow(shown, cmap="RdBu_r", vmin=-bound, vmax=bound, interpolation="nearest")
    figure.suptitle(title, fontsize=10)
    return figure  # type: ignore[no-any-return]
