"""What Keras prints: epochs with their bars, and the table of a model.

Formats: ``keras/utils/generic_utils.py`` and ``layer_utils.py`` of Keras 1.2.2 and 2.2.4. Where the output is no
terminal a bar is printed once, when it is full.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from feedforward.compat.keras.spelling import is_keras_1, is_tensorflow_2, keeps_names
from feedforward.training.callbacks import Callback

__all__ = ["EpochBars", "full_bar", "print_summary"]

_WIDTH = 30


def _numbers(logs: Mapping[str, float]) -> str:
    """Return numbers as a bar has them behind it."""
    return "".join(
        f" - {name}: {value:.4f}" if abs(value) > 1e-3 else f" - {name}: {value:.4e}" for name, value in logs.items()
    )


def _pace(seconds: float, steps: int, are_batches: bool) -> str:
    """Return how long all took, and from Keras 2.1 on each step."""
    if is_keras_1():
        return f" - {seconds:.0f}s"
    each = seconds / max(steps, 1)
    text = f"{each:.0f}s" if each >= 1 else f"{each * 1e3:.0f}ms" if each >= 1e-3 else f"{each * 1e6:.0f}us"
    return f" - {seconds:.0f}s {text}/{'sample' if is_tensorflow_2() and not are_batches else 'step'}"


def _bar(done: int, whole: int) -> str:
    part = int(_WIDTH * done / whole)
    arrow = "=" * (part - 1) + (">" if done < whole else "=") if part else ""
    return f"{done:{len(str(whole))}d}/{whole} [{arrow}{'.' * (_WIDTH - part)}]"


def full_bar(count: int, seconds: float, logs: Mapping[str, float], are_batches: bool = False) -> str:
    """Return the line that is there when all samples, or batches, are done."""
    return f"{_bar(count, count)}{_pace(seconds, count, are_batches)}{_numbers(logs)}"


class EpochBars(Callback):
    """Prints a bar, or a line, for each epoch.

    Parameters
    ----------
    verbose : {1, 2}
        1 a bar, 2 a line.
    count : int or None
        What the bar counts up to: samples, or steps where `per_step` is more than 1.
    per_step : int
        How many of these a batch is.
    are_batches : bool
        Whether they are batches, and not samples.
    """

    def __init__(self, verbose: int, count: int | None, per_step: int, are_batches: bool) -> None:
        self._verbose, self._count, self._per_step, self._are_batches = verbose, count, per_step, are_batches
        self._is_drawn = False
        self._start = 0.0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """Say which epoch begins."""
        print(f"Epoch {epoch + 1}/{self.plan.epochs}")
        self._start, self._is_drawn = time.perf_counter(), False

    def on_look(self, step: int, logs: Mapping[str, float]) -> None:
        """Draw the bar anew, in a terminal."""
        if self._verbose == 1 and self._count and sys.stdout.isatty():
            done = min(step * self._per_step, self._count)
            if 0 < done < self._count:
                left = (time.perf_counter() - self._start) * (self._count - done) / done
                sys.stdout.write(f"\r{_bar(done, self._count)} - ETA: {left:.0f}s{_numbers(logs)}")
                sys.stdout.flush()
                self._is_drawn = True

    def on_epoch_end(self, epoch: int, logs: Mapping[str, float]) -> None:
        """Finish the bar, or print the line."""
        seconds = time.perf_counter() - self._start
        if self._is_drawn:
            sys.stdout.write("\r")
        if self._verbose == 2 or not self._count:
            whole = f"{self._count}/{self._count}" if is_tensorflow_2() and self._count else ""
            print(f"{whole} - {seconds:.0f}s{_numbers(logs)}")
        else:
            print(full_bar(self._count, seconds, logs, self._are_batches))


def print_summary(
    rows: Sequence[tuple[str, str, int, Sequence[str]]],
    counts: tuple[int, int],
    line_length: int | None,
    positions: Sequence[float] | None,
    print_fn: Callable[[str], Any],
    name: str,
) -> None:
    """Print the table of a model as Keras does.

    Parameters
    ----------
    rows : sequence of (str, str, int, sequence of str)
        For each its name and class, output shape, number of parameters, and what it is connected to.
    counts : (int, int)
        How many elements are trained, and how many are not.
    line_length, positions
        The width of the table, and where its columns end: parts of it or absolute.
    print_fn : callable
        What prints a line.
    name : str
        The model's.
    """
    is_plain = all(len(row[3]) <= 1 for row in rows) and not is_keras_1()
    if is_keras_1():
        width, ends = line_length or 100, positions or (0.33, 0.55, 0.67, 1.0)
    elif is_plain:
        width, ends = line_length or 65, positions or (0.45, 0.85, 1.0)
    else:
        width, ends = line_length or 98, positions or (0.33, 0.55, 0.67, 1.0)
    columns = [int(width * end) for end in ends] if ends[-1] <= 1 else [int(end) for end in ends]
    titles = ["Layer (type)", "Output Shape", "Param #", "Connected to"]

    def line(fields: Sequence[object]) -> None:
        text = ""
        for field, end in zip(fields, columns, strict=False):
            text = f"{text[:-1]} {field}" if text else str(field)
            text = text[:end].ljust(end)
        print_fn(text)

    if keeps_names():
        print_fn(f'Model: "{name}"')
    print_fn("_" * width)
    line(titles[: 3 if is_plain else 4])
    print_fn("=" * width)
    for place, (title, shape, count, sources) in enumerate(rows):
        line([title, shape, count] if is_plain else [title, shape, count, next(iter(sources), "")])
        for source in sources[1:]:
            line(["", "", "", source])
        print_fn(("=" if place == len(rows) - 1 else "_") * width)
    trained, frozen = counts
    print_fn(f"Total params: {trained + frozen:,}")
    print_fn(f"Trainable params: {trained:,}")
    print_fn(f"Non-trainable params: {frozen:,}")
    print_fn("_" * width)
