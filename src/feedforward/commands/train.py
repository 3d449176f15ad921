"""The command ``train``: its options, the order of events, what is printed and written.

Not here: values of options (``options``), networks and their training (``experiment``), the looks of results
(``terminal``, ``feedforward.report``). Everything heavy is imported when it is needed, so that ``--help`` is quick.
"""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from feedforward.commands.options import (
    COUNT,
    FOLDS,
    OPEN_SHARE,
    PATIENCE,
    POSITIVE,
    SEED,
    SHARE,
    Choice,
    Delimiter,
    Encoding,
    Known,
    Layers,
    Seconds,
    check_output,
    file_path,
    report_path_of,
    rescue_path,
    usage_errors,
)
from feedforward.commands.program import fail, is_file, new_console, resolved_data
from feedforward.lookup import did_you_mean

if TYPE_CHECKING:
    from rich.console import Console

    from feedforward.commands.experiment import Outcome
    from feedforward.commands.settings import Options, Settings
    from feedforward.report.examples import Examples, LabelledTable
    from feedforward.training.model import Model
    from feedforward.training.progress import Progress

__all__ = ["train"]

_NO_BETTER = 1

_TRAIN_EXAMPLES = """\b
Examples:
  Handwritten digits, in seconds:
    feedforward train digits
  MNIST, two hidden layers:
    feedforward train mnist --layers 512,256 --epochs 5 --output mnist.ff
  A table; words are classified, and so are whole numbers with at most 20 values:
    feedforward train iris.csv --target species
    feedforward train houses.csv --target price --epochs 50
  Whole numbers that count something are predicted as numbers if you say so:
    feedforward train wine.csv --target quality --task regression
  Columns of names and numbers of rows say nothing; every word that stays is taken for a value:
    feedforward train titanic.csv --target Survived --drop Name --drop PassengerId
  Zip codes are names, a score in five folds beside the one held out, a minute at most:
    feedforward train houses.csv --target price --categorical zip --folds 5 --budget 60s
  Logistic or linear regression, solved to the best there is:
    feedforward train iris.csv --target species --model linear
"""


