"""Digits: networks learn to read handwriting, from a softmax to convolutions, with everything in sight while they do."""

from feedforward.labs.digits.lab import Digits

LAB = Digits

__all__ = ["LAB"]
