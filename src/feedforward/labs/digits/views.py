"""What a run has, as the page draws it: curves, bands, weights as pictures."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward.labs.digits.run import Point, Run

__all__ = ["bands_of", "curves_of", "weights_of"]


def curves_of(run: Run, latest: Point) -> dict[str, NDArray[np.float64]]:
    """Return the curves, each shape (t,), with the latest point at their end."""
    points = run.curves if latest.step == run.curves[-1].step else [*run.curves, latest]
    return {name: np.array([getattr(point, name) for point in points], np.float64) for name in vars(latest)}


def bands_of(run: Run, index: int, is_present: bool) -> dict[str, Any]:
    """Return the quantiles of a layer's weights and biases over time, shapes (t, 9); with those of now if asked for."""
    bands = list(run.bands)
    if is_present and bands[-1][0] != run.step:
        bands.append((run.step, run.quantiles()))
    return {
        "step": np.array([step for step, _ in bands], np.float64),
        "weights": np.array([layers[index][0] for _, layers in bands], np.float32),
        "biases": np.array([layers[index][1] for _, layers in bands], np.float32),
    }


def weights_of(run: Run, index: int) -> dict[str, Any]:
    """Return a layer's weights as pictures.

    Of a layer that sees the image there is one for each unit, of a convolution one for each pair of channels, a row for
    each that comes in; of any other layer there is one in all, a row for each input.

    Returns
    -------
    dict
        ``tiles`` (uint8, shape (n, height, width)): 128 is 0, 255 is ``scale``, 1 is minus ``scale``; ``columns``: how
        many tiles a row has; ``kind``: ``"units"``, ``"filters"`` or ``"matrix"``.
    """
    kernel = run.kernel(index).numpy()
    if kernel.ndim == 4:
        kind, tiles = "filters", kernel.transpose(2, 3, 0, 1).reshape(-1, *kernel.shape[:2])
        columns = kernel.shape[3]
    elif len(kernel) == run.data.side**2:
        kind, tiles = "units", kernel.T.reshape(-1, run.data.side, run.data.side)
        columns = min(len(tiles), 20)
    else:
        kind, tiles, columns = "matrix", kernel[None], 1
    scale = float(np.abs(kernel).max())
    bytes_ = np.round(tiles * (127 / scale if scale else 0.0)) + 128
    return {"kind": kind, "tiles": bytes_.astype(np.uint8), "columns": columns, "scale": scale, "shape": kernel.shape}
