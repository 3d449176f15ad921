"""JAX: one compiled step, called from a Python loop; the batch's rows are gathered inside it."""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import numpy as np

from benchmarks.networks import Array, Network
from benchmarks.peers import jax_scan
from benchmarks.peers.jax_scan import versions as versions


@partial(jax.jit, static_argnums=0, donate_argnums=1)
def _step(network: Network, state: Any, x: Any, y: Any, rows: Any) -> Any:
    return jax_scan.step(network, state, x.at[rows].get(mode="clip"), y.at[rows].get(mode="clip"))


class JaxStepTrainer(jax_scan.JaxTrainer):
    """The network and its data; see `Trainer`."""

    def train(self, epochs: int) -> None:
        """Train so many epochs."""
        size = self.network.batch_size
        for _ in range(epochs):
            order = self.random.permutation(self.network.rows).astype(np.int32)
            for start in range(0, len(order), size):
                self.state = _step(self.network, self.state, self.x, self.y, order[start : start + size])
        jax.tree.map(lambda leaf: leaf.block_until_ready(), self.state)


def prepare(network: Network, x: Array, y: Array) -> JaxStepTrainer:
    """Return the network, ready to be trained."""
    return JaxStepTrainer(network, x, y)
