"""A RealMLP from settings: its training, and its results as of any other network.

Not here: the network and how it learns (``feedforward.tabular``).
"""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from feedforward.commands.about import metadata
from feedforward.commands.experiment import Outcome, evaluate
from feedforward.commands.settings import Settings
from feedforward.errors import DataError
from feedforward.interrupts import held_interrupts
from feedforward.report.examples import Examples
from feedforward.tabular.fitting import fit_table
from feedforward.tabular.realmlp import RealMLP
from feedforward.tabular.schema import TableSchema
from feedforward.tabular.targets import Labels
from feedforward.training.callbacks import Plan

if TYPE_CHECKING:
    from feedforward.training.progress import Progress

__all__ = ["fit_realmlp"]


def fit_realmlp(examples: Examples, settings: Settings, progress: Progress, deadline: float | None) -> Outcome:
    """Train a RealMLP and measure it on what was held out.

    Parameters
    ----------
    examples : Examples
        Rows of a table, with their typed columns.
    settings : Settings
        How.
    progress : Progress
        Who is told.
    deadline : float or None
        When training is to end, as `time.perf_counter` counts: its rates are planned for as many epochs as fit in.

    Raises
    ------
    NotFiniteError
        If the loss becomes NaN or infinite in the first epoch.
    KeyboardInterrupt
        At a second Ctrl-C.

    Notes
    -----
    Ctrl-C ends training after the epoch under way, with the weights of the best epoch.
    Where float32 could not tell targets apart, it learns standardised ones; see `predicted`.
    """
    table, names, schema = examples.columns_train, examples.class_names, examples.schema
    if table is None or not isinstance(schema, TableSchema):
        raise DataError(f"{examples.name}: no typed columns. A RealMLP learns a table. Give one.")
    target, is_validation = schema.target, examples.is_validation
    own = replace(
        RealMLP() if names else RealMLP.for_numbers(),
        hidden=settings.layers,
        activation=settings.activation,
        dropout=settings.dropout,
        learning_rate=settings.learning_rate,
        epochs=settings.epochs,
        batch_size=settings.batch_size,
    )
    y = examples.y_train
    if target.is_standardised:
        y = (y - target.mean) / target.scale
    rows = len(y) - int(is_validation.sum())
    progress.plan = Plan(settings.epochs, 0, max(1, rows // own.rows_of_batch(rows)), rows)
    progress.on_train_begin()

    is_interrupted = False

    def tell(_: int, epoch: int, loss: float, error: float) -> bool:
        nonlocal is_interrupted
        measured = {} if math.isnan(error) else {"val_accuracy": 1 - error} if names else {"val_loss": error**2}
        progress.on_epoch_end(epoch - 1, {"loss": loss, **measured})
        try:
            let_through()
        except KeyboardInterrupt:
            is_interrupted = True
        else:
            progress.on_epoch_begin(epoch)
        return is_interrupted

    start = time.perf_counter()
    with held_interrupts() as let_through:
        outcome = fit_table(
            table,
            Labels(np.arange(len(names))) if names else None,
            y if names else y[:, None],
            own,
            weights=examples.weights,
            validation=is_validation,
            categorical=schema.forced,
            seed=settings.seed,
            budget_s=None if deadline is None else max(deadline - start, 1e-3),
            tell=tell,
            caller=examples.name,
        )
    seconds = time.perf_counter() - start
    progress.on_train_end({})
    model, course, note, stopped_after = outcome.model, outcome.courses[0], "", None
    done = len(course.losses)
    if is_interrupted:
        stopped_after = done
    elif done < settings.epochs:
        note = f"Its budget of {settings.budget:g} s was enough for {done} of {settings.epochs} epochs."
    if deadline is not None and done == outcome.epochs:
        settings = replace(settings, epochs=done, budget=None)  # so many give the same again, by any clock
    evaluation = evaluate(model, examples.x_test, examples.y_test, names, schema)
    model.metadata = {**metadata(examples, settings.named(), evaluation), **model.metadata}
    if stopped_after is not None:
        model.metadata["stopped"] = f"by Ctrl-C after epoch {done} of {settings.epochs}"
    history = {"loss": course.losses}
    if is_validation.any():
        model.metadata["trained"] = {"epochs": done, "best_epoch": course.best_epoch}
        errors = np.array(course.errors)
        history["val_accuracy" if names else "val_loss"] = (1 - errors if names else errors**2).tolist()
    return Outcome(
        model,
        history,
        "validation",
        evaluation,
        seconds,
        settings,
        stopped_after=stopped_after,
        best_epoch=course.best_epoch if is_validation.any() else None,
        loss_before=math.inf,
        loss_after=course.losses[-1],
        note=note,
        best="highest validation accuracy" if names else "lowest validation loss",
    )
