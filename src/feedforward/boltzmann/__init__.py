"""Restricted Boltzmann machines, stacks of them, and networks that begin with their weights.

Here: the machines, how they learn, what their likelihood is where it can be computed, and what becomes of a stack. Not
here: how a network goes on learning; that is `Sequential`.
"""

from typing import TYPE_CHECKING

from feedforward.boltzmann.files import load, save
from feedforward.boltzmann.learning import ContrastiveDivergence
from feedforward.boltzmann.likelihood import log_likelihood, log_partition
from feedforward.boltzmann.machine import RBM
from feedforward.boltzmann.stack import Stack, initialise_from
from feedforward.lookup import namespace

__all__ = [
    "RBM",
    "ContrastiveDivergence",
    "Stack",
    "initialise_from",
    "log_partition",
    "log_likelihood",
    "save",
    "load",
]

if not TYPE_CHECKING:
    __getattr__, __dir__ = namespace("feedforward.boltzmann", __all__)
