"""Oracles: html.parser (tags closed in their order), and the text worked by hand from the arrays that were given."""

import html.parser
import os
import re
import stat
from dataclasses import replace

import numpy as np
import pytest

from feedforward.report import Classification, Examples, Regression, Report, page, write
from feedforward.report.charts import (
    Bars,
    Curve,
    Line,
    curve_chart,
    line_chart,
    nice_ticks,
    residual_chart,
    scatter_chart,
)
from feedforward.report.influence import influence_of
from feedforward.report.scores import ranking_of
from feedforward.report.sections import calibration_section, dependence_section, importance_section, ranking_section

VOID = {"meta", "img", "br"}


class Reader(html.parser.HTMLParser):
    """Collects what a page holds; fails on a tag that is not closed in its order."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str | None]] = []
        self.texts: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes.extend((tag, name, value) for name, value in attributes)
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes.extend((tag, name, value) for name, value in attributes)

    def handle_endtag(self, tag):
        assert self.open and self.open[-1] == tag, (tag, self.open)
        self.open.pop()

    def handle_data(self, data):
        self.texts.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


HOSTILE = "<script>alert('x')</script>\"&amp;"


def report(task: str = "images", classes: int = 3, name: str = "digits", has_influence: bool = True) -> Report:
    draw = np.random.default_rng(2)
    n = 60
    is_table = task != "images"
    names = tuple([HOSTILE, *(f"class {index}" for index in range(1, classes))])
    examples = Examples(
        name=name,
        task="regression" if task == "regression" else "classification",
        x_train=np.zeros((5, 10)),
        y_train=np.zeros(5),
        x_test=draw.random((n, 10)).astype(np.float32) if is_table else draw.integers(0, 17, (n, 8, 8), dtype=np.uint8),
        y_test=np.zeros(n),
        class_names=() if task == "regression" else names,
        columns=(HOSTILE, *(f"column {index}" for index in range(9))) if is_table else (),
        target=HOSTILE if is_table else "",
        largest=0 if is_table else 16,
        test_rows=np.arange(n) * 2,
        sha256="",
    )
    if task == "regression":
        values = draw.normal(size=n).astype(np.float32)
        evaluation = Regression(values, values + np.float32(0.5))
        history = {"loss": [2.0, 1.0], "val_loss": [3.0, 2.5]}
    else:
        probabilities = draw.dirichlet(np.ones(classes), n).astype(np.float32)
        evaluation = Classification(draw.integers(0, classes, n), probabilities, names, 1.25)
        history = {"loss": [2.0, 1.0], "accuracy": [0.5, 0.625], "val_loss": [3.0, 2.5], "val_accuracy": [0.25, 0.5]}
    influence = None
    if is_table and has_influence:
        rows = {HOSTILE: draw.normal(size=n), "word": np.array([HOSTILE, "b", None] * (n // 3), dtype=object)}

        def predict(columns):
            first = 1 / (1 + np.exp(-columns[HOSTILE] - (columns["word"] == "b")))
            return np.stack([first, *[(1 - first) / (classes - 1)] * (classes - 1)], axis=1)[:, :evaluation_width]

        evaluation_width = 1 if task == "regression" else classes
        influence = influence_of(rows, predict, evaluation, parameters=1, inputs=2)
        examples = replace(
            examples, texts={"dropped": np.array(["x"] * n), **{k: v.astype(str) for k, v in rows.items()}}
        )
    return Report(
        title=f"A network for {name}",
        lead=HOSTILE,
        examples=examples,
        evaluation=evaluation,
        history=history,
        held_out_name="held out",
        loss_unit="nats",
        parameters=1234567,
        seconds=2.5,
        settings={"layers": HOSTILE},
        network=HOSTILE,
        command=f"feedforward train '{HOSTILE}'",
        versions={"feedforward": "0.1.0"},
        influence=influence,
    )


KINDS = pytest.mark.parametrize("kind", ["images", "table", "regression"])


@KINDS
def test_a_page_is_well_formed(kind):
    reader = read(page(report(kind)))
    assert reader.tags.count("h1") == 1
    assert "main" in reader.tags


@KINDS
def test_a_page_needs_nothing_but_itself(kind):
    text = page(report(kind))
    reader = read(text)
    assert not {"script", "link", "iframe", "object", "a"} & set(reader.tags)
    for tag, name, value in reader.attributes:
        assert name not in ("href", "xlink:href", "srcset", "action"), tag
        assert not name.startswith("on")
        if name == "src":
            assert value.startswith("data:image/png;base64,")
    assert "http://" not in text and "https://" not in text
    assert "url(" not in text and "@import" not in text


@KINDS
def test_what_comes_from_outside_is_escaped(kind):
    text = page(report(kind))
    assert "<script" not in text
    assert HOSTILE in "".join(read(text).texts)


@KINDS
def test_every_drawing_has_a_title_and_every_table_heads(kind):
    text = page(report(kind))
    for drawing in re.findall(r"<svg.*?</svg>", text, re.S):
        assert re.match(r'<svg viewBox="[\d ]+" role="img"><title>[^<]+</title><desc>[^<]+</desc>', drawing)
    for table in re.findall(r"<table.*?</table>", text, re.S):
        assert '<th scope="row">' in table or '<th scope="col">' in table


def test_the_24_surest_mistakes_are_shown_as_pictures_with_words():
    made = report("images")
    reader = read(page(made))
    texts = [value for tag, name, value in reader.attributes if (tag, name) == ("img", "alt")]
    worst = made.evaluation.worst(24)
    assert len(texts) == len(worst) == 24
    row = worst[0]
    true, predicted = made.evaluation.labels[row], made.evaluation.predicted[row]
    names, probability = made.evaluation.class_names, made.evaluation.probabilities[row].max()
    assert texts[0] == f"test image {2 * row}: {names[true]}, taken for {names[predicted]} with {probability:.1%}"


def test_the_confusion_matrix_of_the_page_is_that_of_the_evaluation():
    made = report("images")
    matrix = re.search(r'<table class="matrix[ "].*?</table>', page(made), re.S).group()
    rows = re.findall(r'<tr><th scope="row">.*?</tr>', matrix, re.S)[:3]
    counts = [[int(count) for count in re.findall(r">(\d+)</td>", row)] for row in rows]
    assert counts == made.evaluation.confusion.tolist()


def test_many_classes_show_the_pairs_instead_of_the_matrix():
    text = page(report("images", classes=26))
    assert "matrix" not in re.sub(r"<style>.*?</style>", "", text, flags=re.S)
    assert "Most often mistaken" in text and "Every class" in text
    assert '<table class="matrix upright many"' in page(report("images", classes=25))


def test_a_network_without_mistakes_is_said_to_have_none():
    made = report("images")
    perfect = Classification(made.evaluation.predicted, made.evaluation.probabilities, made.evaluation.class_names, 0.1)
    text = page(Report(**{**vars(made), "evaluation": perfect}))
    assert "None: every sample was classified rightly." in text
    read(text)


def test_the_file_takes_the_place_of_the_old_one_and_others_may_read_it(tmp_path):
    path = tmp_path / "r.html"
    path.write_text("old")
    before = os.umask(0o022)
    try:
        write(path, report())
    finally:
        os.umask(before)
    assert path.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert stat.S_IMODE(path.stat().st_mode) == 0o644
    assert os.listdir(tmp_path) == ["r.html"]


def test_a_page_that_cannot_be_put_in_place_leaves_nothing_behind(tmp_path, monkeypatch):
    path = tmp_path / "r.html"
    path.write_text("old")

    def refuse(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError, match=r"^disk full$"):
        write(path, report())
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["r.html"]


def test_a_curve_passes_through_its_points():
    # 560 x 300; the plot is 64..544 wide and 256..14 high. Values 0.5..0.75, margin 6 %: 0.485..0.765.
    text = curve_chart("Loss", [Curve("training", "train", [0.75, 0.5])], "nats")
    first, last = re.search(r'<polyline points="([^"]+)"', text).group(1).split()
    high, low = (256 + (14 - 256) * (value - 0.485) / 0.28 for value in (0.75, 0.5))
    assert first == f"64.0,{high:.1f}"
    assert last == f"544.0,{low:.1f}"


def test_values_over_a_factor_of_50_stand_on_a_logarithmic_axis():
    assert "logarithmic" in curve_chart("Loss", [Curve("training", "train", [5.0, 0.1])], "nats")
    assert "logarithmic" not in curve_chart("Loss", [Curve("training", "train", [4.9, 0.1])], "nats")


@pytest.mark.parametrize("values", [[1.0], [2.0, 2.0], [0.0, 0.0], [1.0, float("nan"), 2.0], [-1.0, 1.0]])
def test_odd_curves_are_drawn_without_a_number_that_is_none(values):
    text = curve_chart("Loss", [Curve("training", "train", values)], "nats")
    read(text)
    assert "nan" not in re.sub(r"ends at \S+", "", text) and "inf" not in text


def test_a_chart_without_values_says_so():
    assert curve_chart("Loss", [], "nats") == '<p class="note">Loss: nothing to draw.</p>'


def test_a_scatter_of_many_points_shows_1500_of_them():
    values = np.linspace(0, 1, 4000, dtype=np.float32)
    assert scatter_chart("t", values, values, "x", "y").count("<circle") == 1500


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 10, [0, 2, 4, 6, 8, 10]), (0.81, 0.99, [0.85, 0.9, 0.95]), (1, 3, [1, 1.5, 2, 2.5, 3]), (5, 5, [5])],
)
def test_ticks_are_round_numbers(low, high, expected):
    assert nice_ticks(low, high) == expected


def test_what_a_narrow_page_would_cut_stands_outside_of_tables_and_drawings():
    for kind in ("images", "table", "regression"):
        text = page(report(kind))
        assert "<caption" not in text
        for drawing in re.findall(r"<svg.*?</svg>", text, re.S):
            # The numbers at the ticks alone: at most ten letters, such as -1.234e+10.
            assert all(len(tick) <= 10 for tick in re.findall(r"<text[^>]*>([^<]*)</text>", drawing))
    chart = scatter_chart("t", np.zeros(2, np.float32), np.ones(2, np.float32), HOSTILE, "predicted " + HOSTILE)
    assert [text for text in read(chart).texts if HOSTILE in text] == ["predicted " + HOSTILE, HOSTILE]


def test_each_value_of_a_row_has_the_name_of_its_column_beside_it():
    text = page(report("table"))
    heads = re.search(r'<table class="listing rows"><thead><tr>(.*?)</tr>', text, re.S).group(1)
    names = re.findall(r"<th[^>]*>([^<]*)</th>", heads)
    row = re.search(r'<tbody><tr><th scope="row">.*?</th>(.*?)</tr>', text.split("Worst rows")[1], re.S).group(1)
    assert names[0] == "row"
    assert re.findall(r'data-name="([^"]*)"', row) == names[1:]


@pytest.mark.parametrize(
    ("classes", "kind"), [(2, "matrix upright"), (12, "matrix upright"), (13, "matrix upright many")]
)
def test_long_names_of_classes_stand_upright_and_so_do_many_precisions(classes, kind):
    assert f'<table class="{kind}" style="--classes:{classes}">' in page(report("images", classes=classes))
    made = report("images", classes=2)
    short = Classification(made.evaluation.labels, made.evaluation.probabilities, ("no", "yes"), 0.1)
    assert '<table class="matrix" style' in page(replace(made, evaluation=short))


def cells(table: str) -> list[list[str]]:
    """The texts of the cells of a table's rows."""
    return [
        [html.unescape(re.sub("<.*?>", "", cell)) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)]
        for row in re.findall(r"<tr>(.*?)</tr>", table.split("<tbody>")[1], re.S)
    ]


