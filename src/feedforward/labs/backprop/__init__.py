"""Backpropagation: one training step of a small network, unit by unit, forwards and back, every number in sight."""

from feedforward.labs.backprop.lab import Backprop

LAB = Backprop

__all__ = ["LAB"]
