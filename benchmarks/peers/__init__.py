"""The peers: one file each, all with the same two functions.

``prepare(network, x, y)`` returns a `Trainer`; ``versions()`` returns the versions of what it uses. A peer is imported
only in its own process, after the number of threads is settled.
"""

from __future__ import annotations

import importlib
from typing import Protocol

from benchmarks.networks import Array, Network

PEERS = {
    "feedforward": "feedforward",
    "jax_scan": "JAX, scan over the epoch",
    "jax_step": "JAX, jitted step",
    "torch_eager": "PyTorch, fused Adam",
    "torch_compile": "PyTorch, torch.compile",
    "keras_tensorflow": "Keras on TensorFlow",
    "keras_jax": "Keras on JAX",
    "scikit_learn": "scikit-learn",
}
"""What tables call each peer, by its file's name."""


_WITH_CONVOLUTIONS = ("feedforward", "jax_scan", "jax_step", "torch_eager", "torch_compile")


class Trainer(Protocol):
    """A network and its data, ready to be trained."""

    def train(self, epochs: int) -> None:
        """Train so many epochs, each in a new order, and return when all is computed."""

    def predict(self, x: Array) -> Array:
        """Return logits, or logarithms of probabilities, as a NumPy array; the fastest way for so many rows."""


class Peer(Protocol):
    """A peer's file."""

    def prepare(self, network: Network, x: Array, y: Array) -> Trainer:
        """Return a network, freshly initialised, to be trained on rows `x` and labels `y`."""

    def versions(self) -> dict[str, str]:
        """Return the version of each package that matters."""


def has_peer_for(peer: str, network: Network) -> bool:
    """Return whether a peer can train a network.

    scikit-learn has no batch normalisation; convolutions, and other activations than ReLU, are written for some only.
    """
    if network.convolutions or network.activation != "relu":
        return peer in _WITH_CONVOLUTIONS
    return peer != "scikit_learn" or not network.has_batch_normalization


def load_peer(name: str) -> Peer:
    """Return a peer's file, imported."""
    module: Peer = importlib.import_module(f"benchmarks.peers.{name}")
    return module
