"""The error that a page shows: a key of its words, so that it is said in the reader's language."""

from __future__ import annotations

__all__ = ["LabError"]


class LabError(ValueError):
    """What was asked for cannot be done; the page says why.

    Parameters
    ----------
    key : str
        Which of the words says it: ``"error.<key>"``.
    **values : str, int or float
        What stands in the words' braces.
    """

    def __init__(self, key: str, **values: str | int | float) -> None:
        super().__init__(f"{key}: {', '.join(f'{name} {value!r}' for name, value in values.items())}")
        self.key = key
        self.values = values
