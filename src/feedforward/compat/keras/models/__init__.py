"""Models: what they are, how they are trained, told of, written and read."""

__all__: list[str] = []
