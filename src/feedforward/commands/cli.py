"""The command line: train a network on a data set or a table, measure it, use it, look into its file.

Here: the commands, the order of events, messages. A mistake of the user ends in one line on standard error that begins
with ``error: ``, and exit code 2; training that led to nothing ends with 1, Ctrl-C with 130. Not here: the options'
values (``options``), results and their looks (``terminal``, ``feedforward.report``), the network, reading data.
Everything heavy is imported when a command needs it, so that ``--help`` is quick.
"""

from __future__ import annotations

import contextlib
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from feedforward.commands.options import (
    COUNT,
    OPEN_SHARE,
    PATIENCE,
    POSITIVE,
    ROW,
    SEED,
    SHARE,
    Known,
    Layers,
    check_output,
    file_path,
    report_path_of,
    rescue_path,
    usage_errors,
)
from feedforward.errors import BackendError, DataError, FormatError, LimitError, NotFiniteError, ShapeError
from feedforward.lookup import did_you_mean

if TYPE_CHECKING:
    from rich.console import Console

    from feedforward.commands.experiment import Options, Outcome, Settings
    from feedforward.report.examples import Examples
    from feedforward.training.model import Model
    from feedforward.training.progress import Progress

__all__ = ["main", "train", "evaluate", "predict", "info", "explain", "labs", "run"]

_INTERRUPTED = 130  # 128 + SIGINT, as shells count
_NO_BETTER = 1


_CLI_WORDS = (
    (r"^(load|save): ", ""),
    (r" Give a file that save\(\) wrote\.", " Give a file that `feedforward train` wrote."),
    (r"[Gg]ive another target or delimiter\.", "give another --target."),
    (r" Correct the row, or give another delimiter\.", " Correct the row."),
    (r"Give another target, or task=", "Give another --target, or task="),
    (r", or say use_backend\('interpreter'\)", ""),
    (r"load it with max_elements=", "use it in Python, loaded with max_elements="),
    (r"Give a password, or leave the host", "Give --password, or leave the host"),
    (r"\btask=\"(\w+)\"", r"--task \1"),
    (r"encode or drop the column", "correct it, or drop the column with --drop"),
    (r"or drop its row or the column\.", "or drop its row, or the column with --drop."),
)
"""What messages for Python programs say, and what stands for it here."""


class _Program(click.Group):
    """A group whose errors are one line."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Return the arguments left for a command; without any the help is printed."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command and leave Python with its exit code."""
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError):
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        extra["standalone_mode"] = False
        try:
            result = super().main(*args, **extra)
        except click.Abort as error:
            click.echo(f"interrupted{f' {error}' if str(error) else ''}", err=True)
            sys.exit(_INTERRUPTED)
        except click.ClickException as error:
            _fail(error.format_message())
        except OSError as error:
            _fail(f"{error.filename}: {error.strerror}" if error.filename and error.strerror else str(error))
        except MemoryError as error:
            _fail(f"not enough memory{f' ({error})' if str(error) else ''}. Use smaller layers or less data.")
        except (BackendError, DataError, FormatError, LimitError, NotFiniteError, ShapeError) as error:
            _fail(str(error))
        sys.exit(result if isinstance(result, int) else 0)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the first argument names."""
        if args and not args[0].startswith("-") and args[0] not in self.commands:
            raise click.UsageError(f"Unknown command {args[0]!r}. {did_you_mean(args[0], list(self.commands))}")
        return super().resolve_command(ctx, args)


def _fail(message: str) -> NoReturn:
    """Say what was wrong, in one line, and leave."""
    line = " ".join(part.strip() for part in message.splitlines() if part.strip())
    for python, here in _CLI_WORDS:
        line = re.sub(python, here, line)
    click.echo(f"error: {line}", err=True)
    sys.exit(2)


def _print_version(ctx: click.Context, param: click.Parameter, value: bool) -> None:
    if value:
        from feedforward import __version__

        click.echo(f"feedforward {__version__}")
        ctx.exit()


_MAIN_EXAMPLES = """\b
Examples:
  A first network, in a few seconds and without a download:
    feedforward train digits
  A table: predict one column from all the others:
    feedforward train iris.csv --target species --output iris.ff
    feedforward predict iris.ff new-flowers.csv
  What is in a model's file, and how good it is:
    feedforward info iris.ff
    feedforward evaluate iris.ff
