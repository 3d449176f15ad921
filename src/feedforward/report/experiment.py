"""An experiment: settings to a network, a trained network to results, and what its file says of all that.

What the command line does between reading its options and printing. Not here: options and messages about them
(``cli``), which rows are held out (``examples``), what a file says (``about``).
"""

from __future__ import annotations

import platform
import shlex
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward.errors import DataError
from feedforward.report.about import metadata, version
from feedforward.report.evaluation import Classification, Evaluation, Regression
from feedforward.report.examples import Examples, held_out_rows
from feedforward.report.page import Report

if TYPE_CHECKING:
    from feedforward.training.callbacks import Callback
    from feedforward.training.model import Model

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


_IMAGES: dict[str, dict[str, Any]] = {
    "digits": {"layers": (256,), "dropout": 0.3, "epochs": 40, "batch_size": 32},
    "mnist": {"layers": (512,), "dropout": 0.2, "epochs": 5, "batch_size": 128},
    "fashion_mnist": {"layers": (512,), "dropout": 0.2, "epochs": 10, "batch_size": 128},
}


def settings_for(examples: Examples, options: Mapping[str, Any]) -> Settings:
    """Return the options given, and for the others values that fit the data.

    Parameters
    ----------
    examples : Examples
        The data. A table gets two layers of 64 and about 2,000 steps: from 10 epochs to 100.
    options : mapping
        The fields of `Settings` by name; None: not given.
    """
    from feedforward.nn.optimizers import OPTIMIZERS

    batch_size = options["batch_size"] or _IMAGES.get(examples.name, {}).get("batch_size", 32)
    steps = -(-len(examples.y_train) // batch_size)
    table = {"layers": (64, 64), "dropout": 0.1, "epochs": min(max(-(-_TABLE_STEPS // steps), 10), 100)}
    defaults = {
        "learning_rate": OPTIMIZERS[options["optimizer"]]().learning_rate,
        "test_split": 0.2 if examples.is_table else 0.0,
        **_IMAGES.get(examples.name, table),
    }
    given = {name: options[name] for name in Settings.__dataclass_fields__ if options[name] is not None}
    return Settings(**{**defaults, **given, "batch_size": batch_size})


def build(examples: Examples, settings: Settings) -> Model:
    """Return a new network for the examples, ready to train; all randomness starts from the seed.

    Notes
    -----
    Pixels are scaled to 0..1. A table's columns are standardised with mean and variance of the rows learnt from. For a
    regression the network predicts the standardised target; see `fit`.
    """
    import feedforward as ff

    ff.set_seed(settings.seed)
    layers: list[Any]
    if examples.is_table:
        columns = examples.x_train.astype(np.float64)
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
    """Return one line about what is going to happen."""
    sizes = "x".join(map(str, examples.x_train.shape[1:])) + (" columns" if examples.is_table else " pixels")
    hidden = [f"{units} {settings.activation}" for units in settings.layers]
    end = "1 number" if examples.task == "regression" else f"{len(examples.class_names)} classes"
    return (
        f"{examples.name}: {len(examples.y_train):,} {examples.noun} to learn from, {len(examples.y_test):,} held out;"
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
    """

    model: Model
    history: dict[str, list[float]]
    held_out_name: str
    evaluation: Evaluation
    seconds: float


def fit(model: Model, examples: Examples, settings: Settings, progress: Callback) -> Outcome:
    """Train a network and measure it on what was held out.

    Notes
    -----
    A regression is trained on (y - mean) / deviation; the network returned ends with a layer that computes
    prediction * deviation + mean, so it predicts y itself. Its losses count in units of the target's variance.
    """
    import feedforward as ff

    x, y = examples.x_train, examples.y_train
    x_shown, y_shown, held_out_name = examples.x_test, examples.y_test, "held out"
    is_regression = examples.task == "regression"
    if settings.validation_split:
        is_shown = held_out_rows(y, settings.validation_split, settings.seed, is_stratified=not is_regression)
        if not is_shown.any() or is_shown.all():
            raise DataError(
                f"{examples.name}: a validation split of {settings.validation_split:g} of {len(y)} samples leaves a"
                " part empty. Give more samples, or another --validation-split."
            )
        x, y, x_shown, y_shown, held_out_name = x[~is_shown], y[~is_shown], x[is_shown], y[is_shown], "validation"
    mean, deviation = 0.0, 1.0
    if is_regression:
        mean = float(np.mean(y, dtype=np.float64))
        deviation = float(np.std(y, dtype=np.float64)) or 1.0
        y, y_shown = (((part.astype(np.float64) - mean) / deviation).astype(np.float32) for part in (y, y_shown))
        y, y_shown = y[:, None], y_shown[:, None]
    start = time.perf_counter()
    history = model.fit(
        x,
        y,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        validation_data=(x_shown, y_shown),
        verbose=0,
        callbacks=[progress],
    )
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
    return Outcome(model, history.history, held_out_name, evaluation, seconds)


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
    """Return the report about an experiment, `again` being the command that repeats it."""
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
    return Report(
        title=f"A network for {Path(examples.name).name}",
        lead=f"It learnt {what} from {len(examples.y_train):,} {examples.noun} and was measured on"
        f" {len(examples.y_test):,} held out.",
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
        versions={"feedforward": version(), "Python": platform.python_version(), "NumPy": np.__version__},
    )
