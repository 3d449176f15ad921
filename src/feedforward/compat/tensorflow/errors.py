"""``tf.errors``: the exceptions that programs of TensorFlow catch, and that these modules raise where it does."""

from __future__ import annotations

from typing import Any

from feedforward.compat.names import provide, provided

__all__ = [
    "OpError",
    "AlreadyExistsError",
    "FailedPreconditionError",
    "InvalidArgumentError",
    "NotFoundError",
    "OutOfRangeError",
    "UnimplementedError",
]


@provided("tf.errors.OpError", "tf.OpError")
class OpError(Exception):
    """An operation could not be carried out.

    Parameters
    ----------
    node_def : object
        What TensorFlow has here; kept for programs that hand it on.
    op : object
        The operation that failed; None where there is none.
    message : str
        What failed, what was expected, what to do.
    error_code : int
        TensorFlow's number of the kind of error.
    """

    def __init__(self, node_def: Any, op: Any, message: str, error_code: int = 2) -> None:
        super().__init__(message)
        self.node_def, self.op, self.message, self.error_code = node_def, op, message, error_code


def _error(name: str, code: int, meaning: str) -> type[OpError]:
    """Return the class of one kind of error, and let programs know it."""

    def _initialise(self: OpError, node_def: Any, op: Any, message: str) -> None:
        OpError.__init__(self, node_def, op, message, code)

    members = {"__doc__": meaning, "__module__": __name__, "__init__": _initialise}
    constant = "".join(f"_{letter}" if letter.isupper() else letter.upper() for letter in name.removesuffix("Error"))
    provide(code, f"tf.errors.{constant[1:]}")
    return provide(type(name, (OpError,), members), f"tf.errors.{name}")


CancelledError = _error("CancelledError", 1, "An operation was cancelled.")
UnknownError = _error("UnknownError", 2, "Something else failed.")
InvalidArgumentError = _error("InvalidArgumentError", 3, "An operation got an argument that it cannot take.")
DeadlineExceededError = _error("DeadlineExceededError", 4, "An operation took too long.")
NotFoundError = _error("NotFoundError", 5, "A file, or a value in one, is not there.")
AlreadyExistsError = _error("AlreadyExistsError", 6, "A file is there already.")
PermissionDeniedError = _error("PermissionDeniedError", 7, "A file may not be read or written.")
ResourceExhaustedError = _error("ResourceExhaustedError", 8, "Memory or disk is full.")
FailedPreconditionError = _error("FailedPreconditionError", 9, "Something has to be done first: initialise a variable.")
AbortedError = _error("AbortedError", 10, "An operation was given up.")
OutOfRangeError = _error("OutOfRangeError", 11, "A data set has no further element.")
UnimplementedError = _error("UnimplementedError", 12, "An operation is not there.")
InternalError = _error("InternalError", 13, "A fault in the package.")
UnavailableError = _error("UnavailableError", 14, "A service cannot be reached.")
DataLossError = _error("DataLossError", 15, "A file is damaged.")
UnauthenticatedError = _error("UnauthenticatedError", 16, "A service does not know who asks.")
