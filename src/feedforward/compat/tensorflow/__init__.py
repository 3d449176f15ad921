"""TensorFlow 1: graphs and sessions, eager tensors and tapes."""

from feedforward.compat.tensorflow import (
    application,
    arrays,
    dispatch,
    dtypes,
    errors,
    files,
    graph,
    maths,
    refused,
    session,
    shapes,
    tensors,
    tutorials,
    variables,
)

__all__ = [
    "application",
    "arrays",
    "dispatch",
    "dtypes",
    "errors",
    "files",
    "graph",
    "maths",
    "refused",
    "session",
    "shapes",
    "tensors",
    "tutorials",
    "variables",
]