def test_a_line_goes_through_its_points_and_a_stepped_one_across():
    # The plot is 64..544 wide; of a height of 400 and without bars it goes from 372 up to 14, in the unit square.
    line = Line("a", "line1", [0.0, 0.5, 1.0], [1.0, 0.5, 0.0])
    for one, expected in (
        (line, "64.0,14.0 304.0,193.0 544.0,372.0"),
        (replace(line, is_stepped=True), "64.0,14.0 64.0,193.0 304.0,193.0 304.0,372.0 544.0,372.0"),
    ):
        text = line_chart("t", "d", [one], ("x", "y"), x_range=(0, 1), y_range=(0, 1), height=400)
        assert re.search(r'<polyline points="([^"]+)"', text).group(1) == expected


def test_bars_stand_below_the_lines_and_the_largest_fills_the_room():
    # Of a drawing 284 high the plot takes 242; 16 % of it, less 6, are the bars' at most, below them y = 256.
    bars = Bars([0.0, 0.5, 1.0], [1, 4])
    line = Line("a", "line1", [0.0, 1.0], [0.0, 1.0], is_marked=True, spread=[(0.0, 0.5), (0.5, 1.0)])
    text = line_chart("t", "d", [line], ("x", "y"), x_range=(0, 1), y_range=(0, 1), bars=bars)
    room = 0.16 * 242 - 6
    assert re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', text) == [
        ("64.0", f"{256 - room / 4:.1f}", "239.0", f"{room / 4:.1f}"),
        ("304.0", f"{256 - room:.1f}", "239.0", f"{room:.1f}"),
    ]
    lowest = 256 - 0.16 * 242
    assert f'<polyline points="64.0,{lowest:.1f} 544.0,14.0"/>' in text
    assert f'<line x1="64.0" y1="{lowest:.1f}" x2="64.0" y2="{(lowest + 14) / 2:.1f}"/>' in text  # half way up
    assert "<title>0.5 to 1: 4 rows</title>" in text and "<title>a: 1, 1</title>" in text


