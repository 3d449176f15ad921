"""Layers, and what they are given: activations, initializers, penalties."""

__all__: list[str] = []
