"""What the command line prints: a plan, what columns were taken for, results; coloured where there is a terminal.

Lines never depend on colour alone, and a pipe gets the same text.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from feedforward.commands.program import visible
from feedforward.report.evaluation import Classification, Evaluation

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from feedforward.commands.settings import Settings
    from feedforward.report.examples import Examples
    from feedforward.tabular.schema import AnySchema
    from feedforward.training.model import Model

__all__ = ["plan", "show_columns", "taken_for", "unknown_values", "show", "lines"]

_MOST_NAMES_APART = 12
_LARGEST_MATRIX = 25
_PAIRS = 10
_LONGEST_HEADING = 5


def plan(examples: Examples, settings: Settings, model: Model | None) -> str:
    """Return one line about what is going to happen.

    Parameters
    ----------
    examples : Examples
        What is learnt.
    settings : Settings
        How.
    model : Model or None
        What `build` returned.
    """
    sizes = "x".join(map(str, examples.x_train.shape[1:]))
    sizes += f" input{'s' * (sizes != '1')}" if examples.is_table else " pixels"
    hidden = [f"{units} {settings.activation}" for units in settings.layers]
    end = "1 number" if examples.task == "regression" else f"{len(examples.class_names)} classes"
    guessed = ""
    if examples.schema is not None:
        count = len(examples.schema.columns)  # of the features; the target makes one more
        header = "header" if examples.schema.has_header else f"no header: columns are c1..c{count + 1}"
        header += "" if examples.encoding == "UTF-8" else f"; {examples.encoding}"
        kind = (
            "regression"
            if examples.task == "regression"
            else f"classification with {len(examples.class_names)} classes"
        )
        guessed = f" ({header}; target {examples.target}: {kind})"
    watched = int(examples.is_validation.sum())
    epochs = f"{settings.epochs} epoch{'s' * (settings.epochs != 1)}"
    if settings.patience:
        epochs = f"at most {epochs}, until {settings.patience} bring no lower validation loss"
    if settings.budget is not None:
        epochs += f", within {settings.budget:g} s"
    count_of_weights = "" if model is None else f", {model.count_params():,} parameters"
    if settings.model == "linear":
        epochs = "solved, not trained"
    return visible(
        f"{examples.name}{guessed}: {len(examples.y_train) - watched:,} {examples.noun} to learn from,"
        f"{f' {watched:,} to validate,' if watched else ''} {len(examples.y_test):,} held out;"
        f" {' -> '.join([sizes, *hidden, end])}{count_of_weights};"
        f" {epochs}"
    )


def taken_for(schema: AnySchema) -> list[str]:
    """Return a line for each column of a table: what it was taken for; plain numbers in a row share one.

    Parameters
    ----------
    schema : Schema or TableSchema
        What the columns were taken for.
    """
    from rich.cells import cell_len

    rows = _grouped(schema)
    width = min(max(cell_len(name) for name, _ in rows), 30)
    return [f"{_padded(name, width)}  {told}" for name, told in rows]


def _grouped(schema: AnySchema) -> list[tuple[str, str]]:
    """Return columns with what they were taken for; plain numbers in a row share one place."""
    groups: list[tuple[list[str], str]] = []
    for column in (*schema.columns, schema.target):
        told = str(column)
        if told == "number" and groups and groups[-1][1] == told:
            groups[-1][0].append(column.name)
        else:
            groups.append(([column.name], told))
    lines = []
    for names, told in groups:
        if len(names) <= _MOST_NAMES_APART:
            lines += [(name, told) for name in names]
        else:
            lines.append((f"{names[0]} ... {names[-1]}", f"{len(names)} numbers"))
    return [(_in_one_line(name), visible(told)) for name, told in lines]


def unknown_values(unknown: Mapping[str, int]) -> list[str]:
    """Return a line for each column that holds values which no row learnt from has."""
    return [
        f"column {name!r}: {count:,} cell{'s hold values' if count > 1 else ' holds a value'} that no row learnt from"
        " has; nothing is known of them"
        for name, count in unknown.items()
    ]


def show_columns(console: Console, schema: AnySchema) -> None:
    """Print what a table's columns were taken for: in a terminal as a table, else a line for each.

    Parameters
    ----------
    console : Console
        Where.
    schema : Schema or TableSchema
        What the columns were taken for.
    """
    if not console.is_terminal:
        console.print("\n".join(f"  {line}" for line in taken_for(schema)), soft_wrap=True)
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("column", overflow="fold", max_width=30)
    table.add_column("taken for", overflow="fold")
    for name, told in _grouped(schema):
        style = "bold" if told.startswith("target") else "bright_black" if told.startswith("dropped") else ""
        table.add_row(Text(name, style), Text(told, style))
    console.print(table)


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

    names = [_in_one_line(name) for name in evaluation.class_names]
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


def _in_one_line(name: str) -> str:
    return visible(" ".join(name.split()))


def _padded(text: str, width: int) -> str:
    from rich.cells import cell_len

    return text + " " * (width - cell_len(text))


def _pairs(evaluation: Classification) -> list[Text]:
    """Return the pairs most often mistaken and the classes least often found."""
    from rich.text import Text

    names = [_in_one_line(name) for name in evaluation.class_names]
    pairs = evaluation.most_confused(_PAIRS)
    if not pairs:
        return [Text("no mistakes")]
    result = [Text.assemble(("most often mistaken", "bold"))]
    for true, predicted, count in pairs:
        total = int(evaluation.confusion[true].sum())
        result.append(Text(f"{count:>6} of {total:,}  {names[true]} taken for {names[predicted]}"))
    return result
