"""The report: one HTML page about a trained network, complete in itself.

No scripts, no addresses, no files beside it; every text from outside is escaped. ``page`` makes the text of it,
``write`` puts it into a file in one step. The looks stand in ``page.css``.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from feedforward import __version__
from feedforward.atomic import write_bytes
from feedforward.report.charts import Curve, curve_chart
from feedforward.report.evaluation import Classification, Evaluation, Regression
from feedforward.report.examples import Examples
from feedforward.report.influence import Influence
from feedforward.report.png import data_uri
from feedforward.report.sections import (
    calibration_section,
    dependence_section,
    importance_section,
    ranking_section,
    values_section,
)

__all__ = ["Report", "versions", "write", "page"]

_PICTURES = 24
_WORST_ROWS = 12
_MOST_COLUMNS = 8
_LARGEST_MATRIX = 25
_LONGEST_HEADINGS = 30
"""Letters of all classes' names that fit above the matrix of a narrow page side by side; longer ones stand upright."""
_WIDEST_PRECISIONS = 12
"""Classes whose precision fits below the matrix of a wide page; of more it stands upright."""


@dataclass(frozen=True, eq=False)
class Report:
    """What the page tells.

    Parameters
    ----------
    title : str
        Its heading.
    lead : str
        A sentence below it.
    examples : Examples
        What was learnt from and what was held out.
    evaluation : Classification or Regression
        How the held-out samples went.
    history : mapping of str to sequence of float
        ``loss``, ``accuracy`` and ``val_...`` for each epoch.
    held_out_name : str
        What the ``val_...`` curves were measured on.
    loss_unit : str
        What the loss counts.
    parameters : int
        Number of weights.
    seconds : float or None
        How long training took, if that is known.
    settings : mapping of str to str
        How it was trained.
    network : str
        The network's summary.
    command : str
        What does it again; "" where nothing on the command line does.
    versions : mapping of str to str
        Of the programs that took part.
    measured : str
        What the main numbers were measured on.
    influence : Influence or None
        What the columns of a table do to the network, if that was measured.
    """

    title: str
    lead: str
    examples: Examples
    evaluation: Evaluation
    history: Mapping[str, Sequence[float]]
    held_out_name: str
    loss_unit: str
    parameters: int
    seconds: float | None
    settings: Mapping[str, str]
    network: str
    command: str
    versions: Mapping[str, str]
    measured: str = "held out"
    influence: Influence | None = None


def versions() -> dict[str, str]:
    """Return the versions of the programs that take part."""
    return {"feedforward": __version__, "Python": platform.python_version(), "NumPy": np.__version__}


def write(path: str | os.PathLike[str], report: Report) -> None:
    """Write the page: `path` holds the old file or the new one, never a part.

    Raises
    ------
    OSError
        If it cannot be written.
    """
    write_bytes(Path(path), page(report).encode())


def page(report: Report) -> str:
    """Return the text of the page."""
    style = resources.files(__package__).joinpath("page.css").read_text(encoding="utf-8")
    evaluation = report.evaluation
    examples, influence = report.examples, report.influence
    columns = []
    if influence is not None:
        columns = [importance_section(influence), dependence_section(influence, evaluation, examples.target)]
    if isinstance(evaluation, Regression):
        results = [values_section(evaluation, examples.target), *columns, _worst_values(report, evaluation)]
    elif examples.is_table:
        probabilities = [ranking_section(evaluation), calibration_section(evaluation)]
        results = [_confusion(evaluation), *probabilities, *columns, _worst_rows(report, evaluation)]
    else:
        results = [_confusion(evaluation), _mistakes(report, evaluation)]
    body = [
        "<header>",
        f'<h1>{escape(report.title)}</h1><p class="lead">{escape(report.lead)}</p>',
        _figures(report),
        "</header><main>",
        _curves(report),
        *results,
        '<div class="pair">',
        f"<section><h2>Settings</h2>{_definitions(report.settings)}</section>",
        f'<section><h2>Network</h2><div class="scroll"><pre>{escape(report.network)}</pre></div></section>',
        "</div>",
        _again(report.command),
        "</main>",
        f"<footer>{escape(', '.join(f'{name} {version}' for name, version in report.versions.items()))}</footer>",
    ]
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(report.title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )


def _again(command: str) -> str:
    if not command:
        return ""
    return (
        f'<section><h2>Do it again</h2><pre class="command">{escape(command)}</pre>'
        '<p class="note">The same seed and the same version give the same network, bit for bit.</p></section>'
    )


