"""Deep feedforward networks: one graph of primitive operations, its gradient, and training you can look into.

The usual way in is ``import feedforward as ff``.
"""

from feedforward import random as random
from feedforward.backends.threads import set_threads as set_threads
from feedforward.data import datasets as datasets
from feedforward.execution import use_backend as use_backend
from feedforward.functions import *
from feedforward.nn import activations as activations
from feedforward.nn import initializers as initializers
from feedforward.nn import layers as layers
from feedforward.nn import losses as losses
from feedforward.nn import metrics as metrics
from feedforward.nn import optimizers as optimizers
from feedforward.nn.layers import Input as Input
from feedforward.random import set_seed as set_seed
from feedforward.tape import GradientTape as GradientTape
from feedforward.tape import grad as grad
from feedforward.tape import hessian as hessian
from feedforward.tape import value_and_grad as value_and_grad
from feedforward.tensor import Tensor as Tensor
from feedforward.tensor import Variable as Variable
from feedforward.tensor import eager as eager
from feedforward.training import callbacks as callbacks
from feedforward.training.checkpoint import load as load
from feedforward.training.model import Model as Model
from feedforward.training.sequential import Sequential as Sequential

__version__ = "0.1.0"