def test_residuals_stand_over_predictions_on_both_sides_of_the_dashed_line():
    # Errors -1 and 3, with 6 % of 4 to spare: from -1.24 at y = 256 to 3.24 at 14; 0 is at 256 - 242 * 1.24 / 4.48.
    text = residual_chart("Residuals", np.array([0.0, 10.0]), np.array([-1.0, 3.0]), "predicted y")
    zero = 256 - 242 * 1.24 / 4.48
    assert f'<line class="agree" x1="64.0" y1="{zero:.1f}" x2="544.0" y2="{zero:.1f}"/>' in text
    assert re.findall(r'<circle cx="([\d.]+)" cy="([\d.]+)"', text) == [
        ("64.0", f"{256 - 242 * 0.24 / 4.48:.1f}"),
        ("544.0", f"{256 - 242 * 4.24 / 4.48:.1f}"),
    ]
    read(residual_chart("Residuals", np.ones(3), np.zeros(3), "y"))


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_the_page_has_the_areas_of_each_class_and_lines_for_the_most_common(classes):
    evaluation = report("table", classes=classes).evaluation
    text = ranking_section(evaluation)
    read(text)
    shown = [1] if classes == 2 else range(classes)
    found = cells(text)
    for row, place in zip(found, shown, strict=True):
        ranking = ranking_of(evaluation.labels == place, evaluation.probabilities[:, place])
        assert row == [
            evaluation.class_names[place],
            str((evaluation.labels == place).sum()),
            f"{ranking.area:.4f}",
            f"{ranking.average_precision:.4f}",
            f"{(evaluation.labels == place).mean():.4f}",
        ]
    assert text.count("<polyline") == 2 * min(len(shown), 4)  # in each of the two drawings
    assert ("most common classes are drawn" in text) == (classes == 6)
    assert f"AUC {ranking_of(evaluation.labels == 1, evaluation.probabilities[:, 1]).area:.3f}" in text