def _figures(report: Report) -> str:
    """Return the main numbers."""
    evaluation = report.evaluation
    if isinstance(evaluation, Classification):
        low, high = evaluation.interval
        figures = [
            (
                f"accuracy, {report.measured}",
                f"{evaluation.accuracy:.2%}",
                f"{evaluation.right:,} of {len(evaluation.labels):,}; 95 % interval {low:.1%} to {high:.1%}",
            ),
            (f"loss, {report.measured}", f"{evaluation.loss:.4f}", report.loss_unit),
        ]
    else:
        figures = [
            (f"R², {report.measured}", f"{evaluation.r_squared:.4f}", "1 is perfect, 0 is the mean"),
            ("mean absolute error", f"{evaluation.mean_absolute_error:.4g}", "in units of the target"),
            ("mean squared error", f"{evaluation.mean_squared_error:.4g}", f"over {len(evaluation.labels):,} rows"),
        ]
    epochs = len(report.history.get("loss", ()))
    figures.append(("weights", f"{report.parameters:,}", "parameters of the network"))
    trained = f"{epochs} epoch{'s' * (epochs != 1)}"
    if report.seconds is not None:
        figures.append(("training", f"{report.seconds:.1f} s", trained))
    elif epochs:
        figures.append(("training", trained, "in the last call of fit"))
    cells = (
        f"<div><dt>{escape(name)}</dt><dd>{escape(value)}<small>{escape(note)}</small></dd></div>"
        for name, value, note in figures
    )
    return f'<dl class="figures">{"".join(cells)}</dl>'


def _curves(report: Report) -> str:
    """Return the curves, and the same numbers as a table; nothing where no training is known."""
    if not any(map(len, report.history.values())):
        return ""
    charts = []
    for name, unit in (("loss", report.loss_unit), ("accuracy", "share classified rightly")):
        curves = [
            Curve(label, style, report.history[key])
            for label, style, key in (
                ("training", "train", name),
                (report.held_out_name, "test", f"val_{name}"),
            )
            if report.history.get(key)
        ]
        if curves:
            title = name.capitalize()
            charts.append(f"<figure><figcaption><b>{title}</b></figcaption>{curve_chart(title, curves, unit)}</figure>")
    keys = [key for key in report.history if len(report.history[key])]
    has_held = any(key.startswith("val_") for key in keys)
    held = f'<span class="held">{escape(report.held_out_name)}</span>' if has_held else ""
    head = "".join(f'<th scope="col">{escape(key)}</th>' for key in keys)
    rows = ""
    for epoch in range(1, len(report.history.get("loss", ())) + 1):
        cells = "".join(f"<td>{report.history[key][epoch - 1]:.4g}</td>" for key in keys)
        rows += f'<tr><th scope="row">{epoch}</th>{cells}</tr>'
    return (
        "<section><h2>How it learnt</h2>"
        f'<p class="legend"><span>training</span>{held}</p>'
        f'<div class="charts{" single" * (len(charts) == 1)}">{"".join(charts)}</div>'
        '<p class="note">Training curves are means over each epoch, while the weights still change and with dropout on.'
        " So they can lie on the worse side of the others.</p>"
        '<details><summary>The numbers</summary><div class="scroll"><table class="listing"><thead><tr>'
        f'<th scope="col">epoch</th>{head}</tr></thead><tbody>{rows}</tbody></table></div></details></section>'
    )


def _confusion(evaluation: Classification) -> str:
    """Return the confusion matrix, for many classes only the pairs most often mistaken."""
    names = evaluation.class_names
    parts = ["<section><h2>What is taken for what</h2>"]
    if len(names) <= _LARGEST_MATRIX:
        parts.append(_matrix(evaluation))
    pairs = evaluation.most_confused(5 if len(names) <= _LARGEST_MATRIX else 20)
    if pairs:
        rows = "".join(
            f'<tr><th scope="row">{escape(names[true])}</th><td class="words">{escape(names[predicted])}</td>'
            f"<td>{count:,}</td></tr>"
            for true, predicted, count in pairs
        )
        parts.append(
            '<h3>Most often mistaken</h3><div class="scroll"><table class="listing"><thead><tr>'
            '<th scope="col">true</th>'
            f'<th scope="col" class="words">taken for</th><th scope="col">times</th></tr></thead><tbody>{rows}</tbody>'
            "</table></div>"
        )
    if len(names) > _LARGEST_MATRIX:
        parts.append(_recalls(evaluation))
    return "".join(parts) + "</section>"


