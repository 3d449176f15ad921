"""PyTorch, operation by operation, with fused Adam; the loss is looked at after each step."""

from __future__ import annotations

import torch

from benchmarks.networks import Array, Network
from benchmarks.peers.torch_eager import TorchTrainer, versions

__all__ = ["prepare", "versions"]


class _LoopTrainer(TorchTrainer):
    def train(self, epochs: int) -> None:
        """Train so many epochs."""
        self.model.train()
        for _ in range(epochs):
            for rows in torch.randperm(len(self.x)).split(self.network.batch_size):
                self.optimizer.zero_grad()
                loss = self.loss(self.x[rows], self.y[rows])
                loss.backward()
                self.optimizer.step()
                loss.item()


def prepare(network: Network, x: Array, y: Array) -> _LoopTrainer:
    """Return the network, ready to be trained."""
    return _LoopTrainer(network, x, y, lambda function: function)
