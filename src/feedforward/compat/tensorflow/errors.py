"""TensorFlow's exceptions: what sessions raise."""

from __future__ import annotations

from typing import Any

from feedforward.compat.names import provided

__all__ = [
    "OpError",
    "OutOfRangeError",
    "InvalidArgumentError",
    "FailedPreconditionError",
    "NotFoundError",
    "invalid_argument",
    "failed_precondition",
]


@provided("tf.OpError", "tf.errors.OpError")
class OpError(Exception):
    """Something that went wrong when an operation ran.

    Parameters
    ----------
    node_def, op
        The operation.
    message : str
        What went wrong.
    """

    def __init__(self, node_def: Any = None, op: Any = None, message: str = "") -> None:
        super().__init__(message)
        self.node_def, self.op, self.message = node_def, op, message

    def __str__(self) -> str:
        return str(self.message)


@provided("tf.errors.OutOfRangeError")
class OutOfRangeError(OpError):
    """An iterator has no more elements."""


@provided("tf.errors.InvalidArgumentError")
class InvalidArgumentError(OpError, ValueError):
    """A value does not fit an operation."""


@provided("tf.errors.FailedPreconditionError")
class FailedPreconditionError(OpError):
    """A variable has no value yet."""


@provided("tf.errors.NotFoundError")
class NotFoundError(OpError):
    """A file or a thing in it is not there."""


@provided("tf.errors.AlreadyExistsError")
class AlreadyExistsError(OpError):
    """A thing is there already."""


@provided("tf.errors.ResourceExhaustedError")
class ResourceExhaustedError(OpError):
    """There is too little memory."""


def invalid_argument(message: str, op: Any) -> InvalidArgumentError:
    """Return an error about a value that does not fit an operation."""
    return InvalidArgumentError(op, op, f"{message}\n\t [[node {op.name} ({op.type}){_built(op)}]]")


def failed_precondition(message: str, op: Any) -> FailedPreconditionError:
    """Return an error about an operation that ran too early."""
    return FailedPreconditionError(op, op, f"{message}\n\t [[node {op.name} ({op.type}){_built(op)}]]")


def _built(op: Any) -> str:
    from feedforward.graph.node import location_of

    return location_of(op)
