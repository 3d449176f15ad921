"""Losses, metrics, and the optimizers that make losses small."""

__all__: list[str] = []
