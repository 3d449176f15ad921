"""The playground's run: points, a network, steps."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.labs.lab import Lab, action
from feedforward.labs.settings import Choice, Number, Whole, control


@dataclass(frozen=True)
class Settings:
    """What the page's controls say."""

    noise: float = control(Number(0, 50), 0.0, "data")
    batch_size: int = control(Whole(1, 500), 10, "data")
    activation: str = control(Choice(("tanh", "relu", "sigmoid", "linear")), "tanh", "training")
    learning_rate: float = control(Number(1e-5, 10, is_log=True), 0.03, "training")
    seed: int = control(Whole(0, 2**31 - 1), 0)


class Playground(Lab):
    """See the folder's docstring."""

    Settings = Settings

    def __init__(self, settings: Any, saved: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings, saved)
        self._begin()

    def _begin(self) -> None:
        random = np.random.default_rng(self.settings.seed)
        radius = np.concatenate([random.uniform(0, 2.5, 250), random.uniform(3.5, 5, 250)])
        angle = random.uniform(0, 2 * np.pi, 500)
        self.x = np.stack([radius * np.sin(angle), radius * np.cos(angle)], 1)
        self.y = np.where(radius < 3, 1.0, -1.0)[:, None]
        ff.set_seed(self.settings.seed)
        self.model = ff.Sequential(
            [
                ff.Input((2,), dtype="float64"),
                ff.layers.Dense(4, activation=self.settings.activation),
                ff.layers.Dense(2, activation=self.settings.activation),
                ff.layers.Dense(1, activation="tanh"),
            ]
        )
        self.model.compile(ff.optimizers.SGD(self.settings.learning_rate), "mean_squared_error")
        line = np.linspace(-6, 6, 50)
        self.grid = np.stack(np.meshgrid(line, line[::-1]), -1).reshape(-1, 2)
        self.epoch = 0
        self.curve: list[float] = []

    @action()
    def play(self) -> None:
        """Train until paused."""
        self.is_playing = True

    @action()
    def pause(self) -> None:
        """Stop training."""
        self.is_playing = False

    @action()
    def reset(self) -> None:
        """Begin again with the same weights."""
        self._begin()

    def advance(self, seconds: float) -> None:
        """See `Lab`."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            history = self.model.fit(self.x, self.y, batch_size=self.settings.batch_size, epochs=1, verbose=0)
            self.epoch += 1
            self.curve.append(history.history["loss"][0])

    def frame(self) -> dict[str, Any]:
        """See `Lab`."""
        return {
            "epoch": self.epoch,
            "loss": np.array(self.curve),
            "output": self.model.predict(self.grid, verbose=0).reshape(50, 50).astype(np.float32),
            "points": np.concatenate([self.x, self.y], 1).astype(np.float32),
        }
