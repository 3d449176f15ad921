"""TensorFlow 1: graphs and sessions, eager tensors and tapes."""

from feedforward.compat.tensorflow import (
    arrays,
    dispatch,
    dtypes,
    errors,
    graph,
    maths,
    session,
    shapes,
    tensors,
    variables,
)

__all__ = [
    "arrays",
    "dispatch",
    "dtypes",
    "errors",
    "graph",
    "maths",
    "session",
    "shapes",
    "tensors",
    "variables",
]
