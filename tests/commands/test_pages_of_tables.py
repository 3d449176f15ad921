"""Oracles: scikit-learn's areas and NumPy's quantiles of what `feedforward predict` writes for the rows
that were held out; the table's own cells.
"""

import csv
import html
import io
import re

import numpy as np
import pytest
from click.testing import CliRunner
from sklearn import metrics

import feedforward as ff
from feedforward.commands.about import About, trained_on
from feedforward.commands.cli import main

ROWS = 240


def run(*arguments):
    result = CliRunner().invoke(main, [str(argument) for argument in arguments])
    assert result.exit_code == 0, (result.output, result.exception)
    return result.stdout


def write_table(path):
    """Write a table of a number with gaps, a date, an answer, a text, a column that is dropped, a class, a price."""
    draw = np.random.default_rng(5)
    with open(path, "w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["size", "day", "paid", "colour", "note", "kind", "price"])
        for row in range(ROWS):
            size, paid = draw.normal(5, 2), draw.integers(2)
            day = str(np.datetime64("2020-01-01") + draw.integers(400))
            kind = "big" if size + 2 * paid + draw.normal() > 6 else "small"
            cell = "?" if row % 17 == 5 else f"{size:.3f}"
            colour = ("red", "green", "blue")[draw.integers(3)]
            writer.writerow(
                [cell, day, ("no", "yes")[paid], colour, f"note {row}", kind, f"{900 * size + 50 * paid:.2f}"]
            )


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """Of each model: its page, the held-out rows as the file has them, and what was predicted for these."""
    folder = tmp_path_factory.mktemp("pages")
    made = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        write_table("t.csv")
        with open("t.csv", newline="") as stream:
            table = list(csv.DictReader(stream))
        for name in ("mlp", "realmlp", "linear"):
            for target, other in (("kind", "price"), ("price", "kind")):
                options = ["--model", name, "--drop", "note", "--drop", other, "--quiet"]
                options += [] if name == "linear" else ["--epochs", 3]
                run("train", "t.csv", "--target", target, "--output", "m.ff", *options)
                examples = trained_on(About.of(ff.load("m.ff"), "m.ff"), "m.ff")
                more = ["--probabilities"] if target == "kind" else []
                predicted = list(csv.DictReader(io.StringIO(run("predict", "m.ff", "t.csv", *more))))
                text = (folder / "m.html").read_text(encoding="utf-8")
                rows = examples.test_rows.tolist()
                made[name, target] = text, [table[row] for row in rows], [predicted[row] for row in rows], rows
    return made


MODELS = pytest.mark.parametrize("name", ["mlp", "realmlp", "linear"])


def section(text: str, title: str) -> str:
    return re.search(rf"<section><h2>{title}</h2>.*?</section>", text, re.S).group()


def cells(part: str) -> list[list[str]]:
    """The texts of the cells of the first table's rows."""
    body = re.search(r"<tbody>(.*?)</tbody>", part, re.S).group(1)
    return [
        [html.unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", body, re.S)
    ]


@MODELS
def test_the_areas_of_the_page_are_those_of_what_was_predicted_for_the_held_out_rows(pages, name):
    text, table, predicted, _ = pages[name, "kind"]
    is_small = np.array([row["kind"] == "small" for row in table])
    given = np.array([float(row["probability_small"]) for row in predicted])  # six digits: no ties in so few rows
    (row,) = cells(section(text, "How well it tells them apart"))
    assert row == [
        "small",
        str(is_small.sum()),
        f"{metrics.roc_auc_score(is_small, given):.4f}",
        f"{metrics.average_precision_score(is_small, given):.4f}",
        f"{is_small.mean():.4f}",
    ]
    bins = np.minimum((given * 10).astype(int), 9)
    counts = [str((bins == k).sum()) for k in np.unique(bins)]
    assert [row[1] for row in cells(section(text, "Whether its probabilities hold"))] == counts


@MODELS
@pytest.mark.parametrize("target", ["kind", "price"])
def test_columns_are_worth_something_as_the_file_has_them(pages, name, target):
    text, table, *_ = pages[name, target]
    part = section(text, "What the columns are worth")
    assert sorted(row[0] for row in cells(part)) == ["colour", "day", "paid", "size"]
    assert f"on {len(table)} held-out rows" in part
    if target == "price" and name == "linear":
        assert cells(part)[0][0] == "size"  # of which the price was made
    part = section(text, "What it makes of them")
    assert "day, days since 1970-01-01" in part
    values = {html.unescape(value) for value in re.findall(r'<th scope="row">(.*?)</th>', part)}
    assert {"red", "green", "blue"} <= values


@MODELS
def test_the_worst_rows_have_the_largest_loss_and_the_cells_of_the_file(pages, name):
    text, table, predicted, places = pages[name, "kind"]
    given = np.array([float(row[f"probability_{true['kind']}"]) for row, true in zip(predicted, table, strict=True)])
    part = section(text, "Worst rows")
    heads = [html.unescape(head) for head in re.findall(r"<th[^>]*>([^<]*)</th>", part.split("</thead>")[0])]
    assert sorted(heads[5:]) == ["colour", "day", "note", "paid", "price", "size"]
    worst = np.argsort(given, kind="stable")[:12]
    for row, place in zip(cells(part), worst, strict=True):
        assert row[0] == str(places[place]) and row[1] == table[place]["kind"]
        assert dict(zip(heads[5:], row[5:], strict=True)) == {head: table[place][head] for head in heads[5:]}


@MODELS
def test_the_errors_of_the_page_are_those_of_what_was_predicted(pages, name):
    text, table, predicted, places = pages[name, "price"]
    true, found = (
        np.array([float(row[key]) for row in rows]) for rows, key in ((table, "price"), (predicted, "prediction"))
    )
    note = re.search(
        r"between (\S+) and (\S+), nine in ten between (\S+) and (\S+); the middle one is (\S+)\.</p>", text
    )
    told = [float(number.replace(",", "")) for number in note.groups()]
    # four digits on the page, seven in the file of numbers up to 10,000
    np.testing.assert_allclose(told, np.quantile(found - true, [0.25, 0.75, 0.05, 0.95, 0.5]), rtol=1e-3, atol=0.01)
    worst = cells(section(text, "Worst rows"))
    assert [row[0] for row in worst] == [str(places[k]) for k in np.argsort(-np.abs(found - true), kind="stable")[:12]]
