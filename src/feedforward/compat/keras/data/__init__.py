"""Data sets, and what makes arrays of pictures and texts."""

__all__: list[str] = []
