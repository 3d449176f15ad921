"""Whether one thread or all run a program's steps: whichever was quicker of late."""

from __future__ import annotations

__all__ = ["Pace"]

_FIRST_TRIALS, _TRIAL_EVERY, _TRIAL_SECONDS = 3, 8, 0.003
"""In the first loops, and then in one of so many, the other number of threads is tried, for about so long."""

_LEAST_TRIED = 4
"""Steps of a trial, unless they are long: in one or two, the threads have hardly come together."""

_LOST = 1 / 64
"""The part of all steps' time that trials may lose: a long step is tried seldom where the other way is much slower."""


class Pace:
    """How long a step of a program took with one thread, and with all.

    Sharing pays where a step is long enough, the threads' processors are near each other, and no other process needs
    them; all of that may change while a program runs. So now and then a small part of the steps is run the other way.
    """

    def __init__(self) -> None:
        self._seconds: dict[int, float] = {}
        self._calls = 0
        self._untried = 0

    def parts(self, steps: int, count: int) -> list[tuple[int, int]]:
        """Return numbers of steps, in all `steps`, and how many threads are to run them: at most `count`."""
        if count == 1:
            return [(steps, 1)]
        best = min((count, 1), key=lambda one: self._seconds.get(one, 0.0))
        other = 1 if best == count else count
        self._calls += 1
        self._untried += steps
        are_known = best in self._seconds and other in self._seconds
        if steps == 1 and not are_known:  # the first step of each, and none of them is divided
            return [(1, best)]
        tried, loss = steps // 16, 0.0
        if are_known:
            tried = min(tried, int(_TRIAL_SECONDS / self._seconds[best]))
            loss = self._seconds[other] / self._seconds[best] - 1
        is_long = self._seconds.get(best, 0.0) > _TRIAL_SECONDS / _LEAST_TRIED
        tried = max(1, min(max(1 if is_long else _LEAST_TRIED, tried), steps - 1))
        if self._calls > _FIRST_TRIALS and (self._calls % _TRIAL_EVERY or self._untried * _LOST < tried * loss):
            return [(steps, best)]
        self._untried = 0
        if steps == 1:
            return [(1, other)]
        return [(steps - tried, best), (tried, other)]

    def steps_in(self, seconds: float, count: int) -> int:
        """Return how many steps take about so long with the best number of threads, at most `count`; 1 at first."""
        known = [one for one in (self._seconds.get(count), self._seconds.get(1)) if one]
        return max(1, int(seconds / min(known))) if known else 1

    def note(self, count: int, seconds: float) -> None:
        """Remember how long a step took with so many threads; a worse time than before may be chance."""
        before = self._seconds.get(count, seconds)
        self._seconds[count] = min(seconds, (before + seconds) / 2)
