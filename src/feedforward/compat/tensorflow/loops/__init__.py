"""What loops of a program's own are made of: eager tapes, functions, data sets and their iterators."""

__all__: list[str] = []
