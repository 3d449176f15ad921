"""PyTorch, operation by operation, with fused Adam; batches are gathered from tensors in memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from benchmarks.networks import (
    BATCH_NORMALIZATION_EPSILON,
    BATCH_NORMALIZATION_MOMENTUM,
    BETA_1,
    BETA_2,
    EPSILON,
    LEARNING_RATE,
    Array,
    Network,
)


def build(network: Network) -> nn.Module:
    """Return the network."""
    layers: list[nn.Module] = []
    last = len(network.units) - 2
    for place, kernel in enumerate(network.kernels()):
        inputs, units = kernel.shape
        is_normalised = network.has_batch_normalization and place < last
        dense = nn.Linear(inputs, units, bias=not is_normalised)
        with torch.no_grad():
            dense.weight.copy_(torch.from_numpy(kernel.T))
        if dense.bias is not None:
            nn.init.zeros_(dense.bias)
        layers.append(dense)
        if is_normalised:
            momentum = 1 - BATCH_NORMALIZATION_MOMENTUM
            layers.append(nn.BatchNorm1d(units, eps=BATCH_NORMALIZATION_EPSILON, momentum=momentum))
        if place < last:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


class TorchTrainer:
    """The network and its data; see `Trainer`."""

    def __init__(
        self, network: Network, x: Array, y: Array, compiler: Callable[[Callable[..., Any]], Callable[..., Any]]
    ) -> None:
        torch.manual_seed(0)
        self.network = network
        self.x, self.y = torch.from_numpy(x), torch.from_numpy(y.astype(np.int64))
        self.model = build(network)
        self.loss = compiler(lambda x, y: functional.cross_entropy(self.model(x), y))
        self.forward = compiler(lambda x: self.model(x))
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), LEARNING_RATE, betas=(BETA_1, BETA_2), eps=EPSILON, fused=True
        )

    def train(self, epochs: int) -> None:
        """Train so many epochs."""
        x, y, loss, optimizer, size = self.x, self.y, self.loss, self.optimizer, self.network.batch_size
        self.model.train()
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(size):
                optimizer.zero_grad()
                loss(x[rows], y[rows]).backward()
                optimizer.step()

    def predict(self, x: Array) -> Array:
        """Return logits."""
        self.model.eval()
        with torch.inference_mode():
            return np.asarray(self.forward(torch.from_numpy(x)))


def prepare(network: Network, x: Array, y: Array) -> TorchTrainer:
    """Return the network, ready to be trained."""
    return TorchTrainer(network, x, y, lambda function: function)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    return {"torch": torch.__version__}
