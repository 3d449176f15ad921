"""Keras 1 and 2."""

from feedforward.compat.keras import datasets

__all__ = ["datasets"]
