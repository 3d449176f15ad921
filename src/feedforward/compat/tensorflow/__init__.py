"""TensorFlow 1: graphs and sessions, eager tensors and tapes."""

from feedforward.compat.tensorflow import (
    arrays,
    control,
    dispatch,
    dtypes,
    errors,
    gradients,
    graph,
    maths,
    optimizers,
    schedules,
    session,
    shapes,
    tensors,
    variables,
)

__all__ = [
    "arrays",
    "control",
    "dispatch",
    "dtypes",
    "errors",
    "gradients",
    "graph",
    "maths",
    "optimizers",
    "schedules",
    "session",
    "shapes",
    "tensors",
    "variables",
]
