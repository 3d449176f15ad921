"""The lab of the digits: what the page may set and do, and what it is shown."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

import feedforward as ff
from feedforward.labs.digits.networks import NETWORKS, networks
from feedforward.labs.digits.pictures import pictures
from feedforward.labs.digits.program import program
from feedforward.labs.digits.run import Run
from feedforward.labs.digits.strokes import Stroke, image_of
from feedforward.labs.digits.views import bands_of, curves_of, weights_of
from feedforward.labs.errors import LabError
from feedforward.labs.lab import Lab, action
from feedforward.labs.settings import Choice, Many, Number, Row, Whole, control

__all__ = ["Digits", "Own", "Settings", "Watched"]

STROKES = Many(Many(Row((Number(0, 1), Number(0, 1))), most=400, least=1), most=10)
"""What a page may send of a pen: lines of points in the square of the canvas, y down."""

MOST_STEPS = 1_000_000
_MOST_OWN = 50
_SECONDS_BETWEEN = 0.2
"""While it trains, digits, weights and bands are sent that often; a reader sees no more, and they are large."""

_CHUNK = 1000
"""So many of all test digits are looked at between two messages."""


@dataclass(frozen=True)
class Settings:
    """What the page's controls say."""

    data: str = control(Choice(("mnist", "digits")), "mnist", "data")
    network: str = control(Choice(NETWORKS), "softmax", "network")
    learning_rate: float = control(Number(1e-4, 1, is_log=True), 0.5, "network")
    decay: int = control(Whole(0, 20_000), 0, "network")
    seed: int = control(Whole(0, 2**31 - 1), 0, "network")
    layer: int = control(Whole(1, 5), 1)
    speed: int = control(Choice((1, 10, 100, 0)), 0)  # steps a second at most; 0: as many as there can be


@dataclass(frozen=True)
class Watched:
    """The digit whose way through the layers is shown: one of the data set's, or the one that was drawn."""

    source: str
    index: int


@dataclass(frozen=True)
class Own:
    """A digit that the reader has drawn, and what it is meant to be."""

    label: int
    strokes: tuple[Stroke, ...]