"""
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
  No hidden layer: logistic or linear regression:
    feedforward train iris.csv --target species --layers none
"""
_EVALUATE_EXAMPLES = """\b
Examples:
    feedforward evaluate model.ff
    feedforward evaluate iris.ff other-flowers.csv
"""
_PREDICT_EXAMPLES = """\b
Examples:
    feedforward predict iris.ff new-flowers.csv
    feedforward predict iris.ff new-flowers.csv --probabilities --output predictions.csv
    feedforward predict mnist.ff mnist --row 3
"""
_EXPLAIN_EXAMPLES = """\b
Examples:
    feedforward explain model.ff
    feedforward explain model.ff --stage gradient
    feedforward explain model.ff --stage numpy > by_hand.py
"""

_LABS_EXAMPLES = """\b
Examples:
  feedforward labs
  feedforward labs --no-browser --port 8123
"""
_RUN_EXAMPLES = """\b
Examples:
    feedforward run mnist_softmax.py --data_dir MNIST_data
    feedforward run --as keras1 mlp.py
    feedforward run --explain tutorial.ipynb
"""
_INFO_EXAMPLES = """\b
Examples:
    feedforward info model.ff
"""


@click.group(
    cls=_Program,
    epilog=_MAIN_EXAMPLES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Print the version."
)
def main() -> None:
    """Train deep feedforward networks, and see what they learnt.

    Each command explains itself: feedforward train --help
    """


@main.command(epilog=_TRAIN_EXAMPLES)
@click.argument("data", default="digits")
@click.option("--target", metavar="COLUMN", help="The column of a table to predict: its name, or its place (-1: last).")
@click.option("--task", type=str, help="auto, classification or regression; for tables. [auto: see above]")
@click.option("--layers", type=Layers(), help="Units of the hidden layers, such as 512,256; none for no hidden layer.")
@click.option(
    "--activation",
    type=Known("feedforward.nn.activations", "ACTIVATIONS"),
    default="relu",
    show_default=True,
    help="What the hidden units compute of their sums.",
)
@click.option("--dropout", type=SHARE, help="Share of hidden units left out of each training step.")
@click.option(
    "--optimizer",
    type=Known("feedforward.nn.optimizers", "OPTIMIZERS"),
    default="adam",
    show_default=True,
    help="What changes the weights: adam, sgd, ...",
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
    help="Share of the training samples that is not learnt from but watched. [0.1 with --patience, else 0]",
)
@click.option("--drop", multiple=True, metavar="COLUMN", help="Leave a column of a table out; may be given again.")
@click.option("--header/--no-header", default=None, help="Whether a table's first row names the columns. [found out]")
@click.option("--output", default="model.ff", show_default=True, metavar="FILE", help="Where the model goes.")
@click.option("--report", metavar="FILE", help="Where the report goes. [beside the model: model.html]")
@click.option("--no-report", is_flag=True, help="Write no report.")
@click.option("--quiet", is_flag=True, help="Print nothing but errors.")
def train(
    data: str,
    target: str | None,
    task: str | None,
    layers: tuple[int, ...] | None,
    activation: str,
    dropout: float | None,
    optimizer: str,
    learning_rate: float | None,
    epochs: int | None,
    patience: int | None,
    batch_size: int | None,
    seed: int,
    test_split: float | None,
    validation_split: float | None,
    drop: tuple[str, ...],
    header: bool | None,
    output: str,
    report: str | None,
    no_report: bool,
    quiet: bool,
) -> None:
    """Train a network on DATA and write it to a file, with a report beside it.

    DATA is digits (comes with the package), mnist or fashion-mnist (downloaded once), or a CSV file with --target.

    A target of words is a classification. So is one of whole numbers with at most 20 different values; all other
    numbers are a regression. --task regression or --task classification changes it.

    A fifth of a table's rows is held out, chosen by --seed; data sets have a test part of their own. What the network
    does with held-out samples is printed and shown in the report. Options left out get values that fit the data.

    A table's columns of words become an input for each of at most 50 words, its gaps (empty, NA, ?, nan) the median;
    what each column was taken for is printed, and kept in the model for evaluate and predict.
    """
    from feedforward.commands import experiment
    from feedforward.report import write as write_report
    from feedforward.training.progress import Progress

    options = experiment.Options(
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
        drop=drop,
    )
    model_path, report_path = file_path(output, "--output"), report_path_of(output, report, no_report)
    name = _resolved_data(data)
    inputs = [name] if _is_file(name) else []
    check_output(model_path, "--output", inputs)
    if report_path is not None:
        check_output(report_path, "--report", [*inputs, output])
    console = _console(quiet)
    progress = Progress(verbose=0 if quiet else "auto", most_lines=20)
    has_begun = False
    try:
        examples = _training_examples(name, target, task, header, options)
        settings = experiment.settings_for(examples, options)
        model = experiment.build(examples, settings)
        console.print(experiment.plan(examples, settings, model), soft_wrap=True)
        if examples.schema is not None:
            lines = [f"  {line}" for line in experiment.taken_for(examples.schema)]
            console.print("\n".join(lines + experiment.unknown_values(examples.unknown)), soft_wrap=True)
        has_begun = True
        with contextlib.closing(progress), usage_errors():
            outcome = experiment.fit(model, examples, settings, progress)
    except KeyboardInterrupt:
        raise _abort(progress if has_begun else None, model_path) from None
    if outcome.stopped_after is None and not outcome.loss_after < outcome.loss_before:
        _refuse_no_better(outcome, settings, model_path)
    _show_outcome(console, examples, outcome)
    if outcome.stopped_after is not None and (model_path.exists() or (report_path and report_path.exists())):
        model_path = model_path.with_name(f"{model_path.stem}.interrupted.ff")
        report_path = report_path and report_path.with_name(f"{report_path.stem}.interrupted.html")
    _save(outcome.model, model_path)
    written = [str(model_path)]
    if report_path is not None:
        command = experiment.command(examples, settings, str(model_path))
        write_report(report_path, experiment.report(examples, settings, outcome, command))
        written.append(str(report_path))
    if outcome.stopped_after is not None:
        kept = f", {output} is as it was" if str(model_path) != str(Path(output)) and Path(output).exists() else ""
        raise click.Abort(
            f"by Ctrl-C after epoch {outcome.stopped_after} of {settings.epochs}: wrote {' and '.join(written)}{kept}."
        )
    console.print(f"\nwrote {' and '.join(written)}", soft_wrap=True)


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
            " which had the lowest validation loss",
            soft_wrap=True,
        )
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
        _fail(f"{path} cannot be written: {reason.rstrip('.')}. The model is in {rescued}.")


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


