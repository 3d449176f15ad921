"""The graph of primitive operations: nodes, the record of an operation, the gradient, legality and the text form."""

__all__: list[str] = []
