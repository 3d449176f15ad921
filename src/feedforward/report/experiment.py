"""An experiment: settings to a network, a trained network to results, and what its file says of all that.

What the command line does between reading its options and printing. Not here: options and messages about them
(``cli``), which rows are held out (``examples``), what a file says (``about``).
"""

from __future__ import annotations

import shlex
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward.data import Training, find
from feedforward.errors import DataError
from feedforward.report.about import metadata, versions
from feedforward.report.evaluation import Classification, Evaluation, Regression
from feedforward.report.examples import Examples, held_out_rows
from feedforward.report.page import Report

if TYPE_CHECKING:
    from feedforward.training.callbacks import Callback
    from feedforward.training.model import Model

__all__ = [
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
        The share of a table held out, 0 for a data set with a test part, and the share of the rest for the curves.
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


@dataclass(frozen=True)
class Options:
    """What a user says of `Settings`; None: not given.

    Parameters
    ----------
    layers, activation, dropout, optimizer, learning_rate, epochs, batch_size, seed, test_split, validation_split
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
    validation_split: float = 0.0


def settings_for(examples: Examples, options: Options) -> Settings:
    """Return the options given, and for the others values that fit the data.

    Parameters
    ----------
    examples : Examples
        The data. A data set's row says what fits it; a table gets two layers of 64, batches of 32 and about 2,000
        steps: from 10 epochs to 100.
    options : Options
        What the user gave.
    """
    from feedforward.nn.optimizers import OPTIMIZERS

    usual = _table_training(examples, options.batch_size) if examples.is_table else find(examples.name).training
    defaults = {
        "learning_rate": OPTIMIZERS[options.optimizer]().learning_rate,
        "test_split": TABLE_TEST_SPLIT if examples.is_table else 0.0,
        **asdict(usual),
    }
    return Settings(**{**defaults, **{name: value for name, value in vars(options).items() if value is not None}})


def _table_training(examples: Examples, batch_size: int | None) -> Training:
    """Return how a network for a table is trained."""
    size = batch_size or 32
    steps = -(-len(examples.y_train) // size)
    return Training((64, 64), 0.1, min(max(-(-_TABLE_STEPS // steps), 10), 100), size)


def _split(examples: Examples, settings: Settings) -> NDArray[np.bool_]:
    """Return which of the training samples are kept for the curves, as bools, shape (n,).

    Raises
    ------
    DataError
        If there are to be some, and one of the parts would be empty.
    """
    y = examples.y_train
    if not settings.validation_split:
        return np.zeros(len(y), dtype=bool)
    is_stratified = examples.task != "regression"
    is_shown = held_out_rows(y, settings.validation_split, settings.seed, is_stratified=is_stratified)
    if not is_shown.any() or is_shown.all():
        raise DataError(
            f"{examples.name}: a validation split of {settings.validation_split:g} of {len(y)} samples leaves a"
            " part empty. Give more samples, or another --validation-split."
        )
    return is_shown


def build(examples: Examples, settings: Settings) -> Model:
    """Return a new network for the examples, ready to train; all randomness starts from the seed.

    Parameters
    ----------
    examples : Examples
        What it is to learn.
    settings : Settings
        How it is made, and which rows are kept for the curves.

    Raises
    ------
    DataError
        If a part of the examples is empty.

    Notes
    -----
    Pixels are scaled to 0..1. A table's columns are standardised with mean and variance of the rows learnt from. For a
    regression the network predicts the standardised target; see `fit`.
    """
    import feedforward as ff

    ff.set_seed(settings.seed)
    layers: list[Any]
    if examples.is_table:
        columns = examples.x_train[~_split(examples, settings)].astype(np.float64)
        normalization = ff.layers.Normalization(
            mean=columns.mean(axis=0), variance=columns.var(axis=0), name="normalization"
        )
        layers = [ff.layers.Input((columns.shape[1],)), normalization]
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
    sizes = "x".join(map(str, examples.x_train.shape[1:])) + (" columns" if examples.is_table else " pixels")
    hidden = [f"{units} {settings.activation}" for units in settings.layers]
    end = "1 number" if examples.task == "regression" else f"{len(examples.class_names)} classes"
    guessed = ""
    if examples.is_table:
        count = len(examples.columns)  # of the features; the target makes one more
        header = "header" if examples.has_header else f"no header: columns are 0..{count}"
        kind = (
            "regression"
            if examples.task == "regression"
            else f"classification with {len(examples.class_names)} classes"
        )
        guessed = f" ({header}; target {examples.target}: {kind})"
    return (
        f"{examples.name}{guessed}: {len(examples.y_train):,} {examples.noun} to learn from,"
        f" {len(examples.y_test):,} held out;"
        f" {' -> '.join([sizes, *hidden, end])}, {model.count_params():,} parameters;"
        f" {settings.epochs} epoch{'s' * (settings.epochs != 1)}"
    )


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
    """

    model: Model
    history: dict[str, list[float]]
    held_out_name: str
    evaluation: Evaluation
    seconds: float
    stopped_after: int | None


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
    DataError
        If a part of the examples is empty.
    NotFiniteError
        If the loss or a weight becomes NaN or infinite.
    KeyboardInterrupt
        At Ctrl-C before the first epoch is finished.

    Notes
    -----
    Ctrl-C after a whole epoch ends training; the weights are those after the last batches.
    A regression is trained on (y - mean) / deviation; the network returned ends with a layer that computes
    prediction * deviation + mean, so it predicts y itself. Its losses count in units of the target's variance.
    """
    import feedforward as ff
    from feedforward.training.callbacks import History

    x, y = examples.x_train, examples.y_train
    x_shown, y_shown, held_out_name = examples.x_test, examples.y_test, "held out"
    is_regression = examples.task == "regression"
    if settings.validation_split:
        is_shown = _split(examples, settings)
        x, y, x_shown, y_shown, held_out_name = x[~is_shown], y[~is_shown], x[is_shown], y[is_shown], "validation"
    mean, deviation = 0.0, 1.0
    if is_regression:
        mean = float(np.mean(y, dtype=np.float64))
        deviation = float(np.std(y, dtype=np.float64)) or 1.0
        y, y_shown = (((part.astype(np.float64) - mean) / deviation).astype(np.float32) for part in (y, y_shown))
        y, y_shown = y[:, None], y_shown[:, None]
    start = time.perf_counter()
    history = History()
    stopped_after = None
    try:
        model.fit(
            x,
            y,
            batch_size=settings.batch_size,
            epochs=settings.epochs,
            validation_data=(x_shown, y_shown),
            verbose=0,
            callbacks=[history, progress],
        )
    except KeyboardInterrupt:
        stopped_after = len(history.epoch)
        if not stopped_after:
            raise
    seconds = time.perf_counter() - start
    if is_regression:
        input_and_layers = [ff.layers.Input((len(examples.columns),)), *model.layers]
        optimizer, model = (
            model.optimizer,
            ff.Sequential([*input_and_layers, ff.layers.Rescaling(deviation, mean, name="target_units")]),
        )
        model.compile(optimizer=optimizer, loss="mean_squared_error")
    evaluation = evaluate(model, examples.x_test, examples.y_test, examples.class_names)
    model.metadata = metadata(examples, {**asdict(settings), "layers": list(settings.layers)}, evaluation)
    if stopped_after is not None:
        model.metadata["stopped"] = f"by Ctrl-C after epoch {stopped_after} of {settings.epochs}"
    return Outcome(model, history.history, held_out_name, evaluation, seconds, stopped_after)


def evaluate(model: Model, x: NDArray[Any], y: NDArray[Any], class_names: tuple[str, ...]) -> Evaluation:
    """Return how a network does on samples; a regression where there are no class names."""
    outputs = model.predict(x, batch_size=_PREDICTION_BATCH, verbose=0)
    if not class_names:
        return Regression(y, outputs.reshape(-1))
    loss = model.evaluate(x, y, batch_size=_PREDICTION_BATCH, verbose=0, return_dict=True)["loss"]
    return Classification(y, outputs, class_names, float(loss))


def command(examples: Examples, settings: Settings, output: str) -> str:
    """Return the command that does the same again, every setting spelled out."""
    words = ["feedforward", "train", examples.name.replace("_", "-") if not examples.is_table else examples.name]
    if examples.is_table:
        words += ["--target", examples.target, "--task", examples.task, "--test-split", f"{settings.test_split!r}"]
    words += ["--layers", ",".join(map(str, settings.layers)) or "none", "--activation", settings.activation]
    for name in ("dropout", "optimizer", "learning_rate", "epochs", "batch_size", "validation_split", "seed"):
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
    if not examples.is_table:
        del shown["test_split"]
    loss_unit = "squared error / variance" if examples.task == "regression" else "cross-entropy (nats)"
    stopped = outcome.model.metadata.get("stopped", "")
    stopped = f" Training was stopped {stopped}." if stopped else ""
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
    )
