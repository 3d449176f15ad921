"""Oracles: scikit-learn's linear models and NumPy's least squares on the same rows; identities (a weight of 2 = a row
twice, a fold = training on its rows, measured again = measured in training, the command of the page = the same again).
"""

import csv
import html
import importlib
import io
import itertools
import re
import shlex
import signal
import types
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from rich.console import Console
from sklearn.linear_model import LogisticRegression

import feedforward as ff
from feedforward.commands import experiment
from feedforward.commands.cli import main
from feedforward.commands.options import Seconds
from feedforward.commands.terminal import show_columns, taken_for
from feedforward.data.columns import Roles
from feedforward.report.examples import labelled_table, rows_of_folds, table_examples
from feedforward.tabular.fitting import fit_table
from feedforward.tabular.frames import table_of
from feedforward.tabular.realmlp import RealMLP
from feedforward.tabular.targets import Labels
from feedforward.training.progress import Progress


def run(*arguments, **options):
    return CliRunner().invoke(main, [str(argument) for argument in arguments], **options)


def succeed(*arguments, **options):
    result = run(*arguments, **options)
    assert (result.exit_code, result.stderr) == (0, ""), (result.output, result.exception)
    return result.stdout


def refuse(*arguments):
    """Return the one line that a command ends with."""
    result = run(*arguments)
    assert result.exit_code == 2, (result.output, result.exception)
    assert result.stderr.startswith("error: ") and result.stderr.count("\n") == 1, result.stderr
    return result.stderr[len("error: ") : -1]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_houses(path, n=120, seed=0, encoding="utf-8"):
    """Write a number with gaps, a number that is a name, a word, a date, an answer, weights, a price and a class."""
    draw = np.random.default_rng(seed)
    with open(path, "w", newline="", encoding=encoding) as stream:
        writer = csv.writer(stream)
        writer.writerow(["size", "zip", "city", "sold", "new", "count", "price", "kind"])
        for row in range(n):
            size, place, city = draw.uniform(50, 200), int(draw.integers(3)), int(draw.integers(3))
            price = 3 * size + (0, 300, 100)[place] + draw.normal(0, 20)
            kind = "dear" if price > 500 else "cheap"
            sold = f"2024-{1 + row % 12:02}-{1 + row % 28:02}"
            shown = "-" if row % 11 == 5 else f"{size:.1f}"
            name = ("Köln", "Bern", "Orléans")[city]
            new = "yes" if row % 2 else "no"
            writer.writerow([shown, 1000 + place, name, sold, new, row % 3, f"{price:.1f}", kind])


def page_command(path):
    text = re.search(r'<pre class="command">(.*?)</pre>', Path(path).read_text(encoding="utf-8"), re.S).group(1)
    return shlex.split(html.unescape(text))


def same_model(one, other):
    assert one.metadata == other.metadata
    assert [weight.tobytes() for weight in one.get_weights()] == [weight.tobytes() for weight in other.get_weights()]


# what columns are taken for


def test_dates_gaps_answers_and_categories_are_told(folder):
    write_houses("h.csv")
    text = succeed(
        "train", "h.csv", "--target", "kind", "--drop", "price", "--categorical", "zip", "--epochs", 1, "--no-report"
    )
    told = re.findall(r"^  (\w+) +(.*)$", text, re.M)
    assert told == [
        ("size", told[0][1]),
        ("zip", "text: 3 values (1000, 1001, 1002), an input each"),
        ("city", "text: 3 values (Bern, Köln, Orléans), an input each"),
        ("sold", told[3][1]),
        ("new", "yes/no"),
        ("count", "number"),
        ("price", "dropped: you asked for it"),
        ("kind", "target: 2 classes"),
    ]
    assert re.fullmatch(r"number; 11 gaps: the median [\d.]+", told[0][1])
    assert told[3][1].startswith("date, as days since 1970-01-01")


def test_a_terminal_gets_a_table_of_the_columns(folder):
    write_houses("h.csv")
    schema = table_examples("h.csv", "kind", "auto", 0.2, 0).schema
    stream = io.StringIO()
    show_columns(Console(file=stream, force_terminal=True, width=70, color_system=None), schema)
    lines = [line.rstrip() for line in stream.getvalue().splitlines() if line.strip()]
    assert re.fullmatch(r" *column +taken for", lines[0])
    assert re.fullmatch(r" *[─━ ]+", lines[1])
    for line in taken_for(schema):
        first = line.split()[0]
        assert any(row.split()[0] == first for row in lines[2:]), line
    assert all(len(line) <= 70 for line in lines)


def test_a_value_of_two_lines_is_told_in_one(folder):
    (folder / "t.csv").write_text('a,y\n"x\n1",p\n"z",q\n' * 1 + '"x\n1",p\n"z",q\n' * 20)
    text = succeed("train", "t.csv", "--target", "y", "--epochs", 1, "--no-report")
    assert "  a  text: 2 values (x 1, z), an input each\n" in text


# how a file is written


