"""Figures: how to reach Matplotlib, which is asked for only when something is to be drawn."""

from __future__ import annotations

from typing import Any

__all__ = ["new_figure"]


def new_figure(caller: str, rows: int = 1, columns: int = 1, size: tuple[float, float] = (6.4, 4.0)) -> tuple[Any, Any]:
    """Return a figure and a grid of axes.

    Parameters
    ----------
    caller : str
        What messages begin with.
    rows, columns : int
        Of the grid.
    size : tuple of float
        Width and height, inches.

    Returns
    -------
    figure, axes
        Matplotlib's Figure, and an array of its Axes, shape (rows, columns).

    Raises
    ------
    ImportError
        If Matplotlib is missing.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            f"{caller}: Matplotlib is not installed. Install it with pip install 'feedforward-nn[plot]'."
        ) from error
    figure, axes = pyplot.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    return figure, axes
