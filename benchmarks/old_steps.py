"""The steps of two slide programs, alone: ``python -m benchmarks.old_steps peer program``.

`peer` is ``feedforward`` or ``tensorflow``; `program` is ``tf1_softmax.py``, whose step is a `run` of the session, or
``eager_digits.py``, whose step is a tape, its gradient and six assignments. What stands before a program's loop is run
as it is. It prints a line of JSON when it is ready, then one for each line that it reads:

====================  ====================================================================
``{"steps": n}``      ``{"seconds": a step, "kernel": in machine code, "above": it}``, medians
====================  ====================================================================
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.outside import STEPS, slides_folder

_WARM_SECONDS = 5.0
"""How long steps are run before they are measured: our compiler makes its best code after 2 s of kernels."""


def _session_step(names: dict[str, Any]) -> Callable[[], object]:
    run, train_step, batch = names["sess"].run, names["train_step"], names["mnist"].train.next_batch(100)
    feeds = dict(zip((names["X"], names["Y_"]), batch, strict=True))
    return lambda: run(train_step, feed_dict=feeds)


def _tape_step(names: dict[str, Any]) -> Callable[[], object]:
    tf, model, loss = names["tf"], names["model"], names["loss"]
    x, y = zip(*list(zip(names["train_x"][:128], names["train_y"][:128], strict=True)), strict=True)
    variables = [model.W1, model.b1, model.W2, model.b2, model.W3, model.b3]

    def step() -> None:
        with tf.GradientTape() as tape:
            value = loss(model(x), y)
        for variable, gradient in zip(variables, tape.gradient(value, variables), strict=True):
            variable.assign_sub(gradient * 0.001)

    return step


_MAKERS = {"tf1_softmax.py": _session_step, "eager_digits.py": _tape_step}


def _kernel_seconds() -> Callable[[], float]:
    """Return a function that says how long machine code of ours ran so far in this process."""
    from feedforward.backends.llvm import _Code

    seconds, call = [0.0], _Code._call

    def timed(self: Any, *arguments: Any) -> float:
        passed = call(self, *arguments)
        seconds[0] += passed
        return passed

    _Code._call = timed  # type: ignore[method-assign]
    return lambda: seconds[0]


def main(peer: str, program: str) -> None:
    """Answer lines until there are no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what programs print is no answer
    if peer == "feedforward":
        from feedforward.compat import install

        install()
        kernel = _kernel_seconds()
    else:
        from benchmarks.through_tensorflow import install as install_theirs

        install_theirs(program.partition("_")[0])
        kernel = float
    folder = slides_folder()
    assert folder is not None
    text, names = (folder / program).read_text(), dict[str, Any]()
    exec(compile(text[: text.index(STEPS[program])], program, "exec", dont_inherit=True), names)
    step = _MAKERS[program](names)
    started = time.perf_counter()
    while time.perf_counter() - started < _WARM_SECONDS:
        step()
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        times = [_timed(step, kernel) for _ in range(json.loads(line)["steps"])]
        seconds, inside = zip(*times, strict=True)
        values = {
            "seconds": statistics.median(seconds),
            "kernel": statistics.median(inside),
            "above": statistics.median(whole - part for whole, part in times),
        }
        print(json.dumps(values), file=answers, flush=True)


def _timed(step: Callable[[], object], kernel: Callable[[], float]) -> tuple[float, float]:
    """Return how long a step took, and how long of that machine code of ours ran."""
    before, started = kernel(), time.perf_counter()
    step()
    return time.perf_counter() - started, kernel() - before


if __name__ == "__main__":
    main(*sys.argv[1:])