def test_an_encoding_is_found_told_kept_and_given(folder):
    write_houses("h.csv", encoding="latin-1")
    text = succeed("train", "h.csv", "--target", "kind", "--epochs", 1, "--no-report")
    assert text.startswith("h.csv (header; Windows-1252; target kind: classification with 2 classes): ")
    assert "(Bern, Köln, Orléans)" in text
    result = run("predict", "model.ff", "h.csv")
    assert result.stderr == "note: h.csv was taken for Windows-1252\n"
    assert run("predict", "model.ff", "h.csv", "--encoding", "latin-1").stderr == ""
    Path("h.csv").write_bytes(Path("h.csv").read_text(encoding="latin-1").encode("cp437"))
    text = succeed("train", "h.csv", "--target", "kind", "--epochs", 1, "--encoding", "cp437")
    assert "(Bern, Köln, Orléans)" in text
    assert page_command("model.html")[-2:] == ["--output", "model.ff"]
    assert ["--encoding", "cp437"] == page_command("model.html")[16:18] or "--encoding" in page_command("model.html")
    assert "18 right" not in text
    assert succeed("evaluate", "model.ff").startswith("model.ff: 24 held-out rows of h.csv")
    assert "--encoding: Unknown encoding 'utf9'." in refuse("evaluate", "model.ff", "h.csv", "--encoding", "utf9")


def test_a_delimiter_is_given_by_sign_or_name(folder):
    (folder / "t.txt").write_text("a!b!y\n" + "".join(f"{row}!{row % 7}!{'pq'[row > 20]}\n" for row in range(40)))
    assert "no column 'y'" in refuse("train", "t.txt", "--target", "y")
    text = succeed("train", "t.txt", "--target", "y", "--delimiter", "!", "--epochs", 1, "--no-report")
    assert "2 inputs" in text
    assert succeed("evaluate", "model.ff").startswith("model.ff: 8 held-out rows of t.txt")
    assert len(succeed("predict", "model.ff", "t.txt", "--delimiter", "!").splitlines()) == 41
    (folder / "t.txt").write_text((folder / "t.txt").read_text().replace("!", "\t"))
    assert "2 inputs" in succeed("train", "t.txt", "--target", "y", "--delimiter", "tab", "--epochs", 1, "--no-report")
    message = "--delimiter must be one character, not a quote, or comma, semicolon, tab, bar or blank. Got 'ab'."
    assert refuse("train", "t.txt", "--target", "y", "--delimiter", "ab") == message
    message = "--delimiter is for a table given as DATA. Name one, or leave the option out."
    assert refuse("evaluate", "model.ff", "--delimiter", ";") == message


def test_standard_input_is_a_table(folder):
    write_houses("h.csv")
    text = Path("h.csv").read_bytes()
    told = succeed("train", "-", "--target", "kind", "--epochs", 1, input=text)
    assert told.startswith("- (header; target kind: classification with 2 classes): 96 rows to learn from, 24 held out")
    assert succeed("predict", "model.ff", "-", input=text) == succeed("predict", "model.ff", "h.csv")
    message = "model.ff was trained on standard input, which is gone. Name a table to measure on."
    assert refuse("evaluate", "model.ff") == message
    assert succeed("evaluate", "model.ff", "-", input=text).startswith("model.ff: 120 rows of -\n")


def test_a_file_called_like_an_option_is_reached_by_its_path(folder):
    write_houses("--target")
    succeed("train", "--epochs", 1, "--target", "kind", "--", "--target")
    words = page_command("model.html")
    assert words[2] == "./--target"
    before = ff.load("model.ff")
    before.metadata["data"] = "./--target"
    succeed(*words[1:])
    same_model(ff.load("model.ff"), before)


def test_columns_without_header_have_names_and_places(folder):
    (folder / "t.csv").write_text("".join(f"{row},{row % 7}.5,{'pq'[row > 20]}\n" for row in range(40)))
    one = succeed("train", "t.csv", "--target", "c3", "--drop", "c1", "--epochs", 1, "--no-report")
    assert "(no header: columns are c1..c3; target c3: classification" in one
    assert "\n  c1  dropped: you asked for it\n  c2  number\n  c3  target: 2 classes\n" in one
    before = ff.load("model.ff")
    succeed("train", "t.csv", "--target", "2", "--drop", "0", "--epochs", 1, "--no-header")
    same = ff.load("model.ff")
    assert same.metadata["settings"].pop("drop") == ["0"] and before.metadata["settings"].pop("drop") == ["c1"]
    same_model(same, before)


def test_a_model_of_a_file_without_header_from_before_columns_had_names_still_predicts(folder):
    (folder / "t.csv").write_text("".join(f"{row},{row % 7}.5,{'pq'[row > 20]}\n" for row in range(40)))
    succeed("train", "t.csv", "--target", "c3", "--epochs", 1, "--no-report")
    expected = succeed("predict", "model.ff", "t.csv"), succeed("evaluate", "model.ff")
    model = ff.load("model.ff")
    places = {"c1": "0", "c2": "1", "c3": "2"}
    model.metadata |= {"columns": ["0", "1"], "target": "2"}
    for column in (*model.metadata["table"]["columns"], model.metadata["table"]["target"]):
        column["name"] = places[column["name"]]
    model.save("model.ff")
    assert (succeed("predict", "model.ff", "t.csv"), succeed("evaluate", "model.ff")) == expected


