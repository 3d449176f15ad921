"""The parts of the page that a table brings: how classes are ranked, what probabilities and columns are worth.

Each is a function to a ``section`` element, or to "" where there is nothing to tell. What can be seen in a drawing or a
bar also stands there as text. Not here: the arithmetic (``scores``, ``influence``), the page around it (``page``).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from feedforward.report.charts import Bars, Line, line_chart, residual_chart, scatter_chart, short
from feedforward.report.evaluation import Classification, Evaluation, Regression, wilson_interval
from feedforward.report.influence import Dependence, Influence
from feedforward.report.scores import Ranking, ranking_of, reliability_of

__all__ = ["calibration_section", "dependence_section", "importance_section", "ranking_section", "values_section"]

_MOST_LINES = 4
_MOST_CORNERS = 200
_SQUARE = 400
"""Height of the drawings whose axes both are shares."""
_ROWS_AT_ONCE = 20
"""Rows of a list that stand on the page; more are folded away."""


def ranking_section(evaluation: Classification) -> str:
    """Return the ROC and precision-recall curves, of two classes those of the second, of more each against the rest."""
    rankings = {
        place: ranking_of(evaluation.labels == place, evaluation.probabilities[:, place])
        for place in ([1] if len(evaluation.class_names) == 2 else range(len(evaluation.class_names)))
    }
    rankings = {place: one for place, one in rankings.items() if one.positives and one.negatives}
    if not rankings:
        return ""
    drawn = sorted(rankings, key=lambda place: -rankings[place].positives)[:_MOST_LINES]
    roc, recall, told = [], [], []
    for style, place in enumerate(drawn, 1):
        name, ranking = evaluation.class_names[place], rankings[place]
        x, y = ranking.roc
        at = _spaced(len(x))
        roc.append(Line(name, f"line{style}", x[at].tolist(), y[at].tolist()))
        precision, found = ranking.precision_recall
        at = _spaced(len(found))
        recall.append(Line(name, f"line{style}", found[at].tolist(), precision[at].tolist(), is_stepped=True))
        told.append(_told(name, ranking))
    share = (0.0, 1.0)
    charts = _figures(
        (
            "ROC: what is found, and mistaken for it",
            line_chart(
                "ROC",
                " ".join(told),
                roc,
                ("share of the other rows taken for it", "share of the class found"),
                x_range=share,
                y_range=share,
                has_diagonal=True,
                height=_SQUARE,
            ),
        ),
        (
            "Precision and recall",
            line_chart(
                "Precision and recall",
                " ".join(
                    f"{line.name}: average precision {rankings[k].average_precision:.3f}."
                    for k, line in zip(drawn, recall, strict=True)
                ),
                recall,
                ("share of the class found (recall)", "share that is right (precision)"),
                x_range=share,
                y_range=share,
                height=_SQUARE,
            ),
        ),
    )
    rows = [
        [
            evaluation.class_names[place],
            f"{one.positives:,}",
            f"{one.area:.4f}",
            f"{one.average_precision:.4f}",
            f"{one.positives / (one.positives + one.negatives):.4f}",
        ]
        for place, one in rankings.items()
    ]
    heads = ["class", "rows", "AUC", "average precision", "that of chance"]
    note = (
        "Each point of a line is a threshold: a row is taken for the class if it is given at least so much. AUC is the"
        " share of pairs in which a row of the class is given more than another row: 1 is perfect, 0.5 is chance, the"
        " dashed line."
    )
    if len(drawn) < len(rankings):
        note += f" The {len(drawn)} most common classes are drawn."
    return _section("How well it tells them apart", note, _legend(roc) + charts + _table(heads, rows))


def calibration_section(evaluation: Classification) -> str:
    """Return whether what is given a probability happens so often: the second of two classes, or the class named."""
    if not evaluation.has_probabilities:
        return ""
    if len(evaluation.class_names) == 2:
        what = f"{evaluation.class_names[1]}"
        found = reliability_of(evaluation.labels == 1, evaluation.probabilities[:, 1])
        event = f"rows that are {what}"
    else:
        what = "the class it names"
        found = reliability_of(evaluation.predicted == evaluation.labels, evaluation.probabilities.max(axis=1))
        event = "rows of which the class named is right"
    filled = np.flatnonzero(found.counts)
    intervals = [wilson_interval(int(found.happened[k]), int(found.counts[k])) for k in filled]
    line = Line(
        "probability, share",
        "line1",
        found.predicted[filled].tolist(),
        found.observed[filled].tolist(),
        is_marked=True,
        spread=intervals,
    )
    chart = line_chart(
        "Calibration",
        f"Share of {event} over the probability given, in {len(filled)} bins; calibration error {found.error:.4f}.",
        [line],
        (f"probability given to {what}", f"share of {event}"),
        x_range=(0.0, 1.0),
        y_range=(0.0, 1.0),
        has_diagonal=True,
        bars=Bars(found.edges.tolist(), found.counts.tolist()),
        height=_SQUARE,
    )
    rows = [
        [
            f"{found.edges[k]:.1f} to {found.edges[k + 1]:.1f}",
            f"{found.counts[k]:,}",
            f"{found.predicted[k]:.3f}",
            f"{found.observed[k]:.3f}",
            f"{low:.3f} to {high:.3f}",
        ]
        for k, (low, high) in zip(filled.tolist(), intervals, strict=True)
    ]
    note = (
        f"Of the rows that were given 0.8 for {what}, eight in ten should be so: then the point lies on the dashed"
        " line. Upright lines are 95 % intervals, the bars at the bottom say how many rows were given so much. The mean"
        " distance from the dashed line, each row counted once, is the expected calibration error:"
        f" {found.error:.4f}."
    )
    heads = ["given", "rows", "mean given", "share", "95 % interval"]
    content = f'<div class="charts single">{_figures(("", chart), is_wrapped=False)}</div>'
    return _section("Whether its probabilities hold", note, content + _folded("The numbers", _table(heads, rows)))


def values_section(evaluation: Regression, target: str) -> str:
    """Return predicted over true values, and the errors over the predicted ones."""
    charts = _figures(
        (
            "Predicted over true values",
            scatter_chart(
                "Predicted over true values",
                evaluation.labels,
                evaluation.predicted,
                f"true {target}",
                f"predicted {target}",
            ),
        ),
        (
            "Residuals",
            residual_chart("Residuals", evaluation.predicted, evaluation.errors, f"predicted {target}"),
        ),
    )
    low, quarter, middle, three, high = map(_plain, np.quantile(evaluation.errors, [0.05, 0.25, 0.5, 0.75, 0.95]))
    note = (
        "On the dashed lines a prediction is exact. Half of the errors, predicted minus true, lie between"
        f" {quarter} and {three}, nine in ten between {low} and {high}; the middle one is {middle}."
    )
    return _section("Predicted and true", note, charts)


def importance_section(influence: Influence) -> str:
    """Return how much each column is worth to the model, as bars and numbers."""
    most = max(0.0, *(one.mean + one.deviation for one in influence.importances)) or 1.0
    decimals = min(
        max(3 - math.floor(math.log10(most)), 0), 12
    )  # four digits of the largest; the others stand below it
    rows = []
    for one in influence.importances:
        share, low, high = (
            min(max(v / most, 0.0), 1.0) for v in (one.mean, one.mean - one.deviation, one.mean + one.deviation)
        )
        style = f"--share:{share:.3f};--low:{low:.3f};--high:{high:.3f}"
        rows.append(
            f'<tr><th scope="row">{escape(one.name)}</th><td class="bar" style="{style}"><i></i><b></b></td>'
            f"<td>{one.mean:,.{decimals}f}</td><td>± {one.deviation:,.{decimals}f}</td></tr>"
        )
    head = (
        '<thead><tr><th scope="col">column</th><td></td><th scope="col">worse by</th><th scope="col">spread</th></tr>'
        "</thead>"
    )
    shown, rest = ("".join(part) for part in (rows[:_ROWS_AT_ONCE], rows[_ROWS_AT_ONCE:]))
    content = f'<div class="scroll"><table class="listing measured">{head}<tbody>{shown}</tbody></table></div>'
    if rest:
        folded = f'<table class="listing measured">{head}<tbody>{rest}</tbody></table>'
        content += _folded(f"{len(rows) - _ROWS_AT_ONCE} more columns", folded)
    note = (
        f"By how much the {influence.score} on {influence.rows:,} held-out rows grows when the values of one column are"
        f" dealt out anew among the rows: the mean of {influence.repeats} times, and their standard deviation. Columns"
        " that say the same share their worth; one near 0 the network can do without."
    )
    return _section("What the columns are worth", note, content)


def dependence_section(influence: Influence, evaluation: Evaluation, target: str) -> str:
    """Return what the model says on average as the first columns change: lines for numbers, lists for texts."""
    if not influence.dependences:
        return ""
    if isinstance(evaluation, Classification):
        places = _shown_classes(evaluation)
        names = [evaluation.class_names[place] for place in places]
        unit = "mean probability" if evaluation.has_probabilities else "mean output"
    else:
        places, names, unit = [0], [target], f"mean prediction of {target}"
    shown = np.concatenate([one.outputs[:, places].reshape(-1) for one in influence.dependences])
    low, high = float(shown.min()), float(shown.max())
    margin = 0.06 * (high - low) or 0.5 * abs(high) or 0.5
    bounds = (low - margin, high + margin)
    if isinstance(evaluation, Classification) and evaluation.has_probabilities:
        bounds = (max(bounds[0], 0.0), min(bounds[1], 1.0))
    charts = "".join(_dependence(one, places, names, unit, bounds) for one in influence.dependences)
    styles = [Line(name, f"line{style}", (), ()) for style, name in enumerate(names, 1)]
    of_what = f" of {names[0]}" if isinstance(evaluation, Classification) and len(names) == 1 else ""
    note = (
        f"The {unit}{of_what} over {influence.dependence_rows:,} held-out rows when one column has the same value in"
        " all of them, for the columns that are worth most; all with the same scale. Bars say where the rows themselves"
        " lie. Where columns go together, some of these rows do not exist."
    )
    return _section("What it makes of them", note, _legend(styles) + f'<div class="charts wide">{charts}</div>')


def _dependence(
    one: Dependence, places: Sequence[int], names: Sequence[str], unit: str, bounds: tuple[float, float]
) -> str:
    missing = f"; {one.missing:,} rows have none" if one.missing else ""
    caption = f"<figcaption><b>{escape(one.name)}</b>{missing}</figcaption>"
    outputs = one.outputs[:, places]
    if one.is_number:
        values = one.values.tolist()
        lines = [
            Line(name, f"line{style}", values, outputs[:, style - 1].tolist(), is_marked=True)
            for style, name in enumerate(names, 1)
        ]
        told = "; ".join(
            f"{line.name}: {short(line.y[0])} at {short(values[0])}, {short(line.y[-1])} at {short(values[-1])}"
            for line in lines
        )
        edges = np.linspace(values[0], values[-1], len(one.counts) + 1).tolist()
        chart = line_chart(
            one.name,
            f"{unit} over {one.name}. {told}.",
            lines,
            (f"{one.name}, {one.unit}" if one.unit else one.name, unit),
            x_range=(values[0], values[-1]),
            y_range=bounds,
            bars=Bars(edges, one.counts.tolist()),
        )
        return f"<figure>{caption}{chart}</figure>"
    low, high = bounds
    rows = ""
    for text, means, count in zip(one.values.tolist(), outputs.tolist(), one.counts.tolist(), strict=True):
        dots = "".join(
            f'<i class="line{style}" style="--at:{(mean - low) / (high - low):.3f}"></i>'
            for style, mean in enumerate(means, 1)
        )
        numbers = "".join(f"<td>{_plain(mean)}</td>" for mean in means)
        rows += f'<tr><th scope="row">{escape(text)}</th><td class="dots">{dots}</td>{numbers}<td>{count:,}</td></tr>'
    heads = "".join(f'<th scope="col">{escape(name)}</th>' for name in names)
    return (
        f'<figure>{caption}<p class="axis">{escape(unit)}</p><div class="scroll"><table class="listing measured">'
        f'<thead><tr><th scope="col">value</th><td></td>{heads}<th scope="col">rows</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></figure>"
    )


def _shown_classes(evaluation: Classification) -> list[int]:
    """Return the classes to draw a line for: the second of two, else the most common ones."""
    if len(evaluation.class_names) == 2:
        return [1]
    counts = evaluation.confusion.sum(axis=1)
    return [int(place) for place in np.argsort(-counts, kind="stable")[:_MOST_LINES]]


def _plain(value: float) -> str:
    """Return a number in four significant digits, a large one without an exponent."""
    return f"{float(f'{value:.4g}'):,.10g}"


def _told(name: str, ranking: Ranking) -> str:
    """Return some points of a ROC curve in words."""
    x, y = ranking.roc
    shares = (0.01, 0.05, 0.1, 0.2)
    found = [float(y[np.searchsorted(x, share, side="right") - 1]) for share in shares]
    told = ", ".join(f"{part:.1%} at {share:.0%}" for share, part in zip(shares, found, strict=True))
    return f"{name}: AUC {ranking.area:.3f}; found {told} of the others mistaken."


def _spaced(count: int) -> NDArray[np.int64]:
    """Return which corners of a line are drawn: all, or an evenly spaced choice that has both ends."""
    return np.unique(np.linspace(0, count - 1, min(count, _MOST_CORNERS)).round().astype(np.int64))


def _section(title: str, note: str, content: str) -> str:
    return f'<section><h2>{escape(title)}</h2><p class="note">{escape(note)}</p>{content}</section>'


def _legend(lines: Sequence[Line]) -> str:
    if len(lines) == 1:
        return ""
    return (
        f'<p class="legend">{"".join(f"<span class={line.style!r}>{escape(line.name)}</span>" for line in lines)}</p>'
    )


def _figures(*figures: tuple[str, str], is_wrapped: bool = True) -> str:
    drawn = "".join(
        f"<figure>{f'<figcaption><b>{escape(title)}</b></figcaption>' if title else ''}{chart}</figure>"
        for title, chart in figures
    )
    return f'<div class="charts">{drawn}</div>' if is_wrapped else drawn


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a table whose first column names the rows; what is beyond the first rows is folded away."""
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in heads)
    lines = [
        f'<tr><th scope="row">{escape(row[0])}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row[1:])}</tr>'
        for row in rows
    ]
    tables = [
        f'<div class="scroll"><table class="listing"><thead><tr>{head}</tr></thead><tbody>{"".join(part)}</tbody>'
        "</table></div>"
        for part in (lines[:_ROWS_AT_ONCE], lines[_ROWS_AT_ONCE:])
        if part
    ]
    return tables[0] + (_folded(f"{len(lines) - _ROWS_AT_ONCE} more", tables[1]) if len(tables) > 1 else "")


def _folded(summary: str, content: str) -> str:
    return f"<details><summary>{escape(summary)}</summary>{content}</details>"
