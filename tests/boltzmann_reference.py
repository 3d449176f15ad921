"""Machines by their definition, in float64 NumPy: every state of both sides, its energy, and what follows."""

import itertools

import numpy as np

from feedforward.boltzmann import RBM


def states(units):
    return np.array(list(itertools.product([0.0, 1.0], repeat=units)))


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def tiny(visible_units, hidden_units, visible="binary", hidden="binary", size=1.0, seed=0):
    """A machine whose weights are no longer small, and W, b and c in float64."""
    machine = RBM(visible_units, hidden_units, visible, hidden, seed=0)
    random = np.random.default_rng(seed)
    for variable in (machine.kernel, machine.visible_bias, machine.hidden_bias):
        variable.assign((size * random.standard_normal(variable.shape)).astype(np.float32))
    return machine, *(
        each.numpy().astype(np.float64) for each in (machine.kernel, machine.visible_bias, machine.hidden_bias)
    )


def joint(W, b, c):
    """exp(-E(v, h)) of a binary machine, for each v (row) and each h (column)."""
    v, h = states(len(b)), states(len(c))
    return np.exp((v @ b)[:, None] + h @ c + v @ W @ h.T)


def transition(W, b, c):
    """What one step of Gibbs sampling makes of each v (row): the probability of each v (column)."""
    weights = joint(W, b, c)
    given_v = weights / weights.sum(1, keepdims=True)
    given_h = weights / weights.sum(0)
    return given_v @ given_h.T


def statistics(share, v, W, c):
    """Mean of v p(h=1|v)', of v and of p(h=1|v), where share is the probability of each row of v."""
    h = sigmoid(v @ W + c)
    return np.concatenate([((share[:, None] * v).T @ h).ravel(), share @ v, share @ h])