def _matrix(evaluation: Classification) -> str:
    names, matrix = evaluation.class_names, evaluation.confusion
    totals = np.maximum(matrix.sum(axis=1), 1)
    rows = []
    for true, name in enumerate(names):
        cells = []
        for predicted, count in enumerate(matrix[true].tolist()):
            kind = "right" if true == predicted else "wrong"
            share = count / int(totals[true])
            strength = 0.7 * share if kind == "right" else min(0.75, 0.12 + 1.6 * share)
            shade = f'class="{kind}" style="--share:{strength:.2f}"' if count else 'class="none"'
            title = f"{name} taken for {names[predicted]}: {count:,} of {int(matrix[true].sum()):,}"
            # Four digits stand without a comma, so that a column for each class has room on a narrow page.
            text = f"{count:,}" if count > 9999 else f"{count}"
            cells.append(f'<td {shade} title="{escape(title)}">{text}</td>')
        recall = evaluation.recalls[true]
        cells.append(f'<td class="recall">{_share(recall)}</td>')
        rows.append(f'<tr><th scope="row">{escape(name)}</th>{"".join(cells)}</tr>')
    precisions = "".join(f'<td class="recall"><span>{_share(value)}</span></td>' for value in evaluation.precisions)
    head = "".join(f'<th scope="col"><span>{escape(name)}</span></th>' for name in names)
    kind = "matrix"
    if sum(map(len, names)) > _LONGEST_HEADINGS:
        kind += " upright"
    if len(names) > _WIDEST_PRECISIONS:
        kind += " many"
    return (
        '<p class="note">A row for each true class, a column for each predicted one. Blue cells are right, red ones'
        " mistakes. Recall: the share of a class that was found. Precision: the share that is right of those taken for"
        " it.</p>"
        f'<div class="scroll"><table class="{kind}" style="--classes:{len(names)}">'
        f'<thead><tr><td></td>{head}<th scope="col">recall</th></tr></thead>'
        f"<tbody>{''.join(rows)}</tbody>"
        f'<tfoot><tr><th scope="row">preci&shy;sion</th>{precisions}<td></td></tr></tfoot></table></div>'
    )


def _recalls(evaluation: Classification) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{int(total):,}</td><td>{_share(recall)}</td></tr>'
        for name, total, recall in zip(
            evaluation.class_names, evaluation.confusion.sum(axis=1), evaluation.recalls, strict=True
        )
    )
    return (
        '<details><summary>Every class</summary><div class="scroll"><table class="listing"><thead><tr>'
        '<th scope="col">class</th><th scope="col">samples</th><th scope="col">recall</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></details>"
    )


def _mistakes(report: Report, evaluation: Classification) -> str:
    """Return the mistakes of which the network was most sure, as pictures."""
    worst = evaluation.worst(_PICTURES)
    total = len(evaluation.labels) - evaluation.right
    if not len(worst):
        return "<section><h2>Worst mistakes</h2><p>None: every sample was classified rightly.</p></section>"
    if len(worst) == total:
        intro = "All mistakes, those of which the network was most sure first." if total > 1 else "The only one."
    else:
        intro = f"The {len(worst)} of {total:,} mistakes of which the network was most sure."
    intro += f" Hold the pointer over a picture for its number, counted from 0{_as_predict(report)}."
    content = f'<ul class="pictures">{"".join(_picture(report.examples, evaluation, int(row)) for row in worst)}</ul>'
    return f'<section><h2>Worst mistakes</h2><p class="note">{intro}</p>{content}</section>'


def _worst_rows(report: Report, evaluation: Classification) -> str:
    """Return the rows with the largest loss: those whose own class was given least."""
    names, places = evaluation.class_names, evaluation.least_given(_WORST_ROWS)
    unit = "probability" if evaluation.has_probabilities else "output"
    rows = [
        [
            names[int(evaluation.labels[row])],
            names[int(evaluation.predicted[row])],
            _given(evaluation, int(row), int(evaluation.labels[row])),
            _given(evaluation, int(row), int(evaluation.predicted[row])),
        ]
        for row in places
    ]
    head = ["true", "predicted", f"{unit} of the true", f"{unit} of the predicted"]
    return (
        f'<section><h2>Worst rows</h2><p class="note">The {len(places)} rows with the largest loss: whose class'
        f" was given least.</p>{_rows_of_table(report, places, head, rows)}</section>"
    )


