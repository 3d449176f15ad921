"""What is paid before training goes on: the import, the first step, and MNIST from nothing to 98 %."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from typing import Any

from benchmarks.outside import data_folder
from benchmarks.page import table
from benchmarks.parts import Settings

_IMPORT = """
import time
started = time.perf_counter()
import feedforward
print(time.perf_counter() - started)
"""

_FIRST_STEP = """
import time
import numpy as np
import feedforward as ff
x, y = np.random.default_rng(0).random((128, 784), np.float32), np.arange(128) % 10
started = time.perf_counter()
ff.use_backend("llvm")
model = ff.Sequential([ff.Input((784,)), ff.layers.Dense(512, activation="relu"), ff.layers.Dense(10)])
model.compile("adam", ff.losses.SparseCategoricalCrossentropy(from_logits=True))
model.fit(x, y, batch_size=128, epochs=1, verbose=0)
print(time.perf_counter() - started)
"""

_MNIST = """
import feedforward as ff
ff.use_backend("llvm")
ff.set_seed(0)
(x, y), (x_test, y_test) = ff.datasets.mnist()
model = ff.Sequential([
    ff.Input((28, 28), dtype="uint8"),
    ff.layers.Rescaling(1 / 255),
    ff.layers.Flatten(),
    ff.layers.Dense(384, activation="relu"),
    ff.layers.Dense(10),
])
optimizer = ff.optimizers.Adam(2e-3)
model.compile(optimizer, ff.losses.SparseCategoricalCrossentropy(from_logits=True), ["accuracy"])
for epoch in range(1, 21):
    model.fit(x, y, batch_size=64, epochs=1, verbose=0)
    optimizer.learning_rate /= 2
    accuracy = model.evaluate(x_test, y_test, batch_size=1000, verbose=0)[1]
    if accuracy >= 0.98:
        break
print(epoch, accuracy)
"""


def measure(settings: Settings) -> dict[str, Any]:
    """Return seconds of each round: import, first step with an empty and a filled cache, MNIST to 98 %."""
    raw: dict[str, Any] = {"import": [], "cold": [], "warm": [], "mnist": [], "mnist_warm": [], "mnist_result": []}
    folder = data_folder()
    for number in range(settings.rounds):
        print(f"startup, round {number + 1}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory() as cache:
            raw["import"].append(round(float(_run(_IMPORT, cache)), 4))
            raw["cold"].append(round(float(_run(_FIRST_STEP, cache)), 4))
            raw["warm"].append(round(float(_run(_FIRST_STEP, cache)), 4))
        if folder is None:
            continue
        with tempfile.TemporaryDirectory() as cache:
            for key in ("mnist", "mnist_warm"):
                started = time.perf_counter()
                epochs, accuracy = _run(_MNIST, cache, str(folder)).split()
                raw[key].append(round(time.perf_counter() - started, 3))
                raw["mnist_result"].append([int(epochs), float(accuracy)])
    return raw


def figures(raw: dict[str, Any]) -> dict[str, float | str]:
    """Return the medians."""
    result: dict[str, float | str] = {key: statistics.median(raw[key]) for key in ("import", "cold", "warm")}
    if not raw["mnist"]:
        result["mnist"] = "skipped: MNIST is not in the folder that FEEDFORWARD_DATA names"
    elif min(accuracy for _, accuracy in raw["mnist_result"]) < 0.98:
        result["mnist"] = "does not count: 98 % was not reached"
    else:
        result["mnist"] = statistics.median(raw["mnist"])
    return result


def render(raw: dict[str, Any]) -> str:
    """Return the section of the page."""
    meanings = {
        "import": "import",
        "cold": "import done, to the first step's end; nothing in the cache",
        "warm": "the same, code in the cache",
        "mnist": "process start to MNIST at 98 %, nothing in the cache",
        "mnist_warm": "the same, code in the cache",
    }
    rows = [
        [meaning, f"{statistics.median(raw[key]):.3f}", f"{min(raw[key]):.3f} to {max(raw[key]):.3f}"]
        for key, meaning in meanings.items()
        if raw[key]
    ]
    lines = ["## Before training goes on", "", "Seconds in fresh processes, medians; the network is 784-512-10.", ""]
    lines += [table(["", "median", "range"], rows)]
    if raw["mnist_result"]:
        epochs, accuracy = raw["mnist_result"][0]
        lines += [
            "",
            f"MNIST: 784-384-10, batches of 64, Adam from 2e-3, halved each epoch; {accuracy:.2%} of the test set "
            f"after {epochs} epochs.",
        ]
    return "\n".join(lines)


def _run(program: str, cache: str, data: str | None = None) -> str:
    """Return what a program prints in a process of its own, with its own cache."""
    environment = {**os.environ, "XDG_CACHE_HOME": cache} | ({"FEEDFORWARD_DATA": data} if data else {})
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # modules are compiled once, as where nobody said otherwise
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"startup: a program failed:\n{done.stderr}")
    return done.stdout
