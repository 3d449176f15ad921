"""The compiler: a graph is simplified, lowered to loop nests, given memory, and emitted as machine code."""

__all__: list[str] = []