# weights


def test_weighted_least_squares_are_those_of_rows_as_often_as_their_weights(folder):
    draw = np.random.default_rng(0)
    x, times = draw.normal(size=(60, 2)), draw.integers(0, 4, 60)
    y = x @ [2.0, -1.0] + draw.normal(size=60)
    rows = zip(x.tolist(), times.tolist(), y.tolist(), strict=True)
    Path("t.csv").write_text("a,b,w,y\n" + "".join(f"{a!r},{b!r},{w},{c!r}\n" for (a, b), w, c in rows))
    succeed("train", "t.csv", "--target", "y", "--weights", "w", "--model", "linear")
    is_learnt = np.ones(60, bool)
    is_learnt[table_examples("t.csv", "y", "auto", 0.2, 0).test_rows] = False
    again = np.repeat(np.flatnonzero(is_learnt), times[is_learnt])
    w = np.linalg.lstsq(np.column_stack([x[again], np.ones(len(again))]), y[again], rcond=None)[0]
    found = ff.load("model.ff").predict(x.astype(np.float32), verbose=0)[:, 0]
    np.testing.assert_allclose(found, x @ w[:2] + w[2], atol=1e-5)  # some roundings of float32


def test_weights_reach_training_and_its_validation_but_not_what_is_measured(folder):
    # Two kinds of rows that contradict each other: who counts is believed.
    lines = [f"{row % 2},{weight},{(row + flip) % 2}" for row in range(100) for weight, flip in ((10, 0), (0.1, 1))]
    Path("t.csv").write_text("a,w,y\n" + "\n".join(lines) + "\n")
    text = succeed("train", "t.csv", "--target", "y", "--weights", "w", "--epochs", 30)
    assert "\n  w  what each row counts in training\n" in text
    Path("n.csv").write_text("a\n0\n1\n")
    rows = list(csv.DictReader(io.StringIO(succeed("predict", "model.ff", "n.csv"))))
    assert [row["class"] for row in rows] == ["0", "1"]
    assert all(float(row["probability"]) > 0.9 for row in rows)
    # Held-out rows count alike: about half of them contradict.
    assert 0.3 < ff.load("model.ff").metadata["held_out"]["accuracy"] < 0.7


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (["0"] * 40, "t.csv, column 'w': the weights of all 28 rows to learn from are 0. Some must count. Give other"),
        (["1"] * 39 + ["-1"], "t.csv, line 41, column 'w': '-1' is below 0. A weight says how often its row counts."),
        (
            ["1"] * 39 + [""],
            "t.csv, line 41, column 'w': the cell is empty. Every weight needs a value; fill it in, or",
        ),
        (["1"] * 39 + ["x"], "t.csv, line 41, column 'w': 'x' is not a number. Every weight must be a number; correct"),
    ],
)
def test_weights_that_cannot_count_are_one_line(folder, weights, message):
    rows = "".join(f"{row},{weight},{'pq'[row % 2]}\n" for row, weight in enumerate(weights))
    (folder / "t.csv").write_text("a,w,y\n" + rows)
    assert refuse("train", "t.csv", "--target", "y", "--weights", "w").startswith(message)


# folds


@pytest.mark.parametrize("is_stratified", [False, True])
def test_folds_are_parts_as_large_as_can_be_and_of_each_class_alike(is_stratified):
    labels = np.array([0] * 13 + [1] * 7 + [2] * 3)
    folds = rows_of_folds(labels, 4, 5, is_stratified)
    assert sorted(np.bincount(folds)) == [5, 6, 6, 6]
    if is_stratified:
        counts = np.array([np.bincount(folds[labels == label], minlength=4) for label in range(3)])
        assert (counts.max(axis=1) - counts.min(axis=1) <= 1).all()
    assert (rows_of_folds(labels, 4, 6, is_stratified) != folds).any()


