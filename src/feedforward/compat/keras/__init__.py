"""Keras 1 and 2."""
