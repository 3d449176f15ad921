"""Keras 1 and 2."""

from feedforward.compat.keras import datasets, preprocessing_image, preprocessing_text

__all__ = ["datasets", "preprocessing_image", "preprocessing_text"]
