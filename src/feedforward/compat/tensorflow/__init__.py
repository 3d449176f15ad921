"""TensorFlow 1: graphs and sessions, eager tensors and tapes."""

from feedforward.compat.tensorflow import tutorials

__all__ = ["tutorials"]
