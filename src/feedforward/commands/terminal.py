"""The terminal's side of a report: results as lines of text, coloured where there is a terminal.

Lines never depend on colour alone, and a pipe gets the same text.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from feedforward.report.evaluation import Classification, Evaluation

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

__all__ = ["show", "lines"]

_LARGEST_MATRIX = 25
_PAIRS = 10
_LONGEST_HEADING = 5


def show(console: Console, evaluation: Evaluation) -> None:
    """Print the main numbers, and for a classification what is taken for what."""
    for line in lines(evaluation, console.width if console.is_terminal else None):
        console.print(line, soft_wrap=True, highlight=False)


def lines(evaluation: Evaluation, width: int | None = None) -> list[Text]:
    """Return what `show` prints.

    Parameters
    ----------
    evaluation : Classification or Regression
        The results.
    width : int or None
        Characters in a line: where the confusion matrix does not fit, the pairs most often mistaken take its place.
        None: as wide as need be.
    """
    from rich.text import Text

    if not isinstance(evaluation, Classification):
        return [
            Text.assemble("R^2 ", (f"{evaluation.r_squared:.4f}", "bold"), "  (1 is perfect, 0 is guessing the mean)"),
            Text(f"mean absolute error {evaluation.mean_absolute_error:.4g}"),
            Text(f"mean squared error {evaluation.mean_squared_error:.4g}"),
        ]
    low, high = evaluation.interval
    result = [
        Text.assemble(
            "accuracy ",
            (f"{evaluation.accuracy:.2%}", "bold"),
            f"  ({evaluation.right:,} of {len(evaluation.labels):,} right; 95 % interval {low:.1%} to {high:.1%})",
        ),
        Text(f"loss {evaluation.loss:.4f}  (cross-entropy, nats per sample)"),
        Text(""),
    ]
    matrix = _matrix(evaluation) if len(evaluation.class_names) <= _LARGEST_MATRIX else []
    if matrix and (width is None or max(line.cell_len for line in matrix) <= width):
        return result + matrix
    return result + _pairs(evaluation)


def _matrix(evaluation: Classification) -> list[Text]:
    """Return the confusion matrix: a row for each true class, a column for each predicted one, and recall."""
    from rich.cells import cell_len, set_cell_size
    from rich.text import Text

    names = [" ".join(name.split()) for name in evaluation.class_names]
    is_numbered = max(map(cell_len, names)) > _LONGEST_HEADING
    headings = [str(index) for index in range(len(names))] if is_numbered else names
    rows = [f"{index} {name}" for index, name in enumerate(names)] if is_numbered else names
    if is_numbered:
        digits = len(headings[-1])
        rows = [f"{index:>{digits}} {name}" for index, name in enumerate(names)]
    first = min(max(map(cell_len, [*rows, "true"])), 28)
    cell = 2 + max(*map(cell_len, headings), len(str(int(evaluation.confusion.max()))))
    right_aligned = "".join(" " * (cell - cell_len(heading)) + heading for heading in headings)
    result = [
        Text.assemble(("confusion matrix: rows are true, columns predicted", "bold")),
        Text.assemble((" " * first + right_aligned + "   recall", "bright_black")),
    ]
    for true, row in enumerate(evaluation.confusion.tolist()):
        line = Text(
            set_cell_size(row_name, first) if cell_len(row_name := rows[true]) > first else _padded(row_name, first)
        )
        for predicted, count in enumerate(row):
            style = "bold green" if true == predicted else "bright_black" if count == 0 else "bold red"
            line.append(f"{count:>{cell}}" if count or true == predicted else f"{'.':>{cell}}", style)
        recall = evaluation.recalls[true]
        line.append(f"{'-' if math.isnan(recall) else f'{recall:.1%}':>9}", "bright_black")
        result.append(line)
    return result


def _padded(text: str, width: int) -> str:
    from rich.cells import cell_len

    return text + " " * (width - cell_len(text))


def _pairs(evaluation: Classification) -> list[Text]:
    """Return the pairs most often mistaken and the classes least often found."""
    from rich.text import Text

    names = evaluation.class_names
    pairs = evaluation.most_confused(_PAIRS)
    if not pairs:
        return [Text("no mistakes")]
    result = [Text.assemble(("most often mistaken", "bold"))]
    for true, predicted, count in pairs:
        total = int(evaluation.confusion[true].sum())
        result.append(Text(f"{count:>6} of {total:,}  {names[true]} taken for {names[predicted]}"))
    return result