def test_each_fold_is_measured_by_what_the_other_rows_teach(folder):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(80, 2))
    y = x @ [2.0, -1.0] + draw.normal(size=80)
    text = "".join(f"{a!r},{b!r},{c!r}\n" for (a, b), c in zip(x.tolist(), y.tolist(), strict=True))
    Path("t.csv").write_text("a,b,y\n" + text)
    told = succeed("train", "t.csv", "--target", "y", "--model", "linear", "--folds", 4, "--seed", 3)
    examples = table_examples("t.csv", "y", "auto", 0.2, 3)
    is_open = np.ones(80, bool)
    is_open[examples.test_rows] = False
    rows = np.flatnonzero(is_open)
    folds = rows_of_folds(y[rows], 4, 3, is_stratified=False)
    expected = []
    for fold in range(4):
        train, test = rows[folds != fold], rows[folds == fold]
        w = np.linalg.lstsq(np.column_stack([x[train], np.ones(len(train))]), y[train], rcond=None)[0]
        errors = np.column_stack([x[test], np.ones(len(test))]) @ w - y[test]
        expected.append(1 - (errors**2).sum() / ((y[test] - y[test].mean()) ** 2).sum())
    found = ff.load("model.ff").metadata["folds"]
    np.testing.assert_allclose(found["each"], expected, rtol=1e-5)  # weights and predictions are float32
    assert found["mean"] == pytest.approx(np.mean(expected)) and found["score"] == "R^2"
    assert found["deviation"] == pytest.approx(np.std(expected, ddof=1))
    each = [f"fold {number}/4 - R^2 {score:.4f}" for number, score in enumerate(found["each"], 1)]
    line = (
        f"R^2 {found['mean']:.4f} in 4 folds of the 64 other rows, standard deviation {found['deviation']:.4f},"
        f" from {min(found['each']):.4f} to {max(found['each']):.4f}"
    )
    assert "\n".join([*each, line]) + "\n" in told
    command = page_command("model.html")
    assert command[command.index("--folds") + 1] == "4"


def test_what_folds_learn_of_columns_is_their_own(folder):
    write_houses("h.csv")
    table = labelled_table("h.csv", "kind", roles=Roles(drop=("price",)))
    examples = table.held_out(0.2, 0)
    parts = list(table.folds(examples, 3, 0, None))
    medians = {part.schema.columns[0].median for part in parts}
    assert len(medians) == 3
    tested = np.concatenate([part.test_rows for part in parts])
    assert sorted([*tested, *examples.test_rows]) == list(range(120))
    for part in parts:
        assert len(part.y_train) + len(part.y_test) + len(examples.y_test) == 120
        assert part.is_validation.any()


def test_more_folds_than_rows_are_one_line(folder):
    (folder / "t.csv").write_text("a,y\n" + "".join(f"{row},{row / 3}\n" for row in range(10)))
    message = refuse("train", "t.csv", "--target", "y", "--model", "linear", "--folds", 9)
    assert message == "t.csv: 8 rows cannot make 9 folds. Give fewer --folds."
    assert refuse("train", "t.csv", "--target", "y", "--folds", 1) == "--folds must be an int from 2 to 1000. Got '1'."


def test_ctrl_c_in_a_fold_keeps_the_model(folder, monkeypatch):
    write_houses("h.csv")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("feedforward.commands.folds._score", interrupt)
    result = run("train", "h.csv", "--target", "kind", "--epochs", 1, "--folds", 3)
    assert result.exit_code == 130
    assert result.stderr == "interrupted by Ctrl-C in fold 1 of 3: wrote model.ff and model.html.\n"
    assert "folds" not in ff.load("model.ff").metadata


def test_ctrl_c_in_a_realmlp_ends_it_with_the_best_epoch_so_far(folder, monkeypatch):
    write_houses("h.csv")
    told = Progress.on_epoch_end

    def interrupt(self, epoch, logs):
        told(self, epoch, logs)
        if epoch == 2:
            signal.raise_signal(signal.SIGINT)

    small = ("train", "h.csv", "--target", "kind", "--model", "realmlp", "--layers", 8, "--seed", 5)
    monkeypatch.setattr(Progress, "on_epoch_end", interrupt)
    result = run(*small, "--epochs", 50)
    assert result.exit_code == 130
    assert result.stderr == "interrupted by Ctrl-C after epoch 3 of 50: wrote model.ff and model.html.\n"
    model = ff.load("model.ff")
    assert model.metadata["stopped"] == "by Ctrl-C after epoch 3 of 50"
    assert model.metadata["trained"]["epochs"] == 3
    assert "Training was stopped by Ctrl-C after epoch 3 of 50." in Path("model.html").read_text(encoding="utf-8")
    assert "accuracy" in succeed("evaluate", "model.ff")


def test_a_second_ctrl_c_in_a_realmlp_writes_nothing(folder, monkeypatch):
    write_houses("h.csv")

    def interrupt(*_):
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(Progress, "on_epoch_end", interrupt)
    result = run("train", "h.csv", "--target", "kind", "--model", "realmlp", "--layers", 8, "--epochs", 50)
    assert result.exit_code == 130
    assert result.stderr.endswith("nothing was written.\n") and not Path("model.ff").exists()


def test_ctrl_c_while_the_report_is_made_says_that_the_model_is_there(folder, monkeypatch):
    write_houses("h.csv")

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("feedforward.report.write", interrupt)
    result = run("train", "h.csv", "--target", "kind", "--epochs", 1)
    assert result.exit_code == 130
    assert result.stderr == "interrupted by Ctrl-C while the report was made: wrote model.ff.\n"
    assert ff.load("model.ff").metadata["task"] == "classification"


