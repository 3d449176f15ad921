"""Ways to the minimum, each of which says how far from it the weights can be."""

__all__: list[str] = []