def _picture(examples: Examples, evaluation: Classification, row: int) -> str:
    image = examples.x_test[row].astype(np.float64) * (255 / max(examples.largest, 1))
    true = evaluation.class_names[int(evaluation.labels[row])]
    predicted = evaluation.class_names[int(evaluation.predicted[row])]
    sureness = _given(evaluation, row, int(evaluation.predicted[row]))
    words = escape(f"test image {examples.test_rows[row]}: {true}, taken for {predicted} with {sureness}")
    return (
        f'<li><figure><img src="{data_uri(np.rint(image).astype(np.uint8))}" alt="{words}" title="{words}">'
        f"<figcaption><b>{escape(true)}</b> taken for <b>{escape(predicted)}</b><br>{sureness}</figcaption>"
        "</figure></li>"
    )


def _share(value: float) -> str:
    return "none" if np.isnan(value) else f"{value:.1%}"


def _given(evaluation: Classification, row: int, place: int) -> str:
    """Return what a class was given for a row, in words."""
    value = float(evaluation.probabilities[row, place])
    return f"{value:.1%}" if evaluation.has_probabilities else f"{value:.3g}"


def _worst_values(report: Report, evaluation: Regression) -> str:
    worst = evaluation.worst(_WORST_ROWS)
    rows = [
        [f"{evaluation.labels[row]:.6g}", f"{evaluation.predicted[row]:.6g}", f"{evaluation.errors[row]:+.4g}"]
        for row in worst
    ]
    content = _rows_of_table(report, worst, ["true", "predicted", "error"], rows)
    return (
        f'<section><h2>Worst rows</h2><p class="note">The {len(worst)} rows with the largest error.</p>'
        f"{content}</section>"
    )


def _as_predict(report: Report) -> str:
    return " as predict --row does" if report.command else ""


def _rows_of_table(report: Report, rows: NDArray[np.int64], head: list[str], cells: list[list[str]]) -> str:
    """Return rows of the user's table, each with what is said of it, and cells of the columns that are worth most."""
    examples = report.examples
    # What the file says if that is known, else the inputs that it became.
    names = tuple(examples.texts) or examples.columns
    ranks = {one.name: rank for rank, one in enumerate(report.influence.importances)} if report.influence else {}
    columns = sorted(names, key=lambda name: ranks.get(name, len(ranks)))[:_MOST_COLUMNS]
    titles = ["row", *head, *columns]
    names_of_classes = 2 if examples.class_names else 0
    kinds = [' class="words"' if place < names_of_classes else "" for place in range(len(titles) - 1)]
    lines = []
    for row, said in zip(rows.tolist(), cells, strict=True):
        texts = said + [_cell(examples, row, name) for name in columns]
        named = zip(titles[1:], kinds, texts, strict=True)
        # Where there is no room for the table, the page shows each row as a list, with a name beside each value.
        data = "".join(f'<td{kind} data-name="{escape(title)}">{escape(text)}</td>' for title, kind, text in named)
        lines.append(f'<tr><th scope="row">{int(examples.test_rows[row]):,}</th>{data}</tr>')
    more = len(names) - len(columns)
    heads = "".join(
        f'<th scope="col"{kind}>{escape(title)}</th>'
        for title, kind in zip(titles, ["", *kinds[: len(head)], *[' class="feature"'] * len(columns)], strict=True)
    )
    note = f"Rows are counted from 0{', without the header,' if report.command else ''}{_as_predict(report)}."
    note += f" {more} more columns are not shown." if more else ""
    return (
        f'<p class="note">{note}</p><div class="scroll"><table class="listing rows"><thead><tr>{heads}</tr></thead>'
        f"<tbody>{''.join(lines)}</tbody></table></div>"
    )


def _cell(examples: Examples, row: int, name: str) -> str:
    if examples.texts:
        return str(examples.texts[name][row])
    value: Any = examples.x_test[row][examples.columns.index(name)]
    return value if isinstance(value, str) else f"{value:.6g}"


def _definitions(items: Mapping[str, str]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td class="words">{escape(value)}</td></tr>'
        for name, value in items.items()
    )
    return f'<div class="scroll"><table class="listing"><tbody>{rows}</tbody></table></div>'
