"""TensorFlow's exceptions: what sessions raise."""

from __future__ import annotations

import re
from typing import Any

from feedforward.compat.names import provide, provided

__all__ = [
    "OpError",
    "OutOfRangeError",
    "InvalidArgumentError",
    "FailedPreconditionError",
    "NotFoundError",
    "AlreadyExistsError",
    "PermissionDeniedError",
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
    error_code : int, optional
        TensorFlow's number of the kind of error.
    """

    error_code = 2

    def __init__(self, node_def: Any = None, op: Any = None, message: str = "", error_code: int | None = None) -> None:
        super().__init__(message)
        if error_code is not None:
            self.error_code = error_code
        self.node_def, self.op, self.message = node_def, op, message

    def __str__(self) -> str:
        return str(self.message)


@provided("tf.errors.OutOfRangeError")
class OutOfRangeError(OpError):
    """An iterator has no more elements."""

    error_code = 11


@provided("tf.errors.InvalidArgumentError")
class InvalidArgumentError(OpError, ValueError):
    """A value does not fit an operation."""

    error_code = 3


@provided("tf.errors.FailedPreconditionError")
class FailedPreconditionError(OpError):
    """A variable has no value yet."""

    error_code = 9


@provided("tf.errors.NotFoundError")
class NotFoundError(OpError):
    """A file or a thing in it is not there."""

    error_code = 5


@provided("tf.errors.AlreadyExistsError")
class AlreadyExistsError(OpError):
    """A thing is there already."""

    error_code = 6


@provided("tf.errors.ResourceExhaustedError")
class ResourceExhaustedError(OpError):
    """There is too little memory."""

    error_code = 8


@provided("tf.errors.CancelledError")
class CancelledError(OpError):
    """An operation was cancelled."""

    error_code = 1


@provided("tf.errors.UnknownError")
class UnknownError(OpError):
    """Something else went wrong."""

    error_code = 2


@provided("tf.errors.DeadlineExceededError")
class DeadlineExceededError(OpError):
    """An operation took too long."""

    error_code = 4


@provided("tf.errors.PermissionDeniedError")
class PermissionDeniedError(OpError):
    """A file may not be read or written."""

    error_code = 7


@provided("tf.errors.AbortedError")
class AbortedError(OpError):
    """An operation was given up."""

    error_code = 10


@provided("tf.errors.UnimplementedError")
class UnimplementedError(OpError):
    """There is no such operation."""

    error_code = 12


@provided("tf.errors.InternalError")
class InternalError(OpError):
    """A fault of the runtime."""

    error_code = 13


@provided("tf.errors.UnavailableError")
class UnavailableError(OpError):
    """A service cannot be reached."""

    error_code = 14


@provided("tf.errors.DataLossError")
class DataLossError(OpError):
    """A file is damaged."""

    error_code = 15


@provided("tf.errors.UnauthenticatedError")
class UnauthenticatedError(OpError):
    """A service does not know who asks."""

    error_code = 16


for _error in OpError.__subclasses__():
    _words = re.findall("[A-Z][a-z]+", _error.__name__.removesuffix("Error"))
    provide(_error.error_code, f"tf.errors.{'_'.join(_words).upper()}")


def invalid_argument(message: str, op: Any) -> InvalidArgumentError:
    """Return an error about a value that does not fit an operation."""
    return InvalidArgumentError(op, op, f"{message}\n\t [[node {op.name} ({op.type}){_built(op)}]]")


def failed_precondition(message: str, op: Any) -> FailedPreconditionError:
    """Return an error about an operation that ran too early."""
    return FailedPreconditionError(op, op, f"{message}\n\t [[node {op.name} ({op.type}){_built(op)}]]")


def _built(op: Any) -> str:
    from feedforward.graph.node import location_of

    return location_of(op)
