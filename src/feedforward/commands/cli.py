"""The command line: train a network on a data set or a table, measure it, use it, look into its file.

Here: the group, and all commands but ``train``. Not here: how errors end (``program``), the options' values
(``options``), results and their looks (``terminal``, ``feedforward.report``), the network, reading data. Everything
heavy is imported when a command needs it, so that ``--help`` is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from feedforward.commands.options import COUNT, ROW, Delimiter, Encoding, check_output, file_path, usage_errors
from feedforward.commands.program import Program, fail, is_file, new_console, resolved_data, visible
from feedforward.commands.train import train

__all__ = ["main", "train", "evaluate", "predict", "serve", "info", "explain", "labs", "run"]

_Command = TypeVar("_Command", bound=Callable[..., Any])


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
_SERVE_EXAMPLES = """\b
Examples:
    feedforward serve iris.ff
    feedforward serve iris.ff --port 8123
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
    cls=Program,
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


main.add_command(train)


def _written(command: _Command) -> _Command:
    """Give a command the options that say how a table's file is written."""
    delimiter = click.option("--delimiter", type=Delimiter(), help="What divides the table's cells. [found out]")
    encoding = click.option("--encoding", type=Encoding(), help="What the table is encoded in. [found out]")
    return delimiter(encoding(command))


@main.command(epilog=_EVALUATE_EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.argument("data", required=False)
@_written
def evaluate(model: str, data: str | None, delimiter: str | None, encoding: str | None) -> None:
    """Measure MODEL on held-out samples, or on a table of your own.

    Without DATA: the samples held out when the model was trained. A table given as DATA is measured whole; it needs the
    columns the model was trained on, in any order, and the target; further columns are ignored.
    """
    from feedforward.commands import experiment
    from feedforward.commands.about import GivenSamples, samples, trained_on
    from feedforward.commands.terminal import show, unknown_values
    from feedforward.data.sheet import Dialect

    loaded, about = _load(model, data)
    for option, value in (("delimiter", delimiter), ("encoding", encoding)):
        if value is not None and (data is None or not is_file(data)):
            raise click.UsageError(f"--{option} is for a table given as DATA. Name one, or leave the option out.")
    console = new_console(False)
    with usage_errors():
        if data is None:
            examples = trained_on(about, model)
            what = f"held-out {examples.noun} of {examples.name}"
            measured = GivenSamples(examples.x_test, examples.y_test, what, examples.unknown)
        else:
            name = resolved_data(data)
            measured = samples(about, name, is_file(name), model, Dialect(delimiter, encoding), has_labels=True)
        evaluation = experiment.evaluate(loaded, measured.x, measured.y, about.class_names, about.schema)
    console.print(visible(f"{model}: {len(measured.x):,} {measured.what}"), style="bold", soft_wrap=True)
    for line in unknown_values(measured.unknown):
        console.print(line, soft_wrap=True)
    show(console, evaluation)


@main.command(epilog=_PREDICT_EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.argument("data")
@click.option("--output", metavar="FILE", help="Where the predictions go. [standard output]")
@click.option("--probabilities", is_flag=True, help="Add a column for the probability of each class.")
@click.option("--row", type=ROW, help="Predict this row only; the first is 0.")
@_written
def predict(
    model: str,
    data: str,
    output: str | None,
    probabilities: bool,
    row: int | None,
    delimiter: str | None,
    encoding: str | None,
) -> None:
    """Predict a class or a number for every row of DATA, as CSV.

    DATA is a table with the columns the model was trained on, in any order; further columns are ignored. For a model of
    images it is a data set, whose test images are taken.
    """
    from feedforward.atomic import write_bytes
    from feedforward.commands.about import predictions_csv, samples
    from feedforward.commands.terminal import unknown_values
    from feedforward.data.sheet import Dialect

    if output is not None:
        check_output(file_path(output, "--output"), "--output", [model, data])
    loaded, about = _load(model, data)
    if probabilities and about.task == "regression":
        raise click.UsageError(f"--probabilities: {model} predicts numbers, not classes. Leave the option out.")
    with usage_errors():
        name = resolved_data(data)
        if not is_file(name) and (delimiter or encoding):
            raise click.UsageError(f"--delimiter and --encoding are for tables, not for {name}. Leave them out.")
        found = samples(about, name, is_file(name), model, Dialect(delimiter, encoding), has_labels=False)
    x = found.x
    if row is not None:
        if row >= len(x):
            raise click.UsageError(f"--row must be an int from 0 to {len(x) - 1}, the rows of {data}. Got {row}.")
        x = x[row : row + 1]
    with usage_errors():
        text = predictions_csv(loaded, about, x, probabilities, row or 0)
    if found.encoding not in ("UTF-8", encoding):
        click.echo(f"note: {data} was taken for {found.encoding}", err=True)
    for line in unknown_values(found.unknown):
        click.echo(f"note: {line}", err=True)
    if output is None:
        click.echo(visible(text) if sys.stdout.isatty() else text, nl=False)
    else:
        write_bytes(Path(output), text.encode())
        click.echo(f"wrote {len(x):,} predictions to {output}", err=True)


@main.command(epilog=_SERVE_EXAMPLES)
@click.argument("model", metavar="MODEL")
@click.option(
    "--host", default="127.0.0.1", show_default=True, help="Where to listen; an address of this machine alone."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="Which port; 0: a free one."
)
def serve(model: str, host: str, port: int) -> None:
    """Answer rows with predictions, as JSON over HTTP, to programs on this machine.

    POST /predict takes {"rows": [{column: value, ...}, ...]}, or a list of values for each row in the order of the
    columns, and answers with a prediction for each, and the probabilities of its classes. GET / says which columns
    these are, and gives an example; GET /health answers while the server does.
    """
    import feedforward as ff
    from feedforward.commands.serving.served import served
    from feedforward.commands.serving.server import serve as serve_model

    with usage_errors("serve: "):
        serve_model(served(ff.load(model), model), host, port, click.echo)


@main.command(epilog=_INFO_EXAMPLES)
@click.argument("model", metavar="MODEL")
def info(model: str) -> None:
    """Show what is in the file of MODEL: layers, weights, how it was trained, how good it was."""
    import feedforward as ff
    from feedforward.commands.about import About, described
    from feedforward.commands.terminal import taken_for
    from feedforward.tabular.fitting import TableRecord

    loaded = ff.load(model)
    click.echo(f"{model}: {os.path.getsize(model):,} bytes, {loaded.count_params():,} parameters\n")
    loaded.summary(print_fn=lambda text: click.echo(visible(text)))
    lines = described(loaded)
    if lines:
        width = max(map(len, lines))
        click.echo(visible("\n" + "\n".join(f"{name:<{width}}  {value}" for name, value in lines.items())))
    if "table" not in loaded.metadata:
        return
    if "task" not in loaded.metadata:  # an estimator wrote it
        columns = TableRecord.of(loaded).encoding.lines()
    else:
        schema = About.of(loaded, model).schema
        columns = [] if schema is None else taken_for(schema)
    click.echo(visible("\n" + "\n".join(columns)))


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
    click.echo(visible(text))


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
        fail(f"labs: {error.name} is not installed. Install the extra: pip install 'feedforward-nn[labs]'.")
    asked = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True) if password else None
    try:
        serve(click.echo, host, port, not no_browser, asked, names, embedders)
    except (ValueError, OSError) as error:
        fail(f"labs: {error}")


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
