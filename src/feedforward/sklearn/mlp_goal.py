"""What an MLP estimator minimises: scikit-learn's losses as it computes them, or any loss of this package.

Here is also what goes with a loss: how many outputs, what is applied to them, and what targets are like. Not here: the
steps that make it small (``mlp_training.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from feedforward import ops
from feedforward.functions import log, sum, where
from feedforward.nn.layer import collect_losses
from feedforward.nn.loss import Loss, align, resolve_loss
from feedforward.nn.losses import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    KullbackLeiblerDivergence,
    MeanSquaredError,
    Poisson,
    SparseCategoricalCrossentropy,
)
from feedforward.nn.margins import ClassMarginLoss, MarginLoss
from feedforward.tensor import Tensor, symbolic
from feedforward.training.model import Model

__all__ = ["Goal", "PoissonDeviance", "classification", "regression"]


@dataclass(frozen=True)
class PoissonDeviance(Poisson):
    """Half the deviance of counts, y log(y / p) - y + p, summed over the outputs: scikit-learn's ``"poisson"``."""

    def per_sample(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return the deviance of each sample."""
        y, p = align(y_true, y_pred)
        return sum(p - y + y * (log(where(y > 0.0, y, 1.0)) - log(p)), -1)


@dataclass(frozen=True)
class Goal:
    """A loss of each sample, l, and what the network's outputs are for it.

    Parameters
    ----------
    loss : Loss
        Its loss, as `Model.compile` may be given it.
    outputs : int
        How many outputs there are.
    out_activation : str
        What is applied to them, as scikit-learn calls it.
    factor : float
        l is so many times the loss: losses of this package are means over the outputs, some of scikit-learn's sums.
    share : float
        What part of l is reported: scikit-learn follows the gradient of the squared error's sum over the outputs, and
        reports their mean.
    takes_codes : bool
        Whether targets are numbers of classes, rather than rows with a 1 at the right one.
    """

    loss: Loss
    outputs: int
    out_activation: str
    factor: float = 1.0
    share: float = 1.0
    takes_codes: bool = False

    def sums(self, model: Model, data: Sequence[Tensor], training: bool) -> tuple[Tensor, Tensor]:
        """Return the sum of w l over a batch, and that of the weights w.

        Parameters
        ----------
        model : Model
            The network.
        data : x, shape (n, d), y, shape (n,) or (n, k), and perhaps w, shape (n,)
            The batch.
        training : bool
            Whether layers behave as in training.
        """
        collect_losses()  # layers find a place for theirs, of which these networks have none
        (p,) = model.network.apply(model.network.cast(data[:1]), training)
        losses = self.loss.per_sample(data[1], p) * self.factor
        if len(data) > 2:
            return sum(losses * data[2]), sum(data[2])
        return sum(losses), symbolic(ops.size(data[0].node.shape[0], losses.dtype))


def regression(loss: Any, outputs: int) -> Goal:
    """Return the goal of a regressor.

    Parameters
    ----------
    loss : str, Loss or function
        ``"squared_error"`` or ``"poisson"``, which are scikit-learn's, or what `Model.compile` takes.
    outputs : int
        How many numbers are predicted of a row.

    Raises
    ------
    ValueError, TypeError
        If there is no such loss, or it is one of classes.
    """
    if isinstance(loss, str) and loss == "squared_error":
        return Goal(MeanSquaredError(), outputs, "identity", 0.5 * outputs, 1 / outputs)
    if isinstance(loss, str) and loss == "poisson":
        return Goal(PoissonDeviance(), outputs, "exp")
    found = resolve_loss(loss)
    if _is_of_classes(found) or isinstance(found, MarginLoss | BinaryCrossentropy):
        raise ValueError(
            f"MLPRegressor(loss={loss!r}): it is a loss of classes. Expected one of numbers, such as 'huber'. Use "
            f"MLPClassifier."
        )
    return Goal(found, outputs, "exp" if isinstance(found, Poisson) else "identity")


def classification(loss: Any, kind: str, classes: int) -> Goal:
    """Return the goal of a classifier.

    Parameters
    ----------
    loss : str, Loss or function
        ``"log_loss"``, the cross-entropy, or what `Model.compile` takes.
    kind : {"binary", "multiclass", "multilabel"}
        What the labels are.
    classes : int
        How many there are.

    Raises
    ------
    ValueError, TypeError
        If there is no such loss, or it does not go with such labels.
    """
    outputs = 1 if kind == "binary" else classes
    if isinstance(loss, str) and loss == "log_loss":
        if kind == "multiclass":
            return Goal(SparseCategoricalCrossentropy(), outputs, "softmax", takes_codes=True)
        return Goal(BinaryCrossentropy(), outputs, "logistic", factor=outputs)
    found = resolve_loss(loss)
    is_wrong = isinstance(found, BinaryCrossentropy) if kind == "multiclass" else _is_of_classes(found)
    if kind == "binary" and _is_of_classes(found):  # one output for each of two classes
        outputs, is_wrong = 2, False
    if is_wrong:
        expected = "one of rows of which one class is right" if kind == "multiclass" else "one of each label"
        raise ValueError(
            f"MLPClassifier(loss={loss!r}): it does not go with {kind} labels of {classes} classes. Expected "
            f"{expected}. Give loss='log_loss', which goes with all."
        )
    has_scores = isinstance(found, MarginLoss | ClassMarginLoss) or getattr(found, "from_logits", False)
    probabilities = "logistic" if outputs == 1 or kind == "multilabel" else "softmax"
    takes_codes = isinstance(found, ClassMarginLoss | SparseCategoricalCrossentropy)
    return Goal(found, outputs, "identity" if has_scores else probabilities, takes_codes=takes_codes)


def _is_of_classes(loss: Loss) -> bool:
    """Return whether a loss compares the outputs of a row, of which one is right."""
    kinds = ClassMarginLoss | CategoricalCrossentropy | SparseCategoricalCrossentropy | KullbackLeiblerDivergence
    return isinstance(loss, kinds)
