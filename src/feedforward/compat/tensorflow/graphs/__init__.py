"""Graphs and sessions, and what both modes share: tensors, shapes, dtypes, variables."""

__all__: list[str] = []
