"""The objectives of a model: what `compile` settles of losses and metrics, and what they make of a batch.

A step adds up totals over batches; `logs` turns them into the numbers that users see. Not here: gradients and updates
(``step.py``), the optimizer, and which samples are measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from feedforward import ops
from feedforward.errors import DataError, ShapeError
from feedforward.functions import cast
from feedforward.graph.node import Array, Shape, scope
from feedforward.lookup import did_you_mean
from feedforward.nn.config import Range
from feedforward.nn.layer import is_several
from feedforward.nn.loss import LOSSES, Loss, resolve_loss
from feedforward.nn.metrics import Metric, resolve_metric
from feedforward.tensor import Tensor, symbolic
from feedforward.training.fault import LOSS_SCOPE

__all__ = ["Objective", "Objectives", "arrange", "is_larger_better", "logs", "measure", "names_of"]


@dataclass(frozen=True)
class Objective:
    """What is wanted of one output of a network.

    Parameters
    ----------
    output : str
        The output's name.
    shape : tuple of int or None
        Its shape, the batch included.
    loss : Loss, optional
        What is made small; None: the output is not trained.
    weight : float, optional
        What its loss counts in the sum of all; None is 1.
    metrics : tuple of Metric
        What is measured besides.
    chosen : tuple of str or Metric
        The same as they were chosen.
    weighted, chosen_weighted : tuples
        The same of metrics in which samples weigh what the loss has them weigh.
    """

    output: str
    shape: tuple[int | None, ...]
    loss: Loss | None
    weight: float | None
    metrics: tuple[Metric, ...]
    chosen: tuple[str | Metric, ...]
    weighted: tuple[Metric, ...] = ()
    chosen_weighted: tuple[str | Metric, ...] = ()

    @property
    def has_targets(self) -> bool:
        """Whether it is compared with anything."""
        return self.loss is not None or bool(self.measured)

    @property
    def measured(self) -> tuple[Metric, ...]:
        """All metrics, in the order of the logs."""
        return (*self.metrics, *self.weighted)

    def losses(self, y: Array, outputs: Array) -> Array:
        """Return the loss of each sample, shape (n,), in float64; 0 for an output that is not trained."""
        if self.loss is None:
            return np.zeros(len(outputs))
        return self.loss.per_sample(Tensor(y), Tensor(outputs)).numpy().astype(np.float64)

    def check_targets(self, y: Array, is_only: bool) -> None:
        """Check targets for loss and metrics, see `Loss.check_targets`.

        Messages name the output unless it is the only one.
        """
        try:
            (self.loss or Loss()).check_targets(y, self.shape)
            for metric in self.measured:
                metric.check_targets(y, self.shape)
        except (DataError, ShapeError) as error:
            if is_only:
                raise
            raise type(error)(f"output {self.output!r}: {error}") from None


@dataclass(frozen=True)
class Objectives:
    """Losses and metrics as they were chosen: of all outputs, or of each by its place or name.

    Parameters
    ----------
    loss : Loss, list or dict of Loss or None
        What is made small.
    metrics : list or dict of str or Metric
        What is measured besides. A name is resolved when the output's shape is known, on which the meaning of
        ``"accuracy"`` may depend.
    loss_weights : list or dict of float, optional
        What the losses count in their sum.
    weighted_metrics : list or dict of str or Metric
        As `metrics`, of those in which samples weigh.
    """

    loss: Any
    metrics: Any
    loss_weights: Any = None
    weighted_metrics: Any = ()

    @classmethod
    def chosen(cls, loss: Any, metrics: Any, loss_weights: Any, weighted_metrics: Any = None) -> Objectives:
        """Return the objectives that the arguments of `Model.compile` stand for.

        Raises
        ------
        ValueError, TypeError
            If one of them is unknown, or two numbers would have one name.
        """
        by_output: Any = None
        if isinstance(loss, list | tuple):
            by_output = [None if each is None else resolve_loss(each) for each in loss]
        elif isinstance(loss, dict):
            by_output = {name: None if each is None else resolve_loss(each) for name, each in loss.items()}
        losses = list(by_output.values()) if isinstance(by_output, dict) else by_output or [None]
        if loss is None or (by_output is not None and all(each is None for each in losses)):
            raise ValueError(f"compile: no loss. Give one: {', '.join(sorted(LOSSES))}.")
        if loss_weights is not None and not isinstance(loss_weights, list | tuple | dict):
            raise TypeError(f"compile: loss_weights={loss_weights!r} is no list. Give one number for each output.")
        chosen = by_output if by_output is not None else resolve_loss(loss)
        first = chosen if isinstance(chosen, Loss) else next(each for each in losses if each is not None)
        plain = _chosen("metrics", metrics, first)
        return cls(chosen, plain, loss_weights, _chosen("weighted_metrics", weighted_metrics, first))

    def of(self, outputs: Sequence[str], shapes: Sequence[Shape]) -> list[Objective]:
        """Return what is wanted of each output.

        Raises
        ------
        ValueError, TypeError
            If there are more or fewer losses, weights or lists of metrics than outputs, or others; if a weight is no
            number >= 0; or if two numbers would have one name.
        """
        count = len(outputs)
        losses = [self.loss] * count if isinstance(self.loss, Loss) else _spread("loss", self.loss, outputs)
        weights: list[float | None] = [None] * count
        for place, weight in enumerate(_spread("loss_weights", self.loss_weights or {}, outputs)):
            if weight is not None and weight not in Range(0):
                raise ValueError(f"compile: loss_weights holds {weight!r}. Expected numbers >= 0, one for each output.")
            if weight is not None and losses[place] is None:
                raise ValueError(f"compile: loss_weights has {outputs[place]!r}, which has no loss. Give it one, too.")
            weights[place] = None if weight is None else float(weight)
        groups = _groups("metrics", self.metrics, outputs), _groups("weighted_metrics", self.weighted_metrics, outputs)
        found = []
        for place, (plain, weighted) in enumerate(zip(*groups, strict=True)):
            loss = losses[place]
            shape = tuple(size if isinstance(size, int) else None for size in shapes[place])
            metrics = tuple(resolve_metric(metric, loss or Loss(), shape) for metric in plain)
            weighing = [resolve_metric(metric, loss or Loss(), shape) for metric in weighted]
            taken = [metric.name for metric in metrics]
            weighing = [
                replace(metric, name=f"weighted_{metric.name}") if metric.name in taken else metric
                for metric in weighing
            ]
            found.append(
                Objective(outputs[place], shape, loss, weights[place], metrics, plain, tuple(weighing), weighted)
            )
        _check_names([name for name, _ in _numbers(found)])
        return found


def _chosen(argument: str, metrics: Any, loss: Loss) -> Any:
    """Return metrics as `compile` was given them, of all outputs or of each, checked."""
    if metrics is not None and not isinstance(metrics, list | tuple | dict):
        raise TypeError(f"compile: {argument}={metrics!r} is no list. Give a list, such as ['accuracy'].")
    if isinstance(metrics, dict):
        return {name: _checked(each, loss) for name, each in metrics.items()}
    if any(isinstance(each, list | tuple) or each is None for each in metrics or []):
        return [_checked(each, loss) for each in metrics or []]
    return _checked(metrics, loss)


def _groups(argument: str, metrics: Any, outputs: Sequence[str]) -> list[tuple[str | Metric, ...]]:
    """Return the metrics of each output."""
    if isinstance(metrics, list | tuple) and not metrics:
        return [()] * len(outputs)
    if len(outputs) == 1 and isinstance(metrics, list) and not isinstance(metrics[0], list):
        metrics = [metrics]
    groups = _spread(argument, metrics, outputs)
    return [tuple(group if isinstance(group, list | tuple) else [] if group is None else [group]) for group in groups]


def _checked(metrics: Any, loss: Loss) -> list[str | Metric]:
    """Return the metrics of one output: a name, which is checked, as it is, others as what they stand for."""
    given = [] if metrics is None else list(metrics) if isinstance(metrics, list | tuple) else [metrics]
    resolved = [resolve_metric(metric, loss, (None, 1)) for metric in given]
    return [one if isinstance(one, str) else metric for one, metric in zip(given, resolved, strict=True)]


def _check_names(names: Sequence[str]) -> None:
    """Check that numbers have names of their own."""
    for name in names:
        if name.startswith("val_"):
            raise ValueError(
                f"compile: a number would be called {name!r}, as validation's are. Give layer or metric another name."
            )
        if names.count(name) > 1:
            raise ValueError(f"compile: two numbers would be called {name!r}. Give the metric another name=.")


def _spread(argument: str, given: Any, outputs: Sequence[str]) -> list[Any]:
    """Return a part of what `compile` was given for each output, None for one that a dict leaves out."""
    if isinstance(given, dict):
        for name in given:
            if name not in outputs:
                raise ValueError(
                    f"compile: {argument} has {name!r}, which is no output. {did_you_mean(str(name), list(outputs))}"
                )
        return [given.get(name) for name in outputs]
    if len(given) != len(outputs):
        raise ValueError(
            f"compile: {argument} is a list of {len(given)}, the network has {len(outputs)} outputs: "
            f"{', '.join(outputs)}. Give one entry for each, or a dict by their names."
        )
    return list(given)


def arrange(wanted: Sequence[Objective], y: Any, has_many_outputs: bool, caller: str) -> dict[str, Any]:
    """Return the targets of each output that has any, by its name.

    Parameters
    ----------
    wanted : sequence of Objective
        One for each output.
    y : array, list or dict
        What the user gave: with several outputs one for each, or a dict by their names.
    has_many_outputs : bool
        Whether the outputs were described as a list, which may have one entry.
    caller : str
        What messages begin with.

    Raises
    ------
    ValueError
        If there are more, fewer, or others than the outputs.
    """
    names = [objective.output for objective in wanted]
    asked = [objective.output for objective in wanted if objective.has_targets]
    if isinstance(y, dict):
        if missing := [name for name in asked if y.get(name) is None]:
            raise ValueError(f"{caller}: y has no targets for the output {missing[0]!r}. Give y[{missing[0]!r}].")
        if strange := [name for name in y if name not in names]:
            hint = did_you_mean(str(strange[0]), names)
            raise ValueError(f"{caller}: y has {strange[0]!r}, which is no output of the network. {hint}")
        return {name: y[name] for name in asked}
    if len(names) == 1:
        return {names[0]: y[0] if has_many_outputs and is_several(y) and len(y) == 1 else y}
    if not isinstance(y, list | tuple) or len(y) != len(names):
        what = f"a list of {len(y)}" if isinstance(y, list | tuple) else f"a {type(y).__name__}"
        raise ValueError(
            f"{caller}: y is {what}, the network has {len(names)} outputs: {', '.join(names)}. Give a list of an array "
            f"for each, or a dict by their names."
        )
    return {name: each for name, each in zip(names, y, strict=True) if name in asked}


def measure(
    wanted: Sequence[Objective],
    targets: Sequence[Tensor],
    predictions: Sequence[Tensor],
    weight: Tensor | None,
    added: Sequence[Tensor] = (),
) -> tuple[list[Tensor], Tensor]:
    """Return the totals of loss and metrics over a batch, and its number of samples.

    Parameters
    ----------
    wanted : sequence of Objective
        One for each output.
    targets : sequence of tensor, shape (n, ...)
        What the outputs that have targets should be.
    predictions : sequence of tensor, shape (n, ...)
        What all outputs are.
    weight : tensor, shape (n,), optional
        What the loss of each sample is multiplied by.
    added : sequence of tensor, shape ()
        What is added to the mean loss: by layers, and for weights.
    """
    rest = iter(targets)
    losses, metrics = [], []
    for objective, prediction in zip(wanted, predictions, strict=True):
        if not objective.has_targets:
            continue
        target = next(rest)
        if objective.loss is not None:
            losses.append((objective.weight, _total(objective.loss, target, prediction, weight)))
        metrics += [_measured(metric, target, prediction, None) for metric in objective.metrics]
        metrics += [_measured(metric, target, prediction, weight) for metric in objective.weighted]
    with scope(LOSS_SCOPE):
        parts = [total if factor is None else total * factor for factor, total in losses]
        widest = np.result_type(*(part.dtype for part in parts))
        whole = cast(parts[0], widest)
        for part in parts[1:]:
            whole = whole + cast(part, widest)
        count = symbolic(ops.size(predictions[0].node.shape[0], whole.dtype))
        for number in added:  # which a total over samples holds once for each
            whole = whole + cast(number, whole.dtype) * count
    each = [total for _, total in losses] if len(wanted) > 1 else []
    return [whole, *each, *metrics], count


def _measured(metric: Metric, target: Tensor, prediction: Tensor, weight: Tensor | None) -> Tensor:
    """Return what a batch adds to a metric, which messages name."""
    try:
        return metric.totals(target, prediction, weight)
    except ShapeError as error:
        raise ShapeError(f"metric {metric.name!r}: {error}") from None


def _total(loss: Loss, target: Tensor, prediction: Tensor, weight: Tensor | None) -> Tensor:
    """Return the sum of the losses of the samples."""
    with scope(LOSS_SCOPE):
        losses = loss.per_sample(target, prediction)
        if losses.node.shape != target.node.shape[:1]:
            raise ShapeError(
                f"compile(loss={loss!r}): it returned shape {losses.shape}, expected one number for each sample. "
                f"Take the mean over all axes but the first."
            )
        return (losses if weight is None else losses * cast(weight, losses.dtype)).sum()


def logs(wanted: Sequence[Objective], totals: Sequence[Array], samples: int) -> dict[str, float]:
    """Return loss and metrics by name from what a step added up."""
    return {
        name: float(total) / samples if metric is None else metric.result(total)
        for (name, metric), total in zip(_numbers(wanted), totals, strict=True)
    }


def _numbers(wanted: Sequence[Objective]) -> list[tuple[str, Metric | None]]:
    """Return the names of all numbers, as in Keras 3, in the order of their totals; and the metrics among them."""
    if len(wanted) == 1:
        return [("loss", None), *((metric.name, metric) for metric in wanted[0].measured)]
    losses = [(f"{objective.output}_loss", None) for objective in wanted if objective.loss is not None]
    metrics = [(f"{objective.output}_{metric.name}", metric) for objective in wanted for metric in objective.measured]
    return [("loss", None), *losses, *metrics]


def is_larger_better(wanted: Sequence[Objective], name: str) -> bool | None:
    """Return which way a number of the logs, also ``val_...``, is better: as its metric says, smaller for a loss.

    None where the metric does not say, or there is no such number.
    """
    metrics = dict(_numbers(wanted))
    name = name.removeprefix("val_")
    metric = metrics.get(name)
    return metric.is_larger_better if metric is not None else False if name in metrics else None


def names_of(wanted: Sequence[Objective]) -> list[str]:
    """Return the names that logs have, in their order."""
    return [name for name, _ in _numbers(wanted)]
