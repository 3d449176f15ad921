"""The operations as functions on tensors: each does what the one of the same name in ``feedforward.ops`` does."""

from feedforward import ops
from feedforward.tensor import lift

__all__ = [
    "add",
    "subtract",
    "multiply",
    "divide",
    "floor_divide",
    "remainder",
    "power",
    "negative",
    "abs",
    "sign",
    "floor",
    "exp",
    "log",
    "log1p",
    "expm1",
    "tanh",
    "erf",
    "sqrt",
    "square",
    "sin",
    "cos",
    "maximum",
    "minimum",
    "clip",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "logical_and",
    "logical_or",
    "logical_not",
    "is_finite",
    "where",
    "cast",
    "stop_gradient",
    "sum",
    "mean",
    "max",
    "min",
    "any",
    "all",
    "argmax",
    "logsumexp",
    "reshape",
    "transpose",
    "broadcast_to",
    "expand_dims",
    "squeeze",
    "pad",
    "concatenate",
    "stack",
    "flip",
    "take",
    "scatter_add",
    "one_hot",
    "take_along_axis",
    "matmul",
    "windows",
]

add = lift(ops.add)
subtract = lift(ops.subtract)
multiply = lift(ops.multiply)
divide = lift(ops.divide)
floor_divide = lift(ops.floor_divide)
remainder = lift(ops.remainder)
power = lift(ops.power)
negative = lift(ops.negative)
abs = lift(ops.abs)
sign = lift(ops.sign)
floor = lift(ops.floor)
exp = lift(ops.exp)
log = lift(ops.log)
log1p = lift(ops.log1p)
expm1 = lift(ops.expm1)
tanh = lift(ops.tanh)
erf = lift(ops.erf)
sqrt = lift(ops.sqrt)
square = lift(ops.square)
sin = lift(ops.sin)
cos = lift(ops.cos)
maximum = lift(ops.maximum)
minimum = lift(ops.minimum)
clip = lift(ops.clip)
equal = lift(ops.equal)
not_equal = lift(ops.not_equal)
less = lift(ops.less)
less_equal = lift(ops.less_equal)
greater = lift(ops.greater)
greater_equal = lift(ops.greater_equal)
logical_and = lift(ops.logical_and)
logical_or = lift(ops.logical_or)
logical_not = lift(ops.logical_not)
is_finite = lift(ops.is_finite)
where = lift(ops.where)
cast = lift(ops.cast)
stop_gradient = lift(ops.stop_gradient)
sum = lift(ops.sum)
mean = lift(ops.mean)
max = lift(ops.max)
min = lift(ops.min)
any = lift(ops.any)
all = lift(ops.all)
argmax = lift(ops.argmax)
logsumexp = lift(ops.logsumexp)
reshape = lift(ops.reshape)
transpose = lift(ops.transpose)
broadcast_to = lift(ops.broadcast_to)
expand_dims = lift(ops.expand_dims)
squeeze = lift(ops.squeeze)
pad = lift(ops.pad)
concatenate = lift(ops.concatenate, has_sequences=True)
stack = lift(ops.stack, has_sequences=True)
flip = lift(ops.flip)
take = lift(ops.take)
scatter_add = lift(ops.scatter_add)
one_hot = lift(ops.one_hot)
take_along_axis = lift(ops.take_along_axis)
matmul = lift(ops.matmul)
windows = lift(ops.windows)
