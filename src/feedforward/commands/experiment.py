"""An experiment: settings to a network, a trained network to results, and what its file says of all that.

What the command line does between reading its options and printing. Not here: settings (``settings``), which rows are
held out (``examples``), what a file says (``about``).
"""

from __future__ import annotations

import shlex
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from feedforward.commands.about import metadata, predicted, predictor
from feedforward.commands.linear import solve
from feedforward.commands.settings import Settings
from feedforward.data.columns import Schema
from feedforward.data.text import STANDARD_INPUT
from feedforward.data.values import values_of_rows
from feedforward.report.evaluation import Classification, Evaluation, Regression
from feedforward.report.examples import Examples
from feedforward.report.influence import Columns, influence_of
from feedforward.report.page import Report, versions
from feedforward.training.callbacks import Callback
from feedforward.training.callbacks.callback import Logs

if TYPE_CHECKING:
    from feedforward.data.columns import Column
    from feedforward.tabular.encoding import ColumnEncoding
    from feedforward.tabular.schema import AnySchema
    from feedforward.training.model import Model
    from feedforward.training.progress import Progress

__all__ = [
    "build",
    "Deadline",
    "Outcome",
    "fit",
    "evaluate",
    "command",
    "report",
]

_PREDICTION_BATCH = 1024
_MOST_INFLUENCES = 300  # columns; each is permuted, and of thousands that would take longer than training
_OF_TABLES = ("model", "test_split", "drop", "categorical", "weights", "folds", "delimiter", "encoding")


