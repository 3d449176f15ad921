"""The optimizers and schedules of the playground, each as a call: the lab makes it, a script shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import feedforward as ff

__all__ = ["OPTIMIZERS", "SCHEDULES", "Call", "optimizer_of"]


@dataclass(frozen=True)
class Call:
    """A class of the package and what it is called with.

    Parameters
    ----------
    path : str
        Its name behind ``ff.``.
    arguments : tuple of Call or float
        What it is given first.
    settings : tuple of (str, float or bool)
        What it is given by name.
    """

    path: str
    arguments: tuple[Any, ...] = ()
    settings: tuple[tuple[str, Any], ...] = ()

    def make(self) -> Any:
        """Return what the call returns."""
        found: Any = ff
        for name in self.path.split("."):
            found = getattr(found, name)
        given = [one.make() if isinstance(one, Call) else one for one in self.arguments]
        return found(*given, **dict(self.settings))

    def __str__(self) -> str:
        given = [str(one) if isinstance(one, Call) else repr(one) for one in self.arguments]
        named = [f"{name}={value!r}" for name, value in self.settings]
        return f"ff.{self.path}({', '.join([*given, *named])})"


OPTIMIZERS: dict[str, tuple[str, dict[str, Any]]] = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "adagrad": ("Adagrad", {}),
    "rmsprop": ("RMSprop", {}),
    "adadelta": ("Adadelta", {}),
    "adam": ("Adam", {}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "adamw": ("AdamW", {}),
    "adamax": ("Adamax", {}),
    "nadam": ("Nadam", {}),
}
"""Class and settings by the name of the choice.

Not among them: Ftrl and DualAveraging, which compute the weights from a sum of gradients and so would undo an edit;
SVRG, which needs whole epochs; FullMatrixAdagrad, whose matrices grow with the square of a layer.
"""

SCHEDULES = (
    "constant",
    "step",
    "exponential",
    "inverse_time",
    "inverse_square_root",
    "linear",
    "cosine",
    "cosine_restarts",
    "one_cycle",
    "warmup",
)


def _rate(schedule: str, rate: float, steps: int) -> Call | float:
    """Return the learning rate: a schedule in which `steps` is the time of a fall, of the whole way or of the rise."""
    path = "optimizers.schedules."
    match schedule:
        case "step":
            return Call(path + "ExponentialDecay", (rate, steps, 0.5), (("staircase", True),))
        case "exponential":
            return Call(path + "ExponentialDecay", (rate, steps, 0.5))
        case "inverse_time":
            return Call(path + "InverseTimeDecay", (rate, steps, 1.0))
        case "inverse_square_root":
            return Call(path + "InverseSquareRootDecay", (rate, steps))
        case "linear":
            return Call(path + "PolynomialDecay", (rate, steps, 0.0))
        case "cosine":
            return Call(path + "CosineDecay", (rate, steps))
        case "cosine_restarts":
            return Call(path + "CosineDecayRestarts", (rate, steps))
        case "one_cycle":
            return Call(path + "OneCycle", (rate, max(steps, 4)))  # its rise, 0.3 of it, takes more than a step
        case "warmup":
            return Call(path + "Warmup", (rate, steps))
        case _:
            return rate


def optimizer_of(name: str, schedule: str, rate: float, steps: int) -> Call:
    """Return the call that makes an optimizer.

    Parameters
    ----------
    name, schedule : str
        One of `OPTIMIZERS` and of `SCHEDULES`.
    rate : float
        The learning rate; the first or the largest of a schedule.
    steps : int
        Batches after which a schedule has halved the rate, has done its way, or has risen, at least 1.
    """
    kind, settings = OPTIMIZERS[name]
    return Call(f"optimizers.{kind}", (_rate(schedule, rate, steps),), tuple(settings.items()))
