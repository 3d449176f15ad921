"""The playground as a page sees it: its settings, what may be done, and what is drawn."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.labs.errors import LabError
from feedforward.labs.lab import Lab, action
from feedforward.labs.playground.data import Own
from feedforward.labs.playground.pictures import Pictures
from feedforward.labs.playground.run import Run
from feedforward.labs.playground.saving import restored, saved_of
from feedforward.labs.playground.script import model_of, script_of
from feedforward.labs.playground.search import Search
from feedforward.labs.playground.settings import (
    CHANGED,
    MOST_CLASSES,
    MOST_LAYERS,
    MOST_POINTS,
    VIEWS,
    WEIGHT,
    Settings,
    with_change,
)
from feedforward.labs.playground.table import read_table
from feedforward.labs.settings import Choice, Flag, Many, Number, Row, Text, Whole

__all__ = ["Playground"]

_LAYER, _UNIT = Whole(0, MOST_LAYERS), Whole(0, 63)
_POINT = Row((Number(-6, 6), Number(-6, 6), Whole(0, MOST_CLASSES - 1)))
_LONGEST_TABLE = 1 << 20


class Playground(Lab):
    """See the folder's docstring."""

    Settings = Settings

    def __init__(self, settings: Any, saved: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings, saved)
        self._focus: tuple[int, int] | None = None
        self._version = 0
        self._search: Search | None = None
        self._own: Own | None = None
        if saved is None:
            self._begin(settings)
        else:
            self._show(restored(settings, saved))
            focus = saved.get("focus")
            if focus is not None:
                self.act("focus", focus if isinstance(focus, dict) else {})

    def _begin(self, settings: Any, own: Own | None = None) -> None:
        """Begin a run anew; if that cannot be, all stays as it is."""
        own = own or self._own
        if settings.data == "own" and own is None:
            own = self._points_to_begin_with()
        self._show(Run(settings, own))

    def _show(self, run: Run) -> None:
        """Let this be the run that is shown."""
        pictures = Pictures(run)
        self._end_search()
        self.run, self._pictures, self.settings, self._own = run, pictures, run.settings, run.own
        self._version += 1
        if self._focus is not None and not self._has_unit(*self._focus):
            self._focus = None

    def _points_to_begin_with(self) -> Own:
        """Return the present points as one's own, where they have classes, else those of the circle."""
        data = self.run.data
        if not data.names:
            data = Run(replace(self.settings, data="circle")).data
        return Own(data.points, data.values, data.names, data.axes)

    def set(self, name: str, value: Any) -> None:
        """See `Lab`."""
        settings = with_change(self.settings, name, value)
        if settings == self.settings:
            return
        if name in CHANGED + VIEWS:
            self.run.change(settings, name)
            self.settings = settings
        else:
            self._begin(settings)

    # ---- actions

    @action()
    def play(self) -> None:
        """Train until paused; a search ends."""
        if self._search is not None:
            self._search.stop()
        self.run.diverged = None
        self.is_playing = True

    @action()
    def pause(self) -> None:
        """Stop training, or a search."""
        self.is_playing = False
        if self._search is not None:
            self._search.stop()

    @action(of=Choice(("sample", "batch", "epoch")))
    def step(self, of: str) -> None:
        """Train on the next point, on the next batch, or to the end of the epoch."""
        self.is_playing = False
        self.run.diverged = None
        self.run.step(of)

    @action()
    def reset(self) -> None:
        """Begin again at epoch 0 with the weights of the seed."""
        self.is_playing = False
        self._begin(self.settings)

    @action()
    def renew(self) -> None:
        """Begin with the next seed: other points and other weights."""
        self.is_playing = False
        self._begin(replace(self.settings, seed=(self.settings.seed + 1) % 2**31))

    @action(layer=_LAYER, source=_UNIT, target=_UNIT, value=WEIGHT)
    def set_weight(self, layer: int, source: int, target: int, value: float) -> None:
        """Let a weight be a number."""
        self._check_place(layer, target, source)
        self.run.set_weight(layer, (source, target), value)

    @action(layer=_LAYER, target=_UNIT, value=WEIGHT)
    def set_bias(self, layer: int, target: int, value: float) -> None:
        """Let a bias be a number."""
        self._check_place(layer, target)
        self.run.set_weight(layer, (target,), value)

    @action(layer=_LAYER, source=_UNIT, target=_UNIT, is_frozen=Flag())
    def freeze(self, layer: int, source: int, target: int, is_frozen: bool) -> None:
        """Hold a weight at what it is, or let it go."""
        self._check_place(layer, target, source)
        self.run.hold(layer, (source, target), is_frozen)

    @action(layer=_LAYER, target=_UNIT, is_frozen=Flag())
    def freeze_bias(self, layer: int, target: int, is_frozen: bool) -> None:
        """Hold a bias at what it is, or let it go."""
        self._check_place(layer, target)
        self.run.hold(layer, (target,), is_frozen)

    @action(layer=Whole(0, MOST_LAYERS + 1), unit=_UNIT)
    def focus(self, layer: int, unit: int) -> None:
        """Show one unit large: of layer 0, the features, or of a later one."""
        if not self._has_unit(layer, unit):
            raise LabError("no_unit", layer=layer, unit=unit)
        self._focus = layer, unit

    @action()
    def unfocus(self) -> None:
        """Show the output large again."""
        self._focus = None

    @action(text=Text(_LONGEST_TABLE))
    def read_table(self, text: str) -> None:
        """Let the points be those of a CSV file: two numbers and a class in each line."""
        self._begin(replace(self.settings, data="own"), read_table(text))

    @action(points=Many(_POINT, MOST_POINTS))
    def set_points(self, points: tuple[tuple[float, float, int], ...]) -> None:
        """Let the points be these: x1, x2 and class of each."""
        if len(points) < 2:
            raise LabError("few_points", length=len(points))
        rows = np.array(points, float)
        count = max(int(rows[:, 2].max()) + 1, 2)
        known = self._own.names if self._own is not None and self.settings.data == "own" else ()
        names = known if len(known) >= count else tuple(str(index) for index in range(count))
        axes = self.run.data.axes
        self._begin(replace(self.settings, data="own"), Own(rows[:, :2].copy(), rows[:, 2].copy(), names, axes))

    @action()
    def search(self) -> None:
        """Train the network with 64 pairs of rates, all at once, instead of the one that is shown."""
        search = Search(self.run)
        self._end_search()
        self._search = search
        self.is_playing = True

    def _end_search(self) -> None:
        if self._search is not None:
            self._search.stop()
        self._search = None

    def _sizes(self) -> list[int]:
        plan = self.run.plan
        return [plan.inputs, *plan.layers, plan.outputs]

    def _has_unit(self, layer: int, unit: int) -> bool:
        sizes = self._sizes()
        return layer < len(sizes) and unit < sizes[layer]

    def _check_place(self, layer: int, target: int, source: int = 0) -> None:
        """Check that there is a weight at (source, target) of a layer, counted from 0, the first with weights."""
        if not (self._has_unit(layer + 1, target) and self._has_unit(layer, source)):
            raise LabError("no_weight", layer=layer, source=source, target=target)

    # ---- what is shown

    def advance(self, seconds: float) -> None:
        """See `Lab`."""
        if self._search is not None and self._search.is_running:
            self._search.wait(seconds)
            self.is_playing = self._search.is_running
            if self._search.fault is not None:
                raise self._search.fault
            return
        self.run.advance(seconds)
        if self.run.diverged is not None:
            self.is_playing = False

    def frame(self) -> dict[str, Any]:
        """See `Lab`."""
        run, pictures = self.run, self._pictures
        data, network, measured = run.data, run.network, run.measured
        is_test = np.zeros(len(data.points), np.uint8)
        is_test[data.test] = 1
        focus = self._focus
        return {
            "epoch": run.position.epoch,
            "step": run.position.step,
            "samples": run.position.samples,
            "task": data.task,
            "classes": len(data.names),
            "class_names": list(data.names),
            "data": {
                "version": self._version,
                "points": data.points.astype(np.float32),
                "targets": data.values.astype(np.float32),
                "is_test": is_test,
            },
            "axes": {name: list(axis) for name, axis in zip(("x1", "x2"), data.axes, strict=True)},
            "sizes": self._sizes(),
            "inputs": list(run.formulas),
            "activations": [*run.settings.activations, run.output],
            "maps": pictures.maps(),
            "output": pictures.output(),
            "focus": focus and {"layer": focus[0], "unit": focus[1], "map": pictures.unit(*focus)},
            "weights": network.weights,
            "biases": network.biases,
            "frozen": [kernel.is_held.numpy().astype(np.uint8) for kernel, _ in network.held],
            "frozen_biases": [bias.is_held.numpy().astype(np.uint8) for _, bias in network.held],
            "gradients": pictures.gradients(),
            "curves": self._curves(),
            "loss": {"train": measured.train, "test": measured.test, "penalty": network.cost()},
            "accuracy": measured.accuracy and dict(zip(("train", "test"), measured.accuracy, strict=True)),
            "confusion": measured.confusion,
            "diverged": None if run.diverged is None else {"step": run.diverged},
            "search": self._search and self._search.frame(),
        }

    def _curves(self) -> dict[str, np.ndarray]:
        """Return the points of the curves, the present one last."""
        run = self.run
        position, measured = run.position, run.measured
        epoch = position.epoch + position.samples / len(run.data.train)
        rows = [*run.curve, (epoch, position.step, measured.train, measured.test)]
        if len(rows) > 1 and rows[-2] == rows[-1]:
            rows.pop()
        columns = np.array(rows, float).T
        return {name: column.copy() for name, column in zip(("epoch", "step", "train", "test"), columns, strict=True)}

    def saved(self) -> dict[str, Any]:
        """See `Lab`."""
        focus = self._focus and {"layer": self._focus[0], "unit": self._focus[1]}
        return {**saved_of(self.run), "focus": focus}

    def script(self) -> str:
        """See `Lab`."""
        return script_of(self.run)

    def model(self) -> ff.Model:
        """See `Lab`."""
        return model_of(self.run)

    def measures(self) -> dict[str, float | str]:
        """See `Lab`."""
        run, measured = self.run, self.run.measured
        weights = [kernel for kernel in run.network.weights]
        found: dict[str, float | str] = {
            "epoch": run.position.epoch,
            "train_loss": measured.train,
            "test_loss": measured.test,
            "layers": len(run.settings.layers),
            "neurons": sum(run.settings.layers),
            "features": len(run.formulas),
            "largest_weight": max(float(np.abs(kernel).max()) for kernel in weights),
            "mean_weight": float(np.abs(np.concatenate([kernel.ravel() for kernel in weights])).mean()),
            "has_diverged": int(run.diverged is not None),
        }
        if measured.accuracy is not None:
            found |= {"train_accuracy": measured.accuracy[0], "test_accuracy": measured.accuracy[1]}
        settings = run.settings
        for name in ("data", "noise", "loss", "optimizer", "learning_rate", "penalty", "penalty_rate", "formula"):
            found[name] = getattr(settings, name)
        found["activation"] = settings.activations[0] if len(set(settings.activations)) == 1 else "mixed"
        return found
