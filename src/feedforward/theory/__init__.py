"""Theory that runs: what is proven of networks, called and looked at.

Here: networks that are made so that a theorem holds of them, what is counted and measured of any network, and the
bounds beside it; each with its proof or its source, and a picture by ``plot()``. Not here: what trains a network.
"""

from typing import TYPE_CHECKING

from feedforward.lookup import namespace
from feedforward.theory.approximation import Approximation, Curve, SupremumError, approximate, supremum_error
from feedforward.theory.bounds import PieceBounds, piece_bounds
from feedforward.theory.chain import make_network
from feedforward.theory.depth import ShallowFit, fit_sawtooth, sawtooth
from feedforward.theory.pieces import LinePieces, PlaneRegions, linear_pieces, linear_regions
from feedforward.theory.signals import GradientNorms, gradient_norms
from feedforward.theory.single import (
    Inseparable,
    Mistakes,
    Zigzag,
    inseparable,
    merged,
    mistakes_by_margin,
    xor_network,
    zigzag,
)
from feedforward.theory.surfaces import SurfaceApproximation, approximate_surface

__all__ = [
    "approximate",
    "Approximation",
    "approximate_surface",
    "SurfaceApproximation",
    "Curve",
    "supremum_error",
    "SupremumError",
    "linear_pieces",
    "LinePieces",
    "linear_regions",
    "PlaneRegions",
    "piece_bounds",
    "PieceBounds",
    "sawtooth",
    "fit_sawtooth",
    "ShallowFit",
    "gradient_norms",
    "GradientNorms",
    "merged",
    "make_network",
    "inseparable",
    "Inseparable",
    "xor_network",
    "mistakes_by_margin",
    "Mistakes",
    "zigzag",
    "Zigzag",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.theory", __all__)