def test_a_disk_that_is_full_is_said_with_the_file_and_where_the_model_is(folder, monkeypatch):
    write_houses("h.csv")

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as during:
        during.setattr("feedforward.report.write", full)
        message = refuse("train", "h.csv", "--target", "kind", "--epochs", 1)
    assert message == "model.html cannot be written: No space left on device. The model is in model.ff."
    monkeypatch.setattr("os.fsync", full)
    assert refuse("predict", "model.ff", "h.csv", "--output", "p.csv") == "p.csv: No space left on device"


# time


@pytest.mark.parametrize(("text", "seconds"), [("90", 90), ("60s", 60), ("2m", 120), ("1.5h", 5400), ("0.25s", 0.25)])
def test_a_time_is_seconds_minutes_or_hours(text, seconds):
    assert Seconds().convert(text, None, None) == seconds


@pytest.mark.parametrize("text", ["0", "0s", "-1", "1d", "", "s", "1e3", "nan", "٣"])
def test_what_is_no_time_is_refused(folder, text):
    message = f"--budget must be a time above 0, such as 90s, 2m or 1h. Got {text!r}."
    assert refuse("train", "digits", f"--budget={text}") == message


@pytest.fixture
def ticking(monkeypatch):
    """A clock that is a second later whenever somebody looks: how busy a machine is does not matter."""
    clock = types.SimpleNamespace(perf_counter=itertools.count().__next__)
    for module in ("train", "experiment", "folds"):
        monkeypatch.setattr(importlib.import_module(f"feedforward.commands.{module}"), "time", clock)


def test_training_ends_in_time_with_its_best_weights_and_can_be_done_again(folder, ticking):
    write_houses("h.csv")
    arguments = ["train", "h.csv", "--target", "price", "--patience", 400, "--epochs", 90_000, "--batch-size", 16]
    text = succeed(*arguments, "--budget", "60s")
    assert ", within 60 s\n" in text
    told = re.search(r"^Its budget of 60 s was spent after epoch (\d+)\.$", text, re.M)
    # An epoch looks at its begin and its end, and when a tenth of a second has gone by: two seconds or some more.
    assert 10 <= int(told.group(1)) <= 30
    losses = [float(loss) for loss in re.findall(r"val_loss ([\d.]+)", text)]
    before = ff.load("model.ff")
    assert len(losses) == int(told.group(1)) == before.metadata["settings"]["epochs"]
    assert losses[before.metadata["trained"]["best_epoch"] - 1] == min(losses)
    words = page_command("model.html")
    assert "--budget" not in words
    succeed(*words[1:])
    same_model(ff.load("model.ff"), before)


def test_folds_share_the_time(folder, ticking, monkeypatch):
    write_houses("h.csv")
    given = []
    fit = experiment.fit

    def watched(model, examples, settings, progress, deadline):
        given.append(deadline - experiment.time.perf_counter())
        return fit(model, examples, settings, progress, deadline)

    monkeypatch.setattr("feedforward.commands.experiment.fit", watched)
    monkeypatch.setattr("feedforward.commands.folds.fit", watched)
    succeed("train", "h.csv", "--target", "kind", "--budget", "90s", "--folds", 2, "--no-report", "--batch-size", 96)
    assert len(given) == 3
    assert all(20 <= seconds <= 45 for seconds in given), given  # of 90, less what is looked at meanwhile


def test_a_budget_below_an_epoch_ends_within_it(folder):
    write_houses("h.csv", n=100)
    text = succeed("train", "h.csv", "--target", "kind", "--budget", "0.001s")
    # Reading takes longer than that: training does what it can before it looks at the clock.
    assert re.search(r"^Its budget of 0.001 s was spent (before the first epoch was done|after epoch 1)\.$", text, re.M)
    assert ff.load("model.ff").metadata["trained"]["epochs"] == 1


# linear models


def test_a_linear_model_is_scikit_learns(folder):
    draw = np.random.default_rng(1)
    x = draw.normal(size=(150, 3)) * [1, 10, 0.1] + [5, 0, 1]
    kinds = (x - x.mean(axis=0)) / x.std(axis=0) @ draw.normal(size=(3, 3)) + draw.normal(size=(150, 3))
    labels = np.array(["one", "three", "two"])[kinds.argmax(axis=1)]
    text = "".join(f"{a!r},{b!r},{c!r},{y}\n" for (a, b, c), y in zip(x.tolist(), labels, strict=True))
    Path("t.csv").write_text("a,b,c,y\n" + text)
    told = succeed("train", "t.csv", "--target", "y", "--model", "linear")
    assert "3 inputs -> 3 classes, 18 parameters; solved, not trained\n" in told
    gap = re.search(r"objective is [\d.]+, and at most ([\d.e-]+) above the least there is \(its duality gap\)", told)
    assert float(gap.group(1)) < 1e-3
    examples = table_examples("t.csv", "y", "auto", 0.2, 0)
    rows = examples.x_train
    standard = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    # The intercept is penalised as a weight of a column of ones, so scikit-learn gets such a column.
    other = LogisticRegression(C=1.0, fit_intercept=False, tol=1e-10, max_iter=10_000)
    other.fit(np.column_stack([standard, np.ones(len(rows))]), examples.y_train)
    held = (examples.x_test - rows.mean(axis=0)) / rows.std(axis=0)
    expected = other.predict_proba(np.column_stack([held, np.ones(len(held))]))
    found = ff.load("model.ff").predict(examples.x_test.astype(np.float32), verbose=0)
    np.testing.assert_allclose(found, expected, atol=1e-3)  # a gap of 1e-6 of the objective leaves that
    assert succeed("evaluate", "model.ff").splitlines()[1] in told


