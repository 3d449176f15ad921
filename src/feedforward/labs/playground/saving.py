"""A run as a link holds it, and back: all that it takes to go on with the same bits.

What comes from a link is an attacker's until every part was checked here: kinds, shapes, ranges, finite numbers.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from feedforward.labs.checks import check_array, check_list, check_whole
from feedforward.labs.errors import LabError
from feedforward.labs.playground.data import Own
from feedforward.labs.playground.record import MOST_EVENTS, Event, Record
from feedforward.labs.playground.run import Position, Run
from feedforward.labs.playground.settings import CHANGED, MOST_CLASSES, MOST_POINTS, VIEWS, WEIGHT, Settings
from feedforward.labs.settings import Text, as_json, controls_of, read_settings

__all__ = ["restored", "saved_of"]

_MOST_STEPS = 1 << 50
_LONGEST_NAME = Text(60)


def saved_of(run: Run) -> dict[str, Any]:
    """Return what a link holds of a run beside its settings."""
    position, record, own = run.position, run.record, run.own if run.settings.data == "own" else None
    return {
        "position": [position.epoch, position.samples, position.step],
        "weights": run.network.model.get_weights(),
        "optimizer": [np.array(one.numpy()) for one in run.network.optimizer.variables],
        "held": [
            [one.is_held.numpy().astype(np.uint8), one.value.numpy()] for pair in run.network.held for one in pair
        ],
        "curve": np.array(run.curve, float).reshape(-1, 4),
        "bound": run.bound,
        "diverged": run.diverged,
        "begun": as_json(record.begun),
        "events": [list(event) for event in record.events],
        "is_whole": record.is_whole,
        "own": own and {"points": own.points, "classes": own.classes, "names": own.names, "axes": own.axes},
    }


def restored(settings: Settings, saved: Mapping[str, Any]) -> Run:
    """Return the run that a link describes.

    Raises
    ------
    LabError
        If it holds anything that a run cannot have.
    """
    own = None if saved.get("own") is None else _own(saved["own"])
    if settings.data == "own" and own is None:
        raise LabError("bad_link")
    run = Run(settings, own)
    epoch, samples, step = (check_whole(value, _MOST_STEPS) for value in check_list(saved.get("position"), 3))
    if samples >= len(run.data.train):
        raise LabError("bad_link")
    model, optimizer = run.network.model, run.network.optimizer
    model.set_weights(_arrays(saved.get("weights"), model.get_weights()))
    state = check_list(saved.get("optimizer"))
    if state:
        optimizer.build(model.trainable_weights)
        values = _arrays(state, [one.numpy() for one in optimizer.variables])
        for variable, value in zip(optimizer.variables, values, strict=True):
            if variable.name == "iterations":
                check_whole(int(value), _MOST_STEPS)
            if variable.name != "learning_rate":  # the settings say what it is
                variable.assign(value)
    held = [one for pair in run.network.held for one in pair]
    for one, given in zip(held, check_list(saved.get("held"), len(held)), strict=True):
        shape = one.value.numpy()
        mask, value = _arrays(given, [shape.astype(np.uint8), shape])
        one.is_held.assign(mask > 0)
        one.value.assign(value)
    run.position = Position(epoch, samples, step)
    run.curve = _curve(saved.get("curve"))
    run.bound = _positive(saved.get("bound"))
    run.diverged = None if saved.get("diverged") is None else check_whole(saved["diverged"], _MOST_STEPS)
    run.record = _record(saved, run)
    run.changes += 1
    if not run.measured.largest <= run.bound:
        raise LabError("bad_link")
    run.keep()
    return run


def _own(given: Any) -> Own:
    """Return points of one's own."""
    if not isinstance(given, dict):
        raise LabError("bad_link")
    points, classes = given.get("points"), given.get("classes")
    if not isinstance(points, np.ndarray) or points.ndim != 2 or not 2 <= len(points) <= MOST_POINTS:
        raise LabError("bad_link")
    points, classes = _arrays([points, classes], [np.empty((len(points), 2)), np.empty(len(points))])
    names = tuple(_LONGEST_NAME.check("names", name) for name in check_list(given.get("names")))
    if not 2 <= len(names) <= MOST_CLASSES or np.abs(points).max() > 6:
        raise LabError("bad_link")
    if not np.isin(classes, np.arange(len(names))).all():
        raise LabError("bad_link")
    axes = []
    for axis in check_list(given.get("axes"), 2):
        name, low, high = check_list(axis, 3)
        if not all(type(edge) is float and math.isfinite(edge) for edge in (low, high)) or not low < high:
            raise LabError("bad_link")
        axes.append((str(_LONGEST_NAME.check("axes", name)), float(low), float(high)))
    return Own(points, classes, names, (axes[0], axes[1]))


def _record(saved: Mapping[str, Any], run: Run) -> Record:
    """Return what was done, which a script will do again."""
    begun, events = saved.get("begun"), check_list(saved.get("events"))
    if not isinstance(begun, dict) or len(events) > MOST_EVENTS or not isinstance(saved.get("is_whole"), bool):
        raise LabError("bad_link")
    first = read_settings(Settings, begun)
    for name, value in as_json(run.settings).items():
        if name not in CHANGED + VIEWS and getattr(first, name) != value:
            raise LabError("bad_link")
    return Record(first, [_event(event, run) for event in events], saved["is_whole"])


def _event(given: Any, run: Run) -> Event:
    parts = check_list(given)
    if any(isinstance(part, np.ndarray) for part in parts):  # which compares with nothing as one value
        raise LabError("bad_link")
    match parts:
        case ["train", size, batches]:
            return "train", check_whole(size, MOST_POINTS, 1), check_whole(batches, _MOST_STEPS, 1)
        case ["set", str(name), value] if name in CHANGED:
            return "set", name, controls_of(Settings)[name].check(name, value)
        case ["weight" | "hold" as kind, layer, place, value]:
            layer = check_whole(layer, len(run.network.dense) - 1)
            shape = run.network.weights[layer].shape
            sizes = {1: shape[1:], 2: shape}.get(len(check_list(place)), ())  # of a bias, or of a kernel
            if not sizes:
                raise LabError("bad_link")
            at = tuple(check_whole(one, size - 1) for one, size in zip(place, sizes, strict=True))
            if kind == "weight":
                return kind, layer, at, WEIGHT.check("value", value)
            if isinstance(value, bool):
                return kind, layer, at, value
    raise LabError("bad_link")


def _curve(given: Any) -> list[tuple[float, int, float, float]]:
    if not isinstance(given, np.ndarray) or given.ndim != 2 or len(given) > 2000:
        raise LabError("bad_link")
    (rows,) = _arrays([given], [np.empty((len(given), 4))])
    if not len(rows) or (rows < 0).any() or (np.diff(rows[:, 0]) <= 0).any() or (rows[:, :2] > _MOST_STEPS).any():
        raise LabError("bad_link")
    return [(int(epoch), int(step), float(train), float(test)) for epoch, step, train, test in rows]


def _positive(given: Any) -> float:
    if type(given) not in (int, float) or not 0 < given <= sys.float_info.max:  # an int may be larger than any float
        raise LabError("bad_link")
    return float(given)


def _arrays(given: Any, like: list[np.ndarray]) -> list[np.ndarray]:
    """Return arrays of the shapes and types of others."""
    arrays = check_list(given, len(like))
    return [check_array(array, other.dtype, other.shape) for array, other in zip(arrays, like, strict=True)]
