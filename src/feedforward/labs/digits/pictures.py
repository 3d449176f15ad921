"""The digits that the lab learns from: MNIST's where this machine has them, else those that the package holds.

Nothing is ever downloaded here: a lecture room has no time to wait for it, and a page must not cause it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

import feedforward as ff
from feedforward.labs.errors import LabError

__all__ = ["SHOWN", "Pictures", "pictures"]

Images = NDArray[np.uint8]

SHOWN = 1000
"""How many test digits the page shows, and the curves are measured on."""


@dataclass(frozen=True)
class Pictures:
    """Digits to learn from, and others to be tested with.

    Parameters
    ----------
    name : str
        What the data set is called: ``"mnist"`` or ``"digits"``.
    largest : int
        The largest value of a pixel.
    x, y : uint8 arrays, shapes (n, side, side) and (n,)
        Images and their digits, to learn from.
    x_test, y_test : uint8 arrays
        The same, to test with; the page shows the first 1,000.
    """

    name: str
    largest: int
    x: Images
    y: Images
    x_test: Images
    y_test: Images

    @property
    def side(self) -> int:
        """Pixels of a side."""
        return int(self.x.shape[1])


@cache
def pictures(name: str) -> Pictures:
    """Return a data set, read once.

    Raises
    ------
    LabError
        If it is MNIST, and this machine does not have it, or has it damaged.
    """
    row = replace(ff.datasets.find(name), mirrors=())  # without mirrors a file that is not here is no download
    try:
        (x, y), (x_test, y_test) = row.read(row)
    except ff.errors.DataError as error:
        raise LabError("no_mnist", reason=str(error)) from error
    return Pictures(name, row.largest, x, y, x_test, y_test)