def test_a_linear_model_of_a_number_is_least_squares(folder):
    write_houses("h.csv")
    told = succeed("train", "h.csv", "--target", "price", "--drop", "kind", "--model", "linear", "--categorical", "zip")
    assert re.search(
        r"^Least squares: the columns and what is left have a cosine of [\d.e-]+, at best 0\.$", told, re.M
    )
    examples = table_examples("h.csv", "price", "auto", 0.2, 0, roles=Roles(drop=("kind",), categorical=("zip",)))
    ones = np.ones((len(examples.x_train), 1))
    w = np.linalg.lstsq(np.hstack([examples.x_train, ones]), examples.y_train, rcond=None)[0]
    expected = np.hstack([examples.x_test, ones[: len(examples.x_test)]]) @ w
    x = examples.schema.fed(examples.x_test)
    np.testing.assert_allclose(ff.load("model.ff").predict(x, verbose=0)[:, 0], expected, rtol=1e-4)  # of float32
    words = page_command("model.html")
    before = ff.load("model.ff")
    succeed(*words[1:])
    same_model(ff.load("model.ff"), before)


@pytest.mark.parametrize(
    ("model", "option"),
    [
        ("linear", ["--layers", "3"]),
        ("linear", ["--activation", "relu"]),
        ("linear", ["--budget", "3s"]),
        ("linear", ["--patience", "3"]),
        ("linear", ["--validation-split", "0.2"]),
        ("realmlp", ["--optimizer", "adam"]),
        ("realmlp", ["--patience", "3"]),
    ],
)
def test_options_without_meaning_for_a_model_are_refused(folder, model, option):
    write_houses("h.csv")
    message = f"{option[0]} has no meaning for --model {model}. Leave one of the two out."
    assert refuse("train", "h.csv", "--target", "kind", "--model", model, *option) == message


def test_an_unknown_model_is_one_line(folder):
    message = "--model: unknown 'realmpl'. Did you mean 'realmlp'?"
    assert refuse("train", "digits", "--model", "realmpl") == message
    assert refuse("train", "digits", "--model", "linear").startswith("--model is for tables; the data set digits has")


# RealMLP


@pytest.fixture(scope="module")
def realmlp(tmp_path_factory):
    """A folder with what training two RealMLPs leaves behind, and what was printed."""
    where = tmp_path_factory.mktemp("realmlp")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(where)
        write_houses("h.csv")
        small = ["--model", "realmlp", "--layers", "16", "--epochs", 8, "--batch-size", 16]
        classes = succeed("train", "h.csv", "--target", "kind", *small, "--drop", "price", "--categorical", "zip")
        numbers = succeed("train", "h.csv", "--target", "price", *small, "--weights", "count", "--output", "p.ff")
    return where, classes, numbers


@pytest.fixture
def houses(realmlp, monkeypatch):
    monkeypatch.chdir(realmlp[0])
    return realmlp[1:]


def test_a_realmlp_tells_its_columns_and_is_measured_again_as_in_training(houses):
    classes, numbers = houses
    assert "76 rows to learn from, 20 to validate, 24 held out" in classes
    assert "-> 16 selu -> 2 classes; 8 epochs" in classes
    assert "  zip    category: 3 values (1000, 1001, 1002), a column each\n" in classes
    assert "  sold   date: days since 1970-01-01\n" in classes
    assert re.search(r"^  size   number; \d+ gaps: the median [\d.]+, and a column that says so$", classes, re.M)
    assert "  price  dropped: you asked for it\n" in classes
    assert re.search(r"weights are those of epoch \d, which had the highest validation accuracy", classes)
    assert re.search(r"weights are those of epoch \d, which had the lowest validation loss", numbers)
    for name, text in (("model.ff", classes), ("p.ff", numbers)):
        measured = succeed("evaluate", name).splitlines()[1:]
        assert measured and all(line in text for line in measured)


def test_predictions_of_a_realmlp_have_a_column_for_each_class(houses):
    rows = list(csv.DictReader(io.StringIO(succeed("predict", "model.ff", "h.csv", "--probabilities"))))
    assert list(rows[0]) == ["class", "probability", "probability_cheap", "probability_dear"]
    for row in rows:
        assert float(row["probability_cheap"]) + float(row["probability_dear"]) == pytest.approx(1, abs=2e-6)
        assert row["probability"] == row[f"probability_{row['class']}"]
    text = Path("h.csv").read_text(encoding="utf-8").splitlines()
    shuffled = [",".join(reversed(line.split(","))) for line in text]
    Path("s.csv").write_text("\n".join(shuffled) + "\n", encoding="utf-8")
    assert succeed("predict", "model.ff", "s.csv") == succeed("predict", "model.ff", "h.csv")
    assert (
        succeed("predict", "p.ff", "h.csv", "--row", 3).splitlines()[1]
        == succeed("predict", "p.ff", "h.csv").splitlines()[4]
    )


