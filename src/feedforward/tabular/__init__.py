"""Tables: columns of any kind to the arrays that a network learns from, and the networks that suit them.

Not here: files (``feedforward.data``), estimators (``feedforward.sklearn``).
"""

__all__: list[str] = []
