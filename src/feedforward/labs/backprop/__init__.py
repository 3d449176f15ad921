"""Backpropagation: a step of training, explained number by number; and an expression as gates."""
