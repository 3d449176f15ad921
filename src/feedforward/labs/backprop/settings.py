"""The controls of the lab, and which of them go together."""

from __future__ import annotations

from dataclasses import dataclass

from feedforward.labs.backprop.network import Network
from feedforward.labs.errors import LabError
from feedforward.labs.settings import Choice, Flag, Number, Whole, control

__all__ = ["MOST_EXAMPLES", "MOST_PARAMETERS", "SHAPES", "Settings", "check_together", "network_of"]

SHAPES = ("2-1", "2-2-1", "2-2-2", "2-3-1", "2-3-2", "3-3-2", "1-1-1-1", "2-2-2-1", "2-2-2-2-1")
"""Units of each layer, the inputs first: small enough that every number can be read."""

MOST_EXAMPLES = 4

MOST_PARAMETERS = 32
"""More weights and biases than any of the shapes has."""


@dataclass(frozen=True)
class Settings:
    """What the page's controls say."""

    view: str = control(Choice(("network", "expression")), "network")
    shape: str = control(Choice(SHAPES), "2-2-2", "network")
    activation: str = control(Choice(("sigmoid", "tanh", "relu", "linear")), "sigmoid", "network")
    output: str = control(Choice(("sigmoid", "tanh", "relu", "linear", "softmax")), "sigmoid", "network")
    loss: str = control(Choice(("squared", "cross_entropy")), "squared", "network")
    seed: int = control(Whole(0, 9999), 0, "network")
    examples: int = control(Whole(1, MOST_EXAMPLES), 1, "training")
    learning_rate: float = control(Number(0.001, 10, is_log=True), 0.5, "training")
    trains_biases: bool = control(Flag(), False, "training")
    example: int = control(Whole(1, MOST_EXAMPLES), 1, "show")
    pace: str = control(Choice(("unit", "layer")), "unit", "show")
    speed: float = control(Number(0.5, 500, is_log=True), 2.0, "show")
    span: float = control(Number(0.1, 50, is_log=True), 4.0)


def check_together(settings: Settings) -> None:
    """Check what no single control can.

    Raises
    ------
    LabError
        If the loss needs probabilities that the output does not give, a softmax has one unit, or an example is shown
        that there is not.
    """
    if settings.loss == "cross_entropy" and settings.output not in ("sigmoid", "softmax"):
        raise LabError("no_probabilities")
    if settings.output == "softmax" and settings.shape.endswith("-1"):
        raise LabError("softmax_of_one")
    if settings.example > settings.examples:
        raise LabError("no_example", example=settings.example, examples=settings.examples)


def network_of(settings: Settings) -> Network:
    """Return the network that the controls describe."""
    widths = tuple(int(part) for part in settings.shape.split("-"))
    return Network(widths, settings.activation, settings.output, settings.loss)