class Digits(Lab):
    """See the folder's docstring."""

    Settings = Settings

    _goal: int | None
    """The step at which training stops of itself."""

    def __init__(self, settings: Any, saved: Mapping[str, Any] | None = None) -> None:
        super().__init__(settings, saved)
        self._is_without_mnist = False
        try:
            pictures(settings.data)
        except LabError:
            if saved is not None:
                raise
            self.settings = replace(settings, data="digits")  # a lab that nobody has set yet must open everywhere
            self._is_without_mnist = True
        self._own: list[Own] = []
        self._drawing: tuple[Stroke, ...] = ()
        self._is_judged = False
        self._begin()
        if saved is not None:
            goal, self._own = _read_saved(saved)
            if goal > 0:
                self._goal, self.is_playing, self._is_training = goal, True, True

    def _begin(self) -> None:
        """Begin anew; the network is made when it is needed, since a slider asks for many that nobody sees."""
        self._made: Run | None = None
        self._watched = Watched("test", 0) if not self._drawing else Watched("drawn", 0)
        self._is_training = False
        self._goal = None
        self._seconds_a_step = 0.0
        self._next = 0.0  # when the next step is due, where there are only so many a second
        self._is_stale = True  # whether the page lacks what is sent rarely
        self._sent = 0.0
        self._right: list[int] = []  # of all test digits, by chunks, as far as they were looked at
        self._looked_at = -1  # after which step that was

    @property
    def run(self) -> Run:
        """The network and its training."""
        if self._made is None:
            settings = self.settings
            data = pictures(settings.data)
            self._made = Run(settings.network, data, settings.learning_rate, settings.decay, settings.seed)
        return self._made

    def set(self, name: str, value: Any) -> None:
        """See `Lab`; all but layer and speed begins anew, a network with a learning rate of its own."""
        before = self.settings
        super().set(name, value)
        if name in ("layer", "speed"):
            self._is_stale, self._next = True, 0.0
            return
        try:
            data = pictures(self.settings.data)
        except LabError:
            self.settings = before
            raise
        if name == "network":
            chosen = networks(data.side)[self.settings.network]
            self.settings = replace(self.settings, learning_rate=chosen.rate, decay=chosen.decay, layer=1)
        was_playing = self._is_training
        self._begin()
        self.is_playing = self._is_training = was_playing

    # What a page may ask for

    @action()
    def play(self) -> None:
        """Train until paused."""
        self._goal, self._is_training, self.is_playing = None, True, True

    @action()
    def pause(self) -> None:
        """Stop training, and look at all test digits."""
        self._goal, self._is_training, self.is_playing = None, False, True

    @action()
    def step(self) -> None:
        """Make one step."""
        self.pause()
        self._train(1)

    @action()
    def reset(self) -> None:
        """Begin again with the same weights."""
        self.is_playing = False
        self._begin()

    @action()
    def images(self) -> dict[str, Any]:
        """Return the test digits that the page shows: they are sent once."""
        x, y = self.run.shown
        return {"data": self.settings.data, "images": x, "labels": y}

    @action(source=Choice(("test", "train")), index=Whole(0, 10**6))
    def watch(self, source: str, index: int) -> None:
        """Show the way of a digit of the data set through the layers."""
        images, _ = self._source(source)
        if index >= len(images):
            raise LabError("no_digit", index=index, most=len(images) - 1)
        self._watched, self._drawing = Watched(source, index), ()

    @action(strokes=STROKES)
    def draw(self, strokes: tuple[Stroke, ...]) -> None:
        """Show the way of a digit that was drawn; without strokes, that of the first test digit."""
        self._drawing, self._is_judged = strokes, False
        self._watched = Watched("drawn", 0) if strokes else Watched("test", 0)

    @action(digit=Whole(0, 9))
    def judge(self, digit: int) -> None:
        """Say which digit was drawn; it is one of the reader's own test digits from then on."""
        if not self._drawing or self._is_judged:
            raise LabError("nothing_drawn")
        if len(self._own) >= _MOST_OWN:
            raise LabError("too_many_drawn", most=_MOST_OWN)
        self._own.append(Own(digit, self._drawing))
        self._is_judged = True

    @action()
    def forget(self) -> None:
        """Forget the digits that the reader has drawn."""
        self._own = []

    # What it computes

    def advance(self, seconds: float) -> None:
        """See `Lab`; after training it looks at all test digits, a part in each call."""
        if not self._is_training:
            self.is_playing = self._look_on()
        elif self.settings.speed and self._goal is None:
            now = time.perf_counter()
            if now < self._next:
                time.sleep(min(seconds, self._next - now))
                return
            self._train(1)
            self._next = max(now, self._next) + 1 / self.settings.speed
        else:
            end = time.perf_counter() + seconds
            while self._is_training and (left := end - time.perf_counter()) > 0:
                self._train(max(1, int(left / self._seconds_a_step)) if self._seconds_a_step else 1)

    def _train(self, count: int) -> None:
        """Make at most so many steps, and stop at the goal."""
        run, start = self.run, time.perf_counter()
        before = run.step
        if self._goal is not None:
            count = min(count, self._goal - before)
        try:
            run.train(count)
        except ff.errors.NotFiniteError as error:
            self._is_training = False
            raise LabError("diverged", step=run.step, rate=f"{run.learning_rate:.3g}") from error
        self._seconds_a_step = (time.perf_counter() - start) / (run.step - before)
        if run.step == self._goal or run.step >= MOST_STEPS:
            self._is_training, self._goal = False, None

    def _look_on(self) -> bool:
        """Look at a further part of all test digits; return False if there is none."""
        run = self.run
        if self._looked_at != run.step:
            self._looked_at, self._right = run.step, []
        start = len(self._right) * _CHUNK
        x, y = run.data.x_test[start : start + _CHUNK], run.data.y_test[start : start + _CHUNK]
        if not len(x):
            return False
        self._right.append(int((run.see(x).predicted == y).sum()))
        return True

    def _source(self, source: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        data = self.run.data
        return (data.x_test, data.y_test) if source == "test" else (data.x, data.y)

    # What the page is shown

    def frame(self) -> dict[str, Any]:
        """See `Lab`; what is large is sent some times a second while it trains, and is None in between."""
        run, now = self.run, time.monotonic()
        is_full = self._is_stale or not self._is_training or now - self._sent >= _SECONDS_BETWEEN
        if is_full:
            self._is_stale, self._sent = False, now
        is_slow = not self._is_training or self.settings.speed in (1, 10)
        point = run.latest() if is_slow else run.curves[-1]
        return {
            "step": run.step,
            "epoch": run.epoch,
            "goal": self._goal,
            "is_training": self._is_training,
            "learning_rate": run.learning_rate,
            "data": {
                "name": self.settings.data,
                "side": run.data.side,
                "largest": run.data.largest,
                "train": len(run.data.x),
                "test": len(run.data.x_test),
                "is_without_mnist": self._is_without_mnist,
            },
            "point": vars(point),
            "all": self._all(),
            "curves": curves_of(run, point),
            "layers": [run.layers[place].kernel.shape for place in run.weighted],
            "digits": self._digits() if is_full else None,
            "watched": self._way(),
            "own": self._tally(),
        }

    def _all(self) -> dict[str, Any] | None:
        """Return the share of all test digits that is right, if it is known of this step."""
        run, count = self.run, len(self.run.data.x_test)
        if self._looked_at != run.step or len(self._right) * _CHUNK < count:
            return None
        return {"count": count, "accuracy": sum(self._right) / count}

    def _digits(self) -> dict[str, Any]:
        """Return what the network says of the coming batch and of the test digits, its weights and their bands."""
        run = self.run
        rows = run.batch
        batch, test = run.see(run.data.x[rows]), run.see(run.shown[0])
        labels = run.shown[1].astype(np.int64)
        index = min(self.settings.layer, len(run.weighted)) - 1
        return {
            "step": run.step,
            "layer": index + 1,
            "batch": {
                "rows": rows.astype(np.int32),
                "images": run.data.x[rows],
                "labels": run.data.y[rows],
                "predicted": batch.predicted,
                "probability": batch.probability,
            },
            "test": {"predicted": test.predicted, "probability": test.probability},
            "confusion": np.bincount(10 * labels + test.predicted, minlength=100).reshape(10, 10).astype(np.int32),
            "bands": bands_of(run, index, is_present=not self._is_training),
            "weights": weights_of(run, index),
        }

    def _way(self) -> dict[str, Any]:
        """Return what each layer makes of the watched digit."""
        run, watched = self.run, self._watched
        label = None
        if watched.source == "drawn":
            image = _image_of(self._drawing, run.data.side)
        else:
            images, labels = self._source(watched.source)
            image, label = images[watched.index], int(labels[watched.index])
        layers = [{"kind": kind, "values": values} for kind, values in run.outputs(image)]
        return {
            "source": watched.source,
            "index": watched.index,
            "label": label,
            "image": image,
            "layers": layers,
            "can_be_judged": watched.source == "drawn" and not self._is_judged,
        }

    def _tally(self) -> dict[str, Any]:
        """Return how many of the reader's own digits the network as it is now gets right."""
        labels = np.array([own.label for own in self._own], np.int32)
        if not self._own:
            return {"count": 0, "right": 0, "labels": labels, "predicted": labels}
        run = self.run
        predicted = run.see(np.stack([_image_of(own.strokes, run.data.side) for own in self._own])).predicted
        right = int((predicted == labels).sum())
        return {"count": len(labels), "right": right, "labels": labels, "predicted": predicted}

    def measures(self) -> dict[str, float | str]:
        """See `Lab`."""
        run = self.run
        point = run.latest()
        return {
            **vars(point),
            "epoch": run.epoch,
            "learning_rate": run.learning_rate,
            "accuracy_at_100": run.at_100.test_accuracy if run.at_100 else 0.0,
            "hidden_layers": len(run.weighted) - 1,
            "network": self.settings.network,
            "data": self.settings.data,
            "drawn": len(self._own),
        }

    def saved(self) -> dict[str, Any]:
        """See `Lab`; the steps are made anew, to the same bits, where the link is opened."""
        steps = self.run.step if self._goal is None else self._goal
        return {"step": steps, "own": [[own.label, own.strokes] for own in self._own]}

    def script(self) -> str:
        """See `Lab`."""
        return program(self.settings, self.run)

    def model(self) -> ff.Model:
        """See `Lab`."""
        return self.run.model


_image_of = lru_cache(maxsize=2 * _MOST_OWN)(image_of)
"""The same for each frame: a digit is drawn once, and looked at again with each change of the network."""


def _read_saved(saved: Mapping[str, Any]) -> tuple[int, list[Own]]:
    """Return the number of steps and the drawn digits of a link.

    Raises
    ------
    LabError
        If it holds anything else.
    """
    if set(saved) != {"step", "own"}:
        raise LabError("bad_link")
    try:
        step = Whole(0, MOST_STEPS).check("step", saved["step"])
        own = Many(Row((Whole(0, 9), STROKES)), _MOST_OWN).check("own", saved["own"])
    except LabError as error:
        raise LabError("bad_link") from error
    if not all(strokes for _, strokes in own):
        raise LabError("bad_link")
    return step, [Own(label, strokes) for label, strokes in own]
