"""TensorFlow 1: graphs and sessions, eager tensors and tapes."""

from feedforward.compat.tensorflow import application, errors, files, refused, tutorials

__all__ = ["application", "errors", "files", "refused", "tutorials"]
