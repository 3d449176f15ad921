"""Deep feedforward networks: one graph of primitive operations, its gradient, and training you can look into.

The usual way in is ``import feedforward as ff``.
"""

from typing import TYPE_CHECKING

from feedforward import data, errors, functions, random
from feedforward.backends.threads import set_threads
from feedforward.data import datasets
from feedforward.derivatives import grad, hessian, jacobian, jvp, value_and_grad, vjp
from feedforward.execution import use_backend
from feedforward.function import function
from feedforward.functions import *
from feedforward.lookup import namespace
from feedforward.nn import activations, initializers, layers, losses, metrics, optimizers, regularizers
from feedforward.nn.activations import (
    elu,
    leaky_relu,
    linear,
    log_softmax,
    relu,
    sigmoid,
    softmax,
    softplus,
    swish,
)
from feedforward.nn.layers import Input
from feedforward.random import set_seed
from feedforward.tape import GradientTape
from feedforward.tensor import Tensor, Variable, eager
from feedforward.training import callbacks
from feedforward.training.checkpoint import load
from feedforward.training.model import Model
from feedforward.training.sequential import Sequential

__all__ = [
    "Input",
    "Model",
    "Sequential",
    "load",
    "layers",
    "activations",
    "initializers",
    "losses",
    "metrics",
    "optimizers",
    "regularizers",
    "callbacks",
    "data",
    "datasets",
    "errors",
    "Tensor",
    "Variable",
    "GradientTape",
    "grad",
    "value_and_grad",
    "hessian",
    "jacobian",
    "vjp",
    "jvp",
    "random",
    "set_seed",
    "eager",
    "function",
    "set_threads",
    "use_backend",
    "elu",
    "leaky_relu",
    "linear",
    "log_softmax",
    "relu",
    "sigmoid",
    "softmax",
    "softplus",
    "swish",
]
__all__ += functions.__all__

__version__ = "0.1.0"

if not TYPE_CHECKING:
    _PARTS = (
        layers,
        activations,
        initializers,
        losses,
        metrics,
        optimizers,
        regularizers,
        callbacks,
        datasets,
        data,
        errors,
        random,
    )
    __getattr__, __dir__ = namespace("feedforward", __all__, _PARTS)