def test_a_class_that_no_row_has_is_no_line():
    # with one class in all rows there is nothing to tell apart
    assert ranking_section(Classification(np.zeros(4, int), np.full((4, 2), 0.5), ("a", "b"), 0.5)) == ""
    text = ranking_section(Classification(np.array([0, 1, 1]), np.eye(3)[[0, 1, 0]], ("a", "b", "c"), 0.5))
    assert [row[0] for row in cells(text)] == ["a", "b"]


def test_the_page_says_how_often_that_happened_which_was_given_a_probability():
    # four rows at 0.75, of which three are so, and one at 0.25 that is not
    given = np.array([0.75, 0.75, 0.75, 0.75, 0.25])
    labels = np.array([1, 1, 1, 0, 0])
    text = calibration_section(Classification(labels, np.stack([1 - given, given], 1), ("no", "yes"), 0.5))
    read(text)
    # Wilson's bounds of 0 of 1 and of 3 of 4
    assert [row[:4] for row in cells(text)] == [
        ["0.2 to 0.3", "1", "0.250", "0.000"],
        ["0.7 to 0.8", "4", "0.750", "0.750"],
    ]
    assert "expected calibration error: 0.0500" in text  # (1 * 0.25 + 4 * 0) / 5
    assert calibration_section(Classification(labels, given[:, None] * [1, 1], ("a", "b"), 0.5, False)) == ""


