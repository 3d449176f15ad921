"""What may be set in the playground, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from feedforward.labs.errors import LabError
from feedforward.labs.playground.data import KINDS
from feedforward.labs.playground.features import FEATURES
from feedforward.labs.playground.optimizing import OPTIMIZERS, SCHEDULES
from feedforward.labs.settings import Choice, Flag, Many, Number, Text, Whole, changed, control

__all__ = [
    "ACTIVATIONS",
    "CHANGED",
    "COMPILED",
    "MOST_CLASSES",
    "MOST_LAYERS",
    "MOST_POINTS",
    "PENALTIES",
    "SPEEDS",
    "VIEWS",
    "WEIGHT",
    "Settings",
    "with_change",
]

MOST_POINTS, MOST_CLASSES, MOST_LAYERS, _MOST_UNITS = 2000, 10, 10, 64

ACTIVATIONS = (
    "tanh",
    "relu",
    "sigmoid",
    "linear",
    "leaky_relu",
    "elu",
    "selu",
    "gelu",
    "softplus",
    "softsign",
    "swish",
    "mish",
)

COMPILED = ("optimizer", "schedule", "schedule_epochs")
"""Settings whose change makes another optimizer."""

PENALTIES = ("penalty", "penalty_rate")
CHANGED = (*COMPILED, *PENALTIES, "batch_size", "loss", "learning_rate", "dropout")
"""Settings whose change keeps epoch and weights, and has a part in what follows."""

VIEWS = ("show_test", "discretised", "speed")
"""Settings that change nothing but what is seen. With another of the rest, a run begins anew."""

WEIGHT = Number(-1000, 1000)
"""What a weight may be set to."""

SPEEDS = {"slow": 10.0, "steady": 60.0, "quick": 500.0, "full": float("inf")}
"""Epochs a second that are shown, at most."""


@dataclass(frozen=True)
class Settings:
    """What the page's controls say."""

    data: str = control(Choice(KINDS), "circle", "data")
    points: int = control(Whole(20, MOST_POINTS), 500, "data")
    noise: float = control(Number(0, 50), 0.0, "data")
    train_share: int = control(Whole(10, 90), 50, "data")
    batch_size: int = control(Whole(1, MOST_POINTS), 10, "data")
    features: tuple[str, ...] = control(Many(Choice(tuple(FEATURES)), len(FEATURES)), ("x1", "x2"))
    formula: str = control(Text(200), "")
    layers: tuple[int, ...] = control(Many(Whole(1, _MOST_UNITS), MOST_LAYERS), (4, 2))
    activations: tuple[str, ...] = control(Many(Choice(ACTIVATIONS), MOST_LAYERS), ("tanh", "tanh"))
    loss: str = control(Choice(("squared", "cross_entropy")), "squared", "training")
    optimizer: str = control(Choice(tuple(OPTIMIZERS)), "sgd", "training")
    learning_rate: float = control(Number(1e-5, 10, is_log=True), 0.03, "training")
    schedule: str = control(Choice(tuple(SCHEDULES)), "constant", "training")
    schedule_epochs: int = control(Whole(1, 10_000), 100, "training")
    penalty: str = control(Choice(("none", "l1", "l2")), "none", "training")
    penalty_rate: float = control(Number(0, 10, is_log=True), 0.001, "training")
    dropout: float = control(Number(0, 0.9), 0.0, "training")
    batch_norm: bool = control(Flag(), False, "training")
    speed: str = control(Choice(tuple(SPEEDS)), "steady", "training")
    show_test: bool = control(Flag(), False)
    discretised: bool = control(Flag(), False)
    seed: int = control(Whole(0, 2**31 - 1), 0)

    def __post_init__(self) -> None:
        if not self.features and not self.formula.strip():
            raise LabError("no_features")
        if len(self.activations) != len(self.layers):
            raise LabError("wrong_activations", length=len(self.activations), layers=len(self.layers))
        if len(set(self.features)) < len(self.features):
            raise LabError("feature_twice")

    @property
    def penalties(self) -> tuple[float, float]:
        """The rates of the two penalties, L1 and L2."""
        return (self.penalty_rate * (self.penalty == "l1"), self.penalty_rate * (self.penalty == "l2"))


def with_change(settings: Settings, name: str, value: Any) -> Settings:
    """Return settings with one changed, and those changed that must follow.

    A new layer has the activation of the one before it; features keep their order.

    Raises
    ------
    LabError
        If there is no such setting, or it cannot be that.
    """
    if name == "layers":
        sizes = Settings.__dataclass_fields__[name].metadata["control"].check(name, value)
        last = settings.activations[-1:] or ("tanh",)
        activations = (settings.activations + last * len(sizes))[: len(sizes)]
        return replace(settings, layers=sizes, activations=activations)
    if name == "features":
        chosen = Settings.__dataclass_fields__[name].metadata["control"].check(name, value)
        value = [feature for feature in FEATURES if feature in chosen]
    return changed(settings, name, value)
