"""Linear: three lines that tell points of a plane apart, every number of the loss and its gradient in sight."""

from feedforward.labs.linear.lab import Linear

LAB = Linear

__all__ = ["LAB"]
