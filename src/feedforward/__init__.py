"""Deep feedforward networks: one graph of primitive operations, its gradient, and training you can look into.

The usual way in is ``import feedforward as ff``.
"""

from feedforward import random as random
from feedforward.functions import *
from feedforward.random import set_seed as set_seed
from feedforward.tape import GradientTape as GradientTape
from feedforward.tape import grad as grad
from feedforward.tape import hessian as hessian
from feedforward.tape import value_and_grad as value_and_grad
from feedforward.tensor import Tensor as Tensor
from feedforward.tensor import Variable as Variable
from feedforward.tensor import eager as eager
