"""TensorFlow 1: graphs and sessions, eager tensors and tapes."""

from feedforward.compat.tensorflow import (
    arrays,
    contrib_eager,
    dispatch,
    dtypes,
    eager,
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
    "contrib_eager",
    "dispatch",
    "dtypes",
    "eager",
    "errors",
    "graph",
    "maths",
    "session",
    "shapes",
    "tensors",
    "variables",
]
