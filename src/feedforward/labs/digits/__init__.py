"""Digits: networks learn to read handwriting, from a softmax to convolutions, and everything can be seen."""

from feedforward.labs.digits.lab import Digits

LAB = Digits

__all__ = ["LAB"]
