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
    Convolution,
    Network,
)


def build(network: Network) -> nn.Module:
    """Return the network."""
    layers: list[nn.Module] = []
    last = len(network.units) - 2
    kernels = network.kernels()
    dense_kernels = kernels[len(network.convolutions) :]
    for (side, layer), kernel in zip(network.sides(), kernels, strict=False):
        layers += _convolution(layer, side, kernel)
    if layers:
        layers.append(nn.Flatten())
        filters = network.convolutions[-1].filters  # here images are (channels, height, width), and so are their rows
        first = dense_kernels[0]
        by_channel = first.reshape(-1, filters, first.shape[1]).transpose(1, 0, 2)
        dense_kernels[0] = np.ascontiguousarray(by_channel.reshape(first.shape))
    for place, kernel in enumerate(dense_kernels):
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
            layers.append(nn.Tanh() if network.activation == "tanh" else nn.ReLU())
    return nn.Sequential(*layers)


def _convolution(layer: Convolution, side: int, kernel: Array) -> list[nn.Module]:
    before, after = layer.border(side)
    border = [] if before == after else [nn.ZeroPad2d((before, after, before, after))]
    convolution = nn.Conv2d(kernel.shape[2], layer.filters, layer.size, layer.stride, before if before == after else 0)
    with torch.no_grad():
        convolution.weight.copy_(torch.from_numpy(kernel.transpose(3, 2, 0, 1)))
    assert convolution.bias is not None
    nn.init.zeros_(convolution.bias)
    return [*border, convolution, nn.ReLU(), *([nn.MaxPool2d(layer.pool)] if layer.pool > 1 else [])]


class TorchTrainer:
    """The network and its data; see `Trainer`."""

    def __init__(
        self, network: Network, x: Array, y: Array, compiler: Callable[[Callable[..., Any]], Callable[..., Any]]
    ) -> None:
        torch.manual_seed(0)
        self.network = network
        self.x, self.y = self._given(x), torch.from_numpy(y.astype(np.int64))
        self.model = build(network)
        self.loss = compiler(lambda x, y: functional.cross_entropy(self.model(x), y))
        self.forward = compiler(lambda x: self.model(x))
        self.optimizer = torch.optim.Adam(
            self.model.parameters(), LEARNING_RATE, betas=(BETA_1, BETA_2), eps=EPSILON, fused=True
        )

    def _given(self, x: Array) -> torch.Tensor:
        """Return rows as the first layer takes them."""
        given = torch.from_numpy(self.network.as_given(x))
        return given.permute(0, 3, 1, 2).contiguous() if given.ndim == 4 else given

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
            return np.asarray(self.forward(self._given(x)))


def prepare(network: Network, x: Array, y: Array) -> TorchTrainer:
    """Return the network, ready to be trained."""
    return TorchTrainer(network, x, y, lambda function: function)


def versions() -> dict[str, str]:
    """Return the versions that matter."""
    return {"torch": torch.__version__}
