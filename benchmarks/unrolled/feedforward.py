"""Our library: all windows of all runs are one loop of machine code, and each run begins with other numbers."""

from __future__ import annotations

import numpy as np

import feedforward as ff
from benchmarks.networks import Array
from benchmarks.unrolled.problems import Problem


class FeedforwardTrainer:
    """See `Trainer`."""

    def __init__(self, problem: Problem) -> None:
        self.training = problem.training()

    def train(self, runs: int) -> float:
        """Train on so many runs."""
        return self.training.train(runs)

    def weights(self) -> dict[str, Array]:
        """Return the rule's weights."""
        return {name: value.numpy() for name, value in self.training.rule.weights.items()}


def prepare(problem: Problem) -> FeedforwardTrainer:
    """Return our training."""
    return FeedforwardTrainer(problem)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    import llvmlite

    return {"feedforward": ff.__version__, "llvmlite": llvmlite.__version__, "numpy": np.__version__}
