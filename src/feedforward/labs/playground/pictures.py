"""What a frame shows of the network over the plane: a map of each neuron, of the output, and the gradients."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import feedforward as ff
from feedforward.labs.playground.data import Floats
from feedforward.labs.playground.features import feature_matrix
from feedforward.labs.playground.formula import Formula
from feedforward.labs.playground.run import Run

__all__ = ["COARSE", "FINE", "Pictures", "as_drawn", "grid"]

COARSE, FINE = 20, 60
"""Cells of a side of a neuron's map, and of the output's."""

_LARGEST = 1e30
"""What is drawn is float32."""


def grid(cells: int) -> Floats:
    """Return the centres of the cells of the plane from -6 to 6, row by row from the top, shape (cells^2, 2)."""
    line = -6 + 12 * (np.arange(cells) + 0.5) / cells
    across, up = np.meshgrid(line, line[::-1])
    return np.stack([across.ravel(), up.ravel()], 1)


def as_drawn(values: np.ndarray) -> npt.NDArray[np.float32]:
    """Return numbers as a page draws them: of a size that float32 has."""
    drawn: npt.NDArray[np.float32] = np.clip(np.nan_to_num(values), -_LARGEST, _LARGEST).astype(np.float32)
    return drawn


class Pictures:
    """Maps and gradients of one run, as its network is when they are asked for.

    Parameters
    ----------
    run : Run
        Of which.

    Raises
    ------
    LabError
        If a feature has no finite value somewhere in the plane.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.coarse, self.fine = (self._features(run.formulas, cells) for cells in (COARSE, FINE))
        self._network: Any = None

    def _features(self, formulas: dict[str, Formula], cells: int) -> Floats:
        return feature_matrix(formulas, grid(cells))

    def _follow(self) -> None:
        """Make the programs for the run's present network, if it has another one than last time."""
        run, network = self.run, self.run.network
        if self._network is network:
            return
        self._network = network

        @ff.function
        def units(inputs: Any) -> Any:
            return ff.concatenate(network.units(inputs), -1)

        @ff.function
        def gradients(inputs: Any, targets: Any) -> Any:
            with ff.GradientTape() as tape:
                loss = run.loss(targets, network.model(inputs))
            return tape.gradient(loss, [layer.kernel for layer in network.dense])

        self._units, self._gradients = units, gradients

    def maps(self) -> npt.NDArray[np.float32]:
        """Return every unit over the plane, layer by layer, the features first: shape (units, 20, 20)."""
        self._follow()
        values = np.concatenate([self.coarse, self._shown(self._units(self.coarse).numpy())], 1)
        return as_drawn(values.T.reshape(-1, COARSE, COARSE))

    def output(self) -> npt.NDArray[np.float32]:
        """Return what the network says over the plane: shape (outputs, 60, 60)."""
        return as_drawn(self.say(self.fine).T.reshape(-1, FINE, FINE))

    def say(self, inputs: Floats) -> Floats:
        """Return what the network says of some features, shape (n, outputs); two classes lie between -1 and 1."""
        said: Floats = self._shown(self.run.network.model.predict_on_batch(inputs))
        return said

    def unit(self, layer: int, index: int) -> npt.NDArray[np.float32]:
        """Return one unit over the plane, of layer 0, the features, or of a later one: shape (60, 60)."""
        if layer == 0:
            values = self.fine[:, index]
        else:
            self._follow()
            before = sum(len(bias) for bias in self.run.network.biases[: layer - 1])
            values = self._shown(self._units(self.fine).numpy())[:, before + index]
        return as_drawn(values.reshape(FINE, FINE))

    def gradients(self) -> list[Floats]:
        """Return the gradients of the mean loss of all training points, without penalties, by each kernel."""
        self._follow()
        run = self.run
        found = self._gradients(run.inputs[run.data.train], run.targets[run.data.train])
        return [np.clip(np.nan_to_num(one.numpy()), -1e300, 1e300) for one in found]

    def _shown(self, values: np.ndarray) -> np.ndarray:
        """Return what units say with the probability of the output between -1 and 1, as tanh has it."""
        if self.run.output != "sigmoid":
            return values
        return np.concatenate([values[:, :-1], 2 * values[:, -1:] - 1], 1)
