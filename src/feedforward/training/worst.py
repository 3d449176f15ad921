"""The samples with the largest loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import ShapeError
from feedforward.figures import new_grid
from feedforward.graph.node import Array
from feedforward.nn.config import check_int
from feedforward.training.data import check_data, check_finite
from feedforward.training.summary import number_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from feedforward.training.model import Model

__all__ = ["TopLosses", "top_losses"]


@dataclass(frozen=True, eq=False)
class TopLosses:
    """The samples with the largest loss, that first; what `Model.top_losses` returns.

    Parameters
    ----------
    rows : int64 array, shape (k,)
        Their rows among all samples.
    losses : float64 array, shape (k,)
        The loss of each.
    samples : array, shape (k, ...)
        What went into the network; of several inputs the first.
    targets, predictions : array, shape (k, ...)
        What should have come out, and what did.
    """

    rows: NDArray[np.int64]
    losses: NDArray[np.float64]
    samples: Array
    targets: Array
    predictions: Array

    def __repr__(self) -> str:
        lines = [
            f"row {row}: loss {number_text(float(loss))}, target {_shown(target)}, predicted {_shown(prediction)}"
            for row, loss, target, prediction in zip(
                self.rows, self.losses, self.targets, self.predictions, strict=True
            )
        ]
        return "\n".join(lines) or "no samples"

    def plot(self) -> Figure:
        """Return a picture of the samples, which are images.

        Raises
        ------
        ImportError
            If Matplotlib is missing.
        ShapeError
            If the samples are no images: of shape (h, w), or (h, w, c) with c 1 or 3.
        """
        images = self.samples
        if images.ndim == 4 and images.shape[-1] == 1:
            images = images[..., 0]
        if images.ndim != 3 and not (images.ndim == 4 and images.shape[-1] == 3):
            raise ShapeError(
                f"plot: samples of shape {self.samples.shape[1:]} are no images. Expected (height, width), with 1 or 3 "
                f"channels last; print the object instead."
            )
        figure, axes = new_grid("plot", len(images), (1.8, 2.2))
        low, high = (float(images.min()), float(images.max())) if images.size else (0.0, 1.0)
        for axis, image, loss, target, prediction in zip(
            axes, images, self.losses, self.targets, self.predictions, strict=True
        ):
            axis.imshow((image - low) / ((high - low) or 1.0), cmap="gray", vmin=0, vmax=1)
            axis.set_title(
                f"{_shown(target)} taken for {_shown(prediction)}\nloss {number_text(float(loss))}", fontsize=9
            )
        return figure  # type: ignore[no-any-return]


def _shown(value: Array) -> str:
    """Return a target or prediction in a few characters: of several numbers the place of the largest."""
    value = np.asarray(value).reshape(-1)
    if value.size == 1:
        return f"{value[0]:.4g}"
    return f"{int(value.argmax())}" if value.size else "nothing"


def top_losses(model: Model, x: Any, y: Any, count: int) -> TopLosses:
    """Return the samples with the largest loss; see `Model.top_losses`."""
    check_int("top_losses", "count", count, 1)
    samples = check_finite(model, check_data(model, x, y, None, "top_losses"), "top_losses")
    wanted = model.wanted("top_losses")
    if len(wanted) > 1:
        raise ShapeError(
            f"top_losses: the network has {len(wanted)} outputs. Expected one with a loss: ask a model of it, such as "
            f"Model(inputs, outputs[0])."
        )
    (target,) = samples.targets.values()
    (predictions,) = model.outputs_for(samples.inputs)
    losses = model.losses_for(samples)
    rows = np.argsort(-losses, kind="stable")[:count]
    return TopLosses(rows, losses[rows], samples.inputs[0][rows], target[rows], predictions[rows])
