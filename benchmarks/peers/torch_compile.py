"""PyTorch with `torch.compile`, in its default mode, over forward pass, loss and gradient; Adam is fused."""

from __future__ import annotations

import torch

from benchmarks.networks import Array, Network
from benchmarks.peers import torch_eager
from benchmarks.peers.torch_eager import versions as versions


def prepare(network: Network, x: Array, y: Array) -> torch_eager.TorchTrainer:
    """Return the network, ready to be trained."""
    return torch_eager.TorchTrainer(network, x, y, torch.compile)
