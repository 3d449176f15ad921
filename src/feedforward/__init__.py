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
from feedforward.nn import activations, constraints, initializers, layers, losses, metrics, optimizers, regularizers
from feedforward.nn.activations import (
    celu,
    elu,
    exponential,
    gelu,
    hard_sigmoid,
    hard_swish,
    hard_tanh,
    leaky_relu,
    log_sigmoid,
    log_softmax,
    maxout,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    softmax,
    softmin,
    softplus,
    softsign,
    swish,
)
from feedforward.nn.layers import Input
from feedforward.random import set_seed
from feedforward.tape import GradientTape
from feedforward.tensor import Tensor, Variable, eager
from feedforward.training import callbacks, sampling
from feedforward.training.checkpoint import load
from feedforward.training.gradient_check import check_gradients
from feedforward.training.many import ManyModels
from feedforward.training.model import Model
from feedforward.training.sequential import Sequential

__all__ = [
    "Input",
    "Model",
    "Sequential",
    "ManyModels",
    "load",
    "layers",
    "activations",
    "constraints",
    "initializers",
    "losses",
    "metrics",
    "optimizers",
    "regularizers",
    "callbacks",
    "sampling",
    "linear",
    "convex",
    "boltzmann",
    "learned",
    "theory",
    "sklearn",
    "tabular",
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
    "check_gradients",
    "random",
    "set_seed",
    "eager",
    "function",
    "set_threads",
    "use_backend",
    "celu",
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "log_sigmoid",
    "log_softmax",
    "maxout",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "softmax",
    "softmin",
    "softplus",
    "softsign",
    "swish",
]
__all__ += functions.__all__

__version__ = "0.1.0"

if TYPE_CHECKING:
    from feedforward import boltzmann, convex, learned, linear, sklearn, tabular, theory
else:
    _PARTS = (
        layers,
        activations,
        constraints,
        initializers,
        losses,
        metrics,
        optimizers,
        regularizers,
        callbacks,
        sampling,
        datasets,
        data,
        errors,
        random,
    )
    _LATER = ("linear", "convex", "boltzmann", "learned", "theory", "sklearn", "tabular")
    __getattr__, __dir__ = namespace("feedforward", __all__, _PARTS, later=_LATER)
