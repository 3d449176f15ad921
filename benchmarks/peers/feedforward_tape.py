"""Our library in a loop of the user's own: a tape, and the loss looked at after each step."""

from __future__ import annotations

import numpy as np

import feedforward as ff
from benchmarks.networks import BETA_1, BETA_2, EPSILON, LEARNING_RATE, Array, Network
from benchmarks.peers import feedforward
from benchmarks.peers.feedforward import versions

__all__ = ["LoopTrainer", "prepare", "versions"]


class LoopTrainer(feedforward.FeedforwardTrainer):
    """The network, its data and its step; see `Trainer`."""

    def __init__(self, network: Network, x: Array, y: Array) -> None:
        super().__init__(network, x, y)
        self.optimizer = ff.optimizers.Adam(LEARNING_RATE, beta_1=BETA_1, beta_2=BETA_2, epsilon=EPSILON)
        self.loss = ff.losses.SparseCategoricalCrossentropy(from_logits=True)

    def step(self, x: Array, y: Array) -> ff.Tensor:
        """Train on a batch, and return its loss."""
        weights = self.model.trainable_weights
        with ff.GradientTape() as tape:
            loss = self.loss(y, self.model(x, training=True))
        self.optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return loss

    def train(self, epochs: int) -> None:
        """Train so many epochs."""
        for order in (np.random.default_rng(epoch).permutation(len(self.x)) for epoch in range(epochs)):
            for start in range(0, len(order), self.batch_size):
                rows = order[start : start + self.batch_size]
                float(self.step(self.x[rows], self.y[rows]))


def prepare(network: Network, x: Array, y: Array) -> LoopTrainer:
    """Return the network, ready to be trained."""
    ff.use_backend("llvm")
    ff.set_seed(0)
    return LoopTrainer(network, x, y)