def test_an_unknown_value_of_a_realmlp_is_told_and_a_wrong_cell_named(houses):
    Path("n.csv").write_text("size,zip,city,sold,new,count\n100,1000,Oslo,2024-05-01,yes,1\n")
    result = run("predict", "model.ff", "n.csv")
    assert result.exit_code == 0, result.output
    assert (
        result.stderr
        == "note: column 'city': 1 cell holds a value that no row learnt from has; nothing is known of them\n"
    )
    Path("n.csv").write_text("size,zip,city,sold,new,count\nbig,1000,Bern,2024-05-01,yes,1\n")
    assert "n.csv, line 2, column 'size': 'big' is not a number" in refuse("predict", "model.ff", "n.csv")
    Path("n.csv").write_text("size,zip,city,new,count\n1,1000,Bern,yes,1\n")
    assert refuse("predict", "model.ff", "n.csv").startswith("n.csv: 1 of 6 features have no column: 'sold'.")


def test_info_and_explain_take_a_realmlp(houses):
    text = succeed("info", "model.ff")
    assert re.search(r"^settings: model +realmlp$", text, re.M)
    assert re.search(r"^zip +category: 3 values \(1000, 1001, 1002\), a column each$", text, re.M)
    assert re.search(r"^price +dropped: you asked for it$", text, re.M)
    assert re.search(r"^kind +target: 2 classes$", text, re.M)
    assert "kernel_0" in succeed("explain", "model.ff")


def test_the_command_in_the_report_of_a_realmlp_does_the_same_again(houses, tmp_path):
    before = ff.load("p.ff")
    words = page_command("p.html")
    assert words[words.index("--model") + 1] == "realmlp"
    assert "--optimizer" not in words
    words[words.index("--output") + 1] = str(tmp_path / "again.ff")
    succeed(*words[1:])
    same_model(ff.load(tmp_path / "again.ff"), before)


@pytest.mark.parametrize(
    "change",
    [
        {"file": None},
        {"file": {"has_header": True, "columns": []}},
        {"file": {"has_header": True, "columns": [], "target": {"name": "zip", "taken_for": "target"}}},
        {"table": None},
        {"table": {"encoding": {}, "labels": None, "residuals": []}},
        {"class_names": ["a", "b", "c"]},
        {"columns": ["size"]},
    ],
    ids=str,
)
def test_a_hostile_record_of_a_realmlp_is_one_line(houses, change):
    model = ff.load("model.ff")
    model.metadata |= change
    model.save("changed.ff")
    for arguments in (["info", "changed.ff"], ["predict", "changed.ff", "h.csv"]):
        message = refuse(*arguments)
        assert message.startswith("changed.ff cannot be used: ") and message.endswith(" Train it again."), message


def test_a_realmlp_plans_as_many_epochs_as_its_budget_holds(folder):
    write_houses("h.csv")
    text = succeed("train", "h.csv", "--target", "kind", "--model", "realmlp", "--layers", 8, "--epochs", 90_000,
                   "--budget", "3s", "--no-report")  # fmt: skip
    told = re.search(r"^Its budget of 3 s was enough for (\d+) of 90000 epochs\.$", text, re.M)
    assert 1 <= int(told.group(1)) < 90_000


def test_a_dash_that_a_realmlp_learnt_as_a_value_is_one_where_no_plus_is(folder):
    (folder / "t.csv").write_text("a,y\n" + "+,p\n-,q\n" * 20)
    small = ["--model", "realmlp", "--layers", 8, "--epochs", 2, "--no-report"]
    assert "  a  category: 2 values (+, -), 1 and -1\n" in succeed("train", "t.csv", "--target", "y", *small)
    plus, minus = succeed("predict", "model.ff", "t.csv", "--probabilities").splitlines()[1:3]
    assert plus != minus
    (folder / "n.csv").write_text("a\n-\n-\n")
    assert succeed("predict", "model.ff", "n.csv", "--probabilities").splitlines()[1] == minus


def test_a_realmlp_that_cannot_be_made_is_one_line(folder):
    write_houses("h.csv", n=30)
    names = ["size", "zip", "city", "sold", "new", "count", "price"]
    dropped = [word for name in names for word in ("--drop", name)]
    message = refuse("train", "h.csv", "--target", "kind", "--model", "realmlp", *dropped)
    assert message.startswith("h.csv: no column is left to learn from: all others are dropped, or say what rows count.")
    message = refuse("train", "h.csv", "--target", "kind", "--model", "realmlp", "--layers", "none")
    assert message.startswith("RealMLP(hidden=()): hidden must hold the units of at least one layer. Got ()")
    message = refuse("train", "h.csv", "--target", "kind", "--model", "realmlp", "--categorical", "kind")
    assert message == "h.csv: 'kind' is given for target and for categorical. Give one of the two."