def build(examples: Examples, settings: Settings) -> Model | None:
    """Return a new network for the examples, ready to train, or None of a RealMLP, which is made where it is trained.

    All randomness starts from the seed.

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

    if settings.model == "realmlp":
        return None
    ff.set_seed(settings.seed)
    layers: list[Any]
    if isinstance(examples.schema, Schema):
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


class Deadline(Callback):
    """Ends training before a moment: after the last epoch that will not pass it, or within the first one.

    Parameters
    ----------
    moment : float
        As `time.perf_counter` counts.

    Attributes
    ----------
    stopped_after : int or None
        Epochs until it ended training, None if it did not; 0: it was the first, and not a whole one.
    """

    moment: float
    stopped_after: int | None

    def __init__(self, moment: float) -> None:
        self.moment = moment
        self.stopped_after = None
        self._begin = self._longest = 0.0
        self._is_first = True

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Look at the clock."""
        self._begin = time.perf_counter()

    def on_look(self, step: int, logs: Logs) -> None:
        """End training if the first epoch takes longer than there is time."""
        if self._is_first and self.stopped_after is None and time.perf_counter() > self.moment:
            self.model.stop_training, self.stopped_after = True, 0

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """End training if the next epoch would pass the moment, should it take as long as the longest."""
        now = time.perf_counter()
        if not self._is_first:  # which has machine code made
            self._longest = max(self._longest, now - self._begin)
        self._is_first = False
        is_more_to_come = self.stopped_after is None and epoch + 1 < self.plan.epochs
        if is_more_to_come and now + self._longest > self.moment and not self.model.stop_training:
            self.model.stop_training, self.stopped_after = True, epoch + 1


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
    settings : Settings
        How it was trained: those that were asked for, with fewer epochs where time was up.
    stopped_after : int or None
        The last whole epoch before Ctrl-C, counted from 1; None if training went to its end.
    best_epoch : int or None
        The epoch whose weights the network has, counted from 1; None where it has the last ones.
    best : str
        What made it the best: ``"lowest validation loss"``.
    loss_before, loss_after : float
        The loss of the samples learnt from before and after training, without dropout.
    note : str
        A sentence about how it went, or "".
    """

    model: Model
    history: dict[str, list[float]]
    held_out_name: str
    evaluation: Evaluation
    seconds: float
    settings: Settings
    stopped_after: int | None
    best_epoch: int | None
    loss_before: float
    loss_after: float
    note: str
    best: str = "lowest validation loss"


def fit(
    model: Model | None, examples: Examples, settings: Settings, progress: Progress, deadline: float | None = None
) -> Outcome:
    """Train a network and measure it on what was held out.

    Parameters
    ----------
    model : Model or None
        What `build` returned.
    examples : Examples
        What it learns.
    settings : Settings
        How.
    progress : Progress
        Who is told.
    deadline : float or None
        When training ends, as `time.perf_counter` counts; see `Deadline`.

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

    if model is None:
        from feedforward.commands.realmlp import fit_realmlp

        return fit_realmlp(examples, settings, progress, deadline)
    schema, is_shown = examples.schema, examples.is_validation
    x_train = examples.x_train if schema is None else schema.fed(examples.x_train)
    x, y, weights = x_train[~is_shown], examples.y_train[~is_shown], _weights(examples, ~is_shown)
    x_shown, y_shown, shown_weights = x_train[is_shown], examples.y_train[is_shown], _weights(examples, is_shown)
    held_out_name = "validation"
    if not is_shown.any():
        x_shown = examples.x_test if schema is None else schema.fed(examples.x_test)
        y_shown, shown_weights, held_out_name = examples.y_test, None, "held out"
    target = schema.target if schema is not None and examples.task == "regression" else None
    if target is not None:
        y, y_shown = (((part - target.mean) / (target.scale or 1.0))[:, None] for part in (y, y_shown))
    history, stopping = History(), EarlyStopping(patience=settings.patience, restore_best_weights=True)
    limit = None if deadline is None else Deadline(deadline)
    start = time.perf_counter()
    loss_before = _loss(model, x, y, weights)
    stopped_after, note = None, ""
    try:
        if settings.model == "linear":
            note = solve(model, x, y, weights)
        else:
            model.fit(
                x,
                y,
                batch_size=settings.batch_size,
                epochs=settings.epochs,
                validation_data=(x_shown, y_shown) if shown_weights is None else (x_shown, y_shown, shown_weights),
                sample_weight=weights,
                verbose=0,
                callbacks=[history, progress, *([stopping] if settings.patience else []), *([limit] if limit else [])],
            )
    except KeyboardInterrupt:
        stopped_after = len(history.epoch)
        if not stopped_after:
            raise
        if settings.patience:
            stopping.restore()
    loss_after = _loss(model, x, y, weights)
    seconds = time.perf_counter() - start
    if limit is not None and limit.stopped_after is not None:
        note = f"Its budget of {settings.budget:g} s was spent after epoch {limit.stopped_after}."
        if not limit.stopped_after:
            note = f"Its budget of {settings.budget:g} s was spent before the first epoch was done."
        settings = replace(settings, epochs=limit.stopped_after or 1)
    if limit is not None and limit.stopped_after != 0:
        settings = replace(settings, budget=None)  # so many epochs give the same again, by any clock
    if target is not None and not target.is_standardised:
        input_and_layers = [ff.layers.Input((len(examples.columns),)), *model.layers]
        units = ff.layers.Rescaling(target.scale or 1.0, target.mean, name="target_units")
        optimizer, model = model.optimizer, ff.Sequential([*input_and_layers, units])
        model.compile(optimizer=optimizer, loss="mean_squared_error")
    evaluation = evaluate(model, examples.x_test, examples.y_test, examples.class_names, schema)
    model.metadata = metadata(examples, settings.named(), evaluation)
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
        settings,
        stopped_after,
        best_epoch,
        loss_before,
        loss_after,
        note,
    )


def _weights(examples: Examples, is_part: NDArray[np.bool_]) -> NDArray[np.float32] | None:
    """Return what samples of `x_train` count, 1 on average, so that steps are as long as without weights."""
    if examples.weights is None or not is_part.any():
        return None
    weights = examples.weights[is_part] / examples.weights[is_part].max()  # of which no sum overflows
    counts: NDArray[np.float32] = (weights / weights.mean()).astype(np.float32)
    return counts


def _loss(model: Model, x: NDArray[Any], y: NDArray[Any], weights: NDArray[Any] | None = None) -> float:
    measured = model.evaluate(x, y, batch_size=_PREDICTION_BATCH, sample_weight=weights, verbose=0, return_dict=True)
    return float(measured["loss"])


