"""Keras 1 and 2.

Each file here says of what it defines under which names programs know it; see ``feedforward.compat.names``. Read
``spelling.py`` first: how Keras spelled things over the years; then ``layer.py`` and ``training.py``.
"""

from feedforward.compat.keras import (
    arrays,
    backend,
    callbacks,
    convolutional,
    datasets,
    initializers,
    layers,
    losses,
    merging,
    models,
    optimizers,
    preprocessing_image,
    preprocessing_text,
    saving,
    version,
    wrappers,
)

__all__ = [
    "arrays",
    "backend",
    "callbacks",
    "convolutional",
    "datasets",
    "initializers",
    "layers",
    "losses",
    "merging",
    "models",
    "optimizers",
    "preprocessing_image",
    "preprocessing_text",
    "saving",
    "version",
    "wrappers",
]
