"""An experiment: settings to a network, a trained network to results, and what its file says of all that.

What the command line does between reading its options and printing. Not here: options and messages about them
(``cli``), which rows are held out (``examples``), what a file says (``about``).
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from feedforward.commands.about import metadata, predicted, predictor
from feedforward.data import Training, find
from feedforward.data.values import values_of_rows
from feedforward.report.evaluation import Classification, Evaluation, Regression
from feedforward.report.examples import VALIDATION_SPLIT, Examples
from feedforward.report.influence import influence_of
from feedforward.report.page import Report, versions

if TYPE_CHECKING:
    from feedforward.data.columns import Schema
    from feedforward.training.callbacks import Callback
    from feedforward.training.model import Model

__all__ = [
    "taken_for",
    "unknown_values",
    "TABLE_TEST_SPLIT",
    "Settings",
    "Options",
    "settings_for",
    "build",
    "plan",
    "Outcome",
    "fit",
    "evaluate",
    "command",
    "report",
]

TABLE_TEST_SPLIT = 0.2
"""The share of a table's rows that is held out."""

_TABLE_STEPS = 2000
_PATIENCE = 20
_MOST_STEPS = 200_000  # of a table that is trained until it gets no better
_MOST_EPOCHS = 500
_MOST_NAMES_APART = 12
_PREDICTION_BATCH = 1024


@dataclass(frozen=True)
class Settings:
    """How a network is made and trained.

    Parameters
    ----------
    layers : tuple of int
        Units of the hidden layers.
    activation : str
        What they compute of their sums.
    dropout : float
        The share of them left out in each step.
    optimizer : str
        What changes the weights.
    learning_rate : float
        How far a step goes.
    epochs : int
        How often every sample is learnt from.
    batch_size : int
        Samples in a step.
    seed : int
        What all random numbers come from.
    test_split, validation_split : float
        The share of a table held out, 0 for a data set with a test part, and the share of the rest to watch.
    patience : int
        How many epochs may bring no better loss on what is watched before training ends, the best weights put back;
        0: it goes on to the end.
    drop : tuple of str
        Columns of a table that were left out.
    """

    layers: tuple[int, ...]
    activation: str
    dropout: float
    optimizer: str
    learning_rate: float
    epochs: int
    batch_size: int
    seed: int
    test_split: float
    validation_split: float
    patience: int
    drop: tuple[str, ...]


@dataclass(frozen=True)
class Options:
    """What a user says of `Settings`; None: not given.

    Parameters
    ----------
    layers, activation, dropout, optimizer, learning_rate, epochs, batch_size, seed, test_split, validation_split
        As in `Settings`.
    patience, drop
        As in `Settings`.
    """

    layers: tuple[int, ...] | None = None
    activation: str = "relu"
    dropout: float | None = None
    optimizer: str = "adam"
    learning_rate: float | None = None
    epochs: int | None = None
    batch_size: int | None = None
    seed: int = 0
    test_split: float | None = None
    validation_split: float | None = None
    patience: int | None = None
    drop: tuple[str, ...] = ()

    @property
    def is_stopped_early(self) -> bool:
        """Whether a table is trained until it gets no better: that is so unless its epochs are given."""
        return self.epochs is None if self.patience is None else self.patience > 0

    @property
    def table_validation_split(self) -> float | None:
        """The share of a table's rows to learn from that is watched; None: the usual one, or nothing of few rows."""
        if self.validation_split is None:
            usual = None if self.patience is None else VALIDATION_SPLIT
            return usual if self.is_stopped_early else 0.0
        return self.validation_split


def settings_for(examples: Examples, options: Options) -> Settings:
    """Return the options given, and for the others values that fit the data.

    Parameters
    ----------
    examples : Examples
        The data. A data set's row says what fits it. A table gets two layers of 64 and batches of 32, and is trained
        until 20 epochs have brought no better loss on the rows that are watched. Where none are, it gets about 2,000
        steps: from 10 epochs to 100.
    options : Options
        What the user gave.
    """
    from feedforward.nn.optimizers import OPTIMIZERS

    count = len(examples.y_train)
    watched = int(examples.is_validation.sum())
    patience = options.patience or 0
    if options.patience is None and examples.is_table and options.is_stopped_early and watched:
        patience = _PATIENCE
    usual = (
        _table_training(count - watched, options.batch_size, patience)
        if examples.is_table
        else find(examples.name).training
    )
    defaults = {
        "learning_rate": OPTIMIZERS[options.optimizer]().learning_rate,
        "test_split": TABLE_TEST_SPLIT if examples.is_table else 0.0,
        "validation_split": VALIDATION_SPLIT if watched else 0.0,
        **asdict(usual),
    }
    given = {name: value for name, value in vars(options).items() if value is not None}
    return Settings(**{**defaults, **given, "patience": patience})