@click.command(epilog=_TRAIN_EXAMPLES)
@click.argument("data", default="digits")
@click.option("--target", metavar="COLUMN", help="The column of a table to predict: its name, or its place (-1: last).")
@click.option(
    "--model",
    "kind",
    type=Choice("mlp", "realmlp", "linear"),
    default="mlp",
    show_default=True,
    help="What learns a table: mlp, a plain network; realmlp, one tuned for tables, which takes longer; linear,"
    " logistic or linear regression.",
)
@click.option("--task", type=str, help="auto, classification or regression; for tables. [auto: see above]")
@click.option("--layers", type=Layers(), help="Units of the hidden layers, such as 512,256; none for no hidden layer.")
@click.option(
    "--activation",
    type=Known("feedforward.nn.activations", "ACTIVATIONS"),
    help="What the hidden units compute of their sums. [relu]",
)
@click.option("--dropout", type=SHARE, help="Share of hidden units left out of each training step.")
@click.option(
    "--optimizer",
    type=Known("feedforward.nn.optimizers", "OPTIMIZERS"),
    help="What changes the weights: adam, sgd, ... [adam]",
)
@click.option("--learning-rate", type=POSITIVE, help="How far a step goes; by default the optimizer's own.")
@click.option("--epochs", type=COUNT, help="How often every sample is learnt from. [a table: until it gets no better]")
@click.option(
    "--patience",
    type=PATIENCE,
    help="Stop when so many epochs brought no lower loss on the validation samples, and keep the best weights; 0: never"
    " stop. [a table without --epochs: 20, else 0]",
)
@click.option("--batch-size", type=COUNT, help="Samples in a step.")
@click.option("--seed", type=SEED, default=0, show_default=True, help="Same seed, same network, bit for bit.")
@click.option("--test-split", type=OPEN_SHARE, help="Share of a table held out for the final measurement. [0.2]")
@click.option(
    "--validation-split",
    type=SHARE,
    help="Share of the training samples that is not learnt from but watched. [0.1 with --patience, 0.2 of realmlp, else"
    " 0]",
)
@click.option("--drop", multiple=True, metavar="COLUMN", help="Leave a column of a table out; may be given again.")
@click.option(
    "--categorical",
    multiple=True,
    metavar="COLUMN",
    help="Take a table's column of numbers for names of things, as words are; may be given again.",
)
@click.option("--weights", metavar="COLUMN", help="The column of a table that says what each row counts in training.")
@click.option("--folds", type=FOLDS, help="Measure a table's other rows, too, cut into so many parts; see above.")
@click.option("--budget", type=Seconds(), help="Time for training, such as 90s, 2m or 1h; the best weights are kept.")
@click.option(
    "--header/--no-header",
    default=None,
    help="Whether a table's first row names the columns, which else are c1, c2, ... [found out]",
)
@click.option("--delimiter", type=Delimiter(), help="What divides a table's cells: one character, or tab. [found out]")
@click.option("--encoding", type=Encoding(), help="What a table is encoded in: utf-8, cp1252, gb18030, ... [found out]")
@click.option("--output", default="model.ff", show_default=True, metavar="FILE", help="Where the model goes.")
@click.option("--report", metavar="FILE", help="Where the report goes. [beside the model: model.html]")
@click.option("--no-report", is_flag=True, help="Write no report.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def train(
    data: str,
    target: str | None,
    kind: str,
    task: str | None,
    layers: tuple[int, ...] | None,
    activation: str | None,
    dropout: float | None,
    optimizer: str | None,
    learning_rate: float | None,
    epochs: int | None,
    patience: int | None,
    batch_size: int | None,
    seed: int,
    test_split: float | None,
    validation_split: float | None,
    drop: tuple[str, ...],
    categorical: tuple[str, ...],
    weights: str | None,
    folds: int | None,
    budget: float | None,
    header: bool | None,
    delimiter: str | None,
    encoding: str | None,
    output: str,
    report: str | None,
    no_report: bool,
    quiet: bool,
) -> None:
    """Train a network on DATA and write it to a file, with a report beside it.

    DATA is digits (comes with the package), mnist or fashion-mnist (downloaded once), or a CSV file with --target; - is
    standard input.

    A target of words is a classification. So is one of whole numbers with at most 20 different values; all other
    numbers are a regression. --task regression or --task classification changes it.

    A fifth of a table's rows is held out, chosen by --seed; data sets have a test part of their own. What the network
    does with held-out samples is printed and shown in the report. Options left out get values that fit the data.

    A table's columns of words become an input for each of at most 50 words, dates (2024-02-29) days, gaps (empty, -,
    NA, ?, nan) the median; what each column was taken for is printed, and kept in the model for evaluate and predict.
    A text column takes - for a gap, too, unless it holds + as well. --model realmlp embeds any number of words.

    With --folds 5 the rows that are not held out are cut into five parts, and five more networks learn from four of
    them and are measured on the fifth. --weights count in training, not in what is measured.
    """
    start = time.perf_counter()
    from feedforward.commands import experiment
    from feedforward.commands.settings import Options, settings_for
    from feedforward.commands.terminal import plan, show_columns, unknown_values
    from feedforward.data.columns import Roles
    from feedforward.data.sheet import Dialect
    from feedforward.report import write as write_report
    from feedforward.training.progress import Progress

    options = Options(
        model=kind,
        layers=layers,
        activation=activation,
        dropout=dropout,
        optimizer=optimizer,
        learning_rate=learning_rate,
        epochs=epochs,
        batch_size=batch_size,
        seed=seed,
        test_split=test_split,
        validation_split=validation_split,
        patience=patience,
        budget=budget,
        folds=folds or 0,
        roles=Roles(drop, categorical, weights),
        dialect=Dialect(delimiter, encoding, header),
    )
    model_path, report_path = file_path(output, "--output"), report_path_of(output, report, no_report)
    name = resolved_data(data)
    inputs = [name] if is_file(name) else []
    check_output(model_path, "--output", inputs)
    if report_path is not None:
        check_output(report_path, "--report", [*inputs, output])
    console = new_console(quiet)
    progress = Progress(verbose=0 if quiet else "auto", most_lines=20)
    has_begun = False
    try:
        table, examples = _training_examples(name, target, task, options)
        settings = settings_for(examples, options)
        model = experiment.build(examples, settings)
        console.print(plan(examples, settings, model), soft_wrap=True)
        if examples.schema is not None:
            show_columns(console, examples.schema)
            for line in unknown_values(examples.unknown):
                console.print(line, soft_wrap=True)
        has_begun = True
        end = None if budget is None else start + budget
        share = None if end is None else start + (end - start) / (1 + settings.folds)
        with contextlib.closing(progress), usage_errors():
            outcome = experiment.fit(model, examples, settings, progress, share)
    except KeyboardInterrupt:
        raise _abort(progress if has_begun else None, model_path) from None
    if outcome.stopped_after is None and not outcome.loss_after < outcome.loss_before:
        _refuse_no_better(outcome, settings, model_path)
    _show_outcome(console, examples, outcome)
    interruption = ""
    if outcome.stopped_after is not None:
        interruption = f"after epoch {outcome.stopped_after} of {settings.epochs}"
    elif table is not None and settings.folds:
        interruption = _measure_folds(console, table, examples, settings, outcome, end)
    if interruption and (model_path.exists() or (report_path and report_path.exists())):
        model_path = model_path.with_name(f"{model_path.stem}.interrupted.ff")
        report_path = report_path and report_path.with_name(f"{report_path.stem}.interrupted.html")
    _save(outcome.model, model_path)
    written = [str(model_path)]
    if report_path is not None:
        command = experiment.command(examples, outcome.settings, str(model_path))
        try:
            write_report(report_path, experiment.report(examples, outcome, command))
        except KeyboardInterrupt:
            raise click.Abort(f"by Ctrl-C while the report was made: wrote {model_path}.") from None
        except OSError as error:
            fail(f"{report_path} cannot be written: {error.strerror or error}. The model is in {model_path}.")
        written.append(str(report_path))
    if interruption:
        kept = f", {output} is as it was" if str(model_path) != str(Path(output)) and Path(output).exists() else ""
        raise click.Abort(f"by Ctrl-C {interruption}: wrote {' and '.join(written)}{kept}.")
    console.print(f"\nwrote {' and '.join(written)}", soft_wrap=True)


