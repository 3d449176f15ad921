"""What the classifier and the regressor share: fitting, when to stop, predictions, and pickles.

Names, meanings and what is printed are those of scikit-learn 1.9, ``sklearn.neural_network``. Not here: the parameters
(``mlp_parameters.py``), what is minimised (``mlp_goal.py``), the network (``mlp_network.py``), its steps
(``mlp_training.py``).
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from scipy.sparse import issparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from feedforward.errors import NotFiniteError
from feedforward.graph.node import Array
from feedforward.nn.layers import Dense
from feedforward.nn.optimizers import Optimizer
from feedforward.sklearn.mlp_goal import Goal
from feedforward.sklearn.mlp_network import Architecture, dense_layers
from feedforward.sklearn.mlp_parameters import Parameters
from feedforward.sklearn.mlp_training import Descent, Rows, Surface
from feedforward.tensor import store
from feedforward.training.checkpoint import from_bytes, to_bytes
from feedforward.training.model import Model

__all__ = ["MLP", "is_stochastic"]

_SMALLEST_RATE = 1e-6
"""A rate that adapts is not divided further from here on."""

_BLOCK = 1024
"""Rows that are predicted at a time."""


def is_stochastic(estimator: MLP) -> bool:
    """Return whether a solver goes over batches, so that there is a `partial_fit`."""
    if estimator._is("lbfgs"):
        raise AttributeError(
            f"{type(estimator).__name__}(solver='lbfgs'): partial_fit takes steps on batches, which L-BFGS does not. "
            f"Use solver='adam' or 'sgd'."
        )
    return True


@dataclass(eq=False, repr=False, kw_only=True)
class MLP(Parameters):
    """Base of `MLPClassifier` and `MLPRegressor`, which say what labels and numbers need; see `Parameters`."""

    _takes_numbers: ClassVar[bool]

    if TYPE_CHECKING:

        def _targets(self, y: Array, is_first: bool, is_partial: bool) -> tuple[Array, Goal]:
            """Return targets as the network is trained on them, and what is minimised."""

        def _score_of(self, outputs: Array, targets: Array, weight: Array | None) -> float:
            """Return how good outputs are: what early stopping goes by."""

    @property
    def coefs_(self) -> list[Array]:
        """The kernels of the layers; assigning a list of arrays changes the network."""
        return [layer.kernel.numpy() for layer in dense_layers(self._fitted("coefs_"))]

    @coefs_.setter
    def coefs_(self, arrays: Sequence[Any]) -> None:
        for layer, kernel in zip(self._layers_for("coefs_", arrays), arrays, strict=True):
            layer.set_weights([kernel, layer.weights[1]])

    @property
    def intercepts_(self) -> list[Array]:
        """The biases of the layers; assigning a list of arrays changes the network."""
        return [layer.weights[1].numpy() for layer in dense_layers(self._fitted("intercepts_"))]

    @intercepts_.setter
    def intercepts_(self, arrays: Sequence[Any]) -> None:
        for layer, bias in zip(self._layers_for("intercepts_", arrays), arrays, strict=True):
            layer.set_weights([layer.kernel, bias])

    def _layers_for(self, name: str, arrays: Sequence[Any]) -> list[Dense]:
        """Return the layers of which each is assigned an array."""
        layers = dense_layers(self._fitted(name))
        if len(arrays) != len(layers):
            raise ValueError(
                f"{type(self).__name__}.{name}: {len(arrays)} arrays for {len(layers)} layers. Expected one for each. "
                f"Give all of them."
            )
        return layers

    def _fitted(self, name: str) -> Model:
        model = vars(self).get("model_")
        if model is None:
            kind = type(self).__name__
            raise AttributeError(f"{kind}.{name}: there is none before fit. Expected a fitted {kind}. Call fit(x, y).")
        found: Model = model
        return found

    def __sklearn_is_fitted__(self) -> bool:
        return "model_" in vars(self)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        state.pop("_descent", None)  # compiled code, which is made anew
        if "model_" in state:
            state["model_"] = to_bytes(state["model_"])
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        if isinstance(content := state.get("model_"), bytes):
            state = {**state, "model_": from_bytes(content, "the pickle", None)}
        super().__setstate__(state)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array, frame or sparse matrix, shape (n, d)
            The rows, of finite numbers.
        y : array, shape (n,) or (n, k)
            Labels, or numbers.
        sample_weight : array, shape (n,), optional
            What each sample weighs, at least 0.

        Returns
        -------
        self

        Raises
        ------
        ValueError, TypeError
            If a parameter is out of its range, or rows and targets do not fit.
        NotFiniteError
            If the loss or a weight becomes NaN or infinite; names the batch and the layer.

        Warns
        -----
        ConvergenceWarning
            If training ended by `max_iter`.
        """
        return self._fit(X, y, sample_weight, is_partial=False)

    def _fit(self, x: Any, y: Any, sample_weight: Any, is_partial: bool) -> Self:
        self._check_parameters(is_partial)
        is_first = not self.__sklearn_is_fitted__() or not (self.warm_start or is_partial)
        x, y = validate_data(
            self,
            x,
            y,
            accept_sparse="csr",
            multi_output=True,
            y_numeric=self._takes_numbers,
            dtype=(np.float64, np.float32),
            reset=is_first,
        )
        if issparse(y):
            y = y.toarray()
        if not is_first:
            self._check_architecture()
        dtype = self._dtype if not is_first else np.dtype(np.float64) if self._is("lbfgs") else x.dtype
        x = np.ascontiguousarray(x, dtype) if isinstance(x, np.ndarray) else x.astype(dtype)
        targets, goal = self._targets(y, is_first, is_partial)
        weight = self._weights(sample_weight, x, y, is_partial)
        draws = check_random_state(self.random_state)
        if is_first:
            self._begin(x, goal, draws)
        elif (goal.outputs, goal.out_activation) != (self.n_outputs_, self.out_activation_):
            raise ValueError(
                f"{type(self).__name__}: the network has {self.n_outputs_} outputs, {self.out_activation_}, and y with "
                f"loss={self.loss!r} needs {goal.outputs}, {goal.out_activation}. Expected what fits the "
                f"network that is there. Give warm_start=False, or make a new estimator."
            )
        rest = [targets if goal.takes_codes else targets.astype(dtype)]
        rows = Rows(x, rest if weight is None else [*rest, weight])
        if self._is("lbfgs"):
            self._minimise(rows, goal)
        else:
            self._descend(rows, goal, draws, is_first, is_partial)
        return self

    def _weights(self, sample_weight: Any, x: Any, y: Array, is_partial: bool) -> Array | None:
        """Return what each sample weighs."""
        if sample_weight is None:
            return None
        weight: Array = _check_sample_weight(sample_weight, x, dtype=x.dtype)
        if (weight < 0).any():
            raise ValueError(
                f"{type(self).__name__}: sample_weight holds {weight.min():g}, in row {int(weight.argmin())}. Expected "
                f"numbers >= 0. Leave out rows that are not to count, or give them 0."
            )
        return weight

    def _begin(self, x: Any, goal: Goal, draws: np.random.RandomState) -> None:
        """Make the network."""
        self._dtype = x.dtype
        hidden = self._hidden()
        architecture = Architecture(
            x.shape[1],
            hidden,
            self._activations(),
            goal.outputs,
            goal.out_activation,
            self._dropout(),
            bool(self.batch_normalization),
            self._categories(x),
            int(self.embedding_size),
            x.dtype.name,
        )
        self.model_ = architecture.model(draws)
        self._made_by = self._architecture()
        self.t_ = 0
        self.n_layers_ = len(hidden) + 2
        self.n_outputs_ = goal.outputs
        self.out_activation_ = goal.out_activation

    def _check_architecture(self) -> None:
        """Check that the network is the one that the settings make by now."""
        for (name, before), (_, now) in zip(self._made_by, self._architecture(), strict=True):
            if now != before:
                raise ValueError(
                    f"{type(self).__name__}({name}={getattr(self, name)!r}): the network that is there was made with "
                    f"{before!r}. Expected the same. Give warm_start=False, or make a new estimator."
                )

    def _begin_record(self) -> None:
        """Begin the record of epochs, by which training stops."""
        self.loss_curve_: list[float] = []
        self._no_improvement_count = 0
        self.validation_scores_: Any = [] if self.early_stopping else None
        self.best_validation_score_: Any = -math.inf if self.early_stopping else None
        self.best_loss_: Any = None if self.early_stopping else math.inf
        self._best = self._values()

    def _minimise(self, rows: Rows, goal: Goal) -> None:
        """Train by L-BFGS."""
        for name in ("loss_curve_", "validation_scores_", "best_validation_score_", "best_loss_"):
            self.__dict__.pop(name, None)  # of another solver
        surface = Surface(self.model_, goal, float(self.alpha), rows)
        found = surface.minimise(self.max_iter, self.max_fun, self.tol, self._tell)
        self.n_iter_ = min(int(found.nit), self.max_iter)
        self.loss_ = found.reported
        if not math.isfinite(self.loss_):
            raise NotFiniteError(
                f"{type(self).__name__}(solver='lbfgs'): the loss is {self.loss_:g} after {found.nit} iterations. "
                f"Expected a finite number. Scale the columns and the targets, or raise alpha."
            )
        if found.status == 1:  # of iterations or evaluations; what SciPy calls abnormal is as low as rounding allows
            warnings.warn(
                f"lbfgs: {found.nit} iterations and {found.nfev} evaluations were not enough to converge: "
                f"{found.message}. Expected a gradient of at most tol={self.tol:g}. Scale the columns, or raise "
                f"max_iter={self.max_iter} or max_fun={self.max_fun}.",
                ConvergenceWarning,
                stacklevel=4,
            )

    def _descend(self, rows: Rows, goal: Goal, draws: np.random.RandomState, is_first: bool, is_partial: bool) -> None:
        """Train by steps on batches."""
        has_scores = vars(self).get("validation_scores_") is not None
        if is_first or "loss_curve_" not in vars(self) or has_scores != self.early_stopping:
            self._begin_record()
        descent = self._descent_for(rows, goal, is_first or not is_partial)
        order: Array = np.arange(rows.x.shape[0])
        held_out: Array | None = None
        if self.early_stopping:
            self._check_held_out(len(order))
            # As scikit-learn draws them: of two classes alike many, of more as they come.
            alike = rows.rest[0] if goal.outputs == 1 and not self._takes_numbers else None
            order, held_out = train_test_split(
                order, random_state=draws, test_size=self.validation_fraction, stratify=alike
            )
            if len(rows.rest) > 1 and not rows.rest[1][held_out].any():
                raise ValueError(
                    f"{type(self).__name__}(early_stopping=True): the {len(held_out)} samples held out weigh 0 "
                    f"together. Expected a weight above 0. Give another random_state, or a larger validation_fraction."
                )
        batch_size = self._batch_size(len(order))
        self.n_iter_ = 0
        try:
            for _ in range(1 if is_partial else self.max_iter):
                if self.shuffle:
                    order = order[draws.permutation(len(order))]
                self.loss_ = descent.epoch(rows, order, batch_size)
                self.n_iter_ += 1
                self.t_ += len(order)
                self.loss_curve_.append(self.loss_)
                self._tell(self.n_iter_, self.loss_)
                self._note(rows, held_out)
                if self._is("sgd") and self.learning_rate == "invscaling":
                    descent.optimizer.learning_rate = self.learning_rate_init / (self.t_ + 1) ** self.power_t
                if self._no_improvement_count > self.n_iter_no_change and self._is_stopping(descent.optimizer):
                    break
            else:
                if not is_partial:
                    warnings.warn(
                        f"{type(self).__name__}: max_iter={self.max_iter} epochs were not enough to converge. Expected "
                        f"{self.n_iter_no_change} epochs that improve by less than tol={self.tol:g}. Raise max_iter.",
                        ConvergenceWarning,
                        stacklevel=4,
                    )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=4)
        if self.early_stopping:
            store(self.model_.weights, self._best)
        elif descent.optimizer.use_ema and self.n_iter_:  # see `Optimizer`
            descent.optimizer.finalize_variable_values(self.model_.trainable_weights)

    def _check_held_out(self, count: int) -> None:
        """Check that early stopping has samples to go by, and others to train on."""
        held_out = math.ceil(self.validation_fraction * count)
        if not 2 <= held_out < count:
            raise ValueError(
                f"{type(self).__name__}(validation_fraction={self.validation_fraction!r}): {held_out} of {count} "
                f"samples would be held out. Expected 2 at least, and some to train on. Give another fraction, or "
                f"early_stopping=False."
            )

    def _descent_for(self, rows: Rows, goal: Goal, is_new: bool) -> Descent:
        """Return what goes over the batches: with an optimizer that begins, or goes on."""
        key = (goal, self.alpha, len(rows.rest))
        before: tuple[Any, Descent] | None = vars(self).get("_descent")
        if not is_new and before is not None and before[0] == key:
            return before[1]
        optimizer = None if is_new else self.model_.optimizer
        if optimizer is None:
            optimizer = self._optimizer()
            self.model_.compile(optimizer, goal.loss)
        descent = Descent(self.model_, optimizer, goal, float(self.alpha), rows)
        self._descent = key, descent
        return descent

    def _note(self, rows: Rows, held_out: Array | None) -> None:
        """Note whether an epoch brought anything better."""
        if held_out is None:
            now, best = -self.loss_, -self.best_loss_
        else:
            targets = rows.rest[0][held_out]
            weight = rows.rest[1][held_out] if len(rows.rest) > 1 else None
            now = self._score_of(self._computed(rows.x[held_out]), targets, weight)
            best = self.best_validation_score_
            self.validation_scores_.append(now)
            if self.verbose:
                print(f"Validation score: {now:f}")
        # As in scikit-learn what reaches the best and tol is enough.
        is_short = now < best + self.tol
        self._no_improvement_count = self._no_improvement_count + 1 if is_short else 0
        if now > best:
            if held_out is None:
                self.best_loss_ = self.loss_
            else:
                self.best_validation_score_ = now
                self._best = self._values()

    def _values(self) -> list[Array]:
        return [weight.numpy().copy() for weight in self.model_.weights]

    def _is_stopping(self, optimizer: Optimizer) -> bool:
        """Return whether to stop where nothing improves, or to go on with a smaller rate."""
        what = "Validation score" if self.early_stopping else "Training loss"
        message = f"{what} did not improve more than tol={self.tol:f} for {self.n_iter_no_change} consecutive epochs."
        rate: Any = optimizer.learning_rate
        is_adapting = self._is("sgd") and self.learning_rate == "adaptive"
        if is_adapting and rate > _SMALLEST_RATE:
            optimizer.learning_rate = rate / 5.0
            self._no_improvement_count = 0
            if self.verbose:
                print(f"{message} Setting learning rate to {rate / 5.0:f}")
            return False
        if self.verbose:
            print(f"{message} {'Learning rate too small. ' if is_adapting else ''}Stopping.")
        return True

    def _tell(self, number: int, loss: float) -> None:
        if self.verbose:
            print(f"Iteration {number}, loss = {loss:.8f}")

    def _batch_size(self, count: int) -> int:
        if self.batch_size == "auto":
            return min(200, count)
        if int(self.batch_size) > count:
            warnings.warn(
                f"{type(self).__name__}(batch_size={self.batch_size}): there are {count} samples, which are one batch. "
                f"Expected at most as many. Give batch_size='auto'.",
                stacklevel=5,
            )
        return min(int(self.batch_size), count)

    def _outputs(self, x: Any) -> Array:
        """Return what the network gives for rows of a user's."""
        if (
            type(x) is np.ndarray
            and x.ndim == 2
            and len(x) == 1
            and "feature_names_in_" not in vars(self)
            and "model_" in vars(self)
            and x.dtype == self._dtype
            and x.shape[1] == self.n_features_in_
            and np.isfinite(x).all()
        ):  # one row of which there is nothing else to check, as quickly as can be
            outputs: Array = self.model_.predict_on_batch(x)
            return outputs
        check_is_fitted(self)
        return self._computed(validate_data(self, x, accept_sparse="csr", reset=False))

    def _computed(self, x: Any) -> Array:
        """Return what the network gives for rows that were checked."""
        if isinstance(x, np.ndarray):
            return self.model_.outputs_for([np.ascontiguousarray(x, self._dtype)])[0]
        blocks = (x[start : start + _BLOCK].toarray() for start in range(0, x.shape[0], _BLOCK))
        return np.concatenate([self.model_.outputs_for([block.astype(self._dtype)])[0] for block in blocks])
