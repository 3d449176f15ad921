"""The linear lab's run: points and parameters that a page changes, updates, and what it draws of them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import feedforward as ff
from feedforward.labs.errors import LabError
from feedforward.labs.lab import Lab, action
from feedforward.labs.linear.geometry import arrow, line, region
from feedforward.labs.linear.objective import OBJECTIVES, Check, Evaluation, Objective
from feedforward.labs.linear.program import model, script
from feedforward.labs.linear.state import (
    CLASSES,
    EDGE,
    LARGEST,
    MOST_POINTS,
    Booleans,
    Floats,
    Integers,
    State,
    first_state,
    read_state,
)
from feedforward.labs.settings import Choice, Number, Whole, control

__all__ = ["Linear", "Settings"]

_INDEX = Whole(0, MOST_POINTS - 1)
_CLASS = Whole(0, CLASSES - 1)
_PLACE = Number(-EDGE, EDGE)


@dataclass(frozen=True)
class Settings:
    """What the page's controls say."""

    loss: str = control(Choice(tuple(OBJECTIVES)), "weston_watkins", "loss")
    positive: int = control(Choice(tuple(range(CLASSES))), 0, "loss")
    regularisation: float = control(Number(0, 1, is_log=True), 0.1, "loss")
    step_size: float = control(Number(1e-4, 10, is_log=True), 0.1, "updates")
    pace: int = control(Choice((1, 5, 20, 100, 1000)), 20, "updates")
    seed: int = control(Whole(0, 2**31 - 1), 0)