def _measure_folds(
    console: Console,
    table: LabelledTable,
    examples: Examples,
    settings: Settings,
    outcome: Outcome,
    deadline: float | None,
) -> str:
    """Measure a table's other rows in folds, print it and keep it in the model; return where Ctrl-C came, or ""."""
    from feedforward.commands.folds import cross_validated

    console.print()
    told: list[str] = []

    def tell(line: str) -> None:
        told.append(line)
        console.print(line, soft_wrap=True)

    try:
        with usage_errors():
            folds = cross_validated(table, examples, settings, deadline, tell)
    except KeyboardInterrupt:
        return f"in fold {len(told) + 1} of {settings.folds}"
    console.print(str(folds), style="bold", soft_wrap=True)
    outcome.model.metadata["folds"] = folds.summary()
    return ""


def _abort(progress: Progress | None, path: Path) -> click.Abort:
    """Return what to raise after Ctrl-C before there is anything to write; `progress` if training had begun."""
    is_under_way = progress is not None and hasattr(progress, "plan")
    where = f" in epoch {progress.epoch + 1} of {progress.plan.epochs}" if progress and is_under_way else ""
    click.echo(err=True)  # the terminal shows ^C on the line
    kept = f", {path} is as it was" if path.exists() else ""
    return click.Abort(f"by Ctrl-C{where}: nothing was written{kept}.")