def evaluate(
    model: Model, x: NDArray[Any], y: NDArray[Any], class_names: tuple[str, ...], schema: AnySchema | None
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
    schema : Schema, TableSchema or None
        What the columns of a table were taken for.
    """
    outputs = predicted(model, x, schema)
    if not class_names:
        return Regression(y, outputs.reshape(-1))
    if model.optimizer is None:  # of a RealMLP: its loss in training was another
        given = np.maximum(outputs[np.arange(len(y)), y].astype(np.float64), np.finfo(np.float32).tiny)
        return Classification(y, outputs, class_names, float(-np.log(given).mean()))
    fed = x if schema is None else schema.fed(x)
    return Classification(y, outputs, class_names, _loss(model, fed, y))


def command(examples: Examples, settings: Settings, output: str) -> str:
    """Return the command that does the same again, every setting spelled out."""
    name, roles, dialect = examples.name, settings.roles, settings.dialect
    if not examples.is_table:
        name = name.replace("_", "-")
    elif name.startswith("-") and name != STANDARD_INPUT:
        name = f"./{name}"  # which is no option
    words = ["feedforward", "train", name]
    if examples.is_table:
        words += ["--target", examples.target, "--task", examples.task, "--test-split", f"{settings.test_split!r}"]
    if examples.schema is not None:
        words += ["--header" if examples.schema.has_header else "--no-header"]
        words += ["--model", settings.model]
        named = {"drop": roles.drop, "categorical": roles.categorical}
        words += [word for option, columns in named.items() for column in columns for word in (f"--{option}", column)]
        given = {"weights": roles.weights, "delimiter": dialect.delimiter, "encoding": dialect.encoding}
        words += [word for option, value in given.items() if value is not None for word in (f"--{option}", value)]
        words += ["--folds", str(settings.folds)] if settings.folds else []
    kept = settings.named()
    if "layers" in kept:
        words += ["--layers", ",".join(map(str, settings.layers)) or "none", "--activation", settings.activation]
    for option in (
        "dropout",
        "optimizer",
        "learning_rate",
        "epochs",
        "batch_size",
        "validation_split",
        "patience",
        "budget",
        "seed",
    ):
        if kept.get(option) is not None:
            words += [f"--{option.replace('_', '-')}", str(kept[option])]
    return shlex.join([*words, "--output", output])


def report(examples: Examples, outcome: Outcome, again: str) -> Report:
    """Return the report about an experiment.

    Parameters
    ----------
    examples : Examples
        What was learnt.
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
    shown = {name: _shown(value) for name, value in outcome.settings.named().items() if value != ""}
    if not examples.is_table:
        shown = {name: value for name, value in shown.items() if name not in _OF_TABLES}
    loss_unit = "squared error / variance" if examples.task == "regression" else "cross-entropy (nats)"
    stopped = outcome.model.metadata.get("stopped", "")
    stopped = f" Training was stopped {stopped}." if stopped else ""
    stopped += f" {outcome.note}" if outcome.note else ""
    if outcome.best_epoch is not None:
        stopped += f" It has the weights of epoch {outcome.best_epoch}, which had the {outcome.best}."
    influence = None
    count = 0 if examples.schema is None else len(examples.schema.used)
    if count > _MOST_INFLUENCES:
        stopped += f" What each column is worth was not measured: {count:,} are more than {_MOST_INFLUENCES}."
    elif examples.schema is not None:
        values: Columns
        if isinstance(examples.schema, Schema):
            values = values_of_rows(examples.schema, examples.x_test, examples.texts)
        else:
            table = examples.columns_test
            values = {} if table is None else {column.name: column.values for column in table.columns}
        influence = influence_of(
            values,
            predictor(outcome.model, examples.schema),
            outcome.evaluation,
            parameters=outcome.model.count_params(),
            inputs=len(examples.columns),
            seed=outcome.settings.seed,
            units={one.name: "days since 1970-01-01" for one in examples.schema.used if _is_date(one)},
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
        settings={name.replace("_", " "): value for name, value in shown.items()},
        network="\n".join(lines),
        command=again,
        versions=versions(),
        influence=influence,
    )


def _is_date(column: Column | ColumnEncoding) -> bool:
    """Whether a column's numbers are days; a `Column` has no kind beside what it was taken for."""
    return "date" in (column.taken_for, getattr(column, "kind", ""))


def _shown(value: Any) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, list) else str(value)
