"""A model that answers programs on this machine: what rows must be, what they are answered, and the way there.

Read from the bottom up: ``rows``, ``served``, ``server``.
"""

__all__: list[str] = []