def _show_outcome(console: Console, examples: Examples, outcome: Outcome) -> None:
    """Print which epoch's weights were kept, and what the network does with held-out samples."""
    from feedforward.commands.terminal import show

    if outcome.best_epoch is not None:
        trained = len(outcome.history["loss"])
        console.print(
            f"\ntrained for {trained} epoch{'s' * (trained != 1)}; the weights are those of epoch {outcome.best_epoch},"
            f" which had the {outcome.best}",
            soft_wrap=True,
        )
    if outcome.note:
        console.print(f"\n{outcome.note}", soft_wrap=True)
    console.print(f"\n{len(examples.y_test):,} held-out {examples.noun}:", style="bold")
    show(console, outcome.evaluation)


def _save(model: Model, path: Path) -> None:
    """Write a model; one that cannot be written there goes elsewhere, and the command fails."""
    try:
        model.save(path)
    except OSError as error:
        rescued = rescue_path(path)
        model.save(rescued)
        reason = error.strerror or str(error).removeprefix("save: ").removeprefix(f"{path} cannot be written: ")
        fail(f"{path} cannot be written: {reason.rstrip('.')}. The model is in {rescued}.")


def _refuse_no_better(outcome: Outcome, settings: Settings, path: Path) -> NoReturn:
    """Say that training led to nothing, and leave without a model."""
    kept = f", {path} is as it was" if path.exists() else ""
    click.echo(
        f"error: training made the network no better: on the samples learnt from the loss is {outcome.loss_after:.4g},"
        f" and was {outcome.loss_before:.4g} before. Give another --learning-rate than {settings.learning_rate:g}"
        f" (0.001 suits most), or more --epochs than {len(outcome.history['loss'])}. Nothing was written{kept}.",
        err=True,
    )
    sys.exit(_NO_BETTER)


def _training_examples(
    name: str, target: str | None, task: str | None, options: Options
) -> tuple[LabelledTable | None, Examples]:
    """Return what to learn from, and the table that it comes of, having refused options that do not go with it."""
    from feedforward.commands.settings import TABLE_TEST_SPLIT
    from feedforward.data.table import TASKS
    from feedforward.report.examples import VALIDATION_SPLIT, dataset_examples, labelled_table

    roles, dialect = options.roles, options.dialect
    if not is_file(name):
        for option, value in (
            ("target", target),
            ("model", None if options.model == "mlp" else options.model),
            ("task", task),
            ("test-split", options.test_split),
            ("drop", roles.drop or None),
            ("categorical", roles.categorical or None),
            ("weights", roles.weights),
            ("folds", options.folds or None),
            ("header" if dialect.header else "no-header", dialect.header),
            ("delimiter", dialect.delimiter),
            ("encoding", dialect.encoding),
        ):
            if value is not None:
                raise click.UsageError(
                    f"--{option} is for tables; the data set {name} has labels and a test part of its"
                    " own. Leave the option out."
                )
    for option in options.unfit():
        raise click.UsageError(
            f"--{option.replace('_', '-')} has no meaning for --model {options.model}. Leave one of the two out."
        )
    if options.patience and options.validation_split == 0:
        raise click.UsageError("--patience needs samples to watch. Give a --validation-split above 0, or --patience 0.")
    if not is_file(name):
        default = VALIDATION_SPLIT if options.patience else 0.0
        split = default if options.validation_split is None else options.validation_split
        return None, dataset_examples(name, split, options.seed)
    if target is None:
        from feedforward.data.delimited import read_rows

        columns = [cell.strip() for cell in read_rows(Path(name), dialect.delimiter, dialect.encoding).cells[0]]
        shown = ", ".join(columns[:10]) + (", ..." if len(columns) > 10 else "")
        raise click.UsageError(
            f"{name} is a table, and nothing says which column to predict. Give --target COLUMN; its first row is:"
            f" {shown}"
        )
    task = task or "auto"
    if task not in TASKS:
        raise click.UsageError(f"--task: unknown task {task!r}. {did_you_mean(task, list(TASKS))}")
    with usage_errors():
        table = labelled_table(name, target, task, roles=roles, dialect=dialect, is_encoded=options.model == "realmlp")
        split = options.test_split or TABLE_TEST_SPLIT
        return table, table.held_out(split, options.seed, options.table_validation_split)