@main.command(epilog=_EVALUATE_EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.argument("data", required=False)
def evaluate(model: str, data: str | None) -> None:
    """Measure MODEL on held-out samples, or on a table of your own.

    Without DATA: the samples held out when the model was trained. A table given as DATA is measured whole; it needs the
    columns the model was trained on, in any order, and the target; further columns are ignored.
    """
    from feedforward.commands import experiment
    from feedforward.commands.about import GivenSamples, samples, trained_on
    from feedforward.commands.terminal import show

    loaded, about = _load(model, data)
    console = _console(False)
    with usage_errors():
        if data is None:
            examples = trained_on(about, model)
            what = f"held-out {examples.noun} of {examples.name}"
            measured = GivenSamples(examples.x_test, examples.y_test, what, examples.unknown)
        else:
            name = _resolved_data(data)
            measured = samples(about, name, _is_file(name), model, has_labels=True)
        evaluation = experiment.evaluate(loaded, measured.x, measured.y, about.class_names, about.schema)
    console.print(f"{model}: {len(measured.x):,} {measured.what}", style="bold", soft_wrap=True)
    for line in experiment.unknown_values(measured.unknown):
        console.print(line, soft_wrap=True)
    show(console, evaluation)


@main.command(epilog=_PREDICT_EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.argument("data")
@click.option("--output", metavar="FILE", help="Where the predictions go. [standard output]")
@click.option("--probabilities", is_flag=True, help="Add a column for the probability of each class.")
@click.option("--row", type=ROW, help="Predict this row only; the first is 0.")
def predict(model: str, data: str, output: str | None, probabilities: bool, row: int | None) -> None:
    """Predict a class or a number for every row of DATA, as CSV.

    DATA is a table with the columns the model was trained on, in any order; further columns are ignored. For a model of
    images it is a data set, whose test images are taken.
    """
    from feedforward.atomic import write_bytes
    from feedforward.commands.about import predictions_csv, samples
    from feedforward.commands.experiment import unknown_values

    if output is not None:
        check_output(file_path(output, "--output"), "--output", [model, data])
    loaded, about = _load(model, data)
    if probabilities and about.task == "regression":
        raise click.UsageError(f"--probabilities: {model} predicts numbers, not classes. Leave the option out.")
    with usage_errors():
        name = _resolved_data(data)
        found = samples(about, name, _is_file(name), model, has_labels=False)
    x = found.x
    if row is not None:
        if row >= len(x):
            raise click.UsageError(f"--row must be an int from 0 to {len(x) - 1}, the rows of {data}. Got {row}.")
        x = x[row : row + 1]
    with usage_errors():
        text = predictions_csv(loaded, about, x, probabilities)
    for line in unknown_values(found.unknown):
        click.echo(f"note: {line}", err=True)
    if output is None:
        click.echo(text, nl=False)
    else:
        write_bytes(Path(output), text.encode())
        click.echo(f"wrote {len(x):,} predictions to {output}", err=True)


@main.command(epilog=_INFO_EXAMPLES)
@click.argument("model", metavar="MODEL")
def info(model: str) -> None:
    """Show what is in the file of MODEL: layers, weights, how it was trained, how good it was."""
    import feedforward as ff
    from feedforward.commands.about import About, described
    from feedforward.commands.experiment import taken_for

    loaded = ff.load(model)
    click.echo(f"{model}: {os.path.getsize(model):,} bytes, {loaded.count_params():,} parameters\n")
    loaded.summary(print_fn=click.echo)
    lines = described(loaded)
    if lines:
        width = max(map(len, lines))
        click.echo("\n" + "\n".join(f"{name:<{width}}  {value}" for name, value in lines.items()))
    schema = About.of(loaded, model).schema if "table" in loaded.metadata else None
    if schema is not None:
        click.echo("\n" + "\n".join(taken_for(schema)))


@main.command(epilog=_EXPLAIN_EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.option(
    "--stage",
    type=click.Choice(["numpy", "formulas", "graph", "gradient", "kernels", "loops", "llvm", "asm"]),
    default="loops",
    show_default=True,
    help="How far on the way to machine code.",
)
@click.option("--batch-size", type=COUNT, default=32, show_default=True, help="Samples in a batch.")
def explain(model: str, stage: str, batch_size: int) -> None:
    """Show what the training step of MODEL becomes: its graph, gradient, kernels, loops, LLVM code, machine code.

    The stages numpy and formulas write loss and gradient out layer by layer, as a program in NumPy or in LaTeX.
    """
    import feedforward as ff

    with usage_errors():
        text = ff.load(model).explain(stage, batch_size)
    click.echo(text)


@main.command(epilog=_RUN_EXAMPLES, context_settings={"allow_interspersed_args": False})
@click.argument("file")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGUMENTS]...")
@click.option("--as", "version", metavar="VERSION", help="What the program was written for, such as tf1.4 or keras1.")
@click.option("--explain", "is_explained", is_flag=True, help="Print at the end what the program became.")
@click.option("--traceback", "has_all_frames", is_flag=True, help="Show feedforward's own frames in tracebacks, too.")
def run(file: str, arguments: tuple[str, ...], version: str | None, is_explained: bool, has_all_frames: bool) -> int:
    """Run FILE, an old program or notebook, as it stands.

    It may be for TensorFlow 1, eager TensorFlow or Keras 1 and 2; what follows it are its arguments. In it, tensorflow
    and keras mean feedforward's modules, even where the real ones are installed. Which version it was written for is
    found from its imports and names, and said; --as takes tf0.12, tf1.4, tf1.15, tf2.0, keras1, keras2 or keras2.3,
    and keras1+tf1.15 for Keras 1 on TensorFlow 1.15.

    The exit code is the program's own; 1 when it raises, 2 when it asks for something that is not provided.
    """
    from feedforward.compat.runner import run_file
    from feedforward.compat.version import version_called

    if version is not None:
        with usage_errors("--as: "):
            version_called(version)
    return run_file(file, arguments, version, is_explained, has_all_frames)


@main.command(epilog=_LABS_EXAMPLES)
@click.option("--host", default="127.0.0.1", show_default=True, help="Where to listen; others need a password.")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Which port. [one that is free]")
@click.option("--no-browser", is_flag=True, help="Print the address, and open nothing.")
@click.option("--password", is_flag=True, help="Ask for a password that others must give.")
@click.option("--name", "names", multiple=True, metavar="HOST", help="Another name of this machine that others use.")
@click.option("--embed-in", "embedders", multiple=True, metavar="ORIGIN", help="A page that may show a lab in a frame.")
def labs(
    host: str, port: int, no_browser: bool, password: bool, names: tuple[str, ...], embedders: tuple[str, ...]
) -> None:
    """See, touch and steer networks in the browser."""
    try:
        from feedforward.labs.server.start import serve
    except ModuleNotFoundError as error:
        _fail(f"labs: {error.name} is not installed. Install the extra: pip install 'feedforward-nn[labs]'.")
    asked = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True) if password else None
    try:
        serve(click.echo, host, port, not no_browser, asked, names, embedders)
    except (ValueError, OSError) as error:
        _fail(f"labs: {error}")


def _load(path: str, data: str | None) -> tuple[Any, Any]:
    """Return a model and what its file, or else the data set named, says of its inputs and outputs."""
    import feedforward as ff
    from feedforward.commands.about import About, as_classifier
    from feedforward.data import DATASETS

    model = ff.load(path)
    name = "" if data is None else data.replace("-", "_")
    if name in DATASETS:
        fitting = as_classifier(model, name)
        if fitting is not None:
            return fitting
    return model, About.of(model, path)


def _console(is_quiet: bool) -> Console:
    from rich.console import Console

    return Console(quiet=is_quiet, markup=False, emoji=False, highlight=False)


def _is_file(name: str) -> bool:
    """Whether a name is a table's rather than a data set's."""
    from feedforward.data import DATASETS

    return name not in DATASETS


def _resolved_data(name: str) -> str:
    """Return the data set's own name, or the path of a file that exists.

    Raises
    ------
    UsageError
        If it is neither.
    """
    from feedforward.data import DATASETS, find

    if name.replace("-", "_") in DATASETS:
        return find(name).name
    if Path(name).exists():
        return name
    if any(sign in name for sign in ("/", "\\", ".")):
        raise click.UsageError(f"{name}: no such file. Give a CSV file, or one of {', '.join(DATASETS)}.")
    names = [dataset.replace("_", "-") for dataset in DATASETS]
    raise click.UsageError(f"Unknown data set {name!r}, and no file of that name. {did_you_mean(name, names)}")


def _training_examples(
    name: str, target: str | None, task: str | None, header: bool | None, options: Options
) -> Examples:
    """Return what to learn from, having refused options that do not go with it."""
    from feedforward.commands.experiment import TABLE_TEST_SPLIT
    from feedforward.data.table import TASKS
    from feedforward.report.examples import VALIDATION_SPLIT, dataset_examples, table_examples

    if options.patience and options.validation_split == 0:
        raise click.UsageError("--patience needs samples to watch. Give a --validation-split above 0, or --patience 0.")
    if not _is_file(name):
        for option, value in (
            ("target", target),
            ("task", task),
            ("test-split", options.test_split),
            ("drop", options.drop or None),
            ("header" if header else "no-header", header),
        ):
            if value is not None:
                raise click.UsageError(
                    f"--{option} is for tables; the data set {name} has labels and a test part of its"
                    " own. Leave the option out."
                )
        default = VALIDATION_SPLIT if options.patience else 0.0
        split = default if options.validation_split is None else options.validation_split
        return dataset_examples(name, split, options.seed)
    if target is None:
        from feedforward.data.delimited import read_rows

        columns = [cell.strip() for cell in read_rows(Path(name)).cells[0]]
        shown = ", ".join(columns[:10]) + (", ..." if len(columns) > 10 else "")
        raise click.UsageError(
            f"{name} is a table, and nothing says which column to predict. Give --target COLUMN; its first row is:"
            f" {shown}"
        )
    task = task or "auto"
    if task not in TASKS:
        raise click.UsageError(f"--task: unknown task {task!r}. {did_you_mean(task, list(TASKS))}")
    with usage_errors():
        return table_examples(
            name,
            target,
            task,
            options.test_split or TABLE_TEST_SPLIT,
            options.seed,
            validation_split=options.table_validation_split,
            drop=options.drop,
            header=header,
        )