def _table_training(count: int, batch_size: int | None, patience: int) -> Training:
    """Return how a network for a table of so many rows to learn from is trained."""
    size = batch_size or 32
    steps = -(-count // size)
    if patience:
        return Training((64, 64), 0.1, min(max(_MOST_STEPS // steps, patience + 1), _MOST_EPOCHS), size)
    return Training((64, 64), 0.1, min(max(-(-_TABLE_STEPS // steps), 10), 100), size)


def build(examples: Examples, settings: Settings) -> Model:
    """Return a new network for the examples, ready to train; all randomness starts from the seed.

    Parameters
    ----------
    examples : Examples
        What it is to learn.
    settings : Settings
        How it is made.

    Notes
    -----
    Pixels are scaled to 0..1. A table's numbers are standardised with mean and variance of the rows learnt from, unless
    that has been done already; see `Schema.fed`. For a regression the network predicts the standardised target; see
    `fit`.
    """
    import feedforward as ff

    ff.set_seed(settings.seed)
    layers: list[Any]
    if examples.schema is not None:
        mean, variance = examples.schema.normalization()
        normalization = ff.layers.Normalization(mean=mean, variance=variance, name="normalization")
        layers = [ff.layers.Input((len(mean),)), normalization]
    else:
        layers = [
            ff.layers.Input(examples.x_train.shape[1:], dtype="uint8"),
            ff.layers.Rescaling(1 / examples.largest, name="scaling"),
            ff.layers.Flatten(name="flatten"),
        ]
    # Names of their own: those that layers give themselves count all layers that the process ever made.
    for number, units in enumerate(settings.layers, 1):
        layers.append(ff.layers.Dense(units, activation=settings.activation, name=f"hidden_{number}"))
        if settings.dropout:
            layers.append(ff.layers.Dropout(settings.dropout, name=f"dropout_{number}"))
    is_regression = examples.task == "regression"
    if is_regression:
        layers.append(ff.layers.Dense(1, name="output"))
    else:
        layers.append(ff.layers.Dense(len(examples.class_names), activation="softmax", name="output"))
    model = ff.Sequential(layers)
    optimizer = ff.optimizers.OPTIMIZERS[settings.optimizer](learning_rate=settings.learning_rate)
    if is_regression:
        model.compile(optimizer=optimizer, loss="mean_squared_error")
    else:
        model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def plan(examples: Examples, settings: Settings, model: Model) -> str:
    """Return one line about what is going to happen.

    Parameters
    ----------
    examples : Examples
        What is learnt.
    settings : Settings
        How.
    model : Model
        What `build` returned.
    """
    sizes = "x".join(map(str, examples.x_train.shape[1:])) + (" inputs" if examples.is_table else " pixels")
    hidden = [f"{units} {settings.activation}" for units in settings.layers]
    end = "1 number" if examples.task == "regression" else f"{len(examples.class_names)} classes"
    guessed = ""
    if examples.schema is not None:
        count = len(examples.schema.columns)  # of the features; the target makes one more
        header = "header" if examples.schema.has_header else f"no header: columns are 0..{count}"
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
    return (
        f"{examples.name}{guessed}: {len(examples.y_train) - watched:,} {examples.noun} to learn from,"
        f"{f' {watched:,} to validate,' if watched else ''} {len(examples.y_test):,} held out;"
        f" {' -> '.join([sizes, *hidden, end])}, {model.count_params():,} parameters;"
        f" {epochs}"
    )


def taken_for(schema: Schema) -> list[str]:
    """Return a line for each column of a table: what it was taken for; plain numbers in a row share one.

    Parameters
    ----------
    schema : Schema
        What the columns were taken for.
    """
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
    width = min(max(len(name) for name, _ in lines), 30)
    return [f"{name:<{width}}  {told}" for name, told in lines]


def unknown_values(unknown: Mapping[str, int]) -> list[str]:
    """Return a line for each column that holds values which no row learnt from has."""
    return [
        f"column {name!r}: {count:,} cell{'s hold values' if count > 1 else ' holds a value'} that no row learnt from"
        " has; nothing is known of them"
        for name, count in unknown.items()
    ]


@dataclass(frozen=True, eq=False)
class Outcome:
    """What training led to.

    Parameters
    ----------
    model : Model
        The network, whose metadata says all that `About` reads.
    history : dict of str to list of float
        Loss and metrics of each epoch.
    held_out_name : str
        What the ``val_`` numbers were measured on.
    evaluation : Classification or Regression
        How the held-out samples went.
    seconds : float
        How long training took.
    stopped_after : int or None
        The last whole epoch before Ctrl-C, counted from 1; None if training went to its end.
    best_epoch : int or None
        The epoch whose weights the network has, counted from 1; None where it has the last ones.
    loss_before, loss_after : float
        The loss of the samples learnt from before and after training, without dropout.
    """

    model: Model
    history: dict[str, list[float]]
    held_out_name: str
    evaluation: Evaluation
    seconds: float
    stopped_after: int | None
    best_epoch: int | None
    loss_before: float
    loss_after: float


def fit(model: Model, examples: Examples, settings: Settings, progress: Callback) -> Outcome:
    """Train a network and measure it on what was held out.

    Parameters
    ----------
    model : Model
        What `build` returned.
    examples : Examples
        What it learns.
    settings : Settings
        How.
    progress : Callback
        Who is told.

    Raises
    ------
    NotFiniteError
        If the loss or a weight becomes NaN or infinite.
    KeyboardInterrupt
        At Ctrl-C before the first epoch is finished.

    Notes
    -----
    Ctrl-C after a whole epoch ends training; the weights are those after the last batches, or of the best epoch if that
    was watched for.
    A regression is trained on (y - mean) / deviation; the network returned ends with a layer that computes
    prediction * deviation + mean, so it predicts y itself, unless float32 could not hold it: see `predicted`. Its
    losses count in units of the target's variance.
    """
    import feedforward as ff
    from feedforward.training.callbacks import EarlyStopping, History

    schema, is_shown = examples.schema, examples.is_validation
    x_train = examples.x_train if schema is None else schema.fed(examples.x_train)
    x, y = x_train[~is_shown], examples.y_train[~is_shown]
    x_shown, y_shown, held_out_name = x_train[is_shown], examples.y_train[is_shown], "validation"
    if not is_shown.any():
        x_shown = examples.x_test if schema is None else schema.fed(examples.x_test)
        y_shown, held_out_name = examples.y_test, "held out"
    target = schema.target if schema is not None and examples.task == "regression" else None
    if target is not None:
        y, y_shown = (((part - target.mean) / (target.scale or 1.0))[:, None] for part in (y, y_shown))
    history, stopping = History(), EarlyStopping(patience=settings.patience, restore_best_weights=True)
    start = time.perf_counter()
    loss_before = _loss(model, x, y)
    stopped_after = None
    try:
        model.fit(
            x,
            y,
            batch_size=settings.batch_size,
            epochs=settings.epochs,
            validation_data=(x_shown, y_shown),
            verbose=0,
            callbacks=[history, progress, *([stopping] if settings.patience else [])],
        )
    except KeyboardInterrupt:
        stopped_after = len(history.epoch)
        if not stopped_after:
            raise
        if settings.patience:
            stopping.restore()
    loss_after = _loss(model, x, y)
    seconds = time.perf_counter() - start
    if target is not None and not target.is_standardised:
        input_and_layers = [ff.layers.Input((len(examples.columns),)), *model.layers]
        units = ff.layers.Rescaling(target.scale or 1.0, target.mean, name="target_units")
        optimizer, model = model.optimizer, ff.Sequential([*input_and_layers, units])
        model.compile(optimizer=optimizer, loss="mean_squared_error")
    evaluation = evaluate(model, examples.x_test, examples.y_test, examples.class_names, schema)
    lists = {"layers": list(settings.layers), "drop": list(settings.drop)}
    model.metadata = metadata(examples, {**asdict(settings), **lists}, evaluation)
    best_epoch = stopping.best_epoch + 1 if settings.patience else None
    if best_epoch is not None:
        model.metadata["trained"] = {"epochs": len(history.epoch), "best_epoch": best_epoch}
    if stopped_after is not None:
        model.metadata["stopped"] = f"by Ctrl-C after epoch {stopped_after} of {settings.epochs}"
    return Outcome(
        model,
        history.history,
        held_out_name,
        evaluation,
        seconds,
        stopped_after,
        best_epoch,
        loss_before,
        loss_after,
    )


def _loss(model: Model, x: NDArray[Any], y: NDArray[Any]) -> float:
    measured = model.evaluate(x, y, batch_size=_PREDICTION_BATCH, verbose=0, return_dict=True)
    return float(measured["loss"])


def evaluate(
    model: Model, x: NDArray[Any], y: NDArray[Any], class_names: tuple[str, ...], schema: Schema | None
) -> Evaluation:
    """Return how a network does on samples; a regression where there are no class names.

    Parameters
    ----------
    model : Model
        The network.
    x, y : array, shapes (n, ...) and (n,)
        Samples, of a table as `Schema.encoded` returns them, and labels.
    class_names : tuple of str
        What the classes are called.
    schema : Schema or None
        What the columns of a table were taken for.
    """
    outputs = predicted(model, x, schema)
    if not class_names:
        return Regression(y, outputs.reshape(-1))
    fed = x if schema is None else schema.fed(x)
    return Classification(y, outputs, class_names, _loss(model, fed, y))


def command(examples: Examples, settings: Settings, output: str) -> str:
    """Return the command that does the same again, every setting spelled out."""
    words = ["feedforward", "train", examples.name.replace("_", "-") if not examples.is_table else examples.name]
    if examples.is_table:
        words += ["--target", examples.target, "--task", examples.task, "--test-split", f"{settings.test_split!r}"]
    if examples.schema is not None:
        words += ["--header" if examples.schema.has_header else "--no-header"]
        words += [word for name in settings.drop for word in ("--drop", name)]
    words += ["--layers", ",".join(map(str, settings.layers)) or "none", "--activation", settings.activation]
    for name in (
        "dropout",
        "optimizer",
        "learning_rate",
        "epochs",
        "batch_size",
        "validation_split",
        "patience",
        "seed",
    ):
        words += [f"--{name.replace('_', '-')}", str(getattr(settings, name))]
    return shlex.join([*words, "--output", output])


def report(examples: Examples, settings: Settings, outcome: Outcome, again: str) -> Report:
    """Return the report about an experiment.

    Parameters
    ----------
    examples : Examples
        What was learnt.
    settings : Settings
        How.
    outcome : Outcome
        What `fit` returned.
    again : str
        The command that repeats it.
    """
    lines: list[str] = []
    outcome.model.summary(print_fn=lines.append)
    what = (
        f"to predict {examples.target}" if examples.is_table else f"to tell {len(examples.class_names)} classes apart"
    )
    shown = asdict(settings)
    shown["layers"] = ", ".join(map(str, settings.layers)) or "none"
    shown["drop"] = ", ".join(settings.drop) or "none"
    if not examples.is_table:
        del shown["test_split"], shown["drop"]
    loss_unit = "squared error / variance" if examples.task == "regression" else "cross-entropy (nats)"
    stopped = outcome.model.metadata.get("stopped", "")
    stopped = f" Training was stopped {stopped}." if stopped else ""
    if outcome.best_epoch is not None:
        stopped += f" It has the weights of epoch {outcome.best_epoch}, which validation liked best."
    influence = None
    if examples.schema is not None:
        influence = influence_of(
            values_of_rows(examples.schema, examples.x_test, examples.texts),
            predictor(outcome.model, examples.schema),
            outcome.evaluation,
            parameters=outcome.model.count_params(),
            inputs=len(examples.columns),
            seed=settings.seed,
        )
    return Report(
        title=f"A network for {Path(examples.name).name}",
        lead=f"It learnt {what} from {len(examples.y_train):,} {examples.noun} and was measured on"
        f" {len(examples.y_test):,} held out.{stopped}",
        examples=examples,
        evaluation=outcome.evaluation,
        history=outcome.history,
        held_out_name=outcome.held_out_name,
        loss_unit=loss_unit,
        parameters=outcome.model.count_params(),
        seconds=outcome.seconds,
        settings={name.replace("_", " "): str(value) for name, value in shown.items()},
        network="\n".join(lines),
        command=again,
        versions=versions(),
        influence=influence,
    )