class Linear(Lab):
    """See the folder's docstring."""

    Settings = Settings

    def __init__(self, settings: Any, saved: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings, saved)
        self.state = first_state() if saved is None else read_state(saved)
        self._evaluation: Evaluation | None = None
        self._check: Check | None = None
        self._next_update = 0.0

    # What the settings say.

    @property
    def objective(self) -> Objective:
        """The loss that is chosen."""
        return OBJECTIVES[self.settings.loss]

    @property
    def rows(self) -> slice:
        """Which rows of the parameters are in use: of two classes the positive one's."""
        first = self.settings.positive
        return slice(first, first + 1) if self.objective.is_binary else slice(0, CLASSES)

    def targets(self) -> Floats | Integers:
        """Return the classes as the objective takes them; see `Objective.evaluate`."""
        if not self.objective.is_binary:
            return self.state.y
        return np.where(self.state.y == self.settings.positive, 1.0, -1.0)[:, None]

    def set(self, name: str, value: Any) -> None:
        """See `Lab`."""
        before = self.settings
        super().set(name, value)
        if self.settings == before or name in ("pace", "seed"):
            return
        self._move_to(self.state.edited(**({"losses": np.zeros(0)} if name in ("loss", "positive") else {})))

    # What a state comes to; computed once for each.

    def _move_to(self, state: State) -> None:
        self.state = state
        self._evaluation = self._check = None

    def inputs(self) -> tuple[Floats, Floats, Floats, Floats | Integers, float]:
        """Return what the objective is evaluated at."""
        state, rows = self.state, self.rows
        return state.W[rows], state.b[rows], state.x, self.targets(), self.settings.regularisation

    @property
    def evaluation(self) -> Evaluation:
        """What the objective is here."""
        if self._evaluation is None:
            self._evaluation = self.objective.evaluate(*self.inputs())
        return self._evaluation

    @property
    def check(self) -> Check:
        """How the gradient compares with central differences here."""
        if self._check is None:
            self._check = self.objective.check(*self.inputs())
        return self._check

    # What a page may ask for.

    @action()
    def play(self) -> None:
        """Update again and again."""
        self.is_playing = True

    @action()
    def pause(self) -> None:
        """Stop updating."""
        self.is_playing = False

    @action(count=Whole(1, 1000))
    def step(self, count: int) -> None:
        """Go some steps against the gradient.

        Raises
        ------
        LabError
            If a parameter would become larger than `LARGEST`; it stays as it was before that step.
        """
        for _ in range(count):
            self._update()

    def _update(self) -> None:
        state, rows, rate = self.state, self.rows, self.settings.step_size
        W, b = state.W.copy(), state.b.copy()
        W[rows] -= rate * self.evaluation.gradient_W
        b[rows] -= rate * self.evaluation.gradient_b
        largest = max(np.abs(W).max(), np.abs(b).max())
        if not largest <= LARGEST:
            self.is_playing = False
            raise LabError("diverged", largest=LARGEST, step_size=rate)
        self._move_to(state.updated(W, b, float(self.evaluation.total)))

    @action()
    def reset(self) -> None:
        """Go back to the first points and parameters."""
        self.is_playing = False
        self._move_to(first_state())

    @action()
    def randomise(self) -> None:
        """Draw the parameters at random; the same seed gives the same ones in the same order."""
        draws = self.state.draws + 1
        random = np.random.default_rng([self.settings.seed, draws])
        W, b = random.uniform(-3, 3, (CLASSES, 2)), random.uniform(-1, 1, CLASSES)
        self._move_to(self.state.edited(W=W, b=b, draws=draws))

    @action()
    def zero(self) -> None:
        """Make all parameters 0."""
        self._move_to(self.state.edited(W=np.zeros((CLASSES, 2)), b=np.zeros(CLASSES)))

    @action(row=_CLASS, column=Whole(0, 2), value=Number(-LARGEST, LARGEST))
    def set_parameter(self, row: int, column: int, value: float) -> None:
        """Change a weight, or in column 2 a bias."""
        W, b = self.state.W.copy(), self.state.b.copy()
        if column == 2:
            b[row] = value
        else:
            W[row, column] = value
        self._move_to(self.state.edited(W=W, b=b))

    @action(row=_CLASS, column=Whole(0, 2), by=Choice((-0.1, 0.1)))
    def nudge(self, row: int, column: int, by: float) -> None:
        """Make a weight, or in column 2 a bias, a little smaller or larger."""
        old = self.state.b[row] if column == 2 else self.state.W[row, column]
        self.set_parameter(row, column, float(np.clip(old + by, -LARGEST, LARGEST)))

    @action(index=_INDEX, x=_PLACE, y=_PLACE)
    def move(self, index: int, x: float, y: float) -> None:
        """Put a point somewhere else."""
        self._find(index)
        points = self.state.x.copy()
        points[index] = x, y
        self._move_to(self.state.edited(x=points))

    @action(x=_PLACE, y=_PLACE, label=_CLASS)
    def add(self, x: float, y: float, label: int) -> None:
        """Add a point of a class."""
        if len(self.state.x) == MOST_POINTS:
            raise LabError("too_many_points", most=MOST_POINTS)
        points = np.append(self.state.x, [[x, y]], 0)
        self._move_to(self.state.edited(x=points, y=np.append(self.state.y, np.int32(label))))

    @action(index=_INDEX)
    def remove(self, index: int) -> None:
        """Remove a point; one must be left."""
        self._find(index)
        if len(self.state.x) == 1:
            raise LabError("last_point")
        points, classes = np.delete(self.state.x, index, 0), np.delete(self.state.y, index)
        self._move_to(self.state.edited(x=points, y=classes))

    @action(index=_INDEX, label=_CLASS)
    def relabel(self, index: int, label: int) -> None:
        """Give a point another class."""
        self._find(index)
        classes = self.state.y.copy()
        classes[index] = label
        self._move_to(self.state.edited(y=classes))

    def _find(self, index: int) -> None:
        if index >= len(self.state.x):
            raise LabError("no_point", number=index + 1, count=len(self.state.x))

    # What the page is shown.

    def advance(self, seconds: float) -> None:
        """Update as often as the pace says; in between there is time for others."""
        end = time.perf_counter() + seconds
        while (now := time.perf_counter()) < end:
            if now < self._next_update:
                time.sleep(min(self._next_update, end) - now)
                continue
            self._update()
            interval = 1 / self.settings.pace
            is_late = now - self._next_update > interval  # then what is missed is not made up for
            self._next_update = (now if is_late else self._next_update) + interval

    def frame(self) -> dict[str, Any]:
        """See `Lab`."""
        state, rows, now = self.state, self.rows, self.evaluation
        margins = self._axis()
        return {
            "is_binary": self.objective.is_binary,
            "rows": list(range(CLASSES))[rows],
            "points": state.x,
            "classes": state.y,
            "W": state.W[rows],
            "b": state.b[rows],
            "gradient_W": now.gradient_W,
            "gradient_b": now.gradient_b,
            "scores": now.scores,
            "losses": now.losses,
            "margins": now.margins,
            "parts": now.parts,
            "active": self._active().astype(np.uint8),
            "is_right": self._is_right().astype(np.uint8),
            "data_loss": float(now.data_loss),
            "penalty": float(now.penalty),
            "total": float(now.total),
            "weights": self._size(),
            "check": self.check._asdict(),
            "reach": self.objective.reach,
            "curve": {"margins": margins, "costs": self.objective.curve(margins)},
            "updates": state.updates,
            "history": np.append(state.losses, now.total),
            **self._drawing(),
        }

    def _axis(self) -> Floats:
        """Return the margins at which the curve of the loss is drawn; those of all points lie between them."""
        margins = self.evaluation.margins
        return np.linspace(min(-2.0, margins.min()) - 0.25, max(3.0, margins.max()) + 0.25, 241)

    def _size(self) -> float:
        """Return the root of the sum of the squared weights in use."""
        return float(np.linalg.norm(self.state.W[self.rows]))

    def _active(self) -> Booleans:
        """Return which points pull at the parameters, as those do that lie within the reach of the loss."""
        reach = self.objective.reach
        is_active: Booleans = self.evaluation.margins.min(1) <= (-np.inf if reach is None else reach)
        return is_active

    def _is_right(self) -> Booleans:
        """Return which points the largest score, or the score's sign, classifies right; a tie is wrong."""
        if self.objective.is_binary:
            return self.evaluation.margins[:, 0] > 0
        ranked = np.sort(self.evaluation.scores, 1)
        is_right: Booleans = (self.evaluation.scores.argmax(1) == self.state.y) & (ranked[:, -1] > ranked[:, -2])
        return is_right

    def _drawing(self) -> dict[str, Any]:
        """Return regions, lines and arrows in the plane."""
        W, b, rows = self.state.W[self.rows], self.state.b[self.rows], range(CLASSES)[self.rows]
        scale = min(0.25, 0.8 / max(np.hypot(W[:, 0], W[:, 1]).max(), 1e-9))
        if self.objective.is_binary:
            both, offsets = np.concatenate([W, -W]) / 2, np.concatenate([b, -b]) / 2
            regions = [
                {"class": name, "corners": region(both, offsets, row)} for row, name in ((0, rows[0]), (1, None))
            ]
            limits = [line(W[0], b[0] - score) for score in (-1.0, 1.0)]
        else:
            regions = [{"class": row, "corners": region(W, b, row)} for row in rows]
            limits = []
        return {
            "regions": regions,
            "lines": [line(w, c) for w, c in zip(W, b, strict=True)],
            "arrows": [arrow(w, c, scale) for w, c in zip(W, b, strict=True)],
            "limits": limits,
        }

    def measures(self) -> dict[str, float | str]:
        """See `Lab`."""
        now, since = self.evaluation, self.state.since
        losses = np.append(self.state.losses, now.total)[-since - 1 :]
        return {
            "loss": self.settings.loss,
            "regularisation": self.settings.regularisation,
            "data_loss": float(now.data_loss),
            "total": float(now.total),
            "weights": self._size(),
            "mistakes": int(np.count_nonzero(~self._is_right())),
            "active": int(np.count_nonzero(self._active())),
            "smallest_margin": float(now.margins.min()),
            "updates": since,
            "rises": int(np.count_nonzero(np.diff(losses) > 0)),
        }

    def saved(self) -> dict[str, Any]:
        """See `Lab`."""
        return self.state.saved()

    def model(self) -> ff.Model:
        """See `Lab`."""
        settings = self.settings
        return model(self.objective, self.state, self.rows, settings.regularisation, settings.step_size)

    def script(self) -> str:
        """See `Lab`."""
        settings = self.settings
        return script(self.objective, self.state, self.rows, settings.regularisation, settings.step_size)
