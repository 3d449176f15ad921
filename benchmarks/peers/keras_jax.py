"""Keras on JAX: `Model.fit` as it comes."""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "jax"  # before the other file imports Keras
from benchmarks.peers.keras_tensorflow import prepare as prepare
from benchmarks.peers.keras_tensorflow import versions as versions
