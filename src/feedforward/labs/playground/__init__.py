"""Playground: a small network learns to tell points of a plane apart, every neuron in sight."""

from feedforward.labs.playground.lab import Playground

LAB = Playground

__all__ = ["LAB"]
