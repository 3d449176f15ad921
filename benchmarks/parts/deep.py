"""Deep networks: how long the first epochs take longer than the same epochs later, which is what compiling costs."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks import machine
from benchmarks.networks import Network
from benchmarks.page import table
from benchmarks.parts import Settings
from benchmarks.peers import PEERS, load_peer
from benchmarks.side_by_side import ROOT, ratio

LAYERS = (20, 100)
_EPOCHS = 9
_PEERS = ("feedforward", "jax_scan")


def _network(layers: int) -> Network:
    return Network((64,) * layers + (10,), 64, 50 * 64)


def measure(settings: Settings) -> dict[str, Any]:
    """Return, by layers and peer, of each round: seconds of the first epoch, and of all above the quickest one's pace.

    Each turn is a process of its own, with an empty cache.
    """
    raw: dict[str, Any] = {str(layers): {peer: [] for peer in _PEERS} for layers in LAYERS}
    for layers in LAYERS:
        for number in range(settings.rounds):
            print(f"deep, {layers} layers, round {number + 1}", file=sys.stderr, flush=True)
            for peer in _PEERS:
                with tempfile.TemporaryDirectory() as cache:
                    done = subprocess.run(
                        [sys.executable, "-m", "benchmarks.parts.deep", peer, str(layers)],
                        env={**os.environ, "XDG_CACHE_HOME": cache},
                        capture_output=True,
                        text=True,
                        cwd=ROOT,
                        check=True,
                    )
                seconds = json.loads(done.stdout.splitlines()[-1])
                excess = sum(seconds) - len(seconds) * min(seconds)
                raw[str(layers)][peer].append([round(seconds[0], 4), round(excess, 4)])
    return raw


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return our seconds over JAX's, by the number of layers."""
    result: dict[str, float | str] = {}
    for layers, by_peer in raw.items():
        ours, theirs = ([excess for _, excess in by_peer[peer]] for peer in _PEERS)
        result[layers] = ratio(ours, theirs)
    return result


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    rows = [
        [layers, PEERS[peer], *(f"{statistics.median(values):.3f}" for values in zip(*turns, strict=True))]
        for layers, by_peer in raw.items()
        for peer, turns in by_peer.items()
    ]
    text = (
        f"Dense(64) with ReLU, batch 64, Adam, 50 steps an epoch. Each turn is a process of its own, with an empty "
        f"cache; seconds, medians. Compiling is what {_EPOCHS} epochs take longer than {_EPOCHS} times the quickest."
    )
    head = ["layers", "peer", "first epoch", "compiling"]
    return "\n".join(["## Deep networks", "", text, "", table(head, rows)])


def main(peer: str, layers: str) -> None:
    """Print the seconds of each of the first epochs."""
    network = _network(int(layers))
    module = load_peer(peer)
    small = Network((3, 2), 64, 64)  # so that what is paid once in a process is not counted
    module.prepare(small, *small.data()).train(1)
    trainer = module.prepare(network, *network.data())
    seconds = []
    for _ in range(_EPOCHS):
        started = time.perf_counter()
        trainer.train(1)
        seconds.append(time.perf_counter() - started)
    print(json.dumps(seconds))


if __name__ == "__main__":
    machine.settle()
    main(*sys.argv[1:])