def test_of_several_classes_it_is_the_class_named_whose_probability_must_hold():
    given = np.array([[0.75, 0.2, 0.05], [0.05, 0.75, 0.2]])
    text = calibration_section(Classification(np.array([0, 2]), given, tuple("abc"), 0.5))
    assert [row[:4] for row in cells(text)] == [["0.7 to 0.8", "2", "0.750", "0.500"]]


def test_the_page_has_every_column_with_its_worth_and_the_bar_is_as_long():
    made = report("table")
    text = importance_section(made.influence)
    read(text)
    first, second = made.influence.importances
    most = max(one.mean + one.deviation for one in made.influence.importances)
    assert [row[0] for row in cells(text)] == [first.name, second.name]
    assert float(re.search(r"--share:([\d.]+)", text).group(1)) == pytest.approx(max(first.mean, 0) / most, abs=5e-4)
    value, spread = (float(cell.strip("± ")) for cell in cells(text)[0][2:])
    assert value == pytest.approx(first.mean, rel=1e-3) and spread == pytest.approx(first.deviation, abs=most * 1e-3)


def test_many_columns_are_folded_away_after_twenty():
    made = report("table").influence
    many = replace(made, importances=made.importances * 12)
    text = importance_section(many)
    read(text)
    assert "<summary>4 more columns</summary>" in text and text.count('<th scope="row">') == 24


def test_a_dependence_on_numbers_is_a_drawing_and_one_on_texts_a_list():
    made = report("table")
    text = dependence_section(made.influence, made.evaluation, HOSTILE)
    read(text)
    words = next(one for one in made.influence.dependences if not one.is_number)
    shown = np.argsort(-np.bincount(made.evaluation.labels, minlength=3), kind="stable")
    for row, value, means, count in zip(cells(text), words.values, words.outputs[:, shown], words.counts, strict=True):
        assert row == [value, "", *[f"{float(f'{mean:.4g}'):,.10g}" for mean in means], str(count)]
    assert "20 rows have none" in text and text.count("<svg") == 1 and text.count("<polyline") == 3


def test_the_worst_rows_of_a_table_have_their_cells_as_they_stand_in_the_file_the_columns_worth_most_first():
    made = report("table")
    text = page(made)
    heads = re.search(r'<table class="listing rows"><thead><tr>(.*?)</tr>', text, re.S).group(1)
    names = [html.unescape(name) for name in re.findall(r"<th[^>]*>([^<]*)</th>", heads)]
    worth = [one.name for one in made.influence.importances]
    assert names == [
        "row",
        "true",
        "predicted",
        "probability of the true",
        "probability of the predicted",
        *worth,
        "dropped",
    ]
    rows = cells(text.split("Worst rows")[1])[:12]
    given = made.evaluation.probabilities[np.arange(60), made.evaluation.labels]
    worst = np.argsort(given)[:12]
    assert [row[0] for row in rows] == [f"{2 * place}" for place in worst]  # which rows of the file were held out
    assert [row[3] for row in rows] == [f"{given[place]:.1%}" for place in worst]
    assert [row[5:] for row in rows] == [
        [made.examples.texts[name][place] for name in [*worth, "dropped"]] for place in worst
    ]


def test_a_table_without_texts_or_influence_shows_the_inputs():
    text = page(report("table", has_influence=False))
    assert "What the columns are worth" not in text and "2 more columns are not shown" in text
