"""Peers side by side: a process each, taking turns, so that what disturbs the machine disturbs all of them alike."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Protocol, TypeVar

from benchmarks.networks import Network
from benchmarks.peers import has_peer_for

ROOT = Path(__file__).parent.parent

TURN_SECONDS = 0.4
"""A turn is as many epochs as take a peer this long, at least one."""

_MOST_EPOCHS = 100
_PAUSE_SECONDS = 0.5
"""Between two turns, so that threads of the last peer that still spin fall asleep."""

_LONGEST_SECONDS = 600
"""A process that does not answer for so long is ended."""


class HasPeer(Protocol):
    """What takes turns: a worker, or a command that is run anew in each."""

    @property
    def peer(self) -> str:
        """Whose turns they are."""


Taker = TypeVar("Taker", bound=HasPeer)


class WorkerError(Exception):
    """A peer's process ended; the message names the peer, and holds the last line that it wrote."""


class Worker:
    """A peer's process.

    Parameters
    ----------
    peer : str
        Which.
    module, task : str
        What the process runs, and what on: a network for ``benchmarks.worker``.

    Attributes
    ----------
    ready : dict
        What it told when it had learnt: loss, versions.
    """

    def __init__(self, peer: str, module: str, task: str) -> None:
        self.peer = peer
        self.ready: dict[str, Any] = {}
        self._errors = tempfile.TemporaryFile("w+")
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, peer, task],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=ROOT,
        )

    def wait_until_ready(self) -> None:
        """Wait for its first answer.

        Raises
        ------
        WorkerError
            If it ended instead.
        """
        self.ready = self._answer()

    def ask(self, **command: Any) -> dict[str, Any]:
        """Return its answer to a command.

        Raises
        ------
        WorkerError
            If it ended instead.
        """
        assert self._process.stdin is not None
        with suppress(OSError):  # if it has ended, the answer says why
            print(json.dumps(command), file=self._process.stdin, flush=True)
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        watch = threading.Timer(_LONGEST_SECONDS, self._process.kill)
        watch.start()
        line = self._process.stdout.readline()
        watch.cancel()
        if not line:
            self._process.wait()
            self._errors.seek(0)
            lines = self._errors.read().strip().splitlines() or [f"ended with {self._process.returncode}"]
            raise WorkerError(f"{self.peer}: {lines[-1][:200]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """Tell the process to end at once."""
        self._process.kill()

    def close(self) -> None:
        """Wait until the process has ended, and close its files."""
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                with suppress(OSError):  # a command may still lie there that the process did not live to read
                    stream.close()


@contextmanager
def workers(peers: Sequence[str], network: Network, failures: dict[str, str]) -> Iterator[list[Worker]]:
    """Start a process for each peer that can train a network, one after another, and end all; notes why one failed."""
    started: list[Worker] = []
    ready = []
    try:
        for peer in peers:
            if not has_peer_for(peer, network):
                continue
            worker = Worker(peer, "benchmarks.worker", network.name)
            started.append(worker)
            try:
                worker.wait_until_ready()
                ready.append(worker)
            except WorkerError as error:
                failures[worker.peer] = str(error)
        yield ready
    finally:
        for worker in started:
            worker.end()
        for worker in started:
            worker.close()


def take_turns(workers: Sequence[Taker], rounds: int, turn: Callable[[Taker], float]) -> dict[str, list[float]]:
    """Return what each worker's turns gave, a list a peer; each round begins with another peer."""
    results: dict[str, list[float]] = {worker.peer: [] for worker in workers}
    for number in range(rounds):
        first = number % max(1, len(workers))
        for worker in [*workers[first:], *workers[:first]]:
            time.sleep(_PAUSE_SECONDS)
            results[worker.peer].append(turn(worker))
    return results


def training_turn(workers: Sequence[Worker], network: Network) -> Callable[[Worker], float]:
    """Return a turn of training, which gives seconds per step.

    An epoch of each worker, not counted, says how many epochs its turns take.
    """
    tried = take_turns(workers, 1, lambda worker: float(worker.ask(train=1)["seconds"]))
    epochs = {peer: max(1, min(_MOST_EPOCHS, math.ceil(TURN_SECONDS / seconds))) for peer, (seconds,) in tried.items()}

    def turn(worker: Worker) -> float:
        count = epochs[worker.peer]
        return float(worker.ask(train=count)["seconds"]) / (count * network.steps)

    return turn


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """Return the median over the rounds of ours / theirs in that round."""
    return statistics.median(a / b for a, b in zip(ours, theirs, strict=True))


def ratio_range(ours: Sequence[float], theirs: Sequence[float]) -> tuple[float, float]:
    """Return the quartiles over the rounds of ours / theirs in that round: how far to trust their median."""
    ratios = [a / b for a, b in zip(ours, theirs, strict=True)]
    if len(ratios) < 2:
        return ratios[0], ratios[0]
    first, _, third = statistics.quantiles(ratios, n=4, method="inclusive")
    return first, third


def ratio_text(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return ratio and quartiles as the tables show them."""
    low, high = ratio_range(ours, theirs)
    return f"{ratio(ours, theirs):.3f} ({low:.3f} to {high:.3f})"


def rounded(times: Mapping[str, Sequence[float]]) -> dict[str, list[float]]:
    """Return times to four digits, to be kept in a file."""
    return {peer: [float(f"{value:.4g}") for value in values] for peer, values in times.items()}


def load() -> float:
    """Return how many processes wanted to run, over the last minute."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else math.nan
