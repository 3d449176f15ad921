"""The lab: one update of a small network after another, each step of it forwards and back; beside it a circuit."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.labs.backprop.gates import Circuit, GateActions
from feedforward.labs.backprop.network import Array, Network
from feedforward.labs.backprop.presets import PRESETS, data_of, fitted_targets, weights_of
from feedforward.labs.backprop.script import script_of
from feedforward.labs.backprop.settings import (
    MOST_EXAMPLES,
    MOST_PARAMETERS,
    Settings,
    check_together,
    network_of,
)
from feedforward.labs.backprop.state import LARGEST, LARGEST_DATA, MOST_KEPT, State, read_state
from feedforward.labs.backprop.steps import Step, ends_of_phases, next_position, previous_position, steps_of
from feedforward.labs.backprop.update import Update
from feedforward.labs.errors import LabError
from feedforward.labs.lab import Lab, action
from feedforward.labs.settings import Choice, Number, Whole, changed

__all__ = ["Backprop"]

_PARAMETER = Whole(0, MOST_PARAMETERS - 1)
_EXAMPLE = Whole(0, MOST_EXAMPLES - 1)
_UNIT = Whole(0, 3)
_DATUM = Number(-LARGEST_DATA, LARGEST_DATA)
_WEIGHT = Number(-LARGEST, LARGEST)

_KEPT_BY_PRESETS = "view", "pace", "speed", "span"
"""Settings of the page, which a preset leaves as they are."""


class Backprop(GateActions, Lab):
    """See the folder's docstring."""

    Settings = Settings

    def __init__(self, settings: Any, saved: Mapping[str, Any] | None = None) -> None:
        check_together(settings)
        super().__init__(settings, saved)
        self._update: Update | None = None
        self._due = 0.0
        self.circuit = Circuit.preset() if saved is None else Circuit.from_saved(saved.get("circuit"))
        if saved is not None:
            self.state = read_state(self.network, settings.examples, saved)
        elif settings == Settings():
            self.load("mazur")
        else:
            self._begin()

    @property
    def network(self) -> Network:
        """The network that the controls describe."""
        return network_of(self.settings)

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps of an update."""
        return steps_of(self.network.widths)

    @property
    def update_now(self) -> Update:
        """What is computed in the present update."""
        if self._update is None:
            settings = self.settings
            self._update = Update(
                self.network, self.state, settings.learning_rate, settings.trains_biases, settings.span
            )
        return self._update

    @property
    def is_updated(self) -> bool:
        """Whether the last step of the present update is done."""
        return self.state.position == len(self.steps)

    @property
    def vector(self) -> Array:
        """The weights and biases as they are now."""
        return self.update_now.values.after if self.is_updated else self.state.vector

    @property
    def loss(self) -> float:
        """The loss with the weights as they are now."""
        return (self.update_now.after if self.is_updated else self.update_now.values).loss

    @property
    def updates(self) -> int:
        """How many updates are done."""
        return self.state.dropped + len(self.state.history) - 1 + self.is_updated

    # What the page asks for

    @action(preset=Choice(tuple(PRESETS)))
    def load(self, preset: str) -> None:
        """Begin with a network of the list."""
        chosen = PRESETS[preset]
        kept = {name: getattr(self.settings, name) for name in _KEPT_BY_PRESETS}
        self.settings = Settings(**{**chosen.settings, **kept})
        network = self.network
        vector = weights_of(network, self.settings.seed) if chosen.vector is None else np.array(chosen.vector)
        axes = chosen.axes or _first_of_last_layer(network)
        self._put(State(np.array(chosen.x), np.array(chosen.targets), vector[None], axes=axes))

    @action()
    def step(self) -> None:
        """Compute one more unit, or layer, as the pace says."""
        if self.is_updated:
            self._next_update()
        by_layer = self.settings.pace == "layer"
        self._to(next_position(self.steps, self.state.position, by_layer))

    @action()
    def back(self) -> None:
        """Take the last step back; what the first step of an update followed is the end of the one before."""
        if self.state.position == 0:
            self._previous_update()
        position = previous_position(self.steps, self.state.position, self.settings.pace == "layer")
        if position == 0 and len(self.state.history) > 1:
            self._previous_update()
        else:
            self._to(position)

    @action()
    def skip(self) -> None:
        """Do the rest of the present phase, or all of the next."""
        if self.is_updated:
            self._next_update()
        self._to(next(end for end in ends_of_phases(self.steps) if end > self.state.position))

    @action(times=Whole(1, 100))
    def update(self, times: int) -> None:
        """Do the rest of the present update, or all of the next; and further ones."""
        for _ in range(times):
            if self.is_updated:
                self._next_update()
            self._to(len(self.steps))

    @action(position=Whole(0, 64))
    def go(self, position: int) -> None:
        """Do so many steps of the present update, or take back those beyond."""
        if position > len(self.steps):
            raise LabError("no_step", position=position, steps=len(self.steps))
        self._to(position)

    @action()
    def reset(self) -> None:
        """Take back all updates that are kept."""
        self.is_playing = False
        self._put(replace(self.state, history=self.state.history[:1], position=0))

    @action()
    def play(self) -> None:
        """Go on step by step until paused."""
        self._due = time.perf_counter()
        self.is_playing = True

    @action()
    def pause(self) -> None:
        """Stop going on."""
        self.is_playing = False

    @action(index=_PARAMETER, value=_WEIGHT)
    def edit_parameter(self, index: int, value: float) -> None:
        """Give a weight or a bias another value."""
        vector = self.vector.copy()
        vector[self._parameter(index)] = value
        self._edit(history=vector[None])

    @action(example=_EXAMPLE, unit=_UNIT, value=_DATUM)
    def edit_input(self, example: int, unit: int, value: float) -> None:
        """Give an example another input."""
        self._edit(x=_changed(self.state.x, example, unit, value))

    @action(example=_EXAMPLE, unit=_UNIT, value=_DATUM)
    def edit_target(self, example: int, unit: int, value: float) -> None:
        """Give an example another target; a softmax's other targets of the example make up the rest of 1."""
        targets = _changed(self.state.targets, example, unit, value)
        if self.network.loss == "cross_entropy" and not 0 <= value <= 1:
            raise LabError("no_probability", value=value)
        if self.network.loss == "cross_entropy" and self.network.output == "softmax":
            others = np.arange(targets.shape[1]) != unit
            total = targets[example, others].sum()
            shares = targets[example, others] / total if total else np.full(others.sum(), 1.0 / others.sum())
            targets[example, others] = (1.0 - value) * shares
        self._edit(targets=targets)

    @action(first=_WEIGHT, second=_WEIGHT)
    def move(self, first: float, second: float) -> None:
        """Give the two weights of the slice of the loss surface other values."""
        vector = self.vector.copy()
        vector[list(self.state.axes)] = first, second
        self._edit(history=vector[None])

    @action(parameter=_PARAMETER)
    def trace(self, parameter: int) -> None:
        """Show the paths by which a weight or a bias acts on the loss."""
        self.state = replace(self.state, traced=self._parameter(parameter))

    @action(first=_PARAMETER, second=_PARAMETER)
    def slice(self, first: int, second: int) -> None:
        """Show the loss over two weights."""
        axes = self._parameter(first), self._parameter(second)
        if first == second:
            raise LabError("same_axes")
        self._put(replace(self.state, axes=axes))

    # What the session asks for

    def set(self, name: str, value: Any) -> None:
        """See `Lab`."""
        settings = changed(self.settings, name, value)
        if name == "examples" and settings.example > settings.examples:
            settings = changed(settings, "example", settings.examples)
        check_together(settings)
        vector, before = self.vector, self.settings
        self.settings = settings
        self._update = None
        if name == "view":
            self.is_playing = False
        if settings.shape != before.shape:
            self._begin()
        elif settings.seed != before.seed:
            self._edit(history=weights_of(self.network, settings.seed)[None], position=0)
        elif settings.examples != before.examples:
            x, targets = data_of(self.network, settings.examples)
            kept = min(before.examples, settings.examples)
            x[:kept], targets[:kept] = self.state.x[:kept], self.state.targets[:kept]
            self._edit(history=vector[None], x=x, targets=fitted_targets(self.network, targets))
        elif name in ("activation", "output", "loss", "learning_rate", "trains_biases") and settings != before:
            self._edit(history=vector[None], targets=fitted_targets(self.network, self.state.targets))

    def advance(self, seconds: float) -> None:
        """See `Lab`."""
        end = time.perf_counter() + seconds
        while (now := time.perf_counter()) < end:
            if self._due <= now:
                self.step()
                self._due = max(self._due + 1 / self.settings.speed, now - 0.1)
            else:
                time.sleep(min(end, self._due) - now)

    def frame(self) -> dict[str, Any]:
        """See `Lab`."""
        if self.settings.view == "expression":
            return {"circuit": self.circuit.frame()}
        state, update = self.state, self.update_now
        example = self.settings.example - 1
        return {
            **update.description,
            "steps": [[step.phase, step.layer, step.unit] for step in self.steps],
            "position": state.position,
            "updates": self.updates,
            "first_update": state.dropped,
            "can_go_back": state.position > 0 or len(state.history) > 1,
            "loss_now": self.loss,
            "conditions": update.conditions(example),
            "own_gradient": update.of_examples[example].tolist(),
            "trace": update.trace(example, state.traced),
        }

    def measures(self) -> dict[str, float | str]:
        """See `Lab`."""
        network, update = self.network, self.update_now
        conditions = [one for layer in update.conditions(self.settings.example - 1) for one in layer]
        layers = update.values.layers
        units = layers[0].kernel.T
        found: dict[str, float | str] = {
            "loss": self.loss,
            "updates": self.updates,
            "dead_units": conditions.count("dead"),
            "saturated_units": conditions.count("saturated"),
            "slope_of_first_unit": 0.0 if layers[0].slope is None else float(layers[0].slope[0, 0]),
            "difference_of_units": float(np.abs(units - units[0]).max()),
            "signs_into_output": len(set(np.sign(layers[-1].kernel_gradient[:, 0]))),
        }
        for parameter, value, gradient in zip(network.parameters, self.vector, update.values.gradient, strict=True):
            found[parameter.name] = float(value)
            found[f"gradient_{parameter.name}"] = float(gradient)
        return {**found, **self.circuit.measures()}

    def saved(self) -> dict[str, Any]:
        """See `Lab`."""
        return {**self.state.saved(), "circuit": self.circuit.saved()}

    def script(self) -> str:
        """See `Lab`."""
        settings, state = self.settings, self.state
        if settings.view == "expression":
            return self.circuit.script()
        updates = len(state.history) - 1 + self.is_updated
        rates = settings.learning_rate, settings.trains_biases
        return script_of(self.network, state.history[0], state.x, state.targets, *rates, updates)

    def model(self) -> ff.Model:
        """See `Lab`."""
        network = self.network
        described = zip(network.widths[1:], network.activations, strict=True)
        layers = [ff.layers.Dense(units, activation=name) for units, name in described]
        model = ff.Sequential([ff.Input((network.widths[0],), dtype="float64"), *layers])
        arrays = network.arrays(self.vector)
        model.set_weights([array if index % 2 == 0 else array[0] for index, array in enumerate(arrays)])
        return model

    # How a state becomes the next

    def _begin(self) -> None:
        network = self.network
        x, targets = data_of(network, self.settings.examples)
        axes = _first_of_last_layer(network)
        vector = weights_of(network, self.settings.seed)
        self._put(State(x, fitted_targets(network, targets), vector[None], axes=axes))

    def _put(self, state: State) -> None:
        """Take over a state in which something else is computed."""
        self.state = state
        self._update = None

    def _to(self, position: int) -> None:
        """Take over how many steps are done."""
        if position == len(self.steps):
            after = self.update_now.values.after
            if not (np.abs(after) <= LARGEST).all():
                raise LabError("diverged", rate=self.settings.learning_rate)
        self.state = replace(self.state, position=position)

    def _next_update(self) -> None:
        history = np.concatenate([self.state.history, self.vector[None]])
        dropped = self.state.dropped + max(0, len(history) - MOST_KEPT)
        self._put(replace(self.state, history=history[-MOST_KEPT:], dropped=dropped, position=0))

    def _previous_update(self) -> None:
        if len(self.state.history) == 1:
            raise LabError("at_start")
        self._put(replace(self.state, history=self.state.history[:-1], position=len(self.steps)))

    def _edit(self, **changes: Any) -> None:
        """Begin a new history with something changed; what was computed so far is computed anew."""
        position = min(self.state.position, len(self.steps) - 1)
        if "history" not in changes:
            changes["history"] = self.vector[None]
        self._put(replace(self.state, **{"position": position, "dropped": 0, **changes}))

    def _parameter(self, index: int) -> int:
        """Return an index of the vector."""
        entries = len(self.network.parameters)
        if index >= entries:
            raise LabError("no_parameter", index=index, entries=entries)
        return index


def _first_of_last_layer(network: Network) -> tuple[int, int]:
    """Return the entries of the last layer's first two parameters."""
    first = next(index for index, one in enumerate(network.parameters) if one.layer == len(network.widths) - 2)
    return first, first + 1


def _changed(array: Array, row: int, column: int, value: float) -> Array:
    if row >= array.shape[0] or column >= array.shape[1]:
        raise LabError("no_datum", row=row, column=column, rows=array.shape[0], columns=array.shape[1])
    array = array.copy()
    array[row, column] = value
    return array
