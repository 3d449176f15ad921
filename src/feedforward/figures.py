"""Figures and frames: how to reach Matplotlib, pandas and polars, asked for only when they are needed."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["new_figure", "new_frame", "new_grid"]


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
    except ImportError:
        raise ImportError(
            f"{caller}: Matplotlib is not installed. Install it with pip install 'feedforward-nn[plot]'."
        ) from None
    figure, axes = pyplot.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    if "inline" in pyplot.get_backend():  # a notebook shows what is returned, and what is left open once more
        pyplot.close(figure)
    return figure, axes


def new_grid(
    caller: str, count: int, size: tuple[float, float], room: tuple[float, float] = (0.0, 0.0)
) -> tuple[Any, list[Any]]:
    """Return a figure for so many pictures, about as many beside as below each other, and axes for each, not shown.

    Parameters
    ----------
    caller : str
        What messages begin with.
    count : int
        How many pictures.
    size, room : tuple of float
        Width and height of one, and what the figure has beside them, inches.

    Raises
    ------
    ImportError
        If Matplotlib is missing.
    """
    columns = max(1, math.ceil(math.sqrt(count)))
    rows = max(1, -(-count // columns))
    figure, axes = new_figure(caller, rows, columns, (size[0] * columns + room[0], size[1] * rows + room[1]))
    for axis in axes.flat:
        axis.set_axis_off()
    return figure, list(axes.flat)[:count]


def new_frame(caller: str, columns: Mapping[str, Sequence[float]]) -> Any:
    """Return columns as a data frame of pandas, or if that is not installed, of polars.

    Raises
    ------
    ImportError
        If neither is installed.
    """
    try:
        import pandas

        return pandas.DataFrame(columns)
    except ImportError:
        pass
    try:
        import polars

        return polars.DataFrame(columns)
    except ImportError:
        raise ImportError(
            f"{caller}: neither pandas nor polars is installed. Install one with pip install pandas."
        ) from None