# many columns


def test_the_page_of_a_table_with_very_many_columns_leaves_out_what_each_does(folder):
    draw = np.random.default_rng(0)
    for count, is_told in ((300, True), (301, False)):
        rows = "".join(",".join(f"{cell:.2f}" for cell in row) + "\n" for row in draw.normal(size=(20, count + 1)))
        Path("t.csv").write_text(",".join(f"f{place}" for place in range(count + 1)) + "\n" + rows)
        succeed("train", "t.csv", "--target", "f0", "--model", "linear")
        page = Path("model.html").read_text(encoding="utf-8")
        assert ("What the columns are worth" in page) == is_told
        words = "What each column is worth was not measured: 301 are more than 300."
        assert (words in page) != is_told


# names that are more than text


def test_what_a_terminal_would_obey_is_shown_instead(folder, monkeypatch):
    rows = "".join(f"{row % 7},\x1b]0;{row % 2}\u202e\n" for row in range(40))
    Path("t.csv").write_text(f'"\x1b[31mred\nline",\x9by\n{rows}', encoding="utf-8")
    told = [succeed("train", "t.csv", "--target", "1", "--epochs", 1, "--no-report")]
    told += [succeed("info", "model.ff"), succeed("evaluate", "model.ff"), refuse("evaluate", "model.ff", "h.csv")]
    Path("u.csv").write_text("\x1b[31ma,b\n1,2\n")
    told += [refuse("predict", "model.ff", "u.csv")]
    for text in told:
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    assert all(r"\x1b[31mred line  number" in text and r"\x9by" in text for text in told[:2])
    # A program gets labels as they are, a terminal does not.
    assert "\x1b]0;" in succeed("predict", "model.ff", "t.csv")
    monkeypatch.setattr("click.testing._NamedTextIOWrapper.isatty", lambda self: True, raising=False)
    assert r"\x1b]0;" in (shown := succeed("predict", "model.ff", "t.csv")) and "\x1b" not in shown


def test_one_input_is_one(folder):
    Path("t.csv").write_text("a,y\n" + "".join(f"{row},{row % 2}\n" for row in range(40)))
    assert " 1 input -> " in succeed("train", "t.csv", "--target", "y", "--epochs", 1, "--no-report")


# what a network cannot tell, and files of estimators


def test_rows_of_weight_0_are_none_for_a_linear_model(folder):
    rows = [f"{row},{'abc'[row % 3]},{int(row % 3 < 2)}" for row in range(60)]
    Path("t.csv").write_text("x,y,w\n" + "\n".join(rows) + "\n")
    succeed("train", "t.csv", "--target", "y", "--weights", "w", "--model", "linear", "--no-report")
    found = list(csv.DictReader(io.StringIO(succeed("predict", "model.ff", "t.csv", "--probabilities"))))
    assert {row["class"] for row in found} <= {"a", "b"}
    Path("u.csv").write_text("x,y,w\n" + "\n".join(f"{row},{'ab'[row % 2]},{int(row == 0)}" for row in range(9)) + "\n")
    message = refuse("train", "u.csv", "--target", "y", "--weights", "w", "--model", "linear", "--seed", 1)
    assert message == "--model linear: y has 1 class, 0, in 1 rows. Expected at least 2 classes. Give rows of others."


def test_a_prediction_that_is_no_finite_number_is_refused_by_its_row(folder):
    Path("t.csv").write_text("x,y\n" + "".join(f"{row / 1000},{row / 100}\n" for row in range(40)))
    succeed("train", "t.csv", "--target", "y", "--epochs", 1, "--no-report", "--task", "regression")
    model = ff.load("model.ff")
    model.get_layer("hidden_1").set_weights([np.full((1, 64), 1e38, np.float32), np.zeros(64, np.float32)])
    model.save("model.ff")
    Path("u.csv").write_text("x\n0.0195\n3e5\n")
    fault = (
        "row 1: the network gives no finite number for it. Expected numbers like those it learnt from. Correct the row."
    )
    assert refuse("predict", "model.ff", "u.csv") == fault
    assert refuse("predict", "model.ff", "u.csv", "--row", 1) == fault


def test_the_file_of_an_estimator_of_tables_says_what_its_columns_are(folder):
    table = table_of({"size": [1.0, 2.0, None, 4.0] * 10, "city": ["Bern", "Rome"] * 20}, "fit")
    y = [0, 1] * 20
    fit_table(table, Labels.learnt(y, 40, "fit"), y, RealMLP(hidden=(4,), epochs=1)).model.save("model.ff")
    shown = succeed("info", "model.ff")
    assert (
        "size: number; 10 gaps: the median 2, and a column that says so\ncity: category: 2 values (Bern, Rome)" in shown
    )
