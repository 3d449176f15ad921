"""Contrastive divergence: how a machine learns.

The gradient of -log p(v) is that of F(v), less its mean over the machine's own samples. Contrastive divergence takes
for these what some steps of Gibbs sampling make of the data, or of chains of its own. So one step is the gradient of a
difference of free energies, by the package's own differentiation, where the samples count as constants.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from feedforward import ops, random
from feedforward.execution import backend
from feedforward.functions import square, stop_gradient
from feedforward.functions import sum as total
from feedforward.graph.dimension import unknown
from feedforward.graph.gradient import gradient
from feedforward.nn.config import Range, check_bool, check_int, check_number
from feedforward.nn.optimizers import SGD
from feedforward.tensor import Tensor, Variable, store, symbolic
from feedforward.tracing import trace
from feedforward.training.feed import Piece
from feedforward.training.loop import Loop

if TYPE_CHECKING:
    from feedforward.boltzmann.machine import RBM

__all__ = ["ContrastiveDivergence", "learn"]


@dataclass(frozen=True)
class ContrastiveDivergence:
    """How a machine learns: CD-k, or with chains of its own persistent CD.

    Parameters
    ----------
    steps : int
        k: steps of Gibbs sampling before each update, at least 1.
    chains : int
        0: Gibbs sampling begins with the batch each time (CD-k). More: with so many chains that go on from update to
        update (PCD-k); they begin at samples.
    use_visible_means : bool
        Whether the last of the steps gives the visible units their means in place of states drawn: less noise, and
        another fixed point. Not for chains, which it would end.
    epochs, batch_size : int
        How often the samples are gone through, and how many make an update.
    learning_rate : float
        r. About 0.1 for binary units, a tenth to a hundredth of that where a side is Gaussian.
    momentum : float
        u, from 0 to 1; see `SGD`.
    weight_decay : float
        d: in each update W becomes W - r d W; biases stay.
    target_activity : float, optional
        p, from 0 to 1: what share of the samples a hidden unit should be active for; binary hidden units only.
    sparsity_cost : float
        s: what is made small has s times the sum over hidden units of (p - mean of the unit over the batch)^2, too.

    Raises
    ------
    ValueError
        If a setting is not in its range, one of target_activity and sparsity_cost is given alone, or chains are given
        with use_visible_means.

    References
    ----------
    Hinton, "Training products of experts by minimizing contrastive divergence", 2002. Tieleman, "Training restricted
    Boltzmann machines using approximations to the likelihood gradient", 2008 (PCD). Lee, Ekanadham and Ng, "Sparse deep
    belief net model for visual area V2", 2008, equation 2; there the sparsity moves biases alone.

    Examples
    --------
    >>> ContrastiveDivergence(steps=0)
    Traceback (most recent call last):
    ValueError: ContrastiveDivergence(steps=0): steps must be an int >= 1. Got 0.
    """

    steps: int = 1
    chains: int = 0
    use_visible_means: bool = False
    epochs: int = 10
    batch_size: int = 100
    learning_rate: float = 0.1
    momentum: float = 0.5
    weight_decay: float = 0.0002
    target_activity: float | None = None
    sparsity_cost: float = 0.0

    def __post_init__(self) -> None:
        for name, least in (("steps", 1), ("chains", 0), ("epochs", 1), ("batch_size", 1)):
            check_int("ContrastiveDivergence", name, getattr(self, name), least)
        check_bool("ContrastiveDivergence", "use_visible_means", self.use_visible_means)
        for name in ("learning_rate", "weight_decay", "sparsity_cost"):
            check_number("ContrastiveDivergence", name, getattr(self, name), Range(0))
        check_number("ContrastiveDivergence", "momentum", self.momentum, Range(0, 1, has_high=False))
        if self.target_activity is not None:
            check_number("ContrastiveDivergence", "target_activity", self.target_activity, Range(0, 1))
        if (self.target_activity is None) != (self.sparsity_cost == 0):
            raise ValueError(
                f"ContrastiveDivergence(target_activity={self.target_activity!r}, "
                f"sparsity_cost={self.sparsity_cost!r}): expected both or none. Give a cost above 0 with a target."
            )
        if self.chains and self.use_visible_means:
            raise ValueError(
                f"ContrastiveDivergence(chains={self.chains}, use_visible_means=True): chains go on with states, not "
                f"means. Leave one of them out."
            )


def learn(machine: RBM, data: NDArray[np.float32], learning: ContrastiveDivergence, seed: int) -> list[float]:
    """Go over the data in batches; see `RBM.fit`. The step is compiled once, and machine code goes over an epoch."""
    if learning.target_activity is not None and machine.hidden != "binary":
        raise ValueError(
            f"fit: target_activity={learning.target_activity} is for binary hidden units, and these are "
            f"{machine.hidden}. Leave it out."
        )
    optimizer = SGD(
        learning.learning_rate,
        momentum=learning.momentum,
        weight_decay=learning.weight_decay,
        weight_decay_factors={"*_bias": 0.0},
    )
    optimizer.build([machine.kernel, machine.visible_bias, machine.hidden_bias])
    # As many turns as these updates are of such data: so what goes on has the bits of what was never interrupted.
    first = int(machine.updates.numpy()) // -(-len(data) // learning.batch_size)
    chains = None
    if learning.chains:
        rows = data[random.order(len(data), seed, first, draw=1)]
        chains = Variable(np.resize(rows, (learning.chains, rows.shape[1])), trainable=False, name="chains")
    batch = symbolic(ops.placeholder((unknown("batch"), machine.visible_units), "float32", "x"))
    traced = trace(partial(_update, machine, learning, optimizer, chains, seed), [batch])
    values = [variable.numpy() for variable in traced.variables]
    loop = Loop(backend().compile(traced.program), traced.program, values)
    errors = []
    try:
        for epoch in range(learning.epochs):
            order = random.order(len(data), seed, first + epoch)
            totals = loop.run([Piece([data], order, learning.batch_size)], whole=f"epoch {epoch + 1}")
            errors.append(float(totals[0]) / len(data))
    finally:  # Ctrl-C, too, leaves what was learnt by then
        store(traced.variables, loop.finished()[0])
    return errors


def _update(
    machine: RBM, learning: ContrastiveDivergence, optimizer: SGD, chains: Variable | None, seed: int, x: Tensor
) -> list[Tensor]:
    """Take one step, and return the squared distances from samples to reconstructions, summed over the batch."""
    with random.drawing_from(seed, machine.updates):
        reconstruction, v = machine.step(x)
        left = learning.steps - 1
        if chains is not None:
            v, left = chains, learning.steps
        mean = reconstruction
        for _ in range(left):
            mean, v = machine.step(v)
    if chains is not None:
        chains.assign(v)
    model = stop_gradient(mean if learning.use_visible_means else v)
    cost = machine.free_energy(x).mean() - machine.free_energy(model).mean()
    if learning.target_activity is not None:
        activity = machine.hidden_means(x).mean(0)
        cost = cost + learning.sparsity_cost * total(square(activity - learning.target_activity))
    weights = [machine.kernel, machine.visible_bias, machine.hidden_bias]
    gradients = gradient(cost.node, [weight.node for weight in weights])
    pairs = [(symbolic(part), weight) for part, weight in zip(gradients, weights, strict=True) if part is not None]
    optimizer.apply_gradients(pairs)
    machine.updates.assign_add(1)
    return [total(square(x - reconstruction))]
