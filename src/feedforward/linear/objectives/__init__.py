"""What is minimised, with its dual: of one score a row, and of one for each class."""

__all__: list[str] = []
