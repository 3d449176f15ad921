"""Loops over rows whose length is known only from data, such as those of a sparse matrix."""

__all__: list[str] = []
