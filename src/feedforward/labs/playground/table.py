"""Points from a table that was dropped in: two columns of numbers and one of classes, as a CSV file has them."""

from __future__ import annotations

import csv
import io
import math
import re

import numpy as np

from feedforward.labs.errors import LabError
from feedforward.labs.playground.data import Own
from feedforward.labs.playground.settings import MOST_CLASSES, MOST_POINTS
from feedforward.labs.settings import shown

__all__ = ["read_table"]

_DELIMITERS = (",", ";", "\t")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LARGEST = 1e100
_LONGEST_NAME = 60
_HALF = 5.0
"""The points lie between -5 and 5, so that the plane shows some room around them."""


def read_table(text: str) -> Own:
    """Return the points of a table, each column scaled to fill the plane.

    Parameters
    ----------
    text : str
        Rows of two numbers and a class, which may be a word or a number, divided by commas, semicolons or tabs; the
        first row may name the columns.

    Raises
    ------
    LabError
        If a cell is missing or cannot be read; the message names line and column, counted from 1. If there are no two
        rows, no two classes, more than `MOST_POINTS` rows or more than `MOST_CLASSES` classes.
    """
    rows = _rows(text.removeprefix("\ufeff"))
    if not rows:
        raise LabError("table_empty")
    head = ("x1", "x2")
    line, first = rows[0]
    if len(first) == 3 and not any(_NUMBER.fullmatch(cell) for cell in first[:2]):
        head = (first[0][:_LONGEST_NAME] or "x1", first[1][:_LONGEST_NAME] or "x2")
        rows = rows[1:]
    if len(rows) < 2:
        raise LabError("table_empty" if not rows else "few_points", length=len(rows))
    if len(rows) > MOST_POINTS:
        raise LabError("table_rows", most=MOST_POINTS)
    points, words = np.empty((len(rows), 2)), []
    known: set[str] = set()
    for index, (line, cells) in enumerate(rows):
        if len(cells) != 3:
            raise LabError("table_columns", line=line, length=len(cells))
        points[index] = [_number(cell, line, column) for column, cell in enumerate(cells[:2], 1)]
        word = cells[2]
        if not word or len(word) > _LONGEST_NAME:
            raise LabError("table_class", line=line, column=3, most=_LONGEST_NAME)
        known.add(word)
        if len(known) > MOST_CLASSES:
            raise LabError("table_classes", most=MOST_CLASSES, line=line, column=3, value=shown(word))
        words.append(word)
    if len(known) < 2:
        raise LabError("one_class", value=shown(words[0]))
    names = sorted(known, key=_in_order)
    classes = np.array([names.index(word) for word in words], float)
    low, high = points.min(0), points.max(0)
    is_flat = low == high  # its points lie in the middle, with room that its numbers can show
    room = np.where(is_flat, np.maximum(1.0, 1e-9 * np.abs(low)), 0.0)
    low, high = low - room, high + room
    size = high - low
    places = np.where(is_flat, 0.5, (points - low) / size)  # from 0 to 1, also where the size is the smallest there is
    edge = (6 / _HALF - 1) / 2 * size
    axes = [(head[k], float((low - edge)[k]), float((high + edge)[k])) for k in range(2)]
    return Own((2 * places - 1) * _HALF, classes, tuple(names), (axes[0], axes[1]))


def _rows(text: str) -> list[tuple[int, list[str]]]:
    """Return the rows that are not blank, each with the line at which it ends, its cells without blanks around them."""
    first = text.lstrip().partition("\n")[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True)
    rows = []
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((reader.line_num, [cell.strip() for cell in cells]))
    except csv.Error as error:
        raise LabError("table_quotes", line=reader.line_num) from error
    return rows


def _number(cell: str, line: int, column: int) -> float:
    if not _NUMBER.fullmatch(cell) or abs(float(cell)) > _LARGEST:
        raise LabError("table_number", line=line, column=column, value=shown(cell))
    return float(cell)


def _in_order(word: str) -> tuple[bool, float, str]:
    """Return what sorts numbers by size, and before words."""
    if _NUMBER.fullmatch(word) and math.isfinite(float(word)):
        return False, float(word), word
    return True, 0.0, word
